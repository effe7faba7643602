"""The standard properties by name: what each says, and of whom it is asked if the contract does not say.

A contract states another electorate with `property no_member_alone for members >= 3 { true }`, and accepts by name what
it knows to be false of it: `accept no_adds_quorum because "..";`. It knows no solver.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Standard:
    """A standard property. of: "vote", "limit", "payout" or "arithmetic". members: the least electorate, of a vote.
    accepted_as: another name by which its failure can be accepted."""

    name: str
    of: str
    text: str
    members: int = 1
    accepted_as: str = ""


NO_MEMBER_ALONE = Standard(
    "no_member_alone", "vote", "No member alone passes a motion.", members=5, accepted_as="member_alone"
)
YES_NEVER_UNPASSES = Standard("yes_never_unpasses", "vote", "Another yes never un-passes a motion.")
NO_NEVER_PASSES = Standard("no_never_passes", "vote", "Another no never passes a motion.", accepted_as="no_adds_quorum")
NOT_BOTH_WAYS = Standard(
    "not_both_ways", "vote", "The same ballots never both pass a motion and pass its opposite.",
    accepted_as="tie_passes",
)  # fmt: skip
LIMITS_NEVER_NEGATIVE = Standard("limits_never_negative", "limit", "A limit that a clause works out is never negative.")
PAYOUTS_WITHIN_POOL = Standard("payouts_within_pool", "payout", "What an action pays out never exceeds its pool.")
NO_OVERFLOW = Standard("no_overflow", "arithmetic", "No number leaves the range of 64 bits.")

STANDARD: Mapping[str, Standard] = {
    one.name: one
    for one in (
        NO_MEMBER_ALONE, YES_NEVER_UNPASSES, NO_NEVER_PASSES, NOT_BOTH_WAYS, LIMITS_NEVER_NEGATIVE,
        PAYOUTS_WITHIN_POOL, NO_OVERFLOW,
    )
}  # fmt: skip
"""In the order in which they are answered."""

ACCEPTABLE: frozenset[str] = frozenset(STANDARD) | {one.accepted_as for one in STANDARD.values() if one.accepted_as}
"""What `accept` may name."""
