"""Community currencies: terms by decision, minting and burning within the cap, by whom the terms name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from icn_node.kernel import ledger, registry, units
from icn_node.kernel.fields import INT64_MAX
from icn_node.kernel.ledger import ISSUANCE
from icn_node.kernel.module import Amount
from icn_node.modules import currency
from tests.people import Case, by_decision, notices, provoke, undeclared
from tests.world import Refused, World


def leaf(w: World, **terms: Any) -> Any:
    """Create LEAF by a decision."""
    return by_decision(w, "currency.create", unit="LEAF", **terms)


class Town:
    """The words of the tables: ann is the steward, ian an issuer, bob and cid members, shop signed for by bob."""

    def __init__(self, *, sqlite: bool = False) -> None:
        self.w = World(sqlite=sqlite)
        self.w.member("ian", roles=("issuer",))
        for name in ("bob", "cid"):
            self.w.member(name)
        self.w.member("shop", kind="organisation")
        self.w.tables.put(registry.Mandate(self.w.no("shop"), self.w.no("bob"), None, self.w.now, None))
        self.w.tables.settle()

    def say(self, line: str) -> str:
        who, verb, *rest = line.split()
        try:
            outcome = getattr(self, verb)(who, *rest)
        except Refused as no:
            return no.code
        return "ok" if outcome is None else str(outcome)

    def _terms(self, words: tuple[str, ...]) -> dict[str, Any]:
        short = {"cap": "cap_minor", "ceiling": "ceiling_minor", "levy": "levy_bp"}
        fields: dict[str, Any] = {}
        for name, _, value in (word.partition("=") for word in words):
            text = value.replace("_", " ")
            fields[short.get(name, name)] = {"": True, "no": False, "yes": True}.get(
                value, int(value) if value.isdigit() else text
            )
        return fields

    def creates(self, who: str, *words: str) -> Any:
        return leaf(self.w, **self._terms(words)) if who == "all" else self.w.do(who, "currency.create", unit="LEAF")

    def changes(self, who: str, *words: str) -> Any:
        terms = self._terms(words)
        if who == "all":
            return by_decision(self.w, "currency.change", unit="LEAF", **terms)
        return self.w.do(who, "currency.change", unit="LEAF", **terms)

    def mints(self, who: str, amount: str, payee: str = "") -> Any:
        fields: dict[str, Any] = {"amount_minor": int(amount), "unit": "LEAF"}
        if payee:
            fields["payee"] = self.w.did(payee)
        return by_decision(self.w, "currency.mint", **fields) if who == "all" else self.w.do(who, "currency.mint",
                                                                                             **fields)  # fmt: skip

    def burns(self, who: str, amount: str, holder: str = "") -> Any:
        fields: dict[str, Any] = {"amount_minor": int(amount), "unit": "LEAF"}
        if holder:
            fields["holder"] = self.w.did(holder)
        return by_decision(self.w, "currency.burn", **fields) if who == "all" else self.w.do(who, "currency.burn",
                                                                                             **fields)  # fmt: skip

    def pays(self, who: str, payee: str, amount: str, payer: str = "") -> Any:
        more = {"payer": self.w.did(payer)} if payer else {}
        return self.w.do(who, "credit.transfer", payee=self.w.did(payee), amount_minor=int(amount), unit="LEAF", **more)

    def issues(self, who: str, payer: str, payee: str, amount: str) -> Any:
        return self.w.do(who, "credit.issue", payer=self.w.did(payer), payee=self.w.did(payee),
                         amount_minor=int(amount), unit="LEAF")  # fmt: skip

    def has(self, who: str) -> int:
        return ledger.balance(self.w.tables, "LEAF", 0 if who == "treasury" else self.w.no(who))

    def out(self, who: str) -> int:
        return ledger.supply(self.w.tables, "LEAF")


TABLES = {
    "a decision mints and holders burn, unless the terms say otherwise": """
        bob creates                        forbidden
        all creates                        ok
        all creates                        unit_exists
        ann mints 5 bob                    forbidden
        all mints 100 bob                  1
        bob has                            100
        it out                             100
        bob pays cid 30                    2
        bob pays cid 71                    over_floor
        cid burns 31                       over_floor
        cid burns 10                       3
        it out                             90
        bob burns 1 cid                    forbidden
        ann burns 1 cid                    forbidden
    """,
    "the terms name who mints and who burns": """
        all creates mint=role_issuer_or_decision burn=role_steward  ok
        ian mints 50 bob                   1
        bob mints 50 bob                   forbidden
        bob burns 5                        forbidden
        ann burns 5 bob                    2
        all changes mint=role_steward burn=acts_for_holder  ok
        ian mints 50 bob                   forbidden
        ann mints 50                       3
        treasury has                       50
        bob burns 5                        4
        bob has                            40
        all burns 20                       5
        treasury has                       30
    """,
    "no more is out than the cap": """
        all creates cap=100 mint=role_issuer  ok
        ian mints 101 bob                  over_cap
        ian mints 100 bob                  1
        ian mints 1 cid                    over_cap
        all changes cap=99                 bad_terms
        all changes cap=120                ok
        ian mints 20 cid                   2
        bob burns 50                       3
        ian mints 51 cid                   over_cap
        all changes no_cap                 ok
        ian mints 51 cid                   4
    """,
    "what cannot be passed on is neither paid nor issued as credit": """
        all creates transferable=no mint=role_issuer  ok
        ian mints 40 bob                   1
        bob pays cid 1                     not_transferable
        ann issues bob cid 5               wrong_kind_of_unit
        all changes transferable=yes       ok
        bob pays cid 1                     2
    """,
    "a levy goes to the space": """
        all creates levy=1000 mint=role_issuer  ok
        ian mints 110 bob                  1
        bob pays cid 100                   2
        bob has                            0
        it out                             110
    """,
    "an organisation burns through its signer": """
        all creates mint=role_issuer       ok
        ian mints 40 shop                  1
        cid burns 10 shop                  forbidden
        bob burns 10 shop                  2
        shop has                           30
    """,
    "a closed currency does not move until it is opened": """
        all creates mint=role_issuer       ok
        ian mints 40 bob                   1
        all changes closed=yes             ok
        bob pays cid 1                     unit_closed
        bob burns 1                        unit_closed
        ian mints 1 bob                    unit_closed
        all changes closed=no              ok
        bob pays cid 1                     2
    """,
}


@pytest.mark.parametrize("title", TABLES)
def test_table(title: str) -> None:
    twins = Town(), Town(sqlite=True)
    for text in TABLES[title].strip().splitlines():
        line, wanted = text.rsplit(maxsplit=1)
        assert [twin.say(line) for twin in twins] == [wanted, wanted], line
        assert set(ledger.sums(twins[0].w.tables).values()) <= {0}
    assert twins[0].w.digest() == twins[1].w.digest()


def test_stewards_mint_together_above_a_limit() -> None:
    w = World(params={"approval.issue_above_minor": 100})
    for name in ("sam", "tim"):
        w.member(name, roles=("steward",))
    leaf(w, mint="role steward")
    fields = {"unit": "LEAF", "payee": w.did("sam")}
    assert w.do("ann", "currency.mint", amount_minor=100, **fields) == 1
    assert w.do("ann", "currency.mint", amount_minor=101, **fields) == "approval:1"
    assert w.do("tim", "approval.approve", approval=1) == "done"
    assert ledger.supply(w.tables, "LEAF") == 201
    assert notices(w, "sam") == ["currency.minted", "approval.wanted", "currency.minted"]


def test_lists_and_terms_can_be_read_by_anybody() -> None:
    w = World()
    w.member("bob")
    leaf(w, title="Leaf", cap_minor=500, decimals=1, levy_bp=5, mint="role steward")
    by_decision(w, "credit.create", unit="SUN", floor_minor=-9)
    w.do("ann", "currency.mint", amount_minor=70, unit="LEAF", payee=w.did("bob"))
    (row,) = w.ask("stranger", "currency.list")
    assert row == w.ask("stranger", "currency.show", unit="LEAF") == w.ask(None, "unit.show", unit="LEAF")
    assert {k: row[k] for k in ("unit", "title", "kind", "decimals", "mint", "burn", "levy_bp", "transferable")} == {
        "unit": "LEAF", "title": "Leaf", "kind": "currency", "decimals": 1, "mint": "role steward",
        "burn": "acts for holder", "levy_bp": 5, "transferable": True,
    }  # fmt: skip
    assert (row["supply"], row["cap"], row["ceiling"]) == (Amount(70, 1, "LEAF"), Amount(500, 1, "LEAF"), None)
    assert [r["unit"] for r in w.ask("bob", "unit.list")] == ["LEAF", "SUN"]
    assert [r["unit"] for r in w.ask("bob", "unit.list", kind="credit")] == ["SUN"]
    assert [r["unit"] for r in w.ask("bob", "unit.list", after="LEAF")] == ["SUN"]
    assert w.ask("bob", "unit.show", unit="SUN")["supply"] is None
    with pytest.raises(ledger.UnknownUnit):
        w.ask("bob", "unit.show", unit="X")
    with pytest.raises(units.WrongKind):
        w.ask("bob", "currency.show", unit="SUN")
    assert notices(w, "bob") == ["currency.minted"]


# -- every declared refusal --------------------------------------------------------------------------------------------


def _acts(*steps: Callable[[World], Any]) -> Callable[[World], Any]:
    return lambda w: [step(w) for step in steps][-1]


def _leaf(**terms: Any) -> Callable[[World], Any]:
    return lambda w: leaf(w, **{"mint": "role steward", "burn": "role steward or acts for holder", **terms})


def _mint(amount: int, payee: str = "bob") -> Callable[[World], str]:
    def act(w: World) -> str:
        fields = {"amount_minor": amount, "unit": "LEAF", "payee": w.did(payee)}
        try:
            return str(w.do("ann", "currency.mint", **fields))
        except Refused as no:
            return no.code

    return act


def _burn(amount: int, holder: str = "bob") -> Callable[[World], str]:
    return lambda w: w.refused("ann", "currency.burn", amount_minor=amount, unit="LEAF", holder=w.did(holder))


def _change(**terms: Any) -> Callable[[World], str]:
    return lambda w: str(by_decision(w, "currency.change", unit="LEAF", **terms))


def _row(change: Callable[[World], None]) -> Callable[[World], None]:
    def act(w: World) -> None:
        change(w)
        w.tables.settle()

    return act


CREDIT = _row(lambda w: w.tables.put(ledger.Unit("LEAF", "credit", 2, None, 0, None, None, None, True, "open", 0,
                                                 {"mint": "anyone", "burn": "anyone"})))  # fmt: skip
SUSPENDED = _row(lambda w: w.tables.put(
    msgspec.structs.replace(registry.party_of(w.tables, w.did("bob")), status="suspended")))  # fmt: skip
CLOSED = _acts(
    _row(lambda w: ledger.open_account(w.tables, ledger.unit_of(w.tables, "LEAF"), w.no("bob"), 0) and None),
    _row(lambda w: ledger.close_account(w.tables, "LEAF", w.no("bob"))),
)
# History may leave a holder with more than was minted; burning it would take back what was never issued.
HISTORY = _row(lambda w: ledger.post(
    w.tables, w.reader(None), (ledger.Leg("LEAF", w.no("cid"), w.no("bob"), 5),), limits=False) and None)  # fmt: skip

CASES: list[Case] = [
    ("currency.create", "unit_exists", _acts(_leaf(), _leaf())),
    ("currency.create", "bad_terms", _leaf(mint="whoever")),
    ("currency.create", "bad_terms", _leaf(burn="term mint")),
    ("currency.create", "bad_terms", _leaf(mint="role steward or term burn")),
    ("currency.create", "bad_terms", _leaf(ceiling_minor=-1)),
    ("currency.change", "unknown_unit", _change(cap_minor=5)),
    ("currency.change", "wrong_kind_of_unit", _acts(CREDIT, _change(cap_minor=5))),
    ("currency.change", "bad_terms", _acts(_leaf(), _mint(6), _change(cap_minor=5))),
    ("currency.mint", "unknown_unit", _mint(5)),
    ("currency.mint", "wrong_kind_of_unit", _acts(CREDIT, _mint(5))),
    ("currency.mint", "unit_closed", _acts(_leaf(), _change(closed=True), _mint(5))),
    ("currency.mint", "unknown_member", _acts(_leaf(), _mint(5, "nobody"))),
    ("currency.mint", "member_not_active", _acts(_leaf(), SUSPENDED, _mint(5))),
    ("currency.mint", "account_closed", _acts(_leaf(), CLOSED, _mint(5))),
    ("currency.mint", "over_ceiling", _acts(_leaf(ceiling_minor=4), _mint(5))),
    ("currency.mint", "over_cap", _acts(_leaf(cap_minor=4), _mint(5))),
    ("currency.mint", "amount_out_of_range", _acts(_leaf(), _mint(INT64_MAX), _mint(1, "cid"))),
    ("currency.burn", "unknown_unit", _burn(5)),
    ("currency.burn", "wrong_kind_of_unit", _acts(CREDIT, _burn(5))),
    ("currency.burn", "unit_closed", _acts(_leaf(), _mint(5), _change(closed=True), _burn(5))),
    ("currency.burn", "unknown_member", _acts(_leaf(), _burn(5, "nobody"))),
    ("currency.burn", "account_closed", _acts(_leaf(), CLOSED, _burn(5))),
    ("currency.burn", "over_floor", _acts(_leaf(), _mint(5), _burn(6))),
    ("currency.burn", "over_ceiling", _acts(_leaf(), HISTORY, _burn(5))),
]


@pytest.mark.parametrize("case", CASES, ids=[f"{op} {code}" for op, code, _ in CASES])
def test_a_refusal(case: Case) -> None:
    provoke(case)


def test_every_declared_refusal_is_provoked() -> None:
    assert undeclared(currency.MODULE, CASES) == set()


def test_a_burned_holder_is_told() -> None:
    w = World()
    w.member("bob")
    _leaf()(w)
    _mint(5)(w)
    w.do("ann", "currency.burn", amount_minor=2, unit="LEAF", holder=w.did("bob"))
    assert notices(w, "bob") == ["currency.minted", "currency.burned"]
    assert ledger.balance(w.tables, "LEAF", 0, ISSUANCE) == -3
