"""Registry: who is who in a space. Parties, their device keys, roles with terms, mandates, groups.

A *party* is whatever can hold an account: a person, an organisation, a joint account's holders, an unclaimed label
from imported books, and the space itself (number 0). Inside the state parties are small numbers, given out in order;
outside they are DIDs, or handles. A party's authority is its current device keys, or, for organisations and joint
accounts, its mandated signers. This file has records and look-ups; the rules are in `modules.member`.
"""

from __future__ import annotations

from typing import ClassVar

from icn_node.kernel.fields import Private
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.tables import Record, Tables

SPACE = 0  # the space as a party: its treasury, its decisions
STRANGER = -1  # an actor whose key belongs to no party (yet)

ACTIVE = "active"


class Party(Record, frozen=True):
    """kind: person, organisation, joint, label. status: see `modules.member` (person), `active`/`closed` for others,
    `unclaimed`/`claimed` for labels. `did` is '' for labels. `name`: the private full name or label."""

    TABLE: ClassVar[str] = "party"
    KEY: ClassVar[tuple[str, ...]] = ("no",)
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {
        "did": ("did",), "handle": ("handle",), "status": ("kind", "status"),
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


class Device(Record, frozen=True):
    """A device key and the party it acts for. custody: `self`, or `node` (a key the node holds for the member)."""

    TABLE: ClassVar[str] = "device"
    KEY: ClassVar[tuple[str, ...]] = ("key",)
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {"party": ("party",)}
    key: bytes
    party: int
    custody: str
    since_ms: int
    revoked_ms: int | None = None


class Holding(Record, frozen=True):
    """A party holds a role from `since_ms` to before `until_ms` (None: until revoked)."""

    TABLE: ClassVar[str] = "role_holding"
    KEY: ClassVar[tuple[str, ...]] = ("role", "party")
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {"party": ("party",)}
    role: str
    party: int
    since_ms: int
    until_ms: int | None


class Mandate(Record, frozen=True):
    """`signer` may act for `party` (an organisation or joint account) alone up to `limit_minor` (None: no limit)."""

    TABLE: ClassVar[str] = "mandate"
    KEY: ClassVar[tuple[str, ...]] = ("party", "signer")
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {"signer": ("signer",)}
    party: int
    signer: int
    limit_minor: int | None
    since_ms: int
    until_ms: int | None


class Did(Record, frozen=True):
    """DID to party number: the look-up that nearly every command makes, keyed so that it is answered from memory."""

    TABLE: ClassVar[str] = "did"
    KEY: ClassVar[tuple[str, ...]] = ("did",)
    did: str
    party: int


RECORDS = (Party, Did, Device, Holding, Mandate)


class UnknownMember(Refusal):
    """A command names a DID that is no party of the space."""

    code = "unknown_member"
    text = "{member} is not a member of this space."
    advice = "See `icn member list`."


class NotActive(Refusal):
    """A command names a party that is not active: applied, suspended, left, expelled, closed."""

    code = "member_not_active"
    text = "{member} is {status}."


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
    found = party_of(tx, did)
    if found.status != ACTIVE:
        raise NotActive(member=did, status=found.status)
    return found


def by_handle(tx: Tables, handle: str) -> Party | None:
    """The party with that handle, or None."""
    found = tx.scan(Party, "handle", handle, limit=1)
    return found[0] if found else None


def enter(tx: Tables, party: Party) -> None:
    """Write a party, and its DID's look-up entry."""
    tx.put(party)
    if party.did and tx.get(Did, party.did) is None:
        tx.put(Did(party.did, party.no))


def holds(tx: Tables, party: int, role: str, time_ms: int) -> bool:
    """Whether the party holds the role at that time."""
    holding = tx.get(Holding, role, party)
    return (
        holding is not None and holding.since_ms <= time_ms and (holding.until_ms is None or time_ms < holding.until_ms)
    )


def holders(tx: Tables, role: str, time_ms: int) -> list[int]:
    """The parties that hold the role at that time and are active, in order of their number."""
    found = []
    for holding in tx.scan(Holding, "key", role):
        party = tx.get(Party, holding.party)
        if party is not None and party.status == ACTIVE and holds(tx, holding.party, role, time_ms):
            found.append(holding.party)
    return found


def mandate(tx: Tables, party: int, signer: int, time_ms: int) -> Mandate | None:
    """The signer's mandate for the party if it is in force."""
    found = tx.get(Mandate, party, signer)
    if found is None or time_ms < found.since_ms or (found.until_ms is not None and time_ms >= found.until_ms):
        return None
    return found


def signers(tx: Tables, party: int, time_ms: int) -> list[int]:
    """Those whose mandate for the party is in force, by number."""
    return [m.signer for m in tx.scan(Mandate, "key", party) if mandate(tx, party, m.signer, time_ms)]
