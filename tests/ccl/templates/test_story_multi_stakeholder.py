"""A multi-stakeholder co-op under its template: classes, a board, supporters held to their part, consents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from icn_node import audit
from tests.ccl.templates.coop import CREDIT, Coop, changed
from tests.world import DAY_MS

SHARE: dict[str, Any] = {
    "op": "currency.create", "ver": 1, "unit": "SHARE", "decimals": 0, "transferable": False, "mint": "decision",
    "burn": "decision",
}  # fmt: skip
GIVEN_UP = ("user", "supporter", "user_director", "supporter_director", "workers_trustee", "users_trustee")


@pytest.fixture
def coop(tmp_path: Path) -> Iterator[Coop]:
    """Ann and bob work, cleo and dora use, eve is in no class yet."""
    with Coop(tmp_path, "multi-stakeholder", CREDIT, SHARE, members=("bob", "cleo", "dora", "eve")) as made:
        for role in GIVEN_UP:
            made.do("ann", "role.resign", role=role)
        made.later(90)
        into = (grant(made, "worker", "bob"), grant(made, "user", "cleo"), grant(made, "user", "dora"))
        made.carried("membership", *into, voters=("bob",))
        yield made


def grant(coop: Coop, role: str, name: str) -> dict[str, Any]:
    return {"op": "role.grant", "role": role, "member": coop.did(name)}


def test_an_invitation_is_a_directors_and_brings_nobody_into_a_class(coop: Coop) -> None:
    invitation = {"key": coop.did("fay"), "until_ms": coop.now + DAY_MS}
    clause, words = coop.refused("cleo", "member.invite", **invitation)
    assert clause == "10.1"
    assert "A director of the workers or the users invites" in words
    coop.do("ann", "member.invite", **invitation)
    assert coop.cannot("policy", grant(coop, "worker", "eve"))[0] == "10.2"
    clause, words = coop.cannot("membership", grant(coop, "worker", "cleo"))
    assert clause == "10.2"
    assert "one class" in words
    assert coop.refused("eve", "governance.propose", type="policy", title="A story")[0] == "15.1"


def test_a_newcomer_works_through_a_probation(coop: Coop) -> None:
    coop.do("ann", "member.invite", key=coop.did("secret"), until_ms=coop.now + DAY_MS)
    coop.join("fay")
    clause, words = coop.cannot("membership", grant(coop, "worker", "fay"))
    assert clause == "10.3"
    assert "probation of 90 days" in words
    shorter = {"op": "bylaws.set", "name": "probation_days", "value": 5}
    assert coop.cannot("policy", shorter)[0] == "1.4"
    coop.carried("workers", shorter)
    coop.carried("membership", grant(coop, "worker", "fay"), voters=("bob",))


def test_supporters_are_held_to_their_part_of_the_votes(coop: Coop) -> None:
    coop.carried("membership", grant(coop, "supporter", "eve"), voters=("bob",))
    coop.join("fay")
    clause, words = coop.cannot("membership", grant(coop, "supporter", "fay"))
    assert clause == "10.4"
    assert "30 in a hundred" in words
    more = {"op": "bylaws.set", "name": "supporters_percent", "value": 33}
    beyond = coop.decide("bylaw", {**more, "value": 34}, voters=("bob", "cleo"))
    assert beyond["execution"]["refused"] == "bad_parameter"
    coop.carried("bylaw", more, voters=("bob", "cleo"))
    assert coop.cannot("membership", grant(coop, "supporter", "fay"))[0] == "10.4", "two of six are a third"


def test_each_class_chooses_its_directors(coop: Coop) -> None:
    assert coop.cannot("policy", grant(coop, "user_director", "cleo"))[0] == "13.2"
    assert coop.refused("ann", "governance.propose", type="users", title="Ours")[0] == "15.1"
    assert coop.cannot("users", grant(coop, "user_director", "bob"), by="cleo")[0] == "13.2"
    coop.carried("users", grant(coop, "user_director", "cleo"), by="cleo")
    coop.carried("membership", grant(coop, "supporter", "eve"), voters=("bob",))
    coop.carried("supporters", grant(coop, "supporter_director", "eve"), by="eve")
    clause, words = coop.cannot("supporters", grant(coop, "supporter_director", "eve"), by="eve")
    assert clause == "13.3"
    assert "a third of the board" in words


def test_a_wider_credit_line_takes_a_director_of_each_side(coop: Coop) -> None:
    coop.carried("users", grant(coop, "user_director", "cleo"), by="cleo")
    line = {"unit": "CREDIT", "party": coop.did("dora"), "floor_minor": -50_000}
    assert coop.refused("ann", "credit.limit", unit="CREDIT", party=coop.did("dora"), no_floor=True)[0] == "12.2"
    waits = coop.do("ann", "credit.limit", **line)
    assert str(waits).startswith("approval:"), "ann is a director of the workers, and cleo has to approve"
    pay = {"unit": "CREDIT", "payee": coop.did("ann")}
    assert coop.refused("dora", "credit.transfer", **pay, amount_minor=50_001)[0] == "12.3"
    coop.do("cleo", "approval.approve", approval=int(waits.partition(":")[2]))
    coop.do("dora", "credit.transfer", **pay, amount_minor=50_000)


def test_new_bylaws_and_the_end_take_the_consent_of_both_classes(coop: Coop) -> None:
    later = changed("multi-stakeholder", ("90 in 0..540", "30 in 0..540"), ('version: "1.0.0"', 'version: "1.1.0"'))
    adopt = {"op": "bylaws.adopt", "document": later}
    clause, words = coop.cannot("bylaw", adopt)
    assert clause == "15.3"
    assert "each class names its trustee" in words
    assert coop.cannot("users", grant(coop, "workers_trustee", "bob"), by="cleo")[0] == "15.4"
    coop.carried("workers", grant(coop, "workers_trustee", "bob"))
    assert coop.cannot("bylaw", adopt)[0] == "15.3", "the users have not consented yet"
    coop.carried("users", grant(coop, "users_trustee", "dora"), by="cleo")
    assert coop.decide("bylaw", adopt)["state"] != "executed", "one of five is no quorum"
    assert coop.carried("bylaw", adopt, voters=("bob", "cleo")) == [2]
    close = {"op": "credit.change", "unit": "CREDIT", "closed": True}
    assert coop.cannot("bylaw", close)[0] == "16.1"
    coop.later(90)
    assert coop.cannot("dissolution", close)[0] == "16.1", "a consent ends by itself"
    coop.carried("workers", grant(coop, "workers_trustee", "bob"))
    coop.carried("users", grant(coop, "users_trustee", "dora"), by="cleo")
    coop.carried("dissolution", close, voters=("bob", "cleo", "dora"))
    assert audit.verify(coop.space).faults == []
