"""A host for contracts under test: a space that lends credits, with one module that is not switched on."""

from __future__ import annotations

from ccl.host import CommandSpec, FieldSpec, Host, SettingSpec, ViewSpec
from ccl.types import BOOL, DID, I64_MAX, INTEGER, STRING, Money, UnitCode

_CREDIT = (
    FieldSpec("payer", DID),
    FieldSpec("payee", DID),
    FieldSpec("amount", Money("$"), attribute="amount_minor", low=1, high=I64_MAX),
    FieldSpec("unit", UnitCode("$")),
)


def _credit(name: str) -> CommandSpec:
    return CommandSpec(f"credit.{name}", _CREDIT, module="credit", unit_field="unit")


COMMANDS = (
    _credit("transfer"),
    _credit("batch"),
    _credit("reverse"),
    CommandSpec("member.join", (FieldSpec("name", STRING),)),
    CommandSpec("member.suspend", (FieldSpec("member", DID), FieldSpec("days", INTEGER))),
    CommandSpec("governance.vote", (FieldSpec("proposal", STRING), FieldSpec("choice", STRING))),
    CommandSpec("bylaws.adopt", (FieldSpec("version", STRING), FieldSpec("size", INTEGER))),
    CommandSpec("timebank.confirm", (FieldSpec("minutes", INTEGER),), module="timebank"),
    CommandSpec("read.credit.balance", (FieldSpec("who", DID),), module="credit", read=True),
)

VIEWS = (
    ViewSpec("member", (), BOOL, in_decision=False),
    ViewSpec("suspended", (), BOOL),
    ViewSpec("decided", (("type", STRING),), BOOL, optional=1),
    ViewSpec("role", (("name", STRING),), BOOL, in_decision=False),
    ViewSpec("acts_for", (("who", DID),), BOOL),
    ViewSpec("balance", (("who", DID), ("unit", UnitCode("$"))), Money("$")),
    ViewSpec("members", (), INTEGER),
)

SETTINGS = (
    SettingSpec("approval.above_minor", INTEGER),
    SettingSpec("approval.signatures", INTEGER),
)

HOST = Host(
    views={v.name: v for v in VIEWS},
    commands={c.name: c for c in COMMANDS},
    settings={s.name: s for s in SETTINGS},
    units={"CREDIT": 2, "HOUR": 0},
    modules=frozenset({"credit"}),
    decision_types=frozenset({"policy", "bylaw", "emergency"}),
    roles=frozenset({"steward", "worker"}),
)
