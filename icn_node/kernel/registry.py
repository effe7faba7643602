"""Registry: who is who in a space. Parties, their device keys, roles with terms, mandates, groups.

A *party* is whatever can hold an account: a person, an organisation, a joint account's holders, an unclaimed label
from imported books, and the space itself (number 0). Inside the state parties are small numbers, given out in order;
outside they are DIDs, or handles. A party's authority is its current device keys, or, for organisations and joint
accounts, its mandated signers.

Invariants: a DID or key stands for one party for ever, revoked or not; a handle that a party ever used is nobody
else's. This file has records and look-ups; what changes them is in `keyring`, `roles`, `membership` and the modules
`member`, `key`, `conduct`, `organisation`, `role`, `group`. It knows no bylaws and no events.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from icn_node.kernel.fields import Private
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.tables import Record, Tables

SPACE = 0  # the space as a party: its treasury, its decisions
STRANGER = -1  # an actor whose key belongs to no party (yet)

ACTIVE = "active"
PERSON, ORGANISATION, JOINT, LABEL = "person", "organisation", "joint", "label"


class Party(Record, frozen=True):
    """kind: person, organisation, joint, label. status: a state of that kind's lifecycle in `kernel.membership`.

    `did` is '' for labels, `handle` '' where there is none. `name`: the private full name, or the label as it stood in
    the imported books. `claimed_by`: the party that took a label's accounts over. `member_since_ms`: when it was first
    active, None before, and for who was entered as active.
    """

    TABLE: ClassVar[str] = "party"
    KEY: ClassVar[tuple[str, ...]] = ("no",)
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {
        "did": ("did",), "handle": ("handle",), "status": ("kind", "status", "no"), "kind": ("kind", "no"),
    }  # fmt: skip
    no: int
    did: str
    handle: str
    kind: str
    status: str
    since_ms: int
    changed_ms: int
    name: Private | None = None
    contact: Private | None = None
    claimed_by: int | None = None
    member_since_ms: int | None = None


class Device(Record, frozen=True):
    """A device key and the party it acts for. custody: `self`, or `node` (a key the node holds for the member).

    The row of a revoked key stays, so that the key can never be registered again.
    """

    TABLE: ClassVar[str] = "device"
    KEY: ClassVar[tuple[str, ...]] = ("key",)
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {"party": ("party",)}
    key: bytes
    party: int
    custody: str
    since_ms: int
    revoked_ms: int | None = None
    revoked_by: int | None = None
    label: Private | None = None


class Holding(Record, frozen=True):
    """A party holds a role from `since_ms` to before `until_ms` (None: until revoked). term: number of its `Term`."""

    TABLE: ClassVar[str] = "role_holding"
    KEY: ClassVar[tuple[str, ...]] = ("role", "party")
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {"party": ("party",)}
    role: str
    party: int
    since_ms: int
    until_ms: int | None
    term: int = 0


class Mandate(Record, frozen=True):
    """`signer` may act for `party` (an organisation or joint account) alone up to `limit_minor` (None: no limit).

    limits: unit code -> limit in that unit's smallest part, where it differs from `limit_minor`. Above the limit the
    party's `Signing` rule asks further signers.
    """

    TABLE: ClassVar[str] = "mandate"
    KEY: ClassVar[tuple[str, ...]] = ("party", "signer")
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {"signer": ("signer",)}
    party: int
    signer: int
    limit_minor: int | None
    since_ms: int
    until_ms: int | None
    limits: dict[str, int] = msgspec.field(default_factory=dict)


class Signing(Record, frozen=True):
    """How many of its signers an organisation or joint account needs for what one may not do alone, its own business
    (mandates, closing) included."""

    TABLE: ClassVar[str] = "signing"
    KEY: ClassVar[tuple[str, ...]] = ("party",)
    party: int
    need: int


class Group(Record, frozen=True):
    """A working circle or other group. open: members join by their own act, else a coordinator adds them.

    status: open, closed. parent: the name of the group it belongs to, '' for none.
    """

    TABLE: ClassVar[str] = "party_group"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    title: str
    open: bool
    status: str
    since_ms: int
    parent: str = ""
    purpose: Private | None = None


class GroupMember(Record, frozen=True):
    """The party belongs to the group; the row goes when it leaves. coordinates: it may add, remove and appoint."""

    TABLE: ClassVar[str] = "group_member"
    KEY: ClassVar[tuple[str, ...]] = ("group_name", "party")
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {"party": ("party",)}
    group_name: str
    party: int
    coordinates: bool
    since_ms: int


class Invitation(Record, frozen=True):
    """An invitation, known by the public key of its one-time secret. status: open, used, withdrawn, expired.

    roles: granted on joining. label: the imported party that whoever joins with it takes over.
    """

    TABLE: ClassVar[str] = "invitation"
    KEY: ClassVar[tuple[str, ...]] = ("key",)
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {"no": ("no",), "inviter": ("inviter", "status", "no")}
    key: bytes
    no: int
    inviter: int
    status: str
    since_ms: int
    until_ms: int
    handle: str
    roles: tuple[str, ...]
    label: int | None
    used_by: int | None = None
    note: Private | None = None


class FormerHandle(Record, frozen=True):
    """A handle that the party gave up: it stays that party's, so that nobody can pass for who had it before."""

    TABLE: ClassVar[str] = "former_handle"
    KEY: ClassVar[tuple[str, ...]] = ("handle",)
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {"party": ("party", "until_ms")}
    handle: str
    party: int
    until_ms: int


class Did(Record, frozen=True):
    """DID to party number: the look-up that nearly every command makes, keyed so that it is answered from memory."""

    TABLE: ClassVar[str] = "did"
    KEY: ClassVar[tuple[str, ...]] = ("did",)
    did: str
    party: int


RECORDS = (Party, Did, Device, Holding, Mandate, Signing, Group, GroupMember, Invitation, FormerHandle)


class UnknownMember(Refusal):
    """A command names a DID that is no party of the space."""

    code = "unknown_member"
    text = "{member} is not a member of this space."
    advice = "See `icn member list`."


class NotActive(Refusal):
    """A command names a party that is not active: applied, suspended, left, expelled, closed."""

    code = "member_not_active"
    text = "{member} is {status}."
    advice = "See `icn member show`."


class HandleTaken(Refusal):
    """Another party has the handle, or had it."""

    code = "handle_taken"
    text = "The handle {handle} belongs to somebody else, or did."
    advice = "Choose another handle."


class UnknownGroup(Refusal):
    """A command names a group that does not exist."""

    code = "unknown_group"
    text = "There is no group {group}."
    advice = "See `icn group list`."


def party_no(tx: Tables, did: str) -> int | None:
    """The number of the party with that DID, or None. Two look-ups at most, usually from memory."""
    alias = tx.get(Did, did)
    return None if alias is None else alias.party


def party_of(tx: Tables, did: str) -> Party:
    """The party with that DID. Raises UnknownMember."""
    no = party_no(tx, did)
    found = None if no is None else tx.get(Party, no)
    if found is None:
        raise UnknownMember(member=did)
    return found


def active_party(tx: Tables, did: str) -> Party:
    """The party with that DID if it is active. Raises UnknownMember, NotActive."""
    return checked_active(party_of(tx, did))


def checked_active(party: Party) -> Party:
    """The party, if it is active. Raises NotActive."""
    if party.status != ACTIVE:
        raise NotActive(member=party.did, status=party.status)
    return party


def by_handle(tx: Tables, handle: str) -> Party | None:
    """The party that has that handle now, or None."""
    found = tx.scan(Party, "handle", handle, limit=1) if handle else []
    return found[0] if found else None


def check_handle(tx: Tables, handle: str, party: int | None) -> None:
    """Raise HandleTaken unless the party (None: a new one) may use that handle."""
    holder = by_handle(tx, handle)
    former = tx.get(FormerHandle, handle)
    if (holder is not None and holder.no != party) or (former is not None and former.party != party):
        raise HandleTaken(handle=handle)


def enter(tx: Tables, party: Party) -> None:
    """Write a party, and its DID's look-up entry."""
    tx.put(party)
    if party.did and tx.get(Did, party.did) is None:
        tx.put(Did(party.did, party.no))


def enter_label(tx: Tables, name: Private | None, time_ms: int, contact: Private | None = None) -> int:
    """Enter an account of imported books whose member has not come forward yet; its party number."""
    no = tx.next_no("party")
    tx.append(Party(no, "", "", LABEL, "unclaimed", time_ms, time_ms, name, contact))
    return no


def active_members(tx: Tables) -> list[int]:
    """Every active person, by number."""
    return [p.no for p in tx.scan(Party, "status", PERSON, ACTIVE)]


def is_active(tx: Tables, party: int) -> bool:
    """Whether the party exists and is active."""
    found = tx.get(Party, party)
    return found is not None and found.status == ACTIVE


def holds(tx: Tables, party: int, role: str, time_ms: int) -> bool:
    """Whether the party holds the role at that time."""
    holding = tx.get(Holding, role, party)
    return (
        holding is not None and holding.since_ms <= time_ms and (holding.until_ms is None or time_ms < holding.until_ms)
    )


def holders(tx: Tables, role: str, time_ms: int) -> list[int]:
    """The parties that hold the role at that time and are active, in order of their number."""
    return [
        h.party for h in tx.scan(Holding, "key", role) if holds(tx, h.party, role, time_ms) and is_active(tx, h.party)
    ]


def roles_of(tx: Tables, party: int, time_ms: int) -> list[Holding]:
    """The roles that the party holds at that time, by name."""
    found = [h for h in tx.scan(Holding, "party", party) if holds(tx, party, h.role, time_ms)]
    return sorted(found, key=lambda h: h.role)


def mandate(tx: Tables, party: int, signer: int, time_ms: int) -> Mandate | None:
    """The signer's mandate for the party if it is in force."""
    found = tx.get(Mandate, party, signer)
    if found is None or time_ms < found.since_ms or (found.until_ms is not None and time_ms >= found.until_ms):
        return None
    return found


def sole_limit(mandate: Mandate, unit: str) -> int | None:
    """What a mandate allows its signer alone, in the smallest part of `unit`; None for no limit."""
    return mandate.limits.get(unit, mandate.limit_minor)


def signers(tx: Tables, party: int, time_ms: int) -> list[int]:
    """The active members whose mandate for the party is in force, by number."""
    found = []
    for entry in tx.scan(Mandate, "key", party):
        if mandate(tx, party, entry.signer, time_ms) is not None and is_active(tx, entry.signer):
            found.append(entry.signer)
    return found


def mandates_of(tx: Tables, signer: int, time_ms: int) -> list[Mandate]:
    """The mandates in force by which the signer may act for others, by the party's number."""
    found = [m for m in tx.scan(Mandate, "signer", signer) if mandate(tx, m.party, signer, time_ms) is not None]
    return sorted(found, key=lambda m: m.party)


def group_of(tx: Tables, name: str) -> Group:
    """The group. Raises UnknownGroup."""
    found = tx.get(Group, name)
    if found is None:
        raise UnknownGroup(group=name)
    return found


def group_members(tx: Tables, name: str, time_ms: int) -> list[int]:
    """The active parties that belong to the group at that time, by number: an electorate."""
    return [m.party for m in tx.scan(GroupMember, "key", name) if m.since_ms <= time_ms and is_active(tx, m.party)]


def in_group(tx: Tables, name: str, party: int) -> bool:
    """Whether the party belongs to the group."""
    return tx.get(GroupMember, name, party) is not None


def coordinates(tx: Tables, name: str, party: int) -> bool:
    """Whether the party is a coordinator of the group."""
    found = tx.get(GroupMember, name, party)
    return found is not None and found.coordinates
