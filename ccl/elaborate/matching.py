"""`match`: a switch where each arm is one variant, else tests in the order written."""

from __future__ import annotations

from collections.abc import Sequence

from ccl import core
from ccl.elaborate import patterns
from ccl.elaborate.branches import Want, agree, condition, value, value_span, wanted_of
from ccl.elaborate.builder import Arm, Builder
from ccl.source import Span
from ccl.syntax import tree
from ccl.types import ANY, BOOL, NEVER


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
    return want if first is None else wanted_of(want, first)


def _arm_span(arm: tree.MatchArm) -> Span:
    inner = arm.body
    return value_span(inner.block) if isinstance(inner, tree.BlockExpr) else inner.span


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
        return b.deeper(6, e.arms[at + 1].span, lambda: _tests(b, e, subject, at + 1, wanted_of(want, here)))

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
