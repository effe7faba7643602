"""The properties of a contract, asked and answered: those that it states, and the standard ones.

Stated: the function of a property gives true for all arguments within its ranges, and does not trap. Standard: of votes
(`ccl.proof.votes`), of limits, of payouts and of arithmetic, each of every clause, action and function that it can be
asked of. A counterexample is told after the interpreter has played it; one that it does not agree with is "unknown".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import z3

from ccl import core, interpret, types
from ccl.evaluation import Outcome
from ccl.host import Host
from ccl.proof import replay, standard, votes
from ccl.proof.answers import Answer, Verdict
from ccl.proof.cases import Limits
from ccl.proof.limits import stated_limits
from ccl.proof.solving import Effort, Example, Never, ask_of
from ccl.proof.standard import STANDARD, Standard
from ccl.proof.story import Teller
from ccl.proof.subjects import Played, Subject, Walked, play, subjects, walk
from ccl.proof.symbolic import Run
from ccl.proof.symbols import Shapes, Symbols
from ccl.proof.terms import TOO_DEEP, Unprovable, both, choose, either, known, less, negation

NUMBER_TRAPS = frozenset({"overflow", "ratio_range"})
MEMBER_VIEWS = frozenset({"members", "member_count"})
"""Views that say how many members there are: `for members >= 5` speaks of them in a stated property."""
POOLS = frozenset({"pool", "surplus", "budget", "fund", "funds", "profit", "profits", "pot", "purse", "treasury"})
"""Words in the name of an amount that make it the pool from which an action pays."""
_AGAIN = "an example was found that the interpreter does not bear out"


def prove(program: core.Program, host: Host, only: str = "", effort: Effort | None = None) -> Iterator[Answer]:
    """Every property in turn, as soon as it is answered. only: the name of one."""
    accepted = dict(program.accepts)
    for answer in _all(program, host, only, effort or Effort()):
        yield _accepted(answer, accepted)


def _all(program: core.Program, host: Host, only: str, effort: Effort) -> Iterator[Answer]:
    for declared, function in program.properties:
        name = declared.name.text
        if name not in STANDARD and only in ("", name):
            yield _stated(program, host, name, function, effort)
    electorates = {
        name: bound.low for name, bounds in program.bounds.items() for bound in bounds
        if name in STANDARD and bound.name == "members" and bound.low is not None
    }  # fmt: skip
    if not only or (only in STANDARD and STANDARD[only].of == "vote"):
        yield from (a for a in votes.answers(program, host, electorates, effort) if only in ("", a.name))
    for which, ask in _STANDARD.items():
        if only in ("", which.name):
            for subject in subjects(program):
                yield from ask(program, host, subject, effort)


def _accepted(answer: Answer, accepted: Mapping[str, str]) -> Answer:
    """A counterexample that the contract accepts by name is an answer of its own."""
    which = STANDARD.get(answer.name)
    names = [answer.name, which.accepted_as] if which else [answer.name]
    reason = next((accepted[name] for name in names if name in accepted), None)
    if reason is None:
        return answer
    if answer.verdict is Verdict.BROKEN:
        return replace(answer, verdict=Verdict.ACCEPTED, reason=reason)
    return answer


def _walked(program: core.Program, host: Host, subject: Subject) -> Walked | str:
    """A subject walked, or why it cannot be."""
    try:
        return walk(program, host, subject, Limits())
    except Unprovable as why:
        return str(why)
    except RecursionError:
        return TOO_DEEP


def _base(which: Standard, subject: Subject) -> Answer:
    return Answer(which.name, subject.label, Verdict.UNKNOWN, which.text, span=subject.span)


def _settled(base: Answer, found: Any, tell: Callable[[Example], Answer | None]) -> Answer:
    """The answer to a question that was asked: `tell` makes the story of an example, None if it does not stand up."""
    if isinstance(found, Never):
        return replace(base, verdict=Verdict.BOUNDED if found.bounds else Verdict.PROVED, bounds=found.bounds)
    if isinstance(found, Example):
        try:
            told = tell(found)
        except Unprovable as why:
            return replace(base, reason=str(why))
        return replace(base, reason=_AGAIN) if told is None else told
    return replace(base, reason=found.reason)


# -- stated properties -------------------------------------------------------------------------------------------------


def _stated(program: core.Program, host: Host, name: str, function: str, effort: Effort) -> Answer:
    declared = program.functions[function]
    bounds = {bound.name: bound for bound in program.bounds.get(name, ())}
    members = bounds.get("members")
    whom = f"for members >= {members.low}" if members is not None and members.low is not None else ""
    base = Answer(name, f"property {name}", Verdict.UNKNOWN, "", whom, span=declared.span)
    try:
        symbols = Symbols(Shapes(program.structs, program.enums), host)
        run = Run(program, symbols, Limits())
        args = []
        for param, type_ in declared.params:
            bound = bounds.get(param, core.Bound(param))
            args.append(symbols.read("argument", param, type_, (), (), (bound.low, bound.high)))
        value = run.call(function, args)
        _electorate(symbols, members)
    except Unprovable as why:
        return replace(base, reason=str(why))
    except RecursionError:
        return replace(base, reason=TOO_DEEP)
    broken = either(both(run.live, negation(value)), *(trap.when for trap in run.traps),
                    *(refusal.when for refusal in run.refusals))  # fmt: skip

    def tell(found: Example) -> Answer | None:
        values = [found.reader.value(a, t) for a, (_, t) in zip(args, declared.params, strict=True)]
        read = replay.readings(found.reader)
        world = replay.world(program, read)
        outcome = interpret.run(program, function, values, world)
        read = tuple(one for one in read if world.was_read(one))
        if outcome.ended_well and outcome.value is True:
            return None
        teller = Teller(program, host).of(read)
        said = teller.outcome(outcome, types.BOOL)
        end = "Then the property does not hold." if outcome.ended_well else f"Then it cannot be told: {said}."
        return replace(base, verdict=Verdict.BROKEN, story=(*teller.sentences(read), end), values=teller.values(read))

    return _settled(base, ask_of(run, broken, effort=effort), tell)


def _electorate(symbols: Symbols, members: core.Bound | None) -> None:
    """What `for members >= n` says of the views that count members."""
    if members is not None:
        for reading in symbols.readings.values():
            if reading.kind == "view" and reading.name in MEMBER_VIEWS:
                symbols.bound(reading.value, (members.low, members.high))


# -- no overflow -------------------------------------------------------------------------------------------------------


def _no_overflow(program: core.Program, host: Host, subject: Subject, effort: Effort) -> Iterator[Answer]:
    base = _base(standard.NO_OVERFLOW, subject)
    walked = _walked(program, host, subject)
    if isinstance(walked, str):
        yield replace(base, reason=walked)
        return
    run = walked.run
    broken = either(*(trap.when for trap in run.traps if not NUMBER_TRAPS.isdisjoint(trap.codes)))
    if broken is False and not run.cuts:
        yield replace(base, verdict=Verdict.PROVED)
        return

    def tell(found: Example) -> Answer | None:
        played = play(program, walked, found.reader)
        trap = played.outcome.trap
        if trap is None or trap.code not in NUMBER_TRAPS:
            return None
        return _story(base, program, host, played, trap.span)

    yield _settled(base, ask_of(run, broken, effort=effort), tell)


def _story(base: Answer, program: core.Program, host: Host, played: Played, span: Any) -> Answer:
    teller = Teller(program, host).of(played.read)
    end = f"Then {teller.outcome(played.outcome, played.function.result)}."
    story = (*teller.sentences(played.read), end)
    return replace(base, verdict=Verdict.BROKEN, story=story, values=teller.values(played.read), span=span)


# -- limits ------------------------------------------------------------------------------------------------------------


def _limits(program: core.Program, host: Host, subject: Subject, effort: Effort) -> Iterator[Answer]:
    """Every limit that a clause works out for a field of the command is at least 0."""
    if subject.kind != "clause":
        return
    walked = _walked(program, host, subject)
    base = _base(standard.LIMITS_NEVER_NEGATIVE, subject)
    if isinstance(walked, str):
        yield replace(base, reason=walked)
        return
    limits = stated_limits(walked)
    if not limits:
        return
    broken = either(*(both(limit.when, less(limit.value, 0)) for limit in limits))

    def tell(found: Example) -> Answer | None:
        read = replay.readings(found.reader)
        teller = Teller(program, host).of(read)
        for limit in limits:
            if not found.reader.scalar(both(limit.when, less(limit.value, 0))):
                continue
            value = limit.played(program, walked, read)
            if value is not None and value < 0:
                end = f"Then the limit for `{teller.field(limit.field)}` is {teller.value(value, limit.expr.type)}."
                return replace(base, verdict=Verdict.BROKEN, story=(*teller.sentences(read), end),
                               values=teller.values(read), span=limit.expr.span)  # fmt: skip
        return None

    yield _settled(base, ask_of(walked.run, broken, effort=effort), tell)


# -- payouts -----------------------------------------------------------------------------------------------------------


def _payouts(program: core.Program, host: Host, subject: Subject, effort: Effort) -> Iterator[Answer]:
    """By unit, the sum of the amounts of an action's commands is at most its pool."""
    if subject.kind != "action":
        return
    base = _base(standard.PAYOUTS_WITHIN_POOL, subject)
    walked = _walked(program, host, subject)
    if isinstance(walked, str):
        yield replace(base, reason=walked)
        return
    for unit, paid in _paid(walked.run).items():
        pools = _pools(walked.run, unit, paid)
        if pools is None:
            continue
        if len(pools) != 1:
            yield replace(base, reason="it is not clear from which amount it pays: call it `pool`, or state a property")
            continue
        pool = pools[0]
        of = replace(base, text=f"What it pays out never exceeds `{pool.name}`.")
        broken = both(walked.well, less(choose(less(pool.value, 0), 0, pool.value), paid))
        yield _settled(of, ask_of(walked.run, broken, effort=effort), _teller(program, host, walked, of, pool))


def _teller(program: core.Program, host: Host, walked: Walked, base: Answer, pool: Any) -> Any:
    def tell(found: Example) -> Answer | None:
        played = play(program, walked, found.reader)
        most = max(found.reader.value(pool.value, pool.type), 0)
        paid = _sum(played.outcome, walked.run, pool.type)
        if not played.outcome.ended_well or paid <= most:
            return None
        teller = Teller(program, host).of(played.read)
        end = f"Then it pays {teller.value(paid, pool.type)}, and `{pool.name}` is {teller.value(most, pool.type)}."
        story = (*teller.sentences(played.read), end)
        return replace(base, verdict=Verdict.BROKEN, story=story, values=teller.values(played.read))

    return tell


def _paid(run: Run) -> dict[str, Any]:
    """By unit, what the commands of a run pay: the sum of their amounts, none of which counts below 0."""
    paid: dict[str, Any] = {}
    for case in run.commands:
        for _, type_, value in case.fields:
            if isinstance(type_, types.Money):
                amount = choose(both(case.when, less(0, value)), value, 0)
                paid[type_.unit] = paid.get(type_.unit, 0) + amount
    return paid


def _sum(outcome: Outcome, run: Run, type_: types.Type) -> int:
    """The same of an evaluation."""
    money = {(case.name, name) for case in run.commands for name, of, _ in case.fields if of == type_}
    return sum(
        max(value, 0) for asked in outcome.commands for name, value in asked.fields if (asked.name, name) in money
    )  # fmt: skip


def _pools(run: Run, unit: str, paid: Any) -> list[Any] | None:
    """The amounts from which it may be that an action pays; None where nothing is shared out."""
    amounts = [r for r in run.symbols.readings.values() if r.type == types.Money(unit)]
    named = [r for r in amounts if POOLS & set(r.name.lower().split("_"))]
    if named:
        return named
    if known(paid):
        return None
    ids = _symbols_in(paid)
    used = [r for r in amounts if not known(r.value) and r.value.get_id() in ids]
    single = [c for c in run.commands if any(t == types.Money(unit) for _, t, _ in c.fields)]
    if not used or (len(single) == 1 and any(v is r.value for _, _, v in single[0].fields for r in used)):
        return None  # it pays what it is told to pay
    return used


def _symbols_in(term: Any) -> set[int]:
    """The ids of all terms within a term."""
    seen: set[int] = set()
    pending = [term]
    while pending:
        node = pending.pop()
        if z3.is_expr(node) and node.get_id() not in seen:
            seen.add(node.get_id())
            pending.extend(node.children())
    return seen


_STANDARD: Mapping[Standard, Callable[[core.Program, Host, Subject, Effort], Iterator[Answer]]] = {
    standard.LIMITS_NEVER_NEGATIVE: _limits,
    standard.PAYOUTS_WITHIN_POOL: _payouts,
    standard.NO_OVERFLOW: _no_overflow,
}
