"""Every diagnostic's long explanation, by its code; what `ccl explain CCL0123` prints.

The entries stand in one module a block of codes, next to the passes that report them. A block is imported only when one
of its codes is asked for.
"""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Entry:
    """What a code means. title: the error in general; text: why, and what to do; example: CCL wrong, then right."""

    title: str
    text: str
    example: str = ""


BLOCKS: Final = {
    "syntax": (1, 99),
    "types": (100, 299),
    "contract": (300, 399),
    "cost": (400, 499),
    "texts": (500, 599),
    "proof": (600, 699),
    "lint": (700, 799),
    "tests": (800, 899),
}
"""First and last number of each block; its entries are `ccl.catalogue_<block>.ENTRIES`."""

_CODE = re.compile(r"(?:CCL)?(\d{1,4})", re.IGNORECASE)


def code_of(written: str) -> str | None:
    """The code in its one form, of `CCL0012`, `ccl12` or `12`; None if it is none."""
    found = _CODE.fullmatch(written.strip())
    return f"CCL{int(found[1]):04d}" if found else None


def block_of(code: str) -> str | None:
    """The block that a code belongs to."""
    number = int(code[3:])
    return next((name for name, (first, last) in BLOCKS.items() if first <= number <= last), None)


def entry(code: str) -> Entry | None:
    """The entry of a code; None if there is no such code."""
    block = block_of(code)
    return None if block is None else entries_of(block).get(code)


def entries_of(block: str) -> dict[str, Entry]:
    """The entries of one block."""
    found: dict[str, Entry] = importlib.import_module(f"ccl.catalogue_{block}").ENTRIES
    return found


def entries() -> dict[str, Entry]:
    """All entries, by code."""
    joined: dict[str, Entry] = {}
    for block in BLOCKS:
        joined |= entries_of(block)
    return dict(sorted(joined.items()))
