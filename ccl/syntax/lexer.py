"""From characters to tokens, by a compiled regular expression.

Tokens are kept as parallel lists, for the parser reads them very often: kind, text, start, whether a line begins
before it, and, of a bracket that opens, the index of the one that closes it. A string's text keeps its quotes, so that
the text alone tells punctuation and words from literals. The lexer never stops: what it cannot read it reports once
and either leaves out or turns into the token that was meant. It knows no grammar.

Names are ASCII: which other characters are letters depends on the version of Unicode, and two names that look alike
must not be two names in bylaws.
"""

from __future__ import annotations

import functools
import re
from typing import Final

from ccl.diagnostics import Edit, Findings, Fix
from ccl.source import MOST_CHARACTERS, Sources, Span, made_span
from ccl.syntax.tree import Comment

NAME: Final = "name"
NUMBER: Final = "number"
STRING: Final = "string"
DID: Final = "did"
TIME: Final = "time"
MARK: Final = "mark"
END: Final = "end"

RESERVED: Final = frozenset((
    "let", "mut", "fn", "if", "else", "match", "for", "while", "return", "break", "continue", "true", "false", "as",
    "require", "emit", "struct", "enum", "const",
))  # fmt: skip
"""The words that are never names (after a dot and before a colon they are)."""

MOST_ERRORS: Final = 1000
"""After so many errors in one text the rest of it is not read: nobody mends more at once."""

_LETTER = "\u00aa-\u1fff\u2c00-\u2fef\u3040-\ud7ff\uf900-\ufdff\uff10-\uffdc\U00010000-\U0001efff"
_PLAIN: Final = r"""
    (?P<did>did:[a-z0-9]+:(?:\*|[A-Za-z0-9_%-]+(?:[.:][A-Za-z0-9_%-]+)*))
  | (?P<name>[A-Za-z_]\w*+(?![NO_LETTER]))
  | (?P<line>[\r\n][ \t\r\n\f]*)
  | (?P<comment>//[^\r\n]*|/\*[\s\S]*?(?:\*/|\Z))
  | (?P<mark>\.\.=|===?|=>|->|!==?|<=|>=|&&|\|\||\+=|-=|\*=|/=|%=|::|:=|\.\.|\?\?|\+\+|\*\*|<<
       |[-+*/%<>=!&|.,;:(){}\[\]@\#?^])
  | (?P<string>\"\"\"[\s\S]*?(?:\"\"\"|\Z)|"(?:[^"\\\r\n]|\\[^\r\n])*(?:"|\\?(?=[\r\n]|\Z)))
  | (?P<time>\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?(?!\w))
  | (?P<number>(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?)\w*
       (?:%(?![\w(\[{"@=]))?)
"""
_TOKEN = re.compile(_PLAIN.replace("NO_LETTER", r"^\x00-\x7f") + r"| (?P<odd>[^ \t\f])", re.VERBOSE | re.ASCII)
"""What stands in nearly every text; at `odd`, `_any_token` says what it is."""


@functools.cache
def _any_token() -> re.Pattern[str]:
    """All that there can be, of any characters. Compiled when a text first has something odd: it takes a while."""
    rest = rf"""
  | (?P<quoted>(?<=[<&])'[A-Za-z_]\w*+(?!')|'(?:[^'\\\r\n]|\\[^\r\n])*'|'\w*
       |[\u201c\u201d\u201e\u00ab][^\u201c\u201d\u00bb"\r\n]*[\u201c\u201d\u00bb"]?)
  | (?P<word>[\w{_LETTER}]+)
  | (?P<wrong>[^\x00-\x7f{_LETTER}\u201c\u201d\u201e\u00ab]+|[~$`\\\x00-\x08\x0e-\x1f]+|[^ \t\f])
    """
    return re.compile(_PLAIN.replace("NO_LETTER", _LETTER) + rest, re.VERBOSE | re.ASCII)


_HIDDEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f]")
_BLANK = re.compile("[\u00a0\u2000-\u200a\u202f\u205f\u3000\ufeff]+")
_CLOSES: Final = {"(": ")", "[": "]", "{": "}"}
_MOST_OPEN: Final = 1000
"""With more brackets open at once, what follows is not read: the parser ends long before."""
_NEAR: Final = 64
"""So many of the innermost open brackets are looked at for one that is indented alike."""
_DECLARES: Final = frozenset((
    "fn", "function", "struct", "enum", "const", "state", "contract", "clause", "role", "proposal", "policy", "rule",
    "import", "exception", "param", "unit", "test", "trigger", "property", "electorate", "transition", "impl", "class",
))  # fmt: skip
_BRACKETS: Final = frozenset("()[]{}")
_ESCAPE = re.compile(r"\\(u\{([0-9a-fA-F]{1,6})\}|[\s\S])?")
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "\\": "\\", '"': '"', "'": "'", "{": "{", "}": "}"}


class Tokens:
    """The tokens of one text. The last is END, empty, at the end of the text.

    kinds, texts, starts: parallel. fresh: 1 where a line begins between the token and the one before it. closer: of an
    opening bracket's index, the index of its closing bracket, or of the token where it must end when it is `unclosed`.
    docs: of a token's index, the lines of `///` before it. skipped: indices of tokens before which something that was
    no token was reported and left out, so that no more needs to be said of what is missing there.
    """

    __slots__ = ("closer", "comments", "docs", "fresh", "kinds", "skipped", "source", "starts", "texts", "unclosed")

    def __init__(self, source: int) -> None:
        self.source = source
        self.kinds: list[str] = []
        self.texts: list[str] = []
        self.starts: list[int] = []
        self.fresh = bytearray()
        self.closer: dict[int, int] = {}
        self.unclosed: set[int] = set()
        self.comments: list[Comment] = []
        self.docs: dict[int, list[str]] = {}
        self.skipped: set[int] = set()

    def span(self, index: int) -> Span:
        """Where a token stands."""
        start = self.starts[index]
        return made_span((self.source, start, start + len(self.texts[index])))

    def cut(self, index: int) -> None:
        """End there: without the tokens from that index on."""
        end = self.starts[index]
        for kept in (self.kinds, self.texts, self.starts, self.fresh):
            del kept[index:]
        self.add(END, "", end, 1)

    def add(self, kind: str, text: str, start: int, fresh: int) -> None:
        """One more."""
        self.kinds.append(kind)
        self.texts.append(text)
        self.starts.append(start)
        self.fresh.append(fresh)


def tokens(sources: Sources, number: int, findings: Findings) -> Tokens:
    """The tokens of a text. A text longer than 1 MiB is reported and read as empty."""
    code = sources[number].code
    out = Tokens(number)
    if len(code) > MOST_CHARACTERS or len(code.encode("utf-8", "surrogatepass")) > MOST_CHARACTERS:
        findings.error("CCL0010", Span(number, 0, 0), "this text is longer than 1 MiB",
                       notes=("Split it: a contract can `import` another text or extend another contract.",),
                       )  # fmt: skip
        code = ""
    _read(code, out, findings)
    out.add(END, "", len(code), 1)
    _match(code, out)
    return out


def _read(code: str, out: Tokens, findings: Findings) -> None:
    """All tokens: those that are plain in one go, from each that is odd to the next."""
    most = len(findings.all) + MOST_ERRORS
    at, fresh = _plain(code, 0, 1, out, findings)
    while at < len(code) and len(findings.all) <= most:
        found = _any_token().match(code, at)
        assert found is not None, "some alternative matches any character but a blank"
        kind, text = found.lastgroup or MARK, found[0]
        if kind == NAME:
            out.add(kind, text, at, fresh)
            fresh = 0
        elif _odd(kind, text, at, fresh, out, findings):
            fresh = 0
        at, fresh = _plain(code, found.end(), fresh, out, findings)


def _plain(code: str, at: int, fresh: int, out: Tokens, findings: Findings) -> tuple[int, int]:
    """Tokens from there to the first that is odd, or the end. Where that is, and whether a line begins before it."""
    kinds, texts, starts, flags = out.kinds.append, out.texts.append, out.starts.append, out.fresh.append
    for found in _TOKEN.finditer(code, at):
        kind = found.lastgroup
        if kind == "line":
            fresh = 1
            continue
        text = found[0]
        if kind == "comment":
            _comment(text, found.start(), fresh, out, findings)
            fresh |= "\n" in text or "\r" in text
            continue
        if kind == "odd" or (kind == "string" and not _ends(text)):
            return found.start(), fresh
        kinds(kind or MARK)
        texts(text)
        starts(found.start())
        flags(fresh)
        fresh = 0
    return len(code), fresh


def _ends(text: str) -> bool:
    if text.startswith('"""'):
        return len(text) >= 6 and text.endswith('"""')
    return len(text) > 1 and text.endswith('"') and (text[-2] != "\\" or _TOKEN.fullmatch(text) is not None)


def _comment(text: str, start: int, fresh: int, out: Tokens, findings: Findings) -> None:
    span = Span(out.source, start, start + len(text))
    if text.startswith("/*") and (len(text) < 4 or not text.endswith("*/")):
        findings.error("CCL0003", Span(out.source, start, start + 2), "this comment is never closed",
                       label="it begins here", notes=("Close it with `*/`.",))  # fmt: skip
    if _HIDDEN.search(text):
        _hidden(text, start, out.source, findings)
    out.comments.append(Comment(span, text, bool(fresh)))
    if text.startswith("///") and not text.startswith("////"):
        out.docs.setdefault(len(out.kinds), []).append(text[3:].strip())
    elif text.startswith("/**") and len(text) > 4:
        lines = (line.strip().lstrip("*").strip() for line in text[3:-2].splitlines())
        out.docs.setdefault(len(out.kinds), []).extend(line for line in lines if line)


def _odd(kind: str, text: str, start: int, fresh: int, out: Tokens, findings: Findings) -> bool:
    """Report what is no token, and add the token that was meant. Whether one was added."""
    span = Span(out.source, start, start + len(text))
    if kind == "string":
        opening = '"""' if text.startswith('"""') else '"'
        where = "" if opening == '"""' else " on the same line"
        findings.error("CCL0002", Span(out.source, start, start + len(opening)), "this text is never closed",
                       label="it begins here", notes=(f"Close it with `{opening}`{where}.",),
                       fixes=(Fix(f"add `{opening}`", (Edit(Span(out.source, span.end, span.end), opening),), False),),
                       )  # fmt: skip
        out.add(STRING, text, start, fresh)
        out.skipped.add(len(out.kinds))
        return True
    if kind == "quoted":
        return _quoted(text, span, fresh, out, findings)
    if kind == "word":
        findings.error("CCL0008", span, f"`{text}` is not a name",
                       label="only the letters a-z, A-Z, digits and `_`",
                       notes=("Names keep to ASCII, so that no two look alike. Texts in quotes may use any letter.",),
                       )  # fmt: skip
        out.add(NAME, text, start, fresh)
        return True
    if _HIDDEN.search(text):
        _hidden(text, start, out.source, findings)
    elif _BLANK.fullmatch(text):
        findings.error("CCL0007", span, "this blank is not an ordinary space",
                       notes=("It was probably pasted from a word processor or a web page.",),
                       fixes=(Fix("put an ordinary space", (Edit(span, " "),)),))  # fmt: skip
    elif not (start == 0 and text == "\ufeff"):
        shown = text if text.isprintable() else f"U+{ord(text[0]):04X}"
        out.skipped.add(len(out.kinds))
        findings.error("CCL0001", span, f"`{shown[:20]}` means nothing here", label="remove it",
                       notes=("Only comments and texts in quotes may hold any character.",))  # fmt: skip
    return False


def _quoted(text: str, span: Span, fresh: int, out: Tokens, findings: Findings) -> bool:
    closed = len(text) > 1 and text[-1] in "'\u201c\u201d\u00bb\""
    inside = text[1:-1] if closed else text[1:]
    if text[0] == "'" and not closed:
        word = re.match(r"'[A-Za-z_]\w*", text)
        end = span.start + (word.end() if word else 1)
        findings.error("CCL0005", Span(span.source, span.start, end), "a text stands between double quotes",
                       label='write "..."; there are no lifetimes either')  # fmt: skip
        out.skipped.add(len(out.kinds))
        return False
    value = '"' + inside.replace('"', '\\"') + '"'
    findings.error("CCL0005", span, "a text stands between straight double quotes",
                   fixes=(Fix(f"write {value}", (Edit(span, value),)),))  # fmt: skip
    # The token keeps the length of what was written, so that spans stay right; its quotes are made straight.
    out.add(STRING, '"' + inside + '"' if closed else '"' + inside, span.start, fresh)
    return True


def _hidden(text: str, start: int, source: int, findings: Findings) -> None:
    for found in _HIDDEN.finditer(text):
        at = start + found.start()
        findings.error("CCL0006", Span(source, at, at + 1), f"a hidden character, U+{ord(found[0]):04X}, stands here",
                       notes=("It can make a text look other than what it says.",),
                       fixes=(Fix("remove it", (Edit(Span(source, at, at + 1), ""),)),))  # fmt: skip
        return


def _match(code: str, out: Tokens) -> None:
    """Pair the brackets. Where they do not pair up, do it once more by the indentation."""
    stack: list[int] = []
    closer = out.closer
    for index, text in enumerate(out.texts):
        if text not in _BRACKETS:
            continue
        if text in _CLOSES:
            stack.append(index)
            if len(stack) > _MOST_OPEN:
                out.cut(index + 1)
                break
        elif stack and _CLOSES[out.texts[stack[-1]]] == text:
            closer[stack.pop()] = index
        else:
            _match_by_indentation(code, out)
            return
    if stack:
        _match_by_indentation(code, out)


def _match_by_indentation(code: str, out: Tokens) -> None:
    """Pair the brackets of a text in which they do not pair up, as its lines are indented.

    An open bracket ends, unclosed, before a line that begins with a word of a declaration and is indented no deeper
    than the line of the bracket; a round one before a semicolon; and with the closing bracket of one around it. A brace
    that closes at the beginning of a line belongs to the one whose line is indented alike, if there is one.
    """
    out.closer.clear()
    pairing = _Pairing(out)
    indent = 0
    for index, text in enumerate(out.texts):
        fresh = out.fresh[index] == 1
        if fresh:
            start = out.starts[index]
            indent = start - max(code.rfind("\n", 0, start), code.rfind("\r", 0, start)) - 1
            if text in _DECLARES:
                pairing.end_deeper(index, indent - 1)
        if text == ";":
            pairing.end_round(index)
        elif text in _CLOSES:
            pairing.open(index, indent)
        elif text in _BRACKETS:
            pairing.close(index, indent if fresh else -1)
    pairing.end_deeper(len(out.texts) - 1, -1)


class _Pairing:
    """The open brackets, each with the indentation of its line, while they are paired by it."""

    def __init__(self, out: Tokens) -> None:
        self.out = out
        self.stack: list[tuple[int, int]] = []
        self.waiting = {")": 0, "]": 0, "}": 0}

    def open(self, index: int, indent: int) -> None:
        self.stack.append((index, indent))
        self.waiting[_CLOSES[self.out.texts[index]]] += 1

    def end_deeper(self, index: int, indent: int) -> None:
        """End those on lines indented deeper."""
        while self.stack and self.stack[-1][1] > indent:
            self._end(index)

    def end_round(self, index: int) -> None:
        """End the round ones that are innermost."""
        while self.stack and self.out.texts[self.stack[-1][0]] == "(":
            self._end(index)

    def close(self, index: int, indent: int) -> None:
        """Pair a closing bracket; indent: of its line if it begins one, else -1."""
        text = self.out.texts[index]
        near = [at for _, at in self.stack[-_NEAR:]]
        if not self.waiting[text] or (indent >= 0 and all(at < indent for at in near)):
            return
        if indent in near:
            self.end_deeper(index, indent)
        while self.stack:
            opening = self.stack[-1][0]
            self._end(index)
            if _CLOSES[self.out.texts[opening]] == text:
                self.out.unclosed.discard(opening)
                return

    def _end(self, index: int) -> None:
        opening, _ = self.stack.pop()
        self.waiting[_CLOSES[self.out.texts[opening]]] -= 1
        self.out.closer[opening] = index
        self.out.unclosed.add(opening)


def unquote(text: str, span: Span, findings: Findings) -> str:
    """The value of a string token; an escape that there is not is reported and stands for itself."""
    if text.startswith('"""'):
        return _dedented(text[3 : -3 if _ends(text) else len(text)])
    inside = text[1 : -1 if _ends(text) else len(text)]
    if _HIDDEN.search(inside):
        _hidden(inside, span.start + 1, span.source, findings)
    if "\\" not in inside:
        return inside

    def resolve(found: re.Match[str]) -> str:
        code = found[2]
        if code is not None and (point := int(code, 16)) < 0x110000 and not 0xD800 <= point < 0xE000:
            return chr(point)
        if code is None and found[1] in _ESCAPES:
            return _ESCAPES[found[1]]
        at = span.start + 1 + found.start()
        findings.error("CCL0004", Span(span.source, at, at + len(found[0])), f"`{found[0]}` is no escape",
                       notes=('There are \\n \\t \\r \\0 \\" \\\\ and \\u{...}. A backslash itself is written \\\\.',),
                       fixes=(Fix("write the backslash twice", (Edit(Span(span.source, at, at + 1), "\\\\"),), False),),
                       )  # fmt: skip
        return found[0]

    return _ESCAPE.sub(resolve, inside)


def _dedented(text: str) -> str:
    """A text over several lines, without its first line if that is blank and the indentation that all lines share."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not lines[0].strip():
        lines = lines[1:]
    shared = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "\n".join(line[shared:].rstrip() for line in lines).rstrip("\n")
