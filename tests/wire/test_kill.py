"""SIGKILL at random points, again and again: what was acknowledged is there afterwards, and the books hold."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dag.keys import SigningKey
from icn_node import audit
from icn_node.founding import Choices, found
from icn_node.home import Home
from icn_node.keystore import Keystore, node_key
from icn_node.space import Space
from tests.wire.daemon import Client, Daemon

WRITER = Path(__file__).with_name("writer.py")
SEED = 20_261_120
ROUNDS = 20  # of ten kills each, with an audit from nothing at the end of each round
KILLS = 10
DAEMON_KILLS = 12
SECRET = "kill"


@pytest.fixture
def home(tmp_path: Path) -> tuple[Home, bytes]:
    """A founded home, and the seed of the founder's key."""
    made = Home(tmp_path / "home")
    made.make()
    store = Keystore(made.keys_path, ops=1, mem=8192)
    founded = found(
        made, Choices(name="kill", title="Kill", handle="ann", secret=SECRET), now_ms=1_700_000_000_000, keystore=store,
        ops=[{"op": "currency.create", "ver": 1, "unit": "TOK", "mint": "role steward"}],
    )  # fmt: skip
    store.unlock(founded.founder, SECRET)
    seed = _seed_of(store, founded.founder)
    return made, seed


def _seed_of(store: Keystore, did: str) -> bytes:
    from dag import keys

    return keys.unseal(store.info(did).sealed, keys.secret_bytes(SECRET))


def opened(home: Home) -> Space:
    """The space after a kill."""
    return Space.open(home.space_path("kill"), home.guard_path("kill"), node_key(home.node_key_path))


def test_two_hundred_kills_lose_nothing_that_was_acknowledged(home: tuple[Home, bytes]) -> None:
    where, seed = home
    dice = random.Random(SEED)
    acknowledged: set[bytes] = set()
    environment = {**os.environ, "PYTHONPATH": str(WRITER.parent.parent.parent)}
    kills = 0
    for _ in range(ROUNDS):
        for _ in range(KILLS):
            process = subprocess.Popen(
                [sys.executable, str(WRITER), str(where.path), seed.hex()], stdout=subprocess.PIPE, env=environment
            )
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n", "the space opens after every kill, and may sign"
            time.sleep(dice.random() * 0.05)
            process.kill()
            said = process.stdout.read().split(b"\n")
            process.stdout.close()
            process.wait()
            kills += 1
            acknowledged.update(bytes.fromhex(line.decode()) for line in said[:-1])  # the last line may be torn
        space = opened(where)
        try:
            assert not space.stopped
            lost = [cid.hex() for cid in acknowledged if space.store.events.leaf_of(cid) is None]
            assert not lost, f"acknowledged and lost after {kills} kills, seed {SEED}: {lost[:3]}"
        finally:
            space.close()
    assert kills == ROUNDS * KILLS >= 200
    assert len(acknowledged) > 200
    space = opened(where)
    try:
        report = audit.verify(space)
        assert report.faults == []
        assert report.root == space.machine.frontier.root().hex(), "replay gives the same digest"
    finally:
        space.close()


def test_the_daemon_killed_while_it_serves(home: tuple[Home, bytes]) -> None:
    where, seed = home
    dice = random.Random(SEED + 1)
    did = SigningKey.from_seed(seed).did
    acknowledged: list[str] = []
    for _ in range(DAEMON_KILLS):
        daemon = Daemon(where.path)
        client = Client(where.socket_path)
        client.call("session.open", member=did, secret=SECRET)
        until = time.monotonic() + dice.random() * 0.3
        while time.monotonic() < until:
            answer = client.call("currency.mint", unit="TOK", payee=did, amount="1")
            acknowledged.append(answer["event"])
        client.send("currency.mint", unit="TOK", payee=did, amount="1")  # under way when it dies
        daemon.kill()
        client.close()
    daemon = Daemon(where.path)  # a stale socket file lies there: it is recovered
    client = Client(where.socket_path)
    for event in acknowledged:
        assert client.call("event.receipt", event=event)["status"] == "executed"
    assert client.call("dag.verify")["faults"] == []
    client.close()
    assert daemon.stop() == 0
    assert len(acknowledged) >= DAEMON_KILLS
