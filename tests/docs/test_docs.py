"""Docs are tests: what pages show is run, what they name is there, what is drawn from code is what the code says."""

from __future__ import annotations

import importlib.util
import re
import shlex
import socket
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import icn_node
from icn_node.cli.tree import whole_grammar
from tests.docs import console

ROOT = Path(__file__).resolve().parents[2]
DERIVED = ("docs/reference/", "docs/decisions/")  # written by a program, or records of what once was


def load(path: Path) -> ModuleType:
    """A Python file that is in no package."""
    spec = importlib.util.spec_from_file_location(path.stem + "_of_docs", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


derive = load(ROOT / "scripts" / "docs.py")

FOLDERS = (ROOT / "docs", ROOT / "configs")
PAGES = sorted(str(path.relative_to(ROOT)) for folder in FOLDERS for path in folder.rglob("*.md"))
PAGES += ["README.md", "CHANGELOG.md"]
BY_HAND = "docs/reference/ccl.md"  # but for its tables
WRITTEN = [page for page in PAGES if not page.startswith(DERIVED) or page == BY_HAND]
RUN = [page for page in WRITTEN if console.steps((ROOT / page).read_text(encoding="utf-8"))]
TOP = {path.name for path in ROOT.iterdir()}


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def prose(text: str) -> str:
    """A page without its fences."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


# --- the commands ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", RUN)
def test_the_commands_of_a_page_do_what_it_shows(page: str, tmp_path: Path) -> None:
    shell = console.Shell(tmp_path, ROOT)
    try:
        for step in console.steps(text_of(page)):
            shell.run(step)
    finally:
        shell.close()


def test_the_pages_that_must_be_run_are_run() -> None:
    guides = {page for page in PAGES if page.startswith("docs/how-to/")}
    assert len(guides) >= 6
    assert {"README.md", "docs/tutorial.md", *guides} == set(RUN)


WRONG_PAGES = """
another answer      | $ echo one                        | two
a missing line      | $ printf 'one\\ntwo\\n'           | one
a line too many     | $ echo one                        | one/two
another exit code   | $ false                           | ...
a success not meant | $ true  # exit 1                  | ...
too few dots        | $ printf 'one\\ntwo\\n'           | one...
"""


@pytest.mark.parametrize("case", [line for line in WRONG_PAGES.splitlines() if line.strip()])
def test_a_page_that_shows_something_else_fails(case: str, tmp_path: Path) -> None:
    _, command, shown = (part.strip() for part in case.split(" | "))
    lines = "".join(f"{line}\n" for line in shown.split("/"))
    (step,) = console.steps(f"```console\n{command}\n{lines}```\n")
    shell = console.Shell(tmp_path, ROOT)
    try:
        with pytest.raises(console.PageFailed):
            shell.run(step)
    finally:
        shell.close()


def test_how_a_console_is_read() -> None:
    page = "x\n```console\n$ a \\\n    b  # exit 3\n\none\n\n$ cat <<E\n> in\n>\n> E\n```\n```sh\n$ not run\n```\n"
    first, second = console.steps(page)
    assert (first.line, first.command, first.status, first.expected) == (3, "a \\\n    b", 3, "\none")
    assert (second.line, second.command, second.status, second.expected) == (8, "cat <<E\nin\n\nE", 0, None)
    with pytest.raises(ValueError, match="begins with a command"):
        console.steps("```console\nno command\n```\n")


MATCHES = """
one          | one            | yes
one          | one two        | no
one...       | one two        | yes
.../two      | one/two        | yes
.../two      | one/and/two    | yes
.../two      | two            | yes
.../two      | two/one        | no
one/...      | one            | yes
a...c        | abc            | yes
a...c        | a/c            | no
a.c          | abc            | no
"""


@pytest.mark.parametrize("case", [line for line in MATCHES.splitlines() if line.strip()])
def test_three_dots(case: str) -> None:
    expected, said, verdict = (part.strip().replace("/", "\n") for part in case.split("|"))
    assert console.matches(expected, said) == (verdict == "yes")


# --- what pages name ------------------------------------------------------------------------------------------------


def slugs(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub and most renderers make them."""
    found = set()
    for heading in re.findall(r"^#+ (.+)$", prose(text), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        found.add(re.sub(r"[^\w\- ]", "", plain).strip().replace(" ", "-"))
    return found


def links(page: str) -> Iterator[str]:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(text_of(page))):
        if not target.startswith(("http://", "https://", "mailto:")):
            yield target


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    for target in links(page):
        name, _, anchor = target.partition("#")
        path = (ROOT / page).parent / name if name else ROOT / page
        assert path.exists(), f"{page} links to {target}"
        if anchor:
            assert anchor in slugs(path.read_text(encoding="utf-8")), f"{page} links to {target}"


@pytest.mark.parametrize("page", WRITTEN)
def test_every_file_that_is_named_is_there(page: str) -> None:
    for name in re.findall(r"`([\w.][\w./-]*)`", prose(text_of(page))):
        if "/" in name and name.split("/")[0] in TOP:
            assert (ROOT / name).exists(), f"{page} names {name}"
    for name in re.findall(r"(?:^|\s)(scripts/\w+)", text_of(page)):
        assert (ROOT / name).exists(), f"{page} names {name}"


@pytest.mark.parametrize("page", [page for page in WRITTEN if page != "docs/index.md" and page.startswith("docs/")])
def test_every_page_is_in_the_index(page: str) -> None:
    index = {((ROOT / "docs") / target.partition("#")[0]).resolve() for target in links("docs/index.md")}
    assert (ROOT / page).resolve() in index


ABSOLUTE = re.compile(r"(?<![\w.~$/:>=*])/(\w+)/\w")
MEANT = {"etc", "opt", "var", "srv", "usr", "run", "mnt"}


@pytest.mark.parametrize("page", PAGES)
def test_no_page_names_the_place_where_it_was_written(page: str) -> None:
    text = text_of(page)
    assert str(ROOT) not in text
    assert str(Path.home()) + "/" not in text.replace(" ~/", " ")
    assert socket.gethostname() not in text or len(socket.gethostname()) < 6
    for top in ABSOLUTE.findall(text):
        assert top in MEANT, f"{page} names the path /{top}/..."


def test_the_changelog_and_the_package_have_the_version() -> None:
    package = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert package["project"]["version"] == icn_node.VERSION
    assert re.findall(r"^## (\S+)", text_of("CHANGELOG.md"), re.MULTILINE)[0] == icn_node.VERSION


def test_commands_that_are_not_run_exist() -> None:
    """In fences for the shell, whose commands need root or much time: each `icn NOUN VERB` in them is one."""
    grammar = whole_grammar()
    found = 0
    for page in WRITTEN:
        for fence in re.findall(r"^```sh\n(.*?)^```$", text_of(page), re.DOTALL | re.MULTILINE):
            for line in fence.replace("\\\n", " ").splitlines():
                words = shlex.split(line, comments=True)
                for place, word in enumerate(words):
                    if word.endswith("bin/icn") or (word == "icn" and place == 0):
                        grammar.find(words[place + 1 :])
                        found += 1
    assert found >= 5


# --- what is derived ------------------------------------------------------------------------------------------------

AGAIN = "it is out of date: run `.venv/bin/python scripts/docs.py`"


def test_the_diagrams_are_those_of_the_tables() -> None:
    text = text_of("docs/explanation/lifecycles.md")
    assert derive.lifecycles(text) == text, AGAIN


def test_every_table_is_drawn_once() -> None:
    drawn = derive.drawn(text_of("docs/explanation/lifecycles.md"))
    assert sorted(drawn) == sorted(derive.tables())


def test_a_diagram() -> None:
    table = {"": {"begin": "open"}, "open": {"look": "open", "end": "over", "stop": "over"}, "over": {}}
    assert derive.diagram(table).splitlines() == [
        "stateDiagram-v2", "    [*] --> open: begin", "    open --> open: look", "    open --> over: end, stop",
        "    over --> [*]",
    ]  # fmt: skip
    assert derive.diagram({"on": {"end": "off"}}).splitlines()[1:] == [
        "    [*] --> on", "    on --> off: end", "    off --> [*]",
    ]  # fmt: skip


def test_the_index_of_decisions_lists_every_record() -> None:
    assert text_of("docs/decisions/README.md") == derive.index(), AGAIN
    written = {path.name for path in (ROOT / "docs" / "decisions").glob("*.md")} - {"README.md"}
    assert written == {name for _, _, name in derive.records()}


def test_decisions_have_numbers_of_their_own() -> None:
    numbers = [number for number, _, _ in derive.records()]
    assert len(set(numbers)) == len(numbers), sorted(n for n in numbers if numbers.count(n) > 1)
