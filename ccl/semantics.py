"""The semantic hash of a program: two contracts that mean the same have the same, whatever their words and layout.

What is hashed is the core, in a canonical encoding of our own: every node by its class name and its fields in the order
declared, every value with its kind and length before it, so that no two different programs give the same bytes. Left
out is what changes no verdict, no write and no command: places in the source, texts for people (of clauses, refusals,
traps), names of locals (they are numbered as they are met), what a program is called and what it came from, tests and
properties. Functions count if they can be reached: from clauses, roles, proposals, triggers, actions and exports.

It knows nothing of sources and of evaluation.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from ccl import core

VERSION = b"ccl-semantics-v1\0"
"""What the bytes begin with; another encoding would begin otherwise."""

_LEFT_OUT: Mapping[str, frozenset[str]] = {
    "Function": frozenset({"name", "sites", "effects"}),
    "Requirement": frozenset({"condition", "reason", "keyed"}),
    "Trap": frozenset({"text"}),
    "Clause": frozenset({"text", "base"}),
    "Proposal": frozenset({"description", "facts"}),
    "Role": frozenset({"facts"}),
    "View": frozenset({"site"}),
    "CommandField": frozenset({"site"}),
    "ParamValue": frozenset({"site"}),
    "StateValue": frozenset({"site"}),
    "RecordField": frozenset({"site"}),
    "Program": frozenset(
        {"name", "functions", "exports", "version", "extends", "bases", "facts", "accepts", "properties", "tests",
         "transition", "transitions", "migrations", "bounds"}
    ),
}  # fmt: skip

_BINDERS: Mapping[str, tuple[str, ...]] = {
    "Local": ("name",),
    "Let": ("name",),
    "Phi": ("name",),
    "Carried": ("name", "result"),
    "Loop": ("item",),
    "Comprehension": ("item", "accumulator"),
}
"""Fields that name a local of the function."""


def canonical(program: core.Program) -> bytes:
    """The canonical bytes of a program's meaning."""
    writer = _Writer()
    writer.parts.append(VERSION)
    writer.value(program)
    writer.value(tuple(sorted(program.exports.items())))
    for name in sorted(reachable(program)):
        writer.value(name)
        writer.function(program.functions[name])
    return b"".join(writer.parts)


def semantic_hash(program: core.Program) -> str:
    """SHA-256 of the canonical bytes, 64 hexadecimal digits."""
    return _sha256(canonical(program))


def function_bytes(function: core.Function) -> bytes:
    """The canonical bytes of one function, its callees by name only."""
    writer = _Writer()
    writer.function(function)
    return b"".join(writer.parts)


def value_bytes(value: Any) -> bytes:
    """The canonical bytes of an expression or a value: two that read and compute the same have the same."""
    writer = _Writer()
    writer.value(value)
    return b"".join(writer.parts)


def text_hash(text: str) -> str:
    """SHA-256 of a source's UTF-8, 64 hexadecimal digits: what `extends "space:NAME@HASH"` pins."""
    return _sha256(text.encode())


def _sha256(data: bytes) -> str:
    import hashlib  # here, because few checks need it and loading OpenSSL takes a while

    return hashlib.sha256(data).hexdigest()


def roots(program: core.Program) -> tuple[str, ...]:
    """The functions by which a program has meaning, in the order in which they stand in it."""
    found: list[str] = []
    for clause in program.clauses:
        found += (clause.guard, clause.body)
    for role in program.roles:
        found += role.requires
    found += (p.execution for p in program.proposals)
    for trigger in program.triggers:
        found += (trigger.guard, trigger.action)
    found += program.actions
    found += program.exports.values()
    return tuple(dict.fromkeys(name for name in found if name))


def reachable(program: core.Program) -> set[str]:
    """The names of the functions that the roots reach, they included."""
    seen: set[str] = set()
    pending = list(roots(program))
    while pending:
        name = pending.pop()
        if name not in seen and name in program.functions:
            seen.add(name)
            pending += callees(program.functions[name])
    return seen


def callees(function: core.Function) -> tuple[str, ...]:
    """The functions that a function calls, each once, in the order written."""
    found: dict[str, None] = {}
    pending: list[Any] = [function.body]
    while pending:
        node = pending.pop()
        if isinstance(node, core.Call):
            found[node.function] = None
        if isinstance(node, tuple):
            pending.extend(reversed(node))
        elif dataclasses.is_dataclass(node):
            pending.extend(getattr(node, name) for name in reversed(_fields(type(node))) if name != "type")
    return tuple(found)


_FIELDS: dict[type, tuple[str, ...]] = {}


def _fields(cls: type) -> tuple[str, ...]:
    """The fields of a class that count, in the order declared."""
    found = _FIELDS.get(cls)
    if found is None:
        out = _LEFT_OUT.get(cls.__name__, frozenset()) | {"span"}
        found = _FIELDS[cls] = tuple(f.name for f in dataclasses.fields(cls) if f.name not in out)
    return found


class _Bound(NamedTuple):
    """The name of a local, where it stands as a field ('' where none is bound)."""

    name: str


_Parts = Sequence[Any]


class _Writer:
    """Appends the encoding of values. `locals` numbers the names of the function being written.

    A value's writer appends its head and returns its parts, which are written after it: a walk without recursion, so
    that no program is too deep for it.
    """

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.locals: dict[str, int] = {}

    def function(self, function: core.Function) -> None:
        """A function, its locals numbered anew."""
        self.locals = {name: number for number, (name, _) in enumerate(function.params)}
        self.value(tuple(type_ for _, type_ in function.params))
        self.value(function.result)
        self.value(function.body)
        self.value(len(function.requirements))

    def value(self, value: Any) -> None:
        """Any value that stands in a program. Raises TypeError for one that has no place there: our bug."""
        pending = [value]
        while pending:
            one = pending.pop()
            write = _WRITE.get(type(one), _node)
            pending.extend(reversed(write(self, one)))


def _text(writer: _Writer, text: str) -> _Parts:
    raw = text.encode("utf-8", "surrogatepass")
    writer.parts += (b"s%d:" % len(raw), raw)
    return ()


def _integer(writer: _Writer, value: int) -> _Parts:
    writer.parts.append(b"i%d;" % value)
    return ()


def _fraction(writer: _Writer, value: Fraction) -> _Parts:
    writer.parts.append(b"q%d/%d;" % (value.numerator, value.denominator))
    return ()


def _bool(writer: _Writer, value: bool) -> _Parts:
    writer.parts.append(b"T" if value else b"F")
    return ()


def _none(writer: _Writer, _: None) -> _Parts:
    writer.parts.append(b"N")
    return ()


def _bound(writer: _Writer, bound: _Bound) -> _Parts:
    number = writer.locals.setdefault(bound.name, len(writer.locals)) if bound.name else -1
    writer.parts.append(b"l%d;" % number)
    return ()


def _sequence(writer: _Writer, values: tuple[Any, ...]) -> _Parts:
    writer.parts.append(b"t%d;" % len(values))
    return values


def _strings(writer: _Writer, values: frozenset[str]) -> _Parts:
    writer.parts.append(b"f%d;" % len(values))
    return sorted(values)


def _constant_map(writer: _Writer, mapping: dict[Any, Any]) -> _Parts:
    """A Map's value: the order of its keys is the order in which it is walked."""
    writer.parts.append(b"d%d;" % len(mapping))
    return [part for pair in mapping.items() for part in pair]


def _program(writer: _Writer, program: core.Program) -> _Parts:
    """A program: its mappings are declarations, whose order means nothing."""
    names = _fields(core.Program)
    writer.parts.append(b"n%d:Program" % len(names))
    values = (getattr(program, name) for name in names)
    return [tuple(sorted(v.items())) if isinstance(v, Mapping) else v for v in values]


def _case(writer: _Writer, case: core.Case) -> _Parts:
    writer.parts.append(b"n3:Case")
    return [case.index, tuple(_Bound(name) for name in case.binds), case.body]


def _node(writer: _Writer, node: Any) -> _Parts:
    name = type(node).__name__
    if not dataclasses.is_dataclass(node):
        message = f"{name} has no canonical form"
        raise TypeError(message)
    names = _fields(type(node))
    binders = _BINDERS.get(name, ())
    writer.parts.append(b"n%d:%s" % (len(names), name.encode()))
    return [_Bound(getattr(node, f)) if f in binders else getattr(node, f) for f in names]


_WRITE: Mapping[type, Callable[[_Writer, Any], _Parts]] = {
    str: _text,
    int: _integer,
    bool: _bool,
    type(None): _none,
    Fraction: _fraction,
    tuple: _sequence,
    dict: _constant_map,
    frozenset: _strings,
    _Bound: _bound,
    core.Case: _case,
    core.Program: _program,
}
