"""Opening balances and members' lists: what they post and enter, once, and what they refuse."""

from __future__ import annotations

from pathlib import Path

import pytest

from icn_node.books.errors import BadOptions
from icn_node.books.options import columns as columns_of
from icn_node.books.options import import_options
from icn_node.books.report import words
from icn_node.kernel import ledger
from tests.books.coop import Coop, join

BALANCES = "account;balance\nann;12,50\nbob;-20,75\ncleo;0\n"
MAP = "account=account,balance=balance"


def test_opening_balances_stand_against_the_space(coop: Coop) -> None:
    report = coop.load(BALANCES, kind="opening-balances", unit="SUN", map=MAP, day="2025-12-31")
    assert (report.posted, report.empty, report.entered, report.decimals) == (2, 1, 3, 2)
    assert (report.against, report.against_minor) == ("opening", 825)
    assert coop.balances("SUN") == {"ann": 1250, "bob": -2075, "(opening)": 825}
    assert report.sums == {"SUN": 0}
    assert "against opening: 8.25 SUN" in words(report)
    assert [b.account for b in report.breaches.below_floor] == ["bob"]
    assert {line["value_day"] for line in coop.session().ask("credit.journal")} == {20453}
    again = coop.load(BALANCES, kind="opening-balances", unit="SUN", map=MAP, day="2025-12-31")
    assert (again.outcome, again.known) == ("nothing_new", 2)
    assert coop.balances("SUN") == {"ann": 1250, "bob": -2075, "(opening)": 825}


def test_an_account_opens_once(coop: Coop) -> None:
    coop.load(BALANCES, kind="opening-balances", unit="SUN", map=MAP, day="2025-12-31")
    changed = BALANCES.replace("12,50", "12,51").replace("-20,75", "0").replace("cleo;0", "cleo;1")
    report = coop.load(changed, kind="opening-balances", unit="SUN", map=MAP, day="2025-12-31")
    assert [(b.line, b.reason) for b in report.bad] == [
        (2, "'ann' was opened before otherwise, by transfer 1"),
        (3, "'bob' was opened before otherwise, by transfer 2"),
    ]
    other = coop.load(BALANCES, kind="opening-balances", unit="SUN", map=MAP, day="2025-12-31", against="treasury")
    assert len(other.bad) == 2
    assert coop.load(BALANCES, kind="opening-balances", unit="SUN", map=MAP, day="2025-12-31", source="b").posted == 2


def test_balances_of_a_minted_currency_are_its_supply(tmp_path: Path) -> None:
    coop = Coop(tmp_path, create="currency")
    text = "account,balance,since\nann,12,31/12/2024\nbob,8,1/1/2025\n"
    columns = {"account": "account", "balance": "balance", "date": "since"}
    report = coop.load(text, kind="opening-balances", unit="SUN", map=columns)
    assert (report.against, report.posted, report.date_format) == ("issuance", 2, "day/month/year")
    assert ledger.supply(coop.space.tables, "SUN") == 20
    assert coop.balances("SUN") == {"ann": 12, "bob": 8, "(issuance)": -20}
    coop.close()


def test_bad_balances(coop: Coop) -> None:
    text = "account,balance\nann,5\nann,6\n,7\nbob,much\ncleo,99999999999999999999\n"
    report = coop.load(text, kind="opening-balances", unit="SUN", map=MAP, day="2025-12-31")
    assert [(b.line, b.reason) for b in report.bad] == [
        (3, "'ann' stands on line 2 already"), (4, "the account is empty"), (5, "'much' is no amount"),
        (6, "the balance is beyond 64 bits"),
    ]  # fmt: skip
    late = coop.load("account,balance\nann,5\n", kind="opening-balances", unit="SUN", map=MAP, day="2026-01-02")
    assert [b.reason for b in late.bad] == ["the date 2026-01-02 lies in the future"]


PEOPLE = (
    "Member no;Name;Login;E-mail;Phone\n"
    "1;Ann Öz;ann;ann@example.org;\n"
    "2;Bob  Bee;@Bob;;+31 6 1234\n"
    "3;Cleo;;;\n"
)  # fmt: skip
PEOPLE_MAP = "label=Member no,name=Name,handle=Login,email=E-mail,phone=Phone"


def people(coop: Coop) -> list[tuple[str | None, ...]]:
    session = coop.session()

    def text(row: dict[str, object], name: str) -> str | None:
        field = row[name]
        return None if field is None else session.reveal(field)[0]  # type: ignore[arg-type]

    return [tuple(text(r, n) for n in ("name", "contact", "handle")) for r in session.ask("books.labels")]


def test_members_become_unclaimed_account_holders_with_private_names(coop: Coop) -> None:
    report = coop.load(PEOPLE, kind="members", map=PEOPLE_MAP)
    assert (report.entered, report.changed, report.known, report.unit, report.batch) == (3, 0, 0, "", 1)
    assert people(coop) == [
        ("Ann Öz", "ann@example.org", "ann"), ("Bob Bee", "+31 6 1234", "bob"), ("Cleo", None, None),
    ]  # fmt: skip
    assert [p["status"] for p in coop.session().ask("books.labels")] == ["unclaimed"] * 3
    assert "3 people entered, 0 told anew, 0 known before" in words(report)
    before = coop.space.head()["leaves"]
    again = coop.load(PEOPLE, kind="members", map=PEOPLE_MAP)
    assert (again.outcome, again.known) == ("nothing_new", 3)
    assert coop.space.head()["leaves"] == before


def test_a_changed_list_tells_anew(coop: Coop) -> None:
    coop.load(PEOPLE, kind="members", map=PEOPLE_MAP)
    report = coop.load(PEOPLE.replace("+31 6 1234", "+31 6 5678"), kind="members", map=PEOPLE_MAP)
    assert (report.entered, report.changed, report.known) == (0, 1, 2)
    assert people(coop)[1] == ("Bob Bee", "+31 6 5678", "bob")


def test_members_and_transactions_of_the_same_books_meet(coop: Coop) -> None:
    coop.load(PEOPLE, kind="members", map=PEOPLE_MAP)
    report = coop.load("date,from,to,amount\n2020-01-01,1,3,5\n2020-01-01,3,4,5\n", unit="SUN",
                       map="date=date,from=from,to=to,amount=amount")  # fmt: skip
    assert (report.accounts, report.entered) == (3, 1)
    assert coop.balances("SUN") == {"Ann Öz": -5, "Cleo": 0, "4": 5}
    named = coop.load("no;name\n4;Dirk\n", kind="members", map="label=no,name=name")
    assert (named.entered, named.changed) == (0, 1)
    assert coop.balances("SUN") == {"Ann Öz": -5, "Cleo": 0, "Dirk": 5}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (";Nobody;;;", "the label is empty"),
        ("1;Ann again;;;", "'1' stands on line 2 already"),
        ("9;X;Not one!;;", "the handle 'Not one!' has other characters than a-z, 0-9, _ and -, or more than 32"),
        ("9;X;;no-mail;", "'no-mail' is no e-mail address"),
        ("9;" + "X" * 1001 + ";;;", "a cell has more than 1000 characters"),
    ],
)
def test_bad_people(coop: Coop, row: str, reason: str) -> None:
    report = coop.load(PEOPLE + row + "\n", kind="members", map=PEOPLE_MAP)
    assert [(b.line, b.reason) for b in report.bad] == [(5, reason)]
    assert people(coop) == []


def test_people_who_are_members_by_now_speak_for_themselves(coop: Coop) -> None:
    coop.load(PEOPLE, kind="members", map=PEOPLE_MAP)
    bob = join(coop, "bob")
    coop.do(bob, {"op": "member.claim", "label": 3})
    assert coop.do(coop.ann, {"op": "member.confirm_claim", "claim": 1}).status == "executed"
    report = coop.load(PEOPLE.replace("Bee", "Wasp"), kind="members", map=PEOPLE_MAP)
    assert (report.outcome, report.changed) == ("nothing_new", 0)
    assert "1 are members by now, whose own words stand" in report.notes


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"map": "date=d"}, "--map must say which column has the from"),
        ({"map": "date=d,from=f,to=t,amount=a,when=w"}, "--map has no field 'when'"),
        ({"map": "date"}, "--map takes field=column pairs"),
        ({"map": "date=a,date=b"}, "--map gives date twice"),
        ({"map": "date=d,from=f,to=t,amount=a"}, "unit: say into which unit"),
        ({"map": "date=d,from=f,to=t,amount=a", "unit": "sun"}, "unit: takes the code of a unit, such as SUN"),
        ({"map": "date=d,from=f,to=t,amount=a", "unit": "SUN", "decimals": 10}, "decimals: .*<= 9"),
        ({"map": "date=d,from=f,to=t,amount=a", "unit": "SUN", "delimiter": "ab"}, "--delimiter takes"),
        ({"map": "date=d,from=f,to=t,amount=a", "unit": "SUN", "against": "treasury"}, "are for opening-balances"),
        ({"map": "date=d,from=f,to=t,amount=a", "unit": "SUN", "audience": "me"}, "--audience: 'me'"),
        ({"map": "date=d,from=f,to=t,amount=a", "unit": "SUN", "colour": "red"}, "unknown field `colour`"),
        ({"kind": "members", "map": "email=e"}, "which column tells members apart"),
        ({"kind": "members", "map": "name=n", "unit": "SUN"}, "has no unit"),
        ({"kind": "opening-balances", "map": "account=a,balance=b", "unit": "SUN"}, "say as of which day"),
    ],
)
def test_options_that_do_not_hold_together(params: dict[str, object], said: str) -> None:
    with pytest.raises(BadOptions, match=said):
        import_options({"path": "x.csv", **params})


def test_options_from_the_command_line_and_from_json() -> None:
    columns = {"date": "When, exactly", "from": "F", "to": "T", "amount": "A"}
    spelling = r"date=When\, exactly, from=F,to=T,amount=A"
    spelled = import_options({"path": "x", "unit": "SUN", "skip-bad": True, "map": spelling})
    assert columns_of(spelled) == columns == columns_of(import_options({"path": "x", "unit": "SUN", "map": columns}))
    assert spelled.skip_bad
