"""What the lints mean: CCL0700 to CCL0799.

Each example is told of up to the line `// instead:` and not after it; a test lints both halves, within a contract.
"""

from __future__ import annotations

from typing import Final

from ccl.catalogue import Entry

ENTRIES: Final[dict[str, Entry]] = {
    "CCL0701": Entry(
        "A local that is not used",
        "A `let`, a loop or a pattern binds a name that nothing reads. Often another name was meant, or the line"
        " was left over. Remove it, or begin its name with `_` to say that it is not needed.",
        "action pay(amount: Integer) { let part = amount / 40; emit Paid { amount: amount }; }\n"
        "// instead:\n"
        "action pay(amount: Integer) { let _part = amount / 40; emit Paid { amount: amount }; }",
    ),
    "CCL0702": Entry(
        "A function that is not used",
        "Nothing in the contract calls it, so it has no part in what is judged or done. Call it, export it, or"
        " remove it. Actions are not told of: people call them.",
        "fn most() -> Integer { 40 }\n"
        "action count() { emit Counted { most: 40 }; }\n"
        "// instead:\n"
        "fn most() -> Integer { 40 }\n"
        "action count() { emit Counted { most: most() }; }",
    ),
    "CCL0703": Entry(
        "A parameter of the contract that is not used",
        "A decision can change it, and nothing would change with it: members would vote on nothing.",
        "param most: Integer = 500 in 0..2000;\n"
        "// instead:\n"
        "param most: Integer = 500 in 0..2000;\n"
        "policy counted on member.suspend { require command.days <= most; }",
    ),
    "CCL0704": Entry(
        "A state that is not used",
        "It is kept, and perhaps written, and nothing reads it. Being assigned is no use.",
        "state payments: Integer = 0;\n"
        "action pay() { payments = 1; }\n"
        "// instead:\n"
        "state payments: Integer = 0;\n"
        "action pay() { payments = payments + 1; }",
    ),
    "CCL0705": Entry(
        "A constant that is not used",
        "Nothing names it. Remove it, or use it where its value stands written out.",
        "const MOST: Integer = 12;\n"
        "// instead:\n"
        "const MOST: Integer = 12;\n"
        "policy counted on member.suspend { require command.days <= MOST; }",
    ),
    "CCL0706": Entry(
        "An import that is not used",
        "Nothing that it brings is named. Remove it, so that readers need not look there.",
        'import "orchard.ccl" as other;\n'
        "// instead:\n"
        "param most: Integer = 5;\n"
        "policy counted on member.suspend { require command.days <= most; }",
    ),
    "CCL0707": Entry(
        "A type that is not used",
        "No value has it and no signature names it.",
        "struct Payment { amount: Integer }\n"
        "// instead:\n"
        "struct Payment { amount: Integer }\n"
        "action pay(made: Payment) { emit Paid { amount: made.amount }; }",
    ),
    "CCL0708": Entry(
        "A parameter of a function that is not used",
        "Whoever calls it must think of a value that does not matter. Remove it, or begin its name with `_`.",
        "action pay(amount: Integer, who: Did) { emit Paid { amount: amount }; }\n"
        "// instead:\n"
        "action pay(amount: Integer) { emit Paid { amount: amount }; }",
    ),
    "CCL0710": Entry(
        "A condition that is always true",
        "For everything in the declared ranges, and after what was asked before, it holds. A `require` that"
        " always holds protects nobody; perhaps another comparison was meant. What is known: ranges of"
        " parameters, what the host says of fields and views, and earlier conditions on the same facts.",
        "param most: Integer = 5 in 0..10;\n"
        "policy counted on member.suspend { require most >= 0; }\n"
        "// instead:\n"
        "param most: Integer = 5 in 0..10;\n"
        "policy counted on member.suspend { require most >= 1; }",
    ),
    "CCL0711": Entry(
        "A condition that is always false",
        "It holds for nothing in the declared ranges and after what was asked before, so what depends on it never"
        " happens. A clause that is to refuse everything says so with `deny`.",
        "policy counted on member.suspend { require command.days > 10; require command.days < 5; }\n"
        "// instead:\n"
        "policy counted on member.suspend { require command.days > 5; require command.days < 10; }",
    ),
    "CCL0712": Entry(
        "A clause that never applies",
        "Its guard is always false, or it is `in` a unit and none of its commands has one. It looks like a rule"
        " and is none; and a command of which no other clause speaks is refused.",
        'clause "5" on member.suspend when 1 > 2 "Nobody suspends." { deny "never" }\n'
        "// instead:\n"
        'clause "5" on member.suspend when command.days > 2 "Nobody suspends for long." { deny "never" }',
    ),
    "CCL0713": Entry(
        "An exception that is never used",
        "Whenever its guard holds, that of another exception to the same clause holds too, and that one goes"
        " before. Make the earlier guard narrower, or say with `before` that this one goes first.",
        'clause "5" on member.suspend "Nobody suspends." { deny "never" }\n'
        'exception to "5" as "5.1" when decided() before "5.2" { permit }\n'
        'exception to "5" as "5.2" when decided() && member() { deny "not even then" }\n'
        "// instead:\n"
        'clause "5" on member.suspend "Nobody suspends." { deny "never" }\n'
        'exception to "5" as "5.1" when decided() { permit }\n'
        'exception to "5" as "5.2" when decided() && member() before "5.1" { deny "not even then" }',
    ),
    "CCL0720": Entry(
        "A number in a clause that could be a parameter",
        "A limit, an age or a share that stands in a clause changes only with a new version of the bylaws. As a"
        " `param` with a range it is changed by a decision, and all checks hold for the whole range.",
        "policy short on member.suspend { require command.days <= 30; }\n"
        "// instead:\n"
        "param longest: Integer = 30 in 1..90;\n"
        "policy short on member.suspend { require command.days <= longest; }",
    ),
    "CCL0721": Entry(
        "A refusal that would not say why",
        "The clause has several requirements, or no text, and this one gives no reason; a member who is refused"
        " sees only the condition. Give a reason, or the key of one in the text catalogue.",
        "policy short on member.suspend { require member(); }\n"
        "// instead:\n"
        'policy short on member.suspend { require member() because "only members suspend"; }',
    ),
    "CCL0722": Entry(
        "A clause without a text",
        "The text of a clause is what members read and cite: in the document that `ccl doc` makes, and in each"
        " refusal. Write it behind the commands.",
        'clause "3" on member.suspend { require member(); }\n'
        "// instead:\n"
        'clause "3" on member.suspend "Members suspend." { require member(); }',
    ),
    "CCL0723": Entry(
        "A function that is long",
        "More than fifty lines are hard to follow for those who vote on them. Give a part of it a name.",
        "action long() {\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "    emit Line {};\n"
        "}\n"
        "// instead:\n"
        "action short() { emit Line {}; }",
    ),
    "CCL0725": Entry(
        "A role that may do what no clause speaks of",
        "`can:` says which role is needed for a command; whether it is permitted, a clause says. A command of"
        " which no clause speaks is refused to everybody.",
        "role Steward { can: [member.suspend]; }\n"
        "// instead:\n"
        "role Steward { can: [member.suspend]; }\n"
        'clause "3" on member.suspend "Members suspend." { require member(); }',
    ),
}
