"""Conduct: suspension, and expulsion with due process.

A suspension is a steward's measure against harm: a stated number of days, then it ends by itself, and the same stewards
cannot begin another before a gap has passed; a decision can at any time. An expulsion begins with a charge whose reason
the member can read, leaves the member a hearing period in which to answer, and is carried out only by a decision whose
vote begins afterwards. Reasons and answers are private fields that are kept until the case has been over for some time.

Invariants: nobody is expelled but under a charge whose hearing is over; one charge against a member at a time; every
suspension ends. Which roles may act is the bylaws' to say. See decision 0048.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from icn_node.kernel import membership, private, registry, timers
from icn_node.kernel.context import Context
from icn_node.kernel.fields import No, Private, Who
from icn_node.kernel.ledger import DAY_MS
from icn_node.kernel.lifecycle import Lifecycle, WrongState, may, step
from icn_node.kernel.membership import NotAPerson, TooEarly
from icn_node.kernel.module import (
    Command,
    Module,
    NoticeSpec,
    ParamSpec,
    Query,
    ReactionSpec,
    TimerSpec,
    command,
    query,
)
from icn_node.kernel.module import Party as PartyNo
from icn_node.kernel.proposals import Proposal
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.registry import Party
from icn_node.kernel.tables import Record, Tables

CHARGE_STATES: Lifecycle = {
    "hearing": {"answer": "hearing", "hear": "heard", "withdraw": "withdrawn", "drop": "dropped"},
    "heard": {"expel": "upheld", "withdraw": "withdrawn", "lapse": "lapsed", "drop": "dropped"},
    "upheld": {},
    "withdrawn": {},
    "lapsed": {},
    "dropped": {},
}
RUNNING = ("hearing", "heard")


class Suspension(Record, frozen=True):
    """A suspension. ended_ms: when it ended, None while it lasts."""

    TABLE: ClassVar[str] = "suspension"
    KEY: ClassVar[tuple[str, ...]] = ("no",)
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {"member": ("member", "no")}
    no: int
    member: int
    by: int
    since_ms: int
    until_ms: int
    ended_ms: int | None
    reason: Private | None = None


class Charge(Record, frozen=True):
    """A charge that asks for somebody's expulsion, and its hearing. due_ms: when the present state ends by itself;
    heard_ms: when the hearing was over."""

    TABLE: ClassVar[str] = "charge"
    KEY: ClassVar[tuple[str, ...]] = ("no",)
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {"member": ("member", "no"), "status": ("status", "no")}
    no: int
    member: int
    by: int
    status: str
    since_ms: int
    due_ms: int
    reason: Private | None = None
    answer: Private | None = None
    heard_ms: int | None = None


class TooLong(Refusal):
    """More days than a suspension may last."""

    code = "suspension_too_long"
    text = "A suspension lasts at most {days} days."
    advice = "A decision of the members can suspend for longer."


class UnderCharge(Refusal):
    """A charge against the member is open."""

    code = "under_charge"
    text = "Charge {charge} against {member} is open."


class UnknownCharge(Refusal):
    """No charge of that number."""

    code = "unknown_charge"
    text = "There is no charge {charge}."
    advice = "See `icn conduct charges`."


class NotCharged(Refusal):
    """Somebody else answers a charge."""

    code = "not_charged"
    text = "Charge {charge} is not against you."


class VoteBeforeHearing(Refusal):
    """The decision to expel was put to the vote before the hearing was over."""

    code = "vote_before_hearing"
    text = "Voting began before the hearing of charge {charge} was over: the members could not know the answer."
    advice = "Propose it again."


class ReasonNeeded(Refusal):
    """A measure against a member without a stated reason."""

    code = "reason_needed"
    text = "State the reason; only {member} and the stewards read it."


class Suspend(Command, frozen=True):
    """Suspend a member for some days, for a reason that they and the stewards can read."""

    OP: ClassVar[str] = "member.suspend"
    member: Who
    days: Annotated[int, Meta(ge=1, le=3650)]
    reason: Private | None = None


class Reinstate(Command, frozen=True):
    """End a suspension before its time."""

    OP: ClassVar[str] = "member.reinstate"
    member: Who


class ChargeMember(Command, frozen=True):
    """Charge a member with what may lead to expulsion. The hearing period begins."""

    OP: ClassVar[str] = "member.charge"
    member: Who
    reason: Private | None = None


class Answer(Command, frozen=True):
    """Answer a charge against oneself while the hearing lasts. A later answer stands in the place of an earlier one."""

    OP: ClassVar[str] = "member.answer"
    charge: No
    statement: Private


class WithdrawCharge(Command, frozen=True):
    """Withdraw a charge."""

    OP: ClassVar[str] = "member.withdraw_charge"
    charge: No


class Expel(Command, frozen=True):
    """Expel the member under a charge that has been heard."""

    OP: ClassVar[str] = "member.expel"
    charge: No


class Readmit(Command, frozen=True):
    """Take an expelled member back."""

    OP: ClassVar[str] = "member.readmit"
    member: Who


def suspend(tx: Tables, cmd: Suspend, ctx: Context) -> int:
    party = membership.person(tx, cmd.member)
    if cmd.reason is None:
        raise ReasonNeeded(member=party.did)
    if ctx.origin != "decision":
        _check_measure(tx, ctx, party, cmd.days)
    membership.move(tx, ctx, party, "suspend")
    no = tx.next_no("suspension")
    until = ctx.time_ms + cmd.days * DAY_MS
    tx.put(Suspension(no, party.no, ctx.actor.party, ctx.time_ms, until, None, cmd.reason))
    timers.schedule(tx, until, "conduct.reinstate", no)
    _keep(tx, ctx, until, cmd.reason)
    ctx.notify(tx, party.no, "conduct.suspended", until_ms=until, suspension=no)
    return no


def _check_measure(tx: Tables, ctx: Context, party: Party, days: int) -> None:
    """What one steward may impose: so many days, and not again and again."""
    most = ctx.number(tx, "conduct.suspend_days_most")
    if days > most:
        raise TooLong(days=most)
    last = tx.scan(Suspension, "member", party.no, reverse=True, limit=1)
    if last and last[0].ended_ms is not None:
        from_ms = last[0].ended_ms + ctx.number(tx, "conduct.suspend_gap_days") * DAY_MS
        if ctx.time_ms < from_ms:
            raise TooEarly(from_ms=from_ms)


def _keep(tx: Tables, ctx: Context, until_ms: int, *fields: Private | None) -> None:
    """Nobody erases the papers of a case before it has been over for some time."""
    kept_ms = until_ms + ctx.number(tx, "conduct.keep_days") * DAY_MS
    for field in fields:
        private.retain(tx, ctx, field, kept_ms)


def reinstate(tx: Tables, cmd: Reinstate, ctx: Context) -> None:
    party = membership.person(tx, cmd.member)
    membership.move(tx, ctx, party, "reinstate")
    _end_suspension(tx, ctx, party)
    ctx.notify(tx, party.no, "conduct.reinstated")


def _end_suspension(tx: Tables, ctx: Context, party: Party) -> None:
    for suspension in tx.scan(Suspension, "member", party.no, reverse=True, limit=1):
        if suspension.ended_ms is None:
            timers.cancel(tx, "conduct.reinstate", suspension.no)
            tx.put(msgspec.structs.replace(suspension, ended_ms=ctx.time_ms))


def on_reinstate(tx: Tables, no: int, ctx: Context) -> None:
    """A suspension's days are over."""
    suspension = tx.get(Suspension, no)
    assert suspension is not None
    party = tx.get(Party, suspension.member)
    assert party is not None
    if may(membership.PERSON_STATES, party.status, "reinstate"):
        reinstate(tx, Reinstate(party.did), ctx)


def charge(tx: Tables, cmd: ChargeMember, ctx: Context) -> int:
    party = membership.person(tx, cmd.member)
    if not may(membership.PERSON_STATES, party.status, "expel"):
        raise WrongState(what=party.did, state=party.status, event="charge")
    if cmd.reason is None:
        raise ReasonNeeded(member=party.did)
    running = _running(tx, party.no)
    if running is not None:
        raise UnderCharge(charge=running.no, member=party.did)
    no = tx.next_no("charge")
    due = ctx.time_ms + ctx.number(tx, "conduct.hearing_days") * DAY_MS
    tx.put(Charge(no, party.no, ctx.actor.party, "hearing", ctx.time_ms, due, cmd.reason))
    timers.schedule(tx, due, "conduct.charge", no)
    _keep(tx, ctx, due + ctx.number(tx, "conduct.charge_days") * DAY_MS, cmd.reason)
    ctx.notify(tx, party.no, "conduct.charged", charge=no, until_ms=due)
    return no


def _running(tx: Tables, member: int) -> Charge | None:
    last = tx.scan(Charge, "member", member, reverse=True, limit=1)
    return last[0] if last and last[0].status in RUNNING else None


def _charge(tx: Tables, no: int) -> Charge:
    found = tx.get(Charge, no)
    if found is None:
        raise UnknownCharge(charge=no)
    return found


def _step(tx: Tables, ctx: Context, charge: Charge, event: str, *, due_ms: int | None = None) -> Charge:
    """Take the charge a step further. With `due_ms` a timer ends the new state, else nothing does."""
    status = step(CHARGE_STATES, charge.status, event, f"charge {charge.no}")
    timers.cancel(tx, "conduct.charge", charge.no)
    after = msgspec.structs.replace(charge, status=status, due_ms=ctx.time_ms if due_ms is None else due_ms)
    tx.put(after)
    if due_ms is not None:
        timers.schedule(tx, due_ms, "conduct.charge", charge.no)
    else:
        _keep(tx, ctx, ctx.time_ms, charge.reason, charge.answer)
    return after


def answer(tx: Tables, cmd: Answer, ctx: Context) -> None:
    charged = _charge(tx, cmd.charge)
    if charged.member != ctx.actor.party:
        raise NotCharged(charge=charged.no)
    step(CHARGE_STATES, charged.status, "answer", f"charge {charged.no}")
    tx.put(msgspec.structs.replace(charged, answer=cmd.statement))
    _keep(tx, ctx, charged.due_ms + ctx.number(tx, "conduct.charge_days") * DAY_MS, cmd.statement)
    if charged.by != registry.SPACE:
        private.concern(tx, cmd.statement, charged.by)
        ctx.notify(tx, charged.by, "conduct.answered", charge=charged.no)


def withdraw_charge(tx: Tables, cmd: WithdrawCharge, ctx: Context) -> None:
    withdrawn = _step(tx, ctx, _charge(tx, cmd.charge), "withdraw")
    ctx.notify(tx, withdrawn.member, "conduct.withdrawn", charge=withdrawn.no)


def on_charge(tx: Tables, no: int, ctx: Context) -> None:
    """The hearing is over, or nothing came of the charge for so long that it lapses."""
    charged = _charge(tx, no)
    if charged.status == "heard":
        _step(tx, ctx, charged, "lapse")
        ctx.notify(tx, charged.member, "conduct.lapsed", charge=no)
        return
    heard = msgspec.structs.replace(charged, heard_ms=ctx.time_ms)
    _step(tx, ctx, heard, "hear", due_ms=ctx.time_ms + ctx.number(tx, "conduct.charge_days") * DAY_MS)
    for party in sorted({charged.member, charged.by} - {registry.SPACE}):
        ctx.notify(tx, party, "conduct.heard", charge=no)


def on_left(tx: Tables, member: int, ctx: Context) -> None:
    """Who left is no longer under charge or suspension; the stewards see the case when they apply again."""
    party = tx.get(Party, member)
    assert party is not None
    _end_suspension(tx, ctx, party)
    running = _running(tx, member)
    if running is not None:
        _step(tx, ctx, running, "drop")


def expel(tx: Tables, cmd: Expel, ctx: Context) -> None:
    charged = _step(tx, ctx, _charge(tx, cmd.charge), "expel")
    decided = tx.get(Proposal, ctx.decision)
    if decided is not None and (decided.voting_ms or 0) < (charged.heard_ms or 0):
        raise VoteBeforeHearing(charge=charged.no)
    party = tx.get(Party, charged.member)
    assert party is not None
    _end_suspension(tx, ctx, party)
    membership.move(tx, ctx, party, "expel")
    membership.end_offices(tx, ctx, party)
    ctx.notify(tx, party.no, "conduct.expelled", charge=charged.no)


def readmit(tx: Tables, cmd: Readmit, ctx: Context) -> None:
    party = membership.move(tx, ctx, membership.person(tx, cmd.member), "readmit")
    ctx.notify(tx, party.no, "conduct.readmitted")


class CaseQuery(Query, frozen=True):
    """A member's suspensions and charges, the latest first; one's own without a name."""

    member: Who | None = None


class ChargesQuery(Query, frozen=True):
    """The charges in a state, by number."""

    status: Annotated[str, Meta(pattern="^(hearing|heard|upheld|withdrawn|lapsed|dropped)$")] = "hearing"
    after: Annotated[int, Meta(ge=0)] = 0
    limit: Annotated[int, Meta(ge=1, le=1000)] = 50


def case(tx: Tables, q: CaseQuery, reader: Context) -> dict[str, Any]:
    party = registry.party_of(tx, q.member or reader.actor.did)
    return {
        "member": PartyNo(party.no),
        "status": party.status,
        "charges": [_charge_row(c) for c in tx.scan(Charge, "member", party.no, reverse=True)],
        "suspensions": [
            {
                "suspension": s.no, "by": PartyNo(s.by), "since_ms": s.since_ms, "until_ms": s.until_ms,
                "ended_ms": s.ended_ms, "reason": s.reason,
            }
            for s in tx.scan(Suspension, "member", party.no, reverse=True)
        ],
    }  # fmt: skip


def charges(tx: Tables, q: ChargesQuery, reader: Context) -> list[dict[str, Any]]:
    return [_charge_row(c) for c in tx.scan(Charge, "status", q.status, start=q.after + 1, limit=q.limit)]


def _charge_row(charge: Charge) -> dict[str, Any]:
    return {
        "charge": charge.no, "member": PartyNo(charge.member), "by": PartyNo(charge.by), "status": charge.status,
        "since_ms": charge.since_ms, "due_ms": charge.due_ms, "reason": charge.reason, "answer": charge.answer,
    }  # fmt: skip


_NOBODY: tuple[type[Refusal], ...] = (registry.UnknownMember, NotAPerson)
_REASON = {"reason": "parties role:steward"}

MODULE = Module(
    name="conduct",
    doc=__doc__,
    always_on=True,
    records=(*membership.RECORDS, Suspension, Charge),
    commands=(
        command(Suspend, suspend, refuses=(*_NOBODY, WrongState, ReasonNeeded, TooLong, TooEarly), private=_REASON,
                result="the suspension's number",
                example={"member": "erin", "days": 14, "reason": "Threatened another member at the market."}),
        command(Reinstate, reinstate, refuses=(*_NOBODY, WrongState), example={"member": "erin"}),
        command(ChargeMember, charge, refuses=(*_NOBODY, WrongState, ReasonNeeded, UnderCharge), private=_REASON,
                result="the charge's number",
                example={"member": "erin", "reason": "Sold goods that belonged to the tool library."}),
        command(Answer, answer, refuses=(UnknownCharge, NotCharged, WrongState),
                private={"statement": "parties role:steward"},
                example={"charge": 1, "statement": "I was given them by the coordinator."}),
        command(WithdrawCharge, withdraw_charge, refuses=(UnknownCharge, WrongState), example={"charge": 1}),
        command(Expel, expel, refuses=(UnknownCharge, WrongState, VoteBeforeHearing), example={"charge": 1}),
        command(Readmit, readmit, refuses=(*_NOBODY, WrongState), example={"member": "erin"}),
    ),
    queries=(
        query("conduct.case", CaseQuery, case, refuses=(registry.UnknownMember,), example={"member": "erin"}),
        query("conduct.charges", ChargesQuery, charges, example={"status": "heard"},
              columns=("charge", "member", "by", "status", "due_ms", "reason", "answer")),
    ),
    timers=(TimerSpec("conduct.reinstate", on_reinstate), TimerSpec("conduct.charge", on_charge)),
    reactions=(ReactionSpec("member.left", on_left),),
    params=(
        ParamSpec("conduct.suspend_days_most", 30, "How long a steward may suspend a member.", 1, 3650, "days"),
        ParamSpec("conduct.suspend_gap_days", 30, "How long after a suspension a steward may begin another.", 0, 3650,
                  "days"),
        ParamSpec("conduct.hearing_days", 14, "How long a charged member may answer before any decision.", 1, 365,
                  "days"),
        ParamSpec("conduct.charge_days", 180, "After how long a heard charge lapses.", 1, 3650, "days"),
        ParamSpec("conduct.keep_days", 365, "How long reasons and answers are kept after a case is closed.", 0, 36_500,
                  "days"),
    ),
    notices=(
        NoticeSpec("conduct.suspended", "You are suspended until {until_ms}. The reason: `icn conduct case`."),
        NoticeSpec("conduct.reinstated", "Your suspension is over."),
        NoticeSpec("conduct.charged", "Charge {charge} is brought against you. Read it with `icn conduct case` and "
                                      "answer by {until_ms} with `icn member answer`."),
        NoticeSpec("conduct.answered", "Charge {charge} was answered."),
        NoticeSpec("conduct.heard", "The hearing of charge {charge} is over; the members may decide on it."),
        NoticeSpec("conduct.withdrawn", "Charge {charge} against you was withdrawn."),
        NoticeSpec("conduct.lapsed", "Charge {charge} against you has lapsed."),
        NoticeSpec("conduct.expelled", "The members decided on charge {charge}: your membership has ended."),
        NoticeSpec("conduct.readmitted", "The members took you back."),
    ),
)  # fmt: skip
