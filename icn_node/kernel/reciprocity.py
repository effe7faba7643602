"""Reciprocity: what a party gave and what it took in a period, and whether the one keeps up with the other.

The measure behind the time bank's fair-exchange index. It reads turnover, so that every domain whose payments have a
counted kind has a part in it. Comparisons are exact, by integers; nothing is rounded but what is shown, and that down.
"""

from __future__ import annotations

import datetime
import math

import msgspec

from icn_node.kernel import calendar, turnover
from icn_node.kernel.tables import Tables


class Reciprocity(msgspec.Struct, frozen=True, gc=False):
    """Earned and spent in one unit, in its minor parts, neither below zero."""

    earned_minor: int
    spent_minor: int

    @property
    def net_minor(self) -> int:
        """Earned less spent."""
        return self.earned_minor - self.spent_minor

    @property
    def hundredths(self) -> int | None:
        """Spent over earned in hundredths, rounded down; None with nothing earned."""
        return self.spent_minor * 100 // self.earned_minor if self.earned_minor else None

    @property
    def fraction(self) -> str:
        """Spent over earned as a reduced fraction, such as "3/2"; '' with nothing earned."""
        if not self.earned_minor:
            return ""
        shared = math.gcd(self.earned_minor, self.spent_minor)
        return f"{self.spent_minor // shared}/{self.earned_minor // shared}"

    def alerts(self, ratio_hundredths: int, norm_minor: int) -> bool:
        """Whether spent over earned exceeds the ratio or, with nothing earned, spent the norm."""
        if self.earned_minor:
            return self.spent_minor * 100 > self.earned_minor * ratio_hundredths
        return self.spent_minor > norm_minor

    def standing(self, norm_minor: int) -> str:
        """`within` the norm, `above` it (gave more) or `below` (took more)."""
        return "above" if self.net_minor > norm_minor else "below" if self.net_minor < -norm_minor else "within"


def period(today: int, months: int) -> tuple[int, int]:
    """The first and last day, both included, of the calendar months that end today (days since 1970).

    It begins on the day after the same date so many months ago: six months to 15 July begin on 16 January.
    """
    began = calendar.add_months(calendar.EPOCH + datetime.timedelta(days=today), -months)
    return (began - calendar.EPOCH).days + 1, today


def of(
    tx: Tables, unit: str, party: int, first_day: int, last_day: int, kinds: frozenset[str], undone: frozenset[str]
) -> Reciprocity:
    """What the party earned and spent in the period by transfers of those kinds; `undone` kinds take back instead."""
    earned = spent = 0
    for row in turnover.within(tx, unit, party, first_day, last_day):
        if row.kind in kinds:
            earned += row.received_minor
            spent += row.paid_minor
        elif row.kind in undone:
            earned -= row.paid_minor
            spent -= row.received_minor
    return Reciprocity(max(0, earned), max(0, spent))
