"""Fixes: applied by a machine, each makes of a wrong text one that checks, or one whose next error has a fix."""

from __future__ import annotations

import pytest

from ccl.diagnostics import Edit, Fix
from ccl.elaborate import check_text
from tests.ccl.elaborate.space import HOST

ROWS = [
    ("fn f() -> Integer { let a = 1; a = 2; a }", "fn f() -> Integer { let mut a = 1; a = 2; a }"),
    ("fn f() -> Integer { let a = 1; let a = a + 1; a }", "fn f() -> Integer { let mut a = 1; a = a + 1; a }"),
    ("fn f() -> Integer { let a: Integer = 1; let a: Integer = 2; a }",
     "fn f() -> Integer { let mut a: Integer = 1; a = 2; a }"),
    ("fn f(a: Integer) -> Integer { a += 1; a }", "fn f(mut a: Integer) -> Integer { a += 1; a }"),
    ("fn f(a: Integer) -> Integer { for x in 0..3 { x = a; } a }",
     "fn f(a: Integer) -> Integer { for mut x in 0..3 { x = a; } a }"),
    ("fn f(a: Float) -> f64 { a }", "fn f(a: Ratio) -> Ratio { a }"),
    ("fn f(a: Integer) -> Integer { a / 2 }", "fn f(a: Integer) -> Integer { round(a / 2, to_zero) }"),
    ("fn f(a: Ratio) -> Integer { a as u64 }", "fn f(a: Ratio) -> Integer { round(a, to_zero) }"),
    ("fn f() -> Integer { 5u64 }", "fn f() -> Integer { 5 }"),
    ('fn f() -> Did { "did:key:abc" }', "fn f() -> Did { did:key:abc }"),
    ("fn f() -> Option<Integer> { 1 }", "fn f() -> Option<Integer> { Some(1) }"),
    ("fn f() -> Result<Integer> { 1 }", "fn f() -> Result<Integer> { Ok(1) }"),
    ("enum E { A } fn f() -> E { E.A }", "enum E { A } fn f() -> E { E::A }"),
    ("fn f() -> Did { caller }", "fn f() -> Did { caller() }"),
    ('clause "1" on member.join { member() }', 'clause "1" on member.join { require member() }'),
    ("fn f() -> Integer { 1; }", None),
    ("fn f() -> Bool { membr() }", None),
    ("let mut total: Integer = 0;", "state total: Integer = 0;"),
]  # fmt: skip


def applied(text: str, edits: tuple[Edit, ...]) -> str:
    for edit in sorted(edits, key=lambda e: e.span.start, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


def fixable(text: str) -> Fix | None:
    findings = check_text(text, HOST)[1]
    return next((f for d in findings.sorted() for f in d.fixes if f.applicable), None)


@pytest.mark.parametrize(("wrong", "right"), ROWS, ids=[w for w, _ in ROWS])
def test_what_a_machine_may_apply(wrong: str, right: str | None) -> None:
    text = wrong
    for _ in range(4):
        fix = fixable(text)
        if fix is None:
            break
        text = applied(text, fix.edits)
    if right is None:
        assert text == wrong
    else:
        assert text == right
        assert not check_text(text, HOST)[1].failed


def test_what_the_dialect_means_is_marked() -> None:
    meant = {"CCL0111", "CCL0112", "CCL0151", "CCL0154", "CCL0160", "CCL0184"}
    found = {d.code for wrong, _ in ROWS for d in check_text(wrong, HOST)[1].all for f in d.fixes if f.dialect}
    assert meant <= found
