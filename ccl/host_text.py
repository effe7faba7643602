"""A host's declaration as text, and read back: JSON, so that a program need not load a whole host to check a contract.

Every object is a map of its class's name to its fields in the order declared, those at the end left out that are as
their defaults say. What is read back is equal to what was written, and types without parts are the constants of
`ccl.types`. Texts of bases are not written: they are what ships beside, not what is declared. Nothing but the classes
of `ccl.host` and `ccl.types` can be made from such a text, whatever stands in it.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from typing import Any

from ccl import host as hosts
from ccl import types
from ccl.host import Host

_CLASSES: Mapping[str, Callable[..., Any]] = {
    made.__name__: made
    for made in (
        hosts.FieldSpec, hosts.RecordSpec, hosts.ViewSpec, hosts.CommandSpec, hosts.Primitive, hosts.SettingSpec,
        types.Money, types.Exact, types.UnitCode, types.Array, types.Map, types.Tuple, types.Option, types.Result,
        types.Range, types.Struct, types.Enum, types.Record,
    )
}  # fmt: skip
_PLAIN: Mapping[str, types.Plain] = {t.name: t for t in vars(types).values() if isinstance(t, types.Plain)}
_NAMED = ("records", "views", "commands", "primitives", "settings")
"""What a host holds by name; each knows its own name."""


class NotAHost(ValueError):
    """A text that is no declaration of a host."""


def written(host: Host, of: str = "") -> str:
    """The declaration as text, a line for each part, in the order declared. of: what it was made from, as whoever
    writes it says; it begins the text (`beginning`), and reading takes no notice of it."""
    parts: list[tuple[str, Any]] = [(name, list(getattr(host, name).values())) for name in _NAMED]
    parts += [("units", dict(host.units)), ("amend", host.amend)]
    parts += [(name, sorted(getattr(host, name))) for name in ("modules", "decision_types", "roles")]
    lines = [beginning(of)]
    for name, value in parts:
        if name in _NAMED:
            inside = ",\n  ".join(_json(_plain(one)) for one in value)
            lines.append(f"{_json(name)}: [\n  {inside}\n ]")
        else:
            lines.append(f"{_json(name)}: {_json(value)}")
    return ",\n ".join(lines) + "}\n"


def beginning(of: str) -> str:
    """How the text of a declaration begins that was made of that."""
    return f'{{"of": {_json(of)}'


def read(text: str, bases: Mapping[str, str] | None = None) -> Host:
    """The host that a text declares, with these bases. Raises NotAHost."""
    try:
        raw = json.loads(text)
        named: dict[str, Any] = {name: {one.name: one for one in map(_made, raw[name])} for name in _NAMED}
        return Host(
            **named, units=raw["units"], modules=frozenset(raw["modules"]),
            decision_types=frozenset(raw["decision_types"]), roles=frozenset(raw["roles"]), amend=raw["amend"],
            bases={} if bases is None else bases,
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NotAHost(f"this is no declaration of a host: {error}") from error


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    """A value in what JSON has."""
    if isinstance(value, types.Plain):
        return {"": value.name}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if value is None or isinstance(value, str | int):
        return value
    fields = dataclasses.fields(value)
    kept = len(fields)
    while kept and getattr(value, fields[kept - 1].name) == fields[kept - 1].default:
        kept -= 1
    assert type(value).__name__ in _CLASSES, value
    return {type(value).__name__: [_plain(getattr(value, f.name)) for f in fields[:kept]]}


def _made(raw: Any) -> Any:
    """What a value of JSON stands for."""
    if isinstance(raw, list):
        return tuple([_made(one) for one in raw])
    if isinstance(raw, dict):
        ((name, inside),) = raw.items()
        return _CLASSES[name](*[_made(one) for one in inside]) if name else _PLAIN[inside]
    return raw
