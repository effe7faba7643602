"""The verifier: the same answers as here, whatever becomes of its process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from dag.event import Event, sign_event
from dag.keys import SigningKey
from icn_node import verifier
from icn_node.verifier import Verifier, verify

KEY = SigningKey.from_seed(bytes(range(32)))
SPACE = b"\x01\x71\x12\x20" + bytes(32)


def event(at: int) -> Event:
    ops = [{"op": "test.op", "ver": 1}]
    return sign_event(KEY, space=SPACE, seq=0, prev=None, parents=(), at=at, until=None, ops=ops)


GOOD = [event(at).block for at in range(60)]
FORGED = bytes(event(1).block[:-1]) + b"\x00"


def damaged(block: bytes, sig: bytes) -> bytes:
    return block.replace(sig, sig[:-1] + bytes([sig[-1] ^ 1]))


BAD_SIGNATURE = damaged(GOOD[0], event(0).sig)
MIXED = [*GOOD[:20], BAD_SIGNATURE, *GOOD[20:30], b"", b"\xff" * 40, bytes(70_000), *GOOD[30:], BAD_SIGNATURE]
CODES = verify(MIXED)


@pytest.fixture
def one() -> Iterator[Verifier]:
    with Verifier() as one:
        yield one


def pid_of(one: Verifier, number: int = 0) -> int:
    worker = one._workers[number]
    assert worker is not None
    return worker._process.pid


def test_here_is_the_reference() -> None:
    assert CODES[20] == CODES[-1] == "bad_signature"
    assert CODES[31:34] == ["bad_encoding", "bad_encoding", "too_large"]
    assert CODES.count(None) == 60


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_it_answers_what_would_be_answered_here(workers: int) -> None:
    with Verifier(workers) as several:
        for blocks in (MIXED, MIXED[::-1], MIXED[18:24], [], [BAD_SIGNATURE], GOOD * 30):
            assert several.verify_batch(blocks) == verify(blocks)


def test_few_blocks_need_no_process(one: Verifier) -> None:
    assert one.verify_batch([GOOD[0], BAD_SIGNATURE]) == [None, "bad_signature"]
    assert one._workers == [None]


def test_tickets_overlap_and_are_collected_in_any_order(one: Verifier) -> None:
    batches = [MIXED[n : n + 12] for n in range(0, 60, 12)]
    tickets = [one.submit(batch) for batch in batches]
    for n in (3, 0, 4, 1, 2):
        assert one.collect(tickets[n]) == CODES[n * 12 : n * 12 + 12]
    assert one.collect(tickets[0]) == CODES[:12]


def test_submitting_more_than_a_pipe_holds_does_not_block(one: Verifier) -> None:
    big = [GOOD[n % 60] + bytes(60_000) for n in range(100)]
    started = time.monotonic()
    tickets = [one.submit(big) for _ in range(3)]
    assert time.monotonic() - started < 1
    expected = verify(big)
    assert all(one.collect(ticket) == expected for ticket in tickets)


def test_the_work_is_done_by_the_worker(one: Verifier, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(blocks: object) -> None:
        raise AssertionError("verified here")

    monkeypatch.setattr(verifier, "verify", never)
    assert one.verify_batch(MIXED) == CODES


@pytest.mark.parametrize("moment", ["idle", "busy", "before the first answer"])
def test_killed_it_loses_nothing_and_is_replaced(one: Verifier, moment: str) -> None:
    if moment != "before the first answer":
        assert one.verify_batch(GOOD) == [None] * 60
    tickets = []
    if moment != "idle":
        tickets = [one.submit(MIXED), one.submit(MIXED[::-1]), one.submit(GOOD)]
    first = pid_of(one)
    os.kill(first, signal.SIGKILL)
    assert [one.collect(ticket) for ticket in tickets] == [CODES, CODES[::-1], [None] * 60][: len(tickets)]
    assert one.verify_batch(MIXED) == CODES
    assert one.verify_batch(MIXED) == CODES
    if moment == "before the first answer":
        assert one.is_degraded
        assert one._workers == [None]  # what dies before it has done anything would die again
    else:
        assert not one.is_degraded
        assert pid_of(one) != first
        second = pid_of(one)
        os.kill(second, signal.SIGKILL)
        assert [one.verify_batch(MIXED), one.verify_batch(MIXED)] == [CODES, CODES]
        assert pid_of(one) not in (first, second)


def test_tickets_of_a_dead_worker_are_not_answered_by_the_next(one: Verifier) -> None:
    one.verify_batch(GOOD)
    old = one.submit([BAD_SIGNATURE] * 30)
    os.kill(pid_of(one), signal.SIGKILL)
    while one._workers[0] is not None and one._workers[0].is_living():
        time.sleep(0.01)
    new = one.submit(GOOD[:30])
    assert one.collect(new) == [None] * 30
    assert one.collect(old) == ["bad_signature"] * 30


def test_a_worker_that_hangs_is_given_up(one: Verifier, monkeypatch: pytest.MonkeyPatch) -> None:
    assert one.verify_batch(GOOD) == [None] * 60
    monkeypatch.setattr(verifier, "PATIENCE_S", 0.1)
    hung = pid_of(one)
    os.kill(hung, signal.SIGSTOP)
    assert one.verify_batch(MIXED) == CODES
    assert one.verify_batch(GOOD) == [None] * 60
    assert pid_of(one) != hung


@pytest.mark.parametrize(
    "answer", ["[1, []]", '[60, [[99, "x"]]]', "nonsense", "[60, [[1]]]", "{}", "", "5", "[60, []]\n[60, []"]
)
def test_an_answer_to_something_else_is_not_taken(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    liar = f"import sys; sys.stdin.buffer.read(100); print({answer!r}, flush=True)"
    original = subprocess.Popen

    def popen(_: object, **options: object) -> object:
        return original([sys.executable, "-c", liar], **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "Popen", popen)
    with Verifier() as one:
        batches = [MIXED[:60], MIXED[-30:]] if answer.startswith("[60, []]") else [MIXED[-30:]]
        tickets = [one.submit(batch) for batch in batches]
        # The first answer has the right form; the second is cut off.
        assert one.collect(tickets[-1]) == CODES[-30:]


def test_without_a_process_to_be_had_it_is_done_here(one: Verifier, monkeypatch: pytest.MonkeyPatch) -> None:
    def popen(*_: object, **__: object) -> None:
        raise BlockingIOError("no more processes")

    with monkeypatch.context() as patched:
        patched.setattr(subprocess, "Popen", popen)
        assert one.verify_batch(MIXED) == CODES
    assert one.verify_batch(MIXED) == CODES
    assert pid_of(one)


def test_it_ends_with_its_input_and_leaves_no_zombie() -> None:
    one = Verifier(2)
    one.verify_batch(GOOD)
    pids = [pid_of(one, 0), pid_of(one, 1)]
    ticket = one.submit(MIXED)
    one.close()
    one.close()
    for pid in pids:
        assert not Path(f"/proc/{pid}").exists()
    assert one.collect(ticket) == CODES


NODE = """
import os, sys, time
from icn_node.verifier import Verifier
from tests.node.test_verifier import GOOD
one = Verifier()
one.verify_batch(GOOD)
print(one._workers[0]._process.pid, flush=True)
one.submit(GOOD * 100)
time.sleep(60)
"""


def test_it_does_not_outlive_the_node_and_is_silent_about_it() -> None:
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", NODE], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    worker = int(process.stdout.readline())
    os.kill(worker, signal.SIGINT)  # Ctrl-C, should it ever reach it
    time.sleep(0.05)
    assert Path(f"/proc/{worker}").exists()
    process.kill()
    _, errors = process.communicate(timeout=20)
    assert errors == ""
    deadline = time.monotonic() + 10
    while is_running(worker) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_running(worker)


def is_running(pid: int) -> bool:
    """Whether the process does anything yet; one that nobody waits for may stay as a zombie in a container."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_other_tasks_run_while_trio_waits_for_a_ticket(one: Verifier) -> None:
    one.verify_batch(GOOD)
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await trio.sleep(0.001)
            turns += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(count)
        ticket = one.submit(MIXED * 20)
        assert await one.collect_in_trio(ticket) == CODES * 20
        nursery.cancel_scope.cancel()
    assert turns > 3


async def test_waiting_in_trio_may_be_cancelled_and_taken_up_again(one: Verifier) -> None:
    one.verify_batch(GOOD)
    ticket = one.submit(MIXED * 20)
    with trio.move_on_after(0.001) as scope:
        await one.collect_in_trio(ticket)
    assert scope.cancelled_caught
    assert await one.collect_in_trio(ticket) == CODES * 20


async def test_a_worker_killed_while_trio_waits_loses_nothing(one: Verifier) -> None:
    one.verify_batch(GOOD)
    ticket = one.submit(MIXED * 20)
    os.kill(pid_of(one), signal.SIGKILL)
    assert await one.collect_in_trio(ticket) == CODES * 20


async def test_a_worker_that_hangs_is_given_up_in_trio_too(one: Verifier, monkeypatch: pytest.MonkeyPatch) -> None:
    one.verify_batch(GOOD)
    monkeypatch.setattr(verifier, "PATIENCE_S", 0.1)
    os.kill(pid_of(one), signal.SIGSTOP)
    assert await one.collect_in_trio(one.submit(MIXED)) == CODES
