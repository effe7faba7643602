"""Programs that check, and what they give: each function of values.ccl is run by both back ends."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ccl import compile as compiler
from ccl import core, interpret
from ccl.elaborate import check_text
from ccl.report import for_people
from tests.ccl.elaborate.space import HOST

TEXT = Path(__file__).with_name("values.ccl").read_text()
_CASE = re.compile(r"^fn (\w+)\(\).*//= (.*)$", re.MULTILINE)
CASES = _CASE.findall(TEXT)
WORLD: Any = SimpleNamespace(views=None, command=None, params={}, state={}, caller="", now=0)


@pytest.fixture(scope="module")
def program() -> core.Program:
    made, findings, sources = check_text(TEXT, HOST)
    assert made is not None, for_people(findings.sorted(), sources)
    assert not findings.all, for_people(findings.sorted(), sources)
    return made


def value(written: str) -> Any:
    return eval(written, {"Fraction": Fraction})  # our own file


def test_every_function_without_parameters_states_its_value() -> None:
    declared = re.findall(r"^fn (\w+)\(\)", TEXT, re.MULTILINE)
    assert declared == [name for name, _ in CASES]
    assert len(declared) > 100


@pytest.mark.parametrize(("name", "expected"), CASES, ids=[name for name, _ in CASES])
def test_value(program: core.Program, name: str, expected: str) -> None:
    first = interpret.run(program, name, (), WORLD, fuel=100_000)
    assert first.trap is None
    assert first.value == value(expected)
    assert type(first.value) is type(value(expected))
    second = compiler.compiled(program).run(name, (), WORLD, fuel=100_000)
    assert (second.value, second.fuel) == (first.value, first.fuel)
