"""How answers look to people: results as tables and records, times in local time, private fields by their state.

The keys of an answer are those of the JSON (see `rpc.edge`): where `until` stands beside `until_ms`, or `payee` beside
`payee_did`, the first is for people and the second for programs. It must not know methods.
"""

from __future__ import annotations

import time

from icn_node.cli.layout import clip, one_line, record, table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

_BESIDE = ("_ms", "_minor", "_did", "_state")
_LENGTHS = ("term_ms", "duration_ms", "period_ms", "delay_ms", "every_ms")
_DAY_MS = 86_400_000
_MOMENT_MS = 10**11  # 1973: a number of milliseconds above is a moment, below a duration
_SHORT_DID = 16


def local_time(utc_ms: int) -> str:
    """A moment in this terminal's time zone, to the minute: 2026-05-01 14:03."""
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(utc_ms / 1000))
    except (ValueError, OverflowError, OSError):
        return str(utc_ms)


def utc_ms(text: str) -> int | None:
    """Milliseconds of an ISO moment in UTC as the node writes it, such as 2026-05-01T12:03:00Z; None for other text."""
    if len(text) < 20 or text[10] != "T" or text[-1] != "Z" or text[4] != "-":
        return None
    digits = text[0:4] + text[5:7] + text[8:10] + text[11:13] + text[14:16] + text[17:19]
    if not digits.isdigit():
        return None
    year, month, day = int(text[0:4]), int(text[5:7]), int(text[8:10])
    # Days since 1970-01-01 of a civil date: years begin in March, so that the leap day is the last.
    year -= month <= 2
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    days = year * 365 + year // 4 - year // 100 + year // 400 + of_year - 719_468
    fraction = (text[20:-1] + "000")[:3] if text[19] == "." else "0"
    seconds = (days * 24 + int(text[11:13])) * 3600 + int(text[14:16]) * 60 + int(text[17:19])
    return seconds * 1000 + int(fraction) if fraction.isdigit() else None


def length(ms: int) -> str:
    """A duration: 14 d, 36 h, 90 min."""
    for size, unit in ((_DAY_MS, "d"), (3_600_000, "h"), (60_000, "min")):
        if ms % size == 0 and ms:
            return f"{ms // size} {unit}"
    return f"{ms / 1000:g} s"


def short_did(did: str) -> str:
    """A DID by its last characters."""
    return did if len(did) <= _SHORT_DID else "…" + did[-_SHORT_DID + 4 :]


def shown(row: Mapping[str, Any], key: str, *, narrow: bool = False) -> str:
    """The value under a key as people read it. narrow: DIDs and CIDs by their ends, for tables."""
    value = row.get(key)
    if value is None:
        state = row.get(f"{key}_state")
        return f"({state})" if state else ""
    beside = row.get(f"{key}_ms")
    if isinstance(beside, int) and isinstance(value, str):
        return local_time(beside) if beside >= _MOMENT_MS else value
    if isinstance(value, int) and not isinstance(value, bool):
        # As events hold them: moments, durations, days.
        if key.endswith("_ms"):
            return local_time(value) if value >= _MOMENT_MS and not key.endswith(_LENGTHS) else length(value)
        if key.endswith("_day"):
            return time.strftime("%Y-%m-%d", time.gmtime(value * 86_400))
    return said(value, narrow=narrow)


def said(value: Any, *, narrow: bool = False) -> str:
    """A value as people read it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        moment = utc_ms(value)
        if moment is not None:
            return local_time(moment)
        return short_did(value) if narrow and value.startswith(("did:key:", "bafy")) else value
    if isinstance(value, list | tuple):
        return ", ".join(said(v, narrow=narrow) for v in value)
    if isinstance(value, dict):
        return ", ".join(f"{title(k)} {shown(value, k, narrow=narrow)}" for k in visible(value))
    return str(value)


def title(key: str) -> str:
    """A key as a heading. An amount in smallest parts stays marked as such."""
    return key.removesuffix("_ms").removesuffix("_day").replace("_", " ")


def visible(row: Mapping[str, Any]) -> list[str]:
    """The keys that are for people: without those that repeat another exactly, for programs."""
    return [k for k in row if not any(k.endswith(s) and k[: -len(s)] in row for s in _BESIDE)]


def _key_of(column: str, row: Mapping[str, Any]) -> str:
    """The key under which a declared column stands in the JSON: until_ms is `until`."""
    for suffix in ("_ms", "_day", "_minor"):
        base = column.removesuffix(suffix)
        if base != column and base in row:
            return base
    return column


def rows_lines(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], width: int) -> tuple[list[str], list[str]]:
    """A table of rows, and the headings of the columns that did not fit."""
    if not columns:
        columns = list(dict.fromkeys(k for row in rows for k in visible(row)))
    # A key is listed to be named in the next command, so it stands there whole.
    cells = [[shown(row, _key_of(c, row), narrow=c != "key") for c in columns] for row in rows]
    return table([title(_key_of(c, rows[0])) for c in columns], cells, width)


def op_lines(op: Mapping[str, Any], width: int) -> list[str]:
    """A command as an event holds it: its name, and its fields as they are (amounts in smallest parts)."""
    fields = {k: _plain(v) for k, v in op.items() if k not in ("op", "ver")}
    return [one_line(str(op.get("op", ""))), *record_lines(fields, width, 2)]


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        if value.keys() == {"h", "audience", "size"}:
            return f"(private, {value['size']} bytes, for: {value['audience']})"
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value


def record_lines(row: Mapping[str, Any], width: int, indent: int = 0) -> list[str]:
    """A record: scalars aligned, then what it holds in turn, each under its heading."""
    flat: list[tuple[str, str]] = []
    nested: list[tuple[str, Any]] = []
    for key in visible(row):
        value = row[key]
        is_rows = isinstance(value, list) and bool(value) and all(isinstance(v, dict) for v in value)
        if is_rows or (isinstance(value, dict) and value):
            nested.append((key, value))
        else:
            text = shown(row, key)
            if text != "":
                flat.append((title(key), text))
    lines = record(flat, width, indent)
    for key, value in nested:
        if isinstance(value, dict):
            inner = record_lines(value, width, indent + 2)
        else:
            room = max(20, width - indent - 2) if width else 0
            found, hidden = rows_lines(value, (), room)
            found += [f"(not shown: {', '.join(hidden)})"] if hidden else []
            inner = [" " * (indent + 2) + line for line in found]
        if inner:
            lines += ["", " " * indent + title(key), *inner]
    return lines


def lines_of(value: Any, columns: Sequence[str], width: int) -> tuple[list[str], list[str]]:
    """Any answer, and the headings of columns that did not fit."""
    if isinstance(value, list):
        if not value:
            return ["(nothing)"], []
        if all(isinstance(v, dict) for v in value):
            return rows_lines(value, columns, width)
        return [one_line(said(v)) for v in value], []
    if isinstance(value, dict):
        listed = [k for k, v in value.items() if isinstance(v, list) and v and all(isinstance(x, dict) for x in v)]
        if columns and len(listed) == 1:
            rest = {k: v for k, v in value.items() if k != listed[0]}
            lines, hidden = rows_lines(value[listed[0]], columns, width)
            head = record_lines(rest, width)
            return [*head, *([""] if head else []), *lines], hidden
        return record_lines(value, width) or ["(nothing)"], []
    return [clip(one_line(said(value)), width) if width else one_line(said(value))], []
