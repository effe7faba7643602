"""A workers' co-op under its template: probation, full membership, an election, purchases, surplus, a new limit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from icn_node import audit
from tests.ccl.templates.coop import CREDIT, Coop, changed
from tests.people import words

SHARE: dict[str, Any] = {
    "op": "currency.create", "ver": 1, "unit": "SHARE", "decimals": 0, "transferable": False, "mint": "decision",
}  # fmt: skip
FUND: dict[str, Any] = {
    "op": "currency.create", "ver": 1, "unit": "FUND", "decimals": 2, "mint": "role treasurer",
}  # fmt: skip
REASON = words("parties role:steward", 1)


@pytest.fixture
def coop(tmp_path: Path) -> Iterator[Coop]:
    with Coop(tmp_path, "worker", CREDIT, SHARE, FUND, members=("bob", "cleo", "dora")) as made:
        yield made


def full_member(coop: Coop, *names: str) -> None:
    """After their probation, a decision makes them full members."""
    coop.later(180)
    coop.carried("membership", *({"op": "role.grant", "role": "worker", "member": coop.did(n)} for n in names))


def test_probation_comes_before_full_membership(coop: Coop) -> None:
    clause, words = coop.refused("bob", "governance.propose", type="budget", title="A kettle")
    assert clause == "15.1"
    assert "Full members propose." in words
    grant = {"op": "role.grant", "role": "worker", "member": coop.did("bob")}
    clause, words = coop.cannot("membership", grant)
    assert clause == "10.4"
    assert "The probation of 180 days is not over." in words
    full_member(coop, "bob")
    no = coop.do("bob", "governance.propose", type="budget", title="A kettle")
    assert coop.ask("bob", "governance.show", proposal=no)["type"] == "budget"
    clause, words = coop.refused("bob", "role.resign", role="worker")
    assert clause == "10.6"
    assert "leave the co-op" in words


def test_officers_are_elected_from_full_members(coop: Coop) -> None:
    full_member(coop, "bob")
    election = {"op": "role.grant", "role": "steward", "member": coop.did("bob")}
    assert coop.cannot("policy", election)[0] == "13.1"
    stranger = {"op": "role.grant", "role": "steward", "member": coop.did("cleo")}
    assert coop.cannot("election", stranger)[0] == "13.1"
    coop.carried("election", election, voters=("bob",))
    both = {"op": "role.grant", "role": "treasurer", "member": coop.did("bob")}
    assert coop.cannot("election", both)[0] == "13.2"
    clause, words = coop.refused("bob", "member.suspend", member=coop.did("cleo"), days=15)
    assert clause == "12.1"
    assert "at most 14 days" in words
    coop.do("bob", "member.suspend", member=coop.did("cleo"), days=14, reason=REASON)
    assert coop.refused("bob", "member.suspend", member=coop.did("ann"), days=1)[0] == "12.1"


def test_a_purchase_over_the_limit_is_refused_until_a_decision_raises_it(coop: Coop) -> None:
    coop.do("ann", "credit.limit", unit="CREDIT", party=coop.did("dora"), floor_minor=-20_000)
    assert coop.refused("ann", "credit.limit", unit="CREDIT", party=coop.did("dora"), floor_minor=-20_001)[0] == "14.2"
    pay = {"unit": "CREDIT", "payee": coop.did("bob"), "amount_minor": 5_001}
    coop.do("dora", "credit.transfer", **pay)
    lower = {"op": "bylaws.set", "name": "purchase_limit", "value": "50"}
    coop.carried("policy", lower)
    clause, words = coop.refused("dora", "credit.transfer", **pay)
    assert clause == "14.5"
    assert "50" in words
    coop.carried("policy", {**lower, "value": "51"})
    coop.do("dora", "credit.transfer", **pay)
    outside = coop.decide("policy", {**lower, "value": "10001"})
    assert outside["execution"]["refused"] == "bad_parameter"
    assert coop.cannot("budget", lower)[0] == "1.4"


def test_the_reserve_stays_whatever_is_decided(coop: Coop) -> None:
    full_member(coop, "bob")
    assert coop.refused("ann", "currency.mint", unit="FUND", amount_minor=100, payee=coop.did("ann"))[0] == "14.10"
    coop.do("ann", "currency.mint", unit="FUND", amount_minor=100_000)
    payments = [{"payee": coop.did(name), "amount_minor": 10_000} for name in ("ann", "bob")]
    share = {"op": "credit.batch", "unit": "FUND", "payments": payments}
    clause, words = coop.cannot("budget", share)
    assert clause == "14.7"
    assert "The reserve of" in words
    coop.do("ann", "currency.mint", unit="FUND", amount_minor=25_000)
    coop.carried("budget", share, voters=("bob",))
    assert coop.balance("bob", "FUND") == 10_000
    assert coop.cannot("budget", share)[0] == "14.7"
    assert coop.cannot("policy", share)[0] == "14.7"
    bill = {"op": "currency.burn", "unit": "FUND", "amount_minor": 5_001}
    assert coop.cannot("budget", bill)[0] == "14.11"
    coop.carried("budget", {**bill, "amount_minor": 5_000}, voters=("bob",))
    probationer = {**share, "payments": [{"payee": coop.did("cleo"), "amount_minor": 100}]}
    assert coop.cannot("budget", probationer)[0] == "14.7"


def test_leaving_takes_what_is_owed(coop: Coop) -> None:
    coop.do("cleo", "credit.transfer", unit="CREDIT", payee=coop.did("ann"), amount_minor=100)
    clause, words = coop.refused("cleo", "member.leave", to_space=True)
    assert clause == "10.7"
    assert "Pay what you owe" in words
    coop.do("ann", "credit.transfer", unit="CREDIT", payee=coop.did("cleo"), amount_minor=100)
    coop.do("cleo", "member.leave", to_space=True)


def test_shares_are_for_full_members_one_each(coop: Coop) -> None:
    full_member(coop, "bob")
    mint = {"op": "currency.mint", "unit": "SHARE", "amount_minor": 1}
    assert coop.cannot("membership", {**mint, "payee": coop.did("cleo")})[0] == "11.3"
    coop.carried("membership", {**mint, "payee": coop.did("bob")}, voters=("bob",))
    assert coop.cannot("membership", {**mint, "payee": coop.did("bob")})[0] == "11.3"


def test_the_bylaws_are_amended_and_the_co_op_dissolved(coop: Coop) -> None:
    full_member(coop, "bob")
    longer = changed("worker", ("180 in 30..540", "365 in 30..540"), ('version: "1.0.0"', 'version: "1.1.0"'))
    one_vote = coop.decide("bylaw", {"op": "bylaws.adopt", "document": longer})
    assert one_vote["state"] == "executed"
    coop.later(185)
    grant = {"op": "role.grant", "role": "worker", "member": coop.did("cleo")}
    assert coop.decide("membership", grant, voters=("bob",))["state"] == "executed"
    close = {"op": "credit.change", "unit": "CREDIT", "closed": True}
    assert coop.cannot("bylaw", close)[0] == "16.1"
    assert coop.decide("dissolution", close, voters=("bob",))["state"] == "rejected"
    coop.carried("dissolution", close, voters=("bob", "cleo"))
    assert audit.verify(coop.space).faults == []
