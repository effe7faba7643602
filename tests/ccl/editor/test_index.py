"""Names of a source: declared, used, renamed; what stands at an offset. All offsets are marked in the text by «»."""

import re

import pytest

from ccl.diagnostics import Findings
from ccl.editor.index import Index
from ccl.source import Sources
from ccl.syntax import parse

SOURCE = """
unit CREDIT { decimals: 2; }
enum Mood { Good, Bad(Integer) }
struct Pair { a: Integer, b: Mood }
const LEAST: Integer = 3;
fn twice(n: Integer) -> Integer { let m = n + n; m }
fn f(xs: [Integer], mood: Mood) -> Integer {
    let mut sum = LEAST;
    for x in xs { sum += twice(x); }
    let sum2 = match mood { Mood::Good => 1, Bad(x) => x };
    if let Bad(y) = mood { sum = y; }
    sum + sum2
}
contract Shop {
    param limit: Money<CREDIT> = 500 in 0..2000 changed by Policy;
    clause "4.1" on credit.transfer "Within the limit." { require command.amount <= limit; }
    exception to "4.1" when decided() before "4.2" { require command.amount <= 10 CREDIT; }
    clause "4.2" on credit.batch { let limit = 3; require limit > 2; }
}
"""


def indexed(text: str) -> Index:
    sources, findings = Sources(), Findings()
    file = parse(sources, sources.add("x.ccl", text), findings)
    assert not findings.failed, findings.all
    return Index(file, text)


def places(text: str, word: str) -> list[int]:
    return [m.start() for m in re.finditer(rf"\b{re.escape(word)}\b", text)]


@pytest.mark.parametrize(
    ("word", "first", "expected"),
    [
        ("twice", 0, [0, 1]),
        ("LEAST", 0, [0, 1]),
        ("Mood", 0, [0, 1, 2, 3]),
        ("Pair", 0, [0]),
        ("CREDIT", 0, [0, 1, 2]),
        ("sum", 0, [0, 1, 2, 3]),
        ("limit", 0, [0, 2]),  # the word between stands in a text
        ("limit", 3, [3, 4]),  # a local hides the parameter
        ("Bad", 0, [0, 1, 2]),
    ],
)
def test_a_name_and_all_its_uses(word: str, first: int, expected: list[int]) -> None:
    index = indexed(SOURCE)
    at = places(SOURCE, word)
    found = index.at(at[first])
    assert found is not None
    assert [at.index(s.start) for s in (found.at, *found.uses)] == expected


def test_arms_loops_and_branches_have_names_of_their_own() -> None:
    index = indexed(SOURCE)
    x = places(SOURCE, "x")
    loop, arm = index.at(x[0]), index.at(x[3])
    assert loop is not None
    assert arm is not None
    assert loop is not arm
    assert [s.start for s in (loop.at, *loop.uses)] == [x[0], x[1]]
    assert [s.start for s in (arm.at, *arm.uses)] == [x[2], x[3]]


def test_clauses_are_found_by_their_numbers() -> None:
    index = indexed(SOURCE)
    first = next(d for d in index.all if d.kind == "clause" and d.name == "4.1")
    assert first.doc == "Within the limit."
    assert len(first.uses) == 1
    assert [d.name for d in index.outline][-1] == "Shop"
    assert [d.name for d in index.outline[-1].inside] == ["limit", "4.1", "exception to 4.1", "4.2"]


def test_names_that_nothing_declares_are_kept_apart() -> None:
    index = indexed("fn f() -> Integer { unknown + caller }")
    assert set(index.unknown) == {"unknown", "caller", "Integer"}


def test_nothing_stands_between_names() -> None:
    assert indexed("fn f() {   }").at(9) is None
