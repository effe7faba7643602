"""Patterns: of `let`, `match`, `for`, `if let` and of a function's parameters."""

from __future__ import annotations

from ccl.diagnostics import Edit, Fix
from ccl.syntax import tree
from ccl.syntax.cursor import Lost
from ccl.syntax.lexer import DID, NAME, NUMBER, RESERVED, STRING, TIME
from ccl.syntax.types import Types


class Patterns(Types):
    """The part of the parser that reads patterns."""

    def pattern(self) -> tree.Pattern:
        """Alternatives between `|`, or Lost."""
        start = self.starts[self.at]
        self.accept("|")
        first = self._one_pattern(start)
        if self.texts[self.at] != "|":
            return first
        options = [first]
        while self.accept("|"):
            options.append(self._one_pattern(self.starts[self.at]))
        return tree.AltPattern(self.span_from(start), tuple(options))

    def one_pattern(self) -> tree.Pattern:
        """A pattern without alternatives, as a closure's parameters are, or Lost."""
        return self._one_pattern(self.starts[self.at])

    def _one_pattern(self, start: int) -> tree.Pattern:
        text = self.texts[self.at]
        kind = self.kinds[self.at]
        if kind == NAME:
            if self.texts[self.at + 1] == "(" and text not in RESERVED:
                return self._variant_pattern(start)
            return self._word(text, start)
        if kind in (NUMBER, STRING, DID, TIME) or text == "-":
            return self._literal_pattern(start)
        if text == "(":
            return self._tuple_pattern(start)
        if text == "&" or text == "&&":
            return self._reference_pattern(start)
        if text == ".." and self.texts[self.at - 1] in ("(", ",", "{"):
            name = self.take_word()
            return tree.BindPattern(name.span, name)
        self.tell("CCL0018", f"expected a pattern, found {self.shown()}", label="expected a name, a value or `_`")
        raise Lost

    def _word(self, text: str, start: int) -> tree.Pattern:
        if text == "_":
            self.at += 1
            return tree.AnyPattern(self.span_from(start))
        if text in ("true", "false"):
            return self._literal_pattern(start)
        if text == "mut" or (text == "ref" and self.at_name(1)):
            self.at += 1
            name = self.take_name("a name")
            return tree.BindPattern(self.span_from(start), name, text == "mut")
        if text in RESERVED:
            self.reserved("a name here")
        following = self.ahead(1)
        if following in ("::", "(") or (following == "{" and self.structs and text[0].isupper()):
            return self._variant_pattern(start)
        if following == "." and self.kinds[self.at + 2] == NAME:
            return self._variant_pattern(start, ".")
        if following == "{" and text[0].isupper() and self._fields_end():
            return self._variant_pattern(start)
        name = self.take_word()
        return tree.BindPattern(name.span, name)

    def _fields_end(self) -> bool:
        """Whether the braces after the name hold fields, and not a body: `Paid { amount, .. } =>`."""
        closing = self.closer[self.at + 1]
        return self.at + 1 not in self.tokens.unclosed and self.texts[closing + 1] in ("=>", "=", "|", "if", ")", ",")

    def _variant_pattern(self, start: int, separator: str = "::") -> tree.Pattern:
        path = self.take_path("a variant", separator)
        opening = self.at
        if self.texts[opening] == "(":
            self.at += 1
            self.enter()
            found = self.listed(opening, "a pattern", self.pattern)
            items = tuple(item for item in found if not _is_rest(item))
            self.close(opening, "a pattern")
            self.depth -= 1
            return tree.VariantPattern(self.span_from(start), path, items, (), len(items) < len(found))
        if self.texts[opening] == "{" and self._fields_follow_here(opening):
            self.at += 1
            self.enter()
            named = self.listed(opening, "a pattern", self._field_pattern)
            self.close(opening, "a pattern")
            self.depth -= 1
            fields = tuple(f for f in named if f is not None)
            return tree.VariantPattern(self.span_from(start), path, (), fields, len(fields) < len(named))
        return tree.VariantPattern(path.span, path)

    def _fields_follow_here(self, opening: int) -> bool:
        if opening in self.tokens.unclosed:
            return False
        return self.texts[self.closer[opening] + 1] in ("=>", "=", "|", "if", ")", ",", ":")

    def _field_pattern(self) -> tuple[tree.Name, tree.Pattern] | None:
        if self.accept(".."):
            return None
        if self.at_label():
            name = self.take_word()
            self.at += 1
            return name, self.pattern()
        start = self.starts[self.at]
        mutable = self.accept("mut")
        name = self.take_name("a field")
        return name, tree.BindPattern(self.span_from(start), name, mutable)

    def _literal_pattern(self, start: int) -> tree.Pattern:
        value = self.expression(self.ABOVE_COMPARISON)
        if self.texts[self.at] in ("..", "..="):
            inclusive = self.texts[self.at] == "..="
            self.at += 1
            high: tree.Expr | None = None
            if self.kinds[self.at] in (NUMBER, STRING, TIME) or self.texts[self.at] == "-":
                high = self.expression(self.ABOVE_COMPARISON)
            value = tree.RangeExpr(self.span_from(start), value, high, inclusive)
        return tree.LiteralPattern(self.span_from(start), value)

    def _tuple_pattern(self, start: int) -> tree.Pattern:
        opening = self.at
        self.at += 1
        self.enter()
        items = [item for item in self.listed(opening, "a pattern", self.pattern) if not _is_rest(item)]
        single = len(items) == 1 and self.texts[self.at - 1] != ","
        self.close(opening, "a pattern")
        self.depth -= 1
        return items[0] if single else tree.TuplePattern(self.span_from(start), tuple(items))

    def _reference_pattern(self, start: int) -> tree.Pattern:
        self.enter()
        self.at += 1
        mutable = self.accept("mut")
        written = self.span_from(start)
        self.tell("CCL0023" if mutable else "CCL0022", "there are no references: `&` has no meaning in a pattern",
                  span=written, label="remove it",
                  fixes=(Fix("remove it", (Edit(self._removed(written), ""),)),))  # fmt: skip
        inner = self.one_pattern()
        self.depth -= 1
        return inner


def _is_rest(pattern: tree.Pattern) -> bool:
    """Whether it is the `..` that stands for all that is not named."""
    return isinstance(pattern, tree.BindPattern) and pattern.name.text == ".."
