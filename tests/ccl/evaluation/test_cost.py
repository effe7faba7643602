"""The worst case: its polynomial, and what has none. That it is never exceeded, `test_agreement` shows."""

from __future__ import annotations

from ccl import catalogue_cost, core, cost, interpret
from ccl import types as t
from ccl.diagnostics import Findings

from .building import at, block, const, function, local, op, program, result, view

MEMBERS = t.Array(t.INTEGER, 500)
LOANS = t.Array(t.INTEGER, 20)
MANY = t.Array(t.INTEGER)


def over(kind: str, what: core.Expr, body: core.Expr, most: int | None, item: str = "i") -> core.Comprehension:
    return core.Comprehension(t.INTEGER, at(4), kind, what, item, body, most)


def members() -> core.Expr:
    return view("members", type_=MEMBERS)


def test_a_worst_case_is_a_polynomial_in_the_maxima() -> None:
    inner = over("sum", local("loans", LOANS), op("integer.mul", local("i"), local("j")), 20, "j")
    of = program(function("f", result(over("sum", members(), inner, 500)), params=(("loans", LOANS),)))
    worst = cost.worst(of, "f")
    assert worst.text() == "8 + 3 * members + 2 * loans * members"
    assert worst.maxima == {"members": 500, "loans": 20}
    assert worst.at() == 8 + 3 * 500 + 2 * 500 * 20
    assert worst.at({"members": 10, "loans": 2}) == 8 + 30 + 40


def test_of_two_branches_the_dearer_counts() -> None:
    dear = block(core.Let(at(0), "a", over("sum", members(), local("i"), 500)))
    cheap = block(*(core.Let(at(0), f"b{n}", const(n)) for n in range(9)))
    worst = cost.worst(program(function("f", core.If(at(0), const(True, t.BOOL), dear, cheap))), "f")
    assert worst.text() == "10 + members"


def test_a_call_costs_what_it_runs() -> None:
    inner = function("inner", result(over("sum", members(), local("i"), 500)))
    outer = function("outer", result(op("integer.add", *(core.Call(t.INTEGER, at(0), "inner", ()) for _ in range(2)))))
    assert cost.worst(program(inner, outer), "outer").text() == "26 + 2 * members"


def test_collections_of_one_name_and_other_maxima_are_told_apart() -> None:
    one = function("one", result(over("sum", local("xs", LOANS), local("i"), 20)), params=(("xs", LOANS),))
    call = core.Call(t.INTEGER, at(0), "one", (const((1,), LOANS),))
    two = function("two", result(op("integer.add", call, over("sum", local("xs", MEMBERS), local("i"), 500))),
                   params=(("xs", MEMBERS),))  # fmt: skip
    assert cost.worst(program(one, two), "two").maxima == {"xs (max 20)": 20, "xs (max 500)": 500}


def findings(*functions: core.Function, limit: int = 1_000_000) -> list[tuple[str, int]]:
    found = Findings()
    cost.check(program(*functions), found, [functions[0].name], limit)
    assert all(d.code in catalogue_cost.ENTRIES for d in found.all)
    return [(d.code, d.span.start) for d in found.all]


def test_a_loop_without_a_most_has_no_worst_case() -> None:
    loop = function("f", result(over("sum", local("xs", MANY), local("i"), None)), params=(("xs", MANY),))
    assert cost.worst(program(loop), "f").at() is None
    assert cost.worst(program(loop), "f").text() == "no bound"
    assert findings(loop) == [("CCL0401", 4)]


def test_work_on_a_collection_without_a_most_has_none_either() -> None:
    sort = function("f", result(op("array.sort", local("xs", MANY), type_=MANY, place=6)), params=(("xs", MANY),))
    assert findings(sort) == [("CCL0402", 6)]


def test_what_costs_more_than_it_may_is_told_with_the_sum() -> None:
    f = function("f", result(over("sum", members(), local("i"), 500)), place=70)
    assert findings(f, limit=100) == [("CCL0403", 70)]
    assert findings(f, limit=509) == []
    found = Findings()
    cost.check(program(f), found, ["f"], 100)
    assert found.all[0].notes == ("its worst case is 8 + members = 508 steps, where members is at most 500",)


def test_loops_and_calls_may_nest_only_so_deep() -> None:
    nested: core.Expr = const(1)
    for n in range(cost.MOST_LOOPS + 1):
        nested = over("count", const((1,), LOANS), op("eq", nested, const(n), type_=t.BOOL), 1, f"i{n}")
    assert findings(function("f", result(nested), place=71)) == [("CCL0404", 71)]
    chain = [function(f"f{n}", result(core.Call(t.INTEGER, at(0), f"f{n + 1}", ())), place=72) for n in range(70)]
    assert findings(*chain, function("f70", result(const(1)))) == [("CCL0405", 72)]


def test_loops_as_deep_as_may_be_compile_and_so_do_calls() -> None:
    from ccl.compile import compiled

    nested: core.Expr = const(1)
    for n in range(cost.MOST_LOOPS):
        nested = over("sum", const((1,), LOANS), nested, 20, f"i{n}")
    chain = [
        function(f"f{n}", result(core.Call(t.INTEGER, at(0), f"f{n + 1}", ()))) for n in range(cost.MOST_CALLS - 1)
    ]
    of = program(*chain, function(f"f{cost.MOST_CALLS - 1}", result(nested)))
    assert compiled(of).run("f0") == interpret.run(of, "f0")
    assert interpret.run(of, "f0").value == 1


def test_the_roots_are_what_a_host_runs() -> None:
    loop = function("guard", result(over("sum", local("xs", MANY), local("i"), None)), params=(("xs", MANY),))
    clause = core.Clause("1", "", "", ("*",), "", "guard", "body")
    body = function("body", of=t.NOTHING)
    unused = function("unused", result(over("sum", local("xs", MANY), local("i"), None)), params=(("xs", MANY),))
    of = core.Program("p", {f.name: f for f in (loop, body, unused)}, clauses=(clause,))
    found = Findings()
    cost.check(of, found)
    assert len(found.all) == 1
