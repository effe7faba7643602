"""`ccl check` stays within its limits: what would take more is an error, and the program that asked goes on."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from ccl.cli import main
from ccl.host import Host
from ccl.source import Sources
from ccl.tools import check
from ccl.tools.limited import Ended, Send, limited
from icn_node.cli.host import host as node


def checked(path: Path, text: str, *options: str) -> int:
    path.write_text(text, encoding="utf-8")
    return main(["check", str(path), *options], Host)


def test_a_check_that_takes_too_long_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def for_ever(*_: object) -> str:
        while True:
            pass

    monkeypatch.setattr(check, "_whole", for_ever)
    before = time.process_time()
    assert checked(tmp_path / "a.ccl", "fn f() {}") == 1
    assert "error[CCL0430]: this could not be checked: it took longer than 2 seconds" in capsys.readouterr().out
    assert time.process_time() - before < 1, "it is the child's time"


def test_a_check_that_takes_too_much_memory_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def hoard(*_: object) -> str:
        return str(len([bytearray(1 << 20) for _ in range(4_000)]))

    monkeypatch.setattr(check, "_whole", hoard)
    assert checked(tmp_path / "a.ccl", "fn f() {}", "--json") == 1
    (found,) = json.loads(capsys.readouterr().out)["diagnostics"]
    assert found["code"] == "CCL0430"
    assert "256 MiB" in found["message"]


def test_a_check_that_dies_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str],
                                       monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    def die(*_: object) -> str:
        import os

        os._exit(7)

    monkeypatch.setattr(check, "_whole", die)
    assert checked(tmp_path / "a.ccl", "fn f() {}") == 1
    assert "CCL0430" in capsys.readouterr().out


def test_our_own_mistake_is_shown_and_is_an_error(tmp_path: Path, capfd: pytest.CaptureFixture[str],
                                                  monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    def slip(*_: object) -> str:
        raise AssertionError("a slip")

    monkeypatch.setattr(check, "_whole", slip)
    assert checked(tmp_path / "a.ccl", "fn f() {}") == 1
    shown = capfd.readouterr()
    assert "AssertionError: a slip" in shown.err
    assert "CCL0430" in shown.out


def test_what_is_well_and_what_is_not_is_told_from_the_child(tmp_path: Path,
                                                             capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    assert checked(tmp_path / "a.ccl", "fn f() -> Integer { 1 }") == 0
    assert checked(tmp_path / "a.ccl", "fn f() -> Integer { x }") == 1
    assert checked(tmp_path / "a.ccl", "fn f( {", "--syntax", "--json") == 1
    assert "CCL0101" in capsys.readouterr().out


def test_the_processor_is_what_is_limited() -> None:
    def work(send: Send) -> None:
        time.sleep(1.2)
        send({"n": 1})

    assert list(limited(work, 20, processor=1, who="it")) == [{"n": 1}, Ended()]


@pytest.mark.parametrize("text", ["(" * (1 << 20), '"' * (1 << 20), "fn f() { " + "x; " * 300_000 + "}",
                                  "a" * (1 << 21)],
                         ids=["brackets", "quotes", "unknown names", "too long"])  # fmt: skip
def test_the_largest_text_is_an_error_in_time(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    before = time.monotonic()
    assert checked(tmp_path / "a.ccl", text) == 1
    assert time.monotonic() - before < 15  # a small part of it where nothing else runs
    shown = capsys.readouterr().out
    assert shown.count("error[") <= 100
    assert len(shown) < 200_000


def test_sources_are_not_changed_by_a_check(tmp_path: Path) -> None:
    sources = Sources()
    assert len(sources) == 0
    path = tmp_path / "a.ccl"
    assert checked(path, "fn f() {}") == 0
    assert path.read_text("utf-8") == "fn f() {}"


UNBOUNDED = "fn total(xs: [Integer]) -> Integer { let mut sum = 0; for x in xs { sum += x; } sum }"


def test_what_adoption_would_refuse_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clause = 'clause "1" on role.resign { require total([1, 2]) == 3; }'
    path = tmp_path / "a.ccl"
    path.write_text(f"contract A {{ {UNBOUNDED} {clause} }}")
    assert main(["check", str(path)], node) == 1
    assert "error[CCL0401]" in capsys.readouterr().out
    path.write_text('contract A { clause "1" on role.resign { require registered(); } }')
    assert main(["check", str(path)], node) == 0, "a contract that others extend may leave it"
    assert "warning[CCL0396]" in capsys.readouterr().out
    path.write_text('contract A { clause "1" on bylaws.adopt { require decided("bylaw"); } }')
    assert main(["check", str(path)], node) == 0
    assert capsys.readouterr().out == "nothing is wrong\n"


def test_a_file_of_functions_need_not_say_what_they_cost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert checked(tmp_path / "a.ccl", UNBOUNDED) == 0
    assert capsys.readouterr().out == "nothing is wrong\n"
