"""Any interleaving of real commands of many modules, as signed events through a real space, in batches, over days.

Whatever happens: sums are conserved, no floor or ceiling is crossed, each decision is carried out once; what the file
holds, what is in memory, what a rebuild makes and what the dictionary twin makes are one state.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dag.event import Event
from dag.merkle import Frontier
from icn_node import audit
from icn_node.kernel import decisions, ledger
from icn_node.kernel.tables import DictBackend
from icn_node.machine import Machine
from tests.node.town import Town
from tests.world import DAY_MS, key_of

PEOPLE = ("ann", "bob", "cid", "dan")
REASON = {"h": bytes(31) + b"r", "audience": "parties role:steward", "size": 5}

who = st.sampled_from(PEOPLE)
amounts = st.sampled_from((1, 2, 50, 50, 400, 4_000, 9_999, 10_001, 50_000, 2**62))
units = st.sampled_from(("SUN", "SUN", "SUN", "LEAF", "HOUR"))
minutes = st.sampled_from((1, 10, 60, 600, 1_440))
circles = st.sampled_from(("garden", "kitchen"))
others = st.sampled_from((1, 1, 2, 2, 3, 3, 0)).map(lambda n: ("other", n))
"""Somebody by their place after whoever signs: seldom that person themselves."""


def number(table: str) -> st.SearchStrategy[tuple[str, str, int]]:
    """One of the numbers that the space gave out, or sometimes the next."""
    return st.integers(0, 8).map(lambda n: ("number", table, n))


def command(op: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"op": st.just(op), **fields})


def payment(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return command("credit.transfer", unit=units, payee=others, amount_minor=amounts, **fields)


ACTS = st.one_of(
    payment(), payment(), payment(payer=others),
    command("credit.batch", unit=units, payments=st.lists(
        st.fixed_dictionaries({"payee": others, "amount_minor": amounts}), min_size=1, max_size=4)),
    command("credit.request", unit=units, payer=others, amount_minor=amounts),
    command("credit.recur", unit=units, payee=others, amount_minor=amounts, every=st.sampled_from(("day", "week"))),
    command("credit.reverse", transfer=number("transfer")),
    command("credit.issue", unit=st.just("SUN"), payer=others, payee=others, amount_minor=amounts),
    command("credit.close", unit=units, heir=others),
    command("credit.reopen", unit=units, party=others),
    command("currency.mint", unit=st.just("LEAF"), payee=others, amount_minor=st.sampled_from((1, 50, 300))),
    command("currency.burn", unit=st.just("LEAF"), amount_minor=st.sampled_from((1, 50, 300))),
    command("timebank.log", receiver=others, minutes=minutes, category=st.just("gardening")),
    command("timebank.trade", payee=others, minutes=minutes),
    command("governance.delegate", to=others),
    command("member.suspend", member=others, days=st.just(2), reason=st.just(REASON)),
    command("member.reinstate", member=others),
    command("group.create", group=circles, title=st.just("A circle")),
    command("group.join", group=circles),
    command("member.rename", handle=st.sampled_from(("ann", "bob", "zed"))),
)  # fmt: skip
ANSWERS = st.one_of(
    command("credit.accept", request=number("payment_request")),
    command("credit.refuse", request=number("payment_request")),
    command("credit.cancel", recurring=number("recurring")),
    command("credit.reverse", transfer=number("transfer")),
    command("timebank.confirm", exchange=number("exchange")),
    command("timebank.confirm", exchange=number("exchange")),
    command("timebank.decline", exchange=number("exchange")),
    command("timebank.dispute", exchange=number("exchange"), reason=st.just(REASON)),
    command("exchange.split", exchange=number("exchange"), unit=st.just("HOUR"), provider_minor=minutes,
            receiver_minor=minutes, reason=st.just(REASON)),
    command("exchange.settle", exchange=number("exchange"), reason=st.just(REASON)),
    command("governance.vote", proposal=number("proposal"), choice=st.sampled_from(("yes", "yes", "yes", "no"))),
    command("governance.vote", proposal=number("proposal"), choice=st.just("yes")),
    command("governance.close", proposal=number("proposal")),
    command("governance.execute", proposal=number("proposal")),
    command("governance.withdraw", proposal=number("proposal")),
    command("approval.approve", approval=number("pending_command")),
)  # fmt: skip
EVENTS = st.tuples(who, st.lists(ACTS, min_size=1, max_size=2))
COMMIT = st.tuples(st.just("commit"), st.lists(EVENTS, min_size=1, max_size=5))
EVERYONE = st.tuples(st.just("everyone"), ANSWERS)
STEPS = st.one_of(
    COMMIT, COMMIT, EVERYONE, EVERYONE, EVERYONE,
    st.tuples(st.just("propose"), who),
    st.tuples(st.just("days"), st.sampled_from((1, 6, 40))),
    st.tuples(st.just("restart"), st.none()),
)  # fmt: skip


def other(n: int) -> tuple[str, int]:
    return "other", n


LIVELY: tuple[tuple[str, Any], ...] = (
    ("commit", [
        ("ann", [{"op": "credit.issue", "unit": "SUN", "payer": other(1), "payee": other(2), "amount_minor": 500}]),
        ("bob", [{"op": "credit.request", "unit": "SUN", "payer": other(1), "amount_minor": 50}]),
        ("cid", [{"op": "credit.recur", "unit": "SUN", "payee": other(1), "amount_minor": 400, "every": "week"}]),
        ("dan", [{"op": "timebank.log", "receiver": other(2), "minutes": 60, "category": "gardening"}]),
        ("ann", [{"op": "timebank.log", "receiver": other(2), "minutes": 600, "category": "gardening"}]),
        ("ann", [{"op": "currency.mint", "unit": "LEAF", "payee": other(3), "amount_minor": 300}]),
    ]),
    ("propose", "bob"),
    ("everyone", {"op": "timebank.confirm", "exchange": ("number", "exchange", 0)}),
)  # fmt: skip
"""What happened before each walk, so that there is something to answer."""


class Walk:
    """One interleaving under way."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.proposed = 0

    def commit(self, wanted: list[tuple[str, list[dict[str, Any]]]]) -> None:
        """Everybody's events as one commit; several of one person follow each other."""
        last: dict[str, Event] = {}
        events = []
        for name, ops in wanted:
            last[name] = self.town.sign(name, *(self.resolved(op, name) for op in ops), after=last.get(name))
            events.append(last[name])
        for receipt in self.town.send(*events):
            assert receipt.status in ("executed", "refused"), receipt
            assert receipt.outcome.get("refused") != "fault", receipt

    def everyone(self, op: dict[str, Any]) -> None:
        """All try it; the rules say whose it is."""
        self.commit([(name, [op]) for name in PEOPLE])

    def resolved(self, value: Any, signer: str) -> Any:
        """A drawn command with its people and numbers as they are now."""
        match value:
            case ("other", int(steps)):
                return key_of(PEOPLE[(PEOPLE.index(signer) + steps) % len(PEOPLE)]).did
            case ("number", str(table), int(n)):
                last = self.town.space.tables.last_no(table)
                return last + 1 if n == 8 else n % max(1, last) + 1
            case dict():
                return {name: self.resolved(inner, signer) for name, inner in value.items()}
            case list():
                return [self.resolved(inner, signer) for inner in value]
        return value

    def propose(self, name: str) -> None:
        self.proposed += 1
        token = {"op": "currency.create", "ver": 1, "unit": f"T{self.proposed}", "decimals": 0}
        ops = [{"op": "governance.propose", "type": "quick", "title": "A token", "execute": [token], "open": True}]
        self.commit([(name, ops)])

    def days(self, count: int) -> None:
        self.town.now += count * DAY_MS
        while self.town.space.tick(self.town.now):
            pass

    def restart(self, _: None) -> None:
        before = self.town.digest()
        self.town.reopen()
        assert self.town.digest() == before

    def check(self) -> None:
        tx = self.town.space.tables
        assert set(ledger.sums(tx).values()) <= {0}
        for account in tx.scan(ledger.Account):
            assert account.held_out_minor >= 0
            assert account.held_in_minor >= 0
            if account.floor_minor is not None:
                assert account.balance_minor - account.held_out_minor >= account.floor_minor, account
            if account.ceiling_minor is not None:
                assert account.balance_minor + account.held_in_minor <= account.ceiling_minor, account
        tokens = {u.code for u in tx.scan(ledger.Unit) if u.code.startswith("T")}
        executed = [p.no for p in tx.scan(decisions.Proposal) if p.state == "executed"]
        assert len(tokens) == len(executed)


@settings(
    max_examples=30, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(steps=st.lists(STEPS, min_size=6, max_size=20))
def test_any_interleaving(people: Path, steps: list[tuple[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder, Town.copied(people, Path(folder)) as town:
        walk = Walk(town)
        for act, argument in (*LIVELY, *steps):
            getattr(walk, act)(argument)
            walk.check()
        live = town.digest()
        twin = Machine(DictBackend(), town.modules, Frontier(), town.space.cid)
        assert audit.replay(town.space, twin) == town.space.head()["leaves"]
        for record in town.space.tables.records:
            assert twin.tables.scan(record) == town.space.tables.scan(record), record.TABLE
        audit.rebuild(town.space)
        assert town.digest() == live
