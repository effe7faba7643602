"""A key on paper: 32 bytes as text that a person can copy, with a checksum that finds any one typing error.

The form is Crockford's base32 (no I, L, O, U), in groups of five, with a version letter and a SHA-256 check: what is
printed at founding as the recovery key, and typed in once, years later. It must not know what the key is for.
"""

from __future__ import annotations

from hashlib import sha256

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ = {c: i for i, c in enumerate(_ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_VERSION = 1
_CHECK_BYTES = 3
_DIGITS = 58  # 5-bit digits of 1 + 32 + 3 bytes, 288 bits, rounded up


class BadPaperKey(ValueError):
    """Text that is no paper key, or was mistyped; the message says which."""


def paper_of(seed: bytes) -> str:
    """The text of a 32-byte seed: 58 characters in groups of five."""
    assert len(seed) == 32
    body = bytes([_VERSION]) + seed
    number = int.from_bytes(body + _check(body))
    digits = ""
    for _ in range(_DIGITS):
        number, digit = divmod(number, 32)
        digits = _ALPHABET[digit] + digits
    return " ".join(digits[i : i + 5] for i in range(0, _DIGITS, 5))


def seed_of(text: str) -> bytes:
    """The 32-byte seed of what a person typed; case, spaces and dashes do not matter. Raises BadPaperKey."""
    digits = "".join(text.split()).replace("-", "").upper()
    wrong = sorted(set(digits) - set(_READ))
    if wrong:
        raise BadPaperKey(f"a recovery key has no character {wrong[0]!r}")
    if len(digits) != _DIGITS:
        raise BadPaperKey(f"a recovery key has {_DIGITS} characters; this has {len(digits)}")
    number = 0
    for digit in digits:
        number = number * 32 + _READ[digit]
    try:
        whole = number.to_bytes(1 + 32 + _CHECK_BYTES)
    except OverflowError:
        raise BadPaperKey("this is no recovery key: its first character is wrong") from None
    body, check = whole[:-_CHECK_BYTES], whole[-_CHECK_BYTES:]
    if body[0] != _VERSION or _check(body) != check:
        raise BadPaperKey("there is a typing error in the recovery key: compare it with the paper")
    return body[1:]


def _check(body: bytes) -> bytes:
    return sha256(b"icn-paper-v1\0" + body).digest()[:_CHECK_BYTES]
