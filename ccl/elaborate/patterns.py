"""Patterns: what they test, what they bind, whether a match leaves a value out, and whether an arm can ever fit.

A pattern is read against a cheap subject into tests, in the order in which they may be made, and bindings. Whether a
match covers all values, and whether an arm is reachable, follows Maranget, "Warnings for pattern matching" (2007).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ccl import core
from ccl.diagnostics import Label
from ccl.elaborate import operators
from ccl.elaborate.builder import Builder
from ccl.elaborate.coverage import exhaustive
from ccl.elaborate.expressions import suggest, unknown_variant
from ccl.elaborate.mismatch import shown
from ccl.source import Span
from ccl.syntax import tree
from ccl.types import ANY, BOOL, NEVER, OPTION_VARIANTS, RESULT_VARIANTS, Enum, Option, Result, Struct, Tuple, Type

__all__ = ["Case", "Matched", "bind_case", "bind_unknown", "bring", "exhaustive", "irrefutable", "read", "switch_plan",
           "test_of"]  # fmt: skip


class Bound(NamedTuple):
    """A name that a pattern binds."""

    name: tree.Name
    value: core.Expr
    mutable: bool


@dataclass(slots=True)
class Matched:
    """A pattern read: it fits if all tests hold, in order; then the names are bound."""

    tests: list[core.Expr] = field(default_factory=list)
    binds: list[Bound] = field(default_factory=list)


def read(b: Builder, p: tree.Pattern, subject: core.Expr) -> Matched:
    """What a pattern tests and binds of a subject; what does not go together is told."""
    into = Matched()
    _READ[p.__class__](b, p, subject, into)
    seen: dict[str, Span] = {}
    for bound in into.binds:
        first = seen.setdefault(bound.name.text, bound.name.span)
        if first is not bound.name.span:
            b.findings.error("CCL0205", bound.name.span, f"`{bound.name.text}` is bound twice in one pattern",
                             also=(Label(first, "first here"),))  # fmt: skip
    return into


def test_of(matched: Matched, span: Span) -> core.Expr:
    """All tests as one condition."""
    if not matched.tests:
        return core.Const(BOOL, span, True)
    whole = matched.tests[0]
    for test in matched.tests[1:]:
        whole = core.And(BOOL, span, whole, test)
    return whole


def bring(b: Builder, matched: Matched, *, silent: bool = False) -> None:
    """Bring the names into scope. silent: for a guard, whose names come again."""
    for bound in matched.binds:
        b.bind(bound.name.text, bound.value, bound.name.span, mutable=bound.mutable and not silent)


def bind_unknown(b: Builder, p: tree.Pattern) -> None:
    """Bind the names of a pattern whose subject is wrong."""
    if isinstance(p, tree.BindPattern):
        b.bind(p.name.text, b.wrong(p.span), p.span, mutable=p.mutable)
    inner: Sequence[tree.Pattern] = ()
    if isinstance(p, tree.TuplePattern):
        inner = p.items
    elif isinstance(p, tree.VariantPattern):
        inner = (*p.items, *(q for _, q in p.fields))
    elif isinstance(p, tree.AltPattern):
        inner = p.options[:1]
    for q in inner:
        bind_unknown(b, q)


# -- reading -----------------------------------------------------------------------------------------------------------


def _any(b: Builder, p: tree.AnyPattern, subject: core.Expr, into: Matched) -> None:
    pass


def _bind(b: Builder, p: tree.BindPattern, subject: core.Expr, into: Matched) -> None:
    index = named_variant(b, p, subject.type)
    if index is not None:
        into.tests.append(core.IsVariant(BOOL, p.span, subject, index))
        return
    constant = b.names.constants.get(p.name.text)
    if constant is not None and not p.mutable:
        value = b.coerce(b.shared.value_of(constant, p.span), subject.type)
        into.tests.append(operators.compare(b, "==", p.span, subject, value, p.span))
        return
    into.binds.append(Bound(p.name, subject, p.mutable))


def named_variant(b: Builder, p: tree.BindPattern, held: Type) -> int | None:
    """The variant without payload that a bare name in a pattern means, None if it binds."""
    if p.mutable:
        return None
    if isinstance(held, Enum):
        shape = b.names.enums[held.name]
        index = shape.index(p.name.text)
        return index if index is not None and not shape.variants[index].items else None
    return 0 if isinstance(held, Option) and p.name.text == "None" else None


def _literal(b: Builder, p: tree.LiteralPattern, subject: core.Expr, into: Matched) -> None:
    if subject.type in (ANY, NEVER):
        return
    e = p.value
    if isinstance(e, tree.RangeExpr):
        _range(b, e, subject, into)
        return
    value = b.check(e, subject.type)
    if value.type is ANY:
        return
    into.tests.append(operators.compare(b, "==", p.span, subject, value, p.span))


def _range(b: Builder, e: tree.RangeExpr, subject: core.Expr, into: Matched) -> None:
    for end, operator in ((e.low, ">="), (e.high, "<=" if e.inclusive else "<")):
        if end is not None:
            value = b.check(end, subject.type)
            if value.type is not ANY:
                into.tests.append(operators.compare(b, operator, e.span, subject, value, e.span))


def _tuple(b: Builder, p: tree.TuplePattern, subject: core.Expr, into: Matched) -> None:
    held = subject.type
    if held in (ANY, NEVER):
        for q in p.items:
            _READ[q.__class__](b, q, subject, into)
        return
    if not isinstance(held, Tuple) or len(held.items) != len(p.items):
        _does_not_fit(b, p, held, f"a tuple of {len(p.items)}", into)
        return
    for i, q in enumerate(p.items):
        _READ[q.__class__](b, q, core.Item(held.items[i], q.span, subject, i), into)


def _does_not_fit(b: Builder, p: tree.Pattern, held: Type, what: str, into: Matched) -> None:
    if held not in (ANY, NEVER):
        b.findings.error("CCL0202", p.span, f"this pattern is of {what}, and the value is {shown(held)}",
                         label="never fits")  # fmt: skip
    into.tests.append(b.wrong(p.span))
    _names_of_wrong(b, p, into)


def _names_of_wrong(b: Builder, p: tree.Pattern, into: Matched) -> None:
    """The names in a pattern that does not fit, so that their use is no second error."""
    inner: Sequence[tree.Pattern] = ()
    if isinstance(p, tree.BindPattern):
        into.binds.append(Bound(p.name, b.wrong(p.span), p.mutable))
    elif isinstance(p, tree.TuplePattern):
        inner = p.items
    elif isinstance(p, tree.VariantPattern):
        inner = (*p.items, *(q for _, q in p.fields))
    for q in inner:
        _names_of_wrong(b, q, into)


@dataclass(frozen=True, slots=True)
class Variant:
    """What a variant pattern means: its index and its payload's types and names."""

    index: int
    items: tuple[Type, ...]
    names: tuple[str, ...]


def variant_of(b: Builder, p: tree.VariantPattern, held: Type) -> Variant | None:
    """The variant that a pattern names, None if it is not one of the type's; nothing is told."""
    name = p.path.parts[-1].text
    if isinstance(held, Option):
        return {"Some": Variant(1, (held.item,), ()), "None": Variant(0, (), ())}.get(name)
    if isinstance(held, Result):
        return {"Ok": Variant(1, (held.value,), ()), "Err": Variant(0, (held.error,), ())}.get(name)
    if not isinstance(held, Enum) or (len(p.path.parts) > 1 and p.path.parts[-2].text not in (held.name, "Self")):
        return None
    shape = b.names.enums[held.name]
    index = shape.index(name)
    return None if index is None else Variant(index, shape.variants[index].items, shape.variants[index].names)


def _variant(b: Builder, p: tree.VariantPattern, subject: core.Expr, into: Matched) -> None:
    held = subject.type
    if isinstance(held, Struct) and p.path.parts[-1].text == held.name:
        _struct(b, p, subject, held, into)
        return
    meant = variant_of(b, p, held)
    if meant is None:
        _no_variant(b, p, held, into)
        return
    into.tests.append(core.IsVariant(BOOL, p.span, subject, meant.index))
    for position, q in parts_of(b, p, meant):
        inner = core.Payload(meant.items[position], q.span, subject, meant.index, position)
        _READ[q.__class__](b, q, inner, into)


def parts_of(b: Builder, p: tree.VariantPattern, meant: Variant) -> list[tuple[int, tree.Pattern]]:
    """The patterns of a variant's payload with their positions; a wrong number is told."""
    if p.fields or (meant.names and not p.items):
        return _by_name(b, p, meant.names, p.path.parts[-1].text)
    if len(p.items) != len(meant.items) and not (p.rest and len(p.items) < len(meant.items)):
        b.findings.error("CCL0204", p.span, f"`{p.path.text}` has {len(meant.items)} part(s), not {len(p.items)}",
                         label=f"write {len(meant.items)} pattern(s), `_` for those not needed")  # fmt: skip
    return list(enumerate(p.items[: len(meant.items)]))


def _by_name(b: Builder, p: tree.VariantPattern, names: tuple[str, ...], of: str) -> list[tuple[int, tree.Pattern]]:
    found = []
    given = set()
    for name, q in p.fields:
        if name.text not in names:
            suggest(b, "CCL0104", name, f"`{of}` has no field `{name.text}`", names)
            continue
        given.add(name.text)
        found.append((names.index(name.text), q))
    lacking = [n for n in names if n not in given]
    if lacking and not p.rest:
        b.findings.error("CCL0204", p.span, f"this pattern leaves out {', '.join(f'`{n}`' for n in lacking)}",
                         label="name them, or end with `..`")  # fmt: skip
    return found


def _no_variant(b: Builder, p: tree.VariantPattern, held: Type, into: Matched) -> None:
    name = p.path.parts[-1]
    qualified = len(p.path.parts) > 1 and p.path.parts[-2].text
    if isinstance(held, Enum) and (not qualified or qualified == held.name):
        unknown_variant(b, held.name, name)
        into.tests.append(b.wrong(p.span))
        _names_of_wrong(b, p, into)
    elif isinstance(held, Option | Result):
        known = OPTION_VARIANTS if isinstance(held, Option) else RESULT_VARIANTS
        _does_not_fit(b, p, held, f"`{p.path.text}`, not {' or '.join(f'`{k}`' for k in reversed(known))}", into)
    else:
        _does_not_fit(b, p, held, f"`{p.path.text}`", into)


def _struct(b: Builder, p: tree.VariantPattern, subject: core.Expr, held: Struct, into: Matched) -> None:
    shape = b.names.structs[held.name]
    for index, q in _by_name(b, p, tuple(n for n, _ in shape.fields), held.name):
        _READ[q.__class__](b, q, core.Item(shape.fields[index][1], q.span, subject, index), into)


def _alternatives(b: Builder, p: tree.AltPattern, subject: core.Expr, into: Matched) -> None:
    options = [read(b, q, subject) for q in p.options]
    tests = [test_of(o, q.span) for o, q in zip(options, p.options, strict=True)]
    whole = tests[0]
    for test in tests[1:]:
        whole = core.Or(BOOL, p.span, whole, test)
    into.tests.append(whole)
    first = {bound.name.text: bound for bound in options[0].binds}
    for option, q in zip(options[1:], p.options[1:], strict=True):
        names = {bound.name.text for bound in option.binds}
        if names != set(first):
            odd = sorted(names ^ set(first))[0]
            b.findings.error("CCL0206", q.span, f"`{odd}` is bound in one alternative and not in the other",
                             also=(Label(p.options[0].span, "the first alternative"),))  # fmt: skip
            return
    for bound in options[0].binds:
        value = bound.value
        for at in range(len(options) - 1, 0, -1):
            other = next(o for o in options[at].binds if o.name.text == bound.name.text)
            if other.value.type != bound.value.type:
                b.findings.error("CCL0206", other.name.span, f"`{bound.name.text}` is {other.value.type} here and "
                                 f"{bound.value.type} in another alternative")  # fmt: skip
                return
        if len(options) > 1 and any(o.value != bound.value for o in _same(options, bound)):
            value = _chosen(b, p, tests, [next(x.value for x in o.binds if x.name.text == bound.name.text)
                                          for o in options], bound)  # fmt: skip
        into.binds.append(Bound(bound.name, value, bound.mutable))


def _same(options: list[Matched], bound: Bound) -> list[Bound]:
    return [x for o in options for x in o.binds if x.name.text == bound.name.text]


def _chosen(b: Builder, p: tree.AltPattern, tests: list[core.Expr], values: list[core.Expr],
            bound: Bound) -> core.Expr:  # fmt: skip
    value = values[-1]
    for test, other in zip(reversed(tests[:-1]), reversed(values[:-1]), strict=True):
        value = core.Cond(bound.value.type, p.span, test, other, value)
    return value


_READ: dict[type, Callable[[Builder, Any, core.Expr, Matched], None]] = {
    tree.AnyPattern: _any,
    tree.BindPattern: _bind,
    tree.LiteralPattern: _literal,
    tree.TuplePattern: _tuple,
    tree.VariantPattern: _variant,
    tree.AltPattern: _alternatives,
}


# -- irrefutable -------------------------------------------------------------------------------------------------------


def irrefutable(b: Builder, p: tree.Pattern, held: Type) -> bool:
    """Whether a pattern fits every value of a type."""
    if isinstance(p, tree.AnyPattern) or held is ANY:
        return True
    if isinstance(p, tree.BindPattern):
        return named_variant(b, p, held) is None and (p.mutable or p.name.text not in b.names.constants)
    if isinstance(p, tree.TuplePattern) and isinstance(held, Tuple):
        return len(held.items) == len(p.items) and all(map(lambda q, t: irrefutable(b, q, t), p.items, held.items))
    if isinstance(p, tree.VariantPattern) and isinstance(held, Struct):
        shape = dict(b.names.structs[held.name].fields)
        return all(n.text not in shape or irrefutable(b, q, shape[n.text]) for n, q in p.fields)
    return False


# -- a match as a switch -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Case:
    """An arm that is one variant (index), or all others (index -1); parts: its payload's patterns."""

    arm: tree.MatchArm
    index: int
    items: tuple[Type, ...]
    parts: dict[int, tree.Pattern]


def switch_plan(b: Builder, e: tree.MatchExpr, subject: core.Expr) -> list[Case] | None:
    """The arms as cases of a switch, None where they need tests of their own."""
    held = subject.type
    if not isinstance(held, Enum | Option | Result):
        return None
    plan: list[Case] = []
    seen: set[int] = set()
    for at, arm in enumerate(e.arms):
        case = None if arm.guard is not None else _case(b, arm, held)
        if case is None or case.index in seen or (case.index < 0 and at + 1 < len(e.arms)):
            return None
        seen.add(case.index)
        plan.append(case)
    return plan if any(c.index >= 0 for c in plan) else None


def _case(b: Builder, arm: tree.MatchArm, held: Type) -> Case | None:
    p = arm.pattern
    if isinstance(p, tree.BindPattern):
        index = named_variant(b, p, held)
        if index is not None:
            return Case(arm, index, (), {})
    if irrefutable(b, p, held):
        return Case(arm, -1, (), {})
    if not isinstance(p, tree.VariantPattern):
        return None
    meant = variant_of(b, p, held)
    if meant is None:
        return None
    mark = b.findings.mark()
    parts = dict(parts_of(b, p, meant))
    told = b.findings.mark() > mark
    b.findings.rewind(mark)
    if told or not all(irrefutable(b, q, meant.items[i]) for i, q in parts.items()):
        return None
    return Case(arm, meant.index, meant.items, parts)


def bind_case(b: Builder, case: Case, subject: core.Expr) -> tuple[str, ...]:
    """Bind what a case binds; the locals of its payload, '' where it is not used."""
    if case.index < 0:
        bring(b, read(b, case.arm.pattern, subject))
        return ()
    locals_: list[str] = []
    for position, held in enumerate(case.items):
        p = case.parts.get(position)
        if p is None or isinstance(p, tree.AnyPattern):
            locals_.append("")
            continue
        local = b.fresh(p.name.text if isinstance(p, tree.BindPattern) else "part")
        locals_.append(local)
        bring(b, read(b, p, core.Local(held, p.span, local)))
    return tuple(locals_)
