"""The default bylaws in CCL say what the same bylaws said as clauses of words: every command, every read, many actors.

And with an empty contract nothing is allowed: all authority is in the bylaws.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from icn_node import documents
from icn_node.kernel import bylaws, registry
from icn_node.kernel.context import THE_SPACE, Actor, Context
from icn_node.kernel.contract import Contract
from icn_node.kernel.fields import element_of, kind_of
from icn_node.kernel.policy import NeedsApproval
from icn_node.kernel.refusal import Forbidden, UnknownKey
from icn_node.modules import MODULES
from icn_node.rpc.node_methods import NODE_METHODS
from tests.people import unit
from tests.world import World, clause_bylaws, default_bylaws

COMMANDS = {c.op: c.cls for m in MODULES for c in m.commands}
READS = {q.name: q.cls for m in MODULES for q in m.queries}
NODE_READS = [name for name, method in NODE_METHODS.items() if method.read]
PEOPLE = ("ann", "bob", "cid", "dan", "sue", "aud", "brk", "imp", "dap", "iss")
HOLDS = {"aud": "auditor", "brk": "broker", "imp": "importer", "dap": "data-protection", "iss": "issuer"}
SETTINGS: tuple[dict[str, int | str | bool], ...] = (
    {"approval.above_minor": 10, "approval.issue_above_minor": 10},
    {
        "approval.above_minor": 10, "approval.signatures": 3, "credit.hidden_balances": True,
        "member.members_invite": False, "member.stewards_admit": False, "timebank.published": True,
        "exchange.published": True,
    },
)  # fmt: skip


def town(document: dict[str, Any]) -> World:
    """ann steward; cid coordinates the garden and dan is in it; sue suspended; org and duo act by bob, duo by cid too;
    bob wrote a text and it names dan. CC is credit, LEAF minted by issuers."""
    w = World(bylaws=document)
    for name in (*PEOPLE[1:], "org", "duo"):
        roles = (HOLDS[name],) if name in HOLDS else ()
        w.member(name, roles=roles, kind="organisation" if name in ("org", "duo") else "person")
    tx = w.tables
    for party, signer, alone in (("org", "bob", None), ("duo", "bob", 5), ("duo", "cid", None)):
        tx.put(registry.Mandate(w.no(party), w.no(signer), alone, w.now, None))
    tx.put(registry.Signing(w.no("duo"), 2))
    tx.put(registry.GroupMember("garden", w.no("cid"), True, w.now))
    tx.put(registry.GroupMember("garden", w.no("dan"), False, w.now))
    sue = tx.get(registry.Party, w.no("sue"))
    assert sue is not None
    tx.put(msgspec.structs.replace(sue, status="suspended"))
    tx.settle()
    unit(w)
    unit(w, "LEAF", kind="currency", floor_minor=0, terms={"mint": "role issuer or decision", "burn": "anyone"})
    w.do("bob", "member.describe", name={"h": b"\1" * 32, "audience": "members", "size": 3})
    w.do("bob", "member.describe", party=w.did("org"), name={"h": b"\2" * 32, "audience": "members", "size": 3})
    return w


def contexts(w: World) -> Iterator[tuple[str, Context]]:
    """Everybody who may act or read."""
    for who in (*PEOPLE, "org", "stranger"):
        no = registry.party_no(w.tables, w.did(who))
        actor = Actor(registry.STRANGER if no is None else no, w.did(who), b"k")
        yield who, Context(w.kernel, actor=actor, time_ms=w.now, origin="event", space=w.space)
    for kind in ("", "bylaw", "membership", "policy"):
        yield "decision " + kind, Context(w.kernel, actor=THE_SPACE, time_ms=w.now, origin="decision", space=w.space,
                                          decision_type=kind)  # fmt: skip
    yield "operator", Context(w.kernel, actor=THE_SPACE, time_ms=w.now, origin="operator", space=w.space)


# What a field may be, by its name or else its kind; every command is tried with the first of each, and then with each
# other one in turn.
VALUES: dict[str, tuple[Any, ...]] = {
    "who": ("@bob", "@ann", "@org", "@duo", "@nobody"), "key": ("@bob",), "no": (1,), "unit": ("CC", "LEAF", "NONE"),
    "amount": (11, 4), "limit": (11,), "minutes": (11, 4), "time": (1,), "duration": (1,), "day": (1,), "int": (1,),
    "bool": (False, True), "hash": (b"\1" * 32,), "signature": (b"\0" * 64,), "str": ("x",), "text": ("x",),
    "title": ("x",), "name": ("garden", "other"), "handle": ("x",),
}  # fmt: skip
FIELDS: dict[str, tuple[Any, ...]] = {
    "h": ((b"\1" * 32,), (b"\1" * 32, b"\2" * 32), (b"\3" * 32,)), "roles": ((), ("steward",)), "label": (None, 7),
    "owner": (1, 0, 2), "statement": (None,), "value": (1,), "bylaws": (None,), "document": (None,),
}  # fmt: skip


def choices(w: World, field: msgspec.structs.FieldInfo) -> list[Any]:
    """Values to try, the first of which goes with every other field's."""
    kind = kind_of(field.type)
    if field.name in FIELDS:
        return list(FIELDS[field.name])
    if kind in ("private", "map", "ops", "pairs"):
        return [None]
    if kind == "list":
        inner = VALUES.get(kind_of(element_of(field.type)))
        return [() if inner is None else tuple(_named(w, v) for v in inner[:1])]
    found = [_named(w, value) for value in VALUES[kind]]
    return found if field.required else [None if field.default is None else field.default, *found]


def _named(w: World, value: Any) -> Any:
    return w.did(value[1:]) if isinstance(value, str) and value.startswith("@") else value


def samples(w: World, cls: type[msgspec.Struct]) -> Iterator[Any]:
    """The command with many values of its fields."""
    options = {f.name: choices(w, f) for f in msgspec.structs.fields(cls)}
    plain = {name: values[0] for name, values in options.items()}
    yield cls(**plain)
    for name, values in options.items():
        for value in values[1:]:
            yield cls(**{**plain, name: value})


def verdict(w: World, ctx: Context, name: str, cmd: Any, *, read: bool) -> tuple[Any, ...]:
    """What the bylaws say, as far as two forms of them can say the same."""
    try:
        if read:
            w.kernel.policy.judge_read(w.tables, ctx, name, cmd)
        else:
            w.kernel.policy.judge(w.tables, ctx, cmd)
    except (Forbidden, UnknownKey) as no:
        return no.code, no.clause, no.facts.get("reason") if "approvals" in str(no.facts.get("reason")) else ""
    except NeedsApproval as wanted:
        return "approval", wanted.asked, wanted.need, tuple(wanted.eligible), wanted.by, wanted.party
    return ("allowed",)


def differences(old: World, new: World, name: str, cls: type[msgspec.Struct] | None, *, read: bool) -> list[str]:
    found = []
    for (who, before), (_, after) in zip(contexts(old), contexts(new), strict=True):
        for cmd in [None] if cls is None else samples(new, cls):
            was = verdict(old, before, name, cmd, read=read)
            now = verdict(new, after, name, cmd, read=read)
            if was != now:
                found.append(f"{who}: {cmd}: {was} became {now}")
    return found


@pytest.fixture(scope="module", params=range(len(SETTINGS)), ids=["as shipped", "otherwise set"])
def towns(request: pytest.FixtureRequest) -> tuple[World, World]:
    settings = SETTINGS[request.param]
    return town(clause_bylaws(**settings)), town(default_bylaws(**settings))


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_commands_are_judged_as_before(towns: tuple[World, World], name: str) -> None:
    assert differences(*towns, name, COMMANDS[name], read=False) == []


@pytest.mark.parametrize("name", sorted(READS))
def test_reads_are_judged_as_before(towns: tuple[World, World], name: str) -> None:
    assert differences(*towns, name, READS[name], read=True) == []


@pytest.mark.parametrize("name", NODE_READS)
def test_the_nodes_own_reads_are_judged_as_before(towns: tuple[World, World], name: str) -> None:
    assert differences(*towns, name, None, read=True) == []


def test_the_samples_reach_every_kind_of_verdict_and_every_clause(towns: tuple[World, World]) -> None:
    """A comparison in which everything is allowed, or refused by one clause, would prove nothing."""
    _, w = towns
    codes, clauses = set(), set()
    for _, ctx in contexts(w):
        for name, cls in (*COMMANDS.items(), *READS.items()):
            for cmd in samples(w, cls):
                found = verdict(w, ctx, name, cmd, read=name in READS)
                codes.add(found[0])
                if found[0] in ("forbidden", "unknown_key"):
                    clauses.add(found[1])
        for name in NODE_READS:
            found = verdict(w, ctx, name, None, read=True)
            clauses.add(found[1] if found[0] == "forbidden" else "")
    book = w.kernel.policy.book(w.tables)
    assert isinstance(book, Contract)
    conditional = {c.number for c in book.program.clauses if book.program.functions[c.body].requirements}
    assert codes == {"allowed", "forbidden", "unknown_key", "approval"}
    published = {"8.2", "8.15", "8.16"} if w.kernel.param(w.tables, "timebank.published") else set()
    assert conditional - clauses == published, "clauses that never refused, but for those that a setting opens"


def test_both_forms_have_the_same_clauses() -> None:
    old = msgspec.convert(clause_bylaws(), bylaws.Document)
    new = World()
    contract = new.kernel.policy.book(new.tables)
    assert isinstance(contract, Contract)
    clauses = [(c.number, c.targets, c.text) for c in contract.program.clauses]
    assert clauses == [(c.id, c.on, c.text) for c in old.clauses]
    assert contract.roles == bylaws.Rulebook(old).roles


# --- no hidden authority ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bare() -> World:
    """A space whose bylaws in force are a contract that says nothing. Nobody could adopt it, so it is put there."""
    w = town(default_bylaws())
    empty = bylaws.Document("Nothing", (), sources=(bylaws.Source("empty.ccl", "contract Nothing { edition: 1; }"),))
    bylaws.adopt(w.tables, empty, w.now, 0)
    w.tables.settle()
    return w


@pytest.mark.parametrize("name", sorted((*COMMANDS, *READS, *NODE_READS)))
def test_without_bylaws_nothing_is_allowed(bare: World, name: str) -> None:
    """Nobody, not the founder, not a steward, not a decision, may do or read anything that no clause speaks of."""
    cls = COMMANDS.get(name) or READS.get(name)
    for who, ctx in contexts(bare):
        for cmd in [None] if cls is None else samples(bare, cls):
            assert verdict(bare, ctx, name, cmd, read=name not in COMMANDS) == ("forbidden", "", ""), who


def test_an_empty_contract_cannot_be_adopted() -> None:
    w = World()
    with pytest.raises(bylaws.BylawsInvalid) as refused:
        w.decide({"op": "bylaws.adopt", "document": {
            "title": "x", "clauses": [], "sources": [{"name": "x.ccl", "text": "contract X { edition: 1; }"}],
        }})  # fmt: skip
    assert refused.value.facts["error"] == "CCL0396"


@pytest.mark.parametrize("instead", ['deny "Never again.";', "require 1 / (member_count() - member_count()) == 1;"])
def test_what_extends_the_default_bylaws_cannot_shut_out_every_amendment(instead: str) -> None:
    """That a parameter may be changed as it declares opens no way for a contract."""
    shut = f'exception to "1.4" as "20.1" when decided("bylaw") {{ {instead} }}'
    base = next(name for name in documents.known_bases() if name.startswith("default@"))
    text = f'contract X extends "base:{base}" {{ edition: 1; version: "2"; {shut} }}'
    with pytest.raises(documents.BadDocument, match="CCL0396"):
        documents.document_of((("x.ccl", text),))
