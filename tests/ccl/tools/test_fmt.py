"""One layout: stable, every comment and token kept, no line too long that can be broken, Markdown prose untouched."""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ccl import catalogue_lint, catalogue_syntax, catalogue_tests
from ccl.diagnostics import Findings
from ccl.format import formatted
from ccl.format.layout import Break, Close, Cut, Open, Piece, Text, parts_of
from ccl.format.sameness import difference
from ccl.source import Sources
from ccl.syntax import parse
from ccl.syntax.lexer import tokens
from ccl.tools import fmt

HERE = Path(__file__).parent
SOURCES = [p for folder in (HERE / "sources", HERE.parent / "syntax" / "sources") for p in sorted(folder.iterdir())]


def laid_out(text: str, name: str = "x.ccl") -> str:
    """Formatted; the text has no errors."""
    findings = Findings()
    result = formatted(name, text, findings)
    assert result is not None, findings.all
    return result


def parses(text: str, name: str = "x.ccl") -> bool:
    findings, sources = Findings(), Sources()
    parse(sources, sources.add(name, text), findings)
    return not findings.failed


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_sources_come_out_stable_short_and_the_same(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    once = laid_out(text, path.name)
    assert laid_out(once, path.name) == once
    assert not [line for line in once.splitlines() if len(line) > 120 and line.count('"') < 2], "only texts may be long"
    assert not [line for line in once.splitlines() if line != line.rstrip() and path.suffix == ".ccl"]
    sources = Sources()
    before = parse(sources, sources.add(path.name, text), Findings())
    after = parse(sources, sources.add(path.name, once), Findings())
    assert difference(before, after) == ""
    assert len(before.comments) == len(after.comments)


@pytest.mark.parametrize("width", [60, 25, 1])
@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_wherever_lines_break_it_says_the_same(path: Path, width: int) -> None:
    """Broken at every place where a line may break: `formatted` parses it again and compares."""
    text = path.read_text(encoding="utf-8")
    once = formatted(path.name, text, Findings(), width=width)
    assert once is not None
    assert formatted(path.name, once, Findings(), width=width) == once


EXAMPLES = [
    half
    for block in (catalogue_syntax, catalogue_lint, catalogue_tests)
    for entry in block.ENTRIES.values()
    for half in entry.example.split("// instead:\n")
    if parses(half)
]


@pytest.mark.parametrize("width", [120, 1])
def test_the_examples_of_the_catalogues_too(width: int) -> None:
    for text in EXAMPLES:
        once = formatted("x.ccl", text, Findings(), width=width)
        assert once is not None
        assert formatted("x.ccl", once, Findings(), width=width) == once


NAMES = st.sampled_from(("a", "total", "member_count", "limit", "x1"))
ATOMS = st.one_of(
    NAMES,
    st.integers(0, 10**6).map(str),
    st.sampled_from(
        ("12.5%", "500 CREDIT", "7 days", '"a text"', "true", "did:key:ann", "2026-01-31", "command.amount")
    ),
)


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(("+", "-", "*", "/", "and", "||", "==", "<=", "in"))
    return st.one_of(
        st.tuples(inner, operators, inner).map(lambda t: f"({t[0]}){t[1]} ({t[2]})"),
        st.tuples(NAMES, st.lists(inner, max_size=4)).map(lambda t: f"{t[0]}({','.join(t[1])})"),
        st.lists(inner, max_size=9).map(lambda items: f"[{', '.join(items)}]"),
        st.tuples(inner, inner, inner).map(lambda t: f"if ({t[0]}){{{t[1]}}}else{{{t[2]}}}"),
        st.tuples(NAMES, inner).map(lambda t: f"match {t[0]} {{Some(v)=>{t[1]},_=>0}}"),
        inner.map(lambda e: f"!({e})"),
        inner.map(lambda e: f"xs.map(|x|{e})"),
    )


@settings(max_examples=150, deadline=None)
@given(expr=st.recursive(ATOMS, _grown, max_leaves=25), width=st.sampled_from((120, 40, 1)))
def test_generated_expressions_come_out_stable(expr: str, width: int) -> None:
    text = f"fn f() {{ let it={expr};require {expr} because key;\n it }}"
    assume(parses(text))
    once = formatted("x.ccl", text, Findings(), width=width)
    assert once is not None
    assert formatted("x.ccl", once, Findings(), width=width) == once


GAPS = st.sampled_from(("", "\n", "\n\n\n", "   ", " /* c */ ", " // c\n", "\n// own\n", "/* a\n b */"))


@settings(max_examples=60, deadline=None)
@given(path=st.sampled_from(SOURCES), data=st.data())
def test_blanks_and_comments_anywhere_change_nothing_else(path: Path, data: st.DataObject) -> None:
    """Whatever stands between the tokens: comments are kept, the tree is (`formatted` asserts it), twice is once."""
    text = path.read_text(encoding="utf-8")
    sources = Sources()
    read = tokens(sources, sources.add(path.name, text), Findings())
    places = data.draw(st.lists(st.integers(0, len(read.starts) - 1), max_size=12, unique=True))
    for index in sorted(places, reverse=True):
        at = read.starts[index]
        text = text[:at] + data.draw(GAPS) + text[at:]
    if parses(text, path.name):
        once = laid_out(text, path.name)
        assert laid_out(once, path.name) == once


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("fn f( a:Integer )->Integer{a+1}", "fn f(a: Integer) -> Integer { a + 1 }\n"),
        ("fn f() {\n\n  let x=-1;\n\n\n  let y=!z;\n\n}\n", "fn f() {\n    let x = -1;\n\n    let y = !z;\n}\n"),
        ("const A: Array<Integer,max 5> = [1,2,];", "const A: Array<Integer, max 5> = [1, 2];\n"),
        ("const A: (Integer,) = (1,);", "const A: (Integer,) = (1,);\n"),
        ("fn f(){ a();b(); }", "fn f() {\n    a();\n    b();\n}\n"),
        ('fn f() { require(a , "m"); }', 'fn f() { require(a, "m"); }\n'),
        ("fn f() { require(a||b)&&c; }", "fn f() { require (a || b) && c; }\n"),
        ("// only\n\n\n// comments\n", "// only\n\n// comments\n"),
        ("", ""),
        ("fn f() {} // behind\r\nfn g() {}\r\n", "fn f() {} // behind\r\nfn g() {}\r\n"),
        ("let a = 50 % b;\nlet c = 50%;\nlet d = xs[0..=3];", "let a = 50 % b;\nlet c = 50%;\nlet d = xs[0..=3];\n"),
        ("fn f() { xs.map(|x|x*2) }", "fn f() { xs.map(|x| x * 2) }\n"),
    ],
)  # fmt: skip
def test_small_things(written: str, wanted: str) -> None:
    assert laid_out(written) == wanted


def test_a_long_condition_breaks_at_its_outermost_operator() -> None:
    parts = [f"some_condition_number_{n}(command.payer)" for n in range(4)]
    text = f"fn f() {{ require {parts[0]} && {parts[1]} || {parts[2]} && {parts[3]}; }}"
    assert laid_out(text).splitlines() == [
        "fn f() {",
        f"    require {parts[0]} && {parts[1]}",
        f"        || {parts[2]} && {parts[3]};",
        "}",
    ]


def test_a_broken_list_gets_a_last_comma_and_loses_it_again() -> None:
    items = [f"argument_with_a_long_name_{n}" for n in range(5)]
    broken = laid_out(f"fn f() {{ g({', '.join(items)}) }}")
    assert [line.strip() for line in broken.splitlines()[1:-1]] == ["g(", *(f"{i}," for i in items), ")"]
    assert laid_out("fn f() { g(\n a,\n b,\n) }") == "fn f() { g(a, b) }\n"


def test_the_columns_of_a_table_are_aligned() -> None:
    text = 'test "t" on a.b {\n| amount|expect |\n|400 CREDIT| permit|\n|5 CREDIT|refuse "4.2"|\n}'
    assert laid_out(text).splitlines()[1:4] == [
        "    | amount     | expect       |",
        "    | 400 CREDIT | permit       |",
        '    | 5 CREDIT   | refuse "4.2" |',
    ]


def test_of_markdown_only_the_fences_change() -> None:
    text = "# A  title\n\n*  a list\n\n```ccl\nfn f( ){}\n```\n\n```rust\nfn g( ){}\n```\ntail"
    assert laid_out(text, "a.ccl.md") == text.replace("fn f( ){}", "fn f() {}")


def test_a_long_chain_and_deep_nesting_are_laid_out() -> None:
    assert laid_out("let a = " + " + ".join(["x"] * 390) + ";").count("+") == 389
    nested = "(" * 150 + "1" + ")" * 150
    assert laid_out(f"let a = {nested};").count("(") == 150


def test_what_does_not_parse_is_not_formatted() -> None:
    findings = Findings()
    assert formatted("x.ccl", "fn f( {", findings) is None
    assert findings.failed


# -- the layout itself -------------------------------------------------------------------------------------------------


def group(*parts: str, filled: bool = False) -> list[Piece]:
    pieces: list[Piece] = [Text("["), Open(2), Break(0)]
    if filled:
        pieces.append(Open(0, filled=True))
    for i, part in enumerate(parts):
        pieces += [Text(part + ("," if i < len(parts) - 1 else "")), *([Break(1)] if i < len(parts) - 1 else [])]
    if filled:
        pieces.append(Close())
    return [*pieces, Break(0, dedent=2, trailing=","), Text("]"), Close()]


@pytest.mark.parametrize(
    ("pieces", "width", "wanted"),
    [
        (group("aa", "bb"), 8, "[aa, bb]"),
        (group("aa", "bb"), 7, "[\n  aa,\n  bb,\n]"),
        (group("aa", "bb", "cc", "dd", filled=True), 10, "[\n  aa, bb,\n  cc, dd,\n]"),
        ([*group("aa", "bb"), Text(";")], 8, "[\n  aa,\n  bb,\n];"),
        ([Open(2), Text("a"), Break(1, 1), Text("b"), Break(1), Text("c"), Close()], 80, "a\n  b\n  c"),
        ([Text("a"), Break(1, 2), Text("b")], 80, "a\n\nb"),
    ],
)
def test_groups_break_where_they_do_not_fit(pieces: list[Piece], width: int, wanted: str) -> None:
    assert parts_of(pieces, width) == [wanted]


def test_a_cut_begins_a_part_at_the_indentation_of_its_group() -> None:
    assert parts_of([Text("{"), Open(2), Cut(), Text("a"), Cut(2), Text("}"), Close()]) == ["{", "  a", "}"]


# -- the verb ----------------------------------------------------------------------------------------------------------


def called(*words: str) -> int:
    parser = argparse.ArgumentParser()
    fmt.arguments(parser)
    return fmt.run(parser.parse_args(words))


def test_a_file_is_replaced_and_keeps_its_mode(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.ccl"
    path.write_text("fn f( ){}\n")
    path.chmod(0o640)
    assert called("--check", str(tmp_path)) == 1
    assert path.read_text() == "fn f( ){}\n"
    assert called("--diff", str(tmp_path)) == 0
    assert "+fn f() {}" in capsys.readouterr().out
    assert called(str(tmp_path)) == 0
    assert path.read_text() == "fn f() {}\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert [p.name for p in tmp_path.iterdir()] == ["a.ccl"]
    assert called("--check", str(path)) == 0


def test_stdin_goes_to_stdout(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"```ccl\nfn f( ){}\n```\n")))
    assert called("-", "--stdin-name", "x.ccl.md") == 0
    assert capsys.readouterr().out == "```ccl\nfn f() {}\n```\n"


def test_errors_leave_a_file_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.ccl"
    path.write_text("fn f( {\n")
    assert called(str(path)) == 1
    assert path.read_text() == "fn f( {\n"
    assert "does not parse" in capsys.readouterr().err
    path.write_bytes(b"\xff\xfe")
    assert called(str(path), str(tmp_path / "missing.ccl")) == 2
    assert "UTF-8" in capsys.readouterr().err
