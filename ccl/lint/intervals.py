"""Between what a number lies, and whether a condition is known, from what is declared and what was asked before.

Known are literals, the ranges of parameters, and what the host says of its views and fields; further what an earlier
`require` or the branch taken implies for the very same reading. It is sound and simple: what it does not
see is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Final

from ccl import core
from ccl import types as t
from ccl.host import Host

Number = int | Fraction
Interval = tuple[Number | None, Number | None]
UNKNOWN: Final[Interval] = (None, None)
Key = tuple[Any, ...]
_NEGATED: Final = {"eq": "ne", "ne": "eq", "lt": "ge", "ge": "lt", "gt": "le", "le": "gt"}
_SWAPPED: Final = {"eq": "eq", "ne": "ne", "lt": "gt", "gt": "lt", "le": "ge", "ge": "le"}
_NUMBERS: Final = (t.INTEGER, t.RATIO, t.TIMESTAMP, t.DURATION, t.DAYS, t.MONTHS, t.DATE)


def key_of(expr: core.Expr) -> Key | None:
    """The same for expressions that give the same value in one evaluation; None if that is not known."""
    if isinstance(expr, core.Const):
        return ("const", repr(expr.value), str(expr.type))
    if isinstance(expr, core.Local):
        return ("local", expr.name)
    if isinstance(expr, core.CommandField | core.ParamValue):
        return (type(expr).__name__, expr.name)
    if isinstance(expr, core.View | core.Op | core.Call):
        parts = tuple(key_of(arg) for arg in expr.args)
        name = expr.name if isinstance(expr, core.View) else expr.op if isinstance(expr, core.Op) else expr.function
        return None if None in parts or isinstance(expr, core.Call) else (type(expr).__name__, name, parts)
    if isinstance(expr, core.RecordField | core.Item):
        target = key_of(expr.target)
        part = expr.name if isinstance(expr, core.RecordField) else expr.index
        return None if target is None else (type(expr).__name__, part, target)
    return None


def chain(expr: core.And | core.Or) -> list[core.Expr]:
    """The parts of a chain of one of `and`, `or`, in the order in which they are asked."""
    parts: list[core.Expr] = []
    todo: list[core.Expr] = [expr]
    while todo:
        at = todo.pop()
        if isinstance(at, type(expr)):
            todo += [at.right, at.left]
        else:
            parts.append(at)
    return parts


@dataclass(frozen=True)
class Knowledge:
    """What is known at a place. numbers, truths: of readings by their key."""

    program: core.Program
    host: Host
    command: Mapping[str, Interval] = field(default_factory=dict)
    numbers: Mapping[Key, Interval] = field(default_factory=dict)
    truths: Mapping[Key, bool] = field(default_factory=dict)

    # -- numbers -------------------------------------------------------------------------------------------------------

    def interval(self, expr: core.Expr) -> Interval:
        """Between what a number lies, inclusive; None: no bound known."""
        read = _INTERVALS.get(type(expr))
        declared = UNKNOWN if read is None else read(self, expr)
        key = key_of(expr)
        learnt = self.numbers.get(key, UNKNOWN) if key is not None else UNKNOWN
        return _meet(declared, learnt)

    def _const(self, expr: core.Const) -> Interval:
        value = expr.value
        if isinstance(value, bool) or not isinstance(value, int | Fraction):
            return UNKNOWN
        return value, value

    def _param(self, expr: core.ParamValue) -> Interval:
        found = next((p for p in self.program.params if p.name == expr.name), None)
        return UNKNOWN if found is None or not _numeric(found.type) else (found.low, found.high)

    def _field(self, expr: core.CommandField) -> Interval:
        return UNKNOWN if expr.wrap else self.command.get(expr.name, UNKNOWN)

    def _view(self, expr: core.View) -> Interval:
        spec = self.host.views.get(expr.name)
        return UNKNOWN if spec is None or not _numeric(spec.result) else (spec.low, spec.high)

    def _op(self, expr: core.Op) -> Interval:
        made = _OPERATIONS.get(expr.op)
        if made is None:
            return UNKNOWN
        low, high = made([self.interval(arg) for arg in expr.args])
        return _held(low), _held(high)

    def _cond(self, expr: core.Cond) -> Interval:
        return hull(
            self.learnt(expr.test, True).interval(expr.then), self.learnt(expr.test, False).interval(expr.orelse)
        )

    # -- truths --------------------------------------------------------------------------------------------------------

    def truth(self, expr: core.Expr) -> bool | None:
        """Whether a condition holds, None if that is not known."""
        if isinstance(expr, core.Const):
            return expr.value if isinstance(expr.value, bool) else None
        if isinstance(expr, core.Not):
            inner = self.truth(expr.operand)
            return None if inner is None else not inner
        if isinstance(expr, core.And | core.Or):
            return self._joined(expr)
        if isinstance(expr, core.Op) and expr.op in _NEGATED and len(expr.args) == 2:
            compared = self._compared(expr)
            if compared is not None:
                return compared
        key = key_of(expr)
        return None if key is None else self.truths.get(key)

    def _joined(self, expr: core.And | core.Or) -> bool | None:
        """Of a chain: each part is looked at knowing that those before it did not decide."""
        goes_on = isinstance(expr, core.And)
        known, certain = self, True
        for part in chain(expr):
            truth = known.truth(part)
            if truth is (not goes_on):
                return truth
            certain = certain and truth is goes_on
            known = known.learnt(part, goes_on)
        return goes_on if certain else None

    def _compared(self, expr: core.Op) -> bool | None:
        left, right = expr.args
        same = key_of(left)
        if same is not None and same == key_of(right):
            return expr.op in ("eq", "le", "ge")
        (a, b), (c, d) = self.interval(left), self.interval(right)
        return _COMPARED[expr.op](a, b, c, d)

    # -- learning ------------------------------------------------------------------------------------------------------

    def learnt(self, condition: core.Expr, holds: bool) -> Knowledge:
        """What is known besides where a condition holds, or does not."""
        known = self
        todo = [(condition, holds)]
        while todo:
            at, wanted = todo.pop()
            if isinstance(at, core.Not):
                todo.append((at.operand, not wanted))
            elif isinstance(at, core.And if wanted else core.Or):
                assert isinstance(at, core.And | core.Or), "it is the one that was asked for"
                todo += [(at.right, wanted), (at.left, wanted)]
            else:
                known = known._atom(at, wanted)
        return known

    def _atom(self, atom: core.Expr, holds: bool) -> Knowledge:
        key = key_of(atom)
        known = self if key is None else replace(self, truths={**self.truths, key: holds})
        if not isinstance(atom, core.Op) or atom.op not in _NEGATED or len(atom.args) != 2:
            return known
        relation = atom.op if holds else _NEGATED[atom.op]
        left, right = atom.args
        known = known._bounded(left, relation, self.interval(right))
        return known._bounded(right, _SWAPPED[relation], self.interval(left))

    def _bounded(self, expr: core.Expr, relation: str, other: Interval) -> Knowledge:
        key = key_of(expr)
        if key is None or isinstance(expr, core.Const):
            return self
        whole = expr.type != t.RATIO and not isinstance(expr.type, t.Exact)
        bound = _bound(relation, other, whole)
        return replace(self, numbers={**self.numbers, key: _meet(self.numbers.get(key, UNKNOWN), bound)})

    def with_local(self, name: str, value: core.Expr) -> Knowledge:
        """What is known once a local is bound."""
        key = ("local", name)
        known = replace(self, numbers={**self.numbers, key: self.interval(value)}) if _numeric(value.type) else self
        truth = self.truth(value) if value.type == t.BOOL else None
        return known if truth is None else replace(known, truths={**known.truths, key: truth})


def _numeric(type_: t.Type) -> bool:
    return type_ in _NUMBERS or isinstance(type_, t.Money | t.Exact)


def _meet(a: Interval, b: Interval) -> Interval:
    low = a[0] if b[0] is None else b[0] if a[0] is None else max(a[0], b[0])
    high = a[1] if b[1] is None else b[1] if a[1] is None else min(a[1], b[1])
    return low, high


def hull(a: Interval, b: Interval) -> Interval:
    """The least interval that holds both."""
    low = None if a[0] is None or b[0] is None else min(a[0], b[0])
    high = None if a[1] is None or b[1] is None else max(a[1], b[1])
    return low, high


def _bound(relation: str, other: Interval, whole: bool) -> Interval:
    """What a relation to something in an interval says."""
    low, high = other
    step = 1 if whole and all(n is None or isinstance(n, int) for n in other) else 0
    bounds: dict[str, Interval] = {
        "eq": (low, high), "le": (None, high), "ge": (low, None),
        "lt": (None, None if high is None else high - step), "gt": (None if low is None else low + step, None),
    }  # fmt: skip
    return bounds.get(relation, UNKNOWN)


def _lt(a: Number | None, b: Number | None, c: Number | None, d: Number | None) -> bool | None:
    if b is not None and c is not None and b < c:
        return True
    return False if a is not None and d is not None and a >= d else None


def _le(a: Number | None, b: Number | None, c: Number | None, d: Number | None) -> bool | None:
    if b is not None and c is not None and b <= c:
        return True
    return False if a is not None and d is not None and a > d else None


def _eq(a: Number | None, b: Number | None, c: Number | None, d: Number | None) -> bool | None:
    if a is not None and a == b == c == d:
        return True
    apart = (b is not None and c is not None and b < c) or (a is not None and d is not None and d < a)
    return False if apart else None


def _opposite(found: bool | None) -> bool | None:
    return None if found is None else not found


_COMPARED: Final[dict[str, Callable[..., bool | None]]] = {
    "lt": _lt,
    "le": _le,
    "eq": _eq,
    "gt": lambda a, b, c, d: _lt(c, d, a, b),
    "ge": lambda a, b, c, d: _le(c, d, a, b),
    "ne": lambda a, b, c, d: _opposite(_eq(a, b, c, d)),
}


def _held(bound: Number | None) -> Number | None:
    """A bound of common size; of one beyond, squared again and again, nothing is kept."""
    if bound is None or (abs(bound.numerator) <= t.I64_MAX and bound.denominator <= t.I64_MAX):
        return bound
    return None


def _add(args: list[Interval]) -> Interval:
    (a, b), (c, d) = args
    return (None if a is None or c is None else a + c), (None if b is None or d is None else b + d)


def _neg(args: list[Interval]) -> Interval:
    ((a, b),) = args
    return (None if b is None else -b), (None if a is None else -a)


def _sub(args: list[Interval]) -> Interval:
    return _add([args[0], _neg([args[1]])])


def _mul(args: list[Interval]) -> Interval:
    (a, b), (c, d) = args
    if a is None or b is None or c is None or d is None:
        return (0, None) if a is not None and a >= 0 and c is not None and c >= 0 else UNKNOWN
    products = [a * c, a * d, b * c, b * d]
    return min(products), max(products)


def _least(args: list[Interval]) -> Interval:
    lows, highs = [a for a, _ in args], [b for _, b in args if b is not None]
    return (None if None in lows else min(low for low in lows if low is not None)), min(highs, default=None)


def _greatest(args: list[Interval]) -> Interval:
    return _neg([_least([_neg([arg]) for arg in args])])


def _abs(args: list[Interval]) -> Interval:
    ((a, b),) = args
    if a is not None and a >= 0:
        return a, b
    return 0, (None if a is None or b is None else max(-a, b))


def _natural(_: list[Interval]) -> Interval:
    return 0, None


def _same(args: list[Interval]) -> Interval:
    return args[0]


_OPERATIONS: Final[dict[str, Callable[[list[Interval]], Interval]]] = {
    "integer.add": _add, "integer.sub": _sub, "integer.mul": _mul, "integer.neg": _neg, "integer.min": _least,
    "integer.max": _greatest, "integer.abs": _abs, "money.add": _add, "money.sub": _sub, "money.neg": _neg,
    "money.times": _mul, "money.scale": _mul, "money.min": _least, "money.max": _greatest, "money.abs": _abs,
    "money.to_exact": _same, "exact.add": _add, "exact.sub": _sub, "exact.neg": _neg, "exact.scale": _mul,
    "ratio.add": _add, "ratio.sub": _sub, "ratio.mul": _mul, "ratio.neg": _neg, "ratio.of_integer": _same,
    "string.length": _natural, "array.length": _natural, "map.length": _natural, "range.length": _natural,
}  # fmt: skip

_INTERVALS: Final[dict[type, Callable[[Knowledge, Any], Interval]]] = {
    core.Const: Knowledge._const,
    core.ParamValue: Knowledge._param,
    core.CommandField: Knowledge._field,
    core.View: Knowledge._view,
    core.Op: Knowledge._op,
    core.Cond: Knowledge._cond,
}
