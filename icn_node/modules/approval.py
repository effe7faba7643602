"""Approval by more than one person: what a clause of the bylaws lets nobody do alone waits here for its signatures.

The executor parks such a command (`kernel.execute.PendingCommand`) with who may approve it, how many must, and until
when. Approvers are those of the moment it was parked who are still entitled; each counts once, and the author counts
where the author is one of them. The last approval carries the command out as the author's, judged again by the bylaws
in force: an author who lost the right meanwhile, or the money, is refused, and the command ends as refused. A command
that another clause also wants approved is parked again for that one.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from icn_node.kernel import ledger, policy, private, registry, timers
from icn_node.kernel.context import Actor, Context
from icn_node.kernel.execute import PendingCommand
from icn_node.kernel.fields import INT64_MAX, No, Private
from icn_node.kernel.module import (
    Amount,
    Command,
    Module,
    NoticeSpec,
    ParamSpec,
    Party,
    Query,
    TimerSpec,
    command,
    query,
)
from icn_node.kernel.refusal import Fault, Refusal, Version
from icn_node.kernel.tables import Tables

STATES: dict[str, dict[str, str]] = {
    "open": {
        "carry_out": "done", "fail": "refused", "decline": "declined", "withdraw": "withdrawn", "expire": "expired",
    },
}  # fmt: skip


class UnknownApproval(Refusal):
    """No command of that number waits for approval, or none that concerns whoever asks."""

    code = "unknown_approval"
    text = "There is no command {approval} that waits for approval."
    advice = "See `icn approval list`."


class ApprovalEnded(Refusal):
    """The command was carried out, declined, withdrawn or refused, or has expired."""

    code = "approval_ended"
    text = "Command {approval} is {status}."


class NotAnApprover(Refusal):
    """The actor may not approve this command, or may not any more."""

    code = "not_an_approver"
    text = "You are not, or no longer, among those who approve command {approval}."


class AlreadyApproved(Refusal):
    """The same person approves or declines the same command a second time."""

    code = "already_answered"
    text = "You answered command {approval} before in the same way."


class NotTheAuthor(Refusal):
    """Only who gave a command withdraws it."""

    code = "not_your_command"
    text = "Only {author} can withdraw command {approval}."


class Approve(Command, frozen=True):
    """Approve a command that waits. The last approval it needs carries it out."""

    OP: ClassVar[str] = "approval.approve"
    approval: No


class Decline(Command, frozen=True):
    """Refuse to approve. The command ends once those who are left are too few. You can still change your mind."""

    OP: ClassVar[str] = "approval.refuse"
    approval: No
    reason: Private | None = None


class Withdraw(Command, frozen=True):
    """Withdraw a command of yours that waits for approval."""

    OP: ClassVar[str] = "approval.withdraw"
    approval: No


def _open(tx: Tables, no: int) -> PendingCommand:
    found = tx.get(PendingCommand, no)
    if found is None:
        raise UnknownApproval(approval=no)
    if found.status != "open":
        raise ApprovalEnded(approval=no, status=found.status)
    return found


def _entitled(tx: Tables, pending: PendingCommand, time_ms: int) -> list[int]:
    """Who could approve when it was parked and still can."""
    now = policy.approvers(tx, pending.by, pending.party, time_ms)
    return [party for party in pending.eligible if party in now]


def _answer(tx: Tables, no: int, ctx: Context) -> tuple[PendingCommand, list[int]]:
    """The command, open, and who may approve it, the actor among them."""
    pending = _open(tx, no)
    entitled = _entitled(tx, pending, ctx.time_ms)
    if ctx.actor.party not in entitled:
        raise NotAnApprover(approval=no)
    return pending, entitled


def _end(tx: Tables, pending: PendingCommand, event: str, result: str = "") -> PendingCommand:
    ended = msgspec.structs.replace(pending, status=STATES[pending.status][event], result=result)
    tx.put(ended)
    timers.cancel(tx, "approval.expire", pending.no)
    return ended


def _tell_author(tx: Tables, ctx: Context, ended: PendingCommand) -> None:
    ctx.notify(tx, ended.actor, f"approval.{ended.status}", approval=ended.no, op=ended.op, result=ended.result)


def approve(tx: Tables, cmd: Approve, ctx: Context) -> str:
    pending, entitled = _answer(tx, cmd.approval, ctx)
    actor = ctx.actor.party
    approved = {*pending.approved, actor}
    enough = sum(party in entitled for party in approved) >= pending.need
    if actor in pending.approved and not enough:  # enough: somebody who had approved is entitled again
        raise AlreadyApproved(approval=pending.no)
    pending = msgspec.structs.replace(
        pending, approved=tuple(sorted(approved)), against=tuple(p for p in pending.against if p != actor)
    )
    tx.put(pending)
    if not enough:
        return pending.status
    ended = _carry_out(tx, pending, ctx)
    if ended.actor != actor:
        _tell_author(tx, ctx, ended)
    return ended.status


def _carry_out(tx: Tables, pending: PendingCommand, ctx: Context) -> PendingCommand:
    """Carry the command out as its author's; what refuses it now ends it."""
    author = Context(
        ctx.kernel, actor=Actor(pending.actor, pending.actor_did), time_ms=ctx.time_ms, origin="event",
        event=ctx.event, space=ctx.space, at_ms=ctx.at_ms,
    )  # fmt: skip
    mark = tx.mark()
    try:
        found = ctx.kernel.commands.get((pending.op, pending.ver))
        if found is None:
            raise Version(op=pending.op, ver=pending.ver)
        cmd = msgspec.json.decode(pending.fields, type=found[1].cls)
        result = ctx.kernel.carry_out(tx, cmd, author, approved=(*pending.passed, pending.clause))
    except Fault:
        raise  # a bug of ours: the approval is undone and can be given again
    except Refusal as no:
        tx.rollback(mark)
        return _end(tx, pending, "fail", no.code)
    return _end(tx, pending, "carry_out", "" if result is None else str(result))


def decline(tx: Tables, cmd: Decline, ctx: Context) -> str:
    pending, entitled = _answer(tx, cmd.approval, ctx)
    actor = ctx.actor.party
    if actor in pending.against:
        raise AlreadyApproved(approval=pending.no)
    private.concern(tx, cmd.reason, pending.actor, *pending.eligible)
    pending = msgspec.structs.replace(
        pending,
        approved=tuple(p for p in pending.approved if p != actor),
        against=tuple(sorted((*pending.against, actor))),
    )
    tx.put(pending)
    if sum(party not in pending.against for party in entitled) >= pending.need:
        return pending.status
    ended = _end(tx, pending, "decline")
    _tell_author(tx, ctx, ended)
    return ended.status


def withdraw(tx: Tables, cmd: Withdraw, ctx: Context) -> None:
    pending = _open(tx, cmd.approval)
    if pending.actor != ctx.actor.party:
        raise NotTheAuthor(approval=pending.no, author=pending.actor_did)
    _end(tx, pending, "withdraw")


def expire(tx: Tables, no: int, ctx: Context) -> None:
    """The timer of a command that waits."""
    pending = tx.get(PendingCommand, no)
    if pending is not None and pending.status == "open":
        _tell_author(tx, ctx, _end(tx, pending, "expire"))


# -- reading -----------------------------------------------------------------------------------------------------------

Limit = Annotated[int, Meta(ge=1, le=1000)]
After = Annotated[int, Meta(ge=0)]


class List(Query, frozen=True):
    """Commands that wait for approval and concern you: yours, and those that you may approve."""

    after: After = 0
    limit: Limit = 50


class Mine(Query, frozen=True):
    """Commands that you gave and that needed approval, whatever became of them."""

    after: After = 0
    limit: Limit = 50


class All(Query, frozen=True):
    """Every command that needed approval, by what became of it, for stewards and auditors."""

    status: Annotated[str, Meta(pattern="^(open|done|refused|declined|withdrawn|expired)$")] = "open"
    after: After = 0
    limit: Limit = 50


class Show(Query, frozen=True):
    """One command that needs approval: what it would do, who approved, how many more it takes. For those concerned."""

    approval: No


def list_(tx: Tables, q: List, reader: Context) -> list[dict[str, Any]]:
    waiting = tx.scan(PendingCommand, "status", "open", start=q.after + 1)
    return [_row(tx, p, reader) for p in waiting if _concerns(p, reader)][: q.limit]


def mine(tx: Tables, q: Mine, reader: Context) -> list[dict[str, Any]]:
    found = tx.scan(PendingCommand, "actor", reader.actor.party, start=q.after + 1, limit=q.limit)
    return [_row(tx, p, reader) for p in found]


def all_(tx: Tables, q: All, reader: Context) -> list[dict[str, Any]]:
    return [_row(tx, p, reader) for p in tx.scan(PendingCommand, "status", q.status, start=q.after + 1, limit=q.limit)]


def show(tx: Tables, q: Show, reader: Context) -> dict[str, Any]:
    found = tx.get(PendingCommand, q.approval)
    if found is None or not _concerns(found, reader):
        raise UnknownApproval(approval=q.approval)
    return _row(tx, found, reader)


def _concerns(pending: PendingCommand, reader: Context) -> bool:
    return reader.actor.party == pending.actor or reader.actor.party in pending.eligible


def _row(tx: Tables, pending: PendingCommand, reader: Context) -> dict[str, Any]:
    entitled = _entitled(tx, pending, reader.time_ms) if pending.status == "open" else list(pending.eligible)
    given = [p for p in pending.approved if p in entitled]
    return {
        "no": pending.no, "op": pending.op, "author": Party(pending.actor), "fields": _fields(tx, pending),
        "clause": pending.clause, "status": pending.status, "result": pending.result,
        "need": pending.need, "approved": [Party(p) for p in given], "against": [Party(p) for p in pending.against],
        "approvers": [Party(p) for p in entitled], "since_ms": pending.since_ms, "until_ms": pending.until_ms,
    }  # fmt: skip


def _fields(tx: Tables, pending: PendingCommand) -> dict[str, Any]:
    """The command's fields as people read them: amounts in their unit, parties by who they are."""
    fields: dict[str, Any] = msgspec.json.decode(pending.fields)
    return {name: _readable(tx, name, value, fields.get("unit", "")) for name, value in fields.items()}


def _readable(tx: Tables, name: str, value: Any, code: str) -> Any:
    if isinstance(value, list):
        return [_readable(tx, name, v, code) for v in value]
    if isinstance(value, dict):
        return {inner: _readable(tx, inner, v, code) for inner, v in value.items()}
    if name.endswith("_minor") and isinstance(value, int):
        unit = tx.get(ledger.Unit, code)
        return value if unit is None else Amount(value, unit.decimals, unit.code)
    if isinstance(value, str) and value.startswith("did:"):
        no = registry.party_no(tx, value)
        return value if no is None else Party(no)
    return value


_COLUMNS = ("no", "op", "author", "fields", "need", "approved", "against", "status", "until_ms")
_OPEN: tuple[type[Refusal], ...] = (UnknownApproval, ApprovalEnded)

MODULE = Module(
    name="approval",
    doc=__doc__,
    always_on=True,
    commands=(
        command(Approve, approve, refuses=(*_OPEN, NotAnApprover, AlreadyApproved), example={"approval": 1},
                result="what became of the command: open, done or refused"),
        command(Decline, decline, refuses=(*_OPEN, NotAnApprover, AlreadyApproved), example={"approval": 1},
                private={"reason": "parties"}, result="what became of the command: open or declined"),
        command(Withdraw, withdraw, refuses=(*_OPEN, NotTheAuthor), example={"approval": 1}),
    ),
    queries=(
        query("approval.list", List, list_, columns=_COLUMNS),
        query("approval.mine", Mine, mine, columns=_COLUMNS),
        query("approval.all", All, all_, columns=_COLUMNS, example={"status": "done"}),
        query("approval.show", Show, show, refuses=(UnknownApproval,), example={"approval": 1}),
    ),
    timers=(TimerSpec("approval.expire", expire),),
    params=(
        ParamSpec("approval.signatures", 2, "signatures that amounts above the limits take", 1, 16),
        ParamSpec("approval.above_minor", INT64_MAX,
                  "above it organisations and joint accounts pay with further signatures; a unit's terms may say less "
                  "or more, and a mandate less", unit="minor units"),
        ParamSpec("approval.issue_above_minor", INT64_MAX,
                  "above it issuing and minting takes further stewards", unit="minor units"),
    ),
    notices=(
        NoticeSpec("approval.wanted", "{op} waits for your approval (number {approval})."),
        NoticeSpec("approval.done", "Your {op} was approved and carried out (number {approval}): {result}."),
        NoticeSpec("approval.refused", "Your {op} was approved and then refused (number {approval}): {result}."),
        NoticeSpec("approval.declined", "Your {op} was not approved (number {approval})."),
        NoticeSpec("approval.expired", "Your {op} was not approved in time (number {approval})."),
    ),
)  # fmt: skip
