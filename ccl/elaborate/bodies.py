"""Bodies to core: functions, clauses, guards, single expressions and constants of one contract.

`Bodies` is the composition root of this package: it holds the tables by which each kind of node is elaborated, what
the functions of a contract have in common, and what can only be said when all are known: recursion, effects, and a
policy that reaches what only an action may do.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from ccl import core
from ccl.diagnostics import Findings
from ccl.elaborate import (
    branches,
    calls,
    closures,
    effects,
    expressions,
    fields,
    leaving,
    literals,
    loops,
    matching,
    patterns,
    statements,
)
from ccl.elaborate.builder import Builder, ClauseFrame, Rules, Shared
from ccl.elaborate.names import UNSET, ConstantInfo, FunctionInfo, Names
from ccl.elaborate.resolve import resolve
from ccl.host import CommandSpec, Host
from ccl.source import Sources, Span
from ccl.syntax import tree
from ccl.types import ANY, BOOL, NEVER, NOTHING, OWN_UNIT, Type

_UNUSED = NOTHING
_want = branches.wanting

INFER: dict[type, Callable[[Builder, Any], core.Expr]] = {
    tree.IntLit: literals.infer_integer,
    tree.DecimalLit: literals.infer_decimal,
    tree.PercentLit: literals.infer_percent,
    tree.MoneyLit: literals.infer_money,
    tree.SpanOfTimeLit: literals.infer_span,
    tree.StringLit: literals.infer_string,
    tree.BoolLit: literals.infer_bool,
    tree.DidLit: literals.infer_did,
    tree.TimeLit: literals.infer_time,
    tree.PathExpr: expressions.infer_path,
    tree.StateExpr: expressions.infer_state,
    tree.FieldExpr: fields.infer_field,
    tree.IndexExpr: fields.infer_index,
    tree.CallExpr: calls.infer,
    tree.UnaryExpr: expressions.infer_unary,
    tree.BinaryExpr: expressions.infer_binary,
    tree.RangeExpr: expressions.infer_range,
    tree.TupleExpr: expressions.infer_tuple,
    tree.ListExpr: literals.infer_list,
    tree.RepeatExpr: literals.infer_repeat,
    tree.MapExpr: literals.infer_map,
    tree.StructExpr: fields.infer_struct,
    tree.IfExpr: _want(branches.branch, None),
    tree.LetCondition: branches.condition,
    tree.MatchExpr: _want(matching.match, None),
    tree.BlockExpr: branches.inner_block,
    tree.ClosureExpr: closures.infer_closure,
    tree.CastExpr: expressions.infer_cast,
    tree.TryExpr: _want(leaving.attempt, None),
    tree.ReturnExpr: leaving.give_back,
    tree.BreakExpr: leaving.break_out,
    tree.ContinueExpr: leaving.go_on,
    tree.VerdictExpr: leaving.verdict,
    tree.NamedExpr: expressions.infer_no_value,
    tree.InEachExpr: expressions.infer_no_value,
    tree.BlendExpr: expressions.infer_no_value,
    tree.Wrong: expressions.infer_nothing_here,
}

CHECK: dict[type, Callable[[Builder, Any, Type], core.Expr]] = {
    tree.IntLit: literals.check_integer,
    tree.DecimalLit: literals.check_decimal,
    tree.StringLit: literals.check_string,
    tree.PathExpr: expressions.check_path,
    tree.CallExpr: calls.check,
    tree.UnaryExpr: literals.check_negative,
    tree.BinaryExpr: expressions.check_binary,
    tree.RangeExpr: expressions.check_range,
    tree.TupleExpr: expressions.check_tuple,
    tree.ListExpr: literals.check_list,
    tree.RepeatExpr: literals.check_repeat,
    tree.MapExpr: literals.check_map,
    tree.IfExpr: branches.branch,
    tree.MatchExpr: matching.match,
    tree.BlockExpr: branches.check_block,
    tree.TryExpr: leaving.attempt,
}

EFFECT: dict[type, Callable[[Builder, Any], None]] = {
    tree.IfExpr: branches.effect_of(branches.branch),
    tree.MatchExpr: branches.effect_of(matching.match),
    tree.BlockExpr: branches.effect_block,
    tree.TryExpr: branches.effect_of(leaving.attempt),
    tree.CallExpr: calls.run,
}

STATEMENT: dict[type, Callable[[Builder, Any], None]] = {
    tree.Let: statements.let,
    tree.Assign: statements.assign,
    tree.ExprStatement: statements.expression,
    tree.While: loops.while_,
    tree.For: loops.for_each,
    tree.Require: statements.require,
    tree.Emit: statements.emit,
    tree.ItemStatement: statements.inner_item,
    tree.Wrong: statements.wrong,
}

RULES = Rules(MappingProxyType(INFER), MappingProxyType(CHECK), MappingProxyType(EFFECT), MappingProxyType(STATEMENT))


class Bodies:
    """Elaborates the bodies of one contract, in any order; `finish` looks at all of them together."""

    def __init__(self, names: Names, host: Host, findings: Findings, sources: Sources | None = None) -> None:
        self.names = names
        self.host = host
        self.findings = findings
        # Weakly, so that what is elaborated is let go at once when nobody holds it, without a garbage collector.
        itself = weakref.proxy(self)
        self.shared = Shared(
            names, host, findings, RULES, lambda info, span: Bodies._constant_at(itself, info, span), sources
        )
        self.done: dict[str, core.Function] = {}
        """Functions elaborated so far, by their unique names."""
        self.layers: dict[str, str] = {}
        self.places: dict[str, Span] = {}

    @property
    def lifted(self) -> Mapping[str, core.Function]:
        """Functions made of closures: they belong into the program too."""
        return self.shared.lifted

    # -- bodies --------------------------------------------------------------------------------------------------------

    def function(self, info: FunctionInfo, unique: str = "", layer: str = "") -> core.Function:
        """A function of the contract, by what callers see of it."""
        unique = unique or info.unique
        found = self.done.get(unique)
        if found is not None:
            return found
        b = self._builder(unique, info.result, layer or info.layer, info.decl.span)
        before, b.names.self_type = b.names.self_type, self._owner(info)
        for written, param in zip(info.decl.params, info.params, strict=True):
            self._parameter(b, written, param.type)
        if info.decl.body is None:
            self.findings.error("CCL0146", info.decl.span, f"`{info.name}` has no body", label="`{ .. }` is missing")
        else:
            b.because = None
            self._body(b, info.decl.body, info.result)
        b.names.self_type = before
        return self._made(b, info.decl.span)

    def _owner(self, info: FunctionInfo) -> Type | None:
        return info.params[0].type if info.method else self.names.self_type

    def _parameter(self, b: Builder, written: tree.Param, held: Type) -> None:
        p = written.pattern
        name = p.name.text if isinstance(p, tree.BindPattern) else "part"
        local = b.fresh(name)
        b.params.append((local, held))
        value = core.Local(held, p.span, local)
        if isinstance(p, tree.BindPattern):
            b.bind(name, value, p.name.span, mutable=p.mutable, declared=held)
        elif held is ANY:
            patterns.bind_unknown(b, p)
        else:
            patterns.bring(b, loops.irrefutable(b, p, value))

    def _body(self, b: Builder, block: tree.Block, result: Type) -> None:
        value = branches.body(b, block, result)
        if b.alive:
            b.emit(core.Return(value.span, b.nothing(value.span) if result is NOTHING else value))

    def clause(self, unique: str, block: tree.Block, commands: Sequence[CommandSpec], unit: str) -> core.Function:
        """The body of a clause about these commands; unit: of `in CREDIT`, '' or "$" for the command's own."""
        b = self._builder(unique, NOTHING, "clause", block.span, ClauseFrame(tuple(commands), unit or OWN_UNIT))
        tail = block.tail
        if tail is not None and not isinstance(tail, tree.VerdictExpr | tree.IfExpr | tree.MatchExpr | tree.BlockExpr):
            block = self._tail_as_statement(b, block, tail)
        self._body(b, block, NOTHING)
        return self._made(b, block.span)

    def _tail_as_statement(self, b: Builder, block: tree.Block, tail: tree.Expr) -> tree.Block:
        """A condition left at a clause's end decides nothing: it is told, and how to mend it."""
        mark = b.mark()
        held = b.infer(tail).type
        b.rewind(mark)
        if held is BOOL:
            effects.bare_condition(self.findings, tail.span)
            return tree.Block(block.span, block.statements, None)
        return block

    def guard(self, unique: str, expr: tree.Expr, commands: Sequence[CommandSpec], unit: str) -> core.Function:
        """A clause's `when`: a Bool."""
        frame = ClauseFrame(tuple(commands), unit or OWN_UNIT) if commands else None
        return self._expression(unique, expr, BOOL, (), "guard", frame)

    def expression(self, unique: str, expr: tree.Expr | tree.Block, held: Type | None,
                   params: Sequence[tuple[str, Type]] = (), layer: str = "policy") -> core.Function:  # fmt: skip
        """An expression as a function of parameters, such as a property; held None: its type is inferred."""
        return self._expression(unique, expr, held, params, layer, None)

    def action(self, unique: str, block: tree.Block, params: Sequence[tuple[str, Type]] = (),
               commands: Sequence[CommandSpec] = (), unit: str = "") -> core.Function:  # fmt: skip
        """An execution's or a trigger's body. commands: those that set a trigger off, as `command`."""
        frame = ClauseFrame(tuple(commands), unit or OWN_UNIT) if commands else None
        b = self._builder(unique, NOTHING, "action", block.span, frame)
        self._given(b, params, block.span)
        self._body(b, block, NOTHING)
        return self._made(b, block.span)

    def _given(self, b: Builder, params: Sequence[tuple[str, Type]], span: Span) -> None:
        for name, held in params:
            local = b.fresh(name)
            b.params.append((local, held))
            b.bind(name, core.Local(held, span, local), span, declared=held)

    def _expression(self, unique: str, expr: tree.Expr | tree.Block, held: Type | None,
                    params: Sequence[tuple[str, Type]], layer: str,
                    frame: ClauseFrame | None) -> core.Function:  # fmt: skip
        b = self._builder(unique, held, layer, expr.span, frame)
        self._given(b, params, expr.span)
        value = branches.block(b, expr, held) if isinstance(expr, tree.Block) else branches.value(b, expr, held)
        if b.result is None:
            b.result = value.type
        if b.alive:
            b.emit(core.Return(expr.span, value))
        return self._made(b, expr.span)

    def _builder(self, unique: str, result: Type | None, layer: str, span: Span,
                 frame: ClauseFrame | None = None) -> Builder:  # fmt: skip
        self.layers[unique] = layer
        self.places[unique] = span
        return Builder(self.shared, unique, result, layer=layer, clause=frame)

    def _made(self, b: Builder, span: Span) -> core.Function:
        made = b.function(span)
        self.done[b.name] = made
        return made

    # -- constants -----------------------------------------------------------------------------------------------------

    def constant(self, expr: tree.Expr, held: Type | None) -> Any:
        """The value of an expression that reads nothing; UNSET where it is wrong (told)."""
        return self._evaluated(expr, held)[1]

    def typed_constant(self, expr: tree.Expr) -> tuple[Type, Any]:
        """The type and the value of an expression that reads nothing; (ANY, UNSET) where it is wrong (told)."""
        return self._evaluated(expr, None)

    def value_of(self, info: ConstantInfo) -> Any:
        """The value of a constant; UNSET where it is wrong (told)."""
        if info.value is UNSET and not info.busy and info.type is not ANY:
            info.busy = True
            decl = info.decl
            if decl.value is None:
                self.findings.error("CCL0188", decl.span, f"`{info.name}` has no value", label="write `= ..`")
                info.type = ANY
            else:
                held, value = self._evaluated(decl.value, info.type)
                info.value = value
                if info.type is None or value is UNSET:
                    info.type = held if value is not UNSET else ANY
            info.busy = False
        return info.value

    def _constant_at(self, info: ConstantInfo, span: Span) -> core.Expr:
        """A constant where it is named."""
        if info.busy:
            self.findings.error("CCL0133", info.decl.name.span, f"the constant `{info.name}` needs itself",
                                label="its value comes back to it")  # fmt: skip
            return core.Const(ANY, span, None)
        value = self.value_of(info)
        return core.Const(ANY, span, None) if value is UNSET else core.Const(info.type or ANY, span, value)

    def _evaluated(self, expr: tree.Expr, held: Type | None) -> tuple[Type, Any]:
        mark = self.findings.mark()
        b = Builder(self.shared, f"constant {self.shared.count}", held, layer="policy")
        self.shared.count += 1
        value = b.deeper(10, expr.span, lambda: branches.value(b, expr, held))
        if b.alive:
            b.emit(core.Return(expr.span, value))
        if any(d.severity == "error" for d in self.findings.all[mark:]) or value.type in (ANY, NEVER):
            return ANY, UNSET
        if isinstance(value, core.Const) and len(b.out) == 1:
            return value.type, value.value
        b.result = value.type
        return value.type, effects.evaluated(self, b.function(expr.span), expr.span)

    def reached(self, name: str) -> core.Function | None:
        """A function by its unique name, elaborated if it is not yet."""
        found = self.done.get(name) or self.shared.lifted.get(name)
        if found is None:
            info = next((f for f in self.names.all_functions() if f.unique == name), None)
            found = None if info is None else self.function(info)
        return found

    # -- all together --------------------------------------------------------------------------------------------------

    def everything(self) -> dict[str, core.Function]:
        """Elaborate all functions and methods that the names declare, and evaluate all constants."""
        for constant in self.names.constants.values():
            self.value_of(constant)
        for state in self.names.states.values():
            if state.type is None and state.decl.value is not None:
                state.type = self._evaluated(state.decl.value, None)[0]
        for info in self.names.all_functions():
            self.function(info)
        return self.done

    def finish(self, functions: Iterable[core.Function] | None = None) -> dict[str, core.Function]:
        """All functions, those of closures included, each with what its callees do. Tells of recursion and of policies
        that reach what only an action may do."""
        every = {f.name: f for f in (self.done.values() if functions is None else functions)}
        every |= {name: f for name, f in self.shared.lifted.items() if name not in every}
        found = effects.settled(self, every)
        return {name: replace(f, effects=found[name]) for name, f in every.items()}


def declared_type(names: Names, written: tree.TypeExpr) -> Type:
    """A type as written, resolved: for the contract level."""
    return resolve(names, written)
