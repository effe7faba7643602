"""The method table: errors that say what to do, rehearsals that change nothing, and a description of itself."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping, Sequence
from typing import Any

import apsw
import pytest
import trio
from jsonschema import Draft202012Validator

from dag import proof
from dag.cid import cid_text
from dag.event import Event
from icn_node.committer import Flooding
from icn_node.modules import MODULES
from icn_node.receipts import Receipt
from icn_node.rpc import jsonrpc
from icn_node.rpc.jsonrpc import RpcError
from icn_node.rpc.node_methods import NODE_METHODS
from tests.node.town import finish
from tests.rpc.office import OPERATOR, Office
from tests.world import key_of

COMMANDS = {c.op: c for m in MODULES for c in m.commands}
QUERIES = {q.name: q for m in MODULES for q in m.queries}
PAY = {"unit": "SUN", "payee": "cid", "amount": "1.25"}


def b64(event: Event | bytes) -> str:
    return base64.b64encode(event.block if isinstance(event, Event) else event).decode()


# -- errors ----------------------------------------------------------------------------------------------------------

ERRORS = """
credit.trasnfer {}                                          | -32601 | did you mean credit.transfer
credit {}                                                   | -32601 | there is no method 'credit'
qqqqqqqq {}                                                 | -32601 | `rpc.discover` lists them
credit.transfer {"payee": "cid", "amount": "1"}             | -32602 | unit: a unit of this space
credit.transfer {"payee": "cid", "amount_minor": 1}         | -32602 | unit is missing
credit.transfer {**PAY, "payee": "zoe"}                     | -32602 | payee: a member's handle or DID
credit.transfer {**PAY, "amount": 1.25}                     | -32602 | amount: an amount as text
credit.transfer {**PAY, "amount": "0"}                      | -32602 | more than zero
credit.transfer {**PAY, "amount": "1.255"}                  | -32602 | at most 2 decimals
credit.transfer {**PAY, "amount": "9" * 18}                 | -32602 | 64 bits
credit.transfer {**PAY, "memo": 5}                          | -32602 | memo: a text
credit.transfer {**PAY, "note": "x"}                        | -32602 | there is no field 'note'; fields are
credit.transfer {**PAY, "dry_run": "perhaps"}               | -32602 | dry_run: true or false
credit.transfer {**PAY, "until": "tomorrow"}                | -32602 | until: an ISO date
credit.transfer {**PAY, "as": "zoe"}                        | -32602 | as: a member's handle or DID
credit.transfer {**PAY, "as": "cid"}                        | -32003 | the key of cid is locked: give its secret
credit.transfer {**PAY, "amount": "500"}                    | -32001 | can spend 100.00 SUN
credit.create {"unit": "MOON"}                              | -32001 | Refused under 4.1
credit.balance {"unit": 5}                                  | -32602 | unit
credit.balance {"nope": 5}                                  | -32602 | there is no field 'nope'
credit.balance {"as": "cid"}                                | -32003 | this session is not cid's
credit.history {"unit": "SUN", "party": "cid"}              | -32001 | Refused under 4.11
node.status {"deep": True}                                  | -32602 | node.status has no parameter 'deep'
node.stop {}                                                | -32005 | no daemon is running
session.open {"member": "bob", "secret": "wrong"}           | -32003 | give the right secret
session.open {"member": "cid", "secret": "x"}               | -32003 | this home holds no key that acts for cid
session.open {"member": "zoe", "secret": "x"}               | -32602 | nobody here is called that
session.open {"secret": "x"}                                | -32602 | member: a text
key.create {"secret": "abc"}                                | -32602 | at least 4 characters
key.create {"secret": "abcd", "custody": "bank"}            | -32602 | custody
event.get {}                                                | -32601 | did you mean
event.receipt {"event": "nonsense"}                         | -32602 | event: the CID of an event
event.receipt {"event": 5}                                  | -32602 | event: a text
event.submit {}                                             | -32602 | 1 to 4096 signed events
event.submit {"block": "%%%"}                               | -32602 | bytes in base64
event.submit {"block": "aGVsbG8="}                          | -32002 | bad_encoding
event.submit {"blocks": []}                                 | -32602 | 1 to 4096 signed events
event.submit {"block": "oA==", "blobs": []}                 | -32602 | blobs: an object
event.submit {"block": "oA==", "blobs": {"aa": "oA=="}}     | -32602 | blobs
event.prepare {"ops": []}                                   | -32602 | a list of commands
event.prepare {"ops": [{"op": "no.such"}], "as": "bob"}     | -32601 | there is no command no.such
event.prepare {"ops": [{"op": "member.leave"}]}             | -32602 | as: a text
event.prepare {"ops": [{"op": "member.leave"}], "as": "zoe"} | -32602 | nobody here is called that
event.prepare {"ops": [{"op": "member.leave"}], "author": "x"} | -32602 | the DID of a device key
dag.get {"event": "bafyreigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"} | -32005 | does not hold
dag.proof {"event": "bafyreigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"} | -32005 | is not in the log
dag.log {"limit": 0}                                        | -32602 | a number from 1 to 1000
dag.log {"after": -2}                                       | -32602 | a number from -1
dag.export {"path": "x.car"}                                | -32001 | You run the node: no
backup.create {}                                            | -32001 | You run the node: no
member.join {"code": "icn-nonsense", "secret": "abcd"}      | -32602 | invitation code
member.invite {"days": 0}                                   | -32602 | a number from 1 to 365
"""


def error_cases() -> list[Any]:
    found = []
    for line in ERRORS.strip().splitlines():
        call, code, said = (cell.strip() for cell in line.rsplit("|", 2))
        method, _, params = call.partition(" ")
        found.append(pytest.param(method, params, int(code), said, id=call[:70]))
    return found


@pytest.mark.parametrize(("method", "params", "code", "said"), error_cases())
async def test_errors_say_what_is_wrong(office: Office, method: str, params: str, code: int, said: str) -> None:
    before = office.town.state()
    error = await office.error("bob", method, **eval(params, {"PAY": PAY}))  # the table is ours
    assert (error.code, said in error.message) == (code, True), error.message
    assert office.town.state() == before
    assert isinstance(error.body(), dict)
    jsonrpc.encode(jsonrpc.failure(1, error))


async def test_a_refusal_says_everything(office: Office) -> None:
    error = await office.error("bob", "credit.transfer", **{**PAY, "amount": "500"})
    assert set(error.data) == {"code", "facts", "text", "advice", "event", "index", "time"}
    assert error.data["code"] == "over_floor"
    assert error.data["facts"]["unit"] == "SUN"
    assert error.data["text"] == error.message
    assert error.data["advice"]
    receipt = await office.call("bob", "event.receipt", event=error.data["event"])
    assert receipt["outcome"]["refused"] == "over_floor"
    forbidden = await office.error("bob", "credit.create", unit="MOON")
    assert forbidden.data["clause"] == "4.1"
    assert "set by a decision" in forbidden.data["clause_text"]


async def test_nobody_acts_without_saying_who(office: Office) -> None:
    error = await office.error(OPERATOR, "credit.transfer", **PAY)
    assert error.code == jsonrpc.LOCKED
    assert "say who acts" in error.message


async def test_too_much_at_once_says_when_to_try_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    async def flooded(*_: object) -> list[Receipt]:
        raise Flooding(250, author=True)

    monkeypatch.setattr(office.methods, "submit", flooded)
    error = await office.error("bob", "credit.transfer", **PAY)
    assert (error.code, error.data) == (jsonrpc.OVERLOADED, {"retry_after_ms": 250})


async def test_a_full_disk_and_a_failing_guard_are_told(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    db = office.town.space.store.db
    db.pragma("max_page_count", db.pragma("page_count"))
    with pytest.raises(RpcError) as full:
        for _ in range(200):
            await office.call("bob", "credit.request", unit="SUN", payer="cid", amount="1", memo="m" * 900)
    assert full.value.code == jsonrpc.STOPPED
    assert "Free some space" in full.value.message
    assert full.value.data == {"kind": "StoreFull"}
    db.pragma("max_page_count", 2**31)

    def broken(*_: object) -> int:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", broken)
        error = await office.error("bob", "credit.transfer", **PAY)
    assert error.code == jsonrpc.STOPPED
    assert "does not sign" in error.message
    assert (await office.call("bob", "credit.transfer", **PAY))["status"] == "executed"


async def test_a_damaged_file_is_told_to_readers(office: Office) -> None:
    def damaged(*_: object) -> bool:
        raise apsw.CorruptError("database disk image is malformed")

    office.town.space.store.db.exec_trace = damaged
    for method, params in (("credit.accounts", {"unit": "SUN"}), ("dag.log", {}), ("node.status", {})):
        error = await office.error("bob", method, **params)
        assert error.code == jsonrpc.STOPPED
        assert "damaged" in error.message
    office.town.space.store.db.exec_trace = None
    assert await office.call("bob", "dag.log")


async def test_a_node_that_stopped_reads_on_and_says_why(office: Office) -> None:
    office.town.space.stopped = "this node's software lacks version 2 of the module credit"
    error = await office.error("bob", "credit.transfer", **PAY)
    assert (error.code, error.message) == (jsonrpc.STOPPED, office.town.space.stopped)
    assert (await office.call("bob", "credit.balance", unit="SUN"))[0]["balance"] == "0.00"
    status = await office.call(OPERATOR, "node.status")
    assert (status["state"], status["why"]) == ("stopped", office.town.space.stopped)


@pytest.mark.parametrize(
    ("op", "said"),
    [
        ({"payee": key_of("cid").did, "amount_minor": 1, "unit": "SUN",
          "memo": {"h": b"x", "audience": "", "size": -1}}, "malformed"),
        ({"payee": key_of("cid").did, "amount_minor": 1, "unit": "SUN",
          "memo": {"h": bytes(32), "audience": "parties", "size": 5}}, "missing"),
        ({"x": [[[{"h": bytes(32), "audience": "parties", "size": 5}]]]}, "malformed"),
    ],
)  # fmt: skip
async def test_no_event_however_odd_breaks_those_who_look_at_the_log(
    office: Office, op: dict[str, Any], said: str
) -> None:
    """With times beyond every calendar, and commitments to nothing."""
    town = office.town
    event = town.sign("bob", {"op": "credit.transfer", **op}, at=2**53, until=2**53)
    town.send(event)
    shown = await office.call("bob", "dag.get", event=cid_text(event.cid))
    assert shown["at"] == shown["until"] == f"{2**53} ms"
    assert said in str(shown)
    rows = await office.call("bob", "dag.log", limit=5)
    assert rows[-1]["event"] == cid_text(event.cid)
    jsonrpc.encode([shown, rows])


# -- rehearsals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("op", sorted(set(COMMANDS) - set(NODE_METHODS)))
@pytest.mark.parametrize("who", ["ann", "dan"])
async def test_a_rehearsal_of_any_command_changes_nothing(office: Office, op: str, who: str) -> None:
    town = office.town
    before, events = town.digest(), len(town.space.store.events)
    params = {k: "bob" if v == "carol" else v for k, v in COMMANDS[op].example.items()}
    answer = await office.either(who, op, dry_run=True, **params)
    if isinstance(answer, RpcError):
        assert answer.code in (jsonrpc.REFUSED, jsonrpc.INVALID_PARAMS), answer.message
        answer = answer.data if answer.code == jsonrpc.REFUSED else {"dry_run": True}
    assert answer["dry_run"] is True
    assert town.digest() == before
    assert len(town.space.store.events) == events
    assert town.send(town.sign("bob", town.pay("bob", "cid")))[0].status == "executed"


async def test_a_rehearsal_says_what_would_happen(office: Office) -> None:
    answer = await office.call("bob", "credit.transfer", dry_run=True, **PAY)
    assert answer == {"dry_run": True, "status": "would be executed", "result": 1}
    assert (await office.call("bob", "credit.transfer", **PAY))["result"] == 1
    error = await office.error("bob", "credit.transfer", dry_run="yes", **{**PAY, "amount": "99"})
    assert (error.code, error.data["dry_run"]) == (jsonrpc.REFUSED, True)
    assert "event" not in error.data


@pytest.mark.parametrize("name", sorted(QUERIES))
@pytest.mark.parametrize("who", ["ann", OPERATOR])
async def test_every_query_answers_or_refuses_and_writes_nothing(office: Office, name: str, who: str) -> None:
    before = office.town.digest()
    params = {k: "bob" if v == "carol" else v for k, v in QUERIES[name].example.items()}
    answer = await office.either(who, name, **params)
    if isinstance(answer, RpcError):
        assert answer.code in (jsonrpc.REFUSED, jsonrpc.INVALID_PARAMS), answer.message
    else:
        jsonrpc.encode(answer)
    assert office.town.digest() == before


# -- the order of one device's commands --------------------------------------------------------------------------------


async def test_commands_of_one_member_at_the_same_time_follow_each_other(office: Office) -> None:
    results: list[int] = []

    async def slow(blocks: Sequence[bytes], blobs: Mapping[bytes, bytes]) -> list[Receipt]:
        await trio.sleep(0.001)
        return office.town.space.submit(blocks, office.town.now, blobs=blobs)

    office.methods.submit = slow

    async def pay(who: str) -> None:
        results.append(
            (await office.call(who, "credit.transfer", **{**PAY, "payee": "ann", "amount": "0.01"}))["result"]
        )

    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(pay, "bob")
            nursery.start_soon(pay, "cid")
    assert sorted(results) == list(range(1, 41))
    assert office.town.balance("ann") == 40
    assert office.methods._authors == {}, "locks are let go"


# -- the description ---------------------------------------------------------------------------------------------------

STRING = {"type": "string", "minLength": 1}
SCHEMA = {"type": "object", "not": {"required": ["undefined"]}}
DESCRIPTOR = {
    "type": "object", "required": ["name", "schema"], "additionalProperties": False,
    "properties": {"name": STRING, "schema": SCHEMA, "description": STRING, "required": {"type": "boolean"}},
}  # fmt: skip
OPENRPC = {
    "type": "object",
    "required": ["openrpc", "info", "methods"],
    "properties": {
        "openrpc": {"type": "string", "pattern": r"^1\.[0-9]+\.[0-9]+$"},
        "info": {"type": "object", "required": ["title", "version"]},
        "methods": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "params", "result"],
                "additionalProperties": False,
                "properties": {
                    "name": {"type": "string", "pattern": r"^[a-z]+\.[a-z_]+$"},
                    "summary": STRING, "description": STRING, "paramStructure": {"const": "by-name"},
                    "tags": {"type": "array", "items": {"type": "object", "required": ["name"]}},
                    "params": {"type": "array", "items": DESCRIPTOR},
                    "result": DESCRIPTOR,
                    "errors": {"type": "array", "items": {
                        "type": "object", "required": ["code", "message"],
                        "properties": {"code": {"type": "integer"}, "message": STRING},
                    }},
                    "examples": {"type": "array", "items": {
                        "type": "object", "required": ["name", "params"],
                        "properties": {"params": {"type": "array", "items": {
                            "type": "object", "required": ["name", "value"]}}},
                    }},
                },
            },
        },
    },
}  # fmt: skip


async def test_the_description_is_openrpc_and_lists_every_method_once(office: Office) -> None:
    document = await office.call(OPERATOR, "rpc.discover")
    jsonrpc.encode(document)
    Draft202012Validator(OPENRPC).validate(document)
    names = [m["name"] for m in document["methods"]]
    assert len(names) == len(set(names)), "commands, queries and the node's own never clash"
    online = {"subscribe", "unsubscribe"} & set(names)
    assert set(names) - online == set(office.methods.names()) - online
    for method in document["methods"]:
        params = [p["name"] for p in method["params"]]
        assert len(params) == len(set(params)), method["name"]
        for param in method["params"]:
            Draft202012Validator.check_schema(param["schema"])
        for example in method.get("examples", []):
            given = {p["name"].removesuffix("_minor") for p in example["params"]}
            assert given <= set(params), method["name"]
            required = {p["name"] for p in method["params"] if p.get("required")}
            assert required <= given, method["name"]


async def test_what_the_description_says_of_params_is_what_is_taken(office: Office) -> None:
    """Every described parameter of every method is known to it: none is refused as unknown."""
    document = await office.call(OPERATOR, "rpc.discover")
    for method in document["methods"]:
        if method["name"] in ("node.stop", "subscribe", "unsubscribe"):
            continue
        for param in method["params"]:
            answer = await office.either("ann", method["name"], **{param["name"]: "%"})
            said = answer.message if isinstance(answer, RpcError) else ""
            assert "has no parameter" not in said, (method["name"], param["name"])
            assert "there is no field" not in said, (method["name"], param["name"])


# -- events and proofs -------------------------------------------------------------------------------------------------


async def test_prepared_here_signed_elsewhere_submitted(office: Office) -> None:
    ops = [{"op": "credit.transfer", **PAY, "memo": "two loaves"}, {"op": "group.create", "group": "g", "title": "G"}]
    draft = await office.call(OPERATOR, "event.prepare", ops=ops, **{"as": "bob"}, until="2026-01-02")
    unsigned = base64.b64decode(draft["unsigned"])
    assert draft["author"] == key_of("bob").did
    block = finish(unsigned, key_of("bob"))
    wrong = await office.error(OPERATOR, "event.submit", block=b64(finish(unsigned, key_of("cid"))))
    assert (wrong.code, wrong.data["code"]) == (jsonrpc.INVALID_EVENT, "bad_signature")
    answer = await office.call(OPERATOR, "event.submit", block=b64(block), blobs=draft["blobs"])
    assert answer["status"] == "executed"
    assert answer["result"] == [1, "g"] or len(answer["result"]) == 2
    shown = await office.call("cid", "dag.get", event=answer["event"])
    assert shown["ops"][0]["memo"] == "two loaves"
    assert shown["member"] == "bob"
    again = await office.call(OPERATOR, "event.submit", blocks=[b64(block)])
    assert [r["status"] for r in again] == ["executed"]


async def test_a_proof_is_checked_with_nothing_but_the_spaces_name(office: Office) -> None:
    paid = await office.call("bob", "credit.transfer", **PAY)
    made = await office.call("bob", "dag.proof", event=paid["event"])
    assert made["space"] == cid_text(office.town.space.cid)
    for data in (base64.b64decode(made["proof"]), proof.from_json(made["json"])):
        checked = proof.check(data, office.town.space.cid)
        assert checked.event is not None
        assert cid_text(checked.event.cid) == paid["event"]


async def test_the_log_is_read_in_pages(office: Office) -> None:
    size = (await office.call(OPERATOR, "dag.head"))["leaves"]
    rows = []
    after = -1
    while page := await office.call(OPERATOR, "dag.log", after=after, limit=3):
        rows += page
        after = rows[-1]["index"]
    assert [r["index"] for r in rows] == list(range(size))
    assert (await office.call(OPERATOR, "dag.log"))[-1]["index"] == size - 1
