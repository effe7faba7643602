"""From a committed leader to a list of events: the one order.

Purpose: the events of a commit are those that its cone brings and no earlier commit had, sorted by (generation,
SHA-256(leader CID || event CID)): ancestors first, and among the rest an order that no author could foresee.

It must not know what an event says, nor how the event graph is stored.
"""

from collections.abc import Iterable
from hashlib import sha256


def order_events(leader: bytes, events: Iterable[tuple[bytes, int]]) -> tuple[bytes, ...]:
    """Event CIDs in committed order, from (CID, generation) pairs in any order.

    A generation is one more than the highest among an event's `prev` and `parents`, 0 without any.
    """
    keyed = [(generation, sha256(leader + cid).digest(), cid) for cid, generation in events]
    if len(keyed) > 1:
        keyed.sort()
    return tuple([cid for _, _, cid in keyed])
