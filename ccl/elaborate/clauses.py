"""Clauses, policies, rules and exceptions: what judges commands, and how those of a base and its heirs stand together.

All clauses that speak of a command must permit it. An exception stands in place of its clause while its guard holds;
of two exceptions to one clause, one must be said to go before the other, unless their guards are seen never to hold
together. Of a base's clauses, `final` ones stay as they are, `default` ones may be replaced by a clause of the same
number, and a clause of a `floor`'s number is judged besides it, so that it can only tighten.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ccl import core, disjoint, types
from ccl.diagnostics import Edit, Fix, Label
from ccl.elaborate import entries
from ccl.elaborate.contract import Contract
from ccl.elaborate.precedence import Excepting, Precedence, head_span
from ccl.host import CommandSpec, FieldSpec
from ccl.syntax import tree

MOST_APPROVERS = 1_000
MOST_DAYS = 3_650
_ANY_UNIT = types.OWN_UNIT


@dataclass
class Clauses:
    """The clauses so far, in the order in which they judge; heads: the declaration of each, by place in `found`."""

    contract: Contract
    found: list[core.Clause] = field(default_factory=list)
    heads: list[tree.ClauseDecl] = field(default_factory=list)
    cited: dict[str, list[int]] = field(default_factory=dict)
    """By number, or name where there is none: the places in `found`."""

    # -- one clause

    def add(self, decl: tree.ClauseDecl, base: str) -> None:
        """Elaborate a clause that is no exception. base: where it comes from. Errors: CCL0341 to CCL0349."""
        if not decl.targets:
            self._no_target(decl)
            return
        place = self._place(decl, base)
        if place is None:
            return
        commands, unit = self._governed(decl)
        if not commands:
            return
        targets = tuple(dict.fromkeys(t.pattern for t in decl.targets))
        clause = self._clause(decl, base, targets, commands, unit)
        if place < len(self.found):
            self.found[place], self.heads[place] = clause, decl
        else:
            self._append(clause, decl)

    def _append(self, clause: core.Clause, decl: tree.ClauseDecl) -> None:
        key = clause.number or clause.name
        if key:
            self.cited.setdefault(key, []).append(len(self.found))
        self.found.append(clause)
        self.heads.append(decl)

    def _clause(self, decl: tree.ClauseDecl, base: str, targets: tuple[str, ...], commands: tuple[CommandSpec, ...],
                unit: str) -> core.Clause:  # fmt: skip
        name = decl.name.text if decl.name is not None and decl.word != "exception" else ""
        number = decl.number.value if decl.number is not None else ""
        unique = self._unique(decl.word, number or name or (decl.replaces.value if decl.replaces else ""), base)
        bodies, keep = self.contract.bodies, self.contract.keep
        seen = unit or _ANY_UNIT
        guard = "" if decl.guard is None else keep(bodies.guard(f"{unique} when", decl.guard, commands, seen))
        body = keep(bodies.clause(unique, decl.body, commands, seen))
        approvals = tuple(a for d in decl.approvals if (a := self._approval(d, commands)) is not None)
        return core.Clause(
            number, name, decl.text.value if decl.text is not None else "", targets, unit, guard, body,
            decl.replaces.value if decl.replaces is not None else "", tuple(b.value for b in decl.before),
            decl.strength, approvals, base, decl.span,
        )  # fmt: skip

    def _unique(self, word: str, cited: str, base: str) -> str:
        """A name for the clause's functions: by what it is and how it is cited, counted where that is not enough."""
        stem = f"{word} {cited}" if not base else f"{base.partition('@')[0]} {word} {cited}"
        count, unique = 1, stem
        while unique in self.contract.functions:
            count += 1
            unique = f"{stem} ({count})"
        return unique

    def _no_target(self, decl: tree.ClauseDecl) -> None:
        what = decl.name or decl.number
        assert what is not None
        self.contract.findings.error(
            "CCL0347", what.span, f"this {decl.word} does not say what it judges",
            label="write `on` and a command after this",
            notes=(f"such as `{decl.word} {self.contract.sources.text(what.span)} on credit.transfer`",
                   "`on *` is every command"),
        )  # fmt: skip

    # -- numbers, and a base's strengths

    def _place(self, decl: tree.ClauseDecl, base: str) -> int | None:
        """Where the clause goes; None if it may not stand at all (told)."""
        key = _cited(decl)
        same = self.cited.get(key, [])
        own = next((at for at in same if self.found[at].base == base), None)
        if own is not None:
            self._twice(decl, key, self.heads[own])
            return None
        if not same:
            return len(self.found)
        before = self.found[same[-1]]
        if before.strength == "default":
            return same[-1]
        if before.strength == "floor":
            return len(self.found)
        self._not_replaced(decl, key, before, self.heads[same[-1]])
        return None

    def _twice(self, decl: tree.ClauseDecl, key: str, first: tree.ClauseDecl) -> None:
        self.contract.findings.error(
            "CCL0345", head_span(decl), f"there are two clauses `{key}`", label="give this one another number",
            also=(Label(head_span(first), "the first"),),
        )  # fmt: skip

    def _not_replaced(self, decl: tree.ClauseDecl, key: str, before: core.Clause, head: tree.ClauseDecl) -> None:
        if before.strength == "final":
            self.contract.findings.error(
                "CCL0359", head_span(decl), f"clause `{key}` of the base is final",
                label="it cannot be replaced", also=(Label(head_span(head), "in the base"),),
                notes=("a clause of another number may ask for more",),
            )  # fmt: skip
            return
        self.contract.findings.error(
            "CCL0360", head_span(decl), f"the base has a clause `{key}`, and does not leave it to others",
            label="give this one another number", also=(Label(head_span(head), "in the base"),),
            notes=("a base marks what may be replaced `default`, and what may be tightened `floor`",),
        )  # fmt: skip

    # -- what it governs

    def _governed(self, decl: tree.ClauseDecl) -> tuple[tuple[CommandSpec, ...], str]:
        """The commands that the clause names, and its unit ('' : every one); no commands if something is wrong."""
        commands: dict[str, CommandSpec] = {}
        wrong = False
        for target in decl.targets:
            named = self.contract.commands(target.pattern, target.span)
            wrong = wrong or (not named and target.pattern != "*")
            commands.update((spec.name, spec) for spec in named)
        if wrong:
            return (), ""
        return self._in_unit(decl, tuple(commands.values()))

    def _in_unit(self, decl: tree.ClauseDecl, commands: tuple[CommandSpec, ...]) -> tuple[tuple[CommandSpec, ...], str]:
        """`in CREDIT`: only commands that are in a unit."""
        if decl.within is None:
            return commands, ""
        unit = decl.within.text
        if self.contract.names.decimals(unit) is None:
            known = {*self.contract.names.units, *self.contract.host.units}
            near = self.contract.near(unit, known)
            self.contract.findings.error(
                "CCL0348", decl.within.span, f"there is no unit `{unit}`",
                label=f"did you mean `{near}`?" if near else "unknown unit",
                notes=(f"a contract declares the units it speaks of: `unit {unit} {{ decimals: 2; }}`",),
            )  # fmt: skip
            return (), ""
        without = [spec for spec in commands if not spec.unit_field]
        exact = {target.pattern: target.span for target in decl.targets}
        named = next(
            (spec for spec in without if spec.name in exact), without[0] if len(without) == len(commands) else None
        )
        if named is not None and without:
            self.contract.findings.error(
                "CCL0348", exact.get(named.name, decl.within.span), f"`{named.name}` is in no unit",
                label="so it is never in this one", also=(Label(decl.within.span, f"in {unit}"),),
            )  # fmt: skip
            return (), ""
        return tuple(spec for spec in commands if spec.unit_field), unit

    # -- approvals

    def _approval(self, decl: tree.ApprovalDecl, commands: tuple[CommandSpec, ...]) -> core.Approval | None:
        """`approval by signers payer ..`. Errors: CCL0350 to CCL0353."""
        whose = self._whose(decl, commands)
        if whose is None:
            return None
        if (decl.above is None) is not (decl.of is None):
            self.contract.findings.error("CCL0353", decl.span, "`above` a setting goes with `of` a field",
                                         label="one of the two is missing")  # fmt: skip
            return None
        above = "" if decl.above is None else self._setting(decl.above, "above which an approval is asked for")
        of = "" if decl.of is None else self._field(decl.of, commands, "an amount or a number", _counts)
        need = self._need(decl.need)
        if above is None or of is None or need is None:
            return None
        return core.Approval(decl.by, whose, above, of, need, self._days(decl))

    def _whose(self, decl: tree.ApprovalDecl, commands: tuple[CommandSpec, ...]) -> str | None:
        if decl.by != "role":
            return self._field(decl.whose, commands, "a party (a Did)", _party)
        known = [*self.contract.names.roles, *sorted(self.contract.host.roles)]
        if decl.whose.text in known:
            return decl.whose.text
        near = self.contract.near(decl.whose.text, known)
        self.contract.findings.error(
            "CCL0350", decl.whose.span, f"there is no role `{decl.whose.text}`",
            label=f"did you mean `{near}`?" if near else "unknown role",
        )  # fmt: skip
        return None

    def _field(self, name: tree.Name, commands: tuple[CommandSpec, ...], wanted: str, fits: object) -> str | None:
        """A field that every command judged has, of a fitting type; as the host's object calls it."""
        assert callable(fits)
        found: FieldSpec | None = None
        for spec in commands:
            found = spec.field(name.text) or next((f for f in spec.fields if f.read_as == name.text), None)
            if found is None or not fits(found.type):
                near = self.contract.near(name.text, [f.name for f in spec.fields if fits(f.type)])
                self.contract.findings.error(
                    "CCL0350", name.span, f"`{spec.name}` has no field `{name.text}` that is {wanted}",
                    label=f"did you mean `{near}`?" if near else f"here stands a field that is {wanted}",
                )  # fmt: skip
                return None
        return None if found is None else found.read_as

    def _setting(self, value: tree.Expr, what: str) -> str | None:
        name = entries.dotted(value)
        if name is not None and name in self.contract.host.settings:
            return name
        near = self.contract.near(name or "", self.contract.host.settings)
        self.contract.findings.error(
            "CCL0351", value.span, f"here stands the name of a setting, {what}",
            label=f"did you mean `{near}`?" if near else "there is no such setting",
            fixes=(Fix(f"write `{near}`", (Edit(value.span, f'"{near}"'),), applicable=False),) if near else (),
        )  # fmt: skip
        return None

    def _need(self, value: tree.Expr | None) -> int | str | None:
        """How many must approve: a number, or a setting that says it."""
        if value is None:
            return core.Approval("", "").need
        if entries.dotted(value) is not None and not isinstance(value, tree.IntLit):
            return self._setting(value, "that says how many must approve")
        found = entries.whole_of(self.contract, value)
        if found is None or not 1 <= found <= MOST_APPROVERS:
            self.contract.findings.error("CCL0352", value.span,
                                         f"from 1 to {MOST_APPROVERS:,} can be asked to approve")  # fmt: skip
            return None
        return found

    def _days(self, decl: tree.ApprovalDecl) -> int:
        if decl.within is None:
            return core.Approval("", "").days
        span = entries.time_span(self.contract, decl.within)
        if span is None or span.months or span.ms or not 1 <= span.days <= MOST_DAYS:
            self.contract.findings.error("CCL0352", decl.within.span, "approvals are given within a number of days",
                                         label="such as `14 days`")  # fmt: skip
            return core.Approval("", "").days
        return span.days

    # -- exceptions

    def exception(self, decl: tree.ClauseDecl, base: str) -> None:
        """An exception, after all clauses of its layer are there. Errors: CCL0345, CCL0354 to CCL0358."""
        assert decl.replaces is not None
        to = self._excepted(decl.replaces, base)
        if to is None:
            return
        if to.base != base and to.strength in ("final", "floor"):
            what = "is final" if to.strength == "final" else "is a floor, which may only be tightened"
            self.contract.findings.error(
                "CCL0358", decl.replaces.span, f"clause `{decl.replaces.value}` of the base {what}",
                label="no exception to it can be made here", also=(Label(to.span, "in the base"),),
            )  # fmt: skip
            return
        if decl.number is not None:
            same = self.cited.get(decl.number.value)
            if same:
                self._twice(decl, decl.number.value, self.heads[same[0]])
                return
        if decl.guard is None:
            self.contract.findings.warning(
                "CCL0362", decl.span._replace(end=decl.replaces.span.end),
                f"this stands in place of `{decl.replaces.value}` always", label="it says no `when`",
                notes=("change the clause itself, or say when the exception holds",),
            )  # fmt: skip
        unit = to.unit
        commands = {s.name: s for t in to.targets for s in self.contract.commands(t, to.span)}
        governed = tuple(s for s in commands.values() if s.unit_field or not unit)
        self._append(self._clause(decl, base, to.targets, governed, unit), decl)

    def _excepted(self, cited: tree.StringLit, base: str) -> core.Clause | None:
        """The clause that an exception is to: of the same number, the contract's own before the base's."""
        same = [self.found[at] for at in self.cited.get(cited.value, ())]
        own = [c for c in same if c.base == base]
        if same:
            return (own or same)[-1]
        near = self.contract.near(cited.value, self.cited)
        self.contract.findings.error(
            "CCL0354", cited.span, f"there is no clause `{cited.value}`",
            label=f"did you mean `{near}`?" if near else "an exception to what?",
            fixes=(Fix(f"write `{near}`", (Edit(cited.span, f'"{near}"'),), applicable=False),) if near else (),
        )  # fmt: skip
        return None

    # -- all of them together

    def settle(self, enums: dict[str, types.EnumShape]) -> tuple[core.Clause, ...]:
        """The clauses, after the checks that look at several. Errors: CCL0355 to CCL0357, CCL0363."""
        functions = self.contract.functions
        views = self.contract.host.views
        certain = {name: spec.in_decision for name, spec in views.items() if spec.in_decision is not None}
        ways = {c.guard: disjoint.ways(functions[c.guard], functions, enums, certain) for c in self.found if c.guard}
        for clause in self.found:
            if clause.guard and disjoint.never(ways[clause.guard]):
                self.contract.findings.warning(
                    "CCL0363", functions[clause.guard].span, "this never holds, so the clause never speaks",
                    label="never true",
                )  # fmt: skip
        groups: dict[str, list[Excepting]] = {}
        for clause, head in zip(self.found, self.heads, strict=True):
            if clause.replaces:
                groups.setdefault(clause.replaces, []).append(Excepting(clause, head, ways.get(clause.guard)))
        precedence = Precedence(self.contract)
        for replaced, exceptions in groups.items():
            precedence.check(replaced, exceptions)
        return tuple(self.found)


def _cited(decl: tree.ClauseDecl) -> str:
    if decl.number is not None:
        return decl.number.value
    return decl.name.text if decl.name is not None else ""


def _party(type_: types.Type) -> bool:
    return type_ in (types.DID, types.Option(types.DID))


def _counts(type_: types.Type) -> bool:
    return type_ == types.INTEGER or isinstance(type_, types.Money)
