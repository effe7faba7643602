"""Importing: from a file of other books to committed events, in steps that a daemon can do between other work.

`steps` is the whole of it, as a generator: it yields what is to be committed and is sent the receipts, work that needs
only the file and can go to a thread, and None where somebody else may have a turn. `run` drives it where nothing else
goes on (offline commands, tests), `serve` in the daemon. Reading, planning and posting come in that order, so that a
file with a bad row has posted nothing.

A run that is cut off has posted whole events; the next run of the same file knows their rows and goes on behind them.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import trio

from icn_node.books import history, openings, people, sheet
from icn_node.books.errors import BooksError, ImportRefused
from icn_node.books.history import History, Movement
from icn_node.books.identity import Keyed
from icn_node.books.openings import Opening, Openings
from icn_node.books.options import AUDIENCE, MEMBERS, TRANSFERS, ImportOptions, audience, columns, delimiter
from icn_node.books.packing import Item, Packer, Submission
from icn_node.books.people import People
from icn_node.books.planning import Books, Labels, Rejects, books_of, check_identity
from icn_node.books.report import Breaches, ImportReport
from icn_node.books.session import Importer, Submitter
from icn_node.books.sheet import Sheet
from icn_node.kernel import ledger
from icn_node.kernel.imports import ImportedRow
from icn_node.kernel.tables import Tables
from icn_node.keystore import write_private
from icn_node.receipts import Receipt
from icn_node.rpc.edge import text_of

SLICE: Final = 8_192  # rows that are made ready for their events at a time
Progress = Callable[[str, int, int], None]
"""Called with what is going on, how much is done, and how much there is (0: not known)."""

Plan = History | Openings | People
_T = TypeVar("_T")


class Aside(Generic[_T]):
    """Work that needs nothing but the file, and may be done beside whatever else goes on. result: after `run`."""

    def __init__(self, work: Callable[[], _T]) -> None:
        self._work = work
        self._done: list[_T] = []

    def run(self) -> None:
        """Do it."""
        self._done.append(self._work())

    @property
    def result(self) -> _T:
        """What came of it."""
        return self._done[0]


Wanted = Submission | Aside[Any] | None
"""What steps ask for: events to be committed, work that can go aside, or a pause."""
Steps = Generator[Wanted, list[Receipt], ImportReport]


def run(importer: Submitter, options: ImportOptions, progress: Progress) -> ImportReport:
    """Import, committing through the session itself. Raises BooksError, Refusal, SpaceStopped, StoreError."""
    return drive(steps(importer, options, progress), importer)


def drive(going: Generator[Wanted, list[Receipt], _T], submitter: Submitter) -> _T:
    """Carry out steps (`steps`, `undo_steps`) where nothing else goes on."""
    receipts: list[Receipt] = []
    try:
        while True:
            wanted = going.send(receipts) if receipts else next(going)
            receipts = []
            if isinstance(wanted, Submission):
                receipts = submitter.submit(wanted.blocks, wanted.blobs)
            elif wanted is not None:
                wanted.run()
    except StopIteration as done:
        result: _T = done.value
        return result


async def serve(
    going: Generator[Wanted, list[Receipt], _T],
    submit: Callable[[Sequence[bytes], Mapping[bytes, bytes]], Awaitable[list[Receipt]]],
) -> _T:
    """Carry out steps inside the daemon, letting other tasks run in between. Hold the lock of the author's key."""
    receipts: list[Receipt] = []
    try:
        while True:
            await trio.lowlevel.checkpoint()
            wanted = going.send(receipts) if receipts else next(going)
            receipts = []
            if isinstance(wanted, Submission):
                receipts = await submit(wanted.blocks, wanted.blobs)
            elif wanted is not None:
                await trio.to_thread.run_sync(wanted.run)
    except StopIteration as done:
        result: _T = done.value
        return result


def steps(importer: Importer, options: ImportOptions, progress: Progress) -> Steps:
    """The import as a generator: yields what is to be done, takes receipts, returns the report.

    options: as `options.import_options` checks them. Raises BooksError or a Refusal; after ImportRefused what was
    posted before stays.
    """
    path = Path(options.path)
    progress("reading", 0, 0)
    books = books_of(importer, options)
    reading = Aside(lambda: _read_file(path, options))
    yield reading
    data, read = reading.result
    progress("planning", 0, len(read.lines))
    key = importer.import_key(create=not options.dry_run)
    keyed = Keyed(os.urandom(32) if key is None else key)  # a rehearsal before the first import knows nothing anyway
    rejects = Rejects()
    plan = yield from _plan(importer.tables, read, options, books, keyed, rejects)
    report = _report(options, read, books, plan, rejects)
    yield None
    if rejects and not options.skip_bad:
        return _closed(importer, _nothing_posted(report))
    if options.dry_run:
        report.outcome = "dry_run"
        return _closed(importer, report)
    if rejects:
        report.skipped_file = str(_write_skipped(path, read, rejects, header=not options.no_header))
    if not (report.posted or report.entered or report.changed):
        report.outcome = "nothing_new"
        report.unit_created = False
        return _closed(importer, report)
    yield from _post(importer, options, books, plan, keyed.key_id, keyed.file(data), report, progress)
    return _closed(importer, report)


def _read_file(path: Path, options: ImportOptions) -> tuple[bytes, Sheet]:
    data = sheet.read_bytes(path)
    return data, sheet.read(data, columns(options), delimiter=delimiter(options), encoding=options.encoding,
                            header=not options.no_header)  # fmt: skip


def undo_steps(importer: Importer, batch: int, progress: Progress) -> Generator[Submission, list[Receipt], int]:
    """Undo an import as a generator like `steps`: every row of it posted back; how many there were.

    Raises BooksError or ImportRefused, as where nothing is left; what was undone before stays so.
    """
    total = left = importer.tables.count(ImportedRow, "batch", batch, "posted")
    packer = Packer(importer, AUDIENCE)
    while True:
        receipts = yield packer.single({"op": "books.undo", "batch": batch}, {})
        left = int(_results(receipts)[0])
        progress("undoing", total - left, total)
        if not left:
            return total


def _plan(
    tx: Tables, read: Sheet, options: ImportOptions, books: Books, keyed: Keyed, rejects: Rejects
) -> Generator[Aside[Any] | None, Any, Plan]:
    """Read the rows, which needs no state and may take a while, and then hold them against it."""
    by = history.keyed_by(read) if options.kind == TRANSFERS else "label"
    check_identity(tx, options, keyed, by)
    if options.kind == MEMBERS:
        persons = Aside(lambda: people.read(read, keyed, rejects))
        yield persons
        return (yield from people.plan(tx, persons.result, keyed))
    if options.kind == TRANSFERS:
        rows = Aside(lambda: history.read(read, options, books, keyed, rejects))
        yield rows
        return (yield from history.plan(tx, rows.result, options, books, keyed, by, rejects))
    balances = Aside(lambda: openings.read(read, options, books, keyed, rejects))
    yield balances
    return (yield from openings.plan(tx, balances.result, options, books, keyed, rejects))


def _report(options: ImportOptions, read: Sheet, books: Books, plan: Plan, rejects: Rejects) -> ImportReport:
    """What the plan says, as if it had been carried out."""
    report = ImportReport(
        kind=options.kind, file=options.path, dry_run=options.dry_run, unit=options.unit, encoding=read.encoding,
        delimiter=read.delimiter, header_line=read.header_line, rows=len(read.lines), skipped=len(rejects),
        known=plan.known, accounts=len(plan.labels), bad=rejects.rows(),
    )  # fmt: skip
    if read.header_line > 1:
        report.notes.append(f"the header was found on line {read.header_line}")
    for group in plan.labels.alike()[:5]:
        report.notes.append("taken for different account holders: " + ", ".join(repr(label) for label in group))
    if isinstance(plan, People):
        report.entered, report.changed = len(plan.fresh), len(plan.changed)
        if plan.claimed:
            report.notes.append(f"{plan.claimed} are members by now, whose own words stand")
        return report
    report.unit_kind = books.kind
    report.unit_created = bool(books.creates)
    report.decimals = plan.scale.decimals
    report.date_format, report.decimal_mark = plan.date_form, plan.mark
    report.amount_in = options.amount_in or ("hours" if books.kind == "hours" else "units")
    report.entered = len(_to_enter(plan))
    report.breaches = plan.course.breaches()
    report.rounded, report.lost_minor = plan.loss.rounded, _decimal(plan.loss.lost)
    if books.creates and options.decimals is None and report.unit_kind != "hours":
        report.notes.append(
            f"{options.unit} gets {report.decimals} decimals, the fewest that lose least; they never change "
            "(--decimals gives it others)"
        )
    if isinstance(plan, Openings):
        report.empty = plan.empty
        report.against, report.keyed_by = plan.against, "label"
        report.against_minor = -sum(row.balance_minor for row in plan.openings)
        sizes = [abs(row.balance_minor) for row in plan.openings]
        dated = [row.day for row in plan.openings]
    else:
        report.keyed_by = plan.keyed_by
        sizes = [row.amount_minor for row in plan.movements]
        dated = [row.moment.day for row in plan.movements]
    report.posted, report.amount_minor = len(sizes), sum(sizes)
    report.first_day, report.last_day = min(dated, default=None), max(dated, default=None)
    return report


def _nothing_posted(report: ImportReport) -> ImportReport:
    """The report of a file with bad rows: what was read of it stays, what would have been posted goes."""
    report.outcome = "bad_rows"
    report.unit_created = False
    report.posted = report.rounded = report.amount_minor = report.against_minor = report.entered = report.changed = 0
    report.lost_minor, report.first_day, report.last_day, report.breaches = "0", None, None, Breaches()
    return report


def _to_enter(plan: History | Openings) -> list[str]:
    """The labels without a party that rows to be posted, or empty balances, name."""
    if isinstance(plan, Openings):
        return plan.labels.missing()
    named = {label for row in plan.movements for label in (row.payer, row.payee)}
    return [label for label in plan.labels.missing() if label in named]


def _decimal(value: Fraction) -> str:
    """A fraction as decimal text, to six places."""
    text = text_of(round(value * 1_000_000), 6)
    return text.rstrip("0").rstrip(".")


def _post(
    importer: Importer, options: ImportOptions, books: Books, plan: Plan, key_id: bytes, digest: bytes,
    report: ImportReport, progress: Progress,
) -> Generator[Submission, list[Receipt], None]:  # fmt: skip
    """Begin the import, enter who is new, post what is new."""
    packer = Packer(importer, audience(options))
    begin: dict[str, Any] = {
        "op": "books.begin", "digest": digest, "key_id": key_id, "keyed_by": report.keyed_by or "label",
        "source": options.source, "authority": books.authority.no,
    }  # fmt: skip
    if options.unit:
        begin["unit"] = options.unit
    if books.creates:
        begin["decimals"] = report.decimals
        if options.title:
            begin["title"] = options.title
    receipts = yield packer.single(begin, {"file": Path(options.path).name})
    report.batch = int(_results(receipts)[0])
    entering = _people_items(plan) if isinstance(plan, People) else _label_items(plan.labels, _to_enter(plan))
    total = len(entering) + report.posted
    done = yield from _submit(packer, {"op": "books.enter", "batch": report.batch}, "labels", entering, 0, total,
                              progress)  # fmt: skip
    if isinstance(plan, People):
        return
    plan.labels.renew()
    op: dict[str, Any] = {"op": "books.post", "batch": report.batch}
    if isinstance(plan, Openings):
        op = {**op, "op": "books.open_balances", "against": plan.against}
    rows: Sequence[Opening | Movement] = plan.openings if isinstance(plan, Openings) else plan.movements
    for start in range(0, len(rows), SLICE):
        items = [_item(plan.labels, row) for row in rows[start : start + SLICE]]
        done = yield from _submit(packer, op, "rows", items, done, total, progress)


def _submit(
    packer: Packer, op: dict[str, Any], name: str, items: Sequence[Item], done: int, total: int, progress: Progress
) -> Generator[Submission, list[Receipt], int]:
    for submission in packer.many(op, name, items):
        _results((yield submission))
        done += submission.items
        progress("posting", done, total)
    return done


def _results(receipts: Sequence[Receipt]) -> list[Any]:
    """The results of events that were to be executed. Raises ImportRefused, BooksError."""
    results = []
    for receipt in receipts:
        if receipt.status == "refused":
            raise ImportRefused(receipt.outcome["refused"], receipt.outcome["facts"], receipt.outcome.get("clause", ""))
        if receipt.status != "executed":
            raise BooksError(f"an event of the import was not executed but is {receipt.status} {receipt.code}".rstrip())
        results += receipt.outcome["ok"]
    return results


def _label_items(labels: Labels, wanted: Sequence[str]) -> list[Item]:
    return [Item({"key": labels.key(label)}, {"name": label}) for label in wanted]


def _people_items(plan: People) -> list[Item]:
    items = []
    for person in (*plan.fresh, *plan.changed):
        texts = {"name": person.name, "contact": person.contact, "handle": person.handle}
        public = {"key": plan.labels.key(person.label), "detail": person.detail}
        items.append(Item(public, {name: text for name, text in texts.items() if text}))
    return items


def _party(labels: Labels, label: str) -> int:
    party = labels.party(label)
    assert party is not None, "every label of a row was entered before the row"
    return party


def _item(labels: Labels, row: Movement | Opening) -> Item:
    """A row as its command has it; every label it names was entered before."""
    if isinstance(row, Opening):
        return Item({"key": row.key, "day": row.day, "label": _party(labels, row.label),
                     "balance_minor": row.balance_minor})  # fmt: skip
    public = {"key": row.key, "day": row.moment.day, "payer": _party(labels, row.payer),
              "payee": _party(labels, row.payee), "amount_minor": row.amount_minor}  # fmt: skip
    return Item(public, {"memo": row.memo} if row.memo else {})


def _write_skipped(path: Path, read: Sheet, rejects: Rejects, *, header: bool) -> Path:
    """Write the rows left out beside the file, as they were, with their line and reason at the end."""
    target = path.with_suffix(".skipped.csv")
    width = max([len(read.header), *(len(line.cells) for line, _ in rejects.lines())])
    rows = [
        [*line.cells, *[""] * (width - len(line.cells)), str(line.number), reason] for line, reason in rejects.lines()
    ]
    named = [*read.header, *[""] * (width - len(read.header)), "line", "reason"]
    text = sheet.written(named, rows, read.delimiter) if header else sheet.rows_text(rows, read.delimiter)
    write_private(target, text.encode("utf-8"))
    return target


def _closed(importer: Importer, report: ImportReport) -> ImportReport:
    """The report with the proof: every unit's sum, and where the log stands."""
    report.sums = ledger.sums(importer.tables)
    head = importer.head()
    report.log = {name: head[name] for name in ("space", "leaves", "root", "commits", "checkpoint") if name in head}
    return report
