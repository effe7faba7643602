"""`icn node run`, `stop` and `notices`."""

from __future__ import annotations

import trio

from icn_node.cli.calls import show
from icn_node.cli.failure import OK, UNREACHABLE, Failure
from icn_node.cli.invocation import Invocation
from icn_node.cli.reach import local_errors
from icn_node.cli.values import whole_number
from icn_node.home import Home, HomeBusy
from icn_node.log import Log
from icn_node.node import Node
from icn_node.rpc.server import SocketBusy


def run(call: Invocation) -> int:
    """Serve until stopped."""
    home = Home(call.settings.home)
    with local_errors(call.settings.home):
        node = Node(home, Log(call.text("log") or home.config().node.log))
        try:
            trio.run(_serve, node, call)
        except* (HomeBusy, SocketBusy) as group:
            raise _busy(group.exceptions[0], home) from None
    if not call.out.answered:
        call.out.answer({"stopped": True}, ["Stopped."])
    return OK


async def _serve(node: Node, call: Invocation) -> None:
    async with trio.open_nursery() as nursery:
        await nursery.start(node.run)
        for line in _greeting(node):
            call.out.note(line)


def _greeting(node: Node) -> list[str]:
    """The readable lines at the start; the log's own follow."""
    space = node.space
    head = space.head()
    stopped = f" It executes nothing: {space.stopped}" if space.stopped else ""
    return [
        f"The node of {node.config.space} runs: {head['events']:,} events, {head['leaves']:,} log entries.{stopped}",
        f"Try `icn status` in another terminal{_home_option(node)}. Ctrl-C stops it.",
    ]


def _home_option(node: Node) -> str:
    return "" if node.home.path == Home("~/.icn").path else f" (with --home {node.home.path})"


def _busy(error: BaseException, home: Home) -> Failure:
    inner = error
    while isinstance(inner, BaseExceptionGroup):
        inner = inner.exceptions[0]
    pid = inner.pid if isinstance(inner, HomeBusy) and inner.pid else 0
    said = f"process {pid}" if pid else "another process"
    return Failure(
        UNREACHABLE,
        f"a node runs on {home.path} already ({said})",
        code="home_busy",
        advice="`icn status` talks to it; `icn node stop` stops it.",
    )


def stop(call: Invocation) -> int:
    """Ask the daemon to stop, and wait until it has let the socket go."""
    connection = call.node.daemon()
    answer = connection.call("node.stop")
    for _ in connection.news():
        pass  # the connection ends when the node does
    call.out.answer(answer, ["The node has stopped."], "stopped")
    return OK


def notices(call: Invocation) -> int:
    """Notices for the operators."""
    after = whole_number("after", call.text("after", "0"))
    show(call, call.node.call("node.notices", {"after": after}), ("no", "time", "text"))
    return OK

