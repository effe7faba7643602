"""Commitments: the terms on which one party provides something to another, and their row, in the words of ValueFlows.

The lifecycle is a literal table; `kernel.exchanges` is the one that takes steps in it. What a domain adds (where, how
urgent, which tool) stands in the domain's own records, under the exchange's number.
"""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec

from icn_node.kernel import ledger
from icn_node.kernel.fields import Private
from icn_node.kernel.lifecycle import Lifecycle
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.tables import Record

EXCHANGE_STATES: Final[Lifecycle] = {
    "": {"propose": "proposed", "report": "reported", "agree": "agreed"},
    "proposed": {"agree": "agreed", "decline": "declined", "withdraw": "withdrawn", "expire": "expired"},
    "reported": {
        "confirm": "reported", "complete": "completed", "decline": "denied", "withdraw": "withdrawn",
        "dispute": "disputed", "lapse": "settled", "expire": "expired",
    },
    "agreed": {
        "confirm": "agreed", "complete": "completed", "cancel": "cancelled", "dispute": "disputed",
        "lapse": "settled", "expire": "expired",
    },
    "denied": {"dispute": "disputed"},
    "disputed": {
        "confirm": "disputed", "complete": "completed", "cancel": "cancelled",
        "settle": "settled", "release": "released", "split": "split",
    },
    "completed": {}, "settled": {}, "released": {}, "split": {},
    "declined": {}, "withdrawn": {}, "cancelled": {}, "expired": {},
}  # fmt: skip
OPEN: Final = ("proposed", "reported", "agreed", "disputed")
FULFILLED: Final = ("completed", "settled", "split")


class Payment(msgspec.Struct, frozen=True, gc=False):
    """One payment that completion makes, from party to party, in the exchange's `pay_unit`."""

    payer: int
    payee: int
    amount_minor: int
    kind: str
    payer_sub: int = ledger.MAIN
    payee_sub: int = ledger.MAIN


class Terms(msgspec.Struct, frozen=True, gc=False):
    """What is agreed. what: the domain's word for it; amount_minor of `unit`: how much is given (a measure, or money).

    payments: what it costs, in `pay_unit` (none: a gift). escrow: hold them from the agreement on. day: the value date
    of the payments (None: the local day on which they are made). due_ms: when it is to happen, if later.
    """

    domain: str
    what: str
    unit: str
    amount_minor: int
    provider: int
    receiver: int
    pay_unit: str = ""
    payments: tuple[Payment, ...] = ()
    escrow: bool = False
    day: int | None = None
    due_ms: int = 0
    intent: int = 0
    note: Private | None = None


class Exchange(Record, frozen=True):
    """A commitment and what became of it. until_ms: when the state it is in lapses, 0 where it does not.

    proposer: the party that stated the terms, None if a third entered them; entered_by: who did. provider_by,
    receiver_by: who confirmed for that side. denied_by, disputed_by: the party that did. holds: transfers on hold;
    transfers: those posted at the end; paid_minor: their sum. ruled_by: the arbiter, SPACE for a decision. note, reason
    (of a denial or dispute) and ruling are private.
    """

    TABLE: ClassVar[str] = "exchange"
    KEY: ClassVar[tuple[str, ...]] = ("no",)
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {
        "provider": ("provider", "state", "no"), "receiver": ("receiver", "state", "no"),
        "state": ("state", "no"), "intent": ("intent", "state", "no"),
    }  # fmt: skip
    no: int
    domain: str
    what: str
    unit: str
    amount_minor: int
    provider: int
    receiver: int
    pay_unit: str
    payments: tuple[Payment, ...]
    escrow: bool
    day: int | None
    intent: int
    state: str
    since_ms: int
    changed_ms: int
    until_ms: int
    timer: int
    proposer: int | None
    entered_by: int
    provider_by: int | None = None
    receiver_by: int | None = None
    denied_by: int | None = None
    disputed_by: int | None = None
    ruled_by: int | None = None
    holds: tuple[int, ...] = ()
    transfers: tuple[int, ...] = ()
    paid_minor: int = 0
    note: Private | None = None
    reason: Private | None = None
    ruling: Private | None = None

    @property
    def total_minor(self) -> int:
        """What it costs in all."""
        return sum(p.amount_minor for p in self.payments)


RECORDS = (Exchange,)


class UnknownExchange(Refusal):
    """No exchange of that number in that domain."""

    code = "exchange.unknown"
    text = "There is no exchange {exchange} of yours."
    advice = "See `icn exchange list`."


class NotParty(Refusal):
    """Whoever acts is not the party of the exchange, or not the side of it, that may do this."""

    code = "exchange.not_party"
    text = "Only {side} of exchange {exchange} may do that."


class SameParty(Refusal):
    """Provider and receiver are one."""

    code = "exchange.same_party"
    text = "Nobody has an exchange with themselves."


class SameHand(Refusal):
    """One person would act for both sides."""

    code = "exchange.same_hand"
    text = "You acted for the other side; somebody else must act for this one."


class Confirmed(Refusal):
    """A side has confirmed: it cannot confirm again, and neither can call the exchange off."""

    code = "exchange.confirmed"
    text = "The {side} has confirmed exchange {exchange} already."
    advice = "Confirm it, or dispute it."


class TooLate(Refusal):
    """The time in which a denied exchange could be disputed has passed."""

    code = "exchange.too_late"
    text = "Exchange {exchange} could be disputed until {until}."


class NotArbiter(Refusal):
    """The actor does not hold the role that rules on disputes of this domain, or is concerned by this one."""

    code = "exchange.not_arbiter"
    text = "Exchange {exchange} is ruled on by the role {role}, and by nobody who is, or signs for, a party of it."


class CannotPay(Refusal):
    """The payer's account does not allow it, and whoever acts is not the payer: how much it has is not their affair."""

    code = "exchange.cannot_pay"
    text = "Who pays for exchange {exchange} cannot pay that now."
    advice = "They earn first, or ask the stewards for a higher limit."


class BadSplit(Refusal):
    """The parts of a split do not add up to what the exchange costs."""

    code = "exchange.bad_split"
    text = "The parts come to {amount} {unit}; exchange {exchange} costs {wanted}."


def side(row: Exchange, party: int, who: str = "a party") -> str:
    """`provider` or `receiver`. Raises NotParty."""
    if party == row.provider:
        return "provider"
    if party == row.receiver:
        return "receiver"
    raise NotParty(side=who, exchange=row.no)


def portions(amounts: list[int], paid: int) -> list[int]:
    """Divide what is paid over the amounts in proportion, by largest remainder, the first winning ties.

    The sum is exactly `paid`, which is at most the amounts' own; no part exceeds its amount.
    """
    total = sum(amounts)
    assert 0 <= paid <= total
    if paid in (0, total):
        return amounts if paid else [0] * len(amounts)
    parts = [paid * amount // total for amount in amounts]
    by_remainder = sorted(range(len(amounts)), key=lambda i: (-(paid * amounts[i] % total), i))
    for i in by_remainder[: paid - sum(parts)]:
        parts[i] += 1
    return parts
