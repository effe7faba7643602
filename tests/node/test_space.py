"""Bad events through `Space.submit`: each gets a clear code, and the state is what it was."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

import pytest
from nacl import bindings

from dag.cid import cid_of, cid_text
from dag.event import CODES, Event, attach, decode_trusted, message_of, sign_event, signing_bytes, unsigned
from dag.keys import SigningKey, author_of, key_binding_bytes
from icn_node.home import Home
from icn_node.receipts import Receipt
from icn_node.rpc.methods import Methods
from icn_node.verifier import verify
from tests.dag.test_codec import REFUSED, rows, unhex
from tests.node.town import CEILING_MINOR, FLOOR_MINOR, Town, genesis
from tests.world import DAY_MS, key_of

Case = Callable[[Town], Event | bytes]
SMALL_ORDER = bytes(32)


def signed_again(key: SigningKey, event: Event) -> Event:
    """The same event under another valid signature: of a nonce that depends on more than Ed25519 lays down."""
    message = message_of(event)
    scalar = bytearray(hashlib.sha512(key._secret[:32]).digest()[:32])
    scalar[0] &= 248
    scalar[31] = scalar[31] & 127 | 64
    reduce = bindings.crypto_core_ed25519_scalar_reduce
    nonce = reduce(hashlib.sha512(b"another nonce" + message).digest())
    point = bindings.crypto_scalarmult_ed25519_base_noclamp(nonce)
    challenge = reduce(hashlib.sha512(point + key.public + message).digest())
    product = bindings.crypto_core_ed25519_scalar_mul(challenge, reduce(bytes(scalar) + bytes(32)))
    sig = point + bindings.crypto_core_ed25519_scalar_add(nonce, product)
    assert sig != event.sig
    block = event.block.replace(event.sig, sig)
    return decode_trusted(block, cid_of(block))


def raw_pay(t: Town, amount: bytes, **changes: Any) -> bytes:
    """A block of bob's whose amount stands there as these bytes, signed over exactly them."""
    mark = 0x7EFDFCFBFAF9F8F7
    seq, prev = t.space.next_place(key_of("bob").author)
    body = unsigned(
        space=t.space.cid, author=key_of("bob").author, seq=seq, prev=prev, parents=(), at=t.now, until=None,
        ops=[{"ver": 1, **t.pay("bob", "cid", mark)}],
    )  # fmt: skip
    head = b"\x1b" + mark.to_bytes(8)
    assert body.count(head) == 1
    sig = key_of("bob").sign(signing_bytes(body.replace(head, amount)))
    return attach(body, sig).replace(head, amount)


def of_key(t: Town, public: bytes, sig: bytes) -> bytes:
    """A payment in the name of any 32 bytes, with any signature."""
    body = unsigned(
        space=t.space.cid, author=author_of(public), seq=0, prev=None, parents=(), at=t.now, until=None,
        ops=[{"ver": 1, **t.pay("x", "bob")}],
    )  # fmt: skip
    return attach(body, sig)


def field(name: str, value: Any) -> Case:
    """Bob pays cid, with one field of the command changed; `...` leaves it out."""

    def make(t: Town) -> Event:
        op = t.pay("bob", "cid") | {name: value}
        return t.sign("bob", {k: v for k, v in op.items() if v is not ...})

    return make


def binding(t: Town, device: str, member: str) -> dict[str, Any]:
    proof = key_of(device).sign(key_binding_bytes(t.space.cid, key_of(member).did))
    return {"key": key_of(device).did, "proof": proof}


def revoked(t: Town) -> Event:
    t.do("bob", "member.add_key", **binding(t, "phone", "bob"))
    t.do("bob", "member.revoke_key", key=key_of("phone").did)
    return t.sign("phone", t.pay("phone", "cid"))


def altered(position: int) -> Case:
    def make(t: Town) -> bytes:
        block = bytearray(t.sign("bob", t.pay("bob", "cid")).block)
        block[position] ^= 1
        return bytes(block)

    return make


# -- never admitted: everything is what it was -----------------------------------------------------------------------

INVALID: list[tuple[str, Case, str]] = [
    ("nobody's key", lambda t: t.sign("zoe", t.pay("zoe", "bob")), "unknown_key"),
    ("nobody's key asks, joins and pays", lambda t: t.sign("zoe", {"op": "member.apply", "handle": "zoe"},
                                                           t.pay("zoe", "bob")), "unknown_key"),
    ("a revoked key", revoked, "revoked_key"),
    ("another space", lambda t: t.sign("bob", t.pay("bob", "cid"), space=genesis(nonce=bytes(15) + b"1").cid),
     "wrong_space"),
    ("a second genesis", lambda t: genesis(nonce=bytes(15) + b"1"), "wrong_space"),
    ("forged signature", lambda t: t.sign("bob", t.pay("bob", "cid")).block.replace(
        t.sign("bob", t.pay("bob", "cid")).sig, bytes(64)), "bad_signature"),
    ("signed with another's key", lambda t: attach(
        unsigned(space=t.space.cid, author=key_of("bob").author, seq=1, prev=t.space.next_place(
            key_of("bob").author)[1], parents=(), at=t.now, until=None, ops=[{"ver": 1, **t.pay("bob", "cid")}]),
        key_of("cid").sign(b"x")), "bad_signature"),
    ("the author's bytes altered", altered(-60), "bad_signature"),
    ("small-order key, all-zero signature", lambda t: of_key(t, SMALL_ORDER, bytes(64)), "bad_signature"),
    ("small-order key, identity signature", lambda t: of_key(t, SMALL_ORDER, b"\x01" + bytes(63)), "bad_signature"),
    ("identity as a key", lambda t: of_key(t, b"\x01" + bytes(31), b"\x01" + bytes(63)), "bad_signature"),
    ("a key that is no point", lambda t: of_key(t, b"\x02" + bytes(31), b"\x01" + bytes(63)), "bad_signature"),
    ("prev of another author", lambda t: t.sign("bob", t.pay("bob", "cid"), prev=t.space.next_place(
        key_of("cid").author)[1]), "wrong_chain"),
    ("seq skips one", lambda t: t.sign("bob", t.pay("bob", "cid"), seq=2), "wrong_chain"),
    ("amount of 2^63", lambda t: raw_pay(t, b"\x1b\x80" + bytes(7)), "bad_encoding"),
    ("amount of 2^64-1", lambda t: raw_pay(t, b"\x1b" + b"\xff" * 8), "bad_encoding"),
    ("amount of -2^63-1", lambda t: raw_pay(t, b"\x3b\x80" + bytes(7)), "bad_encoding"),
    ("amount as a float", lambda t: raw_pay(t, b"\xfb\x40\x24" + bytes(6)), "bad_encoding"),
    ("amount as a bignum", lambda t: raw_pay(t, b"\xc2\x41\x05"), "bad_encoding"),
    ("an amount that is a link", lambda t: raw_pay(t, b"\xd8\x2a\x58\x25\x00" + t.space.cid), "link_in_ops"),
    ("too deep", lambda t: raw_pay(t, b"\x81" * 20 + b"\x05"), "bad_encoding"),
    ("nothing", lambda t: b"", "bad_encoding"),
    ("no map", lambda t: b"\x83\x01\x02\x03", "not_a_map"),
    ("a map of something else", lambda t: b"\xa1\x61v\x01", "missing_field"),
    ("a byte too many", lambda t: t.sign("bob", t.pay("bob", "cid")).block + b"\x00", "bad_encoding"),
    ("a byte too few", lambda t: t.sign("bob", t.pay("bob", "cid")).block[:-1], "bad_encoding"),
    ("65,537 bytes", lambda t: bytes(65_537), "too_large"),
    ("another version of the format", lambda t: t.sign("bob", t.pay("bob", "cid")).block.replace(
        b"\x61v\x01", b"\x61v\x02"), "wrong_version"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "code"), [pytest.param(m, c, id=n) for n, m, c in INVALID])
def test_an_invalid_block_changes_nothing(town: Town, make: Case, code: str) -> None:
    given = make(town)
    before = town.digest()
    receipt = town.send(given)[0]
    assert (receipt.status, receipt.code, receipt.index) == ("invalid", code, -1)
    if code in CODES:
        assert tuple(receipt.facts) == CODES[code]
    assert town.digest() == before
    assert elsewhere(town, given) == receipt
    still_serves(town)


def elsewhere(town: Town, *given: Event | bytes) -> Receipt:
    """The receipt when signatures were judged by the verifier: the same whoever judged."""
    blocks = [g.block if isinstance(g, Event) else g for g in given]
    return town.send(*blocks, codes=verify(blocks))[0]


def still_serves(town: Town) -> None:
    """A good event is executed, also in one commit with the bad one's like."""
    assert [r.status for r in town.send(b"\xff", town.sign("bob", town.pay("bob", "ann")))] == ["invalid", "executed"]


@pytest.mark.parametrize(("text", "reason"), rows(REFUSED))
def test_every_encoding_that_is_not_the_canonical_one(town: Town, text: str, reason: str) -> None:
    """Within an event that is signed over just these bytes, so that nothing but the encoding is wrong."""
    receipt = town.send(raw_pay(town, unhex(text)))[0]
    assert receipt.status == "invalid"
    if reason in ("trailing_bytes", "truncated", "unexpected_break"):  # other faults in the middle of other data
        assert receipt.code in ("bad_encoding", "bad_op_name", "bad_op_version", "unknown_field", "bad_field")
        return
    assert (receipt.code, receipt.facts["reason"]) == ("bad_encoding", reason)


# -- ordered and refused: a leaf of the log, no change of state --------------------------------------------------------


def forked(t: Town) -> Event:
    one, other = (t.sign("bob", t.pay("bob", "cid", amount)) for amount in (5, 6))
    assert t.send(one)[0].status == "executed"
    return other


def twice_signed(t: Town) -> Event:
    one = t.sign("bob", t.pay("bob", "cid"))
    assert t.send(one)[0].status == "executed"
    return signed_again(key_of("bob"), one)


def at_ceiling(t: Town) -> Event:
    rich = [f"m{n}" for n in range(5)]
    t.join(*rich)
    for name in rich:
        assert t.send(t.sign(name, t.pay(name, "cid", -FLOOR_MINOR)))[0].status == "executed"
    assert t.balance("cid") == CEILING_MINOR
    return t.sign("bob", t.pay("bob", "cid", 1))


REFUSALS: list[tuple[str, Case, str]] = [
    ("unknown payee", field("payee", key_of("nobody").did), "unknown_member"),
    ("another's account", field("payer", key_of("cid").did), "forbidden"),
    ("unknown unit", field("unit", "MOON"), "unknown_unit"),
    ("to oneself", field("payee", key_of("bob").did), "same_account"),
    ("zero", field("amount_minor", 0), "malformed"),
    ("below zero", field("amount_minor", -5), "malformed"),
    ("the largest there is", field("amount_minor", 2**63 - 1), "over_floor"),
    ("the smallest there is", field("amount_minor", -(2**63) + 1), "malformed"),
    ("amount as text", field("amount_minor", "5"), "malformed"),
    ("amount that is true", field("amount_minor", True), "malformed"),
    ("amount that is null", field("amount_minor", None), "malformed"),
    ("amount in bytes", field("amount_minor", b"5"), "malformed"),
    ("amount in a list", field("amount_minor", [5]), "malformed"),
    ("no amount", field("amount_minor", ...), "malformed"),
    ("unknown field", field("amount", 5), "malformed"),
    ("a payee that is no DID", field("payee", "bob"), "malformed"),
    ("a payee whose DID is no key", field("payee", "did:key:z" + "1" * 47), "unknown_member"),
    ("a unit in small letters", field("unit", "sun"), "malformed"),
    ("a memo that is no commitment", field("memo", "bread"), "malformed"),
    ("a memo for nobody", field("memo", {"h": bytes(32), "audience": "all of us", "size": 5}), "bad_audience"),
    ("over the floor", lambda t: t.sign("bob", t.pay("bob", "cid", -FLOOR_MINOR + 1)), "over_floor"),
    ("over the floor in two", lambda t: t.sign("bob", t.pay("bob", "cid", 5_001), t.pay("bob", "cid", 5_000)),
     "over_floor"),
    ("over the ceiling", at_ceiling, "over_ceiling"),
    ("unknown rule version", field("ver", 2), "version"),
    ("unknown command", lambda t: t.sign("bob", {"op": "credit.steal", "amount_minor": 5}), "version"),
    ("unknown module", lambda t: t.sign("bob", {"op": "magic.wand"}), "version"),
    ("a query is no command", lambda t: t.sign("bob", {"op": "credit.balance"}), "version"),
    ("expired", lambda t: t.sign("bob", t.pay("bob", "cid"), until=t.now - 1), "expired"),
    ("forked", forked, "fork"),
    ("the same under another signature", twice_signed, "duplicate"),
    ("another's device key as one's own",
     lambda t: t.sign("bob", {"op": "member.add_key", **binding(t, "tablet", "cid")}), "key_not_bound"),
    ("a key in use", lambda t: t.sign("bob", {"op": "member.add_key", **binding(t, "cid", "bob")}), "key_in_use"),
    ("a small-order key", lambda t: t.sign("bob", {"op": "member.add_key", "proof": bytes(64),
     "key": "did:key:z6MkeTG3bFFSLYVU7VqhgZxqr6YzpaGrQtFMh1uvqGy1vDnP"}), "bad_key"),
    ("what only a decision may do", lambda t: t.sign("ann", {"op": "credit.create", "unit": "MOON"}), "forbidden"),
    ("founding again", lambda t: sign_event(
        key_of("bob"), space=t.space.cid, seq=1, prev=t.space.next_place(key_of("bob").author)[1], parents=(),
        at=t.now, until=None, ops=list(genesis().ops)), "forbidden"),
    ("the last of several", lambda t: t.sign("bob", t.pay("bob", "cid"), t.pay("bob", "nobody")), "unknown_member"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "code"), [pytest.param(m, c, id=n) for n, m, c in REFUSALS])
def test_a_refused_event_changes_no_state(town: Town, make: Case, code: str) -> None:
    event = make(town)
    assert isinstance(event, Event)
    before, root = town.state(), town.space.head()["root"]
    receipt = town.send(event)[0]
    assert (receipt.status, receipt.outcome["refused"]) == ("refused", code)
    assert receipt.index == town.space.head()["leaves"] - 1
    assert town.state() == before
    assert town.space.head()["root"] != root, "the refusal stands in the log"
    assert set(receipt.outcome) <= {"refused", "facts", "clause"}
    assert ("clause" in receipt.outcome) == (code == "forbidden")
    assert town.send(event)[0] == receipt, "and a second time nothing happens"
    said = say(town, receipt.outcome)
    assert said.endswith(".")
    assert len(said.split()) > 3, said
    assert re.search(r"\([a-z_]+\)|\{[a-z_]+\}", said) is None, "the facts fill every place in the words"
    still_serves(town)


def say(t: Town, outcome: dict[str, Any]) -> str:
    """A refusal as a person is told it over the socket."""

    async def never(*_: object) -> list[Receipt]:
        raise AssertionError("nothing is submitted")

    methods = Methods(Home(t.path.parent), t.space, never, vault_key=None, clock=lambda: t.now)
    return methods._refused(outcome["refused"], outcome["facts"]).message


# -- the same again, other orders --------------------------------------------------------------------------------------


def test_replayed_any_number_of_times_it_counts_once(town: Town) -> None:
    events = town.chain("bob", ("cid", 10), ("cid", 20), ("cid", 30))
    first = town.send(*events)
    assert [r.status for r in first] == ["executed"] * 3
    before = town.digest()
    assert town.send(*events) == first
    assert town.send(*reversed(events)) == first[::-1]
    assert town.send(events[1], events[1], events[1]) == [first[1]] * 3
    assert town.digest() == before
    assert town.balance("cid") == 60
    town.reopen()
    assert town.send(*events) == first
    assert town.digest() == before


def test_twice_in_one_batch_it_counts_once(town: Town) -> None:
    event = town.sign("bob", town.pay("bob", "cid", 10))
    receipts = town.send(event, event)
    assert receipts[0] == receipts[1]
    assert receipts[0].status == "executed"
    assert town.balance("cid") == 10


@pytest.mark.parametrize("order", [(2, 1, 0), (1, 2, 0), (2, 0, 1), (0, 2, 1)])
def test_reordered_within_a_batch_all_are_executed(town: Town, order: tuple[int, ...]) -> None:
    events = town.chain("bob", ("cid", 10), ("cid", 20), ("cid", 30))
    receipts = town.send(*(events[n] for n in order))
    assert [r.status for r in receipts] == ["executed"] * 3
    places = [receipts[order.index(n)].index for n in range(3)]
    assert places == sorted(places), "in the order in which they were signed"
    assert town.balance("cid") == 60


def test_reordered_across_batches_it_is_told_what_is_missing_and_nothing_is_kept(town: Town) -> None:
    events = town.chain("bob", ("cid", 10), ("cid", 20), ("cid", 30))
    before = town.digest()
    receipt = town.send(events[2])[0]
    assert (receipt.status, receipt.code) == ("missing", "missing")
    assert receipt.facts == {"missing": [cid_text(events[1].cid)]}
    assert town.digest() == before
    assert town.space.receipt(events[2].cid) is None
    assert [r.status for r in town.send(events[1], events[0])] == ["executed"] * 2
    assert town.send(events[2])[0].status == "executed"
    assert town.balance("cid") == 60


def test_an_unknown_parent_is_missing_too(town: Town) -> None:
    stranger = b"\x01\x71\x12\x20" + bytes(32)
    receipt = town.send(town.sign("bob", town.pay("bob", "cid"), parents=[stranger]))[0]
    assert receipt.status == "missing"
    known = town.space.next_place(key_of("cid").author)[1]
    assert known is not None
    assert town.send(town.sign("bob", town.pay("bob", "cid"), parents=[known]))[0].status == "executed"


def test_a_fork_in_one_batch_one_counts_and_the_chain_goes_on_from_it(town: Town) -> None:
    one, other = (town.sign("bob", town.pay("bob", "cid", amount)) for amount in (5, 6))
    receipts = town.send(one, other)
    won = [e for e, r in zip((one, other), receipts, strict=True) if r.status == "executed"]
    assert sorted(r.status for r in receipts) == ["executed", "refused"]
    assert town.balance("cid") == (5 if won == [one] else 6)
    third = town.sign("bob", town.pay("bob", "cid", 7), seq=one.seq, prev=one.prev)
    assert town.send(third)[0].code == "third_variant"
    assert town.space.next_place(key_of("bob").author) == (one.seq + 1, won[0].cid)
    still_serves(town)


def test_after_a_fork_what_was_signed_on_top_of_it_is_refused_as_one(town: Town) -> None:
    one, other = (town.sign("bob", town.pay("bob", "cid", amount)) for amount in (5, 6))
    on_top = town.sign("bob", town.pay("bob", "cid", 7), after=other)
    assert [r.status for r in town.send(one)] == ["executed"]
    receipts = town.send(other, on_top)
    assert [r.outcome.get("refused") for r in receipts] == ["fork", "fork"]
    assert town.balance("cid") == 5


def test_expiry_is_judged_by_the_commits_time(town: Town) -> None:
    assert town.send(town.sign("bob", town.pay("bob", "cid"), until=town.now))[0].status == "executed"
    late = town.sign("bob", town.pay("bob", "cid"), until=town.now + 1)
    town.now += 2
    receipt = town.send(late)[0]
    assert receipt.outcome["refused"] == "expired"
    assert receipt.outcome["facts"] == {"time": town.now, "until": town.now - 1}


def test_what_an_author_claims_of_the_time_moves_no_clock(town: Town) -> None:
    for at in (0, 2**53, town.now - 20 * 365 * DAY_MS):
        receipt = town.send(town.sign("bob", town.pay("bob", "cid"), at=at))[0]
        assert (receipt.status, receipt.time_ms) == ("executed", town.now)


def test_a_mixed_batch_gets_a_receipt_for_each_block_in_its_place(town: Town) -> None:
    good = town.chain("bob", ("cid", 10), ("cid", 20))
    alone = town.sign("cid", town.pay("cid", "bob", 3))
    late = town.sign("cid", town.pay("cid", "bob"), seq=alone.seq + 2, prev=good[0].cid)
    blocks = [b"\xff", good[1], town.sign("zoe", town.pay("zoe", "bob")), alone, good[0], late, alone]
    receipts = town.send(*blocks)
    said = [r.code or r.status for r in receipts]
    assert said == ["bad_encoding", "executed", "unknown_key", "executed", "executed", "wrong_chain", "executed"]
    cids = [cid_of(b if isinstance(b, bytes) else b.block) for b in blocks]
    assert [r.cid for r in receipts] == cids


def test_an_empty_batch_is_no_commit(town: Town) -> None:
    before = town.digest()
    assert town.send() == []
    assert town.digest() == before


def test_a_batch_larger_than_a_commit(town: Town) -> None:
    events = town.chain("bob", *[("cid", 1)] * 40, *[("cid", 20_000)] * 10)
    receipts = town.send(*events[::-1])[::-1]
    assert [r.status for r in receipts] == ["executed"] * 40 + ["refused"] * 10
    assert town.balance("cid") == 40
