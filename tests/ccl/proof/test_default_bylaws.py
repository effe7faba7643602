"""The bylaws that ship with the node: proved and compared whole, with nothing left unknown."""

from __future__ import annotations

import pytest

from ccl import core
from ccl.elaborate import check_text
from ccl.host import Host
from ccl.proof.answers import Relation, Verdict
from ccl.proof.comparing import changes
from ccl.proof.fingerprint import Fingerprints
from ccl.proof.properties import prove
from icn_node.documents import host as host_of_the_node
from icn_node.documents import shipped


@pytest.fixture(scope="module")
def host() -> Host:
    return host_of_the_node()


def program(text: str, host: Host) -> core.Program:
    made, findings, _ = check_text(text, host, "default.ccl")
    assert made is not None, findings.all
    return made


def test_everything_is_proved(host: Host) -> None:
    answers = list(prove(program(shipped("default.ccl"), host), host))
    assert len(answers) > 80
    assert {a.verdict for a in answers} <= {Verdict.PROVED, Verdict.ACCEPTED}, [
        a for a in answers if a.verdict not in (Verdict.PROVED, Verdict.ACCEPTED)
    ]


def test_the_same_is_solved_to_be_the_same(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the short cut for equal texts: every command is solved."""
    numbers = iter(range(10_000))
    monkeypatch.setattr(Fingerprints, "command", lambda self, name, units: str(next(numbers)).encode())
    old = program(shipped("default.ccl"), host)
    new = program(shipped("default.ccl") + "\nfn unused(a: Integer) -> Integer { a }\n", host)
    found = [c for c in changes(old, new, host) if c.kind == "command"]
    assert len(found) > 150
    assert [c for c in found if c.relation is not Relation.EQUIVALENT] == []


def test_a_clause_that_opens_to_more_people_is_looser(host: Host) -> None:
    text = shipped("default.ccl")
    new = text.replace("require decided();", "require decided() or operator();")
    found = {c.name: c for c in changes(program(text, host), program(new, host), host)}
    opened = found["module.activate"]
    assert opened.relation is Relation.LOOSER
    assert "`operator()` is true." in opened.witnesses[0].case
    assert {c.relation for c in found.values()} <= {Relation.LOOSER, Relation.EQUIVALENT}
