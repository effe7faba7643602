"""What operations give, by hand: one case a line, the expected value (or trap) last.

A text table: op | arguments | value. Arguments and values are Python literals; p/q is a Ratio; !code is a trap; dates
are written 2026-03-01, moments 2026-03-01T12:00.
"""

from __future__ import annotations

import ast
import datetime
import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from ccl.evaluation import Trapped

MAX = 2**63 - 1
DAY = datetime.date(1970, 1, 1)

TABLE = f"""
integer.add      | {MAX - 1}, 1                 | {MAX}
integer.add      | {MAX}, 1                     | !overflow
integer.sub      | {-MAX}, 1                    | !overflow
integer.mul      | 3037000500, 3037000500       | !overflow
integer.mul      | 3037000499, 3037000499       | 9223372030926249001
integer.neg      | {-MAX}                       | {MAX}
integer.rem      | 7, 3                         | 1
integer.rem      | -7, 3                        | -1
integer.rem      | 7, -3                        | 1
integer.rem      | 7, 0                         | !division_by_zero
integer.pow      | 2, 62                        | 4611686018427387904
integer.pow      | 2, 63                        | !overflow
integer.pow      | -1, 100001                   | -1
integer.pow      | -1, 100000                   | 1
integer.pow      | 0, 0                         | 1
integer.pow      | 3, -1                        | !overflow
integer.clamp    | 5, 7, 3                      | 3
integer.clamp    | 1, 2, 3                      | 2
integer.parse    | "-41"                        | (-41,)
integer.parse    | "4 1"                        | None
integer.parse    | "9223372036854775808"        | None
integer.parse    | "٤"                          | None
ratio.make       | 6, -4                        | -3/2
ratio.make       | 1, 0                         | !division_by_zero
ratio.add        | 1/{MAX}, 1/{MAX - 1}         | !ratio_range
ratio.div        | 1/2, 0/1                     | !division_by_zero
ratio.pow        | 21/20, 3                     | 9261/8000
ratio.pow        | 2/1, -2                      | 1/4
ratio.pow        | 21/20, 64                    | !ratio_range
ratio.pow        | 0/1, -1                      | !division_by_zero
round.down       | 5/2                          | 2
round.down       | -5/2                         | -3
round.up         | 5/2                          | 3
round.up         | -5/2                         | -2
round.to_zero    | 5/2                          | 2
round.to_zero    | -5/2                         | -2
round.from_zero  | 5/2                          | 3
round.from_zero  | -5/2                         | -3
round.half_up    | 5/2                          | 3
round.half_up    | -5/2                         | -3
round.half_up    | 249/100                      | 2
round.half_up    | 251/100                      | 3
round.half_down  | 5/2                          | 2
round.half_down  | -5/2                         | -2
round.half_down  | 251/100                      | 3
round.half_even  | 5/2                          | 2
round.half_even  | 7/2                          | 4
round.half_even  | -5/2                         | -2
round.half_even  | -7/2                         | -4
round.half_even  | 251/100                      | 3
round.half_even  | {2 * MAX + 1}/2              | !overflow
money.scale      | 1001, 1/40                   | 1001/40
money.share      | 100, 3                       | 100/3
money.share      | 100, 0                       | !division_by_zero
money.ratio      | 50, 200                      | 1/4
split            | 100, (1, 1, 1)               | (34, 33, 33)
split            | 100, (1, 2, 3)               | (17, 33, 50)
split            | 100, (3, 2, 1)               | (50, 33, 17)
split            | -100, (1, 2, 3)              | (-17, -33, -50)
split            | 2, (5, 3, 8, 0)              | (1, 0, 1, 0)
split            | 0, (1, 4)                    | (0, 0)
split            | 10, (0, 0)                   | !bad_split
split            | 10, ()                       | !bad_split
split            | 10, (3, -1)                  | !bad_split
split            | {MAX}, ({MAX}, {MAX})        | (4611686018427387904, 4611686018427387903)
string.concat    | "a", "b"                     | "ab"
string.slice     | "orchard", 1, 3              | "rc"
string.slice     | "orchard", 3, 1              | !index
string.lower     | "ÀÉΣЖß"                      | "àéσжß"
string.upper     | "àéσжßÿ"                     | "ÀÉΣЖßŸ"
string.trim      | " \\t x \\n"                 | "x"
string.replace   | "aXbX", "X", "--"            | "a--b--"
string.replace   | "ab", "", "-"                | "ab"
string.join      | ("a", "b"), ", "             | "a, b"
string.of        | 12345, "Money.2"             | "123.45"
string.of        | -5, "Money.2"                | "-0.05"
string.of        | 7, "Money.0"                 | "7"
string.of        | True, "Bool"                 | "true"
string.of        | 3/6, "Ratio"                 | "1/2"
string.of        | 4/2, "Ratio"                 | "2"
string.of        | 2026-03-01, "Date"           | "2026-03-01"
string.of        | 2026-03-01T12:00, "Timestamp" | "2026-03-01T12:00:00Z"
array.get        | (4, 5), 1                    | 5
array.get        | (4, 5), 2                    | !index
array.get        | (4, 5), -1                   | !index
array.get_option | (4, 5), 2                    | None
array.push       | (1,), 2, 2                   | (1, 2)
array.push       | (1, 2), 3, 2                 | !too_long
array.push       | (1, 2), 3, None              | (1, 2, 3)
array.concat     | (1, 2), (3,), 3              | (1, 2, 3)
array.concat     | (1, 2), (3, 4), 3            | !too_long
array.insert     | (1, 3), 1, 2, 3              | (1, 2, 3)
array.insert     | (1,), 2, 2, 3                | !index
array.slice      | (1, 2, 3), 1, 3              | (2, 3)
array.slice      | (1, 2, 3), 2, 4              | !index
array.set        | (1, 2), 0, 9                 | (9, 2)
array.remove_at  | (1, 2, 3), 1                 | (1, 3)
array.repeat     | 7, 3, 3                      | (7, 7, 7)
array.repeat     | 7, 4, 3                      | !too_long
array.repeat     | 7, -1, 3                     | !index
array.sort       | (3, 1, 2)                    | (1, 2, 3)
array.take       | (1, 2), 5                    | (1, 2)
array.take       | (1, 2), -1                   | ()
array.skip       | (1, 2), 1                    | (2,)
array.index_of   | (4, 5, 5), 5                 | (1,)
array.index_of   | (4,), 5                      | None
array.distinct   | (3, 1, 3, 2, 1)              | (3, 1, 2)
array.zip        | (1, 2, 3), (4, 5)            | ((1, 4), (2, 5))
array.first      | ()                           | None
array.last       | (1, 2)                       | (2,)
map.set          | {{"a": 1}}, "b", 2, 2        | {{"a": 1, "b": 2}}
map.set          | {{"a": 1}}, "b", 2, 1        | !too_long
map.set          | {{"a": 1}}, "a", 2, 1        | {{"a": 2}}
map.get          | {{"a": 1}}, "b"              | !missing_key
map.remove       | {{"a": 1, "b": 2}}, "a"      | {{"b": 2}}
map.keys         | {{"b": 1, "a": 2}}           | ("b", "a")
range.length     | range.make_inclusive(1, 3)   | 3
option.unwrap    | None                         | !unwrap
option.or        | None, 3                      | 3
option.ok_or     | None, "no"                   | (False, "no")
result.unwrap    | (False, "no")                | !unwrap
result.option    | (True, 3)                    | (3,)
date.make        | 2026, 2, 29                  | None
date.make        | 2028, 2, 29                  | (21243,)
date.add_months  | 2026-01-31, 1                | 2026-02-28
date.add_months  | 2028-01-31, 1                | 2028-02-29
date.add_months  | 2026-03-31, -1               | 2026-02-28
date.add_months  | 2026-03-31, 1                | 2026-04-30
date.add_months  | 2026-11-30, 3                | 2027-02-28
date.add_months  | 9999-12-01, 1                | !overflow
date.add_days    | 9999-12-31, 1                | !overflow
date.add_clear_days | 2026-03-01, 14            | 2026-03-16
date.add_working_days | 2026-01-02, 1, ()       | 2026-01-05
date.add_working_days | 2026-01-03, 1, ()       | 2026-01-05
date.add_working_days | 2026-01-05, -1, ()      | 2026-01-02
date.add_working_days | 2026-01-04, -1, ()      | 2026-01-02
date.add_working_days | 2026-01-02, 1, (20458,) | 2026-01-06
date.add_working_days | 2026-01-03, 0, ()       | 2026-01-03
date.working_days_between | 2026-01-02, 2026-01-09, (20458,) | 4
date.is_working_day | 2026-01-03, ()            | False
date.is_working_day | 2026-01-05, (20458,)      | False
date.weekday     | 2026-01-05                   | 1
date.weekday     | 1969-12-28                   | 7
date.months_between | 2026-01-31, 2026-02-28    | 1
date.months_between | 2026-01-31, 2026-02-27    | 0
date.months_between | 2026-03-15, 2026-01-16    | -1
date.act_365     | 2026-01-01, 2027-01-01       | 1/1
date.thirty_360  | 2026-01-31, 2026-07-31       | 1/2
date.thirty_360  | 2026-02-28, 2026-03-31       | 32/360
date.of_timestamp | 2026-01-01T23:30, "Europe/Madrid" | 2026-01-02
date.start       | 2026-07-01, "Europe/Madrid"  | 2026-06-30T22:00
date.start       | 2011-12-30, "Pacific/Apia"   | 2011-12-30T10:00
date.start       | 2024-04-26, "Africa/Cairo"   | 2024-04-25T22:00
timestamp.add_days | 2026-03-28T11:00, 1, "Europe/Madrid" | 2026-03-29T10:00
timestamp.add_months | 2026-01-31T12:00, 1, "UTC" | 2026-02-28T12:00
timestamp.add_clear_days | 2026-03-01T12:00, 14, "UTC" | 2026-03-16T00:00
timestamp.add_working_days | 2026-01-02T12:00, 1, "UTC", () | 2026-01-05T12:00
timestamp.by     | 2026-01-01T22:59, 2026-01-01, "Europe/Madrid" | True
timestamp.by     | 2026-01-01T23:00, 2026-01-01, "Europe/Madrid" | False
timestamp.before | 2026-01-01T22:59, 2026-01-01, "Europe/Madrid" | False
timestamp.before | 2025-12-31T22:59, 2026-01-01, "Europe/Madrid" | True
timestamp.after  | 2026-01-01T23:00, 2026-01-01, "Europe/Madrid" | True
timestamp.add_duration | {MAX}, 1               | !overflow
duration.div     | 90000, 60000                 | 3/2
"""

_MOMENT = re.compile(r"\b(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d))?\b")
_RATIO = re.compile(r"(?<![\w\"])(-?\d+)/(\d+)")
_RANGE = re.compile(r"range\.make_inclusive\((\d+), (\d+)\)")


def _number(found: re.Match[str]) -> str:
    year, month, day = (int(found[i]) for i in (1, 2, 3))
    days = (datetime.date(year, month, day) - DAY).days
    return (
        str(days) if found[4] is None else str(days * 86_400_000 + int(found[4]) * 3_600_000 + int(found[5]) * 60_000)
    )


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Call):
        name, args = ast.unparse(node.func), [_value(a) for a in node.args]
        return Fraction(*args) if name == "ratio" else range(args[0], args[1] + 1)
    if isinstance(node, ast.Tuple):
        return tuple(map(_value, node.elts))
    return ast.literal_eval(node)


def values(text: str) -> tuple[Any, ...]:
    """The values that a cell states."""
    quoted = re.split(r"(\"[^\"]*\")", text)
    for i in range(0, len(quoted), 2):
        part = _MOMENT.sub(_number, quoted[i])
        quoted[i] = _RANGE.sub(r"range(\1, \2)", _RATIO.sub(r"ratio(\1, \2)", part))
    made = _value(ast.parse(f"({''.join(quoted)},)", mode="eval").body)
    assert isinstance(made, tuple)
    return made


def rows() -> Iterator[tuple[str, tuple[Any, ...], Any]]:
    """Each row: the operation, its arguments, and the value or the trap's code after an exclamation mark."""
    for line in TABLE.strip().splitlines():
        op, args, expected = (cell.strip() for cell in line.split("|"))
        yield op, values(args), expected if expected.startswith("!") else values(expected)[0]


ROWS = list(rows())


def outcome(ops: Mapping[str, Any], op: str, args: tuple[Any, ...]) -> Any:
    """What an operation of a table gives, or the trap as the tables write it."""
    try:
        return ops[op].run(*args)
    except (LookupError, ArithmeticError, ValueError, TypeError) as error:
        return error
    except Trapped as trapped:
        return f"!{trapped.code}" if trapped.code in ops[op].traps else trapped


def wrong(ops: Mapping[str, Any]) -> tuple[str, Any] | None:
    """The first row that a table of operations does not keep."""
    for op, args, expected in ROWS:
        if outcome(ops, op, args) != expected:
            return op, args
    return None
