"""Canonical chains: which of an author's events count, by the committed order alone.

Purpose: the verdict on each event as it is committed. An event is canonical iff its `prev` is canonical and it is
first in committed order at its (author, seq); others are refused `fork`, or `duplicate` when the canonical event
there has the same body under another signature. A device resumes from the canonical head.

Invariants
- The verdict depends on the committed prefix and the event, never on what else is held, so all nodes agree.
- Per author only the head is needed: an event is canonical iff it continues it.

It must not know what a command means, or who may act.
"""

from typing import Generic, Literal, TypeAlias, TypeVar

from dag.event import Event, decode_trusted, message_of
from dag.history import History

Verdict: TypeAlias = Literal["ok", "fork", "duplicate"]
"""Only what is `ok` is executed."""

Head: TypeAlias = tuple[int, bytes | None]
"""(seq, CID) of an author's last canonical event; (-1, None) before the first."""

V = TypeVar("V")


class Recent(Generic[V]):
    """A mapping bounded to about twice `limit` entries that forgets what was not used lately.

    Two generations, swapped by `shrink` when the younger is full. Hot paths look into `young` themselves, which costs
    no call; `shrink` swaps it, so they ask for it anew after that.
    """

    __slots__ = ("_limit", "_old", "young")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.young: dict[bytes, V] = {}
        self._old: dict[bytes, V] = {}

    def get(self, key: bytes) -> V | None:
        """The value; it becomes one of the younger generation."""
        value = self.young.get(key)
        if value is None:
            value = self._old.get(key)
            if value is not None:
                self.young[key] = value
        return value

    def shrink(self) -> None:
        """Forget the older generation if the younger is full. For when the store can say all of it again."""
        if len(self.young) >= self._limit:
            self._old, self.young = self.young, {}

    def clear(self) -> None:
        """Forget everything."""
        self.young, self._old = {}, {}

    def __len__(self) -> int:
        return len(self.young) + len(self._old)


class CanonicalChains:
    """The canonical head of each author, moved on by `commit`.

    The graph of a live node continues what the log says. With `replay`, chains begin at nothing, for a rebuild or a
    check that commits the events of a log again; all authors then stay in memory. A replay asks the log only which of
    several variants was canonical, and whoever checks compares every verdict with the log's anyway.
    """

    __slots__ = ("_fresh", "_heads", "_history", "_is_replay")

    def __init__(self, history: History, *, replay: bool = False, recent: int = 16_384) -> None:
        self._history = history
        self._is_replay = replay
        self._heads: Recent[Head] = Recent(recent)
        self._fresh: set[bytes] = set()
        """Canonical events that the log does not have yet: those of the transaction under way. Not in a replay."""

    def commit(self, event: Event) -> Verdict:
        """The verdict on the next event in committed order. It is held, and so is all its history."""
        head = self._heads.young.get(event.author) or self.head(event.author)
        if event.prev == head[1] and event.seq == head[0] + 1:
            self._heads.young[event.author] = (event.seq, event.cid)
            if not self._is_replay:
                self._fresh.add(event.cid)
            return "ok"
        return "fork" if event.seq > head[0] else self._judge_taken(event)

    def head(self, author: bytes) -> Head:
        """The canonical head of an author (34 bytes): where its device resumes."""
        head = self._heads.get(author)
        if head is None:
            number = None if self._is_replay else self._history.author_id(author)
            node = None if number is None else self._history.canonical_tip(number)
            head = (-1, None) if node is None else (node.seq, node.cid)
            self._heads.young[author] = head
        return head

    def settle(self) -> None:
        """Called when the log has everything committed so far: keep memory bounded."""
        if not self._is_replay:
            self._fresh.clear()
            self._heads.shrink()

    def forget(self) -> None:
        """Drop everything, as after a rollback. A replay begins at nothing again."""
        self._fresh.clear()
        self._heads.clear()

    def _judge_taken(self, event: Event) -> Verdict:
        """Of an event at or below the head: `duplicate` if it says what the canonical event there says, else `fork`."""
        number = self._history.author_id(event.author)
        assert number is not None, "a committed event is held, so its author has a number"
        for node in self._history.variants(number, event.seq):
            if node.cid in self._fresh or self._history.is_canonical(node.id):
                canonical = decode_trusted(self._history.block(node.id), node.cid)
                return "duplicate" if message_of(canonical) == message_of(event) else "fork"
        raise AssertionError("below a canonical head there is a canonical event at each seq")
