"""From a type as written to a type as meant: aliases followed, units known, the dialect's names understood.

What cannot be resolved has been told and is `ANY`, which fits everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any

from ccl.diagnostics import Edit, Fix, Label
from ccl.elaborate.fitting import oversized
from ccl.elaborate.names import Names, closest
from ccl.source import Span
from ccl.syntax import tree
from ccl.types import (
    ANY,
    BOOL,
    CLEAR_DAYS,
    DATE,
    DAYS,
    DID,
    DURATION,
    INTEGER,
    MONTHS,
    NEVER,
    NOTHING,
    OWN_UNIT,
    RATIO,
    STRING,
    TIMESTAMP,
    WORKING_DAYS,
    Array,
    Enum,
    Exact,
    Map,
    Money,
    Option,
    Range,
    Record,
    Result,
    Struct,
    Tuple,
    Type,
    UnitCode,
)

MOST_PARTS = 100
"""The most parts of a type that has a name by `type`."""

MOST_NESTED = 40
"""How deep types may stand in each other."""

MOST_ITEMS = 1_000_000
"""The greatest maximum that a collection may declare."""

PLAIN: dict[str, Type] = {
    **dict.fromkeys(("Integer", "Int", "int", "integer", "Mana", "mana", "usize", "isize", "u8", "u16", "u32", "u64",
                     "u128", "i8", "i16", "i32", "i64", "i128"), INTEGER),
    **dict.fromkeys(("Bool", "Boolean", "bool", "boolean"), BOOL),
    **dict.fromkeys(("String", "string", "str"), STRING),
    **dict.fromkeys(("Did", "DID", "did", "Address", "address"), DID),
    **dict.fromkeys(("Timestamp", "timestamp"), TIMESTAMP),
    **dict.fromkeys(("Duration", "duration"), DURATION),
    **dict.fromkeys(("Date", "date"), DATE),
    **dict.fromkeys(("Ratio", "ratio"), RATIO),
    "Days": DAYS,
    "ClearDays": CLEAR_DAYS,
    "WorkingDays": WORKING_DAYS,
    "Months": MONTHS,
    "Never": NEVER,
    "Nothing": NOTHING,
}  # fmt: skip

FLOATS = frozenset(("Float", "float", "f32", "f64", "Double", "double", "Decimal", "decimal"))

KEYS = (INTEGER, STRING, DID, BOOL)
"""Types that a map's keys may have, besides enums without payload."""


def resolve(names: Names, written: tree.TypeExpr) -> Type:
    """The type meant by one written."""
    if names.depth >= MOST_NESTED:
        _too_many(names, written)
        return ANY
    names.depth += 1
    found = _RESOLVE[written.__class__](names, written)
    names.depth -= 1
    return found


def _too_many(names: Names, written: tree.TypeExpr) -> None:
    names.findings.error("CCL0194", written.span, f"types have at most {MOST_PARTS} parts, {MOST_NESTED} in each other",
                         label="make a part of it a struct")  # fmt: skip


def _list(names: Names, written: tree.TypeList) -> Type:
    return Array(resolve(names, written.item), most(names, written.most))


def _tuple(names: Names, written: tree.TypeTuple) -> Type:
    if not written.items:
        return NOTHING
    return Tuple(tuple([resolve(names, item) for item in written.items]))


def _reference(names: Names, written: tree.TypeReference) -> Type:
    return resolve(names, written.target)


def _named(names: Names, written: tree.TypeName) -> Type:
    name = written.path.parts[-1].text
    generic = _GENERIC.get(name)
    if generic is not None:
        return generic(names, written)
    plain = PLAIN.get(name)
    if plain is None:
        return _declared(names, written, name)
    _no_arguments(names, written, name)
    return plain


def _no_arguments(names: Names, written: tree.TypeName, name: str) -> None:
    if written.args:
        names.findings.error("CCL0164", written.span, f"`{name}` takes no types in `<>`",
                             label=f"write just `{name}`")  # fmt: skip


def _declared(names: Names, written: tree.TypeName, name: str) -> Type:
    if len(written.path.parts) > 1 and (other := names.imports.get(written.path.parts[0].text)):
        return _declared(other, tree.TypeName(written.span, tree.Path(written.path.span, written.path.parts[1:]),
                                              written.args, written.most), name)  # fmt: skip
    found: Type | None = None
    if name in names.struct_decls:
        found = Struct(name)
    elif name in names.enum_decls:
        found = Enum(name)
    elif name in names.aliases:
        found = _alias(names, name)
    elif name in names.host.records:
        found = Record(name)
    elif name == "Self" and names.self_type is not None:
        found = names.self_type
    if found is not None:
        _no_arguments(names, written, name)
        return found
    if name in FLOATS:
        names.findings.error(
            "CCL0151", written.span, f"there is no `{name}`: it would round where nobody looks",
            label="use `Ratio`, which is exact",
            fixes=(Fix("use `Ratio`", (Edit(written.span, "Ratio"),), dialect=True),),
        )  # fmt: skip
        return RATIO
    _unknown(names, written.path.span, name)
    return ANY


def _unknown(names: Names, span: Span, name: str) -> None:
    known = chain(PLAIN, _GENERIC, names.struct_decls, names.enum_decls, names.aliases, names.host.records)
    near = None if names.findings.crowded else closest(name, known)
    notes: tuple[str, ...] = ()
    if name in names.roles:
        notes = (f"`{name}` is a role: a person who may hold it is a `Did`, and `role({name})` asks whether one does",)
    names.findings.error(
        "CCL0102", span, f"there is no type `{name}`",
        label=f"did you mean `{near}`?" if near else "unknown type", notes=notes,
        fixes=(Fix(f"use `{near}`", (Edit(span, near),), applicable=False),) if near else (),
    )  # fmt: skip


def _alias(names: Names, name: str) -> Type:
    alias = names.aliases[name]
    if alias.type is None:
        if alias.busy:
            names.findings.error("CCL0132", alias.decl.name.span, f"the type `{name}` is declared by itself")
            alias.type = ANY
            return ANY
        alias.busy = True
        found = resolve(names, alias.decl.type)
        alias.busy = False
        if oversized(found, MOST_PARTS):
            _too_many(names, alias.decl.type)
            found = ANY
        if names.aliases[name].type is None:  # a cycle has set it
            alias.type = found
            return found
        return ANY
    return alias.type


# -- types with parts --------------------------------------------------------------------------------------------------


def _arguments(names: Names, written: tree.TypeName, least: int, greatest: int, shape: str) -> list[Type] | None:
    """The types between `<>`, or None where their number is wrong (told)."""
    if not least <= len(written.args) <= greatest:
        names.findings.error(
            "CCL0164", written.span, f"`{written.path.parts[-1].text}` is written `{shape}`",
            label=f"{len(written.args)} in `<>` here",
        )  # fmt: skip
        return None
    return [resolve(names, a) for a in written.args]


def _array(names: Names, written: tree.TypeName) -> Type:
    args = _arguments(names, written, 1, 1, "Array<T>` or `Array<T, max 100>")
    return ANY if args is None else Array(args[0], most(names, written.most))


def _map(names: Names, written: tree.TypeName) -> Type:
    args = _arguments(names, written, 2, 2, "Map<K, V>` or `Map<K, V, max 100>")
    if args is None:
        return ANY
    key = args[0]
    if not fit_for_key(key):
        names.findings.error(
            "CCL0177", written.args[0].span, f"a map's key cannot be {key}",
            label="keys are Integer, String, Did, Bool or an enum without payloads",
        )  # fmt: skip
    return Map(key, args[1], most(names, written.most))


def fit_for_key(key: Type) -> bool:
    """Whether a map may have such keys; an enum's payloads are looked at when its shape is known."""
    return key in KEYS or isinstance(key, Enum) or key in (ANY, NEVER)


def _option(names: Names, written: tree.TypeName) -> Type:
    args = _arguments(names, written, 1, 1, "Option<T>")
    return ANY if args is None else Option(args[0])


def _result(names: Names, written: tree.TypeName) -> Type:
    args = _arguments(names, written, 1, 2, "Result<T, E>")
    if args is None:
        return ANY
    return Result(args[0], args[1] if len(args) == 2 else STRING)


def _range(names: Names, written: tree.TypeName) -> Type:
    args = _arguments(names, written, 0, 1, "Range<Integer>")
    return ANY if args is None else Range(args[0] if args else INTEGER)


def _in_unit(make: Callable[[str], Type]) -> Callable[[Names, tree.TypeName], Type]:
    def with_unit(names: Names, written: tree.TypeName) -> Type:
        if not written.args:
            return make(OWN_UNIT)
        if len(written.args) > 1:
            _arguments(names, written, 1, 1, f"{written.path.parts[-1].text}<UNIT>")
            return ANY
        code = unit(names, written.args[0])
        return ANY if code is None else make(code)

    return with_unit


def unit(names: Names, written: tree.TypeExpr) -> str | None:
    """The unit between `<>`, None where it is unknown (told)."""
    if not isinstance(written, tree.TypeName) or len(written.path.parts) != 1 or written.args:
        names.findings.error("CCL0107", written.span, "here stands the code of a unit, such as `CREDIT`")
        return None
    name = written.path.parts[0]
    return known_unit(names, name.text, name.span)


def known_unit(names: Names, code: str, span: Span) -> str | None:
    """The code if there is such a unit, else None (told)."""
    if names.decimals(code) is not None:
        return code
    near = None if names.findings.crowded else closest(code, chain(names.units, names.host.units))
    names.findings.error(
        "CCL0107", span, f"there is no unit `{code}`",
        label=f"did you mean `{near}`?" if near else "unknown unit",
        notes=(f"a contract declares the units it speaks of: `unit {code} {{ decimals: 2; }}`",),
        fixes=(Fix(f"use `{near}`", (Edit(span, near),), applicable=False),) if near else (),
    )  # fmt: skip
    return None


_GENERIC: dict[str, Callable[[Names, tree.TypeName], Type]] = {
    "Array": _array,
    "array": _array,
    "Vec": _array,
    "List": _array,
    "Map": _map,
    "map": _map,
    "HashMap": _map,
    "BTreeMap": _map,
    "Option": _option,
    "option": _option,
    "Result": _result,
    "Range": _range,
    "Money": _in_unit(Money),
    "token": _in_unit(Money),
    "Token": _in_unit(Money),
    "Exact": _in_unit(Exact),
    "UnitCode": _in_unit(UnitCode),
}

_RESOLVE: dict[type, Callable[[Names, Any], Type]] = {
    tree.TypeName: _named,
    tree.TypeList: _list,
    tree.TypeTuple: _tuple,
    tree.TypeReference: _reference,
}


# -- declared maxima ---------------------------------------------------------------------------------------------------


def most(names: Names, written: tree.Expr | None) -> int | None:
    """The N of `max N`: a number, a constant, or sums and products of them; None where none is written or it is wrong
    (told)."""
    if written is None:
        return None
    found = counted(names, written, 0)
    if found is None or not 0 <= found <= MOST_ITEMS:
        names.findings.error(
            "CCL0192", written.span, f"a maximum is a whole number from 0 to {MOST_ITEMS:,}, known when checking",
            label="not such a number",
        )  # fmt: skip
        return None
    return found


def counted(names: Names, written: tree.Expr, depth: int) -> int | None:
    """The whole number that an expression of literals and constants is, None if it is something else."""
    if isinstance(written, tree.IntLit):
        return written.value
    if depth > 20:
        return None
    if isinstance(written, tree.PathExpr) and len(written.path.parts) == 1:
        constant = names.constants.get(written.path.parts[0].text)
        return counted(names, constant.decl.value, depth + 1) if constant and constant.decl.value else None
    if isinstance(written, tree.BinaryExpr):
        left, right = counted(names, written.left, depth + 1), counted(names, written.right, depth + 1)
        if left is None or right is None:
            return None
        return {"+": left + right, "-": left - right, "*": left * right}.get(written.operator)
    return None


def declared_here(span: Span, text: str = "declared here") -> tuple[Label, ...]:
    """A second label, where the place is known."""
    return (Label(span, text),) if span.source >= 0 else ()
