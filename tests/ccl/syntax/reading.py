"""What the tests of the syntax share: a text parsed, its nodes walked, a tree written down."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from ccl.diagnostics import Findings
from ccl.source import Sources
from ccl.syntax import parse, tree

HERE = Path(__file__).parent
SOURCES = sorted((HERE / "sources").glob("*.ccl"))


def parsed(text: str, name: str = "x.ccl") -> tuple[tree.File, Findings, Sources]:
    """The tree of a text, what was found, and the sources."""
    sources, findings = Sources(), Findings()
    return parse(sources, sources.add(name, text), findings), findings, sources


def codes(text: str) -> list[str]:
    """The codes of what is wrong with a text, in the order of place."""
    return [d.code for d in parsed(text)[1].sorted()]


def nodes(value: object) -> Iterator[tree.Node]:
    """A node and all within it, however deep."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, tree.Node):
            yield one
            waiting.extend(getattr(one, f.name) for f in dataclasses.fields(one) if f.name != "span")
        elif isinstance(one, tuple):
            waiting.extend(one)


def shown(value: object) -> str:
    """A tree in one line, without spans and what is empty; `(IntLit 5)` for IntLit(value=5)."""
    if isinstance(value, tree.Path | tree.Name):
        return value.text
    if isinstance(value, tree.Node):
        named = [(f.name, getattr(value, f.name)) for f in dataclasses.fields(value) if f.name not in ("span", "at")]
        parts = [(name, part) for name, part in named if part not in (None, (), "") and part is not False]
        inside = " ".join(part if name == "operator" else shown(part) for name, part in parts)
        return f"({type(value).__name__}{' ' * bool(inside)}{inside})"
    if isinstance(value, tuple):
        return "[" + " ".join(shown(v) for v in value) + "]"
    return str(value) if isinstance(value, Fraction | int) else repr(value)
