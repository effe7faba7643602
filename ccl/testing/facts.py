"""What a `given` or a column names: a view with or without arguments, a field of the command, a parameter, a state.

A bare name means a parameter, else a state; else in a `given` a view, or a field of the commands that the test is on,
and at the head of a column the other way round. `command.x`, `caller`, `now` say it outright. A view without arguments
is given for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from ccl import core
from ccl import types as t
from ccl.elaborate.fitting import in_unit
from ccl.elaborate.names import closest
from ccl.host import CommandSpec, FieldSpec, ViewSpec
from ccl.source import Span
from ccl.syntax import tree
from ccl.testing.values import NoValue, Values
from ccl.testing.world import Args, Given, MadeRecord, MadeWorld, Unset, shown
from ccl.types import Type


@dataclass(frozen=True, slots=True)
class Fact:
    """What is given. kind: "param", "state", "command", "view", "caller" or "now"; path: of a record's fields."""

    kind: str
    name: str
    type: Type
    args: Args | None = None
    path: tuple[FieldSpec, ...] = ()
    record: str = ""

    @property
    def called(self) -> str:
        """As a test names it."""
        head = "command." + self.name if self.kind == "command" else shown(self.name, self.args or ())
        return ".".join((head, *(f.name for f in self.path)))


@dataclass(slots=True)
class Facts:
    """Finds facts and gives them. commands: those that the test is on."""

    values: Values
    commands: tuple[CommandSpec, ...] = ()
    columns: dict[str, t.Type] = field(default_factory=dict)

    @property
    def program(self) -> core.Program:
        """The contract."""
        return self.values.program

    # -- finding -------------------------------------------------------------------------------------------------------

    def find(self, expr: tree.Expr, given: Given, *, column: bool = False) -> Fact:
        """What an expression before `=`, or at the head of a column, names. Raises NoValue."""
        if isinstance(expr, tree.PathExpr):
            return self._named(".".join(p.text for p in expr.path.parts), expr.span, column)
        if isinstance(expr, tree.StateExpr):
            return self._state(expr.name)
        if isinstance(expr, tree.FieldExpr):
            return self._field(expr, given)
        if isinstance(expr, tree.CallExpr) and isinstance(expr.target, tree.PathExpr):
            return self._view(expr, expr.target.path, given)
        raise self._wrong("CCL0800", expr.span, "this names no fact", "a view, `command.field`, a parameter or a state")

    def _named(self, name: str, span: Span, column: bool) -> Fact:
        if name == "caller":
            return Fact("caller", name, t.DID)
        if name == "now":
            return Fact("now", name, t.TIMESTAMP)
        for kind, held in (("param", self.program.params), ("state", self.program.states)):
            for one in held:
                if one.name == name:
                    return Fact(kind, name, one.type)
        field_ = self._command_field(name)
        view = self.values.host.views.get(self._target(name))
        if field_ is not None and (column or view is None):
            return field_
        if view is not None:
            return Fact("view", view.name, view.result)
        raise self._unknown(name, span)

    def _target(self, name: str) -> str:
        """Primitives stand for views, and the dialect has its own word for one."""
        primitive = self.values.host.primitives.get(name)
        return primitive.target if primitive else {"caller_has_role": "role"}.get(name, name)

    def _command_field(self, name: str) -> Fact | None:
        for command in self.commands:
            field_ = command.field(name)
            if field_ is not None:
                return Fact("command", name, t.Option(field_.type) if field_.optional else field_.type)
        return None

    def _state(self, name: tree.Name) -> Fact:
        for state in self.program.states:
            if state.name == name.text:
                return Fact("state", state.name, state.type)
        raise self._unknown(name.text, name.span)

    def _field(self, expr: tree.FieldExpr, given: Given) -> Fact:
        target = expr.target
        if isinstance(target, tree.PathExpr) and target.path.text == "command":
            found = self._command_field(expr.name.text)
            if found is None:
                raise self._no_field(expr.name)
            return found
        inner = self.find(target, given)
        record = inner.type.item if isinstance(inner.type, t.Option) else inner.type
        spec = self.values.host.records.get(record.name) if isinstance(record, t.Record) else None
        field_ = spec.field(expr.name.text) if spec is not None else None
        if spec is None or field_ is None:
            near = closest(expr.name.text, [f.name for f in spec.fields]) if spec is not None else None
            raise self._wrong("CCL0803", expr.name.span, f"{inner.called} has no `{expr.name.text}`",
                              f"did you mean `{near}`?" if near else "")  # fmt: skip
        type_ = t.Option(field_.type) if field_.optional else field_.type
        return Fact(inner.kind, inner.name, type_, inner.args, (*inner.path, field_), spec.name)

    def _view(self, expr: tree.CallExpr, path: tree.Path, given: Given) -> Fact:
        view = self.values.host.views.get(self._target(path.text), _SETTING if path.text == "setting" else None)
        if view is None:
            raise self._unknown(path.text, path.span)
        if len(expr.args) > len(view.params):
            raise self._wrong("CCL0802", expr.span, f"`{view.name}` takes at most {len(view.params)} arguments", "")
        if not expr.args:
            return Fact("view", view.name, self._result(view, ()), () if not view.params or view.optional else None)
        args = tuple(
            self._argument(arg.value, type_, given, view.name)
            for arg, (_, type_) in zip(expr.args, view.params, strict=False)
        )
        if view is _SETTING and args[0] not in self.values.host.settings:
            near = closest(args[0], self.values.host.settings)
            raise self._wrong("CCL0800", expr.span, f"there is no setting `{args[0]}`",
                              f"did you mean `{near}`?" if near else "")  # fmt: skip
        return Fact("view", view.name, self._result(view, args), args)

    def _result(self, view: ViewSpec, args: Args) -> Type:
        """The type of its value; of a setting that of the setting; money in the unit that it was asked for."""
        if view.name == "setting" and args and args[0] in self.values.host.settings:
            return self.values.host.settings[args[0]].type
        units = [arg for arg, (_, type_) in zip(args, view.params, strict=False) if isinstance(type_, t.UnitCode)]
        return in_unit(view.result, units[0]) if units else view.result

    def _argument(self, expr: tree.Expr, type_: Type, given: Given, view: str) -> Any:
        """An argument; of a view that takes a name, the name may stand bare: `role(Steward)`."""
        if type_ == t.STRING and isinstance(expr, tree.PathExpr | tree.FieldExpr):
            names = _dotted(expr)
            if names and (view in ("role", "setting") or names in {r.name for r in self.program.roles}):
                return names
        if isinstance(type_, t.UnitCode) and isinstance(expr, tree.PathExpr):
            return expr.path.text
        value = self.values.of(expr, type_.item if isinstance(type_, t.Option) else type_, self.world(given), [])
        return (value,) if isinstance(type_, t.Option) else value

    # -- giving --------------------------------------------------------------------------------------------------------

    def give(self, given: Given, fact: Fact, value: tree.Expr) -> None:
        """Put a value to a fact. Raises NoValue."""
        made = self.values.of(value, fact.type, self.world(given), given.missing)
        if fact.path:
            self._give_part(given, fact, made)
        else:
            _GIVE[fact.kind](given, fact, made)

    def _give_part(self, given: Given, fact: Fact, value: Any) -> None:
        held = given.views.setdefault(fact.name, {})
        whole = held.get(fact.args)
        record = whole[0] if isinstance(whole, tuple) else whole
        head = Fact(fact.kind, fact.name, fact.type, fact.args).called
        if not isinstance(record, MadeRecord):
            record = MadeRecord(head, {}, given.missing)
        made = _nested(record, fact.path, value, given.missing, head)
        view = self.values.host.views[fact.name]
        held[fact.args] = (made,) if isinstance(view.result, t.Option) else made

    def world(self, given: Given) -> MadeWorld:
        """What a contract reads of what was given. A command's optional fields that were not given are absent."""
        fields = [f for command in self.commands for f in command.fields]
        attributes = {f.name: f.read_as for f in fields}
        absent: dict[str, Any] = {f.read_as: None for f in fields if f.optional}
        for f in fields:
            if not f.optional and f.type in (t.DID, t.STRING):
                absent[f.read_as] = Unset(f"command.{f.name}", given.missing)
        if self.values.unit:
            absent |= {f.read_as: self.values.unit for c in self.commands for f in c.fields if f.name == c.unit_field}
        return MadeWorld(given, attributes, absent)

    # -- what is wrong -------------------------------------------------------------------------------------------------

    def _unknown(self, name: str, span: Span) -> NoValue:
        near = closest(name, self._known())
        label = f"did you mean `{near}`?" if near else "no view, parameter, state or field of the command has this name"
        return self._wrong("CCL0800", span, f"there is no fact `{name}`", label)

    def _known(self) -> Iterable[str]:
        yield from self.values.host.views
        yield from (p.name for p in self.program.params)
        yield from (s.name for s in self.program.states)
        yield from (f.name for command in self.commands for f in command.fields)
        yield from ("caller", "now")

    def _no_field(self, name: tree.Name) -> NoValue:
        near = closest(name.text, [f.name for c in self.commands for f in c.fields])
        which = ", ".join(c.name for c in self.commands) or "a test without `on` a command"
        return self._wrong("CCL0803", name.span, f"{which} has no field `{name.text}`",
                           f"did you mean `{near}`?" if near else "")  # fmt: skip

    def _wrong(self, code: str, span: Span, message: str, label: str) -> NoValue:
        self.values.findings.error(code, span, message, label=label)
        return NoValue(message)


_SETTING = ViewSpec("setting", (("name", t.STRING),), t.INTEGER)
"""How settings are read: by a view that every host has; the setting itself says of which type it is."""


def _dotted(expr: tree.Expr) -> str:
    """`approval.above_minor` as a text; '' if it is no path."""
    parts: list[str] = []
    while isinstance(expr, tree.FieldExpr):
        parts.append(expr.name.text)
        expr = expr.target
    if not isinstance(expr, tree.PathExpr):
        return ""
    return ".".join((*(p.text for p in expr.path.parts), *reversed(parts)))


def _nested(record: MadeRecord, path: tuple[FieldSpec, ...], value: Any, missing: list[str], called: str) -> MadeRecord:
    head, rest = path[0], path[1:]
    if not rest:
        return record.with_field(head.read_as, value)
    inner = record.held(head.read_as)
    part = inner if isinstance(inner, MadeRecord) else MadeRecord(f"{called}.{head.name}", {}, missing)
    return record.with_field(head.read_as, _nested(part, rest, value, missing, f"{called}.{head.name}"))


def _give_view(given: Given, fact: Fact, value: Any) -> None:
    given.views.setdefault(fact.name, {})[fact.args] = value


def _give_caller(given: Given, fact: Fact, value: Any) -> None:
    given.caller = value


def _give_now(given: Given, fact: Fact, value: Any) -> None:
    given.now = value


def _give_command(given: Given, fact: Fact, value: Any) -> None:
    given.command[fact.name] = value[0] if isinstance(fact.type, t.Option) and value is not None else value


_GIVE: dict[str, Callable[[Given, Fact, Any], None]] = {
    "param": lambda given, fact, value: given.params.__setitem__(fact.name, value),
    "state": lambda given, fact, value: given.state.__setitem__(fact.name, value),
    "command": _give_command,
    "view": _give_view,
    "caller": _give_caller,
    "now": _give_now,
}
