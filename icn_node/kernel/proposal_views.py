"""Proposals as they are read: lists, one whole, tallies, delegations, and how a space's democracy is doing.

Everything here is a view of the records of `proposals`, `voting` and `delegation`, for a reader whom the bylaws have
already let read. What a ballot mode keeps back is kept back here: while a vote with closed ballots runs there is no
tally, and who voted how is listed for open ballots only. Whoever holds a copy of the record can work it out all the
same, and the views say so (`visible_to_replicas`).
"""

from __future__ import annotations

from typing import Any

import msgspec

from dag import codec
from icn_node.kernel import delegation, electorate, executions, registry, tally, voting
from icn_node.kernel.context import Context
from icn_node.kernel.lifecycle import may
from icn_node.kernel.module import Party
from icn_node.kernel.proposal_types import DAY_MS, OPEN, Rules, all_types
from icn_node.kernel.proposals import (
    DELIBERATION,
    DISCUSSION,
    DRAFT,
    ENDED,
    IMPLEMENTATION,
    LIFECYCLE,
    LIVE,
    REVIEW,
    VOTING,
    Proposal,
    Result,
    Review,
    Sponsor,
    Step,
    Wording,
    proposal_of,
    voting_expected_ms,
    wording_of,
)
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.tables import Tables
from icn_node.kernel.voting import Ballot, Routed

Row = dict[str, Any]

# What time brings about in each state, or, where it waits for somebody, what they would.
NEXT = {
    DRAFT: DISCUSSION, DISCUSSION: DELIBERATION, DELIBERATION: VOTING, REVIEW: VOTING, VOTING: "count",
    IMPLEMENTATION: "execute",
}  # fmt: skip
WAITING = (DRAFT, REVIEW)  # here time alone only lapses the proposal
MOST_PROPOSALS_READ = 10_000  # proposals that one reading of a space's health goes through


class UnknownStatus(Refusal):
    """A list was asked for by a status that proposals do not have."""

    code = "unknown_proposal_status"
    text = "Proposals are never {status}."
    advice = "Ask for `live`, `ended`, or a state such as `voting`, `executed`, `rejected`."


# -- lists -------------------------------------------------------------------------------------------------------------


def listed(tx: Tables, reader: Context, status: str, kind: str, author: int, after: int, limit: int) -> list[Row]:
    """Proposals numbered above `after`, ascending. status: '', `live`, `ended` or a state. Raises UnknownStatus."""
    states = {"": None, "live": LIVE, "ended": ENDED}.get(status, (status,))
    if states is not None and any(s not in LIFECYCLE for s in states):
        raise UnknownStatus(status=status[:64])
    if states is None:
        found = _some(tx, (), kind, author, after, limit)
    else:
        found = [row for state in states for row in _some(tx, (state,), kind, author, after, limit)]
        found = sorted(found, key=lambda row: row.no)[:limit]
    return [summary(tx, row, reader) for row in found]


def _some(tx: Tables, state: tuple[str, ...], kind: str, author: int, after: int, limit: int) -> list[Proposal]:
    """Page through one index until enough rows fit."""
    found: list[Proposal] = []
    index = "state" if state else "key"
    while len(found) < limit:
        page = tx.scan(Proposal, index, *state, start=after + 1, limit=max(limit, 50))
        found += [row for row in page if kind in ("", row.type) and author in (0, row.author)]
        if len(page) < max(limit, 50):
            break
        after = page[-1].no
    return found[:limit]


def summary(tx: Tables, row: Proposal, reader: Context) -> Row:
    """One line about a proposal."""
    return {
        "no": row.no, "title": wording_of(tx, row).title, "type": row.type, "state": row.state, "topic": row.topic,
        "author": Party(row.author), "next": NEXT.get(row.state), "due_ms": row.due_ms,
        "voted": tx.get(Ballot, row.no, reader.actor.party) is not None, "can": can(tx, row, reader),
    }  # fmt: skip


def can(tx: Tables, row: Proposal, reader: Context) -> list[str]:
    """The commands that the proposal's state leaves to this reader. The bylaws may still say no."""
    party = reader.actor.party
    if party <= 0:
        return []
    found = []
    if row.author == party:
        short = row.sponsors < row.rules.sponsors
        found += [
            f"governance.{event}"
            for event in ("amend", "open", "withdraw")
            if may(LIFECYCLE, row.state, event) and not (event == "open" and short)
        ]
    elif may(LIFECYCLE, row.state, "cosponsor") and registry.is_active(tx, party):
        found.append("governance.cosponsor")
    for event, role in (("review", row.rules.reviewers), ("execute", row.rules.executor)):
        if may(LIFECYCLE, row.state, event) and registry.holds(tx, party, role, reader.time_ms):
            found.append(f"governance.{event}")
    may_vote = electorate.standing(tx, party) in electorate.MAY_VOTE
    if may(LIFECYCLE, row.state, "vote") and may_vote and electorate.weight_of(tx, row.no, party):
        found.append("governance.vote")
    return found


# -- one proposal ------------------------------------------------------------------------------------------------------


def shown(tx: Tables, reader: Context, no: int, version: int) -> Row:
    """All there is to know about a proposal, in one version of its wording. Raises UnknownProposal."""
    row = proposal_of(tx, no)
    wording = wording_of(tx, row, version if 0 < version <= row.version else 0)
    result = tx.get(Result, no)
    return {
        **summary(tx, row, reader),
        "title": wording.title, "version": wording.version, "versions": row.version, "worded_ms": wording.time_ms,
        "description": wording.description, "rationale": wording.rationale,
        "options": options(wording), "execute": _commands(wording),
        "fields": executions.shown(tx, reader, row, wording.version),
        "since_ms": row.since_ms, "opened_ms": row.opened_ms, "voting_ms": row.voting_ms, "closed_ms": row.closed_ms,
        "lapses_ms": row.due_ms if row.state in WAITING else None, "voting_expected_ms": voting_expected_ms(row),
        "rules": in_words(row.rules), "threshold": row.rules.standard(row.options).wanted,
        "electors": row.electors, "sponsors": [Party(s.party) for s in tx.scan(Sponsor, "key", no)],
        "sponsors_needed": row.rules.sponsors,
        "reviews": [
            {"reviewer": Party(r.party), "finding": r.finding, "of_version": r.version, "time_ms": r.time_ms,
             "text": r.text}
            for r in tx.scan(Review, "key", no)
        ],
        "reviews_needed": row.rules.reviews,
        "yours": yours(tx, row, reader),
        "election": row.election, "secret": False, "visible_to_replicas": True,
        "result": None if result is None else numbers(tx, row, result.tally),
        "execution": None if result is None else execution(result),
        "history": [
            {"n": s.n, "time_ms": s.time_ms, "what": s.what, "by": Party(s.party), "state": s.state,
             "version": s.version}
            for s in tx.scan(Step, "key", no)
        ],
    }  # fmt: skip


def options(wording: Wording) -> list[Row]:
    """The options with their numbers; none where the vote is yes or no."""
    if wording.candidates:
        return [{"option": n, "candidate": Party(c)} for n, c in enumerate(wording.candidates, 1)]
    return [{"option": n, "title": title} for n, title in enumerate(wording.options, 1)]


def _commands(wording: Wording) -> list[Row]:
    ops = codec.decode(wording.execute)
    assert isinstance(ops, list)
    wanted = wording.execute_for or (0,) * len(ops)
    return [{"command": op, "for_option": only} for op, only in zip(ops, wanted, strict=True)]


def in_words(rules: Rules) -> Row:
    """A type's rules as they can be given to `governance.set_type` again."""
    found: Row = msgspec.to_builtins(rules)
    return found


def execution(result: Result) -> Row | None:
    """What carrying it out came to; None before."""
    if result.executed_ms is None:
        return None
    if not result.failure:
        return {"time_ms": result.executed_ms, "results": list(result.results)}
    return {
        "time_ms": result.executed_ms, "failed_op": result.failed_op,
        "refused": result.failure, "facts": result.facts, "clause": result.clause,
    }  # fmt: skip


def yours(tx: Tables, row: Proposal, reader: Context) -> Row | None:
    """The reader's own part in a vote: the ballot cast, or where the delegated vote goes. None for no elector."""
    party = reader.actor.party
    if party <= 0 or not electorate.weight_of(tx, row.no, party):
        return None
    ballot = tx.get(Ballot, row.no, party)
    if ballot is not None:
        return {"choice": ballot.choice, "time_ms": ballot.time_ms, "reason": ballot.reason}
    if row.state != VOTING:
        routed = tx.get(Routed, row.no, party)
        if routed is None:
            return {"choice": None}
        return {"choice": None, "through": Party(routed.through) if routed.through else None, "void": routed.void}
    if not row.rules.delegation:
        return {"choice": None}
    scopes = delegation.scopes_for(row.topic, row.type)
    depth = reader.number(tx, "governance.delegation_depth")
    along = delegation.chain(tx, party, scopes, reader.time_ms, depth)
    return {"choice": None, "delegated": [Party(p) for p in along]}


# -- tallies -----------------------------------------------------------------------------------------------------------


def tallied(tx: Tables, reader: Context, no: int, after: int, limit: int) -> Row:
    """Every number of a vote, running or final, and for open ballots who voted how and through whom, by party number.

    Raises UnknownProposal, and what says why there is no vote.
    """
    row = proposal_of(tx, no)
    if row.voting_ms is None:
        raise voting.no_voting(row)
    head: Row = {
        "proposal": no, "state": row.state, "running": row.state == VOTING, "ballot": row.rules.ballot,
        "closes_ms": row.due_ms if row.state == VOTING else row.closed_ms, "method": row.rules.method,
        "approval_base": row.rules.approval_base, "quorum_base": row.rules.quorum_base,
        "electorate": row.rules.electorate, "election": row.election, "secret": False, "visible_to_replicas": True,
        "yours": yours(tx, row, reader),
    }  # fmt: skip
    public = row.rules.ballot == OPEN
    if row.state == VOTING and not public:
        return {**head, "electors": row.electors, "ballots": tx.count(Ballot, "key", no)}
    result = tx.get(Result, no)
    gathered = None
    if result is None:
        depth = reader.number(tx, "governance.delegation_depth")
        counted, gathered = voting.running(tx, row, reader.time_ms, depth)
    else:
        counted = result.tally
    if not public:
        return {**head, **numbers(tx, row, counted)}
    return {
        **head, **numbers(tx, row, counted),
        "votes": _votes(tx, no, gathered, after, limit), "delegations": _routes(tx, no, gathered, after, limit),
    }  # fmt: skip


def numbers(tx: Tables, row: Proposal, counted: tally.Tally) -> Row:
    """A tally, and its totals again with what they are for: option 0 is `no`, or none of the options."""
    named = options(wording_of(tx, row))
    against = {"option": tally.NONE, "title": "none of them" if named else "no"}
    by_option = [
        {**one, "total": counted.totals[one["option"]], "by_helpers": counted.helper_totals[one["option"]]}
        for one in (*(named or [{"option": 1, "title": "yes"}]), against)
    ]
    return {**msgspec.to_builtins(counted), "by_option": by_option}


def _votes(tx: Tables, no: int, gathered: voting.Gathered | None, after: int, limit: int) -> list[Row]:
    """Ballots, each with how many electors it counts for: its own, those delegated; 0 where it does not count."""
    followers: dict[int, int] = {}
    for route in gathered.routes.values() if gathered else ():
        followers[route.through] = followers.get(route.through, 0) + 1
    rows = []
    for b in tx.scan(Ballot, "key", no, start=after + 1, limit=limit):
        if gathered is not None:
            counted = 1 + followers.get(b.party, 0) if b.party in gathered.ballots else 0
        else:
            counted = electorate.is_enrolled(tx, no, electorate.TOOK_PART, b.party)
            counted += tx.count(Routed, "through", no, b.party)
        rows.append({
            "voter": Party(b.party), "choice": b.choice, "by_helper": b.custody == "node", "time_ms": b.time_ms,
            "reason": b.reason, "counted_for": counted,
        })  # fmt: skip
    return rows


def _routes(tx: Tables, no: int, gathered: voting.Gathered | None, after: int, limit: int) -> list[Row]:
    if gathered is None:
        page = tx.scan(Routed, "key", no, start=after + 1, limit=limit)
    else:
        parties = [p for p in sorted(gathered.routes) if p > after][:limit]
        page = [
            Routed(no, p, gathered.routes[p].through, gathered.routes[p].hops, gathered.routes[p].void) for p in parties
        ]
    return [
        {"elector": Party(r.party), "through": Party(r.through) if r.through else None, "hops": r.hops, "void": r.void}
        for r in page
    ]


def electors(tx: Tables, no: int, after: int, limit: int) -> list[Row]:
    """The electorate that was frozen when voting opened, by party number. Raises UnknownProposal; why there is none."""
    row = proposal_of(tx, no)
    if row.voting_ms is None:
        raise voting.no_voting(row)
    own = voting.own_weights(tx, row)
    page = [p for p in electorate.enrolled(tx, no) if p > after][:limit]
    return [{"no": p, "member": Party(p), "weight": own.get(p, 1)} for p in page]


# -- delegations and types ---------------------------------------------------------------------------------------------


def delegations(tx: Tables, reader: Context, party: int, scope: str, after: int, limit: int) -> list[Row]:
    """Delegations by the number of who delegates, ascending above `after`; of one party (given or received), or in one
    scope, if asked. `leads_to`: whom a vote in that scope passes through; `circle`: it comes back."""
    if party:
        given = tx.scan(delegation.Delegation, "key", party)
        received = tx.scan(delegation.Delegation, "delegate", party, start=after + 1, limit=limit)
        found = [d for d in given if d.party > after] + received
    elif scope:
        found = tx.scan(delegation.Delegation, "scope", scope, start=after + 1, limit=limit)
    else:
        found = tx.scan(delegation.Delegation, "key", start=after + 1, limit=limit + delegation.MOST_SCOPES)
    found = sorted((d for d in found if scope in ("", d.scope)), key=lambda d: (d.party, d.scope))
    # A page ends between two parties, so that `after` misses none of a party's scopes.
    if len(found) > limit:
        last = found[limit - 1].party
        found = [d for d in found if d.party <= last]
    depth = reader.number(tx, "governance.delegation_depth")
    rows = []
    for d in found:
        scopes = tuple(dict.fromkeys((d.scope, delegation.ALL)))
        along = delegation.chain(tx, d.party, scopes, reader.time_ms, depth + 1)
        rows.append({
            "no": d.party, "member": Party(d.party), "scope": d.scope, "delegate": Party(d.delegate),
            "since_ms": d.since_ms, "until_ms": d.until_ms, "in_force": delegation.in_force(d, reader.time_ms),
            "active": registry.is_active(tx, d.delegate), "leads_to": [Party(p) for p in along],
            "circle": len({d.party, *along}) <= len(along), "too_long": len(along) > depth,
        })  # fmt: skip
    return rows


def types(tx: Tables) -> list[Row]:
    """Every proposal type with its rules, those switched off included."""
    return [
        {"type": name, "days": _days(rules), "threshold_used": rules.standard(0).wanted, **in_words(rules)}
        for name, rules in all_types(tx).items()
    ]


def _days(rules: Rules) -> str:
    total = rules.discussion_ms + rules.deliberation_ms + rules.voting_ms + rules.implementation_ms
    tenths = (total * 10 + DAY_MS // 2) // DAY_MS
    return f"{tenths // 10}.{tenths % 10}" if tenths % 10 else str(tenths // 10)


# -- health ------------------------------------------------------------------------------------------------------------


def health(tx: Tables, reader: Context, days: int) -> list[Row]:
    """How decisions went in the last days: each measure as an exact fraction, in whole percent, beside its target.

    turnout: weight that took part of the weight that could have, over the votes counted; participation: active members
    who took part in at least one; consensus: decided votes in which one side had at least 4/5 of the votes cast.
    """
    since = reader.time_ms - days * DAY_MS
    counted = tx.scan(Result, "closed", start=since, limit=MOST_PROPOSALS_READ)
    submitted = len(tx.scan(Proposal, "since", start=since, limit=MOST_PROPOSALS_READ))
    tallies = [r.tally for r in counted]
    decided = [t for t in tallies if t.outcome != tally.INQUORATE and t.cast]
    members = tx.count(registry.Party, "status", "person", registry.ACTIVE)
    took_part = electorate.union_size(tx, (r.proposal for r in counted), electorate.TOOK_PART)
    carried_out = [r for r in counted if r.executed_ms is not None]
    ballots = sum(t.ballots for t in tallies)
    rates: list[tuple[str, int, int, str]] = [
        ("turnout", sum(t.participating for t in tallies), sum(t.weight for t in tallies), "governance.target_turnout"),
        ("participation", min(took_part, members), members, "governance.target_participation"),
        ("consensus", sum(5 * max(t.totals) >= 4 * t.cast for t in decided), len(decided),
         "governance.target_consensus"),
        ("delegated", sum(t.delegated for t in tallies), ballots + sum(t.delegated for t in tallies), ""),
        ("entered by helpers", sum(t.helper_ballots for t in tallies), ballots, ""),
        ("quorum missed", sum(t.outcome == tally.INQUORATE for t in tallies), len(tallies), ""),
        ("execution failed", sum(bool(r.failure) for r in carried_out), len(carried_out), ""),
    ]  # fmt: skip
    rows = [_measure(tx, reader, name, part, whole, target) for name, part, whole, target in rates]
    # The target is for a month of 30 days; the period may be another.
    target = reader.number(tx, "governance.target_submissions") * days // 30
    first = {
        "measure": "submissions", "value": submitted, "unit": "", "part": submitted, "whole": 1,
        "target": target, "met": submitted >= target,
    }  # fmt: skip
    return [first, *rows]


def _measure(tx: Tables, reader: Context, name: str, part: int, whole: int, param: str) -> Row:
    target = reader.number(tx, param) if param else None
    met = None if target is None or not whole else part * 100 >= target * whole
    return {
        "measure": name, "value": part * 100 // whole if whole else None, "unit": "%", "part": part, "whole": whole,
        "target": target, "met": met,
    }  # fmt: skip
