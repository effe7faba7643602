"""CIDs: one name per block, in bytes and in text; multiformats as the second opinion."""

from hashlib import sha256

import multiformats
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag.cid import BadCid, cid_from_text, cid_of, cid_text, fault_of, is_cid, raw_cid_of

DIGEST = bytes(range(32))
DAG = b"\x01\x71\x12\x20" + DIGEST
RAW = b"\x01\x55\x12\x20" + DIGEST


def test_known_names() -> None:
    # The empty raw block and the DAG-CBOR empty map, as published by IPFS implementations.
    assert cid_text(raw_cid_of(b"")) == "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
    assert cid_text(cid_of(b"\xa0")) == "bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua"


@given(st.binary(max_size=100))
def test_names_are_the_hash_and_agree_with_multiformats(data: bytes) -> None:
    for name, codec, cid in (("dag-cbor", 0x71, cid_of(data)), ("raw", 0x55, raw_cid_of(data))):
        assert cid == bytes((1, codec, 0x12, 32)) + sha256(data).digest()
        other = multiformats.CID("base32", 1, name, ("sha2-256", sha256(data).digest()))
        assert bytes(other) == cid
        assert str(other) == cid_text(cid)
        assert cid_from_text(cid_text(cid)) == cid
        assert is_cid(cid)
        assert fault_of(cid) is None


@pytest.mark.parametrize(
    ("cid", "reason"),
    [
        (b"", "length"),
        (b"\x01", "length"),
        (b"\x01\x71\x12", "length"),
        (DAG[:-1], "length"),
        (DAG + b"\0", "length"),
        (RAW[:-1], "length"),
        (b"\x12\x20" + DIGEST, "version"),
        (b"\x00" + DAG[1:], "version"),
        (b"\x02" + DAG[1:], "version"),
        (b"\x81\x00" + DAG[1:], "version"),
        (b"\x01\x70" + DAG[2:], "codec"),
        (b"\x01\xf1\x00" + DAG[2:], "codec"),
        (b"\x01\x71\x13" + DAG[3:], "hash"),
        (b"\x01\x71\x12\x1f" + DIGEST[:-1], "hash"),
        (b"\x01\x55\x00\x20" + DIGEST, "hash"),
        (b"\x00" + DAG, "version"),
    ],
)
def test_other_cids_are_not_ours(cid: bytes, reason: str) -> None:
    assert not is_cid(cid)
    assert fault_of(cid) == reason
    with pytest.raises(BadCid) as refusal:
        cid_text(cid)
    assert refusal.value.reason == reason


@given(st.one_of(st.binary(max_size=40), st.binary(min_size=34, max_size=38).map(lambda tail: DAG[:3] + tail)))
def test_a_fault_is_named_exactly_when_it_is_no_cid(data: bytes) -> None:
    assert is_cid(data) == (fault_of(data) is None)


TEXT = cid_text(DAG)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not_base32_text"),
        ("b", "not_base32_text"),
        (TEXT[:-1], "not_base32_text"),
        (TEXT + "a", "not_base32_text"),
        (TEXT + "======", "not_base32_text"),
        (TEXT.upper(), "not_base32_text"),
        ("B" + TEXT[1:], "not_base32_text"),
        (TEXT[:-1] + TEXT[-1].upper() if TEXT[-1].isalpha() else TEXT[:20] + TEXT[20:].upper(), "not_base32_text"),
        ("f" + TEXT[1:], "not_base32_text"),
        (TEXT[:10] + "0" + TEXT[11:], "not_base32_text"),
        (TEXT[:10] + "1" + TEXT[11:], "not_base32_text"),
        (TEXT[:10] + "=" + TEXT[11:], "not_base32_text"),
        (TEXT[:10] + " " + TEXT[11:], "not_base32_text"),
        (TEXT[:10] + "ä" + TEXT[11:], "not_base32_text"),
        ("QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n", "not_base32_text"),
        (TEXT[:2] + "b" + TEXT[3:], "version"),
    ],
)
def test_a_cid_has_one_text(text: str, reason: str) -> None:
    with pytest.raises(BadCid) as refusal:
        cid_from_text(text)
    assert refusal.value.reason == reason


def test_stray_last_bits_are_refused() -> None:
    """36 bytes are 288 bits, 58 digits 290: the last digit has two bits that must be zero."""
    digits = "abcdefghijklmnopqrstuvwxyz234567"
    last = digits.index(TEXT[-1])
    assert last % 4 == 0
    for stray in (1, 2, 3):
        with pytest.raises(BadCid) as refusal:
            cid_from_text(TEXT[:-1] + digits[last + stray])
        assert refusal.value.reason == "not_canonical_text"
