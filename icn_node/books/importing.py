"""Importing: from a file of other books to committed events, in steps that a daemon can do between other work.

`steps` is the whole of it, as a generator: it yields what is to be committed and is sent the receipts, and yields None
where somebody else may have a turn. `run` drives it where nothing else goes on (offline commands, tests), `serve` in
the daemon. Reading, planning and posting come in that order, so that a file with a bad row has posted nothing.

A run that is cut off has posted whole events; the next run of the same file knows their rows and goes on behind them.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import trio

from icn_node.books import history, openings, people, sheet
from icn_node.books.errors import BooksError, ImportRefused
from icn_node.books.history import History
from icn_node.books.identity import Keyed
from icn_node.books.openings import Openings
from icn_node.books.options import AUDIENCE, MEMBERS, TRANSFERS, ImportOptions, audience, columns, delimiter
from icn_node.books.packing import Item, Packer, Submission
from icn_node.books.people import People
from icn_node.books.planning import Books, Labels, Rejects, books_of
from icn_node.books.report import Breaches, ImportReport
from icn_node.books.session import Importer, Submitter
from icn_node.books.sheet import Sheet
from icn_node.kernel import ledger
from icn_node.kernel.imports import ImportedRow
from icn_node.keystore import write_private
from icn_node.receipts import Receipt
from icn_node.rpc.edge import text_of

Progress = Callable[[str, int, int], None]
"""Called with what is going on, how much is done, and how much there is (0: not known)."""

Steps = Generator[Submission | None, list[Receipt], ImportReport]
Plan = History | Openings | People
_T = TypeVar("_T")


def run(importer: Submitter, options: ImportOptions, progress: Progress) -> ImportReport:
    """Import, committing through the session itself. Raises BooksError, Refusal, SpaceStopped, StoreError."""
    return drive(steps(importer, options, progress), importer)


def drive(going: Generator[Submission | None, list[Receipt], _T], submitter: Submitter) -> _T:
    """Carry out steps (`steps`, `undo_steps`) where nothing else goes on."""
    try:
        wanted = next(going)
        while True:
            wanted = going.send([] if wanted is None else submitter.submit(wanted.blocks, wanted.blobs))
    except StopIteration as done:
        result: _T = done.value
        return result


async def serve(
    going: Generator[Submission | None, list[Receipt], _T],
    submit: Callable[[Sequence[bytes], Mapping[bytes, bytes]], Awaitable[list[Receipt]]],
) -> _T:
    """Carry out steps inside the daemon, letting other tasks run in between. Hold the lock of the author's key."""
    try:
        wanted = next(going)
        while True:
            await trio.lowlevel.checkpoint()
            wanted = going.send([] if wanted is None else await submit(wanted.blocks, wanted.blobs))
    except StopIteration as done:
        result: _T = done.value
        return result


def steps(importer: Importer, options: ImportOptions, progress: Progress) -> Steps:
    """The import as a generator: yields submissions (or None, for a pause), takes receipts, returns the report.

    options: as `options.import_options` checks them. Raises BooksError or a Refusal; after ImportRefused what was
    posted before stays.
    """
    path = Path(options.path)
    progress("reading", 0, 0)
    data = sheet.read_bytes(path)
    books = books_of(importer, options)
    read = sheet.read(data, columns(options), delimiter=delimiter(options), encoding=options.encoding,
                      header=not options.no_header)  # fmt: skip
    yield None
    progress("planning", 0, len(read.lines))
    key = importer.import_key(create=not options.dry_run)
    keyed = Keyed(os.urandom(32) if key is None else key)  # a rehearsal before the first import knows nothing anyway
    rejects = Rejects()
    plan = _plan(importer, read, options, books, keyed, rejects)
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
    importer: Importer, read: Sheet, options: ImportOptions, books: Books, keyed: Keyed, rejects: Rejects
) -> Plan:
    tx = importer.tables
    if options.kind == MEMBERS:
        return people.plan(tx, read, options, keyed, rejects)
    if options.kind == TRANSFERS:
        return history.plan(tx, read, options, books, keyed, rejects)
    return openings.plan(tx, read, options, books, keyed, rejects)


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
    losses = plan.losses()
    report.rounded = len(losses)
    report.lost_minor = _decimal(sum(losses, Fraction()))
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
    rows = _opening_items(plan) if isinstance(plan, Openings) else _movement_items(plan)
    yield from _submit(packer, op, "rows", rows, done, total, progress)


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


def _movement_items(plan: History) -> list[Item]:
    return [
        Item(
            {"key": row.key, "day": row.moment.day, "payer": _party(plan.labels, row.payer),
             "payee": _party(plan.labels, row.payee), "amount_minor": row.amount_minor},
            {"memo": row.memo} if row.memo else {},
        )
        for row in plan.movements
    ]  # fmt: skip


def _opening_items(plan: Openings) -> list[Item]:
    return [
        Item({"key": row.key, "day": row.day, "label": _party(plan.labels, row.label),
              "balance_minor": row.balance_minor})
        for row in plan.openings
    ]  # fmt: skip


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
