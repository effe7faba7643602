"""One layout for all: 120 characters a line, four blanks a level, every comment and every token kept.

Formatting changes blanks and line ends only (and the last comma of a list, which stands where the list is broken over
lines). What comes out is parsed again and compared before anybody gets it, so a text never changes its meaning. Of
Markdown only the insides of the `ccl` fences are touched. Authors' choices that stay: one free line between elements,
and whether a short block stands on one line.
"""

from __future__ import annotations

from ccl.diagnostics import Findings
from ccl.format.constructs import shape_of
from ccl.format.layout import WIDTH
from ccl.format.pieces import Emission, laid_out
from ccl.format.sameness import difference
from ccl.source import Sources, fences
from ccl.syntax import parse
from ccl.syntax.lexer import tokens


def formatted(name: str, text: str, findings: Findings, *, width: int = WIDTH) -> str | None:
    """The text as it should stand; None if it has syntax errors, which are then in `findings`.

    The name tells Markdown from plain CCL (`ccl.source.Source`). Line ends are those of the text's first line.
    """
    sources = Sources()
    number = sources.add(name, text)
    file = parse(sources, number, findings)
    if findings.failed:
        return None
    source = sources[number]
    inside = fences(text) if source.markdown else [(0, len(text))]
    shape = shape_of(file, tokens(sources, number, Findings()))
    parts = laid_out(Emission(source.code, shape, file.comments, inside).run(), width)
    result = _woven(text, inside, parts) if source.markdown else parts[0]
    again = Sources()
    told = Findings()
    changed = difference(file, parse(again, again.add(name, result), told))
    assert not changed, f"formatting would change {changed}"
    assert not told.failed, f"formatting would make an error: {told.all[0].message}"
    first_end = text.find("\n")
    return result.replace("\n", "\r\n") if first_end > 0 and text[first_end - 1] == "\r" else result


def _woven(text: str, inside: list[tuple[int, int]], parts: list[str]) -> str:
    """A document with the parts in place of the insides of its fences."""
    out: list[str] = []
    at = 0
    for (start, end), part in zip(inside, parts, strict=False):
        out.append(text[at:start].replace("\r\n", "\n"))
        out.append("\n" + part if text[start:end].strip() else text[start:end].replace("\r\n", "\n"))
        at = end
    out.append(text[at:].replace("\r\n", "\n"))
    return "".join(out)
