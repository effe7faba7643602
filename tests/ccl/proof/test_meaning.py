"""What the terms say is what the interpreter does: on random programs, in random worlds, node by node of the core."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any

import pytest
import z3

from ccl import core, interpret, types
from ccl.evaluation import Outcome
from ccl.proof.cases import Limits
from ccl.proof.symbolic import Run
from ccl.proof.symbols import Shapes
from ccl.proof.terms import Unprovable
from tests.ccl.evaluation.programs import Case, case
from tests.ccl.proof.pinned import PinnedSymbols, Unread

PROGRAMS = 800
LEAST_COMPARED = 500
"""The rest read what breaks, run out of fuel, or go on beyond what is looked at."""


def compare(of: Case) -> str:
    """Walk a program with every reading pinned; why it could not be compared, '' if it was and agrees."""
    expected = interpret.run(of.program, "main", of.args, of.world)
    if expected.trap is not None and expected.trap.code in ("view", "out_of_fuel"):
        return expected.trap.code
    shapes = Shapes(of.program.structs, of.program.enums)
    symbols = PinnedSymbols(shapes, of.world, junk=of.seed % 3, real=of.seed % 2 == 0)
    run = Run(of.program, symbols, Limits(rounds=12))
    main = of.program.functions["main"]
    try:
        args = [symbols.pinned(value, type_) for value, (_, type_) in zip(of.args, main.params, strict=True)]
        value = run.call("main", args)
    except Unread:
        return "reads what breaks"
    except Unprovable as why:
        return str(why)
    symbols.pins += [(guess, z3.BoolVal(False)) for guess in run.guesses]
    holds = symbols.reader.scalar
    if any(holds(cut.when) for cut in run.cuts):
        return "cut"
    if run.guesses and expected.trap is not None and expected.trap.code == "ratio_range":
        return "guess"
    if any("ratio_range" in trap.codes and holds(trap.when) for trap in run.traps) and (
        expected.trap is None or expected.trap.code != "ratio_range"
    ):
        return "a ratio that would have to be reduced"
    agree(of, run, value, expected, symbols)
    return ""


def agree(of: Case, run: Run, value: Any, expected: Outcome, symbols: PinnedSymbols) -> None:
    """Assert that what holds of the run is what the interpreter did."""
    holds = symbols.reader.scalar
    traps = [trap for trap in run.traps if holds(trap.when)]
    refusals = [refusal for refusal in run.refusals if holds(refusal.when)]
    assert len(traps) + len(refusals) + bool(holds(run.live)) == 1, (of.seed, traps, refusals, expected)
    assert all(holds(axiom) for axiom in symbols.axioms if not _range(axiom)), of.seed
    if expected.trap is not None:
        assert [(t.span, t.function) for t in traps] == [(expected.trap.span, expected.trap.function)], of.seed
        assert expected.trap.code in traps[0].codes, of.seed
    elif expected.refusal is not None:
        assert [(r.function, r.number) for r in refusals] == [(expected.refusal.function, expected.refusal.number)], (
            of.seed
        )
    else:
        assert holds(run.live), (of.seed, traps, refusals)
        result = of.program.functions["main"].result
        if result != types.NOTHING:
            assert symbols.reader.value(value, result) == expected.value, of.seed
        asked = [
            (c.name, tuple((n, symbols.reader.value(v, t)) for n, t, v in c.fields))
            for c in run.commands if holds(c.when)
        ]  # fmt: skip
        assert asked == [(c.name, c.fields) for c in expected.commands], of.seed


def _range(axiom: Any) -> bool:
    """Whether an axiom speaks of a symbol that stands for nothing: what comes after a trap."""
    text = axiom.sexpr()
    return "nothing" in text or "~share" in text


def nodes(program: core.Program) -> set[str]:
    """The names of all nodes and operations of a program."""
    found: set[str] = set()
    pending: list[Any] = [f.body for f in program.functions.values()]
    while pending:
        node = pending.pop()
        if isinstance(node, tuple):
            pending.extend(node)
        elif dataclasses.is_dataclass(node):
            found.add(type(node).__name__)
            if isinstance(node, core.Op):
                found.add(node.op)
            pending.extend(getattr(node, field.name) for field in dataclasses.fields(node))
    return found


def test_terms_say_what_the_interpreter_does() -> None:
    why: Counter[str] = Counter()
    reached: set[str] = set()
    for seed in range(PROGRAMS):
        of = case(seed)
        reason = compare(of)
        why[reason] += 1
        if not reason:
            reached |= nodes(of.program)
    assert why[""] >= LEAST_COMPARED, why
    wanted = {c.__name__ for c in (*core.Expr.__subclasses__(), *core.Statement.__subclasses__())}
    assert wanted <= reached, wanted - reached


@pytest.mark.parametrize("seed", [7, 40])
def test_a_case_of_many_facts_can_be_walked_or_says_why(seed: int) -> None:
    assert isinstance(compare(case(seed)), str)
