"""A contract in CCL in force: judged by units, limits, exceptions; adopted, amended, set; its refusals explained."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import pytest

from icn_node.kernel import bylaws, explanations, registry
from icn_node.kernel.bylaws import BylawsInvalid
from icn_node.kernel.context import Context
from icn_node.kernel.contract import Contract
from icn_node.kernel.refusal import Forbidden, Refusal
from tests.people import unit
from tests.world import Refused, World, clause_bylaws, default_bylaws, extended_bylaws

AMEND = 'clause "0" on bylaws.* "The bylaws are changed by a decision." { require decided(); }\n'


def document(text: str, *, name: str = "x.ccl", bases: tuple[tuple[str, str], ...] = ()) -> dict[str, Any]:
    """A contract as it stands in an event: its clauses after one by which it can be amended."""
    whole = text if text.startswith("contract") else f"contract X {{ edition: 1;\n{AMEND}{text}\n}}\n"
    found: dict[str, Any] = {"title": "X", "clauses": [], "sources": [{"name": name, "text": whole}]}
    return found | ({"bases": [{"name": n, "text": t} for n, t in bases]} if bases else {})


def adopt(w: World, text: str, **more: Any) -> None:
    w.decide({"op": "bylaws.adopt", "document": document(text, **more)})


def refusal(w: World, text: str, **more: Any) -> dict[str, Any]:
    """Of an adoption that must be refused: its facts. The state is as before."""
    before, mark = w.digest(), w.tables.mark()
    with pytest.raises(BylawsInvalid) as caught:
        adopt(w, text, **more)
    w.tables.rollback(mark)
    assert w.digest() == before
    return caught.value.facts


def why(w: World, who: str, reader: str, op: str, **fields: Any) -> Any:
    """A refused event's explanation, for a reader."""
    event = w.sign(who, {"op": op, **fields})
    w.kernel.event(event, "ok", w.now)
    w.chains[event.author] = event
    found = explanations.of_event(w.tables, w.reader(reader), event.cid)
    assert found is not None
    return found


def contract(w: World) -> Contract:
    book = w.kernel.policy.book(w.tables)
    assert isinstance(book, Contract)
    return book


@pytest.fixture
def town() -> World:
    w = World()
    for name in ("bob", "cid"):
        w.member(name)
    unit(w)
    unit(w, "SUN")
    return w


LIMITED = """
unit CC { decimals: 2; }
param limit: Money<CC> = 5 in 0..20 changed by PolicyDecision;
clause "4.1" on credit.transfer "Members pay." { require member(); require acts_for(command.payer); }
clause "4.2" on credit.transfer in CC "Nobody pays more than the limit at once." {
    require command.amount <= limit because "this is more than the limit";
}
exception to "4.2" when role("steward") { }
"""


def pay(w: World, who: str, amount: int, code: str = "CC") -> Any:
    return w.do(who, "credit.transfer", payee=w.did("cid"), amount_minor=amount, unit=code)


def test_clauses_judge_by_unit_limit_and_exception(town: World) -> None:
    adopt(town, LIMITED)
    assert pay(town, "bob", 500) == 1
    with pytest.raises(Refused) as no:
        pay(town, "bob", 501)
    assert (no.value.code, no.value.clause) == ("forbidden", "4.2")
    assert no.value.facts == {"what": "credit.transfer", "reason": "this is more than the limit"}
    assert pay(town, "bob", 501, "SUN") == 2, "the clause speaks of CC alone"
    assert pay(town, "ann", 501) == 3, "a steward is excepted"


def test_a_command_that_no_clause_speaks_of_is_refused(town: World) -> None:
    adopt(town, LIMITED)
    with pytest.raises(Refused) as no:
        town.do("bob", "group.create", group="g", title="G")
    assert (no.value.clause, no.value.facts["reason"]) == ("", "no clause of the bylaws speaks of it")


def test_a_stranger_is_told_to_join_and_not_of_clauses(town: World) -> None:
    adopt(town, LIMITED)
    assert town.refused("zoe", "credit.transfer", payee=town.did("cid"), amount_minor=1, unit="CC") == "unknown_key"


# --- parameters -------------------------------------------------------------------------------------------------------


def test_a_parameter_is_set_within_its_range_and_judges_from_then_on(town: World) -> None:
    adopt(town, LIMITED)
    set_limit = {"op": "bylaws.set", "name": "limit"}
    town.decide({**set_limit, "value": "7.50"}, kind="policy")
    assert pay(town, "bob", 750) == 1
    for value, wanted in (("20.01", "from 0.00 CC to 20.00 CC"), (True, "an amount of CC"), ("x", "an amount of CC")):
        with pytest.raises(Refusal) as no:
            town.decide({**set_limit, "value": value}, kind="policy")
        assert no.value.code == "bad_parameter"
        assert wanted in str(no.value.facts["wanted"])
    with pytest.raises(Refused):
        pay(town, "bob", 751)


def test_a_parameter_is_changed_by_the_decision_that_the_contract_names(town: World) -> None:
    adopt(town, LIMITED)
    with pytest.raises(Refusal) as no:
        town.decide({"op": "bylaws.set", "name": "limit", "value": 1}, kind="budget")
    assert (no.value.code, no.value.facts) == ("parameter_kept", {"name": "limit", "wanted": "policy"})
    town.decide({"op": "bylaws.set", "name": "limit", "value": 1}, kind="bylaw")


def test_the_shipped_clause_lets_the_decision_that_is_named_and_no_other(town: World) -> None:
    text = "unit CC { decimals: 2; } param limit: Money<CC> = 5 in 0..20 changed by PolicyDecision;"
    town.decide({"op": "bylaws.adopt", "document": extended_bylaws(text)})
    town.decide({"op": "bylaws.set", "name": "limit", "value": 1}, kind="policy")
    for kind, name in (("budget", "limit"), ("policy", "approval.signatures")):
        with pytest.raises(Forbidden) as no:
            town.decide({"op": "bylaws.set", "name": name, "value": 2}, kind=kind)
        assert no.value.clause == "1.4"


def test_parameters_stand_among_the_settings(town: World) -> None:
    adopt(town, LIMITED + 'clause "9" on read.space.* "All read." { }')
    town.decide({"op": "bylaws.set", "name": "limit", "value": "7.25"}, kind="policy")
    first = town.ask("bob", "space.params")[0]
    assert (first["name"], first["value"], first["default"]) == ("limit", "7.25 CC", "5.00 CC")
    assert "by a decision of type policy" in first["meaning"]


def test_what_was_set_outlives_an_amendment_that_still_takes_it(town: World) -> None:
    adopt(town, LIMITED)
    town.decide({"op": "bylaws.set", "name": "limit", "value": 15}, kind="policy")
    adopt(town, LIMITED.replace("4.2", "4.3"))
    assert contract(town).world(town.tables, town.reader("ann"), None).params["limit"] == 1_500
    assert refusal(town, LIMITED.replace("0..20", "0..10"))["error"] == "CCL0394"
    town.decide({"op": "bylaws.adopt", "document": clause_bylaws()})
    assert town.tables.get(bylaws.Param, "limit") is None, "clauses of words have no such parameter"


# --- adoption ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "error", "line"),
    [
        ('clause "1" on credit.transfer "x" { require membr(); }', "CCL0", 3),
        ('clause "1" on credit.transfr "x" { require member(); }', "CCL0", 3),
        ('clause "1" on credit.transfer "x" { require command.memo == 1; }', "CCL0", 3),
        ("contract X { edition: 1; ", "CCL00", 1),
        ("contract X { edition: 1; }", "CCL0396", 0),
        ('contract X { edition: 1; clause "1" on bylaws.adopt "x" { require member(); } }', "CCL0396", 1),
    ],
)  # fmt: skip
def test_a_contract_with_an_error_is_refused_with_its_code_and_place(
    town: World, text: str, error: str, line: int
) -> None:
    facts = refusal(town, text)
    assert str(facts["error"]).startswith(error)
    assert facts["line"] == line
    assert str(facts["reason"]).startswith(str(facts["error"]))


def test_a_document_is_of_one_form(town: World) -> None:
    both = {**document(LIMITED), "clauses": clause_bylaws()["clauses"]}
    with pytest.raises(BylawsInvalid, match="not both"):
        town.decide({"op": "bylaws.adopt", "document": both})


def test_units_have_the_decimals_that_the_ledger_gives_them(town: World) -> None:
    assert "CC has 2 decimals" in str(refusal(town, "unit CC { decimals: 0; }")["reason"])
    adopt(town, "unit NEW { decimals: 0; }")
    lawless_clause = 'unit NEW { decimals: 0; } clause "1" on * "All." { }'
    adopt(town, lawless_clause)
    with pytest.raises(Refusal) as no:
        town.decide({"op": "credit.create", "unit": "NEW", "title": "N", "decimals": 2})
    assert no.value.code == "bad_terms"
    town.decide({"op": "credit.create", "unit": "NEW", "title": "N", "decimals": 0})


def test_what_a_module_that_is_off_has_cannot_be_used(town: World) -> None:
    text = 'clause "1" on credit.transfer "x" { require hour_balance(caller()) >= 0; }'
    town.decide({"op": "module.deactivate", "module": "timebank"})
    assert "takes the module timebank" in str(refusal(town, text)["reason"])
    town.decide({"op": "module.activate", "module": "timebank"})
    adopt(town, text)


def test_a_primitive_of_a_module_to_come_names_it(town: World) -> None:
    text = "action lend(to: Did) { request_loan(to); }"
    assert refusal(town, text)["error"] == "CCL0109"


def test_a_long_text_is_published_in_pieces(town: World) -> None:
    text = document(LIMITED)["sources"][0]["text"]
    parts = [town.do("bob", "bylaws.publish", text=piece) for piece in (text[:100], text[100:])]
    assert parts == [hashlib.sha256(p.encode()).hexdigest() for p in (text[:100], text[100:])]
    source = {"name": "x.ccl", "parts": [bytes.fromhex(p) for p in parts]}
    town.decide({"op": "bylaws.adopt", "document": {"title": "X", "clauses": [], "sources": [source]}})
    assert pay(town, "bob", 500) == 1
    assert refusal_of(town, [*source["parts"], bytes(32)]) == "part 3 of x.ccl was not published"


def refusal_of(w: World, parts: list[bytes]) -> str:
    source = {"name": "x.ccl", "parts": parts}
    with pytest.raises(BylawsInvalid) as no:
        w.decide({"op": "bylaws.adopt", "document": {"title": "X", "clauses": [], "sources": [source]}})
    return str(no.value.facts["reason"])


def test_texts_have_a_bound_together(town: World) -> None:
    """Each part is short enough, and named often enough they would be too much to read."""
    part = bytes.fromhex(town.do("bob", "bylaws.publish", text=" " * 49_152))
    assert "are the most" in refusal_of(town, [part] * 22)


def test_a_base_is_pinned_and_travels_with_the_document(town: World) -> None:
    base = f'contract Base {{ edition: 1; {AMEND} final clause "1" on credit.transfer "x" {{ require member(); }} }}'
    pin = hashlib.sha256(base.encode()).hexdigest()
    text = f'contract X extends "base:b@{pin}" {{ edition: 1; }}'
    adopt(town, text, bases=((f"b@{pin}", base),))
    assert pay(town, "bob", 5) == 1
    assert contract(town).text_of("1") == "x"
    assert refusal(town, text, bases=((f"b@{pin}", base + " "),))["error"] == "CCL0314"
    assert refusal(town, text)["error"] == "CCL0313"


def test_an_amendment_says_what_becomes_of_open_proposals(town: World) -> None:
    votes = "proposal Budget {{ eligible: Member; quorum: 10%; threshold: majority; duration: {} days; }}"
    adopt(town, votes.format(7))
    assert refusal(town, votes.format(8))["error"] == "CCL0390"
    adopt(town, votes.format(8) + "transition { open proposals: keep; }")


def test_the_version_in_force_is_shown_and_those_before(town: World) -> None:
    adopt(town, LIMITED + 'clause "9" on read.space.* "All read." { }')
    shown = town.ask("bob", "space.bylaws")
    assert shown["form"] == "ccl"
    assert [c["id"] for c in shown["clauses"]] == ["0", "4.1", "4.2", "9", ""]
    assert shown["clauses"][1]["require"] == ["member()", "acts_for(command.payer)"]
    assert shown["clauses"][2]["unit"] == "CC"
    assert shown["clauses"][4]["exception_to"] == "4.2"
    assert [v["version"] for v in town.ask("bob", "space.bylaws_versions")] == [2, 1]
    assert town.ask("bob", "space.bylaws", version=1)["title"] == "Bylaws of a co-op"


def test_an_approval_is_asked_for_by_a_clause_of_a_contract() -> None:
    w = World(params={"approval.issue_above_minor": 10})
    w.member("bob", roles=("steward",))
    unit(w)
    issue = {"payer": w.did("bob"), "payee": w.did("ann"), "unit": "CC"}
    assert w.do("ann", "credit.issue", **issue, amount_minor=11) == "approval:1"
    assert isinstance(w.do("ann", "credit.issue", **issue, amount_minor=10), int)
    w.do("bob", "approval.approve", approval=1)


# --- replay, roll-back ------------------------------------------------------------------------------------------------


def test_history_replays_under_each_version_in_either_form() -> None:
    """Founded with clauses of words, then a contract, then another: a replay gives the same state and outcomes."""
    w = World(bylaws=clause_bylaws())
    outcomes = []
    for name in ("bob", "cid"):
        w.member(name)
    unit(w)
    for step in (None, LIMITED, LIMITED.replace("4.2", "4.7")):
        if step is not None:
            adopt(w, step)
        for amount in (400, 600):
            op = {"op": "credit.transfer", "payee": w.did("cid"), "amount_minor": amount, "unit": "CC"}
            event = w.sign("bob", op)
            done = w.kernel.event(event, "ok", w.now)
            w.chains[event.author] = event
            outcomes.append(done.outcome.get("clause", "ok"))
    assert outcomes == ["ok", "ok", "ok", "4.2", "ok", "4.7"]


def test_a_rolled_back_adoption_leaves_the_rules_before(town: World) -> None:
    adopt(town, LIMITED)
    mark = town.tables.mark()
    other = msgspec.convert(clause_bylaws(), bylaws.Document)
    bylaws.adopt(town.tables, other, town.now, 0)
    assert isinstance(town.kernel.policy.book(town.tables), bylaws.Rulebook)
    town.tables.rollback(mark)
    assert contract(town).text_of("4.2") != ""


# --- explanations -----------------------------------------------------------------------------------------------------

SOLVENT = (
    LIMITED
    + """
clause "4.4" on credit.transfer "Nobody pays whom who owes much." { require balance(command.payee, command.unit) >= 0; }
clause "8.1" on read.credit.balance "One's own." { require is_self(command.party) or role("steward"); }
clause "8.2" on read.event.* "Members." { require member(); }
"""
)


def test_the_smallest_change_is_told_and_would_be_allowed(town: World) -> None:
    adopt(town, LIMITED)
    found = why(town, "bob", "bob", "credit.transfer", payee=town.did("cid"), amount_minor=620, unit="CC")
    assert found.change is not None
    assert (found.change.then, found.change.by) == (500, -120)
    assert "6.20 CC" in found.words()
    assert "1.20" in found.words()
    assert pay(town, "bob", 500)


def test_an_explanation_shows_what_its_reader_may_see(town: World) -> None:
    adopt(town, SOLVENT)
    town.do("cid", "credit.transfer", payee=town.did("ann"), amount_minor=100, unit="CC")
    asked = {"payee": town.did("cid"), "amount_minor": 1, "unit": "CC"}
    owed = "-1.00"
    assert owed in why(town, "bob", "ann", "credit.transfer", **asked).words(), "a steward may read balances"
    assert owed in why(town, "bob", "cid", "credit.transfer", **asked).words(), "it is cid's own"
    assert owed not in why(town, "bob", "bob", "credit.transfer", **asked).words(), "bob may not read cid's balance"


def test_explanations_are_no_part_of_what_nodes_agree_on(town: World) -> None:
    adopt(town, LIMITED)
    event = town.sign("bob", {"op": "credit.transfer", "payee": town.did("cid"), "amount_minor": 620, "unit": "CC"})
    before = town.digest()
    done = town.kernel.event(event, "ok", town.now)
    assert town.digest() == before
    assert set(done.outcome) == {"refused", "facts", "clause"}
    assert set(done.outcome["facts"]) == {"what", "reason"}
    assert town.tables.get(explanations.Explained, event.cid) is not None


def test_a_rule_about_itself_does_not_explain_for_ever(town: World) -> None:
    """Whether the reader may see a standing is itself judged by a clause that reads standings."""
    adopt(town, 'clause "1" on read.member.show, group.join "x" { require is_active(did:key:zNobody); }')
    with pytest.raises(Forbidden) as no:
        town.ask("bob", "member.show", member=town.did("cid"))
    assert no.value.clause == "1"


# --- what cannot be judged --------------------------------------------------------------------------------------------


def test_a_clause_that_traps_refuses(town: World) -> None:
    adopt(town, 'clause "1" on credit.transfer "x" { require 9_223_372_036_854_775_807 + member_count() > 0; }')
    with pytest.raises(Refused) as no:
        pay(town, "bob", 5)
    assert (no.value.clause, no.value.facts["reason"]) == ("1", "the clause fails with overflow")


class _DiskTrouble(Exception):
    """What the database raises when it cannot read."""


_DiskTrouble.__module__ = "apsw"


def test_a_failing_disk_is_no_judgement(town: World, monkeypatch: pytest.MonkeyPatch) -> None:
    adopt(town, LIMITED)
    ctx = Context(town.kernel, actor=town.reader("bob").actor, time_ms=town.now, origin="event", space=town.space)
    cmd = town.kernel.decode({"op": "credit.transfer", "ver": 1, "payee": town.did("cid"), "amount_minor": 1,
                              "unit": "CC"})  # fmt: skip
    town.kernel.policy.judge(town.tables, ctx, cmd)
    get = town.tables.get

    def failing(record: Any, *key: Any) -> Any:
        if record is registry.Party:
            raise _DiskTrouble
        return get(record, *key)

    monkeypatch.setattr(town.tables, "get", failing)
    with pytest.raises(_DiskTrouble):
        town.kernel.policy.judge(town.tables, ctx, cmd)


def test_default_and_extended_documents_differ_only_at_their_end() -> None:
    (default,), (extended,) = default_bylaws()["sources"], extended_bylaws('clause "99" on x.* "y" { }')["sources"]
    assert extended["text"].startswith(default["text"].rstrip().removesuffix("}"))
