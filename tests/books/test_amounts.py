"""Amounts: one column a line, what it is read as or asked; decimals and rounding."""

from __future__ import annotations

import decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icn_node.books import amounts
from icn_node.books.errors import Unclear


def read(cells: str, **more: object) -> str:
    column = amounts.read(cells.split(" | "), **more)  # type: ignore[arg-type]
    return " ".join("-" if v is None else str(v) for v in column.values)


TABLE = """
12 | 0 | 7                     = 12 0 7
12.5 | 3                       = 25/2 3
12,5 | 3                       = 25/2 3
1.234,50 | 7                   = 2469/2 7
1,234.50 | 7                   = 2469/2 7
1.234.567                      = 1234567
0.125 | 1                      = 1/8 1
0,125 | 1                      = 1/8 1
1.234 | 0,5                    = 1234 1/2
1.234 | 0.5                    = 617/500 1/2
1'234.50 | 1’000.25            = 2469/2 4001/4
1 234,50                       = 2469/2
.5 | 2                         = 1/2 2
-3 | 3- | (3) | −3 | +3        = -3 -3 -3 -3 3
12,- | 5,50                    = 12 11/2
€ 12,50 | €3,00                = 25/2 3
12.50 LETS | 3 LETS            = 25/2 3
Fr. 12.50                      = 25/2
-€5.00 | € -5.00               = -5 -5
12 50 | 1.2.3 | 1,23,4 | abc   = - - - -
--5 | (-5) | 5e3 | NaN         = - - - -
12345678901234567890123456789  = 12345678901234567890123456789
"""


CASES = [tuple(x.strip() for x in case.split("=")) for case in TABLE.strip().splitlines()]


@pytest.mark.parametrize(("cells", "values"), CASES)
def test_amounts(cells: str, values: str) -> None:
    assert read(cells) == values


def test_empty_and_endless_cells_are_no_amounts() -> None:
    assert amounts.read(["", "  ", "1" * 65]).values == [None, None, None]


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ("1.234 | 5", "'1.234' can be read in two ways"),
        ("1,234 | 12,500", "'1,234' can be read in two ways"),
        ("1.5 | 1,5", "'1.5' and '1,5' have different decimal marks"),
        ("5 EUR | 3 LETS", r"different units \('EUR', 'LETS'\)"),
    ],
)
def test_what_only_the_owner_knows_is_asked(cells: str, said: str) -> None:
    with pytest.raises(Unclear, match=said):
        read(cells)


def test_a_stated_mark_holds() -> None:
    assert read("1.234 | 5", mark=",") == "1234 5"
    assert read("1.234 | 5", mark=".") == "617/500 5"
    assert read("1,5 | 1.5", mark=".") == "- 3/2"


def test_hours_on_the_clock() -> None:
    assert read("1:30 | 2h | 1h30 | 0:05 | 1:15:30 | 1.5", clock=True) == "3/2 2 3/2 1/12 151/120 3/2"
    assert read("1:60 | 1:5", clock=True) == "- -"
    assert read("1:30") == "-"


@pytest.mark.parametrize(
    ("amount_in", "decimals", "hours", "value", "minor"),
    [
        ("units", 2, False, "12.345", 1234),  # half to even
        ("units", 2, False, "12.355", 1236),
        ("minor", 2, False, "1250", 1250),
        ("hours", 2, False, "1.5", 150),
        ("minutes", 2, False, "90", 150),
        ("seconds", 0, True, "5430", 90),  # 90.5 minutes
        ("minutes", 0, True, "90", 90),
        ("hours", 0, True, "1.5", 90),
        ("", 0, True, "1.5", 90),
        ("units", 9, False, "0.0000000005", 0),
    ],
)
def test_minor_units(amount_in: str, decimals: int, hours: bool, value: str, minor: int) -> None:
    assert amounts.rounded(Fraction(value) * amounts.scale(amount_in, decimals, hours=hours)) == minor


@pytest.mark.parametrize(
    ("values", "decimals"),
    [
        ([], 0), (["5", "10.00"], 0), (["1.50"], 1), (["1.5", "0.25"], 2), (["0.123456789"], 9),
        (["0.1234567890"], 9), (["0.00000000001"], 0), (["0.0000000006"], 9), (["12.4999999999999"], 1),
        (["12.49999999"], 8), (["1", "1/3"], 9),
    ],
)  # fmt: skip
def test_fewest_decimals_that_lose_least(values: list[str], decimals: int) -> None:
    assert amounts.fewest_decimals(map(Fraction, values)) == decimals


@given(st.lists(st.decimals(0, 10**6, places=12).map(Fraction)))
def test_no_other_number_of_decimals_is_better(values: list[Fraction]) -> None:
    def lost(places: int) -> Fraction:
        return sum((abs(v - Fraction(round(v * 10**places), 10**places)) for v in values), Fraction())

    chosen = amounts.fewest_decimals(values)
    assert lost(chosen) == min(map(lost, range(10)))
    assert all(lost(fewer) > lost(chosen) for fewer in range(chosen))


@given(st.lists(st.decimals(0, 10**9, places=2, allow_nan=False), min_size=1), st.sampled_from(["{:,.2f}", "{:.2f}"]))
def test_two_places_are_always_read_right(values: list[decimal.Decimal], form: str) -> None:
    cells = [form.format(v) for v in values]
    exact = [Fraction(v) for v in values]
    assert amounts.read(cells).values == exact
    swapped = [c.translate(str.maketrans(".,", ",.")) for c in cells]
    assert amounts.read(swapped).values == exact
