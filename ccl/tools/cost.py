"""What a contract may cost: the most fuel of each clause, action and function, and what triggers may do at most.

ccl cost orchard.ccl
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from ccl import core, cost, fuel, types
from ccl.diagnostics import Findings
from ccl.report import for_machines, for_people
from ccl.testing.results import shown as written
from ccl.tools import contracts, files


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that may be run. what: as a person calls it; most: None where there is no bound."""

    what: str
    worst: cost.Polynomial

    @property
    def most(self) -> int | None:
        """The worst case where every collection is as long as it declares."""
        return self.worst.at()


def arguments(parser: argparse.ArgumentParser) -> None:
    """The contract, and how much fuel one evaluation has."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("paths", metavar="FILE", nargs="+", help="the contract's files")
    parser.add_argument("--limit", type=int, default=fuel.LIMIT, metavar="N",
                        help=f"the fuel of one evaluation ({fuel.LIMIT:,} if not given)")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of text")
    contracts.arguments(parser)


def run(args: argparse.Namespace) -> int:
    """0 if all is bounded and within the limit, 1 if not or if the contract has errors, 2 if a file is missing."""
    try:
        contract = contracts.loaded(args, args.paths)
    except files.Unreadable as error:
        sys.stderr.write(f"ccl cost: {error}\n")
        return 2
    if contract is None:
        return 1
    rows = list(costs(contract.program))
    findings = Findings()
    cost.check(contract.program, findings, limit=args.limit)
    if args.json:
        costed = [{"what": r.what, "worst": r.worst.text(), "most": r.most, "maxima": r.worst.maxima} for r in rows]
        triggers = [{"name": one.name, "most_commands": one.most_commands,
                     "most_minor": {unit: str(minor) for unit, minor in one.most_money}}
                    for one in contract.program.triggers]  # fmt: skip
        told = {"costs": costed, "triggers": triggers, "limit": args.limit,
                "problems": for_machines(findings.sorted(), contract.sources)}  # fmt: skip
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(table(rows, args.limit) + acts(contract.program))
        sys.stderr.write(for_people(findings.sorted(), contract.sources) if findings.all else "")
    return 1 if findings.failed else 0


def costs(program: core.Program) -> Iterator[Row]:
    """What the host may run and what an author may call, in the order written; a clause with its guard."""
    done: set[str] = set()
    for clause in program.clauses:
        worst = cost.Polynomial()
        for name in (clause.guard, clause.body):
            if name:
                worst = worst.plus(cost.worst(program, name))
                done.add(name)
        yield Row(
            f"exception to {clause.replaces}" if clause.replaces else f"clause {clause.number or clause.name}", worst
        )
    for trigger in program.triggers:
        yield Row(f"trigger {trigger.name}", cost.worst(program, trigger.action))
        done |= {trigger.action, trigger.guard}
    for proposal in program.proposals:
        if proposal.execution:
            yield Row(f"execution of {proposal.name}", cost.worst(program, proposal.execution))
            done.add(proposal.execution)
    for shown, name in program.exports.items():
        if name not in done:
            yield Row(shown, cost.worst(program, name))


def acts(program: core.Program) -> str:
    """What each trigger does at most when it goes off once: commands, and money by unit."""
    lines = ["Most that a trigger does each time:"] if program.triggers else []
    width = max((len(trigger.name) for trigger in program.triggers), default=0)
    for trigger in program.triggers:
        count = trigger.most_commands
        money = (written(minor, types.Money(unit), program) for unit, minor in trigger.most_money)
        does = ", ".join((f"{count:,} command{'s' if count != 1 else ''}", *money))
        lines.append(f"  {trigger.name:<{width}}  {does}")
    return "".join(line + "\n" for line in lines)


def table(rows: list[Row], limit: int) -> str:
    """The rows for people: the number, what it is of, and the sum where it depends on anything."""
    lines = [f"Most fuel of one evaluation ({limit:,} allowed):"]
    width = max((len(f"{row.most:,}") for row in rows if row.most is not None), default=0)
    width = max(width, len("no bound"))
    for row in rows:
        number = "no bound" if row.most is None else f"{row.most:,}"
        maxima = ", ".join(f"{name} at most {most:,}" for name, most in row.worst.maxima.items())
        grows = f"  = {row.worst.text()}, {maxima}" if maxima and row.most is not None else ""
        lines.append(f"  {number:>{width}}  {row.what}{grows}")
    return "\n".join(lines) + "\n"
