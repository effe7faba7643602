"""Timers: work that falls due at a commit's time. Due timers run before the commit's events, by (due, number)."""

from __future__ import annotations

from typing import ClassVar

from icn_node.kernel.tables import Record, Tables

MOST_PER_COMMIT = 1_000


class Timer(Record, frozen=True):
    """kind: "module.name" as its module declares it. ref: the number of what it concerns."""

    TABLE: ClassVar[str] = "timer"
    KEY: ClassVar[tuple[str, ...]] = ("no",)
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {"due": ("due_ms",), "ref": ("kind", "ref")}
    no: int
    due_ms: int
    kind: str
    ref: int


RECORDS = (Timer,)


def schedule(tx: Tables, due_ms: int, kind: str, ref: int) -> int:
    """Set a timer; its number."""
    no = tx.next_no("timer")
    tx.put(Timer(no, due_ms, kind, ref))
    return no


def cancel(tx: Tables, kind: str, ref: int) -> int:
    """Remove the timers of that kind and ref; how many there were."""
    found = tx.scan(Timer, "ref", kind, ref)
    for timer in found:
        tx.delete(Timer, timer.no)
    return len(found)


def due(tx: Tables, time_ms: int, limit: int = MOST_PER_COMMIT) -> list[Timer]:
    """The timers due at `time_ms`, in the order in which they run."""
    return tx.scan(Timer, "due", stop=time_ms + 1, limit=limit)


def next_due_ms(tx: Tables) -> int | None:
    """When the next timer falls due, or None."""
    first = tx.scan(Timer, "due", limit=1)
    return first[0].due_ms if first else None
