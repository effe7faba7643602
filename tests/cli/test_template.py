"""`icn init --template`, black box: each template that ships founds a space that can be lived in."""

from __future__ import annotations

from pathlib import Path

import pytest

from icn_node.cli.failure import OK, USAGE
from icn_node.documents import templates
from tests.cli.coop import ROOT, icn

ANN = {"member": "ann", "secret": "of ann"}


@pytest.mark.parametrize("name", sorted(templates()))
def test_each_template_founds_a_space(name: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    made = icn("init", "mill", "--template", name, "--handle", "ann", "--credit", "SUN", "--hours", home=home, **ANN)
    assert made.status == OK, made
    shown = icn("bylaws", "show", "--source", home=home, **ANN)
    assert shown.status == OK, shown
    file = ROOT / "configs" / "bylaws" / templates()[name]
    assert file.read_text(encoding="utf-8").strip() in shown.out
    types = {row["type"]: row for row in icn("governance", "types", "--json", home=home, **ANN).document}
    assert types["bylaw"]["active"], types
    opened = icn("governance", "propose", "bylaw", "Later hours", "--execute", "bylaws set member.invitation_days 5",
                 "--open", "--json", home=home, **ANN)  # fmt: skip
    assert opened.status == OK, opened


def test_a_template_is_one_of_those_that_ship_and_instead_of_bylaws(tmp_path: Path) -> None:
    home = tmp_path / "home"
    slip = icn("init", "mill", "--template", "wroker", "--handle", "ann", home=home, **ANN)
    assert (slip.status, "Did you mean worker?" in slip.err) == (USAGE, True), slip
    both = icn("init", "mill", "--template", "worker", "--bylaws", "own.ccl", "--handle", "ann", home=home, **ANN)
    assert (both.status, "choose one" in both.err) == (USAGE, True), both
    assert not home.exists()
