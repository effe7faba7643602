"""Triggers: what happens after a command, or every so often, and how much that can be at most.

Triggers form no circle: what one does sets off none that, in the end, sets off the first again. Each has a known
greatest number of commands and amount of money. Where that does not follow from what it does, the author states it
(`trigger dues every 1 month at most 50 commands, 1000 CREDIT { .. }`), and the host holds the trigger to it.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ccl import core, types
from ccl.elaborate import entries
from ccl.elaborate.contract import Contract
from ccl.elaborate.extent import Extent, extent
from ccl.host import CommandSpec
from ccl.syntax import tree

MOST_COMMANDS = 100_000


@dataclass
class Triggers:
    """The triggers so far, with what their authors state of them."""

    contract: Contract
    found: list[core.Trigger] = field(default_factory=list)
    heads: list[tree.TriggerDecl] = field(default_factory=list)

    def add(self, decl: tree.TriggerDecl) -> None:
        """Elaborate a trigger. Errors: CCL0341, CCL0389."""
        name = decl.name.text
        commands = self._commands(decl)
        every = entries.TimeSpan() if decl.every is None else self._every(decl.every)
        if bool(decl.targets) is (decl.every is not None):
            self.contract.findings.error(
                "CCL0389", decl.name.span, f"what sets off `{name}`?",
                label="`on` a command, or `every` so often: one of the two",
            )  # fmt: skip
            return
        if (decl.targets and not commands) or every is None:
            return
        unique = f"trigger {name}"
        bodies, keep = self.contract.bodies, self.contract.keep
        guard = ""
        if decl.guard is not None:
            guard = keep(bodies.guard(f"{unique} when", decl.guard, commands, types.OWN_UNIT))
        action = keep(bodies.action(unique, decl.body, (), commands))
        targets = tuple(dict.fromkeys(t.pattern for t in decl.targets))
        ms = every.days * entries.DAY_MS + every.ms
        self.found.append(core.Trigger(name, targets, every.months, ms, guard, action, decl.span))
        self.heads.append(decl)

    def _commands(self, decl: tree.TriggerDecl) -> tuple[CommandSpec, ...]:
        found: dict[str, CommandSpec] = {}
        for target in decl.targets:
            found.update((spec.name, spec) for spec in self.contract.commands(target.pattern, target.span))
        return tuple(found.values())

    def _every(self, value: tree.Expr) -> entries.TimeSpan | None:
        span = entries.time_span(self.contract, value)
        if span is None or span == entries.TimeSpan():
            self.contract.findings.error("CCL0389", value.span, "a trigger goes off every so often",
                                         label="such as `every 1 month`")  # fmt: skip
            return None
        return span

    # -- all of them together

    def settle(self, params: Sequence[core.Parameter]) -> tuple[core.Trigger, ...]:
        """The triggers with what they do at most, after the checks of all. Errors: CCL0387, CCL0388."""
        by_name, commands = {p.name: p for p in params}, self.contract.host.commands
        extents = [extent(t.action, self.contract.functions, by_name, commands) for t in self.found]
        self._circle(extents)
        return tuple(
            self._limited(trigger, head, most)
            for trigger, head, most in zip(self.found, self.heads, extents, strict=True)
        )

    def _circle(self, extents: Sequence[Extent]) -> None:
        """Tell of a circle, naming the triggers and the commands between them."""
        given = sorted({name for most in extents for name in most.names})
        leads: dict[str, dict[str, int]] = {name: {} for name in given}
        for at, (trigger, most) in enumerate(zip(self.found, extents, strict=True)):
            for command in given if most.names else ():
                if any(_names(target, command) for target in trigger.targets):
                    for following in sorted(most.names):
                        leads[command].setdefault(following, at)
        ways = [way for command in given if (way := _way_back(command, leads)) is not None]
        if not ways:
            return
        steps = [(leads[one][to], to) for one, to in itertools.pairwise(ways[0])]
        first = steps.index(min(steps))
        steps = [*steps[first:], *steps[:first]]
        begin = self.heads[steps[0][0]]
        shown = " -> ".join(f"{self.found[at].name} ({command})" for at, command in steps)
        self.contract.findings.error(
            "CCL0387", begin.name.span, f"triggers set each other off in a circle: {shown} -> {begin.name.text}",
            label="this one sets itself off in the end", notes=("take one of these commands out of its trigger",),
        )  # fmt: skip

    def _limited(self, trigger: core.Trigger, head: tree.TriggerDecl, most: Extent) -> core.Trigger:
        commands, money = self._stated(head)
        unknown: list[str] = []
        most_commands = _less(most.commands, commands)
        if most_commands is None:
            unknown.append("commands")
        amounts: dict[str, int] = {}
        for unit, amount in sorted(most.money.items()):
            limit = _less(amount, money.get(unit))
            if limit is None:
                unknown.append("money" if unit == types.OWN_UNIT else unit)
            else:
                amounts[unit] = limit
        if unknown:
            self.contract.findings.error(
                "CCL0388", head.name.span if most.why is None else most.why,
                f"how much `{trigger.name}` can do at most does not show: {', '.join(unknown)}",
                label="this may be anything",
                notes=(f"state it, and hold it to that: `trigger {trigger.name} .. at most 50 commands, 1000 CREDIT`",),
            )  # fmt: skip
        return replace(trigger, most_commands=most_commands or 0, most_money=tuple(amounts.items()))

    def _stated(self, head: tree.TriggerDecl) -> tuple[int | None, dict[str, int]]:
        """What the author states: commands, and money in minor units by unit."""
        commands: list[int] = []
        money: dict[str, int] = {}
        for entry in head.entries:
            if isinstance(entry.value, tree.MoneyLit):
                unit = entry.value.unit.text
                amount = self.contract.constant(entry.value, types.Money(unit))
                if isinstance(amount, int):
                    money[unit] = amount
            else:
                found = entries.whole(self.contract, entry, 0, MOST_COMMANDS)
                commands += [] if found is None else [found]
        return (commands[0] if commands else None), money


def _less(computed: int | None, stated: int | None) -> int | None:
    """The smaller of two limits, where there are two."""
    known = [limit for limit in (computed, stated) if limit is not None]
    return min(known) if known else None


def _names(target: str, command: str) -> bool:
    return target in (command, "*") or (target.endswith(".*") and command.startswith(target[:-1]))


def _way_back(start: str, follows: Mapping[str, Mapping[str, int]]) -> list[str] | None:
    """The shortest way from a command, through what it sets off, back to itself."""
    pending = [[start]]
    seen: set[str] = set()
    while pending:
        path = pending.pop(0)
        for following in follows[path[-1]]:
            if following == start:
                return [*path, start]
            if following not in seen:
                seen.add(following)
                pending.append([*path, following])
    return None
