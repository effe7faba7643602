"""What an open space answers: receipts, places, reads through the policy, rehearsals, the head of the log, proofs.

Nothing here changes anything; `space.Space`, which does, inherits it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dag import codec, proof
from dag.cid import cid_text
from dag.event import unsigned
from dag.graph import Graph
from dag.leaf import decode_leaf
from dag.order.config import Epoch
from dag.order.orderer import Orderer
from dag.store import Store
from icn_node.kernel import bylaws, explanations, registry
from icn_node.kernel.context import THE_SPACE, Actor, Context
from icn_node.kernel.execute import Kernel, Outcome, refused
from icn_node.kernel.policy import NeedsApproval
from icn_node.kernel.refusal import Forbidden, Refusal, UnknownKey
from icn_node.kernel.tables import Tables
from icn_node.machine import Machine
from icn_node.receipts import Receipt, receipt_of

if TYPE_CHECKING:
    from ccl.explain import Explanation


class Rehearsed(NamedTuple):
    """What an event would lead to: as `Executed`, and why a contract would refuse it, if one would."""

    outcome: Outcome
    effects: bytes
    explanation: Explanation | None = None


class Questions:
    """The answering side of a space. The attributes are the space's; see there."""

    cid: bytes
    store: Store
    graph: Graph
    epoch: Epoch
    machine: Machine
    kernel: Kernel
    tables: Tables
    _orderer: Orderer

    def receipt(self, cid: bytes) -> Receipt | None:
        """What became of an event, None if it is not held."""
        index = self.store.events.leaf_of(cid)
        if index is None:
            return Receipt(cid, "pending") if self.store.events.has(cid) else None
        leaf = decode_leaf(self.store.log.leaf(index))
        return receipt_of(cid, index, leaf.time_ms, leaf.outcome)

    def next_place(self, author: bytes) -> tuple[int, bytes | None]:
        """(seq, prev) of the next event of a device (34 bytes), on top of its canonical chain."""
        seq, cid = self.graph.canonical.head(author)
        return seq + 1, cid

    def prepare(self, author: bytes, ops: list[dict[str, Any]], *, at_ms: int, until_ms: int | None = None) -> bytes:
        """The unsigned bytes of a device's next event."""
        seq, prev = self.next_place(author)
        return unsigned(
            space=self.cid, author=author, seq=seq, prev=prev, parents=(), at=at_ms, until=until_ms, ops=ops
        )

    def reader(self, did: str | None, now_ms: int, *, operator: bool = False) -> Context:
        """Who reads: a member by DID, or the operator of the node, or nobody known."""
        time_ms = max(now_ms, self._orderer.time_ms)
        if did is None:
            actor = THE_SPACE if operator else Actor(registry.STRANGER, "")
        else:
            no = registry.party_no(self.tables, did)
            actor = Actor(registry.STRANGER if no is None else no, did)
        origin = "operator" if operator else "read"
        return Context(self.kernel, actor=actor, time_ms=time_ms, origin=origin, space=self.cid)

    def ask(self, name: str, query: Any, reader: Context) -> Any:
        """A query's answer, through the policy. Raises Refusal; KeyError for an unknown query."""
        spec = self.kernel.queries[name]
        self.judge_read(name, query, reader)
        self.tables.seal(True)
        try:
            return spec.fn(self.tables, query, reader)
        finally:
            self.tables.seal(False)

    def judge_read(self, name: str, query: Any, reader: Context) -> None:
        """Return if the read may be answered. Raises Forbidden, explained as far as the reader may see, UnknownKey."""
        try:
            self.kernel.policy.judge_read(self.tables, reader, name, query)
        except Forbidden as no:
            if no.explanation is not None:
                no.explanation = no.explanation.seen_by(explanations.visible_to(self.tables, reader))
            raise

    def rehearse(self, ops: Sequence[dict[str, Any]], did: str, key: bytes, now_ms: int) -> Rehearsed:
        """What an event of these ops would lead to if it were committed now. Nothing is changed."""
        tx = self.tables
        mark = tx.mark()
        self.store.begin()
        try:
            no = registry.party_no(tx, did)
            actor = Actor(registry.STRANGER if no is None else no, did, key)
            time_ms = max(now_ms, self._orderer.time_ms)
            ctx = Context(self.kernel, actor=actor, time_ms=time_ms, origin="event", space=self.cid, at_ms=now_ms)
            try:
                if actor.stranger and not key:
                    raise UnknownKey
                results = []
                for op in ops:
                    results.append(self.kernel.carry_out(tx, self.kernel.decode(dict(op)), ctx))
                    ctx.op_index += 1
                return Rehearsed({"ok": results}, tx.effects(mark))
            except Forbidden as no_:
                why = no_.explanation
                shown = None if why is None else why.seen_by(explanations.visible_to(tx, ctx))
                return Rehearsed(refused(no_), tx.effects(mark), shown)
            except Refusal as no_:
                return Rehearsed(refused(no_), tx.effects(mark))
            except NeedsApproval as wanted:
                return Rehearsed({"ok": [f"approval of {wanted.need} needed"]}, tx.effects(mark))
        finally:
            tx.rollback(mark)
            self.store.rollback()
            tx.aborted()

    def clause_text(self, clause: str, version: int = 0) -> str:
        """The words of a clause of the bylaws in force, or of an earlier version; '' if there is none of that id."""
        tx = self.tables
        adopted = tx.get(bylaws.Bylaws, version) if version else bylaws.in_force(tx)
        return "" if adopted is None else self.kernel.policy.book_of(tx, adopted.document).text_of(clause)

    def head(self) -> dict[str, Any]:
        """Where the log stands."""
        last = self.store.log.last_checkpoint()
        return {
            "space": cid_text(self.cid),
            "leaves": self.machine.frontier.size,
            "root": self.machine.frontier.root().hex(),
            "commits": self._orderer.index,
            "time_ms": self._orderer.time_ms,
            "events": len(self.store.events),
            "epoch": self.epoch.number,
            "heads": [cid_text(c) for c in self.store.events.heads(16)],
            "checkpoint": None if last is None else last[1],
        }

    def proof(self, cid: bytes) -> bytes:
        """A proof file: that this event, with its outcome, is in the log that the validators signed."""
        index = self.store.events.leaf_of(cid)
        found = self.store.log.last_checkpoint()
        genesis = self.store.events.get(self.cid)
        block = self.store.events.get(cid)
        if index is None or found is None or genesis is None or block is None:
            raise KeyError(cid_text(cid))
        _, note = found
        return proof.build(
            self.store.log, genesis=genesis, epochs=self._epoch_steps(), leaf=self.store.log.leaf(index),
            checkpoint=note, event=block,
        )  # fmt: skip

    def _epoch_steps(self) -> list[tuple[bytes, str]]:
        """For each epoch after the founding one its leaf and the note that seals it."""
        steps = []
        for index in decode_epochs(self.store.meta("epoch_leaves")):
            sealed = self.store.log.checkpoint(index + 1)
            assert sealed is not None, "an epoch's leaf is covered by the checkpoint of its own commit"
            steps.append((self.store.log.leaf(index), sealed[1]))
        return steps


def decode_epochs(stored: bytes | None) -> list[int]:
    """The log positions of the epoch leaves after the founding one."""
    found: Any = [] if stored is None else codec.decode(stored)
    return list(found)
