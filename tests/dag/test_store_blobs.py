"""Blobs: kept, erased for good, and refused afterwards. What is erased is looked for in the raw files."""

import random
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import apsw
import pytest

from dag.store import Store
from dag.store_blobs import MAX_BLOB_BYTES


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "space.db", create=True) as store:
        yield store


def key(n: int) -> bytes:
    return sha256(b"%d" % n).digest()


def put(store: Store, *blobs: tuple[bytes, bytes]) -> int:
    with store.transaction():
        return store.blobs.put(blobs)


def erase(store: Store, *keys: bytes) -> int:
    with store.transaction():
        erased = store.blobs.erase(keys)
    assert store.scrub()
    return erased


def raw(path: Path) -> bytes:
    """Everything on disk that belongs to the space, read by a process that has no SQLite lock to lose."""
    return b"".join(file.read_bytes() for file in sorted(path.parent.iterdir()))


def test_blobs_of_all_sizes_come_back(store: Store) -> None:
    rng = random.Random(3)
    blobs = {key(n): rng.randbytes(size) for n, size in enumerate([0, 1, 300, 61_440, 61_441, 65_536, 200_000, 5, 9])}
    assert put(store, *blobs.items()) == 9
    for n in range(100, 500):
        blobs[key(n)] = rng.randbytes(rng.randrange(2000))
    assert put(store, *list(blobs.items())) == 400
    assert put(store, (key(999), bytes(MAX_BLOB_BYTES))) == 1
    assert all(store.blobs.get(k) == blob for k, blob in blobs.items())
    path = store.path
    store.close()
    with Store.open(path) as again:
        assert all(again.blobs.get(k) == blob for k, blob in blobs.items())
        assert again.blobs.get(key(7777)) is None
        assert not again.blobs.has(b"short")


def test_a_blob_is_kept_once(store: Store) -> None:
    assert put(store, (key(1), b"one"), (key(1), b"other")) == 1
    assert put(store, (key(1), b"third")) == 0
    assert store.blobs.get(key(1)) == b"one"


def test_an_erased_blob_is_gone_and_does_not_come_back(store: Store) -> None:
    put(store, (key(1), b"one"), (key(2), b"two"))
    assert erase(store, key(1), key(3)) == 1
    assert store.blobs.get(key(1)) is None
    assert put(store, (key(1), b"one"), (key(3), b"three"), (key(2), b"two")) == 0
    path = store.path
    store.close()
    with Store.open(path) as again:
        assert again.blobs.is_erased(key(1))
        assert again.blobs.erased_keys() == sorted([key(1), key(3)])
        assert [again.blobs.get(key(n)) for n in (1, 2, 3)] == [None, b"two", None]
        assert put(again, (key(4), b"four")) == 1
        assert again.blobs.get(key(4)) == b"four"


def test_a_rolled_back_erasure_erases_nothing(store: Store) -> None:
    put(store, (key(1), b"one"))
    with pytest.raises(ZeroDivisionError), store.transaction():
        store.blobs.erase([key(1)])
        raise ZeroDivisionError
    assert store.blobs.get(key(1)) == b"one"
    assert not store.blobs.is_erased(key(1))


@pytest.mark.parametrize("seed", range(2))
def test_no_trace_of_what_was_erased_is_left_in_the_files(store: Store, seed: int) -> None:
    """Random histories of putting and erasing, each blob beginning with 16 bytes that occur nowhere else.

    The same history with the blobs in an ordinary table under `secure_delete` leaves traces: see decision 0022.
    """
    rng = random.Random(seed)
    live: dict[bytes, bytes] = {}
    gone: list[bytes] = []
    for step in range(80):
        sizes = [rng.choice((40, 300, 900, 5000, 70_000)) for _ in range(rng.randrange(9))]
        fresh = {key(1000 * step + n): rng.randbytes(16) + bytes(size) for n, size in enumerate(sizes)}
        doomed = rng.sample(sorted(live), min(len(live), rng.randrange(6)))
        with store.transaction():
            store.blobs.put(fresh.items())
            store.blobs.erase(doomed)
        live |= fresh
        gone += [live.pop(k)[:16] for k in doomed]
    assert store.scrub()
    content = raw(store.path)
    assert len(gone) > 80
    assert [mark for mark in gone if mark in content] == []
    assert all(blob[:16] in content for blob in live.values())


def test_the_log_is_scrubbed_as_soon_as_no_reader_needs_it(store: Store) -> None:
    secret = b"something that only its owner may know"
    put(store, (key(1), secret))
    with Store.open(store.path, read_only=True) as reader:
        with reader.view():
            assert reader.blobs.get(key(1)) == secret
            with store.transaction():
                store.blobs.erase([key(1)])
            store.db.set_busy_timeout(1)
            assert not store.scrub()
            assert secret in raw(store.path)
        assert store.scrub()
        assert secret not in raw(store.path)
        assert reader.blobs.get(key(1)) is None


def test_a_scrub_that_was_due_is_done_at_the_next_start(tmp_path: Path) -> None:
    secret = b"something that only its owner may know"
    store = Store.open(tmp_path / "space.db", create=True)
    put(store, (key(1), secret))
    with store.transaction():
        store.blobs.erase([key(1)])
    # The files as they are when the node is killed here: the secret is in the write-ahead log.
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    for file in tmp_path.glob("space.db*"):
        if not file.name.endswith("-shm"):
            (crashed / file.name).write_bytes(file.read_bytes())
    store.close()
    assert secret in raw(crashed / "space.db")
    with Store.open(crashed / "space.db") as again:
        assert secret not in raw(crashed / "space.db")
        assert again.scrub()


def test_a_snapshot_has_no_trace_either(store: Store, tmp_path: Path) -> None:
    secret = b"something that only its owner may know"
    put(store, (key(1), secret), (key(2), b"public"))
    erase(store, key(1))
    folder = tmp_path / "backup"
    folder.mkdir()
    store.snapshot(folder / "copy.db")
    assert secret not in raw(folder / "copy.db")
    with Store.open(folder / "copy.db", read_only=True) as copy:
        assert copy.blobs.is_erased(key(1))
        assert copy.blobs.get(key(2)) == b"public"


def test_wrong_keys_and_sizes_are_our_bug(store: Store) -> None:
    for blobs in ([(b"short", b"x")], [(key(1), bytes(MAX_BLOB_BYTES + 1))]):
        with pytest.raises(AssertionError), store.transaction():
            store.blobs.put(blobs)
    with pytest.raises(AssertionError), store.transaction():
        store.blobs.erase([b"short"])


def test_that_an_ordinary_table_would_leave_traces(tmp_path: Path) -> None:
    """Why blobs live in heaps: should a later SQLite pass this, store_blobs can become a plain table."""
    traces = 0
    for seed in range(3):
        path = tmp_path / f"plain{seed}.db"
        db = apsw.Connection(str(path))
        db.pragma("secure_delete", True)
        db.pragma("journal_mode", "memory")
        db.pragma("synchronous", "off")
        db.execute("CREATE TABLE blob (id INTEGER PRIMARY KEY, data BLOB)")
        rng = random.Random(seed)
        live: dict[int, bytes] = {}
        gone: list[bytes] = []
        for _ in range(200):
            with db:
                for _ in range(rng.randrange(20)):
                    id_ = rng.randrange(2**40)
                    live[id_] = rng.randbytes(16) + bytes(rng.choice((40, 200, 300, 900, 5000)))
                    db.execute("INSERT INTO blob VALUES (?, ?)", (id_, live[id_]))
                for id_ in rng.sample(sorted(live), min(len(live), rng.randrange(12))):
                    gone.append(live.pop(id_)[:16])
                    db.execute("DELETE FROM blob WHERE id = ?", (id_,))
        db.close()
        content = path.read_bytes()
        traces += sum(mark in content for mark in gone)
    assert traces > 0
