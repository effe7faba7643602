"""The language's host: what of the node a contract in CCL may speak of, made from the modules' declarations.

Nothing is said twice. A command is what its struct declares: `amount_minor` is Money of the command's own unit where
the command has a `unit`, a `Who` is a Did, a time a Timestamp; a field is named as people name it ("amount", "until"),
its name on the wire ("amount_minor") is another name of it. Private fields are left out, so that no policy can read
one: what an event holds of them is a commitment. Reads are commands named "read." and the query. Settings are the
modules' parameters, views those of the kernel and of the modules.

It must not know any contract, or what is in force.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import typing
from collections.abc import Iterator, Sequence
from types import UnionType
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from ccl.host import CommandSpec, FieldSpec, Host, Primitive, RecordSpec, SettingSpec, ViewSpec
from ccl.types import (
    BOOL,
    DATE,
    DID,
    DURATION,
    INTEGER,
    OWN_UNIT,
    STRING,
    TIMESTAMP,
    Array,
    Money,
    Record,
    Type,
    UnitCode,
)  # fmt: skip
from icn_node.kernel.fields import description_of, element_of, kind_of
from icn_node.kernel.module import Module
from icn_node.kernel.views import OPAQUE, VIEWS, View

NODE_READS = (
    "backup.create", "dag.export", "dag.get", "dag.head", "dag.log", "dag.proof", "dag.verify",
    "event.receipt", "key.list", "node.notices", "node.status", "node.version",
)  # fmt: skip
"""Reads that are the node's own, and no module's query: bylaws govern them by these names."""

DECISION_TYPES = ("policy", "budget", "technical", "emergency", "membership", "bylaw", "quick")
"""Types of proposal that spaces have: those that the node comes with, and the one that `icn init --quick` makes. A
contract may also write `PolicyDecision`."""

ROLES = ("steward", "issuer", "auditor", "importer", "broker", "data-protection", "expert", "council")
"""Roles that the rules of modules and the shipped bylaws speak of. A space may have any others."""

PLANNED: tuple[tuple[str, str], ...] = (
    ("request_loan", "lending"), ("evaluate_loan", "lending"), ("approve_loan", "lending"), ("request_aid", "aid"),
    ("offer_resource", "aid"), ("match_needs", "aid"), ("distribute_profits", "surplus"),
)  # fmt: skip
"""Primitives of modules that this node does not have yet."""

_TYPES: dict[str, Type] = {
    "who": DID, "key": DID, "handle": STRING, "name": STRING, "unit": STRING, "text": STRING, "title": STRING,
    "str": STRING, "minutes": INTEGER, "no": INTEGER, "int": INTEGER, "amount": INTEGER, "limit": INTEGER,
    "time": TIMESTAMP, "duration": DURATION, "day": DATE, "bool": BOOL, "hash": Record(OPAQUE),
    "signature": Record(OPAQUE), "bytes": Record(OPAQUE),
}  # fmt: skip
_SUFFIXES = {"amount": "_minor", "limit": "_minor", "time": "_ms", "duration": "_ms", "day": "_day"}
_MONEY = frozenset(("amount", "limit"))


class Language:
    """What these modules make of the language: the host, and for each view the function that answers it."""

    def __init__(self, modules: Sequence[Module]) -> None:
        self._records: dict[str, RecordSpec] = {OPAQUE: RecordSpec(OPAQUE, (), "Bytes that can be handed to a view.")}
        self.views: dict[str, View] = {}
        specs: dict[str, ViewSpec] = {}
        for owner, views in (("", VIEWS), *((m.name, m.views) for m in modules)):
            for declared in views:
                assert declared.spec.name not in specs, declared.spec.name
                self.views[declared.spec.name] = declared
                specs[declared.spec.name] = dataclasses.replace(declared.spec, module=owner)
        commands: dict[str, CommandSpec] = {}
        primitives = [Primitive(name, module) for name, module in PLANNED]
        for module in modules:
            for spec in module.commands:
                commands[spec.op] = self._command(spec.op, spec.cls, module.name, spec.doc)
            for query in module.queries:
                name = "read." + query.name
                commands[name] = self._command(name, query.cls, module.name, query.doc, read=True)
            primitives += [Primitive(name, module.name, target) for name, target in module.primitives]
        for name in NODE_READS:
            commands.setdefault("read." + name, CommandSpec("read." + name, (), read=True))
        self.host = Host(
            records=self._records,
            views=specs,
            commands=commands,
            primitives={p.name: p for p in primitives},
            settings={p.name: SettingSpec(p.name, _setting(p.name, p.default), p.doc) for m in modules
                      for p in m.params},
            modules=frozenset(m.name for m in modules),
            decision_types=frozenset((*DECISION_TYPES, *(f"{t.capitalize()}Decision" for t in DECISION_TYPES))),
            roles=frozenset(ROLES),
        )  # fmt: skip

    def _command(self, name: str, cls: type[Any], module: str, doc: str, *, read: bool = False) -> CommandSpec:
        declared = {f.name: f for f in msgspec.structs.fields(cls)}
        computed = dict(_computed(cls))
        own_unit = "unit" in computed or ("unit" in declared and declared["unit"].required)
        fields, aliases = self._fields(cls, declared, computed, own_unit=own_unit)
        return CommandSpec(
            name, fields, doc=" ".join(doc.split()), module=module, unit_field="unit" if own_unit else "",
            positional=tuple(f.name for f in fields if not f.computed), read=read, aliases=aliases,
        )  # fmt: skip

    def _fields(
        self, cls: type[Any], declared: dict[str, Any], computed: dict[str, Any], *, own_unit: bool
    ) -> tuple[tuple[FieldSpec, ...], tuple[tuple[str, str], ...]]:
        """The fields that a contract sees, and the other names that some of them have."""
        found: list[FieldSpec] = []
        aliases: list[tuple[str, str]] = []
        hints = typing.get_type_hints(cls, include_extras=True)
        taken = {*declared, *computed}
        for wire in (*declared, *computed):
            written = hints[wire] if wire in declared else computed[wire]
            kind = "amount" if wire in computed and wire.endswith("_minor") else kind_of(written)
            shown = wire.removesuffix(_SUFFIXES.get(kind, "\0"))
            if shown != wire and shown in taken:
                shown = wire
            made = self._type(written, own_unit=own_unit)
            if wire == "unit" and own_unit:
                made = UnitCode(OWN_UNIT)
            elif kind in _MONEY and own_unit:
                made = Money(OWN_UNIT)
            if made is None:
                continue
            low, high = _range(written)
            found.append(FieldSpec(
                shown, made, _optional(written), wire if shown != wire else "", description_of(written),
                omittable=wire in computed or not declared[wire].required, computed=wire in computed,
                low=low, high=high,
            ))  # fmt: skip
            if shown != wire:
                aliases.append((wire, shown))
        return tuple(found), tuple(aliases)

    def _type(self, written: Any, *, own_unit: bool) -> Type | None:
        """The type of a field; None for what no contract can read: private texts, commands within a command."""
        kind = kind_of(written)
        if kind == "list":
            item = self._type(element_of(written), own_unit=own_unit)
            return None if item is None else Array(item, _most(written))
        if kind == "map":
            struct = _struct(written)
            return None if struct is None else self._record(struct, own_unit=own_unit)
        return _TYPES.get(kind)

    def _record(self, struct: type[msgspec.Struct], *, own_unit: bool) -> Type:
        name = struct.__name__
        known = self._records.get(name)
        if known is None:
            declared = {f.name: f for f in msgspec.structs.fields(struct)}
            fields, _ = self._fields(struct, declared, {}, own_unit=own_unit)
            self._records[name] = RecordSpec(name, fields, " ".join((struct.__doc__ or "").split()))
        return Record(name)


def _setting(name: str, default: int | str | bool) -> Type:
    if isinstance(default, bool):
        return BOOL
    if isinstance(default, str):
        return STRING
    return DURATION if name.endswith("_ms") else INTEGER


def _computed(cls: type[Any]) -> Iterator[tuple[str, Any]]:
    """The properties that a command computes from its fields, by name, with what they return."""
    for name, found in inspect.getmembers(cls, lambda member: isinstance(member, property)):
        if not name.startswith("_"):
            yield name, typing.get_type_hints(found.fget)["return"]


def _optional(written: Any) -> bool:
    """Whether a field may be None."""
    origin = typing.get_origin(written)
    if origin is Annotated:
        return _optional(typing.get_args(written)[0])
    return origin in (typing.Union, UnionType) and type(None) in typing.get_args(written)


def _most(written: Any) -> int | None:
    """How many items a list may have, None where its declaration does not say."""
    origin = typing.get_origin(written)
    if origin is Annotated:
        inside, *notes = typing.get_args(written)
        stated = [n.max_length for n in notes if isinstance(n, Meta) and n.max_length is not None]
        return stated[0] if stated else _most(inside)
    if origin in (typing.Union, UnionType):
        return _most(next(a for a in typing.get_args(written) if a is not type(None)))
    return None


def _range(written: Any) -> tuple[int | None, int | None]:
    """Between what a field's numbers lie, as its declaration says."""
    origin = typing.get_origin(written)
    if origin is Annotated:
        inside, *notes = typing.get_args(written)
        for note in notes:
            if isinstance(note, Meta) and (note.ge is not None or note.le is not None):
                return _whole(note.ge), _whole(note.le)
        return _range(inside)
    if origin in (typing.Union, UnionType):
        inner = [a for a in typing.get_args(written) if a is not type(None)]
        return _range(inner[0]) if len(inner) == 1 else (None, None)
    return None, None


def _whole(bound: object) -> int | None:
    return bound if isinstance(bound, int) else None


def _struct(written: Any) -> type[msgspec.Struct] | None:
    """The struct that a field holds, if it holds one."""
    origin = typing.get_origin(written)
    if origin is Annotated:
        return _struct(typing.get_args(written)[0])
    if origin in (typing.Union, UnionType):
        inner = [a for a in typing.get_args(written) if a is not type(None)]
        return _struct(inner[0]) if len(inner) == 1 else None
    return written if isinstance(written, type) and issubclass(written, msgspec.Struct) else None


class _Modules:
    """Modules as a key: the same if each is the same object. Their declarations hold mappings, which have no hash."""

    __slots__ = ("key", "modules")

    def __init__(self, modules: tuple[Module, ...]) -> None:
        self.modules = modules
        self.key = tuple(map(id, modules))

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Modules) and self.key == other.key


@functools.lru_cache(maxsize=32)
def _language(modules: _Modules) -> Language:
    return Language(modules.modules)


def language_of(modules: Sequence[Module]) -> Language:
    """The language of these modules, made once."""
    return _language(_Modules(tuple(modules)))
