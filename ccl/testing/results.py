"""How a case of a test went, and values as a test would write them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ccl import core
from ccl import types as t
from ccl.diagnostics import Diagnostic
from ccl.sequences import text_of
from ccl.source import Span
from ccl.words import plain

PASSED: Final = "passed"
FAILED: Final = "failed"
ERROR: Final = "error"


@dataclass(frozen=True, slots=True)
class Result:
    """How a case went. case: "row 2", "step 3", or '' for a whole test; message: what happened and was expected."""

    test: str
    case: str
    status: str
    span: Span
    message: str = ""
    problems: tuple[Diagnostic, ...] = ()
    fuel: int = 0
    facts: tuple[tuple[str, str], ...] = ()


def shown(value: Any, type_: t.Type, program: core.Program) -> str:
    """A value as a test would write it, where there is a way to."""
    if isinstance(type_, t.Money):
        decimals = program.units.get(type_.unit, 0)
        sign, digits = "-" if value < 0 else "", str(abs(value)).rjust(decimals + 1, "0")
        whole = f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits
        return f"{sign}{whole} {type_.unit}" if type_.unit != t.OWN_UNIT else f"{value} minor"
    if isinstance(type_, t.Exact) and type_.unit != t.OWN_UNIT:
        return f"{plain(value / 10 ** program.units.get(type_.unit, 0))} {type_.unit}"
    if isinstance(type_, t.Option):
        return "None" if value is None else f"Some({shown(value[0], type_.item, program)})"
    if type_ == t.BOOL:
        return "true" if value else "false"
    if isinstance(type_, t.Enum) and type_.name in program.enums:
        variant = program.enums[type_.name].variants[value[0]]
        inside = ", ".join(shown(v, i, program) for v, i in zip(value[1:], variant.items, strict=False))
        return f"{type_.name}::{variant.name}" + (f"({inside})" if inside else "")
    if isinstance(type_, t.Array):
        return f"[{', '.join(shown(v, type_.item, program) for v in value)}]"
    if isinstance(type_, t.Tuple):
        return f"({', '.join(shown(v, i, program) for v, i in zip(value, type_.items, strict=True))})"
    if isinstance(type_, t.Plain) and type_.name in _LITERALS:
        return _LITERALS[type_.name](value)
    return plain(value)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _duration(ms: int) -> str:
    """In the largest unit that it is a whole number of."""
    for unit, length in (("hours", 3_600_000), ("minutes", 60_000), ("seconds", 1_000)):
        if ms % length == 0:
            return f"{ms // length} {unit}"
    return f"{ms} milliseconds"


_LITERALS: Mapping[str, Callable[[Any], str]] = {
    "String": _quoted,
    "Date": lambda days: text_of(days, "Date"),
    "Timestamp": lambda ms: text_of(ms, "Timestamp"),
    "Duration": _duration,
    "Days": lambda count: f"{count} days",
    "ClearDays": lambda count: f"{count} clear days",
    "WorkingDays": lambda count: f"{count} working days",
    "Months": lambda count: f"{count} months",
}
"""How values of plain types are written in a contract."""
