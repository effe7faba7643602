"""Reads `name: value;` entries: of contracts, roles, proposals, electorates, units, triggers.

A kind of declaration says which entries it knows, each with a reader; an entry that nobody knows is an error, because
bylaws that say something without effect mislead those who live by them. What the readers of a value could not make out
has been told, and is None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from ccl import types
from ccl.diagnostics import Edit, Fix, Label
from ccl.elaborate.names import closest
from ccl.source import Span
from ccl.syntax import tree

if TYPE_CHECKING:
    from ccl.elaborate.contract import Contract

Reader = Callable[[tree.Entry], None]

REMARKS = frozenset({"title", "description", "author", "authors", "license", "created", "updated", "category", "tags",
                     "notes", "rationale", "name", "symbol", "language", "jurisdiction", "website",
                     "contact"})  # fmt: skip
"""Entries that say something to people only, and may stand anywhere."""

_UNIT_MS: Mapping[str, int] = {"milliseconds": 1, "seconds": 1_000, "minutes": 60_000, "hours": 3_600_000}
_UNIT_DAYS: Mapping[str, int] = {"days": 1, "weeks": 7}
_UNIT_MONTHS: Mapping[str, int] = {"months": 1, "years": 12}
DAY_MS = 86_400_000
_MOST_NAMES = 20  # constants that are other constants, at most so many steps


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """A span of time as an entry gives it: one of the three is not 0 (or all are)."""

    months: int = 0
    days: int = 0
    ms: int = 0


def key(entry: tree.Entry) -> str:
    """An entry's name with single underlines: `chosen by` and `chosen_by` are one."""
    return "_".join(entry.name.text.split())


def read(contract: Contract, what: str, entries: Iterable[tree.Entry], known: Mapping[str, Reader],
         unknown: Reader | None = None) -> tuple[tuple[str, str], ...]:  # fmt: skip
    """Hand each entry to its reader; the remarks, as written. unknown: who takes what is no entry of the kind."""
    seen: dict[str, Span] = {}
    remarks: list[tuple[str, str]] = []
    for entry in entries:
        name = key(entry)
        if name in seen:
            contract.findings.error("CCL0305", entry.name.span, f"{what} says `{entry.name.text}` twice",
                                    label="leave one of them out", also=(Label(seen[name], "the first"),))  # fmt: skip
            continue
        seen[name] = entry.name.span
        reader = known.get(name)
        if reader is not None:
            reader(entry)
        elif name in REMARKS and entry.type is None:
            remarks.append((name, _remark(contract, entry)))
        elif unknown is not None and closest(name, known) is None:
            unknown(entry)
        else:
            _unknown(contract, what, entry, known)
    return tuple(remarks)


def _unknown(contract: Contract, what: str, entry: tree.Entry, known: Iterable[str]) -> None:
    near = contract.near(key(entry), known)
    listed = ", ".join(f"`{name.replace('_', ' ')}`" for name in sorted(known))
    fixes = (Fix(f"write `{near}`", (Edit(entry.name.span, near.replace("_", " ")),)),) if near else ()
    contract.findings.error(
        "CCL0304", entry.name.span, f"{what} has no entry `{entry.name.text}`",
        label=f"did you mean `{near.replace('_', ' ')}`?" if near else "this would have no effect",
        notes=(f"it may have: {listed}",), fixes=fixes,
    )  # fmt: skip


def _remark(contract: Contract, entry: tree.Entry) -> str:
    if isinstance(entry.value, tree.StringLit):
        return entry.value.value
    return "" if entry.value is None else contract.sources.text(entry.value.span)


# -- values ------------------------------------------------------------------------------------------------------------


def wrong(contract: Contract, entry: tree.Entry, wanted: str, span: Span | None = None) -> None:
    """Tell that an entry has a value of another kind."""
    place = span or (entry.value.span if entry.value is not None else entry.span)
    contract.findings.error("CCL0308", place, f"`{entry.name.text}` is {wanted}", label="not that")


def expression(contract: Contract, entry: tree.Entry, wanted: str) -> tree.Expr | None:
    """The entry's value, which is an expression."""
    if entry.value is None or isinstance(entry.value, tree.Block):
        wrong(contract, entry, wanted)
        return None
    return None if isinstance(entry.value, tree.Wrong) else entry.value


def text(contract: Contract, entry: tree.Entry) -> str:
    """A text."""
    value = expression(contract, entry, 'a text, between `"`')
    if value is None or isinstance(value, tree.StringLit):
        return "" if value is None else value.value
    wrong(contract, entry, 'a text, between `"`')
    return ""


def word(contract: Contract, entry: tree.Entry, wanted: str) -> tree.Name | None:
    """A name, with or without quotes."""
    value = expression(contract, entry, wanted)
    if value is None:
        return None
    found = named(value)
    if found is None:
        wrong(contract, entry, wanted)
    return found


def named(value: tree.Expr) -> tree.Name | None:
    """The name that an expression is, with or without quotes."""
    if isinstance(value, tree.StringLit):
        return tree.Name(value.span, value.value)
    if isinstance(value, tree.PathExpr) and not value.args:
        return tree.Name(value.span, value.path.text)
    return None


def whole(contract: Contract, entry: tree.Entry, low: int, high: int) -> int | None:
    """A whole number within bounds."""
    wanted = f"a whole number from {low:,} to {high:,}"
    value = expression(contract, entry, wanted)
    found = None if value is None else whole_of(contract, value)
    if found is None or not low <= found <= high:
        if value is not None:
            wrong(contract, entry, wanted)
        return None
    return found


def whole_of(contract: Contract, value: tree.Expr) -> int | None:
    """The whole number that an expression is."""
    if isinstance(value, tree.IntLit):
        return value.value
    found = contract.constant(value, types.INTEGER)
    return found if isinstance(found, int) else None


def yes(contract: Contract, entry: tree.Entry) -> bool:
    """True or false; false where it is neither."""
    value = expression(contract, entry, "`true` or `false`")
    if isinstance(value, tree.BoolLit):
        return value.value
    if value is not None:
        wrong(contract, entry, "`true` or `false`")
    return False


def part(contract: Contract, value: tree.Expr) -> Fraction | None:
    """A part of one: `50%`, `0.5`, `2/3`, or a constant Ratio."""
    if isinstance(value, tree.PercentLit | tree.DecimalLit):
        return value.value
    if isinstance(value, tree.IntLit):
        return Fraction(value.value)
    if isinstance(value, tree.BinaryExpr) and value.operator == "/":
        above, below = value.left, value.right
        if isinstance(above, tree.IntLit) and isinstance(below, tree.IntLit) and below.value:
            return Fraction(above.value, below.value)
    found = contract.constant(value, types.RATIO)
    return Fraction(found) if isinstance(found, int | Fraction) else None


def time_span(contract: Contract, value: tree.Expr, depth: int = 0) -> TimeSpan | None:
    """A span of time; None (not told) where the expression is none, or counts clear or working days."""
    if not isinstance(value, tree.SpanOfTimeLit):
        return _constant_span(contract, value, depth)
    count = whole_of(contract, value.count)
    if count is None or value.qualifier or not 0 <= count <= 1_000_000:
        return None
    unit = value.unit
    if unit in _UNIT_MONTHS:
        return TimeSpan(months=count * _UNIT_MONTHS[unit])
    if unit in _UNIT_DAYS:
        return TimeSpan(days=count * _UNIT_DAYS[unit])
    return TimeSpan(ms=count * _UNIT_MS[unit])


def _constant_span(contract: Contract, value: tree.Expr, depth: int) -> TimeSpan | None:
    """Of the name of a constant whose type is a span of time."""
    if not isinstance(value, tree.PathExpr) or depth > _MOST_NAMES:
        return None
    constant = contract.names.constants.get(value.path.text)
    if constant is None or constant.decl.value is None:
        return None
    return time_span(contract, constant.decl.value, depth + 1)


def milliseconds(contract: Contract, entry: tree.Entry) -> int:
    """A span of days, hours or less, in ms; 0 where it is none (told). Months differ in length, so they are none."""
    wanted = "a span of time in days or hours, such as `7 days`"
    value = expression(contract, entry, wanted)
    found = None if value is None else time_span(contract, value)
    if found is None or found.months:
        if value is not None:
            wrong(contract, entry, wanted)
        return 0
    return found.days * DAY_MS + found.ms


def dotted(value: tree.Expr) -> str | None:
    """The command, or the pattern of commands, that an expression names: `credit.transfer`, `"credit.*"`."""
    if isinstance(value, tree.StringLit):
        return value.value
    parts: list[str] = []
    while isinstance(value, tree.FieldExpr):
        parts.append(value.name.text)
        value = value.target
    if not isinstance(value, tree.PathExpr) or value.args:
        return None
    return ".".join([*(p.text for p in value.path.parts), *reversed(parts)])


def items(value: tree.Expr) -> tuple[tree.Expr, ...]:
    """The items of a list; what is no list is its only one."""
    return value.items if isinstance(value, tree.ListExpr) else (value,)
