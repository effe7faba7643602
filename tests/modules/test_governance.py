"""Proposals and votes as members meet them: every command and every reading. Refusals have a file of their own."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from icn_node.kernel import registry
from icn_node.kernel.module import Party
from icn_node.kernel.notices import EVERYONE, Notice
from icn_node.kernel.notices import of as notices_of
from icn_node.kernel.refusal import Refusal
from icn_node.modules.governance import MODULE
from tests.world import DAY_MS, World

SWITCH_ON = {"op": "module.activate", "ver": 1, "module": "governance"}


def private(text: str) -> dict[str, Any]:
    return {"h": text.encode().ljust(32, b"."), "audience": "members", "size": len(text)}


def put(w: World, *rows: Any) -> None:
    for row in rows:
        w.tables.put(row)
    w.tables.settle()
    w.tables.flush()
    w.tables.committed()


# -- the life of a proposal --------------------------------------------------------------------------------------------


def three(**kwargs: Any) -> World:
    w = World(**kwargs)
    for name in ("bob", "carol"):
        w.member(name)
    return w


def state(w: World, no: int) -> str:
    found: str = w.ask("bob", "governance.show", proposal=no)["state"]
    return found


def told(w: World, name: str) -> list[str]:
    return [n.code for n in notices_of(w.tables, w.no(name)) if n.code.startswith("governance.")]


@pytest.mark.parametrize("sqlite", [False, True])
def test_a_proposal_from_draft_to_deed(sqlite: bool) -> None:
    w = three(sqlite=sqlite)
    assert w.do("ann", "governance.propose", type="policy", title="Saturdays", description=private("why"),
                execute=[SWITCH_ON]) == 1  # fmt: skip
    assert state(w, 1) == "draft"
    assert w.do("bob", "governance.cosponsor", proposal=1) == 1
    assert w.do("ann", "governance.amend", proposal=1, title="Saturdays until noon") == 2
    assert w.do("ann", "governance.open", proposal=1) == "discussion"
    w.pass_time(days=7)
    assert state(w, 1) == "deliberation"
    w.pass_time(days=3)
    assert state(w, 1) == "voting"
    w.do("bob", "governance.vote", proposal=1, choice="no", reason=private("tired"))
    w.do("bob", "governance.vote", proposal=1, choice="yes")
    w.pass_time(days=3)
    assert state(w, 1) == "implementation"
    w.pass_time(days=1)
    shown = w.ask("carol", "governance.show", proposal=1)
    assert (shown["state"], shown["title"], shown["versions"]) == ("executed", "Saturdays until noon", 2)
    assert shown["result"]["totals"] == (0, 1)
    assert shown["execution"]["results"] == [None]
    assert shown["description"].h == private("why")["h"]
    assert w.ask("carol", "governance.show", proposal=1, version=1)["title"] == "Saturdays"
    assert [(s["what"], s["state"]) for s in shown["history"]] == [
        ("propose", "draft"), ("amend", "draft"), ("open", "discussion"), ("deliberate", "deliberation"),
        ("open_voting", "voting"), ("accept", "implementation"), ("execute", "executed"),
    ]  # fmt: skip
    assert told(w, "ann") == [
        "governance.sponsored", "governance.opened", "governance.voting", "governance.decided", "governance.executed",
    ]  # fmt: skip
    assert told(w, "bob") == ["governance.amended", "governance.opened", "governance.voting", "governance.decided"]


def test_founders_can_bring_proposals_and_types_of_their_own() -> None:
    w = three(ops=(
        {"op": "governance.set_type", "ver": 1, "type": "policy", "quorum": "1/3"},
        {"op": "governance.propose", "ver": 1, "type": "policy", "title": "Where to meet", "open": True},
    ))  # fmt: skip
    shown = w.ask("bob", "governance.show", proposal=1)
    assert (shown["author"], shown["state"], shown["rules"]["quorum"]) == (Party(1), "discussion", "1/3")


def test_an_amendment_keeps_what_it_does_not_name_and_renews_deliberation() -> None:
    w = three()
    no = w.do("ann", "governance.propose", type="policy", title="t", description=private("d"), rationale=private("r"),
              options=["a", "b"], execute=[SWITCH_ON], execute_for=[2], open=True)  # fmt: skip
    w.pass_time(days=7)
    w.pass_time(days=2)
    w.do("ann", "governance.amend", proposal=no, rationale=private("better"))
    shown = w.ask("bob", "governance.show", proposal=no)
    assert (shown["state"], shown["due_ms"]) == ("deliberation", w.now + 3 * DAY_MS)
    assert shown["options"] == [{"option": 1, "title": "a"}, {"option": 2, "title": "b"}]
    assert shown["execute"] == [{"command": SWITCH_ON, "for_option": 2}]
    assert [shown[f].h for f in ("description", "rationale")] == [private("d")["h"], private("better")["h"]]
    assert "governance.amended" in told(w, "carol")
    w.do("ann", "governance.amend", proposal=no, candidates=[w.did("bob")], execute=[])
    shown = w.ask("bob", "governance.show", proposal=no)
    assert (shown["options"], shown["execute"]) == ([{"option": 1, "candidate": Party(w.no("bob"))}], [])


def test_an_expert_s_review_of_the_present_wording_opens_the_vote() -> None:
    w = three(roles=("steward", "expert"))
    w.decide({"op": "governance.set_type", "type": "technical", "voting_ms": DAY_MS, "quorum": "0/1"}, kind="bylaw")
    no = w.do("carol", "governance.propose", type="technical", title="A new pump", open=True)
    w.do("ann", "governance.review", proposal=no, finding="concerns", text=private("noisy"))
    w.do("carol", "governance.amend", proposal=no, title="A quiet pump")
    assert told(w, "ann")[-2:] == ["governance.amended", "governance.amended"]  # as reviewer, and as a member
    w.pass_time(days=5)
    w.pass_time(days=2)
    assert state(w, no) == "review"
    assert told(w, "ann")[-1] == "governance.review_wanted"
    assert w.ask("ann", "governance.show", proposal=no)["can"] == ["governance.cosponsor", "governance.review"]
    assert w.do("ann", "governance.review", proposal=no, finding="for") == 1
    assert state(w, no) == "voting"


def test_what_waits_too_long_lapses() -> None:
    w = three(params={"governance.lapse_ms": 10 * DAY_MS})
    draft = w.do("ann", "governance.propose", type="policy", title="t")
    unread = w.do("ann", "governance.propose", type="technical", title="t", open=True)
    w.pass_time(days=10)
    assert [state(w, no) for no in (draft, unread)] == ["lapsed", "deliberation"]
    w.pass_time(days=10)
    assert state(w, unread) == "review"
    w.pass_time(days=10)
    assert state(w, unread) == "lapsed"
    assert told(w, "ann").count("governance.lapsed") == 2


def test_a_vote_that_nobody_could_cast_lapses() -> None:
    w = three(roles=("steward", "council"))
    w.decide({"op": "governance.set_type", "type": "emergency", "discussion_ms": DAY_MS}, kind="bylaw")
    no = w.do("bob", "governance.propose", type="emergency", title="Flood", open=True)
    w.tables.delete(registry.Holding, "council", w.no("ann"))
    w.tables.settle()
    w.pass_time(days=1)
    assert state(w, no) == "lapsed"


def test_a_council_decides_an_emergency_at_once() -> None:
    w = three(roles=("steward", "council"))
    put(w, registry.Holding("council", w.no("bob"), w.now, None))
    no = w.do("carol", "governance.propose", type="emergency", title="Flood", execute=[SWITCH_ON], open=True)
    assert state(w, no) == "voting"
    assert w.refused("carol", "governance.vote", proposal=no, choice="yes") == "not_an_elector"
    assert (told(w, "bob"), told(w, "carol")) == (["governance.opened", "governance.voting"], [])
    w.do("ann", "governance.vote", proposal=no, choice="yes")
    w.do("bob", "governance.vote", proposal=no, choice="yes")
    assert state(w, no) == "executed"


def test_a_group_decides_for_itself() -> None:
    w = three()
    put(w, registry.Group("guild", "Guild", True, "open", w.now),
        registry.GroupMember("guild", w.no("bob"), False, w.now))  # fmt: skip
    w.decide({"op": "governance.set_type", "type": "guild", "electorate": "group guild", "discussion_ms": 0,
              "deliberation_ms": 0}, kind="bylaw")  # fmt: skip
    no = w.do("ann", "governance.propose", type="guild", title="t", open=True)
    assert w.ask("bob", "governance.show", proposal=no)["electors"] == 1
    assert w.ask("bob", "governance.show", proposal=no)["can"] == ["governance.cosponsor", "governance.vote"][1:]


def test_an_open_proposal_keeps_the_rules_it_was_opened_under() -> None:
    w = three()
    draft = w.do("ann", "governance.propose", type="policy", title="t")
    opened = w.do("ann", "governance.propose", type="policy", title="t", open=True)
    w.decide({"op": "governance.set_type", "type": "policy", "level": "regional"}, kind="bylaw")
    w.do("ann", "governance.open", proposal=draft)
    asked = [w.ask("bob", "governance.show", proposal=no)["threshold"] for no in (draft, opened)]
    assert asked == ["at least 3/5", "more than 1/2"]


@pytest.mark.parametrize(
    ("level", "method", "threshold", "delegation_allowed"),
    [("local", "consensus", "at least 4/5", False), ("regional", "majority", "at least 3/5", True),
     ("network", "quadratic", "at least 2/3", True)],
)  # fmt: skip
def test_levels_are_ready_made_rules(level: str, method: str, threshold: str, delegation_allowed: bool) -> None:
    w = three()
    w.decide({"op": "governance.set_type", "type": "house", "level": level, "sponsors": 1}, kind="bylaw")
    (found,) = (t for t in w.ask("bob", "governance.types") if t["type"] == "house")
    said = (found["method"], found["threshold_used"], found["delegation"], found["sponsors"], found["days"])
    assert said == (method, threshold, delegation_allowed, 1, "14")


def test_types_are_listed_with_their_lengths() -> None:
    listed = {t["type"]: t["days"] for t in three().ask("bob", "governance.types")}
    lengths = {"policy": "14", "budget": "21", "technical": "10", "emergency": "1", "membership": "7", "bylaw": "21"}
    assert listed == lengths


# -- ballots and what is shown of them ---------------------------------------------------------------------------------


def quick(w: World, kind: str = "quick", **rules: Any) -> None:
    fields = {"discussion_ms": 0, "deliberation_ms": 0, "voting_ms": DAY_MS, "quorum": "0/1", **rules}
    w.decide({"op": "governance.set_type", "type": kind, **fields}, kind="bylaw")


def test_the_register_of_voters_can_be_read() -> None:
    w = three()
    quick(w)
    no = w.do("ann", "governance.propose", type="quick", title="t")
    with pytest.raises(Refusal) as refused:
        w.ask("bob", "governance.electors", proposal=no)
    assert refused.value.code == "voting_not_planned"
    w.do("ann", "governance.open", proposal=no)
    w.member("late")
    rows = w.ask("late", "governance.electors", proposal=no, limit=2)
    rows += w.ask("late", "governance.electors", proposal=no, limit=2, after=rows[-1]["no"])
    assert [(r["member"], r["weight"]) for r in rows] == [(Party(1), 1), (Party(2), 1), (Party(3), 1)]


def test_a_closed_ballot_shows_no_running_tally_and_never_who() -> None:
    w = three()
    quick(w)
    no = w.do("ann", "governance.propose", type="quick", title="t", ballot="closed", open=True)
    w.do("ann", "governance.vote", proposal=no, choice="no")
    w.do("carol", "governance.delegate", to=w.did("ann"))
    running = w.ask("bob", "governance.tally", proposal=no)
    assert (running["ballots"], running["electors"], running["visible_to_replicas"]) == (1, 3, True)
    hidden = {"totals", "by_option", "votes", "delegations", "participating", "outcome", "support"}
    assert not hidden & running.keys()
    assert w.ask("ann", "governance.tally", proposal=no)["yours"]["choice"] == "no"
    assert w.ask("bob", "governance.show", proposal=no)["result"] is None
    w.pass_time(days=1)
    final = w.ask("bob", "governance.tally", proposal=no)
    assert (final["totals"], final["outcome"]) == ((2, 0), "rejected")
    assert not {"votes", "delegations"} & final.keys()
    assert w.ask("carol", "governance.tally", proposal=no)["yours"]["through"] == Party(w.no("ann"))


def test_an_open_ballot_shows_who_voted_how_and_through_whom_page_by_page() -> None:
    w = three()
    quick(w)
    for name in ("dave", "erin"):
        w.member(name)
    no = w.do("ann", "governance.propose", type="quick", title="t", options=["a", "b"], open=True)
    for name, choice in (("ann", "1"), ("bob", "2"), ("carol", "abstain")):
        w.do(name, "governance.vote", proposal=no, choice=choice)
    for name in ("dave", "erin"):
        w.do(name, "governance.delegate", to=w.did("bob"))
    pages = []
    for _ in range(2):
        first = w.ask("ann", "governance.tally", proposal=no, limit=2)
        rest = w.ask("ann", "governance.tally", proposal=no, limit=2, after=first["votes"][-1]["voter"].no)
        pages.append([(v["voter"].no, v["choice"], v["counted_for"]) for v in first["votes"] + rest["votes"]])
        assert [(d["elector"].no, d["through"].no) for d in first["delegations"]] == [(4, 2), (5, 2)]
        w.pass_time(days=1)
    assert pages[0] == pages[1] == [(1, "1", 1), (2, "2", 3), (3, "abstain", 1)]
    assert [o["total"] for o in first["by_option"]] == [1, 3, 0]
    assert [o["title"] for o in first["by_option"]] == ["a", "b", "none of them"]


def test_an_election_says_that_it_is_not_secret() -> None:
    w = three()
    quick(w)
    no = w.do("ann", "governance.propose", type="quick", title="Steward", candidates=[w.did("bob"), w.did("carol")],
              ballot="closed", open=True)  # fmt: skip
    assert "governance.election" in told(w, "bob")
    w.do("ann", "governance.vote", proposal=no, choice="2")
    w.pass_time(days=1)
    final = w.ask("bob", "governance.tally", proposal=no)
    assert (final["election"], final["secret"], final["winner"]) == (True, False, 2)
    assert final["by_option"][1]["candidate"] == Party(w.no("carol"))


def test_what_each_can_do_now_is_listed() -> None:
    w = three()
    quick(w, executor="steward", implementation_ms=DAY_MS)
    no = w.do("bob", "governance.propose", type="quick", title="t", execute=[SWITCH_ON])

    def can(name: str) -> list[str]:
        found: list[str] = w.ask(name, "governance.list")[0]["can"]
        return found

    assert can("bob") == ["governance.amend", "governance.open", "governance.withdraw"]
    assert can("ann") == ["governance.cosponsor"]
    w.do("bob", "governance.open", proposal=no)
    assert (can("bob"), can("ann")) == (["governance.vote"], ["governance.vote"])
    w.do("bob", "governance.vote", proposal=no, choice="yes")
    w.pass_time(days=1)
    assert (can("bob"), can("ann")) == ([], ["governance.execute"])
    assert w.ask(None, "governance.list")[0]["can"] == []


def test_a_co_sponsorship_can_be_taken_back() -> None:
    w = three()
    w.decide({"op": "governance.set_type", "type": "policy", "sponsors": 1}, kind="bylaw")
    no = w.do("ann", "governance.propose", type="policy", title="t")
    assert w.ask("ann", "governance.show", proposal=no)["can"] == ["governance.amend", "governance.withdraw"]
    w.do("bob", "governance.cosponsor", proposal=no)
    assert w.do("bob", "governance.cosponsor", proposal=no, withdraw=True) == 0
    assert w.refused("ann", "governance.open", proposal=no) == "sponsors_missing"
    w.do("carol", "governance.cosponsor", proposal=no)
    w.do("ann", "governance.open", proposal=no)
    w.do("ann", "governance.withdraw", proposal=no)
    assert told(w, "carol")[-1] == "governance.withdrawn"
    assert told(w, "bob")[-1] == "governance.opened"


def test_counting_by_hand_when_no_timer_has_run() -> None:
    w = three()
    quick(w, implementation_ms=DAY_MS)
    no = w.do("ann", "governance.propose", type="quick", title="t", execute=[SWITCH_ON], open=True)
    w.do("ann", "governance.vote", proposal=no, choice="yes")
    w.now += DAY_MS
    assert w.refused("bob", "governance.vote", proposal=no, choice="no") == "voting_closed"
    assert w.do("bob", "governance.close", proposal=no) == "accepted"
    w.now += DAY_MS
    assert w.do("bob", "governance.execute", proposal=no) == "executed"
    assert w.pass_time(days=9) == []


def test_new_rules_and_what_they_permit_can_be_one_decision() -> None:
    w = three()
    quick(w, "bylaw")
    adopt = {"op": "bylaws.set", "ver": 1, "name": "governance.delegation_depth", "value": 3}
    then = {"op": "governance.open", "ver": 1, "proposal": 1}  # what the new bylaws permit is judged when it is due
    assert w.refused("ann", "governance.propose", type="policy", title="t", execute=[adopt]) == "forbidden"
    no = w.do("ann", "governance.propose", type="bylaw", title="t", execute=[adopt, then], open=True)
    w.do("ann", "governance.vote", proposal=no, choice="yes")
    w.pass_time(days=1)
    w.pass_time(days=1)
    execution = w.ask("ann", "governance.show", proposal=no)["execution"]
    assert (execution["refused"], execution["failed_op"], execution["clause"]) == ("forbidden", 2, "7.2")
    depth = [p["value"] for p in w.ask("ann", "space.params") if p["name"] == "governance.delegation_depth"]
    assert depth == [5]


# -- lists, delegations, health ----------------------------------------------------------------------------------------


def test_lists_are_filtered_and_paged() -> None:
    w = three()
    quick(w)
    for i in range(60):
        w.do(("ann", "bob", "carol")[i % 3], "governance.propose", type="quick" if i % 2 else "policy", title=str(i),
             open=i % 4 == 3)  # fmt: skip

    def numbers(**filters: Any) -> list[int]:
        return [p["no"] for p in w.ask("ann", "governance.list", **filters)]

    assert numbers() == list(range(1, 51))
    assert numbers(after=50) == list(range(51, 61))
    assert numbers(status="voting") == list(range(4, 61, 4))
    assert numbers(status="live", type="quick", limit=3, after=10) == [12, 14, 16]
    assert numbers(status="draft", author=w.did("bob"), limit=2) == [2, 5]
    assert numbers(status="ended") == []
    with pytest.raises(Refusal) as refused:
        numbers(status="undecided")
    assert refused.value.code == "unknown_proposal_status"


def test_delegations_are_seen_from_both_sides_with_where_they_lead() -> None:
    w = three()
    for name in ("dave", "erin"):
        w.member(name)
    for name, to in (("bob", "carol"), ("carol", "dave"), ("dave", "carol"), ("erin", "bob")):
        w.do(name, "governance.delegate", to=w.did(to))
    w.do("bob", "governance.delegate", to=w.did("ann"), scope="budget", until_ms=w.now + DAY_MS)

    def edges(**filters: Any) -> list[tuple[int, str, int, bool]]:
        found = w.ask("ann", "governance.delegations", **filters)
        return [(d["member"].no, d["scope"], d["delegate"].no, d["circle"]) for d in found]

    everything = [(2, "all", 3, True), (2, "budget", 1, False), (3, "all", 4, True), (4, "all", 3, True),
                  (5, "all", 2, True)]  # fmt: skip
    assert edges() == everything
    assert edges(limit=1) == everything[:2]  # a page does not end within one member
    assert edges(limit=1, after=2) == [everything[2]]
    assert edges(scope="budget") == [everything[1]]
    assert edges(member=w.did("carol")) == [everything[0], everything[2], everything[3]]
    (first, *_) = w.ask("ann", "governance.delegations", scope="budget")
    assert (first["leads_to"], first["in_force"]) == ([Party(1)], True)
    w.now += 2 * DAY_MS
    assert not w.ask("ann", "governance.delegations", scope="budget")[0]["in_force"]
    assert told(w, "ann") == ["governance.delegated"]
    w.do("bob", "governance.revoke", scope="budget")
    assert told(w, "ann") == ["governance.delegated", "governance.revoked"]
    with pytest.raises(Refusal):
        edges(member=w.did("nobody"))


def test_a_member_sees_where_the_own_vote_goes() -> None:
    w = three()
    quick(w)
    w.do("carol", "governance.delegate", to=w.did("bob"), scope="quick")
    w.do("bob", "governance.delegate", to=w.did("ann"))
    no = w.do("ann", "governance.propose", type="quick", title="t", open=True)
    shown = w.ask("carol", "governance.show", proposal=no)
    assert shown["yours"] == {"choice": None, "delegated": [Party(2), Party(1)]}
    assert w.ask("carol", "governance.list")[0]["voted"] is False
    w.member("late")
    assert w.ask("late", "governance.show", proposal=no)["yours"] is None


def test_no_delegation_where_the_type_does_not_have_it() -> None:
    w = three()
    quick(w, delegation=False)
    w.do("carol", "governance.delegate", to=w.did("ann"))
    no = w.do("ann", "governance.propose", type="quick", title="t", open=True)
    w.do("ann", "governance.vote", proposal=no, choice="yes")
    assert w.ask("carol", "governance.show", proposal=no)["yours"] == {"choice": None}
    w.pass_time(days=1)
    assert w.ask("carol", "governance.tally", proposal=no)["participating"] == 1


def test_health_is_measured_beside_its_targets() -> None:
    w = three(params={"governance.target_submissions": 3})
    quick(w)
    for choices in ({"ann": "yes", "bob": "yes"}, {"ann": "yes", "bob": "no"}, {}):
        no = w.do("ann", "governance.propose", type="quick", title="t", open=True)
        for name, choice in choices.items():
            w.do(name, "governance.vote", proposal=no, choice=choice)
    w.pass_time(days=1)
    columns = ("part", "whole", "value", "target", "met")
    found = {m["measure"]: tuple(m[c] for c in columns) for m in w.ask("bob", "governance.health")}
    assert found["submissions"] == (3, 1, 3, 3, True)
    assert found["turnout"] == (4, 9, 44, 70, False)
    assert found["participation"] == (2, 3, 66, 85, False)
    assert found["consensus"] == (1, 2, 50, 80, False)
    assert found["quorum missed"] == (0, 3, 0, None, None)
    w.pass_time(days=40)
    later = {m["measure"]: m["value"] for m in w.ask("bob", "governance.health", days=7)}
    assert (later["submissions"], later["turnout"]) == (0, None)


def test_only_members_and_the_operator_read() -> None:
    w = three()
    w.ask(None, "governance.list")
    with pytest.raises(Refusal) as refused:
        w.ask("stranger", "governance.list")
    assert refused.value.code == "unknown_key"


def test_a_notice_for_everyone_is_stored_once() -> None:
    w = three()
    w.do("ann", "governance.propose", type="policy", title="t", open=True)
    assert [n.party for n in w.tables.scan(Notice)] == [EVERYONE]
    assert told(w, "bob") == told(w, "carol") == ["governance.opened"]


def test_examples_fit_their_commands_and_queries() -> None:
    for spec in (*MODULE.commands, *MODULE.queries):
        fields = dict(spec.example)
        for name in getattr(spec, "private", {}):
            if name in fields:
                fields[name] = private(str(fields[name]))
        assert msgspec.convert(fields, spec.cls) is not None
        assert spec.doc
