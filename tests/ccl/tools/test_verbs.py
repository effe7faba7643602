"""The everyday verbs, called as the program calls them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccl.cli import VERBS, main
from ccl.targets import names

from .contracts_under_test import HEAD, HOST

SOURCE = HEAD + 'fn twice(a: Integer) -> Integer { a * 2 }\ntest "t" on twice { | a | expect |\n| 2 | 4 |\n}\n}\n'


@pytest.mark.parametrize(
    ("verb", "rest", "status", "said"),
    [
        ("fmt", ("--diff",), 0, "+    fn twice"),
        ("fix", ("--dry-run",), 0, ""),
        ("lint", (), 1, "CCL0702"),
        ("test", (), 0, "1 passed"),
        ("cover", (), 0, "100%"),
        ("run", ("twice", "21"), 0, "42: Integer"),
        ("doc", (), 0, "<h1"),
    ],
)
def test_each_verb_is_there(
    verb: str, rest: tuple[str, ...], status: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.ccl"
    path.write_text(SOURCE)
    assert verb in VERBS
    assert main([verb, str(path), *rest], lambda: HOST) == status
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("targets", "command", "named"),
    [
        (("credit.transfer",), "credit.transfer", True),
        (("credit.*",), "credit.transfer", True),
        (("credit.*",), "creditor.pay", False),
        (("*",), "anything", True),
        (("credit.transfer",), "credit.transfers", False),
        ((), "credit.transfer", False),
    ],
)
def test_which_commands_a_target_names(targets: tuple[str, ...], command: str, named: bool) -> None:
    assert names(targets, command) is named
