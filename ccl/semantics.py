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
import hashlib
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

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
         "transition", "transitions", "migrations"}
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
        writer.text(name)
        writer.function(program.functions[name])
    return b"".join(writer.parts)


def semantic_hash(program: core.Program) -> str:
    """SHA-256 of the canonical bytes, 64 hexadecimal digits."""
    return hashlib.sha256(canonical(program)).hexdigest()


def function_bytes(function: core.Function) -> bytes:
    """The canonical bytes of one function, its callees by name only."""
    writer = _Writer()
    writer.function(function)
    return b"".join(writer.parts)


def text_hash(text: str) -> str:
    """SHA-256 of a source's UTF-8, 64 hexadecimal digits: what `extends "space:NAME@HASH"` pins."""
    return hashlib.sha256(text.encode()).hexdigest()


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


class _Writer:
    """Appends the encoding of values. `locals` numbers the names of the function being written."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.locals: dict[str, int] = {}

    def text(self, text: str) -> None:
        raw = text.encode("utf-8", "surrogatepass")
        self.parts.append(b"s%d:" % len(raw))
        self.parts.append(raw)

    def integer(self, value: int) -> None:
        self.parts.append(b"i%d;" % value)

    def function(self, function: core.Function) -> None:
        """A function, its locals numbered anew."""
        self.locals = {name: number for number, (name, _) in enumerate(function.params)}
        self.integer(len(function.params))
        for _, type_ in function.params:
            self.value(type_)
        self.value(function.result)
        self.value(function.body)
        self.integer(len(function.requirements))

    def value(self, value: Any) -> None:
        """Any value that stands in a program. Raises TypeError for one that has no place there: our bug."""
        write = _WRITE.get(type(value))
        if write is not None:
            write(self, value)
        elif dataclasses.is_dataclass(value):
            self.node(value)
        elif isinstance(value, Mapping):
            self.mapping(value)
        else:
            message = f"{type(value).__name__} has no canonical form"
            raise TypeError(message)

    def node(self, node: Any) -> None:
        name = type(node).__name__
        names = _fields(type(node))
        binders = _BINDERS.get(name, ())
        self.parts.append(b"n%d:%s" % (len(names), name.encode()))
        for field in names:
            value = getattr(node, field)
            if field in binders:
                self.integer(self.locals.setdefault(value, len(self.locals)) if value else -1)
            elif field == "binds":
                self.value(tuple(self.locals.setdefault(b, len(self.locals)) if b else -1 for b in value))
            else:
                self.value(value)

    def sequence(self, values: tuple[Any, ...]) -> None:
        self.parts.append(b"t%d;" % len(values))
        for value in values:
            self.value(value)

    def mapping(self, mapping: Mapping[Any, Any]) -> None:
        """Declarations, by name: their order means nothing."""
        self.parts.append(b"m%d;" % len(mapping))
        for key in sorted(mapping):
            self.value(key)
            self.value(mapping[key])

    def constant_map(self, mapping: dict[Any, Any]) -> None:
        """A Map's value: the order of its keys is the order in which it is walked."""
        self.parts.append(b"d%d;" % len(mapping))
        for key, value in mapping.items():
            self.value(key)
            self.value(value)

    def strings(self, values: frozenset[str]) -> None:
        self.parts.append(b"f%d;" % len(values))
        for value in sorted(values):
            self.value(value)


def _fraction(writer: _Writer, value: Fraction) -> None:
    writer.parts.append(b"q%d/%d;" % (value.numerator, value.denominator))


def _bool(writer: _Writer, value: bool) -> None:
    writer.parts.append(b"T" if value else b"F")


def _none(writer: _Writer, _: None) -> None:
    writer.parts.append(b"N")


def _declarations(writer: _Writer, program: core.Program) -> None:
    """A program: its mappings are declarations, so by name."""
    names = _fields(core.Program)
    writer.parts.append(b"n%d:Program" % len(names))
    for field in names:
        value = getattr(program, field)
        if isinstance(value, Mapping):
            writer.mapping(value)
        else:
            writer.value(value)


_WRITE: dict[type, Callable[[_Writer, Any], None]] = {
    str: _Writer.text,
    int: _Writer.integer,
    bool: _bool,
    type(None): _none,
    Fraction: _fraction,
    tuple: _Writer.sequence,
    dict: _Writer.constant_map,
    frozenset: _Writer.strings,
    core.Program: _declarations,
}
