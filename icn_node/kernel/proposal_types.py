"""Proposal types: how a policy, a budget, an emergency is decided. Rules with defaults, changed type by type.

A type's `Rules` say how long each phase takes, who votes, by what method, quorum and threshold, how ballots are kept,
and who carries the decision out. The defaults below apply until the space changes a type (`governance.set_type`),
which also adds types of its own. A proposal keeps the rules under which it was opened.

`LEVELS` are ready-made standards for the level a decision belongs to. The personal level has none: what is a member's
own, a member decides alone, by the clauses of the bylaws that say `acts for`.

It knows no proposals and no members.
"""

from __future__ import annotations

import re
from typing import ClassVar

import msgspec

from icn_node.kernel.refusal import Refusal
from icn_node.kernel.tables import Record, Tables
from icn_node.kernel.tally import APPROVAL_BASES, METHODS, QUORUM_BASES, Standard, fraction, share

HOUR_MS = 3_600_000
DAY_MS = 86_400_000
LEAST_VOTING_MS = 1_000

OPEN = "open"  # a running tally and who voted how can be read by those whom the bylaws let read
CLOSED = "closed"  # no running tally, and no list of who voted how
UNLINKABLE = "secret"  # choices cannot be linked to voters: can be asked for, and is refused until it can be kept
BALLOTS = (OPEN, CLOSED)

_ELECTORATE = re.compile(r"members|(role|group) [a-z][a-z0-9_.-]{0,63}")


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How proposals of a type are decided.

    *_ms: how long each phase takes. electorate: `members` (every active person), `role NAME` or `group NAME`.
    quorum: "1/4" of quorum_base, `electorate` or `none`. threshold: "more than 1/2" of approval_base, `cast`, `ballots`
    or `electorate`; '' for what the method promises. budget: credits of a voter under the quadratic method. ballot:
    open or closed. delegation: whether votes can be delegated. early: voting ends once every elector has voted.
    sponsors: how many besides the author must stand behind it before it opens. reviewers: the role that must have
    recorded `reviews` reviews of the wording before voting opens ('' : none). executor: a role whose holders may carry
    the decision out before the implementation phase ends ('' : nobody); at its end it happens by itself.
    """

    discussion_ms: int
    deliberation_ms: int
    voting_ms: int
    implementation_ms: int
    method: str = "majority"
    quorum_base: str = "electorate"
    quorum: str = "1/4"
    approval_base: str = "cast"
    threshold: str = ""
    electorate: str = "members"
    ballot: str = OPEN
    delegation: bool = True
    early: bool = False
    budget: int = 100
    sponsors: int = 0
    reviewers: str = ""
    reviews: int = 0
    executor: str = ""
    active: bool = True

    def standard(self, options: int) -> Standard:
        """By what a vote on that many options (0: yes or no) is judged."""
        part = fraction(self.quorum) if self.quorum_base != "none" else (0, 1)
        assert part is not None, self.quorum
        return Standard(self.method, options, part, self.approval_base, self.threshold, self.budget)


class ProposalType(Record, frozen=True):
    """A type whose rules the space has changed or added."""

    TABLE: ClassVar[str] = "proposal_type"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    name: str
    rules: Rules
    since_ms: int


RECORDS = (ProposalType,)


def _days(discussion: int, deliberation: int, voting: int, implementation: int) -> tuple[int, int, int, int]:
    """Phases from hours."""
    return discussion * HOUR_MS, deliberation * HOUR_MS, voting * HOUR_MS, implementation * HOUR_MS


# Phases are 7, 3, 3 and 1 days for a policy, and the same parts of a type's whole length where it does not need others.
DEFAULTS: dict[str, Rules] = {
    "policy": Rules(*_days(168, 72, 72, 24)),
    "budget": Rules(*_days(252, 108, 108, 36)),
    "technical": Rules(*_days(120, 48, 48, 24), reviewers="expert", reviews=1),
    "emergency": Rules(*_days(0, 0, 24, 0), electorate="role council", quorum="1/2", delegation=False, early=True),
    "membership": Rules(*_days(72, 24, 72, 0)),
    "bylaw": Rules(*_days(240, 96, 144, 24), method="supermajority", quorum="1/3"),
}

LEVELS: dict[str, dict[str, str | bool]] = {
    "local": {"method": "consensus", "threshold": "", "delegation": False},
    "regional": {"method": "majority", "threshold": "at least 3/5", "delegation": True},
    "network": {"method": "quadratic", "threshold": "at least 2/3", "delegation": True},
}


class UnknownType(Refusal):
    """No proposal type of that name, or it is switched off."""

    code = "unknown_proposal_type"
    text = "There is no proposal type {type} in use."
    advice = "`icn governance types` lists them."


class BadRules(Refusal):
    """A type's rules do not fit together. part: the field that does not fit."""

    code = "bad_proposal_rules"
    text = "The rules of a proposal type do not fit together: {part} cannot be {value}."


class SecretUnavailable(Refusal):
    """A secret ballot was asked for."""

    code = "secret_ballot_unavailable"
    text = "Secret ballots cannot be kept yet: whoever holds a copy of the record could see who voted how."
    advice = "Use a closed ballot (nobody is shown a running tally or who voted how), or vote on paper."


def rules_of(tx: Tables, name: str) -> Rules:
    """The rules in force of that type. Raises UnknownType."""
    changed = tx.get(ProposalType, name)
    found = changed.rules if changed is not None else DEFAULTS.get(name)
    if found is None or not found.active:
        raise UnknownType(type=name)
    return found


def all_types(tx: Tables) -> dict[str, Rules]:
    """Every type, by name, those switched off included."""
    merged = {**DEFAULTS, **{row.name: row.rules for row in tx.scan(ProposalType)}}
    return dict(sorted(merged.items()))


def define(tx: Tables, name: str, changes: dict[str, int | str | bool], level: str, time_ms: int) -> None:
    """Change a type, or add one that starts from the rules of `policy`. Raises BadRules, SecretUnavailable."""
    before = all_types(tx).get(name, DEFAULTS["policy"])
    rules = msgspec.structs.replace(before, **{**LEVELS.get(level, {}), **changes})
    check(rules)
    tx.put(ProposalType(name, rules, time_ms))


def check(rules: Rules) -> None:
    """Raise BadRules for the first field that makes no sense, by itself or beside the others."""
    method = METHODS.get(rules.method)
    if rules.ballot == UNLINKABLE:
        raise SecretUnavailable
    wrong = [
        ("voting_ms", rules.voting_ms < LEAST_VOTING_MS),
        ("method", method is None),
        ("quorum_base", rules.quorum_base not in QUORUM_BASES),
        ("quorum", fraction(rules.quorum) is None),
        ("approval_base", rules.approval_base not in APPROVAL_BASES),
        ("approval_base", method is not None and method.cast_only and rules.approval_base != "cast"),
        ("threshold", rules.threshold != "" and share(rules.threshold) is None),
        ("threshold", method is not None and method.fixed and rules.threshold != ""),
        ("electorate", _ELECTORATE.fullmatch(rules.electorate) is None),
        ("ballot", rules.ballot not in BALLOTS),
        ("reviews", (rules.reviews > 0) != (rules.reviewers != "")),
    ]
    for part, is_wrong in wrong:
        if is_wrong:
            raise BadRules(part=part, value=getattr(rules, part))
