"""Encrypted backups, and restoring one on an empty machine.

A backup holds a consistent copy of the space, the vault key, the sealed key files and icn.toml; never node.key and
never the guard, so a restored node cannot sign a round twice: it must begin a recovery epoch. It is encrypted to the
space's recovery keys (whose public halves the charter names), so making one needs no secret, and reading one needs the
printed recovery key.

File: magic, u32 length and JSON header (space, time, last commit, recipients: the content key sealed to each recovery
key), then a stream of XChaCha20-Poly1305 chunks (libsodium's secretstream) of a tar archive. A file that was cut, or
altered anywhere, is refused. It must not know sockets.
"""

from __future__ import annotations

import io
import os
import struct
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, BinaryIO

import msgspec
from nacl.bindings import (
    crypto_box_seal,
    crypto_secretstream_xchacha20poly1305_ABYTES,
    crypto_secretstream_xchacha20poly1305_HEADERBYTES,
    crypto_secretstream_xchacha20poly1305_init_pull,
    crypto_secretstream_xchacha20poly1305_init_push,
    crypto_secretstream_xchacha20poly1305_pull,
    crypto_secretstream_xchacha20poly1305_push,
    crypto_secretstream_xchacha20poly1305_state,
    crypto_secretstream_xchacha20poly1305_TAG_FINAL,
    crypto_secretstream_xchacha20poly1305_TAG_MESSAGE,
    crypto_sign_ed25519_pk_to_curve25519,
)

from dag.cid import cid_text
from dag.epoch import founding
from dag.event import decode_event
from dag.keys import SigningKey, did_of, public_of
from dag.order.recovery import build_recovery
from dag.store_file import sync_folder
from icn_node.home import Home, HomeError
from icn_node.kernel import registry
from icn_node.keystore import node_key, write_private
from icn_node.space import Space

MAGIC = b"icn-backup-v1\0"
CHUNK = 1 << 20
SUFFIX = ".icnbackup"
_LENGTH = struct.Struct(">I")
Progress = Callable[[str, int, int], None]


class BackupError(Exception):
    """The backup cannot be made or read; the message says why and what to do."""


class Header(msgspec.Struct, frozen=True):
    """What a backup says of itself without its key. recipients: (recovery key's DID, content key sealed to it)."""

    space: str
    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_.-]{0,63}$")]
    time_ms: int
    commit: int
    leaves: int
    root: str
    recipients: tuple[tuple[str, bytes], ...]


class Restored(msgspec.Struct, frozen=True):
    """What a restore did: how far the books go, and each device's last event, so that later ones can be asked for."""

    name: str
    space: str
    leaves: int
    last_commit_ms: int
    backup_ms: int
    epoch: int
    devices: tuple[tuple[str, str, int], ...]


# -- making ----------------------------------------------------------------------------------------------------------


def create(home: Home, target: Path, *, now_ms: int, progress: Progress | None = None) -> Header:
    """Write a backup of the home's space; safe beside a running daemon. The file appears when it is complete."""
    config = home.config()
    source = home.space_path(config.space)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="backup-", dir=source.parent) as folder:
        copy = Path(folder) / "space.db"
        space = Space.open(source, home.guard_path(config.space), None, read_only=True)
        try:
            tell = None if progress is None else lambda done, total: progress("copied", done, total)
            space.store.snapshot(copy, tell)
            header, key = _header(space, config.space, copy, now_ms)
        finally:
            space.close()
        partial = target.with_name(target.name + ".part")
        try:
            with partial.open("wb") as file:
                os.fchmod(file.fileno(), 0o600)
                _write(file, header, key, copy, home, progress)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    return header


def _header(space: Space, name: str, copy: Path, now_ms: int) -> tuple[Header, bytes]:
    genesis = space.store.events.get(space.cid)
    assert genesis is not None
    _, recovery = founding(decode_event(genesis))
    if not recovery.keys:
        raise BackupError("the space was founded without recovery keys, so a backup could be read by nobody")
    key = os.urandom(32)
    recipients = tuple(
        (did, crypto_box_seal(key, crypto_sign_ed25519_pk_to_curve25519(public_of(did)))) for did in recovery.keys
    )
    taken = Space.open(copy, copy.with_suffix(".guard"), None, read_only=True)
    try:
        head = taken.head()
    finally:
        taken.close()
    return (
        Header(cid_text(space.cid), name, now_ms, head["commits"], head["leaves"], head["root"], recipients),
        key,
    )


def _write(file: BinaryIO, header: Header, key: bytes, copy: Path, home: Home, progress: Progress | None) -> None:
    encoded = msgspec.json.encode(header)
    file.write(MAGIC + _LENGTH.pack(len(encoded)) + encoded)
    sink = _Sealing(file, key, encoded, copy.stat().st_size, progress)
    with tarfile.open(fileobj=sink, mode="w|", bufsize=CHUNK) as tar:
        tar.add(copy, "space.db")
        for path, name in _extras(home):
            tar.add(path, name)
    sink.finish()


def _extras(home: Home) -> Iterator[tuple[Path, str]]:
    for path, name in ((home.config_path, "icn.toml"), (home.vault_key_path, "vault.key")):
        if path.exists():
            yield path, name
    for folder, name in ((home.keystore_path, "keystore"), (home.keys_path, "keys")):
        if folder.is_dir():
            for path in sorted(folder.glob("*.key")):
                yield path, f"{name}/{path.name}"


class _Sealing(io.RawIOBase):
    """A sink for tar that encrypts what it is given in chunks."""

    def __init__(self, file: BinaryIO, key: bytes, header: bytes, total: int, progress: Progress | None) -> None:
        self._file = file
        self._state = crypto_secretstream_xchacha20poly1305_state()
        self._buffer = bytearray()
        self._header = header
        self._done, self._total, self._progress = 0, total, progress
        file.write(crypto_secretstream_xchacha20poly1305_init_push(self._state, key))

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self._buffer += piece
        while len(self._buffer) > CHUNK:
            self._push(bytes(self._buffer[:CHUNK]), crypto_secretstream_xchacha20poly1305_TAG_MESSAGE)
            del self._buffer[:CHUNK]
        return len(piece)

    def finish(self) -> None:
        self._push(bytes(self._buffer), crypto_secretstream_xchacha20poly1305_TAG_FINAL)

    def _push(self, piece: bytes, tag: int) -> None:
        sealed = crypto_secretstream_xchacha20poly1305_push(self._state, piece, self._header, tag)
        self._header = b""  # the header is bound to the first chunk; the stream binds the others to it
        self._file.write(_LENGTH.pack(len(sealed)) + sealed)
        self._done += len(piece)
        if self._progress is not None:
            self._progress("encrypted", min(self._done, self._total), self._total)


# -- reading ---------------------------------------------------------------------------------------------------------


def read_header(path: Path) -> Header:
    """What a backup says of itself. Raises BackupError."""
    with path.open("rb") as file:
        return _read_header(file, path)[0]


def _read_header(file: BinaryIO, path: Path) -> tuple[Header, bytes]:
    if file.read(len(MAGIC)) != MAGIC:
        raise BackupError(f"{path} is no backup of an ICN node")
    try:
        (length,) = _LENGTH.unpack(file.read(_LENGTH.size))
        if length > 1 << 20:
            raise BackupError(f"{path} is damaged: its header is too long")
        encoded = file.read(length)
        return msgspec.json.decode(encoded, type=Header), encoded
    except (struct.error, msgspec.DecodeError, UnicodeDecodeError):
        raise BackupError(f"{path} is damaged: its header cannot be read") from None


def unpack(path: Path, keys: Sequence[SigningKey], folder: Path, progress: Progress | None = None) -> Header:
    """Decrypt a backup into a folder. Raises BackupError; then nothing of it is to be used."""
    with path.open("rb") as file:
        header, encoded = _read_header(file, path)
        content = _content_key(header, keys)
        source = _Opening(file, content, encoded, path.stat().st_size, progress)
        try:
            with tarfile.open(fileobj=source, mode="r|", bufsize=CHUNK) as tar:
                tar.extractall(folder, filter="data")
            source.drain()
        except (tarfile.TarError, EOFError):
            raise BackupError(f"{path} is damaged or cut short: take an older backup") from None
    return header


def _content_key(header: Header, keys: Sequence[SigningKey]) -> bytes:
    boxes = dict(header.recipients)
    for key in keys:
        box = boxes.get(key.did)
        opened = None if box is None else key.open_sealed(box)
        if opened is not None:
            return opened
    known = ", ".join(did for did, _ in header.recipients)
    raise BackupError(f"this recovery key does not open the backup, which is sealed to {known}")


class _Opening(io.RawIOBase):
    """The plain bytes of a sealed stream, for tar."""

    def __init__(self, file: BinaryIO, key: bytes, header: bytes, total: int, progress: Progress | None) -> None:
        self._file = file
        self._state = crypto_secretstream_xchacha20poly1305_state()
        self._header = header
        self._buffer = bytearray()
        self._ended = False
        self._total, self._progress = total, progress
        head = file.read(crypto_secretstream_xchacha20poly1305_HEADERBYTES)
        if len(head) != crypto_secretstream_xchacha20poly1305_HEADERBYTES:
            raise BackupError("the backup is cut short: take an older one")
        crypto_secretstream_xchacha20poly1305_init_pull(self._state, head, key)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while not self._ended and (size < 0 or len(self._buffer) < size):
            self._pull()
        piece = bytes(self._buffer if size < 0 else self._buffer[:size])
        del self._buffer[: len(piece)]
        return piece

    def drain(self) -> None:
        """Read to the end: only then is it certain that nothing was cut off."""
        while not self._ended:
            self._pull()

    def _pull(self) -> None:
        head = self._file.read(_LENGTH.size)
        length = _LENGTH.unpack(head)[0] if len(head) == _LENGTH.size else 0
        if not crypto_secretstream_xchacha20poly1305_ABYTES <= length <= CHUNK + 1024:
            raise BackupError("the backup is damaged or cut short: take an older one")
        try:
            piece, tag = crypto_secretstream_xchacha20poly1305_pull(self._state, self._file.read(length), self._header)
        except (RuntimeError, ValueError, TypeError):
            raise BackupError("the backup was altered or is damaged: take an older one") from None
        self._header = b""
        self._buffer += piece
        self._ended = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL
        if self._progress is not None:
            self._progress("decrypted", min(self._file.tell(), self._total), self._total)


def restore(
    home: Home, path: Path, keys: Sequence[SigningKey], *, nonce: bytes, progress: Progress | None = None
) -> Restored:
    """Make a home of a backup and let it sign again in a recovery epoch.

    keys: the recovery keys, as many as the charter wants. nonce: 16 fresh random bytes. Raises BackupError, HomeError,
    InvalidRecovery.
    """
    if home.exists:
        msg = f"{home.path} has a node already: restore into an empty folder with --home"
        raise HomeError(msg)
    home.make()
    with tempfile.TemporaryDirectory(prefix="restore-", dir=home.path) as temporary:
        folder = Path(temporary)
        header = unpack(path, keys, folder, progress)
        if home.space_path(header.name).exists():
            there = home.space_path(header.name)
            msg = f"{there} is a space already, but icn.toml is missing: move it away, or put that back"
            raise HomeError(msg)
        node = node_key(home.node_key_path, create=True)
        done = _recovered(folder, header, keys, node, nonce)
        _put(folder, home, header.name)
    return done


def _recovered(folder: Path, header: Header, keys: Sequence[SigningKey], node: SigningKey, nonce: bytes) -> Restored:
    """Let the unpacked space begin a recovery epoch in which `node` signs."""
    space = Space.open(folder / "space.db", folder / "space.guard", None)
    try:
        if cid_text(space.cid) != header.space or space.head()["root"] != header.root:
            raise BackupError("the backup does not hold what its header says: take an older one")
        last = space.store.log.last_checkpoint()
        assert last is not None
        statement = build_recovery(last[1], space.epoch, validators=[node.did], b=0, c=0, nonce=nonce)
        for key in keys:
            statement = statement.sign(key)
        head = space.head()
        space.recover(statement, node)
        return Restored(
            header.name, header.space, head["leaves"], head["time_ms"], header.time_ms, space.epoch.number,
            _devices(space),
        )  # fmt: skip
    finally:
        space.close()


def _put(folder: Path, home: Home, name: str) -> None:
    """Move what was unpacked to its places; icn.toml last, because a home that has one is whole."""
    (folder / "space.guard").replace(home.guard_path(name))
    (folder / "space.db").replace(home.space_path(name))
    for file in (home.guard_path(name), home.space_path(name)):
        sync_folder(file)
    if (folder / "vault.key").exists():
        write_private(home.vault_key_path, (folder / "vault.key").read_bytes())
    for source, target in ((folder / "keystore", home.keystore_path), (folder / "keys", home.keys_path)):
        if source.is_dir():
            for file in sorted(source.iterdir()):
                write_private(target / file.name, file.read_bytes())
    write_private(home.config_path, (folder / "icn.toml").read_bytes())


def _devices(space: Space) -> tuple[tuple[str, str, int], ...]:
    """(member, device, last seq that the books have) of every device that ever signed here."""
    found = []
    for author, seq in space.store.events.tips():
        device = space.tables.get(registry.Device, author[2:])
        party = None if device is None else space.tables.get(registry.Party, device.party)
        found.append((party.handle if party else "", did_of(author[2:]), seq))
    return tuple(found)


def encoded(header: Header) -> dict[str, object]:
    """A header as plain data for surfaces."""
    found: dict[str, object] = msgspec.to_builtins(header)
    found["recipients"] = [did for did, _ in header.recipients]
    return found
