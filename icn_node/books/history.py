"""History: the plan of a file of transactions, each row a transfer from one account holder to another.

Rows are posted in the order of their days, and of the file within a day, so that statements can be searched by day.
What makes a row the same row on the next run is its id, if the file has one, or else its content and its place among
identical rows (decision 0056).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from icn_node.books import amounts, dates
from icn_node.books.dates import Moment
from icn_node.books.identity import Keyed, content_of, label_of
from icn_node.books.options import ImportOptions
from icn_node.books.planning import (
    MOST_TEXT,
    PAUSE_AFTER,
    Books,
    Course,
    Labels,
    Loss,
    Rejects,
    Scale,
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
    loss: Loss = field(default_factory=Loss)


def keyed_by(sheet: Sheet) -> str:
    """What the rows of the sheet are told apart by."""
    if "id" in sheet.columns:
        return "id"
    return "content_memo" if "memo" in sheet.columns else "content"


@dataclass(frozen=True, slots=True)
class Read:
    """The rows that can be read, each with its key and amount, and how the columns were understood."""

    rows: list[Movement]
    scale: Scale
    date_form: str
    mark: str


def read(sheet: Sheet, options: ImportOptions, books: Books, keyed: Keyed, rejects: Rejects) -> Read:
    """Read the rows of a file, without a look at the state. Raises Unclear, BadOptions."""
    lines = whole_lines(sheet, rejects)
    days = dates.read([sheet.cell(line, "date") for line in lines], books.timezone, options.date_format)
    clock = options.amount_in in ("", "hours") and (books.kind == units.HOURS or options.amount_in == "hours")
    sums = amounts.read([sheet.cell(line, "amount") for line in lines], mark=options.decimal_mark, clock=clock)
    seen: dict[str, int] = {}
    rows = []
    for line, moment, value in zip(lines, days.moments, sums.values, strict=True):
        row, wrong = _movement(sheet, line, moment, value, books, seen)
        if wrong:
            rejects.add(line, wrong)
        else:
            rows.append(row)
    _assign_keys(rows, options, keyed, keyed_by(sheet))
    scale = scale_of(books, options, [row.value for row in rows])
    for row in rows:
        row.amount_minor, wrong = scale.minor(row.value)
        if wrong:
            rejects.add(row.line, f"the amount {wrong}")
    return Read([row for row in rows if row.line not in rejects], scale, days.form, sums.mark)


def _movement(
    sheet: Sheet, line: Line, moment: Moment | None, value: Fraction | None, books: Books, seen: dict[str, int]
) -> tuple[Movement, str]:
    """(the row, '') of a line, or (what there is of it, what is wrong with it). seen: the ids so far, with lines."""
    payer, empty_payer = checked_label(sheet.cell(line, "from"), "payer")
    payee, empty_payee = checked_label(sheet.cell(line, "to"), "payee")
    memo, row_id = sheet.cell(line, "memo").strip(), label_of(sheet.cell(line, "id"))
    row = Movement(line, moment or Moment(0, ""), payer, payee, value or Fraction(), memo, row_id)
    wrong = (
        wrong_day(None if moment is None else moment.day, books, sheet.cell(line, "date"))
        or _wrong_amount(value, sheet.cell(line, "amount"))
        or empty_payer
        or empty_payee
    )
    if wrong:
        return row, wrong
    if payer == payee:
        return row, f"payer and payee are both {payer!r}"
    if len(memo) > MOST_TEXT:
        return row, f"the memo has {len(memo)} characters, and may have {MOST_TEXT}"
    if "id" in sheet.columns:
        if not row_id:
            return row, "the id is empty"
        if row_id in seen:
            return row, f"the id {row_id!r} stands on line {seen[row_id]} already"
        seen[row_id] = line.number
    return row, ""


def plan(
    tx: Tables, found: Read, options: ImportOptions, books: Books, keyed: Keyed, by: str, rejects: Rejects
) -> Generator[None, Any, History]:
    """Plan an import of transactions against the state, pausing now and then."""
    labels = Labels(tx, keyed)
    planned = History(labels, found.scale, Course(tx, books, labels), found.date_form, found.mark, by)
    fresh = []
    for count, row in enumerate(found.rows, 1):
        if _is_known(tx, row, options, labels, rejects):
            planned.known += 1
        elif row.line not in rejects:
            fresh.append(row)
        if count % PAUSE_AFTER == 0:
            yield None
    fresh.sort(key=lambda row: row.moment.day)
    for count, row in enumerate(fresh, 1):
        wrong = _simulated(row, labels, planned.course)
        if wrong:
            rejects.add(row.line, wrong)
        else:
            planned.movements.append(row)
            planned.loss.add(found.scale.loss(row.value))
        if count % PAUSE_AFTER == 0:
            yield None
    return planned


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


def _is_known(tx: Tables, row: Movement, options: ImportOptions, labels: Labels, rejects: Rejects) -> bool:
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


def _simulated(row: Movement, labels: Labels, course: Course) -> str:
    """Move the balances as the row will; what the ledger would refuse it for, or ''."""
    for label in (row.payer, row.payee):
        if course.closed(label):
            return f"the account of {label!r} is closed"
    payer, payee = labels.holder(row.payer), labels.holder(row.payee)
    if payer is not None and payer == payee:
        return "one member has claimed both accounts"
    wrong = course.move(row.payer, -row.amount_minor)
    if not wrong:
        wrong = course.move(row.payee, row.amount_minor)
        if wrong:
            course.move(row.payer, row.amount_minor)
    return f"the amount {wrong}" if wrong else ""
