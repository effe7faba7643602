"""The tables of a space's file that belong to the store, and the numbers by which the file is known.

Invariants
- `event` and `leaf` are append-only: a row is written once and never changed, so their pages are written once too.
- Nothing that grows with every event is keyed by a hash alone: random keys go through `store_index`.
- The kernel's tables live in the same file and are created by the kernel, in the same transaction.

    author         a key that signed an event here; small numbers stand for the 34 bytes
    event          a block; ids ascend in order of admission, ancestors first
    event_cid, event_chain, blob_key (+ _run)   see store_index: first 6 digest bytes, and author << 32 | seq, -> id
    head           events that no held event names as prev or parent
    pending        events that are not in the log yet
    place          event -> its leaf
    stray          events in the log that are not canonical (`fork`, `duplicate`)
    leaf           the log; `event` is NULL for timers, epochs and states
    node           complete Merkle subtrees of levels 8, 16, 24
    settled        the commits: `leaves` of the log from `leaf` on
    checkpoint     signed notes by tree size
    ordering       the validators' blocks
    blob, blob_heap, erased                     see store_blobs
    meta           single values
"""

from typing import Final

import apsw

APPLICATION_ID: Final = 0x69636E31
"""`icn1` in the file's header: what `file` and SQLite tools show."""
SCHEMA_VERSION: Final = 1

INDEXES: Final = ("event_cid", "event_chain", "blob_key")

_TABLES: Final = """
CREATE TABLE author (id INTEGER PRIMARY KEY, author BLOB NOT NULL UNIQUE) STRICT;
CREATE TABLE event (
    id INTEGER PRIMARY KEY, author INTEGER NOT NULL, seq INTEGER NOT NULL, generation INTEGER NOT NULL,
    block BLOB NOT NULL
) STRICT;
CREATE TABLE head (event INTEGER PRIMARY KEY) STRICT;
CREATE TABLE pending (event INTEGER PRIMARY KEY) STRICT;
CREATE TABLE place (event INTEGER PRIMARY KEY, leaf INTEGER NOT NULL) STRICT;
CREATE TABLE stray (event INTEGER PRIMARY KEY) STRICT;
CREATE TABLE leaf (i INTEGER PRIMARY KEY, event INTEGER, leaf BLOB NOT NULL) STRICT;
CREATE TABLE node (
    level INTEGER NOT NULL, i INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (level, i)
) STRICT, WITHOUT ROWID;
CREATE TABLE settled (
    i INTEGER PRIMARY KEY, leader BLOB NOT NULL, epoch INTEGER NOT NULL, round INTEGER NOT NULL,
    time_ms INTEGER NOT NULL, digest BLOB NOT NULL, leaf INTEGER NOT NULL, leaves INTEGER NOT NULL
) STRICT;
CREATE INDEX settled_leaf ON settled (leaf);
CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT;
CREATE TABLE ordering (
    id INTEGER PRIMARY KEY, cid BLOB NOT NULL UNIQUE, epoch BLOB NOT NULL, round INTEGER NOT NULL,
    block BLOB NOT NULL, seen_ms INTEGER NOT NULL, in_commit INTEGER NOT NULL, led INTEGER NOT NULL
) STRICT;
CREATE INDEX ordering_round ON ordering (epoch, round);
CREATE INDEX ordering_open ON ordering (epoch) WHERE in_commit = 0;
CREATE TABLE blob (
    id INTEGER PRIMARY KEY, key BLOB NOT NULL, heap INTEGER NOT NULL, start INTEGER NOT NULL, length INTEGER NOT NULL
) STRICT;
CREATE TABLE blob_heap (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE erased (key BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
"""

_INDEX: Final = """
CREATE TABLE {0} (key INTEGER NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (key, id)) STRICT, WITHOUT ROWID;
CREATE TABLE {0}_run (n INTEGER PRIMARY KEY, pairs BLOB NOT NULL) STRICT;
"""


def create_tables(db: apsw.Connection) -> None:
    """Make the tables of an empty file, within the caller's transaction."""
    db.execute(_TABLES)
    for name in INDEXES:
        db.execute(_INDEX.format(name))
    db.pragma("application_id", APPLICATION_ID)
    db.pragma("user_version", SCHEMA_VERSION)
