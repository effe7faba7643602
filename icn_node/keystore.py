"""Keys at rest in a home: sealed seeds, one file each, and the two keys of the node itself.

`node.key` signs ordering blocks and checkpoints and is in no backup. `vault.key` opens what is addressed to the node
(the member list) and is in the encrypted backup. Both are files of mode 0600, or systemd credentials, so that a
restart needs no person. Members' hosted keys and one's own are sealed by a secret (Argon2id and secretbox).

It must not know what the keys sign. Randomness and files live here so that `dag.keys` stays pure.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from dag import keys
from dag.keys import SigningKey

# Argon2id cost of a hosted key: libsodium's "interactive" (2 passes, 64 MiB); about 0.1 s on the machines we know.
UNLOCK_OPS = 2
UNLOCK_MEM = 64 << 20
CREDENTIALS = "CREDENTIALS_DIRECTORY"


class KeyFile(msgspec.Struct, frozen=True):
    """The JSON of a key file. custody: `node` (hosted for a member) or `self`. sealed: `dag.keys.seal` of the seed."""

    did: str
    custody: str
    created_ms: int
    sealed: bytes
    v: int = 1


class KeystoreError(Exception):
    """A key cannot be had: no such file, damaged, or the wrong secret. The message says what to do."""


class NoSuchKey(KeystoreError):
    """This home holds no key for that DID."""


class Locked(KeystoreError):
    """The secret is missing or does not open the key."""


def new_key() -> SigningKey:
    """A fresh Ed25519 key from the system's randomness."""
    return SigningKey.from_seed(os.urandom(32))


def write_private(path: Path, data: bytes) -> None:
    """Write a file of mode 0600 so that it is there whole or not at all, also after a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def node_key(path: Path, *, create: bool = False) -> SigningKey:
    """The key of that file (`node.key`, `vault.key`), a systemd credential of the same name first."""
    seed = _credential("icn-" + path.name.replace(".", "-")) or (path.read_bytes() if path.exists() else None)
    if seed is None:
        if not create:
            raise NoSuchKey(f"{path} is missing: restore it, or see `icn restore --help` for a recovery epoch")
        seed = os.urandom(32)
        write_private(path, seed)
    if len(seed) != keys.KEY_BYTES:
        raise KeystoreError(f"{path} is damaged: it should be {keys.KEY_BYTES} bytes")
    return SigningKey.from_seed(seed)


def _credential(name: str) -> bytes | None:
    folder = os.environ.get(CREDENTIALS)
    path = Path(folder) / name if folder else None
    return path.read_bytes() if path is not None and path.is_file() else None


class Keystore:
    """The sealed keys in one folder, by DID."""

    def __init__(self, folder: Path, *, ops: int = UNLOCK_OPS, mem: int = UNLOCK_MEM) -> None:
        self.folder = folder
        self._ops = ops
        self._mem = mem

    def path(self, did: str) -> Path:
        """Where the key of that DID lies. Raises BadKey for what is no did:key."""
        keys.public_of(did)
        return self.folder / (did.removeprefix("did:key:") + ".key")

    def dids(self) -> list[str]:
        """The DIDs of the keys held, sorted."""
        if not self.folder.is_dir():
            return []
        return sorted("did:key:" + p.name.removesuffix(".key") for p in self.folder.glob("z*.key"))

    def holds(self, did: str) -> bool:
        """Whether a key for that DID lies here."""
        return self.path(did).exists()

    def add(self, key: SigningKey, seed: bytes, secret: str, *, custody: str, now_ms: int) -> Path:
        """Seal a key by a secret and write its file."""
        assert SigningKey.from_seed(seed).public == key.public
        sealed = keys.seal(
            seed, keys.secret_bytes(secret), salt=os.urandom(16), nonce=os.urandom(24), ops=self._ops, mem=self._mem
        )
        path = self.path(key.did)
        write_private(path, msgspec.json.encode(KeyFile(key.did, custody, now_ms, sealed)) + b"\n")
        return path

    def info(self, did: str) -> KeyFile:
        """The file's header. Raises NoSuchKey, KeystoreError."""
        path = self.path(did)
        try:
            return msgspec.json.decode(path.read_bytes(), type=KeyFile)
        except FileNotFoundError:
            raise NoSuchKey(f"no key for {did} in {self.folder}") from None
        except msgspec.DecodeError as error:
            raise KeystoreError(f"{path} is damaged ({error}); restore it from a backup") from None

    def unlock(self, did: str, secret: str) -> SigningKey:
        """The key, opened. Costs Argon2id: call it from a worker thread in the daemon. Raises Locked and the above."""
        file = self.info(did)
        try:
            seed = keys.unseal(file.sealed, keys.secret_bytes(secret) or b"\0")
        except keys.WrongSecret:
            raise Locked(f"the secret does not open the key of {did}") from None
        except keys.Damaged as error:
            raise KeystoreError(f"{self.path(did)}: {error}") from None
        key = SigningKey.from_seed(seed)
        if key.did != did:
            raise KeystoreError(f"{self.path(did)} holds another key than its name says")
        return key

    def change_secret(self, did: str, old: str, new: str, *, now_ms: int) -> None:
        """Seal the key by another secret."""
        file = self.info(did)
        self.unlock(did, old)
        seed = keys.unseal(file.sealed, keys.secret_bytes(old))
        self.add(SigningKey.from_seed(seed), seed, new, custody=file.custody, now_ms=now_ms)
