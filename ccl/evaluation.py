"""What an evaluation yields, and how it ends early: shared by both back ends, so that they can be compared.

A `Trapped` is a slip that the program did not rule out (an overflow, an index beyond the end, a view that failed); a
`Refused` is a requirement that does not hold. Neither is an error of the evaluator: both become an `Outcome`. An
exception of any other kind that leaves an evaluation is a bug in this package.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from ccl.frozen import frozen
from ccl.source import Span

MOST_FACTS = 256
"""So many readings are kept of one evaluation; those after are counted."""


MACHINE_TROUBLE = (MemoryError, OSError)
"""What a failing machine raises: no judgement, as other machines would come to another. It passes through."""


class Trapped(Exception):
    """An evaluation cannot go on. code: of `ccl.ops.TRAPS`; text: an author's words, for an explicit trap."""

    def __init__(self, code: str, text: str = "") -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text


class Refused(Exception):
    """A requirement does not hold. number: its place in the `requirements` of the function that states it."""

    def __init__(self, function: str, number: int) -> None:
        super().__init__(function, number)
        self.function = function
        self.number = number


class Fact(NamedTuple):
    """A reading: the site in that function's `sites`, the arguments of a view (else none), and what was read."""

    function: str
    site: int
    args: tuple[Any, ...]
    value: Any


class Refusal(NamedTuple):
    """Which requirement failed. path: the functions called, from the one that was run to the one that refused."""

    function: str
    number: int
    path: tuple[str, ...]


class TrapReport(NamedTuple):
    """What trapped, in which function and where. text: an author's words, for an explicit trap, else ''."""

    code: str
    text: str
    function: str
    span: Span


class AskedCommand(NamedTuple):
    """A command that an action asks the host to carry out: attribute names and values, in the order written."""

    name: str
    fields: tuple[tuple[str, Any], ...]


class LeftNotice(NamedTuple):
    """A notice that an action leaves: field names and values, in the order written."""

    name: str
    fields: tuple[tuple[str, Any], ...]


@frozen
class Outcome:
    """How an evaluation ended: `value`, or a refusal, or a trap; of the last two nothing is written or asked.

    facts: in the order read, at most `MOST_FACTS`; facts_dropped: how many more there were. A view is a fact each time
    it is read. A field of the command and a parameter are facts the first time a site reads them in one activation of
    a function; a field of a record is one unless it is read inside a loop or a comprehension.
    writes: state names and last values, in the order first written.
    """

    value: Any = None
    refusal: Refusal | None = None
    trap: TrapReport | None = None
    fuel: int = 0
    facts: tuple[Fact, ...] = ()
    facts_dropped: int = 0
    writes: tuple[tuple[str, Any], ...] = ()
    commands: tuple[AskedCommand, ...] = ()
    notices: tuple[LeftNotice, ...] = ()

    @property
    def ended_well(self) -> bool:
        """Whether a value came of it; of a clause: it permits."""
        return self.refusal is None and self.trap is None


@dataclass(slots=True)
class EmptyWorld:
    """A world in which there is nothing to read: for functions that are pure."""

    views: Any = None
    command: Any = None
    params: Any = None
    state: Any = None
    caller: str = ""
    now: int = 0


NOTHING_TO_READ = EmptyWorld()
