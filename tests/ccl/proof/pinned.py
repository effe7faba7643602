"""Symbols of which every one is pinned to what a given world holds: what terms say can then be worked out and compared.

Everything that is read becomes a term, as in a proof, and the term's value is kept beside it. No solver is asked: the
terms that a run makes are simplified with the values put in.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import z3

from ccl import types, words
from ccl.evaluation import Trapped
from ccl.host import Host, World
from ccl.ops import OPS
from ccl.proof.symbols import Applied, Reader, Reading, Shapes, Symbols
from ccl.proof.terms import Frac, Rec, RecChoice, Rng, Seq, Tup, Variant


class Unread(Exception):
    """The world does not give what is read."""


_LEAST = {z3.Z3_INT_SORT: z3.IntVal(0), z3.Z3_REAL_SORT: z3.RealVal(0), z3.Z3_BOOL_SORT: z3.BoolVal(False)}


def _free(term: Any) -> list[Any]:
    """The constants in a term that have no value."""
    found: dict[int, Any] = {}
    pending, seen = [term], set()
    while pending:
        node = pending.pop()
        if node.get_id() not in seen:
            seen.add(node.get_id())
            pending.extend(node.children())
            if z3.is_const(node) and node.decl().kind() == z3.Z3_OP_UNINTERPRETED:
                found[node.get_id()] = node
    return list(found.values())


class PinnedReader(Reader):
    """Reads values by putting the pinned ones in."""

    def scalar(self, term: Any) -> Any:
        if isinstance(term, bool | int):
            return term
        value = z3.simplify(z3.substitute(term, *self.symbols.pins))
        if (left := _free(value)) and not z3.is_true(value):  # what stands for nothing, behind a trap
            value = z3.simplify(z3.substitute(value, *((one, _LEAST[one.sort().kind()]) for one in left)))
        if z3.is_true(value) or z3.is_false(value):
            return z3.is_true(value)
        if z3.is_int_value(value):
            return value.as_long()
        if z3.is_rational_value(value):
            return Fraction(value.numerator_as_long(), value.denominator_as_long())
        message = f"not pinned: {value}"
        raise AssertionError(message)

    def _record(self, record: Rec) -> Any:
        return self.symbols.objects[id(record)]


class PinnedSymbols(Symbols):
    """junk: items put behind the end of every sequence that is read, which nobody may look at."""

    def __init__(self, shapes: Shapes, world: World, junk: int, real: bool) -> None:
        super().__init__(shapes, Host(), items=8)
        self.world = world
        self.junk = junk
        self.real = real
        self.pins: list[tuple[Any, Any]] = []
        self.objects: dict[int, Any] = {}
        self.records: list[Rec] = []
        self.reader = PinnedReader(self, None)

    def read(self, kind: str, name: str, type_: types.Type, args: Any = (), arg_types: Any = (),
             bounds: Any = (None, None)) -> Any:  # fmt: skip
        given = tuple(self.reader.value(a, t) for a, t in zip(args, arg_types, strict=True))
        try:
            value = self._given(kind, name, type_, given)
        except (LookupError, RuntimeError, AttributeError) as error:
            raise Unread from error
        if isinstance(type_, types.Array) and type_.most is not None and len(value) > type_.most:
            raise Unread  # a host that breaks its word: symbols are never longer than declared
        pinned = self.pinned(value, type_)
        self.readings[(kind, name, len(self.readings))] = Reading(kind, name, tuple(args), arg_types, type_, pinned)
        return pinned

    def _given(self, kind: str, name: str, type_: types.Type, args: tuple[Any, ...]) -> Any:
        if kind == "view":
            return getattr(self.world, name) if name in ("caller", "now") else getattr(self.world.views, name)(*args)
        if kind == "command":
            value = getattr(self.world.command, name)
            return value if not isinstance(type_, types.Option) else None if value is None else (value,)
        return self.world.params[name] if kind == "param" else self.world.state[name]

    def field(self, record: Any, spec: Any, attribute: str, type_: types.Type) -> Any:
        if isinstance(record, RecChoice) or id(record) not in self.objects:  # the latter stands for nothing
            return super().field(record, spec, attribute, type_)
        if attribute not in record.fields:
            value = getattr(self.objects[id(record)], attribute)
            if isinstance(type_, types.Option):
                value = None if value is None else (value,)
            record.fields[attribute] = self.pinned(value, type_)
        return record.fields[attribute]

    def apply(self, op: str, type_: types.Type, args: Any, arg_types: Any, traps: bool, value: Any = None) -> Applied:
        given = [self.reader.value(a, t) for a, t in zip(args, arg_types, strict=True)]
        try:
            result = OPS[op].run(*given)
        except Trapped:
            nothing = self.symbol(type_, "nothing") if value is None else value
            return Applied(op, tuple(args), arg_types, type_, nothing, True)
        if value is None:
            return Applied(op, tuple(args), arg_types, type_, self.pinned(result, type_), False)
        for share, amount in zip(value.items, (*result, *[0] * len(value.items)), strict=False):
            self.pins.append((share, z3.IntVal(amount)))
        return Applied(op, tuple(args), arg_types, type_, value, False)

    def triple(self, day: Any) -> tuple[Any, Any, Any]:
        year, month, of_month = (self._leaf_of(part) for part in words.civil(self.reader.scalar(day)))
        return year, month, of_month

    def pinned(self, value: Any, type_: types.Type) -> Any:
        """A symbolic value that is pinned to a value of the language."""
        if isinstance(type_, types.Record):
            record = Rec(type_.name, f"record {len(self.records)}", ())
            self.records.append(record)  # so that its id stays its own
            self.objects[id(record)] = value
            return record
        if self.real and isinstance(value, Fraction):
            return Frac(self._leaf_of(value), 1)
        return self._opened(self.constant(value, type_))

    def _opened(self, value: Any) -> Any:
        """A known symbolic value with terms in the place of what is known."""
        if isinstance(value, Frac):
            return Frac(self._leaf_of(value.above), self._leaf_of(value.below))
        if isinstance(value, Tup):
            return Tup(tuple(map(self._opened, value.items)))
        if isinstance(value, Variant):
            payloads = {index: tuple(map(self._opened, items)) for index, items in value.payloads.items()}
            return Variant(self._leaf_of(value.tag), payloads)
        if isinstance(value, Seq):
            items = tuple(map(self._opened, value.items))
            return Seq(self._leaf_of(value.length), items + items[:1] * self.junk)
        if isinstance(value, Rng):
            return Rng(self._leaf_of(value.low), self._leaf_of(value.high))
        return self._leaf_of(value)

    def _leaf_of(self, value: Any) -> Any:
        if isinstance(value, Fraction):
            term, pin = z3.Real(f"v{len(self.pins)}"), z3.RealVal(str(value))
        elif isinstance(value, bool):
            term, pin = z3.Bool(f"v{len(self.pins)}"), z3.BoolVal(value)
        else:
            term, pin = z3.Int(f"v{len(self.pins)}"), z3.IntVal(value)
        self.pins.append((term, pin))
        return term
