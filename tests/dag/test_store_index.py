"""The index that stays flat: it agrees with a dictionary through freezing, moving, rollback and reload."""

import random
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dag.store import Store
from dag.store_index import KeyIndex


@pytest.fixture
def db(tmp_path: Path) -> Iterator[apsw.Connection]:
    with Store.open(tmp_path / "space.db", create=True) as store:
        store.begin()
        yield store.db


def rows_in_tree(db: apsw.Connection) -> int:
    count: int = db.execute("SELECT count(*) FROM event_cid").get
    return count


def test_entries_move_into_the_tree_in_key_order_and_are_found_throughout(db: apsw.Connection) -> None:
    index = KeyIndex(db, "event_cid", limit=100)
    rng = random.Random(7)
    expected: dict[int, int] = {}
    for batch in range(60):
        keys = [rng.getrandbits(48) - 2**47 for _ in range(10)]
        index.add(keys, range(batch * 10, batch * 10 + 10))
        expected.update(zip(keys, range(batch * 10, batch * 10 + 10), strict=True))
        moved = [key for (key,) in db.execute("SELECT key FROM event_cid ORDER BY key")]
        assert len(moved) >= len(expected) - 2 * 110
    assert index.in_runs() <= 2 * 110
    assert all(index.find(key) == [id_] for key, id_ in expected.items())
    assert index.find(1) == []


def test_a_generation_is_moved_before_the_next_is_full(db: apsw.Connection) -> None:
    index = KeyIndex(db, "event_cid", limit=50)
    for n in range(1000):
        index.add([n * 7919 % 100_003], [n])
        assert index.in_runs() <= 101
        assert index.find(n * 7919 % 100_003) == [n]
        assert len(index._fresh) <= 51
        frozen = db.execute("SELECT n FROM event_cid_run WHERE n = 0").fetchone()
        assert (frozen is None) == (len(index._frozen_keys) == 0)
    assert rows_in_tree(db) >= 899
    runs: int = db.execute("SELECT count(*) FROM event_cid_run").get
    assert runs <= 52


def test_it_is_bounded_too_when_every_entry_comes_from_a_new_process(db: apsw.Connection) -> None:
    for n in range(600):
        index = KeyIndex(db, "event_cid", limit=50)
        index.add([n * 7919 % 100_003], [n])
        assert index.in_runs() <= 101
    assert rows_in_tree(db) >= 499


def test_equal_keys_keep_all_their_ids(db: apsw.Connection) -> None:
    index = KeyIndex(db, "event_cid", limit=4)
    index.add([5, 5, 9], [1, 2, 3])
    assert index.find(5) == [1, 2]
    index.add([5], [4])
    assert index.find(5) == [1, 2, 4]
    for n in range(10, 20):
        index.add([5, n + 100], [n, n])
    assert index.find(5) == [1, 2, 4, *range(10, 20)]
    assert KeyIndex(db, "event_cid", limit=4).find(5) == [1, 2, 4, *range(10, 20)]


def test_adding_again_changes_nothing(db: apsw.Connection) -> None:
    index = KeyIndex(db, "event_cid", limit=4)
    for _ in range(5):
        index.add([1, 2, 3], [1, 2, 3])
    assert [index.find(n) for n in (1, 2, 3)] == [[1], [2], [3]]


def test_keys_that_a_float_cannot_hold_are_our_bug(db: apsw.Connection) -> None:
    index = KeyIndex(db, "event_cid")
    index.add([2**52 - 1, -(2**52)], [1, 2])
    for key in (2**52, -(2**52) - 1):
        with pytest.raises(AssertionError, match="float"):
            index.add([key], [3])


@pytest.mark.parametrize("limit", [3, 8, 1000])
def test_last_finds_the_end_of_a_dense_range_wherever_it_lies(db: apsw.Connection, limit: int) -> None:
    index = KeyIndex(db, "event_cid", limit=limit)
    rng = random.Random(limit)
    length = dict.fromkeys(range(5), 0)
    for id_ in range(300):
        author = rng.randrange(5)
        index.add([author << 32 | length[author]], [id_])
        length[author] += 1
        probe = rng.randrange(6)
        expected = probe << 32 | length[probe] - 1 if length.get(probe) else None
        assert index.last(probe << 32, (probe + 1) << 32) == expected


def test_a_reader_sees_what_another_connection_adds(tmp_path: Path) -> None:
    with Store.open(tmp_path / "space.db", create=True) as store:
        writer = KeyIndex(store.db, "event_cid", limit=5)
        with Store.open(tmp_path / "space.db", read_only=True) as other:
            reader = KeyIndex(other.db, "event_cid", shared=True, limit=5)
            for n in range(40):
                assert reader.find(n) == []
                writer.add([n], [n])
                assert reader.find(n) == [n]
                assert reader.find(0) == [0]


def test_a_rollback_costs_nothing_when_nothing_was_added(db: apsw.Connection) -> None:
    index = KeyIndex(db, "event_cid")
    index.add([1, 2], [1, 2])
    index.committed()
    index.rolled_back()
    db.execute("DELETE FROM event_cid_run")
    assert index.find(2) == [2]
    index.add([3], [3])
    index.rolled_back()
    assert index.find(2) == []


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["add", "rollback", "forget", "reopen"]), st.lists(st.integers(-6, 6), max_size=6)),
        max_size=40,
    ),
    st.integers(1, 10),
)
def test_it_agrees_with_a_dictionary(steps: list[tuple[str, list[int]]], limit: int) -> None:
    db = apsw.Connection(":memory:")
    db.execute("CREATE TABLE t (key INTEGER, id INTEGER, PRIMARY KEY (key, id)) WITHOUT ROWID")
    db.execute("CREATE TABLE t_run (n INTEGER PRIMARY KEY, pairs BLOB)")
    index = KeyIndex(db, "t", limit=limit)
    model: dict[int, list[int]] = defaultdict(list)
    id_ = 0
    for step, keys in steps:
        ids = range(id_, id_ + len(keys))
        if step == "add":
            index.add(keys, ids)
            index.committed()
            id_ += len(keys)
            for key, added in zip(keys, ids, strict=True):
                model[key].append(added)
        elif step == "rollback":
            db.execute("BEGIN")
            index.add(keys, ids)
            index.add(keys, ids)
            db.execute("ROLLBACK")
            index.rolled_back()
        elif step == "forget":
            index.forget()
        else:
            index = KeyIndex(db, "t", limit=limit)
        for key in range(-6, 7):
            assert index.find(key) == model[key]
