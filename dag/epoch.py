"""Epochs in the log: who may sign checkpoints from here on, and by what right.

Purpose: read the first configuration and the recovery keys from the genesis event, and write and read the statements
by which later configurations follow. A statement is the subject of a leaf of kind `epoch`:

    epoch       its number; the founding one is 1
    validators  DIDs, sorted
    b, c        how many may be Byzantine, how many offline
    config      link: the CID of the configuration (dag.order.config) of this space with the fields above
    reason      "genesis"  the founding configuration, restated at the start of the log
                "change"   decided by the space, or renewed: the OLD quorum cosigns a checkpoint that covers this leaf
                "recovery" a quorum was lost for good: recovery keys named in the genesis event sign instead
    recovery    only then: bytes, the recovery statement (dag.order.recovery). It holds the configuration with its
                nonce, and the last good note with the old quorum's cosignatures: recovery keys may choose who goes
                on, not what happened before

Invariants: `config` is recomputed and compared, so a statement cannot name one configuration and list another.

It must not know where leaves stand, how a change was decided, or whether a recovery is rightful (dag.proof does).
"""

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias, cast

import msgspec

from dag.codec import Link
from dag.event import Event
from dag.keys import BadKey, public_of
from dag.order.config import Epoch, InvalidEpoch
from dag.order.recovery import InvalidRecovery, Recovery, decode_recovery

FOUNDING_OP: Final = "space.found"
FOUNDING_NUMBER: Final = 1

Reason: TypeAlias = Literal["genesis", "change", "recovery"]
REASONS: Final = ("genesis", "change", "recovery")
_FIELDS: Final = frozenset(("epoch", "validators", "b", "c", "config", "reason"))


class RecoveryKeys(msgspec.Struct, frozen=True):
    """Of `keys` (DIDs), any `threshold` together may sign a recovery. Threshold 0: the space cannot be recovered."""

    keys: tuple[str, ...]
    threshold: int


class Statement(msgspec.Struct, frozen=True):
    """One configuration and why it holds. `recovery` is there exactly if that is the reason."""

    epoch: Epoch
    reason: Reason
    recovery: Recovery | None = None


def founding(genesis: Event) -> tuple[Epoch, RecoveryKeys]:
    """The first configuration and the recovery keys, as the genesis event's first op `space.found` states them.

    `validators` may stand in any order there; what is left out of `b`, `c`, `recovery` (DIDs) and
    `recovery_threshold` is 0 or empty. Raises InvalidEpoch: `no_founding` when the event is no genesis or does not
    begin with that op, `bad_field` (also for a threshold that the keys cannot reach), or what makes a configuration
    impossible.
    """
    op = genesis.ops[0]
    if genesis.space is not None or op["op"] != FOUNDING_OP:
        raise InvalidEpoch("no_founding")
    validators = _dids(op.get("validators"), "validators")
    epoch = Epoch(genesis.cid, FOUNDING_NUMBER, tuple(sorted(validators)), op.get("b", 0), op.get("c", 0))
    keys = _dids(op.get("recovery", []), "recovery")
    threshold = op.get("recovery_threshold", 0)
    if type(threshold) is not int or not 0 <= threshold <= len(set(keys)):
        raise InvalidEpoch("bad_field", field="recovery_threshold")
    return epoch, RecoveryKeys(keys, threshold)


def subject_of(statement: Statement) -> dict[str, object]:
    """The map that stands as subject in the leaf. Raises InvalidEpoch for one that `statement_of` would refuse."""
    epoch, recovery = statement.epoch, statement.recovery
    _check(statement)
    subject: dict[str, object] = {
        "epoch": epoch.number,
        "validators": list(epoch.validators),
        "b": epoch.b,
        "c": epoch.c,
        "config": Link(epoch.cid),
        "reason": statement.reason,
    }
    if recovery is not None:
        subject["recovery"] = recovery.encode()
    return subject


def statement_of(space: bytes, subject: Mapping[str, Any]) -> Statement:
    """The inverse of `subject_of`, for a decoded leaf's subject from anywhere. Judges no right.

    Raises InvalidEpoch (`bad_field`, `config_mismatch`, `wrong_number` for the reason, or what makes a configuration
    impossible) and InvalidRecovery for malformed bytes.
    """
    reason = subject.get("reason")
    if subject.keys() - {"recovery"} != _FIELDS or ("recovery" in subject) != (reason == "recovery"):
        raise InvalidEpoch("bad_field", field="fields")
    if reason not in REASONS:
        raise InvalidEpoch("bad_field", field="reason")
    recovery = None
    if reason == "recovery":
        if type(subject["recovery"]) is not bytes:
            raise InvalidEpoch("bad_field", field="recovery")
        recovery = decode_recovery(subject["recovery"])
    nonce = recovery.epoch.nonce if recovery is not None else b""
    validators = _dids(subject["validators"], "validators")
    epoch = Epoch(space, subject["epoch"], validators, subject["b"], subject["c"], nonce)
    if not isinstance(subject["config"], Link) or subject["config"] != epoch.cid:
        raise InvalidEpoch("config_mismatch")
    statement = Statement(epoch, cast(Reason, reason), recovery)
    _check(statement)
    return statement


def _check(statement: Statement) -> None:
    epoch, recovery = statement.epoch, statement.recovery
    if (statement.reason == "genesis") != (epoch.number == FOUNDING_NUMBER):
        raise InvalidEpoch("wrong_number", epoch=epoch.number, reason=statement.reason)
    if (statement.reason == "recovery") != (recovery is not None) or (recovery is None and epoch.nonce):
        raise InvalidEpoch("bad_field", field="recovery")
    if recovery is not None:
        if not epoch.nonce:
            raise InvalidRecovery("no_nonce")
        if recovery.epoch != epoch:
            raise InvalidEpoch("config_mismatch")


def _dids(value: object, field: str) -> tuple[str, ...]:
    """A list of texts that are all did:key of an Ed25519 key."""
    if not isinstance(value, list | tuple):
        raise InvalidEpoch("bad_field", field=field)
    try:
        for did in value:
            public_of(did)
    except (BadKey, AttributeError):
        raise InvalidEpoch("bad_field", field=field) from None
    return tuple(value)
