"""The composition root of the daemon: one home, one space, one nursery in which every service is visible.

Start: lock the home, open the space, bind the socket, then serve. Stop (SIGINT, SIGTERM, `node.stop`): no new
connections, what was taken is committed, files are closed. Nothing here decides anything.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import trio

from dag.keys import check_verification_rule
from icn_node.clock import wall_clock_ms
from icn_node.committer import Committer
from icn_node.home import Home
from icn_node.keystore import node_key
from icn_node.log import Log
from icn_node.receipts import CommitInfo
from icn_node.rpc.methods import Methods
from icn_node.rpc.server import Server, listen
from icn_node.rpc.session import Session
from icn_node.schedule import BackupSchedule
from icn_node.space import Space
from icn_node.verifier import Verifier


class Node:
    """What runs in one process."""

    def __init__(self, home: Home, log: Log, clock: Callable[[], int] = wall_clock_ms) -> None:
        self.home = home
        self.log = log
        self.clock = clock
        self.started = 0.0  # on the machine's monotonic clock: the wall's may be set back
        self.config = home.config()
        self.commits = 0
        self.events = 0
        self._stop = trio.Event()

    def stop(self) -> None:
        """Ask the node to stop cleanly."""
        self._stop.set()

    async def run(self, task_status: trio.TaskStatus[Node] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until stopped. Raises HomeBusy, SocketBusy, StoreError, KeystoreError before it began."""
        check_verification_rule()
        self.home.lock()
        try:
            await self._run(task_status)
        finally:
            self.home.unlock()

    async def _run(self, task_status: trio.TaskStatus[Node]) -> None:
        home, name = self.home, self.config.space
        space = Space.open(home.space_path(name), home.guard_path(name), node_key(home.node_key_path))
        verifier = Verifier(self.config.node.verifiers) if self.config.node.verifiers else None
        try:
            self.space = space
            space.commit_listeners.append(self._committed)
            committer = Committer(space, verifier, self.clock)
            methods = Methods(
                home, space, committer.submit, vault_key=node_key(home.vault_key_path, create=True), clock=self.clock,
                status=lambda: {**self._status(committer, server), **backups.status()}, stop=self.stop,
            )  # fmt: skip
            backups = BackupSchedule(
                home, self.config.backup, lambda: methods.call(Session(), "backup.create", {}), self.clock, self.log
            )
            server = Server(methods, self.log)
            listener = listen(home.socket_path)
            try:
                async with trio.open_nursery() as nursery:
                    await nursery.start(server.serve, listener)
                    nursery.start_soon(committer.run)
                    nursery.start_soon(backups.run)
                    nursery.start_soon(self._watch_signals)
                    self.started = trio.current_time()
                    self.log.info("started", home=home.path, space=name, log=space.machine.frontier.size)
                    if space.stopped:
                        self.log.warning("stopped_executing", why=space.stopped)
                    task_status.started(self)
                    await self._stop.wait()
                    with trio.move_on_after(self.config.node.stop_seconds):
                        await committer.drained()
                    nursery.cancel_scope.cancel()
            finally:
                home.socket_path.unlink(missing_ok=True)
        finally:
            if verifier is not None:
                verifier.close()
            space.close()
            self.log.info("stopped", commits=self.commits, events=self.events)

    def _committed(self, info: CommitInfo) -> None:
        self.commits += 1
        self.events += sum(1 for d in info.leaves if d.kind == "event")
        self.log.debug("commit", index=info.index, leaves=len(info.leaves))

    def _status(self, committer: Committer, server: Server) -> dict[str, Any]:
        return {
            "up_seconds": int(trio.current_time() - self.started),
            "waiting": committer.waiting,
            "trouble": committer.trouble,
            "connections": server.connections,
            "home": str(self.home.path),
        }

    async def _watch_signals(self) -> None:
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for _ in signals:
                if self._stop.is_set():
                    return
                self.stop()
