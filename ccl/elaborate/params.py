"""Parameters and states: what a contract keeps, with its first value, and between what it may be set.

A parameter is changed without a new version of the contract, by the type of decision it names; so that check, cost and
proof hold for all it may become, its bounds are part of it. In `500 in 0..2000` both ends belong to the range.
"""

from __future__ import annotations

from typing import Any

from ccl import core, types
from ccl.diagnostics import Label
from ccl.elaborate.contract import Contract
from ccl.elaborate.names import UNSET
from ccl.elaborate.resolve import resolve
from ccl.syntax import tree

_ORDERED = frozenset(
    {"Integer", "Ratio", "Timestamp", "Duration", "Days", "ClearDays", "WorkingDays", "Months", "Date"}
)
_ZERO = (types.INTEGER, types.DURATION, types.DAYS, types.CLEAR_DAYS, types.WORKING_DAYS, types.MONTHS)
_EMPTY: dict[types.Type, Any] = {types.BOOL: False, types.STRING: "", **dict.fromkeys(_ZERO, 0)}


def parameter(contract: Contract, decl: tree.ParamDecl, base: tree.ParamDecl | None) -> core.Parameter | None:
    """A `param`; base: the one of the same name that a base declares. Errors: CCL0320 to CCL0328."""
    name = decl.name.text
    type_ = contract.names.params[name].type
    if not fit(contract, type_, decl.type, f"the parameter `{name}`"):
        return None
    low, high = _range(contract, decl, type_)
    if decl.value is None:
        contract.findings.error("CCL0320", decl.span, f"the parameter `{name}` has no value to begin with",
                                label="write `= ..` after its type")  # fmt: skip
        return None
    default = contract.constant(decl.value, type_)
    changed_by = ""
    if decl.changed_by is not None:
        by = tree.Name(decl.changed_by.span, decl.changed_by.text)
        changed_by = contract.decision_type(by, "CCL0324", f"`{name}` is changed by")
    if default is UNSET or UNSET in (low, high):
        return None
    found = core.Parameter(name, type_, default, low, high, changed_by, decl.span)
    _inside(contract, found, decl)
    if base is not None:
        _tightens(contract, found, base, decl)
    info = contract.names.params[name]
    info.low, info.high = low, high
    return found


def _range(contract: Contract, decl: tree.ParamDecl, type_: types.Type) -> tuple[Any, Any]:
    """The bounds, both inclusive; None where there is none."""
    within = decl.within
    if within is None or isinstance(within, tree.Wrong):
        return None, None
    if not ordered(type_):
        contract.findings.error("CCL0323", within.span, f"{type_} has no order, so it has no range",
                                label="leave the range out")  # fmt: skip
        return None, None
    if not isinstance(within, tree.RangeExpr) or (within.low is None and within.high is None):
        contract.findings.error("CCL0322", within.span, "a parameter's range is written `0..2000`",
                                label="both ends belong to it")  # fmt: skip
        return None, None
    low = None if within.low is None else contract.constant(within.low, type_)
    high = None if within.high is None else contract.constant(within.high, type_)
    if UNSET not in (low, high) and low is not None and high is not None and low > high:
        contract.findings.error("CCL0322", within.span, "this range is empty: it ends before it begins",
                                label="write the smaller one first")  # fmt: skip
        return None, None
    return low, high


def _inside(contract: Contract, param: core.Parameter, decl: tree.ParamDecl) -> None:
    """The first value must lie within the range."""
    assert decl.value is not None
    if not within(param, param.default) and decl.within is not None:
        contract.findings.error(
            "CCL0321", decl.value.span, f"`{param.name}` begins outside of its own range",
            label="this value", also=(Label(decl.within.span, "the range"),),
        )  # fmt: skip


def _tightens(contract: Contract, param: core.Parameter, base: tree.ParamDecl, decl: tree.ParamDecl) -> None:
    """A deriving contract may give another value, and a narrower range, of the same type."""
    type_ = resolve(contract.names, base.type)
    if param.type != type_:
        contract.findings.error("CCL0325", decl.type.span, f"the base declares `{param.name}` as {type_}",
                                label=f"this is {param.type}", also=(Label(base.span, "in the base"),))  # fmt: skip
        return
    low, high = _range(contract, base, type_)
    if UNSET not in (low, high) and _wider(param.low, low, param.high, high):
        place = decl.span if decl.within is None else decl.within.span
        contract.findings.error(
            "CCL0325", place, f"the range of `{param.name}` is wider than in the base",
            label="it may only be narrower", also=(Label(base.span, "in the base"),),
        )  # fmt: skip


def _wider(low: Any, base_low: Any, high: Any, base_high: Any) -> bool:
    below = base_low is not None and (low is None or low < base_low)
    return below or (base_high is not None and (high is None or high > base_high))


def within(param: core.Parameter, value: Any) -> bool:
    """Whether a parameter may have that value, by its range."""
    return (param.low is None or value >= param.low) and (param.high is None or value <= param.high)


def ordered(type_: types.Type) -> bool:
    """Whether values of a type have an order, so that a range can be stated."""
    return isinstance(type_, types.Money | types.Exact) or (isinstance(type_, types.Plain) and type_.name in _ORDERED)


def fit(contract: Contract, type_: types.Type, written: tree.TypeExpr, what: str) -> bool:
    """Whether values of the type can be kept from one evaluation to the next."""
    if type_ == types.ANY:
        return False
    unfit = _unfit(contract, type_, set())
    if unfit is None:
        return True
    advice = "name its unit: `Money<CREDIT>`" if _own_unit(unfit) else "keep a value that can be written down"
    contract.findings.error("CCL0328", written.span, f"{what} cannot be {unfit}", label=advice)
    return False


def _own_unit(type_: types.Type) -> bool:
    return isinstance(type_, types.Money | types.Exact | types.UnitCode) and type_.unit == types.OWN_UNIT


def _unfit(contract: Contract, type_: types.Type, seen: set[types.Type]) -> types.Type | None:
    """The part of a type that cannot be kept: a view, a range, money of no unit."""
    if type_ in seen:
        return None
    seen.add(type_)
    if isinstance(type_, types.Record | types.Range) or _own_unit(type_) or type_ == types.NEVER:
        return type_
    return next((u for part in _parts(contract, type_) if (u := _unfit(contract, part, seen)) is not None), None)


def _parts(contract: Contract, type_: types.Type) -> tuple[types.Type, ...]:
    match type_:
        case types.Array(item=item) | types.Option(item=item):
            return (item,)
        case types.Map(key=key, value=value):
            return (key, value)
        case types.Result(value=value, error=error):
            return (value, error)
        case types.Tuple(items=items):
            return items
        case types.Struct(name=name):
            shape = contract.names.structs.get(name)
            return tuple(t for _, t in shape.fields) if shape else ()
        case types.Enum(name=name):
            variants = contract.names.enums.get(name)
            return tuple(t for v in variants.variants for t in v.items) if variants else ()
    return ()


# -- states ------------------------------------------------------------------------------------------------------------


def state(contract: Contract, decl: tree.StateDecl) -> core.State | None:
    """A `state`, with its first value: a constant, or what is empty in its type. Errors: CCL0327, CCL0328."""
    name = decl.name.text
    type_ = contract.names.states[name].type
    if type_ is None:
        contract.findings.error("CCL0327", decl.span, f"the state `{name}` says no type",
                                label=f"write `state {name}: Integer = 0;`, or whatever it is")  # fmt: skip
        return None
    if decl.type is not None and not fit(contract, type_, decl.type, f"the state `{name}`"):
        return None
    if decl.value is None:
        found, initial = empty(contract, type_)
        if not found:
            contract.findings.error("CCL0327", decl.span, f"the state `{name}` has no value to begin with",
                                    label=f"there is no empty {type_}: write `= ..`")  # fmt: skip
            return None
    else:
        initial = contract.constant(decl.value, type_)
        if initial is UNSET:
            return None
    return core.State(name, type_, initial, decl.span)


def empty(contract: Contract, type_: types.Type) -> tuple[bool, Any]:
    """Whether a type has a value that says nothing yet (0, "", none, no items), and which it is."""
    if type_ in _EMPTY or isinstance(type_, types.Money):
        return True, _EMPTY.get(type_, 0)
    if isinstance(type_, types.Array):
        return True, ()
    if isinstance(type_, types.Map):
        return True, {}
    if isinstance(type_, types.Option):
        return True, None
    shape = contract.names.structs.get(type_.name) if isinstance(type_, types.Struct) else None
    if shape is None:
        return False, None
    parts = [empty(contract, t) for _, t in shape.fields]
    return all(found for found, _ in parts), tuple(value for _, value in parts)
