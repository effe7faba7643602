"""Imports and bases: what is found, what is pinned, what is refused."""

from __future__ import annotations

import pytest

from ccl import load
from ccl.diagnostics import Findings
from ccl.semantics import text_hash
from ccl.source import Sources

BASE = 'contract Base { clause "1" on * "All." { } }'


def loaded(*texts: str, bases: dict[str, str] | None = None) -> tuple[tuple[load.Loaded, ...], list[str]]:
    """What is loaded of texts named a.ccl, b.ccl and so on, and the codes told."""
    sources, findings = Sources(), Findings()
    numbers = [sources.add(f"{name}.ccl", text) for name, text in zip("abcdefghijkl", texts, strict=False)]
    found = load.load(sources, numbers, findings, bases or {})
    return found, [d.code for d in findings.all]


def test_a_file_of_functions_is_one_layer() -> None:
    (found,), codes = loaded("fn f() -> Integer { 1 }")
    assert codes == []
    assert [(layer.name, layer.base, layer.decl) for layer in found.layers] == [("", "", None)]


def test_what_stands_outside_belongs_to_the_contract() -> None:
    (found,), codes = loaded("fn f() -> Integer { 1 }", 'import "a.ccl";\ncontract A { fn g() -> Integer { 2 } }')
    assert codes == []
    assert [item.name.text for item in found.layers[0].items] == ["f", "g"]  # type: ignore[union-attr]
    assert found.aliases == ("a",)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('import "fees.ccl";', "CCL0310"),
        ("import std::governance;", "CCL0310"),
        ('import { gone } from "a.ccl";', "CCL0311"),
        ('import "./a.ccl" as fees;', None),
        ("import a;", None),
    ],
)
def test_an_import_names_a_source_that_was_given(line: str, code: str | None) -> None:
    _, codes = loaded("fn f() -> Integer { 1 }", line)
    assert codes == ([] if code is None else [code])


def test_a_base_of_the_same_sources_comes_first() -> None:
    (found,), codes = loaded("contract B extends A { }  contract A { }")
    assert codes == []
    assert [(layer.name, layer.base) for layer in found.layers] == [("A", "A"), ("B", "")]
    assert found.extends == ("A",)


def test_a_pinned_base_is_found_by_its_whole_name_or_without_the_word_before() -> None:
    pin = f"base:coop@{text_hash(BASE)}"
    for key in (pin, pin.partition(":")[2]):
        (found,), codes = loaded(f'contract A extends "{pin}" {{ }}', bases={key: BASE})
        assert codes == []
        assert found.bases == (pin,)


@pytest.mark.parametrize(
    ("extends", "bases", "code"),
    [
        ('"base:coop"', {"coop@1": BASE}, "CCL0312"),
        ('"base:coop@12ab"', {}, "CCL0312"),
        (f'"base:coop@{text_hash(BASE)}"', {}, "CCL0313"),
        (f'"base:coop@{"0" * 64}"', {f"coop@{'0' * 64}": BASE}, "CCL0314"),
        (f'"base:coop@{text_hash("fn f() { }")}"', {f"coop@{text_hash('fn f() { }')}": "fn f() { }"}, "CCL0315"),
        ("A", {}, "CCL0316"),
        ("Missing", {}, "CCL0317"),
    ],
)
def test_a_base_that_is_not_there_or_not_pinned(extends: str, bases: dict[str, str], code: str) -> None:
    _, codes = loaded(f"contract A extends {extends} {{ }}", bases=bases)
    assert codes == [code]


def test_bases_stand_on_bases_so_deep_and_no_deeper() -> None:
    chain = [f"contract C{n} extends C{n + 1} {{ }}" for n in range(load.MOST_BASES)]
    _, codes = loaded("\n".join([*chain, f"contract C{load.MOST_BASES} {{ }}"]))
    assert codes == []
    longer = [f"contract C{n} extends C{n + 1} {{ }}" for n in range(load.MOST_BASES + 1)]
    _, codes = loaded("\n".join([*longer, f"contract C{load.MOST_BASES + 1} {{ }}"]))
    assert codes == ["CCL0316"]


def test_two_contracts_of_one_name() -> None:
    _, codes = loaded("contract A { }", "contract A { }")
    assert codes == ["CCL0318"]
