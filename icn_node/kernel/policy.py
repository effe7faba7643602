"""Policy: the one gate through which every command and every read passes.

`judge` and `judge_read` consult the bylaws in force. No clause, no permission; a failing clause is a `Forbidden` that
names it; an error while judging is a refusal too, never a skipped rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from icn_node.kernel import bylaws, registry
from icn_node.kernel.refusal import Forbidden, Refusal, UnknownKey

if TYPE_CHECKING:
    from icn_node.kernel.context import Context
    from icn_node.kernel.tables import Tables


class NeedsApproval(Exception):  # noqa: N818 - a judgement, caught by the executor
    """The command is allowed once `need` of `eligible` (party numbers) approve; the actor's own approval counts."""

    def __init__(self, rule: bylaws.Rule, need: int, eligible: list[int]) -> None:
        super().__init__(rule.clause.id)
        self.rule = rule
        self.need = need
        self.eligible = eligible


class Policy:
    """Judges by the bylaws in force, compiled once for each version."""

    def __init__(self) -> None:
        self._document: bylaws.Bylaws | None = None
        self._book = bylaws.Rulebook(bylaws.Document("none", ()))

    def book(self, tx: Tables) -> bylaws.Rulebook:
        """The compiled bylaws in force."""
        adopted = bylaws.in_force(tx)
        # By identity, not by number: after a roll-back the same number may stand for another document.
        if adopted is not self._document:
            self._book = bylaws.Rulebook(adopted.document if adopted else bylaws.Document("none", ()))
            self._document = adopted
        return self._book

    def judge(self, tx: Tables, ctx: Context, cmd: Any, *, approved: bool = False) -> None:
        """Return if the command may be carried out. Raises Forbidden, UnknownKey, or NeedsApproval.

        approved: the approvals that a clause asks for have been given; all else is judged again.
        """
        if ctx.origin in ("founding", "timer"):
            return  # what founders sign in the genesis is the founding act; timers only finish what was allowed
        name = cmd.OP
        for rule in self._governed(tx, ctx, name, cmd):
            if rule.approval is not None and not approved and ctx.origin == "event":
                _ask_approval(tx, ctx, cmd, rule)

    def judge_read(self, tx: Tables, ctx: Context, name: str, query: Any) -> None:
        """Return if the read may be answered. Raises Forbidden, UnknownKey."""
        self._governed(tx, ctx, "read." + name, query)

    def _governed(self, tx: Tables, ctx: Context, name: str, cmd: Any) -> tuple[bylaws.Rule, ...]:
        rules = self.book(tx).governing(name)
        if not rules:
            raise Forbidden(what=name, reason="no clause of the bylaws speaks of it")
        for rule in rules:
            try:
                failing = rule.failing(tx, ctx, cmd)
            except Refusal:
                raise
            except Exception as error:  # noqa: BLE001 - an error while judging refuses, whatever it is
                raise Forbidden(
                    rule.clause.id, what=name, reason=f"the clause fails with {type(error).__name__}"
                ) from None
            if failing is not None:
                if ctx.actor.stranger and ctx.actor.key:
                    raise UnknownKey(rule.clause.id)
                raise Forbidden(rule.clause.id, what=name, reason="it takes " + _spoken(failing))
        return rules


def _spoken(requirement: str) -> str:
    """A requirement as a person says it."""
    said = []
    for condition in requirement.split(" or "):
        word, _, rest = condition.strip().partition(" ")
        said.append({
            "member": "an active member",
            "acts": f"the party named as {rest.removeprefix('for ')}, or somebody with its mandate",
            "role": f"the role {rest}",
            "decision": f"a decision of type {rest}" if rest else "a decision",
            "self": "the person concerned",
            "operator": "the operator of the node",
            "param": f"the setting {rest}",
        }.get(word, condition))  # fmt: skip
    return " or ".join(said)


def _ask_approval(tx: Tables, ctx: Context, cmd: Any, rule: bylaws.Rule) -> None:
    wanted = rule.approval
    assert wanted is not None
    limit = ctx.param(tx, wanted.above)
    amount = getattr(cmd, wanted.field, None)
    if not isinstance(limit, int) or not isinstance(amount, int) or amount <= limit:
        return
    kind, _, what = wanted.by.partition(" ")
    if kind == "role":
        eligible = registry.holders(tx, what, ctx.time_ms)
    else:
        named = getattr(cmd, what, "") or ctx.actor.did
        no = registry.party_no(tx, named)
        eligible = [] if no is None else registry.signers(tx, no, ctx.time_ms)
        if not eligible:
            return  # a person who acts alone has nobody to ask; organisations have signers
    raise NeedsApproval(rule, wanted.need, eligible)
