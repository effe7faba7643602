"""What a start of `icn` costs: the set of modules that `icn status` imports, which does not grow unnoticed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from icn_node import home
from icn_node.cli import failure, settings
from icn_node.rpc import jsonrpc
from tests.cli.fakes import STATUS, FakeNode

OURS = {
    "icn_node", "icn_node.cli", *(f"icn_node.cli.{name}" for name in (
        "answers", "client", "failure", "fixed", "grammar", "invocation", "layout", "main", "output", "reach",
        "settings", "status", "tree",
    )),
}  # fmt: skip
# Of the standard library: what json and socket need, and nothing else.
THEIRS = {
    "json", "json.decoder", "json.encoder", "json.scanner", "_json", "re", "re._casefix", "re._compiler",
    "re._constants", "re._parser", "_sre", "enum", "functools", "collections", "collections.abc", "_collections",
    "_functools", "keyword", "operator", "_operator", "reprlib", "itertools", "copyreg", "types", "socket", "_socket",
    "selectors", "select", "math", "array", "errno", "time", "__future__", "_collections_abc",
}  # fmt: skip

SCRIPT = """
import sys
before = set(sys.modules)
from icn_node.cli.main import main
status = main(sys.argv[1:])
sys.stderr.write("\\n" + __import__("json").dumps([status, sorted(set(sys.modules) - before)]))
"""


def imported(home: Path, *arguments: str) -> tuple[set[str], str]:
    """The modules that a call of `icn` imports, and what it prints."""
    answers = {"node.status": STATUS, "dag.head": {"leaves": 8}, "dag.log": [], "credit.sums": []}
    with FakeNode(home, answers):
        ran = subprocess.run(
            [sys.executable, "-c", SCRIPT, *arguments], env={"ICN_HOME": str(home), "PATH": ""}, text=True,
            capture_output=True, timeout=60, cwd=Path(__file__).parents[2],
        )  # fmt: skip
    status, names = json.loads(ran.stderr.splitlines()[-1])
    assert status == 0, ran.stderr
    return set(names), ran.stdout


def test_a_status_imports_only_what_it_needs(tmp_path: Path) -> None:
    names, printed = imported(tmp_path / "home", "status")
    assert names <= OURS | THEIRS
    assert "running for 2 hours" in printed


@pytest.mark.parametrize("line", ["dag head", "dag log", "rpc dag.head", "status --json", "completion --help"])
def test_fixed_verbs_import_no_module(tmp_path: Path, line: str) -> None:
    names, _ = imported(tmp_path / "home", *line.split())
    assert not names & {"icn_node.modules", "icn_node.kernel", "icn_node.home", "msgspec", "trio", "nacl", "apsw"}


def test_a_module_verb_imports_no_more_than_declarations(tmp_path: Path) -> None:
    names, _ = imported(tmp_path / "home", "credit", "sums")
    assert "icn_node.modules.credit" in names
    assert not names & {"trio", "apsw", "icn_node.space", "icn_node.rpc.methods"}


def test_numbers_that_the_fast_path_has_for_itself_are_the_nodes() -> None:
    assert settings.DEFAULT_HOME == home.DEFAULT_HOME
    assert failure.RPC_REFUSED == jsonrpc.REFUSED
    assert failure.RPC_LOCKED == jsonrpc.LOCKED
    assert failure.RPC_NOT_FOUND == jsonrpc.NOT_FOUND
    assert failure._EXIT_OF == {
        jsonrpc.METHOD_NOT_FOUND: failure.USAGE, jsonrpc.INVALID_PARAMS: failure.USAGE,
        jsonrpc.REFUSED: failure.REFUSED, jsonrpc.INVALID_EVENT: failure.INVALID, jsonrpc.LOCKED: failure.LOCKED,
        jsonrpc.OVERLOADED: failure.UNREACHABLE, jsonrpc.NOT_FOUND: failure.INVALID,
        jsonrpc.STOPPED: failure.UNREACHABLE,
    }  # fmt: skip
