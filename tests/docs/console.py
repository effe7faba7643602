"""Runs the commands of a documentation page against the real program, and compares what it says.

The convention, which docs/index.md states for readers:

    ```console              only these fences are run, those of a page in their order, in one shell and an empty home
    $ icn status            a line with `$ ` is typed; it goes on after a backslash, and with lines that begin `> `
    The node runs.          the lines after it are what must be said; none: anything may be
    ...                     a line of three dots stands for any lines, three dots within a line for any text
    $ icn nonsense  # exit 2        a command that ends otherwise than with 0 says so
    ```

In the home is one thing, `icn`, a copy of this repository (a link to it). A daemon (`icn node run`, `icn-node`,
`scripts/run`) is started beside the shell, as in another terminal, and what must be said is what it says until it is
ready; one that shall fail is typed like anything else. It must not know what any page is about.
"""

from __future__ import annotations

import os
import re
import secrets
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

FENCE = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
EXIT = re.compile(r"\s+# exit (\d+)$")
DAEMON = re.compile(r"([A-Z_]+=\S+ )*(icn (--\S+ \S+ )*node run|icn-node|scripts/run)\b")
READY = "Ctrl-C stops it."
PATIENCE = 30.0


@dataclass(frozen=True)
class Step:
    """A typed command. line: where it stands in the page. expected: what must be said, None for anything."""

    line: int
    command: str
    status: int
    expected: str | None


class PageFailed(AssertionError):
    """A command did not end, or say, what its page shows."""


def steps(text: str) -> list[Step]:
    """The commands of a page, in order. Raises ValueError for a fence that does not begin with one."""
    found = []
    for fence in FENCE.finditer(text):
        first = text.count("\n", 0, fence.start(1)) + 1
        lines = fence[1].split("\n")[:-1]
        number = 0
        while number < len(lines):
            begins = number
            if not lines[number].startswith("$ "):
                msg = f"line {first + number}: a console begins with a command, `$ ...`"
                raise ValueError(msg)
            typed = [lines[number][2:]]
            number += 1
            while number < len(lines) and (typed[-1].endswith("\\") or lines[number].split(" ")[0] == ">"):
                goes_on = lines[number]
                typed.append(goes_on[1:].removeprefix(" ") if goes_on.startswith(">") else goes_on)
                number += 1
            said = []
            while number < len(lines) and not lines[number].startswith("$ "):
                said.append(lines[number])
                number += 1
            command = "\n".join(typed)
            ends = EXIT.search(command)
            while said and not said[-1]:
                said.pop()
            found.append(
                Step(
                    first + begins,
                    command[: ends.start()] if ends else command,
                    int(ends[1]) if ends else 0,
                    "\n".join(said) if said else None,
                )
            )
    return found


def matches(expected: str, said: str) -> bool:
    """Whether what was said is what was expected; three dots stand for any text, alone on a line for any lines."""
    pattern = ""
    for line in expected.split("\n"):
        if line.strip() == "...":
            pattern += r"(?:[^\n]*\n)*?"
        else:
            pattern += "[^\\n]*".join(re.escape(part) for part in line.rstrip().split("...")) + "[ \t]*\n"
    lines = "\n".join(line.rstrip() for line in said.split("\n")).strip("\n")
    return re.fullmatch(pattern, lines + "\n") is not None


class Shell:
    """One bash with a home of its own; close it in the end."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder = folder
        self._number = 0
        environment = {
            "HOME": str(folder), "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}", "TZ": "UTC",
            "LANG": "C.UTF-8", "COLUMNS": "120",
        }  # fmt: skip
        self._root = root
        (folder / "icn").symlink_to(root)
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"], cwd=folder, env=environment, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in: IO[bytes] = self._process.stdin
        self._out: IO[bytes] = self._process.stdout

    def close(self) -> None:
        """End the shell and whatever it started."""
        try:
            os.killpg(self._process.pid, signal.SIGTERM)
        except ProcessLookupError:
            return
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._in.close()
        self._out.close()

    def run(self, step: Step) -> None:
        """Carry out a step. Raises PageFailed."""
        starts = DAEMON.match(step.command) and not step.status
        status, said = self._daemon(step.command) if starts else self._typed(step.command)
        if status != step.status:
            msg = f"line {step.line}: `{step.command}` ended with {status}, not {step.status}, and said:\n{said}"
            raise PageFailed(msg)
        if step.expected is not None and not matches(step.expected, said):
            msg = f"line {step.line}: `{step.command}` said:\n{said}\n--- not what the page shows:\n{step.expected}"
            raise PageFailed(msg)

    def _typed(self, command: str) -> tuple[int, str]:
        mark = secrets.token_hex(8)
        self._in.write(f"{{ {command}\n}} </dev/null\nprintf '\\n{mark} %s\\n' $?\n".encode())
        self._in.flush()
        said = b""
        until = time.monotonic() + PATIENCE
        while (ended := re.search(rb"\n" + mark.encode() + rb" (\d+)\n", said)) is None:
            ready, _, _ = select.select([self._out], [], [], max(0.0, until - time.monotonic()))
            piece = os.read(self._out.fileno(), 65536) if ready else b""
            if not piece:
                why = "the shell ended during" if ready else f"nothing came of it within {PATIENCE} s:"
                raise PageFailed(f"{why} `{command}`, and said:\n{said.decode(errors='replace')}")
            said += piece
        return int(ended[1]), said[: ended.start()].decode(errors="replace")

    def _daemon(self, command: str) -> tuple[int, str]:
        """Start a daemon in the background; what it said until it was ready."""
        if command == "scripts/run":
            # What the script carries out once .venv is there, which it is here.
            assert 'exec "$root/.venv/bin/icn" node run --sample ;;' in (self._root / command).read_text()
            command = "icn node run --sample"
        self._number += 1
        log = self.folder / f".daemon-{self._number}.log"
        self._typed(f"{command} >{log} 2>&1 &")
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            said = log.read_text(encoding="utf-8") if log.exists() else ""
            if READY in said:
                return 0, said
            time.sleep(0.05)
        raise PageFailed(f"`{command}` was not ready within {PATIENCE} s, and said:\n{said}")
