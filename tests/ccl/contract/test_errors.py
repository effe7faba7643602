"""Every kind of contract error, pinned where it stands: `//~ CODE part of what it says` at the end of the line."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from ccl.catalogue_contract import ENTRIES
from ccl.diagnostics import Diagnostic
from ccl.elaborate import check_text

from .orchard import HOST

FILES = sorted((Path(__file__).parent / "errors").glob("*.ccl"))
_MARK = re.compile(r"//~ (CCL\d{4}) (.*?)(?=\s*//~|$)")


def expected(text: str) -> list[tuple[int, str, str]]:
    """Line, code and words of each mark."""
    lines = enumerate(text.splitlines(), 1)
    return [(number, code, words) for number, line in lines for code, words in _MARK.findall(line)]


def said(diagnostic: Diagnostic) -> str:
    """All that a diagnostic says."""
    return " ".join((diagnostic.message, *(label.text for label in diagnostic.labels), *diagnostic.notes))


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_each_error_is_told_once_where_it_is(path: Path) -> None:
    text = path.read_text("utf-8")
    _, findings, sources = check_text(text, HOST, path.name)
    wanted = expected(text)
    told = [(sources[d.span.source].place(d.span.start)[0], d) for d in findings.all]
    assert Counter((line, d.code) for line, d in told) == Counter((line, code) for line, code, _ in wanted)
    for line, code, words in wanted:
        assert any(words in said(d) for at, d in told if (at, d.code) == (line, code)), (line, code, words)


def test_every_code_is_explained_and_pinned() -> None:
    pinned = {code for path in FILES for _, code, _ in expected(path.read_text("utf-8"))}
    elsewhere = set(re.findall(r"CCL03\d\d", "".join(p.read_text("utf-8") for p in Path(__file__).parent.glob("*.py"))))
    assert set(ENTRIES) == {code for code in pinned | elsewhere if code.startswith("CCL03")}
    assert len(pinned) >= 35


def test_an_explanation_says_what_to_do() -> None:
    for code, entry in ENTRIES.items():
        assert entry.title, code
        assert entry.text.endswith("."), code
