"""Expressions but for literals, calls and control: names, fields, indexes, operators, tuples, ranges, casts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from ccl import core
from ccl.diagnostics import Edit, Fix, Label
from ccl.elaborate import operators
from ccl.elaborate.builder import Builder
from ccl.elaborate.fitting import fits
from ccl.elaborate.mismatch import shown
from ccl.elaborate.names import Names, closest
from ccl.elaborate.operators import is_literal
from ccl.elaborate.resolve import declared_here, resolve
from ccl.source import Span
from ccl.syntax import tree
from ccl.types import (
    ANY,
    BOOL,
    DAYS,
    DID,
    DURATION,
    INTEGER,
    MONTHS,
    NEVER,
    RATIO,
    STRING,
    TIMESTAMP,
    Array,
    Enum,
    Exact,
    Map,
    Money,
    Option,
    Range,
    Struct,
    Tuple,
    Type,
    UnitCode,
)

# -- names -------------------------------------------------------------------------------------------------------------


def infer_path(b: Builder, e: tree.PathExpr) -> core.Expr:
    """A name: of a local, a constant, a parameter, a state, a unit or a variant."""
    parts = e.path.parts
    if len(parts) > 1:
        return _qualified(b, e)
    name = parts[0].text
    local = b.lookup(name)
    if local is not None:
        value = local.value
        if isinstance(value, core.Local):
            return core.Local(value.type, e.span, value.name)
        return value
    found = outer_name(b, b.names, name, e.span)
    return found if found is not None else _no_value(b, name, e.span)


def outer_name(b: Builder, names: Names, name: str, span: Span) -> core.Expr | None:
    """What a name means outside of the function, if it has a value."""
    constant = names.constants.get(name)
    if constant is not None:
        return b.shared.value_of(constant, span)
    param = names.params.get(name)
    if param is not None:
        b.effects.setdefault("param", span)
        return core.ParamValue(param.type, span, name, b.site("param", name, param.type, span))
    state = names.states.get(name)
    if state is not None:
        return read_state(b, name, span)
    if name == "None":
        return core.MakeVariant(Option(NEVER), span, 0, ())
    if names.decimals(name) is not None:
        return core.Const(UnitCode(name), span, name)
    return bare_variant(b, name, span, None)


def read_state(b: Builder, name: str, span: Span) -> core.Expr:
    """The value of a state now."""
    held = b.names.states[name].type or ANY
    b.effects.setdefault("state", span)
    return core.StateValue(held, span, name, b.site("state", name, held, span))


def bare_variant(b: Builder, name: str, span: Span, expected: Type | None) -> core.Expr | None:
    """A variant without payload by its name alone: of the enum expected, or of the only one that has it."""
    owners = [shape for shape in b.names.enums.values() if shape.index(name) is not None]
    if isinstance(expected, Enum):
        owners = [s for s in owners if s.name == expected.name]
    if len(owners) != 1:
        return None
    index = owners[0].index(name)
    assert index is not None
    if owners[0].variants[index].items:
        return None
    return core.MakeVariant(Enum(owners[0].name), span, index, ())


def check_path(b: Builder, e: tree.PathExpr, expected: Type) -> core.Expr:
    """A name where a type is expected: `None`, and variants by their name alone, take it."""
    if len(e.path.parts) == 1:
        name = e.path.parts[0].text
        if b.lookup(name) is None:
            if name == "None" and isinstance(expected, Option):
                return core.MakeVariant(expected, e.span, 0, ())
            if isinstance(expected, Enum) and name not in b.names.constants:
                found = bare_variant(b, name, e.span, expected)
                if found is not None:
                    return found
    return b.coerce(infer_path(b, e), expected, e)


def _qualified(b: Builder, e: tree.PathExpr) -> core.Expr:
    """`Status::Open`, `module::CONSTANT`, `icn::x`."""
    parts = e.path.parts
    first, last = parts[-2].text, parts[-1]
    if first in b.names.enums:
        return variant(b, Enum(first), last, e.span)
    other = b.names.imports.get(parts[0].text)
    if other is not None:
        if len(parts) > 2 and parts[1].text in other.enums:
            return variant(b, Enum(parts[1].text), last, e.span)
        found = outer_name(b, other, last.text, e.span)
        if found is not None:
            return found
    if parts[0].text == "icn":
        return infer_path(b, tree.PathExpr(e.span, tree.Path(e.path.span, parts[-1:])))
    near = None if b.findings.crowded else closest(first, [*b.names.enums, *b.names.imports])
    b.findings.error("CCL0124", e.path.span, f"there is nothing called `{e.path.text}`",
                     label=f"did you mean `{near}::{last.text}`?" if near else f"`{first}` is no enum and no import",
                     )  # fmt: skip
    return b.wrong(e.span)


def variant(b: Builder, held: Enum, name: tree.Name, span: Span) -> core.Expr:
    """`E::V`, of a variant without payload."""
    shape = b.names.enums[held.name]
    index = shape.index(name.text)
    if index is None:
        return unknown_variant(b, held.name, name)
    if shape.variants[index].items:
        return b.error("CCL0204", span, f"`{held.name}::{name.text}` has a payload", "give it in brackets")
    return core.MakeVariant(held, span, index, ())


def unknown_variant(b: Builder, enum: str, name: tree.Name) -> core.Expr:
    """Tell that an enum has no such variant."""
    known = [v.name for v in b.names.enums[enum].variants]
    decl = b.names.enum_decls.get(enum)
    suggest(b, "CCL0105", name, f"`{enum}` has no variant `{name.text}`", known,
            also=declared_here(decl.name.span, "the enum") if decl else ())  # fmt: skip
    return b.wrong(name.span)


def suggest(b: Builder, code: str, name: tree.Name, message: str, known: Iterable[str], *, notes: tuple[str, ...] = (),
            also: tuple[Label, ...] = ()) -> None:  # fmt: skip
    """Tell of an unknown name, with what was probably meant."""
    near = None if b.findings.crowded else closest(name.text, known)
    b.findings.error(
        code, name.span, message, label=f"did you mean `{near}`?" if near else "unknown", notes=notes, also=also,
        fixes=(Fix(f"use `{near}`", (Edit(name.span, near),), applicable=False),) if near else (),
    )  # fmt: skip


def locals_in_scope(b: Builder) -> Iterator[str]:
    """Names of locals, also of functions around."""
    yield from b.env
    if b.parent is not None:
        yield from locals_in_scope(b.parent)


def _no_value(b: Builder, name: str, span: Span) -> core.Expr:
    names = b.names
    called = name in names.functions or name in b.host.views or name in ("caller", "now", "today")
    if called:
        b.findings.error("CCL0114", span, f"`{name}` is a function: call it", label="a function, not its value",
                         fixes=(Fix("call it", (Edit(Span(span.source, span.end, span.end), "()"),),
                                    applicable=name in ("caller", "now", "today")),))  # fmt: skip
        return b.wrong(span)
    if name == "command":
        if b.clause is None:
            return b.error("CCL0118", span, "there is no command here: only clauses judge one",
                           "hand what is needed to the function as arguments")  # fmt: skip
        return b.error("CCL0114", span, "the command as a whole is no value", "name a field of it: `command.payer`")
    kinds = (("type", names.structs), ("type", names.enums), ("role", names.roles), ("type", names.aliases))
    for what, table in kinds:
        if name in table:
            hint = f"`role({name})` asks whether the actor holds it" if what == "role" else "a type, not a value"
            return b.error("CCL0114", span, f"`{name}` is a {what}, not a value", hint)
    judged = () if b.clause is None else ("command",)
    known = chain(judged, locals_in_scope(b), names.constants, names.params, names.states, names.units, b.host.units)
    notes: tuple[str, ...] = ()
    if b.clause is not None and all(c.field(name) is not None for c in b.clause.commands):
        notes = (f"A field of the command is written `command.{name}`.",)
    if name.lower() in ("null", "nil", "undefined"):
        notes = ("There is no null: what may be absent is an `Option`, and without a value it is `None`.",)
    suggest(b, "CCL0101", tree.Name(span, name), f"nothing here is called `{name}`", known, notes=notes)
    return b.wrong(span)


def infer_state(b: Builder, e: tree.StateExpr) -> core.Expr:
    """`@balance`."""
    if e.name.text not in b.names.states:
        suggest(b, "CCL0101", e.name, f"there is no state `{e.name.text}`", b.names.states)
        return b.wrong(e.span)
    return read_state(b, e.name.text, e.span)


def outer_word(b: Builder, e: tree.Expr) -> str | None:
    """The name that an expression is, where it is one of no local."""
    if isinstance(e, tree.PathExpr) and len(e.path.parts) == 1 and not e.args:
        name = e.path.parts[0].text
        return name if b.lookup(name) is None else None
    return None


# -- operators ---------------------------------------------------------------------------------------------------------


def infer_unary(b: Builder, e: tree.UnaryExpr) -> core.Expr:
    """`-x`, `!x`."""
    if e.operator == "-":
        return operators.negate(b, e.span, b.infer(e.operand))
    if e.operator == "!":
        operand = b.check(e.operand, BOOL)
        return core.Not(BOOL, e.span, operand)
    return b.infer(e.operand)  # a reference: the parser has told


_HINTED = frozenset(("+", "-", "==", "!=", "<", "<=", ">", ">=", "by", "before", "after"))


def infer_binary(b: Builder, e: tree.BinaryExpr) -> core.Expr:
    """Two operands and what stands between them."""
    special = _SPECIAL.get(e.operator)
    if special is not None:
        return special(b, e)
    if e.operator in _HINTED and waits(b, e.left) and not waits(b, e.right):
        right = b.infer(e.right)
        left = beside(b, e.left, right.type)
        return operators.binary(b, e.operator, e.span, left, right, e.at)
    left = b.infer(e.left)
    mark = len(b.out)
    right = beside(b, e.right, left.type) if e.operator in _HINTED else b.infer(e.right)
    if len(b.out) > mark:
        done = [left]
        b.settle(done, mark)
        left = done[0]
    return operators.binary(b, e.operator, e.span, left, right, e.at)


def waits(b: Builder, e: tree.Expr) -> bool:
    """Whether an expression takes its type from what stands beside it; such a one needs no statements."""
    if isinstance(e, tree.ListExpr | tree.MapExpr):
        return not (e.items if isinstance(e, tree.ListExpr) else e.pairs)
    if isinstance(e, tree.PathExpr):
        return len(e.path.parts) == 1 and e.path.parts[0].text == "None" and b.lookup("None") is None
    return is_literal(e)


def beside(b: Builder, e: tree.Expr, other: Type) -> core.Expr:
    """An operand, given the type of the other: a number beside an amount is one, `None` is of the other's type."""
    if is_literal(e):
        return b.check(e, other) if isinstance(other, Money | Exact) else b.infer(e)
    if isinstance(other, Option | Enum | Struct | Array | Map) and isinstance(
        e, tree.PathExpr | tree.CallExpr | tree.ListExpr | tree.MapExpr
    ):
        if isinstance(e, tree.CallExpr) and not _is_some(e):
            return b.infer(e)
        if isinstance(e, tree.PathExpr) and not isinstance(other, Option | Enum):
            return b.infer(e)
        if isinstance(e, tree.PathExpr) and not (waits(b, e) or isinstance(other, Enum)):
            return b.infer(e)
        loose = Array(other.item) if isinstance(other, Array) else other
        return b.check(e, Map(loose.key, loose.value) if isinstance(loose, Map) else loose)
    return b.infer(e)


def _is_some(e: tree.CallExpr) -> bool:
    return isinstance(e.target, tree.PathExpr) and e.target.path.text == "Some"


def check_binary(b: Builder, e: tree.BinaryExpr, expected: Type) -> core.Expr:
    """Sums of literals take the type expected; all else has its own."""
    if isinstance(expected, Money | Exact) and is_literal(e) and e.operator in ("+", "-"):
        left, right = b.check(e.left, expected), b.check(e.right, expected)
        return operators.binary(b, e.operator, e.span, left, right, e.at)
    return b.coerce(infer_binary(b, e), expected, e)


def _connective(b: Builder, e: tree.BinaryExpr) -> core.Expr:
    """`&&`, `||`: the right one only if it matters."""
    left = b.check(e.left, BOOL)
    arm = b.arm(lambda: b.check(e.right, BOOL))
    if not arm.statements and arm.alive:
        make = core.And if e.operator == "&&" else core.Or
        return make(BOOL, e.span, left, arm.value)
    skipped = b.arm(lambda: core.Const(BOOL, e.span, e.operator == "||"))
    arms = (arm, skipped) if e.operator == "&&" else (skipped, arm)
    phis, value = b.merge(arms, e.span)
    b.meet(core.If(e.span, left, core.Block(tuple(arms[0].statements)), core.Block(tuple(arms[1].statements)), phis))
    return value


def _in(b: Builder, e: tree.BinaryExpr) -> core.Expr:
    """`x in xs`."""
    if isinstance(e.right, tree.RangeExpr) and not is_literal(e.left):
        first = b.infer(e.left)
        mark = len(b.out)
        of = check_range(b, e.right, Range(first.type))
    elif isinstance(e.right, tree.ListExpr) and not is_literal(e.left):
        first = b.infer(e.left)
        mark = len(b.out)
        of = b.check(e.right, Array(first.type))
    else:
        first = b.infer(e.left)
        mark = len(b.out)
        of = b.infer(e.right)
        if is_literal(e.left) and isinstance(of.type, Array) and isinstance(of.type.item, Money | Exact):
            first = b.check(e.left, of.type.item)
    done = [first]
    b.settle(done, mark)
    return operators.contained(b, e.span, done[0], of, e.at)


def _otherwise(b: Builder, e: tree.BinaryExpr) -> core.Expr:
    """`x ?? y`: what is in an Option or a Result, else y, evaluated only then."""
    left = b.infer(e.left)
    held = left.type
    if held in (ANY, NEVER):
        b.infer(e.right)
        return core.Const(ANY, e.span, None)
    if isinstance(held, Option):
        inside: Type = held.item
    elif held.__class__.__name__ == "Result":
        inside = held.value  # type: ignore[attr-defined]
    else:
        return b.error("CCL0173", e.left.span, f"this is always there: {held}", "so nothing can stand in for it")
    present = 1
    if held == Option(NEVER):
        return b.infer(e.right)
    if isinstance(e.right, tree.BoolLit | tree.StringLit | tree.DidLit) or is_literal(e.right):
        name = "option.or" if isinstance(held, Option) else "result.or"
        return core.Op(inside, e.span, name, (left, b.check(e.right, inside)))
    kept = b.keep(left)
    absent = b.arm(lambda: _stand_in(b, e.right, held, inside))
    if absent.alive and absent.value.type.__class__ is held.__class__ and not fits(absent.value.type, inside):
        inside, there = absent.value.type, b.arm(lambda: kept)
    else:
        there = b.arm(lambda: core.Payload(inside, e.span, kept, present, 0))
    if not absent.statements and absent.alive:
        return core.Cond(inside, e.span, core.IsVariant(BOOL, e.span, kept, present), there.value, absent.value)
    phis, value = b.merge((there, absent), e.span)
    b.meet(core.If(e.span, core.IsVariant(BOOL, e.span, kept, present), core.Block(()),
                   core.Block(tuple(absent.statements)), phis))  # fmt: skip
    return value


def _stand_in(b: Builder, e: tree.Expr, held: Type, inside: Type) -> core.Expr:
    """What stands for an absent value: one such as would be inside, or another Option: `a ?? b ?? 0`."""
    if not isinstance(e, tree.CallExpr | tree.PathExpr | tree.FieldExpr | tree.IndexExpr) or waits(b, e):
        return b.check(e, inside)
    value = b.infer(e)
    if not fits(value.type, inside) and fits(value.type, held):
        return value
    return b.coerce(value, inside, e)


_SPECIAL: dict[str, Callable[[Builder, tree.BinaryExpr], core.Expr]] = {
    "&&": _connective,
    "||": _connective,
    "in": _in,
    "??": _otherwise,
}


# -- tuples, structs, ranges -------------------------------------------------------------------------------------------


def infer_tuple(b: Builder, e: tree.TupleExpr) -> core.Expr:
    """`(a, b)`; `()` is nothing."""
    if not e.items:
        return b.nothing(e.span)
    items = b.in_order(e.items, lambda part, i: b.infer(part))
    return core.MakeTuple(Tuple(tuple(i.type for i in items)), e.span, tuple(items))


def check_tuple(b: Builder, e: tree.TupleExpr, expected: Type) -> core.Expr:
    """`(a, b)` where a tuple is expected."""
    if not isinstance(expected, Tuple) or len(expected.items) != len(e.items):
        return b.coerce(infer_tuple(b, e), expected, e)
    items = b.in_order(e.items, lambda part, i: b.check(part, expected.items[i]))
    return core.MakeTuple(expected, e.span, tuple(items))


def infer_range(b: Builder, e: tree.RangeExpr) -> core.Expr:
    """`a..b`, `a..=b`."""
    if e.low is None or e.high is None:
        return b.error("CCL0147", e.span, "a range has both ends", "say where it begins and where it ends")
    if is_literal(e.low) and not is_literal(e.high):
        held = b.infer(e.high)
        return _range(b, e, b.check(e.low, held.type), held)
    low = b.infer(e.low)
    mark = len(b.out)
    high = beside(b, e.high, low.type)
    done = [low]
    b.settle(done, mark)
    return _range(b, e, done[0], high)


def check_range(b: Builder, e: tree.RangeExpr, expected: Type) -> core.Expr:
    """`a..b` where a range of some type is expected."""
    if not isinstance(expected, Range) or e.low is None or e.high is None:
        return b.coerce(infer_range(b, e), expected, e)
    low = b.check(e.low, expected.item)
    mark = len(b.out)
    high = b.check(e.high, expected.item)
    done = [low]
    b.settle(done, mark)
    return _range(b, e, done[0], high)


def _range(b: Builder, e: tree.RangeExpr, low: core.Expr, high: core.Expr) -> core.Expr:
    held = low.type
    if held in (ANY, NEVER) or high.type in (ANY, NEVER):
        return b.wrong(e.span)
    if not fits(high.type, held):
        return b.error("CCL0150", e.span, f"the ends of a range are of one type, not {held} and {high.type}")
    if held in (STRING, DID, BOOL, RATIO) or isinstance(held, Exact | Struct | Enum | Option | Array | Map | Tuple):
        return b.error("CCL0147", e.span, f"there are no ranges of {held}", "of whole numbers, amounts, dates")
    start, end = b.bounds(low)[0], b.bounds(high)[1]
    most = None if start is None or end is None else max(0, end - start + (1 if e.inclusive else 0))
    name = "range.make_inclusive" if e.inclusive else "range.make"
    return core.Op(Range(held, most), e.span, name, (low, high))


# -- casts -------------------------------------------------------------------------------------------------------------


def infer_cast(b: Builder, e: tree.CastExpr) -> core.Expr:
    """`e as T`: only what loses nothing; else the error says which function does it."""
    wanted = resolve(b.names, e.type)
    if is_literal(e.value) and isinstance(wanted, Money | Exact):
        return b.check(e.value, wanted)
    value = b.infer(e.value)
    held = value.type
    if wanted is ANY or fits(held, wanted):
        return value
    if held is INTEGER and isinstance(wanted, Money):
        one = b.names.decimals(wanted.unit)
        if one is not None:
            whole = core.Const(wanted, e.span, 10**one)
            return core.Op(wanted, e.span, "money.times", (whole, value))
    if (held is INTEGER and wanted is RATIO) or (isinstance(held, Money) and wanted == Exact(held.unit)):
        return operators.exactly(value)
    if wanted is STRING and (held is DID or isinstance(held, UnitCode)):
        return core.Op(STRING, e.span, "string.of", (value, core.Const(STRING, e.span, operators.kind(held))))
    _no_cast(b, e, held, wanted)
    return b.wrong(e.span)


def _no_cast(b: Builder, e: tree.CastExpr, held: Type, wanted: Type) -> None:
    code = "CCL0161"
    notes: tuple[str, ...] = ()
    fixes: tuple[Fix, ...] = ()
    if (held == RATIO and wanted == INTEGER) or (isinstance(held, Exact) and isinstance(wanted, Money)):
        code = "CCL0160"
        notes = ("Modes: down, up, to_zero, from_zero, half_up, half_even, half_down.",)
        begin = Span(e.span.source, e.span.start, e.span.start)
        tail = Span(e.span.source, e.value.span.end, e.span.end)
        edits = (Edit(begin, "round("), Edit(tail, ", to_zero)"))
        fixes = (Fix("round to zero, as Rust's `as` does", edits, dialect=True),)
    elif isinstance(held, Money):
        notes = ("`minor(x)` is the number of its smallest parts; divided by an amount of its unit it is a Ratio.",)
    elif held == BOOL:
        notes = ("`if x { 1 } else { 0 }` makes a number of it.",)
    elif wanted == STRING:
        notes = ('`format!("{}", x)` makes a text of it.',)
    elif wanted == INTEGER and held in (DAYS, MONTHS, DURATION, TIMESTAMP):
        notes = ("`.count()` of days and months, `.ms()` of a Duration and a Timestamp are numbers.",)
    b.findings.error(code, e.span, f"{held} cannot be had as {wanted} without loss" if code == "CCL0160" else
                     f"{held} cannot be had as {wanted}", label=f"this is {shown(held)}", notes=notes,
                     fixes=fixes)  # fmt: skip


def infer_no_value(b: Builder, e: tree.NamedExpr | tree.InEachExpr | tree.BlendExpr) -> core.Expr:
    """What has a meaning among a contract's entries only: told."""
    advice = "classes of voters stand in a `threshold`"
    if isinstance(e, tree.NamedExpr):
        advice = f"`{e.name.text}: ..` is an entry, or a field between braces"
    return b.error("CCL0344", e.span, "this is no value", label=advice)


def infer_nothing_here(b: Builder, e: tree.Wrong) -> core.Expr:
    """What could not be parsed."""
    return b.wrong(e.span)
