"""A co-op founded with a template, on a running node: members who join and vote, refusals as they are explained.

coop = Coop(folder, "worker", CREDIT, members=("bob", "cleo"))     # ann founds it and holds every office declared
coop.decide("policy", {"op": "bylaws.set", ...})                   # proposed by ann, voted by all who may, carried out
coop.refused("bob", "credit.transfer", ...)                        # ("14.5", "Refused under 14.5: ...")
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from icn_node import documents
from icn_node.founding import declared_roles
from icn_node.kernel import explanations
from tests.node.town import Town
from tests.world import DAY_MS, key_of

CREDIT: dict[str, Any] = {
    "op": "credit.create", "ver": 1, "unit": "CREDIT", "decimals": 2, "floor_minor": -10_000, "ceiling_minor": 500_000,
}  # fmt: skip


def text_of(template: str) -> tuple[str, str]:
    """The template's file name and text."""
    file = documents.templates()[template]
    return file.rpartition("/")[2], documents.shipped(file)


@functools.cache
def checked(template: str) -> documents.Checked:
    """The template, checked."""
    return documents.check((text_of(template),), documents.known_bases())


def changed(template: str, *changes: tuple[str, str], transition: str = "") -> dict[str, Any]:
    """The template as a document, with parts of its text replaced, and a transition added."""
    name, text = text_of(template)
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    body = text.rstrip().removesuffix("}")
    return documents.document_of(((name, f"{body}{transition}}}\n" if transition else text),))


class Coop(Town):
    """The co-op. units: the commands that make its units, part of the founding act."""

    def __init__(self, folder: Path, template: str, *units: dict[str, Any], members: Iterable[str] = ()) -> None:
        found = checked(template)
        assert found.program is not None, found.report()
        self.template = template
        super().__init__(
            folder, members, bylaws=documents.contract_document(found),
            ops=units, roles=tuple(dict.fromkeys(("steward", *declared_roles(*text_of(template))))),
        )  # fmt: skip

    def did(self, name: str) -> str:
        """The DID of that person's key."""
        return key_of(name).did

    def later(self, days: int) -> None:
        """Turn the clock, and let happen what is due."""
        self.now += days * DAY_MS
        while self.space.tick(self.now):
            pass

    def refused(self, name: str, op: str, /, **fields: Any) -> tuple[str, str]:
        """A command that a clause must refuse: the clause, and how it is explained."""
        event = self.sign(name, {"op": op, **fields})
        receipt = self.send(event)[0]
        assert receipt.status == "refused", receipt
        assert receipt.outcome["refused"] == "forbidden", receipt
        space = self.space
        explained = explanations.of_event(space.tables, space.reader(self.did(name), self.now), event.cid)
        assert explained is not None
        return str(receipt.outcome["clause"]), explained.words("en", host=space.kernel.policy.language.host)

    def cannot(self, kind: str, op: dict[str, Any], by: str = "ann") -> tuple[str, str]:
        """A command that a clause would refuse as a decision: the proposal is refused already, as `refused` is."""
        execute = ({"ver": 1, **op},)
        return self.refused(by, "governance.propose", type=kind, title="A story", execute=execute, open=True)

    def decide(self, kind: str, *ops: dict[str, Any], by: str = "ann", voters: Iterable[str] = ()) -> dict[str, Any]:
        """Propose, vote yes and let the time pass; the proposal as it is shown then. voters: besides who proposes."""
        execute = tuple({"ver": 1, **op} for op in ops)
        no = self.do(by, "governance.propose", type=kind, title="A story", execute=execute, open=True)
        while self.ask(None, "governance.show", proposal=no)["state"] in ("discussion", "deliberation"):
            self.later(1)
        for name in (by, *voters):
            self.do(name, "governance.vote", proposal=no, choice="yes")
        for _ in range(60):
            shown: dict[str, Any] = self.ask(None, "governance.show", proposal=no)
            if shown["state"] != "voting":
                break
            self.later(1)
        self.later(1)
        return dict(self.ask(None, "governance.show", proposal=no))

    def carried(self, kind: str, *ops: dict[str, Any], by: str = "ann", voters: Iterable[str] = ()) -> list[Any]:
        """The same of a decision that must be carried out; what its commands came to."""
        shown = self.decide(kind, *ops, by=by, voters=voters)
        assert shown["state"] == "executed", shown
        assert "refused" not in shown["execution"], shown["execution"]
        return list(shown["execution"]["results"])
