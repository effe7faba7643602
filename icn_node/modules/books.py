"""Books brought in from elsewhere: under whose authority, from which source, and which rows of it are posted.

An import needs an authority, given by the founders or by a decision: who, for which units, until when. It enters the
account holders it meets as labels without keys (`modules.label` has how a member claims one) and posts the history
between them on its original days. What tells rows and labels apart from those already here is a keyed hash: only who
has the import key can guess at what stands behind one, and the same row of the same books is posted once, whoever
brings it and however often.

Invariants: an import moves amounts between labels, or the members who claimed them, and an opening account of the
space, never between other accounts; limits are not enforced, because history is what it was, but every posting has
two sides; a known row with other content is refused, never posted beside the first. The mechanism is in
`kernel.imports`. See decisions 0054 to 0056. It must not know files, formats or the import key.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from icn_node.kernel import charter, imports, ledger, private, registry, units
from icn_node.kernel.context import Context
from icn_node.kernel.fields import AmountMinor, Hash32, LimitMinor, Name, No, Private, TimeMs, Title, UnitCode, Who
from icn_node.kernel.imports import (
    EARLIEST_DAY,
    MOST_ROWS,
    MOST_UNDONE,
    Import,
    ImportAuthority,
    ImportedLabel,
    ImportedRow,
    Posting,
    Row,
    Side,
)
from icn_node.kernel.ledger import DAY_MS
from icn_node.kernel.lifecycle import WrongState, step
from icn_node.kernel.module import (
    Amount,
    Command,
    Module,
    NoticeSpec,
    ParamSpec,
    Query,
    ReactionSpec,
    command,
    query,
)
from icn_node.kernel.module import Party as PartyNo
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.tables import Tables

KeyedBy = Annotated[
    str,
    Meta(
        pattern="^(id|content|content_memo|label)$",
        description="what a row's key is made of: its id, its content, its content with the memo; or labels only",
    ),
]
ValueDay = Annotated[
    int,
    Meta(ge=EARLIEST_DAY, le=200_000, extra={"kind": "day"}, description="a date from 1900-01-01 on"),
]
After = Annotated[int, Meta(ge=0)]
Limit = Annotated[int, Meta(ge=1, le=1000)]


class BadAuthority(Refusal):
    """An import authority for nothing, for a unit that it may not create, or without a reasonable end."""

    code = "bad_import_authority"
    text = "This import authority does not hold together: {reason}."


class UnknownAuthority(Refusal):
    """No import authority of that number."""

    code = "unknown_import_authority"
    text = "There is no import authority {authority}."
    advice = "See `icn books authorities`."


# -- commands ----------------------------------------------------------------------------------------------------------


class Authorise(Command, frozen=True):
    """Let a member bring books from elsewhere into these units, until a stated time. create: also make them, of that
    kind, if they do not exist. members: also enter people without books."""

    OP: ClassVar[str] = "books.authorise"
    importer: Who
    until_ms: TimeMs
    units: Annotated[tuple[UnitCode, ...], Meta(max_length=16)] = ()
    members: bool = False
    create: Annotated[str, Meta(pattern="^(|credit|currency|hours)$")] = ""


class Revoke(Command, frozen=True):
    """End an import authority before its time."""

    OP: ClassVar[str] = "books.revoke"
    authority: No


class Begin(Command, frozen=True):
    """Begin an import, or go on with one of the same file. decimals: create the unit with so many, if it is not there.

    source: the name of the books it comes from; rows of different sources are never the same. digest: keyed hash of
    the file. key_id: of the import key.
    """

    OP: ClassVar[str] = "books.begin"
    digest: Hash32
    key_id: Hash32
    keyed_by: KeyedBy
    unit: UnitCode | None = None
    source: Name = "books"
    decimals: units.Decimals | None = None
    title: Title | None = None
    authority: No | None = None
    file: Private | None = None


class LabelRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """An account holder of the books. key: keyed hash of the label; detail: of name, contact and handle together."""

    key: Hash32
    name: Private | None = None
    contact: Private | None = None
    handle: Private | None = None
    detail: Hash32 | None = None


class EnterLabels(Command, frozen=True):
    """Enter account holders of an import; those known already are passed over, or told anew while unclaimed."""

    OP: ClassVar[str] = "books.enter"
    batch: No
    labels: Annotated[tuple[LabelRow, ...], Meta(min_length=1, max_length=MOST_ROWS)]


class TransferRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A transfer of the books between two labels, by their party numbers, with its original day."""

    key: Hash32
    day: ValueDay
    payer: No
    payee: No
    amount_minor: AmountMinor
    memo: Private | None = None


class Post(Command, frozen=True):
    """Post rows of an import, in their order; those known already are passed over."""

    OP: ClassVar[str] = "books.post"
    batch: No
    rows: Annotated[tuple[TransferRow, ...], Meta(min_length=1, max_length=MOST_ROWS)]


class OpeningRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """The balance, of either sign, that a label brings with it as of a day."""

    key: Hash32
    day: ValueDay
    label: No
    balance_minor: LimitMinor


class OpenBalances(Command, frozen=True):
    """Post opening balances against an account of the space: `opening`, its `treasury`, or the `issuance` of a minted
    currency. Those known already are passed over."""

    OP: ClassVar[str] = "books.open_balances"
    batch: No
    rows: Annotated[tuple[OpeningRow, ...], Meta(min_length=1, max_length=MOST_ROWS)]
    against: Annotated[str, Meta(pattern="^(opening|treasury|issuance)$")] = "opening"


class Undo(Command, frozen=True):
    """Post the latest rows of an import back, on their days; the import is undone when none is left. Labels stay."""

    OP: ClassVar[str] = "books.undo"
    batch: No
    most: Annotated[int, Meta(ge=1, le=MOST_UNDONE)] = MOST_UNDONE


# -- handlers ----------------------------------------------------------------------------------------------------------


def authorise(tx: Tables, cmd: Authorise, ctx: Context) -> int:
    importer = registry.active_party(tx, cmd.importer)
    days = ctx.number(tx, "books.authority_days")
    wanted = tuple(sorted(set(cmd.units)))
    if not wanted and not cmd.members:
        raise BadAuthority(reason="it names neither a unit nor members")
    if not ctx.time_ms < cmd.until_ms <= ctx.time_ms + days * DAY_MS:
        raise BadAuthority(reason=f"it ends after now and within {days} days")
    for code in wanted:
        if not cmd.create and tx.get(ledger.Unit, code) is None:
            raise BadAuthority(reason=f"there is no unit {code}, and it may not create one")
    no = tx.next_no("import_authority")
    tx.put(ImportAuthority(no, importer.no, wanted, cmd.members, cmd.create, "open", ctx.time_ms, cmd.until_ms,
                           ctx.decision))  # fmt: skip
    ctx.notify(tx, importer.no, "books.authorised", authority=no, until_ms=cmd.until_ms)
    return no


def revoke(tx: Tables, cmd: Revoke, ctx: Context) -> None:
    found = tx.get(ImportAuthority, cmd.authority)
    if found is None:
        raise UnknownAuthority(authority=cmd.authority)
    status = step(imports.AUTHORITY_STATES, found.status, "revoke", f"authority {found.no}")
    tx.put(msgspec.structs.replace(found, status=status))


def begin(tx: Tables, cmd: Begin, ctx: Context) -> int:
    code = cmd.unit or ""
    authority = imports.in_force(tx, ctx.actor.party, code, ctx.time_ms, cmd.authority)
    if authority is None:
        raise imports.NotAuthorised(what=f"into {code}" if code else "members")
    first = tx.get(Import, 1)
    if first is not None and first.key_id != cmd.key_id:
        raise imports.OtherImportKey
    for earlier in tx.scan(Import, "digest", cmd.digest):
        same = (earlier.authority, earlier.unit, earlier.source, earlier.keyed_by)
        if same == (authority.no, code, cmd.source, cmd.keyed_by):
            return earlier.no
    known_by = imports.row_identity(tx, code, cmd.source)
    if cmd.keyed_by != "label" and known_by not in ("", cmd.keyed_by):
        raise imports.OtherIdentity(source=cmd.source, unit=code, earlier=known_by, now=cmd.keyed_by)
    if code and tx.get(ledger.Unit, code) is None:
        _create_unit(tx, ctx, code, cmd, authority)
    no = tx.next_no("import")
    tx.put(Import(no, authority.no, code, cmd.source, cmd.keyed_by, cmd.key_id, cmd.digest, ctx.time_ms, file=cmd.file))
    return no


def _create_unit(tx: Tables, ctx: Context, code: str, cmd: Begin, authority: ImportAuthority) -> None:
    if cmd.decimals is None or not authority.create:
        raise ledger.UnknownUnit(unit=code)
    if authority.create == units.HOURS and cmd.decimals:
        raise units.BadTerms(unit=code, reason="hours are counted in whole minutes, without decimals")
    terms = units.Terms(unit=code, title=cmd.title)
    units.create(tx, ctx, terms, kind=authority.create, decimals=cmd.decimals)


def enter_labels(tx: Tables, cmd: EnterLabels, ctx: Context) -> int:
    batch = imports.going_on(tx, ctx, cmd.batch)
    entered = changed = 0
    for row in cmd.labels:
        known = tx.get(ImportedLabel, row.key)
        if known is None:
            no = registry.enter_label(tx, row.name, ctx.time_ms, row.contact)
            tx.put(ImportedLabel(row.key, no, batch.no, row.detail, row.handle))
            entered += 1
        elif row.detail is not None and row.detail != known.detail:
            no = known.party
            party = tx.get(registry.Party, no)
            assert party is not None
            if party.status != "unclaimed":
                continue  # the member's own words stand
            tx.put(msgspec.structs.replace(party, name=row.name or party.name, contact=row.contact or party.contact))
            tx.put(msgspec.structs.replace(known, detail=row.detail, handle=row.handle or known.handle))
            changed += 1
        else:
            continue
        for field in (row.name, row.contact, row.handle):
            private.concern(tx, field, no)
    if entered:
        tx.put(msgspec.structs.replace(batch, accounts=batch.accounts + entered))
    return entered + changed


def _posting(tx: Tables, ctx: Context, batch: int) -> Posting:
    return Posting(tx, ctx, imports.going_on(tx, ctx, batch), charter.local_day(tx, ctx.time_ms))


def post(tx: Tables, cmd: Post, ctx: Context) -> int:
    posting = _posting(tx, ctx, cmd.batch)
    sides = {no: Side.of(tx, no) for row in cmd.rows for no in (row.payer, row.payee)}
    for index, row in enumerate(cmd.rows):
        payer, payee = sides[row.payer], sides[row.payee]
        posting.post(index, Row(row.key, row.day, payer, payee, row.amount_minor, imports.KIND, row.memo))
    return posting.close()


def open_balances(tx: Tables, cmd: OpenBalances, ctx: Context) -> int:
    posting = _posting(tx, ctx, cmd.batch)
    space = Side(registry.SPACE, registry.SPACE, imports.AGAINST[cmd.against])
    for index, row in enumerate(cmd.rows):
        label = Side.of(tx, row.label)
        payer, payee = (space, label) if row.balance_minor > 0 else (label, space)
        posting.post(index, Row(row.key, row.day, payer, payee, abs(row.balance_minor), imports.OPENING_KIND))
    return posting.close()


def undo(tx: Tables, cmd: Undo, ctx: Context) -> int:
    posting = _posting(tx, ctx, cmd.batch)
    for row in tx.scan(ImportedRow, "batch", cmd.batch, "posted", reverse=True, limit=cmd.most):
        posting.undo(row)
    if not posting.close():
        raise imports.NothingToUndo(batch=cmd.batch)
    return tx.count(ImportedRow, "batch", cmd.batch, "posted")


def on_claimed(tx: Tables, label: int, ctx: Context) -> None:
    """The private texts that concern a label concern the member who claimed it: they may read and erase them."""
    party = tx.get(registry.Party, label)
    assert party is not None
    if party.claimed_by is not None:
        for entry in tx.scan(private.Concern, "key", label):
            tx.put(private.Concern(entry.h, party.claimed_by))


# -- queries -----------------------------------------------------------------------------------------------------------


class Authorities(Query, frozen=True):
    """Who may import, into which units, until when; by number."""

    after: After = 0
    limit: Limit = 50


class Imports(Query, frozen=True):
    """The imports so far, by number: from which source, how much of it is posted."""

    after: After = 0
    limit: Limit = 50


class Labels(Query, frozen=True):
    """The account holders that imports entered, by party number, with what the books said of them."""

    status: Annotated[str, Meta(pattern="^(unclaimed|claimed|any)$")] = "unclaimed"
    after: After = 0
    limit: Limit = 50


class Register(Query, frozen=True):
    """Every party of the space, by number, as a members' register lists it: for exports."""

    after: After = 0
    limit: Limit = 50


def authorities(tx: Tables, q: Authorities, reader: Context) -> list[dict[str, Any]]:
    return [
        {
            "authority": a.no, "importer": PartyNo(a.importer), "units": list(a.units), "members": a.members,
            "create": a.create, "since_ms": a.since_ms, "until_ms": a.until_ms, "decision": a.decision,
            "status": "ended" if a.status == "open" and a.until_ms <= reader.time_ms else a.status,
        }
        for a in tx.scan(ImportAuthority, start=q.after + 1, limit=q.limit)
    ]  # fmt: skip


def list_imports(tx: Tables, q: Imports, reader: Context) -> list[dict[str, Any]]:
    rows = []
    for found in tx.scan(Import, start=q.after + 1, limit=q.limit):
        authority = tx.get(ImportAuthority, found.authority)
        assert authority is not None
        decimals = ledger.unit_of(tx, found.unit).decimals if found.unit else 0
        rows.append({
            "batch": found.no, "importer": PartyNo(authority.importer), "authority": found.authority,
            "unit": found.unit, "source": found.source, "keyed_by": found.keyed_by, "since_ms": found.since_ms,
            "accounts": found.accounts, "rows": found.rows,
            "amount": Amount(found.amount_minor, decimals, found.unit) if found.unit else None, "file": found.file,
        })  # fmt: skip
    return rows


def labels(tx: Tables, q: Labels, reader: Context) -> list[dict[str, Any]]:
    if q.status == "any":
        found = tx.scan(registry.Party, "kind", registry.LABEL, start=q.after + 1, limit=q.limit)
    else:
        found = tx.scan(registry.Party, "status", registry.LABEL, q.status, start=q.after + 1, limit=q.limit)
    rows = []
    for party in found:
        known = tx.scan(ImportedLabel, "party", party.no, limit=1)
        rows.append({
            "no": party.no, "name": party.name, "contact": party.contact, "handle": known[0].handle if known else None,
            "status": party.status, "batch": known[0].batch if known else None, "since_ms": party.since_ms,
            "claimed_by": None if party.claimed_by is None else PartyNo(party.claimed_by),
        })  # fmt: skip
    return rows


def register(tx: Tables, q: Register, reader: Context) -> list[dict[str, Any]]:
    return [
        {
            "no": p.no, "handle": p.handle, "kind": p.kind, "status": p.status, "name": p.name, "contact": p.contact,
            "since_ms": p.since_ms, "member_since_ms": _member_since_ms(p), "did": p.did,
            "roles": [h.role for h in registry.roles_of(tx, p.no, reader.time_ms)],
            "claimed_by": None if p.claimed_by is None else PartyNo(p.claimed_by),
        }
        for p in tx.scan(registry.Party, start=q.after + 1, limit=q.limit)
    ]  # fmt: skip


def _member_since_ms(party: registry.Party) -> int | None:
    """Since when a party belongs to the space; who was entered as active belongs from then on."""
    if party.member_since_ms is None and party.status == registry.ACTIVE:
        return party.since_ms
    return party.member_since_ms


# -- the module --------------------------------------------------------------------------------------------------------

_PRIVATE = "parties role:steward"
_KEY = "00" * 32

MODULE = Module(
    name="books",
    doc=__doc__,
    always_on=True,
    records=imports.RECORDS,
    commands=(
        command(Authorise, authorise, refuses=(registry.UnknownMember, registry.NotActive, BadAuthority),
                result="the authority's number",
                example={"importer": "ann", "units": ["SUN"], "create": "credit", "until": "2026-02-01"}),
        command(Revoke, revoke, refuses=(UnknownAuthority, WrongState), example={"authority": 1}),
        command(Begin, begin, private={"file": _PRIVATE}, result="the import's number",
                refuses=(imports.NotAuthorised, imports.OtherImportKey, imports.OtherIdentity, ledger.UnknownUnit,
                         units.BadTerms),
                example={"unit": "SUN", "decimals": 2, "keyed_by": "id", "key_id": _KEY, "digest": _KEY}),
        command(EnterLabels, enter_labels, refuses=imports.GOES_ON, result="how many were entered or told anew",
                private={"name": _PRIVATE, "contact": _PRIVATE, "handle": _PRIVATE},
                example={"batch": 1, "labels": [{"key": _KEY}]}),
        command(Post, post, refuses=imports.POSTS, private={"memo": _PRIVATE}, result="how many were posted",
                example={"batch": 1, "rows": [
                    {"key": _KEY, "day": "2019-05-01", "payer": 2, "payee": 3, "amount_minor": 1250}]}),
        command(OpenBalances, open_balances, refuses=imports.POSTS, result="how many were posted",
                example={"batch": 1, "rows": [
                    {"key": _KEY, "day": "2025-12-31", "label": 2, "balance_minor": -1250}]}),
        command(Undo, undo, refuses=imports.UNDOES, result="how many rows are left",
                example={"batch": 1}),
    ),
    queries=(
        query("books.authorities", Authorities, authorities, example={"limit": 10},
              columns=("authority", "importer", "units", "members", "create", "until_ms", "status")),
        query("books.imports", Imports, list_imports, example={"limit": 10},
              columns=("batch", "importer", "unit", "source", "accounts", "rows", "amount", "since_ms")),
        query("books.labels", Labels, labels, example={"status": "any"},
              columns=("no", "name", "handle", "contact", "status", "claimed_by")),
        query("books.register", Register, register, example={"limit": 10},
              columns=("no", "handle", "name", "contact", "kind", "status", "roles")),
    ),
    reactions=(ReactionSpec("member.claimed", on_claimed),),
    params=(
        ParamSpec("books.authority_days", 366, "How long an import authority may last.", 1, 3660, "days"),
    ),
    notices=(
        NoticeSpec("books.authorised", "You may import books until {until_ms}: authority {authority}."),
        NoticeSpec("books.posted", "Import {batch} moved {rows} amounts in {unit} on the account you claimed."),
    ),
)  # fmt: skip
