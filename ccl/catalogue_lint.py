"""What the lints mean: CCL0700 to CCL0799."""

from __future__ import annotations

from typing import Final

from ccl.catalogue import Entry

ENTRIES: Final[dict[str, Entry]] = {
    "CCL0701": Entry(
        "a local is not used",
        "A `let`, a loop or a pattern binds a name that nothing reads. Often another name was meant, or the line was\n"
        "left over. Remove it, or begin its name with `_` to say that it is not needed.",
        "let fee = amount / 40;      // nothing reads fee\nlet _fee = amount / 40;     // on purpose",
    ),
    "CCL0702": Entry(
        "a function is not used",
        "Nothing in the contract calls it, so it has no part in what is judged or done. Call it, export it, or remove\n"
        "it. Actions are not told of: people call them.",
        "fn fee(a: Integer) -> Integer { a / 40 }    // no clause calls fee",
    ),
    "CCL0703": Entry(
        "a parameter of the contract is not used",
        "A decision can change it, and nothing would change with it. Members would vote for nothing.",
        "param limit: Integer = 500;     // no clause reads limit",
    ),
    "CCL0704": Entry(
        "a state is not used",
        "It is kept and perhaps written, and nothing reads it. Being assigned is no use.",
        "state payments: Integer = 0;\naction pay() { payments = 1; }    // nobody reads payments",
    ),
    "CCL0705": Entry(
        "a constant is not used",
        "Nothing names it. Remove it, or use it where its value stands written out.",
        "const MOST: Integer = 12;",
    ),
    "CCL0706": Entry(
        "an import is not used",
        "Nothing that it brings is named. Remove it, so that readers need not look there.",
        'import "members.ccl" as members;    // members:: is nowhere',
    ),
    "CCL0707": Entry(
        "a type is not used",
        "No value has it and no signature names it.",
        "struct Payment { amount: Integer }",
    ),
    "CCL0708": Entry(
        "a parameter of a function is not used",
        "Whoever calls it must think of a value that does not matter. Remove it, or begin its name with `_`.",
        "fn fee(amount: Integer, who: Did) -> Integer { amount / 40 }    // who does not matter",
    ),
    "CCL0710": Entry(
        "a condition is always true",
        "For everything in the declared ranges, and after what was asked before, it holds. A `require` that always\n"
        "holds protects nobody; perhaps another comparison was meant. What is known: ranges of parameters, what the\n"
        "host says of fields and views, and earlier conditions on the same facts.",
        "param limit: Integer = 5 in 0..10;\nrequire limit >= 0;       // always\nrequire limit >= 1;       // decides something",
    ),
    "CCL0711": Entry(
        "a condition is always false",
        "It holds for nothing in the declared ranges and after what was asked before, so what depends on it never\n"
        "happens. A clause that is to refuse everything says so with `deny`.",
        "require command.amount > 10 CREDIT;\nrequire command.amount < 5 CREDIT;    // never, after the line above",
    ),
    "CCL0712": Entry(
        "a clause never applies",
        "Its guard is always false, or it is `in` a unit and none of its commands has one. It looks like a rule and\n"
        "is none; and a command of which no other clause speaks is refused.",
        'clause "5" on member.join in CREDIT "..." { .. }    // joining is in no unit',
    ),
    "CCL0713": Entry(
        "an exception is never used",
        "Whenever its guard holds, that of another exception to the same clause holds too, and that one goes before.\n"
        "Make the earlier guard narrower, or say with `before` that this one goes first.",
        'exception to "4.1" when decided() { .. }\n'
        'exception to "4.1" when decided() && member() { .. }    // never: the first goes before',
    ),
    "CCL0720": Entry(
        "a number in a clause could be a parameter",
        "A limit, an age or a share that stands in a clause changes only with a new version of the bylaws. As a\n"
        "`param` with a range it is changed by a decision, and all checks hold for the whole range.",
        "require command.amount <= 500 CREDIT;\n\n"
        "param limit: Money<CREDIT> = 500 in 0..2000 changed by PolicyDecision;\nrequire command.amount <= limit;",
    ),
    "CCL0721": Entry(
        "a refusal would not say why",
        "The clause has several requirements, or no text, and this one gives no reason; a member who is refused sees\n"
        "only the condition. Give a reason, or the key of one in the text catalogue.",
        'require command.amount <= limit because "nobody pays more than the limit at once";',
    ),
    "CCL0722": Entry(
        "a clause has no text",
        "The text of a clause is what members read and cite: in the document that `ccl doc` makes, and in each\n"
        "refusal. Write it behind the commands.",
        'clause "4.2" on credit.transfer "Nobody pays more than the limit at once." { .. }',
    ),
    "CCL0723": Entry(
        "a function is long",
        "More than fifty lines are hard to follow for those who vote on them. Give a part of it a name.",
        "fn total(..) { let a = fees(..); let b = interest(..); a + b }",
    ),
    "CCL0725": Entry(
        "a role may do what no clause speaks of",
        "`can:` says which role is needed for a command; whether it is permitted, a clause says. A command of which\n"
        "no clause speaks is refused to everybody.",
        "role Steward { can: [member.suspend]; }\n"
        'clause "3" on member.suspend "Stewards suspend." { require role(Steward); }',
    ),
}
