"""Operators, by precedence, with a stack of their own, so that only brackets make the parser recurse.

Height: a chain of operators makes a deep tree out of no brackets at all, so the height of what is read is counted in
`peak`. Neither depth of brackets nor height may exceed what the passes after this one can walk.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NoReturn

from ccl.diagnostics import Edit, Findings, Fix, Label
from ccl.source import Sources, Span, made_span
from ccl.syntax import tree
from ccl.syntax.cursor import MOST_NESTED, Lost
from ccl.syntax.lexer import DID, END, MARK, NAME, NUMBER, RESERVED, STRING, TIME, Tokens
from ccl.syntax.literals import Literals

MOST_HIGH: Final = 2 * MOST_NESTED
"""How high the tree of an expression may be: a bracket and an operator for each level of nesting."""

ASSIGNS: Final = frozenset(["=", "+=", "-=", "*=", "/=", "%="])

_COMPARISONS: Final = frozenset(["==", "!=", "<", "<=", ">", ">="])
_CAST: Final = 13
_PREFIXED: Final = 14
_POWERS: Final = {
    "??": 2, "||": 3, "or": 3, "&&": 4, "and": 4,
    "==": 6, "!=": 6, "<": 6, "<=": 6, ">": 6, ">=": 6, "before": 6, "by": 6, "after": 6, "in": 6, "===": 6, "!==": 6,
    "..": 7, "..=": 7, "+": 9, "-": 9, "&": 9, "^": 9, "<<": 9, "*": 11, "/": 11, "%": 11, "**": 12, "as": _CAST,
}  # fmt: skip
"""How tightly each binary operator binds. `ABOVE_COMPARISON` and one less are floors: see `Types`."""

PRECEDENCE: Final = tuple(
    tuple(text for text, power in _POWERS.items() if power == level)
    for level in sorted(set(_POWERS.values()), reverse=True)
)
"""Binary operators, those that bind tightest first; with those that exist only to be told of (`_FOREIGN`)."""

_PREFIXES: Final = frozenset(("-", "!", "not", "&", "&&", "*", "+"))
_ALIASES: Final = {"or": "||", "and": "&&", "===": "==", "!==": "!="}
_FOREIGN: Final = {
    "===": ("==", "equality is `==`"), "!==": ("!=", "inequality is `!=`"),
    "&": ("&&", "there are no operations on bits"), "^": ("", "there are no operations on bits"),
    "<<": ("", "there are no operations on bits"), "**": ("", "there is no power operator: multiply"),
}  # fmt: skip
FOREIGN: Final = frozenset(_FOREIGN)
"""Operators of other languages, which are read so that an error can say what is meant here."""
_NO_OPERAND: Final = frozenset((")", "]", "}", ",", ";", "=>", "", "{"))

_FOLLOW: Final = frozenset(["(", ".", "[", "?", "{", "!"])

Pending = tuple[int, str, int]
"""An operator that waits for its right side: power, text, index of its token. A prefix has the power _PREFIXED."""


class Operators(Literals):
    """The part of the parser that reads expressions, given what reads the operands."""

    def __init__(self, sources: Sources, tokens: Tokens, findings: Findings) -> None:
        super().__init__(sources, tokens, findings)
        self.by_text: dict[str, Callable[[], tree.Expr]] = {}
        """Of a word or mark that begins an operand, what reads it."""
        self.by_kind: dict[str, Callable[[], tree.Expr]] = {
            NUMBER: self.number, STRING: self.string, TIME: self.moment, DID: self._did,
        }  # fmt: skip

    def named(self) -> tree.Expr:
        """An operand that begins with a name; see `operands`."""
        raise NotImplementedError

    def postfix(self, operand: tree.Expr) -> tree.Expr:
        """What follows an operand: `.b`, `[i]`, `(..)`, `?`; see `operands`."""
        raise NotImplementedError

    def expression(self, floor: int = 0) -> tree.Expr:
        """An expression whose operators all bind tighter than `floor`; Lost if there is none."""
        operands: list[tree.Expr] = []
        peaks: list[int] = []
        pending: list[Pending] = []
        texts, depth, outer = self.texts, self.depth, self.peak
        while True:
            text = texts[self.at]
            if text in _PREFIXES:
                self._prefix(text, pending)
                continue
            self.peak = depth
            kind = self.kinds[self.at]
            read = self.by_text.get(text) if kind in (NAME, MARK) else self.by_kind.get(kind)
            operand = read() if read is not None else self.named()
            if texts[self.at] in _FOLLOW:
                operand = self.postfix(operand)
            operands.append(operand)
            peaks.append(self.peak)
            power = self._operator(floor, pending, operands, peaks)
            if not power:
                break
        self.peak = peaks[0] if peaks[0] > outer else outer
        return operands[0]

    def _prefix(self, text: str, pending: list[Pending]) -> None:
        pending.append((_PREFIXED, text, self.at))
        if len(pending) > MOST_NESTED:
            self.too_deep()
        self.at += 1
        if text[0] == "&":
            self.accept("mut")
        elif text == "+":
            self.at -= 1
            self.tell("CCL0028", "a number has no `+` before it", label="remove it",
                      fixes=(Fix("remove it", (Edit(self.here(), ""),)),))  # fmt: skip
            self.at += 1
            pending.pop()

    def _operator(self, floor: int, pending: list[Pending], operands: list[tree.Expr], peaks: list[int]) -> int:
        """After an operand: put what waits on its operands, take the operator at hand. Its power; 0 if none is."""
        while True:
            text = self.texts[self.at]
            power = _POWERS.get(text, 0)
            if power and (power <= floor or not self._operates(text)):
                power = 0
            while pending and pending[-1][0] >= power:
                self._reduce(pending.pop(), operands, peaks)
            if not power:
                return 0
            if power == _CAST:
                self._cast(operands, peaks)
                continue
            if text in _COMPARISONS and self._chained(operands[-1]):
                self._tell_chained(operands[-1])
            elif text in _FOREIGN:
                self._tell_foreign(text)
            index = self.at
            self.at += 1
            if power == 7 and self._no_end():
                self._reduce_open(text, operands, peaks)
                continue
            pending.append((power, text, index))
            return power

    def _operates(self, text: str) -> bool:
        """Whether a word or mark that may be an operator is one here."""
        if not text[0].isalpha():
            return text != "&" or not self.fresh[self.at]
        if self.ahead(1) in (":", "=", ",", ")", "]", "}", ";", "."):
            return False
        # `when g before "4.9"`, `chosen by: Election` and `in each of`: no operators.
        if text == "in" and self.ahead(1) == "each":
            return False
        return not (text == "before" and self.kinds[self.at + 1] == STRING) and self.kinds[self.at + 1] != END

    def _no_end(self) -> bool:
        """Whether a range ends here without its upper bound."""
        if self.texts[self.at] == "changed" and self.ahead(1) == "by":  # of a parameter
            return True
        return self.texts[self.at] in _NO_OPERAND or bool(self.fresh[self.at])

    def _reduce_open(self, text: str, operands: list[tree.Expr], peaks: list[int]) -> None:
        low = operands.pop()
        peaks[-1] += 1
        operands.append(tree.RangeExpr(self.span_from(low.span.start), low, None, text == "..="))

    def _cast(self, operands: list[tree.Expr], peaks: list[int]) -> None:
        self.at += 1
        target = self.type()
        value = operands.pop()
        operands.append(tree.CastExpr(self.span_from(value.span.start), value, target))
        self._grow(peaks)

    def _grow(self, peaks: list[int]) -> None:
        peaks[-1] += 1
        if peaks[-1] > MOST_HIGH:
            self.too_high()

    def too_high(self) -> NoReturn:
        """Tell that a chain of operations is too long, and end."""
        self.told = -1
        self.tell("CCL0011", f"this expression is more than {MOST_HIGH} operations deep", label="here",
                  notes=("Name a part of it with `let`, or go over a list.",))  # fmt: skip
        self.abandon()

    def _chained(self, left: tree.Expr) -> bool:
        """Whether what stands left is a comparison without brackets around it, and not itself told of."""
        if not isinstance(left, tree.BinaryExpr) or left.operator not in _COMPARISONS:
            return False
        if isinstance(left.left, tree.BinaryExpr) and left.left.operator in _COMPARISONS:
            return False
        return left.span.start == left.left.span.start  # with brackets it begins before

    def _tell_chained(self, left: tree.Expr) -> None:
        self.tell("CCL0026", "comparisons do not chain", label="compare twice and join with `&&`",
                  also=(Label(left.span, "this is already yes or no"),),
                  notes=("Write `a < b && b < c`.",))  # fmt: skip

    def _tell_foreign(self, text: str) -> None:
        meant, why = _FOREIGN[text]
        sure = text in ("===", "!==")
        fixes = (Fix(f"write `{meant}`", (Edit(self.here(), meant),), sure),) if meant else ()
        self.tell("CCL0028", f"`{text}` is no operator: {why}", fixes=fixes)

    def _reduce(self, operator: Pending, operands: list[tree.Expr], peaks: list[int]) -> None:
        """Put an operator on its operands."""
        power, text, index = operator
        right = operands.pop()
        if power == _PREFIXED:
            operands.append(self._prefixed(text, index, right))
            self._grow(peaks)
            return
        left = operands.pop()
        high = peaks.pop()
        if high > peaks[-1]:
            peaks[-1] = high
        start = left.span.start
        span = made_span((self.source, start, right.span.end))
        if power == 7:
            operands.append(tree.RangeExpr(span, left, right, text == "..="))
        else:
            operands.append(tree.BinaryExpr(span, _ALIASES.get(text, text), left, right, self.tokens.span(index)))
        self._grow(peaks)

    def _prefixed(self, text: str, index: int, operand: tree.Expr) -> tree.Expr:
        at = self.tokens.span(index)
        span = Span(self.source, at.start, operand.span.end)
        if text == "-" or text == "!" or text == "not":
            return tree.UnaryExpr(span, "-" if text == "-" else "!", operand)
        mutable = self.texts[index + 1] == "mut"
        written = Span(self.source, at.start, self.starts[index + 2 if mutable else index + 1])
        code, word = ("CCL0024", "*") if text == "*" else ("CCL0023", "&mut") if mutable else ("CCL0022", text)
        why = "there is nothing to follow" if text == "*" else "values are copied"
        self.tell(code, f"there are no references: {why}", span=written, label=f"remove `{word}`",
                  fixes=(Fix(f"remove `{word}`", (Edit(written, ""),)),))  # fmt: skip
        return tree.UnaryExpr(span, "&mut" if mutable else text[0], operand)

    def _did(self) -> tree.Expr:
        span = self.here()
        text = self.texts[self.at]
        if text.endswith("*"):
            self.tell("CCL0036", "a DID names one, it has no `*`", label="write the whole DID")
        self.at += 1
        return tree.DidLit(span, text)

    def no_expression(self) -> Lost:
        """Tell that no expression begins here; what is to be raised."""
        text = self.texts[self.at]
        notes: tuple[str, ...] = ()
        if self.kinds[self.at] == NAME and text in RESERVED:
            what = f"the word `{text}`"
            notes = ("`let`, `while`, `for`, `require` and `emit` are statements, not values.",)
        else:
            what = self.shown()
        self.tell("CCL0014", f"expected a value, found {what}", label="expected a value", notes=notes)
        return Lost()
