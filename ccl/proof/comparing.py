"""Two versions of a contract side by side: for every command, whether the new one allows what the old one did.

Both are judged in one world, of which nothing is known: the same command, views, settings and state. A parameter that
both declare alike is one and the same value anywhere in its range; where the declarations differ, it is what a decision
has set, if it has, within both ranges, else each version's own first value. Where there is a case that one permits and
the other refuses, both rulebooks judge that case again with the interpreter, and it is told with what they say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import z3

from ccl import core, rulebook, semantics
from ccl.host import Host
from ccl.proof import replay, thresholds_compared
from ccl.proof.answers import Change, Relation, Witness
from ccl.proof.fingerprint import Fingerprints, governed
from ccl.proof.judging import Judge
from ccl.proof.replay import Read
from ccl.proof.solving import Effort, Example, Finding, Never, Unsure, ask
from ccl.proof.story import Teller
from ccl.proof.symbols import Reader, Shapes, Symbols
from ccl.proof.terms import TOO_DEEP, Unprovable, both, choose, either, equal, negation
from ccl.rulebook import Reference, Rulebook, Ruling, Verdict


def changes(old: core.Program, new: core.Program, host: Host, effort: Effort | None = None) -> Iterator[Change]:
    """How the new version differs, command by command, then by types of decision, parameters, actions."""
    names = governed(old, new, host)
    if semantics.semantic_hash(old) == semantics.semantic_hash(new):
        yield from (Change("command", name, Relation.EQUIVALENT) for name in names)
        return
    units = tuple(sorted({c.unit for program in (old, new) for c in program.clauses if c.unit}))
    before, after = Fingerprints(old, host), Fingerprints(new, host)
    for name in names:
        if before.command(name, units) == after.command(name, units):
            yield Change("command", name, Relation.EQUIVALENT)
        else:
            yield _command(old, new, host, name, units, effort or Effort())
    yield from thresholds_compared.proposals(old, new, host, effort)
    yield from _declarations(old, new)
    yield from _actions(old, new, before, after)


# -- commands ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Shared:
    """The world that both versions judge in."""

    symbols: Symbols
    old_params: Mapping[str, Any]
    new_params: Mapping[str, Any]
    defaults: tuple[Any, ...]
    """What an example should say of the parameters, if it can: that they are as they are unless set."""


def _command(old: core.Program, new: core.Program, host: Host, name: str, units: Sequence[str],
             effort: Effort) -> Change:  # fmt: skip
    try:
        shared = _shared(old, new, host)
        judges = (Judge(old, host, shared.symbols, name, shared.old_params),
                  Judge(new, host, shared.symbols, name, shared.new_params))  # fmt: skip
        was, is_ = (judge.judged(units) for judge in judges)
    except Unprovable as why:
        return Change("command", name, Relation.UNKNOWN, reason=str(why))
    except RecursionError:
        return Change("command", name, Relation.UNKNOWN, reason=TOO_DEEP)
    cuts = (*was.cuts, *is_.cuts)
    whole = negation(either(*(cut.when for cut in cuts)))
    teller = _Cases(old, new, host, name, shared, units)

    def asked(what: Any) -> Finding:
        return ask(shared.symbols, both(whole, what), cuts=cuts, reached=whole, guesses=(*was.guesses, *is_.guesses),
                   effort=effort, prefer=shared.defaults)  # fmt: skip

    refused = asked(both(was.permits, negation(is_.permits)))
    allowed = asked(both(negation(was.permits), is_.permits))
    return _related(name, refused, allowed, teller)


def _related(name: str, refused: Finding, allowed: Finding, teller: _Cases) -> Change:
    """The relation that the two questions give, with a witness of each that has one."""
    witnesses: list[Witness] = []
    for found, before in ((refused, True), (allowed, False)):
        if isinstance(found, Example):
            try:
                told = teller.told(found.reader, before)
            except Unprovable as why:
                return Change("command", name, Relation.UNKNOWN, reason=str(why))
            if told is None:
                return Change("command", name, Relation.UNKNOWN,
                              reason="a case was found in which the interpreter sees no difference")  # fmt: skip
            witnesses.append(told)
    bounds = tuple(dict.fromkeys(b for f in (refused, allowed) if isinstance(f, Never) for b in f.bounds))
    unsure = next((f.reason for f in (refused, allowed) if isinstance(f, Unsure)), "")
    if unsure:
        return Change("command", name, Relation.UNKNOWN, tuple(witnesses), bounds, unsure)
    stricter, wider = isinstance(refused, Example), isinstance(allowed, Example)
    if not stricter and not wider and bounds:
        return Change("command", name, Relation.UNKNOWN, (), bounds, f"they agree up to {', '.join(bounds)}")
    relation = {
        (False, False): Relation.EQUIVALENT, (True, False): Relation.STRICTER, (False, True): Relation.LOOSER,
        (True, True): Relation.INCOMPARABLE,
    }[stricter, wider]  # fmt: skip
    return Change("command", name, relation, tuple(witnesses), bounds)


def _shared(old: core.Program, new: core.Program, host: Host) -> _Shared:
    symbols = Symbols(Shapes({**old.structs, **new.structs}, {**old.enums, **new.enums}), host)
    if any(old.structs[n] != new.structs[n] for n in old.structs.keys() & new.structs.keys()) or any(
        old.enums[n] != new.enums[n] for n in old.enums.keys() & new.enums.keys()
    ):
        message = "a struct or enum of one name is another type now"
        raise Unprovable(message)
    before, after = {p.name: p for p in old.params}, {p.name: p for p in new.params}
    old_params: dict[str, Any] = {}
    new_params: dict[str, Any] = {}
    for name in sorted(before.keys() & after.keys()):
        a, b = before[name], after[name]
        if a.type == b.type and (a.default, a.low, a.high) == (b.default, b.low, b.high):
            continue  # each version reads the one symbol by itself
        if a.type != b.type:
            old_params[name] = symbols.read("param", f"{name} (old)", a.type, (), (), (a.low, a.high))
            new_params[name] = symbols.read("param", f"{name} (new)", b.type, (), (), (b.low, b.high))
        else:
            old_params[name], new_params[name] = _parameter(symbols, a, b)
    defaults = [
        equal(symbols.read("param", p.name, p.type, (), (), (p.low, p.high)), symbols.constant(p.default, p.type))
        for name, p in sorted(before.items()) if name not in old_params and name in after and _settable(p)
    ]  # fmt: skip
    return _Shared(symbols, old_params, new_params, tuple(d for d in defaults if d is not True))


def _settable(p: core.Parameter) -> bool:
    """Whether a parameter is a symbol: one without a range that nobody sets is its first value."""
    return p.low is not None or p.high is not None or bool(p.changed_by)


def _parameter(symbols: Symbols, a: core.Parameter, b: core.Parameter) -> tuple[Any, Any]:
    """A parameter's value in either version, of which the first value or the range differs."""
    first, second = symbols.constant(a.default, a.type), symbols.constant(b.default, b.type)
    ranges = [p for p in (a, b) if p.low is not None or p.high is not None]
    if len(ranges) < 2:  # without a range it is what it is: no decision sets it
        return first if a not in ranges else symbols.read("param", a.name, a.type, (), (), (a.low, a.high)), (
            second if b not in ranges else symbols.read("param", b.name, b.type, (), (), (b.low, b.high)))  # fmt: skip
    lows = [p.low for p in (a, b) if p.low is not None]
    highs = [p.high for p in (a, b) if p.high is not None]
    low, high = (max(lows) if lows else None), (min(highs) if highs else None)
    if low is not None and high is not None and low > high:
        return first, second
    value = symbols.read("param", a.name, a.type, (), (), (low, high))
    decided = z3.Bool(f"{a.name} has been set by a decision")
    return choose(decided, value, first), choose(decided, value, second)


class _Cases:
    """Tells a case in which the two versions differ, after both have judged it with the interpreter."""

    def __init__(self, old: core.Program, new: core.Program, host: Host, name: str, shared: _Shared,
                 units: Sequence[str]) -> None:  # fmt: skip
        self.old = old
        self.new = new
        self.host = host
        self.name = name
        self.shared = shared
        self.units = units

    def told(self, reader: Reader, permitted: bool) -> Witness | None:
        """The case in words; None if the interpreter does not find that only the old version (`permitted`), or only
        the new one, permits it."""
        read = replay.readings(reader)
        worlds = [self._world(self.old, self.shared.old_params, reader, read),
                  self._world(self.new, self.shared.new_params, reader, read)]  # fmt: skip
        sides = [self._side(self.old, worlds[0], read), self._side(self.new, worlds[1], read)]
        if (sides[0][0], sides[1][0]) != (permitted, not permitted):
            return None
        teller = Teller(self.new, self.host).of(read)
        differing = self._differing(reader, teller)
        part = (one for one in read if any(world.was_read(one) for world in worlds))
        kept = [one for one in part if self._telling(one, differing)]
        case = (*teller.sentences(kept, self.name), *differing.values())
        return Witness(case, sides[0][1], sides[1][1], teller.values(kept))

    def _world(self, program: core.Program, params: Mapping[str, Any], reader: Reader,
               read: tuple[Read, ...]) -> replay.ExampleWorld:  # fmt: skip
        declared = {p.name: p.type for p in program.params}
        own = {name: reader.value(value, declared[name]) for name, value in params.items()}
        return replay.world(program, read, own)

    def _side(self, program: core.Program, world: replay.ExampleWorld, read: tuple[Read, ...]) -> tuple[bool, str]:
        """Whether a version permits it, and what it says."""
        spec = self.host.commands.get(self.name)
        field = spec.field(spec.unit_field) if spec is not None and spec.unit_field else None
        unit = getattr(world.command, field.read_as, "") if field else ""
        verdict = Rulebook(program, self.host, Reference(program)).judge(self.name, world, unit or "")
        missing = [a for _, a in verdict.approvals if not _given(a, read, world.command, self._attribute)]
        return verdict.permitted and not missing, _said(program, self.host, verdict, missing, read)

    def _attribute(self, field: str) -> str:
        """What the host's object calls a field of the command."""
        spec = self.host.commands.get(self.name)
        found = spec.field(field) if spec is not None else None
        return found.read_as if found is not None else field

    def _differing(self, reader: Reader, teller: Teller) -> dict[str, str]:
        """The parameters whose value is not the same in both, as sentences."""
        found: dict[str, str] = {}
        before = {p.name: p.type for p in self.old.params}
        after = {p.name: p.type for p in self.new.params}
        for name in self.shared.old_params:
            old = reader.value(self.shared.old_params[name], before[name])
            new = reader.value(self.shared.new_params[name], after[name])
            if old != new:
                found[name] = (f"The parameter `{name}` is {teller.value(old, before[name])} in the old version and "
                               f"{teller.value(new, after[name])} in the new one.")  # fmt: skip
        return found

    def _telling(self, one: Read, differing: Mapping[str, str]) -> bool:
        return one.kind != "param" or one.name.removesuffix(" (old)").removesuffix(" (new)") not in differing


def _given(asked: core.Approval, read: Sequence[Read], command: Any, attribute: Callable[[str], str]) -> bool:
    """Whether an approval is not needed in the case, or has been given."""
    settings = {one.args[0]: one.value for one in read if one.kind == "view" and one.name == "setting"}
    if asked.above and asked.of:
        amount = getattr(command, attribute(asked.of), None)
        if amount is None or amount <= settings.get(asked.above, 0):
            return True
    need = asked.need if isinstance(asked.need, int) else settings.get(asked.need, 0)
    key = f"{asked.by} {asked.whose} within {asked.days} days"
    return bool(next((one.value for one in read if one.kind == "approvals" and one.name == key), 0) >= need)


def _said(program: core.Program, host: Host, verdict: Verdict, missing: Sequence[core.Approval],
          read: Sequence[Read]) -> str:  # fmt: skip
    """What a version says to a case."""
    if missing:
        asked = missing[0]
        return f"not before {asked.need} {asked.by} ({asked.whose}) have approved within {asked.days} days"
    if verdict.permitted:
        return "permitted"
    under = f" under {rulebook.cited(verdict.standing)}" if verdict.standing is not None else ""
    if verdict.trap is not None:
        return f"refused{under}: it cannot be worked out ({verdict.trap.code})"
    if verdict.refusal is not None:
        teller = Teller(program, host).of(read)
        return f"refused{under}: {teller.requirement(verdict.refusal.function, verdict.refusal.number)}"
    if verdict.ruling is Ruling.REFUSE and verdict.roles:
        return f"refused: it takes the role {' or '.join(verdict.roles)}"
    return "refused: no clause speaks of it"


# -- declarations and actions ------------------------------------------------------------------------------------------


def _declarations(old: core.Program, new: core.Program) -> Iterator[Change]:
    """Parameters that may be set otherwise, or by others."""
    before, after = {p.name: p for p in old.params}, {p.name: p for p in new.params}
    for name in sorted(before.keys() | after.keys()):
        a, b = before.get(name), after.get(name)
        if a is None or b is None:
            word = "new" if a is None else "gone"
            yield Change("parameter", name, Relation.EQUIVALENT, notes=(f"It is {word}; what reads it is told above.",))
            continue
        notes = _parameter_notes(a, b, Teller(old, _NO_HOST), Teller(new, _NO_HOST))
        if notes:
            yield Change("parameter", name, _range_relation(a, b), notes=tuple(notes))


_NO_HOST = Host()


def _parameter_notes(a: core.Parameter, b: core.Parameter, was: Teller, is_: Teller) -> list[str]:
    notes = []
    if a.type != b.type:
        return [f"It was {a.type} and is {b.type}."]
    if a.default != b.default:
        notes.append(f"Unless set, it is {is_.value(b.default, b.type)}; it was {was.value(a.default, a.type)}.")
    if (a.low, a.high) != (b.low, b.high):
        notes.append(f"It can be set within {_range(b, is_)}; before, within {_range(a, was)}.")
    if a.changed_by != b.changed_by:
        notes.append(f"It is set by {b.changed_by or 'nobody'}; before, by {a.changed_by or 'nobody'}.")
    return notes


def _range(p: core.Parameter, teller: Teller) -> str:
    low, high = ("any" if v is None else teller.value(v, p.type) for v in (p.low, p.high))
    return f"{low} to {high}"


def _range_relation(a: core.Parameter, b: core.Parameter) -> Relation:
    """Whether it can be set to what it could not before."""
    if a.type != b.type or a.changed_by != b.changed_by:
        return Relation.UNKNOWN
    if (a.low, a.high) == (b.low, b.high):
        return Relation.EQUIVALENT
    wider = [v is None or (w is not None and (v < w if down else v > w))
             for v, w, down in ((b.low, a.low, True), (b.high, a.high, False)) if v != w]  # fmt: skip
    narrower = [not w for w in wider]
    if all(wider):
        return Relation.LOOSER
    return Relation.STRICTER if all(narrower) else Relation.INCOMPARABLE


def _actions(old: core.Program, new: core.Program, before: Fingerprints, after: Fingerprints) -> Iterator[Change]:
    """Actions, executions and triggers that do something else: there is no stricter or looser of what is done."""
    was, is_ = _done(old, before), _done(new, after)
    for name in sorted(was.keys() | is_.keys()):
        if was.get(name) != is_.get(name):
            word = "is new" if name not in was else "is gone" if name not in is_ else "does something else"
            yield Change("action", name, Relation.UNKNOWN, reason=f"it {word}: what it does has to be read")


def _done(program: core.Program, prints: Fingerprints) -> dict[str, Any]:
    names = {unique: name for name, unique in program.exports.items()}
    found: dict[str, Any] = {names.get(f, f): prints.function(f) for f in program.actions if f in program.functions}
    for p in program.proposals:
        if p.execution:
            found[f"the execution of {p.name}"] = prints.function(p.execution)
    for t in program.triggers:
        when = (t.targets, t.every_months, t.every_ms, prints.function(t.guard) if t.guard else b"")
        found[f"trigger {t.name}"] = (when, prints.function(t.action))
    return found
