"""What a commit does, wherever it comes from: due timers, then events, each executed and written as a leaf of the log.

Live operation, rebuilding, verifying and importing differ only in where commits come from and where leaves go; all of
them run this. The daily `state` leaf stands before the work of the first commit of a UTC day.

It must not know a store, a clock, signatures, or how commits were agreed on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import apsw
import msgspec

from dag.epoch import Statement, subject_of
from dag.event import Event
from dag.leaf import encode_leaf
from dag.merkle import Frontier, leaf_hash
from icn_node.kernel import timers
from icn_node.kernel.execute import Kernel, Outcome
from icn_node.kernel.module import Module
from icn_node.kernel.root import state_root
from icn_node.kernel.tables import Backend, Record, Tables

DAY_MS = 86_400_000
NOTHING = bytes.fromhex("76be8b528d0075f7aae98d6fa57a6d3c83ae480a8469e668d7b0af968995ac71")  # SHA-256 of CBOR []


class Snapshot(Record, frozen=True):
    """The last `state` leaf: on which UTC day (since 1970), with which root. One row."""

    TABLE: ClassVar[str] = "snapshot"
    KEY: ClassVar[tuple[str, ...]] = ("no",)
    PROJECTION: ClassVar[bool] = True
    no: int
    day: int
    root: bytes
    records: int


class Done(msgspec.Struct, frozen=True, gc=False):
    """One leaf: its bytes and what they say. subject: the event's CID, None for other kinds."""

    index: int
    kind: str
    subject: bytes | None
    time_ms: int
    outcome: Outcome
    leaf: bytes


class Machine:
    """The kernel with its log's frontier. Leaves are numbered on from `frontier.size`."""

    def __init__(self, backend: Backend, modules: Sequence[Module], frontier: Frontier, space: bytes) -> None:
        self.tables = Tables(backend, (*Kernel.records(modules), Snapshot))
        self.kernel = Kernel(self.tables, modules)
        self.frontier = frontier
        self.space = space

    def run(self, time_ms: int, events: Iterable[tuple[Event, str]], statement: Statement | None = None) -> list[Done]:
        """Execute one commit: what is due, then the (event, verdict) pairs in their order. The leaves, in order.

        statement: of the epoch, if this is the first commit with work in it; its leaf comes first.
        """
        done: list[Done] = []
        index = self.frontier.size
        tables, kernel = self.tables, self.kernel
        pairs = list(events)
        due = timers.due(tables, time_ms)
        if not pairs and not due:
            return done
        if statement is not None:
            done.append(self._leaf(index, "epoch", subject_of(statement), time_ms, {"ok": []}, NOTHING))
            index += 1
        snapshot = tables.get(Snapshot, 1)
        day = time_ms // DAY_MS
        if snapshot is None or day > snapshot.day:
            if snapshot is not None:  # before the founding there is nothing to state
                root, records = state_root(tables)
                subject = {"root": root, "records": records}
                done.append(self._leaf(index, "state", subject, time_ms, {"ok": []}, root))
                index += 1
            else:
                root, records = bytes(32), 0
            tables.put(Snapshot(1, day, root, records))
            tables.settle()
        for timer in due:
            executed = kernel.timer(timer, time_ms, self.space)
            subject = {"kind": timer.kind, "ref": timer.ref, "no": timer.no, "due": timer.due_ms}
            done.append(self._leaf(index, "timer", subject, time_ms, executed.outcome, executed.effects))
            index += 1
        for event, verdict in pairs:
            executed = kernel.event(event, verdict, time_ms)
            leaf = encode_leaf(index, "event", event.cid, time_ms, executed.outcome, executed.effects)
            done.append(Done(index, "event", event.cid, time_ms, executed.outcome, leaf))
            index += 1
        return done

    def next_due_ms(self) -> int | None:
        """When the earliest timer falls due."""
        return timers.next_due_ms(self.tables)

    def drop_tables(self, db: apsw.Connection) -> None:
        """Drop the state's tables, to be made anew from the log."""
        for record in self.tables.records:
            db.execute(f"DROP TABLE IF EXISTS {record.TABLE}")

    def append(self, done: Iterable[Done]) -> list[Any]:
        """Put leaves into the tree; the subtrees they completed, for the store."""
        return self.frontier.append_many([leaf_hash(d.leaf) for d in done])

    @staticmethod
    def _leaf(index: int, kind: Any, subject: dict[str, Any], time_ms: int, outcome: Outcome, effects: bytes) -> Done:
        leaf = encode_leaf(index, kind, subject, time_ms, outcome, effects)
        return Done(index, kind, None, time_ms, outcome, leaf)
