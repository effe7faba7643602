"""Proposals and votes: members decide, and what they decide is carried out by itself, once.

A proposal is drafted, discussed, deliberated, voted on and implemented, by the rules of its type (`icn governance
types`). Title and options are public; description, rationale, reviews and reasons are for members. Voting is direct or
by delegation; the commands of an accepted proposal are carried out as the space. The mechanism is in the kernel:
`proposals`, `decisions`, `voting`, `delegation`, `tally`, `electorate`; what is read is in `proposal_views`.

It must not know what the commands of a decision do.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from icn_node.kernel import (
    decisions,
    delegation,
    electorate,
    executions,
    proposal_types,
    proposal_views,
    registry,
    tally,
    voting,
)
from icn_node.kernel.bylaws import BylawsInvalid
from icn_node.kernel.context import Context
from icn_node.kernel.decisions import Content
from icn_node.kernel.fields import DurationMs, Name, No, Ops, Pairs, Private, TimeMs, Title, Who
from icn_node.kernel.lifecycle import WrongState
from icn_node.kernel.module import Command, Module, NoticeSpec, ParamSpec, Query, TimerSpec, command, query
from icn_node.kernel.proposal_types import DAY_MS
from icn_node.kernel.proposals import RECORDS, TIMER, UnknownProposal, wording_of
from icn_node.kernel.refusal import Forbidden, Malformed, Refusal, Version
from icn_node.kernel.registry import NotActive, UnknownMember
from icn_node.kernel.tables import Tables

Choice = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9=,]{1,1024}$",
        description="yes, no or abstain; an option's number; or, under quadratic voting, OPTION=VOTES,...",
    ),
]
OptionalName = Annotated[str, Meta(pattern=r"^([a-z][a-z0-9_.-]{0,63})?$")]
Options = Annotated[tuple[Title, ...], Meta(max_length=64, description="options to choose from; none: yes or no")]
Candidates = Annotated[tuple[Who, ...], Meta(max_length=64, description="the persons to choose from, in an election")]
ForOption = Annotated[
    tuple[Annotated[int, Meta(ge=0, le=64)], ...],
    Meta(max_length=16, description="for each command the option that must win for it to be carried out; 0: any"),
]
BallotMode = Annotated[str, Meta(pattern="^(|open|closed|secret)$", description="open, closed, or as the type says")]
Share = Annotated[
    str, Meta(max_length=32, description="'more than 1/2', 'at least 2/3'; empty: what the method's name promises")
]
Limit = Annotated[int, Meta(ge=1, le=1000, description="rows at most")]
After = Annotated[int, Meta(ge=0, description="the last number of the page before")]


class Propose(Command, frozen=True):
    """Draft a proposal. It can be amended and co-sponsored; `open` starts its discussion at once.

    fields: values of the fields that the bylaws declare for the type, by name: amounts in whole units, members by
    handle.
    """

    OP: ClassVar[str] = "governance.propose"
    type: Name
    title: Title
    description: Private | None = None
    rationale: Private | None = None
    topic: OptionalName = ""
    options: Options = ()
    candidates: Candidates = ()
    execute: Ops = ()
    execute_for: ForOption = ()
    ballot: BallotMode = ""
    open: bool = False
    fields: Pairs = msgspec.field(default_factory=dict)


class Amend(Command, frozen=True):
    """Change the wording of one's proposal before its vote opens. What is left out stays as it is."""

    OP: ClassVar[str] = "governance.amend"
    proposal: No
    title: Title | None = None
    description: Private | None = None
    rationale: Private | None = None
    options: Options | None = None
    candidates: Candidates | None = None
    execute: Ops | None = None
    execute_for: ForOption | None = None
    fields: Pairs = msgspec.field(default_factory=dict)


class Cosponsor(Command, frozen=True):
    """Stand behind somebody's proposal before its vote opens, or, with `withdraw`, no longer."""

    OP: ClassVar[str] = "governance.cosponsor"
    proposal: No
    withdraw: bool = False


class Withdraw(Command, frozen=True):
    """Take one's own proposal back before its vote opens."""

    OP: ClassVar[str] = "governance.withdraw"
    proposal: No


class Open(Command, frozen=True):
    """Open one's draft: discussion begins, then deliberation, and voting by itself."""

    OP: ClassVar[str] = "governance.open"
    proposal: No


class RecordReview(Command, frozen=True):
    """Record an expert's finding on a proposal, as the role that reviews its type."""

    OP: ClassVar[str] = "governance.review"
    proposal: No
    finding: Annotated[str, Meta(pattern="^(for|against|concerns)$", description="for, against or concerns")]
    text: Private | None = None


class Vote(Command, frozen=True):
    """Vote, or change one's vote while voting is open. A direct vote counts before any delegation."""

    OP: ClassVar[str] = "governance.vote"
    proposal: No
    choice: Choice
    reason: Private | None = None


class Close(Command, frozen=True):
    """Count a vote whose time is over, should the node's timer not have done so yet."""

    OP: ClassVar[str] = "governance.close"
    proposal: No


class Execute(Command, frozen=True):
    """Carry an accepted proposal out, should the timer not have done so yet; or before, as its type's executor."""

    OP: ClassVar[str] = "governance.execute"
    proposal: No


class Delegate(Command, frozen=True):
    """Entrust one's votes in a scope to another member: a topic, a type of proposal, or `all`."""

    OP: ClassVar[str] = "governance.delegate"
    to: Who
    scope: Name = delegation.ALL
    until_ms: TimeMs | None = None


class Revoke(Command, frozen=True):
    """End one's delegation in a scope."""

    OP: ClassVar[str] = "governance.revoke"
    scope: Name = delegation.ALL


class SetType(Command, frozen=True):
    """Change the rules of a proposal type, or add a type, which starts from those of `policy`. What is left out stays.

    Proposals that are open keep the rules under which they were opened. level: rules ready-made for a level: `local`
    (consensus, 80 %), `regional` (60 %, delegation), `network` (quadratic, 2/3); other fields given count before it.
    """

    OP: ClassVar[str] = "governance.set_type"
    type: Name
    level: Annotated[str, Meta(pattern="^(|local|regional|network)$")] = ""
    discussion_ms: DurationMs | None = None
    deliberation_ms: DurationMs | None = None
    voting_ms: DurationMs | None = None
    implementation_ms: DurationMs | None = None
    method: Name | None = None
    quorum_base: Name | None = None
    quorum: Annotated[str, Meta(max_length=16, description="a part of the electorate, such as 1/4")] | None = None
    approval_base: Name | None = None
    threshold: Share | None = None
    electorate: Annotated[str, Meta(max_length=80, description="members, role NAME or group NAME")] | None = None
    ballot: BallotMode | None = None
    delegation: bool | None = None
    early: bool | None = None
    budget: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    sponsors: Annotated[int, Meta(ge=0, le=1_000)] | None = None
    reviewers: OptionalName | None = None
    reviews: Annotated[int, Meta(ge=0, le=100)] | None = None
    executor: OptionalName | None = None
    active: bool | None = None


def propose(tx: Tables, cmd: Propose, ctx: Context) -> int:
    content = Content(
        cmd.title, cmd.description, cmd.rationale, cmd.options, _numbers(tx, cmd.candidates), cmd.execute,
        cmd.execute_for, cmd.fields,
    )  # fmt: skip
    no = decisions.propose(tx, ctx, cmd.type, cmd.topic, cmd.ballot, content)
    if cmd.open:
        decisions.open_(tx, ctx, no)
    return no


def amend(tx: Tables, cmd: Amend, ctx: Context) -> int:
    row = decisions.of_author(tx, ctx, cmd.proposal)
    old = wording_of(tx, row)
    # Options and candidates are one list in two forms, so to give one form is to drop the other; commands likewise
    # belong to the options that they were given with.
    if cmd.options is not None or cmd.candidates is not None:
        options, candidates = cmd.options or (), _numbers(tx, cmd.candidates or ())
    else:
        options, candidates = old.options, old.candidates
    content = Content(
        old.title if cmd.title is None else cmd.title,
        cmd.description or old.description,
        cmd.rationale or old.rationale,
        options,
        candidates,
        decisions.commands_in(old) if cmd.execute is None else cmd.execute,
        (old.execute_for if cmd.execute is None else ()) if cmd.execute_for is None else cmd.execute_for,
        cmd.fields,
    )
    return decisions.amend(tx, ctx, row, content)


def cosponsor(tx: Tables, cmd: Cosponsor, ctx: Context) -> int:
    return decisions.sponsor(tx, ctx, cmd.proposal, cmd.withdraw)


def withdraw(tx: Tables, cmd: Withdraw, ctx: Context) -> None:
    decisions.withdraw(tx, ctx, cmd.proposal)


def open_(tx: Tables, cmd: Open, ctx: Context) -> str:
    return decisions.open_(tx, ctx, cmd.proposal).state


def review(tx: Tables, cmd: RecordReview, ctx: Context) -> int:
    return decisions.review(tx, ctx, cmd.proposal, cmd.finding, cmd.text)


def vote(tx: Tables, cmd: Vote, ctx: Context) -> None:
    decisions.cast(tx, ctx, cmd.proposal, cmd.choice, cmd.reason)


def close(tx: Tables, cmd: Close, ctx: Context) -> str:
    return decisions.close(tx, ctx, cmd.proposal)


def execute(tx: Tables, cmd: Execute, ctx: Context) -> str:
    return decisions.carry_out(tx, ctx, cmd.proposal)


def delegate(tx: Tables, cmd: Delegate, ctx: Context) -> None:
    to = registry.active_party(tx, cmd.to)
    delegation.set_delegation(tx, ctx.actor.party, cmd.scope, to.no, ctx.time_ms, cmd.until_ms)
    ctx.notify(tx, to.no, "governance.delegated", member=ctx.actor.did, scope=cmd.scope)


def revoke(tx: Tables, cmd: Revoke, ctx: Context) -> None:
    to = delegation.revoke(tx, ctx.actor.party, cmd.scope)
    ctx.notify(tx, to, "governance.revoked", member=ctx.actor.did, scope=cmd.scope)


def set_type(tx: Tables, cmd: SetType, ctx: Context) -> None:
    given = {k: v for k, v in msgspec.structs.asdict(cmd).items() if k not in ("type", "level") and v is not None}
    proposal_types.define(tx, cmd.type, given, cmd.level, ctx.time_ms)


def _numbers(tx: Tables, candidates: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(registry.active_party(tx, did).no for did in candidates)


# -- what is read ------------------------------------------------------------------------------------------------------


class ListQuery(Query, frozen=True):
    """Proposals in the order of their numbers: all, `live`, `ended` or in one state; of a type; by an author.

    `can`: what the reader can do with each now."""

    status: OptionalName = ""
    type: OptionalName = ""
    author: Who | None = None
    after: After = 0
    limit: Limit = 50


class ShowQuery(Query, frozen=True):
    """One proposal whole: wording, rules, phase, what comes next and when, sponsors, reviews, result, history."""

    proposal: No
    version: Annotated[int, Meta(ge=0, description="an earlier version of the wording; 0: the one in force")] = 0


class TallyQuery(Query, frozen=True):
    """Every number of a vote, while it runs or final; with open ballots also who voted how, and through whom."""

    proposal: No
    after: After = 0
    limit: Limit = 50


class ElectorsQuery(Query, frozen=True):
    """Who may vote on a proposal: the electorate as it was frozen when voting opened."""

    proposal: No
    after: After = 0
    limit: Limit = 50


class DelegationsQuery(Query, frozen=True):
    """Who has entrusted votes to whom: of one member, given and received, in one scope, or all; and where it leads."""

    member: Who | None = None
    scope: OptionalName = ""
    after: After = 0
    limit: Limit = 50


class TypesQuery(Query, frozen=True):
    """The types of proposal and the rules by which each is decided."""


class HealthQuery(Query, frozen=True):
    """How decisions went of late: submissions, turnout, participation, consensus, beside their targets."""

    days: Annotated[int, Meta(ge=1, le=3_660, description="the period, up to now")] = 30


def read_list(tx: Tables, q: ListQuery, reader: Context) -> list[dict[str, Any]]:
    author = 0 if q.author is None else registry.party_of(tx, q.author).no
    return proposal_views.listed(tx, reader, q.status, q.type, author, q.after, q.limit)


def read_show(tx: Tables, q: ShowQuery, reader: Context) -> dict[str, Any]:
    return proposal_views.shown(tx, reader, q.proposal, q.version)


def read_tally(tx: Tables, q: TallyQuery, reader: Context) -> dict[str, Any]:
    return proposal_views.tallied(tx, reader, q.proposal, q.after, q.limit)


def read_electors(tx: Tables, q: ElectorsQuery, reader: Context) -> list[dict[str, Any]]:
    return proposal_views.electors(tx, q.proposal, q.after, q.limit)


def read_delegations(tx: Tables, q: DelegationsQuery, reader: Context) -> list[dict[str, Any]]:
    member = 0 if q.member is None else registry.party_of(tx, q.member).no
    return proposal_views.delegations(tx, reader, member, q.scope, q.after, q.limit)


def read_types(tx: Tables, q: TypesQuery, reader: Context) -> list[dict[str, Any]]:
    return proposal_views.types(tx)


def read_health(tx: Tables, q: HealthQuery, reader: Context) -> list[dict[str, Any]]:
    return proposal_views.health(tx, reader, q.days)


# -- declaration -------------------------------------------------------------------------------------------------------

_CONTENT: tuple[type[Refusal], ...] = (
    decisions.BadOptions, decisions.BadExecution, executions.BadField, BylawsInvalid,
    Malformed, Version, Forbidden, UnknownMember, NotActive,
)  # fmt: skip
_OPENS: tuple[type[Refusal], ...] = (decisions.SponsorsMissing, proposal_types.UnknownType)
_NO_VOTE: tuple[type[Refusal], ...] = (
    voting.VotingNotOpen, voting.VotingNotPlanned, voting.VotingClosed, voting.NoVoteHeld,
)  # fmt: skip
_BALLOT: tuple[type[Refusal], ...] = (
    *_NO_VOTE, voting.NotAnElector, voting.VoteForfeited, tally.NotYesNo, tally.NotAnOption, tally.BadVotes,
    tally.OverBudget,
)  # fmt: skip
_WHO = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"

COMMANDS = (
    command(Propose, propose, result="the proposal's number",
            refuses=(*_CONTENT, *_OPENS, decisions.TooManyProposals, electorate.EmptyElectorate,
                     proposal_types.SecretUnavailable),
            private={"description": "members", "rationale": "members"},
            example={"type": "policy", "title": "Open on Saturdays", "description": "From ten to two, by rota."}),
    command(Amend, amend, result="the wording's version",
            refuses=(*_CONTENT, UnknownProposal, WrongState, decisions.NotAuthor),
            private={"description": "members", "rationale": "members"},
            example={"proposal": 1, "title": "Open on Saturdays until noon"}),
    command(Cosponsor, cosponsor, result="how many co-sponsors it has",
            refuses=(UnknownProposal, WrongState, decisions.OwnProposal, decisions.AlreadySponsor,
                     decisions.NotSponsor),
            example={"proposal": 1}),
    command(Withdraw, withdraw, refuses=(UnknownProposal, WrongState, decisions.NotAuthor),
            example={"proposal": 1}),
    command(Open, open_, result="the phase it is in", example={"proposal": 1},
            refuses=(UnknownProposal, WrongState, decisions.NotAuthor, *_OPENS)),
    command(RecordReview, review, result="how many reviews the wording has",
            refuses=(UnknownProposal, WrongState, decisions.NoReview, decisions.NotAReviewer),
            private={"text": "members"}, example={"proposal": 1, "finding": "for"}),
    command(Vote, vote, refuses=(UnknownProposal, *_BALLOT), private={"reason": "members"},
            example={"proposal": 1, "choice": "yes"}),
    command(Close, close, result="the outcome", refuses=(UnknownProposal, voting.VotingStillOpen, *_NO_VOTE),
            example={"proposal": 1}),
    command(Execute, execute, result="executed or failed",
            refuses=(UnknownProposal, WrongState, decisions.NotDue), example={"proposal": 1}),
    command(Delegate, delegate, example={"to": _WHO, "scope": "budget"},
            refuses=(UnknownMember, NotActive, delegation.SelfDelegation, delegation.DelegationEnds,
                     delegation.TooManyDelegations)),
    command(Revoke, revoke, refuses=(delegation.NoDelegation,), example={"scope": "budget"}),
    command(SetType, set_type, cli="governance set-type",
            refuses=(proposal_types.BadRules, proposal_types.SecretUnavailable),
            example={"type": "policy", "voting_ms": 5 * DAY_MS, "quorum": "1/3"}),
)  # fmt: skip

QUERIES = (
    query("governance.list", ListQuery, read_list, refuses=(UnknownMember, proposal_views.UnknownStatus),
          columns=("no", "title", "type", "state", "next", "due_ms", "can"), example={"status": "live"}),
    query("governance.show", ShowQuery, read_show, refuses=(UnknownProposal,), example={"proposal": 1}),
    query("governance.tally", TallyQuery, read_tally, refuses=(UnknownProposal, *_NO_VOTE), example={"proposal": 1}),
    query("governance.electors", ElectorsQuery, read_electors, refuses=(UnknownProposal, *_NO_VOTE),
          columns=("member", "weight"), example={"proposal": 1}),
    query("governance.delegations", DelegationsQuery, read_delegations, refuses=(UnknownMember,),
          columns=("member", "scope", "delegate", "in_force", "leads_to", "circle"), example={"scope": "budget"}),
    query("governance.types", TypesQuery, read_types,
          columns=("type", "days", "method", "threshold_used", "quorum", "electorate", "active")),
    query("governance.health", HealthQuery, read_health,
          columns=("measure", "value", "unit", "target", "met", "part", "whole"), example={"days": 30}),
)  # fmt: skip

PARAMS = (
    ParamSpec("governance.lapse_ms", 60 * DAY_MS, "How long a draft, or a review that is wanted, is waited for.",
              low=3_600_000, high=3_650 * DAY_MS, unit="ms"),
    ParamSpec("governance.proposals_per_member", 20, "Proposals of one author that have not ended, at most.",
              low=1, high=10_000),
    ParamSpec("governance.delegation_depth", 5, "Hops of a chain of delegations, at most; 1: no passing on.",
              low=1, high=100),
    ParamSpec("governance.target_submissions", 50, "Proposals in 30 days that the space aims at.", high=1_000_000),
    ParamSpec("governance.target_turnout", 70, "Turnout that the space aims at.", high=100, unit="%"),
    ParamSpec("governance.target_participation", 85, "Members taking part that the space aims at.", high=100, unit="%"),
    ParamSpec("governance.target_consensus", 80, "Votes decided by at least 4/5 that the space aims at.", high=100,
              unit="%"),
)  # fmt: skip

NOTICES = (
    NoticeSpec("governance.opened", "Proposal {proposal} is open for discussion; voting opens at {voting_ms}."),
    NoticeSpec("governance.amended", "Proposal {proposal} was amended: version {version}."),
    NoticeSpec("governance.withdrawn", "Proposal {proposal}, in which you took part, was withdrawn by its author."),
    NoticeSpec("governance.lapsed", "Your proposal {proposal} has lapsed in the state {state}: nobody opened it, "
               "reviewed it, or could vote on it."),
    NoticeSpec("governance.sponsored", "Your proposal {proposal} has {sponsors} co-sponsors now."),
    NoticeSpec("governance.review_wanted", "Proposal {proposal} waits for a review by your role before its vote."),
    NoticeSpec("governance.reviewed", "A reviewer found {finding} on your proposal {proposal}."),
    NoticeSpec("governance.voting", "Voting on proposal {proposal} is open until {closes_ms}."),
    NoticeSpec("governance.election", "Voting in election {proposal} is open until {closes_ms}. It is not secret: "
               "whoever holds a copy of the record can see who voted how."),
    NoticeSpec("governance.decided", "The vote on proposal {proposal} has ended: {outcome}."),
    NoticeSpec("governance.executed", "Your proposal {proposal} was carried out."),
    NoticeSpec("governance.failed", "Proposal {proposal} was accepted, but its command {op} was refused ({refusal}); "
               "none of its commands stands. Only a new decision can try again."),
    NoticeSpec("governance.execution_failed", "Proposal {proposal} was accepted, but what decisions of its type carry "
               "out was refused ({refusal}); nothing of it stands. Only a new decision can try again."),
    NoticeSpec("governance.delegated", "{member} has entrusted you with votes in the scope {scope}."),
    NoticeSpec("governance.revoked", "{member} has taken back the votes entrusted to you in the scope {scope}."),
)  # fmt: skip

MODULE = Module(
    name="governance",
    doc=__doc__,
    records=(
        *RECORDS,
        *voting.RECORDS,
        *delegation.RECORDS,
        *electorate.RECORDS,
        *proposal_types.RECORDS,
        *executions.RECORDS,
    ),
    commands=COMMANDS,
    queries=QUERIES,
    timers=(TimerSpec(TIMER, decisions.due),),
    params=PARAMS,
    notices=NOTICES,
)
