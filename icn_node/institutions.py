"""What a contract declares of offices and of types of decision, as the commands that set them up.

A contract in CCL says how many seats an office has and for how long it is held, and who votes on a type of decision, by
what quorum and threshold. The node keeps both in its own tables, which decisions change (`role.define`,
`governance.set_type`): so a space that is founded with a contract is founded with what it declares. It must not know
how the commands are carried out, nor what a contract requires.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from icn_node.kernel.contract_params import decision_type
from icn_node.kernel.proposal_types import DEFAULTS
from icn_node.kernel.views import role_name

if TYPE_CHECKING:
    from ccl import core

MONTH_MS: Final = 2_629_746_000
"""A month of a term of office: the mean month of the Gregorian calendar, 146,097 days in 4,800 months."""
DAY_MS: Final = 86_400_000

Command = dict[str, Any]

_METHODS: Final = {
    ("part", (1, 2), True): "majority", ("part", (2, 3), False): "supermajority", ("part", (4, 5), False): "consensus",
}  # fmt: skip
"""Thresholds that a voting method promises by its name; others are said beside `majority`."""


class Uncounted(ValueError):
    """A type of decision is to be counted in a way that the node does not count; the message says which."""


def commands(program: core.Program) -> list[Command]:
    """The commands, as an event holds them: offices first, in the order declared. Raises Uncounted."""
    offices = [_office(role) for role in program.roles if _bounded(role)]
    groups = {electorate.name: electorate.of for electorate in program.electorates}
    return [*offices, *(_type(proposal, groups) for proposal in program.proposals)]


def roles(program: core.Program) -> tuple[str, ...]:
    """The roles that a contract declares, as the registry names them, in the order declared."""
    return tuple(role_name(role.name) for role in program.roles)


def _bounded(role: core.Role) -> bool:
    return bool(role.seats or role.term_months or role.term_days or role.max_terms)


def _office(role: core.Role) -> Command:
    name = role_name(role.name)
    found: Command = {"op": "role.define", "ver": 1, "role": name, "title": name.replace("-", " ").capitalize()}
    term_ms = role.term_months * MONTH_MS + role.term_days * DAY_MS
    said = {"seats": role.seats, "term_ms": term_ms, "max_terms": role.max_terms}
    return {**found, **{field: value for field, value in said.items() if value}}


def _type(proposal: core.Proposal, groups: dict[str, str]) -> Command:
    """The command that makes a type: what differs from the rules with which it begins in a new space."""
    phases = dict(proposal.phases_ms)
    name = decision_type(proposal.name)
    rules: Command = {
        "discussion_ms": phases.get("discussion", 0), "deliberation_ms": phases.get("deliberation", 0),
        "voting_ms": proposal.duration_ms, "implementation_ms": phases.get("implementation", 0),
        **_standard(proposal), "electorate": _electorate(proposal, groups),
        "delegation": proposal.delegation, "early": proposal.early, "sponsors": proposal.sponsors,
    }  # fmt: skip
    if proposal.ballot:
        rules["ballot"] = proposal.ballot
    begun = DEFAULTS.get(name, DEFAULTS["policy"])
    changes = {field: value for field, value in rules.items() if value != getattr(begun, field)}
    return {"op": "governance.set_type", "ver": 1, "type": name, **changes}


def _standard(proposal: core.Proposal) -> Command:
    """Quorum and threshold. Raises Uncounted."""
    threshold, quorum = proposal.threshold, proposal.quorum
    by_classes = threshold.kind not in ("part", "unanimous") or proposal.quorum_classes
    if by_classes or proposal.veto or proposal.quorum_base not in ("electorate", "members"):
        raise Uncounted(
            f"the proposal `{proposal.name}` is counted by classes of voters, and the node counts each vote once, of "
            "one electorate: write one proposal for each class, and ask for the decisions of both"
        )
    if proposal.quorum_strict:
        raise Uncounted(
            f"the proposal `{proposal.name}` asks for more than a part of the voters, and the node's quorum is at "
            "least a part: write `quorum of electorate at least ..`"
        )
    said: Command = {"quorum": f"{quorum[0]}/{quorum[1]}"} if quorum[0] else {"quorum_base": "none"}
    if quorum[0]:
        said["quorum_base"] = "electorate"
    if threshold.kind == "unanimous":
        return {**said, "method": "unanimous", "approval_base": "cast"}
    above, below = threshold.part
    method = _METHODS.get(("part", threshold.part, threshold.strict))
    said |= {"method": method or "majority", "approval_base": threshold.base}
    if not method:
        said["threshold"] = f"{'more than' if threshold.strict else 'at least'} {above}/{below}"
    return said


def _electorate(proposal: core.Proposal, groups: dict[str, str]) -> str:
    named = groups.get(proposal.eligible, proposal.eligible)
    return "members" if named.lower() in ("member", "members") else f"role {role_name(named)}"
