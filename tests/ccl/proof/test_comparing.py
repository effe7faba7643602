"""Two versions side by side: what changed, in which direction, with a case that both versions have judged."""

from __future__ import annotations

import random
import zlib
from types import SimpleNamespace
from typing import Any

import pytest

from ccl import core, rulebook
from ccl.proof.answers import Change, Relation
from ccl.proof.comparing import changes
from ccl.proof.past import PastDecision, would_differ
from ccl.rulebook import Reference, Rulebook
from tests.ccl.proof.orchard import HOST, orchard

EQ, ST, LO, IN, UN = Relation.EQUIVALENT, Relation.STRICTER, Relation.LOOSER, Relation.INCOMPARABLE, Relation.UNKNOWN
ACT = "require acts_for(command.payer);"
MOST = "command.amount <= most"
SUSPEND = 'clause "5" on member.suspend { require member(); }'

# What is replaced in the contract by what, and what it does to credit.transfer and member.suspend.
CASES: list[tuple[str, str, Relation, Relation]] = [
    (ACT, ACT + " require !suspended();", ST, EQ),
    (ACT, "", LO, EQ),
    ("member() or decided()", "decided() or member()", EQ, EQ),
    ("member() or decided()", "member()", ST, EQ),
    ("member() or decided()", "member() or decided() or role(Steward)", LO, EQ),
    (MOST, "command.amount < most", ST, EQ),
    (MOST, "command.amount <= most + 0.01 CREDIT", LO, EQ),
    (MOST, "!(command.amount > most)", EQ, EQ),
    (MOST, "command.amount - most <= 0 CREDIT", EQ, EQ),
    ("limit * 2", "limit + limit", EQ, EQ),
    ("limit * 2", "limit * 3", LO, EQ),
    ("limit * 2", "limit", ST, EQ),
    ("if role(Steward) { limit * 2 } else { limit }", "if role(Steward) { limit } else { limit * 2 }", IN, EQ),
    (SUSPEND, "", EQ, ST),
    (SUSPEND, 'clause "5" on member.suspend { }', EQ, LO),
    (SUSPEND, SUSPEND.replace("5", "9"), EQ, EQ),
    ("can: [member.suspend]", "can: []", EQ, LO),
    ("can: [member.suspend]", "can: [member.suspend, credit.transfer]", ST, EQ),
    (SUSPEND, SUSPEND[:-1] + "approval by role Steward need 2 within 14 days; }", EQ, ST),
    ("// more", 'exception to "4.2" when decided("emergency") { require command.amount <= 10_000 CREDIT; }', LO, EQ),
    ("// more", 'exception to "4.2" when decided("emergency") { require command.amount <= 900 CREDIT; }', IN, EQ),
    ("// more", 'exception to "4.2" when decided("emergency") { }', LO, EQ),
    ("// more", 'clause "7" on credit.transfer { approval by signers payer need 2 within 14 days; }', ST, EQ),
    ("// more", 'clause "7" on credit.transfer when suspended() { deny "No."; }', ST, EQ),
    ("= 500 in 0..2000", "= 600 in 0..2000", LO, EQ),
    ("= 500 in 0..2000", "= 400 in 0..2000", ST, EQ),
    ("= 500 in 0..2000", "= 500 in 0..3000", EQ, EQ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c[1][:50])
def test_relations(case: tuple[str, str, Relation, Relation]) -> None:
    was, now, transfer, suspend = case
    new = orchard(was1=was, now1=now)
    found = {c.name: c for c in changes(orchard(), new, HOST) if c.kind == "command"}
    assert found["credit.transfer"].relation is transfer, found["credit.transfer"]
    assert found["member.suspend"].relation is suspend, found["member.suspend"]
    for change in found.values():
        expected = {EQ: 0, ST: 1, LO: 1, IN: 2}[change.relation]
        assert len(change.witnesses) == expected
        for witness in change.witnesses:
            assert (witness.old == "permitted") != (witness.new == "permitted")
            assert witness.case
        assert Change.of(change.data()) == change


APPROVAL = 'approval by signers payer above "approval.above_minor" of amount need {0} within 14 days;'


def test_approvals_are_compared_by_how_many_and_above_what() -> None:
    def asking(need: str) -> core.Program:
        return orchard(f'clause "7" on credit.transfer {{ {APPROVAL.format(need)} }}')

    def relation(old: core.Program, new: core.Program) -> Change:
        return next(c for c in changes(old, new, HOST) if c.name == "credit.transfer")

    more = relation(asking("2"), asking("3"))
    assert more.relation is ST
    assert more.witnesses[0].new == "not before 3 signers (payer) have approved within 14 days"
    assert relation(asking("3"), asking("2")).relation is LO
    assert relation(asking("2"), asking("2")).relation is EQ
    assert relation(asking("2"), asking('"approval.signatures"')).relation is IN
    assert relation(orchard(), asking("2")).relation is ST


def test_a_witness_in_words() -> None:
    new = orchard(was1="limit * 2", now1="limit * 3")
    change = next(c for c in changes(orchard(), new, HOST) if c.relation is LO)
    (witness,) = change.witnesses
    assert "The parameter `limit` is 500.00 CREDIT." in witness.case
    assert '`role("Steward")` is true.' in witness.case
    assert any(s.startswith("`amount` of the credit.transfer is 1,") and s.endswith("CREDIT.") for s in witness.case)
    assert witness.old == "refused under 4.2: `command.amount <= most` does not hold (over the limit)"
    assert witness.new == "permitted"


def test_parameters_are_told_with_both_values() -> None:
    new = orchard(was1="= 500 in 0..2000", now1="= 400 in 0..3000")
    found = {(c.kind, c.name): c for c in changes(orchard(), new, HOST)}
    assert found["command", "credit.transfer"].relation is ST
    said = found["command", "credit.transfer"].witnesses[0].case
    assert "The parameter `limit` is 500.00 CREDIT in the old version and 400.00 CREDIT in the new one." in said
    limit = found["parameter", "limit"]
    assert limit.relation is LO
    assert limit.notes == (
        "Unless set, it is 400.00 CREDIT; it was 500.00 CREDIT.",
        "It can be set within 0.00 CREDIT to 3,000.00 CREDIT; before, within 0.00 CREDIT to 2,000.00 CREDIT.",
    )


def test_types_of_decision() -> None:
    def of(was: str, now: str) -> Change:
        found = changes(orchard(), orchard(was1=was, now1=now), HOST)
        return next(c for c in found if c.kind == "proposal")

    easier = of("quorum: 50%", "quorum: 40%")
    assert easier.relation is LO
    assert easier.witnesses[0].old == "the motion does not pass: too few took part"
    assert easier.witnesses[0].new == "the motion passes"
    assert of("threshold: majority", "threshold: supermajority(2/3)").relation is ST
    assert of("quorum: 50%; threshold: majority", "quorum: 40%; threshold: supermajority(2/3)").relation is IN
    longer = of("duration: 14 days", "duration: 7 days")
    assert (longer.relation, longer.notes) == (EQ, ("Changed: how long voting lasts.",))
    gone = "proposal Other { quorum: 50%; threshold: majority; duration: 14 days; }"
    found = list(changes(orchard(gone), orchard(), HOST))
    assert [(c.name, c.relation) for c in found if c.kind == "proposal"] == [("Other", ST)]
    found = list(changes(orchard(), orchard(gone), HOST))
    assert [(c.name, c.relation) for c in found if c.kind == "proposal"] == [("Other", LO)]


def test_what_an_action_does_has_to_be_read() -> None:
    was = "action pay(a: Money<CREDIT>) { emit Paid { a: a }; }"
    found = list(changes(orchard(was), orchard(was.replace("a: a", "a: a + 1 CREDIT")), HOST))
    assert [(c.kind, c.relation) for c in found if c.relation is not EQ] == [("action", UN)]
    assert all(c.relation is EQ for c in changes(orchard(was), orchard(was), HOST))


# -- against judging at random -----------------------------------------------------------------------------------------


class Views:
    """Views of a random world: what they say follows from the seed, the name and the arguments."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        choices: tuple[Any, ...] = (0, 400, 1000) if name == "missed_hours" else (True, True, False)
        return lambda *args: choices[zlib.crc32(repr((self._seed, name, args)).encode()) % len(choices)]


def world(seed: int, limit: int) -> Any:
    dice = random.Random(seed)
    amount = dice.choice((1, 40_000, 50_000, 50_001, 60_000, 99_999, 100_000, 100_001, 150_000))
    command = SimpleNamespace(payer="did:a", payee="did:b", amount_minor=amount, unit=dice.choice(("CREDIT", "EUR")),
                              memo=None, member="did:c")  # fmt: skip
    return SimpleNamespace(views=Views(seed), command=command, params={"limit": limit}, state={}, caller="did:a", now=0)


def judged(program: core.Program, name: str, seed: int) -> bool:
    default = next(p.default for p in program.params)
    return Rulebook(program, HOST, Reference(program)).judge(name, world(seed, default)).permitted


@pytest.mark.parametrize("case", [c for c in CASES if "approval" not in c[1]],
                         ids=lambda c: c[1][:50])  # fmt: skip
def test_no_random_case_contradicts_the_relation(case: tuple[str, str, Relation, Relation]) -> None:
    old, new = orchard(), orchard(was1=case[0], now1=case[1])
    for name, relation in (("credit.transfer", case[2]), ("member.suspend", case[3])):
        for seed in range(60):
            was, is_ = judged(old, name, seed), judged(new, name, seed)
            if relation is EQ:
                assert was == is_, seed
            elif relation is ST:
                assert was or not is_, seed
            elif relation is LO:
                assert is_ or not was, seed


def test_past_decisions_that_would_now_differ() -> None:
    old, new = orchard(), orchard(was1=ACT, now1=ACT + " require !suspended();")
    decisions = [PastDecision(str(seed), "credit.transfer", world(seed, 50_000)) for seed in range(200)]
    found = list(would_differ(old, new, HOST, decisions))
    assert found
    assert len(found) < 200
    for one in found:
        assert one.old.permitted
        assert not one.new.permitted
        assert one.new.standing is not None
        assert rulebook.cited(one.new.standing) == "4.1"
    assert list(would_differ(old, old, HOST, decisions)) == []
