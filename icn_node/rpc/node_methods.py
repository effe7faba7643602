"""The methods of the node itself, in one table: what each takes, means and does. Those of the modules are derived."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import trio

import icn_node
from dag import proof
from dag.cid import BadCid, cid_from_text, cid_text
from dag.event import Event, decode_event
from dag.keys import BadKey, SigningKey, author_of, did_of, public_of
from dag.leaf import decode_leaf
from icn_node import vault
from icn_node.compose import Draft, wish
from icn_node.invitation import BadInvitation, Invitation
from icn_node.kernel import keyring, notices, private, registry
from icn_node.kernel.fields import Private
from icn_node.kernel.private import Payload
from icn_node.modules.invitation import check_open
from icn_node.receipts import Receipt
from icn_node.rpc import bookwork, discover, explaining, jsonrpc, whole
from icn_node.rpc.edge import Intake, iso, whole_of, wrong
from icn_node.rpc.jsonrpc import RpcError
from icn_node.rpc.session import Session

if TYPE_CHECKING:
    from icn_node.rpc.methods import Methods


@dataclass(frozen=True, slots=True)
class NodeMethod:
    """A method of the node itself. params: name -> (JSON schema type, what it is). online: only with a daemon.

    read: it shows what the space holds, so the bylaws judge it, as "read." and its name, like any query.
    """

    fn: Callable[[Methods, Session, dict[str, Any]], Awaitable[Any]]
    doc: str
    params: Mapping[str, tuple[str, str]]
    online: bool = False
    read: bool = False


def _text(params: dict[str, Any], name: str, default: str | None = None) -> str:
    value = params.get(name, default)
    if not isinstance(value, str):
        raise wrong(name, "a text", value)
    return value


def _number(params: dict[str, Any], name: str, default: int, low: int, high: int) -> int:
    value = params.get(name, default)
    if isinstance(value, str):
        value = whole_of(name, value, f"a number from {low} to {high}")
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise wrong(name, f"a number from {low} to {high}", value)
    return value


def _cid(params: dict[str, Any], name: str = "event") -> bytes:
    text = _text(params, name)
    try:
        return cid_from_text(text)
    except BadCid:
        raise wrong(name, "the CID of an event, such as bafyrei...", text) from None


def _bytes64(value: Any, name: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise wrong(name, "bytes in base64") from None


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


async def _status(methods: Methods, session: Session, params: dict[str, Any]) -> Any:
    space = methods.space
    head = space.head()
    charter = space.reader(None, methods.clock(), operator=True)
    about = space.ask("space.charter", space.kernel.queries["space.charter"].cls(), charter)
    tx = space.tables
    answer: dict[str, Any] = {
        "space": about["name"], "title": about["title"], "sample": about["sample"], "cid": head["space"],
        "members": tx.count(registry.Party, "status", "person", registry.ACTIVE),
        "events": head["events"], "log": head["leaves"], "commits": head["commits"],
        "root": head["root"], "time": iso(head["time_ms"]), "epoch": head["epoch"],
        "validators": len(space.epoch.validators), "may_lie": space.epoch.b, "may_be_offline": space.epoch.c,
        "state": "stopped" if space.stopped else "running" if space.validates else "following",
        "why": space.stopped, "alarms": list(space.alarms),
        "version": icn_node.VERSION,
    }  # fmt: skip
    if methods._status is not None:
        answer |= methods._status()
    return answer


async def _version(methods: Methods, session: Session, params: dict[str, Any]) -> Any:
    return {"version": icn_node.VERSION, "modules": {m.name: m.version for m in methods.space.modules}}


async def _stop(methods: Methods, session: Session, params: dict[str, Any]) -> Any:
    if methods.stop is None:
        raise RpcError(jsonrpc.NOT_FOUND, "no daemon is running")
    methods.stop()
    return {"stopping": True}


async def _discover(methods: Methods, session: Session, params: dict[str, Any]) -> Any:
    return discover.openrpc(methods.space.modules, NODE_METHODS, icn_node.VERSION)


async def _open_session(methods: Methods, session: Session, params: dict[str, Any]) -> Any:
    member = _text(params, "member")
    key = await methods.unlock(session, member, _text(params, "secret", ""))
    return {"member": session.member, "device": key.did}


async def _close_session(methods: Methods, session: Session, params: dict[str, Any]) -> Any:
    session.keys.clear()
    session.member = ""
    return {"closed": True}


async def _create_key(methods: Methods, session: Session, params: dict[str, Any]) -> Any:
    secret = _text(params, "secret")
    custody = _text(params, "custody", "node")
    if custody not in ("node", "self"):
        raise wrong("custody", "`node` (hosted here for a member) or `self`", custody)
    if len(secret) < 4:
        raise wrong("secret", "at least 4 characters")
    seed = os.urandom(32)
    key = SigningKey.from_seed(seed)
    store = methods.keystore if custody == "node" else methods.own_keys
    await trio.to_thread.run_sync(lambda: store.add(key, seed, secret, custody=custody, now_ms=methods.clock()))
    session.keys[key.did] = key
    return {"did": key.did, "custody": custody}


async def _list_keys(methods: Methods, session: Session, params: dict[str, Any]) -> Any:
    tx = methods.space.tables
    found = []
    for store, custody in ((methods.keystore, "node"), (methods.own_keys, "self")):
        for did in store.dids():
            device = tx.get(registry.Device, public_of(did))
            party = None if device is None else tx.get(registry.Party, device.party)
            state = "unregistered" if device is None else ("revoked" if device.revoked_ms is not None else "active")
            found.append({"key": did, "custody": custody, "member": party.handle if party else "", "state": state})
    return found


async def _invite(methods: Methods, session: Session, params: dict[str, Any]) -> Any:
    """`member.invite` with the one-time key made here: the answer carries the code to hand over."""
    params = dict(params)
    acting = params.pop("as", None)
    days = _number(params, "days", 14, 1, 365) if "days" in params else 14
    params.pop("days", None)
    seed = os.urandom(32)
    made_here = "key" not in params
    params.setdefault("until_ms", methods.clock() + days * 86_400_000)
    params.setdefault("key", SigningKey.from_seed(seed).did)
    answer = await methods.commit(methods.key_for(session, acting), [wish(methods.space, "member.invite", params)])
    return {**answer, "code": Invitation(methods.space.cid, seed).text()} if made_here else answer


async def _join(methods: Methods, session: Session, params: dict[str, Any]) -> Any:
    """`member.join` from a code: makes a hosted key under the secret (or uses `as`, a key made before) and joins."""
    params = dict(params)
    if "invitation" in params:
        return await methods._command(session, "member.join", params)
    try:
        code = Invitation.read(_text(params, "code"))
    except BadInvitation as error:
        raise wrong("code", str(error)) from None
    params.pop("code")
    if code.space != methods.space.cid:
        raise wrong("code", "an invitation to this space: this one is for another")
    one_time = SigningKey.from_seed(code.seed)
    # Said before a key is made for nothing; the event would only be turned away at the door, without the reason.
    check_open(methods.space.tables, one_time.public, methods.clock())
    made = None
    if "as" in params:
        key = methods.key_for(session, params.pop("as"))
        custody = "node" if methods.keystore.holds(key.did) else "self"
    else:
        made = await _create_key(methods, session, {"secret": _text(params, "secret")})
        key, custody = session.keys[made["did"]], "node"
    params.pop("secret", None)
    params |= {
        "invitation": one_time.did, "custody": custody,
        "proof": one_time.sign(keyring.invitation_bytes(methods.space.cid, key.did)).hex(),
    }  # fmt: skip
    try:
        answer = await methods.commit(key, [wish(methods.space, "member.join", params)])
    except RpcError:
        if made is not None:  # a key that became nobody's is not kept
            methods.keystore.path(made["did"]).unlink(missing_ok=True)
        raise
    session.member = key.did
    return {**answer, "member": key.did}


async def _prepare(methods: Methods, session: Session, params: dict[str, Any]) -> Any:
    ops = params.get("ops")
    if (
        not isinstance(ops, list)
        or not ops
        or not all(isinstance(o, dict) and isinstance(o.get("op"), str) for o in ops)
    ):
        raise wrong("ops", 'a list of commands such as [{"op": "credit.transfer", "payee": "bob", "amount": "5"}]')
    author = params.get("author")
    if author is not None:
        try:
            public = public_of(_text(params, "author"))
        except BadKey:
            raise wrong("author", "the DID of a device key", author) from None
    else:
        public = _device_of(methods, _text(params, "as"))
    wishes = [wish(methods.space, op["op"], {k: v for k, v in op.items() if k not in ("op", "ver")}) for op in ops]
    until = params.get("until")
    until_ms = None if until is None else Intake(methods.space.tables)._time("until", until, False)
    draft: Draft = methods.composer.draft(author_of(public), wishes, at_ms=methods.clock(), until_ms=until_ms)
    return {
        "unsigned": _base64(draft.unsigned), "author": did_of(public), "space": cid_text(methods.space.cid),
        "blobs": {h.hex(): _base64(blob) for h, blob in draft.blobs.items()},
    }  # fmt: skip


def _device_of(methods: Methods, who: str) -> bytes:
    tx = methods.space.tables
    party = registry.party_of(tx, methods._did(who))
    live = keyring.live(tx, party.no)
    if not live:
        raise wrong("as", "a member with a device key", who)
    if len(live) > 1:
        keys = ", ".join(did_of(d.key) for d in live)
        raise wrong("author", f"one of the member's keys, since there are several: {keys}")
    return live[0].key


async def _submit_events(methods: Methods, session: Session, params: dict[str, Any]) -> Any:
    given = params.get("blocks", [params["block"]] if "block" in params else None)
    if not isinstance(given, list) or not given or len(given) > 4096:
        raise wrong("blocks", "1 to 4096 signed events in base64")
    blocks = [_bytes64(b, "blocks") for b in given]
    raw = params.get("blobs", {})
    if not isinstance(raw, dict):
        raise wrong("blobs", "an object: commitment hash in hex -> blob in base64")
    blobs = {}
    for h, blob in raw.items():
        data = _bytes64(blob, "blobs")
        try:
            if vault.read_blob(data)["h"].hex() != h:
                raise wrong("blobs", "each blob under the hash of its own commitment", h)
        except vault.BlobInvalid as error:
            raise wrong("blobs", str(error), h) from None
        blobs[bytes.fromhex(h)] = data
    receipts = await methods.submit(blocks, blobs)
    if len(receipts) == 1 and "block" in params:
        return methods.answer(receipts[0])
    return [receipt_json(r) for r in receipts]


def receipt_json(receipt: Receipt) -> dict[str, Any]:
    """A receipt as data: nothing raised."""
    answer: dict[str, Any] = {"event": cid_text(receipt.cid), "status": receipt.status}
    if receipt.index >= 0:
        answer |= {"index": receipt.index, "time": iso(receipt.time_ms), "outcome": receipt.outcome}
    if receipt.code:
        answer |= {"code": receipt.code, "facts": receipt.facts}
    return answer


async def _receipt(methods: Methods, session: Session, params: dict[str, Any]) -> Any:
    receipt = methods.space.receipt(_cid(params))
    if receipt is None:
        raise RpcError(jsonrpc.NOT_FOUND, f"this node does not hold {params['event']}")
    return receipt_json(receipt)


async def _explain(methods: Methods, session: Session, params: dict[str, Any]) -> Any:
    return await explaining.why(methods, session, params, _cid(params))


async def _head(methods: Methods, session: Session, params: dict[str, Any]) -> Any:
    head = methods.space.head()
    return {**head, "time": iso(head.pop("time_ms"))}


async def _get(methods: Methods, session: Session, params: dict[str, Any]) -> Any:
    cid = _cid(params)
    block = methods.space.store.events.get(cid)
    if block is None:
        raise RpcError(jsonrpc.NOT_FOUND, f"this node does not hold {params['event']}")
    event = decode_event(block)
    outtake = methods.outtake(session)
    device = methods.space.tables.get(registry.Device, event.author[2:])
    answer: dict[str, Any] = {
        "event": cid_text(cid), "author": did_of(event.author[2:]),
        "member": "" if device is None else outtake.party(device.party)[0],
        "seq": event.seq, "prev": None if event.prev is None else cid_text(event.prev),
        "parents": [cid_text(p) for p in event.parents], "at": iso(event.at),
        "until": None if event.until is None else iso(event.until), "size": len(block),
        "ops": [
            methods.outtake(session, partial(_stands_in, event, n)).value(_with_private(op))
            for n, op in enumerate(event.ops)
        ],
        "block": _base64(block),
    }  # fmt: skip
    receipt = methods.space.receipt(cid)
    if receipt is not None:
        answer |= {k: v for k, v in receipt_json(receipt).items() if k != "event"}
    return answer


def _commitments(op: Mapping[str, Any]) -> dict[str, Private]:
    """The private fields of a command as its event holds it, by their paths."""
    return {path: field for name, value in op.items() for path, field in private.found_in(value, name)}


def _with_private(op: Mapping[str, Any]) -> dict[str, Any]:
    """A command as it stands in its event, its commitments as such."""
    return {**op, **{path: field for path, field in _commitments(op).items() if path in op}}


def _stands_in(event: Event, n: int, h: bytes, payload: Payload) -> bool:
    """Whether a payload was written for just this field of the event's n-th command."""
    place = (payload.space, payload.author, payload.seq, payload.op)
    if place != (event.space, event.author, event.seq, n):
        return False
    field = _commitments(event.ops[n]).get(payload.field)
    return field is not None and field.h == h


async def _log(methods: Methods, session: Session, params: dict[str, Any]) -> Any:
    limit = _number(params, "limit", 20, 1, 1000)
    size = methods.space.machine.frontier.size
    after = _number(params, "after", max(-1, size - limit - 1), -1, 2**53)
    outtake = methods.outtake(session)
    rows = []
    for entry in methods.space.store.log.entries(after + 1, min(size, after + 1 + limit)):
        leaf = decode_leaf(entry.leaf)
        row: dict[str, Any] = {"index": leaf.index, "kind": leaf.kind, "time": iso(leaf.time_ms)}
        if entry.block is not None:
            event = decode_event(entry.block)
            device = methods.space.tables.get(registry.Device, event.author[2:])
            row |= {
                "by": did_of(event.author[2:])[-12:] if device is None else outtake.party(device.party)[0],
                "what": ", ".join(_counted([op["op"] for op in event.ops])),
                "event": cid_text(event.cid),
            }
        else:
            row |= {"by": "", "what": str(dict(leaf.subject).get("kind", leaf.kind)), "event": ""}  # type: ignore[arg-type]
        row["outcome"] = "ok" if "ok" in leaf.outcome else f"refused: {leaf.outcome['refused']}"
        rows.append(row)
    return rows


def _counted(names: list[str]) -> list[str]:
    return [name if (n := names.count(name)) == 1 else f"{name} x{n}" for name in dict.fromkeys(names)]


async def _proof(methods: Methods, session: Session, params: dict[str, Any]) -> Any:
    try:
        made = methods.space.proof(_cid(params))
    except KeyError:
        raise RpcError(jsonrpc.NOT_FOUND, f"{params['event']} is not in the log of this node") from None
    return {"proof": _base64(made), "json": proof.to_json(made), "space": cid_text(methods.space.cid)}


async def _notices(methods: Methods, session: Session, params: dict[str, Any]) -> Any:
    """Operators' notices; a member's own are `notice.list`."""
    rows = notices.of(methods.space.tables, registry.SPACE, after=_number(params, "after", 0, 0, 2**53), limit=100)
    return [
        {"no": r.no, "time": iso(r.time_ms), "code": r.code, "facts": r.facts,
         "text": methods.say(r.code, r.facts)}
        for r in rows
    ]  # fmt: skip


NODE_METHODS: dict[str, NodeMethod] = {
    "node.status": NodeMethod(_status, "What the node and its space are doing.", {}, read=True),
    "node.version": NodeMethod(_version, "The version of the software and of each module's rules.", {}, read=True),
    "node.stop": NodeMethod(_stop, "Stop the daemon cleanly.", {}, online=True),
    "node.notices": NodeMethod(
        _notices, "Notices for the operators.", {"after": ("integer", "a notice's number")}, read=True
    ),
    "rpc.discover": NodeMethod(_discover, "This description of all methods, as OpenRPC.", {}),
    "session.open": NodeMethod(
        _open_session,
        "Unlock a member's hosted key for this connection; reads and commands are that member's then.",
        {"member": ("string", "a handle or DID"), "secret": ("string", "the member's secret")},
    ),
    "session.close": NodeMethod(_close_session, "Forget the keys opened on this connection.", {}),
    "key.create": NodeMethod(
        _create_key,
        "Make a key in this home, sealed by a secret.",
        {"secret": ("string", "at least 4 characters"), "custody": ("string", "node (hosted, default) or self")},
    ),
    "key.list": NodeMethod(_list_keys, "The keys that this home holds, and whose they are.", {}, read=True),
    "member.invite": NodeMethod(
        _invite,
        "Invite somebody; the answer's `code` is to be handed over, and works once.",
        {
            "as": ("string", "who invites"),
            "handle": ("string", "the handle that is kept for the invited"),
            "roles": ("array", "roles the invited will hold"),
            "days": ("integer", "how long the code works"),
            "note": ("string", "a private note"),
            "label": ("integer", "an unclaimed account to hand over"),
            "key": ("string", "the DID of a one-time key made elsewhere; then there is no `code`"),
            "until_ms": ("integer", "instead of days"),
        },
    ),
    "member.join": NodeMethod(
        _join,
        "Join with an invitation's code; makes a key hosted by this node under the secret, or uses `as`.",
        {
            "code": ("string", "what the inviter handed over"),
            "secret": ("string", "for the new hosted key"),
            "handle": ("string", "a public short name"),
            "name": ("string", "the private full name"),
            "contact": ("string", "private contact details"),
            "as": ("string", "the DID of a key made before"),
            "invitation": ("string", "instead of code: the one-time key's DID"),
            "proof": ("string", "and its signature"),
            "custody": ("string", "self or node"),
        },
    ),
    "event.prepare": NodeMethod(
        _prepare,
        "The unsigned bytes of a device's next event, to be signed elsewhere.",
        {
            "ops": ("array", "commands: objects with `op` and its fields"),
            "author": ("string", "the device key's DID"),
            "as": ("string", "or the member, who has one key"),
            "until": ("string", "refuse it when committed later"),
        },
    ),
    "event.submit": NodeMethod(
        _submit_events,
        "Submit signed events; the answer comes when they are durable and executed.",
        {
            "block": ("string", "one event, base64"),
            "blocks": ("array", "or several"),
            "blobs": ("object", "private payloads by commitment hash"),
        },
    ),
    "event.receipt": NodeMethod(_receipt, "What became of an event.", {"event": ("string", "its CID")}, read=True),
    "event.explain": NodeMethod(
        _explain,
        "What became of an event and, where it was refused, why: the clause, the version of the bylaws, the facts.",
        {"event": ("string", "its CID"), "locale": ("string", "the language, such as en or es")},
    ),
    "dag.head": NodeMethod(_head, "Where the log stands: size, root, signed checkpoint.", {}, read=True),
    "dag.get": NodeMethod(_get, "An event with its outcome.", {"event": ("string", "its CID")}, read=True),
    "dag.log": NodeMethod(
        _log,
        "The log, newest page by default.",
        {"after": ("integer", "the index before the first wanted"), "limit": ("integer", "at most 1000")},
        read=True,
    ),
    "dag.proof": NodeMethod(
        _proof,
        "A proof file that an event and its outcome are in the signed log.",
        {"event": ("string", "its CID")},
        read=True,
    ),
    "books.import": NodeMethod(
        bookwork.take, "Import transfers, members or opening balances from a file.", bookwork.IMPORT_PARAMS
    ),
    "books.export": NodeMethod(
        bookwork.export, "Write a statement, a ledger or the register of members.", bookwork.EXPORT_PARAMS
    ),
    "dag.verify": NodeMethod(
        whole.verify, "Recheck everything from nothing: signatures, order, outcomes, sums.", {}, read=True
    ),
    "bylaws.compare": NodeMethod(
        whole.compare,
        "What other bylaws would have decided otherwise, of all that was ever judged here.",
        {"document": ("object", "a bylaws document, as `bylaws.adopt` takes it")},
    ),
    "dag.rebuild": NodeMethod(whole.rebuild, "Make the state's tables anew from the log.", {}),
    "dag.export": NodeMethod(
        whole.export,
        "Write the whole space as a CAR archive.",
        {"path": ("string", "the file to write"), "with_private": ("boolean", "with encrypted private payloads")},
        read=True,
    ),
    "dag.import": NodeMethod(
        whole.take,
        "Take from an archive of this space the events that this node lacks.",
        {"path": ("string", "the file to read")},
    ),
    "backup.create": NodeMethod(
        whole.back_up,
        "Write an encrypted backup, to be opened with the printed recovery key.",
        {"path": ("string", "the file; by default a new one in the home's backups folder")},
        read=True,
    ),
}
