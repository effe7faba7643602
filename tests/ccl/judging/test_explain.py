"""What a refusal says: the clause, the facts, the change, in words, in JSON, from a log, and only what one may see."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccl import core, locales, types
from ccl.diagnostics import Findings
from ccl.explain import Asked, Explanation, Ground, Wanted, asked_of, explain, from_facts
from ccl.host import CommandSpec, FieldSpec, Host, ViewSpec
from ccl.locales import LOCALES
from ccl.phrases import PHRASES
from ccl.readings import Reading
from ccl.rulebook import Rulebook
from ccl.source import NOWHERE, Sources
from ccl.texts import Catalogue, read
from tests.ccl.judging.contracts import HOST, MONEY, Body, Transfer, Views, World, clause, op, program
from tests.ccl.judging.orchard import FACTS, book, explained, orchard


def said(explanation: Explanation, **how: Any) -> list[str]:
    return explanation.words(host=HOST, **how).splitlines()


def catalogue(text: str, language: str) -> Catalogue:
    sources, findings = Sources(), Findings()
    found = read(sources, sources.add(f"texts/{language}.toml", text), findings)
    assert findings.all == []
    return found


def test_the_sentence_that_a_member_reads() -> None:
    body = Body("c")
    body.require(op("le", body.command("amount"), body.view("limit", MONEY)), "command.amount <= limit()")
    made = program(body.function(), clauses=(clause("4.2", body.function(), text="Nobody pays more than the limit."),))
    rules, world = Rulebook(made, HOST), World(Views(limit=500))
    explanation = explain(rules, world, rules.judge("credit.transfer", world))
    assert said(explanation) == [
        "Refused under 4.2: you asked for 6.20 CREDIT, your limit is 5.00; 1.20 less would be allowed.",
        "4.2: Nobody pays more than the limit.",
    ]


CASES: list[tuple[dict[str, Any], list[str]]] = [
    (
        {},
        [
            (
                "Refused under 4.2: you asked for 620.00 CREDIT, the most is 500.00, the role Steward: no; "
                "120.00 less would be allowed, once approved."
            ),
            "4.2: Nobody pays more than 500.00 CREDIT at once.",
        ],
    ),
    (
        {"role": True, "amount": 200_000},
        [
            (
                "Refused under 4.2: you asked for 2,000.00 CREDIT, the most is 500.00, the role Steward: yes; "
                "1,000.00 less would be allowed, once approved."
            ),
            "4.2: Nobody pays more than 500.00 CREDIT at once.",
        ],
    ),
    (
        {"age": 12, "amount": 5},
        [
            (
                "Refused under 4.3: You are 12; one pays from 18 on. "
                "It would be allowed if your age were 18, once approved."
            ),
            "4.3: Adults pay.",
        ],
    ),
    (
        {"member": False, "amount": 5},
        [
            (
                "Refused under 4.1: A payment is a member's own, or the space's. "
                "Being a member: no, a decision of the space: no."
            )
        ],
    ),
    (
        {"decided": True, "amount": 500},
        [
            (
                "Refused under 4.5, the exception to 4.3: There is not that much. You asked for 5.00 CREDIT, "
                "the balance of did:key:ann is 1.00; 4.00 less would be allowed, once approved."
            )
        ],
    ),
    (
        {"age": 0, "decided": True, "amount": 5},
        ["Refused under 4.4: it could not be judged: something was divided by zero."],
    ),
    ({"amount": 5}, ["Permitted under 4.6 with the approval of 1 of those with the role Steward, within 3 days."]),
    ({"name": "credit.issue", "role": True}, ["Permitted."]),
    ({"name": "credit.issue"}, ["Refused: credit.issue takes the role Steward."]),
    ({"name": "member.join"}, ["Refused: no clause of the bylaws in force speaks of member.join."]),
]


@pytest.mark.parametrize(("facts", "lines"), CASES)
def test_words(facts: dict[str, Any], lines: list[str]) -> None:
    assert said(explained(**facts)) == lines


def test_every_failed_clause_on_demand() -> None:
    lines = said(explained(member=False, age=0, how={"all": True}))
    assert lines[1:] == [
        "Also refused under 4.2: you asked for 620.00 CREDIT, the most is 500.00, the role Steward: no.",
        "Also refused under 4.3: You are 0; one pays from 18 on.",
        "Not evaluated: 4.4, because something was divided by zero.",
    ]
    assert len(said(explained(member=False, age=0))) == 1


def test_which_clauses_permit_on_demand() -> None:
    assert explained(amount=5, how={"all": True}).spoke == ("4.1", "4.2", "4.3", "4.4", "4.6")
    assert explained(amount=5).spoke == ()


def test_a_role_beside_a_clause() -> None:
    body = Body("c")
    body.require(body.view("member", types.BOOL), "member()")
    stewards = (core.Role("Steward", ("credit.*",)),)
    made = program(body.function(), clauses=(clause("1", body.function()),), roles=stewards)
    rules, world = Rulebook(made, HOST), World(Views(member=False, role=False, decided=False))
    explanation = explain(rules, world, rules.judge("credit.transfer", world), all=True)
    assert said(explanation) == [
        "Refused: credit.transfer takes the role Steward.",
        "Also refused under 1: it requires member(). Being a member: no.",
    ]
    unknown = World(Views(member=True))
    broken = explain(rules, unknown, rules.judge("credit.transfer", unknown))
    assert "could not be found out" in said(broken)[0]


# -- what one may see ------------------------------------------------------------------------------------------------


def hiding(*names: str) -> dict[str, Any]:
    return {"may_see": lambda site, args: site.name not in names}


def test_a_fact_that_one_may_not_see_is_not_shown_nor_what_would_give_it_away() -> None:
    explanation = explained(how=hiding("most"))
    assert said(explanation) == [
        "Refused under 4.2: you asked for 620.00 CREDIT, the role Steward: no, it turns on a fact you may not see.",
        "4.2: Nobody pays more than … at once.",
    ]
    shown = json.dumps([explanation.json(), explanation.facts(), repr(explanation)])
    assert "50000" not in shown
    assert "500.00" not in explanation.words(host=HOST)
    assert explanation.change is None


def test_whom_a_hidden_fact_is_about_is_hidden_too() -> None:
    shown = explained(decided=True, amount=500, how={"may_see": lambda site, args: "did:key:ann" not in args})
    assert [r.args for r in shown.ground.readings if r.kind == "view"] == [()]  # type: ignore[union-attr]  # refused
    assert "balance of" not in shown.words(host=HOST)


def test_a_reason_does_not_say_a_hidden_fact() -> None:
    assert said(explained(age=12, amount=5, how=hiding("age")))[0] == (
        "Refused under 4.3: You are …; one pays from 18 on. It turns on a fact you may not see."
    )


def test_a_field_asked_may_be_hidden() -> None:
    assert [r.name for r in explained(how=hiding("payer")).asked if not r.visible] == ["payer"]


def test_an_explanation_from_a_log_is_shown_to_another_reader() -> None:
    kept = from_facts(explained().facts(), orchard())
    assert kept.seen_by(lambda site, args: site.name != "most") == from_facts(
        explained(how=hiding("most")).facts(), orchard()
    ).seen_by(lambda site, args: True)
    assert kept.seen_by(lambda site, args: True) == kept


# -- kept and shown ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("facts", [case[0] for case in CASES])
@pytest.mark.parametrize("language", ["en", "es", "ar"])
def test_from_a_log_it_says_the_same(facts: dict[str, Any], language: str) -> None:
    first = explained(**facts)
    kept = json.loads(json.dumps(first.facts()))
    assert all(isinstance(value, int | str) for value in kept.values())
    assert from_facts(kept, orchard()).words(language, host=HOST) == first.words(language, host=HOST)
    assert from_facts(kept).facts() == first.facts()
    again = replace(from_facts(kept, orchard()), asked=first.asked)
    assert again.json() == first.json()


def test_the_fields_asked_come_back_from_the_event() -> None:
    assert asked_of(orchard(), HOST, "credit.transfer", Transfer(amount=62_000), "CREDIT") == explained().asked


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"command": "x", "ruling": "maybe"},
        {"command": "x", "ruling": "refuse", "ground": "requirement", "reading.0": "not JSON"},
        {"command": "x", "ruling": "refuse", "ground": "requirement", "reading.0": '["view","x",[],"Integer","12"]'},
        {"command": "x", "ruling": "refuse", "ground": "requirement", "reading.0": '["view","x",[],"Ratio","1/0"]'},
        {"command": "x", "ruling": "refuse", "ground": "requirement", "reading.0": '["view","x",[],"Map",1]'},
        {"command": "x", "ruling": "refuse", "ground": "requirement", "reading.0": '["view"]'},
    ],
)
def test_facts_that_are_no_explanation(facts: dict[str, int | str]) -> None:
    with pytest.raises(ValueError, match=r"judgement|value of|ratio|type"):
        from_facts(facts)


def test_json() -> None:
    found = explained().json()
    assert json.loads(json.dumps(found)) == found
    most = found["ground"]["readings"][1]
    assert most == {"kind": "param", "name": "most", "type": "Money<CREDIT>", "value": "50000"}
    assert found["change"] == {
        "reading": {"kind": "command", "name": "amount", "type": "Money<CREDIT>", "value": "62000"},
        "then": "50000", "by": "-12000", "ruling": "approvals",
    }  # fmt: skip
    assert [field["name"] for field in found["asked"]] == ["payer", "amount", "unit"]
    assert explained(amount=5).json()["approvals"] == [
        {"clause": "4.6", "by": "role", "whose": "Steward", "need": 1, "days": 3}
    ]


def test_a_long_text_is_cut_and_collections_are_plain() -> None:
    host = Host(
        views={"ids": ViewSpec("ids", (), types.Array(types.INTEGER, 9))},
        commands={"note.write": CommandSpec("note.write", (FieldSpec("text", types.STRING),))},
    )
    body = Body("c")
    ids = body.view("ids", types.Array(types.INTEGER, 9))
    body.require(op("array.contains", ids, core.Const(types.INTEGER, NOWHERE, 7)))
    made = program(body.function(), clauses=(clause("1", body.function(), ("note.*",)),))
    rules = Rulebook(made, host)

    class Note:
        text = "x" * 500

    world = World(Views(ids=(1, 2)), Note())
    found = explain(rules, world, rules.judge("note.write", world))
    assert found.asked[0].value == "x" * 119 + "…"
    assert found.ground is not None
    assert [(r.type, r.value) for r in found.ground.readings] == [(types.STRING, "[1, 2]")]


# -- languages ---------------------------------------------------------------------------------------------------------


def test_every_phrase_in_every_language_with_the_same_names() -> None:
    import string

    def names(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert set(PHRASES) == {tag for tag in LOCALES if "-" not in tag}
    for language, phrases in PHRASES.items():
        assert {k: names(v) for k, v in phrases.items()} == {k: names(v) for k, v in PHRASES["en"].items()}, language


@pytest.mark.parametrize("language", sorted(LOCALES))
@pytest.mark.parametrize("facts", [case[0] for case in CASES])
def test_every_case_in_every_language(language: str, facts: dict[str, Any]) -> None:
    words = explained(**facts).words(language, host=HOST)
    assert words
    assert not set("{}") & set(words)
    if locales.locale(language).tag not in ("en", "en-GB"):
        assert words.splitlines()[0] != explained(**facts).words("en", host=HOST).splitlines()[0]


def test_a_catalogue_says_it_in_the_contracts_words() -> None:
    spanish = catalogue(
        """
        over_limit = "Has pedido {amount: money} y el límite es {param.most}."
        "name.view.role" = "el cargo {0}"
        [clause]
        "4.2" = "Nadie paga más de {most} de una vez."
        "4.3.1" = "Tienes {age: plural(one=\\"# año\\", other=\\"# años\\")}; se paga desde los 18."
        [name]
        view.age = "tu edad"
        """,
        "es",
    )
    assert said(explained(), locale="es", catalogue=spanish) == [
        (
            "Denegado según 4.2: Has pedido 620,00 CREDIT y el límite es 500,00 CREDIT. El cargo Steward: no; "
            "con 120,00 CREDIT menos se permitiría, una vez aprobado."
        ),
        "4.2: Nadie paga más de 500,00 CREDIT de una vez.",
    ]
    assert said(explained(age=1, amount=5), locale="es", catalogue=spanish)[0] == (
        "Denegado según 4.3: Tienes 1 año; se paga desde los 18. Se permitiría si tu edad fuera 18, una vez aprobado."
    )


def test_a_catalogue_falls_back_to_another_then_to_the_contract() -> None:
    english = catalogue('over_limit = "At most {most}."', "en")
    galician = replace(catalogue('"clause.4.3" = "Pagan os adultos."', "gl"), fallback=english)
    assert "At most 500,00 CREDIT." in said(explained(), locale="gl", catalogue=galician)[0]
    assert said(explained(age=12, amount=5), locale="gl", catalogue=galician)[1] == "4.3: Pagan os adultos."


def test_people_by_name() -> None:
    lines = said(explained(decided=True, amount=500), person=lambda did: "Ann")
    assert "the balance of Ann is 1.00" in lines[0]


def test_times() -> None:
    def telling(reading: Reading, then: int) -> str:
        ground = Ground("requirement", "7", 0, readings=(reading,))
        wanted = Wanted(reading, then)
        return Explanation("x.y", "refuse", ground=ground, change=wanted, timezone="Europe/Madrid").words("en-GB")

    moment, day = 1_763_650_000_000, 20_412
    now = Reading("view", "now", (), types.TIMESTAMP, moment)
    assert telling(now, moment + 86_400_000).endswith("; it is allowed from 21 November 2025 at 15:46.")
    assert telling(now, moment - 86_400_000).endswith("; it was allowed until 19 November 2025 at 15:46.")
    due = Reading("command", "due", (), types.DATE, day)
    assert telling(due, day + 3).endswith("the due is 20 November 2025; 3 days later would be allowed.")
    assert telling(due, day - 1).endswith("; 1 day earlier would be allowed.")
    until = Reading("command", "hold_until", (), types.Option(types.TIMESTAMP), (moment,))
    assert telling(until, moment + 60_000).endswith("if the hold until were 20 November 2025 at 15:47.")
    notice = Reading("command", "notice", (), types.DAYS, 3)
    assert telling(notice, 14).endswith("the notice is 3 days; 11 days more would be allowed.")


def test_approvals_in_words() -> None:
    asked = Asked("4.6", "signers", "payer", "approval.signatures", 14, "approval.above_minor", "amount_minor")
    always = replace(asked, above="", of="", need=2)
    explanation = Explanation("credit.transfer", "approvals", approvals=(asked, always))
    assert explanation.words().splitlines() == [
        (
            "Permitted under 4.6 with the approval of approval.signatures of the signers of payer, within 14 days. "
            "Asked for where amount minor is above approval.above_minor."
        ),
        "Permitted under 4.6 with the approval of 2 of the signers of payer, within 14 days.",
    ]
    assert from_facts(explanation.facts()).approvals == explanation.approvals


@given(text=st.text(max_size=60), args=st.lists(st.text(max_size=10), max_size=3))
def test_any_text_is_kept_as_it_is(text: str, args: list[str]) -> None:
    reading = Reading("view", "note", tuple(args), types.STRING, text)
    assert Reading.decoded(reading.encoded()) == reading


def test_explaining_changes_nothing_of_the_judgement() -> None:
    world = World(Views(**FACTS), Transfer(amount=62_000), params={"most": 50_000})
    verdict = book().judge("credit.transfer", world)
    before = (verdict.facts, verdict.fuel, dict(world.params))
    explain(book(), world, verdict, all=True)
    assert (verdict.facts, verdict.fuel, dict(world.params)) == before
