"""JSON-RPC 2.0 framing and requests, without a socket."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icn_node.rpc import jsonrpc
from icn_node.rpc.jsonrpc import Call, LineReader, RpcError

BAD: list[tuple[bytes, int]] = [
    (b"{", jsonrpc.PARSE_ERROR),
    (b"\xff\xfe", jsonrpc.PARSE_ERROR),
    (b'{"jsonrpc":"2.0","method":"m","params":{"a":NaN},"id":1}', jsonrpc.PARSE_ERROR),
    (b'{"jsonrpc":"2.0","method":"m","method":"n","id":1}', jsonrpc.PARSE_ERROR),
    (b"[" * 100_000, jsonrpc.PARSE_ERROR),
    (b"[]", jsonrpc.INVALID_REQUEST),
    (b"1", jsonrpc.INVALID_REQUEST),
    (b'"text"', jsonrpc.INVALID_REQUEST),
    (b'{"method":"m","id":1}', jsonrpc.INVALID_REQUEST),
    (b'{"jsonrpc":"1.0","method":"m","id":1}', jsonrpc.INVALID_REQUEST),
    (b'{"jsonrpc":"2.0","method":7,"id":1}', jsonrpc.INVALID_REQUEST),
    (b'{"jsonrpc":"2.0","method":"m","id":{}}', jsonrpc.INVALID_REQUEST),
    (b'{"jsonrpc":"2.0","method":"m","id":true}', jsonrpc.INVALID_REQUEST),
    (b'{"jsonrpc":"2.0","method":"m","id":1,"extra":2}', jsonrpc.INVALID_REQUEST),
    (b'{"jsonrpc":"2.0","method":"m","params":[1],"id":1}', jsonrpc.INVALID_PARAMS),
]


@pytest.mark.parametrize(("line", "code"), BAD)
def test_what_is_no_request(line: bytes, code: int) -> None:
    (found,) = jsonrpc.parse(line).calls
    assert isinstance(found, RpcError)
    assert found.code == code


def test_requests_notifications_and_batches() -> None:
    frame = jsonrpc.parse(b'[{"jsonrpc":"2.0","method":"a","id":1},{"jsonrpc":"2.0","method":"b"},7]')
    assert frame.batch
    first, second, third = frame.calls
    assert isinstance(first, Call)
    assert not first.notify
    assert isinstance(second, Call)
    assert second.notify
    assert isinstance(third, RpcError)
    one = b'{"jsonrpc":"2.0","method":"a","id":1},'
    (found,) = jsonrpc.parse(b"[" + (one * (jsonrpc.MAX_BATCH + 1))[:-1] + b"]").calls
    assert isinstance(found, RpcError)


@given(st.lists(st.binary(max_size=40), max_size=12), st.data())
def test_lines_are_found_however_they_arrive(lines: list[bytes], data: Any) -> None:
    """Lines longer than the limit give None, blank ones nothing; cuts between reads do not matter."""
    limit = 20
    clean = [line.replace(b"\n", b" ") for line in lines]
    stream = b"".join(line + b"\n" for line in clean)
    reader = LineReader(limit)
    found: list[bytes | None] = []
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        found += reader.feed(stream[:cut])
        stream = stream[cut:]
    assert found == [None if len(line) > limit else line for line in clean if len(line) > limit or line.strip()]
