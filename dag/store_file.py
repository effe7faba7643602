"""The file of a space: opened, locked, checked to be ours, copied while in use.

Purpose: everything about the file as a file, so that `dag.store` is about what is in it.

Invariants
- One process at a time writes. It holds an advisory lock on `FILE-lock` beside the file, which the system drops when
  the process ends, however it ends. Readers need no lock: WAL lets them read beside the writer.
- The file is never opened but through SQLite while a connection to it is open in this process: closing a plain
  descriptor would drop SQLite's own locks (POSIX locks belong to the process).

It must not know any table.
"""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import apsw

from dag.store_errors import (
    StoreError,
    StoreFailed,
    StoreForeign,
    StoreLocked,
    StoreMissing,
    StoreReadOnly,
    translated,
    translating,
)
from dag.store_schema import APPLICATION_ID, SCHEMA_VERSION, create_tables

CACHE_KIB: Final = 16_384
"""Page cache, filled as pages are used. More made no event faster: the system caches the file too."""
WAL_PAGES: Final = 4000
"""A checkpoint each 16 MB: pages that many batches change are written back once, and a recovery reads little."""
BUSY_MS: Final = 5000
_BACKUP_PAGES: Final = 2000

Progress = Callable[[int, int], None]
"""Called with what is done and what there is in all."""


def take_lock(path: Path) -> int:
    """Become the one writer of `path`. The descriptor to keep open for as long; its pid is in the lock file."""
    lock = path.with_name(path.name + "-lock")
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _os_error(error, lock) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        owner = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
        os.close(descriptor)
        if isinstance(error, BlockingIOError):
            who = f"process {owner}" if owner else "another process"
            raise StoreLocked(
                f"{path} is in use by {who}. Use the running node, or stop it first; reading works beside it."
            ) from error
        raise _os_error(error, lock) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
    return descriptor


def connect(path: Path, *, create: bool, read_only: bool) -> apsw.Connection:
    """A connection to a space's file that was checked to be one. With `create`, a missing file is made.

    For writing the caller holds the lock. Raises StoreError.
    """
    if not path.exists():
        if not create or read_only:
            raise StoreMissing(f"There is no space at {path}. Check the path, or create one with `icn init`.")
        _create_file(path)
    db = _open(path, read_only=read_only)
    try:
        with translating(db):
            db.set_busy_timeout(BUSY_MS)
            _check_ours(db, path, create=create and not read_only)
            _set_up(db, path, read_only=read_only)
    except BaseException:
        db.close(True)
        raise
    return db


def _create_file(path: Path) -> None:
    """An empty file that only its owner may read, known to its folder on disk."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        sync_folder(path)
    except OSError as error:
        raise _os_error(error, path) from error


def sync_folder(path: Path) -> None:
    """Make the name of a file as durable as its content."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _open(path: Path, *, read_only: bool) -> apsw.Connection:
    flags = apsw.SQLITE_OPEN_READONLY if read_only else apsw.SQLITE_OPEN_READWRITE
    try:
        db = apsw.Connection(str(path), flags=flags)
        if read_only:
            db = _readable(db, path)
    except apsw.Error as error:
        raise translated(error) from error
    return db


def _readable(db: apsw.Connection, path: Path) -> apsw.Connection:
    """The connection, or where it cannot read, one that takes the file as it is.

    To read a WAL database SQLite must be able to make its shared-memory file. In a folder without write access that
    fails; but if no log lies there either, nobody is writing and all is in the main file.
    """
    try:
        db.pragma("schema_version")
    except (apsw.CantOpenError, apsw.ReadOnlyError):
        if path.with_name(path.name + "-wal").exists() or os.access(path.parent, os.W_OK, effective_ids=True):
            raise
        db.close(True)
        flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        return apsw.Connection(path.resolve().as_uri() + "?immutable=1", flags=flags)
    except apsw.Error:
        pass  # judged with the other checks
    return db


def _check_ours(db: apsw.Connection, path: Path, *, create: bool) -> None:
    """Refuse what is not a space, or from a newer program; make the tables of a file that is still empty."""
    application, version = db.pragma("application_id"), db.pragma("user_version")
    if application == 0 and version == 0 and not db.pragma("schema_version"):
        if not create:
            raise StoreMissing(f"{path} is empty: its creation was never finished. Remove it and run `icn init` again.")
        db.pragma("page_size", 4096)
        db.pragma("journal_mode", "wal")
        with db:
            create_tables(db)
        return
    if application != APPLICATION_ID:
        raise StoreForeign(f"{path} is a SQLite file of another program. Check the path.")
    if version != SCHEMA_VERSION:
        raise StoreForeign(
            f"{path} has format {version}; this program knows format {SCHEMA_VERSION}. Install the newer version."
        )


def _set_up(db: apsw.Connection, path: Path, *, read_only: bool) -> None:
    db.pragma("cache_size", -CACHE_KIB)
    db.pragma("trusted_schema", False)
    db.pragma("cell_size_check", True)
    if read_only:
        return
    if db.readonly("main"):
        raise StoreReadOnly(
            f"{path} cannot be written by this user. Change its owner or permissions, or open it read-only."
        )
    if db.pragma("journal_mode", "wal") != "wal":
        raise StoreFailed("The file system does not support SQLite's write-ahead log. Put the space on a local disk.")
    db.pragma("synchronous", "full")
    db.pragma("wal_autocheckpoint", WAL_PAGES)
    # A log that one large transaction blew up shrinks again; otherwise its space is used over and over.
    db.pragma("journal_size_limit", 4 * WAL_PAGES * 4096)
    db.pragma("secure_delete", True)


def copy(source: Path, target: Path, progress: Progress | None) -> None:
    """A consistent copy of a space's file as it was when this began, while its writer goes on. Raises StoreError.

    The copy appears under its name when it is complete and on disk. `progress` counts pages.
    """
    if target.exists():
        raise StoreFailed(f"{target} exists already. Choose another name for the copy, or remove it.")
    part = target.with_name(target.name + ".part")
    try:
        part.unlink(missing_ok=True)
        _create_file(part)
        _copy_pages(source, part, progress)
        descriptor = os.open(part, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        part.rename(target)
        sync_folder(target)
    except BaseException as error:
        for left in (part, part.with_name(part.name + "-journal")):
            left.unlink(missing_ok=True)
        if isinstance(error, OSError) and not isinstance(error, StoreError):
            raise _os_error(error, target) from error
        raise


def _copy_pages(source: Path, part: Path, progress: Progress | None) -> None:
    reader = _open(source, read_only=True)
    writer = apsw.Connection(str(part))
    try:
        with translating(writer):
            # Nothing rests on the copy before it is complete, so it needs no journal, and one fsync at the end.
            writer.pragma("journal_mode", "off")
            writer.pragma("synchronous", "off")
            reader.execute("BEGIN")
            reader.pragma("schema_version")  # the first read fixes what is seen until the end
            with writer.backup("main", reader, "main") as backup:
                while not backup.done:
                    backup.step(_BACKUP_PAGES)
                    if progress is not None:
                        progress(backup.page_count - backup.remaining, backup.page_count)
    finally:
        writer.close(True)
        reader.close(True)


def _os_error(error: OSError, path: Path) -> StoreError:
    match error:
        case PermissionError():
            return StoreReadOnly(f"{path} cannot be written by this user ({error.strerror}). Check the permissions.")
        case FileNotFoundError() | NotADirectoryError():
            return StoreMissing(f"The folder of {path} does not exist. Create it first.")
        case _:
            return StoreFailed(f"{path} cannot be used: {error.strerror}. Check the disk and the permissions.")
