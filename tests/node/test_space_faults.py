"""Faults of the machine: a full disk, failing statements, files that cannot be written, guards that do not fit."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest

from dag.event import Event
from dag.guard import GuardFailed, GuardFile
from dag.order.guard import Guard
from dag.store import StoreError, StoreFailed, StoreFull, StoreMissing
from icn_node import audit
from icn_node.kernel import versions
from icn_node.kernel.bylaws import BylawsInvalid, Rulebook
from icn_node.kernel.policy import Policy
from icn_node.modules import MODULES
from icn_node.receipts import SpaceStopped
from icn_node.space import Space
from tests.node.town import Town
from tests.world import DAY_MS, key_of

ROOT = Path(__file__).parents[2]


def some_events(town: Town) -> list[Event]:
    """Of three people, good ones and refused ones, with hours, a vote and money, that leave timers and notices."""
    hours = {"op": "timebank.log", "receiver": key_of("cid").did, "minutes": 10, "category": "gardening"}
    first = town.sign("bob", hours, town.pay("bob", "cid", 5))
    refused = town.sign("bob", town.pay("bob", "cid", 50_000), after=first)
    propose = {"op": "governance.propose", "type": "quick", "title": "A bench", "open": True}
    return [first, refused, town.sign("ann", propose), town.sign("cid", town.pay("cid", "ann", 7))]


STATUSES = ["executed", "refused", "executed", "executed"]


@contextlib.contextmanager
def failing_at(
    db: apsw.Connection, statement: int, error: Callable[[], BaseException], times: int = 1
) -> Iterator[list[str]]:
    """Let the n-th statement from now on, and the `times` - 1 after it, fail; the statements that did."""
    failed: list[str] = []
    count = 0

    def trace(_: object, sql: str, __: object) -> bool:
        nonlocal count
        count += 1
        if statement <= count < statement + times:
            failed.append(sql)
            raise error()
        return True

    db.exec_trace = trace
    try:
        yield failed
    finally:
        db.exec_trace = None


ERRORS: list[tuple[Callable[[], BaseException], type[BaseException]]] = [
    (lambda: apsw.FullError("database or disk is full"), StoreFull),
    (lambda: apsw.IOError("disk I/O error"), StoreFailed),
    (MemoryError, MemoryError),
    (KeyboardInterrupt, KeyboardInterrupt),
]


def sent_failing(town: Town, events: list[Event], statement: int, error: Callable[[], BaseException],
                 wanted: type[BaseException]) -> tuple[str, list[str]]:  # fmt: skip
    """Submit while the n-th statement fails: that statement, '' if there are fewer, and the receipts' statuses."""
    with failing_at(town.space.store.db, statement, error) as failed:
        try:
            statuses = [r.status for r in town.send(*events)]
        except wanted:
            statuses = []
    return "".join(failed), statuses


@pytest.mark.parametrize(("error", "wanted"), ERRORS, ids=["full", "broken", "memory", "interrupted"])
def test_whatever_statement_of_a_commit_fails_nothing_is_half_done(
    template: Path, tmp_path: Path, error: Callable[[], BaseException], wanted: type[BaseException]
) -> None:
    with Town.copied(template, tmp_path / "whole") as whole:
        events = some_events(whole)
        assert [r.status for r in whole.send(*events)] == STATUSES
        expected = whole.digest()
    with Town.copied(template, tmp_path / "failing") as town:
        before = town.digest()
        failures, sql, statuses = 0, "BEGIN", list[str]()
        while sql and not statuses:
            sql, statuses = sent_failing(town, events, failures + 1, error, wanted)
            failures += 1
            assert not town.space.stopped
            after = town.digest()
            assert after == (expected if statuses or after == expected else before), sql
            if after == expected:  # it failed after the commit, or not at all
                break
        assert failures > 25
        assert "COMMIT" in sql or "meta" in sql or not sql, "until the very end nothing was kept"
        assert [r.status for r in town.send(*events)] == STATUSES
        # The history is as if nothing had failed.
        assert town.digest() == expected
        town.reopen()
        assert town.digest() == expected
        assert audit.verify(town.space).faults == []


def test_a_disk_that_goes_on_failing_stops_the_space_until_it_is_opened_again(town: Town) -> None:
    before = town.digest()
    events = some_events(town)
    with (
        failing_at(town.space.store.db, 12, lambda: apsw.IOError("disk I/O error"), 10_000) as failed,
        pytest.raises(StoreFailed),
    ):
        town.send(*events)
    assert len(failed) > 1
    with pytest.raises(SpaceStopped, match="restart the node"):
        town.send(*events)
    with pytest.raises(SpaceStopped, match="restart the node"):
        town.space.tick(town.now + DAY_MS)
    town.reopen()
    assert town.digest() == before
    assert [r.status for r in town.send(*events)] == STATUSES


@pytest.mark.parametrize("room", [0, 1, 2, 3, 5, 8, 13])
def test_a_full_disk_loses_nothing_and_with_room_it_goes_on(town: Town, room: int) -> None:
    db = town.space.store.db
    payments = town.chain("bob", *[("cid", 1)] * 300)
    hoard = [town.sign("ann", {"op": "governance.propose", "type": "quick", "title": "x" * 200, "open": False})]
    db.pragma("max_page_count", db.pragma("page_count") + room)
    sent = 0
    with pytest.raises(StoreFull, match="Free some space"):
        while sent < len(payments):
            before = town.digest()
            receipts = town.send(*payments[sent : sent + 20])
            assert {r.status for r in receipts} == {"executed"}
            sent += 20
    assert town.digest() == before
    assert town.balance("cid") == sent, "everything acknowledged is there, and nothing else"
    town.ask("bob", "credit.history", unit="SUN")  # reads go on
    with pytest.raises(StoreFull):
        while True:
            town.send(*town.chain("cid", *[("ann", 1)] * 20))
    db.pragma("max_page_count", 2**31)
    assert {r.status for r in town.send(*payments)} == {"executed"}
    assert [r.status for r in town.send(*hoard)] == ["executed"]
    assert town.balance("cid") + town.balance("ann") == 300
    town.reopen()
    assert audit.verify(town.space).faults == []


FULL = """
import resource, sys
from pathlib import Path
from dag.store import StoreFull
from tests.node.town import Town
town = Town(Path(sys.argv[1]), None)
events = town.chain("bob", *[("cid", 1)] * 400)
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), hard))
sent, full = 0, 0
while sent < len(events):
    try:
        assert {r.status for r in town.send(*events[sent : sent + 10])} == {"executed"}
        sent += 10
    except StoreFull:
        full += 1
        assert not town.space.stopped
        assert town.balance("cid") == sent
        if full == 3:
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
print(full, sent, town.balance("cid"))
"""


def test_a_file_that_the_system_lets_grow_no_more_is_a_full_disk(template: Path, tmp_path: Path) -> None:
    folder = tmp_path / "town"
    shutil.copytree(template, folder)
    size = (folder / "town.db").stat().st_size
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(folder), str(size + 300_000)], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("3 400 400\n", "")
    with Town(folder, None) as town:
        assert audit.verify(town.space).faults == []


def test_a_space_opened_read_only_answers_and_takes_nothing(town: Town) -> None:
    event = town.sign("bob", town.pay("bob", "cid"))
    before = town.digest()
    town.reopen(read_only=True)
    assert town.digest() == before
    assert town.balance("bob") == 0
    with pytest.raises(SpaceStopped):
        town.send(event)


AS_NOBODY = """
import os, sys
from pathlib import Path
from dag.store import StoreError
from tests.node.town import Town
if os.geteuid() == 0:
    os.seteuid(65534)  # root may write anywhere
for options in ({}, {"read_only": True}):
    try:
        with Town(Path(sys.argv[1]), None, **options) as town:
            print("opened", town.balance("bob"))
    except StoreError as error:
        print(type(error).__name__, "permissions" in str(error))
"""


def test_a_file_that_may_not_be_written_is_told_and_can_be_read(template: Path) -> None:
    with tempfile.TemporaryDirectory() as name:  # where a user without rights can come
        folder = Path(name)
        shutil.copytree(template, folder, dirs_exist_ok=True)
        for path in (*folder.iterdir(), folder):
            path.chmod(0o555 if path == folder else 0o444)
        done = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, name], cwd=ROOT, capture_output=True, text=True, check=False
        )
        folder.chmod(0o755)
    assert (done.stdout, done.stderr) == ("StoreReadOnly True\nopened 0\n", "")


def test_a_missing_file_is_told_and_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(StoreMissing, match="icn init"):
        Space.open(tmp_path / "none.db", tmp_path / "none.guard", key_of("node"))
    assert list(tmp_path.iterdir()) == []


# -- the guard ---------------------------------------------------------------------------------------------------------


def test_a_guard_that_cannot_be_written_is_told_and_nothing_is_lost(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = town.sign("bob", town.pay("bob", "cid"))

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", full)
        with pytest.raises(GuardFailed, match="does not sign"):
            town.send(event)
    receipt = town.send(event)[0]
    assert receipt.status == "executed", "it was durable before the guard was to be written"
    town.send(town.sign("cid", town.pay("cid", "bob")))
    town.reopen()
    assert not town.space.stopped


def test_a_guard_behind_its_database_is_repaired(town: Town) -> None:
    old = town.guard_path.read_bytes()
    town.do("bob", "credit.transfer", unit="SUN", payee=key_of("cid").did, amount_minor=1)
    ahead = town.guard_path.read_bytes()
    town.space.close()
    town.guard_path.write_bytes(old)
    town.reopen()
    assert not town.space.stopped
    with GuardFile(town.guard_path) as repaired, GuardFile(town.guard_path) as again:
        assert repaired.read() == again.read()
    town.guard_path.with_name("copy").write_bytes(ahead)
    with GuardFile(town.guard_path) as repaired, GuardFile(town.guard_path.with_name("copy")) as wanted:
        assert repaired.read() == wanted.read()
    assert town.send(town.sign("bob", town.pay("bob", "cid", 1)))[0].status == "executed"


def take_away(path: Path) -> None:
    path.unlink()


def tear(path: Path) -> None:
    path.write_bytes(bytes(len(path.read_bytes())))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def put_ahead(path: Path) -> None:
    with GuardFile(path) as guard:
        held = guard.read()
        assert held is not None
        guard.write(Guard(held.epoch, held.round + 1, held.cid))


def put_elsewhere(path: Path) -> None:
    with GuardFile(path) as guard:
        held = guard.read()
    assert held is not None
    path.unlink()
    with GuardFile(path) as guard:
        guard.write(Guard(held.epoch, held.round, held.cid[:-1] + bytes([held.cid[-1] ^ 1])))


@pytest.mark.parametrize(
    ("damage", "said"),
    [(take_away, "guard_missing"), (tear, "no whole record"), (cut, "100 bytes"), (put_ahead, "guard_ahead"),
     (put_elsewhere, "guard_differs")],
)  # fmt: skip
def test_a_guard_that_does_not_fit_the_database_stops_signing_but_not_reading(
    town: Town, damage: Callable[[Path], None], said: str
) -> None:
    event = town.sign("bob", town.pay("bob", "cid"))
    before = town.digest()
    town.space.close()
    damage(town.guard_path)
    left = town.guard_path.read_bytes() if town.guard_path.exists() else b""
    town.reopen()
    assert said in town.space.stopped
    with pytest.raises(SpaceStopped, match=said):
        town.send(event)
    with pytest.raises(SpaceStopped, match=said):
        town.space.tick(town.now + DAY_MS)
    assert town.digest() == before
    assert town.balance("bob") == 0
    assert (town.guard_path.read_bytes() if town.guard_path.exists() else b"") == left, "the evidence is kept"
    town.reopen()
    assert said in town.space.stopped, "and it does not go away by itself"


def test_yesterdays_database_beside_todays_guard_is_noticed(town: Town, tmp_path: Path) -> None:
    town.space.close()
    yesterday = town.path.read_bytes()
    town.reopen()
    town.do("bob", "credit.transfer", unit="SUN", payee=key_of("cid").did, amount_minor=1)
    town.space.close()
    for path in town.path.parent.glob("town.db-*"):
        path.unlink()
    town.path.write_bytes(yesterday)
    town.reopen()
    assert "guard_ahead" in town.space.stopped


def test_with_another_nodes_key_it_is_a_copy_that_orders_nothing(town: Town) -> None:
    event = town.sign("bob", town.pay("bob", "cid"))
    town.reopen(key_of("another node"))
    with pytest.raises(SpaceStopped, match=town.node_key.did):
        town.send(event)
    assert town.space.next_due_ms() is None


# -- versions ----------------------------------------------------------------------------------------------------------


def test_a_node_that_lacks_an_active_version_executes_nothing_and_says_so(town: Town) -> None:
    """The space has switched on what this software does not know, as after a decision that newer nodes took part in."""
    event = town.sign("bob", town.pay("bob", "cid"))
    with town.space.store.transaction():
        versions.activate(town.space.tables, "credit", 2, town.now)
        town.space.tables.settle()
        town.space.tables.flush()
    before = town.digest()
    town.reopen()
    for act in (lambda: town.send(event), lambda: town.space.tick(town.now + DAY_MS)):
        with pytest.raises(SpaceStopped, match=r"lacks version 2 of the module credit.*upgrade the node"):
            act()
    assert town.digest() == before
    assert town.balance("bob") == 0


def test_a_node_without_a_module_that_is_on_executes_nothing(town: Town) -> None:
    town.modules = tuple(m for m in MODULES if m.name != "timebank")
    town.reopen()
    with pytest.raises(SpaceStopped, match="module timebank"):
        town.send(town.sign("bob", town.pay("bob", "cid")))
    town.modules = MODULES
    town.reopen()
    assert town.send(town.sign("bob", town.pay("bob", "cid")))[0].status == "executed"


def test_a_node_that_cannot_read_the_bylaws_in_force_executes_nothing(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one whose language is older than the contract that was adopted meanwhile."""

    def unreadable(*_: object) -> Rulebook:
        raise BylawsInvalid(reason="CCL0199 in x.ccl, line 1")

    with monkeypatch.context() as patch:
        patch.setattr(Policy, "book_of", unreadable)
        town.reopen()
        with pytest.raises(SpaceStopped, match=r"cannot read the bylaws in force .CCL0199 in x.ccl, line 1.: upgrade"):
            town.send(town.sign("bob", town.pay("bob", "cid")))
    town.reopen()
    assert town.send(town.sign("bob", town.pay("bob", "cid")))[0].status == "executed"


# -- a damaged file ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(24))
def test_a_flipped_bit_in_the_file_is_an_error_or_is_found_by_the_audit(town: Town, seed: int) -> None:
    dice = random.Random(seed)
    town.send(*some_events(town))
    before = town.digest()
    town.space.close()
    content = bytearray(town.path.read_bytes())
    pages = len(content) // 4096
    used = [n for n in range(pages) if any(content[n * 4096 + 8 : n * 4096 + 4096])]
    page = dice.choice(used)
    spot = page * 4096 + dice.randrange(4096)
    while content[spot] == 0:  # within what is used, as a rule
        spot = page * 4096 + dice.randrange(4096)
    content[spot] ^= 1 << dice.randrange(8)
    town.path.write_bytes(content)
    found: list[str] = []
    try:
        town.reopen()
        found = audit.verify(town.space).faults + town.space.store.check(full=True)
        harmless = town.digest() == before
    except (StoreError, ValueError, AssertionError) as error:
        found = [str(error)]
        harmless = False
    assert found or harmless, f"bit flipped at {spot}: page {page}"
