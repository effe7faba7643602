"""Errors, inline: each case in errors/*.ccl is a text of its own, and says on its lines what must be told there.

`//~ CODE part of the message` is about its own line, `//~^` about the line before. Nothing else may be told.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from ccl import catalogue
from ccl.catalogue_syntax import ENTRIES
from tests.ccl.syntax.reading import HERE, codes, parsed

_EXPECTED = re.compile(r"//~(\^?) (CCL\d{4}) (.*?)\s*(?=//~|$)")
REPOSITORY = HERE.parents[2]


class Case(NamedTuple):
    """A text with its errors inline."""

    title: str
    text: str


def _cases() -> list[Case]:
    found = []
    for path in sorted((HERE / "errors").glob("*.ccl")):
        _, *chunks = re.split(r"^//-- ", path.read_text(), flags=re.MULTILINE)
        found.extend(Case(f"{path.stem}: {chunk.partition(chr(10))[0]}", chunk.partition("\n")[2]) for chunk in chunks)
    return found


CASES = _cases()


def expected(text: str) -> list[tuple[int, str, str]]:
    """Line, code and part of the message of each error that a text announces."""
    return [
        (number - len(caret), code, part)
        for number, line in enumerate(text.split("\n"), 1)
        for caret, code, part in _EXPECTED.findall(line)
    ]


@pytest.mark.parametrize("case", CASES, ids=[case.title for case in CASES])
def test_what_is_announced_is_told_and_nothing_else(case: Case) -> None:
    _, findings, sources = parsed(case.text)
    told = [(sources[0].place(d.span.start)[0], d.code, d.message) for d in findings.sorted()]
    wanted = expected(case.text)
    assert [(line, code) for line, code, _ in told] == [(line, code) for line, code, _ in wanted], told
    for (_, _, message), (_, _, part) in zip(told, wanted, strict=True):
        assert part in message


def test_every_code_of_the_block_is_pinned_by_a_case() -> None:
    pinned = {code for case in CASES for _, code, _ in expected(case.text)}
    elsewhere = {"CCL0006", "CCL0007", "CCL0010", "CCL0011"}  # in this file and in test_limits.py
    assert pinned | elsewhere == set(ENTRIES)


def test_every_code_that_the_parser_uses_is_in_the_catalogue() -> None:
    used: set[str] = set()
    for path in Path(REPOSITORY, "ccl", "syntax").glob("*.py"):
        used |= set(re.findall(r"CCL\d{4}", path.read_text()))
    assert used == set(ENTRIES)


@pytest.mark.parametrize("code", [code for code, entry in ENTRIES.items() if entry.example])
def test_the_example_of_a_code_is_wrong_and_then_right(code: str) -> None:
    wrong, right = ENTRIES[code].example.split("// instead:\n")
    assert codes(wrong) == [code]
    assert codes(right) == []


def test_codes_are_found_however_they_are_written() -> None:
    assert catalogue.code_of("ccl12") == catalogue.code_of("12") == "CCL0012"
    assert catalogue.code_of("twelve") is None
    assert catalogue.entry("CCL0012") is ENTRIES["CCL0012"]
    assert catalogue.entry("CCL0098") is None


@pytest.mark.parametrize("text", ["// vote \u202eylno\nfn f() {}", 'const A: String = "a\u200bb";', "fn\u2066 f() {}"])
def test_hidden_characters_are_told_wherever_they_stand(text: str) -> None:
    assert codes(text) == ["CCL0006"]


def test_a_fix_mends_what_it_is_for() -> None:
    text = "fn f() {\n    let a = 1\n    if a = 2 { g(&a) }\n    h(b = 1 === 2)\n}\n"
    findings = parsed(text)[1]
    edits = [edit for d in findings.all for fix in d.fixes if fix.applicable for edit in fix.edits]
    for edit in sorted(edits, key=lambda e: -e.span.start):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    assert codes(text) == []
    assert text == "fn f() {\n    let a = 1;\n    if a == 2 { g(a) }\n    h(b : 1 == 2)\n}\n"


def test_spans_in_markdown_point_into_the_markdown() -> None:
    code = "fn f() {\n    let a = 1\n    let b = 2;\n}\n"
    text = f"# Rules\n\nIn words: `let x = 1`\n\n```ccl\n{code}```\n\nAnd `}}` more.\n"
    _, findings, sources = parsed(text, "rules.bylaws.md")
    assert [(d.code, sources[0].place(d.span.start)) for d in findings.all] == [("CCL0012", (7, 14))]
