"""Imports: books brought in from elsewhere, and the rules by which their rows are posted once and can be undone.

An import runs under an authority. It enters account holders as labels, and posts history between them. Rows and labels
are told apart by keyed hashes: only who has the import key can guess at what stands behind one, and the same row of
the same books is posted once, whoever brings it and however often.

Invariants: an import moves amounts between labels, or the members who claimed them, and an opening account of the
space, never between other accounts; limits are not enforced, because history is what it was, but every posting has
two sides; a known row with other content is refused, never posted beside the first. It must not know who may import,
nor files, formats or the import key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

import msgspec

from icn_node.kernel import ledger, private, registry
from icn_node.kernel.fields import Private
from icn_node.kernel.ledger import Leg, Transfer
from icn_node.kernel.lifecycle import Lifecycle, step
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.tables import Record, Tables

if TYPE_CHECKING:
    from icn_node.kernel.context import Context

AUTHORITY_STATES: Lifecycle = {"open": {"revoke": "revoked"}, "revoked": {}}
ROW_STATES: Lifecycle = {"": {"post": "posted"}, "posted": {"undo": "undone"}, "undone": {"post": "posted"}}

MOST_ROWS = 512  # of one command
MOST_UNDONE = 256  # by one command
EARLIEST_DAY = -25_567  # 1900-01-01: what lies before is a misread date, not somebody's books
AGAINST = {"opening": ledger.OPENING, "treasury": ledger.MAIN, "issuance": ledger.ISSUANCE}
KIND, OPENING_KIND, UNDO_KIND = "import", "opening", "reversal"


class ImportAuthority(Record, frozen=True):
    """`importer` may bring books into `units` until `until_ms`, and with `members` enter people without any books.

    create: the kind of unit that it may create, once each, if a unit of that code does not exist; '' for none.
    """

    TABLE: ClassVar[str] = "import_authority"
    KEY: ClassVar[tuple[str, ...]] = ("no",)
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {"importer": ("importer", "status", "no")}
    no: int
    importer: int
    units: tuple[str, ...]
    members: bool
    create: str
    status: str
    since_ms: int
    until_ms: int
    decision: int


class Import(Record, frozen=True):
    """One run of one file. unit: '' for an import of members. digest: keyed hash of the file. rows, amount: posted.

    key_id says which import key its hashes were made with, keyed_by what a row's key covers.
    """

    TABLE: ClassVar[str] = "import"
    KEY: ClassVar[tuple[str, ...]] = ("no",)
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {"unit": ("unit", "source", "no"), "digest": ("digest", "no")}
    no: int
    authority: int
    unit: str
    source: str
    keyed_by: str
    key_id: bytes
    digest: bytes
    since_ms: int
    accounts: int = 0
    rows: int = 0
    amount_minor: int = 0
    file: Private | None = None


class ImportedLabel(Record, frozen=True):
    """The party that stands for a label of imported books. key: keyed hash of the label. detail: of what else is known.

    handle: the short name that the books had for it; private, because the person has not agreed to one here.
    """

    TABLE: ClassVar[str] = "imported_label"
    KEY: ClassVar[tuple[str, ...]] = ("key",)
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {"party": ("party",)}
    key: bytes
    party: int
    batch: int
    detail: bytes | None = None
    handle: Private | None = None


class ImportedRow(Record, frozen=True):
    """The row of that key is posted, as that transfer; or was undone, and may be posted again."""

    TABLE: ClassVar[str] = "imported_row"
    KEY: ClassVar[tuple[str, ...]] = ("key",)
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {"batch": ("batch", "status", "transfer")}
    HISTORY: ClassVar[bool] = True
    key: bytes
    batch: int
    transfer: int
    status: str


# -- refusals ----------------------------------------------------------------------------------------------------------


class NotAuthorised(Refusal):
    """No import authority in force lets the actor bring in these books."""

    code = "import_not_authorised"
    text = "No authority in force lets you import {what}."
    advice = "The founders give one when the space is founded (`icn init`); later a decision does: `books.authorise`."


class UnknownImport(Refusal):
    """No import of that number, or none of the actor's authority."""

    code = "unknown_import"
    text = "There is no import {batch} of yours."
    advice = "See `icn books imports`."


class WrongImport(Refusal):
    """Rows of amounts in an import of members, which has no unit."""

    code = "wrong_import"
    text = "Import {batch} is of members and has no unit to post amounts in."


class OtherImportKey(Refusal):
    """The books were first imported with another secret key, so that nothing in them could be recognised."""

    code = "other_import_key"
    text = "Earlier imports were made with another import key: what is here already could not be recognised."
    advice = "Import on the node that made the first import, or restore its backup, which has the key."


class OtherIdentity(Refusal):
    """Earlier rows of the same source were told apart by other columns."""

    code = "other_row_identity"
    text = "Earlier rows of the source {source} in {unit} were told apart by {earlier}, these by {now}."
    advice = "Map the same columns (id, memo) as before; if these are other books, give them a --source of their own."


class NotImported(Refusal):
    """A row names a party that is no account of imported books."""

    code = "not_an_imported_account"
    text = "Party {party} is no account of imported books."


class RowChanged(Refusal):
    """A row that is known by its key has other content than when it was posted."""

    code = "imported_row_changed"
    text = "Row {row} of this command was imported before, as transfer {transfer}, with other content."
    advice = "Undo that import, or correct the difference by a payment."


class DayAhead(Refusal):
    """A row of history that lies in the future."""

    code = "day_ahead"
    text = "Row {row} of this command is dated after today."


class NothingToUndo(Refusal):
    """No row of the import is posted any more, or none ever was."""

    code = "nothing_to_undo"
    text = "Import {batch} has no rows that are posted."
    advice = "See `icn books imports`."


RECORDS: Final[tuple[type[Record], ...]] = (ImportAuthority, Import, ImportedLabel, ImportedRow)
GOES_ON: Final[tuple[type[Refusal], ...]] = (UnknownImport, NotAuthorised)
POSTS: Final[tuple[type[Refusal], ...]] = (*GOES_ON, WrongImport, NotImported, RowChanged, DayAhead, *ledger.REFUSALS)
UNDOES: Final[tuple[type[Refusal], ...]] = (*GOES_ON, WrongImport, NothingToUndo, *ledger.REFUSALS)


def in_force(tx: Tables, party: int, unit: str, time_ms: int, no: int | None = None) -> ImportAuthority | None:
    """The party's authority to import into the unit ('': to enter members) at that time; `no`: that one or none."""
    for found in tx.scan(ImportAuthority, "importer", party, "open"):
        if time_ms < found.until_ms and no in (None, found.no) and (unit in found.units if unit else found.members):
            return found
    return None


def going_on(tx: Tables, ctx: Context, no: int) -> Import:
    """The import of that number, if the actor's authority for it is in force. Raises UnknownImport, NotAuthorised."""
    found = tx.get(Import, no)
    if found is None:
        raise UnknownImport(batch=no)
    if in_force(tx, ctx.actor.party, found.unit, ctx.time_ms, found.authority) is None:
        raise NotAuthorised(what=f"into {found.unit}" if found.unit else "members")
    return found


def row_identity(tx: Tables, unit: str, source: str) -> str:
    """What the rows of that source in the unit are told apart by; '' if there are none yet."""
    for earlier in tx.scan(Import, "unit", unit, source):
        if earlier.keyed_by != "label":
            return earlier.keyed_by
    return ""


def holder(tx: Tables, no: int) -> int:
    """Who holds the account of an imported label now: the label, or the member who claimed it. Raises NotImported."""
    party = tx.get(registry.Party, no)
    if party is None or party.kind != registry.LABEL:
        raise NotImported(party=no)
    return no if party.claimed_by is None else party.claimed_by


def known_as(tx: Tables, row: ImportedRow | None) -> Transfer | None:
    """The transfer by which a row is posted; None if it is not, or was undone."""
    if row is None or row.status != "posted":
        return None
    found = tx.get(Transfer, row.transfer)
    assert found is not None
    return found


class Side(msgspec.Struct, frozen=True, gc=False):
    """One side of a row: the party it names (a label, or the space), who holds that account now, and which it is."""

    named: int
    holder: int
    sub: int = ledger.MAIN

    @classmethod
    def of(cls, tx: Tables, label: int) -> Side:
        """The side of a label. Raises NotImported."""
        return cls(label, holder(tx, label))

    def stands_for(self, party: int, sub: int) -> bool:
        """Whether the party of a posted transfer is this side's."""
        return party in (self.named, self.holder) and sub == self.sub


class Row(msgspec.Struct, frozen=True, gc=False):
    """A row to post: an amount from payer to payee with its original day."""

    key: bytes
    day: int
    payer: Side
    payee: Side
    amount_minor: int
    kind: str
    memo: Private | None = None

    def says(self, unit: str, posted: Transfer) -> bool:
        """Whether a transfer in `unit` is what this row says. The memo counts for nothing: it is not read here."""
        return (
            (posted.unit, posted.amount_minor, posted.value_day) == (unit, self.amount_minor, self.day)
            and self.payer.stands_for(posted.payer, posted.payer_sub)
            and self.payee.stands_for(posted.payee, posted.payee_sub)
        )


class Posting:
    """The rows of one command as they are posted: what they add to the import, whose claimed accounts they move."""

    def __init__(self, tx: Tables, ctx: Context, batch: Import, last_day: int) -> None:
        if not batch.unit:
            raise WrongImport(batch=batch.no)
        self._tx = tx
        self._ctx = ctx
        self._batch = batch
        self._last_day = last_day
        self._told: dict[int, int] = {}
        self.rows = 0
        self.amount_minor = 0

    def post(self, index: int, row: Row) -> None:
        """Post a row unless it is known. Raises RowChanged, DayAhead, or a refusal of the ledger."""
        tx, unit = self._tx, self._batch.unit
        earlier = tx.get(ImportedRow, row.key)
        known = known_as(tx, earlier)
        if known is not None:
            if not row.says(unit, known):
                raise RowChanged(row=index, transfer=known.no)
            return
        if row.day > self._last_day:
            raise DayAhead(row=index)
        payer, payee = row.payer, row.payee
        leg = Leg(unit, payer.holder, payee.holder, row.amount_minor, row.kind, payer.sub, payee.sub, self._batch.no,
                  row.day, row.memo)  # fmt: skip
        transfer = ledger.post(tx, self._ctx, (leg,), limits=False)[0]
        status = step(ROW_STATES, "" if earlier is None else earlier.status, "post", "the row")
        tx.put(ImportedRow(row.key, self._batch.no, transfer, status))
        private.concern(tx, row.memo, payer.holder, payee.holder)
        self._count(1, row.amount_minor, payer, payee)

    def undo(self, row: ImportedRow) -> None:
        """Post a row back on its day, between whoever holds the two accounts now. Raises a refusal of the ledger."""
        tx = self._tx
        before = known_as(tx, row)
        assert before is not None
        payer = Side(before.payee, _now(tx, before.payee), before.payee_sub)
        payee = Side(before.payer, _now(tx, before.payer), before.payer_sub)
        # Once one member holds both sides there is nothing left to move.
        if (payer.holder, payer.sub) != (payee.holder, payee.sub):
            leg = Leg(before.unit, payer.holder, payee.holder, before.amount_minor, UNDO_KIND, payer.sub, payee.sub,
                      before.no, before.value_day)  # fmt: skip
            ledger.post(tx, self._ctx, (leg,), limits=False)
        tx.put(msgspec.structs.replace(row, status=step(ROW_STATES, row.status, "undo", "the row")))
        self._count(-1, -before.amount_minor, payer, payee)

    def close(self) -> int:
        """Enter what was added into the import's row, and tell the members concerned. How many rows there were."""
        if self.rows:
            batch = self._batch
            self._tx.put(
                msgspec.structs.replace(
                    batch, rows=batch.rows + self.rows, amount_minor=batch.amount_minor + self.amount_minor
                )
            )
        for party in sorted(self._told):
            self._ctx.notify(self._tx, party, "books.posted", batch=self._batch.no, unit=self._batch.unit,
                             rows=self._told[party])  # fmt: skip
        return self.rows

    def _count(self, rows: int, amount_minor: int, payer: Side, payee: Side) -> None:
        self.rows += rows
        self.amount_minor += amount_minor
        for side in (payer, payee):
            if side.holder != side.named:
                self._told[side.holder] = self._told.get(side.holder, 0) + 1


def _now(tx: Tables, party: int) -> int:
    """Who holds now what a party held when a row was posted: a label may have been claimed since."""
    found = tx.get(registry.Party, party)
    return party if found is None or found.claimed_by is None else found.claimed_by
