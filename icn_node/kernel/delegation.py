"""Delegation: a member entrusts votes, by scope, to another, who may pass them on.

A scope is a topic, a proposal type, or `all`; for one proposal the most specific one counts: topic, then type, then
all. Whoever votes directly counts directly. Otherwise the chain of delegations is followed to the first who has cast a
ballot. What counts is what stands when voting closes. A chain that leads to nobody is void, and said to be: in a
circle (`cycle`), longer than the bylaws allow (`too_long`), through somebody who is not an active member (`inactive`)
or not an elector (`outside`), or to somebody who neither votes nor delegates (`silent`).

`resolve` is pure, so that it can be compared with a naive resolver. It knows no ballots' contents.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from typing import ClassVar

import msgspec

from icn_node.kernel.refusal import Refusal
from icn_node.kernel.tables import Record, Tables

ALL = "all"
MOST_SCOPES = 64  # delegations that one member can have at a time

CYCLE = "cycle"
TOO_LONG = "too_long"
INACTIVE = "inactive"
OUTSIDE = "outside"
SILENT = "silent"


class Delegation(Record, frozen=True):
    """`party` entrusts its votes in `scope` to `delegate`, until revoked or until `until_ms`."""

    TABLE: ClassVar[str] = "delegation"
    KEY: ClassVar[tuple[str, ...]] = ("party", "scope")
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {"scope": ("scope",), "delegate": ("delegate",)}
    party: int
    scope: str
    delegate: int
    since_ms: int
    until_ms: int | None


RECORDS = (Delegation,)


class SelfDelegation(Refusal):
    """Delegating to oneself."""

    code = "self_delegation"
    text = "You cannot delegate your vote to yourself."
    advice = "Without a delegation you vote yourself; `icn governance revoke` ends one."


class DelegationEnds(Refusal):
    """The delegation would end before it begins."""

    code = "delegation_ends_before"
    text = "The delegation would end at {until_ms}, which is past."


class TooManyDelegations(Refusal):
    """The member has the most delegations that one member can have."""

    code = "too_many_delegations"
    text = "You have delegations in {most} scopes, which is the most."
    advice = "Revoke one first, or delegate a wider scope."


class NoDelegation(Refusal):
    """There is nothing to revoke in that scope."""

    code = "no_delegation"
    text = "You have no delegation in the scope {scope}."
    advice = "`icn governance delegations` shows yours."


class Route(msgspec.Struct, frozen=True, gc=False):
    """Where a delegated vote ends up: with the ballot of party `through`, `hops` away; or nowhere, and why."""

    through: int
    hops: int
    void: str


def set_delegation(tx: Tables, party: int, scope: str, delegate: int, time_ms: int, until_ms: int | None) -> None:
    """Entrust, or entrust to another than before. Raises SelfDelegation, DelegationEnds, TooManyDelegations."""
    if delegate == party:
        raise SelfDelegation
    if until_ms is not None and until_ms <= time_ms:
        raise DelegationEnds(until_ms=until_ms)
    if tx.get(Delegation, party, scope) is None and tx.count(Delegation, "key", party) >= MOST_SCOPES:
        raise TooManyDelegations(most=MOST_SCOPES)
    tx.put(Delegation(party, scope, delegate, time_ms, until_ms))


def revoke(tx: Tables, party: int, scope: str) -> int:
    """End a delegation; whose it was to. Raises NoDelegation."""
    found = tx.get(Delegation, party, scope)
    if found is None:
        raise NoDelegation(scope=scope)
    tx.delete(Delegation, party, scope)
    return found.delegate


def in_force(row: Delegation, time_ms: int) -> bool:
    """Whether it has not expired at that time."""
    return row.until_ms is None or time_ms < row.until_ms


def scopes_for(topic: str, kind: str) -> tuple[str, ...]:
    """The scopes that a proposal falls under, the most specific first."""
    return tuple(dict.fromkeys(s for s in (topic, kind, ALL) if s))


def applicable(tx: Tables, scopes: Iterable[str], time_ms: int) -> dict[int, int]:
    """For every party with a delegation in force in one of the scopes, whom it means; the first scope counts most."""
    found: dict[int, int] = {}
    for scope in scopes:
        for row in tx.scan(Delegation, "scope", scope):
            if in_force(row, time_ms):
                found.setdefault(row.party, row.delegate)
    return found


def resolve(
    delegators: Iterable[int],
    delegate_of: Mapping[int, int],
    voted: Container[int],
    unfit: Callable[[int], str],
    depth: int,
) -> dict[int, Route]:
    """Where the vote of each delegator who has not voted ends up.

    unfit: why a party cannot be anybody's delegate, '' if it can. depth: the most hops a chain may have. Each party is
    walked once: what is known of the rest of a chain is kept.
    """
    ends: dict[int, Route] = {}
    for start in delegators:
        if start in ends or start in voted or start not in delegate_of:
            continue
        path = [start]
        on_path = {start}
        while True:
            node = delegate_of[path[-1]]
            reason = unfit(node)
            if reason:
                end = Route(0, 0, reason)
            elif node in voted:
                end = Route(node, 0, "")
            elif node in ends:
                end = ends[node]
            elif node in on_path:
                end = Route(0, 0, CYCLE)
            elif node not in delegate_of:
                end = Route(0, 0, SILENT)
            else:
                path.append(node)
                on_path.add(node)
                continue
            break
        for node in reversed(path):
            end = ends[node] = Route(end.through, end.hops + 1, end.void)
    return {start: _within(ends[start], depth) for start in delegators if start in ends}


def _within(end: Route, depth: int) -> Route:
    return Route(0, end.hops, TOO_LONG) if not end.void and end.hops > depth else end


def chain(tx: Tables, party: int, scopes: tuple[str, ...], time_ms: int, depth: int) -> list[int]:
    """Whom a party's vote in these scopes passes through, itself left out; it ends early where it closes a circle."""
    found: list[int] = []
    node = party
    while len(found) < depth:
        rows = (tx.get(Delegation, node, scope) for scope in scopes)
        row = next((r for r in rows if r is not None and in_force(r, time_ms)), None)
        if row is None:
            break
        node = row.delegate
        closes = node in found or node == party
        found.append(node)
        if closes:
            break
    return found
