"""Functions that the language has: rounding, dates, the actor and the moment, roles, settings, and texts.

The dialect's free functions (`array_len(xs)`, `map_get_or_default(m, k, d)`) are the methods of `ccl.elaborate.methods`
by another name.
"""

from __future__ import annotations

from collections.abc import Callable

from ccl import core
from ccl.elaborate import foreign, methods, operators
from ccl.elaborate.builder import Builder
from ccl.elaborate.expressions import outer_word, suggest
from ccl.elaborate.fitting import in_unit, join, ordered, unit_bound
from ccl.elaborate.operators import is_literal
from ccl.elaborate.resolve import unit as unit_of
from ccl.source import Span
from ccl.syntax import tree
from ccl.types import (
    ANY,
    BOOL,
    DATE,
    DAYS,
    DID,
    DURATION,
    INTEGER,
    MONTHS,
    RATIO,
    STRING,
    TIMESTAMP,
    Array,
    Exact,
    Money,
    Option,
    Type,
)

Rule = Callable[[Builder, tree.CallExpr], core.Expr]

OWN = frozenset(("caller", "now", "today", "role", "caller_has_role", "setting", "round", "floor", "ceil", "split"))
"""Names that a host cannot take over with a view."""


def _values(b: Builder, e: tree.CallExpr, *numbers: int) -> tuple[tree.Expr, ...] | None:
    """The arguments, if their number is right (told if not) and none is named."""
    name = e.target.path.parts[-1].text if isinstance(e.target, tree.PathExpr) else ""
    named = next((a for a in e.args if a.name is not None), None)
    if named is not None and named.name is not None:
        b.error("CCL0120", named.name.span, f"`{name}` has no parameter `{named.name.text}`", "give it by place")
    elif len(e.args) not in numbers:
        told = " or ".join(str(n) if n else "no" for n in numbers)
        b.error("CCL0122" if len(e.args) > max(numbers) else "CCL0121", e.span,
                f"`{name}` takes {told} argument{'' if numbers == (1,) else 's'}, not {len(e.args)}")  # fmt: skip
    else:
        return tuple(a.value for a in e.args)
    for arg in e.args:
        if not isinstance(arg.value, tree.ClosureExpr):
            b.infer(arg.value)
    return None


# -- the actor and the moment ------------------------------------------------------------------------------------------


def _caller(b: Builder, e: tree.CallExpr) -> core.Expr:
    return b.wrong(e.span) if _values(b, e, 0) is None else b.view("caller", (), DID, e.span)


def _now(b: Builder, e: tree.CallExpr) -> core.Expr:
    return b.wrong(e.span) if _values(b, e, 0) is None else b.view("now", (), TIMESTAMP, e.span)


def _today(b: Builder, e: tree.CallExpr) -> core.Expr:
    if _values(b, e, 0) is None:
        return b.wrong(e.span)
    moment = b.view("now", (), TIMESTAMP, e.span)
    return core.Op(DATE, e.span, "date.of_timestamp", (moment, operators.zone(b, e.span)))


def _role(b: Builder, e: tree.CallExpr) -> core.Expr:
    """`role(Steward)`: whether the actor holds it; `caller_has_role(Steward)` is the same."""
    args = _values(b, e, 1)
    if args is None:
        return b.wrong(e.span)
    view = b.host.views.get("role")
    if view is None:
        return b.error("CCL0103", e.target.span, "this host knows no roles", "it has no view `role`")
    name = args[0]
    if isinstance(name, tree.StringLit):
        text, span = name.value, name.span
    else:
        word = outer_word(b, name)
        if word is None:
            return b.error("CCL0116", name.span, "here stands the name of a role", "such as `role(Steward)`")
        text, span = word, name.span
    known = {*b.names.roles, *b.host.roles}
    if text not in known:
        suggest(b, "CCL0116", tree.Name(span, text), f"there is no role `{text}`", sorted(known))
        return b.wrong(e.span)
    return b.view("role", (core.Const(STRING, span, text),), BOOL, e.span)


def _setting(b: Builder, e: tree.CallExpr) -> core.Expr:
    """`setting(approval.signatures)`."""
    args = _values(b, e, 1)
    if args is None:
        return b.wrong(e.span)
    name = _dotted(args[0])
    if name is None:
        return b.error("CCL0117", args[0].span, "here stands the name of a setting", "such as `setting(a.b)`")
    spec = b.host.settings.get(name)
    if spec is None:
        suggest(b, "CCL0117", tree.Name(args[0].span, name), f"there is no setting `{name}`", b.host.settings)
        return b.wrong(e.span)
    return b.view("setting", (core.Const(STRING, args[0].span, name),), spec.type, e.span)


def _dotted(e: tree.Expr) -> str | None:
    if isinstance(e, tree.StringLit):
        return e.value
    if isinstance(e, tree.PathExpr):
        return ".".join(p.text for p in e.path.parts)
    if isinstance(e, tree.FieldExpr):
        inner = _dotted(e.target)
        return None if inner is None else f"{inner}.{e.name.text}"
    return None


# -- numbers -----------------------------------------------------------------------------------------------------------


def _round(b: Builder, e: tree.CallExpr) -> core.Expr:
    """`round(x, half_even)`."""
    if len(e.args) == 1:
        value = b.infer(e.args[0].value)
        if value.type is ANY:
            return value
        b.findings.error("CCL0179", e.span, "say how to round: `round(x, half_even)`", label="no way of rounding",
                         notes=(f"There are: {', '.join(methods.MODES)}.",))  # fmt: skip
        return b.wrong(e.span)
    args = _values(b, e, 2)
    if args is None:
        return b.wrong(e.span)
    value = b.unrounded(args[0])
    mode = methods.rounding_mode(b, args[1])
    return b.wrong(e.span) if mode is None else methods.rounded(b, value, mode, e.span)


def _toward(mode: str) -> Rule:
    def rule(b: Builder, e: tree.CallExpr) -> core.Expr:
        args = _values(b, e, 1)
        return b.wrong(e.span) if args is None else methods.rounded(b, b.unrounded(args[0]), mode, e.span)

    return rule


def _extreme(which: str) -> Rule:
    """`min(a, b)`, `max(a, b)`; of one array, an Option."""

    def rule(b: Builder, e: tree.CallExpr) -> core.Expr:
        args = _values(b, e, 1, 2)
        if args is None:
            return b.wrong(e.span)
        if len(args) == 1:
            return methods.call(b, b.infer(args[0]), tree.Name(e.span, which), (), e.span)
        one, other = _pair(b, args[0], args[1])
        held = join(one.type, other.type)
        if held is None and {one.type, other.type} == {INTEGER, RATIO}:
            one, other, held = operators.exactly(one), operators.exactly(other), RATIO
        if held is ANY:
            return b.wrong(e.span)
        if held is None or not ordered(held):
            return b.error("CCL0170", e.span, f"{one.type} and {other.type} cannot be compared",
                           "the two are of one type")  # fmt: skip
        return _least(held, e.span, which, one, other)

    return rule


def _least(held: Type, span: Span, which: str, one: core.Expr, other: core.Expr) -> core.Expr:
    kind = {"Money": "money", "Exact": "exact", "Ratio": "ratio"}.get(operators.kind(held), "integer")
    return core.Op(held, span, f"{kind}.{which}", (one, other))


def _pair(b: Builder, first: tree.Expr, second: tree.Expr) -> tuple[core.Expr, core.Expr]:
    if is_literal(first) and not is_literal(second):
        right = b.infer(second)
        return _beside(b, first, right.type), right
    left = b.infer(first)
    mark = len(b.out)
    right = _beside(b, second, left.type)
    done = [left]
    b.settle(done, mark)
    return done[0], right


def _beside(b: Builder, e: tree.Expr, other: Type) -> core.Expr:
    return b.check(e, other) if is_literal(e) and isinstance(other, Money | Exact) else b.infer(e)


def _as_method(name: str, *numbers: int) -> Rule:
    """A free function that is a method of its first argument."""

    def rule(b: Builder, e: tree.CallExpr) -> core.Expr:
        args = _values(b, e, *numbers)
        if args is None:
            return b.wrong(e.span)
        return methods.call(b, b.infer(args[0]), tree.Name(e.target.span, name), e.args[1:], e.span)

    return rule


def amount(b: Builder, e: tree.CallExpr, types: tuple[tree.TypeExpr, ...]) -> core.Expr:
    """`token<CREDIT>(500)`: so many whole units."""
    args = _values(b, e, 1)
    if args is None or len(types) != 1:
        return b.wrong(e.span)
    code = unit_of(b.names, types[0])
    if code is None:
        return b.wrong(e.span)
    if is_literal(args[0]):
        return b.check(args[0], Money(code))
    count = b.check(args[0], INTEGER)
    one = core.Const(Money(code), e.span, 10 ** (b.names.decimals(code) or 0))
    return core.Op(Money(code), e.span, "money.times", (one, count))


def _of_minor(b: Builder, e: tree.CallExpr) -> core.Expr:
    """`of_minor(500, CREDIT)`: so many of the unit's smallest parts."""
    args = _values(b, e, 2)
    if args is None:
        return b.wrong(e.span)
    count = b.check(args[0], INTEGER)
    unit = b.infer(args[1])
    code = unit_bound(Money("$"), unit.type)
    if code is None:
        return b.error("CCL0107", args[1].span, "here stands the code of a unit, such as `CREDIT`", "of which unit?")
    return core.Op(in_unit(Money("$"), code), e.span, "money.of_minor", (count,))


# -- time --------------------------------------------------------------------------------------------------------------


def _date(b: Builder, e: tree.CallExpr) -> core.Expr:
    """`date(moment)` is its day; `date(2026, 3, 1)` an Option, None if there is no such day."""
    args = _values(b, e, 1, 3)
    if args is None:
        return b.wrong(e.span)
    if len(args) == 1:
        moment = b.check(args[0], TIMESTAMP)
        return core.Op(DATE, e.span, "date.of_timestamp", (moment, operators.zone(b, e.span)))
    parts = b.in_order(args, lambda part, i: b.check(part, INTEGER))
    return core.Op(Option(DATE), e.span, "date.make", tuple(parts))


def _of_number(op: str, held: Type) -> Rule:
    def rule(b: Builder, e: tree.CallExpr) -> core.Expr:
        args = _values(b, e, 1)
        return b.wrong(e.span) if args is None else core.Op(held, e.span, op, (b.check(args[0], INTEGER),))

    return rule


# -- texts -------------------------------------------------------------------------------------------------------------


def macro(b: Builder, e: tree.CallExpr) -> core.Expr:
    """`format!("..{}..", x)`; there is no other macro but `vec!`."""
    name = e.target.path.text if isinstance(e.target, tree.PathExpr) else ""
    if name == "format":
        return _format(b, e)
    if name == "vec":
        return b.infer(tree.ListExpr(e.span, tuple(a.value for a in e.args)))
    written = tree.Name(e.target.span, name)
    if not foreign.told(b, written, e, f"there is no `{name}!`", "CCL0262"):
        suggest(b, "CCL0262", written, f"there is no `{name}!`", ("format", "vec"))
    for arg in e.args:
        b.infer(arg.value)
    return b.wrong(e.span)


def _format(b: Builder, e: tree.CallExpr) -> core.Expr:
    if not e.args or not isinstance(e.args[0].value, tree.StringLit):
        return b.error("CCL0180", e.span, "`format!` begins with a text in quotes", 'as `format!("{} of {}", a, b)`')
    written = e.args[0].value
    pieces, holes = _pieces(written.value)
    if pieces is None:
        return b.error("CCL0180", written.span, "a `{` in a text is closed by `}`", "a literal one is written `{{`")
    given = [a.value for a in e.args[1:]]
    slots: list[tree.Expr] = []
    for hole in holes:
        if hole.isidentifier():
            slots.append(tree.PathExpr(written.span, tree.Path(written.span, (tree.Name(written.span, hole),))))
        elif given:
            slots.append(given.pop(0))
        else:
            return _wrong_count(b, e, holes)
    if given:
        return _wrong_count(b, e, holes)
    values = b.in_order(slots, lambda part, i: methods.text_of(b, b.infer(part), part.span))
    return _joined(b, e.span, pieces, values)


def _wrong_count(b: Builder, e: tree.CallExpr, holes: list[str]) -> core.Expr:
    places = sum(not h.isidentifier() for h in holes)
    return b.error("CCL0180", e.span, f"the text has {places} place(s) `{{}}`, and {len(e.args) - 1} value(s) follow",
                   "as many of each")  # fmt: skip


def _pieces(text: str) -> tuple[list[str] | None, list[str]]:
    """The text between places, and what stands in each place; None where a brace is left open."""
    pieces = [""]
    holes: list[str] = []
    at = 0
    while at < len(text):
        two = text[at : at + 2]
        if two in ("{{", "}}"):
            pieces[-1] += two[0]
            at += 2
        elif text[at] == "{":
            end = text.find("}", at)
            if end < 0:
                return None, holes
            holes.append(text[at + 1 : end].split(":", 1)[0].strip())
            pieces.append("")
            at = end + 1
        elif text[at] == "}":
            return None, holes
        else:
            pieces[-1] += text[at]
            at += 1
    return pieces, holes


def _joined(b: Builder, span: Span, pieces: list[str], values: list[core.Expr]) -> core.Expr:
    parts: list[core.Expr] = []
    for i, piece in enumerate(pieces):
        if piece:
            parts.append(core.Const(STRING, span, piece))
        if i < len(values):
            if values[i].type is ANY:
                return b.wrong(span)
            parts.append(values[i])
    if not parts:
        return core.Const(STRING, span, "")
    if len(parts) <= 2:
        return parts[0] if len(parts) == 1 else core.Op(STRING, span, "string.concat", (parts[0], parts[1]))
    whole = core.MakeArray(Array(STRING, len(parts)), span, tuple(parts))
    return core.Op(STRING, span, "string.join", (whole, core.Const(STRING, span, "")))


def _print(b: Builder, e: tree.CallExpr) -> core.Expr:
    """`to_string(x)`."""
    args = _values(b, e, 1)
    return b.wrong(e.span) if args is None else methods.text_of(b, b.infer(args[0]), e.span)


def _unwrap_or(b: Builder, e: tree.CallExpr) -> core.Expr:
    args = _values(b, e, 2)
    if args is None:
        return b.wrong(e.span)
    between = Span(e.span.source, args[0].span.end, args[1].span.start)
    return b.infer(tree.BinaryExpr(e.span, "??", args[0], args[1], between))


_KINDS = {"array": "Array", "list": "Array", "vec": "Array", "map": "Map", "string": "String", "str": "String"}

FREE_METHODS: dict[str, str] = {
    f"{prefix}_{method}": method for prefix, kind in _KINDS.items() for method in methods.METHODS[kind]
}
"""Free functions of the dialect that are methods, with the method's name."""

_NUMBERS = (1, 2, 3, 4)

FREE: dict[str, Rule] = {
    **{free: _as_method(method, *_NUMBERS) for free, method in FREE_METHODS.items()},
    "caller": _caller,
    "now": _now,
    "today": _today,
    "role": _role,
    "caller_has_role": _role,
    "setting": _setting,
    "round": _round,
    "floor": _toward("down"),
    "ceil": _toward("up"),
    "min": _extreme("min"),
    "max": _extreme("max"),
    "abs": _as_method("abs", 1),
    "pow": _as_method("pow", 2),
    "clamp": _as_method("clamp", 3),
    "len": _as_method("len", 1),
    "sum": _as_method("sum", 1, 2),
    "split": _as_method("split", 2),
    "minor": _as_method("minor", 1),
    "of_minor": _of_minor,
    "date": _date,
    "start": _as_method("start", 1),
    "year": _as_method("year", 1),
    "month": _as_method("month", 1),
    "day": _as_method("day", 1),
    "weekday": _as_method("weekday", 1),
    "working_days_between": _as_method("working_days_until", 2),
    "months_between": _as_method("months_until", 2),
    "act_365": _as_method("act_365", 2),
    "thirty_360": _as_method("thirty_360", 2),
    "timestamp_of_ms": _of_number("timestamp.of_ms", TIMESTAMP),
    "duration_of_ms": _of_number("duration.of_ms", DURATION),
    "days": _of_number("days.of", DAYS),
    "months": _of_number("months.of", MONTHS),
    "to_string": _print,
    "unwrap_or": _unwrap_or,
}
