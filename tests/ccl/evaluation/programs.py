"""Random well-typed core programs and worlds, from a seed: for comparing the two back ends."""

from __future__ import annotations

import random
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ccl import core
from ccl import types as t
from ccl.source import Span

from .signatures import BY_RESULT, LETTERS, MOST
from .worlds import EDGES, GivenWorld

COLOUR = t.Enum("Colour")
PAIR = t.Struct("Pair")
LOAN = t.Record("Loan")
ENUMS = {"Colour": t.EnumShape("Colour", (t.VariantShape("Red"), t.VariantShape("Mix", (t.INTEGER, t.STRING)),
                                           t.VariantShape("Deep", (t.BOOL,))))}  # fmt: skip
STRUCTS = {"Pair": t.StructShape("Pair", (("left", t.INTEGER), ("right", t.Money("$"))))}
TYPES: dict[str, t.Type] = {**LETTERS, "c": COLOUR, "p": PAIR, "l": LOAN}
SHORT = {v: k for k, v in TYPES.items()}
TEXTS = ("", "a", "Ann", "41", "-7", "ÀÉß", "x y ", "aaaa")
ZONES = ("UTC", "Europe/Madrid", "America/New_York", "Pacific/Apia")
HOLIDAYS = ((), (20_454, 20_455, 20_458, 20_460))
VIEWS: tuple[tuple[str, str, str], ...] = (
    ("member", "", "B"), ("age", "S", "I"), ("balance", "SI", "M"), ("scores", "", "A"), ("loan", "I", "l"),
    ("found", "S", "O"), ("broken", "", "I"), ("today", "", "D"), ("since", "", "T"), ("colour", "I", "c"),
    ("book", "", "K"), ("caller", "", "S"), ("now", "", "T"), ("rate", "", "R"), ("many", "", "A"),
)  # fmt: skip
FIELDS = (("amount", "amount_minor", False, "M"), ("count", "count", False, "I"), ("memo", "memo", True, "I"),
          ("items", "items", False, "A"), ("absent", "absent", False, "I"))  # fmt: skip
PARAMS = (("limit", "M"), ("least", "I"), ("names", "Q"), ("gone", "I"))
STATES = (("total", "I"), ("log", "A"), ("name", "S"))
RECORD = (("amount", "amount_minor", False, "M"), ("note", "note", True, "I"), ("parts", "parts", False, "A"))
ITERATED = {"A": "I", "P": "M", "Q": "S", "K": "pair", "G": "I", "C": "duo", "E": "pair"}
ITEM_TYPES: dict[str, t.Type] = {
    **TYPES,
    "pair": t.Tuple((t.STRING, t.INTEGER)),
    "duo": t.Tuple((t.INTEGER, t.INTEGER)),
}
SHORT.update({v: k for k, v in ITEM_TYPES.items()})


class Maker:
    """Makes one program. `size` bounds the depth of expressions and of blocks."""

    def __init__(self, seed: int, size: int = 3) -> None:
        self.dice = random.Random(seed)
        self.size = size
        self.count = 0
        self.functions: dict[str, core.Function] = {}
        self.scope: list[tuple[str, str]] = []
        self.sites: list[core.Site] = []
        self.requirements: list[core.Requirement] = []
        self.action = False
        self.result = "I"
        self.loops: list[list[str]] = []

    def span(self) -> Span:
        """A place that no other node has."""
        self.count += 1
        return Span(0, self.count, self.count + 1)

    def name(self, of: str) -> str:
        """A name that is new."""
        self.count += 1
        return f"{of}#{self.count}"

    def chance(self, part: float) -> bool:
        return self.dice.random() < part

    def program(self) -> core.Program:
        """A few functions; `main` is the one to run."""
        for number in range(self.dice.randrange(3)):
            self.function(f"fn{number}", [self.dice.choice("IMSAO") for _ in range(self.dice.randrange(3))],
                          self.dice.choice("IMSABROD"), False)  # fmt: skip
        params = [self.dice.choice("IMSAK") for _ in range(self.dice.randrange(3))] if self.chance(0.3) else []
        self.function("main", params, self.dice.choice("IBMSAOOKnnc"), self.chance(0.25))
        return core.Program("made", self.functions, STRUCTS, ENUMS)

    def function(self, name: str, params: list[str], result: str, action: bool) -> None:
        self.sites, self.requirements, self.loops = [], [], []
        self.action, self.result = action, result
        given = [(self.name("p"), letter) for letter in params]
        self.scope = list(given)
        statements, ended = self.statements(self.size)
        if not ended and result != "n":
            statements.append(core.Return(self.span(), self.expr(result, self.size)))
        types = tuple((n, TYPES[letter]) for n, letter in given)
        of = t.NOTHING if result == "n" else TYPES[result]
        body = core.Block(tuple(statements))
        self.functions[name] = core.Function(name, types, of, body, frozenset(), tuple(self.sites),
                                             tuple(self.requirements), self.span())  # fmt: skip

    def args(self, function: str, dice: random.Random) -> list[Any]:
        """Arguments for a function."""
        return [self.constant(SHORT[type_], dice) for _, type_ in self.functions[function].params]

    # -- values --

    def constant(self, letter: str, dice: random.Random | None = None) -> Any:
        """A value of that type."""
        dice = dice or self.dice
        few = dice.randrange(5)
        simple: dict[str, Any] = {
            "B": lambda: dice.random() < 0.5,
            "S": lambda: dice.choice(TEXTS),
            "R": lambda: Fraction(dice.choice(EDGES), abs(dice.choice(EDGES)) or 3),
            "X": lambda: Fraction(dice.choice(EDGES) * 2 + 1, dice.choice((2, 3, 4, t.I64_MAX))),
            "D": lambda: dice.choice((20_454, 20_508, 0, -1, 19_782, 2_932_896, -719_162, 20_456)),
            "T": lambda: dice.choice((1_767_225_600_000, 1_774_746_000_000, 0, 86_399_999, t.I64_MAX)),
            "A": lambda: tuple(dice.choice(EDGES) if dice.random() < 0.3 else dice.randrange(6) for _ in range(few)),
            "P": lambda: tuple(dice.randrange(-5, 99) for _ in range(few)),
            "Q": lambda: tuple(dice.choice(TEXTS) for _ in range(few)),
            "C": lambda: tuple((dice.randrange(4), i) for i in range(few)),
            "E": lambda: tuple((dice.choice(TEXTS), i) for i in range(few)),
            "O": lambda: dice.choice((None, (dice.choice(EDGES),))),
            "V": lambda: dice.choice((None, (20_454,))),
            "W": lambda: dice.choice(((True, dice.choice(EDGES)), (False, "no"))),
            "K": lambda: {dice.choice(TEXTS): i for i in range(few)},
            "G": lambda: range(dice.randrange(3), dice.randrange(7)),
            "c": lambda: dice.choice(((0,), (1, 4, "m"), (2, False))),
            "p": lambda: (dice.choice(EDGES), dice.choice(EDGES)),
            "z": lambda: dice.choice(ZONES),
            "h": lambda: dice.choice(HOLIDAYS),
            "m": lambda: MOST,
            "k": lambda: dice.choice(("Integer", "Money.2", "Money", "Duration", "Date", "Timestamp")),
        }
        if letter in simple:
            return simple[letter]()
        return dice.choice(EDGES) if dice.random() < 0.25 else dice.randrange(-3, 12)

    def const(self, letter: str) -> core.Expr:
        if letter == "l":
            return self.view(("loan", "I", "l"), 0)
        if letter in ("pair", "duo"):
            first = "S" if letter == "pair" else "I"
            return core.MakeTuple(ITEM_TYPES[letter], self.span(), (self.const(first), self.const("I")))
        type_ = {"z": t.STRING, "k": t.STRING, "m": t.INTEGER, "h": t.Array(t.DATE)}.get(letter) or TYPES[letter]
        return core.Const(type_, self.span(), self.constant(letter))

    # -- expressions --

    def expr(self, letter: str, depth: int) -> core.Expr:
        """An expression of that type."""
        known = [name for name, type_ in self.scope if type_ == letter]
        if known and self.chance(0.35):
            return core.Local(ITEM_TYPES[letter], self.span(), self.dice.choice(known))
        if depth <= 0 or letter in "zhmk" or self.chance(0.1):
            return self.const(letter)
        ways = [self.operation] * 5 + [self.reading] * 3 + [self.made, self.choice, self.walk, self.called, self.part]
        for way in self.dice.sample(ways, len(ways)):
            made = way(letter, depth - 1)
            if made is not None:
                return made
        return self.const(letter)

    def operation(self, letter: str, depth: int) -> core.Expr | None:
        rows = BY_RESULT.get(letter)
        if rows is None:
            return None
        op, args = self.dice.choice(rows)
        made = tuple(self.expr(a, depth) for a in args)
        return core.Op(TYPES[letter], self.span(), op, made)

    def site(self, kind: str, name: str, letter: str) -> int:
        self.sites.append(core.Site(kind, name, TYPES[letter], self.span()))
        return len(self.sites) - 1

    def view(self, view: tuple[str, str, str], depth: int) -> core.Expr:
        name, args, result = view
        made = tuple(self.expr(a, depth) for a in args)
        return core.View(
            TYPES[result], self.span(), name, made, self.site("view", name, result), self.dice.choice((5, 9))
        )

    def reading(self, letter: str, depth: int) -> core.Expr | None:
        ways: list[Any] = [lambda v=v: self.view(v, depth) for v in VIEWS if v[2] == letter]
        ways += [lambda f=f: core.CommandField(self.type_of(f[3], f[2]), self.span(), f[0], f[1], f[2],
                                               self.site("command", f[0], letter))
                 for f in FIELDS if ("O" if f[2] else f[3]) == letter]  # fmt: skip
        ways += [lambda p=p: core.ParamValue(TYPES[letter], self.span(), p[0], self.site("param", p[0], letter))
                 for p in PARAMS if p[1] == letter]  # fmt: skip
        ways += [lambda s=s: core.StateValue(TYPES[letter], self.span(), s[0], self.site("state", s[0], letter))
                 for s in STATES if s[1] == letter]  # fmt: skip
        ways += [lambda f=f: core.RecordField(self.type_of(f[3], f[2]), self.span(), self.expr("l", depth), f[0], f[1],
                                              f[2], self.site("record", f[0], letter))
                 for f in RECORD if ("O" if f[2] else f[3]) == letter]  # fmt: skip
        ways = [w for w in ways if self.chance(0.9)]
        return self.dice.choice(ways)() if ways else None

    def type_of(self, letter: str, wrapped: bool) -> t.Type:
        return t.Option(TYPES[letter]) if wrapped else TYPES[letter]

    def made(self, letter: str, depth: int) -> core.Expr | None:
        span, several = self.span(), range(self.dice.randrange(4))
        if letter == "A" or letter == "Q":
            return core.MakeArray(TYPES[letter], span, tuple(self.expr(ITERATED[letter], depth) for _ in several))
        if letter == "K":
            return core.MakeMap(
                TYPES[letter], span, tuple((self.expr("S", depth), self.expr("I", depth)) for _ in several)
            )
        if letter in "OWc":
            index = self.dice.randrange(3 if letter == "c" else 2)
            items = {"O": ("", "I"), "W": ("S", "I"), "c": ("", "IS", "B")}[letter][index]
            return core.MakeVariant(TYPES[letter], span, index, tuple(self.expr(i, depth) for i in items))
        if letter == "p":
            return core.MakeTuple(PAIR, span, (self.expr("I", depth), self.expr("M", depth)))
        if letter == "B":
            return self.condition(depth)
        return None

    def condition(self, depth: int) -> core.Expr:
        span = self.span()

        def right() -> core.Expr:  # often one that needs statements of its own when compiled
            return (self.walk("B", depth) if self.chance(0.4) else None) or self.expr("B", depth)

        ways = {
            "and": lambda: core.And(t.BOOL, span, self.expr("B", depth), right()),
            "or": lambda: core.Or(t.BOOL, span, self.expr("B", depth), right()),
            "not": lambda: core.Not(t.BOOL, span, self.expr("B", depth)),
            "option": lambda: core.IsVariant(t.BOOL, span, self.expr("O", depth), self.dice.randrange(2)),
            "result": lambda: core.IsVariant(t.BOOL, span, self.expr("W", depth), self.dice.randrange(2)),
            "enum": lambda: core.IsVariant(t.BOOL, span, self.expr("c", depth), self.dice.randrange(3)),
        }
        return ways[self.dice.choice(tuple(ways))]()

    def choice(self, letter: str, depth: int) -> core.Expr | None:
        return core.Cond(ITEM_TYPES[letter], self.span(), self.expr("B", depth), self.expr(letter, depth),
                         self.expr(letter, depth))  # fmt: skip

    def called(self, letter: str, depth: int) -> core.Expr | None:
        fit = [f for f in self.functions.values() if f.result == ITEM_TYPES[letter]]
        if not fit:
            return None
        function = self.dice.choice(fit)
        args = tuple(self.expr(SHORT[type_], depth) for _, type_ in function.params)
        return core.Call(function.result, self.span(), function.name, args)

    def part(self, letter: str, depth: int) -> core.Expr | None:
        """A part of a struct, of a pair, or of a variant that it certainly is."""
        if letter in "IM" and self.chance(0.4):
            return core.Item(TYPES[letter], self.span(), self.expr("p", depth), "IM".index(letter))
        if letter in "IS" and self.chance(0.5):
            return core.Item(TYPES[letter], self.span(), self.expr("pair", depth), "SI".index(letter))
        if letter == "I":
            some = core.MakeVariant(TYPES["O"], self.span(), 1, (self.expr("I", depth),))
            return core.Payload(t.INTEGER, self.span(), some, 1, 0)
        if letter == "S":
            mix = core.MakeVariant(COLOUR, self.span(), 1, (self.expr("I", depth), self.expr("S", depth)))
            return core.Payload(t.STRING, self.span(), mix, 1, 1)
        return None

    def walk(self, letter: str, depth: int) -> core.Expr | None:
        """A comprehension of that result."""
        kinds = {"B": ("any", "all"), "I": ("count", "sum", "fold"), "M": ("sum", "fold"), "R": ("sum",), "X": ("sum",),
                 "A": ("map", "filter"), "Q": ("map",), "K": ("filter",), "O": ("find", "min_by", "max_by"),
                 "S": ("fold",)}  # fmt: skip
        if letter not in kinds:
            return None
        kind = self.dice.choice(kinds[letter])
        source = self.dice.choice({"filter": letter, "find": "A", "min_by": "A", "max_by": "A"}.get(kind, "AQPKGCE"))
        over = self.expr(source, depth)
        item, accumulator = self.name("i"), self.name("a") if kind == "fold" else ""
        initial = self.expr(letter, depth) if kind == "fold" else None
        within = [(item, ITERATED[source])] + ([(accumulator, letter)] if accumulator else [])
        result = {"any": "B", "all": "B", "count": "B", "filter": "B", "find": "B", "sum": letter, "fold": letter,
                  "min_by": self.dice.choice("IMRS"), "max_by": self.dice.choice("IMRS")}.get(kind)  # fmt: skip
        with_item = result or ITERATED[letter]
        self.scope += within
        self.loops.append([])
        body = self.expr(with_item, depth)
        if kind in ("min_by", "max_by") and self.chance(0.6):  # so that several are best
            ends = (core.Const(t.INTEGER, self.span(), 0), core.Const(t.INTEGER, self.span(), 1))
            body = core.Op(t.INTEGER, self.span(), "integer.clamp", (core.Local(t.INTEGER, self.span(), item), *ends))
        self.loops.pop()
        del self.scope[-len(within) :]
        most = self.most(source)
        return core.Comprehension(TYPES[letter], self.span(), kind, over, item, body, most, initial, accumulator)

    def most(self, source: str) -> int | None:
        """The declared maximum; of a range sometimes none is known."""
        return self.dice.choice((None, MOST)) if source == "G" else MOST

    # -- statements --

    def statements(self, depth: int) -> tuple[list[core.Statement], bool]:
        """Some, and whether control never reaches their end."""
        made: list[core.Statement] = []
        for _ in range(self.dice.randrange(1, 4)):
            ways = [self.let] * 4 + [self.require] * 3 + [self.evaluate, self.leave]
            if self.action:
                ways += [self.effect] * 3
            if self.loops:
                ways += [self.leave] * 3
            if depth > 0:
                ways += [self.branch, self.branch, self.switch, self.loop, self.loop, self.counting, self.counting]
            if self.dice.choice(ways)(made, depth):
                return made, True
        return made, False

    def let(self, made: list[core.Statement], depth: int) -> bool:
        letter = self.dice.choice("IIIMBSROAKXDTUYNWcplQ")
        value = self.expr(letter, depth)
        name = self.name("x")
        made.append(core.Let(self.span(), name, value))
        self.scope.append((name, letter))
        return False

    def requirement(self) -> int:
        self.requirements.append(core.Requirement("as written", "why", False, self.span()))
        return len(self.requirements) - 1

    def require(self, made: list[core.Statement], depth: int) -> bool:
        condition = self.expr("B", depth)
        if self.chance(0.5):
            condition = core.Or(t.BOOL, self.span(), condition, core.Const(t.BOOL, self.span(), True))
        made.append(core.Require(self.span(), condition, self.requirement()))
        return False

    def evaluate(self, made: list[core.Statement], depth: int) -> bool:
        made.append(core.Evaluate(self.span(), self.expr(self.dice.choice("IMB"), depth)))
        return False

    def effect(self, made: list[core.Statement], depth: int) -> bool:
        way = self.dice.randrange(3)
        if way == 0:
            state, letter = self.dice.choice(STATES)
            made.append(core.Write(self.span(), state, self.expr(letter, depth)))
        else:
            fields = (("a", self.expr("I", depth)), ("b", self.expr("S", depth)))
            made.append((core.Command if way == 1 else core.Notice)(self.span(), "credit.transfer", fields))
        return False

    def leave(self, made: list[core.Statement], depth: int) -> bool:
        """Sometimes leave the function, or the loop."""
        roll = self.dice.random()
        if self.loops and self.loops[-1] and roll < 0.5:
            values = tuple(self.expr(letter, depth) for letter in self.loops[-1][1:])
            made.append((core.Break if roll < 0.3 else core.Continue)(self.span(), values))
        elif roll < 0.6:
            nothing = core.Const(t.NOTHING, self.span(), None)
            made.append(core.Return(self.span(), nothing if self.result == "n" else self.expr(self.result, depth)))
        elif roll < 0.68:
            made.append(core.Trap(self.span(), *self.dice.choice((("explicit", "never"), ("no_limit", "")))))
        elif roll < 0.78:
            made.append(core.Refuse(self.span(), self.requirement()))
        else:
            return False
        return True

    def arm(self, depth: int, letters: list[str], binds: list[tuple[str, str]]) -> tuple[core.Block, list[Any]]:
        """A block in a scope of its own, and the phi values at its end."""
        scope = list(self.scope)
        self.scope += binds
        statements, ended = self.statements(depth - 1)
        values = [None if ended else self.expr(letter, depth - 1) for letter in letters]
        self.scope = scope
        return core.Block(tuple(statements)), values

    def phis(self, letters: list[str], values: list[list[Any]]) -> tuple[core.Phi, ...] | None:
        """The phis of arms; None if no arm reaches its end."""
        if all(v is None for arm in values for v in arm) and letters:
            return None
        made = []
        for position, letter in enumerate(letters):
            name = self.name("f")
            made.append(core.Phi(name, TYPES[letter], tuple(arm[position] for arm in values)))
            self.scope.append((name, letter))
        return tuple(made)

    def branch(self, made: list[core.Statement], depth: int) -> bool:
        letters = ["I", *self.dice.choices("IMSBA", k=self.dice.randrange(2))]
        test = self.expr("B", depth)
        arms = [self.arm(depth, letters, []) for _ in range(2)]
        phis = self.phis(letters, [values for _, values in arms])
        made.append(core.If(self.span(), test, arms[0][0], arms[1][0], phis or ()))
        return phis is None

    def switch(self, made: list[core.Statement], depth: int) -> bool:
        letter = self.dice.choice("OWc")
        payloads = {"O": ("", "I"), "W": ("S", "I"), "c": ("", "IS", "B")}[letter]
        subject = self.expr(letter, depth)
        order = self.dice.sample(range(len(payloads)), len(payloads))
        default = self.chance(0.5)
        kept = order[: self.dice.randrange(1, len(order))] if default else order
        letters = ["I", "S"]
        cases, values = [], []
        for index in kept:
            names = [self.name("b") if self.chance(0.8) else "" for _ in payloads[index]]
            binds = [(n, of) for n, of in zip(names, payloads[index], strict=True) if n]
            body, ends = self.arm(depth, letters, binds)
            cases.append(core.Case(index, tuple(names), body))
            values.append(ends)
        rest = None
        if default:
            rest, ends = self.arm(depth, letters, [])
            values.append(ends)
        phis = self.phis(letters, values)
        made.append(core.Switch(self.span(), subject, tuple(cases), rest, phis or ()))
        return phis is None

    def loop(self, made: list[core.Statement], depth: int) -> bool:
        source = self.dice.choice("AQKGPC")
        over = self.expr(source, depth)
        letters = self.dice.choices("IMSB", k=self.dice.randrange(3))
        carried = [core.Carried(self.name("c"), self.name("r"), TYPES[of], self.expr(of, depth)) for of in letters]
        item = self.name("i")
        self.loops.append(["loop", *letters])
        inside = [(item, ITERATED[source]), *((c.name, of) for c, of in zip(carried, letters, strict=True))]
        scope = list(self.scope)
        self.scope += inside
        statements, ended = self.statements(depth - 1)
        following = None if ended else tuple(self.expr(of, depth - 1) for of in letters)
        self.scope = scope
        self.loops.pop()
        body = core.Block(tuple(statements))
        made.append(core.Loop(self.span(), item, over, self.most(source), tuple(carried), body, following))
        self.scope += [(c.result, of) for c, of in zip(carried, letters, strict=True)]
        return False

    def counting(self, made: list[core.Statement], depth: int) -> bool:
        """A loop that counts, as a tally does: sums of what it carries and constants, some near the range's end."""
        dice = self.dice
        starts = [
            dice.choice((0, 0, 7, t.I64_MAX - dice.randrange(6), -t.I64_MAX + dice.randrange(6))) for _ in range(2)
        ]
        carried = [core.Carried(self.name("c"), self.name("r"), t.INTEGER, core.Const(t.INTEGER, self.span(), start))
                   for start in starts]  # fmt: skip
        item = self.name("i")

        def sum_of(name: str) -> tuple[core.Let, core.Expr]:
            by = core.Const(t.INTEGER, self.span(), dice.choice((1, 1, 1, 2, 3, -1)))
            op = dice.choice(("integer.add", "integer.add", "integer.sub"))
            new = self.name("n")
            value = core.Op(t.INTEGER, self.span(), op, (core.Local(t.INTEGER, self.span(), name), by))
            return core.Let(self.span(), new, value), core.Local(t.INTEGER, self.span(), new)

        arms, values, swapped = [], [], self.chance(0.2)
        for number in range(2):
            statements: list[core.Statement] = []
            ends: list[core.Expr] = [core.Local(t.INTEGER, self.span(), c.name) for c in carried]
            for _ in range(1 if self.chance(0.7) else dice.randrange(3)):
                which = number if self.chance(0.8) else 1 - number
                end = ends[which]
                let, ends[which] = sum_of(end.name if isinstance(end, core.Local) else carried[which].name)
                statements.append(let)
            arms.append(core.Block(tuple(statements)))
            values.append(ends[::-1] if swapped else ends)
        phis = tuple(core.Phi(self.name("f"), t.INTEGER, (values[0][i], values[1][i])) for i in range(2))
        test = core.Op(t.BOOL, self.span(), "gt", (core.Local(t.INTEGER, self.span(), item), self.const("I")))
        body: tuple[core.Statement, ...] = (core.If(self.span(), test, arms[0], arms[1], phis),)
        if self.chance(0.3):
            number = self.requirement()
            body = (core.Require(self.span(), core.Not(t.BOOL, self.span(), test), number), *body)
        following = tuple(core.Local(t.INTEGER, self.span(), phi.name) for phi in phis)
        full = core.Const(TYPES["A"], self.span(), tuple(dice.randrange(5) for _ in range(MOST)))
        over = full if self.chance(0.5) else self.expr("A", depth)
        made.append(core.Loop(self.span(), item, over, MOST, tuple(carried), core.Block(body), following))
        self.scope += [(c.result, "I") for c in carried]
        return False

    def many_facts(self) -> core.Program:
        """One that reads more than is kept."""
        read = self.view(("age", "S", "I"), 1)
        name = self.name("n")
        block = core.Block((core.Let(self.span(), name, read),))
        for _ in range(3):
            over = core.Const(TYPES["G"], self.span(), range(self.dice.randrange(6, 9)))
            block = core.Block((core.Loop(self.span(), self.name("i"), over, 9, (), block, ()),))
        main = core.Function("main", (), t.NOTHING, block, frozenset(), tuple(self.sites), (), self.span())
        return core.Program("made", {"main": main}, STRUCTS, ENUMS)


@dataclass(frozen=True)
class Case:
    """A program, its arguments and its world."""

    seed: int
    program: core.Program
    args: tuple[Any, ...]
    world: GivenWorld


def case(seed: int) -> Case:
    """The case of a seed."""
    if seed % 200 == 7:
        return Case(seed, Maker(seed).many_facts(), (), GivenWorld(seed % 17))
    maker = Maker(seed, 4 if seed % 40 == 0 else 3 if seed % 5 == 0 else 2)
    program = maker.program()
    return Case(seed, program, tuple(maker.args("main", random.Random(seed))), GivenWorld(seed % 17))
