"""Source texts and places in them.

A `Source` is a named text, plain CCL or Markdown with ```` ```ccl ```` fences. Offsets count characters (Unicode code
points) of the text as it was given, so a span in a Markdown document points into the Markdown. Line and column are
derived when somebody looks, never stored.
"""

from __future__ import annotations

import bisect
import re
from functools import partial
from typing import NamedTuple

MOST_CHARACTERS = 1 << 20
"""Longest source: 1 MiB of UTF-8, and so never more characters than that."""


class Span(NamedTuple):
    """A half-open range of characters in the source of that number (`Sources`)."""

    source: int
    start: int
    end: int

    def to(self, other: Span) -> Span:
        """From the start of this to the end of the other."""
        return Span(self.source, self.start, other.end)


made_span = partial(tuple.__new__, Span)
"""A span of (source, start, end), in half the time that `Span(..)` takes: the parser makes one for every node."""

NOWHERE = Span(-1, 0, 0)
"""The place of what no text wrote: the host's declarations."""


class Source:
    """One text. `code` is what the lexer reads: the text itself, or of Markdown its fences, the rest blanked."""

    __slots__ = ("_lines", "code", "markdown", "name", "text")

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self.markdown = name.endswith((".bylaws.md", ".ccl.md", ".md"))
        self.code = fenced(text) if self.markdown else text
        self._lines: list[int] | None = None

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both counted from 1; columns in characters."""
        lines = self._starts()
        line = bisect.bisect_right(lines, offset)
        return line, offset - lines[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line, counted from 1, without its end."""
        lines = self._starts()
        end = lines[number] if number < len(lines) else len(self.text)
        return self.text[lines[number - 1] : end].rstrip("\r\n")

    @property
    def line_count(self) -> int:
        """How many lines there are; an empty text has one."""
        return len(self._starts())

    def _starts(self) -> list[int]:
        if self._lines is None:
            self._lines = [0, *(m.end() for m in re.finditer(r"\r\n|\n|\r", self.text))]
        return self._lines


class Sources:
    """The texts of one compilation; `Span.source` is an index here."""

    def __init__(self) -> None:
        self._all: list[Source] = []

    def add(self, name: str, text: str) -> int:
        """Take a text; its number."""
        self._all.append(Source(name, text))
        return len(self._all) - 1

    def __getitem__(self, number: int) -> Source:
        return self._all[number]

    def __len__(self) -> int:
        return len(self._all)

    def text(self, span: Span) -> str:
        """The characters of a span."""
        return "" if span.source < 0 else self._all[span.source].text[span.start : span.end]


_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[ \t]*([^\s`]*)[^\n]*$", re.MULTILINE)
_BLANK = re.compile(r"[^\r\n]")


def fences(text: str) -> list[tuple[int, int]]:
    """Of Markdown, where the insides of its `ccl` fences begin and end; one that is never closed ends with the text."""
    inside: list[tuple[int, int]] = []
    opening: re.Match[str] | None = None
    for fence in _FENCE.finditer(text):
        if opening is None:
            opening = fence
        elif fence[1][0] == opening[1][0] and len(fence[1]) >= len(opening[1]) and not fence[2]:
            if opening[2] == "ccl":
                inside.append((opening.end(), fence.start()))
            opening = None
    if opening is not None and opening[2] == "ccl":
        inside.append((opening.end(), len(text)))
    return inside


def fenced(text: str) -> str:
    """Of Markdown, the insides of its `ccl` fences; all else is blanks, line ends kept, so that offsets stay."""
    kept: list[str] = []
    at = 0
    for start, end in fences(text):
        kept.append(_BLANK.sub(" ", text[at:start]))
        kept.append(text[start:end])
        at = end
    kept.append(_BLANK.sub(" ", text[at:]))
    return "".join(kept)
