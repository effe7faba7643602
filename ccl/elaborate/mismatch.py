"""A value of one type where another is expected, in words: what is wrong, and the function that makes it right."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ccl import core
from ccl.diagnostics import Edit, Fix, Label
from ccl.source import Span
from ccl.syntax import tree
from ccl.types import (
    BOOL,
    CLEAR_DAYS,
    DATE,
    DAYS,
    DID,
    DURATION,
    INTEGER,
    MONTHS,
    NOTHING,
    OWN_UNIT,
    RATIO,
    STRING,
    TIMESTAMP,
    WORKING_DAYS,
    Array,
    Exact,
    Money,
    Option,
    Result,
    Type,
)

if TYPE_CHECKING:
    from ccl.elaborate.builder import Builder


def tell(b: Builder, value: core.Expr, expected: Type, written: tree.Expr | None) -> None:
    """Tell that a value does not fit, under the code of what went wrong."""
    actual = value.type
    span = written.span if written is not None else value.span
    also = _because(b, expected)
    for rule in _RULES:
        if rule(b, actual, expected, span, also):
            return
    b.findings.error("CCL0150", span, f"expected {expected}, found {actual}", label=f"this is {shown(actual)}",
                     also=also, notes=_notes(actual, expected))  # fmt: skip


def _because(b: Builder, expected: Type) -> tuple[Label, ...]:
    if b.because is not None and b.because[0] is expected:
        return (b.because[1],)
    return ()


def shown(t: Type) -> str:
    """A type in a sentence."""
    if t == NOTHING:
        return "nothing: it gives no value"
    if isinstance(t, Money) and t.unit == OWN_UNIT:
        return "Money in the command's own unit"
    return f"`{t}`"


def around(span: Span, before: str, after: str) -> tuple[Edit, ...]:
    """Edits that put something on both sides of a span."""
    return (Edit(Span(span.source, span.start, span.start), before), Edit(Span(span.source, span.end, span.end), after))


def rounding(b: Builder, span: Span, mode: str) -> tuple[Edit, ...]:
    """Edits that round what stands at a span; an assignment by `*=` or `/=` is written out for it."""
    s, sources = b.shared.compound, b.shared.sources
    if s is None:
        return around(span, "round(", f", {mode})")
    if sources is None:
        return ()
    place = sources.text(s.target.span)
    plain = isinstance(s.value, _ATOMS)
    before, after = ("", "") if plain else ("(", ")")
    gap = Span(s.span.source, s.target.span.end, s.value.span.start)
    end = Span(s.span.source, s.value.span.end, s.value.span.end)
    return (Edit(gap, f" = round({place} {s.operator[:-1]} {before}"), Edit(end, f"{after}, {mode})"))


def quotient(b: Builder, span: Span) -> None:
    """Tell of an exact `/` of two Integers, which the dialect of the Rust ICN rounds to zero there and then."""
    b.findings.error("CCL0154", span, "`/` of two Integers is exact here, and rounds to zero in the dialect",
                     label="a Ratio", fixes=(Fix(_AS_RUST, rounding(b, span, "to_zero"), dialect=True),))  # fmt: skip


_ATOMS = (tree.IntLit, tree.DecimalLit, tree.PercentLit, tree.PathExpr, tree.CallExpr, tree.FieldExpr, tree.IndexExpr)
_AS_RUST = "round to zero, as Rust's `/` does"


def _rounding(b: Builder, actual: Type, expected: Type, span: Span, also: tuple[Label, ...]) -> bool:
    if actual == RATIO and expected == INTEGER:
        b.findings.error(
            "CCL0154", span, "this is an exact Ratio, and a whole number is needed: say how to round",
            label="a Ratio", also=also, notes=("`/` never rounds by itself.",),
            fixes=(Fix(_AS_RUST, rounding(b, span, "to_zero"), dialect=True),
                   Fix("round half to even", rounding(b, span, "half_even"), applicable=False)),
        )  # fmt: skip
        return True
    if isinstance(actual, Exact) and isinstance(expected, Money) and actual.unit == expected.unit:
        b.findings.error(
            "CCL0155", span, "this is an amount before rounding: say how to round it", label=f"`{actual}`", also=also,
            notes=("Modes: down, up, to_zero, from_zero, half_up, half_even, half_down.",),
            fixes=(Fix("round half to even", rounding(b, span, "half_even"), applicable=False),),
        )  # fmt: skip
        return True
    return False


def _units(b: Builder, actual: Type, expected: Type, span: Span, also: tuple[Label, ...]) -> bool:
    if not isinstance(actual, Money | Exact) or not isinstance(expected, Money | Exact):
        return False
    if actual.unit == expected.unit:
        return False
    notes: tuple[str, ...] = ()
    if OWN_UNIT in (actual.unit, expected.unit):
        other = expected.unit if actual.unit == OWN_UNIT else actual.unit
        notes = (f"The command may be in any unit. Is the clause about {other} alone? Write `in {other}` after `on`.",)
    b.findings.error("CCL0153", span, f"units do not mix: expected {expected}, found {actual}",
                     label=f"this is {shown(actual)}", also=also, notes=notes)  # fmt: skip
    return True


def _option(b: Builder, actual: Type, expected: Type, span: Span, also: tuple[Label, ...]) -> bool:
    from ccl.elaborate.fitting import fits

    if isinstance(actual, Option) and fits(actual.item, expected):
        b.findings.error(
            "CCL0165", span, f"there may be no value here: expected {expected}, found {actual}",
            label="this may be `None`", also=also,
            notes=("Say what holds without one: `x ?? 0`, or `if let Some(x) = .. { .. }`.",),
        )  # fmt: skip
        return True
    if isinstance(actual, Result) and fits(actual.value, expected):
        b.findings.error(
            "CCL0165", span, f"this may have failed: expected {expected}, found {actual}",
            label="this may be `Err`", also=also,
            notes=("Say what then holds: `try x catch e { .. }`, or pass it on with `?`.",),
        )  # fmt: skip
        return True
    if isinstance(expected, Option) and fits(actual, expected.item):
        b.findings.error("CCL0150", span, f"expected {expected}, found {actual}", label="this is there always",
                         also=also, fixes=(Fix("put it into `Some(..)`", around(span, "Some(", ")")),))  # fmt: skip
        return True
    if isinstance(expected, Result) and fits(actual, expected.value):
        b.findings.error("CCL0150", span, f"expected {expected}, found {actual}", label="this cannot fail",
                         also=also, fixes=(Fix("put it into `Ok(..)`", around(span, "Ok(", ")")),))  # fmt: skip
        return True
    return False


_SPANS = (DURATION, DAYS, CLEAR_DAYS, WORKING_DAYS, MONTHS)


def _times(b: Builder, actual: Type, expected: Type, span: Span, also: tuple[Label, ...]) -> bool:
    if actual in _SPANS and expected in _SPANS:
        note = {
            DURATION: "A Duration is exact hours: a day of the calendar may have 23 or 25 of them.",
            DAYS: "Days are days of the calendar, counted on it.",
            MONTHS: "A month has from 28 to 31 days.",
            WORKING_DAYS: "Working days leave out weekends and the contract's holidays.",
            CLEAR_DAYS: "Clear days count neither the first day nor the last.",
        }
        b.findings.error("CCL0166", span, f"expected {expected}, found {actual}: they are different things",
                         label=f"this is {shown(actual)}", also=also, notes=(note[actual], note[expected]))  # fmt: skip
        return True
    if {actual, expected} == {DATE, TIMESTAMP}:
        how = "`date(x)` is the day of a moment" if actual == TIMESTAMP else "`start(d)` is the first moment of a day"
        b.findings.error("CCL0166", span, f"expected {expected}, found {actual}", label=f"this is {shown(actual)}",
                         also=also, notes=(how + ", in the contract's time zone.",))  # fmt: skip
        return True
    return False


_Rule = Callable[["Builder", Type, Type, Span, tuple[Label, ...]], bool]
_RULES: tuple[_Rule, ...] = (_rounding, _units, _option, _times)


def _notes(actual: Type, expected: Type) -> tuple[str, ...]:
    if isinstance(expected, Money) and actual in (INTEGER, RATIO):
        return ("A number that is worked out has no unit. Multiply one of the unit: `n * 1 CREDIT`.",)
    if isinstance(actual, Money) and expected in (INTEGER, RATIO):
        return ("Divided by an amount of its unit it is a Ratio; `minor(x)` is the number of its smallest parts.",)
    if expected == STRING and actual not in (NOTHING, BOOL):
        return ('`format!("{}", x)` makes a text of it.',)
    if isinstance(expected, Array) and isinstance(actual, Array) and (expected.item, actual.item) == (DID, STRING):
        return ("Dids are written without quotes: `[did:key:z6Mk.., did:key:z6Mm..]`.",)
    if expected == DID and actual == STRING:
        return ("A Did is written without quotes: `did:key:z6Mk..`.",)
    if isinstance(actual, Array) and isinstance(expected, Array) and actual.most is None and expected.most is not None:
        return (f"Nothing says that there are at most {expected.most}: declare it, `Array<{actual.item}, max N>`.",)
    return ()
