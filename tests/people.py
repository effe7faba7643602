"""People for rule tests: invitations, joining, device keys, organisations; and tables of refusals, one case a line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from dag.keys import key_binding_bytes
from icn_node.kernel import ledger, registry
from icn_node.kernel.keyring import invitation_bytes
from icn_node.kernel.ledger import Leg
from icn_node.kernel.module import Module
from icn_node.kernel.refusal import Refusal
from tests.world import DAY_MS, World

SMALL_ORDER = "did:key:z6MkeTG3bFFSLYVU7VqhgZxqr6YzpaGrQtFMh1uvqGy1vDnP"  # 32 zero bytes: order four
OFF_CURVE = "did:key:z6Mkeb4rtEhc8DUtvt5ehaVjdx3TLbQPpnTArkXhqfb1Mq75"  # y = 2 is no point of prime order

Case = tuple[str, str, Callable[[World], str]]


def words(text: str, n: int = 1) -> dict[str, Any]:
    """A commitment, as an event holds it, that no payload belongs to."""
    return {"h": bytes([n]) * 32, "audience": text, "size": 5}


def invite(w: World, by: str, secret: str, /, *, days: int = 7, **fields: Any) -> int:
    """Invite with the key of that name; the invitation's number."""
    no: int = w.do(by, "member.invite", key=w.did(secret), until_ms=w.now + days * DAY_MS, **fields)
    return no


def joining(w: World, name: str, secret: str, /, **fields: Any) -> dict[str, Any]:
    """The fields with which that person joins by that invitation."""
    w.did(secret)
    proof = w.keys[secret].sign(invitation_bytes(w.space, w.did(name)))
    return {"invitation": w.did(secret), "proof": proof, "handle": name} | fields


def join(w: World, name: str, /, by: str = "ann", **fields: Any) -> int:
    """Invite and join in one; the new member's number."""
    secret = f"invitation of {name}"
    invite(w, by, secret)
    no: int = w.do(name, "member.join", **joining(w, name, secret, **fields))
    return no


def binding(w: World, device: str, member: str, /, **fields: Any) -> dict[str, Any]:
    """The fields with which that device key is bound to that member."""
    w.did(device)
    proof = w.keys[device].sign(key_binding_bytes(w.space, w.did(member)))
    return {"key": w.did(device), "proof": proof, **fields}


def organise(w: World, name: str, by: str, /, *others: str, **fields: Any) -> int:
    """Create an organisation with its own key's proof, not yet accepted or admitted; its number."""
    bound = binding(w, name, name)
    no: int = w.do(by, "organisation.create", did=bound["key"], proof=bound["proof"], handle=name,
                   signers=[w.did(o) for o in others], **fields)  # fmt: skip
    return no


def organisation(w: World, name: str, by: str, /, *others: str, **fields: Any) -> int:
    """An organisation that acts: created, accepted by every signer, admitted."""
    no = organise(w, name, by, *others, **fields)
    for other in others:
        w.do(other, "mandate.accept", organisation=w.did(name))
    w.do("ann", "organisation.admit", organisation=w.did(name))
    return no


def unit(w: World, code: str = "CC", **changes: Any) -> None:
    """A unit of mutual credit without limits, or as changed, in the ledger directly."""
    row = ledger.Unit(code, "credit", 2, None, None, None, None, None, True, "open", w.now)
    w.tables.put(msgspec.structs.replace(row, **changes))
    _settle(w)


def pay(w: World, payer: str | int, payee: str | int, amount_minor: int, code: str = "CC") -> None:
    """Post a transfer in the ledger directly; parties by name or number."""
    numbers = [p if isinstance(p, int) else w.no(p) for p in (payer, payee)]
    ctx = w.reader(None)
    ledger.post(w.tables, ctx, (Leg(code, numbers[0], numbers[1], amount_minor),))
    _settle(w)


def hold(w: World, payer: str, payee: str, amount_minor: int, code: str = "CC") -> None:
    """Put an amount on hold in the ledger directly."""
    ledger.hold(w.tables, w.reader(None), Leg(code, w.no(payer), w.no(payee), amount_minor), None)
    _settle(w)


def label(w: World) -> int:
    """An account of imported books; its number."""
    no = registry.enter_label(w.tables, None, w.now)
    _settle(w)
    return no


def _settle(w: World) -> None:
    w.tables.settle()
    w.tables.flush()
    w.tables.committed()


def status(w: World, name: str) -> str:
    """The party's status."""
    party = w.tables.get(registry.Party, w.no(name))
    assert party is not None
    return party.status


def notices(w: World, name: str | None) -> list[str]:
    """The codes of a party's notices (None: the operators'), oldest first."""
    return [n["code"] for n in w.ask(name, "notice.list", limit=1000)]


def undeclared(module: Module, cases: list[Case]) -> set[tuple[str, str]]:
    """(command, code) pairs that the module declares and the cases never provoke."""
    declared = {(c.op, r.code) for c in module.commands for r in c.refuses}
    return declared - {(op, code) for op, code, _ in cases}


def provoke(case: Case) -> None:
    """Run one case in a world of its own: exactly that refusal, and one that the command declares."""
    op, code, act = case
    w = World()
    for name in ("bob", "cid"):
        w.member(name)
    assert act(w) == code
    _, spec = w.kernel.commands[op, 1]
    assert code in {r.code for r in spec.refuses}, f"{op} does not declare {code}"


def lawless(w: World) -> None:
    """Bylaws that allow everybody everything, so that what a handler refuses is its own rule."""
    clause = {"id": "1", "on": ["*"], "require": ["anyone"], "text": "Everybody may do everything."}
    w.decide({"op": "bylaws.adopt", "document": {"title": "None", "clauses": [clause]}})


def by_decision(w: World, op: str, /, kind: str = "membership", **fields: Any) -> Any:
    """One command as a decision carries it out; its result, or the code of its refusal after a roll-back."""
    mark = w.tables.mark()
    try:
        return w.decide({"op": op, **fields}, kind=kind)[0]
    except Refusal as no:
        w.tables.rollback(mark)
        return no.code
