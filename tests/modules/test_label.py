"""Labels: imported accounts are claimed by their members, confirmed by somebody else, and moved whole."""

from __future__ import annotations

from typing import Any

import pytest

from icn_node.kernel import ledger, registry
from icn_node.modules import label
from tests import people
from tests.people import Case, notices, pay, provoke, undeclared, unit, words
from tests.world import World


@pytest.fixture
def w() -> World:
    """ann steward; bob and cid members; a unit CC."""
    world = World()
    for name in ("bob", "cid"):
        world.member(name)
    unit(world)
    return world


def claim(w: World, who: str = "bob", no: int = 0) -> int:
    """A label, unless one is named, and a claim of it."""
    number: int = w.do(who, "member.claim", label=no or people.label(w))
    return number


def _after(*acts: Any) -> Any:
    return lambda w: [act(w) for act in acts][-1]


def _confirm(w: World, who: str = "ann") -> str:
    return w.refused(who, "member.confirm_claim", claim=1)


def _with(balance: int = 0, held: int = 0, closed: bool = False, own: int = 0) -> Any:
    def run(w: World) -> str:
        unit(w)
        no = people.label(w)
        if balance:
            pay(w, "cid", no, balance)
        if own:
            pay(w, "ann", "bob", own)
        if held:
            ledger.hold(w.tables, w.reader(None), ledger.Leg("CC", no, w.no("cid"), held), None)
        if closed:
            ledger.open_account(w.tables, ledger.unit_of(w.tables, "CC"), w.no("bob"), w.now)
            ledger.close_account(w.tables, "CC", w.no("bob"))
        w.tables.settle()
        claim(w, no=no)
        return _confirm(w)

    return run


def _gone(w: World) -> str:
    claim(w)
    w.do("bob", "member.leave")
    return _confirm(w)


def _by_invitation_meanwhile(w: World) -> str:
    no = people.label(w)
    claim(w, no=no)
    people.invite(w, "ann", "s", label=no)
    w.do("eve", "member.join", **people.joining(w, "eve", "s"))
    return _confirm(w)


def _many(w: World) -> str:
    for _ in range(20):
        claim(w)
    return w.refused("bob", "member.claim", label=people.label(w))


CASES: list[Case] = [
    ("member.claim", "no_unclaimed_label", lambda w: w.refused("bob", "member.claim", label=1)),
    ("member.claim", "no_unclaimed_label", lambda w: w.refused("bob", "member.claim", label=77)),
    ("member.claim", "claimed_already", lambda w: (claim(w, no=(no := people.label(w))),
                                                   w.refused("bob", "member.claim", label=no))[1]),
    ("member.claim", "too_many_claims", _many),
    ("member.confirm_claim", "unknown_claim", _confirm),
    ("member.confirm_claim", "own_claim", _after(lambda w: claim(w, "ann"), _confirm)),
    ("member.confirm_claim", "member_not_active", _gone),
    ("member.confirm_claim", "wrong_state",
     _after(claim, lambda w: w.do("bob", "member.withdraw_claim", claim=1), _confirm)),
    ("member.confirm_claim", "no_unclaimed_label", _by_invitation_meanwhile),
    ("member.confirm_claim", "open_obligations", _with(held=5)),
    ("member.confirm_claim", "account_closed", _with(balance=5, closed=True)),
    ("member.confirm_claim", "amount_out_of_range", _with(balance=2**63 - 1, own=1)),
    ("member.refuse_claim", "unknown_claim", lambda w: w.refused("ann", "member.refuse_claim", claim=1)),
    ("member.refuse_claim", "wrong_state",
     _after(claim, lambda w: w.do("ann", "member.refuse_claim", claim=1),
            lambda w: w.refused("ann", "member.refuse_claim", claim=1))),
    ("member.withdraw_claim", "unknown_claim", lambda w: w.refused("bob", "member.withdraw_claim", claim=1)),
    ("member.withdraw_claim", "not_your_claim",
     _after(claim, lambda w: w.refused("cid", "member.withdraw_claim", claim=1))),
    ("member.withdraw_claim", "wrong_state",
     _after(claim, lambda w: w.do("ann", "member.refuse_claim", claim=1),
            lambda w: w.refused("bob", "member.withdraw_claim", claim=1))),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c[0]} {c[1]}")
def test_refused(case: Case) -> None:
    provoke(case)


def test_every_declared_refusal_is_provoked() -> None:
    assert undeclared(label.MODULE, CASES) == set()


@pytest.mark.parametrize("balance", [40, -40, 0])
def test_a_confirmed_claim_moves_every_balance_whatever_the_limits(w: World, balance: int) -> None:
    unit(w, "CC", floor_minor=0, ceiling_minor=10)
    unit(w, "DD")
    no = people.label(w)
    ctx = w.reader(None)
    for code in ("CC", "DD"):
        payer, payee = (registry.SPACE, no) if balance >= 0 else (no, registry.SPACE)
        leg = ledger.Leg(code, payer, payee, abs(balance) or 1, "import")
        ledger.post(w.tables, ctx, (leg,), limits=False)
        if not balance:
            ledger.post(w.tables, ctx, (ledger.Leg(code, no, registry.SPACE, 1, "import"),), limits=False)
    w.tables.settle()
    claim(w, no=no)
    (row,) = w.ask("ann", "member.claims")
    assert [(a.unit, a.minor) for a in row["balances"]] == [("CC", balance), ("DD", balance)]
    assert w.refused("cid", "member.confirm_claim", claim=1) == "forbidden"
    w.do("ann", "member.confirm_claim", claim=1)
    for code in ("CC", "DD"):
        assert (ledger.balance(w.tables, code, w.no("bob")), ledger.balance(w.tables, code, no)) == (balance, 0)
        account = w.tables.get(ledger.Account, code, no, 0)
        assert account is not None
        assert account.status == "closed"
    moved = [t for t in w.tables.scan(ledger.Transfer) if t.kind == "claim"]
    assert {t.linked for t in moved} == ({moved[0].no} if balance else set())
    assert all(total == 0 for total in ledger.sums(w.tables).values())
    assert w.ask("bob", "member.show", no=no)["claimed_by"].no == w.no("bob")
    assert notices(w, "bob") == ["label.confirmed"]
    assert notices(w, None) == ["label.claimed"]


def test_one_of_several_claims_is_confirmed_and_the_others_end(w: World) -> None:
    no = people.label(w)
    for who in ("bob", "cid"):
        claim(w, who, no)
    w.do("ann", "member.confirm_claim", claim=2)
    assert notices(w, "bob") == ["label.refused"]
    assert w.ask("ann", "member.claims") == []
    assert len(w.ask("ann", "member.claims", status="refused")) == 1


def test_the_importer_confirms_too_and_sees_the_claims(w: World) -> None:
    w.decide({"op": "role.grant", "role": "importer", "member": w.did("cid")})
    w.do("bob", "member.claim", label=people.label(w), reason=words("parties role:steward"))
    assert len(w.ask("cid", "member.claims")) == 1
    w.do("cid", "member.confirm_claim", claim=1)
    w.do("bob", "member.claim", label=people.label(w))
    w.do("cid", "member.refuse_claim", claim=2)


def test_who_claimed_an_account_reads_its_history_as_their_own(w: World) -> None:
    no = people.label(w)
    claim(w, no=no)
    w.do("ann", "member.confirm_claim", claim=1)
    party = w.tables.get(registry.Party, no)
    assert party is not None
    assert party.claimed_by == w.no("bob")


def test_sqlite_equals_the_dictionary_twin() -> None:
    results = []
    for sqlite in (False, True):
        w = World(sqlite=sqlite)
        w.member("bob")
        w.member("cid")
        unit(w)
        no = people.label(w)
        pay(w, "cid", no, 7)
        claim(w, no=no)
        claim(w, "cid")
        w.do("ann", "member.confirm_claim", claim=1)
        results.append((w.digest(), w.ask("ann", "member.claims")))
    assert results[0] == results[1]
