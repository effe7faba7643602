"""Reads pass the bylaws too: one's own records, what is addressed to one, what the bylaws publish; else a refusal."""

from __future__ import annotations

from typing import Any

import pytest

from icn_node.kernel import bylaws
from icn_node.kernel.bylaws import Clause, Document
from icn_node.kernel.contract import Contract
from icn_node.kernel.refusal import Forbidden, Refusal, UnknownKey
from icn_node.modules import MODULES
from tests import people
from tests.people import words
from tests.world import World

QUERIES = {q.name: q for m in MODULES for q in m.queries}


@pytest.fixture(scope="module")
def town() -> World:
    """ann steward; bob and cid members; sus suspended; app has applied; gone has left; aud auditor; dp protects data.
    org acts by bob."""
    w = World()
    for name in ("bob", "cid", "sus", "gone", "aud", "dp"):
        w.member(name, roles={"aud": ("auditor",), "dp": ("data-protection",)}.get(name, ()))
    w.do("app", "member.apply", handle="app")
    people.unit(w)
    people.organisation(w, "org", "bob")
    w.do("gone", "member.leave")
    w.do("ann", "member.suspend", member=w.did("sus"), days=30, reason=words("parties role:steward"))
    w.do("bob", "group.create", group="garden", title="Garden")
    return w


# Names after the query: a reader each; OP is the operator of the node, STR somebody whom the space does not know.
# Fields that name somebody are written field=name.
READS = """
space.charter                       | ann sus app gone STR OP        |
space.bylaws                        | STR                            |
module.list                         | STR                            |
member.list                         | ann bob OP                     | sus app gone STR
member.show member=bob              | ann bob cid OP                 | sus app gone STR
member.show                         | bob sus app gone               | STR
member.show member=sus              | sus ann                        | app
member.keys                         | bob sus app gone               | STR
member.keys member=bob              | bob ann OP                     | cid aud STR
member.keys member=org              | bob ann                        | cid
member.invitations                  | bob sus OP                     | STR
member.invitations member=bob       | ann bob                        | cid
member.applications                 | bob OP                         | sus STR
member.recoveries                   | ann OP                         | bob aud STR
member.claims                       | ann OP                         | bob STR
conduct.case member=sus             | sus ann OP                     | bob aud STR
conduct.charges                     | ann OP                         | bob sus STR
organisation.show organisation=org  | bob cid OP                     | sus STR
organisation.offers                 | bob sus                        | STR OP
organisation.offers member=bob      | bob                            | ann cid
role.list                           | bob OP                         | sus gone STR
role.terms member=bob               | cid OP                         | sus STR
group.list                          | bob OP                         | sus STR
group.show group:garden             | cid OP                         | STR
notice.list                         | bob sus app gone OP            | STR
notice.list member=bob              | bob OP                         | ann cid STR
notice.list member=org              | bob                            | cid
privacy.mine                        | bob gone                       | STR OP
privacy.mine member=bob             | bob dp                         | ann cid
privacy.erased                      | bob OP                         | sus STR
"""


def cases() -> list[Any]:
    found = []
    for line in READS.strip().splitlines():
        said, yes, no = line.split("|")
        found += [pytest.param(said.strip(), who, True, id=f"{said.strip()} {who}") for who in yes.split()]
        found += [pytest.param(said.strip(), who, False, id=f"{said.strip()} not {who}") for who in no.split()]
    return found


def ask(w: World, who: str, said: str) -> Any:
    name, *fields = said.split()
    given: dict[str, Any] = {}
    for field in fields:
        key, _, value = field.replace(":", "=:", 1).partition("=")
        given[key] = value[1:] if value.startswith(":") else w.did(value)
    return w.ask(None if who == "OP" else who, name, **given)


@pytest.mark.parametrize(("said", "who", "allowed"), cases())
def test_who_reads_what(town: World, said: str, who: str, allowed: bool) -> None:
    if allowed:
        assert ask(town, who, said) is not None
        return
    with pytest.raises((Forbidden, UnknownKey)) as refused:
        ask(town, who, said)
    assert refused.value.clause, "the refusal names the clause that said no"


class _Nothing:
    """A query whose every field is empty."""

    def __getattr__(self, name: str) -> None:
        return None


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_a_stranger_reads_nothing_that_the_bylaws_do_not_publish(town: World, name: str) -> None:
    """Every query there is, also of modules that come later: asked by nobody known, it is public or refused."""
    book = town.kernel.policy.book(town.tables)
    assert isinstance(book, Contract)
    rules = book.rules.governing("read." + name)
    public = not any(book.program.functions[rule.clause.body].requirements for rule in rules)
    try:
        town.kernel.policy.judge_read(town.tables, town.reader("STR"), name, _Nothing())
    except Refusal:
        assert not public
    else:
        assert public, f"{name} answers strangers, and no clause says that it is public"


def test_a_query_cannot_write(town: World) -> None:
    town.tables.seal(True)
    try:
        with pytest.raises(AssertionError, match="a query tried to write"):
            town.tables.next_no("party")
    finally:
        town.tables.seal(False)


def test_reading_changes_nothing(town: World) -> None:
    before = town.digest()
    for said, who, allowed in (p.values for p in cases()):
        if allowed:
            ask(town, str(who), str(said))
    assert town.digest() == before


@pytest.mark.parametrize(
    ("on", "require", "said"),
    [
        ("read.member.*", "anyone", "answered"),
        ("read.*", "anyone", "answered"),
        ("read.member.list", "role bird", "role bird"),
        ("member.list", "anyone", "no clause"),
        ("*", "anyone", "answered"),
        ("read.member.list", "self nobody", "fails with AttributeError"),
        ("read.member.list", "param member.vouches_needed", "param member"),
        ("read.member.list", "param no.such", "fails with KeyError"),
        ("read.member.list", "operator or self nobody or anyone", "fails with AttributeError"),
    ],
)
def test_other_bylaws_publish_more_or_less(on: str, require: str, said: str) -> None:
    w = World()
    bylaws.adopt(w.tables, Document("t", (Clause("1", (on,), (require,), "T."),)), w.now, 0)
    w.tables.settle()
    if said == "answered":
        assert len(w.ask("ann", "member.list")) == 1
        return
    with pytest.raises(Forbidden) as refused:
        w.ask("ann", "member.list")
    reasons = {"role bird": "it takes the role bird", "param member": "it takes the setting member.vouches_needed"}
    wanted = reasons.get(said, said)
    assert wanted in str(refused.value.facts["reason"])
