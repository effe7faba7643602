"""Blocks from elsewhere: the rules of validity that need a block's history, and what waits for that history.

Purpose: turn arriving blocks into held ones. A block whose history or events are not all here is suspended: neither
counted nor referenced.

Invariants
- Validity is a function of a block and its history, never of what else this node holds, has committed or reads on
  its clock; so all nodes judge alike, in whatever order things arrive.
- What a block of another author has in its cone is accepted, however many variants there are; otherwise at most
  `MAX_VARIANTS` of one author and round are kept, and `MAX_SUSPENDED` suspended blocks of one author.

It must not know a clock, a key, or how blocks and events are fetched.
"""

import heapq
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final, NamedTuple, Protocol

from dag.order.backlog import MAX_NEW_BYTES, MAX_NEW_EVENTS, Batch
from dag.order.block import Block, InvalidBlock, decode_block
from dag.order.held import Held, HeldBlocks
from dag.order.state import StoredBlock

MAX_VARIANTS: Final = 64
MAX_SUSPENDED: Final = 1024
MAX_DROPPED: Final = 4096


class EventView(Protocol):
    """What the ordering sees of the event graph; "under" includes the heads themselves."""

    def lacking(self, heads: Sequence[bytes]) -> Collection[bytes]:
        """CIDs of events under these heads that are not held, or of which a signature or rule is not checked yet.

        Empty iff everything under the heads is held and valid; may name some of many, to be asked again after those.
        """

    def new_under(self, heads: Collection[bytes]) -> Iterable[tuple[bytes, int]]:
        """(CID, generation) of each event under these heads that no commit has, in any order, each once."""

    def weigh(self, heads: Sequence[bytes], known: Collection[bytes], commit: int) -> tuple[int, int]:
        """How many events, and how many bytes of them, are under `heads`, but neither under `known` nor in a commit
        of index `commit` or lower. May stop counting beyond the limits of a block."""


Archive = Callable[[bytes], StoredBlock | None]
"""The block of this CID from the database, whatever its age, or None. Only blocks that were held are in there."""


class Accepted(NamedTuple):
    """A block that is now held, and the batch of events that it brings."""

    held: Held
    batch: Batch


class Refused(NamedTuple):
    """A block that is invalid, by its history or by a rule that needs it."""

    block: Block
    error: InvalidBlock


class _Suspended(NamedTuple):
    block: Block
    seen_ms: int


class Intake:
    """Suspended blocks, and the way from arriving to held."""

    __slots__ = ("_archive", "_blocks", "_dropped", "_events", "_per_author", "_suspended", "_waiting", "base_index")

    def __init__(self, blocks: HeldBlocks, events: EventView, archive: Archive, base_index: int) -> None:
        self._blocks = blocks
        self._events = events
        self._archive = archive
        self.base_index = base_index
        self._suspended: dict[bytes, _Suspended] = {}
        self._per_author: dict[bytes, int] = {}
        self._waiting: dict[bytes, dict[bytes, None]] = {}
        """What is lacking, blocks and events alike -> the suspended blocks that wait for it."""
        self._dropped: dict[bytes, bytes] = {}
        """Variants beyond the cap -> their authors."""

    def offer(self, block: Block, seen_ms: int) -> list[Accepted | Refused]:
        """Take a verified block of this epoch; everything that became held or was refused by it, in causal order."""
        cid = block.cid
        if self.knows(cid):
            return []
        if not self._has_room(block) and not self._is_demanded(cid, block.author):
            self._dropped[cid] = block.author
            if len(self._dropped) > MAX_DROPPED:
                del self._dropped[next(iter(self._dropped))]
            return []
        self._dropped.pop(cid, None)
        self._suspended[cid] = _Suspended(block, seen_ms)
        self._per_author[block.author] = self._per_author.get(block.author, 0) + 1
        return self._settle([cid])

    def knows(self, cid: bytes) -> bool:
        """Whether a block is held or suspended."""
        return cid in self._suspended or self._find(cid) is not None

    def events_held(self, cids: Iterable[bytes]) -> list[Accepted | Refused]:
        """Events arrived and are valid; as in `offer`."""
        if not self._waiting:
            return []
        waiters = [waiter for cid in cids for waiter in self._waiting.pop(cid, ())]
        return self._settle(list(dict.fromkeys(waiters)))

    def wanted(self) -> list[bytes]:
        """CIDs of the blocks and events that suspended blocks lack and that should be fetched.

        Not among them: a variant beyond the cap, until another author's block has it in its cone.
        """
        return [
            cid
            for cid in self._waiting
            if cid not in self._suspended and (cid not in self._dropped or self._is_demanded(cid, self._dropped[cid]))
        ]

    # --- what may be kept ---------------------------------------------------------------------------------------

    def _has_room(self, block: Block) -> bool:
        variants = self._blocks.at(block.round).get(block.author, ())
        return len(variants) < MAX_VARIANTS and self._per_author.get(block.author, 0) < MAX_SUSPENDED

    def _is_demanded(self, cid: bytes, author: bytes) -> bool:
        """Whether a suspended block of another author has this one, of `author`, in its cone."""
        stack = [cid]
        seen: set[bytes] = set()
        while stack:
            for waiter in self._waiting.get(stack.pop(), ()):
                if self._suspended[waiter].block.author != author:
                    return True
                if waiter not in seen:
                    seen.add(waiter)
                    stack.append(waiter)
        return False

    # --- from suspended to held ---------------------------------------------------------------------------------

    def _settle(self, cids: list[bytes]) -> list[Accepted | Refused]:
        """Judge suspended blocks, and then those that waited for what became held."""
        settled: list[Accepted | Refused] = []
        queue = list(reversed(cids))
        while queue:
            cid = queue.pop()
            waiting = self._suspended.get(cid)
            if waiting is None:
                continue
            try:
                batch = self._judge(waiting.block)
            except InvalidBlock as error:
                settled.extend(self._refuse(cid, error))
                continue
            if batch is None:
                continue
            self._leave(waiting.block)
            settled.append(Accepted(self._blocks.add(waiting.block, waiting.seen_ms), batch))
            queue.extend(self._waiting.pop(cid, ()))
        return settled

    def _leave(self, block: Block) -> None:
        del self._suspended[block.cid]
        self._per_author[block.author] -= 1

    def _refuse(self, cid: bytes, error: InvalidBlock) -> list[Accepted | Refused]:
        """Refuse a suspended block and all that rest on it."""
        refused: list[Accepted | Refused] = []
        stack = [(cid, error)]
        while stack:
            cid, error = stack.pop()
            waiting = self._suspended.get(cid)
            if waiting is None:
                continue
            self._leave(waiting.block)
            for waiters in self._waiting.values():
                waiters.pop(cid, None)
            refused.append(Refused(waiting.block, error))
            on_this = InvalidBlock("invalid_history", cid=cid)
            stack.extend((waiter, on_this) for waiter in self._waiting.pop(cid, ()))
        self._waiting = {lacking: waiters for lacking, waiters in self._waiting.items() if waiters}
        return refused

    def _judge(self, block: Block) -> Batch | None:
        """What a block brings, or None while something is lacking. Raises InvalidBlock."""
        parents = [self._find(cid) for cid in block.parents]
        prev = None if block.prev is None else self._find(block.prev)
        lacking = [cid for cid, parent in zip(block.parents, parents, strict=True) if parent is None]
        if block.prev is not None and prev is None:
            lacking.append(block.prev)
        if not lacking:
            self._check_rounds(block, [parent.block for parent in parents if parent is not None])
            if prev is not None:
                _check_prev(block, prev.block)
            lacking = list(self._events.lacking(block.event_heads)) if block.event_heads else []
        for cid in lacking:
            self._waiting.setdefault(cid, {})[block.cid] = None
        if lacking:
            return None
        batch = self.batch_of(block)
        if batch.events > MAX_NEW_EVENTS or batch.size > MAX_NEW_BYTES:
            raise InvalidBlock("too_many_events", events=batch.events, bytes=batch.size)
        return batch

    def batch_of(self, block: Block) -> Batch:
        """What a block brings that its parents do not; all its history and events are held."""
        if not block.event_heads:
            return Batch((), 0, 0)
        commit, known = self._known_to_parents(block)
        return Batch(block.event_heads, *self._events.weigh(block.event_heads, known, commit))

    def _check_rounds(self, block: Block, parents: list[Block]) -> None:
        authors = {parent.author for parent in parents}
        for parent in parents:
            if parent.round != block.round - 1:
                raise InvalidBlock("parent_wrong_round", round=block.round, parent_round=parent.round)
        if len(authors) < len(parents):
            raise InvalidBlock("two_parents_of_one_author")
        if block.round > 1 and len(authors) < self._blocks.epoch.quorum:
            raise InvalidBlock("too_few_parents", parents=len(authors), quorum=self._blocks.epoch.quorum)

    def _known_to_parents(self, block: Block) -> tuple[int, set[bytes]]:
        """What the parents' cones bring: all commits to an index, and all that is under these further heads.

        The index is that of the highest commit whose leader is in the cones. A node that has executed fewer commits
        finds a lower index and more heads, but they mean the same set of events; so does the order of the walk, from
        high rounds to low, which only makes it short: leaders are met before what they linearised.
        """
        commit, heads = self.base_index, set[bytes]()
        queue = [(1 - block.round, cid) for cid in block.parents]
        heapq.heapify(queue)
        seen = set(block.parents)
        while queue:
            cid = heapq.heappop(queue)[1]
            held = self._blocks.get(cid)
            if held is None:
                if self._blocks.forgotten <= commit:
                    continue
                held = self._find(cid)
                assert held is not None, "all history of a held block is held"
            commit = max(commit, held.led)
            if 0 < held.commit <= commit:
                continue
            heads.update(held.block.event_heads)
            below = [(1 - held.block.round, parent) for parent in held.block.parents]
            if held.block.prev is not None:
                prev = self._blocks.get(held.block.prev)
                below.append((0 if prev is None else -prev.block.round, held.block.prev))
            for place in below:
                if place[1] not in seen:
                    seen.add(place[1])
                    heapq.heappush(queue, place)
        return commit, heads

    def _find(self, cid: bytes) -> Held | None:
        """A held block, from memory or else from the database."""
        held = self._blocks.get(cid)
        if held is not None:
            return held
        stored = self._archive(cid)
        if stored is None:
            return None
        block = decode_block(stored.raw)
        if block.epoch != self._blocks.epoch.cid:
            return None
        return Held(block, stored.seen_ms, stored.commit, stored.led)


def _check_prev(block: Block, prev: Block) -> None:
    if prev.author != block.author:
        raise InvalidBlock("prev_not_own")
    if prev.round >= block.round:
        raise InvalidBlock("prev_not_lower", round=block.round, prev_round=prev.round)
