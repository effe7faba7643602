"""Arguments: matched with parameters by place and by name, elaborated in the order written; they bind the unit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ccl import core
from ccl.diagnostics import Label
from ccl.elaborate.builder import Builder
from ccl.elaborate.expressions import outer_word, suggest
from ccl.elaborate.fitting import in_unit, mentions_unit, unit_bound
from ccl.elaborate.operators import is_literal
from ccl.source import Span
from ccl.syntax import tree
from ccl.types import ANY, OWN_UNIT, Option, Type


class Expected(NamedTuple):
    """A parameter: its name and type, whether it must be given, and where it is declared. wraps: where it takes an
    Option, what is always there will do as well, as `Some` of it: views of the host take either."""

    name: str
    type: Type
    needed: bool = True
    place: Span | None = None
    wraps: bool = False


class Given(NamedTuple):
    """Arguments by parameter, None where left out; the unit that `$` is for this call, None if nothing says."""

    values: list[core.Expr | None]
    unit: str | None


def match(b: Builder, args: Sequence[tree.Arg], params: Sequence[Expected], what: str, span: Span,
          unit: str | None = None) -> Given | None:  # fmt: skip
    """Arguments for parameters; None where they do not go together (told, and the arguments are looked at)."""
    slots = _slots(b, args, params, what)
    taken = None if slots is None else set(slots.values())
    lacking = [] if taken is None else [p.name for i, p in enumerate(params) if p.needed and i not in taken]
    if lacking:
        _lacking(b, params, lacking, what, span)
    if slots is None or lacking:
        for arg in args:
            if not isinstance(arg.value, tree.ClosureExpr):
                b.infer(arg.value)
        return None
    if unit is None:
        unit = _named_unit(b, args, params, slots)
    found = [unit]

    def each(written: tree.Expr, number: int) -> core.Expr:
        param = params[slots[number]]
        because = None if param.place is None or param.place.source < 0 else Label(param.place, "declared here")
        if param.wraps and isinstance(param.type, Option) and outer_word(b, written) != "None":
            return _wrapped(b, param.type, written)
        if not mentions_unit(param.type):
            return b.check(written, param.type, because)
        if found[0] is None and not is_literal(written):
            value = b.infer(written)
            found[0] = unit_bound(param.type, value.type)
            return b.coerce(value, in_unit(param.type, found[0]), written)
        return b.check(written, in_unit(param.type, found[0]), because)

    done = b.in_order([a.value for a in args], each)
    values: list[core.Expr | None] = [None] * len(params)
    for number, value in enumerate(done):
        values[slots[number]] = value
    return Given(values, found[0])


def _wrapped(b: Builder, option: Option, written: tree.Expr) -> core.Expr:
    """An argument for an Option that may also be what is in it."""
    value = b.infer(written)
    if isinstance(value.type, Option) or value.type is ANY:
        return b.coerce(value, option, written)
    return core.MakeVariant(option, value.span, 1, (b.coerce(value, option.item, written),))


def _slots(b: Builder, args: Sequence[tree.Arg], params: Sequence[Expected], what: str) -> dict[int, int] | None:
    """Which parameter each argument is for."""
    slots: dict[int, int] = {}
    taken: dict[int, Span] = {}
    names = {p.name: i for i, p in enumerate(params)}
    wrong = False
    for number, arg in enumerate(args):
        if arg.name is None:
            at: int | None = number
            if number >= len(params):
                b.findings.error("CCL0122", arg.span, f"{what} takes {_count(params)}, not {len(args)}",
                                 label="too many")  # fmt: skip
                return None
        else:
            at = names.get(arg.name.text)
            if at is None:
                suggest(b, "CCL0120", arg.name, f"{what} has no parameter `{arg.name.text}`", names)
                wrong = True
                continue
        assert at is not None
        if at in taken:
            b.findings.error("CCL0123", arg.span, f"`{params[at].name}` is given twice", label="again",
                             also=(Label(taken[at], "first here"),))  # fmt: skip
            wrong = True
        taken[at] = arg.span
        slots[number] = at
    return None if wrong else slots


def _count(params: Sequence[Expected]) -> str:
    least = sum(p.needed for p in params)
    if not params:
        return "no arguments"
    most = len(params)
    told = str(most) if least == most else f"{least} to {most}"
    return f"{told} argument{'s' if most != 1 else ''}"


def _lacking(b: Builder, params: Sequence[Expected], lacking: list[str], what: str, span: Span) -> None:
    shown = ", ".join(f"{p.name}: {p.type}" for p in params)
    many = f"{', '.join(f'`{n}`' for n in lacking)}"
    b.findings.error("CCL0121", span, f"{what} needs {many} besides", label="not given",
                     notes=(f"its parameters: {shown}",))  # fmt: skip


def _named_unit(b: Builder, args: Sequence[tree.Arg], params: Sequence[Expected], slots: dict[int, int]) -> str | None:
    """The unit that an argument spells out, so that numbers before it are amounts of it."""
    for number, arg in enumerate(args):
        if not mentions_unit(params[slots[number]].type):
            continue
        e = arg.value
        if isinstance(e, tree.MoneyLit):
            return e.unit.text if b.names.decimals(e.unit.text) is not None else None
        if isinstance(e, tree.PathExpr) and len(e.path.parts) == 1:
            name = e.path.parts[0].text
            local = b.lookup(name)
            if local is None and b.names.decimals(name) is not None and name not in b.names.constants:
                return name
            if local is not None:
                bound = unit_bound(params[slots[number]].type, local.value.type)
                if bound is not None:
                    return bound
    return None


def result_in(b: Builder, held: Type, unit: str | None, span: Span, what: str) -> Type:
    """The type of a result, its unit being that of the call."""
    if mentions_unit(held) and unit is None:
        if b.clause is not None and b.clause.unit != OWN_UNIT:
            return in_unit(held, b.clause.unit)
        b.error("CCL0149", span, f"of which unit is {what}?", "name the unit among the arguments")
        return b.wrong(span).type
    return in_unit(held, unit)
