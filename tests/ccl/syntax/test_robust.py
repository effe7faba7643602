"""Any text at all: nothing is raised, every span lies in the text, errors are bounded and told once each."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ccl.syntax.lexer import MOST_ERRORS, tokens
from tests.ccl.syntax.reading import HERE, SOURCES, nodes, parsed

TEXTS = [path.read_text() for path in (*SOURCES, *sorted((HERE / "errors").glob("*.ccl")))]
MARKS = [
    "(", ")", "[", "]", "{", "}", "|", "||", ";", ":", "::", ",", ".", "..", "..=", "=>", "->", "@", "#[", '"', "'",
    "/*", "*/", "//", "\n", "\t", "%", "5%", "did:", "did:key:", "1.", "0x", "2026-01-31", "\u202e", "\u00a0", "é",
    "\0",
]  # fmt: skip
PIECES = [*sorted({piece for text in TEXTS for piece in text.split()}), *MARKS, '"""']


def check(text: str) -> None:
    """What holds of any text."""
    file, findings, sources = parsed(text)
    for node in nodes(file):
        assert 0 <= node.span.start <= node.span.end <= len(text), node
    for found in findings.all:
        spans = [label.span for label in found.labels] + [e.span for fix in found.fixes for e in fix.edits]
        assert all(0 <= span.start <= span.end <= len(text) for span in spans), found
        assert found.message
        assert found.labels
        sources[0].place(found.span.start)
    assert len(findings.all) <= 2 * (MOST_ERRORS + 1)
    assert len({(d.code, d.span) for d in findings.all}) == len(findings.all)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    check(text)


@settings(max_examples=250, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=60).map(" ".join))
def test_any_pieces_are_read(text: str) -> None:
    check(text)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A part of a right text, with some of its characters cut, doubled, or replaced by a piece of another."""
    text = draw(st.sampled_from(TEXTS))
    start = draw(st.integers(0, max(0, len(text) - 600)))
    text = text[start : start + 600]
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        end = min(len(text), at + draw(st.integers(0, 12)))
        put = draw(st.one_of(st.just(""), st.just(text[at:end] * 2), st.sampled_from(PIECES)))
        text = text[:at] + put + text[end:]
    return text


@settings(max_examples=250, deadline=None)
@given(mutated())
def test_a_right_text_made_wrong_is_read(text: str) -> None:
    check(text)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(TEXTS) - 1), st.data())
def test_what_is_cut_off_anywhere_is_read(which: int, data: st.DataObject) -> None:
    text = TEXTS[which]
    check(text[: data.draw(st.integers(0, min(len(text), 3000)))])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=60).map(" ".join))
def test_tokens_lie_in_the_text_in_order_and_brackets_pair(text: str) -> None:
    _, findings, sources = parsed(text)
    found = tokens(sources, 0, findings)
    ends = [start + len(word) for start, word in zip(found.starts, found.texts, strict=True)]
    assert all(end <= start for end, start in zip(ends, found.starts[1:], strict=False))
    assert ends[-1] == len(text)
    assert all(opening < closing for opening, closing in found.closer.items())


def test_one_mistake_in_a_right_text_is_told_in_few_words() -> None:
    """No cascades: with any one token of a right text left out, it is hardly ever told in more than two errors."""
    text = SOURCES[0].read_text()
    _, findings, sources = parsed(text)
    found = tokens(sources, 0, findings)
    told: list[int] = []
    for index in range(0, len(found.texts) - 1, 7):
        start = found.starts[index]
        _, findings, _ = parsed(text[:start] + text[start + len(found.texts[index]) :])
        told.append(len(findings.all))
    assert sum(count > 2 for count in told) <= len(told) // 25, told
