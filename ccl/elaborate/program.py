"""From sources to a program: the layers of a contract laid over each other, and elaborated as one.

What a base says and the contract says again (a parameter, a role, a proposal, an electorate) holds as the contract says
it; clauses have rules of their own (`ccl.elaborate.clauses`). Tests, accepted properties and the transition of a base
are its own affair.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from ccl import core, load
from ccl.diagnostics import Findings, Label
from ccl.elaborate import contract as contracts
from ccl.elaborate.bodies import Bodies
from ccl.elaborate.contract import Contract
from ccl.elaborate.declarations import declare
from ccl.elaborate.names import Names
from ccl.elaborate.parts import Parts
from ccl.host import Host
from ccl.load import Loaded
from ccl.source import Sources, Span
from ccl.syntax import tree

_NO_BASES: Mapping[str, str] = {}
_NOT_PARSED: Mapping[int, tree.File] = {}


def check(
    sources: Sources,
    numbers: Sequence[int],
    host: Host,
    findings: Findings,
    *,
    bases: Mapping[str, str] = _NO_BASES,
    previous: core.Program | None = None,
    parsed: Mapping[int, tree.File] = _NOT_PARSED,
) -> core.Program | None:
    """The program that the sources make; None iff an error was found.

    numbers: sources that form one contract. bases: texts of other contracts, by what `extends` writes ("base:x@HASH",
    or without the word before the colon), besides those that the host has. previous: the version that this one is to
    follow, so that its migrations are typed. parsed: trees of sources, by number, that were parsed already,
    without an error. Of several contracts of which none extends the others, the last is the program; all are checked.
    """
    made = elaborated(sources, numbers, host, findings, bases=bases, previous=previous, parsed=parsed)
    return None if made is None else made[0]


def elaborated(
    sources: Sources,
    numbers: Sequence[int],
    host: Host,
    findings: Findings,
    *,
    bases: Mapping[str, str] = _NO_BASES,
    previous: core.Program | None = None,
    parsed: Mapping[int, tree.File] = _NOT_PARSED,
) -> tuple[core.Program, Bodies] | None:
    """As `check`, with what elaborates further expressions in the contract's names: those that its tests write."""
    told = Findings(dialect=findings.dialect)
    made: tuple[core.Program, Bodies] | None = None
    known = ChainMap(dict(bases), cast("dict[str, str]", host.bases))  # only looked up: the host's may be read late
    found = load.load(sources, numbers, told, known, parsed)
    for loaded in found:
        build = _Build(sources, host, told, loaded, previous)
        made = build.program(), build.bodies
    if len(found) > 1:
        last = found[-1].layers[-1]
        told.warning(
            "CCL0309", last.span, f"there are {len(found)} contracts, of which `{last.name}` is the one that runs",
            label="the last one", notes=("put each into sources of its own",),
        )  # fmt: skip
    for diagnostic in told.all:
        findings.add(diagnostic)
    return None if told.failed else made


def check_text(text: str, host: Host, name: str = "x.ccl", *, bases: Mapping[str, str] = _NO_BASES,
               previous: core.Program | None = None) -> tuple[core.Program | None, Findings, Sources]:  # fmt: skip
    """The program of one text, with what was found and the sources to show it by."""
    sources, findings = Sources(), Findings()
    number = sources.add(name, text)
    program = check(sources, [number], host, findings, bases=bases, previous=previous)
    return program, findings, sources


_Redeclared = tree.ParamDecl | tree.RoleDecl | tree.ProposalDecl | tree.ElectorateDecl | tree.UnitDecl
"""What a contract may say again that its base has: then its own holds."""
_LAST_ONLY = (tree.TestDecl, tree.AcceptDecl, tree.TransitionDecl)
"""What a base says for itself, and not for those who extend it."""


@dataclass
class _Build:
    """One contract being made into a program. items: those of all layers that hold, each with where it is from."""

    sources: Sources
    host: Host
    findings: Findings
    loaded: Loaded
    previous: core.Program | None
    items: list[tuple[tree.Item, str]] = field(default_factory=list)
    replaced: dict[tuple[type, str], tree.Item] = field(default_factory=dict)
    bodies: Bodies = field(init=False)

    def program(self) -> core.Program:
        """The program; of use only if no error was told."""
        self.items = self._standing()
        plain = [item for item, _ in self.items]
        names = Names(self.host, self.findings)
        declare(names, plain)
        for alias in self.loaded.aliases:
            names.imports[alias] = names
        bodies = self.bodies = Bodies(names, self.host, self.findings, self.sources)
        contract = Contract(self.sources, self.host, self.findings, names, bodies, self.loaded.layers)
        head = contracts.read_head(contract)
        names.timezone, names.holidays = head.timezone, head.holidays
        parts = Parts(contract, self.items, self.replaced, self.previous)
        parts.declare()
        parts.elaborate()
        return parts.program(self.loaded, head)

    def _standing(self) -> list[tuple[tree.Item, str]]:
        """Items of all layers, without those of a base that the contract says again."""
        kept: list[tuple[tree.Item, str]] = []
        places: dict[tuple[type, str], tuple[int, str]] = {}
        last = self.loaded.layers[-1]
        for layer in self.loaded.layers:
            for item in layer.items:
                if isinstance(item, _LAST_ONLY) and layer is not last:
                    continue
                if isinstance(item, _Redeclared):
                    key = (type(item), item.name.text)
                    place = places.setdefault(key, (len(kept), layer.base))
                    if place[0] < len(kept) and place[1] != layer.base:
                        self._again(key, kept[place[0]][0], item)
                        kept[place[0]] = (item, layer.base)
                        places[key] = (place[0], layer.base)
                        continue
                kept.append((item, layer.base))
        return kept

    def _again(self, key: tuple[type, str], before: tree.Item, item: tree.Item) -> None:
        """Something that a base says is said again. A unit must stay the same."""
        self.replaced[key] = before
        if not (isinstance(item, tree.UnitDecl) and isinstance(before, tree.UnitDecl)):
            return
        if self.sources.text(_decimals(item)) != self.sources.text(_decimals(before)):
            self.findings.error("CCL0307", item.name.span, f"the base counts {item.name.text} in other parts",
                                label="other decimals", also=(Label(before.name.span, "in the base"),))  # fmt: skip


def _decimals(item: tree.UnitDecl) -> Span:
    for entry in item.entries:
        if entry.name.text == "decimals" and entry.value is not None:
            return entry.value.span
    return item.name.span._replace(end=item.name.span.start)
