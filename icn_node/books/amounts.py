"""Amounts: a column of figures read exactly, its decimal mark found, and brought to a unit's smallest part.

Figures are fractions of integers from the cell to the minor unit; no float is ever made of them. Whether "1.234" is a
thousand or a little over one is settled by the whole column or asked, never guessed.

Rounding is half to even, counted, and only where the unit has too few places. It must not know rows or accounts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Final, NamedTuple

from icn_node.books.errors import Unclear
from icn_node.kernel.fields import INT64_MAX

MOST_DECIMALS: Final = 9
_AFFIX: Final = r"(?:[^\d.,+\-()]|\.(?=\s|$))*"
_FIGURE: Final = re.compile(
    rf"(?P<before>{_AFFIX})(?P<sign>[+-]?)(?P<between>{_AFFIX})"
    rf"(?P<figure>(?:\d|[.,](?=\d)|['\u2019\s](?=\d{{3}}(?!\d)))+)(?P<after>{_AFFIX})(?P<end>-?)"
)
_LONG: Final = 64  # characters; no amount of 64 bits needs more
_CLOCK: Final = re.compile(r"(\d{1,7}):([0-5]\d)(?::([0-5]\d))?|(\d{1,7})\s*h\s*(?:([0-5]?\d)\s*(?:m|min)?)?", re.ASCII)
_PLAIN: Final = {
    ".": re.compile(r"(?:\d*|[1-9]\d{0,2}(?:,\d{3})+)(?:\.(\d+))?", re.ASCII),
    ",": re.compile(r"(?:\d*|[1-9]\d{0,2}(?:\.\d{3})+)(?:,(\d+))?", re.ASCII),
}
_GROUPED: Final = re.compile(r"[1-9]\d{0,2}(?:['\u2019\s]\d{3})+(?:[.,]\d+)?")
_OTHER: Final = {".": ",", ",": "."}


class Column(NamedTuple):
    """A column as it was read. mark: the decimal mark, '' if none was needed. affix: what stood beside the figures.

    values: each cell's value, negative ones too; None where it is no amount.
    """

    mark: str
    affix: str
    values: list[Fraction | None]


class _Cell(NamedTuple):
    figure: str
    negative: bool
    affix: str


def read(cells: Sequence[str], *, mark: str = "", clock: bool = False) -> Column:
    """Read a column of amounts. mark: '.' or ','; clock: "1:30" and "1h30" are hours. Raises Unclear."""
    values: list[Fraction | None] = [None] * len(cells)
    figures: list[tuple[int, _Cell]] = []
    for at, cell in enumerate(cells):
        text = cell.strip().replace("\u2212", "-")
        spelled = _clock(text) if clock else None
        if spelled is not None:
            values[at] = spelled
        elif (found := _parsed(text)) is not None:
            figures.append((at, found))
    mark = mark or _mark(figures)
    affixes: dict[str, int] = {}
    for at, cell_ in figures:
        value = _value(cell_.figure, mark or ".")
        if value is not None:
            values[at] = -value if cell_.negative else value
            if cell_.affix:
                affixes.setdefault(cell_.affix, at)
    if len({a.casefold() for a in affixes}) > 1:
        shown = ", ".join(repr(a) for a in sorted(affixes)[:5])
        raise Unclear(f"the amounts stand beside different units ({shown}): import one unit at a time")
    return Column(mark, next(iter(affixes), ""), values)


def _parsed(text: str) -> _Cell | None:
    if not text or len(text) > _LONG:
        return None
    if text.endswith((",-", ".-", ",--", ".--")):  # "12,-" is twelve, and no cents
        text = text.rstrip("-")[:-1]
    bracketed = text.startswith("(") and text.endswith(")")
    found = _FIGURE.fullmatch(text[1:-1].strip() if bracketed else text)
    if found is None:
        return None
    figure = found["figure"]
    if any(c.isspace() or c in "'\u2019" for c in figure):
        if not _GROUPED.fullmatch(figure):
            return None
        figure = "".join(c for c in figure if c.isdigit() or c in ".,")
    negative = [bracketed, found["sign"] == "-", found["end"] == "-"]
    if sum(negative) > 1:
        return None
    affix = " ".join(f"{found['before']} {found['between']} {found['after']}".split())
    return _Cell(figure, any(negative), affix)


def _mark(figures: Iterable[tuple[int, _Cell]]) -> str:
    """The decimal mark that the column settles on, '' if no cell has one. Raises Unclear."""
    only: dict[str, str] = {}
    unclear = ""
    for _, cell in figures:
        point, comma = _value(cell.figure, "."), _value(cell.figure, ",")
        if point is not None and comma is None:
            only.setdefault(".", cell.figure)
        elif comma is not None and point is None:
            only.setdefault(",", cell.figure)
        elif point != comma:
            unclear = unclear or cell.figure
    if len(only) == 2:
        raise Unclear(
            f"the amounts {only['.']!r} and {only[',']!r} have different decimal marks: "
            "say which holds with --decimal-mark . or --decimal-mark ,"
        )
    if only:
        return next(iter(only))
    if unclear:
        raise Unclear(
            f"the amount {unclear!r} can be read in two ways, and no other row settles it: "
            "say --decimal-mark . or --decimal-mark ,"
        )
    return ""


def _value(figure: str, mark: str) -> Fraction | None:
    """What a figure says if `mark` is its decimal mark; None if it can then say nothing."""
    found = _PLAIN[mark].fullmatch(figure)
    if found is None:
        return None
    digits = figure.replace(_OTHER[mark], "").replace(mark, "")
    return Fraction(int(digits), 10 ** len(found[1] or "")) if digits else None


def _clock(text: str) -> Fraction | None:
    """Hours of "1:30", "1:30:00", "1h30" or "2h"."""
    found = _CLOCK.fullmatch(text)
    if found is None:
        return None
    hours, minutes, seconds = (found[1], found[2], found[3]) if found[1] else (found[4], found[5], None)
    return int(hours) + Fraction(int(minutes or 0), 60) + Fraction(int(seconds or 0), 3600)


# --- bringing them to a unit ------------------------------------------------------------------------------------------

HOURS_IN: Final[dict[str, Fraction]] = {
    "hours": Fraction(1), "minutes": Fraction(1, 60), "seconds": Fraction(1, 3600),
}  # fmt: skip


def scale(amount_in: str, decimals: int, *, hours: bool) -> Fraction:
    """Minor units to one of what the column counts: `units`, `minor`, or `hours`, `minutes`, `seconds`.

    A unit of kind hours (`hours`) counts minutes; in any other, an hour is one unit.
    """
    if amount_in == "minor":
        return Fraction(1)
    whole = Fraction(60 if hours else 10**decimals)
    return whole * HOURS_IN.get(amount_in, Fraction(1))


def rounded(value: Fraction) -> int:
    """The nearest integer, half to even."""
    return round(value)


def in_range(minor: int) -> bool:
    """Whether an amount fits the ledger."""
    return 0 < minor <= INT64_MAX


def fewest_decimals(values: Iterable[Fraction]) -> int:
    """The fewest places, 0 to 9, with which the values together lose no more than with 9."""
    most = 0
    for value in values:
        if (10**most) % value.denominator == 0:
            continue
        while most < MOST_DECIMALS and _loss(value, most) != _loss(value, MOST_DECIMALS):
            most += 1
    return most


def _loss(value: Fraction, decimals: int) -> Fraction:
    power: int = 10**decimals
    scaled = value * power
    return abs(scaled - round(scaled)) / power
