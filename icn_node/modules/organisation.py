"""Organisations and joint accounts: parties without keys of their own, who act through mandated signers.

Whoever creates one names the signers and how many of them together decide its own business; it exists once every one of
them has accepted (nobody is made answerable for an account unasked) and a steward or a decision has admitted it
(every party brings a credit line with it). Afterwards a mandate lets a signer act alone up to a limit and until a date;
above the limit, and for mandates, rule and closing, the party's signing rule asks as many signers as it says, by the
bylaws' approvals. Its name is the DID of a key made for it alone, which signs its own creation and never acts again
(decision 0045). It has no vote: members do.

Invariants: an active party has at least as many signers as its rule needs, but for those who left; a signer accepted.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from msgspec import Meta

from icn_node.kernel import keyring, membership, private, registry, timers
from icn_node.kernel.context import Context
from icn_node.kernel.fields import INT64_MAX, DeviceKey, Handle, Private, Signature, TimeMs, UnitCode, Who
from icn_node.kernel.ledger import DAY_MS, SameAccount, UnknownUnit, unit_of
from icn_node.kernel.lifecycle import WrongState
from icn_node.kernel.membership import MandateOffer
from icn_node.kernel.module import Amount, Command, Module, NoticeSpec, ParamSpec, Query, TimerSpec, command, query
from icn_node.kernel.module import Party as PartyNo
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.registry import Mandate, Party, Signing
from icn_node.kernel.tables import Tables

SIGNERS_MOST = 32
Alone = Annotated[
    int,
    Meta(ge=0, le=INT64_MAX, extra={"kind": "limit"}, description="what one signer may do alone, in smallest parts"),
]
Need = Annotated[int, Meta(ge=1, le=SIGNERS_MOST, description="how many signers together")]


class NoOrganisation(Refusal):
    """The party is no organisation or joint account."""

    code = "no_organisation"
    text = "{organisation} is no organisation or joint account."


class TooFewSigners(Refusal):
    """Fewer signers would be left than the signing rule needs."""

    code = "too_few_signers"
    text = "{organisation} has {signers} signers, and its rule needs {need}."
    advice = "Mandate further signers first, or lower the rule with `icn organisation rule`."


class TooManySigners(Refusal):
    """More signers than one party may have."""

    code = "too_many_signers"
    text = "{organisation} may have {most} signers."


class NoOffer(Refusal):
    """No mandate for that party is offered to the actor."""

    code = "no_offer"
    text = "No mandate for {organisation} is offered to you."
    advice = "See `icn organisation offers`."


class NoMandate(Refusal):
    """The member has no mandate for that party."""

    code = "no_mandate"
    text = "{member} has no mandate for {organisation}."


class BadMandateTime(Refusal):
    """A mandate would end in the past."""

    code = "bad_mandate_time"
    text = "A mandate ends after now, not at {until_ms}."


class Create(Command, frozen=True):
    """Create an organisation or joint account with oneself and others as signers. did: of a key made for it alone;
    proof: that key's signature over (space, its own DID)."""

    OP: ClassVar[str] = "organisation.create"
    did: DeviceKey
    proof: Signature
    handle: Handle
    signers: Annotated[tuple[Who, ...], Meta(max_length=SIGNERS_MOST)] = ()
    need: Need = 1
    kind: Annotated[str, Meta(pattern="^(organisation|joint)$")] = "organisation"
    name: Private | None = None
    contact: Private | None = None


class Accept(Command, frozen=True):
    """Accept a mandate that was offered."""

    OP: ClassVar[str] = "mandate.accept"
    organisation: Who


class Decline(Command, frozen=True):
    """Decline a mandate that was offered. A party that is being formed is abandoned then."""

    OP: ClassVar[str] = "mandate.decline"
    organisation: Who


class Admit(Command, frozen=True):
    """Admit an organisation or joint account whose signers have all accepted."""

    OP: ClassVar[str] = "organisation.admit"
    organisation: Who


class Refuse(Command, frozen=True):
    """Refuse an organisation or joint account."""

    OP: ClassVar[str] = "organisation.refuse"
    organisation: Who
    reason: Private | None = None


class Grant(Command, frozen=True):
    """Offer a member a mandate, or change the limit or end of one in force. limit_minor: what the signer may do alone,
    in `unit`, or without it in every unit that has no limit of its own; none given: no limit. A mandate begins with no
    limit where one signer decides, and with nothing alone where several do. until_ms: none given: no end."""

    OP: ClassVar[str] = "mandate.grant"
    organisation: Who
    signer: Who
    unit: UnitCode | None = None
    limit_minor: Alone | None = None
    until_ms: TimeMs | None = None


class Revoke(Command, frozen=True):
    """Revoke a signer's mandate, or an offered one."""

    OP: ClassVar[str] = "mandate.revoke"
    organisation: Who
    signer: Who


class Resign(Command, frozen=True):
    """Lay down one's own mandate."""

    OP: ClassVar[str] = "mandate.resign"
    organisation: Who


class SetRule(Command, frozen=True):
    """Set how many signers together decide what one may not do alone."""

    OP: ClassVar[str] = "organisation.rule"
    organisation: Who
    need: Need


class Close(Command, frozen=True):
    """Close an organisation or joint account. What is left goes to an heir, or with `to_space` to the space."""

    OP: ClassVar[str] = "organisation.close"
    organisation: Who
    heir: Who | None = None
    to_space: bool = False


def _organisation(tx: Tables, did: str) -> Party:
    party = registry.party_of(tx, did)
    if party.kind not in (registry.ORGANISATION, registry.JOINT):
        raise NoOrganisation(organisation=did)
    return party


def _active(tx: Tables, did: str) -> Party:
    return registry.checked_active(_organisation(tx, did))


def create(tx: Tables, cmd: Create, ctx: Context) -> int:
    keyring.usable(tx, cmd.did)
    keyring.check_bound(ctx, cmd.did, cmd.did, cmd.proof)
    registry.check_handle(tx, cmd.handle, None)
    creator = membership.acting(tx, ctx)
    others = {no for no in (_signer(tx, did).no for did in cmd.signers) if no != creator.no}
    if 1 + len(others) > SIGNERS_MOST:
        raise TooManySigners(organisation=cmd.did, most=SIGNERS_MOST)
    if 1 + len(others) < cmd.need:
        raise TooFewSigners(organisation=cmd.did, signers=1 + len(others), need=cmd.need)
    no = tx.next_no("party")
    blank = Party(no, cmd.did, cmd.handle, cmd.kind, "", ctx.time_ms, ctx.time_ms, cmd.name, cmd.contact)
    party = membership.move(tx, ctx, blank, "create")
    tx.put(Signing(no, cmd.need))
    alone = _alone(cmd.need)
    tx.put(Mandate(no, creator.no, alone, ctx.time_ms, None))
    for signer in sorted(others):
        tx.put(MandateOffer(no, signer, alone, {}, None, ctx.time_ms))
        ctx.notify(tx, signer, "organisation.offered", organisation=party.did, member=creator.did)
    due = ctx.time_ms + ctx.number(tx, "organisation.forming_days") * DAY_MS
    timers.schedule(tx, due, "organisation.abandon", no)
    if not others:
        membership.move(tx, ctx, party, "complete")
    return no


def _alone(need: int) -> int | None:
    """The limit of a mandate that states none."""
    return None if need == 1 else 0


def _signer(tx: Tables, did: str) -> Party:
    return registry.checked_active(membership.person(tx, did))


def _offer(tx: Tables, ctx: Context, party: Party) -> MandateOffer:
    found = tx.get(MandateOffer, party.no, ctx.actor.party)
    if found is None:
        raise NoOffer(organisation=party.did)
    tx.delete(MandateOffer, party.no, ctx.actor.party)
    return found


def accept(tx: Tables, cmd: Accept, ctx: Context) -> str:
    party = _organisation(tx, cmd.organisation)
    offer = _offer(tx, ctx, party)
    if offer.until_ms is not None and offer.until_ms <= ctx.time_ms:
        raise BadMandateTime(until_ms=offer.until_ms)
    tx.put(Mandate(party.no, ctx.actor.party, offer.limit_minor, ctx.time_ms, offer.until_ms, offer.limits))
    if party.status == "forming" and not tx.scan(MandateOffer, "key", party.no, limit=1):
        party = membership.move(tx, ctx, party, "complete")
    return party.status


def decline(tx: Tables, cmd: Decline, ctx: Context) -> None:
    party = _organisation(tx, cmd.organisation)
    _offer(tx, ctx, party)
    if party.status == "forming":
        _abandon(tx, ctx, party)


def _abandon(tx: Tables, ctx: Context, party: Party, event: str = "abandon") -> list[int]:
    """End a party that never became active: its signers, who are told. Its handle is free again."""
    timers.cancel(tx, "organisation.abandon", party.no)
    status = membership.move(tx, ctx, party, event, handle="").status
    signers = _end_mandates(tx, party.no)
    for signer in signers:
        ctx.notify(tx, signer, "organisation.ended", organisation=party.did, status=status)
    return signers


def _end_mandates(tx: Tables, party: int) -> list[int]:
    """End every mandate and offer of the party; whose mandates they were."""
    ended = []
    for mandate in tx.scan(Mandate, "key", party):
        tx.delete(Mandate, party, mandate.signer)
        ended.append(mandate.signer)
    for offer in tx.scan(MandateOffer, "key", party):
        tx.delete(MandateOffer, party, offer.signer)
    return ended


def on_abandon(tx: Tables, no: int, ctx: Context) -> None:
    """Not everybody accepted, or nobody admitted it, in time."""
    party = tx.get(Party, no)
    assert party is not None
    if party.status in ("forming", "applied"):
        _abandon(tx, ctx, party)


def admit(tx: Tables, cmd: Admit, ctx: Context) -> None:
    party = _organisation(tx, cmd.organisation)
    if party.status == "applied":
        _check_enough(tx, ctx, party, _rule(tx, party), without=None)
    membership.move(tx, ctx, party, "admit")
    timers.cancel(tx, "organisation.abandon", party.no)
    for signer in registry.signers(tx, party.no, ctx.time_ms):
        ctx.notify(tx, signer, "organisation.admitted", organisation=party.did)


def refuse(tx: Tables, cmd: Refuse, ctx: Context) -> None:
    party = _organisation(tx, cmd.organisation)
    if party.status != "applied":
        raise WrongState(what=party.did, state=party.status, event="refuse")
    # They sign for it no more, so the reason has to be theirs to read.
    private.concern(tx, cmd.reason, *_abandon(tx, ctx, party, "refuse"))


def grant(tx: Tables, cmd: Grant, ctx: Context) -> str:
    party = _active(tx, cmd.organisation)
    signer = _signer(tx, cmd.signer)
    if cmd.until_ms is not None and cmd.until_ms <= ctx.time_ms:
        raise BadMandateTime(until_ms=cmd.until_ms)
    if cmd.unit is not None:
        unit_of(tx, cmd.unit)
    held = registry.mandate(tx, party.no, signer.no, ctx.time_ms)
    before: Mandate | MandateOffer | None = held or tx.get(MandateOffer, party.no, signer.no)
    limits = dict(before.limits) if before is not None else {}
    limit = _alone(_rule(tx, party)) if before is None else before.limit_minor
    if cmd.unit is None:
        limit = cmd.limit_minor
    elif cmd.limit_minor is None:
        limits.pop(cmd.unit, None)
    else:
        limits[cmd.unit] = cmd.limit_minor
    limits = dict(sorted(limits.items()))
    if held is not None:
        tx.put(Mandate(party.no, signer.no, limit, held.since_ms, cmd.until_ms, limits))
        ctx.notify(tx, signer.no, "organisation.mandate_changed", organisation=party.did)
        return "changed"
    if before is None and tx.count(Mandate, "key", party.no) + tx.count(MandateOffer, "key", party.no) >= SIGNERS_MOST:
        raise TooManySigners(organisation=party.did, most=SIGNERS_MOST)
    tx.delete(Mandate, party.no, signer.no)  # one that has run out
    tx.put(MandateOffer(party.no, signer.no, limit, limits, cmd.until_ms, ctx.time_ms))
    ctx.notify(tx, signer.no, "organisation.offered", organisation=party.did, member=ctx.actor.did)
    return "offered"


def _rule(tx: Tables, party: Party) -> int:
    """How many signers the party needs."""
    rule = tx.get(Signing, party.no)
    assert rule is not None, party.did
    return rule.need


def _check_enough(tx: Tables, ctx: Context, party: Party, need: int, *, without: int | None) -> None:
    left = [n for n in registry.signers(tx, party.no, ctx.time_ms) if n != without]
    if len(left) < need:
        raise TooFewSigners(organisation=party.did, signers=len(left), need=need)


def revoke(tx: Tables, cmd: Revoke, ctx: Context) -> None:
    party = _active(tx, cmd.organisation)
    signer = membership.person(tx, cmd.signer)
    if tx.get(MandateOffer, party.no, signer.no) is not None:
        tx.delete(MandateOffer, party.no, signer.no)
        return
    _end_mandate(tx, ctx, party, signer)
    ctx.notify(tx, signer.no, "organisation.mandate_revoked", organisation=party.did)


def resign(tx: Tables, cmd: Resign, ctx: Context) -> None:
    _end_mandate(tx, ctx, _active(tx, cmd.organisation), membership.acting(tx, ctx))


def _end_mandate(tx: Tables, ctx: Context, party: Party, signer: Party) -> None:
    if registry.mandate(tx, party.no, signer.no, ctx.time_ms) is None:
        raise NoMandate(organisation=party.did, member=signer.did)
    _check_enough(tx, ctx, party, _rule(tx, party), without=signer.no)
    tx.delete(Mandate, party.no, signer.no)


def set_rule(tx: Tables, cmd: SetRule, ctx: Context) -> None:
    party = _active(tx, cmd.organisation)
    _check_enough(tx, ctx, party, cmd.need, without=None)
    tx.put(Signing(party.no, cmd.need))


def close(tx: Tables, cmd: Close, ctx: Context) -> None:
    party = _active(tx, cmd.organisation)
    heir = None if cmd.heir is None else registry.active_party(tx, cmd.heir).no
    membership.empty_accounts(tx, ctx, party, heir=heir, to_space=cmd.to_space, cover=False, kind="closing")
    membership.close_accounts(tx, party.no)
    membership.move(tx, ctx, party, "close")
    membership.end_offices(tx, ctx, party)
    for signer in _end_mandates(tx, party.no):
        ctx.notify(tx, signer, "organisation.ended", organisation=party.did, status="closed")


class ShowQuery(Query, frozen=True):
    """The signing rule of an organisation or joint account, its mandates, and those offered."""

    organisation: Who


class OffersQuery(Query, frozen=True):
    """The mandates that are offered to oneself."""

    member: Who | None = None


def show(tx: Tables, q: ShowQuery, reader: Context) -> dict[str, Any]:
    party = _organisation(tx, q.organisation)
    rule = tx.get(Signing, party.no)
    return {
        "organisation": PartyNo(party.no),
        "kind": party.kind,
        "status": party.status,
        "signers_needed": None if rule is None else rule.need,
        "mandates": [
            {"signer": PartyNo(m.signer), **_terms(tx, m)}
            for m in tx.scan(Mandate, "key", party.no)
            if registry.mandate(tx, party.no, m.signer, reader.time_ms) is not None
        ],
        "offered": [PartyNo(o.signer) for o in tx.scan(MandateOffer, "key", party.no)],
    }  # fmt: skip


def _terms(tx: Tables, mandate: Mandate | MandateOffer) -> dict[str, Any]:
    """limit_minor holds in every unit that is not among `limits`."""
    limits = [Amount(minor, unit_of(tx, unit).decimals, unit) for unit, minor in mandate.limits.items()]
    return {
        "limit_minor": mandate.limit_minor, "limits": limits, "since_ms": mandate.since_ms,
        "until_ms": mandate.until_ms,
    }  # fmt: skip


def offers(tx: Tables, q: OffersQuery, reader: Context) -> list[dict[str, Any]]:
    party = registry.party_of(tx, q.member or reader.actor.did)
    return [
        {"organisation": PartyNo(o.party), **_terms(tx, o)}
        for o in sorted(tx.scan(MandateOffer, "signer", party.no), key=lambda o: o.party)
    ]  # fmt: skip


_WHICH: tuple[type[Refusal], ...] = (registry.UnknownMember, NoOrganisation)
_ACTIVE = (*_WHICH, registry.NotActive)
_DID = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"

MODULE = Module(
    name="organisation",
    doc=__doc__,
    always_on=True,
    records=membership.RECORDS,
    commands=(
        command(Create, create, private={"name": "members", "contact": "parties role:steward"},
                result="the party's number",
                refuses=(*keyring.USABLE, keyring.KeyNotBound, registry.HandleTaken,
                         registry.UnknownMember, membership.NotAPerson, registry.NotActive, TooFewSigners,
                         TooManySigners),
                example={"did": _DID, "proof": "00" * 64, "handle": "bakery", "signers": ["bob", "carol"], "need": 2,
                         "name": "Bakery on the Corner"}),
        command(Accept, accept, refuses=(*_WHICH, NoOffer, BadMandateTime), result="the party's status then",
                example={"organisation": "bakery"}),
        command(Decline, decline, refuses=(*_WHICH, NoOffer), example={"organisation": "bakery"}),
        command(Admit, admit, refuses=(*_WHICH, TooFewSigners, WrongState), example={"organisation": "bakery"}),
        command(Refuse, refuse, refuses=(*_WHICH, WrongState), private={"reason": "parties role:steward"},
                example={"organisation": "bakery", "reason": "Its members are not members here."}),
        command(Grant, grant, result="'offered', or 'changed'",
                refuses=(*_ACTIVE, membership.NotAPerson, BadMandateTime, UnknownUnit, TooManySigners),
                example={"organisation": "bakery", "signer": "dave", "unit": "CREDIT", "limit": "100"}),
        command(Revoke, revoke, refuses=(*_ACTIVE, membership.NotAPerson, NoMandate, TooFewSigners),
                example={"organisation": "bakery", "signer": "dave"}),
        command(Resign, resign, refuses=(*_ACTIVE, NoMandate, TooFewSigners),
                example={"organisation": "bakery"}),
        command(SetRule, set_rule, refuses=(*_ACTIVE, TooFewSigners), example={"organisation": "bakery", "need": 2}),
        command(Close, close, refuses=(*_ACTIVE, SameAccount, *membership.CLOSES),
                example={"organisation": "bakery", "heir": "ann"}),
    ),
    queries=(
        query("organisation.show", ShowQuery, show, refuses=_WHICH, example={"organisation": "bakery"}),
        query("organisation.offers", OffersQuery, offers, refuses=(registry.UnknownMember,), example={"member": "bob"},
              columns=("organisation", "limit_minor", "limits", "until_ms")),
    ),
    timers=(TimerSpec("organisation.abandon", on_abandon),),
    params=(
        ParamSpec("organisation.forming_days", 60, "How long signers may take to accept, and stewards to admit.", 1,
                  365, "days"),
    ),
    notices=(
        NoticeSpec("organisation.offered", "{member} offers you a mandate for {organisation}. Accept or decline it."),
        NoticeSpec("organisation.admitted", "{organisation} is admitted and can act through its signers."),
        NoticeSpec("organisation.ended", "{organisation} is {status}: your mandate for it has ended."),
        NoticeSpec("organisation.mandate_changed", "Your mandate for {organisation} was changed."),
        NoticeSpec("organisation.mandate_revoked", "Your mandate for {organisation} was revoked."),
        NoticeSpec("organisation.signer_gone", "{member} left and signs for {organisation} no more."),
        NoticeSpec("organisation.short", "{organisation} has {signers} signers and needs {need}: it cannot sign. "
                                         "A decision can mandate further ones."),
    ),
)  # fmt: skip
