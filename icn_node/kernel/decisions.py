"""Decisions: from a draft to what the space did because of it. Wordings, phases, and execution exactly once.

A proposal moves along `LIFECYCLE` and no other way. Phases last as long as its type's rules say, from the commit in
which they began: a node that was off gives members the whole of a phase all the same. Everything that time brings about
(`advance`) may be set off by a timer or by anybody's command, any number of times, and happens once.

A decision's commands are carried out as the space, in one transaction with the decision's own change of state. If one
is refused, none of them stands, the decision is `failed` with that refusal as its explanation, and only a new decision
tries again. Commands are decoded, and judged by the bylaws, when they are proposed, so that what cannot succeed is
refused to its author and not to the members who voted for it.

Voting itself (ballots, delegations, the count) is in `kernel.voting`. It knows no commands of the governance module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from dag import codec
from icn_node.kernel import adoption, bylaws, electorate, executions, registry, timers, voting
from icn_node.kernel.context import THE_SPACE, Context
from icn_node.kernel.fields import Private
from icn_node.kernel.lifecycle import WrongState
from icn_node.kernel.proposal_types import UNLINKABLE, SecretUnavailable, rules_of
from icn_node.kernel.proposals import (
    DELIBERATION,
    DISCUSSION,
    DRAFT,
    ENDED,
    EXECUTED,
    FAILED,
    IMPLEMENTATION,
    LIVE,
    REVIEW,
    TIMER,
    VOTING,
    Proposal,
    Result,
    Review,
    Sponsor,
    Step,
    Wording,
    announce,
    commands_of,
    enter,
    lapse,
    move,
    proposal_of,
    voting_expected_ms,
    wording_of,
)
from icn_node.kernel.refusal import Malformed, Refusal
from icn_node.kernel.tables import Tables
from icn_node.kernel.tally import MOST_OPTIONS

if TYPE_CHECKING:
    from icn_node.kernel.module import Result as OpResult

MOST_OPS = 16


class NotAuthor(Refusal):
    """Only the proposal's author may do this."""

    code = "not_the_author"
    text = "Only the author of proposal {proposal} can do that."


class SponsorsMissing(Refusal):
    """Fewer members stand behind the proposal than its type asks for."""

    code = "sponsors_missing"
    text = "Proposal {proposal} needs {need} co-sponsors to open; it has {have}."
    advice = "Ask members to run `icn governance cosponsor`."


class OwnProposal(Refusal):
    """The author co-sponsors the own proposal."""

    code = "own_proposal"
    text = "You are the author of proposal {proposal}: that you stand behind it is known."


class AlreadySponsor(Refusal):
    """Co-sponsoring twice."""

    code = "already_sponsor"
    text = "You co-sponsor proposal {proposal} already."


class NotSponsor(Refusal):
    """Withdrawing a co-sponsorship that there is not."""

    code = "not_a_sponsor"
    text = "You do not co-sponsor proposal {proposal}."


class NoReview(Refusal):
    """Proposals of this type are not reviewed."""

    code = "no_review"
    text = "Proposal {proposal} is of the type {type}, which takes no review."


class NotAReviewer(Refusal):
    """The actor does not hold the role that reviews this type of proposal."""

    code = "not_a_reviewer"
    text = "Proposal {proposal} is reviewed by holders of the role {role}."


class NotDue(Refusal):
    """The decision is carried out at the end of its implementation phase; before, only by an executor of its type."""

    code = "not_due"
    text = "Proposal {proposal} is carried out at {due_ms}."


class TooManyProposals(Refusal):
    """The author has the most live proposals that one member can have."""

    code = "too_many_proposals"
    text = "You have {have} proposals that have not ended; {most} is the most."
    advice = "Withdraw one first."


class BadOptions(Refusal):
    """Options and candidates that cannot be voted on. reason: one_option, repeated, both, number, execution (what
    the bylaws carry out for this type is voted on by yes or no)."""

    code = "bad_options"
    text = "The options cannot be voted on: {reason}."
    advice = "Give no options (yes or no), or 2 to 64 different ones, or candidates, but not both."


class BadExecution(Refusal):
    """`execute_for` does not say for each command of `execute` which option it belongs to."""

    code = "bad_execution"
    text = "`execute_for` names, for each of the {ops} commands, an option from 1 to {options}, or 0 for any."


# -- drafts ------------------------------------------------------------------------------------------------------------


class Content(msgspec.Struct, frozen=True, gc=False):
    """What an author proposes; see `Wording`. execute: commands as maps with `op`, `ver` and the command's fields."""

    title: str
    description: Private | None = None
    rationale: Private | None = None
    options: tuple[str, ...] = ()
    candidates: tuple[int, ...] = ()
    execute: tuple[dict[str, Any], ...] = ()
    execute_for: tuple[int, ...] = ()
    fields: dict[str, int | str | bool] = msgspec.field(default_factory=dict)


def propose(tx: Tables, ctx: Context, kind: str, topic: str, ballot: str, content: Content) -> int:
    """Enter a draft; its number. Raises UnknownType, SecretUnavailable, TooManyProposals, EmptyElectorate, and
    what `check` and `_fields` raise.

    ballot: '' as the type says, else `open`, `closed`, or `secret`, which is refused.
    """
    if ballot == UNLINKABLE:
        raise SecretUnavailable
    rules = rules_of(tx, kind)
    if ballot:
        rules = msgspec.structs.replace(rules, ballot=ballot)
    check(tx, ctx, kind, content)
    values = _fields(tx, ctx, kind, content)
    author = ctx.actor.party
    have, most = live_proposals(tx, author), ctx.number(tx, "governance.proposals_per_member")
    if have >= most:
        raise TooManyProposals(have=have, most=most)
    if not electorate.exists(tx, rules.electorate, ctx.time_ms):
        raise electorate.EmptyElectorate(electorate=rules.electorate)
    no = tx.next_no("proposal")
    lapses = ctx.time_ms + ctx.number(tx, "governance.lapse_ms")
    row = Proposal(
        no, kind, topic, author, DRAFT, rules, _options(content), bool(content.candidates), 1, ctx.time_ms, lapses,
        steps=1,
    )  # fmt: skip
    tx.put(row)
    tx.append(Step(no, 1, ctx.time_ms, author, "propose", DRAFT, 1))
    _word(tx, ctx, no, 1, content)
    executions.keep(tx, no, 1, values)
    timers.schedule(tx, lapses, TIMER, no)
    return no


def check(tx: Tables, ctx: Context, kind: str, content: Content) -> None:
    """Whether this can be voted on and carried out.

    Raises BadOptions, BadExecution, Malformed, Version, Forbidden, and BylawsInvalid for bylaws that do not compile.
    """
    assert len(content.execute) <= MOST_OPS, len(content.execute)
    options, candidates = content.options, content.candidates
    if options and candidates:
        raise BadOptions(reason="both")
    if len(options) == 1:
        raise BadOptions(reason="one_option")
    if max(len(options), len(candidates)) > MOST_OPTIONS:
        raise BadOptions(reason="number")
    # Compared as they are written: folding case would depend on a version of Unicode.
    if len(set(options)) < len(options) or len(set(candidates)) < len(candidates):
        raise BadOptions(reason="repeated")
    count = _options(content)
    if content.execute_for and (
        len(content.execute_for) != len(content.execute) or not all(0 <= o <= count for o in content.execute_for)
    ):
        raise BadExecution(ops=len(content.execute), options=count)
    as_space = Context(
        ctx.kernel, actor=THE_SPACE, time_ms=ctx.time_ms, origin="decision", event=ctx.event, space=ctx.space,
        at_ms=ctx.at_ms, decision_type=kind,
    )  # fmt: skip
    rules_change = False
    for op in content.execute:
        name, ver = op.get("op"), op.get("ver")
        if not isinstance(name, str) or type(ver) is not int:
            raise Malformed(op="execute", reason="each command is a map with `op`, a text, and `ver`, a whole number")
        cmd = ctx.kernel.decode(op)
        document = getattr(cmd, "document", None)
        if isinstance(document, bylaws.Document):
            adoption.check(tx, ctx, document)
        # What an earlier command of the same decision permits can only be judged once that has been carried out.
        if not rules_change:
            ctx.kernel.policy.judge(tx, as_space, cmd)
        rules_change = rules_change or name.startswith("bylaws.")


def amend(tx: Tables, ctx: Context, row: Proposal, content: Content) -> int:
    """Put a new version of the wording in place; its number. Fields that are not given stay. Raises WrongState, and
    as `check` and `_fields` do."""
    no = row.no
    move(row, "amend")
    check(tx, ctx, row.type, content)
    values = _fields(tx, ctx, row.type, content, (no, row.version))
    version = row.version + 1
    due = row.due_ms if row.state in (DRAFT, DISCUSSION) else ctx.time_ms + row.rules.deliberation_ms
    _word(tx, ctx, no, version, content)
    executions.keep(tx, no, version, values)
    row = enter(
        tx, ctx, row, "amend", due,
        version=version, options=_options(content), election=bool(content.candidates),
    )  # fmt: skip
    for party in _involved(tx, row):
        ctx.notify(tx, party, "governance.amended", proposal=no, version=version)
    if row.state != DRAFT:
        announce(tx, ctx, row, "governance.amended", version=version)
    advance(tx, ctx, no)
    return version


def of_author(tx: Tables, ctx: Context, no: int) -> Proposal:
    """The proposal as it is at this time, if the actor is its author. Raises UnknownProposal, NotAuthor."""
    row = advance(tx, ctx, no)
    if row.author != ctx.actor.party:
        raise NotAuthor(proposal=no)
    return row


def commands_in(wording: Wording) -> tuple[dict[str, Any], ...]:
    """The commands of a wording, as they were proposed."""
    return tuple(op for _, op in commands_of(msgspec.structs.replace(wording, execute_for=()), 0))


def live_proposals(tx: Tables, author: int) -> int:
    """How many of the author's proposals have not ended."""
    return sum(tx.count(Proposal, "author", author, state) for state in LIVE)


def _options(content: Content) -> int:
    return len(content.options) or len(content.candidates)


def _fields(tx: Tables, ctx: Context, kind: str, content: Content,
            before: tuple[int, int] | None = None) -> executions.Given | None:  # fmt: skip
    """What it gives to its type. before: the wording whose fields stay. Raises BadField, BadOptions."""
    given = executions.typed(tx, ctx, kind, content.fields, before)
    if given is not None and given.runs and _options(content):
        raise BadOptions(reason="execution")
    return given


def _word(tx: Tables, ctx: Context, no: int, version: int, content: Content) -> None:
    tx.append(Wording(
        no, version, ctx.time_ms, content.title, content.description, content.rationale, content.options,
        content.candidates, codec.encode(list(content.execute)), content.execute_for,
    ))  # fmt: skip


def _involved(tx: Tables, row: Proposal) -> list[int]:
    """Co-sponsors and reviewers: those who spoke for, or about, an earlier wording."""
    spoke = [s.party for s in tx.scan(Sponsor, "key", row.no)] + [r.party for r in tx.scan(Review, "key", row.no)]
    return sorted(set(spoke) - {row.author})


# -- those who stand behind it, those who know about it ----------------------------------------------------------------


def sponsor(tx: Tables, ctx: Context, no: int, withdrawn: bool) -> int:
    """Stand behind a proposal, or no longer; how many do. Raises WrongState, OwnProposal,
    AlreadySponsor, NotSponsor."""
    row = advance(tx, ctx, no)
    party = ctx.actor.party
    move(row, "cosponsor")
    if row.author == party:
        raise OwnProposal(proposal=no)
    stands = tx.get(Sponsor, no, party) is not None
    if withdrawn:
        if not stands:
            raise NotSponsor(proposal=no)
        tx.delete(Sponsor, no, party)
    else:
        if stands:
            raise AlreadySponsor(proposal=no)
        tx.put(Sponsor(no, party, ctx.time_ms))
        ctx.notify(tx, row.author, "governance.sponsored", proposal=no, sponsors=row.sponsors + 1)
    sponsors = row.sponsors + (-1 if withdrawn else 1)
    tx.put(msgspec.structs.replace(row, sponsors=sponsors))
    return sponsors


def review(tx: Tables, ctx: Context, no: int, finding: str, text: Private | None) -> int:
    """Record a reviewer's finding on the present wording, in place of an earlier one; how many the wording has. A vote
    that waited for it opens. Raises WrongState, NoReview, NotAReviewer."""
    row = advance(tx, ctx, no)
    move(row, "review")
    if not row.rules.reviewers:
        raise NoReview(proposal=no, type=row.type)
    if not registry.holds(tx, ctx.actor.party, row.rules.reviewers, ctx.time_ms):
        raise NotAReviewer(proposal=no, role=row.rules.reviewers)
    tx.put(Review(no, ctx.actor.party, row.version, finding, ctx.time_ms, text))
    ctx.notify(tx, row.author, "governance.reviewed", proposal=no, finding=finding)
    recorded = reviews(tx, row)
    if row.state == REVIEW and recorded >= row.rules.reviews:
        voting.open_voting(tx, ctx, row)
    return recorded


def reviews(tx: Tables, row: Proposal) -> int:
    """How many reviews there are of the present wording."""
    return sum(r.version == row.version for r in tx.scan(Review, "key", row.no))


# -- phases ------------------------------------------------------------------------------------------------------------


def open_(tx: Tables, ctx: Context, no: int) -> Proposal:
    """Open a draft: its phases begin, under its type's rules of now. Raises NotAuthor, WrongState,
    SponsorsMissing, UnknownType."""
    row = of_author(tx, ctx, no)
    move(row, "open")
    rules = msgspec.structs.replace(rules_of(tx, row.type), ballot=row.rules.ballot)
    if row.sponsors < rules.sponsors:
        raise SponsorsMissing(proposal=no, need=rules.sponsors, have=row.sponsors)
    row = enter(tx, ctx, row, "open", ctx.time_ms + rules.discussion_ms, rules=rules, opened_ms=ctx.time_ms)
    announce(tx, ctx, row, "governance.opened", voting_ms=voting_expected_ms(row) or 0)
    return advance(tx, ctx, no)


def withdraw(tx: Tables, ctx: Context, no: int) -> None:
    """The author takes the proposal back. Raises NotAuthor, WrongState."""
    row = enter(tx, ctx, of_author(tx, ctx, no), "withdraw", None)
    for party in _involved(tx, row):
        ctx.notify(tx, party, "governance.withdrawn", proposal=no)


def due(tx: Tables, no: int, ctx: Context) -> None:
    """The timer of a proposal."""
    advance(tx, ctx, no)


def advance(tx: Tables, ctx: Context, no: int) -> Proposal:
    """Do what time has brought about, however often asked; the proposal as it then is. Raises UnknownProposal.

    A phase that takes no time is passed at once.
    """
    row = proposal_of(tx, no)
    while row.due_ms is not None and row.due_ms <= ctx.time_ms:
        row = _next(tx, ctx, row)
    return row


def _next(tx: Tables, ctx: Context, row: Proposal) -> Proposal:
    if row.state == DISCUSSION:
        return enter(tx, ctx, row, "deliberate", ctx.time_ms + row.rules.deliberation_ms)
    if row.state == DELIBERATION:
        if reviews(tx, row) >= row.rules.reviews:
            return voting.open_voting(tx, ctx, row)
        for party in registry.holders(tx, row.rules.reviewers, ctx.time_ms):
            ctx.notify(tx, party, "governance.review_wanted", proposal=row.no)
        return enter(tx, ctx, row, "await_review", ctx.time_ms + ctx.number(tx, "governance.lapse_ms"))
    if row.state == VOTING:
        return voting.close(tx, ctx, row)
    if row.state == IMPLEMENTATION:
        return execute(tx, ctx, row)
    return lapse(tx, ctx, row)


def cast(tx: Tables, ctx: Context, no: int, choice: str, reason: Private | None) -> None:
    """Enter the actor's ballot. Raises UnknownProposal and as `voting.cast` does."""
    if voting.cast(tx, ctx, advance(tx, ctx, no), choice, reason):
        voting.close(tx, ctx, proposal_of(tx, no))
        advance(tx, ctx, no)


def close(tx: Tables, ctx: Context, no: int) -> str:
    """Count a vote whose time is over and that no timer has counted; the outcome. Raises UnknownProposal,
    VotingStillOpen and, where there is no vote to count, as `voting.cast` does."""
    before = proposal_of(tx, no)
    row = advance(tx, ctx, no)
    if row.state == VOTING:
        assert row.due_ms is not None
        raise voting.VotingStillOpen(proposal=no, closes_ms=row.due_ms)
    result = tx.get(Result, no)
    if before.closed_ms is not None or result is None:
        raise voting.no_voting(row)
    return result.tally.outcome


def carry_out(tx: Tables, ctx: Context, no: int) -> str:
    """Carry a decision out, once its time has come or, by a holder of the executor's role, before; what came of it:
    `executed` or `failed`. Raises UnknownProposal, WrongState, NotDue."""
    before = proposal_of(tx, no)
    row = advance(tx, ctx, no)
    if before.state in ENDED or row.state not in (IMPLEMENTATION, EXECUTED, FAILED):
        raise WrongState(what=f"proposal {no}", state=row.state, event="execute")
    if row.state == IMPLEMENTATION:
        role = row.rules.executor
        if not role or not registry.holds(tx, ctx.actor.party, role, ctx.time_ms):
            assert row.due_ms is not None
            raise NotDue(proposal=no, due_ms=row.due_ms)
        row = execute(tx, ctx, row)
    return row.state


# -- execution ---------------------------------------------------------------------------------------------------------


def execute(tx: Tables, ctx: Context, row: Proposal) -> Proposal:
    """Carry an accepted decision out, all of its commands or none, in this transaction. Never raises a Refusal."""
    result = tx.get(Result, row.no)
    assert result is not None, row.no
    mark = tx.mark()
    place, done = 0, []
    try:
        # The state changes before the first command runs: whatever that does, it finds this decision carried out.
        executed = enter(tx, ctx, row, "execute", None)
        executions.carry_out(tx, ctx, row)
        for number, op in commands_of(wording_of(tx, row), result.tally.winner):
            place = number
            done.append(_carry_out(tx, ctx, row, op))
    except Refusal as refusal:
        tx.rollback(mark)
        failed = enter(tx, ctx, row, "fail", None)
        tx.put(msgspec.structs.replace(
            result, executed_ms=ctx.time_ms, failed_op=place, failure=refusal.code,
            facts=dict(sorted(refusal.facts.items())), clause=refusal.clause,
        ))  # fmt: skip
        if place:
            announce(tx, ctx, failed, "governance.failed", op=place, refusal=refusal.code)
        else:
            announce(tx, ctx, failed, "governance.execution_failed", refusal=refusal.code)
        return failed
    tx.put(msgspec.structs.replace(result, executed_ms=ctx.time_ms, results=tuple(done)))
    ctx.notify(tx, row.author, "governance.executed", proposal=row.no)
    return executed


def _carry_out(tx: Tables, ctx: Context, row: Proposal, op: dict[str, Any]) -> OpResult:
    cmd = ctx.kernel.decode(op)
    return ctx.run(tx, cmd, actor=THE_SPACE, origin="decision", decision=row.no, decision_type=row.type)
