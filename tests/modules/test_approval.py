"""Approval: parked commands, who may sign them, what becomes of them; carried out once, judged again."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from icn_node.kernel import ledger, private, registry
from icn_node.kernel.execute import PendingCommand
from icn_node.kernel.fields import Private
from icn_node.kernel.module import Amount, Party
from icn_node.kernel.refusal import Fault, Forbidden
from icn_node.modules import approval
from tests import people
from tests.people import Case, by_decision, notices, provoke, undeclared, unit, words
from tests.world import Refused, World

SIGNERS = ("bob", "cid", "dan")


def shop(w: World, need: int = 2) -> None:
    """An organisation whose three signers pay nothing alone, and a unit of credit to pay in."""
    for name in ("bob", "cid", "dan", "eve"):
        if registry.party_no(w.tables, w.did(name)) is None:
            w.member(name)
    unit(w, floor_minor=-100)
    w.member("shop", kind="organisation")
    for name in SIGNERS:
        w.tables.put(registry.Mandate(w.no("shop"), w.no(name), 0, w.now, None))
    w.tables.put(registry.Signing(w.no("shop"), need))
    w.tables.settle()


class Shop:
    """The words of the tables, in a co-op with that shop."""

    def __init__(self, *, sqlite: bool = False, need: int = 2) -> None:
        self.w = World(sqlite=sqlite)
        shop(self.w, need)

    def say(self, line: str) -> str:
        who, verb, *rest = line.split()
        try:
            outcome = getattr(self, verb)(who, *rest)
        except Refused as no:
            return no.code
        return "ok" if outcome is None else str(outcome)

    def pays(self, who: str, amount: str) -> Any:
        return self.w.do(who, "credit.transfer", payee=self.w.did("eve"), amount_minor=int(amount), unit="CC",
                         payer=self.w.did("shop"))  # fmt: skip

    def approves(self, who: str, no: str = "1") -> Any:
        return self.w.do(who, "approval.approve", approval=int(no))

    def refuses(self, who: str, no: str = "1") -> Any:
        return self.w.do(who, "approval.refuse", approval=int(no))

    def withdraws(self, who: str, no: str = "1") -> Any:
        return self.w.do(who, "approval.withdraw", approval=int(no))

    def has(self, who: str) -> int:
        return ledger.balance(self.w.tables, "CC", self.w.no(who))

    def told(self, who: str) -> str:
        return ",".join(notices(self.w, who)) or "nothing"

    def becomes(self, who: str, status: str) -> None:
        row = registry.party_of(self.w.tables, self.w.did(who))
        self.w.tables.put(msgspec.structs.replace(row, status=status))
        self.w.tables.settle()

    def loses(self, who: str) -> None:
        """Its mandate."""
        self.w.tables.delete(registry.Mandate, self.w.no("shop"), self.w.no(who))
        self.w.tables.settle()

    def gains(self, who: str) -> None:
        self.w.tables.put(registry.Mandate(self.w.no("shop"), self.w.no(who), None, self.w.now, None))
        self.w.tables.settle()

    def waits(self, who: str, days: str) -> None:
        for _ in range(int(days)):
            self.w.pass_time(days=1)

    def shows(self, who: str, no: str = "1") -> str:
        row = self.w.ask(None, "approval.all", status="open", limit=1000) + [
            r for s in ("done", "refused", "declined", "withdrawn", "expired")
            for r in self.w.ask(None, "approval.all", status=s)
        ]  # fmt: skip
        found = next(r for r in row if r["no"] == int(no))
        return f"{found['status']}:{found['result']}" if found["result"] else found["status"]


TABLES = {
    "two of three": """
        bob pays 40           approval:1
        shop has              0
        bob told              nothing
        cid told              approval.wanted
        dan told              approval.wanted
        bob approves          already_answered
        eve approves          not_an_approver
        ann approves          not_an_approver
        cid approves          done
        shop has              -40
        eve has               40
        bob told              approval.done
        it shows              done:1
        dan approves          approval_ended
        bob withdraws         approval_ended
        cid refuses           approval_ended
        ann approves 2        unknown_approval
        shop has              -40
    """,
    "it expires after fourteen days": """
        bob pays 40           approval:1
        it waits 13           ok
        it shows              open
        it waits 1            ok
        it shows              expired
        bob told              approval.expired
        cid approves          approval_ended
        shop has              0
    """,
    "its author withdraws it": """
        bob pays 40           approval:1
        cid withdraws         not_your_command
        bob withdraws         ok
        cid approves          approval_ended
        it waits 20           ok
        it shows              withdrawn
        bob told              nothing
    """,
    "it is declined once too few are left": """
        bob pays 40           approval:1
        cid refuses           open
        cid refuses           already_answered
        dan refuses           declined
        bob told              approval.declined
        dan approves          approval_ended
        shop has              0
    """,
    "one may change one's mind": """
        bob pays 40           approval:1
        cid refuses           open
        cid approves          done
        bob pays 10           approval:2
        bob refuses 2         open
        cid approves 2        open
        bob approves 2        done
        shop has              -50
    """,
    "who lost the mandate does not count, who got it later neither": """
        bob pays 40           approval:1
        cid loses             ok
        cid approves          not_an_approver
        eve gains             ok
        eve approves          not_an_approver
        dan approves          done
        shop has              -40
    """,
    "an approval is forgotten when its giver loses the mandate": """
        eve gains             ok
        bob pays 40           approval:1
        eve refuses           open
        cid refuses           open
        dan refuses           declined
    """,
    "an author who lost the right is refused": """
        bob pays 40           approval:1
        bob loses             ok
        cid approves          open
        dan approves          refused
        it shows              refused:forbidden
        bob told              approval.refused
        shop has              0
    """,
    "an author who is suspended is refused": """
        bob pays 40           approval:1
        bob becomes suspended  ok
        cid approves          open
        dan approves          refused
        it shows              refused:forbidden
    """,
    "what cannot be carried out any more is refused, and changes nothing": """
        bob pays 80           approval:1
        bob pays 30           approval:2
        cid approves 2        done
        cid approves 1        refused
        it shows 1            refused:over_floor
        shop has              -30
        dan approves 1        approval_ended
    """,
    "an approver who loses the mandate is not counted any more": """
        bob pays 40           approval:1
        eve gains             ok
        bob loses             ok
        bob gains             ok
        cid approves          done
    """,
}


@pytest.mark.parametrize("title", TABLES)
def test_table(title: str) -> None:
    twins = Shop(), Shop(sqlite=True)
    for text in TABLES[title].strip().splitlines():
        line, wanted = text.rsplit(maxsplit=1)
        assert [twin.say(line) for twin in twins] == [wanted, wanted], line
    assert twins[0].w.digest() == twins[1].w.digest()


def test_an_approval_given_by_somebody_who_then_lost_the_mandate_is_not_counted() -> None:
    s = Shop(need=3)
    assert s.say("bob pays 40") == "approval:1"
    assert s.say("cid approves") == "open"
    s.loses("cid")
    assert s.say("dan approves") == "open"
    (row,) = s.w.ask("dan", "approval.list")
    assert (row["need"], row["approved"]) == (3, [Party(s.w.no("bob")), Party(s.w.no("dan"))])
    assert s.say("dan approves") == "already_answered"
    s.gains("cid")
    assert s.say("dan approves") == "done"


def test_a_command_that_two_clauses_want_approved_is_parked_twice() -> None:
    w = World(params={"approval.above_minor": 10, "approval.issue_above_minor": 20, "approval.signatures": 2})
    shop(w)
    w.member("fay", roles=("steward",))
    stewards = {"by": "role steward", "field": "amount_minor", "above": "approval.issue_above_minor"}
    signers = {"by": "signers payer", "field": "amount_minor", "above": "approval.above_minor"}
    rest = {"on": ["approval.*", "read.*"], "require": ["anyone"], "text": "x"}
    pays = {"on": ["credit.transfer"], "require": ["acts for payer"], "text": "x"}
    w.decide({"op": "bylaws.adopt", "document": {"title": "x", "clauses": [
        {"id": "1", **pays, "approval": signers}, {"id": "2", **pays, "approval": stewards}, {"id": "3", **rest},
    ]}})  # fmt: skip
    fields = {"payer": w.did("shop"), "payee": w.did("eve"), "amount_minor": 40, "unit": "CC"}
    assert w.do("bob", "credit.transfer", **fields) == "approval:1"
    assert w.do("cid", "approval.approve", approval=1) == "done"
    assert ledger.balance(w.tables, "CC", w.no("shop")) == 0
    assert w.ask(None, "approval.all", status="done")[0]["result"] == "approval:2"
    assert w.do("ann", "approval.approve", approval=2) == "open"
    assert w.do("fay", "approval.approve", approval=2) == "done"
    assert ledger.balance(w.tables, "CC", w.no("shop")) == -40


def test_what_is_refused_half_way_leaves_nothing_behind() -> None:
    s = Shop()
    by_decision(s.w, "credit.change", unit="CC", levy_bp=1000)
    s.w.tables.settle()
    assert s.say("bob pays 95") == "approval:1"
    assert s.say("cid approves") == "refused"
    assert s.say("it shows") == "refused:over_floor"
    assert (s.has("shop"), s.has("eve"), s.w.tables.last_no("transfer")) == (0, 0, 0)
    assert s.say("dan approves") == "approval_ended"


def test_an_accepted_request_waits_for_signatures_and_is_paid_once() -> None:
    s = Shop()
    w = s.w
    request = w.do("eve", "credit.request", payer=w.did("shop"), amount_minor=40, unit="CC", memo=words("parties"))
    assert w.do("bob", "credit.accept", request=request) == "approval:1"
    assert w.do("dan", "credit.accept", request=request) == "approval:2"
    assert s.say("cid approves 1") == "done"
    assert s.say("cid approves 2") == "refused"
    assert s.say("it shows 2") == "refused:request_ended"
    assert s.has("eve") == 40
    row = w.tables.get(ledger.Transfer, 1)
    assert row is not None
    assert row.memo is not None


def test_other_commands_of_the_event_stand_while_one_waits() -> None:
    s = Shop()
    w = s.w
    own = {"op": "credit.transfer", "payee": w.did("eve"), "amount_minor": 5, "unit": "CC"}
    assert w.event("bob", own, {**own, "payer": w.did("shop")}) == [1, "approval:1"]
    assert s.has("eve") == 5


def test_a_bug_while_carrying_out_undoes_the_approval(monkeypatch: pytest.MonkeyPatch) -> None:
    s = Shop()
    s.say("bob pays 40")

    def broken(*args: Any, **more: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("icn_node.kernel.payments.pay", broken)
    assert s.say("cid approves") == Fault.code
    assert s.say("it shows") == "open"
    monkeypatch.undo()
    assert s.say("cid approves") == "done"


def test_what_waits_is_seen_by_those_it_concerns_with_its_amounts() -> None:
    s = Shop()
    w = s.w
    s.say("bob pays 40")
    for who in SIGNERS:
        (row,) = w.ask(who, "approval.list")
        assert row["fields"]["amount_minor"] == Amount(40, 2, "CC")
        assert row["fields"]["payee"] == Party(w.no("eve"))
        assert (row["op"], row["author"], row["need"]) == ("credit.transfer", Party(w.no("bob")), 2)
        assert row["approved"] == [Party(w.no("bob"))]
        assert [p.no for p in row["approvers"]] == [w.no(n) for n in SIGNERS]
        assert w.ask(who, "approval.show", approval=1) == row
    assert w.ask("eve", "approval.list") == []
    with pytest.raises(approval.UnknownApproval):
        w.ask("eve", "approval.show", approval=1)
    with pytest.raises(approval.UnknownApproval):
        w.ask("bob", "approval.show", approval=2)
    assert [r["no"] for r in w.ask("ann", "approval.all")] == [1]
    with pytest.raises(Forbidden):
        w.ask("bob", "approval.all")
    s.say("bob pays 10")
    s.say("cid approves 1")
    assert [r["no"] for r in w.ask("cid", "approval.list")] == [2]
    assert [r["no"] for r in w.ask("bob", "approval.mine")] == [1, 2]
    assert [r["no"] for r in w.ask("bob", "approval.mine", after=1)] == [2]
    assert w.ask("cid", "approval.mine") == []
    assert w.ask("cid", "approval.list", after=2) == []


def test_the_reason_of_a_refusal_is_for_the_author_and_the_other_approvers() -> None:
    s = Shop()
    w = s.w
    s.say("bob pays 40")
    w.do("cid", "approval.refuse", approval=1, reason=words("parties"))
    text = Private(bytes([1]) * 32, "parties", 5)
    can = [name for name in (*SIGNERS, "eve", "ann") if private.may_read(w.tables, text, w.no(name), w.now)]
    assert can == list(SIGNERS)


def test_a_stored_command_reads_back_as_it_was() -> None:
    s = Shop()
    w = s.w
    one = {"payee": w.did("eve"), "amount_minor": 7}
    fields = {"unit": "CC", "payer": w.did("shop"), "payments": [one, one], "memo": words("parties", 3)}
    assert w.do("bob", "credit.batch", **fields) == "approval:1"
    parked = w.tables.get(PendingCommand, 1)
    assert parked is not None
    spec = w.kernel.commands["credit.batch", 1][1]
    given = w.kernel.decode({"op": "credit.batch", "ver": 1, **fields})
    assert msgspec.json.decode(parked.fields, type=spec.cls) == given
    assert s.say("dan approves") == "done"
    assert s.has("eve") == 14


def _then(*lines: str) -> Any:
    def act(w: World) -> str:
        shop(w)
        town = Shop.__new__(Shop)
        town.w = w
        return [town.say(line) for line in ("bob pays 40", *lines)][-1]

    return act


CASES: list[Case] = [
    ("approval.approve", "unknown_approval", _then("cid approves 2")),
    ("approval.approve", "approval_ended", _then("bob withdraws", "cid approves")),
    ("approval.approve", "not_an_approver", _then("eve approves")),
    ("approval.approve", "already_answered", _then("bob approves")),
    ("approval.refuse", "unknown_approval", _then("cid refuses 2")),
    ("approval.refuse", "approval_ended", _then("bob withdraws", "cid refuses")),
    ("approval.refuse", "not_an_approver", _then("eve refuses")),
    ("approval.refuse", "already_answered", _then("cid refuses", "cid refuses")),
    ("approval.withdraw", "unknown_approval", _then("bob withdraws 2")),
    ("approval.withdraw", "approval_ended", _then("bob withdraws", "bob withdraws")),
    ("approval.withdraw", "not_your_command", _then("cid withdraws")),
]


@pytest.mark.parametrize("case", CASES, ids=[f"{op} {code}" for op, code, _ in CASES])
def test_a_refusal(case: Case) -> None:
    provoke(case)


def test_every_declared_refusal_is_provoked() -> None:
    assert undeclared(approval.MODULE, CASES) == set()


def test_a_real_organisation_closes_by_two_signatures() -> None:
    w = World()
    for name in ("bob", "cid"):
        w.member(name)
    people.organisation(w, "org", "bob", "cid", need=2)
    unit(w)
    assert w.do("bob", "credit.close", unit="CC", party=w.did("org")) == "approval:1"
    assert w.do("cid", "approval.approve", approval=1) == "done"
    account = w.tables.get(ledger.Account, "CC", w.no("org"), 0)
    assert account is not None
    assert account.status == "closed"
    assert w.do("ann", "credit.reopen", unit="CC", party=w.did("org")) is None
    assert w.do("ann", "credit.close", unit="CC", party=w.did("org")) is None  # a steward acts by a role
