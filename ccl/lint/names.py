"""Names that nobody uses: locals, parameters of functions, functions, parameters and states of the contract, imports.

A name is used where it is written as a value, a type or a pattern, or stands in a text that is formatted; being
assigned is no use. A name that begins with `_` says that it is not used.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from ccl import core
from ccl.diagnostics import Diagnostic, Edit, Findings, Fix, Label, Severity
from ccl.source import Sources, Span
from ccl.syntax import tree
from ccl.syntax.walking import children, walk

_WORD = re.compile(r"\{\s*([A-Za-z_]\w*)")


def unused(files: list[tree.File], program: core.Program, sources: Sources, findings: Findings) -> None:
    """Warn of every name that is declared and not used."""
    every: Counter[str] = Counter()
    for file in files:
        every.update(uses(file))
    nodes = [node for file in files for node in walk(file)]
    contract = any(isinstance(node, tree.ContractDecl) for node in nodes)
    effects = {name for name, unique in program.exports.items() if unique in program.actions}
    for node in nodes:
        if isinstance(node, _BODIES):
            _locals(node, findings)
        if isinstance(node, tree.FnDecl):
            _parameters(node, findings)
            if contract and node.name.text not in effects and node.word in ("fn", "function") and not node.exported:
                own = Counter(uses(node))[node.name.text]
                _tell(findings, "CCL0702", "function", node.name, every[node.name.text] - own)
        declared = _DECLARED.get(type(node))
        if declared is not None:
            code, what, name = declared(node)
            _tell(findings, code, what, name, every[name.text])
        if isinstance(node, tree.Import):
            _import(node, every, sources, findings)


def uses(node: tree.Node) -> Iterator[str]:
    """The names that are used at a node or below it, once for each use."""
    todo = [node]
    while todo:
        at = todo.pop()
        if isinstance(at, tree.PathExpr | tree.TypeName | tree.StructExpr | tree.VariantPattern):
            yield from (part.text for part in at.path.parts)
        elif isinstance(at, tree.StateExpr):
            yield at.name.text
        elif isinstance(at, tree.CallExpr) and at.macro:
            for arg in at.args:
                if isinstance(arg.value, tree.StringLit):
                    yield from _WORD.findall(arg.value.value)
        elif isinstance(at, tree.ProposalDecl | tree.ParamDecl | tree.RoleDecl | tree.TransitionDecl):
            yield from _named_by(at)
        if isinstance(at, tree.Assign) and at.operator == "=" and isinstance(at.target, tree.PathExpr | tree.StateExpr):
            todo.append(at.value)
        else:
            todo.extend(children(at))


def _named_by(node: tree.Node) -> Iterator[str]:
    if isinstance(node, tree.ParamDecl) and node.changed_by is not None:
        yield node.changed_by.text
    elif isinstance(node, tree.RoleDecl) and node.extends is not None:
        yield node.extends.text
    elif isinstance(node, tree.TransitionDecl):
        yield from (name.text for _, old, new, _ in node.moves for name in (old, new))


_BODIES = (tree.FnDecl, tree.ClauseDecl, tree.TriggerDecl, tree.PropertyDecl)


def _locals(node: tree.Node, findings: Findings) -> None:
    """Locals of a function, clause, trigger or property, but for its parameters."""
    body = getattr(node, "body", None)
    if body is None:
        return
    used = Counter(uses(body))
    for at in walk(body):
        for pattern in _bound(at):
            for name in _names(pattern):
                if not used[name.text] and not name.text.startswith("_"):
                    _warn(findings, "CCL0701", name.span, f"`{name.text}` is not used",
                          f"name it `_{name.text}` if it is not meant to be used", name)  # fmt: skip


def _bound(node: tree.Node) -> Iterable[tree.Pattern]:
    if isinstance(node, tree.Let | tree.For | tree.LetCondition | tree.MatchArm):
        return (node.pattern,)
    if isinstance(node, tree.ClosureExpr):
        return (pattern for pattern, _ in node.params)
    return ()


def _names(pattern: tree.Pattern) -> Iterator[tree.Name]:
    """The names a pattern binds; one that begins with a capital is a variant, or meant to be."""
    for node in walk(pattern):
        if isinstance(node, tree.BindPattern) and not node.name.text[:1].isupper():
            yield node.name


def _parameters(node: tree.FnDecl, findings: Findings) -> None:
    if node.body is None:
        return
    used = Counter(uses(node.body))
    for param in node.params:
        for name in _names(param.pattern):
            if not used[name.text] and not name.text.startswith("_") and name.text != "self":
                _warn(findings, "CCL0708", name.span, f"`{node.name.text}` does not use `{name.text}`",
                      f"name it `_{name.text}` if it is not meant to be used", name)  # fmt: skip


def _import(node: tree.Import, every: Counter[str], sources: Sources, findings: Findings) -> None:
    if node.names:
        for name in node.names:
            _tell(findings, "CCL0706", "import", name, every[name.text])
    elif node.alias is not None:
        _tell(findings, "CCL0706", "import", node.alias, every[node.alias.text])


def _tell(findings: Findings, code: str, what: str, name: tree.Name, count: int) -> None:
    if count <= 0 and not name.text.startswith("_"):
        _warn(findings, code, name.span, f"the {what} `{name.text}` is not used", "nothing names it", None)


def _warn(findings: Findings, code: str, span: Span, message: str, label: str, name: tree.Name | None) -> None:
    fixes: tuple[Fix, ...] = ()
    if name is not None:
        at = Span(span.source, span.start, span.start)
        fixes = (Fix(f"name it `_{name.text}`", (Edit(at, "_"),), applicable=False),)
    findings.add(Diagnostic(code, message, (Label(span, label),), (), fixes, Severity.WARNING))


_DECLARED: dict[type, Callable[..., tuple[str, str, tree.Name]]] = {
    tree.ParamDecl: lambda node: ("CCL0703", "parameter", node.name),
    tree.StateDecl: lambda node: ("CCL0704", "state", node.name),
    tree.ConstDecl: lambda node: ("CCL0705", "constant", node.name),
    tree.StructDecl: lambda node: ("CCL0707", "type", node.name),
    tree.EnumDecl: lambda node: ("CCL0707", "type", node.name),
}
