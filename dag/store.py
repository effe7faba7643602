"""The store of a space: one SQLite file with its events, its log, its order, its blobs, and the kernel's state.

Purpose: keep what was acknowledged. The only part of `dag`, with the guard file, that does I/O.

Invariants
- A transaction is all or nothing, and on disk when `commit` returns (WAL, synchronous=FULL). Group commit is the
  caller's: everything that arrived meanwhile goes into one transaction.
- The kernel's tables are in the same file and the same transaction (`db`), so events, log and state never disagree.
- After a rollback, for whatever reason, all that caches the file has been told (`on_rollback`).
- Nothing is loaded when the file is opened; memory is the page cache and the recent ends of three indexes.
- Errors of SQLite and of the system arrive as `StoreError`.

It must not know whether an event is valid, or what a command means.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import apsw

from dag import store_file
from dag.store_blobs import SCRUB_DUE, Blobs
from dag.store_errors import (
    StoreCorrupt,
    StoreError,
    StoreFailed,
    StoreForeign,
    StoreFull,
    StoreLocked,
    StoreMissing,
    StoreReadOnly,
    reading,
    translated,
    translating,
)
from dag.store_events import Events, Stored
from dag.store_file import Progress
from dag.store_log import Commit, Entry, Log, OrderingBlocks

__all__ = [
    "Blobs",
    "Commit",
    "Entry",
    "Events",
    "Log",
    "OrderingBlocks",
    "Progress",
    "Store",
    "StoreCorrupt",
    "StoreError",
    "StoreFailed",
    "StoreForeign",
    "StoreFull",
    "StoreLocked",
    "StoreMissing",
    "StoreReadOnly",
    "Stored",
]


class Store:
    """An open space. Made by `Store.open`; used by one thread; a context manager that closes it."""

    def __init__(self, path: Path, db: apsw.Connection, lock: int | None) -> None:
        self.path = path
        self.db = db
        """For the kernel's tables. Its transactions are begun and ended here only."""
        self._lock = lock
        self._is_open = True
        self._hooks: list[Callable[[], None]] = []
        shared = lock is None
        self.events = Events(db, shared=shared)
        self.log = Log(db)
        self.ordering = OrderingBlocks(db)
        self.blobs = Blobs(db, shared=shared)

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, create: bool = False, read_only: bool = False) -> Self:
        """Open the space in the file `path`; with `create`, make it if there is none.

        Read-only works beside a running writer and takes no lock; a second writer gets StoreLocked. Raises
        StoreMissing, StoreForeign, StoreCorrupt, StoreReadOnly, StoreLocked, StoreFull, StoreFailed.
        """
        file = Path(path)
        if read_only:
            return cls(file, store_file.connect(file, create=False, read_only=True), None)
        if not create and not file.exists():
            # Told before the lock, which would leave a file behind.
            raise StoreMissing(f"There is no space at {file}. Check the path, or create one with `icn init`.")
        lock = store_file.take_lock(file)
        try:
            store = cls(file, store_file.connect(file, create=create, read_only=False), lock)
            if store.meta(SCRUB_DUE):
                store.scrub()
        except BaseException:
            os.close(lock)
            raise
        return store

    @property
    def is_read_only(self) -> bool:
        """Whether this opening cannot write."""
        return self._lock is None

    def close(self) -> None:
        """Roll back what is open, close the file, give the lock back. Closing twice does nothing."""
        if not self._is_open:
            return
        self._is_open = False
        try:
            if self.db.in_transaction:
                self.rollback()
            with translating():
                self.db.close()
        finally:
            if self._lock is not None:
                os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- transactions -----------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One transaction: committed and on disk when the block ends, rolled back when anything is raised in it.

        Errors of SQLite raised in the block, by whatever part of the node, leave it as StoreError.
        """
        self.begin()
        try:
            yield
        except BaseException as error:
            system_errno = self.db.system_errno
            self.rollback()
            if isinstance(error, apsw.Error):
                raise translated(error, system_errno) from error
            raise
        self.commit()

    def begin(self) -> None:
        """Begin a transaction that may write."""
        if self.is_read_only:
            raise StoreReadOnly(f"{self.path} was opened read-only. Send the change to the running node.")
        with translating(self.db):
            self.db.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Make the transaction durable. When it fails, it has been rolled back."""
        try:
            self.db.execute("COMMIT")
        except apsw.Error as error:
            system_errno = self.db.system_errno
            self.rollback()
            raise translated(error, system_errno) from error
        self.events.committed()
        self.blobs.committed()

    def rollback(self) -> None:
        """Undo the transaction and tell everything that caches the file."""
        try:
            # SQLite itself rolls back on some errors, a full disk among them.
            if self.db.in_transaction:
                with translating(self.db):
                    self.db.execute("ROLLBACK")
        finally:
            self.events.rolled_back()
            self.blobs.rolled_back()
            for hook in self._hooks:
                hook()

    def on_rollback(self, hook: Callable[[], None]) -> None:
        """Have `hook` called after each rollback, such as `Graph.forget`."""
        self._hooks.append(hook)

    @contextmanager
    def view(self) -> Iterator[None]:
        """Everything read in the block is of one moment, while another process writes."""
        with translating(self.db):
            self.db.execute("BEGIN")
            try:
                yield
            finally:
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")

    # --- single values ------------------------------------------------------------------------------------------------

    @reading
    def meta(self, key: str) -> Any:
        """A single value (int, str or bytes) by its name, None when it was never set."""
        return self.db.execute("SELECT value FROM meta WHERE key = ?", (key,)).get

    def set_meta(self, key: str, value: int | str | bytes) -> None:
        """Set a single value, within a transaction."""
        self.db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, value))

    # --- care ---------------------------------------------------------------------------------------------------------

    def scrub(self) -> bool:
        """After an erasure: empty the write-ahead log, where old pages still lie. False while a reader holds it open;
        it stays due then, also over a restart. True when nothing is due."""
        if not self.meta(SCRUB_DUE):
            return True
        try:
            self.db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except (apsw.BusyError, apsw.LockedError):
            return False
        except apsw.Error as error:
            raise translated(error, self.db.system_errno) from error
        with self.transaction():
            self.db.execute("DELETE FROM meta WHERE key = ?", (SCRUB_DUE,))
        return True

    def check(self, *, full: bool = False) -> list[str]:
        """What is wrong with the file, in words; empty when nothing is.

        Quick: every page and row can be read and lies in order. Full, much slower: SQLite's indexes agree with their
        tables, and every event hashes to a CID under which it is found.
        """
        try:
            rows: list[Any] = self.db.execute(f"PRAGMA {'integrity_check' if full else 'quick_check'}(20)").fetchall()
            found = [text for (text,) in rows if text != "ok"]
            if full and not found:
                for fault in self.events.faults():
                    found.append(fault)
                    if len(found) == 20:
                        break
        except (apsw.Error, StoreError) as error:
            return [str(translated(error) if isinstance(error, apsw.Error) else error)]
        return found

    def snapshot(self, path: str | os.PathLike[str], progress: Progress | None = None) -> None:
        """Copy the space as it is now into the new file `path`, consistent, while this store and others go on writing.

        The copy is a space of its own. It appears under its name when it is complete. Raises StoreError.
        """
        store_file.copy(self.path, Path(path), progress)
