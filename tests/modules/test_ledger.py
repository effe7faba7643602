"""Reading the books: what balances, histories, statements and lists say, and to whom."""

from __future__ import annotations

from typing import Any

import pytest

from icn_node.kernel import ledger, registry
from icn_node.kernel.ledger import FEES, ISSUANCE, Leg
from icn_node.kernel.module import Amount, Party
from icn_node.kernel.payments import UnknownTransfer
from icn_node.kernel.refusal import Forbidden, Refusal
from tests import people
from tests.people import by_decision, label, unit
from tests.world import DAY_MS, T0, World

TODAY = T0 // DAY_MS


def cc(minor: int) -> Amount:
    return Amount(minor, 2, "CC")


@pytest.fixture(params=[False, True], ids=["dict", "sqlite"])
def w(request: pytest.FixtureRequest) -> World:
    """ann steward, aud auditor, bob and cid; in CC bob paid cid 30, a day later cid paid bob 10, with a levy."""
    world = World(sqlite=request.param)
    world.member("aud", roles=("auditor",))
    for name in ("bob", "cid"):
        world.member(name)
    unit(world, floor_minor=-100, ceiling_minor=500, terms={"levy_bp": 1000})
    world.do("bob", "credit.transfer", payee=world.did("cid"), amount_minor=30, unit="CC")
    world.pass_time(days=1)
    world.do("cid", "credit.transfer", payee=world.did("bob"), amount_minor=10, unit="CC")
    return world


def test_a_balance_says_what_can_be_spent_and_taken(w: World) -> None:
    people.hold(w, "bob", "cid", 7)
    (row,) = w.ask("bob", "credit.balance", unit="CC")
    assert row == {
        "unit": "CC", "party": Party(w.no("bob")), "account": "main", "balance": cc(-23), "available": cc(70),
        "room": cc(523), "floor": cc(-100), "ceiling": cc(500), "held_out": cc(7), "held_in": cc(0), "status": "open",
        "entries": 3, "since_ms": T0,
    }  # fmt: skip
    assert w.ask("bob", "credit.balance") == [row]
    (other,) = w.ask("bob", "credit.balance", unit="CC", party=w.did("cid"))
    assert (other["balance"], other["held_in"], other["room"]) == (cc(19), cc(7), cc(474))
    (unopened,) = w.ask("ann", "credit.balance", unit="CC")
    assert (unopened["balance"], unopened["available"], unopened["entries"]) == (cc(0), cc(100), 0)
    assert w.ask("ann", "credit.balance") == []
    w.do("ann", "credit.limit", unit="CC", party=w.did("ann"), no_floor=True, no_ceiling=True)
    (free,) = w.ask("ann", "credit.balance")
    assert (free["available"], free["room"], free["floor"], free["ceiling"]) == (None, None, None, None)
    with pytest.raises(ledger.UnknownUnit):
        w.ask("bob", "credit.balance", unit="NONE")
    with pytest.raises(registry.UnknownMember):
        w.ask("ann", "credit.balance", party=w.did("nobody"))


def test_history_runs_backwards_a_page_at_a_time(w: World) -> None:
    lines = w.ask("bob", "credit.history", unit="CC")
    assert [(x["n"], x["kind"], x["amount"].minor, x["balance"].minor, x["value_day"] - TODAY) for x in lines] == [
        (3, "transfer", 10, -23, 1), (2, "fee", -3, -33, 0), (1, "transfer", -30, -30, 0),
    ]  # fmt: skip
    assert [(x["other"].no, x["other_account"]) for x in lines] == [
        (w.no("cid"), "main"), (0, "fees"), (w.no("cid"), "main"),
    ]  # fmt: skip
    assert [x["n"] for x in w.ask("bob", "credit.history", unit="CC", limit=2)] == [3, 2]
    assert [x["n"] for x in w.ask("bob", "credit.history", unit="CC", after=2)] == [1]
    assert w.ask("ann", "credit.history", unit="CC") == []


@pytest.mark.parametrize(
    ("period", "wanted"),
    [
        ({}, (0, -23, 3, [1, 2, 3])),
        ({"to_day": TODAY}, (0, -33, 2, [1, 2])),
        ({"from_day": TODAY + 1}, (-33, -23, 1, [3])),
        ({"from_day": TODAY, "to_day": TODAY + 1}, (0, -23, 3, [1, 2, 3])),
        ({"from_day": TODAY + 2}, (-23, -23, 0, [])),
        ({"to_day": TODAY - 1}, (0, 0, 0, [])),
        ({"first": 2}, (-30, -23, 2, [2, 3])),
        ({"first": 2, "last": 2}, (-30, -33, 1, [2])),
        ({"last": 1}, (0, -30, 1, [1])),
        ({"limit": 2}, (0, -23, 3, [1, 2])),
        ({"after": 2}, (0, -23, 3, [3])),
    ],
)
def test_a_statement_has_an_opening_and_a_closing_balance(w: World, period: dict[str, int], wanted: Any) -> None:
    page = w.ask("bob", "credit.statement", unit="CC", **period)
    assert (page["opening"].minor, page["closing"].minor, page["count"], [x["n"] for x in page["lines"]]) == wanted
    assert page["after"] == (2 if period == {"limit": 2} else 0)


def test_the_spaces_own_books_are_open_and_an_unclaimed_label_s_are_not(w: World) -> None:
    old = label(w)
    ledger.post(w.tables, w.reader(None), (Leg("CC", old, w.no("bob"), 5, "import", day=TODAY - 900),), limits=False)
    w.tables.settle()
    page = w.ask("bob", "credit.book", unit="CC", owner=0, account="fees")
    assert [(x["kind"], x["amount"].minor, x["other"].no) for x in page["lines"]] == [
        ("fee", 3, w.no("bob")), ("fee", 1, w.no("cid")),
    ]  # fmt: skip
    with pytest.raises(Forbidden):
        w.ask("bob", "credit.book", unit="CC", owner=old)
    for reader in ("ann", "aud", None):
        assert w.ask(reader, "credit.book", unit="CC", owner=old)["closing"] == cc(-5)
    dated = w.ask("bob", "credit.statement", unit="CC", to_day=TODAY - 1)
    assert (dated["closing"], [x["kind"] for x in dated["lines"]]) == (cc(5), ["import"])
    whole = w.ask("bob", "credit.statement", unit="CC")
    assert [(x["n"], x["balance"].minor) for x in whole["lines"]] == [(4, 5), (1, -25), (2, -28), (3, -18)]
    assert whole["closing"] == cc(-18)


def test_accounts_are_listed_by_party_after_the_space_s_own(w: World) -> None:
    rows = w.ask("bob", "credit.accounts", unit="CC")
    assert [(r["party"].no, r["account"], r["balance"].minor) for r in rows] == [
        (0, "fees", 4), (w.no("bob"), "main", -23), (w.no("cid"), "main", 19),
    ]  # fmt: skip
    assert [r["party"].no for r in w.ask("bob", "credit.accounts", unit="CC", limit=1)] == [0, w.no("bob")]
    assert [r["party"].no for r in w.ask("bob", "credit.accounts", unit="CC", after=w.no("bob"))] == [w.no("cid")]


def test_the_trial_balance_adds_up(w: World) -> None:
    by_decision(w, "currency.create", unit="LEAF", mint="role steward", decimals=0)
    w.do("ann", "currency.mint", amount_minor=9, unit="LEAF", payee=w.did("bob"))
    assert w.ask("bob", "credit.sums") == [
        {"unit": "CC", "kind": "credit", "accounts": 3, "above": cc(23), "below": cc(-23), "sum": cc(0)},
        {"unit": "LEAF", "kind": "currency", "accounts": 2, "above": Amount(9, 0, "LEAF"),
         "below": Amount(-9, 0, "LEAF"), "sum": Amount(0, 0, "LEAF")},
    ]  # fmt: skip
    assert ledger.balance(w.tables, "LEAF", 0, ISSUANCE) == -9
    assert ledger.balance(w.tables, "CC", 0, FEES) == 4


def test_a_transfer_is_shown_to_its_parties_with_what_undid_it(w: World) -> None:
    row = w.ask("cid", "credit.show", transfer=1)
    assert (row["kind"], row["amount"], row["payer"]) == ("transfer", cc(30), Party(w.no("bob")))
    assert row["reversed_by"] is None
    assert w.ask(None, "credit.show", transfer=1) == row
    for reader, no in (("ann", 1), ("cid", 99), ("cid", 2)):
        with pytest.raises(UnknownTransfer):
            w.ask(reader, "credit.show", transfer=no)
    w.do("ann", "credit.reverse", transfer=1)
    assert w.ask("bob", "credit.show", transfer=1)["reversed_by"] == 5
    assert [x["transfer"] for x in w.ask("aud", "credit.journal", after=4)] == [5, 6]


def test_requests_recurring_payments_and_allowances_are_listed_with_their_side(w: World) -> None:
    bob, cid = w.did("bob"), w.did("cid")
    w.do("bob", "credit.request", payer=cid, amount_minor=5, unit="CC")
    w.do("cid", "credit.request", payer=bob, amount_minor=6, unit="CC")
    w.do("bob", "credit.refuse", request=2)
    w.do("bob", "credit.recur", payee=cid, amount_minor=2, unit="CC", every="month", times=2)
    w.do("cid", "credit.recur", payee=bob, amount_minor=3, unit="CC", first_ms=w.now + DAY_MS)
    w.do("bob", "credit.allow", payee=cid, amount_minor=50, unit="CC", days=7)
    w.do("cid", "credit.request", payer=bob, amount_minor=20, unit="CC")

    def short(name: str, **fields: Any) -> list[tuple[int, str, int]]:
        return [(r["no"], r["side"], r["amount"].minor) for r in w.ask("bob", name, **fields)]

    assert short("credit.requests") == [(1, "payee", 5)]
    assert short("credit.requests", state="refused") == [(2, "payer", 6)]
    assert short("credit.requests", state="paid") == [(3, "payer", 20)]
    assert short("credit.requests", after=1) == []
    assert short("credit.standing") == [(1, "payer", 2), (2, "payee", 3)]
    assert short("credit.standing", limit=1) == [(1, "payer", 2)]
    w.pass_time(hours=1)
    (paid, _) = w.ask("bob", "credit.standing")
    assert (paid["paid"], paid["times"], paid["next_ms"]) == (1, 2, T0 + (1 + 31) * DAY_MS)
    (allowed,) = w.ask("bob", "credit.allowances")
    assert (allowed["payee"], allowed["amount"], allowed["spent"], allowed["days"]) == (
        Party(w.no("cid")), cc(50), cc(20), 7,
    )  # fmt: skip
    w.pass_time(days=7)
    assert w.ask("bob", "credit.allowances")[0]["spent"] == cc(0)


OWN = ("credit.history", "credit.statement", "credit.requests", "credit.standing", "credit.allowances")


@pytest.mark.parametrize(
    ("query", "of", "open_to", "closed_to"),
    [
        ("credit.balance", "bob", "bob cid ann aud operator", "stranger"),
        *[(name, "bob", "bob ann aud operator", "cid stranger") for name in OWN],
        ("credit.accounts", "", "bob ann aud operator", "stranger"),
        ("credit.sums", "", "bob ann aud operator", "stranger"),
        ("credit.journal", "", "ann aud operator", "bob stranger"),
        ("unit.list", "", "bob stranger operator", ""),
    ],
)
def test_who_reads_what(query: str, of: str, open_to: str, closed_to: str) -> None:
    w = World()
    w.member("aud", roles=("auditor",))
    for name in ("bob", "cid"):
        w.member(name)
    unit(w)
    takes_unit = query in ("credit.history", "credit.statement", "credit.accounts")
    fields: dict[str, Any] = {"unit": "CC"} if takes_unit else {}
    if of:
        fields["party"] = w.did(of)
    for reader in open_to.split():
        w.ask(None if reader == "operator" else reader, query, **fields)
    for reader in closed_to.split():
        with pytest.raises(Refusal) as caught:
            w.ask(reader, query, **fields)
        assert caught.value.code in ("forbidden", "unknown_key")


def test_balances_can_be_hidden_and_then_a_refusal_does_not_tell_them_either() -> None:
    w = World(params={"credit.hidden_balances": True})
    w.member("aud", roles=("auditor",))
    for name in ("bob", "cid"):
        w.member(name)
    unit(w, ceiling_minor=100)
    for reader in ("cid", "ann", "aud", None):
        w.ask(reader, "credit.balance", unit="CC", party=w.did("cid"))
    with pytest.raises(Forbidden) as caught:
        w.ask("bob", "credit.balance", unit="CC", party=w.did("cid"))
    assert caught.value.clause == "4.9"
    with pytest.raises(Forbidden):
        w.ask("bob", "credit.accounts", unit="CC")
    w.ask("aud", "credit.accounts", unit="CC")
    with pytest.raises(Exception, match="over_ceiling") as refused:
        w.do("bob", "credit.transfer", payee=w.did("cid"), amount_minor=101, unit="CC")
    assert set(refused.value.facts) == {"unit", "amount"}  # type: ignore[attr-defined]


def test_a_signer_reads_the_organisation_s_account_and_a_former_member_their_own() -> None:
    w = World()
    for name in ("bob", "cid"):
        w.member(name)
    unit(w)
    people.organisation(w, "shop", "bob")
    w.do("bob", "credit.transfer", payee=w.did("cid"), amount_minor=3, unit="CC", payer=w.did("shop"))
    assert len(w.ask("bob", "credit.history", unit="CC", party=w.did("shop"))) == 1
    assert w.ask("bob", "credit.show", transfer=1)["amount"] == cc(3)
    with pytest.raises(Forbidden):
        w.ask("cid", "credit.history", unit="CC", party=w.did("shop"))
    w.do("ann", "member.suspend", member=w.did("cid"), days=30, reason=people.words("parties role:steward"))
    assert len(w.ask("cid", "credit.history", unit="CC")) == 1
    assert w.ask("cid", "credit.balance", unit="CC")[0]["balance"] == cc(3)
    with pytest.raises(Forbidden):
        w.ask("cid", "credit.balance", unit="CC", party=w.did("bob"))
