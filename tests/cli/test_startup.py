"""What a start of `icn` costs: the set of modules that `icn status` imports, which does not grow unnoticed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

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
status = main(["status"])
sys.stderr.write("\\n" + __import__("json").dumps([status, sorted(set(sys.modules) - before)]))
"""


def test_a_status_imports_only_what_it_needs(tmp_path: Path) -> None:
    with FakeNode(tmp_path / "home", {"node.status": STATUS}):
        ran = subprocess.run(
            [sys.executable, "-c", SCRIPT], env={"ICN_HOME": str(tmp_path / "home"), "PATH": ""}, text=True,
            capture_output=True, timeout=60, cwd=Path(__file__).parents[2],
        )  # fmt: skip
    status, imported = json.loads(ran.stderr.splitlines()[-1])
    assert status == 0, ran.stderr
    assert set(imported) <= OURS | THEIRS
    assert "running for 2 hours" in ran.stdout


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
