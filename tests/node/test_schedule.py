"""Scheduled backups: when one is made, what is kept, and what is said when none can be made."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import trio
import trio.testing

from icn_node.home import BackupConfig, Home
from icn_node.log import Log
from icn_node.schedule import HOUR_MS, BackupSchedule


class Backups:
    """A schedule whose clock and disk the test turns."""

    def __init__(self, folder: Path) -> None:
        self.now_ms = 1_800_000_000_000
        self.failing = False
        self.log = io.StringIO()
        settings = BackupConfig(every_hours=24, keep=2, stale_hours=48)
        self.schedule = BackupSchedule(Home(folder), settings, self.make, lambda: self.now_ms, Log("info", self.log))
        self.made = 0

    async def make(self) -> dict[str, Any]:
        """Write a file as a backup would."""
        if self.failing:
            msg = "No space left on device"
            raise OSError(msg)
        self.made += 1
        path = self.schedule.folder / f"b{self.made}.icnbackup"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
        os.utime(path, ns=(self.now_ms * 1_000_000, self.now_ms * 1_000_000))
        return {"path": str(path), "bytes": 1}


async def turn(b: Backups, hours: int) -> None:
    """Let hours pass for the schedule."""
    for _ in range(hours):
        b.now_ms += HOUR_MS
        await trio.sleep(3601)


async def test_one_is_made_when_the_last_is_old_enough_and_old_ones_go(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    b = Backups(tmp_path)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(b.schedule.run)
        await trio.sleep(1)
        assert b.made == 1, "at the start, since there is none"
        await turn(b, 23)
        assert b.made == 1
        await turn(b, 50)
        assert b.made == 4
        assert [p.name for p in b.schedule.files()] == ["b3.icnbackup", "b4.icnbackup"]
        assert b.schedule.status()["backup_warning"] == ""
        nursery.cancel_scope.cancel()


async def test_a_failure_is_said_and_tried_again(tmp_path: Path, autojump_clock: trio.testing.MockClock) -> None:
    b = Backups(tmp_path)
    b.failing = True
    async with trio.open_nursery() as nursery:
        nursery.start_soon(b.schedule.run)
        await trio.sleep(1)
        assert "No space left" in b.schedule.status()["backup_warning"]
        assert "backup_failed" in b.log.getvalue()
        b.failing = False
        await turn(b, 2)
        assert b.made == 1
        assert b.schedule.status()["backup_warning"] == ""
        nursery.cancel_scope.cancel()


def test_a_stale_backup_is_warned_of(tmp_path: Path) -> None:
    b = Backups(tmp_path)
    assert "no backup for 48 hours" in b.schedule.status()["backup_warning"]
    trio.run(b.make)
    b.now_ms += 49 * HOUR_MS
    assert b.schedule.status()["backup_hours"] == 49
    assert "no backup for 48 hours" in b.schedule.status()["backup_warning"]
