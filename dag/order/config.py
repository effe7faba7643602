"""An epoch's configuration: who orders, how many of them may fail, whose turn it is.

Invariants
- The configuration's CID covers the space, the epoch's number, validators, b, c and the nonce, and no signatures. An
  ordering block names that CID, so it can belong to no other space, epoch or recovery.
- n >= 3b + 2c + 1, so two quorums of q = n - b - c share at least b + 1 validators, one of them honest, and a quorum
  is more than half.

It must not know how an epoch is agreed on.
"""

from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise
from typing import Any, Final

from dag.cid import DAG_CBOR_PREFIX, cid_of, is_cid
from dag.codec import CodecError, Link, decode, encode
from dag.keys import BadKey, author_of, check_point, public_of

MAX_VALIDATORS: Final = 64
MAX_EPOCH: Final = 2**31 - 1
NONCE_BYTES: Final = 16
_FIELDS: Final = frozenset(("b", "c", "epoch", "nonce", "space", "validators"))


class InvalidEpoch(ValueError):
    """A configuration that no space can run under: the fault of whoever wrote it.

    `code` is one of `bad_encoding`, `bad_field`, `validators_unsorted`, `bad_validator`, `too_few_validators` (for
    the b and c that it states).
    """

    def __init__(self, code: str, **facts: object) -> None:
        told = ", ".join(f"{name}={value!r}" for name, value in facts.items())
        super().__init__(f"epoch configuration: {code}" + (f" ({told})" if told else ""))
        self.code = code
        self.facts = facts


def default_faults(n: int) -> tuple[int, int]:
    """The (b, c) that a space of n validators gets unless its charter says otherwise.

    As many Byzantine as n allows from four validators on, then as many crashed as what is left allows:
    1 (0, 0), 2 (0, 0), 3 (0, 1), 4 (1, 0), 5 (1, 0), 6 (1, 1), 7 (2, 0).
    """
    b = (n - 1) // 3
    return b, (n - 1 - 3 * b) // 2


@dataclass(frozen=True, slots=True)
class Epoch:
    """A checked configuration. Raises InvalidEpoch when it is made.

    `space` is the 36-byte CID of the genesis event; `number` counts from 1; `validators` are DIDs, sorted. `nonce` is
    empty but in a recovery epoch, where 16 random bytes keep two recoveries from one backup apart: without them a
    node could sign two blocks for one round of what would be the same epoch.
    """

    space: bytes
    number: int
    validators: tuple[str, ...]
    b: int = 0
    c: int = 0
    nonce: bytes = b""
    authors: tuple[bytes, ...] = field(init=False, repr=False, compare=False)
    """The validators as the 34 bytes by which blocks name them, in the order of `validators`."""
    cid: bytes = field(init=False, repr=False, compare=False)
    quorum: int = field(init=False, repr=False, compare=False)
    _turns: tuple[bytes, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check(self)
        cid = cid_of(self.encode())
        authors = tuple(author_of(public_of(did)) for did in self.validators)
        turns = tuple(sorted(authors, key=lambda author: sha256(cid + author).digest()))
        for name, value in (
            ("authors", authors),
            ("cid", cid),
            ("quorum", self.n - self.b - self.c),
            ("_turns", turns),
        ):
            object.__setattr__(self, name, value)

    @property
    def n(self) -> int:
        return len(self.validators)

    def leader(self, round_: int) -> bytes:
        """The author whose block of this round (from 1) is proposed for commit.

        The turns are the authors sorted by SHA-256(configuration CID || author), so nobody chooses a place among them.
        """
        return self._turns[(round_ - 1) % len(self._turns)]

    def as_map(self) -> dict[str, object]:
        """The configuration as the DAG-CBOR map that is hashed and that a recovery embeds."""
        fields: dict[str, object] = {
            "space": Link(self.space),
            "epoch": self.number,
            "validators": list(self.validators),
            "b": self.b,
            "c": self.c,
        }
        if self.nonce:
            fields["nonce"] = self.nonce
        return fields

    def encode(self) -> bytes:
        """The bytes whose CID is `cid`."""
        return encode(self.as_map())

    @classmethod
    def from_map(cls, fields: Any) -> "Epoch":
        """The inverse of `as_map` for a decoded map from elsewhere. Raises InvalidEpoch."""
        if type(fields) is not dict or not _FIELDS - {"nonce"} <= fields.keys() <= _FIELDS:
            raise InvalidEpoch("bad_field", field="map")
        space, validators, nonce = fields["space"], fields["validators"], fields.get("nonce", b"")
        if type(space) is not Link or type(validators) is not list:
            raise InvalidEpoch("bad_field", field="space" if type(space) is not Link else "validators")
        if "nonce" in fields and not nonce:
            raise InvalidEpoch("bad_field", field="nonce")
        return cls(bytes(space), fields["epoch"], tuple(validators), fields["b"], fields["c"], nonce)

    @classmethod
    def decode(cls, data: bytes) -> "Epoch":
        """The inverse of `encode`. Raises InvalidEpoch."""
        try:
            return cls.from_map(decode(data))
        except CodecError as error:
            raise InvalidEpoch("bad_encoding", reason=error.reason) from None


def _check(epoch: Epoch) -> None:
    if not (type(epoch.space) is bytes and is_cid(epoch.space) and epoch.space.startswith(DAG_CBOR_PREFIX)):
        raise InvalidEpoch("bad_field", field="space")
    for name, number, low, high in (
        ("epoch", epoch.number, 1, MAX_EPOCH),
        ("b", epoch.b, 0, MAX_VALIDATORS),
        ("c", epoch.c, 0, MAX_VALIDATORS),
    ):
        if type(number) is not int or not low <= number <= high:
            raise InvalidEpoch("bad_field", field=name)
    if type(epoch.nonce) is not bytes or len(epoch.nonce) not in (0, NONCE_BYTES):
        raise InvalidEpoch("bad_field", field="nonce")
    if not 1 <= epoch.n <= MAX_VALIDATORS or not all(type(did) is str for did in epoch.validators):
        raise InvalidEpoch("bad_field", field="validators")
    if any(one >= other for one, other in pairwise(epoch.validators)):
        raise InvalidEpoch("validators_unsorted")
    for did in epoch.validators:
        try:
            check_point(public_of(did))
        except BadKey as error:
            raise InvalidEpoch("bad_validator", did=did, reason=error.reason) from None
    needed = 3 * epoch.b + 2 * epoch.c + 1
    if epoch.n < needed:
        raise InvalidEpoch("too_few_validators", n=epoch.n, b=epoch.b, c=epoch.c, needed=needed)
