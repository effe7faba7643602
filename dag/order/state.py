"""What a database must keep so that ordering goes on where it stopped.

Purpose: name it exactly. In one transaction with the blocks and commits that it follows from, the database keeps one
`Position` (overwritten each time). It also keeps every block, with the columns of `StoredBlock`. To go on it needs
the position and the blocks of the position's epoch that are not linearised (`commit` 0) or not below `keep_from`: a
handful, however long the history is. Decisions that wait for a slot before them are in the position, so a restart
never decides anything a second time.

It must not know how any of this is stored.
"""

from typing import Any, NamedTuple

import msgspec

from dag.cid import is_cid
from dag.codec import CodecError, Link, decode, encode
from dag.order.block import DIGEST_BYTES, NO_COMMIT
from dag.order.config import Epoch


class DamagedState(ValueError):
    """The stored position or blocks are not what `Orderer` gave out: the database is damaged. Restore a backup."""


class StoredBlock(NamedTuple):
    """A block as the database keeps it; see `held.Held` for the last three."""

    raw: bytes
    seen_ms: int
    commit: int = 0
    led: int = 0


class Position(msgspec.Struct, frozen=True):
    """How far a node is in an epoch.

    `index`, `digest`, `time_ms`: of the last executed commit; commits are numbered from 1 through all epochs, times
    are Unix milliseconds. `slot`: the last slot emitted, 0 before any. `keep_from`: see above. `worked_slot`: the
    slot of the last commit with an event or a timer, while the cone of one's own last block does not decide it; else
    0. `own_round`, `own_cid`: this node's last block, 0 and b"" before any. `base_index`: the index of the last commit
    before the epoch. `decided`: (slot, decision) above `slot`, as in `decide`.
    """

    epoch: bytes
    index: int
    digest: bytes
    time_ms: int
    slot: int = 0
    keep_from: int = 1
    worked_slot: int = 0
    own_round: int = 0
    own_cid: bytes = b""
    base_index: int = 0
    decided: tuple[tuple[int, bytes], ...] = ()

    def encode(self) -> bytes:
        """DAG-CBOR: an array of the fields in the order above, null for no CID."""
        return encode(
            [
                Link(self.epoch),
                self.index,
                self.digest,
                self.time_ms,
                self.slot,
                self.keep_from,
                self.worked_slot,
                self.own_round,
                _link(self.own_cid),
                self.base_index,
                [[slot, _link(decision)] for slot, decision in self.decided],
            ]
        )

    @classmethod
    def decode(cls, data: bytes) -> "Position":
        """The inverse of `encode`. Raises DamagedState."""
        try:
            fields: Any = decode(data)
            epoch, index, digest, time_ms, slot, keep_from, worked_slot, own_round, own_cid, base_index, decided = (
                fields
            )
            position = cls(
                epoch=_cid(epoch),
                index=index,
                digest=digest,
                time_ms=time_ms,
                slot=slot,
                keep_from=keep_from,
                worked_slot=worked_slot,
                own_round=own_round,
                own_cid=_cid(own_cid),
                base_index=base_index,
                decided=tuple((at, _cid(cid)) for at, cid in decided),
            )
        except (CodecError, TypeError, ValueError) as error:
            raise DamagedState(f"the stored position of the ordering cannot be read: {error}") from None
        if not position.is_sound():
            raise DamagedState("the stored position of the ordering contradicts itself")
        return position

    def is_sound(self) -> bool:
        """Whether the fields have the types and relations that every position has."""
        numbers = (
            self.index,
            self.time_ms,
            self.slot,
            self.keep_from,
            self.worked_slot,
            self.own_round,
            self.base_index,
        )
        return (
            all(type(number) is int and number >= 0 for number in numbers)
            and is_cid(self.epoch)
            and type(self.digest) is bytes
            and len(self.digest) == DIGEST_BYTES
            and self.base_index <= self.index
            and self.worked_slot <= self.slot
            and 1 <= self.keep_from <= self.slot + 1
            and bool(self.own_cid) == bool(self.own_round)
            and all(type(slot) is int and slot > self.slot for slot, _ in self.decided)
        )


def _link(cid: bytes) -> Link | None:
    return Link(cid) if cid else None


def _cid(link: object) -> bytes:
    if link is None:
        return b""
    if not isinstance(link, Link):
        raise DamagedState("the stored position of the ordering has something else where a CID belongs")
    return bytes(link)


def opening(epoch: Epoch, index: int = 0, digest: bytes = NO_COMMIT[1], time_ms: int = 0) -> Position:
    """The position at the start of an epoch: after the last commit before it, or, by default, of a new space."""
    return Position(epoch.cid, index, digest, time_ms, base_index=index)
