"""Control inside expressions: blocks, `if`, `if let`; what a value is wanted as.

`want` is the type wanted of the value: None to infer it, NOTHING where the value is not used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ccl import core
from ccl.diagnostics import Edit, Fix, Label
from ccl.elaborate import patterns
from ccl.elaborate.builder import Arm, Builder
from ccl.elaborate.fitting import fits, join
from ccl.elaborate.mismatch import shown
from ccl.source import Span
from ccl.syntax import tree
from ccl.types import (
    ANY,
    BOOL,
    INTEGER,
    NEVER,
    NOTHING,
    RATIO,
    Enum,
    Exact,
    Money,
    Option,
    Result,
    Struct,
    Type,
)

Want = Type | None


def value(b: Builder, e: tree.Expr, want: Want) -> core.Expr:
    """An expression as wanted."""
    if want is None:
        return b.infer(e)
    if want is NOTHING:
        effect(b, e)
        return b.nothing(e.span)
    return b.check(e, want)


def effect(b: Builder, e: tree.Expr) -> None:
    """An expression for what it does: its value is not used."""
    rule = b.rules.effect.get(e.__class__)
    if rule is not None:
        rule(b, e)
        return
    drop(b, b.infer(e), e)


def drop(b: Builder, found: core.Expr, e: tree.Expr) -> None:
    """Evaluate for traps and requirements; tell of what does nothing at all."""
    if found.type in (NEVER, ANY) or not b.alive:
        return
    if isinstance(found, core.Local | core.Const) and found.type in (NOTHING, ANY):
        return
    if isinstance(found.type, Result):
        b.findings.warning("CCL0246", e.span, "nobody looks whether this failed", label=f"a {found.type} is dropped",
                           notes=("Pass it on with `?`, or handle it: `try .. catch e { .. }`.",))  # fmt: skip
    elif not isinstance(found, core.Call | core.View) and found.type is not NOTHING:
        compared = isinstance(e, tree.BinaryExpr) and e.operator == "=="
        b.findings.warning(
            "CCL0224", e.span, "this has no effect: its value is not used",
            label="was `=` meant?" if compared else "a value that nobody uses",
        )  # fmt: skip
    b.emit(core.Evaluate(e.span, found))


# -- blocks ------------------------------------------------------------------------------------------------------------


def block(b: Builder, of: tree.Block, want: Want) -> core.Expr:
    """A block in a scope of its own; its value is that of its tail."""
    scope = b.enter()
    found = body(b, of, want)
    b.exit(scope)
    return found


def body(b: Builder, of: tree.Block, want: Want) -> core.Expr:
    """The statements and the tail of a block, in the scope that is open."""
    return b.deeper(8, of.span, lambda: _body(b, of, want))


def _body(b: Builder, of: tree.Block, want: Want) -> core.Expr:
    rules = b.rules.statement
    told = False
    mark = b.findings.mark()
    for statement in of.statements:
        if not b.alive and not told:
            told = _unreachable(b, statement.span)
        mark = b.findings.mark()
        rules[statement.__class__](b, statement)
    if of.tail is not None:
        if not b.alive and not told:
            _unreachable(b, of.tail.span)
        found = value(b, of.tail, want)
        return found if b.alive else core.Const(NEVER, of.tail.span, None)
    end = Span(of.span.source, max(of.span.start, of.span.end - 1), of.span.end)
    if not b.alive:
        return core.Const(NEVER, end, None)
    if want is None or want is NOTHING or want is ANY:
        return b.nothing(end)
    if [d.code for d in b.findings.all[mark:]] == ["CCL0224"]:
        b.findings.rewind(mark)  # a last line whose value is dropped was meant to be the value
    _no_tail(b, of, want, end)
    return b.wrong(end)


def _unreachable(b: Builder, span: Span) -> bool:
    b.findings.warning("CCL0223", span, "this never runs: what stands before it always leaves",
                       label="never reached")  # fmt: skip
    return True


def _no_tail(b: Builder, of: tree.Block, want: Type, end: Span) -> None:
    also: tuple[Label, ...] = ()
    fixes: tuple[Fix, ...] = ()
    last = of.statements[-1] if of.statements else None
    if isinstance(last, tree.ExprStatement) and last.semicolon:
        mark = Span(last.span.source, last.value.span.end, last.span.end)
        also = (Label(mark, "the `;` here drops the value"),)
        fixes = (Fix("remove the `;`", (Edit(mark, ""),), applicable=False),)
    if b.because is not None and b.because[0] is want:
        also = (*also, b.because[1])
    b.findings.error("CCL0225", end, f"this block ends without a value; {shown(want)} is needed",
                     label="a last line without `;`, or a `return`, gives it", also=also, fixes=fixes)  # fmt: skip


# -- if ----------------------------------------------------------------------------------------------------------------


def condition(b: Builder, e: tree.Expr) -> core.Expr:
    """A Bool that is tested."""
    if isinstance(e, tree.LetCondition):
        return b.error("CCL0190", e.span, "`let` in a condition stands alone", "nest a second `if` inside")
    found = b.infer(e)
    if fits(found.type, BOOL):
        return found
    notes: tuple[str, ...] = ()
    if isinstance(found.type, Option):
        notes = ("`x.is_some()` asks whether there is one; `if let Some(y) = x { .. }` takes it.",)
    elif found.type is INTEGER:
        notes = ("A number is not true or false: compare it, `x != 0`.",)
    b.findings.error("CCL0156", e.span, f"a condition is true or false, and this is {shown(found.type)}",
                     label=f"{found.type}", notes=notes)  # fmt: skip
    return b.wrong(e.span)


def branch(b: Builder, e: tree.IfExpr, want: Want) -> core.Expr:
    """`if`, `if let`, with or without `else`."""
    if isinstance(e.condition, tree.LetCondition):
        return _if_let(b, e, e.condition, want)
    if _chained(e.condition):
        b.error("CCL0190", e.condition.span, "`let` in a condition stands alone", "nest a second `if` inside")
        return b.wrong(e.span)
    test = condition(b, e.condition)
    then = b.arm(lambda: block(b, e.then, want))
    orelse = b.arm(lambda: _else(b, e, wanted_of(want, then)))
    then, orelse = agree(b, (then, orelse), want, _spans(e))
    simple = then.alive and orelse.alive and not then.statements and not orelse.statements
    if simple and then.value.type is not NOTHING and all(x is y for x, y in zip(then.ends, orelse.ends, strict=True)):
        held = join(then.value.type, orelse.value.type) or ANY
        return core.Cond(held, e.span, test, then.value, orelse.value)
    phis, found = b.merge((then, orelse), e.span)
    b.meet(core.If(e.span, test, core.Block(tuple(then.statements)), core.Block(tuple(orelse.statements)), phis))
    return found


def _chained(e: tree.Expr) -> bool:
    while isinstance(e, tree.BinaryExpr) and e.operator in ("&&", "||"):
        if isinstance(e.right, tree.LetCondition):
            return True
        e = e.left
        if isinstance(e, tree.LetCondition):
            return True
    return False


def _spans(e: tree.IfExpr) -> tuple[Span, Span]:
    return (value_span(e.then), e.span if e.orelse is None else value_span(e.orelse))


def value_span(of: tree.Block | tree.IfExpr) -> Span:
    return of.tail.span if isinstance(of, tree.Block) and of.tail is not None else of.span


def _else(b: Builder, e: tree.IfExpr, want: Want) -> core.Expr:
    if e.orelse is None:
        if want is not None and want is not NOTHING and want is not ANY:
            b.findings.error("CCL0163", e.span, "without `else` this has no value when the condition is false",
                             label=f"{shown(want)} is needed")  # fmt: skip
            return b.wrong(e.span)
        return b.nothing(e.span)
    if isinstance(e.orelse, tree.Block):
        return block(b, e.orelse, want)
    return value(b, e.orelse, want)


def wanted_of(want: Want, first: Arm) -> Want:
    """What is wanted of a later branch: that of the first where it is telling, so that numbers take its type."""
    if want is not None or not first.alive:
        return want
    held = first.value.type
    return held if isinstance(held, Money | Exact | Enum | Struct) else None


def agree(b: Builder, arms: Sequence[Arm], want: Want, spans: Sequence[Span]) -> list[Arm]:
    """The branches with their values made of one type; an error where there is none."""
    if want is NOTHING:
        return list(arms)
    common: Type = NEVER
    first: Span | None = None
    for arm, span in zip(arms, spans, strict=True):
        if not arm.alive:
            continue
        held = arm.value.type
        joined = join(common, held)
        if joined is None and {common, held} == {INTEGER, RATIO}:
            joined = RATIO
        if joined is None:
            if want is None and NOTHING in (common, held):  # a statement: the value of one branch is dropped
                common = NOTHING
                continue
            _disagree(b, span, held, common, first or span)
            joined = ANY
        elif first is None:
            first = span
        common = joined
    done = []
    for arm in arms:
        if arm.alive and common is NOTHING and arm.value.type is not NOTHING:
            arm = arm._replace(value=b.nothing(arm.value.span))
        elif arm.alive and common is RATIO and arm.value.type is INTEGER:
            arm = arm._replace(value=b.coerce(arm.value, RATIO))
        done.append(arm)
    return done


def _disagree(b: Builder, span: Span, held: Type, common: Type, first: Span) -> None:
    b.findings.error("CCL0162", span, f"the branches give different types: {common} and {held}",
                     label=f"this is {shown(held)}", also=(Label(first, f"this is {shown(common)}"),))  # fmt: skip


def _if_let(b: Builder, e: tree.IfExpr, let: tree.LetCondition, want: Want) -> core.Expr:
    subject = b.keep(b.infer(let.value), "subject")
    if patterns.irrefutable(b, let.pattern, subject.type):
        b.findings.warning("CCL0207", let.pattern.span, "this pattern always fits", label="a plain `let` says the same")
    matched = patterns.read(b, let.pattern, subject)

    def inside() -> core.Expr:
        scope = b.enter()
        patterns.bring(b, matched)
        found = block(b, e.then, want)
        b.exit(scope)
        return found

    then = b.arm(inside)
    orelse = b.arm(lambda: _else(b, e, wanted_of(want, then)))
    then, orelse = agree(b, (then, orelse), want, _spans(e))
    phis, found = b.merge((then, orelse), e.span)
    b.meet(core.If(e.span, patterns.test_of(matched, let.span), core.Block(tuple(then.statements)),
                   core.Block(tuple(orelse.statements)), phis))  # fmt: skip
    return found


def wanting(rule: Callable[[Builder, Any, Want], core.Expr], want: Want) -> Callable[[Builder, Any], core.Expr]:
    """A rule with its `want` fixed."""
    return lambda b, e: rule(b, e, want)


def effect_of(rule: Callable[[Builder, Any, Want], core.Expr]) -> Callable[[Builder, Any], None]:
    """A rule for statements: the value is not used."""

    def run(b: Builder, e: Any) -> None:
        rule(b, e, NOTHING)

    return run


def inner_block(b: Builder, e: tree.BlockExpr) -> core.Expr:
    """A block as an expression."""
    return block(b, e.block, None)


def check_block(b: Builder, e: tree.BlockExpr, expected: Type) -> core.Expr:
    """A block where a type is expected."""
    return block(b, e.block, expected)


def effect_block(b: Builder, e: tree.BlockExpr) -> None:
    """A block as a statement."""
    block(b, e.block, NOTHING)
