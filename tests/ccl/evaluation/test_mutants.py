"""Slips seeded into a copy of the compiler and of all it stands on: the comparison with the interpreter finds each.

A mutant is one replacement in one module's text. The copy is loaded beside the real modules, which stay as they are.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import ccl
import ccl.emit
from ccl.evaluation import Outcome

from . import comparison, programs, values

COPIED = ("arithmetic", "dates", "sequences", "ops", "fuel", "cost", "emit.nodes", "emit.survey", "emit.frame",
          "emit.loops", "emit.expressions", "emit.statements", "compile")  # fmt: skip
"""In the order in which they import each other."""
PROGRAMS = 2_500

MUTANTS = [
    # arithmetic and its rounding
    ("arithmetic", "return integer(value.numerator // value.denominator)", "return integer(int(value))"),
    (
        "arithmetic",
        "if twice > value.denominator or (twice == value.denominator and whole % 2):",
        "if twice >= value.denominator:",
    ),
    (
        "arithmetic",
        "whole = (2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)",
        "whole = (2 * abs(value.numerator) + value.denominator - 1) // (2 * value.denominator)",
    ),
    (
        "arithmetic",
        "whole = -(-abs(value.numerator) // value.denominator)",
        "whole = abs(value.numerator) // value.denominator",
    ),
    (
        "arithmetic",
        "by_rest = sorted(range(len(weights)), key=lambda i: -(size * weights[i] % total))",
        "by_rest = list(range(len(weights)))",
    ),
    ("arithmetic", "return -rest if a < 0 else rest", "return rest"),
    (
        "arithmetic",
        "    if -I64_MAX <= value.numerator <= I64_MAX and value.denominator <= I64_MAX:\n",
        "    if True:\n",
    ),
    ("arithmetic", "return min(max(value, low), high)", "return max(min(value, high), low)"),
    # overflow checks in place
    (
        "emit.expressions",
        'return ast.IfExp(within_range(named(name, value)), load(name), call(load("_overflow")))',
        "return ast.IfExp(within_range(named(name, value)), load(name), load(name))",
    ),
    (
        "emit.expressions",
        "ast.Constant(-I64_MAX), [ast.LtE(), ast.LtE()]",
        "ast.Constant(-I64_MAX), [ast.Lt(), ast.Lt()]",
    ),
    ("emit.expressions", '"gt": _comparison(ast.Gt)', '"gt": _comparison(ast.GtE)'),
    ("emit.expressions", '"integer.max": _better(ast.GtE)', '"integer.max": _better(ast.LtE)'),
    # order of evaluation, short circuits
    ("emit.expressions", "if i < last else value", "if False else value"),
    ("emit.expressions", "both = isinstance(e, core.And)", "both = not isinstance(e, core.And)"),
    ("emit.expressions", "load(name) if both else negated(load(name))", "ast.Constant(True)"),
    # fuel
    ("emit.statements", "            self.charge(ast.Constant(own), s.span)\n", "            pass\n"),
    (
        "emit.frame",
        "ast.BinOp(length, ast.Mult(), ast.Constant(each))",
        "ast.BinOp(length, ast.Mult(), ast.Constant(each - 1))",
    ),
    ("fuel", "core.Require: (1,", "core.Require: (0,"),
    ("emit.expressions", "        self.charge(total, e.span)\n", "        pass\n"),
    ("compile", "if self.fuel + amount > self.limit:", "if self.fuel + amount >= self.limit:"),
    ("compile", "return most is not None and most <= limit", "return True"),
    ("emit.statements", "fuel.of_round(s) + (branches or 0)", "fuel.of_round(s)"),
    ("emit.loops", "if len(ways) > 1 or None in ways:", "if None in ways:"),
    # sums of which it is said that they cannot overflow
    ("emit.loops", "return abs(start) + most * change", "return abs(start)"),
    ("emit.loops", "self.offsets[phi.name] = max(reached)", "self.offsets[phi.name] = min(reached)"),
    ("emit.loops", "if offset is None or offset[0] != number:", "if offset is None:"),
    ("emit.statements", "ast.Gt(), ast.Constant(I64_MAX)", "ast.Gt(), ast.Constant(I64_MAX + 1)"),
    ("emit.statements", "if side < 0:", "if side > 0:"),
    # requirements, branches, loops
    ("emit.statements", "        self.add(ast.If(test, refused, []), line)\n", "        pass\n"),
    ("emit.statements", "test = negated(self.value(s.condition))", "test = self.value(s.condition)"),
    (
        "emit.statements",
        "    def refuse(self, s: core.Refuse) -> None:\n        self.leave(s.number, None, self.line(s.span))",
        "    def refuse(self, s: core.Refuse) -> None:\n        self.leave(0, None, 1)",
    ),
    (
        "emit.statements",
        "    def break_(self, s: core.Break) -> None:\n        self.carry(s.values, s.span)\n",
        "    def break_(self, s: core.Break) -> None:\n",
    ),
    (
        "emit.statements",
        "    def continue_(self, s: core.Continue) -> None:\n        self.carry(s.values, s.span)\n",
        "    def continue_(self, s: core.Continue) -> None:\n",
    ),
    ("emit.statements", "payload(s.subject.type, subject, position)", "payload(s.subject.type, subject, 0)"),
    ("emit.nodes", "ast.IsNot() if index else ast.Is()", "ast.IsNot()"),
    (
        "emit.frame",
        "test = compare(length, ast.Gt(), ast.Constant(most))",
        "test = compare(length, ast.Gt(), ast.Constant(most + 1))",
    ),
    # facts
    (
        "emit.frame",
        "        if self.conditional:\n            self.unread.update(",
        "        if False:\n            self.unread.update(",
    ),
    ("emit.expressions", "return value if self.repeated else self.fact(", "return self.fact("),
    (
        "emit.expressions",
        "        if not self.repeated:\n            return self.fact(",
        "        if True:\n            return self.fact(",
    ),
    ("compile", "self.facts.append((key, args, value))", "self.facts.append((key, (), value))"),
    ("compile", "self.dropped += 1", "self.dropped += 0"),
    # comprehensions, collections, ranges
    ("emit.expressions", '"min_by": _best(ast.Lt)', '"min_by": _best(ast.LtE)'),
    (
        "emit.expressions",
        '"all": _stop(False, lambda item: ast.Constant(False))',
        '"all": _stop(False, lambda item: ast.Constant(True))',
    ),
    ("sequences", "return range_make(low, high + 1)", "return range_make(low, high)"),
    (
        "sequences",
        "within(most, len(items) + 1)\n    return (*items, item)",
        "within(most, len(items))\n    return (*items, item)",
    ),
    (
        "sequences",
        "if 0 <= index < len(items):\n        return items[index]",
        "if 0 <= index <= len(items):\n        return items[index]",
    ),
    # dates
    ("dates", "return day(number + days + 1)", "return day(number + days)"),
    ("dates", "min(civil.day, _month_length(year, month + 1))", "min(civil.day, 28)"),
    ("dates", "return of_timestamp(time_ms, timezone) <= number", "return of_timestamp(time_ms, timezone) < number"),
    # where a trap is told
    ("emit.frame", "self.code.places.append((span, host))", "self.code.places.append((span, False))"),
    ("compile", "found = code, span, not host, frame", "found = found or (code, span, not host, frame)"),
]


def mutated(module: str, old: str, new: str) -> Callable[..., Any]:
    """`ccl.compile.compiled` of a copy with that replacement, which must fit exactly one place."""
    root = Path(ccl.__file__).parent
    names = [f"ccl.{name}" for name in COPIED]
    before = {name: sys.modules[name] for name in names}
    try:
        for name, short in zip(names, COPIED, strict=True):
            path = root / (short.replace(".", "/") + ".py")
            text = path.read_text(encoding="utf-8")
            if short == module:
                assert text.count(old) == 1, f"{text.count(old)} places of {old!r} in {short}"
                text = text.replace(old, new)
            copy = types.ModuleType(name)
            copy.__file__ = str(path)
            put(name, copy)
            exec(compile(text, str(path), "exec"), copy.__dict__)
        made: Callable[..., Any] = sys.modules["ccl.compile"].compiled
    finally:
        for name, original in before.items():
            put(name, original)
    return made


def put(name: str, module: types.ModuleType) -> None:
    """Make a module the one that imports find."""
    sys.modules[name] = module
    package, _, last = name.rpartition(".")
    setattr(sys.modules[package], last, module)


@pytest.fixture(scope="module")
def cases() -> Callable[[], Iterator[tuple[programs.Case, Outcome]]]:
    made: list[tuple[programs.Case, Outcome]] = []

    def all_cases() -> Iterator[tuple[programs.Case, Outcome]]:
        for seed in range(PROGRAMS):
            if seed == len(made):
                case = programs.case(seed)
                made.append((case, comparison.reference(case)))
            yield made[seed]

    return all_cases


def killed(cases: Iterator[tuple[programs.Case, Outcome]], compile_: Callable[..., Any]) -> object:
    """What tells a mutant: a row of the value tables, else a case in which it differs from the interpreter."""
    if (wrong := values.wrong(compile_.__globals__["fuel"].OPS)) is not None:
        return wrong
    for case, expected in cases:
        try:
            different = comparison.differences(case, expected, compile_)
        except Exception:  # noqa: BLE001  # a mutant may break in any way
            return case.seed
        if different:
            return case.seed
    return None


def test_a_copy_without_a_slip_agrees(cases: Callable[[], Iterator[tuple[programs.Case, Outcome]]]) -> None:
    compile_ = mutated("compile", 'FILE = "<ccl>"', 'FILE = "<ccl copy>"')
    first = (pair for number, pair in enumerate(cases()) if number < 300)
    assert killed(first, compile_) is None


@pytest.mark.parametrize(("module", "old", "new"), MUTANTS, ids=[str(n) for n in range(len(MUTANTS))])
def test_a_slip_is_found(
    module: str, old: str, new: str, cases: Callable[[], Iterator[tuple[programs.Case, Outcome]]]
) -> None:
    assert killed(cases(), mutated(module, old, new)) is not None
