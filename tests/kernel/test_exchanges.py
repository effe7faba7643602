"""Exchanges: the lifecycle a case a line, every state against every act, and any interleaving of acts (Hypothesis)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icn_node.kernel import commitment, exchanges, intents, ledger, timers, versions
from icn_node.kernel.commitment import EXCHANGE_STATES, Exchange, Payment, Terms
from icn_node.kernel.context import THE_SPACE, Actor, Context
from icn_node.kernel.intents import INTENT_STATES, Intent
from icn_node.kernel.ledger import Account, Hold, Transfer, Unit
from icn_node.kernel.lifecycle import WrongState
from icn_node.kernel.module import Module, ParamSpec, ReactionSpec
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.registry import SPACE, Mandate
from icn_node.kernel.tables import Tables
from icn_node.modules import MODULES
from tests.world import World

PRICE = 60


def module(heard: list[tuple[int, str]]) -> Module:
    """A domain of its own, which the kernel has never heard of: its arbiter, its days, its reaction."""

    def ended(tx: Tables, no: int, ctx: Context) -> None:
        row = tx.get(Exchange, no)
        assert row is not None
        heard.append((no, row.state))

    return Module(
        name="swap",
        doc="Swaps.",
        reactions=(ReactionSpec("exchange.ended", ended),),
        params=(
            ParamSpec("swap.arbiter", "judge", "who rules"),
            ParamSpec("swap.confirm_days", 10, "days"),
            ParamSpec("swap.dispute_days", 5, "days"),
        ),
    )


class Swaps:
    """ann provides, bob receives and pays; carol may enter for them, judy and bob are judges, orla signs for org."""

    def __init__(self, *, sqlite: bool, **params: int | str | bool) -> None:
        self.heard: list[tuple[int, str]] = []
        self.w = World(sqlite=sqlite, modules=(*MODULES, module(self.heard)),
                       params={k.replace("__", "."): v for k, v in params.items()})  # fmt: skip
        self.tx = self.w.tables
        for name in ("bob", "carol", "judy", "orla"):
            self.w.member(name, roles=("judge",) if name in ("bob", "judy") else ())
        self.w.member("org", kind="organisation")
        self.tx.put(Mandate(self.w.no("org"), self.w.no("orla"), None, self.w.now, None))
        self.tx.put(Unit("C", "credit", 2, None, -100, None, None, None, True, "open", 0))
        self.commit()

    def commit(self) -> None:
        self.tx.settle()
        self.tx.flush()
        self.tx.committed()

    def ctx(self, name: str) -> Context:
        if name == "decision":
            return Context(self.w.kernel, actor=THE_SPACE, time_ms=self.w.now, origin="decision", decision=1)
        actor = Actor(self.w.no(name), self.w.did(name), self.w.keys[name].public)
        return Context(self.w.kernel, actor=actor, time_ms=self.w.now, origin="event")

    def run(self, name: str, what: Callable[..., Any], *args: Any) -> Any:
        """The result, or the refusal, whose changes are undone."""
        mark = self.tx.mark()
        try:
            result = what(self.tx, self.ctx(name), *args)
        except Refusal as no:
            self.tx.rollback(mark)
            result = no
        self.commit()
        return result

    def row(self, no: int = 1) -> Exchange:
        found = self.tx.get(Exchange, no)
        assert found is not None
        return found

    def terms(self, *, escrow: bool = False, provider: str = "ann", receiver: str = "bob", intent: int = 0,
              price: int = PRICE) -> Terms:  # fmt: skip
        payer, payee = self.w.no(receiver), self.w.no(provider)
        payments = (Payment(payer, payee, price, "swap"),) if price else ()
        return Terms("swap", "bread", "LOAF", 2, payee, payer, "C" if price else "", payments, escrow, intent=intent)

    def do(self, step: str, *, escrow: bool, no: int = 1) -> Any:
        """One step of a case: a verb, who does it, and what for."""
        verb, actor, *more = step.split()
        if verb == "days":
            return self.w.pass_time(days=int(actor))
        who, _, party = actor.partition(":")  # orla:org is orla acting for org
        by = self.w.no(party or who) if who != "decision" else SPACE
        if verb in ("propose", "report", "enter", "accept"):
            sides = dict(pair.split("=") for pair in more)
            terms = self.terms(escrow=escrow, price=int(sides.pop("price", PRICE)), **sides)
            if verb == "enter":
                return self.run(who, exchanges.report, terms, None, None)
            if verb == "report":
                return self.run(who, exchanges.report, terms, by, by)
            return self.run(who, exchanges.propose if verb == "propose" else exchanges.accept, terms, by)
        act: Callable[..., Any] = getattr(exchanges, "call_off" if verb == "cancel" else verb)
        if verb in ("settle", "release"):
            return self.run(who, act, self.row(no))
        if verb == "split":
            return self.run(who, act, self.row(no), *map(int, more))
        return self.run(who, act, self.row(no), by)

    def balances(self) -> str:
        return " ".join(f"{n}={ledger.balance(self.tx, 'C', self.w.no(n)):+}" for n in ("ann", "bob"))


# Steps; then the state, and what ann and bob have in the end; or the refusal of the last step.
CASES = """
report ann; confirm bob                                             completed    ann=+60 bob=-60
report bob; confirm ann                                             completed    ann=+60 bob=-60
enter carol; confirm bob; confirm ann                               completed    ann=+60 bob=-60
enter carol; confirm ann; confirm bob                               completed    ann=+60 bob=-60
enter carol; confirm bob; confirm bob                               exchange.confirmed
report ann; confirm ann                                             exchange.confirmed
report ann; confirm carol                                           exchange.not_party
report ann; decline ann                                             exchange.not_party
report ann; decline bob                                             denied       ann=+0 bob=+0
report ann; decline bob; confirm bob                                wrong_state
report ann; cancel bob                                              exchange.not_party
report ann; cancel ann                                              withdrawn    ann=+0 bob=+0
enter carol; cancel carol                                           withdrawn    ann=+0 bob=+0
enter carol; cancel judy                                            exchange.not_party
enter carol; confirm bob; decline bob                               exchange.confirmed
enter carol; confirm bob; decline ann                               denied       ann=+0 bob=+0
report ann; days 10                                                 expired      ann=+0 bob=+0
report ann; days 9; confirm bob; days 9                             completed    ann=+60 bob=-60
propose ann; agree bob                                              agreed       ann=+0 bob=+0
propose ann; agree ann                                              exchange.not_party
propose ann; agree carol                                            exchange.not_party
propose ann; confirm bob                                            wrong_state
propose ann; dispute bob                                            wrong_state
propose ann; decline bob                                            declined     ann=+0 bob=+0
propose ann; decline bob; dispute ann                               wrong_state
propose ann; cancel ann                                             withdrawn    ann=+0 bob=+0
propose ann; days 10                                                expired      ann=+0 bob=+0
propose ann; agree bob; confirm ann; confirm bob                    completed    ann=+60 bob=-60
propose ann; agree bob; confirm bob; confirm ann                    completed    ann=+60 bob=-60
propose ann; agree bob; cancel ann                                  cancelled    ann=+0 bob=+0
propose ann; agree bob; cancel bob                                  cancelled    ann=+0 bob=+0
propose ann; agree bob; cancel carol                                exchange.not_party
propose ann; agree bob; confirm ann; cancel bob                     exchange.confirmed
propose ann; agree bob; confirm bob; cancel bob                     exchange.confirmed
propose ann; agree bob; decline bob                                 wrong_state
propose ann; agree bob; agree bob                                   wrong_state
propose ann; days 9; agree bob; days 9; confirm ann; confirm bob    completed    ann=+60 bob=-60
propose ann; agree bob; days 10                                     expired      ann=+0 bob=+0
propose ann; agree bob; confirm ann; days 10                        expired      ann=+0 bob=+0
propose ann; agree bob; dispute bob; settle judy                    settled      ann=+60 bob=-60
propose ann; agree bob; dispute bob; release judy                   released     ann=+0 bob=+0
propose ann; agree bob; dispute ann; split judy 40 20               split        ann=+40 bob=-40
propose ann; agree bob; dispute ann; split judy 40 21               exchange.bad_split
propose ann; agree bob; dispute ann; split judy 61 -1               exchange.bad_split
propose ann; agree bob; dispute ann; split judy 60 0                exchange.bad_split
propose ann; agree bob; dispute ann; settle bob                     exchange.not_arbiter
propose ann; agree bob; dispute ann; settle carol                   exchange.not_arbiter
propose ann; agree bob; dispute ann; settle decision                settled      ann=+60 bob=-60
propose ann; agree bob; settle judy                                 wrong_state
propose ann; agree bob; dispute ann; settle judy; release judy      wrong_state
propose ann; agree bob; dispute ann; dispute bob                    wrong_state
propose ann; agree bob; dispute ann; days 5                         released     ann=+0 bob=+0
propose ann; agree bob; dispute ann; days 4; settle judy; days 9    settled      ann=+60 bob=-60
propose ann; agree bob; confirm ann; dispute bob; confirm bob       completed    ann=+60 bob=-60
propose ann; agree bob; confirm bob; dispute bob; confirm ann       disputed     ann=+0 bob=+0
propose ann; agree bob; confirm ann; dispute ann; confirm bob       disputed     ann=+0 bob=+0
propose ann; agree bob; dispute bob; cancel ann                     cancelled    ann=+0 bob=+0
propose ann; agree bob; dispute bob; cancel bob                     exchange.not_party
report ann; dispute ann; settle judy                                settled      ann=+60 bob=-60
report ann; decline bob; dispute ann; settle judy                   settled      ann=+60 bob=-60
report ann; decline bob; dispute bob                                exchange.not_party
report ann; decline bob; days 10; dispute ann; release judy         released     ann=+0 bob=+0
report ann; decline bob; days 11; dispute ann                       exchange.too_late
report ann provider=bob receiver=bob                                exchange.same_party
accept bob; confirm ann; confirm bob                                completed    ann=+60 bob=-60
report orla:org provider=org receiver=orla; confirm orla            exchange.same_hand
propose orla:org provider=org receiver=orla; agree orla             exchange.same_hand
report orla:org provider=org; confirm bob                           completed    ann=+0 bob=-60
report bob provider=org; confirm orla:org                           completed    ann=+0 bob=-60
"""


def cases() -> list[tuple[str, str, str]]:
    found = []
    for line in CASES.strip().splitlines():
        steps, expected = line[:68].strip(), line[68:].split()
        found.append((steps, expected[0], " ".join(expected[1:])))
    return found


@pytest.mark.parametrize(("sqlite", "escrow"), [(False, True), (True, False)])
def test_cases(sqlite: bool, escrow: bool) -> None:
    for steps, expected, balances in cases():
        s = Swaps(sqlite=sqlite)
        *before, last = steps.split("; ")
        for step in before:
            result = s.do(step, escrow=escrow)
            assert not isinstance(result, Refusal), (steps, step, result)
        result = s.do(last, escrow=escrow)
        if isinstance(result, Refusal):
            assert result.code == expected, (steps, result)
            continue
        assert s.row().state == expected, steps
        assert s.balances() == balances, steps
        check_books(s)
        ended = [state for _, state in s.heard]
        assert (ended[-1:] == [expected]) == (expected not in commitment.OPEN), steps


def check_books(s: Swaps) -> None:
    """What holds for every exchange at every moment."""
    tx = s.tx
    assert set(ledger.sums(tx).values()) <= {0}
    standing = {h.transfer for h in tx.scan(Hold)}
    held: set[int] = set()
    waiting = {(t.kind, t.ref): t.due_ms for t in tx.scan(timers.Timer) if t.kind.startswith("exchange.")}
    paid = 0
    for row in tx.scan(Exchange):
        assert row.state in EXCHANGE_STATES
        assert not held & set(row.holds), "a hold belongs to one exchange"
        held |= set(row.holds)
        transfers = [tx.get(Transfer, no) for no in row.transfers]
        assert sum(t.amount_minor for t in transfers if t is not None) == row.paid_minor
        assert all(t is not None and t.state == "posted" and t.ref == row.no for t in transfers)
        paid += len(transfers)
        if row.state in commitment.OPEN:
            assert waiting.pop(("exchange.due", row.no)) == row.until_ms
            assert not row.transfers
            assert len(row.holds) == (len(row.payments) if row.escrow and row.state == "agreed" else len(row.holds))
        else:
            assert not row.holds
        if row.state == "completed":
            assert row.provider_by is not None
            assert row.receiver_by is not None
            assert row.provider_by != row.receiver_by
        if row.state in ("completed", "settled"):
            assert row.paid_minor == row.total_minor
        elif row.state == "split":
            assert 0 < row.paid_minor < row.total_minor
        else:
            assert row.paid_minor == 0
    assert held == standing, "holds and exchanges know the same"
    for intent in tx.scan(Intent):
        under_way = [r for r in tx.scan(Exchange, "intent", intent.no) if _has_place(r)]
        assert intent.taken == len(under_way) <= intent.quota
        assert (intent.state == "filled") <= (intent.taken == intent.quota)
        if intent.state in ("open", "filled"):
            assert waiting.pop(("exchange.intent_due", intent.no)) == intent.until_ms
    assert waiting == {}, "no timer outlives what it is for"
    for account in tx.scan(Account):
        out = [h for h in tx.scan(Hold) if (h.unit, h.payer) == (account.unit, account.owner)]
        assert account.held_out_minor == sum(h.amount_minor for h in out)
        if account.floor_minor is not None:
            assert account.balance_minor - account.held_out_minor >= account.floor_minor
        if account.ceiling_minor is not None:
            assert account.balance_minor + account.held_in_minor <= account.ceiling_minor
    posted = [t for t in tx.scan(Transfer) if t.state == "posted"]
    assert len(posted) == paid
    ended = [t for t in tx.scan(Transfer) if t.state in ("settled", "released", "expired")]
    assert not standing & {t.no for t in ended}


def _has_place(row: Exchange) -> bool:
    """Whether the exchange has a place with its intent: agreed once, and not failed since."""
    return row.state in ("agreed", "disputed", *commitment.FULFILLED)


# -- every state against every act -------------------------------------------------------------------------------------

REACHING = {
    "proposed": "propose ann",
    "reported": "report ann",
    "agreed": "propose ann; agree bob",
    "denied": "report ann; decline bob",
    "disputed": "propose ann; agree bob; dispute bob",
    "completed": "report ann; confirm bob",
    "settled": "report ann; dispute bob; settle judy",
    "released": "report ann; dispute bob; release judy",
    "split": "report ann; dispute bob; split judy 20 40",
    "declined": "propose ann; decline bob",
    "withdrawn": "report ann; cancel ann",
    "cancelled": "propose ann; agree bob; cancel bob",
    "expired": "report ann; days 10",
}
ACTS = {  # what somebody may try, as whom, and the events of the table that it stands for
    "agree bob": {"agree"}, "confirm bob": {"confirm", "complete"}, "decline bob": {"decline"},
    "cancel ann": {"withdraw", "cancel"}, "dispute ann": {"dispute"}, "settle judy": {"settle"},
    "release judy": {"release"}, "split judy 20 40": {"split"},
}  # fmt: skip


@pytest.mark.parametrize("state", REACHING)
def test_every_wrong_move_is_refused_with_the_state(state: str) -> None:
    assert set(REACHING) == {s for s in EXCHANGE_STATES if s}
    for act, events in ACTS.items():
        s = Swaps(sqlite=False)
        for step in REACHING[state].split("; "):
            s.do(step, escrow=True)
        assert s.row().state == state
        possible = {EXCHANGE_STATES[state][e] for e in events if e in EXCHANGE_STATES[state]}
        before = s.w.digest()
        result = s.do(act, escrow=True)
        if possible:
            assert s.row().state in possible, (state, act, result)
        else:
            assert isinstance(result, WrongState), (state, act, result)
            assert result.facts["state"] == state
            assert result.facts["what"] == "exchange 1"
            assert s.w.digest() == before


def test_states_that_the_table_reaches_are_in_it() -> None:
    for table in (EXCHANGE_STATES, INTENT_STATES):
        assert {after for events in table.values() for after in events.values()} | {""} == set(table)


# -- what time does ----------------------------------------------------------------------------------------------------

LAPSES = """
confirm_default=settle    report ann                                       settled   ann=+60 bob=-60
confirm_default=settle    propose ann                                      expired   ann=+0 bob=+0
confirm_default=settle    propose ann; agree bob                           settled   ann=+60 bob=-60
confirm_default=settle    report ann; decline bob                          denied    ann=+0 bob=+0
dispute_default=settle    report ann; dispute bob                          settled   ann=+60 bob=-60
dispute_default=split     propose ann; agree bob; dispute bob              split     ann=+30 bob=-30
dispute_default=settle    report ann; decline bob; dispute ann             released  ann=+0 bob=+0
dispute_default=release   propose ann; agree bob; confirm ann; dispute bob released  ann=+0 bob=+0
"""


@pytest.mark.parametrize("escrow", [False, True])
def test_silence_means_what_the_bylaws_say(escrow: bool) -> None:
    for line in LAPSES.strip().splitlines():
        name, value = line[:26].strip().split("=")
        state, balances = line[75:].split(maxsplit=1)
        s = Swaps(sqlite=True, **{f"exchange__{name}": value})
        for step in line[26:75].strip().split("; "):
            assert not isinstance(s.do(step, escrow=escrow), Refusal), line
        s.w.pass_time(days=30)
        assert (s.row().state, s.balances()) == (state, balances), line
        check_books(s)


def test_what_cannot_be_paid_when_it_lapses_is_not_paid() -> None:
    for default, dispute, state in (("settle", False, "expired"), ("settle", True, "released")):
        s = Swaps(sqlite=True, exchange__confirm_default=default, exchange__dispute_default=default)
        assert not isinstance(s.run("ann", exchanges.report, s.terms(price=101), s.w.no("ann"), s.w.no("ann")), Refusal)
        if dispute:
            s.do("dispute bob", escrow=False)
        s.w.pass_time(days=30)
        assert s.row().state == state
        check_books(s)


def test_a_price_in_parts_is_paid_whole_or_not_at_all_when_it_lapses() -> None:
    """bob can pay the first part, 60, and not the second."""
    s = Swaps(sqlite=True, exchange__confirm_default="settle")
    ann, bob, carol = (s.w.no(n) for n in ("ann", "bob", "carol"))
    payments = (Payment(bob, ann, 60, "swap"), Payment(bob, carol, 60, "swap"))
    s.run("ann", exchanges.report, Terms("swap", "bread", "LOAF", 2, ann, bob, "C", payments), ann, ann)
    s.w.pass_time(days=10)
    assert (s.row().state, s.balances()) == ("expired", "ann=+0 bob=+0")
    check_books(s)


def test_an_odd_half_goes_to_the_provider_and_one_is_not_split() -> None:
    for price, paid, state in ((61, 31, "split"), (1, 0, "released"), (0, 0, "released")):
        s = Swaps(sqlite=False, exchange__dispute_default="split")
        s.run("ann", exchanges.report, s.terms(price=price), s.w.no("ann"), s.w.no("ann"))
        s.do("dispute bob", escrow=False)
        s.w.pass_time(days=5)
        assert (s.row().paid_minor, s.row().state) == (paid, state)


def test_a_domain_has_its_own_settings_or_those_of_all() -> None:
    s = Swaps(sqlite=False)
    s.do("report ann", escrow=False)
    assert s.row().until_ms == s.w.now + 10 * ledger.DAY_MS
    other = msgspec.structs.replace(s.terms(), domain="loan")
    s.run("ann", exchanges.report, other, s.w.no("ann"), s.w.no("ann"))
    assert s.row(2).until_ms == s.w.now + 30 * ledger.DAY_MS


def test_a_default_is_one_of_those_there_are() -> None:
    s = Swaps(sqlite=False)
    setting = {"op": "bylaws.set", "name": "exchange.confirm_default"}
    with pytest.raises(Refusal) as caught:
        s.w.decide({**setting, "value": "maybe"}, kind="bylaw")
    assert (caught.value.code, caught.value.facts["wanted"]) == ("bad_parameter", "one of release, settle")
    s.w.decide({**setting, "value": "settle"}, kind="bylaw")
    assert exchanges.rule(s.tx, s.ctx("ann"), "swap", "confirm_default") == "settle"


def test_a_module_that_is_off_hears_nothing() -> None:
    s = Swaps(sqlite=False)
    versions.deactivate(s.tx, "swap", 1)
    s.do("report ann", escrow=False)
    s.do("confirm bob", escrow=False)
    assert s.heard == []


# -- payments ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("escrow", [False, True])
def test_a_price_in_parts_is_split_in_proportion(escrow: bool) -> None:
    """A lesson: the student pays ten, of which the teacher gets four and the platform six (largest remainder)."""
    for provider_minor, expected in ((5, (2, 3)), (1, (0, 1)), (9, (4, 5))):
        s = Swaps(sqlite=True)
        ann, bob, carol = (s.w.no(n) for n in ("ann", "bob", "carol"))
        payments = (Payment(bob, ann, 4, "lesson"), Payment(bob, SPACE, 6, "fee", payee_sub=ledger.FEES))
        terms = Terms("swap", "lesson", "HOUR", 60, ann, bob, "C", payments, escrow)
        s.run("carol", exchanges.report, terms, None, None)
        if escrow:
            s.run("ann", exchanges.propose, terms, ann)
            s.run("bob", exchanges.agree, s.row(2), bob)
            assert len(s.row(2).holds) == 2
        no = 2 if escrow else 1
        s.do("dispute ann", escrow=escrow, no=no)
        done = s.run("judy", exchanges.split, s.row(no), provider_minor, 10 - provider_minor)
        assert done.paid_minor == provider_minor
        assert (ledger.balance(s.tx, "C", ann), ledger.balance(s.tx, "C", SPACE, ledger.FEES)) == expected
        assert ledger.balance(s.tx, "C", carol) == 0
        check_books(s)


@pytest.mark.parametrize(("amounts", "paid", "expected"), [
    ([10], 3, [3]), ([4, 6], 5, [2, 3]), ([1, 1, 1], 1, [1, 0, 0]), ([1, 1, 1], 2, [1, 1, 0]),
    ([5, 1], 6, [5, 1]), ([5, 1], 0, [0, 0]), ([], 0, []), ([2**62, 1], 2**62, [2**62 - 1, 1]),
])  # fmt: skip
def test_portions(amounts: list[int], paid: int, expected: list[int]) -> None:
    parts = commitment.portions(amounts, paid)
    assert sum(parts) == paid
    assert all(0 <= part <= amount for part, amount in zip(parts, amounts, strict=True))
    assert parts == expected


def test_a_gift_is_an_exchange_without_a_price() -> None:
    s = Swaps(sqlite=True)
    s.run("ann", exchanges.report, s.terms(price=0), s.w.no("ann"), s.w.no("ann"))
    assert s.do("confirm bob", escrow=False).state == "completed"
    assert s.tx.scan(Transfer) == []
    assert isinstance(s.do("report ann price=0", escrow=False), Exchange)
    s.do("dispute bob", escrow=False, no=2)
    assert s.run("judy", exchanges.split, s.row(2), 1, 1).code == "exchange.bad_split"
    assert s.run("judy", exchanges.settle, s.row(2)).state == "settled"


def test_who_is_not_the_payer_does_not_learn_what_the_payer_has() -> None:
    s = Swaps(sqlite=False)
    terms = s.terms(price=101)
    s.run("carol", exchanges.report, terms, None, None)
    s.do("confirm bob", escrow=False)
    told = s.do("confirm ann", escrow=False)
    assert (told.code, told.facts) == ("exchange.cannot_pay", {"exchange": 1})
    s.run("carol", exchanges.report, terms, None, None)
    s.do("confirm ann", escrow=False, no=2)
    own = s.do("confirm bob", escrow=False, no=2)
    assert (own.code, own.facts["available"]) == ("over_floor", 100)
    assert s.row(2).state == "reported"
    s.run("bob", exchanges.propose, msgspec.structs.replace(terms, escrow=True), s.w.no("bob"))
    assert s.do("agree ann", escrow=True, no=3).code == "exchange.cannot_pay"
    check_books(s)


# -- intents -----------------------------------------------------------------------------------------------------------


def publish(s: Swaps, who: str = "ann", quota: int = 1, days: int = 20) -> Intent:
    def act(tx: Tables, ctx: Context) -> Intent:
        return intents.publish(tx, ctx, domain="swap", kind="offer", party=s.w.no({"orla": "org"}.get(who, who)),
                               what="bread", unit="LOAF", amount_minor=2, until_ms=s.w.now + days * ledger.DAY_MS,
                               quota=quota)  # fmt: skip

    found: Intent = s.run(who, act)
    return found


def intent(s: Swaps, no: int = 1) -> Intent:
    found = s.tx.get(Intent, no)
    assert found is not None
    return found


def test_an_intent_gives_as_many_places_as_it_says_and_takes_them_back() -> None:
    s = Swaps(sqlite=True)
    publish(s, quota=2)
    bob, carol, judy = (s.w.no(n) for n in ("bob", "carol", "judy"))
    for name, no in (("bob", bob), ("carol", carol)):
        assert s.run(name, exchanges.accept, s.terms(receiver=name, intent=1, price=1), no).state == "agreed"
    assert (intent(s).state, intent(s).taken) == ("filled", 2)
    refused = s.run("judy", exchanges.accept, s.terms(receiver="judy", intent=1, price=1), judy)
    assert (refused.code, refused.facts["state"]) == ("wrong_state", "filled")
    refused = s.run("judy", exchanges.propose, s.terms(receiver="judy", intent=1, price=1), judy)
    assert refused.code == "wrong_state"
    s.run("bob", exchanges.call_off, s.row(1), bob)
    assert (intent(s).state, intent(s).taken) == ("open", 1)
    assert s.run("judy", exchanges.accept, s.terms(receiver="judy", intent=1, price=1), judy).no == 3
    s.w.pass_time(days=10)  # neither was confirmed
    assert (intent(s).state, intent(s).taken) == ("open", 0)
    check_books(s)


def test_proposals_wait_for_the_owner_and_end_with_the_intent() -> None:
    for how in ("withdraw", "expire"):
        s = Swaps(sqlite=True)
        publish(s, days=5)
        for name in ("bob", "carol"):
            assert s.run(name, exchanges.propose, s.terms(receiver=name, intent=1), s.w.no(name)).state == "proposed"
        assert intent(s).taken == 0
        if how == "withdraw":
            s.run("ann", exchanges.end_intent, intent(s), "withdraw")
            assert isinstance(s.run("ann", exchanges.end_intent, intent(s), "withdraw"), WrongState)
        else:
            s.w.pass_time(days=5)
        assert [r.state for r in s.tx.scan(Exchange)] == ["declined", "declined"]
        assert s.run("bob", exchanges.propose, s.terms(intent=1), s.w.no("bob")).code == "wrong_state"
        check_books(s)


def test_the_owner_chooses_one_of_the_proposals() -> None:
    s = Swaps(sqlite=True)
    publish(s)
    for name in ("bob", "carol"):
        s.run(name, exchanges.propose, s.terms(receiver=name, intent=1, escrow=True), s.w.no(name))
    assert s.run("ann", exchanges.agree, s.row(2), s.w.no("ann")).state == "agreed"
    refused = s.run("ann", exchanges.agree, s.row(1), s.w.no("ann"))
    assert (refused.code, refused.facts["what"]) == ("wrong_state", "listing 1")
    s.run("ann", exchanges.call_off, s.row(2), s.w.no("ann"))
    assert s.run("ann", exchanges.agree, s.row(1), s.w.no("ann")).state == "agreed"
    check_books(s)


def test_a_signer_does_not_take_up_what_it_published() -> None:
    s = Swaps(sqlite=False)
    publish(s, "orla")
    terms = s.terms(provider="org", receiver="orla", intent=1)
    assert s.run("orla", exchanges.accept, terms, s.w.no("orla")).code == "exchange.same_hand"


def test_how_many_may_be_open_is_bounded() -> None:
    s = Swaps(sqlite=False, exchange__open_most=2)
    assert [isinstance(publish(s), Intent) for _ in range(3)] == [True, True, False]
    done = [s.do("report ann", escrow=False) for _ in range(3)]
    assert [getattr(d, "code", "ok") for d in done] == ["ok", "ok", "exchange.too_many_open"]
    done = [s.run("bob", exchanges.propose, s.terms(intent=1), s.w.no("bob")) for _ in range(3)]
    assert [getattr(d, "code", "ok") for d in done] == ["ok", "ok", "exchange.too_many_open"]


# -- notices, reads ----------------------------------------------------------------------------------------------------


def test_everybody_hears_what_others_did() -> None:
    s = Swaps(sqlite=True)
    for step in ("propose ann", "agree bob", "confirm ann", "dispute bob", "split judy 20 40"):
        s.do(step, escrow=False)

    def told(name: str) -> list[str]:
        return [n["code"].removeprefix("exchange.") for n in s.w.ask(name, "notice.list")
                if n["code"].startswith("exchange.")]  # fmt: skip

    assert told("bob") == ["proposed", "wanted", "ended"]
    assert told("ann") == ["agreed", "disputed", "ended"]
    assert told("judy") == ["ruling_wanted"]
    assert told("carol") == []


# -- any interleaving --------------------------------------------------------------------------------------------------

SIDES = [("ann", "bob"), ("ann", "bob"), ("bob", "ann"), ("org", "ann"), ("ann", "org"), ("orla", "org")]
STARTS = ["propose", "propose", "report", "enter", "accept", "accept", "offer"]
VERBS = ["agree", "confirm", "decline", "call_off", "dispute"]
LIKELY = {  # what people do in that state, mostly
    "proposed": ["agree", "agree", "agree", "decline", "call_off"],
    "reported": ["confirm", "confirm", "dispute", "dispute", "decline", "call_off"],
    "agreed": ["confirm", "confirm", "confirm", "dispute", "dispute", "call_off"],
    "disputed": ["confirm", "call_off"], "denied": ["dispute"],
}  # fmt: skip
RULINGS = ["settle", "release", "split"]

number = st.integers(0, 1000)
start = st.tuples(st.just("start"), st.sampled_from(STARTS), st.sampled_from(SIDES), st.sampled_from([0, 1, 40, 90]),
                  st.booleans(), number)  # fmt: skip
move = st.tuples(st.just("move"), number, number, st.sampled_from("ppppprrrrrc"))
ruling = st.tuples(st.just("rule"), st.sampled_from(RULINGS), number, st.sampled_from(["judy", "bob", "decision"]),
                   st.integers(-1, 95))  # fmt: skip
other = st.one_of(st.tuples(st.just("wait"), st.sampled_from([1, 1, 4, 11])), st.tuples(st.just("withdraw"), number))
acts = st.lists(st.one_of(start, start, move, move, move, move, move, ruling, ruling, other), min_size=40, max_size=70)


class Twins:
    """The same acts on SQLite and on the dictionary: their answers and their states are one."""

    def __init__(self, **params: str) -> None:
        self.twins = [Swaps(sqlite=sqlite, **params) for sqlite in (True, False)]
        first = self.twins[0]
        self.names = {first.w.no(n): n for n in ("ann", "bob", "carol", "orla", "org")}

    def both(self, act: Callable[[Swaps], Any]) -> None:
        results = []
        for s in self.twins:
            result = act(s)
            results.append((result.code, result.facts) if isinstance(result, Refusal) else result)
        assert results[0] == results[1]
        assert self.twins[0].heard == self.twins[1].heard

    def do(self, kind: str, *args: Any) -> None:
        getattr(self, kind)(*args)

    def start(self, how: str, sides: tuple[str, str], price: int, escrow: bool, n: int) -> None:
        def act(s: Swaps) -> Any:
            if how == "offer":
                return publish(s, sides[0] if sides[0] != "org" else "orla", quota=1 + n % 3)
            party = sides[n % 2]
            who = "orla" if party == "org" else party
            listed = n % 4 if s.tx.get(Intent, n % 4) else 0
            terms = s.terms(escrow=escrow, provider=sides[0], receiver=sides[1], price=price, intent=listed)
            plain = msgspec.structs.replace(terms, intent=0)
            if how == "enter":
                return s.run("carol", exchanges.report, plain, None, None)
            if how == "report":
                return s.run(who, exchanges.report, plain, s.w.no(party), s.w.no(party))
            take = exchanges.accept if how == "accept" and listed else exchanges.propose
            return s.run(who, take, terms, s.w.no(party))

        self.both(act)

    def move(self, v: int, n: int, side: str) -> None:
        """Mostly its own parties, on an exchange that is under way."""
        live = self.live(*commitment.OPEN, "denied") if n % 10 else self.live(*filter(None, EXCHANGE_STATES))
        if live:
            row = live[n % len(live)]
            verbs = LIKELY.get(row.state, VERBS) if v % 8 else VERBS
            verb = verbs[v // 8 % len(verbs)]
            party = {"p": row.provider, "r": row.receiver, "c": self.twins[0].w.no("carol")}[side]
            who = "orla" if self.names[party] == "org" else self.names[party]
            self.both(lambda s: s.run(who, getattr(exchanges, verb), s.row(row.no), party))

    def rule(self, how: str, n: int, who: str, part: int) -> None:
        live = self.live("disputed") if n % 10 else self.live(*commitment.OPEN)
        if live:
            row = live[n % len(live)]
            more = (part, row.total_minor - part) if how == "split" else ()
            self.both(lambda s: s.run(who, getattr(exchanges, how), s.row(row.no), *more))

    def wait(self, days: int) -> None:
        self.both(lambda s: [done.outcome for done in s.w.pass_time(days=days)])

    def withdraw(self, n: int) -> None:
        last = self.twins[0].tx.last_no("intent")
        if last:
            self.both(lambda s: s.run("ann", exchanges.end_intent, intent(s, 1 + n % last), "withdraw"))

    def live(self, *states: str) -> list[Exchange]:
        return [r for state in states for r in self.twins[0].tx.scan(Exchange, "state", state)]


@settings(max_examples=80, deadline=None)
@given(acts=acts, confirm=st.sampled_from(["release", "settle"]), dispute=st.sampled_from(RULINGS))
def test_any_interleaving(acts: list[Any], confirm: str, dispute: str) -> None:
    twins = Twins(exchange__confirm_default=confirm, exchange__dispute_default=dispute)
    for act in acts:
        twins.do(*act)
        check_books(twins.twins[0])
    assert twins.twins[0].w.digest() == twins.twins[1].w.digest()
