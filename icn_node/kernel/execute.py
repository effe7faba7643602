"""The executor: the deterministic state machine. Events in committed order go in; outcomes and effects come out.

For each event: the author's key to its party, the version, the fields, the bylaws, the handler; all commands of an
event are atomic together. What comes out depends only on the state, the event and the commit's time. It knows no
clock, no socket and no store, and never reads private payloads, so a replay with any of them erased is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import msgspec

from dag.event import Event
from dag.keys import did_of
from icn_node.kernel import bylaws, contract_state, explanations, notices, private, registry, timers, versions
from icn_node.kernel.context import THE_SPACE, Actor, Context
from icn_node.kernel.language import language_of
from icn_node.kernel.module import Command, CommandSpec, Module, ParamSpec, QuerySpec, ReactionSpec, Result, TimerSpec
from icn_node.kernel.policy import NeedsApproval, Policy
from icn_node.kernel.refusal import (
    Duplicate,
    Expired,
    Facts,
    Fault,
    Forbidden,
    Fork,
    Malformed,
    Refusal,
    RevokedKey,
    Version,
)
from icn_node.kernel.tables import Record, Tables

Outcome = dict[str, Any]


class PendingCommand(Record, frozen=True):
    """A command that waits for approvals (two signatures); `modules.approval` has its lifecycle."""

    TABLE: ClassVar[str] = "pending_command"
    KEY: ClassVar[tuple[str, ...]] = ("no",)
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {"status": ("status", "no"), "actor": ("actor",)}
    no: int
    actor: int
    actor_did: str
    op: str
    ver: int
    fields: str  # canonical JSON of the command's fields, bytes in base64
    clause: str
    need: int
    eligible: tuple[int, ...]
    approved: tuple[int, ...]
    status: str
    since_ms: int
    until_ms: int
    result: str = ""
    by: str = ""  # `signers` (of `party`) or `role NAME`
    party: int = 0
    passed: tuple[str, ...] = ()  # clauses whose approvals it already had
    against: tuple[int, ...] = ()


KERNEL_RECORDS: tuple[type[Record], ...] = (
    *registry.RECORDS, *private.RECORDS, *bylaws.RECORDS, *timers.RECORDS, *notices.RECORDS, *versions.RECORDS,
    *explanations.RECORDS, *contract_state.RECORDS, PendingCommand,
)  # fmt: skip


class Executed(msgspec.Struct, frozen=True, gc=False):
    """What became of an event or timer. outcome: {"ok": [result...]} or {"refused": code, "facts": {...}, ...};
    effects: 32 bytes, the digest of its canonical changes."""

    outcome: Outcome
    effects: bytes


class Kernel:
    """Executes against `tables` with the rules of `modules`. `verdicts` of the graph come with each event."""

    def __init__(self, tables: Tables, modules: Sequence[Module]) -> None:
        self.tables = tables
        self.modules = tuple(modules)
        self.policy = Policy(language_of(self.modules))
        self.params: dict[str, ParamSpec] = {p.name: p for m in modules for p in m.params}
        self.queries: dict[str, QuerySpec] = {q.name: q for m in modules for q in m.queries}
        self.commands: dict[tuple[str, int], tuple[Module, CommandSpec]] = {}
        self.timers: dict[str, TimerSpec] = {t.kind: t for m in modules for t in m.timers}
        self.reactions: dict[str, list[tuple[Module, ReactionSpec]]] = {}
        for module in modules:
            for reaction in module.reactions:
                self.reactions.setdefault(reaction.event, []).append((module, reaction))
            for spec in module.commands:
                assert (spec.op, spec.cls.VER) not in self.commands, spec.op
                self.commands[spec.op, spec.cls.VER] = (module, spec)

    @staticmethod
    def records(modules: Iterable[Module]) -> tuple[type[Record], ...]:
        """Every record of the kernel and of the modules, for `Tables`."""
        seen = dict.fromkeys(KERNEL_RECORDS)
        for module in modules:
            seen.update(dict.fromkeys(module.records))
        return tuple(seen)

    # -- events ----------------------------------------------------------------------------------------------------

    def event(self, event: Event, verdict: str, time_ms: int) -> Executed:
        """Execute one event at a commit's time. verdict: `ok`, `fork` or `duplicate`, from the graph in this order."""
        tx = self.tables
        mark = tx.mark()
        try:
            if verdict != "ok":
                raise Fork if verdict == "fork" else Duplicate
            if event.until is not None and event.until < time_ms:
                raise Expired(until=event.until, time=time_ms)
            ctx = Context(
                self,
                actor=self._actor(event.author),
                time_ms=time_ms,
                origin="event" if event.space is not None else "founding",
                event=event.cid,
                space=event.space or event.cid,
                at_ms=event.at,
            )
            results = []
            for op in event.ops:
                results.append(self._run(tx, op, ctx))
                ctx.op_index += 1
                if ctx.actor.party == registry.STRANGER:
                    ctx.actor = self._actor(event.author)  # whoever founded, or has just joined, is none any more
            outcome: Outcome = {"ok": results}
        except Refusal as no:
            tx.rollback(mark)
            outcome = refused(no)
            if isinstance(no, Forbidden):
                explanations.keep(tx, event.cid, no)
        executed = Executed(outcome, tx.effects(mark))
        tx.settle()
        return executed

    def _actor(self, author: bytes) -> Actor:
        key = author[2:]
        device = self.tables.get(registry.Device, key)
        if device is None:
            return Actor(registry.STRANGER, did_of(key), key)
        if device.revoked_ms is not None:
            raise RevokedKey
        party = self.tables.get(registry.Party, device.party)
        assert party is not None
        return Actor(party.no, party.did, key, device.custody)

    def _run(self, tx: Tables, op: dict[str, Any], ctx: Context) -> Result:
        cmd = self.decode(op)
        result = self.carry_out(tx, cmd, ctx)
        plan = private.plan_of(type(cmd))
        if plan is not None:
            private.note(tx, ctx, cmd.OP, cmd, plan)
        return result

    def decode(self, op: dict[str, Any]) -> Command:
        """The command of an op of an event. Raises Version or Malformed."""
        name, ver = op["op"], op["ver"]
        found = self.commands.get((name, ver))
        if found is None:
            raise Version(op=name, ver=ver)
        fields = op.copy()
        del fields["op"], fields["ver"]
        try:
            return msgspec.convert(fields, found[1].cls)
        except msgspec.ValidationError:
            raise Malformed(op=name, reason=_misfit(fields, found[1].cls)) from None

    def carry_out(self, tx: Tables, cmd: Command, ctx: Context, *, approved: tuple[str, ...] = ()) -> Result:
        """Judge and handle one command; the handler's result. Raises Refusal. Nested commands come here too.

        approved: the clauses whose approvals have been given.
        """
        module, spec = self.commands[cmd.OP, cmd.VER]
        if not module.always_on and ctx.origin != "founding" and not versions.is_active(tx, module.name, cmd.VER):
            raise Version(op=cmd.OP, ver=cmd.VER)
        try:
            self.policy.judge(tx, ctx, cmd, approved=approved)
        except NeedsApproval as wanted:
            return self._await_approval(tx, ctx, cmd, wanted, approved)
        try:
            return spec.handler(tx, cmd, ctx)
        except (Refusal, MemoryError, OSError):
            raise
        except Exception as error:
            if type(error).__module__.startswith("apsw"):
                raise  # the disk, not the rules: the whole commit is rolled back by the space
            raise Fault(op=cmd.OP, error=type(error).__name__) from error

    def _await_approval(
        self, tx: Tables, ctx: Context, cmd: Command, wanted: NeedsApproval, passed: tuple[str, ...]
    ) -> str:
        no = tx.next_no("pending_command")
        approval = wanted.asked.approval
        own = (ctx.actor.party,) if ctx.actor.party in wanted.eligible else ()
        until = ctx.time_ms + approval.days * 86_400_000
        fields = msgspec.json.encode(cmd, order="deterministic").decode()
        tx.put(PendingCommand(
            no, ctx.actor.party, ctx.actor.did, cmd.OP, cmd.VER, fields,
            wanted.asked.clause, wanted.need, tuple(wanted.eligible), own, "open", ctx.time_ms, until,
            "", wanted.by, wanted.party, passed,
        ))  # fmt: skip
        timers.schedule(tx, until, "approval.expire", no)
        for party in wanted.eligible:
            if party not in own:
                ctx.notify(tx, party, "approval.wanted", approval=no, op=cmd.OP)
        return f"approval:{no}"

    # -- timers ----------------------------------------------------------------------------------------------------

    def timer(self, timer: timers.Timer, time_ms: int, space: bytes) -> Executed:
        """Run one due timer and remove it."""
        tx = self.tables
        mark = tx.mark()
        tx.delete(timers.Timer, timer.no)
        inner = tx.mark()
        ctx = Context(self, actor=THE_SPACE, time_ms=time_ms, origin="timer", space=space, at_ms=time_ms)
        try:
            self.timers[timer.kind].fn(tx, timer.ref, ctx)
            outcome: Outcome = {"ok": []}
        except Refusal as no:
            tx.rollback(inner)
            outcome = refused(no)
        executed = Executed(outcome, tx.effects(mark))
        tx.settle()
        return executed

    # -- what contexts ask -------------------------------------------------------------------------------------------

    def param(self, tx: Tables, name: str) -> int | str | bool:
        """The parameter in force: as changed by decision, else as the bylaws state it, else as its module declares."""
        changed = tx.get(bylaws.Param, name)
        return self.params[name].default if changed is None else changed.value

    def tell(self, tx: Tables, ctx: Context, event: str, ref: int) -> None:
        """Run the reactions of the modules that are on, in the modules' order."""
        for module, reaction in self.reactions.get(event, ()):
            if module.always_on or versions.is_active(tx, module.name, module.version):
                reaction.fn(tx, ref, ctx)

    def notify(self, tx: Tables, ctx: Context, party: int, code: str, facts: Facts) -> None:
        """Append a notice."""
        notices.post(tx, ctx.time_ms, party, code, facts)


def _misfit(fields: dict[str, Any], cls: type[Command]) -> str:
    """Why the fields make no such command. In words of our own, because a refusal's facts stand in the log: what a
    library prints may change with its version, and nodes would part over it."""
    declared = msgspec.structs.fields(cls)
    unknown = sorted(fields.keys() - {field.name for field in declared})
    if unknown:
        return f"it has no field {unknown[0][:64]}"
    for field in declared:
        if field.name not in fields:
            if field.required:
                return f"{field.name} is missing"
            continue
        try:
            msgspec.convert(fields[field.name], field.type)
        except msgspec.ValidationError:
            return f"{field.name} is of another type, or out of its range"
    return "its fields do not fit together"


def refused(no: Refusal) -> Outcome:
    """The outcome of a refusal, as it stands in the log: code, facts, clause where a clause said no."""
    outcome: Outcome = {"refused": no.code, "facts": dict(sorted(no.facts.items()))}
    if no.clause:
        outcome["clause"] = no.clause
    return outcome
