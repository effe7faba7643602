"""Control inside expressions: blocks, if, if let, try, return, break, continue, verdicts.

`want` is the type wanted of the value: None to infer it, NOTHING where the value is not used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ccl import core
from ccl.diagnostics import Edit, Fix, Label
from ccl.elaborate import mismatch, patterns
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
    orelse = b.arm(lambda: _else(b, e, _wanted(want, then)))
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
    return (_value_span(e.then), e.span if e.orelse is None else _value_span(e.orelse))


def _value_span(of: tree.Block | tree.IfExpr) -> Span:
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


def _wanted(want: Want, first: Arm) -> Want:
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
    orelse = b.arm(lambda: _else(b, e, _wanted(want, then)))
    then, orelse = agree(b, (then, orelse), want, _spans(e))
    phis, found = b.merge((then, orelse), e.span)
    b.meet(core.If(e.span, patterns.test_of(matched, let.span), core.Block(tuple(then.statements)),
                   core.Block(tuple(orelse.statements)), phis))  # fmt: skip
    return found


# -- match -------------------------------------------------------------------------------------------------------------


def match(b: Builder, e: tree.MatchExpr, want: Want) -> core.Expr:
    """`match`: a Switch where each arm is one variant, else tests in the order written."""
    return b.deeper(8, e.span, lambda: _match(b, e, want))


def _match(b: Builder, e: tree.MatchExpr, want: Want) -> core.Expr:
    subject = b.keep(b.infer(e.subject), "subject")
    if subject.type is ANY:
        return _match_unknown(b, e, want)
    patterns.exhaustive(b, e, subject.type)
    if not e.arms:
        return b.leave(core.Trap(e.span, "unwrap")) if subject.type is NEVER else b.nothing(e.span)
    plan = patterns.switch_plan(b, e, subject)
    if plan is not None:
        return _switch(b, e, subject, plan, want)
    return _tests(b, e, subject, 0, want)


def _match_unknown(b: Builder, e: tree.MatchExpr, want: Want) -> core.Expr:
    """The subject is wrong, and that is told: look into the arms all the same, with names of unknown type."""
    for arm in e.arms:
        def inside(arm: tree.MatchArm = arm) -> core.Expr:
            scope = b.enter()
            patterns.bind_unknown(b, arm.pattern)
            if arm.guard is not None:
                condition(b, arm.guard)
            value(b, arm.body, want)
            b.exit(scope)
            return b.nothing(e.span)

        b.arm(inside)
    return b.wrong(e.span)


def _switch(b: Builder, e: tree.MatchExpr, subject: core.Expr, plan: list[patterns.Case], want: Want) -> core.Expr:
    arms: list[Arm] = []
    names: list[tuple[str, ...]] = []
    spans: list[Span] = []
    for case in plan:

        def inside(case: patterns.Case = case) -> core.Expr:
            scope = b.enter()
            names.append(patterns.bind_case(b, case, subject))
            found = value(b, case.arm.body, _after(want, arms))
            b.exit(scope)
            return found

        arms.append(b.arm(inside))
        spans.append(_arm_span(case.arm))
    agreed = agree(b, arms, want, spans)
    phis, found = b.merge(agreed, e.span)
    cases = tuple(core.Case(c.index, n, core.Block(tuple(a.statements)))
                  for c, n, a in zip(plan, names, agreed, strict=True) if c.index >= 0)  # fmt: skip
    default = core.Block(tuple(agreed[-1].statements)) if plan[-1].index < 0 else None
    b.meet(core.Switch(e.span, subject, cases, default, phis))
    return found


def _after(want: Want, arms: Sequence[Arm]) -> Want:
    first = next((a for a in arms if a.alive), None)
    return want if first is None else _wanted(want, first)


def _arm_span(arm: tree.MatchArm) -> Span:
    inner = arm.body
    return _value_span(inner.block) if isinstance(inner, tree.BlockExpr) else inner.span


def _tests(b: Builder, e: tree.MatchExpr, subject: core.Expr, at: int, want: Want) -> core.Expr:
    """The arms from `at` on: the first that fits. The last is known to fit where nothing else did."""
    arm = e.arms[at]
    matched = patterns.read(b, arm.pattern, subject)
    last = at + 1 == len(e.arms)

    def inside() -> core.Expr:
        scope = b.enter()
        patterns.bring(b, matched)
        found = value(b, arm.body, want)
        b.exit(scope)
        return found

    if arm.guard is None and (last or not matched.tests):
        return inside()
    test = patterns.test_of(matched, arm.span)
    if arm.guard is not None:
        test = _guarded(b, arm, matched, test)
    here = b.arm(inside)

    def others() -> core.Expr:
        if last:  # told already: not all values are covered
            return b.leave(core.Trap(e.span, "unwrap"))
        return b.deeper(6, e.arms[at + 1].span, lambda: _tests(b, e, subject, at + 1, _wanted(want, here)))

    rest = b.arm(others)
    here, rest = agree(b, (here, rest), want, (_arm_span(arm), _arm_span(e.arms[min(at + 1, len(e.arms) - 1)])))
    phis, found = b.merge((here, rest), e.span)
    b.meet(core.If(arm.span, test, core.Block(tuple(here.statements)), core.Block(tuple(rest.statements)), phis))
    return found


def _guarded(b: Builder, arm: tree.MatchArm, matched: patterns.Matched, test: core.Expr) -> core.Expr:
    """The pattern's test and the guard, which is evaluated only where the pattern fits."""
    guard = arm.guard
    assert guard is not None

    def inside() -> core.Expr:
        scope = b.enter()
        patterns.bring(b, matched, silent=True)
        found = condition(b, guard)
        b.exit(scope)
        return found

    held = b.arm(inside)
    if not held.statements:
        return core.And(BOOL, arm.span, test, held.value)
    failed = b.arm(lambda: core.Const(BOOL, arm.span, False))
    phis, found = b.merge((held, failed), arm.span)
    b.meet(core.If(arm.span, test, core.Block(tuple(held.statements)), core.Block(()), phis))
    return found


# -- try ---------------------------------------------------------------------------------------------------------------


def attempt(b: Builder, e: tree.TryExpr, want: Want) -> core.Expr:
    """`e?`, `try e`, `try e catch x { .. }`."""
    if e.handler is None:
        found = _pass_on(b, e)
        if want is None or want is NOTHING:
            return found
        return b.coerce(found, want, e)
    subject = b.infer(e.value)
    held = subject.type
    if held in (ANY, NEVER) or not isinstance(held, Result):
        if held not in (ANY, NEVER):
            b.findings.error("CCL0173", e.value.span, "this cannot fail, so there is nothing to catch",
                             label=f"it is {shown(held)}",
                             notes=("`try` catches `Err` of a Result; a trap or a refusal ends the whole evaluation.",),
                             )  # fmt: skip
        return b.wrong(e.span)
    kept = b.keep(subject, "tried")
    ok = core.Payload(held.value, e.value.span, kept, 1, 0)
    well = b.arm(lambda: ok if want is None else b.nothing(e.span) if want is NOTHING else b.coerce(ok, want, e.value))
    handler, name, failure = e.handler, e.name, held.error

    def inside() -> core.Expr:
        scope = b.enter()
        if name is not None:
            b.bind(name.text, core.Payload(failure, name.span, kept, 0, 0), name.span)
        found = value(b, handler, held.value if want is None and held.value is not NEVER else want)
        b.exit(scope)
        return found

    ill = b.arm(inside)
    well, ill = agree(b, (well, ill), want, (e.value.span, handler.span))
    phis, found = b.merge((well, ill), e.span)
    b.meet(core.If(e.span, core.IsVariant(BOOL, e.span, kept, 1), core.Block(tuple(well.statements)),
                   core.Block(tuple(ill.statements)), phis))  # fmt: skip
    return found


def _pass_on(b: Builder, e: tree.TryExpr) -> core.Expr:
    """`e?`: the value, or leave the function with the error (or with None)."""
    subject = b.infer(e.value)
    held = subject.type
    if held in (ANY, NEVER):
        return core.Const(ANY, e.span, None)
    if not isinstance(held, Result | Option):
        return b.error("CCL0173", e.value.span, "this cannot fail, so there is nothing to pass on",
                       f"it is {shown(held)}")  # fmt: skip
    result = b.result
    kept = b.keep(subject, "tried")
    if isinstance(held, Result):
        if result is None:
            result = b.result = Result(ANY, held.error)
        if not isinstance(result, Result) or not fits(held.error, result.error):
            return _cannot_pass(b, e, held)
        away: core.Expr = core.MakeVariant(result, e.span, 0, (core.Payload(held.error, e.span, kept, 0, 0),))
        inside: Type = held.value
    else:
        if result is None:
            result = b.result = Option(ANY)
        if not isinstance(result, Option):
            return _cannot_pass(b, e, held)
        away, inside = core.MakeVariant(result, e.span, 0, ()), held.item
    leave = core.Block((core.Return(e.span, away),))
    b.emit(core.If(e.span, core.IsVariant(BOOL, e.span, kept, 1), core.Block(()), leave))
    return core.Payload(inside, e.span, kept, 1, 0)


def _cannot_pass(b: Builder, e: tree.TryExpr, held: Type) -> core.Expr:
    gives = "nothing" if b.result is None or b.result is NOTHING else str(b.result)
    b.findings.error(
        "CCL0172", e.span, f"`?` would leave with what the function cannot return: it returns {gives}",
        label=f"this is {shown(held)}",
        notes=("Handle it here: `try .. catch e { .. }`, `??` or `match`; or let the function return it.",),
    )  # fmt: skip
    return b.wrong(e.span)


# -- leaving -----------------------------------------------------------------------------------------------------------


def give_back(b: Builder, e: tree.ReturnExpr) -> core.Expr:
    """`return e`."""
    if b.result is None:  # a closure whose result is inferred
        found = b.nothing(e.span) if e.value is None else b.infer(e.value)
        b.result = found.type
        return b.leave(core.Return(e.span, found))
    if e.value is None:
        if b.result is not NOTHING:
            b.findings.error("CCL0225", e.span, f"the function returns {shown(b.result)}: say which",
                             label="`return` without a value")  # fmt: skip
        return b.leave(core.Return(e.span, b.nothing(e.span)))
    if b.result is NOTHING:
        found = b.infer(e.value)
        if found.type not in (NOTHING, NEVER, ANY):
            mismatch.tell(b, found, NOTHING, e.value)
        found = b.nothing(e.span)
    else:
        found = b.check(e.value, b.result)
    return b.leave(core.Return(e.span, found))


def break_out(b: Builder, e: tree.BreakExpr) -> core.Expr:
    """`break`."""
    if b.loop is None:
        return b.error("CCL0222", e.span, "`break` stands in a loop", "there is none around it")
    values = tuple(binding.value for binding in b.loop.carried)
    if b.alive:
        b.loop.broken = True
        b.loop.left_with.append(values)
    return b.leave(core.Break(e.span, values))


def go_on(b: Builder, e: tree.ContinueExpr) -> core.Expr:
    """`continue`."""
    if b.loop is None:
        return b.error("CCL0222", e.span, "`continue` stands in a loop", "there is none around it")
    values = tuple(binding.value for binding in b.loop.carried)
    if b.alive:
        b.loop.left_with.append(values)
    return b.leave(core.Continue(e.span, values))


def verdict(b: Builder, e: tree.VerdictExpr) -> core.Expr:
    """`permit`, `deny "why"`, `trap "why"`."""
    if e.verdict in ("permit", "allow"):
        if b.layer != "clause":
            return b.error("CCL0226", e.span, f"only a clause can {e.verdict}",
                           "a function returns what a clause asks of it")  # fmt: skip
        return b.leave(core.Return(e.span, b.nothing(e.span)))
    text, keyed = reason(b, e.reason)
    if e.verdict == "trap":
        return b.leave(core.Trap(e.span, "explicit", text))
    return b.leave(core.Refuse(e.span, b.require(b.written(e.span), text, keyed, e.span)))


def reason(b: Builder, e: tree.Expr | None) -> tuple[str, bool]:
    """Why: a text, or a key of the text catalogue (then true)."""
    if e is None:
        return "", False
    if isinstance(e, tree.StringLit):
        return e.value, False
    if isinstance(e, tree.PathExpr):
        return e.path.text.replace("::", "."), True
    if isinstance(e, tree.FieldExpr):
        inner, _ = reason(b, e.target)
        return f"{inner}.{e.name.text}", True
    b.findings.error("CCL0228", e.span, "a reason is a text in quotes, or a key of the contract's texts",
                     label="not worked out here",
                     notes=("The explanation shows the facts anyhow: the amounts, the limits, who asked.",),
                     )  # fmt: skip
    return "", False


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
