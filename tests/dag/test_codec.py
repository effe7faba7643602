"""Strict DAG-CBOR: a table of what is refused and why, and proof that libipld never changes a verdict."""

import itertools
from collections.abc import Iterable
from typing import Any

import cbor2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dag.cid import cid_of, raw_cid_of
from dag.codec import (
    DECODING_REASONS,
    ENCODING_REASONS,
    MAX_DEPTH,
    MAX_INT,
    CodecError,
    Link,
    decode,
    decode_strictly,
    encode,
    encode_strictly,
)

DIGEST = bytes(range(32))
DAG_LINK = Link(b"\x01\x71\x12\x20" + DIGEST)
RAW_LINK = Link(b"\x01\x55\x12\x20" + DIGEST)


def unhex(text: str) -> bytes:
    """Bytes of a table: hex with spaces for the eye, `D` for a digest of 32 bytes, `xx*n` for n repetitions."""
    out = b""
    for word in text.split():
        piece, _, times = word.partition("*")
        out += DIGEST if piece == "D" else bytes.fromhex(piece) * int(times or 1)
    return out


def rows(table: str) -> list[tuple[str, ...]]:
    return [tuple(cell.strip() for cell in line.split("|")) for line in table.strip().splitlines()]


ACCEPTED = """
00                             | 0
17                             | 23
1818                           | 24
18ff                           | 255
190100                         | 256
19ffff                         | 65535
1a00010000                     | 65536
1affffffff                     | 4294967295
1b0000000100000000             | 4294967296
1b7fffffffffffffff             | 9223372036854775807
20                             | -1
37                             | -24
3818                           | -25
38ff                           | -256
390100                         | -257
3a00010000                     | -65537
3b7ffffffffffffffe             | -9223372036854775807
f4                             | False
f5                             | True
f6                             | None
40                             | b""
4401020304                     | b"\\x01\\x02\\x03\\x04"
5818 00*24                     | bytes(24)
5824 01711220 D                | bytes(DAG_LINK)
60                             | ""
6161                           | "a"
62c3bc                         | "ü"
63e6b0b4                       | "水"
64f0908591                     | "𐅑"
6100                           | "\\0"
7818 61*24                     | "a" * 24
790100 61*256                  | "a" * 256
80                             | []
83010203                       | [1, 2, 3]
9818 f6*24                     | [None] * 24
82 81 01 82 02 03              | [[1], [2, 3]]
a0                             | {}
a16001                         | {"": 1}
a2 6161 01 6162 82 02 03       | {"a": 1, "b": [2, 3]}
a2 617a 01 626161 02           | {"z": 1, "aa": 2}
a3 6161 01 617a 02 62c3bc 03   | {"a": 1, "z": 2, "ü": 3}
a2 62617a 01 62c3bc 02         | {"az": 1, "ü": 2}
d82a 5825 00 01711220 D        | DAG_LINK
d82a 5825 00 01551220 D        | RAW_LINK
82 d82a 5825 00 01711220 D 5824 01711220 D | [DAG_LINK, bytes(DAG_LINK)]
42 d82a                        | b"\\xd8\\x2a"
81*16 00                       | nested(16)
"""

REFUSED = """
1800                           | non_minimal_integer
1817                           | non_minimal_integer
190000                         | non_minimal_integer
1900ff                         | non_minimal_integer
1a00000000                     | non_minimal_integer
1a0000ffff                     | non_minimal_integer
1b0000000000000000             | non_minimal_integer
1b00000000ffffffff             | non_minimal_integer
3800                           | non_minimal_integer
3817                           | non_minimal_integer
3900ff                         | non_minimal_integer
3a0000ffff                     | non_minimal_integer
3b00000000ffffffff             | non_minimal_integer
81 1800                        | non_minimal_integer
a1 6161 1817                   | non_minimal_integer
5800                           | non_minimal_length
580161                         | non_minimal_length
590001aa                       | non_minimal_length
5a00000001aa                   | non_minimal_length
5b0000000000000001aa           | non_minimal_length
780161                         | non_minimal_length
79000161                       | non_minimal_length
7a0000000161                   | non_minimal_length
7b000000000000000161           | non_minimal_length
980101                         | non_minimal_length
99000101                       | non_minimal_length
9a0000000101                   | non_minimal_length
9b000000000000000101           | non_minimal_length
b8016161 01                    | non_minimal_length
b900016161 01                  | non_minimal_length
ba000000016161 01              | non_minimal_length
bb00000000000000016161 01      | non_minimal_length
a1 7801 61 01                  | non_minimal_length
d82a 590025 00 01711220 D      | non_minimal_length
d9002a 5825 00 01711220 D      | non_minimal_tag
da0000002a 5825 00 01711220 D  | non_minimal_tag
db000000000000002a 5825 00 01711220 D | non_minimal_tag
d80000                         | non_minimal_tag
5f4101ff                       | indefinite_length
7f6161ff                       | indefinite_length
9f01ff                         | indefinite_length
9fff                           | indefinite_length
bf616101ff                     | indefinite_length
bfff                           | indefinite_length
81 9f00ff                      | indefinite_length
a1 7f6161ff 00                 | indefinite_length
1f                             | indefinite_length
3f                             | indefinite_length
df00                           | indefinite_length
1c                             | reserved_head
1d                             | reserved_head
3e                             | reserved_head
5c                             | reserved_head
7d                             | reserved_head
9c                             | reserved_head
bd                             | reserved_head
dc                             | reserved_head
fc                             | reserved_head
fd                             | reserved_head
fe                             | reserved_head
f90000                         | float
f93c00                         | float
f97c00                         | float
f97e00                         | float
fa3f800000                     | float
fa7fc00000                     | float
fb0000000000000000             | float
fb8000000000000000             | float
fb3ff0000000000000             | float
fb3ff199999999999a             | float
fb7ff0000000000000             | float
fbfff0000000000000             | float
fb7ff8000000000000             | float
81 fb3ff8000000000000          | float
a1 6161 fb3ff8000000000000     | float
f7                             | undefined
a1 6161 f7                     | undefined
e0                             | simple_value
f3                             | simple_value
f814                           | simple_value
f818                           | simple_value
f8ff                           | simple_value
81 e5                          | simple_value
ff                             | unexpected_break
81 ff                          | unexpected_break
a1 6161 ff                     | unexpected_break
c24101                         | bignum_tag
c249010000000000000000         | bignum_tag
c349010000000000000000         | bignum_tag
81 c24101                      | bignum_tag
c074323031332d30332d32315432303a30343a30305a | unknown_tag
c11a514b67b0                   | unknown_tag
c48221196ab3                   | unknown_tag
d74401020304                   | unknown_tag
d818456449455446               | unknown_tag
d8294401020304                 | unknown_tag
d82b00                         | unknown_tag
d9d9f700                       | unknown_tag
a2 6162 01 6161 02             | keys_unsorted
a2 626161 01 6162 02           | keys_unsorted
a2 6161 01 60 02               | keys_unsorted
a2 62c3bc 01 617a 02           | keys_unsorted
a2 62c3bc 01 62617a 02         | keys_unsorted
a3 6161 01 6162 02 6161 03     | keys_unsorted
a2 6161 01 6161 02             | duplicate_key
a2 60 01 60 02                 | duplicate_key
a3 6161 01 6162 02 6162 03     | duplicate_key
a1 00 01                       | key_not_string
a1 20 01                       | key_not_string
a1 4161 01                     | key_not_string
a1 f6 01                       | key_not_string
a1 f5 01                       | key_not_string
a1 80 01                       | key_not_string
a1 a0 01                       | key_not_string
a1 f90000 01                   | key_not_string
a1 d82a 5825 00 01711220 D 01  | key_not_string
a1 ff                          | key_not_string
61ff                           | invalid_utf8
62c328                         | invalid_utf8
61c3                           | invalid_utf8
62c0af                         | invalid_utf8
63eda080                       | invalid_utf8
63edbfbf                       | invalid_utf8
66eda081edb080                 | invalid_utf8
64f4908080                     | invalid_utf8
65f888808080                   | invalid_utf8
a1 61ff 01                     | invalid_utf8
0000                           | trailing_bytes
a000                           | trailing_bytes
f6f6                           | trailing_bytes
d82a 5825 00 01711220 D 00     | trailing_bytes
                               | truncated
18                             | truncated
1900                           | truncated
1a000000                       | truncated
1b00000000000000               | truncated
38                             | truncated
41                             | truncated
4401                           | truncated
61                             | truncated
6261                           | truncated
81                             | truncated
8201                           | truncated
9affffffff                     | truncated
9bffffffffffffffff             | truncated
5affffffff                     | truncated
5bffffffffffffffff             | truncated
7bffffffffffffffff             | truncated
bbffffffffffffffff             | truncated
a1                             | truncated
a16161                         | truncated
a2616101                       | truncated
a161                           | truncated
d8                             | truncated
d82a                           | truncated
d82a58                         | truncated
d82a5825                       | truncated
d82a5825 00 01711220           | truncated
1b8000000000000000             | integer_out_of_range
1bffffffffffffffff             | integer_out_of_range
3b7fffffffffffffff             | integer_out_of_range
3b8000000000000000             | integer_out_of_range
3bffffffffffffffff             | integer_out_of_range
81 1b8000000000000000          | integer_out_of_range
a1 6161 3b7fffffffffffffff     | integer_out_of_range
81*17 00                       | too_deep
81*16 80                       | too_deep
81*16 a0                       | too_deep
a16161*16 a0                   | too_deep
81*5000 00                     | too_deep
81*60000 00                    | too_deep
d82a00                         | cid_not_bytes
d82af6                         | cid_not_bytes
d82a6100                       | cid_not_bytes
d82a80                         | cid_not_bytes
d82a d82a 5825 00 01711220 D   | cid_not_bytes
d82a40                         | cid_no_multibase_prefix
d82a 5824 01711220 D           | cid_no_multibase_prefix
d82a 5825 62 01711220 D        | cid_no_multibase_prefix
d82a 5823 00 1220 D            | cid_version
d82a 5825 00 00711220 D        | cid_version
d82a 5825 00 02711220 D        | cid_version
d82a 5826 00 8100711220 D      | cid_version
d82a 5825 00 01701220 D        | cid_codec
d82a 5825 00 01721220 D        | cid_codec
d82a 5826 00 0185021220 D      | cid_codec
d82a 5826 00 01f1001220 D      | cid_codec
d82a 5825 00 01711320 D        | cid_hash
d82a 5825 00 01711e20 D        | cid_hash
d82a 5825 00 01710020 D        | cid_hash
d82a 5825 00 01711221 D        | cid_hash
d82a 55 00 01711210 00*16      | cid_hash
d82a 45 00 01711200            | cid_hash
d82a 41 00                     | cid_length
d82a 43 00 0171                | cid_length
d82a 5824 00 01711220 00*31    | cid_length
d82a 5824 00 01551220 00*31    | cid_length
d82a 5826 00 01711220 D 00     | cid_length
"""


def nested(depth: int) -> Any:
    value: Any = 0
    for _ in range(depth):
        value = [value]
    return value


def shape(value: Any) -> Any:
    """A value with its types, so that True and 1, or a link and its bytes, do not pass for the same."""
    if isinstance(value, dict):
        return "map", [(key, shape(item)) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return "list", [shape(item) for item in value]
    return type(value).__name__, value


def outcome(function: Any, *arguments: Any) -> Any:
    """What a function of the codec says: the value with its types, or the reason and the place."""
    try:
        return "accepted", shape(function(*arguments))
    except CodecError as error:
        return "refused", error.reason, error.offset


@pytest.mark.parametrize(("text", "expression"), rows(ACCEPTED))
def test_accepts_the_one_encoding(text: str, expression: str) -> None:
    data = unhex(text)
    value = eval(expression)  # the table is ours
    assert shape(decode(data)) == shape(decode_strictly(data)) == shape(value)
    assert encode(value) == encode_strictly(value) == data


@pytest.mark.parametrize(("text", "reason"), rows(REFUSED))
def test_refuses_with_a_reason(text: str, reason: str) -> None:
    data = unhex(text)
    with pytest.raises(CodecError) as refusal:
        decode_strictly(data)
    assert refusal.value.reason == reason
    assert refusal.value.offset is not None
    assert 0 <= refusal.value.offset <= len(data)
    assert outcome(decode, data) == ("refused", reason, refusal.value.offset)


def test_every_reason_of_decoding_has_a_case() -> None:
    assert {reason for _, reason in rows(REFUSED)} == DECODING_REASONS


@pytest.mark.parametrize("position", ["[{}]", "{{'k': {}}}", "[[1, {}, 2]]", "{{'a': [], 'b': {}}}"])
@pytest.mark.parametrize(("text", "reason"), rows(REFUSED))
def test_refuses_the_same_inside_containers(text: str, reason: str, position: str) -> None:
    """Each fault again where a decoder that checks only the top would miss it."""
    if reason in ("trailing_bytes", "truncated", "unexpected_break"):
        # In the middle of other data these are other faults, or none.
        assert outcome(decode, unhex(text)) == outcome(decode_strictly, unhex(text))
        return
    mark = b"\x42\xfe\xfe"
    around = encode_strictly(eval(position.format("b'\\xfe\\xfe'")))
    data = around.replace(mark, unhex(text))
    with pytest.raises(CodecError) as refusal:
        decode_strictly(data)
    assert refusal.value.reason == reason
    assert outcome(decode, data) == ("refused", reason, refusal.value.offset)


UNENCODABLE: list[tuple[Any, str]] = [
    (1.0, "float"),
    (float("nan"), "float"),
    ([{"a": 0.5}], "float"),
    (MAX_INT + 1, "integer_out_of_range"),
    (-MAX_INT - 1, "integer_out_of_range"),
    ({"a": [2**64]}, "integer_out_of_range"),
    ({1: 2}, "key_not_string"),
    ({b"a": 2}, "key_not_string"),
    ({None: 2}, "key_not_string"),
    ("\ud800", "invalid_utf8"),
    ({"\udfff": 1}, "invalid_utf8"),
    (nested(17), "too_deep"),
    (nested(5000), "too_deep"),
    ({1, 2}, "unsupported_type"),
    (bytearray(b"a"), "unsupported_type"),
    (memoryview(b"a"), "unsupported_type"),
    (object(), "unsupported_type"),
    (type("Text", (str,), {})("a"), "unsupported_type"),
    (type("Number", (int,), {})(1), "unsupported_type"),
    (type("Bytes", (bytes,), {})(b"a"), "unsupported_type"),
    (type("Map", (dict,), {})(), "unsupported_type"),
    (Link(b""), "cid_length"),
    (Link(DAG_LINK[:-1]), "cid_length"),
    (Link(DAG_LINK + b"\0"), "cid_length"),
    (Link(b"\x12\x20" + DIGEST), "cid_version"),
    (Link(b"\x01\x70\x12\x20" + DIGEST), "cid_codec"),
    (Link(b"\x01\x71\x13\x20" + DIGEST), "cid_hash"),
    # As many tags as links in libipld's output, but on the wrong byte strings.
    ([Link(b"junk"), bytes(DAG_LINK)], "cid_version"),
    ([Link(b"\x01\x70\x12\x20" + DIGEST), 1], "cid_codec"),
]


@pytest.mark.parametrize(("value", "reason"), UNENCODABLE)
def test_refuses_to_encode(value: Any, reason: str) -> None:
    for encoder in (encode, encode_strictly):
        with pytest.raises(CodecError) as refusal:
            encoder(value)
        assert (refusal.value.reason, refusal.value.offset) == (reason, None)


def test_every_reason_of_encoding_has_a_case() -> None:
    assert {reason for _, reason in UNENCODABLE} == ENCODING_REASONS


def test_a_list_that_holds_itself_is_too_deep() -> None:
    knot: list[Any] = []
    knot.append(knot)
    with pytest.raises(CodecError, match="too_deep"):
        encode(knot)


def test_tuples_are_written_as_lists() -> None:
    value = {"a": (1, ("x", DAG_LINK)), "b": ()}
    assert encode(value) == encode_strictly(value) == encode({"a": [1, ["x", DAG_LINK]], "b": []})


def test_order_of_a_dict_is_no_matter() -> None:
    entries = [("b", 1), ("aa", 2), ("a", 3), ("é", 4), ("", 5)]
    encodings = {encode(dict(order)) for order in itertools.permutations(entries)}
    assert len(encodings) == 1


@pytest.mark.parametrize("depth", [0, 1, 2, 5, 16, 20])
def test_depth_is_counted_in_containers(depth: int) -> None:
    for last in (b"\x00", b"\x80", b"\xa0", encode(DAG_LINK)):
        data = b"\x81" * depth + last
        levels = depth + (last in (b"\x80", b"\xa0"))
        assert outcome(decode, data, levels) == outcome(decode_strictly, data, levels)
        assert shape(decode(data, levels)) == shape(decode(data, 100))
        if levels:
            for decoder in (decode, decode_strictly):
                with pytest.raises(CodecError, match="too_deep"):
                    decoder(data, levels - 1)


# --- agreement of the fast and the strict way -------------------------------------------------------------------

cids = st.builds(lambda data, name: name(data), st.binary(max_size=4), st.sampled_from((cid_of, raw_cid_of)))
links = cids.map(Link)
small_varints = st.integers(0, 127)
cid_shaped = st.one_of(
    cids,
    st.binary(min_size=32, max_size=32).map(lambda digest: b"\x12\x20" + digest),
    st.tuples(st.sampled_from((0x55, 0x70, 0x71, 0x00)), small_varints, st.binary(max_size=70)).map(
        lambda parts: bytes((1, parts[0], parts[1], len(parts[2]))) + parts[2]
    ),
)
traps = st.one_of(
    cid_shaped,
    st.sampled_from((b"\xd8\x2a", b"\xd8", b"\x2a", b"\xd8\x2a\x58\x25\x00", b"\0" + bytes(DAG_LINK))),
    cids.map(lambda cid: b"\xd8\x2a\x58\x25\x00" + cid),
)
integers = st.one_of(
    st.integers(-MAX_INT, MAX_INT),
    st.builds(
        lambda power, sign, step: max(-MAX_INT, min(MAX_INT, sign * 2**power + step)),
        st.sampled_from((5, 8, 16, 32, 53, 63)),
        st.sampled_from((-1, 1)),
        st.integers(-2, 2),
    ),
)
scalars = st.one_of(st.none(), st.booleans(), integers, st.text(max_size=6), st.binary(max_size=6), traps, links)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=3), inner, max_size=4)),
    max_leaves=12,
)


@given(values)
@example([DAG_LINK, bytes(DAG_LINK)])
@example({"a": bytes(DAG_LINK)})
@example([b"\xd8\x2a", DAG_LINK])
@example([bytes((1, 0x71, 0x12, 12)) + bytes(12)])
@example([bytes((0x12, 0x20)) + bytes(32)])
def test_encodings_agree_and_decode_to_the_value(value: Any) -> None:
    data = encode_strictly(value)
    assert encode(value) == data
    for decoder in (decode, decode_strictly):
        again = decoder(data)
        assert again == value
        assert encode_strictly(again) == data
    assert shape(decode(data)) == shape(decode_strictly(data))


def as_cbor2(value: Any) -> Any:
    if isinstance(value, Link):
        return cbor2.CBORTag(42, b"\0" + value)
    if isinstance(value, list):
        return [as_cbor2(item) for item in value]
    if isinstance(value, dict):
        return {key: as_cbor2(item) for key, item in value.items()}
    return value


@given(values)
def test_cbor2_writes_and_reads_the_same(value: Any) -> None:
    """A second opinion: canonical CBOR of RFC 7049 is DAG-CBOR for the values that we permit."""
    data = encode_strictly(value)
    assert cbor2.dumps(as_cbor2(value), canonical=True) == data
    assert cbor2.loads(data) == as_cbor2(value)


encodable_or_not = st.recursive(
    st.one_of(scalars, st.floats(), st.integers(-(2**65), 2**65), st.binary(max_size=40).map(Link)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.one_of(st.text(max_size=3), st.integers(0, 3)), inner, max_size=4),
    ),
    max_leaves=10,
)


@given(encodable_or_not)
def test_encoders_agree_on_what_they_refuse(value: Any) -> None:
    assert outcome(encode, value) == outcome(encode_strictly, value)


def joined(parts: Iterable[bytes]) -> bytes:
    return b"".join(parts)


def heads(major: int, number: int) -> st.SearchStrategy[bytes]:
    """Every head that means this number, minimal or not."""
    wide = [bytes((major << 5 | 24 + index,)) + number.to_bytes(1 << index) for index in range(4) if number < 256]
    return st.sampled_from(([bytes((major << 5 | number,))] if number < 24 else []) + wide)


SHORT_REFUSED = [unhex(text) for text, _ in rows(REFUSED) if len(unhex(text)) < 100]


@st.composite
def cbor(draw: st.DrawFn, depth: int = 0) -> bytes:
    """CBOR of every kind: what is permitted, and what only other dialects permit."""
    kind = draw(st.integers(0, 11 if depth < 4 else 8))
    if kind <= 3:
        return encode_strictly(draw(scalars))
    if kind == 4:
        return draw(heads(draw(st.integers(0, 1)), draw(st.integers(0, 255))))
    if kind == 5:
        data: bytes = draw(traps)
        return draw(heads(draw(st.sampled_from((2, 2, 3))), len(data))) + data
    if kind == 6:
        return draw(st.sampled_from(SHORT_REFUSED))
    if kind == 7:
        cid: bytes = draw(st.one_of(cid_shaped, cids))
        return b"\xd8\x2a" + draw(heads(2, len(cid) + 1)) + b"\0" + cid
    if kind == 8:
        return draw(st.binary(max_size=3))
    count = draw(st.integers(0, 3))
    if kind <= 10:
        return draw(heads(4, count)) + joined(draw(cbor(depth + 1)) for _ in range(count))
    keys = [encode_strictly(key) for key in draw(st.lists(st.text("ab", max_size=2), min_size=count, max_size=count))]
    if draw(st.booleans()):
        keys.sort()
    return draw(heads(5, count)) + joined(key + draw(cbor(depth + 1)) for key in keys)


@given(cbor(), st.sampled_from((MAX_DEPTH, 2)))
def test_decoders_agree_on_cbor_of_every_kind(data: bytes, max_depth: int) -> None:
    said = outcome(decode_strictly, data, max_depth)
    assert outcome(decode, data, max_depth) == said
    if said[0] == "accepted":
        assert encode(decode(data)) == data


@given(values, st.data())
def test_decoders_agree_on_damaged_bytes(value: Any, data: st.DataObject) -> None:
    damaged = bytearray(encode_strictly(value))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(damaged)))
        match data.draw(st.sampled_from(("flip", "insert", "delete"))):
            case "flip" if at < len(damaged):
                damaged[at] ^= 1 << data.draw(st.integers(0, 7))
            case "insert":
                damaged[at:at] = data.draw(st.binary(min_size=1, max_size=2))
            case _:
                del damaged[at : at + 1]
    block = bytes(damaged)
    said = outcome(decode_strictly, block)
    assert outcome(decode, block) == said
    if said[0] == "accepted":
        assert encode(decode(block)) == block
        assert encode_strictly(decode_strictly(block)) == block


@given(values)
def test_every_prefix_is_truncated(value: Any) -> None:
    data = encode_strictly(value)
    for end in range(len(data)):
        assert outcome(decode, data[:end]) == outcome(decode_strictly, data[:end])
        with pytest.raises(CodecError):
            decode(data[:end])
