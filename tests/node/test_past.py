"""The log judged again by other bylaws: what would have been decided otherwise, and nothing is changed by asking."""

from __future__ import annotations

import msgspec
import pytest

from icn_node import past
from icn_node.kernel.bylaws import BylawsInvalid, Document
from tests.node.town import Town
from tests.world import clause_bylaws, default_bylaws, extended_bylaws, key_of

CAPPED = """
    unit SUN { decimals: 2; }
    clause "99" on credit.transfer in SUN "At most two." { require command.amount <= 2 SUN; }
"""


def document(made: dict[str, object]) -> Document:
    return msgspec.convert(made, Document)


def test_the_same_rules_judge_the_same(town: Town) -> None:
    town.send(town.sign("bob", town.pay("bob", "cid")))
    town.send(town.sign("bob", {"op": "credit.create", "unit": "MOON"}))
    before = town.digest()
    for same in (default_bylaws(), clause_bylaws()):
        found = past.compare(town.space, document(same))
        assert (found.otherwise, found.shown) == (0, [])
        assert found.judged >= 4, "two who joined, a payment, a refusal"
    assert town.digest() == before


def test_what_would_have_been_refused_is_found_with_whose_it_was(town: Town) -> None:
    town.send(town.sign("bob", town.pay("bob", "cid", 200)))
    over = town.sign("bob", town.pay("bob", "cid", 201))
    town.send(over)
    found = past.compare(town.space, document(extended_bylaws(CAPPED)))
    assert found.otherwise == 1
    (one,) = found.shown
    assert (one.op, one.by) == ("credit.transfer", key_of("bob").did)
    assert (one.was, one.would) == ("permitted, with approvals where they are due", "refused under 99")
    assert one.time_ms == town.now


def test_a_document_that_does_not_hold_together_compares_nothing(town: Town) -> None:
    with pytest.raises(BylawsInvalid):
        past.compare(town.space, document(extended_bylaws('clause "99" on nothing.such "x" { }')))


def test_the_latest_are_shown_of_many(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past, "MOST_SHOWN", 2)
    for amount in (300, 301, 302):
        town.send(town.sign("bob", town.pay("bob", "cid", amount)))
    found = past.compare(town.space, document(extended_bylaws(CAPPED)))
    assert (found.otherwise, len(found.shown)) == (3, 2)
