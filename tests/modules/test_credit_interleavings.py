"""Any interleaving of payments, requests, standing orders, limits, closings, minting, approvals, as signed events."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from icn_node.kernel import ledger, registry, standing
from icn_node.kernel.execute import Executed, PendingCommand
from icn_node.kernel.fields import INT64_MAX
from icn_node.kernel.ledger import Account, Hold, Transfer
from icn_node.kernel.payments import Reversal
from tests.people import by_decision
from tests.world import ALWAYS, DAY_MS, World

STEWARDS = ("ann", "sam")
MEMBERS = ("bob", "cid", "dan")
ALL = (*STEWARDS, *MEMBERS, "shop")
STEWARDLY = ("issue", "reverse", "limit", "reopen", "mint")


def town(*, sqlite: bool) -> World:
    """Two stewards, three members, an organisation of two signers, a credit unit with a levy, a capped currency."""
    w = World(sqlite=sqlite, params={"approval.issue_above_minor": 60, "credit.open_most": 4})
    w.member("sam", roles=("steward",))
    for name in MEMBERS:
        w.member(name)
    w.member("shop", kind="organisation")
    for name, alone in (("bob", 20), ("cid", None)):
        w.tables.put(registry.Mandate(w.no("shop"), w.no(name), alone, w.now, None))
    w.tables.put(registry.Signing(w.no("shop"), 2))
    w.tables.settle()
    by_decision(w, "credit.create", unit="CC", floor_minor=-100, ceiling_minor=150, soft_floor_minor=-50, levy_bp=500,
                line_max_minor=300, approval_above_minor=50)  # fmt: skip
    by_decision(w, "currency.create", unit="LEAF", cap_minor=150, mint="role steward")
    return w


class Towns:
    """The same events on a dictionary and on SQLite. A step draws everything it needs from its random generator."""

    def __init__(self) -> None:
        self.twins = town(sqlite=False), town(sqlite=True)
        self.outcomes: set[str] = set()

    def act(self, r: Random, step: str) -> None:
        likely = STEWARDS if step in STEWARDLY and r.random() < 0.8 else (*STEWARDS, *MEMBERS)
        who = self._payer_of_an_open_request(r) if step == "accept" else r.choice(likely)
        before = self.spare()
        if step == "pass_time":
            self.same([w.pass_time(hours=hours) for w, hours in zip(self.twins, [r.randint(1, 200)] * 2, strict=True)])
        elif step == "change":
            terms = {"levy_bp": r.choice((0, 500)), "floor_minor": -r.randint(0, 120)}
            self.same([by_decision(w, "credit.change", unit="CC", **terms) for w in self.twins])
        else:
            name, fields = getattr(self, step)(r, who)
            self.event(who, {"op": name, **fields})
        self.check(before, lowered=step in ("limit", "change"))

    def event(self, who: str, op: dict[str, Any]) -> None:
        first = self.twins[0]
        digest = first.digest()
        done = [self.execute(w, who, op) for w in self.twins]
        outcome = done[0].outcome
        self.same(done)
        if "refused" in outcome:
            assert first.digest() == digest, "a refused command changed something"
            spec = first.kernel.commands[op["op"], 1][1]
            assert outcome["refused"] in {r.code for r in spec.refuses} | ALWAYS, (op["op"], outcome)
        else:
            self.twins[1].tables.flush()
        self.outcomes.add(f"{op['op']} {outcome.get('refused', 'ok')}")

    @staticmethod
    def execute(w: World, who: str, op: dict[str, Any]) -> Executed:
        event = w.sign(who, op)
        w.chains[event.author] = event
        done = w.kernel.event(event, "ok", w.now)
        w.tables.flush()
        w.tables.committed()
        return done

    @staticmethod
    def same(pair: list[Any]) -> None:
        assert pair[0] == pair[1]

    def spare(self) -> dict[tuple[Any, ...], tuple[int, int]]:
        """For each account how far it is above its floor and below its ceiling, holds counted."""
        found = {}
        for a in self.twins[0].tables.scan(Account):
            floor = -INT64_MAX if a.floor_minor is None else a.floor_minor
            ceiling = INT64_MAX if a.ceiling_minor is None else a.ceiling_minor
            found[a.unit, a.owner, a.sub] = (
                a.balance_minor - a.held_out_minor - floor, ceiling - a.balance_minor - a.held_in_minor,
            )  # fmt: skip
        return found

    def check(self, before: dict[tuple[Any, ...], tuple[int, int]], *, lowered: bool) -> None:
        for w in self.twins:
            assert set(ledger.sums(w.tables).values()) == {0}
        assert 0 <= ledger.supply(self.twins[0].tables, "LEAF") <= 150
        for key, (spare, room) in self.spare().items():
            old_spare, old_room = before.get(key, (0, 0))
            assert lowered or spare >= min(0, old_spare), (key, "below its floor")
            assert lowered or room >= min(0, old_room), (key, "above its ceiling")

    def finish(self) -> None:
        """The books of both are the same, and follow from the transfers; nothing was undone or carried out twice."""
        a, b = self.twins
        assert a.digest() == b.digest()
        assert b.tables.count(Hold) == 0
        balances: dict[tuple[str, int, int], int] = {}
        undone: list[int] = []
        answered: list[int] = []
        for t in b.tables.scan(Transfer):
            for key, amount in (((t.unit, t.payer, t.payer_sub), -t.amount_minor),
                                ((t.unit, t.payee, t.payee_sub), t.amount_minor)):  # fmt: skip
                balances[key] = balances.get(key, 0) + amount
            if t.kind == "reversal":
                undone.append(t.ref)
            if t.kind == "request":
                answered.append(t.ref)
        assert len(answered) == len(set(answered)), "a request was paid twice"
        assert len(undone) == len(set(undone))
        assert {x.transfer for x in b.tables.scan(Reversal)} <= set(undone)
        assert balances == {
            (x.unit, x.owner, x.sub): x.balance_minor for x in b.tables.scan(Account) if x.entries
        }  # fmt: skip
        paid = [x.transfer for x in b.tables.scan(standing.PaymentRequest) if x.state == "paid"]
        assert len(paid) == len(set(paid))
        assert 0 not in paid

    # -- steps: the command and its fields -------------------------------------------------------------------------

    def _did(self, name: str) -> str:
        return self.twins[0].did(name)

    def _amount(self, r: Random) -> int:
        return r.choice((r.randint(1, 60), r.randint(1, 60), r.randint(60, 200), INT64_MAX))

    def _payment(self, r: Random, who: str) -> dict[str, Any]:
        unit = r.choice(("CC", "CC", "LEAF"))
        fields = {"payee": self._did(r.choice(ALL)), "amount_minor": self._amount(r), "unit": unit}
        if r.random() < 0.25:
            fields["payer"] = self._did("shop" if who in ("bob", "cid") else r.choice(ALL))
        return fields

    def _payer_of_an_open_request(self, r: Random) -> str:
        waiting = [x for x in self.twins[0].tables.scan(standing.PaymentRequest) if x.state == "open"]
        names = {self.twins[0].no(name): name for name in ALL}
        payer = names[waiting[-1].payer] if waiting else "bob"
        return r.choice(("bob", "cid")) if payer == "shop" else payer

    def _last(self, r: Random, table: str) -> int:
        return max(1, self.twins[0].tables.last_no(table) - r.choice((0, 0, 1, 2, 5)))

    def transfer(self, r: Random, who: str) -> tuple[str, dict[str, Any]]:
        return "credit.transfer", self._payment(r, who)

    def batch(self, r: Random, who: str) -> tuple[str, dict[str, Any]]:
        payees = [r.choice(ALL) for _ in range(r.randint(1, 3))]
        payments = [{"payee": self._did(payee), "amount_minor": r.randint(1, 50)} for payee in payees]
        return "credit.batch", {"unit": "CC", "payments": payments}

    def issue(self, r: Random, who: str) -> tuple[str, dict[str, Any]]:
        payment = self._payment(r, who)
        return "credit.issue", {**payment, "payer": self._did(r.choice(ALL))}

    def request(self, r: Random, who: str) -> tuple[str, dict[str, Any]]:
        return "credit.request", {"payer": self._did(r.choice(ALL)), "amount_minor": r.randint(1, 80), "unit": "CC",
                                  "until_ms": self.twins[0].now + r.randint(1, 20) * DAY_MS}  # fmt: skip

    def accept(self, r: Random, who: str) -> tuple[str, dict[str, Any]]:
        waiting = [x.no for x in self.twins[0].tables.scan(standing.PaymentRequest) if x.state == "open"]
        return "credit.accept", {"request": waiting[-1] if waiting else self._last(r, "payment_request")}

    def refuse(self, r: Random, who: str) -> tuple[str, dict[str, Any]]:
        return "credit.refuse", {"request": self._last(r, "payment_request")}

    def withdraw(self, r: Random, who: str) -> tuple[str, dict[str, Any]]:
        return "credit.withdraw", {"request": self._last(r, "payment_request")}

    def allow(self, r: Random, who: str) -> tuple[str, dict[str, Any]]:
        return "credit.allow", {"payee": self._did(r.choice(ALL)), "amount_minor": r.randint(20, 90), "unit": "CC",
                                "days": r.randint(1, 9)}  # fmt: skip

    def recur(self, r: Random, who: str) -> tuple[str, dict[str, Any]]:
        more: dict[str, Any] = {"every": r.choice(("day", "week", "month")), "times": r.randint(1, 4)}
        return "credit.recur", {**self._payment(r, who), **more}

    def cancel(self, r: Random, who: str) -> tuple[str, dict[str, Any]]:
        return "credit.cancel", {"recurring": self._last(r, "recurring")}

    def reverse(self, r: Random, who: str) -> tuple[str, dict[str, Any]]:
        paid = [t.no for t in self.twins[0].tables.scan(Transfer) if t.kind in ("transfer", "request", "issue")]
        return "credit.reverse", {"transfer": r.choice(paid[-6:]) if paid else self._last(r, "transfer")}

    def limit(self, r: Random, who: str) -> tuple[str, dict[str, Any]]:
        return "credit.limit", {"unit": "CC", "party": self._did(r.choice(ALL)), "floor_minor": -r.randint(0, 200),
                                "ceiling_minor": r.randint(0, 300)}  # fmt: skip

    def close(self, r: Random, who: str) -> tuple[str, dict[str, Any]]:
        heir = {"heir": self._did(r.choice(ALL))} if r.random() < 0.6 else {}
        party = {"party": self._did(r.choice(ALL))} if r.random() < 0.4 else {}
        return "credit.close", {"unit": "CC", **heir, **party}

    def reopen(self, r: Random, who: str) -> tuple[str, dict[str, Any]]:
        return "credit.reopen", {"unit": "CC", "party": self._did(r.choice(ALL))}

    def mint(self, r: Random, who: str) -> tuple[str, dict[str, Any]]:
        return "currency.mint", {"amount_minor": r.randint(1, 200), "unit": "LEAF", "payee": self._did(r.choice(ALL))}

    def burn(self, r: Random, who: str) -> tuple[str, dict[str, Any]]:
        return "currency.burn", {"amount_minor": r.randint(1, 9), "unit": "LEAF"}

    def approve(self, r: Random, who: str) -> tuple[str, dict[str, Any]]:
        return "approval.approve", {"approval": self._last(r, "pending_command")}

    def decline(self, r: Random, who: str) -> tuple[str, dict[str, Any]]:
        return "approval.refuse", {"approval": self._last(r, "pending_command")}


STEPS = ("transfer", "transfer", "transfer", "transfer", "batch", "issue", "request", "request", "accept", "accept",
         "refuse", "withdraw", "allow", "recur", "cancel", "reverse", "limit", "close", "reopen", "reopen", "mint",
         "burn", "approve", "approve", "decline", "pass_time", "change")  # fmt: skip


class Interleavings(RuleBasedStateMachine):
    """Any order of steps, which Hypothesis shrinks to the shortest that fails."""

    @initialize()
    def begin(self) -> None:
        self.towns = Towns()

    @rule(step=st.sampled_from(STEPS), seed=st.integers(0, 2**32))
    def step(self, step: str, seed: int) -> None:
        self.towns.act(Random(seed), step)

    def teardown(self) -> None:
        if hasattr(self, "towns"):
            self.towns.finish()


Interleavings.TestCase.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestInterleavings = Interleavings.TestCase


def test_long_walks_from_fixed_seeds() -> None:
    outcomes: set[str] = set()
    carried_out = 0
    for seed in range(6):
        r = Random(seed)
        towns = Towns()
        for _ in range(250):
            towns.act(r, r.choice(STEPS))
        towns.finish()
        outcomes |= towns.outcomes
        carried_out += towns.twins[0].tables.count(PendingCommand, "status", "done")
    happened = {o.split()[0] for o in outcomes if o.endswith(" ok")}
    verbs = ("transfer", "batch", "issue", "request", "accept", "refuse", "withdraw", "allow", "recur", "cancel",
             "reverse", "limit", "close", "reopen")  # fmt: skip
    assert {f"credit.{verb}" for verb in verbs} <= happened
    assert {"currency.mint", "currency.burn", "approval.approve", "approval.refuse"} <= happened
    assert carried_out > 3
    refusals = {o.split()[1] for o in outcomes}
    assert {"over_floor", "over_ceiling", "over_cap", "already_reversed", "account_closed", "request_ended"} <= refusals
