"""Properties of contracts written in CCL: what is proved, up to what, and how it breaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccl import core
from ccl.proof.answers import Answer, Verdict
from ccl.proof.properties import prove
from ccl.proof.solving import Effort
from tests.ccl.proof.orchard import HOST, functions, orchard

# In files, one property a line: what is answered, a part of the story or reason, the text.
STATED = Path(__file__).with_name("stated.txt")


def rows() -> list[list[str]]:
    return [[part.strip() for part in line.split(" ~ ")] for line in STATED.read_text().splitlines() if line.strip()]


def only(program: core.Program, name: str = "p") -> Answer:
    found = list(prove(program, HOST, name, Effort(ms=8_000)))
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[2][9:60])
def test_stated(row: list[str]) -> None:
    answer = only(functions(row[2]))
    told = " ".join((*answer.story, *answer.bounds, answer.reason))
    assert answer.verdict.value == row[0], answer
    assert row[1] == "-" or row[1] in told, answer
    if answer.verdict is Verdict.BROKEN:
        assert answer.values is not None
        assert answer.story


def by(program: core.Program, name: str) -> dict[str, Answer]:
    return {answer.subject: answer for answer in prove(program, HOST, name)}


def test_limits_are_never_negative() -> None:
    found = by(orchard(), "limits_never_negative")
    assert {s: a.verdict for s, a in found.items()} == {"clause 4.2": Verdict.PROVED}
    falling = 'clause "4.3" on credit.transfer in CREDIT { require command.amount <= limit - missed_hours() * CENT; }'
    falling = falling.replace("CENT", "1 CREDIT")
    broken = by(orchard(falling), "limits_never_negative")["clause 4.3"]
    assert broken.verdict is Verdict.BROKEN
    assert broken.story[-1].startswith("Then the limit for `amount` is -")
    mended = falling.replace("limit -", "max(0 CREDIT, limit -").replace("CREDIT;", "CREDIT);")
    assert by(orchard(mended), "limits_never_negative")["clause 4.3"].verdict is Verdict.PROVED


def test_a_view_alone_is_no_limit_of_the_contract() -> None:
    more = 'clause "4.3" on credit.transfer { require command.amount <= balance(command.payer, command.unit); }'
    assert "clause 4.3" not in by(orchard(more), "limits_never_negative")


def test_a_negative_range_of_a_parameter_is_found() -> None:
    found = by(orchard(was1="in 0..2000", now1="in -5..2000"), "limits_never_negative")["clause 4.2"]
    assert found.verdict is Verdict.BROKEN
    assert any("`limit` is -" in sentence for sentence in found.story)


def pay(amount: str) -> str:
    return f"credit.transfer(payer: caller(), payee: caller(), amount: {amount}, unit: CREDIT);"


def test_payouts_stay_within_the_pool() -> None:
    body = f"for a in split(pool, w) {{ {pay('a')} }}"
    share = f"action share_out(pool: Money<CREDIT>, w: Array<Integer, max 4>) {{ {body} }}"
    found = by(orchard(share), "payouts_within_pool")["action share_out"]
    assert found.verdict is Verdict.PROVED, found
    half = pay("round(pool * 50%, up)")
    wrong = f"action share_out(pool: Money<CREDIT>) {{ {half} {half} }}"
    found = by(orchard(wrong), "payouts_within_pool")["action share_out"]
    assert found.verdict is Verdict.BROKEN, found
    assert found.story[-1].startswith("Then it pays ")
    assert found.values
    right = wrong.replace("50%, up", "50%, down")
    assert by(orchard(right), "payouts_within_pool")["action share_out"].verdict is Verdict.PROVED


def test_an_action_that_pays_what_it_is_told_shares_nothing_out() -> None:
    assert by(orchard(f"action wages(a: Money<CREDIT>) {{ {pay('a')} }}"), "payouts_within_pool") == {}


def test_overflow_in_clauses_functions_and_actions() -> None:
    more = f"fn doubled(a: Integer) -> Integer {{ a * 2 }} action big(a: Money<CREDIT>) {{ {pay('a * 3')} }}"
    found = by(orchard(more), "no_overflow")
    assert found["clause 4.2"].verdict is Verdict.PROVED
    assert found["fn doubled"].verdict is Verdict.BROKEN
    assert "traps" in found["fn doubled"].story[-1]
    assert found["action big"].verdict is Verdict.BROKEN
    wide = by(orchard(was1="limit * 2", now1="limit * 92_233_720_368_547"), "no_overflow")["clause 4.2"]
    assert wide.verdict is Verdict.BROKEN
    assert any("`limit`" in sentence for sentence in wide.story)


def test_a_function_that_clauses_call_is_judged_where_it_is_called() -> None:
    more = """
        fn twice(a: Money<CREDIT>) -> Money<CREDIT> { a * 2 }
        clause "4.3" on credit.transfer in CREDIT { require command.amount <= twice(limit); }
    """
    found = by(orchard(more), "no_overflow")
    assert "fn twice" not in found
    assert found["clause 4.3"].verdict is Verdict.PROVED


def test_what_is_accepted_by_name_is_an_answer_of_its_own() -> None:
    plain = by(orchard(), "no_never_passes")["proposal PolicyDecision"]
    assert plain.verdict is Verdict.BROKEN
    accepted = by(orchard('accept no_adds_quorum because "turnout is wanted";'), "no_never_passes")
    answer = accepted["proposal PolicyDecision"]
    assert (answer.verdict, answer.reason, answer.story) == (Verdict.ACCEPTED, "turnout is wanted", plain.story)


def test_a_contract_states_the_electorate_of_a_standard_property() -> None:
    more = "property no_member_alone for members >= 2 { true }"
    found = by(orchard(more), "no_member_alone")["proposal PolicyDecision"]
    assert found.verdict is Verdict.BROKEN
    assert found.story == ("With 2 members, one member votes yes and nobody else votes: the motion passes.",)
    assert found.whom == "for members >= 2"


def test_what_is_too_hard_is_unknown() -> None:
    hard = "property p(a: Integer, b: Integer, c: Integer) for members >= 1 { a * a * a + b * b * b + c * c * c != 42 }"
    found = list(prove(functions(hard), HOST, "p", Effort(ms=300, work=200_000)))
    assert [a.verdict for a in found] == [Verdict.UNKNOWN] or found[0].verdict is Verdict.BROKEN
    assert found[0].reason or found[0].story


def test_every_answer_survives_json() -> None:
    for answer in prove(orchard(), HOST):
        assert Answer.of(answer.data()) == answer


def test_functions_that_call_each_other_without_end_in_sight_are_unknown() -> None:
    calls = "fn f0(a: Integer) -> Integer { a } " + " ".join(
        f"fn f{n}(a: Integer) -> Integer {{ min(f{n - 1}(a), f{n - 1}(a + 1)) }}" for n in range(1, 30)
    )
    found = only(functions(f"{calls} property p(a: Integer in 0..9) {{ f29(a) >= 0 }}"))
    assert (found.verdict, found.reason) == (Verdict.UNKNOWN, "it is too large to be looked at whole")


def test_nesting_to_the_limit_is_no_crash() -> None:
    deep = "property p(a: Integer in 0..9) { " + "(1 + " * 190 + "a" + ")" * 190 + " > 0 }"
    assert only(functions(deep)).verdict in (Verdict.PROVED, Verdict.UNKNOWN)
