"""Playing an example again: a world made of what the solver says was read, for the interpreter to run in.

A counterexample is told only if the reference interpreter agrees with it. What the example does not speak of was not
read by the symbolic run and cannot matter; read all the same, it is the trap `view`, and the example falls.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from ccl import core, types
from ccl.proof.symbols import Reader, Reading


@dataclass(frozen=True, slots=True)
class Read:
    """A reading of the example with its values: kind and name as in `Reading`."""

    kind: str
    name: str
    args: tuple[Any, ...]
    arg_types: tuple[types.Type, ...]
    type: types.Type
    value: Any


class Views:
    """The views of an example, by name and arguments."""

    def __init__(self, known: Mapping[tuple[Any, ...], Any]) -> None:
        self._known = known

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *args: self._known[(name, *args)]


@dataclass(slots=True)
class ExampleWorld:
    """The `World` of an example."""

    views: Any
    command: Any
    params: Mapping[str, Any]
    state: Mapping[str, Any]
    caller: str
    now: int


def readings(reader: Reader) -> tuple[Read, ...]:
    """All that the example says was read, in the order first read."""
    return tuple(_read(reader, reading) for reading in reader.symbols.readings.values())


def _read(reader: Reader, reading: Reading) -> Read:
    args = tuple(reader.value(a, t) for a, t in zip(reading.args, reading.arg_types, strict=True))
    value = reader.value(reading.value, reading.type)
    return Read(reading.kind, reading.name, args, reading.arg_types, reading.type, value)


def world(program: core.Program, read: tuple[Read, ...], params: Mapping[str, Any] | None = None) -> ExampleWorld:
    """The world in which all that holds. params: values in the place of those read."""
    views: dict[tuple[Any, ...], Any] = {}
    command: dict[str, Any] = {}
    found_params = {p.name: p.default for p in program.params}
    state = {s.name: s.initial for s in program.states}
    for one in read:
        if one.kind == "view":
            views[(one.name, *one.args)] = _together(views.get((one.name, *one.args)), one.value)
        elif one.kind == "command":
            optional = isinstance(one.type, types.Option)
            command[one.name] = (one.value[0] if one.value else None) if optional else one.value
        elif one.kind == "param":
            found_params[one.name] = one.value
        elif one.kind == "state":
            state[one.name] = one.value
    found_params.update(params or {})
    caller, now = views.get(("caller",), ""), views.get(("now",), 0)
    return ExampleWorld(Views(views), SimpleNamespace(**command), found_params, state, caller, now)


def _together(before: Any, value: Any) -> Any:
    """One record of two that the same arguments gave: the fields read of either."""
    if isinstance(before, SimpleNamespace) and isinstance(value, SimpleNamespace):
        return SimpleNamespace(**vars(before), **{k: v for k, v in vars(value).items() if k not in vars(before)})
    return value
