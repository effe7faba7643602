"""What programs come to, by hand: each on both back ends."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest

from ccl import core, interpret
from ccl import types as t
from ccl.compile import compiled
from ccl.evaluation import (
    MOST_FACTS,
    NOTHING_TO_READ,
    AskedCommand,
    Fact,
    LeftNotice,
    Outcome,
    Refusal,
    TrapReport,
)
from ccl.host import World

from .building import (
    LOAN,
    MONEY,
    GivenWorld,
    at,
    block,
    const,
    function,
    local,
    op,
    program,
    require,
    result,
    view,
)

NUMBERS = t.Array(t.INTEGER, 500)


def both(
    of: core.Program, args: Sequence[Any] = (), world: World = NOTHING_TO_READ, fuel: int | None = None
) -> Outcome:
    """The outcome of the first function, on which both back ends agree."""
    name = next(iter(of.functions))
    expected = interpret.run(of, name, args, world, fuel=fuel)
    ready = compiled(of)
    assert ready.run(name, args, world, fuel) == expected
    if fuel is None and not args:
        assert ready.outcome(name, ready.clause(name)(world)) == expected
    return expected


def comprehension(
    kind: str, body: core.Expr, over: core.Expr, type_: t.Type = t.INTEGER, **more: Any
) -> core.Comprehension:
    return core.Comprehension(type_, at(5), kind, over, "i", body, more.pop("most", 500), **more)


def test_a_function_gives_its_value_and_what_it_cost() -> None:
    outcome = both(
        program(function("f", result(op("integer.add", local("a"), const(2))), params=(("a", t.INTEGER),))), [40]
    )
    assert outcome == Outcome(42, fuel=2)
    assert outcome.ended_well


def test_a_trap_says_what_and_where() -> None:
    outcome = both(program(function("f", result(op("integer.add", const(t.I64_MAX), const(1), place=7)))))
    assert outcome.trap == TrapReport("overflow", "", "f", at(7))
    assert not outcome.ended_well


def test_an_explicit_trap_says_the_authors_words() -> None:
    outcome = both(program(function("f", core.Trap(at(3), "explicit", "cannot be"))))
    assert outcome.trap == TrapReport("explicit", "cannot be", "f", at(3))


def test_a_refusal_in_a_called_function_says_the_way_there() -> None:
    inner = function("inner", require(const(False, t.BOOL), 4), of=t.NOTHING)
    middle = function("middle", core.Evaluate(at(0), core.Call(t.NOTHING, at(0), "inner", ())), of=t.NOTHING)
    outer = function("outer", core.Evaluate(at(0), core.Call(t.NOTHING, at(0), "middle", ())), of=t.NOTHING)
    assert both(program(outer, middle, inner)).refusal == Refusal("inner", 4, ("outer", "middle", "inner"))


def test_facts_stand_in_the_order_read_with_their_arguments() -> None:
    field = core.CommandField(t.DID, at(0), "payer", "payer", False, 0)
    has = op("ge", view("balance", field, type_=MONEY, site=1), core.ParamValue(MONEY, at(0), "least", 2), type_=t.BOOL)
    world = GivenWorld(SimpleNamespace(balance=len), SimpleNamespace(payer="ann"), {"least": 5})
    outcome = both(program(function("f", require(has), of=t.NOTHING)), (), world)
    assert outcome.facts == (Fact("f", 0, (), "ann"), Fact("f", 1, ("ann",), 3), Fact("f", 2, (), 5))
    assert outcome.refusal == Refusal("f", 0, ("f",))


def test_what_is_short_circuited_is_no_fact() -> None:
    either = core.Or(t.BOOL, at(0), view("member"), view("decided", site=1))
    world = GivenWorld(SimpleNamespace(member=lambda: True, decided=lambda: False))
    assert both(program(function("f", require(either), of=t.NOTHING)), (), world).facts == (Fact("f", 0, (), True),)


def test_a_view_that_fails_traps_and_is_no_fact() -> None:
    def broken() -> bool:
        raise KeyError("not there")

    world = GivenWorld(SimpleNamespace(member=lambda: True, broken=broken))
    outcome = both(program(function("f", require(view("member")), require(view("broken", site=1, place=8)))), (), world)
    assert outcome.trap == TrapReport("view", "", "f", at(8))
    assert outcome.facts == (Fact("f", 0, (), True),)


@pytest.mark.parametrize("missing", [
    core.CommandField(t.INTEGER, at(6), "amount", "amount", False, 0),
    core.ParamValue(t.INTEGER, at(6), "limit", 0),
    core.StateValue(t.INTEGER, at(6), "total", 0),
    core.RecordField(t.INTEGER, at(6), const(None, LOAN), "amount", "amount", False, 0),
], ids=lambda e: type(e).__name__)  # fmt: skip
def test_what_the_host_does_not_have_traps(missing: core.Expr) -> None:
    outcome = both(program(function("f", core.Evaluate(at(0), missing))), (), GivenWorld())
    assert outcome.trap == TrapReport("view", "", "f", at(6))


def test_caller_and_now_are_of_the_world_itself() -> None:
    pair = core.MakeTuple(t.Tuple((t.DID, t.TIMESTAMP)), at(0), (
        view("caller", type_=t.DID), view("now", type_=t.TIMESTAMP, site=1)))  # fmt: skip
    outcome = both(program(function("f", result(pair))), (), GivenWorld())
    assert outcome.value == ("did:key:ann", 1_767_225_600_000)
    assert [f.value for f in outcome.facts] == ["did:key:ann", 1_767_225_600_000]


def test_an_optional_field_is_an_option() -> None:
    memo = core.CommandField(t.Option(t.STRING), at(0), "memo", "memo", True, 0)
    of = program(function("f", result(op("option.or", memo, const("none", t.STRING), type_=t.STRING))))
    assert both(of, (), GivenWorld(command=SimpleNamespace(memo="rent"))).value == "rent"
    assert both(of, (), GivenWorld(command=SimpleNamespace(memo=None))).value == "none"
    assert both(of, (), GivenWorld(command=SimpleNamespace(memo=None))).facts == (Fact("f", 0, (), None),)


def test_a_parameter_read_in_a_loop_is_one_fact_and_a_view_many() -> None:
    body = op("ge", op("integer.add", local("i"), view("bonus", local("i"), type_=t.INTEGER, site=1)),
              core.ParamValue(t.INTEGER, at(0), "least", 0), type_=t.BOOL)  # fmt: skip
    of = program(function("f", result(comprehension("count", body, const((1, 2, 3), NUMBERS)))))
    outcome = both(of, (), GivenWorld(SimpleNamespace(bonus=lambda i: 1), params={"least": 3}))
    assert outcome.value == 2
    assert outcome.facts == (Fact("f", 1, (1,), 1), Fact("f", 0, (), 3), Fact("f", 1, (2,), 1), Fact("f", 1, (3,), 1))


def test_a_records_field_is_a_fact_unless_read_in_a_loop() -> None:
    loan = view("loan", type_=LOAN, site=0)
    amount = core.RecordField(MONEY, at(0), local("l", LOAN), "amount", "amount", False, 1)
    again = core.RecordField(MONEY, at(0), local("l", LOAN), "amount", "amount", False, 2)
    total = comprehension("sum", again, const((1, 2), NUMBERS), MONEY)
    world = GivenWorld(SimpleNamespace(loan=lambda: SimpleNamespace(amount=7)))
    of = program(function("f", core.Let(at(0), "l", loan), core.Let(at(0), "a", amount), result(total)))
    outcome = both(of, (), world)
    assert outcome.value == 14
    assert [fact.site for fact in outcome.facts] == [0, 1]


def test_only_so_many_facts_are_kept() -> None:
    body = view("odd", local("i"))
    over = op("range.make", const(0), const(400), type_=t.Range(t.INTEGER, 400))
    outcome = both(
        program(function("f", result(comprehension("count", body, over)))),
        (),
        GivenWorld(SimpleNamespace(odd=lambda i: i % 2)),
    )
    assert (outcome.value, len(outcome.facts), outcome.facts_dropped) == (200, MOST_FACTS, 400 - MOST_FACTS)


def test_a_loop_is_charged_before_it_runs() -> None:
    body = comprehension("any", op("gt", local("i"), const(0), type_=t.BOOL), const((1,) * 100, NUMBERS), t.BOOL)
    of = program(function("f", result(body), of=t.BOOL))
    outcome = both(of)
    assert outcome == Outcome(True, fuel=1 + 2 + 100 * 2)  # it stopped at the first, and paid for all
    short = both(of, fuel=202)
    assert short.trap == TrapReport("out_of_fuel", "", "f", at(5))
    assert short.fuel == 3


def test_more_than_declared_traps() -> None:
    outcome = both(program(function("f", result(comprehension("sum", local("i"), local("xs", NUMBERS), most=2)),
                                    params=(("xs", NUMBERS),))), [(1, 2, 3)])  # fmt: skip
    assert outcome.trap == TrapReport("too_long", "", "f", at(5))


def test_a_sum_is_exact_on_its_way() -> None:
    of = program(function("f", result(comprehension("sum", local("i"), const((t.I64_MAX, 1, -5), NUMBERS)))))
    assert both(of).value == t.I64_MAX - 4
    third = const(Fraction(1, 3), t.RATIO)
    of = program(function("f", result(comprehension("sum", third, const((1, 1, 1), NUMBERS), t.RATIO))))
    assert both(of).value == 1


def test_a_loop_carries_breaks_and_goes_on() -> None:
    """The sum of the odd ones up to the first above 6."""
    total, item = local("total"), local("i")
    odd = op("eq", op("integer.rem", item, const(2)), const(1), type_=t.BOOL)
    leave = core.If(at(0), op("gt", item, const(6), type_=t.BOOL), block(core.Break(at(0), (total,))), block())
    skip = core.If(at(0), odd, block(), block(core.Continue(at(0), (total,))))
    carried = core.Carried("total", "all", t.INTEGER, const(0))
    loop = core.Loop(at(0), "i", const((1, 2, 3, 5, 8, 9), NUMBERS), 500, (carried,), block(leave, skip),
                     (op("integer.add", total, item),))  # fmt: skip
    assert both(program(function("f", loop, result(local("all"))))).value == 9


def test_a_branch_gives_its_phi() -> None:
    test = op("lt", local("a"), const(0), type_=t.BOOL)
    phi = core.Phi("size", t.INTEGER, (op("integer.neg", local("a")), local("a")))
    of = program(
        function("f", core.If(at(0), test, block(), block(), (phi,)), result(local("size")), params=(("a", t.INTEGER),))
    )
    assert [both(of, [n]).value for n in (-3, 4)] == [3, 4]


def test_an_action_reads_what_it_has_written() -> None:
    total = core.StateValue(t.INTEGER, at(0), "total", 0)
    add = core.Write(at(0), "total", op("integer.add", total, const(5)))
    pay = core.Command(at(0), "credit.transfer", (("amount_minor", core.StateValue(t.INTEGER, at(0), "total", 1)),))
    tell = core.Notice(at(0), "Paid", (("much", const(1)),))
    outcome = both(program(function("f", add, pay, tell, of=t.NOTHING)), (), GivenWorld(state={"total": 2}))
    assert outcome.writes == (("total", 7),)
    assert outcome.commands == (AskedCommand("credit.transfer", (("amount_minor", 7),)),)
    assert outcome.notices == (LeftNotice("Paid", (("much", 1),)),)
    assert [f.value for f in outcome.facts] == [2, 7]


def test_nothing_is_written_by_what_is_refused() -> None:
    write = core.Write(at(0), "total", const(5))
    outcome = both(program(function("f", write, core.Refuse(at(0), 0), of=t.NOTHING)))
    assert outcome.refusal is not None
    assert outcome.writes == ()


def test_a_variant_is_taken_apart() -> None:
    colour = t.Enum("Colour")
    mix = core.MakeVariant(colour, at(0), 1, (const(4), const(5)))
    case = core.Case(1, ("", "second"), block(result(local("second"))))
    of = program(function("f", core.Switch(at(0), mix, (case,), block(result(const(0))))))
    assert both(of).value == 5


def test_what_a_host_declares_must_be_a_plain_name() -> None:
    for name in ("__class__", "a.b", "x()"):
        with pytest.raises(AssertionError):
            compiled(program(function("f", require(view(name))))).run("f", (), GivenWorld())


def test_an_authors_text_never_becomes_code() -> None:
    evil = "__import__('os').system('true')\n#"
    params = ((evil, t.STRING),)
    of = program(
        function(
            evil, core.Let(at(0), evil + "2", local(evil, t.STRING)), result(local(evil + "2", t.STRING)), params=params
        )
    )
    assert both(of, [evil]).value == evil


def test_compiled_code_sees_no_builtins() -> None:
    ready = compiled(program(function("f", result(const(1)))))
    ready.run("f")
    for linker in ready._linkers.values():
        assert linker.namespace["__builtins__"] == {}
        assert not {"open", "exec", "eval", "getattr", "__import__"} & set(linker.namespace)


def test_a_bug_of_a_back_end_is_no_trap() -> None:
    unbound = program(function("f", result(op("integer.add", const("a", t.STRING), const(1)))))
    with pytest.raises(TypeError):
        interpret.run(unbound, "f")
    with pytest.raises(TypeError):
        compiled(unbound).run("f")


def test_functions_may_nest_as_deep_as_source_may() -> None:
    deep: core.Expr = const(1)
    for _ in range(190):
        deep = op("integer.add", deep, const(1))
    assert both(program(function("f", result(deep)))).value == 191
    inner = block(result(const(1)))
    for _ in range(90):
        inner = block(core.If(at(0), const(True, t.BOOL), inner, block()))
    assert both(program(function("f", *inner.statements))).value == 1
