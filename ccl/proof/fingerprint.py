"""Whether two contracts judge a command by the very same text: then nothing has to be solved.

A fingerprint holds all that a judgement can depend on: the plan of clauses, guards, exceptions and roles for every unit
that a clause names, the functions with all that they call, and the declarations of the parameters that they read. Equal
fingerprints mean equal judgements; different ones may still. It knows no solver.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from ccl import core, rulebook, semantics
from ccl.host import Host
from ccl.rulebook import Reference, Rule, Rulebook


class Fingerprints:
    """Of one program."""

    def __init__(self, program: core.Program, host: Host) -> None:
        self.program = program
        self.book = Rulebook(program, host, Reference(program))
        self._closures: dict[str, bytes] = {}
        self._params = {p.name: p for p in program.params}
        self._states = {s.name: s for s in program.states}

    def command(self, name: str, units: Sequence[str]) -> bytes:
        """Of the judgement of a command or read."""
        digest = hashlib.sha256()
        for unit in ("", *units):
            plan = self.book.plan(name, unit)
            digest.update(f"unit {unit!r} {len(plan.rules)}\n".encode())
            for role, requires in plan.gate.roles if plan.gate else ():
                digest.update(f"role {role!r}\n".encode())
                digest.update(b"".join(map(self.function, requires)))
            for rule in plan.rules:
                self._rule(digest, rule)
        return digest.digest()

    def _rule(self, digest: Any, rule: Rule) -> None:
        clause = rule.clause
        for function in (clause.guard, clause.body):
            digest.update(self.function(function) if function else b"-")
        digest.update(repr(clause.approvals).encode())
        digest.update(f"exceptions {len(rule.exceptions)}\n".encode())
        for exception in rule.exceptions:
            self._rule(digest, exception)

    def function(self, name: str) -> bytes:
        """Of a function, with those that it calls, in the order called, and the parameters and states it reads."""
        found = self._closures.get(name)
        if found is None:
            function = self.program.functions[name]
            digest = hashlib.sha256(semantics.function_bytes(function))
            for callee in semantics.callees(function):
                digest.update(self.function(callee))
            for node in _nodes(function.body):
                if isinstance(node, core.ParamValue) and node.name in self._params:
                    param = self._params[node.name]
                    digest.update(repr((param.type, param.default, param.low, param.high)).encode())
                elif isinstance(node, core.StateValue) and node.name in self._states:
                    digest.update(repr(self._states[node.name].type).encode())
            found = self._closures[name] = digest.digest()
        return found


def governed(old: core.Program, new: core.Program, host: Host) -> tuple[str, ...]:
    """The host's commands and reads that a clause or a role of either version names, by name."""
    targets = [t for program in (old, new) for c in program.clauses for t in c.targets]
    targets += [can for program in (old, new) for role in program.roles for can in role.can]
    known = {name for name in host.commands if rulebook._names(targets, name)}
    exact = {t for t in targets if t != "*" and not t.endswith(".*")}
    return tuple(sorted(known | exact))


def _nodes(of: Any) -> Iterable[Any]:
    """Every node under one, in the order written."""
    pending = [of]
    while pending:
        node = pending.pop()
        if isinstance(node, tuple):
            pending.extend(reversed(node))
        elif dataclasses.is_dataclass(node) and not isinstance(node, type):
            yield node
            pending.extend(getattr(node, f.name) for f in reversed(dataclasses.fields(node)) if f.name != "type")
