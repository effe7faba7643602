"""The methods of the control socket: one for every command and query of every module, and those of the node itself.

`Methods.call` is the whole interface: the socket server and the offline commands use the same table. What a method
takes, answers and means stands in one place (`NODE_METHODS`, the modules), and `rpc.discover` and the reference
derive from it. It must not know sockets; waiting for durability is the committer's business.
"""

from __future__ import annotations

import difflib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import trio

from dag.cid import cid_text
from dag.codec import CodecError
from dag.event import InvalidEvent, attach, decode_event, signing_bytes
from dag.keys import SigningKey, did_of
from icn_node import vault
from icn_node.committer import Flooding
from icn_node.compose import Composer, Wish, wish
from icn_node.home import Home, HomeError
from icn_node.kernel import keyring, private, registry
from icn_node.kernel.fields import Private
from icn_node.kernel.private import Payload
from icn_node.kernel.refusal import Forbidden, Refusal, words
from icn_node.keystore import Keystore, KeystoreError, Locked, NoSuchKey
from icn_node.receipts import Receipt, SpaceStopped
from icn_node.rpc import discover, explaining, jsonrpc
from icn_node.rpc.edge import Intake, Outtake, iso
from icn_node.rpc.jsonrpc import RpcError
from icn_node.rpc.node_methods import NODE_METHODS
from icn_node.rpc.session import Session
from icn_node.space import Space

if TYPE_CHECKING:
    from ccl.explain import Explanation

Submit = Callable[[Sequence[bytes], Mapping[bytes, bytes]], Awaitable[list[Receipt]]]


def _unfit(error: Exception) -> str:
    """What of the given fields no event can hold, in words."""
    said = str(error)
    if isinstance(error, private.PayloadInvalid):
        return f"a private text of more than {private.PAYLOAD_MAX_BYTES} bytes"
    if isinstance(error, InvalidEvent) and error.code == "too_large":
        return f"it would have {error.facts['bytes']} bytes, and at most {error.facts['limit']} fit"
    if isinstance(error, InvalidEvent) and error.facts.get("field") == "until":
        return "until must be a time after 1970"
    if isinstance(error, UnicodeError) or "utf8" in said:
        return "a text that is not valid Unicode"
    if "integer_out_of_range" in said:
        return "a number beyond 64 bits"
    return said


class Methods:
    """The method table of one node with one space."""

    def __init__(
        self,
        home: Home,
        space: Space,
        submit: Submit,
        *,
        vault_key: SigningKey | None,
        clock: Callable[[], int],
        status: Callable[[], dict[str, Any]] | None = None,
        stop: Callable[[], None] | None = None,
    ) -> None:
        self.home = home
        self.space = space
        self.keystore = Keystore(home.keystore_path)
        self.own_keys = Keystore(home.keys_path)
        self.vault_key = vault_key
        self.groups = None if vault_key is None else vault.GroupKeys(space.store, vault_key)
        self.composer = Composer(space, self.groups)
        self.clock = clock
        self.submit = submit
        self._status = status
        self.stop = stop
        self._authors: dict[bytes, trio.Lock] = {}
        self.texts: dict[str, tuple[str, str]] = {}
        for module in space.modules:
            for spec in module.commands:
                for refusal in spec.refuses:
                    self.texts[refusal.code] = (refusal.text, refusal.advice)
            for notice in module.notices:
                self.texts[notice.code] = (notice.text, "")
        stack: list[type[Refusal]] = [Refusal]
        while stack:
            found = stack.pop()
            self.texts.setdefault(found.code, (found.text, found.advice))
            stack.extend(found.__subclasses__())

    # -- the one entrance ------------------------------------------------------------------------------------------

    async def call(self, session: Session, name: str, params: dict[str, Any]) -> Any:
        """Answer one call. Raises RpcError and nothing else but our own bugs."""
        try:
            return await self._answer(session, name, params)
        except Forbidden as no:
            raise self._refused(no.code, no.facts, no.clause, no.explanation) from None
        except Refusal as no:
            raise self._refused(no.code, no.facts, no.clause) from None
        except SpaceStopped as error:
            raise RpcError(jsonrpc.STOPPED, str(error)) from None
        except OSError as error:  # of the store, the guard, or a file of the home
            raise RpcError(jsonrpc.STOPPED, str(error), {"kind": type(error).__name__}) from None
        except HomeError as error:
            raise RpcError(jsonrpc.STOPPED, str(error)) from None
        except Flooding as error:
            raise RpcError(jsonrpc.OVERLOADED, str(error), {"retry_after_ms": error.retry_after_ms}) from None
        except Locked as error:
            raise RpcError(jsonrpc.LOCKED, f"{error}; give the right secret") from None
        except NoSuchKey as error:
            advice = "sign elsewhere (`icn prepare`), or act as a hosted member"
            raise RpcError(jsonrpc.LOCKED, f"{error}: {advice}") from None
        except KeystoreError as error:
            raise RpcError(jsonrpc.LOCKED, str(error)) from None
        except (InvalidEvent, CodecError, private.PayloadInvalid, UnicodeError) as error:
            raise RpcError(jsonrpc.INVALID_PARAMS, f"this does not fit into an event: {_unfit(error)}") from None

    async def _answer(self, session: Session, name: str, params: dict[str, Any]) -> Any:
        method = NODE_METHODS.get(name)
        if method is not None:
            unknown = set(params) - set(method.params)
            if unknown:
                given = sorted(unknown)[0]
                wanted = ", ".join(method.params) or "none"
                raise RpcError(jsonrpc.INVALID_PARAMS, f"{name} has no parameter {given!r}; it takes: {wanted}")
            if method.read:
                reader = self.space.reader(session.member or None, self.clock(), operator=not session.member)
                self.space.judge_read(name, None, reader)
            return await method.fn(self, session, params)
        if name in self.space.kernel.queries:
            return self._query(session, name, params)
        if any(op == name for op, _ in self.space.kernel.commands):
            return await self._command(session, name, params)
        raise self._unknown(name)

    def names(self) -> list[str]:
        """Every method there is, sorted."""
        kernel = self.space.kernel
        return sorted({*NODE_METHODS, *kernel.queries, *(op for op, _ in kernel.commands)})

    def _unknown(self, name: str) -> RpcError:
        near = difflib.get_close_matches(name, self.names(), 3)
        hint = f"; did you mean {', '.join(near)}?" if near else "; `rpc.discover` lists them"
        return RpcError(jsonrpc.METHOD_NOT_FOUND, f"there is no method {name!r}{hint}", {"near": near})

    # -- queries ---------------------------------------------------------------------------------------------------

    def _query(self, session: Session, name: str, params: dict[str, Any]) -> Any:
        params = dict(params)
        reader_did = self._reader(session, params.pop("as", None))
        query = Intake(self.space.tables).query(self.space.kernel.queries[name].cls, params)
        reader = self.space.reader(reader_did, self.clock(), operator=reader_did is None)
        return self.outtake(session).value(self.space.ask(name, query, reader))

    def _reader(self, session: Session, wanted: Any) -> str | None:
        if wanted is None:
            return session.member or None
        did = self._did(wanted)
        if session.member and did != session.member and did not in session.keys:
            raise RpcError(jsonrpc.LOCKED, f"this session is not {wanted}'s: open one with its secret")
        if not session.member and did not in session.keys:
            raise RpcError(jsonrpc.LOCKED, f"to read as {wanted}, open a session with the member's secret")
        return did

    def outtake(self, session: Session, belongs: Callable[[bytes, Payload], bool] | None = None) -> Outtake:
        """Conversion of results for whoever is on this session.

        belongs: whether a private payload was written for where its hash stands; by default for the event that first
        carried it.
        """
        keys = list(session.keys.values())
        # The node itself opens only what is for all members, and shows it to members and to its operator.
        tx = self.space.tables
        no = registry.party_no(tx, session.member) if session.member else None
        party = None if no is None else tx.get(registry.Party, no)
        trusted = not session.member or (party is not None and party.status == registry.ACTIVE)
        groups = self.groups.by_id if self.groups is not None and trusted else {}

        written_for = belongs or partial(private.is_carriers, tx, self.space.cid)

        def reveal(field: Private) -> tuple[Any, str]:
            blobs = self.space.store.blobs
            if blobs.is_erased(field.h):
                return None, "erased"
            try:
                return vault.reveal(field, blobs.get(field.h), keys, groups, partial(written_for, field.h)), ""
            except vault.Unreadable as unreadable:
                return None, unreadable.state

        return Outtake(tx, reveal, self.say)

    def say(self, code: str, facts: Mapping[str, Any]) -> str:
        """A notice in words."""
        return words(self.texts.get(code, (code, ""))[0], self._spoken_facts(facts))

    # -- commands --------------------------------------------------------------------------------------------------

    async def _command(self, session: Session, name: str, params: dict[str, Any]) -> Any:
        params = dict(params)
        acting = params.pop("as", None)
        until = params.pop("until", None) if not self._has_field(name, "until") else None
        dry_run = Intake(self.space.tables)._boolean("dry_run", params.pop("dry_run", False), False)
        key = self.key_for(session, acting)
        wanted = wish(self.space, name, params)
        if dry_run:
            return self._rehearse(session, wanted, key)
        until_ms = None if until is None else Intake(self.space.tables)._time("until", until, False)
        return await self.commit(key, [wanted], until_ms=until_ms)

    def _has_field(self, name: str, field: str) -> bool:
        spec = next(s for (op, _), (_, s) in self.space.kernel.commands.items() if op == name)
        return any(f.name in (field, field + "_ms") for f in msgspec.structs.fields(spec.cls))

    async def commit(self, key: SigningKey, wishes: Sequence[Wish], *, until_ms: int | None = None) -> dict[str, Any]:
        """Compose, sign and submit; the answer once it is durable. Raises RpcError if it was refused."""
        async with self.lock_of(key):
            draft = self.composer.draft(key.author, wishes, at_ms=self.clock(), until_ms=until_ms)
            block = attach(draft.unsigned, key.sign(signing_bytes(draft.unsigned)))
            receipt = (await self.submit([block], draft.blobs))[0]
        return self.answer(receipt)

    @asynccontextmanager
    async def lock_of(self, key: SigningKey) -> AsyncIterator[None]:
        """Between taking a device's next place and committing there nothing else may take it."""
        lock = self._authors.setdefault(key.author, trio.Lock())
        try:
            async with lock:
                yield
        finally:
            if not lock.locked():
                self._authors.pop(key.author, None)

    def answer(self, receipt: Receipt) -> dict[str, Any]:
        """A receipt as the answer to whoever submitted it. Raises RpcError for what was not executed."""
        event = cid_text(receipt.cid)
        if receipt.status == "refused":
            raise self._refused(
                receipt.outcome["refused"], receipt.outcome.get("facts", {}), receipt.outcome.get("clause", ""),
                explaining.of_receipt(self.space, receipt.cid), event=event, index=receipt.index,
                time=iso(receipt.time_ms),
            )  # fmt: skip
        if receipt.status in ("invalid", "missing"):
            text = self.texts.get(receipt.code, ("", ""))[0] or f"the event is invalid: {receipt.code}"
            data = {"code": receipt.code, "facts": receipt.facts, "event": event}
            raise RpcError(jsonrpc.INVALID_EVENT, words(text, receipt.facts), data)
        answer: dict[str, Any] = {"event": event, "status": receipt.status}
        if receipt.status == "executed":
            results = receipt.outcome["ok"]
            result = results[0] if len(results) == 1 else results
            answer |= {"index": receipt.index, "time": iso(receipt.time_ms), "result": result}
            if isinstance(result, str) and result.startswith("approval:"):
                answer["status"] = "awaits approval"
                answer["approval"] = int(result.removeprefix("approval:"))
        return answer

    def said_of(self, code: str, facts: Mapping[str, Any]) -> dict[str, Any]:
        """A refusal as data, its `text` and `advice` in words."""
        text, advice = self.texts.get(code, (code.replace("_", " "), ""))
        return {"code": code, "facts": dict(facts), "text": words(text, self._spoken_facts(facts)), "advice": advice}

    def _refused(self, code: str, facts: Mapping[str, Any], clause: str = "", explanation: Explanation | None = None,
                 **more: Any) -> RpcError:  # fmt: skip
        data = {**self.said_of(code, facts), **more}
        if clause:
            data |= {"clause": clause, "clause_text": self.space.clause_text(clause)}
        if explanation is not None:
            data |= explaining.told(self.space, explanation)
        return RpcError(jsonrpc.REFUSED, data["text"], data)

    def _spoken_facts(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Facts as people read them: amounts with the unit's decimals, DIDs as handles, times as dates."""
        return discover.spoken_facts(self.space.tables, facts)

    def _rehearse(self, session: Session, wanted: Wish, key: SigningKey) -> dict[str, Any]:
        draft = self.composer.draft(key.author, [wanted], at_ms=self.clock())
        event = decode_event(attach(draft.unsigned, bytes(64)))
        device = self.space.tables.get(registry.Device, key.public)
        party = None if device is None else self.space.tables.get(registry.Party, device.party)
        rehearsed = self.space.rehearse(event.ops, key.did if party is None else party.did, key.public, self.clock())
        outcome = rehearsed.outcome
        if "refused" in outcome:
            raise self._refused(outcome["refused"], outcome["facts"], outcome.get("clause", ""),
                                rehearsed.explanation, dry_run=True)  # fmt: skip
        return {"dry_run": True, "status": "would be executed", "result": outcome["ok"][0]}

    # -- keys ------------------------------------------------------------------------------------------------------

    def _did(self, who: Any) -> str:
        return Intake(self.space.tables)._who("as", who, False)

    def key_for(self, session: Session, acting: Any) -> SigningKey:
        """The opened key that acts for a member (None: whose session it is). Raises RpcError."""
        did = session.member if acting is None else self._did(acting)
        if not did:
            raise RpcError(jsonrpc.LOCKED, "say who acts: `as` (or --as NAME), and open a session with the secret")
        key = session.keys.get(did)
        if key is None:
            raise RpcError(jsonrpc.LOCKED, f"the key of {acting or did} is locked: give its secret", {"member": did})
        return key

    async def unlock(self, session: Session, member: Any, secret: str) -> SigningKey:
        """Open a member's key that this home holds (or a key of no member yet) for this session."""
        did = self._did(member)
        tx = self.space.tables
        no = registry.party_no(tx, did)
        devices = [did] if no is None else [did_of(d.key) for d in keyring.live(tx, no)]
        for store in (self.keystore, self.own_keys):
            for device in devices:
                if store.holds(device):
                    key = await trio.to_thread.run_sync(store.unlock, device, secret)
                    session.keys[did] = key
                    session.member = did
                    return key
        raise NoSuchKey(f"this home holds no key that acts for {member}")
