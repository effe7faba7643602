"""A producers' co-op under its template: shares, deliveries, advances, patronage, retains that revolve, the end."""

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
    unit("CROP", 0, transferable=False, mint="role weigher", burn="decision"),
    unit("GUEST", 0, transferable=False, mint="role weigher", burn="decision"),
    unit("CASH", 2, mint="role treasurer"),
    unit("EQUITY", 2, transferable=False, mint="decision", burn="decision"),
    unit("SHARE", 0, transferable=False, mint="role treasurer"),
)


@pytest.fixture
def coop(tmp_path: Path) -> Iterator[Coop]:
    with Coop(tmp_path, "producer", *UNITS, members=("bob", "cleo", "dora")) as made:
        yield made


def producers(coop: Coop, *names: str) -> None:
    """They take the share and are admitted as producers by the board, which is ann."""
    for name in names:
        coop.do("ann", "currency.mint", unit="SHARE", amount_minor=1, payee=coop.did(name))
        coop.carried("membership", {"op": "role.grant", "role": "producer", "member": coop.did(name)})


def test_a_producer_is_admitted_by_the_board_and_holds_the_share(coop: Coop) -> None:
    grant = {"op": "role.grant", "role": "producer", "member": coop.did("bob")}
    clause, words = coop.cannot("membership", grant)
    assert clause == "10.4"
    assert "A producer holds the share." in words
    assert coop.refused("bob", "governance.propose", type="patronage", title="A price")[0] == "14.1"
    producers(coop, "bob")
    assert coop.do("bob", "governance.propose", type="patronage", title="A price")
    assert coop.refused("bob", "governance.propose", type="budget", title="A shed")[0] == "14.2"
    assert coop.refused("ann", "currency.mint", unit="SHARE", amount_minor=1, payee=coop.did("bob"))[0] == "12.2"
    clause, words = coop.refused("bob", "member.leave", to_space=True)
    assert clause == "10.6"
    assert "365 days" in words


def test_a_season_from_delivery_to_patronage(coop: Coop) -> None:
    producers(coop, "bob", "cleo")
    load = {"unit": "CROP", "payee": coop.did("bob")}
    coop.do("ann", "currency.mint", **load, amount_minor=1_000)
    clause, words = coop.refused("ann", "currency.mint", **load, amount_minor=5_001)
    assert clause == "13.2"
    assert "One load is at most 5" in words
    assert coop.refused("ann", "currency.mint", unit="CROP", payee=coop.did("dora"), amount_minor=1)[0] == "13.2"
    guest = {"unit": "GUEST", "payee": coop.did("dora")}
    assert coop.refused("ann", "currency.mint", **guest, amount_minor=1_001)[0] == "13.3"
    coop.do("ann", "currency.mint", **guest, amount_minor=1_000)
    assert coop.refused("ann", "currency.mint", **guest, amount_minor=1)[0] == "13.3"

    coop.do("ann", "currency.mint", unit="CASH", amount_minor=600_000)
    advance = {"op": "credit.transfer", "unit": "CASH", "payee": coop.did("bob"), "amount_minor": 50_000}
    assert coop.cannot("budget", {**advance, "amount_minor": 50_001})[0] == "13.6"
    coop.carried("budget", advance)
    share = {"op": "credit.batch", "unit": "CASH", "payments": [{"payee": coop.did("bob"), "amount_minor": 20_000}]}
    dearer = {**share, "payments": [{"payee": coop.did("bob"), "amount_minor": 20_001}]}
    assert coop.cannot("patronage", dearer)[0] == "13.7"
    assert coop.cannot("budget", share)[0] == "13.7"
    kept = {"op": "currency.mint", "unit": "EQUITY", "payee": coop.did("bob"), "amount_minor": 5_000}
    assert coop.cannot("patronage", {**kept, "amount_minor": 5_001})[0] == "12.4"
    over = {"op": "currency.burn", "unit": "CROP", "holder": coop.did("bob"), "amount_minor": 1_000}
    coop.carried("patronage", share, kept, over, voters=("bob", "cleo"))
    assert [coop.balance("bob", code) for code in ("CASH", "EQUITY", "CROP")] == [70_000, 5_000, 0]


def test_the_board_is_elected_and_employs_nobody_of_itself(coop: Coop) -> None:
    producers(coop, "bob", "cleo")
    chosen = {"op": "role.grant", "role": "director", "member": coop.did("bob")}
    assert coop.cannot("membership", chosen)[0] == "14.5"
    coop.carried("election", chosen, voters=("bob", "cleo"))
    assert coop.refused("bob", "role.grant", role="weigher", member=coop.did("ann"))[0] == "14.6"
    coop.do("bob", "role.grant", role="weigher", member=coop.did("dora"))
    coop.do("dora", "currency.mint", unit="CROP", payee=coop.did("cleo"), amount_minor=50)
    assert coop.refused("cleo", "role.grant", role="weigher", member=coop.did("cleo"))[0] == "3.1"
    struck = {"op": "role.revoke", "role": "producer", "member": coop.did("cleo")}
    coop.do("dora", "currency.mint", unit="CROP", payee=coop.did("cleo"), amount_minor=50)
    assert "stays a producer" in coop.cannot("membership", struck)[1]


def test_prices_and_bylaws_change_by_the_decisions_that_are_named(coop: Coop) -> None:
    producers(coop, "bob", "cleo")
    price = {"op": "bylaws.set", "name": "refund_each", "value": "0.30"}
    assert coop.cannot("budget", price)[0] == "1.4"
    coop.carried("patronage", price, voters=("bob", "cleo"))
    coop.carried("policy", {"op": "bylaws.set", "name": "load_most", "value": "10"})
    assert coop.refused("ann", "currency.mint", unit="CROP", payee=coop.did("bob"), amount_minor=11)[0] == "13.2"
    newer = changed("producer", ("in 3..50 changed", "in 3..60 changed"), ('version: "1.0.0"', 'version: "1.1.0"'))
    coop.carried("bylaw", {"op": "bylaws.adopt", "document": newer}, voters=("bob", "cleo"))
    shown = {p["name"]: p for p in coop.ask("bob", "space.params")}
    assert shown["refund_each"]["value"] == "0.30 CASH"
    assert "from 3 to 60" in shown["least_members"]["meaning"]


def test_at_the_end_equity_is_paid_first(coop: Coop) -> None:
    producers(coop, "bob", "cleo")
    coop.do("ann", "currency.mint", unit="CROP", payee=coop.did("bob"), amount_minor=1_000)
    kept = {"op": "currency.mint", "unit": "EQUITY", "payee": coop.did("bob"), "amount_minor": 5_000}
    coop.carried("patronage", kept, voters=("bob", "cleo"))
    paid = {"op": "currency.burn", "unit": "EQUITY", "holder": coop.did("bob"), "amount_minor": 5_000}
    clause, words = coop.cannot("budget", paid)
    assert clause == "12.5"
    assert "a part of all equity" in words
    close = {"op": "currency.change", "unit": "EQUITY", "closed": True}
    assert "Redeem the equity first." in coop.cannot("dissolution", close)[1]
    coop.carried("dissolution", paid, voters=("bob", "cleo"))
    coop.carried("dissolution", close, voters=("bob", "cleo"))
    coop.do("ann", "currency.mint", unit="CASH", amount_minor=1_000)
    left = {"op": "credit.transfer", "unit": "CASH", "payee": coop.did("bob"), "amount_minor": 1_000}
    assert "not to members" in coop.cannot("dissolution", left)[1]
    assert audit.verify(coop.space).faults == []
