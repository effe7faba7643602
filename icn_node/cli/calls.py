"""The verbs of the modules: a command is carried out as whoever acts, a query answered to whoever reads."""

from __future__ import annotations

from typing import Any

from icn_node.cli import answers
from icn_node.cli.declared import wire
from icn_node.cli.failure import OK
from icn_node.cli.invocation import Invocation
from icn_node.cli.layout import one_line
from icn_node.kernel.module import CommandSpec, QuerySpec


def command(call: Invocation) -> int:
    """Carry out a module's command."""
    spec = call.verb.spec
    assert isinstance(spec, CommandSpec)
    params = wire(call.verb, call.values)
    member = call.node.act()
    answer = call.node.call(call.verb.method, {"as": member, **params})
    told(call, answer, spec.result)
    return OK


def told(call: Invocation, answer: dict[str, Any], meaning: str = "") -> None:
    """Print what became of a command: its result and where it stands in the log."""
    result = answer.get("result")
    bare = None if result is None else answers.said(result)
    call.out.answer(answer, lambda: _done_lines(answer, meaning, call.out.width), bare)


def _done_lines(answer: dict[str, Any], meaning: str, width: int) -> list[str]:
    status, result = answer.get("status", "executed"), answer.get("result")
    head = {
        "executed": "Done",
        "would be executed": "Would be done (nothing was changed)",
        "pending": "Taken, and not yet executed",
        "awaits approval": "Waits for the approval of others",
    }.get(status, status)
    if status == "awaits approval":
        head += f": see `icn approval show {answer.get('approval', '')}`"
    elif result is not None and result != []:
        head += f"; {meaning}: {answers.said(result)}" if meaning else f": {answers.said(result)}"
    rest = {k: answer[k] for k in answer if k not in ("status", "result", "dry_run", "approval")}
    rest["log"] = rest.pop("index", None)
    order = ("event", "log", "time")
    ordered = {k: rest[k] for k in (*(k for k in rest if k not in order), *order) if rest.get(k) is not None}
    return [f"{head}.", *answers.record_lines(ordered, width)]


def query(call: Invocation) -> int:
    """Answer a module's query."""
    spec = call.verb.spec
    assert isinstance(spec, QuerySpec)
    params = wire(call.verb, call.values)
    call.node.read()
    answer = call.node.call(call.verb.method, params)
    show(call, answer, spec.columns)
    if isinstance(answer, list) and any(p.name == "after" for p in call.verb.params):
        limit = int(call.text("limit", "0") or 0) or next(
            (int(p.default) for p in call.verb.params if p.name == "limit" and p.default), 0
        )
        if limit and len(answer) >= limit:
            call.out.note(f"({limit} shown; there may be more: --limit, or --after with the last one)")
    return OK


def show(call: Invocation, answer: Any, columns: tuple[str, ...] = ()) -> None:
    """Print an answer as a table or a record, and say which columns did not fit."""
    hidden: list[str] = []

    def lines() -> list[str]:
        found, left = answers.lines_of(answer, columns, call.out.width)
        hidden.extend(left)
        return found

    bare = None if isinstance(answer, list | dict) else answers.said(answer)
    if call.out.quiet and isinstance(answer, list):
        bare = "\n".join(one_line(_first(row, columns)) for row in answer) or None
    call.out.answer(answer, lines, bare)
    if hidden:
        call.out.note(f"(not shown, for lack of room: {', '.join(hidden)}; --json has all)")


def _first(row: Any, columns: tuple[str, ...]) -> str:
    """What stands for a row in --quiet: its first column."""
    if not isinstance(row, dict):
        return answers.said(row)
    key = columns[0] if columns else next(iter(row), "")
    return answers.shown(row, answers._key_of(key, row))
