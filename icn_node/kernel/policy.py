"""Policy: the one gate through which every command and every read passes.

`judge` and `judge_read` consult the bylaws in force, a contract in CCL or clauses of words. No clause, no permission; a
failing clause is a `Forbidden` that names it; an error while judging is a refusal too, never a skipped rule.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from icn_node.kernel import bylaws, ledger, registry
from icn_node.kernel.contract import Asked, Contract, rules_of
from icn_node.kernel.refusal import Forbidden, Refusal, UnknownKey

if TYPE_CHECKING:
    from icn_node.kernel.context import Context
    from icn_node.kernel.language import Language
    from icn_node.kernel.tables import Tables

    Book = bylaws.Rulebook | Contract


class NeedsApproval(Exception):
    """A judgement, caught by the executor: the command is allowed once `need` of `eligible` approve.

    eligible: party numbers; the actor's own approval counts where the actor is among them.
    by, party: who they are, `role NAME` or the `signers` of that party; `approvers` answers it again later.
    asked: the clause that asks, and for what.
    """

    def __init__(self, asked: Asked, need: int, eligible: list[int], by: str, party: int) -> None:
        super().__init__(asked.clause)
        self.asked = asked
        self.need = need
        self.eligible = eligible
        self.by = by
        self.party = party


class Policy:
    """Judges by the bylaws in force, compiled once for each version. watch: is told of each command before it is judged
    (a comparison with other bylaws, while a log is replayed)."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.watch: Callable[[Tables, Context, Any], None] | None = None
        self._document: bylaws.Bylaws | None = None
        self._book: Book = bylaws.Rulebook(bylaws.Document("none", ()))

    def book(self, tx: Tables) -> Book:
        """The compiled bylaws in force."""
        adopted = bylaws.in_force(tx)
        # By identity, not by number: after a roll-back the same number may stand for another document.
        if adopted is not self._document:
            self._book = self.book_of(tx, adopted.document if adopted else bylaws.Document("none", ()))
            self._document = adopted
        return self._book

    def book_of(self, tx: Tables, document: bylaws.Document) -> Book:
        """A document, compiled. Raises BylawsInvalid."""
        if document.sources:
            return Contract(rules_of(tx, self.language, document), self.language)
        return bylaws.Rulebook(document)

    def judge(self, tx: Tables, ctx: Context, cmd: Any, *, approved: tuple[str, ...] = ()) -> None:
        """Return if the command may be carried out. Raises Forbidden, UnknownKey, or NeedsApproval.

        approved: the clauses whose approvals have been given; all else is judged again.
        """
        if ctx.origin in ("founding", "timer"):
            return  # what founders sign in the genesis is the founding act; timers only finish what was allowed
        if self.watch is not None:
            self.watch(tx, ctx, cmd)
        for asked in self.judged_by(self.book(tx), tx, ctx, cmd.OP, cmd):
            if ctx.origin == "event" and asked.clause not in approved:
                try:
                    _ask_approval(tx, ctx, cmd, asked)
                except (NeedsApproval, Refusal, MemoryError, OSError):
                    raise  # the last two are the machine's trouble, and no judgement
                except Exception as error:  # noqa: BLE001 - as in _governed
                    raise _failed(asked.clause, cmd.OP, error) from None

    def judge_read(self, tx: Tables, ctx: Context, name: str, query: Any) -> None:
        """Return if the read may be answered. Raises Forbidden, UnknownKey."""
        self._judged(tx, ctx, "read." + name, query)

    def may_read(self, tx: Tables, ctx: Context, name: str, query: Any) -> bool:
        """Whether the read may be answered; nothing is explained."""
        book = self.book(tx)
        if isinstance(book, Contract):
            return book.permits(tx, ctx, "read." + name, query)
        try:
            self._judged(tx, ctx, "read." + name, query)
        except Refusal:
            return False
        return True

    def _judged(self, tx: Tables, ctx: Context, name: str, cmd: Any) -> tuple[Asked, ...]:
        """The approvals asked for, if no clause forbids it."""
        return self.judged_by(self.book(tx), tx, ctx, name, cmd)

    def judged_by(self, book: Book, tx: Tables, ctx: Context, name: str, cmd: Any) -> tuple[Asked, ...]:
        """The same by other bylaws. Raises Forbidden, UnknownKey."""
        if isinstance(book, Contract):
            return book.judge(tx, ctx, name, cmd)
        rules = self._governed(book, tx, ctx, name, cmd)
        return tuple([Asked(r.clause.id, r.approval) for r in rules if r.approval is not None])

    @staticmethod
    def _governed(book: bylaws.Rulebook, tx: Tables, ctx: Context, name: str, cmd: Any) -> tuple[bylaws.Rule, ...]:
        rules = book.governing(name)
        if not rules:
            raise Forbidden(what=name, reason="no clause of the bylaws speaks of it")
        for rule in rules:
            try:
                failing = rule.failing(tx, ctx, cmd)
            except (Refusal, MemoryError, OSError):
                raise
            except Exception as error:  # noqa: BLE001 - an error while judging refuses, whatever it is
                raise _failed(rule.clause.id, name, error) from None
            if failing is not None:
                if ctx.actor.stranger and ctx.actor.key:
                    raise UnknownKey(rule.clause.id)
                raise Forbidden(rule.clause.id, what=name, reason="it takes " + _spoken(failing))
        return rules


def _failed(clause: str, name: str, error: Exception) -> Forbidden:
    return Forbidden(clause, what=name, reason=f"the clause fails with {type(error).__name__}")


def _spoken(requirement: str) -> str:
    """A requirement as a person says it."""
    said = []
    for condition in requirement.split(" or "):
        word, _, rest = condition.strip().partition(" ")
        said.append({
            "member": "an active member",
            "registered": "a key of somebody in this space",
            "group": f"a member of the group {rest}",
            "coordinates": "a coordinator of the group",
            "wrote": "whoever wrote it",
            "concerned": "whoever wrote it or is concerned by it",
            "without": f"that {rest} is not given",
            "acts": f"the party named as {rest.removeprefix('for ')}, or somebody with its mandate",
            "role": f"the role {rest}",
            "decision": f"a decision of type {rest}" if rest else "a decision",
            "self": "the person concerned",
            "operator": "the operator of the node",
            "param": f"the setting {rest}",
            "unless": f"that {rest} is not set",
            "term": f"whom the unit's terms name ({rest})",
        }.get(word, condition))  # fmt: skip
    return " or ".join(said)


def approvers(tx: Tables, by: str, party: int, time_ms: int) -> list[int]:
    """Who may give an approval at that time: the active holders of `role NAME`, or the party's active `signers`."""
    kind, _, name = by.partition(" ")
    return registry.holders(tx, name, time_ms) if kind == "role" else registry.signers(tx, party, time_ms)


def _ask_approval(tx: Tables, ctx: Context, cmd: Any, asked: Asked) -> None:
    """Raise NeedsApproval if the actor may not do this alone, Forbidden if there are too few to approve it."""
    wanted = asked.approval
    kind, _, named = wanted.by.partition(" ")
    party = registry.SPACE
    mandate: registry.Mandate | None = None
    if kind == "signers":
        did = getattr(cmd, named)
        if not did or did == ctx.actor.did:
            return  # who acts for itself alone has nobody to ask
        found = registry.party_no(tx, did)
        if found is None:
            return  # the handler's UnknownMember says so
        party = found
        mandate = registry.mandate(tx, party, ctx.actor.party, ctx.time_ms)
        if mandate is None:
            return  # who acts by another right, such as a role, is not one of the signers
    need = _signatures(tx, ctx, cmd, wanted, party, mandate)
    if need == 0:
        return
    eligible = approvers(tx, wanted.by, party, ctx.time_ms)
    if need > len(eligible):
        reason = f"it takes {need} approvals, and only {len(eligible)} may give one"
        raise Forbidden(asked.clause, what=cmd.OP, reason=reason)
    if need > (ctx.actor.party in eligible):
        raise NeedsApproval(asked, need, eligible, "signers" if kind == "signers" else wanted.by, party)


def _signatures(tx: Tables, ctx: Context, cmd: Any, wanted: bylaws.Approval, party: int,
                mandate: registry.Mandate | None) -> int:  # fmt: skip
    """How many signatures the command takes; 0 if the actor's own will do."""
    own_rule = tx.get(registry.Signing, party) if party else None
    least = _number(tx, ctx, wanted.need)
    if not wanted.field:
        return least if own_rule is None else own_rule.need
    amount = getattr(cmd, wanted.field)
    unit = getattr(cmd, "unit", "")
    if amount > _limit(tx, ctx, wanted.above, unit):
        return max(least, 0 if own_rule is None else own_rule.need)
    alone = None if mandate is None else registry.sole_limit(mandate, unit)
    if alone is not None and amount > alone:
        return max(2, 0 if own_rule is None else own_rule.need)
    return 0


def _limit(tx: Tables, ctx: Context, name: str, code: str) -> int:
    """The parameter, or what the unit's own term of that name says."""
    unit = tx.get(ledger.Unit, code)
    own = None if unit is None else unit.terms.get(name)
    return own if isinstance(own, int) else _number(tx, ctx, name)


def _number(tx: Tables, ctx: Context, value: int | str) -> int:
    return ctx.number(tx, value) if isinstance(value, str) else value
