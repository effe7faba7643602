"""Black box: a co-op is founded, members join, trade, sign elsewhere and prove; with a daemon and without."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dag.cid import cid_of, cid_text
from icn_node.books.options import ExportOptions, ImportOptions
from icn_node.cli import daemon, reach
from icn_node.cli.failure import INVALID, LOCKED, OK, REFUSED, UNREACHABLE, USAGE
from icn_node.cli.fixed import VERBS
from icn_node.home import Home
from tests.cli.coop import ROOT, Daemon, Ran, icn

ANN, BOB = {"member": "ann", "secret": "of ann"}, {"member": "bob", "secret": "of bob"}


class Coop:
    """A founded home with a running daemon; ann founded it, bob joined."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        made = self.icn("init", "riverside", "--title", "Riverside Co-op", "--handle", "ann", "--founder-name",
                        "Ann Visser", "--credit", "SUN", "--hours", "--books", "MOON",
                        "--timezone", "Europe/Amsterdam", "--json", **ANN)  # fmt: skip
        assert made.status == OK, made
        self.founded: dict[str, Any] = made.document
        self.daemon: Daemon | None = None
        code = self.icn("member", "invite", "--handle", "bob", "-q", **ANN)
        assert code.status == OK, code
        joined = self.icn("member", "join", code.out.strip(), "--name", "Bob de Boer", secret="of bob")
        assert joined.status == OK, joined

    def icn(self, *arguments: str, **more: Any) -> Ran:
        return icn(*arguments, home=self.home, **more)

    def pay(self, amount: str, *more: str, **who: str) -> Ran:
        return self.icn("credit", "transfer", "bob", amount, "SUN", *more, **(who or ANN))


@pytest.fixture(scope="module")
def coop() -> Iterator[Coop]:
    with tempfile.TemporaryDirectory(prefix="icn-") as folder:
        made = Coop(Path(folder))
        made.daemon = Daemon(made.home)
        yield made
        if made.daemon is not None:
            assert made.daemon.stop() == OK


def test_init_says_what_was_made_and_keeps_the_recovery_key_nowhere(coop: Coop) -> None:
    founded = coop.founded
    assert founded["space"].startswith("bafyrei")
    assert len(founded["recovery_key"].replace(" ", "")) == 58
    for path in coop.home.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert founded["recovery_key"].encode() not in content
            assert founded["recovery_key"].replace(" ", "").encode() not in content
    again = coop.icn("init", "other", **ANN)
    assert (again.status, "there is a node in" in again.err.lower()) == (INVALID, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "NAME is missing"),
        (("x", "--recovery-key", "did:key:zzz"), "is no key's DID"),
        (("x", "--recovery-key", "print", "--recovery-key", "did:key:zzz"), "not both"),
        (("x", "--recovery-threshold", "2"), "more than the keys there are"),
        (("x", "--credit", "SUN", "--floor", "1.234"), "at most two decimals"),
        (("x", "--sample"), "takes no other choices"),
        (("Bad Name",), "--name is a public short name"),
        (("x", "--handle", "Bad Name"), "--handle is a public short name"),
        (("x", "--credit", "sun"), "--credit is a unit's code"),
        (("x", "--module", "credits"), "Did you mean credit?"),
        (("x", "--role", "A B"), "--role is a name"),
        (("x", "--language", "english"), "--language is a code"),
        (("x", "--timezone", "Mars/Base"), "--timezone Mars/Base is not known"),
    ],
)
def test_init_refuses_choices_before_it_makes_anything(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    ran = icn("init", *arguments, home=tmp_path / "new", secret="of ann")
    assert (ran.status, said in ran.err) == (USAGE, True), ran
    assert not (tmp_path / "new").exists()


def test_status(coop: Coop) -> None:
    ran = coop.icn("status")
    assert ran.status == OK
    assert ran.out.startswith("Riverside Co-op\n")
    assert coop.founded["space"] in ran.out
    document = coop.icn("status", "--json").document
    assert (document["running"], document["members"], document["state"]) == (True, 2, "running")


def test_members_pay_each_other_and_read_what_is_theirs(coop: Coop) -> None:
    before = coop.icn("credit", "balance", "--json", **BOB).document
    paid = coop.pay("12.50", "--memo", "bread & cheese", "--json")
    assert paid.status == OK
    assert paid.document["event"].startswith("bafyrei")
    after = coop.icn("credit", "balance", "--json", **BOB).document
    had = int(before[0]["balance_minor"]) if before else 0
    assert int(after[0]["balance_minor"]) == had + 1250
    history = coop.icn("credit", "history", "SUN", **BOB)
    assert "bread & cheese" in history.out
    # What is for the parties the operator does not read.
    operator = coop.icn("credit", "history", "SUN", "bob", "--json")
    assert operator.status == OK
    assert operator.document[0]["memo"] is None
    assert operator.document[0]["memo_state"] == "private"


def test_texts_from_files_and_dry_runs(coop: Coop) -> None:
    memo = coop.folder / "memo"
    memo.write_text("from a file\n", encoding="utf-8")
    assert coop.pay("1", "--memo", f"@{memo}").status == OK
    assert "from a file" in coop.icn("credit", "history", "SUN", **BOB).out
    events = coop.icn("dag", "head", "--json").document["events"]
    dry = coop.pay("1", "--dry-run", "--json")
    assert (dry.status, dry.document["dry_run"]) == (OK, True)
    assert coop.icn("dag", "head", "--json").document["events"] == events


@pytest.mark.parametrize(
    ("line", "who", "status", "said"),
    [
        ("credit transfer bob 100000 SUN", ANN, REFUSED, "Refused: The account can spend"),
        ("role grant steward bob", BOB, REFUSED, "Refused under 3.1"),
        ("credit transfer bob 0 SUN", ANN, USAGE, "more than zero"),
        ("credit transfer bob 1.234 SUN", ANN, USAGE, "at most 2 decimals"),
        ("credit transfer nobody 1 SUN", ANN, USAGE, "nobody here is called that"),
        ("credit transfer bob 1 MOON", ANN, USAGE, "a unit of this space"),
        ("credit transfer bob 1 SUN", {"member": "ann", "secret": "wrong"}, LOCKED, "the secret does not open"),
        ("credit transfer bob 1 SUN", {"member": "zoe", "secret": "x"}, USAGE, "nobody here is called that"),
        ("credit transfer bob 1 SUN", {"member": "ann"}, LOCKED, "a secret is needed"),
        ("dag get bafyno", ANN, USAGE, "the CID of an event"),
        (f"dag get {cid_text(cid_of(b'no event'))}", ANN, INVALID, "does not hold"),
        ("member join icn-aaaa --handle x", {"secret": "of x"}, USAGE, "the code is not"),
    ],
)
def test_what_does_not_go(coop: Coop, line: str, who: dict[str, str], status: int, said: str) -> None:
    events = coop.icn("dag", "head", "--json").document["leaves"]
    ran = coop.icn(*line.split(), **who)
    assert (ran.status, ran.out) == (status, ""), ran
    assert said.lower() in ran.err.lower()
    assert coop.icn("dag", "head", "--json").document["leaves"] - events <= (status == REFUSED)


def test_an_event_prepared_here_signed_there_and_handed_in(coop: Coop, tmp_path: Path) -> None:
    elsewhere = tmp_path / "ann's laptop"
    key = tmp_path / "ann.key"
    founder = coop.founded["founder"]
    assert coop.icn("key", "export", founder, "--out", str(key)).status == OK
    assert key.stat().st_mode & 0o777 == 0o600
    assert icn("key", "import", str(key), home=elsewhere).status == OK
    prepared, signed = tmp_path / "pay.event", tmp_path / "pay.signed"
    made = coop.icn("prepare", "--out", str(prepared), "credit", "transfer", "bob", "3", "SUN", "--memo", "rent",
                    "--and", "credit", "transfer", "bob", "2", "SUN", member="ann")  # fmt: skip
    assert made.status == OK, made
    # The other machine has a key and nothing else: no node, no icn.toml.
    shown = icn("sign", str(prepared), "--out", str(signed), home=elsewhere, secret="of ann")
    assert shown.status == OK, shown
    assert "amount minor: 300" in shown.err
    assert "amount minor: 200" in shown.err
    assert founder in shown.err
    assert "(private, " in shown.err
    assert not (elsewhere / "icn.toml").exists()
    assert icn("sign", str(prepared), home=elsewhere, secret="wrong").status == LOCKED
    done = coop.icn("submit", str(signed), "--json")
    assert done.status == OK, done
    assert len(done.document["result"]) == 2
    assert "rent" in coop.icn("credit", "history", "SUN", **BOB).out
    # The same again is the same event with the same outcome.
    again = coop.icn("submit", str(signed), "--json")
    assert (again.status, again.document["event"], again.document["index"]) == (
        OK, done.document["event"], done.document["index"],
    )  # fmt: skip


def test_events_that_cannot_be_handed_in(coop: Coop, tmp_path: Path) -> None:
    prepared, signed = tmp_path / "p", tmp_path / "s"
    coop.icn("prepare", "--out", str(prepared), "credit", "transfer", "bob", "5000", "SUN", member="ann")
    assert coop.icn("submit", str(prepared)).status == INVALID
    assert coop.icn("sign", str(prepared), "--out", str(signed), secret="of ann").status == OK
    assert coop.icn("sign", str(signed), secret="of ann").status == INVALID
    refused = coop.icn("submit", str(signed))
    assert (refused.status, "The account can spend" in refused.err) == (REFUSED, True)
    document = json.loads(signed.read_text())
    flipped = document["block"][:-8] + ("A" if document["block"][-8] != "A" else "B") + document["block"][-7:]
    signed.write_text(json.dumps({**document, "block": flipped}))
    forged = coop.icn("submit", str(signed))
    assert (forged.status, "holds no valid event" in forged.err) == (INVALID, True)
    for content in ("", "[]", '{"icn": "signed event", "v": 9}', '{"icn": "signed event", "v": 1, "block": "%"}'):
        signed.write_text(content)
        assert coop.icn("submit", str(signed)).status == INVALID


def test_several_events_at_once(coop: Coop, tmp_path: Path) -> None:
    files = []
    for who, payee, amount in ((ANN, "bob", "1"), (BOB, "ann", "9000")):
        prepared, signed = tmp_path / f"p{amount}", tmp_path / f"s{amount}"
        coop.icn("prepare", "--out", str(prepared), "--as", who["member"], "credit", "transfer", payee, amount, "SUN")
        assert coop.icn("sign", str(prepared), "--out", str(signed), secret=who["secret"]).status == OK
        files.append(str(signed))
    ran = coop.icn("submit", *files, "--json")
    assert ran.status == REFUSED
    assert [(row["status"], row["why"]) for row in ran.document] == [("executed", ""), ("refused", "over_floor")]


def test_joining_without_a_node(coop: Coop, tmp_path: Path) -> None:
    own = tmp_path / "carol"
    code = coop.icn("member", "invite", "-q", **ANN).out.strip()
    signed = tmp_path / "joining"
    for wrong in (("--name", "Carol"), ("--handle", "Not A Handle")):
        assert icn("member", "join", code, "--self", *wrong, home=own, secret="of carol").status == USAGE
    ran = icn("member", "join", code, "--self", "--handle", "carol", "--out", str(signed), home=own, secret="of carol")
    assert ran.status == OK, ran
    assert coop.icn("submit", str(signed)).status == OK
    member = coop.icn("member", "show", "carol", "--json").document
    assert member["handle"] == "carol"
    # Her key is hers alone: this node cannot act for her, and she signs at home.
    assert coop.icn("credit", "transfer", "bob", "1", "SUN", member="carol", secret="of carol").status == LOCKED
    prepared, paid = tmp_path / "p", tmp_path / "s"
    line = ("credit", "transfer", "bob", "1", "SUN")
    assert coop.icn("prepare", "--out", str(prepared), *line, member="carol").status == OK
    assert icn("sign", str(prepared), "--out", str(paid), home=own, secret="of carol").status == OK
    assert coop.icn("submit", str(paid)).status == OK
    assert coop.icn("member", "join", code, "--handle", "carl", secret="of carl").status in (REFUSED, INVALID)


def test_another_device(coop: Coop, tmp_path: Path) -> None:
    phone = tmp_path / "phone"
    made = icn("key", "create", "-q", home=phone, secret="of phone")
    did = made.out.strip()
    bob = coop.icn("member", "show", "bob", "--json").document["did"]
    space = coop.founded["space"]
    proof = icn("key", "bind", bob, "--space", space, "-q", home=phone, secret="of phone").out.strip()
    assert len(proof) == 128
    assert coop.icn("member", "key", "add", did, "00" * 64, **BOB).status == REFUSED
    added = coop.icn("member", "key", "add", did, proof, "--label", "phone", **BOB)
    assert added.status == OK, added
    assert did in coop.icn("member", "key", "list", "bob", "--json").out
    assert coop.icn("member", "key", "revoke", did, **BOB).status == OK


def test_keys_of_a_home(coop: Coop, tmp_path: Path) -> None:
    own = tmp_path / "own"
    did = icn("key", "create", "--json", home=own, secret="first").document["did"]
    assert icn("key", "list", "-q", home=own).out.strip() == did
    new = tmp_path / "new-secret"
    new.write_text("second\n", encoding="utf-8")
    assert icn("key", "secret", did, "--new-secret-file", str(new), home=own, secret="wrong").status == LOCKED
    assert icn("key", "secret", did, "--new-secret-file", str(new), home=own, secret="first").status == OK
    bind = ("key", "bind", did, "--space", coop.founded["space"])
    assert icn(*bind, home=own, secret="first").status == LOCKED
    assert icn(*bind, home=own, secret="second").status == OK
    assert icn("key", "create", home=own, secret="abc").status == LOCKED  # too short
    exported = icn("key", "export", did, "--json", home=own).document
    assert (exported["did"], exported["custody"]) == (did, "self")
    file = tmp_path / "file"
    file.write_text(json.dumps(exported), encoding="utf-8")
    assert icn("key", "import", str(file), home=own).status == INVALID  # it is there
    file.write_text("{}", encoding="utf-8")
    assert icn("key", "import", str(file), home=own).status == INVALID
    assert icn("key", "export", "did:key:nonsense", home=own).status == USAGE
    assert icn("key", "export", coop.founded["founder"], home=own).status == LOCKED  # another home's
    listed = {row["key"]: row for row in coop.icn("key", "list", "--json").document}
    assert listed[coop.founded["founder"]]["member"] == "ann"


def test_an_organisation_and_an_applicant(coop: Coop) -> None:
    made = coop.icn("organisation", "create", "bakery", "--signers", "bob", "--name", "Bakery", **ANN)
    assert made.status == OK, made
    assert coop.icn("mandate", "accept", "bakery", **BOB).status == OK
    applied = coop.icn("member", "apply", "dave", "--statement", "I moved here.", "--json", secret="of dave")
    assert applied.status == OK, applied
    waiting = coop.icn("member", "applications", "--json").document
    assert [row["handle"] for row in waiting] == ["dave"]
    assert coop.icn("member", "admit", "dave", **ANN).status == OK
    assert coop.icn("credit", "balance", member="dave", secret="of dave").status == OK


def test_a_proposal_that_carries_out_what_was_typed(coop: Coop) -> None:
    ran = coop.icn("governance", "propose", "policy", "A cook", "--execute", "role define cook Cook --seats 2",
                   "--execute", "role grant cook bob", "-q", **ANN)  # fmt: skip
    assert ran.status == OK, ran
    events = coop.icn("dag", "log", "--limit", "1", "--json").document
    shown = coop.icn("dag", "get", events[0]["event"], "--json").document
    held = shown["ops"][0]["execute"]
    assert [op["op"] for op in held] == ["role.define", "role.grant"]
    assert held[1]["member"].startswith("did:key:")


def test_proofs_hold_anywhere(coop: Coop, tmp_path: Path) -> None:
    event = coop.pay("1", "--json").document["event"]
    file = tmp_path / "payment.proof"
    assert coop.icn("dag", "proof", event, "--out", str(file)).status == OK
    nowhere = tmp_path / "nowhere"
    space = coop.founded["space"]
    held = icn("check-proof", str(file), space, "--json", home=nowhere)
    assert (held.status, held.document["holds"], held.document["event"]) == (OK, True, event)
    assert held.document["ops"][0]["amount_minor"] == 100
    text = tmp_path / "payment.json"
    text.write_text(coop.icn("dag", "proof", event, "--text").out, encoding="utf-8")
    assert "The proof holds." in icn("check-proof", str(text), space, home=nowhere).out
    assert icn("check-proof", str(file), event, home=nowhere).status == INVALID  # another space's founding
    assert icn("check-proof", str(file), "bafyx", home=nowhere).status == USAGE
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert icn("check-proof", str(file), space, home=nowhere).status == INVALID
    assert not nowhere.exists()


def test_the_record(coop: Coop, tmp_path: Path) -> None:
    verified = coop.icn("dag", "verify", "--json")
    assert (verified.status, verified.document["ok"]) == (OK, True)
    assert "Everything holds." in coop.icn("dag", "verify").out
    car = tmp_path / "all.car"
    assert coop.icn("dag", "export", str(car), "--with-private").status == OK
    taken = coop.icn("dag", "import", str(car), "--json")
    assert (taken.status, taken.document["new"]) == (OK, 0)
    car.write_bytes(car.read_bytes()[:-1])
    assert coop.icn("dag", "import", str(car)).status == INVALID
    page = coop.icn("dag", "log", "--after", "0", "--limit", "2", "--json").document
    assert [row["index"] for row in page] == [1, 2]


def test_books_out(coop: Coop, tmp_path: Path) -> None:
    target = tmp_path / "books.csv"
    assert coop.icn("export", "ledger", "--out", str(target), **ANN).status == OK
    printed = coop.icn("export", "ledger", **ANN)
    assert printed.status == OK
    assert printed.out.replace("\r\n", "\n") == target.read_bytes().decode().replace("\r\n", "\n")
    statement = coop.icn("export", "statement", "--unit", "SUN", "--member", "bob", "--json", **BOB)
    assert statement.status == OK, statement
    assert coop.icn("export", "statement", "--unit", "SUN", **BOB).status == USAGE


def test_books_in(coop: Coop, tmp_path: Path) -> None:
    file, bad = tmp_path / "old.csv", tmp_path / "bad.csv"
    file.write_text("Date,From,To,Amount\n2024-01-05,One,Two,5.25\n2024-01-06,Two,Three,1.5\n", encoding="utf-8")
    bad.write_text("Date,From,To,Amount\n2024-01-07,One,Two,x\n", encoding="utf-8")
    columns = ("--map", "date=Date,from=From,to=To,amount=Amount")
    refused = coop.icn("import", str(file), "--unit", "SUN", *columns, **ANN)
    assert (refused.status, "authority" in refused.err) == (REFUSED, True), refused
    moon = ("--unit", "MOON", *columns)
    assert coop.icn("import", str(tmp_path / "none.csv"), *moon, **ANN).status == INVALID
    assert coop.icn("import", str(file), "--unit", "MOON", "--map", "date=Date", **ANN).status == USAGE
    broken = coop.icn("import", str(bad), *moon, **ANN)
    assert (broken.status, "line 2" in broken.out) == (INVALID, True), broken
    dry = coop.icn("import", str(file), *moon, "--dry-run", "--json", **ANN)
    assert (dry.status, dry.document["outcome"], dry.document["posted"]) == (OK, "dry_run", 2)
    done = coop.icn("import", str(file), *moon, **ANN)
    assert (done.status, "2 rows posted" in done.out) == (OK, True), done
    assert "sum of all balances, zero each" in done.out
    again = coop.icn("import", str(file), *moon, "--json", **ANN)
    assert (again.status, again.document["outcome"]) == (OK, "nothing_new")


@pytest.mark.parametrize(
    ("words", "options", "own"),
    [
        (("import",), ImportOptions, {"file", "kind"}),
        (("import", "members"), ImportOptions, {"file", "kind"}),
        (("import", "opening-balances"), ImportOptions, {"file", "kind"}),
        (("export",), ExportOptions, {"out"}),
    ],
)
def test_books_options_are_those_of_the_node(words: tuple[str, ...], options: Any, own: set[str]) -> None:
    names = {p.name for v in VERBS if v.words == words for p in v.params}
    assert names - own <= set(options.__struct_fields__)
    if words == ("export",):
        assert set(options.__struct_fields__) - {"path"} == names - own


def test_watching(coop: Coop) -> None:
    code = "import sys; from icn_node.cli.main import main; sys.exit(main())"
    watching = subprocess.Popen(
        [sys.executable, "-c", code, "watch", "--topics", "commits", "--count", "1"], text=True, cwd=ROOT,
        env={**os.environ, "ICN_HOME": str(coop.home)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert watching.stderr is not None
    assert watching.stderr.readline().startswith("Following commits from log entry ")
    event = coop.pay("1", "--json").document["event"]
    printed, rest = watching.communicate(timeout=30)
    assert (watching.returncode, rest) == (OK, "")
    assert printed.rstrip().endswith(event[-8:])
    assert "  ok  " in printed


def test_rpc(coop: Coop) -> None:
    assert coop.icn("rpc", "credit.balance", '{"party": "bob"}').document[0]["party"] == "bob"
    assert coop.icn("rpc", "credit.balnce").status == USAGE
    assert coop.icn("rpc", "rpc.discover", "--json").document["openrpc"].startswith("1.")
    paid = coop.icn("rpc", "credit.transfer", '{"as": "ann", "payee": "bob", "amount": "1", "unit": "SUN"}', **ANN)
    assert paid.document["status"] == "executed"


def test_many_calls_in_their_order(coop: Coop, tmp_path: Path) -> None:
    file = tmp_path / "calls"
    pay = {"method": "credit.transfer", "params": {"as": "ann", "payee": "bob", "amount": "0.01", "unit": "SUN"}}
    file.write_text("\n".join(json.dumps(pay) for _ in range(5)) + "\n", encoding="utf-8")
    ran = coop.icn("rpc", "--batch", str(file), "--json", **ANN)
    assert ran.status == OK, ran
    numbers = [row["result"]["result"] for row in ran.document]
    assert numbers == list(range(numbers[0], numbers[0] + 5))
    with file.open("a", encoding="utf-8") as more:
        more.write('{"method": "no.such"}\n{"method": "dag.head"}\n')
    mixed = coop.icn("rpc", "--batch", str(file), "--json", **ANN)
    assert mixed.status == USAGE
    assert [("error" in row) for row in mixed.document] == [False] * 5 + [True, False]
    file.write_text("nonsense\n", encoding="utf-8")
    assert coop.icn("rpc", "--batch", str(file)).status == USAGE
    assert coop.icn("rpc").status == USAGE


def test_notices_for_operators(coop: Coop) -> None:
    assert coop.icn("node", "notices", "--json").status == OK


def test_a_second_node_is_refused_with_the_process_of_the_first(coop: Coop) -> None:
    assert coop.daemon is not None
    ran = coop.icn("node", "run")
    assert ran.status == UNREACHABLE
    assert f"(process {coop.daemon.process.pid})" in ran.err


def test_a_home_in_use_without_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "BUSY_SECONDS", 0.1)
    monkeypatch.setattr(daemon, "BUSY_SECONDS", 0.1)
    home = Home(tmp_path)
    home.make()
    home.write_config("x")
    home.lock()
    try:
        ran = icn("dag", "head", home=tmp_path)
        started = icn("node", "run", home=tmp_path)
    finally:
        home.unlock()
    assert ran.status == UNREACHABLE
    assert f"Process {os.getpid()} has the home" in ran.err
    assert "does not answer on its socket" in ran.err
    assert started.status == UNREACHABLE


def test_a_space_that_is_damaged_or_gone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert icn("init", "other", home=home, **ANN).status == OK
    file = Home(home).space_path("other")
    file.write_bytes(b"no database" * 1000)
    for line in ("status", "node run", "member list"):
        damaged = icn(*line.split(), home=home)
        assert (damaged.status, damaged.out) == (INVALID, ""), damaged
        assert "restore it from a backup" in damaged.err
    file.unlink()
    assert icn("node", "run", home=home).status == INVALID
    (home / "icn.toml").write_text("nonsense", encoding="utf-8")
    assert icn("status", home=home).status == INVALID


def test_a_short_command_on_the_home_is_waited_for(coop: Coop, tmp_path: Path) -> None:
    made = tmp_path / "home"
    assert icn("init", "other", home=made, **ANN).status == OK
    home = Home(made)
    home.lock()
    soon = threading.Timer(0.3, home.unlock)
    soon.start()
    assert icn("dag", "head", home=made).status == OK
    soon.join()


# -- last, because the daemon ends here --------------------------------------------------------------------------------


def test_killed_stopped_and_without_a_daemon_all_is_there(coop: Coop) -> None:
    assert coop.daemon is not None
    questions = (("member", "list"), ("credit", "accounts", "SUN"), ("dag", "head"), ("governance", "list"))
    online = [coop.icn(*q, "--json").document for q in questions]
    coop.daemon.kill()
    coop.daemon = None
    assert (coop.home / "node.sock").exists()  # left behind, and recognised as such
    offline = [coop.icn(*q, "--json").document for q in questions]
    assert offline[:2] == online[:2]
    assert offline[2]["events"] == online[2]["events"]
    status = coop.icn("status", "--json")
    assert (status.status, status.document["running"]) == (UNREACHABLE, False)
    assert coop.pay("1").status == OK
    assert coop.icn("dag", "verify").status == OK
    assert coop.icn("node", "stop").status == UNREACHABLE
    coop.daemon = Daemon(coop.home)
    assert coop.icn("node", "stop").status == OK
    assert coop.daemon.end() == OK
    coop.daemon = None
    assert not (coop.home / "node.sock").exists()


def test_a_backup_is_restored_with_the_printed_key_and_signs_again(coop: Coop, tmp_path: Path) -> None:
    file, paper = tmp_path / "a.icnbackup", tmp_path / "paper"
    made = coop.icn("backup", str(file), "--json")
    assert made.status == OK, made
    paper.write_text(coop.founded["recovery_key"], encoding="utf-8")
    home = tmp_path / "restored"
    assert icn("restore", str(file), home=home).status == LOCKED  # nobody to ask
    wrong = tmp_path / "wrong"
    wrong.write_text("01TAD Z3MNC", encoding="utf-8")
    assert icn("restore", str(file), "--recovery-key-file", str(wrong), home=home).status == LOCKED
    assert icn("restore", str(tmp_path / "none"), "--recovery-key-file", str(paper), home=home).status == INVALID
    assert icn("restore", str(paper), "--recovery-key-file", str(paper), home=home).status == INVALID
    done = icn("restore", str(file), "--recovery-key-file", str(paper), "--json", home=home)
    assert done.status == OK, done
    assert done.document["space"] == coop.founded["space"]
    assert icn("credit", "transfer", "bob", "1", "SUN", home=home, **ANN).status == OK
    assert icn("dag", "verify", home=home).status == OK
    assert icn("restore", str(file), "--recovery-key-file", str(paper), home=home).status == INVALID  # not empty
