"""Lines out of a stream of texts, breaks and groups: where to break so that lines fit.

The stream is flat (after Oppen, "Prettyprinting", TOPLAS 1980), so depth of nesting costs no stack, and time is linear.
A group that does not fit on the rest of its line is broken: a consistent one at each of its breaks, a filled one only
where the next part does not fit. A forced break breaks every group around it. Nothing here knows of CCL.
"""

from __future__ import annotations

from dataclasses import dataclass

WIDTH = 120
"""Characters on a line, where the text can be broken at all."""

_HUGE = 1 << 30


@dataclass(frozen=True, slots=True)
class Text:
    """Characters that stand as they are; line ends among them are kept and force nothing."""

    text: str


@dataclass(frozen=True, slots=True)
class Break:
    """A place where a line may end. blank: spaces if it does not. lines: ends that are forced (2: one line left free).

    dedent: how much less than its group's indentation the new line has. trailing: text before the line's end, if it
    ends here (a last comma).
    """

    blank: int = 1
    lines: int = 0
    dedent: int = 0
    trailing: str = ""


@dataclass(frozen=True, slots=True)
class Open:
    """Begin a group whose new lines are indented by so much more. filled: break only where needed."""

    indent: int = 0
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Close:
    """End the innermost group."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The output is cut here: what follows begins a part of its own, on a new line (the next fence of a document)."""

    dedent: int = 0


Piece = Text | Break | Open | Close | Cut


def parts_of(pieces: list[Piece], width: int = WIDTH) -> list[str]:
    """The parts between cuts, as lines that end with a line feed and never with a blank. Groups must be balanced."""
    spans = _measured(pieces)
    parts: list[str] = []
    out: list[str] = []
    column = 0
    groups: list[tuple[int, bool, bool]] = [(0, True, False)]  # indentation, whether broken, whether filled
    for piece, span in zip(pieces, spans, strict=True):
        match piece:
            case Text(text):
                if column < 0:  # a line has begun whose indentation is not written yet
                    column = ~column
                    out.append(" " * column)
                out.append(text)
                end = text.rfind("\n")
                column = column + len(text) if end < 0 else len(text) - end - 1
            case Open(indent, filled):
                outer, broken, _ = groups[-1]
                groups.append((outer + indent, broken and _at(column) + span > width, filled))
            case Close():
                groups.pop()
            case Break(blank, lines, dedent, trailing):
                indent, broken, filled = groups[-1]
                if lines or (broken and not (filled and _at(column) + span <= width)):
                    out.append(trailing + "\n" * max(1, lines))
                    column = ~(indent - dedent)
                elif column >= 0:
                    out.append(" " * blank)
                    column += blank
            case Cut(dedent):
                parts.append("".join(out))
                out, column = [], ~(groups[-1][0] - dedent)
    assert len(groups) == 1, "groups are balanced"
    parts.append("".join(out))
    return parts


def _at(column: int) -> int:
    """The column, also of a line whose indentation is not written yet."""
    return column if column >= 0 else ~column


def _measured(pieces: list[Piece]) -> list[int]:
    """Of each group, and each break of a filled one: the width that must fit on the line for it not to be broken.

    For a group that is its own width and what follows it up to the next break; for a break the width up to the next
    break of its group.
    """
    measure = _Measure([0] * len(pieces))
    for i, piece in enumerate(pieces):
        match piece:
            case Text(text):
                measure.width += len(text.partition("\n")[0])
            case Open():
                measure.groups.append((i, measure.width, measure.forced))
                measure.breaks.append((-1, 0, 0))
            case Close():
                measure.close()
            case Break(blank, lines):
                measure.at_break(i, blank, forced=lines > 0)
            case Cut():
                measure.forced += 1
    measure.settle()
    return measure.spans


class _Measure:
    """The first pass: widths as if all stood on one line.

    width, forced: so far, and how many breaks so far are forced. groups: of each open one its index, and width and
    forced breaks before it; breaks: the same of its last break. ended: groups and breaks whose follow-up is being
    measured: index, and width before.
    """

    def __init__(self, spans: list[int]) -> None:
        self.spans = spans
        self.width = 0
        self.forced = 0
        self.groups: list[tuple[int, int, int]] = []
        self.breaks: list[tuple[int, int, int]] = []
        self.ended: list[tuple[int, int]] = []

    def close(self) -> None:
        for begun, before, forced_before in (self.groups.pop(), self.breaks.pop()):
            if begun >= 0 and self.forced > forced_before:
                self.spans[begun] = _HUGE
            elif begun >= 0:
                self.ended.append((begun, before))

    def at_break(self, i: int, blank: int, *, forced: bool) -> None:
        self.settle()
        if self.breaks:
            begun, before, forced_before = self.breaks[-1]
            if begun >= 0:
                self.spans[begun] = _HUGE if self.forced > forced_before else self.width - before
            self.breaks[-1] = (i, self.width, self.forced + forced)
        self.forced += forced
        self.width += blank

    def settle(self) -> None:
        """What ended is followed by no more than this."""
        for begun, before in self.ended:
            self.spans[begun] = self.width - before
        self.ended.clear()
