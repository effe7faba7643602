"""Statements: let, assignment to places however deep, require, emit."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import NamedTuple

from ccl import core
from ccl.diagnostics import Edit, Fix, Label
from ccl.elaborate import branches, leaving, loops, operators, patterns
from ccl.elaborate.builder import Binding, Builder, NeedsStatements
from ccl.elaborate.expressions import beside, locals_in_scope, outer_word, suggest
from ccl.elaborate.fitting import cheap, fits, held_to, join, loosened
from ccl.elaborate.mismatch import shown
from ccl.elaborate.resolve import declared_here, resolve
from ccl.source import Span
from ccl.syntax import tree
from ccl.types import ANY, INTEGER, NEVER, NOTHING, Array, Map, Option, Result, Struct, Tuple, Type

# -- let ---------------------------------------------------------------------------------------------------------------


def let(b: Builder, s: tree.Let) -> None:
    """`let mut x: T = e;`, also of a tuple's parts, also with `else`."""
    declared = None if s.type is None else resolve(b.names, s.type)
    if s.value is None:
        b.findings.error("CCL0188", s.span, "a `let` says its value", label="there is none",
                         notes=("Bind it where the value is known: `let x = if c { 1 } else { 2 };`.",),
                         )  # fmt: skip
        patterns.bind_unknown(b, s.pattern)
        return
    if isinstance(s.pattern, tree.BindPattern):
        again = b.env.get(s.pattern.name.text)
        if again is not None:
            _again(b, s, s.pattern, again, declared)
            return
        _bind_one(b, s, s.pattern, declared)
        return
    subject = b.keep(initial(b, s, declared), "parts")
    if declared is not None and subject.type is not ANY:
        subject = subject if not isinstance(subject, core.Local) else core.Local(declared, subject.span, subject.name)
    if s.orelse is not None:
        _let_else(b, s, s.orelse, subject)
        return
    if subject.type in (ANY, NEVER):
        patterns.bind_unknown(b, s.pattern)
        return
    patterns.bring(b, loops.irrefutable(b, s.pattern, subject))


def initial(b: Builder, s: tree.Let, declared: Type | None) -> core.Expr:
    """The value of a `let`."""
    assert s.value is not None
    if declared is None:
        value = b.infer(s.value)
    else:
        assert s.type is not None
        value = b.check(s.value, declared, Label(s.type.span, "because of this"))
    if value.type is NOTHING and declared is not NOTHING:
        return b.error("CCL0182", s.value.span, "this gives no value, so there is nothing to bind", "gives nothing")
    return value


def _bind_one(b: Builder, s: tree.Let, p: tree.BindPattern, declared: Type | None) -> None:
    value = initial(b, s, declared)
    held = value.type if declared is None or value.type is ANY else declared
    local = b.let(p.name.text, value, held)
    b.bind(p.name.text, local, p.name.span, mutable=p.mutable, declared=declared)


def _again(b: Builder, s: tree.Let, p: tree.BindPattern, first: Binding, declared: Type | None) -> None:
    """`let x` where x is bound: what the dialect means as assignment."""
    same = declared is None or declared == (first.declared or first.value.type)
    drop = Span(s.span.source, s.span.start, p.name.span.start)
    edits = [Edit(drop, "")]
    if s.type is not None:
        edits.append(Edit(Span(s.span.source, p.name.span.end, s.type.span.end), ""))
    b.findings.error(
        "CCL0111", p.name.span, f"`{p.name.text}` is bound already in this function", label="a second `let`",
        also=declared_here(first.place, "first bound here"),
        notes=("To change it, assign it: drop `let`. For another value, take another name.",),
        fixes=(Fix("drop `let`", tuple(edits), applicable=same, dialect=same),),
    )  # fmt: skip
    value = initial(b, s, declared)
    if same and b.owns(first) and (join(loosened(first.value.type), value.type) is not None):
        first.value = b.let(p.name.text, value, first.declared)
    elif not b.owns(first):
        held = value.type if declared is None or value.type is ANY else declared
        b.bind(p.name.text, b.let(p.name.text, value, held), p.name.span, mutable=p.mutable, declared=declared)


def _let_else(b: Builder, s: tree.Let, orelse: tree.Block, subject: core.Expr) -> None:
    matched = patterns.read(b, s.pattern, subject)
    away = b.arm(lambda: branches.block(b, orelse, NOTHING))
    if away.alive:
        b.findings.error("CCL0209", orelse.span, "the `else` of a `let` must leave: the names would have no value",
                         label="`return`, `deny`, `break` or `trap` leave")  # fmt: skip
    test = patterns.test_of(matched, s.pattern.span)
    stay = b.arm(lambda: b.nothing(s.span))
    phis, _ = b.merge((stay, away), s.span)
    b.meet(core.If(s.span, test, core.Block(()), core.Block(tuple(away.statements)), phis))
    patterns.bring(b, matched)


# -- assignment --------------------------------------------------------------------------------------------------------


class Step(NamedTuple):
    """A way into a value: kind "field" (at, of `held`), "item" or "entry" (key)."""

    kind: str
    held: Type
    at: int
    key: core.Expr | None
    part: Type


class Place(NamedTuple):
    """What is assigned: a variable or a state, and the way into it. type: of the whole."""

    variable: Binding | None
    state: str
    steps: tuple[Step, ...]
    type: Type


New = Callable[[Type, Callable[[], core.Expr], Label | None], core.Expr]
"""Makes the new value of a place, given its type, its value now, and why it has that type."""


def assign(b: Builder, s: tree.Assign) -> None:
    """`a = v`, `a.b[i].c += v`."""
    if s.operator == "=":
        write(b, s.target, lambda held, now, why: _plain(b, s.value, held, why))
        return
    operator = s.operator[:-1]
    at = Span(s.span.source, s.target.span.end, s.value.span.start)

    def combined(held: Type, now: Callable[[], core.Expr], why: Label | None) -> core.Expr:
        left = now()
        mark = len(b.out)
        right = beside(b, s.value, held) if operator in ("+", "-") else b.infer(s.value)
        done = [left]
        b.settle(done, mark)
        outer, b.shared.compound = b.shared.compound, s if operator in ("*", "/") else None
        try:
            value = operators.binary(b, operator, s.span, done[0], right, at)
            return _fitted(b, value, held, s.value, why)
        finally:
            b.shared.compound = outer

    write(b, s.target, combined)


def _plain(b: Builder, value: tree.Expr, held: Type, why: Label | None) -> core.Expr:
    if _open(held):
        return _fitted(b, b.infer(value), held, value, why)
    return b.check(value, held, why)


def _fitted(b: Builder, value: core.Expr, held: Type, written: tree.Expr, why: Label | None) -> core.Expr:
    value = value if fits(value.type, held) else held_to(value, held)
    if fits(value.type, held) or (_open(held) and join(held, value.type) is not None):
        return value
    before, b.because = b.because, None if why is None else (held, why)
    value = b.coerce(value, held, written)
    b.because = before
    return value


def _open(held: Type) -> bool:
    """Whether a type has yet to be told by what is put in: that of `[]`, of `None`."""
    if isinstance(held, Array | Option):
        return held.item is NEVER or _open(held.item)
    if isinstance(held, Map):
        return held.key is NEVER or held.value is NEVER or _open(held.value)
    if isinstance(held, Result):
        return held.value is NEVER or held.error is NEVER
    return isinstance(held, Tuple) and any(map(_open, held.items))


def write(b: Builder, target: tree.Expr, new: New) -> None:
    """Give a place a new value."""
    known = isinstance(target, tree.PathExpr | tree.StateExpr | tree.FieldExpr | tree.IndexExpr | tree.CallExpr)
    place = _place(b, target) if known else None  # what is of another form, the parser has told
    if place is None:
        new(ANY, lambda: b.wrong(target.span), None)
        return
    if place.variable is None:
        _write_state(b, place, target, new)
        return
    binding = place.variable
    why = Label(binding.place, "declared here" if binding.declared is not None else "first bound here")
    if not _may_assign(b, binding, target):
        _updated(b, binding.value, place.steps, binding.value.type, new, why)
        return
    held = binding.declared or loosened(binding.value.type)
    value = _updated(b, binding.value, place.steps, held, new, why)
    if b.bare:
        raise NeedsStatements
    binding.value = b.let(binding.name, value, binding.declared)


def _may_assign(b: Builder, binding: Binding, target: tree.Expr) -> bool:
    if b.owns(binding):
        return True
    if binding.told:
        return False
    binding.told = True
    b.shared.said.append(binding)
    if binding.mutable and b.parent is not None:
        b.findings.error("CCL0176", target.span, f"a closure cannot change `{binding.name}`, which is outside of it",
                         label="assigned here", also=declared_here(binding.place, "bound outside"),
                         notes=("`fold` and `sum` carry a value along; a `for` loop may assign.",))  # fmt: skip
        return False
    at = Span(binding.place.source, binding.place.start, binding.place.start)
    is_self = binding.name == "self"
    b.findings.error(
        "CCL0112", target.span, f"`{binding.name}` is not `mut`, so it keeps its first value", label="assigned here",
        also=declared_here(binding.place, "bound here, without `mut`"),
        notes=("A method gets a copy of its value: return the changed one.",) if is_self else (),
        fixes=(Fix("add `mut`", (Edit(at, "mut "),), dialect=True),),
    )  # fmt: skip
    return False


def _write_state(b: Builder, place: Place, target: tree.Expr, new: New) -> None:
    name = place.state
    b.effects.setdefault("write", target.span)
    decl = b.names.states[name].decl
    now: core.Expr = core.StateValue(place.type, target.span, name, -1)
    if place.steps:
        now = b.keep(_state_now(b, place, target), name)
    value = _updated(b, now, place.steps, place.type, new, Label(decl.name.span, "the state"),
                     lambda: _state_now(b, place, target))  # fmt: skip
    b.emit(core.Write(target.span, name, value))


def _state_now(b: Builder, place: Place, target: tree.Expr) -> core.Expr:
    site = b.site("state", place.state, place.type, target.span)
    b.effects.setdefault("state", target.span)
    return core.StateValue(place.type, target.span, place.state, site)


def _updated(b: Builder, now: core.Expr, steps: tuple[Step, ...], held: Type, new: New, why: Label | None,
             read: Callable[[], core.Expr] | None = None) -> core.Expr:  # fmt: skip
    """The whole with a part replaced."""
    if not steps:
        return new(held, read or (lambda: now), why)
    step, rest = steps[0], steps[1:]
    span = now.span
    if step.kind == "field":
        kept = now if cheap(now) else b.keep(now)
        inner = _updated(b, core.Item(step.part, span, kept, step.at), rest, step.part, new, None)
        return core.MakeTuple(step.held, span, tuple(
            inner if i == step.at else core.Item(t, span, kept, i) for i, t in enumerate(_parts(b, step.held))
        ))  # fmt: skip
    assert step.key is not None
    name = "array.get" if step.kind == "item" else "map.get"
    key = step.key

    def current() -> core.Expr:
        return core.Op(step.part, span, name, (now, key))

    if rest:
        inner = _updated(b, b.keep(current()), rest, step.part, new, None)
    else:
        inner = new(ANY if step.part is NEVER else step.part, current, None)
    if step.kind == "item":
        return core.Op(step.held, span, "array.set", (now, key, inner))
    assert isinstance(step.held, Map)
    most = core.Const(INTEGER, span, step.held.most)
    grown = step.held if not _open(step.held) else Map(key.type, inner.type, step.held.most)
    return core.Op(grown, span, "map.set", (now, key, inner, most))


def _parts(b: Builder, held: Type) -> tuple[Type, ...]:
    if isinstance(held, Struct):
        return tuple(t for _, t in b.names.structs[held.name].fields)
    assert isinstance(held, Tuple)
    return held.items


def _place(b: Builder, target: tree.Expr) -> Place | None:
    """What is assigned; None where it is nothing that can be (told)."""
    if isinstance(target, tree.StateExpr):
        return _state_place(b, target.name)
    if isinstance(target, tree.PathExpr):
        return _named_place(b, target)
    if isinstance(target, tree.FieldExpr):
        word = outer_word(b, target.target)
        if word == "state" and word not in b.names.states:
            return _state_place(b, target.name)
        if word == "command":
            b.error("CCL0113", target.span, "a clause judges the command; it cannot change it", "assigned here")
            return None
        outer = _place(b, target.target)
        return None if outer is None else _into_field(b, outer, target)
    if isinstance(target, tree.IndexExpr):
        outer = _place(b, target.target)
        return None if outer is None else _into_index(b, outer, target)
    if not isinstance(target, tree.Wrong):
        before = b.findings.mark()
        b.infer(target)
        if isinstance(target, tree.CallExpr) and b.findings.mark() != before:
            return None  # told already of what is wrong with the call
        b.error("CCL0113", target.span, "this cannot be assigned", "a variable, a state, or a part of one can")
    return None


def _state_place(b: Builder, name: tree.Name) -> Place | None:
    state = b.names.states.get(name.text)
    if state is None:
        suggest(b, "CCL0101", name, f"there is no state `{name.text}`", b.names.states)
        return None
    return Place(None, name.text, (), state.type or ANY)


def _named_place(b: Builder, target: tree.PathExpr) -> Place | None:
    name = target.path.parts[-1]
    binding = b.lookup(name.text) if len(target.path.parts) == 1 else None
    if binding is not None:
        return Place(binding, "", (), binding.declared or loosened(binding.value.type))
    if name.text in b.names.states:
        return _state_place(b, name)
    what = next((w for w, t in (("constant", b.names.constants), ("parameter of the contract", b.names.params),
                                ("function", b.names.functions)) if name.text in t), None)  # fmt: skip
    if what is None:
        suggest(b, "CCL0101", name, f"nothing here is called `{name.text}`",
                chain(locals_in_scope(b), b.names.states),
                notes=(f"A new variable is made with `let mut {name.text} = ..;`.",))  # fmt: skip
        return None
    notes = ("It is changed by a decision of the type that it names.",) if what.startswith("parameter") else ()
    b.findings.error("CCL0113", target.span, f"`{name.text}` is a {what}: it cannot be assigned",
                     label="assigned here", notes=notes)  # fmt: skip
    return None


def _into_field(b: Builder, outer: Place, target: tree.FieldExpr) -> Place | None:
    held, name = outer.type, target.name
    if held is ANY:
        return None
    at: int | None = None
    part: Type = ANY
    if isinstance(held, Struct):
        shape = b.names.structs[held.name]
        at = shape.index(name.text)
        if at is None:
            suggest(b, "CCL0104", name, f"`{held.name}` has no field `{name.text}`", [n for n, _ in shape.fields])
            return None
        part = shape.fields[at][1]
    elif isinstance(held, Tuple) and name.text.isdigit() and int(name.text) < len(held.items):
        at = int(name.text)
        part = held.items[at]
    if at is None:
        b.error("CCL0113", target.span, f"{held} has no part `{name.text}` that can be assigned", shown(held))
        return None
    return Place(outer.variable, outer.state, (*outer.steps, Step("field", held, at, None, part)), part)


def _into_index(b: Builder, outer: Place, target: tree.IndexExpr) -> Place | None:
    held = outer.type
    if isinstance(held, Array):
        key = b.keep(b.check(target.index, INTEGER), "index")
        step = Step("item", held, 0, key, held.item)
    elif isinstance(held, Map):
        key = b.infer(target.index) if held.key is NEVER else b.check(target.index, held.key)
        step = Step("entry", held, 0, b.keep(key, "key"), held.value)
    else:
        if held is not ANY:
            b.error("CCL0168", target.target.span, f"{held} has no items to index", f"it is {shown(held)}")
        return None
    return Place(outer.variable, outer.state, (*outer.steps, step), step.part if step.part is not NEVER else ANY)


# -- the rest ----------------------------------------------------------------------------------------------------------


def expression(b: Builder, s: tree.ExprStatement) -> None:
    """An expression for its effect."""
    branches.effect(b, s.value)


def require(b: Builder, s: tree.Require) -> None:
    """`require c because ..`."""
    test = branches.condition(b, s.condition)
    text, keyed = leaving.reason(b, s.reason)
    b.emit(core.Require(s.span, test, b.require(b.written(s.condition.span), text, keyed, s.span)))


def emit(b: Builder, s: tree.Emit) -> None:
    """`emit Paid { to: x }`: a notice with facts."""
    names = [n.text for n, _ in s.fields] + [a.name.text if a.name else str(i) for i, a in enumerate(s.args)]
    parts = [e for _, e in s.fields] + [a.value for a in s.args]
    values = b.in_order(parts, lambda e, i: b.infer(e))
    for value in values:
        if value.type is NOTHING:
            b.error("CCL0182", value.span, "this gives no value, so there is nothing to tell", "gives nothing")
    for at, (name, part) in enumerate(zip(names, parts, strict=True)):
        if name in names[:at]:
            b.error("CCL0123", part.span, f"`{name}` is given twice", "again")
    b.effects.setdefault("notice", s.span)
    b.emit(core.Notice(s.span, s.name.text, tuple(zip(names, values, strict=True))))


def inner_item(b: Builder, s: tree.ItemStatement) -> None:
    """An item inside a function: a constant is a local; all else stands outside."""
    thing = s.item.item if isinstance(s.item, tree.Described) else s.item
    if isinstance(thing, tree.ConstDecl):
        let(b, tree.Let(thing.span, tree.BindPattern(thing.name.span, thing.name, thing.mutable), thing.type,
                        thing.value))  # fmt: skip
        return
    b.error("CCL0148", thing.span, "functions and types are declared outside of functions", "move it out")


def wrong(b: Builder, s: tree.Wrong) -> None:
    """What could not be parsed."""
