"""Units: the terms on which a unit of account runs, as a decision sets and later changes them.

Purpose: one place where terms are read from a command, checked to hold together, and stored in the unit's row, for
mutual credit, minted currencies and whatever unit a later module makes.

Invariants: the decimals, kind and code of a unit never change; a default floor is at most 0 and a default ceiling at
least 0, so a new account is within its limits; a cap is never below what is outstanding; a change of a default leaves
accounts that exist alone. Terms beyond the columns of `ledger.Unit` stand in its `terms` under the names below.

It must not know who may decide: that is in the bylaws.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from icn_node.kernel import bylaws, ledger
from icn_node.kernel.context import Context
from icn_node.kernel.fields import INT64_MAX, LimitMinor, Title, UnitCode
from icn_node.kernel.ledger import Unit
from icn_node.kernel.module import Amount, Command
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.tables import Tables

CREDIT, CURRENCY, HOURS = "credit", "currency", "hours"

LEVY = "levy_bp"  # of each payment, in hundredths of a percent, on top of it, to the space's fees account
LINE_MAX = "line_max_minor"  # the largest credit line that issuing may give
MINT, BURN = "mint", "burn"  # who may, as a condition of the bylaws
TITLE = "title"
APPROVAL = "approval.above_minor"  # the parameter of that name, for this unit

Decimals = Annotated[int, Meta(ge=0, le=9, description="decimal places, 0 to 9; they never change")]
BasisPoints = Annotated[int, Meta(ge=0, le=10_000, description="hundredths of a percent, 0 to 10000")]
Condition = Annotated[str, Meta(min_length=1, max_length=200, description="who may, in the words of the bylaws")]

_COLUMNS = ("cap_minor", "floor_minor", "ceiling_minor", "soft_floor_minor", "soft_ceiling_minor")
_TERMS = {"title": TITLE, "levy_bp": LEVY, "line_max_minor": LINE_MAX, "mint": MINT, "burn": BURN,
          "approval_above_minor": APPROVAL}  # fmt: skip


class Terms(Command, frozen=True):
    """The terms that every kind of unit has. A field that is not given keeps what holds; `no_...` removes a limit.

    levy_bp: a levy on each payment, in hundredths of a percent, paid by the payer on top, rounded half to even.
    approval_above_minor: above this an organisation's payments take further signatures. soft_...: warn, not refuse.
    """

    unit: UnitCode
    title: Title | None = None
    ceiling_minor: LimitMinor | None = None
    no_ceiling: bool = False
    soft_floor_minor: LimitMinor | None = None
    no_soft_floor: bool = False
    soft_ceiling_minor: LimitMinor | None = None
    no_soft_ceiling: bool = False
    transferable: bool | None = None
    levy_bp: BasisPoints | None = None
    approval_above_minor: LimitMinor | None = None
    no_approval: bool = False


class UnitExists(Refusal):
    """A unit of that code was made before, and codes are never given twice."""

    code = "unit_exists"
    text = "There is a unit {unit} already."
    advice = "Choose another code; see `icn unit list`."


class BadTerms(Refusal):
    """The terms contradict each other or what is outstanding."""

    code = "bad_terms"
    text = "These terms of {unit} do not hold together: {reason}."


class WrongKind(Refusal):
    """The command is for another kind of unit."""

    code = "wrong_kind_of_unit"
    text = "{unit} is a unit of kind {kind}; this takes one of kind {wanted}."
    advice = "See `icn unit list`."


REFUSALS: tuple[type[Refusal], ...] = (ledger.UnknownUnit, WrongKind, BadTerms)


def create(tx: Tables, ctx: Context, cmd: Terms, *, kind: str, decimals: int, **defaults: str) -> Unit:
    """Make a unit by the command's terms; floor 0 and no ceiling where they say nothing. `defaults`: of its terms.

    Raises UnitExists, BadTerms.
    """
    if tx.get(Unit, cmd.unit) is not None:
        raise UnitExists(unit=cmd.unit)
    stated = ctx.kernel.policy.book(tx).units.get(cmd.unit, decimals)
    if stated != decimals:
        raise BadTerms(unit=cmd.unit, reason=f"the bylaws give it {stated} decimals")
    plain = Unit(cmd.unit, kind, decimals, None, 0, None, None, None, True, "open", ctx.time_ms, dict(defaults))
    unit = _revised(plain, cmd)
    _check(tx, unit)
    tx.put(unit)
    return unit


def change(tx: Tables, cmd: Terms, *, kind: str) -> Unit:
    """Change the terms of a unit. Raises UnknownUnit, WrongKind, BadTerms."""
    unit = _revised(of_kind(tx, cmd.unit, kind), cmd)
    _check(tx, unit)
    tx.put(unit)
    return unit


def of_kind(tx: Tables, code: str, kind: str) -> Unit:
    """The unit, if it is of that kind. Raises UnknownUnit, WrongKind."""
    unit = ledger.unit_of(tx, code)
    if unit.kind != kind:
        raise WrongKind(unit=code, kind=unit.kind, wanted=kind)
    return unit


def levy(unit: Unit, amount_minor: int) -> int:
    """The levy on a payment of that amount, in minor units, rounded half to even; 0 if the unit has none."""
    points = unit.terms.get(LEVY, 0)
    if not isinstance(points, int) or not points:
        return 0
    whole, rest = divmod(amount_minor * points, 10_000)
    return whole + (rest > 5_000 or (rest == 5_000 and whole % 2 == 1))


def line_max(unit: Unit) -> int | None:
    """The largest credit line that issuing may give, in minor units; None for no bound."""
    found = unit.terms.get(LINE_MAX)
    return found if isinstance(found, int) else None


def describe(tx: Tables, unit: Unit) -> dict[str, Any]:
    """A unit as people read it: its limits as amounts, its terms by name, what is outstanding."""

    def amount(minor: int | None) -> Amount | None:
        return None if minor is None else Amount(minor, unit.decimals, unit.code)

    terms = unit.terms
    return {
        "unit": unit.code, "title": terms.get(TITLE, ""), "kind": unit.kind, "decimals": unit.decimals,
        "status": unit.status, "transferable": unit.transferable,
        "supply": amount(ledger.supply(tx, unit.code)) if unit.kind == CURRENCY else None,
        "cap": amount(unit.cap_minor), "floor": amount(unit.floor_minor), "ceiling": amount(unit.ceiling_minor),
        "soft_floor": amount(unit.soft_floor_minor), "soft_ceiling": amount(unit.soft_ceiling_minor),
        "levy_bp": terms.get(LEVY, 0), "line_max": amount(line_max(unit)),
        "approval_above": amount(_whole(terms.get(APPROVAL))),
        "mint": terms.get(MINT, ""), "burn": terms.get(BURN, ""), "since_ms": unit.since_ms,
    }  # fmt: skip


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _revised(unit: Unit, cmd: Terms) -> Unit:
    """The unit with what the command gives changed. Commands differ in which of the fields they have."""
    columns: dict[str, Any] = {}
    for column in _COLUMNS:
        if getattr(cmd, "no_" + column.removesuffix("_minor"), False):
            columns[column] = None
        elif (given := getattr(cmd, column, None)) is not None:
            columns[column] = given
    if cmd.transferable is not None:
        columns["transferable"] = cmd.transferable
    closed = getattr(cmd, "closed", None)
    if closed is not None:
        columns["status"] = "closed" if closed else "open"
    terms = dict(unit.terms)
    for field, name in _TERMS.items():
        given = getattr(cmd, field, None)
        if given is not None:
            terms[name] = given
    if cmd.no_approval:
        terms[APPROVAL] = INT64_MAX
    if getattr(cmd, "no_line_max", False):
        terms.pop(LINE_MAX, None)
    return msgspec.structs.replace(unit, **columns, terms=dict(sorted(terms.items())))


def _check(tx: Tables, unit: Unit) -> None:
    floor, ceiling = unit.floor_minor, unit.ceiling_minor
    faults = (
        (floor is not None and floor > 0, "a new account would start below its floor"),
        (ceiling is not None and ceiling < 0, "a new account would start above its ceiling"),
        (unit.kind == CURRENCY and floor != 0, "an account in a minted currency has no credit line"),
        (_beyond(floor, unit.soft_floor_minor), "the soft floor lies below the floor"),
        (_beyond(unit.soft_ceiling_minor, ceiling), "the soft ceiling lies above the ceiling"),
        (_beyond(unit.soft_floor_minor, unit.soft_ceiling_minor), "the soft floor lies above the soft ceiling"),
        (_beyond(ledger.supply(tx, unit.code), unit.cap_minor), "more is outstanding than the cap"),
        ((line_max(unit) or 0) < 0, "the largest credit line is an amount of zero or above"),
        ((_whole(unit.terms.get(APPROVAL)) or 0) < 0, "the amount for approvals is zero or above"),
    )
    for fault, reason in faults:
        if fault:
            raise BadTerms(unit=unit.code, reason=reason)
    for name in (MINT, BURN):
        who = unit.terms.get(name)
        if isinstance(who, str):
            try:
                bylaws.compiled(who)
            except bylaws.BylawsInvalid as error:
                raise BadTerms(unit=unit.code, reason=f"{name}: {error.facts['reason']}") from None
            if any(c.strip().startswith("term ") for c in who.split(" or ")):
                raise BadTerms(unit=unit.code, reason=f"{name}: a term cannot refer to a term")


def _beyond(low: int | None, high: int | None) -> bool:
    return low is not None and high is not None and low > high
