"""An index over random 64-bit keys whose cost per entry does not grow with the table.

Purpose: find rows by the first 8 bytes of a hash, or by (author, seq). A B-tree over such keys costs a page write per
entry as soon as it has more leaf pages than a batch has entries: at a million events most of the cost of an event.
So entries are first appended as packed runs, one row a batch, and moved into the B-tree in key order, a slice a
batch: neighbours then share a page. (The idea is that of the LSM tree, O'Neil et al. 1996, with two levels.)

Invariants
- Every entry that was added is in a run, in the B-tree, or in both; a lookup asks both. Keys need not be unique:
  the caller compares what the ids lead to.
- Runs form two generations. The older (`frozen`) is being moved in key order, at least as fast as the younger grows,
  so a generation holds at most about `run_entries` entries, and never a pause is longer than one sort of those.
- What is in memory can be dropped at any time (`forget`): it is read back from the runs, at most 16 bytes * 2 *
  `run_entries`, and only when a lookup or an addition needs it.
- Entries are never removed. One whose row is gone leads nowhere.

It must not know what keys and ids stand for, nor when transactions begin and end.
"""

import sys
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

import apsw

RUN_ENTRIES: Final = 65_536
"""Large enough that a slice shares pages at a few million entries; small enough to be read in 20 ms, held in 8 MB."""


class KeyIndex:
    """A multimap from signed 64-bit keys to row ids, in the tables `name` and `name`_run."""

    __slots__ = (
        "_db",
        "_delete_runs",
        "_find",
        "_fresh",
        "_frozen_ids",
        "_frozen_keys",
        "_frozen_last",
        "_frozen_next",
        "_insert",
        "_insert_run",
        "_is_loaded",
        "_is_shared",
        "_last",
        "_meta",
        "_run_entries",
        "_select_runs",
        "_set_frozen",
        "_twins",
        "_version",
    )

    def __init__(
        self, db: apsw.Connection, name: str, *, shared: bool = False, run_entries: int = RUN_ENTRIES
    ) -> None:
        """`shared`: another process may write, so what is in memory is checked against the file before each use."""
        assert name.isidentifier()
        self._db = db
        self._meta = f"index.{name}.frozen"
        self._is_shared = shared
        self._run_entries = run_entries
        self._insert: Final = f"INSERT OR IGNORE INTO {name} (key, id) VALUES (?, ?)"
        self._find: Final = f"SELECT id FROM {name} WHERE key = ?"
        self._last: Final = f"SELECT max(key) FROM {name} WHERE key >= ? AND key < ?"
        self._insert_run: Final = f"INSERT INTO {name}_run (pairs) VALUES (?)"
        self._select_runs: Final = (
            f"SELECT n, pairs, (SELECT value FROM meta WHERE key = ?) FROM {name}_run ORDER BY n"
        )
        self._delete_runs: Final = f"DELETE FROM {name}_run WHERE n <= ?"
        self._set_frozen: Final = "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)"
        self._version = -1
        self.forget()

    def forget(self) -> None:
        """Drop what is in memory, as after a rollback."""
        self._is_loaded = False
        self._fresh: dict[int, int] = {}
        self._twins: dict[int, list[int]] = {}
        """Further ids of keys in `_fresh`: forks, and hashes that begin alike."""
        self._frozen_keys = array("q")
        self._frozen_ids = array("q")
        self._frozen_next = 0
        """Entries before this position are in the B-tree."""
        self._frozen_last = 0
        """The last run of the frozen generation, 0 without one."""

    # --- writing ------------------------------------------------------------------------------------------------

    def add(self, keys: Sequence[int], ids: Sequence[int]) -> None:
        """Add the entries keys[i] -> ids[i], and move about as many older ones on."""
        if not keys:
            return
        self._load()
        self._db.execute(self._insert_run, (_pack(keys, ids),))
        self._remember(keys, ids)
        if self._frozen_last:
            self._move(len(keys) + len(keys) // 8 + 1)
        elif len(self._fresh) >= self._run_entries:
            self._freeze()

    def _remember(self, keys: Sequence[int], ids: Sequence[int]) -> None:
        fresh, twins = self._fresh, self._twins
        expected = len(fresh) + len(keys)
        if not fresh.keys().isdisjoint(keys):
            for key, id_ in zip(keys, ids, strict=True):
                if fresh.setdefault(key, id_) != id_:
                    twins.setdefault(key, []).append(id_)
            return
        fresh.update(zip(keys, ids, strict=True))
        if len(fresh) != expected:
            for key, id_ in zip(keys, ids, strict=True):
                if fresh[key] != id_:
                    twins.setdefault(key, []).append(id_)

    def _freeze(self) -> None:
        """Close the young generation: from now on it is moved, and a new one collects."""
        keys = sorted(self._fresh)
        ids = list(map(self._fresh.__getitem__, keys))
        if self._twins:
            pairs = list(zip(keys, ids, strict=True))
            pairs += [(key, id_) for key, more in self._twins.items() for id_ in more]
            pairs.sort()
            keys, ids = [key for key, _ in pairs], [id_ for _, id_ in pairs]
        self._frozen_keys, self._frozen_ids, self._frozen_next = array("q", keys), array("q", ids), 0
        self._fresh, self._twins = {}, {}
        self._frozen_last = self._db.last_insert_rowid()
        self._db.execute(self._set_frozen, (self._meta, self._frozen_last))

    def _move(self, count: int) -> None:
        """Put the next `count` frozen entries into the B-tree; after the last, drop the runs they came from."""
        start = self._frozen_next
        stop = min(start + count, len(self._frozen_keys))
        pairs = zip(self._frozen_keys[start:stop], self._frozen_ids[start:stop], strict=True)
        self._db.executemany(self._insert, pairs)
        self._frozen_next = stop
        if stop == len(self._frozen_keys):
            self._db.execute(self._delete_runs, (self._frozen_last,))
            self._db.execute(self._set_frozen, (self._meta, 0))
            self._frozen_keys, self._frozen_ids = array("q"), array("q")
            self._frozen_next = self._frozen_last = 0

    # --- reading ------------------------------------------------------------------------------------------------

    def find(self, key: int) -> list[int]:
        """The ids of a key, ascending; empty when there is none."""
        self._load()
        found = [id_ for (id_,) in self._db.execute(self._find, (key,))]
        self._find_in_runs(key, found)
        if len(found) > 1:
            found = sorted(set(found))
        return found

    def last(self, start: int, stop: int) -> int | None:
        """The highest key in [start, stop), for keys that are dense: all from `start` up to the highest are there."""
        self._load()
        key = self._db.execute(self._last, (start, stop)).get
        low = start - 1 if key is None else key
        # Gallop: the entries that are in runs only follow those of the B-tree without a gap.
        step = 1
        while low + step < stop and self._is_in_runs(low + step):
            low += step
            step *= 2
        while step > 1:
            step //= 2
            if low + step < stop and self._is_in_runs(low + step):
                low += step
        return None if low < start else low

    def entries(self) -> int:
        """How many entries wait in runs; those being moved count although some are in the B-tree already."""
        self._load()
        return len(self._fresh) + sum(map(len, self._twins.values())) + len(self._frozen_keys)

    def _find_in_runs(self, key: int, found: list[int]) -> None:
        id_ = self._fresh.get(key)
        if id_ is not None:
            found.append(id_)
            if self._twins:
                found += self._twins.get(key, ())
        keys = self._frozen_keys
        at = bisect_left(keys, key, self._frozen_next)
        while at < len(keys) and keys[at] == key:
            found.append(self._frozen_ids[at])
            at += 1

    def _is_in_runs(self, key: int) -> bool:
        if key in self._fresh:
            return True
        at = bisect_left(self._frozen_keys, key)
        return at < len(self._frozen_keys) and self._frozen_keys[at] == key

    # --- from the file --------------------------------------------------------------------------------------------

    def _load(self) -> None:
        if self._is_shared:
            version = self._db.pragma("data_version")
            if version != self._version:
                self.forget()
                self._version = version
        if not self._is_loaded:
            self._read_runs()
            self._is_loaded = True

    def _read_runs(self) -> None:
        frozen: list[tuple[int, int]] = []
        for n, pairs, frozen_last in self._db.execute(self._select_runs, (self._meta,)):
            keys, ids = _unpack(pairs)
            self._frozen_last = frozen_last or 0
            if n <= self._frozen_last:
                frozen += zip(keys, ids, strict=True)
            else:
                self._remember(keys, ids)
        if not frozen:
            self._frozen_last = 0
            return
        frozen.sort()
        self._frozen_keys = array("q", [key for key, _ in frozen])
        self._frozen_ids = array("q", [id_ for _, id_ in frozen])
        # Entries move in this order and with the transaction, so those in the B-tree are the first ones.
        self._frozen_next = bisect_left(range(len(frozen)), 1, key=self._is_yet_to_move)

    def _is_yet_to_move(self, at: int) -> int:
        rows = self._db.execute(self._find + " AND id = ?", (self._frozen_keys[at], self._frozen_ids[at]))
        return 0 if rows.fetchone() else 1


def _pack(keys: Sequence[int], ids: Sequence[int]) -> bytes:
    """All keys, then all ids, as little-endian 64-bit integers."""
    packed = array("q", keys)
    packed.extend(ids)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def _unpack(pairs: bytes) -> "tuple[array[int], array[int]]":
    numbers = array("q")
    numbers.frombytes(pairs)
    if sys.byteorder == "big":
        numbers.byteswap()
    half = len(numbers) // 2
    return numbers[:half], numbers[half:]
