"""`ccl prove` and `ccl diff` as they are called: what they print, their JSON, their exit status, their limits."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from ccl import catalogue_proof, cli
from ccl.host import Host
from ccl.proof.answers import Answer, Relation, Verdict
from ccl.proof.standard import ACCEPTABLE, STANDARD
from ccl.tools import diff, prove
from ccl.tools.limited import Ended, Send, Unavailable, limited
from tests.ccl.proof.orchard import HOST, orchard, text_of


def host() -> Host:
    return HOST


def written(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def called(*words: str) -> int:
    return cli.main(list(words), host)


# -- prove -------------------------------------------------------------------------------------------------------------


def test_prove_tells_what_breaks_and_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path / "orchard.ccl", text_of())
    assert called("prove", file) == 1
    text = capsys.readouterr().out
    assert "counterexample [CCL0602]: proposal PolicyDecision, no_never_passes: Another no never passes" in text
    assert f"  --> {file}:20:5" in text
    assert "    With 5 members, 2 yes and 0 no, the motion does not pass: too few took part." in text
    assert "Mend it:" in text
    assert text.endswith(" proved, 1 counterexample\n")


def test_prove_is_content_with_what_is_accepted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path / "orchard.ccl", text_of('accept no_adds_quorum because "turnout is wanted";'))
    assert called("prove", "--quiet", file) == 0
    text = capsys.readouterr().out
    assert "accepted [CCL0605]" in text
    assert "  Accepted: turnout is wanted" in text
    assert "proved: " not in text


def test_prove_one_property_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path / "o.ccl", text_of("property p(a: Money<CREDIT> in 0..9) { a <= 9 CREDIT }"))
    assert called("prove", file, "--property", "p", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [a["answer"] for a in found["answers"]] == ["proved"]
    assert found["summary"]["proved"] == 1


def test_prove_up_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = text_of("property p(xs: Array<Integer, max 90>) { xs.all(|x| x > 3) == !xs.any(|x| x <= 3) }")
    assert called("prove", written(tmp_path / "o.ccl", text), "--property", "p") == 0
    assert "proved up to 5 items [CCL0604]: property p" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["nonesuch", "no_adds"])
def test_prove_knows_no_such_property(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert called("prove", written(tmp_path / "o.ccl", text_of()), "--property", name) == 2
    assert f"there is no property `{name}`; there are: " in capsys.readouterr().err


def test_what_is_not_there_and_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert called("prove", str(tmp_path / "none.ccl")) == 2
    assert "none.ccl" in capsys.readouterr().err
    assert called("prove", written(tmp_path / "bad.ccl", "contract X { edition: 1; fn f() -> Integer { y } }")) == 1
    assert "error[CCL" in capsys.readouterr().err
    assert called("diff", str(tmp_path / "none.ccl"), str(tmp_path / "bad.ccl")) == 2


def test_without_the_solver_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
                                                    capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    def missing(*_: Any, **__: Any) -> Any:
        raise Unavailable("the solver is not installed; install it with: pip install 'icn-node[prove]'")

    monkeypatch.setattr(prove, "limited", missing)
    monkeypatch.setattr(diff, "limited", missing)
    file = written(tmp_path / "o.ccl", text_of())
    assert called("prove", file) == 2
    other = written(tmp_path / "n.ccl", text_of(was1="limit * 2", now1="limit * 3"))
    assert called("diff", file, other) == 2
    assert capsys.readouterr().err.count("error[CCL0601]: the solver is not installed") == 2


# -- diff --------------------------------------------------------------------------------------------------------------


def test_diff_of_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = written(tmp_path / "old.ccl", text_of())
    new = written(tmp_path / "new.ccl", "// another layout\n" + text_of().replace("  ", " "))
    assert called("diff", old, new) == 0
    assert capsys.readouterr().out == "3 of 3 commands are judged as before.\n"


def test_diff_tells_a_looser_version(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = written(tmp_path / "old.ccl", text_of())
    new = written(tmp_path / "new.ccl", text_of(was1="limit * 2", now1="limit * 3"))
    assert called("diff", old, new) == 1
    text = capsys.readouterr().out
    assert "looser [CCL0611]: command credit.transfer" in text
    assert "    Old version: refused under 4.2: `command.amount <= most` does not hold (over the limit)." in text
    assert "    New version: permitted." in text
    assert "To be acknowledged by those who adopt it, since it may allow more: command credit.transfer." in text
    assert called("diff", new, old, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["acknowledge"] == []
    assert {c["name"]: c["relation"] for c in found["changes"]}["credit.transfer"] == "stricter"


# -- limits ------------------------------------------------------------------------------------------------------------


def test_what_is_found_in_time_is_kept() -> None:
    def work(send: Send) -> None:
        send({"n": 1})
        time.sleep(60)
        send({"n": 2})

    before = time.monotonic()
    assert list(limited(work, seconds=0.5)) == [{"n": 1}, Ended("it took longer than 0.5 seconds")]
    assert time.monotonic() - before < 10


def test_too_much_memory_ends_the_work_and_not_us() -> None:
    def work(send: Send) -> None:
        send({"n": 1})
        held = [bytearray(1 << 20) for _ in range(4_000)]
        send({"n": len(held)})

    found = list(limited(work, seconds=20, memory=200 << 20))
    assert found == [{"n": 1}, Ended("it took more than 200 MiB of memory")]


def test_the_solver_itself_is_held_to_the_memory() -> None:
    def work(send: Send) -> None:
        import z3

        terms = [z3.Int(f"x{n}") for n in range(400_000)]
        send({"n": len([z3.And(*(a > b for a in terms[:2_000])) for b in terms])})

    found = list(limited(work, seconds=25, memory=150 << 20))
    assert len(found) == 1
    assert isinstance(found[0], Ended)
    assert found[0].why


def test_a_child_that_dies_is_told() -> None:
    def work(send: Send) -> None:
        import os

        os._exit(3)

    assert list(limited(work, seconds=20)) == [
        Ended("the solver ended early, as it does beyond 1 GiB of memory")
    ]  # fmt: skip


def test_too_little_time_is_unknown_not_a_crash() -> None:
    answers = prove.proved(orchard(), HOST, seconds=0.0)
    assert [a.verdict for a in answers] == [Verdict.UNKNOWN]
    assert "longer than 0 seconds" in answers[0].reason
    changes = diff.compared(orchard(), orchard(was1="limit * 2", now1="limit * 3"), HOST, seconds=0.0)
    assert {c.relation for c in changes} == {Relation.UNKNOWN}
    assert {c.name for c in changes} >= {"credit.transfer", "member.suspend", "bylaws.adopt"}
    assert diff.to_acknowledge(changes) == tuple(changes)


def test_a_missing_solver_is_told_by_the_child() -> None:
    def work(send: Send) -> None:
        raise ModuleNotFoundError("no z3", name="z3")

    with pytest.raises(Unavailable, match=r"icn-node\[prove\]"):
        list(limited(work))


def test_every_answer_has_an_explanation() -> None:
    codes = {*prove.CODES.values(), *diff.CODES.values(), "CCL0601", "CCL0606"}
    assert codes == set(catalogue_proof.ENTRIES)
    for name in STANDARD:
        assert name in catalogue_proof.ENTRIES["CCL0606"].text
    for name in ACCEPTABLE - STANDARD.keys() - {"member_alone"}:
        assert name in catalogue_proof.ENTRIES["CCL0606"].text


def test_an_unknown_is_told_with_its_reason() -> None:
    answer = Answer("p", "property p", Verdict.UNKNOWN, reason="the solver ran out of time")
    assert prove.as_text([answer]) == (
        "unknown [CCL0603]: property p\n  Because the solver ran out of time.\n1 unknown\n"
    )  # fmt: skip
