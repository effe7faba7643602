"""Who speaks, and what they may read: sessions, keys, private texts, and joining with a code."""

from __future__ import annotations

from typing import Any

import pytest

from dag.cid import cid_from_text, cid_text
from dag.event import decode_event
from dag.keys import SigningKey, key_binding_bytes
from icn_node import vault
from icn_node.invitation import Invitation
from icn_node.kernel import private
from icn_node.kernel.keyring import invitation_bytes
from icn_node.rpc import jsonrpc
from icn_node.rpc.jsonrpc import RpcError
from icn_node.rpc.session import Session
from tests.rpc.office import OPERATOR, Office
from tests.world import DAY_MS, key_of

PAY = {"unit": "SUN", "payee": "cid", "amount": "1.25"}


# -- sessions ----------------------------------------------------------------------------------------------------------


async def test_a_session_opens_with_the_members_secret_and_signs_and_reads_as_the_member(office: Office) -> None:
    session = Session()
    opened = await office.call(session, "session.open", member="bob", secret="secret of bob")
    assert opened == {"member": key_of("bob").did, "device": key_of("bob").did}
    paid = await office.call(session, "credit.transfer", **PAY)
    assert paid["status"] == "executed"
    assert (await office.call(session, "credit.balance", unit="SUN"))[0]["balance"] == "-1.25"
    assert await office.call(session, "session.close") == {"closed": True}
    assert session.keys == {}
    assert (await office.error(session, "credit.transfer", **PAY)).code == jsonrpc.LOCKED


@pytest.mark.parametrize("secret", ["", "wrong", "Secret of bob", "secret of bob "])
async def test_a_wrong_secret_opens_nothing(office: Office, secret: str) -> None:
    session = Session()
    error = await office.error(session, "session.open", member="bob", secret=secret)
    assert error.code == jsonrpc.LOCKED
    assert (session.keys, session.member) == ({}, "")


async def test_a_failed_opening_leaves_the_session_as_it_was(office: Office) -> None:
    session = office.session("cid")
    await office.error(session, "session.open", member="bob", secret="wrong")
    assert session.member == key_of("cid").did
    assert (await office.call(session, "credit.transfer", **{**PAY, "payee": "bob"}))["status"] == "executed"


async def test_anothers_key_is_locked(office: Office) -> None:
    session = office.session("cid")
    for method, params in (("credit.transfer", PAY), ("credit.balance", {"unit": "SUN"})):
        error = await office.error(session, method, **params, **{"as": "bob"})
        assert error.code == jsonrpc.LOCKED
    await office.call(session, "session.open", member="bob", secret="secret of bob")
    assert (await office.call(session, "credit.transfer", **PAY, **{"as": "bob"}))["status"] == "executed"
    back = await office.call(session, "credit.transfer", **{**PAY, "payee": "bob"}, **{"as": "cid"})
    assert back["status"] == "executed", "both keys are open now"


async def test_a_members_several_devices_open_each_with_its_own_secret(office: Office) -> None:
    phone = key_of("phone")
    proof = phone.sign(key_binding_bytes(office.town.space.cid, key_of("bob").did))
    await office.call("bob", "member.add_key", key=phone.did, proof=proof.hex())
    office.methods.keystore.add(phone, phone._secret[:32], "1234", custody="node", now_ms=office.town.now)
    assert await office.call("bob", "member.revoke_key", key=key_of("bob").did)
    session = Session()
    opened = await office.call(session, "session.open", member="bob", secret="1234")
    assert opened["device"] == phone.did
    assert (await office.call(session, "credit.transfer", **PAY))["status"] == "executed"
    # The revoked key's file is there yet, but it opens no session.
    assert (await office.error(Session(), "session.open", member="bob", secret="secret of bob")).code == jsonrpc.LOCKED


READERS = """
space.charter {}                             | operator bob dan zoe |
credit.balance {"unit": "SUN"}               | operator bob         | zoe
credit.history {"unit": "SUN"}               | bob                  | zoe
credit.history {"unit": "SUN", "party": "bob"} | operator ann bob   | cid zoe
credit.journal {}                            | operator ann         | bob zoe
member.list {}                               | operator bob         | zoe
notice.list {}                               | operator bob         | zoe
node.status {}                               | operator ann bob     |
dag.log {}                                   | operator bob         | zoe
key.list {}                                  | operator             | bob zoe
node.notices {}                              | operator             | bob zoe
dag.verify {}                                | operator bob         | zoe
"""


@pytest.mark.parametrize("line", READERS.strip().splitlines(), ids=lambda line: line.split("|")[0].strip())
async def test_who_may_ask_what(office: Office, line: str) -> None:
    call, may, may_not = (cell.strip() for cell in line.split("|"))
    method, _, params = call.partition(" ")
    for who in may.split():
        assert await office.call(who, method, **eval(params)) is not None, who
    for who in may_not.split():
        error = await office.error(who, method, **eval(params))
        assert error.code == jsonrpc.REFUSED, (who, error.message)


# -- private texts -----------------------------------------------------------------------------------------------------


async def told(office: Office, who: str, event: str, op: int = 0) -> dict[str, Any]:
    """A command as that reader sees it."""
    shown = await office.call(who, "dag.get", event=event)
    found: dict[str, Any] = shown["ops"][op]
    return found


WORDS = """
credit.transfer {**PAY, "memo": "two loaves"}                                   | memo    | bob cid                  | ann dan operator
credit.transfer {**PAY, "memo": {"text": "for us", "audience": "members"}}      | memo    | ann bob cid dan operator | zoe
credit.transfer {**PAY, "memo": {"text": "psst", "audience": "role:steward"}}   | memo    | ann                      | bob cid operator
member.describe {"name": "Bob Okafor"}                                          | name    | ann bob cid dan operator | zoe
member.describe {"contact": "Mill lane 3"}                                      | contact | ann bob                  | cid operator
timebank.log {"receiver": "cid", "minutes": 30, "category": "gardening", "note": "hedge"} | note | bob cid          | ann dan operator
"""  # noqa: E501 - a table


@pytest.mark.parametrize("line", WORDS.strip().splitlines(), ids=lambda line: line.split("|")[0].strip()[:70])
async def test_who_reads_a_private_text(office: Office, line: str) -> None:
    call, field, may, may_not = (cell.strip() for cell in line.split("|"))
    method, _, params = call.partition(" ")
    given = eval(params, {"PAY": PAY})
    text = given[field]["text"] if isinstance(given[field], dict) else given[field]
    event = (await office.call("bob", method, **given))["event"]
    for who in may.split():
        seen = await told(office, who, event)
        assert (seen[field], seen.get(f"{field}_state")) == (text, None), who
    for who in may_not.split():
        if who == "zoe":
            continue  # may not read the log at all
        seen = await told(office, who, event)
        assert (seen[field], seen[f"{field}_state"]) == (None, "private"), who


async def test_a_suspended_member_does_not_read_what_is_for_members(office: Office) -> None:
    event = (await office.call("bob", "member.describe", name="Bob Okafor"))["event"]
    assert (await told(office, "dan", event))["name"] == "Bob Okafor"
    await office.call("ann", "member.suspend", member="dan", days=3, reason="shouted")
    answer = await office.either("dan", "dag.get", event=event)
    if not isinstance(answer, RpcError):
        assert answer["ops"][0]["name"] is None


async def test_lists_show_names_where_they_may_be_read(office: Office) -> None:
    await office.call("bob", "member.describe", name="Bob Okafor")
    rows = {r["handle"]: r for r in await office.call("cid", "member.list")}
    assert rows["bob"]["name"] == "Bob Okafor"
    history = await office.call("bob", "credit.history", unit="SUN")
    assert history == []
    await office.call("bob", "credit.transfer", **PAY, memo="two loaves")
    (row,) = await office.call("cid", "credit.history", unit="SUN")
    assert row["memo"] == "two loaves"
    (row,) = await office.call("ann", "credit.history", unit="SUN", party="bob")
    assert (row["memo"], row["memo_state"]) == (None, "private")


async def test_an_erased_text_says_that_it_was_erased(office: Office) -> None:
    event = (await office.call("bob", "member.describe", name="Bob Okafor"))["event"]
    office.town.now += 400 * DAY_MS
    mine = await office.call("bob", "privacy.mine")
    hashes = [row["h"] for row in mine]
    assert hashes
    await office.call("bob", "privacy.erase", h=hashes, reason="consent_withdrawn")
    for who in ("bob", "cid", OPERATOR):
        seen = await told(office, who, event)
        assert (seen["name"], seen["name_state"]) == (None, "erased")
    rows = {r["handle"]: r for r in await office.call("cid", "member.list")}
    assert (rows["bob"]["name"], rows["bob"]["name_state"]) == (None, "erased")


async def test_a_text_whose_payload_is_gone_says_that_it_is_missing(office: Office) -> None:
    memo, _, _ = forged(office, "bob", 1)
    event = office.town.sign("bob", {**office.town.pay("bob", "cid"), "memo": memo})
    assert office.town.send(event)[0].status == "executed"  # its blob never came
    seen = await told(office, "bob", cid_text(event.cid))
    assert (seen["memo"], seen["memo_state"]) == (None, "missing")


def forged(office: Office, author: str, seq: int, field: str = "memo") -> tuple[dict[str, Any], bytes, bytes]:
    """A memo whose payload was written for another place; commitment, hash and blob."""
    payload = private.payload_of(
        space=office.town.space.cid, author=key_of(author).author, seq=seq, op=0, field=field, value="I owe you all"
    )
    commitment, blob = vault.make(payload, "parties", [key_of(n).public for n in ("bob", "cid")], None)
    return {"h": commitment.h, "audience": "parties", "size": commitment.size}, commitment.h, blob


@pytest.mark.parametrize(
    ("author", "seq", "field"), [("cid", 1, "memo"), ("bob", 7, "memo"), ("bob", 1, "note"), ("ann", 0, "memo")]
)
async def test_a_text_written_for_another_place_shows_as_a_mismatch(
    office: Office, author: str, seq: int, field: str
) -> None:
    town = office.town
    memo, h, blob = forged(office, author, seq, field)
    event = town.sign("bob", {**town.pay("bob", "cid"), "memo": memo})
    assert town.send(event, blobs={h: blob})[0].status == "executed"
    seen = await told(office, "cid", cid_text(event.cid))
    assert (seen["memo"], seen["memo_state"]) == (None, "mismatch")
    row = (await office.call("cid", "credit.history", unit="SUN"))[0]
    assert row["memo"] is None or author == "bob", "somebody else's words are never shown as bob's"


async def test_a_text_copied_into_another_event_is_a_mismatch_there(office: Office) -> None:
    """Bob's words to cid; cid puts bob's commitment into a payment of his own."""
    town = office.town
    first = await office.call("bob", "credit.transfer", **PAY, memo="two loaves")
    stolen = next(op["memo"] for op in (await _event(office, first["event"])).ops if "memo" in op)
    copy = town.sign("cid", {**town.pay("cid", "bob"), "memo": stolen})
    assert town.send(copy)[0].status == "executed"
    assert (await told(office, "bob", first["event"]))["memo"] == "two loaves"
    seen = await told(office, "bob", cid_text(copy.cid))
    assert (seen["memo"], seen["memo_state"]) == (None, "mismatch")


async def _event(office: Office, cid: str) -> Any:
    block = office.town.space.store.events.get(cid_from_text(cid))
    assert block is not None
    return decode_event(block)


# -- joining -----------------------------------------------------------------------------------------------------------


async def test_joining_with_a_code(office: Office) -> None:
    invited = await office.call("ann", "member.invite", handle="eva", days=3, note="from the market")
    session = Session()
    joined = await office.call(
        session, "member.join", code=invited["code"].upper(), secret="sesame", handle="eva", name="Eva Lindqvist"
    )
    assert joined["status"] == "executed"
    assert session.member == joined["member"]
    rows = {r["handle"]: r["name"] for r in await office.call("bob", "member.list")}
    assert rows["eva"] == "Eva Lindqvist"
    again = Session()
    await office.call(again, "session.open", member="eva", secret="sesame")
    assert (await office.call(again, "credit.transfer", **PAY))["status"] == "executed"
    used = await office.error(Session(), "member.join", code=invited["code"], secret="sesame", handle="eva2")
    assert used.code == jsonrpc.REFUSED
    assert len(office.methods.keystore.dids()) == 2, "bob's and eva's: a key that became nobody's is not kept"


@pytest.mark.parametrize(
    ("change", "said"),
    [("mistyped", "typing errors"), ("cut", "cut short"), ("another space", "for another"), ("nonsense", "characters")],
)
async def test_a_bad_code_makes_no_key(office: Office, change: str, said: str) -> None:
    code = (await office.call("ann", "member.invite"))["code"]
    code = {
        "mistyped": code[:10] + ("a" if code[10] != "a" else "b") + code[11:], "cut": code[:-6],
        "another space": Invitation(b"\x01\x71\x12\x20" + bytes(32), bytes(32)).text(), "nonsense": "hello world!",
    }[change]  # fmt: skip
    error = await office.error(Session(), "member.join", code=code, secret="sesame", handle="eva")
    assert (error.code, said in error.message) == (jsonrpc.INVALID_PARAMS, True), error.message
    assert office.methods.keystore.dids() == [key_of("bob").did]


async def test_an_invitation_with_a_key_made_elsewhere_has_no_code(office: Office) -> None:
    one_time = SigningKey.from_seed(bytes(range(32)))
    answer = await office.call("ann", "member.invite", key=one_time.did)
    assert "code" not in answer
    mine = office.session("ann")
    joined = Session(member="", keys={})
    key = SigningKey.from_seed(bytes(range(1, 33)))
    joined.keys[key.did] = key
    proof = one_time.sign(invitation_bytes(office.town.space.cid, key.did)).hex()
    answer = await office.call(
        joined, "member.join", invitation=one_time.did, proof=proof, handle="eva", **{"as": key.did}
    )
    assert answer["status"] == "executed"
    assert "eva" in {r["handle"] for r in await office.call(mine, "member.list")}


async def test_a_taken_handle_is_told_before_anything_is_kept(office: Office) -> None:
    code = (await office.call("ann", "member.invite"))["code"]
    error = await office.error(Session(), "member.join", code=code, secret="sesame", handle="bob")
    assert error.code == jsonrpc.REFUSED
    assert office.methods.keystore.dids() == [key_of("bob").did]
    joined = await office.call(Session(), "member.join", code=code, secret="sesame", handle="eva")
    assert joined["status"] == "executed", "the code works yet"
