"""What people write and what commands hold: one case a line, the expected outcome last."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icn_node import sample
from icn_node.clock import wall_clock_ms
from icn_node.home import Home
from icn_node.rpc import local
from icn_node.rpc.edge import duration_text, minor_of, minutes_of, text_of
from icn_node.rpc.jsonrpc import INVALID_EVENT, INVALID_PARAMS, LOCKED, METHOD_NOT_FOUND, REFUSED, RpcError

AMOUNTS = """
    12.50                  2   1250
    1                      2   100
    -3.5                   2   -350
    -0.05                  2   -5
    1.0000000000           2   100
    0.000000001            9   1
    9223372036854775807    0   9223372036854775807
    9223372036854775808    0   within 64 bits
    1.005                  2   at most 2 decimals
    1.5                    0   at most 0 decimals
    1.00000000000000000000000000001  2  at most 2 decimals
    1e3                    2   an amount such as
    1_000                  2   an amount such as
    1,50                   2   an amount such as
    .5                     2   an amount such as
    5.                     2   an amount such as
    ٣                      2   an amount such as
    Infinity               2   an amount such as
    0x10                   2   an amount such as
"""
MINUTES = """
    90       90
    90m      90
    1h30     90
    1h5m     65
    1:30     90
    1.5h     90
    2h       120
    -1:30    -90
    2:90     a time such as
    1:5      a time such as
    1.5h30   a time such as
    1.01h    a whole number of minutes
    ²        a time such as
    infinityh  a time such as
    1e9h     a time such as
"""


def cases(table: str) -> list[list[str]]:
    """The lines of a table, split at runs of spaces, the last column whole."""
    width = 3 if "2   1250" in table else 2
    return [line.split(None, width - 1) for line in table.strip().splitlines()]


def read(convert: Callable[[], int]) -> str:
    """The number that was read, or the words of the refusal to read it."""
    try:
        return str(convert())
    except RpcError as error:
        return error.message


@pytest.mark.parametrize(("text", "decimals", "expected"), cases(AMOUNTS))
def test_amounts(text: str, decimals: str, expected: str) -> None:
    found = read(lambda: minor_of("amount", text, int(decimals)))
    assert found == expected if expected.lstrip("-").isdigit() else expected in found


@pytest.mark.parametrize(("text", "expected"), cases(MINUTES))
def test_minutes(text: str, expected: str) -> None:
    found = read(lambda: minutes_of("minutes", text))
    assert found == expected if expected.lstrip("-").isdigit() else expected in found


def test_a_bare_number_of_hours_is_refused() -> None:
    with pytest.raises(RpcError, match="could mean either"):
        minor_of("amount", "2", 0, hours=True)


@given(st.integers(-(2**63 - 1), 2**63 - 1), st.integers(0, 9))
def test_an_amount_shown_and_read_again_is_the_same(minor: int, decimals: int) -> None:
    assert minor_of("amount", text_of(minor, decimals), decimals) == minor


@given(st.integers(-10_000_000, 10_000_000))
def test_hours_shown_and_read_again_are_the_same(minutes: int) -> None:
    assert minor_of("amount", text_of(minutes, 0, hours=True), 0, hours=True) == minutes


@pytest.mark.parametrize(
    ("duration_ms", "text"), [(0, "0s"), (86_400_000, "1d"), (129_600_000, "36h"), (5_400_000, "90m"), (1, "1 ms")]
)
def test_durations(duration_ms: int, text: str) -> None:
    assert duration_text(duration_ms) == text


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    """A sample co-op, offline."""
    with tempfile.TemporaryDirectory(prefix="icn-edge-") as folder:
        made = Home(Path(folder) / "home")
        sample.make(made, wall_clock_ms(), lambda text: None)
        yield made


def pay(**fields: Any) -> tuple[str, dict[str, Any]]:
    """A payment with some fields changed."""
    return "credit.transfer", {"payee": "ben", "amount": "1", "unit": "SUN", **fields}


PROPOSE = {"type": "quick", "title": "t"}
BAD: list[tuple[tuple[str, dict[str, Any]], int, str]] = [
    (pay(memo="x" * 70_000), INVALID_PARAMS, "a private text of more than"),
    (pay(memo="\ud800"), INVALID_PARAMS, "not valid Unicode"),
    (pay(until=-5), INVALID_PARAMS, "until must be a time after 1970"),
    (pay(until="0001-01-01"), INVALID_PARAMS, "until must be a time after 1970"),
    (pay(until="tomorrow"), INVALID_PARAMS, "an ISO date"),
    (pay(request=2**70), INVALID_PARAMS, "64 bits"),
    (pay(amount=1.5), INVALID_PARAMS, "as text"),
    (pay(amount={"a": 1}), INVALID_PARAMS, "an amount such as"),
    (pay(payee=["ben"]), INVALID_PARAMS, "a handle or a DID"),
    (pay(payee="nobody"), INVALID_PARAMS, "nobody here is called that"),
    (pay(payee="did:key:zzzz"), INVALID_PARAMS, "did:key"),
    (pay(unit="NOPE"), INVALID_PARAMS, "a unit of this space"),
    (pay(colour="red"), INVALID_PARAMS, "there is no field 'colour'"),
    (pay(amount="5000"), REFUSED, "can spend"),
    (("credit.transfer", {"payee": "ben"}), INVALID_PARAMS, "is missing"),
    (("credit.trasnfer", {}), METHOD_NOT_FOUND, "did you mean credit.transfer"),
    (("governance.propose", {**PROPOSE, "title": "x" * 100_000}), INVALID_PARAMS, "at most 65536 fit"),
    (("governance.propose", {**PROPOSE, "execute": [{"op": "no.such"}]}), INVALID_PARAMS, "commands that there are"),
    (("event.submit", {"block": "AAAA"}), INVALID_EVENT, "bad_encoding"),
    (("event.submit", {"block": "%"}), INVALID_PARAMS, "base64"),
    (("dag.get", {"event": "bafy"}), INVALID_PARAMS, "the CID of an event"),
    (("dag.log", {"limit": "²"}), INVALID_PARAMS, "a number from 1 to 1000"),
    (("session.open", {"member": "ben", "secret": "wrong"}), LOCKED, "does not open the key"),
    (("credit.transfer", {**pay()[1], "as": "ben"}), LOCKED, "locked"),
]


@pytest.mark.parametrize(("call", "code", "words"), BAD)
def test_bad_calls_say_what_is_wrong(home: Home, call: tuple[str, dict[str, Any]], code: int, words: str) -> None:
    opened = ("session.open", {"member": "anna", "secret": sample.SECRET})
    before = local.call(home, [("dag.head", {})])[0]["root"]
    with pytest.raises(RpcError) as caught:
        local.call(home, [opened, call])
    assert caught.value.code == code, caught.value.message
    assert words in caught.value.message
    if code != REFUSED:  # what a rule refuses stands in the record; what is malformed does not
        assert local.call(home, [("dag.head", {})])[0]["root"] == before
