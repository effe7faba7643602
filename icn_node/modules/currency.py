"""Community currencies: units that are minted and burned by terms that a decision set.

What is minted has its counterpart in the space's issuance account, so the balances of a currency sum to zero too and
its supply is the negative of that account; it never passes the cap. Who may mint and who may burn are terms of the
currency, in the words of the bylaws; what a currency costs to move, and whether members can, are terms as well.
"""

from __future__ import annotations

from typing import Any, ClassVar

from icn_node.kernel import account_views, ledger, registry, units
from icn_node.kernel.context import Context
from icn_node.kernel.fields import AmountMinor, Private, UnitCode, Who
from icn_node.kernel.ledger import ISSUANCE, Leg
from icn_node.kernel.module import Command, Module, NoticeSpec, Query, command, query
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.registry import SPACE
from icn_node.kernel.tables import Tables
from icn_node.kernel.units import CURRENCY, Terms


class CurrencyTerms(Terms, frozen=True):
    """Terms of a minted currency. mint, burn: who may, as a condition of the bylaws: `role issuer or decision`."""

    cap_minor: AmountMinor | None = None
    no_cap: bool = False
    mint: units.Condition | None = None
    burn: units.Condition | None = None


class Create(CurrencyTerms, frozen=True):
    """Create a currency. Unless its terms say otherwise a decision mints, holders burn what is theirs, there is no cap,
    and members can pay with it. Its decimals never change."""

    OP: ClassVar[str] = "currency.create"
    decimals: units.Decimals = 2


class Change(CurrencyTerms, frozen=True):
    """Change the terms of a currency. A cap cannot fall below what is out; new limits are for new accounts."""

    OP: ClassVar[str] = "currency.change"
    closed: bool | None = None


class Mint(Command, frozen=True):
    """Mint an amount to a member, or, if nobody is named, to the space's treasury."""

    OP: ClassVar[str] = "currency.mint"
    amount_minor: AmountMinor
    unit: UnitCode
    payee: Who | None = None
    memo: Private | None = None


class Burn(Command, frozen=True):
    """Take an amount out of circulation, from your own account or another holder's."""

    OP: ClassVar[str] = "currency.burn"
    amount_minor: AmountMinor
    unit: UnitCode
    holder: Who | None = None
    memo: Private | None = None


def create(tx: Tables, cmd: Create, ctx: Context) -> None:
    units.create(tx, ctx, cmd, kind=CURRENCY, decimals=cmd.decimals, mint="decision", burn="acts for holder")


def change(tx: Tables, cmd: Change, ctx: Context) -> None:
    units.change(tx, cmd, kind=CURRENCY)


def mint(tx: Tables, cmd: Mint, ctx: Context) -> int:
    units.of_kind(tx, cmd.unit, CURRENCY)
    payee = SPACE if cmd.payee is None else registry.active_party(tx, cmd.payee).no
    leg = Leg(cmd.unit, SPACE, payee, cmd.amount_minor, "mint", ISSUANCE, memo=cmd.memo)
    no = ledger.post(tx, ctx, (leg,))[0]
    if payee != SPACE:
        ctx.notify(tx, payee, "currency.minted", unit=cmd.unit, amount=cmd.amount_minor, transfer=no)
    return no


def burn(tx: Tables, cmd: Burn, ctx: Context) -> int:
    units.of_kind(tx, cmd.unit, CURRENCY)
    holder = ctx.actor.party if cmd.holder is None else registry.party_of(tx, cmd.holder).no
    leg = Leg(cmd.unit, holder, SPACE, cmd.amount_minor, "burn", payee_sub=ISSUANCE, memo=cmd.memo)
    no = ledger.post(tx, ctx, (leg,))[0]
    if holder not in (ctx.actor.party, SPACE):
        ctx.notify(tx, holder, "currency.burned", unit=cmd.unit, amount=cmd.amount_minor, transfer=no)
    return no


class List(Query, frozen=True):
    """The currencies of the space: what is out, what may be, who mints and burns."""


class Show(Query, frozen=True):
    """One currency: its supply and all of its terms."""

    unit: UnitCode


def list_(tx: Tables, q: List, reader: Context) -> list[dict[str, Any]]:
    return [units.describe(tx, unit) for unit in tx.scan(ledger.Unit) if unit.kind == CURRENCY]


def show(tx: Tables, q: Show, reader: Context) -> dict[str, Any]:
    return units.describe(tx, units.of_kind(tx, q.unit, CURRENCY))


_MOVES: tuple[type[Refusal], ...] = (
    registry.UnknownMember, units.WrongKind, ledger.UnknownUnit, ledger.UnitClosed, ledger.AccountClosed,
    ledger.OverCeiling,
)  # fmt: skip

MODULE = Module(
    name="currency",
    doc=__doc__,
    views=account_views.CURRENCY_VIEWS,
    primitives=(("create_currency", "currency.create"), ("mint_tokens", "currency.mint")),
    commands=(
        command(Create, create, refuses=(units.UnitExists, units.BadTerms),
                example={"unit": "LEAF", "title": "Leaf", "cap": "100000.00", "mint": "role issuer or decision"}),
        command(Change, change, refuses=units.REFUSALS, example={"unit": "LEAF", "cap": "200000.00"}),
        command(Mint, mint, refuses=(*_MOVES, registry.NotActive, ledger.OverCap, ledger.OutOfRange),
                private={"memo": "parties"}, result="the transfer's number",
                example={"amount": "500.00", "unit": "LEAF", "payee": "bob"}),
        command(Burn, burn, refuses=(*_MOVES, ledger.OverFloor), private={"memo": "parties"},
                result="the transfer's number", example={"amount": "20.00", "unit": "LEAF"}),
    ),
    queries=(
        query("currency.list", List, list_,
              columns=("unit", "title", "supply", "cap", "transferable", "mint", "burn", "status")),
        query("currency.show", Show, show, refuses=(ledger.UnknownUnit, units.WrongKind), example={"unit": "LEAF"}),
    ),
    notices=(
        NoticeSpec("currency.minted", "{amount} {unit} were minted to you (transfer {transfer})."),
        NoticeSpec("currency.burned", "{amount} {unit} were burned from your account (transfer {transfer})."),
    ),
)  # fmt: skip
