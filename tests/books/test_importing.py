"""Imports into a real space: exports of several systems, bad rows, second runs, authority, keys, limits."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt

from dag.event import decode_event
from dag.keys import SigningKey
from icn_node import vault
from icn_node.books import identity, importing
from icn_node.books.errors import BadOptions, BooksError, ImportRefused, Unclear
from icn_node.books.options import import_options
from icn_node.books.packing import Submission
from icn_node.books.report import words
from icn_node.books.session import SpaceSession
from icn_node.kernel import imports, ledger, private
from icn_node.kernel.fields import Private
from icn_node.receipts import Receipt
from tests.books import exports
from tests.books.coop import DAY_MS, Coop, join, quiet
from tests.world import key_of


def state(coop: Coop) -> tuple[int, dict[str, Any]]:
    head = coop.space.head()
    return head["leaves"], {u: coop.balances(u) for u in ledger.sums(coop.space.tables)}


# -- exports of other systems ------------------------------------------------------------------------------------------


def test_cyclos(coop: Coop) -> None:
    report = coop.load(exports.CYCLOS, unit="SUN", map=exports.CYCLOS_MAP)
    assert (report.outcome, report.posted, report.entered, report.decimals) == ("posted", 3, 4, 2)
    assert (report.encoding, report.delimiter, report.date_format, report.decimal_mark) == (
        "UTF-8 with BOM", "semicolon", "day/month/year", ",",
    )  # fmt: skip
    assert coop.balances("SUN") == {
        "Baker Jo - jo": -725, "Amal K. - amal": -100750, "Zoë Ö. - zoe": 102000, "Community account": -525,
    }  # fmt: skip
    assert report.sums == {"SUN": 0}
    assert report.log["leaves"] == coop.space.head()["leaves"]
    jo = coop.session().ask("credit.book", unit="SUN", owner=2)
    assert [(line["value_day"], line["kind"]) for line in jo["lines"]] == [(18711, "import"), (18719, "import")]
    memo = jo["lines"][1]["memo"]
    assert coop.session().reveal(memo) == ("=1+1", "")
    assert coop.session(reader=key_of("stranger").did).reveal(memo)[1] == "private"


def test_timeoverflow(tmp_path: Path) -> None:
    coop = Coop(tmp_path, units=["HOUR"], create="hours")
    report = coop.load(exports.TIMEOVERFLOW, unit="HOUR", map=exports.TIMEOVERFLOW_MAP, amount_in="seconds")
    assert (report.posted, report.decimals, report.unit_kind, report.rounded) == (2, 0, "hours", 0)
    assert coop.balances("HOUR") == {"12 - Rosa Prat": -90, "7 - Quim Serra": 60, "31 - Centre": 30}
    assert report.plain()["amount"] == "2:00"
    first = coop.session().ask("credit.journal")[0]
    assert first["value_day"] == 19295, "half past midnight of 30 October where the co-op is"
    coop.close()


def test_komunitin(coop: Coop) -> None:
    report = coop.load(exports.KOMUNITIN, unit="SUN", map=exports.KOMUNITIN_MAP)
    assert (report.delimiter, report.posted, report.decimals) == ("tab", 3, 2)
    assert coop.balances("SUN") == {"GRP00001": -175, "GRP00002": 125, "GRP00003": 50}


def test_a_spreadsheet_kept_by_hand(tmp_path: Path) -> None:
    coop = Coop(tmp_path, units=["HOUR"], create="hours")
    report = coop.load(exports.SPREADSHEET, unit="HOUR", map=exports.SPREADSHEET_MAP)
    assert (report.encoding, report.header_line, report.date_format) == ("Windows-1252", 3, "day/month/year")
    assert (report.posted, coop.balances("HOUR")) == (3, {"Jörg": -135, "Frau Öztürk": 135})
    coop.close()


def test_events_say_nothing_of_labels_and_memos(coop: Coop) -> None:
    coop.load(exports.PLAIN, unit="SUN", map=exports.PLAIN_MAP)
    head, blocks = coop.space.next_place(coop.ann.author)[1], b""
    while head is not None:
        block = coop.space.store.events.get(head)
        assert block is not None
        blocks += block
        head = decode_event(block).prev
    assert b"books.post" in blocks
    for secret in (b"firewood", b"cleo", b"bob", b"books.csv", identity.Keyed(bytes(32)).label("cleo")):
        assert secret not in blocks


# -- once and only once ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "columns", "unit"),
    [
        (exports.CYCLOS, exports.CYCLOS_MAP, "SUN"),
        (exports.KOMUNITIN, exports.KOMUNITIN_MAP, "SUN"),
        (exports.PLAIN, exports.PLAIN_MAP, "SUN"),
        (exports.PLAIN, "date=date,from=from,to=to,amount=amount", "LETS"),
    ],
)
def test_a_second_run_changes_nothing(coop: Coop, text: str, columns: str, unit: str) -> None:
    first = coop.load(text, unit=unit, map=columns)
    before = state(coop)
    again = coop.load(text, unit=unit, map=columns)
    assert (again.outcome, again.posted, again.known, again.entered) == ("nothing_new", 0, first.posted, 0)
    assert state(coop) == before
    assert "Nothing new: all 3 rows were imported before. Nothing was changed." in words(again)
    assert again.plain()["balanced"] is True


def test_a_longer_file_adds_what_is_new(coop: Coop) -> None:
    coop.load(exports.PLAIN, unit="SUN", map=exports.PLAIN_MAP)
    longer = exports.PLAIN + "2020-01-05,ann,bob,10.00,firewood\n2020-03-01,cleo,dee,1,\n"
    report = coop.load(longer, unit="SUN", map=exports.PLAIN_MAP)
    assert (report.posted, report.known, report.entered, report.accounts) == (2, 3, 1, 4)
    assert coop.balances("SUN") == {"ann": -300, "bob": 275, "cleo": 15, "dee": 10}


def test_rows_are_known_in_another_order_format_and_encoding(coop: Coop) -> None:
    coop.load(exports.PLAIN, unit="SUN", map=exports.PLAIN_MAP)
    other = (
        "wer;wem;wann;wieviel;was\r\nbob;cleo ;1.2.2020;2,5;\r\n ann;bob;5.1.2020;10;firewood\r\n"
        "ann;bob;5.1.2020;10,00;firewood\r\n"
    )
    report = coop.load(other.encode("latin-1"), unit="SUN", map="date=wann,from=wer,to=wem,amount=wieviel,memo=was")
    assert (report.outcome, report.known) == ("nothing_new", 3)


def test_rows_with_an_id_are_known_by_it_alone_and_may_not_change(coop: Coop) -> None:
    coop.load(exports.CYCLOS, unit="SUN", map=exports.CYCLOS_MAP)
    changed = exports.CYCLOS.replace("5,25", "5,26").replace("Bread, 3 loaves", "Bread")
    report = coop.load(changed, unit="SUN", map=exports.CYCLOS_MAP)
    assert report.outcome == "bad_rows"
    assert [(b.line, b.reason) for b in report.bad] == [
        (4, "was imported before with other content, as transfer 3")
    ]  # fmt: skip


def test_rows_of_another_source_are_others(coop: Coop) -> None:
    coop.load(exports.PLAIN, unit="SUN", map=exports.PLAIN_MAP)
    report = coop.load(exports.PLAIN, unit="SUN", map=exports.PLAIN_MAP, source="copy")
    assert (report.posted, report.entered) == (3, 0)
    assert coop.balances("SUN")["ann"] == -400


def test_other_columns_cannot_double_the_books(coop: Coop) -> None:
    coop.load(exports.PLAIN, unit="SUN", map="date=date,from=from,to=to,amount=amount")
    before = state(coop)
    with pytest.raises(imports.OtherIdentity):
        coop.load(exports.PLAIN, unit="SUN", map=exports.PLAIN_MAP)
    with pytest.raises(imports.OtherIdentity):
        coop.load(exports.PLAIN, unit="SUN", map=exports.PLAIN_MAP, dry_run=True)
    assert state(coop) == before


class Cut(SpaceSession):
    """A session whose node goes away after so many submissions."""

    left = 0

    def submit(self, blocks: Sequence[bytes], blobs: Mapping[bytes, bytes]) -> list[Receipt]:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return super().submit(blocks, blobs)


@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_a_run_that_was_cut_off_is_gone_on_with(coop: Coop, after: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("icn_node.books.packing.EVENTS_AT_ONCE", 1)
    monkeypatch.setattr("icn_node.books.packing.MOST_ROWS", 2)
    options = import_options({
        "path": coop.file(exports.PLAIN), "unit": "SUN", "map": exports.PLAIN_MAP,
    })  # fmt: skip
    cut = Cut(coop.space, coop.ann, coop.vault_key, lambda: coop.now)
    cut.left = after
    with pytest.raises(KeyboardInterrupt):
        importing.run(cut, options, quiet)
    report = importing.run(coop.session(), options, quiet)
    assert report.posted + report.known == 3
    assert report.batch == 1, "the same file goes on in the same import"
    assert coop.balances("SUN") == {"ann": -200, "bob": 175, "cleo": 25}


# -- bad rows ----------------------------------------------------------------------------------------------------------

BAD = (
    "date,from,to,amount,memo,id\n"
    "2020-01-05,ann,bob,10.00,good,1\n"
    "2020-13-05,ann,bob,10.00,,2\n"
    ",ann,bob,10.00,,3\n"
    "2020-01-05,,bob,10.00,,4\n"
    "2020-01-05,ann, ,10.00,,5\n"
    "2020-01-05,ann,ann,10.00,,6\n"
    "2020-01-05,ann,bob,-10.00,,7\n"
    "2020-01-05,ann,bob,0.00,,8\n"
    "2020-01-05,ann,bob,ten,,9\n"
    "2020-01-05,ann,bob,,,10\n"
    "2030-01-05,ann,bob,10.00,,11\n"
    "1820-01-05,ann,bob,10.00,,12\n"
    "2020-01-05,ann,bob,10.00,,1\n"
    "2020-01-05,ann,bob,10.00,,\n"
    "2020-01-05,ann,bob,10.00\n"
    "2020-01-05,ann,bob,10.00,,16,more\n"
    "2020-01-05,ann,bob,99999999999999999999.00,,17\n"
    f"2020-01-05,ann,bob,10.00,{'m' * 4001},18\n"
    f"2020-01-05,{'a' * 501},bob,10.00,,19\n"
    "2020-01-06,bob,ann,4.00,good,20\n"
)
BAD_MAP = "date=date,from=from,to=to,amount=amount,memo=memo,id=id"
REASONS = [
    (3, "'2020-13-05' is no date"), (4, "the date is empty"), (5, "the payer is empty"), (6, "the payee is empty"),
    (7, "payer and payee are both 'ann'"), (8, "the amount is negative: who paid whom is not for us to turn round"),
    (9, "the amount is zero"), (10, "'ten' is no amount"), (11, "the amount is empty"),
    (12, "the date 2030-01-05 lies in the future"), (13, "the date 1820-01-05 lies before 1900"),
    (14, "the id '1' stands on line 2 already"), (15, "the id is empty"), (16, "has 4 cells, and the header 6"),
    (17, "has 7 cells, and the header 6"), (18, "the amount is beyond 64 bits"),
    (19, "the memo has 4001 characters, and may have 4000"),
    (20, "the payer has 501 characters: is that column right?"),
]  # fmt: skip


def test_bad_rows_are_named_and_then_nothing_is_posted(coop: Coop) -> None:
    before = state(coop)
    report = coop.load(BAD, unit="SUN", map=BAD_MAP)
    assert report.outcome == "bad_rows"
    assert [(b.line, b.reason) for b in report.bad] == REASONS
    assert (report.posted, report.amount_minor, report.unit_created) == (0, 0, False)
    assert state(coop) == before
    assert "  line 3: '2020-13-05' is no date" in words(report)
    assert "Nothing was posted. Correct the file, or leave these rows out with --skip-bad." in words(report)
    assert not list(coop.folder.glob("*.skipped.csv"))


def test_bad_rows_are_left_out_if_asked_and_written_beside_the_file(coop: Coop) -> None:
    report = coop.load(BAD, unit="SUN", map=BAD_MAP, skip_bad=True, name="my books.csv")
    assert (report.posted, report.skipped) == (2, len(REASONS))
    assert coop.balances("SUN") == {"ann": -6, "bob": 6}
    skipped = coop.folder / "my books.skipped.csv"
    assert report.skipped_file == str(skipped)
    assert skipped.stat().st_mode & 0o777 == 0o600
    lines = skipped.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "date,from,to,amount,memo,id,,line,reason"
    assert lines[1] == "2020-13-05,ann,bob,10.00,,2,,3,'2020-13-05' is no date"
    corrected = lines[0] + "\n" + lines[1].replace("2020-13-05,ann", "2020-12-05,ann") + "\n"
    again = coop.load(corrected, unit="SUN", map=BAD_MAP)
    assert (again.posted, coop.balances("SUN")) == (1, {"ann": -16, "bob": 16})


def test_nothing_but_bad_rows(coop: Coop) -> None:
    report = coop.load("date,from,to,amount\nx,ann,bob,1\n", unit="SUN", map="date=date,from=from,to=to,amount=amount",
                       skip_bad=True)  # fmt: skip
    assert (report.outcome, report.skipped, report.batch) == ("nothing_new", 1, 0)
    assert ledger.sums(coop.space.tables) == {}


# -- decimals ----------------------------------------------------------------------------------------------------------

_MAP = "date=date,from=from,to=to,amount=amount"


def amounts(*values: str) -> str:
    return "date,from,to,amount\n" + "".join(f"2020-01-{n:02d},ann,bob,{v}\n" for n, v in enumerate(values, 1))


@pytest.mark.parametrize(
    ("values", "given", "decimals", "rounded", "lost", "total"),
    [
        (("1.5", "2.25"), None, 2, 0, "0", 375),
        (("1.5", "2.25"), 4, 4, 0, "0", 37500),
        (("1.5", "2.25"), 1, 1, 1, "0.5", 37),
        (("1.15", "1.25", "1.05"), 1, 1, 3, "0.5", 34),  # 1.2, 1.2, 1.0: half to even
        (("1.17",), 1, 1, 1, "-0.3", 12),
        (("0.1234567894",), None, 9, 1, "0.4", 123456789),
        (("10.00",), None, 0, 0, "0", 10),
    ],
)
def test_decimals(
    coop: Coop, values: tuple[str, ...], given: int | None, decimals: int, rounded: int, lost: str, total: int
) -> None:
    more = {} if given is None else {"decimals": given}
    report = coop.load(amounts(*values), unit="SUN", map=_MAP, **more)
    assert (report.decimals, report.rounded, report.lost_minor) == (decimals, rounded, lost)
    assert report.amount_minor == total
    assert coop.balances("SUN") == {"ann": -total, "bob": total}
    again = coop.load(amounts(*values), unit="SUN", map=_MAP)
    assert (again.outcome, again.rounded) == ("nothing_new", 0)


def test_exact_refuses_what_would_be_rounded(coop: Coop) -> None:
    report = coop.load(amounts("1.5", "2.25", "0.04"), unit="SUN", map=_MAP, decimals=1, exact=True)
    assert [(b.line, b.reason) for b in report.bad] == [
        (3, "the amount has more places than the unit's 1, and --exact allows no rounding"),
        (4, "the amount has more places than the unit's 1, and --exact allows no rounding"),
    ]
    report = coop.load(amounts("1.5", "2.25", "0.04"), unit="SUN", map=_MAP, decimals=1)
    assert [(b.line, b.reason) for b in report.bad] == [(4, "the amount is less than half of the unit's smallest part")]


def test_the_decimals_of_a_unit_stay(coop: Coop) -> None:
    coop.load(amounts("1.5"), unit="SUN", map=_MAP)
    with pytest.raises(BadOptions, match="SUN has 1 decimals, for ever"):
        coop.load(amounts("1.5"), unit="SUN", map=_MAP, decimals=2)
    report = coop.load(amounts("1.5", "2.25"), unit="SUN", map=_MAP)
    assert (report.posted, report.rounded, report.decimals) == (1, 1, 1)
    with pytest.raises(BadOptions, match="give --decimals"):
        coop.load(amounts("15"), unit="LETS", map=_MAP, amount_in="minor")
    assert coop.load(amounts("15"), unit="LETS", map=_MAP, amount_in="minor", decimals=1).plain()["amount"] == "1.5"


def test_a_hidden_choice_is_asked_for(coop: Coop) -> None:
    with pytest.raises(Unclear, match="decimal-mark"):
        coop.load(amounts("1.234"), unit="SUN", map=_MAP)
    with pytest.raises(Unclear, match="date-format"):
        coop.load("date,from,to,amount\n3/4/2020,ann,bob,1\n", unit="SUN", map=_MAP)
    assert coop.load("date,from,to,amount\n3/4/2020,ann,bob,1\n", unit="SUN", map=_MAP, date_format="mdy").posted == 1
    assert coop.session().ask("credit.journal")[0]["value_day"] == 18325


# -- rehearsals, limits, reports ---------------------------------------------------------------------------------------


def test_a_dry_run_says_what_a_run_would_and_changes_nothing(coop: Coop) -> None:
    before = state(coop)
    dry = coop.load(exports.PLAIN, unit="SUN", map=exports.PLAIN_MAP, dry_run=True)
    assert (dry.outcome, dry.posted, dry.entered, dry.batch) == ("dry_run", 3, 3, 0)
    assert state(coop) == before
    assert coop.space.store.meta(identity.META) is None
    wet = coop.load(exports.PLAIN, unit="SUN", map=exports.PLAIN_MAP)
    same = ("posted", "known", "entered", "decimals", "amount_minor", "first_day", "last_day", "breaches", "rounded")
    assert [getattr(dry, name) for name in same] == [getattr(wet, name) for name in same]
    assert "3 rows would be posted, 0 known before, dated 2020-01-05 to 2020-02-01" in words(dry)
    bad = coop.load(BAD, unit="SUN", map=BAD_MAP, source="bad", dry_run=True, skip_bad=True)
    assert (bad.outcome, bad.posted) == ("dry_run", 2)
    assert not list(coop.folder.glob("*.skipped.csv"))


def test_limits_are_counted_not_enforced(tmp_path: Path) -> None:
    ops = [{"op": "credit.create", "ver": 1, "unit": "SUN", "decimals": 2, "floor_minor": -1500, "ceiling_minor": 1800}]
    coop = Coop(tmp_path, ops=ops, units=["SUN"], create="")
    report = coop.load(exports.PLAIN, unit="SUN", map=exports.PLAIN_MAP)
    assert (report.unit_created, report.decimals) == (False, 2)
    b = report.breaches
    assert (b.rows_below_floor, b.rows_above_ceiling) == (1, 1)
    assert [(x.account, x.balance_minor, x.limit_minor) for x in b.below_floor] == [("ann", -2000, -1500)]
    assert b.above_ceiling == (), "bob spent before the end"
    assert "  ann ends below its floor -15.00: -20.00" in words(report)
    later = coop.load(exports.PLAIN + "2020-05-01,ann,bob,1.00,\n", unit="SUN", map=exports.PLAIN_MAP)
    assert (later.breaches.rows_below_floor, later.posted) == (1, 1), "it goes on from where the account stands"
    coop.close()


def test_who_earns_below_a_floor_breaches_nothing(coop: Coop) -> None:
    text = "date,from,to,amount\n2020-01-01,ann,bob,5\n2020-01-02,bob,ann,3\n2020-01-03,ann,bob,1\n"
    b = coop.load(text, unit="SUN", map=_MAP).breaches
    assert (b.rows_below_floor, [(x.account, x.balance_minor) for x in b.below_floor]) == (2, [("ann", -3)])


def test_history_is_posted_in_the_order_of_its_days(coop: Coop) -> None:
    text = "date,from,to,amount\n2020-03-01,a,b,1\n2020-01-01,a,b,2\n2020-03-01,b,c,3\n2020-02-01,a,b,4\n"
    coop.load(text, unit="SUN", map=_MAP)
    journal = coop.session().ask("credit.journal")
    assert [row["amount"].minor for row in journal] == [2, 4, 1, 3], "and of the file within a day"
    label = journal[0]["payer"].no
    account = coop.space.tables.get(ledger.Account, "SUN", label, ledger.MAIN)
    assert account is not None
    assert account.unsorted == 0, "statements find days by halving"


def test_events_are_as_large_as_they_may_be_and_no_larger(coop: Coop) -> None:
    rows = "".join(f"2020-01-01,ann,bob,{n},memo {n}\n" for n in range(1, 701))
    assert coop.load("date,from,to,amount,memo\n" + rows, unit="SUN", map=exports.PLAIN_MAP).posted == 700
    head, sizes = coop.space.next_place(coop.ann.author)[1], []
    while head is not None:
        block = coop.space.store.events.get(head)
        assert block is not None
        event = decode_event(block)
        if event.ops[0]["op"] == "books.post":
            sizes.append((len(event.ops[0]["rows"]), len(block)))
        head = event.prev
    assert sum(count for count, _ in sizes) == 700
    assert 2 <= len(sizes) <= 3
    assert all(size > 60_000 for _, size in sizes[1:]), "all but the last are nearly full"
    memos = [coop.session().reveal(row["memo"])[0] for row in coop.session().ask("credit.journal", limit=1000)]
    assert memos == [f"memo {n}" for n in range(1, 701)]


def test_private_texts_say_where_they_stand(coop: Coop) -> None:
    coop.load(exports.PLAIN, unit="SUN", map=exports.PLAIN_MAP)
    found = coop.space.tables.scan(private.PrivateField)
    assert [(f.op, f.field) for f in sorted(found, key=lambda f: f.no)] == [
        ("books.begin", "file"), ("books.enter", "labels.0.name"), ("books.enter", "labels.1.name"),
        ("books.enter", "labels.2.name"), ("books.post", "rows.0.memo"), ("books.post", "rows.1.memo"),
    ]  # fmt: skip
    cid = coop.space.next_place(coop.ann.author)[1]
    assert cid is not None
    block = coop.space.store.events.get(cid)
    assert block is not None
    event = decode_event(block)
    for index in (0, 1):
        field = event.ops[0]["rows"][index]["memo"]
        blob = coop.space.store.blobs.get(field["h"])
        commitment = msgspec.convert(field, Private)
        assert vault.reveal(commitment, blob, [coop.ann], {}) == "firewood"
        payload = opened(blob, coop.ann)
        assert private.check_context(payload, event, 0, f"rows.{index}.memo")
        assert not private.check_context(payload, event, 0, f"rows.{1 - index}.memo")


def opened(blob: bytes | None, key: SigningKey) -> bytes:
    """The payload in a blob, as one who holds the key finds it."""
    assert blob is not None
    fields = vault.read_blob(blob)
    content_key = key.open_sealed(next(e["box"] for e in fields["keys"] if e["to"] == key.public))
    assert content_key is not None
    aad = b"icn-private-v1\0" + fields["h"]
    plain: bytes = crypto_aead_xchacha20poly1305_ietf_decrypt(fields["box"], aad, fields["nonce"], content_key)
    return plain[32:]


def test_the_report_is_json_and_lines(coop: Coop) -> None:
    report = coop.load(exports.PLAIN, unit="SUN", map=exports.PLAIN_MAP)
    plain = json.loads(json.dumps(report.plain()))
    assert (plain["amount"], plain["amount_minor"], plain["sums"]) == ("22.5", "225", {"SUN": "0"})
    assert (plain["first_day"], plain["breaches"]["below_floor"][0]["balance"]) == ("2020-01-05", "-20.0")
    lines = words(report)
    assert "sum of all balances, zero each: SUN 0" in lines
    assert lines[-1].startswith("log: ")
    assert coop.session().ask("books.imports")[0]["rows"] == 3


def test_labels_that_look_alike_are_pointed_out(coop: Coop) -> None:
    text = "date,from,to,amount\n2020-01-01,Ann,bob,1\n2020-01-02,ann,Bo\u0308b,1\n2020-01-02,ann,B\u00f6b,1\n"
    report = coop.load(text, unit="SUN", map=_MAP)
    assert report.accounts == 4, "one letter, however it is encoded"
    assert "taken for different account holders: 'Ann', 'ann'" in report.notes


def test_progress_is_told(coop: Coop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("icn_node.books.packing.EVENTS_AT_ONCE", 1)
    monkeypatch.setattr("icn_node.books.packing.MOST_ROWS", 1)
    told: list[tuple[str, int, int]] = []
    options = import_options({"path": coop.file(exports.PLAIN), "unit": "SUN", "map": exports.PLAIN_MAP})
    importing.run(coop.session(), options, lambda *step: told.append(step))
    assert told[:2] == [("reading", 0, 0), ("planning", 0, 3)]
    assert told[2:] == [("posting", n, 6) for n in range(1, 7)]


# -- who may -----------------------------------------------------------------------------------------------------------


def test_only_who_is_authorised(coop: Coop) -> None:
    options = import_options({"path": coop.file(exports.PLAIN), "unit": "SUN", "map": exports.PLAIN_MAP})
    with pytest.raises(imports.NotAuthorised):
        importing.run(coop.session(key_of("bob")), options, quiet)
    with pytest.raises(imports.NotAuthorised):
        coop.load(exports.PLAIN, unit="GOLD", map=exports.PLAIN_MAP)
    with pytest.raises(imports.NotAuthorised):
        coop.load(exports.PLAIN, unit="SUN", map=exports.PLAIN_MAP, authority=2)
    coop.now += 367 * DAY_MS
    with pytest.raises(imports.NotAuthorised):
        coop.load(exports.PLAIN, unit="SUN", map=exports.PLAIN_MAP)
    with pytest.raises(BooksError, match="say who, with --as NAME"):
        importing.run(coop.session(reader=coop.ann.did), options, quiet)


def test_an_authority_that_may_not_create_units(tmp_path: Path) -> None:
    ops = [{"op": "credit.create", "ver": 1, "unit": "SUN"}, {"op": "credit.create", "ver": 1, "unit": "LETS"}]
    coop = Coop(tmp_path, ops=ops, create="")
    assert coop.load(exports.PLAIN, unit="SUN", map=exports.PLAIN_MAP).posted == 3
    coop.close()


def test_an_import_key_is_never_replaced_unnoticed(coop: Coop) -> None:
    coop.load(exports.PLAIN, unit="SUN", map=exports.PLAIN_MAP)
    stranger = SpaceSession(coop.space, coop.ann, key_of("another vault"), lambda: coop.now)
    options = import_options({"path": coop.file(exports.PLAIN), "unit": "SUN", "map": exports.PLAIN_MAP})
    with pytest.raises(BooksError, match=r"sealed for another vault\.key"):
        importing.run(stranger, options, quiet)
    with coop.space.store.transaction():
        coop.space.store.db.execute("DELETE FROM meta WHERE key = ?", (identity.META,))
    with pytest.raises(imports.OtherImportKey):
        importing.run(coop.session(), options, quiet)
    no_vault = SpaceSession(coop.space, coop.ann, None, lambda: coop.now)
    with pytest.raises(BooksError, match=r"no vault\.key"):
        importing.run(no_vault, options, quiet)


def test_a_refusal_meanwhile_stops_the_import_and_says_so(coop: Coop) -> None:
    options = import_options({"path": coop.file(exports.PLAIN), "unit": "SUN", "map": exports.PLAIN_MAP})
    going = importing.steps(coop.session(), options, quiet)
    session = coop.session()
    wanted = next(going)
    while not isinstance(wanted, Submission) or not session.tables.last_no("import"):
        receipts: list[Receipt] = []
        if isinstance(wanted, Submission):
            receipts = session.submit(wanted.blocks, wanted.blobs)
        elif wanted is not None:
            wanted.run()
        wanted = going.send(receipts)
    tx = coop.space.tables
    authority = tx.get(imports.ImportAuthority, 1)
    assert authority is not None
    coop.now = authority.until_ms
    receipts = session.submit(wanted.blocks, wanted.blobs)
    with pytest.raises(ImportRefused, match="import_not_authorised") as error:
        going.send(receipts)
    assert error.value.code == "import_not_authorised"
    assert ledger.sums(tx) == {"SUN": 0}


async def test_the_daemon_lets_others_run_in_between(coop: Coop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("icn_node.books.packing.EVENTS_AT_ONCE", 1)
    monkeypatch.setattr("icn_node.books.packing.MOST_ROWS", 1)
    session, turns = coop.session(), 0

    async def submit(blocks: Sequence[bytes], blobs: Mapping[bytes, bytes]) -> list[Receipt]:
        await trio.lowlevel.checkpoint()
        return session.submit(blocks, blobs)

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await trio.lowlevel.checkpoint()

    options = import_options({"path": coop.file(exports.PLAIN), "unit": "SUN", "map": exports.PLAIN_MAP})
    async with trio.open_nursery() as nursery:
        nursery.start_soon(other)
        report = await importing.serve(importing.steps(session, options, quiet), submit)
        nursery.cancel_scope.cancel()
    assert report.posted == 3
    assert turns >= 9


def test_an_import_is_undone(coop: Coop) -> None:
    batch = coop.load(exports.PLAIN, unit="SUN", map=exports.PLAIN_MAP).batch
    session = coop.session()
    assert importing.drive(importing.undo_steps(session, batch, quiet), session) == 3
    assert set(coop.balances("SUN").values()) == {0}
    assert coop.load(exports.PLAIN, unit="SUN", map=exports.PLAIN_MAP).posted == 3
    with pytest.raises(ImportRefused, match="unknown_import"):
        importing.drive(importing.undo_steps(session, 9, quiet), session)


def test_a_claimed_account_goes_on_in_its_members_name(coop: Coop) -> None:
    coop.load(exports.PLAIN, unit="SUN", map=exports.PLAIN_MAP)
    bea = join(coop, "bea")
    label = next(r["no"] for r in coop.session().ask("books.labels") if coop.session().reveal(r["name"])[0] == "bob")
    assert coop.do(bea, {"op": "member.claim", "label": label}).status == "executed"
    assert coop.do(coop.ann, {"op": "member.confirm_claim", "claim": 1}).status == "executed"
    assert coop.balances("SUN")["bea"] == 175
    more = exports.PLAIN + "2020-06-01,cleo,bob,1.00,\n2020-06-02,ann,cleo,1.00,\n"
    report = coop.load(more, unit="SUN", map=exports.PLAIN_MAP)
    assert (report.posted, report.known) == (2, 3)
    assert coop.balances("SUN") == {"ann": -210, "bea": 185, "bob": 0, "cleo": 25}
    label = next(r["no"] for r in coop.session().ask("books.labels") if coop.session().reveal(r["name"])[0] == "cleo")
    coop.do(bea, {"op": "member.claim", "label": label})
    assert coop.do(coop.ann, {"op": "member.confirm_claim", "claim": 2}).status == "executed"
    both = coop.load(more + "2020-07-01,cleo,bob,1.00,\n", unit="SUN", map=exports.PLAIN_MAP)
    assert [b.reason for b in both.bad] == ["one member has claimed both accounts"]
    coop.do(bea, {"op": "credit.close", "unit": "SUN", "heir": coop.ann.did})
    closed = coop.load(more + "2020-07-01,ann,bob,1.00,\n", unit="SUN", map=exports.PLAIN_MAP)
    assert [b.reason for b in closed.bad] == ["the account of 'bob' is closed"]
