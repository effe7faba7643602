"""Displaying answers: what became of a command, and tables and records of what was asked."""

from __future__ import annotations

from icn_node.cli import answers
from icn_node.cli.layout import one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from icn_node.cli.invocation import Invocation


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
