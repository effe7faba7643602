"""Blocks and statements, and the expressions that hold blocks: `if`, `match`, `try`, `return`, verdicts.

A statement ends with `;`. The last of a block needs none, nor does one that ends in a block. A missing one is told
once, at the place where it belongs, and reading goes on as if it stood there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ccl.diagnostics import Edit, Findings, Fix
from ccl.source import Sources
from ccl.syntax import tree
from ccl.syntax.cursor import Lost
from ccl.syntax.lexer import END, NAME, STRING, Tokens
from ccl.syntax.operands import Field, Operands, sorted_fields
from ccl.syntax.spelling import closest

VERDICTS: Final = frozenset(["permit", "allow", "deny", "refuse", "trap"])
_STATEMENT_WORDS: Final = frozenset((
    "let", "if", "match", "while", "for", "loop", "return", "break", "continue", "require", "emit", "fn", "const",
    "try",
))  # fmt: skip
_AFTER_VERDICT: Final = frozenset((";", "}", ",", "", "because", "|"))
_BLOCK_ENDED: Final = (tree.IfExpr, tree.MatchExpr, tree.BlockExpr)
_PLACES: Final = (tree.PathExpr, tree.FieldExpr, tree.IndexExpr, tree.StateExpr, tree.UnaryExpr)
_OTHER_ELSE: Final = frozenset(("elif", "elsif", "elseif", "elsf"))


class Statements(Operands):
    """The part of the parser that reads blocks."""

    def __init__(self, sources: Sources, tokens: Tokens, findings: Findings) -> None:
        super().__init__(sources, tokens, findings)
        self.by_text |= {
            "if": self.if_, "match": self.match, "try": self._try, "return": self._return, "break": self._leave,
            "continue": self._leave, "let": self._let_condition,
            **dict.fromkeys(VERDICTS, self._verdict),
        }  # fmt: skip
        self.by_word: dict[str, Callable[[], tree.Statement | None]] = {
            "let": self._let, "while": self._while, "for": self._for, "loop": self._loop, "require": self._require,
            "emit": self._emit, "fn": self._item, "function": self._item, "const": self._item, "struct": self._item,
            "enum": self._item, "approval": self._approval, "if": self._whole, "match": self._whole,
        }  # fmt: skip
        self.by_item: dict[str, Callable[[], tree.Item | tuple[tree.Item, ...]]] = {}
        """Of a word that begins an item, what reads it."""
        self.after_wrong = False
        """Whether what stands right before, in the same body, was wrong."""
        self.approvals: list[tree.ApprovalDecl] | None = None
        """Where a clause collects what its body says of approvals; None outside a clause."""

    # -- blocks --------------------------------------------------------------------------------------------------------

    def block(self, what: str = "a block") -> tree.Block:
        """`{ statements; tail }`; Lost if no brace is at hand."""
        opening = self.at
        if self.texts[opening] != "{":
            self.tell("CCL0020", f"expected `{{` to begin {what}, found {self.shown()}", label="expected `{`")
            raise Lost
        start = self.starts[opening]
        self.at += 1
        self.enter()
        closing = self.closer[opening]
        depth, structs, self.structs = self.depth, self.structs, True
        found: list[tree.Statement] = []
        while self.at < closing:
            before = self.at
            try:
                read = self.by_word.get(self.texts[before])
                statement = read() if read is not None else None
                if statement is None:
                    statement = self.finished(self.expression())
                found.append(statement)
                self.end_statement(statement, closing)
            except Lost:
                self.depth, self.structs = depth, True
                found.append(tree.Wrong(self.tokens.span(before)))
                self.skip_statement(before, closing)
        self.structs = structs
        self.close(opening, what)
        self.depth -= 1
        span = self.span_from(start)
        if found and isinstance(found[-1], tree.ExprStatement) and not found[-1].semicolon:
            return tree.Block(span, tuple(found[:-1]), found[-1].value)
        return tree.Block(span, tuple(found), None)

    def finished(self, value: tree.Expr) -> tree.Statement:
        """A statement that begins with an expression: an assignment if its mark follows."""
        if not self.at_assignment():
            return tree.ExprStatement(value.span, value, self.texts[self.at] == ";")
        operator = self.texts[self.at]
        if not isinstance(value, _PLACES) and not _mutable_part(value):
            self.tell("CCL0031", "only a name, a field or an entry can be assigned", span=value.span,
                      label="this is a value",
                      notes=("To compare, write `==`.",) if operator == "=" else ())  # fmt: skip
        self.at += 1
        right = self.expression()
        if self.texts[self.at] == "=":
            # `a = b = c`: the inner assignment first, its target's value then.
            self.enter()
            inner = self.finished(right)
            self.depth -= 1
            right = tree.BlockExpr(inner.span, tree.Block(inner.span, (inner,), right))
        return tree.Assign(self.span_from(value.span.start), value, operator, right)

    def end_statement(self, statement: tree.Statement, closing: int) -> None:
        """Past the semicolon after a statement; if one is missing where it must be, tell."""
        if self.texts[self.at] == ";":
            while self.texts[self.at] == ";":
                self.at += 1
            return
        if self.at >= closing or self._ends_in_block(statement):
            return
        if self.begins_statement():
            if self._misspelt(statement):
                return
            self.tell_missing("CCL0012", ";", f"expected `;` before {self.shown()}", sure=True,
                              before="a new statement begins here")  # fmt: skip
            return
        self.tell("CCL0012", f"expected `;` after the statement, found {self.shown()}", label="part of no statement")
        self.skip_statement(self.at, closing)

    def _misspelt(self, statement: tree.Statement) -> bool:
        """Whether what was taken for a statement is a word that nearly begins one, as `requires member();` (told)."""
        value = statement.value if isinstance(statement, tree.ExprStatement) else None
        if not isinstance(value, tree.PathExpr) or len(value.path.parts) > 1 or self.fresh[self.at]:
            return False
        text = value.path.parts[0].text
        near = closest(text, _STATEMENT_WORDS)
        if near is None:
            return False
        self.told = self.at
        self.tell("CCL0033", f"`{text}` begins no statement: did you mean `{near}`?", span=value.span,
                  label=f"`{near}`?",
                  fixes=(Fix(f"write `{near}`", (Edit(value.span, near),), False),))  # fmt: skip
        return True

    def _ends_in_block(self, statement: tree.Statement) -> bool:
        if isinstance(statement, tree.While | tree.For | tree.ItemStatement | tree.Wrong):
            return True
        if not isinstance(statement, tree.ExprStatement):
            return False
        value = statement.value
        if isinstance(value, tree.TryExpr):
            return self.texts[self.at - 1] == "}"
        return isinstance(value, _BLOCK_ENDED)

    def begins_statement(self) -> bool:
        """Whether the token at hand may begin a statement."""
        text = self.texts[self.at]
        return self.kinds[self.at] not in ("mark", END) or text in ("{", "(", "[", "@", "*", "-", "!", "&")

    def skip_statement(self, before: int, end: int) -> None:
        """After an error: past the next `;`, or on to a line that begins with a word."""
        if self.at == before:
            self.skip_one()
        while self.at < end:
            if self.texts[self.at] == ";":
                self.at += 1
                return
            if self.fresh[self.at] and self.kinds[self.at] == NAME:
                return
            self.skip_one()
        self.at = min(self.at, end)

    def body_of(self, what: str) -> tree.Expr:
        """What stands after `=>` or a closure's bars: an expression, a block, or a statement alone."""
        start = self.starts[self.at]
        text = self.texts[self.at]
        if text == "{" and (self.texts[self.at + 1] == "}" or not self.map_follows(self.at)):
            block = self.block(what)
            return tree.BlockExpr(block.span, block)
        if text in ("require", "emit", "while", "for", "let"):
            read = self.by_word[text]
            statement = read()
            assert statement is not None, "reserved words always begin their statement"
        else:
            value = self.expression()
            if not self.at_assignment():
                return value
            statement = self.finished(value)
        span = self.span_from(start)
        return tree.BlockExpr(span, tree.Block(span, (statement,), None))

    # -- statements ----------------------------------------------------------------------------------------------------

    def _let(self) -> tree.Statement:
        start = self.starts[self.at]
        self.at += 1
        mutable = self.texts[self.at] == "mut" and self.texts[self.at + 1] == "("
        if mutable:
            self.at += 1
        pattern = self.pattern()
        kind = self.type() if self.accept(":") else None
        value: tree.Expr | None = None
        orelse: tree.Block | None = None
        if self.texts[self.at] in ("=", ":="):
            if self.texts[self.at] == ":=":
                self.tell("CCL0028", "`:=` is no operator: a name is bound with `=`",
                          fixes=(Fix("write `=`", (Edit(self.here(), "="),)),))  # fmt: skip
            self.at += 1
            value = self.expression()
            if self.texts[self.at] == "else":
                self.at += 1
                orelse = self.block("`else`")
        return tree.Let(self.span_from(start), pattern, kind, value, orelse)

    def _whole(self) -> tree.Statement | None:
        """`if` and `match` where a statement begins: they end with their brace, whatever follows, but for a `.`."""
        value = self.if_() if self.texts[self.at] == "if" else self.match()
        if self.texts[self.at] in (".", "?"):
            value = self.postfix(value)
        return tree.ExprStatement(value.span, value, self.texts[self.at] == ";")

    def _while(self) -> tree.Statement:
        start = self.starts[self.at]
        self.at += 1
        condition = self.condition()
        limit: tree.Expr | None = None
        if self.accept("limit"):
            limit = self.headed()
        return tree.While(self.span_from(start), condition, limit, self.block("`while`"))

    def _loop(self) -> tree.Statement | None:
        start = self.starts[self.at]
        if self.texts[self.at + 1] not in ("{", "limit"):
            return None
        self.at += 1
        condition = tree.BoolLit(self.span_from(start), True)
        limit = self.headed() if self.accept("limit") else None
        return tree.While(self.span_from(start), condition, limit, self.block("`loop`"))

    def _for(self) -> tree.Statement:
        start = self.starts[self.at]
        self.at += 1
        pattern = self.pattern()
        if not self.accept("in"):
            self.tell("CCL0020", f"expected `in` after what `for` binds, found {self.shown()}", label="expected `in`",
                      notes=("A loop is written `for x in list { .. }` or `for i in 0..10 { .. }`.",))  # fmt: skip
            raise Lost
        iterable = self.headed()
        return tree.For(self.span_from(start), pattern, iterable, self.block("`for`"))

    def _require(self) -> tree.Statement:
        start = self.starts[self.at]
        self.at += 1
        condition = self._compared(self.expression(), self.expression)
        reason: tree.Expr | None = None
        if isinstance(condition, tree.TupleExpr) and len(condition.items) == 2:
            condition, reason = condition.items
        elif self.accept(",") or self.texts[self.at] == "because":
            self.accept("because")
            reason = self.expression()
        if reason is None and self.kinds[self.at] == STRING and not self.fresh[self.at]:
            self.tell_missing("CCL0020", "because", "expected `because` before the reason", sure=True)
            reason = self.expression()
        if reason is None and self.accept("because"):
            reason = self.expression()
        return tree.Require(self.span_from(start), condition, reason)

    def _emit(self) -> tree.Statement:
        start = self.starts[self.at]
        self.at += 1
        if self.texts[self.at] == "(":
            return self._emitted(start)
        name = self.take_path("a notice's name")
        fields: tuple[Field, ...] = ()
        args: tuple[tree.Arg, ...] = ()
        opening = self.at
        if self.texts[opening] == "{":
            self.at += 1
            self.enter()
            fields = tuple(self.listed(opening, "the notice", self.struct_field, loose=True))
            self.close(opening, "the notice")
            self.depth -= 1
        elif self.texts[opening] == "(":
            args = self._emit_args(opening)
        return tree.Emit(self.span_from(start), name, sorted_fields(list(fields))[0], args)

    def _emit_args(self, opening: int) -> tuple[tree.Arg, ...]:
        self.at += 1
        self.enter()
        args = self.listed(opening, "the notice", self.argument)
        self.close(opening, "the notice")
        self.depth -= 1
        return tuple(args)

    def _emitted(self, start: int) -> tree.Statement:
        """`emit("E", x)`: the first argument is the name."""
        args = self._emit_args(self.at)
        first = args[0].value if args else None
        if not isinstance(first, tree.StringLit | tree.PathExpr):
            self.tell("CCL0019", "expected a notice's name first", span=self.span_from(start), label="which notice?")
            raise Lost
        text = first.value if isinstance(first, tree.StringLit) else first.path.text
        path = tree.Path(first.span, (tree.Name(first.span, text),))
        return tree.Emit(self.span_from(start), path, (), args[1:])

    def _item(self) -> tree.Statement | None:
        if self.kinds[self.at + 1] != NAME:
            if self.texts[self.at] == "function":
                return None
            nameless = self.texts[self.at] == "fn"
            self.at += 1
            self.tell("CCL0019", f"expected a name, found {self.shown()}", label="expected a name",
                      notes=("A function without a name is written `|x| ..`.",) if nameless else ())  # fmt: skip
            raise Lost
        start = self.starts[self.at]
        found = self.by_item[self.texts[self.at]]()
        return tree.ItemStatement(self.span_from(start), found[0] if isinstance(found, tuple) else found)

    def _approval(self) -> tree.Statement | None:
        """`approval by signers payer above e of field need e within e;`, in a clause."""
        if self.texts[self.at + 1] != "by":
            return None
        start = self.starts[self.at]
        self.at += 2
        by = self.take_name("`signers` or `role`")
        if by.text not in ("signers", "role"):
            self.tell("CCL0037", f"approval is by `signers` or by `role`, not by `{by.text}`", span=by.span,
                      label="who?", notes=("`approval by signers payer`, `approval by role Steward need 2`.",),
                      )  # fmt: skip
        whose = self.take_name("the field or the role")
        above = self.expression() if self.accept("above") else None
        of = self.take_name("a field") if self.accept("of") else None
        need = self.expression() if self.accept("need") else None
        within = self.expression() if self.accept("within") else None
        span = self.span_from(start)
        if self.approvals is None:
            self.tell("CCL0038", "approvals stand in a clause only", span=span, label="not here")
        else:
            self.approvals.append(tree.ApprovalDecl(span, by.text, whose, above, of, need, within))
        nothing = tree.TupleExpr(span, ())
        return tree.ExprStatement(span, nothing, True)

    # -- expressions with blocks ---------------------------------------------------------------------------------------

    def headed(self) -> tree.Expr:
        """An expression before a block: a `{` in it begins the block, not a struct."""
        structs, self.structs = self.structs, False
        value = self.expression()
        self.structs = structs
        return value

    def condition(self) -> tree.Expr:
        """The condition of `if` or `while`."""
        return self._compared(self.headed(), self.headed)

    def _compared(self, value: tree.Expr, read: Callable[[], tree.Expr]) -> tree.Expr:
        """A condition, of which a `=` was meant to be `==`."""
        if self.texts[self.at] != "=":
            return value
        at = self.here()
        self.tell("CCL0032", "`=` assigns; a condition compares with `==`", label="write `==`",
                  fixes=(Fix("write `==`", (Edit(at, "=="),)),))  # fmt: skip
        self.at += 1
        right = read()
        return tree.BinaryExpr(self.span_from(value.span.start), "==", value, right, at)

    def _let_condition(self) -> tree.Expr:
        """`let Some(x) = e`, after `if`, `while` or `&&`."""
        if self.texts[self.at - 1] not in ("if", "while", "&&", "and", "("):
            raise self.no_expression()
        start = self.starts[self.at]
        self.at += 1
        structs, self.structs = self.structs, False
        pattern = self.pattern()
        self.expect("=", "after the pattern")
        value = self.expression(4)
        self.structs = structs
        return tree.LetCondition(self.span_from(start), pattern, value)

    def if_(self) -> tree.Expr:
        """`if c { } else if d { } else { }`."""
        heads: list[tuple[int, tree.Expr, tree.Block]] = []
        orelse: tree.Block | tree.IfExpr | None = None
        depth = self.depth
        while True:
            start = self.starts[self.at]
            self.at += 1
            condition = self.condition()
            heads.append((start, condition, self.block("`if`")))
            if self.texts[self.at] in _OTHER_ELSE and self.kinds[self.at + 1] != "mark":
                self.tell("CCL0030", f"`{self.texts[self.at]}` is written `else if`",
                          fixes=(Fix("write `else if`", (Edit(self.here(), "else if"),)),))  # fmt: skip
            elif self.texts[self.at] != "else":
                break
            elif self.texts[self.at + 1] != "if":
                self.at += 1
                orelse = self.block("`else`")
                break
            else:
                self.at += 1
            self.enter()
        self.depth = depth
        for start, condition, then in reversed(heads):
            orelse = tree.IfExpr(self.span_from(start), condition, then, orelse)
        assert isinstance(orelse, tree.IfExpr), "there is at least one head"
        return orelse

    def match(self) -> tree.Expr:
        """`match e { pattern if guard => body, .. }`."""
        start = self.starts[self.at]
        self.at += 1
        subject = self.headed()
        opening = self.at
        self.expect("{", "to begin the cases of `match`")
        self.enter()
        depth, structs, self.structs = self.depth, self.structs, True
        closing = self.closer[opening]
        arms: list[tree.MatchArm] = []
        while self.at < closing:
            before = self.at
            try:
                arms.append(self._arm(closing))
            except Lost:
                self.depth, self.structs = depth, True
                self._skip_arm(before, closing)
        self.structs = structs
        self.close(opening, "`match`")
        self.depth -= 1
        return tree.MatchExpr(self.span_from(start), subject, tuple(arms))

    def _arm(self, closing: int) -> tree.MatchArm:
        start = self.starts[self.at]
        pattern = self.pattern()
        guard = self.expression() if self.accept("if") else None
        if self.texts[self.at] == "->":
            self.tell("CCL0020", "a case is written with `=>`", label="write `=>`",
                      fixes=(Fix("write `=>`", (Edit(self.here(), "=>"),)),))  # fmt: skip
            self.at += 1
        else:
            self.expect("=>", "after the pattern")
        text = self.texts[self.at]
        if text == "{" or text in self.by_word:
            body = self.body_of("the case")
        else:
            body = self.expression()
            if self.at_assignment():
                statement = self.finished(body)
                body = tree.BlockExpr(statement.span, tree.Block(statement.span, (statement,), None))
        arm = tree.MatchArm(self.span_from(start), pattern, guard, body)
        if self.texts[self.at] in (",", ";"):
            if self.texts[self.at] == ";":
                self.tell("CCL0016", "cases end with `,`", label="write `,`",
                          fixes=(Fix("write `,`", (Edit(self.here(), ","),)),))  # fmt: skip
            self.at += 1
        elif self.at < closing and self.texts[self.at - 1] != "}" and not self.fresh[self.at]:
            self.tell_missing("CCL0016", ",", f"expected `,` after the case, found {self.shown()}")
            raise Lost
        return arm

    def _skip_arm(self, before: int, closing: int) -> None:
        if self.at == before:
            self.skip_one()
        while self.at < closing and self.texts[self.at] != ",":
            if self.texts[self.at - 1] == "}" and self.fresh[self.at]:
                return
            self.skip_one()
        self.at = min(self.at, closing)
        self.accept(",")

    def _try(self) -> tree.Expr:
        """`try { } catch e { }`, `try e catch other`, `try e`."""
        start = self.starts[self.at]
        opening = self.at + 1
        bracketed = self.texts[opening] == "(" and opening not in self.tokens.unclosed
        if self.texts[opening] in (".", "=", ",", ")", ";", ":", "(") and not (
            bracketed and self.texts[self.closer[opening] + 1] == "catch"
        ):
            return self.named()
        self.at += 1
        self.enter()
        value: tree.Expr
        if self.texts[self.at] == "{":
            block = self.block("`try`")
            value = tree.BlockExpr(block.span, block)
        else:
            value = self.expression()
        name: tree.Name | None = None
        handler: tree.Expr | None = None
        if self.accept("catch"):
            name, handler = self._catch()
        self.depth -= 1
        return tree.TryExpr(self.span_from(start), value, name, handler)

    def _catch(self) -> tuple[tree.Name | None, tree.Expr]:
        name: tree.Name | None = None
        if self.texts[self.at] == "(" and self.at_name(1) and self.ahead(2) == ")" and self.ahead(3) == "{":
            name = self._at(1)
            self.at += 3
        elif self.at_name() and self.ahead(1) == "{":
            name = self.take_word()
        if self.texts[self.at] == "{":
            block = self.block("`catch`")
            return name, tree.BlockExpr(block.span, block)
        return name, self.expression()

    def _at(self, count: int) -> tree.Name:
        index = self.at + count
        return tree.Name(self.tokens.span(index), self.texts[index])

    def _return(self) -> tree.Expr:
        start = self.starts[self.at]
        self.at += 1
        text = self.texts[self.at]
        value: tree.Expr | None = None
        if text not in (";", "}", ",", ")", "]", "") and not (self.fresh[self.at] and text in _STATEMENT_WORDS):
            self.enter()
            value = self.expression()
            self.depth -= 1
        return tree.ReturnExpr(self.span_from(start), value)

    def _leave(self) -> tree.Expr:
        span = self.here()
        self.at += 1
        return tree.BreakExpr(span) if self.texts[self.at - 1] == "break" else tree.ContinueExpr(span)

    def _verdict(self) -> tree.Expr:
        """`allow`, `deny "why"`, `refuse because key`; followed by anything else the word is a name."""
        following = self.texts[self.at + 1]
        ends = following in _AFTER_VERDICT or self.fresh[self.at + 1] == 1
        if not ends and self.kinds[self.at + 1] != STRING:
            return self.named()
        if self.texts[self.at - 1] in (".", "::", "="):
            return self.named()
        start = self.starts[self.at]
        word = self.texts[self.at]
        self.at += 1
        reason: tree.Expr | None = None
        if self.texts[self.at] == "because" or (self.kinds[self.at] == STRING and not self.fresh[self.at]):
            self.accept("because")
            reason = self.expression()
        return tree.VerdictExpr(self.span_from(start), word, reason)


def _mutable_part(value: tree.Expr) -> bool:
    """Whether it is the dialect's `m.get_mut(k)`, which there is assigned to as `m[k]` is."""
    return (
        isinstance(value, tree.CallExpr)
        and isinstance(value.target, tree.FieldExpr)
        and (value.target.name.text == "get_mut")
    )
