"""The Merkle tree of the log: RFC 6962 / RFC 9162 section 2.1 over SHA-256.

Purpose: grow a tree by a million leaves with O(log n) memory (`Frontier`), and prove to somebody who holds
only a root that a leaf is in it (`inclusion_proof`) or that a later tree continues an earlier one
(`consistency_proof`).

Invariants:
- a leaf is hashed as SHA-256(0x00 || leaf), an inner node as SHA-256(0x01 || left || right), the empty tree
  as SHA-256 of nothing;
- a complete subtree never changes once its last leaf is there, so a store may keep only those of every eighth
  level (8, 16, 24, ...: `STORED_LEVEL`) and recompute the rest from at most 256 children;
- the same leaves give the same bytes, however they were split into calls.

It must not know what a leaf says, who signs a root, or where hashes are kept: a store answers through
`Nodes`.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Protocol, Self

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()
STORED_LEVEL = 8
"""Complete subtrees at multiples of this level are the ones that a store keeps."""
GROUP = 1 << STORED_LEVEL
"""Children under a kept subtree: leaf hashes under level 8, level-8 subtrees under level 16, and so on."""
MAX_LEVEL = 63
"""A tree holds fewer than 2^63 leaves: its size stays within the integers of events and checkpoints."""

Completed = tuple[int, int, bytes]
"""(level, index, hash): the subtree over leaves [index << level, (index + 1) << level)."""


class Nodes(Protocol):
    """What a proof reads. Both methods answer only for what the tree holds and raise for anything else."""

    def leaves(self, start: int, stop: int) -> list[bytes]:
        """The leaf HASHES of positions [start, stop), 32 bytes each; at most 256 are asked for at once."""
        ...

    def node(self, level: int, index: int) -> bytes:
        """The hash of a complete subtree; `level` is 8, 16, 24, ..."""
        ...


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 || data)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def root_of(leaf_hashes: Sequence[bytes]) -> bytes:
    """The root over these leaf hashes, taken as a whole tree.

    Pairing level by level and carrying an odd last node up unchanged gives the RFC's recursive tree.
    """
    if not leaf_hashes:
        return EMPTY_ROOT
    level = list(leaf_hashes)
    while len(level) > 1:
        odd = level.pop() if len(level) & 1 else None
        pairs = iter(level)
        level = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
        if odd is not None:
            level.append(odd)
    return level[0]


class Frontier:
    """The right edge of a growing tree: one hash for each bit set in its size (a compact range)."""

    __slots__ = ("_peaks", "_size")

    def __init__(self) -> None:
        self._size = 0
        # Peak l is the complete subtree of 2^l leaves on the right edge; there iff bit l of the size is set.
        self._peaks: list[bytes | None] = []

    @property
    def size(self) -> int:
        """How many leaves the tree has."""
        return self._size

    def append(self, leaf: bytes) -> list[Completed]:
        """Add one leaf hash; see `append_many`."""
        return self.append_many((leaf,))

    def append_many(self, hashes: Iterable[bytes]) -> list[Completed]:
        """Add leaf hashes in order. Returns the subtrees that this completed at levels 8, 16, 24, ...

        They come lowest level first, then by index. About one node hash a leaf, amortised. On bad input
        (ValueError) nothing is added.
        """
        nodes = list(hashes)
        for node in nodes:
            if len(node) != HASH_SIZE:
                msg = f"a leaf hash has {HASH_SIZE} bytes, not {len(node)}"
                raise ValueError(msg)
        if self._size + len(nodes) >= 1 << MAX_LEVEL:
            msg = "the tree is full"
            raise ValueError(msg)
        completed: list[Completed] = []
        peaks = self._peaks
        index = self._size  # of nodes[0] at the current level
        self._size += len(nodes)
        level = 0
        while nodes:
            if level == len(peaks):
                peaks.append(None)
            if level and not level % STORED_LEVEL:
                completed.extend((level, index + i, node) for i, node in enumerate(nodes))
            peak = peaks[level]
            if peak is not None:
                nodes.insert(0, peak)
                index -= 1
            peaks[level] = nodes.pop() if len(nodes) & 1 else None
            it = iter(nodes)
            nodes = [sha256(b"\x01" + left + right).digest() for left, right in zip(it, it, strict=True)]
            index >>= 1
            level += 1
        return completed

    def root(self) -> bytes:
        """The root over all leaves so far."""
        root = None
        for peak in self._peaks:
            if peak is not None:
                root = peak if root is None else node_hash(peak, root)
        return EMPTY_ROOT if root is None else root

    def copy(self) -> Self:
        """An independent copy, for work that may be rolled back."""
        twin = type(self)()
        twin._size = self._size
        twin._peaks = self._peaks.copy()
        return twin

    def serialise(self) -> bytes:
        """Size (8 bytes, big-endian), then the peaks, largest first: at most 8 + 63 * 32 bytes."""
        peaks = [peak for peak in reversed(self._peaks) if peak is not None]
        return self._size.to_bytes(8, "big") + b"".join(peaks)

    @classmethod
    def restore(cls, data: bytes) -> Self:
        """The inverse of `serialise`. ValueError when the bytes are none that it writes."""
        size = int.from_bytes(data[:8], "big")
        if len(data) < 8 or size >= 1 << MAX_LEVEL or len(data) != 8 + HASH_SIZE * size.bit_count():
            msg = "these bytes are not a stored frontier"
            raise ValueError(msg)
        frontier = cls()
        frontier._size = size
        frontier._peaks = [None] * size.bit_length()
        at = 8
        for level in reversed(range(size.bit_length())):
            if size >> level & 1:
                frontier._peaks[level] = data[at : at + HASH_SIZE]
                at += HASH_SIZE
        return frontier


class _Subtrees:
    """Subtree hashes for one proof: reads each group of leaf hashes and each kept node at most once."""

    def __init__(self, nodes: Nodes, size: int) -> None:
        self._nodes = nodes
        self._size = size
        self._groups: dict[int, list[bytes]] = {}
        self._kept: dict[tuple[int, int], bytes] = {}

    def root(self, start: int, stop: int) -> bytes:
        """MTH(D[start:stop]) of a range that the RFC's recursion reaches.

        That is: `start` is a multiple of the smallest power of two that is at least stop - start.
        """
        count = stop - start
        largest = 1 << (count.bit_length() - 1)
        level = largest.bit_length() - 1
        left = self._complete(level, start >> level)
        return left if largest == count else node_hash(left, self.root(start + largest, stop))

    def _complete(self, level: int, index: int) -> bytes:
        base = level // STORED_LEVEL * STORED_LEVEL
        height = level - base
        if base == 0:
            start = index << height
            leaves = self._group(start // GROUP)
            return root_of(leaves[start % GROUP : start % GROUP + (1 << height)])
        return root_of([self._node(base, i) for i in range(index << height, (index + 1) << height)])

    def _node(self, level: int, index: int) -> bytes:
        key = (level, index)
        if key not in self._kept:
            self._kept[key] = self._nodes.node(level, index)
        return self._kept[key]

    def _group(self, number: int) -> list[bytes]:
        if number not in self._groups:
            start, stop = number * GROUP, min((number + 1) * GROUP, self._size)
            leaves = self._nodes.leaves(start, stop)
            assert len(leaves) == stop - start, "the store answered with another number of leaves"
            self._groups[number] = leaves
        return self._groups[number]


def _split(count: int) -> int:
    """The largest power of two below `count`, which is at least 2."""
    return 1 << ((count - 1).bit_length() - 1)


def inclusion_proof(nodes: Nodes, index: int, size: int) -> list[bytes]:
    """PATH(index, D[0:size]) of RFC 6962 section 2.1.1, from the leaf's sibling up.

    Reads at most two groups of leaf hashes (the leaf's and the right edge's), and of each kept level at most
    the 255 nodes beside the path and those of the right edge. ValueError unless 0 <= index < size.
    """
    if not 0 <= index < size:
        msg = f"leaf {index} is not in a tree of {size}"
        raise ValueError(msg)
    subtrees = _Subtrees(nodes, size)
    path: list[bytes] = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            path.append(subtrees.root(middle, stop))
            stop = middle
        else:
            path.append(subtrees.root(start, middle))
            start = middle
    path.reverse()
    return path


def consistency_proof(nodes: Nodes, old: int, new: int) -> list[bytes]:
    """PROOF(old, D[0:new]) of RFC 6962 section 2.1.2. Empty from size 0 and for equal sizes.

    Reads at most two groups of leaf hashes (the two right edges). ValueError unless 0 <= old <= new.
    """
    if not 0 <= old <= new:
        msg = f"a tree of {new} leaves does not continue one of {old}"
        raise ValueError(msg)
    if old in (0, new):
        return []
    subtrees = _Subtrees(nodes, new)
    path: list[bytes] = []
    start, stop = 0, new
    while stop != old:
        middle = start + _split(stop - start)
        if old <= middle:
            path.append(subtrees.root(middle, stop))
            stop = middle
        else:
            path.append(subtrees.root(start, middle))
            start = middle
    # A verifier who knows the old root knows this subtree already if it is the whole of the old tree.
    if start:
        path.append(subtrees.root(start, stop))
    path.reverse()
    return path


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `proof` shows the leaf hash `leaf` at `index` of the tree of `size` leaves with this root.

    RFC 9162 section 2.1.3.2. Never raises for what a stranger may have written.
    """
    if not 0 <= index < size or not _are_hashes(leaf, *proof):
        return False
    node, last, result = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            result = node_hash(sibling, result)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            result = node_hash(result, sibling)
        node >>= 1
        last >>= 1
    return last == 0 and result == root


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether `proof` shows that the tree of `new` leaves begins with the `old` leaves of the other.

    RFC 9162 section 2.1.4.2. Every tree continues the empty one, and a tree continues itself: both take an
    empty proof. Never raises for what a stranger may have written.
    """
    if not 0 <= old <= new or not _are_hashes(old_root, new_root, *proof):
        return False
    if old == new:
        return not proof and old_root == new_root
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    # The old root itself is left out of the proof when it is a complete subtree of the new tree.
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    node, last = old - 1, new - 1
    while node & 1:
        node >>= 1
        last >>= 1
    old_result = new_result = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old_result = node_hash(sibling, old_result)
            new_result = node_hash(sibling, new_result)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            new_result = node_hash(new_result, sibling)
        node >>= 1
        last >>= 1
    return last == 0 and old_result == old_root and new_result == new_root


def _are_hashes(*hashes: bytes) -> bool:
    return all(len(item) == HASH_SIZE for item in hashes)
