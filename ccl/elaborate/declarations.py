"""Fills `Names` from items: what they declare, with their types; no body is looked at.

Types may speak of each other in any order, so names come first, then shapes, then signatures.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

from ccl.diagnostics import Edit, Findings, Fix
from ccl.elaborate.names import (
    AliasInfo,
    ConstantInfo,
    ContractParam,
    FunctionInfo,
    Names,
    ParamInfo,
    StateInfo,
)
from ccl.elaborate.resolve import counted, declared_here, fit_for_key, resolve
from ccl.host import Host
from ccl.source import Span
from ccl.syntax import tree
from ccl.syntax.walking import walk
from ccl.types import ANY, INTEGER, NOTHING, Enum, EnumShape, Map, Struct, StructShape, Tuple, Type, VariantShape

LAYERS = {"action": "action", "policy fn": "policy"}
"""The layer that a function's first word names; any other word: effects are inferred."""


def collect(items: Iterable[tree.Item], host: Host, findings: Findings, prefix: str = "") -> Names:
    """The names that a file of functions declares."""
    names = Names(host, findings, prefix)
    declare(names, items)
    return names


def declare(names: Names, items: Iterable[tree.Item]) -> None:
    """Add what items declare: functions, types, constants, states, params, units, roles. Contracts are not entered."""
    plain = [item.item if isinstance(item, tree.Described) else item for item in items]
    for item in plain:
        note = _NOTE.get(item.__class__)
        if note is not None:
            note(names, item)
    for item in plain:
        shape = _SHAPE.get(item.__class__)
        if shape is not None:
            shape(names, item)
    _finite_structs(names, plain)
    _enum_keys(names)
    for item in plain:
        sign = _SIGN.get(item.__class__)
        if sign is not None:
            sign(names, item)


def fresh(names: Names, kind: str, name: tree.Name) -> bool:
    """Whether a name is new among its kind; the second is an error that shows the first."""
    first = names.places.setdefault((kind, name.text), name.span)
    if first is name.span or first == name.span:
        return True
    names.findings.error(
        "CCL0110", name.span, f"`{name.text}` is declared twice", label="again here",
        also=declared_here(first, "first declared here"),
    )  # fmt: skip
    return False


# -- names -------------------------------------------------------------------------------------------------------------


def _note_struct(names: Names, item: tree.StructDecl) -> None:
    _no_generics(names, item.generics, "struct")
    if fresh(names, "type", item.name):
        names.struct_decls[item.name.text] = item


def _note_enum(names: Names, item: tree.EnumDecl) -> None:
    _no_generics(names, item.generics, "enum")
    if fresh(names, "type", item.name):
        names.enum_decls[item.name.text] = item


def _note_alias(names: Names, item: tree.TypeAlias) -> None:
    if fresh(names, "type", item.name):
        names.aliases[item.name.text] = AliasInfo(item)


def _note_constant(names: Names, item: tree.ConstDecl) -> None:
    if item.mutable:
        names.findings.error(
            "CCL0140", item.name.span, f"`{item.name.text}` cannot be changed here: outside of functions only a "
            "`state` lasts", label="declare it as `state`",
            fixes=(Fix("declare it as `state`", (Edit(Span(item.span.source, item.span.start, item.name.span.start),
                                                      "state "),), applicable=item.type is not None),),
        )  # fmt: skip
    if fresh(names, "value", item.name):
        names.constants[item.name.text] = ConstantInfo(item.name.text, item, None)


def _note_unit(names: Names, item: tree.UnitDecl) -> None:
    if not fresh(names, "unit", item.name):
        return
    decimals = names.host.units.get(item.name.text, 0)
    for entry in item.entries:
        if entry.name.text == "decimals":
            value = entry.value
            found = None if value is None or isinstance(value, tree.Block) else counted(names, value, 0)
            if found is None or not 0 <= found <= 9:
                names.findings.error("CCL0141", entry.span, "a unit has from 0 to 9 decimals", label="not so many")
            else:
                decimals = found
    names.units[item.name.text] = decimals


def _note_role(names: Names, item: tree.RoleDecl) -> None:
    if fresh(names, "role", item.name):
        names.roles[item.name.text] = item.name.span


def _no_generics(names: Names, generics: tuple[tree.Name, ...], what: str) -> None:
    if generics:
        names.findings.error(
            "CCL0131", generics[0].span, f"a {what} has no types of its own in `<>`",
            label="write the types it is used with",
        )  # fmt: skip


# -- shapes ------------------------------------------------------------------------------------------------------------


def _shape_struct(names: Names, item: tree.StructDecl) -> None:
    if names.struct_decls.get(item.name.text) is not item:
        return
    fields: dict[str, Type] = {}
    for f in item.fields:
        if f.name.text in fields:
            names.findings.error("CCL0110", f.name.span, f"`{item.name.text}` has the field `{f.name.text}` twice")
            continue
        fields[f.name.text] = resolve(names, f.type)
    names.structs[item.name.text] = StructShape(item.name.text, tuple(fields.items()))


def _shape_enum(names: Names, item: tree.EnumDecl) -> None:
    if names.enum_decls.get(item.name.text) is not item:
        return
    variants: dict[str, VariantShape] = {}
    for v in item.variants:
        if v.name.text in variants:
            names.findings.error("CCL0110", v.name.span, f"`{item.name.text}` has the variant `{v.name.text}` twice")
            continue
        if v.value is not None:
            names.findings.warning(
                "CCL0138", v.value.span, "a variant has no number: it is only ever compared with others",
                label="this has no effect",
            )  # fmt: skip
        items = tuple(resolve(names, t) for t in v.items) + tuple(resolve(names, f.type) for f in v.fields)
        variants[v.name.text] = VariantShape(v.name.text, items, tuple(f.name.text for f in v.fields))
    names.enums[item.name.text] = EnumShape(item.name.text, tuple(variants.values()))


def _finite_structs(names: Names, items: list[tree.Item]) -> None:
    """A struct that holds itself, otherwise than in an Option, an Array or a Map, has no value."""
    done: set[str] = set()

    def holds(part: Type) -> list[str]:
        if isinstance(part, Struct):
            return [part.name]
        return [n for t in part.items for n in holds(t)] if isinstance(part, Tuple) else []

    for item in items:
        if not isinstance(item, tree.StructDecl) or item.name.text in done:
            continue
        path: list[tuple[str, list[str]]] = [(item.name.text, _held(names, item.name.text, holds))]
        on_path = {item.name.text}
        while path:
            name, rest = path[-1]
            if not rest:
                path.pop()
                on_path.discard(name)
                done.add(name)
                continue
            inner = rest.pop()
            if inner in on_path:
                decl = names.struct_decls[inner]
                names.findings.error(
                    "CCL0129", decl.name.span, f"`{inner}` holds itself, so no value of it can be made",
                    label="use `Option<..>` or `Array<..>` for the inner one",
                )  # fmt: skip
            elif inner not in done:
                path.append((inner, _held(names, inner, holds)))
                on_path.add(inner)


def _held(names: Names, name: str, holds: Callable[[Type], list[str]]) -> list[str]:
    shape = names.structs.get(name)
    return [n for _, t in shape.fields for n in holds(t)] if shape else []


def _enum_keys(names: Names) -> None:
    for name, shape in names.structs.items():
        for field, inner in shape.fields:
            if isinstance(inner, Map):
                decl = names.struct_decls[name]
                place = next((f.type.span for f in decl.fields if f.name.text == field), decl.span)
                check_key(names, inner.key, place)


def check_key(names: Names, key: Type, span: Span) -> None:
    """Tell of a key that is an enum with payloads."""
    payload = isinstance(key, Enum) and key.name in names.enums and any(v.items for v in names.enums[key.name].variants)
    if payload or not fit_for_key(key):
        names.findings.error(
            "CCL0177", span, f"a map's key cannot be {key}",
            label="keys are Integer, String, Did, Bool or an enum without payloads",
        )  # fmt: skip


# -- signatures --------------------------------------------------------------------------------------------------------


def _sign_fn(names: Names, item: tree.FnDecl) -> None:
    if fresh(names, "value", item.name):
        names.functions[item.name.text] = signature(names, item, names.prefix + item.name.text)


def signature(names: Names, item: tree.FnDecl, unique: str, owner: str = "") -> FunctionInfo:
    """A function as its callers see it."""
    _no_generics(names, item.generics, "function")
    params: list[ParamInfo] = []
    seen: dict[str, Span] = {}
    for number, p in enumerate(item.params):
        name = p.pattern.name.text if isinstance(p.pattern, tree.BindPattern) else f"_{number}"
        if name in seen:
            names.findings.error("CCL0110", p.span, f"two parameters are called `{name}`",
                                 also=declared_here(seen[name], "the first is here"))  # fmt: skip
        seen[name] = p.span
        params.append(ParamInfo(name, _param_type(names, item, p, name, owner, number), p.default, p.span))
    result = NOTHING if item.result is None else resolve(names, item.result)
    return FunctionInfo(item.name.text, unique, tuple(params), result, item, owner, LAYERS.get(item.word, "fn"))


def _param_type(names: Names, item: tree.FnDecl, p: tree.Param, name: str, owner: str, number: int) -> Type:
    if p.type is not None:
        return resolve(names, p.type)
    if owner and number == 0 and name == "self" and names.self_type is not None:
        return names.self_type
    names.findings.error(
        "CCL0134", p.span, f"the parameter `{name}` of `{item.name.text}` has no type",
        label=f"write `{name}: Integer`, or whatever it is",
    )  # fmt: skip
    return ANY


def _sign_impl(names: Names, item: tree.ImplDecl) -> None:
    target = resolve(names, item.target)
    if not isinstance(target, Struct | Enum):
        if target != ANY:
            names.findings.error("CCL0137", item.target.span,
                                 f"methods can be added to structs and enums, not {target}")  # fmt: skip
        return
    if item.trait is not None:
        names.findings.error("CCL0142", item.trait.span, "there are no traits", label="write `impl` and the type alone")
    before, names.self_type = names.self_type, target
    methods = names.methods.setdefault(target.name, {})
    for inner in item.items:
        fn = inner.item if isinstance(inner, tree.Described) else inner
        if not isinstance(fn, tree.FnDecl):
            names.findings.error("CCL0143", fn.span, "an `impl` holds functions only")
        elif fresh(names, f"method of {target.name}", fn.name):
            fn = _taking_self(names, fn)
            methods[fn.name.text] = signature(names, fn, f"{names.prefix}{target.name}.{fn.name.text}", target.name)
    names.self_type = before


def _taking_self(names: Names, fn: tree.FnDecl) -> tree.FnDecl:
    """The method; told, and with the parameter, where its body speaks of `self` and the dialect leaves it unsaid."""
    first = fn.params[0].pattern if fn.params else None
    if fn.body is None or (isinstance(first, tree.BindPattern) and first.name.text == "self"):
        return fn
    uses = next((n for n in walk(fn.body) if isinstance(n, tree.PathExpr) and n.path.parts[0].text == "self"), None)
    if uses is None:
        return fn
    at, end = fn.name.span, fn.name.span.end
    edits: tuple[Edit, ...] = ()
    if fn.params:
        edits = (Edit(Span(at.source, fn.params[0].span.start, fn.params[0].span.start), "self, "),)
    elif (fn.body.span.start - 3 if fn.result is None else fn.result.span.start - 6) == end:  # `name() -> `
        edits = (Edit(Span(at.source, end + 1, end + 1), "self"),)
    names.findings.error(
        "CCL0101", uses.span, f"`{fn.name.text}` speaks of `self` and does not take it", label="used here",
        also=declared_here(at, "write `self` as its first parameter"),
        fixes=(Fix("take `self`", edits, dialect=True),) if edits else (),
    )  # fmt: skip
    taken = tree.Param(at, tree.BindPattern(at, tree.Name(at, "self")), None)
    return dataclasses.replace(fn, params=(taken, *fn.params))


def _sign_constant(names: Names, item: tree.ConstDecl) -> None:
    known = names.constants.get(item.name.text)
    if known is not None and known.decl is item and item.type is not None:
        known.type = resolve(names, item.type)


def _sign_state(names: Names, item: tree.StateDecl) -> None:
    if fresh(names, "value", item.name):
        declared = None if item.type is None else resolve(names, item.type)
        names.states[item.name.text] = StateInfo(item.name.text, declared, item)


def _sign_param(names: Names, item: tree.ParamDecl) -> None:
    if fresh(names, "value", item.name):
        names.params[item.name.text] = ContractParam(item.name.text, resolve(names, item.type), item.span)
        _integer_bounds(names, item)


def _integer_bounds(names: Names, item: tree.ParamDecl) -> None:
    """Bounds that are plain numbers are known at once; others the contract level evaluates."""
    param = names.params[item.name.text]
    if param.type == INTEGER and isinstance(item.within, tree.RangeExpr) and item.within.low and item.within.high:
        low, high = counted(names, item.within.low, 0), counted(names, item.within.high, 0)
        if low is not None and high is not None:
            param.low, param.high = low, high


_NOTE: dict[type, Callable[[Names, Any], None]] = {
    tree.StructDecl: _note_struct,
    tree.EnumDecl: _note_enum,
    tree.TypeAlias: _note_alias,
    tree.ConstDecl: _note_constant,
    tree.UnitDecl: _note_unit,
    tree.RoleDecl: _note_role,
}

_SHAPE: dict[type, Callable[[Names, Any], None]] = {
    tree.StructDecl: _shape_struct,
    tree.EnumDecl: _shape_enum,
}

_SIGN: dict[type, Callable[[Names, Any], None]] = {
    tree.FnDecl: _sign_fn,
    tree.ImplDecl: _sign_impl,
    tree.ConstDecl: _sign_constant,
    tree.StateDecl: _sign_state,
    tree.ParamDecl: _sign_param,
}
