"""A contract in CCL as the bylaws of a space: compiled once for each version, set over the state, asked to judge.

What the language says of a contract is `ccl`'s; what the node adds is here: the texts become a program, the world of a
judgement is the tables and the context of a command, and a verdict becomes a permission, a refusal or a wish for
approvals. Whatever cannot be judged is refused. It knows no commands but by their declarations (`kernel.language`).

What a refusal leaves in the log is what the text of the contract fixes: the clause, and its own words. What was read
for it, and what would be allowed, goes with the refusal as an explanation, for whoever asks (`kernel.explanations`):
two versions of the program may explain differently, and must not differ over the log.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Iterator, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from ccl import core
from icn_node.kernel import bylaws, charter, contract_params, contract_state, ledger
from icn_node.kernel.bylaws import BylawsInvalid, Document, Texts
from icn_node.kernel.language import Language
from icn_node.kernel.refusal import Forbidden, UnknownKey
from icn_node.kernel.tables import Tables
from icn_node.kernel.views import World, role_name, setting

if TYPE_CHECKING:
    from ccl.diagnostics import Diagnostic
    from ccl.explain import Explainer, Explanation
    from ccl.rulebook import Rulebook, Verdict
    from ccl.source import Sources
    from icn_node.kernel.context import Context

# The language itself is imported where a contract is compiled or a refusal explained: a command line that only asks a
# running node needs neither.


MOST_KEPT = 256
"""So many answers of what a verdict asks for are kept at most."""


class Slip(NamedTuple):
    """The first error of a contract: its code, in which text, line and column, and in words."""

    code: str
    source: str
    line: int
    column: int
    message: str


class Asked(NamedTuple):
    """An approval that a clause asks for, and how the clause is cited."""

    clause: str
    approval: bylaws.Approval


@functools.lru_cache(maxsize=16)
def compiled(language: Language, sources: Texts, bases: Texts) -> Rulebook | Slip:
    """The rules of a contract, or its first error. The same texts are compiled once."""
    from ccl.diagnostics import Findings
    from ccl.elaborate.program import check
    from ccl.rulebook import Rulebook
    from ccl.source import Sources

    texts, findings = Sources(), Findings()
    numbers = [texts.add(name, text) for name, text in sources]
    program = check(texts, numbers, language.host, findings, bases=dict(bases))
    if program is None:
        slip = first_error(findings.sorted(), texts)
        assert slip is not None, "a contract without a program has an error"
        return slip
    return Rulebook(program, language.host)


def compiled_after(language: Language, sources: Texts, bases: Texts, previous: core.Program) -> Rulebook | Slip:
    """The same as what follows an earlier version: what it moves of that version's state has functions then."""
    from ccl.diagnostics import Findings
    from ccl.elaborate.program import check
    from ccl.rulebook import Rulebook
    from ccl.source import Sources

    texts, findings = Sources(), Findings()
    numbers = [texts.add(name, text) for name, text in sources]
    program = check(texts, numbers, language.host, findings, bases=dict(bases), previous=previous)
    slip = None if program is not None else first_error(findings.sorted(), texts)
    if program is None:
        assert slip is not None
        return slip
    return Rulebook(program, language.host)


@functools.lru_cache(maxsize=16)
def unfit(language: Language, sources: Texts, bases: Texts) -> Slip | None:
    """Why a contract that compiles should not come into force: judging by it may cost too much, or it could never be
    changed again. Asked when it is adopted, not of what is in force: that judges as it was adopted."""
    from ccl import cost
    from ccl.diagnostics import Findings
    from ccl.elaborate.witness import amendable
    from ccl.source import Sources

    rules = compiled(language, sources, bases)
    if isinstance(rules, Slip):
        return rules
    texts, findings = Sources(), Findings()
    for name, text in sources:
        texts.add(name, text)
    cost.check(rules.program, findings)
    stuck = amendable(rules.program, language.host)
    return first_error([*findings.sorted(), *(() if stuck is None else (stuck,))], texts)


def first_error(diagnostics: Iterable[Diagnostic], texts: Sources) -> Slip | None:
    """The first error among what was found, by its place; None if there is none."""
    from ccl.diagnostics import Severity

    for one in diagnostics:
        if one.severity is Severity.ERROR:
            if not 0 <= one.span.source < len(texts):
                return Slip(one.code, "", 0, 0, one.message)
            source = texts[one.span.source]
            return Slip(one.code, source.name, *source.place(one.span.start), one.message)
    return None


def rules_of(tx: Tables, language: Language, document: Document) -> Rulebook:
    """The rules of a document in CCL. Raises BylawsInvalid with its first error."""
    if document.clauses:
        raise BylawsInvalid(reason="a document has sources in CCL or clauses, not both")
    texts = bylaws.texts_of(tx, document)
    size = sum(len(text) for group in texts for _, text in group)
    if size > bylaws.MOST_TEXT:
        raise BylawsInvalid(reason=f"its texts have {size} characters together, and {bylaws.MOST_TEXT} are the most")
    found = compiled(language, *texts)
    if isinstance(found, Slip):
        raise invalid(found)
    return found


def invalid(slip: Slip) -> BylawsInvalid:
    """An error of a contract as a refusal: which it is, and where."""
    where = f"{slip.source}, line {slip.line}" if slip.source else "the contract"
    return BylawsInvalid(reason=f"{slip.code} in {where}", error=slip.code, source=slip.source, line=slip.line)


class Contract:
    """The rules of a contract, set over one space's state. One object judges for one space, one thing at a time."""

    def __init__(self, rules: Rulebook, language: Language) -> None:
        self.rules = rules
        self.program = rules.program
        self.params = {p.name: p for p in self.program.params}
        self.roles = frozenset(_roles_named(self.program))
        self.units: Mapping[str, int] = self.program.units
        self._host = language.host
        self._explainer: Explainer | None = None
        self._kept: dict[int, tuple[object, str, tuple[Asked, ...]]] = {}
        # By identity: clauses live as long as the program, and comparing them costs more than judging by them.
        self._approvals: dict[tuple[str, int, int], Asked] = {}
        world = self._world = World()
        world.params = contract_params.InForce(world, self.params)
        world.state = contract_state.Values(world, {s.name: s for s in self.program.states})
        world.views = SimpleNamespace(
            setting=functools.partial(setting, world),
            **{name: functools.partial(view.fn, world) for name, view in language.views.items()},
        )

    def world(self, tx: Tables, ctx: Context, cmd: Any) -> World:
        """What a judgement of this command reads. It is the one world there is: until the next judgement."""
        world = self._world
        world.tx, world.ctx, world.command = tx, ctx, cmd
        world.caller, world.now = ctx.actor.did, ctx.time_ms
        return world

    def judge(self, tx: Tables, ctx: Context, name: str, cmd: Any) -> tuple[Asked, ...]:
        """Return the approvals that are asked for if no clause forbids it. Raises Forbidden, UnknownKey."""
        verdict = self.rules.judge(name, self.world(tx, ctx, cmd))
        if verdict.trap is not None:
            verdict = self._again(tx, ctx, name, cmd)
        if verdict.permitted:
            return self._asked_for(name, verdict.approvals) if verdict.approvals else ()
        clause = self.clause_of(verdict)
        if ctx.actor.stranger and ctx.actor.key and clause:
            raise UnknownKey(clause)
        refused = Forbidden(clause, what=name, reason=self._reason(verdict))
        refused.explanation = self.explain(verdict)
        raise refused

    def permits(self, tx: Tables, ctx: Context, name: str, cmd: Any) -> bool:
        """Whether no clause forbids it; nothing is explained."""
        return self.rules.judge(name, self.world(tx, ctx, cmd)).permitted

    def _again(self, tx: Tables, ctx: Context, name: str, cmd: Any) -> Verdict:
        """Judge what trapped once more, to tell a rule that fails from a disk that does: the second is no judgement,
        and must not stand in the log as one."""
        world = self.world(tx, ctx, cmd)
        views, raised = world.views, []

        def watched(view: Any) -> Any:
            def answer(*args: Any) -> Any:
                try:
                    return view(*args)
                except Exception as error:
                    raised.append(error)
                    raise

            return answer

        world.views = SimpleNamespace(**{n: watched(v) for n, v in vars(views).items()})
        try:
            verdict = self.rules.judge(name, world)
        finally:
            world.views = views
        for error in raised:
            if type(error).__module__.startswith("apsw"):
                raise error
        return verdict

    def _asked_for(self, name: str, approvals: tuple[tuple[core.Clause, core.Approval], ...]) -> tuple[Asked, ...]:
        """Mostly it is the one tuple that a plan keeps, so what it comes to is kept by it."""
        known = self._kept.get(id(approvals))
        if known is not None and known[0] is approvals and known[1] == name:
            return known[2]
        asked = tuple([self._asked(name, clause, approval) for clause, approval in approvals])
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[id(approvals)] = approvals, name, asked
        return asked

    def _asked(self, name: str, clause: core.Clause, approval: core.Approval) -> Asked:
        key = (name, id(clause), id(approval))
        found = self._approvals.get(key)
        if found is None:
            from ccl.rulebook import cited

            spec = self._host.commands.get(name)
            field = spec.field(approval.of) if spec is not None and approval.of else None
            found = self._approvals[key] = Asked(cited(clause), bylaws.Approval(
                f"{approval.by} {approval.whose}", approval.need, approval.of if field is None else field.read_as,
                approval.above, approval.days,
            ))  # fmt: skip
        return found

    def clause_of(self, verdict: Verdict) -> str:
        """How the clause that decided is cited, '' if none did."""
        from ccl.rulebook import cited

        return "" if verdict.standing is None else cited(verdict.standing)

    def explain(self, verdict: Verdict) -> Explanation:
        """Why, for the verdict that was just made."""
        if self._explainer is None:
            from ccl.explain import Explainer

            self._explainer = Explainer(self.rules)
        tx = self._world.tx
        found = self._explainer.explain(self._world, verdict)
        unit = tx.get(ledger.Unit, verdict.unit) if verdict.unit else None
        decimals = {**dict(found.decimals), **({} if unit is None else {unit.code: unit.decimals})}
        zone = found.timezone if found.timezone != "UTC" else charter.timezone(tx)
        return dataclasses.replace(found, decimals=tuple(sorted(decimals.items())), timezone=zone)

    def _reason(self, verdict: Verdict) -> str:
        if verdict.trap is not None:
            return f"the clause fails with {verdict.trap.code}"
        if verdict.refusal is not None:
            failed = self.program.functions[verdict.refusal.function].requirements[verdict.refusal.number]
            return failed.reason or "it takes " + " ".join(failed.condition.split())
        if verdict.roles:
            return "it takes the role " + " or ".join(map(role_name, verdict.roles))
        return "no clause of the bylaws speaks of it"

    def clauses(self) -> Iterator[core.Clause]:
        """The clauses, in their order."""
        return iter(self.program.clauses)

    def text_of(self, number: str) -> str:
        """The words of a clause, '' if there is none of that number."""
        from ccl.rulebook import cited

        return next((c.text for c in self.program.clauses if cited(c) == number), "")


def _roles_named(program: core.Program) -> Iterator[str]:
    """The roles that a contract declares or asks for: they exist without being defined."""
    for role in program.roles:
        yield role_name(role.name)
    for clause in program.clauses:
        for approval in clause.approvals:
            if approval.by == "role":
                yield role_name(approval.whose)
    for function in program.functions.values():
        yield from _roles_in(function.body)


def _roles_in(node: Any) -> Iterator[str]:
    """The constant names in readings of the views `role`, `holds_role` and `role_count`, anywhere under a node."""
    stack: list[Any] = [node]
    while stack:
        found = stack.pop()
        if isinstance(found, core.View) and found.name in ("role", "holds_role", "role_count"):
            named = found.args[-1]
            if isinstance(named, core.Const) and isinstance(named.value, str):
                yield role_name(named.value)
        if isinstance(found, tuple):
            stack += found
        elif isinstance(found, core.Expr | core.Statement | core.Block | core.Phi | core.Case | core.Carried):
            stack += [getattr(found, f.name) for f in dataclasses.fields(found) if f.name not in ("span", "type")]


def unavailable(
    program: core.Program, host_modules: Mapping[str, str], active: frozenset[str]
) -> tuple[str, str] | None:
    """The first command or view that a contract uses of a module that is not switched on: its name, and the module."""
    for function in program.functions.values():
        for name in _used(function):
            module = host_modules.get(name, "")
            if module and module not in active:
                return name, module
    return None


def _used(function: core.Function) -> Iterator[str]:
    """The commands that a function gives and the views that it reads."""
    for site in function.sites:
        if site.kind == "view":
            yield site.name
    stack: list[Any] = [function.body]
    while stack:
        found = stack.pop()
        if isinstance(found, core.Command):
            yield found.name
        if isinstance(found, tuple):
            stack += found
        elif isinstance(found, core.Statement | core.Block | core.Case):
            stack += [getattr(found, f.name) for f in dataclasses.fields(found) if f.name != "span"]
