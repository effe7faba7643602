"""The order of the events of one commit."""

import random
from hashlib import sha256

from dag.cid import cid_of, cid_text
from dag.order.linear import order_events

LEADER = cid_of(b"leader")
EVENTS = [(cid_of(b"event %d" % number), number % 3) for number in range(9)]
GOLDEN = ["g2kwdm", "7zgcuy", "i6sqyq", "2tbt4a", "n5wvxa"]


def test_golden_order() -> None:
    assert [cid_text(cid)[-6:] for cid in order_events(LEADER, EVENTS[:5])] == GOLDEN


def test_generation_first_then_the_hash_under_the_leader() -> None:
    ordered = order_events(LEADER, EVENTS)
    generation = dict(EVENTS)
    keys = [(generation[cid], sha256(LEADER + cid).hexdigest()) for cid in ordered]
    assert keys == sorted(keys)
    assert sorted(ordered) == sorted(generation)


def test_the_order_given_does_not_matter_but_the_leader_does() -> None:
    shuffled = EVENTS[:]
    random.Random(1).shuffle(shuffled)
    assert order_events(LEADER, shuffled) == order_events(LEADER, EVENTS)
    others = {order_events(cid_of(b"leader %d" % number), EVENTS) for number in range(20)}
    assert len(others) > 15


def test_none_and_one() -> None:
    assert order_events(LEADER, []) == ()
    assert order_events(LEADER, EVENTS[:1]) == (EVENTS[0][0],)
