"""Openings: the plan of a list of balances that account holders bring with them, posted against the space's own.

Each account opens once from each source. What the space's account holds afterwards is the sum of the list with its
sign turned, so the books still sum to zero. It must not know how rows are posted.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from icn_node.books import amounts, dates
from icn_node.books.history import wrong_day
from icn_node.books.identity import Keyed
from icn_node.books.options import ImportOptions
from icn_node.books.planning import (
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
from icn_node.kernel import imports, registry, units
from icn_node.kernel.imports import ImportedRow, Row, Side
from icn_node.kernel.tables import Tables


@dataclass(slots=True)
class Opening:
    """One account's balance as of a day; balance_minor of either sign, never 0."""

    line: Line
    day: int
    label: str
    value: Fraction
    balance_minor: int = 0
    key: bytes = b""


@dataclass(slots=True)
class Openings:
    """The plan. against: the space's account; empty: balances of zero, which need no posting."""

    labels: Labels
    scale: Scale
    course: Course
    date_form: str
    mark: str
    against: str
    openings: list[Opening] = field(default_factory=list)
    known: int = 0
    empty: int = 0
    loss: Loss = field(default_factory=Loss)


@dataclass(frozen=True, slots=True)
class Read:
    """The rows that can be read, and how the columns were understood."""

    rows: list[Opening]
    scale: Scale
    date_form: str
    mark: str


def read(sheet: Sheet, options: ImportOptions, books: Books, keyed: Keyed, rejects: Rejects) -> Read:
    """Read the rows of a file, without a look at the state. Raises Unclear, BadOptions."""
    lines = whole_lines(sheet, rejects)
    mapped = "date" in sheet.columns
    cells = [sheet.cell(line, "date") if mapped else options.day for line in lines]
    days = dates.read(cells, books.timezone, options.date_format if mapped else "")
    clock = options.amount_in in ("", "hours") and (books.kind == units.HOURS or options.amount_in == "hours")
    sums = amounts.read([sheet.cell(line, "balance") for line in lines], mark=options.decimal_mark, clock=clock)
    seen: dict[str, int] = {}
    rows = []
    for line, cell, moment, value in zip(lines, cells, days.moments, sums.values, strict=True):
        label, wrong = checked_label(sheet.cell(line, "account"), "account")
        wrong = wrong or wrong_day(None if moment is None else moment.day, books, cell)
        if not wrong and value is None:
            wrong = f"{sheet.cell(line, 'balance').strip()!r} is no amount"
        if not wrong and label in seen:
            wrong = f"{label!r} stands on line {seen[label]} already"
        if wrong:
            rejects.add(line, wrong)
            continue
        assert moment is not None
        assert value is not None
        seen[label] = line.number
        rows.append(Opening(line, moment.day, label, value))
    scale = scale_of(books, options, [row.value for row in rows])
    for row in rows:
        row.key = keyed.opening(options.unit, options.source, row.label)
        row.balance_minor, wrong = scale.minor(row.value)
        if wrong:
            rejects.add(row.line, f"the balance {wrong}")
    return Read([row for row in rows if row.line not in rejects], scale, days.form if mapped else "", sums.mark)


def plan(
    tx: Tables, found: Read, options: ImportOptions, books: Books, keyed: Keyed, rejects: Rejects
) -> Generator[None, Any, Openings]:
    """Plan an import of opening balances against the state, pausing now and then."""
    labels = Labels(tx, keyed)
    against = options.against or ("issuance" if books.kind == units.CURRENCY else "opening")
    planned = Openings(labels, found.scale, Course(tx, books, labels), found.date_form, found.mark, against)
    for count, row in enumerate(found.rows, 1):
        labels.key(row.label)
        posted = imports.known_as(tx, tx.get(ImportedRow, row.key))
        if posted is not None:
            if row.balance_minor and _row(tx, row, labels, against).says(options.unit, posted):
                planned.known += 1
            else:
                rejects.add(row.line, f"{row.label!r} was opened before otherwise, by transfer {posted.no}")
        elif not row.balance_minor:
            planned.empty += 1
        elif planned.course.closed(row.label):
            rejects.add(row.line, f"the account of {row.label!r} is closed")
        elif over := planned.course.move(row.label, row.balance_minor):
            rejects.add(row.line, f"the balance {over}")
        else:
            planned.openings.append(row)
            planned.loss.add(found.scale.loss(row.value))
        if count % PAUSE_AFTER == 0:
            yield None
    return planned


def _row(tx: Tables, row: Opening, labels: Labels, against: str) -> Row:
    """The row as the space would post it; its label is known, because it was posted before."""
    party = labels.party(row.label)
    assert party is not None
    space = Side(registry.SPACE, registry.SPACE, imports.AGAINST[against])
    label = Side.of(tx, party)
    payer, payee = (space, label) if row.balance_minor > 0 else (label, space)
    return Row(row.key, row.day, payer, payee, abs(row.balance_minor), imports.OPENING_KIND)
