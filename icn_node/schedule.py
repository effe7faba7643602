"""Scheduled backups: made as often as icn.toml says, old ones pruned, and a word when the last is stale."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import trio

from icn_node.backup import SUFFIX
from icn_node.home import BackupConfig, Home
from icn_node.log import Log

HOUR_MS = 3_600_000
LOOK_SECONDS = 60


class BackupSchedule:
    """Keeps the backups of one home. make: writes one and returns what `backup.create` answers."""

    def __init__(
        self, home: Home, config: BackupConfig, make: Callable[[], Awaitable[Any]], clock: Callable[[], int], log: Log
    ) -> None:
        self._config = config
        self._make = make
        self._clock = clock
        self._log = log
        folder = Path(config.folder).expanduser()
        self.folder = folder if folder.is_absolute() else home.path / folder
        self.failed = ""

    def files(self) -> list[Path]:
        """The backups there are, oldest first."""
        return sorted(self.folder.glob(f"*{SUFFIX}"), key=lambda p: (p.stat().st_mtime_ns, p.name))

    def status(self) -> dict[str, Any]:
        """For `icn status`: the last backup's age in hours, and a warning if there is reason for one."""
        files = self.files()
        age = None if not files else max(0, self._clock() - files[-1].stat().st_mtime_ns // 1_000_000) // HOUR_MS
        warning = self.failed
        if not warning and self._config.every_hours and (age is None or age >= self._config.stale_hours):
            warning = f"no backup for {self._config.stale_hours} hours: look at {self.folder}"
        return {"backup_hours": age, "backup_warning": warning}

    async def run(self) -> None:
        """Make a backup whenever the last one is old enough. A failure is logged, shown, and tried again next hour."""
        if not self._config.every_hours:
            return
        while True:
            files = self.files()
            last = files[-1].stat().st_mtime_ns // 1_000_000 if files else 0
            if self._clock() - last >= self._config.every_hours * HOUR_MS:
                await self._once()
            await trio.sleep(3600 if self.failed else LOOK_SECONDS)

    async def _once(self) -> None:
        try:
            made = await self._make()
        except Exception as error:  # noqa: BLE001 - whatever keeps it from being made, the node itself goes on
            self.failed = f"the last backup failed: {error}"
            self._log.error("backup_failed", error=error)
            return
        self.failed = ""
        self._log.info("backup", path=made["path"], bytes=made["bytes"])
        for old in self.files()[: -self._config.keep]:
            old.unlink()
