"""The state of a contract in CCL: what its actions have written, kept as JSON text with one spelling for each value."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

from ccl import core
from icn_node.kernel.tables import Record, Tables

if TYPE_CHECKING:
    from icn_node.kernel.views import World


class State(Record, frozen=True):
    """A state of the contract in force that an action has written. value: JSON, as `stored` makes it."""

    TABLE: ClassVar[str] = "contract_state"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    value: str


RECORDS = (State,)


class Values(Mapping[str, Any]):
    """The contract's state, as an evaluation reads it: what was written, else its first value."""

    def __init__(self, world: World, declared: Mapping[str, core.State]) -> None:
        self._world = world
        self._declared = declared

    def __getitem__(self, name: str) -> Any:
        declared = self._declared[name]
        row = self._world.tx.get(State, name)
        return declared.initial if row is None else read_back(row.value)

    def __iter__(self) -> Iterator[str]:
        return iter(self._declared)

    def __len__(self) -> int:
        return len(self._declared)


def stored(value: Any) -> str:
    """A value of the language as JSON text, of which `read_back` makes it again: the one spelling it has."""
    return json.dumps(_told(value), ensure_ascii=False, separators=(",", ":"))


def _told(value: Any) -> Any:
    if isinstance(value, Fraction):
        return {"ratio": [value.numerator, value.denominator]}
    if isinstance(value, tuple):
        return [_told(item) for item in value]
    if isinstance(value, dict):
        return {"map": [[_told(key), _told(item)] for key, item in value.items()]}
    assert value is None or isinstance(value, bool | int | str), value
    return value


def read_back(text: str) -> Any:
    """The inverse of `stored`."""
    return _meant(json.loads(text))


def _meant(said: Any) -> Any:
    if isinstance(said, list):
        return tuple([_meant(item) for item in said])
    if isinstance(said, dict):
        if "ratio" in said:
            return Fraction(*said["ratio"])
        return {_meant(key): _meant(item) for key, item in said["map"]}
    return said


def kept(tx: Tables, states: tuple[core.State, ...]) -> dict[str, Any]:
    """What actions have written of a contract's state, by name."""
    rows = {s.name: tx.get(State, s.name) for s in states}
    return {name: read_back(row.value) for name, row in sorted(rows.items()) if row is not None}


def replace(tx: Tables, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Let the state of one version make room for that of the next."""
    for name in before:
        tx.delete(State, name)
    for name, value in sorted(after.items()):
        tx.put(State(name, stored(value)))
