"""Dates: one column a line, what it is read as or asked."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icn_node.books import dates
from icn_node.books.errors import BadOptions, Unclear
from icn_node.kernel.calendar import EPOCH

ZONE = "Europe/Amsterdam"


def iso(cells: list[str], form: str = "") -> list[str]:
    """Each cell's moment as 'YYYY-MM-DD time', '-' where there is none."""
    return [
        "-" if m is None else f"{EPOCH + datetime.timedelta(days=m.day)} {m.time}".strip()
        for m in dates.read(cells, ZONE, form).moments
    ]


TABLE = """
2020-03-04                      | 2020-03-04
2020/3/4 , 2020.03.04           | 2020-03-04 2020-03-04
20200304                        | 2020-03-04
25/12/2020 , 03/04/2020         | 2020-12-25 2020-04-03
12/25/2020 , 03/04/2020         | 2020-12-25 2020-03-04
03.04.2020                      | 2020-04-03
12.25.2020 , 03.04.2020         | 2020-12-25 2020-03-04
31-1-99 , 1-2-05                | 1999-01-31 2005-02-01
05/05/2020 , 6/6/2020           | 2020-05-05 2020-06-06
2020-02-30 , 32/1/2020          | - -
3 Mar 2020 , Sept 5, 2019       | 2020-03-03 - 2019
12 January 2021                 | 2021-01-12
12-Jan-21                       | 2021-01-12
Jan 2nd 2021                    | 2021-01-02
4 Foo 2020                      | -
yesterday                       | -
"""


def cases(table: str) -> list[tuple[str, str]]:
    return [(a.strip(), b.strip()) for a, b in (line.split("|") for line in table.strip().splitlines())]


@pytest.mark.parametrize(("cells", "days"), [c for c in cases(TABLE) if "Sept" not in c[0]])
def test_days(cells: str, days: str) -> None:
    assert iso([c.strip() for c in cells.split(" , ")]) == days.split()


def test_month_names_with_commas() -> None:
    assert iso(["Sept 5, 2019", "Mar. 7 2019"]) == ["2019-09-05", "2019-03-07"]


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2020-03-04 15:06", "2020-03-04 15:06:00"),
        ("2020-03-04T15:06:07.250", "2020-03-04 15:06:07.25"),
        ("04/03/2020, 3:06 PM", "2020-03-04 15:06:00"),
        ("04/03/2020 12:00 a.m.", "2020-03-04 00:00:00"),
        ("2020-03-04T23:30:00Z", "2020-03-05 23:30:00Z"),  # half past midnight in Amsterdam
        ("2020-07-04 22:30:00 UTC", "2020-07-05 22:30:00UTC"),
        ("2020-03-05T00:30:00+02:00", "2020-03-04 00:30:00+02:00"),
        ("2020-03-05 00:30:00+02", "2020-03-04 00:30:00+02"),
        ("1583366400", "2020-03-05 1583366400"),
        ("1583366400000", "2020-03-05 1583366400000"),
        ("2020-03-04 25:00", "-"),
        ("04/03/2020 13:00 pm", "-"),
        ("0001-01-01T00:00:00+14:00", "-"),
    ],
)
def test_times(cell: str, moment: str) -> None:
    assert iso([cell, "25/12/2020"])[0] == moment


def test_what_only_the_owner_knows_is_asked() -> None:
    with pytest.raises(Unclear, match=r"'03/04/2020' can be read in two ways.*--date-format dmy"):
        iso(["03/04/2020", "05/05/2020"])
    with pytest.raises(Unclear, match="'25/12/2020' and '12/25/2020' are of different orders"):
        iso(["25/12/2020", "12/25/2020"])
    assert iso(["03/04/2020", "13/13/2020"], "dmy") == ["2020-04-03", "-"]
    assert iso(["03/04/2020"], "M/D/Y") == ["2020-03-04"]
    assert iso(["99-12-31"], "ymd") == ["1999-12-31"]


def test_patterns() -> None:
    assert iso(["4. 3. 2020"], "%d. %m. %Y") == ["2020-03-04"]
    assert iso(["2020w10 5 14h", "x"], "%Gw%V %u %Hh") == ["2020-03-06 14:00:00", "-"]
    with pytest.raises(BadOptions, match="the date format 'soon' is not understood"):
        iso(["2020-03-04"], "soon")


def test_the_form_is_stated() -> None:
    assert dates.read(["2020-01-01"], ZONE).form == "year-month-day"
    assert dates.read(["2020-01-01", "25/1/2020"], ZONE).form == "day/month/year"
    assert dates.read([], ZONE).form == "year-month-day"
    assert dates.read(["25/1/2020"], ZONE, "mdy").form == "month/day/year"


@given(st.lists(st.dates(datetime.date(1970, 1, 1), datetime.date(2069, 12, 31)), min_size=1),
       st.sampled_from(["%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%Y-%m-%d", "%d %b %Y", "%d.%m.%y"]))  # fmt: skip
def test_a_column_written_in_one_order_is_never_read_in_another(days: list[datetime.date], form: str) -> None:
    cells = [day.strftime(form) for day in days]
    try:
        found = iso(cells)
    except Unclear:
        assert form in ("%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y")
        assert all(day.day <= 12 for day in days), "a day above 12 would have settled it"
        return
    if form == "%d.%m.%y" or any(day.day > 12 for day in days) or form in ("%Y-%m-%d", "%d %b %Y"):
        assert found == [str(day) for day in days]
    else:
        assert all(day.day == day.month for day in days)
