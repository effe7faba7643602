"""The core: what a checked contract is, small enough to interpret, compile, cost, explain and prove from one text.

It is structured static single assignment. Every local is bound once, by a unique name; what a source's `mut`, `while`
and assignment did is in the `phi` lists of `If`, `Switch` and `Loop`. Expressions have no effect but to read (a view, a
field of the command, a parameter, the state, all recorded as facts) and to trap. Loops are bounded, calls do not
recurse.

Values: Integer, Money, Timestamp, Duration, Days, ClearDays, WorkingDays, Months, Date: int (a Date in days since
1970-01-01). Ratio, Exact: `fractions.Fraction`. Bool: bool. String, Did, UnitCode: str. Array: tuple. Map: dict, never
changed in place. Tuple, struct: tuple. Option: None, or a 1-tuple. Result: (True, value) or (False, error). Enum: tuple
of the variant's index and its payload. Nothing: None. Record: the host's object, read by attribute.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ccl.frozen import frozen
from ccl.source import NOWHERE, Span
from ccl.syntax import tree
from ccl.types import EnumShape, StructShape, Type


@frozen
class Expr:
    """Base of expressions: the type of its value, and where it was written."""

    type: Type
    span: Span


@frozen
class Const(Expr):
    """A value known when checking."""

    value: Any


@frozen
class Local(Expr):
    """A local or a parameter of the function, by its unique name."""

    name: str


@frozen
class Op(Expr):
    """An operation of `ccl.ops.OPS`, strict in all its arguments: "integer.add", "money.scale", "string.concat"."""

    op: str
    args: tuple[Expr, ...]


@frozen
class And(Expr):
    """Both; the right one is not evaluated if the left is false."""

    left: Expr
    right: Expr


@frozen
class Or(Expr):
    """Either; the right one is not evaluated if the left is true."""

    left: Expr
    right: Expr


@frozen
class Not(Expr):
    """The opposite."""

    operand: Expr


@frozen
class Cond(Expr):
    """One of two, the other not evaluated."""

    test: Expr
    then: Expr
    orelse: Expr


@frozen
class Call(Expr):
    """A function of the program, by its unique name, all arguments given, in order."""

    function: str
    args: tuple[Expr, ...]


@frozen
class View(Expr):
    """A reading of the host; site: its number in the function's `sites`. "caller" and "now" are views too (of the
    `World` itself). fuel: what the host declares that one reading costs."""

    name: str
    args: tuple[Expr, ...]
    site: int
    fuel: int = 5


@frozen
class CommandField(Expr):
    """A field of the command judged. attribute: of the host's object. wrap: an optional one, None or (value,)."""

    name: str
    attribute: str
    wrap: bool
    site: int


@frozen
class ParamValue(Expr):
    """A parameter of the contract."""

    name: str
    site: int


@frozen
class StateValue(Expr):
    """A state of the contract, as this evaluation has written it so far."""

    name: str
    site: int


@frozen
class Item(Expr):
    """A tuple's or a struct's part, by position."""

    target: Expr
    index: int


@frozen
class RecordField(Expr):
    """A field of a host's record. wrap as in CommandField."""

    target: Expr
    name: str
    attribute: str
    wrap: bool
    site: int


@frozen
class MakeTuple(Expr):
    """A tuple or struct from its parts, in order."""

    items: tuple[Expr, ...]


@frozen
class MakeArray(Expr):
    """An array from its items."""

    items: tuple[Expr, ...]


@frozen
class MakeMap(Expr):
    """A map from its pairs; a key given twice keeps its first place and its last value."""

    pairs: tuple[tuple[Expr, Expr], ...]


@frozen
class MakeVariant(Expr):
    """A value of an enum, an Option (0 None, 1 Some) or a Result (0 Err, 1 Ok), by the type's variants."""

    index: int
    items: tuple[Expr, ...]


@frozen
class IsVariant(Expr):
    """Whether a value is of that variant."""

    target: Expr
    index: int


@frozen
class Payload(Expr):
    """A part of a variant's payload; the value is of that variant (the lowering sees to it)."""

    target: Expr
    index: int
    position: int


@frozen
class Comprehension(Expr):
    """A bounded walk over an Array, a Map (items are (key, value) tuples) or a Range, in its order.

    kind: any, all, count, map, filter, find (Option of the item), sum (of body; Integer, Money, Ratio), min_by, max_by
    (Option of the item whose body is least or greatest, the first of equals), fold (accumulator is the second local,
    `initial` its start). any, all and find stop early; fuel is charged for the whole walk before it starts.
    most: the greatest number of steps, None if unknown.
    """

    kind: str
    over: Expr
    item: str
    body: Expr
    most: int | None
    initial: Expr | None = None
    accumulator: str = ""


# -- statements --------------------------------------------------------------------------------------------------------


@frozen
class Statement:
    """Base of statements."""

    span: Span


@frozen
class Block:
    """Statements in order. Control that reaches its end goes on after it, with the phi values of its branch."""

    statements: tuple[Statement, ...]


@frozen
class Let(Statement):
    """Bind a local, once."""

    name: str
    value: Expr


@frozen
class Phi:
    """After the branches meet, `name` is `values[i]` of the branch i taken (evaluated at that branch's end).

    A branch that never reaches its end (it returns, breaks, traps) has None.
    """

    name: str
    type: Type
    values: tuple[Expr | None, ...]


@frozen
class If(Statement):
    """Two branches: values of a phi are (then, orelse)."""

    test: Expr
    then: Block
    orelse: Block
    phis: tuple[Phi, ...] = ()


@frozen
class Case:
    """A branch of a Switch: the variant's index and the locals its payload is bound to ('' where unused)."""

    index: int
    binds: tuple[str, ...]
    body: Block


@frozen
class Switch(Statement):
    """By the variant of an enum, Option or Result. Values of a phi are those of the cases in order, then the default's.

    default is None where the cases are all there are.
    """

    subject: Expr
    cases: tuple[Case, ...]
    default: Block | None
    phis: tuple[Phi, ...] = ()


@frozen
class Carried:
    """A local that a loop carries: `name` inside the body, from `initial` on; `result` is its value afterwards."""

    name: str
    result: str
    type: Type
    initial: Expr


@frozen
class Loop(Statement):
    """Run the body for each item of an Array, Map or Range in its order. `next`: the carried values at the body's end
    (None if it never reaches it). most: the greatest number of rounds, None if unknown. `while c limit N` is a loop
    over 0..N+1 whose body begins by leaving when c is false, and traps `no_limit` in the round N."""

    item: str
    over: Expr
    most: int | None
    carried: tuple[Carried, ...]
    body: Block
    next: tuple[Expr, ...] | None


@frozen
class Break(Statement):
    """Leave the innermost loop with these carried values."""

    values: tuple[Expr, ...]


@frozen
class Continue(Statement):
    """Go on with the next round with these carried values."""

    values: tuple[Expr, ...]


@frozen
class Return(Statement):
    """Leave the function with a value. Of a clause: permit."""

    value: Expr


@frozen
class Require(Statement):
    """Refuse unless it holds. number: its place in the function's `requirements`."""

    condition: Expr
    number: int


@frozen
class Refuse(Statement):
    """Refuse (`deny`). number: as of Require."""

    number: int


@frozen
class Trap(Statement):
    """Trap, with a code (`ccl.ops.TRAPS`) and words."""

    code: str
    text: str = ""


@frozen
class Evaluate(Statement):
    """Evaluate for its traps and requirements: a call whose value is not used."""

    value: Expr


@frozen
class Write(Statement):
    """Set a state. In actions only."""

    state: str
    value: Expr


@frozen
class Command(Statement):
    """Ask the host to carry out a command, after the action has ended well. fields: attribute names and values."""

    name: str
    fields: tuple[tuple[str, Expr], ...]


@frozen
class Notice(Statement):
    """`emit`: leave a notice with facts."""

    name: str
    fields: tuple[tuple[str, Expr], ...]


# -- declarations ------------------------------------------------------------------------------------------------------


@frozen
class Site:
    """A place that reads: kind is "view", "command", "param", "state" or "record"; name what it reads, as written."""

    kind: str
    name: str
    type: Type
    span: Span


@frozen
class Requirement:
    """A `require` or `deny`: its condition as written, and why (a key of the text catalogue or a text)."""

    condition: str
    reason: str
    keyed: bool
    span: Span


@frozen
class Function:
    """A function, a guard, a clause's body, or an action.

    effects: of {"view", "command_field", "param", "state", "write", "command", "notice", "refuse"}, its callees' too.
    A clause's body returns nothing (permit). sites and requirements are its own, not its callees'.
    """

    name: str
    params: tuple[tuple[str, Type], ...]
    result: Type
    body: Block
    effects: frozenset[str] = frozenset()
    sites: tuple[Site, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    span: Span = NOWHERE


@frozen
class Approval:
    """Further people must approve: `by` is "signers" (of the party in the field `whose`) or "role" (named `whose`).

    above: the setting over which the field `of` asks for it ('' both: always). need: a number or a setting's name.
    """

    by: str
    whose: str
    above: str = ""
    of: str = ""
    need: int | str = 2
    days: int = 14


@frozen
class Clause:
    """A rule that judges commands. number: as cited ("4.2"); a policy without one is cited by its name.

    targets: command names, prefixes "credit.*", or "*". unit: governs only commands in that unit ('' any).
    guard, body: functions without parameters, by name in `Program.functions` (guard '' if none).
    replaces: the number of the clause that this is an exception to; before: numbers of exceptions it precedes.
    base: the contract it comes from. strength: "", "final", "default" or "floor".
    """

    number: str
    name: str
    text: str
    targets: tuple[str, ...]
    unit: str
    guard: str
    body: str
    replaces: str = ""
    before: tuple[str, ...] = ()
    strength: str = ""
    approvals: tuple[Approval, ...] = ()
    base: str = ""
    span: Span = NOWHERE


@frozen
class Parameter:
    """A `param`: what it is now unless set, and between what it may be set (inclusive), by which type of decision."""

    name: str
    type: Type
    default: Any
    low: Any = None
    high: Any = None
    changed_by: str = ""
    span: Span = NOWHERE


@frozen
class State:
    """A `state`: its type and its first value."""

    name: str
    type: Type
    initial: Any
    span: Span = NOWHERE


@frozen
class Role:
    """A role: which commands only its holders may give, and how one comes to hold it.

    can: command names or prefixes. requires: functions (of no parameters, to Bool) that a holder must meet.
    term_months, term_days: 0 for none. facts: further entries as written, name to text.
    """

    name: str
    can: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    extends: str = ""
    seats: int = 0
    term_months: int = 0
    max_terms: int = 0
    chosen_by: str = ""
    until: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    span: Span = NOWHERE
    term_days: int = 0


@frozen
class Threshold:
    """When a vote passes. kind: "part" (yes at least / more than `part` of `base`), "unanimous", "each" (of `classes`,
    by `inner`), "blend" (weights of classes). base: "cast" (yes + no), "ballots" (with abstentions), "electorate"."""

    kind: str
    part: tuple[int, int] = (1, 2)
    strict: bool = True
    base: str = "cast"
    classes: tuple[str, ...] = ()
    weights: tuple[tuple[int, int], ...] = ()
    inner: Threshold | None = None


@frozen
class Proposal:
    """How a type of proposal is decided: quorum is a part of `quorum_base`; duration in ms; `execution` an action.

    eligible: a role, an electorate, or "Member". fields: name, type, default; `required`: those without one.
    The execution takes the fields in order. quorum_strict: "more than" the quorum, not "at least". quorum_classes: the
    classes that each must reach it. veto: the role or electorate whose majority of "no" stops it ('' for none).
    phases_ms: further phases by name (discussion, deliberation, implementation). ballot: "open" or "closed" ('' for the
    host's own). early: voting ends when all have voted. sponsors: how many besides the author must stand behind it.
    """

    name: str
    description: str = ""
    eligible: str = "Member"
    quorum: tuple[int, int] = (0, 1)
    quorum_base: str = "electorate"
    threshold: Threshold = field(default_factory=lambda: Threshold("part"))
    duration_ms: int = 0
    fields: tuple[tuple[str, Type, Any], ...] = ()
    execution: str = ""
    veto: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    span: Span = NOWHERE
    required: frozenset[str] = frozenset()
    quorum_strict: bool = False
    quorum_classes: tuple[str, ...] = ()
    phases_ms: tuple[tuple[str, int], ...] = ()
    ballot: str = ""
    delegation: bool = True
    early: bool = False
    sponsors: int = 0


@frozen
class Electorate:
    """A class of voters. of: "members", or the role whose holders it is. weight: of each one's ballot, above 0."""

    name: str
    of: str
    weight: int = 1
    span: Span = NOWHERE


@frozen
class Delegation:
    """Votes in this scope may be delegated, through at most `depth` hands, for at most so long (0 both: for ever)."""

    scope: str
    depth: int = 1
    expires_months: int = 0
    expires_ms: int = 0
    span: Span = NOWHERE


@frozen
class Migration:
    """What becomes of a renamed or retyped part: kind is "state", "param" or "role". function: of the old value to the
    new one ('' where it is kept as it is)."""

    kind: str
    old: str
    new: str
    function: str = ""
    span: Span = NOWHERE


@frozen
class Trigger:
    """An action after a command (`targets`) or every so often; its guard and action are names in `functions`.

    most_commands: how many commands one run can give. most_money: by unit, the most minor units that they can move.
    Both are what the checker computed, or the less that the author states, which the host has then to enforce.
    """

    name: str
    targets: tuple[str, ...]
    every_months: int
    every_ms: int
    guard: str
    action: str
    span: Span = NOWHERE
    most_commands: int = 0
    most_money: tuple[tuple[str, int], ...] = ()


@frozen
class Bound:
    """Between what a property's parameter, or the number of `members`, is taken to lie (inclusive; None: no bound)."""

    name: str
    low: Any = None
    high: Any = None


@dataclass(frozen=True)
class Program:
    """A checked contract (or a file of functions). Clauses stand in the order in which they judge, bases first."""

    name: str
    functions: Mapping[str, Function]
    structs: Mapping[str, StructShape] = field(default_factory=dict)
    enums: Mapping[str, EnumShape] = field(default_factory=dict)
    clauses: tuple[Clause, ...] = ()
    params: tuple[Parameter, ...] = ()
    states: tuple[State, ...] = ()
    roles: tuple[Role, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    actions: tuple[str, ...] = ()
    """Public functions that have effects, by name in `functions`."""
    exports: Mapping[str, str] = field(default_factory=dict)
    """Functions as an author names them, to names in `functions`."""
    units: Mapping[str, int] = field(default_factory=dict)
    """Units the contract speaks of, and their decimals."""
    edition: int = 1
    version: str = ""
    scope: str = ""
    timezone: str = "UTC"
    holidays: tuple[int, ...] = ()
    extends: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    accepts: tuple[tuple[str, str], ...] = ()
    properties: tuple[tuple[tree.PropertyDecl, str], ...] = ()
    """Each property and the function (of its parameters, to Bool) that states it."""
    tests: tuple[tree.TestDecl, ...] = ()
    transition: tree.TransitionDecl | None = None
    electorates: tuple[Electorate, ...] = ()
    delegations: tuple[Delegation, ...] = ()
    transitions: tuple[tuple[str, str], ...] = ()
    """What the `transition` says of each matter: ("open proposals", "keep")."""
    migrations: tuple[Migration, ...] = ()
    bounds: Mapping[str, tuple[Bound, ...]] = field(default_factory=dict)
    """Of each property by its name: what its `for` and `in` say."""
    bases: tuple[str, ...] = ()
    """The bases this program was made from, as pinned ("base:default@HASH"), the furthest first."""
