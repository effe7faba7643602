"""Spreadsheets: rows as CSV that a spreadsheet opens as what they are.

ISO dates, a decimal point, no grouping, RFC 4180 quoting. A cell of text that begins with a sign by which spreadsheets
know formulas gets an apostrophe before it, so that nobody's memo is run as one (OWASP, "CSV Injection"); numbers and
dates are our own and stay as they are.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

BOM: Final = "\ufeff"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class Text(str):
    """A cell whose text somebody else wrote."""

    __slots__ = ()


def guarded(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def rows(found: Iterable[Sequence[str]]) -> str:
    """Rows as CSV, their `Text` cells guarded."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    for row in found:
        writer.writerow([guarded(cell) if isinstance(cell, Text) else cell for cell in row])
    return out.getvalue()
