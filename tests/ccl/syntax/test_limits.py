"""Limits: 200 levels of each kind of nesting are read, 201 are an error; so is a text over 1 MiB; time is linear."""

from __future__ import annotations

import sys
import time

import pytest

from ccl.source import MOST_CHARACTERS
from ccl.syntax.cursor import MOST_NESTED
from ccl.syntax.operators import MOST_HIGH
from tests.ccl.syntax.reading import codes, nodes, parsed

KINDS = {
    "brackets": ("fn f() {{ {} }}", "(", "1", ")", 1),
    "sums in brackets": ("fn f() {{ {} }}", "1 + (", "1", ")", 1),
    "lists": ("fn f() {{ {} }}", "[", "1", "]", 1),
    "maps": ("fn f() {{ {} }}", '{"a": ', "1", "}", 1),
    "calls": ("fn f() {{ {} }}", "g(", "1", ")", 1),
    "named arguments": ("fn f() {{ {} }}", "1 - g(a: ", "1", ")", 1),
    "indices": ("fn f() {{ {} }}", "g[", "1", "]", 1),
    "structs": ("fn f() {{ {} }}", "G { a: ", "1", "}", 1),
    "blocks": ("fn f() {}", "{", "1", "}", 0),
    "ifs": ("fn f() {{ {} }}", "if a {", "1", "}", 1),
    "elses": ("fn f() {{ {} }}", "if a {} else {", "1", "}", 1),
    "chains of else": ("fn f() {{ {} }}", "if a {} else ", "if b {}", "", 2),
    "bound ifs": ("fn f() {{ {} }}", "let x = 1 + if a {", "1", "};", 1),
    "matches": ("fn f() {{ {} }}", "match a { b => ", "1", "}", 1),
    "loops": ("fn f() {{ {} }}", "while a {", "1;", "}", 1),
    "fors": ("fn f() {{ {} }}", "for a in b {", "1;", "}", 1),
    "negations": ("fn f() {{ {} }}", "!", "a", "", 0),
    "minuses": ("fn f() {{ {} }}", "- ", "a", "", 0),
    "closures": ("fn f() {{ {} }}", "|a| ", "a", "", 1),
    "returns": ("fn f() {{ {} }}", "return ", "a", "", 1),
    "tries": ("fn f() {{ {} }}", "try ", "a", "", 1),
    "types": ("fn f(a: {}) {{}}", "Array<", "T", ">", 0),
    "list types": ("fn f(a: {}) {{}}", "[", "T", "]", 0),
    "tuple types": ("fn f(a: {}) {{}}", "(A, ", "T", ")", 0),
    "patterns": ("fn f() {{ let {} = 1; }}", "(a, ", "b", ")", 1),
    "variants": ("fn f() {{ let {} = 1; }}", "Some(", "b", ")", 1),
    "functions": ("{}", "fn f() {", "1", "}", 0),
    "contracts": ("{}", "contract A {", "", "}", 0),
}
"""Around it, what opens, what is inside, what closes, and how many levels stand around or within."""


def nested(kind: str, levels: int) -> str:
    """A text nested so deep in all."""
    around, opens, inside, closes, used = KINDS[kind]
    count = levels - used
    return around.format(opens * count + inside + closes * count)


@pytest.mark.parametrize("kind", KINDS)
def test_two_hundred_levels_are_read_and_one_more_is_an_error(kind: str) -> None:
    file, findings, _ = parsed(nested(kind, MOST_NESTED))
    assert [d.message for d in findings.all] == []
    assert len(list(nodes(file))) > MOST_NESTED - 2 or kind == "brackets"
    assert codes(nested(kind, MOST_NESTED + 1)) == ["CCL0011"]


@pytest.mark.parametrize("kind", KINDS)
def test_reading_never_needs_more_than_four_frames_a_level(kind: str) -> None:
    """So that what is read does not depend on how deep the caller stands, as long as it is not very deep."""
    frame, depth = sys._getframe(), 0
    while frame is not None:
        depth, frame = depth + 1, frame.f_back  # type: ignore[assignment]
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(depth + 4 * MOST_NESTED + 60)
    try:
        found = codes(nested(kind, MOST_NESTED))
    finally:
        sys.setrecursionlimit(before)
    assert found == []


@pytest.mark.parametrize("unit", ["a + ", "a.b", ".c", "a && ", "f()", "[0]"])
def test_a_chain_may_be_long_but_not_without_end(unit: str) -> None:
    link = {"a.b": ".b", "f()": "()"}.get(unit, unit)
    assert codes("fn f() { x" + (" " if link[0] == "a" else "") + _chain(link, MOST_HIGH - 10) + "; }") == []
    assert codes("fn f() { x" + _chain(link, MOST_HIGH + 10) + "; }") == ["CCL0011"]


def _chain(link: str, count: int) -> str:
    return (" + a" if link == "a + " else " && a" if link == "a && " else link) * count


def test_a_hundred_thousand_brackets_are_one_error_at_once() -> None:
    begun = time.perf_counter()
    assert codes("(" * 100_000) == ["CCL0011"]
    assert time.perf_counter() - begun < 1


def test_a_text_over_the_limit_is_one_error() -> None:
    assert codes("/" * (MOST_CHARACTERS + 1)) == ["CCL0010"]
    assert codes("//" + "é" * (MOST_CHARACTERS // 2)) == ["CCL0010"]
    assert codes("//" + "a" * (MOST_CHARACTERS - 2)) == []


GARBAGE = [
    "(){}[];", "+ ", "a b ", ") ", "@a ", "@a() ", "a<", "if a {} else ", '"x" ', "1 ", '"\n', "\\`", "fn f(", "| ",
    'test "a" { | a | expect | ', "fn f() { ) } ", "let x = 1 let y = 2 ", "a: ", "'", "é ", "match x { ", "/*",
]  # fmt: skip


@pytest.mark.parametrize("unit", GARBAGE)
def test_garbage_takes_time_in_proportion_and_tells_no_end_of_errors(unit: str) -> None:
    size = 60_000

    def seconds(length: int) -> float:
        text = (unit * (length // len(unit) + 1))[:length]
        begun = time.perf_counter()
        assert len(codes(text)) <= 2 * 1001
        return time.perf_counter() - begun

    once = min(seconds(size) for _ in range(2))
    assert seconds(4 * size) < max(16 * once, 0.5)
