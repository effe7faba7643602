"""The recovery epoch: going on when a quorum is lost for good.

Purpose: keys that the charter names (a threshold of officers, or printed keys) sign {last checkpoint, new
configuration}. A lone node restored from yesterday's backup, or a space with a stolen validator, starts a new epoch by
it, whose rounds begin at 1, so nothing is signed twice. It shows for ever as a recovery.

Invariants
- The statement is strict DAG-CBOR; each key signs "icn-recovery-v1\\0" and the map without `signatures`. Signatures
  are sorted by key and unique.
- The new configuration has a nonce, so no two statements mean the same epoch (see `Epoch.nonce`).

It must not know whether the checkpoint is that of the log at hand: its reader compares.
"""

from collections.abc import Collection
from typing import Any, Final

import msgspec

from dag.cid import cid_of, cid_text
from dag.codec import CodecError, decode, encode
from dag.keys import AUTHOR_BYTES, SIGNATURE_BYTES, SigningKey, author_of, public_of, verify
from dag.order.config import Epoch, InvalidEpoch

RECOVERY_DOMAIN: Final = b"icn-recovery-v1\0"
MAX_STATEMENT_BYTES: Final = 128 * 1024
MAX_SIGNATURES: Final = 64


class InvalidRecovery(ValueError):
    """A recovery statement that must not be followed: the fault of whoever made it.

    `code` is one of `too_large`, `bad_encoding`, `bad_field`, `bad_epoch`, `signatures_unsorted`, `no_nonce`,
    `wrong_space`, `wrong_epoch`, `wrong_checkpoint`, `unknown_key`, `bad_signature`, `too_few_signatures`.
    """

    def __init__(self, code: str, **facts: object) -> None:
        told = ", ".join(f"{name}={value!r}" for name, value in facts.items())
        super().__init__(f"recovery statement: {code}" + (f" ({told})" if told else ""))
        self.code = code
        self.facts = facts


class Recovery(msgspec.Struct, frozen=True):
    """A statement, signed by nobody yet or by some. `signatures`: (34-byte author, 64-byte signature), by author."""

    checkpoint: str
    epoch: Epoch
    signatures: tuple[tuple[bytes, bytes], ...] = ()

    def signing_bytes(self) -> bytes:
        """What each recovery key signs."""
        return RECOVERY_DOMAIN + encode({"epoch": self.epoch.as_map(), "checkpoint": self.checkpoint})

    def sign(self, key: SigningKey) -> "Recovery":
        """The statement with this key's signature added; each recovery key signs what the one before handed on."""
        signatures = dict(self.signatures)
        signatures[key.author] = key.sign(self.signing_bytes())
        return Recovery(self.checkpoint, self.epoch, tuple(sorted(signatures.items())))

    def encode(self) -> bytes:
        """The block that is kept and passed on."""
        return encode(
            {
                "epoch": self.epoch.as_map(),
                "checkpoint": self.checkpoint,
                "signatures": [[author, sig] for author, sig in self.signatures],
            }
        )

    @property
    def cid(self) -> bytes:
        """The 36-byte CID of `encode()`."""
        return cid_of(self.encode())


def build_recovery(
    checkpoint: str, last: Epoch, *, validators: Collection[str], b: int, c: int, nonce: bytes
) -> Recovery:
    """An unsigned statement that ends the epoch `last` at a checkpoint (the text of a signed note).

    `nonce` is 16 fresh random bytes. Raises InvalidEpoch or InvalidRecovery.
    """
    epoch = Epoch(last.space, last.number + 1, tuple(sorted(validators)), b, c, nonce)
    recovery = Recovery(checkpoint, epoch)
    _check_against(recovery, last)
    return recovery


def decode_recovery(data: bytes) -> Recovery:
    """The statement of these bytes, structure checked. Raises InvalidRecovery."""
    if len(data) > MAX_STATEMENT_BYTES:
        raise InvalidRecovery("too_large", bytes=len(data), limit=MAX_STATEMENT_BYTES)
    try:
        fields: Any = decode(data, 4)
    except CodecError as error:
        raise InvalidRecovery("bad_encoding", reason=error.reason) from None
    if type(fields) is not dict or fields.keys() != {"epoch", "checkpoint", "signatures"}:
        raise InvalidRecovery("bad_field", field="map")
    if type(fields["checkpoint"]) is not str:
        raise InvalidRecovery("bad_field", field="checkpoint")
    try:
        epoch = Epoch.from_map(fields["epoch"])
    except InvalidEpoch as error:
        raise InvalidRecovery("bad_epoch", reason=error.code) from None
    return Recovery(fields["checkpoint"], epoch, _signatures(fields["signatures"]))


def _signatures(values: Any) -> tuple[tuple[bytes, bytes], ...]:
    if type(values) is not list or len(values) > MAX_SIGNATURES:
        raise InvalidRecovery("bad_field", field="signatures")
    signatures: list[tuple[bytes, bytes]] = []
    for value in values:
        if type(value) is not list or [type(item) for item in value] != [bytes, bytes]:
            raise InvalidRecovery("bad_field", field="signatures")
        author, sig = value
        if len(author) != AUTHOR_BYTES or len(sig) != SIGNATURE_BYTES:
            raise InvalidRecovery("bad_field", field="signatures")
        if signatures and signatures[-1][0] >= author:
            raise InvalidRecovery("signatures_unsorted")
        signatures.append((author, sig))
    return tuple(signatures)


def verify_recovery(recovery: Recovery, last: Epoch, *, keys: Collection[str], threshold: int) -> None:
    """Raise InvalidRecovery unless the statement rightly ends the epoch `last`.

    `keys` are the DIDs that the charter names for recovery, `threshold` how many of them must sign. A signature of a
    key that is not among them, or one that does not hold, spoils the statement: it is not what they signed.
    """
    if not 1 <= threshold <= len(set(keys)):
        raise ValueError(f"a recovery threshold is 1 to the number of recovery keys, not {threshold}")
    _check_against(recovery, last)
    authors = {author_of(public_of(did)) for did in keys}
    message = recovery.signing_bytes()
    for author, sig in recovery.signatures:
        if author not in authors:
            raise InvalidRecovery("unknown_key", author=author)
        if not verify(author[2:], message, sig):
            raise InvalidRecovery("bad_signature", author=author)
    if len(recovery.signatures) < threshold:
        raise InvalidRecovery("too_few_signatures", signatures=len(recovery.signatures), threshold=threshold)


def _check_against(recovery: Recovery, last: Epoch) -> None:
    epoch = recovery.epoch
    if epoch.space != last.space:
        raise InvalidRecovery("wrong_space", space=epoch.space)
    if epoch.number != last.number + 1:
        raise InvalidRecovery("wrong_epoch", epoch=epoch.number, expected=last.number + 1)
    if not epoch.nonce:
        raise InvalidRecovery("no_nonce")
    if not recovery.checkpoint.startswith(f"icn/{cid_text(last.space)}\n"):
        raise InvalidRecovery("wrong_checkpoint")
