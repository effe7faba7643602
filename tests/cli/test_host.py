"""What `ccl` checks contracts against is what the modules declare, and is had without loading the node."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ccl.host import Host
from ccl.host_text import NotAHost, read, written
from icn_node import documents
from icn_node.cli import host

SHOP = """
contract Shop {
    edition: 1;
    version: "1.0.0";
    scope: "local:shop";
    clause "1" on credit.transfer "Members pay." { require member(); }
}
"""


def test_the_file_says_what_the_modules_declare() -> None:
    said = host.DECLARATION.read_text(encoding="utf-8")
    assert said == host.declaration(), (
        "it is out of date, so that `ccl check` takes longer: run `.venv/bin/python scripts/docs.py`"
    )


def test_a_file_made_of_other_modules_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "host.json"
    old.write_text(written(Host(), "crc32 00000000"), encoding="utf-8")
    monkeypatch.setattr(host, "DECLARATION", old)
    assert "credit.transfer" in host.host().commands


def test_what_is_read_is_what_was_declared() -> None:
    declared = documents.host()
    assert read(written(declared)) == declared
    assert list(read(written(declared)).commands) == list(declared.commands)


def test_bases_are_those_that_ship() -> None:
    bases = host.host().bases
    assert dict(bases) == documents.known_bases()
    assert len(bases) == len(documents.known_bases())


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"records": [{"__import__": ["os"]}]}', '{"records": [{"RecordSpec": [1, 2, 3, 4, 5]}]}',
     "[" * 100_000],
)  # fmt: skip
def test_another_text_is_no_host(text: str) -> None:
    with pytest.raises(NotAHost):
        read(text)


def test_a_check_does_not_load_the_node(tmp_path: Path) -> None:
    contract = tmp_path / "shop.ccl"
    contract.write_text(SHOP, encoding="utf-8")
    from_scratch = (
        "import sys\nfrom ccl.cli import main\n"
        f"status = main(['check', {str(contract)!r}])\n"
        "print(status, *[m for m in sys.modules if m.startswith(('icn_node.kernel', 'dag', 'importlib.metadata'))])\n"
    )
    ran = subprocess.run([sys.executable, "-c", from_scratch], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "0", ran.stdout
