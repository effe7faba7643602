"""Closures: only as arguments of any, all, map, filter, count, sum, find, min_by, max_by and fold.

A closure whose body is an expression becomes the body of a `Comprehension`. One that needs statements becomes a
function of its own, with what it takes from around as parameters, and the body calls that.
"""

from __future__ import annotations

from collections.abc import Sequence

from ccl import core
from ccl.elaborate import branches, patterns
from ccl.elaborate.builder import Builder, NeedsStatements
from ccl.elaborate.fitting import join, ordered, summed
from ccl.elaborate.mismatch import shown
from ccl.elaborate.resolve import resolve
from ccl.source import Span
from ccl.syntax import tree
from ccl.types import ANY, BOOL, INTEGER, NEVER, NOTHING, RATIO, Array, Map, Option, Range, Tuple, Type

MOST_NESTED = 6
"""So many closures may stand in each other."""


def infer_closure(b: Builder, e: tree.ClosureExpr) -> core.Expr:
    """A closure where a value is expected: there is none."""
    return b.error("CCL0174", e.span, "a closure is no value: it stands only in `xs.map(..)` and its like",
                   "make it a function")  # fmt: skip


def item_type(held: Type) -> Type | None:
    """What one goes over in a value of a type, None if nothing."""
    if isinstance(held, Array | Range):
        return held.item
    return Tuple((held.key, held.value)) if isinstance(held, Map) else None


def walk(b: Builder, kind: str, over: core.Expr, e: tree.Expr, want: Type | None, span: Span) -> core.Expr:
    """`over.kind(e)`; `want`: of what type the body is to be, None to infer it."""
    inside = item_type(over.type)
    assert inside is not None
    local = b.fresh("it")
    if isinstance(over, core.Op) and over.op.startswith("range.make"):
        b.ranges[local] = (b.bounds(over.args[0])[0], b.bounds(over.args[1])[1])
    body = b.deeper(8, e.span, lambda: apply(b, e, [core.Local(inside, e.span, local)], want))
    return comprehension(b, kind, over, local, body, span)


def comprehension(b: Builder, kind: str, over: core.Expr, local: str, body: core.Expr, span: Span) -> core.Expr:
    """The node, with its type."""
    inside = item_type(over.type)
    assert inside is not None
    most = getattr(over.type, "most", None)
    held = body.type
    result: Type
    if kind in ("any", "all"):
        result = BOOL
    elif kind == "count":
        result = INTEGER
    elif kind == "map":
        result = Array(held, most)
    elif kind == "filter":
        result = over.type if not isinstance(over.type, Range) else Array(inside, most)
    elif kind in ("find", "min_by", "max_by"):
        result = Option(inside)
        if kind != "find" and not ordered(held):
            b.error("CCL0170", body.span, f"values of {held} have no order", f"this is {shown(held)}")
    else:
        result = INTEGER if held is NEVER else held
        if not summed(held):
            return b.error("CCL0152", body.span, f"values of {held} cannot be summed", f"this is {shown(held)}")
    return core.Comprehension(result, span, kind, over, local, body, most)


def fold(b: Builder, over: core.Expr, start: core.Expr, e: tree.Expr, span: Span) -> core.Expr:
    """`over.fold(start, |sum, x| ..)`."""
    inside = item_type(over.type)
    assert inside is not None
    carried, local = b.fresh("so_far"), b.fresh("it")
    body = apply(b, e, [core.Local(start.type, e.span, carried), core.Local(inside, e.span, local)], start.type)
    most = getattr(over.type, "most", None)
    return core.Comprehension(start.type, span, "fold", over, local, body, most, start, carried)


def apply(b: Builder, e: tree.Expr, args: Sequence[core.Expr], want: Type | None) -> core.Expr:
    """The body of a closure, or a call of a function named, with these arguments."""
    if not isinstance(e, tree.ClosureExpr):
        return _by_name(b, e, args, want)
    if b.nest >= MOST_NESTED:
        return b.error("CCL0250", e.span, f"more than {MOST_NESTED} closures stand in each other",
                       "make this one a function")  # fmt: skip
    args = _spread(b, e, args)
    if len(args) != len(e.params):
        return b.error("CCL0175", e.span, f"this closure takes {len(e.params)}, and gets {len(args)}",
                       f"write {len(args)} name(s) between the bars")  # fmt: skip
    mark = b.mark()
    b.nest += 1
    if _plain(e.body):
        b.bare += 1
        try:
            scope = b.enter()
            _parameters(b, e, args)
            body = branches.value(b, e.body, want)
            b.exit(scope)
        except NeedsStatements:
            b.rewind(mark)
            b.nest += 1
        else:
            b.bare -= 1
            b.nest -= 1
            return _given(b, e, body)
    body = _lifted(b, e, args, want)
    b.nest -= 1
    return _given(b, e, body)


def _given(b: Builder, e: tree.ClosureExpr, body: core.Expr) -> core.Expr:
    if body.type is NOTHING:
        return b.error("CCL0182", e.body.span, "this closure gives no value", "its last line is its value")
    return body


def _spread(b: Builder, e: tree.ClosureExpr, args: Sequence[core.Expr]) -> Sequence[core.Expr]:
    """`|k, v|` over a map: the parts of each entry."""
    last = args[-1]
    if len(e.params) == len(args) + 1 and isinstance(last.type, Tuple) and len(last.type.items) == 2:
        parts = [core.Item(t, last.span, last, i) for i, t in enumerate(last.type.items)]
        return [*args[:-1], *parts]
    return args


def _parameters(b: Builder, e: tree.ClosureExpr, args: Sequence[core.Expr]) -> None:
    for (pattern, written), arg in zip(e.params, args, strict=True):
        if written is not None:
            declared = resolve(b.names, written)
            arg = b.coerce(arg, declared) if declared is not ANY else arg
        if arg.type in (ANY, NEVER):
            patterns.bind_unknown(b, pattern)
            continue
        if not patterns.irrefutable(b, pattern, arg.type):
            b.error("CCL0203", pattern.span, f"this pattern does not fit every {arg.type}", "may not fit")
        patterns.bring(b, patterns.read(b, pattern, arg))


_STATEMENTS = (tree.MatchExpr, tree.TryExpr, tree.ReturnExpr, tree.VerdictExpr, tree.LetCondition)


def _plain(e: tree.Expr) -> bool:
    """Whether a body looks like an expression through and through; a wrong guess costs a second attempt."""
    while isinstance(e, tree.BlockExpr):
        if e.block.statements or e.block.tail is None:
            return False
        e = e.block.tail
    if isinstance(e, tree.IfExpr):
        return not e.then.statements and not isinstance(e.condition, tree.LetCondition)
    return not isinstance(e, _STATEMENTS)


def _lifted(b: Builder, e: tree.ClosureExpr, args: Sequence[core.Expr], want: Type | None) -> core.Expr:
    """The closure as a function of its own, called."""
    shared = b.shared
    shared.count += 1
    name = f"{b.name}|{shared.count}"
    inner = Builder(shared, name, want, clause=b.clause, parent=b)
    inner.nest = b.nest
    own: list[core.Expr] = []
    for number, arg in enumerate(args):
        local = inner.fresh(f"arg{number}")
        inner.params.append((local, arg.type))
        own.append(core.Local(arg.type, arg.span, local))
    scope = inner.enter()
    _parameters(inner, e, own)
    body = branches.value(inner, e.body, want)
    inner.exit(scope)
    if inner.alive:
        if inner.result is not None and want is None:
            body = _returned(inner, body, e)
        inner.result = body.type if inner.result is None else inner.result
        inner.out.append(core.Return(e.body.span, body))
    result = inner.result if inner.result is not None else NEVER
    shared.lifted[name] = inner.function(e.span)
    b.calls.setdefault(name, e.span)
    return core.Call(result, e.span, name, (*args, *inner.captured))


def _returned(b: Builder, body: core.Expr, e: tree.ClosureExpr) -> core.Expr:
    """The tail beside a `return` in the same closure: of one type."""
    assert b.result is not None
    joined = join(b.result, body.type)
    if joined is None and {b.result, body.type} == {INTEGER, RATIO}:
        joined = RATIO
    if joined is None:
        return b.coerce(body, b.result, e.body)
    b.result = joined
    return body


def _by_name(b: Builder, e: tree.Expr, args: Sequence[core.Expr], want: Type | None) -> core.Expr:
    """A function named where a closure may stand: `xs.map(fee)`."""
    info = None
    if isinstance(e, tree.PathExpr) and len(e.path.parts) == 1 and b.lookup(e.path.text) is None:
        info = b.names.functions.get(e.path.text)
    if info is None:
        b.infer(e)
        return b.error("CCL0174", e.span, "here stands a closure", "such as `|x| x > 0`, or the name of a function")
    if len(info.params) != len(args):
        return b.error("CCL0175", e.span, f"`{info.name}` takes {len(info.params)}, and gets {len(args)}")
    values = tuple(b.coerce(a, p.type) for a, p in zip(args, info.params, strict=True))
    call = b.call(info, values, info.result, e.span)
    return call if want is None else b.coerce(call, want, e)
