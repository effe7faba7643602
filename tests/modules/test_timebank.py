"""The time bank: what members do with hours, every refusal, the fair-exchange index against a naive one."""

from __future__ import annotations

import datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icn_node.kernel import calendar, exchanges, hours, intents, ledger, registry, turnover
from icn_node.kernel.commitment import Exchange, Payment, Terms
from icn_node.kernel.context import Context
from icn_node.kernel.ledger import Account, Leg, Transfer
from icn_node.kernel.module import Amount, Module
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.tables import Record
from icn_node.modules import MODULES, exchange, timebank
from tests.world import DAY_MS, Refused, World

TODAY = (datetime.date(2026, 1, 1) - calendar.EPOCH).days


def bank(*, sqlite: bool = False, modules: Any = MODULES, **params: int | str | bool) -> World:
    """ann (steward), bob, carol, dora (broker), and the club, for which bob and carol sign."""
    w = World(sqlite=sqlite, modules=modules, params={k.replace("__", "."): v for k, v in params.items()})
    w.member("bob")
    w.member("carol")
    w.member("dora", roles=("broker",))
    w.member("club", kind="organisation")
    for name in ("bob", "carol"):
        w.tables.put(registry.Mandate(w.no("club"), w.no(name), None, w.now, None))
    w.tables.settle()
    return w


def give(w: World, giver: str, receiver: str, minutes: int, *, day: int | None = None) -> int:
    """Log and confirm."""
    more = {} if day is None else {"on_day": day}
    no: int = w.do(giver, "timebank.log", receiver=w.did(receiver), minutes=minutes, category="cooking", **more)
    assert w.do(receiver, "timebank.confirm", exchange=no) == "completed"
    return no


def minutes(w: World, name: str) -> int:
    found = w.ask(name, "timebank.balance")["balance"]
    assert isinstance(found, Amount)
    return found.minor


def told(w: World, name: str, prefix: str = "") -> list[str]:
    return [n["code"] for n in w.ask(name, "notice.list") if n["code"].startswith(prefix)]


def fields(w: World, text: str) -> dict[str, Any]:
    """`minutes=90 giver=@bob note=!`: numbers, members by their names, and private texts."""
    found: dict[str, Any] = {}
    for pair in text.split():
        name, value = pair.split("=")
        if value.startswith("@"):
            found[name] = w.did(value[1:])
        elif value == "!":
            found[name] = {"h": bytes(32), "audience": "parties", "size": 1}
        elif value.startswith("["):
            found[name] = [v for v in value[1:-1].split(",") if v]
        elif value in ("true", "false"):
            found[name] = value == "true"
        else:
            found[name] = int(value) if value.lstrip("-").isdigit() else value
    return found


# -- logging and confirming --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sqlite", [False, True])
def test_either_side_logs_and_the_other_confirms(sqlite: bool) -> None:
    w = bank(sqlite=sqlite)
    assert w.do("ann", "timebank.log", receiver=w.did("bob"), minutes=90, category="gardening") == 1
    assert w.ask("bob", "timebank.balance")["balance"] == Amount(0, 0, "HOUR")
    assert told(w, "bob", "exchange.") == ["exchange.wanted"]
    assert w.do("bob", "timebank.confirm", exchange=1) == "completed"
    assert told(w, "ann", "exchange.") == ["exchange.ended"]
    assert w.do("ann", "timebank.log", giver=w.did("bob"), minutes=30, category="transport") == 2
    assert w.do("bob", "timebank.confirm", exchange=2, minutes=30) == "completed"
    assert (minutes(w, "ann"), minutes(w, "bob")) == (60, -60)
    unit = ledger.unit_of(w.tables, "HOUR")
    assert (unit.kind, unit.decimals, unit.transferable) == ("hours", 0, False)
    lines = w.ask("ann", "timebank.history")
    assert [(line["amount"].minor, line["category"], line["exchange"], line["kind"]) for line in lines] == [
        (-30, "transport", 2, "hours"), (90, "gardening", 1, "hours"),
    ]  # fmt: skip
    assert w.ask("ann", "timebank.history", after=2, limit=1)[0]["n"] == 1


# name, op and fields; the refusal. Exchange 1 was logged by ann for bob (90), 2 is agreed between bob and carol (60);
# listing 1 is bob's offer without minutes, 2 the club's request of 60 minutes, published by carol.
REFUSED = """
ann   log receiver=@bob minutes=0 category=cooking                     malformed
ann   log receiver=@bob minutes=-5 category=cooking                    malformed
ann   log receiver=@bob minutes=1441 category=cooking                  malformed
ann   log receiver=@bob minutes=1.5 category=cooking                   malformed
ann   log receiver=@bob minutes=90 category=Cooking                    malformed
ann   log receiver=@bob minutes=90                                     malformed
ann   log receiver=@bob minutes=90 category=alchemy                    timebank.unknown_category
ann   log receiver=@bob minutes=90 category=cooking on_day=20455       timebank.future_day
ann   log minutes=90 category=cooking                                  exchange.same_party
ann   log receiver=@ann minutes=90 category=cooking                    exchange.same_party
ann   log receiver=@nobody minutes=90 category=cooking                 unknown_member
ann   log receiver=@gone minutes=90 category=cooking                   member_not_active
ann   log giver=@bob receiver=@carol minutes=90 category=cooking       forbidden
gone  log receiver=@bob minutes=90 category=cooking                    forbidden
nobody log receiver=@bob minutes=90 category=cooking                   unknown_key
ann   log receiver=@bob minutes=90 category=cooking asked_by=@bob      timebank.broker_only
dora  log giver=@bob receiver=@carol minutes=9 category=cooking asked_by=@ann  timebank.broker_only
dora  log giver=@bob minutes=9 category=cooking asked_by=@bob          timebank.broker_only
ann   confirm exchange=1                                               exchange.confirmed
bob   confirm exchange=9                                               exchange.unknown
carol confirm exchange=1                                               exchange.not_party
carol confirm exchange=1 party=@bob                                    forbidden
bob   confirm exchange=1 minutes=80                                    timebank.minutes_differ
bob   confirm exchange=3                                               exchange.unknown
bob   decline exchange=1 other=@carol                                  exchange.not_party
bob   decline exchange=2                                               wrong_state
bob   cancel exchange=1                                                exchange.not_party
ann   cancel exchange=2                                                exchange.not_party
carol dispute exchange=1                                               exchange.not_party
bob   agree exchange=1                                                 wrong_state
ann   trade payee=@bob minutes=1                                       timebank.not_owned
ann   trade payee=@ann minutes=1                                       timebank.not_owned
ann   trade payee=@bob minutes=0                                       malformed
ann   trade payee=@nobody minutes=1                                    unknown_member
ann   trade payee=@bob payer=@carol minutes=1                          forbidden
ann   request category=alchemy                                         timebank.unknown_category
ann   offer category=cooking until_ms=5                                timebank.bad_time
ann   offer category=cooking until_ms=1900000000000                    timebank.bad_time
ann   offer category=cooking times=0                                   malformed
ann   offer category=cooking party=@bob                                forbidden
ann   unlist listing=1                                                 exchange.unknown_listing
ann   unlist listing=9                                                 exchange.unknown_listing
ann   accept listing=9                                                 exchange.unknown_listing
ann   accept listing=1                                                 timebank.minutes_needed
bob   accept listing=1 minutes=30                                      exchange.same_hand
ann   accept listing=2 due_ms=5                                        timebank.bad_time
carol accept listing=2                                                 exchange.same_hand
carol accept listing=2 party=@club minutes=60                          exchange.same_hand
bob   accept listing=2 party=@club minutes=60                          exchange.same_party
ann   set_up floor_minutes=-60                                         forbidden
ann   change_categories add=[fishing]                                  forbidden
"""


def test_refusals() -> None:
    w = bank()
    w.member("gone")
    gone = w.tables.get(registry.Party, w.no("gone"))
    assert gone is not None
    w.tables.put(registry.Party(gone.no, gone.did, gone.handle, gone.kind, "suspended", 0, 0))
    w.tables.settle()
    w.do("ann", "timebank.log", receiver=w.did("bob"), minutes=90, category="gardening")
    w.do("bob", "timebank.offer", category="gardening")
    w.do("carol", "timebank.request", category="cooking", minutes=60, party=w.did("club"))
    agreed = w.do("bob", "timebank.offer", category="cooking", minutes=60)
    w.do("carol", "timebank.accept", listing=agreed)
    for line in REFUSED.strip().splitlines():
        *words, expected = line.split()
        assert w.refused(words[0], "timebank." + words[1], **_loose(w, " ".join(words[2:]))) == expected, line


def _loose(w: World, text: str) -> dict[str, Any]:
    return fields(w, text.replace("1.5", "1h30"))


def test_the_refusal_of_a_category_names_those_there_are() -> None:
    w = bank()
    with pytest.raises(Refused) as caught:
        w.do("ann", "timebank.log", receiver=w.did("bob"), minutes=1, category="alchemy")
    assert "childcare" in str(caught.value.facts["known"])
    assert "home-repair" in str(caught.value.facts["known"])


def test_yesterday_is_a_value_date_and_tomorrow_is_refused_by_the_charters_clock() -> None:
    """2026-01-01T23:30Z is 2 January in Amsterdam."""
    w = bank()
    give(w, "ann", "bob", 30, day=TODAY - 40)
    w.now += 23 * 3_600_000 + 1_800_000
    give(w, "ann", "bob", 30, day=TODAY + 1)
    give(w, "ann", "bob", 30)
    assert [line["value_day"] for line in w.ask("ann", "timebank.history")] == [TODAY + 1, TODAY + 1, TODAY - 40]
    assert (
        w.refused("ann", "timebank.log", receiver=w.did("bob"), minutes=1, category="arts", on_day=TODAY + 2)
        == "timebank.future_day"
    )


def test_declining_cancelling_and_disputing() -> None:
    w = bank()

    def log() -> int:
        no: int = w.do("ann", "timebank.log", receiver=w.did("bob"), minutes=60, category="arts")
        return no

    reason = {"h": b"\1" * 32, "audience": "parties role:steward", "size": 1}
    assert w.do("bob", "timebank.decline", exchange=log(), other=w.did("ann"), reason=reason) == "denied"
    assert w.do("ann", "timebank.cancel", exchange=log()) == "withdrawn"
    assert w.do("ann", "timebank.dispute", exchange=1, reason=reason) == "disputed"
    w.member("vera", roles=("steward",))
    assert w.refused("ann", "exchange.settle", exchange=1) == "exchange.not_arbiter", "a steward, but a party"
    assert [d["exchange"] for d in w.ask("vera", "exchange.disputes")] == [1]
    assert w.ask("ann", "exchange.disputes") == []
    assert w.refused("vera", "exchange.split", exchange=1, unit="SUN", provider_minor=45, receiver_minor=15) == (
        "exchange.wrong_unit"
    )
    assert w.do("vera", "exchange.split", exchange=1, unit="HOUR", provider_minor=45, receiver_minor=15) == "split"
    assert (minutes(w, "ann"), minutes(w, "bob")) == (45, -45)
    assert w.do("bob", "timebank.dispute", exchange=log()) == "disputed"
    assert w.do("vera", "exchange.release", exchange=3) == "released"
    assert w.do("bob", "timebank.dispute", exchange=log()) == "disputed"
    assert w.do("vera", "exchange.settle", exchange=4, reason=reason) == "settled"
    assert minutes(w, "ann") == 105


def test_both_sides_of_an_exchange_find_the_reasons_written_to_them() -> None:
    """A command that names an exchange by its number alone still concerns its two parties."""
    w = bank()
    w.do("ann", "timebank.log", receiver=w.did("bob"), minutes=60, category="arts")
    reason = {"h": b"\2" * 32, "audience": "parties", "size": 1}
    w.do("bob", "timebank.dispute", exchange=1, reason=reason)
    assert [f["h"] for f in w.ask("ann", "privacy.mine", concerning=True)] == [b"\2" * 32]
    # Whoever copies the hash of somebody's field into an exchange of their own gets no right over it by that.
    w.do("carol", "timebank.log", receiver=w.did("dora"), minutes=60, category="arts")
    w.do("dora", "timebank.dispute", exchange=2, reason=reason)
    assert w.ask("carol", "privacy.mine", concerning=True) == []
    assert w.ask("dora", "privacy.mine", concerning=True) == []


# -- brokers -----------------------------------------------------------------------------------------------------------


def test_what_a_broker_logs_both_confirm() -> None:
    w = bank()
    no = w.do("dora", "timebank.log", giver=w.did("bob"), receiver=w.did("carol"), minutes=60, category="arts",
              asked_by=w.did("bob"))  # fmt: skip
    assert w.ask("dora", "exchange.show", exchange=no)["waits_for"] == "both"
    assert w.do("carol", "timebank.confirm", exchange=no) == "reported"
    assert w.do("bob", "timebank.confirm", exchange=no) == "completed"


def test_the_brokers_word_may_do_for_the_one_who_asked_and_never_for_both() -> None:
    w = bank(timebank__broker_confirms=True)
    no = w.do("dora", "timebank.log", giver=w.did("bob"), receiver=w.did("carol"), minutes=60, category="arts",
              asked_by=w.did("bob"))  # fmt: skip
    assert w.ask("dora", "exchange.show", exchange=no)["waits_for"] == "receiver"
    assert w.refused("bob", "timebank.confirm", exchange=no) == "exchange.confirmed"
    assert w.do("carol", "timebank.confirm", exchange=no) == "completed"
    no = w.do("dora", "timebank.log", giver=w.did("bob"), receiver=w.did("carol"), minutes=60, category="arts")
    assert w.ask("dora", "exchange.show", exchange=no)["waits_for"] == "both"
    # A broker who signs for one of the two is no third; and with a mandate since, still one hand.
    no = w.do("dora", "timebank.log", giver=w.did("bob"), receiver=w.did("club"), minutes=60, category="arts",
              asked_by=w.did("bob"))  # fmt: skip
    w.tables.put(registry.Mandate(w.no("club"), w.no("dora"), None, w.now, None))
    assert w.refused("dora", "timebank.confirm", exchange=no, party=w.did("club"), minutes=60) == "exchange.same_hand"


# -- organisations and their signers -----------------------------------------------------------------------------------


def test_a_signer_says_how_much_and_one_hand_is_not_two() -> None:
    w = bank()
    club = w.did("club")
    no = w.do("ann", "timebank.log", receiver=club, minutes=60, category="arts")
    assert w.refused("bob", "timebank.confirm", exchange=no) == "exchange.not_party"
    assert w.refused("bob", "timebank.confirm", exchange=no, party=club) == "timebank.minutes_needed"
    assert w.refused("bob", "timebank.confirm", exchange=no, party=club, minutes=61) == "timebank.minutes_differ"
    assert w.do("bob", "timebank.confirm", exchange=no, party=club, minutes=60) == "completed"
    no = w.do("bob", "timebank.log", receiver=club, minutes=60, category="arts")
    assert w.refused("bob", "timebank.confirm", exchange=no, party=club, minutes=60) == "exchange.same_hand"
    assert w.do("carol", "timebank.confirm", exchange=no, party=club, minutes=60) == "completed"
    no = w.do("bob", "timebank.log", giver=club, receiver=w.did("ann"), minutes=60, category="arts")
    assert w.do("ann", "timebank.confirm", exchange=no) == "completed"
    assert w.ask("carol", "timebank.balance", member=club)["balance"].minor == -60
    w.do("ann", "timebank.request", category="arts", minutes=30)
    assert w.refused("bob", "timebank.accept", listing=1, party=club) == "timebank.minutes_needed"
    assert w.do("bob", "timebank.accept", listing=1, party=club, minutes=30) == 4


def test_above_the_limit_an_organisation_pays_hours_with_two_signatures() -> None:
    w = bank(approval__above_minor=120)
    club = w.did("club")
    no = w.do("ann", "timebank.log", receiver=club, minutes=180, category="arts")
    assert w.do("bob", "timebank.confirm", exchange=no, party=club, minutes=180) == "approval:1"
    assert minutes(w, "ann") == 0
    w.do("carol", "approval.approve", approval=1)
    assert minutes(w, "ann") == 180
    assert w.do("bob", "timebank.log", giver=w.did("ann"), receiver=club, minutes=121, category="arts") == "approval:2"
    assert w.do("bob", "timebank.log", giver=w.did("ann"), receiver=club, minutes=120, category="arts") == 2
    w.decide({"op": "timebank.set_up", "approval_above_minutes": 30})
    assert w.do("bob", "timebank.log", giver=w.did("ann"), receiver=club, minutes=31, category="arts") == "approval:3"


# -- listings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("escrow", [False, True])
def test_from_a_listing_to_hours(escrow: bool) -> None:
    w = bank(sqlite=True, timebank__escrow=escrow)
    assert w.do("ann", "timebank.offer", category="cooking", minutes=60, times=2) == 1
    assert w.do("bob", "timebank.request", category="transport") == 2
    assert [(x["listing"], x["kind"], x["left"]) for x in w.ask("carol", "timebank.listings")] == [
        (1, "offer", 2), (2, "request", 1),
    ]  # fmt: skip
    assert [x["listing"] for x in w.ask("carol", "timebank.listings", kind="request")] == [2]
    assert [x["listing"] for x in w.ask("carol", "timebank.listings", category="cooking")] == [1]
    assert w.ask("carol", "timebank.listings", category="cooking", kind="request") == []
    assert w.do("carol", "timebank.accept", listing=1) == 1
    shown = w.ask("ann", "exchange.show", exchange=1)
    assert (shown["state"], shown["waits_for"], shown["escrow"]) == ("agreed", "both", escrow)
    assert w.ask("carol", "timebank.balance")["held_out"].minor == (60 if escrow else 0)
    assert w.do("carol", "timebank.confirm", exchange=1) == "agreed"
    assert w.do("ann", "timebank.confirm", exchange=1) == "completed"
    assert (minutes(w, "ann"), minutes(w, "carol")) == (60, -60)
    assert index(w, "carol")[:2] == (0, 60)
    assert [r.received_minor for r in turnover.within(w.tables, "HOUR", w.no("ann"), TODAY, TODAY)] == [60]
    # Other minutes than those listed are a proposal, which the owner agrees to or declines.
    assert w.do("bob", "timebank.accept", listing=1, minutes=90) == 2
    assert w.ask("ann", "exchange.list")[0]["waits_for"] == "provider"
    assert w.do("ann", "timebank.agree", exchange=2) == "agreed"
    assert w.ask("carol", "timebank.listings", kind="offer") == []
    assert w.refused("carol", "timebank.accept", listing=1) == "wrong_state"
    assert w.do("bob", "timebank.cancel", exchange=2) == "cancelled"
    assert [x["left"] for x in w.ask("carol", "timebank.listings", kind="offer")] == [1]
    assert w.do("ann", "timebank.accept", listing=2, minutes=45) == 3
    assert w.do("bob", "timebank.unlist", listing=2) is None
    assert w.ask("ann", "exchange.show", exchange=3)["state"] == "declined"
    assert w.ask("ann", "timebank.balance")["held_in"].minor == 0


def test_an_appointment_is_confirmed_after_it_took_place() -> None:
    w = bank()
    w.do("ann", "timebank.offer", category="cooking", minutes=60)
    no = w.do("bob", "timebank.accept", listing=1, due_ms=w.now + 100 * DAY_MS)
    w.pass_time(days=129)
    assert w.do("ann", "timebank.confirm", exchange=no) == "agreed"
    w.pass_time(days=1)
    assert w.ask("ann", "exchange.show", exchange=no)["state"] == "expired"


def test_listings_lapse_and_are_paged() -> None:
    w = bank(exchange__open_most=8)
    for i in range(8):
        w.do("ann", "timebank.offer", category="arts" if i % 2 else "cooking")
    assert w.refused("ann", "timebank.offer", category="arts") == "exchange.too_many_open"
    assert [x["listing"] for x in w.ask("bob", "timebank.listings", after=3, limit=2)] == [4, 5]
    found = w.ask("bob", "timebank.listings", kind="offer", category="arts", limit=3)
    assert [x["listing"] for x in found] == [2, 4, 6]
    w.pass_time(days=90)
    assert w.ask("bob", "timebank.listings") == []


def test_who_was_suspended_since_cannot_be_taken_up() -> None:
    w = bank()
    w.do("bob", "timebank.offer", category="arts", minutes=30)
    bob = w.tables.get(registry.Party, w.no("bob"))
    assert bob is not None
    w.tables.put(registry.Party(bob.no, bob.did, bob.handle, bob.kind, "suspended", 0, 0))
    w.tables.settle()
    assert w.refused("ann", "timebank.accept", listing=1) == "member_not_active"


# -- limits, categories, trading ---------------------------------------------------------------------------------------


def test_limits_are_those_of_the_unit_and_warn_before_they_refuse() -> None:
    w = bank(timebank__floor_minutes=-100, timebank__ceiling_minutes=300, timebank__norm_minutes=80)
    give(w, "ann", "bob", 70)
    assert told(w, "bob", "ledger.") == []
    give(w, "ann", "bob", 20)
    assert told(w, "bob", "ledger.") == ["ledger.soft_floor"]
    assert told(w, "ann", "ledger.") == ["ledger.soft_ceiling"]
    no = w.do("ann", "timebank.log", receiver=w.did("bob"), minutes=11, category="arts")
    assert w.refused("bob", "timebank.confirm", exchange=no) == "over_floor"
    w.decide({"op": "timebank.set_up", "floor_minutes": 0})
    assert w.refused("bob", "timebank.confirm", exchange=no) == "over_floor"
    no = w.do("ann", "timebank.log", receiver=w.did("carol"), minutes=1, category="arts")
    assert w.refused("carol", "timebank.confirm", exchange=no) == "over_floor", "a new account has the new default"
    give(w, "ann", "bob", 10)
    w.decide({"op": "timebank.set_up", "no_floor": True, "ceiling_minutes": 100})
    no = w.do("ann", "timebank.log", giver=w.did("carol"), minutes=101, category="arts")
    assert w.refused("carol", "timebank.confirm", exchange=no) == "over_ceiling"
    unit = ledger.unit_of(w.tables, "HOUR")
    assert (unit.floor_minor, unit.ceiling_minor, unit.soft_floor_minor, unit.soft_ceiling_minor) == (None, 100, 0, 80)


def test_hours_are_set_up_at_the_founding_too() -> None:
    w = World(ops=({"op": "timebank.set_up", "ver": 1, "floor_minutes": -60},
                   {"op": "timebank.change_categories", "ver": 1, "add": ["fishing"], "remove": ["arts"]}))  # fmt: skip
    assert ledger.unit_of(w.tables, "HOUR").floor_minor == -60
    names = [c["category"] for c in w.ask("stranger", "timebank.categories")]
    assert "fishing" in names
    assert "arts" not in names


def test_another_unit_of_that_name_is_in_the_way() -> None:
    w = bank()
    w.decide({"op": "credit.create", "unit": "HOUR"})
    for op, more in (("log", {"receiver": w.did("bob"), "minutes": 5}), ("offer", {})):
        assert w.refused("ann", "timebank." + op, category="arts", **more) == "wrong_kind_of_unit"


def test_settings_that_contradict_each_other_are_refused() -> None:
    w = bank()
    bad: list[dict[str, int]] = [
        {"floor_minutes": 5}, {"ceiling_minutes": -5}, {"warn_floor_minutes": 700, "warn_ceiling_minutes": 60},
    ]  # fmt: skip
    for more in bad:
        with pytest.raises(Refusal) as caught:
            w.decide({"op": "timebank.set_up", **more})
        assert caught.value.code == "bad_terms"
        w.tables.rollback(0)


def test_categories_change_by_decision() -> None:
    w = bank()
    for remove, code in ((("alchemy",), "timebank.unknown_category"), (hours.CATEGORIES, "timebank.bad_categories")):
        with pytest.raises(Refusal) as caught:
            w.decide({"op": "timebank.change_categories", "remove": list(remove)})
        assert caught.value.code == code
    many = [f"c{i}" for i in range(60)]
    with pytest.raises(Refusal) as caught:
        w.decide({"op": "timebank.change_categories", "add": many})
    assert caught.value.facts == {"count": 60 + len(hours.CATEGORIES), "most": 60}
    w.decide({"op": "timebank.change_categories", "add": many, "remove": list(hours.CATEGORIES)})
    assert w.do("ann", "timebank.offer", category="c59") == 1
    assert w.refused("ann", "timebank.offer", category="arts") == "timebank.unknown_category"


def test_only_hours_that_one_owns_are_traded() -> None:
    w = bank(timebank__escrow=True)
    give(w, "ann", "bob", 90)
    assert w.do("ann", "timebank.trade", payee=w.did("carol"), minutes=30) == 2
    assert (minutes(w, "ann"), minutes(w, "carol")) == (60, 30)
    assert told(w, "carol", "timebank.") == ["timebank.traded"]
    assert w.refused("bob", "timebank.trade", payee=w.did("carol"), minutes=1) == "timebank.not_owned"
    w.do("carol", "timebank.offer", category="arts", minutes=50)
    w.do("ann", "timebank.accept", listing=1)
    assert w.refused("ann", "timebank.trade", payee=w.did("carol"), minutes=11) == "timebank.not_owned", "on hold"
    assert w.refused("ann", "timebank.trade", payee=w.did("ann"), minutes=5) == "same_account"
    w.do("ann", "timebank.trade", payee=w.did("bob"), minutes=10)
    assert w.ask("ann", "timebank.balance") == {
        "member": w.ask("ann", "timebank.balance")["member"],
        **{k: Amount(v, 0, "HOUR") for k, v in (("balance", 50), ("can_spend", 2400), ("can_earn", 5950),
                                                ("can_trade", 0), ("held_out", 50), ("held_in", 0))},
    }  # fmt: skip
    for op in ("credit.transfer", "credit.request"):
        party = {"payee": w.did("bob")} if op == "credit.transfer" else {"payer": w.did("bob")}
        assert w.refused("ann", op, unit="HOUR", amount_minor=5, **party) == "not_transferable"


# -- the fair-exchange index -------------------------------------------------------------------------------------------


def index(w: World, name: str) -> tuple[int, int, str, int | None, str, bool]:
    (row,) = w.ask(name, "timebank.index")
    return row["earned"].minor, row["spent"].minor, row["ratio"], row["ratio_hundredths"], row["norm"], row["alert"]


def test_the_index_of_somebody_who_takes_more_than_they_give() -> None:
    w = bank(sqlite=True)
    assert index(w, "bob") == (0, 0, "", None, "within", False)
    give(w, "ann", "bob", 600)
    assert index(w, "bob") == (0, 600, "", None, "within", False)
    assert told(w, "bob", "timebank.") == []
    give(w, "ann", "bob", 1)
    assert index(w, "bob") == (0, 601, "", None, "below", True)
    assert told(w, "bob", "timebank.") == ["timebank.alert"]
    give(w, "ann", "bob", 1)
    assert told(w, "bob", "timebank.") == ["timebank.alert"], "told once, not at every payment"
    give(w, "bob", "carol", 301)
    assert index(w, "bob") == (301, 602, "2/1", 200, "within", False)
    give(w, "ann", "bob", 1)
    assert index(w, "bob") == (301, 603, "603/301", 200, "within", True), "a hair beyond 2 is beyond 2"
    assert told(w, "bob", "timebank.") == ["timebank.alert"] * 2
    assert index(w, "ann") == (603, 0, "0/1", 0, "above", False)


def test_the_index_looks_back_six_calendar_months() -> None:
    w = bank()
    day = (datetime.date(2025, 7, 1) - calendar.EPOCH).days
    give(w, "ann", "bob", 500, day=day)
    give(w, "ann", "bob", 700, day=day + 1)
    assert index(w, "bob")[:2] == (0, 700), "from 2 July 2025 to 1 January 2026"
    w.pass_time(days=1)
    assert index(w, "bob")[:2] == (0, 0)
    assert told(w, "bob", "timebank.") == ["timebank.alert"]


def test_time_alone_clears_an_index_and_a_later_payment_tells_again() -> None:
    w = bank()
    give(w, "ann", "bob", 601)
    w.pass_time(days=200)
    assert index(w, "bob")[:2] == (0, 0)
    give(w, "ann", "bob", 601)
    assert told(w, "bob", "timebank.") == ["timebank.alert"] * 2


def test_an_index_that_time_took_beyond_is_told_at_the_next_payment() -> None:
    w = bank()
    give(w, "bob", "carol", 400)
    w.pass_time(days=100)
    give(w, "ann", "bob", 650)
    assert told(w, "bob", "timebank.") == []
    w.pass_time(days=100)  # what bob gave is behind the six months now
    assert index(w, "bob")[5] is True
    give(w, "ann", "bob", 1)
    assert told(w, "bob", "timebank.") == ["timebank.alert"]


def test_an_old_service_logged_late_alerts_nobody() -> None:
    w = bank()
    give(w, "ann", "bob", 1000, day=TODAY - 400)
    assert index(w, "bob")[:2] == (0, 0)
    assert told(w, "bob", "timebank.") == []
    give(w, "ann", "bob", 601)
    give(w, "ann", "bob", 50, day=TODAY - 400)
    assert told(w, "bob", "timebank.") == ["timebank.alert"]


def test_who_earned_it_back_is_told_again_when_it_falls_behind_again() -> None:
    w = bank()
    give(w, "ann", "bob", 601)
    give(w, "bob", "carol", 301, day=TODAY - 150)
    assert index(w, "bob")[5] is False
    w.pass_time(days=40)
    assert index(w, "bob")[:2] == (0, 601)
    give(w, "ann", "bob", 1)
    assert told(w, "bob", "timebank.") == ["timebank.alert"] * 2


def test_the_marks_are_parameters() -> None:
    w = bank(timebank__alert_hundredths=150, timebank__norm_minutes=100, timebank__index_months=1,
             timebank__index_kinds="trade")  # fmt: skip
    give(w, "ann", "bob", 500)
    assert index(w, "bob")[:2] == (0, 0)
    w.do("ann", "timebank.trade", payee=w.did("carol"), minutes=160)
    assert index(w, "ann") == (0, 160, "", None, "below", True)
    w.do("carol", "timebank.trade", payee=w.did("ann"), minutes=100)
    assert index(w, "ann") == (100, 160, "8/5", 160, "within", True)
    assert index(w, "carol") == (160, 100, "5/8", 62, "within", False)


def test_what_is_reversed_counts_no_more() -> None:
    w = bank()
    give(w, "ann", "bob", 700)
    ctx = w.reader("ann")
    legs = (Leg("HOUR", w.no("ann"), w.no("bob"), 700, "reversal", day=TODAY),)
    ledger.post(w.tables, ctx, legs)
    assert index(w, "bob")[:2] == (0, 0)
    assert index(w, "ann")[:2] == (0, 0)


def test_a_claimed_label_brings_its_imported_hours_into_the_index() -> None:
    w = bank()
    give(w, "ann", "bob", 10)
    ctx = w.reader("ann")
    label = registry.enter_label(w.tables, None, w.now)
    ledger.post(w.tables, ctx, (Leg("HOUR", label, w.no("bob"), 200, "import", day=TODAY - 30),), limits=False)
    ledger.post(w.tables, ctx, (Leg("HOUR", w.no("ann"), label, 50, "import", day=TODAY - 300),), limits=False)
    turnover.hand_over(w.tables, ["HOUR"], label, w.no("carol"))
    assert index(w, "carol")[:2] == (0, 200)
    assert turnover.within(w.tables, "HOUR", label, -(10**6), 10**6) == []


AID = Module(name="aid", doc="Mutual aid, as it will come: another domain whose exchanges are paid in hours.")


def test_mutual_aid_counts_in_the_index_without_a_change() -> None:
    w = bank(modules=(*MODULES, AID))
    give(w, "ann", "bob", 590)
    ann, bob = w.no("ann"), w.no("bob")
    terms = Terms("aid", "errands", "HOUR", 20, ann, bob, "HOUR", (Payment(bob, ann, 20, "aid"),))
    row = exchanges.report(w.tables, w.reader("ann"), terms, ann, ann)
    exchanges.confirm(w.tables, w.reader("bob"), row, bob)
    assert index(w, "bob")[:2] == (0, 610)
    assert told(w, "bob", "timebank.") == ["timebank.alert"]
    terms = Terms("aid", "bread", "LOAF", 2, ann, bob)
    row = exchanges.report(w.tables, w.reader("ann"), terms, ann, ann)
    assert exchanges.confirm(w.tables, w.reader("bob"), row, bob).state == "completed"
    assert index(w, "bob")[:2] == (0, 610)


def test_the_index_of_everyone_is_paged() -> None:
    w = bank(sqlite=True)
    assert w.ask("dora", "timebank.index", everyone=True) == []
    give(w, "ann", "bob", 30)
    give(w, "ann", "carol", 60)
    pages: list[Any] = []
    after = 0
    while page := w.ask("dora", "timebank.index", everyone=True, after=after, limit=2):
        pages += page
        after = page[-1]["no"]
    assert [(row["no"], row["earned"].minor, row["spent"].minor) for row in pages] == [
        (w.no("ann"), 90, 0), (w.no("bob"), 0, 30), (w.no("carol"), 0, 60),
    ]  # fmt: skip
    assert w.ask("dora", "timebank.index", member=w.did("bob"))[0]["spent"].minor == 30


days = st.integers(TODAY - 400, TODAY)
names = st.sampled_from(["ann", "bob", "carol"])
given_hours = st.lists(st.tuples(names, names, st.integers(1, 700), days), min_size=1, max_size=12)


@settings(max_examples=15, deadline=None)
@given(given_hours, st.booleans())
def test_the_index_is_what_a_naive_one_says(services: list[tuple[str, str, int, int]], sqlite: bool) -> None:
    """Against every transfer there is, filtered and added up; the turnover of each adds up to its balance."""
    w = bank(sqlite=sqlite, timebank__floor_minutes=-100_000, timebank__ceiling_minutes=100_000)
    for giver, receiver, amount, day in services:
        if giver != receiver:
            give(w, giver, receiver, amount, day=day)
    first = (datetime.date(2025, 7, 2) - calendar.EPOCH).days
    for name in ("ann", "bob", "carol"):
        no = w.no(name)
        counted = [t for t in w.tables.scan(Transfer) if first <= t.value_day <= TODAY]
        earned = sum(t.amount_minor for t in counted if t.payee == no)
        spent = sum(t.amount_minor for t in counted if t.payer == no)
        ratio = None if earned == 0 else Fraction(spent, earned)
        fraction = "" if ratio is None else f"{ratio.numerator}/{ratio.denominator}"
        alert = spent > 600 if ratio is None else ratio > 2
        net = earned - spent
        norm = "above" if net > 600 else "below" if net < -600 else "within"
        hundredths = None if ratio is None else int(ratio * 100)
        assert index(w, name) == (earned, spent, fraction, hundredths, norm, alert)
        rows = turnover.within(w.tables, "HOUR", no, -(10**6), 10**6)
        assert sum(r.received_minor - r.paid_minor for r in rows) == ledger.balance(w.tables, "HOUR", no)


def test_the_index_reads_the_days_it_needs_and_nothing_else() -> None:
    """Ten years of hours cost no more than six months: counted in the rows that SQLite hands over."""
    w = bank(sqlite=True)
    give(w, "ann", "bob", 10)
    for day in range(TODAY - 3650, TODAY):
        turnover.add(w.tables, "HOUR", w.no("bob"), day, "hours", 10, 10)
    w.tables.settle()
    w.tables.flush()
    w.tables.committed()
    read: list[int] = []
    scan = w.backend.scan

    def counting(*args: Any) -> list[Record]:
        found: list[Record] = scan(*args)
        read.append(len(found))
        return found

    w.backend.scan = counting
    assert index(w, "bob")[0] == 183 * 10
    assert sum(read) == 184


# -- reads -------------------------------------------------------------------------------------------------------------

# who, query and fields; `ok` or the refusal
READS = """
bob    timebank.balance                         ok
bob    timebank.balance member=@bob             ok
bob    timebank.balance member=@ann             forbidden
bob    timebank.balance member=@club            ok
dora   timebank.balance member=@club            ok
ann    timebank.balance member=@bob             ok
bob    timebank.balance member=@nobody          forbidden
ann    timebank.balance member=@nobody          unknown_member
bob    timebank.index                           ok
bob    timebank.index member=@ann               forbidden
bob    timebank.index everyone=true             forbidden
dora   timebank.index everyone=true             ok
ann    timebank.index everyone=true             ok
bob    timebank.history                         ok
bob    timebank.history member=@ann             forbidden
dora   timebank.history member=@ann             ok
bob    timebank.listings                        ok
nobody timebank.listings                        unknown_key
nobody timebank.balance                         unknown_key
nobody timebank.categories                      ok
bob    exchange.list                            ok
bob    exchange.list state=all party=@club      ok
bob    exchange.list party=@ann                 forbidden
dora   exchange.list party=@ann                 forbidden
ann    exchange.show exchange=1                 ok
bob    exchange.show exchange=1                 ok
carol  exchange.show exchange=1                 exchange.unknown
dora   exchange.show exchange=1                 exchange.unknown
bob    exchange.show exchange=2                 ok
carol  exchange.show exchange=2                 ok
vera   exchange.show exchange=1                 exchange.unknown
vera   exchange.show exchange=3                 ok
carol  exchange.disputes                        ok
nobody exchange.disputes                        unknown_key
"""
PUBLISHED = """
carol  timebank.balance member=@bob             ok
carol  timebank.index everyone=true             ok
carol  timebank.history member=@bob             forbidden
carol  exchange.show exchange=1                 ok
carol  exchange.list party=@ann                 ok
"""


@pytest.mark.parametrize("published", [False, True])
def test_reads(published: bool) -> None:
    w = bank(timebank__published=published, exchange__published=published)
    w.member("vera", roles=("steward",))
    w.do("ann", "timebank.log", receiver=w.did("bob"), minutes=30, category="arts")
    w.do("dora", "timebank.log", receiver=w.did("club"), minutes=30, category="arts")
    w.do("ann", "timebank.log", receiver=w.did("bob"), minutes=30, category="arts")
    w.do("bob", "timebank.dispute", exchange=3)
    for line in (PUBLISHED if published else READS).strip().splitlines():
        who, name, *more, expected = line.split()
        try:
            w.ask(who, name, **fields(w, " ".join(more)))
            result = "ok"
        except Refusal as no:
            result = no.code
        assert result == expected, line
    assert w.ask(None, "exchange.show", exchange=1)["state"] == "reported"
    assert len(w.ask(None, "exchange.disputes")) == 1


def test_ones_exchanges_by_state_and_page() -> None:
    w = bank(sqlite=True)
    for i in range(6):
        giver, receiver = ("ann", "bob") if i % 2 else ("bob", "ann")
        w.do(giver, "timebank.log", receiver=w.did(receiver), minutes=10, category="arts")
    w.do("bob", "timebank.confirm", exchange=2)
    w.do("ann", "timebank.decline", exchange=3)

    def found(**more: Any) -> list[int]:
        return [row["exchange"] for row in w.ask("ann", "exchange.list", **more)]

    assert found() == [1, 4, 5, 6]
    assert found(after=1, limit=2) == [4, 5]
    assert found(state="completed") == [2]
    assert found(state="denied") == [3]
    assert found(state="all") == [1, 2, 3, 4, 5, 6]
    assert w.ask("carol", "exchange.list", state="all") == []


def test_disputes_of_other_domains_do_not_hide_ones_own_behind_a_page() -> None:
    w = bank()
    w.member("vera", roles=("steward",))
    for giver in ("ann", "ann", "bob"):
        no = w.do(giver, "timebank.log", receiver=w.did("carol"), minutes=10, category="arts")
        w.do("carol", "timebank.dispute", exchange=no)
    assert [d["exchange"] for d in w.ask("ann", "exchange.disputes", limit=1)] == [3], "1 and 2 are ann's own"
    assert [d["exchange"] for d in w.ask("vera", "exchange.disputes", after=1)] == [2, 3]


# -- the whole ---------------------------------------------------------------------------------------------------------


def test_both_backends_come_to_the_same_state() -> None:
    worlds = [bank(sqlite=sqlite, timebank__escrow=True) for sqlite in (False, True)]
    for w in worlds:
        give(w, "ann", "bob", 700, day=TODAY - 3)
        w.do("bob", "timebank.offer", category="arts", minutes=60, times=3)
        w.do("ann", "timebank.accept", listing=1)
        w.do("carol", "timebank.accept", listing=1, minutes=61)
        w.do("ann", "timebank.trade", payee=w.did("carol"), minutes=100)
        w.do("ann", "timebank.dispute", exchange=2)
        w.pass_time(days=40)
        w.decide({"op": "timebank.change_categories", "add": ["fishing"]})
    assert worlds[0].digest() == worlds[1].digest()
    shown = [w.ask("ann", "timebank.index", everyone=True) for w in worlds]
    assert shown[0] == shown[1]
    for w in worlds:
        assert set(ledger.sums(w.tables).values()) == {0}
        assert [a.held_out_minor + a.held_in_minor for a in w.tables.scan(Account)] == [0, 0, 0]


def test_every_refusal_of_its_own_is_declared() -> None:
    """What kernel and module can raise is what the declarations say: none missing."""
    declared = {r.code for m in (timebank.MODULE, exchange.MODULE) for c in m.commands for r in c.refuses}
    own = {cls.code for cls in _all(Refusal) if cls.code.startswith(("timebank.", "exchange."))}
    assert own <= declared
    assert {r.code for c in timebank.MODULE.commands for r in c.refuses} >= {"over_floor", "wrong_state"}


def _all(cls: type[Refusal]) -> set[type[Refusal]]:
    return set(cls.__subclasses__()) | {s for c in cls.__subclasses__() for s in _all(c)}


def test_an_exchange_of_another_domain_is_not_the_time_banks() -> None:
    w = bank(modules=(*MODULES, AID))
    ann, bob = w.no("ann"), w.no("bob")
    ctx: Context = w.reader("ann")
    exchanges.report(w.tables, ctx, Terms("aid", "bread", "LOAF", 2, ann, bob), ann, ann)
    intents.publish(w.tables, ctx, domain="aid", kind="offer", party=ann, what="bread", unit="LOAF", amount_minor=1,
                    until_ms=w.now + DAY_MS)  # fmt: skip
    w.tables.settle()
    assert w.refused("bob", "timebank.confirm", exchange=1) == "exchange.unknown"
    assert w.refused("bob", "timebank.accept", listing=1) == "exchange.unknown_listing"
    assert w.ask("bob", "timebank.listings") == []
    assert w.tables.scan(Exchange)[0].state == "reported"
