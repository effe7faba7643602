"""What a contract means, as a hash: the same for other words and layout, another for another rule."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import pytest

from ccl import core, semantics, types
from ccl.source import NOWHERE

from .test_program import ORCHARD, program

WORDS_ONLY = [
    ("edition: 1;", "edition: 1; // a comment"),
    ('version: "1.2.0"', 'version: "1.3.0"'),
    ("Bylaws of the orchard", "Rules of the orchard"),
    ("contract Orchard {", "contract Grove {"),
    ("A payment is the payer's own act.", "Another text."),
    ("because over_limit", "because too_much"),
    ("You are out already.", "No."),
    ('description: "A policy."', 'description: "Some policy."'),
    ("Keeps the books.", "Keeps books."),
    ("let most =", "let greatest ="),
    ("command.amount <= most", "command.amount <= greatest"),
    ("turnout is wanted", "we want it"),
    ("fee(a) <= a }", "fee(a) <= a + a }"),
    ("| 400 CREDIT | permit |", "| 401 CREDIT | permit |"),
    ("open proposals: keep", "open proposals: lapse"),
    ("require !suspended(); }", "require (!suspended()); }"),
    ("fee(a: Money<CREDIT>) -> Money<CREDIT> { round(a", "fee(b: Money<CREDIT>) -> Money<CREDIT> { round(b"),
]

MEANING = [
    ('timezone: "Europe/Madrid"', 'timezone: "Europe/Paris"'),
    ("2026-12-25", "2026-12-24"),
    ("500 in 0..2000", "501 in 0..2000"),
    ("500 in 0..2000", "500 in 0..2001"),
    ("reserve: Money<CREDIT> = 12.50", "reserve: Money<CREDIT> = 12.51"),
    ("max 10>", "max 11>"),
    ("seats: 3", "seats: 4"),
    ("[member.suspend, credit.*]", "[member.suspend]"),
    ("supermajority(2/3)", "supermajority(3/5)"),
    ("duration: 7 days", "duration: 8 days"),
    ("half_even", "half_up"),
    ("2.5%", "2.4%"),
    ("limit * 2", "limit * 3"),
    ("command.amount <= most", "command.amount < most"),
    ('clause "4.1"', 'clause "4.3"'),
    ('in CREDIT "Nobody', '"Nobody'),
    ("final clause", "clause"),
    ("member() or decided()", "decided() or member()"),
    ("every 1 month", "every 2 months"),
    ("emit Paid { to: to }", "emit Sent { to: to }"),
    ('need "approval.signatures"', "need 2"),
    ("weight: 2", "weight: 3"),
    ("depth 5", "depth 4"),
    ("action pay(", "action pay_out("),
]


def meaning(*edits: tuple[str, str]) -> str:
    """The hash of the orchard with edits."""
    text = ORCHARD
    for before, after in edits:
        assert before in text, before
        text = text.replace(before, after)
    return semantics.semantic_hash(program(text))


def test_words_and_layout_do_not_matter() -> None:
    local = [edit for edit in WORDS_ONLY if "greatest" in edit[1]]
    assert meaning(*local) == meaning()
    for edit in WORDS_ONLY:
        if edit not in local:
            assert meaning(edit) == meaning(), edit


def test_every_change_of_a_rule_does() -> None:
    found = [meaning(edit) for edit in MEANING if edit[0] != 'in CREDIT "Nobody']
    assert meaning() not in found
    assert len(set(found)) == len(found)


def test_it_is_pinned() -> None:
    """Bytes of a small contract, by hand: no version of this program may write others for the same core."""
    made = core.Program("X", {"f": core.Function("f", (), types.BOOL, core.Block(()))})
    bare = dataclasses.replace(made, exports={"f": "f"})
    assert semantics.canonical(made) != semantics.canonical(bare)
    assert semantics.canonical(made).startswith(semantics.VERSION)
    function = core.Function(
        "f", (("a", types.INTEGER),), types.BOOL,
        core.Block((core.Return(NOWHERE, core.Op(types.BOOL, NOWHERE, "lt", (
            core.Local(types.INTEGER, NOWHERE, "a"), core.Const(types.INTEGER, NOWHERE, 5)))),)),
    )  # fmt: skip
    assert semantics.function_bytes(function) == (
        b"t1;n1:Plains7:Integer"
        b"n1:Plains4:Bool"
        b"n1:Blockt1;n1:Returnn3:Opn1:Plains4:Bools2:ltt2;"
        b"n2:Localn1:Plains7:Integerl0;n2:Constn1:Plains7:Integeri5;"
        b"i0;"
    )


def test_locals_are_numbered_as_they_are_met() -> None:
    def function(first: str, second: str) -> core.Function:
        kept = core.Let(NOWHERE, first, core.Const(types.INTEGER, NOWHERE, 1))
        again = core.Let(NOWHERE, second, core.Local(types.INTEGER, NOWHERE, first))
        end = core.Return(NOWHERE, core.Local(types.INTEGER, NOWHERE, second))
        return core.Function("f", (), types.INTEGER, core.Block((kept, again, end)))

    assert semantics.function_bytes(function("a", "b")) == semantics.function_bytes(function("x", "y"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("ab", "c"), ("a", "bc")),
        ((1, 23), (12, 3)),
        ((True,), (1,)),
        ((None,), ()),
        (("1",), (1,)),
        ((Fraction(1),), (1,)),
        (((1,), 2), (1, (2,))),
        (({1: 2, 3: 4},), ({3: 4, 1: 2},)),
    ],
)
def test_no_two_values_share_their_bytes(one: object, other: object) -> None:
    assert semantics.value_bytes(one) != semantics.value_bytes(other)


def test_what_has_no_place_in_a_program_is_our_bug() -> None:
    with pytest.raises(TypeError, match="float has no canonical form"):
        semantics.value_bytes(0.5)


def test_depth_does_not_matter() -> None:
    deep: core.Expr = core.Const(types.BOOL, NOWHERE, True)
    for _ in range(50_000):
        deep = core.Not(types.BOOL, NOWHERE, deep)
    assert len(semantics.value_bytes(deep)) > 50_000
