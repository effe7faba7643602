"""An index over random keys whose cost per entry does not grow with the table.

Purpose: find rows by the first 6 bytes of a hash, or by (author, seq). A B-tree over such keys costs a page write per
entry as soon as it has more leaf pages than a batch has entries: at a million events most of the cost of an event.
So entries are first appended as packed runs, one row a batch, and moved into the B-tree in key order, a slice a
batch: neighbours then share a page. (The idea is that of the LSM tree, O'Neil et al. 1996, with two levels.)

Invariants
- Every entry that was added is in a run, in the B-tree, or in both; a lookup asks both. Keys need not be unique:
  the caller compares what the ids lead to.
- Runs form two generations. When the younger has `limit` entries it is sorted and becomes the older, row 0 of the
  runs (`frozen`); while the next one collects, the older is moved, in key order and a little faster than the younger
  grows. So a generation stays near `limit`, and the longest pause is one sort of that many integers.
- What is in memory can be dropped at any time (`forget`): it is read back from the runs, 16 bytes an entry, and only
  when a lookup or an addition needs it.
- Entries are never removed. One whose row is gone leads nowhere.

It must not know what keys and ids stand for, nor when transactions begin and end.
"""

import sys
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

import apsw

LIMIT: Final = 65_536
"""Large enough that the entries of a slice share pages at some million events; sorted in 0.05 s, read back in 3 ms."""
KEY_BITS: Final = 53
"""Keys fit a float exactly, which is what they are sorted as: Python compares floats several times faster than large
integers. Keys of up to 48 bits also take two bytes less in SQLite."""
_KEY_END: Final = 1 << (KEY_BITS - 1)
_FROZEN: Final = 0


class KeyIndex:
    """A multimap from signed 53-bit keys to row ids, in the tables `name` and `name`_run."""

    __slots__ = (
        "_db",
        "_fresh",
        "_frozen_ids",
        "_frozen_keys",
        "_is_changed",
        "_is_loaded",
        "_is_shared",
        "_limit",
        "_moved",
        "_name",
        "_new_ids",
        "_new_keys",
        "_synced",
        "_twins",
        "_version",
    )

    def __init__(self, db: apsw.Connection, name: str, *, shared: bool = False, limit: int = LIMIT) -> None:
        """`shared`: another process may write, so what is in memory is checked against the file before each use."""
        assert name.isidentifier()
        self._db = db
        self._name = name
        self._is_shared = shared
        self._limit = limit
        self._version = -1
        self.forget()

    def forget(self) -> None:
        """Drop what is in memory."""
        self._is_loaded = False
        self._is_changed = False
        """Whether the transaction under way added something."""
        self._new_keys = array("q")
        self._new_ids = array("q")
        """The younger generation, in order of addition."""
        self._fresh: dict[int, int] = {}
        self._twins: dict[int, list[int]] = {}
        """The first `_synced` of those as a dictionary, made when a lookup first needs it, and the further ids of keys
        that came more than once: forks, and hashes that begin alike."""
        self._synced = 0
        self._frozen_keys = array("q")
        self._frozen_ids = array("q")
        self._moved = 0
        """The older generation, sorted; the first `_moved` of it are in the B-tree."""

    def committed(self) -> None:
        """What was added is in the file."""
        self._is_changed = False

    def rolled_back(self) -> None:
        """What was added since the last commit is not in the file."""
        if self._is_changed:
            self.forget()

    # --- writing ------------------------------------------------------------------------------------------------

    def add(self, keys: "Sequence[int] | array[int]", ids: Sequence[int]) -> None:
        """Add the entries keys[i] -> ids[i], and move about as many older ones on."""
        if not keys:
            return
        self._load()
        keys, ids = array("q", keys), array("q", ids)
        assert len(keys) == len(ids)
        assert max(keys) < _KEY_END, "a key fits a float"
        assert min(keys) >= -_KEY_END, "a key fits a float"
        self._is_changed = True
        self._db.execute(f"INSERT INTO {self._name}_run (pairs) VALUES (?)", (_pack(keys, ids),))
        self._new_keys += keys
        self._new_ids += ids
        if self._frozen_keys:
            self._move(len(keys) + len(keys) // 32 + 1)
        elif len(self._new_keys) >= self._limit:
            self._freeze()

    def _freeze(self) -> None:
        """Sort the younger generation into the older one, which is empty."""
        keys, ids = self._new_keys, self._new_ids
        order = sorted(range(len(keys)), key=list(map(float, keys)).__getitem__)
        self._frozen_keys = array("q", map(keys.__getitem__, order))
        self._frozen_ids = array("q", map(ids.__getitem__, order))
        self._moved = 0
        self._new_keys, self._new_ids = array("q"), array("q")
        self._fresh, self._twins, self._synced = {}, {}, 0
        self._db.execute(f"DELETE FROM {self._name}_run")
        pairs = _pack(self._frozen_keys, self._frozen_ids)
        self._db.execute(f"INSERT INTO {self._name}_run (n, pairs) VALUES (?, ?)", (_FROZEN, pairs))

    def _move(self, count: int) -> None:
        """Put the next `count` frozen entries into the B-tree; after the last, drop that generation."""
        start = self._moved
        stop = min(start + count, len(self._frozen_keys))
        pairs = zip(self._frozen_keys[start:stop], self._frozen_ids[start:stop], strict=True)
        self._db.executemany(f"INSERT OR IGNORE INTO {self._name} (key, id) VALUES (?, ?)", pairs)
        self._moved = stop
        if stop == len(self._frozen_keys):
            self._db.execute(f"DELETE FROM {self._name}_run WHERE n = ?", (_FROZEN,))
            self._frozen_keys, self._frozen_ids, self._moved = array("q"), array("q"), 0

    # --- reading ------------------------------------------------------------------------------------------------

    def find(self, key: int) -> list[int]:
        """The ids of a key, ascending; empty when there is none."""
        self._load()
        self._sync()
        found = [id_ for (id_,) in self._db.execute(f"SELECT id FROM {self._name} WHERE key = ?", (key,))]
        fresh = self._fresh.get(key)
        if fresh is not None:
            found.append(fresh)
            found += self._twins.get(key, ())
        keys = self._frozen_keys
        at = bisect_left(keys, key, self._moved)
        while at < len(keys) and keys[at] == key:
            found.append(self._frozen_ids[at])
            at += 1
        return sorted(set(found)) if len(found) > 1 else found

    def last(self, start: int, stop: int) -> int | None:
        """The highest key in [start, stop), for keys that are dense: all from `start` up to the highest are there,
        and were first added in that order."""
        self._load()
        self._sync()
        key = self._db.execute(f"SELECT max(key) FROM {self._name} WHERE key >= ? AND key < ?", (start, stop)).get
        low: int = start - 1 if key is None else key
        # Those that are in runs only follow without a gap: gallop up, then halve the step.
        step = 1
        while low + step < stop and self._is_in_runs(low + step):
            low += step
            step *= 2
        while step > 1:
            step //= 2
            if low + step < stop and self._is_in_runs(low + step):
                low += step
        return None if low < start else low

    def in_runs(self) -> int:
        """How many entries are in runs, those that are in the B-tree as well included."""
        self._load()
        return len(self._new_keys) + len(self._frozen_keys)

    def _is_in_runs(self, key: int) -> bool:
        if key in self._fresh:
            return True
        at = bisect_left(self._frozen_keys, key)
        return at < len(self._frozen_keys) and self._frozen_keys[at] == key

    def _sync(self) -> None:
        """Bring the dictionary of the younger generation up to date."""
        if self._synced == len(self._new_keys):
            return
        keys, ids = self._new_keys[self._synced :], self._new_ids[self._synced :]
        self._synced = len(self._new_keys)
        fresh, twins = self._fresh, self._twins
        expected = len(fresh) + len(keys)
        if fresh.keys().isdisjoint(keys):
            fresh.update(zip(keys, ids, strict=True))
            if len(fresh) == expected:
                return
        for key, id_ in zip(keys, ids, strict=True):
            if fresh.setdefault(key, id_) != id_:
                twins.setdefault(key, []).append(id_)

    # --- from the file --------------------------------------------------------------------------------------------

    def _load(self) -> None:
        if self._is_shared:
            version = self._db.pragma("data_version")
            if version != self._version:
                self.forget()
                self._version = version
        if self._is_loaded:
            return
        for n, pairs in self._db.execute(f"SELECT n, pairs FROM {self._name}_run ORDER BY n"):
            keys, ids = _unpack(pairs)
            if n == _FROZEN:
                self._frozen_keys, self._frozen_ids = keys, ids
            else:
                self._new_keys += keys
                self._new_ids += ids
        # Entries move in this order and with the transaction, so those in the B-tree are the first ones.
        self._moved = bisect_left(range(len(self._frozen_keys)), 1, key=self._is_yet_to_move)
        self._is_loaded = True

    def _is_yet_to_move(self, at: int) -> int:
        entry = self._frozen_keys[at], self._frozen_ids[at]
        row = self._db.execute(f"SELECT 1 FROM {self._name} WHERE key = ? AND id = ?", entry).fetchone()
        return 1 if row is None else 0


def _pack(keys: "array[int]", ids: "array[int]") -> bytes:
    """All keys, then all ids, as little-endian 64-bit integers."""
    packed = keys + ids
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
