"""What judges commands: clauses, policies, rules, exceptions; and triggers and properties beside them."""

from __future__ import annotations

from typing import Final

from ccl.diagnostics import Edit, Findings, Fix
from ccl.source import Sources
from ccl.syntax import tree
from ccl.syntax.cursor import Lost
from ccl.syntax.governance import Governance
from ccl.syntax.lexer import NAME, STRING, Tokens

_STRENGTHS: Final = frozenset(("final", "default", "floor"))
_JUDGES: Final = frozenset(("clause", "policy", "rule"))


class Clauses(Governance):
    """The part of the parser that reads clauses."""

    def __init__(self, sources: Sources, tokens: Tokens, findings: Findings) -> None:
        super().__init__(sources, tokens, findings)
        self.by_item |= {
            "clause": self._clause, "policy": self._policy, "rule": self._clause, "exception": self._exception,
            "trigger": self._trigger, "property": self._property,
            **dict.fromkeys(_STRENGTHS, self._strong),
        }  # fmt: skip

    def item_follows(self) -> bool:
        """As of governance; a clause with its strength before it besides."""
        text = self.texts[self.at]
        if text in _STRENGTHS:
            return self.ahead(1) in _JUDGES
        if text == "exception":
            return self.ahead(1) == "to"
        if text == "clause":
            return self.kinds[self.at + 1] in (NAME, STRING, "number")
        return super().item_follows()

    def _strong(self) -> tree.Item:
        start = self.starts[self.at]
        strength = self.texts[self.at]
        self.at += 1
        return self._clause(start, strength)

    def _policy(self) -> tree.Item:
        """`policy fn f() ..`, the clause `policy name { .. }`; the dialect's `policy name { quorum: 50%, .. }`."""
        if self.ahead(1) == "fn":
            return self.function()
        if self.at_name(1) and self.ahead(2) == "{" and self.at_name(3) and self.ahead(4) == ":":
            return self.named_block()
        return self._clause()

    def _clause(self, start: int = -1, strength: str = "") -> tree.Item:
        """`clause "4.2" on credit.transfer in CREDIT when g "text" { .. }` and what is alike."""
        start = self.starts[self.at] if start < 0 else start
        word = self.texts[self.at]
        self.at += 1
        number: tree.StringLit | None = None
        name: tree.Name | None = None
        if self.kinds[self.at] == "number":
            self._unquoted_number()
            number = tree.StringLit(self.here(), self.texts[self.at])
            self.at += 1
        elif self.kinds[self.at] == STRING:
            number = self.string()
        if number is None or (self.at_name() and self.texts[self.at] not in ("on", "in", "when")):
            name = self.take_name(f"the {word}'s number or name")
        targets = self._targets() if self.accept("on") else ()
        within = self.take_name("a unit's code") if self.accept("in") else None
        guard = self._guard()
        text = self.string() if self.kinds[self.at] == STRING else None
        if guard is None:
            guard = self._guard()
        if self.texts[self.at] == "then":
            return self._consequence(start, word, number, name, targets, within, guard, text, strength)
        body, approvals = self._judging_body(f"the {word}")
        return tree.ClauseDecl(self.span_from(start), word, number, name, targets, within, guard, text, body,
                               None, (), strength, approvals)  # fmt: skip

    def _unquoted_number(self) -> None:
        text = self.texts[self.at]
        self.tell("CCL0042", f"a clause's number stands in quotes: `\"{text}\"`", label="put it in quotes",
                  fixes=(Fix("put it in quotes", (Edit(self.here(), f'"{text}"'),)),))  # fmt: skip

    def _guard(self) -> tree.Expr | None:
        return self.headed() if self.accept("when") else None

    def _consequence(
        self, start: int, word: str, number: tree.StringLit | None, name: tree.Name | None,
        targets: tuple[tree.Target, ...], within: tree.Name | None, guard: tree.Expr | None,
        text: tree.StringLit | None, strength: str,
    ) -> tree.Item:  # fmt: skip
        """`rule n when c then allow`, `then deny "why"`, `then charge 10`, `then { .. }`."""
        self.at += 1
        begin = self.starts[self.at]
        approvals: tuple[tree.ApprovalDecl, ...] = ()
        if self.texts[self.at] == "{":
            body, approvals = self._judging_body(f"the {word}")
        else:
            value = self._charge() if self.texts[self.at] == "charge" else self.expression()
            body = tree.Block(self.span_from(begin), (), value)
        return tree.ClauseDecl(self.span_from(start), word, number, name, targets, within, guard, text, body,
                               None, (), strength, approvals)  # fmt: skip

    def _charge(self) -> tree.Expr:
        """The dialect's `charge e`: a call of `charge`."""
        start = self.starts[self.at]
        if self.ahead(1) == "(":
            return self.expression()
        name = self.take_word()
        value = self.expression()
        target = tree.PathExpr(name.span, tree.Path(name.span, (name,)))
        return tree.CallExpr(self.span_from(start), target, (tree.Arg(value.span, value),))

    def _judging_body(self, what: str) -> tuple[tree.Block, tuple[tree.ApprovalDecl, ...]]:
        """A clause's body, and apart from it what it says of approvals."""
        outer, self.approvals = self.approvals, []
        body = self.block(what)
        approvals = tuple(self.approvals)
        self.approvals = outer
        if not approvals:
            return body, ()
        places = {approval.span for approval in approvals}
        kept = tuple(s for s in body.statements if s.span not in places)
        if len(body.statements) - len(kept) < len(approvals):
            own = {s.span for s in body.statements}
            inner = next(a for a in approvals if a.span not in own)
            self.tell("CCL0038", "an approval stands in the clause itself, not in a block within it", span=inner.span,
                      label="not here", notes=("What approval needs cannot depend on a condition but `above`.",),
                      )  # fmt: skip
        return tree.Block(body.span, kept, body.tail), approvals

    def _targets(self) -> tuple[tree.Target, ...]:
        """`credit.transfer, read.credit.*, *`."""
        found = [self._target()]
        while self.accept(","):
            found.append(self._target())
        return tuple(found)

    def _target(self) -> tree.Target:
        start = self.starts[self.at]
        if self.accept("*"):
            return tree.Target(self.span_from(start), "*")
        if self.kinds[self.at] != NAME or self.texts[self.at] in ("when", "in"):
            self.tell("CCL0044", f"expected a command's name, found {self.shown()}", label="expected a command",
                      notes=("For example `credit.transfer`, `credit.*`, or `*` for all.",))  # fmt: skip
            raise Lost
        parts = [self.take_word().text]
        while self.accept("."):
            if self.accept("*"):
                parts.append("*")
                break
            if self.kinds[self.at] != NAME:
                self.tell(
                    "CCL0044", f"expected a command's name after `.`, found {self.shown()}", label="expected a name"
                )
                raise Lost
            parts.append(self.take_word().text)
        return tree.Target(self.span_from(start), ".".join(parts))

    def _exception(self) -> tree.Item:
        """`exception to "4.1" when g before "4.9" { .. }`."""
        start = self.starts[self.at]
        self.at += 2
        replaces = self._number("the number of the clause that it stands in for")
        number = self._number("its own number") if self.accept("as") else None
        guard = self._guard()
        before: list[tree.StringLit] = []
        while self.accept("before"):
            before.append(self._number("the number of the other exception"))
            while self.accept(","):
                before.append(self._number("the number of the other exception"))
        if guard is None:
            guard = self._guard()
        text = self.string() if self.kinds[self.at] == STRING else None
        body, approvals = self._judging_body("the exception")
        name = tree.Name(replaces.span, f"exception_to_{replaces.value}") if number is None else None
        return tree.ClauseDecl(self.span_from(start), "exception", number, name, (), None, guard, text, body,
                               replaces, tuple(before), "", approvals)  # fmt: skip

    def _number(self, what: str) -> tree.StringLit:
        if self.kinds[self.at] == "number":
            self._unquoted_number()
            span = self.here()
            self.at += 1
            return tree.StringLit(span, self.texts[self.at - 1])
        if self.at_name():
            name = self.take_word()
            return tree.StringLit(name.span, name.text)
        return self.quoted(what)

    def _trigger(self) -> tree.Item:
        """`trigger thanks on timebank.confirm when g { .. }`, `trigger dues every 1 month { .. }`."""
        start = self.starts[self.at]
        self.at += 1
        name = self.take_name("the trigger's name")
        targets = self._targets() if self.accept("on") else ()
        every = self.headed() if self.accept("every") else None
        guard = self._guard()
        stated = self._at_most()
        if not targets and every is None and guard is None:
            self.tell("CCL0045", "a trigger says what sets it off", label="expected `on` a command or `every` a time",
                      notes=("`trigger thanks on timebank.confirm { .. }`, `trigger dues every 1 month { .. }`.",),
                      )  # fmt: skip
        body = self.block("the trigger")
        return tree.TriggerDecl(self.span_from(start), name, targets, every, guard, body, stated)

    def _at_most(self) -> tuple[tree.Entry, ...]:
        """`at most 50 commands, 1000 CREDIT`: an entry `commands`, and one `money` for each amount."""
        stated: list[tree.Entry] = []
        if self.texts[self.at] != "at" or self.ahead(1) != "most":
            return ()
        self.at += 2
        while True:
            start = self.starts[self.at]
            value = self.headed()
            word = "commands" if self.accept("commands") or self.accept("command") else "money"
            span = self.span_from(start)
            stated.append(tree.Entry(span, tree.Name(span, word), value))
            if not self.accept(","):
                return tuple(stated)

    def _property(self) -> tree.Item:
        """`property name(a: T in r) for members >= 5, n: Integer in 0..9 { e }`."""
        start = self.starts[self.at]
        self.at += 1
        name = self.take_name("the property's name")
        params: list[tree.Param] = []
        ranges: list[tree.Expr] = []
        opening = self.at
        if self.accept("("):
            self.listed(opening, "the property", lambda: self._bound(params, ranges))
            self.close(opening, "the property")
        if self.accept("for"):
            self._bound(params, ranges)
            while self.accept(","):
                self._bound(params, ranges)
        body = self.block("the property")
        return tree.PropertyDecl(self.span_from(start), name, tuple(params), tuple(ranges), body)

    def _bound(self, params: list[tree.Param], ranges: list[tree.Expr]) -> None:
        """`a: T in r`: a parameter, and `a in r` among the ranges; `members >= 5`: a range."""
        if not self.at_label():
            ranges.append(self.headed())
            return
        start = self.starts[self.at]
        name = self.take_word()
        self.at += 1
        kind = self.type()
        pattern = tree.BindPattern(name.span, name)
        params.append(tree.Param(self.span_from(start), pattern, kind))
        if self.texts[self.at] == "in":
            at = self.here()
            self.at += 1
            value = self.headed()
            left = tree.PathExpr(name.span, tree.Path(name.span, (name,)))
            ranges.append(tree.BinaryExpr(self.span_from(start), "in", left, value, at))
