"""What can be wrong with tests in contracts: CCL0800 to CCL0899."""

from __future__ import annotations

from typing import Final

from ccl.catalogue import Entry

ENTRIES: Final[dict[str, Entry]] = {
    "CCL0800": Entry(
        "a test gives a fact that there is not",
        "What stands before `=` in a `given`, or at the head of a column, names a view of the host, a field of the\n"
        "command that the test is on, a parameter or a state of the contract, `caller` or `now`.",
        "given membr = true;      // no such view\ngiven member = true;\ngiven role(Steward) = false, limit = 800 CREDIT;",
    ),
    "CCL0802": Entry(
        "a view is given with too many arguments",
        "A view without arguments in a `given` is that value for all arguments; with some, for those alone.",
        'given decided("emergency") = true;',
    ),
    "CCL0803": Entry(
        "a test names a field that is not there",
        "The command, or the record that a view gives, has no field of that name; the label says the nearest.",
        "given command.amout = 5 CREDIT;\ngiven command.amount = 5 CREDIT;",
    ),
    "CCL0804": Entry(
        "a test's value has no value",
        "The expression traps when it is evaluated, or it is not written as what is wanted here: a record of the\n"
        "host is written as a struct is.",
        'given loan("L1") = Loan { amount: 50 CREDIT, months: 6 };',
    ),
    "CCL0805": Entry(
        "a test is on nothing that can be tested",
        "A table is `on` a command, named in full, or on a function of the contract; a step calls a command or an\n"
        "action of the contract.",
        'test "fees" on fee { | a | expect | | 100 CREDIT | 2.5 CREDIT | }\ntest "limit" on credit.transfer { .. }',
    ),
    "CCL0806": Entry(
        "nothing says in which unit the command is",
        "The amount of a command is in the command's own unit. Write an amount with its unit, or give the unit.",
        "| amount     | expect |\n| 400 CREDIT | permit |",
    ),
    "CCL0810": Entry(
        "a test tests nothing",
        "It has neither rows nor steps that expect something, so it passes whatever the contract says.",
        'test "nothing yet" { given member = true; }',
    ),
    "CCL0811": Entry(
        "a test leaves out what a function takes",
        "Each parameter of the function needs a column, or in a step an argument.",
        'fn fee(a: Integer, b: Integer) -> Integer { .. }\ntest "fees" on fee { | a | b | expect | .. }',
    ),
    "CCL0812": Entry(
        "a test expects what cannot be",
        'A command is permitted or refused, asks for approvals or traps: `permit`, `refuse "4.2"`, `approval`,\n'
        "`trap`. A step `expect` by itself states something that is true then.",
        "as did:key:ann: credit.transfer(amount: 5 CREDIT) expect permit;\nexpect limit == 500 CREDIT;",
    ),
    "CCL0813": Entry(
        "a test names a clause that there is not",
        '`refuse "4.2"` passes only if the clause 4.2 is the one that refuses, and there is no such clause.',
        'expect refuse "4.2";',
    ),
}
