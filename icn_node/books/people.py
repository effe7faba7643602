"""People: the plan of a members' list. Each becomes an unclaimed account holder with a private name and contact.

Nobody becomes a member by being on somebody's list: membership takes one's own signature (decision 0055). The label by
which a person is found again, on the next run and in the transactions of the same books, is the mapped label, else the
handle, else the name. It must not know invitations.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, Final

from icn_node.books.identity import Keyed, label_of
from icn_node.books.planning import PAUSE_AFTER, Labels, Rejects, checked_label, whole_lines
from icn_node.books.sheet import Line, Sheet
from icn_node.kernel import registry
from icn_node.kernel.imports import ImportedLabel
from icn_node.kernel.tables import Tables

_HANDLE: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}", re.ASCII)
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_CONTACTS: Final = ("email", "phone", "contact")
_MOST: Final = 1_000  # characters of a cell


@dataclass(frozen=True, slots=True)
class Person:
    """One person of the list. contact: what the list has of it, one beside the other; detail: keyed hash of it all."""

    line: Line
    label: str
    name: str
    contact: str
    handle: str
    detail: bytes


@dataclass(slots=True)
class People:
    """The plan. fresh: to be entered; changed: entered before, and told otherwise now; claimed: members by now."""

    labels: Labels
    fresh: list[Person] = field(default_factory=list)
    changed: list[Person] = field(default_factory=list)
    known: int = 0
    claimed: int = 0


def read(sheet: Sheet, keyed: Keyed, rejects: Rejects) -> list[Person]:
    """Read the people of a file, without a look at the state."""
    seen: dict[str, int] = {}
    found = []
    for line in whole_lines(sheet, rejects):
        person, wrong = _person(sheet, line, keyed)
        if not wrong and person.label in seen:
            wrong = f"{person.label!r} stands on line {seen[person.label]} already"
        if wrong:
            rejects.add(line, wrong)
            continue
        seen[person.label] = line.number
        found.append(person)
    return found


def plan(tx: Tables, found: list[Person], keyed: Keyed) -> Generator[None, Any, People]:
    """Plan an import of members against the state, pausing now and then."""
    planned = People(Labels(tx, keyed))
    for count, person in enumerate(found, 1):
        known = tx.get(ImportedLabel, planned.labels.key(person.label))
        party = None if known is None else tx.get(registry.Party, known.party)
        if known is None or party is None:
            planned.fresh.append(person)
        elif party.status != "unclaimed":
            planned.claimed += 1
        elif known.detail == person.detail:
            planned.known += 1
        else:
            planned.changed.append(person)
        if count % PAUSE_AFTER == 0:
            yield None
    return planned


def _person(sheet: Sheet, line: Line, keyed: Keyed) -> tuple[Person, str]:
    """(the person, '') of a line, or (what could be read, what is wrong with it)."""
    cells = {name: label_of(sheet.cell(line, name)) for name in ("label", "name", "handle", *_CONTACTS)}
    handle = cells["handle"].lower().removeprefix("@")
    source = next(name for name in ("label", "handle", "name") if name in sheet.columns)
    label, wrong = checked_label(cells[source], source)
    contact = "; ".join(cells[name] for name in _CONTACTS if cells[name])
    if not wrong and handle and not _HANDLE.fullmatch(handle):
        wrong = f"the handle {cells['handle']!r} has other characters than a-z, 0-9, _ and -, or more than 32"
    if not wrong and cells["email"] and not _EMAIL.fullmatch(cells["email"]):
        wrong = f"{cells['email']!r} is no e-mail address"
    if not wrong and any(len(cell) > _MOST for cell in cells.values()):
        wrong = f"a cell has more than {_MOST} characters"
    name = cells["name"] or label
    return Person(line, label, name, contact, handle, keyed.detail(name, contact, handle)), wrong
