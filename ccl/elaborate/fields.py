"""Fields and structs: `a.b`, `pair.0`, `command.payer`, `a[i]`, `Point { x: 1, ..old }`."""

from __future__ import annotations

from collections.abc import Callable

from ccl import core
from ccl.diagnostics import Edit, Fix, Label
from ccl.elaborate.builder import Builder
from ccl.elaborate.expressions import infer_state, outer_name, outer_word, suggest, unknown_variant
from ccl.elaborate.fitting import in_unit
from ccl.elaborate.literals import TIME_UNITS, span_of
from ccl.elaborate.mismatch import shown
from ccl.elaborate.resolve import declared_here
from ccl.host import FieldSpec
from ccl.source import Span
from ccl.syntax import tree
from ccl.types import ANY, INTEGER, NEVER, OWN_UNIT, Array, Enum, Map, Option, Record, Struct, Tuple, Type

# -- fields ------------------------------------------------------------------------------------------------------------


def infer_field(b: Builder, e: tree.FieldExpr) -> core.Expr:
    """`a.b`, `pair.0`, `command.payer`, `state.total`."""
    word = outer_word(b, e.target)
    if word is not None:
        if word == "command" and (b.clause is not None or word not in b.names.params):
            return command_field(b, e)
        if word == "state" and word not in b.names.states:
            return infer_state(b, tree.StateExpr(e.span, e.name))
        if word in b.names.imports:
            found = outer_name(b, b.names.imports[word], e.name.text, e.span)
            if found is not None:
                return found
        if word in b.names.enums and word not in b.names.constants:
            return _dotted_variant(b, e, word)
    return field_of(b, b.infer(e.target), e.name, e.span)


def _dotted_variant(b: Builder, e: tree.FieldExpr, enum: str) -> core.Expr:
    between = Span(e.span.source, e.target.span.end, e.name.span.start)
    b.findings.error("CCL0144", between, "a variant is named with `::`", label=f"write `{enum}::{e.name.text}`",
                     fixes=(Fix("write `::`", (Edit(between, "::"),)),))  # fmt: skip
    return b.wrong(e.span)


def command_field(b: Builder, e: tree.FieldExpr) -> core.Expr:
    """A field of the command judged, which all the clause's commands share."""
    frame = b.clause
    if frame is None:
        return b.error("CCL0118", e.span, "there is no command here: only clauses judge one",
                       "hand what is needed to the function as arguments")  # fmt: skip
    name = e.name.text
    first: FieldSpec | None = None
    for command in frame.commands:
        spec = command.field(name)
        if spec is None:
            return _not_shared(b, e, [c.name for c in frame.commands if c.field(name) is None])
        if first is None:
            first = spec
        elif (spec.type, spec.optional, spec.read_as) != (first.type, first.optional, first.read_as):
            return b.error(
                "CCL0119", e.name.span, f"`{name}` is not the same in all of this clause's commands: {first.type} in "
                f"{frame.commands[0].name}, {spec.type} in {command.name}", "give each a clause of its own",
            )  # fmt: skip
    if first is None:
        return b.wrong(e.span)
    unit = frame.unit if frame.unit != OWN_UNIT else None
    held = in_unit(first.type, unit)
    b.effects.setdefault("command_field", e.span)
    whole: Type = Option(held) if first.optional else held
    return core.CommandField(whole, e.span, name, first.read_as, first.optional,
                             b.site("command", name, whole, e.span))  # fmt: skip


def _not_shared(b: Builder, e: tree.FieldExpr, lacking: list[str]) -> core.Expr:
    assert b.clause is not None
    commands = b.clause.commands
    name = e.name.text
    if len(lacking) == len(commands):
        known = set.intersection(*({f.name for f in c.fields} for c in commands))
        who = f"`{commands[0].name}`" if len(commands) == 1 else "none of this clause's commands"
        message = f"{who} has no field `{name}`" if len(commands) == 1 else f"{who} has a field `{name}`"
        suggest(b, "CCL0104", e.name, message, known,
                notes=(f"fields: {', '.join(sorted(known))}",) if known else ())  # fmt: skip
        return b.wrong(e.span)
    some = ", ".join(f"`{c}`" for c in lacking[:3]) + (" and others" if len(lacking) > 3 else "")
    return b.error("CCL0119", e.name.span, f"not all of this clause's commands have a field `{name}`: {some} do not"
                   if len(lacking) > 1 else f"{some} has no field `{name}`, and this clause is about it too",
                   "only what they share can be read")  # fmt: skip


def field_of(b: Builder, target: core.Expr, name: tree.Name, span: Span) -> core.Expr:
    """A field of a value."""
    held = target.type
    if held in (ANY, NEVER):
        return core.Const(ANY, span, None)
    if held is INTEGER and name.text in TIME_UNITS:
        return span_of(b, target, name.text, "", span)
    rule = _FIELDS.get(held.__class__)
    if rule is not None:
        return rule(b, target, name, span)
    if isinstance(held, Option):
        return b.error("CCL0165", span, f"there may be no value here: `{name.text}` of {held}",
                       "take it out first: `if let Some(x) = .. { .. }`, or `??`")  # fmt: skip
    b.findings.error("CCL0104", name.span, f"{held} has no fields", label=f"it is {shown(held)}",
                     notes=(f"Was a call meant: `.{name.text}()`?",))  # fmt: skip
    return b.wrong(span)


def _struct_field(b: Builder, target: core.Expr, name: tree.Name, span: Span) -> core.Expr:
    assert isinstance(target.type, Struct)
    shape = b.names.structs[target.type.name]
    index = shape.index(name.text)
    if index is None:
        decl = b.names.struct_decls.get(shape.name)
        suggest(b, "CCL0104", name, f"`{shape.name}` has no field `{name.text}`", [f for f, _ in shape.fields],
                also=declared_here(decl.name.span, "the struct") if decl else ())  # fmt: skip
        return b.wrong(span)
    return item(target, index, shape.fields[index][1], span)


def item(target: core.Expr, index: int, held: Type, span: Span) -> core.Expr:
    """A part of a tuple; of one just made, the part itself is left to the back ends."""
    return core.Item(held, span, target, index)


def _tuple_field(b: Builder, target: core.Expr, name: tree.Name, span: Span) -> core.Expr:
    assert isinstance(target.type, Tuple)
    items = target.type.items
    if not name.text.isdigit() or int(name.text) >= len(items):
        return b.error("CCL0104", name.span, f"this tuple has no part `{name.text}`",
                       f"its parts are .0 to .{len(items) - 1}")  # fmt: skip
    return item(target, int(name.text), items[int(name.text)], span)


def _record_field(b: Builder, target: core.Expr, name: tree.Name, span: Span) -> core.Expr:
    assert isinstance(target.type, Record)
    spec = b.host.records[target.type.name]
    found = spec.field(name.text)
    if found is None:
        suggest(b, "CCL0104", name, f"`{spec.name}` has no field `{name.text}`", [f.name for f in spec.fields])
        return b.wrong(span)
    # A record with amounts of the command's own unit is the command's: `in CREDIT` says which unit that is.
    plain = in_unit(found.type, None if b.clause is None else b.clause.unit)
    held: Type = Option(plain) if found.optional else plain
    site = b.site("record", f"{spec.name}.{name.text}", held, span)
    return core.RecordField(held, span, target, name.text, found.read_as, found.optional, site)


_FIELDS: dict[type, Callable[[Builder, core.Expr, tree.Name, Span], core.Expr]] = {
    Struct: _struct_field,
    Tuple: _tuple_field,
    Record: _record_field,
}


def infer_index(b: Builder, e: tree.IndexExpr) -> core.Expr:
    """`a[i]`, `m[k]`."""
    target = b.infer(e.target)
    mark = len(b.out)
    held = target.type
    if held in (ANY, NEVER):
        b.infer(e.index)
        return core.Const(ANY, e.span, None)
    if isinstance(held, Array):
        if isinstance(e.index, tree.RangeExpr):
            return _slice(b, e, target, held)
        index = b.check(e.index, INTEGER)
    elif isinstance(held, Map):
        index = b.check(e.index, held.key)
    else:
        return b.error("CCL0168", e.target.span, f"{held} has no items to index", f"it is {shown(held)}")
    done = [target]
    b.settle(done, mark)
    if isinstance(held, Array):
        return core.Op(held.item, e.span, "array.get", (done[0], index))
    return core.Op(held.value, e.span, "map.get", (done[0], index))


def _slice(b: Builder, e: tree.IndexExpr, target: core.Expr, held: Array) -> core.Expr:
    """`a[i..j]`; a missing end is that of the array."""
    assert isinstance(e.index, tree.RangeExpr)
    target = b.keep(target, "array")
    low = core.Const(INTEGER, e.span, 0) if e.index.low is None else b.check(e.index.low, INTEGER)
    if e.index.high is None:
        high: core.Expr = core.Op(INTEGER, e.span, "array.length", (target,))
    else:
        mark = len(b.out)
        high = b.check(e.index.high, INTEGER)
        done = [low]
        b.settle(done, mark)
        low = done[0]
        if e.index.inclusive:
            high = core.Op(INTEGER, e.span, "integer.add", (high, core.Const(INTEGER, e.span, 1)))
    return core.Op(held, e.span, "array.slice", (target, low, high))


# -- structs -----------------------------------------------------------------------------------------------------------


def infer_struct(b: Builder, e: tree.StructExpr) -> core.Expr:
    """`Point { x: 1, ..old }`, `Event::Paid { amount: a }`."""
    name = e.path.parts[-1]
    if len(e.path.parts) > 1 and e.path.parts[-2].text in b.names.enums:
        return _variant_fields(b, e, e.path.parts[-2].text, name)
    text = name.text
    if text == "Self" and isinstance(b.names.self_type, Struct):
        text = b.names.self_type.name
    if text not in b.names.structs:
        _no_struct(b, e, name)
        return b.wrong(e.span)
    shape = b.names.structs[text]
    decl = b.names.struct_decls.get(text)
    rest = None if e.rest is None else b.keep(b.check(e.rest, Struct(text)), "rest")
    values = _fields(b, e, text, dict(shape.fields), decl.name.span if decl else None)
    items: list[core.Expr] = []
    lacking: list[str] = []
    defaults = {} if decl is None else {f.name.text: f.default for f in decl.fields if f.default is not None}
    for at, (field, held) in enumerate(shape.fields):
        if field in values:
            items.append(values[field])
        elif rest is not None:
            items.append(core.Item(held, e.span, rest, at))
        elif field in defaults:
            items.append(_outside(b, defaults[field], held))
        else:
            lacking.append(field)
    if lacking:
        return _lacking(b, e, text, lacking, decl.name.span if decl else None)
    return core.MakeTuple(Struct(text), e.span, tuple(items))


def _lacking(b: Builder, e: tree.StructExpr, of: str, lacking: list[str], place: Span | None) -> core.Expr:
    b.findings.error("CCL0128", e.path.span, f"`{of}` needs {', '.join(f'`{n}`' for n in lacking)} besides",
                     label="not given", also=declared_here(place, "declared here") if place else ())  # fmt: skip
    return b.wrong(e.span)


def _outside(b: Builder, written: tree.Expr, held: Type) -> core.Expr:
    """A default: it sees no locals."""
    env, b.env = b.env, {}
    parent, b.parent = b.parent, None
    value = b.check(written, held)
    b.env, b.parent = env, parent
    return value


def _fields(b: Builder, e: tree.StructExpr, of: str, known: dict[str, Type],
            place: Span | None) -> dict[str, core.Expr]:  # fmt: skip
    """The fields given, elaborated in the order written."""
    wanted: list[tuple[str, tree.Expr]] = []
    seen: dict[str, Span] = {}
    for name, value in e.fields:
        if name.text not in known:
            suggest(b, "CCL0104", name, f"`{of}` has no field `{name.text}`", known,
                    also=declared_here(place, "declared here") if place else ())  # fmt: skip
            b.infer(value)
        elif name.text in seen:
            b.findings.error("CCL0127", name.span, f"`{name.text}` is given twice", label="again",
                             also=(Label(seen[name.text], "first here"),))  # fmt: skip
        else:
            seen[name.text] = name.span
            wanted.append((name.text, value))
    values = b.in_order([v for _, v in wanted], lambda part, i: b.check(part, known[wanted[i][0]]))
    return {n: v for (n, _), v in zip(wanted, values, strict=True)}


def _variant_fields(b: Builder, e: tree.StructExpr, enum: str, name: tree.Name) -> core.Expr:
    shape = b.names.enums[enum]
    index = shape.index(name.text)
    if index is None:
        return unknown_variant(b, enum, name)
    variant = shape.variants[index]
    if variant.items and not variant.names:
        return b.error("CCL0204", e.span, f"the payload of `{enum}::{name.text}` has no names", "write it in brackets")
    values = _fields(b, e, f"{enum}::{name.text}", dict(zip(variant.names, variant.items, strict=True)), None)
    lacking = [n for n in variant.names if n not in values]
    if lacking:
        return _lacking(b, e, f"{enum}::{name.text}", lacking, None)
    return core.MakeVariant(Enum(enum), e.span, index, tuple(values[n] for n in variant.names))


def _no_struct(b: Builder, e: tree.StructExpr, name: tree.Name) -> None:
    if name.text in b.host.records:
        b.error("CCL0185", e.span, f"a `{name.text}` is given by the host: it cannot be made here", "read one instead")
    else:
        suggest(b, "CCL0102", name, f"there is no struct `{name.text}`", b.names.structs)
    for _, value in e.fields:
        b.infer(value)
