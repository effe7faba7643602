"""Actions of a contract: run by a decision, all or nothing; the state they keep, and what becomes of it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from icn_node.kernel import contract_state, notices
from icn_node.kernel.bylaws import BylawsInvalid
from icn_node.kernel.refusal import Refusal
from tests.people import unit
from tests.world import World, clause_bylaws, extended_bylaws

WAGES = """
    unit CC { decimals: 2; }
    state paid: Integer = 0;
    state last: Map<Did, Money<CC>, max 10> = {};
    action pay_wages(to: Did, a: Money<CC>) {
        require a <= 50 CC because "that is more than a wage";
        credit.transfer(payee: to, amount: a);
        paid = paid + 1;
        last = last.set(to, a);
        emit Paid { amount: a };
    }
    action pay_twice(to: Did) { pay_wages(to, 5 CC); pay_wages(to, 7 CC); }
    action borrow(to: Did) { transfer_credit(payee: to, amount: 90 CC); }
    action promote(who: Did) { paid = paid + 100; role.grant(role: "nothing.such", member: who); }
    fn plain() -> Integer { 1 }
"""


def adopt(w: World, text: str) -> None:
    w.decide({"op": "bylaws.adopt", "document": extended_bylaws(text)})


@pytest.fixture
def town() -> World:
    """The space has 100.00 of CC, and bob and ann are in it."""
    w = World()
    w.member("bob")
    unit(w, floor_minor=-100_000)
    w.decide({"op": "credit.issue", "payer": w.did("bob"), "payee": w.did("ann"), "amount_minor": 20_000, "unit": "CC"})
    adopt(w, WAGES)
    return w


def run(w: World, action: str, **arguments: Any) -> Any:
    return w.decide({"op": "bylaws.run", "action": action, "arguments": arguments}, kind="budget")


def refused(w: World, action: str, **arguments: Any) -> Refusal:
    before, mark = w.digest(), w.tables.mark()
    with pytest.raises(Refusal) as no:
        run(w, action, **arguments)
    w.tables.rollback(mark)
    assert w.digest() == before
    return no.value


def state(w: World, name: str) -> Any:
    row = w.tables.get(contract_state.State, name)
    return None if row is None else contract_state.read_back(row.value)


def fund(w: World) -> None:
    w.do("ann", "credit.close", unit="CC", to_space=True)


def test_an_action_pays_writes_and_says(town: World) -> None:
    fund(town)
    run(town, "pay_wages", to=town.did("bob"), a="5.00")
    assert state(town, "paid") == 1
    assert state(town, "last") == {town.did("bob"): 500}
    said = [n for n in notices.of(town.tables, town.no("bob")) if n.code == "space.said"]
    assert [(n.facts["what"], n.facts["facts"]) for n in said] == [("Paid", "amount: 500")]
    run(town, "pay_twice", to=town.did("bob"))
    assert (state(town, "paid"), state(town, "last")) == (3, {town.did("bob"): 700})


@pytest.mark.parametrize(
    ("action", "arguments", "code", "said"),
    [
        ("pay_wages", {"to": "bob", "a": "51"}, "action_failed", "that is more than a wage"),
        ("pay_wages", {"to": "bob"}, "bad_argument", "an amount of CC"),
        ("pay_wages", {"to": "bob", "a": "x"}, "bad_argument", "an amount of CC"),
        ("pay_wages", {"to": 5, "a": "5"}, "bad_argument", "a DID"),
        ("pay_wages", {"to": "bob", "a": "5", "b": 1}, "bad_argument", "no such parameter"),
        ("pay_twice", {"to": "nobody"}, "unknown_member", ""),
        ("promote", {"who": "bob"}, "unknown_role", ""),
        ("nothing", {}, "unknown_action", ""),
        ("plain", {}, "unknown_action", ""),
    ],
)  # fmt: skip
def test_what_does_not_go_leaves_nothing(
    town: World, action: str, arguments: dict[str, Any], code: str, said: str
) -> None:
    fund(town)
    people = ("bob", "nobody")
    given = {name: town.did(v) if v in people else v for name, v in arguments.items()}
    no = refused(town, action, **given)
    assert no.code == code
    assert said in str(no)


def test_what_an_action_does_is_judged_like_anything_else(town: World) -> None:
    text = WAGES + 'clause "99" on credit.transfer "Not from the treasury." { require member(); }'
    adopt(town, text)
    no = refused(town, "borrow", to=town.did("bob"))
    assert (no.code, no.clause) == ("forbidden", "99")


def test_only_a_decision_runs_actions(town: World) -> None:
    assert town.refused("ann", "bylaws.run", action="promote", arguments={"who": town.did("bob")}) == "forbidden"


def test_clauses_of_words_have_no_actions(town: World) -> None:
    town.decide({"op": "bylaws.adopt", "document": clause_bylaws()})
    assert refused(town, "promote", who=town.did("bob")).code == "unknown_action"


def test_state_outlives_an_amendment_as_its_transition_says(town: World) -> None:
    fund(town)
    run(town, "pay_wages", to=town.did("bob"), a="5.00")
    moved = """
        unit CC { decimals: 2; }
        state wages: Ratio = 0;
        transition { state paid -> wages: paid / 2; state last: drop; }
    """
    with pytest.raises(BylawsInvalid):
        adopt(town, moved.replace("state last: drop;", ""))
    town.tables.rollback(0)
    adopt(town, moved)
    assert state(town, "wages") == Fraction(1, 2)
    assert state(town, "paid") is None
    assert state(town, "last") is None
    adopt(town, moved.partition("transition")[0])
    assert state(town, "wages") == Fraction(1, 2)


@pytest.mark.parametrize(
    "value",
    [0, -5, True, "text", "", None, (), (1, (2, "x")), ((True, None),), Fraction(-1, 3), {}, {"a": (1,), "b": None},
     {(1, "k"): {"x": Fraction(1, 2)}}, (0, 5)],
)  # fmt: skip
def test_values_are_kept_as_they_are(value: Any) -> None:
    back = contract_state.read_back(contract_state.stored(value))
    assert back == value
    assert type(back) is type(value)
    assert list(back) == list(value) if isinstance(value, dict) else True
