"""Events: signed lists of commands, content-addressed, each naming the one its author signed before.

Purpose: the format that members' devices sign and every node checks. `decode_event` is the only gate for bytes that
come from elsewhere; `unsigned`, `attach` and `sign_event` make such bytes.

Invariants
- Validity here depends on the bytes of one block alone. What an event's ancestors say about it is the graph's
  business, what its author may do the kernel's.
- A block is strict DAG-CBOR with exactly the fields below, so an event and its bytes determine each other, and the CID
  covers the signature.
- The format is for ever: tests/golden/events.json pins it. A changed rule is a new `v`.

The map (keys in encoded order): `v` = 1; `at`, claimed Unix time in ms, 0 to 2^53; `ops`, 1 to 256 maps, each with `op`
(3 to 64 of [a-z0-9_.], with a dot), `ver` (1 to 2^31-1) and the command's own fields, without links; `seq`, 0 to 2^53;
`sig`, 64 bytes; `prev`, a link, exactly if seq > 0; `nonce`, 16 bytes, only in a genesis event, else `space`, a link;
`until`, optional, 1 to 2^53 ms; `author`, 34 bytes; `parents`, 0 to 16 links, sorted bytewise, unique. A genesis event
has seq 0 and no parents. A block is at most 65,536 bytes and 16 containers deep.

It must not know what a command means or whether a key may act.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, NoReturn

import libipld
from msgspec import Struct

from dag.cid import CID_BYTES, DAG_CBOR_PREFIX, cid_of
from dag.codec import LINK_TAG, MAX_DEPTH, MAX_INT, CodecError, Link, decode_strictly, encode_strictly
from dag.keys import AUTHOR_BYTES, AUTHOR_PREFIX, SIGNATURE_BYTES, SigningKey, verify

EVENT_VERSION: Final = 1
EVENT_DOMAIN: Final = b"icn-event-v1\0"
MAX_BLOCK_BYTES: Final = 65_536
MAX_OPS: Final = 256
MAX_PARENTS: Final = 16
MAX_SEQ: Final = 2**53
MAX_TIME_MS: Final = 2**53
MAX_OP_VERSION: Final = 2**31 - 1
NONCE_BYTES: Final = 16

_SIG_KEY: Final = b"\x63sig\x58\x40"
_SIG_ENTRY_BYTES: Final = len(_SIG_KEY) + SIGNATURE_BYTES
_LINK_BYTES: Final = 5 + CID_BYTES
_OPS_ROOM: Final = MAX_DEPTH - 2  # an op lies in two containers, the event and its list of ops
_TOLD_CHARS: Final = 64  # of a stranger's text, in an error
_OP_NAME: Final = re.compile(r"(?=[^.]*\.)[a-z0-9_.]{3,64}")


CODES: Final = {
    "too_large": ("bytes", "limit"),
    "bad_encoding": ("reason", "offset"),
    "not_a_map": (),
    "missing_field": ("field",),
    "unknown_field": ("field",),
    "bad_field": ("field",),
    "wrong_version": ("v",),
    "nonce_outside_genesis": (),
    "not_a_genesis": ("field",),
    "prev_missing": (),
    "prev_at_start": (),
    "too_many_parents": (),
    "parents_unsorted": (),
    "duplicate_parent": (),
    "no_ops": (),
    "too_many_ops": (),
    "bad_op": ("index",),
    "bad_op_name": ("index",),
    "bad_op_version": ("index",),
    "link_in_ops": ("index",),
    "bad_signature": (),
}
"""Every code of InvalidEvent and the names of its facts."""


class InvalidEvent(ValueError):
    """A block that is no valid event, whoever looks at it: the peer's bug.

    `code` and the names of `facts` are those of `CODES`, and stable. `reason` and `offset` are those of `CodecError`
    (or `not_an_unsigned_event`); `field` and `index` say which field or command.
    """

    def __init__(self, code: str, **facts: object) -> None:
        assert tuple(facts) == CODES[code], (code, facts)
        told = "".join(f", {name}={value!r}" for name, value in facts.items())
        super().__init__(f"invalid event: {code}{told}")
        self.code = code
        self.facts = facts


class Event(Struct, frozen=True, gc=False, eq=False):
    """A decoded event. CIDs are plain 36 bytes; times are ms since 1970; `ops` are to be read, never changed.

    Two events are equal iff their CIDs are. `space` is None exactly in a genesis event, which then has a `nonce`.
    """

    cid: bytes
    block: bytes
    space: bytes | None
    nonce: bytes | None
    author: bytes
    seq: int
    prev: bytes | None
    parents: tuple[bytes, ...]
    at: int
    until: int | None
    ops: tuple[dict[str, Any], ...]
    sig: bytes

    def __eq__(self, other: object) -> bool:
        return self.cid == other.cid if isinstance(other, Event) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.cid)


# --- making -----------------------------------------------------------------------------------------------------


def unsigned(
    *,
    space: bytes | None,
    author: bytes,
    seq: int,
    prev: bytes | None,
    parents: Iterable[bytes],
    at: int,
    until: int | None,
    ops: Iterable[Mapping[str, Any]],
    nonce: bytes | None = None,
) -> bytes:
    """The DAG-CBOR map without `sig`: what is shown to, or carried to, whoever signs. Raises InvalidEvent.

    `parents` may come in any order; they are sorted here. A genesis event has `space=None` and a 16-byte `nonce`.
    """
    fields: dict[str, Any] = {
        "v": EVENT_VERSION,
        "author": author,
        "seq": seq,
        "parents": sorted(parents),
        "at": at,
        "ops": [op if type(op) is dict else dict(op) for op in ops],
    }
    for name, value in (("space", space), ("prev", prev), ("until", until), ("nonce", nonce)):
        if value is not None:
            fields[name] = value
    links = _check_fields(fields, bytes, signed=False)
    data = None
    if _is_plain(fields["ops"], _OPS_ROOM):
        try:
            data = libipld.encode_dag_cbor(fields)
        except ValueError:
            data = None
    if data is None or data.count(LINK_TAG) != links:
        data = _encode_fields(fields)
    if len(data) + _SIG_ENTRY_BYTES > MAX_BLOCK_BYTES:
        raise InvalidEvent("too_large", bytes=len(data) + _SIG_ENTRY_BYTES, limit=MAX_BLOCK_BYTES)
    return data


def signing_bytes(unsigned_bytes: bytes) -> bytes:
    """The message that the author's key signs."""
    return EVENT_DOMAIN + unsigned_bytes


def attach(unsigned_bytes: bytes, sig: bytes) -> bytes:
    """The block of an unsigned map and its 64-byte signature.

    Neither is judged but for what the splice needs: `check_event` of the result does that. Raises InvalidEvent when the
    bytes are not an unsigned event.
    """
    if len(sig) != SIGNATURE_BYTES:
        raise InvalidEvent("bad_field", field="sig")
    try:
        fields: Any = libipld.decode_dag_cbor(unsigned_bytes)
        seq_entry = b"\x63seq" + encode_strictly(fields["seq"])
        get = fields.get
        after = _bytes_after_sig(get("prev"), get("space"), get("until"), len(fields["parents"]))
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        raise InvalidEvent("bad_encoding", reason="not_an_unsigned_event", offset=None) from None
    at = len(unsigned_bytes) - after
    if at < 0 or not unsigned_bytes.endswith(seq_entry, 0, at):
        raise InvalidEvent("bad_encoding", reason="not_an_unsigned_event", offset=None)
    head = bytes((unsigned_bytes[0] + 1,))
    return b"".join((head, unsigned_bytes[1:at], _SIG_KEY, sig, unsigned_bytes[at:]))


def sign_event(key: SigningKey, **fields: Any) -> Event:
    """An event signed by `key`; fields as in `unsigned`, but `author`, which is the key's. Raises InvalidEvent."""
    unsigned_bytes = unsigned(author=key.author, **fields)
    block = attach(unsigned_bytes, key.sign(signing_bytes(unsigned_bytes)))
    return decode_trusted(block, cid_of(block))


# --- reading ----------------------------------------------------------------------------------------------------


def decode_event(block: bytes) -> Event:
    """The event of a block, with every structural rule checked, but not the signature. Raises InvalidEvent.

    libipld forgives non-minimal heads and does not tell links from byte strings of their shape. Its reading is taken
    only if encoding it again gives the block, every rule holds of it, and tag 42 occurs in the block exactly as often
    as the header has links. Each of those, being a CID, was then written as a link; so no other tag and no byte string
    of that shape is in the block. In any doubt the strict decoder judges, and it alone names what is wrong.
    """
    if len(block) > MAX_BLOCK_BYTES:
        return decode_event_strictly(block)
    try:
        fields: Any = libipld.decode_dag_cbor(block)
        if libipld.encode_dag_cbor(fields) == block:
            links = _check_fields(fields, bytes, signed=True)
            if block.count(LINK_TAG) == links and _is_plain(fields["ops"], _OPS_ROOM):
                return _event_of(fields, block, cid_of(block))
    except (ValueError, RecursionError):
        pass  # decided below
    return decode_event_strictly(block)


def decode_event_strictly(block: bytes) -> Event:
    """`decode_event` without libipld: the definition, and the source of every code."""
    if len(block) > MAX_BLOCK_BYTES:
        raise InvalidEvent("too_large", bytes=len(block), limit=MAX_BLOCK_BYTES)
    try:
        fields: Any = decode_strictly(block)
    except CodecError as error:
        raise InvalidEvent("bad_encoding", reason=error.reason, offset=error.offset) from None
    _check_fields(fields, Link, signed=True)
    _check_no_links(fields["ops"])
    for name in ("space", "prev"):
        if name in fields:
            fields[name] = bytes(fields[name])
    fields["parents"] = [bytes(parent) for parent in fields["parents"]]
    return _event_of(fields, block, cid_of(block))


def decode_trusted(block: bytes, cid: bytes) -> Event:
    """The event of a block that `check_event` accepted before, and of its CID. Nothing is checked."""
    return _event_of(libipld.decode_dag_cbor(block), block, cid)


def message_of(event: Event) -> bytes:
    """The bytes that `event.sig` is to be a signature of, for a verifier elsewhere; key: `event.author[2:]`."""
    block = event.block
    end = len(block) - _bytes_after_sig(event.prev, event.space, event.until, len(event.parents))
    return b"".join((EVENT_DOMAIN, bytes((block[0] - 1,)), block[1 : end - _SIG_ENTRY_BYTES], block[end:]))


def verify_event(event: Event) -> None:
    """Raise InvalidEvent `bad_signature` unless the author's key signed this event."""
    if not verify(event.author[2:], message_of(event), event.sig):
        raise InvalidEvent("bad_signature")


def check_event(block: bytes) -> Event:
    """`decode_event` and `verify_event`: everything that can be said of a block by itself."""
    event = decode_event(block)
    verify_event(event)
    return event


# --- rules ------------------------------------------------------------------------------------------------------


def _event_of(fields: Any, block: bytes, cid: bytes) -> Event:
    get = fields.get
    return Event(
        cid,
        block,
        get("space"),
        get("nonce"),
        fields["author"],
        fields["seq"],
        get("prev"),
        tuple(fields["parents"]),
        fields["at"],
        get("until"),
        tuple(fields["ops"]),
        fields["sig"],
    )


_REQUIRED: Final = ("v", "at", "ops", "seq", "author", "parents")
_OPTIONAL: Final = ("prev", "nonce", "space", "until")


def _check_fields(fields: Any, link: type[bytes], *, signed: bool) -> int:
    """Check every rule on the header and on each op's name and version; the number of links in the header.

    `link` is the type that a link has in `fields`: `Link` as the strict decoder gives it, `bytes` as libipld does.
    """
    if type(fields) is not dict:
        raise InvalidEvent("not_a_map")
    get = fields.get
    space, nonce, prev, until = get("space"), get("nonce"), get("prev"), get("until")
    try:
        v, at, ops, seq = fields["v"], fields["at"], fields["ops"], fields["seq"]
        author, parents = fields["author"], fields["parents"]
        sig = fields["sig"] if signed else None
    except KeyError as absent:
        raise InvalidEvent("missing_field", field=absent.args[0]) from None
    optional = (space is not None) + (nonce is not None) + (prev is not None) + (until is not None)
    if len(fields) != len(_REQUIRED) + signed + optional:
        _explain_keys(fields, signed=signed)
    if type(v) is not int:
        raise InvalidEvent("bad_field", field="v")
    if v != EVENT_VERSION:
        raise InvalidEvent("wrong_version", v=v)
    _check_numbers(seq, at, until)
    if type(author) is not bytes or len(author) != AUTHOR_BYTES or author[:2] != AUTHOR_PREFIX:
        raise InvalidEvent("bad_field", field="author")
    if signed and (type(sig) is not bytes or len(sig) != SIGNATURE_BYTES):
        raise InvalidEvent("bad_field", field="sig")
    if type(parents) is not list:
        raise InvalidEvent("bad_field", field="parents")
    if space is None:
        _check_genesis(nonce, seq, prev, parents)
    else:
        _check_place(space, nonce, seq, prev, link)
        if parents:
            _check_parents(parents, link)
    _check_ops(ops)
    return (space is not None) + (prev is not None) + len(parents)


def _explain_keys(fields: dict[str, Any], *, signed: bool) -> NoReturn:
    """Name the key for which a map with all required keys has a wrong number of them."""
    for name, value in fields.items():
        if name not in _REQUIRED and name not in _OPTIONAL and not (signed and name == "sig"):
            raise InvalidEvent("unknown_field", field=name[:_TOLD_CHARS])
        if name in _OPTIONAL and value is None:
            raise InvalidEvent("bad_field", field=name)
    raise AssertionError("a map with all required keys, no unknown ones and no nulls has the right number of keys")


def _check_numbers(seq: Any, at: Any, until: Any) -> None:
    if type(seq) is not int or not 0 <= seq <= MAX_SEQ:
        raise InvalidEvent("bad_field", field="seq")
    if type(at) is not int or not 0 <= at <= MAX_TIME_MS:
        raise InvalidEvent("bad_field", field="at")
    if until is not None and (type(until) is not int or not 1 <= until <= MAX_TIME_MS):
        raise InvalidEvent("bad_field", field="until")


def _check_genesis(nonce: Any, seq: int, prev: Any, parents: list[Any]) -> None:
    if nonce is None:
        raise InvalidEvent("missing_field", field="space")
    if type(nonce) is not bytes or len(nonce) != NONCE_BYTES:
        raise InvalidEvent("bad_field", field="nonce")
    for field, is_there in (("seq", seq != 0), ("prev", prev is not None), ("parents", bool(parents))):
        if is_there:
            raise InvalidEvent("not_a_genesis", field=field)


def _check_place(space: Any, nonce: Any, seq: int, prev: Any, link: type[bytes]) -> None:
    if nonce is not None:
        raise InvalidEvent("nonce_outside_genesis")
    if type(space) is not link or len(space) != CID_BYTES or space[:4] != DAG_CBOR_PREFIX:
        raise InvalidEvent("bad_field", field="space")
    if prev is None:
        if seq:
            raise InvalidEvent("prev_missing")
    elif not seq:
        raise InvalidEvent("prev_at_start")
    elif type(prev) is not link or len(prev) != CID_BYTES or prev[:4] != DAG_CBOR_PREFIX:
        raise InvalidEvent("bad_field", field="prev")


def _check_parents(parents: list[Any], link: type[bytes]) -> None:
    if len(parents) > MAX_PARENTS:
        raise InvalidEvent("too_many_parents")
    before = b""
    for parent in parents:
        if type(parent) is not link or len(parent) != CID_BYTES or parent[:4] != DAG_CBOR_PREFIX:
            raise InvalidEvent("bad_field", field="parents")
        if parent <= before:
            raise InvalidEvent("duplicate_parent" if parent == before else "parents_unsorted")
        before = parent


@lru_cache(maxsize=1024)
def _is_op_name(name: str) -> bool:
    return _OP_NAME.fullmatch(name) is not None


def _check_ops(ops: Any) -> None:
    if type(ops) is not list:
        raise InvalidEvent("bad_field", field="ops")
    if not 1 <= len(ops) <= MAX_OPS:
        raise InvalidEvent("too_many_ops" if ops else "no_ops")
    for index, op in enumerate(ops):
        if type(op) is not dict:
            raise InvalidEvent("bad_op", index=index)
        name, version = op.get("op"), op.get("ver")
        if type(name) is not str or not _is_op_name(name):
            raise InvalidEvent("bad_op_name", index=index)
        if type(version) is not int or not 1 <= version <= MAX_OP_VERSION:
            raise InvalidEvent("bad_op_version", index=index)


_SCALARS: Final = frozenset((str, bytes, bool, type(None)))


def _is_plain(values: Iterable[Any], room: int) -> bool:
    """Whether these values hold only what the format permits, no links, and at most `room` containers deep."""
    for value in values:
        kind = type(value)
        if kind in _SCALARS:
            continue
        if kind is int:
            if not -MAX_INT <= value <= MAX_INT:
                return False
        elif kind is dict:
            if not room or not _is_plain(value.values(), room - 1):
                return False
        elif kind is not list or not room or not _is_plain(value, room - 1):
            return False
    return True


def _check_no_links(ops: list[Any]) -> None:
    for index, op in enumerate(ops):
        if _has_link(op.values()):
            raise InvalidEvent("link_in_ops", index=index)


def _has_link(values: Iterable[Any]) -> bool:
    for value in values:
        kind = type(value)
        if kind is int or kind in _SCALARS:
            continue
        if kind is Link or _has_link(value.values() if kind is dict else value):
            return True
    return False


def _encode_fields(fields: dict[str, Any]) -> bytes:
    """The encoding of checked fields by the strict encoder, which names what it refuses in `ops`."""
    linked = {name: Link(value) if name in ("space", "prev") else value for name, value in fields.items()}
    linked["parents"] = [Link(parent) for parent in fields["parents"]]
    try:
        data = encode_strictly(linked)
    except CodecError as error:
        raise InvalidEvent("bad_encoding", reason=error.reason, offset=None) from None
    _check_no_links(fields["ops"])
    return data


def _bytes_after_sig(prev: object, space: object, until: int | None, parents: int) -> int:
    """How many bytes of a block follow its `sig`: the entries whose keys sort behind it.

    Counting from the end needs no search, which bytes that imitate a signature could mislead.
    """
    size = 5 + _LINK_BYTES if prev is not None else 0
    size += 6 + (_LINK_BYTES if space is not None else 1 + NONCE_BYTES)
    if until is not None:
        size += 6 + len(encode_strictly(until))
    return size + 7 + 2 + AUTHOR_BYTES + 8 + 1 + parents * _LINK_BYTES
