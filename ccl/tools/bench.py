"""Say what judging costs: every judgement that the contract's own tests ask for, timed in both back ends.

Times are the least of several runs, and stand as multiples of an empty call of a Python function in the same run, since
machines differ and are shared. The facts come from the tests, not from a node: what a node takes to look them up is not
in it. Fuel is what the language counts, the same on every machine.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

from ccl.host import World
from ccl.rulebook import Reference, Rulebook, Verdict
from ccl.testing.cases import Runner
from ccl.testing.world import MadeWorld
from ccl.tools import contracts, files
from ccl.tools.contracts import Contract

ROUNDS = 5
ENOUGH_NS = 2_000_000
"""A measurement repeats until it has taken this long, so that the clock's own grain does not show."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which contract, and which of its tests."""
    parser.add_argument("paths", metavar="PATH", nargs="+", help="files that form one contract, or directories of them")
    parser.add_argument(
        "-k", dest="wanted", metavar="WORDS", default="", help="only tests whose name holds all of these"
    )
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of text")
    contracts.arguments(parser)


def run(args: argparse.Namespace) -> int:
    """0, or 1 if the contract has errors or its tests judge nothing, 2 if a file or the host is missing."""
    try:
        contract = contracts.loaded(args, list(files.found(args.paths)))
    except files.Unreadable as error:
        sys.stderr.write(f"ccl bench: {error}\n")
        return 2
    if contract is None:
        return 1
    judged = judgements(contract, args.wanted)
    if not judged:
        sys.stderr.write("ccl bench: no test judges a command; write one: `ccl test --help`\n")
        return 1
    floor = timed(lambda: None)
    rows = [measured(contract, name, cases, floor) for name, cases in sorted(judged.items())]
    if args.json:
        sys.stdout.write(json.dumps({"empty_call_ns": floor, "commands": rows}) + "\n")
    else:
        sys.stdout.write(as_text(rows, floor))
    return 0


class _Recording(Rulebook):
    """A rulebook that keeps what it is asked."""

    def __init__(self, runner: Runner) -> None:
        super().__init__(runner.program, runner.host, runner.evaluator)
        self.asked: list[tuple[str, World, str | None]] = []

    def judge(self, name: str, world: World, unit: str | None = None, fuel: int | None = None) -> Verdict:
        """Judge, and keep the question."""
        self.asked.append((name, world.whole() if isinstance(world, MadeWorld) else world, unit))
        return super().judge(name, world, unit, fuel)


def judgements(contract: Contract, wanted: str = "") -> dict[str, list[tuple[World, str | None]]]:
    """By command, the worlds in which the wanted tests have it judged."""
    runner = Runner(contract.program, contract.bodies, contract.host, contract.sources, contract.findings)
    runner.book = book = _Recording(runner)
    words = wanted.lower().split()
    for test in contract.program.tests:
        if all(word in test.name.value.lower() for word in words):
            runner.run(test)
    found: dict[str, list[tuple[World, str | None]]] = {}
    for name, world, unit in book.asked:
        found.setdefault(name, []).append((world, unit))
    return found


def measured(contract: Contract, name: str, cases: list[tuple[World, str | None]], floor: float) -> dict[str, Any]:
    """A command's figures: cases, the most fuel, the slowest case compiled and interpreted in ns, their ratios."""
    program, host = contract.program, contract.host
    compiled = Rulebook(program, host)
    reference = Rulebook(program, host, Reference(program))
    fuel, slowest, plain = 0, 0.0, 0.0
    for world, unit in cases:
        unit = compiled.unit_of(name, world.command) if unit is None else unit
        still = held_still(compiled, name, world, unit)
        fuel = max(fuel, compiled.judge(name, still, unit).fuel)
        slowest = max(slowest, timed(partial(compiled.judge, name, still, unit)))
        plain = max(plain, timed(partial(reference.judge, name, still, unit)))
    return {
        "command": name, "cases": len(cases), "fuel": fuel, "compiled_ns": slowest, "interpreted_ns": plain,
        "of_empty_call": round(slowest / floor, 1), "interpreted_of_compiled": round(plain / slowest, 1),
    }  # fmt: skip


def held_still(book: Rulebook, name: str, world: World, unit: str) -> World:
    """The world with the facts that this judgement reads as plain values, so that a test's way of giving them is not
    what is timed."""
    answers: dict[str, list[tuple[tuple[Any, ...], Any]]] = {}
    attributes: dict[str, Any] = {}

    def view(called: str) -> Callable[..., Any]:
        def answer(*args: Any) -> Any:
            value = getattr(world.views, called)(*args)
            answers.setdefault(called, []).append((args, value))
            return value

        return answer

    def attribute(called: str) -> Any:
        return attributes.setdefault(called, getattr(world.command, called))

    book.judge(name, _world(world, _Watched(view), _Watched(attribute)), unit)
    views = {called: _again(getattr(world.views, called), given) for called, given in answers.items()}
    return _world(world, SimpleNamespace(**views), SimpleNamespace(**attributes))


def _world(world: World, views: Any, command: Any) -> World:
    made: World = SimpleNamespace(
        views=views, command=command, params=dict(world.params), state=dict(world.state), caller=world.caller,
        now=world.now,
    )  # fmt: skip
    return made


class _Watched:
    """Hands out attributes by a function."""

    def __init__(self, read: Callable[[str], Any]) -> None:
        self._read = read

    def __getattr__(self, name: str) -> Any:
        return self._read(name)


def _again(view: Callable[..., Any], given: list[tuple[tuple[Any, ...], Any]]) -> Callable[..., Any]:
    """A view that answers as it did: a constant where it always said the same."""
    value = given[0][1]
    return (lambda *_: value) if all(v is value or v == value for _, v in given) else view


def timed(call: Callable[[], Any]) -> float:
    """Nanoseconds of a call: the least mean of several rounds."""
    count, best = 1, float("inf")
    while True:
        start = time.perf_counter_ns()
        for _ in range(count):
            call()
        took = time.perf_counter_ns() - start
        if took >= ENOUGH_NS / ROUNDS:
            break
        count *= 4
    for _ in range(ROUNDS):
        start = time.perf_counter_ns()
        for _ in range(count):
            call()
        best = min(best, (time.perf_counter_ns() - start) / count)
    return round(best, 1)


def as_text(rows: list[dict[str, Any]], floor: float) -> str:
    """A line a command, the dearest first."""
    width = max(len(row["command"]) for row in rows)
    lines = [f"{'command':<{width}}  cases   fuel  compiled  of an empty call  interpreted"]
    for row in sorted(rows, key=lambda row: -row["compiled_ns"]):
        lines.append(
            f"{row['command']:<{width}}  {row['cases']:>5}  {row['fuel']:>5}  {row['compiled_ns'] / 1000:>5.1f} us"
            f"  {row['of_empty_call']:>16}  {row['interpreted_ns'] / 1000:>8.1f} us"
        )
    return "\n".join((*lines, f"An empty call takes {floor:.0f} ns here; times are of the slowest case.")) + "\n"
