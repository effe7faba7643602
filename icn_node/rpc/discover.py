"""What methods there are, as OpenRPC (spec.open-rpc.org 1.3), derived from the declarations."""

from __future__ import annotations

import typing
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from icn_node.kernel import ledger, registry
from icn_node.kernel.fields import description_of, element_of, kind_of
from icn_node.kernel.module import CommandSpec, Module
from icn_node.kernel.tables import Tables
from icn_node.rpc.edge import iso, text_of

# What a person may write for a field of each kind, as JSON schema.
_SCHEMAS: dict[str, dict[str, Any]] = {
    "who": {"type": "string"}, "key": {"type": "string"}, "handle": {"type": "string"}, "unit": {"type": "string"},
    "name": {"type": "string"}, "amount": {"type": "string"}, "limit": {"type": "string"},
    "minutes": {"type": ["integer", "string"]}, "time": {"type": ["integer", "string"]},
    "duration": {"type": ["integer", "string"]}, "day": {"type": "string", "format": "date"},
    "no": {"type": "integer"}, "text": {"type": "string"}, "title": {"type": "string"}, "hash": {"type": "string"},
    "signature": {"type": "string"}, "bytes": {"type": "string"}, "private": {"type": "string"},
    "int": {"type": "integer"}, "str": {"type": "string"}, "bool": {"type": "boolean"}, "map": {"type": "object"},
    "pairs": {"type": "object"},
}  # fmt: skip


def schema_of(declared: Any) -> dict[str, Any]:
    """The JSON schema of what a person may write for a field of that type."""
    kind = kind_of(declared)
    if kind == "list":
        return {"type": "array", "items": schema_of(element_of(declared))}
    return dict(_SCHEMAS.get(kind, {}))


def said_name(name: str, kind: str) -> str:
    """The name under which people give a field: amount_minor is `amount`, until_ms `until`, date_day `date`."""
    for suffix, kinds in (("_minor", ("amount", "limit")), ("_ms", ("time", "duration")), ("_day", ("day",))):
        if kind in kinds and name.endswith(suffix):
            return name.removesuffix(suffix)
    return name


def params_of(cls: type[msgspec.Struct], private: Mapping[str, str]) -> list[dict[str, Any]]:
    """OpenRPC content descriptors of a command's or query's fields."""
    hints = typing.get_type_hints(cls, include_extras=True)
    found = []
    for field in msgspec.structs.fields(cls):
        kind = kind_of(hints[field.name])
        entry: dict[str, Any] = {"name": said_name(field.name, kind), "schema": schema_of(hints[field.name])}
        about = description_of(hints[field.name])
        if field.name in private:
            about = f"a private text, for: {private[field.name]}"
        if about:
            entry["description"] = about
        if field.required:
            entry["required"] = True
        found.append(entry)
    return found


def _example(spec: CommandSpec) -> list[dict[str, Any]]:
    """A command's example by the described names; a field of units' smallest parts keeps its own."""
    hints = typing.get_type_hints(spec.cls, include_extras=True)
    found = []
    for name, value in spec.example.items():
        kind = kind_of(hints[name]) if name in hints else ""
        found.append({"name": said_name(name, kind) if kind in ("time", "duration", "day") else name, "value": value})
    return found


def openrpc(modules: Sequence[Module], node: Mapping[str, Any], version: str) -> dict[str, Any]:
    """The whole OpenRPC document."""
    methods: list[dict[str, Any]] = []
    for name, method in sorted(node.items()):
        methods.append({
            "name": name, "summary": method.doc, "paramStructure": "by-name", "tags": [{"name": "node"}],
            "params": [
                {"name": p, "description": about, "schema": {"type": kind} if kind else {}}
                for p, (kind, about) in method.params.items()
            ],
            "result": {"name": "result", "schema": {}},
        })  # fmt: skip
    for module in modules:
        for spec in module.commands:
            if spec.op in node:
                continue
            methods.append({
                "name": spec.op, "summary": spec.doc.split("\n")[0], "description": spec.doc,
                "paramStructure": "by-name", "tags": [{"name": module.name}, {"name": "command"}],
                "params": [
                    *params_of(spec.cls, spec.private),
                    {"name": "as", "description": "who acts: a handle or DID", "schema": {"type": "string"}},
                    {"name": "dry_run", "description": "say what would happen", "schema": {"type": "boolean"}},
                ],
                "result": {"name": spec.result or "result", "schema": {"type": "object"}},
                "errors": [{"code": -32001, "message": r.text, "data": {"code": r.code}} for r in spec.refuses],
                "examples": [{"name": spec.op, "params": _example(spec)}],
            })  # fmt: skip
        for query in module.queries:
            methods.append({
                "name": query.name, "summary": query.doc.split("\n")[0], "description": query.doc,
                "paramStructure": "by-name", "tags": [{"name": module.name}, {"name": "query"}],
                "params": params_of(query.cls, {}),
                "result": {"name": "result", "schema": {}},
            })  # fmt: skip
    return {
        "openrpc": "1.3.2",
        "info": {"title": "ICN node", "version": version, "license": {"name": "Apache-2.0"}},
        "methods": methods,
    }


_AMOUNTS = frozenset((
    "amount", "available", "balance", "held", "floor", "ceiling", "room", "cap", "supply", "limit", "owed", "wanted",
))  # fmt: skip
_TIMES = ("until", "time", "opens", "closes", "since", "ends", "due", "from", "earliest", "latest")


def spoken_facts(tx: Tables, facts: Mapping[str, Any]) -> dict[str, Any]:
    """A refusal's or notice's facts as people read them: amounts in the unit's decimals, DIDs as handles, times as
    dates. The stored facts stay as they are; only the words change."""
    unit = tx.get(ledger.Unit, str(facts["unit"])) if isinstance(facts.get("unit"), str) else None
    said: dict[str, Any] = {}
    for name, value in facts.items():
        if isinstance(value, int) and unit is not None and name in _AMOUNTS:
            said[name] = text_of(value, unit.decimals, hours=unit.kind == "hours")
        elif isinstance(value, int) and value > 10**11 and (name in _TIMES or name.endswith("_ms")):
            said[name] = iso(value)
        elif isinstance(value, str) and value.startswith("did:key:"):
            no = registry.party_no(tx, value)
            party = None if no is None else tx.get(registry.Party, no)
            said[name] = party.handle if party is not None and party.handle else value
        else:
            said[name] = value
    return said
