"""A document: headings, paragraphs, lists, tables, made of runs of text. It knows neither CCL nor HTML nor Markdown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Run:
    """A run of text. kind: "" plain, "code", "strong" or "em". to: the anchor or address it links to, '' for none."""

    text: str
    kind: str = ""
    to: str = ""


Inline = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is the document's title. anchor: what a link to it names."""

    level: int
    text: Inline
    anchor: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph. role: "" or what it is for ("text" of a clause, "scope", "note"), for style only."""

    text: Inline
    role: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a list, with points under it."""

    text: Inline
    points: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class Points:
    """A list; numbered or not."""

    points: tuple[Point, ...]
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a caption and a head."""

    caption: str
    head: tuple[Inline, ...]
    rows: tuple[tuple[Inline, ...], ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """A text in fixed pitch."""

    text: str


@dataclass(frozen=True, slots=True)
class Prose:
    """Markdown that an author wrote, as it is."""

    markdown: str


Block = Heading | Paragraph | Points | Table | Listing | Prose


@dataclass(frozen=True, slots=True)
class Document:
    """A whole document. language: a tag of BCP 47."""

    title: str
    language: str
    blocks: tuple[Block, ...]


def runs(*parts: str | Run | Inline) -> Inline:
    """An inline of its parts; plain texts that meet are joined."""
    out: list[Run] = []
    for part in parts:
        for run in (Run(part),) if isinstance(part, str) else (part,) if isinstance(part, Run) else part:
            if out and not run.kind and not run.to and not out[-1].kind and not out[-1].to:
                out[-1] = Run(out[-1].text + run.text)
            elif run.text:
                out.append(run)
    return tuple(out)


def listed(parts: list[Inline], word: str) -> Inline:
    """`a`, `a or b`, `a, b or c`."""
    if len(parts) < 2:
        return parts[0] if parts else ()
    out: list[str | Run | Inline] = []
    for i, part in enumerate(parts):
        if i:
            out.append(f" {word} " if i == len(parts) - 1 else ", ")
        out.append(part)
    return runs(*out)


def capitalised(text: Inline) -> Inline:
    """With a capital at its beginning, unless it begins with a name or code."""
    if not text or text[0].kind:
        return text
    head = text[0]
    return (Run(head.text[:1].upper() + head.text[1:], head.kind, head.to), *text[1:])


def plain(text: Inline) -> str:
    """The letters alone."""
    return "".join(run.text for run in text)
