"""`event.explain`: why an event was refused, from the record, under the bylaws of then, for whoever may see it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from icn_node import audit
from icn_node.kernel import explanations
from icn_node.rpc import explaining, jsonrpc
from tests.node.town import OPS, Town
from tests.rpc.office import OPERATOR, Office
from tests.world import clause_bylaws, default_bylaws, key_of

SWIFT = {
    "op": "governance.set_type", "ver": 1, "type": "bylaw", "discussion_ms": 0, "deliberation_ms": 0,
    "voting_ms": 86_400_000, "implementation_ms": 0, "early": True, "method": "majority", "quorum": "1/2",
}  # fmt: skip
LIMITED = """contract Limited { edition: 1;
    unit SUN { decimals: 2; }
    clause "1" on bylaws.*, governance.* "All decide." { require registered() or decided(); }
    clause "2" on read.space.*, read.event.* "All read." { require registered() or operator(); }
    clause "4.1" on credit.transfer in SUN "Nobody pays more than five at once." { require command.amount <= 5 SUN; }
    clause "4.2" on credit.transfer in SUN "Nobody pays whom who owes." {
        require balance(command.payee, command.unit) >= 0 SUN;
    }
    clause "4.9" on read.credit.balance "One's own." { require is_self(command.party); }
}
"""


@pytest.fixture(scope="module")
def swift(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a town of ann, bob and cid whose decisions on bylaws end once all have voted."""
    folder = tmp_path_factory.mktemp("swift")
    Town(folder, ops=(*OPS, SWIFT)).space.close()
    return folder


@pytest.fixture
def office(swift: Path, tmp_path: Path) -> Iterator[Office]:
    made = Office(swift, tmp_path, hosted=())
    yield made
    made.town.space.close()


async def adopt(office: Office, document: dict[str, Any]) -> None:
    """Adopt bylaws as members do: a proposal, and everybody's vote."""
    execute = [{"op": "bylaws.adopt", "document": document}]
    made = await office.call("ann", "governance.propose", type="bylaw", title="New", execute=execute, open=True)
    for name in ("ann", "bob", "cid"):
        await office.call(name, "governance.vote", proposal=made["result"], choice="yes")


async def limited(office: Office) -> None:
    await adopt(office, {"title": "Limited", "clauses": [], "sources": [{"name": "x.ccl", "text": LIMITED}]})


async def refused(office: Office, who: str, method: str, **params: Any) -> dict[str, Any]:
    error = await office.error(who, method, **params)
    assert error.code == jsonrpc.REFUSED
    found: dict[str, Any] = error.data
    return found


async def test_a_refusal_comes_with_its_explanation(office: Office) -> None:
    await limited(office)
    said = await refused(office, "bob", "credit.transfer", payee="cid", unit="SUN", amount="6.20")
    assert (said["code"], said["clause"]) == ("forbidden", "4.1")
    assert said["text"].startswith("Refused under 4.1: ")
    assert "1.20" in said["text"], "the smallest change that would do"
    assert said["why"]["change"]["then"] == "500"
    assert said["facts"] == {"what": "credit.transfer", "reason": "it takes command.amount <= 5 SUN"}
    rehearsed = await refused(office, "bob", "credit.transfer", payee="cid", unit="SUN", amount="6.20", dry_run=True)
    assert rehearsed["explanation"] == said["explanation"]


async def test_a_past_refusal_is_explained_from_the_record(office: Office) -> None:
    said = await refused(office, "bob", "credit.create", unit="MOON")
    await limited(office)
    for who in ("bob", "ann", OPERATOR):
        found = await office.call(who, "event.explain", event=said["event"])
        assert (found["status"], found["code"], found["clause"], found["bylaws"]) == ("refused", "forbidden", "4.1", 1)
        assert (found["asked"], found["by"]) == (["credit.create"], "bob")
        assert found["clause_text"].startswith("Units of mutual credit"), "as it was then, not as 4.1 is now"
        assert found["text"] == said["text"]
    assert (await office.call("bob", "event.explain", event=said["event"], locale="es"))["text"] != said["text"]


async def test_what_a_reader_may_not_see_is_left_out(office: Office) -> None:
    await office.call("cid", "credit.transfer", payee="ann", unit="SUN", amount="1")
    await limited(office)
    said = await refused(office, "bob", "credit.transfer", payee="cid", unit="SUN", amount="1")
    assert said["clause"] == "4.2"
    assert "-1.00" not in str(said), "cid's balance is not bob's to see"
    shown = {who: await office.call(who, "event.explain", event=said["event"]) for who in ("bob", "cid", "ann")}
    assert ["-1.00" in shown[who]["text"] for who in ("bob", "cid", "ann")] == [False, True, False]
    assert "-1" not in str(await office.call("ann", "event.receipt", event=said["event"])), "nor is it in the record"


async def test_a_rule_of_a_module_is_explained_in_its_own_words(office: Office) -> None:
    said = await refused(office, "bob", "credit.transfer", payee="cid", unit="SUN", amount="500")
    found = await office.call("bob", "event.explain", event=said["event"])
    assert found["code"] == "over_floor"
    assert found["text"] == said["text"]
    assert "clause" not in found
    assert "bylaws" not in found


async def test_what_was_carried_out_needs_no_reason(office: Office) -> None:
    done = await office.call("bob", "credit.transfer", payee="cid", unit="SUN", amount="5")
    found = await office.call("bob", "event.explain", event=done["event"])
    assert found["status"] == "executed"
    assert "code" not in found


async def test_clauses_of_words_are_explained_too(office: Office) -> None:
    await adopt(office, clause_bylaws())
    said = await refused(office, "bob", "credit.create", unit="MOON")
    assert said["text"] == "credit.create is not allowed by the bylaws: it takes a decision."
    await adopt(office, default_bylaws())
    found = await office.call("cid", "event.explain", event=said["event"])
    assert (found["clause"], found["bylaws"], found["text"]) == ("4.1", 2, said["text"])


async def test_strangers_are_told_nothing_of_others(office: Office) -> None:
    said = await refused(office, "bob", "credit.create", unit="MOON")
    error = await office.error("stranger", "event.explain", event=said["event"])
    assert error.code == jsonrpc.REFUSED
    assert (await office.error("bob", "event.explain", event="nonsense")).code == jsonrpc.INVALID_PARAMS
    genesis = await office.call("bob", "event.explain", event=(await office.call("bob", "dag.head"))["space"])
    assert genesis["status"] == "executed"


async def test_whoever_asked_may_always_know_why(office: Office) -> None:
    """Bylaws that let nobody read receipts do not keep a member from the reason of the own refusal."""
    text = LIMITED.replace("read.space.*, read.event.*", "read.space.*")
    await adopt(office, {"title": "Closed", "clauses": [], "sources": [{"name": "x.ccl", "text": text}]})
    said = await refused(office, "bob", "credit.transfer", payee="cid", unit="SUN", amount="9")
    assert (await office.call("bob", "event.explain", event=said["event"]))["clause"] == "4.1"
    assert (await office.error("cid", "event.explain", event=said["event"])).data["code"] == "forbidden"


async def test_explanations_are_made_anew_from_the_log(office: Office) -> None:
    await limited(office)
    said = await refused(office, "bob", "credit.transfer", payee="cid", unit="SUN", amount="6.20")
    before = await office.call("bob", "event.explain", event=said["event"])
    space = office.town.space
    kept = space.tables.scan(explanations.Explained)
    audit.rebuild(space)
    office.open_methods()
    assert space.tables.scan(explanations.Explained) == kept
    assert await office.call("bob", "event.explain", event=said["event"]) == before
    assert audit.verify(space).faults == []


def test_the_version_in_force_at_a_time(office: Office) -> None:
    space = office.town.space
    assert explaining.in_force_at(space, 0) == 0
    assert explaining.in_force_at(space, office.town.now) == 1
    assert explaining.author_of(space, bytes(36)).actor.did == ""
    assert explaining.author_of(space, space.cid).actor.did == key_of("ann").did
