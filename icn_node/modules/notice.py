"""Notices: what the space has to tell a member or the operators, read where and when they like.

A notice is a code with facts in the log; it is put into the reader's language where it is shown. Reading changes
nothing: whoever reads remembers the last number and asks for what came after.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from icn_node.kernel import notices, registry
from icn_node.kernel.context import Context
from icn_node.kernel.fields import Who
from icn_node.kernel.module import Module, Query, Said, query
from icn_node.kernel.tables import Tables


class ListQuery(Query, frozen=True):
    """One's own notices (for the operators: the space's), those for everyone included, with a number above `after`:
    the oldest of them first, or with `latest` the last of them, in order too."""

    member: Who | None = None
    after: Annotated[int, Meta(ge=0)] = 0
    limit: Annotated[int, Meta(ge=1, le=1000)] = 50
    latest: bool = False


def list_notices(tx: Tables, q: ListQuery, reader: Context) -> list[dict[str, Any]]:
    party = registry.party_of(tx, q.member).no if q.member else max(reader.actor.party, registry.SPACE)
    if q.latest:
        found = []
        for addressed in (party, notices.EVERYONE):
            found += tx.scan(notices.Notice, "party", addressed, start=q.after + 1, limit=q.limit, reverse=True)
        found = sorted(found, key=lambda n: n.no)[-q.limit :]
    else:
        found = notices.of(tx, party, after=q.after, limit=q.limit)
    return [
        {"no": n.no, "time_ms": n.time_ms, "code": n.code, "facts": n.facts, "text": Said(n.code, n.facts)}
        for n in found
    ]  # fmt: skip


MODULE = Module(
    name="notice",
    doc=__doc__,
    always_on=True,
    queries=(
        query("notice.list", ListQuery, list_notices, refuses=(registry.UnknownMember,), example={"latest": True},
              columns=("no", "time_ms", "text")),
    ),
)  # fmt: skip
