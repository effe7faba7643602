"""Labels: accounts of imported books, until the member they belong to comes forward.

An import enters an account as a party without keys, known only by a private label. A member claims it, somebody who can
tell confirms, and its balances move to the member's own accounts in one linked transfer each; the label stays as the
name under which the imported history stands. An invitation can carry the same confirmation (`member.invite`).
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from icn_node.kernel import ledger, membership, registry
from icn_node.kernel.context import Context
from icn_node.kernel.fields import No, Private
from icn_node.kernel.lifecycle import Lifecycle, WrongState, step
from icn_node.kernel.module import Amount, Command, Module, NoticeSpec, Query, command, query
from icn_node.kernel.module import Party as PartyNo
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.tables import Record, Tables

CLAIM_STATES: Lifecycle = {
    "open": {"confirm": "confirmed", "refuse": "refused", "withdraw": "withdrawn"},
    "confirmed": {},
    "refused": {},
    "withdrawn": {},
}
CLAIMS_MOST = 20


class Claim(Record, frozen=True):
    """A member says that an imported account is theirs."""

    TABLE: ClassVar[str] = "label_claim"
    KEY: ClassVar[tuple[str, ...]] = ("no",)
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {
        "status": ("status", "no"), "member": ("member", "status", "no"), "label": ("label", "status", "no"),
    }  # fmt: skip
    no: int
    label: int
    member: int
    status: str
    since_ms: int
    reason: Private | None = None


class UnknownClaim(Refusal):
    """No claim of that number."""

    code = "unknown_claim"
    text = "There is no claim {claim}."
    advice = "See `icn member claims`."


class ClaimedAlready(Refusal):
    """The member has claimed that account, and the claim is open."""

    code = "claimed_already"
    text = "You claim party {label} already: claim {claim}."


class TooManyClaims(Refusal):
    """The member has as many open claims as one may have."""

    code = "too_many_claims"
    text = "You have {most} open claims, which is the most."


class NotYours(Refusal):
    """Somebody withdraws another's claim."""

    code = "not_your_claim"
    text = "Claim {claim} is not yours."


class OwnClaim(Refusal):
    """Somebody confirms their own claim."""

    code = "own_claim"
    text = "Somebody else must confirm claim {claim}."


class ClaimLabel(Command, frozen=True):
    """Claim an account of imported books as one's own."""

    OP: ClassVar[str] = "member.claim"
    label: No
    reason: Private | None = None


class Confirm(Command, frozen=True):
    """Confirm a claim: what the account holds moves to the member, and it is closed."""

    OP: ClassVar[str] = "member.confirm_claim"
    claim: No


class RefuseClaim(Command, frozen=True):
    """Refuse a claim."""

    OP: ClassVar[str] = "member.refuse_claim"
    claim: No


class WithdrawClaim(Command, frozen=True):
    """Withdraw one's own claim."""

    OP: ClassVar[str] = "member.withdraw_claim"
    claim: No


def claim(tx: Tables, cmd: ClaimLabel, ctx: Context) -> int:
    label = membership.unclaimed(tx, cmd.label)
    own = tx.scan(Claim, "member", ctx.actor.party, "open")
    for other in own:
        if other.label == label.no:
            raise ClaimedAlready(label=label.no, claim=other.no)
    if len(own) >= CLAIMS_MOST:
        raise TooManyClaims(most=CLAIMS_MOST)
    no = tx.next_no("label_claim")
    tx.put(Claim(no, label.no, ctx.actor.party, "open", ctx.time_ms, cmd.reason))
    ctx.notify(tx, registry.SPACE, "label.claimed", claim=no, member=ctx.actor.did)
    return no


def _claim(tx: Tables, no: int) -> Claim:
    found = tx.get(Claim, no)
    if found is None:
        raise UnknownClaim(claim=no)
    return found


def _end(tx: Tables, claimed: Claim, event: str) -> None:
    status = step(CLAIM_STATES, claimed.status, event, f"claim {claimed.no}")
    tx.put(msgspec.structs.replace(claimed, status=status))


def confirm(tx: Tables, cmd: Confirm, ctx: Context) -> None:
    claimed = _claim(tx, cmd.claim)
    if claimed.member == ctx.actor.party:
        raise OwnClaim(claim=claimed.no)
    member = tx.get(registry.Party, claimed.member)
    assert member is not None
    registry.checked_active(member)
    _end(tx, claimed, "confirm")
    membership.take_over(tx, ctx, membership.unclaimed(tx, claimed.label), member)
    ctx.notify(tx, member.no, "label.confirmed", claim=claimed.no)
    for other in tx.scan(Claim, "label", claimed.label, "open"):
        _end(tx, other, "refuse")
        ctx.notify(tx, other.member, "label.refused", claim=other.no)


def refuse(tx: Tables, cmd: RefuseClaim, ctx: Context) -> None:
    claimed = _claim(tx, cmd.claim)
    _end(tx, claimed, "refuse")
    ctx.notify(tx, claimed.member, "label.refused", claim=claimed.no)


def withdraw(tx: Tables, cmd: WithdrawClaim, ctx: Context) -> None:
    claimed = _claim(tx, cmd.claim)
    if claimed.member != ctx.actor.party:
        raise NotYours(claim=claimed.no)
    _end(tx, claimed, "withdraw")


class ClaimsQuery(Query, frozen=True):
    """The claims in a state, by number, with what the accounts hold."""

    status: Annotated[str, Meta(pattern="^(open|confirmed|refused|withdrawn)$")] = "open"
    after: Annotated[int, Meta(ge=0)] = 0
    limit: Annotated[int, Meta(ge=1, le=1000)] = 50


def claims(tx: Tables, q: ClaimsQuery, reader: Context) -> list[dict[str, Any]]:
    rows = []
    for found in tx.scan(Claim, "status", q.status, start=q.after + 1, limit=q.limit):
        label = tx.get(registry.Party, found.label)
        assert label is not None
        accounts = sorted(tx.scan(ledger.Account, "owner", label.no), key=lambda a: a.unit)
        rows.append({
            "claim": found.no, "label": found.label, "name": label.name, "member": PartyNo(found.member),
            "status": found.status, "since_ms": found.since_ms, "reason": found.reason,
            "balances": [
                Amount(a.balance_minor, ledger.unit_of(tx, a.unit).decimals, a.unit) for a in accounts
            ],
        })  # fmt: skip
    return rows


_ONE = {"claim": 1}

MODULE = Module(
    name="label",
    doc=__doc__,
    always_on=True,
    records=(*membership.RECORDS, Claim),
    commands=(
        command(ClaimLabel, claim, refuses=(membership.NotUnclaimed, ClaimedAlready, TooManyClaims),
                private={"reason": "parties role:steward"}, result="the claim's number",
                example={"label": 17, "reason": "I am member 0042 of the old exchange."}),
        command(Confirm, confirm,
                refuses=(UnknownClaim, OwnClaim, registry.NotActive, WrongState, membership.NotUnclaimed,
                         *membership.TAKES_OVER),
                example=_ONE),
        command(RefuseClaim, refuse, refuses=(UnknownClaim, WrongState), example=_ONE),
        command(WithdrawClaim, withdraw, refuses=(UnknownClaim, NotYours, WrongState), example=_ONE),
    ),
    queries=(
        query("member.claims", ClaimsQuery, claims, example={"status": "open"},
              columns=("claim", "label", "name", "member", "balances", "since_ms")),
    ),
    notices=(
        NoticeSpec("label.claimed", "{member} claims an imported account: claim {claim}."),
        NoticeSpec("label.confirmed", "Your claim {claim} was confirmed: the account is yours."),
        NoticeSpec("label.refused", "Your claim {claim} was refused."),
    ),
)  # fmt: skip
