"""The Merkle tree against the RFC's own recursive words, the Certificate Transparency vectors and a counting store."""

import hashlib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag import merkle

# The reference leaves of the Certificate Transparency test suite, and the root over the first n of them.
CT_LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
CT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


# --- the naive twin: RFC 6962 section 2.1, word for word, over the leaves' data ---


def naive_root(data: list[bytes]) -> bytes:
    if not data:
        return hashlib.sha256(b"").digest()
    if len(data) == 1:
        return hashlib.sha256(b"\x00" + data[0]).digest()
    k = naive_split(len(data))
    return hashlib.sha256(b"\x01" + naive_root(data[:k]) + naive_root(data[k:])).digest()


def naive_split(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def naive_path(m: int, data: list[bytes]) -> list[bytes]:
    if len(data) == 1:
        return []
    k = naive_split(len(data))
    if m < k:
        return [*naive_path(m, data[:k]), naive_root(data[k:])]
    return [*naive_path(m - k, data[k:]), naive_root(data[:k])]


def naive_consistency(m: int, data: list[bytes], *, known: bool = True) -> list[bytes]:
    if m == len(data):
        return [] if known else [naive_root(data)]
    k = naive_split(len(data))
    if m <= k:
        return [*naive_consistency(m, data[:k], known=known), naive_root(data[k:])]
    return [*naive_consistency(m - k, data[k:], known=False), naive_root(data[:k])]


class Kept:
    """A store of exactly what `Frontier` says to keep; counts what proofs read."""

    def __init__(self, hashes: list[bytes]) -> None:
        self.hashes = hashes
        self.frontier = merkle.Frontier()
        self.kept = {(level, index): node for level, index, node in self.frontier.append_many(hashes)}
        self.read: Counter[str] = Counter()

    def leaves(self, start: int, stop: int) -> list[bytes]:
        assert 0 <= start < stop <= len(self.hashes)
        assert stop - start <= 256
        self.read["groups"] += 1
        self.read["leaves"] += stop - start
        return self.hashes[start:stop]

    def node(self, level: int, index: int) -> bytes:
        self.read["nodes"] += 1
        return self.kept[level, index]


def data_of(size: int) -> list[bytes]:
    return [b"leaf %d" % i for i in range(size)]


def hashes_of(size: int) -> list[bytes]:
    return [merkle.leaf_hash(item) for item in data_of(size)]


@pytest.fixture(scope="module")
def million() -> Kept:
    return Kept([hashlib.sha256(b"%d" % i).digest() for i in range(1_000_000)])


# --- roots ---


@pytest.mark.parametrize("size", range(9))
def test_roots_of_the_certificate_transparency_vectors(size: int) -> None:
    hashes = [merkle.leaf_hash(leaf) for leaf in CT_LEAVES[:size]]
    frontier = merkle.Frontier()
    frontier.append_many(hashes)
    assert merkle.root_of(hashes).hex() == CT_ROOTS[size]
    assert frontier.root().hex() == CT_ROOTS[size]


def test_proofs_of_the_certificate_transparency_vectors() -> None:
    kept = Kept([merkle.leaf_hash(leaf) for leaf in CT_LEAVES])
    assert [h.hex()[:16] for h in merkle.inclusion_proof(kept, 5, 8)] == [
        "bc1a0643b12e4d2d",
        "ca854ea128ed050b",
        "d37ee418976dd957",
    ]
    assert [h.hex()[:16] for h in merkle.inclusion_proof(kept, 1, 5)] == [
        "6e340b9cffb37a98",
        "5f083f0a1a33ca07",
        "bc1a0643b12e4d2d",
    ]
    assert [h.hex()[:16] for h in merkle.consistency_proof(kept, 3, 8)] == [
        "0298d122906dcfc1",
        "07506a85fd9dd2f1",
        "fac54203e7cc696c",
        "6b47aaf29ee3c2af",
    ]


@given(st.integers(0, 300), st.lists(st.integers(0, 70), max_size=8))
def test_frontier_however_the_leaves_are_split(size: int, parts: list[int]) -> None:
    hashes, frontier, at, completed = hashes_of(size), merkle.Frontier(), 0, []
    for part in parts:
        completed += frontier.append_many(hashes[at : at + part])
        at = min(at + part, size)
        frontier = merkle.Frontier.restore(frontier.serialise())
    for item in hashes[at:]:
        completed += frontier.append(item)
    assert frontier.size == size
    assert frontier.root() == merkle.root_of(hashes) == naive_root(data_of(size))
    assert completed == merkle.Frontier().append_many(hashes)


def test_completed_are_the_subtrees_of_every_eighth_level(million: Kept) -> None:
    size = len(million.hashes)
    assert set(million.kept) == {(8, i) for i in range(size >> 8)} | {(16, i) for i in range(size >> 16)}
    for index in (0, 1, 2047, (size >> 8) - 1):
        assert million.kept[8, index] == merkle.root_of(million.hashes[index << 8 : (index + 1) << 8])
    assert million.kept[16, 14] == merkle.root_of(million.hashes[14 << 16 : 15 << 16])
    assert million.frontier.root() == merkle.root_of(million.hashes)


def test_a_copy_is_independent_and_a_frontier_is_small(million: Kept) -> None:
    before = million.frontier.serialise()
    twin = million.frontier.copy()
    twin.append(b"\x01" * 32)
    assert million.frontier.serialise() == before != twin.serialise()
    assert len(before) == 8 + 32 * (1_000_000).bit_count()


@pytest.mark.parametrize(
    "bad",
    [b"", b"\x00" * 7, (1).to_bytes(8, "big"), (1).to_bytes(8, "big") + b"x" * 64, b"\x80" + b"\x00" * 7 + b"x" * 32],
)
def test_restore_refuses_what_was_not_stored(bad: bytes) -> None:
    with pytest.raises(ValueError, match="not a stored frontier"):
        merkle.Frontier.restore(bad)


def test_append_refuses_what_is_no_hash_and_adds_nothing() -> None:
    frontier = merkle.Frontier()
    with pytest.raises(ValueError, match="32 bytes"):
        frontier.append_many([b"a" * 32, b"short"])
    assert (frontier.size, frontier.root()) == (0, merkle.EMPTY_ROOT)


# --- proofs ---


@given(st.data())
def test_inclusion_like_the_rfc(data: st.DataObject) -> None:
    total = data.draw(st.integers(1, 700))
    size = data.draw(st.integers(1, total))
    index = data.draw(st.integers(0, size - 1))
    kept, leaves = Kept(hashes_of(total)), data_of(size)
    proof = merkle.inclusion_proof(kept, index, size)
    assert proof == naive_path(index, leaves)
    root = naive_root(leaves)
    leaf = merkle.leaf_hash(leaves[index])
    assert merkle.verify_inclusion(leaf, index, size, proof, root)
    assert kept.read["groups"] <= 2


@given(st.data())
def test_consistency_like_the_rfc(data: st.DataObject) -> None:
    total = data.draw(st.integers(1, 700))
    new = data.draw(st.integers(1, total))
    old = data.draw(st.integers(1, new))
    kept, leaves = Kept(hashes_of(total)), data_of(new)
    proof = merkle.consistency_proof(kept, old, new)
    assert proof == naive_consistency(old, leaves)
    assert merkle.verify_consistency(old, new, proof, naive_root(leaves[:old]), naive_root(leaves))
    assert kept.read["groups"] <= 2


def test_every_small_proof_verifies_and_no_changed_one_does() -> None:
    kept = Kept(hashes_of(20))
    roots = [merkle.root_of(kept.hashes[:n]) for n in range(21)]
    for size in range(1, 21):
        for index in range(size):
            proof = merkle.inclusion_proof(kept, index, size)
            leaf = kept.hashes[index]
            assert merkle.verify_inclusion(leaf, index, size, proof, roots[size])
            for other in range(size):
                if other != index:
                    assert not merkle.verify_inclusion(leaf, other, size, proof, roots[size])
            for changed in changes(proof):
                assert not merkle.verify_inclusion(leaf, index, size, changed, roots[size])
        for old in range(1, size):
            proof = merkle.consistency_proof(kept, old, size)
            assert merkle.verify_consistency(old, size, proof, roots[old], roots[size])
            assert not merkle.verify_consistency(old, size, proof, roots[old - 1], roots[size])
            assert not merkle.verify_consistency(old, size, proof, roots[old], roots[size - 1])
            for changed in changes(proof):
                assert not merkle.verify_consistency(old, size, changed, roots[old], roots[size])


def changes(proof: list[bytes]) -> list[list[bytes]]:
    """The proof longer, shorter, with a bit flipped in each hash, with a hash cut, with neighbours swapped."""
    out = [[*proof, b"\x00" * 32], [b"\x00" * 32, *proof]]
    if proof:
        out += [proof[:-1], proof[1:], [proof[0][:-1], *proof[1:]]]
    for i, item in enumerate(proof):
        out.append([*proof[:i], bytes([item[0] ^ 1]) + item[1:], *proof[i + 1 :]])
    if len(proof) > 1:
        out.append([proof[1], proof[0], *proof[2:]])
    return out


def test_a_proof_for_a_smaller_tree_is_none_for_a_larger() -> None:
    """Its hashes all fit; what is missing is the way from there to the larger tree's root."""
    kept = Kept(hashes_of(8))
    root = kept.frontier.root()
    path = merkle.inclusion_proof(kept, 0, 8)
    assert merkle.verify_inclusion(kept.hashes[0], 0, 8, path, root)
    assert not merkle.verify_inclusion(kept.hashes[0], 0, 16, path, root)
    path, old_root = merkle.consistency_proof(kept, 4, 8), merkle.root_of(kept.hashes[:4])
    assert merkle.verify_consistency(4, 8, path, old_root, root)
    assert not merkle.verify_consistency(4, 16, path, old_root, root)


def test_edges_of_consistency() -> None:
    kept = Kept(hashes_of(5))
    root = kept.frontier.root()
    assert merkle.consistency_proof(kept, 0, 5) == merkle.consistency_proof(kept, 5, 5) == []
    assert merkle.verify_consistency(0, 5, [], merkle.EMPTY_ROOT, root)
    assert merkle.verify_consistency(0, 0, [], merkle.EMPTY_ROOT, merkle.EMPTY_ROOT)
    assert merkle.verify_consistency(5, 5, [], root, root)
    assert not merkle.verify_consistency(0, 5, [], root, root)
    assert not merkle.verify_consistency(5, 5, [root], root, root)
    assert not merkle.verify_consistency(3, 5, [], merkle.root_of(kept.hashes[:3]), root)
    assert not merkle.verify_consistency(5, 3, [], root, root)
    assert not merkle.verify_consistency(-1, 5, [], root, root)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5), (6, 5)])
def test_no_inclusion_outside_the_tree(index: int, size: int) -> None:
    kept = Kept(hashes_of(5))
    with pytest.raises(ValueError, match="not in a tree"):
        merkle.inclusion_proof(kept, index, size)
    assert not merkle.verify_inclusion(kept.hashes[0], index, size, [], kept.frontier.root())


@pytest.mark.parametrize(("old", "new"), [(6, 5), (-1, 5)])
def test_no_consistency_backwards(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="does not continue"):
        merkle.consistency_proof(Kept(hashes_of(5)), old, new)


def test_a_leaf_cannot_pass_for_an_inner_node() -> None:
    """The second-preimage trick that the two prefixes are there to stop."""
    kept = Kept(hashes_of(4))
    pair = kept.hashes[0] + kept.hashes[1]
    right = merkle.node_hash(*kept.hashes[2:])
    assert not merkle.verify_inclusion(merkle.leaf_hash(pair), 0, 2, [right], kept.frontier.root())


@pytest.mark.parametrize("index", [0, 255, 256, 65_535, 65_536, 524_288, 983_039, 983_040, 999_423, 999_999])
def test_proofs_at_a_million_leaves_read_little(million: Kept, index: int) -> None:
    size, root = 1_000_000, million.frontier.root()
    million.read.clear()
    proof = merkle.inclusion_proof(million, index, size)
    assert merkle.verify_inclusion(million.hashes[index], index, size, proof, root)
    assert len(proof) <= 20
    assert million.read["groups"] <= 2
    assert million.read["leaves"] <= 512
    assert million.read["nodes"] <= 255 + 255 + 15


@pytest.mark.parametrize("old", [1, 65_537, 999_425])
def test_consistency_at_a_million_leaves_reads_little(million: Kept, old: int) -> None:
    size, root = 1_000_000, million.frontier.root()
    million.read.clear()
    proof = merkle.consistency_proof(million, old, size)
    assert merkle.verify_consistency(old, size, proof, merkle.root_of(million.hashes[:old]), root)
    assert million.read["groups"] <= 2
    assert million.read["nodes"] <= 255 + 255 + 15
