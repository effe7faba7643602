"""The host that contracts are checked against: what the program was given, or what an installed package offers.

A package offers its host as an entry point of the group `ccl.hosts`, a function without arguments. So the language knows
no host, and a program that has one need not be told.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Final

from ccl.host import Host

GROUP: Final = "ccl.hosts"


class NoHost(Exception):
    """There is no host, or several: says what to do."""


def host_of(given: Callable[[], Host] | None, name: str = "") -> Host:
    """The host given, or the installed one of that name, or the only one there is. Raises NoHost."""
    if given is not None:
        return given()
    offered = {point.name: point for point in entry_points(group=GROUP)}
    if name and name not in offered:
        raise NoHost(f"no host `{name}` is installed; there are: {', '.join(sorted(offered)) or 'none'}")
    if not name and len(offered) != 1:
        known = ", ".join(sorted(offered))
        raise NoHost(f"which host? say --host NAME, one of: {known}" if offered else
                     "no host is installed, so only the syntax can be checked: `ccl check --syntax`")  # fmt: skip
    host: Host = offered[name or next(iter(offered))].load()()
    return host
