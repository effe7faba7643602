"""Bad files, full disks, other processes, sudden death: a clear error, nothing acknowledged is lost."""

import os
import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import apsw
import pytest

from dag.event import Event
from dag.graph import Graph
from dag.store import (
    Store,
    StoreCorrupt,
    StoreFailed,
    StoreForeign,
    StoreFull,
    StoreLocked,
    StoreMissing,
)
from tests.dag.sample import GENESIS, SPACE, chain

ROOT = Path(__file__).parents[2]


def fill(store: Store, *events: Event) -> None:
    graph = Graph(store.events, SPACE)
    store.on_rollback(graph.forget)
    with store.transaction():
        store.events.add(graph.admit(events))


def in_process(code: str, *arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def lines(process: "subprocess.Popen[str]") -> Iterator[str]:
    assert process.stdout is not None
    for line in process.stdout:
        yield line.rstrip("\n")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file of a closed space with 400 events."""
    path = tmp_path / "space.db"
    with Store.open(path, create=True) as store:
        fill(store, GENESIS, *chain(1, 399))
    return path


# --- files that are no space ---------------------------------------------------------------------------------------


def test_a_missing_file_is_missing_and_none_is_made(tmp_path: Path) -> None:
    for read_only in (False, True):
        with pytest.raises(StoreMissing, match="icn init"):
            Store.open(tmp_path / "none.db", read_only=read_only)
    with pytest.raises(StoreMissing):
        Store.open(tmp_path / "none.db", create=True, read_only=True)
    with pytest.raises(StoreMissing, match="folder"):
        Store.open(tmp_path / "no" / "folder" / "space.db", create=True)
    assert list(tmp_path.iterdir()) == []


def test_creation_makes_a_private_file_and_again_opens_it(tmp_path: Path) -> None:
    path = tmp_path / "space.db"
    with Store.open(path, create=True) as store:
        fill(store, GENESIS)
        assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}
    with Store.open(path, create=True) as store:
        assert store.events.has(GENESIS.cid)


def test_an_unfinished_creation_is_told_and_can_be_finished(tmp_path: Path) -> None:
    path = tmp_path / "space.db"
    path.touch()
    for read_only in (False, True):
        with pytest.raises(StoreMissing, match="never finished"):
            Store.open(path, read_only=read_only)
    with Store.open(path, create=True) as store:
        assert store.check() == []


@pytest.mark.parametrize("content", [b"not a database, but a letter to a friend. " * 300, b"\0" * 8192, b"short"])
def test_another_file_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "letter.txt"
    path.write_bytes(content)
    for options in ({}, {"create": True}, {"read_only": True}):
        with pytest.raises((StoreForeign, StoreCorrupt)):
            Store.open(path, **options)
    assert path.read_bytes() == content


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    db = apsw.Connection(str(path))
    db.execute("CREATE TABLE t (x)")
    db.close()
    for options in ({}, {"create": True}, {"read_only": True}):
        with pytest.raises(StoreForeign, match="another program"):
            Store.open(path, **options)


def test_a_newer_format_is_refused(path: Path) -> None:
    db = apsw.Connection(str(path))
    db.pragma("user_version", 2)
    db.close()
    with pytest.raises(StoreForeign, match="newer version"):
        Store.open(path)


# --- damage --------------------------------------------------------------------------------------------------------


def test_a_truncated_file_is_corrupt(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    for read_only in (False, True):
        with pytest.raises(StoreCorrupt, match="restore the last backup"):
            use_whole(path, read_only=read_only)


def use_whole(path: Path, *, read_only: bool = True) -> None:
    with Store.open(path, read_only=read_only) as store:
        for stored in store.events.all():
            assert store.events.get(stored.cid) == stored.block


@pytest.mark.parametrize("page", [2, 5, 20, 30])
def test_an_overwritten_page_is_found_by_the_check_or_on_use(path: Path, page: int) -> None:
    content = bytearray(path.read_bytes())
    assert len(content) > 40 * 4096
    content[(page - 1) * 4096 : page * 4096] = b"\xa5" * 4096
    path.write_bytes(content)
    with Store.open(path) as store:
        found = store.check(full=True)
    assert found != []


@pytest.mark.parametrize("seed", range(20))
def test_a_flipped_bit_never_gives_a_wrong_block(path: Path, seed: int) -> None:
    content = bytearray(path.read_bytes())
    content[random.Random(seed).randrange(4096, len(content))] ^= 1 << seed % 8
    path.write_bytes(content)
    blocks = {e.cid: e.block for e in (GENESIS, *chain(1, 399))}
    with suppress(StoreCorrupt, StoreForeign), Store.open(path, read_only=True) as store:
        for cid, block in blocks.items():
            assert store.events.get(cid) in (block, None)


def test_a_destroyed_first_page_says_so(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(bytes(100) + content[100:])
    with pytest.raises(StoreForeign, match="backup"):
        Store.open(path)


# --- no right to write ---------------------------------------------------------------------------------------------

AS_NOBODY = """
import os, sys
from pathlib import Path
from dag.store import Store, StoreError
if os.geteuid() == 0:
    os.seteuid(65534)  # root may write anywhere
for options in ({}, {"read_only": True}, {"create": True}):
    for name in ("space.db", "new.db"):
        try:
            with Store.open(Path(sys.argv[1]) / name, **options) as store:
                print("opened", len(store.events))
        except StoreError as error:
            print(type(error).__name__)
"""


@pytest.mark.parametrize("has_log", [False, True])
def test_a_folder_without_write_access(path: Path, *, has_log: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        target = folder / "space.db"
        target.write_bytes(path.read_bytes())
        target.chmod(0o444)
        if has_log:
            # What a node leaves that was killed, or shows while it runs: a log that is not in the main file yet.
            (folder / "space.db-wal").write_bytes(b"")
        folder.chmod(0o555)
        process = in_process(AS_NOBODY, folder)
        answers = list(lines(process))
        process.communicate()
        folder.chmod(0o755)
    read = "StoreFailed" if has_log else "opened 400"
    assert answers == ["StoreReadOnly", "StoreMissing", read, "StoreMissing", "StoreReadOnly", "StoreReadOnly"]


def test_a_file_without_write_access_in_a_folder_with(path: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        target = folder / "space.db"
        target.write_bytes(path.read_bytes())
        target.chmod(0o444)
        folder.chmod(0o777)
        process = in_process(AS_NOBODY, folder)
        answers = list(lines(process))
        process.communicate()
    assert answers[0] == answers[4] == "StoreReadOnly"
    assert answers[2] == "opened 400"


# --- other processes -----------------------------------------------------------------------------------------------

HOLD = """
import sys
from dag.store import Store
with Store.open(sys.argv[1]):
    print("open", flush=True)
    sys.stdin.read()
"""


def test_a_second_writer_is_refused_until_the_first_is_gone(path: Path) -> None:
    process = in_process(HOLD, path)
    assert next(lines(process)) == "open"
    with pytest.raises(StoreLocked, match=f"process {process.pid}"):
        Store.open(path)
    with Store.open(path, read_only=True) as reader:
        assert len(reader.events) == 400
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with Store.open(path) as store:
        assert len(store.events) == 400
        with pytest.raises(StoreLocked):
            Store.open(path)


def test_a_sqlite_tool_that_writes_is_told_from_our_own_lock(path: Path) -> None:
    with Store.open(path) as store:
        tool = apsw.Connection(str(path))
        tool.execute("BEGIN IMMEDIATE")
        store.db.set_busy_timeout(10)
        with pytest.raises(StoreLocked, match="SQLite tool"):
            store.begin()
        tool.close()
        with store.transaction():
            store.set_meta("k", 1)


# --- full disk -----------------------------------------------------------------------------------------------------


def limit_pages(store: Store) -> Callable[[], None]:
    pages = store.db.pragma("page_count")
    store.db.pragma("max_page_count", pages + 8)
    return lambda: store.db.pragma("max_page_count", 2**31)


def test_a_full_disk_rolls_back_and_can_be_used_again(path: Path) -> None:
    long = chain(1, 1399)
    with Store.open(path) as store:
        free = limit_pages(store)
        graph = Graph(store.events, SPACE)
        store.on_rollback(graph.forget)
        with pytest.raises(StoreFull, match="Free some space"), store.transaction():
            store.events.add(graph.admit(long))
        assert len(store.events) == 400
        assert store.events.get(long[398].cid) == long[398].block
        assert graph.lacking([long[399].cid]) == [long[399].cid]
        free()
        with store.transaction():
            admitted = graph.admit(long)
            store.events.add(admitted)
        assert admitted.kinds == ["known"] * 399 + ["new"] * 1000
        assert len(store.events) == 1400
    with Store.open(path) as store:
        assert store.check(full=True) == []


def test_errors_of_the_kernels_own_statements_are_translated_too(path: Path) -> None:
    with Store.open(path) as store:
        limit_pages(store)
        with pytest.raises(StoreFull), store.transaction():
            store.db.execute("CREATE TABLE account (id INTEGER PRIMARY KEY, text TEXT)")
            store.db.execute("INSERT INTO account VALUES (1, ?)", ("x" * 100_000,))
        with pytest.raises(apsw.SQLError), store.transaction():
            store.db.execute("SELECT * FROM no_such_table")
        with store.transaction():
            store.set_meta("k", 1)


FILL = """
import resource, sys
from dag.graph import Graph
from dag.store import Store, StoreFull
from tests.dag.sample import SPACE, chain

store = Store.open(sys.argv[1])
graph = Graph(store.events, SPACE)
store.on_rollback(graph.forget)
events = chain(1, 3000)
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
stored, was_full = 399, 0
while stored < len(events):
    try:
        with store.transaction():
            store.events.add(graph.admit(events[stored : stored + 50]))
        stored = min(stored + 50, len(events))
    except StoreFull:
        was_full += 1
        assert len(store.events) == stored + 1
        if was_full == 3:
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
print(was_full, stored, len(store.events), store.check(full=True))
store.close()
"""


def test_a_file_that_may_not_grow_is_a_full_disk(path: Path) -> None:
    process = in_process(FILL, path)
    assert process.communicate()[0] == "3 3000 3001 []\n"


def test_a_snapshot_that_does_not_fit_leaves_nothing(path: Path, tmp_path: Path) -> None:
    code = """
import resource, sys
from dag.store import Store, StoreFull
with Store.open(sys.argv[1]) as store:
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
    try:
        store.snapshot(sys.argv[2])
    except StoreFull:
        print("full")
"""
    process = in_process(code, path, tmp_path / "copy.db")
    assert process.communicate()[0] == "full\n"
    assert [file.name for file in tmp_path.iterdir() if "copy" in file.name] == []


def test_a_snapshot_never_goes_over_a_file(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    target.write_bytes(b"precious")
    with Store.open(path) as store:
        with pytest.raises(StoreFailed, match="exists already"):
            store.snapshot(target)
        with pytest.raises(StoreMissing, match="folder"):
            store.snapshot(tmp_path / "none" / "copy.db")
    assert target.read_bytes() == b"precious"


# --- sudden death --------------------------------------------------------------------------------------------------

COMMIT = """
import sys
from dag.graph import Graph
from dag.store import Store
from tests.dag.sample import GENESIS, SPACE, chain

store = Store.open(sys.argv[1], create=True)
store.db.pragma("wal_autocheckpoint", 20)
graph = Graph(store.events, SPACE)
events = [GENESIS, *chain(1, 4000)]
at = len(store.events)
print("open", flush=True)
while at < len(events):
    with store.transaction():
        admitted = graph.admit(events[at : at + 7])
        store.events.add(admitted)
        store.blobs.put([(cid[4:], cid * 40) for cid in admitted.cids])
    at += 7
    print(at, flush=True)
"""


def test_killed_at_any_moment_everything_acknowledged_is_there(tmp_path: Path) -> None:
    path = tmp_path / "space.db"
    rng = random.Random(11)
    events = [GENESIS, *chain(1, 4000)]
    acknowledged = 0
    for _ in range(10):
        process = in_process(COMMIT, path)
        answers = lines(process)
        assert next(answers) == "open"
        for _ in range(rng.randrange(25)):
            acknowledged = int(next(answers))
        os.kill(process.pid, signal.SIGKILL)
        acknowledged = max([acknowledged, *map(int, answers)])
        process.communicate()
        with Store.open(path) as store:
            held = len(store.events)
            assert acknowledged <= held <= acknowledged + 7
            assert [s.cid for s in store.events.all()] == [e.cid for e in events[:held]]
            assert all(store.blobs.has(e.cid[4:]) for e in events[:held])
            assert store.check(full=True) == []
            acknowledged = held
    assert acknowledged > 200


def test_killed_while_it_is_made_it_can_be_made_again(tmp_path: Path) -> None:
    code = "import sys; from dag.store import Store; print('go', flush=True); Store.open(sys.argv[1], create=True)"
    for n in range(4):
        path = tmp_path / f"{n}.db"
        process = in_process(code, path)
        assert next(lines(process)) == "go"
        for _ in range(n * 400):
            path.exists()
        process.kill()
        process.communicate()
        with Store.open(path, create=True) as store:
            assert store.check() == []
