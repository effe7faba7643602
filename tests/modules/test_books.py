"""Imports of books: who may, what is posted once, what is refused, what a claim and an undo do."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dag.event import InvalidEvent
from icn_node.kernel import imports, ledger, private, registry
from icn_node.kernel.module import Party
from icn_node.kernel.refusal import Refusal
from tests.world import DAY_MS, T0, Refused, World, key_of

DAY = T0 // DAY_MS
YEAR = T0 + 300 * DAY_MS


def h(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def field(text: str, audience: str = "parties role:steward") -> dict[str, Any]:
    """A commitment as it stands in an event; what is behind it is nobody's business here."""
    return {"h": h(text), "audience": audience, "size": 100}


def code_of(act: Callable[[], object]) -> str:
    """The code with which something is refused that is no event: a decision, a question."""
    with pytest.raises(Refusal) as error:
        act()
    return error.value.code


def authorised(**fields: Any) -> World:
    w = World()
    w.member("bob")
    allow(w, **fields)
    return w


def allow(w: World, importer: str = "ann", **fields: Any) -> int:
    fields = {"units": ["OLD"], "create": "credit", "members": True, "until_ms": YEAR, **fields}
    no: int = w.decide({"op": "books.authorise", "importer": w.did(importer), **fields})[0]
    return no


def begin(w: World, who: str = "ann", **fields: Any) -> int:
    fields = {"digest": h("file"), "key_id": h("key"), "keyed_by": "content", "unit": "OLD", "decimals": 2, **fields}
    no: int = w.do(who, "books.begin", **{k: v for k, v in fields.items() if v is not None})
    return no


def enter(w: World, batch: int, *labels: str) -> list[int]:
    w.do("ann", "books.enter", batch=batch, labels=[{"key": h(label)} for label in labels])
    found = [w.tables.get(imports.ImportedLabel, h(label)) for label in labels]
    return [row.party for row in found if row is not None]


def row(key: str, payer: int, payee: int, amount: int, day: int = DAY - 100, **more: Any) -> dict[str, Any]:
    return {"key": h(key), "day": day, "payer": payer, "payee": payee, "amount_minor": amount, **more}


def books(w: World) -> tuple[int, int, int, int]:
    """A begun import with three labels a, b, c: (batch, a, b, c)."""
    batch = begin(w)
    a, b, c = enter(w, batch, "a", "b", "c")
    return batch, a, b, c


def balance(w: World, party: int, sub: int = 0) -> int:
    return ledger.balance(w.tables, "OLD", party, sub)


# -- authority ---------------------------------------------------------------------------------------------------------


def test_founders_authorise_in_the_genesis_event() -> None:
    op = {"op": "books.authorise", "ver": 1, "importer": key_of("ann").did, "units": ["OLD"], "create": "credit",
          "until_ms": YEAR}  # fmt: skip
    w = World(ops=(op,))
    assert begin(w) == 1
    assert w.ask("ann", "books.authorities")[0] == {
        "authority": 1, "importer": Party(1), "units": ["OLD"], "members": False, "create": "credit",
        "since_ms": T0, "until_ms": YEAR, "decision": 0, "status": "open",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"units": []}, None),  # members alone
        ({"units": [], "members": False}, "bad_import_authority"),
        ({"until_ms": T0}, "bad_import_authority"),
        ({"until_ms": T0 + 367 * DAY_MS}, "bad_import_authority"),
        ({"until_ms": T0 + 366 * DAY_MS}, None),
        ({"create": ""}, "bad_import_authority"),  # there is no unit OLD
        ({"create": "gold"}, "malformed"),
        ({"units": ["old"]}, "malformed"),
        ({"importer": "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"}, "unknown_member"),
    ],
)
def test_what_an_authority_takes(fields: dict[str, Any], code: str | None) -> None:
    w = World()
    op = {"op": "books.authorise", "importer": w.did("ann"), "units": ["OLD"], "create": "credit", "members": True,
          "until_ms": YEAR, **fields}  # fmt: skip
    if code is None:
        assert w.decide(op) == [1]
    else:
        assert code_of(lambda: w.decide(op)) == code


def test_only_a_decision_authorises_and_only_active_people_are() -> None:
    w = World()
    fields = {"importer": w.did("ann"), "units": ["OLD"], "create": "credit", "until_ms": YEAR}
    assert w.refused("ann", "books.authorise", **fields) == "forbidden"
    w.member("bob")
    w.do("bob", "member.leave")
    with pytest.raises(registry.NotActive):
        allow(w, "bob")


def test_an_authority_is_for_its_holder_its_units_and_its_time() -> None:
    w = authorised()
    assert w.refused("bob", "books.begin", digest=h("f"), key_id=h("k"), keyed_by="id", unit="OLD", decimals=0) == (
        "import_not_authorised"
    )
    other = {"digest": h("f"), "key_id": h("k"), "keyed_by": "id", "decimals": 0}
    assert w.refused("ann", "books.begin", **other, unit="NEW") == "import_not_authorised"
    assert w.refused("ann", "books.begin", **other, unit="OLD", authority=7) == "import_not_authorised"
    batch = begin(w)
    w.pass_time(days=301)
    assert w.ask("ann", "books.authorities")[0]["status"] == "ended"
    assert w.refused("ann", "books.begin", **other, unit="OLD") == "import_not_authorised"
    assert w.refused("ann", "books.enter", batch=batch, labels=[{"key": h("a")}]) == "import_not_authorised"


def test_a_revoked_authority_ends_what_it_began() -> None:
    w = authorised()
    batch, a, b, _ = books(w)
    assert w.refused("ann", "books.revoke", authority=1) == "forbidden"
    w.decide({"op": "books.revoke", "authority": 1})
    assert w.refused("ann", "books.post", batch=batch, rows=[row("r", a, b, 5)]) == "import_not_authorised"
    assert w.refused("ann", "books.undo", batch=batch) == "import_not_authorised"
    assert code_of(lambda: w.decide({"op": "books.revoke", "authority": 1})) == "wrong_state"
    assert code_of(lambda: w.decide({"op": "books.revoke", "authority": 9})) == "unknown_import_authority"


def test_members_alone_are_no_unit() -> None:
    w = authorised(units=[], create="")
    batch = begin(w, unit=None, decimals=None, keyed_by="label")
    (a,) = enter(w, batch, "a")
    assert w.refused("ann", "books.post", batch=batch, rows=[row("r", a, a, 5)]) == "wrong_import"
    assert w.refused("ann", "books.undo", batch=batch) == "wrong_import"
    opening = [{"key": h("o"), "day": DAY, "label": a, "balance_minor": 5}]
    assert w.refused("ann", "books.open_balances", batch=batch, rows=opening) == "wrong_import"


# -- beginning ---------------------------------------------------------------------------------------------------------


def test_the_same_file_goes_on_where_it_was() -> None:
    w = authorised()
    assert begin(w) == 1
    assert begin(w) == 1
    assert begin(w, digest=h("another")) == 2
    assert begin(w, source="cyclos") == 3
    assert [i["source"] for i in w.ask("bob", "books.imports")] == ["books", "books", "cyclos"]


def test_a_unit_is_created_only_if_the_authority_says_so() -> None:
    w = authorised()
    fields = {"digest": h("f"), "key_id": h("k"), "keyed_by": "id"}
    assert w.refused("ann", "books.begin", **fields, unit="OLD") == "unknown_unit"  # no decimals given
    begin(w, title="The old exchange")
    unit = ledger.unit_of(w.tables, "OLD")
    assert (unit.kind, unit.decimals, unit.floor_minor, unit.terms["title"]) == ("credit", 2, 0, "The old exchange")
    begin(w, digest=h("again"), decimals=5)
    assert ledger.unit_of(w.tables, "OLD").decimals == 2
    hours = authorised(create="hours")
    assert hours.refused("ann", "books.begin", **fields, unit="OLD", decimals=2) == "bad_terms"
    begin(hours, decimals=0)
    assert ledger.unit_of(hours.tables, "OLD").kind == "hours"


def test_another_import_key_is_refused_whatever_the_unit() -> None:
    w = authorised(units=["OLD", "NEW"])
    begin(w)
    fields = {"digest": h("f"), "key_id": h("other key"), "keyed_by": "label"}
    assert w.refused("ann", "books.begin", **fields, unit="NEW", decimals=0) == "other_import_key"
    assert w.refused("ann", "books.begin", **fields) == "other_import_key"


@pytest.mark.parametrize(
    ("first", "second", "source", "code"),
    [
        ("content", "content", "books", None),
        ("content", "content_memo", "books", "other_row_identity"),
        ("content", "id", "books", "other_row_identity"),
        ("id", "content", "books", "other_row_identity"),
        ("id", "content", "other", None),
        ("label", "id", "books", None),
        ("id", "label", "books", None),
    ],
)
def test_rows_of_a_source_are_told_apart_in_one_way(first: str, second: str, source: str, code: str | None) -> None:
    w = authorised()
    begin(w, keyed_by=first)
    fields = {"digest": h("f2"), "key_id": h("key"), "keyed_by": second, "unit": "OLD", "source": source}
    if code is None:
        assert w.do("ann", "books.begin", **fields) == 2
    else:
        assert w.refused("ann", "books.begin", **fields) == code


# -- labels ------------------------------------------------------------------------------------------------------------


def test_labels_are_entered_once_and_told_anew_only_if_they_changed() -> None:
    w = authorised()
    batch = begin(w)
    first = {"key": h("a"), "name": field("Ann Old"), "contact": field("a@x"), "detail": h("d1"), "handle": field("an")}
    assert w.do("ann", "books.enter", batch=batch, labels=[{"key": h("b")}, first]) == 2
    again = {**first, "name": field("Ann Old, salted anew")}
    assert w.do("ann", "books.enter", batch=batch, labels=[again, {"key": h("b"), "name": field("ignored")}]) == 0
    (b, a) = w.ask("ann", "books.labels")
    assert b["name"] is None
    assert (a["name"].h, a["contact"].h, a["handle"].h) == (h("Ann Old"), h("a@x"), h("an"))
    assert w.do("ann", "books.enter", batch=batch, labels=[{**again, "detail": h("d2")}]) == 1
    assert w.ask("ann", "books.labels")[1]["name"].h == h("Ann Old, salted anew")
    assert w.tables.get(registry.Party, a["no"]).kind == "label"  # type: ignore[union-attr]
    assert w.ask("ann", "books.imports")[0]["accounts"] == 2
    assert w.refused("ann", "books.enter", batch=9, labels=[{"key": h("a")}]) == "unknown_import"
    assert w.refused("ann", "books.enter", batch=batch, labels=[]) == "malformed"


def test_lists_of_labels_and_the_register_are_not_for_everybody() -> None:
    w = authorised()
    batch, a, *_ = books(w)
    for name in ("books.labels", "books.register"):
        assert code_of(partial(w.ask, "bob", name)) == "forbidden"
        assert w.ask("ann", name)
        assert w.ask(None, name)
    assert [p["no"] for p in w.ask(None, "books.register", after=a, limit=1)] == [a + 1]
    assert w.ask(None, "books.register")[0]["roles"] == ["steward"]
    assert [r["batch"] for r in w.ask("ann", "books.labels", status="any", limit=2)] == [batch, batch]


# -- posting -----------------------------------------------------------------------------------------------------------


def test_history_is_posted_with_its_days_and_beyond_limits() -> None:
    w = authorised()
    batch, a, b, c = books(w)
    assert w.do("ann", "books.post", batch=batch, rows=[row("1", a, b, 500, DAY - 9), row("2", b, c, 200, DAY)]) == 2
    assert (balance(w, a), balance(w, b), balance(w, c)) == (-500, 300, 200)  # the unit's floor is 0
    book = w.ask("ann", "credit.book", unit="OLD", owner=b)
    assert [(line["value_day"], line["kind"], line["ref"]) for line in book["lines"]] == [
        (DAY - 9, "import", batch), (DAY, "import", batch),
    ]  # fmt: skip
    assert ledger.sums(w.tables) == {"OLD": 0}


def test_known_rows_are_passed_over_and_changed_ones_refused() -> None:
    w = authorised()
    batch, a, b, c = books(w)
    rows = [row("1", a, b, 500), row("2", b, c, 200), row("1", a, b, 500)]
    assert w.do("ann", "books.post", batch=batch, rows=rows) == 2
    before = w.digest()
    assert w.do("ann", "books.post", batch=batch, rows=rows) == 0
    assert w.digest() == before, "a second run changes nothing"
    for changed in (
        row("1", a, b, 501), row("1", a, c, 500), row("1", b, a, 500), row("1", a, b, 500, DAY - 99),
    ):  # fmt: skip
        assert w.refused("ann", "books.post", batch=batch, rows=[row("3", a, b, 1), changed]) == "imported_row_changed"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"payer": 1}, "not_an_imported_account"),  # ann herself
        ({"payee": 99}, "not_an_imported_account"),
        ({"payee": None}, "same_account"),
        ({"day": DAY + 1}, "day_ahead"),
        ({"day": -25_568}, "malformed"),
        ({"amount_minor": 0}, "malformed"),
        ({"amount_minor": 2**63 - 1}, "amount_out_of_range"),
        ({"amount_minor": 2**63}, "malformed"),
        ({"payer": 0}, "malformed"),
        ({"extra": 1}, "malformed"),
    ],
)
def test_rows_that_are_refused(change: dict[str, Any], code: str) -> None:
    w = authorised()
    batch, a, b, _ = books(w)
    w.do("ann", "books.post", batch=batch, rows=[row("0", a, b, 5)])
    bad = {**row("1", a, b, 5), **change}
    bad["payee"] = bad["payee"] or a
    if bad["amount_minor"] == 2**63:
        with pytest.raises(InvalidEvent):  # no event can say it
            w.do("ann", "books.post", batch=batch, rows=[bad])
        return
    assert w.refused("ann", "books.post", batch=batch, rows=[row("ok", a, b, 1), bad]) == code


def test_the_local_day_of_the_space_is_today() -> None:
    w = authorised()
    batch, a, b, _ = books(w)
    w.pass_time(hours=23, ms=30 * 60_000)  # 00:30 of the next day in Amsterdam
    assert w.do("ann", "books.post", batch=batch, rows=[row("1", a, b, 5, DAY + 1)]) == 1


def test_a_closed_unit_takes_no_history() -> None:
    w = authorised()
    batch, a, b, _ = books(w)
    w.decide({"op": "credit.change", "unit": "OLD", "closed": True})
    assert w.refused("ann", "books.post", batch=batch, rows=[row("1", a, b, 5)]) == "unit_closed"


def test_memos_concern_the_account_holders_and_then_who_claims_them() -> None:
    w = authorised()
    batch, a, b, _ = books(w)
    w.do("ann", "books.post", batch=batch, rows=[row("1", a, b, 5, memo=field("secret"))])
    assert private.concerns(w.tables, h("secret"), a)
    assert not private.concerns(w.tables, h("secret"), w.no("bob"))
    claim(w, a, "bob")
    assert private.concerns(w.tables, h("secret"), w.no("bob"))
    w.do("bob", "privacy.erase", h=[h("secret")], reason="objection")


def claim(w: World, label: int, who: str) -> None:
    no = w.do(who, "member.claim", label=label)
    w.do("ann", "member.confirm_claim", claim=no)


def test_rows_of_a_claimed_account_go_to_the_member_who_is_told() -> None:
    w = authorised()
    batch, a, b, c = books(w)
    w.do("ann", "books.post", batch=batch, rows=[row("1", a, b, 500)])
    claim(w, a, "bob")
    bob = w.no("bob")
    assert (balance(w, a), balance(w, bob)) == (0, -500)
    assert w.do("ann", "books.post", batch=batch, rows=[row("1", a, b, 500), row("2", a, c, 30)]) == 1
    assert (balance(w, a), balance(w, bob), balance(w, c)) == (0, -530, 30)
    told = [n for n in w.ask("bob", "notice.list") if n["code"] == "books.posted"]
    assert [n["facts"] for n in told] == [{"batch": batch, "rows": 1, "unit": "OLD"}]
    changed = {"key": h("a"), "detail": h("new"), "name": field("new name")}
    assert w.do("ann", "books.enter", batch=batch, labels=[changed]) == 0, "the member's own words stand"
    claim(w, b, "bob")
    assert w.refused("ann", "books.post", batch=batch, rows=[row("3", a, b, 1)]) == "same_account"


def test_a_member_who_closed_the_account_takes_no_more_rows() -> None:
    w = authorised()
    batch, a, b, _ = books(w)
    w.do("ann", "books.post", batch=batch, rows=[row("1", b, a, 500)])
    claim(w, a, "bob")
    w.do("bob", "credit.close", unit="OLD", heir=w.did("ann"))
    assert w.refused("ann", "books.post", batch=batch, rows=[row("2", a, b, 5)]) == "account_closed"


# -- opening balances --------------------------------------------------------------------------------------------------


def opening(key: str, label: int, minor: int, day: int = DAY - 1) -> dict[str, Any]:
    return {"key": h(key), "day": day, "label": label, "balance_minor": minor}


def test_opening_balances_stand_against_the_space_and_are_posted_once() -> None:
    w = authorised()
    batch, a, b, c = books(w)
    rows = [opening("a", a, 700), opening("b", b, -450)]
    assert w.do("ann", "books.open_balances", batch=batch, rows=rows) == 2
    assert (balance(w, a), balance(w, b), balance(w, 0, ledger.OPENING)) == (700, -450, -250)
    before = w.digest()
    assert w.do("ann", "books.open_balances", batch=batch, rows=rows) == 0
    assert w.digest() == before
    for changed in (opening("a", a, 701), opening("a", a, -700), opening("a", a, 700, DAY), opening("a", c, 700)):
        assert w.refused("ann", "books.open_balances", batch=batch, rows=[changed]) == "imported_row_changed"
    other = w.refused("ann", "books.open_balances", batch=batch, rows=rows, against="treasury")
    assert other == "imported_row_changed"
    assert w.refused("ann", "books.open_balances", batch=batch, rows=[opening("c", c, 5, DAY + 1)]) == "day_ahead"
    assert w.refused("ann", "books.open_balances", batch=batch, rows=[opening("c", c, 0)]) == "amount_out_of_range"
    assert w.refused("ann", "books.open_balances", batch=batch, rows=[opening("c", 1, 5)]) == "not_an_imported_account"
    assert ledger.sums(w.tables) == {"OLD": 0}


def test_opening_balances_of_a_currency_are_its_supply_and_keep_its_cap() -> None:
    w = authorised(create="currency")
    batch, a, b, _ = books(w)
    w.do("ann", "books.open_balances", batch=batch, rows=[opening("a", a, 700)], against="issuance")
    assert ledger.supply(w.tables, "OLD") == 700
    w.decide({"op": "currency.change", "unit": "OLD", "cap_minor": 1000})
    refused = w.refused("ann", "books.open_balances", batch=batch, rows=[opening("b", b, 301)], against="issuance")
    assert refused == "over_cap"
    assert w.do("ann", "books.open_balances", batch=batch, rows=[opening("b", b, 300)], against="issuance") == 1


def test_an_opening_of_a_claimed_account_is_still_known() -> None:
    w = authorised()
    batch, a, *_ = books(w)
    w.do("ann", "books.open_balances", batch=batch, rows=[opening("a", a, 700)])
    claim(w, a, "bob")
    assert w.do("ann", "books.open_balances", batch=batch, rows=[opening("a", a, 700)]) == 0
    assert balance(w, w.no("bob")) == 700


# -- undoing -----------------------------------------------------------------------------------------------------------


def test_an_import_is_undone_from_its_end_and_can_be_posted_again() -> None:
    w = authorised()
    batch, a, b, c = books(w)
    rows = [row("1", a, b, 500), row("2", b, c, 200), row("3", c, a, 50)]
    w.do("ann", "books.post", batch=batch, rows=rows)
    assert w.do("ann", "books.undo", batch=batch, most=1) == 2
    assert (balance(w, a), balance(w, b), balance(w, c)) == (-500, 300, 200)
    assert w.do("ann", "books.undo", batch=batch) == 0
    assert [balance(w, p) for p in (a, b, c)] == [0, 0, 0]
    assert w.refused("ann", "books.undo", batch=batch) == "nothing_to_undo"
    listed = w.ask("ann", "books.imports")[0]
    assert (listed["rows"], listed["amount"].minor) == (0, 0)
    days = [line["value_day"] for line in w.ask("ann", "credit.book", unit="OLD", owner=a)["lines"]]
    assert days == [DAY - 100] * 4, "what is undone nets out on its own day"
    assert w.do("ann", "books.post", batch=batch, rows=rows) == 3
    assert (balance(w, a), balance(w, b), balance(w, c)) == (-450, 300, 150)
    assert w.do("ann", "books.post", batch=batch, rows=rows) == 0
    assert w.refused("ann", "books.undo", batch=9) == "unknown_import"


def test_undoing_follows_claims() -> None:
    w = authorised()
    batch, a, b, c = books(w)
    w.do("ann", "books.post", batch=batch, rows=[row("1", a, b, 500), row("2", a, c, 10)])
    w.do("ann", "books.open_balances", batch=batch, rows=[opening("o", c, 40)])
    claim(w, a, "bob")
    claim(w, b, "bob")
    assert w.do("ann", "books.undo", batch=batch) == 0
    assert [balance(w, p) for p in (a, b, c, w.no("bob"))] == [0, 0, 0, 0]
    assert balance(w, 0, ledger.OPENING) == 0


def test_imported_rows_are_not_reversed_one_by_one() -> None:
    w = authorised()
    batch, a, b, _ = books(w)
    w.do("ann", "books.post", batch=batch, rows=[row("1", a, b, 500)])
    assert w.refused("ann", "credit.reverse", transfer=1) == "not_reversible"


# -- always ------------------------------------------------------------------------------------------------------------


def attempted(act: Callable[[], object]) -> str:
    """The code with which an event was refused, '' if it was carried out."""
    try:
        act()
    except Refused as no:
        return no.code
    return ""


def act(w: World, batch: int, labels: list[int], kind: str, what: Any) -> None:
    """One act of a course."""
    if kind == "post" and what:
        rows = [row(str(k), labels[x], labels[y], n) for k, x, y, n in what]
        w.do("ann", "books.post", batch=batch, rows=rows)
        before = w.digest()
        assert w.do("ann", "books.post", batch=batch, rows=rows) == 0
        assert w.digest() == before
    elif kind == "open" and what:
        rows = [opening(f"o{x}", labels[x], n) for x, n in what]
        w.do("ann", "books.open_balances", batch=batch, rows=rows)
    elif kind == "undo":
        w.do("ann", "books.undo", batch=batch, most=what)
    elif kind == "claim":
        claim(w, labels[what], "bob")


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("post"), st.lists(
                st.tuples(st.integers(0, 9), st.integers(0, 3), st.integers(0, 3), st.integers(1, 999)), max_size=6)),
            st.tuples(st.just("open"), st.lists(st.tuples(st.integers(0, 3), st.integers(-999, 999)), max_size=3)),
            st.tuples(st.just("undo"), st.integers(1, 3)),
            st.tuples(st.just("claim"), st.integers(0, 3)),
        ),
        max_size=8,
    )
)  # fmt: skip
def test_any_course_of_imports_conserves_sums_and_is_the_same_in_sqlite(acts: list[Any]) -> None:
    digests = set()
    for sqlite in (False, True):
        w = World(sqlite=sqlite)
        w.member("bob")
        allow(w)
        batch = begin(w)
        labels = enter(w, batch, "p", "q", "r", "s")
        for kind, what in acts:
            code = attempted(partial(act, w, batch, labels, kind, what))
            assert code in ("", "imported_row_changed", "same_account", "amount_out_of_range", "no_unclaimed_label",
                            "nothing_to_undo")  # fmt: skip
            assert ledger.sums(w.tables) == {"OLD": 0}
            posted = w.tables.count(imports.ImportedRow, "batch", batch, "posted")
            assert w.ask("ann", "books.imports")[0]["rows"] == posted
        digests.add(w.digest())
    assert len(digests) == 1
