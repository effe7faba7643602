"""The socket client against a node that answers well, badly, late, or not at all."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from icn_node.cli import client
from icn_node.cli.client import Connection, connect
from icn_node.cli.failure import INTERNAL, INVALID, LOCKED, REFUSED, UNREACHABLE, USAGE, Failure
from icn_node.rpc.server import SocketBusy, listen
from tests.cli.fakes import Error, FakeNode


def opened(home: Path) -> Connection:
    connection = connect(str(home))
    assert connection is not None
    return connection


def test_nobody_listens(tmp_path: Path) -> None:
    assert connect(str(tmp_path / "none")) is None
    assert connect(str(tmp_path)) is None
    (tmp_path / "file").touch()
    assert connect(str(tmp_path / "file")) is None


def test_a_socket_that_was_left_behind_is_nobody(tmp_path: Path) -> None:
    stale = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    stale.bind(str(tmp_path / "node.sock"))
    stale.close()
    assert (tmp_path / "node.sock").exists()
    assert connect(str(tmp_path)) is None


def test_a_socket_of_another_kind_is_said(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(str(tmp_path / "node.sock"))
        with pytest.raises(Failure, match="cannot be reached: Protocol wrong type") as caught:
            connect(str(tmp_path))
    assert caught.value.status == UNREACHABLE


async def test_a_home_of_any_length_is_reached(tmp_path: Path) -> None:
    home = tmp_path / ("a" * 80) / ("b" * 80)
    home.mkdir(parents=True)
    assert connect(str(home)) is None
    listener = listen(home / "node.sock")
    try:
        assert (home / "node.sock").stat().st_mode & 0o777 == 0o600
        opened(home).close()
        with pytest.raises(SocketBusy):
            listen(home / "node.sock")
    finally:
        await listener.aclose()
    assert connect(str(home)) is None
    await listen(home / "node.sock").aclose()  # what was left behind is replaced


def test_calls_in_order_with_their_parameters(tmp_path: Path) -> None:
    with FakeNode(tmp_path, {"a": {"n": "é"}, "b": None}) as node, opened(tmp_path) as connection:
        node.answers["b"] = "second"
        assert connection.call("a", {"x": "ü"}) == {"n": "é"}
        answers = connection.batch([("b", {}), ("a", {}), ("none", {})])
        assert answers[:2] == ["second", {"n": "é"}]
        assert answers[2].status == USAGE
        assert connection.batch([]) == []
        assert node.calls[0] == ("a", {"x": "ü"})
        assert [name for name, _ in node.calls] == ["a", "b", "a", "none"]


@pytest.mark.parametrize(
    ("code", "status"),
    [(-32601, USAGE), (-32602, USAGE), (-32603, INTERNAL), (-32700, INTERNAL), (-32001, REFUSED), (-32002, INVALID),
     (-32003, LOCKED), (-32004, UNREACHABLE), (-32005, INVALID), (-32006, UNREACHABLE), (-1, INTERNAL)],
)  # fmt: skip
def test_every_error_ends_with_its_exit_code(tmp_path: Path, code: int, status: int) -> None:
    with FakeNode(tmp_path, {"x": Error(code, "it is so")}), opened(tmp_path) as connection:
        with pytest.raises(Failure, match="it is so") as caught:
            connection.call("x")
        assert caught.value.status == status
        assert connection.batch([("x", {})])[0].status == status


def test_a_refusal_has_the_clause_and_what_to_do(tmp_path: Path) -> None:
    data = {"code": "over_floor", "text": "It can spend 5.", "advice": "Pay less.", "clause": "3.2",
            "clause_text": "Nobody goes below the floor.", "facts": {"available": 500}}  # fmt: skip
    error = Error(-32001, "refused", data)
    with FakeNode(tmp_path, {"x": error}), opened(tmp_path) as connection, pytest.raises(Failure) as caught:
        connection.call("x")
    assert caught.value.lines() == [
        "Refused: It can spend 5.", "Clause 3.2: Nobody goes below the floor.", "What to do: Pay less.",
    ]  # fmt: skip
    told = caught.value.document()["error"]
    assert (told["code"], told["exit"], told["clause"], told["data"]["facts"]) == (
        "over_floor", 1, "3.2", {"available": 500},
    )  # fmt: skip


def test_overload_says_when_to_try_again(tmp_path: Path) -> None:
    error = Error(-32004, "too many", {"retry_after_ms": 1500})
    with FakeNode(tmp_path, {"x": error}), opened(tmp_path) as connection, pytest.raises(Failure) as caught:
        connection.call("x")
    assert caught.value.advice == "try again in 1.5 s."


def test_progress_goes_to_whoever_asked_and_news_wait(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    progress = json.dumps({"method": "progress", "params": {"what": "copied", "done": 1, "total": 3}}).encode() + b"\n"
    commit = json.dumps({"method": "commit", "params": {"commit": 7}}).encode() + b"\n"
    answer = (progress + commit[:9], commit[9:], "done", commit, None)
    with FakeNode(tmp_path, {"x": answer}), opened(tmp_path) as connection:
        assert connection.call("x", {}, lambda *p: told.append(p)) == "done"
        assert told == [("copied", 1, 3)]
        assert [m["params"] for m in connection.news()] == [{"commit": 7}, {"commit": 7}]


@pytest.mark.parametrize(
    ("answer", "said", "status"),
    [
        ((None,), "lost before it answered (it closed the connection)", UNREACHABLE),
        ((b'{"id": 1, "res', None), "lost before it answered", UNREACHABLE),
        (b"HTTP/1.1 400 Bad Request\r\n", "does not speak JSON-RPC", INTERNAL),
        (b"[1]\n", "does not speak JSON-RPC", INTERNAL),
        (b'{"jsonrpc": "2.0", "id": null, "error": {"code": -32700, "message": "no JSON"}}\n', "no JSON", INTERNAL),
    ],
)
def test_bad_answers(tmp_path: Path, answer: Any, said: str, status: int) -> None:
    with FakeNode(tmp_path, {"x": answer}), opened(tmp_path) as connection, pytest.raises(Failure) as caught:
        connection.call("x")
    assert said in caught.value.message
    assert caught.value.status == status


def test_a_node_that_hangs_is_waited_for_only_so_long(tmp_path: Path) -> None:
    with FakeNode(tmp_path, {"x": ()}), opened(tmp_path) as connection, pytest.raises(Failure) as caught:
        connection.call("x", timeout=0.05)
    assert "did not answer within 0.05 s" in caught.value.message
    assert caught.value.status == UNREACHABLE


def test_long_waits_show_signs_of_life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PATIENCE", 0.01)

    class Enough(Exception):
        pass

    told: list[tuple[str, int, int]] = []

    def progress(what: str, done: int, total: int) -> None:
        told.append((what, done, total))
        if len(told) == 3:
            raise Enough

    with FakeNode(tmp_path, {"x": ()}), opened(tmp_path) as connection, pytest.raises(Enough):
        connection.call("x", {}, progress)
    assert told == [("", 0, 0)] * 3


def test_batches_are_cut_where_the_node_would_not_take_them(tmp_path: Path) -> None:
    with FakeNode(tmp_path, {"x": 1}) as node, opened(tmp_path) as connection:
        assert connection.batch([("x", {})] * 300) == [1] * 300
        assert node.frames == [client.MOST_CALLS, client.MOST_CALLS, 300 - 2 * client.MOST_CALLS]
        node.frames.clear()
        assert connection.batch([("x", {"text": "a" * 400_000})] * 5) == [1] * 5
        assert node.frames == [2, 2, 1]
        assert [params for _, params in node.calls[-5:]] == [{"text": "a" * 400_000}] * 5


def test_what_is_too_large_is_not_sent(tmp_path: Path) -> None:
    with FakeNode(tmp_path, {"x": 1}) as node, opened(tmp_path) as connection:
        with pytest.raises(Failure, match="the node takes 1048576 at once") as caught:
            connection.call("x", {"text": "a" * (1 << 20)})
        assert caught.value.status == USAGE
        assert connection.call("x") == 1
        assert len(node.calls) == 1
