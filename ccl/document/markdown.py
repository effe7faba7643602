"""A document as Markdown, with anchors that links reach in any renderer that lets `<a id>` through."""

from __future__ import annotations

import re
from html import escape

from ccl.document.model import Block, Document, Heading, Inline, Listing, Paragraph, Point, Points, Prose, Run, Table

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#])")


def markdown(document: Document) -> str:
    """The whole text, ended by a line feed."""
    return "\n\n".join(_block(block) for block in document.blocks).rstrip("\n") + "\n"


def _block(block: Block) -> str:
    match block:
        case Heading(level, text, anchor):
            place = f'<a id="{escape(anchor, quote=True)}"></a>' if level > 1 else ""
            return f"{'#' * level} {place}{_inline(text)}"
        case Paragraph(text, role):
            return f"> {_inline(text)}" if role == "text" else f"*{_inline(text)}*" if role == "note" else _inline(text)
        case Points(points):
            return "\n".join(_points(points, 0))
        case Table(_, head, rows):
            lines = [_row(head), "|" + " --- |" * len(head), *map(_row, rows)]
            return "\n".join(lines)
        case Listing(text):
            fence = "`" * max(3, max((len(m) for m in re.findall(r"`+", text)), default=0) + 1)
            return f"{fence}\n{text}\n{fence}"
        case Prose(text):
            return text.strip("\n")


def _points(points: tuple[Point, ...], depth: int) -> list[str]:
    lines: list[str] = []
    for point in points:
        lines.append(f"{'  ' * depth}- {_inline(point.text)}")
        lines += _points(point.points, depth + 1)
    return lines


def _row(cells: tuple[Inline, ...]) -> str:
    return "| " + " | ".join(_inline(cell) for cell in cells) + " |"


def _inline(text: Inline) -> str:
    return "".join(map(_run, text))


def _run(run: Run) -> str:
    if run.kind == "code":
        ticks = "`" * (max((len(m) for m in re.findall(r"`+", run.text)), default=0) + 1)
        pad = " " if run.text.startswith("`") or run.text.endswith("`") else ""
        inside = f"{ticks}{pad}{run.text}{pad}{ticks}"
    else:
        inside = _SPECIAL.sub(r"\\\1", " ".join(run.text.split("\n")))
        mark = {"strong": "**", "em": "*"}.get(run.kind, "")
        inside = f"{mark}{inside}{mark}"
    if run.kind == "strong" and run.to.startswith("#"):
        return f'<a id="{escape(run.to[1:], quote=True)}"></a>{inside}'
    if not run.to:
        return inside
    to = run.to if run.to.startswith(("#", "http")) else f"#{run.to}"
    return f"[{inside}]({to})"
