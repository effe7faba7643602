"""Conditions: what bylaws ask of whoever acts, each as one function of the state and the command's surroundings.

Both forms of bylaws stand on these: clauses of words (`kernel.bylaws`) and contracts in CCL (`kernel.views`), so that
"member" means the same in either. An argument is the value of a command's field: a DID, a party's number, or None or
'' where the command names nobody. None of them raises but for what the tables raise.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from icn_node.kernel import private, registry
from icn_node.kernel.tables import Tables

if TYPE_CHECKING:
    from icn_node.kernel.context import Context


def is_member(tx: Tables, ctx: Context) -> bool:
    """The actor is an active person."""
    no = ctx.actor.party
    if no <= 0:
        return False
    party = tx.get(registry.Party, no)
    return party is not None and party.status == registry.ACTIVE and party.kind == registry.PERSON


def acts_for(tx: Tables, ctx: Context, named: str | None) -> bool:
    """The actor is the party named, or its mandated signer. Where nobody is named, whoever acts for itself, or a
    decision, for the space."""
    actor = ctx.actor
    if not named or named == actor.did:
        return actor.party > 0 or ctx.origin == "decision"
    no = registry.party_no(tx, named)
    if no is None:
        # Whoever is meant does not exist: the handler's UnknownMember says so better than a clause could.
        return actor.party > 0
    return actor.party > 0 and registry.mandate(tx, no, actor.party, ctx.time_ms) is not None


def is_self(tx: Tables, ctx: Context, named: str | int | None) -> bool:
    """The actor is the party named (by DID or number), signs for it, or claimed it; or nobody is named."""
    actor = ctx.actor.party
    if actor <= 0:
        return False
    if not named or named == ctx.actor.did:
        return True
    no = registry.party_no(tx, named) if isinstance(named, str) else named
    if no is None or no == actor:
        return no is not None
    party = tx.get(registry.Party, no)
    return (party is not None and party.claimed_by == actor) or (
        registry.mandate(tx, no, actor, ctx.time_ms) is not None
    )


def has_role(tx: Tables, ctx: Context, role: str) -> bool:
    """The actor is an active member who holds the role now."""
    return is_member(tx, ctx) and registry.holds(tx, ctx.actor.party, role, ctx.time_ms)


def in_group(tx: Tables, ctx: Context, group: str) -> bool:
    """The actor is an active member who belongs to the group."""
    return is_member(tx, ctx) and registry.in_group(tx, group, ctx.actor.party)


def coordinates(tx: Tables, ctx: Context, group: str) -> bool:
    """The actor is an active member who coordinates the group."""
    return is_member(tx, ctx) and registry.coordinates(tx, group, ctx.actor.party)


def wrote(tx: Tables, ctx: Context, hashes: Iterable[bytes]) -> bool:
    """The actor wrote every one of these private texts."""
    return all(private.wrote(tx, h, ctx.actor.party) for h in hashes)


def concerned(tx: Tables, ctx: Context, hashes: Iterable[bytes]) -> bool:
    """The actor wrote each of these private texts, or it stands in a command that names the actor."""
    actor = ctx.actor.party
    return all(private.wrote(tx, h, actor) or private.concerns(tx, h, actor) for h in hashes)
