"""`icn watch`: commits and notices as they come."""

from __future__ import annotations

from icn_node.cli import answers
from icn_node.cli.failure import OK, UNREACHABLE, Failure
from icn_node.cli.layout import one_line
from icn_node.cli.values import whole_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from icn_node.cli.invocation import Invocation


def watch(call: Invocation) -> int:
    """Print what the node tells until it stops, --count lines were printed, or Ctrl-C."""
    connection = call.node.daemon()
    count = whole_number("count", call.text("count", "0"))
    call.node.read()
    found = call.node.call("subscribe", {"topics": call.many("topics") or ["commits", "notices"]})
    call.out.note(f"Following {', '.join(found['topics'])} from log entry {found['head']} on. Ctrl-C ends it.")
    printed = 0
    for message in connection.news():
        for document, line in _told(message):
            call.out.stream(document, line)
            printed += 1
            if printed == count:
                return OK
    raise Failure(UNREACHABLE, "the node has stopped", code="not_running")


def _told(message: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """A notification as (document, line) pairs: a commit has one for each of its log entries."""
    method, params = message["method"], message.get("params", {})
    if method == "commit":
        for leaf in params.get("leaves", ()):
            document = {"topic": "commits", "commit": params.get("commit"), "time": params.get("time"), **leaf}
            what = leaf.get("what") or leaf.get("kind", "")
            yield (
                document,
                one_line(
                    f"{answers.said(params.get('time'))}  {leaf.get('index', ''):>7}  {what}  "
                    f"{leaf.get('outcome', '')}  {answers.short_did(str(leaf.get('event', '')))}".rstrip()
                ),
            )
    elif method == "notice":
        to = params.get("to")
        line = f"{answers.said(params.get('time'))}  notice{f' to {to}' if to else ''}: {params.get('text', '')}"
        yield {"topic": "notices", **params}, one_line(line)
    else:
        yield {"topic": method, **params}, one_line(f"{method}: {answers.said(params)}")
