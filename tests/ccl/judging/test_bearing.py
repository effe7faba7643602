"""What bears on a requirement: what its condition reads, however it comes by it, and what decides if it is reached."""

from __future__ import annotations

import pytest

from ccl import core
from ccl.bearing import Bearings
from ccl.elaborate import check_text
from ccl.evaluation import Refusal
from ccl.report import for_people
from tests.ccl.judging.contracts import HOST

CONTRACT = """contract C {{
    edition: 1; version: "1.0.0";
    param most: Integer = 5;
    fn enough(n: Integer) -> Bool {{ n + age() > 3 }}
    fn solvent(n: Integer) {{ require n < most; }}
    clause "1" on credit.transfer {{ {body} }}
}}
"""


def bearing(body: str, number: int = 0, *path: str) -> list[str]:
    """The names read that bear on a requirement of the clause, or of the last function of a path of calls from it."""
    program, findings, sources = check_text(CONTRACT.format(body=body), HOST)
    assert program is not None, for_people(findings.sorted(), sources)
    names = (program.clauses[0].body, *(program.exports[name] for name in path))
    places = Bearings(program).of(Refusal(names[-1], number, names))
    return sorted({program.functions[f].sites[site].name for f, site in places})


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("require member();", ["member"]),
        ("require member() and age() > most;", ["age", "member", "most"]),
        ("let a = age(); let b = a + 1; require b > 3;", ["age"]),
        ("let a = if member() { age() } else { 3 }; require a > 2;", ["age", "member"]),
        ("let mut a = 0; if member() { a = age(); } require a > 2;", ["age", "member"]),
        ("if member() { require age() > 2; }", ["age", "member"]),
        ('if member() { deny "no"; }', ["member"]),
        ("if member() { return; } require age() > 2;", ["age", "member"]),
        ("if member() { if decided() { return; } } require age() > 2;", ["age", "decided", "member"]),
        ("require enough(most);", ["age", "most"]),
        ("let mut n = 0; for i in 0..age() { n += most; } require n > 4;", ["age", "most"]),
        ("let mut n = 0; for i in 0..9 { if member() { n = most; break; } } require n > 4;", ["member", "most"]),
        ("require [age(), 3].any(|x| x > most);", ["age", "most"]),
        ("match Some(age()) { Some(x) => { require x > 3; } None => {} }", ["age"]),
    ],
)  # fmt: skip
def test_what_bears(body: str, names: list[str]) -> None:
    assert bearing(body) == names


def test_another_requirement_does_not() -> None:
    body = 'require member(); if decided() { deny "no"; } require age() > 2;'
    assert [bearing(body, number) for number in range(3)] == [["member"], ["decided"], ["age"]]


def test_a_requirement_of_a_function_and_the_ways_to_it() -> None:
    assert bearing("if member() { solvent(age()); }", 0, "solvent") == ["age", "member", "most"]


def test_what_a_function_reads_in_all() -> None:
    program = check_text(CONTRACT.format(body="if member() { solvent(age()); }"), HOST)[0]
    assert program is not None
    found = Bearings(program)
    clause = program.clauses[0].body
    assert sorted(program.functions[f].sites[s].name for f, s in found.of_all(clause)) == ["age", "member", "most"]
    assert list(found.calls(clause)) == [program.exports["solvent"]]
    (place,) = [p for p in found.of_all(clause) if program.functions[p[0]].sites[p[1]].name == "most"]
    assert isinstance(found.reading(place), core.ParamValue)
    assert found.reading((clause, 99)) is None
