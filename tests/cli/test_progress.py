"""Long work shows how far it is: nothing for two seconds, then a bar on a terminal, or a line every few seconds."""

from __future__ import annotations

import io

from icn_node.cli.progress import Progress


class Screen(io.StringIO):
    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


def shown(told: list[tuple[float, str, int, int]], *, terminal: bool, quiet: bool = False) -> str:
    """What is on the screen after calls at these seconds."""
    now = [0.0]
    screen = Screen(terminal=terminal)
    with Progress(screen, lambda: now[0], quiet=quiet) as progress:
        for second, what, done, total in told:
            now[0] = second
            progress(what, done, total)
    return screen.getvalue()


WORK = [(0.5, "checked", 1, 100), (1.9, "checked", 10, 100), (2.5, "checked", 50, 100), (4.0, "checked", 60, 100),
        (8.0, "checked", 90, 100)]  # fmt: skip


def test_short_work_shows_nothing() -> None:
    assert shown(WORK[:2], terminal=True) == ""
    assert shown(WORK[:2], terminal=False) == ""


def test_lines_every_few_seconds() -> None:
    assert shown(WORK, terminal=False).splitlines() == [
        "checked 50 of 100 (50%, about 2 s left)",
        "checked 90 of 100 (90%, about 1 s left)",
    ]


def test_a_bar_that_is_taken_away() -> None:
    drawn = shown(WORK, terminal=True).split("\r\x1b[K")
    assert drawn[1] == "checked [############............] 50 of 100 (50%, about 2 s left)"
    assert len(drawn) == 5
    assert drawn[-1] == ""


def test_signs_of_life_keep_what_was_told_last() -> None:
    assert shown([(0.1, "copied", 7, 0), (3.0, "", 0, 0)], terminal=False) == "copied 7 (3 s)\n"
    assert shown([(3.0, "", 0, 0)], terminal=False) == "working (3 s)\n"


def test_quiet_is_quiet() -> None:
    assert shown(WORK, terminal=True, quiet=True) == ""
