"""Voting: the part of a decision from the opening of its vote to the count.

When voting opens the electorate and its weights are frozen. Until it closes an elector votes, or votes again, and only
the last ballot counts; ballots of the electorate's members are looked up by one key. At the close, delegations as they
then stand are followed, everything is counted once, and what was counted is written down with the result.

Invariants: the result depends on the ballots, delegations and standings at the close, never on the order of ballots;
nobody counts twice; the sum of the weights counted never exceeds the frozen weight.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from icn_node.kernel import delegation, electorate, executions, proposals, registry, tally
from icn_node.kernel.context import Context
from icn_node.kernel.delegation import Route
from icn_node.kernel.fields import Private
from icn_node.kernel.proposals import LIVE, VOTING, Proposal, Result
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.tables import Record, Tables


class Ballot(Record, frozen=True):
    """An elector's last ballot, in canonical form. custody: of the key it was signed with; `node`: a helper's entry."""

    TABLE: ClassVar[str] = "ballot"
    KEY: ClassVar[tuple[str, ...]] = ("proposal", "party")
    proposal: int
    party: int
    choice: str
    custody: str
    time_ms: int
    reason: Private | None = None


class Routed(Record, frozen=True):
    """Where a delegated vote was counted when voting closed: with the ballot of `through`, or (0) nowhere, and why."""

    TABLE: ClassVar[str] = "routed_vote"
    KEY: ClassVar[tuple[str, ...]] = ("proposal", "party")
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {"through": ("proposal", "through", "party")}
    HISTORY: ClassVar[bool] = True
    proposal: int
    party: int
    through: int
    hops: int
    void: str


class VotingNotOpen(Refusal):
    """Voting on the proposal has not opened yet, and it is known when it will."""

    code = "voting_not_open"
    text = "Voting on proposal {proposal} is not open; it opens at {opens_ms}."


class VotingNotPlanned(Refusal):
    """Voting on the proposal has not opened, and waits for somebody: a draft to be opened, a review to be recorded."""

    code = "voting_not_planned"
    text = "Voting on proposal {proposal} is not open: it is in the state {state}."
    advice = "A draft waits for its author to open it; a proposal under review waits for the reviewers."


class VotingClosed(Refusal):
    """Voting has ended, or the proposal ended without a vote."""

    code = "voting_closed"
    text = "Voting on proposal {proposal} ended at {closed_ms}."


class NoVoteHeld(Refusal):
    """The proposal ended before voting opened."""

    code = "no_vote_held"
    text = "Proposal {proposal} was {state} before it came to a vote."


class VotingStillOpen(Refusal):
    """Voting is counted when its time is over, not before."""

    code = "voting_still_open"
    text = "Voting on proposal {proposal} is open until {closes_ms}."


class NotAnElector(Refusal):
    """The actor was not in the electorate when it was frozen."""

    code = "not_an_elector"
    text = "You are not in the electorate of proposal {proposal} ({electorate}), frozen when voting opened."


class VoteForfeited(Refusal):
    """The actor was in the electorate and has left or been expelled since."""

    code = "vote_forfeited"
    text = "Your membership is in the state {status}: you cannot vote on proposal {proposal} any more."


# -- opening and casting -----------------------------------------------------------------------------------------------


def open_voting(tx: Tables, ctx: Context, row: Proposal) -> Proposal:
    """Freeze the electorate and open the vote; without an elector the proposal lapses."""
    electors = electorate.eligible(tx, row.rules.electorate, ctx.time_ms)
    if not electors:
        return proposals.lapse(tx, ctx, row)
    count, weight = electorate.freeze(tx, row.no, dict.fromkeys(electors, 1))
    closes = ctx.time_ms + row.rules.voting_ms
    row = proposals.enter(
        tx, ctx, row, "open_voting", closes, voting_ms=ctx.time_ms, electors=count, weight=weight,
        weighted=weight != count,
    )  # fmt: skip
    code = "governance.election" if row.election else "governance.voting"
    proposals.announce(tx, ctx, row, code, closes_ms=closes)
    return row


def cast(tx: Tables, ctx: Context, row: Proposal, choice: str, reason: Private | None) -> bool:
    """Enter the actor's ballot, in place of an earlier one; whether voting is to end because all have voted.

    Raises VotingNotOpen, VotingNotPlanned, VotingClosed, NoVoteHeld, NotAnElector, VoteForfeited, and as
    `tally.canonical` does.
    """
    if row.state != VOTING:
        raise no_voting(row)
    no, party = row.no, ctx.actor.party
    if not electorate.weight_of(tx, no, party):
        raise NotAnElector(proposal=no, electorate=row.rules.electorate)
    status = electorate.standing(tx, party)
    if status not in electorate.MAY_VOTE:
        raise VoteForfeited(proposal=no, status=status)
    said = tally.canonical(row.rules.method, choice, row.options, row.rules.budget)
    tx.put(Ballot(no, party, said, ctx.actor.custody, ctx.time_ms, reason))
    return row.rules.early and tx.count(Ballot, "key", no) == row.electors


def no_voting(row: Proposal) -> Refusal:
    """Why there is no voting on the proposal now."""
    opens = proposals.voting_expected_ms(row)
    if opens is not None:
        return VotingNotOpen(proposal=row.no, opens_ms=opens)
    if row.state in LIVE and row.closed_ms is None:
        return VotingNotPlanned(proposal=row.no, state=row.state)
    if row.closed_ms is None:
        return NoVoteHeld(proposal=row.no, state=row.state)
    return VotingClosed(proposal=row.no, closed_ms=row.closed_ms)


# -- the count ---------------------------------------------------------------------------------------------------------


class Gathered(msgspec.Struct, frozen=True):
    """What there is to count. ballots: those that count, by party; carried: the weight behind each, its own included;
    routes: of every delegator who has not voted; lost: ballots of the expelled."""

    ballots: dict[int, Ballot]
    carried: dict[int, int]
    routes: dict[int, Route]
    lost: int


def gather(tx: Tables, row: Proposal, time_ms: int, depth: int) -> Gathered:
    """Ballots and delegations as they stand now. depth: the most hops of a chain of delegations."""
    forfeited = electorate.forfeited(tx)
    cast = tx.scan(Ballot, "key", row.no)
    ballots = {b.party: b for b in cast if b.party not in forfeited}
    carried = {p: electorate.weight_of(tx, row.no, p, weighted=True) if row.weighted else 1 for p in ballots}
    routes = _routes(tx, row, ballots, time_ms, depth) if row.rules.delegation else {}
    for party, route in routes.items():
        if route.through:
            carried[route.through] += electorate.weight_of(tx, row.no, party, weighted=row.weighted)
    return Gathered(ballots, carried, routes, len(cast) - len(ballots))


def _routes(tx: Tables, row: Proposal, ballots: dict[int, Ballot], time_ms: int, depth: int) -> dict[int, Route]:
    scopes = delegation.scopes_for(row.topic, row.type)
    delegate_of = delegation.applicable(tx, scopes, time_ms)

    def unfit(party: int) -> str:
        if electorate.standing(tx, party) != registry.ACTIVE:
            return delegation.INACTIVE
        return "" if electorate.weight_of(tx, row.no, party) else delegation.OUTSIDE

    # Only an elector's own delegation counts, and only while that elector could still vote.
    delegators = [
        p
        for p in sorted(delegate_of)
        if p not in ballots
        and electorate.weight_of(tx, row.no, p)
        and electorate.standing(tx, p) in electorate.MAY_VOTE
    ]
    return delegation.resolve(delegators, delegate_of, ballots, unfit, depth)


def count(row: Proposal, gathered: Gathered, weight_of: dict[int, int], seed: bytes | None) -> tally.Tally:
    """Count what was gathered. weight_of: own weights where they are not 1. seed: for a draw (None: still running)."""
    choices: dict[str, int] = {}
    helpers: dict[str, int] = {}
    helped = 0
    for party, ballot in gathered.ballots.items():
        choices[ballot.choice] = choices.get(ballot.choice, 0) + gathered.carried[party]
        if ballot.custody == "node":
            helped += 1
            helpers[ballot.choice] = helpers.get(ballot.choice, 0) + weight_of.get(party, 1)
    void: dict[str, int] = {}
    delegated = 0
    for route in gathered.routes.values():
        if route.void:
            void[route.void] = void.get(route.void, 0) + 1
        else:
            delegated += 1
    return tally.tally(
        row.rules.standard(row.options), choices, electors=row.electors, weight=row.weight,
        ballots=len(gathered.ballots), lost=gathered.lost, delegated=delegated, helpers=helpers, helper_ballots=helped,
        void=void, seed=seed,
    )  # fmt: skip


def running(tx: Tables, row: Proposal, time_ms: int, depth: int) -> tuple[tally.Tally, Gathered]:
    """The count as it would be if voting ended now, but for a draw."""
    gathered = gather(tx, row, time_ms, depth)
    return count(row, gathered, own_weights(tx, row), None), gathered


def own_weights(tx: Tables, row: Proposal) -> dict[int, int]:
    """The frozen weights that are not 1."""
    return {w.party: w.weight for w in tx.scan(electorate.Weight, "key", row.no)} if row.weighted else {}


def close(tx: Tables, ctx: Context, row: Proposal) -> Proposal:
    """End the vote, count it, write down what was counted, and go where the result leads."""
    gathered = gather(tx, row, ctx.time_ms, ctx.number(tx, "governance.delegation_depth"))
    # What no voter knows while voting: the time of the commit that ends it, and the event that does (none for a timer).
    seed = tally.draw_seed("tie", ctx.space, row.no, ctx.time_ms, ctx.event)
    result = count(row, gathered, own_weights(tx, row), seed)
    for party, route in gathered.routes.items():
        tx.append(Routed(row.no, party, route.through, route.hops, route.void))
    took_part = [*gathered.ballots, *(p for p, route in gathered.routes.items() if route.through)]
    electorate.enrol(tx, row.no, electorate.TOOK_PART, took_part)
    tx.put(Result(row.no, ctx.time_ms, result))
    event, due = _leads_to(tx, ctx, row, result)
    row = proposals.enter(tx, ctx, row, event, due, closed_ms=ctx.time_ms)
    proposals.announce(tx, ctx, row, "governance.decided", outcome=result.outcome)
    return row


def _leads_to(tx: Tables, ctx: Context, row: Proposal, result: tally.Tally) -> tuple[str, int | None]:
    if result.outcome == tally.INQUORATE:
        return "fall_short", None
    if result.outcome == tally.REJECTED:
        return "reject", None
    assert result.outcome == tally.ACCEPTED, result.outcome
    if not (executions.runs(tx, row) or proposals.commands_of(proposals.wording_of(tx, row), result.winner)):
        return "adopt", None
    return "accept", ctx.time_ms + row.rules.implementation_ms


RECORDS: tuple[type[Record], ...] = (Ballot, Routed)
