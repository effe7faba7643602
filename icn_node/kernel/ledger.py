"""Ledger: one double-entry ledger for every unit (credit, hours, currencies, points, shares).

Every transfer debits one account and credits another by the same amount, so for each unit the balances sum to zero by
construction; a unit that is minted has its counterpart in the space's issuance account. Transfers may be linked (a
list is posted all or none), held (two phases: hold, then settle or release, with expiry) and carry a value date
besides the commit's time. Every account has a floor and a ceiling; money on hold counts against both. The model of
accounts, pending and linked transfers follows TigerBeetle's (docs.tigerbeetle.com, "Data Modeling").

Invariants: no post with limits takes an account below its floor or above its ceiling, holds included; what a hold has
reserved can always be settled; a posted transfer is never changed, it is undone by another. Amounts and balances are
integers in the unit's smallest part, within +-(2^63-1).

It knows nothing of members' rights: who may move what is the policy's business, and which accounts a command means is
its module's. Decision 0030 says why it is so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec

from icn_node.kernel import charter, timers, turnover
from icn_node.kernel.fields import INT64_MAX, Private
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.registry import SPACE
from icn_node.kernel.tables import Record, Tables

if TYPE_CHECKING:
    from icn_node.kernel.context import Context

MAIN = 0  # the account a party uses
ISSUANCE = 1  # of the space: the negative of what was minted
ESCROW = 2  # of the space: what exchanges keep until they end
FEES = 3  # of the space: fees and levies
OPENING = 4  # of the space: the other side of balances brought in from other books

DAY_MS = 86_400_000
STRIDE = 256  # entries from one that searches skip to, to the next


class Unit(Record, frozen=True):
    """What accounts count. kind: `credit` (mutual credit), `hours` (minutes, decimals 0), `currency` (minted).

    cap_minor: the most that may be outstanding (None: no cap). floor/ceiling: what a new account starts with (None:
    no limit); soft: warn when the balance passes it. transferable: whether members may pay with it. status: `open` or
    `closed`. terms: what else was decided about it (`kernel.units`).
    """

    TABLE: ClassVar[str] = "unit"
    KEY: ClassVar[tuple[str, ...]] = ("code",)
    code: str
    kind: str
    decimals: int
    cap_minor: int | None
    floor_minor: int | None
    ceiling_minor: int | None
    soft_floor_minor: int | None
    soft_ceiling_minor: int | None
    transferable: bool
    status: str
    since_ms: int
    terms: dict[str, str | int | bool | list[str]] = msgspec.field(default_factory=dict)


class Account(Record, frozen=True):
    """One party's account in one unit. balance = credits - debits; held_out/held_in: on hold to leave or to come.

    entries: how many transfers moved it; they are its entries, numbered from 1. For searches (`kernel.statements`):
    last_day is the latest value day among them; unsorted the number of the last entry whose value day lies before an
    earlier one's, 0 if none does; last the transfer of its last entry, skip that of the last whose number is a multiple
    of STRIDE.
    """

    TABLE: ClassVar[str] = "account"
    KEY: ClassVar[tuple[str, ...]] = ("unit", "owner", "sub")
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {"owner": ("owner",)}
    EFFECT_FIELDS: ClassVar[int] = 11  # the rest only serves searches
    unit: str
    owner: int
    sub: int
    balance_minor: int
    held_out_minor: int
    held_in_minor: int
    floor_minor: int | None
    ceiling_minor: int | None
    entries: int
    status: str
    since_ms: int
    last_day: int = 0
    unsorted: int = 0
    last: int = 0
    skip: int = 0


class Transfer(Record, frozen=True):
    """One movement, or one hold. linked: number of the first transfer posted with it; of a settlement, its hold's.

    state: `posted`; of a hold `held`, then `settled`, `released` or `expired` (`HOLD_STATES`), the only thing in a row
    that ever changes. What a settlement moves is a posted transfer of its own. ref: the number of what it belongs to,
    by its kind: exchange, request, standing order, reversed transfer, the payment of a fee.

    A posted transfer is an entry of both its accounts, which are lists linked through it: for each side its number in
    that account, the balance after it, and the transfers of the entry before (prev) and of the last entry before whose
    number is a multiple of STRIDE (skip); 0 for none. Zeros in a hold. Decision 0030.
    """

    TABLE: ClassVar[str] = "transfer"
    KEY: ClassVar[tuple[str, ...]] = ("no",)
    HISTORY: ClassVar[bool] = True
    EFFECT_FIELDS: ClassVar[int] = 15  # the sides follow from the order of the transfers
    no: int
    unit: str
    payer: int
    payer_sub: int
    payee: int
    payee_sub: int
    amount_minor: int
    kind: str
    state: str
    time_ms: int
    value_day: int
    linked: int
    ref: int
    until_ms: int | None
    memo: Private | None = None
    payer_n: int = 0
    payer_balance_minor: int = 0
    payer_prev: int = 0
    payer_skip: int = 0
    payee_n: int = 0
    payee_balance_minor: int = 0
    payee_prev: int = 0
    payee_skip: int = 0


class Hold(Record, frozen=True):
    """A held transfer that has not ended yet; removed when it settles, is released, or expires."""

    TABLE: ClassVar[str] = "hold"
    KEY: ClassVar[tuple[str, ...]] = ("transfer",)
    transfer: int
    unit: str
    payer: int
    payer_sub: int
    payee: int
    payee_sub: int
    amount_minor: int
    kind: str
    ref: int
    until_ms: int | None


RECORDS = (Unit, Account, Transfer, Hold, *turnover.RECORDS)

HOLD_STATES: dict[str, dict[str, str]] = {
    "held": {"settle": "settled", "release": "released", "expire": "expired"},
}


class UnknownUnit(Refusal):
    """No unit of that code."""

    code = "unknown_unit"
    text = "There is no unit {unit} in this space."
    advice = "See `icn unit list`."


class UnitClosed(Refusal):
    """The unit takes no further transfers."""

    code = "unit_closed"
    text = "The unit {unit} is closed."


class AccountClosed(Refusal):
    """The account was closed."""

    code = "account_closed"
    text = "The {side}'s account in {unit} is closed."


class SameAccount(Refusal):
    """Payer and payee are one account."""

    code = "same_account"
    text = "Payer and payee are the same account."


class OverFloor(Refusal):
    """The payer's balance, less what is on hold, would fall below the account's floor."""

    code = "over_floor"
    text = "The account can spend {available} {unit} (balance {balance}, on hold {held}, floor {floor}), not {amount}."
    advice = "Earn first, pay less, or ask the stewards for a higher credit limit."


class OverCeiling(Refusal):
    """The payee's balance, with what is on hold for it, would rise above the account's ceiling.

    The facts leave the payee's balance and limit out: a payer could else read a hidden balance by paying too much.
    """

    code = "over_ceiling"
    text = "{amount} {unit} would take the payee's account above its ceiling."
    advice = "Pay less, or the payee spends first or asks the stewards for a higher ceiling."


class OverCap(Refusal):
    """More would be outstanding than the unit's cap."""

    code = "over_cap"
    text = "{unit} is capped at {cap}; {supply} are out, so {amount} more are too many."


class OutOfRange(Refusal):
    """An amount of zero or below, more than a hold has, or a balance that would leave the 64-bit integers."""

    code = "amount_out_of_range"
    text = "The amount {amount} is out of range."


class UnknownHold(Refusal):
    """There is no such transfer on hold."""

    code = "unknown_hold"
    text = "Transfer {transfer} is not on hold."


REFUSALS: tuple[type[Refusal], ...] = (
    UnknownUnit, UnitClosed, AccountClosed, SameAccount, OverFloor, OverCeiling, OverCap, OutOfRange,
)  # fmt: skip


class Leg(msgspec.Struct, frozen=True, gc=False):
    """One transfer to post: from payer's account to payee's. day: the value date, days since 1970 (None: the commit's,
    in the space's time zone).

    kind: a short word for statements: transfer, issue, hours, fee, mint, burn, reversal, import, claim, opening.
    """

    unit: str
    payer: int
    payee: int
    amount_minor: int
    kind: str = "transfer"
    payer_sub: int = MAIN
    payee_sub: int = MAIN
    ref: int = 0
    day: int | None = None
    memo: Private | None = None


def unit_of(tx: Tables, code: str) -> Unit:
    """The unit. Raises UnknownUnit."""
    found = tx.get(Unit, code)
    if found is None:
        raise UnknownUnit(unit=code)
    return found


def account_of(tx: Tables, unit: Unit, owner: int, sub: int, time_ms: int) -> Account:
    """The account, or a new one with the unit's present defaults (not yet written).

    The space's own spend what they have; issuance goes below zero, and no further back than what it issued.
    """
    found = tx.get(Account, unit.code, owner, sub)
    if found is not None:
        return found
    limited = owner != SPACE
    return Account(
        unit.code, owner, sub, 0, 0, 0,
        unit.floor_minor if limited else (None if sub == ISSUANCE else 0),
        unit.ceiling_minor if limited else (0 if sub == ISSUANCE else None),
        0, "open", time_ms,
    )  # fmt: skip


def open_account(tx: Tables, unit: Unit, owner: int, time_ms: int) -> Account:
    """The party's main account, written if it is new."""
    account = account_of(tx, unit, owner, MAIN, time_ms)
    if tx.get(Account, unit.code, owner, MAIN) is None:
        tx.put(account)
    return account


def balance(tx: Tables, unit: str, owner: int, sub: int = MAIN) -> int:
    """The balance in minor units; 0 for an account not opened yet."""
    found = tx.get(Account, unit, owner, sub)
    return 0 if found is None else found.balance_minor


def supply(tx: Tables, unit: str) -> int:
    """What is outstanding of a minted unit, in minor units."""
    return -balance(tx, unit, SPACE, ISSUANCE)


def post(tx: Tables, ctx: Context, legs: tuple[Leg, ...], *, limits: bool = True) -> list[int]:
    """Post the transfers in order, all or none; their numbers, which are consecutive.

    limits=False: floors and ceilings are not enforced (history of imported books); ranges and caps always are.
    Raises a refusal of REFUSALS; the caller's event is then undone as a whole, which is what makes legs linked.
    """
    time_ms = ctx.time_ms
    today = charter.local_day(tx, time_ms)
    group = 0
    numbers = []
    for leg in legs:
        unit = unit_of(tx, leg.unit)
        payer, payee = _pair(tx, unit, leg, time_ms)
        amount = leg.amount_minor
        if limits:
            _check_floor(payer, amount)
            _check_ceiling(payee, amount)
        if leg.payer_sub == ISSUANCE:
            _check_cap(unit, payer, amount)
        no = tx.next_no("transfer")
        group = group or no
        numbers.append(no)
        day = today if leg.day is None else leg.day
        _move(tx, leg, payer, payee, amount, no, time_ms, day, group, leg.memo)
        if unit.kind in turnover.COUNTED:
            _count(tx, leg, amount, day)
        if limits and (unit.soft_floor_minor is not None or unit.soft_ceiling_minor is not None):
            _warn(tx, ctx, unit, payer, payee, amount)
    return numbers


def hold(tx: Tables, ctx: Context, leg: Leg, until_ms: int | None) -> int:
    """Put an amount on hold between two accounts; the transfer's number. At `until_ms` it is released by itself.

    It counts against the payer's floor and the payee's ceiling from now on. Raises a refusal of REFUSALS.
    """
    unit = unit_of(tx, leg.unit)
    payer, payee = _pair(tx, unit, leg, ctx.time_ms)
    amount = leg.amount_minor
    _check_floor(payer, amount)
    _check_ceiling(payee, amount)
    if leg.payer_sub == ISSUANCE:
        _check_cap(unit, payer, amount + payer.held_out_minor)
    held_out, held_in = payer.held_out_minor + amount, payee.held_in_minor + amount
    if max(held_out, held_in) > INT64_MAX:
        raise _out_of_range(amount)
    no = tx.next_no("transfer")
    day = charter.local_day(tx, ctx.time_ms) if leg.day is None else leg.day
    tx.append(Transfer(no, leg.unit, leg.payer, leg.payer_sub, leg.payee, leg.payee_sub, amount, leg.kind,
                       "held", ctx.time_ms, day, no, leg.ref, until_ms, leg.memo))  # fmt: skip
    tx.put(msgspec.structs.replace(payer, held_out_minor=held_out))
    tx.put(msgspec.structs.replace(payee, held_in_minor=held_in))
    tx.put(Hold(no, leg.unit, leg.payer, leg.payer_sub, leg.payee, leg.payee_sub, amount, leg.kind, leg.ref, until_ms))
    if until_ms is not None:
        timers.schedule(tx, until_ms, "ledger.expire_hold", no)
    return no


def settle(tx: Tables, ctx: Context, no: int, amount_minor: int | None = None, day: int | None = None) -> int:
    """End a hold by moving `amount_minor` of it (all, if None); the rest is released. The posted transfer's number.

    day: its value date, days since 1970 (None: the commit's). No limit is asked: the hold reserved the amount on both
    sides. Raises UnknownHold, OutOfRange.
    """
    held = _end(tx, no, "settle")
    amount = held.amount_minor if amount_minor is None else amount_minor
    if not 0 < amount <= held.amount_minor:
        raise _out_of_range(amount)
    day = charter.local_day(tx, ctx.time_ms) if day is None else day
    settlement = tx.next_no("transfer")
    payer, payee = _ends(tx, held)
    _move(tx, held, payer, payee, amount, settlement, ctx.time_ms, day, no, _transfer(tx, no).memo)
    unit = unit_of(tx, held.unit)
    if unit.kind in turnover.COUNTED:
        _count(tx, held, amount, day)
    _warn(tx, ctx, unit, payer, payee, amount)
    return settlement


def release(tx: Tables, no: int) -> None:
    """End a hold without moving anything. Raises UnknownHold."""
    _end(tx, no, "release")


def expire_hold(tx: Tables, no: int, ctx: Context) -> None:
    """The timer of a hold: release it if it still stands."""
    if tx.get(Hold, no) is not None:
        _end(tx, no, "expire")


def set_limits(tx: Tables, unit: Unit, owner: int, floor_minor: int | None, ceiling_minor: int | None,
               time_ms: int) -> None:  # fmt: skip
    """Give a main account limits of its own (None: none). A balance beyond them may come back, not go further."""
    account = account_of(tx, unit, owner, MAIN, time_ms)
    tx.put(msgspec.structs.replace(account, floor_minor=floor_minor, ceiling_minor=ceiling_minor))


def extend_floor(tx: Tables, unit: Unit, owner: int, amount_minor: int, time_ms: int) -> int | None:
    """Lower a main account's floor just so far that it can pay the amount; its floor then. Raises OutOfRange."""
    account = account_of(tx, unit, owner, MAIN, time_ms)
    needed = account.balance_minor - account.held_out_minor - amount_minor
    if needed < -INT64_MAX:
        raise _out_of_range(amount_minor)
    if account.floor_minor is not None and needed < account.floor_minor:
        account = msgspec.structs.replace(account, floor_minor=needed)
        tx.put(account)
    return account.floor_minor


def close_account(tx: Tables, unit: str, owner: int) -> None:
    """Close an account whose balance is zero and on which nothing is held; the caller has made it so."""
    account = tx.get(Account, unit, owner, MAIN)
    if account is not None:
        assert account.balance_minor == account.held_out_minor == account.held_in_minor == 0
        tx.put(msgspec.structs.replace(account, status="closed"))


def reopen_account(tx: Tables, unit: str, owner: int) -> None:
    """Open a closed account again, with the limits it had."""
    account = tx.get(Account, unit, owner, MAIN)
    if account is not None:
        tx.put(msgspec.structs.replace(account, status="open"))


def sums(tx: Tables) -> dict[str, int]:
    """For every unit the sum of all balances: zero each, or the books are broken."""
    return {unit.code: tx.total(Account, "balance_minor", "key", unit.code) for unit in tx.scan(Unit)}


def _pair(tx: Tables, unit: Unit, leg: Leg, time_ms: int) -> tuple[Account, Account]:
    if unit.status != "open":
        raise UnitClosed(unit=unit.code)
    if not 0 < leg.amount_minor <= INT64_MAX:
        raise _out_of_range(leg.amount_minor)
    if leg.payer == leg.payee and leg.payer_sub == leg.payee_sub:
        raise SameAccount
    payer = account_of(tx, unit, leg.payer, leg.payer_sub, time_ms)
    payee = account_of(tx, unit, leg.payee, leg.payee_sub, time_ms)
    if payer.status != "open" or payee.status != "open":
        raise AccountClosed(unit=unit.code, side="payer" if payer.status != "open" else "payee")
    return payer, payee


def _out_of_range(amount: int) -> OutOfRange:
    """The refusal, its fact within what the log can hold."""
    return OutOfRange(amount=max(-INT64_MAX, min(amount, INT64_MAX)))


def _check_floor(account: Account, amount: int) -> None:
    floor = account.floor_minor
    available = account.balance_minor - account.held_out_minor - (-INT64_MAX if floor is None else floor)
    if amount > available:
        if floor is None:
            raise _out_of_range(amount)
        raise OverFloor(unit=account.unit, available=max(0, min(available, INT64_MAX)), balance=account.balance_minor,
                        held=account.held_out_minor, floor=floor, amount=amount)  # fmt: skip


def _check_ceiling(account: Account, amount: int) -> None:
    ceiling = account.ceiling_minor
    if amount > (INT64_MAX if ceiling is None else ceiling) - account.balance_minor - account.held_in_minor:
        if ceiling is None:
            raise _out_of_range(amount)
        raise OverCeiling(unit=account.unit, amount=amount)


def _check_cap(unit: Unit, issuance: Account, amount: int) -> None:
    if unit.cap_minor is not None and amount - issuance.balance_minor > unit.cap_minor:
        raise OverCap(unit=unit.code, cap=unit.cap_minor, supply=-issuance.balance_minor,
                      amount=min(amount, INT64_MAX))  # fmt: skip


def _move(
    tx: Tables, leg: Leg | Hold, payer: Account, payee: Account, amount: int, no: int,
    time_ms: int, day: int, linked: int, memo: Private | None,
) -> None:  # fmt: skip
    """Change both balances and append the transfer. The accounts must be the current rows."""
    poorer, richer = _moved(payer, -amount, no, day), _moved(payee, amount, no, day)
    tx.append(Transfer(no, leg.unit, leg.payer, leg.payer_sub, leg.payee, leg.payee_sub, amount, leg.kind, "posted",
                       time_ms, day, linked, leg.ref, None, memo,
                       poorer.entries, poorer.balance_minor, payer.last, payer.skip,
                       richer.entries, richer.balance_minor, payee.last, payee.skip))  # fmt: skip
    tx.put(poorer)
    tx.put(richer)


def _moved(account: Account, amount: int, no: int, day: int) -> Account:
    balance = account.balance_minor + amount
    if not -INT64_MAX <= balance <= INT64_MAX:
        raise _out_of_range(abs(amount))
    n = account.entries + 1
    last_day, unsorted = (day, account.unsorted) if day >= account.last_day or n == 1 else (account.last_day, n)
    return Account(account.unit, account.owner, account.sub, balance, account.held_out_minor, account.held_in_minor,
                   account.floor_minor, account.ceiling_minor, n, account.status, account.since_ms,
                   last_day, unsorted, no, account.skip if n % STRIDE else no)  # fmt: skip


def _count(tx: Tables, leg: Leg | Hold, amount: int, day: int) -> None:
    """Count a movement between main accounts of members in their turnover; the space's accounts have none."""
    if leg.payer != SPACE and leg.payer_sub == MAIN:
        turnover.add(tx, leg.unit, leg.payer, day, leg.kind, amount, 0)
    if leg.payee != SPACE and leg.payee_sub == MAIN:
        turnover.add(tx, leg.unit, leg.payee, day, leg.kind, 0, amount)


def _end(tx: Tables, no: int, event: str) -> Hold:
    """Take a hold off both accounts and say in its row how it ended."""
    held = tx.get(Hold, no)
    if held is None:
        raise UnknownHold(transfer=no)
    tx.delete(Hold, no)
    if held.until_ms is not None:
        timers.cancel(tx, "ledger.expire_hold", no)
    payer, payee = _ends(tx, held)
    tx.put(msgspec.structs.replace(payer, held_out_minor=payer.held_out_minor - held.amount_minor))
    tx.put(msgspec.structs.replace(payee, held_in_minor=payee.held_in_minor - held.amount_minor))
    row = _transfer(tx, no)
    tx.put(msgspec.structs.replace(row, state=HOLD_STATES[row.state][event]))
    return held


def _ends(tx: Tables, held: Hold) -> tuple[Account, Account]:
    payer = tx.get(Account, held.unit, held.payer, held.payer_sub)
    payee = tx.get(Account, held.unit, held.payee, held.payee_sub)
    assert payer is not None
    assert payee is not None
    return payer, payee


def _transfer(tx: Tables, no: int) -> Transfer:
    found = tx.get(Transfer, no)
    assert found is not None
    return found


def _warn(tx: Tables, ctx: Context, unit: Unit, payer: Account, payee: Account, amount: int) -> None:
    """Tell whose balance passes a soft limit; `payer` and `payee` are the rows before the move."""
    before, after = payer.balance_minor, payer.balance_minor - amount
    soft = unit.soft_floor_minor
    if soft is not None and payer.owner != SPACE and after < soft <= before:
        ctx.notify(tx, payer.owner, "ledger.soft_floor", unit=unit.code, balance=after, limit=soft)
    before, after = payee.balance_minor, payee.balance_minor + amount
    soft = unit.soft_ceiling_minor
    if soft is not None and payee.owner != SPACE and before <= soft < after:
        ctx.notify(tx, payee.owner, "ledger.soft_ceiling", unit=unit.code, balance=after, limit=soft)
