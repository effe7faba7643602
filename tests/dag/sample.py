"""Events for the tests of graph and store: structurally real, signed with anything, since neither looks at that."""

from collections.abc import Iterable
from typing import Any

from dag.cid import cid_of
from dag.event import Event, attach, decode_trusted, unsigned

AUTHORS = [b"\xed\x01" + bytes([n]) * 32 for n in range(4)]


def make(
    author: bytes,
    seq: int,
    prev: bytes | None,
    parents: Iterable[bytes] = (),
    *,
    space: bytes | None,
    at: int = 1,
    sig: int = 0,
    ops: Iterable[dict[str, Any]] = ({"op": "test.op", "ver": 1},),
) -> Event:
    """An event as the graph sees it: checked elsewhere, so the signature can be anything."""
    nonce = None if space else bytes(16)
    body = unsigned(
        space=space, nonce=nonce, author=author, seq=seq, prev=prev, parents=parents, at=at, until=None, ops=ops
    )
    block = attach(body, bytes([sig]) * 64)
    return decode_trusted(block, cid_of(block))


GENESIS = make(AUTHORS[0], 0, None, space=None)
SPACE = GENESIS.cid


def event(author: int, after: Event | None, *parents: Event, at: int = 1, sig: int = 0) -> Event:
    """The next event of an author after `after`, in the space of these tests."""
    prev, seq = (None, 0) if after is None else (after.cid, after.seq + 1)
    return make(AUTHORS[author], seq, prev, sorted(p.cid for p in parents), space=SPACE, at=at, sig=sig)


def chain(author: int, length: int, after: Event | None = None) -> list[Event]:
    """`length` events of an author, each after the one before."""
    events: list[Event] = []
    for _ in range(length):
        after = event(author, after)
        events.append(after)
    return events
