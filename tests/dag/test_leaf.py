"""Leaves: the hand-written layout against the codec, values that look like CIDs, and every fault."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag.cid import cid_from_text, cid_of, raw_cid_of
from dag.codec import Link, decode, encode
from dag.leaf import InvalidLeaf, Leaf, decode_leaf, encode_leaf

EVENT = cid_of(b"an event")
EFFECTS = hashlib.sha256(b"effects").digest()
GOOD: dict[str, Any] = {
    "kind": "event", "time": 5, "index": 7, "effects": EFFECTS, "outcome": {"ok": []}, "subject": Link(EVENT),
}  # fmt: skip

values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63) + 1, 2**63 - 1),
        st.text(max_size=8),
        st.binary(max_size=40),
        st.binary(max_size=4).map(cid_of),  # a byte string with the shape of a CID
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=8,
)
maps = st.dictionaries(st.text(max_size=8), values, max_size=4)
indices = st.one_of(
    st.integers(0, 2**63 - 1), st.sampled_from([0, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**63 - 1])
)
times = st.one_of(st.integers(0, 2**53), st.sampled_from([0, 2**32 - 1, 2**32, 2**53]))


@given(indices, times, maps, st.binary(min_size=32, max_size=32), st.binary(min_size=1, max_size=9))
def test_an_event_leaf_is_what_the_codec_would_write(
    index: int, time_ms: int, outcome: dict[str, Any], effects: bytes, block: bytes
) -> None:
    subject = cid_of(block)
    data = encode_leaf(index, "event", subject, time_ms, outcome, effects)
    whole = {"kind": "event", "time": time_ms, "index": index, "effects": effects, "outcome": outcome}
    assert data == encode({**whole, "subject": Link(subject)})
    leaf = decode_leaf(data)
    assert leaf == Leaf(index, "event", Link(subject), time_ms, outcome, effects)
    assert type(leaf.subject) is Link


@given(indices, st.sampled_from(["timer", "epoch", "state"]), times, maps, maps)
def test_a_leaf_of_another_kind(
    index: int, kind: Any, time_ms: int, subject: dict[str, Any], outcome: dict[str, Any]
) -> None:
    data = encode_leaf(index, kind, subject, time_ms, outcome, EFFECTS)
    whole = {"kind": kind, "time": time_ms, "index": index, "effects": EFFECTS, "outcome": outcome}
    assert data == encode({**whole, "subject": subject})
    assert decode_leaf(data) == Leaf(index, kind, subject, time_ms, outcome, EFFECTS)


@pytest.mark.parametrize("head", ["0171121c", "0155121c", "0171001c", "12201220"])
def test_effects_with_the_shape_of_a_cid_stay_bytes(head: str) -> None:
    effects = bytes.fromhex(head) + b"e" * 28
    leaf = decode_leaf(encode_leaf(7, "event", EVENT, 5, {"digest": effects}, effects))
    assert (type(leaf.effects), leaf.effects) == (bytes, effects)
    assert type(leaf.outcome["digest"]) is bytes


def test_the_golden_leaves() -> None:
    for case in json.loads((Path(__file__).parents[1] / "golden" / "log.json").read_text())["leaves"]:
        subject = cid_from_text(case["subject"]) if case["kind"] == "event" else case["subject"]
        data = encode_leaf(
            case["index"], case["kind"], subject, case["time"], case["outcome"], bytes.fromhex(case["effects"])
        )
        assert data.hex() == case["leaf"]
        assert decode_leaf(data).outcome == case["outcome"]


def test_strangers_mappings_are_taken_as_maps() -> None:
    class Facts(dict[str, int]):
        pass

    assert encode_leaf(7, "timer", Facts(due=1), 5, Facts(a=1), EFFECTS) == encode_leaf(
        7, "timer", {"due": 1}, 5, {"a": 1}, EFFECTS
    )


@pytest.mark.parametrize(
    "change",
    [
        {"index": -1}, {"index": 2**63}, {"index": True}, {"time_ms": -1}, {"time_ms": 2**53 + 1},
        {"effects": b"short"}, {"subject": b"short"}, {"subject": raw_cid_of(b"blob")}, {"subject": {"a": 1}},
        {"kind": "timer"},
    ],
)  # fmt: skip
def test_our_own_mistakes_are_caught_when_a_leaf_is_made(change: dict[str, Any]) -> None:
    fields = {"index": 7, "kind": "event", "subject": EVENT, "time_ms": 5, "outcome": {}, "effects": EFFECTS}
    with pytest.raises(AssertionError):
        encode_leaf(**{**fields, **change})


@pytest.mark.parametrize(
    ("change", "facts"),
    [
        ({"index": -1}, {"field": "index"}),
        ({"index": "7"}, {"field": "index"}),
        ({"index": False}, {"field": "index"}),
        ({"time": 2**53 + 1}, {"field": "time"}),
        ({"time": None}, {"field": "time"}),
        ({"kind": "vote"}, {"field": "kind"}),
        ({"kind": ["event"]}, {"field": "kind"}),
        ({"kind": "timer"}, {"field": "subject"}),
        ({"effects": EFFECTS[:31]}, {"field": "effects"}),
        ({"effects": Link(EVENT)}, {"field": "effects"}),
        ({"effects": "e" * 32}, {"field": "effects"}),
        ({"outcome": []}, {"field": "outcome"}),
        ({"subject": EVENT}, {"field": "subject"}),
        ({"subject": Link(raw_cid_of(b"blob"))}, {"field": "subject"}),
        ({"subject": {}}, {"field": "subject"}),
        ({"more": 1}, {"missing": [], "unknown": ["more"]}),
    ],
)
def test_fields_are_judged(change: dict[str, Any], facts: dict[str, Any]) -> None:
    with pytest.raises(InvalidLeaf) as caught:
        decode_leaf(encode({**GOOD, **change}))
    assert (caught.value.code, caught.value.facts) == ("fields" if "missing" in facts else "bad_field", facts)


@pytest.mark.parametrize("field", sorted(GOOD))
def test_no_field_may_be_missing(field: str) -> None:
    with pytest.raises(InvalidLeaf) as caught:
        decode_leaf(encode({name: value for name, value in GOOD.items() if name != field}))
    assert caught.value.facts == {"missing": [field], "unknown": []}


@pytest.mark.parametrize(
    ("data", "code", "reason"),
    [
        (b"", "bad_encoding", "truncated"),
        (encode(GOOD) + b"\x00", "bad_encoding", "trailing_bytes"),
        (encode(GOOD).replace(b"\x65index\x07", b"\x65index\x18\x07"), "bad_encoding", "non_minimal_integer"),
        (
            encode(GOOD).replace(b"\x64time\x05\x65index\x07", b"\x65index\x07\x64time\x05"),
            "bad_encoding",
            "keys_unsorted",
        ),
        (encode([GOOD]), "not_a_map", None),
        (encode({**GOOD, "outcome": {"a": b"x" * 262_144}}), "too_large", None),
    ],
)
def test_bytes_are_judged(data: bytes, code: str, reason: str | None) -> None:
    with pytest.raises(InvalidLeaf) as caught:
        decode_leaf(data)
    assert (caught.value.code, caught.value.facts.get("reason")) == (code, reason)


@given(st.binary(max_size=120), st.integers(0, 400), st.integers(0, 7))
def test_damage_is_refused_or_still_one_encoding(noise: bytes, at: int, bit: int) -> None:
    damaged = bytearray(encode(GOOD))
    damaged[at % len(damaged)] ^= 1 << bit
    for data in (noise, bytes(damaged)):
        try:
            decode_leaf(data)
        except InvalidLeaf:
            continue
        assert encode(decode(data)) == data
