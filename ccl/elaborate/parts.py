"""The parts of a contract, each elaborated, and what can only be seen of all of them together.

They come in an order in which each finds what it names: who votes and what is decided, parameters and states,
functions, roles and proposals, properties, clauses, triggers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ccl import core, types
from ccl.diagnostics import Edit, Fix, Label
from ccl.elaborate import contract as contracts
from ccl.elaborate import entries, params, proposals, roles, versions
from ccl.elaborate.clauses import Clauses
from ccl.elaborate.contract import Contract
from ccl.elaborate.names import UNSET
from ccl.elaborate.resolve import resolve
from ccl.elaborate.triggers import Triggers
from ccl.host import decision_type
from ccl.load import Loaded
from ccl.proof.standard import ACCEPTABLE
from ccl.source import Span
from ccl.syntax import tree

ACTION_EFFECTS = frozenset({"write", "command", "notice"})
"""What a function does that makes it an action."""


@dataclass
class Parts:
    """The parts of the program, as they come about."""

    contract: Contract
    items: list[tuple[tree.Item, str]]
    replaced: Mapping[tuple[type, str], tree.Item]
    previous: core.Program | None
    electorates: list[core.Electorate] = field(default_factory=list)
    params: list[core.Parameter] = field(default_factory=list)
    states: list[core.State] = field(default_factory=list)
    roles: list[core.Role] = field(default_factory=list)
    proposals: list[core.Proposal] = field(default_factory=list)
    delegations: list[core.Delegation] = field(default_factory=list)
    triggers: tuple[core.Trigger, ...] = ()
    clauses: tuple[core.Clause, ...] = ()
    properties: list[tuple[tree.PropertyDecl, str]] = field(default_factory=list)
    bounds: dict[str, tuple[core.Bound, ...]] = field(default_factory=dict)
    accepts: list[tuple[str, str]] = field(default_factory=list)
    tests: list[tree.TestDecl] = field(default_factory=list)
    transition: tree.TransitionDecl | None = None
    transitions: tuple[tuple[str, str], ...] = ()
    migrations: tuple[core.Migration, ...] = ()

    def of(self, cls: type[Any]) -> list[Any]:
        """The items of a kind, in order."""
        return [item for item, _ in self.items if isinstance(item, cls)]

    # -- names that others speak of

    def declare(self) -> None:
        """Note who votes and what is decided, and the decimals of units that the host knows too."""
        contract = self.contract
        for decl in self.of(tree.ProposalDecl):
            self._once(contract.proposals, decl.name, "proposal")
        for decl in self.of(tree.ElectorateDecl):
            self._once(contract.electorates, decl.name, "electorate")
        for decl in self.of(tree.UnitDecl):
            entries.read(contract, f"unit {decl.name.text}", decl.entries, {"decimals": lambda entry: None})
            ours, theirs = contract.names.units.get(decl.name.text), contract.host.units.get(decl.name.text)
            if ours is not None and theirs is not None and ours != theirs:
                contract.findings.error(
                    "CCL0307", decl.name.span, f"{decl.name.text} has {theirs} decimals in this space, not {ours}",
                    label="other decimals",
                )  # fmt: skip

    def _once(self, known: dict[str, Span], name: tree.Name, what: str) -> None:
        first = known.setdefault(name.text, name.span)
        if first is not name.span:
            self.contract.findings.error("CCL0341", name.span, f"there are two of the {what} `{name.text}`",
                                         label="again here", also=(Label(first, "the first"),))  # fmt: skip

    # -- elaboration

    def elaborate(self) -> None:
        """Every part, in an order in which each finds what it names."""
        contract = self.contract
        for item, _ in self.items:
            place = _PLACES.get(type(item))
            if place is not None:
                place(contract, item)
        self.electorates = [roles.electorate(contract, d) for d in self.of(tree.ElectorateDecl)]
        self._params()
        contract.functions.update(contract.bodies.everything())
        self._states()
        self._roles()
        self.proposals = [proposals.proposal(contract, d) for d in self.of(tree.ProposalDecl)]
        scopes: dict[str, Span] = {}
        for decl in self.of(tree.DelegateDecl):
            self._once(scopes, tree.Name(decl.scope.span, decl.scope.value), "delegation")
            self.delegations.append(roles.delegation(contract, decl))
        self._properties()
        self._transition()
        clauses, triggers = self._judging()
        contract.functions = contract.bodies.finish()
        self.clauses = clauses.settle(contract.names.enums)
        self.triggers = triggers.settle(self.params)
        self._decided()

    def _params(self) -> None:
        contract = self.contract
        for decl in self.of(tree.ParamDecl):
            if contract.names.params[decl.name.text].span != decl.span:
                continue
            base = self.replaced.get((tree.ParamDecl, decl.name.text))
            found = params.parameter(contract, decl, base if isinstance(base, tree.ParamDecl) else None)
            self.params += [] if found is None else [found]

    def _states(self) -> None:
        contract = self.contract
        for decl in self.of(tree.StateDecl):
            if contract.names.states[decl.name.text].decl is decl:
                made = params.state(contract, decl)
                self.states += [] if made is None else [made]

    def _roles(self) -> None:
        declared = self.contract.names.roles
        decls = [d for d in self.of(tree.RoleDecl) if declared[d.name.text] == d.name.span]
        self.roles = [roles.role(self.contract, d) for d in decls]
        roles.cycles(self.contract, {r.name: r for r in self.roles})

    def _judging(self) -> tuple[Clauses, Triggers]:
        """Clauses layer by layer, each layer's exceptions after its clauses; then triggers."""
        clauses, triggers = Clauses(self.contract), Triggers(self.contract)
        for layer in self.contract.layers:
            own = [item for item in layer.items if isinstance(item, tree.ClauseDecl)]
            for decl in own:
                if decl.replaces is None:
                    clauses.add(decl, layer.base)
            for decl in own:
                if decl.replaces is not None:
                    clauses.exception(decl, layer.base)
        named: dict[str, Span] = {}
        for decl in self.of(tree.TriggerDecl):
            self._once(named, decl.name, "trigger")
            if named[decl.name.text] is decl.name.span:
                triggers.add(decl)
        return clauses, triggers

    def _properties(self) -> None:
        """Properties, each a function to Bool with the bounds of what it is of; and those accepted by name."""
        contract = self.contract
        named: dict[str, Span] = {}
        for decl in self.of(tree.PropertyDecl):
            self._once(named, decl.name, "property")
            if named[decl.name.text] is not decl.name.span:
                continue
            unique = f"property {decl.name.text}"
            given = _given(contract, decl)
            contract.keep(contract.bodies.expression(unique, decl.body, types.BOOL, tuple(given.items())))
            self.properties.append((decl, unique))
            self.bounds[decl.name.text] = _bounds(contract, decl, given)
        accepted: dict[str, Span] = {}
        known = ACCEPTABLE | named.keys()
        for accept in self.of(tree.AcceptDecl):
            if accept.name.text not in known:
                near = contract.near(accept.name.text, known)
                contract.findings.error(
                    "CCL0397", accept.name.span, f"there is no property `{accept.name.text}` to accept",
                    label=f"did you mean `{near}`?" if near else "unknown property",
                    notes=(f"there are: {contracts.listed(sorted(known))}",),
                )  # fmt: skip
                continue
            first = accepted.setdefault(accept.name.text, accept.name.span)
            if first is not accept.name.span:
                contract.findings.error("CCL0397", accept.name.span, f"`{accept.name.text}` is accepted twice",
                                        label="leave one of them out", also=(Label(first, "the first"),))  # fmt: skip
            elif accept.reason is None or not accept.reason.value.strip():
                contract.findings.error("CCL0397", accept.span, "why is this accepted?",
                                        label='write `because ".."` after it')  # fmt: skip
            else:
                self.accepts.append((accept.name.text, accept.reason.value))
        self.tests = self.of(tree.TestDecl)

    def _transition(self) -> None:
        found = self.of(tree.TransitionDecl)
        if not found:
            return
        self.transition = found[0]
        for other in found[1:]:
            self.contract.findings.error("CCL0391", other.span, "a version has one transition",
                                         label="put this into the first",
                                         also=(Label(found[0].span, "the first"),))  # fmt: skip
        kinds = {f"state {s.name}": s.type for s in self.states}
        kinds.update({f"param {p.name}": p.type for p in self.params})
        self.transitions = versions.transition(self.contract, found[0])
        self.migrations = versions.migrations(self.contract, found[0], self.previous, kinds)

    def _decided(self) -> None:
        """`decided("x")` names a type of decision that there is, if the host says which it has."""
        contract = self.contract
        if not contract.host.decision_types:
            return
        known = frozenset(contract.decision_types())
        named = frozenset(map(decision_type, known))
        for function in contract.functions.values():
            if any(site.name == "decided" for site in function.sites):
                for view in _views(function.body, "decided"):
                    for arg in view.args:
                        if isinstance(arg, core.Const) and isinstance(arg.value, str) and arg.value not in named:
                            self._unknown_decision(arg, known)

    def _unknown_decision(self, arg: core.Const, known: frozenset[str]) -> None:
        near = self.contract.near(arg.value, known)
        self.contract.findings.error(
            "CCL0342", arg.span, f"nothing is ever decided as `{arg.value}`",
            label=f"did you mean `{near}`?" if near else "no such type of decision",
            notes=(f"decisions are: {contracts.listed(sorted(known))}",),
            fixes=(Fix(f"write `{near}`", (Edit(arg.span, f'"{near}"'),), applicable=False),) if near else (),
        )  # fmt: skip

    # -- the whole

    def program(self, loaded: Loaded, head: contracts.Head) -> core.Program:
        """The program that the parts make."""
        names, functions = self.contract.names, self.contract.functions
        exports = {name: info.unique for name, info in names.functions.items()}
        actions = tuple(u for u in exports.values() if u in functions and functions[u].effects & ACTION_EFFECTS)
        return core.Program(
            loaded.name, functions, names.structs, names.enums, self.clauses, tuple(self.params), tuple(self.states),
            tuple(self.roles), tuple(self.proposals), self.triggers, actions, exports, dict(names.units),
            head.edition, head.version, head.scope, head.timezone, head.holidays, loaded.extends, head.facts,
            tuple(self.accepts), tuple(self.properties), tuple(self.tests), self.transition,
            tuple(self.electorates), tuple(self.delegations), self.transitions, self.migrations, self.bounds,
            loaded.bases,
        )  # fmt: skip


def _given(contract: Contract, decl: tree.PropertyDecl) -> dict[str, types.Type]:
    """What a property is of: its parameters, with their types."""
    return {
        p.pattern.name.text: resolve(contract.names, p.type)
        for p in decl.params
        if isinstance(p.pattern, tree.BindPattern) and p.type is not None
    }


def _bounds(contract: Contract, decl: tree.PropertyDecl, given: Mapping[str, types.Type]) -> tuple[core.Bound, ...]:
    """Between what a property's parameters, and the number of members, are taken to lie. Errors: CCL0343."""
    found: list[core.Bound] = []
    for expr in decl.ranges:
        bound = _bound(contract, expr, given)
        if bound is not None:
            found.append(bound)
    return tuple(found)


_ENDS = {">=": (0, None), ">": (1, None), "<=": (None, 0), "<": (None, -1), "==": (0, 0)}
"""How a comparison bounds its left side: what is added to the right one, for the low end and for the high one."""


def _bound(contract: Contract, expr: tree.Expr, kinds: Mapping[str, types.Type]) -> core.Bound | None:
    if isinstance(expr, tree.BinaryExpr) and isinstance(expr.left, tree.PathExpr):
        name = expr.left.path.text
        kind = kinds.get(name, types.INTEGER)
        if isinstance(expr.right, tree.RangeExpr) and expr.operator == "in":
            ends = [None if end is None else contract.constant(end, kind) for end in (expr.right.low, expr.right.high)]
            return None if UNSET in ends else core.Bound(name, ends[0], ends[1])
        ways = _ENDS.get(expr.operator)
        if ways is not None and (kind == types.INTEGER or expr.operator in (">=", "<=", "==")):
            value = contract.constant(expr.right, kind)
            if value is UNSET:
                return None
            low, high = (None if way is None else value + way for way in ways)
            return core.Bound(name, low, high)
    contract.findings.error("CCL0343", expr.span, "what a property is for is said by ranges and comparisons",
                            label="such as `members >= 5`, or `n: Integer in 0..9`")  # fmt: skip
    return None


def _views(block: core.Block, name: str) -> list[core.View]:
    """The readings of a view in a function's body."""
    found: list[core.View] = []
    pending: list[Any] = [block]
    while pending:
        node = pending.pop()
        if isinstance(node, core.View) and node.name == name:
            found.append(node)
        if isinstance(node, tuple):
            pending.extend(node)
        elif hasattr(node, "__dataclass_fields__"):
            pending.extend(getattr(node, f) for f in node.__dataclass_fields__ if f not in ("type", "span"))
    return found


def _stray_standard(contract: Contract, item: tree.StandardDecl) -> None:
    contracts.unexpected(contract, item, f"the {item.what} of a vote stands in its `proposal`")


def _stray_contract(contract: Contract, item: tree.ContractDecl) -> None:
    contracts.unexpected(contract, item, "a contract does not stand in another; it may extend one")


_PLACES: Mapping[type, Callable[[Contract, Any], None]] = {
    tree.BlockItem: contracts.dialect_block,
    tree.StandardDecl: _stray_standard,
    tree.ContractDecl: _stray_contract,
}
"""Items that have no meaning where they stand, or of which that is still to be seen."""
