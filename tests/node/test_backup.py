"""Backups, and the drill of restoring one on an empty machine with nothing but the printed recovery key."""

from __future__ import annotations

import io
import os
import random
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dag import proof
from dag.cid import cid_text
from dag.event import Event, sign_event
from dag.keys import SigningKey
from dag.order.recovery import InvalidRecovery
from icn_node import archive, audit, backup
from icn_node.backup import BackupError
from icn_node.founding import Choices, Founded, found
from icn_node.home import Home, HomeError
from icn_node.keystore import Keystore, node_key
from icn_node.paper import BadPaperKey, seed_of
from icn_node.receipts import Receipt, SpaceStopped
from icn_node.space import Space
from tests.world import DAY_MS, T0, key_of

NONCE = bytes(range(16))
SUN = {"op": "credit.create", "ver": 1, "unit": "SUN", "decimals": 2, "floor_minor": -10_000, "ceiling_minor": 50_000}


class Mill:
    """A real home, founded; and its founder's device, elsewhere, which keeps what it signed."""

    def __init__(self, folder: Path, **choices: Any) -> None:
        self.home = Home(folder)
        store = Keystore(self.home.keys_path, ops=1, mem=8192)
        given = {"name": "mill", "title": "The mill", "handle": "ann", "secret": "sesame"} | choices
        self.founded: Founded = found(self.home, Choices(**given), now_ms=T0, ops=[SUN], keystore=store)
        self.key = store.unlock(self.founded.founder, "sesame")
        self.now = T0
        self.sent: list[Event] = []
        self.space = self.open()

    def open(self) -> Space:
        home = self.home
        return Space.open(home.space_path("mill"), home.guard_path("mill"), node_key(home.node_key_path))

    def open_circle(self, count: int) -> list[Receipt]:
        """The founder's device signs events, and hands them in."""
        events = []
        for _ in range(count):
            last = self.sent[-1] if self.sent else None
            seq, prev = self.space.next_place(self.key.author) if last is None else (last.seq + 1, last.cid)
            op = {"op": "group.create", "ver": 1, "group": f"circle-{seq}", "title": "A circle"}
            self.sent.append(sign_event(
                self.key, space=self.founded.space, seq=seq, prev=prev, parents=(), at=self.now, until=None, ops=[op]
            ))  # fmt: skip
            events.append(self.sent[-1])
        return self.space.submit([e.block for e in events], self.now)


@pytest.fixture(scope="session")
def milled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Mill]:
    """A home with some events and a backup of it, then more events; closed, to be copied."""
    folder = tmp_path_factory.mktemp("mill")
    mill = Mill(folder / "home")
    mill.open_circle(5)
    mill.now += DAY_MS
    backup.create(mill.home, folder / "mill.icnbackup", now_ms=mill.now)
    mill.open_circle(4)
    mill.space.close()
    return folder, mill


@pytest.fixture
def mill(milled: tuple[Path, Mill], tmp_path: Path) -> Iterator[Mill]:
    """The mill in a folder of this test's own, open; its backup lies beside the home."""
    folder, original = milled
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    copy = object.__new__(Mill)
    copy.__dict__.update(original.__dict__)
    copy.home = Home(tmp_path / "home")
    copy.sent = list(original.sent)
    copy.space = copy.open()
    yield copy
    copy.space.close()


def recovery(mill: Mill) -> SigningKey:
    return SigningKey.from_seed(seed_of(mill.founded.recovery_key))


def kept(tmp_path: Path) -> Path:
    return tmp_path / "mill.icnbackup"


def test_the_whole_drill(mill: Mill, tmp_path: Path) -> None:
    gap = mill.sent[5:]
    lost = mill.space.head()
    proofs = {e.cid: mill.space.proof(e.cid) for e in (mill.sent[0], gap[0])}
    mill.space.close()
    shutil.rmtree(mill.home.path)  # the machine is gone; what is left is a backup and a piece of paper

    home = Home(tmp_path / "new")
    done = backup.restore(home, kept(tmp_path), [recovery(mill)], nonce=NONCE)
    assert (done.name, done.epoch, done.space) == ("mill", 2, cid_text(mill.founded.space))
    assert done.devices == (("ann", mill.key.did, 5),), "the gap: the founder's device knows later ones"

    mill.home, mill.space = (
        home,
        Space.open(home.space_path("mill"), home.guard_path("mill"), node_key(home.node_key_path)),
    )
    assert mill.space.stopped == ""
    assert mill.space.epoch.validators != (mill.founded.node,)
    assert mill.space.next_place(mill.key.author)[0] == 6
    # The device has what was lost, and hands it in again: same signatures, same places.
    receipts = mill.space.submit([e.block for e in gap], mill.now + DAY_MS)
    assert [r.status for r in receipts] == ["executed"] * len(gap)
    assert [r.cid for r in receipts] == [e.cid for e in gap]
    mill.now += 2 * DAY_MS
    assert [r.status for r in mill.open_circle(3)] == ["executed"] * 3
    assert len(mill.space.store.events) == lost["events"] + 3
    assert audit.verify(mill.space).faults == []
    # Proofs of both epochs check against nothing but the space's CID; so do those made before the loss.
    for event in (mill.sent[0], gap[0], mill.sent[-1]):
        checked = proof.check(mill.space.proof(event.cid), mill.founded.space)
        assert checked.event is not None
        assert checked.event.cid == event.cid
    for cid, old in proofs.items():
        checked = proof.check(old, mill.founded.space)
        assert checked.event is not None
        assert checked.event.cid == cid
    # And an archive of it all is followed through the change of epoch.
    sink = io.BytesIO()
    archive.export(mill.space, sink)
    copy = follow(tmp_path, sink.getvalue())
    assert copy.head()["root"] == mill.space.head()["root"]
    assert copy.epoch.number == 2
    assert audit.verify(copy).faults == []
    copy.close()
    mill.space.close()
    mill.space = mill.open()
    assert mill.space.stopped == ""
    assert mill.open_circle(1)[0].status == "executed"


def follow(folder: Path, content: bytes) -> Space:
    blocks: list[Any] = []
    archive.read([content], blocks.append)
    space = Space.follow_new(folder / "copy.db", folder / "copy.guard", blocks[0][1])
    importer = archive.Importer(space, T0)
    for block in blocks:
        importer.take(block)
    importer.finish()
    return space


def test_without_the_recovery_key_a_restored_database_reads_and_signs_nothing(mill: Mill, tmp_path: Path) -> None:
    """Somebody decrypts the backup and puts the files in place, node key and all, but begins no recovery epoch."""
    mill.space.close()
    folder = tmp_path / "unpacked"
    folder.mkdir()
    backup.unpack(kept(tmp_path), [recovery(mill)], folder)
    mill.home.space_path("mill").unlink()
    (folder / "space.db").replace(mill.home.space_path("mill"))
    for guard_there in (True, False):
        if not guard_there:
            mill.home.guard_path("mill").unlink()
        mill.space = mill.open()
        assert ("guard_ahead" if guard_there else "guard_missing") in mill.space.stopped
        assert "recovery" in mill.space.stopped
        with pytest.raises(SpaceStopped, match="recovery"):
            mill.space.submit([mill.sent[5].block], mill.now)
        assert mill.space.head()["events"] == 6
        mill.space.close()
    mill.space = mill.open()


def test_a_backup_is_of_what_it_must_be_of(mill: Mill, tmp_path: Path) -> None:
    folder = tmp_path / "unpacked"
    folder.mkdir()
    header = backup.unpack(kept(tmp_path), [recovery(mill)], folder)
    names = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    founder = f"keys/{mill.founded.founder.removeprefix('did:key:')}.key"
    assert names == sorted(["icn.toml", "space.db", "vault.key", founder])
    node_seed = mill.home.node_key_path.read_bytes()
    for path in folder.rglob("*"):
        assert not path.is_file() or node_seed not in path.read_bytes(), "the node's key is in no backup"
    assert header.leaves < mill.space.head()["leaves"]
    assert backup.read_header(kept(tmp_path)) == header
    assert (tmp_path / "mill.icnbackup").stat().st_mode & 0o077 == 0
    assert backup.encoded(header)["recipients"] == [recovery(mill).did]


def test_a_backup_tells_nothing_without_the_key(mill: Mill, tmp_path: Path) -> None:
    content = kept(tmp_path).read_bytes()
    for secret in (b"SQLite format", b"circle-1", mill.sent[0].block[:40], mill.home.vault_key_path.read_bytes()):
        assert secret not in content
    with pytest.raises(BackupError, match="does not open the backup, which is sealed to did:key"):
        backup.unpack(kept(tmp_path), [key_of("somebody"), mill.key], tmp_path / "x")


def test_a_mistyped_recovery_key_is_a_typing_error_and_not_a_wrong_key(mill: Mill) -> None:
    text = mill.founded.recovery_key
    with pytest.raises(BadPaperKey, match="typing error"):
        seed_of(text[:20] + ("A" if text[20] != "A" else "B") + text[21:])


def test_a_wrong_recovery_key_makes_no_home_and_the_right_one_then_does(mill: Mill, tmp_path: Path) -> None:
    home = Home(tmp_path / "new")
    with pytest.raises(BackupError, match="does not open"):
        backup.restore(home, kept(tmp_path), [key_of("somebody")], nonce=NONCE)
    assert not home.exists
    assert [p for p in home.path.rglob("*") if p.is_file()] == []
    backup.restore(home, kept(tmp_path), [recovery(mill)], nonce=NONCE)
    with pytest.raises(HomeError, match="has a node already"):
        backup.restore(home, kept(tmp_path), [recovery(mill)], nonce=NONCE)


def test_too_few_recovery_keys_make_no_home_and_enough_then_do(tmp_path: Path) -> None:
    officers = [key_of(name) for name in ("one", "two", "three")]
    mill = Mill(tmp_path / "home", recovery=tuple(k.did for k in officers), recovery_threshold=2)
    assert mill.founded.recovery_key == ""
    mill.open_circle(2)
    path = tmp_path / "mill.icnbackup"
    backup.create(mill.home, path, now_ms=mill.now)
    mill.space.close()
    home = Home(tmp_path / "new")
    with pytest.raises(InvalidRecovery, match="too_few"):
        backup.restore(home, path, officers[:1], nonce=NONCE)
    with pytest.raises(InvalidRecovery, match="unknown_key"):
        backup.restore(home, path, [officers[0], key_of("somebody")], nonce=NONCE)
    assert not home.exists
    done = backup.restore(home, path, officers[1:], nonce=NONCE)
    assert done.epoch == 2


def test_a_backup_cut_anywhere_is_refused_and_makes_no_home(mill: Mill, tmp_path: Path) -> None:
    content = kept(tmp_path).read_bytes()
    dice = random.Random(6)
    offsets = {0, 5, 14, 17, 18, 30, len(content) - 1, len(content) - 17, len(content) // 2}
    offsets |= {dice.randrange(len(content)) for _ in range(12)}
    path = tmp_path / "cut.icnbackup"
    home = Home(tmp_path / "new")
    for offset in sorted(offsets):
        path.write_bytes(content[:offset])
        with pytest.raises(BackupError):
            backup.restore(home, path, [recovery(mill)], nonce=NONCE)
        assert not home.exists
        assert [p.name for p in home.path.rglob("*.db")] == []


def test_a_backup_altered_anywhere_is_refused(mill: Mill, tmp_path: Path) -> None:
    content = kept(tmp_path).read_bytes()
    dice = random.Random(7)
    path = tmp_path / "flipped.icnbackup"
    for spot in [*range(0, 60, 7), *(dice.randrange(len(content)) for _ in range(25))]:
        flipped = bytearray(content)
        flipped[spot] ^= 1 << dice.randrange(8)
        path.write_bytes(flipped)
        with pytest.raises(BackupError):
            backup.unpack(path, [recovery(mill)], tmp_path / "x")


def test_a_header_that_says_another_name_or_time_is_refused(mill: Mill, tmp_path: Path) -> None:
    """The header is readable, and bound to what it heads."""
    content = kept(tmp_path).read_bytes()
    for old, new in ((b'"mill"', b'"till"'), (b'"mill"', b'"/../"'), (b'"leaves":', b'"heaves":')):
        assert old in content
        (tmp_path / "other").write_bytes(content.replace(old, new, 1))
        with pytest.raises(BackupError):
            backup.restore(Home(tmp_path / "new"), tmp_path / "other", [recovery(mill)], nonce=NONCE)


def test_chunks_of_another_backup_do_not_fit(mill: Mill, tmp_path: Path) -> None:
    backup.create(mill.home, tmp_path / "later", now_ms=mill.now)
    one, other = kept(tmp_path).read_bytes(), (tmp_path / "later").read_bytes()
    half = len(one) // 2
    (tmp_path / "mixed").write_bytes(one[:half] + other[half:])
    with pytest.raises(BackupError):
        backup.unpack(tmp_path / "mixed", [recovery(mill)], tmp_path / "x")


@pytest.mark.parametrize("content", [b"", b"hello", backup.MAGIC, backup.MAGIC + b"\xff\xff\xff\xff"])
def test_other_files_are_no_backups(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(BackupError, match=r"is no backup|damaged"):
        backup.read_header(tmp_path / "file")


def test_a_backup_beside_a_busy_writer_is_of_one_moment(mill: Mill, tmp_path: Path) -> None:
    moments = {}
    for n in range(4):
        mill.open_circle(3)
        written = backup.create(mill.home, tmp_path / f"{n}.icnbackup", now_ms=mill.now)
        mill.open_circle(2)
        moments[n] = written.leaves
    for n, leaves in moments.items():
        home = Home(tmp_path / f"home-{n}")
        done = backup.restore(home, tmp_path / f"{n}.icnbackup", [recovery(mill)], nonce=NONCE)
        assert done.leaves == leaves
        space = Space.open(home.space_path("mill"), home.guard_path("mill"), node_key(home.node_key_path))
        assert audit.verify(space).faults == []
        space.close()


def test_a_backup_that_does_not_fit_leaves_nothing(mill: Mill, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    before = sorted(p.name for p in mill.home.path.rglob("*"))
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            backup.create(mill.home, tmp_path / "full.icnbackup", now_ms=mill.now)
    assert not list(tmp_path.glob("full*"))
    assert sorted(p.name for p in mill.home.path.rglob("*")) == before


def test_what_a_killed_process_left_is_cleared_when_the_home_is_taken(mill: Mill) -> None:
    for name in ("restore-abc", "spaces/backup-abc", "spaces/verify-abc"):
        (mill.home.path / name).mkdir()
        (mill.home.path / name / "space.db").write_bytes(b"x")
    mill.home.lock()
    assert not list(mill.home.path.rglob("*-abc"))
    mill.home.unlock()


def test_a_hostile_archive_inside_a_backup_writes_nothing_outside(mill: Mill, tmp_path: Path) -> None:
    """The recovery keys' public halves are in the charter, so anybody can seal a file to them."""
    header, key = backup._header(mill.space, "mill", mill.home.space_path("mill"), mill.now)
    evil = tmp_path / "evil.icnbackup"
    encoded = msgspec.json.encode(header)
    with evil.open("wb") as file:
        file.write(backup.MAGIC + backup._LENGTH.pack(len(encoded)) + encoded)
        sink = backup._Sealing(file, key, encoded, 1, None)
        with tarfile.open(fileobj=sink, mode="w|") as tar:
            info = tarfile.TarInfo("../../outside")
            info.size = 4
            tar.addfile(info, io.BytesIO(b"evil"))
        sink.finish()
    with pytest.raises(BackupError):
        backup.restore(Home(tmp_path / "new"), evil, [recovery(mill)], nonce=NONCE)
    assert not list(tmp_path.rglob("outside"))
