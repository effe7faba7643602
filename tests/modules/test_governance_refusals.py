"""Every refusal of proposals and votes, one case a line, against a world with a proposal in each state."""

from __future__ import annotations

import json
import string
from typing import Any

import msgspec
import pytest

from icn_node.kernel import delegation, registry
from icn_node.kernel.notices import Notice
from icn_node.kernel.proposal_types import DEFAULTS, BadRules
from icn_node.kernel.refusal import Refusal
from icn_node.modules.governance import MODULE
from tests.world import DAY_MS, Refused, World

SWITCH_ON = {"op": "module.activate", "ver": 1, "module": "governance"}


def put(w: World, *rows: Any) -> None:
    for row in rows:
        w.tables.put(row)
    w.tables.settle()
    w.tables.flush()
    w.tables.committed()


def set_status(w: World, name: str, status: str) -> None:
    party = w.tables.get(registry.Party, w.no(name))
    assert party is not None
    put(w, msgspec.structs.replace(party, status=status))


@pytest.fixture(scope="module")
def village() -> World:
    """Proposals in every live state, and some that ended. ann is author of most, and the expert; gone and out voted."""
    w = World(roles=("steward", "expert"))
    for name in ("bob", "carol", "dave", "gone", "out"):
        w.member(name)
    quick = {"discussion_ms": 0, "deliberation_ms": 0, "quorum": "0/1"}
    w.decide(
        {"op": "governance.set_type", "type": "slow", "discussion_ms": 30 * DAY_MS},
        {"op": "governance.set_type", "type": "calm", "discussion_ms": 0, "deliberation_ms": 30 * DAY_MS},
        {"op": "governance.set_type", "type": "expert", **quick, "reviewers": "expert", "reviews": 1},
        {"op": "governance.set_type", "type": "quick", **quick, "voting_ms": 30 * DAY_MS},
        {"op": "governance.set_type", "type": "credits", **quick, "voting_ms": 30 * DAY_MS, "method": "quadratic"},
        {"op": "governance.set_type", "type": "flash", **quick, "voting_ms": 60_000, "implementation_ms": 30 * DAY_MS},
        {"op": "governance.set_type", "type": "backed", "sponsors": 2},
        {"op": "governance.set_type", "type": "guild", "electorate": "group guild"},
        {"op": "governance.set_type", "type": "old", "active": False},
        {"op": "governance.set_type", "type": "fading"},
        {"op": "bylaws.set", "name": "governance.proposals_per_member", "value": 9},
        kind="bylaw",
    )  # fmt: skip

    def propose(kind: str, *, opened: bool = True, **fields: Any) -> int:
        no: int = w.do("ann", "governance.propose", type=kind, title=f"A {kind} one", open=opened, **fields)
        return no

    propose("policy", opened=False)  # 1 draft
    propose("slow")  # 2 discussion
    propose("calm")  # 3 deliberation
    propose("expert")  # 4 review
    propose("quick")  # 5 voting
    propose("quick", options=["red", "blue"])  # 6 voting
    propose("credits")  # 7 voting
    propose("flash", execute=[SWITCH_ON])  # 8 implementation
    propose("flash")  # 9 rejected
    w.do("bob", "governance.vote", proposal=8, choice="yes")
    propose_for_bob = w.do("bob", "governance.propose", type="backed", title="Bob's")  # 10 draft of bob's
    w.do("carol", "governance.cosponsor", proposal=propose_for_bob)
    w.do("bob", "governance.withdraw", proposal=w.do("bob", "governance.propose", type="policy", title="No"))  # 11
    w.member("late")
    set_status(w, "gone", "left")
    set_status(w, "out", "expelled")
    w.pass_time(ms=60_000)
    w.do("carol", "governance.propose", type="fading", title="t")  # 12 draft of a type that is no longer in use
    propose("policy", opened=False)  # 13, the ninth of ann's that has not ended, as 9 has
    w.decide({"op": "governance.set_type", "type": "fading", "active": False}, kind="bylaw")
    put(w, *(delegation.Delegation(w.no("dave"), f"topic{i}", w.no("bob"), w.now, None) for i in range(64)))
    states = [p["state"] for p in w.ask("bob", "governance.list")]
    assert states == ["draft", "discussion", "deliberation", "review", "voting", "voting", "voting", "implementation",
                      "rejected", "draft", "withdrawn", "draft", "draft"]  # fmt: skip
    return w


# Commands that proposals below would carry out.
OPS: dict[str, dict[str, Any]] = {
    "empty": {},
    "no ver": {"op": "x"},
    "bad ver": {"op": "x", "ver": True},
    "unknown": {"op": "x", "ver": 1},
    "lacks a field": {"op": "module.activate", "ver": 1},
    "for authors": {"op": "governance.open", "ver": 1, "proposal": 1},
    "for bylaws": {"op": "governance.set_type", "ver": 1, "type": "policy"},
    "slipped bylaws": {
        "op": "bylaws.adopt", "ver": 1,
        "document": {"title": "t", "clauses": [{"id": "1", "on": ["*"], "require": ["membr"], "text": "A slip."}]},
    },
}  # fmt: skip

# who | command | code | fields. Names stand for DIDs; MALFORMED is what the type of a field excludes.
REFUSALS = """
ann    | propose   | unknown_proposal_type     | {"type": "nonesuch", "title": "t"}
ann    | propose   | unknown_proposal_type     | {"type": "old", "title": "t"}
ann    | propose   | too_many_proposals        | {"type": "policy", "title": "t"}
bob    | propose   | empty_electorate          | {"type": "emergency", "title": "t"}
bob    | propose   | empty_electorate          | {"type": "guild", "title": "t"}
bob    | propose   | secret_ballot_unavailable | {"type": "policy", "title": "t", "ballot": "secret"}
bob    | propose   | sponsors_missing          | {"type": "backed", "title": "t", "open": true}
bob    | propose   | bad_options               | {"type": "policy", "title": "t", "options": ["a"]}
bob    | propose   | bad_options               | {"type": "policy", "title": "t", "options": ["a", "a"]}
bob    | propose   | bad_options               | {"type": "slow", "title": "t", "options": ["a"], "candidates": ["bob"]}
bob    | propose   | bad_options               | {"type": "policy", "title": "t", "candidates": ["ann", "ann"]}
bob    | propose   | unknown_member            | {"type": "policy", "title": "t", "candidates": ["ann", "nobody"]}
bob    | propose   | member_not_active         | {"type": "policy", "title": "t", "candidates": ["ann", "gone"]}
bob    | propose   | malformed                 | {"type": "policy", "title": "t", "execute": ["no ver"]}
bob    | propose   | malformed                 | {"type": "policy", "title": "t", "execute": ["bad ver"]}
bob    | propose   | version                   | {"type": "policy", "title": "t", "execute": ["unknown"]}
bob    | propose   | malformed                 | {"type": "policy", "title": "t", "execute": ["lacks a field"]}
bob    | propose   | forbidden                 | {"type": "policy", "title": "t", "execute": ["for authors"]}
bob    | propose   | forbidden                 | {"type": "policy", "title": "t", "execute": ["for bylaws"]}
bob    | propose   | bylaws_invalid            | {"type": "bylaw", "title": "t", "execute": ["slipped bylaws"]}
bob    | propose   | bad_execution             | {"type": "policy", "title": "t", "execute_for": [1]}
bob    | propose   | bad_field                 | {"type": "policy", "title": "t", "fields": {"amount": "5"}}
nobody | propose   | unknown_key               | {"type": "policy", "title": "t"}
gone   | propose   | forbidden                 | {"type": "policy", "title": "t"}
bob    | amend     | unknown_proposal          | {"proposal": 99, "title": "t"}
bob    | amend     | not_the_author            | {"proposal": 1, "title": "t"}
ann    | amend     | wrong_state               | {"proposal": 5, "title": "t"}
ann    | amend     | wrong_state               | {"proposal": 8, "title": "t"}
ann    | amend     | wrong_state               | {"proposal": 9, "title": "t"}
ann    | amend     | bad_options               | {"proposal": 1, "options": ["only"]}
ann    | amend     | bad_execution             | {"proposal": 1, "execute_for": [1]}
ann    | amend     | bad_field                 | {"proposal": 1, "fields": {"amount": "5"}}
ann    | amend     | malformed                 | {"proposal": 1, "execute": ["empty"]}
ann    | amend     | version                   | {"proposal": 1, "execute": ["unknown"]}
ann    | amend     | bylaws_invalid            | {"proposal": 1, "execute": ["slipped bylaws"]}
ann    | amend     | forbidden                 | {"proposal": 1, "execute": ["for authors"]}
ann    | amend     | unknown_member            | {"proposal": 1, "candidates": ["nobody"]}
ann    | amend     | member_not_active         | {"proposal": 1, "candidates": ["out"]}
bob    | cosponsor | unknown_proposal          | {"proposal": 99}
bob    | cosponsor | wrong_state               | {"proposal": 5}
bob    | cosponsor | wrong_state               | {"proposal": 9}
ann    | cosponsor | own_proposal              | {"proposal": 1}
carol  | cosponsor | already_sponsor           | {"proposal": 10}
dave   | cosponsor | not_a_sponsor             | {"proposal": 10, "withdraw": true}
bob    | withdraw  | unknown_proposal          | {"proposal": 99}
bob    | withdraw  | not_the_author            | {"proposal": 1}
ann    | withdraw  | wrong_state               | {"proposal": 5}
bob    | withdraw  | wrong_state               | {"proposal": 11}
bob    | open      | unknown_proposal          | {"proposal": 99}
bob    | open      | not_the_author            | {"proposal": 1}
carol  | open      | unknown_proposal_type     | {"proposal": 12}
ann    | open      | wrong_state               | {"proposal": 2}
ann    | open      | wrong_state               | {"proposal": 9}
bob    | open      | sponsors_missing          | {"proposal": 10}
ann    | review    | unknown_proposal          | {"proposal": 99, "finding": "for"}
ann    | review    | wrong_state               | {"proposal": 1, "finding": "for"}
ann    | review    | wrong_state               | {"proposal": 5, "finding": "for"}
ann    | review    | no_review                 | {"proposal": 2, "finding": "for"}
bob    | review    | not_a_reviewer            | {"proposal": 4, "finding": "for"}
ann    | review    | MALFORMED                 | {"proposal": 4, "finding": "splendid"}
bob    | vote      | unknown_proposal          | {"proposal": 99, "choice": "yes"}
bob    | vote      | voting_not_planned        | {"proposal": 1, "choice": "yes"}
bob    | vote      | voting_not_open           | {"proposal": 2, "choice": "yes"}
bob    | vote      | voting_not_open           | {"proposal": 3, "choice": "yes"}
bob    | vote      | voting_not_planned        | {"proposal": 4, "choice": "yes"}
bob    | vote      | voting_closed             | {"proposal": 8, "choice": "yes"}
bob    | vote      | voting_closed             | {"proposal": 9, "choice": "yes"}
bob    | vote      | no_vote_held              | {"proposal": 11, "choice": "yes"}
late   | vote      | not_an_elector            | {"proposal": 5, "choice": "yes"}
gone   | vote      | vote_forfeited            | {"proposal": 5, "choice": "yes"}
out    | vote      | vote_forfeited            | {"proposal": 5, "choice": "yes"}
nobody | vote      | unknown_key               | {"proposal": 5, "choice": "yes"}
bob    | vote      | not_yes_or_no             | {"proposal": 5, "choice": "maybe"}
bob    | vote      | MALFORMED                 | {"proposal": 5, "choice": "Yes"}
bob    | vote      | not_an_option             | {"proposal": 6, "choice": "3"}
bob    | vote      | bad_votes                 | {"proposal": 7, "choice": "yes=1,no=1"}
bob    | vote      | over_budget               | {"proposal": 7, "choice": "yes=11"}
bob    | close     | unknown_proposal          | {"proposal": 99}
bob    | close     | voting_not_planned        | {"proposal": 1}
bob    | close     | voting_not_open           | {"proposal": 2}
bob    | close     | voting_still_open         | {"proposal": 5}
bob    | close     | voting_closed             | {"proposal": 9}
bob    | close     | no_vote_held              | {"proposal": 11}
bob    | execute   | unknown_proposal          | {"proposal": 99}
bob    | execute   | wrong_state               | {"proposal": 5}
bob    | execute   | not_due                   | {"proposal": 8}
bob    | execute   | wrong_state               | {"proposal": 9}
bob    | delegate  | unknown_member            | {"to": "nobody"}
bob    | delegate  | member_not_active         | {"to": "gone"}
bob    | delegate  | self_delegation           | {"to": "bob"}
bob    | delegate  | delegation_ends_before    | {"to": "ann", "until_ms": 1000}
dave   | delegate  | too_many_delegations      | {"to": "ann", "scope": "one-more"}
gone   | delegate  | forbidden                 | {"to": "ann"}
bob    | revoke    | no_delegation             | {"scope": "budget"}
nobody | revoke    | unknown_key               | {}
ann    | set_type  | forbidden                 | {"type": "policy", "quorum": "1/3"}
"""


def cases() -> list[tuple[str, str, dict[str, Any], str]]:
    lines = [[cell.strip() for cell in line.split(" | ")] for line in REFUSALS.strip().splitlines()]
    return [(who, f"governance.{op}", json.loads(fields), code) for who, op, code, fields in lines]


def spelled_out(w: World, fields: dict[str, Any]) -> dict[str, Any]:
    """Fields with DIDs and commands in place of their names."""
    found = dict(fields)
    if "to" in fields:
        found["to"] = w.did(fields["to"])
    if "candidates" in fields:
        found["candidates"] = [w.did(name) for name in fields["candidates"]]
    if "execute" in fields:
        found["execute"] = [OPS[name] for name in fields["execute"]]
    return found


@pytest.mark.parametrize(("who", "op", "fields", "code"), cases())
def test_refusals(village: World, who: str, op: str, fields: dict[str, Any], code: str) -> None:
    assert village.refused(who, op, **spelled_out(village, fields)) == code.replace("MALFORMED", "malformed")
    declared = {r.code for spec in MODULE.commands if spec.op == op for r in spec.refuses}
    by_the_gate = {"unknown_key", "forbidden", "malformed"}
    assert code in declared | by_the_gate | {"MALFORMED"}


BAD_RULES = """
method        | {"method": "acclamation"}
voting_ms     | {"voting_ms": 999}
quorum_base   | {"quorum_base": "cast"}
quorum        | {"quorum": "5/4"}
quorum        | {"quorum": "25%"}
approval_base | {"approval_base": "members"}
approval_base | {"method": "quadratic", "approval_base": "electorate"}
approval_base | {"method": "unanimous", "approval_base": "ballots"}
threshold     | {"threshold": "most"}
threshold     | {"threshold": "more than 1/1"}
threshold     | {"method": "unanimous", "threshold": "at least 2/3"}
electorate    | {"electorate": "everybody"}
electorate    | {"electorate": "role "}
ballot        | {"ballot": ""}
reviews       | {"reviews": 1}
reviews       | {"reviewers": "expert"}
"""


@pytest.mark.parametrize("line", BAD_RULES.strip().splitlines())
def test_rules_that_do_not_fit_together_are_refused(village: World, line: str) -> None:
    part, fields = (cell.strip() for cell in line.split(" | "))
    with pytest.raises(BadRules) as refused:
        village.decide({"op": "governance.set_type", "type": "policy", **json.loads(fields)}, kind="bylaw")
    village.tables.rollback(0)
    assert refused.value.facts["part"] == part


def test_a_type_cannot_promise_secrecy(village: World) -> None:
    with pytest.raises(Refusal) as refused:
        village.decide({"op": "governance.set_type", "type": "policy", "ballot": "secret"}, kind="bylaw")
    village.tables.rollback(0)
    assert refused.value.code == "secret_ballot_unavailable"


def test_every_declared_refusal_is_provoked() -> None:
    """Command by command: what a command declares it may refuse is refused to somebody above."""
    provoked = {(op, code) for _, op, _, code in cases()}
    provoked |= {("governance.set_type", "bad_proposal_rules"), ("governance.set_type", "secret_ballot_unavailable")}
    for spec in MODULE.commands:
        for refusal in spec.refuses:
            assert (spec.op, refusal.code) in provoked, (spec.op, refusal.code)


def test_each_refusal_and_notice_is_put_into_words_with_all_its_facts(village: World) -> None:
    texts = {r.code: r for spec in (*MODULE.commands, *MODULE.queries) for r in spec.refuses}
    for who, op, fields, code in cases():
        if code not in texts:
            continue
        with pytest.raises(Refused) as refused:
            village.do(who, op, **spelled_out(village, fields))
        assert placeholders(texts[code].text) <= refused.value.facts.keys(), code
    notices = {n.code: n for n in MODULE.notices}
    for notice in village.tables.scan(Notice):
        if notice.code.startswith("governance."):
            assert placeholders(notices[notice.code].text) == notice.facts.keys(), notice.code


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_voting_not_open_says_when_it_opens(village: World) -> None:
    with pytest.raises(Refused) as refused:
        village.do("bob", "governance.vote", proposal=2, choice="yes")
    shown = village.ask("bob", "governance.show", proposal=2)
    opened = shown["opened_ms"] + 30 * DAY_MS + DEFAULTS["policy"].deliberation_ms
    assert refused.value.facts == {"proposal": 2, "opens_ms": opened}
    assert shown["voting_expected_ms"] == opened
