"""Groups: working circles, councils and other parts of the membership, with coordinators of their own.

Members start circles and join open ones; a circle that is not open is joined through its coordinators. A group's
members can be the electorate of a decision, and the bylaws can name a group as they name a role.

Invariant: an open group has members only among active parties that came in by their own act or a coordinator's.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from icn_node.kernel import membership, registry
from icn_node.kernel.context import Context
from icn_node.kernel.fields import Name, Private, Title, Who
from icn_node.kernel.lifecycle import Lifecycle, WrongState, step
from icn_node.kernel.module import Command, Module, NoticeSpec, ParamSpec, Query, command, query
from icn_node.kernel.module import Party as PartyNo
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.registry import Group, GroupMember, Party
from icn_node.kernel.tables import Tables

GROUP_STATES: Lifecycle = {"open": {"close": "closed"}, "closed": {"reopen": "open"}}


class GroupExists(Refusal):
    """A group of that name exists, or did."""

    code = "group_exists"
    text = "There is a group {group} already, or was."
    advice = "Choose another name, or have the closed one opened again."


class TooManyGroups(Refusal):
    """The space has as many groups as the bylaws allow."""

    code = "too_many_groups"
    text = "This space has {most} groups, which is the most."


class GroupClosed(Refusal):
    """The group is closed."""

    code = "group_closed"
    text = "The group {group} is closed."


class ByInvitation(Refusal):
    """The group is not joined by one's own act."""

    code = "not_an_open_group"
    text = "The group {group} is joined through its coordinators."
    advice = "Ask one of them: `icn group show`."


class InGroup(Refusal):
    """The party belongs to the group already."""

    code = "in_group"
    text = "{member} is in the group {group} already."


class NotInGroup(Refusal):
    """The party does not belong to the group."""

    code = "not_in_group"
    text = "{member} is not in the group {group}."


class Create(Command, frozen=True):
    """Start a group and be its first coordinator. join: members may join by themselves. parent: what it is part of."""

    OP: ClassVar[str] = "group.create"
    group: Name
    title: Title
    join: bool = True
    parent: Name | None = None
    purpose: Private | None = None


class Close(Command, frozen=True):
    """Close a group. Its members stay on record."""

    OP: ClassVar[str] = "group.close"
    group: Name


class Reopen(Command, frozen=True):
    """Open a closed group again."""

    OP: ClassVar[str] = "group.reopen"
    group: Name


class Join(Command, frozen=True):
    """Join an open group."""

    OP: ClassVar[str] = "group.join"
    group: Name


class Leave(Command, frozen=True):
    """Leave a group."""

    OP: ClassVar[str] = "group.leave"
    group: Name


class Add(Command, frozen=True):
    """Add a member to a group."""

    OP: ClassVar[str] = "group.add"
    group: Name
    member: Who


class Remove(Command, frozen=True):
    """Remove a member from a group."""

    OP: ClassVar[str] = "group.remove"
    group: Name
    member: Who


class Appoint(Command, frozen=True):
    """Make a member of a group its coordinator, or with `coordinates` false an ordinary member again."""

    OP: ClassVar[str] = "group.appoint"
    group: Name
    member: Who
    coordinates: bool = True


def create(tx: Tables, cmd: Create, ctx: Context) -> None:
    if tx.get(Group, cmd.group) is not None:
        raise GroupExists(group=cmd.group)
    most = ctx.number(tx, "group.most")
    if tx.count(Group) >= most:
        raise TooManyGroups(most=most)
    if cmd.parent is not None:
        _open(tx, cmd.parent)
    tx.put(Group(cmd.group, cmd.title, cmd.join, "open", ctx.time_ms, cmd.parent or "", cmd.purpose))
    if ctx.actor.party > registry.SPACE:  # a decision founds a group without being in it
        tx.put(GroupMember(cmd.group, ctx.actor.party, True, ctx.time_ms))


def _open(tx: Tables, name: str) -> Group:
    group = registry.group_of(tx, name)
    if group.status != "open":
        raise GroupClosed(group=name)
    return group


def _turn(tx: Tables, name: str, event: str) -> None:
    group = registry.group_of(tx, name)
    status = step(GROUP_STATES, group.status, event, f"the group {name}")
    tx.put(msgspec.structs.replace(group, status=status))


def close(tx: Tables, cmd: Close, ctx: Context) -> None:
    _turn(tx, cmd.group, "close")


def reopen(tx: Tables, cmd: Reopen, ctx: Context) -> None:
    _turn(tx, cmd.group, "reopen")


def join(tx: Tables, cmd: Join, ctx: Context) -> None:
    group = _open(tx, cmd.group)
    if not group.open:
        raise ByInvitation(group=cmd.group)
    _add(tx, ctx, cmd.group, registry.checked_active(membership.acting(tx, ctx)))


def _add(tx: Tables, ctx: Context, name: str, party: Party) -> None:
    if registry.in_group(tx, name, party.no):
        raise InGroup(group=name, member=party.did)
    tx.put(GroupMember(name, party.no, False, ctx.time_ms))


def add(tx: Tables, cmd: Add, ctx: Context) -> None:
    _open(tx, cmd.group)
    party = registry.active_party(tx, cmd.member)
    _add(tx, ctx, cmd.group, party)
    ctx.notify(tx, party.no, "group.added", group=cmd.group)


def _member(tx: Tables, name: str, party: Party) -> GroupMember:
    registry.group_of(tx, name)
    found = tx.get(GroupMember, name, party.no)
    if found is None:
        raise NotInGroup(group=name, member=party.did)
    return found


def leave(tx: Tables, cmd: Leave, ctx: Context) -> None:
    tx.delete(GroupMember, cmd.group, _member(tx, cmd.group, membership.acting(tx, ctx)).party)


def remove(tx: Tables, cmd: Remove, ctx: Context) -> None:
    member = _member(tx, cmd.group, registry.party_of(tx, cmd.member))
    tx.delete(GroupMember, cmd.group, member.party)
    ctx.notify(tx, member.party, "group.removed", group=cmd.group)


def appoint(tx: Tables, cmd: Appoint, ctx: Context) -> None:
    _open(tx, cmd.group)
    member = _member(tx, cmd.group, registry.party_of(tx, cmd.member))
    tx.put(msgspec.structs.replace(member, coordinates=cmd.coordinates))
    if cmd.coordinates:
        ctx.notify(tx, member.party, "group.appointed", group=cmd.group)


class ListQuery(Query, frozen=True):
    """The groups by name; only those of a member, if one is named. status `any`: the closed ones too."""

    member: Who | None = None
    status: Annotated[str, Meta(pattern="^(open|closed|any)$")] = "open"


class ShowQuery(Query, frozen=True):
    """One group and its members."""

    group: Name
    after: Annotated[int, Meta(ge=0)] = 0
    limit: Annotated[int, Meta(ge=1, le=1000)] = 200


def list_groups(tx: Tables, q: ListQuery, reader: Context) -> list[dict[str, Any]]:
    if q.member is None:
        found = tx.scan(Group)
    else:
        party = registry.party_of(tx, q.member)
        names = sorted(m.group_name for m in tx.scan(GroupMember, "party", party.no))
        found = [registry.group_of(tx, name) for name in names]
    return [_row(tx, g) for g in found if q.status in (g.status, "any")]


def _row(tx: Tables, group: Group) -> dict[str, Any]:
    return {
        "group": group.name, "title": group.title, "open": group.open, "status": group.status,
        "members": tx.count(GroupMember, "key", group.name), "parent": group.parent, "since_ms": group.since_ms,
        "purpose": group.purpose,
    }  # fmt: skip


def show(tx: Tables, q: ShowQuery, reader: Context) -> dict[str, Any]:
    members = tx.scan(GroupMember, "key", q.group, start=q.after + 1, limit=q.limit)
    return {
        **_row(tx, registry.group_of(tx, q.group)),
        "list": [
            {"member": PartyNo(m.party), "coordinates": m.coordinates, "since_ms": m.since_ms} for m in members
        ],
    }  # fmt: skip


_WHO: tuple[type[Refusal], ...] = (registry.UnknownGroup, registry.UnknownMember)
_ONE = {"group": "garden", "member": "bob"}

MODULE = Module(
    name="group",
    doc=__doc__,
    always_on=True,
    commands=(
        command(Create, create, private={"purpose": "members"},
                refuses=(GroupExists, TooManyGroups, registry.UnknownGroup, GroupClosed),
                example={"group": "garden", "title": "Garden circle", "purpose": "Looks after the shared garden."}),
        command(Close, close, refuses=(registry.UnknownGroup, WrongState), example={"group": "garden"}),
        command(Reopen, reopen, refuses=(registry.UnknownGroup, WrongState), example={"group": "garden"}),
        command(Join, join, refuses=(*_WHO, registry.NotActive, GroupClosed, ByInvitation, InGroup),
                example={"group": "garden"}),
        command(Leave, leave, refuses=(*_WHO, NotInGroup), example={"group": "garden"}),
        command(Add, add, refuses=(*_WHO, registry.NotActive, GroupClosed, InGroup), example=_ONE),
        command(Remove, remove, refuses=(*_WHO, NotInGroup), example=_ONE),
        command(Appoint, appoint, refuses=(*_WHO, GroupClosed, NotInGroup), example=_ONE),
    ),
    queries=(
        query("group.list", ListQuery, list_groups, refuses=(registry.UnknownMember,), example={"member": "bob"},
              columns=("group", "title", "members", "open", "status")),
        query("group.show", ShowQuery, show, refuses=(registry.UnknownGroup,), example={"group": "garden"}),
    ),
    params=(ParamSpec("group.most", 200, "Groups of the space.", 1, 10_000),),
    notices=(
        NoticeSpec("group.added", "You were added to the group {group}."),
        NoticeSpec("group.removed", "You were removed from the group {group}."),
        NoticeSpec("group.appointed", "You coordinate the group {group} now."),
    ),
)  # fmt: skip
