"""The worst case: how much fuel a function can use, as a polynomial in the maxima that its collections declare.

It counts what `ccl.fuel` charges: of branches the dearer (coefficient by coefficient, so a bound, not always reached),
of a loop every round, of an operation on a collection its greatest length. So the fuel used never exceeds it. What has
no bound (a loop over a collection that declares no maximum) is named; then there is no worst case.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from ccl import core, fuel, types
from ccl.diagnostics import Findings
from ccl.ops import OPS
from ccl.source import NOWHERE, Span

MOST_LOOPS = 12
"""Loops and comprehensions may stand in each other so deep, in one function."""

MOST_CALLS = 64
"""Functions may call each other so deep."""


class Maximum(NamedTuple):
    """A variable: the collection as an author knows it, and the most items it declares."""

    name: str
    most: int


class Unbounded(NamedTuple):
    """Why there is no worst case: the diagnostic's code, where, and what has no bound."""

    code: str
    span: Span
    what: str


Terms = Mapping[tuple[Maximum, ...], Fraction]


@dataclass(frozen=True, slots=True)
class Polynomial:
    """Fuel: the sum of coefficients times products of lengths. unbounded: if there are any, it is no bound at all."""

    terms: Terms = field(default_factory=dict)
    unbounded: tuple[Unbounded, ...] = ()

    def plus(self, other: Polynomial) -> Polynomial:
        """The sum."""
        terms = dict(self.terms)
        for key, value in other.terms.items():
            terms[key] = terms.get(key, Fraction(0)) + value
        return Polynomial(terms, self._with(other))

    def join(self, other: Polynomial) -> Polynomial:
        """Not less than either: lengths are never negative, so each greater coefficient is enough."""
        terms = dict(self.terms)
        for key, value in other.terms.items():
            terms[key] = max(terms.get(key, Fraction(0)), value)
        return Polynomial(terms, self._with(other))

    def times(self, length: Maximum | int | Fraction) -> Polynomial:
        """So many times."""
        if isinstance(length, Maximum):
            return Polynomial({tuple(sorted((*k, length))): v for k, v in self.terms.items()}, self.unbounded)
        return Polynomial({k: v * length for k, v in self.terms.items() if length}, self.unbounded)

    def _with(self, other: Polynomial) -> tuple[Unbounded, ...]:
        return tuple(dict.fromkeys((*self.unbounded, *other.unbounded)))

    @property
    def maxima(self) -> dict[str, int]:
        """The variables by the names that `at` and `text` use, and the most each declares."""
        return {label: maximum.most for maximum, label in self._labels().items()}

    def _labels(self) -> dict[Maximum, str]:
        found = sorted({m for key in self.terms for m in key})
        names = [m.name for m in found]
        return {m: m.name if names.count(m.name) == 1 else f"{m.name} (max {m.most})" for m in found}

    def at(self, values: Mapping[str, int] | None = None) -> int | None:
        """The bound for those lengths, by label; those not given are as great as declared. None: there is no bound."""
        if self.unbounded:
            return None
        labels = self._labels()
        total = Fraction(0)
        for key, value in self.terms.items():
            for maximum in key:
                value *= (values or {}).get(labels[maximum], maximum.most)
            total += value
        return total.numerator // total.denominator

    def text(self) -> str:
        """As a person writes it: "31 + 7 * members + 2 * loans * members"."""
        if self.unbounded:
            return "no bound"
        labels = self._labels()
        parts = []
        for key, value in sorted(self.terms.items(), key=lambda term: (len(term[0]), term[0])):
            factors = [] if value == 1 and key else [str(value)]
            if value:
                parts.append(" * ".join([*factors, *(labels[m] for m in key)]))
        return " + ".join(parts) or "0"


def constant(value: int | Fraction) -> Polynomial:
    """A fixed cost."""
    return Polynomial({(): Fraction(value)} if value else {})


def worst(program: core.Program, function: str) -> Polynomial:
    """The most fuel that running a function of the program can use."""
    return _Analysis(program).function(function)


def check(
    program: core.Program, findings: Findings, roots: Iterable[str] | None = None, limit: int = fuel.LIMIT
) -> None:
    """Tell what of `roots` (if not given: of what a host may run) may cost too much, or has no bound."""
    analysis = _Analysis(program)
    for name in _roots(program) if roots is None else roots:
        function = program.functions[name]
        polynomial = analysis.function(name)
        for reason in polynomial.unbounded:
            findings.error(reason.code, reason.span, reason.what, label="no most is known here")
        most = polynomial.at()
        if most is not None and most > limit:
            note = f"its worst case is {polynomial.text()} = {most:,} steps, where " + (
                ", ".join(f"{n} is at most {m:,}" for n, m in polynomial.maxima.items()) or "nothing varies"
            )
            said = f"this may take {most:,} steps; one evaluation has {limit:,}"
            findings.error("CCL0403", function.span, said, notes=(note,))
        if (deep := analysis.calls(name)) > MOST_CALLS:
            findings.error("CCL0405", function.span, f"calls nest {deep} deep here; at most {MOST_CALLS} may")
        if _loops(function.body) > MOST_LOOPS:
            findings.error("CCL0404", function.span, f"loops nest more than {MOST_LOOPS} deep here")


def _roots(program: core.Program) -> Iterator[str]:
    """What a host may run by itself, each once."""
    names: dict[str, None] = {}
    for clause in program.clauses:
        names.update(dict.fromkeys((clause.guard, clause.body)))
    for role in program.roles:
        names.update(dict.fromkeys(role.requires))
    for trigger in program.triggers:
        names.update(dict.fromkeys((trigger.guard, trigger.action)))
    names.update(dict.fromkeys(p.execution for p in program.proposals))
    names.update(dict.fromkeys(program.actions))
    return (name for name in names if name in program.functions)


def _loops(block: core.Block) -> int:
    """How deep loops and comprehensions nest in a block."""
    deepest = 0
    for s in block.statements:
        for e in fuel.expressions(s):
            deepest = max(deepest, _comprehensions(e))
        for inner, ends, repeated in fuel.blocks(s):
            within = max([_loops(inner), *(_comprehensions(e) for e in ends if e is not None)])
            deepest = max(deepest, within + repeated)
    return deepest


def _comprehensions(e: core.Expr) -> int:
    own = 1 + _comprehensions(e.body) if isinstance(e, core.Comprehension) else 0
    return max([own, *map(_comprehensions, fuel.parts(e))])


_NAMED = (core.View, core.ParamValue, core.StateValue, core.RecordField)


def _called(e: core.Expr) -> str:
    """How an author knows a collection; '' for one that is only computed."""
    if isinstance(e, core.CommandField):
        return f"command.{e.name}"
    return e.name if isinstance(e, (*_NAMED, core.Local)) else ""


class _Analysis:
    def __init__(self, program: core.Program) -> None:
        self.program = program
        self._done: dict[str, Polynomial] = {}
        self._deep: dict[str, int] = {}
        self._callees: dict[str, set[str]] = {}
        self._now = ""

    def function(self, name: str) -> Polynomial:
        if name not in self._done:
            outer, self._now = self._now, name
            self._callees[name] = set()
            function = self.program.functions[name]
            self._done[name] = self.block(function.body, ())
            self._now = outer
        return self._done[name]

    def calls(self, name: str) -> int:
        """How deep calls nest from that function on."""
        if name not in self._deep:
            self.function(name)
            self._deep[name] = 1 + max(map(self.calls, sorted(self._callees[name])), default=0)
        return self._deep[name]

    def block(self, block: core.Block, ends: Iterable[core.Expr | None]) -> Polynomial:
        reached = [e for e in ends if e is not None]
        total = constant(fuel.of_block(block, reached))
        for s in block.statements:
            for e in fuel.expressions(s):
                total = self.more(e, total)
            inner = [(self.block(b, inner_ends), repeated) for b, inner_ends, repeated in fuel.blocks(s)]
            if isinstance(s, core.Loop):
                total = total.plus(self.repeated(s.over, s.most, inner[0][0].plus(constant(1)), s.span))
            elif inner:
                dearest = Polynomial()
                for polynomial, _ in inner:
                    dearest = dearest.join(polynomial)
                total = total.plus(dearest)
        for e in reached:
            total = self.more(e, total)
        return total

    def more(self, e: core.Expr, total: Polynomial) -> Polynomial:
        """The total with what an expression costs beyond its share in the block."""
        if isinstance(e, core.Call):
            self._callees[self._now].add(e.function)
            total = total.plus(self.function(e.function))
        elif isinstance(e, core.Comprehension):
            step = self.more(e.body, constant(fuel.of_step(e)))
            total = total.plus(self.repeated(e.over, e.most, step, e.span))
        elif isinstance(e, core.Op) and OPS[e.op].sized:
            for position in OPS[e.op].sized:
                total = total.plus(self.measured(e, position))
        for part in fuel.parts(e):
            total = self.more(part, total)
        return total

    def repeated(self, over: core.Expr, most: int | None, step: Polynomial, span: Span) -> Polynomial:
        if most is None:
            what = "how often this repeats has no bound: declare a maximum for what it goes over, as in `max 500`"
            return Polynomial(unbounded=(Unbounded("CCL0401", over.span if span == NOWHERE else span, what),))
        name = _called(over) if isinstance(over.type, types.Array | types.Map) else ""
        return step.times(Maximum(name, most) if name else most)

    def measured(self, e: core.Op, position: int) -> Polynomial:
        most = fuel.most_of(e, position)
        each = constant(Fraction(OPS[e.op].eighths, 8))
        arg = e.args[position]
        if most is None:
            what = "how long this takes has no bound: declare a maximum for the collection, as in `max 500`"
            return Polynomial(unbounded=(Unbounded("CCL0402", e.span, what),))
        name = _called(arg) if isinstance(arg.type, types.Array | types.Map) else ""
        return each.times(Maximum(name, most) if name else most)
