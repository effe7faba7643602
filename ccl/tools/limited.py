"""Work in a child process that may take so much time and memory, and no more.

The child sends what it finds as it finds it, a line of JSON each, so that what is found before a limit is reached is
kept. A child that takes too long is ended; one that takes too much memory, or dies, has ended; neither harms the
parent, which is told which it was. The child is a fork: what it works on need not be written down for it.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

SECONDS = 30.0
MEMORY = 1 << 30
"""What `ccl prove` and `ccl diff` may take: seconds, and bytes besides what the parent holds."""

Send = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Ended:
    """How the work ended: "" as it should, else why it did not, in words."""

    why: str = ""


class Unavailable(Exception):
    """What the work needs is not installed; says what to do."""


def limited(work: Callable[[Send], None], seconds: float = SECONDS, memory: int = MEMORY) -> Iterator[Any]:
    """What the work sends, as it comes, then an `Ended`. Raises Unavailable if the child did."""
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    child = context.Process(target=_child, args=(work, sending, memory), daemon=True)
    child.start()
    sending.close()
    deadline = time.monotonic() + seconds
    try:
        yield from _received(receiving, deadline, seconds, memory)
    finally:
        receiving.close()
        if child.is_alive():
            child.kill()
        child.join()


def _received(receiving: Connection, deadline: float, seconds: float, memory: int) -> Iterator[Any]:
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not receiving.poll(left):
            yield Ended(f"it took longer than {seconds:g} seconds")
            return
        try:
            message = json.loads(receiving.recv_bytes())
        except EOFError:
            yield Ended(f"the solver ended early, as it does beyond {_size(memory)} of memory")
            return
        if "unavailable" in message:
            raise Unavailable(message["unavailable"])
        if "ended" in message:
            yield Ended(message["ended"])
            return
        yield message["found"]


def _size(memory: int) -> str:
    return f"{memory / (1 << 30):.3g} GiB" if memory >= 1 << 30 else f"{memory >> 20} MiB"


def _child(work: Callable[[Send], None], sending: Connection, memory: int) -> None:
    """The child: limits itself, works, says how it ended."""

    def send(message: dict[str, Any]) -> None:
        sending.send_bytes(json.dumps(message).encode())

    _confine(memory)
    try:
        work(lambda found: send({"found": found}))
        send({"ended": ""})
    except MemoryError:
        send({"ended": f"it took more than {_size(memory)} of memory"})
    except RecursionError:
        send({"ended": "it is nested too deep to be looked at"})
    except ModuleNotFoundError as error:
        if error.name != "z3":
            raise
        send({"unavailable": "the solver is not installed; install it with: pip install 'icn-node[prove]'"})
    except Exception as error:  # the solver's own exceptions have no common class but Exception
        if not _of_the_solver(error):
            raise
        short = "memory" in str(error)
        send({"ended": f"it took more than {_size(memory)} of memory" if short else f"the solver failed: {error}"})


def _confine(memory: int) -> None:
    """Limit the memory to what there is now and so much more, where the system can."""
    with contextlib.suppress(OSError, ValueError):
        most = _held() + memory
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        if hard == resource.RLIM_INFINITY or most < hard:
            resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _held() -> int:
    """Bytes of address space that this process holds. Raises OSError where the system does not say."""
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - pathlib has more to import than this
        return int(file.read().split()[0]) * resource.getpagesize()


def _of_the_solver(error: Exception) -> bool:
    return type(error).__module__.startswith("z3")
