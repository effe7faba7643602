"""Errors, inline: what each case of errors/*.ccl announces is told on that line, and nothing else is.

A case that begins with a clause stands in a contract of its own.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from ccl.catalogue_types import ENTRIES
from ccl.diagnostics import Findings
from ccl.elaborate import check_text
from ccl.source import Sources
from tests.ccl.elaborate.space import HOST

HERE = Path(__file__).parent
_EXPECTED = re.compile(r"//~ (CCL\d{4}) (.*?)\s*(?=//~|$)")


class Case(NamedTuple):
    """A text with its errors inline."""

    title: str
    text: str


def _cases() -> list[Case]:
    found: list[Case] = []
    for path in sorted((HERE / "errors").glob("*.ccl")):
        _, *chunks = re.split(r"^//-- ", path.read_text(), flags=re.MULTILINE)
        found.extend(Case(f"{path.stem}: {chunk.partition(chr(10))[0]}", chunk.partition("\n")[2]) for chunk in chunks)
    return found


CASES = _cases()


def told(text: str) -> tuple[Findings, Sources]:
    made, findings, sources = check_text(text, HOST)
    assert (made is None) == findings.failed
    return findings, sources


def announced(text: str) -> list[tuple[int, str, str]]:
    return [(n, code, part) for n, line in enumerate(text.split("\n"), 1) for code, part in _EXPECTED.findall(line)]


@pytest.mark.parametrize("case", CASES, ids=[case.title for case in CASES])
def test_what_is_announced_is_told_and_nothing_else(case: Case) -> None:
    findings, sources = told(case.text)
    found = [(sources[0].place(d.span.start)[0], d.code, d.message) for d in findings.sorted()]
    wanted = announced(case.text)
    assert [(line, code) for line, code, _ in found] == [(line, code) for line, code, _ in wanted], found
    for (_, _, message), (_, _, part) in zip(found, wanted, strict=True):
        assert part in message


def test_every_code_is_pinned_and_explained() -> None:
    pinned = {code for case in CASES for _, code, _ in announced(case.text)}
    elsewhere = {"CCL0143", "CCL0208", "CCL0250"}  # in test_limits.py
    assert pinned | elsewhere == set(ENTRIES)
    assert len(pinned) > 90


def test_every_code_that_is_used_is_in_the_catalogue() -> None:
    used: set[str] = set()
    for path in (HERE.parents[2] / "ccl" / "elaborate").glob("*.py"):
        used |= set(re.findall(r"CCL0[12]\d\d", path.read_text()))
    assert used == set(ENTRIES)


@pytest.mark.parametrize("code", [code for code, entry in ENTRIES.items() if entry.example])
def test_the_example_of_a_code_is_wrong_and_then_right(code: str) -> None:
    wrong, right = ENTRIES[code].example.split("// instead:\n")
    assert [d.code for d in told(wrong)[0].sorted()] == [code]
    assert told(right)[0].all == []
