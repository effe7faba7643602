"""What people see of answers: times, durations, private fields, and nothing twice."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icn_node.cli import answers
from icn_node.rpc.edge import iso


@pytest.fixture(autouse=True)
def _in_amsterdam(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Amsterdam")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@given(st.integers(0, 4_102_444_800_000))
def test_moments_are_read_as_the_node_writes_them(moment_ms: int) -> None:
    assert answers.utc_ms(iso(moment_ms)) == moment_ms


@pytest.mark.parametrize(
    "text", ["", "2026-05-01", "2026-05-01T12:00:00+02:00", "2026-05-01 12:00:00Z", "x026-05-01T12:00:00Z", "icn-aezd"]
)
def test_other_texts_are_no_moments(text: str) -> None:
    assert answers.utc_ms(text) is None


def test_local_time() -> None:
    noon = datetime.datetime(2026, 5, 1, 12, 3, 59, tzinfo=datetime.UTC)
    assert answers.local_time(int(noon.timestamp() * 1000)) == "2026-05-01 14:03"


@pytest.mark.parametrize(
    ("row", "key", "text"),
    [
        ({"until": "2026-05-01T12:03:00Z", "until_ms": 1777636980000}, "until", "2026-05-01 14:03"),
        ({"time": "2026-01-01T12:03:00Z"}, "time", "2026-01-01 13:03"),
        ({"voting": "14d", "voting_ms": 1209600000}, "voting", "14d"),
        ({"term_ms": 1209600000}, "term_ms", "14 d"),
        ({"until_ms": 1777636980000}, "until_ms", "2026-05-01 14:03"),
        ({"on_day": 20574}, "on_day", "2026-05-01"),
        ({"memo": None, "memo_state": "private"}, "memo", "(private)"),
        ({"memo": None, "memo_state": "erased"}, "memo", "(erased)"),
        ({"memo": None}, "memo", ""),
        ({"open": True}, "open", "yes"),
        ({"roles": ["cook", "steward"]}, "roles", "cook, steward"),
        ({"part": {"a": 1, "b_ms": 60000}}, "part", "a 1, b 1 min"),
        ({"did": "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"}, "did",
         "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"),
    ],
)  # fmt: skip
def test_shown(row: dict[str, Any], key: str, text: str) -> None:
    assert answers.shown(row, key) == text


def test_what_is_for_programs_is_not_shown_twice() -> None:
    row = {"payee": "bob", "payee_did": "did:key:z", "amount": "1.00", "amount_minor": "100", "until": "x",
           "until_ms": 3, "memo": "hi", "memo_state": "", "alone_minor": "5"}  # fmt: skip
    assert answers.visible(row) == ["payee", "amount", "until", "memo", "alone_minor"]


def test_rows_take_the_declared_columns() -> None:
    did = "did:key:z6MkhaXgBZDvotDkL5257"
    rows = [{"no": 1, "until": "2026-05-01T12:03:00Z", "until_ms": 1777636980000, "did": did, "secret": "x"}]
    lines, hidden = answers.rows_lines(rows, ("no", "until_ms", "did"), 0)
    assert lines == ["no  until             did", " 1  2026-05-01 14:03  …ZDvotDkL5257"]
    assert hidden == []


def test_nested_rows_stand_under_their_heading_and_empty_ones_not_at_all() -> None:
    answer = {"no": 1, "yours": {"choice": None}, "history": [{"n": 1, "what": "open"}], "rules": {"quorum": "1/2"}}
    assert answers.record_lines(answer, 80) == [
        "no: 1", "", "history", "  n  what", "  1  open", "", "rules", "  quorum: 1/2",
    ]  # fmt: skip


def test_answers_of_every_shape() -> None:
    assert answers.lines_of([], (), 80)[0] == ["(nothing)"]
    assert answers.lines_of({}, (), 80)[0] == ["(nothing)"]
    assert answers.lines_of(None, (), 80)[0] == [""]
    assert answers.lines_of(["a", "b\x1b"], (), 80)[0] == ["a", "b\\x1b"]
    assert answers.lines_of(7, (), 80)[0] == ["7"]
    paged = {"closing": "5.00", "rows": [{"n": 1, "amount": "5.00"}]}
    assert answers.lines_of(paged, ("n", "amount"), 80)[0] == ["closing: 5.00", "", "n  amount", "1    5.00"]


def test_a_command_as_an_event_holds_it() -> None:
    memo = {"h": b"\1", "audience": "parties", "size": 9}
    op = {"op": "credit.transfer", "ver": 1, "amount_minor": 1250, "memo": memo}
    assert answers.op_lines(op, 80) == [
        "credit.transfer", "  amount minor: 1250", "  memo:         (private, 9 bytes, for: parties)",
    ]  # fmt: skip
