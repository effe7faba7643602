"""Methods that values have: `xs.len()`, `m.get(k)`, `d.year()`. One table by the kind of type and the name."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from ccl import core
from ccl.diagnostics import Edit, Fix
from ccl.elaborate import closures, foreign, gathered, operators
from ccl.elaborate.builder import Builder
from ccl.elaborate.expressions import suggest
from ccl.elaborate.fields import field_of
from ccl.elaborate.fitting import printed
from ccl.elaborate.gathered import counted, empty
from ccl.elaborate.mismatch import shown
from ccl.elaborate.receivers import Rule, Site, itself, letter, number_of, simple, take
from ccl.source import Span
from ccl.syntax import tree
from ccl.types import (
    ANY,
    BOOL,
    CLEAR_DAYS,
    DATE,
    DAYS,
    INTEGER,
    MONTHS,
    NEVER,
    RATIO,
    STRING,
    TIMESTAMP,
    WORKING_DAYS,
    Array,
    Exact,
    Money,
    Option,
    Record,
    Result,
    Struct,
    Type,
)


def call(b: Builder, on: core.Expr, name: tree.Name, args: tuple[tree.Arg, ...], span: Span) -> core.Expr:
    """`on.name(args)`."""
    if on.type in (ANY, NEVER):
        for arg in args:
            if not isinstance(arg.value, tree.ClosureExpr):
                b.infer(arg.value)
        return core.Const(ANY, span, None)
    table = METHODS.get(operators.kind(on.type), {})
    rule = table.get(name.text) or _EVERY.get(name.text)
    if rule is None:
        if name.text == "get_mut" and "get" in table and len(args) == 1:
            return _mutable_part(b, on, name, args[0], span)
        return _unknown(b, on, name, span, table)
    return rule(b, Site(on, name, args, span))


def _mutable_part(b: Builder, on: core.Expr, name: tree.Name, arg: tree.Arg, span: Span) -> core.Expr:
    """The dialect's `m.get_mut(k)`: what it stands for is written `m[k]`."""
    edits = (Edit(Span(span.source, on.span.end, arg.span.start), "["),
             Edit(Span(span.source, arg.span.end, span.end), "]"))  # fmt: skip
    b.findings.error("CCL0106", name.span, f"{on.type} has no method `get_mut`: values are copied, a part is assigned",
                     label="write `[..]`", fixes=(Fix("write `[..]`", edits, dialect=True),))  # fmt: skip
    return b.wrong(span)


def _unknown(b: Builder, on: core.Expr, name: tree.Name, span: Span, table: Mapping[str, Rule]) -> core.Expr:
    held = on.type
    if isinstance(held, Option | Result):
        inside = held.item if isinstance(held, Option) else held.value
        if name.text in METHODS.get(operators.kind(inside), {}):
            return b.error("CCL0165", name.span, f"there may be no value here: `{name.text}` of {held}",
                           "take it out first: `if let Some(x) = .. { .. }`, or `??`")  # fmt: skip
    if isinstance(held, Struct | Record) and not table:
        mark = b.findings.mark()
        found = field_of(b, on, name, span)
        b.findings.rewind(mark)
        if found.type is not ANY:
            return b.error("CCL0115", name.span, f"`{name.text}` is a field, not a method", "drop the brackets")
    own = b.names.methods.get(str(held), {}) if not isinstance(held, Record) else {}
    suggest(b, "CCL0106", name, f"{held} has no method `{name.text}`", [*table, *own], notes=foreign.notes(name.text))
    return b.wrong(span)


# -- Option, Result ----------------------------------------------------------------------------------------------------


def _is(index: int) -> Rule:
    def rule(b: Builder, s: Site) -> core.Expr:
        return core.IsVariant(BOOL, s.span, s.on, index) if number_of(b, s, 0) else b.wrong(s.span)

    return rule


def _ok_or(b: Builder, s: Site) -> core.Expr:
    assert isinstance(s.on.type, Option)
    done = take(b, s, None)
    if done is None:
        return b.wrong(s.span)
    return core.Op(Result(s.on.type.item, done[1].type), s.span, "option.ok_or", tuple(done))


def _expect(b: Builder, s: Site) -> core.Expr:
    """`unwrap()`, `expect("why")`: the value, or a trap."""
    if not number_of(b, s, 0, 1):
        return b.wrong(s.span)
    kind = "option" if isinstance(s.on.type, Option) else "result"
    return core.Op(letter("T", s.on.type) or NEVER, s.span, f"{kind}.unwrap", (s.on,))


def _map_option(b: Builder, s: Site) -> core.Expr:
    """`opt.map(|x| ..)`, `opt.and_then(|x| ..)`."""
    assert isinstance(s.on.type, Option | Result)
    if not number_of(b, s, 1):
        return b.wrong(s.span)
    held = s.on.type
    kept = b.keep(s.on)
    inside = held.item if isinstance(held, Option) else held.value
    arm = b.arm(lambda: closures.apply(b, s.args[0].value, [core.Payload(inside, s.span, kept, 1, 0)], None))
    found = arm.value
    if found.type is ANY:
        return b.wrong(s.span)
    if s.name.text == "and_then":
        result = found.type
        if result.__class__ is not held.__class__:
            return b.error("CCL0150", found.span, f"`and_then` needs a closure that gives an {held.__class__.__name__}",
                           shown(result))  # fmt: skip
        there: core.Expr = found
    else:
        result = Option(found.type) if isinstance(held, Option) else Result(found.type, held.error)
        there = core.MakeVariant(result, s.span, 1, (found,))
    if isinstance(held, Result):
        absent: core.Expr = core.MakeVariant(result, s.span, 0, (core.Payload(held.error, s.span, kept, 0, 0),))
    else:
        absent = core.MakeVariant(result, s.span, 0, ())
    test = core.IsVariant(BOOL, s.span, kept, 1)
    if not arm.statements and arm.alive:
        return core.Cond(result, s.span, test, there, absent)
    others = b.arm(lambda: absent)
    phis, value = b.merge((arm._replace(value=there), others), s.span)
    b.meet(core.If(s.span, test, core.Block(tuple(arm.statements)), core.Block(()), phis))
    return value


# -- numbers, texts ----------------------------------------------------------------------------------------------------


def _rounded(mode: str) -> Rule:
    def rule(b: Builder, s: Site) -> core.Expr:
        if not number_of(b, s, 0):
            return b.wrong(s.span)
        return rounded(b, s.on, mode, s.span)

    return rule


def rounded(b: Builder, value: core.Expr, mode: str, span: Span) -> core.Expr:
    """A Ratio as a whole number, Exact money as Money."""
    held = value.type
    if held is INTEGER or isinstance(held, Money) or held is ANY:
        return value
    if held is not RATIO and not isinstance(held, Exact):
        return b.error("CCL0152", value.span, f"{held} cannot be rounded", f"this is {shown(held)}")
    result: Type = Money(held.unit) if isinstance(held, Exact) else INTEGER
    return core.Op(result, span, f"round.{mode}", (value,))


def _round(b: Builder, s: Site) -> core.Expr:
    if not number_of(b, s, 1):
        return b.wrong(s.span)
    mode = rounding_mode(b, s.args[0].value)
    return b.wrong(s.span) if mode is None else rounded(b, s.on, mode, s.span)


MODES = ("down", "up", "to_zero", "from_zero", "half_up", "half_even", "half_down")


def rounding_mode(b: Builder, e: tree.Expr) -> str | None:
    """The mode that an argument names."""
    name = e.path.parts[-1] if isinstance(e, tree.PathExpr) else tree.Name(e.span, "")
    if name.text in MODES:
        return name.text
    suggest(b, "CCL0179", name, "this is no way of rounding", MODES, notes=(f"There are: {', '.join(MODES)}.",))
    return None


def text_of(b: Builder, value: core.Expr, span: Span) -> core.Expr:
    """A value as a text."""
    held = value.type
    if held is STRING or held is ANY:
        return value
    if not printed(held):
        return b.error("CCL0181", value.span, f"{held} has no text of its own", "say which part of it is meant")
    kind = operators.kind(held)
    if isinstance(held, Money):
        kind = f"Money.{b.names.decimals(held.unit) or 0}"
    return core.Op(STRING, span, "string.of", (value, core.Const(STRING, span, kind)))


def _text(b: Builder, s: Site) -> core.Expr:
    return text_of(b, s.on, s.span) if number_of(b, s, 0) else b.wrong(s.span)


def _sign(operator: str) -> Rule:
    """`is_zero`, `is_positive`, `is_negative`."""

    def rule(b: Builder, s: Site) -> core.Expr:
        if not number_of(b, s, 0):
            return b.wrong(s.span)
        zero = Fraction(0) if s.on.type is RATIO or isinstance(s.on.type, Exact) else 0
        return core.Op(BOOL, s.span, operator, (s.on, core.Const(s.on.type, s.span, zero)))

    return rule


def _numeric(kind: str, *, power: bool = False, clamp: bool = False) -> dict[str, Rule]:
    table = {
        "abs": simple(f"{kind}.abs"),
        "min": simple(f"{kind}.min", ("S",)),
        "max": simple(f"{kind}.max", ("S",)),
        "is_zero": _sign("eq"),
        "is_positive": _sign("gt"),
        "is_negative": _sign("lt"),
    }
    if power:
        table["pow"] = simple(f"{kind}.pow", (INTEGER,))
    if clamp:
        table["clamp"] = simple(f"{kind}.clamp", ("S", "S"))
    return table


ROUNDS: dict[str, Rule] = {"round": _round, "floor": _rounded("down"), "ceil": _rounded("up")}


def _split(b: Builder, s: Site) -> core.Expr:
    """`pool.split(weights)`: as many parts as weights."""
    done = take(b, s, Array(INTEGER))
    if done is None:
        return b.wrong(s.span)
    most = done[1].type.most if isinstance(done[1].type, Array) else None
    return core.Op(Array(s.on.type, most), s.span, "split", tuple(done))


def _at(op: str, kind: Type, *, festive: bool = False) -> Rule:
    """Add a span to a moment or a date."""
    return simple(op, (kind,), "S", zoned=op.startswith("timestamp."), festive=festive)


METHODS: dict[str, dict[str, Rule]] = {
    **gathered.TABLES,
    "String": {
        "len": counted, "length": counted, "is_empty": empty, "trim": simple("string.trim"),
        "contains": simple("string.contains", (STRING,), BOOL),
        "starts_with": simple("string.starts_with", (STRING,), BOOL),
        "ends_with": simple("string.ends_with", (STRING,), BOOL),
        "lower": simple("string.lower"), "to_lowercase": simple("string.lower"), "to_lower": simple("string.lower"),
        "upper": simple("string.upper"), "to_uppercase": simple("string.upper"), "to_upper": simple("string.upper"),
        "slice": simple("string.slice", (INTEGER, INTEGER)), "substring": simple("string.slice", (INTEGER, INTEGER)),
        "replace": simple("string.replace", (STRING, STRING)), "concat": simple("string.concat", (STRING,)),
        "parse": simple("integer.parse", (), Option(INTEGER)), "parse_integer": simple("integer.parse", (),
                                                                                      Option(INTEGER)),
    },
    "Option": {
        "is_some": _is(1), "is_none": _is(0), "unwrap": _expect, "expect": _expect,
        "unwrap_or": simple("option.or", ("T",), "T"), "or": simple("option.or", ("T",), "T"), "ok_or": _ok_or,
        "map": _map_option, "and_then": _map_option,
    },
    "Result": {
        "is_ok": _is(1), "is_err": _is(0), "unwrap": _expect, "expect": _expect,
        "unwrap_or": simple("result.or", ("T",), "T"), "or": simple("result.or", ("T",), "T"),
        "ok": lambda b, s: core.Op(Option(letter("T", s.on.type) or NEVER), s.span, "result.option", (s.on,)),
        "map": _map_option, "and_then": _map_option,
    },
    "Integer": _numeric("integer", power=True, clamp=True),
    "Ratio": _numeric("ratio", power=True) | ROUNDS | {
        "numerator": simple("ratio.numerator", (), INTEGER), "denominator": simple("ratio.denominator", (), INTEGER),
    },
    "Money": _numeric("money", clamp=True) | {"minor": simple("money.minor", (), INTEGER), "split": _split},
    "Exact": _numeric("exact") | ROUNDS,
    "Date": {
        "year": simple("date.year", (), INTEGER), "month": simple("date.month", (), INTEGER),
        "day": simple("date.day", (), INTEGER), "weekday": simple("date.weekday", (), INTEGER),
        "start": simple("date.start", (), TIMESTAMP, zoned=True),
        "is_working_day": simple("date.is_working_day", (), BOOL, festive=True),
        "working_days_until": simple("date.working_days_between", (DATE,), INTEGER, festive=True),
        "months_until": simple("date.months_between", (DATE,), INTEGER),
        "act_365": simple("date.act_365", (DATE,), RATIO), "thirty_360": simple("date.thirty_360", (DATE,), RATIO),
        "add_days": _at("date.add_days", DAYS), "add_months": _at("date.add_months", MONTHS),
        "add_clear_days": _at("date.add_clear_days", CLEAR_DAYS),
        "add_working_days": _at("date.add_working_days", WORKING_DAYS, festive=True),
    },
    "Timestamp": {
        "date": simple("date.of_timestamp", (), DATE, zoned=True), "ms": simple("timestamp.ms", (), INTEGER),
    },
    "Duration": {"ms": simple("duration.ms", (), INTEGER)},
    "Days": {"count": simple("days.count", (), INTEGER)},
    "ClearDays": {"count": simple("days.count", (), INTEGER)},
    "WorkingDays": {"count": simple("days.count", (), INTEGER)},
    "Months": {"count": simple("months.count", (), INTEGER)},
}  # fmt: skip

_EVERY: dict[str, Rule] = {"to_string": _text, "clone": itself, "copy": itself, "to_owned": itself}
"""Methods that every value has; values are copied anyhow."""
