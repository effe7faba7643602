"""A type of decision is one, however it is written: `PolicyDecision`, `Policy` and `policy`."""

import pytest

from ccl import core
from ccl.elaborate import check_text
from ccl.host import decision_type
from icn_node.cli.host import host


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("policy", "policy"), ("Policy", "policy"), ("PolicyDecision", "policy"), ("PolicyProposal", "policy"),
        ("BoardElection", "board-election"), ("data-protection", "data-protection"), ("Decision", "decision"),
        ("bylaw2Amendment", "bylaw2-amendment"),
    ],
)  # fmt: skip
def test_what_is_meant(written: str, meant: str) -> None:
    assert decision_type(written) == meant


SOURCE = """
contract Names {{
    edition: 1;
    proposal Budget {{ eligible: members; threshold: majority; duration: 7 days; }}
    clause "1" on member.expel "By decision." {{ require decided("{}"); }}
    clause "2" on bylaws.adopt "By decision." {{ require decided("BylawDecision"); }}
}}
"""


def names_in(source: str) -> list[str]:
    program, findings, _ = check_text(source, host())
    assert program is not None, findings.all
    found = []
    for clause in program.clauses:
        (required,) = (s for s in program.functions[clause.body].body.statements if isinstance(s, core.Require))
        assert isinstance(required.condition, core.View)
        (arg,) = required.condition.args
        assert isinstance(arg, core.Const)
        found.append(arg.value)
    return found


@pytest.mark.parametrize("written", ["Budget", "budget", "BudgetDecision"])
def test_a_condition_names_the_type_and_not_its_spelling(written: str) -> None:
    assert names_in(SOURCE.format(written)) == ["budget", "bylaw"]


def test_exceptions_for_one_type_in_two_spellings_are_not_apart() -> None:
    two = """
    exception to "1" as "1a" when decided("Policy") { }
    exception to "1" as "1b" when decided("PolicyDecision") { require registered(); }
}
"""
    _, findings, _ = check_text(SOURCE.format("Budget").rstrip().removesuffix("}") + two, host())
    assert [f.code for f in findings.all] == ["CCL0355"]


def test_none_such_is_told() -> None:
    program, findings, _ = check_text(SOURCE.format("Budgets"), host())
    assert program is None
    assert [f.code for f in findings.all] == ["CCL0342"]
