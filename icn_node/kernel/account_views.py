"""Views of accounts: what contracts in CCL may read of balances, limits and units, and of hours given and received.

The modules `ledger`, `currency` and `timebank` declare them. An account that is not opened yet has no balance, and the
limits that it would begin with; a party or a unit that does not exist has neither. It must not know any contract.
"""

from __future__ import annotations

from ccl.types import BOOL, DID, INTEGER, OWN_UNIT, Money, Option, Type, UnitCode
from icn_node.kernel import hours, ledger, registry
from icn_node.kernel.hours import HOUR
from icn_node.kernel.views import View, World, view

_OWN = Money(OWN_UNIT)
_ACCOUNT: tuple[tuple[str, Type], ...] = (("who", DID), ("unit", UnitCode(OWN_UNIT)))
_UNIT: tuple[tuple[str, Type], ...] = (("unit", UnitCode(OWN_UNIT)),)
_WHO: tuple[tuple[str, Type], ...] = (("who", DID),)


def _owner(w: World, who: str) -> int | None:
    """The party's number; of '' the space's."""
    return registry.party_no(w.tx, who) if who else registry.SPACE


def _account(w: World, who: str, code: str) -> ledger.Account | None:
    unit, owner = w.tx.get(ledger.Unit, code), _owner(w, who)
    if unit is None or owner is None:
        return None
    return ledger.account_of(w.tx, unit, owner, ledger.MAIN, w.ctx.time_ms)


def balance(w: World, who: str, unit: str) -> int:
    """The balance of that party in a unit; below zero what it owes."""
    owner = _owner(w, who)
    return 0 if owner is None else ledger.balance(w.tx, unit, owner)


def available(w: World, who: str, unit: str) -> int:
    """What that party owns in a unit and has not on hold, zero or above; a credit line does not count."""
    found = _account(w, who, unit)
    return 0 if found is None else max(0, found.balance_minor - found.held_out_minor)


def credit_floor(w: World, who: str, unit: str) -> tuple[int] | None:
    """How far that party's account may go down, zero or below; none where there is no limit."""
    found = _account(w, who, unit)
    return None if found is None or found.floor_minor is None else (found.floor_minor,)


def credit_ceiling(w: World, who: str, unit: str) -> tuple[int] | None:
    """How far that party's account may go up; none where there is no limit."""
    found = _account(w, who, unit)
    return None if found is None or found.ceiling_minor is None else (found.ceiling_minor,)


def treasury(w: World, unit: str) -> int:
    """What the space itself owns in a unit."""
    return ledger.balance(w.tx, unit, registry.SPACE)


def supply(w: World, unit: str) -> int:
    """What is outstanding of a minted unit."""
    return ledger.supply(w.tx, unit)


def unit_open(w: World, unit: str) -> bool:
    """Whether there is such a unit and it takes transfers."""
    found = w.tx.get(ledger.Unit, unit)
    return found is not None and found.status == "open"


def hour_balance(w: World, who: str) -> int:
    """The minutes that party owns, below zero those it owes."""
    return balance(w, who, HOUR)


def _minutes(w: World, who: str) -> tuple[int, int]:
    owner = registry.party_no(w.tx, who)
    if owner is None:
        return 0, 0
    found = hours.index(w.tx, w.ctx, owner)
    return found.earned_minor, found.spent_minor


def hours_given(w: World, who: str) -> int:
    """The minutes that party gave in the months that the fair-exchange index looks at."""
    return _minutes(w, who)[0]


def hours_received(w: World, who: str) -> int:
    """The minutes that party received in those months."""
    return _minutes(w, who)[1]


ACCOUNT_VIEWS: tuple[View, ...] = (
    view("balance", balance, _ACCOUNT, _OWN, "the balance of {0} in {1}", about=0, reads="credit.balance"),
    view("available", available, _ACCOUNT, _OWN, "what {0} has in {1}", about=0, reads="credit.balance", low=0),
    view("credit_floor", credit_floor, _ACCOUNT, Option(_OWN), "the credit line of {0} in {1}", about=0,
         reads="credit.balance"),
    view("credit_ceiling", credit_ceiling, _ACCOUNT, Option(_OWN), "the ceiling of {0} in {1}", about=0,
         reads="credit.balance"),
    view("treasury", treasury, _UNIT, _OWN, "what the space has in {0}"),
    view("unit_open", unit_open, _UNIT, BOOL, "{0} takes transfers"),
)  # fmt: skip
CURRENCY_VIEWS: tuple[View, ...] = (view("supply", supply, _UNIT, _OWN, "what is out of {0}"),)
HOUR_VIEWS: tuple[View, ...] = (
    view("hour_balance", hour_balance, _WHO, INTEGER, "the minutes of {0}", about=0, reads="timebank.balance"),
    view("hours_given", hours_given, _WHO, INTEGER, "the minutes that {0} gave of late", fuel=60, about=0, low=0,
         reads="timebank.index"),
    view("hours_received", hours_received, _WHO, INTEGER, "the minutes that {0} received of late", fuel=60, about=0,
         reads="timebank.index", low=0),
)  # fmt: skip
