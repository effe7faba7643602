"""`ccl test` and `ccl cover`: tables, stories, properties; what a test forgot; which conditions were seen both ways."""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
from pathlib import Path

import pytest

from ccl import types as t
from ccl.core import Bound
from ccl.testing.cases import Runner
from ccl.testing.coverage import Coverage, percent
from ccl.testing.properties import Draws, Sampler, tried
from ccl.testing.results import ERROR, FAILED, PASSED, Result
from ccl.tools import contracts, cover, test

from .contracts_under_test import HEAD, HOST, called, contract

RULES = """
unit CREDIT { decimals: 2; }
param limit: Money<CREDIT> = 500 in 0..2000;
state paid: Integer = 0;
clause "4.1" on credit.transfer "The payer's own act." {
    require member() or decided();
    require acts_for(command.payer);
}
clause "4.2" on credit.transfer in CREDIT "Nobody pays more than the limit at once." {
    let most = if role(steward) { limit * 2 } else { limit };
    require command.amount <= most because "over the limit";
}
exception to "4.2" when decided("emergency") { require command.amount <= 10_000 CREDIT; }
fn fee(a: Money<CREDIT>) -> Money<CREDIT> { round(a * 2.5%, half_even) }
action count(n: Integer) { require n > 0 because "count something"; paid = paid + n; }
trigger thanks on credit.transfer { paid = paid + 1; }
"""
GIVEN = 'given member = true, acts_for = true, decided = false, decided("emergency") = false, role = false;'


def ran(tests: str, rules: str = RULES) -> list[Result]:
    made = contract(rules + tests)
    return Runner(made.program, made.bodies, HOST, made.sources, made.findings).run_all()


def statuses(tests: str, rules: str = RULES) -> list[str]:
    return [result.status for result in ran(tests, rules)]


def only(tests: str, rules: str = RULES) -> Result:
    (result,) = ran(tests, rules)
    return result


# -- tables ------------------------------------------------------------------------------------------------------------


def test_each_row_of_a_table_is_judged() -> None:
    table = f"""test "limit" on credit.transfer {{
        {GIVEN}
        | amount      | role(steward) | expect       |
        | 500 CREDIT  | false         | permit       |
        | 501 CREDIT  | false         | refuse "4.2" |
        | 501 CREDIT  | false         | refuse       |
        | 1000 CREDIT | true          | permit       |
        | 501 CREDIT  | _             | refuse "4.2" |
        | 501 CREDIT  | false         | permit       |
        | 501 CREDIT  | false         | refuse "4.1" |
        | 500 CREDIT  | false         | trap         |
    }}"""
    assert statuses(table) == [PASSED] * 5 + [FAILED] * 3


def test_a_failure_says_what_a_member_would_be_told() -> None:
    result = only(f'test "x" on credit.transfer {{ {GIVEN}\n| amount | expect |\n| 620 CREDIT | permit | }}')
    assert "expected permit, found: Refused under 4.2" in result.message
    assert "620" in result.message
    assert "500" in result.message


def test_a_fact_that_was_forgotten_is_named() -> None:
    result = only('test "x" on credit.transfer { given member = true;\n| amount | expect |\n| 5 CREDIT | permit | }')
    assert result.status == ERROR
    assert "does not say what `acts_for" in result.message


def test_a_party_may_be_left_out_where_only_a_view_is_asked_about_it() -> None:
    rules = 'clause "1" on credit.transfer "..." { require command.payer != command.payee; }'
    result = only('test "x" on credit.transfer {\n| amount | expect |\n| 5 CREDIT | permit | }', rules)
    assert result.status == ERROR
    assert "`command.payer`" in result.message


def test_other_units_are_governed_by_other_clauses() -> None:
    assert (
        statuses(f"""test "hours" on credit.transfer {{
        {GIVEN}
        | amount    | unit   | expect |
        | 9000 HOUR | HOUR   | permit |
        | 9000      | HOUR   | permit |
        | 9000      | CREDIT | refuse |
    }}""")
        == [PASSED] * 3
    )


def test_a_table_may_be_about_a_function() -> None:
    assert statuses(
        'test "fees" on fee {\n| a | expect |\n| 100 CREDIT | 2.5 CREDIT |\n| 101 CREDIT | 2.5 CREDIT |\n}'
    ) == [
        PASSED,
        FAILED,
    ]


def test_exceptions_and_views_by_their_arguments() -> None:
    assert (
        statuses(f"""test "emergency" on credit.transfer {{
        {GIVEN}
        | amount        | decided("emergency") | expect       |
        | 9000 CREDIT   | true                 | permit       |
        | 9000 CREDIT   | false                | refuse "4.2" |
        | 10_001 CREDIT | true                 | refuse "4.2" |
    }}""")
        == [PASSED] * 3
    )


def test_records_settings_and_optional_fields_are_given() -> None:
    rules = """
    clause "1" on credit.transfer "..." {
        require match loan("L1") { Some(found) => found.months < 12, None => false };
        require loans().all(|one| one.amount < 9 CREDIT);
        require setting(approval.above_minor) > 5;
        require command.note.is_none() or member();
    }
    """
    assert (
        statuses(
            """
    test "parts" on credit.transfer {
        given loan("L1").months = 6, setting(approval.above_minor) = 7, member = false, loans = [];
        | loan("L1").months | note        | loans                                           | expect |
        | 6                 | _           | []                                              | permit |
        | 12                | _           | []                                              | refuse |
        | 6                 | Some("hey") | []                                              | refuse |
        | 6                 | _           | [Loan { amount: 9 CREDIT, months: 1 }]          | refuse |
    }
    test "whole" on credit.transfer {
        given loan = Some(Loan { amount: 5 CREDIT, months: 3 }), loans = [], member = true;
        | setting(approval.above_minor) | expect |
        | 6                             | permit |
        | 5                             | refuse |
    }
    """,
            rules,
        )
        == [PASSED] * 6
    )


def test_money_that_a_view_gives_is_in_the_unit_that_it_is_asked_for() -> None:
    rules = """
    clause "1" on credit.transfer in CREDIT "..." { require balance(command.payer, HOUR) >= 60 HOUR; }
    """
    table = """test "another unit" on credit.transfer {
        given payer = did:key:ann, amount = 5 CREDIT;
        | balance(did:key:ann, HOUR) | expect |
        | 60 HOUR | permit |
        | 59 HOUR | refuse "1" |
    }"""
    assert statuses(table, rules) == [PASSED] * 2


def test_what_a_base_says_is_not_for_the_tests_of_what_extends_it() -> None:
    base = 'contract Base { edition: 1; clause "1" on member.suspend "..." { require member() or decided(); } }'
    name = f"base:b@{hashlib.sha256(base.encode()).hexdigest()}"
    host = dataclasses.replace(HOST, bases={name: base})
    own = """clause "2" on member.suspend "..." { require command.days < 9; }
        test "days" on member.suspend { given member = true; | days | expect | | 8 | permit | | 9 | refuse "2" | }"""
    table = own.replace("| expect | | 8", "| expect |\n| 8").replace("permit | | 9", "permit |\n| 9").replace(
        'refuse "2" | }', 'refuse "2" |\n}')  # fmt: skip
    args = argparse.Namespace(no_host=False, given_host=lambda: host, host="", base=[])
    made = contracts.made_of(args, [("x.ccl", f'contract X extends "{name}" {{ edition: 1; {table} }}')])
    assert made is not None
    goals, wrong = cover.covered(made)
    assert (wrong, percent(goals)) == (0, 100)
    assert {goal.span.source for goal in goals} == {0}


# -- stories -----------------------------------------------------------------------------------------------------------


def test_a_story_goes_on_from_step_to_step() -> None:
    assert (
        statuses(f"""test "story" {{
        {GIVEN}
        given now = 2026-01-31T10:00:00Z;
        as did:key:ann: credit.transfer(amount: 700 CREDIT, ..) expect refuse "4.2";
        given limit = 800 CREDIT;
        as did:key:ann: credit.transfer(amount: 700 CREDIT);
        expect paid == 1;
        as did:key:ann: count(4) expect permit;
        as did:key:ann: count(n: 0) expect refuse;
        expect paid == 5 && caller() == did:key:ann;
        later 1 months;
        expect now() == 2026-02-28T10:00:00Z;
    }}""")
        == [PASSED] * 7
    )


def test_triggers_run_when_they_are_due() -> None:
    rules = "state runs: Integer = 0;\ntrigger dues every 1 month { runs = runs + 1; }"
    assert (
        statuses(
            """test "due" {
        given now = 2026-01-31T10:00:00Z;
        later 27 days;
        expect runs == 0;
        later 2 days;
        expect runs == 1;
        later 12 months;
        expect runs == 13;
    }""",
            rules,
        )
        == [PASSED] * 3
    )


def test_a_story_that_cannot_go_on_stops() -> None:
    results = ran('test "s" { later 3 days; expect paid == 1; }')
    assert [r.status for r in results] == [ERROR]
    assert "`now`" in results[0].message


def test_what_does_not_hold_shows_what_is() -> None:
    assert "`paid` is 0" in only('test "s" { expect paid == 1; }').message


# -- properties --------------------------------------------------------------------------------------------------------


def tries(items: str) -> Result:
    made = contract(RULES + items)
    ((declared, function),) = made.program.properties
    return tried(made.program, HOST, declared, function)


def test_a_property_that_holds_passes() -> None:
    result = tries("property below(a: Money<CREDIT> in 0..1_000_000) { fee(a) <= a }")
    assert (result.status, result.case) == (PASSED, "100 samples")


def test_a_counterexample_is_the_smallest() -> None:
    result = tries("property small(a: Integer in 5..90_000, b: Integer in 3..9) { a < 1234 }")
    assert result.status == FAILED
    assert result.message == "with a = 1234, b = 3: it is false"


def test_a_property_at_an_edge_is_found_false() -> None:
    assert "a = 90000" in tries("property edge(a: Integer in 5..90_000) { a != 90_000 }").message


def test_a_trap_is_a_counterexample() -> None:
    assert "it traps (overflow)" in tries("property big(a: Integer) { a + 1 > a }").message


def test_views_are_drawn_within_what_the_host_says() -> None:
    assert tries("property members_count() { member_count() >= 0 }").status == PASSED
    assert "member_count = " in tries("property few() { member_count() < 5 }").message


@pytest.mark.parametrize(
    ("type_", "fits"),
    [
        (t.BOOL, lambda v: isinstance(v, bool)),
        (t.Array(t.INTEGER, 3), lambda v: len(v) <= 3),
        (t.Option(t.STRING), lambda v: v is None or isinstance(v[0], str)),
        (t.Map(t.STRING, t.BOOL, 2), lambda v: len(v) <= 2),
        (t.Tuple((t.INTEGER, t.DID)), lambda v: v[1].startswith("did:")),
        (t.Result(t.INTEGER, t.STRING), lambda v: isinstance(v[1], int if v[0] else str)),
        (t.Record("Loan"), lambda v: v.month_count is not None),
        (t.UnitCode("$"), lambda v: v == "CREDIT"),
        (t.DATE, lambda v: 10_957 <= v <= 47_481),
        (t.RATIO, lambda v: -100 <= v <= 100),
    ],
)
def test_values_of_each_type_are_drawn(type_: t.Type, fits: object) -> None:
    sampler = Sampler(contract(RULES).program, HOST, Draws(7))
    assert all(fits(sampler.value(type_)) for _ in range(50))  # type: ignore[operator]  # a predicate of the table


def test_draws_reach_the_edges_of_a_range() -> None:
    draws = Draws(1)
    drawn = {draws.whole(-3, 4) for _ in range(400)}
    assert drawn == set(range(-3, 5))


# -- coverage ----------------------------------------------------------------------------------------------------------


def covered(tests: str, rules: str = RULES) -> tuple[int, set[str]]:
    made = contract(rules + tests)
    coverage = Coverage(made.program, made.sources, frozenset((0,)))
    Runner(made.program, made.bodies, HOST, made.sources, made.findings, coverage.observe, coverage.ran).run_all()
    goals = coverage.goals()
    return percent(goals), {goal.what for goal in goals if not goal.met}


def test_each_atom_has_to_decide_both_ways() -> None:
    rules = 'clause "1" on credit.reverse "..." { require member() or not decided(); }'
    table = 'test "t" on credit.reverse {{ {} \n| member | decided | expect |\n{} }}'
    rows = ("| true | false | permit |\n", "| false | false | permit |\n", "| false | true | refuse |\n")
    assert covered(table.format("", rows[0]), rules) == (
        33,
        {"`member()` false", "`decided()` true", "`decided()` false", "clause 1 refuses"},
    )
    assert covered(table.format("", "".join(rows)), rules) == (100, set())


def test_exceptions_have_to_be_used() -> None:
    missing = covered(f'test "t" on credit.transfer {{ {GIVEN}\n| amount | expect |\n| 5 CREDIT | permit | }}')[1]
    assert {"the exception to 4.2 used", '`decided("emergency")` true', "clause 4.2 refuses"} <= missing
    assert "clause 4.2 permits" not in missing


def test_a_clause_that_only_refuses_need_not_permit() -> None:
    rules = 'clause "1" on member.suspend "..." { deny "never" }'
    assert covered('test "t" { as did:key:a: member.suspend(days: 3) expect refuse; }', rules) == (100, set())


def test_a_bound_of_members_is_kept() -> None:
    made = contract("property some for members >= 5 { member_count() >= 5 }")
    assert made.program.bounds["some"] == (Bound("members", 5, None),)
    ((declared, function),) = made.program.properties
    assert tried(made.program, HOST, declared, function).status == PASSED


# -- the verbs ---------------------------------------------------------------------------------------------------------

TESTS = f"""
test "under" on credit.transfer {{ {GIVEN}\n| amount | expect |\n| 5 CREDIT | permit |\n}}
test "over" on credit.transfer {{ {GIVEN}\n| amount | expect |\n| 620 CREDIT | permit |\n}}
property below(a: Money<CREDIT> in 0..1_000_000) {{ fee(a) <= a }}
"""


@pytest.fixture
def orchard(tmp_path: Path) -> str:
    path = tmp_path / "orchard.ccl"
    path.write_text(HEAD + RULES + TESTS + "}\n")
    return str(path)


def test_the_runner_shows_what_fails_and_counts(orchard: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(test, orchard) == 1
    out = capsys.readouterr().out
    assert "✓ under" in out
    assert "✗ over" in out
    assert "✓ property below (100 samples)" in out
    assert "2 passed, 1 failed" in out
    assert called(test, "-v", "-k", "under", orchard) == 0
    out = capsys.readouterr().out
    assert "limit = 500.00 CREDIT" in out
    assert "over" not in out
    assert "fuel " in out


def test_the_runner_tells_machines(orchard: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(test, "--json", orchard) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["summary"] == "2 passed, 1 failed"
    assert [(case["test"], case["status"]) for case in said["cases"]] == [
        ("under", "passed"),
        ("over", "failed"),
        ("property below", "passed"),
    ]
    assert said["cases"][0]["line"] > 1


def test_nothing_to_run_is_no_success(orchard: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(test, "-k", "nothing of the kind", orchard) == 1
    assert called(test, str(tmp_path / "missing.ccl")) == 2
    (tmp_path / "wrong.ccl").write_text("contract X { clause }")
    assert called(test, str(tmp_path / "wrong.ccl")) == 1
    assert "error[" in capsys.readouterr().err


def test_cover_says_what_was_not_seen(orchard: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(cover, orchard) == 1, "a case fails"
    Path(orchard).write_text(HEAD + RULES + TESTS.replace("620", "20") + "}\n")
    assert called(cover, orchard) == 0
    out = capsys.readouterr().out
    assert "orchard.ccl:10: never clause 4.1 refuses" in out
    assert "`acts_for(command.payer)` false" in out
    assert called(cover, "--min", "99", orchard) == 1
    capsys.readouterr()
    assert called(cover, "--json", orchard) == 0
    (said,) = json.loads(capsys.readouterr().out)
    assert 0 < said["percent"] < 99
    assert {"file", "line", "what", "met"} == set(said["goals"][0])


def test_an_approval_is_asked_for_only_above_its_setting() -> None:
    rules = """
    unit CREDIT { decimals: 2; }
    clause "1" on credit.transfer "..." {
        approval by signers payer above "approval.above_minor" of amount need 2 within 14 days;
    }
    """
    table = 'test "t" on credit.transfer {{ {}\n| amount | expect |\n| 5 CREDIT | {} |\n| 5.01 CREDIT | {} |\n}}'
    given = "given setting(approval.above_minor) = 500;"
    assert statuses(table.format(given, "permit", 'approval "1"'), rules) == [PASSED, PASSED]
    assert statuses(table.format("", "approval", "permit"), rules) == [PASSED, FAILED]
