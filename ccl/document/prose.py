"""Markdown that authors of bylaws write, as HTML: headings, paragraphs, lists, quotes, tables, rules, emphasis, links.

The subset of CommonMark (https://spec.commonmark.org) that prose needs. Everything is escaped: HTML in the source shows
as text, and only http, https, mailto and links within the document become links.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape

_ITEM = re.compile(r"( *)([-*+]|\d{1,9}[.)])(?: +|$)(.*)")
_HEADING = re.compile(r" {0,3}(#{1,6})(?: +(.*?))?(?: +#+)? *$")
_RULE = re.compile(r" {0,3}(?:(?:- *){3,}|(?:\* *){3,}|(?:_ *){3,})$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_DELIMITER = re.compile(r" *\|?(?: *:?-+:? *\|)+(?: *:?-+:? *)?\|? *$")
_LINK = re.compile(r"\[([^\[\]]*)\]\(([^()\s]*)(?: +\"[^\"]*\")?\)")
_SPAN = re.compile(
    r"(`+)(.+?)\1(?!`)|\*\*(\S(?:.*?\S)?)\*\*|(?<![*\w])[*_](\S(?:[^*_]*?\S)?)[*_](?![*\w])|\\([!-/:-@\[-`{-~])"
)
_SAFE = ("http://", "https://", "mailto:", "#")
MOST_NESTED = 16
"""Quotes and lists within each other; deeper ones are shown as text."""


def html_of(markdown: str, anchor: Callable[[str], str], depth: int = 0) -> str:
    """HTML blocks. anchor: makes the id of a heading out of its text."""
    return "\n".join(_Blocks(markdown.splitlines(), anchor, depth).run())


class _Blocks:
    """Reads lines into blocks, one by one."""

    def __init__(self, lines: list[str], anchor: Callable[[str], str], depth: int) -> None:
        self.lines = lines
        self.anchor = anchor
        self.depth = depth
        self.at = 0
        self.out: list[str] = []

    def run(self) -> list[str]:
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if not line.strip():
                self.at += 1
            elif not any(reader() for reader in (self._heading, self._fence, self._rule, self._table, self._nested)):
                self._paragraph()
        return self.out

    def _heading(self) -> bool:
        found = _HEADING.match(self.lines[self.at])
        if found is None:
            return False
        text = found[2] or ""
        level = len(found[1])
        self.out.append(f'<h{level} id="{escape(self.anchor(text))}">{inline_html(text)}</h{level}>')
        self.at += 1
        return True

    def _fence(self) -> bool:
        found = _FENCE.match(self.lines[self.at])
        if found is None:
            return False
        self.at += 1
        inside: list[str] = []
        while self.at < len(self.lines) and not self.lines[self.at].strip().startswith(found[1]):
            inside.append(self.lines[self.at])
            self.at += 1
        self.at += 1
        self.out.append(f"<pre><code>{escape(chr(10).join(inside))}</code></pre>")
        return True

    def _rule(self) -> bool:
        if _RULE.match(self.lines[self.at]) is None:
            return False
        self.out.append("<hr>")
        self.at += 1
        return True

    def _table(self) -> bool:
        if self.at + 1 >= len(self.lines) or "|" not in self.lines[self.at]:
            return False
        if _DELIMITER.match(self.lines[self.at + 1]) is None:
            return False
        head = _cells(self.lines[self.at])
        self.at += 2
        rows = []
        while self.at < len(self.lines) and "|" in self.lines[self.at]:
            rows.append(_cells(self.lines[self.at]))
            self.at += 1
        top = "".join(f'<th scope="col">{inline_html(cell)}</th>' for cell in head)
        body = "".join(f"<tr>{''.join(f'<td>{inline_html(cell)}</td>' for cell in row)}</tr>" for row in rows)
        self.out.append(f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>")
        return True

    def _nested(self) -> bool:
        return self.depth < MOST_NESTED and (self._quote() or self._list())

    def _quote(self) -> bool:
        inside = []
        while self.at < len(self.lines) and (found := re.match(r" {0,3}> ?(.*)", self.lines[self.at])):
            inside.append(found[1])
            self.at += 1
        if inside:
            quoted = "\n".join(_Blocks(inside, self.anchor, self.depth + 1).run())
            self.out.append(f"<blockquote>{quoted}</blockquote>")
        return bool(inside)

    def _list(self) -> bool:
        first = _ITEM.match(self.lines[self.at])
        if first is None or len(first[1]) > 3:
            return False
        numbered = first[2][0].isdigit()
        items: list[list[str]] = []
        while self.at < len(self.lines):
            line = self.lines[self.at]
            found = _ITEM.match(line)
            if found and len(found[1]) < 2 and found[2][0].isdigit() == numbered:
                items.append([found[3]])
                width = len(line) - len(found[3]) if found[3] else len(found[1]) + len(found[2]) + 1
            elif not line.strip():
                if self.at + 1 >= len(self.lines) or not self.lines[self.at + 1].startswith(" "):
                    following = _ITEM.match(self.lines[self.at + 1]) if self.at + 1 < len(self.lines) else None
                    if following is None or following[2][0].isdigit() != numbered:
                        break
                items[-1].append("")
            elif len(line) - len(line.lstrip()) >= min(width, 2):
                items[-1].append(line[min(width, len(line) - len(line.lstrip())) :])
            elif items[-1][-1] and not _begins_block(line):
                items[-1].append(line)
            else:
                break
            self.at += 1
        tag = "ol" if numbered else "ul"
        start = f' start="{int(first[2][:-1])}"' if numbered and first[2][:-1] != "1" else ""
        inside = "".join(f"<li>{self._item(lines)}</li>" for lines in items)
        self.out.append(f"<{tag}{start}>{inside}</{tag}>")
        return True

    def _item(self, lines: list[str]) -> str:
        blocks = _Blocks(lines, self.anchor, self.depth + 1).run()
        if blocks and blocks[0].startswith("<p>"):
            blocks[0] = blocks[0][3:-4]
        return "\n".join(blocks)

    def _paragraph(self) -> None:
        lines = [self.lines[self.at].strip()]
        self.at += 1
        while self.at < len(self.lines) and self.lines[self.at].strip() and not _begins_block(self.lines[self.at]):
            lines.append(self.lines[self.at].strip())
            self.at += 1
        self.out.append(f"<p>{inline_html(chr(10).join(lines))}</p>")


def _begins_block(line: str) -> bool:
    return any(p.match(line) for p in (_HEADING, _RULE, _FENCE, _ITEM)) or line.lstrip().startswith(">")


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().removeprefix("|").removesuffix("|"))]


def inline_html(text: str) -> str:
    """Emphasis, code and links of one paragraph, everything else escaped."""
    out: list[str] = []
    at = 0
    for found in _LINK.finditer(text):
        out.append(_spans(text[at : found.start()]))
        address = found[2]
        if address.startswith(_SAFE) or re.fullmatch(r"[\w./#-]+", address):
            out.append(f'<a href="{escape(address)}">{_spans(found[1])}</a>')
        else:
            out.append(_spans(found[0]))
        at = found.end()
    out.append(_spans(text[at:]))
    return "".join(out)


def _spans(text: str) -> str:
    out: list[str] = []
    at = 0
    for found in _SPAN.finditer(text):
        out.append(escape(text[at : found.start()]))
        if found[1]:
            out.append(f"<code>{escape(found[2].strip())}</code>")
        elif found[3]:
            out.append(f"<strong>{_spans(found[3])}</strong>")
        elif found[4]:
            out.append(f"<em>{escape(found[4])}</em>")
        else:
            out.append(escape(found[5]))
        at = found.end()
    out.append(escape(text[at:]))
    return "".join(out)
