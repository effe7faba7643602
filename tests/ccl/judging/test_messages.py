"""Texts with placeholders: what is said, and what is wrong in them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccl import messages, types
from ccl.locales import locale
from ccl.readings import Voice

VALUES: dict[str, tuple[types.Type, object] | None] = {
    "amount": (types.Money("CREDIT"), 620),
    "n": (types.INTEGER, 1),
    "many": (types.INTEGER, 1200),
    "when": (types.TIMESTAMP, 0),
    "part": (types.RATIO, Fraction(1, 2)),
    "who": (types.DID, "did:key:ann"),
    "memo": (types.Option(types.STRING), ("rent",)),
    "none": (types.Option(types.STRING), None),
    "days": (types.DAYS, 3),
    "param.limit": (types.Money("CREDIT"), 500),
    "0": (types.STRING, "zero"),
    "secret": None,
}


def said(text: str, language: str = "en") -> str:
    voice = Voice(locale(language), {"CREDIT": 2})
    return messages.parse(text)[0].said(voice, VALUES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("", ""),
        ("{amount}", "6.20 CREDIT"),
        ("{ amount : money }!", "6.20 CREDIT!"),
        ("{param.limit}", "5.00 CREDIT"),
        ("{{amount}}", "{amount}"),
        ("{part} {part: percent}", "0.5 50%"),
        (
            "{when} / {when: date} / {when: time}",
            "January 1, 1970 at 00:00 / January 1, 1970 / January 1, 1970 at 00:00",
        ),
        ("{who: person} {who}", "did:key:ann did:key:ann"),
        ("{memo} {none} {unknown}", "rent — —"),
        ("{secret}", "…"),
        ("{0}", "zero"),
        ('{n: plural(one="# hour", other="# hours")}', "1 hour"),
        ('{many: plural(one="# hour", other="# hours")}', "1,200 hours"),
        ('{days: plural(one="a day", other="# days of {amount: money}")}', "3 days of 6.20 CREDIT"),
        ('{n: plural(one="said \\"once\\"", other="#")}', 'said "once"'),
        ('{n: plural(other="# times")}', "1 times"),
        ('{amount: plural(one="#", other="#")}', "620"),
        ("{amount: date}", "6.20 CREDIT"),  # of the wrong kind: said as its type is
    ],
)
def test_said(text: str, expected: str) -> None:
    assert said(text) == expected


def test_plural_by_the_language() -> None:
    text = '{n: plural(one="# час", few="# часа", many="# часов")}'
    for count, form in ((1, "1 час"), (2, "2 часа"), (5, "5 часов"), (21, "21 час"), (-2, "-2 часа")):
        voice = Voice(locale("ru"), {})
        assert messages.parse(text)[0].said(voice, {"n": (types.INTEGER, count)}) == form


@pytest.mark.parametrize(
    ("text", "at", "part"),
    [
        ("a {", 2, "begins a placeholder"),
        ("a {}", 2, "begins a placeholder"),
        ("{1st}", 0, "not closed"),
        ("{a", 0, "not closed"),
        ("{a b}", 0, "not closed"),
        ("a } b", 2, "no `{` before it"),
        ("{n: plural}", 0, "plural needs its forms"),
        ('{n: money(one="x")}', 0, "takes no forms"),
        ('{n: plural(one="x" other="y")}', 19, "are written"),
        ("{n: plural(one=x)}", 11, "are written"),
        ('{n: plural(one="x", one="y")}', 20, "stands twice"),
        ('{n: plural(one="{", other="x")}', 16, "begins a placeholder"),
    ],
)
def test_what_is_wrong_is_told_where_it_is(text: str, at: int, part: str) -> None:
    slips = messages.parse(text)[1]
    assert [(slip.at, part in slip.message) for slip in slips] == [(at, True)]


def test_plurals_do_not_nest_without_end() -> None:
    text = "x"
    for _ in range(20):
        text = '{n: plural(other="' + text.replace("\\", "\\\\").replace('"', '\\"') + '")}'
        if len(text) > 100_000:
            break
    assert any("nested deeper" in slip.message for slip in messages.parse(text)[1])


def test_all_placeholders_those_in_forms_too() -> None:
    found = messages.parse('{a} {n: plural(one="{b}", other="{c: plural(other=\\"{d}\\")}")}')[0].placeholders()
    assert [place.name for place in found] == ["a", "n", "b", "c", "d"]


@given(text=st.text(alphabet='{}abn:plur()one="\\, #x', max_size=60))
def test_any_text_is_said_somehow(text: str) -> None:
    message, slips = messages.parse(text)
    shown: Any = message.said(Voice(locale("en"), {}), VALUES)
    assert isinstance(shown, str)
    assert all(0 <= slip.at <= len(text) for slip in slips)
    if "{" not in text and "}" not in text:
        assert (shown, slips) == (text, [])
