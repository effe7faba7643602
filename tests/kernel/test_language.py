"""The host that the bylaw language sees: every declared command and read, typed as declared, and nothing private."""

from __future__ import annotations

import inspect

import msgspec
import pytest

from ccl.elaborate import check_text
from ccl.types import BOOL, DATE, DID, INTEGER, OWN_UNIT, STRING, TIMESTAMP, Array, Money, Record, UnitCode
from icn_node.kernel.fields import kind_of
from icn_node.kernel.language import NODE_READS, language_of
from icn_node.kernel.views import World, role_name
from icn_node.modules import MODULES
from icn_node.rpc.node_methods import NODE_METHODS
from tests.people import words
from tests.world import World as Town

LANGUAGE = language_of(MODULES)
HOST = LANGUAGE.host
COMMANDS = {c.op: c for m in MODULES for c in m.commands}
UNREADABLE = {("bylaws.set", "value"), ("bylaws.run", "arguments")}  # of no one type
QUERIES = {"read." + q.name: q for m in MODULES for q in m.queries}


def test_every_command_and_every_read_is_known_and_nothing_else() -> None:
    node = {"read." + name for name, method in NODE_METHODS.items() if method.read}
    assert set(HOST.commands) == {*COMMANDS, *QUERIES, *node}
    assert {"read." + name for name in NODE_READS} == node


@pytest.mark.parametrize("name", sorted({**COMMANDS, **QUERIES}))
def test_private_fields_and_what_is_of_no_one_type_are_the_only_ones_left_out(name: str) -> None:
    cls = COMMANDS[name].cls if name in COMMANDS else QUERIES[name].cls
    spec = HOST.commands[name]
    for field in msgspec.structs.fields(cls):
        hidden = kind_of(field.type) in ("private", "ops", "pairs") or (name, field.name) in UNREADABLE
        assert (spec.field(field.name) is None) == hidden, field.name


def test_a_command_is_typed_as_it_is_declared() -> None:
    pay = HOST.commands["credit.transfer"]
    assert [(f.name, f.type, f.optional) for f in pay.fields] == [
        ("payee", DID, False), ("amount", Money(OWN_UNIT), False), ("unit", UnitCode(OWN_UNIT), False),
        ("payer", DID, True), ("request", INTEGER, True),
    ]  # fmt: skip
    assert pay.field("amount_minor") is pay.field("amount")
    assert pay.unit_field == "unit"
    assert pay.positional == ("payee", "amount", "unit", "payer", "request")


@pytest.mark.parametrize(
    ("command", "field", "wanted"),
    [
        ("member.invite", "until", TIMESTAMP), ("timebank.log", "on", DATE),
        ("member.invite", "roles", Array(STRING, 8)),
        ("privacy.erase", "h", Array(Record("Bytes"), 64)), ("mandate.grant", "limit", INTEGER),
        ("credit.batch", "payments", Array(Record("Payment"), 256)), ("credit.batch", "amount", Money(OWN_UNIT)),
        ("timebank.trade", "amount", Money(OWN_UNIT)), ("group.appoint", "coordinates", BOOL),
        ("read.credit.statement", "from", DATE),
    ],
)  # fmt: skip
def test_kinds_of_field(command: str, field: str, wanted: object) -> None:
    spec = HOST.commands[command].field(field)
    assert spec is not None
    assert spec.type == wanted


def test_what_a_command_computes_can_be_read_and_not_given() -> None:
    amount = HOST.commands["credit.batch"].field("amount")
    assert amount is not None
    assert amount.computed
    assert "amount" not in HOST.commands["credit.batch"].positional
    days = HOST.commands["credit.allow"].field("days")
    assert days is not None
    assert days.omittable
    assert not days.optional


def test_ranges_are_those_declared() -> None:
    amount, days = (HOST.commands["credit.allow"].field(name) for name in ("amount", "days"))
    assert amount is not None
    assert days is not None
    assert (amount.low, amount.high) == (1, 2**63 - 1)
    assert days.low == 1


def test_money_of_a_command_without_a_unit_is_a_number() -> None:
    """Nothing says of which unit it is, so no clause can compare it with an amount."""
    for spec in HOST.commands.values():
        if not spec.unit_field:
            assert not any(isinstance(f.type, Money) for f in spec.fields), spec.name


@pytest.mark.parametrize("name", sorted(LANGUAGE.views))
def test_a_view_takes_what_it_declares(name: str) -> None:
    declared = LANGUAGE.views[name]
    params = list(inspect.signature(declared.fn).parameters.values())[1:]
    assert len(params) == len(declared.spec.params)
    assert sum(p.default is not inspect.Parameter.empty for p in params) == declared.spec.optional
    assert HOST.views[name].doc.endswith(".")
    assert declared.spec.about is None or declared.spec.params[declared.spec.about][1] == DID
    assert not declared.spec.reads or "read." + declared.spec.reads in HOST.commands


def test_primitives_name_a_command_or_a_view_of_their_module_or_a_module_to_switch_on() -> None:
    for primitive in HOST.primitives.values():
        if primitive.module in HOST.modules:
            assert primitive.target in HOST.commands or primitive.target in HOST.views, primitive.name
        else:
            assert primitive.target == ""
    assert set(HOST.primitives) == {
        "issue_credit", "transfer_credit", "credit_balance", "log_hours", "trade_hours", "hour_balance",
        "create_currency", "mint_tokens", "set_policy", "request_loan", "evaluate_loan", "approve_loan", "request_aid",
        "offer_resource", "match_needs", "distribute_profits",
    }  # fmt: skip


def test_settings_have_the_type_of_their_default() -> None:
    assert HOST.settings["credit.hidden_balances"].type == BOOL
    assert HOST.settings["approval.signatures"].type == INTEGER
    assert HOST.settings["exchange.arbiter"].type == STRING


@pytest.mark.parametrize(
    ("written", "name"), [("steward", "steward"), ("Steward", "steward"), ("DataProtection", "data-protection")]
)
def test_roles_are_written_as_types_or_as_the_registry_has_them(written: str, name: str) -> None:
    assert role_name(written) == name


def test_the_language_of_the_same_modules_is_made_once() -> None:
    assert language_of(tuple(MODULES)) is language_of(list(MODULES))


# --- what the views answer --------------------------------------------------------------------------------------------


def ask(w: Town, who: str | None, name: str, *args: object) -> object:
    """A view as that person (None: the operator)."""
    world = World()
    world.tx, world.ctx = w.tables, w.reader(who)
    return LANGUAGE.views[name].fn(world, *args)


@pytest.fixture(scope="module")
def town() -> Town:
    """ann steward; bob paid her 3.00 of CC and may owe 100.00; dan suspended."""
    w = Town()
    for name in ("bob", "dan"):
        w.member(name)
    w.decide({"op": "credit.create", "unit": "CC", "title": "CC", "floor_minor": -10_000, "ceiling_minor": 50_000})
    w.do("bob", "credit.transfer", payee=w.did("ann"), amount_minor=300, unit="CC")
    w.do("ann", "member.suspend", member=w.did("dan"), days=3, reason=words("parties role:steward"))
    w.do("bob", "timebank.confirm", exchange=w.do("ann", "timebank.log", minutes=60, category="arts",
                                                  receiver=w.did("bob")))  # fmt: skip
    w.pass_time(days=10)
    return w


@pytest.mark.parametrize(
    ("who", "view", "args", "answer"),
    [
        ("bob", "balance", ("bob", "CC"), -300), ("bob", "available", ("ann", "CC"), 300),
        ("bob", "available", ("bob", "CC"), 0), ("bob", "credit_floor", ("bob", "CC"), (-10_000,)),
        ("bob", "credit_ceiling", ("bob", "CC"), (50_000,)), ("bob", "balance", ("nobody", "CC"), 0),
        ("bob", "credit_floor", ("bob", "NONE"), None), ("bob", "treasury", ("CC",), 0), ("bob", "supply", ("CC",), 0),
        ("bob", "unit_open", ("CC",), True), ("bob", "unit_open", ("NONE",), False),
        ("bob", "member_count", (), 2), ("bob", "role_count", ("Steward",), 1), ("bob", "group_count", ("x",), 0),
        ("bob", "membership", (), 10 * 86_400_000), ("stranger", "membership", (), 0),
        ("ann", "membership_of", ("bob",), 10 * 86_400_000), ("ann", "membership_of", ("nobody",), 0),
        ("dan", "suspended", (), False), ("bob", "status_of", ("dan",), "active"),
        ("bob", "kind_of", ("dan",), "person"), ("bob", "status_of", ("nobody",), ""),
        ("bob", "kind_of", ("nobody",), ""),
        ("bob", "is_member", ("ann",), True), ("bob", "is_member", ("nobody",), False),
        ("bob", "is_active", ("ann",), True), ("bob", "holds_role", ("ann", "Steward"), True),
        ("ann", "holds_role", ("bob", "steward"), False), ("bob", "hour_balance", ("bob",), -60),
        ("bob", "hours_given", ("ann",), 60), ("bob", "hours_received", ("nobody",), 0), ("bob", "hosted", (), False),
    ],
)  # fmt: skip
def test_what_views_answer(town: Town, who: str, view: str, args: tuple[str, ...], answer: object) -> None:
    people = ("ann", "bob", "dan", "nobody")
    said = [town.did(a) if a in people else a for a in args]
    if view == "member_count":
        answer = 3  # dan's suspension has ended by itself
    assert ask(town, who, view, *said) == answer


def test_somebody_suspended_is() -> None:
    w = Town()
    w.member("bob")
    w.do("ann", "member.suspend", member=w.did("bob"), days=3, reason=words("parties role:steward"))
    assert ask(w, "bob", "suspended") is True
    assert ask(w, "ann", "status_of", w.did("bob")) == "suspended"
    assert ask(w, "ann", "member_count") == 1


@pytest.mark.parametrize(("within", "code"), [(" in CREDIT", ""), ("", "CCL0153")])
def test_amounts_in_a_list_of_payments_are_in_the_unit_of_the_clause(within: str, code: str) -> None:
    text = f"""contract C {{ edition: 1; unit CREDIT {{ decimals: 2; }}
        clause "1" on credit.batch{within} "..." {{ require command.payments.all(|p| p.amount <= 5 CREDIT); }}
    }}"""
    _, findings, _ = check_text(text, language_of(MODULES).host)
    assert [found.code for found in findings.all] == ([code] if code else [])
