"""A node that is none: it answers on a home's socket with what a test told it, one JSON object a line."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path
from typing import Any

Answers = dict[str, Any]


class Error(Exception):
    """Answer a call with this error."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.body: dict[str, Any] = {"code": code, "message": message} | ({} if data is None else {"data": data})


class FakeNode:
    """Serves `answers`: a method's result, an Error, bytes to send as they are, or a tuple of those in a row
    (bytes, then the result; None closes). `calls` has what was asked, `frames` how many calls each batch held."""

    def __init__(self, home: Path, answers: Answers) -> None:
        self.answers = answers
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.frames: list[int] = []
        home.mkdir(exist_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(home / "node.sock"))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self) -> FakeNode:
        return self

    def __exit__(self, *exc: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as lines:
                try:
                    self._talk(lines)
                except OSError:
                    continue  # the client has gone

    def _response(self, request: dict[str, Any]) -> dict[str, Any]:
        """One of a batch: a plain result or an Error."""
        self.calls.append((request["method"], request["params"]))
        answer = self.answers.get(request["method"], Error(-32601, "there is no such method"))
        held = {"error": answer.body} if isinstance(answer, Error) else {"result": answer}
        return {"jsonrpc": "2.0", "id": request["id"], **held}

    def _talk(self, lines: Any) -> None:
        for line in lines:
            asked = json.loads(line)
            if isinstance(asked, list):
                self.frames.append(len(asked))
                lines.write(json.dumps([self._response(request) for request in asked]).encode() + b"\n")
                lines.flush()
                continue
            request = asked
            self.calls.append((request["method"], request["params"]))
            answer = self.answers.get(request["method"], Error(-32601, f"there is no method {request['method']!r}"))
            for part in answer if isinstance(answer, tuple) else (answer,):
                if part is None:
                    return  # close in the middle
                if isinstance(part, bytes):
                    lines.write(part)
                elif isinstance(part, Error):
                    failure = {"jsonrpc": "2.0", "id": request["id"], "error": part.body}
                    lines.write(json.dumps(failure).encode() + b"\n")
                else:
                    result = {"jsonrpc": "2.0", "id": request["id"], "result": part}
                    lines.write(json.dumps(result).encode() + b"\n")
                lines.flush()


STATUS: dict[str, Any] = {
    "space": "testers", "title": "Test co-op", "sample": False, "cid": "bafyreitest", "members": 3, "events": 1234,
    "log": 1300, "commits": 900, "root": "00" * 32, "time": "2026-05-01T12:03:04Z", "epoch": 1, "validators": 1,
    "may_lie": 0, "may_be_offline": 0, "state": "running", "why": "", "version": "0.1.0", "up_seconds": 7300,
    "waiting": 0, "connections": 1, "home": "/srv/icn",
}  # fmt: skip
