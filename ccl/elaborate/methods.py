"""Methods that values have: `xs.len()`, `m.get(k)`, `d.year()`. One table by the kind of type and the name.

Most are an operation of the core with arguments of known types (`Simple`); the rest have a rule of their own. A type
letter in the table: `T` the item of an array or Option, `K` and `V` of a map, `S` the type itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import NamedTuple

from ccl import core
from ccl.elaborate import closures, operators
from ccl.elaborate.builder import Builder
from ccl.elaborate.expressions import suggest
from ccl.elaborate.fields import field_of
from ccl.elaborate.fitting import added, fits, join, loosened, ordered, printed
from ccl.elaborate.mismatch import shown
from ccl.elaborate.operators import is_literal
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
    Map,
    Money,
    Option,
    Record,
    Result,
    Struct,
    Tuple,
    Type,
)


class Site(NamedTuple):
    """A method called: on what, with what, where."""

    on: core.Expr
    name: tree.Name
    args: tuple[tree.Arg, ...]
    span: Span


Rule = Callable[[Builder, Site], core.Expr]


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
        return _unknown(b, on, name, span, table)
    return rule(b, Site(on, name, args, span))


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
    suggest(b, "CCL0106", name, f"{held} has no method `{name.text}`", [*table, *own])
    return b.wrong(span)


# -- arguments ---------------------------------------------------------------------------------------------------------


def _take(b: Builder, s: Site, *types: Type | None) -> list[core.Expr] | None:
    """The receiver and as many arguments, of these types (None: any); None where their number is wrong (told)."""
    if not _number(b, s, len(types)):
        return None
    mark = len(b.out)

    def each(e: tree.Expr, i: int) -> core.Expr:
        wanted = types[i]
        return b.infer(e) if wanted is None else b.check(e, wanted)

    values = b.in_order([a.value for a in s.args], each)
    done = [s.on]
    b.settle(done, mark)
    return done + values


def _number(b: Builder, s: Site, *numbers: int) -> bool:
    if len(s.args) in numbers and all(a.name is None for a in s.args):
        return True
    told = " or ".join(str(n) if n else "no" for n in numbers)
    code = "CCL0122" if len(s.args) > max(numbers) else "CCL0121"
    named = next((a.name for a in s.args if a.name is not None), None)
    if named is not None:
        b.error("CCL0120", named.span, f"`{s.name.text}` has no parameter `{named.text}`", "give it by place")
    else:
        b.error(code, s.span, f"`{s.name.text}` takes {told} argument{'s' if numbers != (1,) else ''}, not "
                f"{len(s.args)}")  # fmt: skip
    return False


def _letter(letter: Type | str, held: Type) -> Type | None:
    """A type of the table, for a receiver of some type."""
    if isinstance(letter, Type):
        return letter
    if letter == "S":
        return held
    if letter == "A":  # another array of the same items, however many
        return Array(held.item) if isinstance(held, Array) else held
    if letter == "T":
        found = held.item if isinstance(held, Array | Option) else held.value if isinstance(held, Result) else held
    elif letter == "K":
        found = held.key if isinstance(held, Map) else held
    else:
        found = held.value if isinstance(held, Map) else held
    return None if found is NEVER else found


def simple(op: str, params: tuple[Type | str, ...] = (), result: Type | str = "S", *, zoned: bool = False,
           festive: bool = False) -> Rule:  # fmt: skip
    """A method that is one operation."""

    def rule(b: Builder, s: Site) -> core.Expr:
        done = _take(b, s, *[_letter(p, s.on.type) for p in params])
        if done is None:
            return b.wrong(s.span)
        if zoned:
            done.append(operators.zone(b, s.span))
        if festive:
            done.append(operators.holidays(b, s.span))
        held = _letter(result, s.on.type) or NEVER
        return core.Op(held, s.span, op, tuple(done))

    return rule


def optional(op: str, params: tuple[Type | str, ...] = ()) -> Rule:
    """A method that is one operation, giving an Option of an item or a value."""

    def rule(b: Builder, s: Site) -> core.Expr:
        done = _take(b, s, *[_letter(p, s.on.type) for p in params])
        if done is None:
            return b.wrong(s.span)
        inner = s.on.type.value if isinstance(s.on.type, Map) else _letter("T", s.on.type) or NEVER
        return core.Op(Option(inner), s.span, op, tuple(done))

    return rule


def _itself(b: Builder, s: Site) -> core.Expr:
    return s.on if _number(b, s, 0) else b.wrong(s.span)


def _counted(b: Builder, s: Site) -> core.Expr:
    """`len`; `count` with a closure counts what it holds of."""
    if len(s.args) == 1 and s.name.text == "count":
        return closures.walk(b, "count", s.on, s.args[0].value, BOOL, s.span)
    if not _number(b, s, 0):
        return b.wrong(s.span)
    kind = {Map: "map", Array: "array"}.get(s.on.type.__class__, "string" if s.on.type is STRING else "range")
    return core.Op(INTEGER, s.span, f"{kind}.length", (s.on,))


def _empty(b: Builder, s: Site) -> core.Expr:
    length = _counted(b, s)
    if length.type is ANY:
        return length
    operator = "gt" if s.name.text == "not_empty" else "eq"
    return core.Op(BOOL, s.span, operator, (length, core.Const(INTEGER, s.span, 0)))


# -- arrays ------------------------------------------------------------------------------------------------------------


def _grown(b: Builder, s: Site, item: Type, op: str, args: list[core.Expr], more: int | None) -> core.Expr:
    """An array that an operation makes longer."""
    assert isinstance(s.on.type, Array)
    joined = join(s.on.type.item, item)
    if joined is None:
        b.coerce(args[-1], s.on.type.item)
        return b.wrong(s.span)
    most = added(s.on.type.most, more)
    return core.Op(Array(joined, most), s.span, op, (*args, core.Const(INTEGER, s.span, most)))


def _push(b: Builder, s: Site) -> core.Expr:
    done = _take(b, s, _letter("T", s.on.type))
    return b.wrong(s.span) if done is None else _grown(b, s, done[1].type, "array.push", done, 1)


def _concat(b: Builder, s: Site) -> core.Expr:
    assert isinstance(s.on.type, Array)
    wanted = None if s.on.type.item is NEVER else loosened(Array(s.on.type.item, 0))
    done = _take(b, s, wanted)
    if done is None or not isinstance(done[1].type, Array):
        return b.wrong(s.span)
    return _grown(b, s, done[1].type.item, "array.concat", done, done[1].type.most)


def _insert(b: Builder, s: Site) -> core.Expr:
    done = _take(b, s, INTEGER, _letter("T", s.on.type))
    return b.wrong(s.span) if done is None else _grown(b, s, done[2].type, "array.insert", done, 1)


def _sorted(b: Builder, s: Site) -> core.Expr:
    assert isinstance(s.on.type, Array)
    if not _number(b, s, 0):
        return b.wrong(s.span)
    if not ordered(s.on.type.item):
        return b.error("CCL0170", s.name.span, f"values of {s.on.type.item} have no order", "cannot be sorted")
    return core.Op(s.on.type, s.span, "array.sort", (s.on,))


def _limited(op: str) -> Rule:
    """`take`, `skip`: at most as many as there were."""
    whole = simple(op, (INTEGER,))

    def rule(b: Builder, s: Site) -> core.Expr:
        found = whole(b, s)
        if op == "array.take" and isinstance(found, core.Op) and isinstance(found.type, Array):
            high = b.bounds(found.args[1])[1]
            if high is not None and high >= 0 and (found.type.most is None or high < found.type.most):
                return core.Op(Array(found.type.item, high), s.span, op, found.args)
        return found

    return rule


def _numbered(b: Builder, s: Site) -> core.Expr:
    assert isinstance(s.on.type, Array)
    if not _number(b, s, 0):
        return b.wrong(s.span)
    held = Array(Tuple((INTEGER, s.on.type.item)), s.on.type.most)
    return core.Op(held, s.span, "array.enumerate", (s.on,))


def _zip(b: Builder, s: Site) -> core.Expr:
    assert isinstance(s.on.type, Array)
    done = _take(b, s, None)
    if done is None:
        return b.wrong(s.span)
    other = done[1].type
    if not isinstance(other, Array):
        return b.error("CCL0150", done[1].span, f"expected an array, found {other}", shown(other))
    known = [m for m in (s.on.type.most, other.most) if m is not None]
    held = Array(Tuple((s.on.type.item, other.item)), min(known) if known else None)
    return core.Op(held, s.span, "array.zip", tuple(done))


def _join_texts(b: Builder, s: Site) -> core.Expr:
    assert isinstance(s.on.type, Array)
    if not fits(s.on.type.item, STRING):
        return b.error("CCL0150", s.on.span, f"`join` goes with texts, not with {s.on.type.item}",
                       "map them to texts first")  # fmt: skip
    return simple("string.join", (STRING,), STRING)(b, s)


# -- walks -------------------------------------------------------------------------------------------------------------


def _walk(kind: str, want: Type | None = None) -> Rule:
    def rule(b: Builder, s: Site) -> core.Expr:
        if not _number(b, s, 1):
            return b.wrong(s.span)
        return closures.walk(b, kind, s.on, s.args[0].value, want, s.span)

    return rule


def _alone(kind: str) -> Rule:
    """`sum()`, `min()`, `max()` of the items themselves, or by a closure."""

    def rule(b: Builder, s: Site) -> core.Expr:
        if not _number(b, s, 0, 1):
            return b.wrong(s.span)
        if s.args:
            return closures.walk(b, kind, s.on, s.args[0].value, None, s.span)
        inside = closures.item_type(s.on.type)
        assert inside is not None
        local = b.fresh("it")
        return closures.comprehension(b, kind, s.on, local, core.Local(inside, s.span, local), s.span)

    return rule


def _fold(b: Builder, s: Site) -> core.Expr:
    if not _number(b, s, 2):
        return b.wrong(s.span)
    mark = len(b.out)
    start = b.infer(s.args[0].value)
    if is_literal(s.args[0].value):
        start = _start(b, s, start)
    done = [s.on]
    b.settle(done, mark)
    return closures.fold(b, done[0], start, s.args[1].value, s.span)


def _start(b: Builder, s: Site, start: core.Expr) -> core.Expr:
    """A number to start from takes the type of the items, where those are amounts or ratios."""
    inside = closures.item_type(s.on.type)
    if isinstance(inside, Money | Exact) or inside is RATIO:
        assert inside is not None
        return b.check(s.args[0].value, inside)
    return start


_WALKS: dict[str, Rule] = {
    "any": _walk("any", BOOL),
    "some": _walk("any", BOOL),
    "all": _walk("all", BOOL),
    "every": _walk("all", BOOL),
    "map": _walk("map"),
    "filter": _walk("filter", BOOL),
    "find": _walk("find", BOOL),
    "count": _counted,
    "sum": _alone("sum"),
    "min": _alone("min_by"),
    "max": _alone("max_by"),
    "min_by": _walk("min_by"),
    "max_by": _walk("max_by"),
    "min_by_key": _walk("min_by"),
    "max_by_key": _walk("max_by"),
    "fold": _fold,
    "reduce": _fold,
    "len": _counted,
    "length": _counted,
    "size": _counted,
    "is_empty": _empty,
    "iter": _itself,
    "into_iter": _itself,
    "collect": _itself,
    "to_vec": _itself,
}


# -- maps --------------------------------------------------------------------------------------------------------------


def _put(b: Builder, s: Site) -> core.Expr:
    assert isinstance(s.on.type, Map)
    held = s.on.type
    done = _take(b, s, _letter("K", held), _letter("V", held))
    if done is None:
        return b.wrong(s.span)
    key, item = join(held.key, done[1].type), join(held.value, done[2].type)
    assert key is not None
    if item is None:
        b.coerce(done[2], held.value)
        return b.wrong(s.span)
    most = added(held.most, 1)
    return core.Op(Map(key, item, most), s.span, "map.set", (*done, core.Const(INTEGER, s.span, most)))


def _parts_of_map(op: str) -> Rule:
    def rule(b: Builder, s: Site) -> core.Expr:
        assert isinstance(s.on.type, Map)
        if not _number(b, s, 0):
            return b.wrong(s.span)
        held = s.on.type
        inner = {"map.keys": held.key, "map.values": held.value}.get(op, Tuple((held.key, held.value)))
        return core.Op(Array(inner, held.most), s.span, op, (s.on,))

    return rule


# -- Option, Result ----------------------------------------------------------------------------------------------------


def _is(index: int) -> Rule:
    def rule(b: Builder, s: Site) -> core.Expr:
        return core.IsVariant(BOOL, s.span, s.on, index) if _number(b, s, 0) else b.wrong(s.span)

    return rule


def _ok_or(b: Builder, s: Site) -> core.Expr:
    assert isinstance(s.on.type, Option)
    done = _take(b, s, None)
    if done is None:
        return b.wrong(s.span)
    return core.Op(Result(s.on.type.item, done[1].type), s.span, "option.ok_or", tuple(done))


def _expect(b: Builder, s: Site) -> core.Expr:
    """`unwrap()`, `expect("why")`: the value, or a trap."""
    if not _number(b, s, 0, 1):
        return b.wrong(s.span)
    kind = "option" if isinstance(s.on.type, Option) else "result"
    return core.Op(_letter("T", s.on.type) or NEVER, s.span, f"{kind}.unwrap", (s.on,))


def _map_option(b: Builder, s: Site) -> core.Expr:
    """`opt.map(|x| ..)`, `opt.and_then(|x| ..)`."""
    assert isinstance(s.on.type, Option | Result)
    if not _number(b, s, 1):
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
        if not _number(b, s, 0):
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
    if not _number(b, s, 1):
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
    return text_of(b, s.on, s.span) if _number(b, s, 0) else b.wrong(s.span)


def _sign(operator: str) -> Rule:
    """`is_zero`, `is_positive`, `is_negative`."""

    def rule(b: Builder, s: Site) -> core.Expr:
        if not _number(b, s, 0):
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


_ROUNDS: dict[str, Rule] = {"round": _round, "floor": _rounded("down"), "ceil": _rounded("up")}


def _split(b: Builder, s: Site) -> core.Expr:
    """`pool.split(weights)`: as many parts as weights."""
    done = _take(b, s, Array(INTEGER))
    if done is None:
        return b.wrong(s.span)
    most = done[1].type.most if isinstance(done[1].type, Array) else None
    return core.Op(Array(s.on.type, most), s.span, "split", tuple(done))


def _at(op: str, kind: Type, *, festive: bool = False) -> Rule:
    """Add a span to a moment or a date."""
    return simple(op, (kind,), "S", zoned=op.startswith("timestamp."), festive=festive)


METHODS: dict[str, dict[str, Rule]] = {
    "Array": _WALKS | {
        "push": _push, "append": _push, "concat": _concat, "extend": _concat, "insert": _insert,
        "contains": simple("array.contains", ("T",), BOOL), "includes": simple("array.contains", ("T",), BOOL),
        "first": optional("array.first"), "last": optional("array.last"),
        "get": optional("array.get_option", (INTEGER,)), "at": simple("array.get", (INTEGER,), "T"),
        "set": simple("array.set", (INTEGER, "T")), "remove": simple("array.remove_at", (INTEGER,)),
        "remove_at": simple("array.remove_at", (INTEGER,)), "sort": _sorted, "sorted": _sorted,
        "reverse": simple("array.reverse"), "reversed": simple("array.reverse"), "rev": simple("array.reverse"),
        "take": _limited("array.take"), "skip": _limited("array.skip"),
        "slice": simple("array.slice", (INTEGER, INTEGER)),
        "index_of": simple("array.index_of", ("T",), Option(INTEGER)),
        "position": simple("array.index_of", ("T",), Option(INTEGER)),
        "distinct": simple("array.distinct"), "unique": simple("array.distinct"), "enumerate": _numbered, "zip": _zip,
        "join": _join_texts,
    },
    "Map": _WALKS | {
        "get": optional("map.get_option", ("K",)), "get_or": simple("map.get_or", ("K", "V"), "V"),
        "get_or_default": simple("map.get_or", ("K", "V"), "V"), "at": simple("map.get", ("K",), "V"),
        "insert": _put, "set": _put, "remove": simple("map.remove", ("K",)), "delete": simple("map.remove", ("K",)),
        "contains": simple("map.contains", ("K",), BOOL), "contains_key": simple("map.contains", ("K",), BOOL),
        "has": simple("map.contains", ("K",), BOOL), "keys": _parts_of_map("map.keys"),
        "values": _parts_of_map("map.values"), "entries": _parts_of_map("map.entries"),
    },
    "Range": _WALKS | {"contains": simple("range.contains", (INTEGER,), BOOL)},
    "String": {
        "len": _counted, "length": _counted, "is_empty": _empty, "trim": simple("string.trim"),
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
        "ok": lambda b, s: core.Op(Option(_letter("T", s.on.type) or NEVER), s.span, "result.option", (s.on,)),
        "map": _map_option, "and_then": _map_option,
    },
    "Integer": _numeric("integer", power=True, clamp=True),
    "Ratio": _numeric("ratio", power=True) | _ROUNDS | {
        "numerator": simple("ratio.numerator", (), INTEGER), "denominator": simple("ratio.denominator", (), INTEGER),
    },
    "Money": _numeric("money", clamp=True) | {"minor": simple("money.minor", (), INTEGER), "split": _split},
    "Exact": _numeric("exact") | _ROUNDS,
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

_EVERY: dict[str, Rule] = {"to_string": _text, "clone": _itself, "copy": _itself, "to_owned": _itself}
"""Methods that every value has; values are copied anyhow."""

