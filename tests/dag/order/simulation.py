"""A seeded, deterministic simulation of nodes that order events: clock, network, disk and liars from one seed.

Nodes are driven as `orderer`'s docstring says. A node's disk survives a crash; what happened in a step that crashed
is lost whole. Messages take random times; with `loss`, some vanish, and stalled nodes exchange what they hold.
"""

import heapq
import random
from collections.abc import Callable, Collection, Iterable, Sequence
from hashlib import sha256

from dag.cid import cid_of
from dag.keys import SigningKey
from dag.order.config import Epoch, default_faults
from dag.order.guard import Guard, opening_guard
from dag.order.orderer import Commit, Mismatch, NewBlock, Orderer, Rejected
from dag.order.state import Position, StoredBlock, opening

START_MS = 1_750_000_000_000
SPACE = cid_of(b"space")


def key(number: int) -> SigningKey:
    return SigningKey.from_seed(sha256(b"validator %d" % number).digest())


def epoch_of(n: int, faults: tuple[int, int] | None = None) -> tuple[Epoch, list[SigningKey]]:
    """A first epoch of n validators, and their keys in the order of the DIDs."""
    keys = sorted((key(number) for number in range(n)), key=lambda one: one.did)
    b, c = default_faults(n) if faults is None else faults
    return Epoch(SPACE, 1, tuple(one.did for one in keys), b, c), keys


class Events:
    """One node's view of an event graph that is known to the simulation as a whole."""

    def __init__(self, parents: dict[bytes, tuple[bytes, ...]], size: int = 300) -> None:
        self.parents = parents
        self.size = size
        self.held: set[bytes] = set()
        self.committed: dict[bytes, int] = {}
        self.generation: dict[bytes, int] = {}

    def hold(self, cid: bytes) -> None:
        self.held.add(cid)

    def is_whole(self, cid: bytes) -> bool:
        return not self.lacking((cid,))

    def lacking(self, heads: Sequence[bytes]) -> Collection[bytes]:
        lacking, stack, seen = [], list(heads), set[bytes]()
        while stack:
            cid = stack.pop()
            if cid in seen or cid in self.committed:
                continue
            seen.add(cid)
            if cid in self.held:
                stack.extend(self.parents[cid])
            else:
                lacking.append(cid)
        return lacking

    def _generation(self, cid: bytes) -> int:
        if cid not in self.generation:
            self.generation[cid] = 1 + max(map(self._generation, self.parents[cid]), default=-1)
        return self.generation[cid]

    def under(self, heads: Iterable[bytes], stop: Callable[[bytes], bool]) -> set[bytes]:
        stack, seen = list(heads), set[bytes]()
        while stack:
            cid = stack.pop()
            if cid not in seen and not stop(cid):
                seen.add(cid)
                stack.extend(self.parents[cid])
        return seen

    def new_under(self, heads: Collection[bytes]) -> Iterable[tuple[bytes, int]]:
        return [(cid, self._generation(cid)) for cid in self.under(heads, self.committed.__contains__)]

    def weigh(self, heads: Sequence[bytes], known: Collection[bytes], commit: int) -> tuple[int, int]:
        def is_old(cid: bytes) -> bool:
            return 0 < self.committed.get(cid, 0) <= commit

        old = self.under(known, is_old)
        count = len(self.under(heads, lambda cid: is_old(cid) or cid in old))
        return count, count * self.size


class Node:
    """A validator (or, with `follows`, a follower) and its disk."""

    def __init__(
        self,
        epoch: Epoch,
        signer: SigningKey,
        parents: dict[bytes, tuple[bytes, ...]],
        *,
        delta_ms: int = 100,
        skew_ms: int = 0,
        orderer: type[Orderer] = Orderer,
        follows: bool = False,
    ) -> None:
        self.epoch, self.signer, self.delta_ms, self.skew_ms = epoch, signer, delta_ms, skew_ms
        self.follows = follows
        self.orderer_type = orderer
        self.events = Events(parents)
        self.blocks: dict[bytes, StoredBlock] = {}
        self.archive_hits = 0
        self.position = opening(epoch).encode()
        self.guard: Guard | None = opening_guard(epoch)
        self.commits: list[tuple[int, int, bytes, int, tuple[bytes, ...]]] = []
        self.alarms: list[Rejected | Mismatch] = []
        self.admitted: dict[bytes, None] = {}
        self.timers: list[int] = []
        self.fired: list[tuple[int, int]] = []
        self.restart()

    def digest(self) -> bytes:
        digest = bytes(32)
        for _, _, _, time_ms, events in self.commits:
            digest = sha256(digest + time_ms.to_bytes(8) + b"".join(events)).digest() if events else digest
        return digest

    def restart(self) -> None:
        """Begin again from the disk."""
        position = Position.decode(self.position)
        open_blocks = [
            row for cid, row in self.blocks.items() if not row.commit or _round(cid, self) >= position.keep_from
        ]
        self.orderer = self.orderer_type(
            self.epoch,
            position,
            open_blocks,
            events=self.events,
            archive=self.archive,
            delta_ms=self.delta_ms,
            key=None if self.follows else self.signer,
            guard=self.guard,
        )
        self.guard = self.orderer.guard
        self.admit_whole()
        self.set_timer()

    def admit_whole(self) -> None:
        """An event is admitted once its history is here, never before."""
        for cid in self.admitted:
            if cid not in self.events.committed and self.events.is_whole(cid):
                self.orderer.admit((cid,), events=1, size=300)

    def archive(self, cid: bytes) -> StoredBlock | None:
        self.archive_hits += cid in self.blocks
        return self.blocks.get(cid)

    def set_timer(self) -> None:
        self.orderer.set_timer(min(self.timers, default=None))

    def step(self, now_ms: int) -> list[NewBlock]:
        """Everything there is to do now, as one transaction; the own blocks to send."""
        now_ms += self.skew_ms
        own: list[NewBlock] = []
        while (out := self.orderer.poll(now_ms)) is not None:
            if isinstance(out, NewBlock):
                self.blocks[out.block.cid] = StoredBlock(out.block.raw, out.seen_ms)
                own += [out] if out.is_own else []
            elif isinstance(out, Commit):
                self.execute(out)
            else:
                self.alarms.append(out)
        self.position = self.orderer.position().encode()
        self.guard = self.orderer.guard
        return own

    def execute(self, commit: Commit) -> None:
        for cid in commit.events:
            assert cid not in self.events.committed
            assert all(parent in self.events.committed for parent in self.events.parents[cid])
            self.events.committed[cid] = commit.index
        for cid in commit.blocks:
            led = commit.index if cid == commit.leader else 0
            self.blocks[cid] = self.blocks[cid]._replace(commit=commit.index, led=led)
        due = [timer for timer in self.timers if timer <= commit.time_ms]
        self.timers = [timer for timer in self.timers if timer > commit.time_ms]
        self.fired += [(timer, commit.index) for timer in due]
        self.commits.append((commit.index, commit.slot, commit.leader, commit.time_ms, commit.events))
        self.orderer.executed(self.digest(), ran_timers=bool(due))
        self.set_timer()

    def take_event(self, cid: bytes, *, admit: bool = True) -> None:
        self.events.hold(cid)
        if admit:
            self.admitted[cid] = None
        self.admit_whole()
        self.orderer.events_held((cid,))

    def prefix(self) -> list[bytes]:
        return [cid for *_, events in self.commits for cid in events]


def _round(cid: bytes, node: Node) -> int:
    from dag.order.block import decode_block

    return decode_block(node.blocks[cid].raw).round


class Twin(Orderer):
    """A validator that lies: it goes on signing although its key signs elsewhere."""

    def _check_may_sign(self, author: bytes, guard: Guard | None) -> None:
        pass

    def _propose(self, now_ms: int) -> bool:
        self.refuses_to_sign = None
        return super()._propose(now_ms)


class Network:
    """Nodes, and messages under way between them."""

    def __init__(self, seed: int, nodes: list[Node], parents: dict[bytes, tuple[bytes, ...]]) -> None:
        self.random = random.Random(seed)
        self.nodes = nodes
        self.parents = parents
        self.down: set[int] = set()
        self.cut: Callable[[int, int], bool] = lambda _one, _other: False
        self.loss = 0.0
        self.delays_ms = (5, 60)
        self.now_ms = START_MS
        self.sent = 0
        self._queue: list[tuple[int, int, int, str, bytes]] = []
        self._count = 0
        self._made: list[bytes] = []

    def send(self, to: int, kind: str, data: bytes, after_ms: int | None = None) -> None:
        delay = self.random.randint(*self.delays_ms) if after_ms is None else after_ms
        self._count += 1
        heapq.heappush(self._queue, (self.now_ms + delay, self._count, to, kind, data))

    def submit(self, to: Iterable[int] | None = None) -> bytes:
        """A new event on top of some made before, on its way to every node (or to these)."""
        known = self._made[-6:]
        chosen = self.random.sample(known, min(len(known), self.random.randint(0, 2)))
        cid = cid_of(b"event %d" % len(self.parents))
        self.parents[cid] = tuple(chosen)
        self._made.append(cid)
        for node in range(len(self.nodes)) if to is None else to:
            self.send(node, "event", cid)
        return cid

    def run(self, for_ms: int, crash: float = 0.0) -> None:
        """Let this much time pass. With `crash`, a node that takes a step may lose it and begin again from disk."""
        end = self.now_ms + for_ms
        for index in range(len(self.nodes)):
            self.send(index, "wake", b"", 0)
        while self._queue and self._queue[0][0] <= end:
            self.now_ms, _, to, kind, data = heapq.heappop(self._queue)
            if to in self.down:
                continue
            node = self.nodes[to]
            if self.random.random() < crash:
                node.restart()
            if kind == "block":
                node.orderer.receive(data, self.now_ms + node.skew_ms)
            elif kind == "event":
                node.take_event(data)
            self._act(to)
        self.now_ms = end

    def _act(self, index: int) -> None:
        node = self.nodes[index]
        for new in node.step(self.now_ms):
            for other in range(len(self.nodes)):
                if other != index and not self.cut(index, other) and self.random.random() >= self.loss:
                    self.sent += 1
                    self.send(other, "block", new.block.raw)
        wake = node.orderer.wake_at_ms
        if wake is not None:
            self.send(index, "wake", b"", max(1, wake - node.skew_ms - self.now_ms))

    def exchange(self) -> None:
        """Every two connected nodes give each other all that they hold, as have-vectors would have it."""
        for one in range(len(self.nodes)):
            for other in range(len(self.nodes)):
                if one == other or {one, other} & self.down or self.cut(one, other):
                    continue
                giver, taker = self.nodes[one], self.nodes[other]
                for cid in sorted(giver.events.held - taker.events.held):
                    self.send(other, "event", cid)
                for cid, row in giver.blocks.items():
                    if cid not in taker.blocks:
                        self.send(other, "block", row.raw)


def network(
    seed: int, n: int, *, faults: tuple[int, int] | None = None, twins: int = 0, delta_ms: int = 100, skew_ms: int = 0
) -> Network:
    """n validators, of which the first `twins` sign twice: each of their twins is one more node at the end."""
    epoch, keys = epoch_of(n, faults)
    parents: dict[bytes, tuple[bytes, ...]] = {}
    chance = random.Random(seed * 7919 + n)
    kinds: list[tuple[SigningKey, type[Orderer]]] = [
        (signer, Twin if place < twins else Orderer) for place, signer in enumerate(keys)
    ] + [(signer, Twin) for signer in keys[:twins]]
    nodes = [
        Node(epoch, signer, parents, delta_ms=delta_ms, skew_ms=chance.randint(-skew_ms, skew_ms), orderer=kind)
        for signer, kind in kinds
    ]
    return Network(seed, nodes, parents)


def chaos(seed: int, n: int, *, twins: int = 0, faults: tuple[int, int] | None = None, steps: int = 60) -> list[Node]:
    """A long bad day: loss, partitions, crashes, nodes away, skewed clocks, and up to b twins; then all is well.

    The honest nodes, after everything had time to settle. They are compared all along the way.
    """
    net = network(seed, n, twins=twins, faults=faults, skew_ms=2000)
    chance, everybody = net.random, range(len(net.nodes))
    honest = net.nodes[twins:n]
    for _ in range(steps):
        if chance.random() < 0.5:
            net.submit(chance.sample(everybody, chance.randint(1, len(everybody))))
        if chance.random() < 0.15:
            net.loss = chance.choice((0.0, 0.2, 0.5))
        if chance.random() < 0.2:
            side = frozenset(chance.sample(everybody, chance.randint(0, n // 2)))
            net.cut = lambda one, other, side=side: (one in side) != (other in side)  # type: ignore[misc]
        if chance.random() < 0.2:
            net.down = set(chance.sample(everybody, chance.randint(0, max(1, n // 2))))
        net.run(chance.randint(0, 300), crash=0.05)
        if chance.random() < 0.2:
            net.exchange()
            check_agreement(honest)
    net.loss, net.down = 0.0, set()
    net.cut = lambda _one, _other: False
    for _ in range(10):
        net.exchange()
        net.run(1000)
    check_agreement(honest)
    silent = net.sent
    net.run(600_000)
    assert net.sent == silent, "an idle space is silent"
    return honest


def check_agreement(nodes: Iterable[Node]) -> None:
    """One and the same sequence of commits everywhere, as far as each has come; times never fall; events once."""
    nodes = list(nodes)
    longest = max((node.commits for node in nodes), key=len)
    for node in nodes:
        assert node.commits == longest[: len(node.commits)]
        times = [time_ms for _, _, _, time_ms, _ in node.commits]
        assert times == sorted(times)
        prefix = node.prefix()
        assert len(prefix) == len(set(prefix))
