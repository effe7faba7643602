"""Privacy: erasing private fields, and finding one's own.

Erasing is an event like any other, so every node does it and a restored one does it again; what goes is the payload,
its salt and its keys, and the commitment that stays in the block says nothing without them. No handler ever reads a
payload, so the state is the same with all of them erased. Who may erase what is the bylaws' to say (by default: who
wrote it, whom it concerns, or the data-protection role); papers of an open case are kept. See decision 0049, which also
says what erasing cannot reach.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from msgspec import Meta

from icn_node.kernel import private, registry
from icn_node.kernel.context import Context
from icn_node.kernel.fields import Hash32, Who
from icn_node.kernel.module import Command, Module, NoticeSpec, Query, command, query
from icn_node.kernel.module import Party as PartyNo
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.tables import Tables

Reason = Annotated[
    str,
    Meta(
        pattern="^(consent_withdrawn|wrong|no_longer_needed|unlawful|objection|court)$",
        description="why: consent_withdrawn, wrong, no_longer_needed, unlawful, objection, court",
    ),
]


class UnknownField(Refusal):
    """No executed event carries a private field of that hash."""

    code = "unknown_private_field"
    text = "No private field has the hash {h}."
    advice = "See `icn privacy mine`."


class Retained(Refusal):
    """The field must be kept for now."""

    code = "retained"
    text = "The field {h} must be kept until {until_ms}: it is the record of a case."


class ErasedAlready(Refusal):
    """All the fields were erased before."""

    code = "erased_already"
    text = "These fields were erased before."


class Erase(Command, frozen=True):
    """Erase private fields, by the hashes of their commitments, on every node and for ever."""

    OP: ClassVar[str] = "privacy.erase"
    h: Annotated[tuple[Hash32, ...], Meta(min_length=1, max_length=64)]
    reason: Reason


def erase(tx: Tables, cmd: Erase, ctx: Context) -> int:
    erased = 0
    for h in sorted(set(cmd.h)):
        field = tx.get(private.PrivateField, h)
        if field is None:
            raise UnknownField(h=h.hex())
        kept = tx.get(private.Retention, h)
        if kept is not None and ctx.time_ms < kept.until_ms:
            raise Retained(h=h.hex(), until_ms=kept.until_ms)
        if private.is_erased(tx, h):
            continue
        tx.put(private.Erased(h, tx.next_no("private_erased"), ctx.actor.party, cmd.reason, ctx.time_ms))
        erased += 1
        if field.author != ctx.actor.party and field.author > 0:
            ctx.notify(tx, field.author, "privacy.erased", op=field.op, field=field.field, reason=cmd.reason)
    if not erased:
        raise ErasedAlready
    return erased


class ErasedQuery(Query, frozen=True):
    """What was erased, in order, without saying what it was."""

    after: Annotated[int, Meta(ge=0)] = 0
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class MineQuery(Query, frozen=True):
    """The private fields that one wrote, or with `concerning` those in commands that name one."""

    member: Who | None = None
    concerning: bool = False
    after: Annotated[int, Meta(ge=0)] = 0
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


def erased(tx: Tables, q: ErasedQuery, reader: Context) -> list[dict[str, Any]]:
    return [
        {"no": e.no, "h": e.h, "by": PartyNo(e.by), "reason": e.reason, "time_ms": e.time_ms}
        for e in tx.scan(private.Erased, "no", start=q.after + 1, limit=q.limit)
    ]


def mine(tx: Tables, q: MineQuery, reader: Context) -> list[dict[str, Any]]:
    party = registry.party_of(tx, q.member or reader.actor.did)
    if q.concerning:
        named = (tx.get(private.PrivateField, c.h) for c in tx.scan(private.Concern, "key", party.no))
        found = sorted((f for f in named if f is not None and f.no > q.after), key=lambda f: f.no)[: q.limit]
    else:
        found = tx.scan(private.PrivateField, "author", party.no, start=q.after + 1, limit=q.limit)
    return [
        {
            "no": f.no, "h": f.h, "op": f.op, "field": f.field, "by": PartyNo(f.author), "audience": f.audience,
            "time_ms": f.time_ms, "erased": private.is_erased(tx, f.h),
        }
        for f in found
    ]  # fmt: skip


MODULE = Module(
    name="privacy",
    doc=__doc__,
    always_on=True,
    commands=(
        command(Erase, erase, refuses=(UnknownField, Retained, ErasedAlready), result="how many were erased",
                example={"h": ["00" * 32], "reason": "consent_withdrawn"}),
    ),
    queries=(
        query("privacy.erased", ErasedQuery, erased, example={"limit": 10}, columns=("no", "h", "reason", "time_ms")),
        query("privacy.mine", MineQuery, mine, refuses=(registry.UnknownMember,), example={"concerning": True},
              columns=("no", "op", "field", "by", "audience", "time_ms", "erased", "h")),
    ),
    notices=(
        NoticeSpec("privacy.erased", "A private text you wrote ({op}, {field}) was erased: {reason}."),
    ),
)  # fmt: skip
