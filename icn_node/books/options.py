"""Options: what may be asked of an import or an export, as the RPC methods take it and the command line spells it.

Each field is a parameter of `books.import` or `books.export` and, with dashes for underscores, an option of
`icn import` or `icn export`. It must not know files or the space.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Meta

from icn_node.books.errors import BadOptions
from icn_node.books.sheet import DELIMITERS
from icn_node.kernel import private

TRANSFERS, MEMBERS, OPENING = "transfers", "members", "opening-balances"

_FIELDS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    TRANSFERS: (("date", "from", "to", "amount"), ("memo", "id")),
    MEMBERS: ((), ("name", "handle", "email", "phone", "contact", "label")),
    OPENING: (("account", "balance"), ("date",)),
}
"""For each kind of import the columns it needs, and those it can use."""

AUDIENCE: Final = "parties role:steward"


class ImportOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What to import, and how to read it.

    path: the file. kind: transfers, members, opening-balances. map: field -> column name, or number from 1, as a map or
    as "date=When,from=Payer". decimals: of a unit to be created. exact: refuse what would be rounded. skip_bad: leave
    bad rows out and write them to FILE.skipped.csv. source: the name of the books; rows of different sources are never
    the same. authority: the number of the import authority (the first that fits). title: of a unit to be created.

    Reading: delimiter (comma, semicolon, tab, bar or a character), encoding, no_header, date_format (dmy, mdy, ymd or a
    strptime pattern), decimal_mark, amount_in (units, minor, hours, minutes, seconds). audience: who reads labels and
    memos. against: what opening balances are posted against (opening, treasury, issuance); day: as of when (ISO).
    """

    path: Annotated[str, Meta(min_length=1)]
    kind: Literal["transfers", "members", "opening-balances"] = "transfers"
    unit: Annotated[str, Meta(pattern="^$|^[A-Z][A-Z0-9_-]{0,15}$")] = ""
    map: dict[str, str] | str = {}
    decimals: Annotated[int, Meta(ge=0, le=9)] | None = None
    exact: bool = False
    dry_run: bool = False
    skip_bad: bool = False
    source: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_.-]{0,63}$")] = "books"
    authority: Annotated[int, Meta(ge=1)] | None = None
    title: Annotated[str, Meta(max_length=200)] = ""
    delimiter: Annotated[str, Meta(max_length=16)] = ""
    encoding: Annotated[str, Meta(max_length=32)] = ""
    no_header: bool = False
    date_format: Annotated[str, Meta(max_length=64)] = ""
    decimal_mark: Literal["", ".", ","] = ""
    amount_in: Literal["", "units", "minor", "hours", "minutes", "seconds"] = ""
    audience: Annotated[str, Meta(min_length=1, max_length=512)] = AUDIENCE
    against: Literal["", "opening", "treasury", "issuance"] = ""
    day: Annotated[str, Meta(pattern=r"^$|^\d{4}-\d{2}-\d{2}$")] = ""


class ExportOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What to export, and as what.

    what: a statement of one account, the whole ledger, or the members' register (CSV only). member: a handle or DID;
    party: a party's number instead, for imported labels (0: the space, with account main, issuance, escrow, fees or
    opening). unit: of the statement; of the ledger, '' for all. from_day, to_day: ISO dates, both included.
    path: the file to write, '' to have the text in the report. bom: begin CSV with a byte order mark, for spreadsheets
    that take UTF-8 for something else without one.
    """

    what: Literal["statement", "ledger", "members"]
    format: Literal["csv", "hledger", "beancount"] = "csv"
    path: str = ""
    member: str = ""
    party: Annotated[int, Meta(ge=0)] | None = None
    account: Literal["main", "issuance", "escrow", "fees", "opening"] = "main"
    unit: Annotated[str, Meta(pattern="^$|^[A-Z][A-Z0-9_-]{0,15}$")] = ""
    from_day: Annotated[str, Meta(pattern=r"^$|^\d{4}-\d{2}-\d{2}$")] = ""
    to_day: Annotated[str, Meta(pattern=r"^$|^\d{4}-\d{2}-\d{2}$")] = ""
    bom: bool = False


def import_options(params: Mapping[str, Any]) -> ImportOptions:
    """Read the parameters of an import and check that they hold together. Raises BadOptions."""
    options = _converted(params, ImportOptions)
    columns(options)
    if options.kind != MEMBERS and not options.unit:
        raise BadOptions("unit: say into which unit, with --unit CODE")
    if options.kind == MEMBERS and (options.unit or options.decimals is not None):
        raise BadOptions("an import of members has no unit and no decimals")
    if options.kind != OPENING and (options.against or options.day):
        raise BadOptions("--against and --day are for opening-balances")
    delimiter(options)
    try:
        private.audience_of(audience(options))
    except private.BadAudience as error:
        raise BadOptions(f"--audience: {error}") from None
    return options


def audience(options: ImportOptions) -> str:
    """Who reads the labels and memos, spelled as events have it."""
    return " ".join(sorted(set(options.audience.split())))


def export_options(params: Mapping[str, Any]) -> ExportOptions:
    """Read the parameters of an export and check that they hold together. Raises BadOptions."""
    options = _converted(params, ExportOptions)
    if options.what == "members" and options.format != "csv":
        raise BadOptions("a register of members is written as csv")
    if options.what == "statement":
        if not options.unit:
            raise BadOptions("unit: say of which unit, with --unit CODE")
        if (options.party is None) == (not options.member):
            raise BadOptions("say whose statement, with either --member NAME or --party NUMBER")
    elif options.member or options.party is not None or options.from_day or options.to_day:
        raise BadOptions("member, party and days are for a statement")
    return options


_TAKES: Final[dict[str, str]] = {
    "unit": "takes the code of a unit, such as SUN: capitals, digits, - and _, at most 16",
    "source": "takes a short name of the books, such as cyclos: a-z, 0-9, ., - and _, a letter first",
    "day": "takes a day such as 2025-12-31", "from_day": "takes a day such as 2025-01-01",
    "to_day": "takes a day such as 2025-12-31",
}  # fmt: skip


_O = TypeVar("_O", ImportOptions, ExportOptions)


def _converted(params: Mapping[str, Any], kind: type[_O]) -> _O:
    try:
        return msgspec.convert({k.replace("-", "_"): v for k, v in params.items()}, kind)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `$.")
        name = path.rstrip("`")
        raise BadOptions(f"{name}: {_TAKES.get(name, text)}" if name else text) from None


def columns(options: ImportOptions) -> dict[str, str]:
    """field -> column, as `map` says. Raises BadOptions."""
    given = options.map if isinstance(options.map, dict) else _pairs(options.map)
    needed, useful = _FIELDS[options.kind]
    unknown = sorted(set(given) - {*needed, *useful})
    if unknown:
        raise BadOptions(f"--map has no field {unknown[0]!r} here; it takes {', '.join((*needed, *useful))}")
    lacking = [f for f in needed if f not in given]
    if lacking:
        raise BadOptions(f"--map must say which column has the {lacking[0]}: --map {lacking[0]}=COLUMN,...")
    if options.kind == MEMBERS and not {"label", "handle", "name"} & set(given):
        raise BadOptions("--map must say which column tells members apart: label, handle or name")
    if options.kind == OPENING and "date" not in given and not options.day:
        raise BadOptions("say as of which day the balances are: --day 2025-12-31, or --map date=COLUMN")
    return given


def _pairs(text: str) -> dict[str, str]:
    """ "date=When,from=Payer" as a map; a backslash keeps a comma that belongs to a name. Raises BadOptions."""
    given: dict[str, str] = {}
    for pair in text.replace("\\,", "\0").split(","):
        field, found, column = pair.replace("\0", ",").partition("=")
        field, column = field.strip(), column.strip()
        if not found or not field or not column:
            raise BadOptions(f"--map takes field=column pairs with commas between, not {pair.strip()!r}")
        if field in given:
            raise BadOptions(f"--map gives {field} twice")
        given[field] = column
    return given


def delimiter(options: ImportOptions) -> str:
    """The delimiter's character, '' to find it. Raises BadOptions."""
    mark = DELIMITERS.get(options.delimiter, options.delimiter)
    if len(mark) > 1 or mark in ('"', "\n", "\r"):
        raise BadOptions("--delimiter takes comma, semicolon, tab, bar or one character")
    return mark
