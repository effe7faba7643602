"""Checkpoints: the log's size and root as a signed note, in the C2SP formats.

Purpose: write, sign, cosign, merge, read and judge the few lines of text that a validator signs, so that anybody
with the validators' names can check them with any tool that knows the formats. Sources: c2sp.org/signed-note,
c2sp.org/tlog-checkpoint, c2sp.org/tlog-cosignature (type 0x04, `cosignature/v1`).

    icn/bafyrei...                                     origin: "icn/" and the CID of the space
    20852163                                           leaves in the tree
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=       its root
                                                       (blank)
    — did:key:z6Mk... Az3grlgtzPICa5OS...              one line a signature

Invariants:
- a key name is the signer's did:key, so a name determines its key: no table of keys has to be trusted;
- a note has the signature types 0x01 (Ed25519 over the text) and 0x04 (the cosignature, over a header line, the time
  and the text); other lines, such as a public witness's, are carried along and never judged;
- the two signed messages begin with `icn/` and `cosignature/v1`; no other signed message of a node's key begins so
  (events, blocks and statements begin with `icn-` and a name), so no signature passes for another;
- parsing accepts only what building writes: one text for one meaning;
- no extension lines are written (the specification advises against them; the cosignature carries the time, the
  log's own leaves the epoch), those of others are read.

It must not know which validators count (the reader says) or what time it is (times are parameters and results).
"""

import base64
import binascii
from collections.abc import Collection, Mapping
from hashlib import sha256

import msgspec

from dag import cid, keys
from dag.merkle import EMPTY_ROOT, HASH_SIZE

ORIGIN_PREFIX = "icn/"
NOTE_SIGNATURE = 0x01
COSIGNATURE = 0x04
MAX_NOTE_BYTES = 64 * 1024
MAX_SIGNATURES = 256
"""Room for two lines of each of the 64 validators that an epoch may have, and as many of public witnesses."""
MAX_INTEGER = 2**63 - 1
_DASH = "\N{EM DASH} "


class CheckpointError(ValueError):
    """The note is malformed, or not signed as it must be: the fault of whoever wrote it. `code` is stable."""

    def __init__(self, code: str, **facts: object) -> None:
        self.code = code
        self.facts = facts
        told = ", ".join(f"{name}={value!r}" for name, value in facts.items())
        super().__init__(f"checkpoint: {code} ({told})" if told else f"checkpoint: {code}")


class Signature(msgspec.Struct, frozen=True):
    """One signature line: the key's name, and key ID (4 bytes) with what the signature type adds to it."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        """The line as it stands in the note, with its newline."""
        return f"{_DASH}{self.name} {_base64(self.key_id + self.signature)}\n"


class Checkpoint(msgspec.Struct, frozen=True):
    """A parsed or built note. Equal bytes for equal values: `note` of a parsed text is that text."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()
    signatures: tuple[Signature, ...] = ()

    def body(self) -> str:
        """The signed text: three lines or more, each with its newline."""
        lines = (self.origin, str(self.size), _base64(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)

    def note(self) -> str:
        """The whole note. CheckpointError `unsigned` when it has no signature yet: that is no note."""
        if not self.signatures:
            raise CheckpointError("unsigned")
        return f"{self.body()}\n{''.join(signature.line() for signature in self.signatures)}"


class Signers(msgspec.Struct, frozen=True):
    """Whose signatures on a note are good, among the DIDs that were asked about."""

    signed: frozenset[str]
    cosigned: Mapping[str, int]
    """DID -> the time that it states, Unix seconds; the latest when it states several."""


def origin_of(space: bytes) -> str:
    """The origin line of a space, from the 36 bytes of its genesis CID."""
    return ORIGIN_PREFIX + cid.cid_text(space)


def key_id(name: str, algorithm: int, public: bytes) -> bytes:
    """The first 4 bytes of SHA-256(name || 0x0A || algorithm || public key)."""
    return sha256(name.encode() + b"\n" + bytes([algorithm]) + public).digest()[:4]


def build(origin: str, size: int, root: bytes, extensions: tuple[str, ...] = ()) -> Checkpoint:
    """A checkpoint to sign. CheckpointError for values that no note may hold."""
    if not 0 <= size <= MAX_INTEGER:
        raise CheckpointError("bad_size", size=size)
    if len(root) != HASH_SIZE:
        raise CheckpointError("bad_root", bytes=len(root))
    if size == 0 and root != EMPTY_ROOT:
        raise CheckpointError("bad_root", size=0)
    for line in (origin, *extensions):
        if not line or not _is_clean(line):
            raise CheckpointError("bad_line", line=line)
    return Checkpoint(origin, size, root, extensions)


def sign(checkpoint: Checkpoint, key: keys.SigningKey) -> Checkpoint:
    """The same with this key's note signature (0x01) added; unchanged when it is there already."""
    name = key.did
    return _added(checkpoint, name, NOTE_SIGNATURE, key.public, key.sign(checkpoint.body().encode()))


def cosign(checkpoint: Checkpoint, key: keys.SigningKey, time_s: int) -> Checkpoint:
    """The same with this key's cosignature (0x04): it saw the log append-only up to here, at `time_s`."""
    if not 0 <= time_s <= MAX_INTEGER:
        raise CheckpointError("bad_time", time=time_s)
    signature = key.sign(cosigned_message(checkpoint.body(), time_s))
    return _added(checkpoint, key.did, COSIGNATURE, key.public, time_s.to_bytes(8, "big") + signature)


def cosigned_message(body: str, time_s: int) -> bytes:
    """What a cosignature signs: a header line, a time line, the body."""
    return f"cosignature/v1\ntime {time_s}\n{body}".encode()


def merge(one: Checkpoint, other: Checkpoint) -> Checkpoint:
    """One note with the signatures of both, in the order met. CheckpointError `differ` if the bodies do."""
    if one.body() != other.body():
        raise CheckpointError("differ", one=one.size, other=other.size)
    known = set(one.signatures)
    return msgspec.structs.replace(
        one, signatures=one.signatures + tuple(s for s in other.signatures if s not in known)
    )


def parse(note: str | bytes) -> Checkpoint:
    """Read a note, strictly; judges no signature. CheckpointError with the code of the first thing wrong."""
    text = _text(note)
    body, blank, lines = text.rpartition("\n\n")
    if not blank:
        raise CheckpointError("no_signatures")
    if not lines.endswith("\n"):
        raise CheckpointError("no_final_newline")
    body_lines = body.split("\n")
    if len(body_lines) < 3:
        raise CheckpointError("too_few_lines", lines=len(body_lines))
    origin, size, root, *extensions = body_lines
    if not (size.isascii() and size.isdigit()) or (size[0] == "0" and size != "0") or len(size) > 19:
        raise CheckpointError("bad_size", size=size[:40])
    checkpoint = build(origin, int(size), _bytes(root, "bad_root"), tuple(extensions))
    signature_lines = lines.split("\n")[:-1]
    if len(signature_lines) > MAX_SIGNATURES:
        raise CheckpointError("too_many_signatures", signatures=len(signature_lines))
    signatures = tuple(_signature(line) for line in signature_lines)
    if len(set(signatures)) != len(signatures):
        raise CheckpointError("repeated_signature")
    return msgspec.structs.replace(checkpoint, signatures=signatures)


def verify(checkpoint: Checkpoint, dids: Collection[str]) -> Signers:
    """Which of `dids` signed and cosigned this note.

    Lines of other keys are passed over. A line whose name and key ID are those of a known key and whose signature
    is bad condemns the note (CheckpointError `bad_signature`), as the specification advises: it is a forgery or a
    damaged file, and the reader should hear of it. ValueError for a DID that names no key.
    """
    body = checkpoint.body()
    publics = {did: keys.public_of(did) for did in dids}
    signed: set[str] = set()
    cosigned: dict[str, int] = {}
    for entry in checkpoint.signatures:
        name, signature = entry.name, entry.signature
        public = publics.get(name)
        if public is None:
            continue
        if entry.key_id == key_id(name, NOTE_SIGNATURE, public):
            if not keys.verify(public, body.encode(), signature):
                raise CheckpointError("bad_signature", name=name)
            signed.add(name)
        elif entry.key_id == key_id(name, COSIGNATURE, public):
            time_s = int.from_bytes(signature[:8], "big")
            message = cosigned_message(body, time_s)
            if time_s > MAX_INTEGER or not keys.verify(public, message, signature[8:]):
                raise CheckpointError("bad_signature", name=name)
            cosigned[name] = max(time_s, cosigned.get(name, 0))
    return Signers(frozenset(signed), cosigned)


def check_quorum(checkpoint: Checkpoint, dids: Collection[str], quorum: int) -> Signers:
    """`verify`, and CheckpointError `no_quorum` unless at least `quorum` (>= 1) of `dids` cosigned."""
    assert quorum >= 1
    signers = verify(checkpoint, dids)
    if len(signers.cosigned) < quorum:
        raise CheckpointError("no_quorum", have=len(signers.cosigned), need=quorum)
    return signers


def _added(checkpoint: Checkpoint, name: str, algorithm: int, public: bytes, signature: bytes) -> Checkpoint:
    entry = Signature(name, key_id(name, algorithm, public), signature)
    if entry in checkpoint.signatures:
        return checkpoint
    return msgspec.structs.replace(checkpoint, signatures=(*checkpoint.signatures, entry))


def _text(note: str | bytes) -> str:
    if isinstance(note, str):
        note = note.encode("utf-8", "surrogatepass")
    if len(note) > MAX_NOTE_BYTES:
        raise CheckpointError("too_long", bytes=len(note))
    try:
        text = note.decode()
    except UnicodeDecodeError:
        raise CheckpointError("not_utf8") from None
    if any(character < " " and character != "\n" for character in text):
        raise CheckpointError("control_character")
    return text


def _signature(line: str) -> Signature:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not name or "+" in name or any(c.isspace() for c in name):
        raise CheckpointError("bad_signature_line", line=line[:80])
    value = _bytes(encoded, "bad_signature_line")
    if len(value) <= 4:
        raise CheckpointError("bad_signature_line", line=line[:80])
    return Signature(name, value[:4], value[4:])


def _bytes(text: str, code: str) -> bytes:
    """Standard base64 with padding, and only the one text that encodes these bytes."""
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise CheckpointError(code, text=text[:80]) from None
    if _base64(value) != text:
        raise CheckpointError(code, text=text[:80])
    return value


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _is_clean(line: str) -> bool:
    return all(character >= " " for character in line)
