"""Mutual credit: members owe and are owed in a unit of their own, and all balances together are zero.

A credit line is a floor below zero. A payment is the payer's own act, or its mandated signer's; a request, an allowance
or a recurring payment is that act before or after the fact. An issuer extends somebody's line and passes on what it
gives. A steward reverses a payment with its levy, sets limits, and helps a leaver hand on a balance.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from icn_node.kernel import ledger, payments, private, registry, standing, units
from icn_node.kernel.context import Context
from icn_node.kernel.fields import AmountMinor, LimitMinor, No, Private, TimeMs, UnitCode, Who
from icn_node.kernel.ledger import DAY_MS, Leg
from icn_node.kernel.module import Command, Module, NoticeSpec, ParamSpec, TimerSpec, command
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.registry import SPACE
from icn_node.kernel.tables import Tables
from icn_node.kernel.units import CREDIT, CURRENCY, Terms


class LineTooLong(Refusal):
    """Issuing would extend a credit line beyond the most that the unit's terms allow."""

    code = "line_too_long"
    text = "The line would reach {line} {unit}; the terms of the unit allow {most}."
    advice = "Issue less, or change the terms by a decision."


class BadLimits(Refusal):
    """A floor above the ceiling, or a floor other than zero in a minted currency."""

    code = "bad_limits"
    text = "A floor lies at or below the ceiling, and at zero in a minted currency."


class NotYours(Refusal):
    """The actor is not on the side of the request or recurring payment that may do this."""

    code = "not_yours"
    text = "Only the {side}, or who signs for it, may do that."


class TooManyOpen(Refusal):
    """The party has as many of these open as one may have."""

    code = "too_many_open"
    text = "{most} are open already; end some first."


class UnknownAllowance(Refusal):
    """There is no such entry on the payer's allow-list."""

    code = "unknown_allowance"
    text = "{payee} is not on that allow-list for {unit}."
    advice = "See `icn credit allowances`."


class HeirMustSign(Refusal):
    """A debt passes only to an heir who takes it on by signing; to the space only by a decision."""

    code = "heir_must_sign"
    text = "The account owes {owed} {unit}: whoever takes the debt over must close it."
    advice = "The heir first pays what is owed, with `icn credit transfer`; or it takes a decision, for the space."


class StewardsOwn(Refusal):
    """A steward reverses a payment that the steward made: getting one's own money back."""

    code = "stewards_own"
    text = "You would get your own payment back; another steward must decide on it."


# -- commands ----------------------------------------------------------------------------------------------------------


class CreditTerms(Terms, frozen=True):
    """Terms of a mutual-credit unit. floor_minor: the credit line of a new account, zero or below.

    line_max_minor: the largest line that issuing may give.
    """

    floor_minor: LimitMinor | None = None
    no_floor: bool = False
    line_max_minor: LimitMinor | None = None
    no_line_max: bool = False


class Create(CreditTerms, frozen=True):
    """Create a mutual-credit unit, in which all balances sum to zero. Its decimals never change."""

    OP: ClassVar[str] = "credit.create"
    decimals: units.Decimals = 2


class Change(CreditTerms, frozen=True):
    """Change the terms of a mutual-credit unit. New defaults are for new accounts; those that exist keep theirs."""

    OP: ClassVar[str] = "credit.change"
    closed: bool | None = None


class Issue(Command, frozen=True):
    """Extend the payer's credit line as far as needed and pay the amount from it to the payee."""

    OP: ClassVar[str] = "credit.issue"
    payer: Who
    payee: Who
    amount_minor: AmountMinor
    unit: UnitCode
    memo: Private | None = None


class Transfer(Command, frozen=True):
    """Pay somebody. payer: whom you sign for, if not yourself. request: the payment request that this answers."""

    OP: ClassVar[str] = "credit.transfer"
    payee: Who
    amount_minor: AmountMinor
    unit: UnitCode
    payer: Who | None = None
    request: No | None = None
    memo: Private | None = None


class Payment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One payment of a batch."""

    payee: Who
    amount_minor: AmountMinor


class Batch(Command, frozen=True):
    """Pay many at once, all or none: wages, dividends, refunds. Each payment has its own number and levy."""

    OP: ClassVar[str] = "credit.batch"
    unit: UnitCode
    payments: Annotated[tuple[Payment, ...], Meta(min_length=1, max_length=256)]
    payer: Who | None = None
    memo: Private | None = None

    @property
    def amount_minor(self) -> int:
        """What all the payments come to: the amount that approvals are asked for."""
        return sum(p.amount_minor for p in self.payments)


class Request(Command, frozen=True):
    """Ask somebody to pay you; they accept or refuse, or have allowed it. until_ms: when it lapses by itself."""

    OP: ClassVar[str] = "credit.request"
    payer: Who
    amount_minor: AmountMinor
    unit: UnitCode
    payee: Who | None = None
    until_ms: TimeMs | None = None
    memo: Private | None = None


class Accept(Command, frozen=True):
    """Pay a payment request. It is judged as the payment it makes."""

    OP: ClassVar[str] = "credit.accept"
    request: No


class Refuse(Command, frozen=True):
    """Refuse to pay a payment request."""

    OP: ClassVar[str] = "credit.refuse"
    request: No
    reason: Private | None = None


class Withdraw(Command, frozen=True):
    """Withdraw a payment request that you made."""

    OP: ClassVar[str] = "credit.withdraw"
    request: No


class Allow(Command, frozen=True):
    """Accept somebody's payment requests in advance, up to an amount in all in each period of so many days."""

    OP: ClassVar[str] = "credit.allow"
    payee: Who
    amount_minor: AmountMinor
    unit: UnitCode
    days: Annotated[int, Meta(ge=1, le=366)] = 30
    payer: Who | None = None


class Disallow(Command, frozen=True):
    """Take somebody off your allow-list; their requests wait for your answer again."""

    OP: ClassVar[str] = "credit.disallow"
    payee: Who
    unit: UnitCode
    payer: Who | None = None


class Recur(Command, frozen=True):
    """Pay the same amount every day, week, month, quarter or year. first_ms: when it starts (now); times: how often
    (until you cancel). An instalment that fails is told to both sides and tried again a period later."""

    OP: ClassVar[str] = "credit.recur"
    payee: Who
    amount_minor: AmountMinor
    unit: UnitCode
    every: Annotated[str, Meta(pattern="^(day|week|month|quarter|year)$")] = "month"
    first_ms: TimeMs | None = None
    times: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    payer: Who | None = None
    memo: Private | None = None


class Cancel(Command, frozen=True):
    """End a recurring payment, as payer or as payee."""

    OP: ClassVar[str] = "credit.cancel"
    recurring: No


class Reverse(Command, frozen=True):
    """Undo a payment, whole and once, and its levy with it. The limits of both accounts hold."""

    OP: ClassVar[str] = "credit.reverse"
    transfer: No
    reason: Private | None = None


class Limit(Command, frozen=True):
    """Set the floor or the ceiling of one account, or remove it. party: not given means the space's own treasury."""

    OP: ClassVar[str] = "credit.limit"
    unit: UnitCode
    party: Who | None = None
    floor_minor: LimitMinor | None = None
    no_floor: bool = False
    ceiling_minor: LimitMinor | None = None
    no_ceiling: bool = False


class Close(Command, frozen=True):
    """Close an account whose balance is zero, or name who takes it over: an heir, or the space's treasury. Its open
    requests, allowances and recurring payments end."""

    OP: ClassVar[str] = "credit.close"
    unit: UnitCode
    party: Who | None = None
    heir: Who | None = None
    to_space: bool = False


class Reopen(Command, frozen=True):
    """Open a closed account again, with the limits it had."""

    OP: ClassVar[str] = "credit.reopen"
    unit: UnitCode
    party: Who


# -- handlers ----------------------------------------------------------------------------------------------------------


def create(tx: Tables, cmd: Create, ctx: Context) -> None:
    units.create(tx, ctx, cmd, kind=CREDIT, decimals=cmd.decimals)


def change(tx: Tables, cmd: Change, ctx: Context) -> None:
    units.change(tx, cmd, kind=CREDIT)


def _party(tx: Tables, named: str | None, ctx: Context) -> int:
    """The party that a field names, if it is active; the actor if it names none."""
    if not named or named == ctx.actor.did:
        return ctx.actor.party
    return registry.active_party(tx, named).no


def issue(tx: Tables, cmd: Issue, ctx: Context) -> int:
    unit = units.of_kind(tx, cmd.unit, CREDIT)
    payer, payee = registry.active_party(tx, cmd.payer).no, registry.active_party(tx, cmd.payee).no
    before = ledger.account_of(tx, unit, payer, ledger.MAIN, ctx.time_ms).floor_minor
    floor = ledger.extend_floor(tx, unit, payer, cmd.amount_minor, ctx.time_ms)
    most = units.line_max(unit)
    if floor != before:
        assert floor is not None
        if most is not None and floor < -most:
            raise LineTooLong(unit=cmd.unit, line=-floor, most=most)
        ctx.notify(tx, payer, "credit.line_extended", unit=cmd.unit, floor=floor)
    leg = Leg(cmd.unit, payer, payee, cmd.amount_minor, payments.ISSUE, memo=cmd.memo)
    return ledger.post(tx, ctx, (leg,))[0]


def transfer(tx: Tables, cmd: Transfer, ctx: Context) -> int:
    payer = _party(tx, cmd.payer, ctx)
    payee = registry.active_party(tx, cmd.payee).no
    unit = payments.payable(tx, cmd.unit)
    if cmd.request is None:
        no = payments.pay(tx, ctx, unit, payer, payee, cmd.amount_minor, memo=cmd.memo)
    else:
        request = standing.open_request(tx, cmd.request)
        if (request.payer, request.payee, request.unit, request.amount_minor) != (
            payer, payee, cmd.unit, cmd.amount_minor,
        ):  # fmt: skip
            raise standing.RequestDiffers(request=request.no, amount=request.amount_minor, unit=request.unit)
        no = payments.pay(tx, ctx, unit, payer, payee, cmd.amount_minor, kind=payments.REQUEST, ref=request.no,
                          memo=cmd.memo or request.memo)  # fmt: skip
        standing.end_request(tx, request, "pay", no)
        ctx.notify(tx, payee, "credit.request_ended", request=request.no, state="paid",
                   payer=payments.did_of(tx, payer))  # fmt: skip
    if payer != ctx.actor.party:
        _tell_whom_another_paid_for(tx, ctx, payer, no)
    return no


def _tell_whom_another_paid_for(tx: Tables, ctx: Context, payer: int, no: int) -> None:
    """An organisation's signers pay for it every day; a person is told."""
    party = tx.get(registry.Party, payer)
    if party is not None and party.kind == registry.PERSON:
        ctx.notify(tx, payer, "credit.paid_for_you", transfer=no, by=ctx.actor.did)


def batch(tx: Tables, cmd: Batch, ctx: Context) -> int:
    payer = _party(tx, cmd.payer, ctx)
    unit = payments.payable(tx, cmd.unit)
    payees = [(registry.active_party(tx, p.payee).no, p.amount_minor) for p in cmd.payments]
    first = payments.pay_each(tx, ctx, unit, payer, payees, cmd.memo)[0]
    if payer != ctx.actor.party:
        _tell_whom_another_paid_for(tx, ctx, payer, first)
    return first


def request(tx: Tables, cmd: Request, ctx: Context) -> int:
    payee = _party(tx, cmd.payee, ctx)
    payer = registry.active_party(tx, cmd.payer).no
    unit = payments.payable(tx, cmd.unit)
    if payer == payee:
        raise ledger.SameAccount
    _bound(tx, ctx, tx.count(standing.PaymentRequest, "payee", payee, "open"))
    until_ms = ctx.time_ms + ctx.number(tx, "credit.request_days") * DAY_MS if cmd.until_ms is None else cmd.until_ms
    return standing.ask(tx, ctx, unit, payee, payer, cmd.amount_minor, until_ms, cmd.memo).no


def _bound(tx: Tables, ctx: Context, count: int) -> None:
    most = ctx.number(tx, "credit.open_most")
    if count >= most:
        raise TooManyOpen(most=most)


def accept(tx: Tables, cmd: Accept, ctx: Context) -> int | str | None:
    found = standing.open_request(tx, cmd.request)
    payment = Transfer(
        payments.did_of(tx, found.payee), found.amount_minor, found.unit, payments.did_of(tx, found.payer), found.no
    )
    return ctx.run(tx, payment, actor=ctx.actor, origin=ctx.origin)


def refuse(tx: Tables, cmd: Refuse, ctx: Context) -> None:
    found = standing.open_request(tx, cmd.request)
    _only(tx, ctx, found.payer, "payer")
    private.concern(tx, cmd.reason, found.payer, found.payee)
    standing.end_request(tx, found, "refuse")
    ctx.notify(tx, found.payee, "credit.request_ended", request=found.no, state="refused",
               payer=payments.did_of(tx, found.payer))  # fmt: skip


def withdraw(tx: Tables, cmd: Withdraw, ctx: Context) -> None:
    found = standing.open_request(tx, cmd.request)
    _only(tx, ctx, found.payee, "payee")
    standing.end_request(tx, found, "withdraw")
    ctx.notify(tx, found.payer, "credit.request_withdrawn", request=found.no, payee=payments.did_of(tx, found.payee))


def _only(tx: Tables, ctx: Context, party: int, side: str) -> None:
    if not payments.acts_for(tx, ctx, party):
        raise NotYours(side=side)


def allow(tx: Tables, cmd: Allow, ctx: Context) -> None:
    payer = _party(tx, cmd.payer, ctx)
    payee = registry.active_party(tx, cmd.payee).no
    payments.payable(tx, cmd.unit)
    if payer == payee:
        raise ledger.SameAccount
    if tx.get(standing.Allowance, payer, payee, cmd.unit) is None:
        _bound(tx, ctx, tx.count(standing.Allowance, "key", payer))
    tx.put(standing.Allowance(payer, payee, cmd.unit, cmd.amount_minor, cmd.days, ctx.time_ms, ctx.time_ms, 0))


def disallow(tx: Tables, cmd: Disallow, ctx: Context) -> None:
    payer = _party(tx, cmd.payer, ctx)
    payee = registry.party_of(tx, cmd.payee).no
    if tx.get(standing.Allowance, payer, payee, cmd.unit) is None:
        raise UnknownAllowance(payee=cmd.payee, unit=cmd.unit)
    tx.delete(standing.Allowance, payer, payee, cmd.unit)


def recur(tx: Tables, cmd: Recur, ctx: Context) -> int:
    payer = _party(tx, cmd.payer, ctx)
    payee = registry.active_party(tx, cmd.payee).no
    unit = payments.payable(tx, cmd.unit)
    if payer == payee:
        raise ledger.SameAccount
    _bound(tx, ctx, tx.count(standing.Recurring, "payer", payer, "active"))
    first_ms = ctx.time_ms if cmd.first_ms is None else cmd.first_ms
    return standing.start(tx, ctx, unit, payer, payee, cmd.amount_minor, cmd.every, first_ms, cmd.times, cmd.memo)


def cancel(tx: Tables, cmd: Cancel, ctx: Context) -> None:
    order = standing.active_recurring(tx, cmd.recurring)
    if not payments.acts_for(tx, ctx, order.payee):
        _only(tx, ctx, order.payer, "payer or the payee")
    standing.cancel(tx, ctx, order)


def reverse(tx: Tables, cmd: Reverse, ctx: Context) -> int:
    payment = payments.payment_of(tx, cmd.transfer)
    if ctx.actor.party != SPACE and payments.acts_for(tx, ctx, payment.payer):
        raise StewardsOwn
    private.concern(tx, cmd.reason, payment.payer, payment.payee)
    by = payments.reverse(tx, ctx, payment, cmd.reason)
    for party in (payment.payer, payment.payee):
        ctx.notify(tx, party, "credit.reversed", transfer=payment.no, by=by, amount=payment.amount_minor,
                   unit=payment.unit)  # fmt: skip
    return by


def limit(tx: Tables, cmd: Limit, ctx: Context) -> None:
    unit = ledger.unit_of(tx, cmd.unit)
    party = SPACE if cmd.party is None else registry.party_of(tx, cmd.party).no
    now = ledger.account_of(tx, unit, party, ledger.MAIN, ctx.time_ms)
    floor = None if cmd.no_floor else now.floor_minor if cmd.floor_minor is None else cmd.floor_minor
    ceiling = None if cmd.no_ceiling else now.ceiling_minor if cmd.ceiling_minor is None else cmd.ceiling_minor
    if (floor is not None and ceiling is not None and floor > ceiling) or (unit.kind == CURRENCY and floor != 0):
        raise BadLimits
    ledger.set_limits(tx, unit, party, floor, ceiling, ctx.time_ms)
    if party != SPACE:
        told = {"floor": "none" if floor is None else floor, "ceiling": "none" if ceiling is None else ceiling}
        ctx.notify(tx, party, "credit.limits_set", unit=cmd.unit, **told)


def close(tx: Tables, cmd: Close, ctx: Context) -> None:
    unit = ledger.unit_of(tx, cmd.unit)
    party = ctx.actor.party if cmd.party is None else registry.party_of(tx, cmd.party).no
    heir = SPACE if cmd.to_space else None if cmd.heir is None else registry.active_party(tx, cmd.heir).no
    owed = -ledger.balance(tx, cmd.unit, party)
    if owed > 0 and heir is not None and not payments.acts_for(tx, ctx, heir):
        raise HeirMustSign(unit=cmd.unit, owed=owed)
    standing.end_all(tx, cmd.unit, party)
    payments.leave(tx, ctx, unit, party, heir)
    ctx.notify(tx, party, "credit.account_closed", unit=cmd.unit)


def reopen(tx: Tables, cmd: Reopen, ctx: Context) -> None:
    ledger.unit_of(tx, cmd.unit)
    ledger.reopen_account(tx, cmd.unit, registry.active_party(tx, cmd.party).no)


# -- declaration -------------------------------------------------------------------------------------------------------

_WHO: tuple[type[Refusal], ...] = (registry.UnknownMember, registry.NotActive)
_MOVES = payments.MOVES
_PAYS: tuple[type[Refusal], ...] = (*_WHO, *payments.PAYABLE, ledger.SameAccount, *_MOVES)
_PROMISES: tuple[type[Refusal], ...] = (*_WHO, *payments.PAYABLE, ledger.SameAccount, TooManyOpen)
_ANSWERS: tuple[type[Refusal], ...] = (standing.UnknownRequest, standing.RequestEnded)
_BOB, _CAROL = "bob", "carol"

MODULE = Module(
    name="credit",
    doc=__doc__,
    primitives=(("issue_credit", "credit.issue"), ("transfer_credit", "credit.transfer")),
    commands=(
        command(Create, create, refuses=(units.UnitExists, units.BadTerms),
                example={"unit": "SUN", "title": "Sun", "floor": "-100.00", "ceiling": "500.00"}),
        command(Change, change, refuses=units.REFUSALS, example={"unit": "SUN", "levy_bp": 50}),
        command(Issue, issue, refuses=(*_WHO, ledger.UnknownUnit, units.WrongKind, LineTooLong, ledger.UnitClosed,
                                        ledger.SameAccount, ledger.AccountClosed, ledger.OverCeiling,
                                        ledger.OutOfRange),
                private={"memo": "parties"}, result="the transfer's number",
                example={"payer": _BOB, "payee": _CAROL, "amount": "50.00", "unit": "SUN"}),
        command(Transfer, transfer, refuses=(*_PAYS, *_ANSWERS, standing.RequestDiffers),
                private={"memo": "parties"}, result="the transfer's number",
                example={"payee": _BOB, "amount": "12.50", "unit": "SUN", "memo": "bread"}),
        command(Batch, batch, refuses=_PAYS, private={"memo": "parties"}, result="the first payment's number",
                example={"unit": "SUN", "payments": [{"payee": _BOB, "amount": "10.00"}]}),
        command(Request, request, refuses=(*_PROMISES, standing.BadTime), private={"memo": "parties"},
                result="the request's number", example={"payer": _BOB, "amount": "8.00", "unit": "SUN"}),
        command(Accept, accept, refuses=(*_ANSWERS, registry.NotActive, ledger.UnitClosed, payments.NotTransferable,
                                         *_MOVES),
                result="the transfer's number", example={"request": 1}),
        command(Refuse, refuse, refuses=(*_ANSWERS, NotYours), private={"reason": "parties"}, example={"request": 1}),
        command(Withdraw, withdraw, refuses=(*_ANSWERS, NotYours), example={"request": 1}),
        command(Allow, allow, refuses=_PROMISES,
                example={"payee": _BOB, "amount": "40.00", "unit": "SUN"}),
        command(Disallow, disallow, refuses=(*_WHO, UnknownAllowance), example={"payee": _BOB, "unit": "SUN"}),
        command(Recur, recur, private={"memo": "parties"}, result="the recurring payment's number",
                refuses=(*_PROMISES, standing.BadTime),
                example={"payee": _BOB, "amount": "15.00", "unit": "SUN", "every": "month"}),
        command(Cancel, cancel, refuses=(standing.UnknownRecurring, standing.RecurringEnded, NotYours),
                example={"recurring": 1}),
        command(Reverse, reverse, private={"reason": "parties"}, result="the reversal's number",
                refuses=(payments.UnknownTransfer, payments.NotReversible, payments.AlreadyReversed, StewardsOwn,
                         ledger.UnitClosed, *_MOVES),
                example={"transfer": 1}),
        command(Limit, limit, refuses=(registry.UnknownMember, ledger.UnknownUnit, BadLimits),
                example={"unit": "SUN", "party": _BOB, "floor": "-200.00"}),
        command(Close, close, refuses=(*_WHO, ledger.UnknownUnit, ledger.UnitClosed, ledger.SameAccount,
                                       payments.AccountBusy, payments.NotEmpty, HeirMustSign, *_MOVES),
                example={"unit": "SUN", "heir": _BOB}),
        command(Reopen, reopen, refuses=(*_WHO, ledger.UnknownUnit), example={"unit": "SUN", "party": _BOB}),
    ),
    timers=(
        TimerSpec("credit.request_expires", standing.expire_request),
        TimerSpec("credit.instalment", standing.instalment),
    ),
    params=(
        ParamSpec("credit.hidden_balances", default=False,
                  doc="others than the owner, stewards and auditors cannot read a balance"),
        ParamSpec("credit.request_days", 30, "days until a payment request lapses", 1, 3650, "days"),
        ParamSpec("credit.open_most", 200,
                  "payment requests, allowances and recurring payments that a party may have open, each", 1, 10_000),
        ParamSpec("credit.instalment_failures", 11, "failures in a row after which a recurring payment ends", 0, 1000),
    ),
    notices=(
        NoticeSpec("credit.requested", "{payee} asks you for {amount} {unit} (request {request})."),
        NoticeSpec("credit.request_ended", "Your request {request} to {payer} is {state}."),
        NoticeSpec("credit.request_withdrawn", "{payee} withdrew request {request}."),
        NoticeSpec("credit.paid_by_allowance",
                   "{amount} {unit} went to {payee} by your allow-list (request {request})."),
        NoticeSpec("credit.paid_for_you", "{by} paid from your account (transfer {transfer})."),
        NoticeSpec("credit.instalment_failed",
                   "Recurring payment {recurring} of {amount} {unit}, {payer} to {payee}, failed: {reason}."),
        NoticeSpec("credit.recurring_ended", "Recurring payment {recurring}, {payer} to {payee}, is {state}."),
        NoticeSpec("credit.line_extended", "Your credit line in {unit} was extended to {floor}."),
        NoticeSpec("credit.limits_set", "Your limits in {unit} are now {floor} to {ceiling}."),
        NoticeSpec("credit.reversed", "Payment {transfer} of {amount} {unit} was reversed by transfer {by}."),
        NoticeSpec("credit.account_closed", "Your account in {unit} was closed."),
    ),
)  # fmt: skip
