"""Members: invitations and joining, applying and vouching, handles and profiles, leaving."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from dag.keys import public_of
from icn_node.kernel import ledger, membership, registry, roles
from icn_node.kernel.lifecycle import step
from icn_node.kernel.refusal import Refusal
from icn_node.modules import application, invitation, member
from tests import people
from tests.people import (
    Case,
    by_decision,
    invite,
    join,
    joining,
    notices,
    pay,
    provoke,
    status,
    undeclared,
    unit,
    words,
)
from tests.world import DAY_MS, Refused, World


@pytest.fixture
def w() -> World:
    """ann founder and steward; bob and cid members."""
    world = World()
    for name in ("bob", "cid"):
        world.member(name)
    return world


# --- refusals: every one that the three modules declare, provoked ---------------------------------------------------


def _closed(w: World) -> str:
    w.decide({"op": "bylaws.set", "name": "member.applications", "value": False})
    return w.refused("eve", "member.apply", handle="eve")


def _full(w: World, name: str, op: str, **fields: Any) -> str:
    w.decide({"op": "bylaws.set", "name": name, "value": 1})
    return w.refused("eve" if op == "member.apply" else "bob", op, **fields)


def _invite(w: World, **fields: Any) -> str:
    return w.refused("bob", "member.invite", **{"key": w.did("s"), "until_ms": w.now + DAY_MS, **fields})


def _decided_invite(w: World, **fields: Any) -> str:
    code: str = by_decision(w, "member.invite", key=w.did("s"), until_ms=w.now + DAY_MS, **fields)
    return code


def _join(w: World, name: str = "eve", secret: str = "s", **fields: Any) -> str:
    return w.refused(name, "member.join", **joining(w, name, secret, **fields))


def _after(*acts: Any) -> Any:
    return lambda w: [act(w) for act in acts][-1]


def _left(w: World, name: str) -> None:
    w.do(name, "member.leave")


def _key_joined(w: World) -> str:
    """A device key that stands for bob is refused as a member of its own: it acts as bob."""
    invite(w, "ann", "s")
    return _join(w, "bob")


def _former(code: str) -> Any:
    """Settling the accounts of somebody who was expelled with something left or owed."""

    def act(w: World) -> str:
        unit(w, ceiling_minor=5)
        if code == "over_floor":
            pay(w, "bob", "cid", 5)  # and the space has nothing to pay it with
        elif code == "open_obligations":
            people.hold(w, "bob", "cid", 5)
        else:
            pay(w, "cid", "bob", 5)
        if code == "over_ceiling":
            pay(w, "cid", "ann", 5)
        if code == "account_closed":
            ledger.open_account(w.tables, ledger.unit_of(w.tables, "CC"), w.no("ann"), w.now)
            ledger.close_account(w.tables, "CC", w.no("ann"))
        party = w.tables.get(registry.Party, w.no("bob"))
        assert party is not None
        w.tables.put(msgspec.structs.replace(party, status="expelled"))
        w.tables.settle()
        return str(by_decision(w, "member.settle", member=w.did("bob"), heir=w.did("ann")))

    return act


def _label(w: World, balance: int = 0, held: int = 0) -> int:
    """An invitation that hands an imported account over."""
    unit(w)
    label = people.label(w)
    if balance:
        pay(w, "cid", label, balance)
    if held:
        ledger.hold(w.tables, w.reader(None), ledger.Leg("CC", label, w.no("bob"), held), None)
        w.tables.settle()
    return invite(w, "ann", "s", label=label)


def _own_account_closed(w: World) -> str:
    _label(w, balance=5)
    w.do("eve", "member.apply", handle="eve")  # a party that has an account before it joins
    ledger.open_account(w.tables, ledger.unit_of(w.tables, "CC"), w.no("eve"), w.now)
    ledger.close_account(w.tables, "CC", w.no("eve"))
    w.tables.settle()
    return _join(w)


def _too_much(w: World) -> str:
    most = 2**63 - 1
    _label(w, balance=most)
    w.do("eve", "member.apply", handle="eve")
    pay(w, "bob", "eve", 1)
    return _join(w)


def _odd_key(w: World, op: str, **fields: Any) -> str:
    """Signed by a key that is no point of prime order; such a signature can be found by trying."""
    w.keys["odd"] = _OddKey(people.OFF_CURVE)  # type: ignore[assignment]
    ctx = w.reader("odd")
    mark = w.tables.mark()
    try:
        w.kernel.carry_out(w.tables, w.kernel.decode({"op": op, "ver": 1, **fields}), ctx)
    except Refusal as no:
        w.tables.rollback(mark)
        return no.code
    raise AssertionError(op)


class _OddKey:
    """Stands where a signing key stands."""

    def __init__(self, did: str) -> None:
        self.did = did
        self.public = public_of(did)


def _odd_join(w: World) -> str:
    invite(w, "ann", "s")
    w.keys["odd"] = _OddKey(people.OFF_CURVE)  # type: ignore[assignment]
    return _odd_key(w, "member.join", **joining(w, "odd", "s"))


def _heirs_account_closed(w: World) -> str:
    unit(w)
    pay(w, "cid", "bob", 5)
    ledger.open_account(w.tables, ledger.unit_of(w.tables, "CC"), w.no("ann"), w.now)
    ledger.close_account(w.tables, "CC", w.no("ann"))
    w.tables.settle()
    return w.refused("bob", "member.leave", heir=w.did("ann"))


def _space_alone(op: str, **fields: Any) -> Any:
    """A decision does what is somebody's own affair."""
    return _after(people.lawless, lambda w: by_decision(w, op, **fields))


INVITATIONS: list[Case] = [
    ("member.invite", "bad_key", lambda w: _invite(w, key=people.SMALL_ORDER)),
    ("member.invite", "bad_key", lambda w: _invite(w, key=people.OFF_CURVE)),
    ("member.invite", "key_in_use", lambda w: _invite(w, key=w.did("cid"))),
    ("member.invite", "bad_invitation_time", lambda w: _invite(w, until_ms=w.now)),
    ("member.invite", "bad_invitation_time", lambda w: _invite(w, until_ms=w.now + 31 * DAY_MS)),
    ("member.invite", "too_many_invitations",
     _after(lambda w: invite(w, "bob", "x"), lambda w: _full(w, "member.invitations_most", "member.invite",
                                                             key=w.did("s"), until_ms=w.now + 1))),
    ("member.invite", "handle_taken", lambda w: _invite(w, handle="cid")),
    ("member.invite", "unknown_role", lambda w: _decided_invite(w, roles=["no-such-role"])),
    ("member.invite", "no_unclaimed_label", lambda w: _decided_invite(w, label=1)),
    ("member.invite", "no_unclaimed_label", lambda w: _decided_invite(w, label=99)),
    ("member.uninvite", "unknown_member",
     lambda w: w.refused("ann", "member.uninvite", invitation=1, member=w.did("nobody"))),
    ("member.uninvite", "unknown_invitation", lambda w: w.refused("bob", "member.uninvite", invitation=1)),
    ("member.uninvite", "unknown_invitation",  # somebody else's
     _after(lambda w: invite(w, "ann", "s"), lambda w: w.refused("bob", "member.uninvite", invitation=1))),
    ("member.uninvite", "wrong_state",
     _after(lambda w: invite(w, "bob", "s"), lambda w: w.do("bob", "member.uninvite", invitation=1),
            lambda w: w.refused("bob", "member.uninvite", invitation=1))),
    ("member.join", "unknown_invitation", _join),
    ("member.join", "invitation_over",
     _after(lambda w: invite(w, "bob", "s"), lambda w: w.do("bob", "member.uninvite", invitation=1), _join)),
    ("member.join", "invitation_not_proven",
     _after(lambda w: invite(w, "bob", "s"),
            lambda w: w.refused("eve", "member.join", **{**joining(w, "eve", "s"), "proof": bytes(64)}))),
    ("member.join", "invitation_not_proven",  # a copy of somebody's proof
     _after(lambda w: invite(w, "bob", "s"), lambda w: w.refused("eve", "member.join", **joining(w, "dan", "s")))),
    ("member.join", "handle_needed",
     _after(lambda w: invite(w, "bob", "s"),
            lambda w: w.refused("eve", "member.join", **{**joining(w, "eve", "s"), "handle": None}))),
    ("member.join", "handle_taken", _after(lambda w: invite(w, "bob", "s"), lambda w: _join(w, handle="cid"))),
    ("member.join", "wrong_state", _key_joined),
    ("member.join", "bad_key",
     lambda w: w.refused("eve", "member.join", **{**joining(w, "eve", "s"), "invitation": people.SMALL_ORDER})),
    ("member.join", "key_in_use",  # the inviter knows the invitation's own key too
     _after(lambda w: invite(w, "bob", "s"), lambda w: _join(w, name="s"))),
    ("member.join", "bad_key", _odd_join),
    ("member.join", "open_obligations", _after(lambda w: _label(w, held=5), _join)),
    ("member.join", "account_closed", _own_account_closed),
    ("member.join", "amount_out_of_range", _too_much),
]  # fmt: skip

APPLICATIONS: list[Case] = [
    ("member.apply", "applications_closed", _closed),
    ("member.apply", "applications_closed",
     _after(lambda w: w.do("dan", "member.apply", handle="dan"),
            lambda w: _full(w, "member.applications_most", "member.apply", handle="eve"))),
    ("member.apply", "too_early",
     _after(lambda w: w.do("eve", "member.apply", handle="eve"),
            lambda w: w.do("ann", "member.refuse", member=w.did("eve")),
            lambda w: w.pass_time(days=29), lambda w: w.refused("eve", "member.apply", handle="eve"))),
    ("member.apply", "handle_taken", lambda w: w.refused("eve", "member.apply", handle="bob")),
    ("member.apply", "wrong_state", lambda w: w.refused("bob", "member.apply", handle="bobby")),
    ("member.apply", "key_in_use",
     _after(lambda w: invite(w, "bob", "eve"), lambda w: w.refused("eve", "member.apply", handle="eve"))),
    ("member.apply", "bad_key", lambda w: _odd_key(w, "member.apply", handle="odd")),
    ("member.withdraw", "unknown_member", _space_alone("member.withdraw")),
    ("member.vouch", "unknown_member", lambda w: w.refused("bob", "member.vouch", member=w.did("eve"))),
    ("member.vouch", "not_a_person",
     _after(lambda w: people.organise(w, "org", "bob"),
            lambda w: w.refused("bob", "member.vouch", member=w.did("org")))),
    ("member.vouch", "wrong_state", lambda w: w.refused("bob", "member.vouch", member=w.did("cid"))),
    ("member.vouch", "already_vouched",
     _after(lambda w: w.do("eve", "member.apply", handle="eve"),
            lambda w: w.do("bob", "member.vouch", member=w.did("eve")),
            lambda w: w.refused("bob", "member.vouch", member=w.did("eve")))),
    ("member.withdraw", "wrong_state", lambda w: w.refused("bob", "member.withdraw")),
    *(
        case
        for op in ("member.admit", "member.refuse")
        for case in (
            (op, "unknown_member", lambda w, op=op: w.refused("ann", op, member=w.did("eve"))),
            (op, "wrong_state", lambda w, op=op: w.refused("ann", op, member=w.did("bob"))),
            (op, "not_a_person", _after(lambda w: people.organise(w, "org", "bob"),
                                        lambda w, op=op: w.refused("ann", op, member=w.did("org")))),
        )
    ),
]  # fmt: skip

MEMBERS: list[Case] = [
    ("member.rename", "handle_taken", lambda w: w.refused("bob", "member.rename", handle="cid")),
    ("member.rename", "nothing_changed", lambda w: w.refused("bob", "member.rename", handle="bob")),
    ("member.rename", "too_early",
     _after(lambda w: w.do("bob", "member.rename", handle="bobby"),
            lambda w: w.refused("bob", "member.rename", handle="rob"))),
    ("member.rename", "unknown_member", _space_alone("member.rename", handle="space")),
    ("member.describe", "nothing_changed", lambda w: w.refused("bob", "member.describe")),
    ("member.describe", "unknown_member",
     lambda w: w.refused("bob", "member.describe", party=w.did("eve"), name=words("members"))),
    ("member.leave", "wrong_state", _after(lambda w: _left(w, "bob"), lambda w: w.refused("bob", "member.leave"))),
    ("member.leave", "unknown_member", lambda w: w.refused("bob", "member.leave", heir=w.did("eve"))),
    ("member.leave", "member_not_active",
     _after(lambda w: _left(w, "cid"), lambda w: w.refused("bob", "member.leave", heir=w.did("cid")))),
    ("member.leave", "open_obligations",
     _after(unit, lambda w: pay(w, "cid", "bob", 5), lambda w: w.refused("bob", "member.leave"))),
    ("member.leave", "open_obligations",
     _after(unit, lambda w: pay(w, "bob", "cid", 5), lambda w: w.refused("bob", "member.leave", heir=w.did("cid")))),
    ("member.leave", "open_obligations",
     _after(unit, lambda w: people.hold(w, "cid", "bob", 5), lambda w: w.refused("bob", "member.leave"))),
    ("member.leave", "same_account",
     _after(unit, lambda w: pay(w, "cid", "bob", 5), lambda w: w.refused("bob", "member.leave", heir=w.did("bob")))),
    ("member.leave", "over_ceiling",
     _after(lambda w: unit(w, ceiling_minor=5), lambda w: pay(w, "cid", "bob", 3), lambda w: pay(w, "cid", "ann", 4),
            lambda w: w.refused("bob", "member.leave", heir=w.did("ann")))),
    ("member.leave", "over_floor",  # the space covers debts, and has nothing
     _after(unit, lambda w: pay(w, "bob", "cid", 5),
            lambda w: w.decide({"op": "bylaws.set", "name": "member.space_covers_debts", "value": True}),
            lambda w: w.refused("bob", "member.leave"))),
    ("member.leave", "account_closed", _heirs_account_closed),
    ("member.settle", "unknown_member", lambda w: by_decision(w, "member.settle", member=w.did("eve"))),
    ("member.settle", "wrong_state", lambda w: by_decision(w, "member.settle", member=w.did("bob"))),
    ("member.settle", "not_a_person",
     _after(lambda w: people.organise(w, "org", "bob"), lambda w: by_decision(w, "member.settle",
                                                                              member=w.did("org")))),
    *((("member.settle", code, _former(code))) for code in
      ("open_obligations", "over_floor", "over_ceiling", "account_closed")),
    ("member.settle", "member_not_active",
     _after(lambda w: _left(w, "cid"), lambda w: _left(w, "bob"),
            lambda w: by_decision(w, "member.settle", member=w.did("bob"), heir=w.did("cid")))),
]  # fmt: skip


@pytest.mark.parametrize("case", [*INVITATIONS, *APPLICATIONS, *MEMBERS], ids=lambda c: f"{c[0]} {c[1]}")
def test_refused(case: Case) -> None:
    provoke(case)


@pytest.mark.parametrize(
    ("module", "cases"),
    [(invitation.MODULE, INVITATIONS), (application.MODULE, APPLICATIONS), (member.MODULE, MEMBERS)],
    ids=lambda v: getattr(v, "name", ""),
)
def test_every_declared_refusal_is_provoked(module: Any, cases: list[Case]) -> None:
    assert undeclared(module, cases) == set()


# --- joining --------------------------------------------------------------------------------------------------------


def test_an_invitation_is_used_once_and_names_its_user(w: World) -> None:
    no = invite(w, "bob", "s", handle="eve", note=words("parties", 9))
    fields = joining(w, "eve", "s", name=words("members", 1), contact=words("parties role:steward", 2))
    del fields["handle"]
    party = w.do("eve", "member.join", **fields)
    assert w.no("eve") == party
    shown = w.ask("bob", "member.show", member=w.did("eve"))
    assert (shown["handle"], shown["status"], shown["keys"], shown["keys_with_node"]) == ("eve", "active", 1, 0)
    assert shown["name"].h == b"\1" * 32
    (row,) = w.ask("bob", "member.invitations", status="any")
    assert (row["no"], row["status"], row["used_by"].no) == (no, "used", party)
    assert _join(w, "fay") == "invitation_over"
    assert notices(w, "bob") == ["member.joined"]
    assert notices(w, "eve") == ["member.welcome"]


def test_an_invitation_ends_by_itself_and_not_a_moment_before(w: World) -> None:
    invite(w, "bob", "s", days=7)
    invite(w, "bob", "t", days=7)
    w.pass_time(ms=7 * DAY_MS - 1)
    w.do("eve", "member.join", **joining(w, "eve", "s"))
    w.pass_time(ms=1)
    assert _join(w, "fay", "t") == "invitation_over"
    assert [i["status"] for i in w.ask("bob", "member.invitations", status="any")] == ["expired", "used"]


def test_a_hosted_key_says_so(w: World) -> None:
    join(w, "eve", custody="node")
    assert w.ask("eve", "member.show")["keys_with_node"] == 1
    assert w.ask("eve", "member.keys")[0]["custody"] == "node"
    device = w.tables.get(registry.Device, w.keys["eve"].public)
    assert device is not None
    assert device.custody == "node"


def test_roles_come_with_an_invitation_only_by_decision(w: World) -> None:
    fields = {"key": w.did("s"), "until_ms": w.now + DAY_MS, "roles": ["steward", "auditor"]}
    assert w.refused("ann", "member.invite", **fields) == "forbidden"
    w.decide({"op": "member.invite", **fields})
    w.do("eve", "member.join", **joining(w, "eve", "s"))
    assert [r["role"] for r in w.ask("eve", "member.show")["roles"]] == ["auditor", "steward"]


def test_a_taken_seat_does_not_turn_the_invited_away(w: World) -> None:
    w.decide({"op": "role.define", "role": "treasurer", "title": "Treasurer", "seats": 1})
    w.decide({"op": "member.invite", "key": w.did("s"), "until_ms": w.now + DAY_MS, "roles": ["treasurer"]})
    w.decide({"op": "role.grant", "role": "treasurer", "member": w.did("bob")})
    w.do("eve", "member.join", **joining(w, "eve", "s"))
    assert w.ask("eve", "member.show")["roles"] == []
    assert notices(w, "eve") == ["member.role_not_granted", "member.welcome"]


def test_an_invitation_can_hand_over_an_imported_account(w: World) -> None:
    _label(w, balance=25)
    label = next(p.no for p in w.tables.scan(registry.Party, "kind", "label"))
    w.do("eve", "member.join", **joining(w, "eve", "s"))
    assert ledger.balance(w.tables, "CC", w.no("eve")) == 25
    assert ledger.balance(w.tables, "CC", label) == 0
    shown = w.ask("eve", "member.show", no=label)
    assert (shown["status"], shown["claimed_by"].no) == ("claimed", w.no("eve"))
    assert w.refused("bob", "member.invite", key=w.did("t"), until_ms=w.now + 1, label=people.label(w)) == "forbidden"


def test_who_may_invite_is_a_setting(w: World) -> None:
    invite(w, "bob", "s")
    w.decide({"op": "bylaws.set", "name": "member.members_invite", "value": False})
    assert _invite(w) == "forbidden"
    invite(w, "ann", "t")
    assert w.refused("stranger", "member.invite", key=w.did("u"), until_ms=w.now + 1) == "unknown_key"


def test_stewards_withdraw_what_others_invited(w: World) -> None:
    no = invite(w, "bob", "s")
    assert w.refused("cid", "member.uninvite", invitation=no, member=w.did("bob")) == "forbidden"
    w.do("ann", "member.uninvite", invitation=no, member=w.did("bob"))
    assert _join(w) == "invitation_over"


@pytest.mark.parametrize(
    ("change", "welcome"),
    [
        ({}, True),
        ({"proof": bytes(64)}, False),
        ({"invitation": "t"}, False),
        ({"handle": "Eve!"}, False),
        ({"op": "member.leave"}, False),
        ({"extra": 1}, False),
    ],
)
def test_a_strangers_event_is_welcome_with_an_open_invitation(w: World, change: dict[str, Any], welcome: bool) -> None:
    invite(w, "bob", "s")
    op = {"op": "member.join", "ver": 1, **joining(w, "eve", "s"), **change}
    if op["invitation"] == "t":
        op["invitation"] = w.did("t")

    def judged(ops: list[dict[str, Any]], *, applications: bool = False) -> bool:
        return invitation.welcomes(w.tables, w.space, w.did("eve"), ops, w.now, applications=applications)

    assert judged([op]) is welcome
    assert not judged([op, op])
    assert not judged([])
    assert judged([{"op": "member.apply"}], applications=True)
    assert not judged([{"op": "member.apply"}])


# --- applying -------------------------------------------------------------------------------------------------------


def test_enough_vouchers_admit(w: World) -> None:
    w.member("dan")
    w.do("eve", "member.apply", handle="eve", statement=words("members"))
    assert w.refused("eve", "member.vouch", member=w.did("eve")) == "forbidden"
    assert w.do("bob", "member.vouch", member=w.did("eve")) == "1 of 3"
    assert w.do("cid", "member.vouch", member=w.did("eve")) == "2 of 3"
    (waiting,) = w.ask("bob", "member.applications")
    assert [v.no for v in waiting["vouchers"]] == [w.no("bob"), w.no("cid")]
    assert w.refused("eve", "member.invite", key=w.did("s"), until_ms=w.now + 1) == "forbidden"
    assert w.do("dan", "member.vouch", member=w.did("eve")) == "admitted"
    assert status(w, "eve") == "active"
    assert w.ask("bob", "member.applications") == []
    assert notices(w, "eve") == ["member.admitted"]


def test_vouching_admits_nobody_where_the_setting_is_zero(w: World) -> None:
    w.decide({"op": "bylaws.set", "name": "member.vouches_needed", "value": 0})
    w.do("eve", "member.apply", handle="eve")
    assert [w.do(name, "member.vouch", member=w.did("eve")) for name in ("ann", "bob", "cid")] == ["1", "2", "3"]
    assert status(w, "eve") == "applied"


def test_who_admits_is_a_setting(w: World) -> None:
    w.decide({"op": "bylaws.set", "name": "member.stewards_admit", "value": False})
    w.do("eve", "member.apply", handle="eve")
    assert w.refused("bob", "member.admit", member=w.did("eve")) == "forbidden"
    assert w.refused("ann", "member.admit", member=w.did("eve")) == "forbidden"
    assert by_decision(w, "member.admit", kind="policy", member=w.did("eve")) == "forbidden"
    assert by_decision(w, "member.admit", member=w.did("eve")) is None
    assert status(w, "eve") == "active"


def test_an_application_lapses_and_its_handle_is_free_again(w: World) -> None:
    w.do("eve", "member.apply", handle="maker")
    w.pass_time(days=59)
    assert w.refused("fay", "member.apply", handle="maker") == "handle_taken"
    w.pass_time(days=1)
    assert status(w, "eve") == "lapsed"
    assert notices(w, "eve") == ["member.not_admitted"]
    w.do("fay", "member.apply", handle="maker")
    no = w.no("eve")
    w.do("eve", "member.apply", handle="eve")
    assert (status(w, "eve"), w.no("eve")) == ("applied", no)
    w.pass_time(days=59)
    assert status(w, "eve") == "applied", "the timer of the first application must not end the second"


def test_refused_and_withdrawn_applicants_may_come_back(w: World) -> None:
    w.do("eve", "member.apply", handle="eve")
    w.do("ann", "member.refuse", member=w.did("eve"), reason=words("parties role:steward"))
    invite(w, "bob", "s")
    assert _join(w) == "wrong_state", "one member's invitation does not overrule the refusal"
    w.pass_time(days=30)
    w.do("eve", "member.apply", handle="eve")
    w.do("eve", "member.withdraw")
    invite(w, "bob", "t")
    assert w.do("eve", "member.join", **joining(w, "eve", "t")) == w.no("eve")


# --- handles and profiles -------------------------------------------------------------------------------------------


def test_a_handle_stays_its_members_for_ever(w: World) -> None:
    w.do("bob", "member.rename", handle="rob")
    assert w.refused("cid", "member.rename", handle="bob") == "handle_taken"
    assert w.refused("eve", "member.apply", handle="bob") == "handle_taken"
    assert registry.by_handle(w.tables, "bob") is None
    w.pass_time(days=30)
    w.do("bob", "member.rename", handle="bob")
    w.pass_time(days=30)
    assert w.refused("cid", "member.rename", handle="rob") == "handle_taken"
    w.do("bob", "member.leave")
    assert w.refused("cid", "member.rename", handle="bob") == "handle_taken"


def test_what_is_not_given_of_a_profile_stays(w: World) -> None:
    w.do("bob", "member.describe", name=words("members", 1))
    w.do("bob", "member.describe", contact=words("role:steward", 2))
    shown = w.ask("cid", "member.show", member=w.did("bob"))
    assert (shown["name"].h, shown["contact"].h) == (b"\1" * 32, b"\2" * 32)
    assert w.refused("cid", "member.describe", party=w.did("bob"), name=words("members", 3)) == "forbidden"


# --- leaving --------------------------------------------------------------------------------------------------------


def _balances(w: World, code: str = "CC") -> dict[str, int]:
    return {name: ledger.balance(w.tables, code, w.no(name)) for name in ("ann", "bob", "cid")}


def test_leaving_names_what_is_open(w: World) -> None:
    for code in ("AA", "BB", "CC"):
        unit(w, code)
    pay(w, "bob", "cid", 5, "BB")
    pay(w, "cid", "bob", 5, "AA")
    people.hold(w, "bob", "cid", 5)
    with pytest.raises(Refused) as refused:
        w.do("bob", "member.leave")
    assert refused.value.facts["open"] == "AA left over, BB owed, CC on hold"


def test_an_heir_takes_what_is_left_in_linked_transfers(w: World) -> None:
    unit(w, "AA")
    unit(w)
    pay(w, "cid", "bob", 7, "AA")
    pay(w, "cid", "bob", 9)
    w.do("bob", "member.leave", heir=w.did("ann"))
    assert _balances(w) == {"ann": 9, "bob": 0, "cid": -9}
    last = [t for t in w.tables.scan(ledger.Transfer) if t.kind == "closing"]
    assert [t.linked for t in last] == [last[0].no, last[0].no]
    assert notices(w, "ann") == ["member.inherited"]
    assert all(total == 0 for total in ledger.sums(w.tables).values())


def test_what_is_left_can_be_given_to_the_space(w: World) -> None:
    unit(w)
    pay(w, "cid", "bob", 9)
    w.do("bob", "member.leave", to_space=True)
    assert ledger.balance(w.tables, "CC", registry.SPACE) == 9


def test_what_cannot_be_passed_on_goes_back_to_where_it_was_minted(w: World) -> None:
    unit(w, transferable=False)
    mint = ledger.Leg("CC", registry.SPACE, w.no("bob"), 40, "mint", payer_sub=ledger.ISSUANCE)
    ledger.post(w.tables, w.reader(None), (mint,))
    w.tables.settle()
    w.do("bob", "member.leave", heir=w.did("ann"))
    assert (ledger.supply(w.tables, "CC"), ledger.balance(w.tables, "CC", w.no("ann"))) == (0, 0)


def test_the_space_covers_debts_as_far_as_it_can_where_the_bylaws_say_so(w: World) -> None:
    unit(w)
    pay(w, "bob", "cid", 5)
    pay(w, "cid", registry.SPACE, 5)
    assert w.refused("bob", "member.leave") == "open_obligations"
    w.decide({"op": "bylaws.set", "name": "member.space_covers_debts", "value": True})
    w.do("bob", "member.leave")
    assert (_balances(w)["bob"], ledger.balance(w.tables, "CC", registry.SPACE)) == (0, 0)


def test_a_closed_unit_holds_nobody_back(w: World) -> None:
    unit(w)
    pay(w, "cid", "bob", 5)
    unit(w, status="closed")
    w.do("bob", "member.leave")
    assert status(w, "bob") == "left"


def test_leaving_ends_every_office_and_keeps_what_is_ones_own(w: World) -> None:
    people.organisation(w, "org", "bob", "cid", need=2)
    w.decide({"op": "role.grant", "role": "auditor", "member": w.did("bob")})
    w.do("ann", "group.create", group="garden", title="Garden")
    w.do("bob", "group.join", group="garden")
    invite(w, "bob", "s")
    w.do("bob", "member.leave")
    shown = w.ask("bob", "member.show")
    assert (shown["status"], shown["roles"], shown["groups"], shown["signs_for"]) == ("left", [], [], [])
    assert [t["ended"] for t in w.ask("ann", "role.terms", member=w.did("bob"))] == ["left"]
    assert _join(w) == "invitation_over"
    assert w.refused("bob", "member.invite", key=w.did("t"), until_ms=w.now + 1) == "forbidden"
    assert w.ask("bob", "member.keys")[0]["revoked_ms"] is None
    assert "organisation.signer_gone" in notices(w, "cid")
    assert "organisation.short" in notices(w, None)


def test_who_left_comes_back_as_the_same_party_by_applying(w: World) -> None:
    join(w, "eve")
    no = w.no("eve")
    w.do("eve", "member.leave")
    invite(w, "bob", "s")
    assert _join(w) == "wrong_state"
    w.pass_time(days=30)
    w.do("eve", "member.apply", handle="evelyn")
    w.do("ann", "member.refuse", member=w.did("eve"))
    shown = w.ask("bob", "member.show", member=w.did("eve"))
    assert (shown["no"], shown["handle"], shown["status"]) == (no, "evelyn", "refused")
    w.pass_time(days=30)
    w.do("eve", "member.apply", handle="eve")
    w.do("ann", "member.admit", member=w.did("eve"))
    assert (w.no("eve"), status(w, "eve")) == (no, "active")
    assert w.refused("cid", "member.rename", handle="evelyn") == "handle_taken"


def test_a_decision_settles_what_an_expelled_member_left(w: World) -> None:
    unit(w)
    pay(w, "bob", "cid", 5)
    pay(w, "cid", registry.SPACE, 5)
    party = w.tables.get(registry.Party, w.no("bob"))
    assert party is not None
    w.tables.put(msgspec.structs.replace(party, status="expelled"))
    w.tables.settle()
    assert w.refused("ann", "member.settle", member=w.did("bob")) == "forbidden"
    assert by_decision(w, "member.settle", kind="budget", member=w.did("bob")) == "forbidden"
    assert by_decision(w, "member.settle", member=w.did("bob")) is None
    assert _balances(w)["bob"] == 0


# --- the lifecycle --------------------------------------------------------------------------------------------------

LIFE = """
              | join    apply    admit   refuse   withdraw   lapse   suspend    reinstate  leave  expel     readmit
-             | active  applied  -       -        -          -       -          -          -      -         -
applied       | active  -        active  refused  withdrawn  lapsed  -          -          -      -         -
withdrawn     | active  applied  -       -        -          -       -          -          -      -         -
lapsed        | active  applied  -       -        -          -       -          -          -      -         -
refused       | -       applied  -       -        -          -       -          -          -      -         -
left          | -       applied  -       -        -          -       -          -          -      -         -
active        | -       -        -       -        -          -       suspended  -          left   expelled  -
suspended     | -       -        -       -        -          -       -          active     left   expelled  -
expelled      | -       -        -       -        -          -       -          -          -      -         active
"""


def test_the_lifecycle_of_a_person_is_the_table() -> None:
    head, *lines = LIFE.strip("\n").splitlines()
    events = head.split("|")[1].split()
    table = {}
    for line in lines:
        state, after = line.split("|")
        pairs = zip(events, after.split(), strict=True)
        table[state.strip().replace("-", "")] = {event: to for event, to in pairs if to != "-"}
    assert table == membership.PERSON_STATES
    for states in membership.STATES.values():
        assert {to for events in states.values() for to in events.values()} <= states.keys()
    assert step(membership.PERSON_STATES, "active", "leave", "x") == "left"
    with pytest.raises(AssertionError):
        step(membership.PERSON_STATES, "active", "fly", "x")


# --- queries --------------------------------------------------------------------------------------------------------


def test_the_list_is_paged_and_filtered(w: World) -> None:
    for n in range(5):
        w.member(f"m{n}")
    w.do("eve", "member.apply", handle="eve")
    first = w.ask("bob", "member.list", limit=3)
    assert [r["no"] for r in first] == [1, 2, 3]
    rest = w.ask("bob", "member.list", after=first[-1]["no"])
    assert [r["handle"] for r in rest] == ["m0", "m1", "m2", "m3", "m4"]
    assert [r["handle"] for r in w.ask("bob", "member.list", status="applied")] == ["eve"]
    assert len(w.ask("bob", "member.list", status="any", limit=1000)) == 9
    assert [r["handle"] for r in w.ask("bob", "member.list", role="steward")] == ["ann"]
    w.do("bob", "group.create", group="garden", title="Garden")
    w.do("cid", "group.join", group="garden")
    assert [r["handle"] for r in w.ask("bob", "member.list", group="garden")] == ["bob", "cid"]
    assert [r["handle"] for r in w.ask("bob", "member.list", group="garden", after=2)] == ["cid"]
    assert w.ask("bob", "member.list", group="garden", role="steward") == []
    assert people.label(w) == w.ask("bob", "member.list", kind="label", status="unclaimed")[0]["no"]


def story(w: World) -> None:
    """Everything the three modules do, once."""
    unit(w)
    join(w, "bob")
    join(w, "cid", custody="node")
    invite(w, "bob", "s", handle="dan", note=words("parties", 3))
    w.do("eve", "member.apply", handle="eve", statement=words("members", 4))
    w.do("bob", "member.vouch", member=w.did("eve"))
    w.do("ann", "member.admit", member=w.did("eve"))
    w.do("fay", "member.apply", handle="fay")
    w.do("ann", "member.refuse", member=w.did("fay"))
    w.do("bob", "member.rename", handle="rob")
    w.do("bob", "member.describe", name=words("members", 5))
    pay(w, "ann", "cid", 100)
    w.pass_time(days=8)
    w.do("cid", "member.leave", heir=w.did("bob"))
    w.pass_time(days=100)


def test_sqlite_equals_the_dictionary_twin() -> None:
    worlds = [World(sqlite=False), World(sqlite=True)]
    for world in worlds:
        story(world)
    assert worlds[0].digest() == worlds[1].digest()
    for query, fields in (("member.list", {"status": "any"}), ("member.invitations", {"status": "any"})):
        assert worlds[0].ask("ann", query, **fields) == worlds[1].ask("ann", query, **fields)
    assert roles.names(worlds[0].tables, worlds[0].reader(None)) == roles.names(
        worlds[1].tables, worlds[1].reader(None)
    )
