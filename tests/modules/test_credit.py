"""Mutual credit by text tables on two backends, every declared refusal provoked, reads and who may make them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from icn_node.kernel import ledger, notices, private, registry, standing
from icn_node.kernel.fields import INT64_MAX, Private
from icn_node.modules import credit
from tests import people
from tests.people import Case, by_decision, pay, provoke, undeclared, unit, words
from tests.world import DAY_MS, T0, Refused, World

PEOPLE = ("bob", "cid", "dan")


DESCRIPTIONS = ("decides", "balance", "fees", "days", "told", "suspend", "state", "open", "limits", "forms", "mandates",
                "treasury")  # fmt: skip


class Town:
    """A co-op with a unit CC, in which ann is the steward; each method is a word of the tables."""

    def __init__(self, *, sqlite: bool = False) -> None:
        self.w = World(sqlite=sqlite)
        for name in PEOPLE:
            self.w.member(name)
        self.say("decides create CC floor=-100")

    def say(self, line: str) -> str:
        """Carry a line out; the outcome as the table's last word gives it."""
        who, *rest = line.split()
        try:
            if who in DESCRIPTIONS:
                outcome = getattr(self, who)(*rest)
            else:
                named = dict(m.split("=") for m in rest if m.startswith("payer="))
                outcome = getattr(self, rest[0])(who, *[m for m in rest[1:] if not m.startswith("payer=")], **named)
        except Refused as no:
            return no.code
        return "ok" if outcome is None else str(outcome)

    def decides(self, what: str, code: str, *terms: str) -> Any:
        names = {"floor": "floor_minor", "ceiling": "ceiling_minor", "levy": "levy_bp", "line": "line_max_minor",
                 "soft": "soft_floor_minor"}  # fmt: skip
        fields: dict[str, Any] = {}
        for term in terms:
            name, _, value = term.partition("=")
            fields[names.get(name, name)] = True if not value else value == "yes" if value in ("yes", "no") else (
                int(value))  # fmt: skip
        result = by_decision(self.w, f"credit.{what}", unit=code, **fields)
        self.w.tables.settle()
        return result

    def balance(self, who: str) -> int:
        return ledger.balance(self.w.tables, "CC", 0 if who == "space" else self.w.no(who))

    def fees(self) -> int:
        return ledger.balance(self.w.tables, "CC", 0, ledger.FEES)

    def limits(self, who: str) -> str:
        account = ledger.account_of(self.w.tables, ledger.unit_of(self.w.tables, "CC"), self.w.no(who), 0, 0)
        return f"{account.floor_minor}..{account.ceiling_minor}"

    def open(self, who: str) -> str:
        """How many requests and recurring payments are open on the payer's side."""
        kinds = ((standing.PaymentRequest, "open"), (standing.Recurring, "active"))
        return "+".join(str(self.w.tables.count(kind, "payer", self.w.no(who), state)) for kind, state in kinds)

    def days(self, count: str) -> None:
        for _ in range(int(count)):
            self.w.pass_time(days=1)

    def suspend(self, who: str, status: str = "suspended") -> None:
        row = self.w.tables.get(registry.Party, self.w.no(who))
        assert row is not None
        self.w.tables.put(msgspec.structs.replace(row, status=status))
        self.w.tables.settle()

    def told(self, who: str) -> str:
        codes = [n.code.removeprefix("credit.") for n in notices.of(self.w.tables, self.w.no(who))]
        return ",".join(codes) or "nothing"

    def state(self, kind: str, no: str) -> str:
        row = self.w.tables.get(standing.PaymentRequest if kind == "request" else standing.Recurring, int(no))
        assert row is not None
        return row.state

    def forms(self, name: str, *signers: str) -> None:
        people.organisation(self.w, name, *signers)

    def mandates(self, party: str, signer: str) -> None:
        self.w.tables.put(registry.Mandate(self.w.no(party), self.w.no(signer), None, self.w.now, None))
        self.w.tables.settle()

    def treasury(self, payee: str, amount: str) -> Any:
        return by_decision(self.w, "credit.transfer", payee=self.w.did(payee), amount_minor=int(amount), unit="CC")

    # -- what people do --------------------------------------------------------------------------------------------

    def do(self, who: str, verb: str, **fields: Any) -> Any:
        named = {k: self.w.did(v) if k in ("payer", "payee", "party", "heir") else v for k, v in fields.items()}
        return self.w.do(who, f"credit.{verb}", **named)

    def pays(self, who: str, payee: str, amount: str, request: str = "", **payer: str) -> Any:
        answers = {"request": int(request.removeprefix("request="))} if request else {}
        return self.do(who, "transfer", payee=payee, amount_minor=int(amount), unit="CC", **answers, **payer)

    def issues(self, who: str, payer: str, payee: str, amount: str) -> Any:
        return self.do(who, "issue", payer=payer, payee=payee, amount_minor=int(amount), unit="CC")

    def batches(self, who: str, *payments: str) -> Any:
        rows = [{"payee": self.w.did(n), "amount_minor": int(a)} for n, a in (p.split("=") for p in payments)]
        return self.do(who, "batch", unit="CC", payments=rows)

    def asks(self, who: str, payer: str, amount: str, days: str = "") -> Any:
        until = {"until_ms": self.w.now + int(days) * DAY_MS} if days else {}
        return self.do(who, "request", payer=payer, amount_minor=int(amount), unit="CC", **until)

    def accepts(self, who: str, no: str) -> Any:
        return self.do(who, "accept", request=int(no))

    def refuses(self, who: str, no: str) -> Any:
        return self.do(who, "refuse", request=int(no))

    def withdraws(self, who: str, no: str) -> Any:
        return self.do(who, "withdraw", request=int(no))

    def allows(self, who: str, payee: str, amount: str, days: str = "30", **payer: str) -> Any:
        return self.do(who, "allow", payee=payee, amount_minor=int(amount), unit="CC", days=int(days), **payer)

    def disallows(self, who: str, payee: str) -> Any:
        return self.do(who, "disallow", payee=payee, unit="CC")

    def recurs(
        self, who: str, payee: str, amount: str, every: str, times: str = "", first: str = "", **payer: str
    ) -> Any:
        more: dict[str, Any] = {"times": int(times), **payer} if times else {**payer}
        more |= {"first_ms": self.w.now + int(first) * DAY_MS} if first else {}
        return self.do(who, "recur", payee=payee, amount_minor=int(amount), unit="CC", every=every, **more)

    def cancels(self, who: str, no: str) -> Any:
        return self.do(who, "cancel", recurring=int(no))

    def reverses(self, who: str, no: str) -> Any:
        return self.do(who, "reverse", transfer=int(no))

    def limit(self, who: str, party: str, *more: str) -> Any:
        fields = {k: True if not v else int(v) for k, _, v in (m.partition("=") for m in more)}
        named = {} if party == "space" else {"party": party}
        return self.do(who, "limit", unit="CC", **named, **fields)

    def closes(self, who: str, *more: str) -> Any:
        options = dict(m.split("=") if "=" in m else (m, True) for m in more)
        return self.do(who, "close", unit="CC", **options)

    def reopens(self, who: str, party: str) -> Any:
        return self.do(who, "reopen", unit="CC", party=party)


TABLES = {
    "a payment is the payer's own act": """
        bob pays cid 30                    1
        balance bob                        -30
        balance cid                        30
        bob pays cid 71                    over_floor
        bob pays bob 1                     same_account
        ann pays cid 10 payer=bob          forbidden
        stranger pays cid 1                unknown_key
    """,
    "nobody is paid, and nobody pays, who is not active": """
        suspend bob                        ok
        bob pays cid 1                     forbidden
        cid pays bob 1                     member_not_active
    """,
    "an issuer extends a line just as far as needed": """
        bob issues bob cid 50              forbidden
        ann issues bob cid 50              1
        balance bob                        -50
        limits bob                         -100..None
        told bob                           nothing
        ann issues bob cid 80              2
        balance bob                        -130
        limits bob                         -130..None
        told bob                           line_extended
        bob pays cid 1                     over_floor
        decides change CC line=150         ok
        ann issues bob cid 21              line_too_long
        ann issues bob cid 20              3
        decides change CC no_line_max      ok
        ann issues bob cid 900             4
        balance cid                        1050
    """,
    "a levy is paid on top, to the space, and rounded half to even": """
        decides change CC levy=250         ok
        bob pays cid 20                    1
        balance bob                        -20
        bob pays cid 60                    2
        balance bob                        -82
        balance cid                        80
        fees                               2
        bob pays cid 18                    4
        bob pays cid 1                     over_floor
        ann issues dan cid 100             5
        fees                               2
    """,
    "a payment is reversed once, whole, with its levy": """
        decides change CC levy=1000        ok
        bob pays cid 50                    1
        fees                               5
        bob reverses 1                     forbidden
        ann reverses 1                     3
        balance bob                        0
        balance cid                        0
        fees                               0
        told bob                           reversed
        told cid                           reversed
        ann reverses 1                     already_reversed
        ann reverses 2                     not_reversible
        ann reverses 3                     not_reversible
        ann reverses 9                     unknown_transfer
        ann pays cid 10                    5
        ann reverses 5                     stewards_own
        bob pays ann 10                    7
        ann reverses 7                     9
    """,
    "the levies of a batch belong to their payments": """
        decides change CC levy=1000        ok
        bob batches cid=20 dan=40          1
        balance bob                        -66
        fees                               6
        ann reverses 3                     5
        balance dan                        0
        balance cid                        20
        balance bob                        -22
        fees                               2
    """,
    "a reversal keeps within limits": """
        decides change CC floor=0          ok
        bob pays cid 50                    over_floor
        decides change CC floor=-60        ok
        dan pays cid 50                    1
        cid pays ann 50                    2
        ann limit cid floor_minor=0        ok
        ann reverses 1                     over_floor
        bob pays cid 50                    3
        ann reverses 1                     4
    """,
    "a batch is all or none": """
        bob batches cid=40 dan=61          over_floor
        balance cid                        0
        bob batches cid=40 dan=60          1
        bob batches bob=1                  same_account
        balance dan                        60
    """,
    "a request waits for its payer": """
        bob asks cid 25                    1
        told cid                           requested
        dan accepts 1                      forbidden
        dan refuses 1                      not_yours
        cid withdraws 1                    not_yours
        cid accepts 1                      1
        balance bob                        25
        told bob                           request_ended
        cid accepts 1                      request_ended
        bob asks cid 5                     2
        cid refuses 2                      ok
        state request 2                    refused
        bob asks cid 5                     3
        bob withdraws 3                    ok
        told cid                           requested,requested,requested,request_withdrawn
        bob asks cid 5 3                   4
        days 2                             ok
        state request 4                    open
        days 1                             ok
        state request 4                    expired
        cid accepts 4                      request_ended
        cid accepts 9                      unknown_request
        bob asks bob 5                     same_account
        bob asks cid 5 -1                  bad_time
        bob asks cid 5 4000                bad_time
    """,
    "a payment can name the request that it answers": """
        bob asks cid 25                    1
        cid pays bob 24 request=1          request_differs
        cid pays dan 25 request=1          request_differs
        dan pays bob 25 request=1          request_differs
        cid pays bob 25 request=1          1
        cid pays bob 25 request=1          request_ended
        cid pays bob 25 request=2          unknown_request
        state request 1                    paid
    """,
    "a request is paid later when the limits allow it": """
        bob asks cid 120                   1
        cid accepts 1                      over_floor
        state request 1                    open
        dan pays cid 20                    1
        cid accepts 1                      2
        ann reverses 2                     3
        state request 1                    paid
    """,
    "an allow-list pays at once, up to a sum in each period": """
        cid allows bob 40 10               ok
        bob asks cid 25                    1
        balance bob                        25
        state request 1                    paid
        told cid                           paid_by_allowance
        bob asks cid 16                    2
        state request 2                    open
        bob asks cid 15                    3
        balance bob                        40
        dan asks cid 1                     4
        state request 4                    open
        days 9                             ok
        bob asks cid 1                     5
        state request 5                    open
        days 1                             ok
        bob asks cid 40                    6
        balance bob                        80
        cid disallows bob                  ok
        cid disallows bob                  unknown_allowance
        days 10                            ok
        bob asks cid 1                     7
        state request 7                    open
    """,
    "an allowance does not go beyond the limits": """
        cid allows bob 500                 ok
        bob asks cid 101                   1
        state request 1                    open
        bob asks cid 100                   2
        state request 2                    paid
        cid allows cid 5                   same_account
    """,
    "what fails for its levy leaves nothing behind": """
        decides change CC levy=1000        ok
        cid allows bob 500                 ok
        bob asks cid 95                    1
        state request 1                    open
        balance cid                        0
        cid recurs bob 95 week 1           1
        days 1                             ok
        told cid                           requested,instalment_failed
        balance cid                        0
        fees                               0
        dan pays cid 10                    1
        days 6                             ok
        balance cid                        -95
    """,
    "a recurring payment": """
        bob recurs cid 10 week 3           1
        days 1                             ok
        balance cid                        10
        days 6                             ok
        balance cid                        20
        state recurring 1                  active
        days 7                             ok
        balance cid                        30
        state recurring 1                  finished
        told bob                           recurring_ended
        days 30                            ok
        balance cid                        30
        bob cancels 1                      recurring_ended
        bob cancels 2                      unknown_recurring
        bob recurs bob 1 day               same_account
    """,
    "a failed instalment is told to both and tried again a period later": """
        bob recurs cid 60 week 2           1
        days 1                             ok
        days 6                             ok
        balance cid                        60
        told bob                           instalment_failed
        told cid                           instalment_failed
        dan pays bob 30                    2
        days 7                             ok
        balance cid                        120
        state recurring 1                  finished
    """,
    "a recurring payment that keeps failing ends": """
        bob recurs cid 101 day             1
        days 10                            ok
        state recurring 1                  active
        days 1                             ok
        state recurring 1                  failed
        balance cid                        0
    """,
    "an instalment fails while a side is not active": """
        bob recurs cid 10 day              1
        days 1                             ok
        balance cid                        20
        suspend cid                        ok
        days 1                             ok
        balance cid                        20
        suspend cid active                 ok
        days 1                             ok
        balance cid                        30
    """,
    "either side ends a recurring payment": """
        bob recurs cid 10 day              1
        bob recurs cid 10 day              2
        dan cancels 1                      not_yours
        bob cancels 1                      ok
        cid cancels 2                      ok
        told bob                           recurring_ended,recurring_ended
        days 3                             ok
        balance cid                        0
    """,
    "stewards set the limits of one account": """
        bob limit bob floor_minor=-500     forbidden
        ann limit bob floor_minor=-500     ok
        limits bob                         -500..None
        told bob                           limits_set
        ann limit bob ceiling_minor=20     ok
        limits bob                         -500..20
        cid pays bob 21                    over_ceiling
        ann limit bob floor_minor=21       bad_limits
        ann limit bob no_floor no_ceiling  ok
        limits bob                         None..None
        ann limit space floor_minor=-9     ok
    """,
    "a changed default leaves accounts that exist alone": """
        bob pays cid 10                    1
        decides change CC floor=-500 ceiling=50  ok
        limits bob                         -100..None
        limits dan                         -500..50
    """,
    "an account closes empty, or with an heir": """
        bob pays cid 30                    1
        cid closes                         account_not_empty
        cid closes heir=dan                ok
        balance dan                        30
        bob pays cid 1                     account_closed
        cid closes                         account_closed
        ann reopens cid                    ok
        bob pays cid 1                     3
        dan closes party=cid heir=dan      forbidden
        ann closes party=cid heir=dan      ok
    """,
    "a debt passes only to who takes it on": """
        bob pays cid 30                    1
        bob closes heir=dan                heir_must_sign
        ann closes party=bob heir=dan      heir_must_sign
        bob closes to_space                heir_must_sign
        ann limit space floor_minor=-50    ok
    """,
    "closing ends what stands open": """
        bob asks cid 5                     1
        cid asks bob 5                     2
        cid recurs bob 1 day 5 9           1
        bob recurs cid 1 day 5 9           2
        bob allows cid 50                  ok
        open bob                           1+1
        bob closes                         ok
        open bob                           0+0
        open cid                           0+0
        ann reopens bob                    ok
        cid asks bob 1                     3
        state request 3                    open
    """,
    "soft limits warn": """
        decides change CC soft=-50         ok
        bob pays cid 50                    1
        told bob                           nothing
        bob pays cid 1                     2
        told bob                           ledger.soft_floor
    """,
}


@pytest.mark.parametrize("title", TABLES)
def test_table(title: str) -> None:
    towns = Town(), Town(sqlite=True)
    for text in TABLES[title].strip().splitlines():
        line, wanted = text.rsplit(maxsplit=1)
        assert [town.say(line) for town in towns] == [wanted, wanted], line
        assert set(ledger.sums(towns[0].w.tables).values()) == {0}
    assert towns[0].w.digest() == towns[1].w.digest()


# -- every declared refusal --------------------------------------------------------------------------------------------


def _acts(*steps: Callable[[World], Any]) -> Callable[[World], Any]:
    return lambda w: [step(w) for step in steps][-1]


def _cc(**changes: Any) -> Callable[[World], Any]:
    return lambda w: unit(w, "CC", **changes)


def _suspend(name: str) -> Callable[[World], Any]:
    def step(w: World) -> None:
        row = w.tables.get(registry.Party, w.no(name))
        assert row is not None
        w.tables.put(msgspec.structs.replace(row, status="suspended"))
        w.tables.settle()

    return step


def _close(name: str) -> Callable[[World], Any]:
    def step(w: World) -> None:
        ledger.open_account(w.tables, ledger.unit_of(w.tables, "CC"), w.no(name), w.now)
        ledger.close_account(w.tables, "CC", w.no(name))
        w.tables.settle()

    return step


def _moved(payer: str, payee: str, amount: int) -> Callable[[World], Any]:
    return lambda w: pay(w, payer, payee, amount)


def _refused(who: str, verb: str, /, **fields: Any) -> Callable[[World], str]:
    people_ = ("payer", "payee", "party", "heir")
    return lambda w: w.refused(who, f"credit.{verb}", **{k: w.did(v) if k in people_ else v for k, v in fields.items()})


def _does(who: str, verb: str, /, **fields: Any) -> Callable[[World], Any]:
    people_ = ("payer", "payee", "party", "heir")
    return lambda w: w.do(who, f"credit.{verb}", **{k: w.did(v) if k in people_ else v for k, v in fields.items()})


def _decided(verb: str, /, **fields: Any) -> Callable[[World], Any]:
    return lambda w: by_decision(w, f"credit.{verb}", **fields)


FULL = _moved("ann", "cid", INT64_MAX)  # cid, or whoever is paid next, has no room left in 64 bits
ASKED = _acts(_cc(), _does("cid", "request", payer="bob", amount_minor=5, unit="CC"))
PAID = _acts(_cc(floor_minor=-20), _does("bob", "transfer", payee="cid", amount_minor=5, unit="CC"))

# What stands against bob paying cid 5 CC, and how it comes to be.
AGAINST: dict[str, Callable[[World], Any]] = {
    "unknown_unit": lambda w: None,
    "unit_closed": _cc(status="closed"),
    "not_transferable": _cc(transferable=False),
    "member_not_active": _acts(_cc(), _suspend("cid")),
    "account_closed": _acts(_cc(), _close("cid")),
    "over_floor": _cc(floor_minor=0),
    "over_ceiling": _cc(ceiling_minor=4),
    "amount_out_of_range": _acts(_cc(), FULL),
}
TO_CID: dict[str, Any] = {"payee": "cid", "amount_minor": 5, "unit": "CC"}


def _pays(w: World) -> str:
    return w.refused("bob", "credit.batch", unit="CC", payments=[{"payee": w.did("cid"), "amount_minor": 5}])


def _many(verb: str, **fields: Any) -> Callable[[World], str]:
    def act(w: World) -> str:
        w.decide({"op": "bylaws.set", "name": "credit.open_most", "value": 1})
        _cc()(w)
        w.member("dan")
        side = "payer" if verb == "request" else "payee"
        first = {**fields, side: w.did("cid")}
        w.do("bob", f"credit.{verb}", **first)
        assert verb != "allow" or w.do("bob", f"credit.{verb}", **first) is None  # the same entry again is no second
        return w.refused("bob", f"credit.{verb}", **{**fields, side: w.did("dan")})

    return act


def _create(w: World) -> str:
    return str(by_decision(w, "credit.create", unit="CC"))


def _bad(**terms: Any) -> Callable[[World], str]:
    return lambda w: str(by_decision(w, "credit.create", unit="NEW", **terms))


CASES: list[Case] = [
    ("credit.create", "unit_exists", _acts(_cc(), _create)),
    ("credit.create", "bad_terms", _bad(floor_minor=1)),
    ("credit.create", "bad_terms", _bad(ceiling_minor=-1)),
    ("credit.create", "bad_terms", _bad(floor_minor=-5, soft_floor_minor=-6)),
    ("credit.create", "bad_terms", _bad(ceiling_minor=5, soft_ceiling_minor=6)),
    ("credit.create", "bad_terms", _bad(no_floor=True, soft_floor_minor=7, soft_ceiling_minor=6)),
    ("credit.create", "bad_terms", _bad(line_max_minor=-1)),
    ("credit.create", "bad_terms", _bad(approval_above_minor=-1)),
    ("credit.change", "unknown_unit", _decided("change", unit="CC")),
    ("credit.change", "wrong_kind_of_unit", _acts(_cc(kind="currency"), _decided("change", unit="CC"))),
    ("credit.change", "bad_terms", _acts(_cc(), _decided("change", unit="CC", floor_minor=1))),
    *[("credit.issue", code, _acts(AGAINST[code], _refused("ann", "issue", payer="bob", **TO_CID)))
      for code in ("unknown_unit", "unit_closed", "member_not_active", "account_closed", "over_ceiling",
                   "amount_out_of_range")],
    ("credit.issue", "unknown_member", _acts(_cc(), _refused("ann", "issue", payer="nobody", **TO_CID))),
    ("credit.issue", "same_account", _acts(_cc(), _refused("ann", "issue", payer="cid", **TO_CID))),
    ("credit.issue", "wrong_kind_of_unit", _acts(_cc(kind="hours"), _refused("ann", "issue", payer="bob", **TO_CID))),
    ("credit.issue", "line_too_long",
     _acts(_cc(floor_minor=0, terms={"line_max_minor": 4}), _refused("ann", "issue", payer="bob", **TO_CID))),
    *[("credit.transfer", code, _acts(against, _refused("bob", "transfer", **TO_CID)))
      for code, against in AGAINST.items()],
    ("credit.transfer", "unknown_member", _acts(_cc(), _refused("bob", "transfer", **{**TO_CID, "payee": "nobody"}))),
    ("credit.transfer", "same_account", _acts(_cc(), _refused("cid", "transfer", **TO_CID))),
    ("credit.transfer", "unknown_request", _acts(_cc(), _refused("bob", "transfer", request=1, **TO_CID))),
    ("credit.transfer", "request_ended",
     _acts(ASKED, _does("bob", "refuse", request=1), _refused("bob", "transfer", request=1, **TO_CID))),
    ("credit.transfer", "request_differs",
     _acts(ASKED, _refused("bob", "transfer", request=1, **{**TO_CID, "amount_minor": 6}))),
    *[("credit.batch", code, _acts(against, _pays)) for code, against in AGAINST.items()],
    ("credit.batch", "unknown_member",
     _acts(_cc(), lambda w: w.refused("bob", "credit.batch", unit="CC",
                                      payments=[{"payee": w.did("nobody"), "amount_minor": 5}]))),
    ("credit.batch", "same_account",
     _acts(_cc(), lambda w: w.refused("bob", "credit.batch", unit="CC",
                                      payments=[{"payee": w.did("bob"), "amount_minor": 5}]))),
    *[(f"credit.{verb}", code, _acts(AGAINST[code], _refused("bob", verb, **fields)))
      for verb, fields in (("request", {**TO_CID, "payer": "cid", "payee": "bob"}), ("allow", TO_CID),
                           ("recur", TO_CID))
      for code in ("unknown_unit", "unit_closed", "not_transferable", "member_not_active")],
    *[(f"credit.{verb}", "unknown_member", _acts(_cc(), _refused("bob", verb, **fields)))
      for verb, fields in (("request", {"payer": "nobody", "amount_minor": 5, "unit": "CC"}),
                           ("allow", {**TO_CID, "payee": "nobody"}), ("recur", {**TO_CID, "payee": "nobody"}))],
    ("credit.request", "same_account",
     _acts(_cc(), _refused("bob", "request", payer="bob", amount_minor=5, unit="CC"))),
    ("credit.allow", "same_account", _acts(_cc(), _refused("cid", "allow", **TO_CID))),
    ("credit.recur", "same_account", _acts(_cc(), _refused("cid", "recur", **TO_CID))),
    *[(f"credit.{verb}", "too_many_open", _many(verb, amount_minor=5, unit="CC"))
      for verb in ("request", "allow", "recur")],
    ("credit.request", "bad_time",
     _acts(_cc(), _refused("bob", "request", payer="cid", amount_minor=5, unit="CC", until_ms=T0 - 1))),
    ("credit.recur", "bad_time", _acts(_cc(), _refused("bob", "recur", first_ms=T0 + 3661 * DAY_MS, **TO_CID))),
    ("credit.accept", "unknown_request", _refused("bob", "accept", request=1)),
    ("credit.accept", "request_ended",
     _acts(ASKED, _does("cid", "withdraw", request=1), _refused("bob", "accept", request=1))),
    ("credit.accept", "member_not_active", _acts(ASKED, _suspend("cid"), _refused("bob", "accept", request=1))),
    ("credit.accept", "unit_closed",
     _acts(ASKED, _decided("change", unit="CC", closed=True), _refused("bob", "accept", request=1))),
    ("credit.accept", "not_transferable",
     _acts(ASKED, _decided("change", unit="CC", transferable=False), _refused("bob", "accept", request=1))),
    ("credit.accept", "account_closed", _acts(ASKED, _close("cid"), _refused("bob", "accept", request=1))),
    ("credit.accept", "over_floor",
     _acts(ASKED, _does("ann", "limit", unit="CC", party="bob", floor_minor=0), _refused("bob", "accept", request=1))),
    ("credit.accept", "over_ceiling",
     _acts(ASKED, _does("ann", "limit", unit="CC", party="cid", ceiling_minor=4),
           _refused("bob", "accept", request=1))),
    ("credit.accept", "amount_out_of_range", _acts(ASKED, FULL, _refused("bob", "accept", request=1))),
    ("credit.refuse", "unknown_request", _refused("bob", "refuse", request=1)),
    ("credit.refuse", "request_ended",
     _acts(ASKED, _does("bob", "accept", request=1), _refused("bob", "refuse", request=1))),
    ("credit.refuse", "not_yours", _acts(ASKED, _refused("cid", "refuse", request=1))),
    ("credit.withdraw", "unknown_request", _refused("bob", "withdraw", request=1)),
    ("credit.withdraw", "request_ended",
     _acts(ASKED, _does("bob", "accept", request=1), _refused("cid", "withdraw", request=1))),
    ("credit.withdraw", "not_yours", _acts(ASKED, _refused("bob", "withdraw", request=1))),
    ("credit.disallow", "unknown_member", _refused("bob", "disallow", payee="nobody", unit="CC")),
    ("credit.disallow", "unknown_allowance", _refused("bob", "disallow", payee="cid", unit="CC")),
    ("credit.disallow", "member_not_active",
     _acts(_cc(), lambda w: people.organisation(w, "shop", "bob"), _suspend("shop"),
           _refused("bob", "disallow", payee="cid", unit="CC", payer="shop"))),
    ("credit.cancel", "unknown_recurring", _refused("bob", "cancel", recurring=1)),
    ("credit.cancel", "recurring_ended",
     _acts(_cc(), _does("bob", "recur", **TO_CID), _does("bob", "cancel", recurring=1),
           _refused("bob", "cancel", recurring=1))),
    ("credit.cancel", "not_yours",
     _acts(_cc(), _does("bob", "recur", **TO_CID), _refused("ann", "cancel", recurring=1))),
    ("credit.reverse", "unknown_transfer", _refused("ann", "reverse", transfer=1)),
    ("credit.reverse", "already_reversed",
     _acts(PAID, _does("ann", "reverse", transfer=1), _refused("ann", "reverse", transfer=1))),
    ("credit.reverse", "not_reversible",
     _acts(PAID, _does("ann", "reverse", transfer=1), _refused("ann", "reverse", transfer=2))),
    ("credit.reverse", "not_reversible",
     _acts(_cc(), lambda w: people.hold(w, "bob", "cid", 5), _refused("ann", "reverse", transfer=1))),
    ("credit.reverse", "stewards_own",
     _acts(_cc(), _does("ann", "transfer", **TO_CID), _refused("ann", "reverse", transfer=1))),
    ("credit.reverse", "unit_closed",
     _acts(PAID, _decided("change", unit="CC", closed=True), _refused("ann", "reverse", transfer=1))),
    ("credit.reverse", "account_closed",
     _acts(PAID, _does("cid", "close", unit="CC", heir="ann"), _refused("ann", "reverse", transfer=1))),
    ("credit.reverse", "over_floor", _acts(PAID, _moved("cid", "ann", 25), _refused("ann", "reverse", transfer=1))),
    ("credit.reverse", "over_ceiling",
     _acts(PAID, _moved("ann", "bob", 4), _does("ann", "limit", unit="CC", party="bob", ceiling_minor=3),
           _refused("ann", "reverse", transfer=1))),
    ("credit.reverse", "amount_out_of_range",
     _acts(_cc(), _does("bob", "transfer", **TO_CID), _moved("ann", "bob", INT64_MAX), _moved("cid", "bob", 1),
           _refused("ann", "reverse", transfer=1))),
    ("credit.limit", "unknown_unit", _refused("ann", "limit", unit="CC")),
    ("credit.limit", "unknown_member", _acts(_cc(), _refused("ann", "limit", unit="CC", party="nobody"))),
    ("credit.limit", "bad_limits",
     _acts(_cc(), _refused("ann", "limit", unit="CC", party="bob", floor_minor=5, ceiling_minor=4))),
    ("credit.limit", "bad_limits",
     _acts(_cc(kind="currency", floor_minor=0), _refused("ann", "limit", unit="CC", party="bob", floor_minor=-5))),
    ("credit.close", "unknown_unit", _refused("bob", "close", unit="CC")),
    ("credit.close", "unknown_member", _acts(_cc(), _refused("bob", "close", unit="CC", heir="nobody"))),
    ("credit.close", "member_not_active",
     _acts(_cc(), _suspend("cid"), _refused("bob", "close", unit="CC", heir="cid"))),
    ("credit.close", "account_busy",
     _acts(_cc(), lambda w: people.hold(w, "bob", "cid", 5), _refused("bob", "close", unit="CC"))),
    ("credit.close", "account_not_empty", _acts(PAID, _refused("cid", "close", unit="CC"))),
    ("credit.close", "heir_must_sign", _acts(PAID, _refused("bob", "close", unit="CC", heir="cid"))),
    ("credit.close", "same_account", _acts(PAID, _refused("cid", "close", unit="CC", heir="cid"))),
    ("credit.close", "unit_closed",
     _acts(PAID, _decided("change", unit="CC", closed=True), _refused("cid", "close", unit="CC", heir="ann"))),
    ("credit.close", "account_closed",
     _acts(_cc(), _does("bob", "close", unit="CC"), _refused("bob", "close", unit="CC"))),
    ("credit.close", "over_ceiling",
     _acts(PAID, _does("ann", "limit", unit="CC", party="ann", ceiling_minor=4),
           _refused("cid", "close", unit="CC", heir="ann"))),
    ("credit.close", "over_floor",
     _acts(PAID, _does("ann", "limit", unit="CC", party="ann", floor_minor=0),
           _refused("ann", "close", unit="CC", party="bob", heir="ann"))),
    ("credit.close", "amount_out_of_range",
     _acts(PAID, lambda w: w.member("dan"), _does("ann", "limit", unit="CC", party="dan", no_floor=True),
           _moved("dan", "ann", INT64_MAX), _refused("cid", "close", unit="CC", heir="ann"))),
    ("credit.reopen", "unknown_unit", _refused("ann", "reopen", unit="CC", party="bob")),
    ("credit.reopen", "unknown_member", _acts(_cc(), _refused("ann", "reopen", unit="CC", party="nobody"))),
    ("credit.reopen", "member_not_active",
     _acts(_cc(), _suspend("bob"), _refused("ann", "reopen", unit="CC", party="bob"))),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[f"{op} {code}" for op, code, _ in CASES])
def test_a_refusal(case: Case) -> None:
    provoke(case)


def test_every_declared_refusal_is_provoked() -> None:
    assert undeclared(credit.MODULE, CASES) == set()


# -- what tables do not show -------------------------------------------------------------------------------------------


def test_a_request_s_memo_stands_on_its_payment_unless_the_payer_gives_another() -> None:
    w = World()
    w.member("bob")
    unit(w)
    for memo in ({}, {"memo": words("parties", 2)}):
        no = w.do("bob", "credit.request", payer=w.did("ann"), amount_minor=5, unit="CC", memo=words("parties"))
        paid = w.do("ann", "credit.transfer", payee=w.did("bob"), amount_minor=5, unit="CC", request=no, **memo)
        row = w.tables.get(ledger.Transfer, paid)
        assert row is not None
        assert row.memo is not None
        assert (row.memo.h[0], row.kind, row.ref) == (2 if memo else 1, "request", no)


def test_a_reversal_carries_its_reason_to_the_parties_and_names_what_it_undoes() -> None:
    w = World()
    for name in ("bob", "cid"):
        w.member(name)
    unit(w, terms={"levy_bp": 1000})
    no = w.do("bob", "credit.transfer", payee=w.did("cid"), amount_minor=50, unit="CC")
    by = w.do("ann", "credit.reverse", transfer=no, reason=words("parties"))
    rows = [w.tables.get(ledger.Transfer, n) for n in (by, by + 1)]
    assert [(r.kind, r.ref, r.amount_minor, r.linked, r.memo is not None) for r in rows if r] == [
        ("reversal", no, 50, by, True), ("reversal", no + 1, 5, by, True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("verb", "fields", "readers"),
    [
        ("transfer", {"payee": "cid", "amount_minor": 5, "unit": "CC", "memo": 1}, "bob cid"),
        ("batch", {"unit": "CC", "payments": ["cid", "dan"], "memo": 1}, "bob cid dan"),
        ("request", {"payer": "cid", "amount_minor": 5, "unit": "CC", "memo": 1}, "bob cid"),
        ("refuse", {"request": 1, "reason": 1}, "bob dan"),
        ("reverse", {"transfer": 1, "reason": 1}, "ann cid dan"),
    ],
)
def test_who_reads_a_private_text(verb: str, fields: dict[str, Any], readers: str) -> None:
    town = Town()
    w = town.w
    assert town.say("dan asks bob 5") == "1"
    assert town.say("cid pays dan 5") == "1"
    given = {k: words("parties", v) if k in ("memo", "reason") else v for k, v in fields.items()}
    if verb == "batch":
        given["payments"] = [{"payee": w.did(n), "amount_minor": 1} for n in fields["payments"]]
    town.do("ann" if verb == "reverse" else "bob", verb, **given)
    text = Private(bytes([1]) * 32, "parties", 5)
    can = [name for name in ("ann", *PEOPLE) if private.may_read(w.tables, text, w.no(name), w.now)]
    assert can == readers.split()


def test_a_batch_takes_256_payments_and_no_more() -> None:
    w = World()
    w.member("bob")
    unit(w)
    payment = {"payee": w.did("bob"), "amount_minor": 1}
    assert w.do("ann", "credit.batch", unit="CC", payments=[payment] * 256) == 1
    assert ledger.balance(w.tables, "CC", w.no("bob")) == 256
    assert {t.linked for t in w.tables.scan(ledger.Transfer)} == {1}
    assert w.refused("ann", "credit.batch", unit="CC", payments=[payment] * 257) == "malformed"
    assert w.refused("ann", "credit.batch", unit="CC", payments=[]) == "malformed"


@pytest.mark.parametrize("amount", [0, -1, INT64_MAX + 1])
def test_an_amount_out_of_range_is_malformed(amount: int) -> None:
    w = World()
    w.member("bob")
    unit(w)
    command = w.kernel.commands["credit.transfer", 1][1].cls
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"payee": w.did("bob"), "amount_minor": amount, "unit": "CC"}, command)


def test_a_change_keeps_what_it_does_not_name() -> None:
    w = World()
    by_decision(w, "credit.create", unit="SUN", title="Sun", floor_minor=-5, ceiling_minor=9, levy_bp=10,
                approval_above_minor=7, transferable=False, line_max_minor=8, decimals=3)  # fmt: skip
    by_decision(w, "credit.change", unit="SUN", no_ceiling=True, levy_bp=20, no_approval=True)
    row = w.tables.get(ledger.Unit, "SUN")
    assert row is not None
    assert (row.floor_minor, row.ceiling_minor, row.transferable, row.decimals) == (-5, None, False, 3)
    assert row.terms == {"approval.above_minor": INT64_MAX, "levy_bp": 20, "line_max_minor": 8, "title": "Sun"}
    by_decision(w, "credit.change", unit="SUN", no_line_max=True, no_floor=True, transferable=True)
    row = w.tables.get(ledger.Unit, "SUN")
    assert row is not None
    assert (row.floor_minor, row.transferable, "line_max_minor" in row.terms) == (None, True, False)
