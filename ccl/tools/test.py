"""Run the tests that stand in contracts: tables, stories, and properties on samples.

A table has a case a line; a story goes step by step; what a test does not say and a clause asks for is an error that
names the fact. Files given together are one contract. The exit status is 0 only if every case passes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable

from ccl.report import for_machines, for_people
from ccl.testing.cases import Runner
from ccl.testing.properties import CASES, tried
from ccl.testing.results import ERROR, PASSED, Result
from ccl.tools import contracts, files
from ccl.tools.contracts import Contract


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which contracts, which of their tests, and how to show them."""
    parser.add_argument("paths", metavar="PATH", nargs="+", help="files that form one contract, or directories of them")
    parser.add_argument("--each", action="store_true", help="every file is a contract of its own")
    parser.add_argument(
        "-k", dest="wanted", metavar="WORDS", default="", help="only tests whose name holds all of these"
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="show every case, with its fuel and facts")
    parser.add_argument("--samples", type=int, metavar="N", default=CASES, help=f"of each property (default: {CASES})")
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of text")
    contracts.arguments(parser)


def run(args: argparse.Namespace) -> int:
    """0 if all passed and there was something to run, 1 if not, 2 if a file or the host is missing."""
    try:
        paths = list(files.found(args.paths))
        groups = [[path] for path in paths] if args.each else [paths]
        found = [(contract, results(args, contract)) for group in groups if (contract := contracts.loaded(args, group))]
    except files.Unreadable as error:
        sys.stderr.write(f"ccl test: {error}\n")
        return 2
    if args.json:
        sys.stdout.write(json.dumps(as_object(found), ensure_ascii=False) + "\n")
    else:
        for contract, cases in found:
            sys.stdout.write(as_text(contract, cases, verbose=args.verbose))
    every = [result for _, cases in found for result in cases]
    if not args.json:
        sys.stdout.write(summary(every) + "\n")
    whole = len(found) == len(groups) and bool(every)
    return 0 if whole and all(result.status == PASSED for result in every) else 1


def results(args: argparse.Namespace, contract: Contract) -> list[Result]:
    """How the wanted tests of a contract go."""
    words = args.wanted.lower().split()
    runner = Runner(contract.program, contract.bodies, contract.host, contract.sources, contract.findings)
    found: list[Result] = []
    for test in contract.program.tests:
        if all(word in test.name.value.lower() for word in words):
            found += runner.run(test)
    for declared, function in contract.program.properties:
        if all(word in declared.name.text.lower() for word in words):
            found.append(tried(contract.program, contract.host, declared, function, args.samples))
    return found


def as_text(contract: Contract, cases: Iterable[Result], *, verbose: bool) -> str:
    """Test by test: a line for each that passes, and below it whatever went wrong."""
    by_test: dict[str, list[Result]] = {}
    for case in cases:
        by_test.setdefault(case.test, []).append(case)
    lines = [contract.name]
    for name, held in by_test.items():
        wrong = [case for case in held if case.status != PASSED]
        count = held[0].case if len(held) == 1 else f"{len(held) - len(wrong)} of {len(held)}"
        lines.append(f"  {'✗' if wrong else '✓'} {name}" + (f" ({count})" if count else ""))
        for case in held if verbose else wrong:
            lines += _case(contract, case, verbose)
    return "\n".join(lines) + "\n\n"


def _case(contract: Contract, case: Result, verbose: bool) -> list[str]:
    source = contract.sources[case.span.source]
    line, column = source.place(case.span.start)
    mark = "✓" if case.status == PASSED else "✗"
    lines = [f"      {mark} {case.case or case.test}  {source.name}:{line}:{column}"]
    if case.message:
        lines += [f"          {said}" for said in case.message.splitlines()]
    if case.problems:
        lines += [f"          {said}" for said in for_people(case.problems, contract.sources).splitlines()]
    if verbose and case.fuel:
        lines.append(f"          fuel {case.fuel}")
        lines += [f"          {name} = {value}" for name, value in case.facts]
    return lines


def summary(cases: list[Result]) -> str:
    """`12 passed, 1 failed, 1 in error`."""
    if not cases:
        return 'no tests: write `test "name" on credit.transfer { .. }` in a contract'
    passed = sum(case.status == PASSED for case in cases)
    errors = sum(case.status == ERROR for case in cases)
    failed = len(cases) - passed - errors
    said = [f"{passed} passed"]
    said += [f"{failed} failed"] if failed else []
    said += [f"{errors} in error"] if errors else []
    return ", ".join(said)


def as_object(found: list[tuple[Contract, list[Result]]]) -> dict[str, object]:
    """For machines: each case with its place, status, message, fuel and facts."""
    cases = [
        {
            "test": case.test,
            "case": case.case,
            "status": case.status,
            "file": contract.sources[case.span.source].name,
            "line": contract.sources[case.span.source].place(case.span.start)[0],
            "message": case.message,
            "problems": for_machines(case.problems, contract.sources),
            "fuel": case.fuel,
            "facts": [{"name": name, "value": value} for name, value in case.facts],
        }
        for contract, results_ in found
        for case in results_
    ]
    return {"cases": cases, "summary": summary([case for _, results_ in found for case in results_])}
