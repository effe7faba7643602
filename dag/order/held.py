"""The valid blocks that are held with all their history: votes, certificates, and causal cones.

Purpose: the one picture of the block graph that deciding, linearising and proposing look at.

Invariants
- A block is put here only after everything in its cone was. What it votes for and certifies is fixed by its parents,
  so it is worked out once, here.
- Variants (several blocks of one author in one round) are all kept; votes and certificates count authors.
- What was linearised and lies below `keep_from` is forgotten: no later decision, vote or cone query can reach it.

It must not know a clock, a key or an event.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from dag.order.block import Block
from dag.order.config import Epoch

_NOBODY: Final[Mapping[bytes, "list[Held]"]] = {}


class Held:
    """One held block and what follows from it.

    `seen_ms`: the local clock when it first arrived. `commit`: the index of the commit that linearised it, 0 before.
    `led`: the index of the commit that it led, 0 if none. `is_own_cone`: in the cone of this node's last block.
    `vote`: the leader block of the round before that it votes for; None is a blame. `certifies`: the leader block
    two rounds before for which its parents hold a quorum of votes, if any.
    """

    __slots__ = ("block", "certifies", "commit", "is_own_cone", "led", "seen_ms", "vote")

    def __init__(self, block: Block, seen_ms: int, commit: int, led: int) -> None:
        self.block = block
        self.seen_ms = seen_ms
        self.commit = commit
        self.led = led
        self.is_own_cone = False
        self.vote: bytes | None = None
        self.certifies: bytes | None = None


class HeldBlocks:
    """The blocks of one epoch, by CID and by round and author."""

    __slots__ = ("_by_cid", "_left_below", "_outside_own_cone", "_rounds", "epoch", "forgotten", "keep_from", "top")

    def __init__(self, epoch: Epoch, keep_from: int, forgotten: int) -> None:
        self.epoch = epoch
        self.keep_from = keep_from
        """Blocks of this round and above are kept; below it only those not yet linearised."""
        self.forgotten = forgotten
        """No forgotten block was linearised by a commit of a higher index."""
        self.top = 0
        """The highest round of a held block."""
        self._by_cid: dict[bytes, Held] = {}
        self._rounds: dict[int, dict[bytes, list[Held]]] = {}
        self._left_below: set[int] = set()
        self._outside_own_cone = 0

    def __len__(self) -> int:
        return len(self._by_cid)

    def __iter__(self) -> Iterator[Held]:
        return iter(self._by_cid.values())

    def get(self, cid: bytes) -> Held | None:
        return self._by_cid.get(cid)

    def at(self, round_: int) -> Mapping[bytes, list[Held]]:
        """The blocks of a round, by author, variants in the order in which they came to be held."""
        return self._rounds.get(round_, _NOBODY)

    def add(self, block: Block, seen_ms: int, commit: int = 0, led: int = 0) -> Held:
        """Hold a block; what it rests on must be held or forgotten. Below `keep_from` no vote of it matters."""
        held = Held(block, seen_ms, commit, led)
        leader = self.epoch.leader(block.round - 1)
        votes: dict[bytes, int] = {}
        for cid in block.parents:
            parent = self._by_cid.get(cid)
            if parent is None:
                continue
            if parent.block.author == leader and not block.refuse_leader:
                held.vote = cid
            if parent.vote is not None:
                votes[parent.vote] = votes.get(parent.vote, 0) + 1
        for cid, count in votes.items():
            # Parents are of distinct authors and a quorum is more than half, so at most one reaches it.
            if count >= self.epoch.quorum:
                held.certifies = cid
        self._by_cid[block.cid] = held
        self._rounds.setdefault(block.round, {}).setdefault(block.author, []).append(held)
        self._outside_own_cone += 1
        if block.round > self.top:
            self.top = block.round
        if block.round < self.keep_from:
            self._left_below.add(block.round)
        return held

    # --- slots --------------------------------------------------------------------------------------------------

    def votes(self, slot: int, *, own_cone: bool = False) -> tuple[dict[bytes, int], int]:
        """Of the blocks of round slot + 1: how many authors vote for each leader block, and how many blame the slot.

        An author with variants may do several of these. `own_cone` looks at the cone of one's own last block only.
        """
        votes: dict[bytes, int] = {}
        blames = 0
        for variants in self.at(slot + 1).values():
            said = {held.vote for held in variants if held.is_own_cone or not own_cone}
            for cid in said:
                if cid is None:
                    blames += 1
                else:
                    votes[cid] = votes.get(cid, 0) + 1
        return votes, blames

    def certificates(self, slot: int, *, own_cone: bool = False) -> dict[bytes, int]:
        """How many authors have a certificate in round slot + 2 for each leader block of the slot."""
        counts: dict[bytes, int] = {}
        for variants in self.at(slot + 2).values():
            for cid in {held.certifies for held in variants if held.is_own_cone or not own_cone}:
                if cid is not None:
                    counts[cid] = counts.get(cid, 0) + 1
        return counts

    # --- cones --------------------------------------------------------------------------------------------------

    def cone(self, starts: Iterable[bytes], floor: int) -> Iterator[Held]:
        """The held blocks at or above round `floor` in the causal cones of these blocks, each once, these included."""
        stack = list(starts)
        seen: set[bytes] = set()
        while stack:
            cid = stack.pop()
            held = self._by_cid.get(cid)
            if cid in seen or held is None or held.block.round < floor:
                continue
            seen.add(cid)
            yield held
            stack.extend(held.block.parents)
            if held.block.prev is not None:
                stack.append(held.block.prev)

    def linearise(self, leader: bytes, commit: int) -> list[Held]:
        """Mark the blocks in a leader's cone that no earlier commit has as this commit's; they are returned."""
        fresh: list[Held] = []
        stack = [leader]
        while stack:
            held = self._by_cid.get(stack.pop())
            if held is None or held.commit:
                continue
            held.commit = commit
            fresh.append(held)
            stack.extend(held.block.parents)
            if held.block.prev is not None:
                stack.append(held.block.prev)
        return fresh

    def enter_own_cone(self, own: bytes) -> list[Held]:
        """Mark the cone of a new own block as one's own cone; the blocks that were not in it before are returned."""
        fresh: list[Held] = []
        stack = [own]
        while stack:
            held = self._by_cid.get(stack.pop())
            if held is None or held.is_own_cone:
                continue
            held.is_own_cone = True
            fresh.append(held)
            stack.extend(held.block.parents)
            if held.block.prev is not None:
                stack.append(held.block.prev)
        self._outside_own_cone -= len(fresh)
        return fresh

    @property
    def is_all_own_cone(self) -> bool:
        """Whether the cone of one's own last block is all that is held."""
        return self._outside_own_cone == 0

    # --- forgetting ---------------------------------------------------------------------------------------------

    def forget_below(self, keep_from: int) -> None:
        """Forget what is linearised and below this round; the bound never falls."""
        if keep_from > self.keep_from:
            self._left_below.update(range(self.keep_from, keep_from))
            self.keep_from = keep_from
        for round_ in tuple(self._left_below):
            authors = self._rounds.get(round_, {})
            for author, variants in tuple(authors.items()):
                kept = [held for held in variants if not held.commit]
                for held in variants:
                    if held.commit:
                        self.forgotten = max(self.forgotten, held.commit)
                        del self._by_cid[held.block.cid]
                        self._outside_own_cone -= not held.is_own_cone
                if kept:
                    authors[author] = kept
                else:
                    del authors[author]
            if not authors:
                self._rounds.pop(round_, None)
                self._left_below.discard(round_)
