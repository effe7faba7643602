"""Archives: what goes out comes in elsewhere, whole and verified; what was cut, changed or mixed up does not."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from dag import car
from dag.cid import cid_of, raw_cid_of
from icn_node import archive, audit, following
from icn_node.archive import ArchiveError, Importer
from icn_node.home import Home
from icn_node.receipts import SpaceStopped
from icn_node.space import Space
from tests.node.test_audit import busy
from tests.node.test_private_payloads import Writing
from tests.node.town import Town, genesis
from tests.world import DAY_MS, key_of


def exported(space: Space, *, with_private: bool = False) -> bytes:
    sink = io.BytesIO()
    counts = archive.export(space, sink, with_private=with_private)
    assert counts.bytes == len(sink.getvalue())
    return sink.getvalue()


def copy_of(folder: Path, content: bytes, name: str = "copy", piece: int = 4096) -> Space:
    """A follower made from an archive. Raises ArchiveError; then the files are gone."""
    path = folder / f"{name}.db"
    blocks: list[car.Block] = []
    space = None
    try:
        archive.read([content[n : n + piece] for n in range(0, len(content), piece)], blocks.append)
        space = Space.follow_new(path, folder / f"{name}.guard", blocks[0][1])
        importer = Importer(space, blocks_time(space))
        for block in blocks:
            importer.take(block)
        importer.finish()
    except BaseException:
        if space is not None:
            space.close()
        for left in folder.glob(f"{name}.db*"):
            left.unlink()
        raise
    return space


def blocks_time(space: Space) -> int:
    return space.head()["time_ms"]


@pytest.fixture(scope="session")
def lively(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a town where much has happened, closed."""
    folder = tmp_path_factory.mktemp("lively")
    with Town.copied(template, folder) as town:
        busy(town)
        w = Writing(town)
        w.send("bob", "credit.transfer", unit="SUN", payee="cid", amount="1.25", memo="two loaves")
    return folder


@pytest.fixture
def books(lively: Path, tmp_path: Path) -> Iterator[Town]:
    with Town.copied(lively, tmp_path / "books") as town:
        town.now = max(town.now, town.space.head()["time_ms"])
        yield town


def same_books(one: Space, other: Space) -> None:
    """The log, its order and every table are the same."""
    mine, yours = one.head(), other.head()
    for name in ("space", "leaves", "root", "events", "time_ms", "checkpoint", "heads"):
        assert mine[name] == yours[name], name
    for record in one.tables.records:
        assert one.tables.scan(record) == other.tables.scan(record), record.TABLE


@pytest.mark.parametrize("piece", [1, 77, 1 << 20])
def test_a_round_trip_gives_the_same_books(books: Town, tmp_path: Path, piece: int) -> None:
    content = exported(books.space)
    assert exported(books.space) == content, "the same books make the same archive"
    copy = copy_of(tmp_path, content, piece=piece)
    same_books(books.space, copy)
    assert audit.verify(copy).faults == []
    assert exported(copy) == content, "and so does the copy"
    copy.close()


def test_a_copy_follows_and_orders_nothing(books: Town, tmp_path: Path) -> None:
    event = books.sign("bob", books.pay("bob", "cid"))
    copy = copy_of(tmp_path, exported(books.space))
    with pytest.raises(SpaceStopped, match="Send commands to a validator"):
        copy.submit([event.block], books.now)
    copy.close()
    again = Space.open(tmp_path / "copy.db", tmp_path / "copy.guard", key_of("another node"))
    same_books(books.space, again)
    assert not again.validates
    again.close()


def test_a_copy_goes_on_with_a_later_archive(books: Town, tmp_path: Path) -> None:
    copy = copy_of(tmp_path, exported(books.space))
    books.now += DAY_MS
    books.send(*books.chain("bob", *[("cid", 1)] * 30))
    importer = Importer(copy, books.now)
    archive.read([exported(books.space)], importer.take)
    importer.finish()
    same_books(books.space, copy)
    copy.close()


def test_private_payloads_go_along_only_if_asked(books: Town, tmp_path: Path) -> None:
    held = list(books.space.store.blobs.keys_held())
    assert held
    without = copy_of(tmp_path, exported(books.space), "without")
    assert list(without.store.blobs.keys_held()) == []
    along = copy_of(tmp_path, exported(books.space, with_private=True), "along")
    assert sorted(along.store.blobs.keys_held()) == sorted(held)
    assert [along.store.blobs.get(h) for h in held] == [books.space.store.blobs.get(h) for h in held]
    same_books(along, without)
    along.close()
    without.close()


def test_what_was_erased_is_in_no_archive(books: Town, tmp_path: Path) -> None:
    held = next(iter(books.space.store.blobs.keys_held()))
    books.now += 400 * DAY_MS
    Writing(books).send("bob", "privacy.erase", h=[held.hex()], reason="wrong")
    copy = copy_of(tmp_path, exported(books.space, with_private=True))
    assert list(copy.store.blobs.keys_held()) == []
    assert copy.store.blobs.is_erased(held)
    copy.close()


# -- what must be refused --------------------------------------------------------------------------------------------


def test_cut_anywhere_it_is_refused(books: Town, tmp_path: Path) -> None:
    content = exported(books.space, with_private=True)
    dice = random.Random(1)
    offsets = {0, 1, 10, 40, 59, 100, len(content) - 1, len(content) - 40}
    offsets |= {dice.randrange(len(content)) for _ in range(25)}
    starts = [at for at, _, _ in sections(content)]
    offsets |= {starts[1], starts[len(starts) // 2], starts[-1]}  # between two blocks: sound but for the end
    for offset in sorted(offsets):
        home = Home(tmp_path / "home")
        path = tmp_path / "cut.car"
        path.write_bytes(content[:offset])
        with pytest.raises(ArchiveError):
            following.make(home, path, now_ms=books.now)
        assert not home.exists
        assert list(home.path.glob("spaces/*")) == []


def sections(content: bytes) -> list[tuple[int, int, bytes]]:
    """(start, end, CID) of each section of a CARv1 file after its header."""

    def varint(at: int) -> tuple[int, int]:
        value = shift = 0
        while True:
            byte = content[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value, at

    length, at = varint(0)
    at += length
    found = []
    while at < len(content):
        start = at
        length, at = varint(at)
        found.append((start, at + length, content[at : at + 36]))
        at += length
    return found


def test_a_bit_flipped_anywhere_it_is_refused(books: Town, tmp_path: Path) -> None:
    content = exported(books.space, with_private=True)
    dice = random.Random(2)
    for _ in range(60):
        spot = dice.randrange(len(content))
        flipped = bytearray(content)
        flipped[spot] ^= 1 << dice.randrange(8)
        try:
            copy = copy_of(tmp_path, bytes(flipped))
        except (ArchiveError, ValueError):
            continue
        raise AssertionError(f"byte {spot} flipped, and the archive was taken: {copy.head()}")


def rewritten(content: bytes, change: object) -> bytes:
    """The archive with its list of blocks changed, and written as a sound CAR file again."""
    blocks: list[car.Block] = []
    archive.read([content], blocks.append)
    blocks = change(blocks)  # type: ignore[operator]
    return b"".join(car.write([blocks[-1][0]], blocks))


def is_event(block: car.Block) -> bool:
    return b"\x63ops" in block[1]


def without_an_event(blocks: list[car.Block]) -> list[car.Block]:
    at = [n for n, block in enumerate(blocks) if is_event(block)][5]
    return blocks[:at] + blocks[at + 1 :]


def without_the_last_events(blocks: list[car.Block]) -> list[car.Block]:
    events = [n for n, block in enumerate(blocks) if is_event(block)]
    return [block for n, block in enumerate(blocks) if n not in events[-2:]]


def without_an_ordering_block(blocks: list[car.Block]) -> list[car.Block]:
    at = [n for n, block in enumerate(blocks) if b"event_heads" in block[1]][4]
    return blocks[:at] + blocks[at + 1 :]


def without_the_checkpoint(blocks: list[car.Block]) -> list[car.Block]:
    return blocks[:-1]


def with_a_forged_signature(blocks: list[car.Block]) -> list[car.Block]:
    at = [n for n, block in enumerate(blocks) if is_event(block)][5]
    forged = blocks[at][1].replace(b"\x63sig\x58\x40", b"\x63sig\x58\x40\x01", 1)
    spot = forged.index(b"\x63sig\x58\x40") + 6 + 64
    forged = forged[:spot] + forged[spot + 1 :]
    return [*blocks[:at], (cid_of(forged), forged), *blocks[at + 1 :]]


def with_rubbish(blocks: list[car.Block]) -> list[car.Block]:
    rubbish = b"\xa1\x61a\x01"
    return [*blocks[:5], (cid_of(rubbish), rubbish), *blocks[5:]]


def with_a_rubbish_payload(blocks: list[car.Block]) -> list[car.Block]:
    rubbish = b"not a payload"
    return [*blocks[:-1], (raw_cid_of(rubbish), rubbish), blocks[-1]]


def with_another_genesis_first(blocks: list[car.Block]) -> list[car.Block]:
    other = genesis(nonce=bytes(15) + b"1").block
    return [(cid_of(other), other), *blocks]


def with_a_changed_note(blocks: list[car.Block]) -> list[car.Block]:
    lines = blocks[-1][1].split(b"\n")
    lines[1] = str(int(lines[1]) + 1).encode()
    note = b"\n".join(lines)
    return [*blocks[:-1], (raw_cid_of(note), note)]


MIXED_UP = [
    (without_an_event, "not valid"), (without_the_last_events, "not valid|leads to|checkpoint"),
    (without_an_ordering_block, "not valid|leads to|checkpoint"),
    (without_the_checkpoint, "checkpoint"), (with_a_forged_signature, "bad_signature|not valid"),
    (with_rubbish, "neither"), (with_a_rubbish_payload, "payload"),
    (with_another_genesis_first, "wrong_space|not valid"),
    (with_a_changed_note, "checkpoint"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "said"), MIXED_UP, ids=lambda v: getattr(v, "__name__", ""))
def test_sound_files_with_unsound_histories_are_refused(books: Town, tmp_path: Path, change: object, said: str) -> None:
    path = tmp_path / "wrong.car"
    path.write_bytes(rewritten(exported(books.space), change))
    home = Home(tmp_path / "home")
    with pytest.raises(ArchiveError, match=said):
        following.make(home, path, now_ms=books.now)
    assert not home.exists
    assert list(home.path.glob("spaces/*")) == []


def test_another_spaces_archive_into_a_copy_is_refused_and_the_copy_stays(books: Town, tmp_path: Path) -> None:
    copy = copy_of(tmp_path, exported(books.space))
    before = copy.head()
    with Town(tmp_path, nonce=bytes(15) + b"2") as other:
        importer = Importer(copy, books.now)
        with pytest.raises(ArchiveError, match="wrong_space"):
            archive.read([exported(other.space)], importer.take)
            importer.finish()
    assert copy.head() == before
    copy.close()


def test_an_older_archive_into_a_copy_says_that_it_is_older(books: Town, tmp_path: Path) -> None:
    old = exported(books.space)
    books.send(*books.chain("bob", *[("cid", 1)] * 3))
    copy = copy_of(tmp_path, exported(books.space))
    before = copy.head()
    importer = Importer(copy, books.now)
    with pytest.raises(ArchiveError, match="checkpoint"):
        archive.read([old], importer.take)
        importer.finish()
    assert copy.head() == before
    copy.close()


def test_a_home_made_of_an_archive_is_a_whole_home(books: Town, tmp_path: Path) -> None:
    path = tmp_path / "books.car"
    path.write_bytes(exported(books.space))
    home = Home(tmp_path / "home")
    told: list[tuple[str, int, int]] = []
    made = following.make(home, path, now_ms=books.now, progress=lambda *at: told.append(at))
    assert made["name"] == "town"
    assert made["root"] == books.space.head()["root"]
    assert home.config().space == "town"
    space = Space.open(home.space_path("town"), home.guard_path("town"), None)
    same_books(books.space, space)
    space.close()


def test_an_empty_space_has_nothing_to_export(tmp_path: Path) -> None:
    space = Space.follow_new(tmp_path / "empty.db", tmp_path / "empty.guard", genesis().block)
    with pytest.raises(KeyError, match="no signed checkpoint"):
        archive.export(space, io.BytesIO())
    space.close()
