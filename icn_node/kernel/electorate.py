"""Electorates: who may vote, frozen when voting opens.

An electorate is a set of party numbers with weights. It is stored as bitmaps, 4,096 parties to a row, so that 50,000
members cost 13 rows and a vote looks one row up; only weights other than 1 have rows of their own. The registry may
change afterwards; a frozen electorate does not.

Who of it may still vote, and whose ballot still counts, follows from the member's standing: see `MAY_VOTE` and
`FORFEITED`. It knows no ballots and no thresholds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from icn_node.kernel import registry
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.tables import Record, Tables

_SHIFT = 12
_MASK = (1 << _SHIFT) - 1
_BYTES = 1 << (_SHIFT - 3)

ELECTORS = "electors"
TOOK_PART = "took_part"

# A suspension is a measure of a few against one, so it does not take a vote away that is already open. Who has left has
# laid the membership down and casts no more votes, but what was cast stands. Who was expelled loses both.
MAY_VOTE = (registry.ACTIVE, "suspended")
FORFEITED = "expelled"


class Roll(Record, frozen=True):
    """4,096 party numbers of one set of a proposal, a bit each, party number 4096*chunk + 8*byte + bit."""

    TABLE: ClassVar[str] = "electoral_roll"
    KEY: ClassVar[tuple[str, ...]] = ("proposal", "kind", "chunk")
    proposal: int
    kind: str
    chunk: int
    bits: bytes


class Weight(Record, frozen=True):
    """An elector whose frozen weight is not 1."""

    TABLE: ClassVar[str] = "elector_weight"
    KEY: ClassVar[tuple[str, ...]] = ("proposal", "party")
    proposal: int
    party: int
    weight: int


RECORDS = (Roll, Weight)


class EmptyElectorate(Refusal):
    """Nobody could vote: the role has no holders, the group no members."""

    code = "empty_electorate"
    text = "Nobody could vote: the electorate ({electorate}) is empty."
    advice = "Give somebody that role first, or choose another type of proposal."


def eligible(tx: Tables, electorate: str, time_ms: int) -> list[int]:
    """The active persons whom `members`, `role NAME` or `group NAME` means at that time, by number."""
    kind, _, name = electorate.partition(" ")
    if kind == "members":
        return [p.no for p in tx.scan(registry.Party, "status", "person", registry.ACTIVE)]
    if kind == "role":
        found = registry.holders(tx, name, time_ms)
    else:
        found = registry.group_members(tx, name, time_ms)
    return [no for no in found if _is_person(tx, no)]


def exists(tx: Tables, electorate: str, time_ms: int) -> bool:
    """Whether anybody is in it; that there are members is known without counting them."""
    if electorate == "members":
        return bool(tx.scan(registry.Party, "status", "person", registry.ACTIVE, limit=1))
    return bool(eligible(tx, electorate, time_ms))


def _is_person(tx: Tables, party: int) -> bool:
    found = tx.get(registry.Party, party)
    return found is not None and found.kind == "person" and found.status == registry.ACTIVE


def enrol(tx: Tables, proposal: int, kind: str, parties: Iterable[int]) -> int:
    """Write a set of party numbers; how many they are."""
    chunks: dict[int, bytearray] = {}
    count = 0
    for party in parties:
        bits = chunks.get(party >> _SHIFT)
        if bits is None:
            bits = chunks[party >> _SHIFT] = bytearray(_BYTES)
        bits[(party & _MASK) >> 3] |= 1 << (party & 7)
        count += 1
    for chunk in sorted(chunks):
        tx.append(Roll(proposal, kind, chunk, bytes(chunks[chunk])))
    return count


def freeze(tx: Tables, proposal: int, weights: Mapping[int, int]) -> tuple[int, int]:
    """Write the electorate of a proposal, each party's weight above 0; how many they are, and their weight together."""
    assert all(w > 0 for w in weights.values()), proposal
    count = enrol(tx, proposal, ELECTORS, weights)
    for party in sorted(weights):
        if weights[party] != 1:
            tx.append(Weight(proposal, party, weights[party]))
    return count, sum(weights.values())


def is_enrolled(tx: Tables, proposal: int, kind: str, party: int) -> bool:
    """Whether the party is in that set of the proposal: one look-up."""
    if party <= 0:
        return False
    roll = tx.get(Roll, proposal, kind, party >> _SHIFT)
    return roll is not None and bool(roll.bits[(party & _MASK) >> 3] >> (party & 7) & 1)


def weight_of(tx: Tables, proposal: int, party: int, *, weighted: bool = False) -> int:
    """The party's frozen weight, 0 if it is no elector. weighted: some weights are not 1, so look them up."""
    if not is_enrolled(tx, proposal, ELECTORS, party):
        return 0
    own = tx.get(Weight, proposal, party) if weighted else None
    return 1 if own is None else own.weight


def enrolled(tx: Tables, proposal: int, kind: str = ELECTORS) -> list[int]:
    """The party numbers of a set, ascending."""
    found = []
    for roll in tx.scan(Roll, "key", proposal, kind):
        first = roll.chunk << _SHIFT
        bits = int.from_bytes(roll.bits, "little")
        while bits:
            low = bits & -bits
            found.append(first + low.bit_length() - 1)
            bits ^= low
    return found


def union_size(tx: Tables, proposals: Iterable[int], kind: str) -> int:
    """How many different parties those sets hold together."""
    merged: dict[int, int] = {}
    for proposal in proposals:
        for roll in tx.scan(Roll, "key", proposal, kind):
            merged[roll.chunk] = merged.get(roll.chunk, 0) | int.from_bytes(roll.bits, "little")
    return sum(bits.bit_count() for bits in merged.values())


def standing(tx: Tables, party: int) -> str:
    """The party's status now, '' if there is none."""
    found = tx.get(registry.Party, party)
    return "" if found is None else found.status


def forfeited(tx: Tables) -> set[int]:
    """Those who have been expelled, whose ballots do not count."""
    return {p.no for p in tx.scan(registry.Party, "status", "person", FORFEITED)}
