"""The SQLite backend of the tables: plain columns in the space's one file, inside the caller's transaction.

It never begins or commits a transaction: the space does, so that events, log and state stand or fall together.
Integers keyed alone become the rowid; composite keys make a WITHOUT ROWID table. Text compares bytewise (BINARY),
which for UTF-8 is code point order, the order of the dictionary twin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import apsw
import msgspec

from dag.store_errors import StoreCorrupt, translated
from icn_node.kernel.tables import Key, Record, Schema

P = ParamSpec("P")
T = TypeVar("T")


def _told(method: Callable[Concatenate[SqliteBackend, P], T]) -> Callable[Concatenate[SqliteBackend, P], T]:
    """The method, its failures told as StoreError: the machine's trouble, which no rule may take for a refusal."""

    @wraps(method)
    def wrapper(self: SqliteBackend, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(self, *args, **kwargs)
        except apsw.Error as error:
            raise translated(error, self._db.system_errno) from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            msg = f"The space's file is damaged: a row of the state cannot be read ({error}). Check the disk; "
            raise StoreCorrupt(msg + "`icn dag rebuild` makes the state anew from the log.") from error

    return wrapper


class SqliteBackend:
    """Rows in `db`, a connection that the store owns. Every method raises StoreError where the file fails."""

    def __init__(self, db: apsw.Connection, *, create: bool = True) -> None:
        self._db = db
        self._create = create
        self._select: dict[str, str] = {}
        self._get: dict[str, str] = {}
        self._put: dict[str, str] = {}
        self._delete: dict[str, str] = {}

    @_told
    def create(self, schema: Schema) -> None:
        name, table = schema.table, _name(schema.table)
        key = [schema.columns[i] for i in schema.key_positions]
        where = " AND ".join(f"{_name(c)}=?" for c in key)
        columns = _names(schema.columns)
        marks = ", ".join("?" for _ in schema.columns)
        rest = [c for c in schema.columns if c not in key]
        update = "UPDATE SET " + ", ".join(f"{_name(c)}=excluded.{_name(c)}" for c in rest) if rest else "NOTHING"
        self._select[name] = f"SELECT {columns} FROM {table}"
        self._get[name] = f"SELECT {columns} FROM {table} WHERE {where}"
        self._put[name] = f"INSERT INTO {table} ({columns}) VALUES ({marks}) ON CONFLICT ({_names(key)}) DO {update}"
        self._delete[name] = f"DELETE FROM {table} WHERE {where}"
        if not self._create:
            return
        single = len(key) == 1 and schema.types[schema.key_positions[0]] == "INTEGER"
        body = []
        for column, kind in zip(schema.columns, schema.types, strict=True):
            declared = f"{_name(column)} {'TEXT' if kind == 'JSON' else kind}"
            body.append(declared + (" PRIMARY KEY" if single and column == key[0] else ""))
        if single:
            self._db.execute(f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(body)})")
        else:
            body.append(f"PRIMARY KEY ({_names(key)})")
            self._db.execute(f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(body)}) WITHOUT ROWID")
        for index, fields in schema.record.INDEXES.items():
            # Two underscores, or table a_b's index c and table a's index b_c would be one name, made once.
            self._db.execute(f"CREATE INDEX IF NOT EXISTS {_name(f'{name}__{index}')} ON {table} ({_names(fields)})")

    @_told
    def get(self, schema: Schema, key: Key) -> Record | None:
        row = self._db.execute(self._get[schema.table], key).fetchone()
        return None if row is None else schema.from_row(row)

    @_told
    def scan(
        self, schema: Schema, index: str, prefix: Key, start: Any, stop: Any, limit: int | None, reverse: bool
    ) -> list[Record]:
        where, values = self._where(schema, index, prefix)
        if start is not None or stop is not None:
            column = schema.columns[schema.order_positions[index][len(prefix)]]
            for operator, bound in ((">=", start), ("<", stop)):
                if bound is not None:
                    where.append(f"{_name(column)} {operator} ?")
                    values.append(bound)
        direction = " DESC" if reverse else ""
        order = ", ".join(_name(schema.columns[i]) + direction for i in schema.order_positions[index])
        sql = self._select[schema.table]
        if where:
            sql += " WHERE " + " AND ".join(where)
        sql += f" ORDER BY {order}"
        if limit is not None:
            sql += " LIMIT ?"
            values.append(limit)
        return [schema.from_row(row) for row in self._db.execute(sql, values)]

    @_told
    def count(self, schema: Schema, index: str, prefix: Key) -> int:
        (found,) = self._single("count(*)", schema, index, prefix)
        assert isinstance(found, int)
        return found

    @_told
    def total(self, schema: Schema, field: str, index: str, prefix: Key) -> int:
        assert schema.types[schema.columns.index(field)] == "INTEGER", field
        # In two halves, because SQLite's sum() fails where 64 bits overflow, even if the whole would fit again.
        column = _name(field)
        high, low = self._single(f"sum({column} >> 32), sum({column} & 4294967295)", schema, index, prefix)
        return 0 if high is None else (high << 32) + low

    @_told
    def write(self, schema: Schema, rows: Sequence[Record], removed: Sequence[Key]) -> None:
        if rows:
            self._db.executemany(self._put[schema.table], map(schema.to_row, rows))
        if removed:
            self._db.executemany(self._delete[schema.table], removed)

    def _single(self, what: str, schema: Schema, index: str, prefix: Key) -> tuple[Any, ...]:
        where, values = self._where(schema, index, prefix)
        sql = f"SELECT {what} FROM {_name(schema.table)}" + (" WHERE " + " AND ".join(where) if where else "")
        row: tuple[Any, ...] | None = self._db.execute(sql, values).fetchone()
        assert row is not None
        return row

    @staticmethod
    def _where(schema: Schema, index: str, prefix: Key) -> tuple[list[str], list[Any]]:
        positions = schema.order_positions[index]
        assert len(prefix) <= len(positions), (schema.table, index, prefix)
        # IS, not =, so that None is a value like any other; SQLite uses the index for both.
        where = [f"{_name(schema.columns[i])} IS ?" for i in positions[: len(prefix)]]
        return where, list(prefix)


def _name(declared: str) -> str:
    """An identifier as SQL takes it, quoted: a record may well have a field named `order` or `group`."""
    assert declared.isidentifier(), declared
    return f'"{declared}"'


def _names(declared: Iterable[str]) -> str:
    return ", ".join(map(_name, declared))
