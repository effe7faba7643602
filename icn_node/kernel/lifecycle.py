"""Lifecycles: literal transition tables, state -> {event: state}, and the one way to take a step in one.

Documentation draws its diagrams from these tables, so nothing may change a state but by a step.
"""

from __future__ import annotations

from collections.abc import Mapping

from icn_node.kernel.refusal import Refusal

Lifecycle = Mapping[str, Mapping[str, str]]


class WrongState(Refusal):
    """The event is not possible in the state that the thing is in."""

    code = "wrong_state"
    text = "{what} is {state}; {event} is not possible then."


def step(table: Lifecycle, state: str, event: str, what: str) -> str:
    """The state after the event. Raises WrongState; a state or event that the table never names is our bug."""
    assert state in table, state
    assert any(event in events for events in table.values()), event
    after = table[state].get(event)
    if after is None:
        raise WrongState(what=what, state=state or "not there", event=event)
    return after


def may(table: Lifecycle, state: str, event: str) -> bool:
    """Whether the event is possible in that state."""
    return event in table[state]
