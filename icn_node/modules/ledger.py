"""The books: balances, histories and statements of every unit, what is asked and standing, and the units themselves.

Whoever moves amounts (credit, currencies, hours) writes the same accounts, so they are read here, under the noun
`credit` where people look for them. Always on, without commands. Who may read what is in the bylaws; by default one's
own, and everybody's for stewards and auditors.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from msgspec import Meta

from icn_node.kernel import account_views, ledger, payments, registry, standing, statements, units
from icn_node.kernel.context import Context
from icn_node.kernel.fields import Day, No, UnitCode, Who
from icn_node.kernel.ledger import Account, Transfer, Unit
from icn_node.kernel.module import Amount, Module, NoticeSpec, Party, Query, TimerSpec, query
from icn_node.kernel.standing import Allowance, PaymentRequest, Recurring
from icn_node.kernel.tables import Tables

Limit = Annotated[int, Meta(ge=1, le=1000)]
After = Annotated[int, Meta(ge=0)]
Sub = Annotated[str, Meta(pattern="^(main|issuance|escrow|fees|opening)$")]


class UnitList(Query, frozen=True):
    """Every unit of the space, by code: mutual credit, currencies, hours; with its limits and terms."""

    kind: str = ""
    after: str = ""
    limit: Limit = 50


class UnitShow(Query, frozen=True):
    """One unit: its terms, default limits, and what is outstanding."""

    unit: UnitCode


class Balance(Query, frozen=True):
    """What an account holds, can still spend and can still take, in one unit or in all that the party has used."""

    party: Who | None = None
    unit: UnitCode | None = None


class History(Query, frozen=True):
    """An account's entries, the newest first. after: the number of the last entry seen."""

    unit: UnitCode
    party: Who | None = None
    after: After = 0
    limit: Limit = 50


class Statement(Query, frozen=True):
    """A period of an account, with its opening and closing balance: by value days, or by entry numbers (first, last).

    after: the number that the page before ended with. The period's days are both included.
    """

    unit: UnitCode
    party: Who | None = None
    from_day: Day | None = None
    to_day: Day | None = None
    first: No | None = None
    last: No | None = None
    after: After = 0
    limit: Limit = 50


class Book(Query, frozen=True):
    """A statement of any account by its party's number: of imported labels, and of the space (owner 0) its treasury,
    fees, escrow and issuance."""

    unit: UnitCode
    owner: After
    account: Sub = "main"
    from_day: Day | None = None
    to_day: Day | None = None
    first: No | None = None
    last: No | None = None
    after: After = 0
    limit: Limit = 50


class Accounts(Query, frozen=True):
    """All accounts in a unit, by party; the space's own come first. after: the last party seen, -1 for none."""

    unit: UnitCode
    after: Annotated[int, Meta(ge=-1)] = -1
    limit: Limit = 50


class Sums(Query, frozen=True):
    """The trial balance: for every unit what is above zero, what is below, and their sum, which is zero."""


class Show(Query, frozen=True):
    """One transfer in which you, or a party that you sign for, paid or were paid."""

    transfer: No


class Journal(Query, frozen=True):
    """Every transfer of the space in the order of its number, for auditors. after: the last number seen."""

    after: After = 0
    limit: Limit = 50


class Requests(Query, frozen=True):
    """Payment requests to and from a party, by number: open, paid, refused, withdrawn or expired."""

    party: Who | None = None
    state: Annotated[str, Meta(pattern="^(open|paid|refused|withdrawn|expired)$")] = "open"
    after: After = 0
    limit: Limit = 50


class Standing(Query, frozen=True):
    """Recurring payments to and from a party, by number: active, cancelled, finished or failed."""

    party: Who | None = None
    state: Annotated[str, Meta(pattern="^(active|cancelled|finished|failed)$")] = "active"
    after: After = 0
    limit: Limit = 50


class Allowances(Query, frozen=True):
    """Whose payment requests a party accepts in advance, up to how much in each period."""

    party: Who | None = None
    after: After = 0
    limit: Limit = 50


def unit_list(tx: Tables, q: UnitList, reader: Context) -> list[dict[str, Any]]:
    found = [u for u in tx.scan(Unit) if u.code > q.after and q.kind in ("", u.kind)]
    return [units.describe(tx, unit) for unit in found[: q.limit]]


def unit_show(tx: Tables, q: UnitShow, reader: Context) -> dict[str, Any]:
    return units.describe(tx, ledger.unit_of(tx, q.unit))


def _party(tx: Tables, named: str | None, reader: Context) -> int:
    return reader.actor.party if named is None else registry.party_of(tx, named).no


def balance(tx: Tables, q: Balance, reader: Context) -> list[dict[str, Any]]:
    owner = _party(tx, q.party, reader)
    if q.unit is not None:
        unit = ledger.unit_of(tx, q.unit)
        return [_account(unit, ledger.account_of(tx, unit, owner, ledger.MAIN, reader.time_ms))]
    found = [a for a in tx.scan(Account, "owner", owner) if a.sub == ledger.MAIN]
    return [_account(ledger.unit_of(tx, a.unit), a) for a in found]


def _account(unit: Unit, account: Account) -> dict[str, Any]:
    def amount(minor: int | None) -> Amount | None:
        return None if minor is None else Amount(minor, unit.decimals, unit.code)

    floor, ceiling = account.floor_minor, account.ceiling_minor
    held_out, held_in = account.held_out_minor, account.held_in_minor
    return {
        "unit": unit.code, "party": Party(account.owner), "account": statements.SUB_NAMES[account.sub],
        "balance": amount(account.balance_minor),
        "available": amount(None if floor is None else max(0, account.balance_minor - held_out - floor)),
        "room": amount(None if ceiling is None else max(0, ceiling - account.balance_minor - held_in)),
        "floor": amount(floor), "ceiling": amount(ceiling), "held_out": amount(held_out), "held_in": amount(held_in),
        "status": account.status, "entries": account.entries, "since_ms": account.since_ms,
    }  # fmt: skip


def history(tx: Tables, q: History, reader: Context) -> list[dict[str, Any]]:
    unit = ledger.unit_of(tx, q.unit)
    account = tx.get(Account, q.unit, _party(tx, q.party, reader), ledger.MAIN)
    found = statements.newest(tx, account, q.after, q.limit)
    return [statements.line(unit, entry, entry.balance_minor) for entry in found]


def statement(tx: Tables, q: Statement, reader: Context) -> dict[str, Any]:
    return _statement(tx, q, _party(tx, q.party, reader), ledger.MAIN)


def book(tx: Tables, q: Book, reader: Context) -> dict[str, Any]:
    return _statement(tx, q, q.owner, statements.SUBS[q.account])


def _statement(tx: Tables, q: Statement | Book, owner: int, sub: int) -> dict[str, Any]:
    unit = ledger.unit_of(tx, q.unit)
    account = tx.get(Account, q.unit, owner, sub)
    if q.first is not None or q.last is not None:
        found = statements.by_number(tx, account, q.first or 1, q.last, q.after, q.limit)
    else:
        found = statements.by_day(tx, account, q.from_day, q.to_day, q.after, q.limit)
    return {
        "unit": q.unit, "party": Party(owner), "account": statements.SUB_NAMES[sub],
        "from_day": q.from_day, "to_day": q.to_day, "first": q.first, "last": q.last,
        "opening": Amount(found.opening_minor, unit.decimals, unit.code),
        "closing": Amount(found.closing_minor, unit.decimals, unit.code), "count": found.count,
        "lines": [statements.line(unit, entry, after) for entry, after in found.lines], "after": found.after,
    }  # fmt: skip


def accounts(tx: Tables, q: Accounts, reader: Context) -> list[dict[str, Any]]:
    unit = ledger.unit_of(tx, q.unit)
    # The space has up to five accounts in a unit, everybody else one: its rows do not count against the page.
    rows = tx.scan(Account, "key", q.unit, start=q.after + 1, limit=q.limit + len(statements.SUBS))
    own = [a for a in rows if a.owner == registry.SPACE]
    return [_account(unit, a) for a in (*own, *[a for a in rows if a.owner != registry.SPACE][: q.limit])]


def sums(tx: Tables, q: Sums, reader: Context) -> list[dict[str, Any]]:
    rows = []
    for unit in tx.scan(Unit):
        balances = [a.balance_minor for a in tx.scan(Account, "key", unit.code)]
        above = sum(b for b in balances if b > 0)
        below = sum(b for b in balances if b < 0)
        rows.append({
            "unit": unit.code, "kind": unit.kind, "accounts": len(balances),
            "above": Amount(above, unit.decimals, unit.code), "below": Amount(below, unit.decimals, unit.code),
            "sum": Amount(above + below, unit.decimals, unit.code),
        })  # fmt: skip
    return rows


def show(tx: Tables, q: Show, reader: Context) -> dict[str, Any]:
    row = tx.get(Transfer, q.transfer)
    if row is None or not (payments.acts_for(tx, reader, row.payer) or payments.acts_for(tx, reader, row.payee)):
        raise payments.UnknownTransfer(transfer=q.transfer)
    done = tx.get(payments.Reversal, row.no)
    return {**statements.movement(tx, row), "reversed_by": None if done is None else done.by}


def journal(tx: Tables, q: Journal, reader: Context) -> list[dict[str, Any]]:
    return [statements.movement(tx, row) for row in tx.scan(Transfer, start=q.after + 1, limit=q.limit)]


_Sided = TypeVar("_Sided", PaymentRequest, Recurring)


def _both_sides(
    tx: Tables, record: type[_Sided], party: int, state: str, after: int, limit: int
) -> list[tuple[str, _Sided]]:
    """The rows in that state in which the party is on either side, by number."""
    found = [
        (side, row)
        for side in ("payer", "payee")
        for row in tx.scan(record, side, party, state, start=after + 1, limit=limit)
    ]
    return sorted(found, key=lambda pair: pair[1].no)[:limit]


def _sided(tx: Tables, side: str, row: PaymentRequest | Recurring) -> dict[str, Any]:
    unit = ledger.unit_of(tx, row.unit)
    return {
        "no": row.no, "side": side, "payer": Party(row.payer), "payee": Party(row.payee),
        "amount": Amount(row.amount_minor, unit.decimals, unit.code), "state": row.state, "since_ms": row.since_ms,
        "memo": row.memo,
    }  # fmt: skip


def requests(tx: Tables, q: Requests, reader: Context) -> list[dict[str, Any]]:
    found = _both_sides(tx, PaymentRequest, _party(tx, q.party, reader), q.state, q.after, q.limit)
    return [
        {**_sided(tx, side, row), "until_ms": row.until_ms, "transfer": row.transfer or None} for side, row in found
    ]


def standing_list(tx: Tables, q: Standing, reader: Context) -> list[dict[str, Any]]:
    found = _both_sides(tx, Recurring, _party(tx, q.party, reader), q.state, q.after, q.limit)
    return [
        {
            **_sided(tx, side, row), "every": row.every, "times": row.times, "paid": row.paid,
            "failures": row.failures,
            "next_ms": standing.due_ms(row.first_ms, row.every, row.tried) if row.state == "active" else None,
        }
        for side, row in found
    ]  # fmt: skip


def allowances(tx: Tables, q: Allowances, reader: Context) -> list[dict[str, Any]]:
    rows = tx.scan(Allowance, "key", _party(tx, q.party, reader), start=q.after + 1, limit=q.limit)
    listed = []
    for row in rows:
        unit = ledger.unit_of(tx, row.unit)
        spent = standing.spent_minor(row, reader.time_ms)
        listed.append({
            "no": row.payee, "payee": Party(row.payee), "days": row.days, "since_ms": row.since_ms,
            "amount": Amount(row.amount_minor, unit.decimals, unit.code),
            "spent": Amount(spent, unit.decimals, unit.code),
        })  # fmt: skip
    return listed


_LINE = ("n", "value_day", "kind", "other", "amount", "balance", "memo")
_ACCOUNT = ("party", "account", "unit", "balance", "available", "room", "floor", "ceiling", "status")
_UNIT: tuple[type[ledger.UnknownUnit], ...] = (ledger.UnknownUnit,)
_WHO = (registry.UnknownMember,)

MODULE = Module(
    name="ledger",
    doc=__doc__,
    views=account_views.ACCOUNT_VIEWS,
    primitives=(("credit_balance", "balance"),),
    always_on=True,
    records=(*ledger.RECORDS, *payments.RECORDS, *standing.RECORDS),
    queries=(
        query("unit.list", UnitList, unit_list, example={"kind": "credit"},
              columns=("unit", "title", "kind", "decimals", "supply", "cap", "floor", "ceiling", "status")),
        query("unit.show", UnitShow, unit_show, example={"unit": "SUN"}, refuses=_UNIT),
        query("credit.balance", Balance, balance, refuses=(*_UNIT, *_WHO), example={"unit": "SUN"}, ccl=True,
              columns=_ACCOUNT),
        query("credit.history", History, history, refuses=(*_UNIT, *_WHO), example={"unit": "SUN"}, columns=_LINE),
        query("credit.statement", Statement, statement, refuses=(*_UNIT, *_WHO), columns=_LINE,
              example={"unit": "SUN", "from_day": "2026-01-01", "to_day": "2026-01-31"}),
        query("credit.book", Book, book, refuses=_UNIT, example={"unit": "SUN", "owner": 0, "account": "fees"},
              columns=_LINE),
        query("credit.accounts", Accounts, accounts, refuses=_UNIT, example={"unit": "SUN"}, columns=_ACCOUNT),
        query("credit.sums", Sums, sums, columns=("unit", "kind", "accounts", "above", "below", "sum")),
        query("credit.show", Show, show, refuses=(payments.UnknownTransfer,), example={"transfer": 1}),
        query("credit.journal", Journal, journal,
              columns=("transfer", "value_day", "kind", "state", "payer", "payee", "amount", "ref", "linked")),
        query("credit.requests", Requests, requests, refuses=_WHO,
              columns=("no", "side", "payer", "payee", "amount", "state", "until_ms", "memo")),
        query("credit.standing", Standing, standing_list, refuses=_WHO,
              columns=("no", "side", "payer", "payee", "amount", "every", "next_ms", "paid", "times", "state")),
        query("credit.allowances", Allowances, allowances, refuses=_WHO, columns=("payee", "amount", "spent", "days")),
    ),
    timers=(TimerSpec("ledger.expire_hold", ledger.expire_hold),),
    notices=(
        NoticeSpec("ledger.soft_floor", "Your balance in {unit} is {balance}, below {limit}."),
        NoticeSpec("ledger.soft_ceiling", "Your balance in {unit} is {balance}, above {limit}."),
    ),
)  # fmt: skip
