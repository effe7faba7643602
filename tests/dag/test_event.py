"""Events: making and reading are inverses, the fast way agrees with the strict one, and bounds are where they are said.

What exactly is refused, and with which code, is pinned in test_event_golden.py.
"""

import pickle
from typing import Any

import libipld
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dag.cid import cid_of, raw_cid_of
from dag.codec import MAX_INT, Link, encode_strictly
from dag.event import (
    EVENT_DOMAIN,
    MAX_BLOCK_BYTES,
    MAX_OPS,
    MAX_SEQ,
    MAX_TIME_MS,
    Event,
    InvalidEvent,
    attach,
    check_event,
    decode_event,
    decode_event_strictly,
    decode_trusted,
    message_of,
    sign_event,
    signing_bytes,
    unsigned,
    verify_event,
)
from dag.keys import SigningKey

KEY = SigningKey.from_seed(b"k" * 32)
OTHER = SigningKey.from_seed(b"o" * 32)
SPACE = cid_of(b"space")
PREV = cid_of(b"prev")
OP: dict[str, Any] = {"op": "test.op", "ver": 1}


def fields(**changes: Any) -> dict[str, Any]:
    ordinary = {"space": SPACE, "seq": 1, "prev": PREV, "parents": [], "at": 1, "until": None, "ops": [OP]}
    return ordinary | changes


def nested(depth: int) -> Any:
    value: Any = 0
    for level in range(depth):
        value = {"k": value} if level % 2 else [value]
    return value


# --- strategies -------------------------------------------------------------------------------------------------

cids = st.integers(0, 40).map(lambda number: cid_of(b"%d" % number))
traps = st.one_of(
    cids,
    cids.map(raw_cid_of),
    cids.map(lambda cid: b"\x12\x20" + cid[4:]),
    st.binary(max_size=60).map(lambda rest: bytes((1, 0x71, 0x12, len(rest))) + rest),
    st.sampled_from((b"\xd8\x2a", b"\xd8\x2a\x58\x25\x00" + SPACE, b"\x63sig\x58\x40" + bytes(64), b"\x63seq\x01")),
)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-MAX_INT, MAX_INT), st.text(max_size=5), st.binary(max_size=5), traps
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=6,
)
op_names = st.from_regex(r"\A[a-z0-9_]{1,8}\.[a-z0-9_.]{1,8}\Z")
ops = st.builds(
    lambda extra, name, version: {**extra, "op": name, "ver": version},
    st.dictionaries(st.text(max_size=4), values, max_size=3),
    op_names,
    st.integers(1, 2**31 - 1),
)


@st.composite
def event_fields(draw: st.DrawFn) -> dict[str, Any]:
    made: dict[str, Any] = {
        "at": draw(st.integers(0, MAX_TIME_MS)),
        "until": draw(st.one_of(st.none(), st.integers(1, 1000), st.integers(1, MAX_TIME_MS))),
        "ops": draw(st.lists(ops, min_size=1, max_size=3)),
    }
    if draw(st.integers(0, 3)) == 0:
        nonce = draw(st.one_of(st.binary(min_size=16, max_size=16), st.just(b"\x01\x71\x12\x0c" + bytes(12))))
        return made | {"space": None, "nonce": nonce, "seq": 0, "prev": None, "parents": []}
    seq = draw(st.one_of(st.integers(0, 300), st.integers(0, MAX_SEQ)))
    parents = draw(st.lists(cids, max_size=16, unique=True))
    return made | {"space": draw(cids), "seq": seq, "prev": draw(cids) if seq else None, "parents": parents}


# --- making and reading -----------------------------------------------------------------------------------------


@given(event_fields())
@example(fields(ops=[{**OP, "cid": SPACE, "tag": b"\xd8\x2a"}]))
def test_an_event_says_what_it_was_made_of(made: dict[str, Any]) -> None:
    event = sign_event(KEY, **made)
    expected = {"nonce": None} | made | {"parents": tuple(sorted(made["parents"])), "ops": tuple(made["ops"])}
    expected |= {"author": KEY.author, "cid": cid_of(event.block)}
    for again in (event, check_event(event.block), decode_event(event.block), decode_event_strictly(event.block)):
        assert {name: getattr(again, name) for name in expected} == expected
        assert again.block == event.block
        verify_event(again)
    for name in ("cid", "space", "prev", "author", "sig", "nonce"):
        assert type(getattr(decode_event_strictly(event.block), name)) in (bytes, type(None))


@given(event_fields(), st.binary(min_size=64, max_size=64))
@example(fields(), b"\x01\x71\x12\x3c" + bytes(60))
@example(fields(), b"\xd8\x2a" * 32)
@example(fields(), b"\x63sig\x58\x40" + bytes(58))
def test_splicing_is_encoding(made: dict[str, Any], sig: bytes) -> None:
    """`attach` and `message_of` cut and join bytes; encoding the maps must give the same, whatever the signature."""
    data = unsigned(author=KEY.author, **made)
    said = {"v": 1, "author": KEY.author, "seq": made["seq"], "at": made["at"], "ops": made["ops"]}
    said["parents"] = [Link(parent) for parent in sorted(made["parents"])]
    said |= {name: made[name] for name in ("until", "nonce") if made.get(name) is not None}
    said |= {name: Link(made[name]) for name in ("space", "prev") if made[name] is not None}
    assert data == encode_strictly(said)
    block = attach(data, sig)
    assert block == encode_strictly(said | {"sig": sig})
    event = decode_event(block)
    assert event.sig == sig
    assert message_of(event) == signing_bytes(data) == EVENT_DOMAIN + data


def test_parents_are_sorted_for_the_caller() -> None:
    parents = [cid_of(b"%d" % number) for number in range(16)]
    assert sign_event(KEY, **fields(parents=parents)) == sign_event(KEY, **fields(parents=parents[::-1]))
    assert sign_event(KEY, **fields(parents=iter(parents))).parents == tuple(sorted(parents))


def test_tuples_in_ops_are_read_back_as_lists() -> None:
    event = sign_event(KEY, **fields(ops=({**OP, "list": (1, (2,))},)))
    assert event.ops == ({**OP, "list": [1, [2]]},)
    assert check_event(event.block) == event


def test_an_event_is_its_cid() -> None:
    event, other = sign_event(KEY, **fields()), sign_event(KEY, **fields(at=2))
    assert event == check_event(event.block)
    assert hash(event) == hash(check_event(event.block))
    assert event != other
    assert event != event.cid
    assert len({event, other, check_event(event.block)}) == 2
    with pytest.raises(AttributeError):
        event.seq = 5  # type: ignore[misc]  # that it cannot be set is the point


def test_an_event_can_be_sent_to_another_process() -> None:
    event = sign_event(KEY, **fields())
    again: Event = pickle.loads(pickle.dumps(event))
    assert all(getattr(again, name) == getattr(event, name) for name in Event.__struct_fields__)


# --- agreement of the fast and the strict way -------------------------------------------------------------------


def verdict(decoder: Any, block: bytes) -> Any:
    try:
        event = decoder(block)
    except InvalidEvent as refusal:
        return refusal.code, refusal.facts
    types = [type(getattr(event, name)) for name in Event.__struct_fields__]
    return types, [getattr(event, name) for name in Event.__struct_fields__]


def assert_agreement(block: bytes) -> None:
    assert verdict(decode_event, block) == verdict(decode_event_strictly, block)


@given(event_fields(), st.data())
def test_decoders_agree_on_damaged_blocks(made: dict[str, Any], data: st.DataObject) -> None:
    block = bytearray(sign_event(KEY, **made).block)
    for _ in range(data.draw(st.integers(1, 2))):
        at = data.draw(st.integers(0, len(block) - 1))
        match data.draw(st.sampled_from(("flip", "set", "insert", "delete"))):
            case "flip":
                block[at] ^= 1 << data.draw(st.integers(0, 7))
            case "set":
                block[at] = data.draw(st.sampled_from((0x00, 0x18, 0x40, 0x58, 0x60, 0x80, 0xA0, 0xD8, 0xF6, 0xFB)))
            case "insert":
                block[at:at] = data.draw(st.binary(min_size=1, max_size=3))
            case _:
                del block[at]
    assert_agreement(bytes(block))


anything = st.one_of(values, cids.map(Link), st.lists(cids.map(Link), max_size=3), st.lists(ops, max_size=2))


@given(
    event_fields(),
    st.dictionaries(
        st.sampled_from(("v", "at", "ops", "seq", "sig", "prev", "nonce", "space", "until", "author", "parents", "x")),
        st.one_of(st.just(...), anything),
        max_size=3,
    ),
)
def test_decoders_agree_on_maps_with_wrong_fields(made: dict[str, Any], changes: dict[str, Any]) -> None:
    """Canonical maps whose fields are missing, superfluous, or of any type; links as bytes and bytes as links too."""
    said: dict[str, Any] = {"v": 1, "author": KEY.author, "sig": bytes(64)}
    said |= {name: value for name, value in made.items() if value is not None}
    said |= {name: Link(said[name]) for name in ("space", "prev") if name in said}
    said["parents"] = [Link(parent) for parent in sorted(said["parents"])]
    block = encode_strictly({name: value for name, value in (said | changes).items() if value is not ...})
    assert_agreement(block)


@given(event_fields(), st.sampled_from(("space", "prev", "parents", "nonce", "sig", "ops")))
def test_bytes_in_place_of_links_and_links_in_place_of_bytes_are_refused(made: dict[str, Any], where: str) -> None:
    said: dict[str, Any] = {"v": 1, "author": KEY.author, "sig": bytes(64)}
    said |= {name: value for name, value in made.items() if value is not None}
    said |= {name: Link(said[name]) for name in ("space", "prev") if name in said}
    said["parents"] = [Link(parent) for parent in sorted(said["parents"])]
    decode_event(encode_strictly(said))
    if where == "ops":
        said["ops"] = [*said["ops"], {**OP, "x": Link(PREV)}]
    elif where == "parents":
        said["parents"] = [bytes(PREV)]
    elif where in said:
        said[where] = bytes(said[where]) if isinstance(said[where], Link) else Link(PREV)
    else:
        said[where] = bytes(PREV)
    block = encode_strictly(said)
    with pytest.raises(InvalidEvent):
        decode_event(block)
    assert_agreement(block)


def test_a_link_does_not_stand_in_for_a_byte_string_that_libipld_takes_for_one() -> None:
    """One link too few in the header and one too many in an op: tag 42 is there as often as it should be."""
    said: dict[str, Any] = {"v": 1, "author": KEY.author, "sig": bytes(64), "seq": 0, "at": 1, "parents": []}
    said |= {"space": SPACE, "ops": [{**OP, "x": Link(PREV)}]}
    block = encode_strictly(said)
    assert libipld.encode_dag_cbor(libipld.decode_dag_cbor(block)) != block
    with pytest.raises(InvalidEvent, match="bad_field, field='space'"):
        decode_event(block)
    assert_agreement(block)


@given(st.one_of(st.binary(max_size=60), values.map(encode_strictly)))
def test_any_bytes_get_a_verdict(block: bytes) -> None:
    with pytest.raises(InvalidEvent):
        check_event(block)
    assert_agreement(block)


@pytest.mark.parametrize("byte", [b"\x81", b"\xa1\x60", b"\xd8\x2a", b"\x9f", b"\x5f", b"\xbf", b"\xff", b"\x00"])
def test_bombs_get_a_verdict(byte: bytes) -> None:
    for length in (100, 5_000, 60_000):
        block = (byte * length)[:MAX_BLOCK_BYTES]
        with pytest.raises(InvalidEvent):
            decode_event(block)
        assert_agreement(block)


def test_no_flipped_bit_is_accepted() -> None:
    block = sign_event(KEY, **fields(until=5, parents=[cid_of(b"a")], ops=[{**OP, "b": b"\xd8\x2a", "t": "é"}])).block
    check_event(block)
    for at in range(len(block)):
        for bit in range(8):
            changed = block[:at] + bytes((block[at] ^ 1 << bit,)) + block[at + 1 :]
            with pytest.raises(InvalidEvent):
                check_event(changed)
            assert_agreement(changed)


# --- bounds -----------------------------------------------------------------------------------------------------


def test_a_block_has_at_most_65536_bytes() -> None:
    spare = MAX_BLOCK_BYTES - len(sign_event(KEY, **fields(ops=[{**OP, "x": bytes(60_000)}])).block)
    largest = sign_event(KEY, **fields(ops=[{**OP, "x": bytes(60_000 + spare)}]))
    assert len(largest.block) == MAX_BLOCK_BYTES
    assert check_event(largest.block) == largest
    with pytest.raises(InvalidEvent) as refusal:
        unsigned(author=KEY.author, **fields(ops=[{**OP, "x": bytes(60_001 + spare)}]))
    assert (refusal.value.code, refusal.value.facts) == ("too_large", {"bytes": 65_537, "limit": 65_536})
    for decoder in (decode_event, decode_event_strictly):
        with pytest.raises(InvalidEvent) as refusal:
            decoder(largest.block + b"\0")
        assert (refusal.value.code, refusal.value.facts) == ("too_large", {"bytes": 65_537, "limit": 65_536})


def test_the_largest_numbers_of_things_are_accepted() -> None:
    parents = [cid_of(b"%d" % number) for number in range(16)]
    event = sign_event(
        KEY, **fields(parents=parents, ops=[OP] * MAX_OPS, seq=MAX_SEQ, at=MAX_TIME_MS, until=MAX_TIME_MS)
    )
    assert check_event(event.block) == event


def test_an_event_is_at_most_16_containers_deep() -> None:
    """The event, its list of ops, the op, and 13 more."""
    event = sign_event(KEY, **fields(ops=[{**OP, "x": nested(13)}]))
    assert check_event(event.block) == event
    with pytest.raises(InvalidEvent, match="too_deep"):
        unsigned(author=KEY.author, **fields(ops=[{**OP, "x": nested(14)}]))


# --- misuse -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"space": None}, "missing_field"),
        ({"space": None, "nonce": bytes(16)}, "not_a_genesis"),
        ({"nonce": bytes(16)}, "nonce_outside_genesis"),
        ({"space": raw_cid_of(b"")}, "bad_field"),
        ({"space": SPACE[:-1]}, "bad_field"),
        ({"space": Link(SPACE)}, "bad_field"),
        ({"author": KEY.public}, "bad_field"),
        ({"seq": -1}, "bad_field"),
        ({"seq": True}, "bad_field"),
        ({"seq": 0}, "prev_at_start"),
        ({"prev": None}, "prev_missing"),
        ({"prev": b"x"}, "bad_field"),
        ({"parents": [PREV, PREV]}, "duplicate_parent"),
        ({"parents": [b"x"]}, "bad_field"),
        ({"parents": [cid_of(b"%d" % number) for number in range(17)]}, "too_many_parents"),
        ({"at": -1}, "bad_field"),
        ({"at": 1.0}, "bad_field"),
        ({"until": 0}, "bad_field"),
        ({"ops": []}, "no_ops"),
        ({"ops": [OP] * 257}, "too_many_ops"),
        ({"ops": [{"op": "nodot", "ver": 1}]}, "bad_op_name"),
        ({"ops": [{"op": "test.op"}]}, "bad_op_version"),
        ({"ops": [{**OP, "x": 0.5}]}, "bad_encoding"),
        ({"ops": [{**OP, "x": 2**63}]}, "bad_encoding"),
        ({"ops": [{**OP, "x": "\ud800"}]}, "bad_encoding"),
        ({"ops": [{**OP, "x": {1: 2}}]}, "bad_encoding"),
        ({"ops": [{**OP, "x": {1, 2}}]}, "bad_encoding"),
        ({"ops": [{**OP, "x": bytearray(b"x")}]}, "bad_encoding"),
        ({"ops": [{"op": "test.op", "ver": 1, 5: 1}]}, "bad_encoding"),
        ({"ops": [OP, {**OP, "x": [Link(PREV)]}]}, "link_in_ops"),
    ],
)
def test_unsigned_refuses_what_decoding_would(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidEvent) as refusal:
        unsigned(**{"author": KEY.author, **fields(), **changes})
    assert refusal.value.code == code


@given(st.one_of(st.binary(max_size=80), values.map(encode_strictly)))
def test_attach_refuses_what_is_no_unsigned_event(data: bytes) -> None:
    with pytest.raises(InvalidEvent, match="not_an_unsigned_event"):
        attach(data, bytes(64))


@given(event_fields(), st.data())
def test_attach_to_damaged_bytes_makes_no_valid_event_of_another_message(
    made: dict[str, Any], data: st.DataObject
) -> None:
    """Whatever the splice makes of them, a block that then holds is of exactly the bytes that were signed."""
    unsigned_bytes = bytearray(unsigned(author=KEY.author, **made))
    at = data.draw(st.integers(0, len(unsigned_bytes) - 1))
    unsigned_bytes[at] ^= 1 << data.draw(st.integers(0, 7))
    damaged = bytes(unsigned_bytes)
    try:
        event = check_event(attach(damaged, KEY.sign(signing_bytes(damaged))))
    except InvalidEvent:
        return
    assert message_of(event) == signing_bytes(damaged)


def test_attach_checks_the_length_of_the_signature() -> None:
    data = unsigned(author=KEY.author, **fields())
    for length in (0, 63, 65):
        with pytest.raises(InvalidEvent, match="bad_field, field='sig'"):
            attach(data, bytes(length))
    with pytest.raises(InvalidEvent, match="not_an_unsigned_event"):
        attach(attach(data, bytes(64)), bytes(64))


def test_a_signature_of_another_key_is_refused() -> None:
    data = unsigned(author=KEY.author, **fields())
    block = attach(data, OTHER.sign(signing_bytes(data)))
    event = decode_event(block)
    for check in (lambda: verify_event(event), lambda: check_event(block)):
        with pytest.raises(InvalidEvent, match="bad_signature"):
            check()


def test_trusted_decoding_is_the_same_event() -> None:
    event = check_event(sign_event(KEY, **fields(until=9, ops=[{**OP, "cid": SPACE}])).block)
    again = decode_trusted(event.block, event.cid)
    assert all(getattr(again, name) == getattr(event, name) for name in Event.__struct_fields__)


def test_a_strangers_text_in_an_error_is_short() -> None:
    said = {"v": 1, "author": KEY.author, "sig": bytes(64), "seq": 0, "at": 1, "parents": [], "space": Link(SPACE)}
    with pytest.raises(InvalidEvent) as refusal:
        decode_event(encode_strictly(said | {"ops": [OP], "x" * 10_000: 1}))
    assert refusal.value.code == "unknown_field"
    assert len(str(refusal.value)) < 200
