"""Exports: what spreadsheets open, and what hledger and beancount, the real ones, read with equal balances."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from beancount import loader
from beancount.core import data as bean

from dag.keys import SigningKey
from icn_node.books import exporting, spreadsheets
from icn_node.books.errors import BadOptions, BooksError
from icn_node.books.naming import Commodities, Names
from icn_node.books.options import export_options
from icn_node.kernel import ledger, registry
from icn_node.kernel.ledger import Unit
from icn_node.kernel.policy import Forbidden
from icn_node.rpc.edge import text_of
from tests.books import exports
from tests.books.coop import DAY_MS, Coop, join, quiet
from tests.world import key_of

NASTY = '=HYPERLINK("x";"y"); | (a) * ! \\" tag:v #t ^l\n2020-01-01 * "forged"\n  Assets:X  1 SUN'


@pytest.fixture
def lively(tmp_path: Path) -> Iterator[Coop]:
    """Books with three units, imported history, claims, fees, holds, a minted currency and hours."""
    ops: list[dict[str, Any]] = [
        {"op": "credit.create", "ver": 1, "unit": "SUN", "decimals": 2, "floor_minor": -100_000, "levy_bp": 150},
        {"op": "currency.create", "ver": 1, "unit": "GR-", "decimals": 0, "mint": "role steward"},
    ]  # fmt: skip
    coop = Coop(tmp_path, ops=ops, units=["SUN", "LETS", "H"], create="hours")
    coop.load(exports.CYCLOS.replace("=1+1", '"' + NASTY.replace('"', '""') + '"'), unit="SUN", map=exports.CYCLOS_MAP)
    coop.load(exports.TIMEOVERFLOW, unit="H", map=exports.TIMEOVERFLOW_MAP, amount_in="seconds")
    coop.load("who,what\nBaker Jo - jo,3.33\nnew,-1\n", kind="opening-balances", unit="SUN",
              map="account=who,balance=what", day="2021-01-01", name="opening.csv")  # fmt: skip
    bea = join(coop, "bea_x")
    done = [
        coop.do(coop.ann, {"op": "credit.transfer", "payee": bea.did, "unit": "SUN", "amount_minor": 1001}),
        coop.do(coop.ann, {"op": "currency.mint", "payee": bea.did, "unit": "GR-", "amount_minor": 7}),
        coop.do(bea, {"op": "member.claim", "label": 2}),
        coop.do(coop.ann, {"op": "member.confirm_claim", "claim": 1}),
    ]
    assert [d.outcome for d in done if d.status != "executed"] == []
    yield coop
    coop.close()


def export(coop: Coop, **params: Any) -> exporting.ExportReport:
    return exporting.run(coop.session(), export_options(params), quiet)


def accounts(coop: Coop) -> dict[tuple[str, str], Decimal]:
    """What the node itself says stands on each account of a journal: (account, commodity) -> amount, zeros left out."""
    session = coop.session()
    names, tx = Names(session), session.tables
    found = {}
    units = tx.scan(Unit)
    commodities = Commodities(units)
    for unit in units:
        for row in session.ask("credit.accounts", unit=unit.code, limit=1000):
            number = Decimal(text_of(row["balance"].minor, 0 if unit.kind == "hours" else unit.decimals))
            if number:
                found[names.account(row["party"].no, row["account"]), commodities.name(unit.code)] = number
    return found


def by_beancount(path: str | Path) -> dict[tuple[str, str], Decimal]:
    entries, errors, _ = loader.load_file(str(path))
    assert errors == []
    found: dict[tuple[str, str], Decimal] = {}
    for entry in entries:
        if isinstance(entry, bean.Transaction):
            for posting in entry.postings:
                key = (posting.account, posting.units.currency)
                found[key] = found.get(key, Decimal()) + posting.units.number
    return {key: number for key, number in found.items() if number}


def by_hledger(path: str | Path) -> dict[tuple[str, str], Decimal]:
    program = shutil.which("hledger")
    if program is None:
        pytest.fail("hledger is not installed: `apt-get install hledger` (scripts/test does it where it may)")
    checked = subprocess.run([program, "-f", path, "check", "--strict"], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
    listed = subprocess.run(
        [program, "-f", path, "balance", "--flat", "--no-total", "--layout=bare", "-O", "csv"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(listed.stdout)))
    return {(r["account"], r["commodity"]): Decimal(r["balance"]) for r in rows if Decimal(r["balance"])}


READERS = {"hledger": by_hledger, "beancount": by_beancount}


@pytest.mark.parametrize("form", sorted(READERS))
def test_a_ledger_has_the_nodes_balances_in_both_tools(lively: Coop, form: str) -> None:
    path = lively.folder / f"ledger.{form}"
    report = export(lively, what="ledger", format=form, path=str(path))
    found = READERS[form](path)
    assert found == accounts(lively)
    assert report.rows == sum(1 for row in lively.session().ask("credit.journal", limit=1000))
    units = {unit for _, unit in found}
    assert units == {"SUN", "GR-X", "H-MIN"}
    assert all(not sum(n for (_, u), n in found.items() if u == unit) for unit in units)
    assert found["Equity:Space:Opening", "SUN"] == Decimal("-2.33")
    assert found["Assets:Space:Fees", "SUN"] == Decimal("0.15")
    assert found["Assets:Imported:P7", "H-MIN"] == 60


@pytest.mark.parametrize("form", sorted(READERS))
def test_what_is_on_hold_has_not_moved(lively: Coop, form: str) -> None:
    before = accounts(lively)
    space = lively.space
    reader = space.reader(lively.ann.did, lively.now)
    with space.store.transaction():
        ledger.hold(space.tables, reader, ledger.Leg("SUN", 1, 3, 400), None)
        space.tables.flush()
    space.tables.committed()
    path = lively.folder / "ledger"
    export(lively, what="ledger", format=form, path=str(path))
    assert READERS[form](path) == before == accounts(lively)


def test_a_memo_is_no_tag_and_no_comment(lively: Coop) -> None:
    path = lively.folder / "ledger"
    export(lively, what="ledger", format="hledger", path=str(path))
    tags = subprocess.run(["hledger", "-f", path, "tags"], capture_output=True, text=True, check=True)
    assert tags.stdout == ""
    said = subprocess.run(["hledger", "-f", path, "descriptions"], capture_output=True, text=True, check=True).stdout
    assert 'import: =HYPERLINK("x","y"), / (a) * ! \\" tag:v #t ^l 2020-01-01 * "forged" Assets:X 1 SUN' in said


@pytest.mark.parametrize("form", sorted(READERS))
def test_one_unit_alone(lively: Coop, form: str) -> None:
    path = lively.folder / "one"
    export(lively, what="ledger", format=form, unit="SUN", path=str(path))
    assert READERS[form](path) == {k: v for k, v in accounts(lively).items() if k[1] == "SUN"}


@pytest.mark.parametrize("form", sorted(READERS))
@pytest.mark.parametrize("days", [{}, {"from_day": "2021-03-26"}, {"from_day": "2021-03-26", "to_day": "2021-04-01"}])
def test_a_statement_closes_with_the_nodes_balance(lively: Coop, form: str, days: dict[str, str]) -> None:
    path = lively.folder / "statement"
    export(lively, what="statement", format=form, party=3, unit="SUN", path=str(path), **days)
    found = READERS[form](path)
    assert found["Assets:Imported:P3", "SUN"] == Decimal("-1007.50")
    assert not sum(found.values())
    brought = found.get(("Equity:Brought-Forward", "SUN"))
    assert brought == (Decimal("-12.50") if days else None)


@pytest.mark.parametrize("form", sorted(READERS))
def test_a_tampered_journal_is_noticed_by_the_tool(lively: Coop, form: str) -> None:
    path = lively.folder / "ledger"
    text = exporting.run(lively.session(), export_options({"what": "ledger", "format": form}), quiet).text
    at = text.index("1020.00")
    path.write_text(text[:at].replace("-1020.00", "-1020.01") + text[at:].replace("1020.00", "1020.01"))
    if form == "hledger":
        checked = subprocess.run(["hledger", "-f", path, "check"], capture_output=True, text=True, check=False)
        assert checked.returncode != 0
    else:
        assert loader.load_file(str(path))[1] != []


def test_an_empty_ledger_is_a_journal_too(coop: Coop) -> None:
    for form, read in READERS.items():
        path = coop.folder / form
        assert export(coop, what="ledger", format=form, path=str(path)).rows == 0
        assert read(path) == {}


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_a_ledger_as_csv(lively: Coop) -> None:
    report = export(lively, what="ledger", unit="SUN")
    rows = table(report.text)
    assert report.text.endswith("\r\n")
    assert report.rows == len(rows) == 8
    first = rows[0]
    assert (first["date"], first["from"], first["to"], first["amount"], first["unit"], first["kind"]) == (
        "2021-03-25", "Baker Jo - jo", "Amal K. - amal", "12.50", "SUN", "import",
    )  # fmt: skip
    assert first["from_account"] == "Assets:Imported:P2"
    assert rows[2]["memo"] == "'" + NASTY
    totals: dict[str, Decimal] = {}
    for row in rows:
        for side, sign in (("from_account", -1), ("to_account", 1)):
            totals[row[side]] = totals.get(row[side], Decimal()) + sign * Decimal(row["amount"])
    node = {account: number for (account, unit), number in accounts(lively).items() if unit == "SUN"}
    assert {a: n for a, n in totals.items() if n} == node


def test_a_statement_as_csv(lively: Coop) -> None:
    rows = table(export(lively, what="statement", member="@BEA_X", unit="SUN", bom=True).text)
    assert [(r["kind"], r["with"], r["amount"], r["balance"]) for r in rows] == [
        ("opening balance", "", "", "0.00"),
        ("transfer", "ann", "10.01", "10.01"),
        ("claim", "Baker Jo - jo", "-3.92", "6.09"),
        ("closing balance", "", "", "6.09"),
    ]
    assert rows[1]["date"] == rows[-1]["date"] == "2026-01-01"
    period = export(lively, what="statement", party=3, unit="SUN", from_day="2021-03-26", to_day="2021-12-31")
    rows = table(period.text)
    assert [(r["date"], r["kind"], r["balance"]) for r in rows] == [
        ("2021-03-26", "opening balance", "12.50"), ("2021-03-26", "import", "-1007.50"),
        ("2021-12-31", "closing balance", "-1007.50"),
    ]  # fmt: skip
    space = table(export(lively, what="statement", party=0, account="fees", unit="SUN").text)
    assert [(r["kind"], r["with"], r["amount"]) for r in space[1:-1]] == [("fee", "ann", "0.15")]


def test_hours_are_exported_in_minutes(lively: Coop) -> None:
    rows = table(export(lively, what="ledger", unit="H").text)
    assert [(r["amount"], r["unit"]) for r in rows] == [("90", "H-MIN"), ("30", "H-MIN")]


def test_the_register_of_members(lively: Coop) -> None:
    report = export(lively, what="members", bom=True)
    assert report.text.startswith("\ufeffno,handle,name,contact,kind,status,roles,member_since,did\r\n")
    rows = table(report.text)
    assert report.rows == len(rows) == len(lively.session().ask("books.register", limit=1000))
    assert [(r["no"], r["handle"], r["kind"], r["roles"]) for r in rows[:1]] == [("1", "ann", "person", "steward")]
    assert {r["name"] for r in rows} >= {"Baker Jo - jo", "Zoë Ö. - zoe", "31 - Centre"}
    assert [r["member_since"] for r in rows if r["handle"]] == ["2026-01-01", "2026-01-01"]


def test_who_may_not_read_a_name_sees_a_number(lively: Coop) -> None:
    operator = lively.session()
    operator_only = type(operator)(lively.space, None, lively.vault_key, lambda: lively.now)
    text = exporting.run(operator_only, export_options({"what": "ledger", "format": "hledger"}), quiet).text
    assert "Baker" not in text
    assert "Bread" not in text
    rows = table(exporting.run(operator_only, export_options({"what": "ledger", "unit": "SUN"}), quiet).text)
    assert (rows[0]["from"], rows[0]["memo"]) == ("#2", "")


def reading_as(coop: Coop, key: SigningKey, **params: Any) -> exporting.ExportReport:
    return exporting.run(coop.session(key=key, reader=key.did), export_options(params), quiet)


def test_texts_for_all_members_are_for_members_only(lively: Coop) -> None:
    text = "who,what\neveryone knows,1\n"
    lively.load(text, kind="opening-balances", unit="SUN", map="account=who,balance=what", day="2021-01-01",
                audience="members", source="known", name="known.csv")  # fmt: skip
    label = lively.space.tables.last_no("party")
    party = lively.space.tables.get(registry.Party, label)
    assert party is not None
    assert party.name is not None
    bea, stranger = key_of("bea_x"), key_of("stranger")
    assert lively.session(key=bea, reader=bea.did).reveal(party.name) == ("everyone knows", "")
    assert lively.session(key=stranger, reader=stranger.did).reveal(party.name) == (None, "private")
    assert lively.do(bea, {"op": "member.leave", "to_space": True}).status == "executed"
    assert lively.session(key=bea, reader=bea.did).reveal(party.name) == (None, "private")


def test_the_bylaws_say_who_exports_what(lively: Coop) -> None:
    bea = key_of("bea_x")
    assert reading_as(lively, bea, what="statement", member="bea_x", unit="SUN").rows == 2
    assert reading_as(lively, bea, what="statement", party=2, unit="SUN").rows == 4, "the label that bea claimed"
    for refused in (
        {"what": "ledger"}, {"what": "members"}, {"what": "statement", "member": "ann", "unit": "SUN"},
        {"what": "statement", "party": 3, "unit": "SUN"},
    ):  # fmt: skip
        with pytest.raises(Forbidden):
            reading_as(lively, bea, **refused)
    assert reading_as(lively, lively.ann, what="ledger").rows > 0, "a steward"


def test_files_are_written_whole_or_not_at_all(lively: Coop, monkeypatch: pytest.MonkeyPatch) -> None:
    path = lively.folder / "out.csv"
    path.write_text("what was here")
    bea = key_of("bea_x")
    with pytest.raises(Forbidden):
        reading_as(lively, bea, what="ledger", path=str(path))
    assert path.read_text() == "what was here"
    assert not list(lively.folder.glob("*.new"))
    report = export(lively, what="ledger", path=str(path))
    assert (report.text, report.bytes) == ("", path.stat().st_size)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(BooksError, match=r"cannot be written: No such file"):
        export(lively, what="ledger", path=str(lively.folder / "none" / "out.csv"))


def test_pages_make_one_book(lively: Coop, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = [export(lively, what="ledger", format=form).text for form in ("csv", "hledger", "beancount")] + [
        export(lively, what="members").text,
        export(lively, what="statement", party=3, unit="SUN").text,
    ]
    monkeypatch.setattr(exporting, "PAGE", 1)
    paged = [export(lively, what="ledger", format=form).text for form in ("csv", "hledger", "beancount")] + [
        export(lively, what="members").text,
        export(lively, what="statement", party=3, unit="SUN").text,
    ]
    assert paged == whole


def test_what_is_committed_meanwhile_does_not_tear_a_ledger(lively: Coop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "PAGE", 3)
    before = accounts(lively)
    path = lively.folder / "ledger.hledger"
    options = export_options({"what": "ledger", "format": "hledger", "path": str(path)})
    going = exporting.steps(lively.session(), options, quiet)
    for turn in range(100):
        try:
            next(going)
        except StopIteration:
            break
        if turn == 2:
            pay = {"op": "credit.transfer", "payee": key_of("bea_x").did, "unit": "SUN", "amount_minor": 5}
            assert lively.do(lively.ann, pay).status == "executed"
    assert by_hledger(path) == before
    assert accounts(lively) != before


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"what": "everything"}, "what: "),
        ({"what": "members", "format": "hledger"}, "written as csv"),
        ({"what": "statement", "member": "ann"}, "--unit"),
        ({"what": "statement", "unit": "SUN"}, "either --member NAME or --party NUMBER"),
        ({"what": "statement", "unit": "SUN", "member": "ann", "party": 1}, "either --member NAME or --party NUMBER"),
        ({"what": "ledger", "member": "ann"}, "are for a statement"),
        ({"what": "ledger", "from_day": "soon"}, "from_day: takes a day"),
    ],
)
def test_options_that_do_not_hold_together(params: dict[str, Any], said: str) -> None:
    with pytest.raises(BadOptions, match=said):
        export_options(params)


def test_nobody_and_no_day(lively: Coop) -> None:
    for params, said in (
        ({"member": "nobody"}, "nobody here is called nobody"), ({"party": 99}, "no party 99"),
        ({"member": key_of("stranger").did}, "nobody here is called did:key"),
        ({"party": 3, "to_day": "2021-02-30"}, "no day of the calendar"),
    ):  # fmt: skip
        with pytest.raises(BadOptions, match=said):
            export(lively, what="statement", unit="SUN", **params)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "＝1"])
def test_formulas_are_disarmed(text: str) -> None:
    assert spreadsheets.guarded(text) == "'" + text
    assert spreadsheets.guarded("a" + text) == "a" + text


def test_a_spreadsheet_program_reads_the_cells_as_they_are(lively: Coop) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in csv.reader(io.StringIO(export(lively, what="ledger", unit="SUN").text, newline="")):
        sheet.append(row)
    path = lively.folder / "ledger.xlsx"
    book.save(path)
    cells = [c for r in openpyxl.load_workbook(path).active.iter_rows() for c in r]  # type: ignore[union-attr]
    assert [c.coordinate for c in cells if c.data_type == "f"] == [], "no cell is a formula"


def unit(code: str, kind: str = "credit") -> Unit:
    return Unit(code, kind, 2, None, 0, None, None, None, True, "open", 0)


def test_commodities_are_names_that_both_tools_take_and_no_two_are_one() -> None:
    names = Commodities([unit("SUN"), unit("S"), unit("U_"), unit("U_X"), unit("HOUR", "hours"), unit("HOUR-MIN")])
    found = [names.name(c) for c in ("SUN", "S", "U_", "U_X", "HOUR", "HOUR-MIN")]
    assert found == ["SUN", "SX", "U_XX", "U_X", "HOUR-MINX", "HOUR-MIN"]
    assert names.number("HOUR", 90) == "90"
    assert names.number("SUN", -5) == "-0.05"


def test_days_of_the_clock(lively: Coop) -> None:
    """A statement to a day before the first entry is empty, and still closes."""
    lively.now += DAY_MS
    rows = table(export(lively, what="statement", party=3, unit="SUN", to_day="2021-01-01").text)
    assert [(r["kind"], r["balance"]) for r in rows] == [("opening balance", "0.00"), ("closing balance", "0.00")]
