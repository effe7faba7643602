"""The tables: SQLite, the dictionary twin and a naive model agree, whatever is flushed, cached, undone or aborted."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Annotated, Any, ClassVar

import apsw
import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from msgspec import Meta

from dag import codec
from icn_node.kernel import tables as tables_module
from icn_node.kernel.fields import INT64_MAX, Private
from icn_node.kernel.sqlite import SqliteBackend
from icn_node.kernel.tables import Counter, DictBackend, Record, Schema, Tables


class Plain(Record, frozen=True):
    """Keyed by the rowid, with words of SQL for names."""

    TABLE: ClassVar[str] = "order"
    KEY: ClassVar[tuple[str, ...]] = ("no",)
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {
        "group": ("group",), "maybe": ("maybe",), "pair": ("group", "word"), "word": ("word", "no"),
    }  # fmt: skip
    no: int
    group: int
    maybe: int | None
    word: str
    text: str | None


class Wide(Record, frozen=True):
    """A composite key and every kind of column."""

    TABLE: ClassVar[str] = "wide"
    KEY: ClassVar[tuple[str, ...]] = ("unit", "owner", "tag")
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {"owner": ("owner",), "flags": ("flag", "maybe")}
    unit: str
    owner: int
    tag: bytes
    flag: bool
    maybe: bool | None
    data: bytes | None
    bag: dict[str, int | str | bool | list[str]]
    items: tuple[int, ...]
    note: Private | None
    least: Annotated[int, Meta(ge=0)] | None


class Line(Record, frozen=True):
    """Only appended."""

    TABLE: ClassVar[str] = "line"
    KEY: ClassVar[tuple[str, ...]] = ("no",)
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {"party": ("party", "no")}
    HISTORY: ClassVar[bool] = True
    no: int
    party: int
    amount: int


class Shown(Record, frozen=True):
    """Derived: in no effects."""

    TABLE: ClassVar[str] = "shown"
    KEY: ClassVar[tuple[str, ...]] = ("party", "n")
    PROJECTION: ClassVar[bool] = True
    party: int
    n: int
    amount: int


class Grown(Record, frozen=True):
    """A record that has got a field since: its effects are those of its first form."""

    TABLE: ClassVar[str] = "grown"
    KEY: ClassVar[tuple[str, ...]] = ("no",)
    EFFECT_FIELDS: ClassVar[int] = 2
    no: int
    old: int
    new: int = 0


RECORDS: tuple[type[Record], ...] = (Plain, Wide, Line, Shown, Grown)
small = st.integers(-2, 3)
ints = st.one_of(small, st.sampled_from([INT64_MAX, -INT64_MAX, 2**53 + 1, -(2**32), 2**32 - 1]))
words = st.sampled_from(["", "a", "A", "b", "é", "\x00", "a\x00", "ﬀ", "\U0001f331", "\uffff"])
blobs = st.sampled_from([b"", b"\x00", b"a", b"\xff", bytes(36), b"\x12\x20" + bytes(32)])
notes = st.builds(Private, st.sampled_from([bytes(32), b"\xff" * 32]), st.just("parties"), st.integers(0, 9))
bags = st.dictionaries(words, st.one_of(small, words, st.booleans(), st.lists(words, max_size=2)), max_size=3)
ROWS: dict[type[Record], st.SearchStrategy[Record]] = {
    Plain: st.builds(Plain, small, small, st.none() | ints, words, st.none() | words),
    Wide: st.builds(Wide, words, small, blobs, st.booleans(), st.none() | st.booleans(), st.none() | blobs, bags,
                    st.lists(small, max_size=2).map(tuple), st.none() | notes, st.none() | st.integers(0, 2)),
    Shown: st.builds(Shown, small, small, ints),
    Grown: st.builds(Grown, small, small, small),
}  # fmt: skip
KEYS: dict[type[Record], st.SearchStrategy[tuple[Any, ...]]] = {
    Plain: st.tuples(small), Wide: st.tuples(words, small, blobs), Shown: st.tuples(small, small),
    Grown: st.tuples(small),
}  # fmt: skip
COLUMN: dict[str, st.SearchStrategy[Any]] = {
    "no": small, "group": small, "maybe": st.none() | ints, "word": words, "unit": words, "owner": small, "tag": blobs,
    "flag": st.booleans(), "party": small, "n": small,
}  # fmt: skip

STEPS = st.lists(
    st.one_of(*ROWS.values(), *(st.tuples(st.just(kind), keys) for kind, keys in KEYS.items())), min_size=1, max_size=6
)
SUMMED: list[tuple[type[Record], str]] = [(Plain, "maybe"), (Wide, "least"), (Line, "amount"), (Shown, "amount")]

State = dict[type[Record], dict[tuple[Any, ...], Record]]


def plain_row(record: Record) -> list[Any]:
    """A record's canonical fields, worked out without the schema."""
    row: list[Any] = []
    for value in msgspec.structs.astuple(record):
        if isinstance(value, bool):
            row.append(int(value))
        elif isinstance(value, dict | tuple | Private):
            row.append(msgspec.json.encode(value, order="deterministic").decode())
        else:
            row.append(value)
    return row


def key_of(record: Record) -> tuple[Any, ...]:
    return tuple(getattr(record, name) for name in record.KEY)


def ordered(state: State, kind: type[Record], columns: tuple[str, ...]) -> list[Record]:
    """Rows by those columns, then the key; None first; text by code points, False before True."""

    def place(record: Record) -> tuple[Any, ...]:
        values = [getattr(record, c) for c in (*columns, *kind.KEY)]
        return tuple((v is not None, v) for v in values)

    return sorted(state[kind].values(), key=place)


class Twins(RuleBasedStateMachine):
    """Every operation is done on SQLite, on the dictionary and on the model; every answer is compared."""

    def __init__(self) -> None:
        super().__init__()
        self.db = apsw.Connection(":memory:")
        self.db.execute("BEGIN")
        self.plain = DictBackend()
        self.sqlite = Tables(SqliteBackend(self.db), RECORDS)
        self.db.execute("COMMIT; BEGIN")
        self.twin = Tables(self.plain, RECORDS)
        self.state: State = {kind: {} for kind in (Counter, *RECORDS)}
        self.marks: list[tuple[int, int, State]] = []
        self.committed = self.copy()
        self.kept: dict[str, dict[Any, Record]] = {}
        self.commit()

    def copy(self) -> State:
        return {kind: dict(rows) for kind, rows in self.state.items()}

    def both(self, act: Callable[[Tables], Any]) -> Any:
        first, second = act(self.sqlite), act(self.twin)
        assert first == second
        assert repr(first) == repr(second)  # 1 is not True, a tuple no list
        return first

    def count_up(self, name: str) -> None:
        last = self.state[Counter].get((name,))
        self.state[Counter][name,] = Counter(name, 1 if last is None else last.value + 1)  # type: ignore[attr-defined]

    @initialize()
    def begin(self) -> None:
        self.mark()

    def change(self, step: Record | tuple[type[Record], tuple[Any, ...]]) -> None:
        if isinstance(step, Record):
            self.both(lambda t: t.put(step))
            self.state[type(step)][key_of(step)] = step
        else:
            kind, key = step
            self.both(lambda t: t.delete(kind, *key))
            self.state[kind].pop(key, None)

    @rule(steps=STEPS)
    def work(self, steps: list[Any]) -> None:
        for step in steps:
            self.change(step)

    @rule(steps=STEPS, more=STEPS, between=st.sampled_from(["", "flush", "append"]), keep=st.booleans())
    def event(self, steps: list[Any], more: list[Any], between: str, keep: bool) -> None:
        """What the executor does: changes, effects, then they stand or are undone."""
        self.mark()
        self.work(steps)
        if between == "flush":
            self.flush()
        if between == "append":
            self.append(1, 2)
        self.work(more)
        self.effects()
        if keep:
            self.marks.pop()
        else:
            self.rollback()

    @rule(party=small, amount=ints)
    def append(self, party: int, amount: int) -> None:
        no = self.both(lambda t: t.next_no("line"))
        assert no == self.both(lambda t: t.last_no("line"))
        self.both(lambda t: t.append(Line(no, party, amount)))
        self.count_up("line")
        self.state[Line][no,] = Line(no, party, amount)

    @rule(data=st.data(), limit=st.none() | st.integers(0, 3))
    def scan(self, data: st.DataObject, limit: int | None) -> None:
        """By every index, with every width of prefix, from and to values of a row that is there, or nearly."""
        kind = data.draw(st.sampled_from([k for k in RECORDS if self.state[k]] or RECORDS))
        like = {c: data.draw(COLUMN[c]) for columns in (kind.KEY, *kind.INDEXES.values()) for c in columns}
        if self.state[kind]:
            row = data.draw(st.sampled_from(ordered(self.state, kind, ())))
            changed = data.draw(st.sampled_from(["", *like]))
            like = {c: like[c] if c == changed else getattr(row, c) for c in like}
        for index, columns in (("key", kind.KEY), *kind.INDEXES.items()):
            every = ordered(self.state, kind, columns)
            rest = (*columns, *(k for k in kind.KEY if k not in columns))
            for width in range(len(columns) + 1):
                prefix = tuple(like[c] for c in columns[:width])
                inside = [r for r in every if tuple(getattr(r, c) for c in columns[:width]) == prefix]
                for start, stop in [(a, b) for a in (False, True) for b in (False, True) if rest[width:] or not a | b]:
                    self.compare(kind, index, prefix, inside, rest[width:], like, start, stop, limit)

    def compare(
        self, kind: type[Record], index: str, prefix: tuple[Any, ...], inside: list[Record],
        rest: tuple[str, ...], like: dict[str, Any], start: bool, stop: bool, limit: int | None,
    ) -> None:  # fmt: skip
        bound = like[rest[0]] if rest else None
        low, high = (bound if start else None), (bound if stop else None)
        wanted = []
        for row in inside:
            value = getattr(row, rest[0]) if rest else None
            if (low is None or (value is not None and value >= low)) and (
                high is None or (value is not None and value < high)
            ):
                wanted.append(row)
        for reverse in (False, True):
            found = self.both(
                lambda t: t.scan(kind, index, *prefix, start=low, stop=high, limit=limit, reverse=reverse)  # noqa: B023 - called at once
            )
            assert found == (wanted[::-1] if reverse else wanted)[:limit]

    @rule(data=st.data(), field=st.sampled_from(SUMMED))
    def total(self, data: st.DataObject, field: tuple[type[Record], str]) -> None:
        kind, name = field
        for index, columns in (("key", kind.KEY), *kind.INDEXES.items()):
            prefix = tuple(data.draw(COLUMN[c]) for c in columns[: data.draw(st.integers(0, 1))])
            rows = [
                r for r in self.state[kind].values() if tuple(getattr(r, c) for c in columns[: len(prefix)]) == prefix
            ]
            assert self.both(lambda t: t.count(kind, index, *prefix)) == len(rows)  # noqa: B023 - called at once
            total = self.both(lambda t: t.total(kind, name, index, *prefix))  # noqa: B023 - called at once
            assert total == sum(getattr(r, name) or 0 for r in rows)

    @rule()
    def mark(self) -> None:
        self.marks.append((self.sqlite.mark(), self.twin.mark(), self.copy()))

    @precondition(lambda self: len(self.marks) > 1)
    @rule()
    def rollback(self) -> None:
        first, second, state = self.marks.pop()
        self.sqlite.rollback(first)
        self.twin.rollback(second)
        self.state = state

    @rule()
    def effects(self) -> None:
        first, second, before = self.marks[-1]
        assert self.sqlite.changes(first) == self.twin.changes(second) == self.expected(before)
        digest = hashlib.sha256(codec.encode(self.expected(before))).digest()
        assert self.sqlite.effects(first) == self.twin.effects(second) == digest

    def expected(self, before: State) -> list[list[Any]]:
        found = []
        for kind in sorted(self.state, key=lambda k: k.TABLE):
            if kind.PROJECTION:
                continue
            old, new = before[kind], self.state[kind]
            for key in sorted(old.keys() | new.keys()):
                if key not in new:
                    found.append([kind.TABLE, list(key)])
                else:
                    width = kind.EFFECT_FIELDS or None
                    was = plain_row(old[key])[:width] if key in old else None
                    if plain_row(new[key])[:width] != was:
                        found.append([kind.TABLE, *plain_row(new[key])[:width]])
        return found

    @rule()
    def flush(self) -> None:
        self.sqlite.flush()
        self.twin.flush()

    @rule()
    def settle(self) -> None:
        self.sqlite.settle()
        self.twin.settle()
        self.marks = [(self.sqlite.mark(), self.twin.mark(), self.copy())]

    @rule()
    def commit(self) -> None:
        self.flush()
        self.db.execute("COMMIT; BEGIN")
        self.sqlite.committed()
        self.twin.committed()
        self.committed = self.copy()
        self.kept = {name: dict(rows) for name, rows in self.plain.rows.items()}
        self.marks = [(self.sqlite.mark(), self.twin.mark(), self.copy())]

    @rule()
    def abort(self) -> None:
        self.db.execute("ROLLBACK; BEGIN")
        self.plain.rows = {name: dict(rows) for name, rows in self.kept.items()}
        self.sqlite.aborted()
        self.twin.aborted()
        self.state = {kind: dict(rows) for kind, rows in self.committed.items()}
        self.marks = [(self.sqlite.mark(), self.twin.mark(), self.copy())]

    @rule()
    def reopen(self) -> None:
        self.commit()
        self.sqlite = Tables(SqliteBackend(self.db), RECORDS)
        self.twin = Tables(self.plain, RECORDS)
        self.marks = [(self.sqlite.mark(), self.twin.mark(), self.copy())]

    @rule(data=st.data(), kind=st.sampled_from(list(ROWS)))
    def get(self, data: st.DataObject, kind: type[Record]) -> None:
        for key in [*self.state[kind], data.draw(KEYS[kind])]:
            assert self.both(lambda t: t.get(kind, *key)) == self.state[kind].get(key)  # noqa: B023 - called at once

    def teardown(self) -> None:
        for kind in self.state:
            found = self.both(lambda t, kind=kind: t.scan(kind))
            assert found == ordered(self.state, kind, kind.KEY)
        self.db.close()


@pytest.fixture(autouse=True, scope="module")
def _small_cache() -> Any:
    """Few rows are kept between commits, so that overflow happens."""
    kept = tables_module.CACHE_ROWS
    tables_module.CACHE_ROWS = 3
    yield
    tables_module.CACHE_ROWS = kept


TestTwins = Twins.TestCase
TestTwins.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)


def both() -> list[Tables]:
    return [Tables(SqliteBackend(apsw.Connection(":memory:")), RECORDS), Tables(DictBackend(), RECORDS)]


def test_a_removal_and_a_row_whose_last_field_is_none_have_different_effects() -> None:
    class Pair(Record, frozen=True):
        TABLE: ClassVar[str] = "pair"
        KEY: ClassVar[tuple[str, ...]] = ("no",)
        no: int
        value: int | None

    tx = Tables(DictBackend(), (Pair,))
    tx.put(Pair(1, 5))
    mark = tx.mark()
    tx.put(Pair(1, None))
    emptied = tx.effects(mark)
    tx.rollback(mark)
    tx.delete(Pair, 1)
    assert tx.effects(mark) != emptied


def test_effects_do_not_depend_on_what_the_cache_held() -> None:
    """A row that comes back from the database is the row that was put, down to True and None."""
    digests = set()
    for forget in (False, True):
        for tx in both():
            tx.put(Wide("u", 1, b"t", True, False, b"", {"b": True, "a": 1}, (1, 2), None, None))
            tx.flush()
            tx.committed()
            if forget:
                tx.aborted()
            mark = tx.mark()
            row = tx.get(Wide, "u", 1, b"t")
            assert row is not None
            assert row.maybe is False
            assert row.flag is True
            tx.put(msgspec.structs.replace(row, owner=2))
            digests.add(tx.effects(mark))
    assert len(digests) == 1


def test_a_field_that_a_record_has_since_got_is_in_no_effects() -> None:
    for tx in both():
        tx.put(Grown(1, 1, 1))
        mark = tx.mark()
        tx.put(Grown(1, 1, 2))
        assert tx.changes(mark) == []
        tx.put(Grown(1, 2, 2))
        assert tx.changes(mark) == [["grown", 1, 2]]


def test_sums_beyond_64_bits_are_exact() -> None:
    for tx in both():
        for no, amount in enumerate([INT64_MAX, INT64_MAX, -INT64_MAX, INT64_MAX, -1], 1):
            tx.append(Line(no, 1, amount))
        assert tx.total(Line, "amount") == 2 * INT64_MAX - 1
        assert tx.total(Line, "amount", "party", 2) == 0


def test_a_key_is_never_none() -> None:
    class Loose(Record, frozen=True):
        TABLE: ClassVar[str] = "loose"
        KEY: ClassVar[tuple[str, ...]] = ("no",)
        no: int | None

    with pytest.raises(AssertionError, match="never None"):
        Schema(Loose)


def test_indexes_of_tables_with_similar_names_are_all_made() -> None:
    class First(Record, frozen=True):
        TABLE: ClassVar[str] = "a"
        KEY: ClassVar[tuple[str, ...]] = ("no",)
        INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {"b_c": ("x",)}
        no: int
        x: int

    class Second(First, frozen=True):
        TABLE: ClassVar[str] = "a_b"
        INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {"c": ("x",)}

    db = apsw.Connection(":memory:")
    Tables(SqliteBackend(db), (First, Second))
    indexed = {row[0] for row in db.execute("SELECT tbl_name FROM sqlite_schema WHERE type='index' AND sql <> ''")}
    assert indexed == {"a", "a_b"}


def test_two_records_of_one_table_name_are_a_bug() -> None:
    class Again(Record, frozen=True):
        TABLE: ClassVar[str] = "line"
        KEY: ClassVar[tuple[str, ...]] = ("no",)
        no: int

    with pytest.raises(AssertionError):
        Tables(DictBackend(), (Line, Again))


def test_scans_go_by_an_index_and_never_sort() -> None:
    """What a page costs does not grow with the table: SQLite's own plan says so, for every index and prefix."""
    db = apsw.Connection(":memory:")
    tx = Tables(SqliteBackend(db), RECORDS)
    plans: list[str] = []

    def watch(cursor: apsw.Cursor, sql: str, bindings: Any) -> bool:
        if sql.startswith("SELECT"):
            db.exec_trace = None
            plans.extend(str(row[3]) for row in db.execute("EXPLAIN QUERY PLAN " + sql, bindings))
            db.exec_trace = watch
        return True

    db.exec_trace = watch
    values = {"no": 1, "group": 1, "maybe": None, "word": "a", "unit": "u", "owner": 1, "tag": b"", "flag": True}
    for kind, name, columns in [(k, n, c) for k in (Plain, Wide) for n, c in [("key", k.KEY), *k.INDEXES.items()]]:
        for width in range(len(columns) + 1):
            for reverse in (False, True):
                plans.clear()
                tx.scan(kind, name, *(values[c] for c in columns[:width]), limit=10, reverse=reverse)
                assert plans
                assert not any("TEMP B-TREE" in plan for plan in plans), (kind.TABLE, name, width, plans)
                if width:
                    assert all(plan.startswith("SEARCH") for plan in plans), (kind.TABLE, name, width, plans)


def test_a_sealed_state_takes_no_writes() -> None:
    for tx in both():
        tx.put(Shown(1, 1, 1))
        tx.seal(True)
        with pytest.raises(AssertionError):
            tx.put(Shown(1, 1, 2))
        with pytest.raises(AssertionError):
            tx.append(Line(1, 1, 1))
        with pytest.raises(AssertionError):
            tx.delete(Shown, 1, 1)
        assert tx.get(Shown, 1, 1) == Shown(1, 1, 1)
        tx.seal(False)
        tx.put(Shown(1, 1, 2))
        assert tx.scan(Shown) == [Shown(1, 1, 2)]


def test_history_leaves_memory_at_a_commit_and_state_stays() -> None:
    db = apsw.Connection(":memory:")
    tx = Tables(SqliteBackend(db), RECORDS)
    asked: list[str] = []
    tx.put(Plain(1, 1, None, "a", None))
    tx.append(Line(1, 1, 1))
    tx.flush()
    tx.committed()
    db.exec_trace = lambda cursor, sql, bindings: asked.append(sql) or True
    assert tx.get(Plain, 1) is not None
    assert asked == []
    assert tx.get(Line, 1) is not None
    assert len(asked) == 1
