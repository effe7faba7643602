"""Erasing private fields, finding one's own, and reading notices."""

from __future__ import annotations

from typing import Any

import pytest

from icn_node.kernel import notices as stored
from icn_node.kernel import private, registry
from icn_node.kernel.refusal import Forbidden
from icn_node.modules import privacy
from tests import people
from tests.people import Case, provoke, undeclared, words
from tests.world import World

H = [bytes([n]) * 32 for n in range(10)]


@pytest.fixture
def w() -> World:
    """ann steward; bob and cid members; dan protects data. bob wrote 1 (his name); ann wrote 2, which concerns bob."""
    world = World()
    for name in ("bob", "cid"):
        world.member(name)
    world.member("dan", roles=("data-protection",))
    world.do("bob", "member.describe", name=words("members", 1))
    world.do("ann", "member.suspend", member=world.did("bob"), days=1, reason=words("parties role:steward", 2))
    world.pass_time(days=400)
    return world


def _wrote(w: World) -> None:
    w.do("bob", "member.describe", name=words("members", 1))


CASES: list[Case] = [
    ("privacy.erase", "unknown_private_field",
     lambda w: people.by_decision(w, "privacy.erase", h=[H[9]], reason="wrong")),
    ("privacy.erase", "retained",
     lambda w: (w.do("ann", "member.charge", member=w.did("bob"), reason=words("parties", 1)),
                w.refused("ann", "privacy.erase", h=[H[1]], reason="wrong"))[1]),
    ("privacy.erase", "erased_already",
     lambda w: (_wrote(w), w.do("bob", "privacy.erase", h=[H[1]], reason="wrong"),
                w.refused("bob", "privacy.erase", h=[H[1]], reason="wrong"))[2]),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c[0]} {c[1]}")
def test_refused(case: Case) -> None:
    provoke(case)


def test_every_declared_refusal_is_provoked() -> None:
    assert undeclared(privacy.MODULE, CASES) == set()


@pytest.mark.parametrize(
    ("who", "fields", "said"),
    [
        ("bob", (1,), "erased"),  # who wrote it
        ("ann", (2,), "erased"),
        ("bob", (2,), "erased"),  # whom it concerns
        ("bob", (1, 2), "erased"),
        ("cid", (1,), "forbidden"),
        ("ann", (1,), "forbidden"),  # a steward is not the data-protection role
        ("ann", (1, 2), "forbidden"),
        ("dan", (1, 2), "erased"),
        ("bob", (9,), "forbidden"),  # nobody's
        ("dan", (9,), "unknown_private_field"),
        ("stranger", (1,), "unknown_key"),
    ],
)
def test_who_may_erase(w: World, who: str, fields: tuple[int, ...], said: str) -> None:
    erase = {"h": [H[n] for n in fields], "reason": "consent_withdrawn"}
    if said == "erased":
        assert w.do(who, "privacy.erase", **erase) == len(fields)
        assert all(private.is_erased(w.tables, H[n]) for n in fields)
    else:
        assert w.refused(who, "privacy.erase", **erase) == said
        assert w.tables.scan(private.Erased) == []


def test_a_copy_of_somebodys_hash_gives_no_right_over_it(w: World) -> None:
    w.do("cid", "member.describe", name=words("members", 1))
    assert w.refused("cid", "privacy.erase", h=[H[1]], reason="wrong") == "forbidden"
    w.do("bob", "privacy.erase", h=[H[1]], reason="wrong")


def test_nor_does_it_keep_the_field_from_being_erased(w: World) -> None:
    w.do("ann", "member.charge", member=w.did("cid"), reason=words("parties role:steward", 1))
    assert w.do("bob", "privacy.erase", h=[H[1]], reason="wrong") == 1


def test_a_refused_event_gives_no_right_either(w: World) -> None:
    assert w.refused("cid", "member.describe", party=w.did("bob"), name=words("members", 5)) == "forbidden"
    assert w.tables.get(private.PrivateField, H[5]) is None
    w.do("bob", "member.describe", name=words("members", 5))
    assert private.wrote(w.tables, H[5], w.no("bob"))


def test_erasing_some_again_counts_only_the_new_ones(w: World) -> None:
    w.do("bob", "privacy.erase", h=[H[1]], reason="wrong")
    assert w.do("bob", "privacy.erase", h=[H[1], H[2], H[2]], reason="wrong") == 1
    assert [(e["no"], e["h"], e["by"].no) for e in w.ask("cid", "privacy.erased")] == [
        (1, H[1], w.no("bob")), (2, H[2], w.no("bob")),
    ]  # fmt: skip


def test_the_author_is_told_when_somebody_else_erases(w: World) -> None:
    w.do("dan", "privacy.erase", h=[H[1]], reason="unlawful")
    told = w.ask("bob", "notice.list")[-1]
    assert (told["code"], told["facts"]) == (
        "privacy.erased", {"field": "name", "op": "member.describe", "reason": "unlawful"},
    )  # fmt: skip


@pytest.mark.parametrize("count", [0, 65])
def test_as_many_as_64_at_once(w: World, count: int) -> None:
    assert w.refused("bob", "privacy.erase", h=[H[1]] * count, reason="wrong") == "malformed"
    assert w.refused("bob", "privacy.erase", h=[H[1]], reason="whim") == "malformed"
    assert w.refused("bob", "privacy.erase", h=[b"short"], reason="wrong") == "malformed"


def test_everybody_finds_what_they_wrote_and_what_concerns_them(w: World) -> None:
    rows = w.ask("bob", "privacy.mine")
    assert [(r["op"], r["field"], r["h"], r["erased"]) for r in rows] == [("member.describe", "name", H[1], False)]
    (row,) = w.ask("bob", "privacy.mine", concerning=True)
    assert (row["op"], row["by"].no, row["audience"]) == ("member.suspend", w.no("ann"), "parties role:steward")
    assert w.ask("bob", "privacy.mine", concerning=True, after=row["no"]) == []
    assert w.ask("dan", "privacy.mine", member=w.did("bob")) == rows
    with pytest.raises(Forbidden):
        w.ask("cid", "privacy.mine", member=w.did("bob"))


def test_the_state_is_the_same_with_all_payloads_gone_because_it_never_had_them(w: World) -> None:
    """Rebuilding from the events alone, which hold commitments only, reaches the same digest."""
    other = World()
    for name in ("bob", "cid"):
        other.member(name)
    other.member("dan", roles=("data-protection",))
    for event, at in w.events[1:]:
        other.pass_time(ms=at - other.now)
        other._execute(event)
    other.pass_time(ms=w.now - other.now)
    assert other.digest() == w.digest()


# --- notices --------------------------------------------------------------------------------------------------------


def test_notices_are_ones_own_in_order_and_paged(w: World) -> None:
    for n in range(5):
        stored.post(w.tables, w.now, w.no("cid"), "role.granted", {"role": f"r{n}"})
    stored.post(w.tables, w.now, stored.EVERYONE, "member.welcome", {})
    stored.post(w.tables, w.now, w.no("bob"), "role.granted", {"role": "other"})
    w.tables.settle()
    first = w.ask("cid", "notice.list", limit=2)
    assert [n["facts"] for n in first] == [{"role": "r0"}, {"role": "r1"}]
    rest = w.ask("cid", "notice.list", after=first[-1]["no"])
    assert [n["code"] for n in rest] == ["role.granted"] * 3 + ["member.welcome"]
    latest = w.ask("cid", "notice.list", limit=2, latest=True)
    assert latest == rest[-2:]


def test_operators_read_the_spaces_notices_and_nobody_reads_anothers(w: World) -> None:
    stored.post(w.tables, w.now, registry.SPACE, "role.vacant", {"role": "clerk"})
    w.tables.settle()
    assert [n["code"] for n in w.ask(None, "notice.list")] == ["role.vacant"]
    with pytest.raises(Forbidden):
        w.ask("bob", "notice.list", member=w.did("cid"))
    assert w.ask("bob", "notice.list", member=w.did("bob")) == w.ask("bob", "notice.list")


def test_sqlite_equals_the_dictionary_twin() -> None:
    results: list[Any] = []
    for sqlite in (False, True):
        w = World(sqlite=sqlite)
        w.member("bob")
        _wrote(w)
        w.do("bob", "privacy.erase", h=[H[1]], reason="wrong")
        results.append((w.digest(), w.ask("bob", "privacy.mine"), w.ask("bob", "privacy.erased")))
    assert results[0] == results[1]
