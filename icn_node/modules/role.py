"""Roles: what a decision gives somebody to do, for how long, and how often in a row.

The bylaws say what a role may do; this says who holds it. A role named by the bylaws exists without being defined, and
has no term then. Terms end by themselves, with a notice before. The mechanism is `kernel.roles`.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from msgspec import Meta

from icn_node.kernel import membership, registry, roles
from icn_node.kernel.context import Context
from icn_node.kernel.fields import Name, TimeMs, Title, Who
from icn_node.kernel.module import Command, Module, NoticeSpec, ParamSpec, Query, TimerSpec, command, query
from icn_node.kernel.module import Party as PartyNo
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.tables import Tables

DEFINED_MOST = 200
TermMs = Annotated[
    int,
    Meta(ge=3_600_000, le=2**53 - 1, extra={"kind": "duration"}, description="how long a term lasts, at least an hour"),
]


class TooManyRoles(Refusal):
    """The space has as many defined roles as it may have."""

    code = "too_many_roles"
    text = "This space has {most} roles, which is the most."


class Define(Command, frozen=True):
    """Define a role, or change its definition for terms that begin from now on. A field that is not given: no term, any
    number of seats, any number of terms in a row."""

    OP: ClassVar[str] = "role.define"
    role: Name
    title: Title
    term_ms: TermMs | None = None
    seats: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    max_terms: Annotated[int, Meta(ge=1, le=100)] | None = None


class Retire(Command, frozen=True):
    """Grant a role no more. Who holds it keeps it to the end of the term."""

    OP: ClassVar[str] = "role.retire"
    role: Name


class Grant(Command, frozen=True):
    """Grant a role for a term, or for the next term to who holds it. until_ms: an earlier end, or an end at all."""

    OP: ClassVar[str] = "role.grant"
    role: Name
    member: Who
    until_ms: TimeMs | None = None


class Revoke(Command, frozen=True):
    """Take a role from somebody."""

    OP: ClassVar[str] = "role.revoke"
    role: Name
    member: Who


class Resign(Command, frozen=True):
    """Lay down a role one holds."""

    OP: ClassVar[str] = "role.resign"
    role: Name


def define(tx: Tables, cmd: Define, ctx: Context) -> None:
    if tx.get(roles.Role, cmd.role) is None and tx.count(roles.Role) >= DEFINED_MOST:
        raise TooManyRoles(most=DEFINED_MOST)
    tx.put(roles.Role(cmd.role, cmd.title, cmd.term_ms, cmd.seats, cmd.max_terms, "open", ctx.time_ms))


def retire(tx: Tables, cmd: Retire, ctx: Context) -> None:
    role = roles.role_of(tx, ctx, cmd.role)
    tx.put(roles.Role(role.name, role.title, role.term_ms, role.seats, role.max_terms, "retired", ctx.time_ms))


def grant(tx: Tables, cmd: Grant, ctx: Context) -> int:
    party = registry.active_party(tx, cmd.member)
    no = roles.grant(tx, ctx, cmd.role, party, cmd.until_ms)
    ctx.notify(tx, party.no, "role.granted", role=cmd.role)
    return no


def revoke(tx: Tables, cmd: Revoke, ctx: Context) -> None:
    party = registry.party_of(tx, cmd.member)
    roles.end(tx, ctx, cmd.role, party, "revoked")
    ctx.notify(tx, party.no, "role.revoked", role=cmd.role)


def resign(tx: Tables, cmd: Resign, ctx: Context) -> None:
    party = membership.acting(tx, ctx)
    roles.end(tx, ctx, cmd.role, party, "resigned")
    ctx.notify(tx, registry.SPACE, "role.vacant", role=cmd.role, member=party.did)


class ListQuery(Query, frozen=True):
    """Every role: its terms and seats, and who holds it."""


class TermsQuery(Query, frozen=True):
    """The terms that somebody served, or that were served in a role, the latest first."""

    role: Name | None = None
    member: Who | None = None
    limit: Annotated[int, Meta(ge=1, le=1000)] = 50


def list_roles(tx: Tables, q: ListQuery, reader: Context) -> list[dict[str, Any]]:
    rows = []
    for name in roles.names(tx, reader):
        role = roles.role_of(tx, reader, name)
        held = roles.in_force(tx, name, reader.time_ms)
        rows.append({
            "role": name, "title": role.title, "status": role.status, "term_ms": role.term_ms,
            "term_months": role.term_months or None, "seats": role.seats,
            "max_terms": role.max_terms,
            "holders": [PartyNo(h.party) for h in held],
            "until_ms": [h.until_ms for h in held],
        })  # fmt: skip
    return rows


def terms(tx: Tables, q: TermsQuery, reader: Context) -> list[dict[str, Any]]:
    if q.role is not None:
        found = tx.scan(roles.Term, "role", q.role, reverse=True, limit=None if q.member else q.limit)
        if q.member is not None:
            party = registry.party_of(tx, q.member)
            found = [t for t in found if t.party == party.no][: q.limit]
    else:
        party = registry.party_of(tx, q.member or reader.actor.did)
        found = tx.scan(roles.Term, "party", party.no, reverse=True, limit=q.limit)
    return [
        {
            "term": t.no, "role": t.role, "member": PartyNo(t.party), "n": t.n, "since_ms": t.since_ms,
            "until_ms": t.until_ms, "ended": t.ended, "ended_ms": t.ended_ms,
        }
        for t in found
    ]  # fmt: skip


MODULE = Module(
    name="role",
    doc=__doc__,
    always_on=True,
    records=roles.RECORDS,
    commands=(
        command(Define, define, refuses=(TooManyRoles,),
                example={"role": "treasurer", "title": "Treasurer", "term": "730d", "seats": 1, "max_terms": 2}),
        command(Retire, retire, refuses=(roles.UnknownRole,), example={"role": "treasurer"}),
        command(Grant, grant, refuses=(registry.UnknownMember, registry.NotActive, *roles.GRANTS),
                result="the term's number", example={"role": "treasurer", "member": "bob"}),
        command(Revoke, revoke, refuses=(registry.UnknownMember, roles.NotHeld),
                example={"role": "treasurer", "member": "bob"}),
        command(Resign, resign, refuses=(registry.UnknownMember, roles.NotHeld),
                example={"role": "treasurer"}),
    ),
    queries=(
        query("role.list", ListQuery, list_roles, example={},
              columns=("role", "title", "holders", "seats", "term_ms", "status")),
        query("role.terms", TermsQuery, terms, refuses=(registry.UnknownMember,), example={"role": "treasurer"},
              columns=("term", "role", "member", "n", "since_ms", "until_ms", "ended")),
    ),
    timers=(TimerSpec("role.ending", roles.on_ending), TimerSpec("role.end", roles.on_end)),
    params=(
        ParamSpec("role.notice_days", 30, "How long before its end the holder of a role is told.", 0, 365, "days"),
    ),
    notices=(
        NoticeSpec("role.granted", "You hold the role {role} now."),
        NoticeSpec("role.revoked", "The role {role} was taken from you."),
        NoticeSpec("role.ending", "Your term in the role {role} ends at {until_ms}."),
        NoticeSpec("role.ended", "Your term in the role {role} has ended."),
        NoticeSpec("role.vacant", "{member} holds the role {role} no more."),
    ),
)  # fmt: skip
