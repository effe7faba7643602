"""A community organisation under its template: a committee, locked shares, money that never goes to the members."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from icn_node import audit
from tests.ccl.templates.coop import CREDIT, Coop, changed
from tests.people import words
from tests.world import DAY_MS

SHARE: dict[str, Any] = {
    "op": "currency.create", "ver": 1, "unit": "SHARE", "decimals": 0, "transferable": False, "mint": "decision",
    "burn": "decision",
}  # fmt: skip
REASON = words("parties role:steward")


@pytest.fixture
def coop(tmp_path: Path) -> Iterator[Coop]:
    """Ann founds it and sits on the committee, until others are chosen."""
    with Coop(tmp_path, "community", CREDIT, SHARE, members=("bob", "cleo", "dora", "eve", "fay")) as made:
        for role in ("co_opted", "treasurer", "secretary"):
            made.do("ann", "role.resign", role=role)
        yield made


def grant(coop: Coop, role: str, name: str) -> dict[str, Any]:
    return {"op": "role.grant", "role": role, "member": coop.did(name)}


def test_the_committee_is_elected_and_its_officers_are_two_people(coop: Coop) -> None:
    assert coop.cannot("policy", grant(coop, "committee", "bob"))[0] == "13.1"
    assert coop.cannot("election", grant(coop, "treasurer", "bob"))[0] == "13.2"
    coop.carried("election", grant(coop, "committee", "bob"), voters=("cleo",))
    coop.carried("election", grant(coop, "treasurer", "bob"), voters=("cleo",))
    clause, said = coop.cannot("election", grant(coop, "secretary", "bob"))
    assert clause == "13.2"
    assert "two people" in said
    coop.carried("policy", grant(coop, "co_opted", "fay"), voters=("cleo",))
    clause, said = coop.cannot("policy", grant(coop, "co_opted", "eve"))
    assert clause == "13.3"
    assert "A third of the board" in said


def test_newcomers_do_not_invite_but_the_committee_does(coop: Coop) -> None:
    invitation = {"key": coop.did("gus"), "until_ms": coop.now + DAY_MS}
    clause, said = coop.refused("cleo", "member.invite", **invitation)
    assert clause == "10.1"
    assert "after 90 days" in said
    coop.do("ann", "member.invite", **invitation)
    coop.carried("policy", {"op": "bylaws.set", "name": "known_days", "value": 7}, voters=("cleo",))
    coop.do("cleo", "member.invite", key=coop.did("hal"), until_ms=coop.now + DAY_MS)


def test_shares_stay_for_the_lock_and_leave_a_part_at_a_time(coop: Coop) -> None:
    mint = {"op": "currency.mint", "unit": "SHARE", "payee": coop.did("cleo")}
    assert coop.cannot("policy", {**mint, "amount_minor": 401})[0] == "11.3"
    coop.carried("policy", {**mint, "amount_minor": 400}, voters=("cleo",))
    assert coop.cannot("policy", {**mint, "amount_minor": 1})[0] == "11.3"
    burn = {"op": "currency.burn", "unit": "SHARE", "holder": coop.did("cleo")}
    clause, said = coop.cannot("policy", {**burn, "amount_minor": 10})
    assert clause == "11.4"
    assert "first 1,095 days" in said
    coop.carried("policy", {"op": "bylaws.set", "name": "lock_days", "value": 10}, voters=("cleo",))
    assert coop.cannot("policy", {**burn, "amount_minor": 41})[0] == "11.4"
    coop.carried("policy", {**burn, "amount_minor": 40}, voters=("cleo",))
    assert coop.balance("cleo", "SHARE") == 360
    assert coop.refused("cleo", "member.leave", to_space=True)[0] == "10.5"


def test_a_purchase_over_the_limit_takes_a_decision(coop: Coop) -> None:
    wider = {"unit": "CREDIT", "party": coop.did("bob")}
    clause, said = coop.refused("ann", "credit.limit", **wider, floor_minor=-10_001)
    assert clause == "12.2"
    assert "100.00" in said or "100" in said
    coop.carried("policy", {"op": "credit.limit", **wider, "floor_minor": -50_000}, voters=("cleo",))
    pay = {"unit": "CREDIT", "payee": coop.did("dora")}
    assert coop.refused("bob", "credit.transfer", **pay, amount_minor=25_001)[0] == "12.4"
    coop.do("bob", "credit.transfer", **pay, amount_minor=25_000)
    to_bob = {"op": "credit.transfer", "unit": "CREDIT", "payee": coop.did("bob")}
    assert coop.cannot("budget", {**to_bob, "amount_minor": 30_001})[0] == "12.5"
    share_out = {"op": "credit.batch", "unit": "CREDIT", "payments": [{"payee": coop.did("bob"), "amount_minor": 1}]}
    clause, said = coop.cannot("budget", share_out)
    assert clause == "12.6"
    assert "not to people" in said


def test_a_suspension_is_short_and_spares_who_was_elected(coop: Coop) -> None:
    clause, said = coop.refused("ann", "member.suspend", member=coop.did("eve"), days=15, reason=REASON)
    assert clause == "14.1"
    assert "Up to 14 days" in said
    coop.do("ann", "member.suspend", member=coop.did("eve"), days=14, reason=REASON)
    coop.carried("election", grant(coop, "committee", "bob"), voters=("cleo",))
    assert coop.refused("ann", "member.suspend", member=coop.did("bob"), days=1, reason=REASON)[0] == "14.1"
    entrust = {"to": coop.did("bob"), "until_ms": coop.now + DAY_MS}
    assert coop.refused("dora", "governance.delegate", **entrust)[0] == "15.2"
    coop.do("dora", "governance.delegate", to=coop.did("cleo"), until_ms=coop.now + DAY_MS)


def test_three_quarters_amend_and_dissolve(coop: Coop) -> None:
    later = changed("community", ("250 in 0..10_000", "400 in 0..10_000"), ('version: "1.0.0"', 'version: "1.1.0"'))
    adopt = {"op": "bylaws.adopt", "document": later}
    assert coop.cannot("policy", adopt)[0] == "1.4"
    assert coop.decide("bylaw", adopt)["state"] != "executed", "one of six is no quorum"
    assert coop.carried("bylaw", adopt, voters=("bob", "cleo")) == [2]
    votes = {"op": "governance.set_type", "type": "policy", "method": "quadratic"}
    assert coop.cannot("bylaw", votes)[0] == "15.3"
    close = {"op": "credit.change", "unit": "CREDIT", "closed": True}
    assert coop.cannot("bylaw", close)[0] == "16.1"
    assert coop.decide("dissolution", close, voters=("bob", "cleo", "dora"))["state"] != "executed"
    coop.carried("dissolution", close, voters=("bob", "cleo", "dora", "eve"))
    assert audit.verify(coop.space).faults == []
