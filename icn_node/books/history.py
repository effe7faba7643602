"""History: the plan of a file of transactions, each row a transfer from one account holder to another.

Rows are posted in the order of their days, and of the file within a day, so that statements can be searched by day.
What makes a row the same row on the next run is its id, if the file has one, or else its content and its place among
identical rows (decision 0056).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction

from icn_node.books import amounts, dates
from icn_node.books.dates import Moment
from icn_node.books.identity import Keyed, content_of, label_of
from icn_node.books.options import ImportOptions
from icn_node.books.planning import (
    MOST_TEXT,
    Books,
    Course,
    Labels,
    Rejects,
    Scale,
    check_identity,
    checked_label,
    scale_of,
    whole_lines,
)
from icn_node.books.sheet import Line, Sheet
from icn_node.kernel import imports, units
from icn_node.kernel.imports import EARLIEST_DAY, ImportedRow, Side
from icn_node.kernel.tables import Tables


@dataclass(slots=True)
class Movement:
    """A row as it was read: who paid whom how much, when, and by what it is known again."""

    line: Line
    moment: Moment
    payer: str
    payee: str
    value: Fraction
    memo: str
    row_id: str
    amount_minor: int = 0
    key: bytes = b""


@dataclass(slots=True)
class History:
    """The plan. movements: to be posted, in their order; known: posted before."""

    labels: Labels
    scale: Scale
    course: Course
    date_form: str
    mark: str
    keyed_by: str
    movements: list[Movement] = field(default_factory=list)
    known: int = 0

    def losses(self) -> list[Fraction]:
        """What each rounded value that will be posted loses, in minor units."""
        return [loss for row in self.movements if (loss := self.scale.loss(row.value))]


def keyed_by(sheet: Sheet) -> str:
    """What the rows of the sheet are told apart by."""
    if "id" in sheet.columns:
        return "id"
    return "content_memo" if "memo" in sheet.columns else "content"


def plan(
    tx: Tables, sheet: Sheet, options: ImportOptions, books: Books, keyed: Keyed, rejects: Rejects
) -> History:
    """Plan an import of transactions. Raises Unclear, BadOptions, or what `check_identity` does."""
    check_identity(tx, options, keyed, keyed_by(sheet))
    rows, date_form, mark = _read(sheet, options, books, rejects)
    _assign_keys(rows, options, keyed, keyed_by(sheet))
    scale = scale_of(books, options, [row.value for row in rows])
    labels = Labels(tx, keyed)
    planned = History(labels, scale, Course(tx, books, labels), date_form, mark, keyed_by(sheet))
    fresh = []
    for row in rows:
        row.amount_minor, wrong = scale.minor(row.value)
        if wrong:
            rejects.add(row.line, f"the amount {wrong}")
        elif _is_known(tx, row, options, labels, rejects, planned):
            planned.known += 1
        elif row.line not in rejects:
            fresh.append(row)
    fresh.sort(key=lambda row: row.moment.day)
    for row in fresh:
        _simulate(row, labels, planned.course, rejects)
    planned.movements = [row for row in fresh if row.line not in rejects]
    return planned


def _read(
    sheet: Sheet, options: ImportOptions, books: Books, rejects: Rejects
) -> tuple[list[Movement], str, str]:
    """The rows that can be read, with their keys' occurrence still open; the form of dates and the decimal mark."""
    lines = whole_lines(sheet, rejects)
    days = dates.read([sheet.cell(line, "date") for line in lines], books.timezone, options.date_format)
    clock = options.amount_in in ("", "hours") and (books.kind == units.HOURS or options.amount_in == "hours")
    sums = amounts.read([sheet.cell(line, "amount") for line in lines], mark=options.decimal_mark, clock=clock)
    seen: dict[str, int] = {}
    rows = []
    for line, moment, value in zip(lines, days.moments, sums.values, strict=True):
        wrong = _wrong_day(moment, books, sheet.cell(line, "date")) or _wrong_amount(value, sheet.cell(line, "amount"))
        payer, empty_payer = checked_label(sheet.cell(line, "from"), "payer")
        payee, empty_payee = checked_label(sheet.cell(line, "to"), "payee")
        memo, row_id = sheet.cell(line, "memo").strip(), label_of(sheet.cell(line, "id"))
        wrong = wrong or empty_payer or empty_payee
        if not wrong and payer == payee:
            wrong = f"payer and payee are both {payer!r}"
        if not wrong and len(memo) > MOST_TEXT:
            wrong = f"the memo has {len(memo)} characters, and may have {MOST_TEXT}"
        if not wrong and "id" in sheet.columns:
            if not row_id:
                wrong = "the id is empty"
            elif row_id in seen:
                wrong = f"the id {row_id!r} stands on line {seen[row_id]} already"
            else:
                seen[row_id] = line.number
        if wrong:
            rejects.add(line, wrong)
            continue
        assert moment is not None
        assert value is not None
        rows.append(Movement(line, moment, payer, payee, value, memo, row_id))
    return rows, days.form, sums.mark


def _wrong_day(moment: Moment | None, books: Books, cell: str) -> str:
    return wrong_day(None if moment is None else moment.day, books, cell)


def wrong_day(day: int | None, books: Books, cell: str) -> str:
    """Why a day cannot be a value day of history, or ''."""
    if day is None:
        return f"{cell.strip()!r} is no date" if cell.strip() else "the date is empty"
    if day > books.today:
        return f"the date {cell.strip()} lies in the future"
    if day < EARLIEST_DAY:
        return f"the date {cell.strip()} lies before 1900"
    return ""


def _wrong_amount(value: Fraction | None, cell: str) -> str:
    if value is None:
        return f"{cell.strip()!r} is no amount" if cell.strip() else "the amount is empty"
    if value < 0:
        return "the amount is negative: who paid whom is not for us to turn round"
    if value == 0:
        return "the amount is zero"
    return ""


def _assign_keys(rows: list[Movement], options: ImportOptions, keyed: Keyed, by: str) -> None:
    """Give each row, in the order of the file, the key by which it is known again."""
    occurrences: Counter[tuple[str, ...]] = Counter()
    for row in rows:
        if by == "id":
            row.key = keyed.row_by_id(options.unit, options.source, row.row_id)
            continue
        memo = label_of(row.memo) if by == "content_memo" else None
        content = content_of(row.moment, row.payer, row.payee, row.value, memo)
        occurrences[tuple(content)] += 1
        row.key = keyed.row_by_content(options.unit, options.source, content, occurrences[tuple(content)])


def _is_known(
    tx: Tables, row: Movement, options: ImportOptions, labels: Labels, rejects: Rejects, planned: History
) -> bool:
    """Whether the row was posted before; one that was, with other content, is set aside."""
    posted = imports.known_as(tx, tx.get(ImportedRow, row.key))
    payer, payee = labels.party(row.payer), labels.party(row.payee)
    if posted is None:
        return False
    if payer is not None and payee is not None:
        said = imports.Row(row.key, row.moment.day, Side.of(tx, payer), Side.of(tx, payee), row.amount_minor,
                           imports.KIND)  # fmt: skip
        if said.says(options.unit, posted):
            return True
    rejects.add(row.line, f"was imported before with other content, as transfer {posted.no}")
    return False


def _simulate(row: Movement, labels: Labels, course: Course, rejects: Rejects) -> None:
    """Move the balances as the row will, or set it aside for what the ledger would refuse."""
    payer, payee = labels.holder(row.payer), labels.holder(row.payee)
    for label in (row.payer, row.payee):
        if course.closed(label):
            rejects.add(row.line, f"the account of {label!r} is closed")
            return
    if payer is not None and payer == payee:
        rejects.add(row.line, "one member has claimed both accounts")
        return
    wrong = course.move(row.payer, -row.amount_minor)
    if not wrong:
        wrong = course.move(row.payee, row.amount_minor)
        if wrong:
            course.move(row.payer, row.amount_minor)
    if wrong:
        rejects.add(row.line, f"the amount {wrong}")
