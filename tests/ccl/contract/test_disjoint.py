"""Guards that never hold together, as a table: one pair a line, whether it is seen last."""

from __future__ import annotations

import itertools

import pytest

from ccl import core, disjoint, interpret
from ccl.elaborate import check_text
from ccl.evaluation import EmptyWorld

from .orchard import HOST

CONTRACT = """
enum Size {{ Small, Middle, Large }}
contract Orchard {{
    param limit: Money<CREDIT> = 500 in 0..2000;
    param n: Integer = 1; param m: Integer = 1;
    param size: Size = Size::Small;
    param part: Ratio = 1/2;
    param who: Option<Did> = None;
    fn large() -> Bool {{ n > 100 }}
    fn between(a: Integer, b: Integer) -> Bool {{ let low = n >= a; low && n < b }}
    fn either(a: Integer) -> Bool {{ if a > 5 {{ n > 5 }} else {{ n < -5 }} }}
    clause "1" on member.join when {first} "One." {{ }}
    clause "2" on member.join when {second} "Two." {{ }}
}}
"""

TABLE = """
| member()                       | !member()                       | apart   |
| member()                       | suspended()                     | unknown |
| member() and suspended()       | !suspended()                    | apart   |
| member() or suspended()        | !suspended()                    | unknown |
| member() or suspended()        | !member() and !suspended()      | apart   |
| decided("policy")              | !decided("policy")              | apart   |
| decided("policy")              | decided("bylaw")                | apart   |
| decided("policy")              | !decided()                      | apart   |
| decided("policy")              | decided()                       | unknown |
| decided("policy")              | member()                        | apart   |
| decided()                      | role(steward) and suspended()   | apart   |
| decided()                      | suspended()                     | unknown |
| !decided()                     | member()                        | unknown |
| decided("policy")              | !decided("bylaw")               | unknown |
| n > 5                          | n <= 5                          | apart   |
| n > 5                          | n < 6                           | apart   |
| n > 5                          | n < 7                           | unknown |
| n >= 5                         | n <= 5                          | unknown |
| n == 5                         | n == 6                          | apart   |
| n == 5                         | n != 5                          | apart   |
| n != 5                         | n >= 5 and n <= 5               | apart   |
| 2 * n + 1 > 10                 | 3 * n < 16                      | unknown |
| 2 * n + 1 > 10                 | 3 * n < 15                      | apart   |
| 2 * n + 1 > 10                 | 2 * n <= 9                      | apart   |
| n < m                          | m < n                           | apart   |
| n < m                          | m <= n                          | apart   |
| n < m                          | n <= m                          | unknown |
| n - m > 3                      | n < m + 3                       | apart   |
| n * m > 5                      | n * m < 5                       | apart   |
| limit <= 500 CREDIT            | limit > 500 CREDIT              | apart   |
| limit <= 500 CREDIT            | limit >= 500.01 CREDIT          | apart   |
| limit < 500 CREDIT             | limit > 499.99 CREDIT           | apart   |
| part < 1/3                     | part > 1/3                      | apart   |
| part < 1/3                     | part > 1/4                      | unknown |
| size == Size::Small            | size == Size::Large             | apart   |
| size == Size::Small            | size != Size::Large             | unknown |
| size != Size::Small and size != Size::Large | size != Size::Middle | apart  |
| who == None                    | who != None                     | apart   |
| match size { Size::Small => true, _ => false } | size == Size::Large | apart   |
| match size { Size::Small => true, _ => false } | size == Size::Small | unknown |
| match size { Size::Small => n > 5, Size::Large => true, _ => n > 6 } | size != Size::Large and n < 3 | apart |
| match who { Some(w) => true, None => false } | who == None | apart |
| if let Some(w) = who { acts_for(w) } else { false } | who == None | apart |
| large()                        | n < 50                          | apart   |
| large()                        | n < 150                         | unknown |
| between(0, 10)                 | between(10, 20)                 | apart   |
| between(0, 10)                 | between(9, 20)                  | unknown |
| either(6)                      | n < 0                           | apart   |
| either(5)                      | n > 0                           | apart   |
| if member() { n > 5 } else { n < 0 } | n == 3                    | apart   |
| if member() { n > 5 } else { n < 0 } | n == 9 and suspended()    | unknown |
"""

CERTAIN = {name: spec.in_decision for name, spec in HOST.views.items() if spec.in_decision is not None}
ROWS = [tuple(c.strip() for c in line.strip().strip("|").split(" | ")) for line in TABLE.strip().splitlines()]


def program(first: str, second: str = "member()") -> core.Program:
    """The contract with these two guards."""
    found, findings, _ = check_text(CONTRACT.format(first=first, second=second), HOST)
    assert found is not None, [d.message for d in findings.all]
    return found


@pytest.mark.parametrize(("first", "second", "said"), ROWS, ids=str)
def test_pairs(first: str, second: str, said: str) -> None:
    made = program(first, second)
    one, other = (made.functions[c.guard] for c in made.clauses)
    assert disjoint.disjoint(one, other, made, CERTAIN) is (said == "apart")
    assert disjoint.disjoint(other, one, made, CERTAIN) is (said == "apart")


class _Views:
    def __init__(self, member: bool, suspended: bool, decision: str) -> None:
        self._member, self._suspended, self._decision = member and not decision, suspended, decision

    def role(self, name: str) -> bool:
        return self._member and name == "steward"

    def acts_for(self, who: str) -> bool:
        return self._member

    def member(self) -> bool:
        return self._member

    def suspended(self) -> bool:
        return self._suspended

    def decided(self, kind: str = "") -> bool:
        return bool(self._decision) and kind in ("", self._decision)


@pytest.mark.parametrize(("first", "second"), [row[:2] for row in ROWS if row[2] == "apart"], ids=str)
def test_what_is_apart_never_holds_at_once(first: str, second: str) -> None:
    """Tried in many worlds: the claim is never wrong."""
    made = program(first, second)
    for member, suspended, n, m in itertools.product((True, False), (True, False), range(-7, 8, 2), (-3, 4)):
        decision = ("", "policy", "bylaw")[n % 3]
        for limit, size in ((499_99, (0,)), (500_00, (1,)), (500_01, (2,))):
            params = {"n": n, "m": m, "limit": limit, "size": size, "part": made.params[4].default}
            params["who"] = ("did:key:ann",) if suspended else None
            world = EmptyWorld(_Views(member, suspended, decision), params=params)
            guards = [interpret.run(made, c.guard, (), world).value for c in made.clauses]
            assert guards != [True, True], params


def test_a_guard_that_never_holds_is_seen() -> None:
    made = program("n > 5 and n < 6")
    first, second = (disjoint.ways(made.functions[c.guard], made.functions, made.enums) for c in made.clauses)
    assert disjoint.never(first)
    assert not disjoint.never(second)


def test_what_comes_apart_into_too_many_ways_is_given_up() -> None:
    wide = " and ".join(f"(n == {i} or m == {i})" for i in range(20))
    made = program(wide)
    assert disjoint.ways(made.functions[made.clauses[0].guard], made.functions, made.enums) is None


def test_what_grows_too_large_is_given_up() -> None:
    doubling = "".join(f"fn f{i}(a: Integer) -> Integer {{ f{i - 1}(a) + f{i - 1}(a) }}\n" for i in range(1, 30))
    text = "fn f0(a: Integer) -> Integer { a }\n" + doubling + CONTRACT.format(first="f29(n) > 0", second="n > 0")
    made, findings, _ = check_text(text, HOST)
    assert made is not None, [d.message for d in findings.all]
    assert disjoint.ways(made.functions[made.clauses[0].guard], made.functions, made.enums) is None
