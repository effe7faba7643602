"""Calls: functions of the contract, views and commands of the host, primitives, variants, methods.

A command has no value and stands as a statement; so do a variable's changing methods (`xs.push(x);`), which assign it.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

from ccl import core
from ccl.elaborate import arguments, builtins, foreign, loops, methods, statements
from ccl.elaborate.arguments import Expected
from ccl.elaborate.branches import drop
from ccl.elaborate.builder import Builder
from ccl.elaborate.expressions import locals_in_scope, outer_word, suggest, unknown_variant
from ccl.elaborate.fitting import fits, held_to, in_unit
from ccl.elaborate.names import FunctionInfo, Names, closest
from ccl.host import CommandSpec, ViewSpec
from ccl.source import Span
from ccl.syntax import tree
from ccl.types import (
    ANY,
    NEVER,
    NOTHING,
    Enum,
    Option,
    Result,
    Struct,
    Type,
    UnitCode,
)

# -- what is called ----------------------------------------------------------------------------------------------------


def infer(b: Builder, e: tree.CallExpr) -> core.Expr:
    """A call, for its value."""
    return b.deeper(12, e.span, lambda: _call(b, e))


def _call(b: Builder, e: tree.CallExpr) -> core.Expr:
    if e.macro:
        return builtins.macro(b, e)
    target = e.target
    if isinstance(target, tree.PathExpr):
        return _named(b, e, target)
    if isinstance(target, tree.FieldExpr):
        command = command_name(b, target)
        if command is not None:
            return _command_as_value(b, e, command)
        return _method(b, e, target)
    value = b.infer(target)
    if value.type is not ANY:
        b.error("CCL0115", target.span, f"{value.type} cannot be called", "only functions can")
    return b.wrong(e.span)


def check(b: Builder, e: tree.CallExpr, expected: Type) -> core.Expr:
    """A call where a type is expected: `Some`, `Ok` and `Err` take it, and so do collections that grow."""
    if isinstance(e.target, tree.PathExpr) and len(e.args) == 1 and e.args[0].name is None:
        name = e.target.path.parts[-1].text
        if isinstance(expected, Option) and name == "Some":
            return core.MakeVariant(expected, e.span, 1, (b.check(e.args[0].value, expected.item),))
        if isinstance(expected, Result) and name in ("Ok", "Err"):
            inner = expected.value if name == "Ok" else expected.error
            if name == "Err" and foreign.number_as_why(b, e.args[0].value, inner):
                return b.wrong(e.span)
            payload = b.nothing(e.span) if inner is NOTHING else b.check(e.args[0].value, inner)
            return core.MakeVariant(expected, e.span, int(name == "Ok"), (payload,))
    return b.coerce(infer(b, e), expected, e)


def run(b: Builder, e: tree.CallExpr) -> None:
    """A call as a statement."""
    target = e.target
    if isinstance(target, tree.FieldExpr) and not e.macro:
        name = command_name(b, target)
        if name is not None:
            command(b, e, b.host.commands.get(name), name)
            return
        if target.name.text in loops.CHANGING and _assigns(b, e, target.target, target.name, e.args):
            return
    if isinstance(target, tree.PathExpr) and not e.macro and outer_word(b, target) is not None:
        name = target.path.parts[0].text
        primitive = b.host.primitives.get(name)
        if name not in b.names.functions and primitive is not None:
            meant = primitive_target(b, e, name)
            if isinstance(meant, CommandSpec):
                command(b, e, meant, name)
                return
            if meant is None:
                return
        if name not in b.names.functions and loops.changed_by_call(e):
            method = tree.Name(target.span, builtins.FREE_METHODS.get(name, ""))
            if method.text and _assigns(b, e, e.args[0].value, method, e.args[1:]):
                return
    drop(b, infer(b, e), e)


def _assigns(b: Builder, e: tree.CallExpr, place: tree.Expr, name: tree.Name, args: tuple[tree.Arg, ...]) -> bool:
    """`xs.push(x);` assigns `xs`: whether it was such a call."""
    root = loops.root_name(place)
    local = b.lookup(root) if root else None
    if not root and not isinstance(place, tree.StateExpr) and not isinstance(_root(place), tree.StateExpr):
        return False
    if local is None and root and root not in b.names.states and root != "state":
        return False
    if local is not None and isinstance(local.value.type, Struct) and not isinstance(place, tree.FieldExpr):
        return False

    def new(held: Type, now: Callable[[], core.Expr], why: object) -> core.Expr:
        value = methods.call(b, now(), name, args, e.span)
        if not fits(value.type, held):
            value = held_to(value, held)
        if value.type is not ANY and not fits(value.type, held) and value.type.__class__ is not held.__class__:
            return b.coerce(value, held, e)
        return value

    statements.write(b, place, new)
    return True


def _root(e: tree.Expr) -> tree.Expr:
    while isinstance(e, tree.FieldExpr | tree.IndexExpr):
        e = e.target
    return e


# -- by name -----------------------------------------------------------------------------------------------------------


def _named(b: Builder, e: tree.CallExpr, target: tree.PathExpr) -> core.Expr:
    parts = target.path.parts
    name = parts[-1]
    if len(parts) > 1:
        return _qualified(b, e, target)
    local = b.lookup(name.text)
    if local is not None:
        if local.value.type is not ANY:
            b.error("CCL0115", target.span, f"`{name.text}` is {local.value.type}, which cannot be called",
                    "only functions can")  # fmt: skip
        return _look_at(b, e)
    return _outer(b, b.names, e, name, target)


def _outer(b: Builder, names: Names, e: tree.CallExpr, name: tree.Name, target: tree.PathExpr) -> core.Expr:
    info = names.functions.get(name.text)
    if info is not None:
        return function(b, info, e.args, e.span)
    builtin = builtins.FREE.get(name.text)
    if builtin is not None and not (name.text in b.host.views and name.text not in builtins.OWN):
        return builtin(b, e)
    view = b.host.views.get(name.text)
    if view is not None:
        return read_view(b, e, view)
    if name.text in b.host.primitives:
        return _primitive_value(b, e, name)
    if name.text in ("token", "Token", "Money") and target.args:
        return builtins.amount(b, e, target.args)
    variant = _bare_variant(b, e, name)
    if variant is not None:
        return variant
    return _unknown(b, e, name)


def _bare_variant(b: Builder, e: tree.CallExpr, name: tree.Name) -> core.Expr | None:
    """`Some(x)`, `Ok(x)`, `Err(x)`, and a variant by its name alone if one enum has it."""
    if name.text in ("Some", "Ok", "Err"):
        if not e.args and name.text == "Ok":
            return core.MakeVariant(Result(NOTHING, NEVER), e.span, 1, (b.nothing(e.span),))
        if len(e.args) != 1:
            b.error("CCL0204", e.span, f"`{name.text}` holds one value, not {len(e.args)}")
            return _look_at(b, e)
        value = b.infer(e.args[0].value)
        held: Type = {"Some": Option(value.type), "Ok": Result(value.type, NEVER)}.get(
            name.text, Result(NEVER, value.type))  # fmt: skip
        return core.MakeVariant(held, e.span, int(name.text != "Err"), (value,))
    owners = [s.name for s in b.names.enums.values() if s.index(name.text) is not None]
    return make_variant(b, e, owners[0], name) if len(owners) == 1 else None


def make_variant(b: Builder, e: tree.CallExpr, enum: str, name: tree.Name) -> core.Expr:
    """`E::V(a, b)`."""
    shape = b.names.enums[enum]
    index = shape.index(name.text)
    if index is None:
        unknown_variant(b, enum, name)
        return _look_at(b, e)
    variant = shape.variants[index]
    labels = variant.names or tuple(str(i) for i in range(len(variant.items)))
    params = [Expected(n, t) for n, t in zip(labels, variant.items, strict=True)]
    given = arguments.match(b, e.args, params, f"`{enum}::{name.text}`", e.span)
    if given is None:
        return b.wrong(e.span)
    return core.MakeVariant(Enum(enum), e.span, index, tuple(v for v in given.values if v is not None))


_EMPTY: dict[str, Callable[[Span], tree.Expr]] = {
    **dict.fromkeys(("Array", "Vec", "List", "array"), lambda span: tree.ListExpr(span, ())),
    **dict.fromkeys(("Map", "HashMap", "BTreeMap", "map"), lambda span: tree.MapExpr(span, ())),
    "String": lambda span: tree.StringLit(span, ""),
}
"""What `Map::new()` and its like make, as the dialect writes them."""


def _qualified(b: Builder, e: tree.CallExpr, target: tree.PathExpr) -> core.Expr:
    """`Status::Paid(x)`, `Struct::make(x)`, `module::f(x)`, `icn::a::b(x)`."""
    parts = target.path.parts
    first, name = parts[-2].text, parts[-1]
    if name.text == "new" and first in _EMPTY and not e.args and first not in b.names.structs:
        return b.infer(_EMPTY[first](e.span))
    methods_ = b.names.methods.get(first, {})
    if name.text in methods_:
        return function(b, methods_[name.text], e.args, e.span)
    if first in b.names.enums:
        return make_variant(b, e, first, name)
    other = b.names.imports.get(parts[0].text)
    if other is not None:
        if len(parts) > 2 and name.text in other.methods.get(parts[1].text, {}):
            return function(b, other.methods[parts[1].text][name.text], e.args, e.span)
        if name.text in other.functions:
            return function(b, other.functions[name.text], e.args, e.span)
        suggest(b, "CCL0103", name, f"`{parts[0].text}` has no function `{name.text}`", other.functions)
        return _look_at(b, e)
    if first in b.names.structs:
        suggest(b, "CCL0106", name, f"`{first}` has no function `{name.text}`", methods_)
        return _look_at(b, e)
    if parts[0].text in ("icn", "std"):
        return _outer(b, b.names, e, name, tree.PathExpr(target.span, tree.Path(target.path.span, parts[-1:])))
    b.error("CCL0124", target.path.span, f"there is nothing called `{target.path.text}`",
            f"`{first}` is no type and no import")  # fmt: skip
    return _look_at(b, e)


def _look_at(b: Builder, e: tree.CallExpr) -> core.Expr:
    """Elaborate the arguments of a call that is wrong, for their own errors."""
    for arg in e.args:
        if not isinstance(arg.value, tree.ClosureExpr):
            b.infer(arg.value)
    return b.wrong(e.span)


def _unknown(b: Builder, e: tree.CallExpr, name: tree.Name) -> core.Expr:
    names = b.names
    if name.text in names.structs:
        b.error("CCL0115", name.span, f"`{name.text}` is a struct: it is made with its fields",
                f"write `{name.text} {{ .. }}`")  # fmt: skip
        return _look_at(b, e)
    if any(name.text in table for table in (names.constants, names.params, names.states)):
        b.error("CCL0115", name.span, f"`{name.text}` is a value, not a function", "drop the brackets")
        return _look_at(b, e)
    if foreign.told(b, name, e, f"there is no function `{name.text}`"):
        return _look_at(b, e)
    known = chain(names.functions, b.host.views, b.host.primitives, builtins.FREE, locals_in_scope(b))
    notes = ()
    if any(name.text in m for m in names.methods.values()):
        notes = (f"There is a method of that name: `x.{name.text}(..)`.",)  # type: ignore[assignment]
    suggest(b, "CCL0103", name, f"there is no function `{name.text}`", known, notes=notes)
    return _look_at(b, e)


# -- functions ---------------------------------------------------------------------------------------------------------


def function(b: Builder, info: FunctionInfo, args: tuple[tree.Arg, ...], span: Span,
             receiver: core.Expr | None = None) -> core.Expr:  # fmt: skip
    """A call of a function of the contract; receiver: the value before the dot."""
    own = info.params if receiver is None else info.params[1:]
    params = [Expected(p.name, p.type, p.default is None, p.span) for p in own]
    mark = len(b.out)
    given = arguments.match(b, args, params, f"`{info.name}`", span)
    if given is None:
        return core.Const(info.result if info.result is NOTHING else ANY, span, None)
    values: list[core.Expr] = []
    for value, param in zip(given.values, own, strict=True):
        values.append(_default(b, param.default, in_unit(param.type, given.unit)) if value is None else value)
    if receiver is not None:
        done = [receiver]
        b.settle(done, mark)
        values = done + values
    result = arguments.result_in(b, info.result, given.unit, span, f"the result of `{info.name}`")
    return b.call(info, tuple(values), result, span)


def _default(b: Builder, written: tree.Expr | None, held: Type) -> core.Expr:
    """The default of a parameter: it sees none of the caller's locals."""
    assert written is not None
    env, b.env = b.env, {}
    parent, b.parent = b.parent, None
    value = b.check(written, held)
    b.env, b.parent = env, parent
    return value


# -- views -------------------------------------------------------------------------------------------------------------


def module_missing(b: Builder, module: str, name: str, span: Span) -> bool:
    """Tell of a module that is not switched on."""
    if not module or module in b.host.modules:
        return False
    b.findings.error(
        "CCL0109", span, f"`{name}` needs the module `{module}`, which is not switched on in this space",
        label=f"of the module `{module}`", notes=(f"A decision switches it on: the module `{module}`.",),
    )  # fmt: skip
    return True


def read_view(b: Builder, e: tree.CallExpr, view: ViewSpec, called: str = "") -> core.Expr:
    """A view of the host."""
    name = called or view.name
    if module_missing(b, view.module, name, e.target.span):
        _look_at(b, e)
        return b.wrong(e.span)
    needed = len(view.params) - view.optional
    params = [Expected(n, t, i < needed, wraps=True) for i, (n, t) in enumerate(view.params)]
    given = arguments.match(b, e.args, params, f"`{name}`", e.span)
    if given is None:
        return b.wrong(e.span)
    values = given.values
    while values and values[-1] is None:
        values.pop()
    if any(v is None for v in values):
        return b.error("CCL0121", e.span, f"of what `{name}` may leave out, the last goes first",
                       "give those before it too")  # fmt: skip
    result = arguments.result_in(b, view.result, given.unit, e.span, f"`{name}`")
    if view.private:
        b.effects.setdefault(f"private {view.name}", e.span)
    return b.view(view.name, tuple(v for v in values if v is not None), result, e.span)


# -- commands ----------------------------------------------------------------------------------------------------------


def command_name(b: Builder, target: tree.FieldExpr) -> str | None:
    """`credit.transfer` of a call, where that names a command or can name nothing else; None of a method call."""
    parts: list[str] = [target.name.text]
    inner: tree.Expr = target.target
    while isinstance(inner, tree.FieldExpr):
        parts.append(inner.name.text)
        inner = inner.target
    word = outer_word(b, inner)
    if word is None:
        return None
    name = ".".join([word, *reversed(parts)])
    if name in b.host.commands:
        return name
    names = b.names
    tables = (names.constants, names.params, names.states, names.imports, names.functions)
    if any(word in t for t in tables) or word in ("command", "state", "None") or names.decimals(word) is not None:
        return None
    prefixes = {c.split(".", 1)[0] for c in b.host.commands}
    meant = word in prefixes or (not b.findings.crowded and closest(name, b.host.commands) is not None)
    return name if meant else None


def _command_as_value(b: Builder, e: tree.CallExpr, name: str) -> core.Expr:
    spec = b.host.commands.get(name)
    if spec is None:
        return unknown_command(b, e, name)
    return b.error("CCL0241", e.span, f"`{name}` is a command: it is carried out afterwards, and gives no value",
                   "write it as a statement of its own")  # fmt: skip


def unknown_command(b: Builder, e: tree.CallExpr, name: str) -> core.Expr:
    """Tell that there is no such command."""
    known = [c for c, spec in b.host.commands.items() if not spec.read]
    suggest(b, "CCL0108", tree.Name(e.target.span, name), f"there is no command `{name}`", known)
    return _look_at(b, e)


def command(b: Builder, e: tree.CallExpr, spec: CommandSpec | None, name: str) -> None:
    """A command, as a statement."""
    if spec is None:
        unknown_command(b, e, name)
        return
    if module_missing(b, spec.module, name, e.target.span):
        _look_at(b, e)
        return
    if spec.read:
        b.error("CCL0245", e.target.span, f"`{name}` is a reading that a clause may govern, not a command",
                "it cannot be carried out")  # fmt: skip
        return
    args = tuple(a for a in e.args if not _is_none(b, a))
    ordered = spec.positional or tuple(f.name for f in spec.fields)
    by_name = {f.name: f for f in spec.fields if not f.computed}
    names = [n for n in ordered if n in by_name] + [n for n in by_name if n not in ordered]
    left_out = {n for n, f in by_name.items() if f.optional or f.omittable or n == spec.unit_field}
    params = [Expected(n, by_name[n].type, n not in left_out) for n in names]
    given = arguments.match(b, args, params, f"`{name}`", e.span)
    if given is None:
        return
    fields: list[tuple[str, core.Expr]] = []
    for n, value in zip(names, given.values, strict=True):
        if value is not None:
            fields.append((by_name[n].read_as, value))
        elif n == spec.unit_field:
            fields += _unit_of_call(b, by_name[n].read_as, by_name[n].optional, given.unit, e)
    b.effects.setdefault("command", e.span)
    b.emit(core.Command(e.span, spec.name, tuple(fields)))


def _unit_of_call(b: Builder, attribute: str, optional: bool, unit: str | None,
                  e: tree.CallExpr) -> list[tuple[str, core.Expr]]:  # fmt: skip
    """The unit of a command whose amount says it."""
    if unit is not None and unit != "$":
        return [(attribute, core.Const(UnitCode(unit), e.span, unit))]
    if not optional:
        b.error("CCL0149", e.span, "of which unit is this?", "name the unit: `unit: CREDIT`")
    return []


def _is_none(b: Builder, arg: tree.Arg) -> bool:
    return outer_word(b, arg.value) == "None"


# -- primitives --------------------------------------------------------------------------------------------------------


def primitive_target(b: Builder, e: tree.CallExpr, name: str) -> CommandSpec | ViewSpec | None:
    """What a primitive stands for here; None where it is not available (told)."""
    primitive = b.host.primitives[name]
    meant = b.host.commands.get(primitive.target) or b.host.views.get(primitive.target)
    if module_missing(b, primitive.module, name, e.target.span):
        _look_at(b, e)
        return None
    if meant is None:
        b.error("CCL0125", e.target.span, f"`{name}` is not available on this node yet",
                f"the module `{primitive.module}` does not offer it")  # fmt: skip
        _look_at(b, e)
    return meant


def _primitive_value(b: Builder, e: tree.CallExpr, name: tree.Name) -> core.Expr:
    meant = primitive_target(b, e, name.text)
    if isinstance(meant, ViewSpec):
        return read_view(b, e, meant, name.text)
    if isinstance(meant, CommandSpec):
        return _command_as_value(b, e, meant.name)
    return b.wrong(e.span)


# -- methods -----------------------------------------------------------------------------------------------------------


def _method(b: Builder, e: tree.CallExpr, target: tree.FieldExpr) -> core.Expr:
    """`x.m(a)`: a method of the contract's own, or one that values of the type have."""
    word = outer_word(b, target.target)
    if word is not None and word in b.names.imports:
        other = b.names.imports[word]
        if target.name.text in other.functions:
            return function(b, other.functions[target.name.text], e.args, e.span)
        suggest(b, "CCL0103", target.name, f"`{word}` has no function `{target.name.text}`", other.functions)
        return _look_at(b, e)
    receiver = b.unrounded(target.target) if target.name.text in methods.ROUNDS else b.infer(target.target)
    if isinstance(receiver.type, Struct | Enum):
        own = b.names.methods.get(receiver.type.name, {}).get(target.name.text)
        if own is not None and own.method:
            return function(b, own, e.args, e.span, receiver)
    return methods.call(b, receiver, target.name, e.args, e.span)
