"""The ordering block: what a validator signs in a round.

Purpose: the format. It names blocks of the round before (votes among them), the validator's own last block, and
heads of members' events; the events themselves travel apart.

Invariants
- A block is strict DAG-CBOR with exactly the fields below, so block and bytes determine each other; the CID covers
  the signature. tests/golden/order.json pins the format, which is for ever.
- Validity here depends on the bytes of one block alone; `intake` has the rules that need its history.

    author        34 bytes, 0xed01 and the key          last_commit   [index, 32-byte digest] of the last commit that
    epoch         link to the epoch's configuration                   the author had executed; [0, zeros] before any
    event_heads   sorted unique links, at most 1,024    parents       sorted unique links, none in round 1
    prev          link to the author's last block of    refuse_leader bool: no vote for the parent that leads
                  the epoch; absent in its first        round         from 1
    sig           64 bytes over "icn-block-v1\\0" and   ts            the author's clock, Unix milliseconds
                  the map without `sig`
"""

from hashlib import sha256
from itertools import pairwise
from typing import Any, Final, NoReturn

import msgspec

from dag.cid import CID_BYTES, DAG_CBOR_PREFIX
from dag.codec import CodecError, Link, decode, encode
from dag.keys import AUTHOR_BYTES, AUTHOR_PREFIX, SIGNATURE_BYTES, SigningKey, verify
from dag.order.config import MAX_VALIDATORS

BLOCK_DOMAIN: Final = b"icn-block-v1\0"
MAX_BLOCK_BYTES: Final = 64 * 1024
MAX_EVENT_HEADS: Final = 1024
MAX_ROUND: Final = 2**53
MAX_TIME_MS: Final = 2**53
"""Round and time leave room for sums; 2^53 ms are 285,000 years."""
DIGEST_BYTES: Final = 32
NO_COMMIT: Final = (0, bytes(DIGEST_BYTES))
_REQUIRED: Final = frozenset(
    ("author", "epoch", "event_heads", "last_commit", "parents", "refuse_leader", "round", "sig", "ts")
)


class InvalidBlock(ValueError):
    """A block that breaks a rule: the bug or the lie of its author. `code` is stable, `facts` say more.

    From the bytes alone: `too_large`, `bad_encoding`, `missing_field`, `unknown_field`, `bad_field` (which one is in
    the facts), `links_unsorted`, `too_many_heads`, `too_many_parents`, `parents_in_round_1`, `prev_in_round_1`,
    `bad_signature`.
    In an epoch: `wrong_epoch`, `not_a_validator`.
    With its history: `parent_wrong_round`, `two_parents_of_one_author`, `too_few_parents`, `prev_not_own`,
    `prev_not_lower`, `too_many_events`, `invalid_history` (it rests on an invalid block).
    """

    def __init__(self, code: str, **facts: object) -> None:
        told = ", ".join(f"{name}={value!r}" for name, value in facts.items())
        super().__init__(f"ordering block: {code}" + (f" ({told})" if told else ""))
        self.code = code
        self.facts = facts


class Block(msgspec.Struct, frozen=True, eq=False):
    """A block whose structure was checked. `cid` is the CID of `raw`; every CID is 36 plain bytes."""

    cid: bytes
    raw: bytes
    epoch: bytes
    round: int
    author: bytes
    parents: tuple[bytes, ...]
    refuse_leader: bool
    prev: bytes | None
    event_heads: tuple[bytes, ...]
    last_commit: tuple[int, bytes]
    ts: int
    sig: bytes


def sign_block(
    key: SigningKey,
    *,
    epoch: bytes,
    round_: int,
    parents: list[bytes],
    refuse_leader: bool,
    prev: bytes | None,
    event_heads: list[bytes],
    last_commit: tuple[int, bytes],
    ts: int,
) -> Block:
    """A signed block of the key's; parents and heads in any order, but unique. The structural rules are asserted.

    The map is written out here, in DAG-CBOR's order of keys, because a thousand heads are too many for the general
    encoder: it would take 2 ms whenever their hashes happen to contain the bytes of a tag. A test compares the two.
    """
    parents = sorted(parents)
    event_heads = sorted(event_heads)
    assert 1 <= round_ <= MAX_ROUND, "the round is one that a block can have"
    assert 0 <= ts <= MAX_TIME_MS, "the clock reads a time that a block can have"
    assert len(event_heads) <= MAX_EVENT_HEADS, "the backlog hands out no more heads than a block holds"
    entries = 8 if prev is None else 9
    first = b"\x62ts" + encode(ts)
    rest = b"".join(
        (
            b"" if prev is None else b"\x64prev" + _LINK + prev,
            b"\x65epoch" + _LINK + epoch,
            b"\x65round" + encode(round_),
            b"\x66author\x58\x22" + key.author,
            b"\x67parents" + _encode_links(parents),
            b"\x6bevent_heads" + _encode_links(event_heads),
            b"\x6blast_commit\x82" + encode(last_commit[0]) + b"\x58\x20" + last_commit[1],
            b"\x6drefuse_leader" + (b"\xf5" if refuse_leader else b"\xf4"),
        )
    )
    sig = key.sign(b"".join((BLOCK_DOMAIN, bytes((_MAP | entries,)), first, rest)))
    raw = b"".join((bytes((_MAP | entries + 1,)), first, _SIG_HEAD, sig, rest))
    cid = DAG_CBOR_PREFIX + sha256(raw).digest()
    assert len(raw) <= MAX_BLOCK_BYTES, "what a block may hold fits its size"
    return Block(
        cid,
        raw,
        epoch,
        round_,
        key.author,
        tuple(parents),
        refuse_leader,
        prev,
        tuple(event_heads),
        last_commit,
        ts,
        sig,
    )


_MAP: Final = 0xA0
_LINK: Final = b"\xd8\x2a\x58\x25\x00"
_SIG_HEAD: Final = b"\x63sig\x58\x40"


def _encode_links(cids: list[bytes]) -> bytes:
    count = len(cids)
    if count < 24:
        head = bytes((0x80 | count,))
    elif count < 256:
        head = bytes((0x98, count))
    else:
        head = b"\x99" + count.to_bytes(2)
    return head + b"".join([_LINK + cid for cid in cids])


def message_of(block: Block) -> bytes:
    """The bytes that `block.sig` is to be a signature of; the key is `block.author[2:]`."""
    raw = block.raw
    at = 1 + 3 + len(encode(block.ts))
    return b"".join((BLOCK_DOMAIN, bytes((raw[0] - 1,)), raw[1:at], raw[at + len(_SIG_HEAD) + SIGNATURE_BYTES :]))


def verify_block(block: Block) -> None:
    """Raise InvalidBlock `bad_signature` unless the author's key signed the block."""
    if not verify(block.author[2:], message_of(block), block.sig):
        raise InvalidBlock("bad_signature")


def decode_block(raw: bytes) -> Block:
    """The block of these bytes, every structural rule checked, but not the signature. Raises InvalidBlock."""
    if len(raw) > MAX_BLOCK_BYTES:
        raise InvalidBlock("too_large", bytes=len(raw), limit=MAX_BLOCK_BYTES)
    try:
        fields: Any = decode(raw, 2)
    except CodecError as error:
        raise InvalidBlock("bad_encoding", reason=error.reason, offset=error.offset) from None
    if type(fields) is not dict:
        raise InvalidBlock("bad_field", field="map")
    if fields.keys() - {"prev"} != _REQUIRED:
        _explain_keys(fields)
    round_ = _integer(fields, "round", 1, MAX_ROUND)
    parents = _links(fields, "parents", MAX_VALIDATORS, "too_many_parents")
    prev = _link(fields, "prev") if "prev" in fields else None
    if round_ == 1 and parents:
        raise InvalidBlock("parents_in_round_1")
    if round_ == 1 and prev is not None:
        raise InvalidBlock("prev_in_round_1")
    if type(fields["refuse_leader"]) is not bool:
        raise InvalidBlock("bad_field", field="refuse_leader")
    return Block(
        DAG_CBOR_PREFIX + sha256(raw).digest(),
        raw,
        _link(fields, "epoch"),
        round_,
        _author(fields),
        parents,
        fields["refuse_leader"],
        prev,
        _links(fields, "event_heads", MAX_EVENT_HEADS, "too_many_heads"),
        _last_commit(fields),
        _integer(fields, "ts", 0, MAX_TIME_MS),
        _bytes(fields, "sig", SIGNATURE_BYTES),
    )


def _explain_keys(fields: dict[str, Any]) -> NoReturn:
    for name in fields:
        if name not in _REQUIRED and name != "prev":
            raise InvalidBlock("unknown_field", field=name)
    raise InvalidBlock("missing_field", field=min(_REQUIRED - fields.keys()))


def _integer(fields: dict[str, Any], name: str, low: int, high: int) -> int:
    value = fields[name]
    if type(value) is int and low <= value <= high:
        return value
    raise InvalidBlock("bad_field", field=name)


def _bytes(fields: dict[str, Any], name: str, length: int) -> bytes:
    value = fields[name]
    if type(value) is bytes and len(value) == length:
        return value
    raise InvalidBlock("bad_field", field=name)


def _author(fields: dict[str, Any]) -> bytes:
    author = _bytes(fields, "author", AUTHOR_BYTES)
    if not author.startswith(AUTHOR_PREFIX):
        raise InvalidBlock("bad_field", field="author")
    return author


def _is_block_link(value: Any) -> bool:
    return type(value) is Link and len(value) == CID_BYTES and value.startswith(DAG_CBOR_PREFIX)


def _link(fields: dict[str, Any], name: str) -> bytes:
    value = fields[name]
    if not _is_block_link(value):
        raise InvalidBlock("bad_field", field=name)
    return bytes(value)


def _links(fields: dict[str, Any], name: str, limit: int, too_many: str) -> tuple[bytes, ...]:
    values = fields[name]
    if type(values) is not list or not all(map(_is_block_link, values)):
        raise InvalidBlock("bad_field", field=name)
    if len(values) > limit:
        raise InvalidBlock(too_many, limit=limit)
    if any(one >= other for one, other in pairwise(values)):
        raise InvalidBlock("links_unsorted", field=name)
    return tuple(map(bytes, values))


def _last_commit(fields: dict[str, Any]) -> tuple[int, bytes]:
    value = fields["last_commit"]
    if type(value) is list and len(value) == 2:
        index, digest = value
        if type(index) is int and index >= 0 and type(digest) is bytes and len(digest) == DIGEST_BYTES:
            return index, digest
    raise InvalidBlock("bad_field", field="last_commit")
