"""Leaving one number open: whatever is said to be refused is refused, on random programs, value by value."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccl import core, interpret, types
from ccl.least_change import supposed
from ccl.supposition import Quantity, Unclear, refused
from ccl.wholes import ALL, NONE, Wholes, at_least, at_most, solutions
from tests.ccl.evaluation.programs import GivenWorld, Maker

PROGRAMS = 2_500
LEAST_SEEN = 250
"""Programs that refuse, and of which it is seen for which values they do so."""


class Comparing(Maker):
    """Makes programs that compare what they read, so that much depends on one number."""

    def program(self) -> core.Program:
        for number in range(2):
            self.function(f"fn{number}", ["M", "I"], self.dice.choice("IMB"), False)
        self.function("main", [], "I", False)
        return core.Program("made", self.functions)

    def expr(self, letter: str, depth: int) -> core.Expr:
        if letter == "M" and self.chance(0.4):
            return core.CommandField(types.Money("$"), self.span(), "amount", "amount_minor", False,
                                     self.site("command", "amount", "M"))  # fmt: skip
        if letter == "I" and self.chance(0.3):
            return core.CommandField(types.INTEGER, self.span(), "count", "count", False,
                                     self.site("command", "count", "I"))  # fmt: skip
        if letter == "B" and depth > 0 and self.chance(0.6):
            compared = self.dice.choice("IMTD")
            made = self.expr(compared, depth - 1), self.expr(compared, depth - 1)
            return core.Op(types.BOOL, self.span(), self.dice.choice(("lt", "le", "gt", "ge", "eq", "ne")), made)
        return super().expr(letter, depth)

    def require(self, made: list[core.Statement], depth: int) -> bool:
        made.append(core.Require(self.span(), self.expr("B", depth), self.requirement()))
        return False


def quantities(world: GivenWorld) -> list[tuple[Quantity, int]]:
    """Numbers of a world that may be left open, and what they are."""
    found = [
        (Quantity("command", "amount_minor"), world.command.amount_minor),
        (Quantity("command", "count"), world.command.count),
        (Quantity("param", "limit"), world.params["limit"]),
        (Quantity("param", "least"), world.params["least"]),
        (Quantity("state", "total"), world.state["total"]),
        (Quantity("view", "now"), world.now),
        (Quantity("view", "since"), world.views.since()),
        (Quantity("view", "today"), world.views.today()),
        (Quantity("view", "balance", ("Ann", 1)), world.views.balance("Ann", 1)),
        (Quantity("record", "loan", (1,), "amount_minor"), world.views.loan(1).amount_minor),
    ]
    if world.command.memo is not None:
        found.append((Quantity("command", "memo"), world.command.memo))
    return found


def tried(where: Wholes, at: int, dice: random.Random) -> list[int]:
    """Some of these numbers: around where they are, at the ends, and anywhere."""
    ends = [end for interval in where.intervals for end in interval if end is not None]
    near = [n + step for n in (at, *ends) for step in (-1, 0, 1)]
    far = [dice.randrange(-types.I64_MAX, types.I64_MAX) for _ in range(3)]
    return [n for n in dict.fromkeys((*near, *far)) if n in where and abs(n) <= types.I64_MAX]


def test_what_is_said_to_be_refused_is_refused() -> None:
    seen: Counter[str] = Counter()
    for seed in range(PROGRAMS):
        program, given_world = Comparing(seed, 3).program(), GivenWorld(seed % 17)
        world: Any = given_world
        refusal = interpret.run(program, "main", (), world).refusal
        if refusal is None:
            continue
        dice = random.Random(seed)
        for quantity, at in quantities(given_world):
            try:
                where = refused(program, world, quantity, at, ("main",))
            except Unclear:
                seen["unclear"] += 1
                continue
            assert at in where, (seed, quantity)
            seen["depends" if where != ALL else "independent"] += 1
            for value in tried(where, at, dice)[: 2 if where == ALL else None]:
                outcome = interpret.run(program, "main", (), supposed(world, quantity, value))
                assert outcome.trap is not None or outcome.refusal == refusal, (seed, quantity, value)
                seen["trap" if outcome.trap else "refused"] += 1
    assert seen["depends"] >= LEAST_SEEN, seen
    assert seen["refused"] > 10 * seen["trap"] > 0, seen


SOME = st.integers(-30, 30)
SETS = st.lists(st.tuples(st.none() | SOME, st.none() | SOME), max_size=4)


def union(intervals: list[tuple[int | None, int | None]]) -> Wholes:
    where = NONE
    for low, high in intervals:
        part = (ALL if low is None else at_least(low)) & (ALL if high is None else at_most(high))
        where = where | part
    return where


def members(where: Wholes) -> set[int]:
    return {n for n in range(-50, 51) if n in where}


@given(a=SETS, b=SETS, at=SOME)
def test_sets_of_whole_numbers(
    a: list[tuple[int | None, int | None]], b: list[tuple[int | None, int | None]], at: int
) -> None:
    one, other = union(a), union(b)
    inside, everything = members(one), set(range(-50, 51))
    assert members(~one) == everything - inside
    assert members(one & other) == inside & members(other)
    assert members(one | other) == inside | members(other)
    assert ~~one == one
    nearest = one.nearest(at)
    if nearest is None:
        assert one == NONE
    else:
        assert nearest in one
        assert not any(n in one for n in range(at - abs(nearest - at) + 1, at + abs(nearest - at)))
    for (_, high), (low, _) in zip(one.intervals, one.intervals[1:], strict=False):
        assert high is not None
        assert low is not None
        assert high + 1 < low


@pytest.mark.parametrize("comparison", ["lt", "le", "gt", "ge", "eq", "ne"])
@given(slope=st.fractions(-5, 5).filter(bool), offset=st.fractions(-40, 40))
def test_solutions(comparison: str, slope: object, offset: object) -> None:
    import operator
    from fractions import Fraction

    a, b = Fraction(str(slope)), Fraction(str(offset))
    holds = getattr(operator, comparison)
    expected = {n for n in range(-50, 51) if holds(a * n + b, 0)}
    assert members(solutions(a, b, comparison)) == expected
