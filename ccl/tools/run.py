"""Evaluate a function or an action of a contract with arguments, written as in CCL; nothing outside changes.

ccl run orchard.ccl fee "100 CREDIT"
ccl run orchard.ccl pay_wages did:key:ann "20 CREDIT" --given "member = true"
"""

from __future__ import annotations

import argparse
import json
import sys

from ccl.report import for_machines, for_people
from ccl.tools import contracts, files
from ccl.tools.evaluating import Answer, Session


def arguments(parser: argparse.ArgumentParser) -> None:
    """The contract, the function and its arguments."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("path", metavar="FILE", help="the contract")
    parser.add_argument("function", metavar="FUNCTION", help="a function or action of it")
    parser.add_argument("args", metavar="VALUE", nargs="*", help='its arguments, written as in CCL: 5, "100 CREDIT"')
    parser.add_argument("--given", metavar="FACTS", action="append", default=[],
                        help='what views, parameters and states are: "member = true, limit = 800 CREDIT"')  # fmt: skip
    parser.add_argument("--fuel", action="store_true", help="show how much fuel it took")
    parser.add_argument("--facts", action="store_true", help="show what it read")
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of text")
    contracts.arguments(parser)


def run(args: argparse.Namespace) -> int:
    """0 with a value, 1 if it is refused, traps or cannot be evaluated, 2 if a file or the host is missing."""
    try:
        contract = contracts.loaded(args, [args.path])
    except files.Unreadable as error:
        sys.stderr.write(f"ccl run: {error}\n")
        return 2
    if contract is None:
        return 1
    session = Session(contract)
    for facts in args.given:
        answer = session.give(facts)
        if not answer.fine:
            break
    else:
        answer = session.call(args.function, args.args)
    if args.json:
        problems = for_machines(answer.problems, contract.sources)
        held = {"fine": answer.fine, "value": answer.text, "fuel": answer.fuel, "notes": list(answer.notes)}
        facts_ = [{"name": name, "value": value} for name, value in answer.facts]
        sys.stdout.write(json.dumps({**held, "facts": facts_, "problems": problems}, ensure_ascii=False) + "\n")
    else:
        stream = sys.stdout if answer.fine else sys.stderr
        stream.write(told(answer, session, fuel=args.fuel, facts=args.facts))
    return 0 if answer.fine else 1


def told(answer: Answer, session: Session, *, fuel: bool, facts: bool) -> str:
    """An answer as text."""
    lines = [answer.text] if answer.text else []
    lines += [f"  {note}" for note in answer.notes]
    if fuel and answer.fuel:
        lines.append(f"  fuel {answer.fuel}")
    if facts:
        lines += [f"  {name} = {value}" for name, value in answer.facts]
    text = "".join(f"{line}\n" for line in lines)
    return text + (for_people(answer.problems, session.contract.sources) if answer.problems else "")
