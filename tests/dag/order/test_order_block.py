"""The ordering block's format: golden vectors, exact inverses, and a code for each way to break it."""

import json
from pathlib import Path
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag.cid import cid_of, cid_text, raw_cid_of
from dag.codec import Link, Value, decode, encode
from dag.keys import SigningKey
from dag.order.block import (
    BLOCK_DOMAIN,
    MAX_BLOCK_BYTES,
    MAX_EVENT_HEADS,
    NO_COMMIT,
    Block,
    InvalidBlock,
    decode_block,
    message_of,
    sign_block,
    verify_block,
)
from dag.order.config import MAX_VALIDATORS
from dag.order.orderer import check_block
from tests.dag.order.simulation import START_MS, epoch_of, key

EPOCH, _ = epoch_of(1)
GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "order.json").read_text())


def cids(*names: str) -> list[bytes]:
    return [cid_of(name.encode()) for name in names]


def make(**changes: Any) -> Block:
    fields: dict[str, Any] = {
        "epoch": EPOCH.cid,
        "round_": 7,
        "parents": cids("p1", "p2"),
        "refuse_leader": False,
        "prev": cids("prev")[0],
        "event_heads": cids("e1", "e2", "e3"),
        "last_commit": (4, bytes(range(32))),
        "ts": START_MS,
    }
    return sign_block(key(0), **{**fields, **changes})


def link(cid: bytes) -> cbor2.CBORTag:
    return cbor2.CBORTag(42, b"\0" + cid)


def fields_of(block: Block) -> dict[str, Any]:
    fields = decode(block.raw)
    assert isinstance(fields, dict)
    return fields


@pytest.mark.parametrize("vector", GOLDEN["blocks"], ids=lambda vector: vector["name"])
def test_golden_blocks(vector: dict[str, Any]) -> None:
    raw = bytes.fromhex(vector["raw"])
    block = decode_block(raw)
    verify_block(block)
    assert cid_text(block.cid) == vector["cid"]
    # A second opinion on the bytes, from a decoder that is not ours.
    expected = {
        "author": block.author,
        "epoch": link(block.epoch),
        "event_heads": [link(cid) for cid in block.event_heads],
        "last_commit": list(block.last_commit),
        "parents": [link(cid) for cid in block.parents],
        "refuse_leader": block.refuse_leader,
        "round": block.round,
        "sig": block.sig,
        "ts": block.ts,
    }
    if block.prev is not None:
        expected["prev"] = link(block.prev)
    assert cbor2.loads(raw) == expected
    again = sign_block(
        SigningKey.from_seed(bytes.fromhex(vector["seed"])),
        epoch=block.epoch,
        round_=block.round,
        parents=list(block.parents),
        refuse_leader=block.refuse_leader,
        prev=block.prev,
        event_heads=list(block.event_heads),
        last_commit=block.last_commit,
        ts=block.ts,
    )
    assert again.raw == raw


times = st.integers(0, 2**53)


@given(
    round_=st.integers(2, 2**53),
    ts=times,
    index=st.integers(0, 2**63 - 1),
    heads=st.integers(0, 300),
    parents=st.integers(0, MAX_VALIDATORS),
    has_prev=st.booleans(),
    refuse_leader=st.booleans(),
)
def test_bytes_and_block_determine_each_other(
    round_: int, ts: int, index: int, heads: int, parents: int, has_prev: bool, refuse_leader: bool
) -> None:
    block = make(
        round_=round_,
        ts=ts,
        last_commit=(index, bytes(32)),
        event_heads=cids(*map(str, range(heads))),
        parents=cids(*map(str, range(parents))),
        prev=cids("x")[0] if has_prev else None,
        refuse_leader=refuse_leader,
    )
    verify_block(block)
    again = decode_block(block.raw)
    assert [getattr(again, name) for name in Block.__struct_fields__] == [
        getattr(block, name) for name in Block.__struct_fields__
    ]
    # The general encoder writes the same bytes, and the signed message is the map without `sig`.
    fields = fields_of(block)
    assert encode(fields) == block.raw
    del fields["sig"]
    assert message_of(block) == BLOCK_DOMAIN + encode(fields)


def test_links_are_sorted_whatever_the_order_given() -> None:
    heads = sorted(cids("a", "b", "c", "d"))
    assert make(event_heads=heads[::-1]).raw == make(event_heads=heads).raw


def test_the_largest_block_is_within_the_limit() -> None:
    block = make(
        event_heads=cids(*(f"e{number}" for number in range(MAX_EVENT_HEADS))),
        parents=cids(*(f"p{number}" for number in range(MAX_VALIDATORS))),
        round_=2**53,
        ts=2**53,
        last_commit=(2**63 - 1, bytes(32)),
    )
    assert len(decode_block(block.raw).event_heads) == MAX_EVENT_HEADS
    with pytest.raises(AssertionError):
        make(event_heads=cids(*(f"e{number}" for number in range(MAX_EVENT_HEADS + 1))))


LINK = Link(cid_of(b"link"))
SORTED: list[Value] = [Link(cid) for cid in sorted(cids("a", "b"))]
WRONG: list[tuple[str, Value, str]] = [
    ("ts", -1, "bad_field"),
    ("ts", 2**53 + 1, "bad_field"),
    ("ts", True, "bad_field"),
    ("ts", "1", "bad_field"),
    ("round", 0, "bad_field"),
    ("round", 2**53 + 1, "bad_field"),
    ("round", False, "bad_field"),
    ("epoch", bytes(LINK), "bad_field"),
    ("epoch", None, "bad_field"),
    ("epoch", Link(raw_cid_of(b"blob")), "bad_field"),
    ("prev", None, "bad_field"),
    ("prev", bytes(LINK), "bad_field"),
    ("author", b"\xed\x01" + bytes(31), "bad_field"),
    ("author", b"\xec\x01" + bytes(32), "bad_field"),
    ("author", "did:key:z6Mk", "bad_field"),
    ("sig", bytes(63), "bad_field"),
    ("sig", None, "bad_field"),
    ("refuse_leader", 0, "bad_field"),
    ("refuse_leader", None, "bad_field"),
    ("last_commit", None, "bad_field"),
    ("last_commit", [1], "bad_field"),
    ("last_commit", [1, bytes(32), 0], "bad_field"),
    ("last_commit", [-1, bytes(32)], "bad_field"),
    ("last_commit", [1, bytes(31)], "bad_field"),
    ("last_commit", [True, bytes(32)], "bad_field"),
    ("parents", {}, "bad_field"),
    ("parents", [bytes(LINK)], "bad_field"),
    ("parents", [None], "bad_field"),
    ("parents", SORTED[::-1], "links_unsorted"),
    ("parents", [LINK, LINK], "links_unsorted"),
    ("event_heads", [1], "bad_field"),
    ("event_heads", [Link(raw_cid_of(b"blob"))], "bad_field"),
    ("event_heads", SORTED[::-1], "links_unsorted"),
    ("event_heads", [LINK, LINK], "links_unsorted"),
    ("event_heads", [Link(cid) for cid in sorted(cids(*map(str, range(1025))))], "too_many_heads"),
    ("parents", [Link(cid) for cid in sorted(cids(*map(str, range(65))))], "too_many_parents"),
    ("round", 1, "parents_in_round_1"),
    ("extra", 1, "unknown_field"),
    ("v", 1, "unknown_field"),
]


@pytest.mark.parametrize(("field", "value", "code"), WRONG)
def test_each_field_is_checked(field: str, value: Value, code: str) -> None:
    fields = {**fields_of(make()), field: value}
    with pytest.raises(InvalidBlock) as caught:
        decode_block(encode(fields))
    assert caught.value.code == code


@pytest.mark.parametrize("field", sorted(fields_of(make()).keys() - {"prev"}))
def test_no_field_but_prev_may_be_missing(field: str) -> None:
    fields = fields_of(make())
    del fields[field]
    with pytest.raises(InvalidBlock) as caught:
        decode_block(encode(fields))
    assert (caught.value.code, caught.value.facts) == ("missing_field", {"field": field})


def test_the_first_round_has_nothing_before_it() -> None:
    with pytest.raises(InvalidBlock, match="prev_in_round_1"):
        decode_block(make(round_=1, parents=[]).raw)
    assert decode_block(make(round_=1, parents=[], prev=None).raw).prev is None


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (bytes(MAX_BLOCK_BYTES + 1), "too_large"),
        (b"", "bad_encoding"),
        (make().raw + b"\0", "bad_encoding"),
        (make().raw[:-1], "bad_encoding"),
        (b"\xbf" + make().raw[1:] + b"\xff", "bad_encoding"),
        (encode([1]), "bad_field"),
        (encode({"a": [[[1]]]}), "bad_encoding"),
    ],
)
def test_bytes_that_are_no_block(raw: bytes, code: str) -> None:
    with pytest.raises(InvalidBlock) as caught:
        decode_block(raw)
    assert caught.value.code == code


def test_every_flipped_bit_is_noticed() -> None:
    raw = make(event_heads=cids("e")).raw
    for at in range(len(raw)):
        changed = raw[:at] + bytes((raw[at] ^ 1 << at % 8,)) + raw[at + 1 :]
        with pytest.raises(InvalidBlock):
            check_block(changed, EPOCH)


def test_a_block_belongs_to_its_epoch_and_its_validators() -> None:
    two, keys = epoch_of(2)
    stranger = next(one for one in map(key, range(2, 9)) if one.did not in two.validators)
    block = make()
    assert check_block(block.raw, EPOCH).cid == block.cid
    with pytest.raises(InvalidBlock, match="wrong_epoch"):
        check_block(block.raw, two)
    foreign = sign_block(
        stranger,
        epoch=two.cid,
        round_=1,
        parents=[],
        refuse_leader=False,
        prev=None,
        event_heads=[],
        last_commit=NO_COMMIT,
        ts=0,
    )
    with pytest.raises(InvalidBlock, match="not_a_validator"):
        check_block(foreign.raw, two)
    # Another validator's name over one's own signature.
    fields = fields_of(make(epoch=two.cid)) | {"author": next(k.author for k in keys if k.author != key(0).author)}
    with pytest.raises(InvalidBlock, match="bad_signature"):
        check_block(encode(fields), two)
