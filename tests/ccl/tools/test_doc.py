"""`ccl doc`: bylaws as a document for members, in HTML and in Markdown; what conditions say in words."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccl.diagnostics import Findings
from ccl.document.html import html
from ccl.document.markdown import markdown
from ccl.document.model import plain
from ccl.document.outline import Given, document
from ccl.document.phrases import Wording
from ccl.document.prose import html_of, inline_html
from ccl.source import Sources
from ccl.syntax import parse, tree
from ccl.tools import doc

from .contracts_under_test import HEAD, HOST, called

SOURCES = Path(__file__).parent / "sources"


def wording(text: str) -> tuple[Wording, tree.Expr]:
    sources, findings = Sources(), Findings()
    file = parse(sources, sources.add("x.ccl", f"const it = {text};"), findings)
    assert not findings.failed, findings.all
    item = file.items[0]
    assert isinstance(item, tree.ConstDecl)
    assert item.value is not None
    return Wording(sources, HOST, {"limit": "param-limit", "fee": "definition-fee"}), item.value


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("member()", "you are an active member"),
        ("!member()", "you are not an active member"),
        ("role(Steward)", "you hold the role Steward"),
        ("!role(Steward)", "you do not hold the role Steward"),
        ("decided()", "it is a decision of the space"),
        ('decided("bylaw")', "it is a bylaw decision of the space"),
        ("!decided()", "it is not a decision of the space"),
        ("command.amount <= limit", "the amount is at most limit"),
        ("!(command.amount <= limit)", "the amount is more than limit"),
        ("command.amount_minor < 5 CREDIT", "the amount is less than 5 CREDIT"),
        ("command.amount < limit * (2 + 3)", "the amount is less than limit × (2 + 3)"),
        ("a - (b - c) == 0", "a − (b − c) is 0"),
        ("member() and !decided() and a", "you are an active member, it is not a decision of the space and a holds"),
        ("!(member() or decided())", "you are not an active member and it is not a decision of the space"),
        ("member() and (a or b)", "you are an active member and (a holds or b holds)"),
        ("x in 1..=5", "x is from 1 to 5"),
        ("x in [1, 2, 3]", "x is one of 1, 2 or 3"),
        ("joined by 2026-12-31", "joined is on or before 2026-12-31"),
        ("member() == false", "you are not an active member"),
        ("balance(command.payer, CREDIT) >= 0.50 EUR", "the balance of the payer is at least 0.5 EUR"),
        ("setting(credit.hidden)", "the setting credit.hidden is on"),
        ("command.note.is_none()", "the note is not given"),
        ('!xs.contains("a")', "xs does not contain “a”"),
        ("round(a * 2.5%, half_up) > fee(b)", "a × 2.5%, rounded, halves away from zero is more than fee of b"),
        ("caller() != command.payee", "you are not the payee"),
        ("(if member() { 1 } else { 2 }) == x", "(1 if you are an active member, otherwise 2) is x"),
        ("x > 14 clear days", "x is more than 14 clear days"),
        ("unheard_of(1, 2)", "unheard_of(1, 2) holds"),
        ("1 / 3 + 1_000_000 == 0.1", "1 ÷ 3 + 1,000,000 is 0.1"),
    ],
)
def test_conditions_in_words(written: str, said: str) -> None:
    words, node = wording(written)
    assert plain(words.holds(node)) == said


def test_joined_conditions_become_points() -> None:
    words, node = wording("(member() and a) or decided() or role(Steward) or b")
    point = words.point(node)
    assert plain(point.text) == "At least one of this holds:"
    assert [plain(p.text) for p in point.points] == [
        "You are an active member and a holds",
        "It is a decision of the space",
        "You hold the role Steward",
        "b holds",
    ]


def test_operators_that_there_are_not_stand_as_they_are_written() -> None:
    words, node = wording("a + b")
    assert isinstance(node, tree.BinaryExpr)
    assert plain(words.holds(replace(node, operator="**"))) == "a + b holds"


@settings(max_examples=60, deadline=None)
@given(path=st.sampled_from(sorted(SOURCES.iterdir())), data=st.data())
def test_a_draft_with_errors_is_a_document_too(path: Path, data: st.DataObject) -> None:
    text = path.read_text(encoding="utf-8")
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(st.sampled_from(("", "}", "{", ";", " if ", "(", '"', " ** "))) + text[at + 2 :]
    checked(made(text, path.name)[0])


def test_what_is_nested_too_deep_stands_as_it_is_written() -> None:
    deep = "f(" * 40 + "1" + ")" * 40
    words, node = wording(f"{deep} > 2")
    assert deep in plain(words.holds(node))


def made(text: str, name: str = "x.ccl", given: Given | None = None) -> tuple[str, str]:
    sources = Sources()
    number = sources.add(name, text)
    document_ = document(sources, number, parse(sources, number, Findings()), given or Given(HOST))
    return html(document_), markdown(document_)


class _Checked(HTMLParser):
    """Elements closed in order, ids and what links to them, levels of headings."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.levels: list[int] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        if held.get("id"):
            self.ids.append(str(held["id"]))
        if tag == "a":
            self.links.append(str(held["href"]))
        if re.fullmatch(r"h\d", tag):
            self.levels.append(int(tag[1]))
        if tag not in ("meta", "hr", "br"):
            self.open.append(tag)
        assert not [name for name in held if name.startswith("on")]
        assert tag not in ("script", "img", "link", "iframe")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def checked(page: str) -> _Checked:
    parser = _Checked()
    parser.feed(page)
    assert parser.open == []
    assert len(set(parser.ids)) == len(parser.ids)
    assert [link for link in parser.links if link.startswith("#") and link[1:] not in parser.ids] == []
    return parser


@pytest.mark.parametrize("path", sorted(SOURCES.iterdir()), ids=lambda path: path.name)
def test_the_page_stands_alone_and_is_sound(path: Path) -> None:
    page, text = made(path.read_text(encoding="utf-8"), path.name)
    parser = checked(page)
    assert '<html lang="en">' in page
    assert page.count("<main") == 1
    assert 'href="#content"' in page
    assert "@media print" in page
    assert parser.levels[0] == 1
    assert all(b - a <= 1 for a, b in zip(parser.levels, parser.levels[1:], strict=False))
    anchors = set(re.findall(r'<a id="([^"]+)"', text))
    linked = set(re.findall(r"\]\(#([^)]+)\)", text))
    assert linked <= anchors


def test_a_clause_with_its_exception_in_both_forms() -> None:
    page, text = made((SOURCES / "orchard.ccl").read_text(encoding="utf-8"))
    assert '<h3 id="clause-4.2">4.2' in page
    assert '<p class="text">Nobody pays more than the limit at once.</p>' in page
    assert "<em><a" not in page or 'href="#param-limit"' in page
    assert '<th scope="row" id="param-limit"><strong>limit</strong></th><td>500 CREDIT</td>' in page
    assert "<td>0 to 2,000 CREDIT</td>" in page
    assert '### <a id="clause-4.2"></a>4.2' in text
    assert "**Exception**: when it is a *emergency* decision of the space" in text
    assert "this stands in place of 4.2:\n  - The amount is at most 10,000 CREDIT" in text
    assert "- It counts if at least 50% of those entitled to vote take part; an abstention counts." in text
    assert "- It passes if more than half of the votes cast are yes." in text
    assert "as many as the setting `approval.signatures` says" in text
    assert "- Open proposals go on as they are." in text


def test_values_in_force_and_texts_of_a_catalogue_are_shown() -> None:
    given = Given(HOST, {"limit": "800 CREDIT"}, {"clause.4.2": "Nadie paga más.", "over_limit": "demasiado"}, "es")
    page, _ = made((SOURCES / "orchard.ccl").read_text(encoding="utf-8"), given=given)
    assert '<html lang="es">' in page
    assert "<td>800 CREDIT</td>" in page
    assert '<p class="text">Nadie paga más.</p>' in page
    assert "<em>demasiado</em>" in page
    assert "Nobody pays more" not in page


def test_of_markdown_the_prose_is_kept_and_clauses_are_woven_in() -> None:
    page, text = made((SOURCES / "orchard.bylaws.md").read_text(encoding="utf-8"), "orchard.bylaws.md")
    assert text.startswith("# Bylaws of the Orchard\n\nSome prose, `code`, and a *word*.\n")
    article = text.index("## Article 4: Payments")
    clause = text.index('### <a id="clause-4.1"></a>4.1')
    assert article < text.index("Prose that must stay   exactly  as it is.") < clause < text.index("The end.")
    assert "fn untouched( ) {}" in text
    assert "contract Orchard" not in text
    assert '<h2 id="article-4-payments">Article 4: Payments</h2>' in page
    assert "<p>Some prose, <code>code</code>, and a <em>word</em>.</p>" in page


def test_a_number_that_stands_twice_has_two_anchors() -> None:
    page, _ = made('clause "1" on a.b "A." { permit }\nclause "1" on a.c "B." { permit }')
    assert {"clause-1", "clause-1-2"} <= set(checked(page).ids)


def test_user_texts_are_escaped() -> None:
    page, _ = made('clause "<b>" on a.b "<script>alert(1)</script>" { require x because "<i>"; }')
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    checked(page)


def test_thresholds_in_words() -> None:
    _, text = made("""
    proposal A { threshold: supermajority(2/3); }
    proposal B { threshold: consensus; veto: Founders; }
    proposal C { threshold: majority in each of [Workers, Users]; }
    proposal D { threshold: 40% Workers + 60% Users; }
    proposal E { quorum of electorate at least 1/3; approval of cast more than 1/2; }
    proposal F { threshold: supermajority(0.75); fee: Integer; }
    """)
    for said in (
        "It passes if at least 2/3 of the votes cast are yes.",
        "It passes if at least 80% of the votes cast are yes.",
        "may veto it.",
        "It passes if in each of *Workers* and *Users* more than half of the votes cast are yes.",
        "40% for *Workers* and 60% for *Users*",
        "It counts if at least 1/3 of those entitled to vote take part.",
        "It passes if more than 1/2 of the votes cast for or against are yes.",
        "It passes if at least 75% of the votes cast are yes.",
        "States fee: `Integer`",
    ):
        assert said in text


# -- prose -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("a **b** *c* `d*e*` \\*f", "a <strong>b</strong> <em>c</em> <code>d*e*</code> *f"),
        ("snake_case_name and 2*3*4", "snake_case_name and 2*3*4"),
        (
            "[a](https://b.c/d?e=f&g) [x](javascript:alert)",
            '<a href="https://b.c/d?e=f&amp;g">a</a> [x](javascript:alert)',
        ),
        ("[a](other.md#part)", '<a href="other.md#part">a</a>'),
        ("<b>&", "&lt;b&gt;&amp;"),
    ],
)
def test_words_of_prose(written: str, wanted: str) -> None:
    assert inline_html(written) == wanted


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("a\nb\n\nc", "<p>a\nb</p>\n<p>c</p>"),
        ("# A b #\ntext", '<h1 id="A b">A b</h1>\n<p>text</p>'),
        ("- a\n- b\n  c\n  - d", "<ul><li>a</li><li>b\nc\n<ul><li>d</li></ul></li></ul>"),
        ("3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'),
        ("> a\n> - b", "<blockquote><p>a</p>\n<ul><li>b</li></ul></blockquote>"),
        ("a\n***\nb", "<p>a</p>\n<hr>\n<p>b</p>"),
        ("```x\n<a>\n```", "<pre><code>&lt;a&gt;</code></pre>"),
        (
            "| a |\n| --- |\n| 2 |",
            '<table><thead><tr><th scope="col">a</th></tr></thead><tbody><tr><td>2</td></tr></tbody></table>',
        ),
    ],
)
def test_blocks_of_prose(written: str, wanted: str) -> None:
    assert html_of(written, lambda text: text) == wanted


def test_prose_without_end_or_sense_ends() -> None:
    for text in ("> " * 2000 + "a", "- " * 2000 + "a", "*" * 5000, "[" * 5000, "`" * 5000, "| |\n|-|\n" * 500):
        checked(html_of(text, str))


# -- the verb ----------------------------------------------------------------------------------------------------------


def test_the_verb(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = tmp_path / "a.ccl", tmp_path / "a.html"
    source.write_text(
        HEAD + 'param most: Integer = 5 in 1..9;\nclause "1" on a.b "Text." { require x because why; }\n}\n'
    )
    (tmp_path / "es.toml").write_text('why = "porque sí"\n[clause]\n1 = "Texto."\n')
    (tmp_path / "values.json").write_text(json.dumps({"most": 7}))
    assert called(doc, str(source), "--out", str(out)) == 0
    assert "<td>5</td>" in out.read_text()
    words = ("--texts", str(tmp_path / "es.toml"), "--values", str(tmp_path / "values.json"))
    assert called(doc, str(source), "--format", "markdown", *words) == 0
    said = capsys.readouterr().out
    assert "| 7 |" in said
    assert "> Texto." in said
    assert "*porque sí*" in said
    assert called(doc, str(source), *words) == 0
    assert '<html lang="es">' in capsys.readouterr().out


def test_what_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "a.ccl"
    source.write_text("contract X { clause }")
    assert called(doc, str(source)) == 1
    assert "<h1" in capsys.readouterr().out
    assert called(doc, str(tmp_path / "b.ccl")) == 2
    (tmp_path / "values.json").write_text("[1]")
    assert called(doc, str(source), "--values", str(tmp_path / "values.json")) == 2
    (tmp_path / "es.toml").write_text("=")
    assert called(doc, str(source), "--texts", str(tmp_path / "es.toml")) == 2
    assert called(doc, str(source), "--out", str(tmp_path / "no" / "such" / "a.html")) == 2


BASE = """contract Base {
    edition: 1;
    title: "Bylaws of all";
    unit CREDIT { decimals: 2; }
    default clause "1" on credit.transfer "Everybody pays." { }
    floor clause "2" on credit.transfer "Members pay." { require member(); }
    clause "3" on credit.issue "Nobody issues." { deny "No."; }
    test "nothing" on credit.issue { | expect | | refuse "3" | }
}
"""


def test_what_a_base_says_stands_after_it_but_for_what_is_replaced() -> None:
    name = f"base:all@{hashlib.sha256(BASE.encode()).hexdigest()}"
    own = (
        f'contract Own extends "{name}" {{ edition: 1;\n'
        'clause "1" on credit.transfer "Only some pay." { require member(); }\n'
        'clause "2" on credit.transfer "Not at night." { require member(); } }'
    )
    sources, findings = Sources(), Findings()
    file = parse(sources, sources.add("own.ccl", own), findings)
    for key in (name, name.partition(":")[2]):
        made = markdown(document(sources, 0, file, Given(bases={key: BASE})))
        own_part, _, taken = made.partition("Taken over: Bylaws of all")
        assert "Only some pay." in own_part
        assert "Everybody pays." not in made, "the contract replaces it"
        assert "Members pay." in taken, "a floor holds besides"
        assert "Nobody issues." in taken
    assert "Taken over" not in markdown(document(sources, 0, file, Given()))
