"""Planning: what every kind of import decides before anything is posted. The unit, the accounts, what is known already.

A plan is made from the sheet and the state, and nothing is written: a dry run is a plan that stops there. Rows that
cannot be imported are set aside with their line and reason, so that either all good rows are posted or none.

Invariants: `Labels` finds the same party for the same label as the space will, claimed accounts included; a plan that
has no bad rows is refused by no rule of the space, unless the state changes meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from icn_node.books import amounts
from icn_node.books.errors import BadOptions
from icn_node.books.identity import Keyed, label_of
from icn_node.books.options import ImportOptions
from icn_node.books.report import BadRow, Breach, Breaches
from icn_node.books.session import Importer
from icn_node.books.sheet import Line, Sheet
from icn_node.kernel import charter, imports, ledger, registry, units
from icn_node.kernel.fields import INT64_MAX
from icn_node.kernel.imports import Import, ImportAuthority, ImportedLabel
from icn_node.kernel.ledger import Account, Unit
from icn_node.kernel.tables import Tables

MOST_LABEL: Final = 500  # characters of a label; more is a memo in the wrong column
MOST_TEXT: Final = 4_000  # characters of a memo
PAUSE_AFTER: Final = 500  # rows: some 20 ms of planning, in which a daemon answers nobody


@dataclass(frozen=True, slots=True)
class Books:
    """Into what is imported, and under which authority. unit: None for members; not yet there if `creates`."""

    authority: ImportAuthority
    unit: Unit | None
    creates: str
    timezone: str
    today: int
    time_ms: int

    @property
    def kind(self) -> str:
        """The unit's kind, '' for members."""
        return self.creates or ("" if self.unit is None else self.unit.kind)


def books_of(importer: Importer, options: ImportOptions) -> Books:
    """The unit and authority of an import. Raises NotAuthorised, BadOptions, or a refusal of the ledger."""
    tx, now = importer.tables, importer.time_ms()
    device = tx.get(registry.Device, importer.author[2:])
    party = registry.STRANGER if device is None or device.revoked_ms is not None else device.party
    authority = imports.in_force(tx, party, options.unit, now, options.authority)
    if authority is None or not registry.is_active(tx, party):
        raise imports.NotAuthorised(what=f"into {options.unit}" if options.unit else "members")
    unit = tx.get(Unit, options.unit) if options.unit else None
    creates = ""
    if options.unit and unit is None:
        if not authority.create:
            raise ledger.UnknownUnit(unit=options.unit)
        creates = authority.create
    if unit is not None and unit.status != "open":
        raise ledger.UnitClosed(unit=unit.code)
    if unit is not None and options.decimals not in (None, unit.decimals):
        raise BadOptions(f"{unit.code} has {unit.decimals} decimals, for ever: leave --decimals out")
    if creates == units.HOURS and options.decimals:
        raise BadOptions("a unit of hours counts whole minutes: leave --decimals out")
    return Books(authority, unit, creates, charter.timezone(tx), charter.local_day(tx, now), now)


def check_identity(tx: Tables, options: ImportOptions, keyed: Keyed, keyed_by: str) -> None:
    """Raise OtherImportKey or OtherIdentity if earlier imports could not be recognised in this one."""
    first = tx.get(Import, 1)
    if first is not None and first.key_id != keyed.key_id:
        raise imports.OtherImportKey
    earlier = imports.row_identity(tx, options.unit, options.source)
    if keyed_by != "label" and earlier not in ("", keyed_by):
        raise imports.OtherIdentity(source=options.source, unit=options.unit, earlier=earlier, now=keyed_by)


class Rejects:
    """The rows that cannot be imported, each once, with the first reason found."""

    def __init__(self) -> None:
        self._reasons: dict[int, str] = {}
        self._lines: dict[int, Line] = {}

    def add(self, line: Line, reason: str) -> None:
        """Set a row aside."""
        if line.number not in self._reasons:
            self._reasons[line.number] = reason
            self._lines[line.number] = line

    def __contains__(self, line: Line) -> bool:
        return line.number in self._reasons

    def __len__(self) -> int:
        return len(self._reasons)

    def rows(self) -> list[BadRow]:
        """In the order of the file."""
        return [BadRow(number, self._reasons[number]) for number in sorted(self._reasons)]

    def lines(self) -> list[tuple[Line, str]]:
        """The rows themselves, in the order of the file."""
        return [(self._lines[number], self._reasons[number]) for number in sorted(self._reasons)]


def whole_lines(sheet: Sheet, rejects: Rejects) -> list[Line]:
    """The lines that have as many cells as the header; others may have lost or gained a delimiter inside a cell."""
    width = len(sheet.header)
    while width and not sheet.header[width - 1]:
        width -= 1
    needed = max([width, *(at + 1 for at in sheet.columns.values())])
    good = []
    for line in sheet.lines:
        if len(line.cells) < needed or any(cell.strip() for cell in line.cells[max(needed, len(sheet.header)) :]):
            rejects.add(line, f"has {len(line.cells)} cells, and the header {len(sheet.header)}")
        else:
            good.append(line)
    return good


@dataclass(frozen=True, slots=True)
class Scale:
    """How values become minor units of a unit with so many decimals. exact: none may be rounded."""

    decimals: int
    per_unit: Fraction
    exact: bool

    def minor(self, value: Fraction) -> tuple[int, str]:
        """(minor units, '') of a value of either sign, or (0, why not)."""
        scaled = value * self.per_unit
        minor = amounts.rounded(scaled)
        if scaled != minor and self.exact:
            return 0, f"has more places than the unit's {self.decimals}, and --exact allows no rounding"
        if not minor and value:
            return 0, "is less than half of the unit's smallest part"
        if minor and not amounts.in_range(abs(minor)):
            return 0, "is beyond 64 bits"
        return minor, ""

    def loss(self, value: Fraction) -> Fraction:
        """What a value loses in rounding, in minor units; negative if it gains."""
        scaled = value * self.per_unit
        return scaled - amounts.rounded(scaled)


def scale_of(books: Books, options: ImportOptions, values: list[Fraction]) -> Scale:
    """The unit's scale, or that of one to be created: the fewest decimals that lose least. Raises BadOptions."""
    hours = books.kind == units.HOURS
    amount_in = options.amount_in or ("hours" if hours else "units")
    if books.unit is not None:
        decimals = books.unit.decimals
    elif hours:
        decimals = 0
    elif options.decimals is not None:
        decimals = options.decimals
    elif amount_in == "minor":
        raise BadOptions("amounts in minor units do not say how many decimals the unit has: give --decimals")
    else:
        factor = amounts.HOURS_IN.get(amount_in, Fraction(1))
        decimals = amounts.fewest_decimals(abs(value) * factor for value in values)
    return Scale(decimals, amounts.scale(amount_in, decimals, hours=hours), options.exact)


@dataclass(slots=True)
class Loss:
    """What rounding takes from the values that will be posted. lost: together, in minor units."""

    rounded: int = 0
    lost: Fraction = field(default_factory=Fraction)

    def add(self, lost: Fraction) -> None:
        """Count what one value loses, if anything."""
        if lost:
            self.rounded += 1
            self.lost += lost


class Labels:
    """The account holders that an import meets, by label: their parties, and which of them have yet to be entered."""

    def __init__(self, tx: Tables, keyed: Keyed) -> None:
        self._tx = tx
        self._keyed = keyed
        self._keys: dict[str, bytes] = {}
        self._parties: dict[str, int | None] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def key(self, label: str) -> bytes:
        """The keyed hash of a label; from now on the import has met it."""
        found = self._keys.get(label)
        if found is None:
            found = self._keys[label] = self._keyed.label(label)
        return found

    def party(self, label: str) -> int | None:
        """The party number of a label, None if it is yet to be entered."""
        if label not in self._parties:
            known = self._tx.get(ImportedLabel, self.key(label))
            self._parties[label] = None if known is None else known.party
        return self._parties[label]

    def missing(self) -> list[str]:
        """The labels without a party, in the order in which they were met."""
        return [label for label in self._keys if self.party(label) is None]

    def holder(self, label: str) -> int | None:
        """Who holds the account now: the label's party, or the member who claimed it; None: yet to be entered."""
        party = self.party(label)
        return None if party is None else imports.holder(self._tx, party)

    def alike(self) -> list[list[str]]:
        """Labels that differ only in case: perhaps one person, written in two ways."""
        groups: dict[str, list[str]] = {}
        for label in self._keys:
            groups.setdefault(label.casefold(), []).append(label)
        return [group for group in groups.values() if len(group) > 1]

    def renew(self) -> None:
        """Look the parties up anew, after labels were entered."""
        self._parties.clear()


def checked_label(cell: str, what: str) -> tuple[str, str]:
    """(the label, '') of a cell, or ('', what is wrong with it)."""
    label = label_of(cell)
    if not label:
        return "", f"the {what} is empty"
    if len(label) > MOST_LABEL:
        return "", f"the {what} has {len(label)} characters: is that column right?"
    return label, ""


class Course:
    """Balances as history moves them, to count what it takes beyond limits. Reads accounts, changes none."""

    def __init__(self, tx: Tables, books: Books, labels: Labels) -> None:
        self._tx = tx
        self._books = books
        self._labels = labels
        self._balances: dict[int | str, int] = {}
        self._limits: dict[int | str, tuple[int | None, int | None]] = {}
        self._names: dict[int | str, str] = {}
        self.rows_below = 0
        self.rows_above = 0

    def closed(self, label: str) -> bool:
        """Whether the account that the label stands for takes no transfers."""
        account = self._account(label)
        return account is not None and account.status != "open"

    def _account(self, label: str) -> Account | None:
        holder = self._labels.holder(label)
        unit = self._books.unit
        return None if holder is None or unit is None else self._tx.get(Account, unit.code, holder, ledger.MAIN)

    def _of(self, label: str) -> int | str:
        holder = self._labels.holder(label)
        who = label if holder is None else holder
        if who not in self._balances:
            account, unit = self._account(label), self._books.unit
            self._names[who] = label
            if account is not None:
                self._balances[who] = account.balance_minor
                self._limits[who] = (account.floor_minor, account.ceiling_minor)
            else:
                self._balances[who] = 0
                self._limits[who] = (0, None) if unit is None else (unit.floor_minor, unit.ceiling_minor)
        return who

    def move(self, label: str, change: int) -> str:
        """Change a balance; why it cannot be, or ''."""
        who = self._of(label)
        after = self._balances[who] + change
        if not -INT64_MAX <= after <= INT64_MAX:
            return "would take a balance beyond 64 bits"
        self._balances[who] = after
        floor, ceiling = self._limits[who]
        if change < 0 and floor is not None and after < floor:
            self.rows_below += 1
        if change > 0 and ceiling is not None and after > ceiling:
            self.rows_above += 1
        return ""

    def breaches(self) -> Breaches:
        """What lies beyond limits in the end, the furthest first."""
        below, above = [], []
        for who, balance in self._balances.items():
            floor, ceiling = self._limits[who]
            if floor is not None and balance < floor:
                below.append(Breach(self._names[who], balance, floor))
            if ceiling is not None and balance > ceiling:
                above.append(Breach(self._names[who], balance, ceiling))
        below.sort(key=lambda b: (b.balance_minor - b.limit_minor, b.account))
        above.sort(key=lambda b: (b.limit_minor - b.balance_minor, b.account))
        return Breaches(self.rows_below, self.rows_above, tuple(below), tuple(above))
