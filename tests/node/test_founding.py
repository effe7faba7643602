"""Homes: founded whole or not at all; their keys on disk and on paper; who may use them."""

from __future__ import annotations

import os
import random
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from dag.keys import SigningKey
from icn_node import audit, founding, keystore
from icn_node.founding import Choices, found
from icn_node.home import Home, HomeBusy, HomeError, HomeMissing
from icn_node.invitation import BadInvitation, Invitation
from icn_node.keystore import Keystore, KeystoreError, Locked, NoSuchKey, node_key, write_private
from icn_node.modules.space import CharterQuery
from icn_node.paper import BadPaperKey, paper_of, seed_of
from icn_node.receipts import SpaceStopped
from icn_node.space import Space
from tests.world import T0

ROOT = Path(__file__).parents[2]
CHOICES: dict[str, Any] = {"name": "mill", "title": "The mill", "handle": "ann", "secret": "secret"}


def cheap(home: Home) -> Keystore:
    return Keystore(home.keys_path, ops=1, mem=8192)


def make(folder: Path, **choices: Any) -> tuple[Home, founding.Founded]:
    home = Home(folder)
    return home, found(home, Choices(**{**CHOICES, **choices}), now_ms=T0, keystore=cheap(home))


def opened(home: Home) -> Space:
    return Space.open(home.space_path("mill"), home.guard_path("mill"), node_key(home.node_key_path))


def test_a_founded_home_is_whole_and_private(tmp_path: Path) -> None:
    home, made = make(tmp_path / "home", founder_name="Ann de Wit", timezone="Europe/Amsterdam", languages=("nl", "en"))
    assert home.exists
    assert home.config().space == "mill"
    assert home.config().members.default == "ann"
    for path in (home.path, *home.path.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode & 0o077 == 0 or path == home.config_path, path
    assert cheap(home).unlock(made.founder, "secret").did == made.founder
    space = opened(home)
    charter = space.ask("space.charter", CharterQuery(), space.reader(None, T0))
    assert (charter["name"], charter["timezone"]) == ("mill", "Europe/Amsterdam")
    assert list(space.epoch.validators) == [made.node]
    assert audit.verify(space).faults == []
    space.close()
    assert SigningKey.from_seed(seed_of(made.recovery_key)).did != made.founder


def test_a_home_is_founded_once(tmp_path: Path) -> None:
    home, made = make(tmp_path)
    with pytest.raises(HomeError, match="has a node already"):
        make(tmp_path, name="other")
    home.config_path.unlink()
    with pytest.raises(HomeError, match=r"mill\.db is a space already, but .*icn.toml is missing"):
        make(tmp_path)
    home.write_config("mill")
    space = opened(home)
    assert space.cid == made.space
    space.close()


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"name": "../evil"}, "name is a-z"), ({"name": ""}, "name is a-z"), ({"name": "Mill"}, "name is a-z"),
        ({"name": "x" * 65}, "name is a-z"), ({"timezone": "Mars/Olympus"}, "not a known time zone"),
        ({"handle": "Not A Handle"}, "malformed"), ({"title": ""}, "malformed"), ({"roles": ("No Role",)}, "malformed"),
        ({"modules": ("no-such-module",)}, "unknown_module"),
    ],
)  # fmt: skip
def test_what_cannot_be_founded_leaves_nothing_in_the_way(tmp_path: Path, choices: dict[str, Any], said: str) -> None:
    with pytest.raises((HomeError, SpaceStopped), match=said):
        make(tmp_path, **choices)
    assert not Home(tmp_path).exists
    assert [p.name for p in tmp_path.rglob("*.db*")] == []
    home, _ = make(tmp_path)
    assert home.exists


FOUND = """
import sys
from pathlib import Path
from icn_node.founding import Choices, found
from icn_node.home import Home
from icn_node.keystore import Keystore
home = Home(sys.argv[1])
home.lock()
print("go", flush=True)
choices = Choices(name="mill", title="The mill", handle="ann", secret="secret", founder_name="Ann")
found(home, choices, now_ms=1_767_225_600_000, keystore=Keystore(home.keys_path, ops=1, mem=8192))
print("done", flush=True)
"""


def test_killed_at_any_moment_founding_can_be_done_again(tmp_path: Path) -> None:
    dice = random.Random(3)
    finished = 0
    for n in range(8):
        folder = tmp_path / str(n)
        process = subprocess.Popen([sys.executable, "-c", FOUND, str(folder)], cwd=ROOT, stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stdout.readline() == b"go\n"
        time.sleep(dice.random() * 0.12)
        process.send_signal(signal.SIGKILL)
        done = process.stdout.read() == b"done\n"
        process.wait()
        process.stdout.close()
        home = Home(folder)
        if done or home.exists:
            assert home.exists
            finished += 1
        else:
            for left in home.path.glob("spaces/mill.db"):
                left.unlink()  # as the message says; it takes a kill within microseconds to see this
            make(folder)
        space = opened(home)
        assert not space.stopped
        assert audit.verify(space).faults == []
        space.close()
    assert finished < 8


# -- the lock and the configuration ------------------------------------------------------------------------------------


def test_one_process_has_a_home(tmp_path: Path) -> None:
    home, other = Home(tmp_path), Home(tmp_path)
    home.lock()
    with pytest.raises(HomeBusy, match=f"process {os.getpid()}") as busy:
        other.lock()
    assert busy.value.pid == os.getpid()
    home.unlock()
    other.lock()
    other.unlock()
    other.unlock()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "make one with `icn init`"), ("", "space"), ("space = 5", "str"), ("space = 'a'\nfoo = 1", "foo"),
        ("space = 'a'\n[node]\nverifiers = 'two'", "verifiers"), ("space = 'a", "end of document"), (b"\xff", "decode"),
        ("space = 'a'\n[node]\nno_such = 1", "no_such"),
    ],
)  # fmt: skip
def test_a_bad_configuration_says_what_is_wrong(tmp_path: Path, text: str | bytes | None, said: str) -> None:
    home = Home(tmp_path)
    if text is not None:
        home.config_path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(HomeError if text is not None else HomeMissing, match=said):
        home.config()


def test_the_written_configuration_reads_as_the_defaults(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.write_config("mill", default="ann", secret_file="secret", sample=True)
    config = home.config()
    assert (config.space, config.sample, config.members.default, config.members.secret_file) == (
        "mill", True, "ann", "secret",
    )  # fmt: skip
    commented = home.config_path.read_text(encoding="utf-8")
    home.config_path.write_text(
        "\n".join(line.removeprefix("#") if "=" in line else line for line in commented.split("\n"))
    )
    assert home.config() == config, "what stands in the comments is what holds without them"


# -- keys at rest ------------------------------------------------------------------------------------------------------


def test_a_key_opens_with_its_secret_alone(tmp_path: Path) -> None:
    store = Keystore(tmp_path / "keys", ops=1, mem=8192)
    seed = bytes(range(32))
    key = SigningKey.from_seed(seed)
    path = store.add(key, seed, "sesame", custody="node", now_ms=T0)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert seed not in path.read_bytes()
    assert store.dids() == [key.did]
    assert store.holds(key.did)
    assert store.unlock(key.did, "sesame").public == key.public
    for wrong in ("", "Sesame", "sesame ", "x" * 10_000):
        with pytest.raises(Locked, match="does not open"):
            store.unlock(key.did, wrong)
    other = SigningKey.from_seed(bytes(32)).did
    with pytest.raises(NoSuchKey, match="no key for"):
        store.unlock(other, "sesame")
    store.change_secret(key.did, "sesame", "open", now_ms=T0)
    with pytest.raises(Locked):
        store.unlock(key.did, "sesame")
    assert store.unlock(key.did, "open").public == key.public
    assert store.info(key.did).custody == "node"


def test_secrets_typed_in_different_unicode_forms_are_one(tmp_path: Path) -> None:
    store = Keystore(tmp_path / "keys", ops=1, mem=8192)
    seed = bytes(range(32))
    key = SigningKey.from_seed(seed)
    store.add(key, seed, "caf\u00e9", custody="self", now_ms=T0)
    assert store.unlock(key.did, "cafe\u0301").public == key.public


@pytest.mark.parametrize("damage", ["cut", "flip", "not json", "another's", "empty"])
def test_a_damaged_key_file_is_told_from_a_wrong_secret(tmp_path: Path, damage: str) -> None:
    store = Keystore(tmp_path / "keys", ops=1, mem=8192)
    seed = bytes(range(32))
    key = SigningKey.from_seed(seed)
    path = store.add(key, seed, "sesame", custody="node", now_ms=T0)
    content = path.read_bytes()
    if damage == "another's":
        other_seed = bytes(32)
        other = SigningKey.from_seed(other_seed)
        content = store.add(other, other_seed, "sesame", custody="node", now_ms=T0).read_bytes()
    at = content.index(b'"sealed":"') + 12
    path.write_bytes({
        "cut": content[:-40], "flip": content[:at] + bytes([content[at] ^ 3]) + content[at + 1 :], "not json": b"{",
        "another's": content, "empty": b"",
    }[damage])  # fmt: skip
    with pytest.raises(KeystoreError) as error:
        store.unlock(key.did, "sesame")
    assert not isinstance(error.value, Locked | NoSuchKey)


def test_a_nodes_key_is_made_once_and_may_be_a_systemd_credential(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "node.key"
    with pytest.raises(NoSuchKey, match="is missing"):
        node_key(path)
    key = node_key(path, create=True)
    assert node_key(path).public == key.public
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "icn-node-key").write_bytes(bytes(range(32)))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    assert node_key(path).public == SigningKey.from_seed(bytes(range(32))).public
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    path.write_bytes(b"short")
    with pytest.raises(KeystoreError, match="should be 32 bytes"):
        node_key(path)


def test_a_private_file_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "keys" / "a"
    write_private(path, b"one")

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(keystore.os, "write", full)
        with pytest.raises(OSError, match="No space"):
            write_private(path, b"two")
    assert path.read_bytes() == b"one"
    write_private(path, b"three")
    assert path.read_bytes() == b"three"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


# -- on paper ----------------------------------------------------------------------------------------------------------


def test_a_key_on_paper_comes_back_however_it_is_typed() -> None:
    dice = random.Random(4)
    for _ in range(50):
        seed = dice.randbytes(32)
        paper = paper_of(seed)
        for typed in (paper, paper.lower(), paper.replace(" ", ""), paper.replace(" ", "-"), f"  {paper}\n",
                      paper.replace("0", "O").replace("1", "I"), paper.replace("1", "l")):  # fmt: skip
            assert seed_of(typed) == seed


def test_any_one_typing_error_on_paper_is_noticed() -> None:
    seed = bytes(range(32))
    paper = paper_of(seed).replace(" ", "")
    for at in range(len(paper)):
        for character in "0123456789ABCDEFGHJKMNPQRSTVWXYZ":
            if character != paper[at]:
                with pytest.raises(BadPaperKey):
                    seed_of(paper[:at] + character + paper[at + 1 :])
    for at in range(len(paper) - 1):
        if paper[at] != paper[at + 1]:
            with pytest.raises(BadPaperKey):
                seed_of(paper[:at] + paper[at + 1] + paper[at] + paper[at + 2 :])
    for wrong in ("", paper[:-1], paper + "0", paper[:-1] + "U", "!" * 58, "Z" * 58):
        with pytest.raises(BadPaperKey):
            seed_of(wrong)


def test_an_invitation_comes_back_however_it_is_typed_and_typing_errors_are_noticed() -> None:
    invitation = Invitation(b"\x01\x71\x12\x20" + bytes(range(32)), bytes(range(32, 64)))
    text = invitation.text()
    assert text.startswith("icn-")
    for typed in (text, text.upper(), text.replace("-", ""), text.replace("-", " "), f" {text} \n"):
        assert Invitation.read(typed) == invitation
    body = text.removeprefix("icn-").replace("-", "")
    dice = random.Random(5)
    for _ in range(300):
        at = dice.randrange(len(body))
        other = dice.choice("abcdefghijklmnopqrstuvwxyz234567".replace(body[at], ""))
        with pytest.raises(BadInvitation):
            Invitation.read(body[:at] + other + body[at + 1 :])
    for wrong in ("", "icn-", text[:-1], text + "a", "icn-1890", "hello there"):
        with pytest.raises(BadInvitation):
            Invitation.read(wrong)
