"""`ccl fix`: fixes that a machine may apply, whole or not at all, until none is left, and never for ever."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from ccl import interpret
from ccl.diagnostics import Diagnostic, Edit, Fix, Label
from ccl.elaborate.program import check_text
from ccl.repair import MOST_ROUNDS, chosen_fixes, mended, with_edits
from ccl.source import Span
from ccl.tools import fix

from .contracts_under_test import HEAD, HOST, called


def diagnostic(*edits: tuple[int, int, str], applicable: bool = True, dialect: bool = False) -> Diagnostic:
    made = tuple(Edit(Span(0, start, end), text) for start, end, text in edits)
    return Diagnostic("CCL0001", "wrong", (Label(made[0].span),), (), (Fix("mend", made, applicable, dialect),))


def test_edits_are_applied_wherever_they_stand() -> None:
    edits = [Edit(Span(0, 4, 5), "E"), Edit(Span(0, 0, 1), ""), Edit(Span(0, 2, 2), "-")]
    assert with_edits("abcde", edits) == "b-cdE"


@pytest.mark.parametrize(
    ("first", "second", "taken"),
    [
        ((0, 2, "x"), (2, 4, "y"), 2),
        ((0, 3, "x"), (2, 4, "y"), 1),
        ((2, 2, "x"), (2, 2, "y"), 1),
        ((2, 2, "x"), (2, 4, "y"), 1),
        ((1, 1, "x"), (2, 4, "y"), 2),
    ],
)
def test_fixes_that_touch_wait_for_the_next_round(
    first: tuple[int, int, str], second: tuple[int, int, str], taken: int
) -> None:
    assert len(chosen_fixes([diagnostic(first), diagnostic(second)])) == taken


def test_a_fix_is_applied_whole_or_not_at_all() -> None:
    both = diagnostic((2, 3, "x"), (8, 9, "y"))
    chosen = chosen_fixes([diagnostic((0, 3, "z")), both])
    assert [fix.edits[0].text for _, fix in chosen] == ["z"]


def test_only_what_may_be_applied_is() -> None:
    assert chosen_fixes([diagnostic((0, 1, "x"), applicable=False)]) == []
    assert chosen_fixes([diagnostic((0, 1, "x"), dialect=True)]) == []
    assert len(chosen_fixes([diagnostic((0, 1, "x"), dialect=True)], dialect=True)) == 1


def test_fixes_that_undo_each_other_end() -> None:
    def look(texts: Sequence[str]) -> list[Diagnostic]:
        return [diagnostic((0, 1, "b" if texts[0] == "a" else "a"))]

    assert mended(["a"], look).rounds == 2


def test_fixes_that_never_end_are_stopped() -> None:
    result = mended(["a"], lambda texts: [diagnostic((0, 0, "a"))])
    assert result.rounds == MOST_ROUNDS
    assert result.texts == ("a" * (MOST_ROUNDS + 1),)


DIALECT = """
fn total(n: int) -> int {
    let sum = 0;
    for x in 0..10 {
        let sum = sum + x;
    }
    sum = sum + n;
    sum
}
"""


def test_the_dialect_is_translated_until_it_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.ccl"
    path.write_text(HEAD + DIALECT + "}\n")
    assert called(fix, str(path)) == 1, "the dialect's own fixes are not applied unasked"
    assert path.read_text() == HEAD + DIALECT + "}\n"
    assert "left" in capsys.readouterr().out
    assert called(fix, "--from", "icn-core", "--dry-run", str(path)) == 0
    assert path.read_text() == HEAD + DIALECT + "}\n"
    assert "+    let mut sum = 0;" in capsys.readouterr().out
    assert called(fix, "--from", "icn-core", str(path)) == 0
    program, findings, _ = check_text(path.read_text(), HOST)
    assert program is not None, findings.all
    assert "        sum = sum + x;" in path.read_text()


@pytest.mark.parametrize(
    ("written", "mended_to"),
    [
        ("(n * 15) / 100", "round((n * 15) / 100, to_zero)"),
        ("100 / (n + 1)", "round(100 / (n + 1), to_zero)"),
        ("(n / 2)", "round((n / 2), to_zero)"),
    ],
)
def test_what_goes_around_goes_around_brackets(tmp_path: Path, written: str, mended_to: str) -> None:
    path = tmp_path / "a.ccl"
    path.write_text(f"{HEAD}fn part(n: int) -> int {{ return {written}; }}\n}}\n")
    assert called(fix, "--from", "icn-core", str(path)) == 0
    assert f"return {mended_to};" in path.read_text()


@pytest.mark.parametrize(
    ("body", "of_seven"),
    [
        ("let h = n / 3; return h * 3;", 6),  # what the quotient is rounded to is what goes on, not the product
        ("return n / 3 * 3;", 6),
        ("return (n * 15) / 100 + n / 4;", 2),
        ("if n / 2 == 3 { return 1; } return 0;", 1),
        ("let t = n; t /= 2; return t * 2;", 6),
        ("let t = [n]; t[0] /= 1 + 1; return t[0] * 2;", 6),
        ("return -n / 2;", -3),
        ("return round(n / 2 + n / 2, to_zero) + (n / 2).ceil();", 11),  # says already how it rounds
    ],
)
def test_whole_numbers_are_divided_as_the_dialect_does(tmp_path: Path, body: str, of_seven: int) -> None:
    path = tmp_path / "a.ccl"
    path.write_text(f"{HEAD}fn part(n: int) -> int {{ {body} }}\n}}\n")
    assert called(fix, "--from", "icn-core", str(path)) == 0
    fixed = path.read_text()
    program, findings, _ = check_text(fixed, HOST)
    assert program is not None, findings.all
    assert interpret.run(program, "part", (7,)).value == of_seven
    assert called(fix, "--from", "icn-core", str(path)) == 0
    assert path.read_text() == fixed


def test_several_files_are_mended_as_one_contract(tmp_path: Path) -> None:
    (tmp_path / "a.ccl").write_text("fn a() -> Integer {\n    let x = 1\n    let y = 2;\n    x + y\n}\n")
    (tmp_path / "b.ccl").write_text("fn b() -> Integer {\n    let x = 1\n    let y = 2;\n    x + y\n}\n")
    assert called(fix, str(tmp_path)) == 0
    assert all("let x = 1;\n" in (tmp_path / name).read_text() for name in ("a.ccl", "b.ccl"))


def test_syntax_alone_needs_no_names(tmp_path: Path) -> None:
    path = tmp_path / "a.ccl"
    path.write_text("fn a() -> Integer {\n    let x = nowhere\n    let y = 2;\n    x\n}\n")
    assert called(fix, "--syntax", str(path)) == 0
    assert "nowhere;" in path.read_text()
    assert called(fix, str(path)) == 1


def test_what_cannot_be_read_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(fix, str(tmp_path / "missing.ccl")) == 2
    assert "missing.ccl" in capsys.readouterr().err
    assert called(fix, str(tmp_path)) == 2
