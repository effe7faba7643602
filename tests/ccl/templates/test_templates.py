"""Every template that ships: checked, laid out, tested to the last condition, proved, small enough to found with.

A template that is put into the folder is tested by this as it stands; what it is like to live under is in
`test_story_NAME.py`.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from ccl import translation
from ccl.cli import main
from ccl.diagnostics import Findings
from ccl.proof.answers import Verdict
from ccl.report import for_people
from ccl.source import Sources
from ccl.texts import read
from ccl.tools.prove import proved
from dag import codec
from icn_node import documents
from icn_node.cli.host import host
from icn_node.founding import MOST_BYLAWS_BYTES
from icn_node.kernel import offices
from tests.ccl.templates.coop import checked, text_of

FOLDER = Path(__file__).parents[3] / "configs" / "bylaws" / "templates"
NAMES = sorted(path.name.partition(".")[0] for path in FOLDER.iterdir() if documents.is_contract(path.name))
CATALOGUES = sorted((FOLDER / "texts").glob("*/*.toml"))
LEAST_CLAUSES = 20


def file_of(name: str) -> str:
    return str(FOLDER / text_of(name)[0])


def test_what_ships_is_what_stands_in_the_folder() -> None:
    assert list(documents.templates()) == NAMES
    assert len(NAMES) >= 4
    for name in NAMES:
        assert (FOLDER / text_of(name)[0]).read_text(encoding="utf-8") == text_of(name)[1]


@pytest.mark.parametrize("name", NAMES)
def test_it_extends_the_bylaws_that_ship(name: str) -> None:
    digest = hashlib.sha256(documents.shipped("default.ccl").encode()).hexdigest()
    pinned = f'extends "base:default@{digest}"'
    assert pinned in text_of(name)[1], "the default bylaws changed: run scripts/pin_templates.py"


@pytest.mark.parametrize("name", NAMES)
def test_it_checks_and_lints_without_a_word(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", file_of(name)], host) == 0
    assert main(["lint", file_of(name)], host) == 0
    assert main(["fmt", "--check", file_of(name)], host) == 0
    said = "".join(capsys.readouterr())
    assert [word for word in ("error", "warning", "hint") if word in said] == [], said


@pytest.mark.parametrize("name", NAMES)
def test_its_tests_pass_and_see_every_condition(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", file_of(name)], host) == 0, capsys.readouterr().out
    capsys.readouterr()
    assert main(["cover", "--min", "100", file_of(name)], host) == 0, capsys.readouterr().out


@pytest.mark.parametrize("name", NAMES)
def test_what_it_promises_is_proved(name: str) -> None:
    found = checked(name)
    assert found.program is not None
    answers = proved(found.program, host())
    assert [a for a in answers if a.verdict in (Verdict.BROKEN, Verdict.UNKNOWN)] == []
    stated = {declared.name.text for declared, _ in found.program.properties}
    assert stated, "money and votes are promised something"
    assert stated <= {a.subject.removeprefix("property ") for a in answers if a.verdict is Verdict.PROVED}


@pytest.mark.parametrize("name", NAMES)
def test_it_has_clauses_of_its_own_from_admission_to_dissolution(name: str) -> None:
    program = checked(name).program
    assert program is not None
    own = [c for c in program.clauses if not c.base]
    assert len([c for c in own if not c.replaces]) >= LEAST_CLAUSES
    assert all(c.text for c in own if not c.replaces), "each clause says in words what it is for"
    assert len({c.text for c in own if c.text}) == len([c for c in own if c.text])
    governed = {target.partition(".")[0] for c in own for target in c.targets}
    assert {"member", "role", "governance"} <= governed
    assert program.params
    ranged = [p for p in program.params if str(p.type) not in ("Bool", "String")]
    assert all(p.low is not None and p.high is not None for p in ranged)


@pytest.mark.parametrize("name", NAMES)
def test_its_header_cites_model_rules(name: str) -> None:
    header = text_of(name)[1].partition("contract ")[0]
    assert len(re.findall(r"\b(?:18|19|20)\d\d\b", header)) >= 1, "name, publisher and year of what it goes by"


@pytest.mark.parametrize("name", NAMES)
def test_a_space_can_be_founded_with_it(name: str) -> None:
    found = checked(name)
    assert found.program is not None
    assert len(codec.encode(documents.contract_document(found))) <= MOST_BYLAWS_BYTES
    counted = {proposal.name: offices.rules_of(found.program, proposal) for proposal in found.program.proposals}
    assert "bylaw" in counted, "bylaws say how they are changed"


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_its_texts_in_other_languages_are_whole(path: Path) -> None:
    program = checked(path.parent.name).program
    assert program is not None
    sources, findings = Sources(), Findings()
    catalogue = read(sources, sources.add(path.name, path.read_text(encoding="utf-8")), findings)
    translation.check(program, host(), [catalogue], findings)
    assert not findings.all, for_people(findings.sorted(), sources)
    assert len(catalogue.entries) > len(program.clauses)


def test_some_templates_speak_spanish() -> None:
    assert {"worker", "consumer"} <= {path.parent.name for path in CATALOGUES if path.stem == "es"}
