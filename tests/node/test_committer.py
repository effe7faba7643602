"""Group commit: what waits together is committed together; floods are slowed down; faults are told and survived."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import apsw
import pytest
import trio
import trio.testing

from dag.event import Event
from dag.store import StoreFull
from icn_node import committer as committing
from icn_node.committer import MOST_PER_AUTHOR, Committer, Flooding, author_of_block
from icn_node.kernel import timers
from icn_node.receipts import CommitInfo, Receipt, SpaceStopped
from icn_node.verifier import Verifier
from tests.node.town import Town, genesis
from tests.world import DAY_MS, key_of


@asynccontextmanager
async def running(town: Town, verifier: Verifier | None = None) -> AsyncIterator[Committer]:
    """A committer at work."""
    committer = Committer(town.space, verifier, lambda: town.now)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(committer.run)
        yield committer
        nursery.cancel_scope.cancel()


def blocks(*events: Event) -> list[bytes]:
    return [e.block for e in events]


async def gather(committer: Committer, *batches: list[bytes]) -> list[list[Receipt] | Exception]:
    """Submit batches one after the other, each without waiting for those before; their receipts or errors."""
    found: list[list[Receipt] | Exception] = [[] for _ in batches]

    async def one(n: int, batch: list[bytes], task_status: trio.TaskStatus[None]) -> None:
        task_status.started()
        try:
            found[n] = await committer.submit(batch, {})
        except (Flooding, OSError, SpaceStopped) as error:
            found[n] = error

    async with trio.open_nursery() as nursery:
        for n, batch in enumerate(batches):
            await nursery.start(one, n, batch)
    return found


async def together(
    town: Town, *batches: list[bytes], verifier: Verifier | None = None
) -> list[list[Receipt] | Exception]:
    """Submit batches that all wait when the committer begins; their receipts or errors."""
    committer = Committer(town.space, verifier, lambda: town.now)
    found: list[list[Receipt] | Exception] = []

    async def submit() -> None:
        found.extend(await gather(committer, *batches))
        nursery.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(submit)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(committer.run)
    assert committer.waiting == 0
    return found


@pytest.mark.parametrize("processes", [0, 1])
async def test_what_waits_together_is_committed_together(town: Town, processes: int) -> None:
    heard: list[CommitInfo] = []
    town.space.commit_listeners.append(heard.append)
    chains = {name: town.chain(name, *[("cid" if name == "bob" else "bob", 1)] * 40) for name in ("ann", "bob", "cid")}
    with Verifier(max(1, processes)) as verifier:
        batches = [*[blocks(*events) for events in chains.values()], [b"\xff"]]
        answers = await together(town, *batches, verifier=verifier if processes else None)
    for events, receipts in zip(chains.values(), answers, strict=False):
        assert isinstance(receipts, list)
        assert [r.cid for r in receipts] == [e.cid for e in events]
        assert {r.status for r in receipts} == {"executed"}
    bad = answers[-1]
    assert isinstance(bad, list)
    assert [(r.status, r.code) for r in bad] == [("invalid", "bad_encoding")]
    assert len(heard) == 1


async def test_a_member_who_floods_is_told_to_wait_and_others_are_served(town: Town) -> None:
    flood = blocks(*town.chain("bob", *[("cid", 1)] * (2 * MOST_PER_AUTHOR)))
    others = [[block] for block in blocks(*town.chain("cid", *[("bob", 1)] * 20))]
    answers = await together(town, *[flood[n : n + 64] for n in range(0, len(flood), 64)], *others)
    refused = [a for a in answers if isinstance(a, Flooding)]
    served = [a for a in answers[-20:] if isinstance(a, list)]
    assert answers[4:8] == refused
    assert {error.retry_after_ms for error in refused} == {250}
    assert "of this member" in str(refused[0])
    assert [r.status for answer in served for r in answer] == ["executed"] * 20
    assert town.balance("cid") == MOST_PER_AUTHOR - 20
    # Afterwards the member is served again; what was not taken is sent again.
    again = await together(town, flood[MOST_PER_AUTHOR:])
    assert isinstance(again[0], list)
    assert {r.status for r in again[0]} == {"executed"}
    assert town.balance("cid") == 2 * MOST_PER_AUTHOR - 20


async def test_a_members_bytes_are_bounded_too(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committing, "MOST_PER_AUTHOR_BYTES", 2_000)
    events = town.chain("bob", *[("cid", 1)] * 30)
    other = blocks(town.sign("cid", town.pay("cid", "bob")))
    answers = await together(town, *[[block] for block in blocks(*events)], other)
    assert 20 < sum(isinstance(a, Flooding) for a in answers) < 30
    assert isinstance(answers[-1], list)


async def test_all_together_are_bounded(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committing, "MOST_WAITING", 8)
    mine, yours = town.chain("bob", *[("cid", 1)] * 6), town.chain("cid", *[("bob", 1)] * 6)
    first, second, third = await together(town, blocks(*mine), blocks(*yours), blocks(*yours[:2]))
    assert isinstance(first, list)
    assert isinstance(third, list)
    assert isinstance(second, Flooding)
    assert "in all" in str(second)
    assert isinstance((await together(town, blocks(*mine, *yours)))[0], list), "a first one may be of any size"


async def test_one_batch_of_any_size_is_taken_when_nothing_waits(town: Town) -> None:
    many = blocks(*town.chain("bob", *[("cid", 1)] * (MOST_PER_AUTHOR + 50)))
    async with running(town) as committer:
        receipts = await committer.submit(many, {})
    assert len(receipts) == MOST_PER_AUTHOR + 50


async def test_a_full_disk_is_told_to_whoever_submits_and_the_rest_goes_on(town: Town) -> None:
    db = town.space.store.db
    events = town.chain("bob", *[("cid", 1)] * 200)
    async with running(town) as committer:
        db.pragma("max_page_count", db.pragma("page_count"))
        answers = await gather(committer, *[blocks(*events[n : n + 50]) for n in range(0, 200, 50)])
        assert any(isinstance(a, StoreFull) for a in answers)
        db.pragma("max_page_count", 2**31)
        receipts = await committer.submit(blocks(*events), {})
        assert {r.status for r in receipts} == {"executed"}


async def test_timers_that_cannot_run_for_want_of_room_run_later(town: Town, autojump_clock: object) -> None:
    town.do("bob", "timebank.log", receiver=key_of("cid").did, minutes=10, category="gardening")
    due = timers.next_due_ms(town.space.tables)
    assert due is not None
    db = town.space.store.db

    def full(*_: object) -> bool:
        raise apsw.FullError("database or disk is full")

    async with running(town) as committer:
        town.now = due + DAY_MS
        db.exec_trace = full
        await trio.sleep(120)
        assert "disk is full" in committer.trouble
        db.exec_trace = None
        await trio.sleep(120)
        assert committer.trouble == ""
        assert town.space.tables.count(timers.Timer, "due", due) == 0


async def test_timers_run_when_they_are_due_and_nobody_submits(town: Town, autojump_clock: object) -> None:
    town.do("bob", "timebank.log", receiver=key_of("cid").did, minutes=10, category="gardening")
    due = timers.next_due_ms(town.space.tables)
    assert due is not None
    began, start = trio.current_time(), town.now
    committer = Committer(town.space, None, lambda: start + int((trio.current_time() - began) * 1000))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(committer.run)
        await trio.sleep((due - start) / 1000 - 1)
        assert town.space.tables.count(timers.Timer, "due", due) == 1
        await trio.sleep(2)
        assert town.space.tables.count(timers.Timer, "due", due) == 0
        nursery.cancel_scope.cancel()


async def test_a_space_that_stopped_tells_everybody(town: Town) -> None:
    event = town.sign("bob", town.pay("bob", "cid"))
    town.space.stopped = "because of a test"
    async with running(town) as committer:
        answers = await gather(committer, blocks(event), blocks(event))
    assert [str(a) for a in answers] == ["because of a test"] * 2


def test_the_author_is_read_from_any_block_without_judging_it(town: Town) -> None:
    event = town.sign("bob", town.pay("bob", "cid"))
    assert author_of_block(event.block) == key_of("bob").author
    assert author_of_block(genesis().block) == key_of("ann").author
    assert author_of_block(b"") == author_of_block(b"\xff" * 99) == b""
