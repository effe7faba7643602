"""Applications: strangers apply, members vouch for them, and stewards, enough vouchers or a decision admit.

An applicant is a party from the start, so that the statement, the vouching and the answer have somebody to be about,
but may do nothing but withdraw. An application that nobody answers lapses by itself, and its handle is free again.
How many vouchers admit, and whether stewards may, is the bylaws' to say.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from msgspec import Meta

from icn_node.kernel import membership, registry, timers
from icn_node.kernel.context import Context
from icn_node.kernel.fields import Handle, Private, Who
from icn_node.kernel.keyring import Custody
from icn_node.kernel.ledger import DAY_MS
from icn_node.kernel.lifecycle import WrongState
from icn_node.kernel.membership import NotAPerson, TooEarly
from icn_node.kernel.module import Command, Module, NoticeSpec, ParamSpec, Query, TimerSpec, command, query
from icn_node.kernel.module import Party as PartyNo
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.registry import Party
from icn_node.kernel.tables import Record, Tables

PAGE_MOST = 1000


class Application(Record, frozen=True):
    """Somebody's application; the last one of a party counts. Its state is the party's."""

    TABLE: ClassVar[str] = "application"
    KEY: ClassVar[tuple[str, ...]] = ("no",)
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {"party": ("party", "no")}
    no: int
    party: int
    since_ms: int
    until_ms: int
    statement: Private | None = None


class Vouch(Record, frozen=True):
    """A member vouches for an applicant."""

    TABLE: ClassVar[str] = "vouch"
    KEY: ClassVar[tuple[str, ...]] = ("application", "member")
    application: int
    member: int
    since_ms: int


class ApplicationsClosed(Refusal):
    """The space takes no applications now."""

    code = "applications_closed"
    text = "This space takes no applications: {reason}."
    advice = "Ask a member for an invitation."


class AlreadyVouched(Refusal):
    """The member vouches for that applicant already."""

    code = "already_vouched"
    text = "You vouch for {member} already."


class Apply(Command, frozen=True):
    """Apply for membership, signed with the first device key."""

    OP: ClassVar[str] = "member.apply"
    handle: Handle
    custody: Custody = "self"
    name: Private | None = None
    contact: Private | None = None
    statement: Private | None = None


class VouchFor(Command, frozen=True):
    """Vouch for an applicant. Enough vouchers admit, if the bylaws say how many."""

    OP: ClassVar[str] = "member.vouch"
    member: Who


class Admit(Command, frozen=True):
    """Admit an applicant."""

    OP: ClassVar[str] = "member.admit"
    member: Who


class Refuse(Command, frozen=True):
    """Refuse an applicant, for a reason that only they and the stewards read."""

    OP: ClassVar[str] = "member.refuse"
    member: Who
    reason: Private | None = None


class Withdraw(Command, frozen=True):
    """Withdraw one's own application."""

    OP: ClassVar[str] = "member.withdraw"


def apply(tx: Tables, cmd: Apply, ctx: Context) -> int:
    if not ctx.param(tx, "member.applications"):
        raise ApplicationsClosed(reason="the bylaws say so")
    if tx.count(Party, "status", registry.PERSON, "applied") >= ctx.number(tx, "member.applications_most"):
        raise ApplicationsClosed(reason="too many wait already")
    former = None if ctx.actor.stranger else tx.get(Party, ctx.actor.party)
    again_ms = 0 if former is None else former.changed_ms + ctx.number(tx, "member.reapply_days") * DAY_MS
    if former is not None and former.status in ("refused", "left") and ctx.time_ms < again_ms:
        raise TooEarly(from_ms=again_ms)
    party = membership.enter_person(tx, ctx, "apply", cmd.handle, cmd.custody, cmd.name, cmd.contact)
    until = ctx.time_ms + ctx.number(tx, "member.application_days") * DAY_MS
    no = tx.next_no("application")
    tx.put(Application(no, party.no, ctx.time_ms, until, cmd.statement))
    timers.schedule(tx, until, "member.application", no)
    return no


def _application(tx: Tables, party: int) -> Application:
    """The last application of a party that has applied."""
    found = tx.scan(Application, "party", party, reverse=True, limit=1)
    assert found, party
    return found[0]


def vouch(tx: Tables, cmd: VouchFor, ctx: Context) -> str:
    party = membership.person(tx, cmd.member)
    if party.status != "applied":
        raise WrongState(what=party.did, state=party.status, event="vouch")
    application = _application(tx, party.no)
    if tx.get(Vouch, application.no, ctx.actor.party) is not None:
        raise AlreadyVouched(member=party.did)
    tx.put(Vouch(application.no, ctx.actor.party, ctx.time_ms))
    have, need = tx.count(Vouch, "key", application.no), ctx.number(tx, "member.vouches_needed")
    if not need or have < need:
        return f"{have} of {need}" if need else str(have)
    _decide(tx, ctx, party, "admit")
    return "admitted"


def admit(tx: Tables, cmd: Admit, ctx: Context) -> None:
    _decide(tx, ctx, membership.person(tx, cmd.member), "admit")


def refuse(tx: Tables, cmd: Refuse, ctx: Context) -> None:
    _decide(tx, ctx, membership.person(tx, cmd.member), "refuse")


def withdraw(tx: Tables, cmd: Withdraw, ctx: Context) -> None:
    _decide(tx, ctx, membership.acting(tx, ctx), "withdraw")


def on_application(tx: Tables, no: int, ctx: Context) -> None:
    application = tx.get(Application, no)
    assert application is not None
    party = tx.get(Party, application.party)
    if party is not None and party.status == "applied" and _application(tx, party.no).no == no:
        _decide(tx, ctx, party, "lapse")


def _decide(tx: Tables, ctx: Context, party: Party, event: str) -> None:
    """End an application. Who is not admitted, and never was a member, gives the handle back."""
    keeps_handle = event == "admit" or party.member_since_ms is not None
    membership.move(tx, ctx, party, event, **({} if keeps_handle else {"handle": ""}))
    timers.cancel(tx, "member.application", _application(tx, party.no).no)
    if event == "admit":
        ctx.notify(tx, party.no, "member.admitted")
    else:
        ctx.notify(tx, party.no, "member.not_admitted", reason=event)


class ApplicationsQuery(Query, frozen=True):
    """Who has applied and waits, with who vouches for them."""

    limit: Annotated[int, Meta(ge=1, le=PAGE_MOST)] = 50
    after: Annotated[int, Meta(ge=0)] = 0


def applications(tx: Tables, q: ApplicationsQuery, reader: Context) -> list[dict[str, Any]]:
    found = tx.scan(Party, "status", registry.PERSON, "applied", start=q.after + 1, limit=q.limit)
    need = reader.number(tx, "member.vouches_needed")
    rows = []
    for party in found:
        application = _application(tx, party.no)
        vouchers = [PartyNo(v.member) for v in tx.scan(Vouch, "key", application.no)]
        rows.append({
            "no": party.no, "handle": party.handle, "did": party.did, "name": party.name, "contact": party.contact,
            "since_ms": application.since_ms, "application": application.no, "until_ms": application.until_ms,
            "statement": application.statement, "vouchers": vouchers, "vouches_needed": need,
        })  # fmt: skip
    return rows


_ADMITS = (registry.UnknownMember, NotAPerson, WrongState)

MODULE = Module(
    name="application",
    doc=__doc__,
    always_on=True,
    records=(*membership.RECORDS, Application, Vouch),
    commands=(
        command(Apply, apply, result="the application's number",
                private={"name": "members", "contact": "parties role:steward", "statement": "members"},
                refuses=(ApplicationsClosed, TooEarly, *membership.ENTERS),
                example={"handle": "dave", "name": "Dave de Boer", "statement": "I moved here last month."}),
        command(VouchFor, vouch, refuses=(*_ADMITS, AlreadyVouched), result="'2 of 3', or 'admitted'",
                example={"member": "dave"}),
        command(Admit, admit, refuses=_ADMITS, example={"member": "dave"}),
        command(Refuse, refuse, refuses=_ADMITS, private={"reason": "parties role:steward"},
                example={"member": "dave", "reason": "Lives outside our area."}),
        command(Withdraw, withdraw, refuses=(registry.UnknownMember, WrongState)),
    ),
    queries=(
        query("member.applications", ApplicationsQuery, applications, example={"limit": 10},
              columns=("application", "handle", "name", "vouchers", "vouches_needed", "until_ms")),
    ),
    timers=(TimerSpec("member.application", on_application),),
    params=(
        ParamSpec("member.applications", True, "The space takes applications from strangers."),
        ParamSpec("member.applications_most", 200, "Applications that may wait at once.", 1, 100_000),
        ParamSpec("member.application_days", 60, "After how long an application lapses.", 1, 365, "days"),
        ParamSpec("member.reapply_days", 30, "How long after a refusal or leaving one may apply again.", 0, 3650,
                  "days"),
        ParamSpec("member.stewards_admit", True, "A steward may admit; otherwise vouchers, or a decision."),
        ParamSpec("member.vouches_needed", 3, "How many vouching members admit an applicant; 0: none do.", 0, 1000),
    ),
    notices=(
        NoticeSpec("member.admitted", "You are admitted: you are a member now."),
        NoticeSpec("member.not_admitted", "Your application ended: {reason}."),
    ),
)  # fmt: skip
