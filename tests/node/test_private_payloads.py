"""Private payloads beside the log: erased, missing or forged, the state and the log are the same."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from dag.event import decode_event
from icn_node import audit, vault
from icn_node.compose import Composer, wish
from icn_node.kernel import private
from icn_node.kernel.fields import Private
from icn_node.space import Receipt
from icn_node.vault import GroupKeys, Unreadable
from tests.node.town import Town, finish
from tests.world import DAY_MS, key_of


class Writing:
    """Members of a town who write private texts, and the vault that keeps them."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.groups = GroupKeys(town.space.store, key_of("vault"))
        self.said: dict[str, Private] = {}

    def send(self, name: str, op: str, /, **params: Any) -> Receipt:
        """Compose, sign and submit; the private fields are noted as "op.field"."""
        town, key = self.town, key_of(name)
        draft = Composer(town.space, self.groups).draft(key.author, [wish(town.space, op, params)], at_ms=town.now)
        block = finish(draft.unsigned, key)
        for field, value in decode_event(block).ops[0].items():
            if isinstance(value, dict) and value.keys() == {"h", "audience", "size"}:
                self.said[f"{op}.{field}"] = Private(**value)
        receipt = town.send(block, blobs=draft.blobs)[0]
        assert receipt.status == "executed", receipt
        return receipt

    def read(self, said: str, *readers: str, members: bool = False) -> str:
        """What these people read there: the text, or why they cannot."""
        field = self.said[said]
        blob = self.town.space.store.blobs.get(field.h)
        groups = self.groups.by_id if members else {}
        belongs = partial(private.is_carriers, self.town.space.tables, self.town.space.cid, field.h)
        try:
            return str(vault.reveal(field, blob, [key_of(r) for r in readers], groups, belongs))
        except Unreadable as unreadable:
            return unreadable.state


@pytest.fixture
def writing(town: Town) -> Writing:
    w = Writing(town)
    w.send("bob", "credit.transfer", unit="SUN", payee="cid", amount="1.25", memo="two loaves")
    w.send("bob", "member.describe", name="Bob Okafor", contact="Mill lane 3")
    w.send("cid", "timebank.log", receiver="bob", minutes=30, category="gardening", note="the hedge")
    w.send("ann", "member.suspend", member="cid", days=2, reason="shouted")
    return w


WHO = """
credit.transfer.memo    | bob     | two loaves
credit.transfer.memo    | cid     | two loaves
credit.transfer.memo    | ann     | private
credit.transfer.memo    | members | private
credit.transfer.memo    | nobody  | private
member.describe.name    | members | Bob Okafor
member.describe.name    | bob     | private
member.describe.contact | bob     | Mill lane 3
member.describe.contact | ann     | Mill lane 3
member.describe.contact | cid     | private
timebank.log.note       | cid     | the hedge
timebank.log.note       | bob     | the hedge
timebank.log.note       | ann     | private
member.suspend.reason   | cid     | shouted
member.suspend.reason   | ann     | shouted
member.suspend.reason   | bob     | private
"""


def test_who_can_open_what(writing: Writing) -> None:
    for line in WHO.strip().splitlines():
        said, who, text = (cell.strip() for cell in line.split("|"))
        got = writing.read(said, members=True) if who == "members" else writing.read(said, who)
        assert got == text, line


def test_nothing_private_stands_in_the_log_nor_in_the_file_in_clear(writing: Writing) -> None:
    writing.town.space.close()
    content = writing.town.path.read_bytes()
    for secret in (b"two loaves", b"Bob Okafor", b"Mill lane", b"the hedge", b"shouted"):
        assert secret not in content
    writing.town.reopen()


def test_with_every_payload_gone_replay_gives_the_same_state(writing: Writing) -> None:
    town = writing.town
    before = town.digest()
    with town.space.store.transaction():
        town.space.store.blobs.erase(list(town.space.store.blobs.keys_held()))
    assert list(town.space.store.blobs.keys_held()) == []
    audit.rebuild(town.space)
    assert town.digest() == before
    report = audit.verify(town.space)
    assert report.faults == []
    assert report.root == town.space.head()["root"]
    assert writing.read("credit.transfer.memo", "bob") == "missing"


def test_an_event_whose_payload_never_came_is_executed_all_the_same(town: Town) -> None:
    twin = Writing(town)
    key = key_of("bob")
    memo = {"unit": "SUN", "payee": "cid", "amount": "1", "memo": "x"}
    draft = Composer(town.space, twin.groups).draft(
        key.author, [wish(town.space, "credit.transfer", memo)], at_ms=town.now
    )
    receipt = town.send(finish(draft.unsigned, key))[0]
    assert receipt.status == "executed"
    h = next(iter(draft.blobs))
    assert town.space.store.blobs.get(h) is None
    # It may come later, with the same event again.
    assert town.send(finish(draft.unsigned, key), blobs=draft.blobs)[0] == receipt
    assert town.space.store.blobs.get(h) == draft.blobs[h]


@pytest.fixture
def erased(writing: Writing) -> Writing:
    """Bob has erased his name and the memo; 400 days have passed, so that nothing had to be kept."""
    writing.town.now += 400 * DAY_MS
    while writing.town.space.tick(writing.town.now):
        pass
    hashes = [writing.said[name].h.hex() for name in ("member.describe.name", "credit.transfer.memo")]
    writing.send("bob", "privacy.erase", h=hashes, reason="consent_withdrawn")
    return writing


def test_erasing_takes_the_payload_and_leaves_the_books(erased: Writing) -> None:
    town = erased.town
    blobs = town.space.store.blobs
    for name in ("member.describe.name", "credit.transfer.memo"):
        assert blobs.is_erased(erased.said[name].h)
        assert blobs.get(erased.said[name].h) is None
    assert erased.read("timebank.log.note", "bob") == "the hedge"
    assert town.balance("cid") == 125
    before = town.digest()
    audit.rebuild(town.space)
    assert town.digest() == before
    assert audit.verify(town.space).faults == []


def test_what_was_erased_does_not_come_back(erased: Writing) -> None:
    """Neither with the same event again, nor after the state was made anew."""
    town = erased.town
    h = erased.said["credit.transfer.memo"].h
    payload = private.payload_of(
        space=town.space.cid, author=key_of("bob").author, seq=1, op=0, field="memo", value="two loaves"
    )
    _, blob = vault.make(payload, "parties", [key_of("bob").public], None)
    town.send(town.sign("bob", town.pay("bob", "cid")), blobs={h: blob})
    assert town.space.store.blobs.get(h) is None
    audit.rebuild(town.space)
    assert town.space.store.blobs.is_erased(h)
    town.reopen()
    assert town.space.store.blobs.get(h) is None


def test_the_erased_bytes_are_nowhere_in_the_files(writing: Writing) -> None:
    town = writing.town
    h = writing.said["member.describe.name"].h
    blob = town.space.store.blobs.get(h)
    assert blob is not None
    middle = blob[40:120]
    files = [p for p in town.path.parent.iterdir() if p.name.startswith("town.db")]
    assert any(middle in p.read_bytes() for p in files)
    town.now += 400 * DAY_MS
    writing.send("bob", "privacy.erase", h=[h.hex()], reason="wrong")
    assert not any(middle in p.read_bytes() for p in files if p.exists()), "also not in the write-ahead log"


def test_a_payload_lifted_into_another_event_shows_as_a_mismatch(writing: Writing) -> None:
    """Bob shows cid's note under his own commitment's hash, and the other way round."""
    store = writing.town.space.store
    memo, note = writing.said["credit.transfer.memo"], writing.said["timebank.log.note"]
    lifted = store.blobs.get(note.h)
    assert lifted is not None
    for blob in (lifted, lifted[:-1], b"", b"\xa0", bytes(500)):
        with pytest.raises(Unreadable) as unreadable:
            vault.reveal(memo, blob, [key_of("bob")], {})
        assert unreadable.value.state == "mismatch"


FORGED = """
as it must be                | {}
of another author            | {"author": b"cid"}
at another seq, his own      | {"seq": 7}
of another field             | {"field": "contact"}
of another space             | {"space": b"other"}
of a genesis                 | {"space": None}
"""


@pytest.mark.parametrize("line", FORGED.strip().splitlines(), ids=lambda line: line.split("|")[0].strip())
def test_a_payload_that_names_another_place_shows_as_a_mismatch(town: Town, line: str) -> None:
    """The commitment opens, and yet the text is not what this field of this author's event says."""
    changes: dict[str, Any] = eval(line.split("|")[1])  # the table is ours
    bob = key_of("bob")
    place: dict[str, Any] = {"space": town.space.cid, "author": bob.author, "seq": 1, "op": 0, "field": "memo"}
    if "author" in changes:
        changes["author"] = key_of("cid").author
    if changes.get("space"):
        changes["space"] = b"\x01\x71\x12\x20" + bytes(32)
    payload = private.payload_of(**(place | changes), value="I owe you everything")
    commitment, blob = vault.make(payload, "parties", [bob.public], None)
    memo = {"h": commitment.h, "audience": commitment.audience, "size": commitment.size}
    receipt = town.send(town.sign("bob", {**town.pay("bob", "cid"), "memo": memo}), blobs={commitment.h: blob})[0]
    assert receipt.status == "executed"
    w = Writing(town)
    w.said["memo"] = commitment
    same_party = {"seq", "space"} if changes.get("space", 0) is None else {"seq"}
    wanted = "I owe you everything" if set(changes) <= same_party else "mismatch"
    assert w.read("memo", "bob") == wanted


@pytest.mark.parametrize("payload", [b"", b"\xa0", b"no payload", bytes(100)])
def test_bytes_that_are_no_payload_show_as_a_mismatch(town: Town, payload: bytes) -> None:
    """Whoever commits to rubbish breaks nobody's list but makes a blank of their own text."""
    commitment, blob = vault.make(payload, "parties", [key_of("bob").public], None)
    with pytest.raises(Unreadable) as unreadable:
        vault.reveal(commitment, blob, [key_of("bob")], {})
    assert unreadable.value.state == "mismatch"


def test_group_keys_live_as_long_as_the_vault_key(town: Town, tmp_path: Path) -> None:
    groups = GroupKeys(town.space.store, key_of("vault"))
    with town.space.store.transaction():
        one = groups.of("2026Q1")
        two = groups.of("2026Q2")
    assert one != two
    again = GroupKeys(town.space.store, key_of("vault"))
    assert (again.known("2026Q1"), again.known("2026Q2"), again.known("2026Q3")) == (one, two, None)
    stranger = GroupKeys(town.space.store, key_of("another vault"))
    assert stranger.known("2026Q1") is None
    sealed = again.envelopes(key_of("bob").public)
    assert list(sealed) == ["2026Q1", "2026Q2"]
    assert key_of("bob").open_sealed(sealed["2026Q1"]) == b"".join(one)
    assert key_of("cid").open_sealed(sealed["2026Q1"]) is None
