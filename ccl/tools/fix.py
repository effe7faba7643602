"""Apply the fixes that errors bring, where it is certain what was meant, until none is left.

Files given together are one contract. With --from icn-core also the fixes that follow what the dialect of the Rust ICN
means, such as a `let` that assigns, or a `/` of two whole numbers that rounds to zero at once. What is left is for you:
`ccl check` tells it.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Callable, Sequence

from ccl.diagnostics import Diagnostic, Findings
from ccl.repair import Mended, mended
from ccl.source import Sources
from ccl.syntax import parse
from ccl.tools import files
from ccl.tools.hosts import NoHost, host_of


def arguments(parser: argparse.ArgumentParser) -> None:
    """The files and which fixes."""
    parser.add_argument("paths", metavar="PATH", nargs="+", help="files that form one contract, or directories of them")
    parser.add_argument("--from", dest="dialect", choices=("icn-core",), help="apply the fixes for that dialect too")
    parser.add_argument("--dry-run", action="store_true", help="change nothing; show what would change")
    parser.add_argument("--syntax", action="store_true", help="only fixes of syntax errors: no names, no types")
    parser.add_argument("--host", default="", help="the installed host to check against")


def run(args: argparse.Namespace) -> int:
    """0 if no error is left, 1 if some are, 2 if a file cannot be read or written."""
    try:
        names = [path for path in files.found(args.paths) if path != files.STDIN]
        texts = [files.text_of(path) for path in names]
    except files.Unreadable as error:
        sys.stderr.write(f"ccl fix: {error}\n")
        return 2
    if not names:
        sys.stderr.write("ccl fix: no .ccl file there\n")
        return 2
    look = looking(args, names)
    result = mended(texts, look, dialect=args.dialect is not None)
    try:
        _write(args, names, texts, result)
    except files.Unreadable as error:
        sys.stderr.write(f"ccl fix: {error}\n")
        return 2
    left = [d for d in look(result.texts) if d.severity == "error"]
    if left:
        sys.stdout.write(f"{len(left)} error{'s' if len(left) > 1 else ''} left; `ccl check` shows them\n")
    return int(bool(left))


def looking(args: argparse.Namespace, names: Sequence[str]) -> Callable[[Sequence[str]], list[Diagnostic]]:
    """What finds the diagnostics of texts by those names: the whole check, or where there is no host the parser."""
    host = None
    if not args.syntax:
        try:
            host = host_of(getattr(args, "given_host", None), args.host)
        except NoHost as error:
            sys.stderr.write(f"ccl fix: {error}; only syntax errors are fixed\n")

    def look(texts: Sequence[str]) -> list[Diagnostic]:
        sources, findings = Sources(), Findings(dialect=args.dialect is not None)
        numbers = [sources.add(name, text) for name, text in zip(names, texts, strict=True)]
        if host is None:
            for number in numbers:
                parse(sources, number, findings)
        else:
            from ccl.elaborate import check

            check(sources, numbers, host, findings)
        return findings.sorted()

    return look


def _write(args: argparse.Namespace, names: Sequence[str], before: Sequence[str], result: Mended) -> None:
    for i, (name, old, new) in enumerate(zip(names, before, result.texts, strict=True)):
        applied = [one for one in result.applied if one.source == i]
        if args.dry_run:
            lines = (old.splitlines(keepends=True), new.splitlines(keepends=True))
            sys.stdout.writelines(difflib.unified_diff(*lines, name, f"{name} (fixed)"))
        elif new != old:
            files.replace(name, new)
        for one in applied:
            sys.stdout.write(f"{name}: {one.code}: {one.title}\n")
    count = len(result.applied)
    if not args.dry_run:
        sys.stdout.write(f"{count} fix{'es' if count != 1 else ''} applied\n")
