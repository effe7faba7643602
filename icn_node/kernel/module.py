"""The Module declaration: a cooperative domain said once, from which every surface is derived.

A module's one file declares its records, commands (a frozen struct and a plain handler), queries, timers, bylaws
parameters and refusals, and gathers them in `MODULE`. The RPC methods, the CLI, OpenRPC, the reference pages, the CCL
binding and the test that no undeclared refusal escapes all come from it. Nothing is registered at import.

Handlers are pure: `handler(tx, cmd, ctx)` may read and write records through `tx`, raise a `Refusal`, and return an
int, a str, or None, which stands in the log as the command's result. A query is `fn(tx, q, reader)` and returns a
struct, dict or list of values; `Amount` and `Party` in it are put into words at the edge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import msgspec

from icn_node.kernel.refusal import Facts, Refusal
from icn_node.kernel.tables import Record, Tables
from icn_node.kernel.views import View


class Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Base of all commands. `OP` is the wire name "module.verb", `VER` the rule version of its module."""

    OP: ClassVar[str]
    VER: ClassVar[int] = 1


class Query(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Base of the parameters of a query; the fields are what the asker may give."""


class Amount(msgspec.Struct, frozen=True, gc=False):
    """An amount in a query's result: shown at the edge as decimal text and, beside it, as a string of minor units."""

    minor: int
    decimals: int
    unit: str = ""


class Party(msgspec.Struct, frozen=True, gc=False):
    """A party in a query's result, by its number: shown at the edge as its handle and, beside it, its DID."""

    no: int


class Said(msgspec.Struct, frozen=True, gc=False):
    """A stored code with its facts in a query's result (a notice): put into words at the edge."""

    code: str
    facts: Facts


Result = int | str | None
Handler = Callable[[Tables, Any, Any], Result]


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """A declared command. `private` names the fields that leave the event, each with its default audience."""

    cls: type[Command]
    handler: Handler
    refuses: tuple[type[Refusal], ...] = ()
    example: Mapping[str, Any] = field(default_factory=dict)
    private: Mapping[str, str] = field(default_factory=dict)
    result: str = ""
    cli: str = ""

    @property
    def op(self) -> str:
        return self.cls.OP

    @property
    def doc(self) -> str:
        return (self.cls.__doc__ or "").strip()


@dataclass(frozen=True, slots=True)
class QuerySpec:
    """A declared query, named "module.verb". `columns` are those of its table in the CLI; `ccl`: bylaws may call it."""

    name: str
    cls: type[Query]
    fn: Callable[[Tables, Any, Any], Any]
    columns: tuple[str, ...] = ()
    example: Mapping[str, Any] = field(default_factory=dict)
    refuses: tuple[type[Refusal], ...] = ()
    ccl: bool = False
    cli: str = ""

    @property
    def doc(self) -> str:
        return (self.cls.__doc__ or "").strip()


@dataclass(frozen=True, slots=True)
class TimerSpec:
    """A kind of timer, "module.name", and what runs when one is due: `fn(tx, ref, ctx)`, the ref being its own."""

    kind: str
    fn: Callable[[Tables, int, Any], None]


@dataclass(frozen=True, slots=True)
class ReactionSpec:
    """What a module does when the kernel tells that something came to pass, such as "exchange.ended": `fn(tx, ref,
    ctx)`, in the same transaction, the ref being the number of what it concerns. It must not refuse: what it reacts
    to has been allowed. So one domain follows another's acts without importing it."""

    event: str
    fn: Callable[[Tables, int, Any], None]


@dataclass(frozen=True, slots=True)
class ParamSpec:
    """A setting that a decision changes: int, str or bool, with its default, its range (ints), its choices (texts)."""

    name: str
    default: int | str | bool
    doc: str
    low: int = 0
    high: int = 2**63 - 1
    unit: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NoticeSpec:
    """A kind of notice, "module.name": the text whose {names} are its facts."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Module:
    """One cooperative domain. `version` is the active rule version a new space starts with.

    views: what contracts in CCL may read of it. primitives: names of the language's roadmap for its commands and views,
    such as ("issue_credit", "credit.issue").
    """

    name: str
    doc: str
    version: int = 1
    records: tuple[type[Record], ...] = ()
    commands: tuple[CommandSpec, ...] = ()
    queries: tuple[QuerySpec, ...] = ()
    timers: tuple[TimerSpec, ...] = ()
    reactions: tuple[ReactionSpec, ...] = ()
    params: tuple[ParamSpec, ...] = ()
    notices: tuple[NoticeSpec, ...] = ()
    always_on: bool = False
    views: tuple[View, ...] = ()
    primitives: tuple[tuple[str, str], ...] = ()


def command(
    cls: type[Command],
    handler: Handler,
    *,
    refuses: tuple[type[Refusal], ...] = (),
    example: Mapping[str, Any] | None = None,
    private: Mapping[str, str] | None = None,
    result: str = "",
    cli: str = "",
) -> CommandSpec:
    """Declare a command. `example`: fields as a person gives them over RPC. `cli`: words such as "credit transfer"."""
    return CommandSpec(cls, handler, refuses, example or {}, private or {}, result, cli or _words(cls.OP))


def query(
    name: str,
    cls: type[Query],
    fn: Callable[[Tables, Any, Any], Any],
    *,
    columns: tuple[str, ...] = (),
    example: Mapping[str, Any] | None = None,
    refuses: tuple[type[Refusal], ...] = (),
    ccl: bool = False,
    cli: str = "",
) -> QuerySpec:
    """Declare a query."""
    return QuerySpec(name, cls, fn, columns, example or {}, refuses, ccl, cli or _words(name))


def _words(name: str) -> str:
    return name.replace(".", " ").replace("_", "-")
