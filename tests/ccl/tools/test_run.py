"""`ccl run` and `ccl repl`: values, refusals, traps, fuel and facts, against facts that were given."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from ccl.tools import repl, run
from ccl.tools.evaluating import Session
from ccl.tools.repl import Shell

from .contracts_under_test import HEAD, called, contract

ITEMS = """
unit CREDIT { decimals: 2; }
param limit: Money<CREDIT> = 500 in 0..2000;
state paid: Integer = 0;
fn fee(a: Money<CREDIT>) -> Money<CREDIT> { round(a * 2.5%, half_even) }
fn mine() -> Money<CREDIT> { if member() { limit } else { 0 CREDIT } }
fn boxed(a: Integer, parts: Array<Integer, max 5>) -> Integer { a + parts[0] }
action count(n: Integer) { require n > 0 because "count something"; paid = paid + n; emit Counted { n: n }; }
"""


@pytest.fixture
def orchard(tmp_path: Path) -> str:
    path = tmp_path / "orchard.ccl"
    path.write_text(HEAD + ITEMS + "}\n")
    return str(path)


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("fee", "100 CREDIT"), 0, "2.50 CREDIT: Money<CREDIT>"),
        (("fee", "100"), 0, "2.50 CREDIT: Money<CREDIT>"),
        (("boxed", "1", "[41, 5]"), 0, "42: Integer"),
        (("boxed", "1", "[]"), 1, "trapped, index"),
        (("mine",), 1, "`member` is not given; give it: member = .."),
        (("mine", "--given", "member = true, limit = 7 CREDIT"), 0, "7.00 CREDIT: Money<CREDIT>"),
        (("mine", "--given", "membr = true"), 1, "there is no fact `membr`"),
        (("count", "4", "--facts"), 0, "paid = 0"),
        (("count", "4"), 0, "writes paid = 4"),
        (("count", "4"), 0, "leaves Counted(n: 4)"),
        (("count", "0"), 1, "refused, `n > 0` does not hold: count something"),
        (("fee", "100 CREDIT", "--fuel"), 0, "fuel "),
        (("fee", "nothing_like_it"), 1, "error[CCL0101]"),
        (("fee", "1; 2"), 1, "`1; 2` is not one value"),
        (("fee",), 1, "`fee` takes (a: Money<CREDIT>); 0 values were given"),
        (("nope",), 1, "there is no function `nope`; there are: boxed, count, fee, mine"),
    ],
)
def test_a_function_is_evaluated(
    orchard: str, words: tuple[str, ...], status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(run, orchard, *words) == status
    out, err = capsys.readouterr()
    assert said in (out if status == 0 else err)


def test_the_answer_as_json(orchard: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(run, "--json", orchard, "mine", "--given", "member = true") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["value"] == "500.00 CREDIT: Money<CREDIT>"
    assert said["facts"] == [{"name": "member", "value": "true"}, {"name": "limit", "value": "500.00 CREDIT"}]
    assert said["fuel"] > 0


def test_files_that_are_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(run, str(tmp_path / "missing.ccl"), "f") == 2
    assert "missing.ccl" in capsys.readouterr().err


# -- one line after the other ------------------------------------------------------------------------------------------


def typed(*lines: str) -> list[str]:
    """What each line shows; '' for nothing."""
    said: list[str] = []
    shell = Shell(Session(contract(ITEMS)), said.append)
    out = []
    for line in lines:
        said.clear()
        shell.line(line)
        out.append("".join(said).strip())
    return out


def test_a_session() -> None:
    assert typed("fee(100 CREDIT)", "1 / 3", "mine()", "given member = true", "mine()", "  ", "true && member()") == [
        "2.50 CREDIT: Money<CREDIT>",
        "1/3: Ratio",
        "`member` is not given; give it: member = ..",
        "given",
        "500.00 CREDIT: Money<CREDIT>",
        "",
        "true: Bool",
    ]


def test_names_stand_for_what_they_were_given() -> None:
    *values, unknown = typed("let x = fee(100 CREDIT)", "x * 2", "let y = x + x", "y", "xs")
    assert values == [f"{value} CREDIT: Money<CREDIT>" for value in ("2.50", "5.00", "5.00", "5.00")]
    assert "`xs`" in unknown


def test_open_brackets_wait_for_more() -> None:
    assert typed("[1,", "2,", "3].len()") == ["", "", "3: Integer"]


def test_the_same_mistake_is_told_each_time() -> None:
    first, second = typed("nowhere + 1", "nowhere + 1")
    assert "CCL0101" in first
    assert "CCL0101" in second


def test_fuel_facts_and_what_was_given_are_shown_on_demand() -> None:
    said = typed(
        "given member = true, setting(approval.above_minor) = 5", ":fuel", ":facts", "mine()", ":given", ":fuel"
    )
    assert said[1:3] == ["fuel is shown", "facts are shown"]
    assert "fuel 13" in said[3]
    assert "member = true" in said[3]
    assert "limit = 500.00 CREDIT" in said[4]
    assert 'setting("approval.above_minor") = 5' in said[4]
    assert said[5] == "fuel is not shown"


def test_help_and_what_there_is_not() -> None:
    said = typed(":help", ":nope")
    assert "given member = true" in said[0]
    assert said[1] == "there is no `:nope`; :help says what there is"


def test_the_loop_ends_with_its_input(
    orchard: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("fee(100 CREDIT)\n:quit\nfee(1 CREDIT)\n"))
    assert called(repl, orchard) == 0
    out = capsys.readouterr().out
    assert "2.50 CREDIT" in out
    assert "0.02" not in out
    monkeypatch.setattr(sys, "stdin", io.StringIO("1 + 1\n"))
    assert called(repl) == 0
    assert "2: Integer" in capsys.readouterr().out
