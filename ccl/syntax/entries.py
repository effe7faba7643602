"""Entries `name: value;` and the bodies that hold entries and items: of contracts, roles, proposals and such."""

from __future__ import annotations

from typing import Final

from ccl.diagnostics import Edit, Fix
from ccl.syntax import tree
from ccl.syntax.cursor import Lost
from ccl.syntax.lexer import END, NAME, STRING
from ccl.syntax.spelling import closest
from ccl.syntax.statements import Statements

_BODIES: Final = frozenset(("execution", "init"))
_TERMINATORS: Final = frozenset((";", ",", "}", ""))
_MOST_WORDS: Final = 4


class Entries(Statements):
    """The part of the parser that reads what stands in braces after a declaration's head."""

    def item_follows(self) -> bool:
        """Whether the word at hand begins an item; see `items`."""
        raise NotImplementedError

    # -- entries -------------------------------------------------------------------------------------------------------

    def words_to_colon(self) -> int:
        """How many words stand on this line before a colon, at most four; 0 if none do."""
        count = 0
        while count < _MOST_WORDS and self.at + count < len(self.kinds) and self.kinds[self.at + count] == NAME:
            if count and self.fresh[self.at + count]:
                return 0
            count += 1
            if self.texts[self.at + count] == ":":
                return count
        return 0

    def entry_follows(self) -> int:
        """How many tokens before the colon an entry begins with here; 0 if none does."""
        words = self.words_to_colon()
        if words == 1 or (words and not self.item_follows()):
            return words
        return 1 if self.kinds[self.at] == STRING and self.texts[self.at + 1] == ":" else 0

    def entry(self, words: int = 1) -> tree.Entry:
        """`name: value`, `chosen by: value`, `"name": value`, `name: Type`, `name: Type = value`."""
        start = self.starts[self.at]
        if self.kinds[self.at] == STRING:
            text = self.string()
            name = tree.Name(text.span, text.value)
        else:
            written = " ".join(self.texts[self.at : self.at + words])
            self.at += words
            name = tree.Name(self.span_from(start), written)
        self.at += 1
        kind: tree.TypeExpr | None = None
        value: tree.Expr | tree.Block | None = None
        if self._type_follows():
            kind = self.type()
            value = self.value(name.text) if self.accept("=") else None
        else:
            value = self.value(name.text)
        return tree.Entry(self.span_from(start), name, value, kind)

    def _type_follows(self) -> bool:
        """Whether an entry declares a type: one with a default after it, or what can be nothing but a type."""
        end = self.type_end(self.at)
        if end < 0:
            return False
        after = self.texts[end] if end < len(self.texts) else ""
        if after == "=":
            return True
        return (after in _TERMINATORS or self.fresh[end] == 1) and self.at_certain_type(self.at)

    def value(self, name: str) -> tree.Expr | tree.Block:
        """What stands after an entry's colon."""
        start = self.starts[self.at]
        if self.texts[self.at] == "{" and (name in _BODIES or not self.map_follows(self.at)):
            return self.block(f"`{name}`")
        if self._blend_follows():
            return self._blend(start)
        if self.texts[self.at] == "role" and self.at_name(1) and not self.fresh[self.at + 1]:
            return self._those_in_role(start)
        value = self.expression()
        if self.texts[self.at] == "in" and self.ahead(1) == "each":
            self.at += 2
            self.expect("of", "after `in each`", go_on=True)
            return tree.InEachExpr(self.span_from(start), value, self._classes())
        return value

    def _those_in_role(self, start: int) -> tree.Expr:
        """`role user` as a value: as `role(user)`."""
        word = self.take_word()
        role = self.take_path("a role")
        argument = tree.Arg(role.span, tree.PathExpr(role.span, role))
        target = tree.PathExpr(word.span, tree.Path(word.span, (word,)))
        return tree.CallExpr(self.span_from(start), target, (argument,))

    def _classes(self) -> tuple[tree.Path, ...]:
        opening = self.at
        if not self.accept("["):
            return (self.take_path("an electorate"),)
        classes = self.listed(opening, "the electorates", lambda: self.take_path("an electorate"))
        self.close(opening, "the electorates")
        return tuple(classes)

    def _blend_follows(self) -> bool:
        following = self.at + 1
        return (
            self.kinds[self.at] == "number" and self.texts[self.at].endswith("%")
            and self.at_name(1) and not self.fresh[following]
            and self.texts[following] not in ("in", "and", "or", "by", "before", "after")
        )  # fmt: skip

    def _blend(self, start: int) -> tree.Expr:
        """`40% Workers + 60% Users`."""
        parts: list[tuple[tree.Expr, tree.Path]] = []
        while True:
            part = self.number()
            self.accept("of")
            parts.append((part, self.take_path("an electorate")))
            if not self.accept("+"):
                return tree.BlendExpr(self.span_from(start), tuple(parts))
            if self.kinds[self.at] != "number":
                self.tell("CCL0014", f"expected a percentage, found {self.shown()}", label="expected `60%` and a class")
                raise Lost

    def end_entry(self, closing: int) -> None:
        """Past the `;` or `,` after an entry; the line's end does too."""
        while self.texts[self.at] in (";", ","):
            self.at += 1
            return
        if self.at >= closing or self.fresh[self.at] or self.texts[self.at - 1] == "}":
            return
        self.tell_missing("CCL0012", ";", f"expected `;` or the end of the line, found {self.shown()}")
        self.skip_statement(self.at, closing)

    def entries_only(self, what: str) -> tuple[tree.Entry, ...]:
        """`{ name: value; .. }`."""
        entries, items = self.members(what)
        for item in items:
            if not isinstance(item, tree.Wrong):
                self.tell("CCL0021", f"only entries `name: value;` stand in {what}", span=item.span._replace(
                    end=min(item.span.end, item.span.start + 20)), label="this is a declaration")  # fmt: skip
        return entries

    # -- bodies --------------------------------------------------------------------------------------------------------

    def members(self, what: str) -> tuple[tuple[tree.Entry, ...], tuple[tree.Item, ...]]:
        """`{ entries and items }`."""
        opening = self.at
        self.expect("{", f"to begin {what}")
        self.enter()
        closing = self.closer[opening]
        depth, structs, self.structs = self.depth, self.structs, True
        entries: list[tree.Entry] = []
        items: list[tree.Item] = []
        while self.at < closing:
            before = self.at
            if self.texts[before] in (";", ","):
                self.at += 1
                continue
            self.after_wrong = bool(items) and isinstance(items[-1], tree.Wrong)
            try:
                self.member(what, closing, entries, items)
            except Lost:
                self.depth, self.structs = depth, True
                items.append(tree.Wrong(self.tokens.span(before)))
                self.skip_member(before, closing)
        self.structs = structs
        self.close(opening, what)
        self.depth -= 1
        return tuple(entries), tuple(items)

    def member(self, what: str, closing: int, entries: list[tree.Entry], items: list[tree.Item]) -> None:
        """One entry or item."""
        words = self.entry_follows()
        if words:
            entries.append(self.entry(words))
            self.end_entry(closing)
        elif self.item_follows():
            items.extend(self.described())
            self.end_entry(closing)
        elif self.kinds[self.at] == NAME and (self.texts[self.at + 1] == "{" or self.unknown_block_follows()):
            items.append(self.named_block())
        else:
            raise self.no_member(what)

    def unknown_block_follows(self) -> bool:
        """Whether a block of entries under a word and a name stands here: `currency_pair Hours { rate: 2, .. }`."""
        words = self.at_name() and self.at_name(1) and not self.fresh[self.at + 1] and self.texts[self.at + 2] == "{"
        entry = words and self.at_name(3) and self.texts[self.at + 4] == ":"
        return entry and not closest(self.texts[self.at], self.by_item)

    def described(self) -> tuple[tree.Item, ...]:
        """An item with the attributes and the doc comment before it; see `items`."""
        raise NotImplementedError

    def named_block(self) -> tree.Item:
        """`metadata { version: "1"; }`, `init { call(); }`: entries if it begins with one, else statements."""
        start = self.starts[self.at]
        word = self.texts[self.at]
        name: tree.Name | None = None
        self.at += 1
        if self.accept(":") or self.kinds[self.at] == NAME:
            name = self.take_name("a name")
        if word in _BODIES or not self._members_follow(self.at):
            body = self.block(f"`{word}`")
            return tree.BlockItem(self.span_from(start), word, name, (), body)
        entries, items = self.members(f"`{word}`")
        return tree.BlockItem(self.span_from(start), word, name, entries, None, items)

    def _members_follow(self, opening: int) -> bool:
        if self.texts[opening] != "{" or self.texts[opening + 1] == "}":
            return True
        saved, self.at = self.at, opening + 1
        found = self.words_to_colon() > 0 or self.item_follows()
        self.at = saved
        if self.kinds[opening + 1] == STRING:
            return self.texts[opening + 2] == ":"
        return found or (self.kinds[opening + 1] == NAME and self.texts[opening + 2] == "{")

    def no_member(self, what: str) -> Lost:
        """Tell that no entry or item begins here, but not of several in a row; what is to be raised."""
        text = self.texts[self.at]
        if self.after_wrong and (self.kinds[self.at] != NAME or not closest(text, self.by_item)):
            return Lost()
        if self.kinds[self.at] != NAME:
            self.tell("CCL0033", f"{self.shown()} begins nothing in {what}", label="expected an entry or a declaration",
                      notes=("An entry is `name: value;`, a declaration begins with a word such as `clause`.",),
                      )  # fmt: skip
            return Lost()
        meant = closest(text, self.by_item)
        if meant:
            self.tell("CCL0033", f"`{text}` begins nothing in {what}: did you mean `{meant}`?", label=f"`{meant}`?",
                      fixes=(Fix(f"write `{meant}`", (Edit(self.here(), meant),), False),))  # fmt: skip
        else:
            self.tell("CCL0033", f"`{text}` begins nothing in {what}", label="expected an entry or a declaration",
                      notes=("An entry is `name: value;`. Statements stand in functions, clauses and blocks.",),
                      )  # fmt: skip
        return Lost()

    def skip_member(self, before: int, closing: int) -> None:
        """After an error: past the next `;`, or on to a line that begins with an entry or an item, or past a body."""
        if self.at == before:
            self.skip_one()
        while self.at < closing:
            text = self.texts[self.at]
            if text == ";":
                self.at += 1
                return
            if self.fresh[self.at] and self.kinds[self.at] != END and self._resumes(text):
                return
            if text == "{":
                self.skip_one()
                return
            self.skip_one()
        self.at = min(self.at, closing)

    def _resumes(self, text: str) -> bool:
        return text in self.by_item or self.entry_follows() > 0 or text in ("let", "@", "#")
