"""Tests in the language: stories of steps, and tables with a case a line."""

from __future__ import annotations

from typing import Final

from ccl.diagnostics import Findings
from ccl.source import Sources
from ccl.syntax import tree
from ccl.syntax.clauses import Clauses
from ccl.syntax.cursor import Lost
from ccl.syntax.lexer import Tokens

_EXPECTED: Final = {
    "permit": "permit", "allow": "permit", "refuse": "refuse", "deny": "refuse", "trap": "trap", "approval": "approval",
}  # fmt: skip
_CELL: Final = frozenset(("|", ";", "}", ",", ""))


class Cases(Clauses):
    """The part of the parser that reads tests."""

    def __init__(self, sources: Sources, tokens: Tokens, findings: Findings) -> None:
        super().__init__(sources, tokens, findings)
        self.by_item |= {"test": self._test}

    def _test(self) -> tree.Item:
        """`test "name" on credit.transfer { steps and table }`."""
        start = self.starts[self.at]
        self.at += 1
        name = self.quoted("the test's name")
        targets = self._targets() if self.accept("on") else ()
        opening = self.at
        self.expect("{", "to begin the test")
        self.enter()
        closing = self.closer[opening]
        depth, structs, self.structs = self.depth, self.structs, True
        steps: list[tree.TestStep] = []
        columns: list[tree.Expr] = []
        rows: list[tuple[tuple[tree.Expr, ...], tree.Expectation]] = []
        while self.at < closing:
            before = self.at
            try:
                if self.texts[before] == ";":
                    self.at += 1
                elif self.texts[before] == "|":
                    self._line(columns, rows)
                else:
                    steps.append(self._step())
                    self.end_entry(closing)
            except Lost:
                self.depth, self.structs = depth, True
                self._skip_line(before, closing)
        self.structs = structs
        self.close(opening, "the test")
        self.depth -= 1
        paths = tuple(tree.Path(c.span, (tree.Name(c.span, self.sources.text(c.span)),), ".") for c in columns)
        paths = tuple(_path_of(column) or path for column, path in zip(columns, paths, strict=True))
        return tree.TestDecl(self.span_from(start), name, targets, tuple(steps), paths, tuple(rows), tuple(columns))

    def _skip_line(self, before: int, closing: int) -> None:
        if self.at == before:
            self.skip_one()
        while self.at < closing and self.texts[self.at - 1] != ";" and not self.fresh[self.at]:
            self.skip_one()
        self.at = min(self.at, closing)

    # -- tables --------------------------------------------------------------------------------------------------------

    def _line(self, columns: list[tree.Expr], rows: list[tuple[tuple[tree.Expr, ...], tree.Expectation]]) -> None:
        """The head of the table or a row of it; past its last bar."""
        start = self.starts[self.at]
        self.at += 1
        if not columns:
            self._head(columns)
            return
        cells: list[tree.Expr] = []
        expected: tree.Expectation | None = None
        while expected is None:
            if self.fresh[self.at]:
                self._wrong_width(start, len(columns) + 1, len(cells), False)
                return
            if len(cells) == len(columns):
                expected = self.expectation()
            else:
                if self.texts[self.at] == "|":
                    self.tell("CCL0046", "this cell is empty", label="a value is missing here",
                              notes=("`_` stands for what is not given.",))  # fmt: skip
                    raise Lost
                cells.append(self.expression())
            if self.texts[self.at] != "|" or self.fresh[self.at]:
                self._wrong_width(start, len(columns) + 1, len(cells) + (expected is not None), expected is not None)
                break
            self.at += 1
        if expected is None:
            return
        if not self.fresh[self.at] and self.texts[self.at] not in _CELL:
            self._wrong_width(start, len(columns) + 1, len(columns) + 2, False)
            raise Lost
        rows.append((tuple(cells), expected))

    def _wrong_width(self, start: int, wanted: int, found: int, whole: bool) -> None:
        if whole:
            self.tell("CCL0047", "a row ends with `|`", label="expected `|`", span=self.gap())
            return
        self.tell("CCL0047", f"the table has {wanted} columns, this row {'more' if found > wanted else found}",
                  span=self.span_from(start), label="count the bars")  # fmt: skip

    def _head(self, columns: list[tree.Expr]) -> None:
        while self.texts[self.at] != "expect" or self.ahead(1) != "|":
            columns.append(self.expression())
            if self.texts[self.at] != "|" or self.fresh[self.at] or self.fresh[self.at + 1]:
                self.tell("CCL0048", "the last column of a table is `expect`", label="expected `expect |`",
                          notes=("| amount | expect |, and below it a row for each case.",))  # fmt: skip
                while self.texts[self.at] not in ("}", "") and not (self.fresh[self.at] and self.texts[self.at] != "|"):
                    self.skip_one()
                raise Lost
            self.at += 1
        self.at += 2

    # -- steps ---------------------------------------------------------------------------------------------------------

    def _step(self) -> tree.TestStep:
        word = self.texts[self.at]
        start = self.starts[self.at]
        if word == "given":
            return self._given(start)
        if word == "as":
            return self._act(start)
        if word == "later":
            self.at += 1
            return tree.TestStep(self.span_from(start), "later", (), None, self.expression())
        if word == "expect":
            self.at += 1
            expected = self.expectation()
            return tree.TestStep(self.span_from(start), "expect", (), None, None, expected)
        self.tell("CCL0049", f"{self.shown()} is no step of a test", label="expected a step or a row",
                  notes=("Steps: `given fact = e`, `as who: command(..) expect permit`, `later 3 days`, `expect e`.",
                         "A row of a table begins with `|`."))  # fmt: skip
        raise Lost

    def _given(self, start: int) -> tree.TestStep:
        self.at += 1
        assignments: list[tuple[tree.Path, tree.Expr]] = []
        facts: list[tuple[tree.Expr, tree.Expr]] = []
        while True:
            fact = self.expression(self.ABOVE_COMPARISON)
            self.expect("=", "and the value of the fact")
            value = self.expression()
            facts.append((fact, value))
            path = _path_of(fact)
            if path is not None:
                assignments.append((path, value))
            if not self.accept(","):
                break
        return tree.TestStep(self.span_from(start), "given", tuple(assignments), facts=tuple(facts))

    def _act(self, start: int) -> tree.TestStep:
        self.at += 1
        actor = self.expression()
        self.expect(":", "after who acts")
        call = self.expression()
        expected = self.expectation() if self.accept("expect") else None
        return tree.TestStep(self.span_from(start), "do", (), actor, call, expected)

    def expectation(self) -> tree.Expectation:
        """`permit`, `refuse "4.1"`, `trap`, `approval`, or a value."""
        start = self.starts[self.at]
        word = _EXPECTED.get(self.texts[self.at])
        if word is None or self.ahead(1) in ("(", ".", "=="):
            value = self.expression()
            return tree.Expectation(value.span, "value", value)
        self.at += 1
        named: tree.Expr | None = None
        if self.texts[self.at] not in _CELL and not self.fresh[self.at]:
            named = self.expression()
        return tree.Expectation(self.span_from(start), word, named)


def _path_of(fact: tree.Expr) -> tree.Path | None:
    """A fact named by a path alone, `member` or `command.amount`."""
    parts: list[tree.Name] = []
    inner = fact
    while isinstance(inner, tree.FieldExpr):
        parts.append(inner.name)
        inner = inner.target
    if not isinstance(inner, tree.PathExpr):
        return None
    return tree.Path(fact.span, (*inner.path.parts, *reversed(parts)), ".")
