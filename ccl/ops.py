"""The operations of the core, one table: arity, cost, what can trap, and what each does with runtime values.

Both back ends stand on this table, and so do the cost analysis and the prover. An operation is strict in all its
arguments. It has a fuel of its own, charged with its block, and, where its work grows with a collection, `eighths` of
a fuel for each item of the arguments in `sized`, charged just before it runs (rounded down).

Constant arguments (`Const`, by the elaborator) say what a type cannot: `zone` a time zone, `holidays` a sorted tuple
of dates, `most` the declared maximum of the result (None: none), `kind` a type's name.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from ccl import arithmetic as n
from ccl import dates as d
from ccl import sequences as q

TRAPS: Mapping[str, str] = MappingProxyType({
    "overflow": "a number left the range of 64 bits, or a date the years 1 to 9999",
    "division_by_zero": "something was divided by zero",
    "ratio_range": "a ratio's numerator or denominator left the range of 64 bits",
    "index": "there is no item at that place",
    "missing_key": "the map has no such key",
    "out_of_fuel": "the evaluation took more steps than it may",
    "too_long": "a collection or a text would exceed its declared maximum",
    "bad_split": "the weights of a split are negative, or all zero",
    "unwrap": "there was no value where one was taken for granted",
    "explicit": "the contract itself says that this must not happen",
    "view": "a fact could not be read",
    "no_limit": "a while loop reached its limit",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class OpSpec:
    """An operation. run: on runtime values, raises `Trapped` with one of `traps`. sized: arguments whose length (of an
    Integer: its value) is charged `eighths` of a fuel each."""

    name: str
    arity: int
    fuel: int
    traps: tuple[str, ...]
    run: Callable[..., Any]
    sized: tuple[int, ...] = ()
    eighths: int = 0


def _same(value: Any) -> Any:
    return value


def _rows() -> tuple[OpSpec, ...]:
    over, zero = ("overflow",), ("division_by_zero",)
    span = ("ratio_range",)
    row = OpSpec
    rounding = [row(f"round.{mode}", 1, 3, over, getattr(n, mode)) for mode in n.ROUNDING_MODES]
    return (
        row("eq", 2, 1, (), operator.eq),
        row("ne", 2, 1, (), operator.ne),
        row("lt", 2, 1, (), operator.lt),
        row("le", 2, 1, (), operator.le),
        row("gt", 2, 1, (), operator.gt),
        row("ge", 2, 1, (), operator.ge),
        # Integer
        row("integer.add", 2, 1, over, n.add),
        row("integer.sub", 2, 1, over, n.sub),
        row("integer.mul", 2, 1, over, n.mul),
        row("integer.neg", 1, 1, (), n.neg),
        row("integer.rem", 2, 2, zero, n.rem),
        row("integer.pow", 2, 4, over, n.power),
        row("integer.abs", 1, 1, (), abs),
        row("integer.min", 2, 1, (), min),
        row("integer.max", 2, 1, (), max),
        row("integer.clamp", 3, 2, (), n.clamp),
        row("integer.parse", 1, 4, (), n.parse_integer),
        # Ratio
        row("ratio.make", 2, 20, zero, n.ratio_make),
        row("ratio.of_integer", 1, 10, (), Fraction),
        row("ratio.add", 2, 20, span, n.ratio_add),
        row("ratio.sub", 2, 20, span, n.ratio_sub),
        row("ratio.mul", 2, 20, span, n.ratio_mul),
        row("ratio.div", 2, 20, zero + span, n.ratio_div),
        row("ratio.pow", 2, 40, zero + span, n.ratio_pow),
        row("ratio.neg", 1, 10, (), operator.neg),
        row("ratio.abs", 1, 10, (), abs),
        row("ratio.min", 2, 10, (), min),
        row("ratio.max", 2, 10, (), max),
        row("ratio.numerator", 1, 1, (), operator.attrgetter("numerator")),
        row("ratio.denominator", 1, 1, (), operator.attrgetter("denominator")),
        *rounding,
        # Money
        row("money.add", 2, 1, over, n.add),
        row("money.sub", 2, 1, over, n.sub),
        row("money.neg", 1, 1, (), n.neg),
        row("money.times", 2, 1, over, n.mul),
        row("money.scale", 2, 20, over, n.scale),
        row("money.ratio", 2, 20, zero, n.ratio_make),
        row("money.share", 2, 20, zero, n.share),
        row("money.to_exact", 1, 10, (), Fraction),
        row("money.min", 2, 1, (), min),
        row("money.max", 2, 1, (), max),
        row("money.abs", 1, 1, (), abs),
        row("money.clamp", 3, 2, (), n.clamp),
        row("money.minor", 1, 1, (), _same),
        row("money.of_minor", 1, 1, (), _same),
        row("exact.add", 2, 40, over, n.exact_add),
        row("exact.sub", 2, 40, over, n.exact_sub),
        row("exact.neg", 1, 20, (), operator.neg),
        row("exact.scale", 2, 40, over, n.scale),
        row("exact.div", 2, 40, zero + over, n.share),
        row("exact.min", 2, 20, (), min),
        row("exact.max", 2, 20, (), max),
        row("exact.abs", 1, 20, (), abs),
        row("split", 2, 20, ("bad_split",), n.split, (1,), 40),
        # String
        row("string.concat", 2, 4, ("too_long",), q.text_concat),
        row("string.length", 1, 1, (), len),
        row("string.contains", 2, 8, (), q.text_contains),
        row("string.starts_with", 2, 2, (), str.startswith),
        row("string.ends_with", 2, 2, (), str.endswith),
        row("string.lower", 1, 8, (), q.text_lower),
        row("string.upper", 1, 8, (), q.text_upper),
        row("string.trim", 1, 4, (), q.text_trim),
        row("string.slice", 3, 4, ("index",), q.text_slice),
        row("string.replace", 3, 16, ("too_long",), q.text_replace),
        row("string.of", 2, 6, over, q.text_of),  # value, kind
        row("string.join", 2, 4, ("too_long",), q.text_join, (0,), 8),
        # Array
        row("array.length", 1, 1, (), len),
        row("array.get", 2, 1, ("index",), q.array_get),
        row("array.get_option", 2, 1, (), q.array_get_option),
        row("array.push", 3, 3, ("too_long",), q.array_push, (0,), 1),  # array, item, most
        row("array.concat", 3, 3, ("too_long",), q.array_concat, (0, 1), 1),  # array, array, most
        row("array.insert", 4, 3, ("index", "too_long"), q.array_insert, (0,), 1),  # array, place, item, most
        row("array.slice", 3, 3, ("index",), q.array_slice, (0,), 1),
        row("array.reverse", 1, 3, (), q.array_reverse, (0,), 1),
        row("array.contains", 2, 2, (), q.array_contains, (0,), 8),
        row("array.first", 1, 1, (), q.array_first),
        row("array.last", 1, 1, (), q.array_last),
        row("array.set", 3, 3, ("index",), q.array_set, (0,), 1),
        row("array.remove_at", 2, 3, ("index",), q.array_remove_at, (0,), 1),
        row("array.sort", 1, 4, (), q.array_sort, (0,), 64),
        row("array.repeat", 3, 3, ("index", "too_long"), q.array_repeat, (1,), 1),  # item, count, most
        row("array.take", 2, 3, (), q.array_take, (0,), 1),
        row("array.skip", 2, 3, (), q.array_skip, (0,), 1),
        row("array.index_of", 2, 2, (), q.array_index_of, (0,), 16),
        row("array.distinct", 1, 4, (), q.array_distinct, (0,), 64),
        row("array.enumerate", 1, 3, (), q.array_enumerate, (0,), 16),
        row("array.zip", 2, 3, (), q.array_zip, (0,), 16),
        # Map
        row("map.get", 2, 2, ("missing_key",), q.map_get),
        row("map.get_option", 2, 2, (), q.map_get_option),
        row("map.get_or", 3, 2, (), q.map_get_or),
        row("map.set", 4, 3, ("too_long",), q.map_set, (0,), 4),  # map, key, value, most
        row("map.remove", 2, 3, (), q.map_remove, (0,), 8),
        row("map.contains", 2, 2, (), q.map_contains),
        row("map.length", 1, 1, (), len),
        row("map.keys", 1, 3, (), q.map_keys, (0,), 4),
        row("map.values", 1, 3, (), q.map_values, (0,), 4),
        row("map.entries", 1, 3, (), q.map_entries, (0,), 16),
        # Range, Option, Result
        row("range.make", 2, 2, over, q.range_make),
        row("range.make_inclusive", 2, 2, over, q.range_make_inclusive),
        row("range.contains", 2, 1, (), q.range_contains),
        row("range.length", 1, 1, (), len),
        row("option.unwrap", 1, 1, ("unwrap",), q.option_unwrap),
        row("option.or", 2, 1, (), q.option_or),
        row("option.ok_or", 2, 1, (), q.option_ok_or),
        row("result.unwrap", 1, 1, ("unwrap",), q.result_unwrap),
        row("result.or", 2, 1, (), q.result_or),
        row("result.option", 1, 1, (), q.result_option),
        # Date
        row("date.make", 3, 4, (), d.make),  # year, month, day: an Option
        row("date.of_timestamp", 2, 12, over, d.of_timestamp),  # timestamp, zone
        row("date.start", 2, 30, over, d.start),  # date, zone
        row("date.add_days", 2, 2, over, d.add_days),
        row("date.sub", 2, 1, (), d.sub),
        row("date.add_months", 2, 8, over, d.add_months),
        row("date.add_clear_days", 2, 2, over, d.add_clear_days),
        row("date.add_working_days", 3, 60, over, d.add_working_days),  # date, days, holidays
        row("date.working_days_between", 3, 30, (), d.working_days_between),  # from, to, holidays
        row("date.is_working_day", 2, 8, (), d.is_working_day),  # date, holidays
        row("date.year", 1, 4, (), d.year),
        row("date.month", 1, 4, (), d.month),
        row("date.day", 1, 4, (), d.day_of_month),
        row("date.weekday", 1, 1, (), d.weekday),
        row("date.months_between", 2, 20, (), d.months_between),  # from, to
        row("date.act_365", 2, 20, (), d.act_365),  # from, to
        row("date.thirty_360", 2, 20, (), d.thirty_360),  # from, to
        # Timestamp
        row("timestamp.add_duration", 2, 1, over, n.add),
        row("timestamp.sub_duration", 2, 1, over, n.sub),
        row("timestamp.add_days", 3, 30, over, d.time_add_days),  # timestamp, days, zone
        row("timestamp.add_months", 3, 30, over, d.time_add_months),  # timestamp, months, zone
        row("timestamp.add_clear_days", 3, 40, over, d.time_add_clear_days),  # timestamp, days, zone
        row("timestamp.add_working_days", 4, 80, over, d.time_add_working_days),  # timestamp, days, zone, holidays
        row("timestamp.sub", 2, 1, over, n.sub),
        row("timestamp.by", 3, 12, over, d.by),  # timestamp, date, zone
        row("timestamp.before", 3, 12, over, d.before),
        row("timestamp.after", 3, 12, over, d.after),
        row("timestamp.ms", 1, 1, (), _same),
        row("timestamp.of_ms", 1, 1, (), _same),
        # Duration, Days, Months
        row("duration.add", 2, 1, over, n.add),
        row("duration.sub", 2, 1, over, n.sub),
        row("duration.times", 2, 1, over, n.mul),
        row("duration.div", 2, 20, zero, n.ratio_make),  # of two durations, a Ratio
        row("duration.neg", 1, 1, (), n.neg),
        row("duration.ms", 1, 1, (), _same),
        row("duration.of_ms", 1, 1, (), _same),
        row("days.add", 2, 1, over, n.add),
        row("days.sub", 2, 1, over, n.sub),
        row("days.times", 2, 1, over, n.mul),
        row("days.neg", 1, 1, (), n.neg),
        row("days.count", 1, 1, (), _same),
        row("days.of", 1, 1, (), _same),
        row("months.add", 2, 1, over, n.add),
        row("months.sub", 2, 1, over, n.sub),
        row("months.times", 2, 1, over, n.mul),
        row("months.neg", 1, 1, (), n.neg),
        row("months.count", 1, 1, (), _same),
        row("months.of", 1, 1, (), _same),
    )


OPS: Mapping[str, OpSpec] = MappingProxyType({spec.name: spec for spec in _rows()})
"""All operations by name."""
