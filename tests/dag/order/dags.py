"""Block graphs drawn as text, for tests of the decision rule. No signatures: held blocks were checked before.

A line is a round, a word a block: author, `!` if it refuses the leader, `:` and its parents of the round before. The
letters A, B, C, ... are the authors in the order in which they lead, so A leads round 1, B round 2, and so on
around. Lower case is an author's second block of a round (as author and as parent).

    A B C D
    A:ABC B:ABCD C!:ABC a:BCD
"""

from hashlib import sha256

from dag.cid import DAG_CBOR_PREFIX
from dag.order.block import NO_COMMIT, Block
from dag.order.decide import SKIP, decide
from dag.order.held import HeldBlocks
from tests.dag.order.simulation import epoch_of


def block_cid(label: str) -> bytes:
    return DAG_CBOR_PREFIX + sha256(label.encode()).digest()


class Dag:
    def __init__(self, n: int, text: str, faults: tuple[int, int] | None = None) -> None:
        self.epoch, _ = epoch_of(n, faults)
        self.blocks = HeldBlocks(self.epoch, 1, 0)
        self.decided: dict[int, bytes] = {}
        self.round = 0
        self.last: dict[str, str] = {}
        self.grow(text)

    def grow(self, text: str) -> "Dag":
        for line in text.strip().splitlines():
            self.round += 1
            made = []
            for word in line.split():
                name, _, parents = word.partition(":")
                made.append(self._add(name[0], parents, refuse="!" in name))
            self.last.update(made)
        return self

    def _add(self, letter: str, parents: str, *, refuse: bool) -> tuple[str, str]:
        label = f"{letter}{self.round}"
        prev = self.last.get(letter)
        self.blocks.add(
            Block(
                cid=block_cid(label),
                raw=b"",
                epoch=self.epoch.cid,
                round=self.round,
                author=self.epoch.leader(1 + "ABCDEFG".index(letter.upper())),
                parents=tuple(block_cid(f"{parent}{self.round - 1}") for parent in parents),
                refuse_leader=refuse,
                prev=None if prev is None else block_cid(prev),
                event_heads=(),
                last_commit=NO_COMMIT,
                ts=0,
                sig=b"",
            ),
            seen_ms=0,
        )
        return letter, label

    def name(self, cid: bytes) -> str:
        labels = (f"{letter}{number}" for letter in "ABCDEFGabcdefg" for number in range(1, self.round + 1))
        return "skip" if cid == SKIP else next(label for label in labels if block_cid(label) == cid)

    def decisions(self) -> str:
        """What is decided now, as `slot=block` or `slot=skip`, in order of slots."""
        decide(self.blocks, self.decided, 1)
        return " ".join(f"{slot}={self.name(cid)}" for slot, cid in sorted(self.decided.items()))
