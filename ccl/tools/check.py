"""Find what is wrong in contracts, and how to mend it.

Several files given together are one contract, whose files may import each other; with --syntax each is parsed alone,
and nothing but its syntax is looked at. The exit status is 0 only if there is no error.
"""

from __future__ import annotations

import argparse
import os
import sys

from ccl.diagnostics import Findings
from ccl.report import as_json, for_people
from ccl.source import Sources
from ccl.tools import files


def arguments(parser: argparse.ArgumentParser) -> None:
    """Files, and how to show what was found."""
    parser.add_argument("paths", metavar="FILE", nargs="+", help="a .ccl or .md file, a directory, or - for stdin")
    parser.add_argument("--syntax", action="store_true", help="parse only: no names, no types")
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of text")
    parser.add_argument("--host", default="", help="the installed host to check against")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colours in the text")


def run(args: argparse.Namespace) -> int:
    """0 without errors, 1 with, 2 if a file cannot be read or there is no host."""
    sources, findings = Sources(), Findings()
    try:
        numbers = [sources.add(path, files.text_of(path)) for path in files.found(args.paths)]
    except files.Unreadable as error:
        sys.stderr.write(f"ccl check: {error}\n")
        return 2
    if not numbers:
        sys.stderr.write("ccl check: no .ccl file there\n")
        return 2
    if args.syntax:
        from ccl.syntax import parse

        for number in numbers:
            parse(sources, number, findings)
    elif not _whole(args, sources, numbers, findings):
        return 2
    show(args, findings, sources)
    return 1 if findings.failed else 0


def _whole(args: argparse.Namespace, sources: Sources, numbers: list[int], findings: Findings) -> bool:
    """Names and types too; False if there is no host to check against."""
    from ccl.elaborate import check
    from ccl.tools.hosts import NoHost, host_of

    try:
        host = host_of(args.given_host, args.host)
    except NoHost as error:
        sys.stderr.write(f"ccl check: {error}\n")
        return False
    check(sources, numbers, host, findings)
    return True


def show(args: argparse.Namespace, findings: Findings, sources: Sources) -> None:
    """Print what was found, for people or for machines."""
    if args.json:
        sys.stdout.write(as_json(findings.sorted(), sources) + "\n")
        return
    sys.stdout.write(for_people(findings.sorted(), sources, colour=coloured(args.color)) or "nothing is wrong\n")


def coloured(wish: str) -> bool:
    """Whether to use colours: as wished, else on a terminal unless NO_COLOR is set (no-color.org)."""
    if wish != "auto":
        return wish == "always"
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
