"""A world that a test makes up: what it gave, and a note of what it should have given.

Reading a fact that was not given raises `NotGiven`, which an evaluation takes for a view that failed; so the world
keeps in `missing` what was asked for in vain, and whoever runs the test looks there first.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Args = tuple[Any, ...]


class NotGiven(Exception):
    """A test does not say what this is: the fact, as a `given` would name it."""


class Unset:
    """A party or text of the command that a test does not name. It may be handed to a view that is given for whatever
    its arguments are; looking at it is `NotGiven`."""

    __slots__ = ("_called", "_missing")

    def __init__(self, called: str, missing: list[str]) -> None:
        self._called = called
        self._missing = missing

    def _looked_at(self, *_: object) -> bool:
        self._missing.append(self._called)
        raise NotGiven(self._called)

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = __contains__ = _looked_at

    def __hash__(self) -> int:
        self._looked_at()
        return 0

    def __len__(self) -> int:
        self._looked_at()
        return 0

    def __str__(self) -> str:
        return f"({self._called} is not given)"


class MadeRecord:
    """A host's record in a test: the fields that were given."""

    def __init__(self, called: str, fields: Mapping[str, Any], missing: list[str]) -> None:
        self._called = called
        self._fields = dict(fields)
        self._missing = missing

    def __getattr__(self, name: str) -> Any:
        if name in self._fields:
            return self._fields[name]
        self._missing.append(f"{self._called}.{name}")
        raise NotGiven(self._missing[-1])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MadeRecord) and self._fields == other._fields

    def __hash__(self) -> int:
        return hash(tuple(self._fields))

    def held(self, name: str) -> Any:
        """A field's value, None if none was given."""
        return self._fields.get(name)

    def with_field(self, name: str, value: Any) -> MadeRecord:
        """A copy with another value for a field."""
        return MadeRecord(self._called, {**self._fields, name: value}, self._missing)


class MadeViews:
    """Views by name: each answers by its arguments, or the same whatever they are."""

    def __init__(self, given: Mapping[str, Mapping[Args | None, Any]], missing: list[str]) -> None:
        self._given = given
        self._missing = missing

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)
        known: Mapping[Args | None, Any] = self._given.get(name, {})

        def view(*args: Any) -> Any:
            if not known.keys() <= {None} and args in known:
                return known[args]
            if None in known:
                return known[None]
            self._missing.append(shown(name, args))
            raise NotGiven(self._missing[-1])

        return view


class MadeCommand:
    """The command judged: the fields that were given, by attribute."""

    def __init__(self, fields: Mapping[str, Any], names: Mapping[str, str], missing: list[str]) -> None:
        self._fields = fields
        self._names = names
        self._missing = missing

    def __getattr__(self, name: str) -> Any:
        if name in self._fields:
            return self._fields[name]
        if name.startswith("__"):
            raise AttributeError(name)
        self._missing.append(f"command.{self._names.get(name, name)}")
        raise NotGiven(self._missing[-1])


class _Absent(Mapping[str, Any]):
    """Parameters or states, with a note of those that have no value."""

    def __init__(self, held: Mapping[str, Any], missing: list[str]) -> None:
        self._held = held
        self._missing = missing

    def __getitem__(self, name: str) -> Any:
        if name not in self._held:
            self._missing.append(name)
            raise NotGiven(name)
        return self._held[name]

    def __iter__(self) -> Any:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)


@dataclass(slots=True)
class Given:
    """What a test has given so far. views: by name and arguments, None for any. command: by field as written.

    missing: what was read and not given; one list for a test and all that was copied for its cases.
    """

    views: dict[str, dict[Args | None, Any]] = field(default_factory=dict)
    command: dict[str, Any] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    caller: str | None = None
    now: int | None = None
    missing: list[str] = field(default_factory=list)

    def copy(self) -> Given:
        """One that can go on by itself."""
        views = {name: dict(answers) for name, answers in self.views.items()}
        held = (dict(self.command), dict(self.params), dict(self.state))
        return Given(views, *held, self.caller, self.now, self.missing)


class MadeWorld:
    """`ccl.host.World` of what was given. missing: facts that were read and not given, in order."""

    def __init__(self, given: Given, attributes: Mapping[str, str], absent: Mapping[str, Any]) -> None:
        """attributes: of the command's fields; absent: values of fields that may be left out, by attribute."""
        self.missing = given.missing
        self.missing.clear()
        self._given = given
        self.views = MadeViews(given.views, self.missing)
        held = {**absent, **{attributes.get(name, name): value for name, value in given.command.items()}}
        self.command = MadeCommand(held, {attribute: name for name, attribute in attributes.items()}, self.missing)
        self.params: Mapping[str, Any] = _Absent(given.params, self.missing)
        self.state: Mapping[str, Any] = _Absent(given.state, self.missing)

    def whole(self) -> MadeWorld:
        """The same with somebody who acts and a time, where none were given: to be copied, not to be judged."""
        given = self._given.copy()
        given.caller = given.caller or ""
        given.now = given.now or 0
        made = copy.copy(self)
        made._given = given
        return made

    @property
    def caller(self) -> str:
        """The actor."""
        if self._given.caller is None:
            self.missing.append("caller")
            raise NotGiven("caller")
        return self._given.caller

    @caller.setter
    def caller(self, who: str) -> None:
        self._given.caller = who

    @property
    def now(self) -> int:
        """The commit's time."""
        if self._given.now is None:
            self.missing.append("now")
            raise NotGiven("now")
        return self._given.now

    @now.setter
    def now(self, moment: int) -> None:
        self._given.now = moment


def shown(name: str, args: Args) -> str:
    """A fact as a `given` names it."""
    inside = ", ".join(f'"{a}"' if isinstance(a, str) and not a.startswith("did:") else str(a) for a in args)
    return f"{name}({inside})" if args else name
