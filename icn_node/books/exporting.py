"""Exporting: statements, the ledger and the register of members, as files for other tools.

Everything is read through the space's queries, so the bylaws decide who may export what; private texts appear where
the reader may have them. A ledger is read up to the transfer that was the last when it began, so that what is
committed meanwhile does not tear it, and its balances are compared with the node's before the file is given out.

`run` writes the whole file at once or not at all. `steps` is the same as a generator that pauses after each page.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from icn_node.books import spreadsheets
from icn_node.books.errors import BadOptions, BooksError
from icn_node.books.journals import Beancount, Hledger, JournalEntry, Writer
from icn_node.books.naming import BROUGHT_FORWARD, Commodities, Names
from icn_node.books.options import ExportOptions
from icn_node.books.report import iso_day
from icn_node.books.session import Reader
from icn_node.books.spreadsheets import Text
from icn_node.kernel import charter, registry
from icn_node.kernel.calendar import EPOCH, local_day
from icn_node.kernel.charter import Charter
from icn_node.kernel.ledger import Unit, unit_of
from icn_node.rpc.edge import iso

PAGE: Final = 1_000
Progress = Callable[[str, int, int], None]
Pages = Iterator[str]
_WRITERS: Final[dict[str, type[Hledger] | type[Beancount]]] = {"hledger": Hledger, "beancount": Beancount}
_LEDGER: Final = ("transfer", "date", "time", "kind", "from", "from_no", "from_account", "to", "to_no", "to_account",
                  "amount", "unit", "memo")  # fmt: skip
_STATEMENT: Final = ("date", "time", "transfer", "kind", "with", "with_no", "memo", "amount", "balance", "unit")
_MEMBERS: Final = ("no", "handle", "name", "contact", "kind", "status", "roles", "member_since", "did")


class ExportReport(msgspec.Struct, kw_only=True):
    """What was written. rows: transfers, lines or members; path: the file, '' if the text is in `text`."""

    what: str
    format: str
    path: str = ""
    rows: int = 0
    bytes: int = 0
    text: str = ""

    def plain(self) -> dict[str, Any]:
        """The report as JSON takes it."""
        data: dict[str, Any] = msgspec.to_builtins(self)
        return data


def run(reader: Reader, options: ExportOptions, progress: Progress) -> ExportReport:
    """Export. options: as `options.export_options` checks them. Raises BooksError, Refusal."""
    going = steps(reader, options, progress)
    try:
        while True:
            next(going)
    except StopIteration as done:
        report: ExportReport = done.value
        return report


def steps(reader: Reader, options: ExportOptions, progress: Progress) -> Generator[None, Any, ExportReport]:
    """The export as a generator that yields after each page, so that a daemon can do other work; it returns the report.

    A file that is there already is replaced when the new one is whole.
    """
    report = ExportReport(what=options.what, format=options.format, path=options.path)
    pages = _pages(reader, options, report, progress)
    if not options.path:
        texts = []
        for text in pages:
            texts.append(text)
            yield None
        report.text = "".join(texts)
        report.bytes = len(report.text.encode())
        return report
    path = Path(options.path)
    temporary = path.with_name(path.name + ".new")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            for text in pages:
                file.write(text)
                yield None
            file.flush()
            os.fsync(file.fileno())
        report.bytes = temporary.stat().st_size
        temporary.replace(path)
    except OSError as error:
        raise BooksError(f"{path} cannot be written: {error.strerror}") from None
    finally:
        temporary.unlink(missing_ok=True)
    return report


def _pages(reader: Reader, options: ExportOptions, report: ExportReport, progress: Progress) -> Pages:
    if options.what == "members":
        pages = _members(reader, report, progress)
    elif options.what == "statement":
        pages = _statement(reader, options, report, progress)
    else:
        pages = _ledger(reader, options, report, progress)
    if options.format == "csv" and options.bom:
        yield spreadsheets.BOM
    yield from pages


# -- members -----------------------------------------------------------------------------------------------------------


def _members(reader: Reader, report: ExportReport, progress: Progress) -> Pages:
    zone = charter.timezone(reader.tables)
    total = reader.tables.last_no("party")
    yield spreadsheets.rows([_MEMBERS])
    after = 0
    while True:
        found = reader.ask("books.register", after=after, limit=PAGE)
        if not found:
            return
        yield spreadsheets.rows(_member(reader, row, zone) for row in found)
        after = found[-1]["no"]
        report.rows += len(found)
        progress("exporting members", after, total)


def _member(reader: Reader, row: dict[str, Any], zone: str) -> tuple[str, ...]:
    since = row["member_since_ms"]
    name, contact = (_text(reader, row[field]) for field in ("name", "contact"))
    day = "" if since is None else iso_day(local_day(since, zone))
    return (str(row["no"]), row["handle"], name, contact, row["kind"], row["status"], " ".join(row["roles"]), day,
            row["did"])  # fmt: skip


def _text(reader: Reader, field: Any) -> Text:
    return Text("" if field is None else reader.reveal(field)[0] or "")


# -- statement ---------------------------------------------------------------------------------------------------------


def _statement(reader: Reader, options: ExportOptions, report: ExportReport, progress: Progress) -> Pages:
    names, commodities = Names(reader), Commodities([unit_of(reader.tables, options.unit)])
    owner = _owner(reader, options)
    asked: dict[str, Any] = {"unit": options.unit, "from_day": _day(options.from_day), "to_day": _day(options.to_day)}
    # By number, so that labels and the space can be asked for as well as members.
    page = reader.ask("credit.book", owner=owner, account=options.account, **asked, after=0, limit=PAGE)
    csv = options.format == "csv"
    writer = None if csv else _WRITERS[options.format](commodities)
    own = names.account(owner, options.account)
    if writer is None:
        yield _statement_head(commodities, options, page)
    else:
        yield _statement_journal_head(reader, writer, names, options, page, own)
    declared = {own, BROUGHT_FORWARD}
    last_day = _day(options.to_day)
    while True:
        lines = page["lines"]
        if writer is None:
            yield spreadsheets.rows(_statement_row(reader, names, commodities, line) for line in lines)
        else:
            yield "".join(_statement_entries(reader, writer, names, lines, own, declared))
        report.rows += len(lines)
        last_day = lines[-1]["value_day"] if lines and not options.to_day else last_day
        progress("exporting a statement", report.rows, page["count"])
        if not page["after"]:
            break
        page = reader.ask("credit.book", owner=owner, account=options.account, **asked, after=page["after"], limit=PAGE)
    closing = page["closing"].minor
    if writer is None:
        date = "" if last_day is None else iso_day(last_day)
        balance = commodities.number(options.unit, closing)
        yield spreadsheets.rows([(date, "", "", "closing balance", "", "", "", "", balance,
                                  commodities.name(options.unit))])  # fmt: skip
    elif last_day is not None:
        yield writer.end(last_day, {(own, options.unit): closing})


def _owner(reader: Reader, options: ExportOptions) -> int:
    """The number of the party whose statement is asked for. Raises BadOptions."""
    tx, who = reader.tables, options.member
    if options.party is not None:
        if options.party != registry.SPACE and tx.get(registry.Party, options.party) is None:
            raise BadOptions(f"there is no party {options.party} in this space")
        return options.party
    if who.startswith("did:"):
        no = registry.party_no(tx, who)
    else:
        found = registry.by_handle(tx, who.removeprefix("@").lower())
        no = None if found is None else found.no
    if no is None:
        raise BadOptions(f"nobody here is called {who}; see `icn member list`")
    return no


def _day(text: str) -> int | None:
    if not text:
        return None
    try:
        return (datetime.date.fromisoformat(text) - EPOCH).days
    except ValueError:
        raise BadOptions(f"{text} is no day of the calendar") from None


def _statement_head(commodities: Commodities, options: ExportOptions, page: dict[str, Any]) -> str:
    opening = commodities.number(options.unit, page["opening"].minor)
    row = (options.from_day, "", "", "opening balance", "", "", "", "", opening, commodities.name(options.unit))
    return spreadsheets.rows([_STATEMENT, row])


def _statement_row(reader: Reader, names: Names, commodities: Commodities, line: dict[str, Any]) -> tuple[str, ...]:
    other, unit = line["other"].no, line["amount"].unit
    return (
        iso_day(line["value_day"]), iso(line["time_ms"]), str(line["transfer"]), line["kind"],
        Text(names.shown(other, line["other_account"])), str(other), _text(reader, line["memo"]),
        commodities.number(unit, line["amount"].minor), commodities.number(unit, line["balance"].minor),
        commodities.name(unit),
    )  # fmt: skip


def _statement_journal_head(
    reader: Reader, writer: Writer, names: Names, options: ExportOptions, page: dict[str, Any], own: str
) -> str:
    opening, first = page["opening"].minor, _day(options.from_day)
    text = writer.begin(f"{_title(reader)}: statement of {own}", [options.unit])
    text += writer.account(own, names.private_name(page["party"].no)) + writer.account(BROUGHT_FORWARD, "")
    if opening and first is not None:
        postings = [(own, options.unit, opening), (BROUGHT_FORWARD, options.unit, -opening)]
        text += writer.entry(JournalEntry(first, 0, "brought forward", "", postings))
    return text


def _statement_entries(
    reader: Reader, writer: Writer, names: Names, lines: list[dict[str, Any]], own: str, declared: set[str]
) -> Iterator[str]:
    for line in lines:
        other, unit = line["other"].no, line["amount"].unit
        account = names.account(other, line["other_account"])
        if account not in declared:
            declared.add(account)
            yield writer.account(account, names.private_name(other))
        minor = line["amount"].minor
        yield writer.entry(
            JournalEntry(line["value_day"], line["transfer"], line["kind"], _text(reader, line["memo"]),
                         [(own, unit, minor), (account, unit, -minor)])
        )  # fmt: skip


# -- ledger ------------------------------------------------------------------------------------------------------------


def _ledger(reader: Reader, options: ExportOptions, report: ExportReport, progress: Progress) -> Pages:
    tx = reader.tables
    wanted = [unit_of(tx, options.unit)] if options.unit else tx.scan(Unit)
    commodities, names = Commodities(tx.scan(Unit)), Names(reader)
    codes = {unit.code for unit in wanted}
    writer = None if options.format == "csv" else _WRITERS[options.format](commodities)
    yield spreadsheets.rows([_LEDGER]) if writer is None else writer.begin(_title(reader), sorted(codes))
    upto, after, last_day = tx.last_no("transfer"), 0, 0
    balances: dict[tuple[int, str, str], int] = {}
    declared: set[str] = set()
    while after < upto:
        found = [row for row in reader.ask("credit.journal", after=after, limit=PAGE) if row["transfer"] <= upto]
        after = found[-1]["transfer"]
        posted = [row for row in found if row["state"] == "posted" and row["amount"].unit in codes]
        for row in posted:
            unit, minor = row["amount"].unit, row["amount"].minor
            for side, change in (("payer", -minor), ("payee", minor)):
                key = (row[side].no, row[side + "_account"], unit)
                balances[key] = balances.get(key, 0) + change
            last_day = row["value_day"] if report.rows == 0 else max(last_day, row["value_day"])
            report.rows += 1
        if writer is None:
            yield spreadsheets.rows(_ledger_row(reader, names, commodities, row) for row in posted)
        else:
            yield "".join(_ledger_entries(reader, writer, names, posted, declared))
        progress("exporting the ledger", after, upto)
    if tx.last_no("transfer") == upto:
        _compare(reader, balances, codes)
    if writer is not None and report.rows:
        yield writer.end(last_day, {(names.account(no, sub), u): minor for (no, sub, u), minor in balances.items()})


def _ledger_row(reader: Reader, names: Names, commodities: Commodities, row: dict[str, Any]) -> tuple[str, ...]:
    sides: list[str] = []
    for side in ("payer", "payee"):
        no, sub = row[side].no, row[side + "_account"]
        sides += [Text(names.shown(no, sub)), str(no), names.account(no, sub)]
    unit = row["amount"].unit
    return (
        str(row["transfer"]), iso_day(row["value_day"]), iso(row["time_ms"]), row["kind"], *sides,
        commodities.number(unit, row["amount"].minor), commodities.name(unit), _text(reader, row["memo"]),
    )  # fmt: skip


def _ledger_entries(
    reader: Reader, writer: Writer, names: Names, rows: list[dict[str, Any]], declared: set[str]
) -> Iterator[str]:
    for row in rows:
        postings = []
        unit, minor = row["amount"].unit, row["amount"].minor
        for side, change in (("payer", -minor), ("payee", minor)):
            account = names.account(row[side].no, row[side + "_account"])
            if account not in declared:
                declared.add(account)
                yield writer.account(account, names.private_name(row[side].no))
            postings.append((account, unit, change))
        memo = _text(reader, row["memo"])
        yield writer.entry(JournalEntry(row["value_day"], row["transfer"], row["kind"], memo, postings))


def _compare(reader: Reader, balances: dict[tuple[int, str, str], int], codes: set[str]) -> None:
    """Assert that the transfers written add up to the balances that the node has."""
    for code in sorted(codes):
        after = -1
        while True:
            page = reader.ask("credit.accounts", unit=code, after=after, limit=PAGE)
            fresh = [row for row in page if row["party"].no > after]
            for row in fresh:
                found = balances.get((row["party"].no, row["account"], code), 0)
                assert found == row["balance"].minor, (code, row["party"].no, found, row["balance"].minor)
            if not fresh:
                break
            after = fresh[-1]["party"].no


def _title(reader: Reader) -> str:
    found = reader.tables.get(Charter, 1)
    return "" if found is None else found.title
