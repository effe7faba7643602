"""What other bylaws would have decided otherwise: the whole log judged again, by the rules of each time and by these.

The log is executed anew in memory, so that each command is judged in the state that it met; what the other rules say is
noted, and nothing else. What would have followed, had they said otherwise, nobody can know: each command is compared by
itself. Parameters of the other rules are what the space has set under their names, else as declared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import apsw
import msgspec

from dag.cid import cid_text
from dag.merkle import Frontier
from icn_node import audit
from icn_node.archive import Progress
from icn_node.kernel.bylaws import Document
from icn_node.kernel.policy import Policy
from icn_node.kernel.refusal import Forbidden, UnknownKey
from icn_node.kernel.sqlite import SqliteBackend
from icn_node.machine import Machine
from icn_node.space import Space

if TYPE_CHECKING:
    from icn_node.kernel.context import Context
    from icn_node.kernel.policy import Book
    from icn_node.kernel.tables import Tables

MOST_SHOWN = 200


class Otherwise(msgspec.Struct, frozen=True, omit_defaults=True):
    """A command that would have been judged otherwise. by: the actor's DID, '' for the space by a decision."""

    event: str
    time_ms: int
    op: str
    by: str
    was: str
    would: str


class Compared(msgspec.Struct):
    """How many commands were judged, how many of them otherwise, and the latest of those."""

    judged: int = 0
    otherwise: int = 0
    shown: list[Otherwise] = []


def compare(space: Space, document: Document, progress: Progress | None = None) -> Compared:
    """Judge every command of the log by the document, whose texts are whole, too. Raises BylawsInvalid, AuditError."""
    machine = Machine(SqliteBackend(apsw.Connection(":memory:")), space.modules, Frontier(), space.cid)
    policy = machine.kernel.policy
    found = Compared(shown=[])
    other = policy.book_of(machine.tables, document)

    def watch(tx: Tables, ctx: Context, cmd: Any) -> None:
        was = said(policy, policy.book(tx), tx, ctx, cmd)
        would = said(policy, other, tx, ctx, cmd)
        found.judged += 1
        if was != would:
            found.otherwise += 1
            event = cid_text(ctx.event) if ctx.event else ""
            found.shown.append(Otherwise(event, ctx.time_ms, cmd.OP, ctx.actor.did, was, would))
            del found.shown[:-MOST_SHOWN]

    policy.watch = watch
    audit.replay(space, machine, progress)
    return found


def said(policy: Policy, book: Book, tx: Tables, ctx: Context, cmd: Any) -> str:
    """What rules say to a command: permitted, permitted with approvals, or refused under a clause."""
    try:
        asked = policy.judged_by(book, tx, ctx, cmd.OP, cmd)
    except (Forbidden, UnknownKey) as no:
        return f"refused under {no.clause}" if no.clause else "refused, as no clause speaks of it"
    return "permitted, with approvals where they are due" if asked else "permitted"
