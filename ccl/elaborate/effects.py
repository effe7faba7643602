"""What functions do, their callees' included: recursion, policies that reach an action, and constants evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from ccl import core
from ccl.diagnostics import Edit, Findings, Fix, Label
from ccl.elaborate.names import UNSET
from ccl.host import World
from ccl.source import Span

if TYPE_CHECKING:
    from ccl.elaborate.bodies import Bodies

POLICIES = frozenset(("clause", "guard", "policy"))
"""Layers that may not reach an action."""

DEEDS = {"write": "sets a state", "command": "gives a command", "notice": "leaves a notice"}
"""What only an action may do."""


def settled(bodies: Bodies, functions: Mapping[str, core.Function]) -> dict[str, frozenset[str]]:
    """The effects of each function and of all it calls."""
    order = _order(bodies, functions)
    found: dict[str, frozenset[str]] = {}
    for name in order:
        own = bodies.shared.own_effects.get(name, {})
        whole = set(own)
        for callee in bodies.shared.calls.get(name, {}):
            whole |= found.get(callee, frozenset())
        found[name] = frozenset(whole)
    for name in functions:
        if bodies.layers.get(name) in POLICIES:
            _policy(bodies, name, found)
    return {name: frozenset(e for e in found[name] if not e.startswith("private ")) for name in functions}


def _order(bodies: Bodies, functions: Mapping[str, core.Function]) -> list[str]:
    """Callees before callers; a cycle is told once."""
    calls = bodies.shared.calls
    done: dict[str, bool] = {}
    order: list[str] = []
    for start in functions:
        if start in done:
            continue
        path = [(start, iter(sorted(calls.get(start, {}))))]
        done[start] = False
        while path:
            name, rest = path[-1]
            callee = next((c for c in rest if c in functions), None)
            if callee is None:
                done[name] = True
                order.append(name)
                path.pop()
            elif callee not in done:
                done[callee] = False
                path.append((callee, iter(sorted(calls.get(callee, {})))))
            elif not done[callee]:
                names = [n for n, _ in path]
                _recursion(bodies, names[names.index(callee) :])
    return order


def _recursion(bodies: Bodies, cycle: list[str]) -> None:
    calls = bodies.shared.calls
    shown = " -> ".join(f"`{display(n)}`" for n in [*cycle, cycle[0]])
    places = [calls[a][b] for a, b in zip(cycle, [*cycle[1:], cycle[0]], strict=True)]
    also = tuple(Label(p, f"`{display(n)}` calls on here") for p, n in zip(places[1:], cycle[1:], strict=True))
    bodies.findings.error("CCL0130", places[0], f"functions call each other in a circle: {shown}",
                          label=f"`{display(cycle[0])}` calls on here", also=also,
                          notes=("A call that comes back to itself may never end: use a `for` loop.",))  # fmt: skip


def display(name: str) -> str:
    """A function as its author calls it; of a closure, the function that it stands in."""
    return name.split("|", 1)[0]


def _policy(bodies: Bodies, name: str, found: Mapping[str, frozenset[str]]) -> None:
    """Tell, with the path of calls, that a policy reaches a deed or reads what is private."""
    for effect in sorted(found[name]):
        if effect in DEEDS:
            path = _path(bodies, name, effect)
            place = bodies.shared.own_effects[path[-1]][effect]
            first = place if len(path) == 1 else bodies.shared.calls[name][path[1]]
            shown = " -> ".join(f"`{display(n)}`" for n in path)
            also = () if len(path) == 1 else (Label(place, f"{DEEDS[effect]} here"),)
            bodies.findings.error(
                "CCL0240", first, f"a policy only judges, and this {DEEDS[effect]}"
                + (f", through {shown}" if len(path) > 1 else ""),
                label="not in a policy" if len(path) == 1 else "called here", also=also,
                notes=("Put it into a proposal's `execution` or a `trigger`: they act.",),
            )  # fmt: skip
        elif effect.startswith("private "):
            path = _path(bodies, name, effect)
            place = bodies.shared.own_effects[path[-1]][effect]
            view = effect.removeprefix("private ")
            bodies.findings.error(
                "CCL0243", place, f"`{view}` is private: no policy may read it",
                label="every node must judge alike, also when the private text is erased",
                also=() if len(path) == 1 else (Label(bodies.shared.calls[name][path[1]], "reached from here"),),
            )  # fmt: skip


def _path(bodies: Bodies, name: str, effect: str) -> list[str]:
    """The shortest way of calls from a function to one that has the effect itself."""
    calls, own = bodies.shared.calls, bodies.shared.own_effects
    before: dict[str, str] = {name: ""}
    waiting = [name]
    for at in waiting:
        if effect in own.get(at, {}):
            path = [at]
            while before[path[-1]]:
                path.append(before[path[-1]])
            return path[::-1]
        for callee in sorted(calls.get(at, {})):
            if callee not in before:
                before[callee] = at
                waiting.append(callee)
    raise AssertionError(f"nothing that {name} calls has the effect {effect}")


def bare_condition(findings: Findings, span: Span) -> None:
    """A condition at a clause's end, without `require`."""
    at = Span(span.source, span.start, span.start)
    findings.error("CCL0227", span, "this condition decides nothing", label="is it to be required?",
                   notes=("A clause permits unless a `require` fails or a `deny` is reached.",),
                   fixes=(Fix("require it", (Edit(at, "require "),)),))  # fmt: skip


def evaluated(bodies: Bodies, function: core.Function, span: Span) -> Any:
    """The value of a function without parameters that reads nothing; UNSET where it reads or traps (told)."""
    from ccl import interpret

    needed: dict[str, core.Function] = {function.name: function}
    waiting = [function.name]
    for name in waiting:
        for callee in sorted(bodies.shared.calls.get(name, {})):
            found = needed.get(callee) or bodies.reached(callee)
            if found is not None and callee not in needed:
                needed[callee] = found
                waiting.append(callee)
    order = settled(bodies, needed)
    does = sorted(order[function.name])
    if does:
        bodies.findings.error("CCL0135", span, "a constant cannot depend on what is read when the contract is used",
                              label=f"this has the effect: {', '.join(does)}")  # fmt: skip
        return UNSET
    if bodies.findings.failed:
        return UNSET
    outcome = interpret.run(core.Program("constant", needed), function.name, (), cast(World, None), fuel=1_000_000)
    if outcome.trap is not None:
        bodies.findings.error("CCL0136", span, f"this has no value: the trap `{outcome.trap.code}`",
                              label="evaluated when checking")  # fmt: skip
        return UNSET
    return outcome.value
