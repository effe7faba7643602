"""What a type of proposal carries out: its fields typed when proposed, its block run once, all of it or nothing."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from icn_node.kernel import contract_state, decisions, executions, notices, offices, proposal_views
from icn_node.kernel.contract import Contract
from icn_node.kernel.proposals import proposal_of
from tests.kernel.decision_world import result, row
from tests.people import unit
from tests.world import DAY_MS, Refused, World, extended_bylaws

GRANTS = """
    unit CC { decimals: 2; }
    state granted: Money<CC> = 0;
    param most: Money<CC> = 50;
    proposal Grant {
        to: Did; amount: Money<CC>; part: Ratio = 1/2; twice: Bool = false; times: Integer = 1; why: String = "none";
        quorum: 0%; threshold: majority; duration: 1 day;
        execution: {
            require amount <= most because "that is more than a grant may be";
            credit.transfer(payee: to, amount: amount);
            if twice { credit.transfer(payee: to, amount: amount); }
            granted = granted + amount;
            emit Granted { to: to, why: why };
        }
    }
    proposal Plain { quorum: 0%; threshold: majority; duration: 1 day; }
"""


def adopt(w: World, text: str) -> None:
    w.decide({"op": "bylaws.adopt", "document": extended_bylaws(text)})


@pytest.fixture
def town() -> World:
    """The space has 100.00 of CC; ann and bob are its members."""
    w = World()
    w.member("bob")
    unit(w, floor_minor=-100_000)
    w.decide({"op": "credit.issue", "payer": w.did("bob"), "payee": w.did("ann"), "amount_minor": 10_000, "unit": "CC"})
    w.do("ann", "credit.close", unit="CC", to_space=True)
    adopt(w, GRANTS)
    return w


def propose(w: World, kind: str = "grant", **given: Any) -> int:
    more = {name: given.pop(name) for name in ("options", "execute") if name in given}
    no: int = w.do("ann", "governance.propose", type=kind, title="A grant", fields=given, open=True, **more)
    return no


def vote(w: World, no: int, choice: str = "yes", days: int = 2) -> str:
    w.do("bob", "governance.vote", proposal=no, choice=choice)
    w.pass_time(days=days)
    return proposal_of(w.tables, no).state


def state(w: World, name: str) -> Any:
    found = w.tables.get(contract_state.State, name)
    return None if found is None else contract_state.read_back(found.value)


def test_an_accepted_decision_runs_its_types_block_once(town: World) -> None:
    no = propose(town, to="bob", amount="12.50", why="seeds")
    assert vote(town, no) == "executed"
    town.pass_time(days=30)
    assert town.refused("ann", "governance.execute", proposal=no) == "wrong_state"
    assert state(town, "granted") == 1250
    said = [n.facts["facts"] for n in notices.of(town.tables, town.no("bob")) if n.code == "space.said"]
    assert said == [f"to: {town.did('bob')}, why: seeds"]


def test_the_fields_are_typed_and_shown(town: World) -> None:
    no = propose(town, to=town.did("bob"), amount=7, part="3/4", twice="true", times="-3")
    kept = town.tables.get(executions.Fields, no, 1)
    assert kept is not None
    assert contract_state.read_back(kept.values) == (town.did("bob"), 700, Fraction(3, 4), True, -3, "none")
    told = proposal_views.shown(town.tables, town.reader("ann"), no, 0)["fields"]
    assert told == {"to": town.did("bob"), "amount": "7.00 CC", "part": "3/4", "twice": "true", "times": "-3",
                    "why": "none"}  # fmt: skip


@pytest.mark.parametrize(
    ("given", "name", "wanted"),
    [
        ({"to": "bob"}, "amount", "an amount of CC"),
        ({"amount": "5"}, "to", "somebody of this space"),
        ({"to": "nobody", "amount": "5"}, "to", "somebody of this space"),
        ({"to": "bob", "amount": "5.001"}, "amount", "an amount of CC"),
        ({"to": "bob", "amount": "5", "twice": "maybe"}, "twice", "true or false"),
        ({"to": "bob", "amount": "5", "times": "many"}, "times", "a whole number"),
        ({"to": "bob", "amount": "5", "colour": "red"}, "colour", "no such field"),
    ],
)
def test_what_does_not_fit_is_refused_to_the_author(town: World, given: dict[str, Any], name: str, wanted: str) -> None:
    with pytest.raises(Refused) as no:
        propose(town, **given)
    assert (no.value.code, no.value.facts["name"]) == ("bad_field", name)
    assert wanted in no.value.facts["wanted"]


def test_other_types_have_no_fields_and_these_no_options(town: World) -> None:
    for kind in ("plain", "policy"):
        with pytest.raises(Refused) as no:
            propose(town, kind, to="bob")
        assert no.value.code == "bad_field"
        assert town.tables.get(executions.Fields, propose(town, kind), 1) is None
    with pytest.raises(Refused) as no:
        propose(town, to="bob", amount="5", options=("a", "b"))
    assert no.value.code == "bad_options"


def test_what_is_rejected_runs_nothing(town: World) -> None:
    assert vote(town, propose(town, to="bob", amount="5"), "no") == "rejected"
    assert state(town, "granted") is None


@pytest.mark.parametrize(
    ("given", "failure", "said"),
    [
        ({"amount": "51"}, "action_failed", "that is more than a grant may be"),
        ({"amount": "50", "twice": True}, "", ""),
        ({"amount": "0"}, "malformed", ""),
    ],
)
def test_a_failure_leaves_nothing_and_says_why(town: World, given: dict[str, Any], failure: str, said: str) -> None:
    no = propose(town, to="bob", **given)
    assert vote(town, no) == ("failed" if failure else "executed")
    assert result(town, no).failure == failure
    assert said in str(result(town, no).facts.get("reason", ""))
    assert (state(town, "granted") is None) == bool(failure)
    if failure:
        told = [n.code for n in notices.of(town.tables, town.no("bob"))]
        assert "governance.execution_failed" in told
        town.pass_time(days=60)
        assert row(town, no).state == "failed"


def test_the_second_payment_undoes_the_first(town: World) -> None:
    adopt(town, GRANTS + 'clause "98" on credit.transfer "Little is left." { require role_count("nobody") > 0; }')
    no = propose(town, to="bob", amount="5")
    assert vote(town, no) == "failed"
    assert (result(town, no).failure, result(town, no).clause, result(town, no).failed_op) == ("forbidden", "98", 0)


def test_commands_are_judged_by_the_bylaws_then_in_force_as_that_decision(town: World) -> None:
    only = 'clause "98" on credit.transfer "By grants." {{ require decided("{}"); }}'
    no = propose(town, to="bob", amount="5")
    adopt(town, GRANTS + only.format("Grant"))
    assert vote(town, no) == "executed"
    no = propose(town, to="bob", amount="5")
    adopt(town, GRANTS + only.format("Plain"))
    assert vote(town, no) == "failed"


def test_what_was_not_voted_on_is_not_carried_out(town: World) -> None:
    no = propose(town, to="bob", amount="5")
    adopt(town, GRANTS.replace("granted + amount", "granted + amount + amount")
          + "transition { open proposals: keep; }")  # fmt: skip
    assert vote(town, no) == "failed"
    assert result(town, no).failure == "execution_changed"
    no = propose(town, to="bob", amount="5")
    adopt(town, GRANTS.partition("proposal Grant")[0] + "transition { open proposals: keep; }")
    assert vote(town, no) == "failed"
    assert state(town, "granted") is None


def test_parameters_are_those_in_force_when_it_is_carried_out(town: World) -> None:
    no = propose(town, to="bob", amount="40")
    town.decide({"op": "bylaws.set", "name": "most", "value": 30}, kind="bylaw")
    assert vote(town, no) == "failed"


def test_an_amendment_keeps_the_fields_that_are_not_given(town: World) -> None:
    no = town.do("ann", "governance.propose", type="grant", title="A grant", fields={"to": "bob", "amount": "5"})
    town.do("ann", "governance.amend", proposal=no, title="A larger grant", fields={"amount": "6"})
    kept = town.tables.get(executions.Fields, no, 2)
    assert kept is not None
    assert contract_state.read_back(kept.values)[:2] == (town.did("bob"), 600)
    assert proposal_views.shown(town.tables, town.reader("ann"), no, 1)["fields"]["amount"] == "5.00 CC"


def test_what_an_author_adds_is_carried_out_after_it_or_nothing_is(town: World) -> None:
    bad = {"op": "credit.transfer", "ver": 1, "payee": town.did("bob"), "amount_minor": 10**9, "unit": "CC"}
    no = propose(town, to="bob", amount="5", execute=[bad])
    assert vote(town, no) == "failed"
    assert result(town, no).failed_op == 1
    assert state(town, "granted") is None


def test_a_field_that_nobody_can_give_is_said() -> None:
    w = World()
    adopt(w, "proposal Shares { to: Array<Did, max 3>; threshold: majority; duration: 1 day; execution: { } }")
    book = w.kernel.policy.book(w.tables)
    assert isinstance(book, Contract)
    (said,) = offices.beyond(book.program)
    assert "field to" in said
    with pytest.raises(Refused) as no:
        propose(w, "shares")
    assert "cannot be written" in no.value.facts["wanted"]


def test_time_alone_carries_it_out_and_a_commit_for_many_does_each_once(town: World) -> None:
    for amount in ("1", "2", "3"):
        no = propose(town, to="bob", amount=amount)
        town.do("bob", "governance.vote", proposal=no, choice="yes")
    town.now += 3 * DAY_MS
    town.pass_time(days=0)
    assert state(town, "granted") == 600
    assert decisions.live_proposals(town.tables, town.no("ann")) == 0
