"""Whether two guards can hold at once, as far as can be seen without a solver.

Two exceptions to one clause need a stated order, unless a reader sees that they never meet: one is for a status and the
other for another, one below an amount and the other from it on, one when something holds and the other when it does
not. That is what is seen here: a guard is taken apart into what must hold together (`and`, `or`, `not`, `if`), and a
set of such facts is impossible if it holds a fact and its opposite, two variants or two constants of one value, or two
intervals of one linear term that do not meet. Whatever else there is may hold: the answer is then "not seen".

Both guards are taken to read the same values, as they do when one command is judged. A guard that traps refuses, so
overflow needs no thought here. It knows functions of the core, nothing of clauses.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from ccl import core, semantics, types
from ccl.inlining import GaveUp, Inliner

NOTHING_CERTAIN: Mapping[str, Any] = {}
MOST_ALTERNATIVES = 256
"""Give up on guards that come apart into more ways to hold."""
_Fact = tuple[core.Expr, bool]
_Conjunctions = list[tuple[_Fact, ...]]


def ways(guard: core.Function, functions: Mapping[str, core.Function], enums: Mapping[str, types.EnumShape],
         certain: Mapping[str, Any] = NOTHING_CERTAIN) -> Ways:  # fmt: skip
    """The ways in which a guard can hold, each what is then certain; None if it is not of a form that is looked into.

    functions: what it may call, by name. certain: what views certainly say when the space acts by a decision (of the
    host); a decision is of one type.
    """
    try:
        conjunctions = _ways(Inliner(functions).expression(guard), True)
    except GaveUp:
        return None
    return tuple(facts for one in conjunctions if not (facts := _facts(one, enums, certain)).impossible)


def apart(first: Ways, second: Ways) -> bool:
    """Whether it is certain that two guards never hold at once."""
    if first is None or second is None or len(first) * len(second) > MOST_ALTERNATIVES:
        return False
    return all(one.clashes(other) for one in first for other in second)


def never(guard: Ways) -> bool:
    """Whether it is certain that a guard never holds."""
    return guard is not None and not guard


def disjoint(first: core.Function, second: core.Function, program: core.Program,
             certain: Mapping[str, Any] = NOTHING_CERTAIN) -> bool:  # fmt: skip
    """Whether it is certain that two guards of a program never hold at once."""
    one, other = (ways(guard, program.functions, program.enums, certain) for guard in (first, second))
    return apart(one, other)


# -- into alternatives of facts that hold together ---------------------------------------------------------------------


def _both(left: _Conjunctions, right: _Conjunctions) -> _Conjunctions:
    if len(left) * len(right) > MOST_ALTERNATIVES:
        raise GaveUp
    return [(*one, *other) for one in left for other in right]


def _either(left: _Conjunctions, right: _Conjunctions) -> _Conjunctions:
    if len(left) + len(right) > MOST_ALTERNATIVES:
        raise GaveUp
    return left + right


def _ways(expr: core.Expr, holds: bool) -> _Conjunctions:
    """The ways in which a condition holds (or fails): each a conjunction of facts."""
    match expr:
        case core.Const(value=bool(value)):
            return [()] if value is holds else []
        case core.Not():
            return _ways(expr.operand, not holds)
        case core.And() | core.Or():
            join = _both if isinstance(expr, core.And) is holds else _either
            return join(_ways(expr.left, holds), _ways(expr.right, holds))
        case core.Cond():
            then = _both(_ways(expr.test, True), _ways(expr.then, holds))
            return _either(then, _both(_ways(expr.test, False), _ways(expr.orelse, holds)))
        case core.Op(op="eq" | "ne", args=(left, core.Const(value=bool(value)))) if left.type == types.BOOL:
            return _ways(left, (expr.op == "eq") is (value is holds))
    return [((expr, holds),)]


# -- which facts cannot stand together ---------------------------------------------------------------------------------

_DECIDED = b"the space acts by a decision"
_OPPOSITE = {"lt": "ge", "ge": "lt", "gt": "le", "le": "gt", "eq": "ne", "ne": "eq"}
_TURNED = {"lt": "gt", "gt": "lt", "le": "ge", "ge": "le", "eq": "eq", "ne": "ne"}
_WHOLE = frozenset({"Integer", "Timestamp", "Duration", "Days", "ClearDays", "WorkingDays", "Months", "Date"})


Number = int | Fraction


@dataclass
class _Interval:
    """What a linear term may be."""

    low: Number | None = None
    low_open: bool = False
    high: Number | None = None
    high_open: bool = False
    not_these: set[Number] = field(default_factory=set)

    @property
    def empty(self) -> bool:
        """Whether nothing is left."""
        if self.low is None or self.high is None:
            return False
        if self.low == self.high:
            return self.low_open or self.high_open or self.low in self.not_these
        return self.low > self.high

    def meets(self, other: _Interval) -> bool:
        """Whether something lies in both."""
        both = _Interval(self.low, self.low_open, self.high, self.high_open, self.not_these | other.not_these)
        if other.low is not None:
            both.keep("gt" if other.low_open else "ge", other.low, whole=False)
        if other.high is not None:
            both.keep("lt" if other.high_open else "le", other.high, whole=False)
        return not both.empty

    def keep(self, op: str, bound: Number, whole: bool) -> None:
        """Cut by `term op bound`; whole: the term is an integer."""
        if isinstance(bound, Fraction) and bound.denominator == 1:
            bound = bound.numerator
        if op == "ne":
            self.not_these.add(bound)
        if op in ("gt", "ge", "eq"):
            self._from(bound, op == "gt", whole)
        if op in ("lt", "le", "eq"):
            self._to(bound, op == "lt", whole)

    def _from(self, bound: Number, is_open: bool, whole: bool) -> None:
        if whole:
            bound, is_open = math.floor(bound) + 1 if is_open else math.ceil(bound), False
        if self.low is None or bound > self.low:
            self.low, self.low_open = bound, is_open
        elif bound == self.low:
            self.low_open = self.low_open or is_open

    def _to(self, bound: Number, is_open: bool, whole: bool) -> None:
        if whole:
            bound, is_open = math.ceil(bound) - 1 if is_open else math.floor(bound), False
        if self.high is None or bound < self.high:
            self.high, self.high_open = bound, is_open
        elif bound == self.high:
            self.high_open = self.high_open or is_open


@dataclass
class _Choice:
    """Which variant, or which constant, a value is; and which it is not. of: how many there are (0: not known)."""

    is_: Any = None
    known: bool = False
    not_these: set[Any] = field(default_factory=set)
    of: int = 0

    @property
    def empty(self) -> bool:
        """Whether none is left."""
        return (self.known and self.is_ in self.not_these) or (self.of > 0 and len(self.not_these) == self.of)

    def meets(self, other: _Choice) -> bool:
        """Whether one is left to both."""
        if self.known and other.known and self.is_ != other.is_:
            return False
        known = self if self.known else other
        return not _Choice(known.is_, known.known, self.not_these | other.not_these, self.of).empty


@dataclass
class Facts:
    """Facts that hold together, until one cannot."""

    shapes: Mapping[str, types.EnumShape]
    certain: Mapping[str, Any]
    truths: dict[bytes, bool] = field(default_factory=dict)
    intervals: dict[tuple[tuple[bytes, int], ...], _Interval] = field(default_factory=dict)
    choices: dict[bytes, _Choice] = field(default_factory=dict)
    impossible: bool = False

    def clashes(self, other: Facts) -> bool:
        """Whether they cannot hold together with others that are possible by themselves."""
        return (
            any(other.truths.get(key, holds) is not holds for key, holds in self.truths.items())
            or any(
                key in other.intervals and not one.meets(other.intervals[key]) for key, one in self.intervals.items()
            )
            or any(key in other.choices and not one.meets(other.choices[key]) for key, one in self.choices.items())
        )

    def take(self, expr: core.Expr, holds: bool) -> None:
        """One fact more."""
        match expr:
            case core.Op(op="eq" | "ne" | "lt" | "le" | "gt" | "ge", args=(left, right)):
                self.compare(expr.op if holds else _OPPOSITE[expr.op], left, right)
            case core.IsVariant():
                self.choose(expr.target, expr.index, holds)
            case core.View(name="decided", args=(core.Const(value=str(kind)),)):
                self.pick(self.choices.setdefault(_DECIDED, _Choice()), kind, holds)
                if holds:
                    self.truth(_DECIDED, holds=True)
            case core.View(name="decided", args=()):
                self.truth(_DECIDED, holds)
            case core.View() if expr.name in self.certain:
                self.truth(_key(expr), holds)
                if holds is not self.certain[expr.name]:
                    self.truth(_DECIDED, holds=False)
            case _:
                self.truth(_key(expr), holds)

    def truth(self, key: bytes, holds: bool) -> None:
        if self.truths.setdefault(key, holds) is not holds:
            self.impossible = True

    def compare(self, op: str, left: core.Expr, right: core.Expr) -> None:
        if _numeric(left.type):
            self.linear(op, left, right)
            return
        if op not in ("eq", "ne"):
            first, second = (left, right) if op in ("lt", "ge") else (right, left)
            self.truth(b"<" + _key(first) + _key(second), op in ("lt", "gt"))
            return
        if isinstance(left, core.Const) or _variant(left) is not None:
            left, right = right, left
        variant = _variant(right)
        if variant is not None:
            self.choose(left, variant, op == "eq")
        elif isinstance(right, core.Const):
            self.equal(left, right.value, op == "eq")
        else:
            pair = b"=".join(sorted((_key(left), _key(right))))
            self.truth(pair, op == "eq")

    def equal(self, left: core.Expr, value: Any, holds: bool) -> None:
        if isinstance(left, core.Const):
            self.impossible = self.impossible or (left.value == value) is not holds
        elif isinstance(value, str | int):
            self.pick(self.choices.setdefault(_key(left), _Choice()), value, holds)
        else:
            self.truth(_key(left) + semantics.value_bytes(value), holds)

    def choose(self, target: core.Expr, index: int, holds: bool) -> None:
        if isinstance(target, core.MakeVariant):
            self.impossible = self.impossible or (target.index == index) is not holds
            return
        choice = self.choices.setdefault(b"variant of " + _key(target), _Choice(of=_variants(target.type, self.shapes)))
        self.pick(choice, index, holds)

    def pick(self, choice: _Choice, value: Any, holds: bool) -> None:
        if not holds:
            choice.not_these.add(value)
        elif not choice.known:
            choice.is_, choice.known = value, True
        elif choice.is_ != value:
            self.impossible = True
        self.impossible = self.impossible or choice.empty

    def linear(self, op: str, left: core.Expr, right: core.Expr) -> None:
        """A comparison of numbers, as `term op bound`, the term's factors whole and without a common divisor."""
        terms = _Linear()
        terms.add(left, Fraction(1))
        terms.add(right, Fraction(-1))
        factors = sorted((key, factor) for key, factor in terms.factors.items() if factor)
        if not factors:
            self.impossible = self.impossible or not _HOLDS[op](terms.constant)
            return
        scale = _scale([factor for _, factor in factors])
        if scale < 0:
            op = _TURNED[op]
        form = tuple((key, int(factor / scale)) for key, factor in factors)
        interval = self.intervals.setdefault(form, _Interval())
        interval.keep(op, -terms.constant / scale, terms.whole)
        self.impossible = self.impossible or interval.empty


_HOLDS: Mapping[str, Callable[[Fraction], bool]] = {
    "lt": lambda d: d < 0,
    "le": lambda d: d <= 0,
    "gt": lambda d: d > 0,
    "ge": lambda d: d >= 0,
    "eq": lambda d: d == 0,
    "ne": lambda d: d != 0,
}


Ways = tuple[Facts, ...] | None


def _facts(way: tuple[_Fact, ...], shapes: Mapping[str, types.EnumShape], certain: Mapping[str, Any]) -> Facts:
    facts = Facts(shapes, certain)
    for expr, holds in way:
        facts.take(expr, holds)
        if facts.impossible:
            break
    return facts


def _scale(factors: list[Fraction]) -> Fraction:
    """What to divide by so that the factors are whole, without a common divisor, and the first is positive."""
    denominator = math.lcm(*(f.denominator for f in factors))
    divisor = math.gcd(*(int(f * denominator) for f in factors))
    scale = Fraction(divisor, denominator)
    return scale if factors[0] > 0 else -scale


_SAME = frozenset({"money.to_exact", "ratio.of_integer"})
_PLUS = frozenset({"add", "add_duration", "add_days", "add_months"})
_MINUS = frozenset({"sub", "sub_duration"})
_TIMES = frozenset({"mul", "times", "scale"})
_CALENDAR = frozenset({"timestamp.add_days", "timestamp.add_months", "date.add_months", "date.add_days"})


@dataclass
class _Linear:
    """A sum of factors times what is read, plus a constant; whole: all of it integers."""

    factors: dict[bytes, Fraction] = field(default_factory=dict)
    constant: Fraction = Fraction(0)
    whole: bool = True

    def add(self, expr: core.Expr, factor: Fraction) -> None:
        """Add an expression that many times."""
        if isinstance(expr, core.Const):
            self.constant += factor * expr.value
        elif not (isinstance(expr, core.Op) and self._operation(expr, factor)):
            key = _key(expr)
            self.factors[key] = self.factors.get(key, Fraction(0)) + factor
            self.whole = self.whole and _is_whole(expr.type)

    def _operation(self, expr: core.Op, factor: Fraction) -> bool:
        """Whether it is linear, and then added."""
        verb = expr.op.rpartition(".")[2]
        if expr.op in _SAME:
            self.add(expr.args[0], factor)
        elif expr.op in _CALENDAR:
            return False
        elif verb in _PLUS or verb in _MINUS:
            self.add(expr.args[0], factor)
            self.add(expr.args[1], factor if verb in _PLUS else -factor)
        elif verb == "neg":
            self.add(expr.args[0], -factor)
        elif verb in _TIMES:
            return self._product(expr.args[0], expr.args[1], factor)
        else:
            return False
        return True

    def _product(self, left: core.Expr, right: core.Expr, factor: Fraction) -> bool:
        if isinstance(left, core.Const):
            left, right = right, left
        if not isinstance(right, core.Const):
            return False
        self.add(left, factor * right.value)
        return True


def _is_whole(type_: types.Type) -> bool:
    return isinstance(type_, types.Money) or (isinstance(type_, types.Plain) and type_.name in _WHOLE)


def _numeric(type_: types.Type) -> bool:
    return _is_whole(type_) or isinstance(type_, types.Exact) or type_ == types.RATIO


def _variant(expr: core.Expr) -> int | None:
    """The variant of a constant of an enum without payload (an Option's None too)."""
    if isinstance(expr, core.MakeVariant) and not expr.items:
        return expr.index
    if isinstance(expr, core.Const):
        if isinstance(expr.type, types.Enum) and len(expr.value) == 1:
            return int(expr.value[0])
        if isinstance(expr.type, types.Option) and expr.value is None:
            return 0
    return None


def _variants(type_: types.Type, shapes: Mapping[str, types.EnumShape]) -> int:
    """How many variants a type has; 0: not known."""
    if isinstance(type_, types.Option | types.Result):
        return 2
    shape = shapes.get(type_.name) if isinstance(type_, types.Enum) else None
    return len(shape.variants) if shape is not None else 0


def _key(expr: core.Expr) -> bytes:
    """What a term is, wherever it stands."""
    return semantics.value_bytes(expr)
