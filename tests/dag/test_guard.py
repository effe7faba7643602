"""The guard file: whole or damaged, newer or torn, never taken back."""

import os
import random
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from dag.guard import GuardBackwards, GuardDamaged, GuardFailed, GuardFile
from dag.order.guard import Guard

SLOT = 4096


def guard(round_: int, *, epoch: int = 1, of: int | None = None) -> Guard:
    return Guard(epoch, round_, bytes([round_ % 256 if of is None else of]) * 36)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "guard"


def written(path: Path, count: int) -> bytes:
    """The content of a guard file after writing rounds 1 to `count`."""
    path.unlink(missing_ok=True)
    with GuardFile(path) as file:
        for round_ in range(1, count + 1):
            file.write(guard(round_))
    return path.read_bytes()


def read(path: Path) -> Guard | None:
    with GuardFile(path) as file:
        return file.read()


def test_a_missing_guard_is_none_and_the_first_write_makes_it(path: Path) -> None:
    assert read(path) is None
    assert not path.exists()
    with GuardFile(path) as file:
        file.write(guard(0, of=9))
        assert file.read() == guard(0, of=9)
    assert read(path) == guard(0, of=9)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [f.name for f in path.parent.iterdir()] == ["guard"]


def test_the_newest_record_is_read_after_any_number_of_writes(path: Path) -> None:
    for round_ in range(1, 12):
        with GuardFile(path) as file:
            file.write(guard(round_))
            file.write(guard(round_, epoch=1))
            assert file.read() == guard(round_)
            assert not file.was_torn
        assert read(path) == guard(round_)
    assert len(path.read_bytes()) == 2 * SLOT


def test_a_later_epoch_may_begin_at_round_zero(path: Path) -> None:
    with GuardFile(path) as file:
        for held in (guard(7), guard(0, epoch=2), guard(1, epoch=2), guard(2**53, epoch=3, of=1)):
            file.write(held)
            assert read(path) == held


@pytest.mark.parametrize("wrong", [guard(4), guard(5, of=77), guard(900, epoch=0)])
def test_it_is_never_taken_back_nor_given_another_block_for_its_round(path: Path, wrong: Guard) -> None:
    content = written(path, 5)
    with GuardFile(path) as file, pytest.raises(GuardBackwards, match="round 5"):
        file.write(wrong)
    assert path.read_bytes() == content


def torn_writes() -> Iterator[tuple[int, int]]:
    """(which write was torn, how many of its bytes reached the disk)"""
    rng = random.Random(5)
    for write in (2, 3, 8, 9):
        for length in (1, 16, 40, 79, 80, 111, *rng.sample(range(112), 3)):
            yield write, length


@pytest.mark.parametrize(("write", "length"), list(torn_writes()))
def test_a_torn_write_leaves_the_record_before_it(path: Path, write: int, length: int) -> None:
    before = written(path, write - 1)
    after = written(path, write)
    at = SLOT if write % 2 == 0 else 0
    torn = bytearray(before)
    torn[at : at + length] = after[at : at + length]
    path.write_bytes(torn)
    with GuardFile(path) as file:
        assert file.read() == guard(write - 1)
        assert file.was_torn == (torn != before)
        # The repair goes to the damaged slot, so the good one survives a second tear.
        file.write(guard(write))
        assert path.read_bytes()[SLOT - at : SLOT - at + 112] == before[SLOT - at : SLOT - at + 112]
        assert file.read() == guard(write)
        assert not file.was_torn


def test_a_torn_second_write_whose_bytes_never_came_is_no_damage(path: Path) -> None:
    written(path, 1)
    with GuardFile(path) as file:
        assert file.read() == guard(1)
        assert not file.was_torn


@pytest.mark.parametrize("bit", range(0, 112 * 8, 37))
def test_any_flipped_bit_is_noticed(path: Path, bit: int) -> None:
    content = bytearray(written(path, 4))
    content[SLOT + bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)
    with GuardFile(path) as file:
        assert file.read() == guard(3)
        assert file.was_torn


@pytest.mark.parametrize(
    "content", [b"", b"x", bytes(2 * SLOT), bytes(2 * SLOT - 1), os.urandom(2 * SLOT), b"icn-guard-v1" * 1000]
)
def test_what_holds_no_record_is_damaged(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with GuardFile(path) as file:
        with pytest.raises(GuardDamaged):
            file.read()
        with pytest.raises(GuardDamaged):
            file.write(guard(1))
    assert path.read_bytes() == content


def test_both_slots_damaged_is_damaged(path: Path) -> None:
    content = bytearray(written(path, 4))
    content[30] ^= 1
    content[SLOT + 30] ^= 1
    path.write_bytes(content)
    with pytest.raises(GuardDamaged, match="no whole record"):
        read(path)


def test_a_part_left_by_a_crash_is_no_guard(path: Path) -> None:
    path.with_name("guard.part").write_bytes(b"half a guard")
    assert read(path) is None
    with GuardFile(path) as file:
        file.write(guard(1))
    assert read(path) == guard(1)
    assert [f.name for f in path.parent.iterdir()] == ["guard"]


def test_errors_of_the_system_say_not_to_sign(tmp_path: Path) -> None:
    for path in (tmp_path / "none" / "guard", tmp_path):
        with GuardFile(path) as file, pytest.raises(GuardFailed, match="does not sign"):
            file.write(guard(1))


def test_a_write_that_fails_is_not_taken_for_one_that_was_made(path: Path) -> None:
    with GuardFile(path) as file:
        file.write(guard(1))
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (SLOT, hard))
        try:
            with pytest.raises(GuardFailed):
                file.write(guard(2))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert file.read() == guard(1)
        file.write(guard(2))
        assert file.read() == guard(2)


def test_a_write_is_on_disk_before_it_returns(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    for name in ("pwrite", "fdatasync", "fsync", "rename"):
        original = getattr(os, name)

        def recorded(*arguments: object, name: str = name, original: object = original) -> object:
            calls.append(name)
            return original(*arguments)  # type: ignore[operator]

        monkeypatch.setattr(os, name, recorded)
    with GuardFile(path) as file:
        file.write(guard(1))
        assert calls[:2] == ["pwrite", "fsync"]
        assert calls[-1] == "fsync"  # of the folder, after the name is there
        calls.clear()
        file.write(guard(2))
        assert calls == ["pwrite", "fdatasync"]
