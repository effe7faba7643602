"""Which clauses judge a command, and what they say together. Both back ends judge every case alike."""

from __future__ import annotations

from typing import Any

import pytest

from ccl import core, types
from ccl.rulebook import Reference, Rulebook, Ruling, Verdict, cited
from ccl.source import NOWHERE
from tests.ccl.judging.contracts import (
    HOST,
    MONEY,
    Body,
    Transfer,
    Views,
    World,
    clause,
    const,
    guard,
    op,
    program,
)


def member(name: str = "m") -> core.Function:
    body = Body(name)
    return body.require(body.view("member", types.BOOL), "member()").function()


def within(name: str = "w") -> core.Function:
    body = Body(name)
    fits = op("le", body.command("amount"), body.view("limit", MONEY))
    return body.require(fits, "command.amount <= limit()").function()


def holds(name: str, view: str) -> core.Function:
    return guard(name, lambda body: body.view(view, types.BOOL))


def nothing(name: str = "n") -> core.Function:
    return Body(name).function()


def judged(made: core.Program, world: Any, name: str = "credit.transfer", **how: Any) -> Verdict:
    """By the compiler, after seeing that the interpreter says the same, and that the fast way does as the slow one."""
    fast = Rulebook(made, HOST).judge(name, world, **how)
    for other in (Rulebook(made, HOST, Reference(made)).judge(name, world, **how),
                  Rulebook(made, HOST).judge(name, world, fuel=10_000, **how)):  # fmt: skip
        assert summary(other) == summary(fast)
    return fast


def summary(v: Verdict) -> tuple[Any, ...]:
    return (v.ruling, v.at, v.standing, v.refusal, v.trap, v.roles, v.approvals, v.runs, v.facts, v.fuel)


def test_all_clauses_must_permit_and_the_first_that_fails_decides() -> None:
    made = program(member(), within(), clauses=(clause("1", member()), clause("2", within())))
    assert judged(made, World(Views(member=True, limit=700))).ruling is Ruling.PERMIT
    late = judged(made, World(Views(member=True, limit=500)))
    assert (late.ruling, late.at, late.standing) == (Ruling.REFUSE, 1, made.clauses[1])
    first = judged(made, World(Views(member=False, limit=500)))
    assert (first.ruling, first.at) == (Ruling.REFUSE, 0)
    assert first.refusal is not None
    assert (first.refusal.function, first.refusal.number) == ("m", 0)
    assert [(f.function, f.value) for f in first.facts] == [("m", False)]


def test_a_permit_carries_the_facts_and_fuel_of_every_clause() -> None:
    made = program(member(), within(), clauses=(clause("1", member()), clause("2", within())))
    verdict = judged(made, World(Views(member=True, limit=700)))
    assert [f.value for f in verdict.facts] == [True, 620, 700]
    assert [name for name, _ in verdict.runs] == ["m", "w"]
    assert verdict.fuel == sum(run.fuel for _, run in verdict.runs) > 0


def test_what_no_clause_speaks_of_is_refused() -> None:
    made = program(member(), clauses=(clause("1", member(), ("credit.issue",)),))
    verdict = judged(made, World(Views(member=True)))
    assert (verdict.ruling, verdict.standing, verdict.facts) == (Ruling.REFUSE, None, ())
    assert judged(program(clauses=()), World(), "anything.at_all", unit="").ruling is Ruling.REFUSE


@pytest.mark.parametrize(
    ("target", "name", "governs"),
    [
        ("credit.transfer", "credit.transfer", True),
        ("credit.transfer", "credit.transfers", False),
        ("credit.*", "credit.transfer", True),
        ("credit.*", "credit.line.open", True),
        ("credit.*", "credits.transfer", False),
        ("credit.*", "credit", False),
        ("*", "credit.transfer", True),
        ("*", "read.credit.balance", True),
        ("read.credit.*", "credit.balance", False),
        ("read.credit.*", "read.credit.balance", True),
    ],
)
def test_targets(target: str, name: str, governs: bool) -> None:
    made = program(nothing(), clauses=(clause("1", nothing(), (target,)),))
    assert bool(Rulebook(made).governing(name)) is governs


def test_a_clause_in_a_unit_governs_only_commands_in_it() -> None:
    made = program(member(), within(), clauses=(clause("1", member()), clause("2", within(), unit="CREDIT")))
    world = World(Views(member=True, limit=500))
    assert judged(made, world).at == 1
    world.command = Transfer(unit="HOURS")
    assert judged(made, world).ruling is Ruling.PERMIT
    assert judged(made, world, unit="CREDIT").at == 1  # the caller knows best


def test_only_clauses_in_another_unit_are_as_none() -> None:
    made = program(within(), clauses=(clause("2", within(), unit="CREDIT"),))
    verdict = judged(made, World(Views(limit=500), Transfer(unit="HOURS")))
    assert (verdict.ruling, verdict.standing) == (Ruling.REFUSE, None)


def test_no_limit_is_overlooked_because_the_host_names_no_unit_field() -> None:
    made = program(within(), clauses=(clause("2", within(), ("barter.*",), unit="CREDIT"),))
    with pytest.raises(ValueError, match=r"barter\.swap"):
        Rulebook(made, HOST).judge("barter.swap", World(Views(limit=500)))


def test_plans_do_not_grow_with_the_units_that_commands_name() -> None:
    made = program(within(), clauses=(clause("2", within(), unit="CREDIT"),))
    book = Rulebook(made, HOST)
    plans = {id(book.plan("credit.transfer", unit)) for unit in ("", *(f"U{i}" for i in range(100)))}
    assert len(plans) == 1
    assert book.plan("credit.transfer", "CREDIT") is book.plan("credit.transfer", "CREDIT")


def test_a_clause_whose_guard_does_not_hold_does_not_speak() -> None:
    made = program(within(), holds("g", "member"), clauses=(clause("1", within(), guard="g"),))
    silent = judged(made, World(Views(member=False, limit=500)))
    assert (silent.ruling, silent.standing) == (Ruling.REFUSE, None)  # so that no clause speaks
    assert judged(made, World(Views(member=True, limit=500))).standing is made.clauses[0]
    permitted = judged(made, World(Views(member=True, limit=700)))
    assert [f.value for f in permitted.facts] == [True, 620, 700]


def excepted() -> core.Program:
    """A limit; for members none; in an emergency, before that, ten times the limit; but then not for the young."""
    lenient = Body("lenient")
    ten = op("money.times", lenient.view("limit", MONEY), const(10), type_=MONEY)
    lenient.require(op("le", lenient.command("amount"), ten), "command.amount <= limit() * 10")
    strict = Body("strict")
    strict.add(strict.denied("The young never."))
    return program(
        within(), nothing(), lenient.function(), strict.function(),
        holds("is_member", "member"), holds("emergency", "decided"),
        guard("young", lambda b: op("lt", b.view("age", types.INTEGER), const(18))),
        clauses=(
            clause("2", within()),
            clause("2.1", nothing(), replaces="2", guard="is_member"),
            clause("2.2", lenient.function(), replaces="2", guard="emergency", before=("2.1",)),
            clause("2.3", strict.function(), replaces="2.2", guard="young"),
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("is_member", "emergency", "age", "limit", "ruling", "stands"),
    [
        (False, False, 40, 500, "refuse", "2"),
        (False, False, 40, 700, "permit", ""),
        (True, False, 40, 5, "permit", ""),
        (True, True, 40, 5, "refuse", "2.2"),
        (True, True, 40, 62, "permit", ""),
        (False, True, 40, 62, "permit", ""),
        (False, True, 17, 62, "refuse", "2.3"),
        (False, False, 17, 700, "permit", ""),
    ],
)
def test_exceptions(is_member: bool, emergency: bool, age: int, limit: int, ruling: str, stands: str) -> None:
    made = excepted()
    verdict = judged(made, World(Views(member=is_member, decided=emergency, age=age, limit=limit)))
    assert verdict.ruling == ruling
    if stands:
        assert verdict.at == 0  # it is clause 2 that decides, by what stands in its place
        assert verdict.standing is not None
        assert cited(verdict.standing) == stands


def test_an_exception_is_to_the_contracts_own_clause_never_to_a_floor_of_a_base() -> None:
    made = program(
        member(), within(), nothing(), holds("g", "decided"),
        clauses=(
            clause("2", member(), strength="floor", base="base"),
            clause("2", within()),
            clause("2.1", nothing(), replaces="2", guard="g"),
        ),
    )  # fmt: skip
    assert judged(made, World(Views(member=True, decided=True, limit=5))).ruling is Ruling.PERMIT
    assert judged(made, World(Views(member=False, decided=True, limit=5))).at == 0


@pytest.mark.parametrize("strength", ["final", "floor"])
def test_nothing_excepts_from_what_a_base_holds_fast(strength: str) -> None:
    clauses = (clause("2", member(), strength=strength, base="base"), clause("2.1", nothing(), replaces="2"))
    made = program(member(), nothing(), clauses=clauses)
    assert judged(made, World(Views(member=False))).ruling is Ruling.REFUSE
    loose = program(member(), nothing(), clauses=(clause("2", member(), base="base"), clauses[1]))
    assert judged(loose, World(Views(member=False))).ruling is Ruling.PERMIT


def failing(*_: Any) -> Any:
    raise KeyError("the host's own slip")


@pytest.mark.parametrize("breaks", ["is_member", "emergency", "limit"])
def test_a_trap_refuses_wherever_it_is(breaks: str) -> None:
    known: dict[str, Any] = {"member": False, "decided": False, "age": 40, "limit": 700}
    known[{"is_member": "member", "emergency": "decided", "limit": "limit"}[breaks]] = failing
    verdict = judged(excepted(), World(Views(**known)))
    assert verdict.ruling is Ruling.TRAP
    assert not verdict.permitted
    assert verdict.trap is not None
    assert (verdict.at, verdict.trap.code) == (0, "view")


def test_a_trap_of_a_guard_refuses() -> None:
    made = program(within(), holds("g", "member"), clauses=(clause("1", within(), guard="g"),))
    assert judged(made, World(Views(member=failing, limit=700))).ruling is Ruling.TRAP


@pytest.mark.parametrize("trouble", [MemoryError, OSError])
def test_a_failing_machine_is_no_judgement(trouble: type[Exception]) -> None:
    def failing_machine() -> bool:
        raise trouble

    made = program(member(), clauses=(clause("1", member()),))
    for book in (Rulebook(made, HOST), Rulebook(made, HOST, Reference(made))):
        with pytest.raises(trouble):
            book.judge("credit.transfer", World(Views(member=failing_machine)))
    gated = program(nothing(), clauses=(clause("1", nothing()),), roles=(core.Role("Clerk", ("*",)),))
    with pytest.raises(trouble):
        Rulebook(gated, HOST).judge("credit.transfer", World(Views(decided=failing_machine)))


def roles() -> core.Program:
    return program(
        nothing(), holds("solvent", "member"),
        clauses=(clause("1", nothing(), ("*",)),),
        roles=(
            core.Role("Steward", ("credit.*",), requires=("solvent",)),
            core.Role("Chair", extends="Steward"),
            core.Role("Clerk", ("member.join", "credit.issue")),
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "held", "solvent", "decided", "permitted"),
    [
        ("credit.transfer", (), True, False, False),
        ("credit.transfer", ("Steward",), True, False, True),
        ("credit.transfer", ("Steward",), False, False, False),
        ("credit.transfer", ("Chair",), True, False, True),
        ("credit.transfer", ("Chair",), False, False, False),
        ("credit.transfer", ("Clerk",), True, False, False),
        ("credit.issue", ("Clerk",), False, False, True),
        ("credit.issue", ("Steward", "Clerk"), True, False, True),
        ("member.join", ("Chair",), True, False, False),
        ("member.leave", (), False, False, True),  # no role speaks of it
        ("credit.transfer", (), False, True, True),
    ],
)
def test_a_roles_can_is_necessary(
    name: str, held: tuple[str, ...], solvent: bool, decided: bool, permitted: bool
) -> None:
    world = World(Views(role=lambda role: role in held, member=solvent, decided=decided))
    verdict = judged(roles(), world, name, unit="")
    assert verdict.permitted is permitted
    if not permitted:
        assert verdict.standing is None
        assert verdict.roles


def test_a_roles_can_is_not_sufficient() -> None:
    made = program(member(), clauses=(clause("1", member()),), roles=(core.Role("Steward", ("credit.*",)),))
    verdict = judged(made, World(Views(role=True, decided=False, member=False)))
    assert (verdict.ruling, verdict.at) == (Ruling.REFUSE, 0)


def test_roles_that_extend_each_other_in_a_circle_end() -> None:
    made = program(
        nothing(), clauses=(clause("1", nothing()),),
        roles=(core.Role("A", ("credit.*",), extends="B"), core.Role("B", extends="A")),
    )  # fmt: skip
    assert judged(made, World(Views(role=lambda role: role == "B", decided=False))).permitted


def test_a_role_that_cannot_be_asked_refuses() -> None:
    verdict = judged(roles(), World(Views(role=failing, decided=False, member=True)), "credit.issue")
    assert (verdict.ruling, verdict.roles) == (Ruling.TRAP, ("Steward", "Chair", "Clerk"))
    broken = judged(roles(), World(Views(role=True, decided=False, member=failing)), "credit.transfer")
    assert broken.ruling is Ruling.TRAP


def test_approvals_of_every_clause_are_asked_together() -> None:
    signers = core.Approval("signers", "payer", "approval.above_minor", "amount", "approval.signatures")
    steward = core.Approval("role", "Steward", need=1, days=3)
    made = program(
        member(), nothing(), holds("g", "decided"),
        clauses=(
            clause("1", member(), approvals=(signers,)),
            clause("2", nothing(), approvals=(steward,)),
            clause("2.1", nothing(), replaces="2", guard="g"),
        ),
    )  # fmt: skip
    verdict = judged(made, World(Views(member=True, decided=False)))
    assert verdict.ruling is Ruling.APPROVALS
    assert verdict.permitted
    assert [(c.number, a) for c, a in verdict.approvals] == [("1", signers), ("2", steward)]
    instead = judged(made, World(Views(member=True, decided=True)))
    assert [c.number for c, _ in instead.approvals] == ["1"]
    assert judged(made, World(Views(member=False, decided=False))).approvals == ()


def test_approvals_of_a_plan_without_guards() -> None:
    asked = core.Approval("role", "Steward")
    made = program(member(), clauses=(clause("1", member(), approvals=(asked,)),))
    verdict = judged(made, World(Views(member=True)))
    assert (verdict.ruling, verdict.approvals) == (Ruling.APPROVALS, ((made.clauses[0], asked),))


def test_fuel_is_the_judgements_not_a_clauses() -> None:
    made = program(member(), within(), clauses=(clause("1", member()), clause("2", within())))
    world = World(Views(member=True, limit=700))
    book = Rulebook(made, HOST)
    used = book.judge("credit.transfer", world).fuel
    assert book.judge("credit.transfer", world, fuel=used).permitted
    short = book.judge("credit.transfer", world, fuel=used - 1)
    assert short.trap is not None
    assert (short.ruling, short.at, short.trap.code) == (Ruling.TRAP, 1, "out_of_fuel")


def test_each_clause_by_itself() -> None:
    made = program(
        member(), within(), nothing(), holds("g", "decided"),
        clauses=(
            clause("1", member()), clause("2", within()), clause("3", nothing(), guard="g"), clause("4", nothing()),
        ),
        roles=(core.Role("Clerk", ("*",)),),
    )  # fmt: skip
    world = World(Views(member=failing, limit=500, decided=False, role=False))
    said = Rulebook(made, HOST).each("credit.transfer", world)
    assert [(v.ruling, v.at) for v in said] == [
        (Ruling.REFUSE, None), (Ruling.TRAP, 0), (Ruling.REFUSE, 1), (Ruling.PERMIT, 3),
    ]  # fmt: skip


def test_a_refusal_in_a_function_that_is_called_names_the_way_there() -> None:
    deep = member("solvent")
    body = Body("c")
    body.add(core.Evaluate(NOWHERE, core.Call(types.NOTHING, NOWHERE, "solvent", ())))
    made = program(deep, body.function(), clauses=(clause("1", body.function()),))
    verdict = judged(made, World(Views(member=False)))
    assert verdict.refusal is not None
    assert (verdict.refusal.function, verdict.refusal.path) == ("solvent", ("c", "solvent"))


def test_how_a_clause_is_cited() -> None:
    assert cited(core.Clause("4.1", "x", "", (), "", "", "")) == "4.1"
    assert cited(core.Clause("", "not_suspended", "", (), "", "", "")) == "not_suspended"
    assert cited(core.Clause("", "", "", (), "", "", "", replaces="4.1")) == "4.1"
