"""Functions that the dialect of the Rust ICN calls and that have another form here: what to write, and the fix.

Asked only of a name that nothing here declares. A fix is there where the other form means the same; else there is
advice. It must not know the host: what a host calls by such a name is found before this is asked.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Final

from ccl.diagnostics import Edit, Fix
from ccl.elaborate.builder import Builder
from ccl.source import Span
from ccl.syntax import tree
from ccl.types import STRING, Type

_RENAMED: Final[Mapping[str, str]] = {
    "host_get_caller": "caller", "get_caller": "caller", "array_len_did": "array_len",
    "array_contains_did": "array_contains", "array_push_did": "array_push",
    "map_new": "Map::new", "array_new": "Array::new",
}  # fmt: skip
"""Of a function of the dialect, the one that does the same here."""

_LAST: Final = "`xs.last()` is the last item; `xs = xs.take(xs.length() - 1);` leaves it out."
_NOTES: Final[Mapping[str, str]] = {
    "array_pop": _LAST,
    "pop": _LAST,
    "panic": 'What cannot go on traps: `trap "why"`; nothing of it is done.',
    "log": "What shall be recorded is a notice: `emit Done { of: member };`.",
    "assert": 'In a test, write what is expected: `expect total == 3;`. Elsewhere: `require(c, "why");`.',
    "host_get_current_time": "`now()` is the commit's time, a Timestamp: `now() + 7 days` is a week later.",
    "get_current_timestamp": "`now()` is the commit's time, a Timestamp: `now() + 7 days` is a week later.",
    "to_string": '`format!("{}", x)` makes a text of a value.',
}


def notes(name: str) -> tuple[str, ...]:
    """Advice on a function or method of the dialect, if there is any."""
    return (_NOTES[name],) if name in _NOTES else ()


def told(b: Builder, name: tree.Name, e: tree.CallExpr, message: str, code: str = "CCL0103") -> bool:
    """Tell of a call of such a function; False if it is none, and nothing is told."""
    form = _FORMS.get(name.text)
    fix = form(name, e) if form is not None else None
    if fix is None and name.text not in _NOTES:
        return False
    b.findings.error(code, name.span, message, label=fix.title if fix is not None else "it has another form here",
                     notes=notes(name.text), fixes=(fix,) if fix is not None else ())  # fmt: skip
    return True


def number_as_why(b: Builder, why: tree.Expr, expected: Type) -> bool:
    """Tell of `Err(1)` where the error is a text, as it is of `Result<T>`; False if it is not that."""
    if expected != STRING or not isinstance(why, tree.IntLit):
        return False
    b.findings.error(
        "CCL0150", why.span, "expected String, found Integer", label="the reason is a text",
        notes=("`Result<T>` is `Result<T, String>`. Where the reason is a number, say so: `Result<T, Integer>`.",),
        fixes=(Fix("put it in quotes", (Edit(why.span, f'"{why.value}"'),), dialect=True),),
    )  # fmt: skip
    return True


def _renamed(name: tree.Name, _: tree.CallExpr) -> Fix:
    now = _RENAMED[name.text]
    return Fix(f"write `{now}`", (Edit(name.span, now),), dialect=True)


def _trap(_: tree.Name, e: tree.CallExpr) -> Fix | None:
    """`panic("why")`: `trap "why"`."""
    if len(e.args) != 1 or not isinstance(e.args[0].value, tree.StringLit):
        return None
    why = e.args[0].span
    edits = (Edit(Span(e.span.source, e.span.start, why.start), "trap "),
             Edit(Span(e.span.source, why.end, e.span.end), ""))  # fmt: skip
    return Fix("write `trap`", edits, dialect=True)


def _joined(_: tree.Name, e: tree.CallExpr) -> Fix | None:
    """`concat(a, b)`: `(a + b)`."""
    if len(e.args) < 2 or any(arg.name is not None for arg in e.args):
        return None
    places = [arg.span for arg in e.args]
    between = (Edit(Span(a.source, a.end, z.start), " + ") for a, z in itertools.pairwise(places))
    first = Edit(Span(e.span.source, e.span.start, places[0].start), "(")
    return Fix("join texts with `+`", (first, *between), dialect=True)


_FORMS: Final[Mapping[str, Callable[[tree.Name, tree.CallExpr], Fix | None]]] = {
    **dict.fromkeys(_RENAMED, _renamed), "panic": _trap, "concat": _joined,
}  # fmt: skip
