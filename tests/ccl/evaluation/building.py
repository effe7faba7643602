"""Short names for building core by hand in tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from ccl import core
from ccl import types as t
from ccl.source import Span

MONEY = t.Money("$")
LOAN = t.Record("Loan")


def at(number: int) -> Span:
    """A place."""
    return Span(0, number, number + 1)


def const(value: Any, type_: t.Type = t.INTEGER, place: int = 0) -> core.Const:
    return core.Const(type_, at(place), value)


def local(name: str, type_: t.Type = t.INTEGER) -> core.Local:
    return core.Local(type_, at(0), name)


def op(name: str, *args: core.Expr, type_: t.Type = t.INTEGER, place: int = 0) -> core.Op:
    return core.Op(type_, at(place), name, args)


def view(name: str, *args: core.Expr, type_: t.Type = t.BOOL, site: int = 0, place: int = 0) -> core.View:
    return core.View(type_, at(place), name, args, site)


def require(condition: core.Expr, number: int = 0) -> core.Require:
    return core.Require(at(0), condition, number)


def block(*statements: core.Statement) -> core.Block:
    return core.Block(statements)


def result(value: core.Expr) -> core.Return:
    return core.Return(at(0), value)


def function(
    name: str,
    *statements: core.Statement,
    params: tuple[tuple[str, t.Type], ...] = (),
    of: t.Type = t.INTEGER,
    place: int = 900,
) -> core.Function:
    return core.Function(name, params, of, block(*statements), span=at(place))


def program(*functions: core.Function) -> core.Program:
    return core.Program("test", {f.name: f for f in functions})


@dataclass
class GivenWorld:
    """A world of plain values."""

    views: Any = field(default_factory=SimpleNamespace)
    command: Any = field(default_factory=SimpleNamespace)
    params: dict[str, Any] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    caller: str = "did:key:ann"
    now: int = 1_767_225_600_000
