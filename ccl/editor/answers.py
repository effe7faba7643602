"""What an editor asks of a source, answered from the text, the host and the index; offsets in, offsets out.

`Analysis` is one version of one document: parsed and checked once, then asked many times. It knows no protocol.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

from ccl.diagnostics import Diagnostic, Findings, Fix
from ccl.editor.index import Definition, Index
from ccl.elaborate.program import check
from ccl.host import CommandSpec, Host, ViewSpec
from ccl.source import Source, Sources, Span
from ccl.syntax import parse, tree

KEYWORDS = (
    "action", "approval", "because", "break", "clause", "const", "continue", "contract", "delegate", "else", "emit",
    "enum", "exception to", "export", "false", "final", "floor", "fn", "for", "if", "import", "in", "let", "match",
    "mut", "on", "param", "permit", "policy", "property", "proposal", "refuse", "require", "return", "role", "state",
    "struct", "test", "transition", "trap", "trigger", "true", "unit", "when", "while",
)  # fmt: skip
TYPES = (
    "Array", "Bool", "Date", "Days", "Did", "Duration", "Integer", "Map", "Money", "Months", "Option", "Ratio",
    "Result", "String", "Timestamp", "UnitCode",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Offer:
    """A completion: what to write, and whether it is a keyword, type, view, command, field or a definition's kind."""

    text: str
    kind: str
    detail: str = ""
    doc: str = ""


class Analysis:
    """One version of a document. `findings` as `ccl check` has them; never raises on any text."""

    def __init__(self, name: str, text: str, host: Host) -> None:
        self.host = host
        self.sources = Sources()
        self.number = self.sources.add(name, text)
        self.findings = Findings()
        self.file: tree.File = parse(self.sources, self.number, self.findings)
        if not self.findings.failed:
            check(self.sources, (self.number,), host, self.findings, parsed={self.number: self.file})

    @functools.cached_property
    def index(self) -> Index:
        """Where names are; made when first asked, as most keystrokes only want findings."""
        return Index(self.file, self.source.code)

    @property
    def source(self) -> Source:
        """The text, and its lines."""
        return self.sources[self.number]

    def fixes(self, start: int, end: int) -> Iterator[tuple[Diagnostic, Fix]]:
        """The fixes of findings that touch a range."""
        for diagnostic in self.findings.all:
            if diagnostic.span.start <= end and diagnostic.span.end >= start:
                for fix in diagnostic.fixes:
                    yield diagnostic, fix

    def hover(self, offset: int) -> tuple[Span, str] | None:
        """What to say of the name at an offset, in Markdown."""
        found = self.index.place(offset)
        if found is not None:
            span, meant = found
            said = f"```ccl\n{meant.detail or meant.name}\n```"
            return span, f"{said}\n\n{meant.doc}" if meant.doc else said
        start, word = self._word(offset)
        span = Span(self.number, start, start + len(word))
        if word in self.host.views:
            return span, _told_view(self.host.views[word])
        if word in self.host.commands:
            return span, _told_command(self.host.commands[word])
        return None

    def occurrences(self, offset: int) -> tuple[Definition, list[Span]] | None:
        """A definition and every place that names it, its own first."""
        meant = self.index.at(offset)
        return None if meant is None else (meant, [meant.at, *meant.uses])

    def completions(self, offset: int) -> list[Offer]:
        """What may be written at an offset, by what stands before it; the editor filters by what was typed."""
        start, word = self._word(offset, before=True)
        if "." in word:
            return self._after_dot(word.rpartition(".")[0], offset)
        offers = [Offer(k, "keyword") for k in KEYWORDS] + [Offer(t, "type") for t in TYPES]
        offers += [Offer(v.name, "view", _signature(v), v.doc) for v in self.host.views.values()]
        names = {w: Offer(w, "module") for w in (c.partition(".")[0] for c in self.host.commands)}
        offers += names.values()
        for found in self.index.all:
            if found.kind not in ("test", "clause") and (found.kind != "local" or found.at.end <= start):
                offers.append(Offer(found.name, found.kind, found.detail, found.doc))
        unique = {(o.text, o.kind): o for o in offers}
        return sorted(unique.values(), key=lambda o: (o.text, o.kind))

    def _after_dot(self, before: str, offset: int) -> list[Offer]:
        if before == "command":
            wanted = self._governed(offset)
            fields = {f.name: f for c in wanted for f in c.fields}
            return [Offer(f.name, "field", str(f.type), f.doc) for f in fields.values()]
        inside = [c for c in self.host.commands.values() if c.name.startswith(before + ".")]
        rest = {c.name.removeprefix(before + ".").partition(".")[0]: c for c in inside}
        return [Offer(word, "command", c.name, c.doc) for word, c in sorted(rest.items())]

    def _governed(self, offset: int) -> list[CommandSpec]:
        """The commands that the clause around an offset governs; all, where it cannot be told."""
        around = next((c for c in _clauses(self.file.items) if c.span.start <= offset <= c.span.end), None)
        patterns = () if around is None else tuple(t.pattern for t in around.targets)
        found = [c for c in self.host.commands.values() if any(_names(p, c.name) for p in patterns)]
        return found or list(self.host.commands.values())

    def _word(self, offset: int, *, before: bool = False) -> tuple[int, str]:
        """The dotted word around (or before) an offset, and where it begins."""
        code = self.source.code
        start = end = min(offset, len(code))
        while start > 0 and (code[start - 1].isalnum() or code[start - 1] in "_."):
            start -= 1
        while not before and end < len(code) and (code[end].isalnum() or code[end] in "_."):
            end += 1
        return start, code[start:end]


def _clauses(items: tuple[tree.Item, ...]) -> Iterator[tree.ClauseDecl]:
    for item in items:
        if isinstance(item, tree.Described):
            yield from _clauses((item.item,))
        elif isinstance(item, tree.ClauseDecl):
            yield item
        elif isinstance(item, tree.ContractDecl):
            yield from _clauses(item.items)


def _names(pattern: str, name: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def _signature(view: ViewSpec) -> str:
    shown = ", ".join(f"{name}: {kind}" for name, kind in view.params)
    return f"{view.name}({shown}) -> {view.result}"


def _told_view(view: ViewSpec) -> str:
    return f"```ccl\n{_signature(view)}\n```\n\n{view.doc}"


def _told_command(command: CommandSpec) -> str:
    fields = "".join(f"\n    {f.name}: {f.type}{'?' if f.optional else ''}" for f in command.fields)
    return f"```ccl\n{command.name}{fields}\n```\n\n{command.doc}"
