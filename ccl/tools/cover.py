"""Say what the tests of a contract have not seen: conditions that were never true or never false, clauses never used.

By condition, not by line: each part of a `require`, an `if` or a guard should decide both ways, each clause permit and
refuse, each exception be used. Samples of properties do not count.
"""

from __future__ import annotations

import argparse
import json
import sys

from ccl.testing.cases import Runner
from ccl.testing.coverage import Coverage, Goal, by_line, percent
from ccl.testing.results import PASSED
from ccl.tools import contracts, files
from ccl.tools.contracts import Contract


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which contract, and how much is enough."""
    parser.add_argument("paths", metavar="PATH", nargs="+", help="files that form one contract, or directories of them")
    parser.add_argument("--each", action="store_true", help="every file is a contract of its own")
    parser.add_argument("--min", type=int, metavar="PCT", default=0, help="exit 1 if less than this is covered")
    parser.add_argument("--all", action="store_true", help="show covered lines too")
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of text")
    contracts.arguments(parser)


def run(args: argparse.Namespace) -> int:
    """0, or 1 if a test fails or less than --min is covered, 2 if a file or the host is missing."""
    try:
        paths = list(files.found(args.paths))
        groups = [[path] for path in paths] if args.each else [paths]
        found = [contracts.loaded(args, group) for group in groups]
    except files.Unreadable as error:
        sys.stderr.write(f"ccl cover: {error}\n")
        return 2
    status = 0
    objects = []
    for contract in found:
        if contract is None:
            status = 1
            continue
        goals, wrong = covered(contract)
        if wrong:
            sys.stderr.write(f"ccl cover: {wrong} cases do not pass; `ccl test` shows them\n")
        status = max(status, int(bool(wrong) or percent(goals) < args.min))
        if args.json:
            objects.append(as_object(contract, goals))
        else:
            sys.stdout.write(as_text(contract, goals, all_lines=args.all))
    if args.json:
        sys.stdout.write(json.dumps(objects, ensure_ascii=False) + "\n")
    return status


def covered(contract: Contract) -> tuple[list[Goal], int]:
    """What there was to see in the contract's own files, and how many cases did not pass. What a base says is for the
    base's own tests."""
    coverage = Coverage(contract.program, contract.sources, frozenset(range(len(contract.names))))
    runner = Runner(contract.program, contract.bodies, contract.host, contract.sources, contract.findings,
                    coverage.observe, coverage.ran)  # fmt: skip
    results = runner.run_all()
    own = [goal for goal in coverage.goals() if goal.span.source < len(contract.names)]
    return own, sum(result.status != PASSED for result in results)


def as_text(contract: Contract, goals: list[Goal], *, all_lines: bool) -> str:
    """Each line with what was not seen there, then the part of all that was."""
    out: list[str] = []
    for (name, line), held in by_line(goals, contract.sources).items():
        missing = [goal.what for goal in held if not goal.met]
        if missing:
            out.append(f"{name}:{line}: never {', never '.join(missing)}")
        elif all_lines:
            out.append(f"{name}:{line}: covered")
    met = sum(goal.met for goal in goals)
    out.append(f"{contract.name}: {percent(goals)}% ({met} of {len(goals)})")
    return "\n".join(out) + "\n"


def as_object(contract: Contract, goals: list[Goal]) -> dict[str, object]:
    """For machines: the part, and every goal with its place."""
    lines = [
        {"file": name, "line": line, "what": goal.what, "met": goal.met}
        for (name, line), held in by_line(goals, contract.sources).items()
        for goal in held
    ]
    return {"contract": contract.name, "percent": percent(goals), "goals": lines}
