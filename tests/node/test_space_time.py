"""Time: clocks that jump, timers that fall due, one by one, all at once, or while nobody looks."""

from __future__ import annotations

from itertools import pairwise

import pytest

from icn_node.kernel import timers
from icn_node.receipts import CommitInfo
from tests.node.town import Town
from tests.world import DAY_MS, T0, key_of

TEN_YEARS_MS = 3_653 * DAY_MS


def log_hours(giver: str, receiver: str, minutes: int = 10) -> dict[str, object]:
    return {"op": "timebank.log", "receiver": key_of(receiver).did, "minutes": minutes, "category": "gardening"}


def log_many(town: Town, count: int) -> None:
    """Log hours that wait for confirmation, 100 by each of a ring of members: all are due at one time."""
    ring = [f"m{n}" for n in range(max(2, -(-count // 100)))]
    town.join(*ring)
    events = []
    for start in range(0, count, 100):
        giver, receiver = ring[start // 100], ring[(start // 100 + 1) % len(ring)]
        events.append(town.sign(giver, *[log_hours(giver, receiver)] * min(100, count - start)))
    assert {r.status for r in town.send(*events)} == {"executed"}


@pytest.mark.parametrize("jump_ms", [-TEN_YEARS_MS, TEN_YEARS_MS, -1, 1])
def test_a_clock_that_jumps_stops_nothing_and_turns_no_time_back(town: Town, jump_ms: int) -> None:
    times = []
    for step_ms in (10, jump_ms, 10, -jump_ms, 10, jump_ms, 1):
        town.now += step_ms
        receipt = town.send(town.sign("bob", town.pay("bob", "cid", 1)))[0]
        assert receipt.status == "executed"
        times.append(receipt.time_ms)
    assert all(early <= late for early, late in pairwise(times))
    assert times[-1] == T0 + (30 if jump_ms < 0 else 31 + jump_ms)
    assert town.balance("cid") == 7


def test_after_a_jump_back_a_restart_goes_on_from_the_later_time(town: Town) -> None:
    town.now += TEN_YEARS_MS
    late = town.send(town.sign("bob", town.pay("bob", "cid", 1)))[0].time_ms
    town.now = T0
    town.reopen()
    assert not town.space.stopped
    receipt = town.send(town.sign("bob", town.pay("bob", "cid", 1)))[0]
    assert (receipt.status, receipt.time_ms) == ("executed", late)
    town.now = late + 5
    assert town.send(town.sign("bob", town.pay("bob", "cid", 1)))[0].time_ms == late + 5


def test_readers_see_no_time_before_the_last_commit(town: Town) -> None:
    town.now += DAY_MS
    town.do("bob", "credit.transfer", unit="SUN", payee=key_of("cid").did, amount_minor=1)
    late = town.space.head()["time_ms"]
    assert town.space.reader(None, T0, operator=True).time_ms == late


def test_a_jump_back_neither_runs_timers_early_nor_twice(town: Town) -> None:
    town.do("bob", "timebank.log", receiver=key_of("cid").did, minutes=10, category="gardening")
    due = timers.next_due_ms(town.space.tables)
    assert due is not None
    town.now -= TEN_YEARS_MS
    assert town.space.tick(town.now) is False
    town.now = due + 1_000
    while town.space.tick(town.now):
        pass
    town.now = T0 - TEN_YEARS_MS
    ran = town.space.head()["leaves"]
    assert town.space.tick(town.now) is False
    town.do("bob", "credit.transfer", unit="SUN", payee=key_of("cid").did, amount_minor=1)
    assert town.space.head()["leaves"] == ran + 1


def test_a_timer_runs_when_due_and_not_before(town: Town) -> None:
    town.do("bob", "timebank.log", receiver=key_of("cid").did, minutes=10, category="gardening")
    when = town.space.next_due_ms()
    due = timers.next_due_ms(town.space.tables)
    assert when is not None
    assert due is not None
    assert when > due
    assert town.space.tick(when - 1) is False
    heard: list[CommitInfo] = []
    town.space.commit_listeners.append(heard.append)
    assert town.space.tick(when) is True
    assert [leaf.kind for info in heard for leaf in info.leaves if leaf.kind != "state"] == ["timer"]
    assert heard[0].time_ms == when
    assert town.space.tick(when + DAY_MS) is False


def test_timers_due_run_before_the_events_of_their_commit(town: Town) -> None:
    """A vote that closes at noon is closed for an event that is committed one millisecond later."""
    town.do("bob", "timebank.log", receiver=key_of("cid").did, minutes=10, category="gardening")
    due = timers.next_due_ms(town.space.tables)
    assert due is not None
    town.now = due
    heard: list[CommitInfo] = []
    town.space.commit_listeners.append(heard.append)
    receipt = town.send(town.sign("cid", {"op": "timebank.confirm", "exchange": 1}))[0]
    assert [leaf.kind for info in heard for leaf in info.leaves if leaf.kind != "state"] == ["timer", "event"]
    assert receipt.status == "refused"


@pytest.mark.parametrize("count", [1_000, 1_001, 2_300])
def test_a_thousand_timers_due_at_once(town: Town, count: int) -> None:
    log_many(town, count)
    due = timers.next_due_ms(town.space.tables)
    assert due is not None
    assert town.space.tables.count(timers.Timer, "due", due) == count
    before = town.space.head()
    commits: list[int] = []
    town.space.commit_listeners.append(lambda info: commits.append(sum(d.kind == "timer" for d in info.leaves)))
    town.now = due + 1_000
    while town.space.tick(town.now):
        pass
    assert sum(commits) == count
    assert max(commits) <= timers.MOST_PER_COMMIT
    assert town.space.tables.count(timers.Timer, "due", due) == 0
    states = town.space.head()["leaves"] - before["leaves"] - count
    assert states in (0, 1), "one leaf each, and that of the day"
    assert town.send(town.sign("bob", town.pay("bob", "cid", 1)))[0].status == "executed"


def test_timers_that_fell_due_while_the_node_was_off_run_at_its_start(town: Town) -> None:
    log_many(town, 5)
    due = timers.next_due_ms(town.space.tables)
    assert due is not None
    town.reopen()
    town.now = due + 30 * DAY_MS
    next_due = town.space.next_due_ms()
    assert next_due is not None
    assert next_due < town.now
    assert town.space.tick(town.now) is True
    assert town.space.tables.count(timers.Timer, "due", due) == 0


def test_an_idle_space_writes_nothing(town: Town) -> None:
    before = town.digest()
    for days in range(30):
        assert town.space.tick(T0 + days * 3_600_000) is False
    assert town.digest() == before


def test_a_state_leaf_stands_before_the_first_work_of_each_day(town: Town) -> None:
    kinds: list[list[str]] = []
    town.space.commit_listeners.append(lambda info: kinds.append([leaf.kind for leaf in info.leaves]))
    for days in (0, 0, 1, 1, 400, 400):
        town.now = T0 + days * DAY_MS + len(kinds)
        assert town.send(town.sign("bob", town.pay("bob", "cid", 1)))[0].status == "executed"
    flat = [[kind for kind in leaves if kind != "timer"] for leaves in kinds]
    assert flat == [["event"], ["event"], ["state", "event"], ["event"], ["state", "event"], ["event"]]
