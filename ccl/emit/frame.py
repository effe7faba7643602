"""The function being emitted: its identifiers, its lines, its statements so far, its charges, its ways out."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ccl import core
from ccl.emit.nodes import (
    Code,
    Exit,
    Linker,
    Read,
    attribute,
    call,
    compare,
    load,
    located,
    named,
    row,
    store,
)
from ccl.emit.survey import survey
from ccl.source import Span


def machine_fuel() -> ast.Attribute:
    """The fuel that functions of the general form have used and left behind."""
    return ast.Attribute(load("m"), "fuel", ast.Store())


class Frame:
    """One form of one function. fast: see the package. checked: each charge asks whether the fuel suffices."""

    def __init__(self, function: core.Function, linker: Linker, *, fast: bool, checked: bool) -> None:
        assert not (fast and checked), "the fast form is for what fits its fuel"
        self.function = function
        self.linker = linker
        self.fast = fast
        self.checked = checked
        self.code = Code(function.name)
        found = survey(function)
        self.heavy = found.heavy
        self.counts = not (checked or found.one_block)
        """Whether the fuel is counted in a local as it runs; of one block only it is known before."""
        self.safe: set[int] = set()
        """The ids of operations of which it is known that they cannot trap."""
        self.out: list[ast.stmt] = []
        self.repeated = 0
        """How many loops are around."""
        self.conditional = 0
        """How many branches are around: what is read here may not have been, later on."""
        self.uses: dict[str, None] = {}
        """Parts of the world that the prelude binds."""
        self.unread: dict[str, None] = {}
        """Identifiers that the prelude binds to `UNREAD`."""
        self._numbers: dict[str, str] = {}
        self._temporaries = 0

    # -- identifiers, lines, statements --

    def line(self, span: Span, *, host: bool = False) -> int:
        """A line of its own for a node."""
        self.code.places.append((span, host))
        return len(self.code.places)

    def local(self, name: str) -> str:
        """The identifier of a local."""
        return self._numbers.setdefault(name, f"v{len(self._numbers)}")

    def alias(self, name: str, other: str) -> None:
        """Give a local the identifier of another: they are never alive with different values."""
        self._numbers[name] = self.local(other)

    def temporary(self) -> str:
        """A new identifier."""
        self._temporaries += 1
        return f"t{self._temporaries}"

    def part(self, name: str) -> ast.expr:
        """A part of the world, bound once in the prelude; "writes" is the machine's."""
        self.uses[name] = None
        return load(name)

    def add(self, statement: ast.stmt, line: int) -> None:
        """The next statement."""
        self.out.append(located(statement, line))

    def bind(self, name: str, value: ast.expr, line: int) -> None:
        """An assignment to an identifier."""
        self.add(ast.Assign([store(name)], value), line)

    def kept(self, value: ast.expr, line: int) -> ast.expr:
        """The value as something that can be named twice: a constant, an identifier, or else a temporary."""
        if isinstance(value, ast.Name | ast.Constant):
            return value
        name = self.temporary()
        self.bind(name, value, line)
        return load(name)

    @contextmanager
    def inside(self, *, repeated: bool = False) -> Iterator[list[ast.stmt]]:
        """Statements go into a list of their own: a branch's, or a loop's."""
        outer, self.out = self.out, []
        self.conditional += 1
        self.repeated += repeated
        yield self.out
        self.repeated -= repeated
        self.conditional -= 1
        if not self.out:
            self.add(ast.Pass(), 1)
        self.out = outer

    @contextmanager
    def perhaps(self) -> Iterator[None]:
        """What is emitted here may not be evaluated."""
        self.conditional += 1
        yield
        self.conditional -= 1

    def prelude(self, own: int) -> list[ast.stmt]:
        """What is bound before all else: parts of the world, readings that may not happen, the fuel."""
        line = self.line(self.function.span, host=True)
        made: list[ast.stmt] = []
        if self.counts:
            made.append(ast.Assign([store("fuel")], ast.Constant(own)))
        elif not self.fast:
            made += self.entry_charge(own)
        world = load("world") if self.fast else attribute(load("m"), "world")
        for part in self.uses:
            source = load("m") if part == "writes" else world
            made.append(ast.Assign([store(part)], attribute(source, part)))
        made += [ast.Assign([store(name)], load("_unread")) for name in self.unread]
        return [located(s, line) for s in made]

    def entry_charge(self, own: int) -> list[ast.stmt]:
        """What a function of the general form charges when it is entered, if it does not count in a local."""
        line = self.line(self.function.span)
        if self.checked:
            return [located(ast.Expr(call(attribute(load("m"), "charge"), ast.Constant(own))), line)]
        return [located(ast.AugAssign(machine_fuel(), ast.Add(), ast.Constant(own)), line)]

    # -- fuel --

    def charge(self, amount: ast.expr, span: Span) -> None:
        """Charge so much."""
        line = self.line(span)
        if self.checked:
            self.add(ast.Expr(call(attribute(load("m"), "charge"), amount)), line)
            return
        assert self.counts, "what charges more than once counts"
        self.add(ast.AugAssign(store("fuel"), ast.Add(), amount), line)

    def charge_rounds(self, over: ast.expr, most: int | None, each: int, span: Span) -> None:
        """Charge for all rounds over a collection, which must not have more than declared."""
        line = self.line(span)
        length = self.kept(call(load("_len"), over), line)
        self.bounded(length, most, line)
        self.charge(ast.BinOp(length, ast.Mult(), ast.Constant(each)), span)

    def bounded(self, length: ast.expr, most: int | None, line: int) -> None:
        """Trap where a length is beyond its most."""
        if most is not None:
            test = compare(length, ast.Gt(), ast.Constant(most))
            self.add(ast.If(test, [ast.Expr(call(load("_too_long")))], []), line)

    # -- facts --

    def fact(self, site: int, args: list[tuple[core.Expr, ast.expr]], value: Any, line: int) -> ast.expr:
        """A reading with its trace. value: from the arguments' expressions to the expression that reads."""
        if self.fast:
            return self._slot(site, args, value, line)
        shown: list[ast.expr] = []
        again: list[ast.expr] = []
        for _, arg in args:
            if isinstance(arg, ast.Name | ast.Constant):
                shown.append(arg)
                again.append(arg)
            else:
                name = self.temporary()
                shown.append(named(name, arg))
                again.append(load(name))
        key = self.linker.constant((self.function.name, site))
        return located(call(attribute(load("m"), "fact"), key, row(*shown), value(again)), line)  # type: ignore[no-any-return]

    def _slot(self, site: int, args: list[tuple[core.Expr, ast.expr]], value: Any, line: int) -> ast.expr:
        """In the fast form the reading stays in a local of its own, and so do its arguments."""
        references: list[tuple[str, Any]] = []
        passed: list[ast.expr] = []
        for source, arg in args:
            if isinstance(source, core.Const):
                references.append(("", source.value))
            else:
                if isinstance(arg, ast.Constant):  # a comprehension or the like known when compiling
                    references.append(("", arg.value))
                    passed.append(arg)
                    continue
                if not isinstance(arg, ast.Name | ast.NamedExpr):
                    arg = named(self.temporary(), arg)
                target = arg.target if isinstance(arg, ast.NamedExpr) else arg
                assert isinstance(target, ast.Name)
                references.append((target.id, None))
            passed.append(arg)
        slot = f"s{len(self.code.reads)}"
        self.code.reads.append(Read(site, slot, tuple(references)))
        if self.conditional:
            self.unread.update(dict.fromkeys((slot, *(name for name, _ in references if name))))
        return located(named(slot, value(passed)), line)  # type: ignore[no-any-return]

    # -- ways out --

    def leave(self, number: int | None, value: ast.expr | None, line: int) -> None:
        """End: with a value, or refused by the requirement of that number."""
        if self.fast:
            self._exit(number, value, line)
        elif number is None:
            assert value is not None, "what ends well has a value, if only None"
            if self.counts:
                value = self.kept(value, line)
                self.add(ast.AugAssign(machine_fuel(), ast.Add(), load("fuel")), line)
            self.add(ast.Return(value), line)
        else:
            refused = call(load("_Refused"), ast.Constant(self.function.name), ast.Constant(number))
            self.add(ast.Raise(refused, None), line)

    def _exit(self, number: int | None, value: ast.expr | None, line: int) -> None:
        names: dict[str, None] = {"fuel": None} if self.counts else {}
        for read in self.code.reads:
            names.update(dict.fromkeys((read.slot, *(name for name, _ in read.args if name))))
        code = len(self.code.exits) + 1
        items: list[ast.expr] = [ast.Constant(code if number is None else -code)]
        shown = tuple(names)
        if number is None:
            assert value is not None, "what ends well has a value, if only None"
            items.append(value)
            shown = ("value", *shown)
        self.code.exits[code] = Exit(number, shown, tuple(self.code.reads))
        self.add(ast.Return(row(*items, *map(load, names))), line)
