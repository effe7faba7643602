"""Hostile programs, from a seed: of each kind that has broken a compiler before, any number, each somewhat different.

A kind is a function of a seeded source of chance to a text. Most are well formed, so that they come as far as the back
ends; the rest end in the lexer, the parser or the checker. None is longer than some tens of kilobytes.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable
from random import Random

Kind = Callable[[Random], str]

_NESTS: tuple[tuple[str, str, str], ...] = (
    ("if a > {i} {{ ", "a", " }} else {{ {i} }}"),
    ("{{ let b{i} = a + {i}; ", "a", " }}"),
    ("match a {{ {i} => a, _ => ", "0", " }}"),
    ("abs(", "a", ")"),
    ("g(", "a", ")"),
    ("1 + (a * ", "1", ")"),
    ("(", "a", ")"),
    ("-(", "a", ")"),
    ("a.max(", "a", ")"),
    ("[", "a", "][0]"),
    ("(a, ", "a", ").1"),
    ("[a].fold({i}, |s{i}, x{i}| s{i} + ", "x{i}", ")"),
    ("if let Some(y{i}) = Some(a) {{ ", "a", " }} else {{ {i} }}"),
    ("(try Ok(a) catch e{i} {{ ", "a", " }})"),
)
_EDGES = (0, 1, -1, 2**31, 2**53, 2**62, 2**63 - 1, -(2**63), 2**63, -(2**63) - 1, 10**18, 10**40)
_TRICKS = (
    "\u202e",
    "\u2066",
    "\u200b",
    "\u200d",
    "\ufeff",
    "\x00",
    "\x1b[31m",
    "\ud800",
    "\U0001f4a9",
    "\u0430",
    "\u2028",
    "\x85",
    "\u3000",
    "\xa0",
    "\x7f",
    "\u0301",
    "\uff08",
    "\u037e",
    "\u2044",
    "\u00bd",
    "\u0660",
    "\r",
    "\x0c",
    "\x08",
)
_SAMPLE = """contract Orchard { edition: 1; version: "1.0.0"; timezone: "Europe/Madrid";
unit CREDIT { decimals: 2; } param limit: Money<CREDIT> = 500 in 0..2000 changed by PolicyDecision;
clause "4.1" on credit.transfer in CREDIT "Nobody pays more than {limit}." {
require command.amount <= limit because "no"; }
exception to "4.1" as "4.2" when decided() { require command.amount <= 10_000 CREDIT; }
fn fee(a: Money<CREDIT>) -> Money<CREDIT> { round(a * 2.5%, half_even) }
proposal PolicyDecision { eligible: Member; quorum: 50%; threshold: majority; duration: 14 days; } }
"""
_CLOSERS = ("", "(", "[", "{", '"', '"""', "/*", "'", "did:", 'format!("{', "|x", "<", "//", "`", "#{", "${", "\\u{")


def nesting(chance: Random) -> str:
    """Any construct in itself, to any depth, some too deep."""
    opening, inner, closing = chance.choice(_NESTS)
    depth = chance.choice((3, 20, 60, 150, 197, 199, 205, 1_000))
    text = "".join(opening.format(i=i) for i in range(depth)) + inner.format(i=depth - 1)
    text += "".join(closing.format(i=i) for i in reversed(range(depth)))
    return "fn g(a: Integer) -> Integer { a }\nfn f(a: Integer) -> Integer { " + text + " }"


def mixed_nesting(chance: Random) -> str:
    """Constructs in one another, each chosen anew."""
    depth = chance.choice((10, 40, 80, 120))
    pairs = [chance.choice(_NESTS[:10]) for _ in range(depth)]
    text = "".join(p[0].format(i=i) for i, p in enumerate(pairs)) + "a"
    text += "".join(p[2].format(i=i) for i, p in reversed(list(enumerate(pairs))))
    return "fn g(a: Integer) -> Integer { a }\nfn f(a: Integer) -> Integer { " + text + " }"


def loops(chance: Random) -> str:
    """Loops in loops, over ranges small and giant, counted and limited."""
    depth = chance.choice((1, 5, 11, 12, 13, 30))
    heads = (
        "for i{i} in 0..{n} {{ ",
        "while n < {n} limit {n} {{ ",
        "for i{i} in [1, 2, 3] {{ ",
        "for i{i} in {n}..=0 {{ ",
    )
    text = "".join(chance.choice(heads).format(i=i, n=chance.choice((1, 2, 10**6, 2**63 - 1))) for i in range(depth))
    return "fn f() -> Integer { let mut n = 0; " + text + "n += 1; " + "}" * depth + " n }"


def wide(chance: Random) -> str:
    """Many of a kind, side by side."""
    count = chance.choice((10, 100, 400))
    one = chance.choice(
        (
            "fn f{i}() -> Integer {{ {i} }}\n",
            "struct S{i} {{ a: Integer, b: Integer }}\n",
            "const C{i}: Integer = {i};\n",
            "enum E{i} {{ A, B(Integer) }}\n",
            "type T{i} = Integer;\n",
            "fn f() {{}}\n",
            "contract C{i} {{}}\n",
            'clause "{i}" on credit.transfer {{ require member(); }}\n',
            "export f{i};\n",
            "state s{i}: Integer = {i};\n",
            'test "t{i}" {{ given member = true; }}\n',
            "param p{i}: Integer = {i} in 0..9999 changed by P;\n",
        )
    )
    return "".join(one.format(i=i) for i in range(count))


def growing_types(chance: Random) -> str:
    """Types whose size is a power of their text's."""
    count = chance.choice((5, 30, 200))
    pair = chance.choice(("(T{i}, T{i})", "Map<String, (T{i}, T{i})>", "Result<T{i}, T{i}>", "Array<(T{i}, T{i})>"))
    aliases = "".join(f"type T{i + 1} = {pair.format(i=i)};\n" for i in range(count))
    return f"type T0 = Integer;\n{aliases}fn f(a: T{count}) -> Integer {{ let b = (a, a); let c = (b, b); 1 }}"


def growing_values(chance: Random) -> str:
    """Values that double with each line."""
    count = chance.choice((5, 40, 70))
    line = chance.choice(
        (
            "let a{j} = (a{i}, a{i}); ",
            "let a{j} = [a{i}, a{i}]; ",
            "let a{j} = a{i} + a{i}; ",
            "let a{j} = a{i} * a{i}; ",
            "let a{j} = a{i}.concat(a{i}); ",
            'let a{j} = format!("{{}}{{}}", a{i}, a{i}); ',
        )
    )
    start = "[1]" if "concat" in line else "3"
    body = "".join(line.format(i=i, j=i + 1) for i in range(count))
    return f"fn f() -> Bool {{ let a0 = {start}; {body} a{count} == a{count} }}"


def huge_literals(chance: Random) -> str:
    """Numbers, texts and dates beyond all measure."""
    digits = chance.choice((18, 19, 20, 400, 4_000, 20_000))
    literal = chance.choice(
        (
            "9" * digits,
            "0." + "1" * digits,
            "1e" + "9" * min(digits, 400),
            "0x" + "f" * digits,
            "9" * digits + "%",
            '"' + "x" * digits + '"',
            "1_" * digits + "1",
            "9999-12-31",
            "0000-00-00",
            "2026-02-30",
            "9" * digits + " days",
            "did:key:" + "z" * digits,
            "9" * digits + " CREDIT",
            "1/" + "3" * digits,
            '"\\u{ffffff}"',
            '"\\u{d800}"',
        )
    )
    return f"fn f() {{ let a = {literal}; let b = a; }}"


def matches(chance: Random) -> str:
    """Patterns of which every combination would have to be looked at."""
    columns, rows = chance.choice((2, 8, 14)), chance.choice((2, 20, 60))
    held = chance.choice(("Bool", "Option<Bool>", "Integer"))
    parts = {"Bool": ("true", "false", "_"), "Option<Bool>": ("None", "Some(true)", "_"), "Integer": ("1", "2..5", "_")}
    arms = "".join(
        "(" + ", ".join(chance.choice(parts[held]) for _ in range(columns)) + f") => {i}, " for i in range(rows)
    )
    rest = "_ => 0" if chance.random() < 0.6 else ""
    return f"fn f(a: ({', '.join([held] * columns)})) -> Integer {{ match a {{ {arms}{rest} }} }}"


def recursion(chance: Random) -> str:
    """Functions that call each other in a circle, or in a row without end."""
    count = chance.choice((1, 2, 10, 100, 200))
    last = chance.choice((0, count))
    calls = "".join(f"fn f{i}(a: Integer) -> Integer {{ f{i + 1}(a + 1) }}\n" for i in range(count))
    return calls + (
        f"fn f{count}(a: Integer) -> Integer {{ {'a' if last else 'f0(a)'} }}\nfn f() -> Integer {{ f0(1) }}"
    )


def doubling_calls(chance: Random) -> str:
    """Each function calls the one before twice: cheap to write, dear to run."""
    count = chance.choice((5, 20, 60))
    calls = "".join(f"fn f{i + 1}(a: Integer) -> Integer {{ f{i}(a) + f{i}(a) }}\n" for i in range(count))
    return f"fn f0(a: Integer) -> Integer {{ a }}\n{calls}fn f() -> Integer {{ f{count}(1) }}"


def circles(chance: Random) -> str:
    """Aliases, constants, structs, roles, contracts and triggers that come back to themselves."""
    count = chance.choice((1, 2, 30))
    one = chance.choice(
        (
            "type T{i} = T{j};\n",
            "const C{i}: Integer = C{j};\n",
            "struct S{i} {{ a: S{j} }}\n",
            "enum E{i} {{ A(E{j}) }}\n",
            "role R{i} extends R{j} {{ }}\n",
            "contract A{i} extends A{j} {{}}\n",
            'import {{ a{j} }} from "x{j}";\n',
            "trigger t{i} on e{j} {{ emit e{i} {{ a: 1 }}; }}\n",
            "type T{i} = Array<T{j}>;\n",
            "param p{i}: Integer = p{j} in 0..9;\n",
            'exception to "{j}" as "{i}" when member() before "{j}" {{ }}\n',
        )
    )
    return "".join(one.format(i=i, j=(i + 1) % count) for i in range(count))


def fuel_bombs(chance: Random) -> str:
    """Work without end, or nearly."""
    count = chance.choice((10, 1_000, 10**6, 10**12))
    body = chance.choice(
        (
            "let mut n = 0; for i in 0..{c} {{ n = n + 1; }} n",
            "(0..{c}).map(|x| x * x).sum()",
            "let mut xs = [1]; for i in 0..{c} {{ xs = xs.concat(xs); }} xs.length()",
            "[1; {c}].length()",
            'let mut s = "a"; for i in 0..{c} {{ s = format!("{{}}{{}}", s, s); }} s.length()',
            "pow(2, {c})",
            "let mut n = 1; while true limit {c} {{ n = n * 2; }} n",
            "(0..{c}).filter(|x| x % 2 == 0).length()",
            "let mut m = {{}}; for i in 0..{c} {{ m.set(i, i); }} m.length()",
            '"ab".repeat({c}).length()',
            "(0..{c}).fold(0, |s, x| s + (0..{c}).fold(0, |t, y| t + y))",
        )
    )
    return f"fn f() -> Integer {{ {body.format(c=count)} }}"


def overflow(chance: Random) -> str:
    """Arithmetic at every edge."""
    a, b = chance.choice(_EDGES), chance.choice(_EDGES)
    op = chance.choice(
        (
            "{a} + {b}",
            "{a} - {b}",
            "{a} * {b}",
            "floor({a} / {b})",
            "{a} % {b}",
            "-({a})",
            "abs({a})",
            "pow({a}, {b})",
            "clamp({a}, {b}, {a})",
            "round({a} / {b}, half_even)",
            "({a}).max({b})",
            "{a} as Integer + {b}",
            "split(3 CREDIT, [{a}, {b}])[0] == 1 CREDIT",
            "[1, 2, 3][{a}]",
            "({a}..{b}).length()",
            "[1,2].take({a}).length()",
            "(2026-01-01 + {a}.days).year",
            "round(1 CREDIT * ({a} / {b}), down) == 1 CREDIT",
            "(1/3) * ({a}/7) == 1/{b}",
            '"abc".slice({a}, {b}).length()',
        )
    )
    kind = "Bool" if " == " in op else "Integer"
    return f"unit CREDIT {{ decimals: 2; }}\nfn f() -> {kind} {{ {op.format(a=a, b=b)} }}"


def shadowing(chance: Random) -> str:
    """One name for everything, over and over."""
    count = chance.choice((3, 50, 190))
    name = chance.choice(("a", "f", "command", "self", "Integer", "Some", "none", "round", "member", "caller"))
    way = chance.choice(
        (
            f"if a > 0 {{ let {name} = a; ",
            f"{{ let mut {name} = a; {name} = {name} + 1; ",
            f"match a {{ {name} => {{ ",
            f"for {name} in 0..2 {{ ",
        )
    )
    close = "} } " if "match" in way else "} "
    return f"fn f(a: Integer) -> Integer {{ {way * count}{close * count} a }}"


def tricks(chance: Random) -> str:
    """Characters that are not what they seem, anywhere."""
    text = list(_SAMPLE)
    for _ in range(chance.randint(1, 12)):
        text.insert(chance.randrange(len(text)), chance.choice(_TRICKS))
    return "".join(text)


def cut_off(chance: Random) -> str:
    """A contract that ends anywhere, after something that is opened."""
    return _SAMPLE[: chance.randrange(len(_SAMPLE))] + chance.choice(_CLOSERS) * chance.choice((1, 1, 3, 400))


def many_errors(chance: Random) -> str:
    """One mistake, again and again."""
    one = chance.choice(
        (
            "let a = nothing; ",
            "x y ",
            "a.b.c(; ",
            ") ",
            "@ ",
            "1 2 ",
            "fn ",
            "match { ",
            "let = ; ",
            "§ ",
            '"\n',
            "'",
            "}",
            "command.amount; ",
            "f(1, 2); ",
            "emit ; ",
            "require ; ",
            "as as ",
            "=> ",
            "&mut x; ",
            "::<> ",
            "return; ",
        )
    )
    return "fn f() { " + one * chance.choice((50, 300, 1_500)) + " }"


def python_names(chance: Random) -> str:
    """Python's words and the compiler's own names, as the names of everything."""
    names = [
        *keyword.kwlist,
        "m",
        "world",
        "_Exception",
        "UNREAD",
        "fuel",
        "print",
        "eval",
        "__import__",
        "__class__",
        "__builtins__",
        "self",
        "cls",
        "Fraction",
        "tuple",
        "len",
        "_",
        "__",
        "globals",
        "row",
        "error",
        "out",
    ]
    a, b, c, d = (chance.choice(names) for _ in range(4))
    return (
        f"struct {a} {{ {b}: Integer, {c}: Integer }}\nenum E {{ {d}, X({a}) }}\n"
        f"fn {b}({c}: Integer) -> Integer {{ let {d} = {c} + 1; {d} }}\n"
        f"fn f({a}: Integer) -> Integer {{ let mut {d} = {a}; for {c} in 0..2 {{ {d} = {d} + {c}; }} {b}({d}) }}"
    )


def noise(chance: Random) -> str:
    """Words and marks in any order."""
    words = [
        *"(){}[]<>;,.:|&!=+-*/%@#?\"'",
        "fn",
        "let",
        "if",
        "else",
        "match",
        "for",
        "in",
        "while",
        "contract",
        "clause",
        "on",
        "when",
        "require",
        "a",
        "1",
        "50%",
        "did:key:z",
        "2026-01-01",
        "Array",
        "=>",
        "->",
        "::",
        "..",
        "\n",
    ]
    return " ".join(chance.choice(words) for _ in range(chance.choice((20, 300, 2_000))))


def slips(chance: Random) -> str:
    """A good contract with a few of its characters changed."""
    text = list(_SAMPLE)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(text))
        text[at] = chance.choice(("", text[at] * 2, chance.choice(_SAMPLE), chance.choice("{}()[]\"';:|<>")))
    return "".join(text)


def clause_storms(chance: Random) -> str:
    """Clauses, exceptions and guards in numbers, over each other."""
    count = chance.choice((5, 40))
    guards = ("member()", "!member()", "decided()", "members() > {i}", "members() <= {i} and member()")
    clauses = "".join(
        f'clause "{i}" on {chance.choice(("credit.*", "*", "credit.transfer", "credit.transfer, credit.batch"))} '
        f"{{ require {chance.choice(guards).format(i=i)}; }}\n"
        f'exception to "{chance.randrange(count)}" as "e{i}" when {chance.choice(guards).format(i=i)} {{ }}\n'
        for i in range(count)
    )
    return f'contract A {{ edition: 1; version: "1"; timezone: "UTC";\n{clauses}}}'


def closures(chance: Random) -> str:
    """Closures within closures, over collections."""
    depth = chance.choice((2, 5, 6, 7, 20))
    way = chance.choice(("map", "filter", "any", "all", "sort_by", "find"))
    inside = "".join(f"a.{way}(|x{i}| {{ let y{i} = x{i}; " for i in range(depth))
    return "fn f(a: Array<Integer, max 3>) { let b = " + inside + "1" + " })" * depth + "; }"


def unsettled(chance: Random) -> str:
    """Variables whose types follow each other round a loop."""
    count = chance.choice((1, 3, 6, 12))
    wrap = chance.choice(("Some({})", "[{}]", "({}, {})", "Ok({})", "Some([{}])"))
    lets = "".join(f"let mut v{i} = {chance.choice(('None', '[]', '1'))}; " for i in range(count))
    body = "".join(f"v{i} = {wrap.replace('{}', f'v{(i + 1) % count}')}; " for i in range(count))
    levels = chance.choice((1, 3, 12))
    return f"fn f() {{ {lets}{'for i in 0..2 { ' * levels}{body}{'}' * levels} }}"


def markdown(chance: Random) -> str:
    """Documents whose fences do not end where they seem to."""
    fence = chance.choice(("```", "~~~", "````", "   ```", "\t```", "```\u200b"))
    return f"# Title\n{fence}ccl\n{_SAMPLE}{chance.choice((fence, '``', '', '~~~', fence + 'x'))}\n" * chance.choice(
        (1, 2, 8)
    )


KINDS: tuple[Kind, ...] = (
    nesting,
    mixed_nesting,
    loops,
    wide,
    growing_types,
    growing_values,
    huge_literals,
    matches,
    recursion,
    doubling_calls,
    circles,
    fuel_bombs,
    overflow,
    shadowing,
    tricks,
    cut_off,
    many_errors,
    python_names,
    noise,
    slips,
    clause_storms,
    closures,
    unsettled,
    markdown,
)
SEEDS = 64


def of(kind: Kind) -> list[str]:
    """The programs of a kind, each once: of all kinds together more than a thousand."""
    return list(dict.fromkeys(kind(Random(f"{kind.__name__} {seed}")) for seed in range(SEEDS)))
