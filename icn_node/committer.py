"""Group commit: whatever is submitted while a commit runs becomes the next one.

Two tasks in a row: signatures are verified (in the verifier process, so that one batch is verified while the one
before is executed), then the batch is committed in one transaction of the space. A lone event takes no detour.

Bounds: at most MOST_WAITING events or bytes wait in all, and MOST_PER_AUTHOR of one author, so a member who floods is
told to slow down while the others are served. It must not know sockets or commands.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence

import trio

from icn_node.receipts import Receipt, SpaceStopped
from icn_node.space import Space
from icn_node.verifier import Verifier

MOST_WAITING = 16_384
MOST_WAITING_BYTES = 32 << 20
MOST_PER_AUTHOR = 256
MOST_PER_AUTHOR_BYTES = 1 << 20
BATCH = 1_024  # events verified and committed together
RETRY_S = 5.0  # after a fault of the machine while timers were to run
INLINE = 16  # up to so many are verified here: asking the process would take longer

_AUTHOR = b"\x66author\x58\x22"


class Flooding(Exception):
    """Too much is waiting, in all or of one author; try again in `retry_after_ms`."""

    def __init__(self, retry_after_ms: int, author: bool) -> None:
        whose = "of this member" if author else "in all"
        super().__init__(f"too many events {whose} are waiting; try again in {retry_after_ms} ms")
        self.retry_after_ms = retry_after_ms


class _Submission:
    __slots__ = ("authors", "blobs", "blocks", "done", "error", "receipts", "size")

    def __init__(self, blocks: Sequence[bytes], blobs: Mapping[bytes, bytes]) -> None:
        self.blocks = blocks
        self.blobs = blobs
        self.size = sum(map(len, blocks))
        self.authors: Counter[bytes] = Counter(map(author_of_block, blocks))
        self.done = trio.Event()
        self.receipts: list[Receipt] = []
        self.error: Exception | None = None


def author_of_block(block: bytes) -> bytes:
    """The 34 author bytes as they stand in a block, b'' if it is malformed: for counting, never for judging."""
    at = block.rfind(_AUTHOR)
    return b"" if at < 0 else block[at + len(_AUTHOR) : at + len(_AUTHOR) + 34]


class Committer:
    """The one writer of a space. `clock`: UTC milliseconds."""

    def __init__(self, space: Space, verifier: Verifier | None, clock: Callable[[], int]) -> None:
        self._space = space
        self._verifier = verifier
        self._clock = clock
        self._queue: deque[_Submission] = deque()
        self._waiting = 0
        self._waiting_bytes = 0
        self._by_author: Counter[bytes] = Counter()
        self._bytes_by_author: Counter[bytes] = Counter()
        self._wake = trio.Event()
        self._timer = trio.Event()
        self._empty = trio.Event()
        self.trouble = ""
        """Why due timers could not run at the last try, '' if they could."""

    @property
    def waiting(self) -> int:
        """How many events wait to be committed."""
        return self._waiting

    async def submit(self, blocks: Sequence[bytes], blobs: Mapping[bytes, bytes]) -> list[Receipt]:
        """Have events committed; their receipts, once durable. Raises Flooding, SpaceStopped, StoreError."""
        submission = _Submission(blocks, blobs)
        self._admit(submission)
        self._queue.append(submission)
        self._wake.set()
        await submission.done.wait()
        if submission.error is not None:
            raise submission.error
        return submission.receipts

    def _admit(self, submission: _Submission) -> None:
        if self._waiting and (
            self._waiting + len(submission.blocks) > MOST_WAITING
            or self._waiting_bytes + submission.size > MOST_WAITING_BYTES
        ):
            raise Flooding(500, author=False)
        share = submission.size // max(1, len(submission.authors))
        for author, count in submission.authors.items():
            if self._by_author[author] and (
                self._by_author[author] + count > MOST_PER_AUTHOR
                or self._bytes_by_author[author] + share > MOST_PER_AUTHOR_BYTES
            ):
                raise Flooding(250, author=True)
        self._waiting += len(submission.blocks)
        self._waiting_bytes += submission.size
        self._by_author.update(submission.authors)
        for author in submission.authors:
            self._bytes_by_author[author] += share

    def _let_go(self, submission: _Submission) -> None:
        self._waiting -= len(submission.blocks)
        self._waiting_bytes -= submission.size
        share = submission.size // max(1, len(submission.authors))
        for author, count in submission.authors.items():
            self._by_author[author] -= count
            self._bytes_by_author[author] -= share
            if self._by_author[author] <= 0:
                del self._by_author[author], self._bytes_by_author[author]
        submission.done.set()
        if not self._waiting:
            self._empty.set()

    async def drained(self) -> None:
        """Return once nothing waits."""
        while self._waiting:
            self._empty = trio.Event()
            await self._empty.wait()

    async def run(self) -> None:
        """Verify and commit until cancelled; what was taken is finished first."""
        send, receive = trio.open_memory_channel[tuple[list[_Submission], list[str | None] | None]](1)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._verify, send)
            nursery.start_soon(self._commit, receive)
            nursery.start_soon(self._run_timers)

    async def _verify(self, send: trio.MemorySendChannel[tuple[list[_Submission], list[str | None] | None]]) -> None:
        while True:
            if not self._queue:
                self._wake = trio.Event()
                await self._wake.wait()
            batch: list[_Submission] = []
            count = 0
            while self._queue and (not batch or count + len(self._queue[0].blocks) <= BATCH):
                batch.append(self._queue.popleft())
                count += len(batch[-1].blocks)
            codes: list[str | None] | None = None
            if self._verifier is not None and count > INLINE:
                blocks = [block for submission in batch for block in submission.blocks]
                codes = await trio.to_thread.run_sync(self._verifier.verify_batch, blocks)
            await send.send((batch, codes))

    async def _commit(
        self, receive: trio.MemoryReceiveChannel[tuple[list[_Submission], list[str | None] | None]]
    ) -> None:
        async for batch, codes in receive:
            try:
                blocks = [block for submission in batch for block in submission.blocks]
                blobs = {h: blob for submission in batch for h, blob in submission.blobs.items()}
                receipts = self._space.submit(blocks, self._clock(), blobs=blobs, codes=codes)
                start = 0
                for submission in batch:
                    submission.receipts = receipts[start : start + len(submission.blocks)]
                    start += len(submission.blocks)
            except (SpaceStopped, OSError) as error:
                for submission in batch:
                    submission.error = error
            finally:
                for submission in batch:
                    self._let_go(submission)
                self._timer.set()

    async def _run_timers(self) -> None:
        while True:
            try:
                await self._next_timers()
            except (SpaceStopped, OSError) as error:  # a full disk, say: timers wait, and submitters are told
                self.trouble = str(error)
                await trio.sleep(RETRY_S)
            else:
                self.trouble = ""

    async def _next_timers(self) -> None:
        """Wait until timers may be due, and run them."""
        due = None if self._space.stopped else self._space.next_due_ms()
        wait = math.inf if due is None else max(0.0, (due - self._clock()) / 1000)
        self._timer = trio.Event()
        # A machine that slept or whose clock was set finds out within a minute.
        with trio.move_on_after(min(wait, 60.0)):
            await self._timer.wait()
        if not self._space.stopped and self._space.validates:
            self._space.tick(self._clock())
            await trio.lowlevel.checkpoint()
