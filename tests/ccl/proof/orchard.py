"""A small host and a contract against it, for the tests of proofs and comparisons."""

from __future__ import annotations

from ccl import core
from ccl import types as t
from ccl.elaborate import check_text
from ccl.host import CommandSpec, FieldSpec, Host, RecordSpec, SettingSpec, ViewSpec
from ccl.report import for_people

VIEWS = (
    ViewSpec("member", (), t.BOOL, in_decision=False),
    ViewSpec("decided", (("what", t.STRING),), t.BOOL, optional=1),
    ViewSpec("suspended", (), t.BOOL),
    ViewSpec("role", (("name", t.STRING),), t.BOOL),
    ViewSpec("acts_for", (("who", t.DID),), t.BOOL),
    ViewSpec("balance", (("who", t.DID), ("unit", t.UnitCode("$"))), t.Money("$"), words="the balance of {0}"),
    ViewSpec("member_count", (), t.INTEGER, low=0, high=1_000_000),
    ViewSpec("missed_hours", (), t.INTEGER, low=0, high=1000),
    ViewSpec("joined", (), t.TIMESTAMP),
    ViewSpec("account", (("who", t.DID),), t.Record("Account")),
    ViewSpec("setting", (("name", t.STRING),), t.INTEGER),
    ViewSpec("frozen", (("of", t.Record("Account")),), t.BOOL),
)
COMMANDS = (
    CommandSpec("credit.transfer", (
        FieldSpec("payer", t.DID), FieldSpec("payee", t.DID),
        FieldSpec("amount", t.Money("$"), attribute="amount_minor", low=1, high=10**15),
        FieldSpec("unit", t.UnitCode("$")), FieldSpec("memo", t.STRING, optional=True),
    ), unit_field="unit"),
    CommandSpec("member.suspend", (FieldSpec("member", t.DID),)),
    CommandSpec("bylaws.adopt", (FieldSpec("hash", t.STRING),)),
)  # fmt: skip
HOST = Host(
    records={"Account": RecordSpec("Account", (FieldSpec("open", t.BOOL), FieldSpec("limit", t.INTEGER, low=0)))},
    views={v.name: v for v in VIEWS},
    commands={c.name: c for c in COMMANDS},
    units={"CREDIT": 2},
    settings={name: SettingSpec(name, t.INTEGER) for name in ("approval.signatures", "approval.above_minor")},
)

ORCHARD = """
contract Orchard {
    edition: 1;
    version: "1.2.0";
    scope: "local:orchard";
    timezone: "Europe/Madrid";
    unit CREDIT { decimals: 2; }
    param limit: Money<CREDIT> = 500 in 0..2000 changed by PolicyDecision;
    role Steward { can: [member.suspend]; seats: 3; term: 2 years; }
    clause "4.1" on credit.transfer "A payment is the payer's own act." {
        require member() or decided();
        require acts_for(command.payer);
    }
    clause "4.2" on credit.transfer in CREDIT "Nobody pays more than the limit at once." {
        let most = if role(Steward) { limit * 2 } else { limit };
        require command.amount <= most because "over the limit";
    }
    clause "5" on member.suspend { require member(); }
    clause "6" on bylaws.adopt { require decided("bylaw"); }
    proposal PolicyDecision { quorum: 50%; threshold: majority; duration: 14 days; }
    // more
}
"""


def program(text: str, host: Host = HOST) -> core.Program:
    """The program of a text that has no errors."""
    made, findings, sources = check_text(text, host)
    assert made is not None, for_people(findings.sorted(), sources)
    return made


def orchard(more: str = "", **changes: str) -> core.Program:
    """The contract, with more in it, and parts of its text replaced: old in `was1`, new in `now1`, and so on."""
    return program(text_of(more, **changes))


def text_of(more: str = "", **changes: str) -> str:
    """The text of the same."""
    text = ORCHARD.replace("// more", more or "// more")
    for name, was in changes.items():
        if name.startswith("was"):
            assert was in text, was
            text = text.replace(was, changes[f"now{name[3:]}"])
    return text


def functions(text: str) -> core.Program:
    """A file of functions and properties, against the same host."""
    return program(f"contract Plain {{ edition: 1; unit CREDIT {{ decimals: 2; }} {text} }}")
