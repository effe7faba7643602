"""The graph of events: what may be added to it, and what of it still awaits its place in the order.

Purpose: judge events by their ancestors (`admit`), and show the ordering what is under its heads (`lacking`,
`new_under`, `weigh`: the `EventView` of `dag.order.intake`). `canonical` follows the committed order.

Invariants
- What is held has all its history held: an event is admitted after its `prev` and `parents`, whatever the order in
  which a batch brings them.
- generation = 1 + the highest among `prev` and `parents`, 0 without any: a function of the event's history, so all
  nodes agree on it.
- A node admits at most two variants of one (author, seq), unless a valid block references more.
- Memory is a cache of what the store holds, but for one transaction: what `admit` returns is stored before the graph
  is asked anything else, and what was committed is in the log before the next `admit`. After a rollback `forget`
  brings the state before the transaction back.

It must not know SQL, signatures (they are verified before), what a key may do, or what a command means.
"""

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from heapq import heappop, heappush
from typing import Final, Literal, TypeAlias

import msgspec

from dag.canonical import CanonicalChains, Recent, Verdict
from dag.event import Event, decode_trusted, message_of
from dag.history import History, Node, Row
from dag.order.backlog import MAX_NEW_BYTES, MAX_NEW_EVENTS, Batch
from dag.order.block import MAX_EVENT_HEADS

Kind: TypeAlias = Literal["new", "fork", "duplicate", "known", "third_variant", "missing", "wrong_space", "wrong_chain"]
"""What an event is to this graph. The first three are admitted.

`new`: the first at its (author, seq). `fork`: another body where there is one already. `duplicate`: the same body
there under another signature. `known`: held already. `third_variant`: two are held there. `missing`: of its `prev` and
`parents` some are not held. `wrong_space`: of another space. `wrong_chain`: its `prev` is not an event of the same
author with the seq before, so it is invalid, whoever looks at it.
"""
ADMITTED: Final[frozenset[Kind]] = frozenset(("new", "fork", "duplicate"))
MAX_VARIANTS: Final = 2
RECENT: Final = 16_384
"""Nodes and authors that are kept in memory, at most about twice: some 10 MB."""

Judged: TypeAlias = tuple[Kind, tuple[bytes, ...]]
"""The kind of an event, and for `missing` the ancestors that are not held."""


class Admitted(msgspec.Struct, gc=False):
    """What became of a batch: `kinds`, one per event given, and for the store what to add, in order of admission.

    `missing`: position in the batch -> the direct ancestors that are not held even after the batch.
    `authors`: (number, key) of those not seen before. `rows` and `cids` run in parallel. `cited`: ids of the events
    that the admitted ones name as `prev` or parent, so that they are no heads any more; with repetitions.
    """

    kinds: list[Kind]
    missing: dict[int, tuple[bytes, ...]]
    authors: list[tuple[int, bytes]]
    rows: list[Row]
    cids: list[bytes]
    cited: list[int]


class _Pending(Node, frozen=True, gc=False):
    """An admitted event that no commit has, with its `prev` and `parents` and the size of its block."""

    refs: tuple[bytes, ...]
    size: int


class _Chain:
    """The author's event of the highest seq; of variants there, the one admitted first."""

    __slots__ = ("author", "cid", "generation", "id", "seq")

    def __init__(self, author: int, tip: Node | None) -> None:
        self.author = author
        self.id, self.seq, self.generation = (0, -1, -1) if tip is None else (tip.id, tip.seq, tip.generation)
        self.cid = None if tip is None else tip.cid


class _Admission:
    """The batch under way. `waits`: an ancestor not held -> positions; `unmet`: position -> how many it waits for."""

    __slots__ = ("events", "out", "referenced", "unmet", "variants", "waits")

    def __init__(self, events: Sequence[Event], *, referenced: bool) -> None:
        self.events = events
        self.referenced = referenced
        self.out = Admitted(["missing"] * len(events), {}, [], [], [], [])
        self.waits: dict[bytes, list[int]] = {}
        self.unmet: dict[int, int] = {}
        self.variants: dict[tuple[int, int], list[int]] | None = None
        """(author, seq) -> positions in `out.rows`; made when first asked for, since most batches have no forks."""


class Graph:
    """The events of one space. `space` is the CID of its genesis event, which may yet have to come."""

    def __init__(self, history: History, space: bytes, *, recent: int = RECENT) -> None:
        self.space = space
        self._history = history
        self._known: Recent[Node] = Recent(recent)
        """Held events that a commit has."""
        self._chains: Recent[_Chain] = Recent(recent)
        self._pending: dict[bytes, _Pending] = {}
        """All events that no commit has, in order of admission."""
        self._next_event = self._next_author = 0
        self._is_loaded = False
        self.canonical = CanonicalChains(history, recent=recent)

    def forget(self) -> None:
        """Drop everything in memory, as after a rollback; it is read from the store again when asked for."""
        self._known.clear()
        self._chains.clear()
        self._pending.clear()
        self.canonical.forget()
        self._is_loaded = False

    # --- admission ------------------------------------------------------------------------------------------------

    def admit(self, events: Sequence[Event], *, referenced: bool = False) -> Admitted:
        """Judge verified events of any origin, in any order; ancestors may come later in the batch than descendants.

        `referenced`: a valid ordering block has them in its history, so every variant is admitted. The caller stores
        what is returned. Events that are `missing` something are not kept: bring them again with their ancestors.
        """
        self._load()
        self.canonical.settle()
        self._known.shrink()
        self._chains.shrink()
        batch = _Admission(events, referenced=referenced)
        kinds, space = batch.out.kinds, self.space
        chains, known, pending = self._chains.young, self._known.young, self._pending
        for position, event in enumerate(events):
            chain = chains.get(event.author)
            # Nearly every event continues the chain of an author who was here lately: no question to the store.
            if chain is None or event.prev != chain.cid or event.seq != chain.seq + 1 or event.space != space:
                self._admit_slowly(batch, (position,))
                continue
            generation = chain.generation
            cited = [chain.id] if chain.id else []
            for parent in event.parents:
                node = known.get(parent) or pending.get(parent)
                if node is None:
                    break
                cited.append(node.id)
                if node.generation > generation:
                    generation = node.generation
            else:
                kinds[position] = "new"
                ready = self._add(batch, event, chain.author, generation + 1, cited)
                if ready:
                    self._admit_slowly(batch, ready)
                continue
            self._admit_slowly(batch, (position,))
        for position in batch.unmet:
            batch.out.missing[position] = self._lacking(events[position])
        return batch.out

    def classify(self, event: Event) -> Judged:
        """What `admit` would make of one event, without admitting it."""
        self._load()
        return self._judge(event, None)

    def _admit_slowly(self, batch: _Admission, positions: Collection[int]) -> None:
        """Judge events in full, and after them those that waited for them."""
        queue = deque(positions)
        while queue:
            position = queue.popleft()
            event = batch.events[position]
            kind, lacking = self._judge(event, batch)
            if kind == "missing":
                batch.unmet[position] = len(lacking)
                for cid in lacking:
                    batch.waits.setdefault(cid, []).append(position)
                continue
            batch.out.kinds[position] = kind
            if kind in ADMITTED:
                nodes = [self._held(cid) for cid in _refs(event)]
                generation = 1 + max((node.generation for node in nodes), default=-1)
                author = self._number(batch, event.author)
                queue.extend(self._add(batch, event, author, generation, [node.id for node in nodes]))

    def _add(self, batch: _Admission, event: Event, author: int, generation: int, cited: list[int]) -> Collection[int]:
        """Put an admitted event into memory and into what is to be stored. Positions that now wait for nothing."""
        out, cid, seq, block = batch.out, event.cid, event.seq, event.block
        number = self._next_event
        self._next_event = number + 1
        out.rows.append((number, author, seq, generation, block))
        out.cids.append(cid)
        out.cited += cited
        prev = event.prev
        refs = event.parents if prev is None else (prev, *event.parents)
        self._pending[cid] = _Pending(number, author, seq, generation, cid, refs, len(block))
        chain = self._chains.young[event.author]
        if seq > chain.seq:
            chain.id, chain.seq, chain.generation, chain.cid = number, seq, generation, cid
        if batch.variants is not None:
            batch.variants.setdefault((author, seq), []).append(len(out.rows) - 1)
        return self._released(batch, cid) if batch.waits else ()

    def _released(self, batch: _Admission, cid: bytes) -> list[int]:
        ready = []
        for position in batch.waits.pop(cid, ()):
            batch.unmet[position] -= 1
            if not batch.unmet[position]:
                del batch.unmet[position]
                ready.append(position)
        return ready

    def _number(self, batch: _Admission, author: bytes) -> int:
        chain = self._chain(author)
        if chain is None:
            chain = _Chain(self._next_author, None)
            self._next_author += 1
            self._chains.young[author] = chain
            batch.out.authors.append((chain.author, author))
        return chain.author

    # --- judging --------------------------------------------------------------------------------------------------

    def _judge(self, event: Event, batch: _Admission | None) -> Judged:
        if event.space != self.space and (event.space is not None or event.cid != self.space):
            return "wrong_space", ()
        if self._find(event.cid) is not None:
            return "known", ()
        lacking = self._lacking(event)
        if lacking:
            return "missing", lacking
        chain = self._chain(event.author)
        if event.prev is not None:
            prev = self._held(event.prev)
            if chain is None or prev.author != chain.author or prev.seq != event.seq - 1:
                return "wrong_chain", ()
        if chain is None or event.seq > chain.seq:
            return "new", ()
        blocks = self._variants(chain.author, event.seq, batch)
        if len(blocks) >= MAX_VARIANTS and not (batch is not None and batch.referenced):
            return "third_variant", ()
        message = message_of(event)
        if any(message_of(decode_trusted(block, b"")) == message for block in blocks):
            return "duplicate", ()
        return "fork", ()

    def _variants(self, author: int, seq: int, batch: _Admission | None) -> list[bytes]:
        """The blocks at (author, seq), stored ones and those of the batch under way."""
        blocks = [self._history.block(node.id) for node in self._history.variants(author, seq)]
        if batch is not None:
            rows = batch.out.rows
            if batch.variants is None:
                batch.variants = {}
                for at, row in enumerate(rows):
                    batch.variants.setdefault((row[1], row[2]), []).append(at)
            blocks += [rows[at][4] for at in batch.variants.get((author, seq), ())]
        return blocks

    def _lacking(self, event: Event) -> tuple[bytes, ...]:
        """The direct ancestors that are not held, each once."""
        return tuple(dict.fromkeys(cid for cid in _refs(event) if self._find(cid) is None))

    # --- commit ---------------------------------------------------------------------------------------------------

    def commit(self, event: Event) -> Verdict:
        """The verdict on the next event in committed order. It is pending no more; the caller puts it into the log."""
        self._load()
        node = self._pending.pop(event.cid, None)
        assert node is not None, "an event is committed once, after it was admitted"
        self._known.young[event.cid] = node
        return self.canonical.commit(event)

    def id_of(self, cid: bytes) -> int:
        """The store's number of a held event."""
        return self._held(cid).id

    def holds(self, cid: bytes) -> bool:
        """Whether the event is held."""
        self._load()
        return self._find(cid) is not None

    @property
    def pending(self) -> Collection[bytes]:
        """CIDs of the events that no commit has, in order of admission."""
        self._load()
        return self._pending.keys()

    # --- for the ordering -----------------------------------------------------------------------------------------

    def batches(self, admitted: Admitted) -> list[Batch]:
        """What was admitted, for the backlog: heads that cover it, in parts that each fit into a block."""
        return self._batches(admitted.cids)

    def pending_batches(self) -> list[Batch]:
        """The same of all that is pending, for a start."""
        self._load()
        return self._batches(self._pending)

    def _batches(self, cids: Iterable[bytes]) -> list[Batch]:
        batches: list[Batch] = []
        heads: dict[bytes, None] = {}
        events = size = 0
        for cid in cids:
            node = self._pending[cid]
            cited = [ref for ref in node.refs if ref in heads]
            if events and (
                len(heads) - len(cited) >= MAX_EVENT_HEADS
                or events >= MAX_NEW_EVENTS
                or size + node.size > MAX_NEW_BYTES
            ):
                batches.append(Batch(tuple(heads), events, size))
                heads, cited, events, size = {}, [], 0, 0
            for ref in cited:
                heads.pop(ref, None)
            heads[cid] = None
            events += 1
            size += node.size
        if events:
            batches.append(Batch(tuple(heads), events, size))
        return batches

    def lacking(self, heads: Sequence[bytes]) -> list[bytes]:
        """The heads that are not held; what is held has all its history held and valid."""
        self._load()
        return [cid for cid in heads if self._find(cid) is None]

    def new_under(self, heads: Collection[bytes]) -> list[tuple[bytes, int]]:
        """(CID, generation) of each event under these heads, themselves included, that no commit has."""
        self._load()
        pending = self._pending
        seen: set[bytes] = set()
        found: list[tuple[bytes, int]] = []
        stack = list(heads)
        while stack:
            cid = stack.pop()
            node = pending.get(cid)
            # What a commit has, it has with all its history.
            if node is None or cid in seen:
                continue
            seen.add(cid)
            found.append((cid, node.generation))
            stack.extend(node.refs)
        return found

    def weigh(self, heads: Sequence[bytes], known: Collection[bytes], commit: int) -> tuple[int, int]:
        """How many events, and bytes of them, are under `heads`, but neither under `known` nor in a commit of index
        `commit` or lower. Stops counting beyond the limits of a block.

        Downwards by generation, so that every event is met after all its descendants: what is under `known` as well
        is known by then, and the walk ends when nothing else is left, however long the history is.
        """
        self._load()
        walk = _Walk(self, commit)
        for cid in known:
            walk.meet(cid, is_known=True)
        for cid in heads:
            walk.meet(cid, is_known=False)
        events = size = 0
        while walk.unknown and events <= MAX_NEW_EVENTS and size <= MAX_NEW_BYTES:
            cid = heappop(walk.queue)[1]
            is_known = walk.met[cid]
            refs, weight = walk.reach.pop(cid)
            if not is_known:
                walk.unknown -= 1
                events += 1
                size += weight
            for ref in refs:
                walk.meet(ref, is_known=is_known)
        return events, size

    # --- memory ---------------------------------------------------------------------------------------------------

    def _load(self) -> None:
        if not self._is_loaded:
            self._next_event, self._next_author = self._history.next_ids()
            for node, block in self._history.pending():
                event = decode_trusted(block, node.cid)
                self._pending[node.cid] = _Pending(
                    node.id, node.author, node.seq, node.generation, node.cid, _refs(event), len(block)
                )
            self._is_loaded = True

    def _find(self, cid: bytes) -> Node | None:
        node = self._pending.get(cid) or self._known.get(cid)
        if node is None:
            node = self._history.node(cid)
            if node is not None:
                self._known.young[cid] = node
        return node

    def _held(self, cid: bytes) -> Node:
        node = self._find(cid)
        assert node is not None, "asked only of events that are held"
        return node

    def _chain(self, author: bytes) -> _Chain | None:
        chain = self._chains.get(author)
        if chain is None:
            number = self._history.author_id(author)
            if number is not None:
                chain = self._chains.young[author] = _Chain(number, self._history.tip(number))
        return chain

    def _reach(self, cid: bytes, commit: int) -> tuple[int, tuple[bytes, ...], int] | None:
        """(generation, refs, size) of a held event, or None if it is in a commit of this index or lower."""
        node = self._pending.get(cid)
        if node is not None:
            return node.generation, node.refs, node.size
        held = self._held(cid)
        if self._history.commit_of(held.id) <= commit:
            return None
        block = self._history.block(held.id)
        return held.generation, _refs(decode_trusted(block, cid)), len(block)


class _Walk:
    """The events met on the way down, for `weigh`: `met` says which are under a known head."""

    __slots__ = ("_commit", "_graph", "met", "queue", "reach", "unknown")

    def __init__(self, graph: Graph, commit: int) -> None:
        self._graph = graph
        self._commit = commit
        self.met: dict[bytes, bool] = {}
        self.queue: list[tuple[int, bytes]] = []
        self.reach: dict[bytes, tuple[tuple[bytes, ...], int]] = {}
        self.unknown = 0
        """How many in the queue are not under a known head."""

    def meet(self, cid: bytes, *, is_known: bool) -> None:
        before = self.met.get(cid)
        if before is None:
            reach = self._graph._reach(cid, self._commit)
            self.met[cid] = True if reach is None else is_known
            if reach is not None:
                self.reach[cid] = reach[1], reach[2]
                heappush(self.queue, (-reach[0], cid))
                self.unknown += not is_known
        elif is_known and not before:
            self.met[cid] = True
            self.unknown -= 1


def _refs(event: Event) -> tuple[bytes, ...]:
    """`prev` and `parents`."""
    return event.parents if event.prev is None else (event.prev, *event.parents)
