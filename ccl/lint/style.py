"""What makes bylaws hard to read or to change: no text, no reason, numbers that nobody can set, functions too long."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from ccl.diagnostics import Diagnostic, Findings, Label, Severity
from ccl.source import Sources, Span
from ccl.syntax import tree
from ccl.syntax.walking import children, walk

MOST_LINES = 50
"""Lines of a function that are read in one go."""
_RELATIONS = frozenset(("==", "!=", "<", "<=", ">", ">=", "by", "before", "after"))
_NUMBERS = (tree.IntLit, tree.DecimalLit, tree.PercentLit, tree.MoneyLit, tree.SpanOfTimeLit)
_PLAIN = frozenset((Fraction(0), Fraction(1)))
"""Numbers that are no choice: none, one, all."""


def style(files: list[tree.File], findings: Findings, sources: Sources) -> None:
    """Hint at what would make a contract better to read."""
    for file in files:
        for node in walk(file):
            look = _LOOKS.get(type(node))
            if look is not None:
                look(node, findings, sources)


def _clause(node: tree.ClauseDecl, findings: Findings, sources: Sources) -> None:
    if node.word == "clause" and node.replaces is None and node.text is None and node.number is not None:
        _hint(findings, "CCL0722", node.number.span, f"clause {node.number.value} has no text",
              "say in words what it rules, behind its number and commands")  # fmt: skip
    requirements = [n for n in walk(node.body) if isinstance(n, tree.Require)]
    for require in requirements:
        if require.reason is None and (len(requirements) > 1 or node.text is None):
            _hint(findings, "CCL0721", require.span, "a refusal would not say why",
                  'add `because "..."`, or the key of a text')  # fmt: skip
    for number in _choices(node):
        _hint(findings, "CCL0720", number.span, f"`{sources.text(number.span)}` is fixed here",
              "a `param` could be changed by a decision, without a new version")  # fmt: skip


def _choices(node: tree.ClauseDecl) -> list[tree.Node]:
    """Numbers that something is compared with: limits, ages, shares."""
    found: list[tree.Node] = []
    todo: list[tree.Node] = [node.body, *([node.guard] if node.guard is not None else [])]
    while todo:
        at = todo.pop()
        if isinstance(at, tree.BinaryExpr) and at.operator in _RELATIONS:
            found += [side for side in (at.left, at.right) if isinstance(side, _NUMBERS) and not _plain(side)]
        todo.extend(children(at))
    return sorted(found, key=lambda n: n.span)


def _plain(node: tree.Node) -> bool:
    if isinstance(node, tree.SpanOfTimeLit):
        return _plain(node.count)
    value = getattr(node, "value", None)
    return isinstance(value, int | Fraction) and Fraction(value) in _PLAIN


def _fn(node: tree.FnDecl, findings: Findings, sources: Sources) -> None:
    if node.body is None or node.body.span.source < 0:
        return
    source = sources[node.body.span.source]
    lines = source.place(node.body.span.end)[0] - source.place(node.body.span.start)[0] + 1
    if lines > MOST_LINES:
        _hint(findings, "CCL0723", node.name.span, f"`{node.name.text}` is {lines} lines long",
              f"more than {MOST_LINES} are hard to follow; give a part of it a name")  # fmt: skip


def _hint(findings: Findings, code: str, span: Span, message: str, label: str) -> None:
    findings.add(Diagnostic(code, message, (Label(span, label),), (), (), Severity.HINT))


_LOOKS: dict[type, Callable[..., None]] = {tree.ClauseDecl: _clause, tree.FnDecl: _fn}
