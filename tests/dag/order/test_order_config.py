"""Epoch configurations: the numbers of the rule, the turns, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from dag.cid import cid_from_text, cid_of, cid_text, raw_cid_of
from dag.codec import Link, encode
from dag.keys import did_of
from dag.order.config import Epoch, InvalidEpoch, default_faults
from tests.dag.order.simulation import SPACE, epoch_of, key

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "order.json").read_text())

# n | b | c | q
DEFAULTS = [(1, 0, 0, 1), (2, 0, 0, 2), (3, 0, 1, 2), (4, 1, 0, 3), (5, 1, 0, 4), (6, 1, 1, 4), (7, 2, 0, 5)]


@pytest.mark.parametrize(("n", "b", "c", "q"), DEFAULTS)
def test_defaults(n: int, b: int, c: int, q: int) -> None:
    assert default_faults(n) == (b, c)
    epoch, _ = epoch_of(n)
    assert epoch.quorum == q
    # Two quorums share an honest validator, and a quorum can be reached with all faults there are.
    assert 2 * q - n >= b + 1
    assert q <= n - b - c


def test_defaults_hold_for_every_size() -> None:
    for n in range(1, 65):
        b, c = default_faults(n)
        assert n >= 3 * b + 2 * c + 1
        assert n < 3 * (b + 1) + 1 or b == (n - 1) // 3


@pytest.mark.parametrize("vector", GOLDEN["epochs"], ids=lambda vector: vector["name"])
def test_golden_epochs(vector: dict[str, Any]) -> None:
    epoch = Epoch(
        cid_from_text(vector["space"]),
        vector["epoch"],
        tuple(vector["validators"]),
        vector["b"],
        vector["c"],
        bytes.fromhex(vector["nonce"]),
    )
    assert epoch.encode().hex() == vector["encoded"]
    assert cid_text(epoch.cid) == vector["cid"]
    assert [did_of(epoch.leader(round_)[2:]) for round_ in range(1, epoch.n + 1)] == vector["leaders"]
    assert Epoch.decode(epoch.encode()) == epoch


def test_everybody_has_a_turn_and_the_turns_repeat() -> None:
    epoch, _ = epoch_of(7)
    turns = [epoch.leader(round_) for round_ in range(1, 22)]
    assert set(turns[:7]) == set(epoch.authors)
    assert turns[:7] == turns[7:14] == turns[14:]


def test_space_number_faults_and_nonce_make_another_epoch() -> None:
    epoch, _ = epoch_of(3)
    others = [
        Epoch(cid_of(b"other space"), 1, epoch.validators, 0, 1),
        Epoch(SPACE, 2, epoch.validators, 0, 1),
        Epoch(SPACE, 1, epoch.validators, 0, 0),
        Epoch(SPACE, 1, epoch.validators, 0, 1, bytes(16)),
        Epoch(SPACE, 1, epoch.validators[:2], 0, 0),
    ]
    assert len({epoch.cid, *(other.cid for other in others)}) == 6


DIDS = tuple(sorted(key(number).did for number in range(4)))
SMALL_ORDER = did_of(bytes(32))
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"b": 1, "c": 1}, "too_few_validators"),
    ({"b": 2}, "too_few_validators"),
    ({"c": 2}, "too_few_validators"),
    ({"b": -1}, "bad_field"),
    ({"c": True}, "bad_field"),
    ({"number": 0}, "bad_field"),
    ({"number": 2**31}, "bad_field"),
    ({"space": raw_cid_of(b"")}, "bad_field"),
    ({"space": bytes(36)}, "bad_field"),
    ({"nonce": bytes(15)}, "bad_field"),
    ({"validators": ()}, "bad_field"),
    ({"validators": (1,)}, "bad_field"),
    ({"validators": tuple(sorted(key(number).did for number in range(65)))}, "bad_field"),
    ({"validators": DIDS[::-1]}, "validators_unsorted"),
    ({"validators": DIDS[:1] * 2}, "validators_unsorted"),
    ({"validators": ("did:web:example",)}, "bad_validator"),
    ({"validators": (SMALL_ORDER,)}, "bad_validator"),
]


@pytest.mark.parametrize(("changes", "code"), WRONG)
def test_wrong_configurations(changes: dict[str, Any], code: str) -> None:
    fields: dict[str, Any] = {"space": SPACE, "number": 1, "validators": DIDS, "b": 0, "c": 0}
    with pytest.raises(InvalidEpoch) as caught:
        Epoch(**{**fields, **changes})
    assert caught.value.code == code


GOOD = epoch_of(1)[0].as_map()
WRONG_MAPS: list[tuple[Any, str]] = [
    ([], "bad_field"),
    ({name: value for name, value in GOOD.items() if name != "b"}, "bad_field"),
    ({**GOOD, "extra": 1}, "bad_field"),
    ({**GOOD, "space": bytes(36)}, "bad_field"),
    ({**GOOD, "validators": "did:key:z"}, "bad_field"),
    ({**GOOD, "nonce": b""}, "bad_field"),
    ({**GOOD, "nonce": "x" * 16}, "bad_field"),
    ({**GOOD, "space": Link(raw_cid_of(b""))}, "bad_field"),
]


@pytest.mark.parametrize(("fields", "code"), WRONG_MAPS)
def test_wrong_encodings(fields: Any, code: str) -> None:
    with pytest.raises(InvalidEpoch) as caught:
        Epoch.decode(encode(fields))
    assert caught.value.code == code


def test_bytes_that_are_no_encoding() -> None:
    with pytest.raises(InvalidEpoch, match="bad_encoding"):
        Epoch.decode(epoch_of(1)[0].encode()[:-1])
