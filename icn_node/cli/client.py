"""The client of the control socket: JSON-RPC 2.0, one object a line, one connection, synchronous.

It must not know methods. What the node answers with as an error becomes a `Failure`. Notifications that arrive while an
answer is awaited are kept in order, but for `progress`, which goes to whoever asked for it.
"""

from __future__ import annotations

import json
import os
import socket

from icn_node.cli.failure import INTERNAL, UNREACHABLE, USAGE, Failure, from_rpc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    Progress = Callable[[str, int, int], None]

MOST_BYTES = 1 << 20  # of a request's line; the node's limit
MOST_CALLS = 128  # in one batch; the node takes 256
PATH_MOST = 107  # bytes of a socket's path, sun_path of unix(7)
CONNECTION_LOST = "connection_lost"
PATIENCE = 0.5  # seconds between signs of life while an answer takes long


def connect(home: str) -> Connection | None:
    """A connection to the node of a home; None if nobody listens there. Raises Failure for anything else."""
    path = os.path.join(home, "node.sock")  # noqa: PTH118 - the fast path has no pathlib
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    folder = -1
    try:
        if len(os.fsencode(path)) > PATH_MOST:
            # Too long a path for a socket is reached through its folder's descriptor.
            folder = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            path = f"/proc/self/fd/{folder}/node.sock"
        stream.connect(path)
    except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
        # No socket, or one that a process left behind when it was killed.
        stream.close()
        return None
    except PermissionError:
        stream.close()
        raise Failure(
            UNREACHABLE,
            f"the socket in {home} belongs to another user",
            advice="run `icn` as the user that runs the node.",
        ) from None
    except OSError as error:
        stream.close()
        raise Failure(UNREACHABLE, f"the socket in {home} cannot be reached: {error.strerror or error}") from None
    finally:
        if folder >= 0:
            os.close(folder)
    return Connection(stream)


class Connection:
    """An open connection. Close it, or use it as a context."""

    def __init__(self, stream: socket.socket) -> None:
        self._stream = stream
        self._buffer = bytearray()
        self._next = 0
        self._news: list[dict[str, Any]] = []

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection, and with it the session."""
        self._stream.close()

    def call(
        self, method: str, params: dict[str, Any] | None = None, progress: Progress | None = None, timeout: float = 0
    ) -> Any:
        """The result of one call. timeout: seconds to wait at most, 0 for ever. Raises Failure."""
        self._next += 1
        line = _request(self._next, method, params or {})
        answer = self._answers(line, [self._next], progress, timeout)[0]
        if isinstance(answer, Failure):
            raise answer
        return answer

    def batch(self, calls: Sequence[tuple[str, dict[str, Any]]], progress: Progress | None = None) -> list[Any]:
        """Results of calls that are carried out in their order; a `Failure` stands where one failed. Many go in one
        line, as a batch of JSON-RPC."""
        answers: list[Any] = []
        lines: list[bytes] = []
        first = self._next + 1

        def send() -> None:
            nonlocal first
            if lines:
                frame = b"[" + b",".join(lines) + b"]"
                answers.extend(self._answers(frame, list(range(first, self._next + 1)), progress, 0))
                lines.clear()
                first = self._next + 1

        for method, params in calls:
            line = _request(self._next + 1, method, params)
            if len(lines) == MOST_CALLS or sum(map(len, lines)) + len(lines) + len(line) + 2 > MOST_BYTES:
                send()
            self._next += 1
            lines.append(line)
        send()
        return answers

    def _answers(self, frame: bytes, ids: list[int], progress: Progress | None, timeout: float) -> list[Any]:
        """Send a line and wait for what answers it: a result or a Failure for each id."""
        if len(frame) > MOST_BYTES:
            raise Failure(USAGE, f"this is {len(frame)} bytes, and the node takes {MOST_BYTES} at once")
        found: dict[Any, Any] = {}
        try:
            self._stream.settimeout(None)
            self._stream.sendall(frame + b"\n")
            while not all(i in found for i in ids):
                message = self._message(progress, timeout)
                for response in message if isinstance(message, list) else [message]:
                    if "error" in response and response.get("id") is None:
                        raise from_rpc(response["error"])
                    failed = "error" in response
                    found[response.get("id")] = from_rpc(response["error"]) if failed else response.get("result")
        except TimeoutError:
            raise Failure(
                UNREACHABLE,
                f"the node took the call but did not answer within {timeout:g} s",
                advice="it may be busy or frozen: look at its log.",
            ) from None
        except OSError as error:
            raise self._lost(error.strerror or str(error)) from None
        return [found[i] for i in ids]

    @staticmethod
    def _lost(why: str) -> Failure:
        return Failure(
            UNREACHABLE,
            f"the connection to the node was lost before it answered ({why})",
            code=CONNECTION_LOST,
            advice="whether it was carried out is not known: look at `icn dag log` before you try again.",
        )

    def _message(self, progress: Progress | None, timeout: float = 0) -> dict[str, Any] | list[dict[str, Any]]:
        """The next response, or batch of them; notifications on the way are kept."""
        while True:
            line = self._line()
            if line is None:
                self._stream.settimeout(timeout or (PATIENCE if progress else None))
                try:
                    data = self._stream.recv(1 << 16)
                except TimeoutError:
                    if timeout:
                        raise
                    assert progress is not None
                    progress("", 0, 0)
                    continue
                if not data:
                    raise self._lost("it closed the connection")
                self._buffer += data
                continue
            message = self._parsed(line)
            if isinstance(message, list) or "method" not in message:
                return message
            if message["method"] == "progress":
                if progress is not None:
                    told = message.get("params", {})
                    progress(str(told.get("what", "")), int(told.get("done", 0)), int(told.get("total", 0)))
            else:
                self._news.append(message)

    def _line(self) -> bytes | None:
        end = self._buffer.find(b"\n")
        if end < 0:
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line

    @staticmethod
    def _parsed(line: bytes) -> dict[str, Any] | list[dict[str, Any]]:
        try:
            message = json.loads(line)
        except ValueError:
            message = None
        parts = message if isinstance(message, list) else [message]
        if not parts or not all(isinstance(part, dict) for part in parts):
            raise Failure(
                INTERNAL,
                "what answers on the socket does not speak JSON-RPC",
                advice="is another program using node.sock in this home?",
            )
        found: dict[str, Any] | list[dict[str, Any]] = message
        return found

    def news(self) -> Iterator[dict[str, Any]]:
        """Notifications as they come, until the node closes the connection."""
        while True:
            while self._news:
                yield self._news.pop(0)
            line = self._line()
            if line is not None:
                message = self._parsed(line)
                if isinstance(message, dict) and "method" in message:
                    yield message
                continue
            self._stream.settimeout(None)
            try:
                data = self._stream.recv(1 << 16)
            except OSError as error:
                raise self._lost(error.strerror or str(error)) from None
            if not data:
                return
            self._buffer += data


def _request(identifier: int, method: str, params: dict[str, Any]) -> bytes:
    request = {"jsonrpc": "2.0", "id": identifier, "method": method, "params": params}
    return json.dumps(request, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
