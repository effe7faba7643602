"""Strict DAG-CBOR: one value has one encoding, and no other bytes are accepted.

Purpose: bytes that are hashed and signed. `encode` and `decode` are exact inverses of each other on everything that
either accepts (but that a tuple is encoded like a list).

Invariants
- Maps have string keys, sorted by byte length and then bytewise, without duplicates; lengths are definite; heads are
  minimal; text is valid UTF-8. There is no float, no simple value but false, true and null, and no tag but 42.
- Integers lie within +-(2^63-1); containers nest at most `MAX_DEPTH` deep (a map of scalars has depth 1).
- A link is always a `Link`, a byte string always plain `bytes`, in both directions, even when the bytes have the shape
  of a CID.
- The functions in this file written in Python are the truth. libipld, much faster, answers only where its answer is
  proven to be the same: see `encode` and `decode`, and decision 0001.

It must not know what a block means.

Source: the DAG-CBOR specification of IPLD, strict form, with none of its optional relaxations; RFC 8949 for CBOR.
"""

from collections.abc import Iterable
from typing import Any, Final, TypeAlias

import libipld

from dag.cid import CID_BYTES, PREFIXES, fault_of, is_cid

MAX_DEPTH: Final = 16
MAX_INT: Final = 2**63 - 1
LINK_TAG: Final = b"\xd8\x2a"
"""Tag 42 as its only permitted encoding; it starts every link."""
_LINK_HEAD: Final = b"\xd8\x2a\x58\x25\x00"


class Link(bytes):
    """A 36-byte binary CID that stands for a link. Compares equal to the same bytes; the type tells them apart."""

    __slots__ = ()


Value: TypeAlias = "bool | int | str | bytes | list[Value] | dict[str, Value] | None"


ENCODING_REASONS: Final = frozenset(
    [
        "cid_codec",
        "cid_hash",
        "cid_length",
        "cid_version",
        "float",
        "integer_out_of_range",
        "invalid_utf8",
        "key_not_string",
        "too_deep",
        "unsupported_type",
    ]
)
DECODING_REASONS: Final = frozenset(
    [
        "bignum_tag",
        "cid_codec",
        "cid_hash",
        "cid_length",
        "cid_no_multibase_prefix",
        "cid_not_bytes",
        "cid_version",
        "duplicate_key",
        "float",
        "indefinite_length",
        "integer_out_of_range",
        "invalid_utf8",
        "key_not_string",
        "keys_unsorted",
        "non_minimal_integer",
        "non_minimal_length",
        "non_minimal_tag",
        "reserved_head",
        "simple_value",
        "too_deep",
        "trailing_bytes",
        "truncated",
        "undefined",
        "unexpected_break",
        "unknown_tag",
    ]
)


class CodecError(ValueError):
    """Bytes that are not strict DAG-CBOR (the peer's bug), or a value that it cannot hold (ours or the caller's).

    `reason` is a short stable code of `ENCODING_REASONS` or `DECODING_REASONS`; `offset` is the byte at which decoding
    stopped, None when encoding.
    """

    def __init__(self, reason: str, offset: int | None = None) -> None:
        assert reason in (ENCODING_REASONS if offset is None else DECODING_REASONS), reason
        where = "" if offset is None else f" at byte {offset}"
        super().__init__(f"not strict DAG-CBOR: {reason}{where}")
        self.reason = reason
        self.offset = offset


# --- encoding ---------------------------------------------------------------------------------------------------


def encode(value: object) -> bytes:
    """The one DAG-CBOR encoding of a value: None, bool, int, str, bytes, Link, list or tuple, and dict of str.

    Raises CodecError for any other type (subclasses but `Link` included), a float, an integer out of range, text with
    lone surrogates, or nesting deeper than `MAX_DEPTH`.

    libipld writes any byte string with the shape of a CID as a link. Its output is taken only if all types are known
    to it, every `Link` is one of our CIDs (so it was written as a link), and tag 42 occurs no more often than there
    are links (so nothing else was).
    """
    links = _links_to_write((value,), MAX_DEPTH)
    if links >= 0:
        try:
            data = libipld.encode_dag_cbor(value)
        except ValueError:
            return encode_strictly(value)
        if data.count(LINK_TAG) == links:
            return data
    return encode_strictly(value)


def encode_rows(rows: list[list[Any]]) -> bytes:
    """`encode` for lists of lists of None, bool, int within 64 bits and str: no byte string, so nothing to tell apart.

    The caller vouches for that; it is what makes this three times as fast on the effects of every event.
    """
    return libipld.encode_dag_cbor(rows)


def encode_strictly(value: object) -> bytes:
    """`encode` without libipld: the definition."""
    out = bytearray()
    _write(out, value, MAX_DEPTH)
    return bytes(out)


_SCALARS: Final = frozenset((str, bytes, bool, type(None)))


def _links_to_write(values: Iterable[Any], room: int) -> int:
    """How many links libipld must write for these values, or -1 if the strict encoder has to judge them."""
    links = 0
    for value in values:
        kind = type(value)
        if kind in _SCALARS:
            continue
        if kind is int:
            if not -MAX_INT <= value <= MAX_INT:
                return -1
        elif kind is Link:
            if len(value) != CID_BYTES or value[:4] not in PREFIXES:
                return -1
            links += 1
        elif kind is dict or kind is list:
            if not room:
                return -1
            inner = _links_to_write(value.values() if kind is dict else value, room - 1)
            if inner < 0:
                return -1
            links += inner
        else:
            return -1
    return links


def _head(major: int, number: int) -> bytes:
    """The shortest head of a major type (already shifted by 5 bits) with its argument."""
    if number < 24:
        return bytes((major | number,))
    if number < 0x100:
        return bytes((major | 24, number))
    if number < 0x1_0000:
        return bytes((major | 25,)) + number.to_bytes(2)
    if number < 0x1_0000_0000:
        return bytes((major | 26,)) + number.to_bytes(4)
    return bytes((major | 27,)) + number.to_bytes(8)


def _utf8(text: str) -> bytes:
    try:
        return str.encode(text, "utf-8")
    except UnicodeEncodeError:
        raise CodecError("invalid_utf8") from None


def _write(out: bytearray, value: object, room: int) -> None:
    kind = type(value)
    if isinstance(value, str) and kind is str:
        text = _utf8(value)
        out += _head(0x60, len(text)) + text
    elif isinstance(value, int) and kind is int:
        if not -MAX_INT <= value <= MAX_INT:
            raise CodecError("integer_out_of_range")
        out += _head(0x00, value) if value >= 0 else _head(0x20, -1 - value)
    elif isinstance(value, bytes) and kind is bytes:
        out += _head(0x40, len(value)) + value
    elif isinstance(value, Link) and kind is Link:
        fault = fault_of(value)
        if fault is not None:
            raise CodecError("cid_" + fault)
        out += _LINK_HEAD + value
    elif value is None:
        out.append(0xF6)
    elif value is True:
        out.append(0xF5)
    elif value is False:
        out.append(0xF4)
    elif isinstance(value, dict | list | tuple) and kind in (dict, list, tuple):
        _write_container(out, value, room)
    else:
        raise CodecError("float" if kind is float else "unsupported_type")


def _write_container(
    out: bytearray, value: dict[object, object] | list[object] | tuple[object, ...], room: int
) -> None:
    if not room:
        raise CodecError("too_deep")
    if not isinstance(value, dict):
        out += _head(0x80, len(value))
        for item in value:
            _write(out, item, room - 1)
        return
    entries: list[tuple[int, bytes, object]] = []
    for key, item in value.items():
        if not isinstance(key, str):
            raise CodecError("key_not_string")
        text = _utf8(key)
        entries.append((len(text), text, item))
    entries.sort(key=lambda entry: entry[:2])
    out += _head(0xA0, len(entries))
    for length, text, item in entries:
        out += _head(0x60, length) + text
        _write(out, item, room - 1)


# --- decoding ---------------------------------------------------------------------------------------------------


def decode(data: bytes, max_depth: int = MAX_DEPTH) -> Value:
    """The value of strict DAG-CBOR bytes: arrays as lists, links as `Link`. Raises CodecError with a reason.

    libipld reads links as plain bytes and forgives non-minimal heads. Its value is taken only if encoding it again
    gives the same bytes, all of it is permitted here, and the byte strings that are our CIDs are as many as there are
    occurrences of tag 42: each of them was then written as a link, and no other tag is in the data.
    """
    try:
        value: Any = libipld.decode_dag_cbor(data)
        same = libipld.encode_dag_cbor(value) == data
    except (ValueError, RecursionError):
        return decode_strictly(data, max_depth)
    if same:
        root: list[Any] = [value]
        links = _mark_links(root, max_depth)
        if links >= 0 and data.count(LINK_TAG) == links:
            marked: Value = root[0]
            return marked
    return decode_strictly(data, max_depth)


def _mark_links(container: Any, room: int) -> int:
    """Turn byte strings that are our CIDs into Links, in place; how many, or -1 if the strict decoder must judge."""
    links = 0
    # Assigning to a key that exists, or to an index, does not disturb the iteration.
    for key, value in container.items() if type(container) is dict else enumerate(container):
        kind = type(value)
        if kind is bytes:
            if len(value) == CID_BYTES and value[:4] in PREFIXES:
                container[key] = Link(value)
                links += 1
        elif kind is int:
            if not -MAX_INT <= value <= MAX_INT:
                return -1
        elif kind is dict or kind is list:
            if not room:
                return -1
            inner = _mark_links(value, room - 1)
            if inner < 0:
                return -1
            links += inner
        elif kind not in _SCALARS:
            return -1
    return links


def decode_strictly(data: bytes, max_depth: int = MAX_DEPTH) -> Value:
    """`decode` without libipld: the definition, and the source of every reason."""
    value, end = _read(data, 0, max_depth)
    if end != len(data):
        raise CodecError("trailing_bytes", end)
    return value


_INTEGER_MAJORS: Final = (0, 1)
_SIMPLE: Final[dict[int, bool | None]] = {0xF4: False, 0xF5: True, 0xF6: None}


def _argument(data: bytes, pos: int) -> tuple[int, int]:
    """The argument of the head at `pos`, checked to be minimal, and the position after the head."""
    if pos >= len(data):
        raise CodecError("truncated", pos)
    info = data[pos] & 31
    if info < 24:
        return info, pos + 1
    if info > 27:
        raise CodecError("indefinite_length" if info == 31 else "reserved_head", pos)
    width = 1 << (info - 24)
    end = pos + 1 + width
    if end > len(data):
        raise CodecError("truncated", pos)
    number = int.from_bytes(data[pos + 1 : end])
    if number < (24 if width == 1 else 1 << (width * 4)):
        major = data[pos] >> 5
        raise CodecError(
            "non_minimal_" + ("integer" if major in _INTEGER_MAJORS else "tag" if major == 6 else "length"), pos
        )
    return number, end


def _read(data: bytes, pos: int, room: int) -> tuple[Value, int]:
    """The value at `pos` and the position after it; `room` is how many containers may still nest."""
    if pos >= len(data):
        raise CodecError("truncated", pos)
    major = data[pos] >> 5
    if major == 7:
        return _read_simple(data, pos)
    number, after = data[pos] & 31, pos + 1
    if number >= 24:
        number, after = _argument(data, pos)
    if major in _INTEGER_MAJORS:
        value = -1 - number if major else number
        if not -MAX_INT <= value <= MAX_INT:
            raise CodecError("integer_out_of_range", pos)
        return value, after
    if major == 2 or major == 3:
        end = after + number
        if end > len(data):
            raise CodecError("truncated", pos)
        return (data[after:end] if major == 2 else _text(data, after, end)), end
    if major == 6:
        return _read_link(data, pos, number, after)
    if not room:
        raise CodecError("too_deep", pos)
    if major == 5:
        return _read_map(data, after, number, room - 1)
    items: list[Value] = []
    for _ in range(number):
        item, after = _read(data, after, room - 1)
        items.append(item)
    return items, after


def _text(data: bytes, start: int, end: int) -> str:
    try:
        return data[start:end].decode("utf-8")
    except UnicodeDecodeError:
        raise CodecError("invalid_utf8", start) from None


def _read_simple(data: bytes, pos: int) -> tuple[Value, int]:
    byte = data[pos]
    if byte in _SIMPLE:
        return _SIMPLE[byte], pos + 1
    info = byte & 31
    reason = "simple_value"  # 0 to 19 unassigned, and 24: in a byte of its own
    if info == 23:
        reason = "undefined"
    elif 25 <= info <= 27:
        reason = "float"
    elif info == 31:
        reason = "unexpected_break"
    elif info >= 28:
        reason = "reserved_head"
    raise CodecError(reason, pos)


def _read_map(data: bytes, pos: int, count: int, room: int) -> tuple[Value, int]:
    entries: dict[str, Value] = {}
    previous: tuple[int, bytes] | None = None
    for _ in range(count):
        if pos >= len(data):
            raise CodecError("truncated", pos)
        if data[pos] >> 5 != 3:
            raise CodecError("key_not_string", pos)
        length, start = _argument(data, pos)
        end = start + length
        if end > len(data):
            raise CodecError("truncated", pos)
        key = _text(data, start, end)
        order = (length, data[start:end])
        if previous is not None and order <= previous:
            raise CodecError("duplicate_key" if order == previous else "keys_unsorted", pos)
        previous = order
        entries[key], pos = _read(data, end, room)
    return entries, pos


def _read_link(data: bytes, pos: int, tag: int, after: int) -> tuple[Value, int]:
    if tag != 42:
        raise CodecError("bignum_tag" if tag in (2, 3) else "unknown_tag", pos)
    if after >= len(data):
        raise CodecError("truncated", after)
    if data[after] >> 5 != 2:
        raise CodecError("cid_not_bytes", after)
    length, start = _argument(data, after)
    end = start + length
    if end > len(data):
        raise CodecError("truncated", after)
    if not length or data[start] != 0:
        raise CodecError("cid_no_multibase_prefix", start)
    cid = data[start + 1 : end]
    if not is_cid(cid):
        raise CodecError("cid_" + (fault_of(cid) or "length"), start + 1)
    return Link(cid), end
