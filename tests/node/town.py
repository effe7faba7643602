"""A space in a folder, with members who hold their own keys: what tests of the node send events to.

Ann founds it with a unit of mutual credit (SUN, two decimals, floor -100.00, ceiling 500.00) and hours; the others join
with invitations, by events as any other, so that an audit finds every row explained by the log.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import msgspec

from dag.event import Event, attach, sign_event, signing_bytes
from dag.keys import SigningKey
from icn_node.home import Home
from icn_node.kernel.explanations import Explained
from icn_node.kernel.keyring import invitation_bytes
from icn_node.kernel.module import Module
from icn_node.kernel.root import state_root
from icn_node.keystore import node_key, write_private
from icn_node.modules import MODULES
from icn_node.receipts import Receipt
from icn_node.space import Space
from tests.world import DAY_MS, T0, default_bylaws, key_of

FLOOR_MINOR, CEILING_MINOR = -10_000, 50_000
OPS: tuple[dict[str, Any], ...] = (
    {"op": "credit.create", "ver": 1, "unit": "SUN", "decimals": 2, "floor_minor": FLOOR_MINOR,
     "ceiling_minor": CEILING_MINOR},
    {"op": "timebank.set_up", "ver": 1},
    {"op": "governance.set_type", "ver": 1, "type": "quick", "discussion_ms": 0, "deliberation_ms": 0,
     "voting_ms": 5 * DAY_MS, "implementation_ms": 0, "early": True, "method": "majority", "quorum": "1/2"},
)  # fmt: skip
LEAF = {"op": "currency.create", "ver": 1, "unit": "LEAF", "decimals": 0, "cap_minor": 500, "mint": "role issuer"}


def genesis(ops: Iterable[Mapping[str, Any]] = OPS, *, roles: tuple[str, ...] = ("steward",), at: int = T0,
            modules: Iterable[Module] = MODULES, nonce: bytes = bytes(16),
            bylaws: dict[str, Any] | None = None) -> Event:  # fmt: skip
    """The founding act of ann, whose node is the one validator and whose recovery key is `recovery`."""
    found = {
        "op": "space.found", "ver": 1, "name": "town", "title": "Town", "founder": "ann", "timezone": "UTC",
        "bylaws": bylaws or default_bylaws(), "validators": [key_of("node").did], "recovery": [key_of("recovery").did],
        "recovery_threshold": 1, "roles": list(roles), "modules": [m.name for m in modules],
    }  # fmt: skip
    return sign_event(
        key_of("ann"), space=None, nonce=nonce, seq=0, prev=None, parents=(), at=at, until=None,
        ops=[found, *(dict(op) for op in ops)],
    )  # fmt: skip


class Town:
    """The space, the keys, and the clock that the test turns."""

    def __init__(self, folder: Path, members: Iterable[str] | None = ("bob", "cid"), **found: Any) -> None:
        """Found the space in a folder; with members None, open the one that is there."""
        self.path: Path = found.pop("path", folder / "town.db")
        self.guard_path: Path = found.pop("guard_path", folder / "town.guard")
        self.now = T0
        key = found.pop("key", None)
        self.node_key = key_of("node") if key is None else node_key(key)
        self.modules: tuple[Module, ...] = found.get("modules", MODULES)
        if members is None:
            self.space = Space.open(self.path, self.guard_path, self.node_key, **found)
            return
        self.space = Space.create(
            self.path, self.guard_path, genesis(**found), self.node_key, now_ms=T0, modules=self.modules
        )  # fmt: skip
        self.join(*members)

    @classmethod
    def copied(cls, template: Path, folder: Path) -> Town:
        """A town in a new folder, from the files of one that was closed: quicker than founding one."""
        shutil.copytree(template, folder, dirs_exist_ok=True)
        return cls(folder, None)

    @classmethod
    def housed(cls, template: Path, home: Home) -> Town:
        """The same in a node's home, with its configuration and the node's keys."""
        home.make()
        shutil.copy(template / "town.db", home.space_path("town"))
        shutil.copy(template / "town.guard", home.guard_path("town"))
        write_private(home.node_key_path, key_of("node")._secret[:32])
        write_private(home.vault_key_path, key_of("vault")._secret[:32])
        home.write_config("town")
        return cls(home.path, None, path=home.space_path("town"), guard_path=home.guard_path("town"))

    def reopen(self, key: SigningKey | str | None = "", **options: Any) -> Space:
        """Close the space and open it again, as after a restart; with another key, or None, if one is given."""
        self.space.close()
        options.setdefault("modules", self.modules)
        self.space = Space.open(self.path, self.guard_path, self.node_key if key == "" else key, **options)
        return self.space

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.space.close()

    # -- events ----------------------------------------------------------------------------------------------------

    def sign(self, name: str, *ops: dict[str, Any], after: Event | None = None, **fields: Any) -> Event:
        """That person's next event, or the one after `after`; not submitted."""
        key = key_of(name)
        seq, prev = self.space.next_place(key.author) if after is None else (after.seq + 1, after.cid)
        given = {
            "space": self.space.cid,
            "seq": seq,
            "prev": prev,
            "parents": (),
            "at": self.now,
            "until": None,
            **fields,
        }
        return sign_event(key, ops=[{"ver": 1, **op} for op in ops], **given)

    def send(self, *events: Event | bytes, **options: Any) -> list[Receipt]:
        """Submit events, or blocks, as one group commit."""
        blocks = [e.block if isinstance(e, Event) else e for e in events]
        return self.space.submit(blocks, self.now, **options)

    def do(self, name: str, op: str, /, **fields: Any) -> Any:
        """One command that must be carried out; its result."""
        receipt = self.send(self.sign(name, {"op": op, **fields}))[0]
        assert receipt.status == "executed", receipt
        return receipt.outcome["ok"][0]

    def pay(self, payer: str, payee: str, amount_minor: int = 100) -> dict[str, Any]:
        """The command of a payment."""
        return {"op": "credit.transfer", "unit": "SUN", "payee": key_of(payee).did, "amount_minor": amount_minor}

    def chain(self, name: str, *payments: tuple[str, int]) -> list[Event]:
        """Payments of one person, each an event on top of the one before; not submitted."""
        events: list[Event] = []
        for payee, amount in payments:
            events.append(self.sign(name, self.pay(name, payee, amount), after=events[-1] if events else None))
        return events

    def join(self, *names: str) -> None:
        """Ann invites them, and they join."""
        events: list[Event] = []
        for name in names:
            secret = key_of(f"invitation of {name}")
            invite = {"op": "member.invite", "key": secret.did, "until_ms": self.now + DAY_MS}
            events.append(self.sign("ann", invite, after=events[-1] if events else None))
        assert all(r.status == "executed" for r in self.send(*events))
        joins = []
        for name in names:
            secret = key_of(f"invitation of {name}")
            proof = secret.sign(invitation_bytes(self.space.cid, key_of(name).did))
            joins.append(
                self.sign(name, {"op": "member.join", "invitation": secret.did, "proof": proof, "handle": name})
            )
        assert all(r.status == "executed" for r in self.send(*joins))

    # -- questions -------------------------------------------------------------------------------------------------

    def ask(self, name: str | None, query: str, /, **fields: Any) -> Any:
        """A query as that person, None: as the operator."""
        did = None if name is None else key_of(name).did
        reader = self.space.reader(did, self.now, operator=name is None)
        return self.space.ask(query, msgspec.convert(fields, self.space.kernel.queries[query].cls), reader)

    def balance(self, name: str, unit: str = "SUN") -> int:
        """Minor units that a person has."""
        found: int = self.ask(None, "credit.balance", unit=unit, party=key_of(name).did)[0]["balance"].minor
        return found

    def state(self) -> str:
        """A digest of all tables, with projections and history: what a refused event must not change. Why it was
        refused is all that is kept of it."""
        h = hashlib.sha256()
        for record in sorted(set(self.space.tables.records) - {Explained}, key=lambda r: r.TABLE):
            for row in self.space.tables.scan(record):
                h.update(repr((record.TABLE, msgspec.structs.astuple(row))).encode())
        return h.hexdigest()

    def digest(self) -> str:
        """A digest of the tables, the log, the order's place and what waits: what an invalid block must not change."""
        head = self.space.head()
        kept = (head["root"], head["events"], head["commits"], head["time_ms"], sorted(self.space.graph.pending))
        return hashlib.sha256(repr((self.state(), kept, state_root(self.space.tables))).encode()).hexdigest()


def finish(unsigned: bytes, key: SigningKey) -> bytes:
    """The block of unsigned bytes that somebody signs elsewhere."""
    return attach(unsigned, key.sign(signing_bytes(unsigned)))
