"""What happened under clauses of words replays as it happened: outcomes and effects, pinned before there was CCL."""

from __future__ import annotations

import hashlib
from typing import Any

from dag import codec
from dag.event import Event, sign_event
from dag.keys import SigningKey
from icn_node.kernel.execute import Kernel
from icn_node.kernel.tables import DictBackend, Tables
from icn_node.modules import MODULES

T0 = 1_767_225_600_000
DOCUMENT = {
    "title": "Bylaws of before",
    "params": {"approval.above_minor": 1_000},
    "clauses": [
        {"id": "1", "on": ["credit.create", "bylaws.*"], "require": ["decision bylaw"], "text": "By decision."},
        {"id": "2", "on": ["credit.transfer", "credit.request"], "require": ["member", "acts for payer"],
         "text": "Pay.",
         "approval": {"by": "signers payer", "field": "amount_minor", "above": "approval.above_minor", "need": 2}},
        {"id": "3", "on": ["group.*"], "require": ["role steward or coordinates group"], "text": "Circles."},
        {"id": "4", "on": ["governance.*"], "require": ["member"], "text": "Votes."},
        {"id": "5", "on": ["member.*"], "require": ["anyone"], "text": "Members."},
        {"id": "6", "on": ["member.expel"], "require": ["decision membership"], "text": "Expulsion."},
    ],
}  # fmt: skip
PINNED = "cb896695d9186201607be5f2bdb2ccfe6de4835f58fb70a3bd5114d8baf99fa6"


def key(name: str) -> SigningKey:
    return SigningKey.from_seed(hashlib.sha256(b"history " + name.encode()).digest())


def run() -> tuple[str, list[str]]:
    """The digest of every outcome and of every effect of a history; what became of each event."""
    tables = Tables(DictBackend(), Kernel.records(MODULES))
    kernel = Kernel(tables, MODULES)
    digest = hashlib.sha256()
    became: list[str] = []
    chains: dict[str, Event] = {}
    space: bytes | None = None
    now = T0

    def commit(who: str, *ops: dict[str, Any]) -> None:
        nonlocal space, now
        last = chains.get(who)
        event = sign_event(
            key(who), space=space, nonce=None if space else bytes(16), seq=0 if last is None else last.seq + 1,
            prev=None if last is None else last.cid, parents=(), at=now, until=None,
            ops=[{"ver": 1, **op} for op in ops],
        )  # fmt: skip
        done = kernel.event(event, "ok", now)
        digest.update(codec.encode(done.outcome) + done.effects)
        became.append(done.outcome.get("refused", "ok"))
        tables.flush()
        tables.committed()
        space = space or event.cid
        chains[who] = event
        now += 60_000

    dids = {name: key(name).did for name in ("ann", "bob", "cid")}
    commit("ann", {
        "op": "space.found", "name": "old", "title": "Old", "founder": "ann", "timezone": "UTC", "bylaws": DOCUMENT,
        "validators": [dids["ann"]], "recovery": [], "recovery_threshold": 0, "modules": ["credit", "governance"],
    }, {"op": "credit.create", "unit": "SUN", "title": "Sun", "floor_minor": -10_000})  # fmt: skip
    commit("bob", {"op": "member.apply", "handle": "bob"})
    commit("ann", {"op": "member.vouch", "member": dids["bob"]})
    commit("ann", {"op": "member.admit", "member": dids["bob"]})
    commit("ann", {"op": "credit.transfer", "payee": dids["bob"], "amount_minor": 500, "unit": "SUN"})
    commit("bob", {"op": "credit.transfer", "payee": dids["ann"], "amount_minor": 5, "unit": "SUN"})
    for_ann = {"payer": dids["ann"], "payee": dids["bob"], "amount_minor": 5, "unit": "SUN"}
    commit("bob", {"op": "credit.transfer", **for_ann})
    commit("bob", {"op": "credit.create", "unit": "MOON", "title": "Moon"})
    commit("bob", {"op": "group.create", "group": "garden", "title": "Garden"})
    commit("cid", {"op": "credit.request", "payer": dids["ann"], "amount_minor": 5, "unit": "SUN"})
    commit("bob", {"op": "role.define", "role": "cook", "title": "Cook"})
    commit("ann", {"op": "group.create", "group": "garden", "title": "Garden"})
    commit("ann", {"op": "bylaws.set", "name": "approval.above_minor", "value": 1})
    commit("ann", {"op": "member.expel", "charge": 1})
    commit("ann", {"op": "governance.propose", "type": "bylaw", "title": "Worse", "execute": [
        {"op": "bylaws.adopt", "ver": 1, "document": {**DOCUMENT, "clauses": [
            {"id": "1", "on": ["*"], "require": ["magic"], "text": "A slip."}]}}]})  # fmt: skip
    commit("ann", {"op": "bylaws.adopt", "document": {"title": "No clauses"}})
    commit("ann", {"op": "governance.propose", "type": "bylaw", "title": "Again", "open": True, "execute": [
        {"op": "bylaws.adopt", "ver": 1, "document": DOCUMENT}]})  # fmt: skip
    return digest.hexdigest(), became


def test_a_history_from_before_gives_the_same_outcomes_and_effects() -> None:
    digest, became = run()
    assert became == [
        *["ok"] * 6, *["forbidden"] * 3, "unknown_key", "forbidden", "ok", "forbidden", "forbidden", "bylaws_invalid",
        "malformed", "ok",
    ]  # fmt: skip
    assert digest == PINNED
