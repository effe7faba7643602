"""Signature verification in a process of its own, so that one batch is verified while another is executed.

A thread would not do: libsodium lets go of Python's lock for each event, two threads then fight for it, and an event
takes milliseconds instead of 45 microseconds. A process has no such fight.

Invariants
- The worker's word is taken for what it was asked, never for anything else: an answer belongs to the batches of that
  very process in the order in which it got them, and must have their length. Otherwise the process is done for.
- Nothing is lost with a worker. Whatever it has not answered, or not within `PATIENCE_S` and a generous time for each
  event, is verified here; the next batch gets a new worker, unless the last one never answered anything.
- `submit` never blocks. `collect` waits for the worker, and writes what did not fit into the pipe before.
- A worker ends when its input does, so it cannot outlive the node. It is in a session of its own and ignores SIGINT:
  Ctrl-C is for the node.

Frames: a count (u32), then for each block its length (u32) and bytes. The answer is a line of JSON: the count, and
[position, code] for each block that is invalid.

Use: `verify_batch(blocks)` where waiting is fine; `submit` and `collect` for a pipeline. From trio either of these in
`trio.to_thread.run_sync` (one call at a time: this is for one thread), or `await collect_in_trio(ticket)`.

It must not know what events mean, or what becomes of invalid ones.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias

import msgspec

from dag.event import InvalidEvent, check_event

INLINE: Final = 4
"""So few blocks are verified sooner here than there."""
PATIENCE_S: Final = 10.0
PATIENCE_PER_BLOCK_S: Final = 0.002
_U32: Final = struct.Struct(">I")
_PIPE_BYTES: Final = 1 << 20
_READ_BYTES: Final = 1 << 16
_Answer: TypeAlias = tuple[int, list[tuple[int, str]]]


def verify(blocks: Sequence[bytes]) -> list[str | None]:
    """For each block None if it is a well-formed event with a good signature, else the code of InvalidEvent."""
    return [_code(block) for block in blocks]


def _code(block: bytes) -> str | None:
    try:
        check_event(block)
    except InvalidEvent as error:
        return error.code
    return None


class _Part:
    """The blocks of a ticket that one worker has, and their codes once they are known. No worker: verified here."""

    __slots__ = ("blocks", "codes", "deadline", "worker")

    def __init__(self, blocks: Sequence[bytes], worker: _Worker | None) -> None:
        self.blocks = blocks
        self.worker = worker
        self.codes: list[str | None] | None = None
        self.deadline = 0.0


class Ticket:
    """Blocks under verification. To be collected once."""

    __slots__ = ("parts",)

    def __init__(self, parts: list[_Part]) -> None:
        self.parts = parts


class Verifier:
    """Verifies with `workers` processes, which are started when first needed; with 0, here. For one thread."""

    def __init__(self, workers: int = 1) -> None:
        assert workers >= 0
        self._workers: list[_Worker | None] = [None] * workers
        self._is_hopeless = False

    @property
    def is_degraded(self) -> bool:
        """Whether workers broke down before they did any work, so that all is verified here: something to report."""
        return self._is_hopeless

    def verify_batch(self, blocks: Sequence[bytes]) -> list[str | None]:
        """For each block None if it is a well-formed event with a good signature, else the code of InvalidEvent."""
        return self.collect(self.submit(blocks))

    def submit(self, blocks: Sequence[bytes]) -> Ticket:
        """Begin to verify. Several tickets may be under way; an idle worker begins with the first of them."""
        count = len(self._workers) if len(blocks) > INLINE else 0
        share = -(-len(blocks) // count) if count else len(blocks)
        parts = []
        for number in range(count or 1):
            mine = blocks[number * share : (number + 1) * share]
            if mine:
                part = _Part(mine, self._worker(number) if count else None)
                if part.worker is not None:
                    part.worker.send(part)
                parts.append(part)
        return Ticket(parts)

    def collect(self, ticket: Ticket) -> list[str | None]:
        """Wait for a ticket: the code of each of its blocks, in order. Tickets may be collected in any order."""
        codes: list[str | None] = []
        for part in ticket.parts:
            while part.codes is None and part.worker is not None:
                part.worker.step(part, wait=True)
            if part.codes is None:
                part.codes = verify(part.blocks)
            codes += part.codes
        return codes

    async def collect_in_trio(self, ticket: Ticket) -> list[str | None]:
        """`collect` without a thread: other tasks run meanwhile. May be cancelled, and then called again."""
        import trio  # the worker has no need of it

        for part in ticket.parts:
            while part.codes is None and (worker := part.worker) is not None:
                with trio.move_on_at(trio.current_time() + max(0.0, part.deadline - time.monotonic())):
                    if worker.has_unsent:
                        await trio.lowlevel.wait_writable(worker.request)
                    else:
                        await trio.lowlevel.wait_readable(worker.answer)
                worker.step(part, wait=False)
        return self.collect(ticket)

    def close(self) -> None:
        """End the workers and wait for them. Tickets that are under way can still be collected."""
        for number, worker in enumerate(self._workers):
            if worker is not None:
                worker.end()
                self._workers[number] = None

    def __enter__(self) -> Verifier:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _worker(self, number: int) -> _Worker | None:
        """A living worker; None when there is none to be had."""
        worker = self._workers[number]
        if worker is not None and not worker.is_living():
            worker.end()
            # One that broke down at once would break down again; one that did its work deserves a successor.
            self._is_hopeless = self._is_hopeless or not worker.has_answered
            worker = None
        if worker is None and not self._is_hopeless:
            try:
                worker = _Worker()
            except OSError:  # no memory, no processes left: for now it is done here
                worker = None
        self._workers[number] = worker
        return worker


class _Worker:
    """A worker process, its pipes, and the parts that it has, in the order in which it got them."""

    def __init__(self) -> None:
        self.has_answered = False
        self._parts: deque[_Part] = deque()
        self._unsent = bytearray()
        self._received = bytearray()
        root = str(Path(__file__).resolve().parents[1])
        path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(
            # -P: modules come from where these do, not from whatever lies in the working directory.
            [sys.executable, "-P", "-m", "icn_node.verifier"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.request = self._process.stdin.fileno()
        self.answer = self._process.stdout.fileno()
        os.set_blocking(self.request, False)
        os.set_blocking(self.answer, False)
        with contextlib.suppress(OSError):  # a smaller pipe works too, with more turns
            fcntl.fcntl(self.request, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    @property
    def has_unsent(self) -> bool:
        """Whether something did not fit into the pipe yet."""
        return bool(self._unsent)

    def is_living(self) -> bool:
        """Whether the process can be given work."""
        return self._process.returncode is None and self._process.poll() is None

    def send(self, part: _Part) -> None:
        """Hand over blocks, as far as the pipe takes them now."""
        pieces = [_U32.pack(len(part.blocks))]
        for block in part.blocks:
            pieces += (_U32.pack(len(block)), block)
        self._unsent += b"".join(pieces)
        before = max([time.monotonic(), *(held.deadline - PATIENCE_S for held in self._parts)])
        part.deadline = before + PATIENCE_S + PATIENCE_PER_BLOCK_S * len(part.blocks)
        self._parts.append(part)
        try:
            self._write()
        except OSError:
            self.end()

    def step(self, part: _Part, *, wait: bool) -> None:
        """Write and read what can be, after waiting for either. Ends the worker when it is past its time."""
        left = part.deadline - time.monotonic()
        if wait and left > 0:
            poll = select.poll()
            poll.register(self.answer, select.POLLIN)
            if self._unsent:
                poll.register(self.request, select.POLLOUT)
            poll.poll(1000 * left + 1)
        try:
            self._write()
            alive = self._read()
        except (OSError, ValueError, IndexError, msgspec.MsgspecError):
            alive = False
        if not alive or (part.codes is None and time.monotonic() >= part.deadline):
            self.end()

    def end(self) -> None:
        """Close the pipes and see the process gone; what it has not answered is to be verified here."""
        process = self._process
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        patience_s = 0 if self._parts else 5
        for part in self._parts:
            part.worker = None
        self._parts.clear()
        self._unsent.clear()
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _write(self) -> None:
        while self._unsent:
            try:
                written = os.write(self.request, self._unsent)
            except BlockingIOError:
                return
            del self._unsent[:written]

    def _read(self) -> bool:
        """Take in answers. False at the end of file; ValueError for an answer to something else."""
        while True:
            try:
                data = os.read(self.answer, _READ_BYTES)
            except BlockingIOError:
                break
            if not data:
                return False
            self._received += data
        *lines, rest = self._received.split(b"\n")
        self._received = rest
        for line in lines:
            count, invalid = msgspec.json.decode(line, type=_Answer)
            if not self._parts or count != len(self._parts[0].blocks):
                raise ValueError("an answer to something else")
            codes: list[str | None] = [None] * count
            for position, code in invalid:
                codes[position] = code
            self._parts.popleft().codes = codes
            self.has_answered = True
        return True


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """The worker's loop, until its input ends. Blocks are verified as they arrive."""
    while head := source.read(_U32.size):
        (count,) = _U32.unpack(head)
        invalid = []
        for position in range(count):
            (length,) = _U32.unpack(source.read(_U32.size))
            code = _code(source.read(length))
            if code is not None:
                invalid.append((position, code))
        sink.write(msgspec.json.encode((count, invalid)) + b"\n")
        sink.flush()


def _main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The node is gone in the middle of a frame: so is this, without a word.
    with contextlib.suppress(BrokenPipeError, struct.error):
        serve(sys.stdin.buffer, sys.stdout.buffer)
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.close()


if __name__ == "__main__":
    _main()
