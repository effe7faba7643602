"""The node's log: one structured line a happening, to standard error. Nothing depends on its times."""

from __future__ import annotations

import datetime
import json
import sys
import traceback
from typing import Any, TextIO

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class Log:
    """Writes lines such as `2026-05-01T10:00:00Z info commit index=12 events=3`. Values with spaces are quoted."""

    def __init__(self, level: str = "info", stream: TextIO | None = None) -> None:
        self._least = LEVELS.get(level, 20)
        self._stream = stream or sys.stderr

    def debug(self, what: str, **facts: Any) -> None:
        """Every request."""
        self._write("debug", what, facts)

    def info(self, what: str, **facts: Any) -> None:
        """Starts, stops, commits, backups."""
        self._write("info", what, facts)

    def warning(self, what: str, **facts: Any) -> None:
        """Something an operator should look at."""
        self._write("warning", what, facts)

    def error(self, what: str, *, trace: BaseException | None = None, **facts: Any) -> None:
        """A fault; `trace` adds its traceback."""
        self._write("error", what, facts)
        if trace is not None and self._least <= 10:
            self._stream.write("".join(traceback.format_exception(trace)))

    def _write(self, level: str, what: str, facts: dict[str, Any]) -> None:
        if LEVELS[level] < self._least:
            return
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        pairs = "".join(f" {k}={_value(v)}" for k, v in facts.items() if v != "")
        self._stream.write(f"{now} {level} {what}{pairs}\n")
        self._stream.flush()


def _value(value: Any) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if any(c.isspace() or c in '"=' for c in text) else text
