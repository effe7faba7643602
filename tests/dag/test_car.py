"""CAR archives: around the circle, in any pieces, damaged in every place; libipld as a second opinion."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import libipld
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag import car, cid
from dag.car import CarError
from dag.codec import Link, encode


def cbor(value: object) -> car.Block:
    block = encode(value)
    return cid.cid_of(block), block


def raw(data: bytes) -> car.Block:
    return cid.raw_cid_of(data), data


def archive(roots: Iterable[bytes], blocks: Iterable[car.Block]) -> bytes:
    return b"".join(car.write(list(roots), blocks))


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return [*pieces, data]


def fault(data: bytes, size: int = 0) -> tuple[str, int]:
    """Code and offset of the error that this archive gives, which is the same in pieces of any size."""
    found = set()
    for step in {size, 2 * size} if size else {len(data) + 1, 1, 7}:
        with pytest.raises(CarError) as caught:
            list(car.read(data[i : i + step] for i in range(0, len(data), step)))
        found.add((caught.value.code, caught.value.offset))
    assert len(found) == 1
    return found.pop()


FIRST = cbor({"n": 1})
SECOND = raw(b"some bytes")
LAST = cbor({"n": 2, "prev": Link(FIRST[0])})
SAMPLE = [FIRST, SECOND, LAST]
CAR = archive([LAST[0]], SAMPLE)
HEADER = CAR[: CAR.index(FIRST[0]) - 1]


def with_header(header: bytes) -> bytes:
    assert len(header) < 128
    return bytes([len(header)]) + header + CAR[len(HEADER) :]


# --- around the circle ---

blocks_of_any_kind = st.lists(
    st.one_of(
        st.integers(0, 2**53).map(cbor),
        st.binary(max_size=300).map(raw),
        st.dictionaries(st.text(max_size=5), st.binary(max_size=200), max_size=3).map(cbor),
    ),
    min_size=1,
    max_size=8,
)


@given(blocks_of_any_kind, st.lists(st.integers(0, 400), max_size=10), st.data())
def test_what_was_written_is_read_in_any_pieces(blocks: list[car.Block], sizes: list[int], data: st.DataObject) -> None:
    roots = data.draw(st.lists(st.sampled_from([block[0] for block in blocks]), min_size=1, unique=True))
    reader = car.CarReader()
    found: list[car.Block] = []
    for piece in cut(archive(roots, blocks), sizes):
        found += reader.feed(piece)
    reader.finish()
    assert (reader.roots, found) == (tuple(roots), blocks)


@given(st.lists(st.dictionaries(st.text(max_size=5), st.integers(0, 99), max_size=3), min_size=1, max_size=6))
def test_libipld_reads_what_is_written(values: list[dict[str, int]]) -> None:
    blocks = [cbor(value) for value in values]
    header, found = libipld.decode_car(archive([blocks[-1][0]], blocks))
    assert header == {"version": 1, "roots": [blocks[-1][0]]}
    assert found == {block[0]: value for block, value in zip(blocks, values, strict=True)}


def test_the_golden_archive() -> None:
    case = json.loads((Path(__file__).parents[1] / "golden" / "log.json").read_text())["car"]
    blocks = [(cid.cid_from_text(name), bytes.fromhex(block)) for name, block in case["blocks"]]
    data = archive([cid.cid_from_text(root) for root in case["roots"]], blocks)
    assert data.hex() == case["car"]
    assert list(car.read([data])) == blocks


def test_blocks_may_repeat_and_keep_their_order() -> None:
    assert list(car.read([archive([FIRST[0]], [SECOND, FIRST, SECOND])])) == [SECOND, FIRST, SECOND]


def test_many_roots() -> None:
    blocks = [raw(b"%d" % i) for i in range(3000)]
    assert list(car.read([archive([block[0] for block in blocks], blocks)])) == blocks


@pytest.mark.parametrize(("kind", "limit"), [("cbor", car.MAX_CBOR_BLOCK), ("raw", car.MAX_RAW_BLOCK)])
def test_the_largest_blocks(kind: str, limit: int) -> None:
    def make(size: int) -> car.Block:
        return raw(b"x" * size) if kind == "raw" else cbor(b"x" * (size - 3))

    block, larger = make(limit), make(limit + 1)
    assert (len(block[1]), len(larger[1])) == (limit, limit + 1)
    sound = archive([block[0]], [block])
    assert list(car.read([sound])) == [block]
    with pytest.raises(CarError) as caught:
        archive([block[0]], [block, larger])
    assert (caught.value.code, caught.value.offset) == ("section_too_long", len(sound))
    assert fault(sound + varint(36 + limit + 1) + larger[0] + larger[1], 1 << 15) == ("section_too_long", len(sound))


def varint(number: int) -> bytes:
    out = b""
    while number >= 128:
        out += bytes([number % 128 + 128])
        number //= 128
    return out + bytes([number])


def test_an_oversize_section_is_refused_before_it_is_taken_in() -> None:
    reader = car.CarReader()
    reader.feed(HEADER)
    with pytest.raises(CarError, match="section_too_long"):
        reader.feed(varint(car.MAX_RAW_BLOCK + 37))
    reader = car.CarReader()
    reader.feed(HEADER + varint(car.MAX_CBOR_BLOCK + 37))
    with pytest.raises(CarError, match="section_too_long"):
        reader.feed(FIRST[0])
    with pytest.raises(CarError, match="header_too_long"):
        car.CarReader().feed(varint(car.MAX_HEADER + 1))
    with pytest.raises(CarError, match="varint_too_long"):
        car.CarReader().feed(b"\xff\xff\xff\xff")


def test_memory_is_bounded_by_one_section_and_one_piece() -> None:
    block = raw(b"x" * 50_000)
    data = archive([block[0]], [block] * 40)
    reader = car.CarReader()
    largest = 0
    for at in range(0, len(data), 1000):
        reader.feed(data[at : at + 1000])
        largest = max(largest, len(reader._buffer))
    reader.finish()
    assert largest < 51_500


# --- every kind of damage ---


def test_cut_anywhere() -> None:
    for size in range(len(CAR)):
        code, offset = fault(CAR[:size])
        ends = {len(HEADER), len(CAR) - len(LAST[1]) - 37, len(CAR) - len(LAST[1]) - 37 - len(SECOND[1]) - 37}
        assert code == ("root_missing" if size in ends else "truncated")
        assert offset <= size


def test_a_bit_flipped_anywhere() -> None:
    codes = set()
    for at in range(len(CAR)):
        for bit in range(8):
            damaged = bytearray(CAR)
            damaged[at] ^= 1 << bit
            codes.add(fault(bytes(damaged))[0])
    assert codes >= {"hash_mismatch", "bad_cid", "truncated", "header_not_dag_cbor", "header_fields", "root_missing"}


def test_a_byte_too_many() -> None:
    assert fault(CAR + b"\x00") == ("section_too_short", len(CAR))
    assert fault(CAR + b"\x80") == ("truncated", len(CAR))


@pytest.mark.parametrize(
    ("data", "code", "offset"),
    [
        (b"", "truncated", 0),
        (b"\x00", "header_not_dag_cbor", 0),
        (b"\x80\x00", "varint_not_minimal", 0),
        (with_header(encode({"roots": [Link(LAST[0])], "version": 2})), "version", 0),
        (bytes.fromhex("0aa16776657273696f6e02"), "version", 0),  # how a CARv2 begins
        (with_header(encode({"roots": [Link(LAST[0])], "version": True})), "header_fields", 0),
        (with_header(encode({"roots": [Link(LAST[0])]})), "header_fields", 0),
        (with_header(encode({"roots": [Link(LAST[0])], "version": 1, "more": 1})), "header_fields", 0),
        (with_header(encode({"roots": 1, "version": 1})), "header_fields", 0),
        (with_header(encode([1])), "header_fields", 0),
        (with_header(encode({"version": 1})), "header_fields", 0),
        (with_header(encode({"roots": [], "version": 1})), "no_roots", 0),
        (with_header(encode({"roots": [LAST[0]], "version": 1})), "bad_root", 0),  # bytes, not a link
        (with_header(encode({"roots": [Link(LAST[0])] * 2, "version": 1})), "repeated_root", 0),
        (with_header(encode({"roots": [Link(LAST[0])], "version": 1}) + b"\x00"), "header_not_dag_cbor", 0),
        (CAR + b"\xa4\x00" + FIRST[0], "varint_not_minimal", len(CAR)),
        (CAR + b"\x00", "section_too_short", len(CAR)),
        (CAR + varint(35) + FIRST[0][:35], "section_too_short", len(CAR)),
        (CAR + varint(40) + b"\x12\x20" + FIRST[0][4:] + b".", "truncated", len(CAR)),  # not all of a CID
        (CAR + varint(40) + b"\x12\x20" + FIRST[0][4:] + b"......", "bad_cid", len(CAR)),  # CIDv0
        (CAR + varint(39) + b"\x01\x70\x12\x20" + FIRST[0][4:] + FIRST[1][:3], "bad_cid", len(CAR)),  # dag-pb
        (CAR + varint(39) + FIRST[0] + FIRST[1][:3], "hash_mismatch", len(CAR)),
        (HEADER + b"\xff\xff\xff\xff", "varint_too_long", len(HEADER)),
    ],
)
def test_faults(data: bytes, code: str, offset: int) -> None:
    assert fault(data) == (code, offset)


@given(st.binary(max_size=200))
def test_noise_is_refused(noise: bytes) -> None:
    assert fault(noise)[1] <= len(noise)
    before = CAR[: -len(LAST[1]) - 37]  # the root's block is missing, so noise in its place cannot be sound
    assert len(before) <= fault(before + noise)[1] <= len(before) + len(noise)


def test_the_blocks_before_a_fault_are_given_first() -> None:
    damaged = CAR[:-1] + bytes([CAR[-1] ^ 1])
    reader = car.CarReader()
    assert reader.feed(damaged) == [FIRST, SECOND]
    for again in (lambda: reader.feed(b""), reader.finish):
        with pytest.raises(CarError) as caught:
            again()
        assert caught.value.code == "hash_mismatch"


@pytest.mark.parametrize(
    ("roots", "blocks", "code"),
    [
        ([], [FIRST], "no_roots"),
        ([FIRST[0], FIRST[0]], [FIRST], "repeated_root"),
        ([b"\x12\x20" + FIRST[0][4:]], [FIRST], "bad_root"),
        ([LAST[0]], [FIRST], "root_missing"),
        ([FIRST[0]], [FIRST, (SECOND[0], b"other bytes")], "hash_mismatch"),
        ([FIRST[0]], [FIRST, (b"\x12\x20" + hashlib.sha256(b"").digest(), b"")], "bad_cid"),
        ([FIRST[0]], [FIRST, (FIRST[0] + b"x", FIRST[1])], "bad_cid"),
    ],
)
def test_nothing_unsound_is_written(roots: list[bytes], blocks: list[car.Block], code: str) -> None:
    with pytest.raises(CarError) as caught:
        archive(roots, blocks)
    assert caught.value.code == code
