"""Content identifiers: CIDv1 with sha2-256, as 36 binary bytes or as base32 text.

Purpose: name a block by the hash of its bytes. Two codecs exist here, dag-cbor (events, order blocks, leaves) and
raw (blobs); one hash, sha2-256 of 32 bytes. Other CIDs that the wider IPLD world knows are refused, so a block has
exactly one name.

It must not know what is inside a block.

Source: the CID specification of Multiformats (version, multicodec, multihash as unsigned varints; multibase `b` is
lower-case base32 of RFC 4648 without padding).
"""

from base64 import b32decode, b32encode
from hashlib import sha256
from typing import Final

CID_BYTES: Final = 36
DAG_CBOR_PREFIX: Final = b"\x01\x71\x12\x20"
"""CIDv1, dag-cbor (0x71), sha2-256 (0x12), 32 bytes (0x20)."""
RAW_PREFIX: Final = b"\x01\x55\x12\x20"
"""CIDv1, raw (0x55), sha2-256 (0x12), 32 bytes (0x20)."""
PREFIXES: Final = frozenset((DAG_CBOR_PREFIX, RAW_PREFIX))
_TEXT_CHARS: Final = 59  # "b" and the 58 base32 digits that 36 bytes need
_PADDING: Final = "=" * 6


class BadCid(ValueError):
    """The peer's or the caller's bytes or text are no CID of the two kinds used here.

    `reason` is one of `not_base32_text`, `not_canonical_text`, `length`, `version`, `codec`, `hash`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"not a CIDv1 of dag-cbor or raw with sha2-256: {reason}")
        self.reason = reason


def cid_of(block: bytes) -> bytes:
    """The 36-byte CID of a DAG-CBOR block. The block is not checked to be DAG-CBOR."""
    return DAG_CBOR_PREFIX + sha256(block).digest()


def raw_cid_of(data: bytes) -> bytes:
    """The 36-byte CID of a blob of bytes without structure."""
    return RAW_PREFIX + sha256(data).digest()


def is_cid(cid: bytes) -> bool:
    """Whether these are the 36 bytes of a CID of one of the two kinds used here."""
    return len(cid) == CID_BYTES and cid[:4] in PREFIXES


def fault_of(cid: bytes) -> str | None:
    """Why `is_cid` is false, as one of the reasons of `BadCid`, or None when it is true.

    Faults are named in the order of the bytes, so a CIDv0 (0x12 0x20 and the hash) is `version`.
    """
    if not cid:
        return "length"
    for index, reason in ((0, "version"), (1, "codec"), (2, "hash"), (3, "hash")):
        if index >= len(cid):
            return "length"
        if index == 1 and cid[1] == RAW_PREFIX[1]:
            continue
        if cid[index] != DAG_CBOR_PREFIX[index]:
            return reason
    return None if len(cid) == CID_BYTES else "length"


def cid_text(cid: bytes) -> str:
    """The text of a 36-byte CID: `b` and 58 lower-case base32 digits. Raises BadCid for other bytes."""
    if not is_cid(cid):
        raise BadCid(fault_of(cid) or "length")
    return "b" + b32encode(cid).decode("ascii").rstrip("=").lower()


def cid_from_text(text: str) -> bytes:
    """The 36 bytes of a CID's text; the exact inverse of `cid_text`. Raises BadCid.

    Upper case, other multibases, padding and stray last bits are refused: a CID has one text.
    """
    if len(text) != _TEXT_CHARS or not text.isascii() or text[0] != "b" or not text.islower():
        raise BadCid("not_base32_text")
    try:
        cid = b32decode(text[1:].upper() + _PADDING)
    except ValueError:
        raise BadCid("not_base32_text") from None
    if cid_text(cid) != text:
        raise BadCid("not_canonical_text")
    return cid
