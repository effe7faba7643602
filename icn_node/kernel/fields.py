"""The kinds of field that commands, queries and records are declared with.

Each is an annotated int or str, so that one declaration serves decoding from an event, JSON schema, help texts and
the conversions at the edge (a handle becomes a DID, "12.50" becomes minor units, "2026-05-01" becomes milliseconds).
The kind is read back with `kind_of`. Events carry only what is written here: integers and strings.
"""

from __future__ import annotations

import types
import typing
from typing import Annotated, Any

import msgspec
from msgspec import Meta

INT64_MAX = 2**63 - 1

Who = Annotated[str, Meta(pattern=r"^did:key:z[1-9A-HJ-NP-Za-km-z]{40,60}$", extra={"kind": "who"},
                          description="a member: a handle, or a did:key")]  # fmt: skip
DeviceKey = Annotated[str, Meta(pattern=r"^did:key:z[1-9A-HJ-NP-Za-km-z]{40,60}$", extra={"kind": "key"},
                                description="a device key as did:key")]  # fmt: skip
Handle = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$", extra={"kind": "handle"},
                             description="a public short name: a-z, 0-9, _ and -, at most 32")]  # fmt: skip
UnitCode = Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9_-]{0,15}$", extra={"kind": "unit"},
                               description="a unit's code, such as HOUR")]  # fmt: skip
Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_.-]{0,63}$", extra={"kind": "name"},
                           description="a name of a role, group, category or scope")]  # fmt: skip
AmountMinor = Annotated[int, Meta(ge=1, le=INT64_MAX, extra={"kind": "amount"},
                                  description="an amount above zero, in the unit's smallest part")]  # fmt: skip
LimitMinor = Annotated[int, Meta(ge=-INT64_MAX, le=INT64_MAX, extra={"kind": "limit"},
                                 description="a limit of either sign, in the unit's smallest part")]  # fmt: skip
Minutes = Annotated[int, Meta(ge=1, le=1440, extra={"kind": "minutes"},
                              description="minutes, 1 to 1440; '1h30' and '1:30' are understood")]  # fmt: skip
TimeMs = Annotated[int, Meta(ge=0, le=2**53 - 1, extra={"kind": "time"},
                             description="UTC milliseconds; an ISO date or date-time is understood")]  # fmt: skip
DurationMs = Annotated[int, Meta(ge=0, le=2**53 - 1, extra={"kind": "duration"},
                                 description="milliseconds; '14d', '36h', '90m' are understood")]  # fmt: skip
Day = Annotated[int, Meta(ge=-200_000, le=200_000, extra={"kind": "day"},
                          description="a date, as days since 1970-01-01; an ISO date is understood")]  # fmt: skip
No = Annotated[int, Meta(ge=1, le=INT64_MAX, extra={"kind": "no"}, description="a number the space gave out")]
Text = Annotated[str, Meta(min_length=1, max_length=4000, extra={"kind": "text"}, description="a public text")]
Title = Annotated[str, Meta(min_length=1, max_length=200, extra={"kind": "title"}, description="a public title")]
Hash32 = Annotated[bytes, Meta(min_length=32, max_length=32, extra={"kind": "hash"}, description="32 bytes")]
Signature = Annotated[bytes, Meta(min_length=64, max_length=64, extra={"kind": "signature"},
                                  description="an Ed25519 signature, 64 bytes")]  # fmt: skip

Ops = Annotated[tuple[dict[str, Any], ...], Meta(max_length=16, extra={"kind": "ops"},
                description="commands to carry out, at most 16: maps with `op`, `ver` and fields")]  # fmt: skip

Pairs = Annotated[dict[Annotated[str, Meta(max_length=64)], int | str | bool],
                  Meta(max_length=64, extra={"kind": "pairs"},
                       description="values by name, NAME=VALUE; repeat it for more")]  # fmt: skip


class Private(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """The commitment that stands in an event for a private field; the payload travels beside it, encrypted.

    h: SHA-256("icn-private-v1\\0" || salt || payload), 32 bytes. audience: who can read it, as a space-separated list
    of `parties`, `members`, `role:NAME`, a DID. size: bytes of the payload, at most 65536.
    """

    h: Hash32
    audience: Annotated[str, Meta(min_length=1, max_length=512)]
    size: Annotated[int, Meta(ge=0, le=65536)]


def kind_of(declared: Any) -> str:
    """The `kind` of a declared field type: one of those above, `private`, `int`, `str`, `bool`, `list`, `map`."""
    origin = typing.get_origin(declared)
    if origin is Annotated:
        for note in typing.get_args(declared)[1:]:
            if isinstance(note, Meta) and note.extra and "kind" in note.extra:
                return str(note.extra["kind"])
        return kind_of(typing.get_args(declared)[0])
    if origin in (typing.Union, types.UnionType):
        inner = [a for a in typing.get_args(declared) if a is not type(None)]
        return kind_of(inner[0]) if len(inner) == 1 else "map"
    if origin in (list, tuple):
        return "list"
    if declared is Private:
        return "private"
    return {int: "int", str: "str", bool: "bool", bytes: "bytes"}.get(declared, "map")


def element_of(declared: Any) -> Any:
    """The element type of a list or variadic tuple field."""
    origin = typing.get_origin(declared)
    if origin is Annotated:
        return element_of(typing.get_args(declared)[0])
    if origin in (typing.Union, types.UnionType):
        return element_of(next(a for a in typing.get_args(declared) if a is not type(None)))
    return typing.get_args(declared)[0]


def description_of(declared: Any) -> str:
    """The description of a declared field type, '' where it has none."""
    origin = typing.get_origin(declared)
    if origin is Annotated:
        for note in typing.get_args(declared)[1:]:
            if isinstance(note, Meta) and note.description:
                return note.description
        return description_of(typing.get_args(declared)[0])
    if origin in (typing.Union, types.UnionType):
        inner = [a for a in typing.get_args(declared) if a is not type(None)]
        return description_of(inner[0]) if len(inner) == 1 else ""
    return ""
