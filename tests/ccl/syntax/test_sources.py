"""Texts that are right: they parse without a finding, every span lies in the text, and the tree is the one meant."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from ccl.syntax import tree
from tests.ccl.syntax.reading import HERE, SOURCES, nodes, parsed, shown


@pytest.mark.parametrize("path", SOURCES, ids=[path.stem for path in SOURCES])
def test_a_right_text_parses_whole(path: Path) -> None:
    text = path.read_text()
    file, findings, _ = parsed(text)
    assert [(d.code, d.message) for d in findings.all] == []
    found = list(nodes(file))
    assert not any(isinstance(node, tree.Wrong) for node in found)
    assert all(0 <= node.span.start <= node.span.end <= len(text) for node in found)
    assert all(text[c.span.start : c.span.end] == c.text for c in file.comments)


def test_the_sources_show_every_kind_of_node() -> None:
    """What no source shows, no test of the formatter or of others would see either."""
    shown_kinds = {type(node) for path in SOURCES for node in nodes(parsed(path.read_text())[0])}
    kinds = {value for value in vars(tree).values() if isinstance(value, type) and issubclass(value, tree.Node)}
    told = {tree.Wrong, tree.TypeReference}  # of what is wrong only
    assert kinds - shown_kinds - told == {tree.Node}


def table(name: str) -> list[tuple[str, str]]:
    """Of a text table, what is written and, indented below it, the tree it is read as."""
    lines = (HERE / "trees" / f"{name}.txt").read_text().splitlines()
    return [(text, wanted.strip()) for text, wanted in zip(lines[::2], lines[1::2], strict=False)]


@pytest.mark.parametrize(("text", "wanted"), table("expressions"))
def test_an_expression_is_read_as(text: str, wanted: str) -> None:
    file, findings, _ = parsed(f"fn f() {{ let it = {text}; }}")
    assert findings.all == []
    function = file.items[0]
    assert isinstance(function, tree.FnDecl)
    assert function.body is not None
    let = function.body.statements[0]
    assert isinstance(let, tree.Let)
    assert shown(let.value) == wanted


@pytest.mark.parametrize(("text", "wanted"), table("statements"))
def test_a_statement_is_read_as(text: str, wanted: str) -> None:
    file, findings, _ = parsed(f"fn f() {{ {text} 0 }}")
    assert findings.all == []
    function = file.items[0]
    assert isinstance(function, tree.FnDecl)
    assert function.body is not None
    assert shown(function.body.statements[0]) == wanted
    assert shown(function.body.tail) == "(IntLit 0)"


def test_a_block_whose_last_statement_has_no_semicolon_has_it_as_value() -> None:
    file, findings, _ = parsed("fn f() { a(); b }\nfn g() { a(); b; }\nfn h() { if a { b } }")
    assert findings.all == []
    assert [shown(item.body.tail) for item in file.items if isinstance(item, tree.FnDecl) and item.body] == [
        "(PathExpr b)",
        "None",
        "(IfExpr (PathExpr a) (Block (PathExpr b)))",
    ]


def test_an_entry_in_a_proposal_says_a_type_or_a_value() -> None:
    lines = ("a: string", "b: token<USD>", "c: token<USD>(5)", "d: [did]", "e: [vote]", "f: Kind = 3", "g: Member")
    text = "proposal P {\n" + "\n".join(lines) + "\n}"
    file, findings, _ = parsed(text)
    assert findings.all == []
    proposal = file.items[0]
    assert isinstance(proposal, tree.ProposalDecl)
    assert {e.name.text: (e.type is not None, e.value is not None) for e in proposal.entries} == {
        "a": (True, False), "b": (True, False), "c": (False, True), "d": (True, False), "e": (False, True),
        "f": (True, True), "g": (False, True),
    }  # fmt: skip


def test_comments_are_kept_and_docs_stand_with_their_item() -> None:
    file, _, _ = parsed("// one\nfn a() {} // two\n/// of b\n/* three */ fn b() {}")
    assert [(c.text, c.own_line) for c in file.comments] == [
        ("// one", True), ("// two", False), ("/// of b", True), ("/* three */", True),
    ]  # fmt: skip
    described = file.items[1]
    assert isinstance(described, tree.Described)
    assert described.doc == "of b"


def test_long_texts_lose_the_indentation_that_their_lines_share() -> None:
    file, _, _ = parsed('clause "1" on a.b """\n    One.\n      Two.\n    """ { permit }')
    clause = file.items[0]
    assert isinstance(clause, tree.ClauseDecl)
    assert clause.text is not None
    assert clause.text.value == "One.\n  Two."


def test_numbers_are_exact() -> None:
    file, _, _ = parsed("const A: Ratio = 0.1;")
    const = file.items[0]
    assert isinstance(const, tree.ConstDecl)
    assert isinstance(const.value, tree.DecimalLit)
    assert const.value.value == Fraction(1, 10)
