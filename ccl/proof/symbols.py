"""Symbols: what a contract reads and nobody knows while proving, as terms of its type, with what is known about it.

A view read twice with the same arguments is one and the same value: a reading is an uninterpreted function of its
arguments. Every symbol comes with axioms: the range of its type (i64 for numbers, the calendar for moments and days),
the range that the host declares, lengths that are not negative, keys of a map that differ. A model of the solver is
read back into values of the language by `Reader`, so that a counterexample can be played by the interpreter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import z3

from ccl import types
from ccl.host import FieldSpec, Host
from ccl.proof.terms import (
    NOTHING,
    Frac,
    Raw,
    Rec,
    RecChoice,
    Rng,
    Seq,
    Tup,
    Unprovable,
    Variant,
    choose,
    either,
    equal,
    leaf,
    leaves,
    less,
    negation,
)

DAY_MS = 86_400_000
FIRST_DAY, LAST_DAY = -719_162, 2_932_896
"""0001-01-01 and 9999-12-31, in days since 1970-01-01: outside it the operations on dates trap."""

DEPTH = 8
"""So deep may structs stand in each other."""


class Texts:
    """Numbers for texts, of Strings, Dids and units apart: those that a contract spells out count from 0, others are
    whatever numbers are left."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}
        self._texts: dict[str, list[str]] = {}

    def number(self, text: str, type_: types.Type) -> int:
        """The number of a text of that type."""
        kind = _text_kind(type_)
        if (kind, text) not in self._numbers:
            of_kind = self._texts.setdefault(kind, [])
            self._numbers[kind, text] = len(of_kind)
            of_kind.append(text)
        return self._numbers[kind, text]

    def spelt_out(self, type_: types.Type) -> int:
        """How many texts of that type a contract spells out."""
        return len(self._texts.get(_text_kind(type_), ()))

    def text(self, number: int, type_: types.Type) -> str:
        """The text of a number: as spelt out, or one that nobody spelt out and that differs for every number."""
        kind = _text_kind(type_)
        known = self._texts.get(kind, [])
        if number < len(known):
            return known[number]
        order = number - len(known)
        person = f"{_PEOPLE[order % len(_PEOPLE)]}{order // len(_PEOPLE) or ''}"
        text = {"Did": f"did:example:{person}", "unit": f"UNIT{order + 1}"}.get(kind, f"text {order + 1}")
        while text in known:
            text += "x"
        return text


_PEOPLE = ("ann", "ben", "cara", "dan", "eva", "finn", "gina", "hal", "ida", "joe")


def _text_kind(type_: types.Type) -> str:
    return "unit" if isinstance(type_, types.UnitCode) else str(type_)


@dataclass(frozen=True, slots=True)
class Reading:
    """Something read: kind as in `core.Site`, its name, the arguments of a view with their types, and the value."""

    kind: str
    name: str
    args: tuple[Any, ...]
    arg_types: tuple[types.Type, ...]
    type: types.Type
    value: Any


@dataclass(frozen=True, slots=True)
class Applied:
    """An operation that stands as an unknown function: told to the solver case by case, as models come."""

    op: str
    args: tuple[Any, ...]
    arg_types: tuple[types.Type, ...]
    type: types.Type
    value: Any
    trapped: Any


@dataclass(slots=True)
class Shapes:
    """The structs and enums by name: of all programs that are looked at together."""

    structs: Mapping[str, types.StructShape]
    enums: Mapping[str, types.EnumShape]


@dataclass(slots=True)
class Symbols:
    """Makes symbols and keeps what is known of them. items: so many of an array that is not known are looked at."""

    shapes: Shapes
    host: Host
    items: int = 5
    texts: Texts = field(default_factory=Texts)
    axioms: list[Any] = field(default_factory=list)
    readings: dict[tuple[Any, ...], Reading] = field(default_factory=dict)
    applied: dict[tuple[Any, ...], Applied] = field(default_factory=dict)
    triples: dict[int, tuple[Any, tuple[Any, ...]]] = field(default_factory=dict)
    """Of dates that are not known, by the number of the term: the term, and its year, month and day."""

    # -- what is read --------------------------------------------------------------------------------------------------

    def read(self, kind: str, name: str, type_: types.Type, args: Sequence[Any] = (),
             arg_types: Sequence[types.Type] = (), bounds: tuple[Any, Any] = (None, None)) -> Any:  # fmt: skip
        """The value of a reading; the same one for the same kind, name and arguments."""
        flat = tuple(part for arg in args for part in leaves(arg))
        key = (kind, name, str(type_), *map(_key, flat))
        found = self.readings.get(key)
        if found is None:
            value = self.symbol(type_, f"{kind} {name}", flat)
            self.bound(value, bounds)
            found = Reading(kind, name, tuple(args), tuple(arg_types), type_, value)
            self.readings[key] = found
        return found.value

    def field(self, record: Any, spec: FieldSpec | None, attribute: str, type_: types.Type) -> Any:
        """A field of a record."""
        if isinstance(record, RecChoice):
            then = self.field(record.then, spec, attribute, type_)
            return choose(record.test, then, self.field(record.orelse, spec, attribute, type_))
        assert isinstance(record, Rec)
        if attribute not in record.fields:
            value = self.symbol(type_, f"{record.path}.{attribute}", record.args)
            if spec is not None:
                self.bound(value, (spec.low, spec.high))
            record.fields[attribute] = value
        return record.fields[attribute]

    def bound(self, value: Any, bounds: tuple[Any, Any]) -> None:
        """Say between what a number lies; of an Option, the number that it may hold."""
        low, high = bounds
        if low is None and high is None:
            return
        if isinstance(value, Variant):
            for payload in value.payloads.values():
                for part in payload:
                    self.bound(part, bounds)
            return
        if low is not None:
            self.axioms.append(negation(less(value, _number(low))))
        if high is not None:
            self.axioms.append(negation(less(_number(high), value)))

    def apply(self, op: str, type_: types.Type, args: Sequence[Any], arg_types: Sequence[types.Type],
              traps: bool, value: Any = None) -> Applied:  # fmt: skip
        """An operation of which only this is known, that equal arguments give equal results. value: a symbol for the
        result, where one of the type's usual form will not do."""
        flat = tuple(part for arg in args for part in leaves(arg))
        key = (op, *map(_key, flat))
        found = self.applied.get(key)
        if found is None:
            value = self.symbol(type_, f"#{op}", flat) if value is None else value
            trapped = leaf(f"#{op}!", z3.BoolSort(), flat) if traps else False
            found = Applied(op, tuple(args), tuple(arg_types), type_, value, trapped)
            self.applied[key] = found
        return found

    def triple(self, day: Any) -> tuple[Any, Any, Any]:
        """Symbols for the year, month and day of a date."""
        year, month, of_month = (z3.Int(f"{part} {len(self.triples)}") for part in ("year", "month", "day"))
        return year, month, of_month

    # -- symbols -------------------------------------------------------------------------------------------------------

    def symbol(self, type_: types.Type, path: str, args: tuple[Any, ...] = (), depth: int = 0) -> Any:
        """A value of that type of which nothing is known. Raises Unprovable for a type that has no terms."""
        if depth > DEPTH:
            message = f"{type_} stands too deep in itself"
            raise Unprovable(message)
        if isinstance(type_, types.Plain):
            return self._plain(type_, path, args)
        if isinstance(type_, types.Money):
            return self._integer(path, args, -types.I64_MAX, types.I64_MAX)
        if isinstance(type_, types.UnitCode):
            return self._integer(path, args, 0, None)
        if isinstance(type_, types.Exact):
            return Frac(leaf(path, z3.RealSort(), args), 1)
        if isinstance(type_, types.Record):
            return Rec(type_.name, path, args)
        return self._composed(type_, path, args, depth + 1)

    def _plain(self, type_: types.Plain, path: str, args: tuple[Any, ...]) -> Any:
        if type_ == types.BOOL:
            return leaf(path, z3.BoolSort(), args)
        if type_ == types.RATIO:
            term = leaf(path, z3.RealSort(), args)
            self.axioms += [term >= -types.I64_MAX, term <= types.I64_MAX]
            return Frac(term, 1)
        if type_ in (types.NOTHING, types.NEVER):
            return NOTHING
        if type_ in (types.STRING, types.DID):
            return self._integer(path, args, 0, None)
        if type_ == types.TIMESTAMP:
            return self._integer(path, args, FIRST_DAY * DAY_MS, LAST_DAY * DAY_MS)
        if type_ == types.DATE:
            return self._integer(path, args, FIRST_DAY, LAST_DAY)
        return self._integer(path, args, -types.I64_MAX, types.I64_MAX)

    def _composed(self, type_: types.Type, path: str, args: tuple[Any, ...], depth: int) -> Any:
        if isinstance(type_, types.Option):
            some = (self.symbol(type_.item, f"{path}.some", args, depth),)
            return Variant(self._integer(f"{path}.tag", args, 0, 1), {0: (), 1: some})
        if isinstance(type_, types.Result):
            wrong = (self.symbol(type_.error, f"{path}.err", args, depth),)
            right = (self.symbol(type_.value, f"{path}.ok", args, depth),)
            return Variant(self._integer(f"{path}.tag", args, 0, 1), {0: wrong, 1: right})
        if isinstance(type_, types.Enum):
            variants = self.shapes.enums[type_.name].variants
            payloads = {
                number: tuple(
                    self.symbol(item, f"{path}.{variant.name}.{at}", args, depth)
                    for at, item in enumerate(variant.items)
                )
                for number, variant in enumerate(variants)
            }
            return Variant(self._integer(f"{path}.tag", args, 0, len(variants) - 1), payloads)
        parts = self.parts(type_)
        if parts is not None:
            return Tup(tuple(self.symbol(part, f"{path}.{at}", args, depth) for at, part in enumerate(parts)))
        if isinstance(type_, types.Array | types.Map):
            return self._sequence(type_, path, args, depth)
        if isinstance(type_, types.Range):
            return Rng(self.symbol(type_.item, f"{path}.low", args), self.symbol(type_.item, f"{path}.high", args))
        message = f"there are no terms for {type_}"
        raise Unprovable(message)

    def parts(self, type_: types.Type) -> tuple[types.Type, ...] | None:
        """The types of a tuple's or struct's parts; None of another type."""
        if isinstance(type_, types.Tuple):
            return type_.items
        if isinstance(type_, types.Struct):
            return tuple(part for _, part in self.shapes.structs[type_.name].fields)
        return None

    def _sequence(self, type_: types.Array | types.Map, path: str, args: tuple[Any, ...], depth: int) -> Seq:
        item = types.Tuple((type_.key, type_.value)) if isinstance(type_, types.Map) else type_.item
        count = self.items if type_.most is None else min(type_.most, self.items)
        items = tuple(self.symbol(item, f"{path}.{at}", args, depth) for at in range(count))
        length = self._integer(f"{path}.length", args, 0, type_.most)
        if isinstance(type_, types.Map):
            keys = [one.items[0] for one in items]
            for at, key in enumerate(keys):
                self.axioms += [either(length <= at, negation(equal(key, other))) for other in keys[:at]]
        return Seq(length, items)

    def _integer(self, path: str, args: tuple[Any, ...], low: int, high: int | None) -> Any:
        term = leaf(path, z3.IntSort(), args)
        self.axioms.append(term >= low)
        if high is not None:
            self.axioms.append(term <= high)
        return term

    # -- known values --------------------------------------------------------------------------------------------------

    def constant(self, value: Any, type_: types.Type) -> Any:
        """A value of the language as a symbolic one that is known."""
        if isinstance(value, bool):
            return value
        if isinstance(type_, types.UnitCode) or type_ in (types.STRING, types.DID):
            return self.texts.number(value, type_)
        if isinstance(value, Fraction) or type_ == types.RATIO or isinstance(type_, types.Exact):
            return Frac(Fraction(value).numerator, Fraction(value).denominator)
        if isinstance(value, int):
            return value
        if isinstance(value, range):
            return Rng(value.start, value.stop)
        return self._composed_constant(value, type_)

    def _composed_constant(self, value: Any, type_: types.Type) -> Any:
        if isinstance(type_, types.Option):
            return Variant(0, {0: ()}) if value is None else Variant(1, {1: (self.constant(value[0], type_.item),)})
        if isinstance(type_, types.Result):
            inner = type_.value if value[0] else type_.error
            return Variant(int(value[0]), {int(value[0]): (self.constant(value[1], inner),)})
        if isinstance(type_, types.Enum):
            items = self.shapes.enums[type_.name].variants[value[0]].items
            payload = tuple(self.constant(v, t) for v, t in zip(value[1:], items, strict=True))
            return Variant(value[0], {value[0]: payload})
        parts = self.parts(type_)
        if parts is not None:
            return Tup(tuple(self.constant(v, t) for v, t in zip(value, parts, strict=True)))
        if isinstance(type_, types.Array):
            return Seq(len(value), tuple(self.constant(v, type_.item) for v in value))
        if isinstance(type_, types.Map):
            pair = types.Tuple((type_.key, type_.value))
            return Seq(len(value), tuple(self.constant(item, pair) for item in value.items()))
        if value is None or value == ():
            return NOTHING
        message = f"a constant of type {type_} has no terms"
        raise Unprovable(message)


def _number(value: Any) -> Any:
    return Frac(value.numerator, value.denominator) if isinstance(value, Fraction) else value


def _key(part: Any) -> Any:
    return part if isinstance(part, bool | int) else ("term", part.get_id())


class ExampleRecord:
    """A host's record in an example: the fields that were read, and what it is told from others by."""

    def __init__(self, told_by: tuple[Any, ...], **fields: Any) -> None:
        self._told_by = told_by
        self.__dict__.update(fields)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ExampleRecord) and self._told_by == other._told_by

    def __hash__(self) -> int:
        return hash(self._told_by)

    def __repr__(self) -> str:
        return f"ExampleRecord{self._told_by}"

    def fields(self) -> dict[str, Any]:
        """Attributes and values."""
        return {name: value for name, value in vars(self).items() if name != "_told_by"}

    def joined(self, other: ExampleRecord) -> ExampleRecord:
        """The same record with the fields of either."""
        return ExampleRecord(self._told_by, **{**other.fields(), **self.fields()})


class Reader:
    """Reads values of the language out of a model. What the model leaves open is 0, false, or the least there is."""

    def __init__(self, symbols: Symbols, model: Any) -> None:
        self.symbols = symbols
        self.model = model

    def scalar(self, term: Any) -> Any:
        """An int, bool or Fraction. Raises Unprovable for a number that is not rational."""
        if isinstance(term, bool | int):
            return term
        value = self.model.eval(term, model_completion=True)
        if z3.is_bool(value):
            return bool(z3.is_true(value))
        if z3.is_int_value(value):
            return int(value.as_long())
        if z3.is_rational_value(value):
            return Fraction(int(value.numerator_as_long()), int(value.denominator_as_long()))
        message = "the example has a number that is not rational"
        raise Unprovable(message)

    def value(self, value: Any, type_: types.Type) -> Any:
        """A value of the language, of that type."""
        if isinstance(value, Frac):
            return Fraction(self.scalar(value.above)) / Fraction(self.scalar(value.below))
        if isinstance(value, Variant):
            return self._variant(value, type_)
        if isinstance(value, Tup):
            parts = self.symbols.parts(type_)
            return tuple(self.value(v, t) for v, t in zip(value.items, parts, strict=True)) if parts else None
        if isinstance(value, Seq):
            return self._sequence(value, type_)
        if isinstance(value, Rng):
            return range(self.scalar(value.low), max(self.scalar(value.low), self.scalar(value.high)))
        if isinstance(value, RecChoice):
            return self.value(value.then if self.scalar(value.test) else value.orelse, type_)
        if isinstance(value, Rec):
            return self._record(value)
        if isinstance(value, Raw):
            return value.value
        number = self.scalar(value)
        if isinstance(type_, types.UnitCode) or type_ in (types.STRING, types.DID):
            return self.symbols.texts.text(number, type_)
        return number

    def _variant(self, value: Variant, type_: types.Type) -> Any:
        tag = self.scalar(value.tag)
        payload = value.payloads.get(tag, ())
        if isinstance(type_, types.Option):
            return (self.value(payload[0], type_.item),) if tag else None
        if isinstance(type_, types.Result):
            return (bool(tag), self.value(payload[0], type_.value if tag else type_.error))
        assert isinstance(type_, types.Enum)
        items = self.symbols.shapes.enums[type_.name].variants[tag].items
        return (tag, *(self.value(v, t) for v, t in zip(payload, items, strict=True)))

    def _sequence(self, value: Seq, type_: types.Type) -> Any:
        count = min(self.scalar(value.length), len(value.items))
        if isinstance(type_, types.Map):
            pair = types.Tuple((type_.key, type_.value))
            return dict(self.value(item, pair) for item in value.items[:count])
        assert isinstance(type_, types.Array)
        return tuple(self.value(item, type_.item) for item in value.items[:count])

    def _record(self, record: Rec) -> ExampleRecord:
        """What the host would give: an object with the fields that were read, absent ones None."""
        spec = self.symbols.host.records.get(record.kind)
        known_types = {f.read_as: f for f in spec.fields} if spec else {}
        found: dict[str, Any] = {}
        for attribute, value in record.fields.items():
            declared = known_types.get(attribute)
            if declared is None:
                message = f"the host declares no field {attribute} of {record.kind}"
                raise Unprovable(message)
            if declared.optional:
                inside = self.value(value, types.Option(declared.type))
                found[attribute] = None if inside is None else inside[0]
            else:
                found[attribute] = self.value(value, declared.type)
        return ExampleRecord((record.path, *map(self.scalar, record.args)), **found)
