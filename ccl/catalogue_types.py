"""Explanations of what can be wrong with types, patterns, loops and effects: CCL0150 to CCL0299.

The block "types" begins with names and calls, which are in `ccl.catalogue_names`; `ENTRIES` has both.
"""

from __future__ import annotations

from ccl import catalogue_names
from ccl.catalogue import Entry
from ccl.catalogue_names import explained

_MODES = "down, up, to_zero, from_zero, half_up, half_even, half_down"

_VALUES = {
    "CCL0150": explained(
        "wrong type",
        "A value of one type stands where another is expected. The second label, where there is one, shows what asks "
        "for it.",
        'fn f() -> Integer { "one" }', "fn f() -> Integer { 1 }",
    ),
    "CCL0151": explained(
        "no floating point",
        "Floating point rounds where nobody looks, and not alike on every machine. A `Ratio` is exact.",
        "fn f(rate: Float) { }", "fn f(rate: Ratio) { }",
    ),
    "CCL0152": explained(
        "operator and types",
        "The operator has no meaning for these types. What is different stays different: hours and days of the "
        "calendar, amounts and bare numbers.",
        "fn f(a: Bool) -> Integer { a + 1 }", "fn f(a: Integer) -> Integer { a + 1 }",
    ),
    "CCL0153": explained(
        "units do not mix",
        "Amounts of different units cannot be added, compared or put in each other's place. In a clause without "
        "`in CREDIT` the command's amount is in the command's own unit, which may be any.",
        "fn f(a: Money<CREDIT>, b: Money<HOUR>) -> Bool { a > b }",
        "fn f(a: Money<CREDIT>, b: Money<CREDIT>) -> Bool { a > b }",
    ),
    "CCL0154": explained(
        "a Ratio where a whole number is needed",
        f"`/` gives an exact Ratio and never rounds. Say how to: `round(a / b, half_even)`. Modes: {_MODES}. In the "
        "Rust ICN's dialect `/` rounds to zero.",
        "fn f(a: Integer) -> Integer { a / 2 }", "fn f(a: Integer) -> Integer { round(a / 2, to_zero) }",
    ),
    "CCL0155": explained(
        "an amount before rounding",
        "A part or a percentage of an amount is kept exactly, as `Exact<U>`. To be an amount that can be paid it is "
        f"rounded: `round(x, half_even)`. Modes: {_MODES}.",
        "fn f(a: Money<CREDIT>) -> Money<CREDIT> { a * 2% }",
        "fn f(a: Money<CREDIT>) -> Money<CREDIT> { round(a * 2%, half_even) }",
    ),
    "CCL0156": explained(
        "not a condition", "A condition is a Bool: true or false. Numbers, texts and Options are neither.",
        "fn f(a: Integer) -> Integer { if a { 1 } else { 2 } }",
        "fn f(a: Integer) -> Integer { if a != 0 { 1 } else { 2 } }",
    ),
    "CCL0157": explained(
        "finer than the unit", "An amount has no more decimals than its unit.",
        "fn f() -> Money<CREDIT> { 1.005 CREDIT }", "fn f() -> Money<CREDIT> { 1.01 CREDIT }",
    ),
    "CCL0158": explained(
        "out of range", "Numbers and amounts lie within 64 bits: up to 9,223,372,036,854,775,807.",
        "fn f() -> Integer { 9999999999999999999 }", "fn f() -> Integer { 999999999999999999 }",
    ),
    "CCL0159": explained(
        "a number without a unit",
        "The number stands beside an amount whose unit is not known here, so how much it is cannot be said. A clause "
        "about one unit says so: `on credit.transfer in CREDIT`.",
        "fn f(a: Money) -> Bool { a > 5 }", "fn f(a: Money<CREDIT>) -> Bool { a > 5 }",
    ),
    "CCL0160": explained(
        "`as` would lose something", "`as` converts only without loss. A function says how to round.",
        "fn f(a: Ratio) -> Integer { a as Integer }", "fn f(a: Ratio) -> Integer { round(a, to_zero) }",
    ),
    "CCL0161": explained(
        "no such conversion", "Values of the one type cannot be had as the other.",
        "fn f(a: Bool) -> Integer { a as Integer }", "fn f(a: Bool) -> Integer { if a { 1 } else { 0 } }",
    ),
    "CCL0162": explained(
        "branches differ", "All branches of an `if`, `match` or `try` whose value is used give one type.",
        'fn f(a: Bool) { let b = if a { 1 } else { "x" }; }', "fn f(a: Bool) { let b = if a { 1 } else { 2 }; }",
    ),
    "CCL0163": explained(
        "`if` without `else` as a value", "When the condition is false there would be no value.",
        "fn f(a: Bool) -> Integer { if a { 1 } }", "fn f(a: Bool) -> Integer { if a { 1 } else { 0 } }",
    ),
    "CCL0164": explained(
        "types in `<>`", "The type takes another number of types between `<` and `>`.",
        "fn f(a: Map<String>) { }", "fn f(a: Map<String, Integer>) { }",
    ),
    "CCL0165": explained(
        "may be absent",
        "An Option may hold nothing, a Result may hold an error. Say what then holds: `x ?? 0`, `if let Some(y) = x`, "
        "`match`, or pass it on with `?`.",
        "fn f(a: Option<Integer>) -> Integer { a }", "fn f(a: Option<Integer>) -> Integer { a ?? 0 }",
    ),
    "CCL0166": explained(
        "another kind of time",
        "Hours, days of the calendar, working days, clear days and months are different things: a day has 23 to 25 "
        "hours, a month 28 to 31 days. A Date is a day, a Timestamp a moment.",
        "fn f() -> Duration { 7 days }", "fn f() -> Duration { 168 hours }",
    ),
    "CCL0167": explained(
        "nothing to go over", "`for` goes over arrays, maps and ranges of whole numbers.",
        "fn f(a: Integer) { for x in a { } }", "fn f(a: Integer) { for x in 0..a { } }",
    ),
    "CCL0168": explained(
        "nothing to index", "Arrays are indexed by place, maps by key.",
        "fn f(a: Integer) -> Integer { a[0] }", "fn f(a: Array<Integer>) -> Integer { a[0] }",
    ),
    "CCL0170": explained(
        "cannot be compared", "The two are of different types, or values of the type have no order.",
        'fn f(a: Integer) -> Bool { a == "1" }', "fn f(a: Integer) -> Bool { a == 1 }",
    ),
    "CCL0172": explained(
        "`?` where the function cannot return it",
        "`x?` leaves the function with the error of a Result, or with None. So the function returns a Result with such "
        "an error, or an Option.",
        "fn f(a: Option<Integer>) -> Integer { a? + 1 }",
        "fn f(a: Option<Integer>) -> Option<Integer> { Some(a? + 1) }",
    ),
    "CCL0173": explained(
        "cannot fail",
        "`try`, `?` and `??` are about values that may be absent or an error. A trap or a refusal cannot be caught: it "
        "ends the whole evaluation.",
        "fn f(a: Integer) -> Integer { try a catch e { 0 } }",
        "fn f(a: Result<Integer>) -> Integer { try a catch e { 0 } }",
    ),
    "CCL0174": explained(
        "a closure is no value",
        "A closure stands only where `map`, `filter`, `any`, `all`, `count`, `sum`, `find`, `min_by`, `max_by` and "
        "`fold` take it, so that its cost is known.",
        "fn f() { let g = |x| x + 1; }", "fn g(x: Integer) -> Integer { x + 1 }",
    ),
    "CCL0175": explained(
        "parameters of a closure", "The closure takes another number of values than it gets.",
        "fn f(a: Array<Integer>) -> Bool { a.any(|x, y| x > 1) }",
        "fn f(a: Array<Integer>) -> Bool { a.any(|x| x > 1) }",
    ),
    "CCL0176": explained(
        "a closure changes what is outside", "Closures see copies of what stands around them.",
        "fn f(a: Array<Integer>) -> Integer { let mut s = 0; let b = a.map(|x| { s += x; x }); s }",
        "fn f(a: Array<Integer>) -> Integer { let mut s = 0; for x in a { s += x; } s }",
    ),
    "CCL0177": explained(
        "key of a map", "Keys are Integer, String, Did, Bool, or an enum none of whose variants has a payload.",
        "fn f(a: Map<Ratio, Integer>) { }", "fn f(a: Map<String, Integer>) { }",
    ),
    "CCL0179": explained(
        "way of rounding", f"Rounding is always named: {_MODES}.",
        "fn f(a: Ratio) -> Integer { round(a) }", "fn f(a: Ratio) -> Integer { round(a, half_even) }",
    ),
    "CCL0180": explained(
        "places in a text", "`format!` has a text with one `{}` for each value that follows.",
        'fn f() -> String { format!("{} of {}", 1) }', 'fn f() -> String { format!("{} of {}", 1, 2) }',
    ),
    "CCL0181": explained(
        "no text of it", "Structs, arrays, enums and records have no text of their own. Name the part that is meant.",
        'fn f(a: Array<Integer>) -> String { format!("{}", a) }',
        'fn f(a: Array<Integer>) -> String { format!("{}", a.len()) }',
    ),
    "CCL0182": explained(
        "no value", "What gives no value cannot be bound, told or mapped.",
        "fn g() { }\nfn f() { let a = g(); }", "fn g() -> Integer { 1 }\nfn f() { let a = g(); }",
    ),
    "CCL0184": explained(
        "suffix of a number", "There is one type of whole numbers, Integer, of 64 bits.",
        "fn f() -> Integer { 5u64 }", "fn f() -> Integer { 5 }",
    ),
    "CCL0185": explained("a record of the host", "Records are views of the host's state. A contract reads them."),
    "CCL0186": explained(
        "moment without a zone", "A moment says its zone, so that it is the same everywhere: `2026-01-31T10:00:00Z`.",
        "fn f() -> Timestamp { 2026-02-28T10:00:00 }", "fn f() -> Timestamp { 2026-02-28T10:00:00Z }",
    ),
    "CCL0187": explained(
        "parts of days, clear and working days",
        "Days and months are whole: half a day is 12 hours only on some days. Only days can be clear or working ones.",
        "fn f(d: Date) -> Date { d + 2 working weeks }", "fn f(d: Date) -> Date { d + 10 working days }",
    ),
    "CCL0188": explained(
        "`let` without a value", "There is no empty value. An `if` or a `match` can give one.",
        "fn f() -> Integer { let a: Integer; 1 }", "fn f() -> Integer { let a: Integer = 0; a }",
    ),
    "CCL0190": explained(
        "`let` inside a condition", "`if let` stands alone; nest a second `if` for more.",
        "fn f(a: Option<Integer>, c: Bool) -> Integer { if c && let Some(x) = a { x } else { 0 } }",
        "fn f(a: Option<Integer>) -> Integer { if let Some(x) = a { x } else { 0 } }",
    ),
    "CCL0192": explained(
        "maximum of a collection", "A maximum is a whole number that is known when the contract is checked.",
        "fn f(n: Integer, a: Array<Integer, max 2000000>) { }", "fn f(n: Integer, a: Array<Integer, max 2000>) { }",
    ),
    "CCL0193": explained(
        "more items than there may be", "The collection's type says how many items it has at most.",
        "fn f() -> Array<Integer, max 1> { [1, 2] }", "fn f() -> Array<Integer, max 2> { [1, 2] }",
    ),
    "CCL0194": explained(
        "type with too many parts", "A tuple of tuples of tuples has more parts than anyone can read. Use structs.",
    ),
}  # fmt: skip

_PATTERNS = {
    "CCL0200": explained(
        "match leaves a value out",
        "A match has an arm for every value. The message shows one that none takes; arms with an `if` do not count.",
        "fn f(a: Option<Integer>) -> Integer { match a { Some(x) => x } }",
        "fn f(a: Option<Integer>) -> Integer { match a { Some(x) => x, None => 0 } }",
    ),
    "CCL0201": explained(
        "arm never reached", "Arms before it take all that it would. This is a warning.",
        "fn f(a: Bool) -> Integer { match a { _ => 1, true => 2 } }",
        "fn f(a: Bool) -> Integer { match a { true => 2, _ => 1 } }",
    ),
    "CCL0202": explained(
        "pattern of another type", "The pattern could never fit the value.",
        "fn f(a: Integer) -> Integer { match a { Some(x) => 1, _ => 2 } }",
        "fn f(a: Option<Integer>) -> Integer { match a { Some(x) => 1, _ => 2 } }",
    ),
    "CCL0203": explained(
        "pattern that may not fit", "A `let`, a `for` and a closure's parameter take patterns that always fit.",
        "fn f(a: Option<Integer>) -> Integer { let Some(x) = a; x }",
        "fn f(a: Option<Integer>) -> Integer { let Some(x) = a else { return 0; }; x }",
    ),
    "CCL0204": explained(
        "payload of a variant", "A variant is made and matched with the payload that it is declared with.",
        "enum E { A(Integer) }\nfn f() -> E { E::A }", "enum E { A(Integer) }\nfn f() -> E { E::A(1) }",
    ),
    "CCL0205": explained(
        "bound twice", "A pattern binds each name once.",
        "fn f(a: (Integer, Integer)) -> Integer { let (x, x) = a; x }",
        "fn f(a: (Integer, Integer)) -> Integer { let (x, y) = a; x + y }",
    ),
    "CCL0206": explained(
        "alternatives bind different names", "All alternatives of a pattern bind the same names, of the same types.",
        "enum E { A(Integer), B }\nfn f(e: E) -> Integer { match e { E::A(x) | E::B => 1 } }",
        "enum E { A(Integer), B }\nfn f(e: E) -> Integer { match e { E::A(_) | E::B => 1 } }",
    ),
    "CCL0207": explained(
        "pattern always fits", "`if let` with a pattern that always fits is a plain `let`. This is a warning.",
        "fn f(a: Integer) -> Integer { if let x = a { x } else { 0 } }",
        "fn f(a: Integer) -> Integer { let x = a; x }",
    ),
    "CCL0208": explained("match too intricate", "Checking it would take too long. Split it into several."),
    "CCL0209": explained(
        "`else` that goes on", "After `let .. else { .. }` the names have values, so the `else` leaves.",
        "fn f(a: Option<Integer>) -> Integer { let Some(x) = a else { }; x }",
        "fn f(a: Option<Integer>) -> Integer { let Some(x) = a else { return 0; }; x }",
    ),
}  # fmt: skip

_FLOW = {
    "CCL0220": explained(
        "loop without a limit",
        "Every loop has a greatest number of rounds, so that the cost of a contract is known. `while c limit 100` says "
        "it; a counter that can be followed needs no limit.",
        "fn f(n: Integer) -> Integer { let mut i = 0; while i < n { i += 1; } i }",
        "fn f(n: Integer) -> Integer { let mut i = 0; while i < n limit 100 { i += 1; } i }",
    ),
    "CCL0221": explained(
        "limit of a loop", "A limit is a number from 1 to 1,000,000.",
        "fn f(c: Bool) { while c limit 0 { } }", "fn f(c: Bool) { while c limit 10 { } }",
    ),
    "CCL0222": explained(
        "outside of a loop", "`break` and `continue` belong to the loop around them.",
        "fn f() { break; }", "fn f() { for i in 0..3 { break; } }",
    ),
    "CCL0223": explained(
        "never runs", "What stands before it always leaves. This is a warning.",
        "fn f() -> Integer { return 1; let a = 2; a }", "fn f() -> Integer { let a = 2; a }",
    ),
    "CCL0224": explained(
        "no effect", "A value is worked out and dropped. Was it to be assigned, returned or required? A warning.",
        "fn f(a: Integer) { a + 1; }", "fn f(a: Integer) -> Integer { a + 1 }",
    ),
    "CCL0225": explained(
        "no value at the end", "The function returns a value, and the end of its block gives none.",
        "fn f() -> Integer { 1; }", "fn f() -> Integer { 1 }",
    ),
    "CCL0226": explained(
        "`permit` outside of a clause", "Only clauses permit and refuse by themselves; a function returns a value.",
        "fn f() { permit }", "fn f() -> Bool { true }",
    ),
    "CCL0227": explained(
        "condition that decides nothing",
        "A clause permits unless a `require` fails or a `deny` is reached. A condition standing alone changes nothing.",
        'clause "1" on member.join { member() }', 'clause "1" on member.join { require member(); }',
    ),
    "CCL0228": explained(
        "reason that is worked out", "A reason is a text in quotes, or a key of the contract's texts.",
        'fn f(a: String) { require a != "" because a + "!"; }',
        'fn f(a: String) { require a != "" because "It is empty."; }',
    ),
    "CCL0240": explained(
        "a policy that acts",
        "A policy reads and judges. What sets a state, gives a command or leaves a notice is an action: a proposal's "
        "`execution`, a `trigger`, or an `action`. The message shows through which calls the policy reaches it.",
        'state n: Integer = 0;\nclause "1" on member.join { n += 1; }',
        "state n: Integer = 0;\naction count() { n += 1; }",
    ),
    "CCL0241": explained(
        "a command has no value", "Commands are carried out after the action has ended well.",
        "action f(a: String) { let x = member.join(name: a); }", "action f(a: String) { member.join(name: a); }",
    ),
    "CCL0243": explained(
        "private in a policy",
        "Every node must judge alike, also one that does not hold the private text, or on which it was erased.",
    ),
    "CCL0245": explained("a reading, not a command", "A clause may govern a reading; nothing can carry it out."),
    "CCL0246": explained(
        "a failure that nobody sees", "A Result is dropped, whether it failed or not. This is a warning.",
        "fn g() -> Result<Integer> { Ok(1) }\nfn f() { g(); }",
        "fn g() -> Result<Integer> { Ok(1) }\nfn f() -> Integer { try g() catch e { 0 } }",
    ),
    "CCL0250": explained(
        "too deep",
        "Expressions and blocks stand in each other too deep for a reader. Give a part a name, or make it a function. "
        "Loops may stand 12 deep in each other, closures 6.",
    ),
    "CCL0262": explained(
        "unknown macro", "There are `format!` and `vec!`.",
        'fn f() { println!("x"); }', 'fn f() -> String { format!("x") }',
    ),
}  # fmt: skip

ENTRIES: dict[str, Entry] = catalogue_names.ENTRIES | _VALUES | _PATTERNS | _FLOW
