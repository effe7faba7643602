"""The graph: admission in any order, forks, heads for the ordering, and rollback; against a naive model as well."""

import random
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dag.event import Event, decode_trusted, message_of
from dag.graph import Admitted, Graph
from dag.history import Node
from dag.order.block import MAX_EVENT_HEADS
from dag.order.intake import EventView
from dag.store import Commit, Store
from tests.dag.sample import AUTHORS, GENESIS, SPACE, chain, event, make


class DictHistory:
    """dag.history.History over dictionaries: what the store does, said as plainly as possible."""

    def __init__(self) -> None:
        self.authors: dict[bytes, int] = {}
        self.events: dict[int, tuple[Node, bytes]] = {}
        self.commits: dict[int, int] = {}
        self.strays: set[int] = set()

    def store(self, admitted: Admitted) -> None:
        self.authors.update({author: number for number, author in admitted.authors})
        for row, cid in zip(admitted.rows, admitted.cids, strict=True):
            self.events[row[0]] = (Node(*row[:4], cid), row[4])

    def settle(self, ids: list[int], strays: list[int], commit: int) -> None:
        self.commits.update(dict.fromkeys(ids, commit))
        self.strays.update(strays)

    def nodes(self) -> list[Node]:
        return [node for node, _ in self.events.values()]

    def author_id(self, author: bytes) -> int | None:
        return self.authors.get(author)

    def node(self, cid: bytes) -> Node | None:
        return next((node for node in self.nodes() if node.cid == cid), None)

    def tip(self, author: int) -> Node | None:
        return max((n for n in self.nodes() if n.author == author), key=lambda n: (n.seq, -n.id), default=None)

    def variants(self, author: int, seq: int) -> list[Node]:
        return [n for n in self.nodes() if (n.author, n.seq) == (author, seq)]

    def block(self, event: int) -> bytes:
        return self.events[event][1]

    def canonical_tip(self, author: int) -> Node | None:
        nodes = [n for n in self.nodes() if n.author == author and self.is_canonical(n.id)]
        return max(nodes, key=lambda n: n.seq, default=None)

    def is_canonical(self, event: int) -> bool:
        return event in self.commits and event not in self.strays

    def commit_of(self, event: int) -> int:
        return self.commits.get(event, 0)

    def pending(self) -> Iterator[tuple[Node, bytes]]:
        return iter([held for held in self.events.values() if held[0].id not in self.commits])

    def next_ids(self) -> tuple[int, int]:
        return len(self.events) + 1, len(self.authors) + 1


class Space:
    """A graph and what keeps its history, as a node puts them together."""

    def __init__(self, history: DictHistory | None = None) -> None:
        self.history = history or DictHistory()
        self.graph = Graph(self.history, SPACE, recent=4)
        self.commits = 0

    def admit(self, *events: Event, referenced: bool = False) -> list[str]:
        admitted = self.graph.admit(events, referenced=referenced)
        self.history.store(admitted)
        return list(admitted.kinds)

    def commit(self, *events: Event) -> list[str]:
        verdicts = [self.graph.commit(event) for event in events]
        self.commits += 1
        ids = [self.graph.id_of(event.cid) for event in events]
        strays = [id_ for id_, verdict in zip(ids, verdicts, strict=True) if verdict != "ok"]
        self.history.settle(ids, strays, self.commits)
        return list(verdicts)

    def generation(self, event: Event) -> int:
        node = self.history.node(event.cid)
        assert node is not None
        return node.generation


@pytest.fixture
def space() -> Space:
    space = Space()
    assert space.admit(GENESIS) == ["new"]
    return space


# --- admission -----------------------------------------------------------------------------------------------------


def test_a_batch_may_come_in_any_order(space: Space) -> None:
    a, b = chain(1, 40), chain(2, 40)
    join = event(1, a[-1], b[-1], GENESIS)
    batch = [*a, *b, join]
    random.Random(1).shuffle(batch)
    assert space.admit(*batch) == ["new"] * 81
    assert [space.generation(e) for e in a] == list(range(40))
    assert space.generation(join) == 40
    ids = {e.cid: space.graph.id_of(e.cid) for e in batch}
    assert all(ids[one.cid] < ids[other.cid] for one, other in pairwise(a))


def test_a_reversed_chain_is_admitted_whole_and_fast(space: Space) -> None:
    assert space.admit(*reversed(chain(1, 500))) == ["new"] * 500


def test_generation_is_one_more_than_the_highest_ancestor(space: Space) -> None:
    a, b = chain(1, 3), chain(2, 7)
    space.admit(*a, *b)
    assert space.generation(GENESIS) == 0
    assert space.generation(b[0]) == 0
    late = event(1, a[-1], b[-1])
    later = event(3, None, late, a[0])
    space.admit(late, later)
    assert (space.generation(late), space.generation(later)) == (7, 8)


def test_what_misses_ancestors_is_reported_and_not_kept(space: Space) -> None:
    a = chain(1, 4)
    other = event(2, None, a[1], GENESIS)
    admitted = space.graph.admit([a[3], other, a[2]])
    assert admitted.kinds == ["missing", "missing", "missing"]
    assert admitted.missing == {0: (a[2].cid,), 1: (a[1].cid,), 2: (a[1].cid,)}
    assert admitted.rows == []
    assert space.admit(a[0], a[1], a[3]) == ["new", "new", "missing"]
    assert space.admit(a[3], other, a[2]) == ["new"] * 3


def test_known_events_are_known_in_and_across_batches(space: Space) -> None:
    a = chain(1, 2)
    assert space.admit(a[1], a[0], a[0], a[1], GENESIS) == ["new", "new", "known", "known", "known"]
    assert space.admit(*a) == ["known", "known"]


def test_a_second_variant_is_a_fork_and_a_third_is_refused(space: Space) -> None:
    a = chain(1, 3)
    space.admit(*a)
    forks = [event(1, a[0], at=at) for at in (2, 3, 4)]
    assert space.admit(forks[0]) == ["fork"]
    assert space.admit(forks[1]) == ["third_variant"]
    assert space.graph.classify(forks[1]) == ("third_variant", ())
    assert space.admit(forks[1], forks[2], referenced=True) == ["fork", "fork"]


def test_variants_within_one_batch_count_too(space: Space) -> None:
    firsts = [event(1, None, at=at) for at in (1, 2, 3)]
    assert space.admit(*firsts) == ["new", "fork", "third_variant"]
    on_the_fork = event(1, firsts[1])
    on_the_first = event(1, firsts[0], at=9)
    on_the_refused = event(1, firsts[2])
    assert space.admit(on_the_fork, on_the_first, on_the_refused) == ["new", "fork", "missing"]


def test_the_same_body_under_another_signature_is_a_duplicate(space: Space) -> None:
    a = chain(1, 3)
    space.admit(*a)
    twin = event(1, a[0], sig=7)
    assert twin.cid != a[1].cid
    assert space.graph.classify(twin) == ("duplicate", ())
    assert space.admit(twin) == ["duplicate"]
    assert space.admit(event(1, a[0], at=2), event(1, a[0], sig=8)) == ["third_variant"] * 2


def test_a_fork_that_grows_beyond_becomes_the_tip(space: Space) -> None:
    a = chain(1, 2)
    fork = event(1, a[0], at=2)
    after = [event(1, fork)]
    after.append(event(1, after[0]))
    assert space.admit(*a, fork, *after) == ["new", "new", "fork", "new", "new"]
    assert space.admit(event(1, a[1])) == ["fork"]
    assert space.admit(event(1, after[-1])) == ["new"]


@pytest.mark.parametrize("found_by", ["memory", "store"])
def test_a_chain_of_another_author_is_wrong(space: Space, found_by: str) -> None:
    a, b = chain(1, 2), chain(2, 2)
    space.admit(*a, *b)
    if found_by == "store":
        space.graph.forget()
    stolen = make(AUTHORS[1], 2, b[1].cid, space=SPACE)
    jump = make(AUTHORS[1], 5, a[1].cid, space=SPACE)
    stranger = make(AUTHORS[3], 1, a[0].cid, space=SPACE)
    assert space.admit(stolen, jump, stranger) == ["wrong_chain"] * 3


def test_another_space_is_refused(space: Space) -> None:
    other_genesis = make(AUTHORS[1], 0, None, space=None)
    foreign = make(AUTHORS[1], 0, None, space=other_genesis.cid)
    in_our_chain = make(AUTHORS[0], 1, GENESIS.cid, space=other_genesis.cid)
    assert space.admit(other_genesis, foreign, in_our_chain) == ["wrong_space"] * 3


def test_nothing_is_asked_of_the_store_for_an_event_that_continues_a_chain(space: Space) -> None:
    a = chain(1, 3)
    space.admit(a[0])

    class Silent:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError(f"asked {name}")

    space.graph._history = Silent()
    assert space.graph.admit([a[1], event(1, a[1], a[0])]).kinds == ["new", "new"]


def test_memory_is_bounded_but_for_what_is_pending(space: Space) -> None:
    for n in range(1000, 1050):
        first = make(b"\xed\x01" + n.to_bytes(32), 0, None, space=SPACE)
        assert space.admit(first) == ["new"]
        space.commit(first)
    graph = space.graph
    space.admit(event(1, None))
    assert len(graph._known) <= 10
    assert len(graph._chains) <= 10
    assert len(graph.canonical._heads) <= 10
    assert not graph.canonical._fresh


# --- commit --------------------------------------------------------------------------------------------------------


def test_verdicts_follow_the_committed_order(space: Space) -> None:
    a = chain(1, 3)
    fork = event(1, a[0], at=2)
    on_fork = event(1, fork)
    twin = event(1, a[0], sig=7)
    space.admit(GENESIS, *a, fork, on_fork, twin, referenced=True)
    assert space.commit(GENESIS, a[0], fork) == ["ok", "ok", "ok"]
    # The fork was committed first, so it is canonical, and what was admitted first is not.
    assert space.commit(a[1], twin, a[2], on_fork) == ["fork", "fork", "fork", "ok"]
    assert space.graph.canonical.head(AUTHORS[1]) == (2, on_fork.cid)


@pytest.mark.parametrize("is_same_transaction", [True, False])
def test_a_duplicate_is_told_from_a_fork(space: Space, *, is_same_transaction: bool) -> None:
    a = chain(1, 3)
    twin, fork = event(1, a[0], sig=7), event(1, a[0], at=5)
    space.admit(*a, twin, fork, referenced=True)
    if is_same_transaction:
        assert space.commit(*a, fork, twin) == ["ok", "ok", "ok", "fork", "duplicate"]
    else:
        assert space.commit(*a) == ["ok"] * 3
        space.graph.forget()
        assert space.commit(fork) == ["fork"]
        assert space.commit(twin) == ["duplicate"]


def test_committed_events_are_pending_no_more(space: Space) -> None:
    a = chain(1, 2)
    space.admit(*a)
    assert list(space.graph.pending) == [GENESIS.cid, a[0].cid, a[1].cid]
    space.commit(GENESIS, a[0])
    assert list(space.graph.pending) == [a[1].cid]
    space.graph.forget()
    assert list(space.graph.pending) == [a[1].cid]
    with pytest.raises(AssertionError, match="committed once"):
        space.graph.commit(a[0])


# --- for the ordering ----------------------------------------------------------------------------------------------


def test_the_graph_is_what_the_ordering_asks_for(space: Space) -> None:
    view: EventView = space.graph
    a = chain(1, 2)
    space.admit(*a)
    assert list(view.lacking([a[0].cid, AUTHORS[0][:32] + bytes(4)])) == [AUTHORS[0][:32] + bytes(4)]
    assert sorted(view.new_under([a[1].cid])) == sorted([(a[0].cid, 0), (a[1].cid, 1)])
    assert view.weigh([a[1].cid], [a[0].cid], 0) == (1, len(a[1].block))


def test_batches_cover_what_was_admitted_within_the_limits_of_a_block(space: Space) -> None:
    firsts = [make(b"\xed\x01" + n.to_bytes(32), 0, None, space=SPACE) for n in range(MAX_EVENT_HEADS + 10)]
    admitted = space.graph.admit(firsts)
    space.history.store(admitted)
    batches = space.graph.batches(admitted)
    assert [len(batch.heads) for batch in batches] == [MAX_EVENT_HEADS, 10]
    assert sum(batch.events for batch in batches) == len(firsts)
    assert sum(batch.size for batch in batches) == sum(len(e.block) for e in firsts)
    joined = event(1, None, *firsts[:16])
    admitted = space.graph.admit([joined])
    assert [batch.heads for batch in space.graph.batches(admitted)] == [(joined.cid,)]
    pending = space.graph.pending_batches()
    assert sum(batch.events for batch in pending) == len(firsts) + 2
    under = {cid for cid, _ in space.graph.new_under([head for batch in pending for head in batch.heads])}
    assert under == set(space.graph.pending)


def test_weigh_leaves_out_what_is_under_known_heads_of_a_lower_generation(space: Space) -> None:
    shared, tail = chain(1, 2), chain(2, 6)
    known, head = event(3, None, shared[-1]), event(2, tail[-1], shared[-1])
    space.admit(*shared, *tail, known, head)
    assert space.generation(head) > space.generation(known)
    assert space.graph.weigh([head.cid], [known.cid], 0) == (7, sum(len(e.block) for e in [*tail, head]))


def test_weigh_leaves_out_commits_up_to_the_one_given(space: Space) -> None:
    a = chain(1, 3)
    space.admit(*a)
    space.commit(GENESIS, a[0])
    space.commit(a[1])
    sizes = [len(e.block) for e in a]
    assert space.graph.weigh([a[2].cid], [], 0) == (3, sum(sizes))
    assert space.graph.weigh([a[2].cid], [], 1) == (2, sizes[1] + sizes[2])
    assert space.graph.weigh([a[2].cid], [], 2) == (1, sizes[2])
    assert space.graph.weigh([a[2].cid, a[1].cid], [a[2].cid], 0) == (0, 0)


def test_what_many_paths_lead_to_is_new_once(space: Space) -> None:
    root = event(1, None)
    middle = [event(2, None, root), event(3, None, root)]
    top = event(1, root, *middle)
    space.admit(root, *middle, top)
    assert sorted(space.graph.new_under([top.cid, top.cid, root.cid])) == sorted(
        [(root.cid, 0), (middle[0].cid, 1), (middle[1].cid, 1), (top.cid, 2)]
    )


def test_weigh_stops_at_the_limits(space: Space) -> None:
    long = chain(1, 5000)
    space.admit(*long)
    events, size = space.graph.weigh([long[-1].cid], [], 0)
    assert events > 4096
    assert events < 4200
    assert size > 0


# --- against a naive model -----------------------------------------------------------------------------------------


class Naive:
    """The rules of admission, commit and reach by rescanning everything."""

    def __init__(self) -> None:
        self.held: dict[bytes, Event] = {}
        self.commit_of: dict[bytes, int] = {}
        self.canonical: dict[bytes, Event] = {}

    def refs(self, event: Event) -> list[bytes]:
        return [*([event.prev] if event.prev else []), *event.parents]

    def judge(self, event: Event, *, referenced: bool) -> str:
        if event.cid in self.held:
            return "known"
        if any(ref not in self.held for ref in self.refs(event)):
            return "missing"
        if event.prev is not None:
            prev = self.held[event.prev]
            if prev.author != event.author or prev.seq != event.seq - 1:
                return "wrong_chain"
        there = [e for e in self.held.values() if (e.author, e.seq) == (event.author, event.seq)]
        if len(there) >= 2 and not referenced:
            return "third_variant"
        if any(message_of(e) == message_of(event) for e in there):
            return "duplicate"
        return "fork" if there else "new"

    def admit(self, events: list[Event], *, referenced: bool) -> list[str]:
        kinds = ["missing"] * len(events)
        waiting: list[int] = []
        for position in range(len(events)):
            queue = [position]
            while queue:
                at = queue.pop(0)
                kinds[at] = self.judge(events[at], referenced=referenced)
                if kinds[at] == "missing":
                    waiting.append(at)
                elif kinds[at] in ("new", "fork", "duplicate"):
                    self.held[events[at].cid] = events[at]
                    ready = [w for w in waiting if all(ref in self.held for ref in self.refs(events[w]))]
                    waiting = [w for w in waiting if w not in ready]
                    queue += ready
        return kinds

    def generation(self, cid: bytes) -> int:
        return 1 + max((self.generation(ref) for ref in self.refs(self.held[cid])), default=-1)

    def under(self, heads: Iterable[bytes]) -> set[bytes]:
        found: set[bytes] = set()
        stack = list(heads)
        while stack:
            cid = stack.pop()
            if cid not in found:
                found.add(cid)
                stack += self.refs(self.held[cid])
        return found

    def heads(self) -> set[bytes]:
        return set(self.held) - {ref for event in self.held.values() for ref in self.refs(event)}

    def pending_under(self, heads: Iterable[bytes]) -> set[bytes]:
        return {cid for cid in self.under(heads) if cid not in self.commit_of}

    def commit(self, event: Event, index: int) -> str:
        self.commit_of[event.cid] = index
        chain = [e for e in self.canonical.values() if e.author == event.author]
        prev_is_canonical = event.prev is None or event.prev in self.canonical
        at_seq = [e for e in chain if e.seq == event.seq]
        if prev_is_canonical and not at_seq:
            self.canonical[event.cid] = event
            return "ok"
        return "duplicate" if at_seq and message_of(at_seq[0]) == message_of(event) else "fork"


class Live:
    """A graph over a real store, driven like `Space`."""

    def __init__(self, path: Path) -> None:
        self.store = Store.open(path, create=True)
        self.graph = Graph(self.store.events, SPACE, recent=4)
        self.store.on_rollback(self.graph.forget)
        self.commits = self.leaves = 0

    def admit(self, events: list[Event], *, referenced: bool) -> list[str]:
        with self.store.transaction():
            admitted = self.graph.admit(events, referenced=referenced)
            self.store.events.add(admitted)
        return list(admitted.kinds)

    def admit_and_fail(self, events: list[Event]) -> None:
        with pytest.raises(ZeroDivisionError), self.store.transaction():
            self.store.events.add(self.graph.admit(events, referenced=True))
            for cid in list(self.graph.pending)[:1]:
                self.graph.commit(decode_trusted(self.store.events.get(cid) or b"", cid))
            raise ZeroDivisionError

    def commit(self, events: list[Event]) -> list[str]:
        with self.store.transaction():
            verdicts = [self.graph.commit(event) for event in events]
            ids = [self.graph.id_of(event.cid) for event in events]
            rows = [(self.leaves + at, id_, b"leaf") for at, id_ in enumerate(ids)]
            strays = [id_ for id_, verdict in zip(ids, verdicts, strict=True) if verdict != "ok"]
            self.store.log.append(rows)
            self.store.events.place([(id_, leaf) for leaf, id_, _ in rows], strays)
            self.commits += 1
            self.store.log.add_commit(
                Commit(self.commits, SPACE, 1, self.commits, 0, bytes(32), self.leaves, len(events))
            )
            self.leaves += len(events)
        return list(verdicts)


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("make"), st.integers(0, 2), st.integers(0, 4), st.lists(st.integers(0, 30), max_size=3)),
        st.tuples(st.just("twin"), st.integers(0, 30)),
        st.tuples(st.just("admit"), st.lists(st.integers(0, 30), min_size=1, max_size=8), st.booleans()),
        st.tuples(st.just("fail"), st.lists(st.integers(0, 30), min_size=1, max_size=4)),
        st.tuples(st.just("commit"), st.integers(0, 30)),
        st.tuples(st.just("weigh"), st.lists(st.integers(0, 30), max_size=3), st.lists(st.integers(0, 30), max_size=3)),
        st.tuples(st.just("forget")),
    ),
    max_size=40,
)


class Comparison:
    """One run of actions on a live graph and on the naive model."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.naive = Naive()
        self.universe = [GENESIS]
        self.act_admit([0], referenced=False)

    def act_make(self, author: int, back: int, parents: list[int]) -> None:
        own = [e for e in self.universe if e.author == AUTHORS[author]]
        after = own[-back] if 0 < back <= len(own) else None
        chosen = {self.universe[p % len(self.universe)].cid for p in parents}
        prev, seq = (None, 0) if after is None else (after.cid, after.seq + 1)
        at = len(self.universe)
        self.universe.append(make(AUTHORS[author], seq, prev, sorted(chosen), space=SPACE, at=at))

    def act_twin(self, which: int) -> None:
        original = self.universe[which % len(self.universe)]
        if original is not GENESIS:
            e = original
            sig = (e.sig[0] + 1) % 256
            self.universe.append(make(e.author, e.seq, e.prev, e.parents, space=SPACE, at=e.at, sig=sig))

    def act_admit(self, which: list[int], referenced: bool) -> None:
        events = [self.universe[w % len(self.universe)] for w in which]
        assert self.live.admit(events, referenced=referenced) == self.naive.admit(events, referenced=referenced)

    def act_fail(self, which: list[int]) -> None:
        self.live.admit_and_fail([self.universe[w % len(self.universe)] for w in which])

    def act_commit(self, which: int) -> None:
        head = self.universe[which % len(self.universe)]
        if head.cid in self.naive.held:
            new = self.live.graph.new_under([head.cid])
            assert len(new) == len({cid for cid, _ in new})
            assert {cid for cid, _ in new} == self.naive.pending_under([head.cid])
            assert all(self.naive.generation(cid) == generation for cid, generation in new)
            events = [self.naive.held[cid] for _, cid in sorted((generation, cid) for cid, generation in new)]
            verdicts = self.live.commit(events)
            assert verdicts == [self.naive.commit(event, self.live.commits) for event in events]

    def act_weigh(self, heads: list[int], known: list[int]) -> None:
        held = self.naive.held
        cids = [[self.universe[w % len(self.universe)].cid for w in part] for part in (heads, known)]
        chosen = [[cid for cid in part if cid in held] for part in cids]
        for commit in (0, 1, self.live.commits):
            expected = {
                cid
                for cid in self.naive.under(chosen[0]) - self.naive.under(chosen[1])
                if not 0 < self.naive.commit_of.get(cid, 0) <= commit
            }
            size = sum(len(held[cid].block) for cid in expected)
            assert self.live.graph.weigh(chosen[0], chosen[1], commit) == (len(expected), size)

    def act_forget(self) -> None:
        self.live.graph.forget()

    def check(self) -> None:
        graph, events, naive = self.live.graph, self.live.store.events, self.naive
        assert set(graph.pending) == {cid for cid in naive.held if cid not in naive.commit_of}
        assert set(events.heads(1000)) == naive.heads()
        assert {e.cid: e.generation for e in events.all()} == {cid: naive.generation(cid) for cid in naive.held}
        for author in AUTHORS:
            canonical = [e for e in naive.canonical.values() if e.author == author]
            last = max(canonical, key=lambda e: e.seq, default=None)
            assert graph.canonical.head(author) == ((-1, None) if last is None else (last.seq, last.cid))
        cids = [e.cid for e in self.universe]
        assert graph.lacking(cids) == [cid for cid in cids if cid not in naive.held]


@settings(max_examples=60, deadline=None)
@given(ACTIONS)
def test_the_graph_over_a_store_agrees_with_a_naive_model(actions: list[tuple[Any, ...]]) -> None:
    with TemporaryDirectory() as folder:
        live = Live(Path(folder) / "space.db")
        try:
            comparison = Comparison(live)
            for name, *arguments in actions:
                getattr(comparison, f"act_{name}")(*arguments)
            comparison.check()
            live.graph.forget()
            comparison.check()
        finally:
            live.store.close()
