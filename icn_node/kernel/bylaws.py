"""Bylaws: the rules in force, as data in the space's state, and their compilation to checks.

A bylaws document has one of two forms: a contract in CCL, as its sources with the bases that they pin
(`kernel.contract`), or clauses of words, which are compiled here. The second form is a title, clauses and parameters. A
clause names commands and reads (`on`, a name or a prefix ending in `*`) and what it requires: every entry of `require`
must hold, and an entry holds if any of its conditions, separated by " or ", does. A command that no clause names is
refused; every clause that names it must hold. A clause may ask for the approval of further people above an amount
(`approval`).

Conditions:
    anyone              whoever signs, a stranger too
    registered          a party of the space, whatever its status: one's own affairs
    member              an active person
    acts for FIELD      the actor is the party that the field names (or it names none), or its mandated signer;
                        where it names none, a decision acts for the space
    self FIELD          the field names the actor, or one it signs for or whose label it claimed, or nobody
    role NAME           an active member who holds the role now
    group NAME          an active member who belongs to the group
    coordinates FIELD   an active member who coordinates the group that the field names
    decision [TYPE]     a decision of the space, of that type
    wrote FIELD         the actor wrote every private field whose hash stands in the field
    concerned FIELD     each of them the actor wrote, or it stands in a command that names the actor
    without FIELD       the field is not given
    operator            for reads: whoever runs the node
    param NAME          a boolean parameter is true; `unless NAME`: it is false
    term NAME           whom that term of the command's unit names, itself such conditions

This is authority as data: nothing here is a permission hidden in Python. A condition that fails to evaluate refuses.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from icn_node.kernel import conditions, ledger, registry
from icn_node.kernel.fields import Hash32
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.tables import Record, Tables

if TYPE_CHECKING:
    from icn_node.kernel.context import Context


MOST_TEXT = 1 << 20
"""Characters of one text, at most: the language reads no longer ones."""


class BylawsInvalid(Refusal):
    """A bylaws document that does not hold together: a contract with an error in it, or that could never be changed
    again; an unknown condition, a clause that stands twice. Of a contract: which error, in which text, in which line.
    """

    code = "bylaws_invalid"
    text = "The bylaws do not hold together: {reason}."


class Approval(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Further people must approve a command; the author's own approval counts where the author qualifies.

    by: `signers FIELD` (of the party that the field names) or `role NAME`. field, above: asked only if that field of
    the command is more than that parameter, or than the term of its name that the command's unit has; without a field,
    always. need: how many, a number or a parameter. days: how long it stays open.

    With `signers`, what the author may not sign alone is the least of the parameter and the author's own mandate, and
    the party's own rule (`registry.Signing`) may ask more people, never fewer. It binds those who act by a mandate:
    who acts for itself, or by a role, asks nobody.
    """

    by: str
    need: int | str = 2
    field: str = ""
    above: str = ""
    days: int = 14


class Clause(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One clause: `id` as people cite it ("4.1"), its `text`, and what it governs."""

    id: str
    on: tuple[str, ...]
    require: tuple[str, ...]
    text: str
    approval: Approval | None = None


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One text of a contract in CCL. name: of its file ("bylaws.ccl", "bylaws.md"), or of a base, "default@HASH".

    parts: instead of a text that is too long for one event, the SHA-256 of the pieces published before, in order.
    """

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    text: Annotated[str, Meta(max_length=MOST_TEXT)] = ""
    parts: Annotated[tuple[Hash32, ...], Meta(max_length=64)] = ()


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A whole bylaws document, as it stands in the event that founds the space or adopts a new version.

    params: settings of the node's modules to begin with. sources: a contract in CCL, instead of clauses; bases: the
    texts that it extends, each under the name and hash by which it is pinned.
    """

    title: str
    clauses: tuple[Clause, ...]
    params: dict[str, int | str | bool] = {}
    sources: Annotated[tuple[Source, ...], Meta(max_length=64)] = ()
    bases: Annotated[tuple[Source, ...], Meta(max_length=16)] = ()


class Bylaws(Record, frozen=True):
    """An adopted version. The highest number is in force; earlier ones stay, to judge what happened under them."""

    TABLE: ClassVar[str] = "bylaws"
    KEY: ClassVar[tuple[str, ...]] = ("no",)
    no: int
    document: Document
    since_ms: int
    decision: int


class Part(Record, frozen=True):
    """A piece of a text that is too long for one event, by its SHA-256; documents name it."""

    TABLE: ClassVar[str] = "bylaws_part"
    KEY: ClassVar[tuple[str, ...]] = ("hash",)
    HISTORY: ClassVar[bool] = True
    hash: bytes
    text: str


class Param(Record, frozen=True):
    """A setting of a module, or a parameter of the contract in force, whose value differs from its declared default."""

    TABLE: ClassVar[str] = "param"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    value: int | str | bool
    since_ms: int


RECORDS = (Bylaws, Param, Part)

Texts = tuple[tuple[str, str], ...]
"""Texts by name."""

Check = Callable[[Tables, "Context", Any], bool]


class Rule:
    """A compiled clause: `holds(tx, ctx, command)`; the words of its first failing requirement."""

    __slots__ = ("approval", "checks", "clause")

    def __init__(self, clause: Clause) -> None:
        self.clause = clause
        self.checks = tuple((entry, compiled(entry)) for entry in clause.require)
        self.approval = clause.approval
        if self.approval is not None:
            word, _, rest = self.approval.by.partition(" ")
            if word not in ("signers", "role") or not rest:
                raise BylawsInvalid(reason=f"clause {clause.id}: approval by '{self.approval.by}' is not understood")
            if bool(self.approval.field) != bool(self.approval.above):
                raise BylawsInvalid(reason=f"clause {clause.id}: approval takes both a field and what it is above")

    def failing(self, tx: Tables, ctx: Context, cmd: Any) -> str | None:
        """None if every requirement holds, else the words of the first that does not."""
        for entry, alternatives in self.checks:
            for check in alternatives:
                if check(tx, ctx, cmd):
                    break
            else:
                return entry
        return None


class Rulebook:
    """The compiled document: for each name the clauses that govern it, in the document's order."""

    def __init__(self, document: Document) -> None:
        seen: set[str] = set()
        self._rules = []
        for clause in document.clauses:
            if clause.id in seen:
                raise BylawsInvalid(reason=f"clause {clause.id} stands twice")
            seen.add(clause.id)
            self._rules.append(Rule(clause))
        self._by_name: dict[str, tuple[Rule, ...]] = {}
        self.roles = frozenset(_roles_named(document))
        self.units: dict[str, int] = {}  # whose decimals the bylaws state: only a contract does

    def governing(self, name: str) -> tuple[Rule, ...]:
        """The rules whose clauses name this command or read."""
        found = self._by_name.get(name)
        if found is None:
            found = tuple(r for r in self._rules if any(_names(pattern, name) for pattern in r.clause.on))
            self._by_name[name] = found
        return found

    def text_of(self, clause: str) -> str:
        """The words of a clause, '' if there is none of that id."""
        return next((r.clause.text for r in self._rules if r.clause.id == clause), "")


def _roles_named(document: Document) -> Iterator[str]:
    """The roles that clauses speak of: they exist without being defined."""
    for clause in document.clauses:
        conditions = [c.strip() for entry in clause.require for c in entry.split(" or ")]
        if clause.approval is not None:
            conditions.append(clause.approval.by)
        yield from (c.removeprefix("role ") for c in conditions if c.startswith("role "))


def _names(pattern: str, name: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


@functools.lru_cache(maxsize=1024)
def compiled(requirement: str) -> tuple[Check, ...]:
    """The checks of a requirement, conditions separated by " or "; it holds if any does. Raises BylawsInvalid."""
    return tuple(_check(condition.strip()) for condition in requirement.split(" or "))


def _check(condition: str) -> Check:
    """Compile one condition. Raises BylawsInvalid."""
    plain = _PLAIN.get(condition)
    if plain is not None:
        return plain
    for word, compile_with in _WITH_NAME.items():
        rest = condition.removeprefix(word + " ")
        if rest != condition and rest and " " not in rest:
            return compile_with(rest)
    raise BylawsInvalid(reason=f"the condition '{condition}' is not understood")


def _acts_for(field: str) -> Check:
    return lambda tx, ctx, cmd: conditions.acts_for(tx, ctx, getattr(cmd, field))


def _self(field: str) -> Check:
    return lambda tx, ctx, cmd: conditions.is_self(tx, ctx, getattr(cmd, field))


def _coordinates(field: str) -> Check:
    # The field is read only of a member, so that a stranger is told to join rather than of a field.
    return lambda tx, ctx, cmd: (
        conditions.is_member(tx, ctx) and registry.coordinates(tx, getattr(cmd, field), ctx.actor.party)
    )


def _decision(kind: str) -> Check:
    return lambda tx, ctx, cmd: ctx.origin == "decision" and kind in ("", ctx.decision_type)


def term_holds(tx: Tables, ctx: Context, cmd: Any, name: str) -> bool:
    """Whether the actor is whom that term of the command's unit names."""
    unit = tx.get(ledger.Unit, cmd.unit)
    if unit is None:
        return True  # the handler's UnknownUnit says so better than a clause could
    who = unit.terms.get(name)
    return isinstance(who, str) and any(holds(tx, ctx, cmd) for holds in compiled(who))


_PLAIN: dict[str, Check] = {
    "anyone": lambda tx, ctx, cmd: True,
    "registered": lambda tx, ctx, cmd: ctx.actor.party > 0,
    "member": lambda tx, ctx, cmd: conditions.is_member(tx, ctx),
    "decision": _decision(""),
    "operator": lambda tx, ctx, cmd: ctx.origin == "operator",
}

_WITH_NAME: dict[str, Callable[[str], Check]] = {
    "acts for": _acts_for,
    "self": _self,
    "role": lambda name: lambda tx, ctx, cmd: conditions.has_role(tx, ctx, name),
    "group": lambda name: lambda tx, ctx, cmd: conditions.in_group(tx, ctx, name),
    "coordinates": _coordinates,
    "decision": _decision,
    "wrote": lambda field: lambda tx, ctx, cmd: conditions.wrote(tx, ctx, getattr(cmd, field)),
    "concerned": lambda field: lambda tx, ctx, cmd: conditions.concerned(tx, ctx, getattr(cmd, field)),
    "without": lambda field: lambda tx, ctx, cmd: not getattr(cmd, field),
    "param": lambda name: lambda tx, ctx, cmd: ctx.kernel.param(tx, name) is True,
    "unless": lambda name: lambda tx, ctx, cmd: ctx.kernel.param(tx, name) is False,
    "term": lambda name: lambda tx, ctx, cmd: term_holds(tx, ctx, cmd, name),
}


def in_force(tx: Tables) -> Bylaws | None:
    """The bylaws in force; None only before the space is founded."""
    no = tx.last_no("bylaws")
    return tx.get(Bylaws, no) if no else None


def texts_of(tx: Tables, document: Document) -> tuple[Texts, Texts]:
    """A contract's sources and its bases, whole. Raises BylawsInvalid for one whose pieces are not here."""
    return _whole(tx, document.sources), _whole(tx, document.bases)


def _whole(tx: Tables, sources: tuple[Source, ...]) -> Texts:
    found = []
    for source in sources:
        pieces = [source.text]
        for number, digest in enumerate(source.parts, 1):
            part = tx.get(Part, digest)
            if part is None:
                raise BylawsInvalid(reason=f"part {number} of {source.name} was not published")
            pieces.append(part.text)
        found.append((source.name, "".join(pieces)))
    return tuple(found)


def publish(tx: Tables, text: str) -> str:
    """Keep a piece of a long text; its SHA-256 in hex, by which a document names it."""
    digest = hashlib.sha256(text.encode()).digest()
    if tx.get(Part, digest) is None:
        tx.append(Part(digest, text))
    return digest.hex()


def adopt(tx: Tables, document: Document, time_ms: int, decision: int) -> int:
    """Put a document that was checked into force; its version number."""
    no = tx.next_no("bylaws")
    tx.put(Bylaws(no, document, time_ms, decision))
    return no
