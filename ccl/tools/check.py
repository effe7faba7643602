"""Find what is wrong in contracts, and how to mend it.

Several files given together are one contract, whose files may import each other; with --syntax each is parsed alone,
and nothing but its syntax is looked at. The exit status is 0 only if there is no error. A check may take 2 seconds of a
processor and 256 MiB; one that takes more is an error (CCL0430).
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any, Final

from ccl.diagnostics import Findings
from ccl.report import as_json, for_people
from ccl.source import NOWHERE, Sources
from ccl.tools import files
from ccl.tools.limited import Ended, Send, limited

SECONDS: Final = 2
"""What a check may take of a processor."""
MEMORY: Final = 256 << 20
"""What a check may take of memory, in bytes."""
_WAITING: Final = 20.0
"""Seconds by the clock after which a check has ended, however little of a processor it got."""

if TYPE_CHECKING:
    from ccl import core
    from ccl.host import Host


def arguments(parser: argparse.ArgumentParser) -> None:
    """Files, and how to show what was found."""
    parser.add_argument("paths", metavar="FILE", nargs="+", help="a .ccl or .md file, a directory, or - for stdin")
    parser.add_argument("--syntax", action="store_true", help="parse only: no names, no types")
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of text")
    parser.add_argument("--host", default="", help="the installed host to check against")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colours in the text")


def run(args: argparse.Namespace) -> int:
    """0 without errors, 1 with, 2 if a file cannot be read or there is no host."""
    sources = Sources()
    try:
        numbers = [sources.add(path, files.text_of(path)) for path in files.found(args.paths)]
    except files.Unreadable as error:
        sys.stderr.write(f"ccl check: {error}\n")
        return 2
    if not numbers:
        sys.stderr.write("ccl check: no .ccl file there\n")
        return 2
    found = checked(args, sources, numbers)
    sys.stdout.write(found["shown"])
    sys.stderr.write(found["trouble"])
    return int(found["status"])


def checked(args: argparse.Namespace, sources: Sources, numbers: list[int], *, seconds: int = SECONDS,
            memory: int = MEMORY) -> dict[str, Any]:  # fmt: skip
    """What a child process found, within the limits: the text to show, what went wrong otherwise, the exit status."""

    def work(send: Send) -> None:
        findings = Findings()
        trouble = (_syntax if args.syntax else _whole)(args, sources, numbers, findings)
        if trouble:
            send({"shown": "", "trouble": trouble, "status": 2})
            return
        send({"shown": shown(args, findings, sources), "trouble": "", "status": int(findings.failed)})

    for message in limited(work, _WAITING, memory, processor=seconds, who="the check"):
        if not isinstance(message, Ended):
            return dict(message)
        why = message.why
    findings = Findings()
    findings.error("CCL0430", NOWHERE, f"this could not be checked: {why}",
                   notes=("A contract that people can read takes a small part of that: divide it, or simplify it.",),
                   )  # fmt: skip
    return {"shown": shown(args, findings, sources), "trouble": "", "status": 1}


def _syntax(_args: argparse.Namespace, sources: Sources, numbers: list[int], findings: Findings) -> str:
    from ccl.syntax import parse

    for number in numbers:
        parse(sources, number, findings)
    return ""


def _whole(args: argparse.Namespace, sources: Sources, numbers: list[int], findings: Findings) -> str:
    """Names and types too. Why there is no host to check against; '' if there is one."""
    from ccl.elaborate import check
    from ccl.tools.hosts import NoHost, host_of

    try:
        host = host_of(args.given_host, args.host)
    except NoHost as error:
        return f"ccl check: {error}\n"
    program = check(sources, numbers, host, findings)
    if program is not None and program.clauses:
        _adoptable(program, host, findings)
    return ""


def _adoptable(program: core.Program, host: Host, findings: Findings) -> None:
    """What adoption looks at besides: a bound on every cost, and that a later amendment could still pass."""
    from ccl import cost
    from ccl.elaborate.versions import amendable

    cost.check(program, findings)
    if host.amend and not findings.failed:
        stuck = amendable(program, host)
        if stuck is not None:
            note = "That is an error when these bylaws are to be adopted; a contract that others extend may leave it."
            findings.warning(stuck.code, stuck.span, stuck.message, notes=(*stuck.notes, note))


def shown(args: argparse.Namespace, findings: Findings, sources: Sources) -> str:
    """What was found, for people or for machines."""
    if args.json:
        return as_json(findings.sorted(), sources) + "\n"
    return for_people(findings.sorted(), sources, colour=coloured(args.color)) or "nothing is wrong\n"


def show(args: argparse.Namespace, findings: Findings, sources: Sources) -> None:
    """Print what was found."""
    sys.stdout.write(shown(args, findings, sources))


def coloured(wish: str) -> bool:
    """Whether to use colours: as wished, else on a terminal unless NO_COLOR is set (no-color.org)."""
    if wish != "auto":
        return wish == "always"
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
