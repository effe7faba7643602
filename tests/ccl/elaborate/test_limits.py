"""Sources that are hostile or merely large: told of, alike on every machine, in time, and never an exception."""

from __future__ import annotations

import inspect
import sys
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from ccl import compile as compiler
from ccl import core, cost, interpret
from ccl.diagnostics import Findings
from ccl.elaborate import check_text
from ccl.elaborate.names import closest, distance
from ccl.room import make_room
from ccl.source import Sources
from tests.ccl.elaborate.space import HOST

Checked = tuple[core.Program | None, Findings, Sources]
WORLD: Any = SimpleNamespace(views=None, command=None, params={}, state={}, caller="", now=0)
DEEP = 195

NESTED = {
    "if": "fn f() -> Integer { " + "if true { " * DEEP + "1" + " } else { 0 }" * DEEP + " }",
    "block": "fn f() -> Integer { " + "".join(f"{{ let a{i} = 1; " for i in range(DEEP)) + "1" + " }" * DEEP + " }",
    "bracket": "fn f() -> Integer { " + "1 + (" * DEEP + "1" + ")" * DEEP + " }",
    "list": "fn f() { let a = " + "[" * DEEP + "1" + "]" * DEEP + "; }",
    "call": "fn f() -> Integer { " + "abs(" * DEEP + "1" + ")" * DEEP + " }",
    "own call": "fn g(a: Integer) -> Integer { a } fn f() -> Integer { " + "g(" * DEEP + "1" + ")" * DEEP + " }",
    "for": "fn f() { " + "for i in 0..2 { " * DEEP + " }" * DEEP + " }",
    "while": "fn f(c: Bool) { " + "while c limit 2 { " * DEEP + " }" * DEEP + " }",
    "match": "fn f(a: Integer) -> Integer { " + "match a { 1 => 1, _ => " * DEEP + "1" + " }" * DEEP + " }",
    "switch":
        "fn f(a: Option<Integer>) -> Integer { " + "match a { None => 1, Some(_) => " * DEEP + "1" + " }" * DEEP + " }",
    "if let":
        "fn f(a: Option<Integer>) -> Integer { " + "if let Some(_) = a { " * DEEP + "1" + " } else { 0 }" * DEEP + " }",
    "try": "fn f(a: Result<Integer>) -> Integer { " + "try a catch e { " * DEEP + "1" + " }" * DEEP + " }",
    "struct": "struct P { x: Integer } fn f() -> P { " + "P { x: P { x: 1 }.x + " * DEEP + "1" + " }.x }" * DEEP + " }",
    "closure": "fn f(a: Array<Integer>) { let b = " + "a.map(|x| " * DEEP + "1" + ")" * DEEP + "; }",
    "method":
        "fn f(a: Array<Integer, max 3>) -> Bool { " + "a.contains(a.len() + [" * 60 + "1" + "].len())" * 60 + " }",
    "pattern": "fn f(a: Integer) -> Integer { match a { " + "Some(" * DEEP + "_" + ")" * DEEP + " => 1, _ => 0 } }",
    "type": "fn f(a: " + "Option<" * DEEP + "Integer" + ">" * DEEP + ") -> Integer { match a { "
            + "Some(" * DEEP + "_" + ")" * DEEP + " => 1, _ => 0 } }",
    "not": "fn f(a: Bool) -> Bool { " + "!(" * DEEP + "a" + ")" * DEEP + " }",
    "range": "fn f(a: Integer) -> Bool { " + "(a in 0..(if " * 60 + "true" + " { 1 } else { 2 }))" * 60 + " }",
    "format": "fn f() -> String { " + 'format!("{}", ' * DEEP + "1" + ")" * DEEP + " }",
}  # fmt: skip


CHECKED = ("if", "block", "bracket", "call", "own call", "match", "switch", "if let", "not", "method", "range",
           "format")  # fmt: skip
"""What may be nested as deep as the parser lets it."""


@pytest.fixture
def little_room() -> Iterator[None]:
    """As many frames as Python allows where a program starts, most of them taken: the language asks for its own."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 100)
    yield
    sys.setrecursionlimit(before)


def called_deep(frames: int, run: Callable[[], Checked]) -> Checked:
    """What `run` returns, called from so many frames further down."""
    return run() if frames == 0 else called_deep(frames - 1, run)


@pytest.mark.parametrize("kind", NESTED)
@pytest.mark.usefixtures("little_room")
def test_what_stands_deep_in_itself_is_checked_or_told(kind: str) -> None:
    make_room()
    made, findings, _ = called_deep(800, lambda: check_text(NESTED[kind], HOST))
    assert (made is None) == findings.failed
    assert len(findings.all) < 100


@pytest.mark.parametrize("kind", CHECKED)
@pytest.mark.usefixtures("little_room")
def test_two_hundred_levels_are_checked_costed_and_run(kind: str) -> None:
    made, findings, _ = check_text(NESTED[kind], HOST)
    assert made is not None, [d.message for d in findings.all]
    args = tuple({"Integer": 5, "Bool": True, "Option<Integer>": (1,)}.get(str(t), (1,))
                 for _, t in made.functions["f"].params)  # fmt: skip
    first = interpret.run(made, "f", args, WORLD, fuel=100_000)
    second = compiler.compiled(made).run("f", args, WORLD, fuel=100_000)
    assert (first.value, first.trap, first.fuel) == (second.value, second.trap, second.fuel)
    assert 0 < first.fuel <= cost.worst(made, "f").at({})


@pytest.mark.parametrize(("kind", "code"), [
    ("for", "CCL0250"), ("while", "CCL0250"), ("try", "CCL0011"), ("struct", "CCL0011"), ("type", "CCL0194"),
])  # fmt: skip
def test_too_deep_is_an_error(kind: str, code: str) -> None:
    _, findings, _ = check_text(NESTED[kind], HOST)
    assert code in {d.code for d in findings.all}


@pytest.mark.parametrize("levels", [11, 12, 13])
def test_twelve_loops_stand_in_each_other_and_run(levels: int) -> None:
    made, findings, _ = check_text(
        "fn f() -> Integer { let mut n = 0; " + "for i in 0..1 { n += 1; " * levels
        + "let xs = [1].map(|x| [x].filter(|y| [y].any(|z| [z].any(|a| [a].any(|b| b == x)))));"
        + " }" * levels + " n }",
        HOST,
    )  # fmt: skip
    assert {d.code for d in findings.all} == ({"CCL0250"} if levels > 12 else set())
    if made is not None:
        first = interpret.run(made, "f", (), WORLD, fuel=100_000)
        second = compiler.compiled(made).run("f", (), WORLD, fuel=100_000)
        assert first.value == second.value == levels
        assert first.fuel == second.fuel


@pytest.mark.parametrize("body", [
    "xs = [xs];", "xs = [Some(xs)];", "ys = xs; xs = [ys];",
    "a = Some(b); b = Some(c); c = Some(d); d = Some(a);",
])  # fmt: skip
@pytest.mark.parametrize("levels", [1, 4, 12])
def test_a_variable_that_never_settles_on_a_type_is_told(body: str, levels: int) -> None:
    start = "let mut xs = []; let mut ys = []; let mut a = None; let mut b = None; let mut c = None; let mut d = None; "
    _, findings, _ = check_text("fn f() { " + start + "for i in 0..3 { " * levels + body + " }" * levels + " }", HOST)
    assert "CCL0162" in {d.code for d in findings.all}


LARGE = {
    "pairs of pairs": "type T0 = Integer;" + "".join(f"type T{i + 1} = (T{i}, T{i});" for i in range(60))
                      + "fn f(a: T60) -> Integer { a }",
    "lets of pairs": "fn f() -> Integer { let a0 = (1, 1); "
                     + "".join(f"let a{i + 1} = (a{i}, a{i}); " for i in range(60)) + "a60 }",
    "constants in a row":
        "".join(f"const C{i}: Integer = C{i + 1};\n" for i in range(300)) + "const C300: Integer = 1;",
    "arms": "fn f(a: Integer) -> Integer { match a { " + "".join(f"{i} => {i}, " for i in range(1000)) + "_ => 0 } }",
    "columns": "fn f(a: (" + "Bool, " * 20 + "Bool)) -> Integer { match a { " + "".join(
        "(" + "_, " * i + "true, " + "_, " * (19 - i) + "_) => 1, " for i in range(20)) + " } }",
    "loops that learn": "fn f() { let mut xs = []; let mut ys = []; " + "for i in 0..3 { " * 20
                        + "xs.push(1); ys.push(xs);" + " }" * 20 + " }",
    "closures that fail":
        "fn f(a: Array<Integer>) { let b = " + "a.map(|x| { let y = " * 30 + "x" + "; y })" * 30 + "; }",
    "unknown names": "fn f() { " + "".join(f"let a{i} = nothing_{i}; " for i in range(2000)) + " }",
    "calls in a row":
        "".join(f"fn f{i}() -> Integer {{ f{i + 1}() }}\n" for i in range(1000)) + "fn f1000() -> Integer { 1 }",
}  # fmt: skip


@pytest.mark.parametrize("kind", LARGE)
@pytest.mark.usefixtures("little_room")
def test_what_is_large_ends_in_time(kind: str) -> None:
    start = time.perf_counter()
    made, findings, _ = check_text(LARGE[kind], HOST)
    assert (made is None) == findings.failed
    assert time.perf_counter() - start < 10  # a small part of it, where nothing else runs


def test_a_match_too_intricate_is_told() -> None:
    _, findings, _ = check_text(LARGE["arms"], HOST)
    assert "CCL0208" in {d.code for d in findings.all}


def test_a_function_left_open_inside_of_a_clause_is_told() -> None:
    text = 'clause "4" on credit.transfer { fn a() -} }\nclause "5" on credit.transfer { permit }'
    assert check_text(text, HOST)[1].failed


def test_only_functions_stand_in_an_impl() -> None:
    from ccl.elaborate.declarations import collect
    from ccl.source import NOWHERE
    from ccl.syntax import tree

    name = tree.Name(NOWHERE, "P")
    path = tree.TypeName(NOWHERE, tree.Path(NOWHERE, (name,)))
    struct = tree.StructDecl(NOWHERE, name, (), ())
    findings = Findings()
    collect((struct, tree.ImplDecl(NOWHERE, path, None, (struct,))), HOST, findings)
    assert [d.code for d in findings.all] == ["CCL0143"]


@pytest.mark.parametrize(("a", "b", "edits"), [
    ("payer", "payer", 0), ("payr", "payer", 1), ("paeyr", "payer", 1), ("payee", "payer", 1), ("", "ab", 2),
    ("abc", "xyz", 3),
])  # fmt: skip
def test_distance_counts_edits(a: str, b: str, edits: int) -> None:
    assert distance(a, b, 3) == edits
    assert distance(b, a, 3) == edits


def test_the_closest_name_is_the_same_whatever_the_order() -> None:
    assert closest("payr", ["payee", "payer", "pay"]) == closest("payr", ["pay", "payer", "payee"]) == "pay"
    assert closest("Payer", ["payer", "paper"]) == "payer"
    assert closest("amount", ["balance", "limit"]) is None
