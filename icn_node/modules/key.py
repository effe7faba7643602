"""Device keys: adding, revoking, rotating; and recovery, when a member has lost every key.

A key is added with its own signature over (space, member), so nobody claims another's; a revoked key never comes back.
Recovery takes the word of several stewards, or a decision, and then waits: in that time any key that the member still
has can stop it, so stewards cannot quietly take a membership over (decision 0047). A recovered member has exactly
the new key. Who may do any of this is the bylaws' to say; how keys are kept at home is not known here.
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from dag.keys import did_of
from icn_node.kernel import keyring, membership, registry, timers
from icn_node.kernel.context import Context
from icn_node.kernel.fields import DeviceKey, No, Private, Signature, Who
from icn_node.kernel.keyring import Custody
from icn_node.kernel.ledger import DAY_MS
from icn_node.kernel.lifecycle import Lifecycle, WrongState, step
from icn_node.kernel.membership import NotAPerson
from icn_node.kernel.module import Command, Module, NoticeSpec, ParamSpec, Party, Query, TimerSpec, command, query
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.tables import Record, Tables

RECOVERY_STATES: Lifecycle = {
    "open": {"approve": "waiting", "stop": "stopped", "expire": "expired"},
    "waiting": {"complete": "done", "stop": "stopped"},
    "done": {},
    "stopped": {},
    "expired": {},
}


class Recovery(Record, frozen=True):
    """A new key for a member who lost theirs. approved: the stewards who vouch for it. due_ms: when it lapses while
    open, when it takes effect while waiting."""

    TABLE: ClassVar[str] = "recovery"
    KEY: ClassVar[tuple[str, ...]] = ("no",)
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {"member": ("member", "no"), "status": ("status", "no")}
    no: int
    member: int
    key: bytes
    did: str
    custody: str
    status: str
    approved: tuple[int, ...]
    since_ms: int
    due_ms: int


class RecoveryOpen(Refusal):
    """A recovery of that member is under way."""

    code = "recovery_open"
    text = "Recovery {recovery} of {member} is under way."
    advice = "Approve that one with `icn member approve-recovery`, or stop it first."


class OwnRecovery(Refusal):
    """Somebody who has a key asks for, or approves, their own recovery."""

    code = "own_recovery"
    text = "You have a key: rotate it instead of recovering."
    advice = "See `icn member key rotate`."


class AlreadyApproved(Refusal):
    """The steward approved that recovery before."""

    code = "already_approved"
    text = "You approved recovery {recovery} already."


class UnknownRecovery(Refusal):
    """No recovery of that number."""

    code = "unknown_recovery"
    text = "There is no recovery {recovery}."
    advice = "See `icn member recoveries`."


class AddKey(Command, frozen=True):
    """Add a device key to one's own membership. proof: the new key's signature over (space, member)."""

    OP: ClassVar[str] = "member.add_key"
    key: DeviceKey
    proof: Signature
    custody: Custody = "self"
    label: Private | None = None


class RevokeKey(Command, frozen=True):
    """Revoke a device key, one's own or, for a steward, one that a member lost. Never the last."""

    OP: ClassVar[str] = "member.revoke_key"
    key: DeviceKey
    member: Who | None = None


class RotateKey(Command, frozen=True):
    """Put a new device key in the place of an old one, by default the one that signs this."""

    OP: ClassVar[str] = "member.rotate_key"
    key: DeviceKey
    proof: Signature
    old: DeviceKey | None = None
    custody: Custody = "self"
    label: Private | None = None


class Recover(Command, frozen=True):
    """Vouch that a member who lost every key now has this one. It takes effect once enough stewards approved it and
    the waiting time has passed; a decision needs no stewards and does not wait."""

    OP: ClassVar[str] = "member.recover"
    member: Who
    key: DeviceKey
    proof: Signature
    custody: Custody = "self"


class ApproveRecovery(Command, frozen=True):
    """Vouch for a recovery that another steward has begun."""

    OP: ClassVar[str] = "member.approve_recovery"
    recovery: No


class StopRecovery(Command, frozen=True):
    """Stop a recovery under way: one's own, because a key is still there, or, for a steward, a mistaken one."""

    OP: ClassVar[str] = "member.stop_recovery"
    member: Who | None = None


def add_key(tx: Tables, cmd: AddKey, ctx: Context) -> None:
    party = membership.acting(tx, ctx)
    _add(tx, ctx, party, cmd.key, cmd.proof, cmd.custody, cmd.label)


def _add(
    tx: Tables, ctx: Context, party: registry.Party, key: str, proof: bytes, custody: str, label: Private | None
) -> None:
    public = keyring.usable(tx, key)
    keyring.check_bound(ctx, key, party.did, proof)
    keyring.register(tx, ctx, party, public, custody, label)
    ctx.notify(tx, party.no, "key.added", key=key, custody=custody)


def revoke_key(tx: Tables, cmd: RevokeKey, ctx: Context) -> None:
    party = membership.person(tx, cmd.member) if cmd.member else membership.acting(tx, ctx)
    device = keyring.device_of(tx, party, cmd.key)
    if len(keyring.live(tx, party.no)) == 1:
        raise keyring.LastKey(key=cmd.key, member=party.did)
    keyring.revoke(tx, ctx, device)
    ctx.notify(tx, party.no, "key.revoked", key=cmd.key)


def rotate_key(tx: Tables, cmd: RotateKey, ctx: Context) -> None:
    party = membership.acting(tx, ctx)
    old = cmd.old or did_of(ctx.actor.key)
    # The old one goes first, so that who has the most keys allowed can rotate; if the new one is refused, so is all.
    keyring.revoke(tx, ctx, keyring.device_of(tx, party, old))
    _add(tx, ctx, party, cmd.key, cmd.proof, cmd.custody, cmd.label)
    ctx.notify(tx, party.no, "key.revoked", key=old)


def recover(tx: Tables, cmd: Recover, ctx: Context) -> int:
    party = membership.person(tx, cmd.member)
    if party.no == ctx.actor.party:
        raise OwnRecovery
    running = _running(tx, party.no)
    if running is not None:
        if ctx.origin != "decision":
            raise RecoveryOpen(recovery=running.no, member=party.did)
        _end(tx, running, "stop")
    public = keyring.usable(tx, cmd.key)
    keyring.check_bound(ctx, cmd.key, party.did, cmd.proof)
    no = tx.next_no("recovery")
    due = ctx.time_ms + ctx.number(tx, "key.recovery_days") * DAY_MS
    recovery = Recovery(no, party.no, public, cmd.key, cmd.custody, "open", (), ctx.time_ms, due)
    tx.put(recovery)
    timers.schedule(tx, due, "key.recovery", no)
    if ctx.origin == "decision":
        _complete(tx, ctx, _await(tx, recovery, ctx.time_ms))
    else:
        ctx.notify(tx, party.no, "key.recovery_begun", recovery=no, key=cmd.key)
        _approve(tx, ctx, recovery)
    return no


def approve_recovery(tx: Tables, cmd: ApproveRecovery, ctx: Context) -> str:
    recovery = tx.get(Recovery, cmd.recovery)
    if recovery is None:
        raise UnknownRecovery(recovery=cmd.recovery)
    if recovery.member == ctx.actor.party:
        raise OwnRecovery
    if ctx.actor.party in recovery.approved:
        raise AlreadyApproved(recovery=recovery.no)
    if recovery.status != "open":
        raise WrongState(what=f"recovery {recovery.no}", state=recovery.status, event="approve")
    return _approve(tx, ctx, recovery)


def _approve(tx: Tables, ctx: Context, recovery: Recovery) -> str:
    """Count a steward's word; with the last one wanted, the waiting time begins."""
    approved = (*recovery.approved, ctx.actor.party)
    recovery = msgspec.structs.replace(recovery, approved=approved)
    tx.put(recovery)
    need = ctx.number(tx, "key.recovery_need")
    if len(approved) < need:
        return f"{len(approved)} of {need}"
    due = ctx.time_ms + ctx.number(tx, "key.recovery_wait_days") * DAY_MS
    recovery = _await(tx, recovery, due)
    if due == ctx.time_ms:
        _complete(tx, ctx, recovery)
        return "done"
    timers.schedule(tx, due, "key.recovery", recovery.no)
    ctx.notify(tx, recovery.member, "key.recovery_waits", recovery=recovery.no, due_ms=due)
    return "waiting"


def _await(tx: Tables, recovery: Recovery, due_ms: int) -> Recovery:
    status = step(RECOVERY_STATES, recovery.status, "approve", f"recovery {recovery.no}")
    timers.cancel(tx, "key.recovery", recovery.no)
    after = msgspec.structs.replace(recovery, status=status, due_ms=due_ms)
    tx.put(after)
    return after


def _complete(tx: Tables, ctx: Context, recovery: Recovery) -> None:
    """Revoke every key the member had and register the new one."""
    party = tx.get(registry.Party, recovery.member)
    assert party is not None
    public = keyring.usable(tx, recovery.did)  # in the waiting time somebody else may have registered it
    for device in keyring.live(tx, party.no):
        keyring.revoke(tx, ctx, device)
    keyring.register(tx, ctx, party, public, recovery.custody)
    _end(tx, recovery, "complete")
    ctx.notify(tx, party.no, "key.recovered", key=recovery.did)


def _end(tx: Tables, recovery: Recovery, event: str) -> None:
    status = step(RECOVERY_STATES, recovery.status, event, f"recovery {recovery.no}")
    timers.cancel(tx, "key.recovery", recovery.no)
    tx.put(msgspec.structs.replace(recovery, status=status))


def on_recovery(tx: Tables, no: int, ctx: Context) -> None:
    """An open recovery lapses; one that waited takes effect, or stops if its key was taken meanwhile."""
    recovery = tx.get(Recovery, no)
    assert recovery is not None
    if recovery.status == "open":
        _end(tx, recovery, "expire")
    elif recovery.status == "waiting":
        try:
            _complete(tx, ctx, recovery)
        except keyring.KeyInUse:
            _end(tx, recovery, "stop")


def stop_recovery(tx: Tables, cmd: StopRecovery, ctx: Context) -> None:
    party = membership.person(tx, cmd.member) if cmd.member else membership.acting(tx, ctx)
    recovery = _running(tx, party.no)
    if recovery is None:
        raise UnknownRecovery(recovery=0)
    _end(tx, recovery, "stop")
    for steward in recovery.approved:
        ctx.notify(tx, steward, "key.recovery_stopped", recovery=recovery.no, member=party.did)


def _running(tx: Tables, member: int) -> Recovery | None:
    last = tx.scan(Recovery, "member", member, reverse=True, limit=1)
    return last[0] if last and last[0].status in ("open", "waiting") else None


class KeysQuery(Query, frozen=True):
    """A member's device keys, those in use and those revoked."""

    member: Who | None = None


class RecoveriesQuery(Query, frozen=True):
    """The recoveries under way."""


def keys(tx: Tables, q: KeysQuery, reader: Context) -> list[dict[str, Any]]:
    party = registry.party_of(tx, q.member or reader.actor.did)
    found = sorted(tx.scan(registry.Device, "party", party.no), key=lambda d: (d.since_ms, d.key))
    return [
        {
            "key": did_of(d.key), "label": d.label, "custody": d.custody, "since_ms": d.since_ms,
            "revoked_ms": d.revoked_ms,
            "revoked_by": None if d.revoked_by is None else Party(d.revoked_by),
        }
        for d in found
    ]  # fmt: skip


def recoveries(tx: Tables, q: RecoveriesQuery, reader: Context) -> list[dict[str, Any]]:
    need = reader.number(tx, "key.recovery_need")
    return [
        {
            "recovery": r.no, "member": Party(r.member), "key": r.did, "status": r.status,
            "approved": [Party(n) for n in r.approved], "need": need, "since_ms": r.since_ms, "due_ms": r.due_ms,
        }
        for status in ("open", "waiting")
        for r in tx.scan(Recovery, "status", status)
    ]  # fmt: skip


_NOBODY: tuple[type[Refusal], ...] = (registry.UnknownMember, NotAPerson)
_DID = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
_NEW = {"key": _DID, "proof": "00" * 64}

MODULE = Module(
    name="key",
    doc=__doc__,
    always_on=True,
    records=(Recovery,),
    commands=(
        command(AddKey, add_key, refuses=(registry.UnknownMember, *keyring.BINDS), private={"label": "parties"},
                example={**_NEW, "label": "phone"}, cli="member key add"),
        command(RevokeKey, revoke_key, example={"key": _DID}, cli="member key revoke",
                refuses=(*_NOBODY, keyring.BadDeviceKey, keyring.UnknownDeviceKey, keyring.LastKey)),
        command(RotateKey, rotate_key, private={"label": "parties"}, example=_NEW, cli="member key rotate",
                refuses=(registry.UnknownMember, keyring.UnknownDeviceKey, *keyring.BINDS)),
        command(Recover, recover, refuses=(*_NOBODY, OwnRecovery, RecoveryOpen, *keyring.USABLE, keyring.KeyNotBound),
                result="the recovery's number", example={"member": "bob", **_NEW}),
        command(ApproveRecovery, approve_recovery, result="'1 of 2', 'waiting' or 'done'", example={"recovery": 1},
                refuses=(UnknownRecovery, OwnRecovery, AlreadyApproved, WrongState, keyring.KeyInUse)),
        command(StopRecovery, stop_recovery, refuses=(*_NOBODY, UnknownRecovery), example={"member": "bob"}),
    ),
    queries=(
        query("member.keys", KeysQuery, keys, refuses=(registry.UnknownMember,), example={"member": "ann"},
              columns=("key", "label", "custody", "since_ms", "revoked_ms"), cli="member key list"),
        query("member.recoveries", RecoveriesQuery, recoveries, example={},
              columns=("recovery", "member", "key", "status", "approved", "need", "due_ms")),
    ),
    timers=(TimerSpec("key.recovery", on_recovery),),
    params=(
        ParamSpec("key.most", 16, "Device keys of one member.", 2, 256),
        ParamSpec("key.recovery_need", 2, "How many stewards recover a member who lost every key.", 1, 20),
        ParamSpec("key.recovery_wait_days", 2, "How long a recovery waits, so that a key still there can stop it.", 0,
                  60, "days"),
        ParamSpec("key.recovery_days", 14, "After how long a recovery lapses that too few approved.", 1, 90, "days"),
    ),
    notices=(
        NoticeSpec("key.added", "The key {key} was added to your membership (custody: {custody})."),
        NoticeSpec("key.revoked", "Your key {key} was revoked."),
        NoticeSpec("key.recovery_begun", "Recovery {recovery} would replace all your keys by {key}. "
                                         "If you have your keys, stop it: `icn member stop-recovery`."),
        NoticeSpec("key.recovery_waits", "Recovery {recovery} is approved and takes effect at {due_ms}. "
                                         "If you have your keys, stop it: `icn member stop-recovery`."),
        NoticeSpec("key.recovery_stopped", "Recovery {recovery} of {member} was stopped."),
        NoticeSpec("key.recovered", "Your membership was recovered: your key is now {key}, all others are revoked."),
    ),
)  # fmt: skip
