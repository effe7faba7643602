"""Walking a syntax tree, without recursion: a chain of four hundred additions is a tree of that depth."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Final

from ccl.source import Span
from ccl.syntax import tree

_FIELDS: Final[dict[type, tuple[str, ...]]] = {}


def _fields(kind: type[tree.Node]) -> tuple[str, ...]:
    found = _FIELDS.get(kind)
    if found is None:
        found = _FIELDS[kind] = tuple(f.name for f in dataclasses.fields(kind) if f.name != "span")
    return found


def children(node: tree.Node) -> Iterator[tree.Node]:
    """The nodes right below a node, in the order of its fields."""
    waiting: list[object] = [getattr(node, name) for name in reversed(_fields(type(node)))]
    while waiting:
        held = waiting.pop()
        if isinstance(held, tree.Node):
            yield held
        elif isinstance(held, tuple) and not isinstance(held, Span):
            waiting.extend(reversed(held))


def walk(node: tree.Node) -> Iterator[tree.Node]:
    """A node and all below it, each before what is in it."""
    todo = [node]
    while todo:
        at = todo.pop()
        yield at
        todo.extend(reversed(list(children(at))))
