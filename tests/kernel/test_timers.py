"""Timers: what falls due when, in what order, once, on both backends."""

from __future__ import annotations

from typing import Any

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icn_node.kernel import timers
from icn_node.kernel.context import Context
from icn_node.kernel.module import Module, TimerSpec
from icn_node.kernel.notices import Notice
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.sqlite import SqliteBackend
from icn_node.kernel.tables import DictBackend, Tables
from icn_node.kernel.timers import Timer
from icn_node.modules import MODULES
from tests.world import DAY_MS, World


def both() -> list[Tables]:
    backends: list[Any] = [SqliteBackend(apsw.Connection(":memory:")), DictBackend()]
    return [Tables(backend, timers.RECORDS) for backend in backends]


def test_timers_run_by_time_and_then_by_number() -> None:
    for tx in both():
        numbers = [timers.schedule(tx, due, "a.b", ref) for ref, due in enumerate([50, 10, 50, 9, 51])]
        assert numbers == [1, 2, 3, 4, 5]
        assert [t.no for t in timers.due(tx, 50)] == [4, 2, 1, 3]
        assert [t.no for t in timers.due(tx, 9)] == [4]
        assert timers.due(tx, 8) == []
        assert [t.no for t in timers.due(tx, 51, limit=3)] == [4, 2, 1]
        assert timers.next_due_ms(tx) == 9


def test_cancelling_takes_those_of_the_kind_and_ref() -> None:
    for tx in both():
        for kind, ref in (("a.b", 1), ("a.b", 2), ("a.b", 1), ("a.c", 1)):
            timers.schedule(tx, 100, kind, ref)
        assert timers.cancel(tx, "a.b", 1) == 2
        assert timers.cancel(tx, "a.b", 1) == 0
        assert [(t.kind, t.ref) for t in timers.due(tx, 100)] == [("a.b", 2), ("a.c", 1)]
        assert timers.schedule(tx, 100, "a.b", 1) == 5, "a number is never given twice"


def test_nothing_is_due_where_there_is_nothing() -> None:
    for tx in both():
        assert timers.next_due_ms(tx) is None
        assert timers.due(tx, 2**53) == []


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["set", "cancel", "run", "commit"]), st.integers(0, 20), st.integers(0, 3))))
def test_every_timer_runs_once_and_in_order(steps: list[tuple[str, int, int]]) -> None:
    """Against a plain list of what is set."""
    tables = both()
    model: list[tuple[int, int, int]] = []
    given_out = 0
    for word, time, ref in steps:
        if word == "set":
            given_out += 1
            assert [timers.schedule(tx, time, "a.b", ref) for tx in tables] == [given_out] * 2
            model.append((time, given_out, ref))
        elif word == "cancel":
            gone = [m for m in model if m[2] == ref]
            assert [timers.cancel(tx, "a.b", ref) for tx in tables] == [len(gone)] * 2
            model = [m for m in model if m[2] != ref]
        elif word == "run":
            wanted = sorted(m for m in model if m[0] <= time)[:2]
            for tx in tables:
                found = timers.due(tx, time, limit=2)
                assert [(t.due_ms, t.no, t.ref) for t in found] == wanted
                for timer in found:
                    tx.delete(Timer, timer.no)
            model = [m for m in model if m not in wanted]
        else:
            for tx in tables:
                tx.flush()
                tx.committed()
        nearest = min((m[0] for m in model), default=None)
        assert [timers.next_due_ms(tx) for tx in tables] == [nearest] * 2


# -- in the executor ---------------------------------------------------------------------------------------------------


class NotToday(Refusal):
    """The timer of this test says no."""

    code = "clock.not_today"


def ring(tx: Tables, ref: int, ctx: Context) -> None:
    ctx.notify(tx, 1, "clock.rang", ref=ref, time=ctx.time_ms)
    if ref == 13:
        raise NotToday(ref=ref)
    if ref == 7:
        timers.schedule(tx, ctx.time_ms, "clock.ring", 8)


CLOCK = Module(name="clock", doc="A clock.", timers=(TimerSpec("clock.ring", ring),))


@pytest.mark.parametrize("sqlite", [False, True])
def test_a_timer_that_refuses_is_undone_and_gone(sqlite: bool) -> None:
    w = World(sqlite=sqlite, modules=(*MODULES, CLOCK))
    for ref in (1, 13, 2):
        timers.schedule(w.tables, w.now + DAY_MS, "clock.ring", ref)
    done = w.pass_time(days=2)
    assert [d.outcome for d in done] == [
        {"ok": []}, {"refused": "clock.not_today", "facts": {"ref": 13}}, {"ok": []},
    ]  # fmt: skip
    assert [n.facts["ref"] for n in w.tables.scan(Notice) if n.code == "clock.rang"] == [1, 2]
    assert w.tables.scan(Timer) == []
    assert len({d.effects for d in done}) == 3, "that it is gone is an effect, of the refused one too"


def test_a_timer_may_set_one_that_is_due_at_once() -> None:
    w = World(modules=(*MODULES, CLOCK))
    timers.schedule(w.tables, w.now, "clock.ring", 7)
    assert len(w.pass_time()) == 2
    assert [n.facts["ref"] for n in w.tables.scan(Notice) if n.code == "clock.rang"] == [7, 8]


def test_more_than_a_commit_takes_is_left_for_the_next() -> None:
    w = World(modules=(*MODULES, CLOCK))
    most = timers.MOST_PER_COMMIT
    for ref in range(100, 105 + most):
        timers.schedule(w.tables, w.now + 1, "clock.ring", ref)
    assert len(timers.due(w.tables, w.now + 1)) == most
    assert len(w.pass_time(ms=1)) == most + 5
    assert timers.next_due_ms(w.tables) is None
