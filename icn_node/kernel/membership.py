"""Membership: the lifecycles of parties, and what beginning, ending and taking over one does to everything it holds.

The tables below are the whole truth of which state follows which. Ending a membership ends its roles, mandates, offers,
groups and open invitations in the same step; its device keys stay, so that somebody who left can still read what is
theirs; its accounts are emptied first, by transfers that respect every floor and ceiling. Who may cause a step is the
policy's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

import msgspec

from icn_node.kernel import keyring, ledger, registry, roles, turnover
from icn_node.kernel.fields import Private
from icn_node.kernel.ledger import Leg
from icn_node.kernel.lifecycle import Lifecycle, WrongState, step
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.registry import Party
from icn_node.kernel.tables import Record, Tables

if TYPE_CHECKING:
    from icn_node.kernel.context import Context

PERSON_STATES: Final[Lifecycle] = {
    "": {"join": "active", "apply": "applied"},
    "applied": {"join": "active", "admit": "active", "refuse": "refused", "withdraw": "withdrawn", "lapse": "lapsed"},
    "withdrawn": {"join": "active", "apply": "applied"},
    "lapsed": {"join": "active", "apply": "applied"},
    # An invitation is one member's word: it does not overrule a refusal, nor bring back who left under a cloud.
    "refused": {"apply": "applied"},
    "left": {"apply": "applied"},
    "active": {"suspend": "suspended", "leave": "left", "expel": "expelled"},
    "suspended": {"reinstate": "active", "leave": "left", "expel": "expelled"},
    "expelled": {"readmit": "active"},
}

# Organisations and joint accounts. They are formed once every founding signer has accepted.
ORGANISATION_STATES: Final[Lifecycle] = {
    "": {"create": "forming"},
    "forming": {"complete": "applied", "abandon": "abandoned"},
    "applied": {"admit": "active", "refuse": "refused", "abandon": "abandoned"},
    "active": {"close": "closed"},
    "abandoned": {},
    "refused": {},
    "closed": {},
}

LABEL_STATES: Final[Lifecycle] = {"unclaimed": {"claim": "claimed"}, "claimed": {}}

STATES: Final[dict[str, Lifecycle]] = {
    registry.PERSON: PERSON_STATES,
    registry.ORGANISATION: ORGANISATION_STATES,
    registry.JOINT: ORGANISATION_STATES,
    registry.LABEL: LABEL_STATES,
}

# What other modules are told ("member.active", ref: the party's number) when a party enters a state.
TOLD: Final[tuple[str, ...]] = ("active", "suspended", "left", "expelled", "closed", "claimed")


class MandateOffer(Record, frozen=True):
    """A mandate that its signer has not accepted yet; limits and end as in `registry.Mandate`."""

    TABLE: ClassVar[str] = "mandate_offer"
    KEY: ClassVar[tuple[str, ...]] = ("party", "signer")
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {"signer": ("signer",)}
    party: int
    signer: int
    limit_minor: int | None
    limits: dict[str, int]
    until_ms: int | None
    since_ms: int


RECORDS: tuple[type[Record], ...] = (*roles.RECORDS, MandateOffer)


class OpenObligations(Refusal):
    """The accounts are not empty, or hold what other people wait for."""

    code = "open_obligations"
    text = "{member} has open obligations: {open}."
    advice = "Pay what is owed, spend or hand over what is left (an heir, or the space), and end what is on hold."


class NotUnclaimed(Refusal):
    """The number is no account of imported books, or it was claimed already."""

    code = "no_unclaimed_label"
    text = "Party {label} is no unclaimed account of imported books."
    advice = "See `icn member list --kind label --status unclaimed`."


class HandleNeeded(Refusal):
    """Neither the invitation nor whoever joins names a handle."""

    code = "handle_needed"
    text = "Choose a handle to be known by."


class NotAPerson(Refusal):
    """The command is about persons, and the party is an organisation, joint account or label."""

    code = "not_a_person"
    text = "{member} is no person."


class NothingChanged(Refusal):
    """The command states nothing new."""

    code = "nothing_changed"
    text = "This states nothing new."


class TooEarly(Refusal):
    """An act that may be done again only after some time."""

    code = "too_early"
    text = "This can be done again from {from_ms} on."


ENTERS: tuple[type[Refusal], ...] = (registry.HandleTaken, WrongState, *keyring.USABLE)
CLOSES: tuple[type[Refusal], ...] = (OpenObligations, ledger.OverCeiling, ledger.AccountClosed)
TAKES_OVER: tuple[type[Refusal], ...] = (OpenObligations, ledger.AccountClosed, ledger.OutOfRange)


def move(tx: Tables, ctx: Context, party: Party, event: str, **changes: Any) -> Party:
    """Take a step of the party's lifecycle, with further changes of its row. Raises WrongState."""
    status = step(STATES[party.kind], party.status, event, party.did or f"party {party.no}")
    since = party.member_since_ms
    if since is None and registry.ACTIVE in (party.status, status):
        since = party.since_ms if party.status == registry.ACTIVE else ctx.time_ms
    after: Party = msgspec.structs.replace(
        party, **{"status": status, "changed_ms": ctx.time_ms, "member_since_ms": since, **changes}
    )
    registry.enter(tx, after)
    if status in TOLD:
        ctx.tell(tx, f"member.{status}", party.no)
    return after


def acting(tx: Tables, ctx: Context) -> Party:
    """The party that acts, in its own affairs. Raises UnknownMember: a decision is nobody's own affair."""
    found = tx.get(Party, ctx.actor.party)
    if found is None:
        raise registry.UnknownMember(member=ctx.actor.did or "the space")
    return found


def person(tx: Tables, did: str) -> Party:
    """The person with that DID. Raises UnknownMember, NotAPerson."""
    found = registry.party_of(tx, did)
    if found.kind != registry.PERSON:
        raise NotAPerson(member=did)
    return found


def enter_person(
    tx: Tables, ctx: Context, event: str, handle: str, custody: str, name: Private | None, contact: Private | None
) -> Party:
    """Enter the actor, with the key that signed, or take who was entered before through the step.

    Raises ENTERS, and without any handle HandleNeeded.
    """
    former = None if ctx.actor.stranger else tx.get(Party, ctx.actor.party)
    handle = handle or ("" if former is None else former.handle)
    if not handle:
        raise HandleNeeded
    registry.check_handle(tx, handle, None if former is None else former.no)
    if former is not None:
        give_up_handle(tx, ctx, former, handle)
        return move(tx, ctx, former, event, handle=handle, name=name or former.name, contact=contact or former.contact)
    public = keyring.usable(tx, ctx.actor.did)
    no = tx.next_no("party")
    blank = Party(no, ctx.actor.did, handle, registry.PERSON, "", ctx.time_ms, ctx.time_ms, name, contact)
    tx.put(registry.Device(public, no, custody, ctx.time_ms))
    return move(tx, ctx, blank, event)


def give_up_handle(tx: Tables, ctx: Context, party: Party, new: str) -> None:
    """A handle that a member was known by stays reserved to it; an applicant's goes back to whoever wants it."""
    known = party.member_since_ms is not None or party.status == registry.ACTIVE
    if known and party.handle and party.handle != new:
        tx.put(registry.FormerHandle(party.handle, party.no, ctx.time_ms))


def end_offices(tx: Tables, ctx: Context, party: Party) -> None:
    """End the party's roles, mandates, offered mandates, groups and open invitations."""
    for held in registry.roles_of(tx, party.no, ctx.time_ms):
        roles.end(tx, ctx, held.role, party, "left")
    for given in tx.scan(registry.Mandate, "signer", party.no):
        tx.delete(registry.Mandate, given.party, given.signer)
        _tell_signers(tx, ctx, given.party, party)
    for offer in tx.scan(MandateOffer, "signer", party.no):
        tx.delete(MandateOffer, offer.party, offer.signer)
    for member in tx.scan(registry.GroupMember, "party", party.no):
        tx.delete(registry.GroupMember, member.group_name, member.party)
    for invitation in tx.scan(registry.Invitation, "inviter", party.no, "open"):
        tx.put(msgspec.structs.replace(invitation, status="withdrawn"))


def _tell_signers(tx: Tables, ctx: Context, organisation: int, gone: Party) -> None:
    """A signer is gone: say so to the others, and to the operators if too few are left to sign anything."""
    row, rule = tx.get(Party, organisation), tx.get(registry.Signing, organisation)
    assert row is not None
    left = registry.signers(tx, organisation, ctx.time_ms)
    for signer in left:
        ctx.notify(tx, signer, "organisation.signer_gone", organisation=row.did, member=gone.did)
    if rule is not None and len(left) < rule.need and row.status == registry.ACTIVE:
        ctx.notify(tx, registry.SPACE, "organisation.short", organisation=row.did, signers=len(left), need=rule.need)


def empty_accounts(
    tx: Tables, ctx: Context, party: Party, *, heir: int | None, to_space: bool, cover: bool, kind: str
) -> None:
    """Empty every account of the party in an open unit, as linked transfers. Raises OpenObligations or the ledger's.

    What is left goes to the heir, or to the space's own account; units that are not transferable go back to where they
    were minted, or to the space. cover: the space's account pays what is owed, as far as it can.
    """
    legs, still_open = [], []
    for account in _accounts(tx, party.no):
        unit = ledger.unit_of(tx, account.unit)
        balance = account.balance_minor
        if account.held_in_minor or account.held_out_minor:
            still_open.append(f"{unit.code} on hold")
        elif unit.status != "open" or balance == 0:
            continue
        elif balance < 0:
            legs.append(Leg(unit.code, registry.SPACE, party.no, -balance, kind))
            if not cover:
                still_open.append(f"{unit.code} owed")
        elif not unit.transferable:
            sub = ledger.ISSUANCE if ledger.supply(tx, unit.code) > 0 else ledger.MAIN
            legs.append(Leg(unit.code, party.no, registry.SPACE, balance, kind, payee_sub=sub))
        elif heir is not None:
            legs.append(Leg(unit.code, party.no, heir, balance, kind))
        else:
            legs.append(Leg(unit.code, party.no, registry.SPACE, balance, kind))
            if not to_space:
                still_open.append(f"{unit.code} left over")
    if still_open:
        raise OpenObligations(member=party.did or f"party {party.no}", open=", ".join(still_open))
    if legs:
        ledger.post(tx, ctx, tuple(legs))


def close_accounts(tx: Tables, party: int) -> None:
    """Close every account of a party in open units; they have been emptied."""
    for account in _accounts(tx, party):
        if ledger.unit_of(tx, account.unit).status == "open":
            ledger.close_account(tx, account.unit, party)


def _accounts(tx: Tables, party: int) -> list[ledger.Account]:
    found = [a for a in tx.scan(ledger.Account, "owner", party) if a.sub == ledger.MAIN]
    return sorted(found, key=lambda a: a.unit)


def unclaimed(tx: Tables, label: int) -> Party:
    """The unclaimed account of imported books. Raises NotUnclaimed."""
    found = tx.get(Party, label)
    if found is None or found.kind != registry.LABEL or found.status != "unclaimed":
        raise NotUnclaimed(label=label)
    return found


def take_over(tx: Tables, ctx: Context, label: Party, by: Party) -> None:
    """Move what an imported account holds to the member who claimed it, whole, and close it. Raises TAKES_OVER.

    Limits do not apply: the imported history may lie below the floor that the member's own account has.
    """
    legs = []
    for account in _accounts(tx, label.no):
        if account.held_in_minor or account.held_out_minor:
            raise OpenObligations(member=f"party {label.no}", open=f"{account.unit} on hold")
        balance = account.balance_minor
        if balance and ledger.unit_of(tx, account.unit).status == "open":
            payer, payee = (label.no, by.no) if balance > 0 else (by.no, label.no)
            legs.append(Leg(account.unit, payer, payee, abs(balance), "claim", ref=label.no))
    if legs:
        ledger.post(tx, ctx, tuple(legs), limits=False)
    turnover.hand_over(tx, [account.unit for account in _accounts(tx, label.no)], label.no, by.no)
    close_accounts(tx, label.no)
    move(tx, ctx, label, "claim", claimed_by=by.no)
