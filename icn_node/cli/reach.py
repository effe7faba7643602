"""Reaching the node of a home: over its socket if a daemon runs, else in this process on the home itself.

Both ways run the same method table, so every command works either way but those that wait for others. A session for
the acting member is opened when a key or that member's view is needed. It must not know what methods mean.
"""

from __future__ import annotations

from icn_node.cli.client import connect
from icn_node.cli.failure import INVALID, LOCKED, RPC_LOCKED, UNREACHABLE, USAGE, Failure, from_rpc
from icn_node.cli.settings import ask_secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from icn_node.cli.client import Connection, Progress
    from icn_node.cli.settings import Settings

NOT_RUNNING = "the node does not run"
BUSY_SECONDS = 5.0  # how long another process may have the home before that is an error


class Node:
    """The node of the home in `settings`. Connects when first needed; close it in the end."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._connection: Connection | None = None
        self._looked = False
        self._session: tuple[str, str] | None = None
        self._opened = False

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()

    @property
    def connection(self) -> Connection | None:
        """The open connection, None if no daemon runs. Raises Failure if there is one that cannot be reached."""
        if not self._looked:
            self._looked = True
            self._connection = connect(self.settings.home)
        return self._connection

    def daemon(self) -> Connection:
        """The open connection. Raises Failure where no daemon runs."""
        if self.connection is None:
            raise Failure(
                UNREACHABLE,
                f"{NOT_RUNNING} in {self.settings.home}",
                code="not_running",
                advice="start it with `icn node run`.",
            )
        return self.connection

    # -- calls -----------------------------------------------------------------------------------------------------

    def call(self, method: str, params: dict[str, Any] | None = None, progress: Progress | None = None) -> Any:
        """The result of a method, in the session if one was opened. Raises Failure."""
        wanted = (method, params or {})
        if self.connection is None:
            return self._local([*self._opening(), wanted], progress)[-1]
        if self._session is not None and not self._opened:
            self.connection.call(*self._opening()[0])
            self._opened = True
        return self.connection.call(*wanted, progress)

    def batch(self, calls: list[tuple[str, dict[str, Any]]], progress: Progress | None = None) -> list[Any]:
        """Results of calls in their order, a `Failure` in place of one that failed; without a daemon the first that
        fails ends it."""
        if self.connection is None:
            return self._local([*self._opening(), *calls], progress)[len(self._opening()) :]
        if self._session is not None and not self._opened:
            self.connection.call(*self._opening()[0])
            self._opened = True
        return self.connection.batch(calls, progress)

    def _opening(self) -> list[tuple[str, dict[str, Any]]]:
        if self._session is None:
            return []
        member, secret = self._session
        return [("session.open", {"member": member, "secret": secret})]

    def _local(self, calls: list[tuple[str, dict[str, Any]]], progress: Progress | None) -> list[Any]:
        """Answer calls on the home itself. Another `icn` may have it for a moment, or a daemon that is starting: wait
        for the one, and go over to the other."""
        with local_errors(self.settings.home):
            import time

            from icn_node.home import Home, HomeBusy
            from icn_node.rpc import local

            began = time.monotonic()
            while True:
                try:
                    return local.call(Home(self.settings.home), calls, progress)
                except HomeBusy:
                    self._connection = connect(self.settings.home)
                    if self._connection is not None:
                        return [self._connection.call(method, params, progress) for method, params in calls]
                    if time.monotonic() - began > BUSY_SECONDS:
                        raise
                    time.sleep(0.05)

    # -- who acts --------------------------------------------------------------------------------------------------

    def act(self) -> str:
        """Open a session for whoever acts and return them: for commands, which need an opened key. Raises Failure."""
        member = self.settings.member or self.settings.default_member()
        if not member:
            raise Failure(
                USAGE,
                "it is not said who acts",
                code="nobody_acts",
                advice="add --as NAME, set ICN_AS, or name a `default` under [members] in icn.toml.",
            )
        secret = self.settings.secret_at_hand(member)
        self.open(member, ask_secret(f"Secret of {member}") if secret is None else secret)
        return member

    def read(self) -> None:
        """Open a session for whoever reads: asked for with --as, or with a secret at hand; else the operator reads."""
        settings = self.settings
        member = settings.member or settings.default_member()
        if not member:
            return
        secret = settings.secret_at_hand(member)
        if secret is None and settings.asked:
            secret = ask_secret(f"Secret of {member}")
        if secret is not None:
            self.open(member, secret)

    def open(self, member: str, secret: str) -> None:
        """What is called from now on is called as that member."""
        self._session = member, secret
        self._opened = False


class local_errors:  # noqa: N801 - used as `with local_errors(home):`
    """Turns what opening and using a home in this process can raise into failures."""

    def __init__(self, home: str) -> None:
        self._home = home

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None or isinstance(error, Failure) or not isinstance(error, Exception):
            return
        failure = self._translated(error)
        if failure is not None:
            raise failure from None

    def _translated(self, error: Exception) -> Failure | None:
        from dag.store import StoreError
        from icn_node.home import HomeBusy, HomeError, HomeMissing
        from icn_node.keystore import KeystoreError, Locked, NoSuchKey
        from icn_node.receipts import SpaceStopped
        from icn_node.rpc.jsonrpc import RpcError

        if isinstance(error, RpcError):
            return from_rpc(error.body())
        if isinstance(error, HomeMissing):
            return Failure(
                UNREACHABLE, f"there is no node in {self._home}", code="no_node",
                advice="make one with `icn init NAME`, or name its folder with --home.",
            )  # fmt: skip
        if isinstance(error, HomeBusy):
            return Failure(
                UNREACHABLE,
                f"process {error.pid or '?'} has the home {self._home}, but does not answer on its socket",
                code="home_busy",
                advice="wait until it is done if it is another `icn`; if it is a node that hangs, stop it.",
            )
        if isinstance(error, HomeError):
            return Failure(INVALID, str(error), code="home")
        if isinstance(error, Locked | NoSuchKey):
            return from_rpc({"code": RPC_LOCKED, "message": str(error)})
        if isinstance(error, KeystoreError):
            return Failure(LOCKED, str(error), code="keystore")
        if isinstance(error, SpaceStopped):
            return Failure(UNREACHABLE, str(error), code="stopped")
        if isinstance(error, StoreError):
            return Failure(INVALID, str(error), code="store")
        if isinstance(error, OSError):
            where = f" ({error.filename})" if error.filename else ""
            return Failure(INVALID, f"{error.strerror or error}{where}", code="file")
        return None
