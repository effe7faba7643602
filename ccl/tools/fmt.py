"""Lay sources out the one way: 120 characters a line, every comment kept. In Markdown only the ccl fences change."""

from __future__ import annotations

import argparse
import difflib
import sys

from ccl.diagnostics import Findings
from ccl.format import formatted
from ccl.source import Sources
from ccl.tools import files


def arguments(parser: argparse.ArgumentParser) -> None:
    """The files and what to do with them."""
    parser.add_argument("paths", metavar="PATH", nargs="*", default=[files.STDIN],
                        help="files, or directories of .ccl, .ccl.md and .bylaws.md; `-` or none: stdin")  # fmt: skip
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if a file is laid out otherwise")
    parser.add_argument("--diff", action="store_true", help="change nothing; show what would change")
    parser.add_argument("--stdin-name", metavar="NAME", default="stdin.ccl",
                        help="what stdin is called; a name that ends in .md is Markdown")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Format each; 1 if --check found one to format or one does not parse, 2 if one cannot be read."""
    status = 0
    for path in files.found(args.paths):
        try:
            status = max(status, _one(path, args))
        except files.Unreadable as error:
            sys.stderr.write(f"ccl: {error}\n")
            status = 2
    return status


def _one(path: str, args: argparse.Namespace) -> int:
    name = args.stdin_name if path == files.STDIN else path
    text = files.text_of(path)
    findings = Findings()
    result = formatted(name, text, findings)
    if result is None:
        _told(name, text, findings)
        return 1
    if args.diff:
        before, after = text.splitlines(keepends=True), result.splitlines(keepends=True)
        sys.stdout.writelines(difflib.unified_diff(before, after, name, f"{name} (formatted)"))
        return int(args.check and result != text)
    if args.check:
        if result != text:
            sys.stdout.write(f"{name}: would be laid out otherwise; run `ccl fmt {name}`\n")
        return int(result != text)
    if path == files.STDIN:
        sys.stdout.write(result)
    elif result != text:
        files.replace(path, result)
        sys.stdout.write(f"{name}: formatted\n")
    return 0


def _told(name: str, text: str, findings: Findings) -> None:
    """Syntax errors, to stderr: what does not parse is not touched."""
    from ccl.report import for_people

    sources = Sources()
    sources.add(name, text)
    sys.stderr.write(for_people(findings.sorted(), sources))
    sys.stderr.write(f"ccl: {name} is left as it is, for it does not parse\n")
