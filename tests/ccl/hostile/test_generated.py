"""More than a thousand hostile programs through everything that reads contracts: told of, or run alike, and in time."""

from __future__ import annotations

import sys
import time

import pytest

from tests.ccl.hostile.programs import KINDS, Kind, of
from tests.ccl.hostile.through import through

RUN = ("nesting", "loops", "wide", "fuel_bombs", "overflow", "doubling_calls", "matches")
"""Kinds of which some are good, and run."""
SECONDS = 20.0
"""Of a processor, for one program through everything; a small part of it is what any takes."""


def test_there_are_more_than_a_thousand() -> None:
    assert sum(len(of(kind)) for kind in KINDS) >= 1_000


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_nothing_breaks_it(kind: Kind) -> None:
    good = 0
    for number, text in enumerate(of(kind)):
        begin = time.process_time()
        try:
            good += through(text, "x.ccl.md" if kind.__name__ == "markdown" else "x.ccl") is not None
        except BaseException:
            sys.stderr.write(f"number {number}: {text[:2_000]}\n")
            raise
        assert time.process_time() - begin < SECONDS, f"number {number}"
    assert good or kind.__name__ not in RUN
