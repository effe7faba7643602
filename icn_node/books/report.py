"""Reports: what an import read, understood, posted and left out, for people and for programs.

`ImportReport` is plain data; `words` puts it into lines. Labels and reasons in it come from the imported file and are
for whoever imports. It must not know how anything was found out.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from icn_node.kernel.calendar import EPOCH
from icn_node.rpc.edge import text_of

SHOWN: Final = 20  # bad rows and breaches that `words` lists; the data has all


class BadRow(msgspec.Struct, frozen=True):
    """A row that cannot be imported: the line of the file on which it begins, and why."""

    line: int
    reason: str


class Breach(msgspec.Struct, frozen=True):
    """An account that the history leaves beyond a limit. Amounts in minor units."""

    account: str
    balance_minor: int
    limit_minor: int


class Breaches(msgspec.Struct, frozen=True):
    """History beyond limits, which is counted and not refused: rows that went there, and accounts that end there."""

    rows_below_floor: int = 0
    rows_above_ceiling: int = 0
    below_floor: tuple[Breach, ...] = ()
    above_ceiling: tuple[Breach, ...] = ()


class ImportReport(msgspec.Struct, kw_only=True):
    """What an import did, or with `dry_run` would do.

    outcome: `posted`, `nothing_new`, `dry_run`, or `bad_rows` (then nothing was posted). rows: read; posted: now;
    known: imported before; skipped: bad ones left out. rounded: values with more places than the unit; lost_minor: what
    they lost together, as text, in minor units (negative: gained). amount_minor: what the posted rows move in all.
    entered, changed: account holders. sums: for each unit the sum of all balances, which is zero. log: where the log
    stands.
    """

    kind: str
    file: str
    outcome: str = "posted"
    dry_run: bool = False
    unit: str = ""
    unit_kind: str = ""
    decimals: int = 0
    unit_created: bool = False
    batch: int = 0
    encoding: str = ""
    delimiter: str = ""
    header_line: int = 0
    date_format: str = ""
    decimal_mark: str = ""
    amount_in: str = ""
    keyed_by: str = ""
    rows: int = 0
    posted: int = 0
    known: int = 0
    skipped: int = 0
    empty: int = 0
    rounded: int = 0
    lost_minor: str = "0"
    amount_minor: int = 0
    first_day: int | None = None
    last_day: int | None = None
    accounts: int = 0
    entered: int = 0
    changed: int = 0
    against: str = ""
    against_minor: int = 0
    bad: list[BadRow] = []
    skipped_file: str = ""
    breaches: Breaches = Breaches()
    notes: list[str] = []
    sums: dict[str, int] = {}
    log: dict[str, Any] = {}

    @property
    def balanced(self) -> bool:
        """Whether every unit's balances sum to zero."""
        return not any(self.sums.values())

    def plain(self) -> dict[str, Any]:
        """The report as JSON takes it: amounts as decimal text beside minor units as text, days as ISO dates."""
        data: dict[str, Any] = msgspec.to_builtins(self)
        for name in ("amount_minor", "against_minor"):
            data[name.removesuffix("_minor")] = self.amount(data[name])
            data[name] = str(data[name])
        for name in ("first_day", "last_day"):
            data[name] = None if data[name] is None else iso_day(data[name])
        for side in ("below_floor", "above_ceiling"):
            for breach in data["breaches"][side]:
                for name in ("balance", "limit"):
                    minor = breach[name + "_minor"]
                    breach[name], breach[name + "_minor"] = self.amount(minor), str(minor)
        data["sums"] = {unit: str(total) for unit, total in self.sums.items()}
        data["balanced"] = self.balanced
        return data

    def amount(self, minor: int) -> str:
        """Minor units of this report's unit as people write them."""
        return text_of(minor, self.decimals, hours=self.unit_kind == "hours")


def iso_day(day: int) -> str:
    """Days since 1970 as an ISO date."""
    return (EPOCH + datetime.timedelta(days=day)).isoformat()


def words(report: ImportReport) -> list[str]:
    """The report in lines."""
    return [*_read(report), *_bad(report), *_done(report), *_limits(report), *_proof(report)]


def _read(report: ImportReport) -> Iterator[str]:
    yield f"{report.file}: {report.rows} rows, {report.encoding}, split at {report.delimiter}"
    understood = []
    if report.date_format:
        understood.append(f"dates as {report.date_format}")
    if report.decimal_mark:
        understood.append(f"decimal mark '{report.decimal_mark}'")
    if report.amount_in not in ("", "units"):
        understood.append(f"amounts in {report.amount_in}")
    if report.unit:
        new = "new unit" if report.unit_created else "unit"
        understood.append(f"{new} {report.unit} with {report.decimals} decimals")
    if understood:
        yield "read as: " + ", ".join(understood)
    if report.rounded:
        yield f"rounded, half to even: {report.rounded} values, which lost {report.lost_minor} of the smallest part"
    yield from report.notes


def _bad(report: ImportReport) -> Iterator[str]:
    if not report.bad:
        return
    yield f"{len(report.bad)} bad rows:"
    for row in report.bad[:SHOWN]:
        yield f"  line {row.line}: {row.reason}"
    if len(report.bad) > SHOWN:
        yield f"  and {len(report.bad) - SHOWN} more"
    if report.outcome == "bad_rows":
        yield "Nothing was posted. Correct the file, or leave these rows out with --skip-bad."
    elif report.skipped_file:
        yield f"They were left out, and written to {report.skipped_file}."


def _done(report: ImportReport) -> Iterator[str]:
    if report.outcome == "bad_rows":
        return
    if report.outcome == "nothing_new":
        yield f"Nothing new: all {report.known} rows were imported before. Nothing was changed."
        return
    would = "would be " if report.dry_run else ""
    if report.kind == "members":
        yield f"{report.entered} people {would}entered, {report.changed} told anew, {report.known} known before"
        return
    span = ""
    if report.first_day is not None and report.last_day is not None:
        span = f", dated {iso_day(report.first_day)} to {iso_day(report.last_day)}"
    yield f"{report.posted} rows {would}posted, {report.known} known before{span}"
    yield f"{report.accounts} accounts, {report.entered} of them {would}entered now"
    yield f"moved in all: {report.amount(report.amount_minor)} {report.unit}"
    if report.against:
        yield f"against {report.against}: {report.amount(report.against_minor)} {report.unit}"


def _limits(report: ImportReport) -> Iterator[str]:
    breaches = report.breaches
    if breaches.rows_below_floor or breaches.rows_above_ceiling:
        yield (
            f"limits: {breaches.rows_below_floor} rows went below a floor, "
            f"{breaches.rows_above_ceiling} above a ceiling; history is posted as it was"
        )
    for what, found in (("below its floor", breaches.below_floor), ("above its ceiling", breaches.above_ceiling)):
        for breach in found[:SHOWN]:
            limit, balance = report.amount(breach.limit_minor), report.amount(breach.balance_minor)
            yield f"  {breach.account} ends {what} {limit}: {balance}"
        if len(found) > SHOWN:
            yield f"  and {len(found) - SHOWN} more {what}"


def _proof(report: ImportReport) -> Iterator[str]:
    if report.sums:
        shown = ", ".join(f"{unit} {total}" for unit, total in sorted(report.sums.items()))
        yield f"sum of all balances, zero each: {shown}"
    if report.log:
        yield f"log: {report.log.get('leaves')} leaves, root {report.log.get('root')}"
