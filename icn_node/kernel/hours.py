"""Hours: the unit of a time bank, what hours are given for, and whether members give back what they take.

An hour is an hour, whoever gives it: one unit, HOUR, counted in minutes, with limits like any other, made when it is
first needed. Domains that pay in hours (time bank, mutual aid, classes) share it, and count in one fair-exchange
index. It must not know who logs what.
"""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec

from icn_node.kernel import charter, ledger, reciprocity, registry, units
from icn_node.kernel.commitment import Exchange
from icn_node.kernel.context import Context
from icn_node.kernel.fields import LimitMinor
from icn_node.kernel.ledger import Unit
from icn_node.kernel.reciprocity import Reciprocity
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.tables import Record, Tables

HOUR: Final = "HOUR"
UNDONE: Final = frozenset({"reversal"})

CATEGORIES = (
    "administration", "arts", "childcare", "cleaning", "companionship", "computer-help", "cooking", "eldercare",
    "errands", "gardening", "health", "home-repair", "other", "sewing", "teaching", "translation", "transport",
)  # fmt: skip
CATEGORIES_MOST = 60

REFUSALS: Final[tuple[type[Refusal], ...]] = (units.WrongKind, units.BadTerms)


class Categories(Record, frozen=True):
    """What hours are given for, as last changed by decision; without the row, CATEGORIES."""

    TABLE: ClassVar[str] = "timebank_categories"
    KEY: ClassVar[tuple[str, ...]] = ("no",)
    no: int
    names: tuple[str, ...]
    since_ms: int


class Alerted(Record, frozen=True):
    """The member was told that the fair-exchange index is beyond the mark, and has not earned it back since."""

    TABLE: ClassVar[str] = "timebank_alerted"
    KEY: ClassVar[tuple[str, ...]] = ("party",)
    party: int
    since_ms: int


RECORDS = (Categories, Alerted)


class UnknownCategory(Refusal):
    """The category is not on the list."""

    code = "timebank.unknown_category"
    text = "There is no category {category}. There are: {known}."
    advice = "A decision changes the list (`timebank.change_categories`)."


class BadCategories(Refusal):
    """The list of categories would be empty or too long."""

    code = "timebank.bad_categories"
    text = "There would be {count} categories; 1 to {most} is what a list may have."


class Terms(units.Terms, frozen=True):
    """Terms of the unit of hours. floor_minor: how many minutes a member may owe, zero or below."""

    floor_minor: LimitMinor | None = None
    no_floor: bool = False


def unit_of(tx: Tables, ctx: Context) -> Unit:
    """The unit of hours, made with the limits that the parameters state if it is not there. Raises REFUSALS.

    Beyond the group's norm a member is warned, beyond the limits refused. Members pay each other in it by the commands
    of the domains, never by a plain transfer, which would let them pay hours that they do not own.
    """
    if tx.get(Unit, HOUR) is not None:
        return units.of_kind(tx, HOUR, units.HOURS)
    floor, ceiling = ctx.number(tx, "timebank.floor_minutes"), ctx.number(tx, "timebank.ceiling_minutes")
    norm = ctx.number(tx, "timebank.norm_minutes")
    terms = Terms(
        HOUR, title="Hours", floor_minor=floor, ceiling_minor=ceiling, soft_floor_minor=max(-norm, floor),
        soft_ceiling_minor=min(norm, ceiling), transferable=False,
    )  # fmt: skip
    return units.create(tx, ctx, terms, kind=units.HOURS, decimals=0)


def text(minutes: int) -> str:
    """Minutes as people write them: 90 is 1:30."""
    return f"{'-' if minutes < 0 else ''}{abs(minutes) // 60}:{abs(minutes) % 60:02d}"


def index(tx: Tables, ctx: Context, party: int) -> Reciprocity:
    """What a party earned and spent, in minutes, in the months that the parameters state, ending today."""
    first, last = _period(tx, ctx)
    return reciprocity.of(tx, HOUR, party, first, last, _counted(tx, ctx), UNDONE)


def _period(tx: Tables, ctx: Context) -> tuple[int, int]:
    return reciprocity.period(charter.local_day(tx, ctx.time_ms), ctx.number(tx, "timebank.index_months"))


def _counted(tx: Tables, ctx: Context) -> frozenset[str]:
    return frozenset(str(ctx.param(tx, "timebank.index_kinds")).split())


def alerts(tx: Tables, ctx: Context, found: Reciprocity) -> bool:
    """Whether the index exceeds what the parameters allow."""
    return found.alerts(ctx.number(tx, "timebank.alert_hundredths"), ctx.number(tx, "timebank.norm_minutes"))


def spendable(tx: Tables, party: int) -> int:
    """The minutes that a party owns and has not on hold, zero or above."""
    account = tx.get(ledger.Account, HOUR, party, ledger.MAIN)
    return 0 if account is None else max(0, account.balance_minor - account.held_out_minor)


def category_names(tx: Tables) -> tuple[str, ...]:
    """The categories in force, sorted."""
    changed = tx.get(Categories, 1)
    return CATEGORIES if changed is None else changed.names


def check_category(tx: Tables, name: str) -> None:
    """Raise UnknownCategory unless it is on the list."""
    known = category_names(tx)
    if name not in known:
        raise UnknownCategory(category=name, known=", ".join(known))


def exchange_ended(tx: Tables, no: int, ctx: Context) -> None:
    """Reaction: an exchange of whatever domain has ended; where hours were paid, the payers' index is looked at."""
    row = tx.get(Exchange, no)
    assert row is not None
    if row.pay_unit != HOUR or row.paid_minor == 0:
        return
    for transfer in row.transfers:
        watch(tx, ctx, transfer)


def watch(tx: Tables, ctx: Context, transfer: int) -> None:
    """Tell a payer whose index this transfer took beyond the mark; forget what a payee was told once it is back.

    An index that time alone took beyond it is told at the next payment.
    """
    made = tx.get(ledger.Transfer, transfer)
    assert made is not None
    first, last = _period(tx, ctx)
    if not first <= made.value_day <= last or made.kind not in _counted(tx, ctx):
        return
    if tx.get(Alerted, made.payee) is not None and not alerts(tx, ctx, index(tx, ctx, made.payee)):
        tx.delete(Alerted, made.payee)
    if made.payer == registry.SPACE:
        return
    found = index(tx, ctx, made.payer)
    if not alerts(tx, ctx, found):
        return
    before = msgspec.structs.replace(found, spent_minor=max(0, found.spent_minor - made.amount_minor))
    if tx.get(Alerted, made.payer) is None or not alerts(tx, ctx, before):
        tx.put(Alerted(made.payer, ctx.time_ms))
        ctx.notify(tx, made.payer, "timebank.alert", spent=text(found.spent_minor), earned=text(found.earned_minor),
                   months=ctx.number(tx, "timebank.index_months"))  # fmt: skip
