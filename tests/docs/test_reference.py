"""The reference under docs/ is what the declarations say: `icn reference --out docs/reference` wrote it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from icn_node.cli.reference import pages
from icn_node.cli.tree import whole_grammar
from icn_node.modules import MODULES
from icn_node.rpc.node_methods import NODE_METHODS

FOLDER = Path(__file__).parents[2] / "docs" / "reference"
PAGES = pages()
BY_HAND = {"ccl.md"}
"""The language itself, whose tables alone are drawn: see tests/docs/test_ccl.py."""
AGAIN = "it is out of date: run `icn reference --out docs/reference`"


@pytest.mark.parametrize("name", sorted(PAGES))
def test_the_page_is_what_the_declarations_say(name: str) -> None:
    assert (FOLDER / name).exists(), AGAIN
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name], AGAIN


def test_there_are_no_other_pages() -> None:
    written = {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.md")}
    assert written == {*PAGES, *BY_HAND}, AGAIN


def test_nothing_is_left_out() -> None:
    everything = "\n".join(PAGES.values())
    for module in MODULES:
        page = PAGES[f"modules/{module.name}.md"]
        assert all(f"\n### {c.op}\n" in page for c in module.commands)
        assert all(f"\n### {q.name}\n" in page for q in module.queries)
        assert all(f"`{p.name}`" in page for p in module.params)
        assert all(f"`{n.code}`" in page for n in module.notices)
        assert all(f"`{r.code}`" in page for c in module.commands for r in c.refuses)
    assert all(f"\n## {name}\n" in PAGES["methods.md"] for name in NODE_METHODS)
    for verb in whole_grammar().verbs.values():
        assert f"`{verb.usage()}`" in everything


def test_links_lead_somewhere() -> None:
    for name, text in PAGES.items():
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            assert (FOLDER / name).parent.joinpath(target).exists(), target
