"""The place in the tokens where the parser stands: looking, taking, telling errors, and finding the way again.

How it recovers: what is missing but plain (a semicolon, a closing bracket) is reported and taken as there. Where no
sense can be made of a token, it is reported and `Lost` is raised; the innermost list, statement or entry catches it,
skips to where the next one begins (bracketed parts are skipped whole) and leaves a `Wrong` in the tree. Of errors at
one token only the first is told. `Abandoned` ends the reading of a text: nested too deeply, or too many errors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NoReturn, TypeVar

from ccl.diagnostics import Edit, Findings, Fix, Label
from ccl.source import Sources, Span, made_span
from ccl.syntax import tree
from ccl.syntax.lexer import END, MOST_ERRORS, NAME, NUMBER, RESERVED, STRING, Tokens

MOST_NESTED: Final = 200
"""How deeply brackets, blocks, prefixes and chains may nest."""

T = TypeVar("T")


class Lost(Exception):
    """Raised after an error was told, where the token at hand makes no sense; caught by what can go on."""


class Abandoned(Exception):
    """Raised after an error was told, when the rest of the text is not to be read."""


class Cursor:
    """Tokens and the index of the one at hand. All `take_...` move on; all `at_...` only look."""

    def __init__(self, sources: Sources, tokens: Tokens, findings: Findings) -> None:
        self.sources = sources
        self.tokens = tokens
        self.kinds = tokens.kinds
        self.texts = tokens.texts
        self.starts = tokens.starts
        self.fresh = tokens.fresh
        self.closer = tokens.closer
        self.source = tokens.source
        self.findings = findings
        self.at = 0
        self.depth = 0
        self.peak = 0
        """The greatest depth or height within the expression being read: see `operators`."""
        self.told = -1
        self.error_limit = len(findings.all) + MOST_ERRORS
        self.structs = True
        """Whether `Name {` may begin a value: not in the head of `if`, `while`, `for`, `match`, `when`."""

    # -- places --------------------------------------------------------------------------------------------------------

    def span_from(self, start: int) -> Span:
        """From an offset to the end of the token before this one."""
        last = self.at - 1
        if last < 0:
            return Span(self.source, start, start)
        end = self.starts[last] + len(self.texts[last])
        return made_span((self.source, start, end if end > start else start))

    def here(self) -> Span:
        """The token at hand."""
        return self.tokens.span(self.at)

    def gap(self) -> Span:
        """The empty place right after the token before this one: where something is missing."""
        if not self.at:
            return Span(self.source, 0, 0)
        end = self.starts[self.at - 1] + len(self.texts[self.at - 1])
        return Span(self.source, end, end)

    # -- looking -------------------------------------------------------------------------------------------------------

    def ahead(self, count: int) -> str:
        """The text of the token that many further; of none, the empty text."""
        index = self.at + count
        return self.texts[index] if index < len(self.texts) else ""

    def at_name(self, count: int = 0) -> bool:
        """Whether the token that many further is a name, and no reserved word."""
        index = self.at + count
        return index < len(self.kinds) and self.kinds[index] == NAME and self.texts[index] not in RESERVED

    def at_label(self, count: int = 0) -> bool:
        """Whether a word stands there, reserved or not, that a colon follows: `type: x`."""
        index = self.at + count
        return index + 1 < len(self.kinds) and self.kinds[index] == NAME and self.texts[index + 1] == ":"

    def fresh_line(self) -> bool:
        """Whether the token at hand is the first on its line, or the end."""
        return bool(self.fresh[self.at])

    def shown(self) -> str:
        """The token at hand, for a message."""
        return self.shown_at(self.at)

    def shown_at(self, index: int) -> str:
        """A token, for a message."""
        kind = self.kinds[index]
        if kind == END:
            return "the end of the text"
        text = self.texts[index]
        if kind == STRING:
            return "a text in quotes"
        if kind == NUMBER:
            return f"the number {text[:20]}"
        return f"`{text[:30]}`"

    # -- taking --------------------------------------------------------------------------------------------------------

    def accept(self, text: str) -> bool:
        """Move on if this is the token at hand."""
        if self.texts[self.at] == text:
            self.at += 1
            return True
        return False

    def expect(self, text: str, why: str, *, go_on: bool = False) -> None:
        """Move past this token; if it is not there, tell and raise Lost, or with `go_on` take it as there."""
        if self.texts[self.at] == text:
            self.at += 1
            return
        self.tell_missing("CCL0020", text, f"expected `{text}` {why}, found {self.shown()}")
        if not go_on:
            raise Lost

    def take_name(self, what: str) -> tree.Name:
        """A name; a reserved word is reported and taken, anything else is Lost."""
        at = self.at
        if self.kinds[at] != NAME:
            self.tell("CCL0019", f"expected {what}, found {self.shown()}", label=f"expected {what}")
            raise Lost
        text = self.texts[at]
        if text in RESERVED:
            if self.fresh[at]:
                self.tell("CCL0019", f"expected {what}, found the word `{text}`", label=f"expected {what}")
                raise Lost
            self.reserved(what)
        self.at = at + 1
        start = self.starts[at]
        return tree.Name(made_span((self.source, start, start + len(text))), text)

    def reserved(self, what: str) -> None:
        """Tell that the word at hand cannot be a name."""
        text = self.texts[self.at]
        self.tell("CCL0029", f"`{text}` is a word of the language and cannot be {what}",
                  fixes=(Fix(f"call it `{text}_`", (Edit(self.here(), f"{text}_"),), False),))  # fmt: skip

    def take_word(self) -> tree.Name:
        """The token at hand as a name, reserved or not: where a dot or a colon makes it plain that it is one."""
        at = self.at
        self.at = at + 1
        start = self.starts[at]
        text = self.texts[at]
        return tree.Name(made_span((self.source, start, start + len(text))), text)

    def take_path(self, what: str, separator: str = "::") -> tree.Path:
        """`a::b::c`, or `a.b.c`."""
        start = self.starts[self.at]
        parts = [self.take_name(what)]
        while self.texts[self.at] == separator and self.kinds[self.at + 1] == NAME:
            self.at += 1
            parts.append(self.take_word())
        return tree.Path(self.span_from(start), tuple(parts), separator)

    # -- telling -------------------------------------------------------------------------------------------------------

    def tell(
        self, code: str, message: str, *, span: Span | None = None, label: str = "",
        also: tuple[Label, ...] = (), notes: tuple[str, ...] = (), fixes: tuple[Fix, ...] = (),
    ) -> None:  # fmt: skip
        """An error at the token at hand, unless one at this token was told already."""
        if span is None and (self.told == self.at or self.at in self.tokens.skipped):
            return
        if span is None:
            self.told = self.at
        self.findings.error(code, span or self.here(), message, label=label, also=also, notes=notes, fixes=fixes)
        if len(self.findings.all) > self.error_limit:
            raise Abandoned

    def tell_missing(self, code: str, mark: str, message: str, *, sure: bool = False, before: str = "") -> None:
        """An error where a mark is missing: right after the token before this one. before: to say of this one."""
        if self.told == self.at or self.at in self.tokens.skipped:
            return
        self.told = self.at
        gap = self.gap()
        also = (Label(self.here(), before),) if before else ()
        edit = Edit(gap, mark if mark in ":;,)]}>" else f" {mark}")
        self.tell(code, message, span=gap, label=f"`{mark}` is missing here", also=also,
                  fixes=(Fix(f"add `{mark}`", (edit,), sure),))  # fmt: skip

    def enter(self) -> None:
        """One level deeper; the caller lowers `depth` when done."""
        self.depth += 1
        if self.depth > self.peak:
            self.peak = self.depth
            if self.depth > MOST_NESTED:
                self.too_deep()

    def too_deep(self) -> NoReturn:
        """Tell that it is nested too deeply, and end."""
        self.told = -1
        self.tell("CCL0011", f"this is nested more than {MOST_NESTED} levels deep", label="here",
                  notes=("Name a part of it with `let`, or make it a function.",))  # fmt: skip
        self.abandon()

    def abandon(self) -> NoReturn:
        """Read no more of this text."""
        raise Abandoned

    # -- finding the way again -----------------------------------------------------------------------------------------

    def skip_one(self) -> None:
        """Past the token at hand; of an opening bracket, past what closes it."""
        at = self.at
        if self.kinds[at] == END:
            return
        closing = self.closer.get(at)
        if closing is None:
            self.at = at + 1
        elif at in self.tokens.unclosed:
            self.at = closing
        else:
            self.at = closing + 1

    def skip_to(self, end: int, stops: str) -> None:
        """On to a token whose text is in `stops` (a string of marks), or to the index `end`."""
        while self.at < end:
            text = self.texts[self.at]
            if text and text in stops:
                return
            self.skip_one()
        self.at = min(self.at, end)

    def close(self, opening: int, what: str) -> None:
        """Past the bracket that closes; what stands before it is reported and skipped, a missing one reported."""
        closing = self.closer[opening]
        mark = {"(": ")", "[": "]", "{": "}"}[self.texts[opening]]
        if opening in self.tokens.unclosed:
            self.unclosed(opening, mark, what)
            # What the bracket would have held ends where the one around it ends: not beyond.
            return
        if self.at < closing:
            self.tell("CCL0015", f"{self.shown()} does not belong in {what}", label=f"expected `{mark}` or `,`")
        self.at = closing + 1

    def unclosed(self, opening: int, mark: str, what: str) -> None:
        """Tell of a bracket that nothing closes, at the bracket; once."""
        span = self.tokens.span(opening)
        if self.told == self.at:
            return
        self.told = self.at
        gap = self.gap()
        also = (Label(gap, f"`{mark}` is missing here at the latest"),)
        self.findings.error("CCL0013", span, f"this `{self.texts[opening]}` of {what} is never closed",
                            label="opened here", also=also,
                            fixes=(Fix(f"add `{mark}`", (Edit(gap, mark),), False),))  # fmt: skip

    def listed(self, opening: int, what: str, one: Callable[[], T], *, loose: bool = False) -> list[T]:
        """What stands between brackets, the opening one taken: items between commas, to the closing bracket.

        loose: a semicolon or the line's end may stand for the comma. An item that is lost is left out.
        """
        found: list[T] = []
        closing = self.closer[opening]
        texts = self.texts
        stops = ",;" if loose else ","
        depth, structs = self.depth, self.structs
        while self.at < closing:
            before = self.at
            try:
                found.append(one())
            except Lost:
                self.depth, self.structs = depth, structs
                self.skip_to(closing, stops)
            if self.at >= closing:
                break
            if texts[self.at] in stops:
                self.at += 1
            elif not (loose and self.fresh[self.at] and self.at > before) and not self._between(opening, what, before):
                break
        return found

    def _between(self, opening: int, what: str, before: int) -> bool:
        """No comma after an item: report it, and say whether the list goes on."""
        closing = self.closer[opening]
        if opening in self.tokens.unclosed and (self.texts[self.at] in ";{}" or self.fresh[self.at]):
            return False
        if self._begins_item() and self.at > before:
            self.tell_missing("CCL0016", ",", f"expected `,` between the parts of {what}, found {self.shown()}",
                              before="the next part begins here")  # fmt: skip
            return True
        mark = {"(": ")", "[": "]", "{": "}"}[self.texts[opening]]
        self.tell("CCL0015", f"{self.shown()} does not belong in {what}", label=f"expected `,` or `{mark}`")
        self.skip_to(closing, ",")
        return self.at < closing and self.accept(",")

    def _begins_item(self) -> bool:
        return self.kinds[self.at] in (NAME, NUMBER, STRING, "did", "time") or self.texts[self.at] in ("{", "[", "@")
