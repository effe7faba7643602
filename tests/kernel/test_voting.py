"""Voting: frozen electorates, delegations, counts that no order changes, and ties drawn once."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from icn_node.kernel import delegation, electorate, registry, timers, voting
from icn_node.kernel.tally import draw, draw_seed
from tests.kernel.decision_world import COUNT, NAMES, ran, result, row, set_status, village
from tests.world import DAY_MS, World

# -- electorate --------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    st.sets(st.integers(1, 20_000), min_size=1, max_size=60), st.sets(st.integers(-1, 20_001), max_size=30), st.data()
)
def test_a_frozen_electorate_is_a_set_with_weights(parties: set[int], others: set[int], data: st.DataObject) -> None:
    w = village()
    weights = {p: data.draw(st.sampled_from([1, 1, 1, 7])) for p in sorted(parties)}
    assert electorate.freeze(w.tables, 1, weights) == (len(weights), sum(weights.values()))
    assert electorate.enrolled(w.tables, 1) == sorted(parties)
    for p in parties | others:
        assert electorate.weight_of(w.tables, 1, p, weighted=True) == weights.get(p, 0)
        assert electorate.weight_of(w.tables, 2, p, weighted=True) == 0
    electorate.enrol(w.tables, 3, electorate.TOOK_PART, others - {-1, 0})
    electorate.enrol(w.tables, 4, electorate.TOOK_PART, parties)
    assert electorate.union_size(w.tables, (3, 4), electorate.TOOK_PART) == len(parties | others - {-1, 0})


STATUSES = st.lists(
    st.tuples(st.integers(1, 5), st.sampled_from(["suspended", "left", "expelled", "active"])), max_size=6
)


@settings(max_examples=60, deadline=None)
@given(STATUSES, st.sets(st.integers(0, 5)), STATUSES)
def test_the_electorate_stays_as_it_was_when_voting_opened(
    before: list[tuple[int, str]], voters: set[int], after: list[tuple[int, str]]
) -> None:
    w = village()
    status = dict.fromkeys(NAMES, "active")
    for i, now in before:
        status[NAMES[i]] = now
        set_status(w, NAMES[i], now)
    no = w.do("ann", "governance.propose", type="now", title="t", open=True)
    electors = {n for n in NAMES if status[n] == "active"}
    w.member("late")
    assert w.refused("late", "governance.vote", proposal=no, choice="yes") == "not_an_elector"
    cast = set()
    for i in sorted(voters):
        if NAMES[i] in electors:
            w.do(NAMES[i], "governance.vote", proposal=no, choice="yes")
            cast.add(NAMES[i])
        else:
            assert w.refused(NAMES[i], "governance.vote", proposal=no, choice="yes") == "not_an_elector"
    for i, now in after:
        status[NAMES[i]] = now
        set_status(w, NAMES[i], now)
    for name in sorted(electors - cast):
        if status[name] in ("active", "suspended"):
            w.do(name, "governance.vote", proposal=no, choice="abstain")
            cast.add(name)
        else:
            assert w.refused(name, "governance.vote", proposal=no, choice="no") == "vote_forfeited"
    w.pass_time(days=1)
    counted = result(w, no).tally
    assert (counted.electors, counted.weight) == (len(electors), len(electors))
    assert counted.lost == sum(status[n] == "expelled" for n in cast)
    assert counted.ballots == counted.participating == len(cast) - counted.lost
    in_tables = {w.no(n) for n in cast if status[n] != "expelled"}
    assert set(electorate.enrolled(w.tables, no, electorate.TOOK_PART)) == in_tables


def test_who_leaves_keeps_the_ballot_cast_and_who_is_expelled_loses_it() -> None:
    w = village()
    no = w.do("ann", "governance.propose", type="now", title="t", open=True)
    for name in ("ann", "bob", "carol", "dave"):
        w.do(name, "governance.vote", proposal=no, choice="yes")
    for name in ("erin", "frank"):
        w.do(name, "governance.delegate", to=w.did("ann"))
    for name, status in (("bob", "left"), ("carol", "expelled"), ("dave", "suspended"), ("erin", "left")):
        set_status(w, name, status)
    w.pass_time(days=1)
    counted = result(w, no).tally
    # ann for herself and frank, bob, dave; not carol, and not erin, who left without a ballot.
    assert (counted.totals, counted.ballots, counted.lost, counted.delegated) == ((0, 4), 3, 1, 1)
    assert [v["counted_for"] for v in w.ask("ann", "governance.tally", proposal=no)["votes"]] == [2, 1, 0, 1]


def test_fifty_thousand_members_open_a_vote_in_two_seconds(tmp_path: Path) -> None:
    w = World(sqlite=True, path=str(tmp_path / "big.db"))
    tx, db = w.tables, w.backend._db
    db.execute("BEGIN")
    for i in range(50_000):
        no = tx.next_no("party")
        did = f"did:key:z{i:040d}"
        registry.enter(tx, registry.Party(no, did, f"m{i}", "person", registry.ACTIVE, w.now, w.now))
    tx.settle()
    tx.flush()
    tx.committed()
    db.execute("COMMIT")
    no = w.do("ann", "governance.propose", type="policy", title="t", open=True)
    w.pass_time(days=7)
    tx.aborted()  # nothing is remembered: the members are read from the file
    w.now += 3 * DAY_MS
    start = time.perf_counter()
    db.execute("BEGIN")
    w.kernel.timer(timers.due(tx, w.now)[0], w.now, w.space)
    tx.flush()
    db.execute("COMMIT")
    took = time.perf_counter() - start
    tx.committed()
    assert (row(w, no).state, row(w, no).electors) == ("voting", 50_001)
    assert tx.count(electorate.Roll) == 13
    assert took < 2.0


# -- the count ---------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["1", "2", "3", "no", "abstain"])), max_size=12),
    st.randoms(use_true_random=False),
    st.dictionaries(st.integers(0, 5), st.integers(0, 5), max_size=5),
)
def test_the_result_does_not_depend_on_the_order_of_ballots(
    ballots: list[tuple[int, str]], rng: random.Random, delegates: dict[int, int]
) -> None:
    last = dict(ballots)
    orders = [ballots, [*last.items()]]
    rng.shuffle(orders[1])
    tallies = []
    for order in orders:
        w = village()
        no = w.do("ann", "governance.propose", type="now", title="t", options=["a", "b", "c"], open=True)
        for i, choice in order:
            w.do(NAMES[i], "governance.vote", proposal=no, choice=choice)
        for i, to in delegates.items():
            if i != to:
                w.do(NAMES[i], "governance.delegate", to=w.did(NAMES[to]), scope="now")
        w.pass_time(days=1)
        tallies.append((result(w, no), w.tables.scan(voting.Routed)))
    assert tallies[0] == tallies[1]


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(st.integers(1, 12), st.integers(1, 12), max_size=12),
    st.sets(st.integers(1, 12), max_size=6),
    st.sets(st.integers(1, 12), max_size=4),
    st.integers(1, 6),
)
def test_delegations_end_where_a_naive_walk_ends(
    to: dict[int, int], voted: set[int], inactive: set[int], depth: int
) -> None:
    graph = {a: b for a, b in to.items() if a != b}

    def walk(start: int) -> tuple[int, str]:
        seen, node, hops = [start], start, 0
        while True:
            if node not in graph:
                return 0, "silent"
            node, hops = graph[node], hops + 1
            if node in inactive:
                return 0, "inactive"
            if node in voted:
                return (node, "") if hops <= depth else (0, "too_long")
            if node in seen:
                return 0, "cycle"
            seen.append(node)

    delegators = sorted(graph)
    found = delegation.resolve(delegators, graph, voted, lambda p: "inactive" if p in inactive else "", depth)
    assert {p: (r.through, r.void) for p, r in found.items()} == {p: walk(p) for p in delegators if p not in voted}


def delegated(edges: Mapping[str, str], ballots: Mapping[str, str], **params: int) -> tuple[World, int]:
    """A vote with these delegations ("scope:to" or "to") and ballots, still open."""
    w = village(**params)
    no = w.do("ann", "governance.propose", type="now", topic="garden", title="t", open=True)
    for who, ways in edges.items():
        for way in ways.split():
            scope, _, to = way.rpartition(":")
            w.do(who, "governance.delegate", to=w.did(to), scope=scope or "all")
    for who, choice in ballots.items():
        w.do(who, "governance.vote", proposal=no, choice=choice)
    return w, no


def routed(w: World, no: int) -> dict[str, str]:
    names = {w.no(n): n for n in NAMES}
    return {names[r.party]: names.get(r.through, r.void) for r in w.tables.scan(voting.Routed, "key", no)}


def test_the_most_specific_scope_counts() -> None:
    edges = {"erin": "ann now:bob garden:carol", "dave": "ann now:bob", "frank": "ann house:bob"}
    w, no = delegated(edges, {"ann": "no", "bob": "abstain", "carol": "yes"})
    w.pass_time(days=1)
    assert routed(w, no) == {"erin": "carol", "dave": "bob", "frank": "ann"}
    counted = result(w, no).tally
    assert (counted.totals, counted.abstaining, counted.delegated) == ((2, 2), 2, 3)


def test_a_late_direct_vote_overrides_and_breaks_a_circle() -> None:
    edges = {"bob": "carol", "carol": "dave", "dave": "bob", "erin": "bob"}
    w, no = delegated(edges, {"ann": "no"})
    running = w.ask("ann", "governance.tally", proposal=no)
    assert (running["void"], running["participating"]) == ({"cycle": 4}, 1)
    w.pass_time(hours=23)
    w.do("carol", "governance.vote", proposal=no, choice="yes")
    w.pass_time(hours=1)
    assert routed(w, no) == {"bob": "carol", "dave": "carol", "erin": "carol"}
    assert result(w, no).tally.totals == (1, 4)


def test_what_stands_at_the_close_is_what_counts() -> None:
    w, no = delegated({"bob": "ann", "carol": "ann", "dave": "ann", "erin": "frank"}, {"ann": "yes", "frank": "no"})
    w.do("bob", "governance.revoke")
    w.do("carol", "governance.delegate", to=w.did("frank"))
    set_status(w, "frank", "suspended")
    w.pass_time(days=1)
    w.do("dave", "governance.revoke")
    assert routed(w, no) == {"carol": "inactive", "dave": "ann", "erin": "inactive"}
    counted = result(w, no).tally
    assert (counted.totals, counted.void, counted.participating) == ((1, 2), {"inactive": 2}, 3)
    assert w.ask("bob", "governance.tally", proposal=no)["totals"] == (1, 2)


def test_chains_have_a_length_and_delegations_an_end() -> None:
    edges = {"bob": "carol", "carol": "dave", "dave": "ann", "erin": "frank"}
    w, no = delegated(edges, {"ann": "yes"}, **{"governance.delegation_depth": 2})
    w.do("frank", "governance.delegate", to=w.did("ann"), until_ms=w.now + DAY_MS // 2)
    w.pass_time(days=1)
    assert routed(w, no) == {"bob": "too_long", "carol": "ann", "dave": "ann", "erin": "silent"}


def test_votes_cannot_be_lent_to_somebody_outside_the_electorate() -> None:
    w = village()
    for name in ("bob", "carol"):
        w.tables.put(registry.Holding("council", w.no(name), w.now, None))
    w.decide({"op": "governance.set_type", "type": "now", "electorate": "role council"}, kind="bylaw")
    w.do("bob", "governance.delegate", to=w.did("ann"))
    w.do("ann", "governance.delegate", to=w.did("carol"))
    no = w.do("ann", "governance.propose", type="now", title="t", open=True)
    assert w.refused("ann", "governance.vote", proposal=no, choice="yes") == "not_an_elector"
    w.do("carol", "governance.vote", proposal=no, choice="yes")
    w.pass_time(days=1)
    assert routed(w, no) == {"bob": "outside"}
    assert (result(w, no).tally.electors, result(w, no).tally.participating) == (2, 1)


def test_weights_are_frozen_with_the_electorate() -> None:
    w = village()
    no = w.do("ann", "governance.propose", type="now", title="t", open=True)
    tx = w.tables
    for roll in tx.scan(electorate.Roll, "key", no):
        tx.delete(electorate.Roll, no, roll.kind, roll.chunk)
    count_, weight = electorate.freeze(tx, no, {w.no("ann"): 1, w.no("bob"): 5, w.no("carol"): 3})
    tx.put(msgspec.structs.replace(row(w, no), electors=count_, weight=weight, weighted=True))
    tx.settle()
    w.do("carol", "governance.delegate", to=w.did("ann"))
    w.do("ann", "governance.vote", proposal=no, choice="yes")
    w.do("bob", "governance.vote", proposal=no, choice="no")
    w.pass_time(days=1)
    counted = result(w, no).tally
    assert (counted.electors, counted.weight, counted.totals, counted.outcome) == (3, 9, (5, 4), "rejected")


def test_what_helpers_enter_is_counted_apart() -> None:
    w = village()
    device = w.tables.get(registry.Device, w.keys["bob"].public)
    assert device is not None
    w.tables.put(msgspec.structs.replace(device, custody="node"))
    w.tables.settle()
    no = w.do("ann", "governance.propose", type="now", title="t", open=True)
    w.do("carol", "governance.delegate", to=w.did("bob"))
    w.do("bob", "governance.vote", proposal=no, choice="yes")
    w.do("ann", "governance.vote", proposal=no, choice="no")
    w.pass_time(days=1)
    counted = result(w, no).tally
    assert (counted.totals, counted.helper_ballots, counted.helper_totals) == ((1, 2), 1, (0, 1))
    votes = w.ask("ann", "governance.tally", proposal=no)["votes"]
    assert [(v["choice"], v["by_helper"], v["counted_for"]) for v in votes] == [("no", False, 1), ("yes", True, 2)]


def test_a_tie_is_drawn_once_and_the_draw_is_recorded() -> None:
    w = village()
    no = w.do("ann", "governance.propose", type="now", title="t", options=["a", "b", "c"], open=True)
    for name, choice in (("ann", "1"), ("bob", "2"), ("carol", "1"), ("dave", "2"), ("erin", "3")):
        w.do(name, "governance.vote", proposal=no, choice=choice)
    assert w.ask("ann", "governance.tally", proposal=no)["outcome"] == ""
    w.pass_time(days=1)
    counted = result(w, no).tally
    assert counted.tied == (1, 2)
    assert counted.seed == draw_seed("tie", w.space, no, w.now, b"").hex()
    assert counted.winner == draw(bytes.fromhex(counted.seed), (1, 2))
    assert w.ask("ann", "governance.tally", proposal=no)["winner"] == counted.winner


def test_voting_ends_early_once_all_have_voted_where_the_type_says_so() -> None:
    w = village()
    no = w.do("ann", "governance.propose", type="early", title="t", execute=[COUNT], open=True)
    for name in NAMES[:-1]:
        w.do(name, "governance.vote", proposal=no, choice="yes")
    w.do("ann", "governance.vote", proposal=no, choice="no")
    assert row(w, no).state == "voting"
    w.do(NAMES[-1], "governance.vote", proposal=no, choice="yes")
    assert (row(w, no).state, ran(w, no), result(w, no).tally.totals) == ("executed", 1, (1, 5))
