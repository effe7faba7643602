"""Views of hours: how balances, histories, listings and the fair-exchange index are shown.

They read; amounts are in minutes of HOUR, which the edge shows as hours and minutes. Lists are pages by number.
"""

from __future__ import annotations

from typing import Any, Final

from icn_node.kernel import hours, intents, ledger, statements
from icn_node.kernel.commitment import Exchange
from icn_node.kernel.context import Context
from icn_node.kernel.hours import HOUR
from icn_node.kernel.intents import Intent
from icn_node.kernel.module import Amount, Party
from icn_node.kernel.registry import SPACE
from icn_node.kernel.tables import Tables

BALANCE: Final = ("member", "balance", "can_spend", "can_earn", "can_trade", "held_out", "held_in")
HISTORY: Final = ("n", "value_day", "kind", "category", "other", "amount", "balance", "memo")
INDEX: Final = ("member", "earned", "spent", "net", "ratio", "ratio_hundredths", "norm", "alert")
LISTINGS: Final = ("listing", "kind", "member", "category", "time", "left", "until_ms", "note")


def _minutes(value: int | None) -> Amount | None:
    return None if value is None else Amount(value, 0, HOUR)


def balance(tx: Tables, party: int, time_ms: int) -> dict[str, Any]:
    """What a party owns (or owes, below zero), can still spend, earn and trade, and has on hold."""
    unit = tx.get(ledger.Unit, HOUR)
    if unit is None:
        return {"member": Party(party), **dict.fromkeys(BALANCE[1:], _minutes(0))}
    account = ledger.account_of(tx, unit, party, ledger.MAIN, time_ms)
    free, coming = account.balance_minor - account.held_out_minor, account.balance_minor + account.held_in_minor
    floor, ceiling = account.floor_minor, account.ceiling_minor
    return {
        "member": Party(party), "balance": _minutes(account.balance_minor),
        "can_spend": _minutes(None if floor is None else max(0, free - floor)),
        "can_earn": _minutes(None if ceiling is None else max(0, ceiling - coming)),
        "can_trade": _minutes(max(0, free)),
        "held_out": _minutes(account.held_out_minor), "held_in": _minutes(account.held_in_minor),
    }  # fmt: skip


def history(tx: Tables, party: int, after: int, limit: int, earned: str) -> list[dict[str, Any]]:
    """The party's entries, the newest first; `earned`: the kind of transfer whose ref is an exchange."""
    unit = tx.get(ledger.Unit, HOUR)
    account = tx.get(ledger.Account, HOUR, party, ledger.MAIN)
    lines = []
    for entry in statements.newest(tx, account, after, limit):
        assert unit is not None
        line = statements.line(unit, entry, entry.balance_minor)
        row = tx.get(Exchange, line["ref"]) if line["kind"] == earned else None
        lines.append({**line, "category": "" if row is None else row.what, "exchange": None if row is None else row.no})
    return lines


def index_of_everyone(tx: Tables, reader: Context, after: int, limit: int) -> list[dict[str, Any]]:
    """The index of every party that has an account, by number."""
    # Accounts stand in the order of their owners; the space's own, which have no index, come before all others.
    rows = tx.scan(ledger.Account, "key", HOUR, start=max(after, SPACE) + 1, limit=limit)
    return [index(tx, reader, account.owner) for account in rows]


def index(tx: Tables, reader: Context, party: int) -> dict[str, Any]:
    """One party's index: earned, spent, their ratio exactly and in hundredths, where it stands, whether it alerts."""
    found = hours.index(tx, reader, party)
    return {
        "no": party, "member": Party(party), "earned": _minutes(found.earned_minor),
        "spent": _minutes(found.spent_minor), "net": _minutes(found.net_minor),
        "ratio": found.fraction, "ratio_hundredths": found.hundredths,
        "norm": found.standing(reader.number(tx, "timebank.norm_minutes")),
        "alert": hours.alerts(tx, reader, found),
    }  # fmt: skip


def listings(tx: Tables, domain: str, kind: str, category: str, after: int, limit: int) -> list[dict[str, Any]]:
    """Open intents of a domain, of one kind and category or ('') of all."""
    found: list[dict[str, Any]] = []
    name, *where = ("what", domain, "open", category) if category else ("listed", domain, "open")
    while len(found) < limit:
        rows = tx.scan(intents.Intent, name, *where, start=after + 1, limit=limit)
        found += [_listing(row) for row in rows if kind in ("", row.kind)]
        if len(rows) < limit:
            break
        after = rows[-1].no
    return found[:limit]


def _listing(row: Intent) -> dict[str, Any]:
    return {
        "listing": row.no, "kind": row.kind, "member": Party(row.party), "category": row.what,
        "time": _minutes(row.amount_minor), "left": row.quota - row.taken, "since_ms": row.since_ms,
        "until_ms": row.until_ms, "note": row.note,
    }  # fmt: skip
