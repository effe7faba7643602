"""What can be wrong with tests in contracts: CCL0800 to CCL0899.

Each example is wrong up to the line `// instead:` and right after it; a test runs both halves, within a contract.
"""

from __future__ import annotations

from typing import Final

from ccl.catalogue import Entry

ENTRIES: Final[dict[str, Entry]] = {
    "CCL0800": Entry(
        "A test gives a fact that there is not",
        "What stands before `=` in a `given`, or at the head of a column, names a view of the host, a field of"
        " the command that the test is on, a parameter or a state of the contract, `caller` or `now`.",
        'test "a" on member.suspend { given membr = true; | days | expect | | 3 | refuse | }\n'
        "// instead:\n"
        'test "a" on member.suspend {\n'
        "    given member = true;\n"
        "    | days | expect |\n"
        "    | 3    | refuse |\n"
        "}",
    ),
    "CCL0802": Entry(
        "A view that is given with too many arguments",
        "A view without arguments in a `given` is that value for all arguments; with some, for those alone.",
        'test "a" { given member(1) = true; expect member(); }\n'
        "// instead:\n"
        'test "a" { given member = true; expect member(); }',
    ),
    "CCL0803": Entry(
        "A test that names a field that is not there",
        "The command, or the record that a view gives, has no field of that name; the label says the nearest.",
        'test "a" on member.suspend { given command.dais = 3; }\n'
        "// instead:\n"
        'test "a" on member.suspend { given command.days = 3; expect true; }',
    ),
    "CCL0804": Entry(
        "A value in a test that has no value",
        "The expression traps when it is evaluated, or it is not written as what is wanted here: a record of the"
        " host is written as a struct is.",
        "state payments: Integer = 0;\n"
        'test "a" { given payments = [1, 2][5]; expect payments == 1; }\n'
        "// instead:\n"
        "state payments: Integer = 0;\n"
        'test "a" { given payments = [1, 2][0]; expect payments == 1; }',
    ),
    "CCL0805": Entry(
        "A test that is on nothing that can be tested",
        "A table is `on` a command, named in full, or on a function of the contract; a step calls a command or an"
        " action of the contract.",
        'test "a" { as did:key:ann: member.suspnd(days: 3) expect refuse; }\n'
        "// instead:\n"
        'test "a" { as did:key:ann: member.suspend(days: 3) expect refuse; }',
    ),
    "CCL0806": Entry(
        "Nothing says in which unit the command is",
        "The amount of a command is in the command's own unit. Write an amount with its unit, or give the unit.",
        "unit HOUR { decimals: 0; }\n"
        "unit CREDIT { decimals: 2; }\n"
        'test "a" { as did:key:ann: credit.transfer(amount: 3) expect refuse; }\n'
        "// instead:\n"
        "unit HOUR { decimals: 0; }\n"
        "unit CREDIT { decimals: 2; }\n"
        'test "a" { as did:key:ann: credit.transfer(amount: 3 CREDIT) expect refuse; }',
    ),
    "CCL0810": Entry(
        "A test that tests nothing",
        "It has neither rows nor steps that expect something, so it passes whatever the contract says.",
        'test "a" { given member = true; }\n// instead:\ntest "a" { given member = true; expect member(); }',
    ),
    "CCL0811": Entry(
        "A test that leaves out what a function takes",
        "Each parameter of the function needs a column, or in a step an argument.",
        "action count(by: Integer) { emit Counted { by: by }; }\n"
        'test "a" { as did:key:ann: count() expect permit; }\n'
        "// instead:\n"
        "action count(by: Integer) { emit Counted { by: by }; }\n"
        'test "a" { as did:key:ann: count(by: 3) expect permit; }',
    ),
    "CCL0812": Entry(
        "A test that expects what cannot be",
        'A command is permitted or refused, asks for approvals or traps: `permit`, `refuse "4.2"`, `approval`,'
        " `trap`. A step `expect` by itself states something that is true then.",
        'test "a" { as did:key:ann: member.suspend(days: 3) expect 5; }\n'
        "// instead:\n"
        'test "a" { as did:key:ann: member.suspend(days: 3) expect refuse; }',
    ),
    "CCL0813": Entry(
        "A test that names a clause that there is not",
        '`refuse "4.2"` passes only if the clause 4.2 is the one that refuses, and there is no such clause.',
        'test "a" { as did:key:ann: member.suspend(days: 3) expect refuse "9"; }\n'
        "// instead:\n"
        'clause "9" on member.suspend "Nobody suspends." { deny "never" }\n'
        'test "a" { as did:key:ann: member.suspend(days: 3) expect refuse "9"; }',
    ),
}
