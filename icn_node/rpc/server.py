"""The control socket's server: connections, sessions, subscriptions. One task a connection; slow readers are dropped.

Bounds: connections, requests under way on a connection, and what waits to be written to it. A malformed or oversize
line gets an error and the connection lives on. It must not know what methods mean.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import time
from pathlib import Path
from typing import Any

import trio

from dag.cid import cid_text
from icn_node.kernel.notices import EVERYONE
from icn_node.log import Log
from icn_node.receipts import CommitInfo
from icn_node.rpc import jsonrpc
from icn_node.rpc.edge import iso
from icn_node.rpc.jsonrpc import Call, LineReader, RpcError
from icn_node.rpc.methods import Methods
from icn_node.rpc.session import Session

MOST_CONNECTIONS = 128
MOST_UNDER_WAY = 64
MOST_UNSENT = 1024  # lines; a reader that lets more gather is dropped
PATH_MOST = 107  # bytes of a socket's path, sun_path of unix(7)
TOPICS = ("commits", "notices", "peers")


class SocketBusy(Exception):
    """Another process answers on the socket."""


def listen(path: Path) -> trio.SocketListener:
    """Bind the control socket, mode 0600. A stale socket file is replaced; one that answers raises SocketBusy."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # A path too long for a socket is reached through its folder's descriptor.
        short = len(os.fsencode(path)) <= PATH_MOST
        return _listen(path, str(path) if short else f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)


def _listen(path: Path, address: str) -> trio.SocketListener:
    if path.exists() and stat.S_ISSOCK(path.stat().st_mode):
        probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            probe.settimeout(1)
            probe.connect(address)
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)  # nobody listens: left behind by a process that was killed
        except OSError:
            path.unlink(missing_ok=True)
        else:
            msg = f"another node answers on {path}"
            raise SocketBusy(msg)
        finally:
            probe.close()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(address)
    finally:
        os.umask(before)
    listener.listen(MOST_CONNECTIONS)
    return trio.SocketListener(trio.socket.from_stdlib_socket(listener))


class Server:
    """Serves `methods` on a listener."""

    def __init__(self, methods: Methods, log: Log) -> None:
        self._methods = methods
        self._log = log
        self._connections: set[_Connection] = set()
        methods.space.commit_listeners.append(self._committed)

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._connections)

    async def serve(
        self,
        listener: trio.SocketListener,
        task_status: trio.TaskStatus[list[trio.SocketListener]] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Accept until cancelled."""
        await trio.serve_listeners(self._connect, [listener], task_status=task_status)

    async def _connect(self, stream: trio.SocketStream) -> None:
        if len(self._connections) >= MOST_CONNECTIONS:
            error = RpcError(jsonrpc.OVERLOADED, "too many connections", {"retry_after_ms": 1000})
            with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                await stream.send_all(jsonrpc.encode(jsonrpc.failure(None, error)))
            await stream.aclose()
            return
        connection = _Connection(stream, self._methods, self._log)
        self._connections.add(connection)
        try:
            await connection.run()
        except Exception as error:  # noqa: BLE001 - the supervisor of one connection: its bug must not take the node down
            self._log.error("connection_failed", error=repr(error))
        finally:
            self._connections.discard(connection)

    def _committed(self, info: CommitInfo) -> None:
        if not any(c.session.subscriptions for c in self._connections):
            return
        leaves = [
            {"index": d.index, "kind": d.kind, "event": "" if d.subject is None else cid_text(d.subject),
             "outcome": "ok" if "ok" in d.outcome else f"refused: {d.outcome['refused']}"}
            for d in info.leaves
        ]  # fmt: skip
        commit = {"commit": info.index, "time": iso(info.time_ms), "leaves": leaves}
        for connection in tuple(self._connections):
            if "commits" in connection.session.subscriptions:
                connection.tell("commit", commit)
            if "notices" in connection.session.subscriptions:
                for notice in info.notices:
                    connection.tell_notice(notice)


class _Connection:
    def __init__(self, stream: trio.SocketStream, methods: Methods, log: Log) -> None:
        self.session = Session(progress=self._progress, told_here=self._told_here)
        self._stream = stream
        self._methods = methods
        self._log = log
        self._send, self._receive = trio.open_memory_channel[bytes](MOST_UNSENT)
        self._under_way = trio.CapacityLimiter(MOST_UNDER_WAY)
        self._order = trio.Lock()
        self._scope = trio.CancelScope()
        self._told = 0.0

    async def run(self) -> None:
        """Read lines until the other side closes; answer each."""
        with self._scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._write)
                with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                    await self._read()
                self._send.close()
        with trio.CancelScope(shield=True) as closing:
            closing.deadline = trio.current_time() + 1
            await self._stream.aclose()
        self.session.keys.clear()

    async def _read(self) -> None:
        reader = LineReader()
        async with trio.open_nursery() as calls:
            while data := await self._stream.receive_some(65536):
                for line in reader.feed(data):
                    frame = jsonrpc.parse(line)
                    # Sessions change what later calls mean, so a line's calls begin in the order of the lines.
                    place = object()
                    await self._under_way.acquire_on_behalf_of(place)
                    calls.start_soon(self._answer, frame, place)

    async def _answer(self, frame: jsonrpc.Frame, place: object) -> None:
        try:
            answers = []
            for call in frame.calls:
                answer = await self._one(call)
                if answer is not None:
                    answers.append(answer)
            if answers:
                await self._put(jsonrpc.encode(answers if frame.batch else answers[0]))
        finally:
            self._under_way.release_on_behalf_of(place)

    async def _one(self, call: Call | RpcError) -> dict[str, Any] | None:
        if isinstance(call, RpcError):
            identifier = call.data.get("id") if isinstance(call.data, dict) else None
            return jsonrpc.failure(identifier, call)
        began = trio.current_time()
        code = 0
        try:
            if call.method.startswith("session.") or call.method == "key.create":
                async with self._order:
                    value = await self._methods.call(self.session, call.method, call.params)
            elif call.method in ("subscribe", "unsubscribe"):
                value = self._subscribe(call)
            else:
                async with self._order if self._order.locked() else contextlib.nullcontext():
                    pass
                value = await self._methods.call(self.session, call.method, call.params)
        except RpcError as error:
            code = error.code
            answer = jsonrpc.failure(call.id, error)
        except Exception as error:  # noqa: BLE001 - a bug of ours answers as one and is logged; the daemon goes on
            code = jsonrpc.INTERNAL_ERROR
            self._log.error("request_failed", method=call.method, error=repr(error), trace=error)
            answer = jsonrpc.failure(call.id, RpcError(code, f"a bug of the node: {type(error).__name__}; see its log"))
        else:
            answer = jsonrpc.result(call.id, value)
        elapsed = round((trio.current_time() - began) * 1000, 2)
        self._log.debug("request", method=call.method, code=code, ms=elapsed, member=self.session.member)
        return None if call.notify else answer

    def _subscribe(self, call: Call) -> dict[str, Any]:
        topics = call.params.get("topics", ["commits", "notices"])
        if not isinstance(topics, list) or not all(t in TOPICS for t in topics):
            raise RpcError(jsonrpc.INVALID_PARAMS, f"topics: a list of {', '.join(TOPICS)}")
        if call.method == "subscribe":
            self.session.subscriptions.update(topics)
        else:
            self.session.subscriptions.difference_update(topics)
        return {"topics": sorted(self.session.subscriptions), "head": self._methods.space.machine.frontier.size}

    def tell_notice(self, notice: Any) -> None:
        """A notice, if it is for whoever is on this connection; the operator hears those for the operators."""
        methods = self._methods
        outtake = methods.outtake(self.session)
        handle, did = outtake.party(notice.party)
        for_everyone = notice.party == EVERYONE and self.session.member
        if (did or "") != self.session.member and not for_everyone:
            return
        text = methods.say(notice.code, notice.facts)
        self.tell(
            "notice", {"no": notice.no, "time": iso(notice.time_ms), "code": notice.code, "to": handle, "text": text}
        )

    def tell(self, method: str, params: dict[str, Any]) -> None:
        """Queue a notification; a reader too slow to keep up is dropped."""
        try:
            self._send.send_nowait(jsonrpc.encode(jsonrpc.notification(method, params)))
        except trio.WouldBlock:
            self._log.warning("slow_reader_dropped", member=self.session.member)
            self._scope.cancel()
        except trio.ClosedResourceError:
            pass

    def _progress(self, what: str, done: int, total: int) -> None:
        """Long work of this connection, told from its worker thread."""
        if self._is_time(done, total):
            trio.from_thread.run_sync(self.tell, "progress", {"what": what, "done": done, "total": total})

    def _told_here(self, what: str, done: int, total: int) -> None:
        if self._is_time(done, total):
            self.tell("progress", {"what": what, "done": done, "total": total})

    def _is_time(self, done: int, total: int) -> bool:
        """At most a few times a second."""
        now = time.monotonic()
        if now - self._told < 0.3 and done < total:
            return False
        self._told = now
        return True

    async def _put(self, line: bytes) -> None:
        with contextlib.suppress(trio.ClosedResourceError, trio.BrokenResourceError):
            await self._send.send(line)

    async def _write(self) -> None:
        with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            async for line in self._receive:
                await self._stream.send_all(line)
