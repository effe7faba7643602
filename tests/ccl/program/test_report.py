"""How findings are shown, and the program that shows them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ccl import cli
from ccl.diagnostics import Diagnostic, Edit, Findings, Fix, Label, Severity
from ccl.report import as_json, for_people, summary
from ccl.source import NOWHERE, Sources, Span
from ccl.syntax import parse

WRONG = "fn f() {\n\tlet a = 1\n    if a = 2 { g(a) }\n}\n"


def _found(text: str) -> tuple[Findings, Sources]:
    sources, findings = Sources(), Findings()
    parse(sources, sources.add("f.ccl", text), findings)
    return findings, sources


def test_people_see_the_line_what_is_wrong_and_how_it_would_read() -> None:
    findings, sources = _found(WRONG)
    assert for_people(findings.sorted(), sources) == (
        "error[CCL0012]: expected `;` before `if`\n"
        " --> f.ccl:2:11\n"
        "  |\n"
        "2 |     let a = 1\n"
        "  |              ^ `;` is missing here\n"
        "3 |     if a = 2 { g(a) }\n"
        "  |     -- a new statement begins here\n"
        "  = help: add `;`\n"
        "2 |     let a = 1;\n"
        "\n"
        "error[CCL0032]: `=` assigns; a condition compares with `==`\n"
        " --> f.ccl:3:10\n"
        "  |\n"
        "3 |     if a = 2 { g(a) }\n"
        "  |          ^ write `==`\n"
        "  = help: write `==`\n"
        "3 |     if a == 2 { g(a) }\n"
        "\n"
        "2 errors\n"
    )


def test_labels_far_apart_in_several_texts_over_several_lines() -> None:
    sources = Sources()
    one, two = sources.add("one.ccl", "a\nb\nc\nlong line\nend"), sources.add("two.ccl", "x = y")
    labels = (Label(Span(one, 6, 18), "all this"), Label(Span(one, 0, 1), "and this"), Label(Span(two, 4, 5)))
    fix = Fix("both", (Edit(Span(one, 0, 1), "b"), Edit(Span(two, 4, 5), "z")))
    shown = for_people([Diagnostic("CCL0999", "three places", labels, ("a note",), (fix,), Severity.WARNING)], sources)
    assert shown == (
        "warning[CCL0999]: three places\n"
        " --> one.ccl:4:1\n"
        "  |\n"
        "1 | a\n"
        "  | - and this\n"
        "...\n"
        "4 | long line\n"
        "  | ^^^^^^^^^ all this (to line 5)\n"
        " --> two.ccl:1:5\n"
        "  |\n"
        "1 | x = y\n"
        "  |     -\n"
        "  = note: a note\n"
        "  = help: both\n"
        "\n"
        "1 warning\n"
    )


def test_what_no_text_wrote_is_shown_without_a_place() -> None:
    shown = for_people([Diagnostic("CCL0999", "the host says no", (Label(NOWHERE),))], Sources())
    assert shown == "error[CCL0999]: the host says no\n\n1 error\n"


def test_only_the_first_hundred_are_shown_and_all_are_counted() -> None:
    findings, sources = _found("fn f() { " + "a b " * 200 + "}")
    shown = for_people(findings.sorted(), sources)
    assert shown.count("error[") == 100
    assert shown.endswith(f"{summary(findings.all)}; only the first 100 are shown\n")
    machine = json.loads(as_json(findings.sorted(), sources))
    assert (len(machine["diagnostics"]), machine["total"]) == (100, len(findings.all))


def test_a_terminal_is_never_moved_by_what_a_text_holds() -> None:
    findings, sources = _found('fn f() { let a = "\x1b[2J" 5; }')
    assert "\x1b" not in for_people(findings.sorted(), sources)
    assert "\x1b[" in for_people(findings.sorted(), sources, colour=True)


def test_machines_get_ranges_in_lines_and_columns_and_edits() -> None:
    findings, sources = _found(WRONG)
    first = json.loads(as_json(findings.sorted(), sources))["diagnostics"][0]
    place = {"start": {"line": 2, "column": 11}, "end": {"line": 2, "column": 11}}
    assert (first["code"], first["severity"], first["file"], first["range"]) == ("CCL0012", "error", "f.ccl", place)
    assert first["fixes"] == [
        {"title": "add `;`", "applicable": True, "dialect": False,
         "edits": [{"file": "f.ccl", "range": place, "text": ";"}]},
    ]  # fmt: skip


def test_check_tells_by_its_status_whether_a_file_parses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    right, wrong = tmp_path / "right.ccl", tmp_path / "wrong.ccl"
    right.write_text("fn f() -> Integer { 1 }")
    wrong.write_text("fn f() { 1 2 }")
    assert cli.main(["check", "--syntax", str(right)]) == 0
    assert capsys.readouterr().out == "nothing is wrong\n"
    assert cli.main(["check", "--syntax", str(right), str(wrong)]) == 1
    assert "wrong.ccl:1:11" in capsys.readouterr().out
    assert cli.main(["check", "--syntax", "--json", str(wrong)]) == 1
    assert json.loads(capsys.readouterr().out)["total"] == 1
    assert cli.main(["check", "--syntax", str(tmp_path / "none.ccl")]) == 2
    assert "none.ccl" in capsys.readouterr().err


def test_explain_prints_an_entry(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["explain", "12"]) == 0
    assert capsys.readouterr().out.startswith("CCL0012: A missing semicolon\n")
    assert cli.main(["explain", "CCL0099", "0013"]) == 1
    captured = capsys.readouterr()
    assert "CCL0013" in captured.out
    assert "no code `CCL0099`" in captured.err


def test_a_verb_that_is_not_there_is_told_with_what_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["chek"]) == 2
    assert "Did you mean `check`?" in capsys.readouterr().err
    assert cli.main([]) == 2
    assert cli.main(["--help"]) == 0


def test_the_program_runs_by_itself_and_imports_no_more_than_it_needs(tmp_path: Path) -> None:
    file = tmp_path / "a.ccl"
    file.write_text("fn f() {}")
    code = (
        "import sys; from ccl.cli import main; status = main(sys.argv[1:]);"
        "print(status, *sorted(m for m in sys.modules if m.split('.')[0] in ('icn_node', 'dag', 'msgspec')))"
    )
    ran = subprocess.run([sys.executable, "-c", code, "check", "--syntax", str(file)], capture_output=True, text=True)
    assert (ran.stdout.split()[-1], ran.stderr) == ("0", "")
