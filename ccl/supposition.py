"""Evaluating with one number left open: for which of its values is a requirement, once reached, refused?

The reference interpreter, with one reading as the unknown x. What is linear in x stays `Linear` (slope * x + offset,
exact), a Bool that depends on it is `Holds` (the set of x for which it is true). Control goes where it went for the
value that x has; every test that depends on x narrows the set for which it would have gone the same way. What is not
linear is `Unclear`, and then nothing is known. The answer is exact: for each x in it the same requirement fails, but
for overflow on the way, which refuses too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ccl import core, dates, interpret, types
from ccl.evaluation import Refused, Trapped
from ccl.host import World
from ccl.ops import OPS
from ccl.wholes import ALL, NONE, Wholes, solutions


class Unclear(Exception):
    """The evaluation depends on the unknown in a way that is not followed."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """The reading that is left open. kind: "command", "view", "record", "param" or "state".

    name: the attribute of a command's field, else the name read. args: of the view. attribute: of a record's field,
    the record being what the view `name` gives for `args`.
    """

    kind: str
    name: str
    args: tuple[Any, ...] = ()
    attribute: str = ""


@dataclass(frozen=True, slots=True)
class Linear:
    """slope * x + offset; slope is not 0."""

    slope: Fraction
    offset: Fraction


@dataclass(frozen=True, slots=True)
class Holds:
    """A Bool that is true for these x."""

    where: Wholes


def refused(program: core.Program, world: World, quantity: Quantity, at: int, functions: tuple[str, ...]) -> Wholes:
    """For which values of the quantity, now `at`, these functions, guards and then a clause, end in the same refusal.

    Raises Unclear where that cannot be seen.
    """
    evaluation = _Supposing(program, world, quantity, at)
    try:
        for guard in functions[:-1]:
            evaluation.decide(evaluation.call(guard, ()))
        evaluation.call(functions[-1], ())
    except Refused:
        return evaluation.path & ~evaluation.unless
    except (interpret._Trap, Trapped, RecursionError) as trap:
        raise Unclear from trap
    raise Unclear  # it permits: whatever refused, it was not what is evaluated here


class _Supposing(interpret._Evaluation):
    """path: for which x control goes as it does. unless: for which the requirement that failed would have held."""

    def __init__(self, program: core.Program, world: World, quantity: Quantity, at: int) -> None:
        super().__init__(program, world, None)
        self.quantity = quantity
        self.at = at
        self.path = ALL
        self.unless = NONE
        self.records: list[tuple[Any, str, tuple[Any, ...]]] = []

    def decide(self, value: Any) -> bool:
        """Where control goes on, which narrows the path."""
        if isinstance(value, Holds):
            goes = self.at in value.where
            self.path &= value.where if goes else ~value.where
            return goes
        assert isinstance(value, bool)
        return value

    def value(self, e: core.Expr) -> Any:
        own = _EXPRESSIONS.get(type(e))
        return super().value(e) if own is None else own(self, e)

    def block(self, block: core.Block) -> None:
        for statement in block.statements:
            own = _STATEMENTS.get(type(statement))
            if own is None:
                interpret._STATEMENTS[type(statement)](self, statement)
            else:
                own(self, statement)

    # -- statements --

    def if_supposed(self, s: core.If) -> None:
        if self.decide(self.value(s.test)):
            self.branch(s, 0, s.then)
        else:
            self.branch(s, 1, s.orelse)

    def require_supposed(self, s: core.Require) -> None:
        condition = self.value(s.condition)
        if isinstance(condition, Holds) and self.at not in condition.where:
            self.unless = condition.where
            raise Refused(self.stack[-1].function.name, s.number)
        if not self.decide(condition):
            raise Refused(self.stack[-1].function.name, s.number)

    # -- expressions --

    def and_supposed(self, e: core.And) -> Any:
        left = self.value(e.left)
        if isinstance(left, bool):
            return self.value(e.right) if left else False
        right = self.open(e.right)
        if right is None:
            return self.value(e.right) if self.decide(left) else False
        return _holds(_where(left) & _where(right))

    def or_supposed(self, e: core.Or) -> Any:
        left = self.value(e.left)
        if isinstance(left, bool):
            return True if left else self.value(e.right)
        right = self.open(e.right)
        if right is None:
            return True if self.decide(left) else self.value(e.right)
        return _holds(_where(left) | _where(right))

    def open(self, e: core.Expr) -> Any:
        """An operand that for the present x need not be evaluated: its value, or None if it would trap."""
        depth, path = len(self.stack), self.path
        try:
            return self.value(e)
        except (interpret._Trap, Trapped, Refused):
            del self.stack[depth:]
            self.path = path
            return None

    def not_supposed(self, e: core.Not) -> Any:
        operand = self.value(e.operand)
        return Holds(~operand.where) if isinstance(operand, Holds) else not operand

    def cond_supposed(self, e: core.Cond) -> Any:
        return self.value(e.then) if self.decide(self.value(e.test)) else self.value(e.orelse)

    def op_supposed(self, e: core.Op) -> Any:
        args = [self.value(a) for a in e.args]
        if not any(map(_depends, args)):
            return OPS[e.op].run(*args)
        if e.op in _STRUCTURAL and not any(map(_depends, args[1:] if e.op not in _TAKES_ITEMS else ())):
            return OPS[e.op].run(*args)
        own = _OPS.get(e.op)
        if own is None:
            raise Unclear
        return own(self, e, args)

    def view_supposed(self, e: core.View) -> Any:
        args = tuple(self.value(a) for a in e.args)
        if _depends(args):
            raise Unclear
        if self.quantity.kind == "view" and (e.name, args) == (self.quantity.name, self.quantity.args):
            return _UNKNOWN
        if e.name in ("caller", "now"):
            return getattr(self.world, e.name)
        value = interpret._from_host(lambda: getattr(self.world.views, e.name)(*args), e.span)
        if isinstance(e.type, types.Record):
            self.records.append((value, e.name, args))
        return value

    def command_field_supposed(self, e: core.CommandField) -> Any:
        value = super().command_field(e)
        if self.quantity.kind == "command" and self.quantity.name == e.attribute and value is not None:
            return (_UNKNOWN,) if e.wrap else _UNKNOWN
        return value

    def param_supposed(self, e: core.ParamValue) -> Any:
        return _UNKNOWN if self._is("param", e.name) else super().param_value(e)

    def state_supposed(self, e: core.StateValue) -> Any:
        return _UNKNOWN if self._is("state", e.name) else super().state_value(e)

    def _is(self, kind: str, name: str) -> bool:
        return self.quantity.kind == kind and self.quantity.name == name

    def record_field_supposed(self, e: core.RecordField) -> Any:
        value = super().record_field(e)
        q = self.quantity
        if q.kind != "record" or q.attribute != e.attribute or value is None:
            return value
        record = self.value(e.target)
        if not any(kept is record and (q.name, q.args) == (name, args) for kept, name, args in self.records):
            return value
        return (_UNKNOWN,) if e.wrap else _UNKNOWN

    def make_map_supposed(self, e: core.MakeMap) -> Any:
        made = super().make_map(e)
        if any(map(_depends, made)):
            raise Unclear
        return made

    def comprehension_supposed(self, e: core.Comprehension) -> Any:
        if e.kind in ("map", "fold"):
            return super().comprehension(e)
        mapped = super().comprehension(_as_map(e))
        if not any(map(_depends, mapped)):
            return super().comprehension(e)
        if e.kind in ("any", "all"):
            where = NONE if e.kind == "any" else ALL
            for each in map(_where, mapped):
                where = where | each if e.kind == "any" else where & each
            return _holds(where)
        if e.kind == "sum":
            terms = list(map(_linear, mapped))
            zero = Fraction(0)
            return _normal(sum((f.slope for f in terms), zero), sum((f.offset for f in terms), zero))
        raise Unclear


_UNKNOWN = Linear(Fraction(1), Fraction(0))


def _depends(value: Any) -> bool:
    """Whether the unknown is in a value."""
    if isinstance(value, Linear | Holds):
        return True
    if isinstance(value, tuple):
        return any(map(_depends, value))
    return isinstance(value, dict) and any(map(_depends, value.values()))


def _where(value: Any) -> Wholes:
    if isinstance(value, Holds):
        return value.where
    return ALL if value else NONE


def _holds(where: Wholes) -> Any:
    """A Bool again, if it is the same for every x."""
    return Holds(where) if where.intervals and where != ALL else bool(where.intervals)


def _linear(value: Any) -> Linear:
    """As a term, with a slope of 0 for a number."""
    if isinstance(value, Linear):
        return value
    if isinstance(value, int | Fraction):
        return Linear(Fraction(0), Fraction(value))
    raise Unclear


def _normal(slope: Fraction, offset: Fraction) -> Any:
    """A number again, if x has cancelled out."""
    if slope:
        return Linear(slope, offset)
    return offset.numerator if offset.denominator == 1 else offset


# -- operations --------------------------------------------------------------------------------------------------------

_Operation = Callable[[_Supposing, core.Op, list[Any]], Any]


def _add(_: _Supposing, e: core.Op, args: list[Any]) -> Any:
    a, b = map(_linear, args)
    return _normal(a.slope + b.slope, a.offset + b.offset)


def _sub(_: _Supposing, e: core.Op, args: list[Any]) -> Any:
    a, b = map(_linear, args)
    return _normal(a.slope - b.slope, a.offset - b.offset)


def _neg(_: _Supposing, e: core.Op, args: list[Any]) -> Any:
    a = _linear(args[0])
    return _normal(-a.slope, -a.offset)


def _mul(_: _Supposing, e: core.Op, args: list[Any]) -> Any:
    a, b = map(_linear, args)
    if a.slope and b.slope:
        raise Unclear
    return _normal(a.slope * b.offset + b.slope * a.offset, a.offset * b.offset)


def _div(_: _Supposing, e: core.Op, args: list[Any]) -> Any:
    a, b = map(_linear, args)
    if b.slope or not b.offset:
        raise Unclear
    return _normal(a.slope / b.offset, a.offset / b.offset)


def _same(_: _Supposing, e: core.Op, args: list[Any]) -> Any:
    return args[0]


def _day_after(_: _Supposing, e: core.Op, args: list[Any]) -> Any:
    a, b = map(_linear, args)
    return _normal(a.slope + b.slope, a.offset + b.offset + 1)


def _round(_: _Supposing, e: core.Op, args: list[Any]) -> Any:
    a = _linear(args[0])
    if a.slope.denominator != 1 or a.offset.denominator != 1:
        raise Unclear
    return a


def _compare(_: _Supposing, e: core.Op, args: list[Any]) -> Any:
    if any(isinstance(a, bool | Holds) for a in args):
        left, right = map(_where, args)
        same = (left & right) | (~left & ~right)
        return _holds(same if e.op == "eq" else ~same)
    a, b = map(_linear, args)
    slope = a.slope - b.slope
    if not slope:
        return OPS[e.op].run(a.offset, b.offset)
    return _holds(solutions(slope, a.offset - b.offset, e.op))


def _least(self: _Supposing, e: core.Op, args: list[Any]) -> Any:
    first = _compare(self, core.Op(types.BOOL, e.span, "le", e.args), args)
    wants_first = e.op.endswith(".min")
    return args[0] if self.decide(first) == wants_first else args[1]


def _day_of(self: _Supposing, e: core.Op, args: list[Any]) -> Any:
    """`by`, `before`, `after`: a moment against a day of a time zone."""
    moment, day, zone = args
    by, before = e.op == "timestamp.by", e.op == "timestamp.before"
    if isinstance(moment, Linear):
        if _depends(day):
            raise Unclear
        edge = dates.start(day if before else day + 1, zone)
        compared = "lt" if by or before else "ge"
        return _holds(solutions(moment.slope, moment.offset - edge, compared))
    local = dates.of_timestamp(moment, zone)
    term = _linear(day)
    return _holds(solutions(term.slope, term.offset - local, "ge" if by else "gt" if before else "lt"))


_STRUCTURAL = frozenset((
    "array.get", "array.get_option", "array.first", "array.last", "array.length", "array.push", "array.concat",
    "array.reverse", "array.take", "array.skip", "array.slice", "map.get", "map.get_option", "map.get_or",
    "map.length", "map.keys", "map.values", "map.contains", "option.unwrap", "option.or", "result.unwrap", "result.or",
))  # fmt: skip
"""Operations that look at where a value stands, not at what it is."""
_TAKES_ITEMS = frozenset(("array.push", "array.concat", "map.get_or", "option.or", "result.or"))
"""Those of them whose further arguments too are only put somewhere."""

_OPS: Mapping[str, _Operation] = {
    **dict.fromkeys((
        "integer.add", "money.add", "exact.add", "ratio.add", "duration.add", "days.add", "months.add",
        "timestamp.add_duration", "date.add_days",
    ), _add),
    **dict.fromkeys((
        "integer.sub", "money.sub", "exact.sub", "ratio.sub", "duration.sub", "days.sub", "months.sub",
        "timestamp.sub_duration", "timestamp.sub", "date.sub",
    ), _sub),
    **dict.fromkeys((name for name in OPS if name.endswith(".neg")), _neg),
    **dict.fromkeys((
        "integer.mul", "money.times", "money.scale", "exact.scale", "ratio.mul", "duration.times", "days.times",
        "months.times",
    ), _mul),
    **dict.fromkeys(("ratio.make", "money.ratio", "money.share", "exact.div", "ratio.div", "duration.div"), _div),
    **dict.fromkeys((
        "ratio.of_integer", "money.to_exact", "money.minor", "money.of_minor", "timestamp.ms", "timestamp.of_ms",
        "duration.ms", "duration.of_ms", "days.count", "days.of", "months.count", "months.of",
    ), _same),
    **dict.fromkeys((name for name in OPS if name.startswith("round.")), _round),
    **dict.fromkeys(("eq", "ne", "lt", "le", "gt", "ge"), _compare),
    **dict.fromkeys((name for name in OPS if name.endswith((".min", ".max"))), _least),
    **dict.fromkeys(("timestamp.by", "timestamp.before", "timestamp.after"), _day_of),
    "date.add_clear_days": _day_after,
}  # fmt: skip


def _as_map(e: core.Comprehension) -> core.Comprehension:
    """A walk over the same that keeps what the body gives."""
    return core.Comprehension(types.Array(e.body.type), e.span, "map", e.over, e.item, e.body, e.most)


_STATEMENTS: Mapping[type[core.Statement], Callable[[_Supposing, Any], None]] = {
    core.If: _Supposing.if_supposed,
    core.Require: _Supposing.require_supposed,
}

_EXPRESSIONS: Mapping[type[core.Expr], Callable[[_Supposing, Any], Any]] = {
    core.And: _Supposing.and_supposed,
    core.Or: _Supposing.or_supposed,
    core.Not: _Supposing.not_supposed,
    core.Cond: _Supposing.cond_supposed,
    core.Op: _Supposing.op_supposed,
    core.View: _Supposing.view_supposed,
    core.CommandField: _Supposing.command_field_supposed,
    core.ParamValue: _Supposing.param_supposed,
    core.StateValue: _Supposing.state_supposed,
    core.RecordField: _Supposing.record_field_supposed,
    core.MakeMap: _Supposing.make_map_supposed,
    core.Comprehension: _Supposing.comprehension_supposed,
}
