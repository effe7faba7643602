"""Intents: what members publish that they would give or take, in the words of ValueFlows (valueflo.ws).

An intent names one party, as provider (an offer) or as receiver (a request), and may be satisfied by as many
commitments as it says. Listings of a time bank, requests for help, jobs and things to lend are all intents; what is
particular to a domain stands in the domain's own records, under the intent's number.

Invariants: an intent is satisfied by at most `quota` commitments that are agreed, under way or done; one that fails
gives its place back; after `until_ms`, or once withdrawn, it is satisfied no more. It must not know domains.
"""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec

from icn_node.kernel import timers
from icn_node.kernel.context import Context
from icn_node.kernel.fields import Private
from icn_node.kernel.lifecycle import Lifecycle, WrongState, step
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.tables import Record, Tables

OFFER, REQUEST = "offer", "request"

INTENT_STATES: Final[Lifecycle] = {
    "": {"publish": "open"},
    "open": {"fill": "filled", "withdraw": "withdrawn", "expire": "expired"},
    "filled": {"reopen": "open", "withdraw": "withdrawn", "expire": "expired"},
    "withdrawn": {},
    "expired": {},
}


class Intent(Record, frozen=True):
    """kind: `offer` (the party would provide) or `request` (it would receive). what: the domain's word for it.

    amount_minor: how much of `unit`, None if that is left open. quota: how many commitments it may have; taken: how
    many have a place. by: who published it, the party itself or who signs for it. note: the private description.
    """

    TABLE: ClassVar[str] = "intent"
    KEY: ClassVar[tuple[str, ...]] = ("no",)
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {
        "listed": ("domain", "state", "no"), "what": ("domain", "state", "what", "no"),
        "party": ("party", "state", "no"),
    }  # fmt: skip
    no: int
    domain: str
    kind: str
    party: int
    what: str
    unit: str
    amount_minor: int | None
    quota: int
    taken: int
    state: str
    since_ms: int
    until_ms: int
    timer: int
    by: int
    note: Private | None = None


RECORDS = (Intent,)


class UnknownIntent(Refusal):
    """No listing of that number in that domain."""

    code = "exchange.unknown_listing"
    text = "There is no listing {listing}."
    advice = "See the listings of the domain, such as `icn timebank listings`."


class TooManyOpen(Refusal):
    """The party has as many open listings or proposals as one may have."""

    code = "exchange.too_many_open"
    text = "{most} are open already; end some first."


REFUSALS: tuple[type[Refusal], ...] = (UnknownIntent, WrongState)


def publish(
    tx: Tables, ctx: Context, *, domain: str, kind: str, party: int, what: str, unit: str, amount_minor: int | None,
    until_ms: int, quota: int = 1, note: Private | None = None,
) -> Intent:  # fmt: skip
    """Publish an offer or a request. It expires at `until_ms`. Raises TooManyOpen."""
    most = ctx.number(tx, "exchange.open_most")
    if tx.count(Intent, "party", party, "open") >= most:
        raise TooManyOpen(most=most)
    no = tx.next_no("intent")
    timer = timers.schedule(tx, until_ms, "exchange.intent_due", no)
    intent = Intent(no, domain, kind, party, what, unit, amount_minor, quota, 0,
                    step(INTENT_STATES, "", "publish", f"listing {no}"), ctx.time_ms, until_ms, timer,
                    ctx.actor.party, note)  # fmt: skip
    tx.append(intent)
    return intent


def intent_of(tx: Tables, no: int, domain: str) -> Intent:
    """The intent of that number and domain. Raises UnknownIntent."""
    found = tx.get(Intent, no)
    if found is None or found.domain != domain:
        raise UnknownIntent(listing=no)
    return found


def end(tx: Tables, intent: Intent, event: str) -> Intent:
    """Withdraw or expire it. Raises WrongState."""
    ended = msgspec.structs.replace(intent, state=step(INTENT_STATES, intent.state, event, f"listing {intent.no}"))
    tx.delete(timers.Timer, intent.timer)
    tx.put(ended)
    return ended


def take(tx: Tables, no: int) -> Intent:
    """Give a commitment a place. Raises WrongState if there is none."""
    intent = tx.get(Intent, no)
    assert intent is not None
    taken = intent.taken + 1
    state = intent.state
    if state != "open" or taken == intent.quota:
        state = step(INTENT_STATES, state, "fill", f"listing {no}")
    intent = msgspec.structs.replace(intent, taken=taken, state=state)
    tx.put(intent)
    return intent


def give_back(tx: Tables, no: int) -> None:
    """A commitment has failed: its place is free again, while the intent lasts."""
    intent = tx.get(Intent, no)
    assert intent is not None
    assert intent.taken > 0
    state = intent.state
    if state == "filled":
        state = step(INTENT_STATES, state, "reopen", f"listing {no}")
    tx.put(msgspec.structs.replace(intent, taken=intent.taken - 1, state=state))
