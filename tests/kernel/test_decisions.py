"""Decisions as a machine: whatever order time, timers and people come in, each is carried out once or not at all."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icn_node.kernel import proposals, timers
from tests.kernel.decision_world import COUNT, NAMES, ran, result, row, village
from tests.world import DAY_MS, Refused, World, default_bylaws

# -- exactly once ------------------------------------------------------------------------------------------------------

ACTIONS = st.one_of(
    st.tuples(st.just("propose"), st.sampled_from(["now", "later", "handed", "early"]), st.sampled_from(["", "jam"])),
    st.tuples(st.just("vote"), st.integers(0, 5), st.integers(1, 4), st.sampled_from(["yes", "yes", "no", "abstain"])),
    st.tuples(st.just("delegate"), st.integers(0, 5), st.integers(0, 5)),
    st.tuples(st.just("clock"), st.integers(1, 3)),
    st.tuples(st.just("timers"), st.randoms(use_true_random=False)),
    st.tuples(st.just("stale_timer"), st.integers(1, 4)),
    st.tuples(st.just("close"), st.integers(0, 5), st.integers(1, 4)),
    st.tuples(st.just("execute"), st.integers(0, 5), st.integers(1, 4)),
)  # fmt: skip


def act(w: World, action: tuple[Any, ...]) -> str:
    """Do one thing; what came of it."""
    kind, *rest = action
    try:
        if kind == "propose":
            ops = [COUNT, {**COUNT, "jam": True}] if rest[1] else [COUNT]
            return str(w.do("ann", "governance.propose", type=rest[0], title="t", execute=ops, open=True))
        if kind == "vote":
            return str(w.do(NAMES[rest[0]], "governance.vote", proposal=rest[1], choice=rest[2]))
        if kind == "delegate":
            return str(w.do(NAMES[rest[0]], "governance.delegate", to=w.did(NAMES[rest[1]])))
        if kind in ("close", "execute"):
            return str(w.do(NAMES[rest[0]], f"governance.{kind}", proposal=rest[1]))
    except Refused as no:
        return no.code
    if kind == "clock":
        w.now += rest[0] * DAY_MS // 2
    elif kind == "timers":
        due = timers.due(w.tables, w.now)
        rest[0].shuffle(due)
        for timer in due:
            w.kernel.timer(timer, w.now, w.space)
    else:
        w.kernel.timer(timers.Timer(10**9, 0, proposals.TIMER, rest[0]), w.now, w.space)
    w.tables.flush()
    w.tables.committed()
    return kind


@settings(max_examples=250, deadline=None)
@given(st.lists(ACTIONS, min_size=8, max_size=50))
def test_a_decision_is_carried_out_once_in_any_order_of_acts_and_timers(actions: list[tuple[Any, ...]]) -> None:
    w = village()
    for action in actions:
        act(w, action)
        for no in range(1, w.tables.last_no("proposal") + 1):
            assert ran(w, no) == (row(w, no).state == proposals.EXECUTED), (action, row(w, no).state)
    for _ in range(2):  # a phase begins when the one before it in fact ended
        w.pass_time(days=10)
    for no in range(1, w.tables.last_no("proposal") + 1):
        p = row(w, no)
        assert p.state in proposals.ENDED
        accepted = result(w, no).tally.outcome == "accepted"
        assert accepted == (p.state in (proposals.EXECUTED, proposals.FAILED))
        assert ran(w, no) == (p.state == proposals.EXECUTED)
    assert not w.tables.scan(timers.Timer)


@settings(max_examples=20, deadline=None)
@given(st.lists(ACTIONS, min_size=5, max_size=25), st.integers(0, 10**6))
def test_sqlite_and_the_dictionary_twin_agree(actions: list[tuple[Any, ...]], seed: int) -> None:
    worlds = [village(sqlite=sqlite) for sqlite in (False, True)]
    for action in actions:
        # The two worlds must shuffle alike, so each gets a generator of its own in the same state.
        said = [act(w, ("timers", random.Random(seed)) if action[0] == "timers" else action) for w in worlds]
        assert said[0] == said[1]
    assert worlds[0].digest() == worlds[1].digest()
    asked = [
        (w.ask("bob", "governance.list"), w.ask("bob", "governance.delegations"), w.ask("bob", "governance.health"))
        for w in worlds
    ]
    assert asked[0] == asked[1]
    for no in range(1, worlds[0].tables.last_no("proposal") + 1):
        for query in ("governance.show", "governance.tally"):
            assert worlds[0].ask("bob", query, proposal=no) == worlds[1].ask("bob", query, proposal=no)


def test_a_refused_command_undoes_the_whole_execution_and_explains_it() -> None:
    w = village()
    no = w.do("ann", "governance.propose", type="now", title="t", open=True, execute=[COUNT, {**COUNT, "jam": True}])
    w.do("bob", "governance.vote", proposal=no, choice="yes")
    w.pass_time(days=1)
    assert (row(w, no).state, ran(w, no)) == ("failed", 0)
    shown = w.ask("bob", "governance.show", proposal=no)["execution"]
    assert (shown["refused"], shown["facts"], shown["failed_op"]) == ("jammed", {"by": "now"}, 2)
    assert w.refused("bob", "governance.execute", proposal=no) == "wrong_state"
    again = w.do("ann", "governance.propose", type="now", title="t", open=True, execute=[COUNT])
    w.do("bob", "governance.vote", proposal=again, choice="yes")
    w.pass_time(days=1)
    assert (row(w, again).state, ran(w, again)) == ("executed", 1)


def test_a_bug_in_a_command_fails_the_decision_and_no_more() -> None:
    w = village()
    no = w.do("ann", "governance.propose", type="now", title="t", open=True, execute=[COUNT, {**COUNT, "broken": True}])
    w.do("bob", "governance.vote", proposal=no, choice="yes")
    w.pass_time(days=1)
    assert (row(w, no).state, ran(w, no), result(w, no).failure) == ("failed", 0, "fault")


def test_a_clause_adopted_meanwhile_is_the_one_that_counts() -> None:
    w = village()
    no = w.do("ann", "governance.propose", type="later", title="t", open=True, execute=[COUNT])
    w.do("bob", "governance.vote", proposal=no, choice="yes")
    w.pass_time(days=1)
    w.decide({"op": "bylaws.adopt", "document": default_bylaws()}, kind="bylaw")
    w.pass_time(days=2)
    assert (row(w, no).state, result(w, no).failure) == ("failed", "forbidden")


def test_the_command_of_the_option_that_wins_is_carried_out_and_bytes_survive() -> None:
    w = village()
    link_like = b"\x01\x71\x12\x20" + bytes(32)  # bytes with the shape of a CID must stay bytes
    no = w.do(
        "ann", "governance.propose", type="now", title="t", options=["red", "blue"], open=True,
        execute=[{**COUNT, "jam": True}, {**COUNT, "note": link_like}], execute_for=[1, 2],
    )  # fmt: skip
    w.do("bob", "governance.vote", proposal=no, choice="2")
    w.pass_time(days=1)
    assert (row(w, no).state, result(w, no).results) == ("executed", (1,))


def test_an_option_without_commands_is_adopted_for_people_to_carry_out() -> None:
    w = village()
    no = w.do("ann", "governance.propose", type="now", title="t", options=["red", "blue"], open=True,
              execute=[COUNT], execute_for=[1])  # fmt: skip
    w.do("bob", "governance.vote", proposal=no, choice="2")
    w.pass_time(days=1)
    assert (row(w, no).state, ran(w, no)) == ("adopted", 0)


def test_an_executor_chooses_the_moment_and_cannot_prevent_it() -> None:
    w = village()
    numbers = [w.do("ann", "governance.propose", type="handed", title="t", open=True, execute=[COUNT]) for _ in "ab"]
    for no in numbers:
        w.do("bob", "governance.vote", proposal=no, choice="yes")
    w.pass_time(days=1)
    assert w.refused("bob", "governance.execute", proposal=numbers[0]) == "not_due"
    assert w.do("ann", "governance.execute", proposal=numbers[0]) == "executed"
    assert [row(w, no).state for no in numbers] == ["executed", "implementation"]
    w.pass_time(days=2)
    assert [ran(w, no) for no in numbers] == [1, 1]


# -- phases ------------------------------------------------------------------------------------------------------------


def test_a_node_that_was_off_gives_members_the_whole_of_each_phase() -> None:
    w = village()
    no = w.do("ann", "governance.propose", type="policy", title="t", open=True)
    w.pass_time(days=100)
    assert row(w, no).state == "deliberation"
    w.pass_time(days=100)
    p = row(w, no)
    assert (p.state, p.due_ms) == ("voting", w.now + 3 * DAY_MS)


@pytest.mark.parametrize(
    ("kind", "days"), [("policy", 14), ("budget", 21), ("technical", 10), ("emergency", 1), ("bylaw", 21)]
)
def test_the_types_take_as_long_as_they_say(kind: str, days: int) -> None:
    w = World(roles=("steward", "council", "expert"))
    w.decide({"op": "governance.set_type", "type": kind, "early": False}, kind="bylaw")
    ops = [{"op": "module.activate", "ver": 1, "module": "governance"}]
    start = w.now
    no = w.do("ann", "governance.propose", type=kind, title="t", execute=ops, open=True)
    if kind == "technical":
        w.do("ann", "governance.review", proposal=no, finding="for")
    seen = []
    while row(w, no).state not in proposals.ENDED:
        if row(w, no).state == "voting" and "voting" not in seen:
            w.do("ann", "governance.vote", proposal=no, choice="yes")
        seen.append(row(w, no).state)
        w.pass_time(hours=1)
    assert row(w, no).state == "executed"
    assert w.now - start == days * DAY_MS


def test_every_state_of_the_lifecycle_can_be_reached_and_only_ended_ones_have_no_way_out() -> None:
    reached = {"draft"} | {to for moves in proposals.LIFECYCLE.values() for to in moves.values()}
    assert reached == set(proposals.LIFECYCLE)
    for state in proposals.LIVE:
        todo, seen = [state], set()
        while todo:
            todo += [to for to in proposals.LIFECYCLE[todo.pop()].values() if to not in seen and not seen.add(to)]
        assert seen & set(proposals.ENDED), state
