"""Exchanges of every domain: one's own in one list, the disputes, and what an arbiter rules on them.

The parties act in the words of their domain (`timebank.confirm`, `timebank.dispute`); an arbiter rules here, whatever
the domain. Which role rules, and what becomes of exchanges that nobody confirms or rules on, are settings; a domain may
have its own. Always on: the lifecycle itself is `kernel.exchanges`.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from msgspec import Meta

from icn_node.kernel import commitment, exchanges, ledger, registry
from icn_node.kernel.commitment import Exchange, UnknownExchange
from icn_node.kernel.context import Context
from icn_node.kernel.fields import AmountMinor, No, Private, UnitCode, Who
from icn_node.kernel.module import (
    Amount,
    Command,
    Module,
    NoticeSpec,
    ParamSpec,
    Party,
    Query,
    TimerSpec,
    command,
    query,
)
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.tables import Tables

After = Annotated[int, Meta(ge=0)]
Limit = Annotated[int, Meta(ge=1, le=1000)]
State = Annotated[str, Meta(pattern="^(all|open|" + "|".join(s for s in commitment.EXCHANGE_STATES if s) + ")$")]


class WrongUnit(Refusal):
    """The parts of a split are stated in another unit than the exchange costs."""

    code = "exchange.wrong_unit"
    text = "Exchange {exchange} is paid in {unit}."


# -- commands ----------------------------------------------------------------------------------------------------------


class Settle(Command, frozen=True):
    """Rule on a dispute that it was done: the provider is paid in full."""

    OP: ClassVar[str] = "exchange.settle"
    exchange: No
    reason: Private | None = None


class Release(Command, frozen=True):
    """Rule on a dispute that nothing is owed: what was on hold goes back to the payer."""

    OP: ClassVar[str] = "exchange.release"
    exchange: No
    reason: Private | None = None


class Split(Command, frozen=True):
    """Rule on a dispute that part is paid and the payer keeps the rest; the two add up to what the exchange costs."""

    OP: ClassVar[str] = "exchange.split"
    exchange: No
    unit: UnitCode
    provider_minor: AmountMinor
    receiver_minor: AmountMinor
    reason: Private | None = None


def settle(tx: Tables, cmd: Settle, ctx: Context) -> str:
    return exchanges.settle(tx, ctx, exchanges.exchange_of(tx, cmd.exchange), cmd.reason).state


def release(tx: Tables, cmd: Release, ctx: Context) -> str:
    return exchanges.release(tx, ctx, exchanges.exchange_of(tx, cmd.exchange), cmd.reason).state


def split(tx: Tables, cmd: Split, ctx: Context) -> str:
    row = exchanges.exchange_of(tx, cmd.exchange)
    if row.pay_unit and cmd.unit != row.pay_unit:
        raise WrongUnit(exchange=row.no, unit=row.pay_unit)
    return exchanges.split(tx, ctx, row, cmd.provider_minor, cmd.receiver_minor, cmd.reason).state


# -- queries -----------------------------------------------------------------------------------------------------------


class ListQuery(Query, frozen=True):
    """A party's exchanges, by number: the open ones, all, or those in one state. after: the last number seen."""

    party: Who | None = None
    state: State = "open"
    after: After = 0
    limit: Limit = 50


class Show(Query, frozen=True):
    """One exchange: its parties see it, and once it is disputed whoever may rule on it."""

    exchange: No


class Disputes(Query, frozen=True):
    """The disputes that you may rule on, by number. after: the last number seen."""

    after: After = 0
    limit: Limit = 50


def list_exchanges(tx: Tables, q: ListQuery, reader: Context) -> list[dict[str, Any]]:
    party = reader.actor.party if q.party is None else registry.party_of(tx, q.party).no
    if q.state == "all":
        states = [s for s in commitment.EXCHANGE_STATES if s]
    else:
        states = list(commitment.OPEN) if q.state == "open" else [q.state]
    found = [
        row
        for side in ("provider", "receiver")
        for state in states
        for row in tx.scan(Exchange, side, party, state, start=q.after + 1, limit=q.limit)
    ]
    return [_spoken(tx, row) for row in sorted(found, key=lambda r: r.no)[: q.limit]]


def show(tx: Tables, q: Show, reader: Context) -> dict[str, Any]:
    row = exchanges.exchange_of(tx, q.exchange)
    if not (
        reader.origin == "operator"
        or reader.param(tx, "exchange.published") is True
        or row.entered_by == reader.actor.party
        or exchanges.concerned(tx, reader, row, reader.actor.party)
        or (row.disputed_by is not None and exchanges.may_rule(tx, reader, row))
    ):
        raise UnknownExchange(exchange=q.exchange)
    return {
        **_spoken(tx, row), "unit": row.unit, "escrow": row.escrow, "value_day": row.day, "listing": row.intent or None,
        "since_ms": row.since_ms, "changed_ms": row.changed_ms, "entered_by": _party(row.entered_by),
        "denied_by": _party(row.denied_by), "disputed_by": _party(row.disputed_by), "ruled_by": _party(row.ruled_by),
        "transfers": list(row.transfers), "reason": row.reason, "ruling": row.ruling,
    }  # fmt: skip


def disputes(tx: Tables, q: Disputes, reader: Context) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = q.after
    while len(found) < q.limit:
        rows = tx.scan(Exchange, "state", "disputed", start=after + 1, limit=q.limit)
        for row in rows:
            if reader.origin == "operator" or exchanges.may_rule(tx, reader, row):
                found.append({**_spoken(tx, row), "disputed_by": _party(row.disputed_by), "reason": row.reason})
        if len(rows) < q.limit:
            break
        after = rows[-1].no
    return found[: q.limit]


def _spoken(tx: Tables, row: Exchange) -> dict[str, Any]:
    return {
        "exchange": row.no, "domain": row.domain, "what": row.what, "amount": _amount(tx, row.amount_minor, row.unit),
        "provider": Party(row.provider), "receiver": Party(row.receiver), "state": row.state,
        "waits_for": _waits_for(row), "until_ms": row.until_ms or None,
        "price": _amount(tx, row.total_minor, row.pay_unit) if row.payments else None,
        "paid": _amount(tx, row.paid_minor, row.pay_unit) if row.paid_minor else None,
        "provider_confirmed": row.provider_by is not None, "receiver_confirmed": row.receiver_by is not None,
        "note": row.note,
    }  # fmt: skip


def _waits_for(row: Exchange) -> str:
    """Whose act it waits for: provider, receiver, both, the arbiter, or nobody's."""
    if row.state == "disputed":
        return "arbiter"
    if row.state == "proposed":
        return "receiver" if row.proposer == row.provider else "provider"
    if row.state not in ("reported", "agreed"):
        return ""
    if row.provider_by is None and row.receiver_by is None:
        return "both"
    return "provider" if row.provider_by is None else "receiver"


def _amount(tx: Tables, minor: int, code: str) -> Amount:
    """In the decimals of the unit, where it is a unit of the ledger; a measure such as pieces has none."""
    unit = tx.get(ledger.Unit, code)
    return Amount(minor, 0 if unit is None else unit.decimals, code)


def _party(no: int | None) -> Party | None:
    return None if no is None else Party(no)


_COLUMNS = ("exchange", "domain", "what", "amount", "provider", "receiver", "state", "waits_for", "until_ms")
_WHY = {"reason": "parties role:steward"}

MODULE = Module(
    name="exchange",
    doc=__doc__,
    always_on=True,
    records=exchanges.RECORDS,
    commands=(
        command(Settle, settle, refuses=exchanges.RULES, private=_WHY, result="the state", example={"exchange": 1}),
        command(Release, release, refuses=exchanges.RULES, private=_WHY, result="the state", example={"exchange": 1}),
        command(Split, split, refuses=(*exchanges.SPLITS, WrongUnit), private=_WHY, result="the state",
                example={"exchange": 1, "unit": "HOUR", "provider_minor": 60, "receiver_minor": 30}),
    ),
    queries=(
        query("exchange.list", ListQuery, list_exchanges, columns=_COLUMNS, refuses=(registry.UnknownMember,),
              example={"state": "open"}),
        query("exchange.show", Show, show, refuses=(UnknownExchange,), example={"exchange": 1}),
        query("exchange.disputes", Disputes, disputes, columns=(*_COLUMNS, "disputed_by"), example={"limit": 10}),
    ),
    timers=(
        TimerSpec("exchange.due", exchanges.fall_due),
        TimerSpec("exchange.intent_due", exchanges.intent_due),
    ),
    params=(
        ParamSpec("exchange.arbiter", "steward", "the role that rules on disputes"),
        ParamSpec("exchange.confirm_days", 30, "days in which both sides confirm", 1, 3650, "days"),
        ParamSpec("exchange.confirm_default", "release",
                  "what becomes of an exchange that is not confirmed in time: settle pays it, release does not",
                  choices=("release", "settle")),
        ParamSpec("exchange.dispute_days", 30, "days in which the arbiter rules", 1, 3650, "days"),
        ParamSpec("exchange.dispute_default", "release",
                  "what becomes of a dispute that nobody rules on: settle pays, release does not, split pays half (the "
                  "odd part to the provider); what a party denied is released",
                  choices=("release", "settle", "split")),
        ParamSpec("exchange.open_most", 200,
                  "listings, proposals on one listing and unconfirmed reports that a party may have open, each",
                  1, 10_000),
        ParamSpec("exchange.published", default=False, doc="everybody in the space may see every exchange"),
    ),
    notices=(
        NoticeSpec("exchange.proposed",
                   "{by} proposes {what}, {amount} {unit}: agree to exchange {exchange} or decline it."),
        NoticeSpec("exchange.agreed", "{by} agreed with you on {what}, {amount} {unit} (exchange {exchange})."),
        NoticeSpec("exchange.wanted", "{by} says it was done: {what}, {amount} {unit}. Confirm or decline exchange "
                                      "{exchange}."),
        NoticeSpec("exchange.ended", "Exchange {exchange} ({what}, {amount} {unit}) is {state}."),
        NoticeSpec("exchange.disputed", "{by} disputes exchange {exchange} ({what}, {amount} {unit})."),
        NoticeSpec("exchange.ruling_wanted", "Exchange {exchange} ({what}, {amount} {unit}) is disputed: please rule."),
    ),
)  # fmt: skip
