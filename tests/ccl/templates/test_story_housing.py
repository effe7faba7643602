"""A housing co-op under its template: waiting, a home, rent and arrears, repairs before all, a new rent, a loan."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from icn_node import audit
from tests.ccl.templates.coop import Coop, changed


def unit(code: str, decimals: int, **terms: Any) -> dict[str, Any]:
    return {"op": "currency.create", "ver": 1, "unit": code, "decimals": decimals, **terms}


UNITS = (
    unit("SHARE", 0, transferable=False, mint="role steward"),
    unit("RENT", 2, transferable=False, mint="role treasurer", burn="role treasurer"),
    unit("FUND", 2, mint="role treasurer"),
    unit("LOAN", 0, transferable=False, mint="role treasurer", burn="decision"),
)
ALL = ("bob", "cleo")


@pytest.fixture
def coop(tmp_path: Path) -> Iterator[Coop]:
    with Coop(tmp_path, "housing", *UNITS, members=ALL) as made:
        yield made


def home_for(coop: Coop, *names: str) -> None:
    """They take their share, wait, and are allocated homes."""
    for name in names:
        coop.do("ann", "currency.mint", unit="SHARE", amount_minor=1, payee=coop.did(name))
    coop.later(60)
    coop.carried("allocation", *({"op": "role.grant", "role": "tenant", "member": coop.did(n)} for n in names))


def test_a_home_comes_after_waiting_and_with_a_share(coop: Coop) -> None:
    grant = {"op": "role.grant", "role": "tenant", "member": coop.did("bob")}
    clause, words = coop.cannot("allocation", grant)
    assert clause == "10.5"
    assert "A home comes after 60 days." in words
    coop.later(60)
    assert "holds the share" in coop.cannot("allocation", grant)[1]
    coop.do("ann", "currency.mint", unit="SHARE", amount_minor=1, payee=coop.did("bob"))
    assert coop.refused("ann", "currency.mint", unit="SHARE", amount_minor=1, payee=coop.did("bob"))[0] == "11.2"
    assert coop.cannot("membership", grant)[0] == "10.5"
    coop.carried("allocation", grant, voters=("bob",))
    assert coop.refused("cleo", "member.vouch", member=coop.did("dora"))[0] == "10.2"
    assert coop.refused("bob", "member.leave", to_space=True)[0] == "10.8"


def test_rent_is_charged_alike_and_arrears_have_an_end(coop: Coop) -> None:
    home_for(coop, "bob")
    week = {"unit": "RENT", "amount_minor": 9_000, "payee": coop.did("bob")}
    assert coop.refused("ann", "currency.mint", **{**week, "payee": coop.did("cleo")})[0] == "14.2"
    clause, words = coop.refused("ann", "currency.mint", **{**week, "amount_minor": 9_001})
    assert clause == "14.2"
    assert "A week's rent is 90" in words
    for _ in range(5):
        coop.do("ann", "currency.mint", **week)
    assert coop.refused("ann", "currency.mint", **week)[0] == "14.2"
    steward = {"op": "role.grant", "role": "steward", "member": coop.did("bob")}
    assert coop.cannot("election", steward)[0] == "13.1"
    assert coop.refused("bob", "role.resign", role="tenant")[0] == "10.7"
    coop.do("ann", "currency.burn", unit="RENT", amount_minor=45_000, holder=coop.did("bob"))
    coop.carried("election", steward, voters=ALL)
    coop.do("bob", "role.resign", role="tenant")


def test_the_members_set_the_rent(coop: Coop) -> None:
    home_for(coop, "bob")
    higher = {"op": "bylaws.set", "name": "rent_week", "value": "95"}
    assert coop.cannot("budget", higher)[0] == "1.4"
    coop.carried("policy", higher, voters=("bob",))
    coop.do("ann", "currency.mint", unit="RENT", amount_minor=9_500, payee=coop.did("bob"))
    beyond = coop.decide("policy", {**higher, "value": "1001"}, voters=("bob",))
    assert beyond["execution"]["refused"] == "bad_parameter"


def test_repairs_come_before_all_and_profit_never(coop: Coop) -> None:
    home_for(coop, "bob")
    coop.do("ann", "currency.mint", unit="FUND", amount_minor=90_000)
    pay = {"op": "credit.transfer", "unit": "FUND", "payee": coop.did("cleo"), "amount_minor": 10_000}
    assert coop.cannot("budget", {**pay, "amount_minor": 10_001})[0] == "15.5"
    coop.carried("budget", pay, voters=("bob",))
    clause, words = coop.cannot("budget", pay)
    assert clause == "15.5"
    assert "Repairs come first." in words
    share = {"op": "credit.batch", "unit": "FUND", "payments": [{"payee": coop.did("cleo"), "amount_minor": 1}]}
    assert coop.cannot("budget", share)[0] == "15.6"
    repair = {"op": "currency.burn", "unit": "FUND", "amount_minor": 50_000}
    coop.carried("budget", repair, voters=("bob",))
    assert "There is not that much." in coop.cannot("budget", repair)[1]


def test_the_bylaws_are_amended_and_the_end_is_for_a_like_body(coop: Coop) -> None:
    home_for(coop, "bob")
    newer = changed("housing", ("waiting_days: Integer = 60 in", "waiting_days: Integer = 30 in"),
                    ('version: "1.0.0"', 'version: "1.1.0"'))  # fmt: skip
    assert coop.decide("bylaw", {"op": "bylaws.adopt", "document": newer})["state"] != "executed"
    coop.carried("bylaw", {"op": "bylaws.adopt", "document": newer}, voters=ALL)
    assert {p["name"]: p["value"] for p in coop.ask("bob", "space.params")}["waiting_days"] == "30"
    coop.do("ann", "currency.mint", unit="LOAN", amount_minor=500, payee=coop.did("cleo"))
    assert coop.refused("ann", "currency.mint", unit="LOAN", amount_minor=99_501, payee=coop.did("cleo"))[0] == "15.8"
    coop.do("ann", "currency.mint", unit="FUND", amount_minor=100_000)
    left = {"op": "credit.transfer", "unit": "FUND", "payee": coop.did("cleo"), "amount_minor": 1_000}
    assert "Pay the lenders first." in coop.cannot("dissolution", left)[1]
    back = {"op": "currency.burn", "unit": "LOAN", "amount_minor": 500, "holder": coop.did("cleo")}
    coop.carried("budget", back, voters=ALL)
    clause, words = coop.cannot("dissolution", left)
    assert clause == "17.3"
    assert "never to members" in words
    assert audit.verify(coop.space).faults == []
