"""Catalogues: what they lack or get wrong, each told by its code, at its place; and the verb that tells it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ccl import catalogue, cli, texts, translation
from ccl.diagnostics import Diagnostic, Findings
from ccl.elaborate import check_text
from ccl.report import for_people
from ccl.source import Sources
from tests.ccl.judging.contracts import HOST
from tests.ccl.judging.orchard import TEXT, orchard

GOOD = """
over_limit = "Has pedido {amount: money}, y el límite es {most: money}."
"name.view.role" = "el cargo {0}"
[clause]
"4.1" = "Un pago es de un socio o de la cooperativa."
"4.2" = "Nadie paga más de {most} de una vez."
"4.3" = "Pagan los adultos."
"4.3.1" = "Tienes {age: plural(one=\\"# año\\", other=\\"# años\\")}; se paga desde los 18."
"4.5.1" = "No hay tanto."
"""


def found(
    text: str, name: str = "texts/es.toml", contract: str = TEXT, other: str = ""
) -> tuple[list[Diagnostic], Sources]:
    program, findings, sources = check_text(contract, HOST)
    assert program is not None, for_people(findings.sorted(), sources)
    findings = Findings()
    named = [("texts/en.toml", other)] if other else []
    catalogues = [texts.read(sources, sources.add(n, t), findings) for n, t in (*named, (name, text))]
    translation.check(program, HOST, catalogues, findings)
    return findings.sorted(), sources


def test_a_whole_catalogue_has_nothing_wrong() -> None:
    told, sources = found(GOOD)
    assert told == [], for_people(told, sources)


# What is put for what in the good catalogue; the code; a part of what is said; the text at the place.
WRONG = [
    ('over_limit = "', "over_limit = ", "CCL0500", "this is no TOML", "H"),
    ('"4.3" = "Pagan los adultos."', '"4.3" = 5', "CCL0502", "is no text", '"4.3"'),
    ("[clause]", '"clause.4.3" = "x"\n[clause]', "CCL0503", "stands twice", '"clause.4.3"'),
    ('"Pagan los adultos."', '" "', "CCL0504", "is empty", '"4.3"'),
    ('"No hay tanto."', '"No hay {tanto."', "CCL0505", "not closed", '"No hay {tanto."'),
    ("over_limit", "over_limits", "CCL0506", "has no text for `over_limit`", ""),
    ('"4.1" = "Un pago es de un socio o de la cooperativa."', "", "CCL0507", "does not translate `clause.4.1`", ""),
    ("[clause]", 'over_limt = "x"\n[clause]', "CCL0508", "has no text `over_limt`", "over_limt"),
    ("{most: money}", "{mots: money} {most}", "CCL0509", "cannot speak of `mots`", None),
    ("{amount: money}", "{amount: mony}", "CCL0510", "no placeholder of the kind `mony`", None),
    ("{amount: money}", "{amount: date}", "CCL0511", "`date` is for a date or a moment", None),
    (' other=\\"# años\\"', "", "CCL0512", "has also the form `other`", None),
    ("other=", 'few=\\"#\\", other=', "CCL0514", "has no form `few`", None),
    (", y el límite es {most: money}", "", "CCL0515", "leaves out `most`", None),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "code", "part", "at"), WRONG, ids=[row[2] for row in WRONG])
def test_each_thing_wrong(old: str, new: str, code: str, part: str, at: str | None) -> None:
    assert old in GOOD
    other = GOOD if code == "CCL0515" else ""
    told, sources = found(GOOD.replace(old, new, 1), other=other)
    mine = [d for d in told if d.code == code and (not other or sources[d.span.source].name == "texts/es.toml")]
    assert len(mine) == 1, for_people(told, sources)
    assert part in mine[0].message
    if at is not None:
        assert sources.text(mine[0].span) == at
    others = {d.code for d in told} - {code}
    # One slip is told once; but a text that is gone is missing, and a mistyped key is both unknown and missing.
    assert others <= {"CCL0506", "CCL0507", "CCL0508", "CCL0515"}


def test_a_language_that_is_not_known() -> None:
    told, sources = found(GOOD, "texts/xx.toml")
    assert [d.code for d in told] == ["CCL0501"]
    assert "es, eu, fr" in for_people(told, sources)


def test_a_language_that_the_file_is_not_called_by() -> None:
    told, sources = found('language = "fr"\n' + GOOD)
    assert [d.code for d in told] == ["CCL0513"]
    assert sources.text(told[0].span) == "language"
    assert found('language = "es"\n' + GOOD)[0] == []


def test_what_the_contract_says_itself() -> None:
    contract = TEXT.replace('because "There is not that much."', 'because "There is not {so_much}."')
    contract = contract.replace("at once.", "at once, {nothing: date.")
    told, sources = found(GOOD, contract=contract)
    assert sorted((d.code, d.severity) for d in told if d.code == "CCL0516") == [("CCL0516", "warning")] * 2
    shown = for_people(told, sources)
    assert "`so_much` is nothing that it may speak of" in shown
    assert "it may speak of" in shown


def test_did_you_mean_and_what_may_be_said() -> None:
    told, sources = found(GOOD.replace("{most: money}", "{mots: money}").replace("{amount: money}", "{amount: mony}"))
    shown = for_people(told, sources)
    assert "did you mean `most`?" in shown
    assert "did you mean `money`?" in shown
    typo, sources = found(GOOD + '"4.4.l" = "x"\n')
    assert [d.code for d in typo] == ["CCL0508"]
    assert "keys are those of" in for_people(typo, sources)


def test_russian_needs_its_forms_and_is_told_for_which_numbers() -> None:
    told, _ = found(GOOD, "texts/ru.toml")
    assert [d.code for d in told] == ["CCL0512"]
    assert "`few`, `many`" in told[0].message
    assert told[0].notes == ("`few` is for 2, 3, 4, 22; `many` is for 0, 5, 6, 7",)


def test_toml_that_ends_too_soon() -> None:
    told, sources = found('over_limit = """x')
    assert [d.code for d in told] == ["CCL0500"]  # and not what else is missing in it
    assert sources[told[0].span.source].name == "texts/es.toml"


def test_a_text_over_several_lines_and_dotted_keys() -> None:
    text = GOOD.replace('"No hay tanto."', '"""\nNo hay\n"4.1" = "tanto"."""') + "\n"
    text = text.replace('"name.view.role" = "el cargo {0}"', 'name.view."role" = "el {cargo}"')
    told, sources = found(text)
    assert [(d.code, sources.text(d.span)) for d in told] == [("CCL0509", '"el {cargo}"')]


def test_a_reason_used_twice_may_speak_of_what_both_know() -> None:
    contract = TEXT.replace('because "There is not that much."', "because over_limit")
    slots = translation.slots(check_text(contract, HOST)[0] or orchard(), HOST)
    assert set(slots["over_limit"].names) & {"amount", "most", "role", "balance"} == {"amount"}
    assert set(translation.slots(orchard(), HOST)["over_limit"].names) >= {"amount", "most", "role", "payer"}


def test_every_code_is_explained() -> None:
    assert {row[2] for row in WRONG} | {"CCL0501", "CCL0513", "CCL0516"} == set(catalogue.entries_of("texts"))


# -- the verb ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def contract(tmp_path: Path) -> Path:
    path = tmp_path / "orchard.ccl"
    path.write_text(TEXT, encoding="utf-8")
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "es.toml").write_text(GOOD, encoding="utf-8")
    return path


def ccl(*words: str) -> int:
    return cli.main(["texts", *words], lambda: HOST)


def test_check_reads_the_catalogues_beside_the_contract(contract: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ccl("check", str(contract)) == 0
    (contract.parent / "texts" / "gl.toml").write_text('over_limt = "x"\n', encoding="utf-8")
    capsys.readouterr()
    assert ccl("check", str(contract), "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert {d["code"] for d in told["diagnostics"]} == {"CCL0506", "CCL0507", "CCL0508"}


def test_check_of_catalogues_that_are_named(contract: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = contract.parent / "de.toml"
    bad.write_text("x = 5\n", encoding="utf-8")
    assert ccl("check", str(contract), "--texts", str(bad)) == 1
    assert "is no text" in capsys.readouterr().out
    assert ccl("check", str(contract), "--texts", str(contract.parent / "texts")) == 0


def test_what_cannot_be_checked(contract: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ccl("check", str(contract), "--texts", str(contract.parent / "missing.toml")) == 2
    assert "missing.toml" in capsys.readouterr().err
    (contract.parent / "texts" / "es.toml").unlink()
    assert ccl("check", str(contract)) == 2
    assert "no catalogue there" in capsys.readouterr().err
    empty = contract.parent / "empty"
    empty.mkdir()
    assert ccl("keys", str(empty)) == 2


def test_an_error_in_the_contract_is_told(contract: Path, capsys: pytest.CaptureFixture[str]) -> None:
    contract.write_text(TEXT.replace("require member()", "require membr()"), encoding="utf-8")
    assert ccl("check", str(contract)) == 1
    assert "membr" in capsys.readouterr().out


def test_keys_are_a_catalogue_to_be_filled_in(contract: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ccl("keys", str(contract)) == 0
    blank = capsys.readouterr().out
    assert "# Nobody pays more than {most} at once.\n# may speak of {most}\n" in blank
    filled = "\n".join(line.replace('= ""', '= "x"') for line in blank.splitlines())
    told, _ = found(filled)
    assert {d.code for d in told} <= {"CCL0515"}  # it says none of the values
