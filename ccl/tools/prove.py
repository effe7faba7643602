"""Prove what a contract states and what every contract should hold, or show how it fails.

Asked are its own `property` declarations, and the standard ones: of votes (no member alone passes a motion; another yes
never un-passes, another no never passes; not both a motion and its opposite), of limits, payouts and overflow. Each is
proved, proved up to a number of items, broken by a counterexample with its numbers, accepted by the contract's own
word, or unknown. The exit status is 0 if nothing is broken or unknown.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence

from ccl import core
from ccl.host import Host
from ccl.proof.answers import Answer, Verdict
from ccl.proof.standard import ACCEPTABLE, STANDARD
from ccl.source import Sources
from ccl.tools import contracts, files
from ccl.tools.limited import MEMORY, SECONDS, Ended, Send, Unavailable, limited

CODES = {
    Verdict.BROKEN: "CCL0602", Verdict.UNKNOWN: "CCL0603", Verdict.BOUNDED: "CCL0604", Verdict.ACCEPTED: "CCL0605",
}  # fmt: skip
"""What `ccl explain` knows of each answer but "proved"."""
MOST_NAMED = 12
"""Of more clauses than that of which a property is proved, half as many are named; --json names all."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which contract, which property."""
    parser.add_argument("paths", metavar="FILE", nargs="+", help="the files that form the contract")
    parser.add_argument("--property", default="", metavar="NAME", help="only the property of that name")
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of text")
    parser.add_argument("-q", "--quiet", action="store_true", help="only what is not proved")
    contracts.arguments(parser)


def run(args: argparse.Namespace) -> int:
    """0 if all is proved or accepted, 1 if something is broken or unknown, 2 if it was called wrongly."""
    try:
        contract = contracts.loaded(args, list(files.found(args.paths)))
    except files.Unreadable as error:
        sys.stderr.write(f"ccl prove: {error}\n")
        return 2
    if contract is None:
        return 1
    wrong = _unknown(contract.program, args.property)
    if wrong:
        sys.stderr.write(f"ccl prove: {wrong}\n")
        return 2
    try:
        answers = proved(contract.program, contract.host, args.property)
    except Unavailable as error:
        sys.stderr.write(f"error[CCL0601]: {error}\n")
        return 2
    if args.json:
        found = {"answers": [answer.data() for answer in answers], "summary": _counts(answers)}
        sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(as_text(answers, contract.sources, quiet=args.quiet))
    return 0 if all(a.verdict not in (Verdict.BROKEN, Verdict.UNKNOWN) for a in answers) else 1


def proved(program: core.Program, host: Host, only: str = "", *, seconds: float = SECONDS,
           memory: int = MEMORY) -> list[Answer]:  # fmt: skip
    """All answers, found in a child process within the limits; what it did not come to is unknown. Raises Unavailable.

    only: the name of one property.
    """

    def work(send: Send) -> None:
        from ccl.proof.properties import prove

        for answer in prove(program, host, only):
            send(answer.data())

    answers: list[Answer] = []
    for message in limited(work, seconds, memory):
        if isinstance(message, Ended):
            if message.why:
                answers.append(Answer(only or "the rest", program.name, Verdict.UNKNOWN,
                                      "What was not answered in time.", reason=message.why))  # fmt: skip
        else:
            answers.append(Answer.of(message))
    return answers


def _unknown(program: core.Program, only: str) -> str:
    """What is wrong with the names of properties that were given; '' if nothing is."""
    stated = [declared.name.text for declared, _ in program.properties]
    for name, _ in program.accepts:
        if name not in ACCEPTABLE and name not in stated:
            return f"CCL0606: the contract accepts `{name}`, which is no property; {_those(stated)}"
    if only and only not in STANDARD and only not in stated:
        return f"there is no property `{only}`; {_those(stated)}"
    return ""


def _those(stated: Sequence[str]) -> str:
    return f"there are: {', '.join((*stated, *sorted(ACCEPTABLE)))}"


# -- text --------------------------------------------------------------------------------------------------------------


def as_text(answers: Sequence[Answer], sources: Sources | None = None, *, quiet: bool = False) -> str:
    """The answers for people: a paragraph for each that is not plainly proved, a line for each property that is, and a
    line that counts them."""
    lines: list[str] = []
    plain: dict[tuple[str, str, str], list[str]] = {}
    for answer in answers:
        if answer.verdict is Verdict.PROVED:
            plain.setdefault((answer.name, answer.text, answer.whom), []).append(answer.subject)
        else:
            lines += _paragraph(answer, sources)
    for (name, text, whom), subjects in plain.items():
        if not quiet:
            lines.append(_proved(name, text, whom, subjects))
    counts = ", ".join(
        f"{number} {verdict}{'s' if verdict == Verdict.BROKEN.value and number > 1 else ''}"
        for verdict, number in _counts(answers).items()
        if number
    )
    assumed = dict.fromkeys(a for answer in answers for a in answer.assumes)
    lines += [f"Assumed: {text}." for text in assumed]
    lines.append(counts or "nothing to prove")
    return "\n".join(lines) + "\n"


def _proved(name: str, text: str, whom: str, subjects: Sequence[str]) -> str:
    said = " ".join(part for part in (f"{name}:" if text else "", text, f"({whom})" if whom else "") if part)
    if not text:
        return f"proved: {', '.join(subjects)}"
    named = subjects if len(subjects) <= MOST_NAMED else subjects[: MOST_NAMED // 2]
    more = f" and {len(subjects) - len(named)} more" if len(named) < len(subjects) else ""
    return f"proved: {said} Of {', '.join(named)}{more}."


def _paragraph(answer: Answer, sources: Sources | None) -> Iterable[str]:
    head = answer.verdict.value
    if answer.verdict is Verdict.BOUNDED:
        head += f" {', '.join(answer.bounds)}"
    code = CODES.get(answer.verdict, "")
    whom = f" ({answer.whom})" if answer.whom else ""
    of = f", {answer.name}: {answer.text}" if answer.text else ""
    yield f"{head}{f' [{code}]' if code else ''}: {answer.subject}{of}{whom}"
    if sources is not None and answer.span.source >= 0 and answer.verdict is not Verdict.BOUNDED:
        source = sources[answer.span.source]
        line, column = source.place(answer.span.start)
        yield f"  --> {source.name}:{line}:{column}"
    yield from (f"    {sentence}" for sentence in answer.story)
    if answer.verdict is Verdict.ACCEPTED:
        yield f"  Accepted: {answer.reason}"
    elif answer.reason:
        yield f"  Because {answer.reason}."
    if answer.fix and answer.verdict is Verdict.BROKEN:
        yield f"  Mend it: {answer.fix}"


def _counts(answers: Sequence[Answer]) -> dict[str, int]:
    return {verdict.value: sum(a.verdict is verdict for a in answers) for verdict in Verdict}
