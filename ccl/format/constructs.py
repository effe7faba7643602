"""What each construct of the syntax tree says about its tokens: its groups, its lines, what sticks together.

A construct without marks still comes out right, only plainer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ccl.format.layout import Break, Open
from ccl.format.shape import INDENT, Shape
from ccl.source import Span
from ccl.syntax import tree
from ccl.syntax.lexer import Tokens
from ccl.syntax.walking import walk

_LEVEL: Final = {
    "||": 1, "or": 1, "&&": 2, "and": 2, "==": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3,
    "+": 4, "-": 4, "*": 5, "/": 5, "%": 5, "??": 6,
}  # fmt: skip
"""Operators before which a line may break; those of one level in a row make one group."""


def shape_of(file: tree.File, tokens: Tokens) -> Shape:
    """The marks of a whole file."""
    shape = Shape(tokens)
    for node in walk(file):
        for mark in _MARKS.get(type(node), ()):
            mark(shape, node)
        for name in _ELEMENTS.get(type(node), ()):
            held = getattr(node, name)
            for each in held if isinstance(held, tuple) else (held,):
                if each is not None:
                    shape.element(each)
    for at in shape.bodies.values():
        at.sort()
    return shape


_ELEMENTS: Final[dict[type, tuple[str, ...]]] = {
    tree.File: ("items",),
    tree.ContractDecl: ("entries", "items"),
    tree.RoleDecl: ("entries", "items"),
    tree.ProposalDecl: ("entries", "items"),
    tree.UnitDecl: ("entries",),
    tree.ElectorateDecl: ("entries",),
    tree.TriggerDecl: ("entries",),
    tree.BlockItem: ("entries", "items"),
    tree.ImplDecl: ("items",),
    tree.StructDecl: ("fields",),
    tree.EnumDecl: ("variants",),
    tree.MatchExpr: ("arms",),
    tree.Block: ("statements", "tail"),
    tree.ClauseDecl: ("approvals",),
    tree.TestDecl: ("steps",),
}


def _binary(shape: Shape, node: tree.BinaryExpr) -> None:
    level = _LEVEL.get(node.operator)
    at = shape.first(node.at)
    if node.operator == "/" and isinstance(node.left, tree.IntLit) and isinstance(node.right, tree.IntLit):
        shape.tight.update((at, at + 1))  # a fraction: 1/2
        return
    if level is None or at < 0 or at in shape.chained:
        return
    shape.chained.add(at)
    shape.breaks[at] = Break(1)
    left = node.left
    begin = shape.first(node.span)
    while isinstance(left, tree.BinaryExpr) and _LEVEL.get(left.operator) == level:
        inner = shape.first(left.at)
        if inner < 0 or shape.parent[inner] != shape.parent[at]:
            break
        shape.chained.add(inner)
        shape.breaks[inner] = Break(1)
        left = left.left
    last = shape.last(node.span)
    sole = begin > 0 and shape.text(begin - 1) in ("(", "[")
    if not shape.group(begin, last, Open(0 if sole else INDENT)):
        del shape.breaks[at]


def _unary(shape: Shape, node: tree.UnaryExpr) -> None:
    at = shape.first(node.span)
    if at >= 0 and not shape.text(at).isalpha() and shape.text(at) != "(":
        shape.tight.add(at + 1)
        if shape.text(at) == "&" and shape.text(at + 1) == "mut":
            shape.loose.add(at + 2)


def _call(shape: Shape, node: tree.CallExpr) -> None:
    closing = shape.last(node.span)
    opening = shape.opener.get(closing, -1)
    if opening > 0 and shape.text(opening) == "(":
        shape.tight.add(opening)
        if node.macro:
            shape.tight.add(opening - 1)


def _parenthesis_after(shape: Shape, name: Span) -> None:
    at = shape.last(name) + 1
    if at > 0 and shape.text(at) == "(":
        shape.tight.add(at)


def _index(shape: Shape, node: tree.IndexExpr) -> None:
    opening = shape.opener.get(shape.last(node.span), -1)
    if opening > 0:
        shape.tight.add(opening)


def _angles(shape: Shape, start: int, end: int) -> None:
    """`<` at start and `>` at end enclose types."""
    if shape.text(start) == "<" and shape.text(end) == ">":
        shape.tight.update((start, start + 1, end))


def _type_name(shape: Shape, node: tree.TypeName) -> None:
    if node.args:
        _angles(shape, shape.last(node.path.span) + 1, shape.last(node.span))


def _path_expr(shape: Shape, node: tree.PathExpr) -> None:
    if node.args:
        start = shape.last(node.path.span) + 1
        if shape.text(start) == "::":
            start += 1
            shape.tight.add(start)
        _angles(shape, start, shape.last(node.args[-1].span) + 1)


def _generics(shape: Shape, node: tree.FnDecl | tree.StructDecl | tree.EnumDecl) -> None:
    if node.generics:
        _angles(shape, shape.last(node.name.span) + 1, shape.last(node.generics[-1].span) + 1)


def _fn(shape: Shape, node: tree.FnDecl) -> None:
    _generics(shape, node)
    _parenthesis_after(shape, node.generics[-1].span if node.generics else node.name.span)
    if node.generics:
        at = shape.last(node.generics[-1].span) + 2
        if shape.text(at) == "(":
            shape.tight.add(at)


def _named(shape: Shape, node: tree.VariantDecl | tree.ProposalDecl | tree.Attribute | tree.PropertyDecl) -> None:
    _parenthesis_after(shape, node.name.span)


def _variant_pattern(shape: Shape, node: tree.VariantPattern) -> None:
    _parenthesis_after(shape, node.path.span)


def _emit(shape: Shape, node: tree.Emit) -> None:
    if node.args:
        at = shape.first(node.span)
        opening = shape.between(at, shape.last(node.span) + 1, "(")
        if opening > 0:
            shape.tight.add(opening)


def _closure(shape: Shape, node: tree.ClosureExpr) -> None:
    at = shape.first(node.span)
    if shape.text(at) != "|":
        return
    shape.tight.add(at + 1)
    after = at
    if node.params:
        pattern, type_ = node.params[-1]
        after = shape.last((type_ or pattern).span)
    end = shape.between(after + 1, shape.last(node.span), "|") if after >= at else -1
    if end > at:
        shape.tight.add(end)


def _range(shape: Shape, node: tree.RangeExpr) -> None:
    if node.low is None:
        at = shape.first(node.span)
        if at > 0 and shape.text(at - 1) not in ("(", "["):
            shape.loose.add(at)


def _if(shape: Shape, node: tree.IfExpr) -> None:
    """All blocks of an `if` with its `else` are broken alike, so they share a group."""
    at = shape.first(node.span)
    if at > 0 and shape.text(at - 1) == "else":
        return
    blocks: list[int] = []
    link: tree.Block | tree.IfExpr | None = node
    while isinstance(link, tree.IfExpr):
        blocks.append(shape.brace(link.then.span))
        link = link.orelse
    if link is not None:
        blocks.append(shape.brace(link.span))
    if -1 in blocks or not shape.group(at, shape.tokens.closer[blocks[-1]], Open(INDENT)):
        return
    shape.shared.update(blocks)


def _block(shape: Shape, node: tree.Block) -> None:
    brace = shape.brace(node.span)
    if brace >= 0:
        shape.bodies.setdefault(brace, [])


def _always_lines(shape: Shape, node: tree.Node) -> None:
    brace = shape.brace(node.span)
    if brace >= 0:
        shape.bodies.setdefault(brace, [])
        shape.forced.add(brace)


def _body(shape: Shape, node: tree.Node) -> None:
    brace = shape.brace(node.span)
    if brace >= 0:
        shape.bodies.setdefault(brace, [])


def _parts(shape: Shape, node: tree.StructExpr | tree.MapExpr | tree.ListExpr) -> None:
    """Parts of a record or list that the dialect ends by the line alone stay on lines of their own."""
    nodes = (
        node.items if isinstance(node, tree.ListExpr) else node.pairs if isinstance(node, tree.MapExpr) else node.fields
    )
    for part in nodes:
        at = shape.first(part[0].span if isinstance(part, tuple) else part.span)
        if at > 0 and shape.text(at - 1) not in (",", "[", "{", "("):
            shape.breaks[at] = Break(1, 1)


def _state(shape: Shape, node: tree.StateDecl) -> None:
    """`state { .. }` has no node of its own, only its entries have."""
    brace = shape.parent[shape.first(node.span)]
    word = brace - 1
    if brace > 0 and shape.text(word) == "state" and word not in shape.elements:
        shape.elements[word] = "BlockItem"
        around = shape.parent[word]
        if around >= 0:
            shape.bodies.setdefault(around, []).append(word)


def _clause(shape: Shape, node: tree.ClauseDecl) -> None:
    first, brace = shape.first(node.span), shape.brace(node.body.span)
    if first < 0 or brace < first or shape.parent[first] != shape.parent[brace]:
        return
    if node.targets:
        _list(shape, [t.span for t in node.targets], INDENT if node.text is None else 0)
    if node.text is not None:
        text = shape.first(node.text.span)
        if text > first:
            shape.breaks[text] = Break(1, int(shape.tokens.fresh[text]))  # an author's choice
        shape.breaks[brace] = Break(1, dedent=INDENT)
        shape.group(first, brace, Open(INDENT))


def _list(shape: Shape, spans: list[Span], indent: int) -> None:
    """A list without brackets: `on a, b, c`."""
    starts = [shape.first(s) for s in spans]
    last = shape.last(spans[-1])
    if -1 not in starts and len(starts) > 1 and shape.group(starts[0], last, Open(indent, filled=True)):
        for at in starts[1:]:
            shape.breaks[at] = Break(1)


def _require(shape: Shape, node: tree.Require) -> None:
    opening = shape.first(node.span) + 1
    if shape.text(opening) == "(":
        closing = shape.tokens.closer[opening]
        whole = closing >= shape.last(node.span) or shape.text(closing + 1) in (";", "}")
        (shape.tight if whole else shape.loose).add(opening)
    if node.reason is None:
        return
    at = shape.first(node.reason.span) - 1
    first, last = shape.first(node.span), shape.last(node.span)
    if at > 0 and shape.text(at) == "because" and shape.group(first, last, Open(INDENT)):
        shape.breaks[at] = Break(1)


def _words(shape: Shape, node: tree.Node, *words: str) -> None:
    """A statement made of phrases: a line may break before each of those words."""
    first, last = shape.first(node.span), shape.last(node.span)
    if first < 0 or last < first:
        return
    at = [i for word in words if (i := shape.between(first + 1, last + 1, word)) > 0]
    if at and shape.group(first, last, Open(INDENT, filled=True)):
        shape.breaks.update((i, Break(1)) for i in at if i not in shape.breaks)


def _approval(shape: Shape, node: tree.ApprovalDecl) -> None:
    _words(shape, node, "above", "of", "need", "within")


def _param(shape: Shape, node: tree.ParamDecl) -> None:
    _words(shape, node, "in", "changed")


def _transition(shape: Shape, node: tree.TransitionDecl) -> None:
    """Its rules have no nodes of their own: what follows `{` or `;` begins one."""
    brace = shape.brace(node.span)
    if brace < 0:
        return
    shape.forced.add(brace)
    begun = []
    i, end = brace + 1, shape.tokens.closer[brace]
    starts = True
    while i < end:
        if starts and shape.text(i) not in (";", ","):
            begun.append(i)
            starts = False
        if shape.text(i) in (";", ","):
            starts = True
        i = shape.tokens.closer.get(i, i) + 1
        starts = starts or (i < end and bool(shape.tokens.fresh[i]))
    shape.bodies[brace] = begun
    shape.elements.update((i, "TransitionRule") for i in begun)


def _test(shape: Shape, node: tree.TestDecl) -> None:
    _always_lines(shape, node)
    brace = shape.brace(node.span)
    if brace < 0 or not node.columns:
        return
    shape.cells |= {
        i
        for row in (*(cells for cells, _ in node.rows), node.heads)
        for cell in row
        for i in range(shape.first(cell.span), shape.last(cell.span) + 1)
    }
    head = node.heads[-1].span if node.heads else node.columns[-1].span
    ends = [shape.last(head) + 2, *(shape.last(expected.span) for _, expected in node.rows)]
    firsts = [node.heads[0].span if node.heads else node.columns[0].span, *(cells[0].span for cells, _ in node.rows)]
    rows: list[tuple[int, int]] = []
    for first, end in zip(firsts, ends, strict=True):
        begin = shape.first(first) - 1
        while shape.text(begin) != "|":
            begin -= 1
        while shape.text(end) != "|" or end in shape.cells:
            end += 1
        rows.append((begin, end))
    for begin, _ in rows:
        shape.elements[begin] = "Row"
        shape.bodies[brace].append(begin)
    shape.tables.append(rows)


_MARKS: Final[dict[type, tuple[Callable[..., None], ...]]] = {
    tree.BinaryExpr: (_binary,),
    tree.UnaryExpr: (_unary,),
    tree.CallExpr: (_call,),
    tree.IndexExpr: (_index,),
    tree.TypeName: (_type_name,),
    tree.PathExpr: (_path_expr,),
    tree.FnDecl: (_fn,),
    tree.StructDecl: (_generics, _body),
    tree.EnumDecl: (_generics, _body),
    tree.VariantDecl: (_named,),
    tree.ProposalDecl: (_named, _body),
    tree.Attribute: (_named,),
    tree.PropertyDecl: (_named,),
    tree.VariantPattern: (_variant_pattern,),
    tree.Emit: (_emit,),
    tree.ClosureExpr: (_closure,),
    tree.RangeExpr: (_range,),
    tree.StructExpr: (_parts,),
    tree.MapExpr: (_parts,),
    tree.ListExpr: (_parts,),
    tree.IfExpr: (_if,),
    tree.Block: (_block,),
    tree.MatchExpr: (_always_lines,),
    tree.ContractDecl: (_always_lines,),
    tree.ImplDecl: (_always_lines,),
    tree.RoleDecl: (_body,),
    tree.UnitDecl: (_body,),
    tree.ElectorateDecl: (_body,),
    tree.BlockItem: (_body,),
    tree.StateDecl: (_state,),
    tree.ClauseDecl: (_clause,),
    tree.Require: (_require,),
    tree.ApprovalDecl: (_approval,),
    tree.ParamDecl: (_param,),
    tree.TransitionDecl: (_transition,),
    tree.TestDecl: (_test,),
}
