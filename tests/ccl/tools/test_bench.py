"""`ccl bench`: what the tests of a contract ask for is what is timed; figures are of the right kind and order."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ccl.tools.bench import timed

SOURCE = """
contract Shop {
    edition: 1;
    clause "1" on role.resign { require registered(); }
    clause "2" on role.define "Never an empty name." { require command.role != "" && decided(); }
    test "who is in may go" on role.resign { | registered | role | expect |
                                             | true | "cook" | permit |
                                             | false | "cook" | refuse "1" | }
    test "defining" on role.define { | decided | role | title | expect |
                                     | true | "cook" | "Cook" | permit | }
}
"""


def bench(path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ccl.cli", "bench", str(path), *words], capture_output=True, text=True, timeout=60
    )


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.ccl"
    path.write_text(SOURCE)
    return path


def test_every_command_judged_has_its_figures(shop: Path) -> None:
    done = bench(shop, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    rows = {row["command"]: row for row in told["commands"]}
    assert {name: row["cases"] for name, row in rows.items()} == {"role.resign": 2, "role.define": 1}
    assert all(row["fuel"] > 0 for row in rows.values())
    assert all(row["interpreted_ns"] > 0 < row["compiled_ns"] for row in rows.values())
    assert told["empty_call_ns"] > 0


def test_only_the_wanted_tests_are_timed_and_people_read_a_table(shop: Path) -> None:
    done = bench(shop, "-k", "defining")
    assert done.returncode == 0, done.stderr
    head, row, foot = done.stdout.strip().split("\n")
    assert head.startswith("command")
    assert row.startswith("role.define")
    assert "empty call" in foot


def test_a_contract_without_tests_is_told_so(shop: Path) -> None:
    shop.write_text('contract A { clause "1" on role.resign { require registered(); } }')
    done = bench(shop)
    assert done.returncode == 1
    assert "no test judges a command" in done.stderr


def test_the_clock_is_read_for_long_enough() -> None:
    calls: list[int] = []
    assert timed(lambda: calls.append(0)) > 0
    assert len(calls) > 1000
