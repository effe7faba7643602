"""Leaves of the log: what one position says happened, as DAG-CBOR bytes.

Purpose: write a leaf for every executed event, fast, and read leaves strictly wherever they come from.

A leaf is a map of exactly six fields, in this (the canonical) order:

    kind      "event" | "timer" | "epoch" | "state"
    time      the commit's time, Unix ms, 0 to 2^53
    index     the position in the tree, 0 to 2^63-1: a path proves it, the leaf repeats it
    effects   32 bytes: digest of the canonical logical changes (of nothing: the digest of nothing)
    outcome   a map: what became of it, in the words of the kernel
    subject   what it is about: for an event the link of its CID; else a map (for an epoch: see dag.epoch)

Invariants: one leaf has one encoding; `decode_leaf(encode_leaf(...))` gives the same values; a 32-byte digest that
happens to have the shape of a CID stays a byte string (the fixed part is written here by hand, not by a codec that
guesses).

It must not know what outcomes or effects mean, or how a tree is built.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias, cast

import msgspec

from dag.cid import CID_BYTES, DAG_CBOR_PREFIX
from dag.codec import MAX_DEPTH, MAX_INT, CodecError, Link, decode, encode

Kind: TypeAlias = Literal["event", "timer", "epoch", "state"]
KINDS: Final = ("event", "timer", "epoch", "state")
EFFECTS_BYTES: Final = 32
MAX_TIME_MS: Final = 2**53
MAX_LEAF_BYTES: Final = 256 * 1024
"""Room for an epoch of 100 validators with a recovery; a leaf about an event stays far below."""

_HEADS: Final = {kind: b"\xa6\x64kind" + bytes([0x60 + len(kind)]) + kind.encode() + b"\x64time" for kind in KINDS}
_OUTCOME_KEY: Final = b"\x67outcome"
_SUBJECT_KEY: Final = b"\x67subject"
_LINK_HEAD: Final = b"\xd8\x2a\x58\x25\x00"
_EVENT_SUBJECT: Final = _SUBJECT_KEY + _LINK_HEAD
_INDEX_KEY: Final = b"\x65index"
_EFFECTS_KEY: Final = b"\x67effects\x58\x20"
_FIELDS: Final = frozenset(("kind", "time", "index", "effects", "outcome", "subject"))


class InvalidLeaf(ValueError):
    """Bytes that are no leaf: the peer's bug. `code` is stable, `facts` say where.

    Codes: `too_large` (bytes), `bad_encoding` (reason, offset: those of CodecError), `not_a_map`, `fields` (missing,
    unknown), `bad_field` (field).
    """

    def __init__(self, code: str, **facts: object) -> None:
        self.code = code
        self.facts = facts
        told = "".join(f", {name}={value!r}" for name, value in facts.items())
        super().__init__(f"invalid leaf: {code}{told}")


class Leaf(msgspec.Struct, frozen=True):
    """A decoded leaf; fields as in the module's description. `subject` is a Link for an event, else a dict."""

    index: int
    kind: Kind
    subject: Link | dict[str, Any]
    time_ms: int
    outcome: dict[str, Any]
    effects: bytes


def encode_leaf(
    index: int,
    kind: Kind,
    subject: bytes | Mapping[str, object],
    time_ms: int,
    outcome: Mapping[str, object],
    effects: bytes,
) -> bytes:
    """The bytes of a leaf. `subject` is the 36-byte CID for an event, else a map.

    Raises CodecError for what DAG-CBOR cannot hold; other wrong arguments are our own bug (assertions).
    """
    assert type(index) is int
    assert 0 <= index <= MAX_INT
    assert type(time_ms) is int
    assert 0 <= time_ms <= MAX_TIME_MS
    assert len(effects) == EFFECTS_BYTES
    if kind == "event":
        assert isinstance(subject, bytes)
        assert len(subject) == CID_BYTES
        assert subject[:4] == DAG_CBOR_PREFIX
        about = _EVENT_SUBJECT + subject
    else:
        assert isinstance(subject, Mapping)
        about = _SUBJECT_KEY + encode(dict(subject))
    return b"".join(
        (
            _HEADS[kind],
            b"\x1b" + time_ms.to_bytes(8) if time_ms >= 0x1_0000_0000 else encode(time_ms),
            _INDEX_KEY,
            encode(index) if index < 0x1_0000 or index >= 0x1_0000_0000 else b"\x1a" + index.to_bytes(4),
            _EFFECTS_KEY,
            effects,
            _OUTCOME_KEY,
            encode(outcome if type(outcome) is dict else dict(outcome)),
            about,
        )
    )


def decode_leaf(data: bytes) -> Leaf:
    """The leaf of these bytes, every rule checked (an epoch's subject by dag.epoch). Raises InvalidLeaf."""
    if len(data) > MAX_LEAF_BYTES:
        raise InvalidLeaf("too_large", bytes=len(data))
    try:
        value = decode(data, MAX_DEPTH)
    except CodecError as error:
        raise InvalidLeaf("bad_encoding", reason=error.reason, offset=error.offset) from error
    if not isinstance(value, dict):
        raise InvalidLeaf("not_a_map")
    if value.keys() != _FIELDS:
        missing, unknown = sorted(_FIELDS - value.keys()), sorted(value.keys() - _FIELDS)
        raise InvalidLeaf("fields", missing=missing, unknown=unknown)
    kind, subject, outcome, effects = value["kind"], value["subject"], value["outcome"], value["effects"]
    if kind not in KINDS:
        raise InvalidLeaf("bad_field", field="kind")
    if type(effects) is not bytes or len(effects) != EFFECTS_BYTES:
        raise InvalidLeaf("bad_field", field="effects")
    if not isinstance(outcome, dict):
        raise InvalidLeaf("bad_field", field="outcome")
    if kind == "event":
        if not isinstance(subject, Link) or subject[:4] != DAG_CBOR_PREFIX:
            raise InvalidLeaf("bad_field", field="subject")
    elif not isinstance(subject, dict):
        raise InvalidLeaf("bad_field", field="subject")
    return Leaf(
        _integer(value["index"], "index", MAX_INT),
        cast(Kind, kind),
        subject,
        _integer(value["time"], "time", MAX_TIME_MS),
        outcome,
        effects,
    )


def _integer(value: object, field: str, limit: int) -> int:
    if type(value) is not int or not 0 <= value <= limit:
        raise InvalidLeaf("bad_field", field=field)
    return value
