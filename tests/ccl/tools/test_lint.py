"""`ccl lint`: what is known of numbers and conditions, and that nothing sound is told of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ccl.core import And, Const, Expr, View
from ccl.diagnostics import Findings
from ccl.lint import linted
from ccl.lint.intervals import Knowledge
from ccl.source import NOWHERE
from ccl.syntax import parse
from ccl.tools import lint
from ccl.types import BOOL

from .contracts_under_test import HEAD, HOST, called, contract


def found(items: str) -> list[str]:
    """Codes and the texts they are about."""
    made = contract(items)
    trees = [parse(made.sources, 0, Findings())]
    return [f"{d.code} {made.sources.text(d.span)}" for d in linted(made.program, trees, made.sources, HOST)]


def decided(condition: str, before: str = "") -> list[str]:
    """What is told of a condition in a clause on member.suspend, where `days` is at least 1; style apart."""
    rules = f'{before} require {condition} because "x"; require most > least + command.days;'
    params = "param most: Integer = 5 in 1..10;\nparam least: Integer = 0 in -5..0;\n"
    items = f"{params}policy p on member.suspend {{ {rules} }}"
    return [one for one in found(items) if one.startswith(("CCL0710", "CCL0711"))]


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ("most >= 1", ["CCL0710 most >= 1"]),
        ("most > 1", []),
        ("most <= 10 && member()", ["CCL0710 most <= 10"]),
        ("most == 11", ["CCL0711 most == 11"]),
        ("most != 11", ["CCL0710 most != 11"]),
        ("least < most", ["CCL0710 least < most"]),
        ("most * 2 <= 20", ["CCL0710 most * 2 <= 20"]),
        ("most - least <= 15", ["CCL0710 most - least <= 15"]),
        ("most - least <= 14", []),
        ("min(most, 3) <= 3", ["CCL0710 min(most, 3) <= 3"]),
        ("max(most, 3) < 3", ["CCL0711 max(most, 3) < 3"]),
        ("abs(least) <= 5", ["CCL0710 abs(least) <= 5"]),
        ("command.days > 0", ["CCL0710 command.days > 0"]),
        ("command.days > 1", []),
        ("member() || !member()", ["CCL0710 member() || !member()"]),
        ("member() && !member()", ["CCL0711 member() && !member()"]),
        ("member() || decided()", []),
        ("most > 3 || most <= 3", ["CCL0710 most > 3 || most <= 3"]),
        ("most > 3 && most < 3", ["CCL0711 most > 3 && most < 3"]),
        ("command.days == command.days", ["CCL0710 command.days == command.days"]),
        ("role(steward) || acts_for(command.member)", []),
        ("member_count() >= 0", ["CCL0710 member_count() >= 0"]),
        ("balance(command.member, CREDIT) >= 0 CREDIT", []),
        ("{ let x = most + 1; x >= 2 }", ["CCL0710 x >= 2"]),
        ("2 >= if member() { 1 } else { 2 }", ["CCL0710 2 >= if member() { 1 } else { 2 }"]),
    ],
)
def test_what_is_known_of_a_condition(condition: str, told: list[str]) -> None:
    assert decided(condition) == told


@pytest.mark.parametrize(
    ("before", "condition", "told"),
    [
        ('require command.days <= 7 because "x";', "command.days <= 30", ["CCL0710 command.days <= 30"]),
        ('require command.days <= 7 because "x";', "command.days > 7", ["CCL0711 command.days > 7"]),
        ('require command.days <= 7 because "x";', "command.days > 6", []),
        ('if member() { deny "no" }', "!member()", ["CCL0710 !member()"]),
        ('if member() { require most > 2 because "x"; }', "member()", []),
        ('if member() { require member() because "x"; }', "decided()", ["CCL0710 member()"]),
        ("let x = if member() { 1 } else { 9 };", "x < 10", ["CCL0710 x < 10"]),
        ("let x = if member() { 1 } else { 9 };", "x < 9", []),
    ],
)
def test_what_was_asked_before_is_known(before: str, condition: str, told: list[str]) -> None:
    assert decided(condition, before) == told


def test_what_a_loop_changes_is_not_known() -> None:
    body = "let mut n = 0; for x in 0..5 { if x > n { n = n + 2; } }"
    assert decided("n < 3", body) == []


def test_a_name_in_a_formatted_text_is_used() -> None:
    items = 'action tell(n: Integer) { let half = n; emit Said { text: format!("{half} left") }; }'
    assert found(items) == []


def test_what_begins_with_an_underscore_is_meant() -> None:
    assert found("action tell(_n: Integer) { let _half = 3; emit Said {}; }") == []


def test_the_whole_of_a_clean_contract_is_quiet() -> None:
    assert (
        found(
            """
    param longest: Integer = 30 in 1..90;
    role Steward { can: [member.suspend]; seats: 3; }
    clause "3" on member.suspend "Stewards suspend for a while." {
        require role(Steward) or decided() because "that is for stewards";
        require command.days <= longest because "that is too long";
    }
    exception to "3" when decided("emergency") "In an emergency anybody does." { permit }
    """
        )
        == []
    )


def test_the_verb(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.ccl"
    path.write_text(HEAD + "param most: Integer = 5;\n}\n")
    assert called(lint, str(path)) == 1
    assert "warning[CCL0703]: the parameter `most` is not used" in capsys.readouterr().out
    assert called(lint, "--allow", "703", str(path)) == 0
    assert capsys.readouterr().out == ""
    assert called(lint, "--json", str(path)) == 1
    assert json.loads(capsys.readouterr().out)["diagnostics"][0]["code"] == "CCL0703"
    path.write_text(HEAD + 'clause "1" on member.suspend { require member() because "x"; }\n}\n')
    assert called(lint, str(path)) == 0, "a hint alone"
    assert called(lint, "--strict", str(path)) == 1
    assert called(lint, str(tmp_path / "missing.ccl")) == 2
    path.write_text("contract X { clause }")
    assert called(lint, str(path)) == 1


def test_a_long_chain_of_conditions_is_walked_without_recursion() -> None:
    true, day = Const(BOOL, NOWHERE, True), View(BOOL, NOWHERE, "member", (), 0)
    chain: Expr = day
    for _ in range(3000):
        chain = And(BOOL, NOWHERE, chain, true)
    known = Knowledge(contract("").program, HOST)
    assert known.truth(chain) is None
    assert known.learnt(day, True).truth(chain) is True
    assert known.learnt(day, False).truth(chain) is False
