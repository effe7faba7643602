"""The guard: what makes a restored database unable to sign a round twice.

Purpose: a validator keeps, outside its database and outside every backup, how far it has signed. The order of
things: sign; commit the block to the database (fsync); write the guard (fsync); send. So a guard may be behind its
database, by a crash between the two, and is then repaired. A guard that is missing, ahead of the database or of
another history means that the database is not the one this node last wrote.

An opening guard (round 0) is written before the first block of an epoch reaches the database: at the creation of a
space, and when a recovery epoch is taken up. A crash right after the first commit then leaves a guard that is behind,
never one that is missing.

It must not know where the guard is kept.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from dag.order.config import Epoch


class Guard(NamedTuple):
    """How far this node has signed: the epoch's number, the round, and the CID of its block in it.

    With round 0, before any block of the epoch, `cid` is that of the epoch's configuration.
    """

    epoch: int
    round: int
    cid: bytes


def opening_guard(epoch: Epoch) -> Guard:
    """The guard to write before any block of an epoch is stored."""
    return Guard(epoch.number, 0, epoch.cid)


class RestoredDatabase(Exception):
    """This node refuses to sign: its database is older than, or another than, what it has signed.

    `code` is `guard_missing`, `guard_ahead`, `guard_differs` (another block for the same round), or
    `own_block_from_elsewhere` (a peer sent a block with this node's signature that the database lacks). `guard` and
    `database` say how far each is (`guard` None when missing).
    """

    def __init__(
        self,
        code: Literal["guard_missing", "guard_ahead", "guard_differs", "own_block_from_elsewhere"],
        guard: Guard | None,
        database: Guard,
    ) -> None:
        told = "no guard" if guard is None else f"epoch {guard.epoch} round {guard.round}"
        super().__init__(
            f"refusing to sign ({code}): signed {told}, but the database is at epoch {database.epoch} round "
            f"{database.round}. It was restored from a backup, or the node runs elsewhere too. Stop the other node if "
            "there is one; otherwise start a recovery epoch with the recovery key."
        )
        self.code = code
        self.guard = guard
        self.database = database


def check_guard(guard: Guard | None, database: Guard, own_blocks: Mapping[int, bytes]) -> None:
    """Raise RestoredDatabase unless this database may go on signing.

    `database` is how far the database says this node has signed, `own_blocks` the CIDs of own blocks of the same
    epoch by round, as far as they are at hand.
    """
    if guard is None:
        raise RestoredDatabase("guard_missing", None, database)
    if guard[:2] > database[:2]:
        raise RestoredDatabase("guard_ahead", guard, database)
    if guard.epoch < database.epoch:
        return  # every block of an older epoch was signed for that epoch only
    known = database.cid if guard.round == database.round else own_blocks.get(guard.round, guard.cid)
    if guard.round and guard.cid != known:
        raise RestoredDatabase("guard_differs", guard, database)
