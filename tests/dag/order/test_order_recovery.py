"""Recovery statements: what is signed, by whom, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from dag.cid import cid_of, cid_text
from dag.codec import Value, decode, encode
from dag.keys import SigningKey
from dag.order.config import Epoch, InvalidEpoch
from dag.order.recovery import InvalidRecovery, Recovery, build_recovery, decode_recovery, verify_recovery
from tests.dag.order.simulation import SPACE, epoch_of, key

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "order.json").read_text())["recoveries"][0]
LAST, _ = epoch_of(1)
OFFICERS = [key(number) for number in (7, 8, 9)]
DIDS = [officer.did for officer in OFFICERS]
CHECKPOINT = f"icn/{cid_text(SPACE)}\n3\n{'A' * 43}=\n"
NONCE = bytes(range(16))


def statement(*signers: SigningKey, **changes: Any) -> Recovery:
    fields: dict[str, Any] = {"validators": LAST.validators, "b": 0, "c": 0, "nonce": NONCE, **changes}
    recovery = build_recovery(fields.pop("checkpoint", CHECKPOINT), fields.pop("last", LAST), **fields)
    for signer in signers:
        recovery = recovery.sign(signer)
    return recovery


def check(recovery: Recovery, threshold: int = 2, last: Epoch = LAST) -> None:
    verify_recovery(decode_recovery(recovery.encode()), last, keys=DIDS, threshold=threshold)


def test_golden_recovery() -> None:
    signers = [SigningKey.from_seed(bytes.fromhex(seed)) for seed in GOLDEN["seeds"]]
    recovery = statement(*signers, checkpoint=GOLDEN["checkpoint"])
    assert recovery.encode().hex() == GOLDEN["encoded"]
    assert cid_text(recovery.cid) == GOLDEN["cid"]
    check(recovery)


def test_a_threshold_of_the_named_keys_suffices_in_any_order() -> None:
    check(statement(OFFICERS[0]), threshold=1)
    one, other = statement(OFFICERS[2], OFFICERS[0]), statement(OFFICERS[0], OFFICERS[2])
    assert one == other
    check(one)
    check(statement(*OFFICERS))
    again = one.sign(OFFICERS[0])
    assert again == one
    assert one.epoch.number == 2


def test_two_recoveries_from_one_backup_are_two_epochs() -> None:
    assert statement().epoch.cid != statement(nonce=bytes(16)).epoch.cid


def refused(recovery: Recovery, threshold: int = 2) -> str:
    with pytest.raises(InvalidRecovery) as caught:
        check(recovery, threshold)
    return caught.value.code


def test_too_few_unknown_or_false_signatures() -> None:
    assert refused(statement()) == "too_few_signatures"
    assert refused(statement(OFFICERS[0])) == "too_few_signatures"
    assert refused(statement(OFFICERS[0], key(1))) == "unknown_key"
    signed = statement(*OFFICERS)
    other = statement(*OFFICERS, checkpoint=CHECKPOINT.replace("\n3\n", "\n4\n"))
    assert refused(Recovery(other.checkpoint, other.epoch, signed.signatures)) == "bad_signature"
    assert refused(Recovery(signed.checkpoint, statement(nonce=bytes(16)).epoch, signed.signatures)) == "bad_signature"


def test_only_the_next_epoch_of_the_same_space() -> None:
    def signed(epoch: Epoch, checkpoint: str = CHECKPOINT) -> Recovery:
        return Recovery(checkpoint, epoch).sign(OFFICERS[0]).sign(OFFICERS[1])

    validators = LAST.validators
    other = cid_of(b"other space")
    assert refused(signed(Epoch(SPACE, 3, validators, nonce=NONCE))) == "wrong_epoch"
    assert refused(signed(Epoch(SPACE, 1, validators, nonce=NONCE))) == "wrong_epoch"
    assert refused(signed(Epoch(other, 2, validators, nonce=NONCE))) == "wrong_space"
    assert refused(signed(Epoch(SPACE, 2, validators))) == "no_nonce"
    assert refused(signed(statement().epoch, f"icn/{cid_text(other)}\n3\n")) == "wrong_checkpoint"
    assert refused(signed(statement().epoch, "")) == "wrong_checkpoint"
    check(signed(statement().epoch))


def test_building_refuses_what_verifying_would() -> None:
    with pytest.raises(InvalidRecovery, match="wrong_checkpoint"):
        statement(checkpoint="icn/elsewhere\n")
    with pytest.raises(InvalidRecovery, match="no_nonce"):
        statement(nonce=b"")
    with pytest.raises(InvalidEpoch, match="too_few_validators"):
        statement(b=1)
    with pytest.raises(InvalidEpoch, match="bad_validator"):
        statement(validators=["did:web:example"])


@pytest.mark.parametrize("threshold", [0, 4])
def test_a_threshold_that_makes_no_sense_is_the_charters_fault(threshold: int) -> None:
    with pytest.raises(ValueError, match="threshold"):
        check(statement(*OFFICERS), threshold)


def changed(**changes: Value) -> bytes:
    fields = decode(statement(*OFFICERS).encode())
    assert isinstance(fields, dict)
    return encode({**fields, **changes})


PAIR: list[Value] = [OFFICERS[0].author, bytes(64)]
WRONG: list[tuple[bytes, str]] = [
    (bytes(128 * 1024 + 1), "too_large"),
    (b"", "bad_encoding"),
    (statement().encode() + b"\0", "bad_encoding"),
    (encode([]), "bad_field"),
    (encode({}), "bad_field"),
    (changed(extra=1), "bad_field"),
    (changed(checkpoint=1), "bad_field"),
    (changed(epoch=None), "bad_epoch"),
    (changed(signatures=None), "bad_field"),
    (changed(signatures=[PAIR] * 65), "bad_field"),
    (changed(signatures=[PAIR, PAIR]), "signatures_unsorted"),
    (changed(signatures=[[PAIR[0], bytes(63)]]), "bad_field"),
    (changed(signatures=[[bytes(33), PAIR[1]]]), "bad_field"),
    (changed(signatures=[[PAIR[0]]]), "bad_field"),
    (changed(signatures=[["x", PAIR[1]]]), "bad_field"),
]


@pytest.mark.parametrize(("data", "code"), WRONG)
def test_bytes_that_are_no_statement(data: bytes, code: str) -> None:
    with pytest.raises(InvalidRecovery) as caught:
        decode_recovery(data)
    assert caught.value.code == code
