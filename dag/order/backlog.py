"""Admitted events that are not in the committed prefix: what there is to order.

Purpose: say whether there is any, and hand out heads for a block within the block's limits.

Events come in batches, each known by its heads, its number of events and their bytes, so that a thousand events cost
no more bookkeeping than their heads. A batch goes into a block whole: the sums never say less than what is new in
the block, so a block made here is valid.

It must not know what an event is, nor what is under a head.
"""

from collections import deque
from collections.abc import Iterable
from typing import Final, NamedTuple

from dag.order.block import MAX_EVENT_HEADS

MAX_NEW_EVENTS: Final = 4096
MAX_NEW_BYTES: Final = 4 << 20
"""How many events, and bytes of them, a block may bring that its parents did not."""


class Batch(NamedTuple):
    """Heads that cover `events` events of `size` bytes together, or fewer."""

    heads: tuple[bytes, ...]
    events: int
    size: int


class Backlog:
    """What awaits commit (`__bool__`), and which part of it one's own blocks do not bring yet (`take`)."""

    __slots__ = ("_awaiting", "_batches", "_unproposed")

    def __init__(self) -> None:
        self._awaiting: set[bytes] = set()
        self._unproposed: set[bytes] = set()
        self._batches: deque[Batch] = deque()

    def __bool__(self) -> bool:
        return bool(self._awaiting)

    def admit(self, batch: Batch) -> None:
        """Add a batch of admitted, uncommitted events. It must fit into one block."""
        assert len(batch.heads) <= MAX_EVENT_HEADS, "split an admitted batch: too many heads for one block"
        assert batch.events <= MAX_NEW_EVENTS, "split an admitted batch: too many events for one block"
        assert batch.size <= MAX_NEW_BYTES, "split an admitted batch: too many bytes for one block"
        if batch.heads:
            self._awaiting.update(batch.heads)
            self._unproposed.update(batch.heads)
            self._batches.append(batch)

    def take(self) -> list[bytes]:
        """Heads for one's next block, oldest batches first; those left over wait for the block after it."""
        heads: list[bytes] = []
        events = size = 0
        while self._batches:
            batch = self._batches[0]
            fresh = [head for head in batch.heads if head in self._unproposed]
            if fresh:
                events += batch.events
                size += batch.size
                if len(heads) + len(fresh) > MAX_EVENT_HEADS or events > MAX_NEW_EVENTS or size > MAX_NEW_BYTES:
                    break
                heads += fresh
                self._unproposed.difference_update(fresh)
            self._batches.popleft()
        return heads

    def proposed(self, heads: Iterable[bytes]) -> None:
        """These are in the cone of one's own last block now."""
        self._unproposed.difference_update(heads)

    def committed(self, events: Iterable[bytes]) -> None:
        """These are in the committed prefix now."""
        self._awaiting.difference_update(events)
        if self._awaiting:
            self._unproposed.difference_update(events)
        else:
            self._unproposed.clear()
            self._batches.clear()
