"""Loops: over arrays, maps and ranges, and counted ones. Each has a number of rounds that it cannot exceed.

A loop carries the variables that its body assigns. A `while` says its limit, or counts: its condition compares a
variable, which the body only ever moves by a constant, with something the loop does not change; then the rounds are
known from where it starts and how far that can be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

from ccl import core
from ccl.diagnostics import Edit, Fix
from ccl.elaborate import branches, growth, patterns
from ccl.elaborate.builder import Binding, Bounds, Builder, LoopFrame
from ccl.elaborate.fitting import join, loosened
from ccl.elaborate.mismatch import shown
from ccl.source import Span
from ccl.syntax import tree
from ccl.types import ANY, BOOL, DATE, INTEGER, NEVER, NOTHING, Array, Map, Range, Tuple, Type

MOST_ROUNDS = 1_000_000
MOST_NESTED = 12
"""Loops that stand in each other: so many that each can be a loop of Python, which has a limit of its own."""
_ATTEMPTS = 3
"""What a loop carries has its types after so many attempts, or has none that holds in every round."""
CHANGING = frozenset(("push", "append", "insert", "remove", "remove_at", "extend", "set", "sort", "reverse", "clear",
                      "truncate", "delete"))  # fmt: skip
"""Methods that, as a statement on a variable, assign it."""


# -- what a body assigns -----------------------------------------------------------------------------------------------

_FIELDS: dict[type, tuple[str, ...]] = {}


def _children(node: Any) -> Iterator[Any]:
    names = _FIELDS.get(node.__class__)
    if names is None:
        names = tuple(f.name for f in fields(node) if f.name != "span")
        _FIELDS[node.__class__] = names
    for name in names:
        part = getattr(node, name)
        if isinstance(part, tree.Node):
            yield part
        elif isinstance(part, tuple):
            yield from _nodes(part)


def _nodes(parts: tuple[Any, ...]) -> Iterator[Any]:
    for part in parts:
        if isinstance(part, tree.Node):
            yield part
        elif isinstance(part, tuple):
            yield from _nodes(part)


def root_name(e: tree.Expr) -> str:
    """The name that a place begins with: `a` of `a.b[i]`; '' if it is none."""
    while isinstance(e, tree.FieldExpr | tree.IndexExpr):
        e = e.target
    return e.path.parts[0].text if isinstance(e, tree.PathExpr) and len(e.path.parts) == 1 else ""


def changed_by_call(e: tree.CallExpr) -> str:
    """The variable that a call changes where it is a statement: `xs.push(x)`, `array_push(xs, x)`; else ''."""
    if isinstance(e.target, tree.FieldExpr) and e.target.name.text in CHANGING:
        return root_name(e.target.target)
    if isinstance(e.target, tree.PathExpr) and e.args and len(e.target.path.parts) == 1:
        what, _, how = e.target.path.parts[0].text.partition("_")
        if what in ("array", "map", "list", "vec") and how in CHANGING:
            return root_name(e.args[0].value)
    return ""


def assigned(body: tree.Node) -> set[str]:
    """All names that are assigned in it, `let` again included; more than are is no harm."""
    found: set[str] = set()
    waiting: list[Any] = [body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, tree.Assign):
            found.add(root_name(node.target))
        elif isinstance(node, tree.CallExpr):
            found.add(changed_by_call(node))
        elif isinstance(node, tree.Let) and isinstance(node.pattern, tree.BindPattern):
            found.add(node.pattern.name.text)
        waiting.extend(_children(node))
    return found


# -- any loop ----------------------------------------------------------------------------------------------------------


def loop(b: Builder, span: Span, over: core.Expr, most: int | None, hint: str, names: set[str],
         run: Callable[[core.Expr], None]) -> bool:  # fmt: skip
    """A loop: run elaborates the body, given the item. Whether a `break` leaves it."""
    carried = [m for m in b.mutables if m.name in names and b.env.get(m.name) is m]
    types = [m.declared or loosened(m.value.type) for m in carried]
    if b.loop is not None and b.loop.depth >= MOST_NESTED:
        b.error("CCL0250", span, f"more than {MOST_NESTED} loops stand in each other", "make this one a function")
        return False
    for left in reversed(range(_ATTEMPTS + 1)):
        mark = b.mark()
        made, result = _attempt(b, span, over, most, hint, carried, types, run, last=not left)
        if made is not None:
            b.emit(made)
            gained = growth.of_loop(b, made, [[ends[i] for ends in result.left_with] for i in range(len(carried))])
            for binding, c, held in zip(carried, made.carried, gained, strict=True):
                binding.value = core.Local(held if binding.declared is None else c.type, span, c.result)
            return result.broken
        b.rewind(mark)
        for i, (binding, held) in enumerate(zip(carried, types, strict=True)):
            b.one_type(binding, [held, *(ends[i].type for ends in result.left_with)], span)
        joined = [_all_joined(t, i, result) for i, t in enumerate(types)]
        if left == 1:
            joined = [_unsettled(b, *each) for each in zip(carried, types, joined, strict=True)]
        types = joined
    raise AssertionError("the types that a loop carries do not settle")


def _unsettled(b: Builder, binding: Binding, before: Type, after: Type) -> Type:
    """What stands for the type of a variable; told where each round gives it another one."""
    if before == after:
        return before
    b.findings.error("CCL0162", binding.place, f"`{binding.name}` would have another type after each round of a loop",
                     label="say here of which type it is")  # fmt: skip
    return ANY


def _all_joined(held: Type, at: int, frame: LoopFrame) -> Type:
    for left in frame.left_with:
        held = join(held, left[at].type) or ANY
    return held


def _attempt(b: Builder, span: Span, over: core.Expr, most: int | None, hint: str, carried: list[Binding],
             types: list[Type], run: Callable[[core.Expr], None], *,
             last: bool) -> tuple[core.Loop | None, LoopFrame]:  # fmt: skip
    """The loop with variables of these types; None where the body gives them others. last: then take it as it is."""
    before = [m.value for m in b.mutables]
    initial = [m.value for m in carried]
    inside = [b.fresh(m.name) for m in carried]
    for binding, name, held in zip(carried, inside, types, strict=True):
        binding.value = core.Local(held, span, name)
    frame = LoopFrame(carried, depth=1 if b.loop is None else b.loop.depth + 1)
    out, alive, outer = b.out, b.alive, b.loop
    b.out, b.loop = [], frame
    item = b.fresh(hint)
    item_type = _item_type(over.type)
    b.ranges[item] = _item_bounds(b, over)
    run(core.Local(item_type, span, item))
    after: tuple[core.Expr, ...] | None = None
    if b.alive:
        after = tuple(m.value for m in carried)
        frame.left_with.append(after)
    body = core.Block(tuple(b.out))
    b.out, b.alive, b.loop = out, alive, outer
    for binding, value in zip(b.mutables, before, strict=True):
        assert binding in carried or binding.value is value, f"{binding.name} is assigned in a loop, unseen"
        binding.value = value
    if not last and any(_all_joined(t, i, frame) != t for i, t in enumerate(types)):
        return None, frame
    results = tuple(
        core.Carried(name, b.fresh(m.name), held, start)
        for name, m, held, start in zip(inside, carried, types, initial, strict=True)
    )
    return core.Loop(span, item, over, most, results, body, after), frame


def _item_type(over: Type) -> Type:
    if isinstance(over, Array | Range):
        return over.item
    return Tuple((over.key, over.value)) if isinstance(over, Map) else ANY


def _item_bounds(b: Builder, over: core.Expr) -> Bounds:
    if isinstance(over, core.Op) and over.op.startswith("range.make"):
        low, high = b.bounds(over.args[0])[0], b.bounds(over.args[1])[1]
        return (low, high if high is None or over.op == "range.make_inclusive" else high - 1)
    return (None, None)


# -- for ---------------------------------------------------------------------------------------------------------------


def for_each(b: Builder, s: tree.For) -> None:
    """`for x in xs { }`."""
    over = b.infer(s.iterable)
    held = over.type
    if held is not ANY and (not isinstance(held, Array | Map | Range) or _no_walk(held)):
        hint = "take what is in it with `if let`" if held.__class__.__name__ == "Option" else f"it is {shown(held)}"
        b.findings.error("CCL0167", s.iterable.span, f"there is nothing to go over in {held}", label=hint,
                         notes=("`for` goes over arrays, maps and ranges of whole numbers.",))  # fmt: skip
        over = b.wrong(s.iterable.span)
    most = getattr(over.type, "most", None)
    hint = s.pattern.name.text if isinstance(s.pattern, tree.BindPattern) else "item"

    def run(item: core.Expr) -> None:
        scope = b.enter()
        if over.type is ANY:
            patterns.bind_unknown(b, s.pattern)
        else:
            patterns.bring(b, irrefutable(b, s.pattern, item))
        branches.block(b, s.body, NOTHING)
        b.exit(scope)

    loop(b, s.span, over, most, hint, assigned(s.body), run)


def _no_walk(held: Type) -> bool:
    return isinstance(held, Range) and held.item not in (INTEGER, DATE, ANY, NEVER)


def irrefutable(b: Builder, p: tree.Pattern, subject: core.Expr) -> patterns.Matched:
    """A pattern that must fit whatever comes."""
    if not patterns.irrefutable(b, p, subject.type) and subject.type not in (ANY, NEVER):
        matched = patterns.read(b, p, subject)
        if all(t.type is not ANY for t in matched.tests):
            b.findings.error("CCL0203", p.span, f"this pattern does not fit every {subject.type}",
                             label="may not fit", notes=("`if let` and `match` go with patterns that may not fit.",),
                             )  # fmt: skip
        return matched
    return patterns.read(b, p, subject)


# -- while -------------------------------------------------------------------------------------------------------------


def while_(b: Builder, s: tree.While) -> None:
    """`while c limit N { }`, `while i < n { .. i += 1; }`."""
    names = assigned(s.body)
    if s.limit is None:
        rounds = _counted(b, s, names)
        if rounds is None:
            _no_limit(b, s)
            rounds = 1
        last = core.Const(INTEGER, s.span, rounds + 1)
        limit: core.Expr | None = None
        most: int | None = rounds + 1
    else:
        limit = b.keep(b.check(s.limit, INTEGER), "limit")
        most = _limit_most(b, s.limit, limit)
        one = core.Const(INTEGER, s.limit.span, 1)
        last_most = None if most is None else most - 1
        last = core.Op(INTEGER, s.limit.span, "integer.add", (limit, one))  # type: ignore[assignment]
        if isinstance(limit, core.Const) and last_most is not None:
            last = core.Const(INTEGER, s.limit.span, last_most + 1)
    over = core.Op(Range(INTEGER, most), s.span, "range.make", (core.Const(INTEGER, s.span, 0), last))

    def run(item: core.Expr) -> None:
        scope = b.enter()
        _round(b, s, item, limit)
        b.exit(scope)

    broken = loop(b, s.span, over, most, "round", names, run)
    if isinstance(s.condition, tree.BoolLit) and s.condition.value and not broken:
        b.leave(core.Trap(s.span, "no_limit"))


def _limit_most(b: Builder, written: tree.Expr, limit: core.Expr) -> int | None:
    """The most rounds plus one, None if only the evaluation knows."""
    low, high = b.bounds(limit)
    if high is not None and (high < 0 or (isinstance(limit, core.Const) and high == 0)):
        b.findings.error("CCL0221", written.span, "a limit is at least 1", label="no round would be allowed")
    elif high is not None and high > MOST_ROUNDS:
        b.findings.error("CCL0221", written.span, f"a limit is at most {MOST_ROUNDS:,}", label="too many rounds")
    return None if high is None or low is None else max(high, 0) + 1


def _round(b: Builder, s: tree.While, item: core.Expr, limit: core.Expr | None) -> None:
    """A round: leave if the condition does not hold; with a limit, trap in the round after the last."""
    matched: patterns.Matched | None = None
    if isinstance(s.condition, tree.LetCondition):
        subject = b.keep(b.infer(s.condition.value), "subject")
        matched = patterns.read(b, s.condition.pattern, subject)
        test = patterns.test_of(matched, s.condition.span)
    else:
        test = branches.condition(b, s.condition)
    assert b.loop is not None
    values = tuple(m.value for m in b.loop.carried)
    always = isinstance(test, core.Const) and test.value is True
    if not always:
        b.loop.left_with.append(values)
        away = core.Block((core.Break(s.condition.span, values),))
        b.emit(core.If(s.condition.span, core.Not(BOOL, s.condition.span, test), away, core.Block(())))
    if limit is not None:
        at_end = core.Op(BOOL, s.span, "ge", (item, limit))
        b.emit(core.If(s.span, at_end, core.Block((core.Trap(s.span, "no_limit"),)), core.Block(())))
    if matched is not None:
        patterns.bring(b, matched)
    branches.body(b, s.body, NOTHING)


_COUNTERS = (
    "A counter needs no limit if it starts at a known number, moves by a constant at the body's top level, once, and "
    "is compared with something whose greatest value is known."
)


def _no_limit(b: Builder, s: tree.While) -> None:
    end = Span(s.span.source, s.condition.span.end, s.condition.span.end)
    b.findings.error(
        "CCL0220", s.condition.span, "nothing says how often this loop runs at most: it needs a limit",
        label="may hold for ever",
        notes=("Write `while .. limit 100 { .. }`: it traps when that is reached, or use a `for`.", _COUNTERS),
        fixes=(Fix("add a limit", (Edit(end, " limit 1000"),), applicable=False),),
    )  # fmt: skip


def _conjuncts(e: tree.Expr) -> Iterator[tree.Expr]:
    while isinstance(e, tree.BinaryExpr) and e.operator == "&&":
        yield from _conjuncts(e.right)
        e = e.left
    yield e


_MIRROR = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def _counted(b: Builder, s: tree.While, names: set[str]) -> int | None:
    """The most rounds of a counting loop, None if it does not count."""
    for test in _conjuncts(s.condition):
        if not isinstance(test, tree.BinaryExpr) or test.operator not in _MIRROR:
            continue
        for counter, end, operator in ((test.left, test.right, test.operator),
                                       (test.right, test.left, _MIRROR[test.operator])):  # fmt: skip
            rounds = _rounds(b, s, names, counter, end, operator)
            if rounds is not None:
                return rounds
    return None


def _rounds(b: Builder, s: tree.While, names: set[str], counter: tree.Expr, end: tree.Expr,
            operator: str) -> int | None:  # fmt: skip
    if not isinstance(counter, tree.PathExpr) or len(counter.path.parts) != 1:
        return None
    name = counter.path.parts[0].text
    binding = b.lookup(name)
    step = _step(s.body, name)
    if binding is None or not binding.mutable or step is None or not _steady(b, end, names):
        return None
    if (operator in ("<", "<=")) != (step > 0):
        return None
    mark = b.mark()
    limit = b.bounds(b.infer(end))
    b.rewind(mark)
    start = b.bounds(binding.value)
    if step > 0:
        low, high = start[0], limit[1]
    else:
        low, high = limit[0], start[1]
    if low is None or high is None:
        return None
    way = high - low + (1 if operator in ("<=", ">=") else 0)
    rounds = max(0, -(-way // abs(step)))
    return rounds if rounds <= MOST_ROUNDS else None


def _steady(b: Builder, e: tree.Expr, names: set[str]) -> bool:
    """Whether the loop leaves it as it is: no state, no name assigned in the body."""
    waiting: list[Any] = [e]
    while waiting:
        node = waiting.pop()
        if isinstance(node, tree.StateExpr) or (isinstance(node, tree.PathExpr) and (
            node.path.parts[0].text in names or node.path.parts[0].text in b.names.states
        )):  # fmt: skip
            return False
        waiting.extend(_children(node))
    return True


def _step(body: tree.Block, name: str) -> int | None:
    """By what constant each round moves a counter: once at the body's top level, with no `continue` before it."""
    found: int | None = None
    statements: list[Any] = [*body.statements, *([body.tail] if body.tail is not None else [])]
    for statement in statements:
        if isinstance(statement, tree.Assign) and root_name(statement.target) == name:
            step = _constant_step(statement, name)
            if step is None or found is not None:
                return None
            found = step
            continue
        if name in assigned(statement) or (found is None and _continues(statement)):
            return None
    return found or None


def _constant_step(s: tree.Assign, name: str) -> int | None:
    if not isinstance(s.target, tree.PathExpr):
        return None
    value = s.value
    sign = {"+=": 1, "-=": -1}.get(s.operator)
    if s.operator == "=" and isinstance(value, tree.BinaryExpr) and value.operator in ("+", "-"):
        if root_name(value.left) != name or not isinstance(value.left, tree.PathExpr):
            return None
        sign, value = (1 if value.operator == "+" else -1), value.right
    return sign * value.value if sign is not None and isinstance(value, tree.IntLit) else None


def _continues(statement: Any) -> bool:
    """Whether a `continue` of this loop stands in it."""
    waiting = [statement]
    while waiting:
        node = waiting.pop()
        if isinstance(node, tree.ContinueExpr):
            return True
        if not isinstance(node, tree.While | tree.For):
            waiting.extend(_children(node))
    return False
