"""Keyring: the device keys by which a member acts, and the proofs that put a key there.

Invariants: a key stands for one party for ever (a revoked one comes back nowhere), is a checked point of prime order,
and signed (space, member) itself before it was registered, so nobody can claim another's key. A member keeps at least
one live key. It knows who may do what to whom as little as the ledger does: that is the policy's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from msgspec import Meta

from dag.codec import Link, encode
from dag.keys import BadKey, check_point, key_binding_bytes, public_of, verify
from icn_node.kernel import registry
from icn_node.kernel.fields import Private
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.tables import Tables

if TYPE_CHECKING:
    from icn_node.kernel.context import Context

Custody = Annotated[
    str,
    Meta(
        pattern="^(self|node)$",
        description="who holds the key: `self`, the member's own device, or `node`, for a member without one",
    ),
]

JOIN_DOMAIN: Final = b"icn-join-v1\0"


class BadDeviceKey(Refusal):
    """A key that is malformed, or a point that no honest key is (small order, not on the curve)."""

    code = "bad_key"
    text = "{key} is no Ed25519 key that can be used: {reason}."
    advice = "Make a new key with `icn key create`."


class KeyInUse(Refusal):
    """The key, or the DID that spells it, already stands for a party or an invitation; or did, and was revoked."""

    code = "key_in_use"
    text = "The key {key} is in use in this space, or was."
    advice = "Make a new key with `icn key create`; a key is never used again."


class KeyNotBound(Refusal):
    """The key's own signature over (space, member) is missing or wrong."""

    code = "key_not_bound"
    text = "The proof is not the signature of {key} that it stands for {member} in this space."
    advice = "Sign the binding on the device that has the key: `icn key bind`."


class UnknownDeviceKey(Refusal):
    """The member has no live key of that name."""

    code = "unknown_device_key"
    text = "{key} is no device key in use of {member}."
    advice = "See `icn member key list`."


class LastKey(Refusal):
    """The member would be left without a key."""

    code = "last_key"
    text = "{key} is the last key of {member}."
    advice = "Add another first, or have the stewards recover the membership with a new key."


class TooManyKeys(Refusal):
    """The member has as many live keys as the bylaws allow."""

    code = "too_many_keys"
    text = "{member} has {most} keys, which is the most."
    advice = "Revoke one that is no longer used."


USABLE: Final[tuple[type[Refusal], ...]] = (BadDeviceKey, KeyInUse)
BINDS: Final[tuple[type[Refusal], ...]] = (*USABLE, KeyNotBound, TooManyKeys)


def invitation_bytes(space: bytes, did: str) -> bytes:
    """What an invitation's one-time key signs: that `did` may join `space` (36-byte CID) with it."""
    return JOIN_DOMAIN + encode([Link(space), did])


def usable(tx: Tables, did: str) -> bytes:
    """The public key of a DID that nobody uses or used in the space. Raises BadDeviceKey, KeyInUse."""
    public = checked(did)
    # The key of an invitation is known to two people, so it can be nobody's device.
    if (
        tx.get(registry.Device, public) is not None
        or tx.get(registry.Did, did) is not None
        or tx.get(registry.Invitation, public) is not None
    ):
        raise KeyInUse(key=did)
    return public


def checked(did: str) -> bytes:
    """The public key of a DID, checked to be a point of prime order. Raises BadDeviceKey."""
    try:
        public = public_of(did)
        check_point(public)
    except BadKey as error:
        raise BadDeviceKey(key=did, reason=error.reason.replace("_", " ")) from None
    return public


def check_bound(ctx: Context, key: str, member: str, proof: bytes) -> None:
    """Raise KeyNotBound unless `proof` is the key's signature that it stands for the member in this space."""
    # Inside the genesis event the space has no CID yet.
    space = None if ctx.origin == "founding" else ctx.space
    if not verify(public_of(key), key_binding_bytes(space, member), proof):
        raise KeyNotBound(key=key, member=member)


def live(tx: Tables, party: int) -> list[registry.Device]:
    """The party's keys that are not revoked, by the key's bytes."""
    found = [d for d in tx.scan(registry.Device, "party", party) if d.revoked_ms is None]
    return sorted(found, key=lambda d: d.key)


def register(
    tx: Tables, ctx: Context, party: registry.Party, public: bytes, custody: str, label: Private | None = None
) -> None:
    """Give the party a key that `usable` returned. Raises TooManyKeys."""
    most = ctx.number(tx, "key.most")
    if len(live(tx, party.no)) >= most:
        raise TooManyKeys(member=party.did, most=most)
    tx.put(registry.Device(public, party.no, custody, ctx.time_ms, label=label))


def device_of(tx: Tables, party: registry.Party, key: str) -> registry.Device:
    """The party's live device of that key. Raises UnknownDeviceKey, BadDeviceKey."""
    device = tx.get(registry.Device, checked(key))
    if device is None or device.party != party.no or device.revoked_ms is not None:
        raise UnknownDeviceKey(key=key, member=party.did)
    return device


def revoke(tx: Tables, ctx: Context, device: registry.Device) -> None:
    """End a key, for ever."""
    tx.put(msgspec.structs.replace(device, revoked_ms=ctx.time_ms, revoked_by=ctx.actor.party))
