"""From one version to the next: what a transition must say, and whether a later one can still pass."""

from __future__ import annotations

import pytest

from ccl import core
from ccl.elaborate import check_text, versions

from .orchard import HOST

OLD = """
contract Orchard {
    param limit: Integer = 5 in 0..10;
    state pool: Integer = 3;
    role Steward { seats: 3; term: 2 years; }
    role Clerk { can: [credit.reverse]; }
    proposal Budget { threshold: majority; duration: 7 days; execution: { pool = pool + 1; } }
    clause "1" on bylaws.adopt "By decision." { require decided(); }
}
"""


def program(text: str, previous: core.Program | None = None) -> core.Program:
    """The program of a text without errors."""
    found, findings, _ = check_text(text, HOST, previous=previous)
    assert found is not None, [(d.code, d.message) for d in findings.all]
    return found


@pytest.fixture(scope="module")
def old() -> core.Program:
    return program(OLD)


def changed(*edits: tuple[str, str]) -> str:
    """The old text with edits."""
    text = OLD
    for before, after in edits:
        assert before in text
        text = text.replace(before, after)
    return text


def with_transition(text: str, transition: str) -> str:
    """The text with a transition before its end."""
    head, brace, _ = text.rstrip().rpartition("}")
    return f"{head} transition {{ {transition} }} {brace}"


TABLE = [
    # edits, transition, codes
    ([], "", []),
    ([("By decision.", "By a decision.")], "", []),
    ([("threshold: majority", "threshold: consensus")], "", ["CCL0390"]),
    ([("threshold: majority", "threshold: consensus")], "open proposals: restart", []),
    ([("pool + 1", "pool + 2")], "", ["CCL0390"]),
    ([("pool + 1", "pool + 2")], "open proposals: lapse", []),
    ([("term: 2 years", "term: 1 year")], "", ["CCL0390"]),
    ([("term: 2 years", "term: 1 year")], "terms of office: end", []),
    ([("can: [credit.reverse]", "can: [credit.batch]")], "", []),
    ([("role Clerk { can: [credit.reverse]; }", "")], "", ["CCL0395"]),
    ([("role Clerk { can: [credit.reverse]; }", "")], "role Clerk: drop", []),
    ([("role Clerk {", "role Writer {")], "role Clerk -> Writer", []),
    ([("pool", "reserve")], "open proposals: keep", ["CCL0393"]),
    ([("pool", "reserve")], "open proposals: keep; state pool -> reserve", []),
    ([("pool: Integer = 3", "pool: Money<CREDIT> = 3"), ("pool + 1", "pool + 1 CREDIT")], "open proposals: keep",
     ["CCL0393"]),
    ([("pool: Integer = 3", "pool: Money<CREDIT> = 3"), ("pool + 1", "pool + 1 CREDIT")],
     "open proposals: keep; state pool -> pool: 1 CREDIT * pool", []),
    ([("pool: Integer = 3", "pool: Money<CREDIT> = 3"), ("pool + 1", "pool + 1 CREDIT")],
     "open proposals: keep; state pool -> pool", ["CCL0393"]),
    ([("limit", "most")], "", ["CCL0393"]),
    ([("limit", "most")], "param limit -> most", []),
    ([("limit", "most")], "param limit: drop", []),
    ([("in 0..10", "in 0..4"), ("= 5", "= 3")], "", ["CCL0394"]),
    ([("in 0..10", "in 0..4"), ("= 5", "= 3")], "param limit -> limit: min(limit, 4)", []),
    ([], "state gone -> pool", ["CCL0392"]),
]  # fmt: skip


@pytest.mark.parametrize(("edits", "transition", "codes"), TABLE)
def test_what_a_transition_must_say(
    old: core.Program, edits: list[tuple[str, str]], transition: str, codes: list[str]
) -> None:
    text = changed(*edits)
    new = program(with_transition(text, transition) if transition else text, old)
    assert [d.code for d in versions.transition_errors(old, new)] == codes


def test_the_value_now_must_fit_the_new_range(old: core.Program) -> None:
    new = program(changed(("in 0..10", "in 0..6")), old)
    assert versions.transition_errors(old, new) == ()
    assert [d.code for d in versions.transition_errors(old, new, {"limit": 8})] == ["CCL0394"]


def test_a_migration_is_a_function_of_the_old_value(old: core.Program) -> None:
    text = changed(("pool: Integer = 3", "pool: Money<CREDIT> = 3"), ("pool + 1", "pool + 1 CREDIT"))
    moved = with_transition(text, "open proposals: keep; state pool -> pool: 1 CREDIT * pool")
    (migration,) = program(moved, old).migrations
    function = program(moved, old).functions[migration.function]
    assert [name for name, _ in function.params] == ["pool"]
    assert str(function.result) == "Money<CREDIT>"


def test_a_move_from_what_was_not_there(old: core.Program) -> None:
    _, findings, _ = check_text(with_transition(OLD, "state gone -> pool: gone + 1"), HOST, previous=old)
    assert [d.code for d in findings.all] == ["CCL0392"]


# -- amendable ---------------------------------------------------------------------------------------------------------

AMENDABLE = [
    ('clause "1" on bylaws.adopt "x" { require decided(); }', True),
    ('clause "1" on bylaws.adopt "x" { require decided("bylaw"); }', True),
    ('clause "1" on bylaws.* "x" { require decided("Budget"); } proposal Budget { duration: 1 day; }', True),
    ('clause "1" on * "x" { }', True),
    ('clause "1" on bylaws.adopt "x" { require false; }', False),
    ('clause "1" on bylaws.adopt "x" { require member(); }', False),
    ('clause "1" on bylaws.adopt "x" { require decided("bylaw") and decided("policy"); }', False),
    ('clause "1" on bylaws.adopt "x" { require decided(); } policy p on bylaws.* { require role(steward); }', False),
    ('clause "1" on bylaws.adopt "x" { deny "Never." }', False),
    ('clause "1" on bylaws.adopt "x" { trap "Never." }', False),
    ('clause "1" on bylaws.adopt when member() "x" { }', False),
    ('clause "1" on credit.transfer "x" { }', False),
    ('clause "1" on bylaws.adopt "x" { deny "Never." } exception to "1" when decided("policy") { }', True),
    ('clause "1" on bylaws.adopt "x" { require !suspended(); }', True),
    ('clause "1" on bylaws.adopt "x" { require suspended(); require !suspended(); }', False),
    ('clause "1" on bylaws.adopt "x" { require command.size > 100; require command.size < 102; }', True),
    ('clause "1" on bylaws.adopt "x" { require command.size > 100; require command.size < 101; }', False),
    ('clause "1" on bylaws.adopt "x" { require members() > 20 and command.version == "2"; }', True),
    ('clause "1" on bylaws.adopt "x" { require decided(); } role Keeper { can: [bylaws.adopt]; }', True),
    ("", False),
]


@pytest.mark.parametrize(("inside", "can"), AMENDABLE)
def test_a_later_amendment_can_still_pass(inside: str, can: bool) -> None:
    found = versions.amendable(program(f"contract Orchard {{ {inside} }}"), HOST)
    assert (found is None) is can
    if found is not None:
        assert found.code == "CCL0396"
        assert "bylaws.adopt" in found.message
