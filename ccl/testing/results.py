"""How a case of a test went, and values as a test would write them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from ccl import core
from ccl import types as t
from ccl.diagnostics import Diagnostic
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
    if type_ == t.STRING:
        return f'"{value}"'
    return plain(value)
