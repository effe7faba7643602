"""Texts with typed placeholders: `You asked for {amount: money}, {n: plural(one="# hour", other="# hours")} ago.`

`{name}` says a value as its type is said; `{name: kind}` asks for a kind, of `KINDS`; `{name: plural(..)}` chooses
among forms by a count, in which `#` is the number and further placeholders may stand. `{{` and `}}` are braces. A text
in which something is wrong is still said, the wrong part as it was written: a slip in a translation must not take an
explanation away from a member.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from ccl import readings, words
from ccl import types as t
from ccl.readings import Voice
from ccl.types import Type

_SPANS = frozenset((t.DAYS, t.CLEAR_DAYS, t.WORKING_DAYS, t.MONTHS, t.DURATION))
_COUNTS = frozenset((t.INTEGER, t.DAYS, t.CLEAR_DAYS, t.WORKING_DAYS, t.MONTHS))

KINDS: Mapping[str, tuple[str, Callable[[Type], bool]]] = {
    "money": ("an amount of money", lambda type_: isinstance(type_, t.Money | t.Exact)),
    "number": ("a number", lambda type_: type_ in (t.INTEGER, t.RATIO)),
    "percent": ("a ratio", lambda type_: type_ == t.RATIO),
    "date": ("a date or a moment", lambda type_: type_ in (t.DATE, t.TIMESTAMP)),
    "time": ("a moment", lambda type_: type_ == t.TIMESTAMP),
    "span": ("a span of time", lambda type_: type_ in _SPANS),
    "person": ("a DID", lambda type_: type_ == t.DID),
    "text": ("a text", lambda type_: type_ in (t.STRING, t.DID) or isinstance(type_, t.UnitCode | t.Enum)),
    "plural": ("a whole number or a number of days or months", lambda type_: type_ in _COUNTS),
}
"""The kinds of placeholder: what each is for, and the test of a type."""

MOST_NESTED = 8
"""Plurals inside plurals."""

_PLACEHOLDER = re.compile(r"\s*([A-Za-z_][\w.]*|[0-9])\s*(?::\s*([A-Za-z_]\w*)\s*)?")
_FORM = re.compile(r"\s*([A-Za-z]+)\s*=\s*\"((?:[^\"\\]|\\.)*)\"\s*(,?)")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A place for a value. kind: '' to say it as its type is. forms: of a plural, by category. at: where it begins."""

    name: str
    kind: str
    at: int
    source: str
    forms: Mapping[str, Message]


@dataclass(frozen=True, slots=True)
class Message:
    """A parsed text: literal parts and placeholders in order."""

    parts: tuple[str | Placeholder, ...]

    def placeholders(self) -> Iterator[Placeholder]:
        """All of them, those inside forms too."""
        for part in self.parts:
            if isinstance(part, Placeholder):
                yield part
                for form in part.forms.values():
                    yield from form.placeholders()

    def said(self, voice: Voice, values: Mapping[str, tuple[Type, object] | None]) -> str:
        """The text with its values. None stands for one that may not be seen; one that is missing shows as a dash."""
        return "".join(p if isinstance(p, str) else _said(p, voice, values) for p in self.parts)


@dataclass(frozen=True, slots=True)
class Slip:
    """Something wrong in a text, at that offset of it."""

    at: int
    message: str


def _said(place: Placeholder, voice: Voice, values: Mapping[str, tuple[Type, object] | None]) -> str:
    if place.name not in values:
        return voice.nothing
    found = values[place.name]
    if found is None:
        return "…"
    type_, value = found
    if isinstance(type_, t.Option):
        if not isinstance(value, tuple):
            return voice.nothing
        type_, value = type_.item, value[0]
    if place.forms and isinstance(value, int):
        chosen = place.forms.get(voice.locale.plural(abs(value))) or place.forms.get("other")
        if chosen is None:
            chosen = list(place.forms.values())[-1]
        shown = words.number(voice.locale, value)
        return "".join(p.replace("#", shown) if isinstance(p, str) else _said(p, voice, values) for p in chosen.parts)
    fits = KINDS.get(place.kind)
    return readings.said(voice, type_, value, place.kind if fits is not None and fits[1](type_) else "")


def parse(text: str) -> tuple[Message, list[Slip]]:
    """A text and what is wrong in it."""
    slips: list[Slip] = []
    return _parsed(text, 0, slips, 0), slips


def _parsed(text: str, offset: int, slips: list[Slip], depth: int) -> Message:
    parts: list[str | Placeholder] = []
    literal: list[str] = []
    at = 0
    while at < len(text):
        char = text[at]
        if text[at : at + 2] in ("{{", "}}"):
            literal.append(char)
            at += 2
        elif char == "{":
            place, end = _placeholder(text, at, offset, slips, depth)
            if place is None:
                literal.append(text[at:end])
            else:
                parts += ["".join(literal), place] if literal else [place]
                literal = []
            at = end
        else:
            if char == "}":
                slips.append(Slip(offset + at, "a `}` has no `{` before it; a brace in a text is written twice, `}}`"))
            literal.append(char)
            at += 1
    if literal:
        parts.append("".join(literal))
    return Message(tuple(parts))


def _placeholder(text: str, at: int, offset: int, slips: list[Slip], depth: int) -> tuple[Placeholder | None, int]:
    """The placeholder that begins at `at`, and where the text goes on; None if it is malformed."""
    head = _PLACEHOLDER.match(text, at + 1)
    closing = text.find("}", at)
    after = len(text) if closing < 0 else closing + 1
    if head is None:
        slips.append(Slip(offset + at, "`{` begins a placeholder, `{name}` or `{name: kind}`; a brace itself is `{{`"))
        return None, after
    name, kind, end = head[1], head[2] or "", head.end()
    forms: dict[str, Message] = {}
    if end < len(text) and text[end] == "(" and kind:
        found = _forms(text, end + 1, offset, slips, depth)
        if found is None:
            return None, after
        forms, end = found
    if end >= len(text) or text[end] != "}":
        slips.append(Slip(offset + at, f"the placeholder `{name}` is not closed with `}}`"))
        return None, after
    if (kind == "plural") != bool(forms):
        want = 'plural needs its forms: {n: plural(one="# hour", other="# hours")}' if kind == "plural" else (
            f"`{kind}` takes no forms; only plural does")  # fmt: skip
        slips.append(Slip(offset + at, want))
        forms = {} if kind != "plural" else forms
    return Placeholder(name, kind, offset + at, text[at : end + 1], forms), end + 1


def _forms(text: str, at: int, offset: int, slips: list[Slip], depth: int) -> tuple[dict[str, Message], int] | None:
    """The forms of a plural from after its `(`, and where the `)` ends; None if they are malformed."""
    forms: dict[str, Message] = {}
    if depth >= MOST_NESTED:
        slips.append(Slip(offset + at, f"plurals are nested deeper than {MOST_NESTED}"))
        return None
    while found := _FORM.match(text, at):
        if found[1] in forms:
            slips.append(Slip(offset + found.start(1), f"the form `{found[1]}` stands twice"))
        inside = re.sub(r"\\(.)", r"\1", found[2])
        forms[found[1]] = _parsed(inside, offset + found.start(2), slips, depth + 1)
        at = found.end()
        if not found[3]:
            break
    closing = re.compile(r"\s*\)\s*").match(text, at)
    if closing is None:
        slips.append(Slip(offset + at, 'the forms of a plural are written (one="..", other="..")'))
        return None
    return forms, closing.end()
