"""Why something was refused: the method behind `icn why`, and the words that go with every refusal by the bylaws.

A refusal by a contract in CCL is told from its explanation (`kernel.explanations`), one by clauses of words from what
stands in the log; both with the clause as the version then in force has it. It must not know sockets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dag.cid import cid_text
from dag.event import decode_event
from icn_node.kernel import bylaws, explanations, registry
from icn_node.kernel.context import Context
from icn_node.rpc import jsonrpc
from icn_node.rpc.edge import iso
from icn_node.rpc.jsonrpc import RpcError
from icn_node.rpc.session import Session
from icn_node.space import Space

if TYPE_CHECKING:
    from ccl.explain import Explanation
    from icn_node.rpc.methods import Methods


def told(space: Space, explanation: Explanation, locale: str = "en") -> dict[str, Any]:
    """An explanation as part of an answer: `text`, one sentence; `explanation`, all of it, a line each; `why`, as data.

    It was made for whoever reads, or has been cut to what they may see.
    """
    tx = space.tables

    def person(did: str) -> str:
        no = registry.party_no(tx, did)
        party = None if no is None else tx.get(registry.Party, no)
        return party.handle if party is not None and party.handle else did

    lines = explanation.words(locale, None, space.kernel.policy.language.host, person).split("\n")
    return {"text": lines[0], "explanation": lines, "why": explanation.json()}


def of_receipt(space: Space, cid: bytes) -> Explanation | None:
    """Why an event was refused, as far as its author may see."""
    return explanations.of_event(space.tables, author_of(space, cid), cid)


def author_of(space: Space, cid: bytes) -> Context:
    """The author of an event, as somebody who reads."""
    block = space.store.events.get(cid)
    device = None if block is None else space.tables.get(registry.Device, decode_event(block).author[2:])
    party = None if device is None else space.tables.get(registry.Party, device.party)
    return space.reader(None if party is None else party.did, 0)


async def why(methods: Methods, session: Session, params: dict[str, Any], cid: bytes) -> Any:
    """What became of an event and, where it was refused, why: by which clause, in which version, on which facts."""
    space = methods.space
    reader = space.reader(session.member or None, methods.clock(), operator=not session.member)
    author = author_of(space, cid)
    if author.actor.party <= 0 or author.actor.party != reader.actor.party:  # one's own are shown to everybody
        space.judge_read("event.receipt", None, reader)
    receipt = space.receipt(cid)
    if receipt is None:
        raise RpcError(jsonrpc.NOT_FOUND, f"this node does not hold {cid_text(cid)}")
    answer: dict[str, Any] = {"event": cid_text(cid), "status": receipt.status}
    if receipt.index >= 0:
        answer |= {"index": receipt.index, "time": iso(receipt.time_ms)}
    block = space.store.events.get(cid)
    if block is not None:
        answer["asked"] = [op["op"] for op in decode_event(block).ops]
    if author.actor.party > 0:
        answer["by"] = methods.outtake(session).party(author.actor.party)[0]
    if receipt.status != "refused":
        return answer
    code, facts = receipt.outcome["refused"], receipt.outcome.get("facts", {})
    answer |= methods.said_of(code, facts)
    locale = str(params.get("locale", "en"))
    return answer | _by_the_bylaws(space, reader, cid, receipt.outcome, receipt.time_ms, locale)


def _by_the_bylaws(space: Space, reader: Context, cid: bytes, outcome: Mapping[str, Any], time_ms: int,
                   locale: str) -> dict[str, Any]:  # fmt: skip
    """What the bylaws had to do with a refusal; nothing if it was a rule of a module that refused."""
    clause = outcome.get("clause", "")
    found = explanations.of_event(space.tables, reader, cid)
    if not clause and outcome["refused"] != "forbidden":
        return {}
    version = explanations.version_of(space.tables, cid) or in_force_at(space, time_ms)
    answer: dict[str, Any] = {"bylaws": version}
    if clause:
        answer |= {"clause": clause, "clause_text": space.clause_text(clause, version)}
    return answer if found is None else answer | told(space, found, locale)


def in_force_at(space: Space, time_ms: int) -> int:
    """The number of the version of the bylaws that was in force at that time; of several in one commit the last."""
    tx = space.tables
    for no in range(tx.last_no("bylaws"), 0, -1):
        row = tx.get(bylaws.Bylaws, no)
        if row is not None and row.since_ms <= time_ms:
            return no
    return 0
