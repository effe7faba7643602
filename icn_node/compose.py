"""Composing events: from what somebody wants done to the unsigned bytes of their device's next event, with the blobs
of its private fields. Signing is apart, so that the key may lie on another machine.

It must not know sockets or keys; randomness (salts, content keys) comes from the vault.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from dag.event import unsigned
from icn_node import vault
from icn_node.kernel import private, registry
from icn_node.kernel.module import CommandSpec
from icn_node.rpc.edge import Intake
from icn_node.rpc.jsonrpc import METHOD_NOT_FOUND, RpcError
from icn_node.space import Space


@dataclass(frozen=True, slots=True)
class Draft:
    """An event to sign: its unsigned bytes, and the blobs that travel with it, by commitment hash."""

    unsigned: bytes
    blobs: dict[bytes, bytes]


@dataclass(slots=True)
class Wish:
    """One command somebody wants: its declaration, its fields as the event holds them, its private texts by field."""

    spec: CommandSpec
    fields: dict[str, Any]
    texts: dict[str, tuple[Any, str]] = field(default_factory=dict)


def wish(space: Space, op: str, params: Mapping[str, Any]) -> Wish:
    """Read the parameters of a command. Raises RpcError."""
    found = space.kernel.commands.get((op, 1)) or next(
        (v for (o, _), v in space.kernel.commands.items() if o == op), None
    )
    if found is None:
        raise RpcError(METHOD_NOT_FOUND, f"there is no command {op}")
    intake = Intake(space.tables, commands={spec.op: spec.cls for _, spec in space.kernel.commands.values()})
    fields = intake.command(found[1].cls, params, found[1].private)
    return Wish(found[1], fields, intake.texts)


class Composer:
    """Makes drafts for one space. `groups`: the members' group keys, None on a home that has no vault key."""

    def __init__(self, space: Space, groups: vault.GroupKeys | None) -> None:
        self._space = space
        self._groups = groups

    def draft(self, author: bytes, wishes: Sequence[Wish], *, at_ms: int, until_ms: int | None = None) -> Draft:
        """The next event of a device (34 bytes) that asks for all of `wishes`, atomically. Raises RpcError, Refusal."""
        seq, prev = self._space.next_place(author)
        return self.draft_at(author, wishes, seq=seq, prev=prev, at_ms=at_ms, until_ms=until_ms)

    def draft_at(
        self,
        author: bytes,
        wishes: Sequence[Wish],
        *,
        seq: int,
        prev: bytes | None,
        at_ms: int,
        until_ms: int | None = None,
    ) -> Draft:
        """The same at a stated place of the device's chain."""
        blobs: dict[bytes, bytes] = {}
        ops = []
        for index, wanted in enumerate(wishes):
            op: dict[str, Any] = {"op": wanted.spec.op, "ver": wanted.spec.cls.VER, **wanted.fields}
            for name, (value, audience) in wanted.texts.items():
                spelled = " ".join(sorted(set(audience.split())))
                payload = private.payload_of(
                    space=self._space.cid, author=author, seq=seq, op=index, field=name, value=value
                )
                op[name] = self._private(payload, spelled, author, wanted, at_ms, blobs)
            ops.append(op)
        body = unsigned(
            space=self._space.cid, author=author, seq=seq, prev=prev, parents=(), at=at_ms, until=until_ms, ops=ops
        )
        return Draft(body, blobs)

    def _private(
        self, payload: bytes, audience: str, author: bytes, wanted: Wish, at_ms: int, blobs: dict[bytes, bytes]
    ) -> dict[str, Any]:
        tx = self._space.tables
        devices = set(vault.readers_of(tx, audience, self._parties(author, wanted), at_ms))
        if "parties" in audience.split():
            devices.add(author[2:])
        group = None
        if "members" in audience.split() and self._groups is not None:
            period = vault.quarter(at_ms)
            group = self._groups.known(period)
            if group is None:
                with self._space.store.transaction():
                    group = self._groups.of(period)
        commitment, blob = vault.make(payload, audience, sorted(devices), group)
        blobs[commitment.h] = blob
        found: dict[str, Any] = msgspec.structs.asdict(commitment)
        return found

    def _parties(self, author: bytes, wanted: Wish) -> list[int]:
        """Whom a command names: its author and every member in its fields."""
        tx = self._space.tables
        found: set[int] = set()
        device = tx.get(registry.Device, author[2:])
        if device is not None:
            found.add(device.party)
        stack: list[Any] = list(wanted.fields.values())
        while stack:
            value = stack.pop()
            if isinstance(value, str) and value.startswith("did:key:"):
                no = registry.party_no(tx, value)
                if no is not None:
                    found.add(no)
            elif isinstance(value, list | tuple):
                stack.extend(value)
            elif isinstance(value, dict):
                stack.extend(value.values())
        return sorted(found)
