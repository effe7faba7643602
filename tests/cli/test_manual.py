"""Help pages mention everything that can be typed, and fit 80 columns; completion scripts list it and parse."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable

import pytest

from icn_node.cli import completion, manual
from icn_node.cli.failure import EXIT_CODES
from icn_node.cli.grammar import Verb
from icn_node.cli.layout import columns_of
from icn_node.cli.settings import GLOBAL
from icn_node.cli.tree import Grammar, whole_grammar

VERBS = list(whole_grammar().verbs.values())
NOUNS = sorted({v.words[0] for v in VERBS})
SHELLS: list[tuple[str, Callable[[Grammar], str]]] = [
    ("bash", completion.bash), ("zsh", completion.zsh), ("fish", completion.fish),
]  # fmt: skip


def fits(lines: list[str]) -> bool:
    return all(columns_of(line) <= 80 for line in lines)


def test_the_page_of_everything() -> None:
    lines = manual.page_of([], 80)
    page = "\n".join(lines)
    assert fits(lines)
    assert all(f"\n  {noun} " in page for noun in NOUNS)
    assert all(f"--{p.option}" in page for p in GLOBAL)
    assert all(f"\n  {code}  {what}" in page for code, what in EXIT_CODES)


@pytest.mark.parametrize("noun", NOUNS)
def test_the_page_of_a_noun_mentions_its_verbs(noun: str) -> None:
    lines = manual.page_of([noun], 80)
    page = " ".join(" ".join(lines).split())
    assert fits(lines)
    for verb in VERBS:
        if verb.words[0] == noun:
            assert " ".join(verb.words[1:] or verb.words) in page


@pytest.mark.parametrize("verb", VERBS, ids=lambda v: "-".join(v.words))
def test_the_page_of_a_verb(verb: Verb) -> None:
    lines = manual.page_of(list(verb.words), 80)
    page = " ".join(" ".join(lines).split())
    # An example may have one word that is wider than any terminal: a DID, a proof.
    assert fits([line for line in lines if line not in manual.example_lines(verb.example, 80)])
    assert verb.summary in page
    assert verb.usage() in page
    for param in verb.params:
        names = [param.shown] if param.place else completion.option_names(param)
        assert names[0] in page or f"--[no-]{param.option}" in page
        assert param.doc.split(";")[0] in page


def test_examples_are_broken_so_that_they_can_be_copied() -> None:
    example = "icn credit transfer bob 12.50 SUN --memo 'bread for the week' --expires 2026-05-01"
    assert manual.example_lines(example, 60) == [
        "  icn credit transfer bob 12.50 SUN \\",
        "      --memo 'bread for the week' --expires 2026-05-01",
    ]


@pytest.mark.parametrize(("shell", "script"), SHELLS, ids=lambda v: v if isinstance(v, str) else "")
def test_completion_lists_every_word_and_option(shell: str, script: Callable[[Grammar], str]) -> None:
    text = script(whole_grammar())
    for verb in VERBS:
        for word in verb.words:
            assert word in text
        for param in verb.params:
            for name in completion.option_names(param):
                assert (f"-l {name[2:]} " if shell == "fish" else name) in text


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_scripts(shell: str) -> None:
    if shutil.which(shell) is None:
        assert shell != "bash"  # every machine that this runs on has bash; the others where they are installed
        return
    script = dict(SHELLS)[shell](whole_grammar())
    ran = subprocess.run([shell, "-n", "/dev/stdin"], input=script, text=True, capture_output=True, timeout=30)
    assert (ran.returncode, ran.stderr) == (0, "")


def completed(*words: str) -> set[str]:
    """What bash would offer after these words, the last of which is being typed."""
    typed = " ".join(f"'{w}'" for w in ("icn", *words))
    script = (
        completion.bash(whole_grammar())
        + f"\nCOMP_WORDS=({typed}); COMP_CWORD={len(words)}; _icn; printf '%s\\n' \"${{COMPREPLY[@]}}\"\n"
    )
    ran = subprocess.run(["bash", "--norc"], input=script, text=True, capture_output=True, timeout=30, check=True)
    assert ran.stderr == ""
    return set(ran.stdout.split())


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (("stat",), {"status"}),
        (("dag", ""), {"head", "get", "log", "proof", "verify", "rebuild", "export", "import"}),
        (("--as", "ann", "dag", "ve"), {"verify"}),
        (("member", "key", "a"), {"add"}),
        (("completion", "--shell", "z"), {"zsh"}),
        (("credit", "transfer", "bob", "--mem"), {"--memo", "--memo-audience"}),
        (("dag", "log", "--j"), {"--json"}),
        (("credit", "recur", "--every", "m"), {"month"}),
    ],
)
def test_bash_completes(typed: tuple[str, ...], offered: set[str]) -> None:
    assert completed(*typed) == offered
