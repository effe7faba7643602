"""Statements in words: the body of a clause, an execution or a trigger as points of a list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ccl.document.model import Inline, Point, Run, capitalised, listed, runs
from ccl.document.phrases import Wording
from ccl.syntax import tree

DEEPEST: Final = 6
"""Levels of points; what lies deeper stands as code."""

_VERDICTS: Final = {
    "permit": "It is permitted", "allow": "It is permitted", "deny": "It is refused", "refuse": "It is refused",
    "trap": "It is refused as an error",
}  # fmt: skip


class Steps:
    """Blocks into points. reasons: the texts of a catalogue, by key."""

    def __init__(self, wording: Wording, reasons: dict[str, str] | None = None) -> None:
        self.words = wording
        self.reasons = reasons or {}

    def points(self, block: tree.Block, depth: int = 0) -> tuple[Point, ...]:
        """The points that a block makes, in order."""
        statements: list[tree.Node] = list(block.statements)
        if block.tail is not None:
            statements.append(block.tail)
        return tuple(self.point(statement, depth) for statement in statements)

    def point(self, node: tree.Node, depth: int = 0) -> Point:
        """The point that a statement makes."""
        if isinstance(node, tree.ExprStatement):
            node = node.value
        said = _SAID.get(type(node))
        if said is None or depth > DEEPEST:
            return Point(self.words.code(node))
        return said(self, node, depth)

    def _require(self, node: tree.Require, depth: int) -> Point:
        point = self.words.point(node.condition)
        return Point(runs(point.text, self._because(node.reason)), point.points)

    def _because(self, reason: tree.Expr | None) -> Inline:
        if reason is None:
            return ()
        if isinstance(reason, tree.StringLit):
            return runs(" — ", Run(reason.value, "em"))
        key = self.words.sources.text(reason.span)
        return runs(" — ", Run(self.reasons.get(key, key.replace("_", " ")), "em"))

    def _let(self, node: tree.Let, depth: int) -> Point:
        name = runs("Here ", Run(self.words.sources.text(node.pattern.span).removeprefix("mut "), "em"))
        if node.value is None:
            return Point(name)
        return Point(runs(name, " is ", self.words.value(node.value)))

    def _assign(self, node: tree.Assign, depth: int) -> Point:
        target, value = self.words.value(node.target), self.words.value(node.value)
        if node.operator == "=":
            return Point(capitalised(runs(target, " becomes ", value)))
        sign = {"+=": " grows by ", "-=": " falls by "}.get(node.operator)
        return Point(capitalised(runs(target, sign, value))) if sign else Point(self.words.code(node))

    def _if(self, node: tree.IfExpr, depth: int) -> Point:
        inside = self.points(node.then, depth + 1)
        orelse = node.orelse
        while isinstance(orelse, tree.IfExpr):
            head = runs("Otherwise, if ", self.words.holds(orelse.condition), ":")
            inside = (*inside, Point(head, self.points(orelse.then, depth + 1)))
            orelse = orelse.orelse
        if orelse is not None:
            inside = (*inside, Point(runs("Otherwise:"), self.points(orelse, depth + 1)))
        return Point(runs("If ", self.words.holds(node.condition), ":"), inside)

    def _match(self, node: tree.MatchExpr, depth: int) -> Point:
        arms = []
        for arm in node.arms:
            rest = isinstance(arm.pattern, tree.AnyPattern)
            head = runs("In any other case") if rest else runs("If it is ", self.words.code(arm.pattern))
            guard = runs(" and ", self.words.holds(arm.guard)) if arm.guard is not None else ()
            body = arm.body.block if isinstance(arm.body, tree.BlockExpr) else None
            points = self.points(body, depth + 1) if body is not None else (self.point(arm.body, depth + 1),)
            arms.append(Point(runs(head, guard, ":"), points))
        return Point(runs("It depends on ", self.words.value(node.subject), ":"), tuple(arms))

    def _for(self, node: tree.For, depth: int) -> Point:
        each = Run(self.words.sources.text(node.pattern.span), "em")
        head = runs("For each ", each, " of ", self.words.value(node.iterable), ":")
        return Point(head, self.points(node.body, depth + 1))

    def _while(self, node: tree.While, depth: int) -> Point:
        limit = runs(", at most ", self.words.value(node.limit), " times") if node.limit is not None else ()
        head = runs("As long as this holds: ", self.words.holds(node.condition), limit, ":")
        return Point(head, self.points(node.body, depth + 1))

    def _emit(self, node: tree.Emit, depth: int) -> Point:
        fields = [runs(name.text.replace("_", " "), ": ", self.words.value(value)) for name, value in node.fields]
        fields += [self.words.value(arg.value) for arg in node.args]
        inside = runs(" with ", listed(fields, "and")) if fields else ()
        return Point(runs("A notice ", Run(node.name.text, "em"), " is left", inside))

    def _verdict(self, node: tree.VerdictExpr, depth: int) -> Point:
        return Point(runs(_VERDICTS.get(node.verdict, node.verdict), self._because(node.reason)))

    def _return(self, node: tree.ReturnExpr, depth: int) -> Point:
        if node.value is None:
            return Point(runs("No more is asked"))
        return Point(runs("The result is ", self.words.value(node.value)))

    def _call(self, node: tree.CallExpr, depth: int) -> Point:
        name = self.words.sources.text(node.target.span)
        primitive = self.words.host.primitives.get(name)
        command = self.words.host.commands.get(primitive.target if primitive else name)
        if command is None and "." not in name:
            return Point(capitalised(self.words.value(node)))
        fields = [
            runs(f"{arg.name.text.replace('_', ' ')}: " if arg.name else "", self.words.value(arg.value))
            for arg in node.args
        ]
        what = runs(Run(name, "code"), " is carried out")
        return Point(runs(what, " with " if fields else "", listed(fields, "and")))

    def _block(self, node: tree.BlockExpr, depth: int) -> Point:
        return Point(runs("In order:"), self.points(node.block, depth + 1))

    def _value(self, node: tree.Expr, depth: int) -> Point:
        return Point(capitalised(self.words.value(node)))


_SAID: Final[dict[type, Callable[[Steps, Any, int], Point]]] = {
    tree.Require: Steps._require,
    tree.Let: Steps._let,
    tree.Assign: Steps._assign,
    tree.IfExpr: Steps._if,
    tree.MatchExpr: Steps._match,
    tree.For: Steps._for,
    tree.While: Steps._while,
    tree.Emit: Steps._emit,
    tree.VerdictExpr: Steps._verdict,
    tree.ReturnExpr: Steps._return,
    tree.CallExpr: Steps._call,
    tree.BlockExpr: Steps._block,
    tree.BinaryExpr: lambda steps, node, depth: steps.words.point(node),
    tree.PathExpr: Steps._value,
    tree.IntLit: Steps._value,
    tree.MoneyLit: Steps._value,
}
