"""Approvals: when a clause lets nobody act alone. One mechanism for the general limit, a mandate's and the party's."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from icn_node.kernel import bylaws, ledger, registry
from icn_node.kernel.bylaws import BylawsInvalid
from icn_node.kernel.execute import PendingCommand
from tests.people import lawless, unit
from tests.world import Refused, World, clause_bylaws


def shop(w: World, signers: dict[str, int | None], *, need: int | None = None, limits: Any = None) -> None:
    """An organisation with these signers, each with what it may do alone."""
    w.member("shop", kind="organisation")
    for name, alone in signers.items():
        w.tables.put(registry.Mandate(w.no("shop"), w.no(name), alone, w.now, None, limits or {}))
    if need is not None:
        w.tables.put(registry.Signing(w.no("shop"), need))
    w.tables.settle()


# bob pays for the shop. general: approval.above_minor; term: the unit's own; alone: bob's mandate; unit_alone: in CC;
# need: the shop's rule; signatures: approval.signatures; signers in all; the amount; how many approvals it takes.
SIGNING = """
    general term alone unit_alone need signatures signers amount  wanted
    -       -    -     -          -    -          2       1000    alone
    100     -    -     -          -    -          2       100     alone
    100     -    -     -          -    -          2       101     2
    100     -    -     -          -    3          4       101     3
    100     -    -     -          3    -          4       101     3
    100     -    -     -          1    -          4       101     2
    100     -    -     -          -    3          2       101     forbidden
    100     -    -     -          -    1          1       101     alone
    -       -    50    -          -    -          2       50      alone
    -       -    50    -          -    -          2       51      2
    -       -    50    -          3    -          3       51      3
    -       -    50    -          1    -          2       51      2
    -       -    50    -          -    3          3       51      2
    -       -    50    -          -    -          1       51      forbidden
    -       -    0     -          -    -          2       1       2
    -       -    50    80         -    -          2       80      alone
    -       -    50    80         -    -          2       81      2
    -       -    -     10         -    -          2       11      2
    100     -    500   -          -    -          2       101     2
    500     -    100   -          -    -          2       101     2
    100     700  -     -          -    -          2       700     alone
    100     700  -     -          -    -          2       701     2
    -       30   -     -          -    -          2       31      2
    100     30   900   -          -    -          2       31      2
"""


@pytest.mark.parametrize("line", SIGNING.strip().splitlines()[1:])
def test_how_many_sign(line: str) -> None:
    general, term, alone, unit_alone, need, signatures, signers, amount, wanted = line.split()
    w = World()
    for name in ("bob", "cid", "dan", "eve"):
        w.member(name)
    unit(w, terms={} if term == "-" else {"approval.above_minor": int(term)})
    for name, value in (("approval.above_minor", general), ("approval.signatures", signatures)):
        if value != "-":
            w.decide({"op": "bylaws.set", "name": name, "value": int(value)})
    names = ["bob", "cid", "dan", "eve"][: int(signers)]
    shop(w, dict.fromkeys(names, None if alone == "-" else int(alone)), need=None if need == "-" else int(need),
         limits={} if unit_alone == "-" else {"CC": int(unit_alone)})  # fmt: skip
    fields = {"payer": w.did("shop"), "payee": w.did("ann"), "amount_minor": int(amount), "unit": "CC"}
    if wanted == "forbidden":
        assert w.refused("bob", "credit.transfer", **fields) == "forbidden"
        return
    result = w.do("bob", "credit.transfer", **fields)
    assert ledger.balance(w.tables, "CC", w.no("shop")) == (-int(amount) if wanted == "alone" else 0)
    if wanted == "alone":
        assert result == 1
        return
    assert result == "approval:1"
    parked = w.tables.get(PendingCommand, 1)
    assert parked is not None
    assert (parked.need, parked.by, parked.party, parked.clause) == (int(wanted), "signers", w.no("shop"), "4.2")
    assert parked.eligible == tuple(w.no(n) for n in names)
    assert parked.approved == (w.no("bob"),)


def test_who_acts_for_itself_asks_nobody_and_a_decision_neither() -> None:
    w = World(params={"approval.above_minor": 10, "approval.issue_above_minor": 10})
    w.member("bob")
    unit(w)
    assert w.do("bob", "credit.transfer", payee=w.did("ann"), amount_minor=500, unit="CC") == 1
    assert w.do("bob", "credit.transfer", payee=w.did("ann"), amount_minor=500, unit="CC", payer=w.did("bob")) == 2
    fields = {"payer": w.did("bob"), "payee": w.did("ann"), "amount_minor": 500, "unit": "CC"}
    assert w.decide({"op": "credit.issue", **fields}) == [3]
    assert w.refused("ann", "credit.issue", **fields) == "forbidden"  # two stewards, and ann is the only one
    w.member("cid", roles=("steward",))
    assert w.do("ann", "credit.issue", **fields) == "approval:1"
    parked = w.tables.get(PendingCommand, 1)
    assert parked is not None
    assert (parked.by, parked.eligible, parked.approved) == ("role steward", (w.no("ann"), w.no("cid")), (w.no("ann"),))


def test_an_author_who_is_no_approver_does_not_count() -> None:
    w = World(params={"approval.issue_above_minor": 10})
    w.member("bob", roles=("issuer",))
    w.member("cid", roles=("steward",))
    unit(w)
    result = w.do("bob", "credit.issue", payer=w.did("bob"), payee=w.did("ann"), amount_minor=11, unit="CC")
    assert result == "approval:1"
    parked = w.tables.get(PendingCommand, 1)
    assert parked is not None
    assert (parked.eligible, parked.approved) == ((w.no("ann"), w.no("cid")), ())


def test_a_batch_is_measured_by_what_it_comes_to() -> None:
    w = World(params={"approval.above_minor": 10})
    for name in ("bob", "cid"):
        w.member(name)
    unit(w)
    shop(w, {"bob": None, "cid": None})
    one = {"payee": w.did("ann"), "amount_minor": 5}
    assert w.do("bob", "credit.batch", unit="CC", payer=w.did("shop"), payments=[one] * 2) == 1
    assert w.do("bob", "credit.batch", unit="CC", payer=w.did("shop"), payments=[one] * 3) == "approval:1"


def test_a_suspended_signer_can_neither_sign_nor_be_counted() -> None:
    w = World(params={"approval.above_minor": 10})
    for name in ("bob", "cid"):
        w.member(name)
    unit(w)
    shop(w, {"bob": None, "cid": None})
    row = registry.party_of(w.tables, w.did("cid"))
    w.tables.put(msgspec.structs.replace(row, status="suspended"))
    w.tables.settle()
    fields = {"payer": w.did("shop"), "payee": w.did("ann"), "amount_minor": 11, "unit": "CC"}
    assert w.refused("bob", "credit.transfer", **fields) == "forbidden"
    assert w.refused("cid", "credit.transfer", **{**fields, "amount_minor": 1}) == "forbidden"


@pytest.mark.parametrize(
    ("approval", "reason"),
    [
        ({"by": "role steward", "field": "nonsense", "above": "approval.above_minor"}, "AttributeError"),
        ({"by": "role steward", "field": "unit", "above": "approval.above_minor"}, "TypeError"),
        ({"by": "role steward", "field": "amount_minor", "above": "no.such"}, "KeyError"),
        ({"by": "role steward", "field": "amount_minor", "above": "approval.above_minor", "need": "no.x"}, "KeyError"),
        ({"by": "signers nonsense", "field": "amount_minor", "above": "approval.above_minor"}, "AttributeError"),
    ],
)  # fmt: skip
def test_an_approval_that_cannot_be_judged_refuses(approval: dict[str, Any], reason: str) -> None:
    w = World(params={"approval.above_minor": 10})
    w.member("bob")
    unit(w)
    lawless(w)
    clause = {"id": "1", "on": ["credit.transfer"], "require": ["anyone"], "text": "x", "approval": approval}
    w.decide({"op": "bylaws.adopt", "document": {"title": "x", "clauses": [clause]}})
    with pytest.raises(Refused, match=reason) as caught:
        w.do("bob", "credit.transfer", payee=w.did("ann"), amount_minor=11, unit="CC")
    assert (caught.value.code, caught.value.clause) == ("forbidden", "1")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"approval": {"by": "friends bob"}}, "is not understood"),
        ({"approval": {"by": "signers"}}, "is not understood"),
        ({"approval": {"by": "role steward", "field": "amount_minor"}}, "both a field"),
        ({"approval": {"by": "role steward", "above": "approval.above_minor"}}, "both a field"),
        ({"require": ["term"]}, "is not understood"),
        ({"require": ["unless"]}, "is not understood"),
    ],
)
def test_bylaws_with_an_approval_that_makes_no_sense_are_refused(change: dict[str, Any], reason: str) -> None:
    clause = {"id": "1", "on": ["x.y"], "require": ["anyone"], "text": "x", **change}
    with pytest.raises(BylawsInvalid) as caught:
        bylaws.Rulebook(msgspec.convert({"title": "x", "clauses": [clause]}, bylaws.Document))
    assert reason in str(caught.value.facts["reason"])


def test_the_shipped_bylaws_ask_for_approval_where_money_leaves() -> None:
    asked = {name for clause in clause_bylaws()["clauses"] if "approval" in clause for name in clause["on"]}
    assert {"credit.transfer", "credit.batch", "credit.allow", "credit.recur", "credit.issue", "currency.mint"} <= asked


@pytest.mark.parametrize(
    ("who", "term", "allowed"),
    [
        ("bob", "role issuer or decision", True), ("cid", "role issuer or decision", False),
        ("cid", "member", True), ("stranger", "anyone", False), ("bob", "decision", False),
    ],
)  # fmt: skip
def test_a_term_of_the_unit_names_who_may(who: str, term: str, allowed: bool) -> None:
    w = World()
    w.member("bob", roles=("issuer",))
    w.member("cid")
    unit(w, "LEAF", kind="currency", floor_minor=0, terms={"mint": term})
    act = {"amount_minor": 5, "unit": "LEAF", "payee": w.did("cid")}
    if allowed:
        assert w.do(who, "currency.mint", **act) == 1
    else:
        assert w.refused(who, "currency.mint", **act) in ("forbidden", "unknown_key")


def test_what_a_term_would_name_without_a_unit_is_the_handlers_to_refuse() -> None:
    w = World()
    assert w.refused("ann", "currency.mint", amount_minor=5, unit="NONE") == "unknown_unit"
