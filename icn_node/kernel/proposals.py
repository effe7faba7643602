"""Proposals: their records, the states they move through, and nothing of how those moves come about.

`LIFECYCLE` is the whole of what can happen to a proposal; `enter` makes a move, and keeps history and timer in step
with it. It knows no ballots, no bylaws and no commands.
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from dag import codec
from icn_node.kernel import electorate, notices, timers
from icn_node.kernel.context import Context
from icn_node.kernel.fields import Private
from icn_node.kernel.lifecycle import Lifecycle, step
from icn_node.kernel.proposal_types import Rules
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.tables import Record, Tables
from icn_node.kernel.tally import Tally

TIMER = "governance.due"

DRAFT, DISCUSSION, DELIBERATION, REVIEW, VOTING = "draft", "discussion", "deliberation", "review", "voting"
IMPLEMENTATION, EXECUTED, FAILED, ADOPTED = "implementation", "executed", "failed", "adopted"
REJECTED, INQUORATE, WITHDRAWN, LAPSED = "rejected", "inquorate", "withdrawn", "lapsed"

LIFECYCLE: Lifecycle = {
    DRAFT: {"amend": DRAFT, "cosponsor": DRAFT, "open": DISCUSSION, "withdraw": WITHDRAWN, "lapse": LAPSED},
    DISCUSSION: {
        "amend": DISCUSSION, "cosponsor": DISCUSSION, "review": DISCUSSION, "deliberate": DELIBERATION,
        "withdraw": WITHDRAWN,
    },
    # An amendment begins deliberation anew: nobody votes on a wording that there was no time to read.
    DELIBERATION: {
        "amend": DELIBERATION, "cosponsor": DELIBERATION, "review": DELIBERATION, "await_review": REVIEW,
        "open_voting": VOTING, "withdraw": WITHDRAWN, "lapse": LAPSED,
    },
    REVIEW: {
        "amend": DELIBERATION, "cosponsor": REVIEW, "review": REVIEW, "open_voting": VOTING, "withdraw": WITHDRAWN,
        "lapse": LAPSED,
    },
    VOTING: {
        "vote": VOTING, "accept": IMPLEMENTATION, "adopt": ADOPTED, "reject": REJECTED, "fall_short": INQUORATE,
    },
    IMPLEMENTATION: {"execute": EXECUTED, "fail": FAILED},
    EXECUTED: {}, FAILED: {}, ADOPTED: {}, REJECTED: {}, INQUORATE: {}, WITHDRAWN: {}, LAPSED: {},
}  # fmt: skip

LIVE = tuple(state for state, moves in LIFECYCLE.items() if moves)
ENDED = tuple(state for state, moves in LIFECYCLE.items() if not moves)


class Proposal(Record, frozen=True):
    """A proposal and where it stands. rules: those of its type when it was opened (while a draft: when it was made).

    options: how many it has (0: yes or no). version: of its wording. due_ms: when time moves it on (None: it ended).
    voting_ms, closed_ms: when voting began and ended. electors, weight: the frozen electorate, 0 before; weighted: not
    all weights are 1. election: its options are persons. steps: how many entries its history has.
    """

    TABLE: ClassVar[str] = "proposal"
    KEY: ClassVar[tuple[str, ...]] = ("no",)
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {
        "state": ("state",), "author": ("author", "state"), "since": ("since_ms",),
    }  # fmt: skip
    no: int
    type: str
    topic: str
    author: int
    state: str
    rules: Rules
    options: int
    election: bool
    version: int
    since_ms: int
    due_ms: int | None
    opened_ms: int | None = None
    voting_ms: int | None = None
    closed_ms: int | None = None
    sponsors: int = 0
    electors: int = 0
    weight: int = 0
    weighted: bool = False
    steps: int = 0


class Wording(Record, frozen=True):
    """What is proposed, in one version. options: titles; candidates: party numbers, for an election.

    execute: DAG-CBOR of the list of commands; execute_for: for each the option that must win for it, 0 for any.
    """

    TABLE: ClassVar[str] = "proposal_wording"
    KEY: ClassVar[tuple[str, ...]] = ("proposal", "version")
    HISTORY: ClassVar[bool] = True
    proposal: int
    version: int
    time_ms: int
    title: str
    description: Private | None
    rationale: Private | None
    options: tuple[str, ...]
    candidates: tuple[int, ...]
    execute: bytes
    execute_for: tuple[int, ...]


class Sponsor(Record, frozen=True):
    """A member who stands behind a proposal besides its author."""

    TABLE: ClassVar[str] = "proposal_sponsor"
    KEY: ClassVar[tuple[str, ...]] = ("proposal", "party")
    proposal: int
    party: int
    since_ms: int


class Review(Record, frozen=True):
    """An expert's finding on one version of the wording. finding: for, against, concerns."""

    TABLE: ClassVar[str] = "proposal_review"
    KEY: ClassVar[tuple[str, ...]] = ("proposal", "party")
    proposal: int
    party: int
    version: int
    finding: str
    time_ms: int
    text: Private | None = None


class Result(Record, frozen=True):
    """What came of a vote, and of carrying it out. results: of the commands carried out, in their order.

    failed_op: which command was refused, from 1 (0: none, or what its type carries out); failure, facts, clause: that
    refusal, as in the log.
    """

    TABLE: ClassVar[str] = "proposal_result"
    KEY: ClassVar[tuple[str, ...]] = ("proposal",)
    INDEXES: ClassVar[dict[str, tuple[str, ...]]] = {"closed": ("closed_ms",)}
    proposal: int
    closed_ms: int
    tally: Tally
    executed_ms: int | None = None
    results: tuple[int | str | None, ...] = ()
    failed_op: int = 0
    failure: str = ""
    facts: dict[str, int | str] = msgspec.field(default_factory=dict)
    clause: str = ""


class Step(Record, frozen=True):
    """One entry of a proposal's history: what happened, by whom (0: by itself), and the state it led to."""

    TABLE: ClassVar[str] = "proposal_step"
    KEY: ClassVar[tuple[str, ...]] = ("proposal", "n")
    HISTORY: ClassVar[bool] = True
    proposal: int
    n: int
    time_ms: int
    party: int
    what: str
    state: str
    version: int


RECORDS: tuple[type[Record], ...] = (Proposal, Wording, Sponsor, Review, Result, Step)


class UnknownProposal(Refusal):
    """No proposal has that number."""

    code = "unknown_proposal"
    text = "There is no proposal {proposal}."
    advice = "See `icn governance list`."


def move(row: Proposal, event: str) -> str:
    """The state to which the event leads. Raises WrongState."""
    return step(LIFECYCLE, row.state, event, f"proposal {row.no}")


def proposal_of(tx: Tables, no: int) -> Proposal:
    """The proposal. Raises UnknownProposal."""
    found = tx.get(Proposal, no)
    if found is None:
        raise UnknownProposal(proposal=no)
    return found


def wording_of(tx: Tables, row: Proposal, version: int = 0) -> Wording:
    """The wording in force, or an earlier version."""
    found = tx.get(Wording, row.no, version or row.version)
    assert found is not None, (row.no, version)
    return found


def enter(tx: Tables, ctx: Context, row: Proposal, event: str, due_ms: int | None, **changes: Any) -> Proposal:
    """Make a move: state, history, timer. due_ms: when time moves the proposal on. Raises WrongState."""
    state = move(row, event)
    assert (due_ms is None) == (state in ENDED), (event, state)
    row = msgspec.structs.replace(row, state=state, due_ms=due_ms, steps=row.steps + 1, **changes)
    tx.put(row)
    tx.append(Step(row.no, row.steps, ctx.time_ms, ctx.actor.party, event, state, row.version))
    timers.cancel(tx, TIMER, row.no)
    if due_ms is not None:
        timers.schedule(tx, due_ms, TIMER, row.no)
    else:
        ctx.tell(tx, "proposal.ended", row.no)
    return row


def announce(tx: Tables, ctx: Context, row: Proposal, code: str, **facts: int | str) -> None:
    """Tell those who vote on it: all members at once, or each holder of the role or member of the group."""
    if row.rules.electorate == "members":
        ctx.notify(tx, notices.EVERYONE, code, proposal=row.no, **facts)
        return
    if row.electors:
        parties = electorate.enrolled(tx, row.no)
    else:
        parties = electorate.eligible(tx, row.rules.electorate, ctx.time_ms)
    for party in parties:
        ctx.notify(tx, party, code, proposal=row.no, **facts)


def voting_expected_ms(row: Proposal) -> int | None:
    """When voting will open if nothing is amended; None where that is not known or it has opened."""
    if row.due_ms is not None:
        if row.state == DISCUSSION:
            return row.due_ms + row.rules.deliberation_ms
        if row.state == DELIBERATION:
            return row.due_ms
    return None


def lapse(tx: Tables, ctx: Context, row: Proposal) -> Proposal:
    """End a proposal that was not opened, not reviewed, or that nobody could vote on."""
    ctx.notify(tx, row.author, "governance.lapsed", proposal=row.no, state=row.state)
    return enter(tx, ctx, row, "lapse", None)


def commands_of(wording: Wording, winner: int) -> list[tuple[int, dict[str, Any]]]:
    """The commands to carry out when that option wins (yes: 1), each with its place among all, from 1."""
    ops = codec.decode(wording.execute)
    assert isinstance(ops, list)
    found = []
    for place, op in enumerate(ops, 1):
        assert isinstance(op, dict)
        only = wording.execute_for[place - 1] if wording.execute_for else 0
        if only in (0, winner):
            found.append((place, op))
    return found
