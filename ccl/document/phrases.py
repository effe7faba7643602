"""Expressions in words, from the tree: what a condition says to somebody who reads bylaws and no programs.

The words follow what was written, not what it evaluates to. The actor is "you", as in the host's own words for its
views. What has no words of its own, and whatever is nested too deep to be followed when read, stands as code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

from ccl.document.model import Inline, Point, Run, capitalised, listed, plain, runs
from ccl.host import Host, ViewSpec
from ccl.source import Sources
from ccl.syntax import tree
from ccl.syntax.walking import children
from ccl.types import BOOL

DEEPEST: Final = 12
"""Levels of an expression that are said in words; deeper ones are shown as written."""

_RELATIONS: Final = {
    "==": ("is", "is not"), "!=": ("is not", "is"), "<": ("is less than", "is not less than"),
    "<=": ("is at most", "is more than"), ">": ("is more than", "is at most"), ">=": ("is at least", "is less than"),
    "by": ("is on or before", "is after"), "before": ("is before", "is not before"),
    "after": ("is after", "is not after"), "in": ("is one of", "is none of"),
}  # fmt: skip
_SIGNS: Final = {"+": "+", "-": "−", "*": "×", "/": "÷", "%": "modulo", "??": "or else"}
_LEVELS: Final = {"??": 0, "+": 1, "-": 1, "*": 2, "/": 2, "%": 2}
_METHODS: Final = {
    "contains": ("contains", "does not contain"), "is_empty": ("is empty", "is not empty"),
    "is_none": ("is not given", "is given"), "is_some": ("is given", "is not given"),
    "starts_with": ("begins with", "does not begin with"), "ends_with": ("ends with", "does not end with"),
}  # fmt: skip
"""Methods that answer yes or no: how they are said, and how their opposite."""
_ROUNDING: Final = {
    "down": "rounded down", "up": "rounded up", "to_zero": "rounded towards zero",
    "from_zero": "rounded away from zero", "half_up": "rounded, halves away from zero",
    "half_even": "rounded, halves to the even neighbour", "half_down": "rounded, halves towards zero",
}  # fmt: skip
_AUXILIARY = re.compile(r"^(\S+(?: \S+){0,3}? (?:are|is|was|were|has|have|may|can|must))( |$)")
_YOU_DO = re.compile(r"^you (\w+)")
_PAST: Final = frozenset(("wrote", "signed", "gave", "had", "made", "took"))


@dataclass(frozen=True)
class Wording:
    """What the names in one contract stand for. anchors: of a name that the document explains, where it does."""

    sources: Sources
    host: Host
    anchors: Mapping[str, str] = field(default_factory=dict)

    def code(self, node: tree.Node) -> Inline:
        """As it is written, on one line."""
        return (Run(" ".join(self.sources.text(node.span).split()), "code"),)

    def name(self, text: str) -> Inline:
        """A name, with a link to where the document explains it."""
        return (Run(text, "em", self.anchors.get(text, "")),)

    # -- values --------------------------------------------------------------------------------------------------------

    def value(self, node: tree.Expr) -> Inline:
        """What it stands for: `the amount`, `limit × 2`."""
        said = _VALUES.get(type(node))
        return self.code(node) if said is None or _deep(node) else said(self, node)

    def _binary_value(self, node: tree.BinaryExpr) -> Inline:
        sign = _SIGNS.get(node.operator)
        if sign is None and (node.operator in _RELATIONS or _junction(node)):
            return runs("whether ", self.holds(node))
        if sign is None:  # none that the language has; the source has an error there
            return self.code(node)
        return runs(self._operand(node.left, node.operator, right=False), f" {sign} ",
                    self._operand(node.right, node.operator, right=True))  # fmt: skip

    def _operand(self, node: tree.Expr, outer: str, *, right: bool) -> Inline:
        said = self.value(node)
        if not isinstance(node, tree.BinaryExpr):
            return runs("(", said, ")") if isinstance(node, tree.IfExpr) else said
        inner = _LEVELS.get(node.operator, 0)
        return runs("(", said, ")") if inner < _LEVELS[outer] or (right and inner == _LEVELS[outer]) else said

    def _path(self, node: tree.PathExpr) -> Inline:
        text = node.path.text
        if text == "command":
            return runs("what is asked")
        return self.name(text) if len(node.path.parts) == 1 else self.code(node)

    def _field(self, node: tree.FieldExpr) -> Inline:
        said = node.name.text.removesuffix("_minor").replace("_", " ")
        if isinstance(node.target, tree.PathExpr) and node.target.path.text == "command":
            return runs("the ", said)
        return runs(f"the {said} of ", self.value(node.target))

    def _call_value(self, node: tree.CallExpr) -> Inline:
        name = _called(node)
        plain = _CALLS.get(name)
        if plain is not None and not node.args:
            return runs(plain)
        if name == "round" and len(node.args) == 2:
            mode = _ROUNDING.get(self.sources.text(node.args[1].value.span))
            return runs(self.value(node.args[0].value), f", {mode}") if mode else self.code(node)
        if name == "setting" and len(node.args) == 1:
            return runs("the setting ", Run(self.sources.text(node.args[0].value.span).strip('"'), "code"))
        view = self._view(node)
        if view is not None and view.words:
            return self._view_words(view, node)
        if name in self.anchors:
            inside = listed([self.value(arg.value) for arg in node.args], "and")
            return runs(self.name(name), " of ", inside) if inside else self.name(name)
        if isinstance(node.target, tree.FieldExpr) and name in ("len", "length", "count") and not node.args:
            return runs("the number of ", self.value(node.target.target))
        return self.code(node)

    def _view(self, node: tree.CallExpr) -> ViewSpec | None:
        name = _called(node)
        name = "role" if name == "caller_has_role" else name
        primitive = self.host.primitives.get(name)
        return self.host.views.get(primitive.target if primitive else name)

    def _view_words(self, view: ViewSpec, node: tree.CallExpr) -> Inline:
        out: list[str | Inline] = []
        words = view.words
        for i in range(len(node.args), len(view.params)):
            words = re.sub(rf",? ?\(?\{{{i}\}}\)?", "", words)
        for part in re.split(r"(\{\d+\})", words):
            number = int(part[1:-1]) if part.startswith("{") else -1
            if number < 0:
                out.append(part)
            elif number < len(node.args):
                out.append(self._argument(node.args[number].value))
        return runs(*out)

    def _argument(self, node: tree.Expr) -> Inline:
        if isinstance(node, tree.StringLit):
            return (Run(node.value, "em", self.anchors.get(node.value, "")),)
        return self.value(node)

    def _if_value(self, node: tree.IfExpr) -> Inline:
        then, orelse = _tail(node.then), node.orelse
        other = _tail(orelse) if isinstance(orelse, tree.Block) else orelse
        if then is None or other is None:
            return self.code(node)
        return runs(self.value(then), " if ", self.holds(node.condition), ", otherwise ", self.value(other))

    def _unary_value(self, node: tree.UnaryExpr) -> Inline:
        if node.operator in ("!", "not"):
            return runs("whether ", self.fails(node.operand))
        return runs("−", self.value(node.operand)) if node.operator == "-" else self.code(node)

    def _index(self, node: tree.IndexExpr) -> Inline:
        return runs(self.value(node.target), " at ", self.value(node.index))

    def _list(self, node: tree.ListExpr) -> Inline:
        return listed([self.value(item) for item in node.items], "or") or runs("nothing")

    def _span(self, node: tree.SpanOfTimeLit) -> Inline:
        one = isinstance(node.count, tree.IntLit) and node.count.value == 1
        unit = node.unit.removesuffix("s") if one else node.unit
        return runs(self.value(node.count), f" {node.qualifier} {unit}" if node.qualifier else f" {unit}")

    # -- conditions ----------------------------------------------------------------------------------------------------

    def holds(self, node: tree.Expr) -> Inline:
        """That it holds: `the amount is at most limit`."""
        return self._said(node, wanted=True)

    def fails(self, node: tree.Expr) -> Inline:
        """That it does not hold."""
        return self._said(node, wanted=False)

    def point(self, node: tree.Expr, *, wanted: bool = True) -> Point:
        """A condition as a point of a list; of several joined ones, each under it."""
        while isinstance(node, tree.UnaryExpr) and node.operator in ("!", "not"):
            node, wanted = node.operand, not wanted
        parts = joined_by(node)
        if len(parts) < 2 or _deep(node):
            return Point(capitalised(self._said(node, wanted=wanted)))
        all_of = (_junction(node) == "and") is wanted
        if len(parts) == 2 or (not all_of and len(parts) <= 3):
            simple = all(len(joined_by(part)) == 1 and not _deep(part, 4) for part in parts)
            if simple:
                said = [self._said(part, wanted=wanted) for part in parts]
                return Point(capitalised(listed(said, "and" if all_of else "or")))
        head = runs("All of this holds:" if all_of else "At least one of this holds:")
        return Point(head, tuple(self.point(part, wanted=wanted) for part in parts))

    def _said(self, node: tree.Expr, *, wanted: bool) -> Inline:
        said = _CONDITIONS.get(type(node))
        if said is None or _deep(node):
            return runs(self.value(node), " holds" if wanted else " does not hold")
        return said(self, node, wanted)

    def _binary_condition(self, node: tree.BinaryExpr, wanted: bool) -> Inline:
        junction = _junction(node)
        if junction:
            word = junction if wanted else ("or" if junction == "and" else "and")
            return listed([self._bracketed(part, word, wanted) for part in joined_by(node)], word)
        relation = _RELATIONS.get(node.operator)
        if relation is None:
            return runs(self.value(node), " holds" if wanted else " does not hold")
        if node.operator in ("==", "!=") and isinstance(node.right, tree.BoolLit):
            return self._said(node.left, wanted=(node.right.value == (node.operator == "==")) is wanted)
        if node.operator == "in":
            return self._membership(node, wanted)
        left, right = self._side(node.left), self._side(node.right)
        verb = relation[not wanted]
        if plain(left) == "you":
            verb = verb.replace("is", "are", 1)
        return runs(left, f" {verb} ", right)

    def _side(self, node: tree.Expr) -> Inline:
        said = self.value(node)
        return runs("(", said, ")") if isinstance(node, tree.IfExpr) else said

    def _bracketed(self, part: tree.Expr, word: str, wanted: bool) -> Inline:
        said = self._said(part, wanted=wanted)
        junction = _junction(part)
        if junction and (junction if wanted else {"and": "or", "or": "and"}[junction]) != word:
            return runs("(", said, ")")
        return said

    def _membership(self, node: tree.BinaryExpr, wanted: bool) -> Inline:
        left, right = self.value(node.left), node.right
        if isinstance(right, tree.RangeExpr) and right.low is not None and right.high is not None:
            to = "to" if right.inclusive else "to below"
            return runs(left, " is from " if wanted else " is not from ", self.value(right.low), f" {to} ",
                        self.value(right.high))  # fmt: skip
        return runs(left, " is one of " if wanted else " is none of ", self.value(right))

    def _not(self, node: tree.UnaryExpr, wanted: bool) -> Inline:
        if node.operator in ("!", "not"):
            return self._said(node.operand, wanted=not wanted)
        return runs(self.value(node), " holds" if wanted else " does not hold")

    def _call_condition(self, node: tree.CallExpr, wanted: bool) -> Inline:
        view = self._view(node)
        if view is not None and view.result == BOOL and view.words:
            said = self._view_words(view, node)
            said = (Run(said[0].text.removeprefix("whether "), said[0].kind, said[0].to), *said[1:])
            if said[0].text.startswith(("a ", "an ", "the same ")):
                said = runs("it is ", said)
            return said if wanted else negated(said)
        if isinstance(node.target, tree.FieldExpr):
            verbs = _METHODS.get(node.target.name.text)
            if verbs is not None and len(node.args) <= 1:
                rest = runs(" ", self.value(node.args[0].value)) if node.args else ()
                return runs(self.value(node.target.target), f" {verbs[not wanted]}", rest)
        if _called(node) == "setting":
            return runs(self.value(node), " is on" if wanted else " is off")
        return runs(self.value(node), " holds" if wanted else " does not hold")

    def _literal_condition(self, node: tree.BoolLit, wanted: bool) -> Inline:
        return runs("always" if node.value is wanted else "never")

    def _let_condition(self, node: tree.LetCondition, wanted: bool) -> Inline:
        verb = " is " if wanted else " is not "
        return runs(self.value(node.value), verb, self.code(node.pattern))


def negated(said: Inline) -> Inline:
    """A statement's opposite: `you are a member`, `you are not a member`."""
    head = said[0].text
    auxiliary = _AUXILIARY.match(head)
    if auxiliary:
        return runs(f"{auxiliary[1]} not{head[auxiliary.end(1) :]}", said[1:])
    verb = _YOU_DO.match(head)
    if verb and verb[1] not in _PAST:
        return runs(f"you do not {head[4:]}", said[1:])
    follows = said[1].text + said[2].text if len(said) > 2 else ""
    if follows and (found := re.match(r"^ (is|are|has|may|can)\b", said[2].text)):
        return (*said[:2], Run(f" {found[1]} not{said[2].text[found.end() :]}"), *said[3:])
    return runs("it is not so that ", said)


def joined_by(node: tree.Expr) -> list[tree.Expr]:
    """The parts of a chain of one of `and`, `or`; a single one of anything else."""
    junction = _junction(node)
    if not junction:
        return [node]
    parts: list[tree.Expr] = []
    todo: list[tree.Expr] = [node]
    while todo:
        at = todo.pop()
        if isinstance(at, tree.BinaryExpr) and _junction(at) == junction:
            todo += [at.right, at.left]
        else:
            parts.append(at)
    return parts


def _junction(node: tree.Expr) -> str:
    if not isinstance(node, tree.BinaryExpr):
        return ""
    return {"&&": "and", "and": "and", "||": "or", "or": "or"}.get(node.operator, "")


def _deep(node: tree.Node, most: int = DEEPEST) -> bool:
    """Whether an expression has more levels than can be said; a chain of `and` or `or` is one."""
    level: list[tree.Node] = [node]
    for _ in range(most):
        level = [c for n in level for c in _below(n)]
        if not level:
            return False
    return True


def _below(node: tree.Node) -> Iterable[tree.Node]:
    return joined_by(node) if isinstance(node, tree.BinaryExpr) and _junction(node) else children(node)


def _called(node: tree.CallExpr) -> str:
    if isinstance(node.target, tree.PathExpr):
        return node.target.path.parts[-1].text
    return node.target.name.text if isinstance(node.target, tree.FieldExpr) else ""


def _tail(block: tree.Block) -> tree.Expr | None:
    return block.tail if not block.statements else None


def decimal(value: Fraction) -> str:
    """A number as people write it: 0.75; a quotient that does not end as 1/3."""
    digits, rest = 0, value.denominator
    while rest % 10 == 0 or rest % 2 == 0 or rest % 5 == 0:
        rest //= 10 if rest % 10 == 0 else 2 if rest % 2 == 0 else 5
        digits += 1
    if rest != 1:
        return f"{value.numerator}/{value.denominator}"
    scaled = abs(value.numerator) * 10**digits // value.denominator
    whole, part = divmod(scaled, 10**digits)
    text = f"{whole:,}" + (f".{part:0{digits}d}".rstrip("0") if part else "")
    return f"−{text}" if value < 0 else text


_CALLS: Final = {"caller": "you", "now": "the time of the act", "today": "the day of the act"}

_VALUES: Final[dict[type, Callable[[Wording, Any], Inline]]] = {
    tree.IntLit: lambda w, n: runs(f"{n.value:,}"),
    tree.DecimalLit: lambda w, n: runs(decimal(n.value)),
    tree.PercentLit: lambda w, n: runs(f"{decimal(n.value * 100)}%"),
    tree.MoneyLit: lambda w, n: runs(f"{decimal(n.value)} {n.unit.text}"),
    tree.SpanOfTimeLit: Wording._span,
    tree.StringLit: lambda w, n: runs(f"“{n.value}”"),
    tree.BoolLit: lambda w, n: runs("yes" if n.value else "no"),
    tree.DidLit: lambda w, n: (Run(n.value, "code"),),
    tree.TimeLit: lambda w, n: runs(n.text),
    tree.PathExpr: Wording._path,
    tree.StateExpr: lambda w, n: w.name(n.name.text),
    tree.FieldExpr: Wording._field,
    tree.CallExpr: Wording._call_value,
    tree.BinaryExpr: Wording._binary_value,
    tree.UnaryExpr: Wording._unary_value,
    tree.IfExpr: Wording._if_value,
    tree.IndexExpr: Wording._index,
    tree.ListExpr: Wording._list,
}

_CONDITIONS: Final[dict[type, Callable[[Wording, Any, bool], Inline]]] = {
    tree.BinaryExpr: Wording._binary_condition,
    tree.UnaryExpr: Wording._not,
    tree.CallExpr: Wording._call_condition,
    tree.BoolLit: Wording._literal_condition,
    tree.LetCondition: Wording._let_condition,
}
