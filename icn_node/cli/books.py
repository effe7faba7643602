"""Whole books: `icn import`, `export`, `backup`, `restore`. Files are named to the node by their full path, because it
reads and writes them itself."""

from __future__ import annotations

import os
import sys
from typing import Any

from icn_node.cli import answers
from icn_node.cli.display import show
from icn_node.cli.failure import INVALID, LOCKED, OK, Failure
from icn_node.cli.invocation import Invocation
from icn_node.cli.progress import Progress
from icn_node.cli.reach import local_errors
from icn_node.cli.values import read_file, whole_number

NUMBERS = ("decimals", "authority", "party")
RECOVERY_VARIABLE = "ICN_RECOVERY_KEY"


def _params(call: Invocation, **more: Any) -> dict[str, Any]:
    """What was typed, as the node takes it: names as they are, numbers as numbers, files by their full path."""
    params: dict[str, Any] = dict(more)
    for name, value in call.values.items():
        if name in NUMBERS and isinstance(value, str):
            params[name] = whole_number(name, value)
        elif name in ("file", "out"):
            assert isinstance(value, str)
            params["path"] = os.path.abspath(os.path.expanduser(value))  # noqa: PTH100, PTH111 - a text for the node
        else:
            params[name] = value
    return params


def history(call: Invocation) -> int:
    """Transactions of another system."""
    return _import(call, "transfers")


def members(call: Invocation) -> int:
    """People of another system."""
    return _import(call, "members")


def opening(call: Invocation) -> int:
    """What everybody has on a day."""
    return _import(call, "opening-balances")


def _import(call: Invocation, kind: str) -> int:
    call.node.act()
    with Progress(quiet=call.out.quiet or call.out.json) as progress:
        report = call.node.call("books.import", _params(call, kind=kind), progress)
    told = report.get("words")

    def lines() -> list[str]:
        if isinstance(told, list):
            return [str(line) for line in told]
        return answers.record_lines({k: v for k, v in report.items() if v not in (None, "", [], 0)}, call.out.width)

    call.out.answer(report, lines, str(report.get("posted", "")))
    return INVALID if report.get("outcome") == "bad_rows" or report.get("balanced") is False else OK


def export(call: Invocation) -> int:
    """Statements, ledgers, the members' register."""
    call.node.read()
    with Progress(quiet=call.out.quiet or call.out.json) as progress:
        report = call.node.call("books.export", _params(call), progress)
    text = report.get("text")
    if isinstance(text, str) and not call.text("out"):
        if call.out.json:
            call.out.answer(report, ())
        else:
            call.out.answered = True
            sys.stdout.write(text)
    else:
        show(call, {k: v for k, v in report.items() if k != "text"})
    return OK


def backup(call: Invocation) -> int:
    """An encrypted backup."""
    with Progress(quiet=call.out.quiet or call.out.json) as progress:
        made = call.node.call("backup.create", _params(call), progress)
    lines = [f"Wrote {made.get('path')}.", "It opens with the printed recovery key; keep it on another machine."]
    rest = {k: v for k, v in made.items() if k != "path"}
    call.out.answer(made, lambda: [*lines, *answers.record_lines(rest, call.out.width)], str(made.get("path")))
    return OK


def restore(call: Invocation) -> int:
    """A home from a backup; its node signs again, in a recovery epoch."""
    from pathlib import Path

    from dag.keys import SigningKey
    from icn_node import backup as backups
    from icn_node.home import Home
    from icn_node.paper import BadPaperKey, seed_of

    home = Home(call.settings.home)
    if home.exists:
        raise Failure(
            INVALID, f"there is a node in {home.path} already", code="home_taken",
            advice="restore into another folder: --home DIR.",
        )  # fmt: skip
    path = Path(call.text("file"))
    with _backup_errors(call):
        header = backups.read_header(path)
    made_at = answers.local_time(header.time_ms)
    call.out.note(f"A backup of {header.name}, made {made_at}: {header.leaves:,} log entries.")
    keys = []
    for text in _recovery_keys(call):
        try:
            keys.append(SigningKey.from_seed(seed_of(text)))
        except BadPaperKey as error:
            raise Failure(LOCKED, str(error), code="recovery_key") from None
    with _backup_errors(call), Progress(quiet=call.out.quiet or call.out.json) as progress:
        home.lock()
        try:
            made = backups.restore(home, path, keys, nonce=os.urandom(16), progress=progress)
        finally:
            home.unlock()
    answer: dict[str, Any] = {
        "home": str(home.path), "name": made.name, "space": made.space, "leaves": made.leaves, "epoch": made.epoch,
        "last_commit": _iso(made.last_commit_ms), "backup": _iso(made.backup_ms),
        "devices": [{"member": m, "device": d, "last_event": seq} for m, d, seq in made.devices],
    }  # fmt: skip
    call.out.answer(answer, lambda: _restored_lines(answer, call.out.width), str(home.path))
    return OK


def _restored_lines(answer: dict[str, Any], width: int) -> list[str]:
    about = {k: answer[k] for k in ("home", "space", "leaves", "last_commit", "epoch")}
    found, _ = answers.rows_lines(answer["devices"], (), width) if answer["devices"] else ([], [])
    return [
        f"Restored {answer['name']}; its node signs again, in epoch {answer['epoch']}.",
        *answers.record_lines(about, width), "",
        f"What was committed after {answers.said(answer['last_commit'])} is not here. Below is the last event of each",
        "device that is; later ones are handed in with `icn submit`, or from an archive with `icn dag import`.",
        "", *found,
    ]  # fmt: skip


def _iso(utc_ms: int) -> str:
    from icn_node.rpc.edge import iso

    return iso(utc_ms)


def _recovery_keys(call: Invocation) -> list[str]:
    """The printed recovery keys: from files, the environment, or typed in, one a line."""
    files = call.many("recovery_key_file")
    if files:
        return [read_file(path).decode(errors="replace") for path in files]
    if os.environ.get(RECOVERY_VARIABLE):
        return [line for line in os.environ[RECOVERY_VARIABLE].splitlines() if line.strip()]
    if not sys.stdin.isatty():
        raise Failure(
            LOCKED, "the printed recovery key is needed, and there is no terminal to ask on", code="secret_needed",
            advice=f"give it with --recovery-key-file FILE or in {RECOVERY_VARIABLE}.",
        )  # fmt: skip
    typed: list[str] = []
    while True:
        more = "another, or nothing" if typed else "The printed recovery key"
        sys.stderr.write(f"{more}: ")
        sys.stderr.flush()
        line = sys.stdin.readline().strip()
        if not line:
            break
        typed.append(line)
    if not typed:
        raise Failure(LOCKED, "no recovery key was given", code="secret_needed")
    return typed


class _backup_errors(local_errors):  # noqa: N801 - used as `with _backup_errors(call):`
    """What restoring can raise, besides what every home can."""

    def __init__(self, call: Invocation) -> None:
        super().__init__(call.settings.home)

    def _translated(self, error: Exception) -> Failure | None:
        from dag.order.recovery import InvalidRecovery
        from icn_node.backup import BackupError

        if isinstance(error, BackupError):
            return Failure(INVALID, str(error), code="backup")
        if isinstance(error, InvalidRecovery):
            return Failure(
                LOCKED, f"the recovery does not hold: {error}", code="recovery",
                advice="give as many of the space's recovery keys as its charter asks for.",
            )  # fmt: skip
        return super()._translated(error)
