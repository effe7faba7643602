"""Which host a contract is checked against: what installed packages offer, found where they say it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ccl.host import Host
from ccl.tools.hosts import NoHost, host_of

MODULE = """
from ccl.host import Host

def one():
    return Host(units={"ONE": 1})

def two():
    return Host(units={"TWO": 2})
"""
NODE = """
[console_scripts]
x = y:z

[ccl.hosts]
# which
one = offered_for_test:one

[more]
a = b:c
"""


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages, the only one that there is, with a module that has two hosts."""
    (tmp_path / "offered_for_test.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(tmp_path / "missing")])
    monkeypatch.delitem(sys.modules, "offered_for_test", raising=False)
    return tmp_path


def install(folder: Path, package: str, entry_points: str) -> None:
    """Install a package that says this of its entry points."""
    (folder / f"{package}-1.0.dist-info").mkdir()
    (folder / f"{package}-1.0.dist-info" / "entry_points.txt").write_text(entry_points, encoding="utf-8")


def test_the_only_one_is_taken(packages: Path) -> None:
    install(packages, "other", "[console_scripts]\nicn = nowhere:main\n")
    install(packages, "node", NODE)
    assert host_of(None).units == {"ONE": 1}
    assert host_of(None, "one").units == {"ONE": 1}


def test_of_several_one_is_named(packages: Path) -> None:
    install(packages, "first", "[ccl.hosts]\none = offered_for_test:one\n")
    install(packages, "second", "[ccl.hosts]\ntwo = offered_for_test:two [extra]\n")
    assert host_of(None, "two").units == {"TWO": 2}
    with pytest.raises(NoHost, match="which host\\? say --host NAME, one of: one, two"):
        host_of(None)
    with pytest.raises(NoHost, match="no host `three` is installed; there are: one, two"):
        host_of(None, "three")


def test_without_one_only_the_syntax_is_checked(packages: Path) -> None:
    install(packages, "other", "[console_scripts]\nicn = nowhere:main\n")
    with pytest.raises(NoHost, match="no host is installed"):
        host_of(None)


def test_one_that_is_given_is_taken(packages: Path) -> None:
    install(packages, "first", "[ccl.hosts]\none = offered_for_test:one\n")
    given = Host(units={"GIVEN": 0})
    assert host_of(lambda: given) is given
