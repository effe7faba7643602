"""Explanations of refusals: kept beside the log, derived from it, shown to whom they may be shown.

When the bylaws refuse an event, which version of them did is kept and, of a contract in CCL, why, as facts.
That is a projection: replaying the log makes it anew, and nothing that nodes agree on depends on it. Whoever reads an
explanation sees of its facts what a query of theirs would be answered: the balance of another member stays hidden
where balances are.

It knows no words: those are `ccl.telling`'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from icn_node.kernel import bylaws
from icn_node.kernel.contract import Contract
from icn_node.kernel.fields import kind_of
from icn_node.kernel.refusal import Forbidden
from icn_node.kernel.tables import Record, Tables

if TYPE_CHECKING:
    from ccl import core
    from ccl.explain import Explanation, MaySee
    from icn_node.kernel.context import Context


class Explained(Record, frozen=True):
    """Why the bylaws refused an event: what `ccl.explain.Explanation.facts` gives, under that version of them. Clauses
    of words leave no facts: all that they say is in the outcome."""

    TABLE: ClassVar[str] = "explained"
    KEY: ClassVar[tuple[str, ...]] = ("event",)
    PROJECTION: ClassVar[bool] = True
    event: bytes
    bylaws: int
    facts: dict[str, int | str]


RECORDS = (Explained,)


def keep(tx: Tables, event: bytes, no: Forbidden) -> None:
    """Keep why an event was refused."""
    tx.put(Explained(event, tx.last_no("bylaws"), {} if no.explanation is None else no.explanation.facts()))


def version_of(tx: Tables, event: bytes) -> int:
    """The version of the bylaws that refused an event; 0 if none did, or if that was before this was kept."""
    row = tx.get(Explained, event)
    return 0 if row is None else row.bylaws


def of_event(tx: Tables, ctx: Context, event: bytes) -> Explanation | None:
    """Why a contract refused an event, for whoever reads; None if none did."""
    from ccl.explain import from_facts

    row = tx.get(Explained, event)
    if row is None or not row.facts:
        return None
    version = tx.get(bylaws.Bylaws, row.bylaws)
    book = None if version is None else ctx.kernel.policy.book_of(tx, version.document)
    found = from_facts(row.facts, book.program if isinstance(book, Contract) else None)
    return found.seen_by(visible_to(tx, ctx))


def visible_to(tx: Tables, ctx: Context) -> MaySee:
    """Which readings whoever reads may see: those about another party only if a query about it would be answered."""
    views = ctx.kernel.policy.language.host.views

    def may_see(site: core.Site, args: tuple[Any, ...]) -> bool:
        spec = views.get(site.name) if site.kind == "view" else None
        if spec is None or spec.about is None or not spec.reads:
            return True
        about = args[spec.about] if spec.about < len(args) else ""
        return _answered(tx, ctx, spec.reads, str(about))

    return may_see


def _answered(tx: Tables, ctx: Context, query: str, about: str) -> bool:
    """Whether the reader would be answered that query about that party."""
    cls = ctx.kernel.queries[query].cls
    who = next((f.name for f in msgspec.structs.fields(cls) if kind_of(f.type) == "who"), None)
    try:
        asked = msgspec.convert({} if who is None else {who: about}, cls)
    except msgspec.ValidationError:
        return False
    return ctx.kernel.policy.may_read(tx, ctx, query, asked)
