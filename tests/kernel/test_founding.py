from __future__ import annotations

import pytest

from tests.world import World


@pytest.mark.parametrize("sqlite", [False, True])
def test_a_space_is_founded_and_its_charter_can_be_read(sqlite: bool) -> None:
    w = World(sqlite=sqlite)
    assert w.ask(None, "space.charter")["timezone"] == "Europe/Amsterdam"
    again = {k: v for k, v in w.events[0][0].ops[0].items() if k not in ("op", "ver")}
    assert w.refused("ann", "space.found", **again) == "forbidden"
    assert w.refused("ann", "space.found", x=1) == "malformed"
    assert w.refused("ann", "module.activate", module="space") == "forbidden"
    assert w.refused("stranger", "module.activate", module="space") == "unknown_key"
    assert w.refused("ann", "no.such", x=1) == "version"
