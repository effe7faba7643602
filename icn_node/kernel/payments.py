"""Payments: what members do with the ledger. Paying with its levy, paying many, undoing a payment, leaving an account.

Invariants: a payment and its levy are linked, the levy standing right after it and naming it, so that undoing the one
undoes the other; a payment is undone once, wholly; an account is left with a balance of zero, by handing what was on
it, or the debt, to an heir. Limits hold for all of it.

It must not know who may do what, nor why members pay each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from icn_node.kernel import ledger, registry, units
from icn_node.kernel.context import Context
from icn_node.kernel.fields import Private
from icn_node.kernel.ledger import FEES, Leg, Transfer, Unit
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.registry import SPACE
from icn_node.kernel.tables import Record, Tables

TRANSFER, ISSUE, REQUEST, STANDING, FEE, REVERSAL, CLOSING = (
    "transfer", "issue", "request", "recurring", "fee", "reversal", "closing",
)  # fmt: skip
REVERSIBLE = (TRANSFER, ISSUE, REQUEST, STANDING)


class Reversal(Record, frozen=True):
    """The payment was undone, by the transfer `by` (its levy by the next). The row is what makes it happen once."""

    TABLE: ClassVar[str] = "reversal"
    KEY: ClassVar[tuple[str, ...]] = ("transfer",)
    transfer: int
    by: int
    steward: int
    time_ms: int


RECORDS = (Reversal,)


class NotTransferable(Refusal):
    """Members cannot pay each other in this unit."""

    code = "not_transferable"
    text = "{unit} cannot be passed on."


class UnknownTransfer(Refusal):
    """No transfer of that number, or none that concerns whoever asks."""

    code = "unknown_transfer"
    text = "There is no transfer {transfer} of yours."
    advice = "See `icn credit history`."


class NotReversible(Refusal):
    """The transfer is not a payment: a hold, a fee, a reversal, minted or imported money."""

    code = "not_reversible"
    text = "Transfer {transfer} is of kind {kind} and cannot be reversed by itself."


class AlreadyReversed(Refusal):
    """The payment was undone before."""

    code = "already_reversed"
    text = "Transfer {transfer} was reversed before, by transfer {by}."


class AccountBusy(Refusal):
    """An account with money on hold cannot be closed."""

    code = "account_busy"
    text = "The account in {unit} has amounts on hold ({out} to leave, {incoming} to come)."
    advice = "Finish or cancel what they belong to first."


class NotEmpty(Refusal):
    """An account with a balance is closed only with an heir."""

    code = "account_not_empty"
    text = "The account in {unit} holds {balance}."
    advice = "Name an heir who takes the balance, or bring it to zero first."


PAYABLE: tuple[type[Refusal], ...] = (ledger.UnknownUnit, ledger.UnitClosed, NotTransferable)
MOVES: tuple[type[Refusal], ...] = (
    ledger.AccountClosed, ledger.OverFloor, ledger.OverCeiling, ledger.OutOfRange,
)  # fmt: skip


def payable(tx: Tables, code: str) -> Unit:
    """The unit, if members can pay in it now. Raises the refusals of PAYABLE."""
    unit = ledger.unit_of(tx, code)
    if unit.status != "open":
        raise ledger.UnitClosed(unit=code)
    if not unit.transferable:
        raise NotTransferable(unit=code)
    return unit


def pay(
    tx: Tables, ctx: Context, unit: Unit, payer: int, payee: int, amount_minor: int,
    *, kind: str = TRANSFER, ref: int = 0, memo: Private | None = None,
) -> int:  # fmt: skip
    """Pay an amount and the unit's levy on it; the payment's number. Raises a refusal of the ledger."""
    payment = Leg(unit.code, payer, payee, amount_minor, kind, ref=ref, memo=memo)
    fee = units.levy(unit, amount_minor)
    if not fee:
        return ledger.post(tx, ctx, (payment,))[0]
    no = tx.last_no("transfer") + 1
    posted = ledger.post(tx, ctx, (payment, _fee(unit, payer, fee, no)))
    assert posted == [no, no + 1]
    return no


def pay_each(
    tx: Tables, ctx: Context, unit: Unit, payer: int, payees: Iterable[tuple[int, int]], memo: Private | None = None
) -> list[int]:
    """Pay many (party, amount) at once, all or none, each with its levy; the payments' numbers."""
    legs: list[Leg] = []
    first = tx.last_no("transfer") + 1
    numbers = []
    for payee, amount_minor in payees:
        no = first + len(legs)
        numbers.append(no)
        legs.append(Leg(unit.code, payer, payee, amount_minor, memo=memo))
        fee = units.levy(unit, amount_minor)
        if fee:
            legs.append(_fee(unit, payer, fee, no))
    posted = ledger.post(tx, ctx, tuple(legs))
    assert posted[0] == first
    return numbers


def _fee(unit: Unit, payer: int, amount_minor: int, payment: int) -> Leg:
    return Leg(unit.code, payer, SPACE, amount_minor, FEE, payee_sub=FEES, ref=payment)


def payment_of(tx: Tables, no: int) -> Transfer:
    """The payment of that number, if it can be undone. Raises UnknownTransfer, NotReversible, AlreadyReversed."""
    found = tx.get(Transfer, no)
    if found is None:
        raise UnknownTransfer(transfer=no)
    if found.kind not in REVERSIBLE or found.state != "posted":
        raise NotReversible(transfer=no, kind=found.kind)
    done = tx.get(Reversal, no)
    if done is not None:
        raise AlreadyReversed(transfer=no, by=done.by)
    return found


def reverse(tx: Tables, ctx: Context, payment: Transfer, reason: Private | None) -> int:
    """Undo a payment and its levy by linked transfers back; the first one's number. Limits hold on both sides."""
    legs = [_back(payment, reason)]
    fee = tx.get(Transfer, payment.no + 1)
    if fee is not None and fee.kind == FEE and fee.ref == payment.no:
        legs.append(_back(fee, reason))
    by = ledger.post(tx, ctx, tuple(legs))[0]
    tx.put(Reversal(payment.no, by, ctx.actor.party, ctx.time_ms))
    return by


def _back(row: Transfer, reason: Private | None) -> Leg:
    return Leg(row.unit, row.payee, row.payer, row.amount_minor, REVERSAL, row.payee_sub, row.payer_sub, ref=row.no,
               memo=reason)  # fmt: skip


def leave(tx: Tables, ctx: Context, unit: Unit, owner: int, heir: int | None) -> int:
    """Close a party's account: what is on it, or the debt, passes to the heir. The balance that passed.

    Raises AccountBusy, NotEmpty, AccountClosed, and what the ledger refuses.
    """
    account = ledger.open_account(tx, unit, owner, ctx.time_ms)
    if account.status != "open":
        raise ledger.AccountClosed(unit=unit.code, side="owner")
    if account.held_out_minor or account.held_in_minor:
        raise AccountBusy(unit=unit.code, out=account.held_out_minor, incoming=account.held_in_minor)
    balance = account.balance_minor
    if balance and heir is None:
        raise NotEmpty(unit=unit.code, balance=balance)
    if balance and heir is not None:
        payer, payee = (owner, heir) if balance > 0 else (heir, owner)
        ledger.post(tx, ctx, (Leg(unit.code, payer, payee, abs(balance), CLOSING),))
    ledger.close_account(tx, unit.code, owner)
    return balance


def acts_for(tx: Tables, ctx: Context, party: int) -> bool:
    """Whether the actor is the party or holds its mandate, or the space itself acts, by a decision."""
    return ctx.actor.party in (party, SPACE) or registry.mandate(tx, party, ctx.actor.party, ctx.time_ms) is not None


def did_of(tx: Tables, party: int) -> str:
    """The party's DID, for the facts of a notice; '' for the space and for labels."""
    found = tx.get(registry.Party, party)
    return "" if found is None else found.did
