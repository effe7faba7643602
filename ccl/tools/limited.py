"""Work in a child process that may take so much time and memory, and no more.

The child sends what it finds as it finds it, a line of JSON each, so that what is found before a limit is reached is
kept. A child that takes too long is ended; one that takes too much memory, or dies, has ended; neither harms the
parent, which is told which it was. The child is a fork: what it works on need not be written down for it.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NoReturn

SECONDS = 30.0
MEMORY = 1 << 30
"""What `ccl prove` and `ccl diff` may take: seconds, and bytes besides what the parent holds."""

_CHUNK: Final = 1 << 16

Send = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Ended:
    """How the work ended: "" as it should, else why it did not, in words."""

    why: str = ""


class Unavailable(Exception):
    """What the work needs is not installed; says what to do."""


def limited(work: Callable[[Send], None], seconds: float = SECONDS, memory: int = MEMORY, *, processor: int = 0,
            who: str = "the solver") -> Iterator[Any]:  # fmt: skip
    """What the work sends, as it comes, then an `Ended`. Raises Unavailable if the child did.

    seconds: by the clock. processor: whole seconds of a processor, 0 for any number; so what is stopped does not depend
    on what else the machine does. who: what works, for the words of an `Ended`.
    """
    receiving, sending = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        os.close(receiving)
        _child(work, sending, memory, processor)
    os.close(sending)
    watched = _Watched(child, receiving, time.monotonic() + seconds)
    try:
        yield from _received(watched, _Words(who, seconds, memory, processor))
    finally:
        os.close(receiving)
        watched.end()


@dataclass(slots=True)
class _Watched:
    """The child, as its parent sees it."""

    number: int
    pipe: int
    deadline: float
    status: int | None = None
    kept: bytes = b""

    def line(self) -> bytes | None:
        """The next line that it sends; b"" once it sends no more, None when the time is up."""
        while b"\n" not in self.kept:
            left = self.deadline - time.monotonic()
            if left <= 0 or not select.select((self.pipe,), (), (), left)[0]:
                return None
            more = os.read(self.pipe, _CHUNK)
            if not more:
                return b""
            self.kept += more
        line, _, self.kept = self.kept.partition(b"\n")
        return line

    def end(self, *, kill: bool = True) -> int:
        """How it ended (`os.waitpid`); ends it, if it has not."""
        if self.status is None:
            if kill:
                os.kill(self.number, signal.SIGKILL)
            self.status = os.waitpid(self.number, 0)[1]
        return self.status


@dataclass(frozen=True, slots=True)
class _Words:
    """What to say of a limit."""

    who: str
    seconds: float
    memory: int
    processor: int

    def died(self, status: int) -> str:
        if self.processor and os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL):
            return f"it took longer than {self.processor} seconds"
        return f"{self.who} ended early, as it does beyond {_size(self.memory)} of memory"


def _received(watched: _Watched, words: _Words) -> Iterator[Any]:
    while True:
        line = watched.line()
        if line is None:
            yield Ended(f"it took longer than {words.seconds:g} seconds")
            return
        if not line:
            yield Ended(words.died(watched.end(kill=False)))
            return
        message = json.loads(line)
        if "unavailable" in message:
            raise Unavailable(message["unavailable"])
        if "ended" in message:
            yield Ended(message["ended"])
            return
        yield message["found"]


def _size(memory: int) -> str:
    return f"{memory / (1 << 30):.3g} GiB" if memory >= 1 << 30 else f"{memory >> 20} MiB"


def _child(work: Callable[[Send], None], sending: int, memory: int, processor: int) -> NoReturn:
    """The child: limits itself, works, says how it ended, and ends without what its parent would do at its end."""
    status = 1
    try:
        _work(work, lambda message: _write(sending, message), memory, processor)
        status = 0
    except Exception:  # noqa: BLE001 - our own mistake: shown here, told to the parent as a child that died
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(status)


def _write(pipe: int, message: dict[str, Any]) -> None:
    left = memoryview(json.dumps(message).encode() + b"\n")
    while left:
        left = left[os.write(pipe, left) :]


def _work(work: Callable[[Send], None], send: Send, memory: int, processor: int) -> None:
    _confine(memory, processor)
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


def _confine(memory: int, processor: int) -> None:
    """Limit the memory to what there is now and so much more, and the time, where the system can."""
    if processor:
        with contextlib.suppress(OSError, ValueError):
            signal.signal(signal.SIGXCPU, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_CPU, (processor, processor + 1))
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
