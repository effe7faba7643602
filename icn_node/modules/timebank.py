"""Time bank: an hour is an hour. Minutes given are earned by the giver and spent by the receiver once both confirm.

One side logs what was given, which is its own word for it; the other confirms. A broker may log for two members; then
both confirm. Members list what they seek and offer, and agree before they give. Hours that one owns can be traded on.
The fair-exchange index sets what a member spent against what it earned in the last months, and alerts when the one
runs ahead of the other. The lifecycle is `kernel.exchanges`, the unit and the index are `kernel.hours`.
"""

from __future__ import annotations

import datetime
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from icn_node.kernel import (
    account_views,
    calendar,
    charter,
    exchanges,
    hour_views,
    hours,
    intents,
    ledger,
    registry,
    units,
)  # fmt: skip
from icn_node.kernel.commitment import Exchange, NotParty, Payment, SameParty, Terms
from icn_node.kernel.context import Context
from icn_node.kernel.fields import INT64_MAX, Day, Minutes, Name, No, Private, TimeMs, Who
from icn_node.kernel.hours import HOUR
from icn_node.kernel.ledger import DAY_MS, Leg
from icn_node.kernel.module import (
    Command,
    Module,
    NoticeSpec,
    ParamSpec,
    Query,
    ReactionSpec,
    command,
    query,
)
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.tables import Tables

DOMAIN = "timebank"
EARNED, TRADED = "hours", "trade"  # the kinds of its transfers
FURTHEST_MS = 366 * DAY_MS  # how far ahead a listing or an appointment may lie

AnyMinutes = Annotated[int, Meta(ge=1, le=INT64_MAX, extra={"kind": "minutes"},
                                 description="minutes; '1h30' and '1:30' are understood")]  # fmt: skip
LimitMinutes = Annotated[int, Meta(ge=-INT64_MAX, le=INT64_MAX, extra={"kind": "minutes"},
                                   description="minutes of either sign; '-40h' is understood")]  # fmt: skip
Times = Annotated[int, Meta(ge=1, le=1000)]
Names = Annotated[tuple[Name, ...], Meta(max_length=hours.CATEGORIES_MOST)]
After = Annotated[int, Meta(ge=0)]
Limit = Annotated[int, Meta(ge=1, le=1000)]


class FutureDay(Refusal):
    """The day on which the hours were given is still to come."""

    code = "timebank.future_day"
    text = "{day} is still to come; today is {today}."


class BadTime(Refusal):
    """A listing or an appointment in the past, or too far ahead."""

    code = "timebank.bad_time"
    text = "The time must lie ahead, and before {latest}."


class MinutesNeeded(Refusal):
    """Neither the listing nor the command says how many minutes, or somebody signs for another without saying so."""

    code = "timebank.minutes_needed"
    text = "Say how many minutes."


class MinutesDiffer(Refusal):
    """The minutes stated are not those of the exchange."""

    code = "timebank.minutes_differ"
    text = "Exchange {exchange} is about {amount} {unit}."
    advice = "Decline it, and log what was given."


class BrokerOnly(Refusal):
    """`asked_by` where no broker enters for others, or naming somebody else than the two."""

    code = "timebank.broker_only"
    text = "asked_by says which of the two asked the broker who enters for them."


class NotOwned(Refusal):
    """A trade of hours that the payer does not own."""

    code = "timebank.not_owned"
    text = "{available} of {unit} are there to trade, not {amount}."
    advice = "Hours that one owes are earned by giving, not traded."


# -- commands ----------------------------------------------------------------------------------------------------------


class Minuted(Command, frozen=True):
    """Base of the commands that approvals may be asked for by their minutes."""

    @property
    def unit(self) -> str:
        """The unit that a signer's own limit is stated in."""
        return HOUR

    @property
    def amount_minor(self) -> int:
        """The minutes, 0 if the command states none."""
        return getattr(self, "minutes", None) or 0


class SetUp(Command, frozen=True):
    """Make the unit of hours, or change its limits: for new accounts; those that exist keep theirs.

    floor: how far a member may owe; ceiling: how much one may own; warn: where a notice is given. What is not given
    stays, or is as the parameters say.
    """

    OP: ClassVar[str] = "timebank.set_up"
    floor_minutes: LimitMinutes | None = None
    no_floor: bool = False
    ceiling_minutes: LimitMinutes | None = None
    no_ceiling: bool = False
    warn_floor_minutes: LimitMinutes | None = None
    warn_ceiling_minutes: LimitMinutes | None = None
    approval_above_minutes: LimitMinutes | None = None


class ChangeCategories(Command, frozen=True):
    """Add and remove categories of what hours are given for."""

    OP: ClassVar[str] = "timebank.change_categories"
    add: Names = ()
    remove: Names = ()


class Listing(Command, frozen=True):
    """Base of request and offer. minutes: how long it takes, if that is known. times: how often it can be taken up."""

    category: Name
    minutes: Minutes | None = None
    times: Times = 1
    until_ms: TimeMs | None = None
    party: Who | None = None
    note: Private | None = None


class Request(Listing, frozen=True):
    """List something that you need done."""

    OP: ClassVar[str] = "timebank.request"


class Offer(Listing, frozen=True):
    """List something that you would do for others."""

    OP: ClassVar[str] = "timebank.offer"


class Unlist(Command, frozen=True):
    """Take one of your listings back. Proposals on it are declined; what was agreed stays."""

    OP: ClassVar[str] = "timebank.unlist"
    listing: No
    party: Who | None = None


class Accept(Minuted, frozen=True):
    """Take a listing up. With its own minutes that is agreed; with others, or where it states none, it is a proposal
    to whoever listed it. due_ms: when it is to be done."""

    OP: ClassVar[str] = "timebank.accept"
    listing: No
    minutes: Minutes | None = None
    due_ms: TimeMs | None = None
    party: Who | None = None
    note: Private | None = None


class Agree(Minuted, frozen=True):
    """Agree to what somebody proposed on your listing. minutes: those you agree to, if you sign for another."""

    OP: ClassVar[str] = "timebank.agree"
    exchange: No
    minutes: Minutes | None = None
    party: Who | None = None


class Log(Minuted, frozen=True):
    """Log minutes that were given. Whoever of the two logs has confirmed with it; nothing moves until the other does.

    giver, receiver: not given means you. on_day: when, today if not given. A broker logs for two others, who both
    confirm, unless the bylaws take the broker's word for the one named in asked_by.
    """

    OP: ClassVar[str] = "timebank.log"
    minutes: Minutes
    category: Name
    giver: Who | None = None
    receiver: Who | None = None
    on_day: Day | None = None
    asked_by: Who | None = None
    note: Private | None = None


class Confirm(Minuted, frozen=True):
    """Confirm that it was given as agreed or logged; with the second confirmation the minutes move."""

    OP: ClassVar[str] = "timebank.confirm"
    exchange: No
    minutes: Minutes | None = None
    party: Who | None = None


class Decline(Command, frozen=True):
    """Decline what somebody proposed to you, or deny that it was given as logged. Name the other to write to them."""

    OP: ClassVar[str] = "timebank.decline"
    exchange: No
    party: Who | None = None
    other: Who | None = None
    reason: Private | None = None


class Cancel(Command, frozen=True):
    """Take back what you proposed or logged, or call off what was agreed, as long as nobody has confirmed it."""

    OP: ClassVar[str] = "timebank.cancel"
    exchange: No
    party: Who | None = None


class Dispute(Command, frozen=True):
    """Ask the arbiter to rule, instead of confirming or after the other side denied. Name the other to write to them
    too."""

    OP: ClassVar[str] = "timebank.dispute"
    exchange: No
    party: Who | None = None
    other: Who | None = None
    reason: Private | None = None


class Trade(Minuted, frozen=True):
    """Pay hours that you own to somebody, for whatever you please. Nobody trades hours on credit."""

    OP: ClassVar[str] = "timebank.trade"
    payee: Who
    minutes: AnyMinutes
    payer: Who | None = None
    note: Private | None = None


# -- handlers ----------------------------------------------------------------------------------------------------------


def set_up(tx: Tables, cmd: SetUp, ctx: Context) -> None:
    unit = hours.unit_of(tx, ctx)
    floor, ceiling = cmd.floor_minutes, cmd.ceiling_minutes
    warn_floor, warn_ceiling = cmd.warn_floor_minutes, cmd.warn_ceiling_minutes
    # A new limit takes along a warning that would lie beyond it.
    if warn_floor is None and floor is not None and unit.soft_floor_minor is not None:
        warn_floor = max(floor, unit.soft_floor_minor)
    if warn_ceiling is None and ceiling is not None and unit.soft_ceiling_minor is not None:
        warn_ceiling = min(ceiling, unit.soft_ceiling_minor)
    terms = hours.Terms(
        HOUR, floor_minor=floor, no_floor=cmd.no_floor, ceiling_minor=ceiling,
        no_ceiling=cmd.no_ceiling, soft_floor_minor=warn_floor, soft_ceiling_minor=warn_ceiling,
        approval_above_minor=cmd.approval_above_minutes,
    )  # fmt: skip
    units.change(tx, terms, kind=units.HOURS)


def change_categories(tx: Tables, cmd: ChangeCategories, ctx: Context) -> None:
    known = hours.category_names(tx)
    for name in cmd.remove:
        hours.check_category(tx, name)
    names = tuple(sorted((set(known) | set(cmd.add)) - set(cmd.remove)))
    if not 1 <= len(names) <= hours.CATEGORIES_MOST:
        raise hours.BadCategories(count=len(names), most=hours.CATEGORIES_MOST)
    tx.put(hours.Categories(1, names, ctx.time_ms))


def _party(tx: Tables, named: str | None, ctx: Context) -> int:
    """The party that a field names, if it is active; the actor if it names none."""
    if named is None or named == ctx.actor.did:
        return ctx.actor.party
    return registry.active_party(tx, named).no


def _did(tx: Tables, party: int) -> str:
    found = tx.get(registry.Party, party)
    assert found is not None
    return found.did


def _time(ctx: Context, wanted_ms: int | None, default_ms: int) -> int:
    latest = ctx.time_ms + FURTHEST_MS
    if wanted_ms is None:
        return min(default_ms, latest)
    if not ctx.time_ms < wanted_ms <= latest:
        raise BadTime(latest=_iso(latest // DAY_MS))
    return wanted_ms


def _iso(day: int) -> str:
    return (calendar.EPOCH + datetime.timedelta(days=day)).isoformat()


def _list(tx: Tables, cmd: Listing, ctx: Context, kind: str) -> int:
    hours.unit_of(tx, ctx)
    hours.check_category(tx, cmd.category)
    until_ms = _time(ctx, cmd.until_ms, ctx.time_ms + ctx.number(tx, "timebank.listing_days") * DAY_MS)
    return intents.publish(
        tx, ctx, domain=DOMAIN, kind=kind, party=_party(tx, cmd.party, ctx), what=cmd.category, unit=HOUR,
        amount_minor=cmd.minutes, until_ms=until_ms, quota=cmd.times, note=cmd.note,
    ).no  # fmt: skip


def request(tx: Tables, cmd: Request, ctx: Context) -> int:
    return _list(tx, cmd, ctx, intents.REQUEST)


def offer(tx: Tables, cmd: Offer, ctx: Context) -> int:
    return _list(tx, cmd, ctx, intents.OFFER)


def unlist(tx: Tables, cmd: Unlist, ctx: Context) -> None:
    intent = intents.intent_of(tx, cmd.listing, DOMAIN)
    if intent.party != _party(tx, cmd.party, ctx):
        raise intents.UnknownIntent(listing=cmd.listing)
    exchanges.end_intent(tx, ctx, intent, "withdraw")


def accept(tx: Tables, cmd: Accept, ctx: Context) -> int:
    intent = intents.intent_of(tx, cmd.listing, DOMAIN)
    party = _party(tx, cmd.party, ctx)
    minutes = cmd.minutes or intent.amount_minor
    if minutes is None or (cmd.minutes is None and party != ctx.actor.party):
        raise MinutesNeeded
    registry.active_party(tx, _did(tx, intent.party))
    giver, receiver = (intent.party, party) if intent.kind == intents.OFFER else (party, intent.party)
    terms = _terms(
        intent.what, minutes, giver, receiver, escrow=ctx.param(tx, "timebank.escrow") is True, intent=intent.no,
        due_ms=_time(ctx, cmd.due_ms, ctx.time_ms), note=cmd.note,
    )  # fmt: skip
    take = exchanges.accept if minutes == intent.amount_minor else exchanges.propose
    return take(tx, ctx, terms, party).no


def _terms(
    category: str, minutes: int, giver: int, receiver: int, *, escrow: bool = False, day: int | None = None,
    due_ms: int = 0, intent: int = 0, note: Private | None = None,
) -> Terms:  # fmt: skip
    """An hour is an hour: the receiver pays the giver the minutes, whatever they were spent on."""
    payment = Payment(receiver, giver, minutes, EARNED)
    return Terms(DOMAIN, category, HOUR, minutes, giver, receiver, HOUR, (payment,), escrow, day, due_ms, intent, note)


def log(tx: Tables, cmd: Log, ctx: Context) -> int:
    hours.unit_of(tx, ctx)
    hours.check_category(tx, cmd.category)
    giver, receiver = _party(tx, cmd.giver, ctx), _party(tx, cmd.receiver, ctx)
    if giver == receiver:
        raise SameParty
    today = charter.local_day(tx, ctx.time_ms)
    day = today if cmd.on_day is None else cmd.on_day
    if day > today:
        raise FutureDay(day=_iso(day), today=_iso(today))
    terms = _terms(cmd.category, cmd.minutes, giver, receiver, day=day, note=cmd.note)
    for party in (giver, receiver):
        if exchanges.acts_for(tx, ctx, party):
            if cmd.asked_by is not None:
                raise BrokerOnly
            return exchanges.report(tx, ctx, terms, party, party).no
    asked = None if cmd.asked_by is None else _party(tx, cmd.asked_by, ctx)
    if asked not in (None, giver, receiver):
        raise BrokerOnly
    taken = asked if ctx.param(tx, "timebank.broker_confirms") is True else None
    return exchanges.report(tx, ctx, terms, None, taken).no


def _side(tx: Tables, cmd: Agree | Confirm, ctx: Context) -> tuple[Exchange, int]:
    """The exchange, and the party for which the actor answers; who signs away another's hours says how many."""
    row = exchanges.exchange_of(tx, cmd.exchange, DOMAIN)
    party = _party(tx, cmd.party, ctx)
    if cmd.minutes is None and party != ctx.actor.party and party == row.receiver:
        raise MinutesNeeded
    if cmd.minutes not in (None, row.amount_minor):
        raise MinutesDiffer(exchange=row.no, amount=row.amount_minor, unit=HOUR)
    return row, party


def agree(tx: Tables, cmd: Agree, ctx: Context) -> str:
    row, party = _side(tx, cmd, ctx)
    return exchanges.agree(tx, ctx, row, party).state


def confirm(tx: Tables, cmd: Confirm, ctx: Context) -> str:
    row, party = _side(tx, cmd, ctx)
    return exchanges.confirm(tx, ctx, row, party).state


def _answer(tx: Tables, cmd: Decline | Dispute, ctx: Context) -> tuple[Exchange, int]:
    row = exchanges.exchange_of(tx, cmd.exchange, DOMAIN)
    party = _party(tx, cmd.party, ctx)
    other = {row.provider: row.receiver, row.receiver: row.provider}.get(party)
    if cmd.other is not None and registry.party_of(tx, cmd.other).no != other:
        raise NotParty(side="the other party", exchange=row.no)
    return row, party


def decline(tx: Tables, cmd: Decline, ctx: Context) -> str:
    row, party = _answer(tx, cmd, ctx)
    return exchanges.decline(tx, ctx, row, party, cmd.reason).state


def cancel(tx: Tables, cmd: Cancel, ctx: Context) -> str:
    row = exchanges.exchange_of(tx, cmd.exchange, DOMAIN)
    return exchanges.call_off(tx, ctx, row, _party(tx, cmd.party, ctx)).state


def dispute(tx: Tables, cmd: Dispute, ctx: Context) -> str:
    row, party = _answer(tx, cmd, ctx)
    return exchanges.dispute(tx, ctx, row, party, cmd.reason).state


def trade(tx: Tables, cmd: Trade, ctx: Context) -> int:
    hours.unit_of(tx, ctx)
    payer, payee = _party(tx, cmd.payer, ctx), registry.active_party(tx, cmd.payee).no
    available = hours.spendable(tx, payer)
    if cmd.minutes > available:
        raise NotOwned(available=available, unit=HOUR, amount=cmd.minutes)
    no = ledger.post(tx, ctx, (Leg(HOUR, payer, payee, cmd.minutes, TRADED, day=charter.local_day(tx, ctx.time_ms),
                                   memo=cmd.note),))[0]  # fmt: skip
    ctx.notify(tx, payee, "timebank.traded", by=cmd.payer or ctx.actor.did, amount=cmd.minutes, unit=HOUR, transfer=no)
    hours.watch(tx, ctx, no)
    return no


# -- queries -----------------------------------------------------------------------------------------------------------


class Balance(Query, frozen=True):
    """The hours somebody owns (or owes, below zero), can still spend and still earn, and has on hold."""

    member: Who | None = None


class History(Query, frozen=True):
    """Hours given and received, traded or otherwise booked, the newest first. after: the last number seen."""

    member: Who | None = None
    after: After = 0
    limit: Limit = 50


class IndexQuery(Query, frozen=True):
    """The fair-exchange index: earned and spent in the last months, spent over earned, and whether that is beyond the
    mark. Of one member, or of everyone who has an account of hours. after: the last number seen."""

    member: Who | None = None
    everyone: bool = False
    after: After = 0
    limit: Limit = 50


class Listings(Query, frozen=True):
    """Open requests and offers, by number; of one kind, in one category, or all. after: the last number seen."""

    kind: Annotated[str, Meta(pattern="^(offer|request|)$")] = ""
    category: Annotated[str, Meta(max_length=64)] = ""
    after: After = 0
    limit: Limit = 50


class CategoriesQuery(Query, frozen=True):
    """What hours are given for."""


def _member(tx: Tables, named: str | None, reader: Context) -> int:
    return reader.actor.party if named is None else registry.party_of(tx, named).no


def balance(tx: Tables, q: Balance, reader: Context) -> dict[str, Any]:
    return hour_views.balance(tx, _member(tx, q.member, reader), reader.time_ms)


def history(tx: Tables, q: History, reader: Context) -> list[dict[str, Any]]:
    return hour_views.history(tx, _member(tx, q.member, reader), q.after, q.limit, EARNED)


def index(tx: Tables, q: IndexQuery, reader: Context) -> list[dict[str, Any]]:
    if q.everyone:
        return hour_views.index_of_everyone(tx, reader, q.after, q.limit)
    return [hour_views.index(tx, reader, _member(tx, q.member, reader))]


def listings(tx: Tables, q: Listings, reader: Context) -> list[dict[str, Any]]:
    return hour_views.listings(tx, DOMAIN, q.kind, q.category, q.after, q.limit)


def categories(tx: Tables, q: CategoriesQuery, reader: Context) -> list[dict[str, Any]]:
    return [{"category": name} for name in hours.category_names(tx)]


# -- declaration -------------------------------------------------------------------------------------------------------

_WHO: tuple[type[Refusal], ...] = (registry.UnknownMember, registry.NotActive)
_LISTS = (*_WHO, *hours.REFUSALS, hours.UnknownCategory, BadTime, intents.TooManyOpen)
_WHY = {"reason": "parties role:steward"}
_BOB = "bob"

MODULE = Module(
    name="timebank",
    doc=__doc__,
    views=account_views.HOUR_VIEWS,
    primitives=(("log_hours", "timebank.log"), ("trade_hours", "timebank.trade"), ("hour_balance", "hour_balance")),
    records=hours.RECORDS,
    commands=(
        command(SetUp, set_up, refuses=hours.REFUSALS, example={"floor_minutes": "-40h", "ceiling_minutes": "100h"}),
        command(ChangeCategories, change_categories, refuses=(hours.UnknownCategory, hours.BadCategories),
                example={"add": ["bicycle-repair"], "remove": ["sewing"]}),
        command(Request, request, refuses=_LISTS, private={"note": "members"}, result="the listing's number",
                example={"category": "gardening", "minutes": "2h", "note": "the hedge"}),
        command(Offer, offer, refuses=_LISTS, private={"note": "members"}, result="the listing's number",
                example={"category": "cooking", "times": 10}),
        command(Unlist, unlist, refuses=(*_WHO, *intents.REFUSALS), example={"listing": 1}),
        command(Accept, accept, private={"note": "parties"}, result="the exchange's number",
                refuses=(*_WHO, intents.UnknownIntent, MinutesNeeded, BadTime, intents.TooManyOpen,
                         *exchanges.ACCEPTS),
                example={"listing": 1, "minutes": "2h"}),
        command(Agree, agree, refuses=(*_WHO, MinutesNeeded, MinutesDiffer, *exchanges.AGREES),
                result="the state", example={"exchange": 1}),
        command(Log, log, private={"note": "parties"}, result="the exchange's number",
                refuses=(*_WHO, *hours.REFUSALS, hours.UnknownCategory, FutureDay, BrokerOnly, *exchanges.REPORTS),
                example={"receiver": _BOB, "minutes": "1h30", "category": "gardening", "note": "the hedge"}),
        command(Confirm, confirm, refuses=(*_WHO, MinutesNeeded, MinutesDiffer, *exchanges.CONFIRMS),
                result="the state", example={"exchange": 1}),
        command(Decline, decline, refuses=(*_WHO, *exchanges.DECLINES), private={"reason": "parties"},
                result="the state", example={"exchange": 1}),
        command(Cancel, cancel, refuses=(*_WHO, *exchanges.CALLS_OFF), result="the state", example={"exchange": 1}),
        command(Dispute, dispute, refuses=(*_WHO, *exchanges.DISPUTES), private=_WHY, result="the state",
                example={"exchange": 1, "other": _BOB, "reason": "it was one hour"}),
        command(Trade, trade, refuses=(*_WHO, *hours.REFUSALS, NotOwned, *ledger.REFUSALS),
                private={"note": "parties"}, result="the transfer's number",
                example={"payee": _BOB, "minutes": "1h"}),
    ),
    queries=(
        query("timebank.balance", Balance, balance, columns=hour_views.BALANCE, refuses=(registry.UnknownMember,),
              ccl=True, example={"member": _BOB}),
        query("timebank.history", History, history, refuses=(registry.UnknownMember,),
              columns=hour_views.HISTORY, example={"limit": 20}),
        query("timebank.index", IndexQuery, index, refuses=(registry.UnknownMember,), ccl=True,
              columns=hour_views.INDEX, example={"member": _BOB}),
        query("timebank.listings", Listings, listings, columns=hour_views.LISTINGS, example={"kind": "offer"}),
        query("timebank.categories", CategoriesQuery, categories, columns=("category",)),
    ),
    reactions=(ReactionSpec("exchange.ended", hours.exchange_ended),),
    params=(
        ParamSpec("timebank.floor_minutes", -2400, "how far a new account of hours may go below zero",
                  -INT64_MAX, 0, "minutes"),
        ParamSpec("timebank.ceiling_minutes", 6000, "how far it may go above zero", 0, unit="minutes"),
        ParamSpec("timebank.norm_minutes", 600, "what members should keep within, given and received set off",
                  unit="minutes"),
        ParamSpec("timebank.alert_hundredths", 200, "spent over earned above which a member is alerted", 1, 100_000,
                  "hundredths"),
        ParamSpec("timebank.index_months", 6, "calendar months that the fair-exchange index looks back", 1, 120,
                  "months"),
        ParamSpec("timebank.index_kinds", "hours trade transfer import aid",
                  "kinds of transfer that count in the index, separated by spaces"),
        ParamSpec("timebank.listing_days", 90, "days until a listing lapses", 1, 366, "days"),
        ParamSpec("timebank.escrow", default=False, doc="hours are put on hold when an exchange is agreed"),
        ParamSpec("timebank.broker_confirms", default=False,
                  doc="a broker's word confirms for the one of the two who asked"),
        ParamSpec("timebank.published", default=False, doc="members see each other's balances and index"),
    ),
    notices=(
        NoticeSpec("timebank.traded", "{by} paid you {amount} of hours (transfer {transfer})."),
        NoticeSpec("timebank.alert",
                   "In the last {months} months you received {spent} hours and gave {earned}. Time to give some back."),
    ),
)  # fmt: skip
