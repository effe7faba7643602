"""Views: what a contract in CCL may read of the space, beside the command it judges.

A `View` is a declared function of a `World`: the state, the command's surroundings, and the arguments that a clause
gives. The kernel declares those that every space has; modules declare their own in `MODULE`. A view only reads. It
answers for whoever exists or not without raising, where an answer makes sense: an unknown party has no balance.

It must not know any contract. What the conditions mean is in `kernel.conditions`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ccl.host import ViewSpec, decision_type
from ccl.types import BOOL, DID, DURATION, INTEGER, STRING, TIMESTAMP, Array, Option, Record, Type
from icn_node.kernel import bylaws, conditions, registry
from icn_node.kernel.tables import Tables

if TYPE_CHECKING:
    from icn_node.kernel.context import Context

OPAQUE = "Bytes"
"""The record without fields that bytes (hashes, signatures) are to a contract: it can hand them to a view, no more."""

Named = tuple[str] | None  # an Option<Did>, as contracts have it


class World:
    """What one judgement may read: `ccl.host.World`, and for views the tables and the command's context.

    There is one for each contract in force, and it is set anew for every judgement: judgements do not nest.
    """

    __slots__ = ("caller", "command", "ctx", "now", "params", "state", "tx", "views")

    tx: Tables
    ctx: Context
    command: Any
    caller: str
    now: int
    params: Any
    state: Any
    views: Any


@dataclass(frozen=True, slots=True)
class View:
    """A declared view: what the language knows of it, and the function that answers."""

    spec: ViewSpec
    fn: Callable[..., Any]


def view(
    name: str,
    fn: Callable[..., Any],
    params: tuple[tuple[str, Type], ...],
    result: Type,
    words: str,
    *,
    doc: str = "",
    optional: int = 0,
    fuel: int = 5,
    about: int | None = None,
    reads: str = "",
    in_decision: Any = None,
    low: int | None = None,
) -> View:
    """Declare a view. doc: by default the function's docstring. about, reads: whose fact it is (the argument's number)
    and the query that whoever is shown it must be allowed. in_decision: what it certainly is in a decision. low: the
    least that a number can be."""
    said = doc or " ".join((fn.__doc__ or "").split())
    spec = ViewSpec(
        name, params, result, said, optional, fuel, words=words, about=about, reads=reads, in_decision=in_decision,
        low=low,
    )  # fmt: skip
    return View(spec, fn)


@functools.lru_cache(maxsize=1024)
def role_name(written: str) -> str:
    """A role as the registry names it: `Steward` is steward, `DataProtection` data-protection."""
    return written if written.islower() else re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", written).lower()


def _only(option: tuple[Any, ...] | None) -> Any:
    return None if option is None else option[0]


# -- who acts ----------------------------------------------------------------------------------------------------------


def member(w: World) -> bool:
    """Whether the actor is an active member, a person."""
    return conditions.is_member(w.tx, w.ctx)


def registered(w: World) -> bool:
    """Whether the actor is somebody in this space, whatever the standing."""
    return w.ctx.actor.party > 0


def operator(w: World) -> bool:
    """Whether whoever runs the node reads."""
    return w.ctx.origin == "operator"


def decided(w: World, kind: str = "") -> bool:
    """Whether it is carried out by a decision of the space, of that type of proposal if one is named."""
    ctx = w.ctx
    return ctx.origin == "decision" and (kind in ("", ctx.decision_type) or decision_type(kind) == ctx.decision_type)


def acts_for(w: World, who: Named) -> bool:
    """Whether the actor is that party or signs for it; of nobody: whether it acts for itself, or the space decided."""
    return conditions.acts_for(w.tx, w.ctx, None if who is None else who[0])


def is_self(w: World, who: Named) -> bool:
    """Whether that party is the actor, or one that it signs for or whose imported account it claimed; of nobody: yes,
    if the actor is somebody here."""
    return conditions.is_self(w.tx, w.ctx, None if who is None else who[0])


def is_own_number(w: World, party: int) -> bool:
    """As `is_self`, of a party by its number; 0 is the space, and everybody's in it."""
    return conditions.is_self(w.tx, w.ctx, party)


def role(w: World, name: str) -> bool:
    """Whether the actor is an active member who holds the role now."""
    return conditions.has_role(w.tx, w.ctx, role_name(name))


def in_group(w: World, name: str) -> bool:
    """Whether the actor is an active member of that group."""
    return conditions.in_group(w.tx, w.ctx, name)


def coordinates(w: World, group: str) -> bool:
    """Whether the actor is an active member who coordinates that group."""
    return conditions.coordinates(w.tx, w.ctx, group)


def wrote(w: World, texts: tuple[bytes, ...]) -> bool:
    """Whether the actor wrote every one of these private texts."""
    return conditions.wrote(w.tx, w.ctx, texts)


def concerned(w: World, texts: tuple[bytes, ...]) -> bool:
    """Whether each of these private texts was written by the actor or stands in a command that names the actor."""
    return conditions.concerned(w.tx, w.ctx, texts)


def term(w: World, name: str) -> bool:
    """Whether the actor is whom that term of the command's unit names (`mint`, `burn`)."""
    return bylaws.term_holds(w.tx, w.ctx, w.command, name)


def suspended(w: World) -> bool:
    """Whether the actor is a member who is suspended."""
    found = w.tx.get(registry.Party, w.ctx.actor.party)
    return found is not None and found.status == "suspended"


def joined(w: World) -> int:
    """When the actor became a member; of a stranger, now."""
    found = w.tx.get(registry.Party, w.ctx.actor.party)
    if found is None:
        return w.ctx.time_ms
    return found.since_ms if found.member_since_ms is None else found.member_since_ms


def membership(w: World) -> int:
    """How long the actor has been a member, as time that passed; nothing for a stranger."""
    return max(0, w.ctx.time_ms - joined(w))


def hosted(w: World) -> bool:
    """Whether the key that signed is one that the node holds for the actor."""
    return w.ctx.actor.custody == "node"


def changes_as_declared(w: World) -> bool:
    """Whether the decision is of the type by which the contract says that this parameter is changed."""
    return bool(w.params.changed_as_declared(w.ctx, w.command))


# -- who else there is -------------------------------------------------------------------------------------------------


def _party(w: World, who: str) -> registry.Party | None:
    no = registry.party_no(w.tx, who)
    return None if no is None else w.tx.get(registry.Party, no)


def is_member(w: World, who: str) -> bool:
    """Whether that party is an active member, a person."""
    found = _party(w, who)
    return found is not None and found.status == registry.ACTIVE and found.kind == registry.PERSON


def membership_of(w: World, who: str) -> int:
    """How long that party has been a member, as time that passed; nothing for a stranger."""
    found = _party(w, who)
    if found is None:
        return 0
    since_ms = found.since_ms if found.member_since_ms is None else found.member_since_ms
    return max(0, w.ctx.time_ms - since_ms)


def is_active(w: World, who: str) -> bool:
    """Whether that party, of whatever kind, is active."""
    found = _party(w, who)
    return found is not None and found.status == registry.ACTIVE


def status_of(w: World, who: str) -> str:
    """The standing of that party: active, applied, suspended, left, expelled, closed; '' if it is unknown."""
    found = _party(w, who)
    return "" if found is None else found.status


def kind_of(w: World, who: str) -> str:
    """What that party is: person, organisation, joint; '' if it is unknown."""
    found = _party(w, who)
    return "" if found is None else found.kind


def holds_role(w: World, who: str, name: str) -> bool:
    """Whether that party is active and holds the role now."""
    found = _party(w, who)
    return (
        found is not None
        and found.status == registry.ACTIVE
        and registry.holds(w.tx, found.no, role_name(name), w.ctx.time_ms)
    )


def member_count(w: World) -> int:
    """How many active members there are."""
    return w.tx.count(registry.Party, "status", registry.PERSON, registry.ACTIVE)


def role_count(w: World, name: str) -> int:
    """How many active members hold the role."""
    return len(registry.holders(w.tx, role_name(name), w.ctx.time_ms))


def group_count(w: World, name: str) -> int:
    """How many active members the group has."""
    return len(registry.group_members(w.tx, name, w.ctx.time_ms))


def setting(w: World, name: str) -> int | str | bool:
    """A setting of the space, in force."""
    return w.ctx.kernel.param(w.tx, name)


_WHO: tuple[tuple[str, Type], ...] = (("who", DID),)
_MAYBE: tuple[tuple[str, Type], ...] = (("who", Option(DID)),)
_NAME: tuple[tuple[str, Type], ...] = (("name", STRING),)
_TEXTS: tuple[tuple[str, Type], ...] = (("texts", Array(Record(OPAQUE), 64)),)

VIEWS: tuple[View, ...] = (
    view("member", member, (), BOOL, "you are an active member", in_decision=False),
    view("registered", registered, (), BOOL, "you are known to this space", in_decision=False),
    view("operator", operator, (), BOOL, "you run the node", in_decision=False),
    view("decided", decided, (("type", STRING),), BOOL, "a {0} decision of the space", optional=1),
    view("acts_for", acts_for, _MAYBE, BOOL, "you act for {0}"),
    view("is_self", is_self, _MAYBE, BOOL, "it is your own, or of whom you sign for", in_decision=False),
    view("is_own_number", is_own_number, (("party", INTEGER),), BOOL, "it is your own, or of whom you sign for"),
    view("role", role, _NAME, BOOL, "you hold the role {0}", in_decision=False),
    view("in_group", in_group, _NAME, BOOL, "you are in the group {0}", in_decision=False),
    view("coordinates", coordinates, _NAME, BOOL, "you coordinate the group {0}", in_decision=False),
    view("wrote", wrote, _TEXTS, BOOL, "you wrote it"),
    view("concerned", concerned, _TEXTS, BOOL, "you wrote it, or it concerns you"),
    view("term", term, _NAME, BOOL, "the unit's terms name you ({0})"),
    view("suspended", suspended, (), BOOL, "you are suspended", in_decision=False),
    view("joined", joined, (), TIMESTAMP, "when you became a member", low=0),
    view("membership", membership, (), DURATION, "how long you have been a member", low=0),
    view("hosted", hosted, (), BOOL, "the node holds your key", in_decision=False),
    view("changes_as_declared", changes_as_declared, (), BOOL, "the decision is one that may change it"),
    view("is_member", is_member, _WHO, BOOL, "{0} is an active member", about=0, reads="member.show"),
    view("membership_of", membership_of, _WHO, DURATION, "how long {0} has been a member", about=0,
         reads="member.show", low=0),
    view("is_active", is_active, _WHO, BOOL, "{0} is active", about=0, reads="member.show"),
    view("status_of", status_of, _WHO, STRING, "the standing of {0}", about=0, reads="member.show"),
    view("kind_of", kind_of, _WHO, STRING, "what {0} is", about=0, reads="member.show"),
    view("holds_role", holds_role, (*_WHO, *_NAME), BOOL, "{0} holds the role {1}", about=0,
         reads="role.list"),
    view("member_count", member_count, (), INTEGER, "how many members there are", fuel=40, low=0),
    view("role_count", role_count, _NAME, INTEGER, "how many hold the role {0}", fuel=40, low=0),
    view("group_count", group_count, _NAME, INTEGER, "how many are in the group {0}", fuel=40, low=0),
)  # fmt: skip
