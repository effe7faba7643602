"""Notices: what a member or an operator should be told, as a code with facts, in the log's order."""

from __future__ import annotations

from typing import ClassVar

from icn_node.kernel.refusal import Facts
from icn_node.kernel.tables import Record, Tables


class Notice(Record, frozen=True):
    """party: whom it is for; SPACE (0): the operators; EVERYONE. facts: ints and strings, for the text of the code."""

    TABLE: ClassVar[str] = "notice"
    KEY: ClassVar[tuple[str, ...]] = ("no",)
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {"party": ("party", "no")}
    HISTORY: ClassVar[bool] = True
    no: int
    party: int
    time_ms: int
    code: str
    facts: dict[str, int | str]


RECORDS = (Notice,)

EVERYONE = -2  # as a notice's party: for every member; it is stored once, however many they are


def post(tx: Tables, time_ms: int, party: int, code: str, facts: Facts) -> int:
    """Append a notice; its number."""
    no = tx.next_no("notice")
    tx.append(Notice(no, party, time_ms, code, dict(sorted(facts.items()))))
    return no


def of(tx: Tables, party: int, *, after: int = 0, limit: int = 100) -> list[Notice]:
    """A party's notices, those for everyone included, with a number above `after`, oldest first."""
    own = tx.scan(Notice, "party", party, start=after + 1, limit=limit)
    shared = tx.scan(Notice, "party", EVERYONE, start=after + 1, limit=limit)
    return sorted(own + shared, key=lambda notice: notice.no)[:limit]
