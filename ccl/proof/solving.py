"""Asking the solver: whether something can happen, with an example that has been told all that is known.

An operation that stands as an unknown function (a date in a time zone, the shares of a split) is told to the solver for
the very arguments of an example, and the question asked again, until the example holds for the operation itself
(counterexample-guided refinement: Clarke et al., CAV 2000). Examples with small numbers are looked for first. The
solver works within a fixed measure of work besides time, and from a fixed seed, so that an answer is the same again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import z3

from ccl import dates, types
from ccl.evaluation import Trapped
from ccl.ops import OPS
from ccl.proof.cases import Cut
from ccl.proof.symbolic import Run
from ccl.proof.symbols import Applied, Reader, Symbols
from ccl.proof.terms import Raw, Unprovable, boolean, both, either, equal, known, leaves, negation

REFINEMENTS = 40
"""So often is the solver told more before the answer is "unknown"."""
YEAR_2026 = (1_767_225_600_000, 1_798_761_599_999)
"""A moment in an example lies there if it may lie anywhere: UTC ms."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard the solver tries one question: milliseconds, and units of its own work, some four million a second; the
    work is to run out first, so that a busy machine gives the same answer."""

    ms: int = 10_000
    work: int = 8_000_000


_WISH = Effort(2_000, 400_000)
"""So hard is a nicer example looked for, each time."""


@dataclass(frozen=True, slots=True)
class Never:
    """It cannot happen. bounds: up to which numbers of items or rounds that was looked at; empty: up to any."""

    bounds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """It can happen so."""

    reader: Reader


@dataclass(frozen=True, slots=True)
class Unsure:
    """Neither is known, for this reason."""

    reason: str


Finding = Never | Example | Unsure


def ask(symbols: Symbols, what: Any, *, cuts: Sequence[Cut] = (), reached: Any = True, guesses: Sequence[Any] = (),
        effort: Effort | None = None, prefer: Sequence[Any] = ()) -> Finding:  # fmt: skip
    """Whether `what` can hold. cuts: what was not looked at; reached: when there is anything left to look at.

    guesses: truth values that stand for what is not known: first they are all false, then anything.
    """
    question = _Question(symbols, effort or Effort(), prefer)
    if guesses:
        sure = question.example([what, *(negation(guess) for guess in guesses)])
        if isinstance(sure, Example | Unsure):
            return sure
        if not isinstance(question.example([what]), Never):
            return Unsure("whether a ratio stays within 64 bits depends on how it can be reduced")
    else:
        found = question.example([what])
        if not isinstance(found, Never):
            return found
    open_cuts = [cut for cut in cuts if not isinstance(question.plain([cut.when]), Never)]
    if not open_cuts:
        return Never()
    if isinstance(question.plain([reached]), Never):
        return Unsure(f"there is nothing to look at up to {open_cuts[0].bound}")
    return Never(tuple(dict.fromkeys(cut.bound for cut in open_cuts)))


def ask_of(run: Run, what: Any, *, effort: Effort | None = None, prefer: Sequence[Any] = ()) -> Finding:
    """The same of something that a run has come by."""
    return ask(run.symbols, what, cuts=run.cuts, reached=run.live, guesses=run.guesses, effort=effort, prefer=prefer)


class _Question:
    def __init__(self, symbols: Symbols, effort: Effort, prefer: Sequence[Any]) -> None:
        self.symbols = symbols
        self.effort = effort
        self.solver = z3.Solver()
        self._try(effort)
        self.solver.set("random_seed", 1)
        told = [*of_decisions(symbols), *symbols.axioms]
        self.solver.add(*(boolean(axiom) for axiom in told))
        self.prefer = prefer

    def _try(self, effort: Effort) -> None:
        self.solver.set("timeout", effort.ms)
        self.solver.set("rlimit", effort.work)

    def plain(self, assumed: Iterable[Any]) -> Finding:
        """Whether they can hold together, as far as the solver has been told."""
        given = [boolean(a) for a in assumed if a is not True]
        if any(z3.is_false(term) for term in given):
            return Never()
        self.solver.push()
        try:
            self.solver.add(*given)
            return self._check()
        finally:
            self.solver.pop()

    def example(self, assumed: Sequence[Any]) -> Finding:
        """Whether they can hold together; an example has small numbers if it can, and holds for every operation."""
        if any(a is False for a in assumed):
            return Never()
        given = [boolean(a) for a in assumed if a is not True]
        self.solver.push()
        try:
            self.solver.add(*given)
            found = self._refined([])
            if not isinstance(found, Example):
                return found
            self._try(_WISH)
            for wish in _wishes(self.symbols, self.prefer):
                nicer = self._refined(wish)
                if isinstance(nicer, Example):
                    return nicer
            return found
        finally:
            self._try(self.effort)
            self.solver.pop()

    def _check(self) -> Finding:
        answer = self.solver.check()
        if answer == z3.unsat:
            return Never()
        if answer == z3.sat:
            return Example(Reader(self.symbols, self.solver.model()))
        return Unsure(_why(self.solver.reason_unknown()))

    def _refined(self, wish: Sequence[Any]) -> Finding:
        """An example of which every operation is as it is, with the wish fulfilled."""
        for _ in range(REFINEMENTS):
            self.solver.push()
            self.solver.add(*wish)
            found = self._check()
            self.solver.pop()
            if not isinstance(found, Example):
                return found
            told = [fact for applied in self.symbols.applied.values() for fact in _told(found.reader, applied)]
            if not told:
                return found
            self.solver.add(*told)
        return Unsure("the calendar or the texts that it depends on have too many cases")


def of_decisions(symbols: Symbols) -> list[Any]:
    """What is certain of views where the space itself acts by a decision: a decision of some type is a decision, and
    views whose value the host then knows (`ViewSpec.in_decision`) have it."""
    views = symbols.host.views
    if "decided" not in views:
        return []
    found: list[Any] = []
    for reading in list(symbols.readings.values()):
        spec = views.get(reading.name) if reading.kind == "view" else None
        typed = reading.name == "decided" and reading.args
        if spec is None or (spec.in_decision is None and not typed):
            continue
        decided = symbols.read("view", "decided", types.BOOL)
        if typed:
            found.append(either(negation(reading.value), decided))
        else:
            value = symbols.constant(spec.in_decision, reading.type)
            found.append(either(negation(decided), equal(reading.value, value)))
    return found


def _why(reason: str) -> str:
    if "timeout" in reason or "canceled" in reason:
        return "the solver ran out of time"
    if "resource" in reason or "max. resource" in reason:
        return "the solver ran out of its measure of work"
    return "the solver could not decide it (products of unknown numbers, as a rule)"


def _told(reader: Reader, applied: Applied) -> list[Any]:
    """What the operation really gives for the arguments of the example, if the example has it otherwise."""
    symbols = reader.symbols
    values = [reader.value(arg, type_) for arg, type_ in zip(applied.args, applied.arg_types, strict=True)]
    same = both(*(
        equal(arg, symbols.constant(value, type_))
        for arg, value, type_ in zip(applied.args, values, applied.arg_types, strict=True)
        if not isinstance(arg, Raw)
    ))  # fmt: skip
    try:
        result = symbols.constant(OPS[applied.op].run(*values), applied.type)
    except Trapped:
        if applied.trapped is False or reader.scalar(applied.trapped):
            return []
        return [boolean(either(negation(same), applied.trapped))]
    right = both(negation(applied.trapped), equal(applied.value, result))
    if applied.op == "date.of_timestamp":
        same = _within_day(applied, values)
    if right is True or (right is not False and reader.scalar(right)):
        return []
    return [boolean(either(negation(same), right))]


def _within_day(applied: Applied, values: Sequence[Any]) -> Any:
    """When a moment lies on the local day on which the example's does: that day is then its date as well."""
    moment, zone = values
    day = dates.of_timestamp(moment, zone)
    first, beyond = (_start(day + more, zone) for more in (0, 1))
    if first is None or beyond is None:
        return equal(applied.args[0], moment)
    return both(applied.args[0] >= first, applied.args[0] < beyond)


def _start(day: int, zone: str) -> int | None:
    """The first moment of a local day, if that day is one: at the ends of the calendar, and where a zone skipped it, it
    is not."""
    try:
        moment = dates.start(day, zone)
    except Trapped:
        return None
    return moment if dates.of_timestamp(moment, zone) == day else None


def _wishes(symbols: Symbols, prefer: Sequence[Any]) -> Iterable[list[Any]]:
    """What an example should be like, the best first: what is preferred, moments in our days, other numbers small."""
    moments: list[Any] = []
    numbers: list[Any] = []
    few: list[Any] = []
    for reading in symbols.readings.values():
        try:
            open_leaves = [leaf for leaf in leaves(reading.value) if not known(leaf) and not z3.is_bool(leaf)]
        except Unprovable:
            continue
        if reading.type == types.TIMESTAMP:
            moments += open_leaves
        elif reading.type in (types.STRING, types.DID) or isinstance(reading.type, types.UnitCode):
            few += [leaf <= symbols.texts.spelt_out(reading.type) + 2 for leaf in open_leaves]
        elif reading.kind != "param":
            numbers += open_leaves
    ours = [term for leaf in moments for term in (leaf >= YEAR_2026[0], leaf <= YEAR_2026[1])] + few
    sizes = (20, 1_000, 100_000, 10_000_000)
    small = [[term for leaf in numbers for term in (leaf >= -most, leaf <= most)] for most in sizes]
    for wish in [prefer, []] if prefer else [[]]:
        yield from ([*wish, *ours, *size] for size in small)
    yield from (list(wish) for wish in (ours, prefer) if wish)
