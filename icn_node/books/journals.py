"""Journals: plain-text accounting that hledger and beancount read, with the balances that the node has.

Each transfer is one entry of two postings. The file ends with assertions of every balance, so the tool that reads it
proves for itself that nothing was lost on the way. Formats: hledger.org (journal format) and
beancount.github.io (language syntax).

It must not know where entries come from. Texts of members are made harmless: nothing in them can end a string, begin a
comment or start a new line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from icn_node.books.naming import Commodities
from icn_node.books.report import iso_day

OPEN_DAY = "1900-01-01"  # no value day lies before it


class JournalEntry(NamedTuple):
    """One transfer. day: since 1970; number: the transfer's; kind and memo: texts; postings: (account, unit, minor)."""

    day: int
    number: int
    kind: str
    memo: str
    postings: Sequence[tuple[str, str, int]]


class Writer(Protocol):
    """One format. What it returns is appended to the file, in the order of the calls."""

    def begin(self, title: str, units: Sequence[str]) -> str:
        """The head of the file."""

    def account(self, name: str, note: str) -> str:
        """Declare an account before its first entry. note: whose it is, in words; '' for none."""

    def entry(self, entry: JournalEntry) -> str:
        """One entry."""

    def end(self, day: int, balances: Mapping[tuple[str, str], int]) -> str:
        """Assertions: what stands on each (account, unit) after everything dated up to `day`."""


class Hledger:
    """The journal format of hledger."""

    def __init__(self, commodities: Commodities) -> None:
        self._commodities = commodities

    def begin(self, title: str, units: Sequence[str]) -> str:
        lines = [f"; {_line(title)}", "decimal-mark .", ""]
        for unit in units:
            places = self._commodities.decimals(unit)
            lines.append(f"commodity 1000.{'0' * places} {self._name(unit)}")
        return "\n".join(lines) + "\n\n"

    def account(self, name: str, note: str) -> str:
        return f"account {name}" + (f"  ; {_line(note)}" if note else "") + "\n"

    def entry(self, entry: JournalEntry) -> str:
        said = _line(entry.kind + (f": {entry.memo}" if entry.memo else ""))
        lines = [f"\n{iso_day(entry.day)} * ({entry.number}) {said}"]
        lines += [f"    {account}  {self._amount(unit, minor)}" for account, unit, minor in entry.postings]
        return "\n".join(lines) + "\n"

    def end(self, day: int, balances: Mapping[tuple[str, str], int]) -> str:
        lines = [f"\n{iso_day(day)} * balances as the node has them"]
        for (account, unit), minor in sorted(balances.items()):
            lines.append(f"    {account}  {self._amount(unit, 0)} = {self._amount(unit, minor)}")
        return "\n".join(lines) + "\n" if balances else ""

    def _name(self, unit: str) -> str:
        return f'"{self._commodities.name(unit)}"'

    def _amount(self, unit: str, minor: int) -> str:
        return f"{self._commodities.number(unit, minor)} {self._name(unit)}"


class Beancount:
    """The language of beancount."""

    def __init__(self, commodities: Commodities) -> None:
        self._commodities = commodities

    def begin(self, title: str, units: Sequence[str]) -> str:
        lines = [f'option "title" {_quoted(title)}']
        lines += [f'option "operating_currency" "{self._commodities.name(unit)}"' for unit in units]
        lines += ["", *(f"{OPEN_DAY} commodity {self._commodities.name(unit)}" for unit in units)]
        return "\n".join(lines) + "\n\n"

    def account(self, name: str, note: str) -> str:
        return f"{OPEN_DAY} open {name}\n" + (f"  holder: {_quoted(note)}\n" if note else "")

    def entry(self, entry: JournalEntry) -> str:
        lines = [f"\n{iso_day(entry.day)} * {_quoted(entry.kind)} {_quoted(entry.memo)}"]
        lines.append(f'  transfer: "{entry.number}"')
        lines += [f"  {account}  {self._amount(unit, minor)}" for account, unit, minor in entry.postings]
        return "\n".join(lines) + "\n"

    def end(self, day: int, balances: Mapping[tuple[str, str], int]) -> str:
        # A beancount balance holds at the beginning of its day, so it stands on the day after.
        lines = [""]
        for (account, unit), minor in sorted(balances.items()):
            number = self._commodities.number(unit, minor)
            lines.append(f"{iso_day(day + 1)} balance {account}  {number} ~ 0 {self._commodities.name(unit)}")
        return "\n".join(lines) + "\n" if balances else ""

    def _amount(self, unit: str, minor: int) -> str:
        return f"{self._commodities.number(unit, minor)} {self._commodities.name(unit)}"


def _plain(text: str) -> str:
    """A text without line ends and other control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _line(text: str) -> str:
    """A text that an hledger description can hold: a semicolon would begin a comment, a bar divide it."""
    return _plain(text).replace(";", ",").replace("|", "/")


def _quoted(text: str) -> str:
    """A text as a beancount string."""
    escaped = _plain(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
