"""The parameters of a contract in CCL: what they are now, and what they may be set to.

A parameter is what the contract declares until a decision sets it; what was set is a `bylaws.Param` beside the modules'
settings, whose names have a dot while a contract's have none. It is kept as a whole number, a text or true or false:
amounts in minor units, spans of time in milliseconds, days or months, dates in days since 1970-01-01, ratios as "p/q".

It must not know what a parameter is for.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

from ccl import core
from ccl import types as t
from ccl.host import decision_type
from icn_node.kernel.bylaws import Param
from icn_node.kernel.refusal import Refusal

if TYPE_CHECKING:
    from icn_node.kernel.context import Context
    from icn_node.kernel.tables import Tables
    from icn_node.kernel.views import World

Stored = int | str | bool

_EPOCH = datetime.date(1970, 1, 1)
WHOLE = frozenset((
    t.INTEGER, t.TIMESTAMP, t.DURATION, t.DAYS, t.CLEAR_DAYS, t.WORKING_DAYS, t.MONTHS,
))  # fmt: skip
_DECIMAL = re.compile(r"(-?)([0-9]{1,19})(?:\.([0-9]{1,9}))?")
# What may be written is said here and not left to `Fraction` and `fromisoformat`: they take an exponent, which one
# could make as large as the memory, digits of other scripts, and from one Python to the next more.
_RATIO = re.compile(r"(-?[0-9]{1,19}(?:/[0-9]{1,19}|\.[0-9]{1,18})?)(%?)")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SAID = {
    t.BOOL: "true or false", t.STRING: "a text", t.DID: "a DID", t.DATE: "a date such as 2026-05-01",
    t.RATIO: "a ratio such as 1/3 or 0.25", t.DURATION: "a number of milliseconds", t.TIMESTAMP: "UTC milliseconds",
    t.DAYS: "a number of days", t.CLEAR_DAYS: "a number of days", t.WORKING_DAYS: "a number of days",
    t.MONTHS: "a number of months",
}  # fmt: skip


class ParameterKept(Refusal):
    """A decision of another type than the contract names for this parameter would change it."""

    code = "parameter_kept"
    text = "{name} is changed by a decision of type {wanted}, or with the bylaws themselves."
    advice: ClassVar[str] = "Propose it as one; see `icn space params`."


class InForce(Mapping[str, Any]):
    """The parameters in force, as a judgement reads them: `params[name]`."""

    def __init__(self, world: World, declared: Mapping[str, core.Parameter]) -> None:
        self._world = world
        self._declared = declared

    def __getitem__(self, name: str) -> Any:
        declared = self._declared[name]
        changed = self._world.tx.get(Param, name)
        return declared.default if changed is None else value_of(declared.type, changed.value)

    def __iter__(self) -> Iterator[str]:
        return iter(self._declared)

    def __len__(self) -> int:
        return len(self._declared)

    def changed_as_declared(self, ctx: Context, cmd: Any) -> bool:
        """Whether a `bylaws.set` is carried out by the type of decision that the contract names for the parameter."""
        declared = self._declared.get(getattr(cmd, "name", ""))
        return declared is not None and bool(declared.changed_by) and _fits(declared, ctx)


def _fits(declared: core.Parameter, ctx: Context) -> bool:
    return ctx.origin == "decision" and ctx.decision_type == decision_type(declared.changed_by)


def value_of(type_: t.Type, stored: Stored) -> Any:
    """What was stored, as the language has it."""
    return Fraction(stored) if type_ == t.RATIO and isinstance(stored, int | str) else stored


def stored_of(value: Any) -> Stored:
    """A value of the language as it is stored."""
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    assert isinstance(value, int | str), value
    return value


def given(declared: core.Parameter, decimals: Mapping[str, int], said: Stored) -> Any:
    """What somebody gave, as a value of the parameter's type within its range. Raises ValueError with what it takes.

    An amount is in whole units, as where a contract states it: 700, "700.50", "700 CREDIT".
    """
    value = _read(declared.type, decimals, said)
    if value is None or not within(declared, value):
        raise ValueError(takes(declared, decimals))
    return value


def within(declared: core.Parameter, value: Any) -> bool:
    """Whether a value lies in the parameter's range."""
    return (declared.low is None or value >= declared.low) and (declared.high is None or value <= declared.high)


def takes(declared: core.Parameter, decimals: Mapping[str, int]) -> str:
    """What a parameter may be set to, in words."""
    if isinstance(declared.type, t.Money):
        said = f"an amount of {declared.type.unit}"
    elif isinstance(declared.type, t.Plain):
        said = _SAID.get(declared.type, "a whole number")
    else:
        return "no value by itself: adopt new bylaws to change it"
    if declared.low is None and declared.high is None:
        return said
    low, high = (shown(declared.type, decimals, bound) for bound in (declared.low, declared.high))
    return f"{said} from {low} to {high}"


def shown(type_: t.Type, decimals: Mapping[str, int], value: Any) -> str:
    """A value as one would give it: an amount in whole units, a date in ISO form."""
    if value is None:
        return "any"
    if isinstance(type_, t.Money):
        places = decimals.get(type_.unit, 0)
        digits = str(abs(value)).rjust(places + 1, "0")
        whole = f"{digits[:-places]}.{digits[-places:]}" if places else digits
        return f"{'-' if value < 0 else ''}{whole} {type_.unit}"
    if type_ == t.DATE:
        return (_EPOCH + datetime.timedelta(days=value)).isoformat()
    return str(stored_of(value)).lower() if isinstance(value, bool) else str(stored_of(value))


def _read(type_: t.Type, decimals: Mapping[str, int], said: Stored) -> Any:
    """A value of that type, None if it is none."""
    if type_ == t.BOOL:
        return said if isinstance(said, bool) else None
    if isinstance(said, bool):
        return None
    if isinstance(type_, t.Money):
        return _amount(str(said), type_.unit, decimals.get(type_.unit, 0))
    if type_ == t.RATIO:
        return _ratio(said)
    if type_ == t.DATE:
        return said if isinstance(said, int) else _day(said)
    if type_ in WHOLE:
        return said if isinstance(said, int) else None
    return said if isinstance(said, str) and type_ in (t.STRING, t.DID) else None


def _amount(said: str, unit: str, places: int) -> int | None:
    found = _DECIMAL.fullmatch(said.removesuffix(unit).strip())
    if found is None or len(found[3] or "") > places:
        return None
    value = int(found[2] + (found[3] or "").ljust(places, "0"))
    return None if value > t.I64_MAX else -value if found[1] else value


def _ratio(said: int | str) -> Fraction | None:
    found = _RATIO.fullmatch(str(said))
    if found is None:
        return None
    try:
        value = Fraction(found[1]) / (100 if found[2] else 1)
    except ZeroDivisionError:
        return None
    return value if abs(value.numerator) <= t.I64_MAX and value.denominator <= t.I64_MAX else None


def _day(said: str) -> int | None:
    if not _DAY.fullmatch(said):
        return None
    try:
        return (datetime.date.fromisoformat(said) - _EPOCH).days
    except ValueError:
        return None


def set_param(tx: Tables, ctx: Context, declared: core.Parameter, decimals: Mapping[str, int], said: Stored) -> None:
    """Set a parameter. Raises ParameterKept; ValueError with what it takes."""
    if declared.changed_by and ctx.origin == "decision" and not (_fits(declared, ctx) or ctx.decision_type == "bylaw"):
        raise ParameterKept(name=declared.name, wanted=decision_type(declared.changed_by))
    tx.put(Param(declared.name, stored_of(given(declared, decimals, said)), ctx.time_ms))


def set_values(tx: Tables, declared: Mapping[str, core.Parameter]) -> dict[str, Any]:
    """The parameters that were set, with what they are set to."""
    rows = {name: tx.get(Param, name) for name in sorted(declared)}
    return {name: value_of(declared[name].type, row.value) for name, row in rows.items() if row is not None}


def carry_over(tx: Tables, old: Mapping[str, core.Parameter], new: Mapping[str, core.Parameter],
               renamed: Mapping[str, str]) -> list[str]:  # fmt: skip
    """Let what was set under an earlier version hold under a new one; the names that no longer fit, in order.

    renamed: old name -> new name. A value that the new declaration does not take goes back to its default.
    """
    lost = []
    for name in sorted(old):
        row = tx.get(Param, name)
        if row is None:
            continue
        target = new.get(renamed.get(name, name))
        fits = target is not None and target.type == old[name].type and within(target, value_of(target.type, row.value))
        if target is None or target.name != name or not fits:
            tx.delete(Param, name)
        if target is not None and fits:
            tx.put(Param(target.name, row.value, row.since_ms))
        elif target is not None:
            lost.append(target.name)
    return lost
