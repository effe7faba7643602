"""Tables and records fit their width, and text from strangers cannot play tricks on a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icn_node.cli.layout import CELL_LINES, clean, clip, columns_of, is_number, one_line, pad, record, table, wrap

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a\tb", "a b"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\rb", "a\\x0db"),
        ("\x9b31m", "\\x9b31m"),
        ("\x7f", "\\x7f"),
        ("evil\u202egnp.exe", "evil\\u202egnp.exe"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\ud800", "\\ud800"),
        ("Chloé 王", "Chloé 王"),
    ],
)
def test_clean(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_lines_stay_lines_only_where_they_may() -> None:
    assert clean("a\nb") == "a\nb"
    assert one_line("a\nb") == "a⏎b"


@given(words)
def test_clean_text_has_nothing_that_moves_the_cursor(text: str) -> None:
    shown = one_line(text)
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in shown)
    assert clean(shown) == shown


def test_width_counts_as_terminals_do() -> None:
    assert columns_of("abc") == 3
    assert columns_of("王王") == 4
    assert columns_of("e\u0301") == 1
    assert pad("王", 4) == "王  "
    assert pad("7", 3, right=True) == "  7"


@given(words, st.integers(1, 30))
def test_clip(text: str, width: int) -> None:
    shown = clip(one_line(text), width)
    assert columns_of(shown) <= width
    assert shown.rstrip("…") == one_line(text)[: len(shown.rstrip("…"))]


@given(words, st.integers(2, 30))
def test_wrap_keeps_all_within_the_width(text: str, width: int) -> None:
    text = one_line(text)
    lines = wrap(text, width)
    assert all(columns_of(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("text", ["12.50", "-12.50", "1:30", "-0:15", "7", "80%", "1 234"])
def test_numbers(text: str) -> None:
    assert is_number(text)


@pytest.mark.parametrize("text", ["", "-", "ann", "2026-05-01", "1.2.3", "٣"])
def test_no_numbers(text: str) -> None:
    assert not is_number(text)


def test_a_table() -> None:
    lines, hidden = table(("no", "name", "balance"), [("1", "Ann", "12.50"), ("12", "Bob de Boer", "-3.00")])
    assert lines == [
        "no  name         balance",
        " 1  Ann            12.50",
        "12  Bob de Boer    -3.00",
    ]
    assert hidden == []


def test_a_narrow_table_wraps_sentences_cuts_words_and_keeps_numbers_and_dates() -> None:
    rows = [("1", "a title that is long", "12345.67", "2026-05-01 14:03", "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2Q")]
    lines, hidden = table(("no", "title", "amount", "time", "did"), rows, 60)
    assert lines == [
        "no  title            amount  time              did",
        " 1  a title that   12345.67  2026-05-01 14:03  did:key:z6Mk…",
        "    is long",
    ]
    assert hidden == []


def test_a_long_cell_ends_with_an_ellipsis() -> None:
    lines, _ = table(("no", "text"), [("1", "word " * 100)], 30)
    assert len(lines) == 1 + CELL_LINES
    assert lines[-1].endswith("…")


def test_columns_that_do_not_fit_are_named() -> None:
    lines, hidden = table(("no", "name", "did"), [("1", "somebody", "did:key:z6Mkabcdefgh")], 16)
    assert hidden == ["did"]
    assert lines[0] == "no  name"


@given(
    st.integers(1, 6).flatmap(
        lambda n: st.tuples(
            st.lists(st.text("abcdef", min_size=1, max_size=9), min_size=n, max_size=n),
            st.lists(st.lists(words, min_size=n, max_size=n), max_size=5),
        )
    ),
    st.integers(20, 120),
)
def test_tables_fit(content: tuple[list[str], list[list[str]]], width: int) -> None:
    lines, hidden = table(*content, width)
    assert len(content[1]) < len(lines) <= 1 + CELL_LINES * len(content[1]) + (CELL_LINES - 1)
    assert len(hidden) < len(content[0])
    assert all(columns_of(line) <= width for line in lines)


@given(st.lists(st.tuples(st.text("abc", min_size=1, max_size=8), words), max_size=5), st.integers(30, 100))
def test_records_fit(pairs: list[tuple[str, str]], width: int) -> None:
    assert all(columns_of(line) <= width for line in record(pairs, width))


def test_a_record() -> None:
    assert record([("no", "1"), ("memo", "bread\nand cheese for the week")], 20) == [
        "no:   1",
        "memo: bread",
        "      and cheese for",
        "      the week",
    ]
