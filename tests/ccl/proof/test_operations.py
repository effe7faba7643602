"""Every operation on values at its edges: the terms, worked out, are what `ccl.ops` does, traps included; and slips
seeded into them are found."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest

from ccl import core, types
from ccl.evaluation import Trapped
from ccl.ops import OPS
from ccl.proof import numeric, sequences, symbolic
from ccl.proof.cases import Limits
from ccl.proof.symbolic import Run
from ccl.proof.symbols import Shapes
from ccl.proof.terms import choose
from ccl.source import NOWHERE
from tests.ccl.evaluation.signatures import LETTERS, MOST, ROWS
from tests.ccl.proof.pinned import PinnedSymbols

I64 = types.I64_MAX
NUMBERS = (0, 1, -1, 2, -2, 3, -3, 5, 7, -8, 10, 25, -25, 100, I64, -I64, I64 - 1)
PARTS = tuple(Fraction(n, d) for n in (0, 1, -1, 3, -3, 5, -5, 7, -25, I64) for d in (1, 2, 4, 3, 10))
DATES = (0, -1, 20_454, 20_484, 20_485, 20_512, 20_513, 19_782, 11_016, 47_540, -719_162, 2_932_896, -25_509)
ARRAYS = ((), (1,), (3, 1, 2), (2, 2, 1), (5, 0, 5, 9, 1, 1), (0, 0), (-1, 4))
VALUES: dict[str, tuple[Any, ...]] = {
    "I": NUMBERS, "M": NUMBERS, "B": (True, False), "S": ("", "a", "Ann", "b"), "R": PARTS, "X": PARTS, "D": DATES,
    "T": (0, 1_767_225_600_000, 1_774_746_000_000, 86_399_999, -1, I64), "U": NUMBERS, "Y": NUMBERS, "N": NUMBERS,
    "A": ARRAYS, "P": ARRAYS, "Q": ((), ("a",), ("a", "b", "a")), "C": ((), ((1, 2),)), "E": ((), (("a", 1),)),
    "O": (None, (4,), (-1,)), "V": (None, (7,)), "W": ((True, 5), (False, "no")),
    "K": ({}, {"a": 1}, {"Ann": 2, "b": 9}, {"x": 1, "y": 2, "a": 3, "b": 4, "c": 5, "d": 6}),
    "G": (range(0), range(-2, 3), range(5, 1), range(1, I64)),
    "z": ("UTC", "Europe/Madrid"), "h": ((), (20_454, 20_458)), "m": (None, MOST), "k": ("Integer",),
}  # fmt: skip
CASES = 80
"""Of each operation; if its edges give more, so many of them from a seed."""


def combinations(name: str, letters: str) -> list[tuple[Any, ...]]:
    """Arguments of an operation."""
    every = list(itertools.islice(itertools.product(*(VALUES[letter] for letter in letters[:-1])), 60_000))
    return every if len(every) <= CASES else random.Random(name).sample(every, CASES)


def compare(name: str, letters: str, args: tuple[Any, ...], real: bool) -> None:
    """Assert that the terms of an operation give what it gives."""
    symbols = PinnedSymbols(Shapes({}, {}), SimpleNamespace(), junk=1, real=real)
    run = Run(core.Program("p", {}), symbols, Limits())
    exprs = [
        core.Const(LETTERS.get(letter, types.STRING if letter in "zk" else types.INTEGER), NOWHERE, value)
        for letter, value in zip(letters, args, strict=False)
    ]
    expr = core.Op(LETTERS[letters[-1]], NOWHERE, name, tuple(exprs))
    values = tuple(
        symbols.pinned(value, e.type) if letter in LETTERS else run._arg(e)
        for letter, value, e in zip(letters, args, exprs, strict=False)
    )
    meaning = symbolic._OPS.get(name)
    value = run.opaque(expr, values) if meaning is None else meaning(run, expr, values)
    symbols.pins += [(guess, symbolic.boolean(False)) for guess in run.guesses]
    holds = symbols.reader.scalar
    traps = [trap for trap in run.traps if holds(trap.when)]
    if any(holds(cut.when) for cut in run.cuts):
        assert name == "array.repeat", (name, args)  # so often that it is not looked at
        return
    expected, code = outcome(name, args)
    if "ratio_range" in (code, *(c for trap in traps for c in trap.codes)) and (run.guesses or not code):
        return  # it would have to be reduced to be known
    if code:
        assert [code in trap.codes for trap in traps] == [True], (name, args, code, traps)
    else:
        assert not traps, (name, args, traps)
        assert symbols.reader.value(value, expr.type) == expected, (name, args, expected)


def outcome(name: str, args: tuple[Any, ...]) -> tuple[Any, str]:
    """What an operation gives, or the code of its trap."""
    try:
        return OPS[name].run(*args), ""
    except Trapped as trapped:
        return None, trapped.code


@pytest.mark.parametrize("row", sorted(set(ROWS)), ids=" ".join)
def test_an_operation(row: tuple[str, str, str]) -> None:
    name, letters = row[0], "".join(row[1:])
    for number, args in enumerate(combinations(name, letters)):
        compare(name, letters, args, real=number % 3 == 0)


def _positive_rest(run: Run, expr: core.Op, args: tuple[Any, ...]) -> Any:
    rest = numeric.MEANINGS["integer.rem"](run, expr, args)
    return choose(rest < 0, -rest, rest)


SLIPS: dict[str, Any] = {
    "lt": numeric.MEANINGS["le"],
    "le": numeric.MEANINGS["lt"],
    "ne": numeric.MEANINGS["eq"],
    "integer.add": numeric.MEANINGS["integer.sub"],
    "integer.rem": _positive_rest,
    "round.down": numeric.MEANINGS["round.to_zero"],
    "round.half_even": numeric.MEANINGS["round.half_up"],
    "round.half_up": numeric.MEANINGS["round.half_down"],
    "round.to_zero": numeric.MEANINGS["round.down"],
    "money.max": numeric.MEANINGS["money.min"],
    "money.scale": numeric.MEANINGS["money.share"],
    "array.first": sequences.MEANINGS["array.last"],
    "array.take": sequences.MEANINGS["array.skip"],
    "array.sort": sequences.MEANINGS["array.reverse"],
    "array.get": lambda run, expr, args: args[0].items[0],
    "range.make": sequences.MEANINGS["range.make_inclusive"],
    "date.add_months": numeric.MEANINGS["date.add_days"],
    "date.add_clear_days": numeric.MEANINGS["date.add_days"],
    "map.get_or": lambda run, expr, args: args[2],
    "option.or": lambda run, expr, args: args[1],
}  # fmt: skip


@pytest.mark.parametrize("name", SLIPS)
def test_an_operation_that_does_something_else_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(symbolic._OPS, name, SLIPS[name])  # type: ignore[arg-type]  # a dict, declared as read only
    with pytest.raises((AssertionError, IndexError)):
        for row in sorted(set(ROWS)):
            if row[0] == name:
                test_an_operation(row)
