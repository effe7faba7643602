"""A federation under its template: co-ops that sign with two people, seats by numbers and within a cap, elections."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dag.keys import key_binding_bytes
from icn_node import audit
from tests.ccl.templates.coop import CREDIT, Coop, changed
from tests.world import DAY_MS, key_of

UNITS: tuple[dict[str, Any], ...] = (
    CREDIT,
    {"op": "currency.create", "ver": 1, "unit": "MEMBER", "decimals": 0, "transferable": False, "mint": "decision",
     "burn": "decision"},
    {"op": "currency.create", "ver": 1, "unit": "SEAT", "decimals": 0, "transferable": True, "mint": "decision",
     "burn": "decision"},
)  # fmt: skip
COOPS = {"bakery": ("bob", "cleo"), "dairy": ("dora", "eve"), "mill": ("fay", "ann")}


def applying(coop: Coop, name: str, need: int = 2) -> dict[str, Any]:
    """The fields with which a co-op is entered, with the proof of its own key."""
    key = key_of(name)
    proof = key.sign(key_binding_bytes(coop.space.cid, key.did))
    signers = [coop.did(signer) for signer in COOPS[name]]
    return {"did": key.did, "proof": proof, "handle": name, "signers": signers, "need": need}


@pytest.fixture
def coop(tmp_path: Path) -> Iterator[Coop]:
    """Ann founds it and sits on the board; three co-ops are members, and have no seats yet."""
    with Coop(tmp_path, "federation", *UNITS, members=("bob", "cleo", "dora", "eve", "fay")) as made:
        made.do("ann", "role.resign", role="auditor")
        for name, (first, second) in COOPS.items():
            made.do(first, "organisation.create", **applying(made, name))
            made.do(second, "mandate.accept", organisation=made.did(name))
        admit = ({"op": "organisation.admit", "organisation": made.did(name)} for name in COOPS)
        made.carried("membership", *admit, voters=("bob", "dora"))
        yield made


def minted(coop: Coop, unit: str, name: str, amount: int) -> dict[str, Any]:
    return {"op": "currency.mint", "unit": unit, "payee": coop.did(name), "amount_minor": amount}


def signed(coop: Coop, name: str, op: str, **fields: Any) -> None:
    """A command of a co-op: its first signer gives it, its second approves."""
    first, second = COOPS[name]
    waits = str(coop.do(first, op, payer=coop.did(name), **fields))
    assert waits.startswith("approval:"), "two people sign for a co-op"
    coop.do(second, "approval.approve", approval=int(waits.partition(":")[2]))


def seated(coop: Coop) -> None:
    """Each co-op has one seat, and gives it to its first signer."""
    coop.carried("membership", *(minted(coop, "SEAT", name, 1) for name in COOPS), voters=("bob", "dora"))
    for name, (first, _) in COOPS.items():
        signed(coop, name, "credit.transfer", unit="SEAT", payee=coop.did(first), amount_minor=1)


def test_a_co_op_signs_with_two_people_and_is_admitted_by_all(coop: Coop) -> None:
    alone = {**applying(coop, "bakery", 1), "did": key_of("alone").did, "handle": "alone"}
    clause, words = coop.refused("bob", "organisation.create", **alone)
    assert clause == "10.1"
    assert "2 people" in words
    mandate = {"organisation": coop.did("bakery"), "signer": coop.did("dora")}
    assert coop.refused("bob", "mandate.grant", **mandate)[0] == "10.4"
    year = 365 * DAY_MS
    assert coop.refused("bob", "mandate.grant", **mandate, until_ms=coop.now + 5 * year)[0] == "10.4"
    waits = coop.do("bob", "mandate.grant", **mandate, until_ms=coop.now + year)
    assert str(waits).startswith("approval:")


def test_people_come_in_on_the_boards_invitation(coop: Coop) -> None:
    invitation = {"key": coop.did("gus"), "until_ms": coop.now + DAY_MS}
    clause, words = coop.refused("bob", "member.invite", **invitation)
    assert clause == "10.5"
    assert "The board invites" in words
    coop.do("ann", "member.invite", **invitation)


def test_seats_follow_numbers_and_stay_within_the_cap(coop: Coop) -> None:
    assert coop.cannot("policy", minted(coop, "MEMBER", "bakery", 250))[0] == "11.3"
    assert coop.cannot("membership", minted(coop, "MEMBER", "bob", 250))[0] == "11.3"
    coop.carried("membership", minted(coop, "MEMBER", "bakery", 250), voters=("bob", "dora"))
    clause, words = coop.cannot("membership", minted(coop, "SEAT", "dairy", 2))
    assert clause == "11.4"
    assert "each further 100 members" in words
    clause, words = coop.cannot("membership", minted(coop, "SEAT", "bakery", 3))
    assert clause == "11.5"
    assert "25 in a hundred" in words
    line = {"unit": "CREDIT", "party": coop.did("bakery")}
    assert coop.cannot("policy", {"op": "credit.limit", **line, "floor_minor": -125_001})[0] == "12.2"
    coop.carried("policy", {"op": "credit.limit", **line, "floor_minor": -125_000}, voters=("bob", "dora"))


def test_who_holds_a_seat_votes(coop: Coop) -> None:
    seated(coop)
    assert coop.balance("bob", "SEAT") == 1
    clause, words = coop.refused("cleo", "governance.propose", type="policy", title="More bread")
    assert clause == "11.9"
    no = coop.do("bob", "governance.propose", type="policy", title="More bread", open=True)
    coop.later(0)
    clause, words = coop.refused("cleo", "governance.vote", proposal=no, choice="yes")
    assert clause == "11.8"
    assert "your co-op gives you one" in words
    coop.do("bob", "governance.vote", proposal=no, choice="yes")
    passing_on = {"unit": "SEAT", "payee": coop.did("cleo"), "amount_minor": 1}
    assert coop.refused("bob", "credit.transfer", **passing_on)[0] == "11.6"
    assert coop.refused("dora", "governance.delegate", to=coop.did("cleo"))[0] == "11.10"
    coop.do("dora", "governance.delegate", to=coop.did("fay"))
    back = {"op": "currency.burn", "unit": "SEAT", "holder": coop.did("bob"), "amount_minor": 1}
    assert coop.cannot("policy", back, by="dora")[0] == "11.7"
    coop.carried("membership", back, by="dora", voters=("fay",))
    assert coop.refused("bob", "governance.propose", type="policy", title="More bread")[0] == "11.9"


def test_delegates_elect_the_board_and_who_audits_it(coop: Coop) -> None:
    seated(coop)
    audited = {"op": "role.grant", "role": "auditor"}
    assert coop.cannot("election", {**audited, "member": coop.did("cleo")}, by="bob")[0] == "13.1"
    board = {"op": "role.grant", "role": "board", "member": coop.did("bob")}
    coop.carried("election", board, by="bob", voters=("dora",))
    clause, words = coop.cannot("election", {**audited, "member": coop.did("bob")}, by="bob")
    assert clause == "13.2"
    assert "not on the board" in words
    coop.carried("election", {**audited, "member": coop.did("dora")}, by="bob", voters=("fay",))


def test_a_decision_changes_the_cap_and_then_the_bylaws(coop: Coop) -> None:
    seated(coop)
    wider = {"op": "bylaws.set", "name": "cap_percent", "value": 33}
    assert coop.cannot("policy", wider, by="bob")[0] == "1.4"
    assert coop.decide("bylaw", wider, by="bob", voters=("dora",))["state"] != "executed", "two of six are no half"
    coop.carried("bylaw", wider, by="bob", voters=("dora", "fay"))
    later = changed("federation", ("2000 in 0..100_000", "10 in 0..100_000"), ('version: "1.0.0"', 'version: "1.1.0"'))
    adopted = coop.carried("bylaw", {"op": "bylaws.adopt", "document": later}, by="bob", voters=("dora", "fay"))
    assert adopted == [2]
    pay = {"unit": "CREDIT", "payee": coop.did("mill"), "payer": coop.did("bakery")}
    clause, words = coop.refused("bob", "credit.transfer", **pay, amount_minor=1_001)
    assert clause == "12.3"
    assert "10" in words
    assert coop.cannot("budget", {"op": "module.deactivate", "module": "credit"}, by="bob")[0] == "15.3"
    assert audit.verify(coop.space).faults == []
