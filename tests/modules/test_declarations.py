"""What every module declares holds together: names, documents, examples, refusals and notices with their texts."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from icn_node.cli.tree import whole_grammar
from icn_node.kernel import policy, refusal
from icn_node.kernel.execute import Kernel
from icn_node.kernel.fields import element_of, kind_of
from icn_node.kernel.module import CommandSpec, Module, NoticeSpec, QuerySpec
from icn_node.kernel.private import commitment, plan_of
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.tables import Record
from icn_node.modules import MODULES
from icn_node.rpc.edge import Intake
from tests.people import unit
from tests.world import World

SOURCE = Path(inspect.getfile(policy)).parent.parent
COMMANDS = [pytest.param(m, c, id=c.op) for m in MODULES for c in m.commands]
QUERIES = [pytest.param(m, q, id=q.name) for m in MODULES for q in m.queries]
NOTICES = {n.code: n for m in MODULES for n in m.notices}
DECLARED = sorted({r for m in MODULES for s in (*m.commands, *m.queries) for r in s.refuses}, key=lambda r: r.__name__)
TREES = {
    path: ast.parse(path.read_text(encoding="utf-8"))
    for folder in ("kernel", "modules")
    for path in sorted((SOURCE / folder).glob("*.py"))
}


def defined() -> dict[str, type[Refusal]]:
    """Every refusal that kernel and modules define, by its class name and module."""
    found = {}
    for path in TREES:
        module = importlib.import_module(f"icn_node.{path.parent.name}.{path.stem}")
        for name, value in vars(module).items():
            if isinstance(value, type) and issubclass(value, Refusal) and value.__module__ == module.__name__:
                found[f"{module.__name__}.{name}"] = value
    return found


def names_in(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


# --- names ----------------------------------------------------------------------------------------------------------


def test_names_are_given_once() -> None:
    for kind, names in {
        "modules": [m.name for m in MODULES],
        "commands": [(c.op, c.cls.VER) for m in MODULES for c in m.commands],
        "queries": [q.name for m in MODULES for q in m.queries],
        "words of the command line": [s.cli for m in MODULES for s in (*m.commands, *m.queries)],
        "parameters": [p.name for m in MODULES for p in m.params],
        "timers": [t.kind for m in MODULES for t in m.timers],
        "notices": [n.code for m in MODULES for n in m.notices],
        "refusals": [(r.code) for r in defined().values() if r is not Refusal],
        "tables": [r.TABLE for r in Kernel.records(MODULES)],
    }.items():
        twice = sorted({str(n) for n in names if names.count(n) > 1})
        assert not twice, f"{kind} named twice: {twice}"


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.name)
def test_a_module_says_what_it_is(module: Module) -> None:
    first = module.doc.strip().split("\n")[0]
    assert len(first) > 20, module.name
    assert len(module.doc.strip().split("\n")) >= 3, "a module's docstring says purpose, invariants, what it leaves out"
    for param in module.params:
        assert len(param.doc) > 15, param.name
        if isinstance(param.default, int) and not isinstance(param.default, bool):
            assert param.low <= param.default <= param.high, param.name
        if param.choices:
            assert param.default in param.choices, param.name


# --- commands and queries -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("module", "spec"), [*COMMANDS, *QUERIES])
def test_it_is_documented_and_its_example_names_its_fields(module: Module, spec: CommandSpec | QuerySpec) -> None:
    assert spec.doc, "no docstring"
    assert spec.doc.split("\n\n")[0].rstrip().endswith("."), spec.doc
    fields = {f.name: f for f in msgspec.structs.fields(spec.cls)}
    # The edge takes `amount` for `amount_minor` and `until` for `until_ms`, and turns text into numbers.
    short = {n.removesuffix("_minor").removesuffix("_ms"): n for n in fields}
    given = {short.get(name, name) for name in spec.example}
    assert given <= fields.keys(), f"the example has unknown fields {given - fields.keys()}"
    if spec.example or isinstance(spec, CommandSpec):
        missing = {n for n, f in fields.items() if f.required} - given
        assert not missing, f"the example lacks {missing}"


@pytest.fixture(scope="module")
def town() -> World:
    """Everybody and everything that examples name."""
    w = World(roles=("steward", "treasurer"))
    for name in ("bob", "carol", "dave", "erin"):
        w.member(name)
    w.member("bakery", kind="organisation")
    for code, kind in (
        ("CREDIT", "credit"),
        ("CC", "credit"),
        ("HOUR", "hours"),
        ("LEAF", "currency"),
        ("SUN", "credit"),
    ):
        unit(w, code, kind=kind, decimals=0 if kind == "hours" else 2)
    return w


@pytest.mark.parametrize(("module", "spec"), [*COMMANDS, *QUERIES])
def test_its_example_is_understood(town: World, module: Module, spec: CommandSpec | QuerySpec) -> None:
    """As somebody would type it: handles, decimals and dates become what the event, or the query, holds."""
    intake = Intake(town.tables)
    if isinstance(spec, QuerySpec):
        if spec.example:
            assert isinstance(intake.query(spec.cls, spec.example), spec.cls)
        return
    fields = intake.command(spec.cls, spec.example, spec.private)
    for name, (value, audience) in intake.texts.items():
        assert name in spec.private
        fields[name] = msgspec.to_builtins(commitment(bytes(32), str(value).encode(), audience), builtin_types=(bytes,))
    command = msgspec.convert(fields, spec.cls)
    assert town.kernel.decode({"op": spec.op, "ver": spec.cls.VER, **fields}) == command


def leaves(cls: type[msgspec.Struct]) -> Iterator[tuple[str, Any]]:
    """The fields of a struct, and of the structs in its lists, by their own names."""
    for field in msgspec.structs.fields(cls):
        yield field.name, field.type
        inner = element_of(field.type) if kind_of(field.type) == "list" else None
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            yield from leaves(inner)


@pytest.mark.parametrize(("module", "spec"), COMMANDS)
def test_private_fields_have_an_audience(module: Module, spec: CommandSpec) -> None:
    private = {name for name, declared in leaves(spec.cls) if kind_of(declared) == "private"}
    assert private == set(spec.private), "each private field, and nothing else, states its default audience"
    for audience in spec.private.values():
        assert audience.split() == sorted(audience.split()), audience
    assert (plan_of(spec.cls) is not None) or not private


@pytest.mark.parametrize(("module", "spec"), [*COMMANDS, *QUERIES])
def test_declared_refusals_are_refusals_and_declared_once(module: Module, spec: CommandSpec | QuerySpec) -> None:
    assert all(isinstance(r, type) and issubclass(r, Refusal) for r in spec.refuses)
    assert len(set(spec.refuses)) == len(spec.refuses), [r.__name__ for r in spec.refuses if spec.refuses.count(r) > 1]


@pytest.mark.parametrize(("module", "spec"), QUERIES)
def test_tables_and_bounds_of_queries(module: Module, spec: QuerySpec) -> None:
    assert len(set(spec.columns)) == len(spec.columns)
    limits = [f for f in msgspec.structs.fields(spec.cls) if f.name == "limit"]
    for limit in limits:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(1001, limit.type)
        assert limit.default == msgspec.convert(limit.default, limit.type)


# --- refusals and notices -------------------------------------------------------------------------------------------


def raises() -> list[tuple[str, type[Refusal], set[str]]]:
    """(place, class, fact names) of every `raise X(...)` and `raise X` of a refusal; facts in ** cannot be known."""
    found = []
    for path, tree in TREES.items():
        scope = vars(importlib.import_module(f"icn_node.{path.parent.name}.{path.stem}"))
        for node in ast.walk(tree):
            if not isinstance(node, ast.Raise) or node.exc is None:
                continue
            called = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            keywords = node.exc.keywords if isinstance(node.exc, ast.Call) else []
            said = scope.get(called.id) if isinstance(called, ast.Name) else None
            if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
                said = getattr(scope.get(called.value.id), called.attr, None)
            if isinstance(said, type) and issubclass(said, Refusal) and all(k.arg for k in keywords):
                found.append((f"{path.name}:{node.lineno}", said, {str(k.arg) for k in keywords}))
    return found


def test_every_refusal_is_raised_with_the_facts_of_its_text() -> None:
    places = raises()
    assert len(places) > 150
    for place, said, facts in places:
        wanted = names_in(said.text) | names_in(said.advice)
        assert wanted <= facts, f"{place}: {said.__name__} says {wanted - facts}, which is not among its facts"


@pytest.mark.parametrize("said", DECLARED, ids=lambda r: r.__name__)
def test_a_refusal_reads_well(said: type[Refusal]) -> None:
    assert (said.__doc__ or "").rstrip().endswith("."), "says when it is raised"
    assert re.fullmatch("[a-z_.]+", said.code)
    assert said.text.endswith(".")
    assert not said.advice or said.advice.rstrip("`'\"").endswith("."), said.advice


def test_texts_name_commands_that_there_are() -> None:
    """`icn member list --kind label`: the words up to the first option or argument are a verb, or begin one."""
    verbs = whole_grammar().verbs
    texts = {f"{n}: {t}" for n, r in defined().items() for t in (r.text, r.advice)}
    texts |= {f"{n.code}: {n.text}" for n in NOTICES.values()}
    named = [
        (text, tuple(said.split())) for text in texts for said in re.findall(r"`icn ([a-z -]+?)(?: -|[`A-Z@])", text)
    ]
    assert len(named) > 30
    for text, words in named:
        assert any(verb[: len(words)] == words for verb in verbs), f"there is no `icn {' '.join(words)}`: {text}"


def test_no_code_is_used_by_two_kinds_of_refusal() -> None:
    codes: dict[str, set[str]] = {}
    for name, said in defined().items():
        codes.setdefault(said.code, set()).add(name)
    assert not {c: n for c, n in codes.items() if len(n) > 1}


def notified() -> list[tuple[str, str, set[str] | None]]:
    """(place, pattern of the codes, fact names or None where they are in **) of every notice that is sent."""
    found: list[tuple[str, str, set[str] | None]] = []
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "notify"):
                continue
            facts = {str(k.arg) for k in node.keywords} if all(k.arg for k in node.keywords) else None
            for argument in node.args[2:]:
                if isinstance(argument, ast.JoinedStr):
                    parts = [re.escape(v.value) if isinstance(v, ast.Constant) else r"\w+" for v in argument.values]
                    found.append((f"{path.name}:{node.lineno}", "".join(parts), facts))
                    continue
                for text in (n.value for n in ast.walk(argument) if isinstance(n, ast.Constant)):
                    if isinstance(text, str):
                        found.append((f"{path.name}:{node.lineno}", re.escape(text), facts))
    return found


def test_every_notice_is_declared_and_has_the_facts_of_its_text() -> None:
    places = notified()
    assert len(places) > 40
    for place, pattern, facts in places:
        meant = [n for n in NOTICES.values() if re.fullmatch(pattern, n.code)]
        assert meant, f"{place}: the notice {pattern} is declared nowhere"
        for notice in meant if facts is not None else ():
            assert names_in(notice.text) <= facts, f"{place}: {notice.code} lacks {names_in(notice.text) - facts}"


@pytest.mark.parametrize("notice", NOTICES.values(), ids=lambda n: n.code)
def test_a_declared_notice_is_sent_somewhere(notice: NoticeSpec) -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in TREES)
    sent = any(re.fullmatch(pattern, notice.code) for _, pattern, _ in notified())
    assert sent or sources.count(f'"{notice.code}"') >= 2, "declared, but sent by nobody"
    assert notice.text.rstrip("`'\"").endswith("."), notice.text


# --- purity ---------------------------------------------------------------------------------------------------------

IMPURE = {"trio", "socket", "time", "random", "logging", "os", "threading", "subprocess", "secrets"}


@pytest.mark.parametrize("path", TREES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_rules_import_neither_clock_nor_chance_nor_the_machine(path: Path) -> None:
    imported = set()
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.Import):
            imported |= {a.name.split(".")[0] for a in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").split(".")[0])
    assert not imported & IMPURE


def test_records_hold_what_tables_can_keep() -> None:
    for record in Kernel.records(MODULES):
        assert issubclass(record, Record)
        assert not any("float" in str(f.type) for f in msgspec.structs.fields(record)), record.TABLE
        assert record.KEY, record.TABLE


def test_facts_are_filled_into_texts() -> None:
    assert refusal.words("a {b} c", {"b": 3}) == "a 3 c"
    assert refusal.words("a {b} c", {}) == "a (b) c"
