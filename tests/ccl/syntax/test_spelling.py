"""What was probably meant: the nearest word, and of several that are the one that begins alike."""

from __future__ import annotations

import pytest

from ccl.syntax.spelling import closest


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("claus", ("class", "clause"), "clause"),
        ("memebr", ("member", "number"), "member"),
        ("cat", ("bat", "hat"), "bat"),
        ("cat", ("dog",), None),
    ],
)
def test_what_was_meant(word: str, known: tuple[str, ...], meant: str | None) -> None:
    assert closest(word, known) == meant
