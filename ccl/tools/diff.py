"""Compare two versions of a contract: for every command, whether the new one allows the same, less, more or both.

Where they differ, a case is told that one permits and the other refuses, with what each says. A version that may allow
more has to be acknowledged by those who adopt it. Types of decision, parameters and actions are compared as well. The
exit status is 0 if nothing is looser, incomparable or unknown.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence

from ccl import core
from ccl.host import Host
from ccl.proof.answers import Change, Relation
from ccl.tools import contracts, files
from ccl.tools.limited import MEMORY, SECONDS, Ended, Send, Unavailable, limited

CODES = {
    Relation.STRICTER: "CCL0610", Relation.LOOSER: "CCL0611", Relation.INCOMPARABLE: "CCL0612",
    Relation.UNKNOWN: "CCL0613",
}  # fmt: skip
"""What `ccl explain` knows of each relation but "equivalent"."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The two versions."""
    parser.add_argument("old", metavar="OLD", help="a file, or the directory of the files that form a contract")
    parser.add_argument("new", metavar="NEW", help="the version that is to follow it")
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of text")
    contracts.arguments(parser)


def run(args: argparse.Namespace) -> int:
    """0 if the new version allows nothing more, 1 if it may, or has errors, 2 if it was called wrongly."""
    try:
        old = contracts.loaded(args, list(files.found([args.old])))
        new = contracts.loaded(args, list(files.found([args.new])))
    except files.Unreadable as error:
        sys.stderr.write(f"ccl diff: {error}\n")
        return 2
    if old is None or new is None:
        return 1
    try:
        found = compared(old.program, new.program, new.host)
    except Unavailable as error:
        sys.stderr.write(f"error[CCL0601]: {error}\n")
        return 2
    if args.json:
        data = {"changes": [change.data() for change in found], "acknowledge": [c.name for c in to_acknowledge(found)]}
        sys.stdout.write(json.dumps(data, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(as_text(found))
    return 1 if to_acknowledge(found) else 0


def compared(old: core.Program, new: core.Program, host: Host, *, seconds: float = SECONDS,
             memory: int = MEMORY) -> list[Change]:  # fmt: skip
    """All changes, found in a child process within the limits; a command it did not come to is unknown.

    Raises Unavailable. Two programs of one semantic hash are equivalent without a solver.
    """
    from ccl import semantics
    from ccl.proof.fingerprint import governed

    names = governed(old, new, host)
    if semantics.semantic_hash(old) == semantics.semantic_hash(new):
        return [Change("command", name, Relation.EQUIVALENT) for name in names]

    def work(send: Send) -> None:
        from ccl.proof.comparing import changes

        for change in changes(old, new, host):
            send(change.data())

    found: list[Change] = []
    for message in limited(work, seconds, memory):
        if isinstance(message, Ended):
            if message.why:
                told = {change.name for change in found if change.kind == "command"}
                found += [Change("command", name, Relation.UNKNOWN, reason=message.why)
                          for name in names if name not in told]  # fmt: skip
                found.append(Change("contract", new.name, Relation.UNKNOWN, reason=message.why))
        else:
            found.append(Change.of(message))
    return found


def to_acknowledge(found: Sequence[Change]) -> tuple[Change, ...]:
    """The changes that whoever adopts the new version has to acknowledge: all that may allow more than before."""
    return tuple(c for c in found if c.relation not in (Relation.EQUIVALENT, Relation.STRICTER))


def as_text(found: Sequence[Change]) -> str:
    """The changes for people; commands that are as they were are only counted."""
    same = [c for c in found if c.relation is Relation.EQUIVALENT and not c.notes]
    lines: list[str] = []
    for change in found:
        if change.relation is not Relation.EQUIVALENT or change.notes:
            lines += _paragraph(change)
    lines.append(f"{len(same)} of {sum(c.kind == 'command' for c in found)} commands are judged as before.")
    asked = to_acknowledge(found)
    if asked:
        names = ", ".join(f"{c.kind} {c.name}" for c in asked)
        lines.append(f"To be acknowledged by those who adopt it, since it may allow more: {names}.")
    return "\n".join(lines) + "\n"


def _paragraph(change: Change) -> Iterable[str]:
    code = CODES.get(change.relation, "")
    bounds = f" (looked at up to {', '.join(change.bounds)})" if change.bounds else ""
    yield f"{change.relation.value}{f' [{code}]' if code else ''}: {change.kind} {change.name}{bounds}"
    if change.reason:
        yield f"  Because {change.reason}."
    yield from (f"  {note}" for note in change.notes)
    for witness in change.witnesses:
        yield "  For example:"
        yield from (f"    {sentence}" for sentence in witness.case)
        yield f"    Old version: {witness.old}."
        yield f"    New version: {witness.new}."
