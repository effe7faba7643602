"""Who can act for whom: the registry against a naive model, over any interleaving, in SQLite and in the twin alike."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from icn_node.kernel import bylaws, registry
from icn_node.kernel.refusal import RevokedKey
from icn_node.kernel.registry import HandleTaken, NotActive, UnknownGroup, UnknownMember
from tests import people
from tests.people import binding, by_decision, invite, joining, organise, words
from tests.world import DAY_MS, Refused, World

KEYS = [f"k{n}" for n in range(7)]
MOST = 3
PARAMS: dict[str, int | str | bool] = {
    "key.most": MOST, "member.reapply_days": 0, "conduct.suspend_gap_days": 0, "conduct.hearing_days": 1,
}  # fmt: skip
REASON = words("parties role:steward")
keys = st.sampled_from(KEYS)


class Membership(RuleBasedStateMachine):
    """The model: who each key stands for, which keys are live, what state each member is in, who signs for whom.

    A member is called after the key that joined. Everything else is told by ann, the founder and steward.
    """

    @initialize()
    def found(self) -> None:
        self.worlds = [World(sqlite=sqlite, params=PARAMS) for sqlite in (False, True)]
        self.owner: dict[str, str] = {}
        self.live: set[str] = set()
        self.status: dict[str, str] = {}
        self.until: dict[str, int] = {}
        self.mandates: dict[tuple[str, str], int | None] = {}
        self.serial = 0

    # -- doing the same in both worlds --------------------------------------------------------------------------------

    def both(self, act: Any) -> str:
        """'' if it was carried out, else the code; the same in both worlds."""
        said = []
        for w in self.worlds:
            try:
                act(w)
                said.append("")
            except Refused as no:
                said.append(no.code)
        assert said[0] == said[1]
        return said[0]

    def expect(self, allowed: bool, act: Any) -> None:
        said = self.both(act)
        assert (said == "") is allowed, said or "it was carried out"

    def do(self, allowed: bool, who: str, op: str, fields: Any = lambda w: {}) -> None:
        self.expect(allowed, lambda w: w.do(who, op, **fields(w)))

    @property
    def now(self) -> int:
        return self.worlds[0].now

    def fresh(self, stem: str) -> str:
        self.serial += 1
        return f"{stem}{self.serial}"

    def keys_of(self, member: str) -> list[str]:
        return sorted(k for k in self.live if self.owner[k] == member)

    def active(self, key: str) -> bool:
        """Whether the key is a live one of an active member."""
        return key in self.live and self.status[self.owner[key]] == "active"

    def signs(self, org: str, member: str) -> bool:
        until = self.mandates.get((org, member), 0)
        return until is None or self.now < until

    def members(self) -> list[str]:
        return sorted(self.status)

    def gone(self, member: str, status: str) -> None:
        self.status[member] = status
        for pair in [p for p in self.mandates if p[1] == member]:
            del self.mandates[pair]

    # -- coming and going ---------------------------------------------------------------------------------------------

    @rule(key=keys, custody=st.sampled_from(["self", "node"]))
    def join(self, key: str, custody: str) -> None:
        secret = self.fresh("secret")
        self.both(lambda w: invite(w, "ann", secret))
        known = self.owner.get(key)
        allowed = known is None or (key in self.live and self.status[known] == "applied")
        # The invitation signs for the member that the key stands for already, where it stands for one.
        self.do(allowed, key, "member.join",
                lambda w: joining(w, known or key, secret, custody=custody, handle=known or key))  # fmt: skip
        if allowed:
            self.owner.setdefault(key, key)
            self.live.add(key)
            self.status[self.owner[key]] = "active"

    @rule(key=keys)
    def apply(self, key: str) -> None:
        known = self.owner.get(key)
        allowed = known is None or (key in self.live and self.status[known] == "left")
        self.do(allowed, key, "member.apply", lambda w: {"handle": known or key})
        if allowed:
            self.owner.setdefault(key, key)
            self.live.add(key)
            self.status[self.owner[key]] = "applied"

    @precondition(lambda self: self.status)
    @rule(data=st.data(), op=st.sampled_from(["admit", "reinstate", "suspend", "expel", "readmit"]))
    def decide(self, data: Any, op: str) -> None:
        member = data.draw(st.sampled_from(self.members()))
        was = self.status[member]
        if op == "suspend":
            days = data.draw(st.integers(1, 5))
            self.do(was == "active", "ann", "member.suspend",
                    lambda w: {"member": w.did(member), "days": days, "reason": REASON})  # fmt: skip
            if was == "active":
                self.status[member], self.until[member] = "suspended", self.now + days * DAY_MS
        elif op == "expel":
            self.expel(member, was)
        elif op == "readmit":
            said = {str(by_decision(w, "member.readmit", member=w.did(member))) for w in self.worlds}
            assert said == {"None" if was == "expelled" else "wrong_state"}
            if was == "expelled":
                self.status[member] = "active"
        else:
            wanted = {"admit": "applied", "reinstate": "suspended"}[op]
            self.do(was == wanted, "ann", f"member.{op}", lambda w: {"member": w.did(member)})
            if was == wanted:
                self.status[member] = "active"

    def expel(self, member: str, was: str) -> None:
        allowed = was in ("active", "suspended")
        self.do(allowed, "ann", "member.charge", lambda w: {"member": w.did(member), "reason": REASON})
        if allowed:
            number = self.worlds[0].tables.last_no("charge")
            for w in self.worlds:
                assert by_decision(w, "member.expel", charge=number) == "wrong_state"
            self.pass_time(days=1)
            for w in self.worlds:
                assert by_decision(w, "member.expel", charge=number) is None
            self.gone(member, "expelled")

    @rule(key=keys)
    def leave(self, key: str) -> None:
        allowed = key in self.live and self.status[self.owner[key]] in ("active", "suspended")
        self.do(allowed, key, "member.leave")
        if allowed:
            self.gone(self.owner[key], "left")

    @rule(days=st.integers(1, 4))
    def pass_time(self, days: int) -> None:
        for w in self.worlds:
            w.pass_time(days=days)
        for member, until in self.until.items():
            if self.status[member] == "suspended" and until <= self.now:
                self.status[member] = "active"

    # -- keys ---------------------------------------------------------------------------------------------------------

    @rule(by=keys, new=keys)
    def add_key(self, by: str, new: str) -> None:
        member = self.owner.get(by, "")
        allowed = by in self.live and new not in self.owner and len(self.keys_of(member)) < MOST
        self.do(allowed, by, "member.add_key", lambda w: binding(w, new, member or by))
        if allowed:
            self.owner[new] = member
            self.live.add(new)

    @rule(by=keys, new=keys, other=keys)
    def add_a_key_that_was_bound_to_somebody_else(self, by: str, new: str, other: str) -> None:
        if other != self.owner.get(by, ""):
            self.do(False, by, "member.add_key", lambda w: binding(w, new, other))

    @rule(by=st.sampled_from([*KEYS, "ann"]), key=keys)
    def revoke_key(self, by: str, key: str) -> None:
        member = self.owner.get(key)
        own = by in self.live and self.owner[by] == member
        allowed = key in self.live and (own or by == "ann") and len(self.keys_of(str(member))) > 1
        named = {"member": member or key} if by == "ann" else {}
        self.do(allowed, by, "member.revoke_key",
                lambda w: {"key": w.did(key), **{field: w.did(name) for field, name in named.items()}})  # fmt: skip
        if allowed:
            self.live.discard(key)

    @rule(by=keys, old=keys, new=keys)
    def rotate_key(self, by: str, old: str, new: str) -> None:
        member = self.owner.get(by, "")
        allowed = by in self.live and old in self.live and self.owner[old] == member and new not in self.owner
        self.do(allowed, by, "member.rotate_key", lambda w: {**binding(w, new, member or by), "old": w.did(old)})
        if allowed:
            self.owner[new] = member
            self.live.discard(old)
            self.live.add(new)

    @precondition(lambda self: self.status)
    @rule(data=st.data(), new=keys)
    def recover(self, data: Any, new: str) -> None:
        member = data.draw(st.sampled_from(self.members()))
        allowed = new not in self.owner
        fields = [{"member": w.did(member), **binding(w, new, member)} for w in self.worlds]
        said = {str(by_decision(w, "member.recover", **f)) for w, f in zip(self.worlds, fields, strict=True)}
        assert ("key_in_use" in said) is not allowed
        if allowed:
            self.live -= set(self.keys_of(member))
            self.owner[new] = member
            self.live.add(new)

    # -- acting for others --------------------------------------------------------------------------------------------

    @rule(by=keys)
    def organise(self, by: str) -> None:
        name = self.fresh("org")
        self.expect(self.active(by), lambda w: organise(w, name, by))
        if self.active(by):
            self.do(True, "ann", "organisation.admit", lambda w: {"organisation": w.did(name)})
            self.mandates[name, self.owner[by]] = None

    @precondition(lambda self: self.mandates)
    @rule(by=keys, data=st.data(), days=st.none() | st.integers(1, 6))
    def grant(self, by: str, data: Any, days: int | None) -> None:
        org = data.draw(st.sampled_from(sorted({o for o, _ in self.mandates})))
        member = data.draw(st.sampled_from(self.members()))
        allowed = self.active(by) and self.signs(org, self.owner[by]) and self.status[member] == "active"
        until = None if days is None else self.now + days * DAY_MS
        held = self.signs(org, member) if (org, member) in self.mandates else False
        self.do(allowed, by, "mandate.grant",
                lambda w: {"organisation": w.did(org), "signer": w.did(member), "until_ms": until})  # fmt: skip
        if allowed:
            if not held:
                self.do(True, self.keys_of(member)[0], "mandate.accept", lambda w: {"organisation": w.did(org)})
            self.mandates[org, member] = until

    @precondition(lambda self: self.mandates)
    @rule(by=keys, data=st.data())
    def revoke(self, by: str, data: Any) -> None:
        org, member = data.draw(st.sampled_from(sorted(self.mandates)))
        others = [m for o, m in self.mandates if o == org and m != member and self.signs(o, m)]
        allowed = (
            self.active(by) and self.signs(org, self.owner[by]) and self.signs(org, member)
            and any(self.status[m] == "active" for m in others)
        )  # fmt: skip
        self.do(allowed, by, "mandate.revoke", lambda w: {"organisation": w.did(org), "signer": w.did(member)})
        if allowed:
            del self.mandates[org, member]

    # -- what must hold -----------------------------------------------------------------------------------------------

    @invariant()
    def keys_act_for_whom_the_model_says(self) -> None:
        for w in getattr(self, "worlds", ()):
            for key in KEYS:
                w.did(key)
                if key in self.owner and key not in self.live:
                    with pytest.raises(RevokedKey):
                        w.kernel._actor(w.keys[key].author)
                    continue
                actor = w.kernel._actor(w.keys[key].author)
                assert actor.did == w.did(self.owner.get(key, key))
                assert actor.stranger is (key not in self.owner)

    @invariant()
    def members_and_signers_are_whom_the_model_says(self) -> None:
        for w in getattr(self, "worlds", ()):
            active = sorted(w.no(m) for m, s in self.status.items() if s == "active")
            assert registry.active_members(w.tables) == sorted([w.no("ann"), *active])
            for member, status in self.status.items():
                assert people.status(w, member) == status
                assert self.keys_of(member), "a member always has a key"
            for org in {o for o, _ in self.mandates}:
                signers = [m for m in self.status if self.signs(org, m)]
                (acts,) = bylaws.compiled("acts for payer")
                assert {m for m in self.status if acts(w.tables, w.reader(m), _Payment(w.did(org)))} == set(signers)
                assert registry.signers(w.tables, w.no(org), w.now) == sorted(
                    w.no(m) for m in signers if self.status[m] == "active"
                )

    @invariant()
    def sqlite_equals_the_twin(self) -> None:
        if hasattr(self, "worlds"):
            assert self.worlds[0].digest() == self.worlds[1].digest()


class _Payment:
    def __init__(self, payer: str) -> None:
        self.payer = payer


TestMembership = pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")(
    Membership.TestCase
)
TestMembership.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


# --- look-ups -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sqlite", [False, True])
def test_look_ups(sqlite: bool) -> None:
    w = World(sqlite=sqlite)
    w.member("bob", roles=("clerk",))
    tx, now = w.tables, w.now
    assert registry.by_handle(tx, "bob") == registry.party_of(tx, w.did("bob"))
    assert registry.by_handle(tx, "") is None
    assert registry.by_handle(tx, "x") is None
    with pytest.raises(UnknownMember):
        registry.party_of(tx, w.did("x"))
    label = registry.enter_label(tx, None, now)
    row = tx.get(registry.Party, label)
    assert row is not None
    with pytest.raises(NotActive):
        registry.checked_active(row)
    with pytest.raises(UnknownGroup):
        registry.group_of(tx, "none")
    with pytest.raises(HandleTaken):
        registry.check_handle(tx, "bob", None)
    registry.check_handle(tx, "bob", w.no("bob"))
    assert [h.role for h in registry.roles_of(tx, w.no("bob"), now)] == ["clerk"]
    assert registry.roles_of(tx, w.no("bob"), now - 1) == []
    assert registry.is_active(tx, w.no("bob"))
    assert not registry.is_active(tx, 99)


@pytest.mark.parametrize(
    ("since", "until", "at", "in_force"),
    [(0, None, 0, True), (5, None, 4, False), (0, 5, 4, True), (0, 5, 5, False), (5, 6, 5, True)],
)
def test_terms_and_mandates_are_half_open(since: int, until: int | None, at: int, in_force: bool) -> None:
    w = World()
    w.member("bob")
    w.member("org", kind="organisation")
    tx = w.tables
    tx.put(registry.Holding("clerk", w.no("bob"), since, until))
    tx.put(registry.Mandate(w.no("org"), w.no("bob"), None, since, until))
    assert registry.holds(tx, w.no("bob"), "clerk", at) is in_force
    assert registry.holders(tx, "clerk", at) == ([w.no("bob")] if in_force else [])
    assert (registry.mandate(tx, w.no("org"), w.no("bob"), at) is not None) is in_force
    assert [m.party for m in registry.mandates_of(tx, w.no("bob"), at)] == ([w.no("org")] if in_force else [])


def test_a_limit_of_a_unit_goes_before_the_general_one() -> None:
    mandate = registry.Mandate(1, 2, 10, 0, None, {"CC": 3})
    assert [registry.sole_limit(mandate, unit) for unit in ("CC", "DD")] == [3, 10]
