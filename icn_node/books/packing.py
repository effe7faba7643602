"""Packing: rows into signed events, as many as fit, and their private texts into blobs beside them.

A command of an import carries a list of rows; an event carries one such command. Rows are added until the block is
nearly as large as a block may be. Private texts are committed to under the place where they stand, so a row is built
only once its event, and its place there, are certain.

It must not know what rows mean; the session signs and says who may read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from dag.cid import cid_of
from dag.codec import encode
from dag.event import MAX_BLOCK_BYTES, unsigned
from icn_node import vault
from icn_node.books.session import Importer
from icn_node.kernel import private, registry
from icn_node.kernel.imports import MOST_ROWS

_ROOM: Final = MAX_BLOCK_BYTES - 2_048  # the event's own fields and the command's, with room to spare
_COMMITMENT: Final = 64  # bytes of a commitment beside its audience and its field's name
EVENTS_AT_ONCE: Final = 16  # in one submission: at most 1 MiB of blocks


@dataclass(frozen=True, slots=True)
class Item:
    """A row: its public fields, and its private texts by field."""

    public: dict[str, Any]
    texts: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Submission:
    """Events to be committed in one go, with their blobs, and how many rows are in them."""

    blocks: list[bytes] = field(default_factory=list)
    blobs: dict[bytes, bytes] = field(default_factory=dict)
    items: int = 0


class Packer:
    """Builds events of one author for one import. audience: of every private text in them."""

    def __init__(self, importer: Importer, audience: str) -> None:
        self._importer = importer
        self._audience = audience
        now = importer.time_ms()
        words = self._audience.split()
        device = importer.tables.get(registry.Device, importer.author[2:])
        party = registry.STRANGER if device is None else device.party
        devices = set(vault.readers_of(importer.tables, self._audience, [party], now))
        if "parties" in words:
            devices.add(importer.author[2:])
        self._devices = sorted(devices)
        self._group = importer.group_key(now) if "members" in words else None

    def single(self, op: Mapping[str, Any], texts: Mapping[str, str]) -> Submission:
        """One event with one command."""
        submission = Submission()
        seq, prev = self._importer.next_place()
        fields = {**op, **{name: self._private(seq, name, text, submission.blobs) for name, text in texts.items()}}
        self._sign(submission, seq, prev, fields)
        return submission

    def many(self, op: Mapping[str, Any], field_name: str, items: Sequence[Item]) -> Iterator[Submission]:
        """Events with the rows of a command's list, in order, a few events at a time.

        What one yields must be committed before the next is asked for.
        """
        at = 0
        while at < len(items):
            submission = Submission()
            seq, prev = self._importer.next_place()
            while at < len(items) and len(submission.blocks) < EVENTS_AT_ONCE:
                count = self._fitting(items, at)
                rows = []
                for index in range(count):
                    item = items[at + index]
                    row = dict(item.public)
                    for name, text in item.texts.items():
                        row[name] = self._private(seq, f"{field_name}.{index}.{name}", text, submission.blobs)
                    rows.append(row)
                prev = self._sign(submission, seq, prev, {**op, field_name: rows})
                seq += 1
                at += count
                submission.items += count
            yield submission

    def _fitting(self, items: Sequence[Item], at: int) -> int:
        """How many rows from `at` on fit one event: at least one."""
        size = count = 0
        for item in items[at : at + MOST_ROWS]:
            size += len(encode(item.public))
            size += sum(_COMMITMENT + len(name) + len(self._audience) for name in item.texts)
            if count and size > _ROOM:
                break
            count += 1
        return count

    def _private(self, seq: int, path: str, text: str, blobs: dict[bytes, bytes]) -> dict[str, Any]:
        payload = private.payload_of(
            space=self._importer.space, author=self._importer.author, seq=seq, op=0, field=path, value=text
        )
        commitment, blob = vault.make(payload, self._audience, self._devices, self._group)
        blobs[commitment.h] = blob
        fields: dict[str, Any] = msgspec.structs.asdict(commitment)
        return fields

    def _sign(self, submission: Submission, seq: int, prev: bytes | None, op: Mapping[str, Any]) -> bytes:
        importer = self._importer
        body = unsigned(space=importer.space, author=importer.author, seq=seq, prev=prev, parents=(),
                        at=importer.time_ms(), until=None, ops=[{"ver": 1, **op}])  # fmt: skip
        block = importer.sign(body)
        submission.blocks.append(block)
        return cid_of(block)
