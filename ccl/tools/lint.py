"""Point out what is allowed in a contract and probably not meant, or makes it hard to read.

Warnings: names that nobody uses, conditions that decide nothing, clauses and exceptions that never apply. Hints:
numbers that could be parameters, refusals without a reason, clauses without a text, long functions.
"""

from __future__ import annotations

import argparse
import sys

from ccl.diagnostics import Diagnostic, Findings, Severity
from ccl.lint import linted
from ccl.report import as_json, for_people
from ccl.syntax import parse
from ccl.tools import contracts, files
from ccl.tools.check import coloured


def arguments(parser: argparse.ArgumentParser) -> None:
    """The files, and what to look for."""
    parser.add_argument("paths", metavar="PATH", nargs="+", help="files that form one contract, or directories of them")
    parser.add_argument(
        "--allow", metavar="CODE", action="append", default=[], help="do not tell of this; may be repeated"
    )
    parser.add_argument("--strict", action="store_true", help="exit 1 for hints too, not only for warnings")
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of text")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colours in the text")
    contracts.arguments(parser)


def run(args: argparse.Namespace) -> int:
    """0 if nothing was found, 1 if something was or the contract has errors, 2 if a file or the host is missing."""
    try:
        contract = contracts.loaded(args, list(files.found(args.paths)))
    except files.Unreadable as error:
        sys.stderr.write(f"ccl lint: {error}\n")
        return 2
    if contract is None:
        return 1
    sources = contract.sources
    trees = [parse(sources, number, Findings()) for number in range(len(contract.names))]
    found = linted(contract.program, trees, sources, contract.host)
    allowed = {code.upper() if code.upper().startswith("CCL") else f"CCL{code.zfill(4)}" for code in args.allow}
    told = [one for one in found if one.code not in allowed]
    if args.json:
        sys.stdout.write(as_json(told, sources) + "\n")
    else:
        sys.stdout.write(for_people(told, sources, colour=coloured(args.color)))
    return int(any(args.strict or _matters(one) for one in told))


def _matters(one: Diagnostic) -> bool:
    return one.severity is not Severity.HINT
