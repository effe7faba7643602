"""Slips seeded into how programs are walked are found by comparing them with the interpreter."""

from __future__ import annotations

from typing import Any

import pytest

from ccl.proof import comprehensions, sequences, symbolic
from ccl.proof.symbolic import Run
from tests.ccl.evaluation.programs import case
from tests.ccl.proof.test_meaning import compare

MOST = 1_500


def found() -> bool:
    """Whether some program shows a difference."""
    for seed in range(MOST):
        try:
            compare(case(seed))
        except AssertionError:
            return True
    return False


WALKS: dict[str, Any] = {
    "any": comprehensions.KINDS["all"],
    "all": comprehensions.KINDS["any"],
    "count": lambda run, e, items, initial: 0,
    "filter": lambda run, e, items, initial: sequences.compact(items),
    "find": lambda run, e, items, initial: sequences.NONE,
    "fold": lambda run, e, items, initial: initial,
}


@pytest.mark.parametrize("kind", WALKS)
def test_a_walk_that_does_something_else(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(symbolic.KINDS, kind, WALKS[kind])  # type: ignore[arg-type]  # a dict, declared as read only
    assert found()


@pytest.mark.parametrize("code", ["index", "overflow", "missing_key", "unwrap", "explicit"])
def test_a_trap_that_is_missed(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Run.trap

    def trap(self: Run, of: str, when: Any, span: Any, *others: str) -> None:
        if of != code:
            real(self, of, when, span, *others)

    monkeypatch.setattr(Run, "trap", trap)
    assert found()


def test_a_branch_joined_the_wrong_way_round(monkeypatch: pytest.MonkeyPatch) -> None:
    real = symbolic._joined
    monkeypatch.setattr(symbolic, "_joined", lambda ends: real(list(ends)[::-1][:1]))
    assert found()


def test_what_comes_after_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Run, "refuse", lambda self, number, when: None)
    assert found()
