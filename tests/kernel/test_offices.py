"""Roles and types of proposal that a contract states are put into force with it; what cannot be done is said."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from icn_node.kernel import offices, proposal_types, roles
from icn_node.kernel.bylaws import BylawsInvalid
from icn_node.kernel.contract import Contract
from icn_node.kernel.registry import Holding
from tests.world import World, extended_bylaws


def adopted(text: str) -> World:
    w = World()
    w.decide({"op": "bylaws.adopt", "document": extended_bylaws(text)})
    return w


def contract(w: World) -> Contract:
    book = w.kernel.policy.book(w.tables)
    assert isinstance(book, Contract)
    return book


@pytest.mark.parametrize(
    ("entries", "rules"),
    [
        ("quorum: 50%; threshold: majority; duration: 7 days;",
         {"voting_ms": 7 * 86_400_000, "quorum": "1/2", "threshold": "more than 1/2", "approval_base": "cast"}),
        ("threshold: supermajority(3/4); duration: 2 days;", {"quorum": "0/1", "threshold": "at least 3/4"}),
        ("threshold: consensus; duration: 2 days;", {"threshold": "at least 4/5"}),
        ("threshold: unanimous; duration: 2 days;", {"method": "unanimous", "threshold": ""}),
        ("quorum of electorate at least 1/3; approval of ballots more than 1/2; duration: 2 days;",
         {"quorum": "1/3", "approval_base": "ballots"}),
        ("eligible: Steward; threshold: majority; duration: 2 days;", {"electorate": "role steward"}),
    ],
)  # fmt: skip
def test_a_proposal_of_a_contract_is_a_type_of_proposal(entries: str, rules: dict[str, Any]) -> None:
    w = adopted(f"role Steward {{ can: []; }} proposal RoadMap {{ {entries} }}")
    found = proposal_types.rules_of(w.tables, "road-map")
    assert {name: getattr(found, name) for name in rules} == rules
    assert list(offices.beyond(contract(w).program)) == []


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        ("role Founder { can: []; } proposal P { threshold: majority; duration: 2 days; veto: Founder; }", "a veto"),
        (("role Elder { can: []; } electorate Elder weight 2; "
          "proposal P { eligible: Elder; threshold: majority; duration: 2 days; }"), "weight"),
    ],
)  # fmt: skip
def test_a_vote_that_cannot_be_counted_as_stated_is_not_held(text: str, lacks: str) -> None:
    w = adopted(text)
    with pytest.raises(proposal_types.UnknownType):
        proposal_types.rules_of(w.tables, "p")
    (said,) = offices.beyond(contract(w).program)
    assert said.startswith("proposal P: this node cannot count ")
    assert lacks in said


def test_a_role_of_a_contract_has_its_seats_and_its_terms_in_calendar_months() -> None:
    w = adopted("role Chair { can: []; seats: 1; term: 2 years; max_terms: 2; }")
    w.member("bob")
    found = w.tables.get(roles.Role, "chair")
    assert found is not None
    assert (found.seats, found.max_terms, found.term_months, found.term_ms) == (1, 2, 24, None)
    w.decide({"op": "role.grant", "role": "chair", "member": w.did("bob")})
    held = w.tables.get(Holding, "chair", w.no("bob"))
    assert held is not None
    assert held.until_ms is not None
    until = datetime.datetime.fromtimestamp(held.until_ms / 1000, datetime.UTC)
    assert until.date() == datetime.date(2028, 1, 1), "two years, of which one is a leap year or not"
    with pytest.raises(roles.SeatsTaken):
        w.decide({"op": "role.grant", "role": "chair", "member": w.did("ann")})


def test_a_role_without_rules_of_its_own_is_as_any_other() -> None:
    w = adopted("role Cook { can: []; }")
    assert w.tables.get(roles.Role, "cook") is None
    assert "cook" in roles.names(w.tables, w.reader("ann"))


@pytest.mark.parametrize("choice", ["lapse", "restart"])
def test_what_would_not_be_done_to_open_proposals_is_refused(choice: str) -> None:
    w = World()
    document = extended_bylaws(f"transition {{ open proposals: {choice}; }}")
    with pytest.raises(BylawsInvalid, match=f"open proposals: {choice}"):
        w.decide({"op": "bylaws.adopt", "document": document})


def test_what_does_not_run_by_itself_is_said() -> None:
    text = """
        state paid: Integer = 0;
        role Chair { can: []; seats: 1; chosen by: Election; }
        proposal Election { threshold: majority; duration: 2 days; execution: { paid = paid + 1; } }
        trigger dues every 1 month { paid = paid + 1; }
        delegate scope "budget" depth 5 expires 1 year;
    """
    said = "\n".join(offices.beyond(contract(adopted(text)).program))
    for what in ("role Chair: who holds it", "trigger dues", "delegate scope budget"):
        assert what in said
