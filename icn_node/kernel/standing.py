"""Standing consent: payment requests, allowances by which a payer accepts in advance, and recurring payments.

A payer's money moves only by the payer's act. Here that act lies before or after the moment of payment: a request waits
for it; an allowance gives it in advance, to one payee, up to a sum in each period; a recurring payment gives it once
for equal instalments. All of them pay through `payments.pay`, with its limits and levies.

Invariants: a request is paid at most once; an allowance never gives out more than its sum within one period; the k-th
instalment falls due k periods after the first by the calendar (UTC), never by adding to the last one, so a monthly
payment of the 31st stays there. An instalment that fails moves nothing, tells both, and is tried again a period later.

It must not know who may do what. Decision 0033.
"""

from __future__ import annotations

import datetime
from typing import ClassVar

import msgspec

from icn_node.kernel import calendar, payments, registry, timers
from icn_node.kernel.context import Context
from icn_node.kernel.fields import Private
from icn_node.kernel.ledger import DAY_MS, Unit
from icn_node.kernel.refusal import Fact, Refusal
from icn_node.kernel.tables import Record, Tables

REQUEST_STATES: dict[str, dict[str, str]] = {
    "open": {"pay": "paid", "refuse": "refused", "withdraw": "withdrawn", "expire": "expired"},
}
RECURRING_STATES: dict[str, dict[str, str]] = {
    "active": {"cancel": "cancelled", "finish": "finished", "fail": "failed"},
}
PERIODS: dict[str, tuple[int, int]] = {  # days, months
    "day": (1, 0), "week": (7, 0), "month": (0, 1), "quarter": (0, 3), "year": (0, 12),
}  # fmt: skip
FURTHEST_MS = 10 * 366 * DAY_MS  # how far ahead a first instalment or a deadline may lie


class PaymentRequest(Record, frozen=True):
    """`payee` asks `payer` for an amount. transfer: the payment's number once it is paid, else 0."""

    TABLE: ClassVar[str] = "payment_request"
    KEY: ClassVar[tuple[str, ...]] = ("no",)
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {
        "payer": ("payer", "state", "no"), "payee": ("payee", "state", "no"),
    }  # fmt: skip
    no: int
    unit: str
    payee: int
    payer: int
    amount_minor: int
    state: str
    since_ms: int
    until_ms: int
    transfer: int = 0
    memo: Private | None = None


class Allowance(Record, frozen=True):
    """`payer` accepts requests of `payee` in advance, up to `amount_minor` in all in each period of `days`.

    spent_minor: in the period that began at `period_ms`.
    """

    TABLE: ClassVar[str] = "allowance"
    KEY: ClassVar[tuple[str, ...]] = ("payer", "payee", "unit")
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {"payee": ("payee",)}
    payer: int
    payee: int
    unit: str
    amount_minor: int
    days: int
    since_ms: int
    period_ms: int
    spent_minor: int


class Recurring(Record, frozen=True):
    """Equal instalments. tried: periods that have passed; paid: instalments that were paid; failures: in a row."""

    TABLE: ClassVar[str] = "recurring"
    KEY: ClassVar[tuple[str, ...]] = ("no",)
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {
        "payer": ("payer", "state", "no"), "payee": ("payee", "state", "no"),
    }  # fmt: skip
    no: int
    unit: str
    payer: int
    payee: int
    amount_minor: int
    every: str
    first_ms: int
    times: int | None
    state: str
    since_ms: int
    tried: int = 0
    paid: int = 0
    failures: int = 0
    memo: Private | None = None


RECORDS = (PaymentRequest, Allowance, Recurring)


class UnknownRequest(Refusal):
    """No payment request of that number."""

    code = "unknown_request"
    text = "There is no payment request {request}."
    advice = "See `icn credit requests`."


class RequestEnded(Refusal):
    """The request was paid, refused, withdrawn, or has expired."""

    code = "request_ended"
    text = "Payment request {request} is {state}."


class RequestDiffers(Refusal):
    """A payment that names a request states another payee, amount or unit."""

    code = "request_differs"
    text = "Payment request {request} is for {amount} {unit}, to its own payee."
    advice = "See `icn credit requests`."


class UnknownRecurring(Refusal):
    """No recurring payment of that number."""

    code = "unknown_recurring"
    text = "There is no recurring payment {recurring}."
    advice = "See `icn credit standing`."


class RecurringEnded(Refusal):
    """The recurring payment was cancelled, has failed for good, or is paid up."""

    code = "recurring_ended"
    text = "Recurring payment {recurring} is {state}."


class BadTime(Refusal):
    """A deadline or first instalment that lies in the past, or more than ten years ahead."""

    code = "bad_time"
    text = "The time must lie between now and ten years from now."


def check_ahead(time_ms: int, now_ms: int) -> None:
    """Raise BadTime unless the time is now or later, within ten years."""
    if not now_ms <= time_ms <= now_ms + FURTHEST_MS:
        raise BadTime


# -- requests ----------------------------------------------------------------------------------------------------------


def ask(
    tx: Tables, ctx: Context, unit: Unit, payee: int, payer: int, amount_minor: int, until_ms: int, memo: Private | None
) -> PaymentRequest:
    """Open a request; paid at once where the payer has allowed it. Raises BadTime."""
    check_ahead(until_ms, ctx.time_ms)
    no = tx.next_no("payment_request")
    request = PaymentRequest(no, unit.code, payee, payer, amount_minor, "open", ctx.time_ms, until_ms, 0, memo)
    tx.put(request)
    timers.schedule(tx, until_ms, "credit.request_expires", no)
    if not _pay_by_allowance(tx, ctx, unit, request):
        ctx.notify(tx, payer, "credit.requested", request=no, payee=payments.did_of(tx, payee), amount=amount_minor,
                   unit=unit.code)  # fmt: skip
    return request_of(tx, no)


def request_of(tx: Tables, no: int) -> PaymentRequest:
    """The request of that number. Raises UnknownRequest."""
    found = tx.get(PaymentRequest, no)
    if found is None:
        raise UnknownRequest(request=no)
    return found


def open_request(tx: Tables, no: int) -> PaymentRequest:
    """The request, if it still waits. Raises UnknownRequest, RequestEnded."""
    found = request_of(tx, no)
    if found.state != "open":
        raise RequestEnded(request=no, state=found.state)
    return found


def end_request(tx: Tables, request: PaymentRequest, event: str, transfer: int = 0) -> None:
    """Take an open request to its end: `pay` (by that transfer), `refuse`, `withdraw` or `expire`."""
    state = REQUEST_STATES[request.state][event]
    tx.put(msgspec.structs.replace(request, state=state, transfer=transfer))
    timers.cancel(tx, "credit.request_expires", request.no)


def expire_request(tx: Tables, no: int, ctx: Context) -> None:
    """The timer of a request."""
    request = request_of(tx, no)
    if request.state == "open":
        end_request(tx, request, "expire")
        ctx.notify(tx, request.payee, "credit.request_ended", request=no, state="expired",
                   payer=payments.did_of(tx, request.payer))  # fmt: skip


def _period_ms(allowance: Allowance, time_ms: int) -> int:
    length = allowance.days * DAY_MS
    return allowance.period_ms + (time_ms - allowance.period_ms) // length * length


def spent_minor(allowance: Allowance, time_ms: int) -> int:
    """What went out by the allowance in the period of that time."""
    return allowance.spent_minor if _period_ms(allowance, time_ms) == allowance.period_ms else 0


def _pay_by_allowance(tx: Tables, ctx: Context, unit: Unit, request: PaymentRequest) -> bool:
    """Pay a request that its payer has allowed, if both sides' limits let it through."""
    allowance = tx.get(Allowance, request.payer, request.payee, unit.code)
    if allowance is None:
        return False
    spent = spent_minor(allowance, ctx.time_ms)
    if spent + request.amount_minor > allowance.amount_minor:
        return False
    mark = tx.mark()
    try:
        no = payments.pay(
            tx, ctx, unit, request.payer, request.payee, request.amount_minor,
            kind=payments.REQUEST, ref=request.no, memo=request.memo,
        )  # fmt: skip
    except Refusal:
        tx.rollback(mark)  # the request waits for the payer like any other
        return False
    begun = _period_ms(allowance, ctx.time_ms)
    tx.put(msgspec.structs.replace(allowance, period_ms=begun, spent_minor=spent + request.amount_minor))
    end_request(tx, request, "pay", no)
    ctx.notify(tx, request.payer, "credit.paid_by_allowance", request=request.no, amount=request.amount_minor,
               unit=unit.code, payee=payments.did_of(tx, request.payee))  # fmt: skip
    return True


# -- recurring payments ------------------------------------------------------------------------------------------------


def due_ms(first_ms: int, every: str, periods: int) -> int:
    """When the instalment after that many periods falls due: the same time of day, UTC, by the calendar."""
    days, months = PERIODS[every]
    if days:
        return first_ms + days * periods * DAY_MS
    day, rest = divmod(first_ms, DAY_MS)
    date = calendar.add_months(calendar.EPOCH + datetime.timedelta(days=day), months * periods)
    return (date - calendar.EPOCH).days * DAY_MS + rest


def start(
    tx: Tables, ctx: Context, unit: Unit, payer: int, payee: int, amount_minor: int,
    every: str, first_ms: int, times: int | None, memo: Private | None,
) -> int:  # fmt: skip
    """Set up a recurring payment; its number. Raises BadTime."""
    check_ahead(first_ms, ctx.time_ms)
    no = tx.next_no("recurring")
    tx.put(Recurring(no, unit.code, payer, payee, amount_minor, every, first_ms, times, "active", ctx.time_ms,
                     memo=memo))  # fmt: skip
    timers.schedule(tx, first_ms, "credit.instalment", no)
    return no


def active_recurring(tx: Tables, no: int) -> Recurring:
    """The recurring payment, if it goes on. Raises UnknownRecurring, RecurringEnded."""
    found = tx.get(Recurring, no)
    if found is None:
        raise UnknownRecurring(recurring=no)
    if found.state != "active":
        raise RecurringEnded(recurring=no, state=found.state)
    return found


def end_recurring(tx: Tables, order: Recurring, event: str) -> None:
    """Take a recurring payment to its end: `cancel`, `finish` or `fail`."""
    tx.put(msgspec.structs.replace(order, state=RECURRING_STATES[order.state][event]))
    timers.cancel(tx, "credit.instalment", order.no)


def cancel(tx: Tables, ctx: Context, order: Recurring) -> None:
    """End a recurring payment because one side wants it, and tell both."""
    _end_and_tell(tx, ctx, order, "cancel")


def instalment(tx: Tables, no: int, ctx: Context) -> None:
    """The timer of a recurring payment: pay what is due, and set the next one."""
    order = active_recurring(tx, no)
    reason = _pay_instalment(tx, ctx, order)
    tried = order.tried + 1
    if reason:
        order = msgspec.structs.replace(order, tried=tried, failures=order.failures + 1)
        _tell_both(tx, ctx, order, "credit.instalment_failed", reason=reason, unit=order.unit,
                   amount=order.amount_minor, failures=order.failures)  # fmt: skip
    else:
        order = msgspec.structs.replace(order, tried=tried, paid=order.paid + 1, failures=0)
    tx.put(order)
    if order.paid == order.times:
        _end_and_tell(tx, ctx, order, "finish")
    elif order.failures > ctx.number(tx, "credit.instalment_failures"):
        _end_and_tell(tx, ctx, order, "fail")
    else:
        timers.schedule(tx, due_ms(order.first_ms, order.every, tried), "credit.instalment", no)


def _pay_instalment(tx: Tables, ctx: Context, order: Recurring) -> str:
    """Pay one instalment; '' or the code of what stood against it, and then nothing has changed."""
    if not (registry.is_active(tx, order.payer) and registry.is_active(tx, order.payee)):
        return registry.NotActive.code
    mark = tx.mark()
    try:
        unit = payments.payable(tx, order.unit)
        payments.pay(tx, ctx, unit, order.payer, order.payee, order.amount_minor,
                     kind=payments.STANDING, ref=order.no, memo=order.memo)  # fmt: skip
    except Refusal as refusal:
        tx.rollback(mark)
        return refusal.code
    return ""


def _tell_both(tx: Tables, ctx: Context, order: Recurring, code: str, **facts: Fact) -> None:
    for party in (order.payer, order.payee):
        ctx.notify(tx, party, code, recurring=order.no, payer=payments.did_of(tx, order.payer),
                   payee=payments.did_of(tx, order.payee), **facts)  # fmt: skip


def _end_and_tell(tx: Tables, ctx: Context, order: Recurring, event: str) -> None:
    _tell_both(tx, ctx, order, "credit.recurring_ended", state=RECURRING_STATES[order.state][event])
    end_recurring(tx, order, event)


def end_all(tx: Tables, unit: str, party: int) -> None:
    """End what a party's account in that unit has open: its requests, allowances and recurring payments, both sides."""
    for side in ("payer", "payee"):
        for request in tx.scan(PaymentRequest, side, party, "open"):
            if request.unit == unit:
                end_request(tx, request, "withdraw")
        for order in tx.scan(Recurring, side, party, "active"):
            if order.unit == unit:
                end_recurring(tx, order, "cancel")
    for allowance in (*tx.scan(Allowance, "key", party), *tx.scan(Allowance, "payee", party)):
        if allowance.unit == unit:
            tx.delete(Allowance, allowance.payer, allowance.payee, unit)
