"""Which leader blocks are committed: the decision rule, one leader a round.

Purpose: decide slots from the held blocks. Slot r is the leader's block of round r, committed or skipped.

Invariants
- Direct: certificates by a quorum of authors commit, blames by a quorum of authors skip.
- Indirect: the anchor is the nearest slot at r + 3 or above that is not skipped; if it is committed, slot r is
  committed iff a certificate for it lies in the ANCHOR'S CAUSAL CONE, never merely in what this node happens to hold.
- A decision is added and never changed. More blocks can add decisions; under the fault bounds of the epoch they can
  never contradict one.

It must not know a clock or what is done with a decision.

Source: Babel et al., Mysticeti, arXiv 2310.14821, algorithms 2 and 3, with one leader a round.
"""

from typing import Final

from dag.order.held import HeldBlocks

SKIP: Final = b""
"""The decision that a slot has no committed block; any other decision is the CID of the committed block."""


def decide(blocks: HeldBlocks, decided: dict[int, bytes], lowest: int, *, own_cone: bool = False) -> None:
    """Add to `decided` every slot from `lowest` up that the held blocks decide, highest first.

    Every decision from `lowest` up that was made before must be in `decided`. With `own_cone` only the cone of one's
    own last block counts.
    """
    for slot in range(blocks.top - 1, lowest - 1, -1):
        if slot in decided:
            continue
        decision = _direct(blocks, slot, own_cone=own_cone)
        if decision is None:
            decision = _indirect(blocks, decided, slot)
        if decision is not None:
            decided[slot] = decision


def _direct(blocks: HeldBlocks, slot: int, *, own_cone: bool) -> bytes | None:
    quorum = blocks.epoch.quorum
    certified = blocks.certificates(slot, own_cone=own_cone)
    committed = [cid for cid, authors in certified.items() if authors >= quorum]
    if committed:
        return min(committed)
    return SKIP if blocks.votes(slot, own_cone=own_cone)[1] >= quorum else None


def _indirect(blocks: HeldBlocks, decided: dict[int, bytes], slot: int) -> bytes | None:
    anchor_slot = slot + 3
    while decided.get(anchor_slot) == SKIP:
        anchor_slot += 1
    anchor = decided.get(anchor_slot)
    if anchor is None:
        return None
    candidates = {
        held.certifies
        for held in blocks.cone((anchor,), slot + 2)
        if held.block.round == slot + 2 and held.certifies is not None
    }
    # Two can be certified only beyond the fault bounds; then all nodes at least choose alike.
    return min(candidates, default=SKIP)
