"""What an editor is told is let go at once when the text changes: a collection of garbage in between would be felt."""

from __future__ import annotations

import gc

from ccl.editor.answers import Analysis
from ccl.host import Host

TEXT = """
contract Shop {
    edition: 1;
    version: "1.0.0";
    scope: "local:shop";
    unit CREDIT { decimals: 2; }
    param limit: Money<CREDIT> = 500 in 0..2000 changed by Policy;
    proposal Policy { eligible: Member; quorum: 50%; threshold: majority; duration: 7 days; }
    role Member { }
    const FEE: Ratio = 2.5%;
    enum Size { Small, Big(Integer) }
    fn fee(of: Money<CREDIT>) -> Money<CREDIT> { round(of * FEE, half_even) }
    fn sum(of: Array<Integer, max 9>) -> Integer {
        let mut total = 0;
        for one in of.map(|x| x + 1) { if one > 3 { total += one; } }
        total
    }
    fn size(of: Integer) -> Size { if of > 9 { Size::Big(of) } else { Size::Small } }
    fn plain(of: Size) -> Integer { match of { Size::Small => 1, Size::Big(n) => n } }
}
"""


def left_behind(text: str) -> int:
    """Objects that only the garbage collector lets go of, after an analysis of the text that nobody keeps."""
    Analysis("shop.ccl", text, Host())  # what is made once, at the first
    gc.collect()
    gc.disable()
    try:
        Analysis("shop.ccl", text, Host())
        return gc.collect()
    finally:
        gc.enable()


def test_no_tree_and_no_program_is_left_to_the_collector() -> None:
    assert not Analysis("shop.ccl", TEXT, Host()).findings.all
    assert left_behind(TEXT) < 10


def test_little_of_one_with_errors_is() -> None:
    wrong = TEXT.replace("total += one", "totl += one").replace("=> n }", "=> }")
    assert Analysis("shop.ccl", wrong, Host()).findings.failed
    assert left_behind(wrong) < 100
