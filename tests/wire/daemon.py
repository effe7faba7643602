"""The real daemon as a process, and a client on its real socket."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ICN = str(Path(sys.executable).with_name("icn"))


class RemoteError(Exception):
    """An error that the node answered: code, message, data."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.code: int = error["code"]
        self.data: Any = error.get("data")


class Daemon:
    """`icn node run` on a home, ready to answer."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self.home = home
        environment = {k: v for k, v in os.environ.items() if not k.startswith("ICN_")}
        self.process = subprocess.Popen(
            [ICN, "--home", str(home), "node", "run", *arguments],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment,
        )  # fmt: skip
        path = home / "node.sock"
        for _ in range(600):
            if self.process.poll() is not None:
                assert self.process.stderr is not None
                raise AssertionError(f"the node ended: {self.process.stderr.read().decode()}")
            try:
                Client(path).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError("the node did not answer within half a minute")

    def stop(self, number: int = signal.SIGINT) -> int:
        """Ask it to stop; the exit code."""
        self.process.send_signal(number)
        code = self.process.wait(timeout=30)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()
        assert self.process.stderr is not None
        self.process.stderr.close()


class Client:
    """One connection."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.settimeout(60)
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise
        self._buffer = b""
        self._id = 0

    def send_line(self, line: bytes) -> None:
        """Raw bytes, with the newline."""
        self._socket.sendall(line + b"\n")

    def send(self, method: str, **params: Any) -> int:
        """Send a request without waiting; its id."""
        self._id += 1
        self.send_line(json.dumps({"jsonrpc": "2.0", "id": self._id, "method": method, "params": params}).encode())
        return self._id

    def read(self) -> Any:
        """The next line of the node. Raises ConnectionError at its end."""
        while b"\n" not in self._buffer:
            piece = self._socket.recv(65536)
            if not piece:
                raise ConnectionError("the node closed the connection")
            self._buffer += piece
        line, _, self._buffer = self._buffer.partition(b"\n")
        return json.loads(line)

    def call(self, method: str, **params: Any) -> Any:
        """The result. Raises RemoteError."""
        number = self.send(method, **params)
        while True:
            answer = self.read()
            if isinstance(answer, dict) and answer.get("id") == number:
                if "error" in answer:
                    raise RemoteError(answer["error"])
                return answer["result"]

    def close(self) -> None:
        """End the connection."""
        self._socket.close()
