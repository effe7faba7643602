"""The smallest change: what is claimed is the nearest that is permitted, by trying all; and when none is claimed."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccl import core, dates, types
from ccl.bearing import Bearings
from ccl.host import CommandSpec, FieldSpec, Host
from ccl.least_change import Change, least_change
from ccl.rulebook import Rulebook, Ruling
from ccl.source import NOWHERE
from tests.ccl.judging.contracts import (
    CREDIT,
    HOST,
    MONEY,
    Body,
    Transfer,
    Views,
    World,
    block,
    both,
    clause,
    const,
    either,
    guard,
    negated,
    op,
    program,
)

DAY = 86_400_000


def changed(made: core.Program, world: Any, host: Host = HOST) -> Change | None:
    book = Rulebook(made, host)
    verdict = book.judge("credit.transfer", world)
    assert not verdict.permitted
    return least_change(book, Bearings(made), verdict, world)


def then(made: core.Program, world: Any, host: Host = HOST) -> int | None:
    change = changed(made, world, host)
    return None if change is None else change.then


def one(body: Body, **more: Any) -> core.Program:
    return program(body.function(), clauses=(clause("1", body.function(), **more),))


def requiring(make: Any) -> core.Program:
    body = Body("c")
    return one(body.require(make(body)))


def test_the_amount_down_to_a_limit() -> None:
    made = requiring(lambda b: op("le", b.command("amount"), b.view("limit", MONEY)))
    change = changed(made, World(Views(limit=500)))
    assert change is not None
    assert (change.now, change.then, change.ruling) == (620, 500, Ruling.PERMIT)


def test_through_locals_branches_and_calls() -> None:
    body = Body("c")
    doubled = op("money.times", body.view("limit", MONEY), const(2), type_=MONEY)
    role = body.view("role", types.BOOL, const("Steward", types.STRING))
    phi = core.Phi("most", MONEY, (doubled, body.view("limit", MONEY)))
    body.add(core.If(NOWHERE, role, block(), block(), (phi,)))
    called = core.Call(types.BOOL, NOWHERE, "fits", (body.command("amount"), core.Local(MONEY, NOWHERE, "most")))
    body.require(called)
    fits = Body("fits")
    left, right = core.Local(MONEY, NOWHERE, "a"), core.Local(MONEY, NOWHERE, "b")
    fits.add(core.Return(NOWHERE, op("le", op("money.add", left, const(100, MONEY), type_=MONEY), right)))
    fitting = fits.function(types.BOOL, (("a", MONEY), ("b", MONEY)))
    made = program(body.function(), fitting, clauses=(clause("1", body.function()),))
    assert then(made, World(Views(limit=300, role=True))) == 500
    assert then(made, World(Views(limit=300, role=False))) == 200


def test_a_deny_in_a_branch() -> None:
    body = Body("c")
    over = op("gt", body.command("amount"), body.view("limit", MONEY))
    body.add(core.If(NOWHERE, over, block(body.denied("too much")), block()))
    assert then(one(body), World(Views(limit=500))) == 500


def test_an_optional_field() -> None:
    def make(b: Body) -> core.Expr:
        minutes = b.command("minutes", types.INTEGER, optional=True)
        return op("ge", op("option.unwrap", minutes, type_=types.INTEGER), const(30))

    class Given(Transfer):
        minutes: int | None = 12

    assert then(requiring(make), World(Views(), Given())) == 30


def test_both_ways_the_nearer_and_of_two_the_lower() -> None:
    def outside(low: int, high: int) -> core.Program:
        return requiring(lambda b: either(op("lt", b.command("amount"), const(low, MONEY)),
                                          op("gt", b.command("amount"), const(high, MONEY))))  # fmt: skip

    assert then(outside(600, 630), World(Views())) == 631
    assert then(outside(615, 700), World(Views())) == 614
    assert then(outside(611, 629), World(Views())) == 610


def test_what_another_clause_refuses_then_is_excluded_too() -> None:
    first = Body("c")
    first.require(op("le", first.command("amount"), const(500, MONEY)))
    second = Body("d")
    second.require(negated(both(op("ge", second.command("amount"), const(400, MONEY)),
                                op("le", second.command("amount"), const(550, MONEY)))))  # fmt: skip
    made = program(first.function(), second.function(),
                   clauses=(clause("1", first.function()), clause("2", second.function())))  # fmt: skip
    assert then(made, World(Views())) == 399


def test_a_guard_may_be_what_lets_it_through() -> None:
    body = Body("c")
    body.require(body.view("role", types.BOOL, const("Steward", types.STRING)))
    free = Body("free")
    large = guard("large", lambda b: op("gt", b.command("amount"), const(300, MONEY)))
    made = program(body.function(), large, free.function(),
                   clauses=(clause("1", body.function(), guard="large"), clause("2", free.function())))  # fmt: skip
    # The requirement itself reads no number, so none is named: what decides is who asks.
    assert then(made, World(Views(role=False))) is None


def test_an_exception_may_be_what_lets_it_through() -> None:
    body = Body("c")
    body.require(op("le", body.command("amount"), const(100, MONEY)))
    free = Body("free")
    small = guard("small", lambda b: op("lt", b.command("amount"), const(300, MONEY)))
    exception = clause("1.1", free.function(), replaces="1", guard="small")
    made = program(body.function(), small, free.function(), clauses=(clause("1", body.function()), exception))
    assert then(made, World(Views())) == 299


def test_approvals_may_be_asked_then() -> None:
    body = Body("c")
    body.require(op("le", body.command("amount"), const(500, MONEY)))
    change = changed(one(body, approvals=(core.Approval("role", "Steward"),)), World(Views()))
    assert change is not None
    assert change.ruling is Ruling.APPROVALS


def test_a_view_by_its_arguments() -> None:
    def make(b: Body) -> core.Expr:
        ann, bob = const("did:key:ann", types.DID), const("did:key:bob", types.DID)
        enough = op("ge", b.view("balance", MONEY, ann), const(100, MONEY))
        return either(enough, op("eq", b.view("balance", MONEY, bob), const(0, MONEY)))

    # Two numbers could be others: neither is the one.
    assert then(requiring(make), World(Views(balance=50))) is None

    def single(b: Body) -> core.Expr:
        return op("ge", b.view("balance", MONEY, const("did:key:ann", types.DID)), const(100, MONEY))

    change = changed(requiring(single), World(Views(balance=lambda who: 40 if who == "did:key:ann" else 0)))
    assert change is not None
    assert (change.now, change.then, change.fact.args) == (40, 100, ("did:key:ann",))


def test_a_field_of_a_record_that_a_view_gives() -> None:
    class Account:
        floor = -500
        owner = "did:key:ann"

    def make(b: Body) -> core.Expr:
        account = b.let("account", b.view("account", types.Record("Account")))
        return op("ge", b.record(account, "floor", MONEY), const(-200, MONEY))

    assert then(requiring(make), World(Views(account=Account()))) == -200


def test_a_state() -> None:
    made = requiring(lambda b: op("lt", b.state("used"), const(3)))
    assert then(made, World(Views(), state={"used": 7})) == 2


def test_a_parameter_within_its_range() -> None:
    def make(b: Body) -> core.Expr:
        return op("ge", b.param("notice", types.DAYS), const(14, types.DAYS))

    made = requiring(make)
    assert then(made, World(Views(), params={"notice": 10})) == 14
    bounded = core.Program(made.name, made.functions, clauses=made.clauses,
                           params=(core.Parameter("notice", types.DAYS, 10, 0, 13),))  # fmt: skip
    assert then(bounded, World(Views(), params={"notice": 10})) is None


def test_a_view_within_what_the_host_says_of_it() -> None:
    made = requiring(lambda b: op("ge", b.view("age", types.INTEGER), const(200)))
    assert then(made, World(Views(age=40))) is None
    assert then(requiring(lambda b: op("ge", b.view("age", types.INTEGER), const(18))), World(Views(age=12))) == 18


def test_the_time_before_other_views() -> None:
    def make(b: Body) -> core.Expr:
        joined = b.view("joined", types.TIMESTAMP)
        due = op("timestamp.add_duration", joined, const(30 * DAY, types.DURATION), type_=types.TIMESTAMP)
        return op("ge", b.view("now", types.TIMESTAMP), due)

    assert then(requiring(make), World(Views(joined=5 * DAY), now=20 * DAY)) == 35 * DAY


@pytest.mark.parametrize(
    ("what", "now", "expected"),
    [
        ("timestamp.by", "2026-03-31T12:00", "2026-03-30T21:59:59.999"),
        ("timestamp.before", "2026-03-31T12:00", "2026-03-29T22:59:59.999"),
        ("timestamp.after", "2026-03-20T12:00", "2026-03-30T22:00"),
    ],
)
def test_a_day_on_the_wall_across_the_change_of_clocks(what: str, now: str, expected: str) -> None:
    from datetime import UTC, datetime

    def ms(text: str) -> int:
        return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)

    day = dates.make(2026, 3, 30)
    assert day is not None

    def make(b: Body) -> core.Expr:
        zone = const("Europe/Madrid", types.STRING)
        return op(what, b.view("now", types.TIMESTAMP), const(day[0], types.DATE), zone)

    found = then(requiring(make), World(Views(), now=ms(now)))
    assert found is not None
    if what == "timestamp.before":
        assert found == dates.start(day[0], "Europe/Madrid") - 1  # 22:00 UTC the day before: summer time has begun
    else:
        assert found == ms(expected)


def test_a_fraction_is_met_by_the_nearest_whole_number() -> None:
    def make(b: Body) -> core.Expr:
        third = const(Fraction(1, 3), types.RATIO)
        most = op("money.scale", b.view("limit", MONEY), third, type_=types.Exact(types.OWN_UNIT))
        return op("le", op("money.to_exact", b.command("amount"), type_=types.Exact("$")), most)

    assert then(requiring(make), World(Views(limit=1000))) == 333


def test_any_and_all_of_many() -> None:
    def make(kind: str) -> Any:
        def condition(b: Body) -> core.Expr:
            limits = const((100, 300, 500), types.Array(MONEY, 3))
            fits = op("le", b.command("amount"), core.Local(MONEY, NOWHERE, "each"))
            return core.Comprehension(types.BOOL, NOWHERE, kind, limits, "each", fits, 3)

        return condition

    assert then(requiring(make("any")), World(Views())) == 500
    assert then(requiring(make("all")), World(Views())) == 100


def test_a_sum_with_the_amount_in_it() -> None:
    def condition(b: Body) -> core.Expr:
        paid = core.MakeArray(types.Array(MONEY, 3), NOWHERE, (const(50, MONEY), b.command("amount"), const(30, MONEY)))
        total = core.Comprehension(MONEY, NOWHERE, "sum", paid, "each", core.Local(MONEY, NOWHERE, "each"), 3)
        return op("le", total, const(600, MONEY))

    assert then(requiring(condition), World(Views())) == 520


# -- no claim --------------------------------------------------------------------------------------------------------


def square(b: Body) -> core.Expr:
    amount = op("money.minor", b.command("amount"), type_=types.INTEGER)
    return op("le", op("integer.mul", amount, amount, type_=types.INTEGER), const(10_000))


def rounded(b: Body) -> core.Expr:
    part = const(Fraction(1, 40), types.RATIO)
    fee = op("money.scale", b.command("amount"), part, type_=types.Exact(types.OWN_UNIT))
    return op("le", op("round.half_even", fee, type_=MONEY), const(3, MONEY))


def asked_by_amount(b: Body) -> core.Expr:
    return op("le", b.view("fee", MONEY, b.command("amount")), const(3, MONEY))


def nothing_left(b: Body) -> core.Expr:
    return op("le", b.command("amount"), const(0, MONEY))


def never(b: Body) -> core.Expr:
    return both(op("lt", b.command("amount"), const(5, MONEY)), op("gt", b.command("amount"), const(7, MONEY)))


def two_fields(b: Body) -> core.Expr:
    return op("le", op("money.add", b.command("amount"), b.command("fee"), type_=MONEY), const(500, MONEY))


def no_number(b: Body) -> core.Expr:
    return b.view("member", types.BOOL)


def other_too(b: Body) -> core.Expr:
    return both(op("le", b.command("amount"), const(500, MONEY)), b.view("member", types.BOOL))


def overflows(b: Body) -> core.Expr:
    amount = op("money.minor", b.command("amount"), type_=types.INTEGER)
    return op("gt", op("integer.mul", amount, const(2**54), type_=types.INTEGER), const(2**63 - 2**54))


@pytest.mark.parametrize(
    "make", [square, rounded, asked_by_amount, nothing_left, never, two_fields, no_number, other_too]
)
def test_nothing_is_claimed(make: Any) -> None:
    class WithFee(Transfer):
        fee = 30

    assert then(requiring(make), World(Views(fee=lambda amount: amount // 40, member=False), WithFee())) is None


def test_nothing_is_claimed_where_it_would_trap() -> None:
    command = Transfer(amount=500)
    assert then(requiring(overflows), World(Views(), command)) is None


def test_nothing_is_claimed_of_a_field_that_others_follow() -> None:
    fields = (FieldSpec("amount", MONEY), FieldSpec("fee", MONEY, computed=True))
    host = Host(commands={"credit.transfer": CommandSpec("credit.transfer", fields)})
    made = requiring(lambda b: op("le", b.command("amount"), const(500, MONEY)))
    assert then(made, World(Views()), host) == 500  # nothing reads what follows
    body = Body("d")
    body.require(op("le", body.command("fee"), const(99, MONEY)))
    with_fee = program(*made.functions.values(), body.function(), clauses=(*made.clauses, clause("2", body.function())))

    class WithFee(Transfer):
        fee = 30

    assert then(with_fee, World(Views(), WithFee()), host) is None


def test_a_negative_number_may_become_any() -> None:
    made = requiring(lambda b: op("ge", b.command("amount"), const(0, MONEY)))
    unbounded = Host(commands={"credit.transfer": CommandSpec("credit.transfer", (FieldSpec("amount", MONEY),))})
    assert then(made, World(Views(), Transfer(amount=-5)), unbounded) == 0


# -- against trying all ----------------------------------------------------------------------------------------------

SMALL = 60
_COMPARED = ("lt", "le", "gt", "ge", "eq", "ne")


def condition(draw: random.Random, b: Body, depth: int) -> core.Expr:
    """A random condition on the amount and on a fact."""
    if depth and draw.random() < 0.6:
        if draw.random() < 0.3:
            return negated(condition(draw, b, depth - 1))
        return draw.choice((both, either))(condition(draw, b, depth - 1), condition(draw, b, depth - 1))
    if draw.random() < 0.25:
        return b.view("member", types.BOOL)
    term = b.command("amount", CREDIT)
    for _ in range(draw.randrange(3)):
        how = draw.choice(("money.add", "money.sub", "money.times", "money.min", "money.max"))
        number = const(draw.randrange(-3, 4) if how == "money.times" else draw.randrange(SMALL), CREDIT)
        term = op(how, term, number, type_=CREDIT)
    return op(draw.choice(_COMPARED), term, const(draw.randrange(-SMALL, 2 * SMALL), CREDIT))


def contract(draw: random.Random) -> core.Program:
    """One to three clauses, of which some have guards, and exceptions, on the amount."""
    functions: list[core.Function] = []
    clauses: list[core.Clause] = []
    for number in range(draw.randrange(1, 4)):
        body = Body(f"c{number}")
        for _ in range(draw.randrange(1, 3)):
            if draw.random() < 0.3:
                test = condition(draw, body, 1)
                body.add(core.If(NOWHERE, test, block(body.denied()), block()))
            else:
                body.require(condition(draw, body, 2))
        functions.append(body.function())
        guarded = ""
        if draw.random() < 0.3:
            functions.append(guard(f"g{number}", lambda b: condition(draw, b, 1)))
            guarded = f"g{number}"
        to = "0" if number and draw.random() < 0.4 else ""
        clauses.append(clause(str(number), functions[-1 if not guarded else -2], guard=guarded, replaces=to))
    return program(*functions, clauses=tuple(clauses))


def test_what_is_claimed_is_the_nearest_by_trying_all() -> None:
    claims = missed = 0

    @settings(max_examples=600, deadline=None, derandomize=True, database=None)
    @given(seed=st.integers(0, 2**32), amount=st.integers(1, SMALL), member=st.booleans())
    def trial(seed: int, amount: int, member: bool) -> None:
        nonlocal claims, missed
        made = contract(random.Random(seed))
        book = Rulebook(made, HOST)

        def world(value: int) -> World:
            return World(Views(member=member), Transfer(amount=value))

        def permitted(value: int) -> bool:
            return book.judge("credit.transfer", world(value)).permitted

        verdict = book.judge("credit.transfer", world(amount))
        if verdict.permitted:
            return
        change = least_change(book, Bearings(made), verdict, world(amount))
        if change is None:
            missed += any(permitted(value) for value in range(1, 3 * SMALL))
            return
        claims += 1
        away = abs(change.then - amount)
        assert permitted(change.then)
        assert not any(permitted(value) for value in range(max(1, amount - away + 1), amount + away))

    trial()
    # Nothing is claimed where the requirement that failed reads no number; else nearly always.
    assert claims >= 60, (claims, missed)
    assert missed < claims, (claims, missed)
