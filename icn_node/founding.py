"""Founding: a new home with its keys, and the genesis event of a space.

The genesis event is signed by the founder's own key; it names this node as the one validator, the bylaws in full, and
the recovery keys, of which only the DIDs go into it: the recovery key itself is printed once, to be kept on paper.
It must not know how choices were asked for.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from dag import codec
from dag.event import sign_event
from dag.keys import SigningKey, public_of
from dag.store_file import sync_folder
from icn_node import documents, vault
from icn_node.documents import BadDocument, document_of, is_contract, shipped
from icn_node.home import Home, HomeError
from icn_node.kernel import calendar, private
from icn_node.kernel.views import role_name
from icn_node.keystore import Keystore, node_key
from icn_node.modules import MODULES
from icn_node.paper import paper_of
from icn_node.space import Space

IMPORT_DAYS = 90
DEFAULT = "default.ccl"
MOST_BYLAWS_BYTES = 61_500  # of an event of 64 KiB; the rest of the founding act needs the remainder


# A proposal type for a group in one room: no phases to wait through, and the vote ends once everybody has voted.
QUICK: dict[str, Any] = {
    "op": "governance.set_type", "ver": 1, "type": "quick", "discussion_ms": 0, "deliberation_ms": 0,
    "voting_ms": 30 * 86_400_000, "implementation_ms": 0, "early": True, "method": "majority", "quorum": "1/2",
}  # fmt: skip


_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
_UNFINISHED = ".founding"  # what a space is called until it is whole: no name that one can have


class Choices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a founder decides. secret: seals the founder's key. recovery: DIDs of keys made elsewhere; empty makes one.

    credit: code of a mutual-credit unit to begin with, '' for none; its members' floor and ceiling in whole units.
    custody: whose hands the founder's key is in, `self` (this home is the founder's own) or `node`.
    books: codes of units into which the founder may import history from elsewhere, for IMPORT_DAYS.
    bylaws: a file; template: a template that ships with the node, by its name; neither: the default. roles: those of
    the founder, besides which a founder holds every role that the bylaws declare, until others are chosen.
    """

    name: str
    title: str
    handle: str
    secret: str
    timezone: str = "UTC"
    founder_name: str = ""
    bylaws: str = ""
    template: str = ""
    recovery: tuple[str, ...] = ()
    recovery_threshold: int = 1
    modules: tuple[str, ...] = ()
    roles: tuple[str, ...] = ("steward",)
    languages: tuple[str, ...] = ("en",)
    custody: str = "self"
    sample: bool = False
    books: tuple[str, ...] = ()


class Founded(msgspec.Struct, frozen=True):
    """What was made. recovery_key: the printed key, '' if the founder gave DIDs."""

    space: bytes
    founder: str
    node: str
    recovery_key: str


def _remove(space: Path, guard: Path) -> None:
    """Remove what is left of a founding that was cut off."""
    for suffix in ("", "-wal", "-shm", "-lock"):
        space.with_name(space.name + suffix).unlink(missing_ok=True)
    guard.unlink(missing_ok=True)


def bylaws_document(name: str, text: str) -> dict[str, Any]:
    """A bylaws file as it stands in the genesis event; `name` says its form. Raises HomeError with what is wrong."""
    try:
        document = document_of(((name, text),))
    except BadDocument as error:
        msg = f"the bylaws do not hold together:\n{error}" if is_contract(name) else str(error)
        raise HomeError(msg) from None
    size = len(codec.encode(document))
    if size > MOST_BYLAWS_BYTES:
        msg = (
            f"the bylaws have {size} bytes, and {MOST_BYLAWS_BYTES} fit into the event that founds a space: found it "
            "with those that ship with the node, and propose yours then (`icn bylaws propose`)"
        )
        raise HomeError(msg)
    return document


def _chosen_bylaws(choices: Choices) -> tuple[str, str]:
    """The bylaws' file name and text. Raises HomeError for a template that there is not."""
    if choices.bylaws:
        return Path(choices.bylaws).name, Path(choices.bylaws).read_text(encoding="utf-8")
    file = documents.templates().get(choices.template, "") if choices.template else DEFAULT
    if not file:
        msg = f"there is no template {choices.template}; there are: {', '.join(documents.templates())}"
        raise HomeError(msg)
    return Path(file).name, shipped(file)


def declared_roles(name: str, text: str) -> tuple[str, ...]:
    """The roles that a contract declares, as the registry names them; none of clauses of words."""
    program = documents.check(((name, text),), documents.known_bases()).program if is_contract(name) else None
    return () if program is None else tuple(role_name(role.name) for role in program.roles)


def default_bylaws() -> str:
    """The bylaws that ship with the node, a contract in CCL."""
    return shipped(DEFAULT)


def found(
    home: Home,
    choices: Choices,
    *,
    now_ms: int,
    ops: Sequence[Mapping[str, Any]] = (),
    keystore: Keystore | None = None,
) -> Founded:
    """Make the home and found the space; the home's lock must be held. Raises HomeError, SpaceStopped, StoreError.

    ops: further commands of the founding act (units, authorities), as the event holds them.
    """
    if home.exists:
        msg = f"{home.path} has a node already: choose another folder with --home"
        raise HomeError(msg)
    if not calendar.known(choices.timezone):
        msg = f"{choices.timezone} is not a known time zone: use an IANA name such as Europe/Amsterdam"
        raise HomeError(msg)
    if not _NAME.fullmatch(choices.name):
        msg = f"the space's name is a-z, 0-9, '_', '.' and '-', from a letter on, at most 64, not {choices.name!r}"
        raise HomeError(msg)
    if home.space_path(choices.name).exists():
        msg = (
            f"{home.space_path(choices.name)} is a space already, but {home.config_path} is missing: put it back, or "
            "move the space away"
        )
        raise HomeError(msg)
    chosen = _chosen_bylaws(choices)
    document = bylaws_document(*chosen)
    home.make()
    node = node_key(home.node_key_path, create=True)
    vault_key = node_key(home.vault_key_path, create=True)
    seed = os.urandom(32)
    founder = SigningKey.from_seed(seed)
    keys = keystore or Keystore(home.keystore_path if choices.custody == "node" else home.keys_path)
    keys.add(founder, seed, choices.secret, custody=choices.custody, now_ms=now_ms)
    recovery_key = ""
    recovery = choices.recovery
    for did in recovery:
        public_of(did)
    if not recovery:
        recovery_seed = os.urandom(32)
        recovery = (SigningKey.from_seed(recovery_seed).did,)
        recovery_key = paper_of(recovery_seed)
    op: dict[str, Any] = {
        "op": "space.found", "ver": 1, "name": choices.name, "title": choices.title, "founder": choices.handle,
        "timezone": choices.timezone, "bylaws": document, "validators": [node.did], "recovery": list(recovery),
        "recovery_threshold": min(choices.recovery_threshold, len(recovery)),
        "modules": list(choices.modules or [m.name for m in MODULES]), "languages": list(choices.languages),
        "founder_custody": choices.custody, "roles": list(dict.fromkeys((*choices.roles, *declared_roles(*chosen)))),
        "sample": choices.sample,
    }  # fmt: skip
    if choices.books:
        ops = [*ops, {
            "op": "books.authorise", "ver": 1, "importer": founder.did, "until_ms": now_ms + IMPORT_DAYS * 86_400_000,
            "units": sorted(set(choices.books)), "members": True, "create": "credit",
        }]  # fmt: skip
    blobs: dict[bytes, bytes] = {}
    if choices.founder_name:
        payload = private.payload_of(
            space=None, author=founder.author, seq=0, op=0, field="founder_name", value=choices.founder_name
        )
        group = os.urandom(vault.GROUP_ID_BYTES), os.urandom(32)
        commitment, blob = vault.make(payload, "members", [founder.public], group)
        op["founder_name"] = msgspec.structs.asdict(commitment)
        blobs[commitment.h] = blob
    genesis = sign_event(
        founder, space=None, nonce=os.urandom(16), seq=0, prev=None, parents=(), at=now_ms, until=None,
        ops=[op, *(dict(o) for o in ops)],
    )  # fmt: skip
    path, guard = home.space_path(choices.name), home.guard_path(choices.name)
    unfinished, its_guard = home.space_path(_UNFINISHED), home.guard_path(_UNFINISHED)
    _remove(unfinished, its_guard)
    try:
        space = Space.create(unfinished, its_guard, genesis, node, now_ms=now_ms, blobs=blobs)
        try:
            if blobs:
                with space.store.transaction():
                    vault.GroupKeys(space.store, vault_key).adopt(vault.quarter(now_ms), *group)
        finally:
            space.close()
        its_guard.replace(guard)
        unfinished.replace(path)
    finally:
        _remove(unfinished, its_guard)
    for file in (guard, path):
        sync_folder(file)
    # Last: a home with an icn.toml is a home that is whole.
    home.write_config(choices.name, default=choices.handle, sample=choices.sample)
    return Founded(genesis.cid, founder.did, node.did, recovery_key)
