"""Parameters of a contract: what they may be set to, how they are kept, and what of them outlives a new version."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from ccl import types as t
from ccl.core import Parameter
from icn_node.kernel import contract_params
from icn_node.kernel.bylaws import Param
from icn_node.kernel.contract_params import carry_over, decision_type, given, shown, stored_of, value_of
from tests.world import World

CREDIT = t.Money("CREDIT")
DECIMALS = {"CREDIT": 2}
LIMIT = Parameter("limit", CREDIT, 50_000, 0, 200_000)
WRONG = None


@pytest.mark.parametrize(
    ("type_", "said", "value"),
    [
        (CREDIT, 700, 70_000), (CREDIT, -7, -700), (CREDIT, "700", 70_000), (CREDIT, "700.5", 70_050),
        (CREDIT, "7.00 CREDIT", 700),
        (CREDIT, "-7.25", -725), (CREDIT, "7.005", WRONG), (CREDIT, "7 HOUR", WRONG), (CREDIT, True, WRONG),
        (CREDIT, "9" * 19, WRONG), (t.RATIO, "1/3", Fraction(1, 3)), (t.RATIO, "0.25", Fraction(1, 4)),
        (t.RATIO, 2, Fraction(2)), (t.RATIO, "1/0", WRONG), (t.RATIO, "a third", WRONG),
        (t.RATIO, f"1/{2**63}", WRONG), (t.DATE, "1970-01-02", 1), (t.DATE, 20_000, 20_000),
        (t.RATIO, "25%", Fraction(1, 4)), (t.RATIO, "12.5%", Fraction(1, 8)), (t.RATIO, "-1/3", Fraction(-1, 3)),
        (t.RATIO, "1e-1", WRONG), (t.RATIO, "1e400000000", WRONG), (t.RATIO, "1_0/3", WRONG), (t.RATIO, " 1/3", WRONG),
        (t.RATIO, "9" * 5_000, WRONG), (t.RATIO, "\u0661/3", WRONG), (CREDIT, "\u0667", WRONG),
        (t.DATE, "tomorrow", WRONG), (t.DATE, "19700102", WRONG), (t.DATE, "1970-W01-5", WRONG),
        (t.BOOL, True, True), (t.BOOL, 1, WRONG), (t.INTEGER, 3, 3), (t.INTEGER, "3", WRONG), (t.INTEGER, False, WRONG),
        (t.DAYS, 14, 14), (t.STRING, "x", "x"), (t.STRING, 3, WRONG), (t.Array(t.INTEGER), 3, WRONG),
    ],
)  # fmt: skip
def test_what_is_given_is_read_by_the_type(type_: t.Type, said: Any, value: Any) -> None:
    declared = Parameter("p", type_, 0)
    if value is WRONG:
        with pytest.raises(ValueError, match=r"^(an? |whole |true|UTC|no )"):
            given(declared, DECIMALS, said)
        return
    found = given(declared, DECIMALS, said)
    assert found == value
    assert type(found) is type(value)
    assert value_of(type_, stored_of(found)) == value


@pytest.mark.parametrize(("said", "fits"), [(0, True), ("2000", True), ("2000.01", False), (-1, False)])
def test_a_range_holds_at_both_ends(said: Any, fits: bool) -> None:
    if fits:
        given(LIMIT, DECIMALS, said)
        return
    with pytest.raises(ValueError, match=r"an amount of CREDIT from 0.00 CREDIT to 2000.00 CREDIT"):
        given(LIMIT, DECIMALS, said)


@pytest.mark.parametrize(
    ("type_", "value", "words"),
    [
        (CREDIT, 5, "0.05 CREDIT"), (CREDIT, -12_345, "-123.45 CREDIT"), (t.Money("HOUR"), 90, "90 HOUR"),
        (t.RATIO, Fraction(2, 6), "1/3"), (t.DATE, 0, "1970-01-01"), (t.BOOL, True, "true"), (t.INTEGER, 7, "7"),
    ],
)  # fmt: skip
def test_values_are_shown_as_one_would_give_them(type_: t.Type, value: Any, words: str) -> None:
    assert shown(type_, DECIMALS, value) == words
    if type_ not in (t.BOOL, t.INTEGER):
        assert given(Parameter("p", type_, value), DECIMALS, words) == value


@pytest.mark.parametrize(
    ("written", "kind"),
    [("PolicyDecision", "policy"), ("Policy", "policy"), ("bylaw", "bylaw"), ("LongTermPlanProposal", "long-term-plan"),
     ("Decision", "decision")],
)  # fmt: skip
def test_types_of_decision_are_named_as_contracts_name_them(written: str, kind: str) -> None:
    assert decision_type(written) == kind


def test_what_was_set_outlives_a_new_version_where_it_fits() -> None:
    w = World()
    old = {p.name: p for p in (LIMIT, Parameter("rate", t.RATIO, Fraction(1, 2)), Parameter("days", t.DAYS, 3),
                               Parameter("gone", t.INTEGER, 1), Parameter("unset", t.INTEGER, 1))}  # fmt: skip
    for name, value in (("limit", 150_000), ("rate", "1/4"), ("days", 9), ("gone", 5)):
        w.tables.put(Param(name, value, w.now))
    new = {p.name: p for p in (Parameter("limit", CREDIT, 10_000, 0, 100_000), Parameter("part", t.RATIO, Fraction(1)),
                               Parameter("days", t.INTEGER, 3), Parameter("unset", t.INTEGER, 2))}  # fmt: skip
    assert carry_over(w.tables, old, new, {"rate": "part"}) == ["days", "limit"]
    left = {name: w.tables.get(Param, name) for name in ("limit", "rate", "part", "days", "gone", "unset")}
    assert {name: row.value for name, row in left.items() if row is not None} == {"part": "1/4"}


def test_a_set_value_is_refused_with_what_it_takes() -> None:
    declared = Parameter("days", t.DAYS, 3, 1, 30)
    assert contract_params.takes(declared, {}) == "a number of days from 1 to 30"
