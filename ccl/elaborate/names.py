"""What the names of a contract mean: types, functions, constants, parameters, states, units, roles.

`Names` is one flat table a contract (or a file of functions). `ccl.elaborate.declarations` fills it from items; the
contract level adds what only it knows (the bounds of parameters, the time zone). It holds meanings, it resolves no
body: locals live in `ccl.elaborate.builder`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ccl.diagnostics import Findings
from ccl.host import Host
from ccl.source import Span
from ccl.syntax import tree
from ccl.types import EnumShape, StructShape, Type

UNSET = object()
"""The value of a constant that nobody has asked for yet."""


@dataclass(frozen=True, slots=True)
class ParamInfo:
    """A parameter of a function: its name, type and default, as written."""

    name: str
    type: Type
    default: tree.Expr | None
    span: Span


@dataclass(slots=True)
class FunctionInfo:
    """A function as its callers see it. owner: the struct or enum whose method it is; a method's first is `self`.

    layer: "fn" (effects inferred), "policy" (may not reach an action) or "action".
    """

    name: str
    unique: str
    params: tuple[ParamInfo, ...]
    result: Type
    decl: tree.FnDecl
    owner: str = ""
    layer: str = "fn"

    @property
    def method(self) -> bool:
        """Whether it is called on a value: `x.name(..)`."""
        return bool(self.params) and bool(self.owner) and self.params[0].name == "self"


@dataclass(slots=True)
class ConstantInfo:
    """A constant: `value` is UNSET until it has been evaluated (`Bodies.value_of`), `type` None until then if inferred.

    busy: it is being evaluated, so that a constant that needs itself is found.
    """

    name: str
    decl: tree.ConstDecl
    type: Type | None
    value: Any = UNSET
    busy: bool = False


@dataclass(slots=True)
class ContractParam:
    """A `param`. low and high: the bounds as runtime values, once the contract level knows them."""

    name: str
    type: Type
    span: Span
    low: Any = None
    high: Any = None


@dataclass(slots=True)
class StateInfo:
    """A `state`; `type` None: to be inferred from its first value."""

    name: str
    type: Type | None
    decl: tree.StateDecl


@dataclass(slots=True)
class AliasInfo:
    """`type A = T;`. type: None until resolved; busy: being resolved."""

    decl: tree.TypeAlias
    type: Type | None = None
    busy: bool = False


@dataclass(slots=True)
class Names:
    """All that a body may name, but for its locals.

    functions, methods (by owner and name), constants and so on are by the name an author uses; the functions of
    `Program` are by `FunctionInfo.unique`. imports: tables of other files by their alias. places: where a name was
    first declared, to tell of a second.
    """

    host: Host
    findings: Findings
    prefix: str = ""
    structs: dict[str, StructShape] = field(default_factory=dict)
    enums: dict[str, EnumShape] = field(default_factory=dict)
    aliases: dict[str, AliasInfo] = field(default_factory=dict)
    struct_decls: dict[str, tree.StructDecl] = field(default_factory=dict)
    enum_decls: dict[str, tree.EnumDecl] = field(default_factory=dict)
    functions: dict[str, FunctionInfo] = field(default_factory=dict)
    methods: dict[str, dict[str, FunctionInfo]] = field(default_factory=dict)
    constants: dict[str, ConstantInfo] = field(default_factory=dict)
    params: dict[str, ContractParam] = field(default_factory=dict)
    states: dict[str, StateInfo] = field(default_factory=dict)
    units: dict[str, int] = field(default_factory=dict)
    roles: dict[str, Span] = field(default_factory=dict)
    imports: dict[str, Names] = field(default_factory=dict)
    places: dict[tuple[str, str], Span] = field(default_factory=dict)
    timezone: str = "UTC"
    holidays: tuple[int, ...] = ()
    self_type: Type | None = None
    """What `Self` means, inside an `impl`."""
    depth: int = 0
    """How many types stand around the one being resolved."""

    def decimals(self, unit: str) -> int | None:
        """How many decimals a unit has: of the contract's own units, else of the host's; None if there is no such."""
        own = self.units.get(unit)
        return self.host.units.get(unit) if own is None else own

    def all_functions(self) -> Iterable[FunctionInfo]:
        """Functions, then methods, in the order declared."""
        yield from self.functions.values()
        for methods in self.methods.values():
            yield from methods.values()


def distance(a: str, b: str, most: int) -> int:
    """Edits (insert, drop, change, swap of neighbours) that make `b` of `a`; more than `most` is told as `most + 1`."""
    if abs(len(a) - len(b)) > most or len(set(a) - set(b)) > most or len(set(b) - set(a)) > most:
        return most + 1  # each letter that the other has not is an edit at least
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    a, b = a[start:], b[start:]
    while a and b and a[-1] == b[-1]:
        a, b = a[:-1], b[:-1]
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a):
        now = [i + 1]
        for j, y in enumerate(b):
            cost = min(row[j] + (x != y), row[j + 1] + 1, now[j] + 1)
            if i and j and x == b[j - 1] and a[i - 1] == y:
                cost = min(cost, before[j - 1] + 1)
            now.append(cost)
        if min(now) > most:
            return most + 1
        before, row = row, now
    return row[-1]


_UNDERSCORES = 4
"""A name that differs only by so many underscores is the same one, written otherwise."""
_MOST_COMPARED = 400
"""Of more candidates than that the rest is not looked at: comparing takes time, and nobody has so many names."""


def closest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate that was probably meant, None if none is near; of equals the first in the alphabet."""
    low = name.lower().replace("_", "")
    most = max(1, len(name) // 3)
    found: tuple[int, str] | None = None
    alike = {c for c in candidates if abs(len(c) - len(name)) <= max(most, _UNDERSCORES) and c != name}
    for candidate in sorted(alike)[:_MOST_COMPARED]:
        gap = 0 if candidate.lower().replace("_", "") == low else distance(name, candidate, most)
        if gap <= most:
            found = (gap, candidate)
            if not gap:
                break
            most = gap - 1  # of those that follow only a nearer one counts
    return found[1] if found else None
