"""Roles: what somebody holds for a term, how many seats there are, and what happens when a term ends.

A role exists if it was defined, or if the bylaws in force or a holder name it; an undefined one has no term and no end
of seats. Terms follow each other without a gap when a role is granted again before it ends. Invariants: never more
holders than seats; never more consecutive terms than the role allows; a holding that has an end has a timer. Whether
somebody may grant a role is the policy's business; whether a holder may act, the registry's (`registry.holds`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec

from icn_node.kernel import calendar, charter, registry, timers
from icn_node.kernel.ledger import DAY_MS
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.registry import Holding
from icn_node.kernel.tables import Record, Tables

if TYPE_CHECKING:
    from icn_node.kernel.context import Context

IN_FORCE = "in force"


class Role(Record, frozen=True):
    """A defined role. term_ms: how long a term lasts (None: no end, unless term_months says: calendar months in the
    space's time zone); seats: how many may hold it at once (None: any
    number); max_terms: how many terms in a row one may hold it (None: any number). status: open, retired."""

    TABLE: ClassVar[str] = "role"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    EFFECT_FIELDS: ClassVar[int] = 7  # the months follow from the bylaws, in which they stand
    name: str
    title: str
    term_ms: int | None
    seats: int | None
    max_terms: int | None
    status: str
    since_ms: int
    term_months: int = 0


class Term(Record, frozen=True):
    """One term of one holder. n: its place among consecutive terms, from 1. ended: in force, expired, renewed,
    revoked, resigned, left."""

    TABLE: ClassVar[str] = "role_term"
    KEY: ClassVar[tuple[str, ...]] = ("no",)
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {"role": ("role", "no"), "party": ("party", "no")}
    no: int
    role: str
    party: int
    n: int
    since_ms: int
    until_ms: int | None
    ended: str
    ended_ms: int | None


RECORDS: tuple[type[Record], ...] = (Role, Term)


class UnknownRole(Refusal):
    """No role of that name."""

    code = "unknown_role"
    text = "There is no role {role}."
    advice = "See `icn role list`; a decision defines roles."


class RoleRetired(Refusal):
    """The role is granted no more."""

    code = "role_retired"
    text = "The role {role} is granted no more."


class SeatsTaken(Refusal):
    """As many hold the role as it has seats."""

    code = "seats_taken"
    text = "All {seats} seats of the role {role} are taken."
    advice = "Wait for a term to end, or have one revoked."


class AlreadyHolds(Refusal):
    """The party holds the role without an end, or its next term is granted already."""

    code = "already_holds"
    text = "{member} holds the role {role} already."


class TermsOver(Refusal):
    """The party held the role for as many terms in a row as it may be held."""

    code = "terms_over"
    text = "{member} held the role {role} for {terms} terms in a row, which is the most."
    advice = "Somebody else holds it for a term first."


class BadTerm(Refusal):
    """The end asked for lies in the past or beyond the role's term."""

    code = "bad_term"
    text = "A term of the role {role} ends after {from_ms} and by {most_ms}, not at {until_ms}."


class NotHeld(Refusal):
    """The party does not hold the role."""

    code = "role_not_held"
    text = "{member} does not hold the role {role}."


GRANTS: tuple[type[Refusal], ...] = (UnknownRole, RoleRetired, SeatsTaken, AlreadyHolds, TermsOver, BadTerm)


def role_of(tx: Tables, ctx: Context, name: str) -> Role:
    """The role as defined; undefined but named by the bylaws or held: without term and seats. Raises UnknownRole."""
    found = tx.get(Role, name)
    if found is not None:
        return found
    if name in ctx.kernel.policy.book(tx).roles or tx.scan(Holding, "key", name, limit=1):
        return Role(name, name, None, None, None, "open", 0)
    raise UnknownRole(role=name)


def names(tx: Tables, ctx: Context) -> list[str]:
    """Every role that exists, sorted."""
    found = {r.name for r in tx.scan(Role)} | {h.role for h in tx.scan(Holding)}
    return sorted(found | ctx.kernel.policy.book(tx).roles)


def in_force(tx: Tables, role: str, time_ms: int) -> list[Holding]:
    """Its holdings in force, the suspended holders' too, by party."""
    return [h for h in tx.scan(Holding, "key", role) if registry.holds(tx, h.party, role, time_ms)]


def grant(tx: Tables, ctx: Context, name: str, party: registry.Party, until_ms: int | None = None) -> int:
    """Give the party the role for a term, or its next term; the term's number. Raises a refusal of GRANTS.

    until_ms: an end before the ordinary one, or, for a role without a term, an end at all.
    """
    role = role_of(tx, ctx, name)
    if role.status != "open":
        raise RoleRetired(role=name)
    now = ctx.time_ms
    held = tx.get(Holding, name, party.no)
    running = held if held is not None and registry.holds(tx, party.no, name, now) else None
    others = [h for h in in_force(tx, name, now) if h.party != party.no]
    if role.seats is not None and len(others) >= role.seats:
        raise SeatsTaken(role=name, seats=role.seats)
    if running is not None and (running.until_ms is None or _begun(tx, running) > now):
        raise AlreadyHolds(member=party.did, role=name)
    n = _consecutive(tx, role, held, now)
    if role.max_terms is not None and n > role.max_terms:
        raise TermsOver(member=party.did, role=name, terms=role.max_terms)
    since = now if running is None or running.until_ms is None else running.until_ms
    until = _until(tx, role, since, until_ms)
    no = tx.next_no("role_term")
    tx.put(Term(no, name, party.no, n, since, until, IN_FORCE, None))
    tx.put(Holding(name, party.no, now if running is None else running.since_ms, until, no))
    if until is not None:
        _schedule(tx, ctx, no, until, since)
    return no


def _begun(tx: Tables, held: Holding) -> int:
    """When the last granted term of a holding begins."""
    term = tx.get(Term, held.term)
    return held.since_ms if term is None else term.since_ms


def _consecutive(tx: Tables, role: Role, held: Holding | None, now: int) -> int:
    """The next term's place in a row: terms follow each other unless a whole term passed between them."""
    term = None if held is None else tx.get(Term, held.term)
    if term is None:
        return 1
    end = term.until_ms if term.ended_ms is None else term.ended_ms
    gap = 0 if end is None else (_term_end(tx, role, end) or end) - end
    return term.n + 1 if end is None or now < end + gap else 1


def _term_end(tx: Tables, role: Role, since: int) -> int | None:
    """When a term that begins then ends; None: it does not."""
    if not role.term_months:
        return None if role.term_ms is None else since + role.term_ms
    zone = charter.timezone(tx)
    first = calendar.local_date(since, zone)
    days = (calendar.add_months(first, role.term_months) - first).days
    return since + days * DAY_MS


def _until(tx: Tables, role: Role, since: int, wanted: int | None) -> int | None:
    most = _term_end(tx, role, since)
    if wanted is None:
        return most
    if wanted <= since or (most is not None and wanted > most):
        raise BadTerm(role=role.name, from_ms=since, most_ms=wanted if most is None else most, until_ms=wanted)
    return wanted


def _schedule(tx: Tables, ctx: Context, no: int, until_ms: int, since_ms: int) -> None:
    timers.schedule(tx, until_ms, "role.end", no)
    warn_ms = until_ms - ctx.number(tx, "role.notice_days") * DAY_MS
    if warn_ms > since_ms:
        timers.schedule(tx, warn_ms, "role.ending", no)


def end(tx: Tables, ctx: Context, role: str, party: registry.Party, how: str) -> None:
    """End a holding now, with the term that was granted to follow it. Raises NotHeld."""
    held = tx.get(Holding, role, party.no)
    if held is None or not registry.holds(tx, party.no, role, ctx.time_ms):
        raise NotHeld(member=party.did, role=role)
    for term in reversed(tx.scan(Term, "party", party.no)):
        if term.role == role and term.ended == IN_FORCE:
            timers.cancel(tx, "role.end", term.no)
            timers.cancel(tx, "role.ending", term.no)
            tx.put(msgspec.structs.replace(term, ended=how, ended_ms=ctx.time_ms))
    tx.put(msgspec.structs.replace(held, until_ms=ctx.time_ms))


def on_ending(tx: Tables, no: int, ctx: Context) -> None:
    """The timer before a term's end: tell its holder, unless the next term is granted."""
    term = tx.get(Term, no)
    assert term is not None
    held = tx.get(Holding, term.role, term.party)
    if held is not None and held.term == no and term.until_ms is not None:
        ctx.notify(tx, term.party, "role.ending", role=term.role, until_ms=term.until_ms)


def on_end(tx: Tables, no: int, ctx: Context) -> None:
    """The timer at a term's end: the holding has ended by itself; say so, unless the next term follows."""
    term = tx.get(Term, no)
    assert term is not None
    held = tx.get(Holding, term.role, term.party)
    renewed = held is not None and held.term != no
    tx.put(msgspec.structs.replace(term, ended="renewed" if renewed else "expired", ended_ms=term.until_ms))
    if not renewed:
        party = tx.get(registry.Party, term.party)
        assert party is not None
        ctx.notify(tx, term.party, "role.ended", role=term.role)
        ctx.notify(tx, registry.SPACE, "role.vacant", role=term.role, member=party.did)
