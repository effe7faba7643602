"""The world of generated programs: views, a command, parameters and state that follow from a seed."""

from __future__ import annotations

import random
import zlib
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from ccl import types as t

from .signatures import MOST

EDGES = (0, 1, -1, 2, 3, 5, 7, 10, 100, 2**31, t.I64_MAX, -t.I64_MAX, t.I64_MAX - 1, 63, 64, 12, 365)


class Loan:
    """A record of the host."""

    def __init__(self, amount_minor: int, note: int | None, parts: tuple[int, ...]) -> None:
        self.amount_minor = amount_minor
        self.note = note
        self.parts = parts

    def __repr__(self) -> str:
        return f"Loan({self.amount_minor}, {self.note}, {self.parts})"


class Views:
    """Views whose answers follow from a seed, the name and the arguments."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def _pick(self, name: str, args: tuple[Any, ...], choices: tuple[Any, ...]) -> Any:
        return choices[zlib.crc32(repr((self._seed, name, args)).encode()) % len(choices)]

    def member(self) -> Any:
        return self._pick("member", (), (True, True, False))

    def age(self, of: str) -> Any:
        return self._pick("age", (of,), (0, 17, 40, t.I64_MAX))

    def balance(self, of: str, number: int) -> Any:
        return self._pick("balance", (of, number), (0, -50, 12_000, -t.I64_MAX))

    def scores(self) -> Any:
        return self._pick("scores", (), ((), (1, 2, 3), (5, 0, 5, 9, 1, 1)))

    def many(self) -> Any:
        return tuple(range(MOST + 1))  # more than it declares

    def loan(self, number: int) -> Any:
        if number == 3:
            raise LookupError(number)
        return self._pick("loan", (number,), LOANS)

    def found(self, of: str) -> Any:
        return self._pick("found", (of,), (None, (4,), (-9,)))

    def broken(self) -> Any:
        raise RuntimeError("no answer")

    def today(self) -> Any:
        return self._pick("today", (), (20_454, 0, -400, 2_932_896))

    def since(self) -> Any:
        return self._pick("since", (), (1_767_225_600_000, 0, 253_402_300_799_999))

    def colour(self, number: int) -> Any:
        return self._pick("colour", (number,), ((0,), (1, 7, "deep"), (2, True)))

    def book(self) -> Any:
        return self._pick("book", (), ({}, {"a": 1, "Ann": 2}, {"x": 1, "y": 2, "a": 3, "b": 4, "c": 5, "d": 6}))

    def rate(self) -> Any:
        return self._pick("rate", (), (Fraction(1, 3), Fraction(5, 2), Fraction(-1, t.I64_MAX)))


LOANS = (Loan(500, None, (1, 2)), Loan(0, 9, ()), Loan(-t.I64_MAX, 3, (4, 4, 4)))


@dataclass
class Command:
    """The command judged; `absent` is not among its attributes."""

    amount_minor: int
    count: int
    memo: int | None
    items: tuple[int, ...]


@dataclass
class GivenWorld:
    """A world from a seed."""

    seed: int
    views: Any = None
    command: Any = None
    params: dict[str, Any] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    caller: str = "did:key:ann"
    now: int = 1_767_225_600_000

    def __post_init__(self) -> None:
        dice = random.Random(self.seed)
        self.views = Views(self.seed)
        items = tuple(dice.choice(EDGES) for _ in range(dice.randrange(4)))
        self.command = Command(dice.choice(EDGES), dice.randrange(9), dice.choice((None, 3)), items)
        self.params = {"limit": dice.choice(EDGES), "least": dice.randrange(5), "names": ("a", "Ann")}
        self.state = {"total": dice.choice(EDGES), "log": (1, 2), "name": "orchard"}
