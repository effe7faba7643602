"""Whether two trees say the same, wherever they stand: what formatting must keep."""

from __future__ import annotations

import dataclasses

from ccl.source import Span
from ccl.syntax import tree


def difference(a: tree.File, b: tree.File) -> str:
    """In what two files differ but for places, '' if in nothing. Walks without recursion."""
    if [_words(c) for c in a.comments] != [_words(c) for c in b.comments]:
        return "the comments"
    todo: list[tuple[object, object]] = [(a.items, b.items)]
    while todo:
        left, right = todo.pop()
        if isinstance(left, Span) and isinstance(right, Span):
            continue
        if type(left) is not type(right):
            return f"a {type(left).__name__} into a {type(right).__name__}"
        if isinstance(left, tree.Name) and isinstance(right, tree.Name):
            # A column's name may be a whole expression, blanks and all.
            if "".join(left.text.split()) != "".join(right.text.split()):
                return f"the name {left.text} into {right.text}"
        elif isinstance(left, tuple) and isinstance(right, tuple):
            if len(left) != len(right):
                return f"how many there are: {left[:1]} .. {right[:1]}"
            todo.extend(zip(left, right, strict=True))
        elif isinstance(left, tree.Node):
            todo.extend((getattr(left, f.name), getattr(right, f.name)) for f in dataclasses.fields(left))
        elif left != right:
            return f"{left!r} into {right!r}"
    return ""


def _words(comment: tree.Comment) -> str:
    return "\n".join(line.rstrip() for line in comment.text.splitlines())
