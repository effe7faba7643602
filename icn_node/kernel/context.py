"""What a handler knows besides the tables: who acts, when, and by which event. No clock: the time is the commit's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from icn_node.kernel.registry import SPACE, STRANGER

if TYPE_CHECKING:
    from icn_node.kernel.execute import Kernel
    from icn_node.kernel.module import Command, Result
    from icn_node.kernel.refusal import Fact
    from icn_node.kernel.tables import Tables


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. `party`: its number, SPACE for decisions and timers, STRANGER for a key nobody has registered.

    key: the 32-byte device key that signed, b'' for decisions and timers. custody: of that key, `self` or `node`.
    """

    party: int
    did: str
    key: bytes = b""
    custody: str = "self"

    @property
    def stranger(self) -> bool:
        return self.party == STRANGER


THE_SPACE = Actor(SPACE, "")


class Context:
    """One command's surroundings.

    time_ms: the commit's time, UTC ms. origin: `event`, `founding` (ops of the genesis), `decision`, `timer`.
    decision: the number of the proposal being executed, 0 otherwise; decision_type its type.
    event: the CID of the event, b'' for a timer. space: the space's CID (the genesis event's own CID).
    at_ms: when the author claims to have signed.
    """

    __slots__ = (
        "actor", "at_ms", "decision", "decision_type", "event", "kernel", "op_index", "origin", "space", "time_ms",
    )  # fmt: skip

    def __init__(
        self,
        kernel: Kernel,
        *,
        actor: Actor,
        time_ms: int,
        origin: str,
        event: bytes = b"",
        space: bytes = b"",
        at_ms: int = 0,
        decision: int = 0,
        decision_type: str = "",
    ) -> None:
        self.kernel = kernel
        self.actor = actor
        self.time_ms = time_ms
        self.origin = origin
        self.event = event
        self.space = space
        self.at_ms = at_ms
        self.decision = decision
        self.decision_type = decision_type
        self.op_index = 0

    def param(self, tx: Tables, name: str) -> int | str | bool:
        """The bylaws parameter in force."""
        return self.kernel.param(tx, name)

    def number(self, tx: Tables, name: str) -> int:
        """The integer bylaws parameter in force."""
        value = self.kernel.param(tx, name)
        assert isinstance(value, int), name
        return value

    def run(self, tx: Tables, cmd: Command, *, actor: Actor, origin: str = "decision", decision: int = 0,
            decision_type: str = "") -> Result:  # fmt: skip
        """Carry out another command for another actor, judged by the bylaws like any other. Raises its Refusal."""
        inner = Context(
            self.kernel, actor=actor, time_ms=self.time_ms, origin=origin, event=self.event, space=self.space,
            at_ms=self.at_ms, decision=decision, decision_type=decision_type,
        )  # fmt: skip
        return self.kernel.carry_out(tx, cmd, inner)

    def notify(self, tx: Tables, party: int, code: str, **facts: Fact) -> None:
        """Leave a notice for a party (SPACE: for the operators)."""
        self.kernel.notify(tx, self, party, code, facts)

    def tell(self, tx: Tables, event: str, ref: int) -> None:
        """Let the modules that react to it know that something came to pass."""
        self.kernel.tell(tx, self, event, ref)
