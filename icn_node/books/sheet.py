"""Sheets: a file of delimited text as rows of cells, whatever its encoding, delimiter and preamble.

What was found is stated in the result, so that a report can say it. Nothing is guessed where a wrong guess would change
an amount: a quotation mark out of place refuses the file, it does not swallow rows.

Invariants: `Line.number` is where the row begins in the file, from 1, as an editor counts. It must not know what the
columns mean.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from icn_node.books.errors import BadFile, BadOptions

MOST_BYTES: Final = 256 << 20
MOST_ROWS: Final = 1_000_000
MOST_CELL: Final = 65_536  # characters: more is an unclosed quotation mark, not a memo
HEADER_WITHIN: Final = 20  # lines in which the header is looked for

DELIMITERS: Final[dict[str, str]] = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
_BOMS: Final = ((b"\xef\xbb\xbf", "utf-8-sig", "UTF-8 with BOM"), (b"\xff\xfe", "utf-16", "UTF-16"),
                (b"\xfe\xff", "utf-16", "UTF-16"))  # fmt: skip
_SPREADSHEETS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


@dataclass(frozen=True, slots=True)
class Line:
    """One row: the line of the file on which it begins, and its cells as they stand there."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file as it was read. columns: for each wanted field the place of its column, from 0."""

    encoding: str
    delimiter: str
    header: tuple[str, ...]
    header_line: int
    columns: dict[str, int]
    lines: tuple[Line, ...]

    def cell(self, line: Line, field: str) -> str:
        """The cell of a mapped field, '' if the field is not mapped."""
        at = self.columns.get(field)
        return "" if at is None else line.cells[at]


def read_bytes(path: Path) -> bytes:
    """The file. Raises BadFile."""
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise BadFile(f"{path} has {size} bytes, and at most {MOST_BYTES} can be read at once: split it")
        return path.read_bytes()
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror}") from None


def decoded(data: bytes, encoding: str = "") -> tuple[str, str]:
    """The text and the name of its encoding: as given, by its byte order mark, UTF-8, else Windows or Latin-1."""
    if data.startswith(_SPREADSHEETS):
        raise BadFile("this is a spreadsheet document, not text: save it as CSV and import that")
    if encoding:
        try:
            return _text(data.decode(encoding)), encoding
        except LookupError:
            raise BadOptions(f"there is no encoding {encoding!r}; usual ones are utf-8, latin-1, cp1252") from None
        except UnicodeDecodeError as error:
            raise BadFile(f"the file is not {encoding}: byte {error.start + 1} does not fit") from None
    for bom, codec, name in _BOMS:
        if data.startswith(bom):
            try:
                return _text(data.decode(codec)), name
            except UnicodeDecodeError:
                raise BadFile(f"the file begins as {name} and does not go on so; is it whole?") from None
    try:
        return _text(data.decode("utf-8")), "UTF-8"
    except UnicodeDecodeError:
        pass
    try:
        # What old Windows programs call Latin-1 has signs where Latin-1 has control characters.
        if any(0x80 <= byte < 0xA0 for byte in set(data)):
            return _text(data.decode("cp1252")), "Windows-1252"
    except UnicodeDecodeError:
        pass
    return _text(data.decode("latin-1")), "Latin-1"


def _text(text: str) -> str:
    if "\0" in text:
        raise BadFile("the file has zero bytes in it: it is no text, or in an encoding that --encoding must name")
    return text.removeprefix("\ufeff")


def read(data: bytes, wanted: Mapping[str, str], *, delimiter: str = "", encoding: str = "",
         header: bool = True) -> Sheet:  # fmt: skip
    """The sheet in which the `wanted` columns (field -> name, or number from 1) are. Raises BadFile, BadOptions."""
    text, encoding = decoded(data, encoding)
    skip = 0
    if text[:4].lower() == "sep=" and len(text) > 5:
        delimiter = delimiter or text[4]
        skip = 1
    candidates = [delimiter] if delimiter else list(DELIMITERS.values())
    best: tuple[int, int, str, Line, dict[str, int]] | None = None
    trouble: BadFile | None = None
    for mark in candidates:
        try:
            found = _header(text, skip, mark, wanted, header=header)
        except BadFile as error:
            trouble = error
            continue
        if found is not None and (best is None or found[:2] > best[:2]):
            best = found
    if best is None:
        raise trouble or BadFile("the file is empty")
    matched, _, mark, first, columns = best
    if matched < len(wanted):
        raise BadOptions(_missing(wanted, columns, first, mark))
    lines = tuple(_lines(text, skip, mark, after=first.number if header else 0))
    named = tuple(c.strip() for c in first.cells) if header else tuple(str(n + 1) for n in range(len(first.cells)))
    name = next((n for n, d in DELIMITERS.items() if d == mark), mark)
    return Sheet(encoding, name, named, first.number if header else 0, columns, lines)


def _header(
    text: str, skip: int, mark: str, wanted: Mapping[str, str], *, header: bool
) -> tuple[int, int, str, Line, dict[str, int]] | None:
    """The line, among the first, in which most of the columns are; how many, and how wide it is."""
    best: tuple[int, int, str, Line, dict[str, int]] | None = None
    for count, line in enumerate(_lines(text, skip, mark)):
        if count == HEADER_WITHIN or (best is not None and not header):
            break
        columns = _columns(line, wanted, header=header)
        if best is None or (len(columns), len(line.cells)) > best[:2]:
            best = (len(columns), len(line.cells), mark, line, columns)
        if len(columns) == len(wanted) and header:
            break
    return best


def _columns(line: Line, wanted: Mapping[str, str], *, header: bool) -> dict[str, int]:
    names = [_plain(cell) for cell in line.cells] if header else []
    found: dict[str, int] = {}
    for field, name in wanted.items():
        plain = _plain(name)
        if names.count(plain) > 1:
            raise BadOptions(f"the column {name!r} stands {names.count(plain)} times; map {field} by its number")
        if plain in names:
            found[field] = names.index(plain)
        elif plain.isdecimal() and 1 <= int(plain) <= len(line.cells):
            found[field] = int(plain) - 1
    return found


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()


def _missing(wanted: Mapping[str, str], columns: Mapping[str, int], first: Line, mark: str) -> str:
    lacking = ", ".join(f"{field}={name}" for field, name in wanted.items() if field not in columns)
    shown = " | ".join(c.strip() for c in first.cells[:40])
    return f"no column for {lacking}; line {first.number}, split at {mark!r}, has: {shown}"


def _lines(text: str, skip: int, mark: str, after: int = 0) -> Iterator[Line]:
    """The rows that are not blank, from behind line `after`. Raises BadFile where quoting does not hold together."""
    source = io.StringIO(text, newline="")
    for _ in range(skip):
        source.readline()
    csv.field_size_limit(MOST_CELL)
    reader = csv.reader(source, delimiter=mark, strict=True)
    count = 0
    begins = skip + 1
    try:
        for cells in reader:
            if begins > after and any(cell.strip() for cell in cells):
                count += 1
                if count > MOST_ROWS:
                    raise BadFile(f"the file has more than {MOST_ROWS} rows: split it")
                yield Line(begins, tuple(cells))
            begins = skip + reader.line_num + 1
    except csv.Error as error:
        raise BadFile(f"line {begins}: {error}; a quotation mark may be unclosed or stand inside a cell") from None


def written(header: Sequence[str], rows: Sequence[Sequence[str]], delimiter: str) -> str:
    """A table as delimited text with a header, lines ended as RFC 4180 has it."""
    return rows_text([header, *rows], delimiter)


def rows_text(rows: Sequence[Sequence[str]], delimiter: str) -> str:
    """Rows as delimited text. delimiter: a name of DELIMITERS, or the character."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=DELIMITERS.get(delimiter, delimiter), lineterminator="\r\n").writerows(rows)
    return out.getvalue()
