"""Verbs from declarations: every command, query and example can be typed, and every hint names what there is."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest
from msgspec import Meta

from icn_node.cli.declared import NOT_TYPED, choices_of, field_docs, op_of, typed, verbs, wire
from icn_node.cli.failure import INVALID, USAGE, Failure
from icn_node.cli.fixed import GROUPS, VERBS
from icn_node.cli.grammar import Verb, read
from icn_node.cli.settings import GLOBAL
from icn_node.cli.tree import NounOnly, whole_grammar
from icn_node.kernel.fields import AmountMinor, Day, DurationMs, Ops, Private, TimeMs, Who
from icn_node.kernel.module import Command, Module, Query, command, query
from icn_node.modules import MODULES

DECLARED = list(verbs())
ROOT = Path(__file__).parents[2]


class Row(Command, frozen=True):
    """One row."""

    OP: ClassVar[str] = "test.row"
    payee: Who
    amount_minor: AmountMinor


class Act(Command, frozen=True):
    """Do it. payee: whom it is for. `open` starts at once."""

    OP: ClassVar[str] = "test.act"
    payee: Who
    amount_minor: AmountMinor
    until_ms: TimeMs
    length_ms: DurationMs | None = None
    on_day: Day | None = None
    rows: tuple[Row, ...] = ()
    value: int | str | bool = 0
    kind: Annotated[str, Meta(pattern="^(one|two)$")] = "one"
    open: bool = False
    early: bool | None = None
    execute: Ops = ()
    note: Private | None = None


class Ask(Query, frozen=True):
    """Ask."""

    member: Who | None = None
    after: int = 0
    limit: int = 50


TESTED = Module(
    name="test",
    doc="Test: of this.",
    commands=(command(Act, lambda tx, cmd, ctx: None, private={"note": "parties"}),),
    queries=(query("test.ask", Ask, lambda tx, q, reader: None),),
)
ACT, ASK = verbs((TESTED,))


def wired(line: str, verb: Verb = ACT) -> dict[str, Any]:
    return wire(verb, read(verb, shlex.split(line), GLOBAL).values)


FIRST = "bob 5 2026-05-01"
GIVEN = {"payee": "bob", "amount": "5", "until_ms": "2026-05-01"}


@pytest.mark.parametrize(
    ("line", "params"),
    [
        ("", {}),
        ("--length 14d --on 2026-05-02", {"length_ms": "14d", "on_day": "2026-05-02"}),
        ("--rows bob=5,ann=6.50", {"rows": [{"payee": "bob", "amount": "5"}, {"payee": "ann", "amount": "6.50"}]}),
        ("--rows bob=5 --rows ann=6", {"rows": [{"payee": "bob", "amount": "5"}, {"payee": "ann", "amount": "6"}]}),
        ("""--rows '{"payee": "bob", "amount": "5"}'""", {"rows": [{"payee": "bob", "amount": "5"}]}),
        ("--value 600", {"value": 600}),
        ("--value true", {"value": True}),
        ("--value more", {"value": "more"}),
        ("--value -7", {"value": -7}),
        ("--kind two --open", {"kind": "two", "open": True}),
        ("--no-early", {"early": False}),
        ("--note hi", {"note": "hi"}),
        ("--note @@home", {"note": "@home"}),
        ("--note hi --note-audience members", {"note": {"text": "hi", "audience": "members"}}),
        ("--execute 'role grant cook bob'", {"execute": [{"op": "role.grant", "role": "cook", "member": "bob"}]}),
        ("--execute 'icn role resign cook'", {"execute": [{"op": "role.resign", "role": "cook"}]}),
        ("""--execute '{"op": "role.resign", "role": "cook"}'""", {"execute": [{"op": "role.resign", "role": "cook"}]}),
        ("--dry-run", {"dry_run": True}),
    ],
)
def test_what_is_typed_goes_to_the_node_as_it_wants_it(line: str, params: dict[str, Any]) -> None:
    assert wired(f"{FIRST} {line}") == {**GIVEN, **params}


def test_texts_come_from_files(tmp_path: Path) -> None:
    note = tmp_path / "note"
    note.write_text("two\nlines\n", encoding="utf-8")
    assert wired(f"{FIRST} --note @{note}")["note"] == "two\nlines"
    rows = tmp_path / "rows.csv"
    rows.write_text("payee,amount\nbob,5\nann,6.50\n", encoding="utf-8")
    assert wired(f"{FIRST} --rows @{rows}")["rows"] == [
        {"payee": "bob", "amount": "5"}, {"payee": "ann", "amount": "6.50"},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "status", "said"),
    [
        ("--rows bob", USAGE, "--rows: 'bob' is not of the form payee=amount"),
        ("--rows '[{'", USAGE, "--rows is not JSON"),
        ("--note @/no/such/file", INVALID, "/no/such/file does not read"),
        ("--execute 'credit balance'", USAGE, "`credit balance` is no command of a module"),
        ("--execute 'role grant cook bob --dry-run'", USAGE, "takes its own fields only"),
        ("--execute 'role gront cook'", USAGE, "there is no `icn role gront`"),
        ("--kind three", USAGE, "--kind is one of one, two, not 'three'"),
    ],
)
def test_what_cannot_go_to_the_node(line: str, status: int, said: str) -> None:
    with pytest.raises(Failure, match=re.escape(said)) as caught:
        wired(f"{FIRST} {line}")
    assert caught.value.status == status


def test_an_event_that_has_no_end_of_its_own_can_be_given_one() -> None:
    assert "expires" not in {p.name for p in ACT.params}  # `until` is the command's own
    transfer = whole_grammar().verbs["credit", "transfer"]
    assert wired("bob 1 SUN --expires 2026-05-01", transfer)["until"] == "2026-05-01"


def test_a_query_is_narrowed_by_place() -> None:
    assert wired("bob", ASK) == {"member": "bob"}
    assert wired("--limit 5 bob", ASK) == {"member": "bob", "limit": "5"}


def test_docstrings_say_what_fields_are() -> None:
    assert field_docs(Act, {"payee", "open", "kind"}) == {
        "payee": "whom it is for", "open": "`open` starts at once",
    }  # fmt: skip
    assert choices_of(Annotated[str, Meta(pattern="^(one|two)$")] | None) == ("one", "two")
    assert choices_of(Annotated[str, Meta(pattern="^[a-z]$")]) == ()


# -- of all modules ----------------------------------------------------------------------------------------------------


def test_every_command_and_query_has_a_verb() -> None:
    methods = {v.method for v in DECLARED}
    assert methods == {c.op for m in MODULES for c in m.commands if c.op not in NOT_TYPED} | {
        q.name for m in MODULES for q in m.queries
    }
    words = [v.words for v in DECLARED]
    assert len(set(words)) == len(words)


@pytest.mark.parametrize("verb", [*DECLARED, *VERBS], ids=lambda v: "-".join(v.words))
def test_options_are_told_apart(verb: Verb) -> None:
    options = [p.option for p in (*verb.params, *GLOBAL)]
    assert len(set(options)) == len(options)
    assert all(re.fullmatch(r"[a-z][a-z0-9-]*", o) for o in options)
    assert "help" not in options
    # --no-X turns a flag X off only if there is no option of that very name
    flags = {p.option for p in verb.params if p.flag}
    assert not any(f"no-{flag}" in options for flag in flags)


@pytest.mark.parametrize("verb", [v for v in DECLARED if v.example], ids=lambda v: "-".join(v.words))
def test_examples_can_be_typed(verb: Verb) -> None:
    line = shlex.split(verb.example)
    found, rest = whole_grammar().find(line[1:], GLOBAL)
    reading = read(verb, rest, GLOBAL)
    if found.method == verb.method and found.spec is not None:
        assert found is verb or found.words == verb.words
    spec = verb.spec
    values = typed(verb, spec.example)
    assert reading.values == values
    assert len(values) == len(spec.example), "each field of the example is a parameter"
    wires = {p.field.wire for p in verb.params if p.field}
    assert wire(verb, reading.values).keys() <= wires | {name.removesuffix("_minor") for name in wires}


def hints() -> list[tuple[str, str]]:
    """Every `icn ...` that a text of the program or a docstring tells people to type."""
    found = []
    for folder in ("icn_node", "dag"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for line in re.findall(r"`(icn [a-z][^`\n]*)`", path.read_text(encoding="utf-8")):
                if "{" not in line and not line.startswith("icn NOUN"):
                    found.append((f"{path.relative_to(ROOT)}: {line}", line))
    return found


@pytest.mark.parametrize("line", [line for _, line in hints()], ids=[where for where, _ in hints()])
def test_what_people_are_told_to_type_exists(line: str) -> None:
    tokens = [t for t in shlex.split(line)[1:] if t not in ("NAME", "...")]
    try:
        verb, rest = whole_grammar().find(tokens, GLOBAL)
    except NounOnly:
        return
    options = {f"--{p.option}" for p in (*verb.params, *GLOBAL)} | {"--help"}
    assert {t.partition("=")[0] for t in rest if t.startswith("--")} <= options
    takes_places = verb.rest or any(p.place for p in verb.params)
    assert takes_places or not rest or rest[0].startswith("-"), f"{rest[0]} is no verb of {verb.words[0]}"


def test_every_noun_is_about_something_and_groups_name_what_there_is() -> None:
    grammar = whole_grammar()
    nouns = {words[0] for words in grammar.verbs}
    assert all(grammar.nouns.get(noun) for noun in nouns)
    grouped = [noun for _, members in GROUPS for noun in members]
    assert len(set(grouped)) == len(grouped)
    assert set(grouped) <= nouns


def test_commands_in_commands_are_commands() -> None:
    op = op_of(whole_grammar(), ["credit", "transfer", "bob", "5", "SUN"], "here")
    assert op == {"op": "credit.transfer", "payee": "bob", "amount": "5", "unit": "SUN"}


ASKED = """
status; init; node run; member invite; member join; member list; member show; member key list; credit issue
credit transfer; credit request; credit balance; credit history; credit statement; credit reverse; timebank log
timebank confirm; timebank trade; timebank balance; timebank index; currency create; currency mint; currency burn
governance propose; governance open; governance vote; governance delegate; governance tally; governance show
governance list; dag head; dag get; dag log; dag proof; dag verify; dag export; dag import; import; import members
import opening-balances; export; backup; restore; watch; rpc; prepare; sign; submit; completion
""".replace("\n", ";")


@pytest.mark.parametrize("words", [w.strip() for w in ASKED.split(";") if w.strip()])
def test_what_people_count_on_is_there(words: str) -> None:
    assert tuple(words.split()) in whole_grammar().verbs
