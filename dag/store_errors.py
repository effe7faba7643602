"""What can go wrong with a space's file, in words that say what to do.

Purpose: translate the errors of SQLite and of the operating system once, where the file is touched, into one small
family. Everything above the store catches `StoreError` and shows its text; nothing above it needs to know SQLite.

Invariant: after a `StoreFull` the transaction is rolled back and the store is usable again as soon as there is room.
After a `StoreCorrupt` or `StoreFailed` nothing that was acknowledged is changed by us: stop, and restore or check.

It must not know what the tables mean.
"""

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

import apsw

P = ParamSpec("P")
R = TypeVar("R")

_NO_ROOM = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))


class StoreError(OSError):
    """The space's file cannot be used as asked. The text says what happened and what to do.

    An OSError, because it is the machine's trouble: no rule of the space may take it for a refusal.
    """


class StoreMissing(StoreError):
    """There is no such file, or its creation was never finished."""


class StoreForeign(StoreError):
    """The file is not a space of this program, or was written by a newer version of it."""


class StoreCorrupt(StoreError):
    """The file contradicts itself: damaged disk, memory or copy."""


class StoreReadOnly(StoreError):
    """The file, its folder or this opening of it allows no writing."""


class StoreFull(StoreError):
    """No room left on the disk. The transaction was rolled back; what was acknowledged before is there."""


class StoreLocked(StoreError):
    """Another process has the space open for writing."""


class StoreFailed(StoreError):
    """The operating system reported an error of the disk or refused the file."""


def translated(error: apsw.Error, system_errno: int = 0) -> Exception:
    """The StoreError for an error of SQLite, or the error itself when it is a bug of ours (wrong SQL, wrong types).

    `system_errno` is that of the connection, 0 if unknown.
    """
    what = str(error)
    match error:
        case apsw.FullError():
            return _full(what)
        case apsw.IOError() if system_errno in _NO_ROOM:
            return _full(what)
        case apsw.NotADBError():
            return StoreForeign(
                f"This file is not a space, or its first page is destroyed ({what}). "
                "Check the path; if it was a space, restore it from a backup."
            )
        case apsw.CorruptError():
            return StoreCorrupt(
                f"The space's file is damaged ({what}). Stop the node, keep a copy of the file, restore the last "
                "backup, and check the disk and the memory."
            )
        case apsw.BusyError() | apsw.LockedError():
            return StoreLocked(
                f"Another process is writing to the space's file ({what}). Close it (the node itself, or a SQLite "
                "tool) and try again."
            )
        case apsw.ReadOnlyError() | apsw.PermissionsError():
            return StoreReadOnly(
                f"The space's file cannot be written ({what}). Give this user write access to the file and to its "
                "folder, or open it read-only."
            )
        case apsw.IOError() | apsw.CantOpenError() | apsw.NoMemError() | apsw.ProtocolError():
            reason = f": {errno.errorcode.get(system_errno, system_errno)}" if system_errno else ""
            return StoreFailed(
                f"The operating system could not read or write the space's file ({what}{reason}). "
                "Stop the node and check the disk and the permissions of the folder."
            )
        case _:
            return error


def _full(what: str) -> StoreFull:
    return StoreFull(
        f"The disk is full ({what}). Nothing of this transaction was kept, and nothing before it is lost. "
        "Free some space and try again."
    )


@contextmanager
def translating(db: apsw.Connection | None = None) -> Iterator[None]:
    """Turn an error of SQLite that leaves this block into a StoreError."""
    try:
        yield
    except apsw.Error as error:
        raise translated(error, 0 if db is None else db.system_errno) from error


def reading(method: Callable[P, R]) -> Callable[P, R]:
    """The method, its errors of SQLite turned into StoreError. For what is called outside of a transaction."""

    @wraps(method)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(*args, **kwargs)
        except apsw.Error as error:
            raise translated(error) from error

    return wrapper
