"""The golden vectors of keys and events: tests/golden/events.json pins the format for ever.

The file is for implementers as much as for this test. Its values are DAG-JSON: a byte string is
`{"/": {"bytes": base64 without padding}}`, a link `{"/": CID text}`. Integers go to 2^63-1, beyond what some readers of
JSON keep exactly.

The test recomputes every vector from the definitions below and compares it with the file. The file is written only on
purpose, by a person who has decided to change the format (a new `v`) or to add a vector:

    python tests/dag/test_event_golden.py --write

Review the difference: no line that was there before may change.
"""

import json
import sys
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha512
from pathlib import Path
from typing import Any

import cbor2
import pytest
from nacl.bindings import crypto_core_ed25519_add, crypto_scalarmult_ed25519_base_noclamp

from dag.cid import cid_of, cid_text, raw_cid_of
from dag.event import (
    CODES,
    EVENT_DOMAIN,
    Event,
    InvalidEvent,
    attach,
    check_event,
    decode_event_strictly,
    decode_trusted,
    message_of,
    sign_event,
    signing_bytes,
    unsigned,
)
from dag.keys import SigningKey, key_binding_bytes, public_of

FILE = Path(__file__).parent.parent / "golden" / "events.json"

Fields = dict[str, Any]

# --- definitions ------------------------------------------------------------------------------------------------

SEEDS = (bytes(32), b"\x01" * 32, bytes(range(32)), b"\xff" * 32)
KEYS = tuple(SigningKey.from_seed(seed) for seed in SEEDS)
ALICE, BOB = KEYS[2], KEYS[1]


def some_cid(name: str) -> bytes:
    return cid_of(name.encode())


SPACE = some_cid("golden space")
PREV = some_cid("golden prev")
DAG_CID = some_cid("golden trap")
MINIMAL: Fields = {"op": "golden.none", "ver": 1}


def event_fields(**changes: Any) -> Fields:
    """The fields of `unsigned` but `author`, of an ordinary event of Alice's."""
    fields: Fields = {
        "space": SPACE,
        "nonce": None,
        "seq": 1,
        "prev": PREV,
        "parents": [],
        "at": 1_750_000_000_000,
        "until": None,
        "ops": [MINIMAL],
    }
    return fields | changes


def genesis_fields(**changes: Any) -> Fields:
    return event_fields(space=None, nonce=bytes(range(16)), seq=0, prev=None) | changes


def nested(depth: int) -> Any:
    value: Any = []
    for level in range(depth - 1):
        value = {"deeper": value} if level % 2 else [value]
    return value


EVENTS: dict[str, tuple[SigningKey, Fields]] = {
    "genesis": (
        ALICE,
        genesis_fields(ops=[{"op": "space.found", "ver": 1, "name": "Sample Co-op", "zone": "Europe/Berlin"}]),
    ),
    "first event of an author": (BOB, event_fields(seq=0, prev=None)),
    "plain": (
        ALICE,
        event_fields(ops=[{"op": "credit.transfer", "ver": 1, "to": 7, "unit": 1, "amount": 1250, "memo": None}]),
    ),
    "with until and parents": (
        ALICE,
        event_fields(seq=23, until=1_750_000_600_000, parents=[some_cid(name) for name in ("x", "a", "m")]),
    ),
    "sixteen parents": (ALICE, event_fields(seq=24, parents=[some_cid(f"parent {number}") for number in range(16)])),
    "256 ops": (
        ALICE,
        event_fields(
            seq=300,
            ops=[{"op": "credit.transfer", "ver": 1, "to": number, "amount": number * number} for number in range(256)],
        ),
    ),
    "byte strings of the shape of CIDs": (
        ALICE,
        event_fields(
            ops=[
                {
                    "op": "golden.trap",
                    "ver": 1,
                    "dag": DAG_CID,
                    "raw": raw_cid_of(b"golden trap"),
                    "v0": b"\x12\x20" + DAG_CID[4:],
                    "short": b"\x01\x71\x12\x0c" + bytes(12),
                    "identity": b"\x01\x55\x00\x00",
                    "tag": b"\xd8\x2a\x58\x25\x00" + DAG_CID,
                    "tag head": b"\xd8\x2a",
                    "in a list": [DAG_CID, {"in a map": DAG_CID}],
                }
            ]
        ),
    ),
    "genesis whose nonce has the shape of a CID": (ALICE, genesis_fields(nonce=b"\x01\x71\x12\x0c" + bytes(12))),
    "signature with the bytes of tag 42": (BOB, event_fields(seq=0, prev=None, at=10_000_170)),
    "signature of the shape of a CID": (BOB, event_fields(seq=0, prev=None, at=10_932_291)),
    "unicode": (
        ALICE,
        event_fields(
            ops=[
                {
                    "op": "golden.text",
                    "ver": 1,
                    "": "",
                    "zz": "two bytes",
                    "é": "two bytes, sorted behind zz",
                    "𐅑": "four bytes",
                    "水": "three bytes",
                    "composed": "caf\u00e9",
                    "combining": "cafe\u0301",
                    "bidi": "\u202eשלום\u202c مرحبا",
                    "astral": "🧑\u200d🌾🥖",
                    "control": "\0\x1f\x7f\ufeff\ufffe\uffff",
                    "sharp": "Straße",
                }
            ]
        ),
    ),
    "extremes": (
        KEYS[3],
        event_fields(
            seq=2**53,
            at=2**53,
            until=2**53,
            ops=[
                {"op": "a.b", "ver": 2**31 - 1, "max": 2**63 - 1, "min": 1 - 2**63, "bits": [False, True, None]},
                {"op": "." + "z_9" * 21, "ver": 1, "heads": [-1, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32]},
                {"op": "golden.deep", "ver": 1, "deep": nested(13)},
            ],
        ),
    ),
    "zero times": (KEYS[0], event_fields(at=0, until=1)),
}

# --- what must be refused: made with cbor2, which writes whatever it is told --------------------------------------

MARK = b"\xfe\xfe\xfe"
MARKED = b"\x43" + MARK


def link(cid: bytes) -> Any:
    return cbor2.CBORTag(42, b"\0" + cid)


def raw_map(**changes: Any) -> Fields:
    """The unsigned map of an ordinary event for cbor2. A change to `...` takes the key away."""
    fields: Fields = {
        "v": 1,
        "space": link(SPACE),
        "author": ALICE.author,
        "seq": 1,
        "prev": link(PREV),
        "parents": [],
        "at": 1_750_000_000_000,
        "ops": [MINIMAL],
    }
    return {name: value for name, value in (fields | changes).items() if value is not ...}


def forged(fields: Fields, splice: bytes = MARKED, key: SigningKey = ALICE) -> bytes:
    """A block with a good signature over whatever the fields are, with `splice` in place of the marked item."""

    def encoded(value: Fields) -> bytes:
        return cbor2.dumps(value, canonical=True).replace(MARKED, splice)

    return encoded(fields | {"sig": key.sign(EVENT_DOMAIN + encoded(fields))})


def with_op(**changes: Any) -> bytes:
    return forged(raw_map(ops=[{key: value for key, value in (MINIMAL | changes).items() if value is not ...}]))


def with_item(item: str) -> bytes:
    """A block with these bytes as a value in an op."""
    return forged(raw_map(ops=[MINIMAL | {"x": MARK}]), bytes.fromhex(item))


def signed_by(make: Callable[[bytes], bytes], author: bytes = ALICE.author) -> bytes:
    """An ordinary event with the signature that `make` gives for its message."""
    data = unsigned(author=author, **event_fields())
    return attach(data, make(signing_bytes(data)))


GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493
POINT_OF_ORDER_8 = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
IDENTITY = b"\x01" + bytes(31)


def little(number: int) -> bytes:
    return number.to_bytes(32, "little")


def alice_signs_with(r_point: bytes, r: int) -> Callable[[bytes], bytes]:
    """Alice's signature with an R of her choice, and S = r + h a."""
    scalar = int.from_bytes(sha512(SEEDS[2]).digest()[:32], "little") & ((1 << 254) - 8) | 1 << 254

    def make(message: bytes) -> bytes:
        challenge = int.from_bytes(sha512(r_point + ALICE.public + message).digest(), "little")
        return r_point + little((r + challenge * scalar) % GROUP_ORDER)

    return make


def malleated(message: bytes) -> bytes:
    signature = ALICE.sign(message)
    return signature[:32] + little(int.from_bytes(signature[32:], "little") + GROUP_ORDER)


def flipped(message: bytes) -> bytes:
    signature = bytearray(ALICE.sign(message))
    signature[0] ^= 1
    return bytes(signature)


def base_times(scalar: int) -> bytes:
    return crypto_scalarmult_ed25519_base_noclamp(little(scalar))


A_CID = "01711220" + "ab" * 32
NULL_OP = with_item("f6")  # accepted; the base of the refused ones
SIG_LINK = forged(raw_map()).replace(b"\x63sig\x58\x40", b"\x63sig\xd8\x2a\x58\x40")

REJECTS: dict[str, tuple[bytes, str, dict[str, Any]]] = {
    "empty": (b"", "bad_encoding", {"reason": "truncated"}),
    "last byte missing": (forged(raw_map())[:-1], "bad_encoding", {"reason": "truncated"}),
    "one byte more": (forged(raw_map()) + b"\0", "bad_encoding", {"reason": "trailing_bytes"}),
    "two blocks": (forged(raw_map()) * 2, "bad_encoding", {"reason": "trailing_bytes"}),
    "signature tagged as a link": (SIG_LINK, "bad_encoding", {"reason": "cid_no_multibase_prefix"}),
    **{
        name: (with_item(item), "bad_encoding", {"reason": reason})
        for name, item, reason in (
            ("non-minimal integer", "1817", "non_minimal_integer"),
            ("non-minimal negative integer", "3817", "non_minimal_integer"),
            ("non-minimal length of bytes", "5800", "non_minimal_length"),
            ("non-minimal length of text", "7800", "non_minimal_length"),
            ("non-minimal length of a list", "9800", "non_minimal_length"),
            ("non-minimal length of a map", "b800", "non_minimal_length"),
            ("non-minimal tag", "d9002a582500" + A_CID, "non_minimal_tag"),
            ("indefinite bytes", "5f4100ff", "indefinite_length"),
            ("indefinite text", "7f6161ff", "indefinite_length"),
            ("indefinite list", "9fff", "indefinite_length"),
            ("indefinite map", "bfff", "indefinite_length"),
            ("reserved head", "1c", "reserved_head"),
            ("break", "ff", "unexpected_break"),
            ("half float", "f93c00", "float"),
            ("single float", "fa3f800000", "float"),
            ("double float", "fb3ff0000000000000", "float"),
            ("not a number", "fb7ff8000000000000", "float"),
            ("infinity", "fb7ff0000000000000", "float"),
            ("undefined", "f7", "undefined"),
            ("simple value", "f0", "simple_value"),
            ("simple value in two bytes", "f820", "simple_value"),
            ("bignum", "c249010000000000000000", "bignum_tag"),
            ("negative bignum", "c349010000000000000000", "bignum_tag"),
            ("time tag", "c100", "unknown_tag"),
            ("self-described CBOR", "d9d9f7f6", "unknown_tag"),
            ("unsorted keys", "a2616200616100", "keys_unsorted"),
            ("keys sorted bytewise, not by length first", "a262616100616200", "keys_unsorted"),
            ("duplicate key", "a2616100616100", "duplicate_key"),
            ("integer key", "a10000", "key_not_string"),
            ("bytes as key", "a1416100", "key_not_string"),
            ("bad UTF-8", "61ff", "invalid_utf8"),
            ("overlong UTF-8", "62c0af", "invalid_utf8"),
            ("surrogate in UTF-8", "63eda080", "invalid_utf8"),
            ("2^63", "1b8000000000000000", "integer_out_of_range"),
            ("2^64-1", "1bffffffffffffffff", "integer_out_of_range"),
            ("-2^63", "3b7fffffffffffffff", "integer_out_of_range"),
            ("-2^64", "3bffffffffffffffff", "integer_out_of_range"),
            ("17 containers deep", "81" * 13 + "80", "too_deep"),
            ("link that is text", "d82a6161", "cid_not_bytes"),
            ("link without multibase prefix", "d82a5824" + A_CID, "cid_no_multibase_prefix"),
            ("link to a CIDv0", "d82a5823001220" + A_CID[8:], "cid_version"),
            ("link to dag-pb", "d82a5825000170" + A_CID[4:], "cid_codec"),
            ("link to sha2-512", "d82a582500017113" + A_CID[6:], "cid_hash"),
            ("link to a short hash", "d82a582400" + A_CID[:-2], "cid_length"),
            ("link to a long hash", "d82a582600" + A_CID + "00", "cid_length"),
        )
    },
    "link in an op": (with_item("d82a582500" + A_CID), "link_in_ops", {"index": 0}),
    "link to raw in an op": (with_item("d82a582500" + "0155" + A_CID[4:]), "link_in_ops", {"index": 0}),
    "link deep in an op": (with_item("81a1616181d82a582500" + A_CID), "link_in_ops", {"index": 0}),
    "link in the second op": (
        forged(raw_map(ops=[MINIMAL, MINIMAL | {"x": link(DAG_CID)}])),
        "link_in_ops",
        {"index": 1},
    ),
    "a list": (cbor2.dumps([1]), "not_a_map", {}),
    "an integer": (cbor2.dumps(1), "not_a_map", {}),
    **{
        f"no {field}": (forged(raw_map(**{field: ...})), "missing_field", {"field": field})
        for field in ("v", "at", "ops", "seq", "author", "parents", "space")
    },
    "no sig": (cbor2.dumps(raw_map(), canonical=True), "missing_field", {"field": "sig"}),
    "unknown field": (forged(raw_map(memo="x")), "unknown_field", {"field": "memo"}),
    "empty field name": (forged(raw_map() | {"": 1}), "unknown_field", {"field": ""}),
    "version 0": (forged(raw_map(v=0)), "wrong_version", {"v": 0}),
    "version 2": (forged(raw_map(v=2)), "wrong_version", {"v": 2}),
    **{
        f"{field} is {told}": (forged(raw_map(**{field: value})), "bad_field", {"field": field})
        for field, told, value in (
            ("v", "true", True),
            ("v", "text", "1"),
            ("at", "-1", -1),
            ("at", "2^53+1", 2**53 + 1),
            ("at", "true", True),
            ("at", "null", None),
            ("seq", "-1", -1),
            ("seq", "2^53+1", 2**53 + 1),
            ("seq", "true", True),
            ("until", "0", 0),
            ("until", "2^53+1", 2**53 + 1),
            ("until", "null", None),
            ("until", "false", False),
            ("author", "a bare key", ALICE.public),
            ("author", "a DID", ALICE.did),
            ("author", "of another key type", b"\xe7\x01" + ALICE.public),
            ("author", "one byte long", ALICE.author + b"\0"),
            ("space", "bytes", SPACE),
            ("space", "text", cid_text(SPACE)),
            ("space", "a raw link", link(raw_cid_of(b""))),
            ("prev", "null", None),
            ("prev", "bytes", PREV),
            ("prev", "a raw link", link(raw_cid_of(b""))),
            ("parents", "null", None),
            ("parents", "a map", {}),
            ("parents", "bytes", [PREV]),
            ("parents", "a raw link", [link(raw_cid_of(b""))]),
            ("ops", "null", None),
            ("ops", "a map", MINIMAL),
        )
    },
    "short signature": (cbor2.dumps(raw_map(sig=bytes(63)), canonical=True), "bad_field", {"field": "sig"}),
    "long signature": (cbor2.dumps(raw_map(sig=bytes(65)), canonical=True), "bad_field", {"field": "sig"}),
    "signature is text": (cbor2.dumps(raw_map(sig="a" * 64), canonical=True), "bad_field", {"field": "sig"}),
    "nonce outside a genesis": (forged(raw_map(nonce=bytes(16))), "nonce_outside_genesis", {}),
    "short nonce": (forged(raw_map(space=..., prev=..., seq=0, nonce=bytes(15))), "bad_field", {"field": "nonce"}),
    "genesis with seq 1": (forged(raw_map(space=..., prev=..., nonce=bytes(16))), "not_a_genesis", {"field": "seq"}),
    "genesis with prev": (forged(raw_map(space=..., seq=0, nonce=bytes(16))), "not_a_genesis", {"field": "prev"}),
    "genesis with parents": (
        forged(raw_map(space=..., prev=..., seq=0, nonce=bytes(16), parents=[link(PREV)])),
        "not_a_genesis",
        {"field": "parents"},
    ),
    "prev missing": (forged(raw_map(prev=...)), "prev_missing", {}),
    "prev at seq 0": (forged(raw_map(seq=0)), "prev_at_start", {}),
    "17 parents": (
        forged(raw_map(parents=[link(cid) for cid in sorted(some_cid(f"{number}") for number in range(17))])),
        "too_many_parents",
        {},
    ),
    "parents unsorted": (
        forged(raw_map(parents=[link(cid) for cid in sorted((SPACE, PREV), reverse=True)])),
        "parents_unsorted",
        {},
    ),
    "duplicate parent": (forged(raw_map(parents=[link(PREV), link(PREV)])), "duplicate_parent", {}),
    "no ops": (forged(raw_map(ops=[])), "no_ops", {}),
    "257 ops": (forged(raw_map(ops=[MINIMAL] * 257)), "too_many_ops", {}),
    "op is null": (forged(raw_map(ops=[MINIMAL, None])), "bad_op", {"index": 1}),
    "op is a list": (forged(raw_map(ops=[["golden.none", 1]])), "bad_op", {"index": 0}),
    **{
        f"op name {told}": (with_op(op=name), "bad_op_name", {"index": 0})
        for told, name in (
            ("missing", ...),
            ("a number", 1),
            ("bytes", b"golden.none"),
            ("empty", ""),
            ("of two characters", "a."),
            ("of 65 characters", "a." + "b" * 63),
            ("without a dot", "golden"),
            ("in upper case", "Golden.none"),
            ("with a hyphen", "golden.no-ne"),
            ("with a space", "golden.none "),
            ("with a newline", "golden.none\n"),
            ("with a letter beyond ASCII", "golden.nöne"),
            ("with another script's digit", "golden.\u0661"),
        )
    },
    **{
        f"op version {told}": (with_op(ver=version), "bad_op_version", {"index": 0})
        for told, version in (
            ("missing", ...),
            ("0", 0),
            ("negative", -1),
            ("2^31", 2**31),
            ("true", True),
            ("text", "1"),
            ("null", None),
        )
    },
    "signature changed": (signed_by(flipped), "bad_signature", {}),
    "signature of another key": (signed_by(BOB.sign), "bad_signature", {}),
    "signature without the domain": (
        signed_by(lambda message: ALICE.sign(message.removeprefix(EVENT_DOMAIN))),
        "bad_signature",
        {},
    ),
    "signature with S + L": (signed_by(malleated), "bad_signature", {}),
    "signature that only the cofactored equation accepts": (
        signed_by(alice_signs_with(crypto_core_ed25519_add(base_times(77), POINT_OF_ORDER_8), 77)),
        "bad_signature",
        {},
    ),
    "signature with R the identity": (signed_by(alice_signs_with(IDENTITY, 0)), "bad_signature", {}),
    "key of order 1, for which every R = S B holds": (
        signed_by(lambda _: base_times(77) + little(77), b"\xed\x01" + IDENTITY),
        "bad_signature",
        {},
    ),
}

# --- the file ---------------------------------------------------------------------------------------------------


def dag_json(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"/": {"bytes": b64encode(value).decode().rstrip("=")}}
    if isinstance(value, dict):
        return {key: dag_json(item) for key, item in value.items()}
    return [dag_json(item) for item in value] if isinstance(value, list) else value


def link_json(cid: bytes | None) -> Any:
    return None if cid is None else {"/": cid_text(cid)}


def event_vector(key: SigningKey, fields: Fields) -> dict[str, Any]:
    event = sign_event(key, **fields)
    said = {
        "author": key.did,
        "space": link_json(fields["space"]),
        "nonce": dag_json(fields["nonce"]),
        "seq": fields["seq"],
        "prev": link_json(fields["prev"]),
        "parents": [link_json(parent) for parent in sorted(fields["parents"])],
        "at": fields["at"],
        "until": fields["until"],
        "ops": dag_json(fields["ops"]),
    }
    return {"fields": said, "sig": event.sig.hex(), "block": event.block.hex(), "cid": cid_text(event.cid)}


def vectors() -> dict[str, Any]:
    return {
        "about": "Keys and events of version 1; see tests/dag/test_event_golden.py. Fields are DAG-JSON, blocks hex.",
        "keys": [
            {"seed": seed.hex(), "public": key.public.hex(), "author": key.author.hex(), "did": key.did}
            for seed, key in zip(SEEDS, KEYS, strict=True)
        ],
        "key_bindings": [
            {"space": link_json(space), "member": BOB.did, "bytes": bound.hex(), "sig": ALICE.sign(bound).hex()}
            for space in (None, SPACE)
            for bound in (key_binding_bytes(space, BOB.did),)
        ],
        "events": {name: event_vector(key, fields) for name, (key, fields) in EVENTS.items()},
        "rejects": {
            name: {"code": code, "facts": facts, "block": block.hex()} for name, (block, code, facts) in REJECTS.items()
        },
    }


def as_text(pinned: dict[str, Any]) -> str:
    """JSON with a line for each vector, so that a change of one is a change of one line."""

    def dump(value: Any) -> str:
        return json.dumps(value, ensure_ascii=True, separators=(",", ":"))

    parts = []
    for section, content in pinned.items():
        if isinstance(content, dict):
            lines = [f"{dump(name)}:{dump(vector)}" for name, vector in content.items()]
            parts.append(f"{dump(section)}:{{\n" + ",\n".join(lines) + "\n}")
        elif isinstance(content, list):
            parts.append(f"{dump(section)}:[\n" + ",\n".join(dump(vector) for vector in content) + "\n]")
        else:
            parts.append(f"{dump(section)}:{dump(content)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


# --- tests ------------------------------------------------------------------------------------------------------

PINNED: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}


def test_the_file_is_what_the_definitions_give() -> None:
    assert FILE.read_text(encoding="utf-8") == as_text(vectors())


@pytest.mark.parametrize("name", EVENTS)
def test_pinned_events_hold_and_say_what_they_were_made_of(name: str) -> None:
    key, fields = EVENTS[name]
    vector = PINNED["events"][name]
    block = bytes.fromhex(vector["block"])
    event = check_event(block)
    assert cid_text(event.cid) == vector["cid"]
    assert event.sig.hex() == vector["sig"]
    assert event.author == key.author
    assert public_of(vector["fields"]["author"]) == event.author[2:]
    expected = fields | {"parents": tuple(sorted(fields["parents"])), "ops": tuple(fields["ops"])}
    assert {field: getattr(event, field) for field in expected} == expected
    for other in (decode_event_strictly(block), decode_trusted(block, event.cid)):
        assert all(getattr(other, field) == getattr(event, field) for field in Event.__struct_fields__)


@pytest.mark.parametrize("name", EVENTS)
def test_pinned_events_are_what_cbor2_writes(name: str) -> None:
    """A second opinion on the bytes, made from the fields by other code."""
    key, fields = EVENTS[name]
    event = check_event(bytes.fromhex(PINNED["events"][name]["block"]))
    said: Fields = {"v": 1, "author": key.author, "parents": [link(parent) for parent in sorted(fields["parents"])]}
    said |= {field: fields[field] for field in ("seq", "at", "ops")}
    said |= {field: fields[field] for field in ("nonce", "until") if fields[field] is not None}
    said |= {field: link(fields[field]) for field in ("space", "prev") if fields[field] is not None}
    assert EVENT_DOMAIN + cbor2.dumps(said, canonical=True) == message_of(event)
    assert cbor2.dumps(said | {"sig": event.sig}, canonical=True) == event.block


def test_the_traps_are_in_the_vectors() -> None:
    """The vectors that are to mislead libipld do have the bytes for it."""
    shaped = check_event(bytes.fromhex(PINNED["events"]["signature of the shape of a CID"]["block"]))
    assert shaped.sig[0] == 1
    assert shaped.sig[3] == len(shaped.sig) - 4
    assert max(shaped.sig[1:3]) < 0x80
    tagged = check_event(bytes.fromhex(PINNED["events"]["signature with the bytes of tag 42"]["block"]))
    assert b"\xd8\x2a" in tagged.sig


def test_the_base_of_the_refused_blocks_is_accepted() -> None:
    """So that each is refused for its own fault alone."""
    for block in (
        NULL_OP,
        forged(raw_map()),
        with_op(),
        signed_by(ALICE.sign),
        signed_by(alice_signs_with(base_times(77), 77)),
    ):
        assert check_event(block).author == ALICE.author
    assert check_event(with_item("81" * 12 + "80")).seq == 1


@pytest.mark.parametrize("name", REJECTS)
def test_pinned_rejects_are_refused_for_their_reason(name: str) -> None:
    vector = PINNED["rejects"][name]
    with pytest.raises(InvalidEvent) as refusal:
        check_event(bytes.fromhex(vector["block"]))
    facts = {fact: value for fact, value in refusal.value.facts.items() if fact != "offset"}
    assert (refusal.value.code, facts) == (vector["code"], vector["facts"])


def test_every_code_has_a_pinned_reject() -> None:
    """But for the size, which would make the file as large: see test_event.py."""
    assert {code for _, code, _ in REJECTS.values()} == CODES.keys() - {"too_large"}


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit("This rewrites the vectors that pin the format for ever. If that is meant, add --write.")
    FILE.write_text(as_text(vectors()), encoding="utf-8")
    print(f"wrote {FILE}: review the difference, no old line may change")
