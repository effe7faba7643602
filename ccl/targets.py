"""Which commands a clause or a role names: exactly, by a prefix `credit.*`, or all by `*`."""

from __future__ import annotations

from collections.abc import Iterable


def names(targets: Iterable[str], command: str) -> bool:
    """Whether one of the targets names the command."""
    return any(t in (command, "*") or (t.endswith(".*") and command.startswith(t[:-1])) for t in targets)
