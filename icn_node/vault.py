"""The vault: payloads of private fields, encrypted for whom they are addressed to, beside the DAG and erasable.

A private field stands in its event as a commitment (`kernel.private`); its payload travels as a blob, encrypted with
a key of its own (XChaCha20-Poly1305), and that key is wrapped for each reader: sealed to a device's key
(crypto_box_seal), or boxed under the members' group key of the period (a calendar quarter). Erasing removes blob, salt
and wrapped keys together, so nothing remains that could open it.

The node itself can open what is addressed to all members, because it shows the members' list; what is addressed to
parties or roles it cannot, unless a session has unlocked one of their keys. It must not know what payloads mean.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
    crypto_box_seal,
    crypto_secretbox,
    crypto_secretbox_open,
    crypto_sign_ed25519_pk_to_curve25519,
)
from nacl.exceptions import CryptoError

from dag import codec
from dag.keys import SigningKey
from icn_node.kernel import calendar, private, registry
from icn_node.kernel.fields import Private
from icn_node.kernel.private import Payload
from icn_node.kernel.tables import Tables

_AAD = b"icn-private-v1\0"
GROUP_ID_BYTES = 16
MOST_READERS = 4096  # wrapped keys in one blob: about 0.5 MiB; a wider audience uses the group key


class BlobInvalid(ValueError):
    """Bytes that are no blob, or not the blob of the commitment they came for."""


class Shelf(Protocol):
    """What the vault needs of `dag.store.Store`."""

    def meta(self, key: str) -> Any:
        """A value kept beside the events, None if there is none."""

    def set_meta(self, key: str, value: bytes) -> None:
        """Keep a value, within a transaction."""


def quarter(time_ms: int) -> str:
    """The period of a group key: the UTC calendar quarter, such as 2026Q1."""
    date = calendar.local_date(time_ms, "UTC")
    return f"{date.year}Q{(date.month + 2) // 3}"


class GroupKeys:
    """The members' keys by period, made when first needed and kept sealed to `vault.key`."""

    def __init__(self, store: Shelf, vault_key: SigningKey) -> None:
        self._store = store
        self._key = vault_key
        self._by_period: dict[str, tuple[bytes, bytes]] = {}
        self._by_id: dict[bytes, bytes] = {}
        for period in self._periods():
            self._load(period)

    def known(self, period: str) -> tuple[bytes, bytes] | None:
        """(id, key) of the period if there is one."""
        return self._by_period.get(period) or self._load(period)

    @property
    def by_id(self) -> Mapping[bytes, bytes]:
        """Every key this node has, by its id."""
        for period in self._periods():
            self.known(period)
        return self._by_id

    def of(self, period: str) -> tuple[bytes, bytes]:
        """(id, key) of the period; made, and stored, if there is none. Call inside a transaction of the store."""
        found = self.known(period)
        if found is None:
            found = os.urandom(GROUP_ID_BYTES), os.urandom(32)
            self.adopt(period, *found)
        return found

    def adopt(self, period: str, key_id: bytes, key: bytes) -> None:
        """Keep a key that was made here or handed over in an envelope. Call inside a transaction of the store.

        Nothing is remembered here: were the transaction rolled back, texts would be sealed under a key that nobody has.
        """
        sealed = crypto_box_seal(key_id + key, crypto_sign_ed25519_pk_to_curve25519(self._key.public))
        self._store.set_meta(f"group_key.{period}", sealed)
        periods = [*self._periods(), period]
        self._store.set_meta("group_keys", " ".join(sorted(set(periods))).encode())

    def key(self, key_id: bytes) -> bytes | None:
        """The key of that id, if this node has it."""
        return self.by_id.get(key_id)

    def envelopes(self, device: bytes) -> dict[str, bytes]:
        """Every period's (id, key), sealed to a device's 32-byte public key."""
        curve = crypto_sign_ed25519_pk_to_curve25519(device)
        pairs = {period: self.known(period) for period in self._periods()}
        return {p: crypto_box_seal(b"".join(pair), curve) for p, pair in sorted(pairs.items()) if pair is not None}

    def _periods(self) -> list[str]:
        return (self._store.meta("group_keys") or b"").decode().split()

    def _load(self, period: str) -> tuple[bytes, bytes] | None:
        sealed = self._store.meta(f"group_key.{period}")
        opened = None if sealed is None else self._key.open_sealed(sealed)
        if opened is None:
            return None
        pair = opened[:GROUP_ID_BYTES], opened[GROUP_ID_BYTES:]
        self._by_period[period] = pair
        self._by_id[pair[0]] = pair[1]
        return pair


def readers_of(tx: Tables, audience: str, parties: Iterable[int], time_ms: int) -> list[bytes]:
    """The device keys (32 bytes each) that an audience means now, sorted; `members` is not a list but the group key."""
    wanted: set[int] = set()
    for word in audience.split():
        if word == "parties":
            wanted.update(parties)
        elif word.startswith("role:"):
            wanted.update(registry.holders(tx, word.removeprefix("role:"), time_ms))
        elif word.startswith("did:"):
            no = registry.party_no(tx, word)
            if no is not None:
                wanted.add(no)
    for no in tuple(wanted):
        wanted.update(registry.signers(tx, no, time_ms))
    devices = []
    for no in wanted:
        devices += [d.key for d in tx.scan(registry.Device, "party", no) if d.revoked_ms is None]
    return sorted(devices)


@functools.lru_cache(maxsize=4096)
def _curve(device: bytes) -> bytes:
    """The X25519 form of a device key: as dear as sealing to it, and an import seals to the same few, many times."""
    converted = crypto_sign_ed25519_pk_to_curve25519(device)
    assert isinstance(converted, bytes)
    return converted


def make(
    payload: bytes, audience: str, devices: Iterable[bytes], group: tuple[bytes, bytes] | None
) -> tuple[Private, bytes]:
    """Commit to a payload and encrypt it: the commitment for the event, and the blob that travels beside it."""
    salt, key, nonce = os.urandom(32), os.urandom(32), os.urandom(24)
    commitment = private.commitment(salt, payload, audience)
    wrapped: list[dict[str, bytes]] = []
    for device in devices:
        wrapped.append({"to": device, "box": crypto_box_seal(key, _curve(device))})
    if group is not None:
        group_nonce = os.urandom(24)
        wrapped.append({"to": group[0], "box": group_nonce + crypto_secretbox(key, group_nonce, group[1])})
    box = crypto_aead_xchacha20poly1305_ietf_encrypt(salt + payload, _AAD + commitment.h, nonce, key)
    blob = codec.encode({"v": 1, "h": commitment.h, "nonce": nonce, "box": box, "keys": wrapped})
    return commitment, blob


def read_blob(blob: bytes) -> dict[str, Any]:
    """The blob's map, its form checked. Raises BlobInvalid."""
    try:
        fields = codec.decode_strictly(blob)
    except codec.CodecError as error:
        raise BlobInvalid(f"the blob is not canonical: {error.reason}") from None
    if not isinstance(fields, dict) or set(fields) != {"v", "h", "nonce", "box", "keys"} or fields["v"] != 1:
        raise BlobInvalid("the blob has other fields than it must")
    keys = fields["keys"]
    h, nonce = fields["h"], fields["nonce"]
    if type(h) is not bytes or len(h) != 32 or type(nonce) is not bytes or len(nonce) != 24:
        raise BlobInvalid("the blob's h is not 32 bytes, or its nonce not 24")
    if type(fields["box"]) is not bytes or not isinstance(keys, list) or len(keys) > MOST_READERS + 1:
        raise BlobInvalid("the blob's box or keys are malformed")
    for entry in keys:
        if (
            not isinstance(entry, dict)
            or set(entry) != {"to", "box"}
            or any(type(v) is not bytes for v in entry.values())
        ):
            raise BlobInvalid("a wrapped key is malformed")
    return fields


class Unreadable(Exception):
    """Why a private field shows no text: `private` (not addressed to the reader), `missing`, `erased`, `mismatch`."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


def reveal(
    commitment: Private,
    blob: bytes | None,
    keys: Iterable[SigningKey],
    groups: Mapping[bytes, bytes],
    belongs: Callable[[Payload], bool] | None = None,
) -> Any:
    """The value of a private field for a reader who has these keys and group keys (id -> key). Raises Unreadable.

    The commitment is checked, and with `belongs` the payload's own statement of where it belongs, so a forged or
    lifted payload shows as `mismatch`.
    """
    if blob is None:
        raise Unreadable("missing")
    try:
        fields = read_blob(blob)
    except BlobInvalid:
        raise Unreadable("mismatch") from None
    key = _unwrap(fields["keys"], keys, groups)
    if key is None:
        raise Unreadable("private")
    try:
        opened = crypto_aead_xchacha20poly1305_ietf_decrypt(fields["box"], _AAD + commitment.h, fields["nonce"], key)
    except CryptoError:
        raise Unreadable("mismatch") from None
    salt, payload = opened[:32], opened[32:]
    if not private.opens(commitment, salt, payload):
        raise Unreadable("mismatch")
    try:
        said = private.context_of(payload)
    except private.PayloadInvalid:
        raise Unreadable("mismatch") from None
    if belongs is not None and not belongs(said):
        raise Unreadable("mismatch")
    return said.value


def _unwrap(wrapped: list[dict[str, bytes]], keys: Iterable[SigningKey], groups: Mapping[bytes, bytes]) -> bytes | None:
    boxes = {entry["to"]: entry["box"] for entry in wrapped}
    for key in keys:
        box = boxes.get(key.public)
        opened = None if box is None else key.open_sealed(box)
        if opened is not None:
            return opened
    for group_id, group_key in groups.items():
        box = boxes.get(group_id)
        if box is not None:
            try:
                opened = crypto_secretbox_open(box[24:], box[:24], group_key)
            except CryptoError:
                continue
            assert isinstance(opened, bytes)
            return opened
    return None
