"""Reading delimited text: encodings, delimiters, headers, and what is refused."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icn_node.books import sheet
from icn_node.books.errors import BadFile, BadOptions

WANTED = {"from": "Payer", "amount": "Amount"}


@pytest.mark.parametrize(
    ("data", "name", "text"),
    [
        (b"a,b", "UTF-8", "a,b"),
        ("Zoë €".encode(), "UTF-8", "Zoë €"),
        (codecs.BOM_UTF8 + "Zoë".encode(), "UTF-8 with BOM", "Zoë"),
        (codecs.BOM_UTF16_LE + "Zoë".encode("utf-16-le"), "UTF-16", "Zoë"),
        (codecs.BOM_UTF16_BE + "Zoë".encode("utf-16-be"), "UTF-16", "Zoë"),
        ("Zoë".encode("latin-1"), "Latin-1", "Zoë"),
        ("Zoë €".encode("cp1252"), "Windows-1252", "Zoë €"),
        (b"\x81\xe9", "Latin-1", "\x81é"),  # a byte that Windows-1252 leaves open
    ],
)
def test_encodings(data: bytes, name: str, text: str) -> None:
    assert sheet.decoded(data) == (text, name)


def test_a_given_encoding_holds() -> None:
    assert sheet.decoded("Łódź".encode("cp1250"), "cp1250") == ("Łódź", "cp1250")
    with pytest.raises(BadFile, match="is not ascii"):
        sheet.decoded("Zoë".encode(), "ascii")
    with pytest.raises(BadOptions, match="no encoding 'klingon'"):
        sheet.decoded(b"x", "klingon")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PK\x03\x04 rest of an xlsx", "spreadsheet document"),
        (b"\xd0\xcf\x11\xe0 rest of an xls", "spreadsheet document"),
        (b"Payer,Amount\n\0", "zero bytes"),
        (codecs.BOM_UTF16_LE + b"x", "is it whole"),
        (b"", "empty"),
        (b"\n\n  \n", "empty"),
        (b'Payer,Amount\nann,"5\nbob,6\n', "line 2: .* quotation mark"),
        (b'Payer,Amount\nann,"5" more\n', "line 2: .* quotation mark"),
    ],
)
def test_what_is_no_table(data: bytes, said: str) -> None:
    with pytest.raises(BadFile, match=said):
        sheet.read(data, WANTED)


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_delimiters_are_found_by_the_columns(mark: str) -> None:
    text = f"Date{mark}Payer{mark}Amount\n2020-01-01{mark}Smith, Ann; A{mark}5\n"
    if mark in ",;":
        text = text.replace("Smith, Ann; A", '"Smith, Ann; A"')
    found = sheet.read(text.encode(), WANTED)
    assert sheet.DELIMITERS[found.delimiter] == mark
    assert found.columns == {"from": 1, "amount": 2}
    assert [found.cell(line, "from") for line in found.lines] == ["Smith, Ann; A"]
    assert found.cell(found.lines[0], "memo") == ""


def test_lines_are_counted_as_an_editor_counts() -> None:
    text = 'Report of May\r\n\r\nPayer,Amount,Memo\r\nann,1,"two\r\nlines"\r\n,,\r\nbob,2,\r\n'
    found = sheet.read(text.encode(), WANTED)
    assert found.header_line == 3
    assert [(line.number, line.cells[0]) for line in found.lines] == [(4, "ann"), (7, "bob")]
    assert found.lines[0].cells[2] == "two\r\nlines"


def test_the_hint_of_excel_names_the_delimiter() -> None:
    found = sheet.read(b"sep=;\r\nPayer;Amount\r\na,b;1\r\n", WANTED)
    assert (found.delimiter, found.header_line) == ("semicolon", 2)
    assert [(line.number, line.cells) for line in found.lines] == [(3, ("a,b", "1"))]


def test_columns_by_name_or_number() -> None:
    assert sheet.read(b"PAYER ,  amount\na,1\n", WANTED).columns == {"from": 0, "amount": 1}
    assert sheet.read(b"x,y\na,1\n", {"from": "1", "amount": "2"}).columns == {"from": 0, "amount": 1}
    bare = sheet.read(b"a,1\nb,2\n", {"from": "1", "amount": "2"}, header=False)
    assert [line.number for line in bare.lines] == [1, 2]
    with pytest.raises(BadOptions, match="stands 2 times; map amount by its number"):
        sheet.read(b"Payer,Amount,Amount\na,1,2\n", WANTED)
    assert sheet.read(b"Payer,Amount,Amount\na,1,2\n", {"from": "Payer", "amount": "3"}).columns["amount"] == 2
    with pytest.raises(BadOptions, match=r"no column for amount=Amount; line 1, split at ',', has: Payer \| Sum"):
        sheet.read(b"Payer,Sum\na,1\n", WANTED)
    with pytest.raises(BadOptions, match="no column for amount=9"):
        sheet.read(b"a,1\n", {"from": "1", "amount": "9"}, header=False)


def test_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet, "MOST_ROWS", 2)
    monkeypatch.setattr(sheet, "MOST_BYTES", 20)
    with pytest.raises(BadFile, match="more than 2 rows"):
        sheet.read(b"Payer,Amount\na,1\na,1\na,1\n", WANTED)
    with pytest.raises(BadFile, match="field larger than"):
        sheet.read(b"Payer,Amount\n" + b"a" * (sheet.MOST_CELL + 1) + b",1\n", WANTED)
    big = tmp_path / "big.csv"
    big.write_bytes(b"x" * 21)
    with pytest.raises(BadFile, match="has 21 bytes"):
        sheet.read_bytes(big)
    with pytest.raises(BadFile, match="cannot be read: No such file"):
        sheet.read_bytes(tmp_path / "none.csv")


_CELL = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8)


@given(st.lists(st.tuples(_CELL, _CELL, _CELL), max_size=12), st.sampled_from(sorted(sheet.DELIMITERS)))
def test_what_is_written_is_read_again(rows: list[tuple[str, str, str]], mark: str) -> None:
    rows = [r for r in rows if any(c.strip() for c in r)]
    text = sheet.written(("Payer", "Amount", "Memo"), rows, mark)
    found = sheet.read(text.encode(), WANTED, delimiter=sheet.DELIMITERS[mark])
    assert [line.cells for line in found.lines] == rows
