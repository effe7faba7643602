"""Every lint and every error of tests is pinned by the example that its explanation shows: told before `// instead:`,
not after it."""

from __future__ import annotations

import pytest

from ccl import catalogue_lint, catalogue_tests
from ccl.diagnostics import Findings
from ccl.lint import linted
from ccl.syntax import parse
from ccl.testing.cases import Runner
from ccl.testing.results import PASSED

from .contracts_under_test import HOST, contract


def lints(text: str) -> set[str]:
    made = contract(text)
    trees = [parse(made.sources, 0, Findings())]
    return {found.code for found in linted(made.program, trees, made.sources, HOST)}


def problems(text: str) -> tuple[set[str], bool]:
    """The codes that running the tests tells, and whether all passed."""
    made = contract(text)
    before = len(made.findings.all)
    results = Runner(made.program, made.bodies, HOST, made.sources, made.findings).run_all()
    return {d.code for d in made.findings.all[before:]}, all(r.status == PASSED for r in results)


@pytest.mark.parametrize("code", sorted(catalogue_lint.ENTRIES))
def test_a_lint_tells_of_its_example_and_not_of_the_better_one(code: str) -> None:
    wrong, right = catalogue_lint.ENTRIES[code].example.split("// instead:\n")
    assert code in lints(wrong)
    assert code not in lints(right)


@pytest.mark.parametrize("code", sorted(catalogue_tests.ENTRIES))
def test_a_wrong_test_is_told_of_and_the_right_one_passes(code: str) -> None:
    wrong, right = catalogue_tests.ENTRIES[code].example.split("// instead:\n")
    assert problems(wrong)[0] == {code}
    assert problems(right) == (set(), True)
