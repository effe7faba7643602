"""Roles, electorates and delegation: who may do what, who votes with whom, and through how many hands.

A role's `can:` is necessary, not sufficient: a command that any role names is for holders of one of those roles, and
the clauses must hold besides. Its `requires:` are conditions that a holder must meet, pure functions of what they read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ccl import core, types
from ccl.diagnostics import Edit, Fix, Label
from ccl.elaborate import entries
from ccl.elaborate.contract import Contract
from ccl.source import Span
from ccl.syntax import tree

MOST_SEATS = 1_000_000
MOST_TERMS = 1_000
MOST_WEIGHT = 1_000_000
MOST_DEPTH = 100
UNTIL = ("successor", "term_end")
"""When a holder whose term is over leaves: when a successor is there, or at once."""


@dataclass
class _Said:
    """What the entries of a role have said so far."""

    can: tuple[str, ...] = ()
    requires: list[str] = field(default_factory=list)
    extends: str = ""
    seats: int = 0
    term: entries.TimeSpan = field(default_factory=entries.TimeSpan)
    max_terms: int = 0
    chosen_by: str = ""
    until: str = ""


def role(contract: Contract, decl: tree.RoleDecl) -> core.Role:
    """A `role`. Errors: CCL0329 to CCL0340."""
    name = decl.name.text
    said = _Said()
    if decl.extends is not None:
        said.extends = _parent(contract, tree.Name(decl.extends.span, decl.extends.text))
    readers: Mapping[str, entries.Reader] = {
        "can": lambda e: _can(contract, e, said),
        "requires": lambda e: _requires(contract, e, said, name),
        "extends": lambda e: _extends(contract, e, said),
        "seats": lambda e: _seats(contract, e, said),
        "term": lambda e: _term(contract, e, said),
        "max_terms": lambda e: _max_terms(contract, e, said),
        "chosen_by": lambda e: _chosen_by(contract, e, said),
        "until": lambda e: _until(contract, e, said),
    }
    facts = entries.read(contract, f"role `{name}`", decl.entries, readers)
    for item in decl.items:
        contract.findings.error("CCL0319", item.span, "this has no place in a role",
                                label="a role has entries: `can: [..]; seats: 3;`")  # fmt: skip
    return core.Role(
        name, said.can, tuple(said.requires), said.extends, said.seats, said.term.months, said.max_terms,
        said.chosen_by, said.until, facts, decl.span, said.term.days,
    )  # fmt: skip


def _can(contract: Contract, entry: tree.Entry, said: _Said) -> None:
    wanted = "a list of commands: `[member.suspend, credit.reverse]`"
    value = entries.expression(contract, entry, wanted)
    if value is None:
        return
    patterns: dict[str, Span] = {}
    for item in entries.items(value):
        pattern = entries.dotted(item)
        if pattern is None:
            contract.findings.error("CCL0332", item.span, "here stands the name of a command",
                                    label="such as `credit.transfer` or `credit.*`")  # fmt: skip
        elif pattern in patterns:
            contract.findings.warning("CCL0329", item.span, f"`{pattern}` stands here twice", label="leave it out",
                                      also=(Label(patterns[pattern], "first here"),))  # fmt: skip
        else:
            patterns[pattern] = item.span
            contract.commands(pattern, item.span)
    said.can = tuple(patterns)


def _requires(contract: Contract, entry: tree.Entry, said: _Said, name: str) -> None:
    value = entries.expression(contract, entry, "a list of conditions")
    if value is None:
        return
    for item in entries.items(value):
        if isinstance(item, tree.Wrong):
            continue
        if isinstance(item, tree.NamedExpr):
            _named(contract, item)
            continue
        unique = f"role {name} requires {len(said.requires) + 1}"
        said.requires.append(contract.keep(contract.bodies.expression(unique, item, types.BOOL, ())))


_AS_ENTRY = {"elected_by": "chosen by: ", "chosen_by": "chosen by: ", "term_limit": "term: ", "term": "term: "}


def _named(contract: Contract, item: tree.NamedExpr) -> None:
    """`elected_by: Member` among the conditions: the dialect's, and no condition."""
    better = _AS_ENTRY.get(item.name.text, f"{item.name.text}: ") + contract.sources.text(item.value.span)
    contract.findings.error(
        "CCL0340", item.span, f"`{item.name.text}: ..` is no condition", label="`requires` lists conditions",
        notes=(f"as an entry of the role: `{better};`",),
    )  # fmt: skip


def _parent(contract: Contract, name: tree.Name) -> str:
    """The role that one extends."""
    if name.text in contract.names.roles or name.text in contract.host.roles or name.text.lower() == "member":
        return name.text
    known = [*contract.names.roles, *sorted(contract.host.roles)]
    near = contract.near(name.text, known)
    contract.findings.error(
        "CCL0333", name.span, f"there is no role `{name.text}` to extend",
        label=f"did you mean `{near}`?" if near else "unknown role",
        fixes=(Fix(f"write `{near}`", (Edit(name.span, near),), applicable=False),) if near else (),
    )  # fmt: skip
    return ""


def _extends(contract: Contract, entry: tree.Entry, said: _Said) -> None:
    name = entries.word(contract, entry, "the name of a role")
    if name is not None:
        said.extends = _parent(contract, name)


def _seats(contract: Contract, entry: tree.Entry, said: _Said) -> None:
    said.seats = _count(contract, entry, MOST_SEATS)


def _max_terms(contract: Contract, entry: tree.Entry, said: _Said) -> None:
    said.max_terms = _count(contract, entry, MOST_TERMS)


def _count(contract: Contract, entry: tree.Entry, most: int) -> int:
    value = entries.expression(contract, entry, f"a whole number from 1 to {most:,}")
    found = None if value is None else entries.whole_of(contract, value)
    if value is not None and (found is None or not 1 <= found <= most):
        contract.findings.error("CCL0335", value.span, f"`{entry.name.text}` is a whole number from 1 to {most:,}",
                                label="leave the entry out for no limit")  # fmt: skip
        return 0
    return found or 0


def _term(contract: Contract, entry: tree.Entry, said: _Said) -> None:
    value = entries.expression(contract, entry, "a span of time, such as `2 years`")
    if value is None:
        return
    found = entries.time_span(contract, value)
    if found is None or found.ms or not (found.months or found.days):
        contract.findings.error("CCL0336", value.span, "a term of office is a span of time in days, months or years",
                                label="such as `2 years`")  # fmt: skip
        return
    said.term = found


def _chosen_by(contract: Contract, entry: tree.Entry, said: _Said) -> None:
    name = entries.word(contract, entry, "the name of a proposal")
    if name is not None:
        said.chosen_by = contract.decision_type(name, "CCL0337", "the role is chosen by")


def _until(contract: Contract, entry: tree.Entry, said: _Said) -> None:
    name = entries.word(contract, entry, "`successor` or `term_end`")
    if name is None:
        return
    if name.text not in UNTIL:
        near = contract.near(name.text, UNTIL)
        contract.findings.error(
            "CCL0338", name.span, "a holder stays until a `successor` is there, or until the `term_end`",
            label=f"did you mean `{near}`?" if near else "neither of them",
        )  # fmt: skip
        return
    said.until = name.text


def cycles(contract: Contract, roles: Mapping[str, core.Role]) -> None:
    """Tell of roles that extend themselves, naming the circle. Errors: CCL0334."""
    seen: set[str] = set()
    for begin in roles:
        path: dict[str, None] = {}
        role = begin
        while role in roles and role not in seen:
            seen.add(role)
            path[role] = None
            role = roles[role].extends
        if role not in path:
            continue
        walked = list(path)
        circle = walked[walked.index(role) :]
        start = min(circle, key=lambda name: roles[name].span)
        at = circle.index(start)
        circle = [*circle[at:], *circle[:at]]
        contract.findings.error(
            "CCL0334", roles[start].span, f"the role `{start}` extends itself: {' -> '.join([*circle, start])}",
            label="take one of these `extends` away",
        )  # fmt: skip


# -- electorates and delegation ----------------------------------------------------------------------------------------


def electorate(contract: Contract, decl: tree.ElectorateDecl) -> core.Electorate:
    """An `electorate`: whose holders it is (by default the role of its own name), and what each ballot weighs.

    Errors: CCL0381, CCL0382.
    """
    name = decl.name.text
    of: list[str] = []
    weights: list[int] = [] if decl.weight is None else [_weight(contract, decl.weight)]
    readers: Mapping[str, entries.Reader] = {
        "of": lambda e: of.append(_of(contract, e)),
        "weight": lambda e: weights.append(_entry_weight(contract, e)),
    }
    entries.read(contract, f"electorate `{name}`", decl.entries, readers)
    if not of:
        holders = _holders(contract, name)
        if holders:
            of.append(holders)
        else:
            contract.findings.error(
                "CCL0381", decl.name.span, f"who belongs to the electorate `{name}`?",
                label="there is no role of that name", notes=(f"say it: `electorate {name} {{ of: role worker; }}`",),
            )  # fmt: skip
            of.append("")
    return core.Electorate(name, of[0], weights[0] if weights else 1, decl.span)


def _holders(contract: Contract, name: str) -> str:
    """The role that an electorate is named after: `Workers` are those who hold `Workers`, `Worker` or `worker`."""
    known = {*contract.names.roles, *contract.host.roles}
    single = name.removesuffix("s")
    return next((role for role in (name, single, name.lower(), single.lower()) if role in known), "")


def _of(contract: Contract, entry: tree.Entry) -> str:
    """`role NAME`, a role's name, or `members`."""
    value = entry.value
    name: tree.Name | None = None
    if isinstance(value, tree.CallExpr) and len(value.args) == 1 and entries.dotted(value.target) == "role":
        name = entries.named(value.args[0].value)
    elif value is not None:
        name = entries.word(contract, entry, "`role NAME`, or `members`")
        if name is None:
            return ""
    if name is None:
        entries.wrong(contract, entry, "`role NAME`, or `members`")
        return ""
    found = contract.voters(tree.Name(name.span, name.text.removeprefix("role ").strip()), "CCL0381", "it is made of")
    if found in contract.electorates:
        contract.findings.error("CCL0381", name.span, "an electorate is made of the holders of a role",
                                label="this is an electorate")  # fmt: skip
        return ""
    return found


def _entry_weight(contract: Contract, entry: tree.Entry) -> int:
    value = entries.expression(contract, entry, f"a whole number from 1 to {MOST_WEIGHT:,}")
    return 1 if value is None else _weight(contract, value)


def _weight(contract: Contract, value: tree.Expr) -> int:
    found = entries.whole_of(contract, value)
    if found is None or not 1 <= found <= MOST_WEIGHT:
        contract.findings.error("CCL0382", value.span, f"a ballot's weight is a whole number from 1 to {MOST_WEIGHT:,}",
                                label="who has no vote is left out of the electorate")  # fmt: skip
        return 1
    return found


def delegation(contract: Contract, decl: tree.DelegateDecl) -> core.Delegation:
    """A `delegate scope ..`. Errors: CCL0383."""
    depth = 1
    if decl.depth is not None:
        found = entries.whole_of(contract, decl.depth)
        if found is None or not 1 <= found <= MOST_DEPTH:
            contract.findings.error("CCL0383", decl.depth.span, f"a depth is a whole number from 1 to {MOST_DEPTH}",
                                    label="1: whom I give my vote to casts it")  # fmt: skip
        else:
            depth = found
    expires = entries.TimeSpan()
    if decl.expires is not None:
        span = entries.time_span(contract, decl.expires)
        if span is None or span == entries.TimeSpan():
            contract.findings.error("CCL0383", decl.expires.span, "a delegation expires after a span of time",
                                    label="such as `1 year`")  # fmt: skip
        else:
            expires = span
    return core.Delegation(decl.scope.value, depth, expires.months, expires.days * entries.DAY_MS + expires.ms,
                           decl.span)  # fmt: skip
