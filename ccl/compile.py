"""The compiler: core functions to Python functions, through `ast`, agreeing with `ccl.interpret` in all that is seen.

Value, refusal, trap, fuel and trace are the interpreter's. A `Compiled` program compiles each function when it is first
asked for, and never writes or reads code outside memory. Which node trapped is told by the traceback's line; the facts
of the fast form are locals until `outcome` is asked.
"""

from __future__ import annotations

import ast
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ccl import core, cost, fuel
from ccl.emit.nodes import UNREAD, Code, Linker, Read
from ccl.emit.statements import Emitter
from ccl.emit.survey import survey
from ccl.evaluation import (
    MACHINE_TROUBLE,
    MOST_FACTS,
    NOTHING_TO_READ,
    AskedCommand,
    Fact,
    LeftNotice,
    Outcome,
    Refusal,
    Refused,
    Trapped,
    TrapReport,
)
from ccl.host import World
from ccl.source import Span

FILE = "<ccl>"
Result = tuple[Any, ...]
"""What a clause's callable gives: first above 0, it ended well (then its value follows); below 0, refused; 0, trapped.
`Compiled.outcome` tells the rest."""


def compiled(program: core.Program) -> Compiled:
    """The program, ready to run."""
    return Compiled(program)


class Machine:
    """What the general form of functions keeps beside their locals."""

    __slots__ = ("commands", "dropped", "facts", "fuel", "limit", "notices", "world", "writes")

    def __init__(self, world: World, limit: int) -> None:
        self.world = world
        self.limit = limit
        self.fuel = 0
        self.facts: list[tuple[tuple[str, int], tuple[Any, ...], Any]] = []
        self.dropped = 0
        self.writes: dict[str, Any] = {}
        self.commands: list[AskedCommand] = []
        self.notices: list[LeftNotice] = []

    def charge(self, amount: int) -> None:
        """Charge, where the fuel may not suffice."""
        if self.fuel + amount > self.limit:
            raise Trapped("out_of_fuel")
        self.fuel += amount

    def fact(self, key: tuple[str, int], args: tuple[Any, ...], value: Any) -> Any:
        """Keep a reading."""
        if len(self.facts) < MOST_FACTS:
            self.facts.append((key, args, value))
        else:
            self.dropped += 1
        return value

    def ask(self, name: str, fields: tuple[tuple[str, Any], ...]) -> None:
        """Keep a command."""
        self.commands.append(AskedCommand(name, fields))

    def leave(self, name: str, fields: tuple[tuple[str, Any], ...]) -> None:
        """Keep a notice."""
        self.notices.append(LeftNotice(name, fields))

    def read(self) -> tuple[Fact, ...]:
        """The facts."""
        return tuple(Fact(function, site, args, value) for (function, site), args, value in self.facts)


class Compiled:
    """A program whose functions are compiled as they are asked for."""

    def __init__(self, program: core.Program) -> None:
        self.program = program
        self._numbers = {name: i for i, name in enumerate(program.functions)}
        self._linkers = {checked: Linker(self._linked(checked)) for checked in (False, True)}
        self._wanted: list[tuple[str, bool]] = []
        self._codes: dict[str, Code] = {}
        self._worst: dict[str, int | None] = {}
        self._clauses: dict[str, Callable[[World], Result]] = {}

    def run(
        self, function: str, args: Sequence[Any] = (), world: World = NOTHING_TO_READ, fuel: int | None = None
    ) -> Outcome:
        """Evaluate a function. fuel: the most it may use, `ccl.fuel.LIMIT` if not given."""
        machine, entry = self._entry(function, world, fuel)
        try:
            value = entry(machine, *args)
        except Exception as error:  # noqa: BLE001  # refusals and traps; anything else is raised again
            return self._ended(machine, error)
        return _well(machine, value)

    def clause(self, function: str) -> Callable[[World], Result]:
        """A function without parameters as one fast callable, under `ccl.fuel.LIMIT`."""
        known = self._clauses.get(function)
        if known is None:
            fits = self._fits(function, fuel.LIMIT)
            fast = fits and survey(self.program.functions[function]).fast
            known = self._clauses[function] = self._fast(function) if fast else self._general(function)
        return known

    def outcome(self, function: str, result: Result) -> Outcome:
        """What a clause's callable gave, in full."""
        if len(result) == 3 and isinstance(result[1], Machine):
            machine, what = result[1:]
            return _well(machine, what) if result[0] > 0 else self._ended(machine, what)
        code = self._codes[self._name("h", function)]
        if not result[0]:
            return self._fast_ended(code, result[1])
        taken = code.exits[abs(result[0])]
        known = dict(zip(taken.names, result[1:], strict=True))
        facts = _facts(code.function, taken.reads, known)
        used = known.get("fuel", code.fuel)
        if taken.number is not None:
            refusal = Refusal(function, taken.number, (function,))
            return Outcome(None, refusal, None, used, *facts)
        return Outcome(known["value"], None, None, used, *facts)

    # -- forms --

    def _name(self, form: str, function: str) -> str:
        return f"{form}{self._numbers[function]}"

    def _linked(self, checked: bool) -> Callable[[str], str]:
        def link(function: str) -> str:
            self._wanted.append((function, checked))
            return self._name("g" if checked else "f", function)

        return link

    def _fits(self, function: str, limit: int) -> bool:
        """Whether the worst case is known and within the limit."""
        if function not in self._worst:
            self._worst[function] = cost.worst(self.program, function).at()
        most = self._worst[function]
        return most is not None and most <= limit

    def _entry(self, function: str, world: World, limit: int | None) -> tuple[Machine, Callable[..., Any]]:
        limit = fuel.LIMIT if limit is None else limit
        checked = not self._fits(function, limit)
        name = self._linkers[checked].link(function)
        self._compile_wanted()
        entry: Callable[..., Any] = self._linkers[checked].namespace[name]
        return Machine(world, limit), entry

    def _compile_wanted(self) -> None:
        """Compile what has been named and is not there yet; it may name others."""
        while self._wanted:
            function, checked = self._wanted.pop()
            name = self._name("g" if checked else "f", function)
            if name not in self._linkers[checked].namespace:
                self._define(function, name, fast=False, checked=checked)

    def _define(self, function: str, name: str, *, fast: bool, checked: bool) -> Callable[..., Any]:
        linker = self._linkers[checked]
        emitter = Emitter(self.program.functions[function], linker, fast=fast, checked=checked)
        module = ast.Module([emitter.definition(name)], [])
        made = compile(module, FILE, "exec", dont_inherit=True, optimize=0)
        code = next(c for c in made.co_consts if isinstance(c, types.CodeType))
        self._codes[name] = emitter.code
        linker.namespace[name] = types.FunctionType(code, linker.namespace, name)
        return linker.namespace[name]  # type: ignore[no-any-return]  # the function just made

    def _fast(self, function: str) -> Callable[[World], Result]:
        return self._define(function, self._name("h", function), fast=True, checked=False)

    def _general(self, function: str) -> Callable[[World], Result]:
        assert not self.program.functions[function].params, f"{function} has parameters: use run"
        machine, entry = self._entry(function, NOTHING_TO_READ, None)
        limit = machine.limit

        def judged(world: World) -> Result:
            machine = Machine(world, limit)
            try:
                return 1, machine, entry(machine)
            except Refused as error:
                return -1 if self._place(error)[2] else 0, machine, error
            except Exception as error:  # noqa: BLE001  # told apart by `outcome`
                return 0, machine, error

        return judged

    # -- how it ended --

    def _place(self, error: BaseException) -> tuple[Code, Span, bool, tuple[str, ...], dict[str, Any]]:
        """The innermost compiled function on the way of an exception, the node there, whether it was not the host that
        raised it, the functions on the way, and that function's locals."""
        path: list[str] = []
        found: tuple[Code, Span, bool, types.FrameType] | None = None
        for frame, line in self._steps(error):
            code = self._codes[frame.f_code.co_name]
            span, host = code.places[line - 1]
            path.append(code.function)
            found = code, span, not host, frame
        if found is None:
            raise error
        code, span, own, frame = found
        return code, span, own, tuple(path), dict(frame.f_locals)

    def _verdict(self, error: Exception) -> tuple[Refusal | None, TrapReport | None]:
        if isinstance(error, MACHINE_TROUBLE):
            raise error
        code, span, own, path, _ = self._place(error)
        if not own:
            return None, TrapReport("view", "", code.function, span)
        if isinstance(error, Refused):
            return Refusal(error.function, error.number, path), None
        if isinstance(error, Trapped):
            return None, TrapReport(error.code, error.text, code.function, span)
        raise error

    def _ended(self, machine: Machine, error: Exception) -> Outcome:
        refusal, trap = self._verdict(error)
        used = machine.fuel + self._underway(error)
        return Outcome(None, refusal, trap, used, machine.read(), machine.dropped)

    def _underway(self, error: BaseException) -> int:
        """The fuel that functions count in a local and had not handed over when an exception ended them."""
        return sum(frame.f_locals.get("fuel", 0) for frame, _ in self._steps(error))

    def _steps(self, error: BaseException) -> Iterator[tuple[types.FrameType, int]]:
        """The compiled functions on the way of an exception, from the outermost, and the line of each."""
        spaces = [linker.namespace for linker in self._linkers.values()]
        step = error.__traceback__
        while step is not None:
            if any(step.tb_frame.f_globals is space for space in spaces):
                yield step.tb_frame, step.tb_lineno
            step = step.tb_next

    def _fast_ended(self, code: Code, error: Exception) -> Outcome:
        refusal, trap = self._verdict(error)
        known = self._place(error)[4]
        facts = _facts(code.function, code.reads, known)
        return Outcome(None, refusal, trap, known.get("fuel", code.fuel), *facts)


def _well(machine: Machine, value: Any) -> Outcome:
    effects = tuple(machine.writes.items()), tuple(machine.commands), tuple(machine.notices)
    return Outcome(value, None, None, machine.fuel, machine.read(), machine.dropped, *effects)


def _facts(function: str, reads: Sequence[Read], known: dict[str, Any]) -> tuple[tuple[Fact, ...], int]:
    """The facts of a fast function, of those readings that happened, and how many more than are kept."""
    made = []
    for read in reads:
        value = known.get(read.slot, UNREAD)
        if value is not UNREAD:
            args = tuple(known[name] if name else constant for name, constant in read.args)
            made.append(Fact(function, read.site, args, value))
    return tuple(made[:MOST_FACTS]), max(len(made) - MOST_FACTS, 0)
