"""What leaves: `?`, `try`, return, break, continue, and the verdicts of a clause."""

from __future__ import annotations

from ccl import core
from ccl.diagnostics import Edit, Fix
from ccl.elaborate import mismatch
from ccl.elaborate.branches import Want, agree, value
from ccl.elaborate.builder import Builder
from ccl.elaborate.fitting import fits
from ccl.elaborate.mismatch import shown
from ccl.source import Span
from ccl.syntax import tree
from ccl.types import ANY, BOOL, NEVER, NOTHING, Option, Result, Type

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
    if isinstance(want, Result) and fits(held.value, want.value) and not fits(held.value, want):
        return _gives_value(b, e, e.handler, held, want)
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


def _gives_value(b: Builder, e: tree.TryExpr, handler: tree.Expr, held: Result, want: Result) -> core.Expr:
    """`try may_fail() catch Ok(1)` where a Result is wanted: what is caught is a value, so `Ok` stands around all."""
    fixes: tuple[Fix, ...] = ()
    if isinstance(handler, tree.CallExpr) and len(handler.args) == 1 and _is_ok(handler.target):
        source, inside = e.span.source, handler.args[0].span
        edits = (Edit(Span(source, e.span.start, e.span.start), "Ok("),
                 Edit(Span(source, handler.span.start, inside.start), ""),
                 Edit(Span(source, inside.end, handler.span.end), ")"))  # fmt: skip
        fixes = (Fix("put all of it into `Ok(..)`", edits),)
    b.findings.error(
        "CCL0150", e.span, f"expected {want}, found {held.value}", label="this cannot fail: what fails is caught",
        notes=("To pass a failure on, leave `catch` away; to choose by it, write `match`.",), fixes=fixes,
    )  # fmt: skip
    return b.wrong(e.span)


def _is_ok(target: tree.Expr) -> bool:
    return isinstance(target, tree.PathExpr) and target.path.text == "Ok"


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
