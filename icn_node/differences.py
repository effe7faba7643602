"""What other bylaws would change: command by command, and for the decisions that a space has taken.

Where the solver is installed (the extra `prove`) a change is stricter, looser, both or unknown, with a case that shows
it. Without it only what certainly stays the same is known. It must not know how either is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from icn_node import documents

if TYPE_CHECKING:
    from ccl import core

NO_SOLVER = "whether it is stricter or looser takes the solver: pip install 'icn-node[prove]'"


def program_of(answer: Mapping[str, Any]) -> core.Program | None:
    """The contract that `space.bylaws` answered with; None for clauses of words. Raises BadDocument if it no longer
    holds together, as under a node whose modules have changed."""
    if answer.get("form") != "ccl":
        return None
    texts = tuple((s["name"], s["text"]) for s in answer["sources"])
    found = documents.check(texts, {b["name"]: b["text"] for b in answer["bases"]})
    if found.program is None:
        raise documents.BadDocument(found.report().rstrip())
    return found.program


def changes(old: core.Program, new: core.Program) -> list[dict[str, Any]]:
    """Everything for which the two differ: kind, name, relation, witnesses in words, notes."""
    try:
        from ccl.proof import comparing
    except ImportError:
        return _without_solver(old, new)
    found = comparing.changes(old, new, documents.host())
    return [change.data() for change in found if change.relation.value != "equivalent"]


def _without_solver(old: core.Program, new: core.Program) -> list[dict[str, Any]]:
    """The commands and reads that the two do not judge by the same text."""
    from ccl.proof.fingerprint import Fingerprints

    host = documents.host()
    before, after = Fingerprints(old, host), Fingerprints(new, host)
    units = sorted({c.unit for program in (old, new) for c in program.clauses if c.unit})
    return [
        {"kind": "command", "name": name, "relation": "unknown", "witnesses": [], "reason": NO_SOLVER, "notes": []}
        for name in sorted(host.commands)
        if before.command(name, units) != after.command(name, units)
    ]


def looser(found: list[dict[str, Any]]) -> list[str]:
    """What of it may allow more than before, by name: whoever adopts the new version acknowledges it."""
    return [change["name"] for change in found if change["relation"] not in ("equivalent", "stricter")]
