"""A co-op with a real space in a folder, whose founder may import: for tests of what comes in and goes out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dag.event import attach, sign_event, signing_bytes
from dag.keys import SigningKey
from icn_node.books import importing
from icn_node.books.options import import_options
from icn_node.books.report import ImportReport
from icn_node.books.session import SpaceSession
from icn_node.kernel import keyring, registry
from icn_node.modules import MODULES
from icn_node.receipts import Receipt
from icn_node.space import Space
from tests.world import T0, default_bylaws, key_of

DAY_MS = 86_400_000
YEAR_MS = 366 * DAY_MS


def quiet(what: str, done: int, total: int) -> None:
    """A progress that nobody watches."""


class Coop:
    """Founded by ann, a steward, who may import into the units named, and members."""

    def __init__(
        self, folder: Path, *, units: Iterable[str] = ("SUN", "LETS"), create: str = "credit",
        ops: Iterable[dict[str, Any]] = (), timezone: str = "Europe/Amsterdam",
    ) -> None:  # fmt: skip
        self.folder = folder
        self.now = T0
        self.ann, self.node, self.vault_key = key_of("ann"), key_of("node"), key_of("vault")
        authority = {
            "op": "books.authorise", "ver": 1, "importer": self.ann.did, "units": sorted(units), "create": create,
            "members": True, "until_ms": T0 + YEAR_MS,
        }  # fmt: skip
        genesis = sign_event(
            self.ann, space=None, nonce=bytes(16), seq=0, prev=None, parents=(), at=T0, until=None,
            ops=[
                {
                    "op": "space.found", "ver": 1, "name": "mill", "title": "The Mill", "founder": "ann",
                    "timezone": timezone, "bylaws": default_bylaws(), "validators": [self.node.did],
                    "recovery": [self.ann.did], "recovery_threshold": 1, "modules": [m.name for m in MODULES],
                },
                *ops, authority,
            ],
        )  # fmt: skip
        self.space = Space.create(folder / "space.db", folder / "space.guard", genesis, self.node, now_ms=T0)

    def close(self) -> None:
        self.space.close()

    def session(self, key: SigningKey | None = None, reader: str | None = None) -> SpaceSession:
        """Ann's session, or another's; `reader` without a key only reads."""
        return SpaceSession(
            self.space, None if reader and key is None else key or self.ann, self.vault_key, lambda: self.now,
            reader=reader,
        )  # fmt: skip

    def file(self, text: str | bytes, name: str = "books.csv") -> str:
        """A file with that text; its path."""
        path = self.folder / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return str(path)

    def load(self, text: str | bytes | None = None, **params: Any) -> ImportReport:
        """Import a text, or the file that `path` names, as ann."""
        if text is not None:
            params["path"] = self.file(text, params.pop("name", "books.csv"))
        return importing.run(self.session(), import_options(params), quiet)

    def do(self, key: SigningKey, *ops: dict[str, Any]) -> Receipt:
        """Commit an event of commands."""
        self.now += 1000
        body = self.space.prepare(key.author, [{"ver": 1, **op} for op in ops], at_ms=self.now)
        return self.space.submit([attach(body, key.sign(signing_bytes(body)))], self.now)[0]

    def balances(self, unit: str) -> dict[str, int]:
        """Minor units by label or handle, as ann may read them; the space's own by (account)."""
        session = self.session(reader=self.ann.did, key=self.ann)
        names = {0: ""}
        found = {}
        for row in session.ask("books.register", limit=1000):
            text = session.reveal(row["name"])[0] if row["name"] is not None else row["handle"]
            names[row["no"]] = str(text)
        for row in session.ask("credit.accounts", unit=unit, limit=1000):
            found[names[row["party"].no] or f"({row['account']})"] = row["balance"].minor
        return found


def join(coop: Coop, handle: str) -> SigningKey:
    """A member who was invited by ann."""
    key, secret = key_of(handle), key_of(handle + "'s invitation")
    invited = coop.do(coop.ann, {"op": "member.invite", "key": secret.did, "until_ms": coop.now + DAY_MS})
    assert invited.status == "executed", invited
    proof = secret.sign(keyring.invitation_bytes(coop.space.cid, key.did))
    joined = coop.do(key, {"op": "member.join", "invitation": secret.did, "proof": proof, "handle": handle})
    assert joined.status == "executed", joined
    assert registry.party_no(coop.space.tables, key.did) is not None
    return key
