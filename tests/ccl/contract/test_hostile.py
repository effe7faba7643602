"""Contracts written to break the checker: whatever stands there, it ends soon, and with a diagnostic."""

from __future__ import annotations

import random
import re
import time
from pathlib import Path

import pytest

from ccl import disjoint
from ccl.diagnostics import Findings
from ccl.elaborate import check, check_text
from ccl.source import Sources

from .orchard import HOST
from .test_program import ORCHARD

_TOKEN = re.compile(r'\w+|"[^"\n]*"|\s+|.')
_ERRORS = sorted((Path(__file__).parent / "errors").glob("[!c]*.ccl"))
CORPUS = [ORCHARD, *(re.sub("//~.*", "", path.read_text("utf-8")) for path in _ERRORS)]
WORDS = sorted({token for text in CORPUS for token in _TOKEN.findall(text) if token.strip()})
SECONDS = 10
"""Far above what it takes; what grows with the square of the text's length takes longer."""


def mutated(rng: random.Random) -> str:
    """A contract with a few tokens dropped, replaced, added or exchanged."""
    tokens = _TOKEN.findall(rng.choice(CORPUS))
    for _ in range(rng.randrange(1, 6)):
        at, other = rng.randrange(len(tokens)), rng.randrange(len(tokens))
        change = rng.randrange(4)
        if change == 0:
            tokens[at] = ""
        elif change == 1:
            tokens[at] = rng.choice(WORDS)
        elif change == 2:
            tokens[at] += " " + rng.choice(WORDS) + " "
        else:
            tokens[at], tokens[other] = tokens[other], tokens[at]
    return "".join(tokens)


@pytest.mark.parametrize("seed", range(8))
def test_a_slip_of_the_pen_never_breaks_it(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(25):
        text = mutated(rng)
        program, findings, sources = check_text(text, HOST)
        assert (program is None) is findings.failed
        for diagnostic in findings.all:
            for label in diagnostic.labels:
                assert 0 <= label.span.start <= label.span.end <= len(sources[label.span.source].text)


def _many(count: int, one: str) -> str:
    return "contract A {" + "".join(one.replace("#+", str(i + 1)).replace("#", str(i)) for i in range(count)) + "}"


LARGE = {
    "clauses": _many(4_000, 'clause "#" on credit.transfer "x" { require member(); }\n'),
    "roles in a row": _many(4_000, "role R# extends R#+ { }\n"),
    "roles unknown": _many(2_000, "role R# extends S# { }\n"),
    "triggers": _many(1_000, "trigger t# on credit.batch { emit E { a: 1 }; }\n"),
    "exceptions to nothing": _many(2_000, 'exception to "x#" as "#" when member() { }\n'),
    "commands unknown": _many(2_000, 'clause "#" on credit.transfe# "x" { }\n'),
    "params": _many(3_000, "param p#: Integer = 1 + 1 in 0..9;\n"),
    "proposals": _many(2_000, "proposal P# { duration: 1 day; eligible: E#; }\n"),
    "conditions": 'contract A { clause "1" on credit.transfer when '
    + " or ".join(["!suspended()"] * 150)
    + ' "x" { } }',
}


@pytest.mark.parametrize("name", LARGE)
def test_what_is_large_takes_no_longer_than_its_length(name: str) -> None:
    begin = time.process_time()
    check_text(LARGE[name], HOST)
    assert time.process_time() - begin < SECONDS


def test_many_exceptions_are_compared_for_so_long_and_no_longer() -> None:
    group = "".join(
        f'exception to "#" as "#.{i}" when (members() == {i} or suspended()) and (member() or members() > {i}) {{ }}\n'
        for i in range(100)
    )
    begin = time.process_time()
    _, findings, _ = check_text(_many(10, f'clause "#" on credit.transfer "x" {{ }}\n{group}'), HOST)
    assert time.process_time() - begin < SECONDS
    assert {d.code for d in findings.all} == {"CCL0355"}


def test_a_check_repeated_on_the_same_findings_fails_again() -> None:
    sources, findings = Sources(), Findings()
    number = sources.add("a.ccl", "contract A { edition: 5; }")
    assert check(sources, [number], HOST, findings) is None
    assert check(sources, [number], HOST, findings) is None
    assert [d.code for d in findings.all] == ["CCL0300"]


def test_guards_too_deep_are_not_looked_into() -> None:
    made, findings, _ = check_text(
        "fn g0(n: Integer) -> Integer { n }\n"
        + "".join(f"fn g{i}(n: Integer) -> Integer {{ g{i - 1}(n + 1) }}\n" for i in range(1, 120))
        + 'contract A { clause "1" on credit.transfer when g119(members()) > 5 "x" { } }',
        HOST,
    )
    assert made is not None, [d.message for d in findings.all]
    assert disjoint.ways(made.functions[made.clauses[0].guard], made.functions, made.enums) is None


def test_guards_with_many_branches_in_a_row_are_not_looked_into() -> None:
    branches = "".join(f"if n == {i} {{ a = a + 1; }} " for i in range(400))
    made, findings, _ = check_text(
        f"fn f(n: Integer) -> Integer {{ let mut a = 0; {branches} a }}\n"
        'contract A { clause "1" on credit.transfer when f(members()) > 5 "x" { } }',
        HOST,
    )
    assert made is not None, [d.message for d in findings.all]
    assert disjoint.ways(made.functions[made.clauses[0].guard], made.functions, made.enums) is None
