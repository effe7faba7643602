"""A host for bodies under test: records, private views, a module that is off, primitives, settings, optional fields."""

from __future__ import annotations

from ccl.host import CommandSpec, FieldSpec, Host, Primitive, RecordSpec, SettingSpec, ViewSpec
from ccl.types import BOOL, DID, INTEGER, STRING, Array, Money, Option, Record, UnitCode

_PAID = (
    FieldSpec("payer", DID),
    FieldSpec("payee", DID),
    FieldSpec("amount", Money("$"), attribute="amount_minor"),
    FieldSpec("unit", UnitCode("$")),
    FieldSpec("memo", STRING, optional=True),
)

COMMANDS = (
    CommandSpec("credit.transfer", _PAID, module="credit", unit_field="unit"),
    CommandSpec("credit.batch", (*_PAID[:4], FieldSpec("count", INTEGER)), module="credit", unit_field="unit"),
    CommandSpec("member.join", (FieldSpec("name", STRING),)),
    CommandSpec("member.rename", (FieldSpec("name", STRING), FieldSpec("unit", STRING))),
    CommandSpec("tool.lend", (FieldSpec("tool", STRING),), module="tools"),
    CommandSpec("read.credit.balance", (FieldSpec("who", DID),), module="credit", read=True),
)

RECORDS = (
    RecordSpec("Account", (FieldSpec("owner", DID), FieldSpec("since_days", INTEGER),
                           FieldSpec("closed", INTEGER, optional=True))),
)  # fmt: skip

VIEWS = (
    ViewSpec("member", (("who", DID),), BOOL, optional=1),
    ViewSpec("role", (("name", STRING),), BOOL),
    ViewSpec("balance", (("who", DID), ("unit", UnitCode("$"))), Money("$")),
    ViewSpec("total", (("of", STRING), ("unit", UnitCode("$"))), Money("$"), optional=2),
    ViewSpec("account", (("who", DID),), Record("Account")),
    ViewSpec("guardian", (("who", DID),), Option(DID)),
    ViewSpec("members", (), Array(DID, 500)),
    ViewSpec("home_address", (("who", DID),), STRING, private=True),
    ViewSpec("tools_lent", (), INTEGER, module="tools"),
)

HOST = Host(
    records={r.name: r for r in RECORDS},
    views={v.name: v for v in VIEWS},
    commands={c.name: c for c in COMMANDS},
    primitives={p.name: p for p in (
        Primitive("transfer_credit", "credit", "credit.transfer"),
        Primitive("credit_balance", "credit", "balance"),
        Primitive("lend_tool", "tools", "tool.lend"),
        Primitive("match_needs", "credit"),
    )},
    settings={s.name: s for s in (SettingSpec("approval.signatures", INTEGER),)},
    units={"CREDIT": 2, "HOUR": 0},
    modules=frozenset({"credit"}),
)  # fmt: skip
