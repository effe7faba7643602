"""A time bank under its template: orientation, asking up to the norm, quarters of an hour, the pot, an election."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from icn_node import audit
from tests.ccl.templates.coop import Coop, changed
from tests.people import words
from tests.world import DAY_MS

HOURS: dict[str, Any] = {"op": "timebank.set_up", "ver": 1, "floor_minutes": -2_400, "ceiling_minutes": 6_000}


@pytest.fixture
def coop(tmp_path: Path) -> Iterator[Coop]:
    with Coop(tmp_path, "timebank", HOURS, members=("bob", "cleo", "dora", "eve")) as made:
        yield made


def oriented(coop: Coop, *names: str) -> None:
    """Ann, a broker, has met them."""
    for name in names:
        coop.do("ann", "role.grant", role="oriented", member=coop.did(name))


def given(coop: Coop, giver: str, receiver: str, minutes: int) -> None:
    """Time that the giver reports and the receiver confirms."""
    no = coop.do(giver, "timebank.log", minutes=minutes, category="cooking", receiver=coop.did(receiver))
    coop.do(receiver, "timebank.confirm", exchange=no)


def test_newcomers_meet_a_broker_before_they_exchange_one_to_one(coop: Coop) -> None:
    clause, words = coop.refused("bob", "timebank.request", category="cooking", minutes=60)
    assert clause == "11.1"
    assert "Meet a broker first" in words
    assert coop.refused("bob", "role.grant", role="oriented", member=coop.did("bob"))[0] == "3.1"
    assert coop.refused("ann", "role.grant", role="auditor", member=coop.did("bob"))[0] == "3.1"
    oriented(coop, "bob")
    listing = coop.do("bob", "timebank.request", category="cooking", minutes=60)
    assert coop.ask("cleo", "timebank.listings")[0]["listing"] == listing
    assert coop.refused("ann", "role.revoke", role="oriented", member=coop.did("bob"))[0] == "10.6"


def test_whoever_owes_as_much_as_the_norm_gives_first(coop: Coop) -> None:
    oriented(coop, "bob", "cleo")
    given(coop, "cleo", "bob", 480)
    clause, words = coop.refused("bob", "timebank.request", category="cooking", minutes=135)
    assert clause == "11.2"
    assert "600" in words
    coop.do("bob", "timebank.request", category="cooking", minutes=120)
    further = {"minutes": 135, "category": "cooking"}
    assert coop.refused("cleo", "timebank.log", receiver=coop.did("bob"), **further)[0] == "11.8"
    no = coop.do("ann", "timebank.log", giver=coop.did("cleo"), receiver=coop.did("bob"), **further)
    assert no > 1, "a broker may enter it"
    coop.carried("policy", {"op": "bylaws.set", "name": "debit_minutes", "value": 900}, voters=("bob",))
    coop.do("bob", "timebank.request", category="cooking", minutes=135)
    assert coop.decide("policy", {"op": "bylaws.set", "name": "debit_minutes", "value": 59}, voters=("bob",))[
        "execution"]["refused"] == "bad_parameter"  # fmt: skip


def test_time_is_written_down_in_quarters_while_it_is_remembered(coop: Coop) -> None:
    report = {"category": "cooking", "receiver": coop.did("bob")}
    clause, words = coop.refused("cleo", "timebank.log", minutes=50, **report)
    assert clause == "11.5"
    assert "pieces of 15 minutes" in words
    assert coop.refused("cleo", "timebank.log", minutes=495, **report)[0] == "11.6"
    today = coop.now // DAY_MS
    assert coop.refused("cleo", "timebank.log", minutes=45, on_day=today - 61, **report)[0] == "11.7"
    coop.do("cleo", "timebank.log", minutes=45, on_day=today - 60, **report)


def test_what_leavers_leave_goes_to_the_pot_which_helps_by_decision(coop: Coop) -> None:
    given(coop, "cleo", "bob", 300)
    assert coop.refused("cleo", "timebank.trade", payee=coop.did("dora"), minutes=301)[0] == "11.10"
    coop.do("cleo", "timebank.trade", payee=coop.did("dora"), minutes=120)
    assert coop.refused("dora", "member.leave", heir=coop.did("stranger"))[0] == "13.4"
    coop.do("dora", "member.leave", to_space=True)
    help_bob = {"op": "timebank.trade", "payee": coop.did("bob")}
    assert coop.cannot("budget", {**help_bob, "minutes": 121})[0] == "12.5"
    assert coop.cannot("policy", {**help_bob, "minutes": 60})[0] == "12.5"
    coop.carried("budget", {**help_bob, "minutes": 120}, voters=("bob",))
    assert coop.balance("bob", "HOUR") == -180
    clause, words = coop.refused("bob", "member.leave", to_space=True)
    assert clause == "13.4"
    assert "You owe more than 120 minutes" in words


def test_who_rules_on_disputes_matches_nobody(coop: Coop) -> None:
    coop.do("ann", "role.resign", role="steward")
    steward = {"op": "role.grant", "role": "steward", "member": coop.did("bob")}
    assert coop.cannot("election", steward)[0] == "14.1"
    oriented(coop, "bob", "cleo")
    assert coop.cannot("policy", steward)[0] == "14.1"
    assert coop.cannot("election", {**steward, "member": coop.did("ann")})[0] == "14.2"
    alone = coop.decide("election", steward)
    assert alone["state"] != "executed", "one of five members is no quorum"
    coop.carried("election", steward, voters=("cleo",))
    coop.do("bob", "member.suspend", member=coop.did("eve"), days=14, reason=words("parties role:steward"))
    longer = {"days": 15, "reason": words("parties role:steward")}
    assert coop.refused("bob", "member.suspend", member=coop.did("dora"), **longer)[0] == "13.1"


def test_no_money_comes_in_but_by_new_bylaws_and_the_books_close_with_the_time_bank(coop: Coop) -> None:
    money = {"op": "credit.create", "unit": "EURO"}
    assert coop.cannot("policy", money)[0] == "12.1"
    longer = changed("timebank", ("30 in 0..365", "60 in 0..365"), ('version: "1.0.0"', 'version: "1.1.0"'))
    assert coop.decide("bylaw", {"op": "bylaws.adopt", "document": longer})["state"] != "executed"
    adopted = coop.carried("bylaw", {"op": "bylaws.adopt", "document": longer}, voters=("bob", "cleo"))
    assert adopted == [2]
    coop.do("ann", "role.resign", role="steward")
    coop.do("ann", "role.resign", role="broker")
    coop.later(20)
    clause, words = coop.refused("bob", "member.invite", key=coop.did("new"), until_ms=coop.now + DAY_MS)
    assert clause == "10.1"
    assert "after 60 days" in words
    close = {"op": "module.deactivate", "module": "timebank"}
    assert coop.cannot("bylaw", close)[0] == "15.1"
    assert coop.decide("dissolution", close, voters=("bob",))["state"] != "executed"
    coop.carried("dissolution", close, voters=("bob", "cleo"))
    assert audit.verify(coop.space).faults == []
