"""A text through all that reads contracts: nothing of Python's escapes, and both back ends say the same."""

from __future__ import annotations

from typing import Any

from ccl import compile as compiler
from ccl import core, cost, interpret, semantics
from ccl.diagnostics import Findings
from ccl.document.html import html
from ccl.document.markdown import markdown
from ccl.document.outline import document
from ccl.elaborate import check
from ccl.explain import explain
from ccl.format import formatted
from ccl.lint import linted
from ccl.report import as_json, for_people
from ccl.rulebook import Rulebook
from ccl.source import Sources
from ccl.syntax import parse
from tests.ccl.judging.contracts import HOST, Transfer, Views, World

FUEL = 2_000
LONGEST_REPORT = 400_000
"""Characters that a hundred errors may take at most."""
FACTS: dict[str, Any] = {"member": True, "decided": False, "role": False, "age": 30, "balance": 100}
_VALUES: dict[str, Any] = {"Integer": 5, "Bool": True, "String": "x", "Did": "did:key:z"}


def through(text: str, name: str = "x.ccl") -> core.Program | None:
    """The program that the text makes, None if it is wrong. Raises AssertionError where something is not as it must."""
    sources, findings = Sources(), Findings()
    number = sources.add(name, text)
    program = check(sources, [number], HOST, findings)
    assert (program is None) is findings.failed
    _report(findings, sources)
    tree = parse(sources, number, Findings())
    made = document(sources, number, tree)
    assert "<script" not in html(made).lower()
    markdown(made)
    again = formatted(name, text, Findings())
    if again is not None:
        assert formatted(name, again, Findings()) == again, "laid out twice is laid out once"
    if program is not None:
        for diagnostic in linted(program, [tree], sources, HOST):
            assert diagnostic.message
        _run(program)
    return program


def _report(findings: Findings, sources: Sources) -> None:
    for shown in (for_people(findings.sorted(), sources), as_json(findings.sorted(), sources)):
        assert len(shown) < LONGEST_REPORT
        assert "\x1b" not in shown
        assert "\x00" not in shown
    for found in findings.all[:200]:
        for label in found.labels:
            if label.span.source >= 0:
                assert 0 <= label.span.start <= label.span.end <= len(sources[label.span.source].text)


def world() -> World:
    """One in which a member pays."""
    return World(Views(**FACTS), Transfer(amount=100), params={"limit": 50_000}, state={})


def _run(program: core.Program) -> None:
    semantics.semantic_hash(program)
    cost.check(program, Findings())
    code = compiler.compiled(program)
    for name, function in list(program.functions.items())[:6]:
        args = tuple(_VALUES.get(str(held)) for _, held in function.params)
        if None in args:
            continue
        first = interpret.run(program, name, args, world(), fuel=FUEL)
        second = code.run(name, args, world(), fuel=FUEL)
        assert first == second, name
        assert first.fuel <= FUEL or first.trap is not None
    if program.clauses:
        _judge(program)


def _judge(program: core.Program) -> None:
    book = Rulebook(program, HOST)
    verdict = book.judge("credit.transfer", world())
    explanation = explain(book, world(), verdict, all=True)
    assert explanation is not None
