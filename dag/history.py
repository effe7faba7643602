"""What the graph asks of whoever keeps the events: a small protocol, so that the graph itself does no I/O.

Purpose: name it exactly. `dag.store` answers from SQLite; the tests of the graph answer from dictionaries.

It must not know how any of it is kept.
"""

from collections.abc import Iterator
from typing import Protocol, TypeAlias

import msgspec

Row: TypeAlias = tuple[int, int, int, int, bytes]
"""(event id, author id, seq, generation, block): an event as it is kept."""


class Node(msgspec.Struct, frozen=True, gc=False):
    """A held event without its block. `author` is the number of its key; ids ascend in order of admission."""

    id: int
    author: int
    seq: int
    generation: int
    cid: bytes


class History(Protocol):
    """What is held and what the log says of it. CIDs are 36 bytes; authors and events are numbers from 1."""

    def author_id(self, author: bytes) -> int | None:
        """The number of a key (34 bytes) that an event here was signed with."""

    def node(self, cid: bytes) -> Node | None:
        """A held event."""

    def tip(self, author: int) -> Node | None:
        """The author's event of the highest seq; of variants there, the one admitted first."""

    def variants(self, author: int, seq: int) -> list[Node]:
        """The held events at (author, seq), in order of admission."""

    def block(self, event: int) -> bytes:
        """The block of a held event."""

    def canonical_tip(self, author: int) -> Node | None:
        """The author's last event that the log has as canonical."""

    def is_canonical(self, event: int) -> bool:
        """Whether the log has the event, and as a canonical one."""

    def commit_of(self, event: int) -> int:
        """The index of the commit that has the event, 0 if none has."""

    def pending(self) -> Iterator[tuple[Node, bytes]]:
        """The events that are not in the log yet with their blocks, in order of admission."""

    def next_ids(self) -> tuple[int, int]:
        """The numbers that the next event and the next author get."""
