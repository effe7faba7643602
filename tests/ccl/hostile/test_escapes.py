"""Attempts to leave the language, written by hand; each says what must happen.

"runs": it is an ordinary contract, whose `f` gives this value in both back ends. A code: that error is told.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from ccl import compile as compiler
from ccl import interpret
from ccl.cli import main
from ccl.diagnostics import Findings
from ccl.document.html import html
from ccl.document.markdown import markdown
from ccl.document.outline import document
from ccl.elaborate import check, check_text
from ccl.report import as_json, for_people
from ccl.source import Sources
from ccl.syntax import parse
from tests.ccl.hostile.through import through, world
from tests.ccl.judging.contracts import HOST

REFUSED: dict[str, tuple[str, str]] = {
    "class of a number": ("CCL0104", "fn f() -> Integer { 1.__class__ }"),
    "class of a text": ("CCL0104", 'fn f() -> String { "a".__class__ }'),
    "class of a struct": ("CCL0104", "struct P { x: Integer } fn f(p: P) -> Integer { p.__class__ }"),
    "globals of a function": ("CCL0114", "fn g() -> Integer { 1 } fn f() -> Integer { g.__globals__ }"),
    "subclasses": ("CCL0104", 'fn f() -> Integer { "".__class__.__mro__[1].__subclasses__() }'),
    "dunder method": ("CCL0106", "fn f() -> Integer { 1.__add__(2) }"),
    "init": ("CCL0106", 'fn f() -> String { "a".__init__("b") }'),
    "import": ("CCL0103", 'fn f() -> Integer { __import__("os") }'),
    "eval": ("CCL0103", 'fn f() -> Integer { eval("1") }'),
    "exec": ("CCL0103", 'fn f() -> Integer { exec("1") }'),
    "open": ("CCL0103", 'fn f() -> String { open("/etc/passwd") }'),
    "getattr": ("CCL0103", 'fn f() -> Integer { getattr(1, "real") }'),
    "compile": ("CCL0103", 'fn f() -> Integer { compile("1", "a", "eval") }'),
    "builtins": ("CCL0101", "fn f() -> Integer { __builtins__ }"),
    "the machine": ("CCL0101", "fn f() -> Integer { m.fuel }"),
    "the world": ("CCL0101", "fn f() -> Integer { world.views }"),
    "the host's views": ("CCL0101", "fn f() -> Integer { views.__dict__ }"),
    "assigning the machine": ("CCL0101", "fn f() -> Integer { m.fuel = 0; 1 }"),
    "a field of the command": (
        "CCL0104",
        'contract A { clause "1" on credit.transfer { require command.__class__; } }',
    ),
    "the command's module": ("CCL0104", 'contract A { clause "1" on credit.transfer { require command.__module__; } }'),
    "a command by dunder": ("CCL0108", "action f() { credit.__class__(); }"),
    "an unknown command": ("CCL0101", "action f() { os.system(command: 1); }"),
    "python's lambda": ("CCL0103", "fn f() -> Integer { (lambda: 1)() }"),
    "python's import": ("CCL0310", "import os\nfn f() -> Integer { 1 }"),
    "a file by path": ("CCL0310", 'import { a } from "../../../../etc/passwd"; fn f() -> Integer { 1 }'),
    "a base by path": ("CCL0313", 'contract A extends "../../etc/passwd@' + "0" * 64 + '" { }'),
    "a base without a hash": ("CCL0312", 'contract A extends "base:default" { }'),
    "a base by file": ("CCL0313", 'contract A extends "file:///etc/passwd@' + "0" * 64 + '" { }'),
    "a did with a newline": ("CCL0012", "fn f() -> Did { did:key:a\nb }"),
    "a name of letters that look alike": ("CCL0008", "fn p\u0430yer() -> Integer { 1 }"),
    "text turned round": ("CCL0006", "fn f() -> Integer { 1 } \u202e // }"),
    "a nul": ("CCL0001", "fn f() -> Integer { 1\x00 }"),
    "a recursion": ("CCL0130", "fn f() -> Integer { f() }"),
    "a clock": ("CCL0101", "fn f() -> Integer { time.time() }"),
    "chance": ("CCL0103", "fn f() -> Integer { random() }"),
    "a float": ("CCL0151", "fn f() -> Float { 0.1 }"),
}

RUNS: dict[str, tuple[str, Any]] = {
    "python's words as names": (
        "fn f() -> Integer { let class = 1; let def = 2; let lambda = 3; class + def + lambda }",
        6,
    ),
    "builtins as names": ("fn f() -> Integer { let len = 1; let print = 2; let tuple = 4; len + print + tuple }", 7),
    "names of the back end": (
        "fn f() -> Integer { let m = 1; let out = 2; let error = 4; let row = 8; m + out + error + row }",
        15,
    ),
    "functions named as python's": (
        "fn eval(a: Integer) -> Integer { a } fn exec() -> Integer { 2 } fn f() -> Integer { eval(1) + exec() }",
        3,
    ),
    "dunder names": ("fn f() -> Integer { let __class__ = 1; let __import__ = 2; __class__ + __import__ }", 3),
    "dunder fields": (
        (
            "struct P { __class__: Integer, __dict__: Integer } "
            "fn f() -> Integer { let p = P { __class__: 1, __dict__: 2 }; p.__class__ + p.__dict__ }"
        ),
        3,
    ),
    "a struct of python's": (
        "struct object { None_: Integer } fn f() -> Integer { let o = object { None_: 4 }; o.None_ }",
        4,
    ),
    "braces in a text": ('fn f() -> String { "{0.__class__}" }', "{0.__class__}"),
    "percent in a text": ('fn f() -> String { "%(a)s %n %s" }', "%(a)s %n %s"),
    "code in a text": ('fn f() -> String { "\\"); import os; (\\"" }', '"); import os; ("'),
    "format over a text": ('fn f() -> String { let a = "{0.__class__}"; format!("{}", a) }', "{0.__class__}"),
    "a backslash at the end": ('fn f() -> String { "a\\\\" }', "a\\"),
}


def test_there_are_at_least_forty() -> None:
    assert len(REFUSED) + len(RUNS) >= 40


@pytest.mark.parametrize("kind", REFUSED)
def test_there_is_no_way_out(kind: str) -> None:
    code, text = REFUSED[kind]
    assert through(text) is None
    assert code in {d.code for d in check_text(text, HOST)[1].all}


@pytest.mark.parametrize("kind", RUNS)
def test_a_name_is_a_name_and_a_text_is_a_text(kind: str) -> None:
    text, value = RUNS[kind]
    program = through(text)
    assert program is not None
    assert interpret.run(program, "f", (), world()).value == value
    assert compiler.compiled(program).run("f", (), world()).value == value


MARKS = "<script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.mark.parametrize(
    "text",
    [
        f'contract A {{ clause "{MARKS}" on credit.transfer "x" {{ require member(); }} }}',
        f'contract A {{ clause "1" on credit.transfer "{MARKS}" {{ require member() because "{MARKS}"; }} }}',
        f'/// {MARKS}\ncontract A {{ version: "{MARKS}"; title: "{MARKS}"; }}',
        f'contract A {{ proposal P {{ description: "{MARKS}"; }} param p: String = "{MARKS}"; }}',
    ],
)
def test_a_document_holds_no_foreign_markup(text: str) -> None:
    sources = Sources()
    number = sources.add("a.ccl", text)
    made = document(sources, number, parse(sources, number, Findings()))
    for written in (html(made), markdown(made)):
        assert "<script" not in written.replace("\\<", "")
        assert "<img" not in written.replace("\\<", "")


def test_what_a_terminal_obeys_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    sources, findings = Sources(), Findings()
    number = sources.add("a\x1b]0;x\x07.ccl", 'contract A { timezone: "\x1b[2J\x1b]0;owned\x07"; edition: \x1b[31m; }')
    check(sources, [number], HOST, findings)
    assert findings.failed
    shown = for_people(findings.sorted(), sources)
    assert all(c == "\n" or c.isprintable() for c in shown)
    assert json.loads(as_json(findings.sorted(), sources))["total"] >= 1
    sys.stdout.write(shown)
    assert "\x1b" not in capsys.readouterr().out


def test_a_link_to_elsewhere_is_no_import(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "secret.ccl").write_text("const SECRET: Integer = 42;", encoding="utf-8")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "a.ccl").write_text('import { SECRET } from "../secret.ccl";', encoding="utf-8")
    assert main(["check", str(inside)], lambda: HOST) == 1
    assert "42" not in capsys.readouterr().out
