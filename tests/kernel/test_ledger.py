"""The ledger: text tables of single cases, run on both backends, and any interleaving of operations (Hypothesis)."""

from __future__ import annotations

from random import Random
from typing import Any
from unittest import mock

import apsw
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from icn_node.kernel import ledger, notices, statements, timers, units
from icn_node.kernel.charter import Charter
from icn_node.kernel.fields import INT64_MAX, Private
from icn_node.kernel.ledger import DAY_MS, Account, Hold, Leg, Transfer, Unit
from icn_node.kernel.refusal import Facts, Refusal
from icn_node.kernel.sqlite import SqliteBackend
from icn_node.kernel.tables import DictBackend, Tables

PARTIES = {"space": 0, "a": 1, "b": 2, "c": 3}
DAY0 = 20_000


class Surroundings:
    """What the ledger asks of a context: the time, and somewhere to leave notices."""

    def __init__(self, time_ms: int) -> None:
        self.time_ms = time_ms

    def notify(self, tx: Tables, party: int, code: str, **facts: int | str) -> None:
        notices.post(tx, self.time_ms, party, code, facts)


class Books:
    """A ledger over one backend; an operation that is refused is rolled back, as the executor does with an event."""

    def __init__(self, *, sqlite: bool) -> None:
        backend: Any = SqliteBackend(apsw.Connection(":memory:")) if sqlite else DictBackend()
        self.tx = Tables(backend, (*ledger.RECORDS, *timers.RECORDS, *notices.RECORDS, Charter))
        self.ctx: Any = Surroundings(DAY0 * DAY_MS)
        for code, kind, floor, cap in (("C", "credit", -100, None), ("M", "currency", 0, 1000)):
            self.tx.put(Unit(code, kind, 2, cap, floor, None, None, None, True, "open", 0))
        self.tx.settle()

    def run(self, what: Any, *args: Any, **more: Any) -> tuple[Any, bytes]:
        """(the result or the refusal's code, the effects)."""
        mark = self.tx.mark()
        try:
            result = what(self.tx, *args, **more)
            facts: Facts = {}
        except Refusal as no:
            self.tx.rollback(mark)
            result, facts = no.code, no.facts
        assert all(isinstance(fact, str) or -INT64_MAX <= fact <= INT64_MAX for fact in facts.values())
        done = result, self.tx.effects(mark)
        self.tx.settle()
        return done

    def commit(self) -> None:
        self.tx.flush()
        self.tx.committed()

    def pass_days(self, days: int) -> None:
        self.ctx.time_ms += days * DAY_MS
        for timer in timers.due(self.tx, self.ctx.time_ms):
            self.tx.delete(timers.Timer, timer.no)
            assert timer.kind == "ledger.expire_hold"
            ledger.expire_hold(self.tx, timer.ref, self.ctx)
        self.tx.settle()

    def account(self, unit: str, owner: int, sub: int = 0) -> Account:
        return ledger.account_of(self.tx, ledger.unit_of(self.tx, unit), owner, sub, 0)

    def rows(self) -> list[list[Any]]:
        return [[msgspec.structs.astuple(r) for r in self.tx.scan(kind)] for kind in self.tx.records]

    # -- the words of the tables -----------------------------------------------------------------------------------

    def say(self, line: str) -> str:
        """Carry out one line's words; the outcome as its last word should be."""
        word, *rest = line.split()
        outcome = getattr(self, "do_" + word)(*rest)
        return "ok" if outcome is None else str(outcome)

    def _leg(self, unit: str, payer: str, payee: str, amount: str, *more: str) -> Leg:
        subs = [{"issuance": ledger.ISSUANCE, "escrow": ledger.ESCROW, "fees": ledger.FEES}.get(p, 0)
                for p in (payer, payee)]  # fmt: skip
        owners = [PARTIES.get(p, 0) for p in (payer, payee)]
        options = dict(m.split("=") for m in more)
        day = int(options["day"]) if "day" in options else None
        number = {"max": INT64_MAX, "max+1": INT64_MAX + 1}
        return Leg(unit, owners[0], owners[1], number[amount] if amount in number else int(amount), "transfer",
                   subs[0], subs[1], day=day)  # fmt: skip

    def do_post(self, *words: str) -> Any:
        result = self.run(ledger.post, self.ctx, (self._leg(*words),))[0]
        return result if isinstance(result, str) else result[0]

    def do_linked(self, *words: str) -> Any:
        legs = tuple(self._leg(*words[i : i + 4]) for i in range(0, len(words), 4))
        result = self.run(ledger.post, self.ctx, legs)[0]
        return result if isinstance(result, str) else ",".join(map(str, result))

    def do_import(self, *words: str) -> Any:
        result = self.run(ledger.post, self.ctx, (self._leg(*words),), limits=False)[0]
        return result if isinstance(result, str) else result[0]

    def do_hold(self, unit: str, payer: str, payee: str, amount: str, days: str = "") -> Any:
        until = self.ctx.time_ms + int(days) * DAY_MS if days else None
        return self.run(ledger.hold, self.ctx, self._leg(unit, payer, payee, amount), until)[0]

    def do_settle(self, no: str, amount: str = "") -> Any:
        return self.run(ledger.settle, self.ctx, int(no), int(amount) if amount else None)[0]

    def do_release(self, no: str) -> Any:
        return self.run(ledger.release, int(no))[0]

    def do_days(self, days: str) -> Any:
        return self.pass_days(int(days))

    def do_limits(self, unit: str, who: str, floor: str, ceiling: str) -> Any:
        values = [None if v == "none" else int(v) for v in (floor, ceiling)]
        return self.run(ledger.set_limits, ledger.unit_of(self.tx, unit), PARTIES[who], *values, self.ctx.time_ms)[0]

    def do_extend(self, unit: str, who: str, amount: str) -> Any:
        number = INT64_MAX if amount == "max" else int(amount)
        unit_ = ledger.unit_of(self.tx, unit)
        return self.run(ledger.extend_floor, unit_, PARTIES[who], number, self.ctx.time_ms)[0]

    def do_unit(self, unit: str, *columns: str) -> Any:
        changed = {k: None if v == "none" else v if k == "status" else int(v) for k, v in
                   (c.split("=") for c in columns)}  # fmt: skip
        self.tx.put(msgspec.structs.replace(ledger.unit_of(self.tx, unit), **changed))

    def do_close(self, unit: str, who: str) -> Any:
        return self.run(ledger.close_account, unit, PARTIES[who])[0]

    def do_reopen(self, unit: str, who: str) -> Any:
        return self.run(ledger.reopen_account, unit, PARTIES[who])[0]

    def do_state(self, no: str) -> Any:
        found = self.tx.get(Transfer, int(no))
        assert found is not None
        return f"{found.state}:{found.amount_minor}"

    def do_balance(self, unit: str, who: str) -> Any:
        sub = {"issuance": ledger.ISSUANCE, "escrow": ledger.ESCROW, "fees": ledger.FEES}.get(who, 0)
        account = self.account(unit, PARTIES.get(who, 0), sub)
        return f"{account.balance_minor}-{account.held_out_minor}+{account.held_in_minor}"

    def do_told(self, who: str) -> Any:
        return ",".join(n.code for n in notices.of(self.tx, PARTIES[who])) or "nothing"


TABLES = {
    "a payment moves the amount from one to the other": """
        post C a b 30            1
        balance C a              -30-0+0
        balance C b              30-0+0
    """,
    "an amount is above zero and within 64 bits": """
        post C a b 0             amount_out_of_range
        post C a b -5            amount_out_of_range
        post C a b max+1         amount_out_of_range
        post C a a 5             same_account
        post X a b 5             unknown_unit
        balance C a              0-0+0
    """,
    "the floor is the last amount that goes": """
        post C a b 101           over_floor
        post C a b 100           1
        post C a b 1             over_floor
        post C b a 1             2
        post C a b 1             3
    """,
    "the ceiling is the last amount that comes": """
        unit C ceiling_minor=50  ok
        post C a b 51            over_ceiling
        post C a b 50            1
        post C c b 1             over_ceiling
        post C b a 1             2
        post C c b 1             3
    """,
    "both sides are asked, the payer first": """
        unit C ceiling_minor=10  ok
        post C a b 101           over_floor
        post C a b 11            over_ceiling
    """,
    "a changed default is for new accounts": """
        post C a b 100           1
        unit C floor_minor=-500  ok
        post C a b 1             over_floor
        post C c b 500           2
    """,
    "an account's own limits; a balance beyond them may only come back": """
        limits C a -10 20        ok
        post C a b 11            over_floor
        post C b a 21            over_ceiling
        post C a b 10            1
        limits C a 0 20          ok
        post C a b 1             over_floor
        post C b a 5             2
        balance C a              -5-0+0
        limits C b -100 2        ok
        post C c b 1             over_ceiling
        limits C a none none     ok
        post C a c 5000          3
    """,
    "a floor is extended just as far as needed": """
        extend C a 40            -100
        extend C a 140           -140
        post C a b 140           1
        extend C a 1             -141
        limits C b none none     ok
        extend C b 999           ok
        extend C a max           amount_out_of_range
    """,
    "linked transfers are posted all or none": """
        linked C a b 60 C a c 40     1,2
        linked C b c 10 C a c 1      over_floor
        balance C b                  60-0+0
        balance C c                  40-0+0
        linked C b a 50 C a c 50     3,4
        balance C c                  90-0+0
    """,
    "money on hold can be spent by neither, and settles": """
        hold C a b 80            1
        balance C a              0-80+0
        balance C b              0-0+80
        post C a c 21            over_floor
        post C a c 20            2
        settle 1                 3
        state 1                  settled:80
        state 3                  posted:80
        balance C a              -100-0+0
        balance C b              80-0+0
        settle 1                 unknown_hold
        release 1                unknown_hold
    """,
    "what is on hold to come counts against the ceiling": """
        unit C ceiling_minor=50  ok
        hold C a b 40            1
        post C c b 11            over_ceiling
        hold C c b 11            over_ceiling
        post C c b 10            2
        release 1                ok
        state 1                  released:40
        post C c b 40            3
    """,
    "a part settles and the rest is released": """
        hold C a b 80            1
        settle 1 81              amount_out_of_range
        settle 1 0               amount_out_of_range
        balance C a              0-80+0
        settle 1 30              2
        balance C a              -30-0+0
        balance C b              30-0+0
        state 1                  settled:80
        state 2                  posted:30
        post C a b 70            3
    """,
    "a hold expires once, at its time": """
        hold C a b 80 7          1
        hold C a b 20 9          2
        days 6                   ok
        balance C a              0-100+0
        days 1                   ok
        state 1                  expired:80
        balance C a              0-20+0
        settle 1                 unknown_hold
        settle 2                 3
        days 30                  ok
        state 2                  settled:20
        balance C a              -20-0+0
    """,
    "a hold settles although the limits were lowered meanwhile": """
        hold C a b 80            1
        limits C a 0 0           ok
        limits C b 0 0           ok
        settle 1                 2
        balance C a              -80-0+0
    """,
    "holds stay within 64 bits": """
        limits C a none none     ok
        limits C b none none     ok
        post C a c max           1
        hold C b a max           2
        hold C b a 1             amount_out_of_range
        settle 2                 3
        balance C a              0-0+0
    """,
    "held amounts stay within 64 bits on both sides": """
        limits C a none none     ok
        limits C b none none     ok
        import C c a max         1
        hold C a b max           2
        hold C a b max           amount_out_of_range
        hold C a b 1             amount_out_of_range
    """,
    "without limits a balance stops at the edge of 64 bits": """
        limits C a none none     ok
        limits C b none none     ok
        post C a b max           1
        post C a b 1             amount_out_of_range
        import C a b 1           amount_out_of_range
        post C a c 1             amount_out_of_range
        post C c b 1             amount_out_of_range
    """,
    "history is posted beyond limits; then they hold again": """
        import C a b 500         1
        balance C a              -500-0+0
        post C a b 1             over_floor
        post C b a 500           2
    """,
    "minting stops at the cap, burning at what is out": """
        post M issuance a 1001   over_cap
        post M issuance a 1000   1
        post M issuance b 1      over_cap
        balance M issuance       -1000-0+0
        post M a b 1             2
        post M a b 1000          over_floor
        post M a issuance 999    3
        post M issuance b 1000   over_cap
        post M issuance b 999    4
        post M b issuance 1001   over_floor
        post M b issuance 1000   5
        balance M issuance       0-0+0
    """,
    "minting on hold counts against the cap": """
        hold M issuance a 600    1
        hold M issuance a 401    over_cap
        hold M issuance a 400    2
        settle 1                 3
        settle 2                 4
        balance M issuance       -1000-0+0
    """,
    "nothing comes back to issuance that was not issued": """
        import M b c 5           1
        post M c issuance 5      over_ceiling
    """,
    "the space spends what it has": """
        post C space a 1         over_floor
        post C a fees 5          1
        post C fees a 6          over_floor
        post C fees space 5      2
        post C space b 5         3
    """,
    "a closed account neither pays nor is paid; a closed unit does not move": """
        post C a b 5             1
        post C b a 5             2
        close C a                ok
        close C c                ok
        post C a b 1             account_closed
        post C b a 1             account_closed
        hold C b a 1             account_closed
        reopen C a               ok
        reopen C c               ok
        post C a b 1             3
        unit C status=closed     ok
        post C a b 1             unit_closed
        hold C a b 1             unit_closed
    """,
    "a hold in a closed unit can still end": """
        hold C a b 5             1
        hold C a b 6             2
        unit C status=closed     ok
        settle 1                 3
        release 2                ok
    """,
    "soft limits tell who passes them, once, and refuse nothing": """
        unit C soft_floor_minor=-50 soft_ceiling_minor=60  ok
        post C a b 50            1
        told a                   nothing
        post C a b 11            2
        told a                   ledger.soft_floor
        told b                   ledger.soft_ceiling
        post C a b 1             3
        told a                   ledger.soft_floor
        post C b a 30            4
        post C a b 30            5
        told a                   ledger.soft_floor,ledger.soft_floor
        hold C c b 51            6
        told c                   nothing
        settle 6                 7
        told c                   ledger.soft_floor
    """,
}


@pytest.mark.parametrize("title", TABLES)
def test_table(title: str) -> None:
    twins = Books(sqlite=False), Books(sqlite=True)
    for text in TABLES[title].strip().splitlines():
        line, wanted = text.rsplit(maxsplit=1)
        outcomes = [books.say(line) for books in twins]
        assert outcomes == [wanted, wanted], line
        twins[1].commit()
        assert set(ledger.sums(twins[0].tx).values()) == {0}
    assert twins[0].rows() == twins[1].rows()


def test_a_memo_and_a_value_day_stand_on_the_transfer_and_its_settlement() -> None:
    books = Books(sqlite=True)
    memo = Private(b"h" * 32, "parties", 5)
    leg = Leg("C", 1, 2, 5, "exchange", ref=9, day=DAY0 - 400, memo=memo)
    (posted,), _ = books.run(ledger.post, books.ctx, (leg,))
    held, _ = books.run(ledger.hold, books.ctx, leg, None)
    books.pass_days(3)
    settled, _ = books.run(ledger.settle, books.ctx, held)
    books.commit()
    rows = [books.tx.get(Transfer, no) for no in (posted, held, settled)]
    assert [(r.state, r.value_day, r.linked, r.ref, r.kind, r.memo) for r in rows if r] == [
        ("posted", DAY0 - 400, posted, 9, "exchange", memo),
        ("settled", DAY0 - 400, held, 9, "exchange", memo),
        ("posted", DAY0 + 3, held, 9, "exchange", memo),
    ]
    assert [e.transfer.no for e in statements.newest(books.tx, books.account("C", 1), 0, 9)] == [settled, posted]
    assert ledger.balance(books.tx, "C", 1) == -10
    assert ledger.balance(books.tx, "C", 3) == 0


def test_a_value_day_is_the_date_on_the_wall_of_the_space() -> None:
    books = Books(sqlite=False)
    books.tx.put(Charter(1, "x", "X", "Europe/Amsterdam", ("en",), "01-01", (), 0, 0, (), 0, True, 0))
    for hour, wanted in ((12, 0), (21, 0), (22, 1)):  # 22:00 UTC is midnight in an Amsterdam summer
        books.ctx.time_ms = DAY0 * DAY_MS + hour * 3_600_000
        no = books.run(ledger.post, books.ctx, (Leg("C", 1, 2, 1),))[0][0]
        held = books.run(ledger.hold, books.ctx, Leg("C", 1, 2, 1), None)[0]
        settled = books.run(ledger.settle, books.ctx, held)[0]
        days = [t.value_day for t in (books.tx.get(Transfer, n) for n in (no, held, settled)) if t]
        assert days == [DAY0 + wanted] * 3


def test_opening_an_account_writes_it_with_the_limits_of_the_day() -> None:
    books = Books(sqlite=False)
    unit = ledger.unit_of(books.tx, "C")
    assert ledger.open_account(books.tx, unit, 1, 5).floor_minor == -100
    books.say("unit C floor_minor=-7")
    assert ledger.open_account(books.tx, ledger.unit_of(books.tx, "C"), 1, 5).floor_minor == -100
    assert ledger.open_account(books.tx, ledger.unit_of(books.tx, "C"), 2, 5).floor_minor == -7
    assert books.tx.count(Account) == 2


# -- statements --------------------------------------------------------------------------------------------------------

DAYS = st.lists(st.tuples(st.integers(-3, 12), st.integers(1, 40), st.booleans()), max_size=25)
BOUND = st.one_of(st.none(), st.integers(-4, 13))


@settings(max_examples=150, deadline=None)
@pytest.mark.parametrize("sqlite", [False, True])
@given(entries=DAYS, low=BOUND, high=BOUND, page=st.integers(1, 7), stride=st.sampled_from([1, 2, 3, 5, 256]))
def test_statements_by_value_day_agree_with_sorting_everything(
    sqlite: bool, entries: list[tuple[int, int, bool]], low: int | None, high: int | None, page: int, stride: int
) -> None:
    with mock.patch.object(ledger, "STRIDE", stride):
        _compare_by_day(sqlite, entries, low, high, page)


def _compare_by_day(
    sqlite: bool, entries: list[tuple[int, int, bool]], low: int | None, high: int | None, page: int
) -> None:
    books = Books(sqlite=sqlite)
    unit = ledger.unit_of(books.tx, "C")
    for day, amount, gives in entries:
        payer, payee = (1, 2) if gives else (2, 1)
        ledger.post(books.tx, books.ctx, (Leg("C", payer, payee, amount, day=day),), limits=False)
    account = books.tx.get(Account, "C", 1, 0)
    signed = [(day, n, -amount if gives else amount) for n, (day, amount, gives) in enumerate(entries, 1)]
    inside = sorted(e for e in signed if (low is None or e[0] >= low) and (high is None or e[0] <= high))
    opening = sum(e[2] for e in signed if low is not None and e[0] < low)
    if low is not None and high is not None and high < low:
        inside = []

    seen: list[tuple[int, int, int]] = []
    balance, after = opening, 0
    for _ in range(len(entries) + 2):
        found = statements.by_day(books.tx, account, low, high, after, page)
        assert (found.opening_minor, found.count) == (opening, len(inside))
        assert found.closing_minor == opening + sum(e[2] for e in inside)
        for entry, stands in found.lines:
            balance += entry.amount_minor
            assert stands == balance
            seen.append((entry.day, entry.n, entry.amount_minor))
            line = statements.line(unit, entry, stands)
            assert line["other"].no == 2
        after = found.after
        if not after:
            break
    assert seen == inside


@pytest.mark.parametrize(
    ("first", "last", "after", "limit", "wanted"),
    [
        (1, None, 0, 50, (0, 15, 5, [1, 2, 3, 4, 5], 0)),
        (2, 4, 0, 50, (1, 10, 3, [2, 3, 4], 0)),
        (2, 4, 0, 2, (1, 10, 3, [2, 3], 3)),
        (2, 4, 3, 2, (1, 10, 3, [4], 0)),
        (5, 99, 0, 50, (10, 15, 1, [5], 0)),
        (6, None, 0, 50, (15, 15, 0, [], 0)),
        (4, 2, 0, 50, (6, 6, 0, [], 0)),
    ],
)
def test_statements_by_number(first: int, last: int | None, after: int, limit: int, wanted: Any) -> None:
    books = Books(sqlite=True)
    for amount in (1, 2, 3, 4, 5):
        ledger.post(books.tx, books.ctx, (Leg("C", 2, 1, amount),))
    found = statements.by_number(books.tx, books.account("C", 1), first, last, after, limit)
    assert (found.opening_minor, found.closing_minor, found.count, [e.n for e, _ in found.lines], found.after) == wanted
    assert statements.by_number(books.tx, None, 1, None, 0, 5).count == 0
    assert statements.by_day(books.tx, None, None, None, 0, 5).count == 0
    assert [e.n for e in statements.newest(books.tx, books.account("C", 1), 4, 2)] == [3, 2]
    assert statements.newest(books.tx, None, 0, 5) == []


@settings(max_examples=150, deadline=None)
@given(
    count=st.integers(0, 24), first=st.integers(1, 26), last=st.one_of(st.none(), st.integers(1, 26)),
    page=st.integers(1, 7), stride=st.sampled_from([1, 2, 3, 5, 256]),
)  # fmt: skip
def test_statements_by_number_agree_with_a_list(
    count: int, first: int, last: int | None, page: int, stride: int
) -> None:
    books = Books(sqlite=False)
    with mock.patch.object(ledger, "STRIDE", stride):
        for n in range(1, count + 1):
            ledger.post(books.tx, books.ctx, (Leg("C", 2, 1, n),), limits=False)
    account = books.account("C", 1)
    inside = list(range(first, min(count, count if last is None else last) + 1))
    seen: list[int] = []
    after = 0
    for _ in range(count + 2):
        found = statements.by_number(books.tx, account, first, last, after, page)
        assert found.count == len(inside)
        assert found.opening_minor == sum(range(1, min(first, count + 1)))
        assert found.closing_minor == found.opening_minor + sum(inside)
        seen += [e.n for e, stands in found.lines if stands == e.n * (e.n + 1) // 2]
        after = found.after
        if not after:
            break
    assert seen == inside


def test_a_statement_reads_little_of_a_long_account(monkeypatch: pytest.MonkeyPatch) -> None:
    books = Books(sqlite=False)
    for n in range(3000):
        books.ctx.time_ms = (DAY0 + n // 10) * DAY_MS
        ledger.post(books.tx, books.ctx, (Leg("C", 2, 1, 1),), limits=False)
    account = books.account("C", 1)
    reads = 0
    get = books.tx.get

    def counted(*key: Any) -> Any:
        nonlocal reads
        reads += 1
        return get(*key)

    monkeypatch.setattr(books.tx, "get", counted)
    for read in (
        lambda: statements.by_day(books.tx, account, DAY0 + 290, None, 0, 10),
        lambda: statements.by_day(books.tx, account, DAY0 + 20, DAY0 + 21, 0, 10),
        lambda: statements.by_number(books.tx, account, 1, 20, 0, 20),
        lambda: statements.newest(books.tx, account, 0, 10),
    ):
        reads = 0
        assert read()
        assert reads < 3000 / 2, "nearly the whole account was read"
    assert reads == 10 + 1  # the newest are reached without a search


# -- any interleaving --------------------------------------------------------------------------------------------------

PLACES = [(1, 0), (2, 0), (3, 0), (1, 0), (2, 0), (3, 0), (0, 0), (0, ledger.ISSUANCE), (0, ledger.ESCROW),
          (0, ledger.FEES)]  # fmt: skip
WILD = (0, -1, INT64_MAX - 1, INT64_MAX, INT64_MAX + 1)
FLOORS = (None, 30, -INT64_MAX, 0, 0, -40, -90, -150)
CEILINGS = (None, -30, INT64_MAX, 0, 40, 90, 150, 150)


class Twins:
    """One ledger in a dictionary and one in SQLite. Every operation runs on both; results and effects agree, and what
    must hold, holds. Operations take their arguments from a random generator, so that a seed names a whole walk."""

    def __init__(self) -> None:
        self.twins = Books(sqlite=False), Books(sqlite=True)
        self.holds: list[int] = []
        self.outcomes: set[str] = set()

    def both(self, what: Any, *args: Any, enforced: bool = True, **more: Any) -> Any:
        """Run it on both; "ctx" among the arguments stands for each one's context."""
        first = self.twins[0]
        before = self.room()
        rows = first.rows()
        outcomes = [b.run(what, *(b.ctx if a == "ctx" else a for a in args), **more) for b in self.twins]
        assert outcomes[0] == outcomes[1]
        result = outcomes[0][0]
        refused = isinstance(result, str)
        self.outcomes.add(f"{what.__name__} {result if refused else 'ok'}")
        if refused:
            assert first.rows() == rows, "a refused operation changed something"
        if enforced:
            for key, (spare, room) in self.room().items():
                old_spare, old_room = before.get(key, (0, 0))
                assert spare is None or spare >= 0 or spare >= (old_spare or 0), (key, "below its floor")
                assert room is None or room >= 0 or room >= (old_room or 0), (key, "above its ceiling")
        for books in self.twins:
            assert set(ledger.sums(books.tx).values()) == {0}
        assert ledger.supply(first.tx, "M") <= 1000
        return result

    def room(self) -> dict[tuple[Any, ...], tuple[int | None, int | None]]:
        """For each account how far it is above its floor and below its ceiling, holds counted."""
        return {
            (a.unit, a.owner, a.sub): (
                None if a.floor_minor is None else a.balance_minor - a.held_out_minor - a.floor_minor,
                None if a.ceiling_minor is None else a.ceiling_minor - a.balance_minor - a.held_in_minor,
            )
            for a in self.twins[0].tx.scan(Account)
        }

    def leg(self, r: Random) -> Leg:
        """A leg whose amount is small, or at an edge of what its accounts allow, or wild."""
        unit = r.choice(["C"] * 12 + ["M"] * 7 + ["X"])
        (payer, payer_sub), (payee, payee_sub) = r.choice(PLACES), r.choice(PLACES)
        kind = r.choice(("small", "small", "small", "spare", "room", "cap", "wild"))
        amount = r.choice(WILD) if kind == "wild" else r.randint(1, 60)
        if kind in ("spare", "room", "cap") and unit != "X":
            books = self.twins[0]
            spare = self._edges(books, unit, payer, payer_sub)[0]
            room = self._edges(books, unit, payee, payee_sub)[1]
            cap = 1000 - ledger.supply(books.tx, unit)
            amount = {"spare": spare, "room": room, "cap": cap}[kind] + r.choice((0, 1))
        return Leg(unit, payer, payee, amount, payer_sub=payer_sub, payee_sub=payee_sub,
                   day=r.choice((None, None, DAY0 - 5)))  # fmt: skip

    @staticmethod
    def _edges(books: Books, unit: str, owner: int, sub: int) -> tuple[int, int]:
        a = books.account(unit, owner, sub)
        floor = -INT64_MAX if a.floor_minor is None else a.floor_minor
        ceiling = INT64_MAX if a.ceiling_minor is None else a.ceiling_minor
        return a.balance_minor - a.held_out_minor - floor, ceiling - a.balance_minor - a.held_in_minor

    def post(self, r: Random) -> None:
        linked = tuple(self.leg(r) for _ in range(r.choice((1, 1, 1, 2, 3))))
        numbers = self.both(ledger.post, "ctx", linked)
        assert isinstance(numbers, str) or numbers == list(range(numbers[0], numbers[0] + len(linked)))

    def post_history(self, r: Random) -> None:
        self.both(ledger.post, "ctx", (self.leg(r),), limits=False, enforced=False)

    def hold(self, r: Random) -> None:
        until = r.choice((None, self.twins[0].ctx.time_ms + r.randint(0, 9) * DAY_MS))
        no = self.both(ledger.hold, "ctx", self.leg(r), until)
        if isinstance(no, int):
            self.holds.append(no)

    def settle(self, r: Random) -> None:
        if self.holds:
            part = r.choice((None, r.randint(1, 60), r.choice(WILD)))
            self.both(ledger.settle, "ctx", r.choice(self.holds[-4:]), part)

    def release(self, r: Random) -> None:
        if self.holds:
            self.both(ledger.release, r.choice(self.holds[-4:]))

    def set_limits(self, r: Random) -> None:
        unit = ledger.unit_of(self.twins[0].tx, r.choice("CM"))
        self.both(ledger.set_limits, unit, r.randint(0, 3), r.choice(FLOORS), r.choice(CEILINGS), 0, enforced=False)

    def issue(self, r: Random) -> None:
        unit = ledger.unit_of(self.twins[0].tx, "C")
        self.both(ledger.extend_floor, unit, r.randint(1, 3), r.choice((r.randint(1, 60), INT64_MAX)), 0)

    def change_defaults(self, r: Random) -> None:
        floor, soft = r.randint(-100, 0), r.choice((None, -20))
        for books in self.twins:
            unit = ledger.unit_of(books.tx, "C")
            books.tx.put(msgspec.structs.replace(unit, floor_minor=floor, soft_floor_minor=soft, ceiling_minor=200))
            books.tx.settle()

    def pass_days(self, r: Random) -> None:
        days = r.randint(0, 4)
        for books in self.twins:
            books.pass_days(days)

    def commit(self, r: Random) -> None:
        for books in self.twins:
            books.commit()

    def finish(self) -> None:
        """Everything on hold ends, and the balances are what the posted transfers come to."""
        for books in self.twins:
            books.pass_days(10)
            for held in books.tx.scan(Hold):
                assert held.until_ms is None, "a hold outlived its time"
                ledger.release(books.tx, held.transfer)
            books.commit()
            assert all(a.held_out_minor == a.held_in_minor == 0 for a in books.tx.scan(Account))
            self._balances_follow_from_the_transfers(books)
        assert self.twins[0].rows() == self.twins[1].rows()

    @staticmethod
    def _balances_follow_from_the_transfers(books: Books) -> None:
        balances: dict[tuple[str, int, int], list[int]] = {}
        for t in books.tx.scan(Transfer):
            if t.state == "posted":
                for key, amount in (((t.unit, t.payer, t.payer_sub), -t.amount_minor),
                                    ((t.unit, t.payee, t.payee_sub), t.amount_minor)):  # fmt: skip
                    running = balances.setdefault(key, [])
                    running.append((running[-1] if running else 0) + amount)
        for a in books.tx.scan(Account):
            running = balances.get((a.unit, a.owner, a.sub), [])
            entries = statements.newest(books.tx, a, 0, INT64_MAX)[::-1]
            assert a.balance_minor == (running[-1] if running else 0)
            assert [(e.n, e.balance_minor) for e in entries] == list(enumerate(running, 1))


STEPS = ("post", "post", "post", "hold", "hold", "hold", "settle", "settle", "release", "post_history", "set_limits",
         "issue", "change_defaults", "pass_days", "commit")  # fmt: skip


class Interleavings(RuleBasedStateMachine):
    """Any order of operations, which Hypothesis shrinks to the shortest that fails."""

    @initialize()
    def begin(self) -> None:
        self.books = Twins()

    @rule(step=st.sampled_from(STEPS), seed=st.integers(0, 2**32))
    def step(self, step: str, seed: int) -> None:
        getattr(self.books, step)(Random(seed))

    def teardown(self) -> None:
        if hasattr(self, "books"):
            self.books.finish()


Interleavings.TestCase.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestInterleavings = Interleavings.TestCase


def test_long_walks_from_fixed_seeds() -> None:
    outcomes: set[str] = set()
    for seed in range(20):
        r = Random(seed)
        books = Twins()
        for _ in range(300):
            getattr(books, r.choice(STEPS))(r)
        books.finish()
        outcomes |= books.outcomes
    refusals = ("over_floor", "over_ceiling", "over_cap", "amount_out_of_range", "same_account", "unknown_unit")
    wanted = {f"{op} {code}" for op in ("post", "hold") for code in ("ok", *refusals)} | {
        "settle ok", "settle unknown_hold", "settle amount_out_of_range", "release ok", "release unknown_hold",
    }  # fmt: skip
    assert wanted <= outcomes, "the walks are too tame to prove anything"


# -- levies ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("points", "amount", "levy"),
    [
        (0, 1_000, 0), (100, 1_000, 10), (100, 49, 0), (100, 50, 0), (100, 51, 1), (100, 150, 2), (100, 250, 2),
        (1, 5_000, 0), (1, 15_000, 2), (10_000, 7, 7), (1, INT64_MAX, 922_337_203_685_478),
    ],
)  # fmt: skip
def test_a_levy_is_rounded_half_to_even(points: int, amount: int, levy: int) -> None:
    unit = Unit("C", "credit", 2, None, 0, None, None, None, True, "open", 0, {units.LEVY: points} if points else {})
    assert units.levy(unit, amount) == levy
