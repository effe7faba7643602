"""Statements: what an account's entries say, a page at a time, by number or by value day.

An account is a list of transfers linked from the newest to the oldest, each with its number and the balance after it,
and with a pointer that skips to the last number before that is a multiple of `ledger.STRIDE`. So any entry is found in
about n / STRIDE + STRIDE steps, and no index is kept, which every payment would have to pay for.

Value days mostly rise with the numbers, and an account knows up to which number they do not (`Account.unsorted`, which
imported history and backdated corrections move): behind it days are searched like numbers; only the entries up to it
are read whole, and only when the period may reach back there.

Invariants: opening + the lines of all pages = closing; the balance beside the last line is the closing balance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from icn_node.kernel import ledger
from icn_node.kernel.ledger import Account, Transfer, Unit
from icn_node.kernel.module import Amount, Party
from icn_node.kernel.tables import Tables

SUBS = {
    "main": ledger.MAIN, "issuance": ledger.ISSUANCE, "escrow": ledger.ESCROW, "fees": ledger.FEES,
    "opening": ledger.OPENING,
}  # fmt: skip
SUB_NAMES = {number: name for name, number in SUBS.items()}


class Entry(NamedTuple):
    """One side of a posted transfer. n: its number in the account; balance_minor: after it, in the order of numbers."""

    transfer: Transfer
    n: int
    amount_minor: int
    balance_minor: int
    prev: int
    skip: int

    @property
    def day(self) -> int:
        return self.transfer.value_day


@dataclass(frozen=True, slots=True)
class Extract:
    """A page of a period. lines: entries with the balance after each, in the period's order; count: of all pages.

    after: what to ask the next page with, 0 if this is the last.
    """

    opening_minor: int
    closing_minor: int
    count: int
    lines: tuple[tuple[Entry, int], ...]
    after: int


_EMPTY = Extract(0, 0, 0, (), 0)


def by_number(tx: Tables, account: Account | None, first: int, last: int | None, after: int, limit: int) -> Extract:
    """The entries numbered `first` to `last` (None: to the end), from behind number `after`."""
    if account is None:
        return _EMPTY
    last = account.entries if last is None else min(last, account.entries)
    opening = _balance_at(tx, account, min(first - 1, account.entries))
    if last < first:
        return Extract(opening, opening, 0, (), 0)
    found = _ascending(tx, account, max(first, after + 1), last, limit)
    more = bool(found) and found[-1].n < last
    return Extract(
        opening, _balance_at(tx, account, last), last - first + 1, tuple((e, e.balance_minor) for e in found),
        found[-1].n if more else 0,
    )  # fmt: skip


def by_day(
    tx: Tables, account: Account | None, from_day: int | None, to_day: int | None, after: int, limit: int
) -> Extract:
    """The entries of those value days, both included (None: open), by (day, number), from behind entry `after`.

    The balances are those of value days: what stood on the account when everything dated so far is counted.
    """
    if account is None:
        return _EMPTY
    tail = account.unsorted + 1
    low = tail if from_day is None else _first_from(tx, account, from_day)
    high = account.entries if to_day is None else _first_from(tx, account, to_day + 1) - 1
    head: list[Entry] = []
    opening = _balance_at(tx, account, low - 1)
    if account.unsorted and low == tail:
        early = _ascending(tx, account, 1, account.unsorted, account.unsorted)
        opening = sum(e.amount_minor for e in early if from_day is not None and e.day < from_day)
        head = [e for e in early if _within(e.day, from_day, to_day)]
        head.sort(key=lambda e: (e.day, e.n))
    closing = opening + sum(e.amount_minor for e in head)
    if high >= low:
        closing += _balance_at(tx, account, high) - _balance_at(tx, account, low - 1)
    lines = _running(head, opening)
    if after:
        lines = _behind(tx, account, lines, after)
    lines = lines[:limit]
    if len(lines) < limit and high >= low:
        found = _ascending(tx, account, max(low, after + 1 if after >= tail else 0), high, limit - len(lines))
        lines += [(e, e.balance_minor) for e in found]
    count = len(head) + max(0, high - low + 1)
    end = high if high >= low else (head[-1].n if head else 0)
    more = bool(lines) and lines[-1][0].n != end
    return Extract(opening, closing, count, tuple(lines), lines[-1][0].n if more else 0)


def newest(tx: Tables, account: Account | None, before: int, limit: int) -> list[Entry]:
    """The entries with a number below `before` (0: all), the newest first."""
    if account is None:
        return []
    entry = _at(tx, account, account.entries if not before else min(before - 1, account.entries))
    return _descending(tx, account, entry, limit)


def line(unit: Unit, entry: Entry, balance_minor: int) -> dict[str, Any]:
    """An entry as people read it: when, with whom, what for, the amount with its sign and the balance after it."""
    transfer = entry.transfer
    paid = entry.amount_minor < 0
    other, sub = (transfer.payee, transfer.payee_sub) if paid else (transfer.payer, transfer.payer_sub)
    return {
        "n": entry.n, "value_day": transfer.value_day, "time_ms": transfer.time_ms, "transfer": transfer.no,
        "kind": transfer.kind, "other": Party(other), "other_account": SUB_NAMES[sub],
        "amount": Amount(entry.amount_minor, unit.decimals, unit.code),
        "balance": Amount(balance_minor, unit.decimals, unit.code),
        "ref": transfer.ref, "linked": transfer.linked, "memo": transfer.memo,
    }  # fmt: skip


def movement(tx: Tables, row: Transfer) -> dict[str, Any]:
    """A transfer as people read it."""
    unit = ledger.unit_of(tx, row.unit)
    return {
        "transfer": row.no, "time_ms": row.time_ms, "value_day": row.value_day, "kind": row.kind, "state": row.state,
        "payer": Party(row.payer), "payer_account": SUB_NAMES[row.payer_sub],
        "payee": Party(row.payee), "payee_account": SUB_NAMES[row.payee_sub],
        "amount": Amount(row.amount_minor, unit.decimals, unit.code), "ref": row.ref, "linked": row.linked,
        "until_ms": row.until_ms, "memo": row.memo,
    }  # fmt: skip


# -- searching ---------------------------------------------------------------------------------------------------------


def _entry(tx: Tables, account: Account, no: int) -> Entry | None:
    """The account's side of that transfer; None for 0."""
    if not no:
        return None
    t = tx.get(Transfer, no)
    assert t is not None
    if t.payer == account.owner and t.payer_sub == account.sub:
        return Entry(t, t.payer_n, -t.amount_minor, t.payer_balance_minor, t.payer_prev, t.payer_skip)
    return Entry(t, t.payee_n, t.amount_minor, t.payee_balance_minor, t.payee_prev, t.payee_skip)


def _last(tx: Tables, account: Account, fits: Callable[[Entry], bool]) -> Entry | None:
    """The last entry that fits. What fits must be a beginning of the account: all entries up to some number."""
    entry = _entry(tx, account, account.last)
    while entry is not None and not fits(entry):
        ahead = _entry(tx, account, entry.skip)
        if ahead is None or fits(ahead):
            break
        entry = ahead
    while entry is not None and not fits(entry):
        entry = _entry(tx, account, entry.prev)
    return entry


def _at(tx: Tables, account: Account, n: int) -> Entry | None:
    """The entry of that number; None for 0."""
    return _last(tx, account, lambda entry: entry.n <= n) if n else None


def _balance_at(tx: Tables, account: Account, n: int) -> int:
    """The balance after entry `n`, in the order of numbers."""
    entry = _at(tx, account, n)
    return 0 if entry is None else entry.balance_minor


def _first_from(tx: Tables, account: Account, day: int) -> int:
    """The first number behind the unsorted ones whose value day is `day` or later; one past the last if none is."""
    before = _last(tx, account, lambda entry: entry.n <= account.unsorted or entry.day < day)
    return 1 if before is None else before.n + 1


def _descending(tx: Tables, account: Account, entry: Entry | None, limit: int) -> list[Entry]:
    found: list[Entry] = []
    while entry is not None and len(found) < limit:
        found.append(entry)
        entry = _entry(tx, account, entry.prev)
    return found


def _ascending(tx: Tables, account: Account, start: int, last: int, limit: int) -> list[Entry]:
    """At most `limit` entries from number `start` up to `last`."""
    end = min(last, start + limit - 1)
    if end < start:
        return []
    return _descending(tx, account, _at(tx, account, end), end - start + 1)[::-1]


def _within(day: int, from_day: int | None, to_day: int | None) -> bool:
    return (from_day is None or day >= from_day) and (to_day is None or day <= to_day)


def _running(entries: list[Entry], opening: int) -> list[tuple[Entry, int]]:
    lines = []
    for entry in entries:
        opening += entry.amount_minor
        lines.append((entry, opening))
    return lines


def _behind(tx: Tables, account: Account, lines: list[tuple[Entry, int]], after: int) -> list[tuple[Entry, int]]:
    """The lines that come after the entry `after` in the order of (day, number)."""
    seen = _at(tx, account, min(after, account.entries))
    assert seen is not None
    return [pair for pair in lines if (pair[0].day, pair[0].n) > (seen.day, after)]
