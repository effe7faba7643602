"""Explanations of what can be wrong with names, declarations and calls: CCL0101 to CCL0149.

Part of the block "types"; `ccl.catalogue_types` joins it.
"""

from __future__ import annotations

from ccl.catalogue import Entry


def explained(title: str, text: str, wrong: str = "", right: str = "") -> Entry:
    """An entry whose example is wrong first, then right."""
    return Entry(title, text, f"{wrong}\n// instead:\n{right}" if wrong else "")


_UNKNOWN = {
    "CCL0101": explained(
        "unknown name",
        "Nothing that can be seen from here has this name: no variable, constant, parameter or state. Names are case "
        "sensitive. A variable made inside a block is not seen after it.",
        "fn f() -> Integer { let total = 1; totl }", "fn f() -> Integer { let total = 1; total }",
    ),
    "CCL0102": explained(
        "unknown type",
        "There is no type, struct, enum or record of this name. The built-in types are Integer, Bool, String, Did, "
        "Timestamp, Date, Duration, Days, WorkingDays, ClearDays, Months, Ratio, Money<U>, Exact<U>, UnitCode<U>, "
        "Array<T>, Map<K, V>, Option<T> and Result<T, E>.",
        "fn f(a: Integr) { }", "fn f(a: Integer) { }",
    ),
    "CCL0103": explained(
        "unknown function",
        "Neither the contract, the language nor the host has a function of this name.",
        "fn fee() -> Integer { 1 }\nfn f() -> Integer { feee() }",
        "fn fee() -> Integer { 1 }\nfn f() -> Integer { fee() }",
    ),
    "CCL0104": explained(
        "unknown field",
        "The value has no field of this name. Only structs, records of the host, tuples (.0, .1) and the command that "
        "a clause judges have fields.",
        "struct P { x: Integer }\nfn f(p: P) -> Integer { p.y }",
        "struct P { x: Integer }\nfn f(p: P) -> Integer { p.x }",
    ),
    "CCL0105": explained(
        "unknown variant", "The enum has no variant of this name.",
        "enum E { Open, Closed }\nfn f() -> E { E::Opn }", "enum E { Open, Closed }\nfn f() -> E { E::Open }",
    ),
    "CCL0106": explained(
        "unknown method", "Values of this type have no such method, and no `impl` adds one.",
        "fn f(a: Array<Integer>) -> Integer { a.lenght() }", "fn f(a: Array<Integer>) -> Integer { a.length() }",
    ),
    "CCL0107": explained(
        "unknown unit",
        "A unit must exist before one can speak of amounts in it: the ledger has it, or the contract declares it with "
        "`unit CREDIT { decimals: 2; }`.",
        "fn f(a: Money<CREDITS>) { }", "fn f(a: Money<CREDIT>) { }",
    ),
    "CCL0108": explained(
        "unknown command", "The host carries out no command of this name.",
        "action f(a: String) { member.joyn(name: a); }", "action f(a: String) { member.join(name: a); }",
    ),
    "CCL0109": explained(
        "module not switched on",
        "What is called belongs to a module that this space has not switched on. Members decide on modules; once it is "
        "on, the contract checks.",
    ),
    "CCL0116": explained(
        "unknown role", "The contract declares no role of this name: `role Steward { .. }` would.",
        "role Steward { }\nfn f() -> Bool { role(Stewart) }", "role Steward { }\nfn f() -> Bool { role(Steward) }",
    ),
    "CCL0117": explained(
        "unknown setting", "The host has no setting of this name.",
        "fn f() -> Integer { setting(approval.signature) }", "fn f() -> Integer { setting(approval.signatures) }",
    ),
    "CCL0124": explained(
        "unknown path",
        "What stands before `::` is an enum, a struct with functions, or the name that an import gave.",
        "enum E { A }\nfn f() -> E { F::A }", "enum E { A }\nfn f() -> E { E::A }",
    ),
    "CCL0125": explained(
        "not available yet",
        "The name is one that the language keeps for a function of some module, and no module of this node offers it "
        "yet.",
    ),
}  # fmt: skip

_DECLARED = {
    "CCL0110": explained(
        "declared twice",
        "Two things of one kind have one name, so nobody could say which is meant. Rename one.",
        "fn f() { }\nfn f() { }", "fn f() { }\nfn g() { }",
    ),
    "CCL0111": explained(
        "`let` again",
        "The name is bound already in this function. In the Rust ICN's dialect a second `let` assigns; here it would "
        "be a second variable that hides the first, which misleads, so it is an error. Drop `let` to assign (the first "
        "then needs `mut`), or take another name. `ccl fix --from icn-core` does the former.",
        "fn f() -> Integer { let a = 1; let a = 2; a }", "fn f() -> Integer { let mut a = 1; a = 2; a }",
    ),
    "CCL0112": explained(
        "not `mut`",
        "A variable keeps its first value unless it is declared with `let mut`. The fix adds `mut` where it is bound.",
        "fn f() -> Integer { let a = 1; a = 2; a }", "fn f() -> Integer { let mut a = 1; a = 2; a }",
    ),
    "CCL0113": explained(
        "cannot be assigned",
        "Only variables, states and parts of them can be assigned. Constants and parameters of the contract cannot, "
        "nor the command that is judged.",
        "const A: Integer = 1;\nfn f() { A = 2; }", "fn f() -> Integer { let mut a = 1; a = 2; a }",
    ),
    "CCL0114": explained(
        "not a value", "A function, a type or a role has a name, but is no value. A function is called: `caller()`.",
        "fn f() -> Did { caller }", "fn f() -> Did { caller() }",
    ),
    "CCL0115": explained(
        "not a function", "Only functions are called. A struct is made with its fields: `Point { x: 1 }`.",
        "fn f(a: Integer) -> Integer { a(1) }", "fn f(a: Integer) -> Integer { a + 1 }",
    ),
    "CCL0118": explained(
        "no command here",
        "`command` is the command that a clause judges, and only a clause has one. A function gets what it needs as "
        "arguments.",
        "fn f() -> Did { command.payer }", "fn f(payer: Did) -> Did { payer }",
    ),
    "CCL0119": explained(
        "field not shared by all commands",
        "A clause about several commands sees the fields that all of them have, with one type. For a field of only "
        "some, write a clause of its own about those.",
    ),
    "CCL0127": explained(
        "field given twice", "A field of a struct gets one value.",
        "struct P { x: Integer }\nfn f() -> P { P { x: 1, x: 2 } }",
        "struct P { x: Integer }\nfn f() -> P { P { x: 1 } }",
    ),
    "CCL0128": explained(
        "field missing",
        "A struct is made with all of its fields: there are no empty ones. `..old` takes the others from another "
        "value; a field may have a default where it is declared.",
        "struct P { x: Integer, y: Integer }\nfn f() -> P { P { x: 1 } }",
        "struct P { x: Integer, y: Integer = 0 }\nfn f() -> P { P { x: 1 } }",
    ),
    "CCL0129": explained(
        "struct holds itself",
        "A value of such a struct would be without end. Through an Option, an Array or a Map it can end.",
        "struct Node { next: Node }", "struct Node { next: Option<Node> }",
    ),
    "CCL0130": explained(
        "recursion",
        "Functions call each other in a circle. Whether such calls end, and what they cost, cannot be told in advance, "
        "so the language has none. Use a loop.",
        "fn f(n: Integer) -> Integer { if n > 0 { f(n - 1) } else { 0 } }",
        "fn f(n: Integer) -> Integer { if n > 0 { n - 1 } else { 0 } }",
    ),
    "CCL0131": explained(
        "types of its own in `<>`", "Functions, structs and enums are not generic. Write the types that are used.",
        "fn f<T>(a: Integer) -> Integer { a }", "fn f(a: Integer) -> Integer { a }",
    ),
    "CCL0132": explained(
        "type declared by itself", "A type alias stands for another type; going round in a circle it stands for none.",
        "type A = A;\nfn f(a: A) { }", "type A = Integer;\nfn f(a: A) { }",
    ),
    "CCL0133": explained(
        "constant needs itself", "A constant's value cannot depend on itself.",
        "const A: Integer = A + 1;", "const A: Integer = 1 + 1;",
    ),
    "CCL0134": explained(
        "parameter without a type",
        "Types of local variables are inferred; those of parameters are written, since people read signatures.",
        "fn f(a) -> Integer { 1 }", "fn f(a: Integer) -> Integer { 1 }",
    ),
    "CCL0135": explained(
        "not constant",
        "Constants, first values and bounds are worked out when the contract is checked, so they cannot read anything "
        "that is known only when it is used.",
        "const A: Did = caller();", "fn f() -> Did { caller() }",
    ),
    "CCL0136": explained(
        "constant has no value", "Working out the constant traps, so it has no value.",
        "const A: Integer = [1][4];", "const A: Integer = [1][0];",
    ),
    "CCL0137": explained(
        "no methods for this type", "Methods can be added to the contract's own structs and enums.",
        "impl Integer { fn f() { } }", "struct P { x: Integer }\nimpl P { fn f() { } }",
    ),
    "CCL0138": explained(
        "number of a variant",
        "A variant has no number: it can be compared with others and matched. This is a warning.",
        "enum E { A = 1 }", "enum E { A }",
    ),
    "CCL0140": explained(
        "variable outside of functions",
        "What lasts between uses of a contract is a `state`. Variables live inside functions.",
        "let mut total: Integer = 0;", "state total: Integer = 0;",
    ),
    "CCL0141": explained(
        "decimals of a unit", "A unit has from 0 to 9 decimals.",
        "unit GOLD { decimals: 12; }", "unit GOLD { decimals: 3; }",
    ),
    "CCL0142": explained(
        "no traits", "Methods belong to a struct or an enum; there is nothing between.",
        "struct P { x: Integer }\nimpl P for P { }", "struct P { x: Integer }\nimpl P { }",
    ),
    "CCL0143": explained("only functions in an `impl`", "Everything else is declared outside of it."),
    "CCL0144": explained(
        "variant with a dot", "A variant is named with two colons.",
        "enum E { A }\nfn f() -> E { E.A }", "enum E { A }\nfn f() -> E { E::A }",
    ),
    "CCL0146": explained(
        "function without a body", "A function says what it does.",
        "fn f() -> Integer;", "fn f() -> Integer { 1 }",
    ),
    "CCL0148": explained(
        "declared inside a function", "Functions and types stand outside of functions, where all can use them.",
        "fn f() { struct P { x: Integer } }", "struct P { x: Integer }\nfn f() { }",
    ),
}  # fmt: skip

_CALLED = {
    "CCL0120": explained(
        "unknown parameter name", "Arguments can be given by name: that of a parameter as declared.",
        "fn f(a: Integer) { }\nfn g() { f(b: 1); }", "fn f(a: Integer) { }\nfn g() { f(a: 1); }",
    ),
    "CCL0121": explained(
        "arguments missing", "All parameters without a default must be given.",
        "fn f(a: Integer, b: Integer) { }\nfn g() { f(1); }", "fn f(a: Integer, b: Integer = 0) { }\nfn g() { f(1); }",
    ),
    "CCL0122": explained(
        "too many arguments", "More was given than the function takes.",
        "fn f(a: Integer) { }\nfn g() { f(1, 2); }", "fn f(a: Integer) { }\nfn g() { f(1); }",
    ),
    "CCL0123": explained(
        "given twice", "One parameter, or one fact of a notice, got two values.",
        "fn f(a: Integer) { }\nfn g() { f(1, a: 2); }", "fn f(a: Integer) { }\nfn g() { f(1); }",
    ),
    "CCL0145": explained(
        "divides by zero", "The divisor is the number 0, so this always traps.",
        "fn f(a: Integer) -> Ratio { a / 0 }", "fn f(a: Integer) -> Ratio { a / 2 }",
    ),
    "CCL0147": explained(
        "range without an end", "A range has both ends, of whole numbers, amounts, dates or moments.",
        "fn f(n: Integer) -> Bool { n in 1.. }", "fn f(n: Integer) -> Bool { n in 1..10 }",
    ),
    "CCL0149": explained(
        "of which unit?",
        "What is called works in any unit, and nothing among the arguments says which is meant. Name the unit.",
    ),
}  # fmt: skip

ENTRIES: dict[str, Entry] = _UNKNOWN | _DECLARED | _CALLED
