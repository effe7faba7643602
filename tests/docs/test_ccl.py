"""Every sample of CCL in the pages is a contract that checks, or has exactly the error that its fence announces.

    ```ccl              without an error; a piece of a contract is put into one, with the names that it needs
    ```ccl CCL0153      with that error, and no other

`HASH` in a sample stands for the hash of the bylaws that ship with the node. A table under the words `Evaluated:` shows
expressions, with the values that they have in a contract of the time zone Europe/Madrid.
"""

from __future__ import annotations

import argparse
import re
from functools import lru_cache

import pytest

from ccl import catalogue, cost
from ccl.elaborate import check_text
from ccl.host import Host
from ccl.report import for_people
from ccl.tools import contracts
from ccl.tools.evaluating import Session
from icn_node.cli import reference_ccl
from icn_node.cli.host import host
from tests.docs.test_docs import ROOT, derive, text_of

LANGUAGE = "docs/reference/ccl.md"
FENCE = re.compile(r"^```ccl(?: (CCL\d{4}))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
EVALUATED = re.compile(r"^Evaluated:\n\n((?:\|.*\n)+)", re.MULTILINE)
PAGES = sorted(
    str(path.relative_to(ROOT))
    for path in (*(ROOT / "docs").rglob("*.md"), ROOT / "README.md")
    if FENCE.search(path.read_text(encoding="utf-8"))
)
SAMPLES = [
    pytest.param(found[1] or "", found[2], id=f"{page}:{text_of(page).count(chr(10), 0, found.start()) + 1}")
    for page in PAGES
    for found in FENCE.finditer(text_of(page))
]
VALUES = [
    tuple(cell.strip().strip("`").replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", row)[1:3])
    for found in EVALUATED.finditer(text_of(LANGUAGE))
    for row in found[1].splitlines()[2:]
]
PIECES = {
    "unit CREDIT": "unit CREDIT { decimals: 2; }",
    "unit HOUR": "unit HOUR { decimals: 0; }",
    "unit SUN": "unit SUN { decimals: 2; }",
    "param limit": "param limit: Money<CREDIT> = 500 in 0..2000 changed by policy;",
    "param signatories": "param signatories: Integer = 2 in 1..9;",
    "role Steward": "role Steward {}",
    "role Worker": "role Worker {}",
    "role User": "role User {}",
    "state treasury": "state treasury: Money<CREDIT> = 0;",
    'clause "4.2"': 'clause "4.2" on credit.transfer in CREDIT { require command.amount <= 500 CREDIT; }',
}
"""What a piece of a contract may speak of without declaring it."""


@lru_cache
def node() -> Host:
    return host()


def whole(sample: str) -> str:
    """A sample as it is checked."""
    found = next(iter(name for name in node().bases if name.startswith("default@")))
    sample = sample.replace("HASH", found.partition("@")[2])
    if re.search(r"^contract ", sample, re.MULTILINE):
        return sample
    pieces = [text for name, text in PIECES.items() if not re.search(rf"^\s*(final |floor |default )?{name}(?!\w)",
                                                                     sample, re.MULTILINE)]  # fmt: skip
    return "contract Sample {\nedition: 1;\n" + "\n".join(pieces) + "\n" + sample + "}\n"


@pytest.mark.parametrize(("code", "sample"), SAMPLES)
def test_a_sample_checks_or_has_the_error_that_it_announces(code: str, sample: str) -> None:
    program, findings, sources = check_text(whole(sample), node())
    if program is not None:
        cost.check(program, findings)
    told = {d.code for d in findings.all if d.severity == "error"}
    assert told == ({code} if code else set()), for_people(findings.sorted(), sources)


def test_the_reference_shows_errors_and_values() -> None:
    assert len(SAMPLES) >= 20
    assert sum(bool(sample.values[0]) for sample in SAMPLES) >= 5
    assert len(VALUES) >= 40


@lru_cache
def session() -> Session:
    text = (
        'contract Values { edition: 1; timezone: "Europe/Madrid"; calendar: [2026-01-06];\n'
        "unit CREDIT { decimals: 2; } unit HOUR { decimals: 0; } }\n"
    )
    args = argparse.Namespace(no_host=True, base=[])
    made = contracts.made_of(args, [("values.ccl", text)])
    assert made is not None
    return Session(made)


@pytest.mark.parametrize(("expression", "value"), VALUES)
def test_an_expression_has_the_value_that_the_reference_shows(expression: str, value: str) -> None:
    answer = session().evaluate(expression)
    assert not answer.problems, answer.problems
    shown = answer.text.rpartition(": ")[0] if answer.fine else answer.text
    assert shown == value


def test_the_tables_of_the_reference_are_what_the_code_says() -> None:
    text = text_of(LANGUAGE)
    assert derive.language(text) == text, "it is out of date: run `.venv/bin/python scripts/docs.py`"
    assert sorted(derive.shown_tables(text)) == sorted(reference_ccl.tables())


@pytest.mark.parametrize("code", sorted(set(re.findall(r"CCL\d{4}", text_of(LANGUAGE)))))
def test_a_code_that_is_named_exists(code: str) -> None:
    assert catalogue.entry(code) is not None


def test_a_sample_with_an_error_is_found() -> None:
    found = FENCE.search('```ccl\nclause "1" on credit.transfer { require membr(); }\n```')
    assert found is not None
    with pytest.raises(AssertionError):
        test_a_sample_checks_or_has_the_error_that_it_announces("", found[2])
