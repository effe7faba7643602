"""Tables: the kernel's state as typed records, over a backend that is SQLite in the node and a dictionary in tests.

A `Record` is a frozen struct that names its table, key and indexes. `Tables` is the one interface that commands and
queries use: it keeps written rows in memory until `flush`, so a batch of a thousand transfers writes each account
once, and it journals every change, so a refused event is undone without asking the database.

Invariants: what `get` and `scan` return is what was last put, whatever the backend; `rollback(mark)` restores the
state of `mark` exactly; `effects(mark)` depends only on the changes made since, as sorted canonical records, never
on rows, indexes or projections. It knows nothing of events, commands, clocks or files.
"""

from __future__ import annotations

import functools
import hashlib
import types
import typing
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, Protocol, TypeVar

import msgspec

from dag import codec

Key = tuple[Any, ...]
Row = tuple[Any, ...]

CACHE_ROWS = 200_000  # rows of one record kept between commits; about 60 MB for the largest kind


class Record(msgspec.Struct, frozen=True, gc=False):
    """One kind of row. A subclass sets `TABLE`, `KEY` and, by name, `INDEXES` (tuples of field names).

    `HISTORY`: rows are only ever appended; they are part of the effects but not of the state root.
    `PROJECTION`: derived from other records for the sake of queries; neither in the effects nor in the root.
    Fields: int, str, bytes, bool, each optionally None, or a tuple/dict/struct, which is stored as JSON text.
    Fields are appended at the end, with a default, when a record grows; `EFFECT_FIELDS` then keeps its first length.
    """

    TABLE: ClassVar[str]
    KEY: ClassVar[tuple[str, ...]]
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {}
    HISTORY: ClassVar[bool] = False
    PROJECTION: ClassVar[bool] = False
    EFFECT_FIELDS: ClassVar[int] = 0


R = TypeVar("R", bound=Record)


class Counter(Record, frozen=True):
    """The last number given out for a table; numbers start at 1 and are never given twice."""

    TABLE: ClassVar[str] = "counter"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    value: int


class Schema:
    """What is derived, once, from a record's declaration: columns, key, conversions to and from a plain row."""

    def __init__(self, record: type[Record]) -> None:
        self.record = record
        self.table = record.TABLE
        fields = msgspec.structs.fields(record)
        self.columns = tuple(f.name for f in fields)
        self.types = tuple(_column_type(f.type) for f in fields)
        position = {name: i for i, name in enumerate(self.columns)}
        self.key_positions = tuple(position[name] for name in record.KEY)
        self.indexes: dict[str, tuple[str, ...]] = {"key": record.KEY, **record.INDEXES}
        self.index_positions = {n: tuple(position[c] for c in cols) for n, cols in self.indexes.items()}
        self.order_positions = {
            n: (*p, *(k for k in self.key_positions if k not in p)) for n, p in self.index_positions.items()
        }
        self._json = tuple((i, fields[i].type) for i, t in enumerate(self.types) if t == "JSON")
        self._bools = tuple(i for i, f in enumerate(fields) if _plain_type(f.type) is bool)
        self._plain = not self._json and not self._bools
        self._effect_fields = record.EFFECT_FIELDS or len(self.columns)
        self.textual = "BLOB" not in self.types[: self._effect_fields]
        self.grown = self._effect_fields < len(self.columns)
        # SQLite never finds a NULL key, and gives one that is a rowid a value of its own choice.
        assert not any(_optional(fields[i].type) for i in self.key_positions), (self.table, "a key is never None")
        self.key: Callable[[Record], Key] = self._key_function()
        self.mapped = any(_has_dict(kind) for _, kind in self._json)

    def _key_function(self) -> Callable[[Record], Key]:
        names = tuple(self.columns[i] for i in self.key_positions)
        if len(names) == 1:
            only = names[0]
            return lambda r: (getattr(r, only),)
        import operator

        return operator.attrgetter(*names)

    def to_row(self, record: Record) -> Row:
        """The record as a tuple of plain column values."""
        row = msgspec.structs.astuple(record)
        if self._plain:
            return row
        values = list(row)
        for i, _ in self._json:
            values[i] = None if values[i] is None else msgspec.json.encode(values[i], order="deterministic").decode()
        for i in self._bools:
            values[i] = None if values[i] is None else int(values[i])
        return tuple(values)

    def from_row(self, row: Row) -> Record:
        """The inverse of `to_row`."""
        if self._plain:
            return self.record(*row)
        values = list(row)
        for i, kind in self._json:
            values[i] = None if values[i] is None else msgspec.json.decode(values[i], type=kind)
        for i in self._bools:
            values[i] = None if values[i] is None else bool(values[i])
        return self.record(*values)

    def tidy(self, record: Record) -> Record:
        """The record as it will come back from the database, its dictionaries in the order of their keys."""
        return self.from_row(self.to_row(record))

    def effect(self, key: Key, record: Record | None) -> list[Any]:
        """The canonical form of a change: [table, [key...]] for a removal, else [table, field...].

        A row has no list in it, so the two are never the same bytes.
        """
        if record is None:
            return [self.table, list(key)]
        return [self.table, *self.to_row(record)[: self._effect_fields]]

    def alike(self, old: Record | None, new: Record | None) -> bool:
        """Whether two states of a row are one in the fields that an earlier form of the record had."""
        if old is None or new is None:
            return old is new
        count = self._effect_fields
        return self.to_row(old)[:count] == self.to_row(new)[:count]


@functools.cache
def schema_of(record: type[Record]) -> Schema:
    """The record's schema; it never changes, so there is one."""
    return Schema(record)


def _plain_type(kind: Any) -> Any:
    """int, str, bytes or bool for such a field, optional or annotated; otherwise the declared type."""
    origin = typing.get_origin(kind)
    if origin is typing.Annotated:
        return _plain_type(typing.get_args(kind)[0])
    if origin in (typing.Union, types.UnionType):
        inner = [a for a in typing.get_args(kind) if a is not type(None)]
        return _plain_type(inner[0]) if len(inner) == 1 else kind
    return kind


def _optional(kind: Any) -> bool:
    if typing.get_origin(kind) is typing.Annotated:
        return _optional(typing.get_args(kind)[0])
    return type(None) in typing.get_args(kind)


def _has_dict(kind: Any) -> bool:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return any(_has_dict(f.type) for f in msgspec.structs.fields(kind))
    return kind is dict or typing.get_origin(kind) is dict or any(map(_has_dict, typing.get_args(kind)))


def _column_type(kind: Any) -> str:
    plain = _plain_type(kind)
    return {int: "INTEGER", bool: "INTEGER", str: "TEXT", bytes: "BLOB"}.get(plain, "JSON")


class Backend(Protocol):
    """Where flushed rows live. Both backends order by the index's columns, then by the key; None sorts first."""

    def create(self, schema: Schema) -> None:
        """Make the table and its indexes if they are not there."""

    def get(self, schema: Schema, key: Key) -> Record | None:
        """The row of that key."""

    def scan(
        self, schema: Schema, index: str, prefix: Key, start: Any, stop: Any, limit: int | None, reverse: bool
    ) -> list[Record]:
        """Rows whose index columns begin with `prefix`, the next column within [start, stop) where given."""

    def count(self, schema: Schema, index: str, prefix: Key) -> int:
        """How many rows have index columns that begin with `prefix`."""

    def total(self, schema: Schema, field: str, index: str, prefix: Key) -> int:
        """The sum of an integer field over those rows, exact whatever its size; None counts as 0."""

    def write(self, schema: Schema, rows: Sequence[Record], removed: Sequence[Key]) -> None:
        """Insert or replace `rows`, then remove the keys."""


_ABSENT: Any = object()


class _Shelf:
    """The rows of one record that are in memory, and which of them the backend has not seen."""

    __slots__ = ("dirty", "keep", "key", "mapped", "rows", "schema")

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.key = schema.key
        self.rows: dict[Key, Record | None] = {}
        self.dirty: dict[Key, None] = {}
        self.mapped = schema.mapped
        self.keep = not (schema.record.HISTORY or schema.record.PROJECTION)


class Tables:
    """All records of a space. One writer; reads see what was last put, flushed or not."""

    def __init__(self, backend: Backend, records: Iterable[type[Record]]) -> None:
        self._backend = backend
        self._shelves: dict[type[Record], _Shelf] = {}
        self._journal: list[tuple[_Shelf, Key, Record | None]] = []
        self._sealed = False
        kinds: tuple[type[Record], ...] = (Counter, *records)
        for record in kinds:
            if record in self._shelves:
                continue
            schema = schema_of(record)
            assert all(s.schema.table != schema.table for s in self._shelves.values()), schema.table
            backend.create(schema)
            self._shelves[record] = _Shelf(schema)
        self._rows: dict[type[Record], dict[Key, Record | None]] = {r: s.rows for r, s in self._shelves.items()}

    @property
    def records(self) -> tuple[type[Record], ...]:
        """The kinds of record, in their declared order."""
        return tuple(self._shelves)

    def get(self, record: type[R], *key: Any) -> R | None:
        """The row of that key, or None."""
        # Some fifteen of these are made for one event, nearly all answered from memory: the dictionaries are asked
        # directly, and no call is made.
        rows: dict[Key, Any] = self._rows[record]
        try:
            return rows[key]  # type: ignore[no-any-return]  # a shelf holds rows of its record only
        except KeyError:
            shelf = self._shelves[record]
            found = self._backend.get(shelf.schema, key)
            if shelf.keep:  # history that a statement reads would pile up until the next commit
                rows[key] = found
            return found  # type: ignore[return-value]

    def put(self, row: Record) -> None:
        """Insert the row, or replace the one of the same key."""
        assert not self._sealed, "a query tried to write"
        shelf = self._shelves[type(row)]
        if shelf.mapped:  # or who iterates over a dictionary would see another order after a restart
            row = shelf.schema.tidy(row)
        key = shelf.key(row)
        old = shelf.rows.get(key, _ABSENT)
        if old is _ABSENT:
            old = self._backend.get(shelf.schema, key)
        self._journal.append((shelf, key, old))
        shelf.rows[key] = row
        shelf.dirty[key] = None

    def append(self, row: Record) -> None:
        """Insert a row whose key is new by construction (a number from `next_no`): nothing is looked up."""
        assert not self._sealed, "a query tried to write"
        shelf = self._shelves[type(row)]
        if shelf.mapped:
            row = shelf.schema.tidy(row)
        key = shelf.key(row)
        self._journal.append((shelf, key, None))
        shelf.rows[key] = row
        shelf.dirty[key] = None

    def delete(self, record: type[Record], *key: Any) -> None:
        """Remove the row of that key, if there is one."""
        assert not self._sealed, "a query tried to write"
        old = self.get(record, *key)
        if old is None:
            return
        shelf = self._shelves[record]
        self._journal.append((shelf, key, old))
        shelf.rows[key] = None
        shelf.dirty[key] = None

    def next_no(self, name: str) -> int:
        """The next number of that sequence, from 1."""
        last = self.get(Counter, name)
        value = 1 if last is None else last.value + 1
        self.put(Counter(name, value))
        return value

    def last_no(self, name: str) -> int:
        """The last number given out, 0 before the first."""
        last = self.get(Counter, name)
        return 0 if last is None else last.value

    def scan(
        self,
        record: type[R],
        index: str = "key",
        *prefix: Any,
        start: Any = None,
        stop: Any = None,
        limit: int | None = None,
        reverse: bool = False,
    ) -> list[R]:
        """Rows in the order of `index` whose first columns equal `prefix`; the next column in [start, stop)."""
        assert limit is None or limit >= 0, limit
        shelf = self._shelves[record]
        self._flush(shelf)
        found = self._backend.scan(shelf.schema, index, prefix, start, stop, limit, reverse)
        return typing.cast("list[R]", found)

    def count(self, record: type[Record], index: str = "key", *prefix: Any) -> int:
        """The number of rows whose first index columns equal `prefix`."""
        shelf = self._shelves[record]
        self._flush(shelf)
        return self._backend.count(shelf.schema, index, prefix)

    def total(self, record: type[Record], field: str, index: str = "key", *prefix: Any) -> int:
        """The sum of an integer field over those rows; 0 for none."""
        shelf = self._shelves[record]
        self._flush(shelf)
        return self._backend.total(shelf.schema, field, index, prefix)

    # -- one event -------------------------------------------------------------------------------------------------

    def mark(self) -> int:
        """A place in the journal to roll back to, or to take effects from."""
        return len(self._journal)

    def rollback(self, mark: int) -> None:
        """Undo every change made since `mark`, the last one first."""
        journal = self._journal
        while len(journal) > mark:
            shelf, key, old = journal.pop()
            shelf.rows[key] = old
            shelf.dirty[key] = None

    def changes(self, mark: int) -> list[list[Any]]:
        """The canonical changes since `mark`: one entry for each record that was touched, sorted by table and key."""
        return self._changes(mark)[0]

    def _changes(self, mark: int) -> tuple[list[list[Any]], bool]:
        """The changes, and whether no byte string is among them."""
        textual = True
        seen: dict[tuple[str, Key], tuple[_Shelf, Record | None]] = {}
        for shelf, key, old in self._journal[mark:]:
            if not shelf.schema.record.PROJECTION:
                seen.setdefault((shelf.schema.table, key), (shelf, old))
        entries = []
        for name in sorted(seen):
            shelf, old = seen[name]
            new = shelf.rows[name[1]]
            if new != old and not (shelf.schema.grown and shelf.schema.alike(old, new)):
                entries.append(shelf.schema.effect(name[1], new))
                textual = textual and shelf.schema.textual
        return entries, textual

    def effects(self, mark: int) -> bytes:
        """SHA-256 over the DAG-CBOR of `changes(mark)`: 32 bytes."""
        entries, textual = self._changes(mark)
        return hashlib.sha256(codec.encode_rows(entries) if textual else codec.encode(entries)).digest()

    def settle(self) -> None:
        """Forget the journal: what was done since the last mark stands."""
        self._journal.clear()

    # -- one commit ------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Hand every dirty row to the backend, inside its open transaction."""
        for shelf in self._shelves.values():
            self._flush(shelf)

    def _flush(self, shelf: _Shelf) -> None:
        if not shelf.dirty:
            return
        rows, removed = [], []
        for key in shelf.dirty:
            row = shelf.rows[key]
            if row is None:
                removed.append(key)
            else:
                rows.append(row)
        self._backend.write(shelf.schema, rows, removed)
        shelf.dirty.clear()

    def committed(self) -> None:
        """After the backend's transaction: keep current rows for the next commit, let history and overflow go."""
        self._journal.clear()
        for shelf in self._shelves.values():
            assert not shelf.dirty, shelf.schema.table
            if not shelf.keep or len(shelf.rows) > CACHE_ROWS:
                shelf.rows.clear()

    def aborted(self) -> None:
        """After the backend rolled its transaction back: forget all that was in memory."""
        self._journal.clear()
        for shelf in self._shelves.values():
            shelf.rows.clear()
            shelf.dirty.clear()

    def seal(self, sealed: bool) -> None:
        """While sealed, as during a query, every write is an assertion failure."""
        self._sealed = sealed


class DictBackend:
    """The twin for tests: the same answers from plain dictionaries, with no SQL to be wrong in."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[Key, Record]] = {}

    def create(self, schema: Schema) -> None:
        self.rows.setdefault(schema.table, {})

    def get(self, schema: Schema, key: Key) -> Record | None:
        return self.rows[schema.table].get(key)

    def scan(
        self, schema: Schema, index: str, prefix: Key, start: Any, stop: Any, limit: int | None, reverse: bool
    ) -> list[Record]:
        order = schema.order_positions[index]
        width = len(prefix)
        found = []
        for record in self.rows[schema.table].values():
            row = schema.to_row(record)
            at = tuple(row[i] for i in order)
            if at[:width] != prefix:
                continue
            if (start is not None and (at[width] is None or at[width] < start)) or (
                stop is not None and (at[width] is None or at[width] >= stop)
            ):
                continue
            found.append((tuple((v is not None, v) for v in at), record))
        found.sort(key=lambda pair: pair[0], reverse=reverse)
        return [record for _, record in found[:limit]]

    def count(self, schema: Schema, index: str, prefix: Key) -> int:
        return len(self.scan(schema, index, prefix, None, None, None, False))

    def total(self, schema: Schema, field: str, index: str, prefix: Key) -> int:
        return sum(getattr(r, field) or 0 for r in self.scan(schema, index, prefix, None, None, None, False))

    def write(self, schema: Schema, rows: Sequence[Record], removed: Sequence[Key]) -> None:
        table = self.rows[schema.table]
        for record in rows:
            table[schema.key(record)] = record
        for key in removed:
            table.pop(key, None)
