"""Room on Python's stack for sources that nest as deep as the language allows.

The passes over a contract call themselves for each level of nesting, so a contract of 200 levels takes about three
thousand of Python's frames, where a Python program starts with a thousand. How deep a contract may nest is counted by
the language (CCL0011, CCL0250), alike on every machine; Python's own limit must only be beyond that count, whatever was
called before. It is raised once for the whole process, by the parser, before there is anything to walk, and never
lowered. Python 3.11 and later take no C stack for calls of Python functions by Python functions.

This is the one place of the language, outside of its tools, that touches the interpreter.
"""

from __future__ import annotations

import sys
from typing import Final

MOST_DEPTH: Final = 4_000
"""So many frames an elaboration may take at most, as it counts them; deeper is told of."""

_FRAMES: Final = MOST_DEPTH + 3_000
"""What Python is to allow: besides, what had been called before and what ends each branch."""


def make_room() -> None:
    """See that Python allows as many frames as a contract can ask for."""
    if sys.getrecursionlimit() < _FRAMES:
        sys.setrecursionlimit(_FRAMES)
