"""Identity: by what a row or a label of imported books is known again, without saying what it is.

Labels are names of people and rows are what they paid, so neither a label nor its plain hash may stand in an event:
whoever guesses at a short text can hash the guess. Every hash here is keyed (BLAKE2b, RFC 7693) with the import key of
the space, 32 random bytes that rest sealed to the home's vault key. The same text gives the same hash on every run, so
what was imported is found again; another key gives others, and `key_id` tells that it is another.

It must not know what is in the space's state.
"""

from __future__ import annotations

import hashlib
import os
import unicodedata
from fractions import Fraction
from typing import Any, Final, Protocol

import msgspec
from nacl.bindings import crypto_box_seal, crypto_sign_ed25519_pk_to_curve25519

from dag.keys import SigningKey
from icn_node.books.dates import Moment
from icn_node.books.errors import BooksError

META: Final = "books.import_key"
KEY_BYTES: Final = 32


class KeyStore(Protocol):
    """What keeping the import key needs of `dag.store.Store`."""

    def meta(self, key: str) -> Any:
        """A value kept beside the events."""

    def set_meta(self, key: str, value: int | str | bytes) -> None:
        """Keep a value, within a transaction."""

    def transaction(self) -> Any:
        """A transaction, as a context manager."""


def import_key(store: KeyStore, vault_key: SigningKey, *, create: bool) -> bytes | None:
    """The space's import key, made and stored if there is none and `create`. Raises BooksError if it cannot be opened.

    It must be called outside a transaction of the store.
    """
    sealed = store.meta(META)
    if sealed is not None:
        key = vault_key.open_sealed(sealed)
        if key is None:
            raise BooksError("the import key was sealed for another vault.key: restore that of this space's home")
        return key
    if not create:
        return None
    key = os.urandom(KEY_BYTES)
    with store.transaction():
        store.set_meta(META, crypto_box_seal(key, crypto_sign_ed25519_pk_to_curve25519(vault_key.public)))
    return key


def label_of(text: str) -> str:
    """A label as it is compared: NFC, each run of white space one space, none at the ends. Case counts."""
    return " ".join(unicodedata.normalize("NFC", text).split())


class Keyed:
    """The keyed hashes, 32 bytes each, under one import key. Each kind of thing is hashed in a domain of its own."""

    def __init__(self, key: bytes) -> None:
        assert len(key) == KEY_BYTES
        self._key = key
        self.key_id = self._hash(b"icn-import-key", [])

    def _hash(self, domain: bytes, parts: list[str]) -> bytes:
        # JSON of a list of texts: no two lists are the same bytes.
        return hashlib.blake2b(msgspec.json.encode(parts), key=self._key, person=domain, digest_size=32).digest()

    def label(self, label: str) -> bytes:
        """Of an account holder. The unit and the source do not count: one person, one party."""
        return self._hash(b"icn-label", [label])

    def detail(self, *texts: str) -> bytes:
        """Of what the books say of an account holder besides the label."""
        return self._hash(b"icn-detail", list(texts))

    def file(self, data: bytes) -> bytes:
        """Of a whole file."""
        return hashlib.blake2b(data, key=self._key, person=b"icn-file", digest_size=32).digest()

    def row_by_id(self, unit: str, source: str, row_id: str) -> bytes:
        """Of a row that its system numbers."""
        return self._hash(b"icn-row-id", [unit, source, row_id])

    def row_by_content(self, unit: str, source: str, content: list[str], occurrence: int) -> bytes:
        """Of a row by its content; occurrence: its place among identical rows, from 1."""
        return self._hash(b"icn-row-content", [unit, source, str(occurrence), *content])

    def opening(self, unit: str, source: str, label: str) -> bytes:
        """Of an account's opening balance: there is one from each source."""
        return self._hash(b"icn-opening", [unit, source, label])


def content_of(moment: Moment, payer: str, payee: str, amount: Fraction, memo: str | None) -> list[str]:
    """What makes a row without an id the same row: its moment, parties and exact amount; the memo if it is mapped."""
    content = [str(moment.day), moment.time, payer, payee, str(amount)]
    return content if memo is None else [*content, memo]
