"""Device keys: added with their own proof, revoked for ever, rotated, and recovered by stewards or a decision."""

from __future__ import annotations

from typing import Any

import pytest

from icn_node.kernel import registry
from icn_node.modules import key
from tests import people
from tests.people import Case, binding, by_decision, join, lawless, notices, provoke, undeclared
from tests.world import Refused, World


@pytest.fixture
def w() -> World:
    """ann and dan stewards; bob and cid members."""
    world = World()
    for name in ("bob", "cid"):
        world.member(name)
    world.member("dan", roles=("steward",))
    return world


def add(w: World, device: str, member: str = "bob", by: str | None = None, **fields: Any) -> None:
    w.do(by or member, "member.add_key", **binding(w, device, member, **fields))


def recover(w: World, device: str = "new", member: str = "bob", by: str = "ann") -> int:
    no: int = w.do(by, "member.recover", member=w.did(member), **binding(w, device, member))
    return no


def acts_for(w: World, device: str) -> str:
    """Whom the key acts for, or why it does not: seen by a command that every member may give."""
    try:
        w.do(device, "group.create", group=f"g{len(w.events)}", title="Probe")
    except Refused as no:
        return no.code
    device_row = w.tables.get(registry.Device, w.keys[device].public)
    assert device_row is not None
    party = w.tables.get(registry.Party, device_row.party)
    assert party is not None
    return party.handle


# --- refusals -------------------------------------------------------------------------------------------------------


def _after(*acts: Any) -> Any:
    return lambda w: [act(w) for act in acts][-1]


def _with_stewards(act: Any) -> Any:
    def run(w: World) -> Any:
        w.member("dan", roles=("steward",))
        return act(w)

    return run


def _add(w: World, device: str = "phone", member: str = "bob", **change: Any) -> str:
    return w.refused("bob", "member.add_key", **{**binding(w, device, member), **change})


def _most(w: World) -> None:
    w.decide({"op": "bylaws.set", "name": "key.most", "value": 2})


def _recover(w: World, **change: Any) -> str:
    return w.refused("ann", "member.recover", **{"member": w.did("bob"), **binding(w, "new", "bob"), **change})


def _space(op: str) -> Any:
    """A decision cannot have keys of its own."""
    return _after(lawless, lambda w: by_decision(w, op, **binding(w, "phone", "bob")))


def _taken_meanwhile(w: World) -> str:
    recover(w)
    w.do("cid", "member.add_key", **binding(w, "new", "cid"))
    w.decide({"op": "bylaws.set", "name": "key.recovery_wait_days", "value": 0})
    return w.refused("dan", "member.approve_recovery", recovery=1)


CASES: list[Case] = [
    ("member.add_key", "key_not_bound", lambda w: _add(w, proof=bytes(64))),
    ("member.add_key", "key_not_bound", lambda w: _add(w, member="cid")),
    ("member.add_key", "bad_key", lambda w: _add(w, key=people.SMALL_ORDER)),
    ("member.add_key", "bad_key", lambda w: _add(w, key="did:key:z" + "6Mk" * 15)),
    ("member.add_key", "key_in_use", lambda w: _add(w, "cid")),
    ("member.add_key", "key_in_use", lambda w: _add(w, "bob")),
    ("member.add_key", "key_in_use", _after(lambda w: people.invite(w, "ann", "s"), lambda w: _add(w, "s"))),
    ("member.add_key", "key_in_use", _after(lambda w: people.organise(w, "org", "cid"), lambda w: _add(w, "org"))),
    ("member.add_key", "too_many_keys", _after(_most, lambda w: add(w, "phone"), lambda w: _add(w, "tablet"))),
    ("member.add_key", "unknown_member", _space("member.add_key")),
    ("member.revoke_key", "unknown_device_key", lambda w: w.refused("bob", "member.revoke_key", key=w.did("cid"))),
    ("member.revoke_key", "unknown_device_key", lambda w: w.refused("bob", "member.revoke_key", key=w.did("x"))),
    ("member.revoke_key", "bad_key", lambda w: w.refused("bob", "member.revoke_key", key=people.SMALL_ORDER)),
    ("member.revoke_key", "last_key", lambda w: w.refused("bob", "member.revoke_key", key=w.did("bob"))),
    ("member.revoke_key", "last_key",
     lambda w: w.refused("ann", "member.revoke_key", key=w.did("bob"), member=w.did("bob"))),
    ("member.revoke_key", "unknown_member",
     lambda w: w.refused("ann", "member.revoke_key", key=w.did("bob"), member=w.did("x"))),
    ("member.revoke_key", "not_a_person",
     _after(lambda w: people.organise(w, "org", "bob"),
            lambda w: w.refused("ann", "member.revoke_key", key=w.did("org"), member=w.did("org")))),
    ("member.rotate_key", "key_not_bound",
     lambda w: w.refused("bob", "member.rotate_key", **binding(w, "phone", "cid"))),
    ("member.rotate_key", "key_in_use", lambda w: w.refused("bob", "member.rotate_key", **binding(w, "bob", "bob"))),
    ("member.rotate_key", "bad_key",
     lambda w: w.refused("bob", "member.rotate_key", **{**binding(w, "phone", "bob"), "key": people.OFF_CURVE})),
    ("member.rotate_key", "unknown_device_key",
     lambda w: w.refused("bob", "member.rotate_key", **binding(w, "phone", "bob"), old=w.did("cid"))),
    ("member.rotate_key", "too_many_keys",  # the setting fell below what the member has
     _after(lambda w: [add(w, d) for d in ("d1", "d2")], _most,
            lambda w: w.refused("bob", "member.rotate_key", **binding(w, "d3", "bob")))),
    ("member.rotate_key", "unknown_member", _space("member.rotate_key")),
    ("member.recover", "unknown_member", lambda w: _recover(w, member=w.did("x"))),
    ("member.recover", "not_a_person",
     _after(lambda w: people.organise(w, "org", "bob"), lambda w: _recover(w, member=w.did("org")))),
    ("member.recover", "own_recovery",
     lambda w: w.refused("ann", "member.recover", member=w.did("ann"), **binding(w, "new", "ann"))),
    ("member.recover", "recovery_open", _after(recover, _recover)),
    ("member.recover", "key_not_bound", lambda w: _recover(w, proof=bytes(64))),
    ("member.recover", "key_in_use", lambda w: _recover(w, key=w.did("cid"))),
    ("member.recover", "bad_key", lambda w: _recover(w, key=people.OFF_CURVE)),
    ("member.approve_recovery", "unknown_recovery",
     lambda w: w.refused("ann", "member.approve_recovery", recovery=7)),
    ("member.approve_recovery", "already_approved",
     _after(recover, lambda w: w.refused("ann", "member.approve_recovery", recovery=1))),
    ("member.approve_recovery", "own_recovery",
     _with_stewards(_after(lambda w: recover(w, member="dan"),
                           lambda w: w.refused("dan", "member.approve_recovery", recovery=1)))),
    ("member.approve_recovery", "wrong_state",
     _with_stewards(_after(recover, lambda w: w.do("bob", "member.stop_recovery"),
                           lambda w: w.refused("dan", "member.approve_recovery", recovery=1)))),
    ("member.approve_recovery", "key_in_use", _with_stewards(_taken_meanwhile)),
    ("member.stop_recovery", "unknown_recovery", lambda w: w.refused("bob", "member.stop_recovery")),
    ("member.stop_recovery", "unknown_member",
     lambda w: w.refused("ann", "member.stop_recovery", member=w.did("x"))),
    ("member.stop_recovery", "not_a_person",
     _after(lambda w: people.organise(w, "org", "bob"),
            lambda w: w.refused("ann", "member.stop_recovery", member=w.did("org")))),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c[0]} {c[1]}")
def test_refused(case: Case) -> None:
    provoke(case)


def test_every_declared_refusal_is_provoked() -> None:
    assert undeclared(key.MODULE, CASES) == set()


# --- adding, revoking, rotating -------------------------------------------------------------------------------------


def test_several_keys_act_for_one_member(w: World) -> None:
    add(w, "phone")
    add(w, "laptop", by="phone", custody="node", label=people.words("parties"))
    assert [acts_for(w, d) for d in ("bob", "phone", "laptop", "cid")] == ["bob", "bob", "bob", "cid"]
    rows = w.ask("bob", "member.keys")
    assert sorted((r["custody"], r["revoked_ms"]) for r in rows) == [("node", None), ("self", None), ("self", None)]
    assert notices(w, "bob") == ["key.added", "key.added"]


def test_a_revoked_key_acts_for_nobody_and_comes_back_nowhere(w: World) -> None:
    add(w, "phone")
    w.do("bob", "member.revoke_key", key=w.did("phone"))
    assert acts_for(w, "phone") == "revoked_key"
    assert _add(w, "phone") == "key_in_use"
    assert w.refused("cid", "member.add_key", **binding(w, "phone", "cid")) == "key_in_use"
    assert w.refused("phone", "member.apply", handle="phone") == "revoked_key"


def test_a_key_may_revoke_itself_if_another_is_left(w: World) -> None:
    add(w, "phone")
    w.do("phone", "member.revoke_key", key=w.did("phone"))
    assert (acts_for(w, "phone"), acts_for(w, "bob")) == ("revoked_key", "bob")


def test_the_name_outlives_the_key_it_came_from(w: World) -> None:
    add(w, "phone")
    w.do("phone", "member.revoke_key", key=w.did("bob"))
    assert acts_for(w, "bob") == "revoked_key"
    w.do("cid", "group.create", group="garden", title="Garden")
    w.do("cid", "group.add", group="garden", member=w.did("bob"))
    assert w.ask("bob", "member.show")["groups"] == ["garden"]


def test_a_steward_revokes_a_lost_key_but_nobody_else_does(w: World) -> None:
    add(w, "phone")
    fields = {"key": w.did("phone"), "member": w.did("bob")}
    assert w.refused("cid", "member.revoke_key", **fields) == "forbidden"
    w.do("ann", "member.revoke_key", **fields)
    assert notices(w, "bob")[-1] == "key.revoked"
    row = next(r for r in w.ask("ann", "member.keys", member=w.did("bob")) if r["revoked_ms"] is not None)
    assert row["revoked_by"].no == w.no("ann")


def test_rotating_puts_the_new_key_in_the_place_of_the_old(w: World) -> None:
    _most(w)
    add(w, "phone")
    w.do("bob", "member.rotate_key", **binding(w, "newphone", "bob"), old=w.did("phone"))
    w.do("bob", "member.rotate_key", **binding(w, "newbob", "bob", custody="node"))
    assert [acts_for(w, d) for d in ("bob", "phone", "newphone", "newbob")] == [
        "revoked_key", "revoked_key", "bob", "bob",
    ]  # fmt: skip


def test_a_refused_rotation_leaves_the_old_key(w: World) -> None:
    assert w.refused("bob", "member.rotate_key", **binding(w, "cid", "bob")) == "key_in_use"
    assert acts_for(w, "bob") == "bob"


def test_what_a_key_signed_for_one_space_binds_it_in_no_other(w: World) -> None:
    other = World(params={"key.most": 3})
    assert other.space != w.space
    fields = binding(other, "phone", "bob")
    assert w.refused("bob", "member.add_key", **fields) == "key_not_bound"


def test_founders_bind_further_keys_in_the_genesis_itself() -> None:
    from dag.keys import key_binding_bytes
    from tests.world import key_of

    ann, phone = key_of("ann"), key_of("phone")
    proof = phone.sign(key_binding_bytes(None, ann.did))
    w = World(ops=({"op": "member.add_key", "ver": 1, "key": phone.did, "proof": proof},))
    w.did("phone")
    assert acts_for(w, "phone") == "ann"


def test_who_left_keeps_keys_to_read_by(w: World) -> None:
    join(w, "eve")
    w.do("eve", "member.leave")
    add(w, "tablet", "eve")
    assert len(w.ask("eve", "member.keys")) == 2
    assert acts_for(w, "tablet") == "forbidden"


# --- recovery -------------------------------------------------------------------------------------------------------


def test_two_stewards_recover_a_member_after_the_waiting_time(w: World) -> None:
    add(w, "phone")
    no = recover(w)
    assert w.refused("cid", "member.approve_recovery", recovery=no) == "forbidden"
    (row,) = w.ask("ann", "member.recoveries")
    assert (row["status"], row["need"], [p.no for p in row["approved"]]) == ("open", 2, [w.no("ann")])
    assert w.do("dan", "member.approve_recovery", recovery=no) == "waiting"
    w.pass_time(days=2, ms=-1)
    assert (acts_for(w, "new"), acts_for(w, "phone")) == ("unknown_key", "bob")
    w.pass_time(ms=1)
    assert [acts_for(w, d) for d in ("new", "bob", "phone")] == ["bob", "revoked_key", "revoked_key"]
    assert w.ask("bob", "member.show")["keys"] == 1
    assert notices(w, "bob")[-3:] == ["key.recovery_begun", "key.recovery_waits", "key.recovered"]
    assert w.ask("ann", "member.recoveries") == []


def test_a_key_that_is_still_there_stops_a_recovery(w: World) -> None:
    no = recover(w)
    w.do("dan", "member.approve_recovery", recovery=no)
    assert w.refused("cid", "member.stop_recovery", member=w.did("bob")) == "forbidden"
    w.do("bob", "member.stop_recovery")
    w.pass_time(days=10)
    assert (acts_for(w, "new"), acts_for(w, "bob")) == ("unknown_key", "bob")
    assert "key.recovery_stopped" in notices(w, "dan")
    assert recover(w, "other") == no + 1


def test_one_steward_alone_recovers_nobody(w: World) -> None:
    recover(w)
    w.pass_time(days=14)
    assert acts_for(w, "new") == "unknown_key"
    assert w.ask("ann", "member.recoveries") == []


def test_how_many_stewards_and_how_long_are_settings(w: World) -> None:
    w.decide({"op": "bylaws.set", "name": "key.recovery_need", "value": 1},
             {"op": "bylaws.set", "name": "key.recovery_wait_days", "value": 0})  # fmt: skip
    recover(w)
    assert acts_for(w, "new") == "bob"


def test_a_decision_recovers_at_once_and_over_a_recovery_under_way(w: World) -> None:
    recover(w)
    fields = {"member": w.did("bob"), **binding(w, "decided", "bob")}
    assert by_decision(w, "member.recover", kind="policy", **fields) == "forbidden"
    assert by_decision(w, "member.recover", **fields) == 2
    assert [acts_for(w, d) for d in ("decided", "new", "bob")] == ["bob", "unknown_key", "revoked_key"]
    w.pass_time(days=20)
    assert acts_for(w, "decided") == "bob"


def test_a_recovery_whose_key_was_taken_meanwhile_stops(w: World) -> None:
    no = recover(w)
    w.do("dan", "member.approve_recovery", recovery=no)
    w.do("cid", "member.add_key", **binding(w, "new", "cid"))
    w.pass_time(days=2)
    assert (acts_for(w, "new"), acts_for(w, "bob")) == ("cid", "bob")


def test_custody_of_the_key_goes_into_every_act(w: World) -> None:
    add(w, "hosted", custody="node")
    actors = [w.kernel._actor(w.keys[d].author) for d in ("bob", "hosted")]
    assert [(a.party, a.did, a.custody) for a in actors] == [
        (w.no("bob"), w.did("bob"), "self"), (w.no("bob"), w.did("bob"), "node"),
    ]  # fmt: skip


def test_sqlite_equals_the_dictionary_twin() -> None:
    digests = []
    for sqlite in (False, True):
        w = World(sqlite=sqlite)
        for name in ("bob", "cid"):
            w.member(name)
        w.member("dan", roles=("steward",))
        add(w, "phone", label=people.words("parties"))
        w.do("phone", "member.rotate_key", **binding(w, "tablet", "bob"))
        recover(w, member="cid")
        w.do("dan", "member.approve_recovery", recovery=1)
        w.pass_time(days=3)
        recover(w, "other")
        w.do("bob", "member.stop_recovery")
        digests.append((w.digest(), w.ask("bob", "member.keys", member=w.did("bob"))))
    assert digests[0] == digests[1]
