"""DAG-JSON: there and back without loss, one text for one value, faults named."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dag.cid import cid_of, cid_text
from dag.codec import Link, encode
from dag.dag_json import NotDagJson, dumps, loads

CID = cid_of(b"x")

keys = st.text(st.characters(exclude_categories=["Cs"]), max_size=6).filter(lambda key: key != "/")
values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63) + 1, 2**63 - 1),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
        st.binary(max_size=40),
        st.binary(max_size=4).map(lambda block: Link(cid_of(block))),
        st.just(CID),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=10,
)


@given(values)
def test_there_and_back(value: object) -> None:
    text = dumps(value)
    assert encode(loads(text)) == encode(value)
    assert dumps(loads(text)) == text
    assert encode(loads(json.dumps(json.loads(text), indent=2))) == encode(value)


def test_the_text() -> None:
    value = {"zz": 1, "é": None, "a": [True, Link(CID), b"\xfb\xff", CID[:1], "\n"]}
    assert dumps(value) == (
        '{"a":[true,{"/":"' + cid_text(CID) + '"},{"/":{"bytes":"+/8"}},{"/":{"bytes":"AQ"}},"\\n"],"zz":1,"é":null}'
    )


def test_a_map_that_would_be_taken_for_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match="the key"):
        dumps({"a": {"/": "x"}})


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "not_json"),
        ("{", "not_json"),
        ('{"a":1}x', "not_json"),
        ("[" * 100_000, "too_deep"),
        ("1.0", "float"),
        ("1e3", "float"),
        ("NaN", "constant"),
        ("-Infinity", "constant"),
        ("-0", "bad_integer"),
        ("1" * 20, "bad_integer"),
        ("1" * 5000, "bad_integer"),
        ('{"a":1,"a":1}', "repeated_key"),
        ('{"/":"x","a":1}', "bad_slash"),
        ('{"/":1}', "bad_slash"),
        ('{"/":{}}', "bad_slash"),
        ('{"/":{"bytes":1}}', "bad_slash"),
        ('{"/":{"bytes":"AA","a":1}}', "bad_slash"),
        ('{"/":{"/":"' + cid_text(CID) + '"}}', "bad_slash"),
        ('{"/":{"bytes":"A"}}', "bad_bytes"),
        ('{"/":{"bytes":"AQ=="}}', "bad_bytes"),
        ('{"/":{"bytes":"AR"}}', "bad_bytes"),
        ('{"/":{"bytes":"-_8"}}', "bad_bytes"),
        ('{"/":{"bytes":"é"}}', "bad_bytes"),
        ('{"/":"bafy"}', "bad_link"),
        ('{"/":"' + cid_text(CID).upper() + '"}', "bad_link"),
    ],
)
def test_faults(text: str, code: str) -> None:
    with pytest.raises(NotDagJson) as caught:
        loads(text)
    assert caught.value.code == code
