"""JSON-RPC 2.0 (jsonrpc.org/specification), sans-IO: a line in, calls out; results in, a line out.

Framing: UTF-8, one JSON value a line, at most MAX_FRAME bytes. A line that is too long is answered with an error and
skipped to its end, so the connection lives on. It must not know which methods there are.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

MAX_FRAME = 1 << 20
MAX_BATCH = 256

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
REFUSED = -32001
INVALID_EVENT = -32002
LOCKED = -32003
OVERLOADED = -32004
NOT_FOUND = -32005
STOPPED = -32006


class RpcError(Exception):
    """An error to answer with: a JSON-RPC code, a message for people, and data for programs."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data

    def body(self) -> dict[str, Any]:
        """The `error` member of the response."""
        body: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.data is not None:
            body["data"] = self.data
        return body


@dataclass(frozen=True, slots=True)
class Call:
    """One request or notification (`notify`: no answer is wanted, not even an error)."""

    method: str
    params: dict[str, Any]
    id: Any
    notify: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """What a line held: calls in order, and the answers to those that were no calls. `batch`: answer as an array."""

    calls: tuple[Call | RpcError, ...]
    batch: bool


class LineReader:
    """Splits received bytes into lines, and skips what is longer than MAX_FRAME without keeping it."""

    def __init__(self, limit: int = MAX_FRAME) -> None:
        self._buffer = bytearray()
        self._limit = limit
        self._skipping = False

    def feed(self, data: bytes) -> list[bytes | None]:
        """The lines that are complete now, in order; None for one that was too long."""
        lines: list[bytes | None] = []
        self._buffer += data
        while (end := self._buffer.find(b"\n")) >= 0:
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            if self._skipping or len(line) > self._limit:
                self._skipping = False
                lines.append(None)
            elif line.strip():
                lines.append(line)
        if len(self._buffer) > self._limit:
            self._buffer.clear()
            self._skipping = True
        return lines


def parse(line: bytes | None) -> Frame:
    """The calls of a line (None: it was too long)."""
    if line is None:
        return Frame(
            (RpcError(INVALID_REQUEST, f"the line is longer than {MAX_FRAME} bytes; send less at once"),), False
        )
    try:
        value = json.loads(line.decode(), parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_object)
        if b"\\u" in line:
            json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is no text, and cannot be answered
    except (ValueError, RecursionError) as error:
        return Frame((RpcError(PARSE_ERROR, f"not JSON: {error}"),), False)
    if isinstance(value, list):
        if not value:
            return Frame((RpcError(INVALID_REQUEST, "a batch holds at least one request"),), False)
        if len(value) > MAX_BATCH:
            return Frame((RpcError(INVALID_REQUEST, f"a batch holds at most {MAX_BATCH} requests"),), False)
        calls, batch = [_call(entry) for entry in value], True
    else:
        calls, batch = [_call(value)], False
    return Frame(tuple(call for call in calls if call is not None), batch)


def _call(value: Any) -> Call | RpcError | None:
    """The call; the error to answer; None for a notification that is wrong, which is not answered."""
    if not isinstance(value, dict) or value.get("jsonrpc") != "2.0" or not isinstance(value.get("method"), str):
        return RpcError(INVALID_REQUEST, 'a request is {"jsonrpc": "2.0", "method": "...", "params": {...}, "id": ...}')
    identifier = value.get("id")
    if isinstance(identifier, bool) or not isinstance(identifier, str | int | float | None):
        return RpcError(INVALID_REQUEST, "an id is a string, a number or null")
    params = value.get("params", {})
    notify = "id" not in value
    unknown = set(value) - {"jsonrpc", "method", "params", "id"}
    if unknown:
        return RpcError(INVALID_REQUEST, f"unknown member {sorted(unknown)[0]!r} in the request", {"id": identifier})
    if not isinstance(params, dict):
        return (
            None if notify else RpcError(INVALID_PARAMS, "params are given by name, as an object", {"id": identifier})
        )
    return Call(value["method"], params, identifier, notify)


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _no_constant(text)


def _no_constant(name: str) -> Any:
    msg = f"{name} is no JSON number"
    raise ValueError(msg)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        msg = "a name stands twice in an object"
        raise ValueError(msg)
    return found


def result(identifier: Any, value: Any) -> dict[str, Any]:
    """A response with a result."""
    return {"jsonrpc": "2.0", "result": value, "id": identifier}


def failure(identifier: Any, error: RpcError) -> dict[str, Any]:
    """A response with an error."""
    return {"jsonrpc": "2.0", "error": error.body(), "id": identifier}


def notification(method: str, params: dict[str, Any]) -> dict[str, Any]:
    """A notification from the node."""
    return {"jsonrpc": "2.0", "method": method, "params": params}


def encode(value: Any) -> bytes:
    """A line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode() + b"\n"
