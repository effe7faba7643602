"""`icn` as a program: exit codes, one JSON document and nothing else, words for people, never a trace unasked."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from icn_node.cli import main as way_in
from icn_node.cli import settings
from icn_node.cli.failure import INTERNAL, INTERRUPTED, INVALID, LOCKED, OK, REFUSED, UNREACHABLE, USAGE, Failure
from icn_node.cli.main import main
from tests.cli.fakes import STATUS, Error, FakeNode

REFUSAL = Error(-32001, "no", {
    "code": "over_floor", "text": "The account can spend 5.00.", "advice": "Pay less.", "clause": "3.2",
    "clause_text": "Nobody goes below the floor.",
})  # fmt: skip
DONE = {"event": "bafyevent", "status": "executed", "index": 7, "time": "2026-05-01T12:00:00Z", "result": 3}
ROWS = [
    {"no": 1, "handle": "ann", "name": "Ann \x1b[31mB", "status": "active", "since": "2026-05-01T12:00:00Z",
     "since_ms": 1777636800000, "did": "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"},
]  # fmt: skip
ANSWERS: dict[str, Any] = {
    "node.status": STATUS, "session.open": {"member": "did:key:z"}, "credit.transfer": DONE, "member.list": ROWS,
    "dag.head": {"space": "bafyspace", "leaves": 8}, "credit.reverse": REFUSAL, "credit.balance": [],
    "dag.verify": {"ok": False, "faults": ["leaf 3 differs"], "events": 4, "sums": {"SUN": "0"}},
    "currency.mint": Error(-32003, "the key is locked"), "dag.get": Error(-32005, "this node does not hold it"),
    "unit.list": Error(-32006, "the disk is full: make room"), "approval.approve": Error(-32603, "a bug"),
    "credit.accept": {**DONE, "status": "awaits approval", "approval": 4, "result": "approval:4"},
    "credit.issue": {"dry_run": True, "status": "would be executed", "result": 9},
}  # fmt: skip


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("ICN_HOME", str(tmp_path))
    monkeypatch.setenv("ICN_AS", "ann")
    monkeypatch.setenv("ICN_SECRET", "sesame")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TZ", "UTC")
    with FakeNode(tmp_path, dict(ANSWERS)) as fake:
        yield fake


CASES = [
    ("status", OK),
    ("version", OK),
    ("help", OK),
    ("--help", OK),
    ("credit", OK),
    ("credit transfer --help", OK),
    ("completion fish", OK),
    ("member list", OK),
    ("credit balance", OK),
    ("dag head", OK),
    ("credit transfer bob 1 SUN", OK),
    ("credit issue ann bob 1 SUN --dry-run", OK),
    ("credit accept 1", OK),
    ("rpc dag.head", OK),
    ("credit reverse 1", REFUSED),
    ("kredit", USAGE),
    ("credit transfer bob", USAGE),
    ("rpc no.such", USAGE),
    ("rpc dag.head [1]", USAGE),
    ("unit list", UNREACHABLE),
    ("dag get bafyx", INVALID),
    ("dag verify", INVALID),
    ("check-proof /no/such/file bafyx", USAGE),
    ("currency mint 5 LEAF", LOCKED),
    ("approval approve 1", INTERNAL),
]


@pytest.mark.parametrize(("line", "status"), CASES)
def test_exit_codes_and_one_json_document(
    node: FakeNode, capfd: pytest.CaptureFixture[str], line: str, status: int
) -> None:
    assert main(line.split()) == status
    plain = capfd.readouterr()
    assert bool(plain.err) == (status not in (OK,) and line != "dag verify")
    assert "Traceback" not in plain.out + plain.err
    assert "\x1b" not in plain.out + plain.err
    assert main(["--json", *line.split()]) == status
    found = capfd.readouterr()
    assert found.err == ""
    document = json.loads(found.out)
    if "error" in document:
        assert document["error"]["exit"] == status
        assert document["error"]["message"]
    else:
        assert status == OK or line == "dag verify"


def test_a_command_is_called_as_the_member_who_acts(node: FakeNode, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["credit", "transfer", "bob", "12.50", "SUN", "--memo", "bread"]) == OK
    assert node.calls == [
        ("session.open", {"member": "ann", "secret": "sesame"}),
        ("credit.transfer", {"as": "ann", "payee": "bob", "amount": "12.50", "unit": "SUN", "memo": "bread"}),
    ]
    assert capfd.readouterr().out == (
        "Done; the transfer's number: 3.\nevent: bafyevent\nlog:   7\ntime:  2026-05-01 12:00\n"
    )


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("credit accept 1", "Waits for the approval of others: see `icn approval show 4`."),
        ("credit issue ann bob 1 SUN", "Would be done (nothing was changed); the transfer's number: 9."),
    ],
)
def test_what_was_not_simply_done(
    node: FakeNode, capfd: pytest.CaptureFixture[str], line: str, words: str
) -> None:  # fmt: skip
    assert main(line.split()) == OK
    assert capfd.readouterr().out.splitlines()[0] == words


def test_refusals_in_plain_words(node: FakeNode, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["credit", "reverse", "1"]) == REFUSED
    assert capfd.readouterr().err == (
        "Refused: The account can spend 5.00.\nClause 3.2: Nobody goes below the floor.\nWhat to do: Pay less.\n"
    )


def test_a_table_of_strangers_texts(node: FakeNode, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["member", "list"]) == OK
    assert capfd.readouterr().out == (
        "no  handle  name           status  since             did\n"
        " 1  ann     Ann \\x1b[31mB  active  2026-05-01 12:00  …pbnnEGta2doK\n"
    )


@pytest.mark.parametrize("width", ["40", "60", "80", "200"])
def test_tables_fit_the_terminal(
    node: FakeNode, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    assert main(["member", "list"]) == OK
    found = capfd.readouterr()
    assert all(len(line) <= int(width) for line in found.out.splitlines())
    assert ("not shown" in found.err) == (width == "40")


@pytest.mark.parametrize(
    ("line", "out"),
    [("credit transfer bob 1 SUN", "3\n"), ("member list", "1\n"), ("credit balance", ""), ("status", "running\n"),
     ("dag head", "")],
)  # fmt: skip
def test_quiet_prints_the_bare_result(
    node: FakeNode, capfd: pytest.CaptureFixture[str], line: str, out: str
) -> None:  # fmt: skip
    assert main([*line.split(), "-q"]) == OK
    found = capfd.readouterr()
    assert (found.out, found.err) == (out, "")


def test_a_page_that_is_full_says_that_there_may_be_more(node: FakeNode, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["member", "list", "--limit", "1"]) == OK
    assert "--after" in capfd.readouterr().err


def test_colour_only_on_a_terminal_and_by_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    from icn_node.cli.output import Output

    assert Output.coloured(Terminal())
    monkeypatch.setenv("TERM", "dumb")
    assert not Output.coloured(Terminal())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not Output.coloured(Terminal())


def test_a_fault_is_one_line_and_a_trace_only_when_asked(
    node: FakeNode, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(verb: Any) -> Any:
        raise ZeroDivisionError("of ours")

    monkeypatch.setattr(way_in, "function_of", broken)
    assert main(["status"]) == INTERNAL
    said = capfd.readouterr().err.splitlines()
    assert said[0].startswith("A fault of the program: ZeroDivisionError: of ours at test_main.py:")
    assert len(said) == 2
    with pytest.raises(ZeroDivisionError):
        main(["status", "--debug"])


def test_an_interrupt_ends_quietly(
    node: FakeNode, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(verb: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(way_in, "function_of", interrupted)
    assert main(["status"]) == INTERRUPTED
    assert capfd.readouterr() == ("", "")
    assert main(["status", "--json"]) == INTERRUPTED
    assert json.loads(capfd.readouterr().out)["error"]["exit"] == INTERRUPTED


def test_a_reader_that_goes_away_is_no_fault(tmp_path: Path) -> None:
    ran = subprocess.run(
        ["bash", "-c", (f"{sys.executable} -c 'from icn_node.cli.main import main; main()' help | head -1; "
         "echo ${PIPESTATUS[0]}")],
        capture_output=True, text=True, timeout=60, env={**os.environ, "PYTHONUNBUFFERED": "1"},
        cwd=Path(__file__).parents[2], check=True,
    )  # fmt: skip
    assert ran.stderr == ""
    assert ran.stdout.splitlines()[0].startswith("icn: a co-op's node.")
    assert ran.stdout.splitlines()[1] == "0"


def test_bytes_that_are_no_text_are_refused(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["member", "show", os.fsdecode(b"\xff")]) == USAGE
    assert "is not UTF-8 text" in capfd.readouterr().err


def test_no_node_and_a_node_that_does_not_run(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ICN_HOME", str(tmp_path / "none"))
    for line in ("status", "dag head", "member list"):
        assert main(line.split()) == UNREACHABLE
        assert "There is no node in" in capfd.readouterr().err
    for line in ("watch", "node stop"):
        assert main(line.split()) == UNREACHABLE
        assert "start it with `icn node run`" in capfd.readouterr().err


# -- who acts, and secrets ---------------------------------------------------------------------------------------------


def test_nobody_acts(node: FakeNode, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ICN_AS")
    assert main(["credit", "transfer", "bob", "1", "SUN"]) == USAGE
    assert "--as NAME" in capfd.readouterr().err
    assert node.calls == []


def test_icn_toml_says_who_acts_and_where_the_secret_is(
    node: FakeNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ICN_AS")
    monkeypatch.delenv("ICN_SECRET")
    text = 'space = "x"\n[members]\ndefault = "carol"\nsecret_file = "s"\n'
    (tmp_path / "icn.toml").write_text(text, encoding="utf-8")
    (tmp_path / "s").write_text("of carol\n", encoding="utf-8")
    assert main(["credit", "transfer", "bob", "1", "SUN"]) == OK
    assert node.calls[0] == ("session.open", {"member": "carol", "secret": "of carol"})
    # The file holds that member's secret, nobody else's.
    assert main(["--as", "dan", "credit", "transfer", "bob", "1", "SUN"]) == LOCKED


def test_a_secret_file_goes_before_the_environment(node: FakeNode, tmp_path: Path) -> None:
    (tmp_path / "s").write_text("from file\n", encoding="utf-8")
    assert main(["--secret-file", str(tmp_path / "s"), "member", "list"]) == OK
    assert node.calls[0] == ("session.open", {"member": "ann", "secret": "from file"})


@pytest.mark.parametrize("content", [None, "", "\n"])
def test_secret_files_that_hold_none(node: FakeNode, tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "s").write_text(content, encoding="utf-8")
    assert main(["--secret-file", str(tmp_path / "s"), "member", "list"]) == LOCKED
    assert node.calls == []


def test_reading_without_a_secret_is_the_operators(node: FakeNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ICN_SECRET")
    assert main(["member", "list"]) == OK
    assert [name for name, _ in node.calls] == ["member.list"]


def test_reading_as_somebody_needs_the_secret(
    node: FakeNode, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ICN_SECRET")
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert main(["--as", "bob", "member", "list"]) == LOCKED
    assert "--secret-file" in capfd.readouterr().err
    monkeypatch.setattr("icn_node.cli.reach.ask_secret", lambda prompt: f"typed for {prompt}")
    assert main(["--as", "bob", "member", "list"]) == OK
    assert node.calls[0] == ("session.open", {"member": "bob", "secret": "typed for Secret of bob"})


def test_secrets_that_are_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

    typed = iter(["one", "one", "one", "two", ""])
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(typed))
    assert settings.ask_secret("Choose", twice=True) == "one"
    with pytest.raises(Failure, match="the two secrets differ"):
        settings.ask_secret("Choose", twice=True)
    with pytest.raises(Failure, match="no secret was given"):
        settings.ask_secret("Secret")


def test_a_configuration_that_does_not_read(
    node: FakeNode, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ICN_AS")
    (tmp_path / "icn.toml").write_text("space = \n", encoding="utf-8")
    assert main(["credit", "transfer", "bob", "1", "SUN"]) == INVALID
    assert "icn.toml does not read" in capfd.readouterr().err


# -- following ---------------------------------------------------------------------------------------------------------

COMMIT = {"method": "commit", "params": {"commit": 4, "time": "2026-05-01T12:00:00Z", "leaves": [
    {"index": 8, "kind": "event", "event": "bafyreiabcdefghijklmnopqrst", "outcome": "ok"},
    {"index": 9, "kind": "timer", "event": "", "outcome": "refused: \x1bevil"},
]}}  # fmt: skip
NOTICE = {"method": "notice", "params": {"no": 1, "time": "2026-05-01T12:00:01Z", "to": "ann", "text": "Welcome."}}


def test_watching(node: FakeNode, capfd: pytest.CaptureFixture[str]) -> None:
    lines = [json.dumps(message).encode() + b"\n" for message in (COMMIT, NOTICE)]
    node.answers["subscribe"] = ({"topics": ["commits", "notices"], "head": 8}, *lines, None)
    assert main(["watch", "--count", "3"]) == OK
    assert node.calls[-1] == ("subscribe", {"topics": ["commits", "notices"]})
    assert capfd.readouterr().out.splitlines() == [
        "2026-05-01 12:00        8  event  ok  …ijklmnopqrst",
        "2026-05-01 12:00        9  timer  refused: \\x1bevil",
        "2026-05-01 12:00  notice to ann: Welcome.",
    ]
    assert main(["watch", "--json", "--topics", "commits"]) == UNREACHABLE  # the node went away
    documents = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [d.get("index") for d in documents] == [8, 9, None, None]
    assert documents[-1]["error"]["code"] == "not_running"


def test_numbers_are_numbers(node: FakeNode, capfd: pytest.CaptureFixture[str]) -> None:
    for line in ("watch --count x", "dag log --limit 0", "dag log --limit 1001", "node notices --after -1"):
        assert main(line.split()) == USAGE
        assert "is a whole number from" in capfd.readouterr().err
