"""The ordering of one space's events in one epoch, as one node sees it: start reading here.

Purpose: put the parts together behind inputs (`admit`, `events_held`, `receive`, `set_timer`, `executed`) and one
output, `poll`. Whoever owns the database and the network drives it like this, whatever the number of validators:

    with database.transaction():
        orderer.admit(heads, events=..., size=...)          # or receive(...), or nothing: a time to be woken came
        while (out := orderer.poll(now_ms)) is not None:
            if isinstance(out, Commit):
                digest, ran_timers = execute(out)           # commit k is executed before k + 1 is given out
                orderer.executed(digest, ran_timers=ran_timers)
            else:
                store(out)
        store(orderer.position().encode())
    write_guard(orderer.guard); send(own new blocks); wake at orderer.wake_at_ms

A lone validator goes through the same calls: its own three blocks commit what was admitted, within the one loop.

Invariants
- It never makes two blocks for one (epoch, round); with the guard, also across crashes and restores.
- Commits come one at a time, with indices without gaps, times that never fall, and each event once.
- Without work it makes no block and asks for no timer: an idle space is silent.
- If anything that `poll` gave could not be stored, the orderer is ahead of its database: drop it and make a new one.

It must not know a socket, a database, or a clock of its own.
"""

from collections import deque
from collections.abc import Iterable
from typing import Final

import msgspec

from dag.keys import SigningKey
from dag.order.backlog import Backlog, Batch
from dag.order.block import Block, InvalidBlock, decode_block, sign_block, verify_block
from dag.order.config import Epoch
from dag.order.decide import SKIP, decide
from dag.order.guard import Guard, RestoredDatabase, check_guard
from dag.order.held import Held, HeldBlocks
from dag.order.intake import Accepted, Archive, EventView, Intake, Refused
from dag.order.linear import order_events
from dag.order.pacing import Pacing
from dag.order.state import DamagedState, Position, StoredBlock

_MAX_DIGESTS: Final = 1024


class NewBlock(msgspec.Struct, frozen=True, eq=False):
    """A block to store, with `commit` and `led` 0. An own one is then sent, once it and the guard are safe."""

    block: Block
    seen_ms: int
    is_own: bool


class Commit(msgspec.Struct, frozen=True, eq=False):
    """The next step of the one order; to be executed and then acknowledged with `executed`.

    `index` counts commits from 1, empty ones too. `leader` is the CID of the committed block of round `slot`. `events`
    are event CIDs in order. `blocks` are the ordering blocks that this commit linearises, the leader among them: the
    database sets their `commit` to `index`, and the leader's `led`. Timers due at `time_ms` run before the events.
    """

    index: int
    slot: int
    leader: bytes
    time_ms: int
    events: tuple[bytes, ...]
    blocks: tuple[bytes, ...]


class Rejected(msgspec.Struct, frozen=True, eq=False):
    """A received block that is invalid for a reason that showed only with its history. Nothing is to be stored."""

    block: Block
    error: InvalidBlock


class Mismatch(msgspec.Struct, frozen=True, eq=False):
    """A validator states another result of a commit that this node executed. To be shown to the operator."""

    author: bytes
    index: int
    ours: bytes
    theirs: bytes


class Diverged(Exception):
    """More than b validators state another result of a commit: this node, or all of them, must not go on.

    Not the peers' bug and not a refusal: a fault of the software, or of the machine. `mismatches` says who and what.
    """

    def __init__(self, mismatches: tuple[Mismatch, ...]) -> None:
        super().__init__(
            f"the result of commit {mismatches[-1].index} differs between validators; ordering is stopped. "
            "Verify this node's history (icn dag verify) and compare it with another node's."
        )
        self.mismatches = mismatches


Output = NewBlock | Commit | Rejected | Mismatch


def check_block(raw: bytes, epoch: Epoch) -> Block:
    """The block of bytes from elsewhere, with all that can be judged without its history. Raises InvalidBlock."""
    block = decode_block(raw)
    if block.epoch != epoch.cid:
        raise InvalidBlock("wrong_epoch", epoch=block.epoch)
    if block.author not in epoch.authors:
        raise InvalidBlock("not_a_validator", author=block.author)
    verify_block(block)
    return block


class Orderer:
    """One node's ordering in one epoch, going on from what its database keeps.

    `position` and `blocks` are as `state` says; `opening(epoch)` and nothing start a space. `key` is None for a node
    that only follows. A validator must give its guard; raises RestoredDatabase when it may not sign (a new orderer
    without a key then still follows), and DamagedState.

    After construction the caller writes `guard` if it differs from the one given, and admits again the admitted
    events that are not committed.
    """

    def __init__(
        self,
        epoch: Epoch,
        position: Position,
        blocks: Iterable[StoredBlock],
        *,
        events: EventView,
        archive: Archive,
        delta_ms: int,
        key: SigningKey | None = None,
        guard: Guard | None = None,
    ) -> None:
        if position.epoch != epoch.cid:
            raise DamagedState("the stored position of the ordering is of another epoch")
        self.epoch = epoch
        self.index, self._digest, self.time_ms = position.index, position.digest, position.time_ms
        self.wake_at_ms: int | None = None
        """When to poll although nothing arrived, by the local clock; None: no need. Valid once `poll` gave None."""
        self.refuses_to_sign: RestoredDatabase | None = None
        """Why this validator stopped making blocks while it ran, if it did."""
        self._key = key if key is not None and key.author in epoch.authors else None
        self._delta_ms = delta_ms
        self._events = events
        self._timer_ms: int | None = None
        self._lowest = position.slot + 1
        self._decided = dict(position.decided)
        self._worked_slot = position.worked_slot
        self._own_cid = position.own_cid
        self._executing: Commit | None = None
        self._out: deque[Output] = deque()
        self._digests: dict[int, bytes] = {position.index: position.digest}
        self._claims: dict[int, dict[bytes, bytes]] = {}
        self._mismatches: dict[bytes, Mismatch] = {}
        self._blocks = HeldBlocks(epoch, position.keep_from, position.index)
        self._intake = Intake(self._blocks, events, archive, position.base_index)
        self._pacing = Pacing(self._blocks, delta_ms, key.author if key is not None else None, position.own_round)
        self._backlog = Backlog()
        self._is_undecided = True
        self._is_own_cone_new = True
        self._reload(blocks)
        if self._key is not None:
            self._check_may_sign(self._key.author, guard)

    def _reload(self, stored: Iterable[StoredBlock]) -> None:
        decoded: list[tuple[Block, StoredBlock]] = []
        for row in stored:
            try:
                block = decode_block(row.raw)
            except InvalidBlock as error:
                raise DamagedState(f"a stored ordering block cannot be read: {error}") from None
            if block.epoch == self.epoch.cid:
                decoded.append((block, row))
        decoded.sort(key=lambda pair: pair[0].round)
        for block, row in decoded:
            self._blocks.add(block, row.seen_ms, row.commit, row.led)
        if self._own_cid:
            self._blocks.enter_own_cone(self._own_cid)
        for held in self._blocks:
            if not held.commit and held.block.event_heads:
                self._await(self._intake.batch_of(held.block), held)

    def _check_may_sign(self, author: bytes, guard: Guard | None) -> None:
        own: dict[int, bytes] = {}
        for held in self._blocks:
            block = held.block
            if block.author == author:
                if not held.is_own_cone:
                    raise RestoredDatabase("own_block_from_elsewhere", self._guard_of(block), self.guard)
                own[block.round] = block.cid
        check_guard(guard, self.guard, own)

    # --- inputs -------------------------------------------------------------------------------------------------

    def admit(self, heads: Iterable[bytes], *, events: int, size: int) -> None:
        """Admitted events that no commit has: the heads that cover them, how many they are, and their bytes.

        `events` and `size` may say too much, never too little. At most 1,024 heads, 4,096 events and 4 MiB at once.
        """
        if self._key is not None:
            self._backlog.admit(Batch(tuple(dict.fromkeys(heads)), events, size))

    def events_held(self, cids: Iterable[bytes]) -> None:
        """Events that `EventView.lacking` named, or may have named, are held and valid now."""
        self._settled(self._intake.events_held(cids))

    def receive(self, raw: bytes, now_ms: int) -> None:
        """A block from elsewhere, in any order, any number of times. Raises InvalidBlock (see `check_block`)."""
        self.place(check_block(raw, self.epoch), now_ms)

    def place(self, block: Block, now_ms: int) -> None:
        """`receive` for a block that `check_block` gave."""
        if self._key is not None and block.author == self._key.author and not self._intake.knows(block.cid):
            self.refuses_to_sign = RestoredDatabase("own_block_from_elsewhere", self._guard_of(block), self.guard)
        self._settled(self._intake.offer(block, now_ms))

    def set_timer(self, due_ms: int | None) -> None:
        """When the kernel's earliest timer is due; None without one. To be called whenever that changes."""
        self._timer_ms = due_ms

    def executed(self, digest: bytes, *, ran_timers: bool) -> None:
        """The commit that `poll` gave last was executed; `digest` is the root of the log after it."""
        assert self._executing is not None, "only what poll gave can have been executed"
        commit = self._executing
        self._executing = None
        self._digest = digest
        self._digests[commit.index] = digest
        if len(self._digests) > _MAX_DIGESTS:
            del self._digests[next(iter(self._digests))]
        for author, theirs in self._claims.pop(commit.index, {}).items():
            self._compare(author, commit.index, theirs)
        self._backlog.committed(commit.events)
        if commit.events or ran_timers:
            self._worked_slot = commit.slot
            self._is_own_cone_new = True
        self._check_own_cone()
        self._blocks.forget_below(self._worked_slot or commit.slot)

    # --- output -------------------------------------------------------------------------------------------------

    def poll(self, now_ms: int) -> Output | None:
        """The next thing to do, None when there is none for now; `now_ms` is the local clock, Unix milliseconds.

        Raises Diverged.
        """
        assert self._executing is None, "a commit is acknowledged with executed() before the next poll"
        while not self._out:
            if len(self._mismatches) > self.epoch.b:
                raise Diverged(tuple(self._mismatches.values()))
            commit = self._next_commit()
            if commit is not None:
                return commit
            if not self._propose(now_ms):
                return None
        return self._out.popleft()

    @property
    def guard(self) -> Guard:
        """How far this node has signed, to be written outside the database once the own blocks are safe in it."""
        return Guard(self.epoch.number, self._pacing.own_round, self._own_cid or self.epoch.cid)

    def position(self) -> Position:
        """What the database keeps to go on from here; not while a commit is being executed."""
        assert self._executing is None, "a commit is acknowledged with executed() before the position is stored"
        return Position(
            epoch=self.epoch.cid,
            index=self.index,
            digest=self._digest,
            time_ms=self.time_ms,
            slot=self._lowest - 1,
            keep_from=self._blocks.keep_from,
            worked_slot=self._worked_slot,
            own_round=self._pacing.own_round,
            own_cid=self._own_cid,
            base_index=self._intake.base_index,
            decided=tuple(sorted(self._decided.items())),
        )

    def wanted(self) -> list[bytes]:
        """CIDs of blocks and events to fetch, for want of which received blocks are not counted."""
        return self._intake.wanted()

    @property
    def round(self) -> int:
        """The round this node is in; for showing."""
        return self._pacing.round

    @property
    def held_blocks(self) -> int:
        """How many blocks are in memory; for showing."""
        return len(self._blocks)

    def has_work(self, now_ms: int) -> bool:
        """Whether there is a reason to propose: the gate that keeps an idle space silent."""
        if self._backlog or (self._timer_ms is not None and now_ms > self._timer_ms + self._delta_ms):
            return True
        self._check_own_cone()
        return self._worked_slot > 0

    # --- inside -------------------------------------------------------------------------------------------------

    def _guard_of(self, block: Block) -> Guard:
        return Guard(self.epoch.number, block.round, block.cid)

    def _settled(self, settled: list[Accepted | Refused]) -> None:
        for item in settled:
            if isinstance(item, Refused):
                self._out.append(Rejected(item.block, item.error))
                continue
            held = item.held
            self._is_undecided = True
            self._out.append(NewBlock(held.block, held.seen_ms, is_own=False))
            self._pacing.heard(held.block)
            self._await(item.batch, held)
            self._hear_claim(held.block)

    def _await(self, batch: Batch, held: Held) -> None:
        """What a held block references counts as admitted, so that not only the node that admitted it sees work."""
        if self._key is None or not batch.heads:
            return
        new = {cid for cid, _ in self._events.new_under(batch.heads)}
        heads = tuple(head for head in batch.heads if head in new)
        self._backlog.admit(Batch(heads, batch.events, batch.size))
        if held.is_own_cone:
            self._backlog.proposed(heads)

    def _hear_claim(self, block: Block) -> None:
        index, digest = block.last_commit
        if index in self._digests:
            self._compare(block.author, index, digest)
        elif self.index < index < self.index + _MAX_DIGESTS:
            self._claims.setdefault(index, {})[block.author] = digest

    def _compare(self, author: bytes, index: int, theirs: bytes) -> None:
        ours = self._digests[index]
        if theirs != ours and author not in self._mismatches:
            self._mismatches[author] = Mismatch(author, index, ours, theirs)
            self._out.append(self._mismatches[author])

    def _is_decided(self, slot: int) -> bool:
        return slot < self._lowest or slot in self._decided

    def _next_commit(self) -> Commit | None:
        if self._is_undecided:
            decide(self._blocks, self._decided, self._lowest)
            self._is_undecided = False
        while (decision := self._decided.pop(self._lowest, None)) is not None:
            slot = self._lowest
            self._lowest += 1
            if decision != SKIP:
                return self._commit(slot, decision)
        return None

    def _commit(self, slot: int, cid: bytes) -> Commit:
        leader = self._blocks.get(cid)
        assert leader is not None, "a committed block is held"
        self.index += 1
        self.time_ms = max(self.time_ms, leader.block.ts)
        leader.led = self.index
        fresh = self._blocks.linearise(cid, self.index)
        heads = {head for held in fresh for head in held.block.event_heads}
        events = order_events(cid, self._events.new_under(heads)) if heads else ()
        # Even a head that was wrongly admitted twice stops being work here, so the gate closes.
        self._backlog.committed(heads)
        blocks = tuple([held.block.cid for held in fresh])
        commit = Commit(self.index, slot, cid, self.time_ms, events, blocks)
        self._executing = commit
        return commit

    def _check_own_cone(self) -> None:
        """Forget the last commit with an event or timer once the cone of one's own last block decides it."""
        if not self._worked_slot or not self._is_own_cone_new:
            return
        self._is_own_cone_new = False
        if self._key is None or self._blocks.is_all_own_cone:
            self._worked_slot = 0
            return
        seen: dict[int, bytes] = {}
        decide(self._blocks, seen, self._worked_slot, own_cone=True)
        if seen.get(self._worked_slot, SKIP) != SKIP:
            self._worked_slot = 0

    def _propose(self, now_ms: int) -> bool:
        """Make one's own block of the round if it is time to; else note when to look again."""
        self.wake_at_ms = None
        if self._key is None or self.refuses_to_sign is not None:
            return False
        pacing = self._pacing
        pacing.enter(self._is_decided, now_ms)
        if not self.has_work(now_ms):
            if self._timer_ms is not None:
                self.wake_at_ms = self._timer_ms + self._delta_ms + 1
            return False
        if pacing.round == pacing.own_round:
            return False
        at_ms, refuse_leader = pacing.moment(now_ms, self._lowest)
        if at_ms > now_ms:
            self.wake_at_ms = at_ms
            return False
        self._sign(self._key, now_ms, refuse_leader=refuse_leader)
        return True

    def _sign(self, key: SigningKey, now_ms: int, *, refuse_leader: bool) -> None:
        round_ = self._pacing.round
        assert round_ > self._pacing.own_round, "never two blocks for one round"
        parents = [variants[0].block.cid for variants in self._blocks.at(round_ - 1).values()]
        for cid in parents:
            for held in self._blocks.enter_own_cone(cid):
                self._backlog.proposed(held.block.event_heads)
        block = sign_block(
            key,
            epoch=self.epoch.cid,
            round_=round_,
            parents=parents,
            refuse_leader=refuse_leader,
            prev=self._own_cid or None,
            event_heads=self._backlog.take(),
            last_commit=(self.index, self._digest),
            ts=now_ms,
        )
        self._blocks.add(block, now_ms)
        self._blocks.enter_own_cone(block.cid)
        self._pacing.proposed(now_ms)
        self._own_cid = block.cid
        self._is_undecided = self._is_own_cone_new = True
        self._out.append(NewBlock(block, now_ms, is_own=True))
