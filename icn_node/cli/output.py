"""What a command prints: its answer to standard output, all else to standard error.

With --json exactly one JSON document goes to standard output, errors included; with --quiet only the bare result.
Colour only on a terminal and without NO_COLOR (no-color.org). It must not know commands.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from icn_node.cli.failure import Failure

BOLD, DIM, RED = "1", "2", "31"


class Output:
    """Where answers go. `width`: columns of the terminal, 0 where lines may be as long as they like."""

    def __init__(self, *, as_json: bool = False, quiet: bool = False) -> None:
        self.json = as_json
        self.quiet = quiet
        self.answered = False

    @property
    def width(self) -> int:
        """Columns: COLUMNS, else the terminal's, else 0."""
        told = os.environ.get("COLUMNS", "")
        if told.isdigit() and int(told) > 0:
            return int(told)
        try:
            return os.get_terminal_size(sys.stdout.fileno()).columns
        except (OSError, ValueError, AttributeError):
            return 0

    @staticmethod
    def coloured(stream: Any) -> bool:
        """Whether colour is welcome on the stream."""
        return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and stream.isatty()

    def paint(self, text: str, code: str) -> str:
        """The text in that style, where standard output shows it."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.coloured(sys.stdout) else text

    def answer(
        self, document: Any, lines: Sequence[str] | Callable[[], Sequence[str]], bare: str | None = None
    ) -> None:
        """The answer, once: the document with --json, `bare` with --quiet (None: nothing), else the lines."""
        assert not self.answered, "a command answers once"
        self.answered = True
        if self.json:
            self.write_json(document, indent=2)
        elif self.quiet:
            if bare is not None:
                sys.stdout.write(f"{bare}\n")
        else:
            shown = lines() if callable(lines) else lines
            sys.stdout.write("".join(f"{line}\n" for line in shown))

    def write_json(self, document: Any, indent: int | None = None) -> None:
        """A JSON document and a line break to standard output."""
        import json

        plain = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
        separators = (",", ": ") if indent else (",", ":")
        sys.stdout.write(
            json.dumps(document, ensure_ascii=plain, indent=indent, separators=separators, allow_nan=False) + "\n"
        )

    def stream(self, document: Any, line: str) -> None:
        """One of an endless row of answers (`icn watch`): a JSON document a line, or a line of text."""
        self.answered = True
        if self.json:
            self.write_json(document)
        else:
            sys.stdout.write(line + "\n")
        sys.stdout.flush()

    def note(self, line: str) -> None:
        """Something worth knowing beside the answer, to standard error; nothing with --quiet or --json."""
        if not self.quiet and not self.json:
            sys.stderr.write(f"{line}\n")

    def failed(self, failure: Failure) -> None:
        """Say what went wrong: the document with --json, else in words to standard error."""
        if self.json:
            # After a row of answers it is one more of them.
            self.write_json(failure.document(), indent=None if self.answered else 2)
            return
        lines = failure.lines()
        if self.coloured(sys.stderr):
            lines[0] = f"\x1b[{RED}m{lines[0]}\x1b[0m"
        sys.stderr.write("".join(f"{line}\n" for line in lines))
