"""Private fields: the commitment that stands in an event, the payload it commits to, and whose a field is.

A private text leaves the event as `{h, audience, size}`; h = SHA-256("icn-private-v1\\0" || salt || payload). The
payload names the space, author, seq, op and field it was written for, so it cannot be lifted into another event, and
the 32-byte salt makes h worthless to whoever guesses at short texts. The payload travels beside the DAG as an encrypted
blob (`icn_node.vault`) and can be erased; nothing here, and no handler, ever reads one, so replay is the same without.

What the state keeps of a field is whose it is (`PrivateField`: the first event that carried h decides), whom the
command named (`Concern`), how long it must be kept (`Retention`) and that it was erased (`Erased`). A copy of
somebody's h in a later event gives no right over it. It must not know keys, encryption or where blobs rest.
"""

from __future__ import annotations

import functools
import re
import typing
from collections.abc import Iterator
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar, Final

import msgspec

from dag.codec import CodecError, Link, decode, encode
from icn_node.kernel import registry
from icn_node.kernel.fields import Private, kind_of
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.tables import Record, Tables

if TYPE_CHECKING:
    from dag.event import Event
    from icn_node.kernel.context import Context

DOMAIN: Final = b"icn-private-v1\0"
SALT_BYTES: Final = 32
PAYLOAD_MAX_BYTES: Final = 65_536
AUDIENCE_MAX_WORDS: Final = 16


# --- commitments and payloads ---------------------------------------------------------------------------------------


class PayloadInvalid(ValueError):
    """Bytes that are no payload of a private field. `reason`: size, codec, fields, types."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"not the payload of a private field: {reason}")
        self.reason = reason


class Payload(msgspec.Struct, frozen=True, gc=False):
    """What a payload says: the value, and the one place it was written for.

    space: CID of the genesis event, None in the genesis itself. author: 34 bytes; seq: the event's; op: index of the
    command in the event, from 0; field: its name, or a path such as "rows.3.memo". value: text or bytes.
    """

    space: bytes | None
    author: bytes
    seq: int
    op: int
    field: str
    value: str | bytes


_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "space": (Link, type(None)), "author": (bytes,), "seq": (int,), "op": (int,), "field": (str,),
    "value": (str, bytes),
}  # fmt: skip


def payload_of(*, space: bytes | None, author: bytes, seq: int, op: int, field: str, value: str | bytes) -> bytes:
    """The DAG-CBOR payload of a field. Raises PayloadInvalid (`size`) above 64 KiB."""
    payload = encode(
        {"space": None if space is None else Link(space), "author": author, "seq": seq, "op": op, "field": field,
         "value": value}
    )  # fmt: skip
    if len(payload) > PAYLOAD_MAX_BYTES:
        raise PayloadInvalid("size")
    return payload


def context_of(payload: bytes) -> Payload:
    """What a payload says. Raises PayloadInvalid."""
    if len(payload) > PAYLOAD_MAX_BYTES:
        raise PayloadInvalid("size")
    try:
        fields: Any = decode(payload)
    except CodecError:
        raise PayloadInvalid("codec") from None
    if not isinstance(fields, dict) or fields.keys() != _TYPES.keys():
        raise PayloadInvalid("fields")
    # Exact types: a link is a byte string, and a boolean an integer, to isinstance.
    if any(type(fields[name]) not in kinds for name, kinds in _TYPES.items()):
        raise PayloadInvalid("types")
    space = fields.pop("space")
    return Payload(space=None if space is None else bytes(space), **fields)


def commitment(salt: bytes, payload: bytes, audience: str) -> Private:
    """Commit to a payload under 32 fresh random bytes. Raises BadAudience, PayloadInvalid."""
    assert len(salt) == SALT_BYTES, "a salt is 32 random bytes"
    if len(payload) > PAYLOAD_MAX_BYTES:
        raise PayloadInvalid("size")
    audience_of(audience)
    return Private(sha256(DOMAIN + salt + payload).digest(), audience, len(payload))


def opens(private: Private, salt: bytes, payload: bytes) -> bool:
    """Whether the salt and payload are those that were committed to."""
    return (
        len(salt) == SALT_BYTES
        and len(payload) == private.size
        and sha256(DOMAIN + salt + payload).digest() == private.h
    )


def check_context(payload: bytes, event: Event, op_index: int, field: str) -> bool:
    """Whether the payload was written for that field of that command of that event; False for a malformed one too."""
    try:
        said = context_of(payload)
    except PayloadInvalid:
        return False
    return (said.space, said.author, said.seq, said.op, said.field) == (
        event.space, event.author, event.seq, op_index, field,
    )  # fmt: skip


def is_carriers(tx: Tables, space: bytes, h: bytes, payload: Payload) -> bool:
    """Whether the payload was written for the event that first carried h: by its author, for that field.

    A copy of h in a later event is that author's words still; a payload that names another place is nobody's.
    """
    first = tx.get(PrivateField, h)
    device = tx.get(registry.Device, payload.author[2:])
    return (
        first is not None
        and device is not None
        and (device.party, payload.field) == (first.author, first.field)
        and payload.space in (space, None)
    )


# --- audiences ------------------------------------------------------------------------------------------------------


class BadAudience(Refusal):
    """A private field's audience is not a sorted list of `parties`, `members`, `role:NAME` and DIDs."""

    code = "bad_audience"
    text = "'{audience}' does not say for whom a private field is."
    advice = "Name `parties`, `members`, `role:NAME` or DIDs: sorted, once each, one space between, at most 16."


class Audience(msgspec.Struct, frozen=True, gc=False):
    """Whom a field is for. parties: its author and whom its command names; members: every active member."""

    parties: bool
    members: bool
    roles: tuple[str, ...]
    dids: tuple[str, ...]


_ROLE: Final = re.compile(r"role:[a-z][a-z0-9_.-]{0,63}", re.ASCII)
_DID: Final = re.compile(r"did:key:z[1-9A-HJ-NP-Za-km-z]{40,60}", re.ASCII)


@functools.lru_cache(maxsize=4096)
def audience_of(text: str) -> Audience:
    """Read an audience; every audience has one spelling. Raises BadAudience."""
    words = text.split(" ")
    if words != sorted(set(words)) or len(words) > AUDIENCE_MAX_WORDS or len(text) > 512:
        raise BadAudience(audience=text[:512])
    roles, dids = [], []
    for word in words:
        if _ROLE.fullmatch(word):
            roles.append(word.removeprefix("role:"))
        elif _DID.fullmatch(word):
            dids.append(word)
        elif word not in ("parties", "members"):
            raise BadAudience(audience=text[:512])
    return Audience("parties" in words, "members" in words, tuple(roles), tuple(dids))


# --- whose a field is -----------------------------------------------------------------------------------------------


class PrivateField(Record, frozen=True):
    """A private field of an executed event. author: the party that wrote it; op, field: where it stands."""

    TABLE: ClassVar[str] = "private_field"
    KEY: ClassVar[tuple[str, ...]] = ("h",)
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {"author": ("author", "no")}
    HISTORY: ClassVar[bool] = True
    h: bytes
    no: int
    author: int
    op: str
    field: str
    audience: str
    time_ms: int


class Concern(Record, frozen=True):
    """The field stands in a command that names the party."""

    TABLE: ClassVar[str] = "private_concern"
    KEY: ClassVar[tuple[str, ...]] = ("party", "h")
    HISTORY: ClassVar[bool] = True
    h: bytes
    party: int


class Retention(Record, frozen=True):
    """The field must be kept until then: the reasons of a hearing, say."""

    TABLE: ClassVar[str] = "private_retention"
    KEY: ClassVar[tuple[str, ...]] = ("h",)
    h: bytes
    until_ms: int


class Erased(Record, frozen=True):
    """The field was erased: no node may keep or hand on its blob, salt or key, and a restore erases it again."""

    TABLE: ClassVar[str] = "private_erased"
    KEY: ClassVar[tuple[str, ...]] = ("h",)
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {"no": ("no",)}
    h: bytes
    no: int
    by: int
    reason: str
    time_ms: int


RECORDS: tuple[type[Record], ...] = (PrivateField, Concern, Retention, Erased)


class Plan(msgspec.Struct, frozen=True, gc=False):
    """Which fields of a command are private, which may have such inside, and which name parties."""

    direct: tuple[str, ...]
    nested: tuple[str, ...]
    who: tuple[str, ...]


@functools.cache
def plan_of(cls: type[msgspec.Struct]) -> Plan | None:
    """The plan of a command's class; None for one that carries nothing private. Made when first asked for."""
    fields = msgspec.structs.fields(cls)
    direct = tuple(f.name for f in fields if kind_of(f.type) == "private")
    nested = tuple(f.name for f in fields if f.name not in direct and _may_carry(f.type))
    if not direct and not nested:
        return None
    who = tuple(f.name for f in fields if kind_of(f.type) == "who" or _lists_who(f.type))
    return Plan(direct, nested, who)


def _may_carry(declared: Any) -> bool:
    """Whether a value of that type may have a commitment in it. A map of anything may: a proposal carries commands."""
    if declared is Private or declared is Any:
        return True
    if isinstance(declared, type) and issubclass(declared, msgspec.Struct):
        return any(_may_carry(f.type) for f in msgspec.structs.fields(declared))
    return any(_may_carry(a) for a in typing.get_args(declared) if a is not ... and a is not declared)


def _lists_who(declared: Any) -> bool:
    return kind_of(declared) == "list" and any(_names_who(a) for a in _arguments(declared))


def _names_who(declared: Any) -> bool:
    if isinstance(declared, type) and issubclass(declared, msgspec.Struct):
        return any(kind_of(f.type) == "who" for f in msgspec.structs.fields(declared))
    return kind_of(declared) == "who"


def _arguments(declared: Any) -> Iterator[Any]:
    for argument in typing.get_args(declared):
        yield argument
        yield from (a for a in _arguments(argument) if a is not ...)


def found_in(value: Any, path: str) -> Iterator[tuple[str, Private]]:
    """The commitments inside a field's value, each with its path; in order."""
    if value is None or isinstance(value, str | int | bytes):
        return
    if isinstance(value, Private):
        yield path, value
    elif isinstance(value, list | tuple):
        for i, item in enumerate(value):
            yield from found_in(item, f"{path}.{i}")
    elif isinstance(value, dict):
        if value.keys() == {"h", "audience", "size"}:
            try:
                yield path, msgspec.convert(value, Private)
            except msgspec.ValidationError:
                return
        else:
            for key in sorted(value):
                yield from found_in(value[key], f"{path}.{key}")
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from found_in(getattr(value, name), f"{path}.{name}")


def note(tx: Tables, ctx: Context, op: str, cmd: Any, plan: Plan) -> None:
    """Enter whose the private fields of an executed command are. Raises BadAudience."""
    found = [(name, field) for name in plan.direct if (field := getattr(cmd, name)) is not None]
    for name in plan.nested:
        found += found_in(getattr(cmd, name), name)
    if not found:
        return
    author = ctx.actor.party
    if author == registry.STRANGER:
        author = _party_of_key(tx, ctx)
    named = _named(tx, cmd, plan, author)
    for path, field in found:
        audience_of(field.audience)
        if tx.get(PrivateField, field.h) is not None:
            continue  # the first event that carried it decides whose it is
        tx.append(PrivateField(field.h, tx.next_no("private_field"), author, op, path, field.audience, ctx.time_ms))
        for party in named:
            tx.append(Concern(field.h, party))  # new, as the field is


def _party_of_key(tx: Tables, ctx: Context) -> int:
    """Whoever was a stranger when the command began: by now it joined, or it stays a stranger."""
    device = tx.get(registry.Device, ctx.actor.key)
    return registry.STRANGER if device is None else device.party


def _named(tx: Tables, cmd: Any, plan: Plan, author: int) -> list[int]:
    """The parties that the command names, in the commands inside it too."""
    dids: list[str] = []
    for name in plan.who:
        value = getattr(cmd, name)
        dids += _dids_in(value)
    for name in plan.nested:
        dids += _dids_in(getattr(cmd, name))
    numbers = {registry.party_no(tx, did) for did in dids}
    return sorted(no for no in numbers if no is not None and no != author)


def _dids_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if value.startswith("did:key:"):
            yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _dids_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _dids_in(item)
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _dids_in(getattr(value, name))


def concern(tx: Tables, field: Private | None, *parties: int) -> None:
    """Say that a field of the command under way concerns parties whom it names only by the number of something else.

    Of a field that an earlier event carried it says nothing: whoever copies an h would else read what it commits to.
    """
    if field is not None and tx.get(PrivateField, field.h) is None:
        for party in parties:
            tx.put(Concern(field.h, party))


def retain(tx: Tables, ctx: Context, field: Private | None, until_ms: int) -> None:
    """Keep a field until then, whatever was stated before. A copy of somebody else's field keeps nothing."""
    if field is None:
        return
    known = tx.get(PrivateField, field.h)
    if known is None or known.author == ctx.actor.party or tx.get(Retention, field.h) is not None:
        tx.put(Retention(field.h, until_ms))


def wrote(tx: Tables, h: bytes, party: int) -> bool:
    """Whether the party wrote the field."""
    found = tx.get(PrivateField, h)
    return found is not None and party > 0 and found.author == party


def concerns(tx: Tables, h: bytes, party: int) -> bool:
    """Whether the field stands in a command that names the party."""
    return party > 0 and tx.get(Concern, party, h) is not None


def is_erased(tx: Tables, h: bytes) -> bool:
    """Whether the field was erased."""
    return tx.get(Erased, h) is not None


def may_read(tx: Tables, field: Private, party: int, time_ms: int) -> bool:
    """Whether the field is addressed to the party, at that time. An organisation's signers read what it may read."""
    if party <= 0 or is_erased(tx, field.h):
        return False
    try:
        audience = audience_of(field.audience)
    except BadAudience:
        return False
    if audience.members and registry.is_active(tx, party):
        return True
    if any(registry.holds(tx, party, role, time_ms) for role in audience.roles) and registry.is_active(tx, party):
        return True
    return any(
        _addressed(tx, field.h, audience, one)
        for one in (party, *(m.party for m in registry.mandates_of(tx, party, time_ms)))
    )


def _addressed(tx: Tables, h: bytes, audience: Audience, party: int) -> bool:
    found = tx.get(registry.Party, party)
    assert found is not None
    return (audience.parties and (wrote(tx, h, party) or concerns(tx, h, party))) or found.did in audience.dids
