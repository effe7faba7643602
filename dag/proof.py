"""Proof files: one leaf of a log, checked with nothing but the file and the CID of the space's genesis event.

Purpose: what a phone, a device or a court needs. Whoever has pinned a genesis CID learns from a proof file what
became of an event, at what commit time and position, and which validators answer for it.

A file is DAG-CBOR (or the same as DAG-JSON text, `to_json`), a map:

    v            1
    genesis      bytes: the block of the genesis event
    epochs       for every epoch after the founding one, in order, none left out:
                   leaf         bytes: the epoch's leaf
                   path         its inclusion under `checkpoint`
                   checkpoint   the note by which it was sealed
                   consistency  from the checkpoint before to this one
                   base         only for a recovery: consistency from the checkpoint before to the recovery's own, and
                                then `consistency` goes from there
    checkpoint   the note of the last epoch
    consistency  from the last of the checkpoints above to this one
    leaf, path   the leaf, and its inclusion under `checkpoint`
    event        bytes, optional: the event that the leaf is about

The rule (`check`): the genesis block hashes to the pinned CID, is signed, and states the first validators. An epoch
leaf with reason `change` counts if a quorum (q = n - b - c) of the epoch before cosigned a checkpoint that covers it;
one with reason `recovery` if enough recovery keys named in the genesis event signed its configuration together with
a checkpoint that a quorum of the epoch before cosigned and that lies before the leaf, and a quorum of the NEW epoch
cosigned the checkpoint that covers it. The last checkpoint needs a quorum of the last epoch. All checkpoints on the
way continue one another, so a later quorum cannot hand out another past than an earlier one signed.

What it cannot show: that no later epoch exists (old keys that leaked can extend an old epoch: compare the epoch and
its time with what others see), or that the log was not recovered since. `ProofResult` has the facts to judge by.

It must not know what time it is, or what an outcome means.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from dag import checkpoint as checkpoints
from dag import dag_json, merkle
from dag.checkpoint import Checkpoint, CheckpointError
from dag.cid import cid_of
from dag.codec import CodecError, decode, encode
from dag.epoch import RecoveryKeys, Statement, founding, statement_of
from dag.event import Event, InvalidEvent, check_event
from dag.leaf import InvalidLeaf, Leaf, decode_leaf
from dag.order.config import Epoch, InvalidEpoch
from dag.order.recovery import InvalidRecovery, Recovery, verify_recovery

PROOF_VERSION: Final = 1
MAX_PROOF_BYTES: Final = 16 * 1024 * 1024
"""Some thousands of epochs; a proof in the first epoch has about 2 KB and its genesis event."""
_FIELDS: Final = frozenset(("v", "genesis", "epochs", "checkpoint", "consistency", "leaf", "path"))
_STEP_FIELDS: Final = frozenset(("leaf", "path", "checkpoint", "consistency"))
LAST: Final = "last"


class ProofError(ValueError):
    """The file does not prove what it claims: damaged, cut together, or a lie. `code` is stable.

    `facts` may have `step` (the number of the epoch at fault, or `last`) and `why` (the fault below it, in words).
    Codes: `malformed`, `genesis_mismatch`, `genesis_invalid`, `epoch_invalid`, `wrong_epoch`, `recovery_invalid`,
    `checkpoint_invalid`, `wrong_origin`, `no_quorum`, `not_consistent`, `leaf_invalid`, `not_included`,
    `event_invalid`, `event_mismatch`.
    """

    def __init__(self, code: str, **facts: object) -> None:
        self.code = code
        self.facts = facts
        told = "".join(f", {name}={value!r}" for name, value in facts.items())
        super().__init__(f"the proof does not hold: {code}{told}")


class ProofResult(msgspec.Struct, frozen=True):
    """What a proof that holds shows."""

    space: bytes
    """The genesis CID, 36 bytes: the one that was pinned."""
    leaf: Leaf
    event: Event | None
    """The event that the leaf is about, signature checked, if the file carries it."""
    epoch: Epoch
    """The last epoch of the chain: its validators answer for the checkpoint."""
    checkpoint: Checkpoint
    cosigned: Mapping[str, int]
    """Validators (DIDs) that cosigned the last checkpoint, and when they say they did, Unix seconds."""
    recoveries: tuple[int, ...]
    """Numbers of the epochs that began by recovery: what came between the checkpoint named there and the recovery
    may have been lost and resubmitted."""


def build(
    nodes: merkle.Nodes,
    *,
    genesis: bytes,
    epochs: Sequence[tuple[bytes, str]],
    leaf: bytes,
    checkpoint: str,
    event: bytes | None = None,
) -> bytes:
    """A proof file for a leaf. `nodes` is the log now, at least as large as `checkpoint`'s size.

    `genesis` and `event` are blocks; `epochs` has, for every epoch after the founding one, its leaf and the note that
    seals it (see the rule above). Nothing is judged here: `check` the result. Raises InvalidLeaf, InvalidEpoch,
    InvalidRecovery or CheckpointError for malformed parts, ValueError when a leaf lies outside its checkpoint or
    sizes go backwards.
    """
    space = cid_of(genesis)
    steps = []
    size = 0
    for epoch_leaf, note in epochs:
        decoded, sealed = decode_leaf(epoch_leaf), checkpoints.parse(note)
        step: dict[str, object] = {"leaf": epoch_leaf, "checkpoint": note}
        recovery = statement_of(space, _epoch_subject(decoded)).recovery
        if recovery is not None:
            base = checkpoints.parse(recovery.checkpoint).size
            step["base"] = merkle.consistency_proof(nodes, size, base)
            size = base
        step["consistency"] = merkle.consistency_proof(nodes, size, sealed.size)
        step["path"] = merkle.inclusion_proof(nodes, decoded.index, sealed.size)
        steps.append(step)
        size = sealed.size
    last = checkpoints.parse(checkpoint).size
    file: dict[str, object] = {
        "v": PROOF_VERSION,
        "genesis": genesis,
        "epochs": steps,
        "checkpoint": checkpoint,
        "consistency": merkle.consistency_proof(nodes, size, last),
        "leaf": leaf,
        "path": merkle.inclusion_proof(nodes, decode_leaf(leaf).index, last),
    }
    if event is not None:
        file["event"] = event
    return encode(file)


def check(proof: bytes, genesis_cid: bytes) -> ProofResult:
    """What the file shows to somebody who trusts the founders of the space with this genesis CID and nobody else.

    Raises ProofError. Costs one signature for each block, each quorum's cosignature and each recovery signature.
    """
    file = _file(proof)
    genesis, epoch, recovery_keys = _genesis(file["genesis"], genesis_cid)
    chain = _Chain(epoch, recovery_keys)
    for step in file["epochs"]:
        chain.follow(_map(step, _STEP_FIELDS, "base"))
    last = chain.sealed(file["checkpoint"], file["consistency"], chain.epoch, LAST)
    leaf = _included(file["leaf"], file["path"], last, LAST)
    return ProofResult(
        space=genesis_cid,
        leaf=leaf,
        event=_event(file["event"], leaf, genesis) if "event" in file else None,
        epoch=chain.epoch,
        checkpoint=last,
        cosigned=chain.cosigned,
        recoveries=tuple(chain.recoveries),
    )


def to_json(proof: bytes) -> str:
    """The file as DAG-JSON, one text for one file. Raises ProofError `malformed` when it is no proof file."""
    return dag_json.dumps(_file(proof))


def from_json(text: str) -> bytes:
    """The inverse of `to_json`, whatever white space was put in on the way. Raises ProofError `malformed`."""
    try:
        proof = encode(dag_json.loads(text))
    except (dag_json.NotDagJson, CodecError) as error:
        raise ProofError("malformed", why=str(error)) from error
    _file(proof)
    return proof


class _Chain:
    """From the founding epoch to the last: which validators count, and the checkpoint reached so far."""

    def __init__(self, epoch: Epoch, recovery_keys: RecoveryKeys) -> None:
        self.epoch = epoch
        self.recovery_keys = recovery_keys
        self.recoveries: list[int] = []
        self.cosigned: Mapping[str, int] = {}
        self._origin = checkpoints.origin_of(epoch.space)
        self._reached = checkpoints.build(self._origin, 0, merkle.EMPTY_ROOT)
        self._index = -1  # of the last epoch's leaf

    def follow(self, step: dict[str, Any]) -> None:
        """Take one step, to the next epoch."""
        number = self.epoch.number + 1
        statement, leaf = self._statement(step["leaf"], number)
        if (statement.recovery is not None) != ("base" in step):
            raise ProofError("malformed", step=number, why="base stands in the steps of recoveries, and only there")
        if statement.recovery is not None:
            self._recover(statement.recovery, leaf, step["base"])
            signers = statement.epoch
        else:
            signers = self.epoch
        covering = self.sealed(step["checkpoint"], step["consistency"], signers, number)
        _included(step["leaf"], step["path"], covering, number)
        self.epoch = statement.epoch
        self._index = leaf.index

    def sealed(self, note: object, consistency: object, signers: Epoch, step: object) -> Checkpoint:
        """Go on to a later checkpoint, cosigned by a quorum of `signers`."""
        if type(note) is not str:
            raise ProofError("malformed", step=step, why="a checkpoint is a text")
        try:
            checkpoint = checkpoints.parse(note)
            if checkpoint.origin != self._origin:
                raise ProofError("wrong_origin", step=step, origin=checkpoint.origin)
            cosigned = checkpoints.check_quorum(checkpoint, signers.validators, signers.quorum).cosigned
        except CheckpointError as error:
            if error.code == "no_quorum":
                raise ProofError("no_quorum", step=step, **error.facts) from error
            raise ProofError("checkpoint_invalid", step=step, why=str(error)) from error
        before, path = self._reached, _hashes(consistency, step)
        if not merkle.verify_consistency(before.size, checkpoint.size, path, before.root, checkpoint.root):
            raise ProofError("not_consistent", step=step, old=before.size, new=checkpoint.size)
        self._reached, self.cosigned = checkpoint, cosigned
        return checkpoint

    def _statement(self, data: object, number: int) -> tuple[Statement, Leaf]:
        leaf = _leaf(data, number)
        try:
            statement = statement_of(self.epoch.space, _epoch_subject(leaf))
        except (InvalidEpoch, InvalidRecovery) as error:
            raise ProofError("epoch_invalid", step=number, why=str(error)) from error
        if statement.epoch.number != number or leaf.index <= self._index:
            raise ProofError("wrong_epoch", step=number, epoch=statement.epoch.number, index=leaf.index)
        return statement, leaf

    def _recover(self, recovery: Recovery, leaf: Leaf, consistency: object) -> None:
        number, allowed = recovery.epoch.number, self.recovery_keys
        if not allowed.threshold:
            raise ProofError("recovery_invalid", step=number, why="the genesis event names no recovery keys")
        try:
            verify_recovery(recovery, self.epoch, keys=allowed.keys, threshold=allowed.threshold)
        except InvalidRecovery as error:
            raise ProofError("recovery_invalid", step=number, why=str(error)) from error
        base = self.sealed(recovery.checkpoint, consistency, self.epoch, number)
        if base.size > leaf.index:
            raise ProofError("recovery_invalid", step=number, why="it stands before the checkpoint that it names")
        self.recoveries.append(number)


def _file(proof: bytes) -> dict[str, Any]:
    """The map of a file: its shape is checked, its claims are not."""
    if len(proof) > MAX_PROOF_BYTES:
        raise ProofError("malformed", why=f"{len(proof)} bytes are more than {MAX_PROOF_BYTES}")
    try:
        file = _map(decode(proof), _FIELDS, "event")
    except CodecError as error:
        raise ProofError("malformed", why=str(error)) from error
    if type(file["v"]) is not int or file["v"] != PROOF_VERSION:
        raise ProofError("malformed", why=f"version {file['v']!r} is not {PROOF_VERSION}: a newer program may read it")
    if type(file["epochs"]) is not list:
        raise ProofError("malformed", why="epochs is a list")
    return file


def _map(value: object, required: frozenset[str], optional: str) -> dict[str, Any]:
    if not isinstance(value, dict) or value.keys() - {optional} != required:
        raise ProofError("malformed", why=f"a map of {', '.join(sorted(required))} and perhaps {optional} is needed")
    return value


def _hashes(value: object, step: object) -> list[bytes]:
    if not isinstance(value, list) or not all(type(item) is bytes for item in value):
        raise ProofError("malformed", step=step, why="a path is a list of hashes")
    return value


def _genesis(block: object, genesis_cid: bytes) -> tuple[Event, Epoch, RecoveryKeys]:
    if type(block) is not bytes:
        raise ProofError("malformed", why="genesis is a block")
    if cid_of(block) != genesis_cid:
        raise ProofError("genesis_mismatch")
    try:
        genesis = check_event(block)
        return genesis, *founding(genesis)
    except (InvalidEvent, InvalidEpoch) as error:
        raise ProofError("genesis_invalid", why=str(error)) from error


def _leaf(data: object, step: object) -> Leaf:
    if type(data) is not bytes:
        raise ProofError("malformed", step=step, why="a leaf is bytes")
    try:
        return decode_leaf(data)
    except InvalidLeaf as error:
        raise ProofError("leaf_invalid", step=step, why=str(error)) from error


def _epoch_subject(leaf: Leaf) -> dict[str, Any]:
    if leaf.kind != "epoch" or not isinstance(leaf.subject, dict):
        raise InvalidEpoch("bad_field", field="kind")
    return leaf.subject


def _included(data: bytes, path: object, checkpoint: Checkpoint, step: object) -> Leaf:
    leaf = _leaf(data, step)
    digest, hashes = merkle.leaf_hash(data), _hashes(path, step)
    if not merkle.verify_inclusion(digest, leaf.index, checkpoint.size, hashes, checkpoint.root):
        raise ProofError("not_included", step=step, index=leaf.index, size=checkpoint.size)
    return leaf


def _event(block: object, leaf: Leaf, genesis: Event) -> Event:
    """The event that the leaf names, checked. The genesis event belongs to its own space."""
    if type(block) is not bytes or leaf.kind != "event":
        raise ProofError("malformed", step=LAST, why="event is the block that a leaf of kind event is about")
    if cid_of(block) != leaf.subject:
        raise ProofError("event_mismatch")
    try:
        event = check_event(block)
    except InvalidEvent as error:
        raise ProofError("event_invalid", why=str(error)) from error
    if event.space != genesis.cid and event.cid != genesis.cid:
        raise ProofError("event_mismatch")
    return event
