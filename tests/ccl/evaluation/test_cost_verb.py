"""`ccl cost`: what a contract may cost, for people and machines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ccl.cli import main
from ccl.host import CommandSpec, FieldSpec, Host, ViewSpec
from ccl.types import BOOL, STRING, Array

HOST = Host(
    views={"member": ViewSpec("member", (), BOOL), "names": ViewSpec("names", (), Array(STRING, 500))},
    commands={"member.join": CommandSpec("member.join", (FieldSpec("name", STRING),))},
)
CONTRACT = """
contract Orchard {
    edition: 1;
    version: "1.0.0";
    scope: "local:orchard";
    clause "1" on member.join when member() "Names are told apart." {
        require !names().any(|name| name == command.name);
    }
    fn twice(xs: Array<Integer, max 10>) -> Integer { xs.sum() * 2 }
}
"""
ENDLESS = "fn total(xs: Array<Integer>) -> Integer { xs.sum() }\n"


def given(folder: Path, text: str) -> str:
    path = folder / "orchard.ccl"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_it_tells_the_sum_and_what_it_grows_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", given(tmp_path, CONTRACT)], lambda: HOST) == 0
    clause, function = capsys.readouterr().out.splitlines()[1:]
    assert "clause 1" in clause
    assert "* names, names at most 500" in clause
    assert "twice" in function
    assert "xs at most 10" in function


def test_more_than_allowed_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", given(tmp_path, CONTRACT), "--limit", "100"], lambda: HOST) == 1
    assert "CCL0403" in capsys.readouterr().err


def test_machines_get_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", given(tmp_path, CONTRACT), "--json"], lambda: HOST) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["costs"][0]["maxima"] == {"names": 500}
    assert told["costs"][0]["most"] > 500
    assert told["problems"] == []


def test_a_function_without_a_bound_is_shown_as_such(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", given(tmp_path, ENDLESS)], lambda: HOST) == 0
    assert "no bound  total" in capsys.readouterr().out


def test_a_file_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", str(tmp_path / "none.ccl")], lambda: HOST) == 2
    assert "none.ccl" in capsys.readouterr().err


def test_it_tells_what_triggers_do_at_most(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (
        CONTRACT.rstrip().removesuffix("}")
        + """
    action welcome() { member.join(name: "a"); member.join(name: "b"); }
    trigger monthly every 1 month { for i in 0..3 { welcome(); } }
}
"""
    )
    assert main(["cost", given(tmp_path, text)], lambda: HOST) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == ["Most that a trigger does each time:", "  monthly  6 commands"]
    assert main(["cost", given(tmp_path, text), "--json"], lambda: HOST) == 0
    triggers = json.loads(capsys.readouterr().out)["triggers"]
    assert triggers == [{"name": "monthly", "most_commands": 6, "most_minor": {}}]
