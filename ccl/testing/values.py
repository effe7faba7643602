"""What tests write as values: any expression of the contract, of the type that the fact has.

Beside what the language has, a host's record may be written as `Loan { amount: 5 CREDIT }`, for a test has to make what
a contract only reads.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Protocol

from ccl import core, interpret
from ccl import types as t
from ccl.diagnostics import Findings
from ccl.host import Host, RecordSpec, World
from ccl.source import Span
from ccl.syntax import tree
from ccl.testing.world import MadeRecord
from ccl.types import Type


class Elaborates(Protocol):
    """What turns expressions into functions: `ccl.elaborate.bodies.Bodies`."""

    def expression(
        self, unique: str, expr: tree.Expr, type_: Type, params: tuple[tuple[str, Type], ...]
    ) -> core.Function:
        """A function of the expression's value."""


class NoValue(Exception):
    """An expression of a test has no value; what is wrong is among the findings."""


@dataclass(slots=True)
class Values:
    """Evaluates expressions in tests. unit: what the command's own unit is, in the case at hand."""

    program: core.Program
    elaborates: Elaborates
    host: Host
    findings: Findings
    unit: str = ""
    made: int = 0

    def of(self, expr: tree.Expr, type_: Type, world: World, missing: list[str]) -> Any:
        """The value, of that type. Raises NoValue."""
        if isinstance(type_, t.Record):
            return self._record(expr, self.host.records[type_.name], world, missing)
        if isinstance(type_, t.Option) and isinstance(type_.item, t.Record):
            return self._option(expr, type_.item, world, missing)
        if isinstance(type_, t.Array) and isinstance(type_.item, t.Record):
            if not isinstance(expr, tree.ListExpr):
                raise self._wrong(expr.span, f"this is a list of {type_.item}, written `[{type_.item} {{ .. }}, ..]`")
            return tuple(self.of(item, type_.item, world, missing) for item in expr.items)
        return self._value(expr, self.concrete(type_, expr.span), world, missing)

    def _value(self, expr: tree.Expr, type_: Type, world: World, missing: list[str]) -> Any:
        function = self.function(expr, type_)
        program = dataclasses.replace(self.program, functions={**self.program.functions, function.name: function})
        outcome = interpret.run(program, function.name, (), world)
        if missing:
            raise NoValue(missing[0])
        if outcome.trap is not None:
            raise self._wrong(expr.span, f"this has no value: it traps ({outcome.trap.code.replace('_', ' ')})")
        return outcome.value

    def function(self, expr: tree.Expr, type_: Type) -> core.Function:
        """The expression as a function. Raises NoValue."""
        self.made += 1
        before = len(self.findings.all)
        function = self.elaborates.expression(f"test.{self.made}", expr, type_, ())
        if any(d.severity == "error" for d in self.findings.all[before:]):
            raise NoValue
        return function

    def concrete(self, type_: Type, span: Span) -> Type:
        """The type with the unit of the case in place of the command's own. Raises NoValue if nobody said which."""
        if isinstance(type_, t.Money | t.Exact | t.UnitCode) and type_.unit == t.OWN_UNIT:
            if not self.unit and not isinstance(type_, t.UnitCode):
                raise self._wrong(
                    span, "nothing says in which unit the command is", "CCL0806", "write `given unit = CREDIT`"
                )
            return dataclasses.replace(type_, unit=self.unit) if self.unit else t.STRING
        if isinstance(type_, t.Option | t.Array):
            return dataclasses.replace(type_, item=self.concrete(type_.item, span))
        return type_

    def _record(self, expr: tree.Expr, spec: RecordSpec, world: World, missing: list[str]) -> MadeRecord:
        if not isinstance(expr, tree.StructExpr):
            raise self._wrong(expr.span, f"this is a {spec.name}, written `{spec.name} {{ field: value, .. }}`")
        fields: dict[str, Any] = {}
        for name, value in expr.fields:
            field = spec.field(name.text)
            if field is None:
                known = ", ".join(f.name for f in spec.fields)
                raise self._wrong(name.span, f"a {spec.name} has no `{name.text}`; it has: {known}", "CCL0803")
            fields[field.read_as] = self.of(value, field.type, world, missing)
        for field in spec.fields:
            if field.optional:
                fields.setdefault(field.read_as, None)
        return MadeRecord(spec.name, fields, missing)

    def _option(self, expr: tree.Expr, item: t.Record, world: World, missing: list[str]) -> Any:
        if isinstance(expr, tree.PathExpr) and expr.path.text == "None":
            return None
        inside = expr.args[0].value if isinstance(expr, tree.CallExpr) and len(expr.args) == 1 else expr
        return (self.of(inside, item, world, missing),)

    def _wrong(self, span: Span, message: str, code: str = "CCL0804", label: str = "") -> NoValue:
        self.findings.error(code, span, message, label=label)
        return NoValue(message)
