"""From several sources to the layers of a contract: what is imported, what is extended, in which order it stands.

The sources given together form one contract (or several, or a file of functions): an import names one of them. A base
is another text, pinned by the SHA-256 of its own: `extends "base:default@HASH"` and `extends "space:NAME@HASH"` are
looked up among the `bases` that the caller hands over, so that nothing is fetched here and no base ever changes under a
contract. A contract may also extend another one of the same sources, by its name.

A `Layer` is what one contract contributes; the furthest base comes first, the contract itself last. What stands outside
of contracts belongs to every contract of the same sources. This module reads trees; it resolves and types nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ccl import semantics
from ccl.diagnostics import Edit, Findings, Fix, Label
from ccl.source import NOWHERE, Source, Sources, Span
from ccl.syntax import parse, tree
from ccl.syntax.spelling import closest

MOST_BASES = 8
"""Bases of bases, at most so deep."""
_NOT_PARSED: Mapping[int, tree.File] = {}
_HEX = frozenset("0123456789abcdef")
_HASH_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Layer:
    """What one contract contributes. base: '' for the contract itself, else what it is extended by ("base:x@HASH", or
    the name of a contract of the same sources). decl: None for a file of functions. items: without those of others."""

    name: str
    base: str
    items: tuple[tree.Item, ...]
    entries: tuple[tree.Entry, ...]
    decl: tree.ContractDecl | None
    span: Span


@dataclass(frozen=True, slots=True)
class Loaded:
    """A contract's layers, the furthest base first. aliases: names of imported sources. extends: what the contract
    itself extends, as written."""

    name: str
    layers: tuple[Layer, ...]
    aliases: tuple[str, ...] = ()
    extends: tuple[str, ...] = ()

    @property
    def bases(self) -> tuple[str, ...]:
        """The bases, the furthest first."""
        return tuple(layer.base for layer in self.layers if layer.base)


@dataclass
class _Group:
    """Sources that form one whole: the given ones, or those of a base."""

    names: tuple[str, ...]
    shared: tuple[tree.Item, ...] = ()
    entries: tuple[tree.Entry, ...] = ()
    contracts: dict[str, tree.ContractDecl] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    span: Span = NOWHERE


def load(
    sources: Sources,
    numbers: Sequence[int],
    findings: Findings,
    bases: Mapping[str, str],
    parsed: Mapping[int, tree.File] = _NOT_PARSED,
) -> tuple[Loaded, ...]:
    """Every contract of the sources that no other of them extends, in the order written; at least one.

    parsed: trees of sources that were parsed already, without an error.
    A file without a contract is one without a name. Errors: CCL0310 to CCL0319, and those of the syntax.
    """
    loader = _Loader(sources, findings, bases, parsed)
    group = loader.group(numbers)
    if not group.contracts:
        return (Loaded("", (Layer("", "", group.shared, group.entries, None, group.span),), group.aliases),)
    extended = {name for decl in group.contracts.values() if (name := _local_base(decl, group)) is not None}
    tops = [decl for name, decl in group.contracts.items() if name not in extended] or [
        next(reversed(group.contracts.values()))
    ]
    return tuple(loader.contract(decl, group) for decl in tops)


def flattened(items: Iterable[tree.Item]) -> Iterator[tree.Item]:
    """Items without the doc comments and attributes around them."""
    for item in items:
        while isinstance(item, tree.Described):
            item = item.item
        yield item


@dataclass
class _Loader:
    sources: Sources
    findings: Findings
    bases: Mapping[str, str]
    parsed: Mapping[int, tree.File]
    groups: dict[str, _Group] = field(default_factory=dict)

    def group(self, numbers: Sequence[int]) -> _Group:
        """Parse sources that belong together."""
        group = _Group(tuple(self.sources[n].name for n in numbers))
        shared: list[tree.Item] = []
        imports: list[tree.Import] = []
        declared: dict[int, set[str]] = {}
        for number in numbers:
            file = self.parsed.get(number) or parse(self.sources, number, self.findings)
            group.span = file.span if group.span is NOWHERE else group.span
            declared[number] = set()
            for item in flattened(file.items):
                if isinstance(item, tree.ContractDecl):
                    self._declare(group, item)
                    imports += (i for i in flattened(item.items) if isinstance(i, tree.Import))
                elif isinstance(item, tree.Import):
                    imports.append(item)
                elif isinstance(item, tree.BlockItem) and item.word == "entries":
                    group.entries += item.entries
                else:
                    shared.append(item)
                name = getattr(item, "name", None)
                if isinstance(name, tree.Name):
                    declared[number].add(name.text)
        group.shared = tuple(shared)
        aliases = [self._import(one, numbers, declared) for one in imports]
        group.aliases = tuple(dict.fromkeys(alias for alias in aliases if alias))
        return group

    def _declare(self, group: _Group, decl: tree.ContractDecl) -> None:
        first = group.contracts.setdefault(decl.name.text, decl)
        if first is not decl:
            self.findings.error(
                "CCL0318", decl.name.span, f"there are two contracts named `{decl.name.text}`",
                label="give this one another name", also=(Label(first.name.span, "the first"),),
            )  # fmt: skip

    def _import(self, item: tree.Import, numbers: Sequence[int], declared: Mapping[int, set[str]]) -> str:
        """Check an import; the name under which the source is known here ('' if there is none)."""
        number = _named(item.source, self.sources, numbers)
        if number is None:
            given = [self.sources[n].name for n in numbers]
            near = None if self.findings.crowded else closest(item.source, given)
            self.findings.error(
                "CCL0310", item.span, f"there is no source `{item.source}` among those given",
                label=f"did you mean `{near}`?" if near else "not found",
                notes=(f"given are: {', '.join(given)}; nothing is fetched from elsewhere",),
            )  # fmt: skip
            return item.alias.text if item.alias else ""
        for name in item.names:
            if name.text not in declared[number]:
                near = None if self.findings.crowded else closest(name.text, declared[number])
                self.findings.error(
                    "CCL0311", name.span, f"`{self.sources[number].name}` declares no `{name.text}`",
                    label=f"did you mean `{near}`?" if near else "not declared there",
                )  # fmt: skip
        return item.alias.text if item.alias else _stem(self.sources[number])

    def contract(self, decl: tree.ContractDecl, group: _Group) -> Loaded:
        """A contract with its bases."""
        written: list[str] = []
        layers = self._layers(decl, group, "", (), written)
        return Loaded(decl.name.text, layers, group.aliases, tuple(written))

    def _layers(self, decl: tree.ContractDecl, group: _Group, base: str, above: tuple[object, ...],
                written: list[str]) -> tuple[Layer, ...]:  # fmt: skip
        """The layers of a contract that stands as `base`; above: the contracts on the way, so that cycles are told."""
        under = self._base(decl, group, (*above, id(decl)), written)
        taken = any(layer.decl is one for layer in under for one in group.contracts.values())
        entries = (*(() if taken else group.entries), *decl.entries)
        inside = (item for item in flattened(decl.items) if not isinstance(item, tree.Import))
        items = (*(() if taken else group.shared), *inside)
        return (*under, Layer(decl.name.text, base, items, entries, decl, decl.name.span))

    def _base(self, decl: tree.ContractDecl, group: _Group, above: tuple[object, ...],
              written: list[str]) -> tuple[Layer, ...]:  # fmt: skip
        expr = extends_of(decl)
        if expr is None:
            return ()
        if len(above) > MOST_BASES:
            self.findings.error("CCL0316", expr.span, f"bases stand on bases more than {MOST_BASES} deep")
            return ()
        if isinstance(expr, tree.StringLit):
            written.append(expr.value)
            return self._pinned(expr, above)
        name = _local_base(decl, group)
        if name is None:
            shown = expr.path.text if isinstance(expr, tree.PathExpr) else "this"
            near = None if self.findings.crowded else closest(shown, group.contracts)
            self.findings.error(
                "CCL0317", expr.span, f"there is no contract `{shown}` here to extend",
                label=f"did you mean `{near}`?" if near else "unknown contract",
                notes=('a contract of another text is named and pinned: `extends "space:NAME@HASH"`',),
            )  # fmt: skip
            return ()
        base = group.contracts[name]
        if id(base) in above:
            self.findings.error("CCL0316", expr.span, f"`{decl.name.text}` extends itself, through `{name}`",
                                label="this closes the circle")  # fmt: skip
            return ()
        written.append(name)
        return self._layers(base, group, name, above, [])

    def _pinned(self, expr: tree.StringLit, above: tuple[object, ...]) -> tuple[Layer, ...]:
        """The layers of a base that is pinned by the hash of its text."""
        name, at, digest = expr.value.rpartition("@")
        if not at or len(digest) != _HASH_LENGTH or not set(digest) <= _HEX:
            self._unpinned(expr, name if at else expr.value)
            return ()
        text = self.bases.get(expr.value)
        if text is None:
            text = self.bases.get(expr.value.partition(":")[2])
        if text is None:
            self.findings.error(
                "CCL0313", expr.span, f"the base `{name}` is not among those given",
                notes=("hand its text over with the contract: nothing is fetched from elsewhere",),
            )  # fmt: skip
            return ()
        found = semantics.text_hash(text)
        if found != digest:
            self.findings.error(
                "CCL0314", expr.span, f"the text given for `{name}` is not the one that is pinned",
                label=f"pinned is {digest[:12]}..., given was {found[:12]}...",
                notes=("a base never changes by itself: pin the new text in a new version of this contract",),
            )  # fmt: skip
            return ()
        group = self.groups.get(expr.value)
        if group is None:
            before = len(self.sources)
            self.sources.add(name, text)
            group = self.groups[expr.value] = self.group([before])
        if not group.contracts:
            self.findings.error("CCL0315", expr.span, f"the base `{name}` holds no contract")
            return ()
        base = next(reversed(group.contracts.values()))
        return self._layers(base, group, expr.value, above, [])

    def _unpinned(self, expr: tree.StringLit, name: str) -> None:
        """A base without a whole hash: say which one it would be, if its text is here."""
        wanted = name.partition(":")[2] or name
        known = [k for k in sorted(self.bases) if k.rpartition("@")[0] in (name, wanted)]
        text = self.bases[known[-1]] if known else None
        pinned = f'"{name}@{semantics.text_hash(text)}"' if text is not None else ""
        sure = len(known) == 1 and "@" not in expr.value  # nothing was pinned, and there is one that can be meant
        self.findings.error(
            "CCL0312", expr.span, "a base is pinned by the hash of its text",
            label="write `NAME@` and the 64 digits of its SHA-256",
            notes=("so that the rules of a space never change because somebody else changed theirs",),
            fixes=(Fix("pin the text that is here", (Edit(expr.span, pinned),), applicable=sure),) if pinned else (),
        )  # fmt: skip


def extends_of(decl: tree.ContractDecl) -> tree.Expr | None:
    """What a contract says it extends: in its head, or as an entry."""
    if decl.extends is not None:
        return decl.extends
    for entry in decl.entries:
        if entry.name.text == "extends" and entry.value is not None and not isinstance(entry.value, tree.Block):
            return entry.value
    return None


def _local_base(decl: tree.ContractDecl, group: _Group) -> str | None:
    """The contract of the same sources that one extends."""
    expr = extends_of(decl)
    if isinstance(expr, tree.PathExpr) and expr.path.text in group.contracts:
        return expr.path.text
    return None


def _stem(source: Source) -> str:
    name = source.name.rpartition("/")[2]
    return name.partition(".")[0]


def _named(wanted: str, sources: Sources, numbers: Sequence[int]) -> int | None:
    """The source that an import means: by its whole name, its file name, or that without its ending."""
    plain = wanted.removeprefix("./").replace("::", "/")
    for number in numbers:
        name = sources[number].name
        if plain in (name, name.rpartition("/")[2], _stem(sources[number])) or name.endswith("/" + plain):
            return number
    return None
