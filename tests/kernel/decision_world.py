"""Six members, and a module whose command counts how often each decision carried it out."""

from __future__ import annotations

import functools
from typing import Any, ClassVar

import msgspec

from icn_node.kernel import proposals, registry
from icn_node.kernel.context import Context
from icn_node.kernel.module import Command, Module, command
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.tables import Record, Tables
from icn_node.modules import MODULES
from tests.world import DAY_MS, T0, World, extended_bylaws


class Ran(Record, frozen=True):
    TABLE: ClassVar[str] = "test_ran"
    KEY: ClassVar[tuple[str, ...]] = ("decision",)
    decision: int
    times: int


class Jammed(Refusal):
    code = "jammed"
    text = "It is jammed: {by}."


class Count(Command, frozen=True):
    """Count the decision; refuse if it is jammed; fail if it is broken."""

    OP: ClassVar[str] = "counting.count"
    jam: bool = False
    broken: bool = False
    note: bytes = b""


def count(tx: Tables, cmd: Count, ctx: Context) -> int:
    row = tx.get(Ran, ctx.decision) or Ran(ctx.decision, 0)
    tx.put(Ran(ctx.decision, row.times + 1))
    if cmd.jam:
        raise Jammed(by=ctx.decision_type)
    assert not cmd.broken
    return row.times + 1


COUNTING = Module(
    name="counting", doc="Counts.", records=(Ran,), commands=(command(Count, count, refuses=(Jammed,)),)
)  # fmt: skip
COUNT = {"op": "counting.count", "ver": 1}
NAMES = ("ann", "bob", "carol", "dave", "erin", "frank")


@functools.cache
def _founded() -> tuple[World, dict[str, Any]]:
    """One village in dictionaries, and its rows when it was new."""
    w = _found(sqlite=False)
    return w, {table: dict(rows) for table, rows in w.backend.rows.items()}


def village(*, sqlite: bool = False, **params: int) -> World:
    """Six members, one of them steward, the counting module, and types that differ in their phases.

    The plain one is founded once and put back as it was, so only one is in use at a time.
    """
    if sqlite or params:
        return _found(sqlite=sqlite, **params)
    w, rows = _founded()
    w.backend.rows = {table: dict(found) for table, found in rows.items()}
    w.tables.aborted()
    w.now, w.chains = T0, {a: e for a, e in w.chains.items() if e.cid == w.space}
    return w


def _found(*, sqlite: bool, **params: int) -> World:
    w = World(sqlite=sqlite, modules=(*MODULES, COUNTING), params=dict(params))
    for name in NAMES[1:]:
        w.member(name)
    bylaws = extended_bylaws('clause "99" on counting.* "Counting." { require decided(); }', **params)
    w.decide({"op": "bylaws.adopt", "document": bylaws}, kind="bylaw")
    day = {"discussion_ms": 0, "deliberation_ms": 0, "voting_ms": DAY_MS, "quorum": "0/1"}
    w.decide(
        {"op": "governance.set_type", "type": "now", **day, "implementation_ms": 0},
        {"op": "governance.set_type", "type": "later", **day, "implementation_ms": 2 * DAY_MS},
        {"op": "governance.set_type", "type": "handed", **day, "implementation_ms": 2 * DAY_MS, "executor": "steward"},
        {"op": "governance.set_type", "type": "early", **day, "implementation_ms": 0, "early": True},
        kind="bylaw",
    )  # fmt: skip
    return w


def row(w: World, no: int) -> proposals.Proposal:
    return proposals.proposal_of(w.tables, no)


def result(w: World, no: int) -> proposals.Result:
    found = w.tables.get(proposals.Result, no)
    assert found is not None
    return found


def ran(w: World, no: int) -> int:
    found = w.tables.get(Ran, no)
    return 0 if found is None else found.times


def set_status(w: World, name: str, status: str) -> None:
    party = w.tables.get(registry.Party, w.no(name))
    assert party is not None
    w.tables.put(msgspec.structs.replace(party, status=status))
    w.tables.settle()
    w.tables.flush()
    w.tables.committed()
