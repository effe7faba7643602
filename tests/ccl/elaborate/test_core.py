"""The core that comes out: effects, readings, requirements, bounds of loops, maxima of types, and how units bind."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ccl import core, interpret
from ccl.elaborate import check_text
from ccl.report import for_people
from ccl.types import BOOL, INTEGER, Array, Map, Money, Option
from tests.ccl.elaborate.space import HOST


def program(text: str) -> core.Program:
    made, findings, sources = check_text(text, HOST)
    assert made is not None, for_people(findings.sorted(), sources)
    return made


def function(text: str, name: str = "f") -> core.Function:
    return program(text).functions[name]


def statements(block: core.Block) -> list[core.Statement]:
    found: list[core.Statement] = []
    for s in block.statements:
        found.append(s)
        if isinstance(s, core.If):
            found += statements(s.then) + statements(s.orelse)
        elif isinstance(s, core.Loop):
            found += statements(s.body)
        elif isinstance(s, core.Switch):
            found += [x for c in s.cases for x in statements(c.body)]
    return found


def loop(text: str) -> core.Loop:
    return next(s for s in statements(function(text).body) if isinstance(s, core.Loop))


@pytest.mark.parametrize(("body", "rounds"), [
    ("for i in 0..7 { }", 7),
    ("for i in 1..=7 { }", 7),
    ("for x in [1, 2] { }", 2),
    ("for d in members() { }", 500),
    ("for i in 0..n { }", None),
    ("for i in 0..min(n, 9) { }", 9),
    ("let m = clamp(n, 2, 5); for i in 0..m { }", 5),
    ("let m = if n > 3 { 4 } else { 6 }; for i in 0..m { }", 6),
    ("for x in members().filter(|d| member(d)).take(20) { }", 20),
    ("let mut i = 0; while i < 10 { i += 1; }", 11),
    ("let mut i = 0; while i <= 10 { i += 2; }", 7),
    ("let mut i = 10; while 0 < i { i = i - 4; }", 4),
    ("let mut i = 0; while i < members().len() && n > 2 { i += 1; }", 501),
    ("let mut i = 0; while i < limit { i += 1; }", 10),
    ("let mut i = 0; while i < n limit 30 { i += 1; }", 31),
])  # fmt: skip
def test_rounds_of_loops_are_known(body: str, rounds: int | None) -> None:
    text = "param limit: Integer = 3 in 1..9;" if "limit {" in body else ""
    fn = f"fn f(n: Integer) {{ {body} }}"
    assert loop(f"contract C {{ {text} {fn} }}" if text else fn).most == rounds


def test_counting_loops_run_as_often_as_they_should() -> None:
    text = "fn f(n: Integer) -> Integer { let mut i = 0; let mut c = 0; while i < min(n, 50) { i += 3; c += 1; } c }"
    made = program(text)
    world: Any = SimpleNamespace(views=None, command=None, params={}, state={}, caller="", now=0)
    for n in range(-2, 60):
        assert interpret.run(made, "f", (n,), world).value == max(0, -(-min(n, 50) // 3))


@pytest.mark.parametrize(("expr", "held"), [
    ("[1, 2, 3]", Array(INTEGER, 3)),
    ("[1, 2].push(3)", Array(INTEGER, 3)),
    ("[1, 2] + [3]", Array(INTEGER, 3)),
    ("members().map(|d| 1)", Array(INTEGER, 500)),
    ("(0..4).map(|i| i > 2)", Array(BOOL, 4)),
    ("[1].first()", Option(INTEGER)),
    ("balance(caller(), CREDIT)", Money("CREDIT")),
    ("[]", Array(INTEGER, 0)),
])  # fmt: skip
def test_types_and_maxima_are_inferred(expr: str, held: object) -> None:
    made = function(f"fn f() {{ let a = {expr}; }}")
    let = next(s for s in made.body.statements if isinstance(s, core.Let))
    if expr == "[]":
        assert isinstance(let.value.type, Array)
        assert let.value.type.most == 0
    else:
        assert let.value.type == held


@pytest.mark.parametrize(("text", "effects"), [
    ("fn f() { }", set()),
    ("fn f() -> Bool { member() }", {"view"}),
    ("fn f() { require member(); }", {"view", "refuse"}),
    ("fn f() -> Timestamp { g() } fn g() -> Timestamp { now() }", {"view"}),
    ("fn f() -> Array<Bool> { members().map(|d| { let m = member(d); m }) }", {"view"}),
    ('action f() { member.join(name: "a"); }', {"command"}),
    ("action f() { emit Paid { a: 1 }; }", {"notice"}),
])  # fmt: skip
def test_effects_are_inferred_over_calls(text: str, effects: set[str]) -> None:
    assert function(text).effects == effects


@pytest.mark.parametrize(("body", "most"), [
    ("let mut xs = [1]; xs.push(2);", 2),
    ("let mut xs = [1]; if n > 1 { xs.push(2); } else { xs = [1, 2, 3, 4]; }", 4),
    ("let mut xs = []; for m in members() { xs.push(m); }", 500),
    ("let mut xs = [7]; for i in 0..5 { if i > n { xs.push(1); continue; } for j in 0..3 { xs.push(j); } }", 16),
    ("let mut xs = [7]; for i in 0..5 { xs += [1, 2]; if i > n { break; } xs[0] = 2; }", 11),
    ("let mut xs = [7]; for i in 0..5 { xs = xs + xs; }", None),
    ("let mut xs = [7]; for i in 0..n { xs.push(1); }", None),
    ("let mut xs: Array<Integer, max 3> = []; for i in 0..9 { xs.push(2); }", 3),
    ("let mut xs = {}; let mut i = 0; while i < 4 { i += 1; xs[i] = n; }", 5),
])  # fmt: skip
def test_what_loops_gather_has_a_maximum(body: str, most: int | None) -> None:
    made = function(f"fn f(n: Integer) {{ {body} let kept = xs; }}")
    let = next(s for s in made.body.statements if isinstance(s, core.Let) and s.name == "kept")
    assert isinstance(let.value.type, Array | Map)
    assert let.value.type.most == most


def test_effects_of_states_and_parameters() -> None:
    made = program(
        "contract C { state n: Integer = 0; param p: Integer = 1 in 0..5; fn f() -> Integer { n + p } "
        "action g() { n += 1; } action h() { @n = 1; } }"
    )  # fmt: skip
    assert made.functions["f"].effects == {"state", "param"}
    assert made.functions["g"].effects == {"state", "write"}
    assert made.functions["h"].effects == {"write"}


CLAUSE = """
clause "1" on credit.transfer, credit.batch "Text." {
    require command.amount <= balance(command.payer, command.unit) because low_balance;
    if command.payee == command.payer { deny "That is you." }
    permit
}
clause "2" on credit.transfer in CREDIT {
    require command.amount * 2% < 20 && command.memo != None;
}
"""


def test_a_clause_reads_the_command_and_keeps_its_words() -> None:
    made = program(CLAUSE)
    body = made.functions[made.clauses[0].body]
    assert [(s.kind, s.name) for s in body.sites] == [
        ("command", "amount"), ("command", "payer"), ("command", "unit"), ("view", "balance"),
        ("command", "payee"), ("command", "payer"),
    ]  # fmt: skip
    first, second = body.requirements
    assert (first.condition, first.reason, first.keyed) == (
        "command.amount <= balance(command.payer, command.unit)", "low_balance", True,
    )  # fmt: skip
    assert (second.reason, second.keyed) == ("That is you.", False)
    assert body.sites[0].type == Money("$")
    other = made.functions[made.clauses[1].body]
    assert other.sites[0].type == Money("CREDIT")
    assert str(other.sites[1].type) == "Option<String>"


def test_a_command_is_given_by_the_attributes_of_its_object() -> None:
    made = function("action f(a: Did) { credit.transfer(payee: a, payer: caller(), amount: 5 CREDIT); }")
    command = next(s for s in made.body.statements if isinstance(s, core.Command))
    assert [name for name, _ in command.fields] == ["payer", "payee", "amount_minor", "unit"]
    assert [e.value for _, e in command.fields if isinstance(e, core.Const)] == [500, "CREDIT"]


def test_primitives_are_commands_and_views_by_another_name() -> None:
    made = function("action f(a: Did) { transfer_credit(a, a, credit_balance(a, CREDIT), CREDIT); }")
    command = next(s for s in made.body.statements if isinstance(s, core.Command))
    assert command.name == "credit.transfer"
    assert isinstance(command.fields[2][1], core.View)


def test_statements_inside_an_expression_keep_the_order_of_reading() -> None:
    text = """contract C { state n: Integer = 1;
        action f() { n = n * 10 + bump() + if n > 5 { n = 7; n } else { 0 }; }
        action bump() -> Integer { n = n + 5; 1 } }"""
    made = program(text)
    world: Any = SimpleNamespace(views=None, command=None, params={}, state={"n": 1}, caller="", now=0)
    assert dict(interpret.run(made, "f", (), world).writes) == {"n": 18}


def test_every_local_is_bound_once() -> None:
    text = "fn f(a: Integer) -> Integer { let mut x = a; if a > 1 { x = 2; } for i in 0..3 { x += i; } x = x * 2; x }"
    made = function(text)
    names = [s.name for s in statements(made.body) if isinstance(s, core.Let)]
    names += [p.name for s in statements(made.body) if isinstance(s, core.If) for p in s.phis]
    carried = [c for s in statements(made.body) if isinstance(s, core.Loop) for c in s.carried]
    names += [n for c in carried for n in (c.name, c.result)]
    assert len(names) == len(set(names))
    assert len(names) >= 6
