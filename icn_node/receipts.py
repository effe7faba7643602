"""What a space says of events: receipts, what listeners hear of a commit, and why nothing was taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from dag.event import InvalidEvent
from icn_node.kernel import notices
from icn_node.machine import Done


class Receipt(msgspec.Struct, frozen=True):
    """What became of a submitted event.

    status: `executed`; `refused` (outcome says why); `pending`; `invalid` (code, facts: never admitted); `missing`
    (facts: the ancestors to send first); `stopped` (this node orders nothing: message). index: its leaf, -1 if none.
    """

    cid: bytes
    status: str
    index: int = -1
    time_ms: int = 0
    outcome: dict[str, Any] = {}
    code: str = ""
    facts: dict[str, Any] = {}


class CommitInfo(msgspec.Struct, frozen=True):
    """What listeners hear of each durable commit with work: its leaves and the notices it left."""

    index: int
    time_ms: int
    leaves: tuple[Done, ...]
    notices: tuple[notices.Notice, ...]


class NotAdmitted(InvalidEvent):
    """An event that this space does not take in: of a key that may not send here, or one that was judged elsewhere.

    `code` and `facts` are as in `InvalidEvent`; the codes of `dag.event.CODES` and those of the graph and the registry.
    """

    def __init__(self, code: str, **facts: object) -> None:
        told = "".join(f", {name}={value!r}" for name, value in facts.items())
        ValueError.__init__(self, f"event not admitted: {code}{told}")
        self.code = code
        self.facts = facts


class SpaceStopped(Exception):
    """The space cannot go on executing; reads still work. The message says why and what to do."""


def receipt_of(cid: bytes, index: int, time_ms: int, outcome: dict[str, Any]) -> Receipt:
    """The receipt of an event that has a leaf."""
    status = "refused" if "refused" in outcome else "executed"
    return Receipt(cid, status, index, time_ms, outcome)


def plain_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts as JSON takes them."""
    return {k: v if isinstance(v, int | str) else str(v) for k, v in facts.items()}
