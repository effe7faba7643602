"""A document as one HTML file: no script, nothing loaded; for a screen reader, for paper, with or without its style."""

from __future__ import annotations

from html import escape

from ccl.document.model import (
    Block,
    Document,
    Heading,
    Inline,
    Listing,
    Paragraph,
    Point,
    Points,
    Prose,
    Run,
    Table,
    plain,
)
from ccl.document.outline import contents
from ccl.document.prose import html_of

_STYLE = """
:root { color-scheme: light dark; --line: #767676; --quiet: #595959; --link: #0b57a4; }
@media (prefers-color-scheme: dark) { :root { --line: #8a8a8a; --quiet: #b5b5b5; --link: #8ab8f0; } }
body { font: 1.05rem/1.55 Georgia, "Times New Roman", serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2, h3, h4, h5, h6, nav, th, caption { font-family: system-ui, sans-serif; line-height: 1.25; }
h2 { border-bottom: 1px solid var(--line); padding-bottom: .2rem; margin-top: 2.5rem; }
h3 { margin-top: 2rem; }
a { color: var(--link); }
a.anchor { color: var(--quiet); text-decoration: none; margin-left: .4rem; font-weight: normal; }
p.text { border-left: .25rem solid var(--line); padding-left: .8rem; }
p.scope, p.note { color: var(--quiet); font-size: .95rem; }
table { border-collapse: collapse; margin: 1rem 0; }
caption { text-align: left; font-weight: bold; padding-bottom: .3rem; }
th, td { border: 1px solid var(--line); padding: .3rem .6rem; text-align: left; vertical-align: top; }
code, pre { font: .9em/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { overflow-x: auto; white-space: pre-wrap; }
.skip { position: absolute; left: -999rem; }
.skip:focus { position: static; }
@media print {
  body { max-width: none; margin: 0; font-size: 11pt; color: #000; }
  nav, .skip, a.anchor { display: none; }
  a { color: inherit; text-decoration: none; }
  h1, h2, h3, h4 { break-after: avoid; }
  tr, li, p { break-inside: avoid; }
  @page { margin: 2cm; }
}
""".strip()


def html(document: Document) -> str:
    """The whole file."""
    title = escape(document.title)
    language = escape(document.language, quote=True)
    anchors = _Anchors()
    for block in document.blocks:
        if isinstance(block, Heading):
            anchors.taken.add(block.anchor)
    body = "\n".join(_block(block, anchors) for block in document.blocks)
    toc = _contents(document)
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{title}</title>\n'
        f"<style>\n{_STYLE}\n</style>\n</head>\n<body>\n"
        f'<a class="skip" href="#content">Skip to the text</a>\n{toc}'
        f'<main id="content">\n{body}\n</main>\n</body>\n</html>\n'
    )


class _Anchors:
    """Anchors of headings in prose, each once."""

    def __init__(self) -> None:
        self.taken: set[str] = set()

    def __call__(self, text: str) -> str:
        base = "-".join("".join(c if c.isalnum() else " " for c in text.lower()).split()) or "section"
        anchor, number = base, 1
        while anchor in self.taken:
            number += 1
            anchor = f"{base}-{number}"
        self.taken.add(anchor)
        return anchor


def _contents(document: Document) -> str:
    entries = contents(document)
    if len(entries) < 2:
        return ""
    out = ['<nav aria-label="Contents">\n<ul>']
    inner = False
    opened = False
    for level, text, anchor in entries:
        if level == 3 and not inner and opened:
            out.append("<ul>")
            inner = True
        elif level == 2 and inner:
            out.append("</li></ul></li>")
            inner = False
        elif opened:
            out.append("</li>")
        out.append(f'<li><a href="#{escape(anchor, quote=True)}">{escape(plain(text))}</a>')
        opened = True
    out.append("</li></ul></li>" if inner else "</li>")
    out.append("</ul>\n</nav>\n")
    return "\n".join(out)


def _block(block: Block, anchors: _Anchors) -> str:
    match block:
        case Heading(level, text, anchor):
            to = escape(anchor, quote=True)
            link = f'<a class="anchor" href="#{to}" aria-label="Link to {escape(plain(text), quote=True)}">¶</a>'
            return f'<h{level} id="{to}">{_inline(text)}{link if level > 1 else ""}</h{level}>'
        case Paragraph(text, role):
            style = f' class="{role}"' if role else ""
            return f"<p{style}>{_inline(text)}</p>"
        case Points(points, numbered):
            return _points(points, numbered)
        case Table(caption, head, rows):
            return _table(caption, head, rows)
        case Listing(text):
            return f"<pre><code>{escape(text)}</code></pre>"
        case Prose(markdown):
            return html_of(markdown, anchors)


def _points(points: tuple[Point, ...], numbered: bool = False) -> str:
    tag = "ol" if numbered else "ul"
    inside = "".join(f"<li>{_inline(p.text)}{_points(p.points) if p.points else ''}</li>\n" for p in points)
    return f"<{tag}>\n{inside}</{tag}>"


def _table(caption: str, head: tuple[Inline, ...], rows: tuple[tuple[Inline, ...], ...]) -> str:
    top = "".join(f'<th scope="col">{_inline(cell)}</th>' for cell in head)
    body = "\n".join(
        f'<tr><th scope="row"{_row_anchor(row[0])}>{_inline(row[0], anchored=True)}</th>'
        + "".join(f"<td>{_inline(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return (f"<table>\n<caption>{escape(caption)}</caption>\n<thead><tr>{top}</tr></thead>\n"
            f"<tbody>\n{body}\n</tbody>\n</table>")  # fmt: skip


def _row_anchor(cell: Inline) -> str:
    """A row whose head is a declared name is where links to that name lead."""
    run = cell[0] if cell else Run("")
    return f' id="{escape(run.to[1:], quote=True)}"' if run.kind == "strong" and run.to.startswith("#") else ""


def _inline(text: Inline, *, anchored: bool = False) -> str:
    return "".join(_run(run, anchored) for run in text)


def _run(run: Run, anchored: bool) -> str:
    inside = escape(run.text)
    tag = {"code": "code", "strong": "strong", "em": "em"}.get(run.kind)
    if run.kind == "strong" and run.to.startswith("#"):  # the declaration itself: the place that links lead to
        place = "" if anchored else f' id="{escape(run.to[1:], quote=True)}"'
        return f"<strong{place}>{inside}</strong>"
    if tag:
        inside = f"<{tag}>{inside}</{tag}>"
    if not run.to:
        return inside
    to = run.to if run.to.startswith(("#", "http")) else f"#{run.to}"
    return f'<a href="{escape(to, quote=True)}">{inside}</a>'
