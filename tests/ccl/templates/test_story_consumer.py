"""A consumers' co-op under its template: shares, purchases, a board, the dividend by purchases, a new rate."""

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
    unit("SHARE", 0, transferable=False, mint="role treasurer", burn="role treasurer"),
    unit("POINTS", 0, transferable=False, mint="role clerk"),
    unit("CASH", 2, mint="role treasurer"),
)


@pytest.fixture
def coop(tmp_path: Path) -> Iterator[Coop]:
    with Coop(tmp_path, "consumer", *UNITS, members=("bob", "cleo", "dora")) as made:
        yield made


def test_a_member_takes_shares_and_gives_some_back(coop: Coop) -> None:
    shares = {"unit": "SHARE", "amount_minor": 100, "payee": coop.did("cleo")}
    coop.do("ann", "currency.mint", **shares)
    clause, words = coop.refused("ann", "currency.mint", **{**shares, "amount_minor": 401})
    assert clause == "12.2"
    assert "at most 500" in words
    assert coop.refused("bob", "currency.mint", **shares)[0] == "5.2"
    back = {"unit": "SHARE", "holder": coop.did("cleo")}
    assert coop.refused("ann", "currency.burn", **back, amount_minor=51)[0] == "12.3"
    coop.do("ann", "currency.burn", **back, amount_minor=50)
    coop.do("ann", "currency.burn", **back, amount_minor=45)
    assert coop.balance("cleo", "SHARE") == 5
    assert coop.refused("ann", "currency.burn", **back, amount_minor=1)[0] == "12.3"


def test_the_board_is_elected_and_appoints_clerks(coop: Coop) -> None:
    coop.later(30)
    chosen = {"op": "role.grant", "role": "director", "member": coop.did("bob")}
    assert coop.cannot("policy", chosen)[0] == "14.5"
    assert coop.refused("bob", "governance.propose", type="policy", title="Opening hours")[0] == "14.2"
    coop.carried("election", chosen, voters=("cleo",))
    assert coop.do("bob", "governance.propose", type="policy", title="Opening hours")
    till = {"op": "role.grant", "role": "treasurer", "member": coop.did("cleo")}
    assert coop.cannot("election", till)[0] == "14.6"
    coop.do("bob", "role.grant", role="clerk", member=coop.did("dora"))
    assert coop.refused("cleo", "role.grant", role="clerk", member=coop.did("cleo"))[0] == "3.1"
    coop.do("dora", "currency.mint", unit="POINTS", amount_minor=40, payee=coop.did("cleo"))
    own = {"unit": "POINTS", "amount_minor": 40, "payee": coop.did("dora")}
    clause, words = coop.refused("dora", "currency.mint", **own)
    assert clause == "13.3"
    assert "Another clerk" in words


def test_the_dividend_is_by_purchases_above_the_reserve(coop: Coop) -> None:
    coop.later(30)
    for name, bought in (("bob", 1_000), ("cleo", 500)):
        coop.do("ann", "currency.mint", unit="POINTS", amount_minor=bought, payee=coop.did(name))
    coop.do("ann", "currency.mint", unit="CASH", amount_minor=505_999)
    payments = [{"payee": coop.did("bob"), "amount_minor": 4_000}, {"payee": coop.did("cleo"), "amount_minor": 2_000}]
    dividend = {"op": "credit.batch", "unit": "CASH", "payments": payments}
    assert coop.cannot("budget", dividend)[0] == "13.8"
    clause, words = coop.cannot("dividend", dividend)
    assert clause == "13.8"
    assert "The reserve of" in words
    coop.do("ann", "currency.mint", unit="CASH", amount_minor=1)
    coop.carried("dividend", dividend, voters=("bob", "cleo"))
    assert coop.balance("bob", "CASH") == 4_000
    coop.do("ann", "currency.mint", unit="CASH", amount_minor=100_000)
    bill = {"op": "currency.burn", "unit": "CASH", "amount_minor": 100_001}
    assert coop.cannot("budget", bill)[0] == "13.5"
    coop.carried("budget", {**bill, "amount_minor": 100_000})
    generous = [{"payee": coop.did("dora"), "amount_minor": 1}]
    assert coop.cannot("dividend", {**dividend, "payments": generous})[0] == "13.8"


def test_a_decision_changes_a_rate_and_the_bylaws(coop: Coop) -> None:
    coop.later(30)
    clerk = {"op": "bylaws.set", "name": "suspension_days", "value": 7}
    coop.carried("policy", clerk)
    assert coop.refused("ann", "member.suspend", member=coop.did("bob"), days=8)[0] == "11.1"
    rate = {"op": "bylaws.set", "name": "dividend_most", "value": "1/10"}
    assert coop.cannot("policy", rate)[0] == "1.4"
    coop.carried("bylaw", rate, voters=("bob", "cleo"))
    shown = {p["name"]: p["value"] for p in coop.ask("bob", "space.params")}
    assert (shown["suspension_days"], shown["dividend_most"]) == ("7", "1/10")
    newer = changed("consumer", ("Nobody brings a charge", "Nobody at all brings a charge"),
                    ('version: "1.0.0"', 'version: "1.1.0"'))  # fmt: skip
    coop.carried("bylaw", {"op": "bylaws.adopt", "document": newer}, voters=("bob", "cleo"))
    clause, words = coop.refused("ann", "member.charge", member=coop.did("ann"))
    assert clause == "11.2"
    assert "Nobody at all brings a charge" in words
    kept = {p["name"]: p["value"] for p in coop.ask("bob", "space.params")}
    assert (kept["suspension_days"], kept["dividend_most"]) == ("7", "1/10")


def test_only_a_dissolution_closes_the_books(coop: Coop) -> None:
    coop.later(30)
    close = {"op": "currency.change", "unit": "SHARE", "closed": True}
    assert coop.cannot("bylaw", close)[0] == "15.2"
    assert coop.decide("dissolution", close)["state"] != "executed"
    coop.carried("dissolution", close, voters=("bob", "cleo"))
    assert audit.verify(coop.space).faults == []
