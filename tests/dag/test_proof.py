"""Proof files: a log that lives through changes and a recovery, and every way to cut a file together wrongly."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag import checkpoint, merkle, proof
from dag.cid import cid_from_text
from dag.codec import Link, decode, encode
from dag.epoch import Statement, founding, subject_of
from dag.event import Event, sign_event
from dag.keys import SigningKey
from dag.leaf import decode_leaf, encode_leaf
from dag.order.config import Epoch
from dag.order.recovery import Recovery
from dag.proof import ProofError, ProofResult

ANN, BOB, CY, DEE, EVE, PAPER = (SigningKey.from_seed(bytes([i]) * 32) for i in range(1, 7))
TIME = 1_767_225_600_000
NONCE = b"n" * 16


def dids(*keys: SigningKey) -> tuple[str, ...]:
    return tuple(sorted(key.did for key in keys))


class Log:
    """A log in memory: leaves, and notes signed by whoever the test says."""

    def __init__(self, *validators: SigningKey, **fields: Any) -> None:
        op = {
            "op": "space.found", "ver": 1, "validators": [key.did for key in validators],
            "recovery": [PAPER.did, EVE.did], "recovery_threshold": 1, **fields,
        }  # fmt: skip
        self.genesis = sign_event(
            ANN, space=None, nonce=bytes(16), seq=0, prev=None, parents=(), at=TIME, until=None, ops=[op]
        )
        self.last = self.genesis
        self.data: list[bytes] = []
        self.epochs: list[tuple[bytes, str]] = []
        self.event(self.genesis)

    def fork(self) -> "Log":
        twin = object.__new__(Log)
        twin.__dict__ = {**self.__dict__, "data": list(self.data), "epochs": list(self.epochs)}
        return twin

    # the read interface of proofs

    def leaves(self, start: int, stop: int) -> list[bytes]:
        return [merkle.leaf_hash(data) for data in self.data[start:stop]]

    def node(self, level: int, index: int) -> bytes:
        return merkle.root_of(self.leaves(index << level, (index + 1) << level))

    # growing

    def add(self, kind: Any, subject: Any) -> int:
        effects = hashlib.sha256(b"effects %d" % len(self.data)).digest()
        self.data.append(encode_leaf(len(self.data), kind, subject, TIME, {"ok": []}, effects))
        return len(self.data) - 1

    def event(self, event: Event) -> int:
        self.last = event
        return self.add("event", event.cid)

    def transfer(self, amount: int = 1) -> tuple[int, Event]:
        event = sign_event(
            ANN, space=self.genesis.cid, seq=self.last.seq + 1, prev=self.last.cid, parents=(), at=TIME, until=None,
            ops=[{"op": "credit.transfer", "ver": 1, "amount_minor": amount}],
        )  # fmt: skip
        return self.event(event), event

    def note(self, *cosigners: SigningKey, size: int | None = None) -> str:
        size = len(self.data) if size is None else size
        root = merkle.root_of(self.leaves(0, size))
        note = checkpoint.build(checkpoint.origin_of(self.genesis.cid), size, root)
        for key in cosigners:
            note = checkpoint.cosign(note, key, TIME // 1000 + size)
        return note.note()

    def change(self, epoch: Epoch, *cosigners: SigningKey) -> None:
        index = self.add("epoch", subject_of(Statement(epoch, "change")))
        self.epochs.append((self.data[index], self.note(*cosigners)))

    def recover(self, epoch: Epoch, base: str, signers: tuple[SigningKey, ...], *cosigners: SigningKey) -> None:
        recovery = Recovery(base, epoch)
        for key in signers:
            recovery = recovery.sign(key)
        index = self.add("epoch", subject_of(Statement(epoch, "recovery", recovery)))
        self.epochs.append((self.data[index], self.note(*cosigners)))

    def proof(self, index: int, note: str, event: Event | None = None) -> bytes:
        return proof.build(
            self, genesis=self.genesis.block, epochs=self.epochs, leaf=self.data[index], checkpoint=note,
            event=None if event is None else event.block,
        )  # fmt: skip

    def check(self, data: bytes) -> ProofResult:
        return proof.check(data, self.genesis.cid)


def lone() -> tuple[Log, int, Event]:
    """One validator, an event among others."""
    log = Log(ANN)
    for _ in range(5):
        log.transfer()
    index, event = log.transfer(42)
    for _ in range(4):
        log.transfer()
    return log, index, event


def lived() -> tuple[Log, int]:
    """Epoch 1: Ann. Epoch 2: Ann, Bob, Cy (q = 2). Recovery into epoch 3: Dee. Epoch 4: Dee, Bob (q = 2)."""
    log = Log(ANN)
    log.transfer()
    space = log.genesis.cid
    log.change(Epoch(space, 2, dids(ANN, BOB, CY), 0, 1), ANN)
    log.transfer()
    base = log.note(CY, BOB)
    log.transfer()
    log.recover(Epoch(space, 3, dids(DEE), nonce=NONCE), base, (PAPER,), DEE)
    log.transfer()
    log.change(Epoch(space, 4, dids(DEE, BOB)), DEE)
    log.transfer()
    return log, 3


def code_of(log: Log, data: bytes) -> tuple[str, object]:
    with pytest.raises(ProofError) as caught:
        log.check(data)
    return caught.value.code, caught.value.facts.get("step")


def edited(data: bytes, *path: str | int, to: Any) -> bytes:
    """The file with one value replaced; `to` may be a function of the old value. None removes it."""
    file: Any = decode(data)
    place = file
    for name in path[:-1]:
        place = place[name]
    new = to(place[path[-1]]) if callable(to) else to
    if new is None:
        del place[path[-1]]
    else:
        place[path[-1]] = new
    return encode(file)


# --- what holds ---


def test_a_lone_node() -> None:
    log, index, event = lone()
    note = log.note(ANN)
    result = log.check(log.proof(index, note, event))
    assert (result.space, result.leaf.index, result.leaf.subject) == (log.genesis.cid, index, event.cid)
    assert result.leaf.outcome == {"ok": []}
    assert result.event == event
    assert result.event is not None
    assert result.event.ops[0]["amount_minor"] == 42
    assert result.epoch == founding(log.genesis)[0]
    assert result.checkpoint == checkpoint.parse(note)
    assert result.cosigned == {ANN.did: TIME // 1000 + len(log.data)}
    assert result.recoveries == ()


def test_changes_and_a_recovery() -> None:
    log, index = lived()
    result = log.check(log.proof(index, log.note(BOB, DEE)))
    assert (result.epoch.number, result.epoch.validators, result.recoveries) == (4, dids(BOB, DEE), (3,))
    assert result.event is None
    assert set(result.cosigned) == {BOB.did, DEE.did}


@pytest.mark.parametrize("index", range(9))
def test_any_leaf_of_any_epoch_under_the_last_checkpoint(index: int) -> None:
    log, _ = lived()
    assert len(log.data) == 9
    leaf = log.check(log.proof(index, log.note(BOB, DEE))).leaf
    assert (leaf, leaf.kind) == (decode_leaf(log.data[index]), "epoch" if index in (2, 5, 7) else "event")


def test_the_genesis_event_and_leaves_without_an_event() -> None:
    log = Log(ANN)
    timer = log.add("timer", {"due": TIME, "id": 1})
    state = log.add("state", {"root": b"r" * 32})
    note = log.note(ANN)
    assert log.check(log.proof(0, note, log.genesis)).event == log.genesis
    assert log.check(log.proof(timer, note)).leaf.subject == {"due": TIME, "id": 1}
    assert log.check(log.proof(state, note)).leaf.kind == "state"


@given(st.integers(1, 600), st.data())
def test_any_size(size: int, data: st.DataObject) -> None:
    log = Log(ANN)
    while len(log.data) < size:
        log.add("timer", {"due": len(log.data)})
    index = data.draw(st.integers(0, size - 1))
    at = data.draw(st.integers(index + 1, size))
    assert log.check(log.proof(index, log.note(ANN, size=at))).leaf.index == index


def test_lines_of_others_do_no_harm_and_no_good() -> None:
    log, index, _ = lone()
    note = checkpoint.sign(checkpoint.parse(log.note(EVE, ANN, BOB)), ANN).note()
    assert set(log.check(log.proof(index, note)).cosigned) == {ANN.did}


def test_a_proof_is_small() -> None:
    log, index, event = lone()
    assert len(log.proof(index, log.note(ANN), event)) < 2_000


def test_the_golden_proof() -> None:
    case = json.loads((Path(__file__).parents[1] / "golden" / "log.json").read_text())["proof"]
    data = bytes.fromhex(case["proof"])
    result = proof.check(data, cid_from_text(case["genesis"]))
    assert (result.leaf.index, result.epoch.number, list(result.recoveries)) == (
        case["index"], case["epoch"], case["recoveries"])  # fmt: skip
    assert proof.to_json(data) == case["json"]
    assert proof.from_json(case["json"]) == data
    log, index = lived()
    assert log.proof(index, log.note(BOB, DEE)) == data


# --- as text ---


def test_as_json_and_back() -> None:
    log, index = lived()
    data = log.proof(index, log.note(BOB, DEE))
    text = proof.to_json(data)
    assert proof.from_json(text) == data
    assert proof.from_json(json.dumps(json.loads(text), indent=4)) == data
    assert "\n" not in text


@pytest.mark.parametrize("text", ["", "{}", "[]", "1.5", '{"v":1}', '{"v":"\\ud800"}', '{"v":99999999999999999999}'])
def test_text_that_is_no_proof(text: str) -> None:
    with pytest.raises(ProofError) as caught:
        proof.from_json(text)
    assert caught.value.code == "malformed"


# --- what does not hold ---


def test_another_space() -> None:
    log, index, _ = lone()
    other = Log(ANN, name="other")
    assert code_of(other, log.proof(index, log.note(ANN))) == ("genesis_mismatch", None)


def test_every_single_bit_counts() -> None:
    log, index, event = lone()
    data = log.proof(index, log.note(ANN), event)
    codes = set()
    for at in range(len(data)):
        damaged = bytearray(data)
        damaged[at] ^= 1 << at % 8
        codes.add(code_of(log, bytes(damaged))[0])
    assert codes >= {"malformed", "genesis_mismatch", "checkpoint_invalid", "no_quorum"}
    assert codes >= {"not_included", "leaf_invalid", "event_mismatch"}


def test_cut_short() -> None:
    log, index, _ = lone()
    data = log.proof(index, log.note(ANN))
    for size in range(len(data)):
        assert code_of(log, data[:size])[0] == "malformed"


@pytest.mark.parametrize(
    ("path", "to"),
    [
        (("v",), 2), (("v",), True), (("v",), None), (("epochs",), {}), (("epochs",), [1]), (("epochs",), [{}]),
        (("genesis",), "text"), (("genesis",), None), (("leaf",), "text"), (("path",), b"bytes"), (("path",), ["text"]),
        (("path",), [1]), (("checkpoint",), b"bytes"), (("consistency",), 1), (("event",), "text"),
        (("path",), lambda old: [Link(b"\x01\x71\x12\x20" + old[0]), *old[1:]]),
    ],
)  # fmt: skip
def test_malformed(path: tuple[str, ...], to: Any) -> None:
    log, index, event = lone()
    data = log.proof(index, log.note(ANN), event)
    assert code_of(log, edited(data, *path, to=to))[0] == "malformed"


@pytest.mark.parametrize("path", [(), ("epochs", 0)])
def test_fields_that_nobody_reads_are_refused(path: tuple[str | int, ...]) -> None:
    log, index = lived()
    file: Any = decode(log.proof(index, log.note(BOB, DEE)))
    place = file
    for name in path:
        place = place[name]
    place["more"] = 1
    assert code_of(log, encode(file))[0] == "malformed"


def test_oversize() -> None:
    log, _, _ = lone()
    assert code_of(log, b"\x00" * (16 * 1024 * 1024 + 1))[0] == "malformed"


def test_a_genesis_that_founds_nothing() -> None:
    log = Log(ANN)
    for broken in (Log(ANN, op="space.other"), Log(ANN, b=1)):
        log.genesis = broken.genesis
        data = log.fork().proof(0, log.note(ANN))
        assert code_of(log, data)[0] == "genesis_invalid"


def test_a_genesis_that_its_author_did_not_sign() -> None:
    log, index, _ = lone()
    block = bytearray(log.genesis.block)
    at = block.index(log.genesis.sig)
    block[at] ^= 1
    data = edited(log.proof(index, log.note(ANN)), "genesis", to=bytes(block))
    with pytest.raises(ProofError) as caught:
        proof.check(data, b"\x01\x71\x12\x20" + hashlib.sha256(block).digest())
    assert caught.value.code == "genesis_invalid"


def test_the_leaf_of_another_log_or_another_place() -> None:
    log, index, _ = lone()
    data = log.proof(index, log.note(ANN))
    assert code_of(log, edited(data, "leaf", to=log.data[index + 1])) == ("not_included", "last")
    outside = encode_leaf(99, "timer", {}, TIME, {}, bytes(32))
    assert code_of(log, edited(data, "leaf", to=outside)) == ("not_included", "last")
    assert code_of(log, edited(data, "leaf", to=b"\xa0")) == ("leaf_invalid", "last")


def test_a_leaf_that_lies_about_its_place_proves_nothing() -> None:
    """The index in the leaf is the one that the path is checked for."""
    log, index, _ = lone()
    leaf = decode_leaf(log.data[index])
    log.data[index] = encode_leaf(index - 1, "event", leaf.subject, TIME, leaf.outcome, leaf.effects)
    data = edited(log.proof(index, log.note(ANN)), "path", to=merkle.inclusion_proof(log, index, len(log.data)))
    assert code_of(log, data) == ("not_included", "last")


def test_the_event_of_another_leaf() -> None:
    log, index, event = lone()
    note = log.note(ANN)
    data = log.proof(index, note, event)
    assert code_of(log, edited(data, "event", to=log.last.block)) == ("event_mismatch", None)
    timer = log.add("timer", {})
    assert code_of(log, log.proof(timer, log.note(ANN), event)) == ("malformed", "last")


def test_an_event_that_is_not_signed_or_of_another_space() -> None:
    log, other = Log(ANN), Log(ANN, name="other")
    _, stranger = other.transfer()
    index = log.event(stranger)
    assert code_of(log, log.proof(index, log.note(ANN), stranger)) == ("event_mismatch", None)
    block = bytearray(stranger.block)
    block[block.index(stranger.sig)] ^= 1
    index = log.add("event", b"\x01\x71\x12\x20" + hashlib.sha256(block).digest())
    data = proof.build(
        log, genesis=log.genesis.block, epochs=[], leaf=log.data[index], checkpoint=log.note(ANN), event=bytes(block)
    )
    assert code_of(log, data) == ("event_invalid", None)


# --- checkpoints that do not count ---


def test_a_checkpoint_of_another_space() -> None:
    log, index, _ = lone()
    foreign = checkpoint.parse(log.note(ANN))
    foreign = checkpoint.build(Log(ANN, name="other").note(ANN).split("\n")[0], foreign.size, foreign.root)
    note = checkpoint.cosign(foreign, ANN, 1).note()
    assert code_of(log, edited(log.proof(index, log.note(ANN)), "checkpoint", to=note)) == ("wrong_origin", "last")


@pytest.mark.parametrize(
    ("validators", "faults", "cosigners", "holds"),
    [
        ((ANN,), (0, 0), (ANN,), True),
        ((ANN,), (0, 0), (BOB,), False),
        ((ANN, BOB), (0, 0), (ANN,), False),
        ((ANN, BOB), (0, 0), (BOB, ANN), True),
        ((ANN, BOB, CY), (0, 1), (CY,), False),
        ((ANN, BOB, CY), (0, 1), (CY, ANN), True),
        ((ANN, BOB, CY), (0, 1), (CY, DEE, EVE), False),
        ((ANN, BOB, CY, DEE), (1, 0), (ANN, BOB), False),
        ((ANN, BOB, CY, DEE), (1, 0), (ANN, BOB, DEE), True),
    ],
)
def test_quorums(
    validators: tuple[SigningKey, ...], faults: tuple[int, int], cosigners: tuple[SigningKey, ...], *, holds: bool
) -> None:
    log = Log(*validators, b=faults[0], c=faults[1])
    data = log.proof(0, log.note(*cosigners))
    if holds:
        assert set(log.check(data).cosigned) == {key.did for key in cosigners}
    else:
        assert code_of(log, data) == ("no_quorum", "last")


def test_a_note_signature_is_no_cosignature() -> None:
    log = Log(ANN)
    note = checkpoint.sign(checkpoint.build(*log.note(ANN).split("\n")[:1], 1, merkle.root_of(log.leaves(0, 1))), ANN)
    assert code_of(log, log.proof(0, note.note())) == ("no_quorum", "last")


def test_validators_of_the_epoch_before_no_longer_count() -> None:
    log, index = lived()
    for cosigners in ((ANN, CY), (DEE,), (ANN, DEE)):
        assert code_of(log, log.proof(index, log.note(*cosigners))) == ("no_quorum", "last")


def test_the_epoch_before_must_seal_a_change() -> None:
    log = Log(ANN)
    log.change(Epoch(log.genesis.cid, 2, dids(BOB)), BOB)
    assert code_of(log, log.proof(0, log.note(BOB))) == ("no_quorum", 2)


def test_a_step_left_out_or_out_of_order() -> None:
    log, index = lived()
    note = log.note(BOB, DEE)
    epochs = log.epochs
    for steps, code in (
        ([epochs[1], epochs[2]], ("wrong_epoch", 2)),
        ([epochs[0], epochs[2]], ("wrong_epoch", 3)),
        ([epochs[1], epochs[0], epochs[2]], ("wrong_epoch", 2)),
        (epochs[:2], ("not_consistent", "last")),  # Dee alone was epoch 3 and signed: the path is of another step
        (epochs[:1], ("no_quorum", "last")),
        ([], ("no_quorum", "last")),
    ):
        file: Any = decode(log.proof(index, note))
        file["epochs"] = [file["epochs"][epochs.index(step)] for step in steps]
        assert code_of(log, encode(file)) == code


def test_an_epoch_leaf_that_is_not_in_the_log() -> None:
    log, index = lived()
    data = log.proof(index, log.note(BOB, DEE))
    usurped = encode_leaf(
        2, "epoch", subject_of(Statement(Epoch(log.genesis.cid, 2, dids(EVE)), "change")), TIME, {}, bytes(32)
    )
    assert code_of(log, edited(data, "epochs", 0, "leaf", to=usurped)) == ("not_included", 2)
    assert code_of(log, edited(data, "epochs", 0, "leaf", to=log.data[1])) == ("epoch_invalid", 2)
    assert code_of(log, edited(data, "epochs", 0, "leaf", to=b"")) == ("leaf_invalid", 2)
    assert code_of(log, edited(data, "epochs", 0, "leaf", to=1)) == ("malformed", 2)
    assert code_of(log, edited(data, "epochs", 0, "path", to=lambda old: old[1:])) == ("not_included", 2)
    assert code_of(log, edited(data, "epochs", 0, "checkpoint", to="x")) == ("checkpoint_invalid", 2)


def test_an_epoch_does_not_begin_before_the_one_before_it() -> None:
    log = Log(ANN)
    early = log.add("epoch", subject_of(Statement(Epoch(log.genesis.cid, 3, dids(CY)), "change")))
    log.change(Epoch(log.genesis.cid, 2, dids(BOB)), ANN)
    log.epochs.append((log.data[early], log.note(BOB)))
    assert code_of(log, log.proof(0, log.note(CY))) == ("wrong_epoch", 3)


def test_the_founding_statement_is_no_step() -> None:
    log = Log(ANN)
    log.add("epoch", subject_of(Statement(founding(log.genesis)[0], "genesis")))
    log.epochs.append((log.data[-1], log.note(ANN)))
    assert code_of(log, log.proof(0, log.note(ANN))) == ("wrong_epoch", 2)


def test_another_past_is_noticed() -> None:
    """The validators of epoch 2 rewrite what those of epoch 1 had signed."""
    log = Log(ANN)
    log.transfer()
    log.change(Epoch(log.genesis.cid, 2, dids(BOB)), ANN)
    honest = log.note(BOB)
    forged = log.fork()
    forged.data[1] = encode_leaf(1, "timer", {}, TIME, {}, bytes(32))
    forged.transfer()
    assert log.check(log.proof(1, honest)).leaf.kind == "event"
    assert code_of(log, forged.proof(1, forged.note(BOB)))[0] in ("not_included", "not_consistent")
    steps: Any = decode(log.proof(1, honest))
    lie: Any = decode(forged.proof(1, forged.note(BOB)))
    assert code_of(log, encode({**lie, "epochs": steps["epochs"]})) == ("not_consistent", "last")


def test_a_checkpoint_that_goes_back() -> None:
    log, _ = lived()
    data = log.proof(0, log.note(BOB, DEE))
    note = log.note(BOB, DEE, size=1)
    assert code_of(log, edited(edited(data, "checkpoint", to=note), "path", to=[])) == ("not_consistent", "last")


# --- recoveries ---


def restored(
    *, base: tuple[SigningKey, ...] = (ANN,), signers: tuple[SigningKey, ...] = (PAPER,),
    cosigners: tuple[SigningKey, ...] = (DEE,), **fields: Any,
) -> tuple[Log, bytes]:  # fmt: skip
    """Ann's node is lost after two events; Dee goes on from the checkpoint after the first."""
    log = Log(ANN, **fields)
    log.transfer()
    log.recover(Epoch(log.genesis.cid, 2, dids(DEE), nonce=NONCE), log.note(*base), signers, *cosigners)
    log.transfer()
    return log, log.proof(1, log.note(DEE))


def test_a_recovery_holds_and_is_told() -> None:
    log, data = restored()
    assert log.check(data).recoveries == (2,)
    log, data = restored(signers=(PAPER, EVE), recovery_threshold=2)
    assert log.check(data).recoveries == (2,)


def test_what_was_lost_no_longer_fits() -> None:
    """Ann's own later checkpoint, from before the loss, is not of the log that Dee goes on with."""
    log, data = restored()
    lost = log.fork()
    lost.data = lost.data[:2]
    lost.transfer(7)
    lost.epochs = []
    assert log.check(lost.proof(2, lost.note(ANN))).recoveries == ()  # by itself it still holds: see the module's text
    note = log.note(DEE)
    file: Any = decode(data)
    file["epochs"][0]["checkpoint"] = lost.note(DEE)
    assert code_of(log, encode(file)) == ("not_consistent", 2)
    assert log.check(log.proof(1, note)).epoch.number == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"signers": ()},
        {"signers": (ANN,)},
        {"signers": (DEE,)},
        {"signers": (PAPER, BOB)},
        {"recovery_threshold": 2},
        {"recovery": [], "recovery_threshold": 0},
        {"recovery_threshold": 0},
    ],
)
def test_who_may_not_recover(fields: dict[str, Any]) -> None:
    log, data = restored(**fields)
    assert code_of(log, data) == ("recovery_invalid", 2)


def test_a_recovery_goes_on_from_what_a_quorum_signed_and_is_carried_by_the_new_one() -> None:
    for fields in ({"base": (DEE,)}, {"base": (PAPER,)}, {"cosigners": (ANN,)}, {"cosigners": (PAPER,)}):
        log, data = restored(**fields)
        assert code_of(log, data) == ("no_quorum", 2)


def test_a_recovery_lies_after_the_checkpoint_that_it_names() -> None:
    log = Log(ANN)
    log.transfer()
    log.transfer()
    base = log.note(ANN)
    log.data.pop()
    last = log.data[:]
    log.recover(Epoch(log.genesis.cid, 2, dids(DEE), nonce=NONCE), base, (PAPER,), DEE)
    assert len(log.data) == 3
    # The leaf stands at index 2, in place of one that the checkpoint already covers.
    leaf, note = log.epochs.pop()
    log.data = [*last, leaf]
    file: Any = {
        "v": 1, "genesis": log.genesis.block, "checkpoint": note, "consistency": [], "leaf": log.data[0],
        "path": merkle.inclusion_proof(log, 0, 3),
        "epochs": [{"leaf": leaf, "path": merkle.inclusion_proof(log, 2, 3), "checkpoint": note, "consistency": [],
                    "base": []}],
    }  # fmt: skip
    assert code_of(log, encode(file)) == ("recovery_invalid", 2)


def test_base_stands_in_recoveries_only() -> None:
    log, data = restored()
    assert code_of(log, edited(data, "epochs", 0, "base", to=None)) == ("malformed", 2)
    log = Log(ANN)
    log.change(Epoch(log.genesis.cid, 2, dids(BOB)), ANN)
    file: Any = decode(log.proof(0, log.note(BOB)))
    file["epochs"][0]["base"] = []
    assert code_of(log, encode(file)) == ("malformed", 2)


def test_a_recovery_of_another_space_or_epoch() -> None:
    log = Log(ANN)
    other = Log(ANN, name="other")
    log.recover(Epoch(log.genesis.cid, 2, dids(DEE), nonce=NONCE), other.note(ANN), (PAPER,), DEE)
    assert code_of(log, log.proof(0, log.note(DEE))) == ("recovery_invalid", 2)
    log = Log(ANN)
    log.recover(Epoch(log.genesis.cid, 3, dids(DEE), nonce=NONCE), log.note(ANN), (PAPER,), DEE)
    assert code_of(log, log.proof(0, log.note(DEE))) == ("wrong_epoch", 2)


# --- building ---


def test_building_refuses_what_cannot_be_proven() -> None:
    log, index, _ = lone()
    with pytest.raises(ValueError, match="not in a tree"):
        log.proof(index, log.note(ANN, size=index))
    log, _ = lived()
    with pytest.raises(ValueError, match="does not continue"):
        log.proof(0, log.note(BOB, DEE, size=2))
