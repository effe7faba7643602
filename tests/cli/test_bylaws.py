"""`icn bylaws` and `icn why`, black box: bylaws in CCL founded with, read, checked, compared, proposed, explained."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from icn_node.cli.failure import INVALID, OK, REFUSED, USAGE
from icn_node.documents import PIECE_BYTES, pieces
from tests.cli.coop import ROOT, Ran, icn

DEFAULT = ROOT / "configs" / "bylaws" / "default.ccl"
ANN = {"member": "ann", "secret": "of ann"}


class Coop:
    """ann founded it alone, with decisions on bylaws that end once everybody has voted; no daemon runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        made = self.icn("init", "riverside", "--handle", "ann", "--credit", "SUN", "--quick", **ANN)
        assert made.status == OK, made

    def icn(self, *arguments: str, **more: str) -> Ran:
        return icn(*arguments, home=self.home, **more)

    def write(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def contract(self, name: str, more: str, old: str = "", new: str = "") -> str:
        """A file with the shipped contract, one of its texts changed and clauses added."""
        text = DEFAULT.read_text(encoding="utf-8")
        assert old in text
        text = text.replace(old, new, 1) if old else text
        return self.write(name, text.rstrip().removesuffix("}") + more + "\n}\n")


@pytest.fixture(scope="module")
def coop() -> Iterator[Coop]:
    with tempfile.TemporaryDirectory(prefix="icn-") as folder:
        yield Coop(Path(folder))


def test_the_bylaws_in_force_are_shown(coop: Coop) -> None:
    whole = coop.icn("bylaws", "show", **ANN)
    assert whole.status == OK
    assert whole.out.startswith("Bylaws of a co-op\nVersion 1, a contract in CCL, in force since 20")
    one = coop.icn("bylaws", "show", "4.2", **ANN)
    assert "A payment is the payer's own act" in one.out
    assert "it takes acts_for(command.payer)" in one.out
    assert "approval by signers payer above approval.above_minor of amount_minor need" in one.out
    assert "4.1" not in one.out
    assert coop.icn("bylaws", "show", "99", **ANN).status == USAGE
    assert coop.icn("bylaws", "show", "--source", **ANN).out.strip() == DEFAULT.read_text(encoding="utf-8").strip()
    assert "yes" in coop.icn("bylaws", "history", **ANN).out


def test_a_contract_is_checked_without_a_node(coop: Coop, tmp_path: Path) -> None:
    good = icn("bylaws", "check", str(DEFAULT), home=tmp_path)
    assert (good.status, good.out) == (OK, "95 clauses; nothing is wrong.\n")
    slip = coop.contract("slip.ccl", 'clause "99" on credit.transfer "x" { require membr(); }')
    bad = icn("bylaws", "check", slip, home=tmp_path)
    assert bad.status == INVALID
    assert "did you mean `member`?" in bad.err
    assert "slip.ccl:" in bad.err
    document = icn("bylaws", "check", slip, "--json", home=tmp_path).document
    assert document["error"]["data"]["report"][0]["code"].startswith("CCL")
    friends = icn("bylaws", "check", str(DEFAULT.parent / "friends.toml"), home=tmp_path)
    assert friends.status == OK
    assert icn("bylaws", "check", str(tmp_path / "nowhere.ccl"), home=tmp_path).status == INVALID
    assert icn("bylaws", "check", str(DEFAULT), str(DEFAULT.parent / "friends.toml"), home=tmp_path).status == INVALID


def test_a_contract_can_extend_what_ships_with_the_node(coop: Coop, tmp_path: Path) -> None:
    slip = coop.write("own.ccl", 'contract Own extends "base:default" { edition: 1; }')
    unpinned = icn("bylaws", "check", slip, home=tmp_path)
    assert unpinned.status == INVALID
    assert "base:default@" in unpinned.err, "the fix pins the text that is here"
    pin = unpinned.err.partition("base:default@")[2][:64]
    own = coop.write("own.ccl", f'contract Own extends "base:default@{pin}" {{ edition: 1; }}')
    assert icn("bylaws", "check", own, home=tmp_path).status == OK
    base = coop.write("b.ccl", 'contract B { edition: 1; clause "1" on bylaws.adopt "x" { require decided(); } }')
    other = coop.write("other.ccl", 'contract O extends "base:b" { edition: 1; }')
    assert "base:b@" in icn("bylaws", "check", other, "--base", f"b={base}", home=tmp_path).err
    assert icn("bylaws", "check", other, "--base", "b", home=tmp_path).status == USAGE


def test_what_would_change_is_said_and_what_is_looser_acknowledged(coop: Coop) -> None:
    same = coop.icn("bylaws", "diff", str(DEFAULT), **ANN)
    assert (same.status, same.out) == (OK, "Nothing would change.\n")
    assert coop.icn("bylaws", "diff", str(DEFAULT.parent / "friends.toml"), **ANN).status == USAGE
    stricter = coop.contract("stricter.ccl", 'clause "99" on member.rename "x" { require role("steward"); }')
    found = coop.icn("bylaws", "diff", stricter, "--json", **ANN).document
    assert [(c["name"], c["relation"]) for c in found["changes"]] == [("member.rename", "stricter")]
    assert found["looser"] == []
    clause = '"Members choose their handles."\n    {\n        require member()'
    looser = coop.contract("looser.ccl", "", clause, clause + " or suspended()")
    said = coop.icn("bylaws", "diff", looser, **ANN).out
    assert "member.rename: looser" in said
    refused = coop.icn("bylaws", "propose", looser, **ANN)
    assert refused.status == REFUSED
    assert "--looser" in refused.err
    made = coop.icn("bylaws", "propose", looser, "--looser", "--title", "Easier", "--json", **ANN).document
    shown = coop.icn("governance", "show", str(made["result"]), "--json", **ANN).document
    assert "member.rename" in str(shown)
    plain = coop.icn("bylaws", "propose", stricter, "--draft", **ANN)
    assert plain.status == OK, plain


def test_commands_of_the_past_are_judged_by_other_bylaws(coop: Coop) -> None:
    stricter = coop.contract("past.ccl", 'clause "99" on group.create "x" { require role("auditor"); }')
    assert coop.icn("group", "create", "garden", "Garden", **ANN).status == OK
    said = coop.icn("bylaws", "diff", stricter, "--past", **ANN).out
    assert "1 would have been judged otherwise." in said
    assert "group.create by ann: permitted; then: refused under 99" in said


def test_a_contract_with_an_error_is_not_proposed(coop: Coop) -> None:
    slip = coop.contract("slip.ccl", 'clause "99" on credit.transfr "x" { require member(); }')
    refused = coop.icn("bylaws", "propose", slip, **ANN)
    assert refused.status == INVALID
    assert "did you mean `credit.transfer`?" in refused.err


def test_what_a_version_leaves_open_is_said_where_it_is_proposed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert icn("init", "grove", "--handle", "ann", "--template", "worker", home=home, **ANN).status == OK
    refused = icn("bylaws", "propose", str(DEFAULT), "--looser", home=home, **ANN)
    assert refused.status == INVALID
    assert "error[CCL0390]" in refused.err
    assert "open proposals" in refused.err, "what to write, and not only a code"


def test_a_long_contract_is_published_first(coop: Coop) -> None:
    words = "".join(f"    // {n}: {'a long remark ' * 6}\n" for n in range(700))
    path = coop.contract("long.ccl", words)
    assert Path(path).stat().st_size > PIECE_BYTES
    made = coop.icn("bylaws", "propose", path, "--json", **ANN)
    assert made.status == OK, made
    shown = coop.icn("governance", "show", str(made.document["result"]), "--json", **ANN).document
    assert "parts" in str(shown)


@pytest.mark.parametrize("text", ["", "a\n", "x" * 200_000, "é" * 100_000, "line\n" * 30_000, "\n" * 50_000 + "ü" * 9])
def test_pieces_fit_and_make_the_whole(text: str) -> None:
    found = pieces(text)
    assert "".join(found) == text
    assert all(0 < len(p.encode()) <= PIECE_BYTES for p in found)
    assert len(found) <= len(text.encode()) // (PIECE_BYTES // 2) + 1


def test_the_bylaws_are_a_document_to_read(coop: Coop) -> None:
    markdown = coop.icn("bylaws", "doc", **ANN).out
    assert "Nobody" in markdown or "Members" in markdown
    assert "4.2" in markdown
    target = coop.folder / "bylaws.html"
    assert coop.icn("bylaws", "doc", str(DEFAULT), "--format", "html", "--out", str(target)).status == OK
    assert "<html" in target.read_text(encoding="utf-8")


def test_why_says_why(coop: Coop) -> None:
    refused = coop.icn("credit", "create", "MOON", "--json", **ANN)
    assert refused.status == REFUSED
    event = refused.document["error"]["data"]["event"]
    said = coop.icn("why", event, **ANN)
    assert said.status == OK
    assert said.out.startswith("credit.create by ann was refused, 20")
    assert "Refused under 4.1: Units of mutual credit" in said.out
    assert "(Version 1 of the bylaws was in force.)" in said.out
    assert coop.icn("why", event, "--language", "es", **ANN).out != said.out
    genesis = coop.icn("status", "--json", **ANN).document["cid"]
    carried_out = coop.icn("why", genesis, **ANN).out
    assert carried_out == "space.found, credit.create, governance.set_type by ann: executed, not refused.\n"
    shown = coop.icn("credit", "create", "MOON", **ANN)
    assert shown.err.startswith("Refused under 4.1: ")
    assert "Clause 4.1" not in shown.err, "the clause's text is said once"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("slip.ccl", "contract X { edition: 1; }", "nothing could ever be amended"),
        ("slip.ccl", 'contract X { edition: 1; clause "1" on bylaws.* "x" { require membr(); } }', "did you mean"),
        ("slip.bylaws.md", "# Bylaws\n\n```ccl\ncontract X { editon: 1;\n```\n", "slip.bylaws.md:"),
    ],
)
def test_a_space_is_not_founded_with_bylaws_that_do_not_hold(tmp_path: Path, name: str, text: str, said: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    made = icn("init", "other", "--handle", "ann", "--bylaws", str(path), home=tmp_path / "home", **ANN)
    assert made.status == INVALID
    assert said in made.err
    assert not (tmp_path / "home").exists()


def test_a_space_is_founded_with_bylaws_in_markdown(tmp_path: Path) -> None:
    path = tmp_path / "own.bylaws.md"
    path.write_text("# Our bylaws\n\nWe decide together.\n\n```ccl\n" + DEFAULT.read_text(encoding="utf-8") + "```\n",
                    encoding="utf-8")  # fmt: skip
    made = icn("init", "other", "--handle", "ann", "--bylaws", str(path), home=tmp_path / "home", **ANN)
    assert made.status == OK, made
    shown = icn("bylaws", "show", "--source", home=tmp_path / "home", **ANN)
    assert shown.out.startswith("# Our bylaws")
