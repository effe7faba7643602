"""The machine's clock: the only place that reads it. Whoever needs the time gets it as a parameter from here."""

from __future__ import annotations

import time


def wall_clock_ms() -> int:
    """UTC milliseconds."""
    return time.time_ns() // 1_000_000
