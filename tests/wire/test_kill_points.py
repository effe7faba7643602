"""SIGKILL at every point of a commit: before each statement of SQLite, and before and inside each write of the guard.

Random moments (test_kill) hit the long stretches; this hits every seam once. The writer is a fork of this process, so
that each death costs milliseconds.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from icn_node import audit
from tests.node.town import Town
from tests.world import key_of

BATCHES = 3  # commits that the writer makes, if nobody kills it


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def at_statement(town: Town, n: int) -> None:
    """Die before the n-th statement from now on."""
    count = 0

    def trace(_: object, __: str, ___: object) -> bool:
        nonlocal count
        count += 1
        if count == n:
            die()
        return True

    town.space.store.db.exec_trace = trace


def at_guard(town: Town, n: int) -> None:
    """Die in the n-th write of the guard: before it, after half of it, after all of it but before the sync."""
    count = 0
    pwrite = os.pwrite

    def torn(descriptor: int, data: bytes, offset: int) -> int:
        nonlocal count
        count += 1
        if count == (n + 2) // 3:
            if n % 3:
                pwrite(descriptor, data if n % 3 == 2 else data[: len(data) // 2], offset)
            die()
        return pwrite(descriptor, data, offset)

    os.pwrite = torn


def write(folder: Path, told: int, arm: Callable[[Town, int], None], n: int) -> None:
    """The writer: three commits of good and refused events of three people, each acknowledged when it is durable."""
    town = Town(folder, None)
    arm(town, n)
    for batch in range(BATCHES):
        town.now += 1_000
        hours = {"op": "timebank.log", "receiver": key_of("cid").did, "minutes": 5, "category": "gardening"}
        events = [
            *town.chain("bob", ("cid", 5 + batch), ("cid", 50_000)),
            town.sign("ann", hours),
            town.sign("cid", town.pay("cid", "ann", 7)),
        ]
        for receipt in town.send(*events):
            os.write(told, receipt.cid)
    town.space.close()


def killed(folder: Path, arm: Callable[[Town, int], None], n: int) -> tuple[bool, list[bytes]]:
    """Run the writer with that death; whether it died, and the CIDs that it acknowledged."""
    hear, tell = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(hear)
            write(folder, tell, arm, n)
            os._exit(0)
        finally:
            os._exit(3)
    os.close(tell)
    said = b""
    while piece := os.read(hear, 65536):
        said += piece
    os.close(hear)
    _, status = os.waitpid(child, 0)
    died = os.WIFSIGNALED(status)
    assert died or os.WEXITSTATUS(status) == 0, "the writer failed"
    return died, [said[at : at + 36] for at in range(0, len(said) - 35, 36)]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    Town(folder).space.close()
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "town"


@pytest.mark.parametrize(("arm", "least"), [(at_statement, 120), (at_guard, 9)], ids=["statements", "guard"])
def test_killed_at_every_seam_nothing_acknowledged_is_lost(
    template: Path, folder: Path, arm: Callable[[Town, int], None], least: int
) -> None:
    shutil.copytree(template, folder.with_name("whole"))
    died, told = killed(folder.with_name("whole"), arm, 10**9)
    assert (died, len(told)) == (False, 4 * BATCHES)
    with Town(folder.with_name("whole"), None) as whole:
        events_of_all = len(whole.space.store.events)
    n = 0
    while True:
        n += 1
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(template, folder)
        died, told = killed(folder, arm, n)
        if not died:
            break
        with Town(folder, None) as town:
            assert town.space.stopped == "", f"point {n}: {town.space.stopped}"
            receipts = [town.space.receipt(cid) for cid in told]
            assert all(r is not None and r.index >= 0 for r in receipts), f"point {n}: an acknowledged event is lost"
            held = len(town.space.store.events)
            assert (held - 5) % 4 == 0, "a commit is there whole or not at all"
            assert held - 5 >= len(told) // 4 * 4
            assert not town.space.graph.pending
            if n % 7 == 0:
                assert audit.verify(town.space).faults == [], f"point {n}"
            assert town.send(town.sign("bob", town.pay("bob", "ann", 1)))[0].status == "executed"
    assert n > least
    assert held <= events_of_all
