"""What triggers do at most: commands and money, as a table."""

from __future__ import annotations

import pytest

from ccl import core
from ccl.elaborate import check_text

from .orchard import HOST

CONTRACT = """
contract Orchard {{
    param fee: Money<CREDIT> = 2 in 0..5;
    param many: Integer = 3 in 0..10;
    state pool: Money<CREDIT> = 100;
    state who: Array<Did, max 20>;
    fn part(a: Money<CREDIT>) -> Money<CREDIT> {{ round(a * 10%, up) }}
    fn either(a: Money<CREDIT>) -> Money<CREDIT> {{ if member() {{ a }} else {{ a * 3 }} }}
    action pay(to: Did, a: Money<CREDIT>) {{ credit.transfer(payer: caller(), payee: to, amount: a, unit: CREDIT); }}
    trigger t every 1 month {limit} {{ {body} }}
}}
"""

TABLE = [
    # what it does, commands, CREDIT in minor units (None: it does not show, and must be stated)
    ("", 0, None),
    ("pay(caller(), 3 CREDIT);", 1, 300),
    ("pay(caller(), fee);", 1, 500),
    ("pay(caller(), fee); pay(caller(), fee * 2);", 2, 1500),
    ("if member() { pay(caller(), 1 CREDIT); } else { pay(caller(), 2 CREDIT); pay(caller(), 3 CREDIT); }", 2, 500),
    ("for w in who { pay(w, fee); }", 20, 10_000),
    ("for i in 0..4 { pay(caller(), fee); }", 4, 2_000),
    ("pay(caller(), part(fee));", 1, 50),
    ("pay(caller(), either(fee));", 1, 1_500),
    ("pay(caller(), min(pool, fee));", 1, 500),  # no amount is below 0, so only the greater end counts
    ("pay(caller(), max(pool, fee));", 1, None),
    ("pay(caller(), pool);", 1, None),
    ("pay(caller(), 7 CREDIT - fee);", 1, 700),
    ("let mut a = 1 CREDIT; if member() { a = 4 CREDIT; } pay(caller(), a);", 1, 400),
    ("member.join(name: fee_name());", 1, None),
]


def trigger(body: str, limit: str = "") -> tuple[core.Trigger | None, list[str]]:
    """The trigger, and the codes told."""
    text = CONTRACT.format(body=body, limit=limit).replace("fee_name()", '"x"')
    found, findings, _ = check_text(text, HOST)
    return (None if found is None else found.triggers[0]), [d.code for d in findings.all]


@pytest.mark.parametrize(("body", "commands", "minor"), TABLE)
def test_what_a_trigger_does_at_most(body: str, commands: int, minor: int | None) -> None:
    found, codes = trigger(body)
    if minor is None and "pool" in body:
        assert codes == ["CCL0388"]
        found, codes = trigger(body, "at most 9 commands, 40 CREDIT")
        minor = 4_000
    assert codes == []
    assert found is not None
    assert found.most_commands == commands
    assert found.most_money == (() if minor is None else (("CREDIT", minor),))


def test_the_less_of_what_is_stated_and_what_shows_holds() -> None:
    found, _ = trigger("pay(caller(), fee); pay(caller(), fee);", "at most 1 command, 3 CREDIT")
    assert found is not None
    assert (found.most_commands, found.most_money) == (1, (("CREDIT", 300),))
    found, _ = trigger("pay(caller(), fee);", "at most 50 commands, 1000 CREDIT")
    assert found is not None
    assert (found.most_commands, found.most_money) == (1, (("CREDIT", 500),))
