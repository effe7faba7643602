"""One open space: events in, outcomes out, durable when `submit` returns. Synchronous, one thread, no trio.

It owns the store's transactions and puts the parts together: the graph admits, the orderer orders, the machine
executes, the log appends, all in one database transaction; then the guard is written. If anything fails in between,
the transaction is rolled back and everything in memory is read again from the store, so a full disk or an error of
ours loses nothing and half-does nothing.

It must not know sockets, files other than its own two, or the wall clock: times are parameters.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import apsw

from dag import checkpoint, codec, epoch
from dag.cid import cid_of, cid_text
from dag.epoch import Statement
from dag.event import Event, InvalidEvent, check_event, decode_event, decode_trusted
from dag.graph import Admitted, Graph
from dag.guard import GuardDamaged, GuardFile
from dag.keys import SigningKey, did_of
from dag.merkle import Frontier
from dag.order.config import Epoch
from dag.order.guard import RestoredDatabase, opening_guard
from dag.order.orderer import Commit, Diverged, NewBlock, Orderer, Output, Rejected
from dag.order.recovery import InvalidRecovery, Recovery, decode_recovery, verify_recovery
from dag.order.state import Position, StoredBlock, opening
from dag.store import Store, StoreCorrupt, StoreError, StoreFailed, StoreMissing
from dag.store_errors import translated
from dag.store_log import Commit as Settled
from icn_node.kernel import notices, private, registry, versions
from icn_node.kernel.bylaws import BylawsInvalid
from icn_node.kernel.execute import Kernel
from icn_node.kernel.module import Module
from icn_node.kernel.sqlite import SqliteBackend
from icn_node.machine import Done, Machine
from icn_node.modules import MODULES
from icn_node.modules.invitation import welcomes
from icn_node.questions import Questions, decode_epochs
from icn_node.receipts import CommitInfo, NotAdmitted, Receipt, SpaceStopped, plain_facts, receipt_of

DELTA_MS = 100  # the ordering's unit of patience; a lone node never waits for anybody
MOST_AT_ONCE = 4096  # events in one commit


class Space(Questions):
    """An open space. `key`: this node's, if it orders; None opens for reading and following only."""

    def __init__(
        self, store: Store, guard_path: Path, key: SigningKey | None, modules: Sequence[Module] = MODULES
    ) -> None:
        self.store = store
        self.guard_path = guard_path
        self.modules = tuple(modules)
        self.commit_listeners: list[Callable[[CommitInfo], None]] = []
        self.stopped: str = ""
        self.alarms: list[str] = []
        self._key = key
        self.cid: bytes = store.meta("space")
        self._guard = None if key is None else GuardFile(guard_path)
        self._load()

    # -- making and opening --------------------------------------------------------------------------------------

    @classmethod
    def create(
        cls, path: Path, guard_path: Path, genesis: Event, key: SigningKey, *, now_ms: int,
        modules: Sequence[Module] = MODULES, blobs: Mapping[bytes, bytes] | None = None,
    ) -> Space:  # fmt: skip
        """Found a space by its genesis event. Raises InvalidEvent, InvalidEpoch, StoreError, or the Refusal."""
        space = cls._made(path, guard_path, genesis, key, modules)
        receipt = space.submit([genesis.block], now_ms, blobs=blobs or {})[0]
        if receipt.status != "executed":
            space.close()
            raise SpaceStopped(f"the genesis event was not executed: {receipt.outcome or receipt.code}")
        return space

    @classmethod
    def follow_new(cls, path: Path, guard_path: Path, genesis: bytes, modules: Sequence[Module] = MODULES) -> Space:
        """An empty copy of the space that this block founds, to be filled with `follow`. Raises InvalidEvent, ..."""
        return cls._made(path, guard_path, check_event(genesis), None, modules)

    @classmethod
    def _made(
        cls, path: Path, guard_path: Path, genesis: Event, key: SigningKey | None, modules: Sequence[Module]
    ) -> Space:
        configuration, _ = epoch.founding(genesis)
        store = Store.open(path, create=True)
        try:
            _check_empty(store)
            if key is not None:
                guard = GuardFile(guard_path)
                guard.write(opening_guard(configuration))
                guard.close()
            with store.transaction():
                store.set_meta("space", genesis.cid)
                store.set_meta("epoch", configuration.encode())
                store.set_meta("unstated", b"genesis")
                store.set_meta("position", opening(configuration).encode())
            return cls(store, guard_path, key, modules)
        except BaseException:
            store.close()
            raise

    @classmethod
    def open(
        cls, path: Path, guard_path: Path, key: SigningKey | None, *, read_only: bool = False,
        modules: Sequence[Module] = MODULES,
    ) -> Space:  # fmt: skip
        """Open a space that is there. A database that was restored opens, but `stopped` says that it cannot sign."""
        store = Store.open(path, read_only=read_only)
        try:
            _check_founded(store)
            return cls(store, guard_path, None if read_only else key, modules)
        except BaseException:
            store.close()
            raise

    def close(self) -> None:
        """Let the files go."""
        self.store.close()
        if self._guard is not None:
            self._guard.close()

    def _load(self) -> None:
        """Everything in memory, from the store. Raises StoreCorrupt where what it kept cannot be read."""
        try:
            self._read()
        except ValueError as error:  # of whichever kind: each reader of a stored value has its own
            raise _damaged(str(error)) from error

    def _read(self) -> None:
        store = self.store
        frontier_bytes = store.meta("frontier")
        frontier = Frontier() if frontier_bytes is None else Frontier.restore(frontier_bytes)
        self.epoch = Epoch.decode(self._kept("epoch"))
        position = Position.decode(self._kept("position"))
        self._unstated = _statement(self.epoch, store.meta("unstated"))
        # Tables that are not there yet are made in one transaction: all or none, and one fsync.
        with contextlib.nullcontext() if store.is_read_only else store.transaction():
            self.machine = Machine(self.backend(), self.modules, frontier, self.cid)
        self.kernel: Kernel = self.machine.kernel
        self.tables = self.machine.tables
        self.graph = Graph(store.events, self.cid)
        self._notices_seen = self.tables.last_no("notice")
        self._erased_seen = self.tables.last_no("private_erased")
        self._check_versions()
        self._check_bylaws()
        self.validates = self._key is not None and self._key.author in self.epoch.authors
        self._orderer = self._make_orderer(position, self._key if self.validates else None)

    def _kept(self, name: str) -> bytes:
        found = self.store.meta(name)
        if not isinstance(found, bytes):
            raise _damaged(f"it does not say its {name}")
        return found

    def backend(self) -> SqliteBackend:
        """The state's tables in the store's file."""
        return SqliteBackend(self.store.db, create=not self.store.is_read_only)

    def _make_orderer(self, position: Position, key: SigningKey | None) -> Orderer:
        blocks = self.store.ordering.to_resume(self.epoch.cid, position.keep_from)
        held = None
        try:
            held = None if self._guard is None or key is None else self._guard.read()
            orderer = Orderer(
                self.epoch, position, blocks, events=self.graph, archive=self.store.ordering.get, delta_ms=DELTA_MS,
                key=key, guard=held,
            )  # fmt: skip
        except (RestoredDatabase, GuardDamaged) as error:
            self.stopped = str(error)
            return Orderer(
                self.epoch, position, blocks, events=self.graph, archive=self.store.ordering.get, delta_ms=DELTA_MS
            )
        if key is not None and self._guard is not None and held != orderer.guard:
            self._guard.write(orderer.guard)
        for batch in self.graph.pending_batches():
            orderer.admit(batch.heads, events=batch.events, size=batch.size)
        return orderer

    def _check_versions(self) -> None:
        known = {(m.name, c.cls.VER) for m in self.modules for c in m.commands} | {(m.name, 1) for m in self.modules}
        for row in self.tables.scan(versions.Active):
            if (row.module, row.version) not in known:
                self.stopped = (
                    f"this node's software lacks version {row.version} of the module {row.module}, which the space has "
                    "switched on: upgrade the node; until then it executes nothing, so that it cannot diverge"
                )

    def _check_bylaws(self) -> None:
        """Compile the bylaws in force now, so that the first event does not wait for it."""
        if self.stopped:
            return  # a module is missing, of which the bylaws may speak
        try:
            self.kernel.policy.book(self.tables)
        except BylawsInvalid as error:
            self.stopped = (
                f"this node's software cannot read the bylaws in force ({error.facts['reason']}): upgrade the node; "
                "until then it executes nothing, so that it cannot diverge"
            )

    # -- events ----------------------------------------------------------------------------------------------------

    def submit(
        self,
        blocks: Sequence[bytes],
        now_ms: int,
        *,
        blobs: Mapping[bytes, bytes] | None = None,
        codes: Sequence[str | None] | None = None,
    ) -> list[Receipt]:
        """Admit, order, execute and make durable, as one group commit; a receipt for each block, in order.

        codes: for each block None if its signature was verified already, else why it is invalid; without `codes`
        everything is verified here. blobs: private payloads by commitment hash. Raises SpaceStopped, StoreError (then
        nothing was kept).
        """
        self._check_orders()
        events, receipts = self._judge(blocks, codes)
        admitted = Admitted([], {}, [], [], [], [])
        done: dict[bytes, Done] = {}
        with self._transaction() as work:
            for start in range(0, len(events), MOST_AT_ONCE):
                admitted = self.graph.admit(events[start : start + MOST_AT_ONCE])
                self._note_kinds(events[start : start + MOST_AT_ONCE], admitted, receipts)
                if not admitted.rows:
                    continue
                self.store.events.add(admitted)
                for batch in self.graph.batches(admitted):
                    self._orderer.admit(batch.heads, events=batch.events, size=batch.size)
                self._advance(now_ms, {e.cid: e for e in events[start : start + MOST_AT_ONCE]}, work)
            self._keep_blobs(blobs)
        for info in work:
            for leaf in info.leaves:
                if leaf.subject is not None:
                    done[leaf.subject] = leaf
        self._announce(work)
        return [self._receipt(r, done) for r in receipts]

    def follow(
        self,
        events: Sequence[bytes],
        ordering: Sequence[bytes],
        now_ms: int,
        *,
        blobs: Mapping[bytes, bytes] | None = None,
        codes: Sequence[str | None] | None = None,
    ) -> None:
        """Take over what validators ordered: events first, then their blocks, parents before children.

        Everything is verified; a known event or block changes nothing. Raises InvalidEvent, InvalidBlock, SpaceStopped.
        """
        fresh = []
        for position, block in enumerate(events):
            fresh.append(check_event(block) if codes is None else _checked_elsewhere(block, codes[position]))
        with self._transaction() as work:
            admitted = self.graph.admit(fresh, referenced=True)
            for position, kind in enumerate(admitted.kinds):
                if kind not in ("new", "fork", "duplicate", "known"):
                    raise NotAdmitted(kind, event=cid_text(fresh[position].cid))
            if admitted.rows:
                self.store.events.add(admitted)
                self._orderer.events_held(admitted.cids)
            for raw in ordering:
                self._orderer.receive(raw, now_ms)
            self._advance(now_ms, {e.cid: e for e in fresh}, work)
            self._keep_blobs(blobs)
        self._announce(work)

    def recover(self, recovery: Recovery, key: SigningKey) -> None:
        """Take up a recovery epoch that this space's recovery keys signed, and order with `key` from now on.

        The guard is written before the database, so a crash in between leaves a guard behind, never one missing.
        Raises InvalidRecovery (also `wrong_checkpoint` if it is not about this log as it stands).
        """
        self._check_recovery(recovery)
        guard = GuardFile(self.guard_path)
        guard.write(opening_guard(recovery.epoch))
        guard.close()
        self._begin_epoch(recovery)
        self._key = key
        self._guard = GuardFile(self.guard_path)
        self.stopped = ""
        self._load()

    def _check_recovery(self, recovery: Recovery) -> None:
        genesis = self.store.events.get(self.cid)
        assert genesis is not None
        _, allowed = epoch.founding(decode_event(genesis))
        verify_recovery(recovery, self.epoch, keys=allowed.keys, threshold=max(1, allowed.threshold))
        stated = checkpoint.parse(recovery.checkpoint)
        frontier = self.machine.frontier
        if (stated.size, stated.root) != (frontier.size, frontier.root()):
            raise InvalidRecovery("wrong_checkpoint", size=stated.size, expected=frontier.size)

    def _begin_epoch(self, recovery: Recovery) -> None:
        last = self._orderer
        with self.store.transaction():
            self.store.set_meta("epoch", recovery.epoch.encode())
            self.store.set_meta("unstated", recovery.encode())
            position = opening(recovery.epoch, last.index, self.machine.frontier.root(), last.time_ms)
            self.store.set_meta("position", position.encode())
            self.store.set_meta("recovered", codec.encode([last.index, last.time_ms]))

    def reload(self) -> None:
        """Read everything in memory again, after the tables were made anew."""
        self._load()

    def follow_recovery(self, recovery: Recovery) -> None:
        """As a follower, go on in a recovery epoch. Raises InvalidRecovery."""
        self._check_recovery(recovery)
        self._begin_epoch(recovery)
        self._load()

    def _check_orders(self) -> None:
        if self.stopped:
            raise SpaceStopped(self.stopped)
        if not self.validates:
            msg = (
                "this home is a copy that follows the space: it answers and verifies, but orders nothing. "
                "Send commands to a validator: " + ", ".join(self.epoch.validators)
            )
            raise SpaceStopped(msg)

    def tick(self, now_ms: int) -> bool:
        """Let due timers run; whether anything was committed. Raises SpaceStopped, StoreError."""
        self._check_orders()
        self._orderer.set_timer(self.machine.next_due_ms())
        if not self._orderer.has_work(now_ms):
            return False
        with self._transaction() as work:
            self._advance(now_ms, {}, work)
        self._announce(work)
        return bool(work)

    def next_due_ms(self) -> int | None:
        """When `tick` should be called next, UTC ms; None: no timer is set."""
        if not self.validates:
            return None
        due = self.machine.next_due_ms()
        wakes = [] if due is None else [due + DELTA_MS + 1]
        if self._orderer.wake_at_ms is not None:
            wakes.append(self._orderer.wake_at_ms)
        return min(wakes, default=None)

    def _keep_blobs(self, blobs: Mapping[bytes, bytes] | None) -> None:
        """Keep private payloads whose commitments stand in executed events. Others would belong to nobody, and nobody
        could have them erased."""
        known = {h: b for h, b in (blobs or {}).items() if self.tables.get(private.PrivateField, h) is not None}
        if known:
            self.store.blobs.put(sorted(known.items()))

    def _judge(
        self, blocks: Sequence[bytes], codes: Sequence[str | None] | None
    ) -> tuple[list[Event], list[Receipt | bytes]]:
        """Decoded events that may be admitted, and for each block its receipt so far, or its CID."""
        events: list[Event] = []
        receipts: list[Receipt | bytes] = []
        get = self.tables.get
        for position, block in enumerate(blocks):
            code = None if codes is None else codes[position]
            try:
                event = check_event(block) if codes is None else _checked_elsewhere(block, code)
                device = get(registry.Device, event.author[2:])
                if device is None or device.revoked_ms is not None:
                    self._check_stranger(event, revoked=device is not None)
            except InvalidEvent as error:
                receipts.append(Receipt(cid_of(block), "invalid", code=error.code, facts=plain_facts(error.facts)))
                continue
            events.append(event)
            receipts.append(event.cid)
        return events, receipts

    def _check_stranger(self, event: Event, *, revoked: bool) -> None:
        """Admission: a key that is no member's may only join with an invitation that is open, or apply where that is
        taken; nothing else of a stranger gets into the record."""
        if self.store.events.has(event.cid) or event.space != self.cid:
            return  # known, or of another space: the graph says so
        if revoked:
            raise NotAdmitted("revoked_key")
        did = did_of(event.author[2:])
        takes = self.kernel.param(self.tables, "member.applications") is True
        if not welcomes(self.tables, self.cid, did, event.ops, self._orderer.time_ms, applications=takes):
            raise NotAdmitted("unknown_key", author=did)

    @staticmethod
    def _note_kinds(events: Sequence[Event], admitted: Admitted, receipts: list[Receipt | bytes]) -> None:
        bad: dict[bytes, Receipt] = {}
        for position, kind in enumerate(admitted.kinds):
            event = events[position]
            if kind == "missing":
                cids = [cid_text(c) for c in admitted.missing[position]]
                bad[event.cid] = Receipt(event.cid, "missing", code="missing", facts={"missing": cids})
            elif kind in ("third_variant", "wrong_space", "wrong_chain"):
                bad[event.cid] = Receipt(event.cid, "invalid", code=kind)
        if bad:
            for i, receipt in enumerate(receipts):
                if isinstance(receipt, bytes) and receipt in bad:
                    receipts[i] = bad[receipt]

    def _advance(self, now_ms: int, events: dict[bytes, Event], work: list[CommitInfo]) -> None:
        """Let the orderer go on until it has nothing to do; execute and store what it decides."""
        orderer, store = self._orderer, self.store
        orderer.set_timer(self.machine.next_due_ms())
        new: list[tuple[bytes, int, StoredBlock]] = []
        marks: list[tuple[bytes, int, int]] = []
        while (out := self._poll(now_ms)) is not None:
            if isinstance(out, Commit):
                marks += [(cid, out.index, out.index if cid == out.leader else 0) for cid in out.blocks]
                self._execute(out, events, work)
                orderer.set_timer(self.machine.next_due_ms())
            elif isinstance(out, NewBlock):
                new.append((out.block.cid, out.block.round, StoredBlock(out.block.raw, out.seen_ms)))
            elif isinstance(out, Rejected):
                raise out.error
            else:
                self.alarms.append(
                    f"validator {did_of(out.author[2:])} states another result of commit {out.index} than this node"
                )
        store.ordering.add(self.epoch.cid, new)
        store.ordering.mark(marks)

    def _poll(self, now_ms: int) -> Output | None:
        try:
            return self._orderer.poll(now_ms)
        except Diverged as error:
            self.stopped = str(error)
            raise SpaceStopped(self.stopped) from None

    def _execute(self, commit: Commit, events: dict[bytes, Event], work: list[CommitInfo]) -> None:
        store, machine, graph = self.store, self.machine, self.graph
        first = machine.frontier.size
        pairs = []
        strays = []
        for cid in commit.events:
            event = events.get(cid) or self._load_event(cid)
            verdict = graph.commit(event)
            if verdict != "ok":
                strays.append(graph.id_of(cid))
            pairs.append((event, verdict))
        done = machine.run(commit.time_ms, pairs, self._unstated)
        if done:
            completed = machine.append(done)
            if self._unstated is not None:
                self._stated(first)
            ids = [None if d.subject is None else graph.id_of(d.subject) for d in done]
            store.log.append([(d.index, i, d.leaf) for d, i in zip(done, ids, strict=True)], completed)
            store.events.place([(i, d.index) for d, i in zip(done, ids, strict=True) if i is not None], strays)
        digest = machine.frontier.root()
        store.log.add_commit(
            Settled(
                commit.index, commit.leader, self.epoch.number, commit.slot, commit.time_ms, digest, first, len(done)
            )
        )
        self._orderer.executed(digest, ran_timers=any(d.kind == "timer" for d in done))
        if done:
            last = self.tables.last_no("notice")
            left = tuple(self.tables.get(notices.Notice, no) for no in range(self._notices_seen + 1, last + 1))
            self._notices_seen = last
            work.append(CommitInfo(commit.index, commit.time_ms, tuple(done), tuple(n for n in left if n is not None)))
            self._check_versions_after(done)

    def _stated(self, leaf: int) -> None:
        """The epoch's statement is in the log now, at `leaf`."""
        assert self._unstated is not None
        if self._unstated.reason != "genesis":
            leaves = [*decode_epochs(self.store.meta("epoch_leaves")), leaf]
            self.store.set_meta("epoch_leaves", codec.encode(leaves))
        self.store.set_meta("unstated", b"")
        self._unstated = None

    def _load_event(self, cid: bytes) -> Event:
        block = self.store.events.get(cid)
        assert block is not None, "the orderer commits only what is held"
        return decode_trusted(block, cid)

    def _check_versions_after(self, done: Iterable[Done]) -> None:
        # A module version that this software lacks can only come with a decision; those are rare, events are not.
        if any(d.kind == "timer" for d in done):
            self._check_versions()

    def _transaction(self) -> _Transaction:
        return _Transaction(self)

    def _finish(self, *, worked: bool) -> None:
        """The end of a transaction: everything that makes this commit resumable."""
        store, machine = self.store, self.machine
        if worked:
            last = self.tables.last_no("private_erased")
            if last > self._erased_seen:
                rows = self.tables.scan(private.Erased, "no", start=self._erased_seen + 1)
                store.blobs.erase([row.h for row in rows])
                self._erased_seen = last
            self.tables.flush()
            store.set_meta("frontier", machine.frontier.serialise())
            if self._key is not None and self.validates:
                note = checkpoint.build(checkpoint.origin_of(self.cid), machine.frontier.size, machine.frontier.root())
                note = checkpoint.sign(note, self._key)
                note = checkpoint.cosign(note, self._key, self._orderer.time_ms // 1000)
                store.log.add_checkpoint(machine.frontier.size, note.note())
        store.set_meta("position", self._orderer.position().encode())

    def _announce(self, work: list[CommitInfo]) -> None:
        for info in work:
            for listener in self.commit_listeners:
                listener(info)

    def _receipt(self, receipt: Receipt | bytes, done: Mapping[bytes, Done]) -> Receipt:
        if isinstance(receipt, Receipt):
            return receipt
        leaf = done.get(receipt)
        if leaf is not None:
            return receipt_of(receipt, leaf.index, leaf.time_ms, leaf.outcome)
        return self.receipt(receipt) or Receipt(receipt, "pending")


class _Transaction:
    """A transaction of the store around work on the space; after a failure, everything is read again."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._work: list[CommitInfo] = []
        self._collects = gc.isenabled()

    def __enter__(self) -> list[CommitInfo]:
        self._space.store.begin()
        # A batch makes many objects that live until its end and no cycles: looking for some costs 7 % of it.
        gc.disable()
        return self._work

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if self._collects:
            gc.enable()
        space = self._space
        if error is not None:
            self._undo(error)
            return
        try:
            space._finish(worked=bool(self._work))
            space.store.commit()
        except BaseException as failed:
            self._undo(failed)
            raise
        space.tables.committed()
        if space._guard is not None and space.validates:
            space._guard.write(space._orderer.guard)
        with contextlib.suppress(StoreError):  # what could not be scrubbed now stays due
            space.store.scrub()

    def _undo(self, error: BaseException) -> None:
        """Roll back and read everything again. An error of SQLite itself is raised anew as a StoreError."""
        space = self._space
        system_errno = space.store.db.system_errno
        try:
            space.store.rollback()
            space.tables.aborted()
            space._load()
        except BaseException as failed:
            # What is in memory is ahead of the file now, so nothing may be built on it.
            space.stopped = f"the space could not be read again after an error ({failed}): restart the node"
            raise
        if isinstance(error, apsw.Error):
            raise translated(error, system_errno) from error


def _check_empty(store: Store) -> None:
    if store.meta("space") is not None:
        raise StoreFailed(f"There is a space in {store.path} already. Choose another name, or open that one.")


def _check_founded(store: Store) -> None:
    if store.meta("space") is None:
        raise StoreMissing(f"{store.path} is no whole space: its founding was cut off. Remove it, and found it again.")


def _damaged(what: str) -> StoreCorrupt:
    return StoreCorrupt(f"The space's file is damaged: {what}. Stop the node, check the disk, restore the last backup.")


def _checked_elsewhere(block: bytes, code: str | None) -> Event:
    """An event whose form and signature the verifier process judged. Raises InvalidEvent."""
    if code is not None:
        decode_event(block)  # says the facts, such as which field, which the verifier's answer leaves out
        raise NotAdmitted(code)
    return decode_trusted(block, cid_of(block))


def _statement(configuration: Epoch, unstated: bytes | None) -> Statement | None:
    """The statement of an epoch that no leaf has yet: b'genesis', or the encoded recovery."""
    if not unstated:
        return None
    if unstated == b"genesis":
        return Statement(configuration, "genesis")
    return Statement(configuration, "recovery", decode_recovery(unstated))
