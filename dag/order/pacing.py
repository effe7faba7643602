"""Rounds: when one is entered, when to propose in it, and whether the leader's clock is to be believed.

Purpose: the local, clock-driven half of the rule. Nothing here bears on safety: any answer gives valid blocks.

Invariants
- A round is entered when a quorum's blocks of the round before are held and every skipped round's slot two below is
  decided. Jumping ahead without the second condition can kill liveness (Qiu, Xiao, Shao, S&P 2026).
- The leader's block is a parent whenever it is held; a clock out of tolerance costs it the vote, never the reference.
- A local clock that jumps back restarts the wait for the round; it never lengthens it by the jump.
- One's own block is never refused for its clock, which was one's own: so a lone validator never waits.

It must not read a clock (readings are parameters) or know why there is work.
"""

from collections.abc import Callable
from typing import Final

from dag.order.block import Block
from dag.order.held import Held, HeldBlocks

TOLERANCE_MS: Final = 5_000
_MAX_DOUBLINGS: Final = 40
"""5 s doubled 40 times is 174,000 years: beyond any clock."""


def tolerance_ms(slot: int, lowest: int) -> int:
    """By how much a leader's clock may differ: 5 s, doubled for each slot from the third above `lowest` on.

    `lowest` is the lowest slot not yet emitted: the further deciding lags behind, the more is forgiven.
    """
    return TOLERANCE_MS << min(max(0, slot - lowest - 2), _MAX_DOUBLINGS)


class Pacing:
    """The round this node is in. `own_round` is the round of its last block, 0 before any."""

    __slots__ = ("_author", "_blocks", "_delta_ms", "_entered_ms", "_late", "own_round", "round")

    def __init__(self, blocks: HeldBlocks, delta_ms: int, author: bytes | None, own_round: int) -> None:
        self._blocks = blocks
        self._author = author
        self._delta_ms = delta_ms
        self.own_round = own_round
        self.round = max(1, own_round)
        self._entered_ms: int | None = None
        self._late: dict[bytes, int] = {}
        """Leaders that timed out -> the round at which they did."""

    def enter(self, is_decided: Callable[[int], bool], now_ms: int) -> None:
        """Move to the highest round that can be entered."""
        if self._entered_ms is None or now_ms < self._entered_ms:
            self._entered_ms = now_ms
        blocks, round_ = self._blocks, max(self.round, self._blocks.keep_from)
        while len(blocks.at(round_)) >= blocks.epoch.quorum and (round_ <= self.own_round or is_decided(round_ - 2)):
            round_ += 1
        if round_ > self.round:
            self.round = round_
            self._entered_ms = now_ms

    def heard(self, block: Block) -> None:
        """A block became held: a leader that timed out is back if it is of a later round."""
        if self._late.get(block.author, block.round) < block.round:
            del self._late[block.author]

    def moment(self, now_ms: int, lowest: int) -> tuple[int, bool]:
        """When to propose in this round unless something arrives before, and whether to refuse the leader then.

        A time not after `now_ms` means now; for a later time the second answer does not count.
        """
        timeout_ms = self._timeout_ms
        if now_ms < timeout_ms and not self._is_ready():
            return timeout_ms, False
        leader = self._leader()
        if leader is None or leader.block.author == self._author:
            return now_ms, False
        tolerance = tolerance_ms(self.round - 1, lowest)
        if leader.seen_ms - leader.block.ts > tolerance:
            return now_ms, True
        fits_ms = leader.block.ts - tolerance
        if fits_ms <= now_ms:
            return now_ms, False
        # Too new: waiting is of use only if the local clock gets there before the timeout.
        return (now_ms, True) if fits_ms > timeout_ms else (fits_ms, False)

    def proposed(self, now_ms: int) -> None:
        """One's own block of this round was made."""
        self.own_round = self.round
        if self.round > 1 and self._leader() is None and now_ms >= self._timeout_ms:
            self._late[self._blocks.epoch.leader(self.round - 1)] = self.round - 1

    @property
    def _timeout_ms(self) -> int:
        assert self._entered_ms is not None, "a round is entered before one proposes in it"
        return self._entered_ms + 2 * self._delta_ms

    def _leader(self) -> Held | None:
        """The block of the round before that this round votes on: the first that came, if there are variants."""
        round_ = self.round - 1
        variants = self._blocks.at(round_).get(self._blocks.epoch.leader(round_))
        return variants[0] if variants else None

    def _is_ready(self) -> bool:
        blocks, quorum = self._blocks, self._blocks.epoch.quorum
        if len(blocks.at(self.round)) >= quorum or self.round == 1:
            return True
        if self._leader() is None and blocks.epoch.leader(self.round - 1) not in self._late:
            return False
        if self.round == 2:
            return True
        votes, blames = blocks.votes(self.round - 2)
        return blames >= quorum or max(votes.values(), default=0) >= quorum
