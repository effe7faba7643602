"""Audit and rebuild: everything rechecked from nothing, and the state made anew from the log.

`verify` trusts nothing but the genesis CID. It follows the space's own events and ordering blocks into a second, empty
copy, the way another node would: every signature, link and ordering block is checked and every command executed again.
Then it compares: each leaf of the log, the state, the signed checkpoint, and that every unit's balances sum to zero.
`rebuild` replaces the state's tables by what the log's events lead to, trusting signatures checked on admission.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path

import msgspec

from dag.canonical import CanonicalChains
from dag.cid import cid_of
from dag.epoch import statement_of
from dag.event import InvalidEvent, decode_trusted
from dag.leaf import decode_leaf
from dag.merkle import Frontier
from dag.store import StoreError
from dag.store_errors import translating
from icn_node import archive
from icn_node.archive import ArchiveError, Importer, Progress
from icn_node.kernel import ledger
from icn_node.kernel.root import state_root
from icn_node.kernel.tables import Schema
from icn_node.machine import Machine
from icn_node.space import Space

MOST_FAULTS = 50


class Report(msgspec.Struct):
    """What an audit found. faults: in words, empty when all is well. sums: of all balances by unit, zero each."""

    events: int = 0
    leaves: int = 0
    commits: int = 0
    ordering_blocks: int = 0
    root: str = ""
    state_root: str = ""
    records: int = 0
    sums: dict[str, int] = {}
    faults: list[str] = []

    def fault(self, text: str) -> None:
        """Note a fault, up to a bound."""
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(text)


def verify(
    space: Space,
    *,
    verify_batch: Callable[[list[bytes]], list[str | None]] | None = None,
    progress: Progress | None = None,
) -> Report:
    """Recheck a space from nothing. What is wrong is reported, never raised. Needs as much disk as the space has."""
    report = Report(sums={}, faults=[])
    for fault in space.store.check(full=True):
        report.fault(f"the file: {fault}")
    with tempfile.TemporaryDirectory(prefix="verify-", dir=space.store.path.parent) as folder:
        try:
            with translating(space.store.db):
                _follow(space, Path(folder), report, verify_batch, progress)
        except (ArchiveError, InvalidEvent, StoreError, KeyError, IndexError, ValueError, AssertionError) as error:
            report.fault(f"the history does not hold: {error}")
    return report


def _follow(
    space: Space,
    folder: Path,
    report: Report,
    verify_batch: Callable[[list[bytes]], list[str | None]] | None,
    progress: Progress | None,
) -> None:
    genesis = space.store.events.get(space.cid)
    if genesis is None:
        report.fault("the genesis event is missing")
        return
    copy = Space.follow_new(folder / "copy.db", folder / "copy.guard", genesis, space.modules)
    try:
        if copy.cid != space.cid:
            report.fault("the genesis event is not the one that the space is named after")
        importer = Importer(copy, space.head()["time_ms"], verify_batch)
        total = len(space.store.events)
        counts = archive.Counts()
        last = space.store.log.last_checkpoint()
        if last is None:
            report.fault("there is no signed checkpoint")
            return
        for block in archive.blocks(space, last[1].encode(), counts):
            importer.take(block)
            if progress is not None and counts.events % 1_000 == 0:
                progress("verified", counts.events, total)
        importer.finish()
        report.events, report.ordering_blocks = counts.events, counts.ordering_blocks
        _compare(space, copy, report)
    finally:
        copy.close()


def _compare(space: Space, copy: Space, report: Report) -> None:
    report.leaves = copy.machine.frontier.size
    report.root = copy.machine.frontier.root().hex()
    report.commits = copy.head()["commits"]
    if report.events != len(space.store.events) - len(space.graph.pending):
        report.fault(f"the store has {len(space.store.events)} events, the history {report.events}")
    if space.machine.frontier.root() != copy.machine.frontier.root():
        report.fault("the log's root is not the one that the history leads to")
    _compare_log(space, copy, report)
    stored, report.records = state_root(space.tables)
    report.state_root = stored.hex()
    differing = [r.TABLE for r in space.tables.records if not _alike(space, copy, Schema(r))]
    if differing:
        said = ", ".join(differing)
        report.fault(f"tables are not what executing the history gives: {said}; `icn dag rebuild` makes them anew")
    report.sums = ledger.sums(space.tables)
    for unit, total in report.sums.items():
        if total:
            report.fault(f"the balances in {unit} sum to {total}, not to zero")


def _compare_log(space: Space, copy: Space, report: Report) -> None:
    """Leaves, where their events stand, and commits."""
    if space.store.log.size != copy.store.log.size:
        report.fault(f"the log has {space.store.log.size} leaves, the history {copy.store.log.size}")
    for mine, theirs in zip(space.store.log.entries(), copy.store.log.entries(), strict=False):
        if mine.leaf != theirs.leaf:
            report.fault(f"leaf {mine.index} is not what executing the history gives")
        if mine.block is None or mine.event is None or theirs.event is None:
            continue
        held = space.store.events
        if held.leaf_of(cid_of(mine.block)) != mine.index:
            report.fault(f"the event of leaf {mine.index} is said to stand elsewhere")
        if held.is_canonical(mine.event) != copy.store.events.is_canonical(theirs.event):
            report.fault(f"of leaf {mine.index} it is wrongly said whether its event is of its author's chain")
    for ours, again in zip(archive.settled_of(space.store), archive.settled_of(copy.store), strict=False):
        if ours != again:
            report.fault(f"commit {ours.index} stands there otherwise than the history orders it")


def _alike(space: Space, copy: Space, schema: Schema) -> bool:
    """Whether a table, of state, history or projections, holds the same rows in both."""
    columns, key = (", ".join(f'"{c}"' for c in names) for names in (schema.columns, schema.record.KEY))
    sql = f'SELECT {columns} FROM "{schema.table}" ORDER BY {key}'  # noqa: S608 - names of our own declarations
    return all(mine == theirs for mine, theirs in zip_longest(space.store.db.execute(sql), copy.store.db.execute(sql)))


def rebuild(space: Space, progress: Progress | None = None) -> int:
    """Make the state's tables anew from the log, in one transaction; the number of leaves. Raises StoreError, and
    AuditError if a leaf of the log is not what executing gives (then nothing is changed)."""
    store = space.store
    with store.transaction():
        space.machine.drop_tables(store.db)
        machine = Machine(space.backend(), space.modules, Frontier(), space.cid)
        leaves = replay(space, machine, progress)
        machine.tables.flush()
    machine.tables.committed()
    space.reload()
    return leaves


class AuditError(Exception):
    """The log does not hold what its own history gives."""


def replay(space: Space, machine: Machine, progress: Progress | None = None, *, check: bool = True) -> int:
    """Execute the whole log again with this machine, trusting signatures; the number of leaves.

    Each leaf must come out as it stands in the log (AuditError), unless `check` is off.
    """
    store = space.store
    canonical = CanonicalChains(store.events, replay=True)
    total = store.log.size
    for settled in archive.settled_of(store):
        if not settled.leaves:
            continue
        pairs = []
        statement = None
        expected = []
        for entry in store.log.entries(settled.leaf, settled.leaf + settled.leaves):
            expected.append(entry.leaf)
            if entry.block is not None:
                event = decode_trusted(entry.block, cid_of(entry.block))
                pairs.append((event, canonical.commit(event)))
            elif entry.index == settled.leaf:
                leaf = decode_leaf(entry.leaf)
                if leaf.kind == "epoch":
                    assert isinstance(leaf.subject, dict)
                    statement = statement_of(space.cid, leaf.subject)
        done = machine.run(settled.time_ms, pairs, statement)
        if check and [d.leaf for d in done] != expected:
            msg = f"commit {settled.index} gives other leaves than the log has from {settled.leaf} on"
            raise AuditError(msg)
        machine.append(done)
        canonical.settle()
        if progress is not None:
            progress("executed", settled.leaf + settled.leaves, total)
        machine.tables.flush()
        machine.tables.committed()
    return total
