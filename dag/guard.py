"""The guard file: how far this node has signed, kept outside its database and outside every backup.

Purpose: make a restored database notice that it is one (`dag.order.guard` says how it is judged). A validator writes
the guard after each commit and before it sends its block, so this is one small write and one fdatasync.

Invariants
- Two slots, 4096 bytes apart so that no sector and no page holds both, are written in turn. A write that is torn by a
  crash damages only the slot it went to; the other still says the state before, which is behind the database, never
  ahead of it, and is repaired.
- Each slot has a number that only grows, so the newer one is known without a clock.
- The file is made whole, under another name, and its folder synced, before it counts.

    0  magic `icn-guard-v1\\0\\0\\0\\0`   24  epoch   40  CID (36 bytes)
   16  write number               32  round   76  4 zero bytes   80  SHA-256 of bytes 0 to 79

It must not know what follows from what it says, nor how it compares to a database.
"""

import os
import struct
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from dag.cid import CID_BYTES
from dag.order.guard import Guard

_MAGIC: Final = b"icn-guard-v1\0\0\0\0"
_RECORD: Final = struct.Struct(">16sQQQ36s4x")
_RECORD_BYTES: Final = _RECORD.size + 32
_SLOT_BYTES: Final = 4096
_FILE_BYTES: Final = 2 * _SLOT_BYTES
_MAX: Final = 2**63


class GuardDamaged(Exception):
    """The guard file is there but does not say how far this node has signed: damaged disk, or another file.

    The node must not sign. Find out why; then start a recovery epoch, as after a restore.
    """


class GuardBackwards(Exception):
    """A write that would take the guard back, or put another block at the round it has: it was refused.

    Either a new space was to be made where another one's guard lies, or the node was about to sign a round twice.
    """


class GuardFailed(OSError):
    """The guard file cannot be read or written. The node must not sign until it can."""


class _Slot(NamedTuple):
    number: int
    guard: Guard


class GuardFile:
    """The guard file at `path`, which need not exist yet: the first `write` makes it. A context manager that closes."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._descriptor = -1
        self._newest: _Slot | None = None
        self._was_torn = False

    def read(self) -> Guard | None:
        """The newest whole record; None when there is no file. Raises GuardDamaged, GuardFailed."""
        if not self._is_open():
            return None
        try:
            content = os.pread(self._descriptor, _FILE_BYTES + 1, 0)
        except OSError as error:
            raise _failed(self.path, error) from error
        if len(content) != _FILE_BYTES:
            raise GuardDamaged(f"{self.path} has {len(content)} bytes where a guard has {_FILE_BYTES}.")
        slots = [_decode(content[at : at + _RECORD_BYTES]) for at in (0, _SLOT_BYTES)]
        whole = [slot for slot in slots if slot is not None]
        if not whole:
            raise GuardDamaged(f"{self.path} holds no whole record.")
        self._newest = max(whole)
        # A file that was written once has nothing in its second slot yet.
        self._was_torn = len(whole) == 1 and any(content[_SLOT_BYTES:])
        return self._newest.guard

    @property
    def was_torn(self) -> bool:
        """Whether, at the last `read`, one slot was damaged: by a write that was cut off, as a rule.

        A newer record may have been meant then. The database is written before the guard, so it must be ahead of what
        `read` gave; if it is not, it is older than what this node has signed.
        """
        return self._was_torn

    def write(self, guard: Guard) -> None:
        """Record how far this node has signed; on disk when this returns. Writing the same again does nothing.

        Raises GuardBackwards, GuardDamaged, GuardFailed; in each case nothing may be sent.
        """
        if self._newest is None and self.read() is None:
            self._create(guard)
            return
        assert self._newest is not None, "read keeps the newest record"
        number, held = self._newest
        if guard == held:
            return
        if guard[:2] <= held[:2]:
            raise GuardBackwards(
                f"{self.path} says epoch {held.epoch} round {held.round}; it is not taken back to epoch {guard.epoch} "
                f"round {guard.round}. For a new space choose another place; otherwise do not sign."
            )
        slot = _Slot(number + 1, guard)
        record = _encode(slot)
        try:
            written = os.pwrite(self._descriptor, record, _SLOT_BYTES * (1 - slot.number % 2))
            os.fdatasync(self._descriptor)
        except OSError as error:
            raise _failed(self.path, error) from error
        if written != len(record):
            raise GuardFailed(f"{self.path} could not be written whole. Check the disk; send nothing.")
        self._newest = slot

    def close(self) -> None:
        """Close the file. It is opened again when needed."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        self._newest = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _is_open(self) -> bool:
        if self._descriptor < 0:
            try:
                self._descriptor = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
            except FileNotFoundError:
                return False
            except OSError as error:
                raise _failed(self.path, error) from error
        return True

    def _create(self, guard: Guard) -> None:
        """Make the file with a first record: whole before it has its name, and its name on disk."""
        part = self.path.with_name(self.path.name + ".part")
        slot = _Slot(1, guard)
        try:
            descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                os.pwrite(descriptor, _encode(slot).ljust(_FILE_BYTES, b"\0"), 0)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            part.rename(self.path)
            _sync_folder(self.path)
        except OSError as error:
            raise _failed(self.path, error) from error
        if self.read() != guard:
            raise GuardDamaged(f"{self.path} does not say what was written to it. Check the disk; do not sign.")


def _encode(slot: _Slot) -> bytes:
    number, guard = slot
    assert 0 <= guard.epoch < _MAX, "an epoch's number"
    assert 0 <= guard.round < _MAX, "a round"
    assert len(guard.cid) == CID_BYTES, "a binary CID"
    record = _RECORD.pack(_MAGIC, number, guard.epoch, guard.round, guard.cid)
    return record + sha256(record).digest()


def _decode(record: bytes) -> _Slot | None:
    body, digest = record[: _RECORD.size], record[_RECORD.size :]
    if sha256(body).digest() != digest:
        return None
    magic, number, epoch, round_, cid = _RECORD.unpack(body)
    return _Slot(number, Guard(epoch, round_, cid)) if magic == _MAGIC else None


def _sync_folder(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _failed(path: Path, error: OSError) -> GuardFailed:
    return GuardFailed(
        f"The guard file {path} cannot be used: {error.strerror or error}. Check the disk and the permissions; "
        "without it this node does not sign."
    )
