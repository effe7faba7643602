"""Operations on texts, arrays, maps, ranges, options and results.

Nothing is changed in place: each makes a new value. What could grow without end has a most: a text `MOST_TEXT`
characters, an array and a map what their type declares (the `most` argument, None where none is declared); beyond is
the trap `too_long`. Arrays are tuples, maps dicts in the order in which keys were first inserted.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from ccl import dates
from ccl.evaluation import Trapped
from ccl.types import I64_MAX

MOST_TEXT = 65_536
"""Most characters of a text."""

BLANKS = " \t\r\n"
Items = tuple[Any, ...]
Dict = dict[Any, Any]

# -- texts -------------------------------------------------------------------------------------------------------------


def _text(value: str) -> str:
    if len(value) > MOST_TEXT:
        raise Trapped("too_long")
    return value


def text_concat(a: str, b: str) -> str:
    """One after the other."""
    return _text(a + b)


def text_join(parts: tuple[str, ...], between: str) -> str:
    """All, with a text between them."""
    if sum(map(len, parts)) + len(between) * max(len(parts) - 1, 0) > MOST_TEXT:
        raise Trapped("too_long")
    return between.join(parts)


def text_replace(text: str, old: str, new: str) -> str:
    """Each occurrence, from the left, by another text; an empty one occurs nowhere."""
    if not old:
        return text
    if len(text) + text.count(old) * (len(new) - len(old)) > MOST_TEXT:
        raise Trapped("too_long")
    return text.replace(old, new)


def text_slice(text: str, low: int, high: int) -> str:
    """Characters low to high, the last not included."""
    if not 0 <= low <= high <= len(text):
        raise Trapped("index")
    return text[low:high]


def text_contains(text: str, part: str) -> bool:
    """Whether it occurs."""
    return part in text


def text_trim(text: str) -> str:
    """Without spaces, tabs and line ends around."""
    return text.strip(BLANKS)


def _cased() -> tuple[dict[int, str], dict[int, str]]:
    # Only letters whose cases have not changed since Unicode 5, so that every Python agrees: Latin-1, Latin Extended-A,
    # Greek and Cyrillic; and only where one letter stands for one.
    letters = [chr(n) for n in (*range(0x180), *range(0x370, 0x460))]
    within = frozenset(letters)
    lower = {ord(c): c.lower() for c in letters if len(c.lower()) == 1 and c.lower() in within and c.lower() != c}
    upper = {ord(c): c.upper() for c in letters if len(c.upper()) == 1 and c.upper() in within and c.upper() != c}
    return lower, upper


_LOWER, _UPPER = _cased()


def text_lower(text: str) -> str:
    """In small letters: Latin, Greek, Cyrillic; others stay."""
    return text.translate(_LOWER)


def text_upper(text: str) -> str:
    """In capitals: the same letters."""
    return text.translate(_UPPER)


def _decimal(value: int, decimals: int) -> str:
    if decimals == 0:
        return str(value)
    whole, part = divmod(abs(value), 10**decimals)
    return f"{'-' if value < 0 else ''}{whole}.{part:0{decimals}d}"


def _date(value: int) -> str:
    return f"{dates.year(value):04d}-{dates.month(value):02d}-{dates.day_of_month(value):02d}"


def _moment(value: int) -> str:
    number, rest = divmod(value, dates.DAY_MS)
    seconds, ms = divmod(rest, 1000)
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{_date(dates.day(number))}T{clock}{f'.{ms:03d}' if ms else ''}Z"


def _ratio(value: int | Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else f"{value.numerator}/{value.denominator}"


def text_of(value: Any, kind: str) -> str:
    """A value in plain form. kind: its type's name ("Integer", "Date", ..); of money "Money.2", with its decimals.

    An Integer and days, months, milliseconds of a Duration: digits. Bool: true, false. Money: digits with a point.
    Ratio, Exact: p/q. Date: 2026-03-01. Timestamp: 2026-03-01T12:00:00Z. String, Did, UnitCode: themselves.
    """
    if kind.startswith("Money"):
        return _decimal(value, int(kind[6:] or "0"))
    if kind == "Bool":
        return "true" if value else "false"
    if kind in ("Ratio", "Exact"):
        return _ratio(value)
    if kind == "Date":
        return _date(value)
    return _moment(value) if kind == "Timestamp" else str(value)


# -- arrays ------------------------------------------------------------------------------------------------------------


def within(most: int | None, length: int) -> None:
    """Trap `too_long` if that is beyond the most."""
    if most is not None and length > most:
        raise Trapped("too_long")


def _place(items: Items, index: int) -> int:
    if 0 <= index < len(items):
        return index
    raise Trapped("index")


def array_get(items: Items, index: int) -> Any:
    """The item at that place, from 0."""
    if 0 <= index < len(items):
        return items[index]
    raise Trapped("index")


def array_get_option(items: Items, index: int) -> Items | None:
    """An Option of it."""
    return (items[index],) if 0 <= index < len(items) else None


def array_push(items: Items, item: Any, most: int | None) -> Items:
    """One more at the end."""
    within(most, len(items) + 1)
    return (*items, item)


def array_concat(a: Items, b: Items, most: int | None) -> Items:
    """One after the other."""
    within(most, len(a) + len(b))
    return a + b


def array_insert(items: Items, index: int, item: Any, most: int | None) -> Items:
    """One more before that place; the length is the end."""
    if not 0 <= index <= len(items):
        raise Trapped("index")
    within(most, len(items) + 1)
    return (*items[:index], item, *items[index:])


def array_slice(items: Items, low: int, high: int) -> Items:
    """Those from low to high, the last not included."""
    if not 0 <= low <= high <= len(items):
        raise Trapped("index")
    return items[low:high]


def array_reverse(items: Items) -> Items:
    """The last first."""
    return items[::-1]


def array_contains(items: Items, item: Any) -> bool:
    """Whether one equals it."""
    return item in items


def array_first(items: Items) -> Items | None:
    """An Option of the first."""
    return items[:1] or None


def array_last(items: Items) -> Items | None:
    """An Option of the last."""
    return items[-1:] or None


def array_set(items: Items, index: int, item: Any) -> Items:
    """With another at that place."""
    at = _place(items, index)
    return (*items[:at], item, *items[at + 1 :])


def array_remove_at(items: Items, index: int) -> Items:
    """Without the one at that place."""
    at = _place(items, index)
    return items[:at] + items[at + 1 :]


def array_sort(items: Items) -> Items:
    """From least to greatest; equals stay in their order."""
    return tuple(sorted(items))


def array_repeat(item: Any, count: int, most: int | None) -> Items:
    """The item so many times; traps `index` if negative."""
    if count < 0:
        raise Trapped("index")
    within(most, count)
    return (item,) * count


def array_take(items: Items, count: int) -> Items:
    """The first so many, or all there are."""
    return items[: max(count, 0)]


def array_skip(items: Items, count: int) -> Items:
    """All but the first so many."""
    return items[max(count, 0) :]


def array_index_of(items: Items, item: Any) -> tuple[int] | None:
    """An Option of the place of the first that equals it."""
    return (items.index(item),) if item in items else None


def _key(value: Any) -> Any:
    """Something hashable, equal for equal values: what a map holds is compared without its order."""
    if isinstance(value, Mapping):
        return ("map", frozenset((k, _key(v)) for k, v in value.items()))
    return tuple(map(_key, value)) if isinstance(value, tuple) else value


def array_distinct(items: Items) -> Items:
    """Each once, where it came first."""
    first: dict[Any, Any] = {}
    for item in items:
        first.setdefault(_key(item), item)
    return tuple(first.values())


def array_enumerate(items: Items) -> Items:
    """Pairs of the place and the item."""
    return tuple(enumerate(items))


def array_zip(a: Items, b: Items) -> Items:
    """Pairs of the items at the same place, as many as the shorter one has."""
    return tuple(zip(a, b, strict=False))


# -- maps --------------------------------------------------------------------------------------------------------------


def map_get(of: Dict, key: Any) -> Any:
    """The value of a key that must be there."""
    if key in of:
        return of[key]
    raise Trapped("missing_key")


def map_get_option(of: Dict, key: Any) -> Items | None:
    """An Option of it."""
    return (of[key],) if key in of else None


def map_get_or(of: Dict, key: Any, default: Any) -> Any:
    """It, or another value."""
    return of.get(key, default)


def map_set(of: Dict, key: Any, value: Any, most: int | None) -> Dict:
    """With that value; a key that is there keeps its place."""
    if key not in of:
        within(most, len(of) + 1)
    return {**of, key: value}


def map_remove(of: Dict, key: Any) -> Dict:
    """Without that key, if it was there."""
    return {k: v for k, v in of.items() if k != key}


def map_contains(of: Dict, key: Any) -> bool:
    """Whether the key is there."""
    return key in of


def map_keys(of: Dict) -> Items:
    """All keys."""
    return tuple(of)


def map_values(of: Dict) -> Items:
    """All values."""
    return tuple(of.values())


def map_entries(of: Dict) -> Items:
    """Pairs of key and value."""
    return tuple(of.items())


# -- ranges, options, results ------------------------------------------------------------------------------------------


def range_make(low: int, high: int) -> range:
    """From low to high, the last not included; empty if high is not above."""
    if high - low > I64_MAX:
        raise Trapped("overflow")
    return range(low, high)


def range_make_inclusive(low: int, high: int) -> range:
    """From low to high, the last included."""
    return range_make(low, high + 1)


def range_contains(of: range, value: int) -> bool:
    """Whether it lies there."""
    return value in of


def option_unwrap(option: Items | None) -> Any:
    """What is in it; nothing in it is the trap `unwrap`."""
    if option is None:
        raise Trapped("unwrap")
    return option[0]


def option_or(option: Items | None, default: Any) -> Any:
    """What is in it, or another value."""
    return default if option is None else option[0]


def option_ok_or(option: Items | None, error: Any) -> tuple[bool, Any]:
    """A Result of it."""
    return (False, error) if option is None else (True, option[0])


def result_unwrap(result: tuple[bool, Any]) -> Any:
    """Its value; an error is the trap `unwrap`."""
    if not result[0]:
        raise Trapped("unwrap")
    return result[1]


def result_or(result: tuple[bool, Any], default: Any) -> Any:
    """Its value, or another."""
    return result[1] if result[0] else default


def result_option(result: tuple[bool, Any]) -> Items | None:
    """An Option of its value."""
    return (result[1],) if result[0] else None
