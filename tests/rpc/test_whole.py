"""Whole books over the method table: verified, made anew, archived, taken back after a loss, backed up."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Any

import apsw
import pytest

from icn_node import archive, backup
from icn_node.home import Home
from icn_node.rpc import jsonrpc
from icn_node.rpc.session import Session
from tests.node.town import Town
from tests.rpc.office import OPERATOR, Office
from tests.world import DAY_MS, key_of

PAY = {"unit": "SUN", "payee": "cid", "amount": "1.25"}


async def test_verify_and_rebuild_beside_the_writer(office: Office) -> None:
    await office.call("bob", "credit.transfer", **PAY, memo="two loaves")
    told: list[tuple[str, int, int]] = []
    session = Session(progress=lambda *at: told.append(at))
    report = await office.call(session, "dag.verify")
    assert (report["ok"], report["faults"]) == (True, [])
    assert report["root"] == (await office.call(OPERATOR, "dag.head"))["root"]
    assert report["sums"] == {"HOUR": "0", "LEAF": "0", "SUN": "0"}
    before = office.town.digest()
    rebuilt = await office.call(OPERATOR, "dag.rebuild")
    assert rebuilt == {"leaves": office.town.space.head()["leaves"]}
    assert office.town.digest() == before
    assert (await office.call("bob", "credit.transfer", **PAY))["status"] == "executed"


async def test_verify_says_what_was_damaged_and_rebuild_heals_the_state(office: Office) -> None:
    await office.call("bob", "credit.transfer", **PAY)
    beside = apsw.Connection(str(office.town.path))
    whose = "(SELECT no FROM party WHERE handle = 'bob')"  # numbers go by the order of events, and so by their CIDs
    beside.execute(f"UPDATE account SET balance_minor = balance_minor + 5 WHERE owner = {whose}")
    beside.close()
    report = await office.call(OPERATOR, "dag.verify")
    assert report["ok"] is False
    assert any("account" in fault for fault in report["faults"])
    assert any("not to zero" in fault for fault in report["faults"])
    await office.call(OPERATOR, "dag.rebuild")
    assert (await office.call(OPERATOR, "dag.verify"))["ok"] is True


def names(folder: Path, pattern: str) -> list[str]:
    return sorted(p.name for p in folder.glob(pattern))


async def test_export_writes_a_whole_file_or_none(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "books.car"
    answer = await office.call(OPERATOR, "dag.export", path=str(path), with_private=True)
    assert (answer["path"], answer["events"]) == (str(path), len(office.town.space.store.events))
    error = await office.error(OPERATOR, "dag.export", path=str(tmp_path / "none" / "books.car"))
    assert (error.code, "cannot be written" in error.message) == (jsonrpc.INVALID_PARAMS, True)
    assert names(tmp_path, "*.car*") == ["books.car"]
    for params in ({}, {"path": 5}, {"path": ""}):
        assert (await office.error(OPERATOR, "dag.export", **params)).code == jsonrpc.INVALID_PARAMS


@pytest.fixture
async def gap(office: Office, tmp_path: Path) -> tuple[Office, Path, dict[str, Any]]:
    """An office whose books were restored from a backup made before the last day, and an archive of that day."""
    await office.call("bob", "credit.transfer", **PAY)
    made = await office.call(OPERATOR, "backup.create", path=str(tmp_path / "town.icnbackup"))
    assert made["leaves"] == office.town.space.head()["leaves"]
    office.town.now += DAY_MS
    for _ in range(3):
        await office.call("bob", "credit.transfer", **PAY, memo="bread")
    await office.call("cid", "credit.transfer", **{**PAY, "payee": "bob"})
    lost = await office.call(OPERATOR, "dag.head")
    rescued = tmp_path / "rescued.car"
    await office.call(OPERATOR, "dag.export", path=str(rescued), with_private=True)
    office.town.space.close()
    home = Home(tmp_path / "restored")
    backup.restore(home, tmp_path / "town.icnbackup", [key_of("recovery")], nonce=bytes(16))
    again = Office.__new__(Office)
    again.home = home
    again.town = Town(
        home.path, None, path=home.space_path("town"), guard_path=home.guard_path("town"), key=home.node_key_path
    )
    again.town.now = office.town.now
    again.open_methods()
    return again, rescued, lost


async def test_what_was_lost_is_taken_back_from_an_archive(gap: tuple[Office, Path, dict[str, Any]]) -> None:
    office, rescued, lost = gap
    assert office.town.space.epoch.number == 2
    assert office.town.balance("cid") == 125
    answer = await office.call(OPERATOR, "dag.import", path=str(rescued))
    assert (answer["events"], answer["new"], answer["executed"]) == (lost["events"], 4, 4)
    assert office.town.balance("cid") == 375
    rows = await office.call("cid", "credit.history", unit="SUN")
    assert sum(row["memo"] == "bread" for row in rows) == 3, "with their private texts"
    again = await office.call(OPERATOR, "dag.import", path=str(rescued))
    assert (again["new"], again["root"]) == (0, answer["root"]), "a second time nothing happens"
    assert (await office.call("bob", "credit.transfer", **PAY))["status"] == "executed"
    assert (await office.call(OPERATOR, "dag.verify"))["ok"] is True
    office.town.space.close()


async def test_a_damaged_archive_is_refused_and_nothing_is_taken(gap: tuple[Office, Path, dict[str, Any]]) -> None:
    office, rescued, _ = gap
    content = rescued.read_bytes()
    before = office.town.digest()
    dice = random.Random(8)
    broken = rescued.with_name("broken.car")
    for cut in (0, 1, len(content) // 2, len(content) - 1):
        broken.write_bytes(content[:cut])
        error = await office.error(OPERATOR, "dag.import", path=str(broken))
        assert (error.code, "nothing was taken" in error.message) == (jsonrpc.INVALID_EVENT, True), error.message
    for _ in range(12):
        spot = dice.randrange(60, len(content))
        broken.write_bytes(content[:spot] + bytes([content[spot] ^ 4]) + content[spot + 1 :])
        assert (await office.error(OPERATOR, "dag.import", path=str(broken))).code == jsonrpc.INVALID_EVENT
    error = await office.error(OPERATOR, "dag.import", path=str(rescued.with_name("none.car")))
    assert error.code == jsonrpc.INVALID_PARAMS
    assert office.town.digest() == before
    office.town.space.close()


async def test_another_spaces_archive_changes_nothing(office: Office, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Town(tmp_path / "other", nonce=bytes(15) + b"x")
    with (tmp_path / "other.car").open("wb") as file:
        archive.export(other.space, file)
    other.space.close()
    before = office.town.digest()
    answer = await office.either(OPERATOR, "dag.import", path=str(tmp_path / "other.car"))
    assert "executed" not in str(answer)
    assert office.town.digest() == before


async def test_a_backup_goes_where_the_configuration_says(office: Office, tmp_path: Path) -> None:
    made = await office.call(OPERATOR, "backup.create")
    path = Path(made["path"])
    assert path.parent == office.home.path / "backups"
    assert backup.read_header(path).leaves == made["leaves"]
    assert made["recipients"] == [key_of("recovery").did]
    (tmp_path / "x").mkdir()
    assert backup.unpack(path, [key_of("recovery")], tmp_path / "x").name == "town"
    error = await office.error(OPERATOR, "backup.create", path="/proc/none/x.icnbackup")
    assert error.code in (jsonrpc.INVALID_PARAMS, jsonrpc.STOPPED)
    shutil.rmtree(office.home.path / "backups")
