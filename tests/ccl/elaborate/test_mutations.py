"""Seeded mutations of good functions: checking never fails, and what checks runs alike in both back ends.

What has been accepted may trap, and nothing else: a Python error in an evaluation would be a hole in the types.
"""

from __future__ import annotations

import random
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ccl import compile as compiler
from ccl import interpret
from ccl.elaborate import check_text
from tests.ccl.elaborate.space import HOST

TEXT = Path(__file__).with_name("values.ccl").read_text()
LINES = [line.split("//")[0].strip() for line in TEXT.split("\n")]
FUNCTIONS = {m[1]: line for line in LINES if (m := re.match(r"fn (\w+)", line))}
REST = "\n".join(line for line in LINES if line and not line.startswith("fn "))
PART = re.compile(r"\w+(?:\.\w+)*\([^(){};]*\)|\[[^\[\]{};]*\]|\b\w+\b|[-+*/%<>=&|]+|\([^(){};]*\)")
SIGNS = ["+", "-", "*", "/", "%", "<", ">", "<=", "==", "&&", "||", "??", "in", "by", "+="]
PARTS = [m[0] for line in FUNCTIONS.values() for m in PART.finditer(line)]
WORLD: Any = SimpleNamespace(views=None, command=None, params={}, state={}, caller="", now=0)


def needed(body: str, found: dict[str, str]) -> dict[str, str]:
    for word in re.findall(r"\w+", body):
        if word in FUNCTIONS and word not in found:
            found[word] = FUNCTIONS[word]
            needed(FUNCTIONS[word], found)
    return found


def mutated(body: str, chance: random.Random) -> str:
    for _ in range(chance.randint(1, 2)):
        spot = chance.choice(list(PART.finditer(body)))
        other = chance.choice(SIGNS) if spot[0][0] in "-+*/%<>=&|" else chance.choice(PARTS)
        body = body[: spot.start()] + other + body[spot.end() :]
    return body


@pytest.mark.parametrize("seed", range(4))
def test_what_checks_runs_alike(seed: int) -> None:
    chance = random.Random(seed)
    ran = 0
    for _ in range(300):
        name = chance.choice(sorted(FUNCTIONS))
        head, _, body = FUNCTIONS[name].partition("{")
        whole = head + "{" + mutated(body, chance)
        others = needed(whole, {})
        others.pop(name, None)
        made, findings, _ = check_text("\n".join((REST, *others.values(), whole)), HOST)
        assert (made is None) == findings.failed
        if made is None or made.functions[name].params:
            continue
        first = interpret.run(made, name, (), WORLD, fuel=20_000)
        second = compiler.compiled(made).run(name, (), WORLD, fuel=20_000)
        assert (first.value, first.trap, first.fuel) == (second.value, second.trap, second.fuel), whole
        ran += 1
    assert ran >= 10
