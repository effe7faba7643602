"""What is wrong with a command's fields stands in the log, so it is said in our words and never in a library's."""

from __future__ import annotations

from typing import Any

import pytest

from icn_node.kernel.refusal import Malformed
from tests.world import World

PAY: dict[str, Any] = {"op": "credit.transfer", "ver": 1, "unit": "SUN", "amount_minor": 5}
GONE = object()

CASES = [
    ({"amount": 5}, "it has no field amount"),
    ({"zebra": 1, "apple": 1}, "it has no field apple"),
    ({"x" * 500: 1}, "it has no field " + "x" * 64),
    ({"payee": GONE}, "payee is missing"),
    ({"amount_minor": 0}, "amount_minor is of another type, or out of its range"),
    ({"amount_minor": "5"}, "amount_minor is of another type, or out of its range"),
    ({"unit": "sun"}, "unit is of another type, or out of its range"),
    ({"memo": "bread"}, "memo is of another type, or out of its range"),
    ({"unit": 1, "amount_minor": 0}, "amount_minor is of another type, or out of its range"),
]


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.mark.parametrize(("change", "reason"), CASES, ids=[reason[:40] for _, reason in CASES])
def test_the_first_thing_that_is_wrong_is_named(world: World, change: dict[str, Any], reason: str) -> None:
    op = {**PAY, "payee": world.did("ann"), **change}
    with pytest.raises(Malformed) as caught:
        world.kernel.decode({name: value for name, value in op.items() if value is not GONE})
    assert caught.value.facts == {"op": "credit.transfer", "reason": reason}


def test_what_is_right_is_a_command(world: World) -> None:
    assert world.kernel.decode({**PAY, "payee": world.did("ann")}).OP == "credit.transfer"
