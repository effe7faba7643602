"""Private fields: commitments that cannot be lifted, one spelling for an audience, and whose a field is."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag.codec import Link, encode
from dag.event import sign_event
from icn_node.kernel import private, registry
from icn_node.kernel.fields import Private, Who
from icn_node.kernel.module import Command
from icn_node.kernel.private import BadAudience, PayloadInvalid, audience_of, check_context, context_of, payload_of
from tests.people import organisation, words
from tests.world import World, key_of

SPACE = b"\x01\x71\x12\x20" + b"\5" * 32
AUTHOR = key_of("ann").author
SALT = b"\7" * 32
HERE: dict[str, Any] = {"space": SPACE, "author": AUTHOR, "seq": 4, "op": 2, "field": "memo"}


# --- payloads -------------------------------------------------------------------------------------------------------


def test_the_commitment_is_the_formula_of_the_specification() -> None:
    payload = payload_of(**HERE, value="thanks")
    expected = encode({"space": Link(SPACE), "author": AUTHOR, "seq": 4, "op": 2, "field": "memo", "value": "thanks"})
    assert payload == expected
    made = private.commitment(SALT, payload, "parties")
    assert made.h == hashlib.sha256(b"icn-private-v1\0" + SALT + payload).digest()
    assert (made.audience, made.size) == ("parties", len(payload))


def test_the_bytes_are_pinned() -> None:
    """For ever: a changed byte here would make every stored commitment of every space unreadable."""
    payload = payload_of(**HERE, value=b"\0\xff")
    assert hashlib.sha256(payload).hexdigest() == "5a2628ad11793b698a4663499f445c81c2725c127c00b392fcef2191169e7673"
    assert (
        private.commitment(SALT, payload, "members").h.hex()
        == "4d623dd5aa225ed6fa721d96a03008b37deaa96337d748f34904059308ef6beb"
    )


@given(
    space=st.none() | st.just(SPACE),
    seq=st.integers(0, 2**53),
    op=st.integers(0, 255),
    field=st.text(min_size=1, max_size=40),
    value=st.text(max_size=200) | st.binary(max_size=200),
)
def test_what_a_payload_says_is_what_was_put_in(
    space: bytes | None, seq: int, op: int, field: str, value: str | bytes
) -> None:
    payload = payload_of(space=space, author=AUTHOR, seq=seq, op=op, field=field, value=value)
    said = context_of(payload)
    assert (said.space, said.author, said.seq, said.op, said.field, said.value) == (
        space, AUTHOR, seq, op, field, value,
    )  # fmt: skip
    assert type(said.value) is type(value)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "codec"),
        (b"\xff", "codec"),
        (encode([1]), "fields"),
        (encode({"space": None}), "fields"),
        (encode({**HERE, "space": Link(SPACE), "value": "x", "more": 1}), "fields"),
        (encode({**HERE, "value": "x"}), "types"),  # the space as bytes, not as a link
        (encode({**HERE, "space": None, "value": 3}), "types"),
        (encode({**HERE, "space": None, "value": None}), "types"),
        (encode({**HERE, "space": None, "value": Link(SPACE)}), "types"),
        (encode({**HERE, "space": None, "value": "x", "seq": True}), "types"),
        (encode({**HERE, "space": None, "value": "x", "author": "ann"}), "types"),
        (payload_of(**HERE, value="x") + b"\0", "codec"),
        (b"\0" * 65_537, "size"),
    ],
)
def test_bytes_that_are_no_payload(payload: bytes, reason: str) -> None:
    with pytest.raises(PayloadInvalid) as refused:
        context_of(payload)
    assert refused.value.reason == reason


def test_a_payload_is_at_most_64_kib() -> None:
    room = 65_536 - len(payload_of(**HERE, value="")) - 2  # the length of a long text takes two bytes more
    payload = payload_of(**HERE, value="x" * room)
    assert len(payload) == 65_536
    assert private.commitment(SALT, payload, "members").size == 65_536
    with pytest.raises(PayloadInvalid):
        payload_of(**HERE, value="x" * (room + 1))
    with pytest.raises(PayloadInvalid):
        private.commitment(SALT, b"\0" * 65_537, "members")


@given(salt=st.binary(min_size=32, max_size=32), text=st.text(max_size=30), flip=st.integers(0, 10**6))
def test_only_the_very_salt_and_payload_open_a_commitment(salt: bytes, text: str, flip: int) -> None:
    payload = payload_of(**HERE, value=text)
    made = private.commitment(salt, payload, "members")
    assert private.opens(made, salt, payload)
    both = bytearray(salt + payload)
    both[flip % len(both)] ^= 1 + flip % 255
    assert not private.opens(made, bytes(both[:32]), bytes(both[32:]))
    assert not private.opens(made, salt + payload[:1], payload[1:])
    assert not private.opens(msgspec.structs.replace(made, size=made.size + 1), salt, payload)


def test_a_salt_is_32_bytes() -> None:
    with pytest.raises(AssertionError):
        private.commitment(b"short", b"", "members")


@pytest.mark.parametrize(
    ("change", "op", "field", "holds"),
    [
        ({}, 2, "memo", True),
        ({"seq": 5}, 2, "memo", False),
        ({"author": key_of("bob").author}, 2, "memo", False),
        ({"space": None}, 2, "memo", False),
        ({"space": b"\x01\x71\x12\x20" + b"\6" * 32}, 2, "memo", False),
        ({}, 1, "memo", False),
        ({}, 2, "reason", False),
    ],
)
def test_a_payload_belongs_to_one_field_of_one_command_of_one_event(
    change: dict[str, Any], op: int, field: str, holds: bool
) -> None:
    event = sign_event(
        key_of("ann"),
        space=SPACE,
        seq=4,
        prev=SPACE,
        parents=(),
        at=1,
        until=None,
        ops=[{"op": "credit.transfer", "ver": 1}],
    )
    payload = payload_of(**{**HERE, **change}, value="thanks")
    assert check_context(payload, event, op, field) is holds
    assert not check_context(payload[:-1], event, op, field)


# --- audiences ------------------------------------------------------------------------------------------------------

ANN, BOB = key_of("ann").did, key_of("bob").did

AUDIENCES = f"""
parties                     | parties
members                     | members
members parties             | members parties
parties role:steward        | parties role:steward
role:a.b-c_d9               | role:a.b-c_d9
{min(ANN, BOB)} {max(ANN, BOB)} role:x | two
parties members             | no
parties parties             | no
parties  role:x             | no
role:                       | no
role:Steward                | no
role:x!                     | no
everyone                    | no
did:key:z6Mk                | no
did:web:example.org         | no
role:x\\n                   | no
"""


@pytest.mark.parametrize("line", AUDIENCES.strip().splitlines())
def test_an_audience_has_one_spelling(line: str) -> None:
    text, _, said = line.partition("|")
    text = text.strip().replace("\\n", "\n")
    if said.strip() == "no":
        with pytest.raises(BadAudience):
            audience_of(text)
        return
    audience = audience_of(text)
    spelled = [w for w, on in (("members", audience.members), ("parties", audience.parties)) if on]
    spelled += [f"role:{r}" for r in audience.roles]
    assert sorted([*spelled, *audience.dids]) == text.split(" ")


@pytest.mark.parametrize("text", ["", " ", "parties ", " parties", " ".join(f"role:r{n:02}" for n in range(17))])
def test_what_is_no_audience(text: str) -> None:
    with pytest.raises(BadAudience):
        audience_of(text)
    with pytest.raises(BadAudience):
        private.commitment(SALT, b"", text)


def test_an_event_with_a_malformed_audience_is_refused() -> None:
    w = World()
    assert w.refused("ann", "member.describe", name=words("parties members")) == "bad_audience"


# --- whose a field is -----------------------------------------------------------------------------------------------


class Row(msgspec.Struct, frozen=True):
    label: Private
    amount: int = 0


class Bulk(Command, frozen=True):
    """A command with private fields of every shape."""

    OP = "test.bulk"
    memo: Private | None
    rows: tuple[Row, ...]
    ops: list[dict[str, Any]]
    payee: Who | None = None
    others: tuple[Who, ...] = ()
    note: str = ""


class Plain(Command, frozen=True):
    """A command without."""

    OP = "test.plain"
    payee: Who
    rows: tuple[tuple[int, str], ...] = ()


def test_a_plan_names_what_may_carry_and_who_is_named() -> None:
    plan = private.plan_of(Bulk)
    assert plan is not None
    assert (plan.direct, plan.nested, plan.who) == (("memo",), ("rows", "ops"), ("payee", "others"))
    assert private.plan_of(Plain) is None


def test_commitments_are_found_wherever_they_stand() -> None:
    one, two, three = (Private(bytes([n]) * 32, "members", 1) for n in (1, 2, 3))
    nested = {"op": "x", "ver": 1, "memo": {"h": b"\4" * 32, "audience": "members", "size": 2}, "n": 1, "t": "text"}
    odd = {"op": "y", "memo": {"h": b"short", "audience": "members", "size": 2}}
    cmd = Bulk(one, (Row(two), Row(three, 5)), [nested, odd])
    found = {name: list(private.found_in(getattr(cmd, name), name)) for name in ("memo", "rows", "ops", "note")}
    assert found["memo"] == [("memo", one)]
    assert found["rows"] == [("rows.0.label", two), ("rows.1.label", three)]
    assert found["ops"] == [("ops.0.memo", Private(b"\4" * 32, "members", 2))]
    assert found["note"] == []


def test_the_first_event_that_carries_a_hash_decides_whose_it_is() -> None:
    w = World()
    for name in ("bob", "cid"):
        w.member(name)
    w.do("bob", "member.describe", name=words("members", 1), contact=words("parties", 2))
    w.do("cid", "member.describe", name=words("members", 1))
    field = w.tables.get(private.PrivateField, b"\1" * 32)
    assert field is not None
    assert (field.author, field.op, field.field, field.no) == (w.no("bob"), "member.describe", "name", 1)


def test_a_field_inside_a_proposed_command_concerns_whom_that_command_names() -> None:
    w = World()
    for name in ("bob", "cid"):
        w.member(name)
    charge = {"op": "member.charge", "ver": 1, "member": w.did("cid"), "reason": words("parties role:steward", 4)}
    w.do("bob", "governance.propose", type="membership", title="Charge Cid", execute=[charge])
    field = w.tables.get(private.PrivateField, b"\4" * 32)
    assert field is not None
    assert (field.author, field.field) == (w.no("bob"), "execute.0.reason")
    concerned = [n for n in ("ann", "bob", "cid") if private.concerns(w.tables, field.h, w.no(n))]
    assert concerned == ["cid"]


def test_who_joins_is_the_author_of_what_they_joined_with() -> None:
    w = World()
    w.do("eve", "member.apply", handle="eve", statement=words("members", 3))
    assert private.wrote(w.tables, b"\3" * 32, w.no("eve"))


READS = """
audience              | reads                | does not
members               | ann bob cid org      | gone sus stranger
parties               | ann bob              | cid org sus stranger
parties role:auditor  | ann bob cid          | sus stranger
role:auditor          | cid                  | ann bob sus
DID:cid               | cid                  | ann bob
DID:org               | org dan              | bob cid
"""


@pytest.mark.parametrize("line", READS.strip().splitlines()[1:])
def test_whom_a_field_is_addressed_to(line: str) -> None:
    """ann charges bob; cid is auditor; sus is a suspended auditor; dan signs for org; gone has left."""
    w = World()
    for name in ("bob", "cid", "dan", "sus", "gone"):
        w.member(name, roles=("auditor",) if name in ("cid", "sus") else ())
    organisation(w, "org", "dan")
    w.do("gone", "member.leave")
    w.do("ann", "member.suspend", member=w.did("sus"), days=9, reason=words("parties"))
    audience, reads, not_ = (part.strip() for part in line.split("|"))
    if audience.startswith("DID:"):
        audience = w.did(audience.removeprefix("DID:"))
    field = Private(b"\6" * 32, audience, 5)
    w.do("ann", "member.charge", member=w.did("bob"), reason=msgspec.structs.asdict(field))

    def may(name: str) -> bool:
        no = registry.party_no(w.tables, w.did(name))
        return private.may_read(w.tables, field, registry.STRANGER if no is None else no, w.now)

    assert {name: may(name) for name in [*reads.split(), *not_.split()]} == {
        **dict.fromkeys(reads.split(), True), **dict.fromkeys(not_.split(), False),
    }  # fmt: skip
    w.tables.put(private.Erased(field.h, 1, 0, "wrong", w.now))
    assert not any(may(name) for name in reads.split())


def test_a_malformed_audience_is_read_by_nobody() -> None:
    w = World()
    assert not private.may_read(w.tables, Private(b"\6" * 32, "everybody", 5), 1, w.now)
