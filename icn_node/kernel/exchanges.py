"""Exchanges: what becomes of a commitment between a provider and a receiver, confirmed by both.

A domain module states the terms (`kernel.commitment`): its own word, what is given, how much, by whom to whom, and the
payments that completion makes. This file takes the steps: proposed or reported, agreed, confirmed by both sides in
either order, or declined, called off, disputed and ruled on, or lapsed. Payments are ledger legs of one unit, on hold
from the agreement on if the terms say so. When an exchange ends, modules that react to "exchange.ended" hear of it.

Settings are read as `DOMAIN.word` where the domain's module declares that parameter, else as `exchange.word`.

Invariants: an exchange is `completed` only after both sides confirmed, by two different people; its payments are made
at most once, whole, or by a ruling in part, the parts adding up; each hold ends exactly once, when its exchange ends;
silence pays only where the bylaws say so, and never what a party has denied. It must not know domains, nor who may act
for whom: which party an act is for comes from the caller.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import msgspec

from icn_node.kernel import charter, commitment, intents, ledger, private, registry, timers
from icn_node.kernel.commitment import (
    EXCHANGE_STATES,
    FULFILLED,
    OPEN,
    BadSplit,
    CannotPay,
    Confirmed,
    Exchange,
    NotArbiter,
    NotParty,
    Payment,
    SameHand,
    SameParty,
    Terms,
    TooLate,
    UnknownExchange,
    portions,
    side,
)
from icn_node.kernel.context import Context
from icn_node.kernel.fields import INT64_MAX, Private
from icn_node.kernel.ledger import DAY_MS, Leg
from icn_node.kernel.lifecycle import WrongState, step
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.tables import Tables

RECORDS = (*intents.RECORDS, *commitment.RECORDS)

Refusals = tuple[type[Refusal], ...]
PAYS: Final[Refusals] = (CannotPay, *ledger.REFUSALS)
PROPOSES: Final[Refusals] = (SameParty, SameHand, intents.TooManyOpen, WrongState)
ACCEPTS: Final[Refusals] = (SameParty, SameHand, WrongState, *PAYS)
REPORTS: Final[Refusals] = (SameParty, intents.TooManyOpen)
AGREES: Final[Refusals] = (UnknownExchange, NotParty, WrongState, SameHand, *PAYS)
CONFIRMS: Final[Refusals] = (*AGREES, Confirmed)
DECLINES: Final[Refusals] = (UnknownExchange, NotParty, WrongState, Confirmed)
CALLS_OFF: Final[Refusals] = DECLINES
DISPUTES: Final[Refusals] = (UnknownExchange, NotParty, WrongState, TooLate)
RULES: Final[Refusals] = (UnknownExchange, WrongState, NotArbiter, *PAYS)
SPLITS: Final[Refusals] = (*RULES, BadSplit)


def rule(tx: Tables, ctx: Context, domain: str, word: str) -> int | str | bool:
    """The setting of the domain if it has one of its own, else that of all exchanges."""
    own = f"{domain}.{word}"
    return ctx.param(tx, own if own in ctx.kernel.params else f"exchange.{word}")


def exchange_of(tx: Tables, no: int, domain: str = "") -> Exchange:
    """The exchange of that number (and domain, if given). Raises UnknownExchange."""
    found = tx.get(Exchange, no)
    if found is None or domain not in ("", found.domain):
        raise UnknownExchange(exchange=no)
    return found


# -- how an exchange begins --------------------------------------------------------------------------------------------


def propose(tx: Tables, ctx: Context, terms: Terms, by: int) -> Exchange:
    """State terms that the other side may agree to, about an intent or not. Raises PROPOSES."""
    _check_intent(tx, ctx, terms)
    _bound(tx, ctx, tx.count(Exchange, "intent", terms.intent, "proposed") if terms.intent else 0)
    row = _enter(tx, ctx, terms, "propose", by)
    _tell(tx, ctx, row, "exchange.proposed", row.provider, row.receiver)
    return row


def accept(tx: Tables, ctx: Context, terms: Terms, by: int) -> Exchange:
    """Take an intent up on the terms that it states: agreed at once, by both. Raises ACCEPTS."""
    _check_intent(tx, ctx, terms)
    return _agreed(tx, ctx, _enter(tx, ctx, terms, "agree", by))


def report(tx: Tables, ctx: Context, terms: Terms, by: int | None, confirmed: int | None) -> Exchange:
    """State what has been done; `confirmed` is the party for which the actor's word counts, if it does.

    by: the party that states it, None if a third does. Raises REPORTS.
    """
    _bound(tx, ctx, tx.count(Exchange, "provider", terms.provider, "reported"))
    row = _enter(tx, ctx, terms, "report", by)
    if confirmed == row.provider:
        row = msgspec.structs.replace(row, provider_by=ctx.actor.party)
    elif confirmed == row.receiver:
        row = msgspec.structs.replace(row, receiver_by=ctx.actor.party)
    tx.put(row)
    _tell(tx, ctx, row, "exchange.wanted", *(p for p in (row.provider, row.receiver) if p != confirmed))
    return row


def _check_intent(tx: Tables, ctx: Context, terms: Terms) -> None:
    intent = tx.get(intents.Intent, terms.intent) if terms.intent else None
    if intent is not None:
        step(intents.INTENT_STATES, intent.state, "fill", f"listing {intent.no}")
        if intent.by == ctx.actor.party:
            raise SameHand


def _bound(tx: Tables, ctx: Context, count: int) -> None:
    most = ctx.number(tx, "exchange.open_most")
    if count >= most:
        raise intents.TooManyOpen(most=most)


def _enter(tx: Tables, ctx: Context, terms: Terms, event: str, by: int | None) -> Exchange:
    if terms.provider == terms.receiver:
        raise SameParty
    assert bool(terms.pay_unit) == bool(terms.payments), "payments are in one unit, and a unit is for payments"
    assert all(p.amount_minor > 0 for p in terms.payments)
    no = tx.next_no("exchange")
    until = _deadline(tx, ctx, terms.domain, "confirm_days", terms.due_ms)
    timer = timers.schedule(tx, until, "exchange.due", no)
    row = Exchange(
        no, terms.domain, terms.what, terms.unit, terms.amount_minor, terms.provider, terms.receiver, terms.pay_unit,
        terms.payments, terms.escrow, terms.day, terms.intent, _step(no, "", event), ctx.time_ms, ctx.time_ms, until,
        timer, by, ctx.actor.party, note=terms.note,
    )  # fmt: skip
    tx.put(row)
    return row


def _deadline(tx: Tables, ctx: Context, domain: str, days: str, due_ms: int = 0) -> int:
    wanted = rule(tx, ctx, domain, days)
    assert isinstance(wanted, int)
    return max(ctx.time_ms, due_ms) + wanted * DAY_MS


def _step(no: int, state: str, event: str) -> str:
    return step(EXCHANGE_STATES, state, event, f"exchange {no}")


# -- what the parties do -----------------------------------------------------------------------------------------------


def agree(tx: Tables, ctx: Context, row: Exchange, party: int) -> Exchange:
    """Agree to the terms that the other side proposed. Raises AGREES."""
    state = _step(row.no, row.state, "agree")
    side(row, party)
    if party == row.proposer:
        raise NotParty(side="the other party", exchange=row.no)
    if row.entered_by == ctx.actor.party:
        raise SameHand
    until = max(row.until_ms, _deadline(tx, ctx, row.domain, "confirm_days"))
    return _agreed(tx, ctx, msgspec.structs.replace(row, state=state, until_ms=until))


def _agreed(tx: Tables, ctx: Context, row: Exchange) -> Exchange:
    """Give the commitment its place with the intent, hold what it costs if its terms say so, and tell both."""
    if row.intent:
        intents.take(tx, row.intent)
    if row.escrow:
        with _discreetly(tx, ctx, row):
            holds = tuple(ledger.hold(tx, ctx, _leg(row, p, p.amount_minor), None) for p in row.payments)
        row = msgspec.structs.replace(row, holds=holds)
    row = msgspec.structs.replace(row, changed_ms=ctx.time_ms)
    row = _reset_timer(tx, row, row.until_ms)
    tx.put(row)
    _tell(tx, ctx, row, "exchange.agreed", row.provider, row.receiver)
    return row


def confirm(tx: Tables, ctx: Context, row: Exchange, party: int) -> Exchange:
    """Confirm for one side that it was done; with the second side's word it is completed and paid. Raises CONFIRMS."""
    _step(row.no, row.state, "confirm")
    mine = side(row, party)
    own, other = (row.provider_by, row.receiver_by) if mine == "provider" else (row.receiver_by, row.provider_by)
    if own is not None:
        raise Confirmed(side=mine, exchange=row.no)
    if other is not None and other == ctx.actor.party:
        raise SameHand
    if mine == "provider":
        row = msgspec.structs.replace(row, provider_by=ctx.actor.party)
    else:
        row = msgspec.structs.replace(row, receiver_by=ctx.actor.party)
    if other is not None:
        return _finish(tx, ctx, row, "complete", row.total_minor)
    row = msgspec.structs.replace(row, state=_step(row.no, row.state, "confirm"), changed_ms=ctx.time_ms)
    tx.put(row)
    _tell(tx, ctx, row, "exchange.wanted", row.receiver if mine == "provider" else row.provider)
    return row


def decline(tx: Tables, ctx: Context, row: Exchange, party: int, reason: Private | None = None) -> Exchange:
    """Say no to terms that another proposed, or that it was done as reported. Raises DECLINES."""
    _step(row.no, row.state, "decline")
    mine = side(row, party)
    if party == row.proposer:
        raise NotParty(side="the other party", exchange=row.no)
    if (row.provider_by if mine == "provider" else row.receiver_by) is not None:
        raise Confirmed(side=mine, exchange=row.no)
    denied = row.state == "reported"
    private.concern(tx, reason, row.provider, row.receiver)
    row = msgspec.structs.replace(row, denied_by=party if denied else None, reason=reason)
    return _finish(tx, ctx, row, "decline", 0)


def call_off(tx: Tables, ctx: Context, row: Exchange, party: int) -> Exchange:
    """Take back what one proposed or reported; before either side confirms, end what was agreed; as provider, give up
    a disputed claim. Raises CALLS_OFF."""
    if row.state in ("proposed", "reported"):
        if party != row.proposer and ctx.actor.party != row.entered_by:
            raise NotParty(side="who stated the terms", exchange=row.no)
        return _finish(tx, ctx, row, "withdraw", 0)
    _step(row.no, row.state, "cancel")
    mine = side(row, party)
    if row.state == "disputed" and mine != "provider":
        raise NotParty(side="the provider", exchange=row.no)
    if row.state == "agreed" and (row.provider_by is not None or row.receiver_by is not None):
        raise Confirmed(side="provider" if row.provider_by is not None else "receiver", exchange=row.no)
    return _finish(tx, ctx, row, "cancel", 0)


def dispute(tx: Tables, ctx: Context, row: Exchange, party: int, reason: Private | None = None) -> Exchange:
    """Ask the arbiter. One's own confirmation no longer stands. Raises DISPUTES."""
    state = _step(row.no, row.state, "dispute")
    mine = side(row, party)
    if row.denied_by == party:
        raise NotParty(side="the other party", exchange=row.no)
    if row.state == "denied" and ctx.time_ms > row.until_ms:
        raise TooLate(exchange=row.no, until=row.until_ms)
    private.concern(tx, reason, row.provider, row.receiver)
    row = msgspec.structs.replace(
        row, state=state, changed_ms=ctx.time_ms, disputed_by=party, reason=reason or row.reason,
        provider_by=None if mine == "provider" else row.provider_by,
        receiver_by=None if mine == "receiver" else row.receiver_by,
    )  # fmt: skip
    row = _reset_timer(tx, row, _deadline(tx, ctx, row.domain, "dispute_days"))
    tx.put(row)
    _tell(tx, ctx, row, "exchange.disputed", row.provider, row.receiver)
    for arbiter in registry.holders(tx, _arbiter_role(tx, ctx, row), ctx.time_ms):
        if not concerned(tx, ctx, row, arbiter):
            _tell(tx, ctx, row, "exchange.ruling_wanted", arbiter)
    return row


# -- what the arbiter does ---------------------------------------------------------------------------------------------


def settle(tx: Tables, ctx: Context, row: Exchange, ruling: Private | None = None) -> Exchange:
    """Rule that it was done: everybody is paid in full. Raises RULES."""
    return _rule(tx, ctx, row, "settle", row.total_minor, ruling)


def release(tx: Tables, ctx: Context, row: Exchange, ruling: Private | None = None) -> Exchange:
    """Rule that nothing is owed: what was on hold goes back. Raises RULES."""
    return _rule(tx, ctx, row, "release", 0, ruling)


def split(
    tx: Tables, ctx: Context, row: Exchange, provider_minor: int, receiver_minor: int, ruling: Private | None = None
) -> Exchange:
    """Rule what part is paid and what part the payer keeps. Raises SPLITS."""
    _step(row.no, row.state, "split")
    if min(provider_minor, receiver_minor) <= 0 or provider_minor + receiver_minor != row.total_minor:
        parts = min(provider_minor + receiver_minor, INT64_MAX)
        raise BadSplit(amount=parts, unit=row.pay_unit, exchange=row.no, wanted=row.total_minor)
    return _rule(tx, ctx, row, "split", provider_minor, ruling)


def may_rule(tx: Tables, ctx: Context, row: Exchange) -> bool:
    """Whether the actor holds the arbiter's role and is not concerned, or a decision of the space rules."""
    if ctx.origin == "decision":
        return True
    party = ctx.actor.party
    role = _arbiter_role(tx, ctx, row)
    return party > 0 and registry.holds(tx, party, role, ctx.time_ms) and not concerned(tx, ctx, row, party)


def _rule(tx: Tables, ctx: Context, row: Exchange, event: str, paid_minor: int, ruling: Private | None) -> Exchange:
    _step(row.no, row.state, event)
    if not may_rule(tx, ctx, row):
        raise NotArbiter(exchange=row.no, role=_arbiter_role(tx, ctx, row))
    private.concern(tx, ruling, row.provider, row.receiver)
    row = msgspec.structs.replace(row, ruled_by=ctx.actor.party, ruling=ruling)
    return _finish(tx, ctx, row, event, paid_minor)


def _arbiter_role(tx: Tables, ctx: Context, row: Exchange) -> str:
    return str(rule(tx, ctx, row.domain, "arbiter"))


def concerned(tx: Tables, ctx: Context, row: Exchange, party: int) -> bool:
    """Whether they are a party of the exchange, or sign for one."""
    sides = (row.provider, row.receiver)
    return party in sides or any(registry.mandate(tx, one, party, ctx.time_ms) is not None for one in sides)


# -- what time does ----------------------------------------------------------------------------------------------------


def fall_due(tx: Tables, no: int, ctx: Context) -> None:
    """The timer of an exchange: it lapses to what the bylaws state. What cannot be paid then is not paid."""
    row = tx.get(Exchange, no)
    if row is None or row.state not in OPEN or ctx.time_ms < row.until_ms:
        return
    total = row.total_minor
    if row.state == "disputed":
        default = str(rule(tx, ctx, row.domain, "dispute_default"))
        if row.denied_by is not None or (default == "split" and total < 2):
            default = "release"
        event, paid = {"settle": ("settle", total), "split": ("split", total - total // 2)}.get(default, ("release", 0))
        fallback = "release"
    else:
        pays = row.state != "proposed" and rule(tx, ctx, row.domain, "confirm_default") == "settle"
        event, paid = ("lapse", total) if pays else ("expire", 0)
        fallback = "expire"
    mark = tx.mark()
    try:
        _finish(tx, ctx, row, event, paid)
    except PAYS:
        tx.rollback(mark)
        _finish(tx, ctx, row, fallback, 0)


def intent_due(tx: Tables, no: int, ctx: Context) -> None:
    """The timer of an intent: it expires, and so do the proposals that wait for an answer."""
    intent = tx.get(intents.Intent, no)
    if intent is not None and "expire" in intents.INTENT_STATES[intent.state]:
        end_intent(tx, ctx, intent, "expire")


def end_intent(tx: Tables, ctx: Context, intent: intents.Intent, event: str) -> None:
    """Withdraw or expire an intent; proposals on it that wait for an answer are declined. Raises WrongState."""
    intents.end(tx, intent, event)
    for row in tx.scan(Exchange, "intent", intent.no, "proposed"):
        _finish(tx, ctx, row, "decline", 0)


# -- how an exchange ends ----------------------------------------------------------------------------------------------


def _finish(tx: Tables, ctx: Context, row: Exchange, event: str, paid_minor: int) -> Exchange:
    """End it by paying so much of what it costs; holds end with it, and an unfulfilled intent is open again."""
    state = _step(row.no, row.state, event)
    day = charter.local_day(tx, ctx.time_ms) if row.day is None else row.day
    parts = portions([p.amount_minor for p in row.payments], paid_minor)
    transfers: list[int] = []
    if row.holds:
        for hold, part in zip(row.holds, parts, strict=True):
            if part:
                transfers.append(ledger.settle(tx, ctx, hold, part, day))
            else:
                ledger.release(tx, hold)
    elif paid_minor:
        legs = [_leg(row, p, part, day) for p, part in zip(row.payments, parts, strict=True) if part]
        with _discreetly(tx, ctx, row):
            transfers = ledger.post(tx, ctx, tuple(legs))
    if row.intent and row.state in ("agreed", "disputed") and state not in FULFILLED:
        intents.give_back(tx, row.intent)
    tx.delete(timers.Timer, row.timer)
    # What was denied may still be disputed for as long as it could have been confirmed.
    until = _deadline(tx, ctx, row.domain, "confirm_days") if state == "denied" else 0
    row = msgspec.structs.replace(
        row, state=state, changed_ms=ctx.time_ms, until_ms=until, timer=0, holds=(), transfers=tuple(transfers),
        paid_minor=paid_minor,
    )  # fmt: skip
    tx.put(row)
    _tell(tx, ctx, row, "exchange.ended", row.provider, row.receiver)
    ctx.tell(tx, "exchange.ended", row.no)
    return row


@contextmanager
def _discreetly(tx: Tables, ctx: Context, row: Exchange) -> Iterator[None]:
    """Do not tell others than the payer what is on the payer's account: it stands in the facts of a refusal."""
    try:
        yield
    except ledger.OverFloor:
        if all(acts_for(tx, ctx, p.payer) for p in row.payments):
            raise
        raise CannotPay(exchange=row.no) from None


def acts_for(tx: Tables, ctx: Context, party: int) -> bool:
    """Whether the actor is the party, or signs for it."""
    return party == ctx.actor.party or registry.mandate(tx, party, ctx.actor.party, ctx.time_ms) is not None


def _leg(row: Exchange, payment: Payment, amount_minor: int, day: int | None = None) -> Leg:
    return Leg(row.pay_unit, payment.payer, payment.payee, amount_minor, payment.kind, payment.payer_sub,
               payment.payee_sub, row.no, day, row.note)  # fmt: skip


def _reset_timer(tx: Tables, row: Exchange, until_ms: int) -> Exchange:
    tx.delete(timers.Timer, row.timer)
    timer = timers.schedule(tx, until_ms, "exchange.due", row.no)
    return msgspec.structs.replace(row, timer=timer, until_ms=until_ms)


def _tell(tx: Tables, ctx: Context, row: Exchange, code: str, *parties: int) -> None:
    """Leave a notice for those of the parties who did not act themselves."""
    for party in parties:
        if party != ctx.actor.party:
            ctx.notify(tx, party, code, exchange=row.no, domain=row.domain, what=row.what, unit=row.unit,
                       amount=row.amount_minor, state=row.state, by=ctx.actor.did)  # fmt: skip
