"""Operands: names and paths, calls, fields, lists, maps, structs, closures; what begins with a bracket or a name."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, NamedTuple

from ccl.diagnostics import Edit, Findings, Fix
from ccl.source import Sources
from ccl.syntax import tree
from ccl.syntax.cursor import Lost
from ccl.syntax.lexer import DID, NAME, NUMBER, RESERVED, STRING, Tokens
from ccl.syntax.operators import ASSIGNS, MOST_HIGH, Operators

_MARKS_AFTER_KEY: Final = (NAME, NUMBER, STRING, DID)


Field = tuple[tree.Name | None, tree.Expr]
"""A struct's field; without a name it is what stands after `..`."""


class _Repeated(NamedTuple):
    """`value; count`, as the one thing in a list."""

    value: tree.Expr
    times: tree.Expr


def sorted_fields(found: list[Field]) -> tuple[tuple[tuple[tree.Name, tree.Expr], ...], tree.Expr | None]:
    """The named fields, and what stands after `..`."""
    rest = next((value for name, value in found if name is None), None)
    return tuple((name, value) for name, value in found if name is not None), rest


class Operands(Operators):
    """The part of the parser that reads what operators stand between."""

    def __init__(self, sources: Sources, tokens: Tokens, findings: Findings) -> None:
        super().__init__(sources, tokens, findings)
        self.by_text |= {
            "(": self._bracketed, "[": self._list, "{": self._braced, "@": self._state, "|": self._closure,
            "||": self._closure, "..": self._range_from_start, "..=": self._range_from_start, "true": self._truth,
            "false": self._truth, "move": self._moved, "map": self._map_word, "::": self._rooted,
        }  # fmt: skip

    def block(self, what: str = "a block") -> tree.Block:
        """`{ .. }`; see `statements`."""
        raise NotImplementedError

    def body_of(self, what: str) -> tree.Expr:
        """What stands after `=>` or a closure's bars: an expression, or a statement alone; see `statements`."""
        raise NotImplementedError

    # -- names ---------------------------------------------------------------------------------------------------------

    def named(self) -> tree.Expr:
        """A path as a value, with type arguments, or the struct or macro that it begins."""
        at = self.at
        texts = self.texts
        if self.kinds[at] != NAME or texts[at] in RESERVED:
            raise self.no_expression()
        start = self.starts[at]
        name = self.take_word()
        following = texts[self.at]
        if following == "::":
            return self._path(name, start)
        if following == "<" and (texts[at] == "token" or texts[at][0].isupper()):
            return self._generic(tree.Path(name.span, (name,)), start)
        return tree.PathExpr(name.span, tree.Path(name.span, (name,)))

    def _path(self, first: tree.Name, start: int) -> tree.Expr:
        parts = [first]
        texts = self.texts
        while texts[self.at] == "::":
            if texts[self.at + 1] == "<":
                return self._turbofish(tree.Path(self.span_from(start), tuple(parts)), start)
            if self.kinds[self.at + 1] != NAME:
                self.at += 1
                self.tell("CCL0019", f"expected a name after `::`, found {self.shown()}", label="expected a name")
                raise Lost
            self.at += 1
            parts.append(self.take_word())
        path = tree.Path(self.span_from(start), tuple(parts))
        if texts[self.at] == "<" and path.parts[-1].text[0].isupper():
            return self._generic(path, start)
        return tree.PathExpr(path.span, path)

    def _rooted(self) -> tree.Expr:
        """`::a`: as `a`."""
        self.at += 1
        return self.named()

    def _generic(self, path: tree.Path, start: int) -> tree.Expr:
        """A name before `<`: with type arguments if a call or struct follows their `>`; else it is compared."""
        end = self.type_end(self.at - 1)
        after = self.texts[end] if end > self.at else ""
        plain = path.text in ("token", "Token")
        if end > self.at and (after in ("(", "{", "::") or (plain and not self._operand_at(end))):
            args, _ = self.type_arguments()
            if self.texts[self.at] == "::" and self.kinds[self.at + 1] == NAME:
                self.at += 1
                name = self.take_word()
                path = tree.Path(self.span_from(start), (*path.parts, name))
            return tree.PathExpr(self.span_from(start), path, args)
        return tree.PathExpr(path.span, path)

    def _operand_at(self, index: int) -> bool:
        return self.kinds[index] in _MARKS_AFTER_KEY and not self.fresh[index]

    def _turbofish(self, path: tree.Path, start: int) -> tree.Expr:
        written = self.starts[self.at]
        self.at += 1
        args, _ = self.type_arguments()
        span = self.span_from(written)
        self.tell("CCL0025", "there is no `::<..>`: types of calls are inferred", span=span, label="remove it",
                  notes=("Where a type must be said, say it at the `let`: `let x: Array<Did> = ..`.",),
                  fixes=(Fix("remove it", (Edit(span, ""),)),))  # fmt: skip
        target = tree.PathExpr(self.span_from(start), path, args)
        return self._turbofish_call(target)

    # -- what follows an operand ---------------------------------------------------------------------------------------

    def postfix(self, operand: tree.Expr) -> tree.Expr:
        """`.b`, `.0`, `[i]`, `(..)`, `{ fields }`, `!(..)`, `?`, as many as follow. Brackets count on the same line."""
        start = operand.span.start
        while True:
            text = self.texts[self.at]
            high = self.peak
            if text == ".":
                operand = self._field(operand, start)
            elif text == "?":
                self.at += 1
                operand = tree.TryExpr(self.span_from(start), operand, None, None, True)
            elif self.fresh[self.at] and text != "{":
                return operand
            elif text == "(" or text == "!":
                if text == "!":
                    if self.texts[self.at + 1] not in ("(", "[") or not isinstance(operand, tree.PathExpr):
                        return operand
                    self.at += 1
                opening = self.at
                self.at += 1
                self.enter()
                structs, self.structs = self.structs, True
                args = self.listed(opening, "the arguments", self.argument)
                self.structs = structs
                self.close(opening, "the arguments")
                self.depth -= 1
                operand = tree.CallExpr(self.span_from(start), operand, tuple(args), text == "!")
            elif text == "[":
                operand = self._index(operand, start)
            elif isinstance(operand, tree.PathExpr) and self.structs and self._fields_follow(self.at):
                opening = self.at
                self.at += 1
                self.enter()
                found = self.listed(opening, "the struct", self.struct_field, loose=True)
                self.close(opening, "the struct")
                self.depth -= 1
                operand = self._struct(operand, found)
            else:
                return operand
            # Brackets have counted the level that this one adds, if what is in them is higher than what they follow.
            if self.peak == high:
                self.peak += 1
                if high >= MOST_HIGH:
                    self.too_high()

    def _struct(self, name: tree.PathExpr, found: list[Field]) -> tree.StructExpr:
        fields, rest = sorted_fields(found)
        return tree.StructExpr(self.span_from(name.span.start), name.path, fields, rest, name.args)

    def _field(self, operand: tree.Expr, start: int) -> tree.Expr:
        self.at += 1
        kind, text = self.kinds[self.at], self.texts[self.at]
        if kind == NUMBER and text.replace(".", "").isdecimal():
            # `a.0.1`: the lexer took the rest for a decimal.
            name = self.take_word()
            for part in text.split("."):
                operand = tree.FieldExpr(self.span_from(start), operand, tree.Name(name.span, part))
            return operand
        if kind == NAME:
            name = self.take_word()
            if self.texts[self.at] == "::" and self.texts[self.at + 1] == "<":
                return self._turbofish_of_field(tree.FieldExpr(self.span_from(start), operand, name), start)
            return tree.FieldExpr(self.span_from(start), operand, name)
        if text == "*" and self.texts[self.at + 1] in (",", "]", ")", ";", "}"):
            return tree.FieldExpr(self.span_from(start), operand, self.take_word())
        self.tell("CCL0019", f"expected a field's name after `.`, found {self.shown()}", label="expected a name")
        raise Lost

    def _turbofish_of_field(self, target: tree.FieldExpr, start: int) -> tree.Expr:
        written = self.starts[self.at]
        self.at += 1
        self.type_arguments()
        span = self.span_from(written)
        self.tell("CCL0025", "there is no `::<..>`: types of calls are inferred", span=span, label="remove it",
                  fixes=(Fix("remove it", (Edit(span, ""),)),))  # fmt: skip
        return self._turbofish_call(target)

    def _turbofish_call(self, target: tree.Expr) -> tree.Expr:
        """The call after `::<..>`, if there is one."""
        if self.texts[self.at] != "(" or self.fresh[self.at]:
            return target
        opening = self.at
        self.at += 1
        self.enter()
        args = self.listed(opening, "the arguments", self.argument)
        self.close(opening, "the arguments")
        self.depth -= 1
        return tree.CallExpr(self.span_from(target.span.start), target, tuple(args), False, True)

    def _index(self, operand: tree.Expr, start: int) -> tree.Expr:
        opening = self.at
        self.at += 1
        self.enter()
        index = self._inside(opening, "an index")
        self.depth -= 1
        return tree.IndexExpr(self.span_from(start), operand, index)

    def _inside(self, opening: int, what: str) -> tree.Expr:
        """An expression up to the closing bracket, and past it."""
        structs, self.structs = self.structs, True
        try:
            value = self.expression()
        except Lost:
            value = tree.Wrong(self.here())
            self.skip_to(self.closer[opening], "")
        self.structs = structs
        self.close(opening, what)
        return value

    def argument(self) -> tree.Arg:
        """`x`, `to: x`, `a => e`."""
        value: tree.Expr
        at = self.at
        start = self.starts[at]
        following = self.texts[at + 1] if self.kinds[at] == NAME else ""
        if following == ":":
            name = self.take_word()
            self.at += 1
            value = self.expression()
            return tree.Arg(self.span_from(start), value, name)
        if following == "=":
            name = self.take_word()
            self.tell("CCL0021", "an argument is named with `:`", label=f"write `{name.text}: ..`",
                      fixes=(Fix("write `:`", (Edit(self.here(), ":"),)),))  # fmt: skip
            self.at += 1
            value = self.expression()
            return tree.Arg(self.span_from(start), value, name)
        if following == "=>" and self.texts[at] not in RESERVED:
            value = self._arrow(start, at + 1)
        elif self.texts[at] == "(" and at not in self.tokens.unclosed and self.texts[self.closer[at] + 1] == "=>":
            value = self._arrow(start, self.closer[at] + 1)
        else:
            value = self.expression()
        return tree.Arg(value.span, value)

    # -- brackets ------------------------------------------------------------------------------------------------------

    def _bracketed(self) -> tree.Expr:
        """`(e)`, `(a, b)`, `()`."""
        opening = self.at
        start = self.starts[opening]
        self.at += 1
        self.enter()
        structs, self.structs = self.structs, True
        items = self.listed(opening, "the brackets", self.expression)
        self.structs = structs
        single = len(items) == 1 and self.texts[self.at - 1] != ","
        self.close(opening, "the brackets")
        self.depth -= 1
        if single:  # its brackets are part of where it stands: what goes around it goes around them
            return replace(items[0], span=self.span_from(start))
        return tree.TupleExpr(self.span_from(start), tuple(items))

    def _list(self) -> tree.Expr:
        """`[a, b]`, `[value; count]`; of the dialect, `[name: value, ..]`."""
        opening = self.at
        start = self.starts[opening]
        self.at += 1
        self.enter()
        structs, self.structs = self.structs, True
        found = self.listed(opening, "the list", self._list_item)
        self.structs = structs
        self.close(opening, "the list")
        self.depth -= 1
        span = self.span_from(start)
        if len(found) == 1 and isinstance(found[0], _Repeated):
            return tree.RepeatExpr(span, *found[0])
        items = (tree.RepeatExpr(item[0].span, *item) if isinstance(item, _Repeated) else item for item in found)
        return tree.ListExpr(span, tuple(items))

    def _list_item(self) -> tree.Expr | _Repeated:
        if self.kinds[self.at] == NAME and self.texts[self.at + 1] == ":":
            start = self.starts[self.at]
            name = self.take_word()
            self.at += 1
            value = self.expression()
            return tree.NamedExpr(self.span_from(start), name, value)
        value = self.expression()
        if self.texts[self.at] == ";":
            self.at += 1
            self.accept("max")
            return _Repeated(value, self.expression())
        return value

    def _braced(self) -> tree.Expr:
        """A map: commas may be left out at a line's end, as the dialect does; or a block."""
        opening = self.at
        start = self.starts[opening]
        structs, self.structs = self.structs, True
        if not self.map_follows(opening):
            block = self.block()
            self.structs = structs
            return tree.BlockExpr(block.span, block)
        self.at += 1
        self.enter()
        pairs = self.listed(opening, "the map", self._pair, loose=True)
        self.structs = structs
        self.close(opening, "the map")
        self.depth -= 1
        return tree.MapExpr(self.span_from(start), tuple(pairs))

    def map_follows(self, opening: int) -> bool:
        """Whether braces where a value is expected hold `key: value` pairs, or nothing."""
        first = self.texts[opening + 1]
        if first == "}":
            return True
        if self.kinds[opening + 1] in _MARKS_AFTER_KEY and self.texts[opening + 2] == ":":
            return first not in ("as", "given")
        return False

    def _pair(self) -> tuple[tree.Expr, tree.Expr]:
        key: tree.Expr
        if self.at_label():
            name = self.take_word()
            key = tree.PathExpr(name.span, tree.Path(name.span, (name,)))
        else:
            key = self.expression()
        self.expect(":", "after the key")
        return key, self.expression()

    def _map_word(self) -> tree.Expr:
        if self.texts[self.at + 1] == "{" and self.structs and self.map_follows(self.at + 1):
            self.at += 1
            return self._braced()
        return self.named()

    # -- structs -------------------------------------------------------------------------------------------------------

    def _fields_follow(self, opening: int) -> bool:
        """Whether braces after a name hold a struct's fields: `{}`, `{ a: ..`, `{ a, ..`, `{ a }`, `{ ..old }`."""
        first, second = self.texts[opening + 1], self.texts[opening + 2] if opening + 2 < len(self.texts) else ""
        if first in ("}", ".."):
            return True
        return self.kinds[opening + 1] == NAME and second in (":", ",", "}")

    def struct_field(self) -> Field:
        """`a: x`, `a`, `..old`."""
        if self.accept(".."):
            return None, self.expression()
        if self.kinds[self.at] == STRING:
            value = self.string()
            name = tree.Name(value.span, value.value)
        elif self.at_label():
            name = self.take_word()
        else:
            name = self.take_name("a field's name")
        if self.accept(":"):
            return name, self.expression()
        if self.texts[self.at] == "=":
            self.tell("CCL0021", "a field is given with `:`", label=f"write `{name.text}: ..`",
                      fixes=(Fix("write `:`", (Edit(self.here(), ":"),)),))  # fmt: skip
            self.at += 1
            return name, self.expression()
        return name, tree.PathExpr(name.span, tree.Path(name.span, (name,)))

    # -- the rest ------------------------------------------------------------------------------------------------------

    def _state(self) -> tree.Expr:
        start = self.starts[self.at]
        self.at += 1
        name = self.take_name("a state's name")
        return tree.StateExpr(self.span_from(start), name)

    def _truth(self) -> tree.Expr:
        span = self.here()
        self.at += 1
        return tree.BoolLit(span, self.texts[self.at - 1] == "true")

    def _range_from_start(self) -> tree.Expr:
        start = self.starts[self.at]
        inclusive = self.texts[self.at] == "..="
        self.at += 1
        if self._no_end():
            return tree.RangeExpr(self.span_from(start), None, None, inclusive)
        high = self.expression(self.ABOVE_COMPARISON - 1)
        return tree.RangeExpr(self.span_from(start), None, high, inclusive)

    def _moved(self) -> tree.Expr:
        if self.texts[self.at + 1] in ("|", "||"):
            self.at += 1
            return self._closure()
        return self.named()

    def _closure(self) -> tree.Expr:
        """`|a, b: T| e`, `|| e`, `|x| -> T { .. }`."""
        start = self.starts[self.at]
        self.enter()
        params: list[tuple[tree.Pattern, tree.TypeExpr | None]] = []
        if not self.accept("||"):
            self.at += 1
            while self.texts[self.at] != "|":
                pattern = self.one_pattern()
                params.append((pattern, self.type() if self.accept(":") else None))
                if not self.accept(","):
                    break
            self.expect("|", "after the parameters")
        if self.accept("->"):
            self.type()
        body = self.body_of("the closure")
        self.depth -= 1
        return tree.ClosureExpr(self.span_from(start), tuple(params), body)

    def _arrow(self, start: int, arrow: int) -> tree.Expr:
        """`x => e`, `(a, b) => e`."""
        self.enter()
        pattern = self.one_pattern()
        params: tuple[tuple[tree.Pattern, tree.TypeExpr | None], ...] = ((pattern, None),)
        if isinstance(pattern, tree.TuplePattern):
            params = tuple((item, None) for item in pattern.items)
        self.at = max(self.at, arrow)
        self.expect("=>", "after the parameters")
        body = self.body_of("the closure")
        self.depth -= 1
        return tree.ClosureExpr(self.span_from(start), params, body)

    def at_assignment(self) -> bool:
        """Whether an assignment's mark is at hand."""
        return self.texts[self.at] in ASSIGNS
