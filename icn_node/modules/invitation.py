"""Invitations: one member's word that somebody may join, kept by the public key of a one-time secret.

The inviter makes a key pair, puts the public key into the space and hands the secret to one person, who joins with it:
the secret signs (space, the joining DID), so that what is seen on the wire can be used by nobody else. An invitation is
used once, ends by itself, and may carry roles and the account of imported books that the person takes over.
Who may invite, and with what, is the bylaws' to say. See decision 0046.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from dag.keys import verify
from icn_node.kernel import keyring, membership, registry, roles, timers
from icn_node.kernel.context import Context
from icn_node.kernel.fields import DeviceKey, Handle, Name, No, Private, Signature, TimeMs, Who
from icn_node.kernel.keyring import Custody
from icn_node.kernel.ledger import DAY_MS
from icn_node.kernel.lifecycle import Lifecycle, WrongState, step
from icn_node.kernel.module import Command, Module, NoticeSpec, ParamSpec, Query, TimerSpec, command, query
from icn_node.kernel.module import Party as PartyNo
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.registry import Invitation, Party
from icn_node.kernel.tables import Tables

INVITATION_STATES: Lifecycle = {
    "open": {"use": "used", "withdraw": "withdrawn", "expire": "expired"},
    "used": {},
    "withdrawn": {},
    "expired": {},
}
ROLES_MOST = 8
PAGE_MOST = 1000


class UnknownInvitation(Refusal):
    """No invitation has that key."""

    code = "unknown_invitation"
    text = "There is no such invitation in this space."
    advice = "Check that the invitation is whole, and for this space."


class InvitationOver(Refusal):
    """The invitation was used, withdrawn, or has expired."""

    code = "invitation_over"
    text = "This invitation is {status}."
    advice = "Ask for another, or apply with `icn member apply`."


class InvitationNotProven(Refusal):
    """The invitation's key did not sign that this DID may join this space."""

    code = "invitation_not_proven"
    text = "The invitation's own key has not signed for {member}."
    advice = "Join with the secret of the invitation, not with a copy of somebody's joining."


class BadInvitationTime(Refusal):
    """The invitation would end in the past, or later than the bylaws allow."""

    code = "bad_invitation_time"
    text = "An invitation ends after now and within {days} days."


class TooManyInvitations(Refusal):
    """The inviter has as many open invitations as the bylaws allow."""

    code = "too_many_invitations"
    text = "You have {most} open invitations, which is the most."
    advice = "Withdraw some with `icn member uninvite`."


class Invite(Command, frozen=True):
    """Invite somebody: the public key of a one-time secret that only they get, until when it can be used, and what
    goes with it. With `label`, whoever joins takes that account of imported books over."""

    OP: ClassVar[str] = "member.invite"
    key: DeviceKey
    until_ms: TimeMs
    handle: Handle | None = None
    roles: Annotated[tuple[Name, ...], Meta(max_length=ROLES_MOST)] = ()
    label: No | None = None
    note: Private | None = None


class Uninvite(Command, frozen=True):
    """Withdraw an open invitation, by its number: one's own, or another member's."""

    OP: ClassVar[str] = "member.uninvite"
    invitation: No
    member: Who | None = None


class Join(Command, frozen=True):
    """Become a member by invitation, signed with the first device key. proof: the signature of the invitation's key
    over (space, the joining DID)."""

    OP: ClassVar[str] = "member.join"
    invitation: DeviceKey
    proof: Signature
    handle: Handle | None = None
    custody: Custody = "self"
    name: Private | None = None
    contact: Private | None = None


def invite(tx: Tables, cmd: Invite, ctx: Context) -> int:
    public = keyring.usable(tx, cmd.key)
    days = ctx.number(tx, "member.invitation_days")
    if not ctx.time_ms < cmd.until_ms <= ctx.time_ms + days * DAY_MS:
        raise BadInvitationTime(days=days)
    most = ctx.number(tx, "member.invitations_most")
    if tx.count(Invitation, "inviter", ctx.actor.party, "open") >= most:
        raise TooManyInvitations(most=most)
    if cmd.handle is not None:
        registry.check_handle(tx, cmd.handle, None)
    for role in cmd.roles:
        roles.role_of(tx, ctx, role)
    if cmd.label is not None:
        membership.unclaimed(tx, cmd.label)
    no = tx.next_no("invitation")
    tx.put(
        Invitation(public, no, ctx.actor.party, "open", ctx.time_ms, cmd.until_ms, cmd.handle or "",
                   tuple(sorted(set(cmd.roles))), cmd.label, None, cmd.note)
    )  # fmt: skip
    timers.schedule(tx, cmd.until_ms, "member.invitation", no)
    return no


def uninvite(tx: Tables, cmd: Uninvite, ctx: Context) -> None:
    inviter = registry.party_of(tx, cmd.member).no if cmd.member else ctx.actor.party
    invitation = _invitation(tx, cmd.invitation)
    if invitation is None or invitation.inviter != inviter:
        raise UnknownInvitation
    _end_invitation(tx, invitation, "withdraw", None)


def _invitation(tx: Tables, no: int) -> Invitation | None:
    found = tx.scan(Invitation, "no", no, limit=1)
    return found[0] if found else None


def _end_invitation(tx: Tables, invitation: Invitation, event: str, used_by: int | None) -> None:
    status = step(INVITATION_STATES, invitation.status, event, f"invitation {invitation.no}")
    timers.cancel(tx, "member.invitation", invitation.no)
    tx.put(msgspec.structs.replace(invitation, status=status, used_by=used_by))


def on_invitation(tx: Tables, no: int, ctx: Context) -> None:
    invitation = _invitation(tx, no)
    if invitation is not None and invitation.status == "open":
        _end_invitation(tx, invitation, "expire", None)


def check_open(tx: Tables, public: bytes, time_ms: int) -> Invitation:
    """The invitation of that key, if it can still be used. Raises UnknownInvitation, InvitationOver."""
    found = tx.get(Invitation, public)
    if found is None:
        raise UnknownInvitation
    if found.status != "open" or time_ms >= found.until_ms:
        raise InvitationOver(status="expired" if found.status == "open" else found.status)
    return found


def _open_invitation(tx: Tables, key: str, proof: bytes, did: str, space: bytes, time_ms: int) -> Invitation:
    """The invitation, if it is open and its key signed for the DID."""
    public = keyring.checked(key)
    found = check_open(tx, public, time_ms)
    if not verify(public, keyring.invitation_bytes(space, did), proof):
        raise InvitationNotProven(member=did)
    return found


def join(tx: Tables, cmd: Join, ctx: Context) -> int:
    invitation = _open_invitation(tx, cmd.invitation, cmd.proof, ctx.actor.did, ctx.space, ctx.time_ms)
    handle = cmd.handle or invitation.handle
    party = membership.enter_person(tx, ctx, "join", handle, cmd.custody, cmd.name, cmd.contact)
    _end_invitation(tx, invitation, "use", party.no)
    for role in invitation.roles:
        try:
            roles.grant(tx, ctx, role, party)
        except Refusal as no:  # the seat was taken meanwhile: no reason to turn the member away
            ctx.notify(tx, party.no, "member.role_not_granted", role=role, reason=no.code)
    if invitation.label is not None:
        label = tx.get(Party, invitation.label)
        if label is not None and label.status == "unclaimed":
            membership.take_over(tx, ctx, label, party)
    if invitation.inviter != registry.SPACE:
        ctx.notify(tx, invitation.inviter, "member.joined", member=party.did)
    ctx.notify(tx, party.no, "member.welcome")
    return party.no


def welcomes(
    tx: Tables, space: bytes, did: str, ops: Sequence[Mapping[str, Any]], time_ms: int, *, applications: bool
) -> bool:
    """Whether an event by a key unknown to the space may be admitted: one `member.join` whose invitation is open and
    signed for it, or, while the space takes them, one `member.apply`. For the node's intake, before execution."""
    if len(ops) != 1:
        return False
    fields = {k: v for k, v in ops[0].items() if k not in ("op", "ver")}
    if ops[0].get("op") == "member.apply":
        return applications
    if ops[0].get("op") != Join.OP:
        return False
    try:
        cmd = msgspec.convert(fields, Join)
        _open_invitation(tx, cmd.invitation, cmd.proof, did, space, time_ms)
    except (msgspec.ValidationError, Refusal):
        return False
    return True


class InvitationsQuery(Query, frozen=True):
    """The invitations that a member gave, the latest first; status `any`: all."""

    member: Who | None = None
    status: Annotated[str, Meta(pattern="^(open|used|withdrawn|expired|any)$")] = "open"
    limit: Annotated[int, Meta(ge=1, le=PAGE_MOST)] = 50


def invitations(tx: Tables, q: InvitationsQuery, reader: Context) -> list[dict[str, Any]]:
    # Decisions invite too, as the space itself; its own invitations are what the operator sees without a name.
    inviter = registry.party_of(tx, q.member).no if q.member else max(reader.actor.party, registry.SPACE)
    if q.status == "any":
        found = sorted(tx.scan(Invitation, "inviter", inviter), key=lambda i: -i.no)[: q.limit]
    else:
        found = tx.scan(Invitation, "inviter", inviter, q.status, reverse=True, limit=q.limit)
    return [
        {
            "no": i.no, "status": i.status, "handle": i.handle, "roles": list(i.roles), "since_ms": i.since_ms,
            "until_ms": i.until_ms, "used_by": None if i.used_by is None else PartyNo(i.used_by), "note": i.note,
        }
        for i in found
    ]  # fmt: skip


_DID = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"

MODULE = Module(
    name="invitation",
    doc=__doc__,
    always_on=True,
    records=membership.RECORDS,
    commands=(
        command(Invite, invite, private={"note": "parties"}, result="the invitation's number",
                refuses=(*keyring.USABLE, BadInvitationTime, TooManyInvitations,
                         registry.HandleTaken, roles.UnknownRole, membership.NotUnclaimed),
                example={"key": _DID, "until": "2026-02-01", "handle": "carol"}),
        command(Uninvite, uninvite, refuses=(registry.UnknownMember, UnknownInvitation, WrongState),
                example={"invitation": 1}),
        command(Join, join, private={"name": "members", "contact": "parties role:steward"},
                result="the new member's number",
                refuses=(UnknownInvitation, InvitationOver, InvitationNotProven, membership.HandleNeeded,
                         *membership.ENTERS, *membership.TAKES_OVER),
                example={"invitation": _DID, "proof": "00" * 64, "handle": "carol", "name": "Carol Jansen"}),
    ),
    queries=(
        query("member.invitations", InvitationsQuery, invitations, refuses=(registry.UnknownMember,),
              columns=("no", "status", "handle", "roles", "until_ms", "used_by"), example={"status": "any"}),
    ),
    timers=(TimerSpec("member.invitation", on_invitation),),
    params=(
        ParamSpec("member.members_invite", True, "Every member may invite; otherwise stewards, or a decision."),
        ParamSpec("member.invitation_days", 30, "How long an invitation may stay open.", 1, 365, "days"),
        ParamSpec("member.invitations_most", 500, "Open invitations of one inviter.", 1, 100_000),
    ),
    notices=(
        NoticeSpec("member.welcome", "Welcome: you are a member now."),
        NoticeSpec("member.joined", "{member} joined with your invitation."),
        NoticeSpec("member.role_not_granted", "Your invitation's role {role} could not be granted: {reason}."),
    ),
)  # fmt: skip
