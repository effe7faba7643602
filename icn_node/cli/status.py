"""`icn status` and `icn version`."""

from __future__ import annotations

import os

from icn_node.cli import answers
from icn_node.cli.failure import OK, UNREACHABLE, Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from icn_node.cli.invocation import Invocation

PATIENCE = 10.0  # seconds for a status, which a healthy node has at once


def status(call: Invocation) -> int:
    """What the node and its space are doing; UNREACHABLE if no daemon runs, with what the home tells."""
    connection = call.node.connection
    if connection is not None:
        answer = connection.call("node.status", timeout=PATIENCE)
        call.out.answer({"running": True, **answer}, lambda: _lines(answer, call.out.width), str(answer["state"]))
        return OK if answer.get("state") == "running" else UNREACHABLE
    if not os.path.exists(os.path.join(call.settings.home, "icn.toml")):  # noqa: PTH110, PTH118 - no pathlib here
        raise Failure(
            UNREACHABLE,
            f"there is no node in {call.settings.home}",
            code="no_node",
            advice="make one with `icn init NAME`, or name its folder with --home.",
        )
    answer = {**call.node.call("node.status"), "state": "not running"}
    call.out.answer({"running": False, **answer}, lambda: _lines(answer, call.out.width), "not running")
    call.out.note("The node does not run: start it with `icn node run`.")
    return UNREACHABLE


def _lines(answer: dict[str, Any], width: int) -> list[str]:
    head = str(answer.get("title") or answer.get("space"))
    if answer.get("sample"):
        head += " (a sample)"
    state = str(answer["state"])
    if "up_seconds" in answer and state == "running":
        state += f" for {_span(int(answer['up_seconds']))}"
    epoch = f", epoch {answer['epoch']}" if answer.get("epoch") else ""
    validators = int(answer.get("validators", 1))
    pairs = {
        "state": state,
        "why": answer.get("why"),
        "space": answer.get("space"),
        "cid": answer.get("cid"),
        "members": f"{answer['members']:,}",
        "events": f"{answer['events']:,}",
        "log": f"{answer['log']:,} entries in {answer['commits']:,} commits{epoch}",
        "last commit": answer.get("time") if answer.get("commits") else None,
        "root": answer.get("root"),
        "validators": validators if validators > 1 else None,
        "waiting": answer.get("waiting") or None,
        "connections": answer.get("connections"),
        "home": answer.get("home"),
        "version": answer.get("version"),
    }
    return [head, *answers.record_lines({k: v for k, v in pairs.items() if v not in (None, "")}, width)]


def _span(seconds: int) -> str:
    for size, name, least in ((86_400, "days", 2), (3600, "hours", 2), (60, "minutes", 2)):
        if seconds >= size * least:
            return f"{seconds // size} {name}"
    return f"{seconds} s"


def version(call: Invocation) -> int:
    """The version of the program and of the modules' rules that it has. No node is asked."""
    import icn_node
    from icn_node.modules import MODULES

    modules = {module.name: module.version for module in MODULES}
    lines = [f"icn {icn_node.VERSION}", "rules: " + ", ".join(f"{name} {v}" for name, v in modules.items())]
    call.out.answer({"version": icn_node.VERSION, "modules": modules}, lines, icn_node.VERSION)
    return OK
