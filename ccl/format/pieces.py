"""From tokens, comments and marks to the stream that is laid out: which blank or break stands in each gap.

Each token comes out once, in order and as written, but for a last comma before `)`, `]` or the `}` of a record: it is
there when its bracket is broken over lines, and not otherwise. Each comment stays in its gap; one that had a line of
its own keeps it, one behind a token stays behind it.
"""

from __future__ import annotations

import bisect
from typing import Final

from ccl.format.layout import Break, Close, Cut, Open, Piece, Text, parts_of
from ccl.format.shape import INDENT, Shape
from ccl.syntax.lexer import NAME, RESERVED
from ccl.syntax.tree import Comment

_NONE_BEFORE: Final = frozenset((",", ";", ")", "]", ".", ":", "?", "::", "..", "..="))
_NONE_AFTER: Final = frozenset(("(", "[", ".", "::", "..", "..=", "@", "#", "!"))
_OPENING: Final = frozenset("([{")
_ENDING: Final = frozenset(")]}")
_WORDS_BEFORE_VALUES: Final = RESERVED | {"and", "or", "not", "in", "by", "before", "after", "on", "when", "then"}
_STATEMENTS: Final = frozenset(
    ("Let", "Assign", "ExprStatement", "While", "For", "Require", "Emit", "ItemStatement", "Row", "TestStep")
)
"""What stands on a line of its own where there are several."""
_UNLIMITED: Final = 1 << 29


class Emission:
    """Turns one file into pieces. fences: where the parts of a document's code begin and end, for `Cut`s."""

    def __init__(self, text: str, shape: Shape, comments: tuple[Comment, ...], fences: list[tuple[int, int]]) -> None:
        self.text = text
        self.shape = shape
        self.tokens = shape.tokens
        self.comments = comments
        self._next_comment = 0
        self.fence_starts = [start for start, _ in fences]
        self.fence = 0
        self.pieces: list[Piece] = []
        self.closing = {end: start for start, end in self.tokens.closer.items()}
        self.rows: dict[int, tuple[tuple[int, int], list[tuple[int, int]]]] = {}
        self.widths: dict[int, list[list[str]]] = {}
        self._plan_bodies()
        self._plan_lists()
        for table in shape.tables:
            aligned = [row for row in table if not self._comment_between(*row)]
            self.rows |= {row[0]: (row, aligned) for row in aligned}

    def run(self) -> list[Piece]:
        """The pieces of the whole file."""
        last = len(self.tokens.texts) - 1
        i = 0
        while i <= last:
            self._gap(i)
            if i == last:
                break
            if i in self.rows:
                i = self._row(i)
                continue
            self._token(i)
            i += 1
        return self.pieces

    # -- plans ---------------------------------------------------------------------------------------------------------

    def _plan_bodies(self) -> None:
        """Which `{` hold lines; the others stand on one line: what the author wrote on one, and is small."""
        shape, fresh = self.shape, self.tokens.fresh
        self.lines = set(shape.forced)
        for brace, elements in shape.bodies.items():
            kinds = {shape.elements[e] for e in elements}
            many = len(elements) > 1 and bool(kinds & _STATEMENTS)
            if elements and (fresh[brace + 1] or many or "ItemStatement" in kinds):
                self.lines.add(brace)
        for brace in [b for b in self.lines if self.tokens.closer[b] == b + 1 and not self._comment_between(b)]:
            self.lines.discard(brace)

    def _plan_lists(self) -> None:
        """Of brackets that are no bodies: where their commas are, and whether their items are plain enough to fill."""
        texts, parent, closer = self.tokens.texts, self.shape.parent, self.tokens.closer
        self.commas: dict[int, int] = {}
        nested: set[int] = set()
        for i, text in enumerate(texts):
            around = parent[i]
            if text == "," and around >= 0:
                self.commas[around] = self.commas.get(around, 0) + 1
            elif text in _OPENING and around >= 0:
                nested.add(around)
        self.filled = {
            b
            for b, end in closer.items()
            if texts[b] == "["
            and b not in nested
            and self.commas.get(b, 0) - (texts[end - 1] == ",") > 1
            and not self._comment_between(b, end)
        }

    def _comment_between(self, i: int, end: int = 0) -> bool:
        """Whether a comment stands between a token and a later one, by default the next."""
        start = self.tokens.starts[i]
        at = bisect.bisect_left(self.comments, start, key=lambda c: c.span.start)
        return at < len(self.comments) and self.comments[at].span.start < self.tokens.starts[end or i + 1]

    # -- tokens --------------------------------------------------------------------------------------------------------

    def _token(self, i: int) -> None:
        shape, text = self.shape, self.tokens.texts[i]
        self.pieces.extend(shape.opens.get(i, ()))
        if text == "," and self._drops_comma(i):
            pass
        else:
            self.pieces.append(Text(text.replace("\r\n", "\n").replace("\r", "\n")))
        if i in self.closing and self.closing[i] not in shape.shared and self.closing[i] != i - 1:
            self.pieces.append(Close())
        self.pieces.extend(Close() for _ in range(shape.closes.get(i, 0)))
        if i in self.tokens.closer and i not in shape.shared and self.tokens.closer[i] != i + 1:
            self.pieces.append(Open(INDENT))
            if i in self.filled:
                self.pieces.extend((Break(0), Open(0, filled=True)))

    def _drops_comma(self, i: int) -> bool:
        """Whether this is a last comma, which stands only if its bracket is broken."""
        following = i + 1
        opening = self.closing.get(following, -1)
        return (opening >= 0 and opening not in self.shape.bodies and not self._comment_between(i)
                and not (self.tokens.texts[opening] == "(" and self.commas[opening] == 1))  # fmt: skip

    # -- gaps ----------------------------------------------------------------------------------------------------------

    def _gap(self, i: int) -> None:
        """What stands before a token: comments, and a blank or a break."""
        start = self.tokens.starts[i]
        if self.closing.get(i, -1) in self.filled:
            self.pieces.append(Close())
        plain = self._plain_gap(i)
        comments: list[Comment] = []
        while self._next_comment < len(self.comments) and self.comments[self._next_comment].span.start < start:
            comments.append(self.comments[self._next_comment])
            self._next_comment += 1
        at = self.tokens.starts[i - 1] + len(self.tokens.texts[i - 1]) if i else 0
        fresh = True
        for comment in comments:
            self._comment(comment, at, i)
            at = comment.span.end
            fresh = comment.text.startswith("//")
        if comments:
            fresh = fresh or "\n" in self.text[at:start] or "\r" in self.text[at:start]
            plain = self._after_comment(plain, fresh, i == 0)
        if i == len(self.tokens.texts) - 1:
            self._cut(_UNLIMITED, 0)
            return
        if self._cut(start, plain.dedent if isinstance(plain, Break) else 0):
            return
        if isinstance(plain, Break):
            if plain.lines and (i or comments) and self._free_line(at, start, i):
                plain = Break(plain.blank, 2, plain.dedent, plain.trailing)
            if i or comments:
                self.pieces.append(plain)
        elif plain:
            self.pieces.append(Text(" "))

    def _after_comment(self, plain: Break | int, fresh: bool, first: bool) -> Break | int:
        if first:
            return Break(1, int(fresh))
        if not isinstance(plain, Break):
            return Break(1, 1, -INDENT) if fresh else 1
        return Break(max(plain.blank, 1), max(plain.lines, 1) if fresh else plain.lines, plain.dedent)

    def _comment(self, comment: Comment, at: int, i: int) -> None:
        text = comment.text.rstrip().replace("\r\n", "\n").replace("\r", "\n")
        if not self._cut(comment.span.start, 0):
            if comment.own_line:
                if self.pieces:
                    free = self._free_line(at, comment.span.start, i)
                    dedent = 0 if self._at_line_start(i) else -INDENT
                    self.pieces.append(Break(1, 2 if free else 1, dedent))
            elif self.pieces:
                self.pieces.append(Text(" "))
        self.pieces.append(Text(text))

    def _at_line_start(self, i: int) -> bool:
        """Whether a comment before this token is aligned with the lines around, not with a continuation."""
        return i in (0, len(self.tokens.texts) - 1) or isinstance(self._plain_gap(i), Break)

    def _free_line(self, start: int, end: int, i: int) -> bool:
        """Whether the author left a line free here, and it may stay: not behind `{` nor before `}`."""
        between = self.text[start:end]
        if between.count("\n") + between.count("\r") - between.count("\r\n") < 2:
            return False
        opens = i > 0 and start == self.tokens.starts[i - 1] + 1 and self.tokens.texts[i - 1] in _OPENING
        closes = end == self.tokens.starts[i] and i in self.closing
        return not opens and not closes and i not in self.rows

    def _cut(self, offset: int, dedent: int) -> bool:
        """Begin the fence that holds this offset, if it is a later one than that of the text before."""
        fence = bisect.bisect_right(self.fence_starts, offset) - 1
        if fence <= self.fence:
            return False
        self.pieces.extend(Cut(dedent) for _ in range(fence - self.fence))
        self.fence = fence
        return True

    def _plain_gap(self, i: int) -> Break | int:
        """The gap before a token, comments apart: a break, or a number of blanks."""
        shape, texts = self.shape, self.tokens.texts
        if i == 0:
            return 0
        if i in shape.elements:
            around = shape.parent[i]
            return Break(1, 1 if around < 0 or around in self.lines else 0)
        opening = self.closing.get(i, -1)
        if opening >= 0:
            return self._before_closing(i, opening)
        before = i - 1
        if before in self.tokens.closer:
            return self._after_opening(before)
        if i in shape.breaks:
            return shape.breaks[i]
        around = shape.parent[i]
        if texts[before] == "," and around >= 0 and around not in shape.bodies:
            return Break(1)
        return self._blanks(before, i)

    def _before_closing(self, i: int, opening: int) -> Break | int:
        if opening == i - 1:
            return 0
        if opening in self.shape.bodies:
            return Break(1, 1 if opening in self.lines else 0, INDENT)
        blank = 1 if self.tokens.texts[i] == "}" else 0
        comma = self.commas.get(opening, 0) > 0 and self.tokens.texts[i - 1] != ";" and not self._comment_between(i - 1)
        dropped = self.tokens.texts[i - 1] == ","
        if dropped:
            comma = self._drops_comma(i - 1)
        return Break(blank, 0, INDENT, "," if comma else "")

    def _after_opening(self, opening: int) -> Break | int:
        if opening in self.filled:
            return 0
        if opening in self.shape.bodies:
            return Break(1, 1 if opening in self.lines else 0)
        return Break(1 if self.tokens.texts[opening] == "{" else 0)

    def _blanks(self, before: int, i: int) -> int:
        """Blanks between two tokens on a line."""
        texts, shape = self.tokens.texts, self.shape
        left, right = texts[before], texts[i]
        if i in shape.loose:
            return 1
        if i in shape.tight or (right in _NONE_BEFORE and not (right in ("..", "..=") and left in (",", "{"))):
            return 0
        if left in _NONE_AFTER and not (left == "!" and self.tokens.kinds[before] == NAME):
            return 0
        if right in ("(", "["):
            return self._before_bracket(before, i)
        return 1

    def _before_bracket(self, before: int, i: int) -> int:
        """Blanks before `(` or `[` that no node claims: one behind a word or a mark, else as written."""
        left = self.tokens.texts[before]
        if self.tokens.kinds[before] != NAME and left not in _ENDING:
            return 1
        if left in _WORDS_BEFORE_VALUES:
            return 1
        adjacent = self.tokens.starts[before] + len(left) == self.tokens.starts[i]
        return 0 if adjacent else 1

    # -- tables --------------------------------------------------------------------------------------------------------

    def _row(self, i: int) -> int:
        """One row of a table, its cells padded to the widths of their columns. The token after it."""
        (first, last), table = self.rows[i]
        if table[0][0] not in self.widths:
            self.widths[table[0][0]] = [self._cells(*row) for row in table]
        rows = self.widths[table[0][0]]
        cells = rows[table.index((first, last))]
        padded = []
        for column, cell in enumerate(cells):
            width = max((len(row[column]) for row in rows if column < len(row)), default=0)
            padded.append(cell.ljust(width))
        self.pieces.append(Text("| " + " | ".join(padded) + " |"))
        return last + 1

    def _cells(self, first: int, last: int) -> list[str]:
        """The texts of a row's cells, each on one line."""
        cells: list[str] = []
        begin = first + 1
        for i in range(first + 1, last + 1):
            if self.tokens.texts[i] == "|" and i not in self.shape.cells:
                cells.append(self._flat(begin, i))
                begin = i + 1
        return cells

    def _flat(self, begin: int, end: int) -> str:
        """Tokens on one line."""
        out: list[str] = []
        for i in range(begin, end):
            gap = self._plain_gap(i)
            out.append(" " * (gap.blank if isinstance(gap, Break) else gap) if out else "")
            out.append(self.tokens.texts[i])
        return "".join(out)


def laid_out(pieces: list[Piece], width: int) -> list[str]:
    """The parts of a text, each ended by one line feed, or empty."""
    return [part.strip("\n") + "\n" if part.strip() else "" for part in parts_of(pieces, width)]
