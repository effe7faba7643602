"""A space as a CAR archive: its events, the ordering blocks that say in which order, and the signed checkpoint.

Blocks stand in the order in which a follower can take them: for each commit its events, then the ordering blocks up to
the round that it committed; recovery statements where their epoch begins; private payloads (only if asked for), and at
the very end the checkpoint, which is the archive's root: a file that was cut anywhere is refused.

Importing verifies everything: it is following, with the archive in the place of peers. It must not know sockets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from dag import car, checkpoint, codec
from dag.cid import DAG_CBOR_PREFIX, cid_of, raw_cid_of
from dag.event import InvalidEvent
from dag.leaf import decode_leaf
from dag.order.block import InvalidBlock, decode_block
from dag.order.recovery import InvalidRecovery, decode_recovery
from dag.store import Store
from dag.store_log import Commit as Settled
from icn_node import vault
from icn_node.questions import decode_epochs
from icn_node.space import Space

Progress = Callable[[str, int, int], None]
PIECE = 1 << 16
BATCH_EVENTS = 1_000


class ArchiveError(Exception):
    """The archive is not a sound history of this space; the message says what is wrong. Nothing of the faulty part,
    and nothing after it, was taken."""


class Counts(msgspec.Struct):
    """What went in or out."""

    events: int = 0
    ordering_blocks: int = 0
    blobs: int = 0
    bytes: int = 0


def export(space: Space, sink: BinaryIO, *, with_private: bool = False, progress: Progress | None = None) -> Counts:
    """Write the whole space. Raises KeyError if it has no signed checkpoint yet."""
    store = space.store
    last = store.log.last_checkpoint()
    if last is None:
        msg = "the space has no signed checkpoint yet"
        raise KeyError(msg)
    note = last[1].encode()
    counts = Counts()
    for piece in car.write(
        [raw_cid_of(note)], blocks(space, note, counts, with_private=with_private, progress=progress)
    ):
        sink.write(piece)
        counts.bytes += len(piece)
    return counts


def blocks(
    space: Space,
    note: bytes,
    counts: Counts,
    *,
    with_private: bool = False,
    progress: Progress | None = None,
) -> Iterator[car.Block]:
    """The blocks of an archive, in its order."""
    store = space.store
    total = len(store.events)
    statements = _statements(store)
    number, after, configuration = 0, 0, b""
    for settled in settled_of(store):
        if settled.epoch != number:
            if number:
                yield from _ordering(store, configuration, after, None, counts)
            number, after = settled.epoch, 0
            statement = statements.get(number)
            if statement is not None:
                yield cid_of(statement), statement
            configuration = _epoch_of(store, settled)
        for entry in store.log.entries(settled.leaf, settled.leaf + settled.leaves):
            if entry.block is not None:
                counts.events += 1
                yield cid_of(entry.block), entry.block
                if progress is not None and counts.events % 5_000 == 0:
                    progress("events", counts.events, total)
        yield from _ordering(store, configuration, after, settled.round + 1, counts)
        after = settled.round
    yield from _ordering(store, configuration, after, None, counts)
    if with_private:
        for h in store.blobs.keys_held():
            blob = store.blobs.get(h)
            if blob is not None:
                counts.blobs += 1
                yield raw_cid_of(blob), blob
    yield raw_cid_of(note), note


def _ordering(store: Store, configuration: bytes, after: int, stop: int | None, counts: Counts) -> Iterator[car.Block]:
    start = after + 1
    while True:
        page = store.ordering.in_rounds(configuration, start, min(start + 1000, stop or start + 1000))
        for stored in page:
            counts.ordering_blocks += 1
            yield cid_of(stored.raw), stored.raw
        start += 1000
        if not page or (stop is not None and start >= stop):
            return


def settled_of(store: Store) -> Iterator[Settled]:
    """Every commit, in order."""
    last = 0
    while page := store.log.commits(last):
        yield from page
        last = page[-1].index


def _epoch_of(store: Store, settled: Settled) -> bytes:
    """The CID of the configuration that a commit's leader block names."""
    stored = store.ordering.get(settled.leader)
    assert stored is not None, "the leader of a commit is kept"
    return decode_block(stored.raw).epoch


def _statements(store: Store) -> dict[int, bytes]:
    """The recovery statements by the number of the epoch that they begin."""
    found = {}
    for index in decode_epochs(store.meta("epoch_leaves")):
        subject = decode_leaf(store.log.leaf(index)).subject
        assert isinstance(subject, dict)
        found[subject["epoch"]] = subject["recovery"]
    return found


# -- reading ---------------------------------------------------------------------------------------------------------


class Importer:
    """Takes an archive into a space: one that `Space.follow_new` made for it, or a follower that has a part already.

    verify: verifies a batch of events elsewhere (`Verifier.verify_batch`), None to do it here.
    """

    def __init__(
        self, space: Space, now_ms: int, verify: Callable[[list[bytes]], list[str | None]] | None = None
    ) -> None:
        self._space = space
        self._now_ms = now_ms
        self._verify = verify
        self._events: list[bytes] = []
        self._ordering: list[bytes] = []
        self._blobs: dict[bytes, bytes] = {}
        self.counts = Counts()
        self.note: bytes | None = None

    def take(self, block: car.Block) -> None:
        """The next block. Raises ArchiveError."""
        cid, data = block
        if cid[:4] != DAG_CBOR_PREFIX:
            self._take_raw(data)
            return
        fields = codec.decode(data)
        kind = set(fields) if isinstance(fields, dict) else set()
        if "ops" in kind:
            if self._ordering:
                self._flush()
            self._events.append(data)
            self.counts.events += 1
            if len(self._events) >= BATCH_EVENTS:
                self._flush()
        elif "event_heads" in kind:
            self._ordering.append(data)
            self.counts.ordering_blocks += 1
        elif "signatures" in kind:
            self._flush()
            self._recover(data)
        else:
            msg = "it holds a block that is neither an event, nor of the ordering, nor a recovery statement"
            raise ArchiveError(msg)

    def finish(self) -> Counts:
        """After the last block: the log must be the one that the archive's checkpoint signs. Raises ArchiveError."""
        self._flush()
        if self.note is None:
            msg = "it has no checkpoint"
            raise ArchiveError(msg)
        space = self._space
        try:
            stated = checkpoint.parse(self.note)
            checkpoint.check_quorum(stated, space.epoch.validators, space.epoch.quorum)
        except checkpoint.CheckpointError as error:
            msg = f"its checkpoint does not hold: {error.code}"
            raise ArchiveError(msg) from None
        frontier = space.machine.frontier
        if stated.origin != checkpoint.origin_of(space.cid) or (stated.size, stated.root) != (
            frontier.size, frontier.root(),
        ):  # fmt: skip
            msg = f"its checkpoint signs {stated.size} leaves with another root than the {frontier.size} it leads to"
            raise ArchiveError(msg)
        with space.store.transaction():
            space.store.log.add_checkpoint(stated.size, self.note.decode())
        return self.counts

    def _take_raw(self, data: bytes) -> None:
        if data.startswith(b"icn/"):
            self.note = data
            return
        try:
            self._blobs[vault.read_blob(data)["h"]] = data
        except vault.BlobInvalid as error:
            raise ArchiveError(f"a private payload in it is malformed: {error}") from None
        self.counts.blobs += 1
        if len(self._blobs) >= 256:
            self._flush()

    def _flush(self) -> None:
        codes = None if self._verify is None or not self._events else self._verify(self._events)
        try:
            self._space.follow(self._events, self._ordering, self._now_ms, blobs=self._blobs, codes=codes)
        except InvalidEvent as error:
            raise ArchiveError(f"an event in it is not valid: {error.code} {error.facts or ''}") from None
        except InvalidBlock as error:
            raise ArchiveError(f"an ordering block in it is not valid: {error}") from None
        self._events, self._ordering, self._blobs = [], [], {}

    def _recover(self, data: bytes) -> None:
        try:
            self._space.follow_recovery(decode_recovery(data))
        except InvalidRecovery as error:
            raise ArchiveError(f"a recovery statement in it does not hold: {error.code}") from None


def read(source: Iterable[bytes], take: Callable[[car.Block], None]) -> None:
    """Feed an archive's blocks to `take`. Raises ArchiveError with the offset of what is wrong."""
    try:
        for block in car.read(source):
            take(block)
    except car.CarError as error:
        raise ArchiveError(f"it is not a sound CAR file: {error.code} at byte {error.offset}") from None


def pieces(path: Path) -> Iterator[bytes]:
    """A file's content, piece by piece."""
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece


def genesis_of(path: Path) -> bytes:
    """The first event of an archive: its genesis. Raises ArchiveError."""
    try:
        for _, block in car.read(pieces(path)):
            return block
    except car.CarError as error:
        raise ArchiveError(f"{path} is not a sound CAR file: {error.code} at byte {error.offset}") from None
    msg = f"{path} is empty"
    raise ArchiveError(msg)
