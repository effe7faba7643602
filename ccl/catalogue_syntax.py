"""What the codes CCL0001 to CCL0099 mean: errors of the lexer and the parser.

Each example is wrong up to the line `// instead:` and right after it; both halves are parsed by a test.
"""

from __future__ import annotations

from typing import Final

from ccl.catalogue import Entry

ENTRIES: Final[dict[str, Entry]] = {
    "CCL0001": Entry(
        "A character that means nothing here",
        "Outside of comments and of texts in quotes only letters without accents, digits, blanks and the marks of the"
        " language may stand. Remove the character, or put the text that it belongs to in quotes.",
        "fn fee() -> Integer { 5 \\ 2 }\n// instead:\nfn fee() -> Ratio { 5 / 2 }",
    ),
    "CCL0002": Entry(
        "A text that is never closed",
        'A text in quotes ends on the line it begins on. Close it with `"`. A longer text is put between `"""` and'
        ' `"""`; then it may go over several lines, and the indentation that all its lines share is not part of it.',
        'const GREETING: String = "Welcome;\n// instead:\nconst GREETING: String = "Welcome";',
    ),
    "CCL0003": Entry(
        "A comment that is never closed",
        "A comment that begins with `/*` goes on to the next `*/`, over lines. Here none follows, so that all the rest"
        " of the text would be comment. Close it, or begin the comment with `//`, which ends with its line.",
        "fn f() {}\n/* and so on\n// instead:\nfn f() {}\n/* and so on */",
    ),
    "CCL0004": Entry(
        "An escape that there is not",
        "After a backslash in a text stand n, t, r, 0, \", ' or another backslash, or u{...} with the number of a"
        " character. To write a backslash itself, write two.",
        'const PATH: String = "a\\d";\n// instead:\nconst PATH: String = "a\\\\d";',
    ),
    "CCL0005": Entry(
        "Quotes of another kind",
        "A text stands between straight double quotes. Single quotes and the curly quotes that word processors put in"
        " are not read as such. There are no single characters and no lifetimes either.",
        "const NAME: String = 'Ann';\n// instead:\nconst NAME: String = \"Ann\";",
    ),
    "CCL0006": Entry(
        "A hidden character",
        "The text holds a character that is not seen but can change how the rest is shown, such as one that turns the"
        " direction of writing. A contract must read for people as it reads for the machine, so none may stand in it,"
        " not in comments and texts either. Write `\\u{...}` in a text where one is truly meant.",
        "// vote \u202e ylno\nfn f() {}\n// instead:\n// vote only\nfn f() {}",
    ),
    "CCL0007": Entry(
        "A blank that is not an ordinary space",
        "Texts copied from web pages and word processors often hold blanks of other widths, or ones where lines do not"
        " break. Put an ordinary space in its place; `ccl fix` does.",
        "fn f()\u00a0{}\n// instead:\nfn f() {}",
    ),
    "CCL0008": Entry(
        "Not a name",
        "Names are made of the letters a to z and A to Z, digits and `_`, and do not begin with a digit. Other letters"
        " could look like these and still be different, and two names that look alike must not be two names in bylaws."
        " Texts in quotes may hold any letter.",
        "fn año() -> Integer { 1 }\n// instead:\nfn anno() -> Integer { 1 }",
    ),
    "CCL0009": Entry(
        "Not how a number is written",
        "A number is written out in digits, with `_` between them as you like and at most one decimal point:"
        " `1_000`, `0.75`. There are no exponents. What follows it at once may only be `%`, or a unit of time such as"
        " `d`; a unit of money stands after a blank: `500 CREDIT`.",
        "const LIMIT: Integer = 1e6;\n// instead:\nconst LIMIT: Integer = 1_000_000;",
    ),
    "CCL0010": Entry(
        "A text that is too long",
        "A source has at most 1 MiB. Split it into several, which import each other, or move a part to a contract that"
        " this one extends.",
    ),
    "CCL0011": Entry(
        "Nested too deeply",
        "Brackets, blocks and prefixes nest at most 200 levels deep, and a chain of operators has at most 400 parts."
        " Nobody can read more. Give a part a name with `let`, make it a function, or go over a list.",
    ),
    "CCL0012": Entry(
        "A missing semicolon",
        "A statement ends with `;`, but for the last of a block and those that end with a block, such as `if`. Without"
        " it two statements on two lines could be read as one. `ccl fix` puts it in.",
        "fn f() {\n    let a = 1\n    let b = 2;\n}\n// instead:\nfn f() {\n    let a = 1;\n    let b = 2;\n}",
    ),
    "CCL0013": Entry(
        "A bracket that is never closed",
        "Each `(`, `[` and `{` is closed by its counterpart, in the reverse order. The message shows the bracket that"
        " was opened and where it had to end at the latest; where indentation tells more, it shows which bracket was"
        " probably closed by the wrong one.",
        "fn f() { let a = (1 + 2; }\n// instead:\nfn f() { let a = (1 + 2); }",
    ),
    "CCL0014": Entry(
        "A value is missing",
        "At this place a value must stand: a number, a text, a name, a call, something in brackets. Often an operator"
        " too many stands before it, or the value was forgotten.",
        "fn f() -> Integer { 1 + }\n// instead:\nfn f() -> Integer { 1 + 2 }",
    ),
    "CCL0015": Entry(
        "Something that does not belong in a list",
        "Between brackets stand parts with commas between them, and then the closing bracket. What stands here is"
        " neither. It may belong behind the bracket, or a comma and a bracket are mixed up.",
        "fn f() { g(1 = 2); }\n// instead:\nfn f() { g(1 == 2); }",
    ),
    "CCL0016": Entry(
        "A missing comma",
        "The parts of a list, the arguments of a call and the cases of a `match` stand with a comma between them. Only"
        " fields and entries may leave it out at the end of a line.",
        "fn f() { g(1 2); }\n// instead:\nfn f() { g(1, 2); }",
    ),
    "CCL0017": Entry(
        "A type is missing",
        "After a colon in a declaration, and between `<` and `>`, stands a type: `Integer`, `Money<CREDIT>`, `Did`,"
        " `Array<Did, max 500>`, `(Integer, Bool)`, or the name of a struct or enum.",
        "fn f(a: 5) {}\n// instead:\nfn f(a: Integer) {}",
    ),
    "CCL0018": Entry(
        "A pattern is missing",
        "After `let` and `for`, and at the beginning of each case of a `match`, stands what the value is taken apart"
        " by: a name, `_`, a literal, a variant such as `Some(x)`, or several in brackets.",
        "fn f() { let + = 1; }\n// instead:\nfn f() { let sum = 1; }",
    ),
    "CCL0019": Entry(
        "A name is missing",
        "At this place something is named: what is declared, a field after a dot, an argument.",
        "fn (a: Integer) {}\n// instead:\nfn f(a: Integer) {}",
    ),
    "CCL0020": Entry(
        "A mark is missing",
        "The form of what was begun asks for the mark that the message names. It is missing, or something stands"
        " before it that does not belong there.",
        "struct Card { name String }\n// instead:\nstruct Card { name: String }",
    ),
    "CCL0021": Entry(
        "Written with `=` instead of `:`, or a declaration among entries",
        "Fields of a struct and named arguments are given with a colon: `amount: 5`. In a block of entries, as that of"
        " a unit, only `name: value;` may stand.",
        "fn f() { pay(amount = 5); }\n// instead:\nfn f() { pay(amount: 5); }",
    ),
    "CCL0022": Entry(
        "A reference",
        "There are no references. Values are copied, at no cost that you would notice, and no other function can"
        " change yours. Leave `&` out; `ccl fix` does.",
        "fn f(a: Integer) { g(&a); }\n// instead:\nfn f(a: Integer) { g(a); }",
    ),
    "CCL0023": Entry(
        "A reference through which is changed",
        "There are no references, so a function cannot change what its caller holds. Let it return the new value, and"
        " let the caller bind it anew.",
        "fn f() { let mut a = 1; add(&mut a); }\n// instead:\nfn f() { let mut a = 1; a = add(a); }",
    ),
    "CCL0024": Entry(
        "Following a reference",
        "There are no references, so there is nothing that `*` could follow. Before a value leave it out; between two"
        " values it multiplies.",
        "fn f(a: Integer) -> Integer { *a }\n// instead:\nfn f(a: Integer) -> Integer { a }",
    ),
    "CCL0025": Entry(
        "Types given to a call",
        "A call's types follow from its arguments and from what is done with its result. `::<..>` is left out. Where a"
        " type must be said, say it at the `let` that binds the result.",
        "fn f() { let s = list.sum::<Integer>(); }\n// instead:\nfn f() { let s: Integer = list.sum(); }",
    ),
    "CCL0026": Entry(
        "Comparisons in a chain",
        "`a < b < c` would compare yes or no with c. Compare twice: `a < b && b < c`.",
        "fn f(a: Integer) -> Bool { 0 < a < 9 }\n// instead:\nfn f(a: Integer) -> Bool { 0 < a && a < 9 }",
    ),
    "CCL0027": Entry(
        "`dyn` or `impl` in a type",
        "There are no traits, so a type is named as it is. A value that can be one of several is an enum.",
        "fn f(a: dyn Payer) {}\n// instead:\nfn f(a: Payer) {}",
    ),
    "CCL0028": Entry(
        "An operator of another language",
        "Equality is `==` and inequality `!=`; powers are multiplied out; there are no operations on bits and no signs"
        " before positive numbers; names are bound with `let name = value`.",
        "fn f(a: Integer) -> Bool { a === 1 }\n// instead:\nfn f(a: Integer) -> Bool { a == 1 }",
    ),
    "CCL0029": Entry(
        "A word of the language as a name",
        "let, mut, fn, if, else, match, for, while, return, break, continue, true, false, as, require, emit, struct,"
        " enum and const cannot be names, for a reader would take them for what they usually say. All other words may,"
        " such as `role` or `unit`, and after a dot or before a colon these too.",
        "fn f() { let match = 1; }\n// instead:\nfn f() { let match_ = 1; }",
    ),
    "CCL0030": Entry(
        "`else if` in two words",
        "The further condition after an `if` is written `else if`.",
        "fn f() { if a { x(); } elif b { y(); } }\n// instead:\nfn f() { if a { x(); } else if b { y(); } }",
    ),
    "CCL0031": Entry(
        "Something that cannot be assigned",
        "On the left of `=` stands what holds a value: a name, a field, an entry of a list or map, a state. A call or a"
        " sum holds none. If the two were to be compared, write `==`.",
        "fn f() { g() = 1; }\n// instead:\nfn f() { let a = g(); }",
    ),
    "CCL0032": Entry(
        "An assignment as a condition",
        "`=` assigns, `==` compares. A condition compares.",
        "fn f(a: Integer) { if a = 1 { g(); } }\n// instead:\nfn f(a: Integer) { if a == 1 { g(); } }",
    ),
    "CCL0033": Entry(
        "Not an entry and not a declaration",
        "In a contract, and between the declarations of a file, stand entries `name: value;` and declarations, which"
        " begin with a word such as `clause`, `role`, `param`, `fn`. Perhaps the word is misspelt. Statements stand in"
        " functions and clauses.",
        'contract A { clouse "1" on credit.transfer {} }\n// instead:\ncontract A { clause "1" on credit.transfer {} }',
    ),
    "CCL0034": Entry(
        "Minutes or months",
        "`5m` could be either. Write `5 minutes` or `5 months`. The short forms are ms, s, min, h, d, w, mo and y.",
        "fn f() -> Duration { 5m }\n// instead:\nfn f() -> Duration { 5min }",
    ),
    "CCL0035": Entry(
        "A day or hour that the calendar has not",
        "A day is written as year, month and day, 2026-01-31, and a moment with the time and the zone after it,"
        " 2026-01-31T18:30:00Z. If a subtraction was meant, put blanks around the minus.",
        "const DAY: Date = 2026-02-30;\n// instead:\nconst DAY: Date = 2026-02-28;",
    ),
    "CCL0036": Entry(
        "A DID with a star",
        "As a value, a DID names one person, organisation or device, so it stands there whole. Only in the dialect's"
        " types `did:key:*` is read, and means Did.",
        "fn f() -> Did { did:key:* }\n// instead:\nfn f() -> Did { did:key:ann }",
    ),
    "CCL0037": Entry(
        "Approval by whom",
        "Approval is asked of the `signers` of an account, or of those in a `role`.",
        'clause "1" on credit.transfer { approval by friends payer need 2; }\n'
        '// instead:\nclause "1" on credit.transfer { approval by signers payer need 2; }',
    ),
    "CCL0038": Entry(
        "Approval out of place",
        "What approvals a command needs is said in the clause itself, not in a function and not in a block within the"
        " clause: it must be known before anything is evaluated. Say from which amount on it is needed with `above`.",
        'clause "1" on credit.transfer { if big { approval by signers payer need 2; } }\n'
        '// instead:\nclause "1" on credit.transfer { approval by signers payer above 100 of amount need 2; }',
    ),
    "CCL0039": Entry(
        "An attribute without a declaration",
        "`#[name]` and `@name(..)` say something of the declaration that follows. None follows here.",
        "#[test]\n1 + 1;\n// instead:\n#[test]\nfn f() {}",
    ),
    "CCL0040": Entry(
        "A bracket that closes nothing",
        "No bracket is open at this place. There is one too many, or one before it closed too early.",
        "fn f() {} }\n// instead:\nfn f() {}",
    ),
    "CCL0041": Entry(
        "`at least` or `more than`",
        "Whether exactly half is enough must be said: `at least 1/2` is met by it, `more than 1/2` is not.",
        "proposal P { quorum of electorate 1/2; }\n// instead:\nproposal P { quorum of electorate at least 1/2; }",
    ),
    "CCL0042": Entry(
        "A text in quotes is missing",
        "Numbers of clauses, names of tests, reasons and scopes stand in quotes. `4.10` without quotes would be the"
        " number 4.1.",
        'clause 4.1 on credit.transfer {}\n// instead:\nclause "4.1" on credit.transfer {}',
    ),
    "CCL0043": Entry(
        "Not a line of a transition",
        "A transition says what becomes of open matters, `open proposals: keep;`, and how what is renamed or has"
        " another type moves: `state old -> new: old * 2;`, `param old -> new;`, `role old -> new;`.",
        "transition { keep all; }\n// instead:\ntransition { open proposals: keep; }",
    ),
    "CCL0044": Entry(
        "A command's name is missing",
        "After `on` stand the commands that a clause or trigger is about, with commas between them: `credit.transfer`,"
        " `credit.*` for all of a module, `read.credit.*` for its reads, `*` for all there are.",
        'clause "1" on { permit }\n// instead:\nclause "1" on credit.transfer { permit }',
    ),
    "CCL0045": Entry(
        "A trigger that nothing sets off",
        "A trigger says which command it follows, `on credit.transfer`, or how often it comes, `every 1 month`.",
        "trigger thanks { }\n// instead:\ntrigger thanks on timebank.confirm { }",
    ),
    "CCL0046": Entry(
        "An empty cell",
        "Each cell of a table holds a value. `_` stands for a fact that is not given in this row.",
        'test "t" on credit.transfer {\n    | amount | expect |\n    | | permit |\n}\n'
        '// instead:\ntest "t" on credit.transfer {\n    | amount | expect |\n    | 5 | permit |\n}',
    ),
    "CCL0047": Entry(
        "A row that does not fit its table",
        "Each row of a table has as many cells as its head, and ends with `|`. The last cell says what is expected.",
        'test "t" on credit.transfer {\n    | amount | expect |\n    | 5 | 6 | permit |\n}\n'
        '// instead:\ntest "t" on credit.transfer {\n    | amount | expect |\n    | 5 | permit |\n}',
    ),
    "CCL0048": Entry(
        "A table without the column `expect`",
        "The head of a table names a fact or a field of the command for each column; the last column is `expect`.",
        'test "t" on credit.transfer {\n    | amount |\n    | 5 |\n}\n'
        '// instead:\ntest "t" on credit.transfer {\n    | amount | expect |\n    | 5 | permit |\n}',
    ),
    "CCL0049": Entry(
        "Not a step of a test",
        "A test is made of steps: `given fact = value;` sets what is so, `as someone: command(..) expect permit;` lets"
        " somebody act, `later 3 days;` lets time pass, `expect value;` looks at the outcome. Rows of a table begin"
        " with `|`.",
        'test "t" { let a = 1; }\n// instead:\ntest "t" { given member = true; }',
    ),
}
