"""What the parts of a contract are elaborated with, and what its own entries say: edition, version, scope, calendar.

`Contract` is handed to every part. It keeps the functions made so far (guards, bodies, executions), evaluates constants
and says which commands of the host a pattern names. It knows no part; the parts know it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from ccl import core, dates, fuel, types
from ccl.diagnostics import MOST_SHOWN, Edit, Findings, Fix, Label
from ccl.elaborate import entries
from ccl.elaborate.bodies import Bodies
from ccl.elaborate.names import UNSET, Names, closest
from ccl.host import CommandSpec, Host
from ccl.load import Layer
from ccl.source import Sources, Span
from ccl.syntax import tree

EDITIONS = frozenset(fuel.EDITIONS)
"""The editions that this implementation knows: their semantics, fuel table and time-zone data."""

_VERSION = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}){0,2}")
MOST_HOLIDAYS = 4_000
MOST_LISTED = 20
MEMBERS = frozenset({"member", "members"})
"""Words for all members, where a role or an electorate may stand."""


@dataclass
class Contract:
    """The contract being elaborated. functions: by unique name. layers: the furthest base first, itself last."""

    sources: Sources
    host: Host
    findings: Findings
    names: Names
    bodies: Bodies
    layers: tuple[Layer, ...]
    functions: dict[str, core.Function] = field(default_factory=dict)
    proposals: dict[str, Span] = field(default_factory=dict)
    electorates: dict[str, Span] = field(default_factory=dict)
    _patterns: dict[str, tuple[CommandSpec, ...]] = field(default_factory=dict)
    _suggested: int = 0

    def near(self, word: str, known: Iterable[str]) -> str | None:
        """What was probably meant. After more errors than are ever shown, nothing is looked up any more."""
        self._suggested += 1
        return None if self._suggested > 2 * MOST_SHOWN else closest(word, known)

    def constant(self, value: tree.Expr, type_: types.Type) -> Any:
        """The value of an expression that is known when checking, of that type; UNSET where there is none (told)."""
        return UNSET if isinstance(value, tree.Wrong) else self.bodies.constant(value, type_)

    def inferred(self, value: tree.Expr) -> tuple[types.Type, Any]:
        """The type and the value of an expression that is known when checking; UNSET where there is none (told)."""
        return (types.ANY, UNSET) if isinstance(value, tree.Wrong) else self.bodies.typed_constant(value)

    def keep(self, function: core.Function) -> str:
        """Keep a function; its unique name."""
        self.functions[function.name] = function
        return function.name

    # -- what the host has

    def commands(self, pattern: str, span: Span) -> tuple[CommandSpec, ...]:
        """The commands (and reads) that a pattern names, of modules switched on; none where it is wrong (told)."""
        found = self._patterns.get(pattern)
        if not found:
            found = self._patterns[pattern] = self._commands(pattern, span)
        return found

    def _commands(self, pattern: str, span: Span) -> tuple[CommandSpec, ...]:
        known = self.host.commands
        if pattern == "*":
            named: Sequence[CommandSpec] = [spec for spec in known.values() if not spec.read]
        elif pattern.endswith(".*"):
            named = [spec for name, spec in known.items() if name.startswith(pattern[:-1])]
        else:
            named = [known[pattern]] if pattern in known else []
        if not named:
            if pattern != "*":
                self._unknown_command(pattern, span)
            return ()
        working = tuple(spec for spec in named if not spec.module or spec.module in self.host.modules)
        if not working:
            module = named[0].module
            self.findings.error(
                "CCL0331", span, f"`{pattern}` belongs to the module {module}, which is not switched on",
                label=f"switch on the module {module} first, or leave this out",
                notes=(f"switched on are: {', '.join(sorted(self.host.modules)) or 'none'}",),
            )  # fmt: skip
        return working

    def _unknown_command(self, pattern: str, span: Span) -> None:
        known = self.host.commands
        verb = pattern.rpartition(".")[2]
        prefixes = sorted({name.rpartition(".")[0] + ".*" for name in known})
        near = self.near(pattern, [*known, *prefixes] if pattern.endswith("*") else known)
        if near is None:
            near = next((name for name in sorted(known) if name.rpartition(".")[2] == verb), None)
        notes = () if known else ("the host declares no commands: check it against the node that it is for",)
        self.findings.error(
            "CCL0330", span, f"there is no command `{pattern}`",
            label=f"did you mean `{near}`?" if near else "unknown command", notes=notes,
            fixes=(Fix(f"write `{near}`", (Edit(span, near),), applicable=False),) if near else (),
        )  # fmt: skip

    # -- declarations that others name

    def decision_types(self) -> tuple[str, ...]:
        """The types of decision there are: the contract's own proposals, and the host's."""
        return (*self.proposals, *sorted(self.host.decision_types - self.proposals.keys()))

    def decision_type(self, name: tree.Name, code: str, what: str) -> str:
        """The type of decision of that name; '' if there is none (told with `code`)."""
        known = self.decision_types()
        if name.text in known:
            return name.text
        near = self.near(name.text, known)
        self.findings.error(
            code, name.span, f"{what} `{name.text}`, which is no proposal here",
            label=f"did you mean `{near}`?" if near else "unknown proposal",
            notes=(f"proposals are: {listed(known) or 'none yet; declare one with `proposal`'}",),
            fixes=(Fix(f"write `{near}`", (Edit(name.span, near),), applicable=False),) if near else (),
        )  # fmt: skip
        return ""

    def voters(self, name: tree.Name, code: str, what: str) -> str:
        """A class of voters: an electorate, a role, or all members; '' if there is none of that name (told)."""
        if name.text.lower() in MEMBERS and name.text not in self.names.roles:
            return "members"
        if name.text in self.electorates or name.text in self.names.roles or name.text in self.host.roles:
            return name.text
        known = sorted({*self.electorates, *self.names.roles, *self.host.roles, "members"})
        near = self.near(name.text, known)
        self.findings.error(
            code, name.span, f"{what} `{name.text}`, which is no electorate and no role",
            label=f"did you mean `{near}`?" if near else "unknown",
            notes=(f"there are: {listed(known)}", f"declare it: `electorate {name.text} weight 1;`"),
        )  # fmt: skip
        return ""


# -- the contract's own entries ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Head:
    """What the entries of a contract say, those of its bases where it says nothing itself."""

    edition: int = 1
    version: str = ""
    scope: str = ""
    timezone: str = "UTC"
    holidays: tuple[int, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()


_OWN = frozenset({"version", "facts"})
"""What a contract does not inherit."""


def read_head(contract: Contract) -> Head:
    """Read the entries of every layer, the base's first. Errors: CCL0300 to CCL0306."""
    head = Head()
    editions: dict[int, Span] = {}
    for layer in contract.layers:
        said: dict[str, Any] = {}
        readers = {name: _reader(contract, said, name, read) for name, read in _ENTRIES.items()}
        remarks = entries.read(contract, f"contract `{layer.name}`", layer.entries, readers)
        inherited = {f.name: getattr(head, f.name) for f in fields(Head) if f.name not in _OWN}
        head = Head(**{**inherited, **said, "facts": remarks})
        if "edition" in said:
            editions.setdefault(said["edition"], layer.span)
    if len(editions) > 1:
        (_, first), (_, second) = list(editions.items())[:2]
        contract.findings.error(
            "CCL0306", second, "a contract and its base pin different editions", label="one edition",
            also=(Label(first, "another"),), notes=("extend a version of the base that pins the same one",),
        )  # fmt: skip
    return head


def _reader(contract: Contract, said: dict[str, Any], name: str, read: Callable[..., Any]) -> entries.Reader:
    def take(entry: tree.Entry) -> None:
        found = read(contract, entry)
        if found is not None:
            said["holidays" if name == "calendar" else name] = found

    return take


def _edition(contract: Contract, entry: tree.Entry) -> int | None:
    value = entries.expression(contract, entry, "the number of an edition")
    if value is None:
        return None
    number = entries.whole_of(contract, value)
    if number not in EDITIONS:
        contract.findings.error(
            "CCL0300", value.span, "this edition of the language is not known here",
            label=f"known is {', '.join(map(str, sorted(EDITIONS)))}",
            notes=("a newer node may know it; a contract never changes its edition by itself",),
        )  # fmt: skip
        return None
    return number


def _version(contract: Contract, entry: tree.Entry) -> str | None:
    value = entries.expression(contract, entry, 'a version, such as "1.2.0"')
    if value is None:
        return None
    found = ""
    if isinstance(value, tree.StringLit | tree.IntLit):
        found = str(value.value)
    elif isinstance(value, tree.DecimalLit):
        found = contract.sources.text(value.span)
    if not _VERSION.fullmatch(found):
        contract.findings.error("CCL0301", value.span, "a version is up to three numbers with dots between",
                                label='such as "1.2.0"')  # fmt: skip
        return None
    return found


def _scope(contract: Contract, entry: tree.Entry) -> str | None:
    return entries.text(contract, entry) or None


def _timezone(contract: Contract, entry: tree.Entry) -> str | None:
    name = entries.text(contract, entry)
    if not name or dates.known(name):
        return name or None
    contract.findings.error(
        "CCL0302", entry.span if entry.value is None else entry.value.span, f"there is no time zone `{name}`",
        label='written as in the IANA list: "Europe/Madrid"', notes=('"UTC" is one too',),
    )  # fmt: skip
    return None


def _calendar(contract: Contract, entry: tree.Entry) -> tuple[int, ...] | None:
    wanted = f"a list of at most {MOST_HOLIDAYS:,} dates: `[2026-01-01, 2026-12-25]`"
    value = entries.expression(contract, entry, wanted)
    if value is None:
        return None
    if not isinstance(value, tree.ListExpr) or len(value.items) > MOST_HOLIDAYS:
        entries.wrong(contract, entry, wanted)
        return None
    days: dict[int, Span] = {}
    for item in value.items:
        day = contract.constant(item, types.DATE)
        if not isinstance(day, int):
            continue
        first = days.setdefault(day, item.span)
        if first is not item.span:
            contract.findings.warning("CCL0303", item.span, "this day stands in the calendar twice",
                                      label="leave it out", also=(Label(first, "first here"),))  # fmt: skip
    return tuple(sorted(days))


_ENTRIES: Mapping[str, Callable[[Contract, tree.Entry], Any]] = {
    "edition": _edition,
    "version": _version,
    "scope": _scope,
    "timezone": _timezone,
    "calendar": _calendar,
    "extends": lambda contract, entry: None,
}


# -- what the dialect has and the node has no place for ----------------------------------------------------------------

_HARMLESS = frozenset({"metadata", "deployment_config", "config", "scope", "event"})
_ADVICE: Mapping[str, str] = {
    "init": "a state has its first value where it is declared: `state treasury: Integer = 0;`",
    "class": "what a contract counts is declared as `unit SHARE { decimals: 0; }`; who may issue it, a clause says",
    "policy": "what a vote needs stands in its proposal: `proposal Spend { quorum: 50%; threshold: majority; .. }`",
    "script": "statements stand in functions; a value for all of them is `const name = ..;`",
}


def dialect_block(contract: Contract, item: tree.BlockItem) -> None:
    """A block of the dialect: an error where something would be lost without it, a warning where not."""
    empty = item.body is None or not (item.body.statements or item.body.tail)
    if item.word == "export" or (item.word == "state" and not item.entries):
        _exported(contract, item)
        return
    if item.word in _HARMLESS or (item.word == "init" and empty and not item.entries):
        contract.findings.warning("CCL0399", item.span, f"`{item.word}` has no effect here", label="it may be left out")
        return
    advice = _ADVICE.get(item.word)
    if advice is None and item.word.startswith("on_"):
        advice = "what happens after a command is a trigger: `trigger thanks on credit.transfer { .. }`"
    shown = "a statement outside of a function" if item.word == "script" else f"`{item.word} {{ .. }}`"
    contract.findings.error(
        "CCL0398", item.span, f"{shown} means nothing here, and leaving it out would lose what it says",
        label="write it in another form", notes=(advice,) if advice else (),
    )  # fmt: skip


def _exported(contract: Contract, item: tree.BlockItem) -> None:
    """`export a, b;`: every function can be called from outside, so nothing is left to do but to see that they are."""
    names = contract.names
    known = {*names.functions, *names.constants, *names.struct_decls, *names.enum_decls, *names.states}
    for entry in item.entries:
        if entry.name.text not in known:
            near = contract.near(entry.name.text, known)
            contract.findings.error(
                "CCL0311", entry.name.span, f"there is no `{entry.name.text}` to export",
                label=f"did you mean `{near}`?" if near else "not declared here",
            )  # fmt: skip


def unexpected(contract: Contract, item: tree.Item, advice: str) -> None:
    """An item that stands where it has no meaning."""
    contract.findings.error("CCL0319", item.span, "this has no place here", label=advice)


def listed(names: Iterable[str]) -> str:
    """Names in a row, the first of very many."""
    some = list(itertools.islice(names, MOST_LISTED + 1))
    return ", ".join(some[:MOST_LISTED]) + (", .." if len(some) > MOST_LISTED else "")
