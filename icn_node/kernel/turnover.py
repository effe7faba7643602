"""Turnover: what each party paid and received, summed by value day and kind, for units whose terms look back in time.

An account's entries stand in the order in which they were posted. Hours are given one day and logged on another, so a
question such as "how much was earned in the last six months" would read every entry of the account; here it reads one
row for each day and kind that fall into the period. The ledger keeps it for the kinds of unit in `COUNTED`.

Invariants: for each counted unit and party the sum of received - paid over all rows is the balance of its main account.
It is state, not a projection: rules depend on it. It must not know what a period or a kind means.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from icn_node.kernel.tables import Record, Tables

COUNTED = frozenset({"hours"})  # kinds of unit


class Turnover(Record, frozen=True):
    """What a party's main account paid and received in a unit on one value day, in transfers of one kind."""

    TABLE: ClassVar[str] = "turnover"
    KEY: ClassVar[tuple[str, ...]] = ("unit", "owner", "day", "kind")
    unit: str
    owner: int
    day: int
    kind: str
    paid_minor: int
    received_minor: int


RECORDS = (Turnover,)


def add(tx: Tables, unit: str, owner: int, day: int, kind: str, paid_minor: int, received_minor: int) -> None:
    """Count a movement."""
    row = tx.get(Turnover, unit, owner, day, kind)
    if row is not None:
        paid_minor += row.paid_minor
        received_minor += row.received_minor
    tx.put(Turnover(unit, owner, day, kind, paid_minor, received_minor))


def within(tx: Tables, unit: str, owner: int, first_day: int, last_day: int) -> list[Turnover]:
    """The rows of that party whose days lie in the period, both ends included, by day and kind: one range of keys."""
    return tx.scan(Turnover, "key", unit, owner, start=first_day, stop=last_day + 1)


def hand_over(tx: Tables, units: Iterable[str], owner: int, to: int) -> None:
    """Let what one party paid and received count as another's from now on: imported books that a member claims."""
    for unit in units:
        for row in tx.scan(Turnover, "key", unit, owner):
            add(tx, unit, to, row.day, row.kind, row.paid_minor, row.received_minor)
            tx.delete(Turnover, unit, owner, row.day, row.kind)
