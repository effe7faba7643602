"""The two back ends agree on generated programs, and these reach all of the language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from ccl import core, cost, interpret
from ccl.compile import compiled
from ccl.ops import OPS, TRAPS

from . import comparison, programs, signatures

PROGRAMS = 10_000


@dataclass
class Comparison:
    reached: comparison.Reached
    different: list[str] = field(default_factory=list)
    dearer: list[str] = field(default_factory=list)
    inexact: list[str] = field(default_factory=list)
    bounded: int = 0


def exact_fuel(case: programs.Case) -> str:
    """With just the fuel it used it ends the same, with one less it runs out; in both back ends."""
    expected = comparison.reference(case)
    if expected.fuel == 0 or (expected.trap and expected.trap.code == "out_of_fuel"):
        return ""
    for run in (interpret.run, compiled(case.program).run):
        of = (case.program,) if run is interpret.run else ()
        enough = run(*of, "main", case.args, case.world, fuel=expected.fuel)
        short = run(*of, "main", case.args, case.world, fuel=expected.fuel - 1)
        if enough != expected or short.trap is None or short.trap.code != "out_of_fuel" or short.fuel >= expected.fuel:
            return f"seed {case.seed}: {expected}, {enough}, {short}"
    return ""


@pytest.fixture(scope="module")
def result() -> Iterator[Comparison]:
    with comparison.watching() as reached:
        found = Comparison(reached)
        for seed in range(PROGRAMS):
            case = programs.case(seed)
            expected = comparison.reference(case)
            reached.ended(expected)
            found.different += comparison.differences(case, expected)
            most = cost.worst(case.program, "main").at()
            found.bounded += most is not None
            if most is not None and expected.fuel > most:
                found.dearer.append(f"seed {seed}: {expected.fuel} of {most}")
            if seed % 25 == 0 and (inexact := exact_fuel(case)):
                found.inexact.append(inexact)
        yield found


def test_they_agree_in_value_refusal_trap_fuel_trace_and_effects(result: Comparison) -> None:
    assert result.different == []


def test_the_fuel_used_never_exceeds_the_worst_case(result: Comparison) -> None:
    assert result.dearer == []
    assert result.bounded > PROGRAMS // 2


def test_the_limit_of_fuel_is_exact(result: Comparison) -> None:
    assert result.inexact == []


def test_every_node_of_the_core_is_reached(result: Comparison) -> None:
    bases = (core.Expr, core.Statement)
    leaves = {c for c in vars(core).values() if isinstance(c, type) and issubclass(c, bases) and c not in bases}
    assert len(leaves) >= 30
    assert leaves - result.reached.nodes == set()
    kinds = {"any", "all", "count", "map", "filter", "find", "sum", "min_by", "max_by", "fold"}
    assert kinds - result.reached.kinds == set()


def test_every_operation_is_reached(result: Comparison) -> None:
    assert set(OPS) - result.reached.ops == set()
    assert {op for op, _, _ in signatures.ROWS} == set(OPS)


def test_every_trap_is_reached(result: Comparison) -> None:
    assert set(TRAPS) - result.reached.traps == set()


def test_all_ways_to_end_are_common(result: Comparison) -> None:
    assert min(result.reached.ends[end] for end in ("value", "refusal", "trap")) > PROGRAMS // 20, result.reached.ends
