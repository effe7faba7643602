"""Marks on tokens: where groups begin and end, where elements stand, what sticks together.

The tokens of a text are never changed by formatting, only the blanks between them; so whatever is known of a construct
is a mark on tokens, by their index. `ccl.format.constructs` makes the marks.
"""

from __future__ import annotations

from typing import Final

from ccl.format.layout import Break, Open
from ccl.source import Span
from ccl.syntax import tree
from ccl.syntax.lexer import END, Tokens

INDENT: Final = 4

_MODIFIERS: Final = frozenset(("pub", "public", "private", "export"))


class Shape:
    """Marks on tokens. All sets and keys are indexes of tokens.

    opens, closes: groups to begin before and to end after a token. breaks: what stands before a token. tight: no blank
    before it; loose: one blank before it, whatever it is. elements: the first tokens of statements, items and entries,
    with what they are. bodies: `{` that hold elements, with the indexes of those. shared: `{` whose lines belong to a
    group that is opened elsewhere. forced: `{` whose elements stand on lines of their own. tables: of each test's
    table, each row's first and last token. cells: the tokens within its cells.
    """

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.opens: dict[int, list[Open]] = {}
        self.closes: dict[int, int] = {}
        self.breaks: dict[int, Break] = {}
        self.tight: set[int] = set()
        self.loose: set[int] = set()
        self.bodies: dict[int, list[int]] = {}
        self.elements: dict[int, str] = {}
        self.shared: set[int] = set()
        self.forced: set[int] = set()
        self.tables: list[list[tuple[int, int]]] = []
        self.cells: set[int] = set()
        self.opener = {closing: opening for opening, closing in tokens.closer.items() if opening not in tokens.unclosed}
        self.parent = _parents(tokens)
        self._starts = {start: i for i, start in enumerate(tokens.starts)}
        self._ends = {start + len(tokens.texts[i]): i for i, start in enumerate(tokens.starts)
                      if tokens.kinds[i] != END}  # fmt: skip
        self.chained: set[int] = set()

    # -- finding tokens ------------------------------------------------------------------------------------------------

    def first(self, span: Span) -> int:
        """The token at which a span begins, -1 if none does."""
        return self._starts.get(span.start, -1)

    def last(self, span: Span) -> int:
        """The token at which a span ends, -1 if none does."""
        return self._ends.get(span.end, -1)

    def brace(self, span: Span) -> int:
        """The `{` that the span's last token closes, -1 if it is no `}`."""
        last = self.last(span)
        return self.opener.get(last, -1) if last >= 0 and self.tokens.texts[last] == "}" else -1

    def text(self, i: int) -> str:
        """A token's text, '' where there is none."""
        return self.tokens.texts[i] if 0 <= i < len(self.tokens.texts) else ""

    # -- marking -------------------------------------------------------------------------------------------------------

    def group(self, first: int, last: int, open_: Open) -> bool:
        """A group over a range of tokens, widened so that it holds whole brackets. False if there is no such range."""
        if first < 0 or last < first:
            return False
        first, last = self._balanced(first, last)
        if first < 0 or self.text(first) == "" or last < first:
            return False
        self.opens.setdefault(first, []).append(open_)
        self.closes[last] = self.closes.get(last, 0) + 1
        return True

    def _balanced(self, first: int, last: int) -> tuple[int, int]:
        inside = self.parent
        above = set()
        at = inside[last]
        while at >= 0:
            above.add(at)
            at = inside[at]
        above.add(-1)
        while inside[first] not in above:
            first = inside[first]
        while inside[last] != inside[first]:
            last = self.tokens.closer[inside[last]]
        return first, last

    def element(self, node: tree.Node) -> None:
        """A node that stands on a line of its own in the `{ }` around it."""
        at = self.first(node.span)
        if at < 0:
            return
        around = self.parent[at]
        while around >= 0 and self.text(around) != "{":
            at, around = around, self.parent[around]
        while self.text(at - 1) in _MODIFIERS:
            at -= 1
        if at in self.elements:
            return
        self.elements[at] = type(node).__name__
        if around >= 0:
            self.bodies.setdefault(around, []).append(at)

    def between(self, start: int, end: int, text: str) -> int:
        """The first token of that text from `start` to before `end`, outside brackets opened there; -1 if none."""
        i = start
        while 0 <= i < end:
            if self.text(i) == text:
                return i
            i = self.tokens.closer.get(i, i) + 1
        return -1


def _parents(tokens: Tokens) -> list[int]:
    """Of each token, the bracket that is open around it; a bracket's own two ends have the one outside it."""
    parents: list[int] = []
    open_: list[int] = []
    for i in range(len(tokens.texts)):
        while open_ and tokens.closer[open_[-1]] == i:
            open_.pop()
        parents.append(open_[-1] if open_ else -1)
        if i in tokens.closer:
            open_.append(i)
    return parents
