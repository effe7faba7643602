"""Invitation codes: what an inviter hands over, as text that survives being written down.

A code is base32, in groups of four, of: a version byte, the digest of the space's CID, the one-time key's seed, and a
checksum against typing errors. Whoever has the code can join once; the space knows only the key's public half.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from hashlib import sha256

_VERSION = b"\x01"
_CHECK = 4


class BadInvitation(ValueError):
    """Text that is no invitation code, or was mistyped."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """space: the 36-byte CID it is for. seed: of the one-time key, 32 bytes."""

    space: bytes
    seed: bytes

    def text(self) -> str:
        """The code, such as `icn-aezd-...`: lower case, groups of four."""
        body = _VERSION + self.space[4:] + self.seed
        body += sha256(b"icn-invitation-v1\0" + body).digest()[:_CHECK]
        text = base64.b32encode(body).decode().rstrip("=").lower()
        return "icn-" + "-".join(text[i : i + 4] for i in range(0, len(text), 4))

    @classmethod
    def read(cls, text: str) -> Invitation:
        """The invitation of a code; spaces, dashes and case do not matter. Raises BadInvitation."""
        plain = "".join(text.split()).replace("-", "").lower().removeprefix("icn").upper()
        try:
            body = base64.b32decode(plain + "=" * (-len(plain) % 8))
        except binascii.Error:
            raise BadInvitation("an invitation code, such as icn-aezd-...; this has other characters") from None
        if len(body) != 1 + 32 + 32 + _CHECK or body[:1] != _VERSION:
            raise BadInvitation("a whole invitation code; this one is cut short, or of a newer version")
        if sha256(b"icn-invitation-v1\0" + body[:-_CHECK]).digest()[:_CHECK] != body[-_CHECK:]:
            raise BadInvitation("an invitation code without typing errors; compare it with the original")
        return cls(b"\x01\x71\x12\x20" + body[1:33], body[33:65])
