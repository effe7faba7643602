"""Playing an example again: a world made of what the solver says was read, for the interpreter to run in.

A counterexample is told only if the reference interpreter agrees with it. What the example does not speak of was not
read by the symbolic run and cannot matter; read all the same, it is the trap `view`, and the example falls.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ccl import core, types
from ccl.proof.symbols import ExampleRecord, Reader, Reading


@dataclass(frozen=True, slots=True)
class Read:
    """A reading of the example with its values: kind and name as in `Reading`."""

    kind: str
    name: str
    args: tuple[Any, ...]
    arg_types: tuple[types.Type, ...]
    type: types.Type
    value: Any


Seen = set[tuple[str, str, str]]
"""What was read when an example was played: kind, name, and the arguments as text."""


class Views:
    """The views of an example, by name and arguments."""

    def __init__(self, known: Mapping[tuple[Any, ...], Any], seen: Seen) -> None:
        self._known = known
        self._seen = seen

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)

        def view(*args: Any) -> Any:
            self._seen.add(("view", name, repr(args)))
            return self._known[(name, *args)]

        return view


class Fields:
    """The command of an example."""

    def __init__(self, known: Mapping[str, Any], seen: Seen) -> None:
        self._known = known
        self._seen = seen

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._known:
            raise AttributeError(name)
        self._seen.add(("command", name, "()"))
        return self._known[name]


class Values(dict[str, Any]):
    """The parameters or the state of an example."""

    def __init__(self, kind: str, known: Mapping[str, Any], seen: Seen) -> None:
        super().__init__(known)
        self._kind = kind
        self._seen = seen

    def __getitem__(self, name: str) -> Any:
        self._seen.add((self._kind, name, "()"))
        return super().__getitem__(name)


@dataclass(slots=True)
class ExampleWorld:
    """The `World` of an example. seen: what has been read of it."""

    views: Any
    command: Any
    params: Mapping[str, Any]
    state: Mapping[str, Any]
    caller: str
    now: int
    seen: Seen

    def was_read(self, one: Read) -> bool:
        """Whether a reading played a part. Who asks and when is always told if it was looked at."""
        if one.kind == "view" and one.name in ("caller", "now"):
            return True
        return one.kind not in _NOTED or (one.kind, one.name, repr(one.args)) in self.seen


_NOTED = ("view", "command", "param", "state")


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
    seen: Seen = set()
    return ExampleWorld(
        Views(views, seen), Fields(command, seen), Values("param", found_params, seen), Values("state", state, seen),
        caller, now, seen,
    )  # fmt: skip


def _together(before: Any, value: Any) -> Any:
    """One record of two that the same arguments gave: the fields read of either."""
    if isinstance(before, ExampleRecord) and isinstance(value, ExampleRecord):
        return before.joined(value)
    return value
