"""Conversions at the edge, both ways: what people write, a case a line, and what they are shown."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icn_node.kernel import fields, ledger
from icn_node.kernel.module import Amount, Command, Party
from icn_node.rpc.edge import Intake, Outtake, duration_text, iso
from icn_node.rpc.jsonrpc import INVALID_PARAMS, RpcError
from tests import people
from tests.world import T0, World, key_of


class Everything(Command, frozen=True):
    """A command with a field of every kind."""

    who: fields.Who | None = None
    key: fields.DeviceKey | None = None
    unit: fields.UnitCode | None = None
    amount_minor: fields.AmountMinor | None = None
    floor_minor: fields.LimitMinor | None = None
    minutes: fields.Minutes | None = None
    until_ms: fields.TimeMs | None = None
    term_ms: fields.DurationMs | None = None
    date_day: fields.Day | None = None
    no: fields.No | None = None
    count: int | None = None
    flag: bool | None = None
    hash: fields.Hash32 | None = None
    signature: fields.Signature | None = None
    title: fields.Title | None = None
    memo: fields.Private | None = None
    members: tuple[fields.Who, ...] = ()
    numbers: Annotated[tuple[fields.No, ...], "some"] = ()


BOB = key_of("bob").did
HEX32, B64 = "ab" * 32, "AQID"
# What is given, and the field as the event holds it; or ! and words of the error, which names the field.
INTAKE = f"""
who=bob                              | who={BOB!r}
who=@bob                             | who={BOB!r}
who=BOB                              | who={BOB!r}
who={BOB}                            | who={BOB!r}
who=nobody                           | ! nobody here is called that
who=''                               | ! a handle or a DID
who=5                                | ! a handle or a DID
who=did:key:z6Mk                     | ! did:key
who=did:web:example.org              | ! did:key
key={BOB}                            | key={BOB!r}
amount=12.50, unit=CC                | amount_minor=1250, unit='CC'
amount=12.5, unit=CC                 | amount_minor=1250, unit='CC'
amount=12, unit=CC                   | amount_minor=1200, unit='CC'
amount='12', unit=CC                 | amount_minor=1200, unit='CC'
amount=0.01, unit=CC                 | amount_minor=1, unit='CC'
amount=0.001, unit=CC                | ! at most 2 decimals
amount=12.5, unit=NONE               | ! a unit of this space
amount=12.5                          | ! a unit of this space
amount=12, unit=CC                   | amount_minor=1200, unit='CC'
amount=0, unit=CC                    | ! more than zero
amount=-1, unit=CC                   | ! more than zero
amount_minor=1250                    | amount_minor=1250
amount_minor='1250'                  | amount_minor=1250
amount_minor=float(12.50)            | ! text
amount=float(12.50), unit=CC         | ! text
amount_minor='12.50'                 | ! whole number of minor units
amount_minor=0                       | ! more than zero
amount_minor={2**63}                 | ! 64 bits
floor=-12.50, unit=CC                | floor_minor=-1250, unit='CC'
floor=0, unit=CC                     | floor_minor=0, unit='CC'
amount=1:30, unit=HOUR               | amount_minor=90, unit='HOUR'
amount=2h, unit=HOUR                 | amount_minor=120, unit='HOUR'
amount=90m, unit=HOUR                | amount_minor=90, unit='HOUR'
amount='2', unit=HOUR                | ! could mean either
minutes=90                           | minutes=90
minutes='90'                         | minutes=90
minutes=1h30                         | minutes=90
minutes=1:30                         | minutes=90
minutes=1.5h                         | minutes=90
hours=1.5h                           | minutes=90
minutes=0                            | ! more than zero
minutes=25h                          | ! at most 1440
minutes=soon                         | ! a time such as
until=2026-05-01                     | until_ms=1777593600000
until=2026-05-01T18:00+02:00         | until_ms=1777651200000
until=2026-05-01T16:00Z              | until_ms=1777651200000
until='2026-05-01 16:00:00.5'        | until_ms=1777651200500
until=1777651200000                  | until_ms=1777651200000
until_ms=1777651200000               | until_ms=1777651200000
until=1969-12-31                     | ! at least 0
until=May                            | ! an ISO date or date-time
until=2026-13-01                     | ! an ISO date or date-time
until_ms={2**53}                     | ! less than that
term=14d                             | term_ms=1209600000
term=2w                              | term_ms=1209600000
term=36h                             | term_ms=129600000
term=90m                             | term_ms=5400000
term='30 s'                          | term_ms=30000
term=1.5d                            | ! a duration such as
term=-1d                             | ! a duration such as
term=day                             | ! a duration such as
date=2026-05-01                      | date_day=20574
date=1969-12-31                      | date_day=-1
date=20574                           | date_day=20574
date=2026-02-30                      | ! an ISO date
no=7                                 | no=7
no='7'                               | no=7
no=0                                 | ! more than zero
no=seven                             | ! whole number
no=1.0                               | ! whole number
no=float(1.0)                        | ! whole number
no=True                              | ! whole number
flag=True                            | flag=True
flag=yes                             | flag=True
flag='no'                            | flag=False
flag='FALSE'                         | flag=False
flag=1                               | ! true or false
flag=maybe                           | ! true or false
hash={HEX32}                         | hash={bytes.fromhex(HEX32)!r}
hash={HEX32.upper()}                 | hash={bytes.fromhex(HEX32)!r}
signature={B64}                      | signature={bytes([1, 2, 3])!r}
hash=5                               | ! bytes in hex or base64
hash=%%%                             | ! bytes in hex or base64
title=5                              | title=5
members=['bob','ann']                | members=[{BOB!r}, {key_of("ann").did!r}]
members='bob, ann'                   | members=[{BOB!r}, {key_of("ann").did!r}]
members=bob                          | members=[{BOB!r}]
members=[]                           | members=[]
numbers=['1',2]                      | numbers=[1, 2]
numbers=['one']                      | ! whole number
memo=bread                           | ~memo=('bread', 'parties')
memo=''                              | ~memo=('', 'parties')
memo=dict(text='bread')              | ~memo=('bread', 'parties')
memo=dict(text='bread',audience='members') | ~memo=('bread', 'members')
memo=dict(words='bread')             | ! a text, or
memo=5                               | ! a text
memo=None                            |
who=None                             |
colour=red                           | ! there is no field 'colour'
until=2026-05-01, until_ms=5         | ! given twice
"""


def given_of(text: str) -> dict[str, Any]:
    """`name=value, ...`; integers, quoted texts, lists and such are Python, everything else is a text."""
    found = {}
    for part in text.split(", ") if "'bob, ann'" not in text else [text]:
        name, _, value = part.partition("=")
        is_python = re.fullmatch(r"-?\d+|'.*'|\[.*\]|dict\(.*\)|float\(.*\)|True|None", value)
        found[name] = eval(value) if is_python else value  # the table is ours
    return found


@pytest.fixture(scope="module")
def world() -> World:
    w = World(ops=({"op": "timebank.set_up", "ver": 1},))
    w.member("bob")
    people.unit(w, "CC")
    people.unit(w, "YEN", decimals=0)
    people.unit(w, "NANO", decimals=9)
    return w


@pytest.mark.parametrize("line", INTAKE.strip().splitlines(), ids=lambda line: line.split("|")[0].strip()[:60])
def test_intake(world: World, line: str) -> None:
    given, _, wanted = (cell.strip() for cell in line.partition("|"))
    intake = Intake(world.tables)
    params = given_of(given)
    if wanted.startswith("!"):
        with pytest.raises(RpcError) as error:
            intake.command(Everything, params, {"memo": "parties"})
        assert error.value.code == INVALID_PARAMS
        assert wanted.removeprefix("! ") in error.value.message
        assert error.value.data["field"] in {*params, "unit"}
        return
    held = intake.command(Everything, params, {"memo": "parties"})
    if wanted.startswith("~"):
        assert held == {}
        assert intake.texts == eval(f"dict({wanted.removeprefix('~')})")
    else:
        assert held == eval(f"dict({wanted})")
        assert intake.texts == {}


@given(minor=st.integers(-(2**63 - 1), 2**63 - 1), code=st.sampled_from(["CC", "YEN", "NANO", "HOUR"]))
def test_an_amount_shown_is_read_again_as_it_was(world: World, minor: int, code: str) -> None:
    unit = world.tables.get(ledger.Unit, code)
    assert unit is not None
    if code == "HOUR":
        minor %= 500_000_000  # nobody writes more hours than a thousand years have
    shown = outtake(world).value({"floor": Amount(minor, unit.decimals, code)})
    assert shown["floor_minor"] == str(minor)
    again = Intake(world.tables).command(Everything, {"unit": code, "floor": shown["floor"]}, {})
    assert again["floor_minor"] == minor
    exact = Intake(world.tables).command(Everything, {"unit": code, "floor_minor": shown["floor_minor"]}, {})
    assert exact["floor_minor"] == minor


@given(
    whole=st.integers(0, 10**12), places=st.text("0123456789", max_size=12), code=st.sampled_from(["CC", "YEN", "NANO"])
)
def test_no_amount_is_ever_rounded(world: World, whole: int, places: str, code: str) -> None:
    unit = world.tables.get(ledger.Unit, code)
    assert unit is not None
    text = f"{whole}.{places}" if places else str(whole)
    try:
        minor = Intake(world.tables).command(Everything, {"unit": code, "floor": text}, {})["floor_minor"]
    except RpcError:
        assert Fraction(text) * 10**unit.decimals % 1 or Fraction(text) * 10**unit.decimals >= 2**63
    else:
        assert Fraction(minor, 10**unit.decimals) == Fraction(text)


@given(st.integers(0, 2**53 - 1))
def test_a_time_shown_is_read_again_as_it_was(world: World, time_ms: int) -> None:
    shown = iso(time_ms)
    if shown.endswith(" ms"):
        assert time_ms > 253_402_300_799_999, "only what no calendar has is shown bare"
        return
    assert Intake(world.tables).command(Everything, {"until": shown}, {})["until_ms"] == time_ms


@given(st.integers(-200_000, 200_000))
def test_a_day_shown_is_read_again_as_it_was(world: World, day: int) -> None:
    shown = outtake(world).value({"date_day": day})["date"]
    assert Intake(world.tables).command(Everything, {"date": shown}, {})["date_day"] == day


@given(st.integers(0, 10**12 - 1).map(lambda n: n * 1_000))
def test_a_duration_shown_is_read_again_as_it_was(world: World, duration_ms: int) -> None:
    shown = duration_text(duration_ms)
    assert Intake(world.tables).command(Everything, {"term": shown}, {})["term_ms"] == duration_ms


SECRET = fields.Private(bytes(32), "parties", 5)
HIDDEN = fields.Private(bytes(31) + b"1", "parties", 5)


def outtake(world: World) -> Outtake:
    return Outtake(
        world.tables,
        lambda p: ("two loaves", "") if p == SECRET else (None, "private"),
        lambda code, facts: f"{code} {sorted(facts)}",
    )


OUT: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"balance": Amount(-1250, 2, "CC")}, {"balance": "-12.50", "balance_minor": "-1250"}),
    ({"balance": Amount(5, 0, "YEN")}, {"balance": "5", "balance_minor": "5"}),
    ({"balance": Amount(90, 0, "HOUR")}, {"balance": "1:30", "balance_minor": "90"}),
    ({"balance": Amount(-5, 0, "HOUR")}, {"balance": "-0:05", "balance_minor": "-5"}),
    ({"balance": Amount(2**70, 9, "NANO")}, {"balance": "1180591620717.411303424", "balance_minor": str(2**70)}),
    ({"payer": Party(2)}, {"payer": "bob", "payer_did": BOB}),
    ({"payer": Party(0)}, {"payer": "(the co-op)", "payer_did": ""}),
    ({"payer": Party(99)}, {"payer": "#99", "payer_did": ""}),
    ({"at_ms": T0}, {"at": "2026-01-01T00:00:00Z", "at_ms": T0}),
    ({"at_ms": T0 + 1}, {"at": "2026-01-01T00:00:00.001Z", "at_ms": T0 + 1}),
    ({"until_ms": 2**53 - 1}, {"until": f"{2**53 - 1} ms", "until_ms": 2**53 - 1}),
    ({"until_ms": None}, {"until_ms": None}),
    ({"term_ms": 1_209_600_000}, {"term": "14d", "term_ms": 1_209_600_000}),
    ({"date_day": 20_574}, {"date": "2026-05-01"}),
    ({"memo": SECRET}, {"memo": "two loaves"}),
    ({"memo": HIDDEN}, {"memo": None, "memo_state": "private"}),
    ({"h": b"\xab\xcd"}, {"h": "abcd"}),
    ({"rows": [{"memo": HIDDEN}, {"payer": Party(2)}]},
     {"rows": [{"memo": None, "memo_state": "private"}, {"payer": "bob", "payer_did": BOB}]}),
    ({"names": (Party(2), SECRET, Amount(5, 2, "CC"))}, {"names": ["bob", "two loaves", "0.05"]}),
    ({"plain": [1, "a", True, None]}, {"plain": [1, "a", True, None]}),
]  # fmt: skip


@pytest.mark.parametrize(("value", "wanted"), OUT)
def test_outtake(world: World, value: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert outtake(world).value(value) == wanted
