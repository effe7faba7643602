"""Statements: what an account's entries say, a page at a time, by number or by value day.

Entries are numbered within their account, so a page is a range of keys. Value days mostly rise with the numbers, and
an account knows up to which number they do not (`Account.unsorted`, which imported history and backdated corrections
move): behind it days are found by halving; only the entries up to it are read whole, and only when the period may
reach back there. So a statement costs what it shows, whatever the size of the books, and no index on days is kept.

Invariants: opening + the lines of all pages = closing; the balance beside the last line is the closing balance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from icn_node.kernel import ledger
from icn_node.kernel.ledger import Account, Entry, Transfer, Unit
from icn_node.kernel.module import Amount, Party
from icn_node.kernel.tables import Tables

SUBS = {
    "main": ledger.MAIN, "issuance": ledger.ISSUANCE, "escrow": ledger.ESCROW, "fees": ledger.FEES,
    "opening": ledger.OPENING,
}  # fmt: skip
SUB_NAMES = {number: name for name, number in SUBS.items()}


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
    if account is None or first > account.entries:
        balance = 0 if account is None else account.balance_minor
        return Extract(balance, balance, 0, (), 0)
    last = account.entries if last is None else min(last, account.entries)
    start = max(first, after + 1)
    found = _range(tx, account, start, last, limit)
    return Extract(
        _balance_at(tx, account, first - 1), _balance_at(tx, account, max(last, first - 1)), max(0, last - first + 1),
        tuple((e, e.balance_minor) for e in found), _next(found, last),
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
    low = tail if from_day is None else _first_from(tx, account, tail, from_day)
    high = account.entries if to_day is None else _first_from(tx, account, tail, to_day + 1) - 1
    head: list[Entry] = []
    opening = _balance_at(tx, account, low - 1)
    if account.unsorted and low == tail:
        early = tx.scan(Entry, "key", account.unit, account.owner, account.sub, stop=tail)
        opening = sum(e.amount_minor for e in early if from_day is not None and e.value_day < from_day)
        head = [e for e in early if _within(e.value_day, from_day, to_day)]
        head.sort(key=lambda e: (e.value_day, e.n))
    closing = opening + sum(e.amount_minor for e in head)
    if high >= low:
        closing += _balance_at(tx, account, high) - _balance_at(tx, account, low - 1)
    lines = _running(head, opening)
    if after:
        lines = _behind(tx, account, lines, after)
    lines = lines[:limit]
    if len(lines) < limit and high >= low:
        found = _range(tx, account, max(low, after + 1 if after >= tail else 0), high, limit - len(lines))
        lines += [(e, e.balance_minor) for e in found]
    count = len(head) + max(0, high - low + 1)
    end = high if high >= low else (head[-1].n if head else 0)
    more = bool(lines) and lines[-1][0].n != end
    return Extract(opening, closing, count, tuple(lines), lines[-1][0].n if more else 0)


def newest(tx: Tables, account: Account | None, before: int, limit: int) -> list[Entry]:
    """The entries with a number below `before` (0: all), the newest first."""
    if account is None:
        return []
    return tx.scan(Entry, "key", account.unit, account.owner, account.sub, stop=before or None, limit=limit,
                   reverse=True)  # fmt: skip


def line(tx: Tables, unit: Unit, entry: Entry, balance_minor: int) -> dict[str, Any]:
    """An entry as people read it: when, with whom, what for, the amount with its sign and the balance after it."""
    transfer = tx.get(Transfer, entry.transfer)
    assert transfer is not None
    paid = entry.amount_minor < 0
    other, sub = (transfer.payee, transfer.payee_sub) if paid else (transfer.payer, transfer.payer_sub)
    return {
        "n": entry.n, "value_day": entry.value_day, "time_ms": transfer.time_ms, "transfer": transfer.no,
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


def _range(tx: Tables, account: Account, start: int, last: int, limit: int) -> list[Entry]:
    return tx.scan(Entry, "key", account.unit, account.owner, account.sub, start=start, stop=last + 1, limit=limit)


def _next(found: list[Entry], last: int) -> int:
    return found[-1].n if found and found[-1].n < last else 0


def _entry(tx: Tables, account: Account, n: int) -> Entry:
    found = tx.get(Entry, account.unit, account.owner, account.sub, n)
    assert found is not None
    return found


def _balance_at(tx: Tables, account: Account, n: int) -> int:
    """The balance after entry `n`, in the order of numbers."""
    return _entry(tx, account, n).balance_minor if n else 0


def _first_from(tx: Tables, account: Account, low: int, day: int) -> int:
    """The first number from `low` on whose value day is `day` or later; one past the last if there is none."""
    high = account.entries + 1
    while low < high:
        middle = (low + high) // 2
        if _entry(tx, account, middle).value_day < day:
            low = middle + 1
        else:
            high = middle
    return low


def _within(day: int, from_day: int | None, to_day: int | None) -> bool:
    return (from_day is None or day >= from_day) and (to_day is None or day <= to_day)


def _running(entries: list[Entry], opening: int) -> list[tuple[Entry, int]]:
    lines = []
    for entry in entries:
        opening += entry.amount_minor
        lines.append((entry, opening))
    return lines


def _behind(
    tx: Tables, account: Account, lines: list[tuple[Entry, int]], after: int
) -> list[tuple[Entry, int]]:
    """The lines that come after the entry `after` in the order of (day, number)."""
    if after > account.entries:
        return []
    seen = _entry(tx, account, after)
    return [pair for pair in lines if (pair[0].value_day, pair[0].n) > (seen.value_day, after)]
