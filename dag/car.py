"""CARv1 archives: blocks with their CIDs, one after the other, for export, import and carrying on a stick.

Purpose: write a stream of blocks and read one back, a piece at a time, with memory bounded by one section and one
piece. Source: the CARv1 specification of IPLD; where it leaves a question open, the strict answer is taken:

- a header is `{roots, version: 1}` and nothing else, with one root or more, each once, each among the blocks;
- CIDs are CIDv1, dag-cbor or raw, sha2-256; every block is hashed and compared with its CID, on writing too;
- lengths are minimal varints; there are no empty sections; a dag-cbor block has at most 64 KiB, a raw one 1 MiB;
- blocks may repeat: a reader with bounded memory cannot know.

Write the roots' blocks last (parents before children does that when the roots are the heads): then an archive that
was cut anywhere, even between two sections, is refused, because a root is missing.

It must not know what blocks say or where they are kept, and does no I/O: pieces in, blocks out, and the other way.
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Final, NoReturn

from dag.cid import CID_BYTES, DAG_CBOR_PREFIX, RAW_PREFIX, is_cid
from dag.codec import CodecError, Link, decode, encode

MAX_CBOR_BLOCK: Final = 64 * 1024
MAX_RAW_BLOCK: Final = 1024 * 1024
MAX_HEADER: Final = 4 * 1024 * 1024
"""Room for about 100,000 roots: the heads of a large space whose wallets cite no parents."""
_LIMITS: Final = {DAG_CBOR_PREFIX: MAX_CBOR_BLOCK, RAW_PREFIX: MAX_RAW_BLOCK}
_VARINT_BYTES: Final = 4
"""Four bytes hold lengths up to 256 MiB, above every limit here."""

Block = tuple[bytes, bytes]
"""(36-byte CID, the block's bytes)."""


class CarError(ValueError):
    """The archive is not one that `write` makes: the fault of whoever wrote, carried or cut it.

    `offset` is where in the stream the faulty part begins, in bytes. `code` is one of
    `truncated`, `varint_not_minimal`, `varint_too_long`, `header_too_long`, `header_not_dag_cbor`, `header_fields`,
    `version`, `no_roots`, `bad_root`, `repeated_root`, `section_too_short`, `section_too_long`, `bad_cid`,
    `hash_mismatch`, `root_missing`.
    """

    def __init__(self, code: str, offset: int) -> None:
        self.code = code
        self.offset = offset
        super().__init__(f"not a sound CAR archive: {code} at byte {offset}")


def write(roots: Sequence[bytes], blocks: Iterable[Block]) -> Iterator[bytes]:
    """The archive, in pieces: the header, then one piece a block. Order of blocks is the caller's and is kept.

    Raises CarError, with the offset in the archive, where a reader would: a block that is not its CID's (a damaged
    store must not become a damaged export), too large, or a root that never came. What was written up to there is
    no sound archive then.
    """
    if not all(is_cid(root) for root in roots):
        raise CarError("bad_root", 0)
    header = encode({"roots": [Link(root) for root in roots], "version": 1})
    piece = _varint(len(header)) + header
    missing = set(_roots(header, 0))
    yield piece
    at = len(piece)
    for cid, data in blocks:
        limit = _LIMITS.get(cid[:4])
        if limit is None or len(cid) != CID_BYTES:
            raise CarError("bad_cid", at)
        if len(data) > limit:
            raise CarError("section_too_long", at)
        if sha256(data).digest() != cid[4:]:
            raise CarError("hash_mismatch", at)
        missing.discard(cid)
        piece = b"".join((_varint(CID_BYTES + len(data)), cid, data))
        yield piece
        at += len(piece)
    if missing:
        raise CarError("root_missing", at)


class CarReader:
    """Pieces in (`feed`), verified blocks out. Call `finish` at the end: only then is the archive known to be whole.

    Blocks that `feed` returned are each sound by themselves, whatever comes after. After an error the reader
    repeats that error.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._start = 0  # offset in the stream of the buffer's first byte
        self._roots: tuple[bytes, ...] | None = None
        self._missing: set[bytes] = set()
        self._error: CarError | None = None

    @property
    def roots(self) -> tuple[bytes, ...] | None:
        """The roots, once the header has been read."""
        return self._roots

    def feed(self, piece: bytes) -> list[Block]:
        """The blocks that this piece completes. Raises CarError; sound blocks before the fault are returned first."""
        if self._error is not None:
            raise self._error
        self._buffer += piece
        found: list[Block] = []
        try:
            self._take(found)
        except CarError as error:
            self._error = error
            self._buffer.clear()
            if not found:
                raise
        return found

    def finish(self) -> None:
        """Raises CarError `truncated` inside a section or the header, `root_missing` if a root's block never came."""
        if self._error is not None:
            raise self._error
        if self._buffer or self._roots is None:
            raise CarError("truncated", self._start)
        if self._missing:
            raise CarError("root_missing", self._start)

    def _take(self, found: list[Block]) -> None:
        """Move every whole section from the buffer into `found`."""
        at = 0
        while True:
            length, start = self._length(at)
            if length < 0:
                break
            if self._roots is None:
                if length > MAX_HEADER:
                    self._fail("header_too_long", at)
                if len(self._buffer) < start + length:
                    break
                self._roots = _roots(bytes(self._buffer[start : start + length]), self._start + at)
                self._missing = set(self._roots)
            else:
                block = self._section(at, start, length)
                if block is None:
                    break
                found.append(block)
            at = start + length
        del self._buffer[:at]
        self._start += at

    def _section(self, at: int, start: int, length: int) -> Block | None:
        """The block of the section at `at`, or None if it is not all there yet; its limits are checked at once."""
        buffer = self._buffer
        if length < CID_BYTES:
            self._fail("section_too_short", at)
        if length > CID_BYTES + MAX_RAW_BLOCK:
            self._fail("section_too_long", at)
        if len(buffer) < start + CID_BYTES:
            return None
        cid = bytes(buffer[start : start + CID_BYTES])
        limit = _LIMITS.get(cid[:4])
        if limit is None:
            self._fail("bad_cid", at)
        if length > CID_BYTES + limit:
            self._fail("section_too_long", at)
        if len(buffer) < start + length:
            return None
        data = bytes(buffer[start + CID_BYTES : start + length])
        if sha256(data).digest() != cid[4:]:
            self._fail("hash_mismatch", at)
        self._missing.discard(cid)
        return cid, data

    def _length(self, at: int) -> tuple[int, int]:
        """The varint at `at` of the buffer and the position after it; (-1, at) if it is not all there yet."""
        value = 0
        for i, byte in enumerate(self._buffer[at : at + _VARINT_BYTES]):
            value |= (byte & 0x7F) << 7 * i
            if byte < 0x80:
                if byte == 0 and i:
                    self._fail("varint_not_minimal", at)
                return value, at + i + 1
        if len(self._buffer) - at >= _VARINT_BYTES:
            self._fail("varint_too_long", at)
        return -1, at

    def _fail(self, code: str, at: int) -> NoReturn:
        raise CarError(code, self._start + at)


def read(pieces: Iterable[bytes]) -> Iterator[Block]:
    """Every block of an archive that comes in pieces, each verified. Raises CarError; the end checks the whole."""
    reader = CarReader()
    for piece in pieces:
        yield from reader.feed(piece)
    reader.finish()


def _roots(header: bytes, offset: int) -> tuple[bytes, ...]:
    """The roots that a header names, checked. `offset` is where the header stands, for the error."""
    try:
        value = decode(header)
    except CodecError as error:
        raise CarError("header_not_dag_cbor", offset) from error
    if not isinstance(value, dict):
        raise CarError("header_fields", offset)
    version, roots = value.get("version"), value.get("roots")
    if type(version) is int and version != 1:
        raise CarError("version", offset)
    if type(version) is not int or value.keys() != {"roots", "version"} or not isinstance(roots, list):
        raise CarError("header_fields", offset)
    if not roots:
        raise CarError("no_roots", offset)
    links = tuple(bytes(root) for root in roots if isinstance(root, Link))
    if len(links) != len(roots):
        raise CarError("bad_root", offset)
    if len(set(links)) != len(links):
        raise CarError("repeated_root", offset)
    return links


def _varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
