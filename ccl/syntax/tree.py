"""The syntax tree: what was written, each node with its span. Nothing is resolved, nothing is typed.

One tree serves the whole surface, the language proper and the dialect of the Rust ICN alike: what the dialect allows
and the language does not is kept as written (`Let` that shadows, references, casts), so that a checker can say what it
is and how to mend it. `Wrong` stands where the parser had to give up on a part.
"""

from __future__ import annotations

from fractions import Fraction

from ccl.frozen import frozen
from ccl.source import Span


@frozen
class Node:
    """Base of all: where it stands."""

    span: Span


@frozen
class Name(Node):
    """An identifier as written."""

    text: str


@frozen
class Path(Node):
    """`a`, `icn::a::b`, or `credit.transfer` where a command is named. `separator`: "::" or "."."""

    parts: tuple[Name, ...]
    separator: str = "::"

    @property
    def text(self) -> str:
        """As written."""
        return self.separator.join(p.text for p in self.parts)


# -- types -------------------------------------------------------------------------------------------------------------


@frozen
class TypeName(Node):
    """`Integer`, `Money<CREDIT>`, `Array<T, max 500>`, `icn::Did`. most: of `max N`."""

    path: Path
    args: tuple[TypeExpr, ...] = ()
    most: Expr | None = None


@frozen
class TypeList(Node):
    """`[T]` or `[T; max N]`."""

    item: TypeExpr
    most: Expr | None = None


@frozen
class TypeTuple(Node):
    """`(A, B)`; `()` is the type of nothing."""

    items: tuple[TypeExpr, ...]


@frozen
class TypeReference(Node):
    """`&T`, `&mut T`: parsed to be told that there are none."""

    target: TypeExpr
    mutable: bool


TypeExpr = TypeName | TypeList | TypeTuple | TypeReference


# -- patterns ----------------------------------------------------------------------------------------------------------


@frozen
class AnyPattern(Node):
    """`_`."""


@frozen
class BindPattern(Node):
    """`x` or `mut x`: binds, unless the name is that of a variant without payload."""

    name: Name
    mutable: bool = False


@frozen
class LiteralPattern(Node):
    """A literal, or a range of literals."""

    value: Expr


@frozen
class TuplePattern(Node):
    """`(a, b)`."""

    items: tuple[Pattern, ...]


@frozen
class VariantPattern(Node):
    """`Some(x)`, `Status::Open`, `Event::Paid { amount, .. }`. fields: named ones; rest: `..` stands at the end."""

    path: Path
    items: tuple[Pattern, ...] = ()
    fields: tuple[tuple[Name, Pattern], ...] = ()
    rest: bool = False


@frozen
class AltPattern(Node):
    """`a | b`."""

    options: tuple[Pattern, ...]


Pattern = AnyPattern | BindPattern | LiteralPattern | TuplePattern | VariantPattern | AltPattern


# -- expressions -------------------------------------------------------------------------------------------------------


@frozen
class IntLit(Node):
    """`42`, `1_000`, `0xff`. suffix: a Rust one such as `u64`, kept to be told of."""

    value: int
    suffix: str = ""


@frozen
class DecimalLit(Node):
    """`0.75`, exactly."""

    value: Fraction


@frozen
class PercentLit(Node):
    """`50%`, `12.5%`: value is the part of one (1/2)."""

    value: Fraction


@frozen
class MoneyLit(Node):
    """`500 CREDIT`, `12.50 EUR`: an amount in whole units, and the unit."""

    value: Fraction
    unit: Name


@frozen
class SpanOfTimeLit(Node):
    """`7 days`, `7.days`, `14 clear days`, `10 working days`, `2 years`, `7d`. qualifier: "", "clear" or "working".

    unit: one of "milliseconds seconds minutes hours days weeks months years".
    """

    count: Expr
    unit: str
    qualifier: str = ""


@frozen
class StringLit(Node):
    """`"text"`: value with escapes resolved."""

    value: str


@frozen
class BoolLit(Node):
    """`true`, `false`."""

    value: bool


@frozen
class DidLit(Node):
    """`did:key:z6Mk...`, bare."""

    value: str


@frozen
class TimeLit(Node):
    """`2025-01-31` (a date) or `2025-01-31T10:00:00Z` (a moment), as written."""

    text: str


@frozen
class PathExpr(Node):
    """A name or path used as a value; args: `token<USD>` in an expression."""

    path: Path
    args: tuple[TypeExpr, ...] = ()


@frozen
class StateExpr(Node):
    """`@balance`: a state by name."""

    name: Name


@frozen
class FieldExpr(Node):
    """`a.b`; `a.0` of a tuple has the name "0"."""

    target: Expr
    name: Name


@frozen
class IndexExpr(Node):
    """`a[i]`."""

    target: Expr
    index: Expr


@frozen
class Arg(Node):
    """An argument; name: of `to: x`."""

    value: Expr
    name: Name | None = None


@frozen
class CallExpr(Node):
    """`f(a, to: b)`, `x.m(a)` (a call of a field), `token<USD>(5)`. macro: `format!(..)`. turbofish: `f::<T>(..)`."""

    target: Expr
    args: tuple[Arg, ...]
    macro: bool = False
    turbofish: bool = False


@frozen
class UnaryExpr(Node):
    """operator: "-", "!", "not" (written `!`), "&", "&mut", "*" (the last three to be told of)."""

    operator: str
    operand: Expr


@frozen
class BinaryExpr(Node):
    """operator: + - * / % == != < <= > >= && || (`and`, `or` too) before by after in ??. at: the operator's span."""

    operator: str
    left: Expr
    right: Expr
    at: Span


@frozen
class RangeExpr(Node):
    """`a..b`, `a..=b`; either end may be missing."""

    low: Expr | None
    high: Expr | None
    inclusive: bool


@frozen
class TupleExpr(Node):
    """`(a, b)`; `()` is nothing."""

    items: tuple[Expr, ...]


@frozen
class ListExpr(Node):
    """`[a, b]`."""

    items: tuple[Expr, ...]


@frozen
class RepeatExpr(Node):
    """`[value; count]`."""

    value: Expr
    count: Expr


@frozen
class MapExpr(Node):
    """`{ "a": 1, "b": 2 }`, `{}` where a value is expected, `map { .. }`."""

    pairs: tuple[tuple[Expr, Expr], ...]


@frozen
class StructExpr(Node):
    """`Point { x: 1, y }`; rest: of `..old`; args: of `token<USD> { .. }`."""

    path: Path
    fields: tuple[tuple[Name, Expr], ...]
    rest: Expr | None = None
    args: tuple[TypeExpr, ...] = ()


@frozen
class NamedExpr(Node):
    """`elected_by: Member` as an item of a list, as the dialect's `requires:` has."""

    name: Name
    value: Expr


@frozen
class IfExpr(Node):
    """`if c { } else { }`, as statement or expression. condition may be a LetCondition."""

    condition: Expr
    then: Block
    orelse: Block | IfExpr | None


@frozen
class LetCondition(Node):
    """`let Some(x) = e` as the condition of `if` or `while`."""

    pattern: Pattern
    value: Expr


@frozen
class MatchArm(Node):
    """`pattern if guard => body`."""

    pattern: Pattern
    guard: Expr | None
    body: Expr


@frozen
class MatchExpr(Node):
    """`match e { arms }`."""

    subject: Expr
    arms: tuple[MatchArm, ...]


@frozen
class BlockExpr(Node):
    """A block used as an expression."""

    block: Block


@frozen
class ClosureExpr(Node):
    """`|a, b| e`, `|x: T| -> U { .. }`, `x => e`."""

    params: tuple[tuple[Pattern, TypeExpr | None], ...]
    body: Expr


@frozen
class CastExpr(Node):
    """`e as T`."""

    value: Expr
    type: TypeExpr


@frozen
class TryExpr(Node):
    """`try e catch name { .. }` / `try { } catch name { }` / `try e` / `e?` (postfix: handler None)."""

    value: Expr
    name: Name | None
    handler: Expr | None
    postfix: bool = False


@frozen
class ReturnExpr(Node):
    """`return e`, also where an expression stands."""

    value: Expr | None


@frozen
class BreakExpr(Node):
    """`break`."""


@frozen
class ContinueExpr(Node):
    """`continue`."""


@frozen
class VerdictExpr(Node):
    """`permit` / `allow`, `deny` / `refuse`, `trap`, as statement or tail. reason: `deny "why"`, `deny because key`."""

    verdict: str
    reason: Expr | None = None


@frozen
class InEachExpr(Node):
    """`majority in each of [Workers, Users]`, a threshold."""

    standard: Expr
    classes: tuple[Path, ...]


@frozen
class BlendExpr(Node):
    """`40% Workers + 60% Users`, a threshold by class: (part, class) each."""

    parts: tuple[tuple[Expr, Path], ...]


@frozen
class Wrong(Node):
    """What could not be parsed; an error has been told."""


Expr = (
    IntLit | DecimalLit | PercentLit | MoneyLit | SpanOfTimeLit | StringLit | BoolLit | DidLit | TimeLit
    | PathExpr | StateExpr | FieldExpr | IndexExpr | CallExpr | UnaryExpr | BinaryExpr | RangeExpr | TupleExpr
    | ListExpr | RepeatExpr | MapExpr | StructExpr | IfExpr | LetCondition | MatchExpr | BlockExpr | ClosureExpr
    | NamedExpr | CastExpr | TryExpr | ReturnExpr | BreakExpr | ContinueExpr | VerdictExpr | InEachExpr
    | BlendExpr | Wrong
)  # fmt: skip


# -- statements --------------------------------------------------------------------------------------------------------


@frozen
class Block(Node):
    """`{ statements; tail }`: tail is the value, if there is one."""

    statements: tuple[Statement, ...]
    tail: Expr | None


@frozen
class Let(Node):
    """`let mut x: T = e;` (value may be missing, to be told of)."""

    pattern: Pattern
    type: TypeExpr | None
    value: Expr | None
    orelse: Block | None = None


@frozen
class Assign(Node):
    """`place op value;` with operator "=", "+=", "-=", "*=", "/=", "%="."""

    target: Expr
    operator: str
    value: Expr


@frozen
class ExprStatement(Node):
    """An expression for its effect. semicolon: whether one stood there."""

    value: Expr
    semicolon: bool


@frozen
class While(Node):
    """`while c limit N { }`; `loop { }` has the condition `true`. limit may be missing."""

    condition: Expr
    limit: Expr | None
    body: Block


@frozen
class For(Node):
    """`for x in e { }`, `for (k, v) in m { }`."""

    pattern: Pattern
    iterable: Expr
    body: Block


@frozen
class Require(Node):
    """`require(c)`, `require(c, "m")`, `require c because key` / `because "m"`: one construct."""

    condition: Expr
    reason: Expr | None


@frozen
class Emit(Node):
    """`emit E { a: x }`, `emit("E", x)`."""

    name: Path
    fields: tuple[tuple[Name, Expr], ...]
    args: tuple[Arg, ...] = ()


@frozen
class ItemStatement(Node):
    """An item inside a block: `fn`, `const`, `struct`."""

    item: Item


Statement = Let | Assign | ExprStatement | While | For | Require | Emit | ItemStatement | Wrong


# -- items -------------------------------------------------------------------------------------------------------------


@frozen
class Attribute(Node):
    """`@name(args)` or `#[name]` before an item."""

    name: Name
    args: tuple[Arg, ...]


@frozen
class Entry(Node):
    """`name: value;` or `name: value,` in a contract, role, proposal or block of entries.

    value: an expression or a block. type: of a typed one (`amount: token<USD>`, `x: T = e`), then value is its default.
    """

    name: Name
    value: Expr | Block | None
    type: TypeExpr | None = None


@frozen
class Param(Node):
    """A function's parameter."""

    pattern: Pattern
    type: TypeExpr | None
    default: Expr | None = None


@frozen
class FnDecl(Node):
    """`fn name(params) -> T { }`; word: "fn", "function", "policy fn" or "action". body None: a declaration only."""

    name: Name
    generics: tuple[Name, ...]
    params: tuple[Param, ...]
    result: TypeExpr | None
    body: Block | None
    word: str = "fn"
    exported: bool = False


@frozen
class FieldDecl(Node):
    """A struct's or a variant's field."""

    name: Name
    type: TypeExpr
    default: Expr | None = None


@frozen
class StructDecl(Node):
    """`struct S { a: T, }`."""

    name: Name
    generics: tuple[Name, ...]
    fields: tuple[FieldDecl, ...]
    exported: bool = False


@frozen
class VariantDecl(Node):
    """`A`, `A(T)`, `A { x: T }`, `A = 1`."""

    name: Name
    items: tuple[TypeExpr, ...] = ()
    fields: tuple[FieldDecl, ...] = ()
    value: Expr | None = None


@frozen
class EnumDecl(Node):
    """`enum E { variants }`."""

    name: Name
    generics: tuple[Name, ...]
    variants: tuple[VariantDecl, ...]
    exported: bool = False


@frozen
class TypeAlias(Node):
    """`type A = T;`."""

    name: Name
    type: TypeExpr


@frozen
class ConstDecl(Node):
    """`const C: T = e;`; a file-level `let` has word "let"."""

    name: Name
    type: TypeExpr | None
    value: Expr | None
    word: str = "const"
    mutable: bool = False
    exported: bool = False


@frozen
class StateDecl(Node):
    """`state x: T = e;`, each entry of `state { .. }` alike. public: of a modifier."""

    name: Name
    type: TypeExpr | None
    value: Expr | None
    public: bool = False


@frozen
class ParamDecl(Node):
    """`param limit: Money<CREDIT> = 500 in 0..2000 changed by PolicyDecision;`."""

    name: Name
    type: TypeExpr
    value: Expr | None
    within: Expr | None
    changed_by: Path | None


@frozen
class UnitDecl(Node):
    """`unit CREDIT { decimals: 2; }`."""

    name: Name
    entries: tuple[Entry, ...]


@frozen
class Import(Node):
    """`import "x" as y;`, `import a::b::{c, d};`, `use a::b;`. source: the text between quotes, or the path."""

    source: str
    alias: Name | None
    names: tuple[Name, ...] = ()


@frozen
class RoleDecl(Node):
    """`role Steward extends Member { can: [..]; requires: [..]; seats: 3; term: 2 years; }`."""

    name: Name
    extends: Path | None
    entries: tuple[Entry, ...]
    items: tuple[Item, ...] = ()


@frozen
class ProposalDecl(Node):
    """`proposal Amend { quorum: 50%; threshold: ..; execution: { .. } }`; params: of `proposal P(x: T) {`.

    Long forms among the entries (`quorum of electorate at least 50%`, `approval of cast more than 1/2`,
    `threshold: majority in each of [A, B]`, `veto: Founders`) are `StandardDecl` items.
    """

    name: Name
    params: tuple[Param, ...]
    entries: tuple[Entry, ...]
    items: tuple[Item, ...] = ()


@frozen
class StandardDecl(Node):
    """`quorum of BASE at least 1/2;`, `approval of BASE more than 1/2;`. word: "at least" or "more than"."""

    what: str
    base: Path
    word: str
    part: Expr


@frozen
class Target(Node):
    """A command or read that a clause governs: `credit.transfer`, `read.credit.*`, `*`. pattern as written."""

    pattern: str


@frozen
class ClauseDecl(Node):
    """What judges commands.

    `clause "4.2" on credit.transfer, credit.batch in CREDIT when g "The text." { body }`
    `policy name on .. { }`, `rule name on .. { }` (word says which); `rule n when c then v`;
    `exception to "4.1" when g before "4.9" { body }` (then `replaces` is "4.1").
    number: the id that people cite, name: an identifier; at least one is there.
    strength: "", "final", "default" or "floor".
    text: what the clause says in words. within: the unit of `in CREDIT`.
    """

    word: str
    number: StringLit | None
    name: Name | None
    targets: tuple[Target, ...]
    within: Name | None
    guard: Expr | None
    text: StringLit | None
    body: Block
    replaces: StringLit | None = None
    before: tuple[StringLit, ...] = ()
    strength: str = ""
    approvals: tuple[ApprovalDecl, ...] = ()


@frozen
class ApprovalDecl(Node):
    """`approval by signers payer above "approval.above_minor" of amount_minor need 2 within 14 days;`

    by: "signers" or "role"; whose: the field or the role. above, of: both or neither. need: a setting or a number.
    """

    by: str
    whose: Name
    above: Expr | None
    of: Name | None
    need: Expr | None
    within: Expr | None


@frozen
class TriggerDecl(Node):
    """`trigger name on credit.transfer when g { body }`: an action after a command; or `trigger name every 1 month`."""

    name: Name
    targets: tuple[Target, ...]
    every: Expr | None
    guard: Expr | None
    body: Block
    entries: tuple[Entry, ...] = ()


@frozen
class ElectorateDecl(Node):
    """`electorate Workers weight 1;`, `electorate Users { of: role user; weight: 1; }`; `role user` is `role(user)`."""

    name: Name
    weight: Expr | None
    entries: tuple[Entry, ...]


@frozen
class DelegateDecl(Node):
    """`delegate scope "budget" depth 5 expires 1 year;`."""

    scope: StringLit
    depth: Expr | None
    expires: Expr | None


@frozen
class TransitionDecl(Node):
    """`transition { open proposals: keep; terms of office: keep; state old -> new: e; param a -> b; }`.

    rules: (words, choice); moves: (kind "state"/"param"/"role", old, new, value).
    """

    rules: tuple[tuple[str, Name], ...]
    moves: tuple[tuple[str, Name, Name, Expr | None], ...]


@frozen
class AcceptDecl(Node):
    """`accept no_adds_quorum because "..";`: a property known to be false, accepted by name."""

    name: Name
    reason: StringLit | None


@frozen
class PropertyDecl(Node):
    """`property name for members >= 5, n: Integer in 0..9 { e }`: to be proved, or tried by `ccl test`."""

    name: Name
    params: tuple[Param, ...]
    ranges: tuple[Expr, ...]
    body: Block


@frozen
class TestStep(Node):
    """A step of a story: `given a = x, ..;`, `as did:..: credit.transfer(..) expect permit;`, `later 3 days;`,
    `expect e;`. word: "given", "do", "later" (its time is `call`) or "expect"."""

    word: str
    assignments: tuple[tuple[Path, Expr], ...] = ()
    actor: Expr | None = None
    call: Expr | None = None
    expect: Expectation | None = None
    facts: tuple[tuple[Expr, Expr], ...] = ()
    """All that `given` sets, also facts with arguments: `role(Steward)`; `assignments` has those that are paths."""


@frozen
class Expectation(Node):
    """`permit`, `refuse "4.1"`, `trap`, `approval`, or a value. word: which; value: the clause or the value."""

    word: str
    value: Expr | None = None


@frozen
class TestDecl(Node):
    """`test "name" { steps }` or with a table: `test "name" on credit.transfer { given ..; | a | expect | ... }`.

    columns: the table's head (paths), rows: its cells; the last column is `expect`.
    """

    name: StringLit
    targets: tuple[Target, ...]
    steps: tuple[TestStep, ...]
    columns: tuple[Path, ...] = ()
    rows: tuple[tuple[tuple[Expr, ...], Expectation], ...] = ()
    heads: tuple[Expr, ...] = ()
    """The columns as expressions, for those with arguments such as `role(Steward)`."""


@frozen
class BlockItem(Node):
    """A named block that the dialect has: `init { }`, `metadata { }`, `deployment_config { }`, `class T { .. }`,
    `on_x { }`, `scope Local = ..`. word: the first; body or entries, whichever it holds."""

    word: str
    name: Name | None
    entries: tuple[Entry, ...]
    body: Block | None
    items: tuple[Item, ...] = ()


@frozen
class ImplDecl(Node):
    """`impl S { fns }`, `impl T for S { fns }`."""

    target: TypeExpr
    trait: TypeExpr | None
    items: tuple[Item, ...]


@frozen
class ContractDecl(Node):
    """`contract Name extends "space:NAME@HASH" { entries and items }`."""

    name: Name
    extends: Expr | None
    entries: tuple[Entry, ...]
    items: tuple[Item, ...]


@frozen
class Described(Node):
    """An item with its attributes and the doc comment before it (`///`), as text."""

    attributes: tuple[Attribute, ...]
    doc: str
    item: Item


Item = (
    FnDecl | StructDecl | EnumDecl | TypeAlias | ConstDecl | StateDecl | ParamDecl | UnitDecl | Import | RoleDecl
    | ProposalDecl | StandardDecl | ClauseDecl | TriggerDecl | ElectorateDecl | DelegateDecl | TransitionDecl
    | AcceptDecl | PropertyDecl | TestDecl | BlockItem | ImplDecl | ContractDecl | Described | Wrong
)  # fmt: skip


@frozen
class Comment(Node):
    """A comment, with its markers. own_line: nothing but blanks before it on its line."""

    text: str
    own_line: bool


@frozen
class File(Node):
    """A whole source: its items (statements at file level stand in `BlockItem("script", ..)`), its comments."""

    items: tuple[Item, ...]
    comments: tuple[Comment, ...]
