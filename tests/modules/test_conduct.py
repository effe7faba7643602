"""Conduct: suspensions that end by themselves, and expulsion only after a hearing and by decision."""

from __future__ import annotations

from typing import Any

import pytest

from icn_node.kernel import private, proposals, registry
from icn_node.kernel.refusal import Forbidden
from icn_node.modules import conduct
from tests import people
from tests.people import Case, by_decision, notices, provoke, status, undeclared, words
from tests.world import World

REASON = words("parties role:steward", 1)


@pytest.fixture
def w() -> World:
    """ann steward; bob and cid members."""
    world = World()
    for name in ("bob", "cid"):
        world.member(name)
    return world


def suspend(w: World, days: int = 7, by: str = "ann") -> int:
    no: int = w.do(by, "member.suspend", member=w.did("bob"), days=days, reason=REASON)
    return no


def charge(w: World) -> int:
    no: int = w.do("ann", "member.charge", member=w.did("bob"), reason=REASON)
    return no


def heard(w: World) -> int:
    no = charge(w)
    w.pass_time(days=14)
    return no


def expel(w: World) -> Any:
    return by_decision(w, "member.expel", charge=1)


def _after(*acts: Any) -> Any:
    return lambda w: [act(w) for act in acts][-1]


def _refused(who: str, op: str, **fields: Any) -> Any:
    return lambda w: w.refused(who, op, **{k: w.did(v) if k == "member" else v for k, v in fields.items()})


def _organised(op: str, **fields: Any) -> Any:
    return _after(lambda w: people.organise(w, "org", "bob"), _refused("ann", op, member="org", **fields))


def vote(w: World) -> str:
    """Propose the expulsion, vote for it, let the vote end; the code of what its execution failed with."""
    ops = [{"op": "member.expel", "ver": 1, "charge": 1}]
    no = w.do("ann", "governance.propose", type="membership", title="Expel Bob", execute=ops, open=True)
    w.pass_time(days=3)  # discussion
    w.pass_time(days=1)  # deliberation
    for who in ("ann", "cid"):
        w.do(who, "governance.vote", proposal=no, choice="yes")
    w.pass_time(days=3)
    result = w.tables.get(proposals.Result, no)
    assert result is not None
    return result.failure


def _voted_on_early(w: World) -> str:
    """Voting opens on the fourth day, the hearing is over on the fifth, the decision comes on the seventh."""
    w.decide({"op": "bylaws.set", "name": "conduct.hearing_days", "value": 5})
    charge(w)
    return vote(w)


CASES: list[Case] = [
    ("member.suspend", "unknown_member", _refused("ann", "member.suspend", member="x", days=1, reason=REASON)),
    ("member.suspend", "not_a_person", _organised("member.suspend", days=1, reason=REASON)),
    ("member.suspend", "reason_needed", _refused("ann", "member.suspend", member="bob", days=1)),
    ("member.suspend", "suspension_too_long",
     _refused("ann", "member.suspend", member="bob", days=31, reason=REASON)),
    ("member.suspend", "too_early",
     _after(suspend, lambda w: w.pass_time(days=7 + 29),
            _refused("ann", "member.suspend", member="bob", days=1, reason=REASON))),
    ("member.suspend", "wrong_state",
     _after(suspend, _refused("ann", "member.suspend", member="bob", days=1, reason=REASON))),
    ("member.reinstate", "wrong_state", _refused("ann", "member.reinstate", member="bob")),
    ("member.reinstate", "unknown_member", _refused("ann", "member.reinstate", member="x")),
    ("member.reinstate", "not_a_person", _organised("member.reinstate")),
    ("member.charge", "unknown_member", _refused("ann", "member.charge", member="x", reason=REASON)),
    ("member.charge", "not_a_person", _organised("member.charge", reason=REASON)),
    ("member.charge", "reason_needed", _refused("ann", "member.charge", member="bob")),
    ("member.charge", "under_charge", _after(charge, _refused("ann", "member.charge", member="bob", reason=REASON))),
    ("member.charge", "wrong_state",
     _after(lambda w: w.do("bob", "member.leave"), _refused("ann", "member.charge", member="bob", reason=REASON))),
    ("member.answer", "unknown_charge", _refused("bob", "member.answer", charge=1, statement=REASON)),
    ("member.answer", "not_charged", _after(charge, _refused("cid", "member.answer", charge=1, statement=REASON))),
    ("member.answer", "wrong_state", _after(heard, _refused("bob", "member.answer", charge=1, statement=REASON))),
    ("member.withdraw_charge", "unknown_charge", _refused("ann", "member.withdraw_charge", charge=1)),
    ("member.withdraw_charge", "wrong_state",
     _after(charge, lambda w: w.do("ann", "member.withdraw_charge", charge=1),
            _refused("ann", "member.withdraw_charge", charge=1))),
    ("member.expel", "unknown_charge", expel),
    ("member.expel", "wrong_state", _after(charge, expel)),
    ("member.expel", "wrong_state", _after(charge, lambda w: w.pass_time(days=14, ms=-1), expel)),
    ("member.expel", "vote_before_hearing", _voted_on_early),
    ("member.readmit", "unknown_member", lambda w: by_decision(w, "member.readmit", member=w.did("x"))),
    ("member.readmit", "wrong_state", lambda w: by_decision(w, "member.readmit", member=w.did("bob"))),
    ("member.readmit", "not_a_person",
     _after(lambda w: people.organise(w, "org", "bob"),
            lambda w: by_decision(w, "member.readmit", member=w.did("org")))),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c[0]} {c[1]}")
def test_refused(case: Case) -> None:
    provoke(case)


def test_every_declared_refusal_is_provoked() -> None:
    assert undeclared(conduct.MODULE, CASES) == set()


# --- suspension -----------------------------------------------------------------------------------------------------


def test_a_suspension_ends_by_itself(w: World) -> None:
    suspend(w)
    assert w.refused("bob", "group.create", group="g", title="G") == "forbidden"
    assert w.refused("bob", "member.reinstate", member=w.did("bob")) == "forbidden"
    w.pass_time(days=7, ms=-1)
    assert status(w, "bob") == "suspended"
    w.pass_time(ms=1)
    assert status(w, "bob") == "active"
    assert notices(w, "bob") == ["conduct.suspended", "conduct.reinstated"]


def test_a_steward_reinstates_early_and_the_timer_does_not_ring_again(w: World) -> None:
    suspend(w)
    w.do("ann", "member.reinstate", member=w.did("bob"))
    w.pass_time(days=1)
    by_decision(w, "member.suspend", member=w.did("bob"), days=300, reason=REASON)
    w.pass_time(days=100)
    assert status(w, "bob") == "suspended"
    w.pass_time(days=200)
    assert status(w, "bob") == "active"


def test_a_suspended_member_keeps_their_own_affairs_and_offices_come_back(w: World) -> None:
    people.organisation(w, "org", "bob")
    w.decide({"op": "role.grant", "role": "steward", "member": w.did("bob")})
    suspend(w)
    assert w.refused("bob", "role.grant", role="steward", member=w.did("cid")) == "forbidden"
    assert registry.holders(w.tables, "steward", w.now) == [w.no("ann")]
    assert registry.signers(w.tables, w.no("org"), w.now) == []
    case = w.ask("bob", "conduct.case")
    assert (case["status"], case["suspensions"][0]["reason"].h) == ("suspended", b"\1" * 32)
    w.do("bob", "member.add_key", **people.binding(w, "phone", "bob"))
    w.pass_time(days=7)
    assert registry.holders(w.tables, "steward", w.now) == [w.no("ann"), w.no("bob")]
    assert registry.signers(w.tables, w.no("org"), w.now) == [w.no("bob")]


def test_leaving_ends_a_suspension_and_drops_a_charge(w: World) -> None:
    suspend(w)
    charge(w)
    w.do("bob", "member.leave")
    case = w.ask("ann", "conduct.case", member=w.did("bob"))
    assert (case["status"], case["charges"][0]["status"]) == ("left", "dropped")
    assert case["suspensions"][0]["ended_ms"] == w.now
    w.pass_time(days=400)
    assert status(w, "bob") == "left"
    assert expel(w) == "wrong_state"


# --- expulsion ------------------------------------------------------------------------------------------------------


def test_nobody_is_expelled_but_by_a_decision_after_the_hearing(w: World) -> None:
    people.organisation(w, "org", "bob")
    no = charge(w)
    w.do("bob", "member.answer", charge=no, statement=words("parties role:steward", 2))
    w.do("bob", "member.answer", charge=no, statement=words("parties role:steward", 3))
    assert notices(w, "ann")[-1] == "conduct.answered"
    w.pass_time(days=14)
    assert w.refused("ann", "member.expel", charge=no) == "forbidden"
    assert by_decision(w, "member.expel", kind="policy", charge=no) == "forbidden"
    (row,) = w.ask("ann", "conduct.charges", status="heard")
    assert (row["member"].no, row["answer"].h) == (w.no("bob"), b"\3" * 32)
    assert expel(w) is None
    assert status(w, "bob") == "expelled"
    assert registry.mandates_of(w.tables, w.no("bob"), w.now) == []
    assert notices(w, "bob")[-2:] == ["conduct.heard", "conduct.expelled"]
    assert w.refused("bob", "member.apply", handle="bob") == "wrong_state"
    people.invite(w, "ann", "s")
    assert w.refused("bob", "member.join", **people.joining(w, "bob", "s")) == "wrong_state"
    assert by_decision(w, "member.readmit", member=w.did("bob")) is None
    assert status(w, "bob") == "active"


def test_the_members_vote_once_they_could_hear_the_answer(w: World) -> None:
    w.decide({"op": "bylaws.set", "name": "conduct.hearing_days", "value": 4})
    charge(w)
    assert vote(w) == ""
    assert status(w, "bob") == "expelled"


def test_a_suspended_member_is_heard_and_expelled_too(w: World) -> None:
    suspend(w, days=30)
    no = charge(w)
    w.do("bob", "member.answer", charge=no, statement=words("parties role:steward", 2))
    w.pass_time(days=14)
    expel(w)
    w.pass_time(days=30)
    assert status(w, "bob") == "expelled", "the suspension's timer must not bring the member back"


def test_a_charge_of_which_nothing_came_lapses(w: World) -> None:
    heard(w)
    w.pass_time(days=180)
    assert expel(w) == "wrong_state"
    assert notices(w, "bob")[-1] == "conduct.lapsed"
    assert charge(w) == 2


def test_a_withdrawn_charge_is_over(w: World) -> None:
    charge(w)
    assert w.refused("bob", "member.withdraw_charge", charge=1) == "forbidden"
    w.do("ann", "member.withdraw_charge", charge=1)
    w.pass_time(days=365)
    assert [c["status"] for c in w.ask("bob", "conduct.case")["charges"]] == ["withdrawn"]


def test_papers_of_a_case_are_kept_for_some_time_after_it(w: World) -> None:
    charge(w)
    w.do("bob", "member.answer", charge=1, statement=words("parties role:steward", 2))
    erase = {"h": [b"\1" * 32], "reason": "objection"}
    assert w.refused("bob", "privacy.erase", **erase) == "retained"
    assert w.refused("bob", "privacy.erase", h=[b"\2" * 32], reason="objection") == "retained"
    w.do("ann", "member.withdraw_charge", charge=1)
    w.pass_time(days=364)
    assert w.refused("bob", "privacy.erase", **erase) == "retained"
    w.pass_time(days=1)
    assert w.do("bob", "privacy.erase", h=[b"\1" * 32, b"\2" * 32], reason="objection") == 2
    assert private.is_erased(w.tables, b"\1" * 32)


def test_others_do_not_read_a_case(w: World) -> None:
    charge(w)
    for query, fields in (("conduct.case", {"member": w.did("bob")}), ("conduct.charges", {})):
        with pytest.raises(Forbidden):
            w.ask("cid", query, **fields)
    assert w.ask(None, "conduct.charges")[0]["charge"] == 1


def test_sqlite_equals_the_dictionary_twin() -> None:
    results = []
    for sqlite in (False, True):
        w = World(sqlite=sqlite)
        w.member("bob")
        suspend(w)
        charge(w)
        w.do("bob", "member.answer", charge=1, statement=words("parties role:steward", 2))
        w.pass_time(days=20)
        expel(w)
        results.append((w.digest(), w.ask("bob", "conduct.case")))
    assert results[0] == results[1]
