"""A founded space in memory for rule tests: members with keys, a clock that the test turns, commands in one line.

w = World()                                   # founder "ann", steward; SQLite=False: dictionary tables
bob = w.member("bob")
w.do("ann", "credit.transfer", payee=w.did("bob"), unit="HOUR", amount_minor=60)      # result of the command
w.refused("bob", "credit.transfer", ...) == "over_floor"                              # code of the refusal
w.pass_time(days=7)                           # turns the clock and runs due timers
"""

from __future__ import annotations

import functools
import hashlib
import tomllib
from pathlib import Path
from typing import Any

import apsw
import msgspec

from dag.event import Event, sign_event
from dag.keys import SigningKey
from icn_node.documents import document_of, read_texts
from icn_node.kernel import registry, timers
from icn_node.kernel.context import THE_SPACE, Context
from icn_node.kernel.execute import Executed, Kernel
from icn_node.kernel.sqlite import SqliteBackend
from icn_node.kernel.tables import DictBackend, Tables
from icn_node.modules import MODULES

T0 = 1_767_225_600_000  # 2026-01-01T00:00:00Z
DAY_MS = 86_400_000
# What the kernel itself may refuse any command with, declared or not.
ALWAYS = {
    "malformed",
    "version",
    "unknown_key",
    "revoked_key",
    "expired",
    "fork",
    "duplicate",
    "fault",
    "forbidden",
    "bad_audience",
}
BYLAWS = Path(__file__).parent.parent / "icn_node" / "bylaws"


def key_of(name: str) -> SigningKey:
    """A signing key that depends on the name alone."""
    return SigningKey.from_seed(hashlib.sha256(b"test key " + name.encode()).digest())


@functools.cache
def _default() -> dict[str, Any]:
    return document_of(read_texts([str(BYLAWS / "default.ccl")]))


def default_bylaws(**params: int | str | bool) -> dict[str, Any]:
    """The shipped contract as it stands in an event, with some settings changed."""
    return {**_default(), **({"params": params} if params else {})}


def extended_bylaws(clauses: str, **params: int | str | bool) -> dict[str, Any]:
    """The shipped contract with further clauses at its end."""
    (source,) = _default()["sources"]
    text = source["text"].rstrip().removesuffix("}") + clauses + "\n}\n"
    return {**default_bylaws(**params), "sources": [{**source, "text": text}]}


def clause_bylaws(**params: int | str | bool) -> dict[str, Any]:
    """The same rules as clauses of words, the form in which spaces were founded before."""
    raw = tomllib.loads((BYLAWS / "default.toml").read_text(encoding="utf-8"))
    raw["clauses"] = raw.pop("clause")
    raw["params"] = {**raw.get("params", {}), **params}
    return raw


class Refused(Exception):
    """A command of a test was refused: code and facts."""

    def __init__(self, outcome: dict[str, Any]) -> None:
        super().__init__(outcome)
        self.code: str = outcome["refused"]
        self.facts: dict[str, Any] = outcome["facts"]
        self.clause: str = outcome.get("clause", "")


class World:
    def __init__(self, *, sqlite: bool = False, params: dict[str, int | str | bool] | None = None,
                 modules: Any = MODULES, roles: tuple[str, ...] = ("steward",), ops: tuple[dict[str, Any], ...] = (),
                 path: str = ":memory:", bylaws: dict[str, Any] | None = None) -> None:  # fmt: skip
        self.now = T0
        backend: Any = SqliteBackend(apsw.Connection(path)) if sqlite else DictBackend()
        self.backend = backend
        self.tables = Tables(backend, Kernel.records(modules))
        self.kernel = Kernel(self.tables, modules)
        self.keys: dict[str, SigningKey] = {}
        self.events: list[tuple[Event, int]] = []
        self.chains: dict[bytes, Event] = {}
        self.space = b""
        ann = self.keys["ann"] = key_of("ann")
        genesis = sign_event(
            ann, space=None, nonce=bytes(16), seq=0, prev=None, parents=(), at=self.now, until=None,
            ops=[{
                "op": "space.found", "ver": 1, "name": "testers", "title": "Test co-op", "founder": "ann",
                "timezone": "Europe/Amsterdam", "bylaws": bylaws or default_bylaws(**(params or {})),
                "validators": [ann.did],
                "recovery": [ann.did], "recovery_threshold": 1, "roles": list(roles),
                "modules": [m.name for m in modules],
            }, *ops],
        )  # fmt: skip
        self.space = genesis.cid
        self._execute(genesis)

    def _execute(self, event: Event) -> Executed:
        self.events.append((event, self.now))
        self.chains[event.author] = event
        done = self.kernel.event(event, "ok", self.now)
        self.tables.flush()
        self.tables.committed()
        if "refused" in done.outcome:
            raise Refused(done.outcome)
        return done

    def did(self, name: str) -> str:
        """The DID of that person's first key."""
        if name not in self.keys:
            self.keys[name] = key_of(name)
        return self.keys[name].did

    def sign(self, name: str, *ops: dict[str, Any], until: int | None = None) -> Event:
        """An event of that person's key on top of their chain, not executed."""
        self.did(name)
        key = self.keys[name]
        last = self.chains.get(key.author)
        return sign_event(
            key, space=self.space, seq=0 if last is None else last.seq + 1, prev=None if last is None else last.cid,
            parents=(), at=self.now, until=until, ops=[{"ver": 1, **op} for op in ops],
        )  # fmt: skip

    def event(self, name: str, *ops: dict[str, Any], until: int | None = None) -> list[Any]:
        """Sign and execute several commands atomically; their results. Raises Refused."""
        outcome = self._execute(self.sign(name, *ops, until=until)).outcome
        results: list[Any] = outcome["ok"]
        return results

    def do(self, name: str, op: str, /, **fields: Any) -> Any:
        """One command; its result. Raises Refused."""
        return self.event(name, {"op": op, **fields})[0]

    def refused(self, name: str, op: str, /, **fields: Any) -> str:
        """One command that must be refused; the code."""
        before = self.digest()
        try:
            result = self.do(name, op, **fields)
        except Refused as no:
            code = no.code
        else:
            raise AssertionError(f"{op} was carried out: {result!r}")
        assert self.digest() == before, "a refused command changed the state"
        declared = {r.code for (name_, _), (_, c) in self.kernel.commands.items() if name_ == op for r in c.refuses}
        assert code in declared | ALWAYS, f"{op} is refused with {code}, which it does not declare"
        return code

    def decide(self, *ops: dict[str, Any], kind: str = "bylaw") -> list[Any]:
        """Carry out commands as a decision of the space would, without holding the vote."""
        ctx = Context(self.kernel, actor=THE_SPACE, time_ms=self.now, origin="decision", space=self.space,
                      decision=1, decision_type=kind)  # fmt: skip
        results = [self.kernel.carry_out(self.tables, self.kernel.decode({"ver": 1, **op}), ctx) for op in ops]
        self.tables.settle()
        self.tables.flush()
        self.tables.committed()
        return results

    def member(self, name: str, *, roles: tuple[str, ...] = (), kind: str = "person") -> str:
        """An active member entered directly into the registry (rule tests of other modules do not test joining)."""
        did = self.did(name)
        tx = self.tables
        no = tx.next_no("party")
        registry.enter(tx, registry.Party(no, did, name, kind, registry.ACTIVE, self.now, self.now))
        if kind == "person":
            tx.put(registry.Device(self.keys[name].public, no, "self", self.now))
        for role in roles:
            tx.put(registry.Holding(role, no, self.now, None))
        tx.settle()
        tx.flush()
        tx.committed()
        return did

    def no(self, name: str) -> int:
        """The party number."""
        no = registry.party_no(self.tables, self.did(name))
        assert no is not None
        return no

    def pass_time(self, *, days: int = 0, hours: int = 0, ms: int = 0) -> list[Executed]:
        """Turn the clock and run what falls due."""
        self.now += days * DAY_MS + hours * 3_600_000 + ms
        done = []
        while due := timers.due(self.tables, self.now):
            for timer in due:
                done.append(self.kernel.timer(timer, self.now, self.space))
            self.tables.flush()
            self.tables.committed()
        return done

    def ask(self, name: str | None, query: str, /, **fields: Any) -> Any:
        """A query as that person (None: the operator), through the policy, as plain values. Raises its Refusal."""
        spec = self.kernel.queries[query]
        reader = self.reader(name)
        q = msgspec.convert(fields, spec.cls)
        self.kernel.policy.judge_read(self.tables, reader, query, q)
        self.tables.seal(True)
        try:
            return spec.fn(self.tables, q, reader)
        finally:
            self.tables.seal(False)

    def reader(self, name: str | None) -> Context:
        """The context of a read."""
        from icn_node.kernel.context import Actor

        if name is None:
            return Context(self.kernel, actor=THE_SPACE, time_ms=self.now, origin="operator", space=self.space)
        no = registry.party_no(self.tables, self.did(name))
        actor = Actor(registry.STRANGER if no is None else no, self.did(name), self.keys[name].public)
        return Context(self.kernel, actor=actor, time_ms=self.now, origin="read", space=self.space)

    def digest(self) -> str:
        """A digest of all state but projections."""
        h = hashlib.sha256()
        for record in sorted(self.tables.records, key=lambda r: r.TABLE):
            if not record.PROJECTION:
                for row in self.tables.scan(record):
                    h.update(repr((record.TABLE, msgspec.structs.astuple(row))).encode())
        return h.hexdigest()
