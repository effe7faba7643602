"""Sets of whole numbers, as a union of intervals: for which values of one number something holds.

Exact, closed under union, intersection and complement. Ends may be missing (unbounded). It knows nothing else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

Interval = tuple[int | None, int | None]
"""From, to, both included; None: without end."""


@dataclass(frozen=True, slots=True)
class Wholes:
    """Intervals in order, none empty, none touching the next."""

    intervals: tuple[Interval, ...]

    def __contains__(self, number: int) -> bool:
        return any((low is None or low <= number) and (high is None or number <= high) for low, high in self.intervals)

    def __invert__(self) -> Wholes:
        """All others."""
        if not self.intervals:
            return ALL
        gaps: list[Interval] = []
        first, last = self.intervals[0][0], self.intervals[-1][1]
        if first is not None:
            gaps.append((None, first - 1))
        for (_, before), (after, _) in zip(self.intervals, self.intervals[1:], strict=False):
            assert before is not None
            assert after is not None
            gaps.append((before + 1, after - 1))
        if last is not None:
            gaps.append((last + 1, None))
        return Wholes(tuple(gaps))

    def __and__(self, other: Wholes) -> Wholes:
        """Those in both."""
        met = (_met(a, b) for a in self.intervals for b in other.intervals)
        return Wholes(tuple(interval for interval in met if interval is not None))

    def __or__(self, other: Wholes) -> Wholes:
        """Those in either."""
        return ~(~self & ~other)

    def nearest(self, number: int) -> int | None:
        """The one of them least far from a number, of two the lower; None if there is none."""
        best: int | None = None
        for low, high in self.intervals:
            close = number
            if low is not None and close < low:
                close = low
            elif high is not None and close > high:
                close = high
            if best is None or abs(close - number) < abs(best - number):
                best = close
        return best


ALL = Wholes(((None, None),))
NONE = Wholes(())


def _met(a: Interval, b: Interval) -> Interval | None:
    low = b[0] if a[0] is None else a[0] if b[0] is None else max(a[0], b[0])
    high = b[1] if a[1] is None else a[1] if b[1] is None else min(a[1], b[1])
    return None if low is not None and high is not None and low > high else (low, high)


def at_most(bound: Fraction | int) -> Wholes:
    """Those up to and with a bound."""
    return Wholes(((None, math.floor(bound)),))


def at_least(bound: Fraction | int) -> Wholes:
    """Those from a bound on."""
    return Wholes(((math.ceil(bound), None),))


def solutions(slope: Fraction, offset: Fraction, comparison: str) -> Wholes:
    """The whole x for which slope * x + offset stands in that comparison ("lt", "le", "eq", ...) to 0; slope not 0."""
    root = -offset / slope
    if comparison in ("eq", "ne"):
        equal = Wholes(((root.numerator, root.numerator),)) if root.denominator == 1 else NONE
        return equal if comparison == "eq" else ~equal
    below = at_most(root) if comparison in ("le", "ge") else at_most(math.ceil(root) - 1)
    above = at_least(root) if comparison in ("le", "ge") else at_least(math.floor(root) + 1)
    return below if (comparison in ("lt", "le")) == (slope > 0) else above
