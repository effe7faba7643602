"""Whether the arms of a match cover all values, and whether each can be reached.

After Maranget, "Warnings for pattern matching", Journal of Functional Programming 17 (2007): an arm is useful if some
value fits it and none before it; a match is exhaustive if `_` after its arms would not be. What fits none is shown as a
pattern, the witness. The work is bounded by steps counted, the same on every machine.
"""

from __future__ import annotations

from typing import NamedTuple

from ccl.elaborate.builder import Builder
from ccl.syntax import tree
from ccl.types import BOOL, Enum, Option, Result, Struct, Tuple, Type

MOST_STEPS = 20_000


class Ctor(NamedTuple):
    """A constructor: a variant's index, a truth value, a literal; its parts' types and how it is written."""

    key: object
    items: tuple[Type, ...]
    shown: str
    names: tuple[str, ...] = ()


class Pat(NamedTuple):
    """A pattern simplified: a constructor and patterns of its parts; ctor None fits all."""

    ctor: Ctor | None
    parts: tuple[Pat, ...] = ()


WILD = Pat(None)
Row = tuple[Pat, ...]


class Unclear(Exception):
    """The pattern is wrong (which is told elsewhere), or there is too much to look at."""


class _Check:
    """One match looked at."""

    __slots__ = ("b", "steps")

    def __init__(self, b: Builder) -> None:
        self.b = b
        self.steps = 0

    def step(self) -> None:
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise Unclear

    # -- patterns ------------------------------------------------------------------------------------------------------

    def rows(self, p: tree.Pattern, held: Type) -> list[Pat]:
        """A pattern's alternatives."""
        self.step()
        if isinstance(p, tree.AltPattern):
            return [found for q in p.options for found in self.rows(q, held)]
        if isinstance(p, tree.AnyPattern):
            return [WILD]
        if isinstance(p, tree.BindPattern):
            return [self.bind(p, held)]
        if isinstance(p, tree.LiteralPattern):
            return [self.literal(p)]
        if isinstance(p, tree.TuplePattern):
            if not isinstance(held, Tuple) or len(held.items) != len(p.items):
                raise Unclear
            return self.product(self.constructors(held)[0], list(enumerate(p.items)))
        return self.variant(p, held)

    def bind(self, p: tree.BindPattern, held: Type) -> Pat:
        from ccl.elaborate.patterns import named_variant

        index = named_variant(self.b, p, held)
        if index is not None:
            return Pat(self.constructors(held)[index])
        if p.name.text in self.b.names.constants and not p.mutable:
            return Pat(Ctor(("constant", p.name.text), (), p.name.text))
        return WILD

    def literal(self, p: tree.LiteralPattern) -> Pat:
        value = p.value
        if isinstance(value, tree.BoolLit):
            return Pat(Ctor(value.value, (), "true" if value.value else "false"))
        if isinstance(value, tree.IntLit | tree.StringLit | tree.DidLit | tree.DecimalLit | tree.PercentLit):
            return Pat(Ctor((value.__class__.__name__, value.value), (), "_"))
        return Pat(Ctor(("span", value.span), (), "_"))

    def variant(self, p: tree.VariantPattern, held: Type) -> list[Pat]:
        from ccl.elaborate.patterns import variant_of

        if isinstance(held, Struct):
            ctor = self.constructors(held)[0]
            return self.product(ctor, [(ctor.names.index(n.text), q) for n, q in p.fields if n.text in ctor.names])
        meant = variant_of(self.b, p, held)
        if meant is None:
            raise Unclear
        ctor = self.constructors(held)[meant.index]
        if p.fields:
            return self.product(ctor, [(meant.names.index(n.text), q) for n, q in p.fields if n.text in meant.names])
        return self.product(ctor, list(enumerate(p.items[: len(meant.items)])))

    def product(self, ctor: Ctor, parts: list[tuple[int, tree.Pattern]]) -> list[Pat]:
        """A constructor with the alternatives of its parts multiplied out."""
        found: list[list[Pat]] = [[WILD] * len(ctor.items)]
        for at, q in parts:
            options = self.rows(q, ctor.items[at])
            fresh = []
            for row in found:
                for option in options:
                    self.step()
                    fresh.append([*row[:at], option, *row[at + 1 :]])
            found = fresh
        return [Pat(ctor, tuple(row)) for row in found]

    # -- constructors --------------------------------------------------------------------------------------------------

    def constructors(self, held: Type) -> list[Ctor]:
        """All constructors of a type in order; empty where they cannot be listed."""
        if held is BOOL:
            return [Ctor(False, (), "false"), Ctor(True, (), "true")]
        if isinstance(held, Option):
            return [Ctor(0, (), "None"), Ctor(1, (held.item,), "Some")]
        if isinstance(held, Result):
            return [Ctor(0, (held.error,), "Err"), Ctor(1, (held.value,), "Ok")]
        if isinstance(held, Tuple):
            return [Ctor("tuple", held.items, "")]
        if isinstance(held, Enum):
            variants = self.b.names.enums[held.name].variants
            return [Ctor(i, v.items, f"{held.name}::{v.name}", v.names) for i, v in enumerate(variants)]
        if isinstance(held, Struct):
            fields = self.b.names.structs[held.name].fields
            return [Ctor("struct", tuple(t for _, t in fields), held.name, tuple(n for n, _ in fields))]
        return []

    # -- coverage ------------------------------------------------------------------------------------------------------

    def uncovered(self, rows: list[Row], types: tuple[Type, ...]) -> list[str] | None:
        """A value, as patterns, that no row fits; None if there is none."""
        self.step()
        if not types:
            return None if rows else []
        used = {row[0].ctor.key for row in rows if row[0].ctor is not None}
        every = self.constructors(types[0])
        if every and all(c.key in used for c in every):
            for ctor in every:
                rest = self.uncovered(self.of(rows, ctor), ctor.items + types[1:])
                if rest is not None:
                    size = len(ctor.items)
                    return [_shown(ctor, rest[:size]), *rest[size:]]
            return None
        rest = self.uncovered([row[1:] for row in rows if row[0].ctor is None], types[1:])
        if rest is None:
            return None
        absent = next((c for c in every if c.key not in used), None) if used else None
        return [_shown(absent, ["_"] * len(absent.items)) if absent else "_", *rest]

    def of(self, rows: list[Row], ctor: Ctor) -> list[Row]:
        """The rows that such a value may fit, with its parts in front."""
        found: list[Row] = []
        for row in rows:
            self.step()
            head = row[0]
            if head.ctor is None:
                found.append((WILD,) * len(ctor.items) + row[1:])
            elif head.ctor.key == ctor.key:
                parts = head.parts or (WILD,) * len(ctor.items)
                found.append(parts + row[1:])
        return found

    def useful(self, rows: list[Row], row: Row, types: tuple[Type, ...]) -> bool:
        """Whether some value fits the row and none of the rows."""
        self.step()
        if not row:
            return not rows
        head = row[0]
        if head.ctor is not None:
            return self.useful(self.of(rows, head.ctor), self.of([row], head.ctor)[0], head.ctor.items + types[1:])
        used = {r[0].ctor.key for r in rows if r[0].ctor is not None}
        every = self.constructors(types[0])
        if every and all(c.key in used for c in every):
            return any(self.useful(self.of(rows, c), self.of([row], c)[0], c.items + types[1:]) for c in every)
        return self.useful([r[1:] for r in rows if r[0].ctor is None], row[1:], types[1:])


def _shown(ctor: Ctor, parts: list[str]) -> str:
    if ctor.names:
        told = [f"{n}: {p}" for n, p in zip(ctor.names, parts, strict=True) if p != "_"]
        rest = [".."] if len(told) < len(ctor.names) else []
        return f"{ctor.shown} {{ {', '.join(told + rest)} }}"
    return f"{ctor.shown}({', '.join(parts)})" if parts else ctor.shown


def exhaustive(b: Builder, e: tree.MatchExpr, held: Type) -> None:
    """Tell of values that no arm takes, and warn of arms that take none."""
    check = _Check(b)
    rows: list[Row] = []
    try:
        for arm in e.arms:
            options = check.rows(arm.pattern, held)
            if not any(check.useful(rows, (p,), (held,)) for p in options):
                b.findings.warning("CCL0201", arm.pattern.span, "this arm is never reached",
                                   label="arms before it take all it would")  # fmt: skip
            if arm.guard is None:
                rows.extend((p,) for p in options)
        witness = check.uncovered(rows, (held,))
    except Unclear:
        if check.steps > MOST_STEPS:
            b.findings.error("CCL0208", e.span, "this match is too intricate to be checked",
                             label="split it into several")  # fmt: skip
        return
    if witness is not None:
        guarded = any(a.guard is not None for a in e.arms)
        b.findings.error(
            "CCL0200", e.subject.span, f"this match leaves out `{witness[0]}`", label=f"`{witness[0]}` fits no arm",
            notes=("An arm with an `if` may not fit: what it would take needs another arm too.",) if guarded else
            ("Add an arm for it, or `_ => ..` for all others.",),
        )  # fmt: skip
