"""The default bylaws govern everything there is and nothing there is not; conditions, one case a line."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from icn_node.kernel import bylaws, registry
from icn_node.kernel.bylaws import Approval, BylawsInvalid, Clause, Document, Rulebook
from icn_node.kernel.context import THE_SPACE, Actor, Context
from icn_node.kernel.fields import Private
from icn_node.kernel.refusal import Forbidden, UnknownKey
from icn_node.modules import MODULES
from icn_node.rpc.node_methods import NODE_METHODS
from tests.world import World, clause_bylaws

DOCUMENT = msgspec.convert(clause_bylaws(), Document)
COMMANDS: dict[str, type[msgspec.Struct]] = {c.op: c.cls for m in MODULES for c in m.commands}
READS: dict[str, type[msgspec.Struct]] = {"read." + q.name: q.cls for m in MODULES for q in m.queries}
NODE_READS = {"read." + name for name, method in NODE_METHODS.items() if method.read}
GOVERNED = {**COMMANDS, **READS}
PARAMS = {p.name: p for m in MODULES for p in m.params}
CONDITIONS = [
    (clause, condition.strip())
    for clause in DOCUMENT.clauses
    for entry in clause.require
    for condition in entry.split(" or ")
]


def test_the_default_document_compiles() -> None:
    Rulebook(DOCUMENT)
    assert len({c.id for c in DOCUMENT.clauses}) == len(DOCUMENT.clauses)
    assert all(c.text.endswith(".") for c in DOCUMENT.clauses)


@pytest.mark.parametrize("name", sorted((*GOVERNED, *NODE_READS)))
def test_every_command_and_every_read_is_governed(name: str) -> None:
    assert Rulebook(DOCUMENT).governing(name), f"no clause of the default bylaws names {name}"


@pytest.mark.parametrize("pattern", sorted({p for c in DOCUMENT.clauses for p in c.on}))
def test_every_pattern_names_something(pattern: str) -> None:
    stem = pattern.removesuffix("*")
    assert any(name == pattern or (stem != pattern and name.startswith(stem)) for name in (*GOVERNED, *NODE_READS)), (
        pattern
    )


@pytest.mark.parametrize(("clause", "condition"), CONDITIONS, ids=lambda v: v if isinstance(v, str) else v.id)
def test_conditions_name_fields_and_parameters_that_exist(clause: Clause, condition: str) -> None:
    """A condition about a field that a governed command lacks would refuse it for ever, and for no stated reason."""
    word, _, name = condition.removeprefix("acts ").partition(" ")
    governed = [cls for n, cls in GOVERNED.items() if any(bylaws._names(p, n) for p in clause.on)]
    if word in ("for", "self", "coordinates", "wrote", "concerned", "without"):
        lacking = [c.__name__ for c in governed if name not in c.__struct_fields__]
        assert not lacking, f"clause {clause.id}: {lacking} have no field {name}"
    if word in ("param", "unless"):
        assert isinstance(PARAMS[name].default, bool), name
    if word == "term":
        assert all("unit" in c.__struct_fields__ for c in governed), clause.id


@pytest.mark.parametrize("clause", [c for c in DOCUMENT.clauses if c.approval is not None], ids=lambda c: c.id)
def test_approvals_name_fields_and_parameters_that_exist(clause: Clause) -> None:
    approval = clause.approval
    assert approval is not None
    kind, _, name = approval.by.partition(" ")
    needed = {approval.field} - {""} | ({name} if kind == "signers" else set())
    for cls in (c for n, c in GOVERNED.items() if any(bylaws._names(p, n) for p in clause.on)):
        assert all(hasattr(cls, field) for field in needed), (clause.id, cls.__name__)
    for value in (approval.need, approval.above):
        assert isinstance(value, int) or value == "" or isinstance(PARAMS[value].default, int), value


# --- documents that do not hold together ----------------------------------------------------------------------------


def clause(require: str, **fields: Any) -> Clause:
    return Clause("9.1", ("x.*",), (require,), "Text.", **fields)


@pytest.mark.parametrize(
    ("clauses", "reason"),
    [
        ((clause("everyone"),), "the condition 'everyone' is not understood"),
        ((clause("role"),), "the condition 'role' is not understood"),
        ((clause("role "),), "the condition 'role' is not understood"),
        ((clause("role a b"),), "the condition 'role a b' is not understood"),
        ((clause("acts payer"),), "the condition 'acts payer' is not understood"),
        ((clause("member or"),), "the condition 'member or' is not understood"),
        ((clause(""),), "the condition '' is not understood"),
        ((clause("anyone "), clause("anyone")), "clause 9.1 stands twice"),
        ((clause("anyone", approval=Approval(by="crowd")),), "clause 9.1: approval by 'crowd' is not understood"),
        ((clause("anyone", approval=Approval(by="role")),), "clause 9.1: approval by 'role' is not understood"),
        (
            (clause("anyone", approval=Approval(by="role x", field="amount_minor")),),
            "clause 9.1: approval takes both a field and what it is above",
        ),
    ],
)
def test_a_document_that_does_not_hold_together_is_refused(clauses: tuple[Clause, ...], reason: str) -> None:
    with pytest.raises(BylawsInvalid) as refused:
        Rulebook(Document("t", clauses))
    assert refused.value.facts["reason"] == reason


def test_a_decision_cannot_adopt_a_broken_document() -> None:
    w = World()
    broken = {"title": "t", "clauses": [{"id": "1", "on": ["*"], "require": ["magic"], "text": "T."}]}
    before = w.digest()
    with pytest.raises(BylawsInvalid):
        w.decide({"op": "bylaws.adopt", "document": broken})
    w.tables.rollback(0)
    assert w.digest() == before


# --- conditions -----------------------------------------------------------------------------------------------------


class Probe(msgspec.Struct, frozen=True):
    """A command with a field for every condition that reads one."""

    OP = "probe"
    payer: str | None = None
    party: str | int | None = None
    group: str = "garden"
    h: tuple[bytes, ...] = ()
    label: int | None = None


@pytest.fixture(scope="module")
def town() -> World:
    """ann founder and steward; bob member; cid coordinates the garden; dan in it; sue suspended; org acts by bob."""
    w = World(params={"credit.hidden_balances": True})
    for name in ("bob", "cid", "dan", "sue", "org"):
        w.member(name, kind="organisation" if name == "org" else "person")
    tx = w.tables
    tx.put(registry.Mandate(w.no("org"), w.no("bob"), None, w.now, None))
    tx.put(registry.Mandate(w.no("org"), w.no("dan"), None, w.now - 10, w.now))
    tx.put(registry.GroupMember("garden", w.no("cid"), True, w.now))
    tx.put(registry.GroupMember("garden", w.no("dan"), False, w.now))
    tx.put(registry.GroupMember("garden", w.no("sue"), True, w.now))
    tx.put(registry.Holding("treasurer", w.no("bob"), w.now, w.now + 1))
    tx.put(registry.Holding("auditor", w.no("bob"), w.now - 5, w.now))
    tx.put(registry.Holding("steward", w.no("sue"), w.now, None))
    sue = tx.get(registry.Party, w.no("sue"))
    assert sue is not None
    tx.put(msgspec.structs.replace(sue, status="suspended"))
    label = registry.enter_label(tx, None, w.now)
    row = tx.get(registry.Party, label)
    assert row is not None
    tx.put(msgspec.structs.replace(row, status="claimed", claimed_by=w.no("bob")))
    tx.settle()
    w.do("bob", "member.describe", name={"h": b"\1" * 32, "audience": "members", "size": 3})
    w.do("bob", "member.describe", party=w.did("org"), name={"h": b"\2" * 32, "audience": "members", "size": 3})
    return w


HOLDS = """
anyone               | stranger ann bob sue org  |
registered           | ann bob sue               | stranger space
member               | ann bob                   | stranger sue space org-key
acts for payer       | ann bob sue               | stranger          # names nobody: oneself
acts for payer=bob   | bob                       | ann sue space
acts for payer=org   | bob                       | ann dan sue space # dan's mandate has run out
acts for payer=nobody| ann bob                   | stranger          # the handler says that nobody is called that
self party           | ann bob sue               | stranger operator
self party=bob       | bob                       | ann operator
self party=org       | bob                       | ann dan
self party=#bob      | bob                       | ann
self party=#label    | bob                       | ann sue           # bob claimed it
self party=nobody    |                           | ann bob
role steward         | ann                       | bob sue stranger space # sue is suspended
role treasurer       | bob                       | ann
role auditor         |                           | bob               # the term is over
group garden         | cid dan                   | ann sue           # sue is suspended
coordinates group    | cid                       | dan ann sue
decision             | space                     | ann
decision membership  | space-membership          | space ann
wrote h=1            | bob                       | ann org stranger space
wrote h=1,2          | bob                       | ann
wrote h=3            |                           | ann bob           # nobody wrote it
concerned h=2        | bob org                   | ann               # it is the organisation's name
without label        | ann stranger              |
without label=7      |                           | ann
operator             | operator                  | ann stranger space
param credit.hidden_balances  | ann bob stranger |
unless credit.hidden_balances |                  | ann bob stranger
"""


def cases() -> list[tuple[str, str, str, bool]]:
    found = []
    for line in HOLDS.strip().splitlines():
        said, yes, no = re.sub(r"\s+# .*", "", line).split("|")
        condition, _, value = said.strip().partition("=")
        found += [(condition, value, who, True) for who in yes.split()]
        found += [(condition, value, who, False) for who in no.split()]
    return found


def context_of(w: World, who: str) -> Context:
    kinds = {"operator": "operator", "space": "decision", "space-membership": "decision"}
    actor = THE_SPACE
    if who not in kinds:
        no = registry.party_no(w.tables, w.did(who.removesuffix("-key")))
        actor = Actor(registry.STRANGER if no is None else no, w.did(who.removesuffix("-key")), b"k")
    return Context(w.kernel, actor=actor, time_ms=w.now, origin=kinds.get(who, "event"), space=w.space,
                   decision_type=who.partition("-")[2])  # fmt: skip


def probe(w: World, condition: str, value: str) -> Probe:
    if not value:
        return Probe()
    field = condition.rsplit(maxsplit=1)[-1]
    if field == "h":
        return Probe(h=tuple(bytes([int(n)]) * 32 for n in value.split(",")))
    if field == "label":
        return Probe(label=int(value))
    if value == "#label":
        return Probe(party=next(p.no for p in w.tables.scan(registry.Party) if p.kind == "label"))
    named: str | int = w.no(value[1:]) if value.startswith("#") else w.did(value)
    return Probe(**{field: named})  # type: ignore[arg-type]


@pytest.mark.parametrize(("condition", "value", "who", "holds"), cases())
def test_a_condition_holds_for_whom_it_says(town: World, condition: str, value: str, who: str, holds: bool) -> None:
    (check,) = bylaws.compiled(condition)
    assert check(town.tables, context_of(town, who), probe(town, condition, value)) is holds


# --- clauses --------------------------------------------------------------------------------------------------------


def adopt(w: World, *clauses: Clause) -> None:
    bylaws.adopt(w.tables, Document("t", clauses), w.now, 0)
    w.tables.settle()


def verdict(w: World, who: str, cmd: Any) -> str:
    try:
        w.kernel.policy.judge(w.tables, context_of(w, who), cmd)
    except Forbidden as no:
        return f"{no.clause}: {no.facts['reason']}"
    except UnknownKey as no:
        return f"{no.clause}: {no.code}"
    return "allowed"


def test_all_clauses_and_all_requirements_must_hold_and_any_condition_of_one() -> None:
    w = World()
    w.member("bob", roles=("treasurer",))
    w.member("cid")
    adopt(
        w,
        Clause("1", ("probe",), ("member", "role steward or role treasurer"), "A."),
        Clause("2", ("pro*",), ("without label",), "B."),
        Clause("3", ("*", "nothing"), ("anyone",), "C."),
    )
    assert verdict(w, "ann", Probe()) == "allowed"
    assert verdict(w, "bob", Probe()) == "allowed"
    assert verdict(w, "cid", Probe()) == "1: it takes the role steward or the role treasurer"
    assert verdict(w, "bob", Probe(label=1)) == "2: it takes that label is not given"
    assert verdict(w, "stranger", Probe()) == "1: unknown_key"


def test_what_no_clause_names_is_refused() -> None:
    w = World()
    adopt(w, Clause("1", ("probing", "read.probe"), ("anyone",), "A."))
    assert verdict(w, "ann", Probe()) == ": no clause of the bylaws speaks of it"
    with pytest.raises(Forbidden):
        w.kernel.policy.judge_read(w.tables, context_of(w, "ann"), "prob", Probe())
    w.kernel.policy.judge_read(w.tables, context_of(w, "ann"), "probe", Probe())


@pytest.mark.parametrize("condition", ["self nothing", "acts for nothing", "param nothing", "coordinates nothing",
                                       "wrote nothing", "without nothing", "wrote label"])  # fmt: skip
def test_a_condition_that_fails_to_evaluate_refuses(condition: str) -> None:
    w = World()
    adopt(w, Clause("1", ("probe",), (condition,), "A."))
    said = verdict(w, "ann", Probe(label=3))
    assert re.fullmatch(r"1: the clause fails with (AttributeError|KeyError|TypeError)", said), said


def test_roles_that_the_bylaws_name_exist() -> None:
    asks = Clause("2", ("b",), ("anyone",), "B.", Approval(by="role gamma"))
    book = Rulebook(Document("t", (Clause("1", ("a",), ("role alpha or role beta", "member"), "A."), asks)))
    assert book.roles == {"alpha", "beta", "gamma"}


def test_a_commitment_in_a_field_is_a_private_field_of_its_author(town: World) -> None:
    assert Private(b"\1" * 32, "members", 3) == town.tables.get(registry.Party, town.no("bob")).name  # type: ignore[union-attr]
