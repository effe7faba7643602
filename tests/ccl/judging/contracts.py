"""Programs built by hand over the core, so that judging is tested whatever the parser and the elaborator do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ccl import core, types
from ccl.host import CommandSpec, FieldSpec, Host, ViewSpec
from ccl.source import NOWHERE

MONEY = types.Money(types.OWN_UNIT)
CREDIT = types.Money("CREDIT")


class Body:
    """A function under construction: expressions that read get their sites, requirements their numbers."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.sites: list[core.Site] = []
        self.requirements: list[core.Requirement] = []
        self.statements: list[core.Statement] = []

    def _site(self, kind: str, name: str, type_: types.Type) -> int:
        self.sites.append(core.Site(kind, name, type_, NOWHERE))
        return len(self.sites) - 1

    def command(self, name: str, type_: types.Type = MONEY, *, optional: bool = False) -> core.Expr:
        whole = types.Option(type_) if optional else type_
        return core.CommandField(whole, NOWHERE, name, name, optional, self._site("command", name, whole))

    def view(self, name: str, type_: types.Type, *args: core.Expr) -> core.Expr:
        return core.View(type_, NOWHERE, name, args, self._site("view", name, type_))

    def param(self, name: str, type_: types.Type = MONEY) -> core.Expr:
        return core.ParamValue(type_, NOWHERE, name, self._site("param", name, type_))

    def state(self, name: str, type_: types.Type = types.INTEGER) -> core.Expr:
        return core.StateValue(type_, NOWHERE, name, self._site("state", name, type_))

    def record(self, target: core.Expr, name: str, type_: types.Type) -> core.Expr:
        return core.RecordField(type_, NOWHERE, target, name, name, False, self._site("record", name, type_))

    def add(self, statement: core.Statement) -> Body:
        self.statements.append(statement)
        return self

    def let(self, name: str, value: core.Expr) -> core.Expr:
        self.add(core.Let(NOWHERE, name, value))
        return core.Local(value.type, NOWHERE, name)

    def _requirement(self, condition: str, reason: str, keyed: bool) -> int:
        self.requirements.append(core.Requirement(condition, reason, keyed, NOWHERE))
        return len(self.requirements) - 1

    def require(self, condition: core.Expr, written: str = "it", reason: str = "", *, keyed: bool = False) -> Body:
        return self.add(core.Require(NOWHERE, condition, self._requirement(written, reason, keyed)))

    def denied(self, reason: str = "") -> core.Statement:
        return core.Refuse(NOWHERE, self._requirement("", reason, False))

    def function(
        self, result: types.Type = types.NOTHING, params: tuple[tuple[str, types.Type], ...] = ()
    ) -> core.Function:
        return core.Function(
            self.name,
            params,
            result,
            core.Block(tuple(self.statements)),
            sites=tuple(self.sites),
            requirements=tuple(self.requirements),
        )


def const(value: Any, type_: types.Type = types.INTEGER) -> core.Expr:
    return core.Const(type_, NOWHERE, value)


def op(name: str, *args: core.Expr, type_: types.Type = types.BOOL) -> core.Expr:
    return core.Op(type_, NOWHERE, name, args)


def either(left: core.Expr, right: core.Expr) -> core.Expr:
    return core.Or(types.BOOL, NOWHERE, left, right)


def both(left: core.Expr, right: core.Expr) -> core.Expr:
    return core.And(types.BOOL, NOWHERE, left, right)


def negated(operand: core.Expr) -> core.Expr:
    return core.Not(types.BOOL, NOWHERE, operand)


def block(*statements: core.Statement) -> core.Block:
    return core.Block(statements)


def guard(name: str, make: Any) -> core.Function:
    """A function to Bool of what `make(body)` gives."""
    body = Body(name)
    value = make(body)
    body.add(core.Return(NOWHERE, value))
    return body.function(types.BOOL)


def clause(number: str, body: core.Function, targets: tuple[str, ...] = ("credit.transfer",), text: str = "",
           **more: Any) -> core.Clause:  # fmt: skip
    return core.Clause(number, "", text, targets, more.pop("unit", ""), more.pop("guard", ""), body.name, **more)


def program(*functions: core.Function, clauses: tuple[core.Clause, ...], **more: Any) -> core.Program:
    return core.Program("Test", {f.name: f for f in functions}, clauses=clauses, **more)


HOST = Host(
    views={
        "member": ViewSpec("member", (), types.BOOL, words="being a member"),
        "decided": ViewSpec("decided", (), types.BOOL, words="a decision of the space"),
        "role": ViewSpec("role", (("name", types.STRING),), types.BOOL, words="the role {0}"),
        "limit": ViewSpec("limit", (), MONEY, words="your limit"),
        "balance": ViewSpec(
            "balance", (("who", types.DID), ("unit", types.UnitCode("$"))), MONEY, words="the balance of {0}"
        ),
        "age": ViewSpec("age", (), types.INTEGER, words="your age", low=0, high=150),
    },
    commands={
        "credit.transfer": CommandSpec(
            "credit.transfer",
            (
                FieldSpec("payer", types.DID),
                FieldSpec("amount", MONEY, low=1),
                FieldSpec("unit", types.UnitCode(types.OWN_UNIT)),
                FieldSpec("memo", types.STRING, optional=True),
            ),
            unit_field="unit",
        ),
        "credit.issue": CommandSpec("credit.issue", (FieldSpec("amount", MONEY),)),
        "member.join": CommandSpec("member.join", ()),
    },
    units={"CREDIT": 2, "HOURS": 0},
)


@dataclass
class Transfer:
    payer: str = "did:key:ann"
    amount: int = 620
    unit: str = "CREDIT"
    memo: str | None = None


class Views:
    """Answers by name from `known`: a value, or a function of the arguments."""

    def __init__(self, **known: Any) -> None:
        self._known = known

    def __getattr__(self, name: str) -> Any:
        found = self._known[name]

        def view(*args: Any) -> Any:
            return found(*args) if callable(found) else found

        return view


@dataclass
class World:
    views: Any = None
    command: Any = field(default_factory=Transfer)
    params: Any = field(default_factory=dict)
    state: Any = field(default_factory=dict)
    caller: str = "did:key:ann"
    now: int = 0
