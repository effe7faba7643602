"""Nodes of Python's `ast`, the names that compiled code sees, and what its lines and exits mean."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ccl import arithmetic, fuel, types
from ccl.evaluation import Refused, Trapped
from ccl.ops import OPS
from ccl.source import Span

UNREAD = object()
"""Where a reading that may be skipped starts from."""


def _overflow() -> int:
    raise Trapped("overflow")


def _too_long() -> None:
    raise Trapped("too_long")


NAMESPACE: dict[str, Any] = {
    "__builtins__": {}, "_unread": UNREAD, "_Refused": Refused, "_Trapped": Trapped, "_Exception": Exception,
    "_overflow": _overflow, "_too_long": _too_long, "_len": len, "_tuple": tuple, "_dict": dict, "_size": fuel.size,
    "_ratio": arithmetic.ratio, "_total": arithmetic.total,
}  # fmt: skip
"""All that compiled code can name besides operations, constants and its own functions."""


@dataclass(frozen=True, slots=True)
class Read:
    """A reading of a fast function: its site, the local that holds it, and its arguments: a local each, or ('', value)
    for a constant."""

    site: int
    slot: str
    args: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Exit:
    """A way out of a fast function. number: the requirement refused, None where it ended well. names: what the items
    after the first are: "value", "fuel", locals."""

    number: int | None
    names: tuple[str, ...]
    reads: tuple[Read, ...]


@dataclass(slots=True)
class Code:
    """What a traceback or an exit of a compiled function means.

    places: by line, from 1: where the node stands, and whether it reads the host. fuel: of a fast function that has one
    block only.
    """

    function: str
    places: list[tuple[Span, bool]] = field(default_factory=list)
    exits: dict[int, Exit] = field(default_factory=dict)
    reads: list[Read] = field(default_factory=list)
    fuel: int = 0


class Linker:
    """The namespace of compiled code, filled as it is emitted. link: the name of a function's general form."""

    def __init__(self, link: Callable[[str], str]) -> None:
        self.namespace = dict(NAMESPACE)
        self.link = link
        self._constants = 0

    def constant(self, value: Any) -> ast.expr:
        """An expression for a value: a literal, or a name."""
        if value is None or isinstance(value, bool | int | str):
            return ast.Constant(value)
        name = f"k{self._constants}"
        self._constants += 1
        self.namespace[name] = value
        return load(name)

    def operation(self, name: str) -> ast.expr:
        """An expression for what carries out an operation."""
        known = "_op_" + name.replace(".", "_")
        self.namespace[known] = OPS[name].run
        return load(known)


def load(name: str) -> ast.expr:
    """A name that is read."""
    return ast.Name(name, ast.Load())


def store(name: str) -> ast.Name:
    """A name that is bound."""
    return ast.Name(name, ast.Store())


def named(name: str, value: ast.expr) -> ast.expr:
    """Bind and give."""
    return ast.NamedExpr(store(name), value)


def call(function: ast.expr, *args: ast.expr) -> ast.expr:
    """A call."""
    return ast.Call(function, list(args), [])


def row(*items: ast.expr) -> ast.expr:
    """A tuple."""
    return ast.Tuple(list(items), ast.Load())


def at(of: ast.expr, index: ast.expr) -> ast.expr:
    """What stands at an index or a key."""
    return ast.Subscript(of, index, ast.Load())


def attribute(of: ast.expr, name: str) -> ast.expr:
    """An attribute: of the machine, or one that the host declares."""
    assert name.isidentifier(), f"no host declares {name!r}"
    assert not name.startswith("_"), f"{name!r} is private"
    return ast.Attribute(of, name, ast.Load())


def compare(left: ast.expr, how: ast.cmpop, right: ast.expr) -> ast.expr:
    """A comparison."""
    return ast.Compare(left, [how], [right])


def negated(test: ast.expr) -> ast.expr:
    """The opposite."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    return ast.UnaryOp(ast.Not(), test)


def located(node: ast.AST, line: int) -> Any:
    """The node with that line, and all in it that have none yet."""
    todo = [node]
    while todo:
        node_here = todo.pop()
        if isinstance(node_here, ast.expr | ast.stmt | ast.excepthandler | ast.arg):
            if hasattr(node_here, "lineno"):
                continue
            node_here.lineno = node_here.end_lineno = line
            node_here.col_offset = node_here.end_col_offset = 0
        todo.extend(ast.iter_child_nodes(node_here))
    return node


# -- values of the language --------------------------------------------------------------------------------------------


def is_variant(of: types.Type, subject: ast.expr, index: int) -> ast.expr:
    """Whether a value of an enum, an Option or a Result is of that variant."""
    if isinstance(of, types.Option):
        return compare(subject, ast.IsNot() if index else ast.Is(), ast.Constant(None))
    first = at(subject, ast.Constant(0))
    if isinstance(of, types.Result):
        return first if index else negated(first)
    return compare(first, ast.Eq(), ast.Constant(index))


def payload(of: types.Type, subject: ast.expr, position: int) -> ast.expr:
    """A part of what a variant holds."""
    return at(subject, ast.Constant(position if isinstance(of, types.Option) else position + 1))


def variant(of: types.Type, index: int, items: list[ast.expr]) -> ast.expr:
    """A value of that variant."""
    if isinstance(of, types.Option):
        return row(*items) if index else ast.Constant(None)
    return row(ast.Constant(bool(index) if isinstance(of, types.Result) else index), *items)


def walked(of: types.Type, over: ast.expr) -> ast.expr:
    """What a `for` goes over: a map gives its pairs."""
    return call(attribute(over, "items")) if isinstance(of, types.Map) else over
