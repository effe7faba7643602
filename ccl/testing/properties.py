"""Tries a stated property on samples of what it speaks about: the edges of every range first, then values at random.

The randomness is SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) from a seed that the property's name gives, so a
run can be repeated anywhere. A counterexample is made smaller as long as it stays one. Passing is no
proof; `ccl prove` is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

from ccl import core, interpret
from ccl import types as t
from ccl.evaluation import Outcome
from ccl.host import Host, SettingSpec
from ccl.syntax import tree
from ccl.testing.results import FAILED, PASSED, Result, shown
from ccl.testing.world import Args, MadeRecord, MadeViews
from ccl.testing.world import shown as fact_shown

CASES: Final = 100
MOST_SHRINKING: Final = 500
_MASK: Final = (1 << 64) - 1
_LONGEST: Final = 8
"""Items of a list that is drawn, at most."""
_DECADES: Final = (946_684_800_000, 4_102_444_800_000)
"""Moments that are drawn without a range: the years 2000 to 2099."""
_WHOLE: Final = frozenset((t.INTEGER, t.TIMESTAMP, t.DURATION, t.DAYS, t.CLEAR_DAYS, t.WORKING_DAYS, t.MONTHS, t.DATE))
_RANGES: Final[dict[t.Type, tuple[int, int]]] = {
    t.INTEGER: (-t.I64_MAX, t.I64_MAX), t.TIMESTAMP: _DECADES, t.DATE: (10_957, 47_481), t.DURATION: (0, 10**10),
    t.DAYS: (0, 3650), t.CLEAR_DAYS: (0, 365), t.WORKING_DAYS: (0, 365), t.MONTHS: (0, 120),
}  # fmt: skip


class Draws:
    """Choices from a seed. edges: as many of the first choices of each range are its edges as it has."""

    def __init__(self, seed: int) -> None:
        self.state = seed & _MASK

    def next(self) -> int:
        """64 bits."""
        self.state = (self.state + 0x9E3779B97F4A7C15) & _MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return z ^ (z >> 31)

    def below(self, count: int) -> int:
        """One of `count` numbers from 0."""
        return (self.next() << 64 | self.next()) % count

    def one_of(self, choices: Sequence[Any]) -> Any:
        """One of these."""
        return choices[self.below(len(choices))]

    def whole(self, low: int, high: int) -> int:
        """A whole number of a range: half the time near an edge or zero, else of any size."""
        if self.below(2):
            near = [n for n in (low, low + 1, high - 1, high, 0, 1, -1) if low <= n <= high]
            return int(self.one_of(near))
        size = 1 << self.below(max(1, (high - low).bit_length() + 1))
        return low + self.below(min(high - low + 1, max(1, size)))


@dataclass(slots=True)
class Sampler:
    """Draws values of any type."""

    program: core.Program
    host: Host
    draws: Draws

    def value(self, type_: t.Type, low: Any = None, high: Any = None) -> Any:
        """A value of the type, within bounds (inclusive) where it has them."""
        if type_ in _WHOLE or isinstance(type_, t.Money):
            least, most = _RANGES.get(type_, (-t.I64_MAX, t.I64_MAX))
            return self.draws.whole(least if low is None else int(low), most if high is None else int(high))
        if type_ == t.RATIO or isinstance(type_, t.Exact):
            return self._fraction(low, high)
        plain = _PLAIN.get(type_)
        if plain is not None:
            return self.draws.one_of(plain)
        return _COMPOUND[type(type_)](self, type_)

    def _fraction(self, low: Any, high: Any) -> Fraction:
        below = self.draws.one_of((1, 2, 3, 100, 1000))
        least = Fraction(-100) if low is None else Fraction(low)
        most = Fraction(100) if high is None else Fraction(high)
        return least + (most - least) * Fraction(self.draws.whole(0, below), below)

    def _unit(self, type_: t.UnitCode) -> str:
        return type_.unit if type_.unit != t.OWN_UNIT else next(iter(self.program.units), "CREDIT")

    def _array(self, type_: t.Array) -> tuple[Any, ...]:
        most = _LONGEST if type_.most is None else min(_LONGEST, type_.most)
        return tuple(self.value(type_.item) for _ in range(self.draws.below(most + 1)))

    def _map(self, type_: t.Map) -> dict[Any, Any]:
        most = _LONGEST if type_.most is None else min(_LONGEST, type_.most)
        return {self.value(type_.key): self.value(type_.value) for _ in range(self.draws.below(most + 1))}

    def _option(self, type_: t.Option) -> Any:
        return (self.value(type_.item),) if self.draws.below(2) else None

    def _result(self, type_: t.Result) -> Any:
        return (True, self.value(type_.value)) if self.draws.below(2) else (False, self.value(type_.error))

    def _tuple(self, type_: t.Tuple) -> tuple[Any, ...]:
        return tuple(self.value(item) for item in type_.items)

    def _struct(self, type_: t.Struct) -> tuple[Any, ...]:
        return tuple(self.value(field_type) for _, field_type in self.program.structs[type_.name].fields)

    def _enum(self, type_: t.Enum) -> tuple[Any, ...]:
        variants = self.program.enums[type_.name].variants
        index = self.draws.below(len(variants))
        return (index, *(self.value(item) for item in variants[index].items))

    def _record(self, type_: t.Record) -> MadeRecord:
        spec = self.host.records[type_.name]
        fields = {
            f.read_as: (self.value(f.type, f.low, f.high) if not f.optional or self.draws.below(2) else None)
            for f in spec.fields
        }
        return MadeRecord(spec.name, fields, [])


_PLAIN: Final[dict[t.Type, tuple[Any, ...]]] = {
    t.BOOL: (False, True),
    t.STRING: ("", "a", "b", "meeting", "x" * 40),
    t.DID: ("did:key:ann", "did:key:ben", "did:key:cleo"),
    t.NOTHING: (None,),
}
_COMPOUND: Final[dict[type, Callable[[Sampler, Any], Any]]] = {
    t.UnitCode: Sampler._unit, t.Array: Sampler._array, t.Map: Sampler._map, t.Option: Sampler._option,
    t.Result: Sampler._result, t.Tuple: Sampler._tuple, t.Struct: Sampler._struct, t.Enum: Sampler._enum,
    t.Record: Sampler._record,
}  # fmt: skip


@dataclass(slots=True)
class Sampled:
    """A world drawn as it is read: the same reading gives the same value."""

    sampler: Sampler
    bounds: dict[str, core.Bound]
    views: Any = None
    command: Any = None
    params: Mapping[str, Any] = field(default_factory=dict)
    state: Mapping[str, Any] = field(default_factory=dict)
    caller: str = "did:key:ann"
    now: int = _DECADES[0]
    read: dict[tuple[str, Args], Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        program = self.sampler.program
        self.params = {p.name: self.sampler.value(p.type, p.low, p.high) for p in program.params}
        self.state = {s.name: s.initial for s in program.states}
        self.now = self.sampler.draws.whole(*_DECADES)
        self.views = _SampledViews(self)

    def view(self, name: str, args: Args) -> Any:
        """What a view says; of `members` as many as the property is about."""
        if (name, args) not in self.read:
            spec = self.sampler.host.settings[args[0]] if name == "setting" else self.sampler.host.views[name]
            bound = self.bounds.get({"member_count": "members"}.get(name, name))
            type_ = spec.type if isinstance(spec, SettingSpec) else spec.result
            low = getattr(spec, "low", None) if bound is None or bound.low is None else bound.low
            high = getattr(spec, "high", None) if bound is None or bound.high is None else bound.high
            self.read[name, args] = self.sampler.value(type_, low, high)
        return self.read[name, args]


class _SampledViews(MadeViews):
    """Views that draw."""

    def __init__(self, world: Sampled) -> None:
        super().__init__({}, [])
        self._world = world

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__") or (name not in self._world.sampler.host.views and name != "setting"):
            raise AttributeError(name)
        return lambda *args: self._world.view(name, args)


@dataclass(frozen=True, slots=True)
class _Trial:
    """Arguments and the world they were tried in."""

    args: tuple[Any, ...]
    world: Sampled
    outcome: Outcome


def tried(program: core.Program, host: Host, declared: tree.PropertyDecl, function: str, cases: int = CASES,
          observe: Callable[[core.Expr, Any], None] | None = None) -> Result:  # fmt: skip
    """A property on so many samples: passed, or failed with the smallest counterexample that was found."""
    name = declared.name.text
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    sampler = Sampler(program, host, Draws(seed))
    bounds = {bound.name: bound for bound in program.bounds.get(name, ())}
    params = program.functions[function].params
    fuel = 0
    for _ in range(cases):
        world = Sampled(sampler, bounds)
        args = tuple(_drawn(sampler, bounds.get(param), type_) for param, type_ in params)
        outcome = interpret.run(program, function, args, world, observe=observe)
        fuel = max(fuel, outcome.fuel)
        if not _holds(outcome):
            found = _shrunk(program, function, _Trial(args, world, outcome), bounds)
            return Result(f"property {name}", "", FAILED, declared.span, _story(program, function, found), (), fuel)
    return Result(f"property {name}", f"{cases} samples", PASSED, declared.span, "", (), fuel)


def _drawn(sampler: Sampler, bound: core.Bound | None, type_: t.Type) -> Any:
    return sampler.value(type_) if bound is None else sampler.value(type_, bound.low, bound.high)


def _holds(outcome: Outcome) -> bool:
    return outcome.ended_well and outcome.value is True


def _shrunk(program: core.Program, function: str, found: _Trial, bounds: dict[str, core.Bound]) -> _Trial:
    """The same counterexample with smaller arguments, in the same world."""
    params = program.functions[function].params
    left = MOST_SHRINKING
    smaller = True
    while smaller:
        smaller = False
        for i, (name, type_) in enumerate(params):
            for value in _smaller(found.args[i], type_, bounds.get(name)):
                if left == 0:
                    return found
                left -= 1
                args = (*found.args[:i], value, *found.args[i + 1 :])
                outcome = interpret.run(program, function, args, found.world)
                if not _holds(outcome):
                    found, smaller = _Trial(args, found.world, outcome), True
                    break
    return found


def _smaller(value: Any, type_: t.Type, bound: core.Bound | None) -> Iterator[Any]:
    """Simpler values than this, the simplest first; those of a range stay in it."""
    if isinstance(value, bool):
        if value:
            yield False
    elif isinstance(value, int):
        yield from _nearer(value, bound)
    elif isinstance(value, Fraction):
        if value.denominator > 1 and _within(whole := Fraction(int(value)), bound):
            yield whole
    elif isinstance(type_, t.Array):
        yield from (value[:i] + value[i + 1 :] for i in range(len(value)))
    elif isinstance(value, dict):
        yield from ({k: v for k, v in value.items() if k != key} for key in value)


def _nearer(value: int, bound: core.Bound | None) -> Iterator[int]:
    """Whole numbers nearer to the simplest one of the range, first the farthest steps."""
    target = 0
    if bound is not None and bound.low is not None:
        target = max(target, int(bound.low))
    if bound is not None and bound.high is not None:
        target = min(target, int(bound.high))
    step = value - target
    while step:
        yield value - step
        step = step // 2 if step > 0 else -(-step // 2)


def _within(value: Any, bound: core.Bound | None) -> bool:
    low, high = (None, None) if bound is None else (bound.low, bound.high)
    return (low is None or value >= low) and (high is None or value <= high)


def _story(program: core.Program, function: str, found: _Trial) -> str:
    """A counterexample with its numbers."""
    said = [f"{name} = {shown(value, type_, program)}"
            for (name, type_), value in zip(program.functions[function].params, found.args, strict=True)]  # fmt: skip
    seen: set[str] = set()
    for fact in found.outcome.facts:
        site = program.functions[fact.function].sites[fact.site]
        if site.kind in ("view", "param", "state"):
            name = fact_shown(site.name, fact.args)
            if name not in seen:
                seen.add(name)
                said.append(f"{name} = {shown(fact.value, site.type, program)}")
    given = "with " + ", ".join(said) if said else "always"
    if found.outcome.trap is not None:
        return f"{given}: it traps ({found.outcome.trap.code.replace('_', ' ')})"
    return f"{given}: it is false"
