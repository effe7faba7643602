"""Offices and votes: what a contract in CCL says of roles and of types of proposal, put into force with it.

A role with seats, terms or a limit of terms becomes a defined role; a `proposal` becomes a type of proposal of its name
(`Budget` is budget). Proposals that are open keep the rules under which they were opened, and holders their terms. What
a contract states and this node does not do is listed by `beyond`, so that nobody takes it for done. A type of proposal
whose vote this node cannot count as stated is not made, so that nothing can be proposed under it: no count is better
than a wrong one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ccl import core
from ccl import types as t
from ccl.host import decision_type
from icn_node.kernel import proposal_types, roles
from icn_node.kernel.bylaws import BylawsInvalid
from icn_node.kernel.proposal_types import ProposalType, Rules
from icn_node.kernel.tables import Tables
from icn_node.kernel.views import role_name

if TYPE_CHECKING:
    from icn_node.kernel.context import Context

DAY_MS = 86_400_000
_MEMBERS = frozenset(("Member", "member", "members", "Members"))


class Uncounted(Exception):
    """A vote that this node cannot count as it is stated; the message says what it lacks."""


def check(program: core.Program) -> None:
    """Raise BylawsInvalid for the first thing that could not be carried out as it is stated."""
    for proposal in program.proposals:
        try:
            proposal_types.check(rules_of(program, proposal))
        except Uncounted:
            continue
        except proposal_types.BadRules as bad:
            raise BylawsInvalid(reason=f"proposal {proposal.name}: {bad}") from None
    for matter, choice in program.transitions:
        if matter in ("open proposals", "terms of office") and choice != "keep":
            reason = f"'{matter}: {choice}' is not done here: keep them, and end them by decisions of their own"
            raise BylawsInvalid(reason=reason)


def enact(tx: Tables, ctx: Context, program: core.Program) -> None:
    """Put the roles and types of proposal of a contract into force."""
    for proposal in program.proposals:
        try:
            rules = rules_of(program, proposal)
        except Uncounted:
            continue
        tx.put(ProposalType(decision_type(proposal.name), rules, ctx.time_ms))
    for role in program.roles:
        if is_office(role):
            name = role_name(role.name)
            tx.put(roles.Role(
                name, dict(role.facts).get("title", role.name).strip('"'), role.term_days * DAY_MS or None,
                role.seats or None, role.max_terms or None, "open", ctx.time_ms, role.term_months,
            ))  # fmt: skip


def is_office(role: core.Role) -> bool:
    """Whether a role has rules of how long and how often it is held, and by how many."""
    return bool(role.seats or role.term_months or role.term_days or role.max_terms)


def rules_of(program: core.Program, proposal: core.Proposal) -> Rules:
    """How proposals of that type are decided. Raises Uncounted."""
    phases = dict(proposal.phases_ms)
    method, threshold, base = _threshold(proposal)
    if proposal.veto or proposal.quorum_classes or (proposal.quorum_strict and proposal.quorum != (0, 1)):
        raise Uncounted("a veto, a quorum of classes, or a quorum of more than a part")
    if proposal.quorum_base != "electorate":
        raise Uncounted(f"a quorum of {proposal.quorum_base}")
    quorum = f"{proposal.quorum[0]}/{proposal.quorum[1]}"
    return Rules(
        phases.get("discussion", 0), phases.get("deliberation", 0), proposal.duration_ms,
        phases.get("implementation", 0), method=method, quorum=quorum, approval_base=base, threshold=threshold,
        electorate=_electorate(program, proposal), ballot=proposal.ballot or proposal_types.OPEN,
        delegation=proposal.delegation, early=proposal.early, sponsors=proposal.sponsors,
    )  # fmt: skip


def _threshold(proposal: core.Proposal) -> tuple[str, str, str]:
    """Method, threshold and base, as types of proposal have them."""
    stated = proposal.threshold
    if stated.kind == "unanimous":
        return "unanimous", "", "cast"
    if stated.kind != "part":
        raise Uncounted("votes counted by classes of voters")
    part = f"{'more than' if stated.strict else 'at least'} {stated.part[0]}/{stated.part[1]}"
    return "majority", part, stated.base


def _electorate(program: core.Program, proposal: core.Proposal) -> str:
    """Who votes, as types of proposal have it."""
    named = proposal.eligible
    for electorate in program.electorates:
        if electorate.name == named:
            if electorate.weight != 1:
                raise Uncounted("votes of other weight than one")
            named = electorate.of
    return "members" if named in _MEMBERS else f"role {role_name(named)}"


def beyond(program: core.Program) -> Iterator[str]:
    """What a contract states and this node does not do by itself, a sentence each."""
    for proposal in program.proposals:
        try:
            rules_of(program, proposal)
        except Uncounted as lacks:
            yield f"proposal {proposal.name}: this node cannot count {lacks}, so nothing can be proposed as one"
        for name, type_, _ in proposal.fields:
            if name in proposal.required and not isinstance(type_, t.Plain | t.Money):
                yield f"proposal {proposal.name}: nobody can give its field {name} ({type_}); it needs a default"
    for role in program.roles:
        if role.chosen_by or role.until:
            yield f"role {role.name}: who holds it is said by a decision (`icn role grant`)"
    for trigger in program.triggers:
        yield f"trigger {trigger.name}: it does not run by itself; a decision runs actions (`icn bylaws run`)"
    for delegation in program.delegations:
        yield f"delegate scope {delegation.scope}: delegations have the depth and length that the settings give them"
