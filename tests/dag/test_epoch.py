"""Epoch statements: read from the genesis event, written and read in leaves."""

from typing import Any

import pytest

from dag.codec import decode, encode
from dag.epoch import RecoveryKeys, Statement, founding, statement_of, subject_of
from dag.event import Event, sign_event
from dag.keys import SigningKey
from dag.order.config import Epoch, InvalidEpoch
from dag.order.recovery import InvalidRecovery, Recovery

ANN, BOB, CY, DEE, EVE = (SigningKey.from_seed(bytes([i]) * 32) for i in range(1, 6))
NONCE = b"n" * 16


def dids(*keys: SigningKey) -> tuple[str, ...]:
    return tuple(sorted(key.did for key in keys))


def genesis(**fields: Any) -> Event:
    op = {"op": "space.found", "ver": 1, "validators": [ANN.did], **fields}
    return sign_event(ANN, space=None, nonce=bytes(16), seq=0, prev=None, parents=(), at=1, until=None, ops=[op])


SPACE = genesis().cid
CHANGE = Statement(Epoch(SPACE, 2, dids(ANN, BOB, CY), 0, 1), "change")
NEXT = Epoch(SPACE, 3, dids(DEE), nonce=NONCE)
RECOVERY = Statement(NEXT, "recovery", Recovery("a note", NEXT).sign(EVE))


# --- the genesis event ---


def test_founding_sorts_validators_and_defaults_to_no_faults() -> None:
    event = genesis(validators=[CY.did, ANN.did, BOB.did], c=1, recovery=[EVE.did], recovery_threshold=1)
    epoch, recovery = founding(event)
    assert (epoch.space, epoch.number, epoch.validators) == (event.cid, 1, dids(ANN, BOB, CY))
    assert (epoch.b, epoch.c, epoch.quorum) == (0, 1, 2)
    assert recovery == RecoveryKeys((EVE.did,), 1)
    assert founding(genesis())[1] == RecoveryKeys((), 0)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"validators": []}, "bad_field"),
        ({"validators": None}, "bad_field"),
        ({"validators": ANN.did}, "bad_field"),
        ({"validators": [ANN.did, 5]}, "bad_field"),
        ({"validators": [ANN.did, "did:web:x"]}, "bad_field"),
        ({"validators": [ANN.did, ANN.did]}, "validators_unsorted"),
        ({"validators": [ANN.did, BOB.did], "c": 1}, "too_few_validators"),
        ({"b": "0"}, "bad_field"),
        ({"b": -1}, "bad_field"),
        ({"recovery": [ANN.did, "x"]}, "bad_field"),
        ({"recovery": [ANN.did], "recovery_threshold": -1}, "bad_field"),
        ({"recovery": [ANN.did], "recovery_threshold": True}, "bad_field"),
        ({"recovery": [ANN.did], "recovery_threshold": 2}, "bad_field"),
        ({"recovery": [ANN.did, ANN.did], "recovery_threshold": 2}, "bad_field"),
        ({"recovery_threshold": 1}, "bad_field"),
        ({"op": "space.other"}, "no_founding"),
    ],
)
def test_what_founds_nothing(fields: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidEpoch) as caught:
        founding(genesis(**fields))
    assert caught.value.code == code


def test_only_a_genesis_event_founds() -> None:
    op = {"op": "space.found", "ver": 1, "validators": [ANN.did]}
    event = sign_event(ANN, space=SPACE, seq=0, prev=None, parents=(), at=1, until=None, ops=[op])
    with pytest.raises(InvalidEpoch, match="no_founding"):
        founding(event)


# --- statements in leaves ---


@pytest.mark.parametrize("statement", [Statement(founding(genesis())[0], "genesis"), CHANGE, RECOVERY])
def test_a_statement_there_and_back(statement: Statement) -> None:
    subject = decode(encode(subject_of(statement)))
    assert isinstance(subject, dict)
    assert statement_of(SPACE, subject) == statement


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"epoch": 1}, "config_mismatch"),
        ({"validators": list(dids(ANN, BOB, DEE))}, "config_mismatch"),
        ({"c": 0}, "config_mismatch"),
        ({"config": CHANGE.epoch.cid}, "config_mismatch"),  # bytes, not a link
        ({"config": None}, "config_mismatch"),
        ({"validators": list(reversed(CHANGE.epoch.validators))}, "validators_unsorted"),
        ({"validators": 1}, "bad_field"),
        ({"b": 1}, "too_few_validators"),
        ({"epoch": 0}, "bad_field"),
        ({"reason": "genesis"}, "wrong_number"),
        ({"reason": "coup"}, "bad_field"),
        ({"reason": ["change"]}, "bad_field"),
        ({"reason": "recovery"}, "bad_field"),
        ({"recovery": {}}, "bad_field"),
        ({"more": 1}, "bad_field"),
    ],
)
def test_statements_are_judged(change: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidEpoch) as caught:
        statement_of(SPACE, {**subject_of(CHANGE), **change})
    assert caught.value.code == code


@pytest.mark.parametrize("field", ["epoch", "validators", "b", "c", "config", "reason"])
def test_no_field_may_be_missing(field: str) -> None:
    with pytest.raises(InvalidEpoch, match="fields"):
        statement_of(SPACE, {name: value for name, value in subject_of(CHANGE).items() if name != field})


def test_a_statement_belongs_to_one_space() -> None:
    with pytest.raises(InvalidEpoch, match="config_mismatch"):
        statement_of(genesis(b=0).cid, subject_of(CHANGE))


OTHER = Epoch(SPACE, 3, dids(DEE), nonce=b"m" * 16)


@pytest.mark.parametrize(
    ("recovery", "error", "code"),
    [
        ("a note", InvalidEpoch, "bad_field"),
        (None, InvalidEpoch, "bad_field"),
        (Recovery("a note", OTHER).encode(), InvalidEpoch, "config_mismatch"),
        (Recovery("a note", Epoch(SPACE, 3, dids(DEE))).encode(), InvalidEpoch, "config_mismatch"),
        (Recovery("a note", NEXT).encode() + b"\x00", InvalidRecovery, "bad_encoding"),
        (b"", InvalidRecovery, "bad_encoding"),
    ],
)
def test_recoveries_are_judged(recovery: object, error: type[InvalidEpoch | InvalidRecovery], code: str) -> None:
    with pytest.raises(error) as caught:
        statement_of(SPACE, {**subject_of(RECOVERY), "recovery": recovery})
    assert caught.value.code == code


def test_a_recovery_needs_a_nonce() -> None:
    plain = Epoch(SPACE, 3, dids(DEE))
    recovery = Recovery("a note", plain).encode()
    subject = {**subject_of(Statement(plain, "change")), "reason": "recovery", "recovery": recovery}
    with pytest.raises(InvalidRecovery, match="no_nonce"):
        statement_of(SPACE, subject)


@pytest.mark.parametrize(
    "statement",
    [
        Statement(CHANGE.epoch, "genesis"),
        Statement(Epoch(SPACE, 1, dids(ANN)), "change"),
        Statement(CHANGE.epoch, "recovery", Recovery("a note", CHANGE.epoch)),
        Statement(NEXT, "recovery", Recovery("a note", OTHER)),
        Statement(NEXT, "recovery"),
        Statement(NEXT, "change"),
        Statement(CHANGE.epoch, "change", Recovery("a note", CHANGE.epoch)),
    ],
)
def test_no_leaf_is_written_for_a_statement_that_cannot_be_read(statement: Statement) -> None:
    with pytest.raises((InvalidEpoch, InvalidRecovery)):
        subject_of(statement)
