"""Ed25519 keys: as `did:key` text, as an event's author, in use for signing, and sealed for storage.

Purpose: who signed. A key is 32 raw bytes; its DID and its 34 author bytes are other spellings of the same key.

Invariants
- Verification is cofactorless with S < L, refuses small-order and non-canonical points, and is done one by one. It is
  part of an event's validity, so it must be the same on every node: tests pin it with crafted signatures, because a
  libsodium that turned to the cofactored equation would split a space (decision 0002).
- A key that may act in a space is checked once, when it is registered: `check_point`.
- No randomness: seeds, salts and nonces are parameters.

It must not know where keys are kept, what custody they are in, or what a member is.

Source: RFC 8032 and the did:key method (multicodec ed25519-pub 0xed, multibase base58btc); Argon2id of RFC 9106 and
XSalsa20-Poly1305 (secretbox) as libsodium has them.
"""

import struct
from hashlib import sha256
from typing import Final
from unicodedata import normalize

from nacl.bindings import (
    crypto_box_seal_open,
    crypto_core_ed25519_is_valid_point,
    crypto_pwhash_alg,
    crypto_pwhash_ALG_ARGON2ID13,
    crypto_secretbox,
    crypto_secretbox_open,
    crypto_sign,
    crypto_sign_ed25519_pk_to_curve25519,
    crypto_sign_ed25519_sk_to_curve25519,
    crypto_sign_open,
    crypto_sign_seed_keypair,
)
from nacl.exceptions import CryptoError

from dag.cid import DAG_CBOR_PREFIX, is_cid
from dag.codec import Link, encode

KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
AUTHOR_PREFIX: Final = b"\xed\x01"
"""The unsigned varint of multicodec 0xed, ed25519-pub."""
AUTHOR_BYTES: Final = 34
KEY_BINDING_DOMAIN: Final = b"icn-key-v1\0"


class BadKey(ValueError):
    """A public key, author or DID that is malformed, or a point that no honest key can be.

    `reason` is one of `length`, `not_ed25519`, `not_did_key`, `not_base58`, `non_canonical_point`,
    `small_order_point`, `invalid_point` (not on the curve, or not in the group of prime order).
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"not an Ed25519 key that can be used: {reason}")
        self.reason = reason


# --- spellings of a key -----------------------------------------------------------------------------------------

_DID_PREFIX: Final = "did:key:z"
_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE58_DIGIT: Final = {char: digit for digit, char in enumerate(_BASE58)}
_BASE58_PAIRS: Final = tuple(high + low for high in _BASE58 for low in _BASE58)
_DID_DIGITS: Final = 47
"""34 bytes whose first is 0xed always take 47 base58 digits."""


def did_of(public: bytes) -> str:
    """The `did:key:z6Mk...` of a 32-byte public key. Raises BadKey; the point is not checked."""
    number = int.from_bytes(author_of(public))
    pairs = []
    for _ in range(_DID_DIGITS // 2 + 1):
        number, digits = divmod(number, 58 * 58)
        pairs.append(_BASE58_PAIRS[digits])
    # 24 pairs are 48 digits, so the first digit is a leading zero.
    return _DID_PREFIX + "".join(reversed(pairs))[1:]


def public_of(did: str) -> bytes:
    """The 32-byte public key of a DID; the exact inverse of `did_of`. Raises BadKey; the point is not checked."""
    if not did.startswith(_DID_PREFIX):
        raise BadKey("not_did_key")
    digits = did[len(_DID_PREFIX) :]
    if len(digits) != _DID_DIGITS:
        raise BadKey("length")
    number = 0
    try:
        for char in digits:
            number = number * 58 + _BASE58_DIGIT[char]
        # 47 digits may exceed 34 bytes.
        author = number.to_bytes(AUTHOR_BYTES)
    except (KeyError, OverflowError):
        raise BadKey("not_base58") from None
    return public_of_author(author)


def author_of(public: bytes) -> bytes:
    """The 34 bytes by which an event names a 32-byte public key: 0xed 0x01 and the key."""
    if len(public) != KEY_BYTES:
        raise BadKey("length")
    return AUTHOR_PREFIX + public


def public_of_author(author: bytes) -> bytes:
    """The 32-byte public key in the 34 author bytes. Raises BadKey."""
    if len(author) != AUTHOR_BYTES:
        raise BadKey("length")
    if author[:2] != AUTHOR_PREFIX:
        raise BadKey("not_ed25519")
    return author[2:]


_FIELD_PRIME: Final = 2**255 - 19
_ORDER_8_Y: Final = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL_ORDER_Y: Final = frozenset((0, 1, _FIELD_PRIME - 1, _ORDER_8_Y, _FIELD_PRIME - _ORDER_8_Y))
"""The y coordinates of the eight points whose order divides the cofactor 8."""


def check_point(public: bytes) -> None:
    """Raise BadKey unless the 32 bytes are a canonical point of prime order; to be called when a key is registered.

    With a small-order point a signature can hold for many messages; a point with a small-order part is one that
    implementations of Ed25519 judge differently.
    """
    if len(public) != KEY_BYTES:
        raise BadKey("length")
    y = int.from_bytes(public, "little") & ((1 << 255) - 1)
    if y >= _FIELD_PRIME:
        raise BadKey("non_canonical_point")
    if y in _SMALL_ORDER_Y:
        raise BadKey("small_order_point")
    if not crypto_core_ed25519_is_valid_point(public):
        raise BadKey("invalid_point")


# --- signing and verifying --------------------------------------------------------------------------------------


class SigningKey:
    """A private key in memory. Make it with `from_seed`; it never shows its secret in `repr`."""

    __slots__ = ("_secret", "author", "did", "public")

    def __init__(self, public: bytes, secret: bytes) -> None:
        self._secret = secret
        self.public = public
        self.author = author_of(public)
        self.did = did_of(public)

    @classmethod
    def from_seed(cls, seed: bytes) -> "SigningKey":
        """The key of a 32-byte seed, the private key of RFC 8032. Raises BadKey for another length."""
        if len(seed) != KEY_BYTES:
            raise BadKey("length")
        public, secret = crypto_sign_seed_keypair(seed)
        return cls(public, secret)

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature of a message, which begins with its purpose's domain (`icn-event-v1\\0` and so on)."""
        return crypto_sign(message, self._secret)[:SIGNATURE_BYTES]

    def open_sealed(self, box: bytes) -> bytes | None:
        """What was sealed to this key (libsodium's crypto_box_seal to its Curve25519 form); None if it was not."""
        try:
            private = crypto_sign_ed25519_sk_to_curve25519(self._secret)
            return crypto_box_seal_open(box, crypto_sign_ed25519_pk_to_curve25519(self.public), private)
        except CryptoError:
            return None

    def __repr__(self) -> str:
        return f"SigningKey({self.did})"


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a 64-byte signature of a message holds for a 32-byte public key; False for any other length.

    Cofactorless; S >= L, small-order and non-canonical keys and small-order R are refused.
    """
    if len(signature) != SIGNATURE_BYTES or len(public) != KEY_BYTES:
        return False
    try:
        crypto_sign_open(signature + message, public)
    except CryptoError:
        return False
    return True


_KEY_IN_RULE: Final = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
_R_IN_RULE: Final = "aa6df914f7a0f04e7f852adf459873f17dba5b1671ea62e82cc10ed6aecc489c"
_RULE_MESSAGE: Final = b"icn verification rule"
_RULE: Final = (
    (
        "an ordinary signature",
        True,
        _KEY_IN_RULE,
        _R_IN_RULE + "505c5e528a5f893d3367ff3ba7ef9fe2920c196311fa80ec5a44fe2b2e31a504",
    ),
    (
        "S + L in place of S",
        False,
        _KEY_IN_RULE,
        _R_IN_RULE + "3d3054afa4c29b950904f7de85e97ef7920c196311fa80ec5a44fe2b2e31a514",
    ),
    (
        "R with a part of order 8, as the cofactored equation allows",
        False,
        _KEY_IN_RULE,
        "4c09ae0bb152ce1900464b0c9307316e1f761f80aaf20226936f0aa6a0bd49e4eef38c6210f146705e003712d5aecd1d9142b839b45be81363875cd56227f90f",
    ),
    (
        "R of small order",
        False,
        _KEY_IN_RULE,
        "01" + "00" * 31 + "8221adcc7ff842b6ce6cf6977821124bab9e890e1c8897314592842b36d44304",
    ),
    ("a key of small order", False, "01" + "00" * 31, _R_IN_RULE + "4d" + "00" * 31),
    (
        "a key with a part of order 8, and a challenge that is a multiple of 8",
        True,
        "b502ff3d92e31d8190b4aa4ea0414005167fad089c4de9dac8a2fc850fed4f58",
        "b862409fb5c4c4123df2abf7462b88f041ad36dd6864ce872fd5472be363c5b1ae769cb1fd1c308b8cd902caaec441d0c46be1df27b9bca173399f9203db2509",
    ),
)


class OtherVerificationRule(RuntimeError):
    """The libsodium that is installed judges crafted signatures unlike every other node's; do not run with it."""


def check_verification_rule() -> None:
    """Raise OtherVerificationRule unless `verify` follows the rule of the event format on six crafted signatures.

    To be called once when a node starts (an eighth of a millisecond). With another libsodium it might refuse what all
    others accept, or the other way round, and part from their order for good.
    """
    for told, holds, public, signature in _RULE:
        if verify(bytes.fromhex(public), _RULE_MESSAGE, bytes.fromhex(signature)) is not holds:
            state = "refuses" if holds else "accepts"
            raise OtherVerificationRule(
                f"the installed libsodium {state} {told}; install the version of PyNaCl that uv.lock names"
            )


def key_binding_bytes(space: bytes | None, member_did: str) -> bytes:
    """What a device key signs to say that it stands for this member in this space, so that nobody can claim it.

    `space` is the 36-byte CID of the genesis event, or None inside the genesis event itself, whose CID does not exist
    yet. The bytes are `icn-key-v1\\0` and the DAG-CBOR of [space link or null, member DID].
    """
    if space is not None and not (is_cid(space) and space.startswith(DAG_CBOR_PREFIX)):
        raise ValueError("space must be the 36-byte dag-cbor CID of a genesis event")
    public_of(member_did)
    return KEY_BINDING_DOMAIN + encode([None if space is None else Link(space), member_did])


# --- sealing for storage ----------------------------------------------------------------------------------------

SEAL_MAGIC: Final = b"icn-sealed-v1\0"
SALT_BYTES: Final = 16
NONCE_BYTES: Final = 24
SEAL_MAX_PLAINTEXT: Final = 1 << 20
"""Longest plaintext that is sealed or opened, bytes."""
SEAL_MIN_MEM: Final = 8 << 10
SEAL_MAX_MEM: Final = 256 << 20
SEAL_MAX_OPS: Final = 8
"""With `SEAL_MAX_MEM`: what a hostile file can make its reader spend, 256 MiB and a few seconds."""
_MAC_BYTES: Final = 16
_CHECKSUM_BYTES: Final = 32
_COST: Final = struct.Struct(">II")  # passes, memory in KiB
_SALT_AT: Final = len(SEAL_MAGIC) + _COST.size
_NONCE_AT: Final = _SALT_AT + SALT_BYTES
_BOX_AT: Final = _NONCE_AT + NONCE_BYTES


class Damaged(ValueError):
    """Sealed bytes that are not whole: truncated, altered by accident, of another version, or of forbidden cost.

    `reason` is one of `magic`, `length`, `checksum`, `cost`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"sealed data is damaged ({reason}); take it from a backup")
        self.reason = reason


class WrongSecret(ValueError):
    """Whole sealed bytes that this secret does not open (or that were altered on purpose)."""

    def __init__(self) -> None:
        super().__init__("the secret does not open this sealed data; check it and try again")


def secret_bytes(text: str) -> bytes:
    """The bytes of a secret that a person typed: NFC and UTF-8, so that every keyboard gives the same (RFC 8265)."""
    return normalize("NFC", text).encode("utf-8")


def seal(plaintext: bytes, secret: bytes, *, salt: bytes, nonce: bytes, ops: int, mem: int) -> bytes:
    """Encrypt up to 1 MiB (a 32-byte seed, say) under a secret of at least one byte.

    `salt` is 16 fresh random bytes, `nonce` 24. `ops` (1 to 8 passes) and `mem` (bytes: a multiple of 1024, 8 KiB to
    256 MiB) are the cost of Argon2id and are kept in the header. Layout, integers big-endian: magic, u32 passes, u32
    KiB, salt, nonce, secretbox, SHA-256 of all before. The checksum is no authentication: it tells damage from a wrong
    secret. Altering the cost or the salt alters the key, so the box no longer opens.
    """
    if not secret:
        raise ValueError("a secret must not be empty")
    if len(plaintext) > SEAL_MAX_PLAINTEXT:
        raise ValueError(f"at most {SEAL_MAX_PLAINTEXT} bytes can be sealed at once")
    if len(salt) != SALT_BYTES or len(nonce) != NONCE_BYTES:
        raise ValueError(f"salt must be {SALT_BYTES} bytes and nonce {NONCE_BYTES}")
    if mem % 1024 or not _is_permitted_cost(ops, mem):
        raise ValueError(f"ops must be 1 to {SEAL_MAX_OPS}, mem a multiple of 1024 up to {SEAL_MAX_MEM}")
    box = crypto_secretbox(plaintext, nonce, _stretch(secret, salt, ops, mem))
    sealed = SEAL_MAGIC + _COST.pack(ops, mem // 1024) + salt + nonce + box
    return sealed + sha256(sealed).digest()


def unseal(sealed: bytes, secret: bytes) -> bytes:
    """The plaintext of `seal`. Raises Damaged before any costly work, else WrongSecret."""
    if not sealed.startswith(SEAL_MAGIC):
        raise Damaged("magic")
    box_bytes = len(sealed) - _BOX_AT - _CHECKSUM_BYTES
    if not _MAC_BYTES <= box_bytes <= SEAL_MAX_PLAINTEXT + _MAC_BYTES:
        raise Damaged("length")
    body = sealed[:-_CHECKSUM_BYTES]
    if sha256(body).digest() != sealed[-_CHECKSUM_BYTES:]:
        raise Damaged("checksum")
    ops, kib = _COST.unpack_from(body, len(SEAL_MAGIC))
    if not _is_permitted_cost(ops, kib * 1024):
        raise Damaged("cost")
    key = _stretch(secret, body[_SALT_AT:_NONCE_AT], ops, kib * 1024)
    try:
        return crypto_secretbox_open(body[_BOX_AT:], body[_NONCE_AT:_BOX_AT], key)
    except CryptoError:
        raise WrongSecret from None


def _is_permitted_cost(ops: int, mem: int) -> bool:
    return 1 <= ops <= SEAL_MAX_OPS and SEAL_MIN_MEM <= mem <= SEAL_MAX_MEM


def _stretch(secret: bytes, salt: bytes, ops: int, mem: int) -> bytes:
    return crypto_pwhash_alg(KEY_BYTES, secret, salt, ops, mem, crypto_pwhash_ALG_ARGON2ID13)
