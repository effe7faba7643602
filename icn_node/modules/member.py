"""Members: who they are, their handles and profiles, and leaving.

How somebody becomes a member is in the modules `invitation` and `application`; which keys act for a member in `key`;
suspension and expulsion in `conduct`. Invariants: a handle that a member was known by is nobody else's, ever; nobody
leaves with open obligations (decision 0048). It knows no module's business but the ledger's balances.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from icn_node.kernel import keyring, membership, registry
from icn_node.kernel.context import Context
from icn_node.kernel.fields import Handle, Name, No, Private, Who
from icn_node.kernel.ledger import DAY_MS, OverFloor, SameAccount
from icn_node.kernel.lifecycle import WrongState
from icn_node.kernel.membership import NotAPerson, NothingChanged, TooEarly
from icn_node.kernel.module import Command, Module, NoticeSpec, ParamSpec, Query, command, query
from icn_node.kernel.module import Party as PartyNo
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.registry import Party
from icn_node.kernel.tables import Tables

PAGE_MOST = 1000


class Rename(Command, frozen=True):
    """Take another handle. The old one stays one's own for ever."""

    OP: ClassVar[str] = "member.rename"
    handle: Handle


class Describe(Command, frozen=True):
    """Change the full name or contact of oneself, or of a party one signs for. What is not given stays."""

    OP: ClassVar[str] = "member.describe"
    party: Who | None = None
    name: Private | None = None
    contact: Private | None = None


class Leave(Command, frozen=True):
    """Leave the space. What is left in one's accounts goes to an heir, or with `to_space` to the space."""

    OP: ClassVar[str] = "member.leave"
    heir: Who | None = None
    to_space: bool = False


class Settle(Command, frozen=True):
    """Empty the accounts of somebody who left or was expelled: to an heir, or to the space, which pays what is owed."""

    OP: ClassVar[str] = "member.settle"
    member: Who
    heir: Who | None = None


def rename(tx: Tables, cmd: Rename, ctx: Context) -> None:
    party = membership.acting(tx, ctx)
    if party.handle == cmd.handle:
        raise NothingChanged
    registry.check_handle(tx, cmd.handle, party.no)
    last = tx.scan(registry.FormerHandle, "party", party.no, reverse=True, limit=1)
    from_ms = last[0].until_ms + ctx.number(tx, "member.rename_days") * DAY_MS if last else 0
    if ctx.time_ms < from_ms:
        raise TooEarly(from_ms=from_ms)
    membership.give_up_handle(tx, ctx, party, cmd.handle)
    tx.put(msgspec.structs.replace(party, handle=cmd.handle))


def describe(tx: Tables, cmd: Describe, ctx: Context) -> None:
    party = registry.party_of(tx, cmd.party) if cmd.party else membership.acting(tx, ctx)
    if cmd.name is None and cmd.contact is None:
        raise NothingChanged
    tx.put(msgspec.structs.replace(party, name=cmd.name or party.name, contact=cmd.contact or party.contact))


def leave(tx: Tables, cmd: Leave, ctx: Context) -> None:
    party = membership.acting(tx, ctx)
    heir = None if cmd.heir is None else registry.active_party(tx, cmd.heir).no
    cover = ctx.param(tx, "member.space_covers_debts") is True
    membership.empty_accounts(tx, ctx, party, heir=heir, to_space=cmd.to_space, cover=cover, kind="closing")
    membership.move(tx, ctx, party, "leave")
    membership.end_offices(tx, ctx, party)
    if heir is not None:
        ctx.notify(tx, heir, "member.inherited", member=party.did)


def settle(tx: Tables, cmd: Settle, ctx: Context) -> None:
    party = membership.person(tx, cmd.member)
    if party.status not in ("left", "expelled"):
        raise WrongState(what=party.did, state=party.status, event="settle")
    heir = None if cmd.heir is None else registry.active_party(tx, cmd.heir).no
    membership.empty_accounts(tx, ctx, party, heir=heir, to_space=True, cover=True, kind="closing")


class ListQuery(Query, frozen=True):
    """Parties of a kind and status, by number. status `any`: all. role, group: only those who hold or belong to it."""

    kind: Annotated[str, Meta(pattern="^(person|organisation|joint|label)$")] = "person"
    status: Annotated[str, Meta(pattern="^[a-z]{1,16}$")] = "active"
    role: Name | None = None
    group: Name | None = None
    after: Annotated[int, Meta(ge=0)] = 0
    limit: Annotated[int, Meta(ge=1, le=PAGE_MOST)] = 50


class ShowQuery(Query, frozen=True):
    """One party: oneself, a member, or by its number."""

    member: Who | None = None
    no: No | None = None


def list_parties(tx: Tables, q: ListQuery, reader: Context) -> list[dict[str, Any]]:
    now = reader.time_ms
    if q.role is not None or q.group is not None:
        wanted = set(registry.group_members(tx, q.group, now)) if q.group else None
        held = set(registry.holders(tx, q.role, now)) if q.role else None
        numbers = sorted(n for n in (wanted if held is None else held if wanted is None else held & wanted) or ())
        rows = [tx.get(Party, n) for n in numbers if n > q.after][: q.limit]
        return [_row(p) for p in rows if p is not None]
    if q.status == "any":
        found = tx.scan(Party, "kind", q.kind, start=q.after + 1, limit=q.limit)
    else:
        found = tx.scan(Party, "status", q.kind, q.status, start=q.after + 1, limit=q.limit)
    return [_row(p) for p in found]


def _row(party: Party) -> dict[str, Any]:
    return {
        "no": party.no, "handle": party.handle, "kind": party.kind, "status": party.status,
        "since_ms": party.since_ms, "name": party.name, "did": party.did,
    }  # fmt: skip


def show(tx: Tables, q: ShowQuery, reader: Context) -> dict[str, Any]:
    party = tx.get(Party, q.no) if q.no is not None else registry.party_of(tx, q.member or reader.actor.did)
    if party is None:
        raise registry.UnknownMember(member=f"party {q.no}")
    now = reader.time_ms
    keys = keyring.live(tx, party.no)
    rule = tx.get(registry.Signing, party.no)
    return {
        **_row(party),
        "contact": party.contact,
        "changed_ms": party.changed_ms,
        "claimed_by": None if party.claimed_by is None else PartyNo(party.claimed_by),
        "keys": len(keys),
        "keys_with_node": sum(k.custody == "node" for k in keys),
        "roles": [{"role": h.role, "until_ms": h.until_ms} for h in registry.roles_of(tx, party.no, now)],
        "groups": sorted(m.group_name for m in tx.scan(registry.GroupMember, "party", party.no)),
        "signs_for": [PartyNo(m.party) for m in registry.mandates_of(tx, party.no, now)],
        "signers": [PartyNo(n) for n in registry.signers(tx, party.no, now)],
        "signers_needed": None if rule is None else rule.need,
    }


_LEAVES: tuple[type[Refusal], ...] = (
    registry.UnknownMember, registry.NotActive, WrongState, OverFloor, *membership.CLOSES,
)  # fmt: skip

MODULE = Module(
    name="member",
    doc=__doc__,
    always_on=True,
    records=membership.RECORDS,
    commands=(
        command(Rename, rename, refuses=(registry.UnknownMember, registry.HandleTaken, TooEarly, NothingChanged),
                example={"handle": "carla"}),
        command(Describe, describe, refuses=(registry.UnknownMember, NothingChanged),
                private={"name": "members", "contact": "parties role:steward"},
                example={"name": "Carol Jansen-Smit"}),
        command(Leave, leave, refuses=(*_LEAVES, SameAccount), example={"heir": "ann"}),
        command(Settle, settle, refuses=(NotAPerson, *_LEAVES), example={"member": "erin"}),
    ),
    queries=(
        query("member.list", ListQuery, list_parties, columns=("no", "handle", "name", "status", "since_ms", "did"),
              example={"status": "active", "limit": 10}),
        query("member.show", ShowQuery, show, refuses=(registry.UnknownMember,), example={"member": "ann"}),
    ),
    params=(
        ParamSpec("member.rename_days", 30, "How long between two changes of a handle.", 0, 3650, "days"),
        ParamSpec("member.space_covers_debts", False,
                  "Whoever leaves owing is covered from the space's own account, as far as it can."),
    ),
    notices=(
        NoticeSpec("member.inherited", "{member} left and passed what remained in the accounts to you."),
    ),
)  # fmt: skip
