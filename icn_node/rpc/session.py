"""Sessions: who speaks on a connection, and which keys are open on it.

The socket is the operator's (mode 0600), so a new connection reads as the operator. `session.open` unlocks a member's
hosted key for this connection alone; from then on reads are that member's and commands are signed with that key. When
the connection ends the opened keys are forgotten.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from dag.keys import SigningKey


@dataclass(slots=True)
class Session:
    """keys: opened keys by the DID of the member they act for. member: whose session it is, '' for the operator.

    progress: called from a worker thread with what long work is doing, how much is done, and how much there is;
    told_here: the same, for work on the node's own thread.
    """

    member: str = ""
    keys: dict[str, SigningKey] = field(default_factory=dict)
    subscriptions: set[str] = field(default_factory=set)
    progress: Callable[[str, int, int], None] = lambda what, done, total: None
    told_here: Callable[[str, int, int], None] = lambda what, done, total: None
