"""Where each name of a source is declared, and where it is used: for going there, renaming, outlines and hovering.

It works on the syntax tree alone, so that it answers while a source is still wrong. Locals are resolved by lexical
scope, all else by name in the file. It must not know types.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ccl.source import Span
from ccl.syntax import tree


@dataclass(slots=True, eq=False)
class Definition:
    """A declared name. kind: "function", "clause", "local" and so on; at: the name's span; whole: the declaration's.

    detail: one line, how it is declared. doc: its doc comment, or a clause's text. uses: where else it is named.
    """

    name: str
    kind: str
    at: Span
    whole: Span
    detail: str = ""
    doc: str = ""
    uses: list[Span] = field(default_factory=list)
    inside: list[Definition] = field(default_factory=list)


Scope = dict[str, Definition]

_KINDS: dict[type[tree.Node], str] = {
    tree.FnDecl: "function", tree.StructDecl: "struct", tree.EnumDecl: "enum", tree.TypeAlias: "type",
    tree.ConstDecl: "constant", tree.StateDecl: "state", tree.ParamDecl: "parameter", tree.UnitDecl: "unit",
    tree.RoleDecl: "role", tree.ProposalDecl: "proposal", tree.TriggerDecl: "trigger",
    tree.ElectorateDecl: "electorate", tree.PropertyDecl: "property", tree.ContractDecl: "contract",
}  # fmt: skip


class Index:
    """All definitions of a file (`all`), those that an outline shows (`outline`), and names that nothing declares."""

    def __init__(self, file: tree.File, code: str) -> None:
        self.all: list[Definition] = []
        self.outline: list[Definition] = []
        self.unknown: dict[str, list[Span]] = {}
        self._code = code
        self._file: Scope = {}
        self._clauses: Scope = {}
        self._declare_all(file.items, self.outline, "")
        self._walk_items(file.items)
        self._places = sorted(
            ((span, d) for d in self.all for span in (d.at, *d.uses)), key=lambda found: (found[0].start, found[0].end)
        )

    def at(self, offset: int) -> Definition | None:
        """What the name at an offset means."""
        found = self.place(offset)
        return None if found is None else found[1]

    def place(self, offset: int) -> tuple[Span, Definition] | None:
        """The name at an offset, and what it means."""
        low, high = 0, len(self._places)
        while low < high:
            middle = (low + high) // 2
            if self._places[middle][0].end < offset:
                low = middle + 1
            else:
                high = middle
        if low < len(self._places) and self._places[low][0].start <= offset:
            return self._places[low]
        return None

    # -- declarations ----------------------------------------------------------------------------------------------

    def _declare_all(self, items: tuple[tree.Item, ...], outline: list[Definition], doc: str) -> None:
        for item in items:
            if isinstance(item, tree.Described):
                self._declare_all((item.item,), outline, item.doc)
            elif isinstance(item, tree.ClauseDecl):
                self._declare_clause(item, outline)
            elif isinstance(item, tree.TestDecl):
                self._new(item.name.value, "test", item.name.span, item.span, outline, self._head(item.span))
            elif isinstance(item, tree.BlockItem):
                self._declare_all(item.items, outline, "")
            elif type(item) in _KINDS:
                self._declare(item, outline, doc)
            elif isinstance(item, tree.ImplDecl):
                self._declare_all(item.items, outline, "")

    def _declare(self, item: tree.Item, outline: list[Definition], doc: str) -> None:
        name = getattr(item, "name", None)
        assert isinstance(name, tree.Name), item
        kind = _KINDS[type(item)]
        if isinstance(item, tree.FnDecl) and item.word == "action":
            kind = "action"
        found = self._new(name.text, kind, name.span, item.span, outline, self._head(item.span), doc)
        self._file.setdefault(name.text, found)
        if isinstance(item, tree.ContractDecl | tree.ProposalDecl | tree.RoleDecl):
            self._declare_all(item.items, found.inside, "")
        if isinstance(item, tree.EnumDecl):
            for variant in item.variants:
                made = self._new(variant.name.text, "variant", variant.name.span, variant.span, found.inside,
                                 f"{name.text}::{variant.name.text}")  # fmt: skip
                self._file.setdefault(variant.name.text, made)
                self._file[f"{name.text}::{variant.name.text}"] = made

    def _declare_clause(self, item: tree.ClauseDecl, outline: list[Definition]) -> None:
        if item.replaces is not None:
            self._new(f"exception to {item.replaces.value}", "clause", item.replaces.span, item.span, outline)
            return
        said = item.text.value if item.text is not None else ""
        head = self._head(item.span)
        if item.number is not None:
            found = self._new(item.number.value, "clause", item.number.span, item.span, outline, head, said)
            self._clauses.setdefault(item.number.value, found)
        if item.name is not None:
            found = self._new(item.name.text, "clause", item.name.span, item.span, outline, head, said)
            self._clauses.setdefault(item.name.text, found)

    def _new(self, name: str, kind: str, at: Span, whole: Span, outline: list[Definition] | None, detail: str = "",
             doc: str = "") -> Definition:  # fmt: skip
        made = Definition(name, kind, at, whole, detail, doc)
        self.all.append(made)
        if outline is not None:
            outline.append(made)
        return made

    def _head(self, span: Span) -> str:
        """The declaration up to its body, on one line."""
        text = self._code[span.start : min(span.end, span.start + 400)]
        return " ".join(text.split("{", 1)[0].split())

    # -- uses ------------------------------------------------------------------------------------------------------

    def _walk_items(self, items: tuple[tree.Item, ...]) -> None:
        for item in items:
            self._walk(item, {})

    def _walk(self, node: object, scope: Scope) -> None:
        """Note the names that a node uses; what it binds goes into `scope`."""
        step = _STEPS.get(type(node))
        if step is not None:
            step(self, node, scope)
        elif isinstance(node, tree.Node):
            for child in _children(node):
                self._walk(child, scope)

    def _use(self, text: str, at: Span, scope: Scope) -> None:
        found = scope.get(text) or self._file.get(text)
        if found is None:
            self.unknown.setdefault(text, []).append(at)
        elif at != found.at:
            found.uses.append(at)

    def _bind(self, name: tree.Name, scope: Scope, whole: Span) -> None:
        scope[name.text] = self._new(name.text, "local", name.span, whole, None, self._head(whole))

    def _pattern(self, pattern: tree.Pattern, scope: Scope, whole: Span) -> None:
        if isinstance(pattern, tree.BindPattern):
            known = self._file.get(pattern.name.text)
            if known is not None and known.kind == "variant":
                known.uses.append(pattern.name.span)
            else:
                self._bind(pattern.name, scope, whole)
            return
        if isinstance(pattern, tree.VariantPattern):
            self._path(pattern.path, scope)
            for _, inner in pattern.fields:
                self._pattern(inner, scope, whole)
        for inner in getattr(pattern, "items", ()) or getattr(pattern, "options", ()):
            self._pattern(inner, scope, whole)

    def _path(self, path: tree.Path, scope: Scope) -> None:
        if len(path.parts) == 1:
            self._use(path.parts[0].text, path.parts[0].span, scope)
        elif len(path.parts) == 2 and path.separator == "::":
            self._use(path.parts[0].text, path.parts[0].span, scope)
            self._use(path.text, path.parts[1].span, scope)

    def _block(self, block: tree.Block, scope: Scope) -> None:
        inner = dict(scope)
        for statement in block.statements:
            if isinstance(statement, tree.ItemStatement):
                self._declare_inner(statement.item, inner)
        for statement in block.statements:
            self._walk(statement, inner)
        if block.tail is not None:
            self._walk(block.tail, inner)

    def _declare_inner(self, item: tree.Item, scope: Scope) -> None:
        name = getattr(item, "name", None)
        if isinstance(name, tree.Name):
            kind = _KINDS.get(type(item), "local")
            scope[name.text] = self._new(name.text, kind, name.span, item.span, None, self._head(item.span))

    def _function(self, item: tree.FnDecl | tree.PropertyDecl | tree.ProposalDecl, scope: Scope) -> None:
        inner = dict(scope)
        for param in item.params:
            self._walk(param.type, scope)
            self._pattern(param.pattern, inner, param.span)
        for child in _children(item):
            if not isinstance(child, tree.Param):
                self._walk(child, inner)

    def _let(self, node: tree.Let, scope: Scope) -> None:
        self._walk(node.type, scope)
        self._walk(node.value, scope)
        self._walk(node.orelse, scope)
        self._pattern(node.pattern, scope, node.span)

    def _for(self, node: tree.For, scope: Scope) -> None:
        self._walk(node.iterable, scope)
        inner = dict(scope)
        self._pattern(node.pattern, inner, node.span)
        self._walk(node.body, inner)

    def _if(self, node: tree.IfExpr, scope: Scope) -> None:
        inner = dict(scope)
        self._walk(node.condition, inner)
        self._walk(node.then, inner)
        self._walk(node.orelse, scope)

    def _while(self, node: tree.While, scope: Scope) -> None:
        inner = dict(scope)
        self._walk(node.condition, inner)
        self._walk(node.limit, scope)
        self._walk(node.body, inner)

    def _condition(self, node: tree.LetCondition, scope: Scope) -> None:
        self._walk(node.value, scope)
        self._pattern(node.pattern, scope, node.span)

    def _arm(self, node: tree.MatchArm, scope: Scope) -> None:
        inner = dict(scope)
        self._pattern(node.pattern, inner, node.span)
        self._walk(node.guard, inner)
        self._walk(node.body, inner)

    def _closure(self, node: tree.ClosureExpr, scope: Scope) -> None:
        inner = dict(scope)
        for pattern, annotation in node.params:
            self._walk(annotation, scope)
            self._pattern(pattern, inner, node.span)
        self._walk(node.body, inner)

    def _try(self, node: tree.TryExpr, scope: Scope) -> None:
        self._walk(node.value, scope)
        inner = dict(scope)
        if node.name is not None:
            self._bind(node.name, inner, node.span)
        self._walk(node.handler, inner)

    def _clause(self, node: tree.ClauseDecl, scope: Scope) -> None:
        for said in (*((node.replaces,) if node.replaces else ()), *node.before):
            found = self._clauses.get(said.value)
            if found is not None:
                found.uses.append(said.span)
        self._walk(node.guard, scope)
        for approval in node.approvals:
            self._walk(approval, scope)
        self._walk(node.body, scope)

    def _path_expression(self, node: tree.PathExpr, scope: Scope) -> None:
        self._path(node.path, scope)
        for inner in node.args:
            self._walk(inner, scope)

    def _type(self, node: tree.TypeName, scope: Scope) -> None:
        self._path(node.path, scope)
        for inner in node.args:
            self._walk(inner, scope)
        self._walk(node.most, scope)

    def _struct(self, node: tree.StructExpr, scope: Scope) -> None:
        self._path(node.path, scope)
        for _, value in node.fields:
            self._walk(value, scope)
        self._walk(node.rest, scope)

    def _money(self, node: tree.MoneyLit, scope: Scope) -> None:
        self._use(node.unit.text, node.unit.span, scope)

    def _state(self, node: tree.StateExpr, scope: Scope) -> None:
        self._use(node.name.text, node.name.span, {})

    def _bare_path(self, node: tree.Path, scope: Scope) -> None:
        self._path(node, scope)


_STEPS: dict[type[object], Callable[[Index, Any, Scope], None]] = {
    tree.Block: Index._block,
    tree.FnDecl: Index._function,
    tree.PropertyDecl: Index._function,
    tree.ProposalDecl: Index._function,
    tree.Let: Index._let,
    tree.For: Index._for,
    tree.IfExpr: Index._if,
    tree.While: Index._while,
    tree.LetCondition: Index._condition,
    tree.MatchArm: Index._arm,
    tree.ClosureExpr: Index._closure,
    tree.TryExpr: Index._try,
    tree.ClauseDecl: Index._clause,
    tree.PathExpr: Index._path_expression,
    tree.TypeName: Index._type,
    tree.StructExpr: Index._struct,
    tree.MoneyLit: Index._money,
    tree.StateExpr: Index._state,
    tree.Path: Index._bare_path,
}


_FIELDS: dict[type[object], tuple[str, ...]] = {}


def _children(node: tree.Node) -> Iterator[tree.Node]:
    names = _FIELDS.get(type(node))
    if names is None:
        names = _FIELDS[type(node)] = tuple(f.name for f in dataclasses.fields(node) if f.name not in ("span", "at"))
    for name in names:
        yield from _nodes(getattr(node, name))


def _nodes(value: object) -> Iterator[tree.Node]:
    if isinstance(value, tree.Node):
        yield value
    elif isinstance(value, tuple):
        for inner in value:
            yield from _nodes(inner)
