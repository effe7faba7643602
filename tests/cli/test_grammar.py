"""How command lines are read: places, options, lists, flags; and what is said of those that are wrong."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icn_node.cli.failure import USAGE, Failure
from icn_node.cli.grammar import Param, Verb, quoted, read, split_list, split_words, written
from icn_node.cli.settings import GLOBAL
from icn_node.cli.tree import Grammar, NounOnly


def nothing(call: Any) -> int:
    return 0


PAY = Verb(
    "credit transfer", "Pay somebody.", nothing,
    (
        Param("payee", "who", required=True),
        Param("amount_minor", "how much", option="amount", kind="amount", required=True),
        Param("memo", "why", kind="private"),
        Param("tags", "marks", many=True),
        Param("lines", "objects", many=True, kind="json"),
        Param("late", "a flag", kind="flag"),
        Param("every", "how often", choices=("day", "month")),
        Param("owner", "whose", place=True),
    ),
)  # fmt: skip
GRAMMAR = Grammar(
    [
        PAY,
        Verb("credit request", "Ask.", nothing),
        Verb("credit key add", "Add.", nothing),
        Verb("status", "State.", nothing),
        Verb("import", "Bring in.", nothing),
        Verb("import members", "People.", nothing),
    ],
    {},
)


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("bob 12.50", {"payee": "bob", "amount_minor": "12.50"}),
        ("--amount 12.50 bob", {"payee": "bob", "amount_minor": "12.50"}),
        ("--amount=12.50 --payee=bob", {"payee": "bob", "amount_minor": "12.50"}),
        ("bob -5", {"payee": "bob", "amount_minor": "-5"}),
        ("bob --amount -.5", {"payee": "bob", "amount_minor": "-.5"}),
        ("bob 1 ann", {"payee": "bob", "amount_minor": "1", "owner": "ann"}),
        ("bob 1 --memo -", {"payee": "bob", "amount_minor": "1", "memo": "-"}),
        ("bob 1 --memo=", {"payee": "bob", "amount_minor": "1", "memo": ""}),
        ("bob 1 --memo=a=b", {"payee": "bob", "amount_minor": "1", "memo": "a=b"}),
        ("bob 1 --tags a,b", {"payee": "bob", "amount_minor": "1", "tags": ["a", "b"]}),
        ("bob 1 --tags a,b --tags c", {"payee": "bob", "amount_minor": "1", "tags": ["a,b", "c"]}),
        ("bob 1 --tags a\\,b", {"payee": "bob", "amount_minor": "1", "tags": ["a,b"]}),
        ("bob 1 --lines a,b", {"payee": "bob", "amount_minor": "1", "lines": ["a,b"]}),
        ("bob 1 --late", {"payee": "bob", "amount_minor": "1", "late": True}),
        ("bob 1 --no-late", {"payee": "bob", "amount_minor": "1", "late": False}),
        ("bob 1 --late=no", {"payee": "bob", "amount_minor": "1", "late": False}),
        ("bob 1 --every month", {"payee": "bob", "amount_minor": "1", "every": "month"}),
        ("-- -q --amount", {"payee": "-q", "amount_minor": "--amount"}),
    ],
)  # fmt: skip
def test_reads(line: str, values: dict[str, Any]) -> None:
    assert read(PAY, line.split(), GLOBAL).values == values


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("bob", "AMOUNT is missing"),
        ("", "PAYEE, AMOUNT are missing"),
        ("bob 1 ann x", "'x' is one argument too many"),
        ("bob --amout 1", "there is no option --amout here. Did you mean --amount?"),
        ("bob 1 --zzz", "there is no option --zzz here."),
        ("bob 1 --memo", "--memo needs a value: --memo MEMO"),
        ("bob 1 --memo --late", "--memo needs a value: --memo MEMO"),
        ("--payee bob --payee carol 1", "--payee is given twice"),
        ("bob 1 --amount 2 --amount 3", "--amount is given twice"),
        ("bob 1 --late=maybe", "--late is true or false, not 'maybe'"),
        ("bob 1 --every moth", "--every is one of day, month, not 'moth'. Did you mean month?"),
        ("bob 1 --no-memo", "there is no option --no-memo here. Did you mean --memo?"),
    ],
)  # fmt: skip
def test_says_what_is_wrong(line: str, said: str) -> None:
    with pytest.raises(Failure) as caught:
        read(PAY, line.split(), GLOBAL)
    assert caught.value.message == said
    assert caught.value.status == USAGE
    assert caught.value.usage == "icn credit transfer PAYEE AMOUNT [OWNER] [--options]"
    assert caught.value.advice == "see `icn credit transfer --help`."


def test_global_options_stand_anywhere_and_apart() -> None:
    reading = read(PAY, ["--json", "bob", "--as", "ann", "1", "-q"], GLOBAL)
    assert reading.values == {"payee": "bob", "amount_minor": "1"}
    assert reading.settings == {"json": True, "as": "ann", "quiet": True}


def test_help_wins_over_what_is_missing() -> None:
    assert read(PAY, ["--help"], GLOBAL).help
    assert read(PAY, ["bob", "-h"], GLOBAL).help


@pytest.mark.parametrize(
    ("line", "words", "rest"),
    [
        ("credit transfer bob 1", "credit transfer", "bob 1"),
        ("--json credit --as ann transfer bob", "credit transfer", "--json --as ann bob"),
        ("--home=/x credit transfer", "credit transfer", "--home=/x"),
        ("credit key add x", "credit key add", "x"),
        ("import file.csv", "import", "file.csv"),
        ("import members file.csv", "import members", "file.csv"),
        ("import --unit X members", "import", "--unit X members"),
        ("status extra", "status", "extra"),
    ],
)
def test_finds_the_verb_with_the_most_words(line: str, words: str, rest: str) -> None:
    verb, others = GRAMMAR.find(line.split(), GLOBAL)
    assert " ".join(verb.words) == words
    assert others == rest.split()


@pytest.mark.parametrize("line", ["credit", "--json credit", "credit key"])
def test_a_noun_alone_is_a_wish_for_its_page(line: str) -> None:
    with pytest.raises(NounOnly) as caught:
        GRAMMAR.find(line.split(), GLOBAL)
    assert caught.value.noun == "credit"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("credit trnsfer bob", "there is no `icn credit trnsfer`. Did you mean transfer?"),
        ("credit zzz", "there is no `icn credit zzz`."),
        ("kredit", "there is no `icn kredit`. Did you mean `icn credit`?"),
        ("zzz", "there is no `icn zzz`."),
        ("--jsn credit", "--jsn is no command"),
    ],
)
def test_unknown_words(line: str, said: str) -> None:
    with pytest.raises(Failure) as caught:
        GRAMMAR.find(line.split(), GLOBAL)
    assert caught.value.message == said


def test_words_end_at_options_of_a_verb() -> None:
    assert split_words(["a", "--memo", "b"], GLOBAL) == (["a"], [0])
    assert split_words(["--home", "x", "a", "--", "b"], GLOBAL) == (["a"], [2])


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_quoted_words_are_read_back_by_a_shell(word: str) -> None:
    import shlex

    assert shlex.split(quoted(word)) == [word]


@given(st.lists(texts.map(str.strip).filter(bool), min_size=1, max_size=4))
def test_split_list_is_undone_by_escaping(parts: list[str]) -> None:
    text = ",".join(p.replace("\\", "\\\\").replace(",", "\\,") for p in parts)
    assert split_list(text) == parts


@given(
    payee=texts.map(str.strip).filter(bool),
    amount=st.decimals(-100, 100, places=2).map(str),
    memo=st.none() | texts,
    tags=st.lists(texts.map(str.strip).filter(bool), max_size=3),
    late=st.none() | st.booleans(),
)
def test_what_is_written_is_read_back(
    payee: str, amount: str, memo: str | None, tags: list[str], late: bool | None
) -> None:
    import shlex

    values: dict[str, Any] = {"payee": payee, "amount_minor": amount}
    values |= {k: v for k, v in (("memo", memo), ("tags", tags or None), ("late", late)) if v is not None}
    line = shlex.split(written(PAY, values))
    assert line[:3] == ["icn", "credit", "transfer"]
    assert read(PAY, line[3:], GLOBAL).values == values
