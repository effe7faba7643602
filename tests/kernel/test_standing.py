"""When instalments fall due: by the calendar from the first, never by adding to the last."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icn_node.kernel import calendar, standing
from icn_node.kernel.ledger import DAY_MS


def ms(text: str) -> int:
    day, _, clock = text.partition(" ")
    hours, _, minutes = (clock or "00:00").partition(":")
    days = (datetime.date.fromisoformat(day) - calendar.EPOCH).days
    return days * DAY_MS + (int(hours) * 60 + int(minutes)) * 60_000


@pytest.mark.parametrize(
    ("first", "every", "periods", "wanted"),
    [
        ("2026-01-31 09:30", "month", 0, "2026-01-31 09:30"),
        ("2026-01-31 09:30", "month", 1, "2026-02-28 09:30"),
        ("2026-01-31 09:30", "month", 2, "2026-03-31 09:30"),
        ("2027-12-31", "month", 2, "2028-02-29"),
        ("2026-11-30", "quarter", 1, "2027-02-28"),
        ("2026-11-30", "quarter", 2, "2027-05-30"),
        ("2028-02-29 23:59", "year", 1, "2029-02-28 23:59"),
        ("2028-02-29 23:59", "year", 4, "2032-02-29 23:59"),
        ("2026-03-28 12:00", "day", 2, "2026-03-30 12:00"),
        ("2026-12-28", "week", 1, "2027-01-04"),
    ],
)
def test_the_kth_instalment(first: str, every: str, periods: int, wanted: str) -> None:
    assert standing.due_ms(ms(first), every, periods) == ms(wanted)


@given(st.integers(0, 2_000_000_000_000), st.sampled_from(sorted(standing.PERIODS)), st.integers(0, 400))
def test_instalments_rise_and_keep_their_time_of_day(first_ms: int, every: str, periods: int) -> None:
    due = standing.due_ms(first_ms, every, periods)
    assert due % DAY_MS == first_ms % DAY_MS
    assert due < standing.due_ms(first_ms, every, periods + 1)


def test_the_lifecycles_end() -> None:
    for states, start in ((standing.REQUEST_STATES, "open"), (standing.RECURRING_STATES, "active")):
        assert set(states) == {start}
        assert not set(states[start].values()) & set(states)
