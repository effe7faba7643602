"""Sessions: what importing and exporting need of an open space, and the session on a `Space` that the node uses.

The protocols are small so that a running daemon and an offline command offer the same: tables to read, an author who
signs, the import key, and a way to have events committed. It must not know files of books.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from dag.event import attach, signing_bytes
from dag.keys import SigningKey
from icn_node import vault
from icn_node.books import identity
from icn_node.books.errors import BooksError
from icn_node.kernel import private, registry
from icn_node.kernel.fields import Private
from icn_node.kernel.private import Payload
from icn_node.kernel.tables import Tables
from icn_node.receipts import Receipt
from icn_node.space import Space


class Importer(Protocol):
    """On whose behalf an import runs, and into which space."""

    @property
    def tables(self) -> Tables:
        """The state, as of the last commit."""

    @property
    def space(self) -> bytes:
        """The space's CID, 36 bytes."""

    @property
    def author(self) -> bytes:
        """The device key that signs, 34 bytes."""

    def time_ms(self) -> int:
        """The time now, UTC ms."""

    def import_key(self, *, create: bool) -> bytes | None:
        """The space's import key, 32 bytes; None if there is none and none is to be made."""

    def group_key(self, time_ms: int) -> tuple[bytes, bytes] | None:
        """(id, key) of the members' group key of the period; None on a home that has none."""

    def next_place(self) -> tuple[int, bytes | None]:
        """(seq, prev) of the author's next event. Nothing else may sign with that key until it is committed."""

    def sign(self, unsigned: bytes) -> bytes:
        """The block of an unsigned event."""

    def head(self) -> Mapping[str, Any]:
        """Where the log stands: `leaves`, `root`, `checkpoint`, ..."""


class Submitter(Importer, Protocol):
    """An importer that can also commit by itself: offline, or a test."""

    def submit(self, blocks: Sequence[bytes], blobs: Mapping[bytes, bytes]) -> list[Receipt]:
        """Have events committed; a receipt for each once they are durable."""


class Reader(Protocol):
    """On whose behalf an export reads."""

    @property
    def tables(self) -> Tables:
        """The state: for the public names of parties and units."""

    def ask(self, name: str, **params: Any) -> Any:
        """The answer to a query, through the policy. Raises Refusal."""

    def reveal(self, field: Private) -> tuple[str | None, str]:
        """(text, '') of a private field, or (None, state) where this reader cannot have it."""


class SpaceSession:
    """An importer, submitter and reader on an open space. key: the author's, None to read only.

    reader: the DID of whoever reads, None for the operator of the node. vault_key: the home's; without it there are no
    group keys and no imports. keys: with which private texts are opened, besides `key`.
    """

    def __init__(
        self,
        space: Space,
        key: SigningKey | None,
        vault_key: SigningKey | None,
        clock: Callable[[], int],
        *,
        reader: str | None = None,
        keys: Iterable[SigningKey] = (),
    ) -> None:
        self._space = space
        self._key = key
        self._vault_key = vault_key
        self._clock = clock
        self._reader = reader
        self._keys = [*([] if key is None else [key]), *keys]
        self._groups = None if vault_key is None else vault.GroupKeys(space.store, vault_key)

    @property
    def tables(self) -> Tables:
        return self._space.tables

    @property
    def space(self) -> bytes:
        return self._space.cid

    @property
    def author(self) -> bytes:
        return self._signer().author

    def _signer(self) -> SigningKey:
        if self._key is None:
            raise BooksError("an import is signed by whoever has the authority for it: say who, with --as NAME")
        return self._key

    def time_ms(self) -> int:
        return self._clock()

    def import_key(self, *, create: bool) -> bytes | None:
        if self._vault_key is None:
            raise BooksError("this home has no vault.key, in whose care the import key is: restore it from a backup")
        return identity.import_key(self._space.store, self._vault_key, create=create)

    def group_key(self, time_ms: int) -> tuple[bytes, bytes] | None:
        if self._groups is None:
            return None
        period = vault.quarter(time_ms)
        with self._space.store.transaction():
            return self._groups.of(period)

    def next_place(self) -> tuple[int, bytes | None]:
        return self._space.next_place(self.author)

    def sign(self, unsigned: bytes) -> bytes:
        return attach(unsigned, self._signer().sign(signing_bytes(unsigned)))

    def submit(self, blocks: Sequence[bytes], blobs: Mapping[bytes, bytes]) -> list[Receipt]:
        return self._space.submit(blocks, self._clock(), blobs=blobs)

    def head(self) -> Mapping[str, Any]:
        return self._space.head()

    def ask(self, name: str, **params: Any) -> Any:
        reader = self._space.reader(self._reader, self._clock(), operator=self._reader is None)
        spec = self._space.kernel.queries[name]
        return self._space.ask(name, msgspec.convert(params, spec.cls), reader)

    def reveal(self, field: Private) -> tuple[str | None, str]:
        blobs = self._space.store.blobs
        if blobs.is_erased(field.h):
            return None, "erased"
        groups = self._groups.by_id if self._groups is not None and self._is_trusted() else {}
        try:
            return str(vault.reveal(field, blobs.get(field.h), self._keys, groups, self._belongs(field))), ""
        except vault.Unreadable as unreadable:
            return None, unreadable.state

    def _belongs(self, field: Private) -> Callable[[Payload], bool]:
        return lambda payload: private.is_carriers(self.tables, self._space.cid, field.h, payload)

    def _is_trusted(self) -> bool:
        """Whether the members' texts are this reader's: an active member, or the operator, who runs their node."""
        if self._reader is None:
            return True
        no = registry.party_no(self.tables, self._reader)
        return no is not None and registry.is_active(self.tables, no)
