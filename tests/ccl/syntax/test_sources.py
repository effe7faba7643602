"""Texts that are right: they parse without a finding, every span lies in the text, and the tree is the one meant."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from ccl.syntax import tree
from tests.ccl.syntax.reading import SOURCES, nodes, parsed, shown


@pytest.mark.parametrize("path", SOURCES, ids=[path.stem for path in SOURCES])
def test_a_right_text_parses_whole(path: Path) -> None:
    text = path.read_text()
    file, findings, _ = parsed(text)
    assert [(d.code, d.message) for d in findings.all] == []
    found = list(nodes(file))
    assert not any(isinstance(node, tree.Wrong) for node in found)
    assert all(0 <= node.span.start <= node.span.end <= len(text) for node in found)
    assert [c.text for c in file.comments if not text[c.span.start : c.span.end] == c.text] == []


def test_the_sources_show_every_kind_of_node() -> None:
    """What no source shows, no test of the formatter or of others would see either."""
    shown_kinds = {type(node) for path in SOURCES for node in nodes(parsed(path.read_text())[0])}
    kinds = {value for value in vars(tree).values() if isinstance(value, type) and issubclass(value, tree.Node)}
    told = {tree.Wrong, tree.TypeReference}  # of what is wrong only
    assert kinds - shown_kinds - told == {tree.Node}


EXPRESSIONS = """
1 + 2 * 3                       | (BinaryExpr + (IntLit 1) (BinaryExpr * (IntLit 2) (IntLit 3)))
1 - 2 - 3                       | (BinaryExpr - (BinaryExpr - (IntLit 1) (IntLit 2)) (IntLit 3))
-a.b                            | (UnaryExpr - (FieldExpr (PathExpr a) b))
!a && b or not c                | (BinaryExpr || (BinaryExpr && (UnaryExpr ! (PathExpr a)) (PathExpr b)) (UnaryExpr ! (PathExpr c)))
a == b && c < d                 | (BinaryExpr && (BinaryExpr == (PathExpr a) (PathExpr b)) (BinaryExpr < (PathExpr c) (PathExpr d)))
a in 0..b + 1                   | (BinaryExpr in (PathExpr a) (RangeExpr (IntLit 0) (BinaryExpr + (PathExpr b) (IntLit 1))))
a + b as T * c                  | (BinaryExpr + (PathExpr a) (BinaryExpr * (CastExpr (PathExpr b) (TypeName T)) (PathExpr c)))
-a as T                         | (CastExpr (UnaryExpr - (PathExpr a)) (TypeName T))
a ?? b ?? c                     | (BinaryExpr ?? (BinaryExpr ?? (PathExpr a) (PathExpr b)) (PathExpr c))
x by y || x before y            | (BinaryExpr || (BinaryExpr by (PathExpr x) (PathExpr y)) (BinaryExpr before (PathExpr x) (PathExpr y)))
..                              | (RangeExpr)
..=3                            | (RangeExpr (IntLit 3) True)
a..                             | (RangeExpr (PathExpr a))
10 % 3                          | (BinaryExpr % (IntLit 10) (IntLit 3))
10%3                            | (BinaryExpr % (IntLit 10) (IntLit 3))
10% - 3                         | (BinaryExpr - (PercentLit 1/10) (IntLit 3))
12.5%                           | (PercentLit 1/8)
500 CREDIT                      | (MoneyLit 500 CREDIT)
12.50 EUR * 2                   | (BinaryExpr * (MoneyLit 25/2 EUR) (IntLit 2))
14 clear days                   | (SpanOfTimeLit (IntLit 14) 'days' 'clear')
1.month                         | (SpanOfTimeLit (IntLit 1) 'months')
7d                              | (SpanOfTimeLit (IntLit 7) 'days')
2 years                         | (SpanOfTimeLit (IntLit 2) 'years')
0xff                            | (IntLit 255)
1_000.5                         | (DecimalLit 2001/2)
did:key:z6Mk                    | (DidLit 'did:key:z6Mk')
did                             | (PathExpr did)
2026-01-31                      | (TimeLit '2026-01-31')
2026 - 01 - 31                  | (BinaryExpr - (BinaryExpr - (IntLit 2026) (IntLit 1)) (IntLit 31))
"a\\n\\u{e9}"                   | (StringLit 'a\\né')
a.0.1                           | (FieldExpr (FieldExpr (PathExpr a) 0) 1)
a[1](2)?.b                      | (FieldExpr (TryExpr (CallExpr (IndexExpr (PathExpr a) (IntLit 1)) [(Arg (IntLit 2))]) True) b)
f(to: a, b => c, |d| e)         | (CallExpr (PathExpr f) [(Arg (PathExpr a) to) (Arg (ClosureExpr [[(BindPattern b) None]] (PathExpr c))) (Arg (ClosureExpr [[(BindPattern d) None]] (PathExpr e)))])
A::B { c: 1, d, ..e }           | (StructExpr A::B [[c (IntLit 1)] [d (PathExpr d)]] (PathExpr e))
token<USD>(5)                   | (CallExpr (PathExpr token [(TypeName USD)]) [(Arg (IntLit 5))])
A < B                           | (BinaryExpr < (PathExpr A) (PathExpr B))
f(A < b, c > (d))               | (CallExpr (PathExpr f) [(Arg (CallExpr (PathExpr A [(TypeName b) (TypeName c)]) [(Arg (PathExpr d))]))])
f(a < b, c > (d))               | (CallExpr (PathExpr f) [(Arg (BinaryExpr < (PathExpr a) (PathExpr b))) (Arg (BinaryExpr > (PathExpr c) (PathExpr d)))])
[1; 3]                          | (RepeatExpr (IntLit 1) (IntLit 3))
[a: 1]                          | (ListExpr [(NamedExpr a (IntLit 1))])
{ "a": 1, b: 2 }                | (MapExpr [[(StringLit 'a') (IntLit 1)] [(PathExpr b) (IntLit 2)]])
{}                              | (MapExpr)
{ a }                           | (BlockExpr (Block (PathExpr a)))
()                              | (TupleExpr)
(a, )                           | (TupleExpr [(PathExpr a)])
(a)                             | (PathExpr a)
@a + 1                          | (BinaryExpr + (StateExpr a) (IntLit 1))
format!("{}", a)                | (CallExpr (PathExpr format) [(Arg (StringLit '{}')) (Arg (PathExpr a))] True)
if a { 1 } else if b { 2 } else { 3 } | (IfExpr (PathExpr a) (Block (IntLit 1)) (IfExpr (PathExpr b) (Block (IntLit 2)) (Block (IntLit 3))))
if a == B { c }                 | (IfExpr (BinaryExpr == (PathExpr a) (PathExpr B)) (Block (PathExpr c)))
match a { 1 | 2 => b, A(x) if x => {} _ => return 5, } | (MatchExpr (PathExpr a) [(MatchArm (AltPattern [(LiteralPattern (IntLit 1)) (LiteralPattern (IntLit 2))]) (PathExpr b)) (MatchArm (VariantPattern A [(BindPattern x)]) (PathExpr x) (BlockExpr (Block))) (MatchArm (AnyPattern) (ReturnExpr (IntLit 5)))])
match a { 0..=9 => 1, B { c, .. } => 2, (x, mut y) => 3 } | (MatchExpr (PathExpr a) [(MatchArm (LiteralPattern (RangeExpr (IntLit 0) (IntLit 9) True)) (IntLit 1)) (MatchArm (VariantPattern B [[c (BindPattern c)]] True) (IntLit 2)) (MatchArm (TuplePattern [(BindPattern x) (BindPattern y True)]) (IntLit 3))])
try a catch b                   | (TryExpr (PathExpr a) (PathExpr b))
try { a } catch e { b }         | (TryExpr (BlockExpr (Block (PathExpr a))) e (BlockExpr (Block (PathExpr b))))
{ allow }                       | (BlockExpr (Block (VerdictExpr 'allow')))
{ deny because late }           | (BlockExpr (Block (VerdictExpr 'deny' (PathExpr late))))
allow                           | (PathExpr allow)
refuse(a)                       | (CallExpr (PathExpr refuse) [(Arg (PathExpr a))])
a.match.type                    | (FieldExpr (FieldExpr (PathExpr a) match) type)
true_total + None_x             | (BinaryExpr + (PathExpr true_total) (PathExpr None_x))
"""


@pytest.mark.parametrize("line", EXPRESSIONS.strip().split("\n"))
def test_an_expression_is_read_as(line: str) -> None:
    text, _, wanted = line.partition(" | ") if "|d|" not in line and " 1 | 2 " not in line else line.rpartition(" | ")
    file, findings, _ = parsed(f"fn f() {{ let it = {text.strip()}; }}")
    assert findings.all == []
    function = file.items[0]
    assert isinstance(function, tree.FnDecl)
    assert function.body is not None
    let = function.body.statements[0]
    assert isinstance(let, tree.Let)
    assert shown(let.value) == wanted.strip().replace("\\\\", "\\")


STATEMENTS = """
x = 1;                        | (Assign (PathExpr x) = (IntLit 1))
a.b[c] += 1;                  | (Assign (IndexExpr (FieldExpr (PathExpr a) b) (PathExpr c)) += (IntLit 1))
a = b = 1;                    | (Assign (PathExpr a) = (BlockExpr (Block [(Assign (PathExpr b) = (IntLit 1))] (PathExpr b))))
require(a, "m");              | (Require (PathExpr a) (StringLit 'm'))
require a because late;       | (Require (PathExpr a) (PathExpr late))
require (a) && b;             | (Require (BinaryExpr && (PathExpr a) (PathExpr b)))
emit("E", a);                 | (Emit E [(Arg (PathExpr a))])
emit E { a: 1, b };           | (Emit E [[a (IntLit 1)] [b (PathExpr b)]])
while a limit 5 { }           | (While (PathExpr a) (IntLit 5) (Block))
loop { break; }               | (While (BoolLit True) (Block [(ExprStatement (BreakExpr) True)]))
for (k, v) in m { }           | (For (TuplePattern [(BindPattern k) (BindPattern v)]) (PathExpr m) (Block))
if let Some(x) = a && b { }   | (ExprStatement (IfExpr (BinaryExpr && (LetCondition (VariantPattern Some [(BindPattern x)]) (PathExpr a)) (PathExpr b)) (Block)))
let Some(x) = a else { return; }; | (Let (VariantPattern Some [(BindPattern x)]) (PathExpr a) (Block [(ExprStatement (ReturnExpr) True)]))
let mut x: [T; max 5] = [];   | (Let (BindPattern x True) (TypeList (TypeName T) (IntLit 5)) (ListExpr))
let x: Map<K, (A, B), max n + 1>= y; | (Let (BindPattern x) (TypeName Map [(TypeName K) (TypeTuple [(TypeName A) (TypeName B)])] (BinaryExpr + (PathExpr n) (IntLit 1))) (PathExpr y))
fn g() {}                     | (ItemStatement (FnDecl g (Block) 'fn'))
"""


@pytest.mark.parametrize("line", STATEMENTS.strip().split("\n"))
def test_a_statement_is_read_as(line: str) -> None:
    text, _, wanted = line.partition(" | ")
    file, findings, _ = parsed(f"fn f() {{ {text.strip()} 0 }}")
    assert findings.all == []
    function = file.items[0]
    assert isinstance(function, tree.FnDecl)
    assert function.body is not None
    assert shown(function.body.statements[0]) == wanted.strip()
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
    text = "proposal P {\n a: string\n b: token<USD>\n c: token<USD>(5)\n d: [did]\n e: [vote]\n f: Kind = 3\n g: Member\n}"
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
