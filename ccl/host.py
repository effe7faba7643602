"""What a host declares to the language: the commands it carries out, the views it lets a policy read, its units.

The node is one host, made from the declarations of its modules; a test is another. Nothing here reads anything: the
values come at evaluation, from the `World` that the host hands over. Views whose `private` is true cannot be read by a
policy; an explanation shows a fact only to readers whom the host lets read `reads` for the party in argument `about`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ccl.frozen import frozen
from ccl.types import Type


@frozen
class FieldSpec:
    """A field of a command or a record. optional: it may be absent (then its type is Option<type>).

    attribute: what the Python object calls it, where that differs; doc: one line for the reference. omittable: who
    gives the command may leave it out, and it then has the host's default; computed: it follows from other fields, and
    cannot be given. low, high: between what the host sees to it that it lies, inclusive, as a runtime value (an amount
    of at least 1 minor unit); a proof relies on it. None: no bound but the type's.
    """

    name: str
    type: Type
    optional: bool = False
    attribute: str = ""
    doc: str = ""
    omittable: bool = False
    computed: bool = False
    low: Any = None
    high: Any = None

    @property
    def read_as(self) -> str:
        """The attribute of the Python object."""
        return self.attribute or self.name


@frozen
class RecordSpec:
    """A typed view's fields."""

    name: str
    fields: tuple[FieldSpec, ...]
    doc: str = ""

    def field(self, name: str) -> FieldSpec | None:
        """A field by name."""
        return next((f for f in self.fields if f.name == name), None)


@frozen
class ViewSpec:
    """A view: `name(args)` in source, `world.views.name(*args)` when evaluated.

    params: names and types; `UnitCode("$")` and `Money("$")` bind the unit that an argument names. optional: how many
    of the last parameters may be left out (then the host's own defaults hold). fuel: what one reading costs.
    words: how an explanation calls the value, with {0}, {1} for the arguments ("the balance of {0}").
    """

    name: str
    params: tuple[tuple[str, Type], ...]
    result: Type
    doc: str = ""
    optional: int = 0
    fuel: int = 5
    private: bool = False
    module: str = ""
    words: str = ""
    about: int | None = None
    reads: str = ""
    in_decision: Any = None
    """What it is when the space itself acts by a decision, if that is certain (`member()` is False); None: it may vary.
    The test that bylaws can still be amended goes by it."""
    low: Any = None
    high: Any = None
    """Between what a number that it gives lies, inclusive (None: no bound but the type's); a proof relies on it."""


@frozen
class CommandSpec:
    """A command, "credit.transfer", or with `read` a query that a clause may govern ("read.credit.balance").

    fields: as a clause sees them. unit_field: which of them holds the code of the command's unit, '' if none.
    module: which must be switched on. positional: the order in which a call without names gives them. aliases: other
    names of fields ("amount_minor" beside "amount"); `field` knows them.
    """

    name: str
    fields: tuple[FieldSpec, ...]
    doc: str = ""
    module: str = ""
    unit_field: str = ""
    positional: tuple[str, ...] = ()
    read: bool = False
    aliases: tuple[tuple[str, str], ...] = ()

    def field(self, name: str) -> FieldSpec | None:
        """A field by its name, or by another name of it."""
        name = next((meant for other, meant in self.aliases if other == name), name)
        return next((f for f in self.fields if f.name == name), None)


@frozen
class Primitive:
    """A function by another name: `issue_credit(..)` is the command "credit.issue", `credit_balance(..)` a view.

    module: whose it is; a space without that module gets an error that says so. target: '' if no module has it yet.
    """

    name: str
    module: str
    target: str = ""


@frozen
class SettingSpec:
    """A setting of the host, "approval.signatures", read with `setting(approval.signatures)`."""

    name: str
    type: Type
    doc: str = ""


@dataclass(frozen=True)
class Host:
    """All that exists for a contract. An empty host is a language without a node: pure functions check and run."""

    records: Mapping[str, RecordSpec] = field(default_factory=dict)
    views: Mapping[str, ViewSpec] = field(default_factory=dict)
    commands: Mapping[str, CommandSpec] = field(default_factory=dict)
    primitives: Mapping[str, Primitive] = field(default_factory=dict)
    settings: Mapping[str, SettingSpec] = field(default_factory=dict)
    units: Mapping[str, int] = field(default_factory=dict)
    modules: frozenset[str] = frozenset()
    """Those switched on; commands and views of others are known, and an error to use."""
    decision_types: frozenset[str] = frozenset()
    """Types of decision that the host has besides a contract's own proposals."""
    roles: frozenset[str] = frozenset()
    """Roles that the host knows besides those that a contract declares."""
    amend: str = "bylaws.adopt"
    """The command by which a contract is replaced by a later one."""
    never_amending: frozenset[str] = frozenset({"changes_as_declared"})
    """Views that are certainly false of that command: they are about others, such as the setting of one parameter."""
    bases: Mapping[str, str] = field(default_factory=dict)
    """Texts that every contract here can extend, by "name@hash": what ships with the host."""


def decision_type(written: str) -> str:
    """The type of decision that a contract means by `PolicyDecision`, `Policy` or `policy`: "policy"."""
    plain = re.sub(r"(?<=[a-z])(Decision|Proposal)$", "", written)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", plain).lower()


class World(Protocol):
    """What an evaluation may read. The compiled code calls `views.<name>(*args)`, reads `command.<attribute>`,
    `params[name]` and `state[name]`; nothing else of the host can be reached from a contract.
    """

    views: Any
    """An object whose methods are the declared views."""
    command: Any
    """The command judged, read by attribute; None in a function run by itself."""
    params: Mapping[str, Any]
    """The contract's parameters in force."""
    state: Mapping[str, Any]
    """The contract's state."""
    caller: str
    """The DID of the actor; '' for the space itself."""
    now: int
    """The commit's time, UTC ms."""
