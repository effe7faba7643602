"""A real co-op's home for black-box tests: `icn` called in this process, the daemon in one of its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from icn_node.cli.client import connect
from icn_node.cli.main import main

ROOT = Path(__file__).parents[2]
START_SECONDS = 60


class Ran(NamedTuple):
    """What a call of `icn` did."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document it printed."""
        return json.loads(self.out)


def icn(*arguments: str, home: Path, member: str = "", secret: str = "", **environment: str) -> Ran:
    """Call `icn` with this home, as that member with that secret."""
    given = {"ICN_HOME": str(home), "ICN_AS": member, "ICN_SECRET": secret, "COLUMNS": "100", **environment}
    with mock.patch.dict(os.environ, {k: v for k, v in given.items() if v}):
        for name, value in given.items():
            if not value:
                os.environ.pop(name, None)
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), mock.patch("sys.stdin", io.StringIO()):
            status = main(list(arguments))
    return Ran(status, out.getvalue(), err.getvalue())


class Daemon:
    """`icn-node` on a home, in a process of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.log = (home / "daemon.log").open("wb")
        code = "import sys; from icn_node.cli.main import daemon; sys.exit(daemon())"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, "ICN_HOME": str(home)}, stderr=self.log,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        began = time.monotonic()
        while (connection := connect(str(home))) is None:
            assert self.process.poll() is None, (home / "daemon.log").read_text()
            assert time.monotonic() - began < START_SECONDS
            time.sleep(0.02)
        connection.close()

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.end()

    def stop(self) -> int:
        """Ask it to end, as a service manager does; its exit code."""
        self.process.terminate()
        return self.end()

    def end(self) -> int:
        """Wait for its end; its exit code."""
        self.log.close()
        return self.process.wait(30)
