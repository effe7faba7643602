"""The SQLite backend of the tables: plain columns in the space's one file, inside the caller's transaction.

It never begins or commits a transaction: the space does, so that events, log and state stand or fall together.
Integers keyed alone become the rowid; composite keys make a WITHOUT ROWID table. Text compares bytewise (BINARY),
which for UTF-8 is code point order, the order of the dictionary twin.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import apsw

from icn_node.kernel.tables import Key, Record, Schema


class SqliteBackend:
    """Rows in `db`. Errors of SQLite (full disk, corruption) pass through to the store, which owns the connection."""

    def __init__(self, db: apsw.Connection, *, create: bool = True) -> None:
        self._db = db
        self._create = create
        self._get: dict[str, str] = {}
        self._put: dict[str, str] = {}
        self._delete: dict[str, str] = {}

    def create(self, schema: Schema) -> None:
        name = schema.table
        key = [schema.columns[i] for i in schema.key_positions]
        where = " AND ".join(f"{c}=?" for c in key)
        columns = ", ".join(schema.columns)
        marks = ", ".join("?" for _ in schema.columns)
        rest = [c for c in schema.columns if c not in key]
        update = "UPDATE SET " + ", ".join(f"{c}=excluded.{c}" for c in rest) if rest else "NOTHING"
        self._get[name] = f"SELECT {columns} FROM {name} WHERE {where}"
        self._put[name] = f"INSERT INTO {name} ({columns}) VALUES ({marks}) ON CONFLICT ({', '.join(key)}) DO {update}"
        self._delete[name] = f"DELETE FROM {name} WHERE {where}"
        if not self._create:
            return
        single = len(key) == 1 and schema.types[schema.key_positions[0]] == "INTEGER"
        body = []
        for column, kind in zip(schema.columns, schema.types, strict=True):
            declared = f"{column} {'TEXT' if kind == 'JSON' else kind}"
            body.append(declared + (" PRIMARY KEY" if single and column == key[0] else ""))
        if single:
            self._db.execute(f"CREATE TABLE IF NOT EXISTS {name} ({', '.join(body)})")
        else:
            body.append(f"PRIMARY KEY ({', '.join(key)})")
            self._db.execute(f"CREATE TABLE IF NOT EXISTS {name} ({', '.join(body)}) WITHOUT ROWID")
        for index, fields in schema.record.INDEXES.items():
            self._db.execute(f"CREATE INDEX IF NOT EXISTS {name}_{index} ON {name} ({', '.join(fields)})")

    def get(self, schema: Schema, key: Key) -> Record | None:
        row = self._db.execute(self._get[schema.table], key).fetchone()
        return None if row is None else schema.from_row(row)

    def scan(
        self, schema: Schema, index: str, prefix: Key, start: Any, stop: Any, limit: int | None, reverse: bool
    ) -> list[Record]:
        where, values = self._where(schema, index, prefix)
        if start is not None or stop is not None:
            column = schema.columns[schema.order_positions[index][len(prefix)]]
            for operator, bound in ((">=", start), ("<", stop)):
                if bound is not None:
                    where.append(f"{column} {operator} ?")
                    values.append(bound)
        direction = " DESC" if reverse else ""
        order = ", ".join(schema.columns[i] + direction for i in schema.order_positions[index])
        sql = f"SELECT {', '.join(schema.columns)} FROM {schema.table}"  # noqa: S608 - names from declarations only
        if where:
            sql += " WHERE " + " AND ".join(where)
        sql += f" ORDER BY {order}"
        if limit is not None:
            sql += " LIMIT ?"
            values.append(limit)
        return [schema.from_row(row) for row in self._db.execute(sql, values)]

    def count(self, schema: Schema, index: str, prefix: Key) -> int:
        return self._single(f"SELECT count(*) FROM {schema.table}", schema, index, prefix)  # noqa: S608 - as above

    def total(self, schema: Schema, field: str, index: str, prefix: Key) -> int:
        assert field in schema.columns, field
        sql = f"SELECT coalesce(sum({field}), 0) FROM {schema.table}"  # noqa: S608 - as above
        return self._single(sql, schema, index, prefix)

    def write(self, schema: Schema, rows: Sequence[Record], removed: Sequence[Key]) -> None:
        if rows:
            self._db.executemany(self._put[schema.table], map(schema.to_row, rows))
        if removed:
            self._db.executemany(self._delete[schema.table], removed)

    def _single(self, sql: str, schema: Schema, index: str, prefix: Key) -> int:
        where, values = self._where(schema, index, prefix)
        if where:
            sql += " WHERE " + " AND ".join(where)
        value = self._db.execute(sql, values).get
        assert isinstance(value, int)
        return value

    @staticmethod
    def _where(schema: Schema, index: str, prefix: Key) -> tuple[list[str], list[Any]]:
        positions = schema.order_positions[index]
        assert len(prefix) <= len(positions), (schema.table, index, prefix)
        # IS, not =, so that None is a value like any other; SQLite uses the index for both.
        where = [f"{schema.columns[i]} IS ?" for i in positions[: len(prefix)]]
        return where, list(prefix)
