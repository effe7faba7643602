"""From one version of a contract to the next: what a transition must state, and that a later one remains possible.

A new version that touches what is under way (open proposals, terms of office, states and parameters and roles that it
no longer has, or has otherwise) states what becomes of it:

    transition { open proposals: keep; state old -> new: old * 2; }

What is not touched needs no word. What a node does with it is the node's affair.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ccl import core, semantics
from ccl.diagnostics import Diagnostic, Edit, Fix, Label
from ccl.elaborate.contract import Contract
from ccl.elaborate.params import within
from ccl.host import Host
from ccl.source import NOWHERE, Span
from ccl.syntax import tree
from ccl.types import Type

OPEN_PROPOSALS = "open proposals"
TERMS = "terms of office"
CHOICES: Mapping[str, tuple[str, ...]] = {
    OPEN_PROPOSALS: ("keep", "restart", "lapse"),
    TERMS: ("keep", "restart", "end"),
}
"""What a transition decides, and what it may say: kept as they are, begun anew, or over."""
DROP = "drop"
KINDS = ("state", "param", "role")
"""What can be moved (`state old -> new`) or dropped (`state old: drop`)."""


# -- what a transition says --------------------------------------------------------------------------------------------


def transition(contract: Contract, decl: tree.TransitionDecl) -> tuple[tuple[str, str], ...]:
    """The rules of a `transition`, each of a known matter with a known choice. Errors: CCL0391."""
    rules: dict[str, str] = {}
    for words, choice in decl.rules:
        matter = " ".join(words.split())
        allowed = _allowed(matter)
        if allowed is None:
            near = contract.near(matter, CHOICES)
            contract.findings.error(
                "CCL0391", choice.span, f"a transition decides nothing called `{matter}`",
                label=f"did you mean `{near}`?" if near else "unknown",
                notes=(f"it decides: {', '.join(CHOICES)}; and what is dropped: `state old: drop`",),
            )  # fmt: skip
        elif choice.text not in allowed:
            near = contract.near(choice.text, allowed)
            contract.findings.error(
                "CCL0391", choice.span, f"`{matter}` cannot be `{choice.text}`",
                label=f"did you mean `{near}`?" if near else f"one of: {', '.join(allowed)}",
                fixes=(Fix(f"write `{near}`", (Edit(choice.span, near),)),) if near else (),
            )  # fmt: skip
        elif matter in rules:
            contract.findings.error("CCL0391", choice.span, f"`{matter}` is decided twice", label="leave one out")
        else:
            rules[matter] = choice.text
    return tuple(rules.items())


def _allowed(matter: str) -> tuple[str, ...] | None:
    kind, _, name = matter.partition(" ")
    if kind in KINDS and name and " " not in name:
        return (DROP,)
    return CHOICES.get(matter)


def migrations(contract: Contract, decl: tree.TransitionDecl, previous: core.Program | None,
               types: Mapping[str, Type]) -> tuple[core.Migration, ...]:  # fmt: skip
    """The moves of a `transition`. types: of the new states and parameters, by kind and name ("state x").

    A move's value is a function of the old value, by its old name, whose type the previous version knows: without it
    only names are checked. Errors: CCL0392.
    """
    made: list[core.Migration] = []
    for kind, old, new, value in decl.moves:
        known = contract.names.roles if kind == "role" else {k.partition(" ")[2] for k in types if k.startswith(kind)}
        if new.text not in known:
            near = contract.near(new.text, known)
            contract.findings.error("CCL0392", new.span, f"there is no {kind} `{new.text}` in this version",
                                    label=f"did you mean `{near}`?" if near else "unknown")  # fmt: skip
            continue
        function = ""
        if value is not None and previous is not None and kind != "role":
            before = _types_of(previous).get(f"{kind} {old.text}")
            if before is None:
                contract.findings.error("CCL0392", old.span, f"the version before has no {kind} `{old.text}`",
                                        label="unknown")  # fmt: skip
                continue
            unique = f"migration {kind} {old.text} {new.text}"
            wanted = types[f"{kind} {new.text}"]
            function = contract.keep(contract.bodies.expression(unique, value, wanted, ((old.text, before),)))
        made.append(core.Migration(kind, old.text, new.text, function, old.span.to(new.span)))
    return tuple(made)


def _types_of(program: core.Program) -> dict[str, Type]:
    found = {f"state {s.name}": s.type for s in program.states}
    found.update({f"param {p.name}": p.type for p in program.params})
    return found


# -- what a transition must say ----------------------------------------------------------------------------------------


def transition_errors(old: core.Program, new: core.Program, values: Mapping[str, Any] | None = None
                      ) -> tuple[Diagnostic, ...]:  # fmt: skip
    """What the new version leaves open of what the old one has under way: none if it may take its place.

    values: the parameters as they are set now, where they are not at their first value. Errors: CCL0390 to CCL0395.
    """
    said = dict(new.transitions)
    place = new.transition.span if new.transition is not None else NOWHERE
    found = [*_matters(old, new, said, place), *_gone(old, new, said, place), *_params(old, new, values or {}, place)]
    for move in new.migrations:
        if move.old not in _names(old, move.kind):
            found.append(_error("CCL0392", move.span, f"the version before has no {move.kind} `{move.old}`"))
    return tuple(found)


def _error(code: str, span: Span, message: str, note: str = "", label: str = "") -> Diagnostic:
    return Diagnostic(code, message, (Label(span, label),), (note,) if note else ())


def _matters(old: core.Program, new: core.Program, said: Mapping[str, str], place: Span) -> Iterator[Diagnostic]:
    """Open proposals and terms of office, where the rules about them change."""
    changed = [
        name for name, before, after in _pairs(old.proposals, new.proposals) if _differs(old, new, before, after)
    ]
    if changed and OPEN_PROPOSALS not in said:
        yield _error(
            "CCL0390", place, "what becomes of the proposals that are open?",
            f"the rules change for: {', '.join(changed)}; "
            "write `transition { open proposals: keep; }`, or `restart`, or `lapse`",
        )  # fmt: skip
    offices = [
        name for name, before, after in _pairs(old.roles, new.roles) if _office(before) and _other(before, after)
    ]
    if offices and TERMS not in said:
        yield _error(
            "CCL0390", place, "what becomes of the terms of those who hold an office?",
            f"the rules change for: {', '.join(offices)}; "
            "write `transition { terms of office: keep; }`, or `restart`, or `end`",
        )  # fmt: skip


def _pairs(old: Sequence[Any], new: Sequence[Any]) -> Iterator[tuple[str, Any, Any]]:
    """What the old version has, with what the new one has of that name (None: nothing)."""
    later = {one.name: one for one in new}
    for one in old:
        yield one.name, one, later.get(one.name)


def _differs(old: core.Program, new: core.Program, before: core.Proposal, after: core.Proposal | None) -> bool:
    if after is None or semantics.value_bytes(before) != semantics.value_bytes(after):
        return True
    if not before.execution:
        return False
    return meaning(old, before.execution) != meaning(new, after.execution)


def meaning(program: core.Program, name: str) -> dict[str, bytes]:
    """What a function and those it reaches do, by name."""
    found: dict[str, bytes] = {}
    pending = [name]
    while pending:
        one = pending.pop()
        if one not in found and one in program.functions:
            found[one] = semantics.function_bytes(program.functions[one])
            pending += semantics.callees(program.functions[one])
    return found


def _office(role: core.Role) -> bool:
    """Whether holding a role is an office with rules of its own."""
    return bool(role.seats or role.term_months or role.term_days or role.max_terms or role.chosen_by)


def _other(before: core.Role, after: core.Role | None) -> bool:
    """Whether the rules of the office differ; what its holders may do is no matter of terms."""
    if after is None:
        return True
    plain = [replace(r, can=(), requires=(), extends="", facts=(), span=NOWHERE) for r in (before, after)]
    return plain[0] != plain[1]


def _gone(old: core.Program, new: core.Program, said: Mapping[str, str], place: Span) -> Iterator[Diagnostic]:
    """States, parameters and roles that the new version does not have, or has in another type."""
    moved = {(m.kind, m.old): m for m in new.migrations}
    after = _types_of(new)
    for name, before in _types_of(old).items():
        kind, _, plain = name.partition(" ")
        kept = after.get(name)
        move = moved.get((kind, plain))
        if kept == before or move is not None or said.get(name) == DROP:
            if move is not None and not move.function and after.get(f"{kind} {move.new}") != before:
                yield _error("CCL0393", move.span, f"`{move.new}` has another type than `{plain}` had",
                             f"say how its value is made: `{kind} {plain} -> {move.new}: ..`")  # fmt: skip
            continue
        if kept is None:
            yield _error("CCL0393", place, f"the {kind} `{plain}` is gone", _moved(kind, plain))
        else:
            yield _error("CCL0393", place, f"the {kind} `{plain}` was {before}, and is {kept} now",
                         f"say how its value is made: `{kind} {plain} -> {plain}: ..` in the transition")  # fmt: skip
    for role in old.roles:
        settled = ("role", role.name) in moved or said.get(f"role {role.name}") == DROP
        if role.name not in _names(new, "role") and not settled:
            yield _error("CCL0395", place, f"the role `{role.name}` is gone", _moved("role", role.name))


def _moved(kind: str, name: str) -> str:
    return f"write `{kind} {name} -> new_name`, or `{kind} {name}: drop`, in the transition"


def _names(program: core.Program, kind: str) -> set[str]:
    named: Mapping[str, Sequence[Any]] = {"state": program.states, "param": program.params, "role": program.roles}
    return {one.name for one in named[kind]}


def _params(old: core.Program, new: core.Program, values: Mapping[str, Any], place: Span) -> Iterator[Diagnostic]:
    """Parameters whose value now would lie outside of the new range."""
    renamed = {m.old: m for m in new.migrations if m.kind == "param"}
    later = {p.name: p for p in new.params}
    for param in old.params:
        move = renamed.get(param.name)
        if move is not None and move.function:
            continue
        after = later.get(move.new if move is not None else param.name)
        now = values.get(param.name, param.default)
        if after is not None and after.type == param.type and not within(after, now):
            yield _error("CCL0394", after.span if after.span.source >= 0 else place,
                         f"`{after.name}` is set to what its new range does not allow",
                         "set it anew before, or let the transition say what it becomes: "
                         f"`param {param.name} -> {after.name}: ..`")  # fmt: skip


def amendable(program: core.Program, host: Host) -> Diagnostic | None:
    """None if some decision could later adopt other bylaws; else CCL0396. See `ccl.elaborate.witness`."""
    from ccl.elaborate import witness  # judging takes the interpreter, which a mere check does without

    return witness.amendable(program, host)
