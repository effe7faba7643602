"""What a line may hold, and what is answered: whatever comes in, a line of JSON goes out, or by right nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icn_node.rpc import jsonrpc
from icn_node.rpc.jsonrpc import MAX_BATCH, MAX_FRAME, Call, LineReader, RpcError

# A line, and what becomes of it: `call ID`, `notify`, `silence`, or the code of the error.
LINES = r"""
{"jsonrpc":"2.0","method":"m","id":1}                          | call 1
{"jsonrpc":"2.0","method":"m","id":"a"}                        | call "a"
{"jsonrpc":"2.0","method":"m","id":1.5}                        | call 1.5
{"jsonrpc":"2.0","method":"m","id":-0}                         | call 0
{"jsonrpc":"2.0","method":"m","id":null}                       | call null
{"jsonrpc":"2.0","method":"m","id":""}                         | call ""
{"jsonrpc":"2.0","method":"m","id":99999999999999999999}       | call 99999999999999999999
{"jsonrpc":"2.0","method":"m","id":"\u00e9\ud83d\ude00"}       | call "é😀"
{"jsonrpc":"2.0","method":"m"}                                 | notify
  {"jsonrpc": "2.0", "params": {}, "method": "m"}              | notify
{"jsonrpc":"2.0","method":"m","params":[1]}                    | silence
{"jsonrpc":"2.0","method":"m","params":null}                   | silence
{"jsonrpc":"2.0","method":"m","params":[1],"id":1}             | -32602
{"jsonrpc":"2.0","method":"m","params":null,"id":1}            | -32602
{"jsonrpc":"2.0","method":"m","params":"a","id":1}             | -32602
{"jsonrpc":"2.0","method":"m","id":[1]}                        | -32600
{"jsonrpc":"2.0","method":"m","id":false}                      | -32600
{"jsonrpc":2.0,"method":"m","id":1}                            | -32600
{"jsonrpc":"2.0","method":null,"id":1}                         | -32600
{"jsonrpc":"2.0","id":1}                                       | -32600
{"jsonrpc":"2.0","result":1,"id":1}                            | -32600
{}                                                             | -32600
null                                                           | -32600
true                                                           | -32600
{"jsonrpc":"2.0","method":"m","id":"\ud800"}                   | -32700
{"jsonrpc":"2.0","method":"\udfff","id":1}                     | -32700
{"jsonrpc":"2.0","method":"m","params":{"\ud800":1},"id":1}    | -32700
{"jsonrpc":"2.0","method":"m","id":1e999}                      | -32700
{"jsonrpc":"2.0","method":"m","id":-1e999}                     | -32700
{"jsonrpc":"2.0","method":"m","id":Infinity}                   | -32700
{"jsonrpc":"2.0","method":"m","id":NaN}                        | -32700
{"jsonrpc":"2.0","method":"m","params":{"a":1e999},"id":1}     | -32700
{"jsonrpc":"2.0","method":"m","params":{"a":1,"a":2},"id":1}   | -32700
{"jsonrpc":"2.0","method":"m","id":1,"id":2}                   | -32700
{"jsonrpc":"2.0","method":"m","id":01}                         | -32700
{'jsonrpc':'2.0'}                                              | -32700
{"jsonrpc":"2.0","method":"m","id":1}}                         | -32700
{"jsonrpc":"2.0","method":"m","id":1} {}                       | -32700
{"jsonrpc":"2.0","method":"m","id":1,}                         | -32700
"""


def cases() -> list[list[str]]:
    return [[cell.strip() for cell in line.rsplit("|", 1)] for line in LINES.strip().splitlines()]


def answer(line: bytes) -> list[Any]:
    """What a node that knows no method would write, as JSON read back: one value, or none."""
    frame = jsonrpc.parse(line)
    answers = []
    for call in frame.calls:
        if isinstance(call, RpcError):
            identifier = call.data.get("id") if isinstance(call.data, dict) else None
            answers.append(jsonrpc.failure(identifier, call))
        elif not call.notify:
            answers.append(jsonrpc.result(call.id, call.method))
    if not answers:
        return []
    written = jsonrpc.encode(answers if frame.batch else answers[0])
    assert written.endswith(b"\n")
    assert b"\n" not in written[:-1]
    return [json.loads(written)]


@pytest.mark.parametrize(("line", "wanted"), cases())
def test_a_line(line: str, wanted: str) -> None:
    frame = jsonrpc.parse(line.encode())
    answered = answer(line.encode())
    if wanted == "silence":
        assert frame.calls == ()
    elif wanted == "notify":
        assert [c.notify for c in frame.calls if isinstance(c, Call)] == [True]
        assert answered == []
    elif wanted.startswith("call"):
        identifier = json.loads(wanted.removeprefix("call "))
        assert answered == [{"jsonrpc": "2.0", "result": "m", "id": identifier}]
    else:
        assert answered[0]["error"]["code"] == int(wanted)
        assert set(answered[0]) == {"jsonrpc", "error", "id"}


@pytest.mark.parametrize(
    "line",
    [
        '{"jsonrpc":"2.0","method":"m","id":1}'.encode("utf-16"),
        '{"jsonrpc":"2.0","method":"m","id":1}'.encode("utf-32"),
        b'\xef\xbb\xbf{"jsonrpc":"2.0","method":"m","id":1}',
        b'{"jsonrpc":"2.0","method":"\xff","id":1}',
        b'{"jsonrpc":"2.0","method":"m","id":' + b"9" * 5_000 + b"}",
        b'{"a":' * 50_000,
        b"\x00",
    ],
)
def test_other_encodings_and_bombs_are_not_json(line: bytes) -> None:
    assert answer(line)[0]["error"]["code"] == jsonrpc.PARSE_ERROR


def test_what_is_wrong_with_params_keeps_its_id() -> None:
    assert answer(b'{"jsonrpc":"2.0","method":"m","params":[1],"id":"x"}')[0]["id"] == "x"


def batch(*entries: str) -> bytes:
    return ("[" + ",".join(entries) + "]").encode()


ONE = '{"jsonrpc":"2.0","method":"m","id":%d}'


def test_batches() -> None:
    assert [a["id"] for a in answer(batch(ONE % 1, ONE % 2))[0]] == [1, 2]
    mixed = answer(batch(ONE % 1, '{"jsonrpc":"2.0","method":"n"}', "5", "[]", ONE % 3))[0]
    assert [a.get("error", {}).get("code", a["id"]) for a in mixed] == [1, -32600, -32600, 3]
    assert answer(batch('{"jsonrpc":"2.0","method":"n"}', '{"jsonrpc":"2.0","method":"n"}')) == [], "nothing at all"
    assert answer(b"[]")[0]["error"]["code"] == -32600, "an error, and not an empty array"
    assert isinstance(answer(batch("1"))[0], list), "of one entry too an array is answered"
    assert len(answer(batch(*[ONE % n for n in range(MAX_BATCH)]))[0]) == MAX_BATCH
    too_many = answer(batch(*[ONE % n for n in range(MAX_BATCH + 1)]))[0]
    assert too_many["error"]["code"] == -32600
    assert str(MAX_BATCH) in too_many["error"]["message"]


def test_an_oversize_line_is_answered_once_and_the_next_is_read() -> None:
    reader = LineReader()
    good = (ONE % 1).encode()
    found: list[bytes | None] = []
    for piece in (b"x" * 65_536,) * 40:
        found += reader.feed(piece)
        assert len(reader._buffer) <= MAX_FRAME + 65_536, "what is skipped is not kept"
    found += reader.feed(b"tail\n" + good + b"\n" + good[:10])
    found += reader.feed(good[10:] + b"\n")
    assert found == [None, good, good]
    (error,) = jsonrpc.parse(None).calls
    assert isinstance(error, RpcError)
    assert error.code == jsonrpc.INVALID_REQUEST
    assert str(MAX_FRAME) in error.message


@pytest.mark.parametrize("over", [0, 1])
def test_the_limit_is_exact(over: int) -> None:
    line = b"1" * (MAX_FRAME + over)
    assert LineReader().feed(line + b"\n") == [None if over else line]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.one_of(
    st.binary(max_size=80), json_values.map(lambda v: json.dumps(v).encode()),
    st.fixed_dictionaries({"jsonrpc": st.just("2.0"), "method": json_values}, optional={
        "params": json_values, "id": json_values, "x": json_values}).map(lambda v: json.dumps(v).encode()),
))  # fmt: skip
def test_whatever_comes_in_is_answered_in_one_line_or_not_at_all(line: bytes) -> None:
    for value in answer(line):
        for one in value if isinstance(value, list) else [value]:
            assert one["jsonrpc"] == "2.0"
            assert ("error" in one) != ("result" in one)


def test_an_error_says_its_code_and_message_and_data_if_there_is_any() -> None:
    assert RpcError(-1, "no").body() == {"code": -1, "message": "no"}
    assert RpcError(-1, "no", {"a": 1}).body() == {"code": -1, "message": "no", "data": {"a": 1}}
    assert json.loads(jsonrpc.encode(jsonrpc.notification("commit", {"é": "\n"}))) == {
        "jsonrpc": "2.0", "method": "commit", "params": {"é": "\n"},
    }  # fmt: skip
