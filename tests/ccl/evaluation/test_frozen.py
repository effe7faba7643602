"""`ccl.frozen`: as the standard frozen dataclass with slots, in all that one can see."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from dataclasses import field
from typing import Any

import pytest

from ccl.frozen import frozen


@frozen
class Plain:
    """A base."""

    name: str


@frozen
class Child(Plain):
    """With defaults."""

    count: int = 3
    marks: list[int] = field(default_factory=list)


@frozen
class Empty:
    """Nothing in it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Standard:
    """What `Child` is to be like."""

    name: str
    count: int = 3
    marks: list[int] = field(default_factory=list)


MADE: tuple[dict[str, Any], ...] = ({"name": "a"}, {"name": "a", "count": 4}, {"name": "b", "marks": [1]})


@pytest.mark.parametrize("given", MADE)
def test_it_is_made_and_shown_as_the_standard_one(given: dict[str, Any]) -> None:
    ours, theirs = Child(**given), Standard(**given)
    assert repr(ours) == repr(theirs).replace("Standard", "Child")
    assert dataclasses.asdict(ours) == dataclasses.asdict(theirs)
    assert Child(*dataclasses.astuple(theirs)) == ours
    assert dataclasses.replace(ours, count=9).count == 9
    assert pickle.loads(pickle.dumps(ours)) == ours
    assert copy.deepcopy(ours) == ours


def test_defaults_are_made_anew() -> None:
    assert Child("a").marks is not Child("a").marks


def test_it_compares_and_hashes_by_class_and_fields() -> None:
    assert Plain("a") == Plain("a") != Plain("b")
    assert hash(Plain("a")) == hash(Plain("a"))
    assert Plain("a") != Child("a")
    assert Empty() == Empty()
    assert len({Empty(), Empty(), Plain("a"), Plain("a")}) == 2


def test_it_cannot_be_changed() -> None:
    one: Any = Child("a")
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.name = "b"
    with pytest.raises(dataclasses.FrozenInstanceError):
        del one.name
    with pytest.raises((AttributeError, TypeError)):
        one.other = 1
    assert not hasattr(one, "__dict__")


def test_it_matches_by_position() -> None:
    match Child("a", 5):
        case Child(name, count):
            assert (name, count) == ("a", 5)


def test_what_is_missing_or_too_much_is_told() -> None:
    make: Any = Child
    with pytest.raises(TypeError, match="name"):
        make()
    with pytest.raises(TypeError, match="unexpected"):
        make("a", other=1)
