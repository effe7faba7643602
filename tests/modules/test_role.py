"""Roles: terms, seats, consecutive terms, ends by themselves; and groups."""

from __future__ import annotations

from typing import Any

import pytest

from icn_node.kernel import registry
from icn_node.modules import group, role
from tests import people
from tests.people import Case, by_decision, lawless, notices, provoke, undeclared
from tests.world import DAY_MS, World

YEAR_MS = 365 * DAY_MS


@pytest.fixture
def w() -> World:
    """ann steward; bob, cid and dan members."""
    world = World()
    for name in ("bob", "cid", "dan"):
        world.member(name)
    return world


def define(w: World, name: str = "clerk", **fields: Any) -> None:
    w.decide({"op": "role.define", "role": name, "title": name.title(), **fields})


def grant(w: World, who: str = "bob", name: str = "clerk", **fields: Any) -> Any:
    return by_decision(w, "role.grant", role=name, member=w.did(who), **fields)


def holders(w: World, name: str = "clerk") -> list[str]:
    names = {w.no(n): n for n in ("ann", "bob", "cid", "dan")}
    return [names[n] for n in registry.holders(w.tables, name, w.now)]


def _after(*acts: Any) -> Any:
    return lambda w: [act(w) for act in acts][-1]


def _many(w: World) -> Any:
    for n in range(200):
        define(w, f"r{n}")
    return by_decision(w, "role.define", role="one-more", title="T")


ROLES: list[Case] = [
    ("role.define", "too_many_roles", _many),
    ("role.retire", "unknown_role", lambda w: by_decision(w, "role.retire", role="clerk")),
    ("role.grant", "unknown_role", grant),
    ("role.grant", "unknown_member", _after(define, lambda w: grant(w, "x"))),
    ("role.grant", "member_not_active", _after(define, lambda w: w.do("bob", "member.leave"), grant)),
    ("role.grant", "role_retired", _after(define, lambda w: w.decide({"op": "role.retire", "role": "clerk"}), grant)),
    ("role.grant", "seats_taken", _after(lambda w: define(w, seats=1), lambda w: grant(w, "cid"), grant)),
    ("role.grant", "already_holds", _after(define, grant, grant)),
    ("role.grant", "already_holds", _after(lambda w: define(w, term_ms=YEAR_MS), grant, grant, grant)),
    ("role.grant", "terms_over", _after(lambda w: define(w, term_ms=YEAR_MS, max_terms=1), grant, grant)),
    ("role.grant", "bad_term", _after(define, lambda w: grant(w, until_ms=w.now))),
    ("role.grant", "bad_term",
     _after(lambda w: define(w, term_ms=YEAR_MS), lambda w: grant(w, until_ms=w.now + YEAR_MS + 1))),
    ("role.revoke", "unknown_member", lambda w: by_decision(w, "role.revoke", role="clerk", member=w.did("x"))),
    ("role.revoke", "role_not_held", lambda w: by_decision(w, "role.revoke", role="steward", member=w.did("bob"))),
    ("role.resign", "role_not_held", lambda w: w.refused("bob", "role.resign", role="steward")),
    ("role.resign", "unknown_member", _after(lawless, lambda w: by_decision(w, "role.resign", role="steward"))),
]  # fmt: skip


def _circle(w: World, **fields: Any) -> None:
    w.do("bob", "group.create", group="garden", title="Garden", **fields)


def _refused(who: str, op: str, **fields: Any) -> Any:
    return lambda w: w.refused(
        who, op, **{"group": "garden", **{k: w.did(v) if k == "member" else v for k, v in fields.items()}}
    )


def _close(w: World) -> None:
    w.do("bob", "group.close", group="garden")


def _join_suspended(w: World) -> str:
    _circle(w)
    w.do("ann", "member.suspend", member=w.did("cid"), days=9, reason=people.words("parties role:steward"))
    lawless(w)
    return w.refused("cid", "group.join", group="garden")


GROUPS: list[Case] = [
    ("group.create", "group_exists", _after(_circle, _refused("cid", "group.create", title="G"))),
    ("group.create", "too_many_groups",
     _after(_circle, lambda w: w.decide({"op": "bylaws.set", "name": "group.most", "value": 1}),
            _refused("cid", "group.create", group="other", title="G"))),
    ("group.create", "unknown_group", _refused("bob", "group.create", title="G", parent="none")),
    ("group.create", "group_closed",
     _after(_circle, _close, _refused("bob", "group.create", group="beds", title="B", parent="garden"))),
    ("group.close", "unknown_group", _refused("ann", "group.close")),
    ("group.close", "wrong_state", _after(_circle, _close, _refused("bob", "group.close"))),
    ("group.reopen", "unknown_group", _refused("ann", "group.reopen")),
    ("group.reopen", "wrong_state", _after(_circle, _refused("bob", "group.reopen"))),
    ("group.join", "unknown_group", _refused("cid", "group.join")),
    ("group.join", "unknown_member",
     _after(_circle, lawless, lambda w: by_decision(w, "group.join", group="garden"))),
    ("group.join", "member_not_active", _join_suspended),
    ("group.join", "group_closed", _after(_circle, _close, _refused("cid", "group.join"))),
    ("group.join", "not_an_open_group", _after(lambda w: _circle(w, join=False), _refused("cid", "group.join"))),
    ("group.join", "in_group", _after(_circle, _refused("bob", "group.join"))),
    ("group.leave", "unknown_group", _refused("cid", "group.leave")),
    ("group.leave", "not_in_group", _after(_circle, _refused("cid", "group.leave"))),
    ("group.leave", "unknown_member",
     _after(_circle, lawless, lambda w: by_decision(w, "group.leave", group="garden"))),
    ("group.add", "unknown_group", _refused("ann", "group.add", member="cid")),
    ("group.add", "unknown_member", _after(_circle, _refused("bob", "group.add", member="x"))),
    ("group.add", "member_not_active",
     _after(_circle, lambda w: w.do("cid", "member.leave"), _refused("bob", "group.add", member="cid"))),
    ("group.add", "group_closed", _after(_circle, _close, _refused("bob", "group.add", member="cid"))),
    ("group.add", "in_group", _after(_circle, _refused("bob", "group.add", member="bob"))),
    *((op, code, _after(*acts, _refused("ann", op, member=who)))
      for op in ("group.remove", "group.appoint")
      for code, acts, who in (("unknown_group", (), "cid"), ("unknown_member", (_circle,), "x"),
                              ("not_in_group", (_circle,), "cid"))),
    ("group.appoint", "group_closed", _after(_circle, _close, _refused("bob", "group.appoint", member="bob"))),
]  # fmt: skip


@pytest.mark.parametrize("case", [*ROLES, *GROUPS], ids=lambda c: f"{c[0]} {c[1]}")
def test_refused(case: Case) -> None:
    provoke(case)


@pytest.mark.parametrize(("module", "cases"), [(role.MODULE, ROLES), (group.MODULE, GROUPS)], ids=["role", "group"])
def test_every_declared_refusal_is_provoked(module: Any, cases: list[Case]) -> None:
    assert undeclared(module, cases) == set()


# --- roles ----------------------------------------------------------------------------------------------------------


def test_roles_are_given_by_decision_only(w: World) -> None:
    define(w)
    for op, fields in (("role.grant", {"member": w.did("bob")}), ("role.revoke", {"member": w.did("ann")}),
                       ("role.define", {"title": "T"}), ("role.retire", {})):  # fmt: skip
        assert w.refused("ann", op, role="steward", **fields) == "forbidden"
    grant(w)
    assert holders(w) == ["bob"]


def test_a_term_ends_by_itself_with_a_notice_before(w: World) -> None:
    define(w, term_ms=YEAR_MS)
    grant(w)
    w.pass_time(days=335, ms=-1)
    assert notices(w, "bob") == ["role.granted"]
    w.pass_time(ms=1)
    assert notices(w, "bob")[-1] == "role.ending"
    w.pass_time(days=30, ms=-1)
    assert holders(w) == ["bob"]
    w.pass_time(ms=1)
    assert (holders(w), notices(w, "bob")[-1], notices(w, None)[-1]) == ([], "role.ended", "role.vacant")
    (row,) = w.ask("bob", "role.terms")
    assert (row["role"], row["n"], row["ended"], row["ended_ms"]) == ("clerk", 1, "expired", w.now)


def test_granting_again_before_the_end_adds_the_next_term_without_a_gap(w: World) -> None:
    define(w, term_ms=YEAR_MS, max_terms=2)
    grant(w)
    w.pass_time(days=200)
    grant(w)
    w.pass_time(days=165)
    assert holders(w) == ["bob"]
    assert "role.ended" not in notices(w, "bob")
    assert [(t["n"], t["ended"]) for t in w.ask("bob", "role.terms", role="clerk")] == [
        (2, "in force"), (1, "renewed"),
    ]  # fmt: skip
    assert grant(w) == "terms_over"
    w.pass_time(days=365)
    assert (holders(w), grant(w)) == ([], "terms_over")
    w.pass_time(days=365, ms=-1)
    assert grant(w) == "terms_over"
    w.pass_time(ms=1)
    assert isinstance(grant(w), int), "a whole term passed: it begins anew"
    assert w.ask("ann", "role.terms", member=w.did("bob"))[0]["n"] == 1


def test_seats_are_free_again_when_a_term_ends(w: World) -> None:
    define(w, term_ms=YEAR_MS, seats=2)
    grant(w, "bob")
    w.pass_time(days=100)
    grant(w, "cid")
    assert grant(w, "dan") == "seats_taken"
    grant(w, "bob")  # the next term of who has a seat takes no other
    w.do("cid", "role.resign", role="clerk")
    assert notices(w, None)[-1] == "role.vacant"
    grant(w, "dan")
    assert holders(w) == ["bob", "dan"]
    assert grant(w, "cid") == "seats_taken"


def test_a_suspended_holder_keeps_the_seat_and_cannot_act(w: World) -> None:
    define(w, seats=1)
    grant(w)
    w.do("ann", "member.suspend", member=w.did("bob"), days=9, reason=people.words("parties role:steward"))
    assert (holders(w), grant(w, "cid")) == ([], "seats_taken")


def test_revoking_ends_the_present_term_and_the_next(w: World) -> None:
    define(w, term_ms=YEAR_MS)
    grant(w)
    grant(w)
    w.decide({"op": "role.revoke", "role": "clerk", "member": w.did("bob")})
    assert (holders(w), notices(w, "bob")[-1]) == ([], "role.revoked")
    assert [t["ended"] for t in w.ask("bob", "role.terms")] == ["revoked", "revoked"]
    w.pass_time(days=800)
    assert notices(w, "bob")[-1] == "role.revoked", "no timer is left"


def test_a_role_without_a_term_can_be_given_an_end(w: World) -> None:
    define(w)
    grant(w, until_ms=w.now + DAY_MS)
    w.pass_time(days=1)
    assert holders(w) == []


def test_roles_that_the_bylaws_name_need_no_definition(w: World) -> None:
    assert isinstance(grant(w, name="auditor"), int)
    rows = {r["role"]: r for r in w.ask("bob", "role.list")}
    assert {"steward", "auditor", "data-protection", "importer"} <= rows.keys()
    assert [p.no for p in rows["steward"]["holders"]] == [w.no("ann")]
    assert rows["auditor"]["term_ms"] is None


def test_founders_roles_can_be_laid_down(w: World) -> None:
    w.do("ann", "role.resign", role="steward")
    assert holders(w, "steward") == []
    assert w.refused("ann", "member.suspend", member=w.did("bob"), days=1) == "forbidden"


def test_a_retired_role_is_kept_to_its_end(w: World) -> None:
    define(w, term_ms=YEAR_MS)
    grant(w)
    w.decide({"op": "role.retire", "role": "clerk"})
    assert (holders(w), grant(w, "cid")) == (["bob"], "role_retired")
    w.pass_time(days=365)
    assert holders(w) == []


# --- groups ---------------------------------------------------------------------------------------------------------


def test_a_circle_and_its_coordinators(w: World) -> None:
    _circle(w, join=False)
    assert w.refused("cid", "group.add", group="garden", member=w.did("cid")) == "forbidden"
    w.do("bob", "group.add", group="garden", member=w.did("cid"))
    assert w.refused("cid", "group.add", group="garden", member=w.did("dan")) == "forbidden"
    w.do("bob", "group.appoint", group="garden", member=w.did("cid"))
    w.do("cid", "group.add", group="garden", member=w.did("dan"))
    w.do("cid", "group.appoint", group="garden", member=w.did("bob"), coordinates=False)
    assert w.refused("bob", "group.close", group="garden") == "forbidden"
    shown = w.ask("dan", "group.show", group="garden")
    assert [(m["member"].no, m["coordinates"]) for m in shown["list"]] == [
        (w.no("bob"), False), (w.no("cid"), True), (w.no("dan"), False),
    ]  # fmt: skip
    w.do("cid", "group.remove", group="garden", member=w.did("dan"))
    assert notices(w, "dan") == ["group.added", "group.removed"]
    assert notices(w, "cid") == ["group.added", "group.appointed"]


def test_a_group_is_an_electorate_of_its_active_members(w: World) -> None:
    _circle(w)
    for name in ("cid", "dan"):
        w.do(name, "group.join", group="garden")
    w.do("ann", "member.suspend", member=w.did("cid"), days=9, reason=people.words("parties role:steward"))
    assert registry.group_members(w.tables, "garden", w.now) == [w.no("bob"), w.no("dan")]
    w.do("dan", "group.leave", group="garden")
    assert registry.group_members(w.tables, "garden", w.now) == [w.no("bob")]
    w.pass_time(days=9)
    assert registry.group_members(w.tables, "garden", w.now) == [w.no("bob"), w.no("cid")]


def test_groups_are_closed_opened_again_and_listed(w: World) -> None:
    _circle(w, purpose=people.words("members"))
    w.do("bob", "group.create", group="beds", title="Beds", parent="garden")
    w.do("cid", "group.join", group="beds")
    _close(w)
    assert [g["group"] for g in w.ask("cid", "group.list")] == ["beds"]
    assert [g["group"] for g in w.ask("cid", "group.list", status="any")] == ["beds", "garden"]
    assert [g["group"] for g in w.ask("cid", "group.list", member=w.did("cid"))] == ["beds"]
    w.do("bob", "group.reopen", group="garden")
    assert w.ask("cid", "group.list", status="closed") == []


def test_a_decision_founds_a_group_without_members(w: World) -> None:
    w.decide({"op": "group.create", "group": "board", "title": "Board", "join": False},
             {"op": "group.add", "group": "board", "member": w.did("cid")})  # fmt: skip
    assert registry.group_members(w.tables, "board", w.now) == [w.no("cid")]


def test_sqlite_equals_the_dictionary_twin() -> None:
    digests = []
    for sqlite in (False, True):
        w = World(sqlite=sqlite)
        for name in ("bob", "cid", "dan"):
            w.member(name)
        define(w, term_ms=YEAR_MS, seats=2, max_terms=3)
        for name in ("bob", "cid"):
            grant(w, name)
        grant(w)
        w.do("cid", "role.resign", role="clerk")
        _circle(w)
        w.do("cid", "group.join", group="garden")
        w.do("bob", "group.leave", group="garden")
        w.pass_time(days=800)
        digests.append((w.digest(), w.ask("bob", "role.list"), w.ask("bob", "group.show", group="garden")))
    assert digests[0] == digests[1]
