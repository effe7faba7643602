"""How far long work has come: nothing for the first two seconds, then a bar on a terminal, or a line now and then.

It goes to standard error. The clock of a person's patience is monotonic; nothing depends on it.
"""

from __future__ import annotations

import sys
import time

from icn_node.cli.layout import clip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

QUIET_SECONDS = 2.0
BAR_EVERY = 0.1
LINE_EVERY = 5.0
BAR = 24


class Progress:
    """Called with (what, done, total); total 0: not known. what '': only a sign of life. Close it in the end."""

    def __init__(
        self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic, *, quiet: bool = False
    ) -> None:
        self._stream = stream or sys.stderr
        self._clock = clock
        self._began = clock()
        self._tty = self._stream.isatty()
        self._quiet = quiet
        self._last = self._began
        self._what = "working"
        self._done = self._total = 0
        self._drawn = False

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __call__(self, what: str, done: int, total: int) -> None:
        if what:
            self._what, self._done, self._total = what, done, total
        now = self._clock()
        every = BAR_EVERY if self._tty else LINE_EVERY
        if self._quiet or now - self._began < QUIET_SECONDS or (self._drawn and now - self._last < every):
            return
        self._last = now
        if self._tty:
            self._stream.write("\r\x1b[K" + clip(self.text(now), 79))
        else:
            self._stream.write(self.text(now) + "\n")
        self._drawn = True
        self._stream.flush()

    def text(self, now: float) -> str:
        """The line: what, how much of how much, how long it may still take."""
        seconds = now - self._began
        if self._total <= 0:
            counted = f" {self._done:,}" if self._done else ""
            return f"{self._what}{counted} ({seconds:.0f} s)"
        share = min(1.0, self._done / self._total)
        full = round(share * BAR)
        left = f", about {seconds / share - seconds:.0f} s left" if share > 0.02 else ""
        bar = f" [{'#' * full}{'.' * (BAR - full)}]" if self._tty else ""
        return f"{self._what}{bar} {self._done:,} of {self._total:,} ({share:.0%}{left})"

    def close(self) -> None:
        """Take the bar away."""
        if self._drawn and self._tty:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
        self._drawn = False
