"""The audit finds whatever was changed in the books behind the node's back; a rebuild gives what is there."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from dag import checkpoint
from dag.merkle import Frontier
from dag.store import StoreCorrupt
from icn_node import audit
from icn_node.audit import AuditError
from icn_node.kernel.root import state_root
from icn_node.kernel.tables import DictBackend
from icn_node.machine import Machine
from icn_node.space import Space
from icn_node.verifier import Verifier
from tests.node.town import Town
from tests.world import DAY_MS, key_of


def busy(town: Town) -> None:
    """Some days of everything: payments, hours, votes, refusals, timers, a fork, notices."""
    pay = town.pay
    hours = {"op": "timebank.log", "receiver": key_of("cid").did, "minutes": 30, "category": "gardening"}
    one, other = (town.sign("bob", pay("bob", "cid", n)) for n in (100, 200))
    town.send(one, other)
    assert town.send(town.sign("bob", hours, pay("bob", "ann", 50)))[0].status == "executed"
    town.send(town.sign("cid", {"op": "timebank.confirm", "exchange": 1}))
    town.send(town.sign("cid", pay("cid", "bob", 10**6)))
    town.now += 3 * DAY_MS
    no = town.do("ann", "governance.propose", type="quick", title="A bench", open=True)
    for name in ("ann", "bob"):
        town.do(name, "governance.vote", proposal=no, choice="yes")
    assert town.send(town.sign("bob", hours))[0].status == "executed"
    town.now += 60 * DAY_MS
    while town.space.tick(town.now):
        pass
    town.send(town.sign("ann", pay("ann", "bob", 5)))


@pytest.fixture
def books(town: Town) -> Town:
    busy(town)
    return town


def test_books_that_nobody_touched_are_sound(books: Town) -> None:
    before = books.digest()
    report = audit.verify(books.space)
    assert report.faults == []
    head = books.space.head()
    assert (report.events, report.leaves, report.root) == (head["events"], head["leaves"], head["root"])
    assert report.state_root == state_root(books.space.tables)[0].hex()
    assert report.sums == {"HOUR": 0, "SUN": 0}
    assert books.digest() == before
    assert [p.name for p in books.path.parent.iterdir() if p.name.startswith("verify-")] == []


def test_signatures_may_be_verified_by_other_processes(books: Town) -> None:
    with Verifier(2) as verifier:
        told: list[tuple[str, int, int]] = []
        report = audit.verify(books.space, verify_batch=verifier.verify_batch, progress=lambda *at: told.append(at))
    assert report.faults == []
    assert report.events == len(books.space.store.events)
    with_one_bad = iter([["bad_signature"]])
    report = audit.verify(books.space, verify_batch=lambda blocks: next(with_one_bad) + [None] * (len(blocks) - 1))
    assert any("bad_signature" in fault for fault in report.faults)


def test_a_copy_opened_read_only_beside_the_writer_can_be_audited(books: Town) -> None:
    beside = Space.open(books.path, books.guard_path, None, read_only=True)
    try:
        books.send(books.sign("bob", books.pay("bob", "ann", 5)))
        with beside.store.view():
            beside.reload()
            assert audit.verify(beside).faults == []
    finally:
        beside.close()


# What is done to the file, and a word of what the audit says of it. flip(BLOB, n) flips a bit of byte n;
# swap(BLOB, TEXT, TEXT) replaces.
DAMAGE = """
a balance          | UPDATE account SET balance_minor = balance_minor + 1 WHERE owner = 2          | account
a row less         | DELETE FROM device WHERE party = 3                                            | device
a row more         | INSERT INTO role_holding SELECT role, 2, since_ms, NULL, term FROM role_holding     | role_holding
a member's status  | UPDATE party SET status = 'excluded' WHERE handle = 'bob'                     | party
another's ballot   | UPDATE ballot SET choice = 'no'                                               | ballot
a past payment     | UPDATE transfer SET amount_minor = amount_minor * 2 WHERE no = 1              | transfer
a notice           | DELETE FROM notice WHERE no = 1                                               | notice
a counter          | UPDATE counter SET value = value + 1 WHERE name = 'party'                     | counter
a timer            | INSERT INTO timer VALUES (99, 0, 'exchange.due', 1)                           | timer
an outcome         | UPDATE leaf SET leaf = swap(leaf, 'over_floor', 'over_cloud')                 | leaf
a leaf for another | UPDATE leaf SET leaf = (SELECT leaf FROM leaf WHERE i = 3) WHERE i = 4        | leaf 4
the last leaf      | DELETE FROM leaf WHERE i = (SELECT max(i) FROM leaf)                          | leaves
a leaf's event     | UPDATE leaf SET event = event - 1 WHERE i = 6                                 |
an event's bytes   | UPDATE event SET block = flip(block, 61) WHERE id = 4                         | event 4
a signature        | UPDATE event SET block = flip(block, 200) WHERE id = 5                        | event 5
an event           | DELETE FROM event WHERE id = (SELECT event FROM leaf WHERE i = 5)             | leaf 5
its last event     | DELETE FROM event WHERE id = (SELECT max(id) FROM event)                      | event
an ordering block  | DELETE FROM ordering WHERE id = 5                                             |
its bytes          | UPDATE ordering SET block = flip(block, 61) WHERE id = 5                      | ordering
a commit's time    | UPDATE settled SET time_ms = time_ms + 1 WHERE i = (SELECT max(i) FROM settled)     | commit
a commit           | DELETE FROM settled WHERE i = (SELECT max(i) FROM settled WHERE leaves > 0)   |
the checkpoint     | UPDATE checkpoint SET note = replace(note, 'A', 'B')                      | checkpoint
no checkpoint      | DELETE FROM checkpoint                                                        | no signed
where events stand | UPDATE place SET leaf = 3 - leaf WHERE leaf IN (1, 2)                         | elsewhere
which are stray    | DELETE FROM stray                                                             | author's chain
that all are stray | INSERT OR IGNORE INTO stray SELECT id FROM event                              | author's chain
the frontier       | UPDATE meta SET value = flip(value, 20) WHERE key = 'frontier'                | root
the position       | UPDATE meta SET value = flip(value, 20) WHERE key = 'position'                |
the epoch          | UPDATE meta SET value = flip(value, 20) WHERE key = 'epoch'                   |
the space's name   | UPDATE meta SET value = flip(value, 20) WHERE key = 'space'                   |
"""


def cases() -> list[object]:
    found = []
    for line in DAMAGE.strip().splitlines():
        name, _, rest = line.partition("|")
        sql, _, word = rest.rpartition("|")
        found.append(pytest.param(sql.strip(), word.strip(), id=name.strip()))
    return found


def plant(path: Path, sql: str) -> None:
    """Change the file with a SQLite tool; the change must be one."""

    def flip(blob: bytes, at: int) -> bytes:
        return blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :]

    def swap(blob: bytes, old: str, new: str) -> bytes:
        return blob.replace(old.encode(), new.encode())

    db = apsw.Connection(str(path))
    db.create_scalar_function("flip", flip, 2)
    db.create_scalar_function("swap", swap, 3)
    db.execute(sql)
    assert db.total_changes() > 0, sql
    db.close()


@pytest.mark.parametrize(("sql", "word"), cases())
def test_every_planted_damage_is_found(books: Town, sql: str, word: str) -> None:
    books.space.close()
    plant(books.path, sql)
    try:
        books.space = Space.open(books.path, books.guard_path, books.node_key)
        faults = audit.verify(books.space).faults
    except StoreCorrupt as error:  # so damaged that it cannot be opened
        faults = [str(error)]
    assert faults
    assert word in " ".join(faults)


def test_a_note_signed_by_another_is_no_checkpoint(books: Town) -> None:
    machine = books.space.machine
    note = checkpoint.build(checkpoint.origin_of(books.space.cid), machine.frontier.size, machine.frontier.root())
    forged = checkpoint.cosign(checkpoint.sign(note, key_of("bob")), key_of("bob"), books.now // 1000)
    with books.space.store.transaction():
        books.space.store.log.add_checkpoint(machine.frontier.size, forged.note())
    assert any("checkpoint does not hold" in fault for fault in audit.verify(books.space).faults)


def test_a_checkpoint_of_another_root_signed_by_the_node_is_found(books: Town) -> None:
    """A node that signs two histories is caught by its own words."""
    size = books.space.machine.frontier.size
    note = checkpoint.build(checkpoint.origin_of(books.space.cid), size, bytes(32))
    lie = checkpoint.cosign(checkpoint.sign(note, books.node_key), books.node_key, books.now // 1000)
    with books.space.store.transaction():
        books.space.store.log.add_checkpoint(size, lie.note())
    assert any("another root" in fault for fault in audit.verify(books.space).faults)


# -- rebuild -----------------------------------------------------------------------------------------------------------


def test_rebuilt_is_what_was_there(books: Town) -> None:
    before = books.digest()
    told: list[tuple[str, int, int]] = []
    leaves = audit.rebuild(books.space, lambda *at: told.append(at))
    assert leaves == books.space.head()["leaves"]
    assert told[-1][1:] == (leaves, leaves)
    assert books.digest() == before
    assert books.send(books.sign("bob", books.pay("bob", "ann", 5)))[0].status == "executed"
    books.reopen()
    assert audit.verify(books.space).faults == []


@pytest.mark.parametrize(
    "sql", ["UPDATE account SET balance_minor = 0", "DELETE FROM transfer", "DROP TABLE notice",
            "DELETE FROM device", "UPDATE party SET status = 'excluded'", "INSERT INTO timer VALUES (99, 0, 'no', 1)"],
)  # fmt: skip
def test_a_rebuild_heals_whatever_happened_to_the_state(books: Town, sql: str) -> None:
    before = books.digest()
    books.space.close()
    db = apsw.Connection(str(books.path))
    db.execute(sql)
    db.close()
    books.reopen()
    assert books.digest() != before
    audit.rebuild(books.space)
    assert books.digest() == before
    assert audit.verify(books.space).faults == []


def test_a_rebuild_of_a_log_that_lies_changes_nothing(books: Town) -> None:
    books.space.close()
    plant(books.path, "UPDATE leaf SET leaf = swap(leaf, 'over_floor', 'over_cloud')")
    books.reopen()
    before = books.state()
    with pytest.raises(AuditError, match="gives other leaves"):
        audit.rebuild(books.space)
    assert books.state() == before


def test_replaying_into_a_dictionary_gives_the_same_state(books: Town) -> None:
    """The same machine over the other backend: the log fixes the state, not SQLite."""
    machine = Machine(DictBackend(), books.modules, Frontier(), books.space.cid)
    assert audit.replay(books.space, machine) == books.space.head()["leaves"]
    assert machine.frontier.root() == books.space.machine.frontier.root()
    assert state_root(machine.tables) == state_root(books.space.tables)
    for record in books.space.tables.records:
        assert machine.tables.scan(record) == books.space.tables.scan(record), record.TABLE


def test_the_key_of_the_audit_is_nobodys(books: Town) -> None:
    """An audit needs no key: whoever has the file can do it, and a follower does the same."""
    books.space.close()
    books.space = Space.open(books.path, books.guard_path, None)
    assert audit.verify(books.space).faults == []
