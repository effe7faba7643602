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
    ("fn f() -> Result<Integer> { Err(7) }", 'fn f() -> Result<Integer> { Err("7") }'),
    ("fn g() -> Result<Integer> { Ok(1) } fn f() -> Result<Integer> { try g() catch Ok(4) }",
     "fn g() -> Result<Integer> { Ok(1) } fn f() -> Result<Integer> { Ok(try g() catch 4) }"),
    ("fn g() -> Result<Integer> { Ok(1) } fn f() -> Result<Integer> { try g() }",
     "fn g() -> Result<Integer> { Ok(1) } fn f() -> Result<Integer> { Ok(try g()) }"),
    ("struct S { n: Integer } impl S { fn two() -> Integer { self.n * 2 } } fn f(s: S) -> Integer { s.two() }",
     "struct S { n: Integer } impl S { fn two(self) -> Integer { self.n * 2 } } fn f(s: S) -> Integer { s.two() }"),
    ("struct S { n: Integer, fn by(m: Integer) -> Integer { self.n * m } } fn f(s: S) -> Integer { s.by(2) }",
     "struct S { n: Integer, fn by(self, m: Integer) -> Integer { self.n * m } } fn f(s: S) -> Integer { s.by(2) }"),
    ("fn f() -> Did { get_caller() }", "fn f() -> Did { caller() }"),
    ("fn f(a: Array<Did, max 9>) -> Integer { array_len_did(a) }",
     "fn f(a: Array<Did, max 9>) -> Integer { array_len(a) }"),
    ("fn f() -> Integer { let mut m = map_new(); map_insert(m, 1, 2); m.len() }",
     "fn f() -> Integer { let mut m = Map::new(); map_insert(m, 1, 2); m.len() }"),
    ('fn f(a: String) -> String { concat(a, "-", a) }', 'fn f(a: String) -> String { (a + "-" + a) }'),
    ('fn f(a: Bool) { if a { panic!("no"); } }', 'fn f(a: Bool) { if a { trap "no"; } }'),
    ('fn f(a: Bool) { if a { panic("no"); } }', 'fn f(a: Bool) { if a { trap "no"; } }'),
    ("fn f(mut m: Map<Did, Integer>, a: Did) -> Integer { m.get_mut(a) += 2; m[a] }",
     "fn f(mut m: Map<Did, Integer>, a: Did) -> Integer { m[a] += 2; m[a] }"),
    ("struct S { n: Integer } fn f(mut m: Map<Did, S>, a: Did) -> Integer { m.get_mut(a).n = 2; m[a].n }",
     "struct S { n: Integer } fn f(mut m: Map<Did, S>, a: Did) -> Integer { m[a].n = 2; m[a].n }"),
    ("fn f(n: Integer) -> Array<Integer> { let mut a = []; let i = 0; while i < n limit 9 { a.push(i); i += 1; } a }",
     ("fn f(n: Integer) -> Array<Integer> "
      "{ let mut a = []; let mut i = 0; while i < n limit 9 { a.push(i); i += 1; } a }")),
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


@pytest.mark.parametrize("call", ["array_pop(a)", "a.pop()", "log(1)", "assert(true)", "panic(a)"])
def test_what_has_another_form_says_which(call: str) -> None:
    found = check_text(f"fn f(a: Array<Integer, max 9>) {{ let x = {call}; }}", HOST)[1].all
    assert [d.code for d in found if d.severity == "error"] in (["CCL0103"], ["CCL0106"])
    assert next(d for d in found if d.severity == "error").notes
