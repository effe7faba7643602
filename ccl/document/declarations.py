"""What each declaration of a contract looks like in its document: parameters, roles, clauses, proposals, the rest."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import groupby
from typing import Any, Final

from ccl.document.model import Block, Heading, Inline, Listing, Paragraph, Point, Points, Run, Table, listed, runs
from ccl.document.phrases import Wording, decimal
from ccl.document.steps import Steps
from ccl.syntax import tree

_STRENGTHS: Final = {
    "final": "No contract that extends this one can change this.",
    "default": "A contract that extends this one may replace this by a clause of the same number.",
    "floor": "A contract that extends this one may ask for more here, never for less.",
}
_FACTS: Final = {
    "version": "Version", "edition": "Edition of the language", "scope": "Scope", "timezone": "Time zone",
    "calendar": "Holidays", "extends": "Extends",
}  # fmt: skip
_THRESHOLDS: Final = {
    "majority": "more than half of the votes cast are yes",
    "consensus": "at least 80% of the votes cast are yes",
    "unanimous": "no vote is no, and at least one is yes",
}
_BASES: Final = {
    "electorate": "of those entitled to vote", "cast": "of the votes cast for or against",
    "ballots": "of the ballots, with abstentions",
}  # fmt: skip
_CHOICES: Final = {
    "keep": "go on as they are", "restart": "begin anew", "lapse": "end without a result", "end": "end",
}  # fmt: skip


def anchor_of(kind: str, name: str) -> str:
    """The anchor of a declaration: `clause-4.2`, `param-limit`."""
    return f"{kind}-" + re.sub(r"[^\w.-]+", "-", name).strip("-")


class Declarations:
    """Declarations into blocks. values: parameters in force; texts: of a catalogue; items: all of the source."""

    def __init__(self, words: Wording, steps: Steps, values: Mapping[str, str], texts: Mapping[str, str],
                 items: list[tuple[tree.Node, str]]) -> None:  # fmt: skip
        self.words = words
        self.steps = steps
        self.values = values
        self.texts = texts
        self.exceptions: dict[str, list[tree.ClauseDecl]] = {}
        for node, _ in items:
            if isinstance(node, tree.ClauseDecl) and node.replaces is not None:
                self.exceptions.setdefault(node.replaces.value, []).append(node)
        self.numbers = {n.number.value for n, _ in items
                        if isinstance(n, tree.ClauseDecl) and n.number is not None and n.replaces is None}  # fmt: skip

    def contract(self, node: tree.ContractDecl) -> list[Block]:
        """What a contract says of itself."""
        rows = []
        if node.extends is not None:
            rows.append((runs("Extends"), self._stated(node.extends)))
        rows += [
            (runs(_FACTS.get(entry.name.text, entry.name.text.replace("_", " "))), self._stated(entry.value))
            for entry in node.entries
            if entry.value is not None and not isinstance(entry.value, tree.Block) and entry.name.text != "title"
        ]
        return [Table("About these bylaws", (runs("What"), runs("Which")), tuple(rows))] if rows else []

    def _stated(self, node: tree.Expr) -> Inline:
        """A value that stands by itself: a text without quotes, a list with `and`."""
        if isinstance(node, tree.StringLit):
            return runs(node.value)
        if isinstance(node, tree.ListExpr):
            return listed([self._stated(item) for item in node.items], "and")
        return self.words.value(node)

    def blocks(self, items: list[tuple[tree.Node, str]], level: int, *, apart: bool) -> list[Block]:
        """Blocks of declarations in order; those that make one table are put together. apart: each exception stands
        where it is written, too, not only under its clause."""
        out: list[Block] = []
        for kind, group in groupby(items, key=lambda item: type(item[0])):
            held = list(group)
            if kind is tree.ParamDecl:
                out.append(self._params([node for node, _ in held if isinstance(node, tree.ParamDecl)]))
                out += [Paragraph(runs(doc)) for _, doc in held if doc]
                continue
            made = _MADE.get(kind)
            for node, doc in held:
                if made is None or (isinstance(node, tree.ClauseDecl) and self._elsewhere(node, apart)):
                    continue
                blocks = made(self, node, level)
                if doc and blocks:
                    at = 1 if isinstance(blocks[0], Heading) else 0
                    blocks.insert(at, Paragraph(runs(doc)))
                out += blocks
        return out

    def _elsewhere(self, node: tree.ClauseDecl, apart: bool) -> bool:
        """Whether an exception is listed under its clause, and nowhere else."""
        return node.replaces is not None and node.replaces.value in self.numbers and not apart

    # -- parameters, units, roles --------------------------------------------------------------------------------------

    def _params(self, params: list[tree.ParamDecl]) -> Table:
        head = (runs("Parameter"), runs("Now"), runs("May be set to"), runs("Changed by"))
        return Table("Parameters", head, tuple(self._param(p) for p in params))

    def _param(self, node: tree.ParamDecl) -> tuple[Inline, ...]:
        name = node.name.text
        unit = self._unit(node.type)
        present = self.values.get(name)
        now = runs(present) if present is not None else self._amount(node.value, unit) if node.value else runs("—")
        within = node.within
        if isinstance(within, tree.RangeExpr) and within.low is not None and within.high is not None:
            range_ = runs(self._amount(within.low, ""), " to ", self._amount(within.high, unit))
        else:
            range_ = self.words.value(within) if within is not None else runs("anything that its type holds")
        by = node.changed_by.text if node.changed_by is not None else ""
        changed = runs("a decision, ", self.words.name(by)) if by else runs("a new version")
        return (Run(name, "strong", "#" + anchor_of("param", name)),), now, range_, changed

    def _unit(self, node: tree.TypeExpr) -> str:
        if isinstance(node, tree.TypeName) and node.path.text in ("Money", "token") and node.args:
            return f" {self.words.sources.text(node.args[0].span)}"
        return ""

    def _amount(self, node: tree.Expr, unit: str) -> Inline:
        bare = isinstance(node, tree.IntLit | tree.DecimalLit)
        return runs(self.words.value(node), unit if bare else "")

    def _unit_decl(self, node: tree.UnitDecl, level: int) -> list[Block]:
        said = self._entries(node.entries)
        return [Points((Point(runs(Run(node.name.text, "strong"), " — " if said else "", said)),))]

    def _entries(self, entries: tuple[tree.Entry, ...]) -> Inline:
        """`decimals: 2 and name: x`."""
        said = [
            runs(e.name.text, ": ", self.words.value(e.value))
            for e in entries
            if e.value is not None and not isinstance(e.value, tree.Block)
        ]
        return listed(said, "and")

    def _role(self, node: tree.RoleDecl, level: int) -> list[Block]:
        points: list[Point] = []
        if node.extends is not None:
            points.append(Point(runs("May do whatever ", self.words.name(node.extends.text), " may.")))
        for entry in node.entries:
            points += self._role_entry(entry)
        name = node.name.text
        return [Heading(level, runs(name), anchor_of("role", name)), *([Points(tuple(points))] if points else [])]

    def _role_entry(self, entry: tree.Entry) -> list[Point]:
        name, value = entry.name.text, entry.value
        if value is None or isinstance(value, tree.Block):
            return []
        said = self.words.value(value)
        if name == "can":
            commands = [self._command(item) for item in getattr(value, "items", (value,))]
            return [Point(runs("Only who holds a role that names it may do this:"), tuple(map(Point, commands)))]
        if name == "requires":
            met = tuple(map(self.words.point, getattr(value, "items", (value,))))
            return [Point(runs("Who holds it must meet:"), met)]
        sentence = _ROLE_WORDS.get(name)
        return [Point(runs(*sentence(said)) if sentence else runs(name.replace("_", " ").capitalize(), ": ", said))]

    def _command(self, node: tree.Expr) -> Inline:
        name = self.words.sources.text(node.span).strip('"')
        spec = self.words.host.commands.get(name)
        return runs(Run(name, "code"), f" — {spec.doc}" if spec is not None and spec.doc else "")

    # -- clauses -------------------------------------------------------------------------------------------------------

    def _clause(self, node: tree.ClauseDecl, level: int) -> list[Block]:
        cited = node.number.value if node.number is not None else node.name.text if node.name is not None else ""
        if node.replaces is not None:
            title = runs("Exception to ", self._cited(node.replaces.value))
            anchor = self._exception_anchor(node)
        else:
            title, anchor = runs(cited.replace("_", " ")), anchor_of("clause", cited)
        blocks: list[Block] = [Heading(level, title, anchor)]
        blocks += self._text(node, cited)
        blocks.append(Paragraph(self._scope(node), "scope"))
        blocks += self._rules(node)
        if node.strength:
            blocks.append(Paragraph(runs(_STRENGTHS[node.strength]), "note"))
        for exception in self.exceptions.get(cited, []) if node.replaces is None else []:
            blocks += self._exception(exception, cited)
        return blocks

    def _text(self, node: tree.ClauseDecl, cited: str) -> list[Block]:
        text = self.texts.get(f"clause.{cited}") or (node.text.value if node.text is not None else "")
        return [Paragraph(runs(text), "text")] if text else []

    def _cited(self, number: str) -> Inline:
        to = "#" + anchor_of("clause", number) if number in self.numbers else ""
        return (Run(number, "", to),)

    def _scope(self, node: tree.ClauseDecl) -> Inline:
        targets: list[Inline] = [(Run(target.pattern, "code"),) for target in node.targets]
        if node.replaces is not None:
            to = runs("Stands in place of ", self._cited(node.replaces.value))
        else:
            every = any(target.pattern == "*" for target in node.targets)
            to = runs("Holds for ", "every command" if every else listed(targets, "and") or "what the rule says")
        unit = f" in {node.within.text}" if node.within is not None else ""
        guard = runs(" when ", self.words.holds(node.guard)) if node.guard is not None else ()
        before = listed([self._cited(b.value) for b in node.before], "and")
        return runs(to, unit, guard, runs(", and goes before the exception ", before) if before else (), ".")

    def _rules(self, node: tree.ClauseDecl) -> list[Block]:
        points = [*self.steps.points(node.body), *(Point(self._approval(a)) for a in node.approvals)]
        return [Points(tuple(points))] if points else [Paragraph(runs("Nothing more is asked."), "note")]

    def _approval(self, node: tree.ApprovalDecl) -> Inline:
        whose = node.whose.text.replace("_", " ")
        who = f"signers of the {whose}" if node.by == "signers" else f"holders of the role {whose}"
        need = self.words.sources.text(node.need.span).strip('"') if node.need is not None else "2"
        many = runs(need) if need.isdigit() else runs("as many as the setting ", Run(need, "code"), " says")
        above: Inline = ()
        if node.above is not None and node.of is not None:
            setting = Run(self.words.sources.text(node.above.span).strip('"'), "code")
            amount = node.of.text.removesuffix("_minor").replace("_", " ")
            above = runs(f", if the {amount} is above the setting ", setting)
        within = runs(", within ", self.words.value(node.within)) if node.within is not None else ()
        return runs(f"Approved by {who}, ", many, above, within)

    def _exception_anchor(self, node: tree.ClauseDecl) -> str:
        assert node.replaces is not None, "only an exception has this anchor"
        if node.number is not None:
            return anchor_of("clause", node.number.value)
        place = self.exceptions[node.replaces.value].index(node) + 1
        return anchor_of("exception", f"{node.replaces.value}-{place}")

    def _exception(self, node: tree.ClauseDecl, cited: str) -> list[Block]:
        """An exception under the clause that it changes: when it holds, and what is asked then in its place."""
        named = f" {node.number.value}" if node.number is not None else ""
        guard = self.words.holds(node.guard) if node.guard is not None else runs("always")
        before = listed([self._cited(b.value) for b in node.before], "and")
        order = runs(" (it goes before the exception ", before, ")") if before else ()
        what = self.steps.points(node.body) or (Point(runs("Nothing more is asked.")),)
        head = runs(Run(f"Exception{named}", "strong", "#" + self._exception_anchor(node)), ": when ", guard, order,
                    f", this stands in place of {cited}:")  # fmt: skip
        text = [Point((Run(node.text.value, "em"),))] if node.text is not None else []
        return [Points((Point(head, (*text, *what)),))]

    # -- decisions -----------------------------------------------------------------------------------------------------

    def _proposal(self, node: tree.ProposalDecl, level: int) -> list[Block]:
        name = node.name.text
        entries = {e.name.text: e for e in node.entries}
        points: list[Point] = []
        blocks: list[Block] = [Heading(level, runs(name), anchor_of("proposal", name))]
        description = entries.get("description")
        if description is not None and isinstance(description.value, tree.StringLit):
            blocks.append(Paragraph(runs(description.value.value), "text"))
        for entry in node.entries:
            said = self._proposal_entry(entry)
            points += [said] if said else []
        points += [Point(self._standard(i)) for i in node.items if isinstance(i, tree.StandardDecl)]
        execution = entries.get("execution")
        if execution is not None and isinstance(execution.value, tree.Block):
            points.append(Point(runs("If it passes:"), self.steps.points(execution.value)))
        return [*blocks, Points(tuple(points))] if points else blocks

    def _proposal_entry(self, entry: tree.Entry) -> Point | None:
        name, value = entry.name.text, entry.value
        if name in ("description", "execution"):
            return None
        if entry.type is not None:
            default: Inline = ()
            if value is not None and not isinstance(value, tree.Block):
                default = runs(", otherwise ", self.words.value(value))
            return Point(runs(f"States {name.replace('_', ' ')}: ", self.words.code(entry.type), default))
        if value is None or isinstance(value, tree.Block):
            return None
        if name == "quorum":
            return Point(runs("It counts if at least ", self.words.value(value),
                              " of those entitled to vote take part; an abstention counts."))  # fmt: skip
        if name == "threshold":
            return Point(runs("It passes if ", self.threshold(value), "."))
        sentence = _PROPOSAL_WORDS.get(name)
        said = self.words.value(value)
        return Point(runs(*sentence(said)) if sentence else runs(name.replace("_", " ").capitalize(), ": ", said))

    def threshold(self, node: tree.Node) -> Inline:
        """When a vote passes, in words."""
        if isinstance(node, tree.InEachExpr):
            classes = listed([self.words.name(c.text) for c in node.classes], "and")
            return runs("in each of ", classes, " ", self.threshold(node.standard))
        if isinstance(node, tree.BlendExpr):
            parts = [runs(self.words.value(part), " for ", self.words.name(c.text)) for part, c in node.parts]
            return runs("more than half is yes when the classes weigh ", listed(parts, "and"))
        if isinstance(node, tree.CallExpr) and len(node.args) == 1 and self._is("supermajority", node.target):
            return runs("at least ", self._part(node.args[0].value), " of the votes cast are yes")
        if isinstance(node, tree.PathExpr) and node.path.text in _THRESHOLDS:
            return runs(_THRESHOLDS[node.path.text])
        if isinstance(node, tree.PercentLit):
            return runs(f"at least {decimal(node.value * 100)}% of the votes cast are yes")
        return self.words.code(node)

    def _is(self, name: str, node: tree.Expr) -> bool:
        return self.words.sources.text(node.span) == name

    def _part(self, node: tree.Expr) -> Inline:
        if isinstance(node, tree.DecimalLit):
            return runs(f"{decimal(node.value * 100)}%")
        if isinstance(node, tree.BinaryExpr) and node.operator == "/":
            return runs(self.words.value(node.left), "/", self.words.value(node.right))
        return self.words.value(node)

    def _standard(self, node: tree.StandardDecl) -> Inline:
        base = _BASES.get(node.base.text, f"of {node.base.text}")
        if node.what == "quorum":
            return runs(f"It counts if {node.word} ", self._part(node.part), f" {base} take part.")
        return runs(f"It passes if {node.word} ", self._part(node.part), f" {base} are yes.")

    def _electorate(self, node: tree.ElectorateDecl, level: int) -> list[Block]:
        name = node.name.text
        weight = runs(", each with the weight ", self.words.value(node.weight)) if node.weight is not None else ()
        said = self._entries(node.entries)
        tail = runs(" — ", said) if said else ()
        to = "#" + anchor_of("electorate", name)
        return [Points((Point(runs("Electorate ", Run(name, "strong", to), weight, tail)),))]

    def _delegate(self, node: tree.DelegateDecl, level: int) -> list[Block]:
        depth = runs(", passed on at most ", self.words.value(node.depth), " times") if node.depth is not None else ()
        expires = runs(", for ", self.words.value(node.expires)) if node.expires is not None else ()
        scope = Run(node.scope.value, "em")
        return [Points((Point(runs("Votes in ", scope, " may be delegated", depth, expires, ".")),))]

    # -- the rest ------------------------------------------------------------------------------------------------------

    def _trigger(self, node: tree.TriggerDecl, level: int) -> list[Block]:
        name = node.name.text
        after = listed([(Run(target.pattern, "code"),) for target in node.targets], "or")
        when = runs("Every ", self.words.value(node.every)) if node.every is not None else runs("After ", after)
        guard = runs(", if ", self.words.holds(node.guard)) if node.guard is not None else ()
        return [Heading(level, runs(name.replace("_", " ")), anchor_of("trigger", name)),
                Paragraph(runs(when, guard, ":"), "scope"), Points(self.steps.points(node.body))]  # fmt: skip

    def _state(self, node: tree.StateDecl, level: int) -> list[Block]:
        start = runs(", at first ", self.words.value(node.value)) if node.value is not None else ()
        kind = runs(" — ", self.words.code(node.type)) if node.type is not None else ()
        to = "#" + anchor_of("state", node.name.text)
        return [Points((Point(runs(Run(node.name.text, "strong", to), kind, start)),))]

    def _constant(self, node: tree.ConstDecl, level: int) -> list[Block]:
        value = runs(" is ", self.words.value(node.value)) if node.value is not None else ()
        to = "#" + anchor_of("definition", node.name.text)
        return [Points((Point(runs(Run(node.name.text, "strong", to), value)),))]

    def _fn(self, node: tree.FnDecl, level: int) -> list[Block]:
        given = listed([(Run(self.words.sources.text(p.pattern.span), "em"),) for p in node.params], "and")
        head = Heading(level, runs(node.name.text.replace("_", " "), " of " if given else "", given),
                       anchor_of("definition", node.name.text))  # fmt: skip
        return [head, Points(self.steps.points(node.body))] if node.body is not None else [head]

    def _shape(self, node: tree.StructDecl | tree.EnumDecl, level: int) -> list[Block]:
        return [Heading(level, runs(node.name.text), anchor_of("definition", node.name.text)),
                Listing(self.words.sources.text(node.span))]  # fmt: skip

    def _transition(self, node: tree.TransitionDecl, level: int) -> list[Block]:
        points = [
            Point(runs(what.capitalize(), " ", _CHOICES.get(choice.text, choice.text), "."))
            for what, choice in node.rules
        ]
        for kind, old, new, value in node.moves:
            how = runs(": ", self.words.value(value)) if value is not None else ()
            points.append(Point(runs(f"The {kind} ", Run(old.text, "em"), " becomes ", Run(new.text, "em"), how, ".")))
        return [Points(tuple(points))] if points else []

    def _accept(self, node: tree.AcceptDecl, level: int) -> list[Block]:
        why = runs(" — ", Run(node.reason.value, "em")) if node.reason is not None else ()
        return [Points((Point(runs("It is accepted that this does not hold: ", Run(node.name.text, "code"), why)),))]

    def _property(self, node: tree.PropertyDecl, level: int) -> list[Block]:
        head = runs("Stated: ", Run(node.name.text.replace("_", " "), "strong"))
        return [Points((Point(head, self.steps.points(node.body)),))]


Sentence = Callable[[Inline], tuple[str | Inline, ...]]

_ROLE_WORDS: Final[dict[str, Sentence]] = {
    "seats": lambda said: ("At most ", said, " hold it at a time."),
    "term": lambda said: ("For a term of ", said, "."),
    "max_terms": lambda said: ("At most ", said, " terms in a row."),
    "chosen": lambda said: ("Chosen by ", said, "."),
    "chosen by": lambda said: ("Chosen by ", said, "."),
    "chosen_by": lambda said: ("Chosen by ", said, "."),
    "until": lambda said: ("Holds it until: ", said, "."),
}
_PROPOSAL_WORDS: Final[dict[str, Sentence]] = {
    "eligible": lambda said: ("Entitled to vote: ", said, "."),
    "duration": lambda said: ("The vote lasts ", said, "."),
    "veto": lambda said: (said, " may veto it."),
}

_MADE: Final[dict[type, Callable[[Declarations, Any, int], list[Block]]]] = {
    tree.UnitDecl: Declarations._unit_decl,
    tree.RoleDecl: Declarations._role,
    tree.ClauseDecl: Declarations._clause,
    tree.ProposalDecl: Declarations._proposal,
    tree.ElectorateDecl: Declarations._electorate,
    tree.DelegateDecl: Declarations._delegate,
    tree.TriggerDecl: Declarations._trigger,
    tree.StateDecl: Declarations._state,
    tree.ConstDecl: Declarations._constant,
    tree.FnDecl: Declarations._fn,
    tree.StructDecl: Declarations._shape,
    tree.EnumDecl: Declarations._shape,
    tree.TransitionDecl: Declarations._transition,
    tree.AcceptDecl: Declarations._accept,
    tree.PropertyDecl: Declarations._property,
}
