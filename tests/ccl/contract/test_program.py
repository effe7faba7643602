"""What a contract comes to: every declaration of the design's own example, and what bases give and keep."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ccl import core
from ccl.elaborate import check_text, contract
from ccl.semantics import text_hash
from ccl.source import NOWHERE
from ccl.types import BOOL, DID, INTEGER, Money

from .orchard import HOST

ORCHARD = """
contract Orchard {
    edition: 1;
    version: "1.2.0";
    scope: "local:orchard";
    timezone: "Europe/Madrid";
    calendar: [2026-12-25, 2026-01-01];
    title: "Bylaws of the orchard";
    unit CREDIT { decimals: 2; }
    unit APPLE { decimals: 0; }

    param limit: Money<CREDIT> = 500 in 0..2000 changed by Policy;
    param floor: Integer = 3 in 1.. changed by bylaw;
    state reserve: Money<CREDIT> = 12.50;
    state seen: Array<Did, max 10>;

    role Steward { can: [member.suspend, credit.*]; requires: [!suspended()]; seats: 3; term: 2 years; max_terms: 2;
                   chosen by: Policy; until: successor; description: "Keeps the books." }
    role Chair extends Steward { term: 90 days; }
    electorate Workers { of: role(worker); weight: 2; }
    electorate Users { of: members; }
    delegate scope "budget" depth 5 expires 1 year;

    proposal Policy {
        description: "A policy.";
        eligible: Member; quorum: 50%; threshold: supermajority(2/3); duration: 7 days; discussion: 36 hours;
        sponsors: 2; early: true; ballot: closed; delegation: false; veto: Workers;
        amount: Money<CREDIT>;
        to: Did = did:key:ann;
        times: 3;
        execution: { credit.transfer(payer: caller(), payee: to, amount: amount, unit: CREDIT); emit Paid { to: to }; }
    }
    proposal Both(size: Integer) { threshold: majority in each of [Workers, Users]; duration: 1 day;
        quorum of Workers at least 1/3; quorum of Users at least 1/3; }
    proposal Mixed { threshold: 40% Workers + 60% Users; duration: 1 day; quorum of electorate more than 1/4; }
    proposal Wide { approval of electorate more than 1/2; duration: 2 weeks; }

    clause "4.1" on credit.transfer, credit.batch "A payment is the payer's own act." {
        require member() or decided();
        approval by signers payer above "approval.above_minor" of amount need "approval.signatures" within 14 days;
    }
    clause "4.2" on credit.transfer in CREDIT "Nobody pays more than the limit at once." {
        let most = if role(Steward) { limit * 2 } else { limit };
        require command.amount <= most because over_limit;
    }
    exception to "4.2" as "4.8" when decided("emergency") before "4.9" { require command.amount <= 10_000 CREDIT; }
    exception to "4.2" as "4.9" when decided() { }
    final clause "1.4" on bylaws.adopt "By decision." { require decided("bylaw"); }
    policy not_suspended on credit.* when !decided() { require !suspended(); }
    rule welcome on member.join { if suspended() { deny "You are out already." } allow }

    fn fee(a: Money<CREDIT>) -> Money<CREDIT> { round(a * 2.5%, half_even) }
    action pay(to: Did, a: Money<CREDIT>) { credit.transfer(payer: caller(), payee: to, amount: a, unit: CREDIT); }
    trigger dues every 1 month { credit.transfer(payer: caller(), payee: caller(), amount: fee(limit), unit: CREDIT); }
    trigger thanks on member.join { emit Joined { name: command.name }; }
    property fee_below(a: Money<CREDIT> in 0..100) for members >= 5 { fee(a) <= a }
    accept no_adds_quorum because "turnout is wanted";
    transition { open proposals: keep; state pool: drop; state old -> reserve; }
    test "over the limit" on credit.transfer { | amount | expect | | 400 CREDIT | permit | }
}
"""


def program(text: str, **given: object) -> core.Program:
    """The program of a text without errors."""
    found, findings, _ = check_text(text, HOST, **given)  # type: ignore[arg-type]
    assert found is not None, [(d.code, d.message) for d in findings.all]
    return found


@pytest.fixture(scope="module")
def orchard() -> core.Program:
    return program(ORCHARD)


def test_the_head(orchard: core.Program) -> None:
    assert (orchard.name, orchard.edition, orchard.version, orchard.scope) == ("Orchard", 1, "1.2.0", "local:orchard")
    assert orchard.timezone == "Europe/Madrid"
    assert orchard.holidays == (20454, 20812)
    assert orchard.facts == (("title", "Bylaws of the orchard"),)
    assert orchard.units == {"CREDIT": 2, "APPLE": 0}


def test_parameters_and_states(orchard: core.Program) -> None:
    limit, least = orchard.params
    assert (limit.type, limit.default, limit.low, limit.high) == (Money("CREDIT"), 50_000, 0, 200_000)
    assert limit.changed_by == "Policy"
    assert (least.low, least.high, least.changed_by) == (1, None, "bylaw")
    assert [(s.name, s.initial) for s in orchard.states] == [("reserve", 1250), ("seen", ())]


def test_roles_electorates_and_delegation(orchard: core.Program) -> None:
    steward, chair = orchard.roles
    assert steward.can == ("member.suspend", "credit.*")
    assert (steward.seats, steward.term_months, steward.max_terms) == (3, 24, 2)
    assert (steward.chosen_by, steward.until, steward.facts) == (
        "Policy", "successor", (("description", "Keeps the books."),),
    )  # fmt: skip
    assert [orchard.functions[f].result for f in steward.requires] == [BOOL]
    assert (chair.extends, chair.term_months, chair.term_days) == ("Steward", 0, 90)
    assert [(e.name, e.of, e.weight) for e in orchard.electorates] == [
        ("Workers", "worker", 2),
        ("Users", "members", 1),
    ]
    (delegation,) = orchard.delegations
    assert (delegation.scope, delegation.depth, delegation.expires_months) == ("budget", 5, 12)


def test_a_proposal(orchard: core.Program) -> None:
    policy = orchard.proposals[0]
    assert (policy.description, policy.eligible, policy.quorum) == ("A policy.", "Member", (1, 2))
    assert policy.threshold == core.Threshold("part", (2, 3), False)
    assert (policy.duration_ms, policy.phases_ms) == (7 * 86_400_000, (("discussion", 36 * 3_600_000),))
    assert (policy.sponsors, policy.early, policy.ballot, policy.delegation) == (2, True, "closed", False)
    assert policy.veto == "Workers"
    assert policy.fields == (("amount", Money("CREDIT"), None), ("to", DID, "did:key:ann"), ("times", INTEGER, 3))
    assert policy.required == {"amount"}
    execution = orchard.functions[policy.execution]
    assert execution.params == (("amount", Money("CREDIT")), ("to", DID), ("times", INTEGER))
    assert execution.effects >= {"command", "notice"}


def test_thresholds_and_quorums(orchard: core.Program) -> None:
    both, mixed, wide = orchard.proposals[1:]
    assert (both.threshold.kind, both.threshold.classes) == ("each", ("Workers", "Users"))
    assert both.threshold.inner == core.Threshold("part", (1, 2), True)
    assert (both.quorum, both.quorum_classes, both.quorum_strict) == ((1, 3), ("Workers", "Users"), False)
    assert both.required == {"size"}
    assert (mixed.threshold.kind, mixed.threshold.weights) == ("blend", ((2, 5), (3, 5)))
    assert (mixed.quorum, mixed.quorum_strict) == ((1, 4), True)
    assert wide.threshold == core.Threshold("part", (1, 2), True, "electorate")
    assert wide.duration_ms == 14 * 86_400_000


def test_clauses_in_the_order_in_which_they_judge(orchard: core.Program) -> None:
    cited = [(c.number or c.name, c.replaces, c.unit, c.strength) for c in orchard.clauses]
    assert cited == [
        ("4.1", "", "", ""), ("4.2", "", "CREDIT", ""), ("1.4", "", "", "final"), ("not_suspended", "", "", ""),
        ("welcome", "", "", ""), ("4.8", "4.2", "CREDIT", ""), ("4.9", "4.2", "CREDIT", ""),
    ]  # fmt: skip
    first = orchard.clauses[0]
    assert first.targets == ("credit.transfer", "credit.batch")
    assert first.text == "A payment is the payer's own act."
    assert first.approvals == (
        core.Approval("signers", "payer", "approval.above_minor", "amount_minor", "approval.signatures", 14),
    )
    assert orchard.clauses[5].targets == ("credit.transfer",)
    assert orchard.clauses[5].before == ("4.9",)
    assert orchard.functions[orchard.clauses[1].body].requirements[0].reason == "over_limit"


def test_functions_actions_and_triggers(orchard: core.Program) -> None:
    assert set(orchard.exports) == {"fee", "pay"}
    assert orchard.actions == (orchard.exports["pay"],)
    dues, thanks = orchard.triggers
    assert (dues.every_months, dues.most_commands, dues.most_money) == (1, 1, (("CREDIT", 5_000),))
    assert (thanks.targets, thanks.most_commands, thanks.most_money) == (("member.join",), 0, ())


def test_what_tools_use(orchard: core.Program) -> None:
    assert orchard.bounds == {"fee_below": (core.Bound("a", 0, 10_000), core.Bound("members", 5, None))}
    ((decl, function),) = orchard.properties
    assert (decl.name.text, orchard.functions[function].result) == ("fee_below", BOOL)
    assert orchard.accepts == (("no_adds_quorum", "turnout is wanted"),)
    assert orchard.transitions == (("open proposals", "keep"), ("state pool", "drop"))
    assert [replace(m, span=NOWHERE) for m in orchard.migrations] == [core.Migration("state", "old", "reserve")]
    assert [t.name.value for t in orchard.tests] == ["over the limit"]


def test_a_file_of_functions_is_a_program() -> None:
    found = program("const N: Integer = 2;\nfn twice(a: Integer) -> Integer { a * N }")
    assert (found.name, found.exports) == ("", {"twice": "twice"})


def test_of_several_contracts_the_last_runs_and_all_are_checked() -> None:
    found, findings, _ = check_text("contract A { fn f() -> Integer { 1 } }  contract B { }", HOST)
    assert found is not None
    assert found.name == "B"
    assert [d.code for d in findings.all] == ["CCL0309"]
    found, findings, _ = check_text("contract A { fn f() -> Integer { true } }  contract B { }", HOST)
    assert found is None


def test_long_forms_of_a_vote() -> None:
    inside = "threshold of ballots at least 3/5; quorum of members more than 20%; duration: 36 hours;"
    (found,) = program(f"contract A {{ proposal P {{ {inside} }} }}").proposals
    assert found.threshold == core.Threshold("part", (3, 5), False, "ballots")
    assert (found.quorum, found.quorum_base, found.quorum_strict) == ((1, 5), "members", True)
    assert found.quorum_classes == ()


# -- bases -------------------------------------------------------------------------------------------------------------

BASE = """
contract Base {
    timezone: "Europe/Madrid"; scope: "base"; version: "3";
    param limit: Integer = 5 in 0..10;
    param days: Integer = 5 in 0..10;
    role Steward { seats: 3; }
    fn base_fn() -> Integer { 1 }
    final clause "1" on bylaws.adopt "Final." { require decided(); }
    default clause "2" on member.join "Default." { require member(); }
    floor clause "3" on credit.transfer "Floor." { require member(); }
    clause "4" on credit.batch "Plain." { require member(); }
    exception to "4" when decided() { }
    accept no_adds_quorum because "in the base";
    transition { open proposals: keep; }
    test "base" on member.join { | name | expect | | "x" | permit | }
}
"""
PIN = f"base:coop@{text_hash(BASE)}"


def derived(inside: str) -> tuple[core.Program | None, list[str]]:
    """A contract that extends the base, and the codes told."""
    found, findings, _ = check_text(f'contract Own extends "{PIN}" {{ {inside} }}', HOST, bases={PIN: BASE})
    return found, [d.code for d in findings.all]


def test_a_base_gives_what_the_contract_does_not_say() -> None:
    found, codes = derived("")
    assert codes == []
    assert found is not None
    assert (found.name, found.timezone, found.scope, found.version) == ("Own", "Europe/Madrid", "base", "")
    assert (found.bases, found.extends) == ((PIN,), (PIN,))
    assert [(c.number or c.replaces, c.base) for c in found.clauses] == [(n, PIN) for n in ("1", "2", "3", "4", "4")]
    assert "base_fn" in found.exports
    assert (found.accepts, found.tests, found.transition) == ((), (), None)


def test_a_contract_says_again_what_its_base_says() -> None:
    found, codes = derived(
        'param limit: Integer = 2 in 1..4; role Steward { seats: 5; } timezone: "UTC"; '
        'clause "2" on member.join "Own." { require decided(); } '
        'clause "3" on credit.transfer "More." { require false; }'
    )
    assert codes == []
    assert found is not None
    assert [(p.name, p.default, p.low, p.high) for p in found.params] == [("limit", 2, 1, 4), ("days", 5, 0, 10)]
    assert [(r.name, r.seats) for r in found.roles] == [("Steward", 5)]
    assert found.timezone == "UTC"
    cited = [(c.number, c.base == PIN) for c in found.clauses if not c.replaces]
    assert cited == [("1", True), ("2", False), ("3", True), ("4", True), ("3", False)]


@pytest.mark.parametrize(
    ("inside", "code"),
    [
        ('clause "1" on bylaws.adopt "Own." { }', "CCL0359"),
        ('clause "4" on credit.batch "Own." { }', "CCL0360"),
        ('exception to "1" when decided() { }', "CCL0358"),
        ('exception to "3" when decided() { }', "CCL0358"),
        ('exception to "4" as "4a" when suspended() { }', "CCL0355"),
        ('exception to "4" as "4a" when member() { }', None),
        ('exception to "4" as "4a" when !decided() { }', None),
        ('exception to "2" when decided() { }', None),
        ("param limit: Integer = 2 in 0..11;", "CCL0325"),
        ("param limit: Integer = 2;", "CCL0325"),
        ("param limit: Bool = true;", "CCL0325"),
        ("edition: 1;", None),
        ("fn base_fn() -> Integer { 2 }", "CCL0110"),
    ],
)
def test_what_a_base_holds_fast(inside: str, code: str | None) -> None:
    _, codes = derived(inside)
    assert codes == ([] if code is None else [code])


def test_a_unit_has_the_decimals_that_its_base_says() -> None:
    base = "contract Base { unit APPLE { decimals: 1; } }"
    pin = f"space:a@{text_hash(base)}"
    for decimals, codes in ((1, []), (2, ["CCL0307"])):
        text = f'contract Own extends "{pin}" {{ unit APPLE {{ decimals: {decimals}; }} }}'
        _, findings, _ = check_text(text, HOST, bases={pin: base})
        assert [d.code for d in findings.all] == codes


def test_a_pinned_base_of_another_edition() -> None:
    base = "contract Base { edition: 2; }"
    pin = f"space:a@{text_hash(base)}"
    _, findings, sources = check_text(f'contract Own extends "{pin}" {{ edition: 1; }}', HOST, bases={pin: base})
    assert [(d.code, sources[d.span.source].name) for d in findings.all] == [("CCL0300", "space:a")]


def test_a_contract_and_its_base_pin_one_edition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contract, "EDITIONS", frozenset({1, 2}))
    base = "contract Base { edition: 2; }"
    pin = f"space:a@{text_hash(base)}"
    for edition, codes in ((1, ["CCL0306"]), (2, [])):
        _, findings, _ = check_text(f'contract Own extends "{pin}" {{ edition: {edition}; }}', HOST, bases={pin: base})
        assert [d.code for d in findings.all] == codes


def test_a_base_may_be_prose_with_its_rules_in_fences() -> None:
    base = '# Rules\n\nProse.\n\n```ccl\ncontract Base { clause "1" on member.join "In a fence." { } }\n```\n'
    pin = f"space:coop.bylaws.md@{text_hash(base)}"
    found, findings, _ = check_text(f'contract Own extends "{pin}" {{ }}', HOST, bases={pin: base})
    assert found is not None, [d.message for d in findings.all]
    assert [c.number for c in found.clauses] == ["1"]
