"""Organisations and joint accounts: formed by consent, admitted, acting through k of n signers with limits, terms."""

from __future__ import annotations

from typing import Any

import pytest

from icn_node.kernel import ledger, private, registry
from icn_node.kernel.fields import Private
from icn_node.modules import organisation
from tests import people
from tests.people import Case, by_decision, lawless, notices, organise, pay, provoke, status, undeclared, unit, words
from tests.world import DAY_MS, World


@pytest.fixture
def w() -> World:
    """ann steward; bob, cid and dan members; a unit CC."""
    world = World()
    for name in ("bob", "cid", "dan"):
        world.member(name)
    unit(world)
    return world


def _after(*acts: Any) -> Any:
    return lambda w: [act(w) for act in acts][-1]


def _org(w: World) -> None:
    """Of bob and cid, who sign together."""
    people.organisation(w, "org", "bob", "cid", need=2)


def _alone(w: World) -> None:
    """Of bob alone."""
    people.organisation(w, "org", "bob")


def refuses(who: str, op: str, /, **fields: Any) -> Any:
    names = ("organisation", "signer", "heir")
    return lambda w: w.refused(who, op, **{k: w.did(v) if k in names else v for k, v in fields.items()})


def decides(op: str, /, **fields: Any) -> Any:
    names = ("organisation", "signer", "heir")
    return lambda w: by_decision(w, op, **{k: w.did(v) if k in names else v for k, v in fields.items()})


def _create(w: World, **change: Any) -> str:
    bound = people.binding(w, "org", "org")
    fields = {"did": bound["key"], "proof": bound["proof"], "handle": "org", "signers": [], **change}
    return w.refused("bob", "organisation.create", **fields)


def _suspended(w: World, name: str) -> None:
    w.do("ann", "member.suspend", member=w.did(name), days=30, reason=words("parties role:steward"))


def _owing(w: World, code: str) -> str:
    unit(w, ceiling_minor=5)
    _alone(w)
    if code == "open_obligations":
        pay(w, "org", "cid", 5)
    else:
        pay(w, "cid", "org", 5)
    if code == "over_ceiling":
        pay(w, "cid", "ann", 1)
    if code == "account_closed":
        ledger.open_account(w.tables, ledger.unit_of(w.tables, "CC"), w.no("ann"), w.now)
        ledger.close_account(w.tables, "CC", w.no("ann"))
        w.tables.settle()
    heir = w.did("org" if code == "same_account" else "ann")
    return w.refused("bob", "organisation.close", organisation=w.did("org"), heir=heir)


def _full(w: World) -> str:
    _alone(w)
    for n in range(31):
        w.tables.put(registry.Mandate(w.no("org"), 1000 + n, None, w.now, None))
    w.tables.settle()
    return w.refused("bob", "mandate.grant", organisation=w.did("org"), signer=w.did("cid"))


def _crowd(w: World) -> str:
    others = [w.member(f"m{n}") for n in range(32)]
    return _create(w, signers=others)


CASES: list[Case] = [
    ("organisation.create", "bad_key", lambda w: _create(w, did=people.SMALL_ORDER)),
    ("organisation.create", "key_in_use", lambda w: _create(w, did=w.did("cid"))),
    ("organisation.create", "key_in_use", _after(lambda w: organise(w, "org", "cid"), _create)),
    ("organisation.create", "key_not_bound", lambda w: _create(w, proof=bytes(64))),
    ("organisation.create", "key_not_bound",  # bound to bob as a device is not bound to itself
     lambda w: _create(w, proof=people.binding(w, "org", "bob")["proof"])),
    ("organisation.create", "handle_taken", lambda w: _create(w, handle="bob")),
    ("organisation.create", "unknown_member", lambda w: _create(w, signers=[w.did("x")])),
    ("organisation.create", "not_a_person",
     _after(lambda w: organise(w, "other", "cid"), lambda w: _create(w, signers=[w.did("other")]))),
    ("organisation.create", "member_not_active",
     _after(lambda w: _suspended(w, "cid"), lambda w: _create(w, signers=[w.did("cid")]))),
    ("organisation.create", "too_few_signers", lambda w: _create(w, signers=[w.did("cid")], need=3)),
    ("organisation.create", "too_few_signers", lambda w: _create(w, signers=[w.did("bob")], need=2)),
    ("organisation.create", "too_many_signers", _crowd),
    ("mandate.accept", "unknown_member", refuses("cid", "mandate.accept", organisation="org")),
    ("mandate.accept", "no_organisation", refuses("cid", "mandate.accept", organisation="bob")),
    ("mandate.accept", "no_offer",
     _after(lambda w: organise(w, "org", "bob"), refuses("cid", "mandate.accept", organisation="org"))),
    ("mandate.accept", "bad_mandate_time",
     _after(_alone, lambda w: w.do("bob", "mandate.grant", organisation=w.did("org"), signer=w.did("cid"),
                                   until_ms=w.now + 1), lambda w: w.pass_time(ms=1),
            refuses("cid", "mandate.accept", organisation="org"))),
    ("mandate.decline", "unknown_member", refuses("cid", "mandate.decline", organisation="org")),
    ("mandate.decline", "no_organisation", refuses("cid", "mandate.decline", organisation="bob")),
    ("mandate.decline", "no_offer",
     _after(lambda w: organise(w, "org", "bob"), refuses("cid", "mandate.decline", organisation="org"))),
    ("organisation.admit", "unknown_member", refuses("ann", "organisation.admit", organisation="org")),
    ("organisation.admit", "no_organisation", refuses("ann", "organisation.admit", organisation="bob")),
    ("organisation.admit", "wrong_state",
     _after(lambda w: organise(w, "org", "bob", "cid"), refuses("ann", "organisation.admit", organisation="org"))),
    ("organisation.admit", "too_few_signers",
     _after(lambda w: organise(w, "org", "bob"), lambda w: _suspended(w, "bob"),
            refuses("ann", "organisation.admit", organisation="org"))),
    ("organisation.refuse", "unknown_member", refuses("ann", "organisation.refuse", organisation="org")),
    ("organisation.refuse", "no_organisation", refuses("ann", "organisation.refuse", organisation="bob")),
    ("organisation.refuse", "wrong_state", _after(_alone, refuses("ann", "organisation.refuse", organisation="org"))),
    *(
        (op, code, _after(*acts, decides(op, **fields)))
        for op, more in (("mandate.grant", {"signer": "cid"}), ("mandate.revoke", {"signer": "cid"}),
                         ("organisation.rule", {"need": 1}), ("organisation.close", {}))
        for code, acts, fields in (
            ("unknown_member", (), {"organisation": "org", **more}),
            ("no_organisation", (), {"organisation": "bob", **more}),
            ("member_not_active", (lambda w: organise(w, "org", "bob"),), {"organisation": "org", **more}),
        )
    ),
    ("mandate.grant", "not_a_person",
     _after(_alone, refuses("bob", "mandate.grant", organisation="org", signer="org"))),
    ("mandate.grant", "bad_mandate_time",
     _after(_alone, lambda w: w.refused("bob", "mandate.grant", organisation=w.did("org"), signer=w.did("cid"),
                                        until_ms=w.now))),
    ("mandate.grant", "unknown_unit",
     _after(_alone, refuses("bob", "mandate.grant", organisation="org", signer="cid", unit="NONE"))),
    ("mandate.grant", "too_many_signers", _full),
    ("mandate.revoke", "not_a_person",
     _after(_alone, refuses("bob", "mandate.revoke", organisation="org", signer="org"))),
    ("mandate.revoke", "no_mandate",
     _after(_alone, refuses("bob", "mandate.revoke", organisation="org", signer="cid"))),
    ("mandate.revoke", "too_few_signers",
     _after(_alone, refuses("bob", "mandate.revoke", organisation="org", signer="bob"))),
    ("mandate.resign", "unknown_member", refuses("bob", "mandate.resign", organisation="org")),
    ("mandate.resign", "no_organisation", refuses("bob", "mandate.resign", organisation="cid")),
    ("mandate.resign", "member_not_active",
     _after(lambda w: organise(w, "org", "bob"), refuses("bob", "mandate.resign", organisation="org"))),
    ("mandate.resign", "no_mandate", _after(_alone, refuses("cid", "mandate.resign", organisation="org"))),
    ("mandate.resign", "too_few_signers", _after(_org, refuses("cid", "mandate.resign", organisation="org"))),
    ("organisation.rule", "too_few_signers",
     _after(_alone, refuses("bob", "organisation.rule", organisation="org", need=2))),
    *(("organisation.close", code, lambda w, code=code: _owing(w, code))
      for code in ("open_obligations", "over_ceiling", "account_closed", "same_account")),
    ("organisation.create", "unknown_member",
     _after(lawless, lambda w: by_decision(w, "organisation.create", did=w.did("org"), handle="org",
                                           proof=people.binding(w, "org", "org")["proof"]))),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c[0]} {c[1]}")
def test_refused(case: Case) -> None:
    provoke(case)


def test_every_declared_refusal_is_provoked() -> None:
    assert undeclared(organisation.MODULE, CASES) == set()


# --- forming --------------------------------------------------------------------------------------------------------


def test_it_is_formed_once_everybody_accepted_and_acts_once_admitted(w: World) -> None:
    organise(w, "org", "bob", "cid", "dan", need=2, kind="joint", name=words("members"))
    assert status(w, "org") == "forming"
    assert [o["organisation"].no for o in w.ask("cid", "organisation.offers")] == [w.no("org")]
    assert w.do("cid", "mandate.accept", organisation=w.did("org")) == "forming"
    organise(w, "shop", "bob", "cid")
    early = {"payer": w.did("shop"), "payee": w.did("dan"), "unit": "CC", "amount_minor": 1}
    assert w.refused("bob", "credit.transfer", **early) == "member_not_active"
    assert w.do("dan", "mandate.accept", organisation=w.did("org")) == "applied"
    assert w.refused("bob", "organisation.admit", organisation=w.did("org")) == "forbidden"
    w.do("ann", "organisation.admit", organisation=w.did("org"))
    shown = w.ask("ann", "organisation.show", organisation=w.did("org"))
    assert (shown["kind"], shown["status"], shown["signers_needed"]) == ("joint", "active", 2)
    assert [(m["signer"].no, m["limit_minor"]) for m in shown["mandates"]] == [
        (w.no("bob"), 0), (w.no("cid"), 0), (w.no("dan"), 0),
    ]  # fmt: skip
    assert notices(w, "dan") == ["organisation.offered", "organisation.admitted"]
    w.pass_time(days=100)
    assert status(w, "org") == "active"


def test_whoever_declines_ends_it_and_its_handle_is_free(w: World) -> None:
    organise(w, "org", "bob", "cid", "dan")
    w.do("cid", "mandate.accept", organisation=w.did("org"))
    w.do("dan", "mandate.decline", organisation=w.did("org"))
    assert status(w, "org") == "abandoned"
    assert notices(w, "bob") == notices(w, "cid")[1:] == ["organisation.ended"]
    w.do("cid", "member.rename", handle="org")


def test_what_is_not_accepted_or_admitted_in_time_is_abandoned(w: World) -> None:
    organise(w, "org", "bob", "cid")
    organise(w, "shop", "bob")
    w.pass_time(days=60)
    assert (status(w, "org"), status(w, "shop")) == ("abandoned", "abandoned")
    assert registry.mandates_of(w.tables, w.no("bob"), w.now) == []
    assert w.refused("cid", "mandate.accept", organisation=w.did("org")) == "no_offer"


def test_a_steward_refuses_one(w: World) -> None:
    organise(w, "org", "bob")
    w.do("ann", "organisation.refuse", organisation=w.did("org"), reason=words("parties role:steward"))
    assert status(w, "org") == "refused"
    reason = Private(b"\1" * 32, "parties role:steward", 5)
    readers = [n for n in ("ann", "bob", "cid") if private.may_read(w.tables, reason, w.no(n), w.now)]
    assert readers == ["ann", "bob"]


def test_its_own_key_never_acts_and_it_has_no_vote(w: World) -> None:
    _alone(w)
    assert w.refused("org", "group.create", group="g", title="G") == "unknown_key"
    assert w.refused("org", "member.apply", handle="o2") == "key_in_use"
    assert w.no("org") not in registry.active_members(w.tables)
    assert w.refused("cid", "member.add_key", **people.binding(w, "org", "cid")) == "key_in_use"


# --- acting ---------------------------------------------------------------------------------------------------------


def _approve(w: World, who: str, result: str) -> Any:
    return w.do(who, "approval.approve", approval=int(result.removeprefix("approval:")))


def _pay(w: World, who: str, amount_minor: int, code: str = "CC") -> Any:
    return w.do(who, "credit.transfer", payer=w.did("org"), payee=w.did("dan"), unit=code, amount_minor=amount_minor)


def _held(w: World, code: str = "CC") -> int:
    return ledger.balance(w.tables, code, w.no("dan"))


def test_two_of_two_sign_every_payment_until_a_limit_lets_one(w: World) -> None:
    _org(w)
    wanted = _pay(w, "bob", 10)
    assert (wanted, _held(w)) == ("approval:1", 0)
    _approve(w, "cid", wanted)
    assert _held(w) == 10
    grant = {"organisation": w.did("org"), "signer": w.did("bob"), "unit": "CC", "limit_minor": 50}
    _approve(w, "cid", w.do("bob", "mandate.grant", **grant))
    assert isinstance(_pay(w, "bob", 50), int)
    assert _pay(w, "bob", 51) == "approval:3"
    assert _pay(w, "cid", 1) == "approval:4", "cid's own mandate is as it was"
    unit(w, "DD")
    assert _pay(w, "bob", 1, "DD") == "approval:5", "the limit is of one unit"
    assert (_held(w), _held(w, "DD")) == (60, 0)
    shown = w.ask("bob", "organisation.show", organisation=w.did("org"))
    assert [(a.unit, a.minor) for a in shown["mandates"][0]["limits"]] == [("CC", 50)]


def test_one_signer_who_decides_alone_has_no_limit(w: World) -> None:
    _alone(w)
    assert isinstance(_pay(w, "bob", 9_000), int)
    assert w.refused("cid", "credit.transfer", payer=w.did("org"), payee=w.did("dan"), unit="CC", amount_minor=1)


def test_mandates_rule_and_closing_take_as_many_signers_as_the_rule_says(w: World) -> None:
    _org(w)
    grant = {"organisation": w.did("org"), "signer": w.did("dan")}
    assert w.refused("dan", "mandate.grant", **grant) == "forbidden"
    wanted = w.do("bob", "mandate.grant", **grant)
    assert w.ask("dan", "organisation.offers") == []
    _approve(w, "cid", wanted)
    assert len(w.ask("dan", "organisation.offers")) == 1
    assert w.do("dan", "mandate.accept", organisation=w.did("org")) == "active"
    for op, fields in (
        ("organisation.rule", {"need": 3}),
        ("mandate.revoke", {"signer": w.did("dan")}),
        ("organisation.close", {}),
    ):
        assert str(w.do("bob", op, organisation=w.did("org"), **fields)).startswith("approval:")


def test_a_rule_of_three_takes_three(w: World) -> None:
    people.organisation(w, "org", "bob", "cid", "dan", need=3)
    wanted = _pay(w, "bob", 10)
    _approve(w, "cid", wanted)
    assert _held(w) == 0
    _approve(w, "dan", wanted)
    assert _held(w) == 10


def test_a_mandate_ends_on_its_day(w: World) -> None:
    _alone(w)
    w.do("bob", "mandate.grant", organisation=w.did("org"), signer=w.did("cid"), until_ms=w.now + DAY_MS)
    w.do("cid", "mandate.accept", organisation=w.did("org"))
    assert isinstance(_pay(w, "cid", 1), int)
    w.pass_time(days=1, ms=-1)
    assert isinstance(_pay(w, "cid", 1), int)
    w.pass_time(ms=1)
    assert registry.signers(w.tables, w.no("org"), w.now) == [w.no("bob")]
    fields = {"payer": w.did("org"), "payee": w.did("dan"), "unit": "CC", "amount_minor": 1}
    assert w.refused("cid", "credit.transfer", **fields) == "forbidden"
    assert w.do("bob", "mandate.grant", organisation=w.did("org"), signer=w.did("cid")) == "offered"


def test_an_offer_is_changed_withdrawn_and_revoked(w: World) -> None:
    _alone(w)
    grant = {"organisation": w.did("org"), "signer": w.did("cid")}
    assert w.do("bob", "mandate.grant", **grant, unit="CC", limit_minor=5) == "offered"
    assert w.do("bob", "mandate.grant", **grant, limit_minor=0) == "offered"
    (offer,) = w.ask("cid", "organisation.offers")
    assert (offer["limit_minor"], [a.minor for a in offer["limits"]]) == (0, [5])
    w.do("bob", "mandate.revoke", **grant)
    assert w.refused("cid", "mandate.accept", organisation=w.did("org")) == "no_offer"
    w.do("bob", "mandate.grant", **grant)
    w.do("cid", "mandate.accept", organisation=w.did("org"))
    assert w.do("bob", "mandate.grant", **grant, unit="CC", limit_minor=7) == "changed"
    mandate = registry.mandate(w.tables, w.no("org"), w.no("cid"), w.now)
    assert mandate is not None
    assert (registry.sole_limit(mandate, "CC"), registry.sole_limit(mandate, "DD")) == (7, None)
    assert w.do("bob", "mandate.grant", **grant, unit="CC") == "changed"
    w.do("cid", "mandate.resign", organisation=w.did("org"))
    assert registry.signers(w.tables, w.no("org"), w.now) == [w.no("bob")]


def test_a_decision_mandates_signers_for_one_that_has_lost_them(w: World) -> None:
    _org(w)
    w.do("cid", "member.leave")
    assert w.refused("bob", "mandate.grant", organisation=w.did("org"), signer=w.did("dan")) == "forbidden"
    assert by_decision(w, "mandate.grant", organisation=w.did("org"), signer=w.did("dan")) == "offered"
    w.do("dan", "mandate.accept", organisation=w.did("org"))
    _approve(w, "dan", _pay(w, "bob", 3))
    assert _held(w) == 3


def test_closing_hands_over_what_is_left(w: World) -> None:
    _alone(w)
    pay(w, "cid", "org", 30)
    fields = {"organisation": w.did("org")}
    assert w.refused("bob", "organisation.close", **fields) == "open_obligations"
    w.do("bob", "organisation.close", **fields, heir=w.did("dan"))
    assert (status(w, "org"), _held(w)) == ("closed", 30)
    account = w.tables.get(ledger.Account, "CC", w.no("org"), 0)
    assert account is not None
    assert account.status == "closed"
    assert w.refused("bob", "credit.transfer", payer=w.did("org"), payee=w.did("dan"), unit="CC", amount_minor=1)
    assert w.refused("cid", "member.rename", handle="org") == "handle_taken"


def test_sqlite_equals_the_dictionary_twin() -> None:
    results = []
    for sqlite in (False, True):
        w = World(sqlite=sqlite)
        for name in ("bob", "cid", "dan"):
            w.member(name)
        unit(w)
        people.organisation(w, "org", "bob", "cid")
        organise(w, "shop", "cid", "dan", need=2)
        w.do("bob", "mandate.grant", organisation=w.did("org"), signer=w.did("dan"), unit="CC", limit_minor=5)
        w.do("dan", "mandate.accept", organisation=w.did("org"))
        w.do("dan", "mandate.decline", organisation=w.did("shop"))
        results.append((w.digest(), w.ask("bob", "organisation.show", organisation=w.did("org"))))
    assert results[0] == results[1]
