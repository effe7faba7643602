"""Numbers, amounts of money, spans of time, texts, moments: what stands for itself."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

from ccl.diagnostics import Edit, Fix
from ccl.source import Span, made_span
from ccl.syntax import tree
from ccl.syntax.lexer import NAME, NUMBER, unquote
from ccl.syntax.patterns import Patterns

TIME_UNITS: Final = {
    form: unit
    for unit in ["milliseconds", "seconds", "minutes", "hours", "days", "weeks", "months", "years"]
    for form in (unit, unit[:-1])
}
"""`day` and `days` alike, to the name in the tree."""

_SHORT_UNITS: Final = {
    "ms": "milliseconds", "s": "seconds", "min": "minutes", "h": "hours", "d": "days", "w": "weeks", "y": "years",
    "mo": "months",
}  # fmt: skip
_NUMBER = re.compile(
    r"(0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|\d[\d_]*)(\.\d[\d_]*)?([eE][+-]?\d+)?"
    r"(_?(?:[iu](?:8|16|32|64|128|size)|f(?:32|64))|[A-Za-z_]\w*)?(%)?",
    re.ASCII,
)
_UNIT = re.compile(r"[A-Z][A-Z0-9_]*")
_RUST = re.compile(r"_?([iu](?:8|16|32|64|128|size)|f(?:32|64))")
_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_MOST_DIGITS: Final = 40


class Literals(Patterns):
    """The part of the parser that reads literals."""

    def number(self) -> tree.Expr:
        """The number at hand with all that belongs to it: `42`, `50%`, `500 CREDIT`, `14 clear days`, `7.days`."""
        at = self.at
        text = self.texts[at]
        start = self.starts[at]
        self.at = at + 1
        if text.isdecimal() and len(text) <= _MOST_DIGITS:
            value: tree.Expr = tree.IntLit(made_span((self.source, start, start + len(text))), int(text))
            exact = Fraction(0)
        else:
            value, exact = self._written(text, start)
        after = self.at
        if self.kinds[after] == NAME:
            if not self.fresh[after] and isinstance(value, tree.IntLit | tree.DecimalLit):
                return self._measured(value, exact, start)
        elif self.texts[after] == "." and self.texts[after + 1] in TIME_UNITS and self.kinds[after + 1] == NAME:
            unit = TIME_UNITS[self.texts[after + 1]]
            self.at = after + 2
            return tree.SpanOfTimeLit(self.span_from(start), value, unit)
        return value

    def _measured(self, value: tree.IntLit | tree.DecimalLit, exact: Fraction, start: int) -> tree.Expr:
        """A number that a word on the same line follows."""
        at = self.at
        word = self.texts[at]
        if word in TIME_UNITS and self.texts[at + 1] not in ("(", "::"):
            self.at = at + 1
            return tree.SpanOfTimeLit(self.span_from(start), value, TIME_UNITS[word])
        if word in ("clear", "working") and self.texts[at + 1] in TIME_UNITS:
            self.at = at + 2
            return tree.SpanOfTimeLit(self.span_from(start), value, TIME_UNITS[self.texts[at + 1]], word)
        if _UNIT.fullmatch(word) and self.texts[at + 1] not in ("(", "::"):
            unit = self.take_word()
            amount = Fraction(value.value) if isinstance(value, tree.IntLit) else exact
            return tree.MoneyLit(self.span_from(start), amount, unit)
        return value

    def _written(self, text: str, start: int) -> tuple[tree.Expr, Fraction]:
        """A number that is not just digits; its exact value too."""
        span = Span(self.source, start, start + len(text))
        parts = _NUMBER.fullmatch(text)
        if parts is None or len(text) > _MOST_DIGITS or parts[3]:
            return self._misshapen(text, span), Fraction(0)
        whole, decimals, suffix, percent = parts[1], parts[2], parts[4], parts[5]
        digits = whole.replace("_", "")
        if digits[:2].lower() in ("0x", "0b", "0o"):
            if (suffix and not _RUST.fullmatch(suffix)) or len(digits) == 2:
                return self._misshapen(text, span), Fraction(0)
            number = int(digits, 0)
            return tree.IntLit(span, number, suffix or ""), Fraction(number)
        exact = Fraction(digits + (decimals or "").replace("_", ""))
        if percent:
            if suffix:
                return self._misshapen(text, span), Fraction(0)
            return tree.PercentLit(span, exact / 100), exact
        if suffix and not _RUST.fullmatch(suffix):
            return self._suffixed(exact, decimals is not None, suffix, span), exact
        if decimals is None:
            return tree.IntLit(span, int(digits), (suffix or "").lstrip("_")), exact
        return tree.DecimalLit(span, exact), exact

    def _suffixed(self, exact: Fraction, decimal: bool, suffix: str, span: Span) -> tree.Expr:
        """`7d`; any other letters right after a number are an error."""
        count: tree.Expr = tree.DecimalLit(span, exact) if decimal else tree.IntLit(span, int(exact))
        unit = _SHORT_UNITS.get(suffix) or TIME_UNITS.get(suffix)
        if unit is not None:
            return tree.SpanOfTimeLit(span, count, unit)
        digits = self.sources.text(span)[: -len(suffix)]
        self.at -= 1
        if suffix == "m":
            self.tell("CCL0034", f"`{digits}m`: minutes or months?", label="say which",
                      fixes=tuple(Fix(f"write `{digits} {u}`", (Edit(span, f"{digits} {u}"),), False)
                                  for u in ("minutes", "months")))  # fmt: skip
        else:
            self.tell("CCL0009", f"`{suffix}` touches the number before it", label="put a blank between, or remove it",
                      notes=("A name cannot begin with a digit. `7d` is seven days, `500 CREDIT` an amount.",),
                      fixes=(Fix(f"write `{digits} {suffix}`", (Edit(span, f"{digits} {suffix}"),), False),),
                      )  # fmt: skip
        self.at += 1
        return count

    def _misshapen(self, text: str, span: Span) -> tree.Expr:
        self.at -= 1
        self.tell("CCL0009", f"`{text[:40]}` is not how a number is written", label="write its digits out",
                  notes=(f"At most {_MOST_DIGITS} digits, `_` between them, one decimal point, no exponent.",
                         "A hexadecimal number is 0x and its digits."))  # fmt: skip
        self.at += 1
        return tree.IntLit(span, 0)

    def string(self) -> tree.StringLit:
        """The text in quotes at hand."""
        span = self.here()
        self.at += 1
        return tree.StringLit(span, unquote(self.texts[self.at - 1], span, self.findings))

    def moment(self) -> tree.Expr:
        """The date or moment at hand; one that no calendar has is reported."""
        text = self.texts[self.at]
        month, day = int(text[5:7]), int(text[8:10])
        year = int(text[:4])
        wrong = not 1 <= month <= 12 or not 1 <= day <= _DAYS[month - 1]
        if not wrong and month == 2 and day == 29:
            wrong = year % 4 != 0 or (year % 100 == 0 and year % 400 != 0)
        if len(text) > 10 and not wrong:
            wrong = int(text[11:13]) > 23 or int(text[14:16]) > 59 or (text[16:17] == ":" and int(text[17:19]) > 59)
        if wrong or year == 0:
            self.tell("CCL0035", f"there is no `{text}` in the calendar", label="no such day or hour",
                      notes=("A day is written 2026-01-31, a moment 2026-01-31T18:30:00Z.",
                             "If you meant to subtract, put blanks around the `-`."))  # fmt: skip
        span = self.here()
        self.at += 1
        return tree.TimeLit(span, text)

    def at_number(self, count: int = 0) -> bool:
        """Whether the token that many further is a number."""
        return self.kinds[self.at + count] == NUMBER
