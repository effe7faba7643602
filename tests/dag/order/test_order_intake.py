"""Blocks from elsewhere: validity with history, suspension, variants, and limits."""

import random
from itertools import permutations
from typing import Any

import pytest

from dag.cid import cid_of
from dag.order.backlog import MAX_NEW_BYTES, MAX_NEW_EVENTS
from dag.order.block import NO_COMMIT, Block, sign_block
from dag.order.held import HeldBlocks
from dag.order.intake import MAX_SUSPENDED, MAX_VARIANTS, Accepted, Intake, Refused
from dag.order.state import StoredBlock
from tests.dag.order.simulation import START_MS, Events, epoch_of

EPOCH, KEYS = epoch_of(4)


class Bench:
    """An intake over empty memory, and a hand that makes blocks of any of the four validators."""

    def __init__(self) -> None:
        self.parents: dict[bytes, tuple[bytes, ...]] = {}
        self.events = Events(self.parents)
        self.blocks = HeldBlocks(EPOCH, 1, 0)
        self.archive: dict[bytes, StoredBlock] = {}
        self.intake = Intake(self.blocks, self.events, self.archive.get, 0)

    def make(self, author: int, round_: int, parents: list[Block], **changes: Any) -> Block:
        fields: dict[str, Any] = {
            "epoch": EPOCH.cid,
            "round_": round_,
            "parents": [parent.cid for parent in parents],
            "refuse_leader": False,
            "prev": next((parent.cid for parent in parents if parent.author == KEYS[author].author), None),
            "event_heads": [],
            "last_commit": NO_COMMIT,
            "ts": START_MS,
        }
        return sign_block(KEYS[author], **{**fields, **changes})

    def event(self, name: str, *parents: bytes, held: bool = True) -> bytes:
        cid = cid_of(name.encode())
        self.parents[cid] = parents
        if held:
            self.events.hold(cid)
        return cid

    def offer(self, block: Block) -> str:
        """What became of it: `held`, an error's code, or `` when it waits or is not taken."""
        return self.told(self.intake.offer(block, START_MS))

    @staticmethod
    def told(settled: list[Accepted | Refused]) -> str:
        return " ".join("held" if isinstance(item, Accepted) else item.error.code for item in settled)

    def round(self, round_: int, parents: list[Block], authors: str = "0123", **changes: Any) -> list[Block]:
        made = [self.make(int(author), round_, parents, **changes) for author in authors]
        for block in made:
            assert self.offer(block) == "held"
        return made


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_history_in_any_order_gives_the_same(bench: Bench) -> None:
    first = [bench.make(author, 1, []) for author in range(3)]
    second = [bench.make(author, 2, first) for author in range(3)]
    top = bench.make(3, 3, second)
    for order in permutations([*first, *second[:2]], 5):
        other = Bench()
        held = [item for block in (top, *order, second[2]) for item in other.intake.offer(block, START_MS)]
        assert len(held) == len(other.blocks) == 7
        seen: set[bytes] = set()
        for item in held:
            assert isinstance(item, Accepted)
            assert seen.issuperset(item.held.block.parents)
            seen.add(item.held.block.cid)
        assert other.intake.wanted() == []


def test_a_block_waits_for_its_events_and_says_which(bench: Bench) -> None:
    below = bench.event("below", held=False)
    head = bench.event("head", below)
    block = bench.make(0, 1, [], event_heads=[head])
    assert bench.offer(block) == ""
    assert bench.intake.wanted() == [below]
    assert bench.offer(block) == ""
    assert bench.told(bench.intake.events_held([head])) == ""
    bench.events.hold(below)
    settled = bench.intake.events_held([below])
    assert bench.told(settled) == "held"
    assert isinstance(settled[0], Accepted)
    assert settled[0].batch == ((head,), 2, 600)
    assert bench.intake.wanted() == []


def test_a_suspended_block_is_not_counted(bench: Bench) -> None:
    head = bench.event("head", held=False)
    assert bench.offer(bench.make(0, 1, [], event_heads=[head])) == ""
    assert bench.blocks.at(1) == {}


def test_receiving_again_does_nothing(bench: Bench) -> None:
    block = bench.make(0, 1, [])
    assert [bench.offer(block) for _ in range(3)] == ["held", "", ""]
    assert len(bench.blocks) == 1


def test_a_parent_must_be_of_the_round_before(bench: Bench) -> None:
    first = bench.round(1, [])
    second = bench.round(2, first)
    assert bench.offer(bench.make(0, 3, [*second[:3], first[3]], prev=None)) == "parent_wrong_round"


def test_too_few_parents(bench: Bench) -> None:
    first = bench.round(1, [])
    assert bench.offer(bench.make(0, 2, first[:2])) == "too_few_parents"
    assert bench.offer(bench.make(0, 2, first[:3])) == "held"


def test_mutant_two_parents_of_one_author(bench: Bench) -> None:
    first = bench.round(1, [])
    variant = bench.make(0, 1, [], ts=START_MS + 1)
    assert bench.offer(variant) == "held"
    assert bench.offer(bench.make(1, 2, [*first, variant])) == "two_parents_of_one_author"
    assert bench.offer(bench.make(1, 2, [*first[1:], variant])) == "held"


def test_prev_must_be_ones_own_and_lower(bench: Bench) -> None:
    first = bench.round(1, [])
    second = bench.round(2, first)
    assert bench.offer(bench.make(0, 3, second, prev=second[1].cid)) == "prev_not_own"
    assert bench.offer(bench.make(0, 2, first, prev=second[0].cid)) == "prev_not_lower"
    # Skipping rounds is allowed, and so is a validator's silence about its earlier blocks.
    assert bench.offer(bench.make(0, 3, second, prev=first[0].cid)) == "held"
    assert bench.offer(bench.make(1, 3, second, prev=None)) == "held"


def test_what_rests_on_an_invalid_block_is_invalid(bench: Bench) -> None:
    first = [bench.make(author, 1, []) for author in range(4)]
    bad = bench.make(0, 2, first[:2])
    second = [bad, *(bench.make(author, 2, first) for author in (1, 2))]
    top = bench.make(3, 3, second)
    on_top = bench.make(3, 4, [top, top, top][:1])
    for block in (on_top, top, *second):
        assert bench.offer(block) == ""
    outcomes = [bench.offer(block) for block in first]
    assert outcomes[0] == "held"
    assert outcomes[1] == "held too_few_parents invalid_history invalid_history"
    assert outcomes[2:] == ["held", "held held held"]
    assert bench.intake.wanted() == []


def test_prev_is_fetched_like_a_parent(bench: Bench) -> None:
    first = bench.round(1, [], "012")
    late = bench.make(3, 1, [])
    second = bench.make(3, 2, first, prev=late.cid)
    assert bench.offer(second) == ""
    assert bench.intake.wanted() == [late.cid]
    assert bench.offer(late) == "held held"


# --- how much a block may bring ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "size", "outcome"),
    [
        (MAX_NEW_EVENTS, 1, "held"),
        (MAX_NEW_EVENTS + 1, 1, "too_many_events"),
        (4, MAX_NEW_BYTES // 4, "held"),
        (4, MAX_NEW_BYTES // 4 + 1, "too_many_events"),
    ],
)
def test_new_events_are_limited(bench: Bench, events: int, size: int, outcome: str) -> None:
    bench.events.size = size
    head = b""
    for number in range(events):
        head = bench.event(f"{number}", *([head] if head else []))
    assert bench.offer(bench.make(0, 1, [], event_heads=[head])) == outcome


def test_only_what_the_parents_do_not_bring_counts(bench: Bench) -> None:
    head = b""
    heads = []
    for number in range(MAX_NEW_EVENTS + 2):
        head = bench.event(f"{number}", *([head] if head else []))
        heads.append(head)
    most, last = heads[-3], heads[-1]
    first = [bench.make(0, 1, [], event_heads=[most]), bench.make(1, 1, []), bench.make(2, 1, [])]
    late = bench.make(3, 1, [])
    for block in (*first, late):
        assert bench.offer(block) == "held"
    assert bench.offer(bench.make(1, 2, first, event_heads=[last])) == "held"
    # The same heads are too much for one who does not have the first block among its parents.
    assert bench.offer(bench.make(2, 2, [*first[1:], late], event_heads=[last])) == "too_many_events"


def test_weight_does_not_depend_on_what_this_node_has_committed() -> None:
    """Three nodes judge one block: with nothing committed, with its parents' events committed, and with all."""
    makers = Bench()
    events = [makers.event(f"{number}") for number in range(6)]
    first = [makers.make(author, 1, [], event_heads=[events[author]]) for author in range(4)]
    second = [makers.make(author, 2, first[:3]) for author in range(3)]
    block = makers.make(3, 3, second, prev=None, event_heads=[events[0], events[3], events[4]])
    weights = set()
    for committed in range(3):
        bench = Bench()
        bench.parents.update(makers.parents)
        bench.events.held.update(events)
        for one in (*first, *second):
            assert bench.offer(one) == "held"
        if committed:
            # The leader of the first commit is in the cone of the block's parents.
            for held in bench.blocks.linearise(first[1].cid, 1):
                held.led = 1
            bench.events.committed[events[1]] = 1
        if committed == 2:
            # That of the second is not: the block's own events 3 and 4 were committed by others meanwhile.
            for held in bench.blocks.linearise(first[3].cid, 2):
                held.led = 2
            bench.events.committed.update({events[3]: 2, events[4]: 2, events[0]: 2})
        settled = bench.intake.offer(block, START_MS)
        assert isinstance(settled[0], Accepted)
        weights.add((settled[0].batch.events, settled[0].batch.size))
    # Event 0 came with the parents; 3 and 4 are new.
    assert weights == {(2, 600)}


def test_a_block_on_forgotten_history_is_judged_from_the_archive(bench: Bench) -> None:
    head = bench.event("old")
    other = bench.event("new")
    first = bench.round(1, [], "012", event_heads=[head])
    second = bench.round(2, first, "012")
    straggler = bench.make(3, 2, first, event_heads=[other, head])
    for held in bench.blocks.linearise(second[0].cid, 1):
        led = 1 if held.block.cid == second[0].cid else 0
        held.led = led
        bench.archive[held.block.cid] = StoredBlock(held.block.raw, START_MS, 1, led)
    bench.events.committed[head] = 1
    bench.blocks.forget_below(3)
    assert all(bench.blocks.get(block.cid) is None for block in (*first, second[0]))
    assert bench.offer(first[0]) == ""
    assert bench.offer(second[0]) == ""
    settled = bench.intake.offer(straggler, START_MS)
    assert isinstance(settled[0], Accepted)
    # The commit's leader is not in the straggler's cone, so what its parents bring is found from their heads.
    assert settled[0].batch == (tuple(sorted((head, other))), 1, 300)


# --- variants ---------------------------------------------------------------------------------------------------


def variants(bench: Bench, count: int) -> list[Block]:
    return [bench.make(0, 1, [], ts=START_MS + number) for number in range(count)]


def test_unreferenced_variants_are_kept_up_to_the_cap(bench: Bench) -> None:
    made = variants(bench, MAX_VARIANTS + 2)
    outcomes = [bench.offer(block) for block in made]
    assert outcomes == ["held"] * MAX_VARIANTS + ["", ""]
    assert not bench.intake.knows(made[-1].cid)
    # What its author alone rests on it is not fetched either.
    others = [bench.make(author, 1, []) for author in (1, 2, 3)]
    for block in others:
        assert bench.offer(block) == "held"
    on_it = bench.make(0, 2, [made[-1], *others])
    assert bench.offer(on_it) == ""
    assert bench.intake.wanted() == []
    # Another author has it in its cone: now it is, and it is taken.
    second = [bench.make(author, 2, others) for author in (1, 2)]
    for block in second:
        assert bench.offer(block) == "held"
    top = bench.make(1, 3, [on_it, *second])
    assert bench.offer(top) == ""
    assert bench.intake.wanted() == [made[-1].cid]
    assert bench.offer(made[-1]) == "held held held"


def test_mutant_variants_beyond_two_dropped(bench: Bench) -> None:
    """Each honest validator chose another variant of the liar's block; all must be held, or n = 4 halts."""
    made = variants(bench, 4)
    others = [bench.make(author, 1, []) for author in (1, 2, 3)]
    second = [bench.make(author, 2, [made[author], *others]) for author in (1, 2, 3)]
    mixed = [*made, *others, *second]
    random.Random(2).shuffle(mixed)
    for block in mixed:
        bench.offer(block)
    assert all(bench.blocks.get(block.cid) is not None for block in (*made, *others, *second))
    assert len(bench.blocks.at(1)[KEYS[0].author]) == 4


def test_suspended_blocks_of_one_author_are_limited(bench: Bench) -> None:
    missing = bench.event("missing", held=False)
    made = [bench.make(0, 1, [], ts=START_MS + number, event_heads=[missing]) for number in range(MAX_SUSPENDED + 1)]
    for block in made:
        assert bench.offer(block) == ""
    assert bench.intake.knows(made[-2].cid)
    assert not bench.intake.knows(made[-1].cid)
    other = bench.make(1, 1, [], event_heads=[missing])
    assert bench.offer(other) == ""
    assert bench.intake.knows(other.cid)


def test_a_block_of_another_epoch_in_the_archive_is_no_history(bench: Bench) -> None:
    other, keys = epoch_of(3)
    foreign = sign_block(
        keys[0],
        epoch=other.cid,
        round_=1,
        parents=[],
        refuse_leader=False,
        prev=None,
        event_heads=[],
        last_commit=NO_COMMIT,
        ts=0,
    )
    bench.archive[foreign.cid] = StoredBlock(foreign.raw, START_MS)
    first = bench.round(1, [], "012")
    assert bench.offer(bench.make(0, 2, first, prev=foreign.cid)) == ""
    assert bench.intake.wanted() == [foreign.cid]
