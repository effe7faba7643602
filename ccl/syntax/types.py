"""Type expressions: `Money<CREDIT>`, `Array<T, max 500>`, `[T]`, `(A, B)`, and what the dialect writes besides."""

from __future__ import annotations

from typing import Final

from ccl.diagnostics import Edit, Fix
from ccl.source import Span
from ccl.syntax import tree
from ccl.syntax.cursor import Cursor, Lost
from ccl.syntax.lexer import DID, NAME, NUMBER, RESERVED

PLAIN_TYPES: Final = frozenset((
    "Integer", "Bool", "String", "Did", "Timestamp", "Duration", "Date", "Ratio", "Days", "WorkingDays", "ClearDays",
    "Months", "Never", "int", "i8", "i16", "i32", "i64", "i128", "u8", "u16", "u32", "u64", "u128", "usize", "isize",
    "integer", "Int", "bool", "Boolean", "boolean", "string", "str", "did", "address", "Address", "timestamp", "float",
    "Float", "f32", "f64", "duration",
))  # fmt: skip
"""Names that are types and never values: `amount: string` in a proposal declares, `eligible: Member` says."""


class Types(Cursor):
    """The part of the parser that reads types."""

    def expression(self, floor: int = 0) -> tree.Expr:
        """An expression; see `expressions`."""
        raise NotImplementedError

    def type(self) -> tree.TypeExpr:
        """A type, or Lost."""
        text = self.texts[self.at]
        if self.kinds[self.at] == NAME and text not in RESERVED:
            return self._type_name()
        start = self.starts[self.at]
        if text == "[":
            return self._type_list(start)
        if text == "(":
            return self._type_tuple(start)
        if text == "&" or text == "&&":
            return self._type_reference(start)
        if text == "fn" and self.ahead(1) == "(":
            return self._type_function(start)
        if self.kinds[self.at] == DID:
            self.at += 1
            span = self.span_from(start)
            return tree.TypeName(span, tree.Path(span, (tree.Name(span, "did"),)))
        self.tell("CCL0017", f"expected a type, found {self.shown()}", label="expected a type",
                  notes=("For example `Integer`, `Money<CREDIT>`, `Array<Did, max 500>`.",))  # fmt: skip
        raise Lost

    def _type_name(self) -> tree.TypeExpr:
        start = self.starts[self.at]
        if self.texts[self.at] == "dyn" or self.texts[self.at] == "impl":
            self.tell("CCL0027", f"there is no `{self.texts[self.at]}` in types", label="name the type itself")
            self.at += 1
        path = self.take_path("a type")
        if self.texts[self.at] == "::" and self.ahead(1) == "<":
            self.at += 1
        if self.texts[self.at] != "<":
            return tree.TypeName(path.span, path)
        args, most = self.type_arguments()
        return tree.TypeName(self.span_from(start), path, args, most)

    def type_arguments(self) -> tuple[tuple[tree.TypeExpr, ...], tree.Expr | None]:
        """`<A, B, max N>`, the `<` at hand."""
        self.at += 1
        self.enter()
        args: list[tree.TypeExpr] = []
        most: tree.Expr | None = None
        while self.texts[self.at] not in (">", ">="):
            if self.texts[self.at] == "max" and self.ahead(1) not in (",", ">", "<"):
                self.at += 1
                most = self.most()
            elif not args and self.kinds[self.at] == NUMBER and self.texts[self.at + 1] == ">":
                args.append(self._number_argument())
            else:
                args.append(self.type())
            if not self.accept(","):
                break
        self._end_arguments()
        self.depth -= 1
        return tuple(args), most

    def _number_argument(self) -> tree.TypeExpr:
        """The dialect's `decimal<18>`: there is no such type, as its name is told to be."""
        name = tree.Name(self.here(), self.texts[self.at])
        self.at += 1
        return tree.TypeName(name.span, tree.Path(name.span, (name,)))

    def most(self) -> tree.Expr:
        """The number after `max`: a sum at most, for a `>` after it ends the type."""
        return self.expression(self.ABOVE_COMPARISON)

    ABOVE_COMPARISON: Final = 8

    def _end_arguments(self) -> None:
        if self.texts[self.at] == ">=":
            # `x: Option<T>= e`: the lexer took the two for one.
            self.texts[self.at] = "="
            self.starts[self.at] += 1
            return
        self.expect(">", "after the type's arguments", go_on=True)

    def _type_list(self, start: int) -> tree.TypeExpr:
        opening = self.at
        self.at += 1
        self.enter()
        item = self.type()
        most: tree.Expr | None = None
        if self.accept(";") or self.accept(","):
            self.accept("max")
            most = self.expression()
        self.close(opening, "a list type")
        self.depth -= 1
        return tree.TypeList(self.span_from(start), item, most)

    def _type_tuple(self, start: int) -> tree.TypeExpr:
        opening = self.at
        self.at += 1
        self.enter()
        items = self.listed(opening, "a type", self.type)
        self.close(opening, "a type")
        self.depth -= 1
        if len(items) == 1:
            return items[0]
        return tree.TypeTuple(self.span_from(start), tuple(items))

    def _type_function(self, start: int) -> tree.TypeExpr:
        name = self.take_word()
        opening = self.at
        self.at += 1
        self.enter()
        items = self.listed(opening, "a type", self.type)
        self.close(opening, "a type")
        if self.accept("->"):
            items.append(self.type())
        self.depth -= 1
        return tree.TypeName(self.span_from(start), tree.Path(name.span, (name,)), tuple(items))

    def _type_reference(self, start: int) -> tree.TypeExpr:
        self.enter()
        self.at += 1
        mutable = self.accept("mut")
        written = self.span_from(start)
        word = "&mut" if mutable else "&"
        self.tell("CCL0023" if mutable else "CCL0022", f"there are no references: `{word}` has no meaning in a type",
                  span=written, label="remove it", notes=("Values are copied; nothing can change them behind you.",),
                  fixes=(Fix(f"remove `{word}`", (Edit(self._removed(written), ""),)),))  # fmt: skip
        target = self.type()
        self.depth -= 1
        return tree.TypeReference(self.span_from(start), target, mutable)

    def _removed(self, written: Span) -> Span:
        """What to delete for a prefix to be gone: it and the blank after it."""
        return Span(self.source, written.start, self.starts[self.at])

    # -- looking ahead -------------------------------------------------------------------------------------------------

    def type_end(self, index: int, most: int = 64) -> int:
        """The index after what reads as a type at `index`, or -1: by marks alone, at most that many tokens."""
        texts, kinds = self.texts, self.kinds
        last = min(index + most, len(texts) - 1)
        if texts[index] in ("[", "("):
            closing = self.closer[index]
            return -1 if index in self.tokens.unclosed or closing > last else closing + 1
        if kinds[index] != NAME and kinds[index] != DID:
            return -1
        index += 1
        while index + 1 < last and texts[index] == "::" and kinds[index + 1] == NAME:
            index += 2
        return self._arguments_end(index, last) if texts[index] == "<" else index

    def _arguments_end(self, index: int, last: int) -> int:
        texts, kinds = self.texts, self.kinds
        depth = 0
        while index < last:
            text = texts[index]
            if text == "<":
                depth += 1
            elif text == ">":
                depth -= 1
                if not depth:
                    return index + 1
            elif text in ("[", "("):
                index = self.closer[index]
            elif kinds[index] not in (NAME, NUMBER, DID) and text not in (",", "::", ";", "&"):
                return -1
            index += 1
        return -1

    def at_certain_type(self, index: int) -> bool:
        """Whether what stands there can only be a type: a built-in's name, or one with arguments, or a list of such."""
        texts = self.texts
        if texts[index] == "[":
            inner = index + 1
            return texts[inner] != "[" and self.at_certain_type(inner) and self.closer[index] == self.type_end(inner)
        if texts[index] in PLAIN_TYPES:
            return texts[index + 1] not in ("(", "::", ".")
        return self.kinds[index] == NAME and texts[self.type_end(index) - 1] == ">" and self.type_end(index) > index + 1
