"""Documentation as tests: its commands are run, its links lead somewhere, its index is whole."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

import icn_node
from tests.docs.console import Shell, steps

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
RUN = [p for p in PAGES if steps(p.read_text(encoding="utf-8"))]
LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.mark.parametrize("page", RUN, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_commands_of_a_page_do_what_it_shows(page: Path, tmp_path: Path) -> None:
    shell = Shell(tmp_path, ROOT)
    try:
        for step in steps(page.read_text(encoding="utf-8")):
            shell.run(step)
    finally:
        shell.close()


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_to_files_that_are_there(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" not in target and not target.startswith("#"):
            assert (page.parent / target.partition("#")[0]).exists(), f"{page.name}: {target}"


def test_every_decision_has_a_number_of_its_own_and_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    records = sorted(folder.glob("[0-9]*.md"))
    assert max(Counter(p.name[:4] for p in records).values()) == 1
    index = (folder / "README.md").read_text(encoding="utf-8")
    assert [p.name for p in records if p.name not in index] == []


def test_the_changelog_speaks_of_this_version() -> None:
    assert f"## {icn_node.VERSION}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
