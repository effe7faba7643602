"""Declarations of governance: roles, proposals, electorates, delegations, transitions, what is accepted."""

from __future__ import annotations

from ccl.diagnostics import Findings
from ccl.source import Sources
from ccl.syntax import tree
from ccl.syntax.cursor import Lost
from ccl.syntax.items import Items
from ccl.syntax.lexer import NAME, STRING, Tokens

_MOVES = ("state", "param", "role")


class Governance(Items):
    """The part of the parser that reads who may do and decide what."""

    def __init__(self, sources: Sources, tokens: Tokens, findings: Findings) -> None:
        super().__init__(sources, tokens, findings)
        self.by_item |= {
            "role": self._role, "proposal": self._proposal, "electorate": self._electorate, "delegate": self._delegate,
            "transition": self._transition, "accept": self._accept, "quorum": self._standard,
            "approval": self._standard, "threshold": self._standard,
        }  # fmt: skip

    def item_follows(self) -> bool:
        """As of items; `quorum of ..` and `approval of ..` besides."""
        if self.texts[self.at] in ("quorum", "approval", "threshold"):
            return self.ahead(1) == "of"
        return super().item_follows()

    def _role(self) -> tree.Item:
        start = self.starts[self.at]
        self.at += 1
        name = self.take_name("the role's name")
        extends = self.take_path("a role") if self.accept("extends") else None
        entries, items = self.members("the role")
        return tree.RoleDecl(self.span_from(start), name, extends, entries, items)

    def _proposal(self) -> tree.Item:
        start = self.starts[self.at]
        self.at += 1
        name = self.take_name("the proposal's name")
        params = self.parameters("the proposal's parameters") if self.texts[self.at] == "(" else ()
        entries, items = self.members("the proposal")
        return tree.ProposalDecl(self.span_from(start), name, params, entries, items)

    def _standard(self) -> tree.Item:
        """`quorum of electorate at least 1/3`, `approval of cast more than 1/2`."""
        start = self.starts[self.at]
        what = self.texts[self.at]
        self.at += 2
        base = self.take_path("what it is a part of")
        words = f"{self.texts[self.at]} {self.ahead(1)}"
        if words not in ("at least", "more than"):
            self.tell("CCL0041", f"expected `at least` or `more than`, found {self.shown()}", label="which of the two?",
                      notes=("`at least 1/2` is met by exactly half, `more than 1/2` is not.",))  # fmt: skip
            raise Lost
        self.at += 2
        part = self.expression()
        return tree.StandardDecl(self.span_from(start), what, base, words, part)

    def _electorate(self) -> tree.Item:
        """`electorate Workers weight 1;`, `electorate Users { of: role user; }`."""
        start = self.starts[self.at]
        self.at += 1
        name = self.take_name("the electorate's name")
        weight = self.headed() if self.accept("weight") else None
        entries = self.entries_only("the electorate") if self.texts[self.at] == "{" else ()
        return tree.ElectorateDecl(self.span_from(start), name, weight, entries)

    def _delegate(self) -> tree.Item:
        """`delegate scope "budget" depth 5 expires 1 year;`."""
        start = self.starts[self.at]
        self.at += 1
        self.expect("scope", "after `delegate`")
        scope = self.quoted("the scope that is delegated")
        depth = self.expression() if self.accept("depth") else None
        expires = self.expression() if self.accept("expires") else None
        return tree.DelegateDecl(self.span_from(start), scope, depth, expires)

    def quoted(self, what: str) -> tree.StringLit:
        """A text in quotes, or Lost."""
        if self.kinds[self.at] != STRING:
            self.tell("CCL0042", f"expected {what} in quotes, found {self.shown()}", label='expected ".."')
            raise Lost
        return self.string()

    def _accept(self) -> tree.Item:
        """`accept no_adds_quorum because "..";`."""
        start = self.starts[self.at]
        self.at += 1
        name = self.take_name("the property's name")
        reason = self.quoted("the reason") if self.accept("because") else None
        return tree.AcceptDecl(self.span_from(start), name, reason)

    def _transition(self) -> tree.Item:
        """`transition { open proposals: keep; state old -> new: e; }`."""
        start = self.starts[self.at]
        self.at += 1
        opening = self.at
        self.expect("{", "to begin the transition")
        self.enter()
        rules: list[tuple[str, tree.Name]] = []
        moves: list[tuple[str, tree.Name, tree.Name, tree.Expr | None]] = []
        closing = self.closer[opening]
        depth = self.depth
        while self.at < closing:
            before = self.at
            if self.texts[before] in (";", ","):
                self.at += 1
                continue
            try:
                self._rule_of_transition(rules, moves)
                self.end_entry(closing)
            except Lost:
                self.depth = depth
                self.skip_member(before, closing)
        self.close(opening, "the transition")
        self.depth -= 1
        return tree.TransitionDecl(self.span_from(start), tuple(rules), tuple(moves))

    def _rule_of_transition(
        self, rules: list[tuple[str, tree.Name]], moves: list[tuple[str, tree.Name, tree.Name, tree.Expr | None]]
    ) -> None:
        if self.texts[self.at] in _MOVES and self.kinds[self.at + 1] == NAME and self.ahead(2) == "->":
            kind = self.texts[self.at]
            self.at += 1
            old = self.take_name("the old name")
            self.at += 1
            new = self.take_name("the new name")
            moves.append((kind, old, new, self.expression() if self.accept(":") else None))
            return
        words = self.words_to_colon()
        if not words:
            self.tell("CCL0043", f"expected a line of the transition, found {self.shown()}",
                      label="expected `open proposals: keep` or `state old -> new`",
                      notes=("`open proposals: keep | restart | lapse`, `terms of office: keep`.",
                             "`state old -> new: value`, `param old -> new`, `role old -> new`."))  # fmt: skip
            raise Lost
        what = " ".join(self.texts[self.at : self.at + words])
        self.at += words + 1
        rules.append((what, self.take_name("what becomes of it")))
