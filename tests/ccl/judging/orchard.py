"""A contract in source, and worlds to judge it in."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ccl import core
from ccl.elaborate import check_text
from ccl.explain import Explanation, explain
from ccl.report import for_people
from ccl.rulebook import Rulebook
from tests.ccl.judging.contracts import HOST, Transfer, Views, World

TEXT = """contract Orchard {
    edition: 1;
    version: "1.0.0";
    timezone: "Europe/Madrid";
    unit CREDIT { decimals: 2; }
    param most: Money<CREDIT> = 500 in 0..2000 changed by Amend;
    proposal Amend { quorum: 50%; threshold: majority; duration: 7 days; }
    role Steward { can: [credit.issue]; }

    clause "4.1" on credit.transfer "A payment is a member's own, or the space's." {
        require member() or decided();
    }
    clause "4.2" on credit.transfer in CREDIT "Nobody pays more than {most} at once." {
        let limit = if role("Steward") { most * 2 } else { most };
        require command.amount <= limit because over_limit;
    }
    clause "4.3" on credit.transfer "Adults pay." {
        require age() >= 18 because "You are {age}; one pays from 18 on.";
    }
    clause "4.4" on credit.transfer { require 100 / age() < 50; }
    exception to "4.3" as "4.5" when decided() {
        require command.amount <= balance(command.payer, command.unit) because "There is not that much.";
    }
    clause "4.6" on credit.transfer {
        approval by role Steward need 1 within 3 days;
    }
    clause "5" on credit.issue { }
}
"""

FACTS: dict[str, Any] = {"member": True, "decided": False, "role": False, "age": 30, "balance": 100}


@lru_cache
def orchard() -> core.Program:
    program, findings, sources = check_text(TEXT, HOST)
    assert program is not None, for_people(findings.sorted(), sources)
    return program


@lru_cache
def book() -> Rulebook:
    return Rulebook(orchard(), HOST)


def explained(name: str = "credit.transfer", amount: int = 62_000, how: dict[str, Any] | None = None,
              command: Any = None, **facts: Any) -> Explanation:  # fmt: skip
    """Judge in a world with these facts, and explain."""
    world = World(Views(**{**FACTS, **facts}), command or Transfer(amount=amount), params={"most": 50_000})
    return explain(book(), world, book().judge(name, world), **(how or {}))
