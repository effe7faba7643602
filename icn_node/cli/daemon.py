"""`icn node run`, `stop` and `notices`."""

from __future__ import annotations

import os
import sys
import time

import trio

from icn_node import sample
from icn_node.cli.client import CONNECTION_LOST, connect
from icn_node.cli.display import show
from icn_node.cli.failure import OK, UNREACHABLE, Failure
from icn_node.cli.invocation import Invocation
from icn_node.cli.reach import BUSY_SECONDS, local_errors
from icn_node.cli.values import whole_number
from icn_node.clock import wall_clock_ms
from icn_node.home import DEFAULT_HOME, Home, HomeBusy
from icn_node.log import Log
from icn_node.node import Node
from icn_node.rpc.server import SocketBusy

STOP_SECONDS = 120.0  # what a node may take to finish what it has begun


def run(call: Invocation) -> int:
    """Serve until stopped."""
    home = Home(call.settings.home)
    if call.flag("sample") and not home.exists:
        sample.make(home, wall_clock_ms(), call.out.note)
    began = time.monotonic()
    with local_errors(call.settings.home):
        while (busy := _served(home, call)) is not None:
            # A short `icn` on the home itself is waited for; another node is not.
            answering = connect(call.settings.home)
            if answering is not None:
                answering.close()
            if answering is not None or time.monotonic() - began > BUSY_SECONDS:
                raise _busy(busy, home)
            time.sleep(0.05)
    if not call.out.answered:
        call.out.answer({"stopped": True}, ["Stopped."])
    return OK


def _served(home: Home, call: Invocation) -> BaseException | None:
    """Serve until stopped: None; or why the home or its socket cannot be had."""
    node = Node(home, Log(call.text("log") or home.config().node.log))
    try:
        trio.run(_serve, node, call)
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        if not isinstance(error, HomeBusy | SocketBusy):
            raise error from group
        return error
    return None


async def _serve(node: Node, call: Invocation) -> None:
    async with trio.open_nursery() as nursery:

        async def serve(task_status: trio.TaskStatus[Node]) -> None:
            await node.run(task_status)
            nursery.cancel_scope.cancel()

        await nursery.start(serve)
        for line in _greeting(node):
            call.out.note(line)
        if sys.stderr.isatty():
            nursery.start_soon(_keep_status, node)


async def _keep_status(node: Node) -> None:
    """One line at the bottom of the terminal, made anew each second."""
    started = trio.current_time()
    try:
        while True:
            up = int(trio.current_time() - started)
            state = "stopped executing" if node.space.stopped else "running"
            head = node.space.machine.frontier.size
            sys.stderr.write(
                f"\r\x1b[K{state} | {node.config.space} | {head:,} log entries, {node.events:,} events since start | "
                f"up {up // 3600}:{up // 60 % 60:02d}:{up % 60:02d} | Ctrl-C stops"
            )
            sys.stderr.flush()
            await trio.sleep(1)
    finally:
        sys.stderr.write("\r\x1b[K")


def _greeting(node: Node) -> list[str]:
    """The readable lines at the start: how it is, and three commands to try next."""
    space = node.space
    head = space.head()
    stopped = f" It executes nothing: {space.stopped}" if space.stopped else ""
    icn = _shown_command() + _home_option(node)
    tries = ("credit transfer ben 5 SUN", "governance vote 1 yes") if node.config.sample else ("member list", "watch")
    return [
        f"The node of {node.config.space} runs: {head['events']:,} events, {head['leaves']:,} log entries.{stopped}",
        "Try, in another terminal:",
        *(f"    {icn} {words}" for words in ("status", *tries)),
        "Ctrl-C stops it.",
    ]


def _shown_command() -> str:
    """How whoever started this can call `icn`: by its name if it is on their path, else by where it lies."""
    called = sys.argv[0].removesuffix("-node")  # `icn-node` lies beside `icn`, which is what takes commands
    here = os.path.relpath(called)
    return "icn" if called == "icn" or os.environ.get("ICN_ON_PATH") else min(here, called, key=len)


def _home_option(node: Node) -> str:
    default = Home(os.environ.get("ICN_HOME") or DEFAULT_HOME).path
    return "" if node.home.path == default else f" --home {node.home.path}"


def _busy(error: BaseException, home: Home) -> Failure:
    pid = error.pid if isinstance(error, HomeBusy) else 0
    said = f"process {pid}" if pid else "another process"
    return Failure(
        UNREACHABLE,
        f"a node runs on {home.path} already ({said})",
        code="home_busy",
        advice="`icn status` talks to it; `icn node stop` stops it.",
    )


def stop(call: Invocation) -> int:
    """Ask the daemon to stop, and wait until it has let the home go."""
    connection = call.node.daemon()
    try:
        connection.call("node.stop")
        for _ in connection.news():
            pass  # the connection ends with the node
    except Failure as lost:
        if lost.code != CONNECTION_LOST:
            raise
    home = Home(call.settings.home)
    asked = time.monotonic()
    while True:
        try:
            home.lock()
        except HomeBusy:
            if time.monotonic() - asked > STOP_SECONDS:
                message = f"the node was asked to stop, and has not after {STOP_SECONDS:.0f} s"
                raise Failure(UNREACHABLE, message, code="stopping", advice="look at its log.") from None
            time.sleep(0.02)
        else:
            home.unlock()
            break
    call.out.answer({"stopped": True}, ["The node has stopped."], "stopped")
    return OK


def notices(call: Invocation) -> int:
    """Notices for the operators."""
    after = whole_number("after", call.text("after", "0"))
    show(call, call.node.call("node.notices", {"after": after}), ("no", "time", "text"))
    return OK
