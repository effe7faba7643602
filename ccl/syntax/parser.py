"""A whole text: items, and of the dialect statements and entries at file level, which become blocks of their own."""

from __future__ import annotations

from ccl.diagnostics import Findings
from ccl.room import make_room
from ccl.source import Sources, Span
from ccl.syntax import tree
from ccl.syntax.cases import Cases
from ccl.syntax.cursor import Abandoned, Lost
from ccl.syntax.lexer import END, NAME, STRING, tokens


class Parser(Cases):
    """The whole parser: its parts are its bases."""

    def file(self) -> tree.File:
        """All of a text, whatever is wrong with it."""
        items: list[tree.Item] = []
        try:
            self._items(items)
        except (Abandoned, RecursionError) as ended:
            if isinstance(ended, RecursionError):
                self.findings.error("CCL0011", self.here(), "this is nested too deeply", label="here")
        end = self.starts[-1]
        return tree.File(Span(self.source, 0, end), tuple(items), tuple(self.tokens.comments))

    def _items(self, items: list[tree.Item]) -> None:
        end = len(self.texts) - 1
        while self.at < end:
            before = self.at
            self.depth, self.peak, self.structs = 0, 0, True
            self.after_wrong = bool(items) and isinstance(items[-1], tree.Wrong)
            try:
                if self.texts[before] in (";", ","):
                    self.at += 1
                elif self.texts[before] in (")", "]", "}"):
                    self._stray()
                else:
                    self._of_file(end, items)
            except Lost:
                self.depth, self.structs, self.approvals = 0, True, None
                items.append(tree.Wrong(self.tokens.span(before)))
                self.skip_member(before, end)

    def _stray(self) -> None:
        text = self.texts[self.at]
        self.tell("CCL0040", f"this `{text}` closes nothing", label="no bracket is open here",
                  notes=("Perhaps one too many, or one before it closed too early.",))  # fmt: skip
        while self.texts[self.at] in (")", "]", "}"):
            self.at += 1

    def _of_file(self, end: int, items: list[tree.Item]) -> None:
        if self._versioned_block_follows():
            items.append(self.named_block())
            return
        words = self.entry_follows()
        if words:
            entry = self.entry(words)
            self.end_entry(end)
            items.append(tree.BlockItem(entry.span, "entries", None, (entry,), None))
        elif self.item_follows():
            self._declared(end, items)
        elif (self.at_name() and self.ahead(1) == "{" and not self._struct_here()) or self.unknown_block_follows():
            items.append(self.named_block())
        elif self._type_alone():
            items.append(self._named_type())
        else:
            self._script(end, items)

    def _versioned_block_follows(self) -> bool:
        """`community_charter:v1 {`: a block whose word has a version."""
        if self.kinds[self.at] != NAME or self.ahead(1) != ":" or self.kinds[self.at + 2] != NAME:
            return False
        return self.ahead(3) == "{" and not self.fresh[self.at + 3] and not self.texts[self.at + 2][0].isupper()

    def _type_alone(self) -> bool:
        """Whether a type fills the line, as where the dialect's own reference lists types: `map<K, V>`."""
        end = self.type_end(self.at)
        filled = end > 0 and self.texts[end - 1] == ">" and (end >= len(self.fresh) or self.fresh[end] == 1)
        return filled and self.kinds[self.at] == NAME and self.ahead(1) == "<" and self.texts[self.at] != "token"

    def _named_type(self) -> tree.Item:
        kind = self.type()
        assert isinstance(kind, tree.TypeName), "it begins with a name, as `_type_alone` has seen"
        value = tree.PathExpr(kind.span, kind.path, kind.args)
        return tree.BlockItem(kind.span, "script", None, (), tree.Block(kind.span, (), value))

    def _declared(self, end: int, items: list[tree.Item]) -> None:
        let = self.texts[self.at] == "let"
        if let and ((not self.at_name(1) and self.ahead(1) != "mut") or self.ahead(2) == "{"):
            self._script(end, items)
            return
        items.extend(self.described())
        if let and self.texts[self.at] != ";" and self.at < end:
            self.end_statement(tree.Let(self.here(), tree.AnyPattern(self.here()), None, None), end)
            return
        self.end_entry(end)

    def _struct_here(self) -> bool:
        """Whether the name and the brace at hand begin a struct's value rather than a named block."""
        return self.texts[self.at][0].isupper()

    def _script(self, end: int, items: list[tree.Item]) -> None:
        """Statements in a row, as one block. A line's end ends what is a value only."""
        start = self.starts[self.at]
        found: list[tree.Statement] = []
        if not self.begins_statement():
            raise self.no_member("a contract's text")
        read = self.by_word.get(self.texts[self.at])
        statement = read() if read is not None else None
        if statement is None:
            if self._mistyped():
                raise self.no_member("a contract's text")
            statement = self.finished(self.expression())
        found.append(statement)
        if not (isinstance(statement, tree.ExprStatement) and self.fresh[self.at] and not _calls(statement.value)):
            self.end_statement(statement, end)
        span = self.span_from(start)
        last = items[-1] if items else None
        if isinstance(last, tree.BlockItem) and last.word == "script" and last.body is not None:
            joined = (*last.body.statements, *found) if len(last.body.statements) < 64 else None
            if joined is not None:
                whole = last.span.to(span)
                items[-1] = tree.BlockItem(whole, "script", None, (), tree.Block(whole, joined, None))
                return
        items.append(tree.BlockItem(span, "script", None, (), tree.Block(span, tuple(found), None)))

    def _mistyped(self) -> bool:
        """Two names in a row on one line: a declaration whose word is not known, not an expression."""
        if self.kinds[self.at] != NAME or self.kinds[self.at + 1] not in (NAME, STRING) or self.fresh[self.at + 1]:
            return False
        words = ("and", "or", "in", "as", "before", "by", "after", "because")
        return self.ahead(1) not in words and self.at_name() and self.texts[self.at] not in self.by_text


def _calls(value: tree.Expr) -> bool:
    """Whether a value is there for its effect, so that the semicolon after it is not left to the line's end."""
    return isinstance(value, tree.CallExpr | tree.VerdictExpr | tree.ReturnExpr)


def parse(sources: Sources, number: int, findings: Findings) -> tree.File:
    """The tree of a text. Never raises: what is wrong is in `findings`, and `Wrong` in the tree."""
    make_room()
    parser = Parser(sources, tokens(sources, number, findings), findings)
    parsed = parser.file()
    assert parser.kinds[-1] == END, "the last token is the end"
    # Its tables of its own methods hold it, and it the tokens: let go of them, so that no garbage collector has to.
    vars(parser).clear()
    return parsed
