"""A host and contracts for the tools: a space that lends credits, with a record and a setting to read."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ccl.host import CommandSpec, FieldSpec, Host, RecordSpec, SettingSpec, ViewSpec
from ccl.tools import contracts
from ccl.tools.contracts import Contract
from ccl.types import BOOL, DID, INTEGER, STRING, Array, Money, Option, Record, UnitCode

_CREDIT = (
    FieldSpec("payer", DID),
    FieldSpec("payee", DID),
    FieldSpec("amount", Money("$"), attribute="amount_minor", low=1),
    FieldSpec("unit", UnitCode("$")),
    FieldSpec("note", STRING, optional=True),
)
_LOAN = RecordSpec(
    "Loan", (FieldSpec("amount", Money("CREDIT")), FieldSpec("months", INTEGER, attribute="month_count"))
)
_COMMANDS = (
    CommandSpec("credit.transfer", _CREDIT, unit_field="unit"),
    CommandSpec("credit.reverse", _CREDIT, unit_field="unit"),
    CommandSpec(
        "member.suspend", (FieldSpec("member", DID), FieldSpec("days", INTEGER, low=1)), doc="Suspend a member."
    ),
    CommandSpec("bylaws.adopt", (FieldSpec("version", STRING),)),
)
_VIEWS = (
    ViewSpec("member", (), BOOL, words="you are an active member"),
    ViewSpec("decided", (("type", STRING),), BOOL, optional=1, words="a {0} decision of the space"),
    ViewSpec("role", (("name", STRING),), BOOL, words="you hold the role {0}"),
    ViewSpec("acts_for", (("who", DID),), BOOL, words="you act for {0}"),
    ViewSpec("balance", (("who", DID), ("unit", UnitCode("$"))), Money("$"), words="the balance of {0}"),
    ViewSpec("loan", (("name", STRING),), Option(Record("Loan")), words="the loan {0}"),
    ViewSpec("loans", (), Array(Record("Loan"), 20), words="the loans"),
    ViewSpec("member_count", (), INTEGER, low=0, words="how many members there are"),
)

HOST = Host(
    records={"Loan": _LOAN},
    views={v.name: v for v in _VIEWS},
    commands={c.name: c for c in _COMMANDS},
    settings={"approval.above_minor": SettingSpec("approval.above_minor", INTEGER)},
    units={"CREDIT": 2, "HOUR": 0},
    decision_types=frozenset({"policy", "bylaw", "emergency"}),
    roles=frozenset({"steward"}),
)

HEAD = """contract Orchard {
    edition: 1;
    version: "1.0.0";
    scope: "local:orchard";
    timezone: "Europe/Madrid";
"""


def contract(items: str, name: str = "orchard.ccl", host: Host = HOST) -> Contract:
    """A contract with these items, checked; it has no errors."""
    args = argparse.Namespace(no_host=False, given_host=lambda: host, host="", base=[])
    made = contracts.made_of(args, [(name, HEAD + items + "\n}\n")])
    assert made is not None, "the errors are on stderr"
    return made


def called(module: object, *words: str, host: Host = HOST) -> int:
    """The exit status of a verb."""
    parser = argparse.ArgumentParser()
    module.arguments(parser)  # type: ignore[attr-defined]  # every verb has these two
    args = parser.parse_args(words)
    args.given_host = lambda: host
    return int(module.run(args))  # type: ignore[attr-defined]  # the same


def lines(text: str, *found: Sequence[object]) -> list[str]:
    """The lines of a text that are not blank, without indentation."""
    return [line.strip() for line in text.splitlines() if line.strip()]
