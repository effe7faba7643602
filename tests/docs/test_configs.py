"""The samples in configs/ are what the program writes, reads and means."""

from __future__ import annotations

import configparser
import tomllib
from pathlib import Path

import msgspec
import pytest

from icn_node.founding import DEFAULT, bylaws_document, default_bylaws
from icn_node.home import Home
from icn_node.kernel.bylaws import Clause, Document, Rulebook
from icn_node.keystore import node_key
from icn_node.modules import MODULES
from icn_node.rpc.node_methods import NODE_METHODS

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
FRIENDS = msgspec.convert(
    bylaws_document("friends.toml", (CONFIGS / "bylaws" / "friends.toml").read_text(encoding="utf-8")), Document
)
GOVERNED = {
    **{spec.op: spec.cls for module in MODULES for spec in module.commands},
    **{"read." + spec.name: spec.cls for module in MODULES for spec in module.queries},
}
READS = {"read." + name for name, method in NODE_METHODS.items() if method.read}
WITH_FIELD = ("acts for ", "self ", "coordinates ", "wrote ", "concerned ", "without ")


def test_the_sample_configuration_is_the_one_that_the_node_writes(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.write_config("riverside", default="ann")
    assert (CONFIGS / "icn.toml").read_text(encoding="utf-8") == home.config_path.read_text(encoding="utf-8")


def unit() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=True, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign] # names keep their case
    parser.read(CONFIGS / "icn-node.service", encoding="utf-8")
    return parser


def test_the_service_runs_a_program_that_is_installed() -> None:
    package = tomllib.loads((CONFIGS.parent / "pyproject.toml").read_text(encoding="utf-8"))
    assert Path(unit()["Service"]["ExecStart"]).name in package["project"]["scripts"]
    assert unit()["Service"]["Environment"] == "ICN_HOME=/var/lib/" + unit()["Service"]["StateDirectory"]


def test_the_service_hands_the_key_over_under_the_name_that_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, source = unit()["Service"]["LoadCredential"].split(":")
    assert Path(source).is_absolute()
    elsewhere = node_key(tmp_path / "made" / "node.key", create=True)
    (tmp_path / name).write_bytes((tmp_path / "made" / "node.key").read_bytes())
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert node_key(tmp_path / "home" / "node.key").public == elsewhere.public
    assert not (tmp_path / "home").exists()


def named(pattern: str) -> set[str]:
    """The commands and reads that an entry of `on` names."""
    names = {*GOVERNED, *READS}
    return {n for n in names if (n.startswith(pattern[:-1]) if pattern.endswith("*") else n == pattern)}


@pytest.mark.parametrize("clause", FRIENDS.clauses, ids=lambda clause: clause.id)
def test_the_friends_clauses_name_what_there_is(clause: Clause) -> None:
    for pattern in clause.on:
        assert named(pattern), f"{pattern} names nothing"
        for name in named(pattern) & GOVERNED.keys():
            fields = {field.name for field in msgspec.structs.fields(GOVERNED[name])}
            for condition in (c.strip() for entry in clause.require for c in entry.split(" or ")):
                for word in WITH_FIELD:
                    if condition.startswith(word):
                        assert condition.removeprefix(word) in fields, f"{name} has no field for `{condition}`"


def test_the_friends_can_do_what_they_need_and_nothing_of_it_is_left_to_chance() -> None:
    book = Rulebook(FRIENDS)
    left_out = {name for name in GOVERNED if not book.governing(name)}
    whole = {"approval", "books", "currency", "group", "mandate", "organisation"}  # what friends do without
    assert {name for name in left_out if name.split(".")[0] not in whole} == {
        "governance.review", "member.admit", "member.apply", "member.approve_recovery", "member.claim",
        "member.confirm_claim", "member.refuse", "member.refuse_claim", "member.vouch", "member.withdraw",
        "member.withdraw_claim", "space.found",
    }  # fmt: skip
    assert all(name in left_out for name in GOVERNED if name.split(".")[0] in whole)
    assert all(book.governing(name) for name in READS)


def test_the_default_bylaws_are_a_document() -> None:
    document = bylaws_document(DEFAULT, default_bylaws())
    assert [source["name"] for source in document["sources"]] == ["default.ccl"]
    assert default_bylaws() == (CONFIGS / "bylaws" / "default.ccl").read_text(encoding="utf-8")
