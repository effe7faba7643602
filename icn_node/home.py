"""A node's home folder: where its files lie, its configuration, and the lock that lets one process use it.

    icn.toml              configuration, commented
    node.sock, node.lock  the control socket (0600) and the lock (holds the pid)
    node.key, vault.key   the node's keys (0600); node.key is in no backup
    keystore/, keys/      members' hosted keys; the operator's own
    spaces/NAME.db        a space: events, log, state
    guard/NAME.guard      how far this node has signed; outside every backup
    backups/

It must not know what is in those files.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tomllib
from pathlib import Path
from typing import Any

import msgspec

DEFAULT_HOME = "~/.icn"


class HomeError(Exception):
    """The home cannot be used as it is; the message says what to do."""


class HomeMissing(HomeError):
    """There is no node in that folder yet."""


class HomeBusy(HomeError):
    """Another process has the home. `pid` is its process number, 0 if unknown."""

    def __init__(self, path: Path, pid: int) -> None:
        super().__init__(f"{path} is in use by process {pid or '?'}: stop it first, or talk to it with `icn`")
        self.pid = pid


class NodeConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[node]: log level (debug, info, warning), verifier processes (0: none), seconds that a stop may take."""

    log: str = "info"
    verifiers: int = 1
    stop_seconds: int = 10


class MembersConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[members]: who acts when `--as` is not given, and the file that holds that member's secret, if any."""

    default: str = ""
    secret_file: str = ""


class BackupConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[backup]: hours between scheduled backups (0: none), the folder, how many to keep, and when to warn."""

    every_hours: int = 0
    folder: str = "backups"
    keep: int = 14
    stale_hours: int = 48


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """icn.toml."""

    space: str
    sample: bool = False
    node: NodeConfig = NodeConfig()
    members: MembersConfig = MembersConfig()
    backup: BackupConfig = BackupConfig()


TEMPLATE = """\
# Configuration of an ICN node. Every line but `space` may be left out; the values shown are the defaults.

# The space this node keeps: the name of its file in spaces/.
space = "{space}"
{sample}
[node]
# How much is logged: debug, info or warning. One structured line each, to standard error.
#log = "info"
# Processes that verify signatures beside the daemon; 0 verifies in the daemon itself.
#verifiers = 1
# How long a stop may take before open requests are cut off.
#stop_seconds = 10

[members]
# Who acts when `icn` is called without --as, and a file that holds that member's secret (mode 0600).
# Leave secret_file out and `icn` asks, or takes --secret-file or ICN_SECRET.
{default}
{secret_file}

[backup]
# Hours between encrypted backups that the daemon makes by itself; 0 makes none.
#every_hours = 0
# Where to; another disk or a mounted share is better than this one.
#folder = "backups"
#keep = 14
# Warn when the last backup is older than this.
#stale_hours = 48
"""


class Home:
    """The paths of one home and, once `lock` was called, its lock."""

    def __init__(self, path: Path | str | None = None) -> None:
        self.path = Path(path or os.environ.get("ICN_HOME") or DEFAULT_HOME).expanduser()
        self._lock: int | None = None

    @property
    def config_path(self) -> Path:
        return self.path / "icn.toml"

    @property
    def socket_path(self) -> Path:
        return self.path / "node.sock"

    @property
    def node_key_path(self) -> Path:
        return self.path / "node.key"

    @property
    def vault_key_path(self) -> Path:
        return self.path / "vault.key"

    @property
    def keystore_path(self) -> Path:
        return self.path / "keystore"

    @property
    def keys_path(self) -> Path:
        return self.path / "keys"

    def space_path(self, name: str) -> Path:
        return self.path / "spaces" / f"{name}.db"

    def guard_path(self, name: str) -> Path:
        return self.path / "guard" / f"{name}.guard"

    @property
    def exists(self) -> bool:
        """Whether a node was made here."""
        return self.config_path.exists()

    def make(self) -> None:
        """Make the folders, readable by the owner alone."""
        for folder in (self.path, self.keystore_path, self.keys_path, self.path / "spaces", self.path / "guard"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def write_config(self, space: str, *, default: str = "", secret_file: str = "", sample: bool = False) -> None:
        """Write the commented icn.toml of a new home: there whole or not at all."""
        text = TEMPLATE.format(
            space=space,
            sample="\n# This is the sample co-op that scripts/run made, to try things out.\nsample = true\n"
            if sample
            else "",
            default=f'default = "{default}"' if default else '#default = ""',
            secret_file=f'secret_file = "{secret_file}"' if secret_file else '#secret_file = ""',
        )
        part = self.config_path.with_name("icn.toml.new")
        with part.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.config_path)

    def config(self) -> Config:
        """The configuration. Raises HomeMissing, or HomeError with the line that is wrong."""
        try:
            raw: dict[str, Any] = tomllib.loads(self.config_path.read_text(encoding="utf-8"))
            return msgspec.convert(raw, Config)
        except FileNotFoundError:
            raise HomeMissing(f"there is no node in {self.path}: make one with `icn init`") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
            raise HomeError(f"{self.config_path}: {error}") from None

    def lock(self) -> None:
        """Take the home for this process. Raises HomeBusy. The lock goes with the process, however it ends."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.path / "node.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            text = os.read(descriptor, 32)
            os.close(descriptor)
            raise HomeBusy(self.path, int(text) if text.strip().isdigit() else 0) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._lock = descriptor
        # Whole copies of the books, left by a process that was killed at work on them; nobody is at work now.
        for left in (
            *self.path.glob("restore-*"),
            *self.path.glob("spaces/backup-*"),
            *self.path.glob("spaces/verify-*"),
        ):
            shutil.rmtree(left, ignore_errors=True)

    def unlock(self) -> None:
        """Let the home go."""
        if self._lock is not None:
            os.ftruncate(self._lock, 0)
            os.close(self._lock)
            self._lock = None
