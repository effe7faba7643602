"""Proposals: who votes, how long, what carries, and what is then done.

The execution is an action: a function of the proposal's fields, which are what its parameters and its typed or free
entries declare (`amount: Money<CREDIT>;`, `recipient: Did = ..;`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ccl import core, types
from ccl.diagnostics import Label
from ccl.elaborate import entries, params, thresholds
from ccl.elaborate.contract import Contract
from ccl.elaborate.names import UNSET
from ccl.elaborate.resolve import resolve
from ccl.source import Span
from ccl.syntax import tree

MOST_SPONSORS = 10_000
BALLOTS = ("open", "closed")
PHASES = ("discussion", "deliberation", "implementation")
_VOTED_OTHERWISE = frozenset({"stages", "vote_type", "voting_method", "vote_method", "voting", "method"})
_MOST_MS = 100 * 366 * entries.DAY_MS


@dataclass
class _Said:
    """What a proposal has said so far."""

    name: str
    description: str = ""
    eligible: str = "Member"
    quorum: tuple[int, int] = (0, 1)
    quorum_base: str = "electorate"
    quorum_strict: bool = False
    quorum_classes: list[str] = field(default_factory=list)
    threshold: core.Threshold = thresholds.MAJORITY
    duration_ms: int | None = None
    veto: str = ""
    phases: dict[str, int] = field(default_factory=dict)
    ballot: str = ""
    delegation: bool = True
    early: bool = False
    sponsors: int = 0
    execution: tree.Block | None = None
    fields: dict[str, Field] = field(default_factory=dict)
    places: dict[str, Span] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a proposal: what a proposer fills in, or what stands there already."""

    name: tree.Name
    type: types.Type
    written: tree.TypeExpr | None
    required: bool
    default: Any = None


def proposal(contract: Contract, decl: tree.ProposalDecl) -> core.Proposal:
    """A `proposal`. Errors: CCL0370 to CCL0386."""
    said = _Said(decl.name.text)
    for param in decl.params:
        _param(contract, param, said)
    readers = {name: _reader(contract, said, read) for name, read in _ENTRIES.items()}
    readers.update({name: _reader(contract, said, _phase) for name in PHASES})
    facts = entries.read(contract, f"proposal `{said.name}`", decl.entries, readers,
                         lambda e: _field(contract, e, said))  # fmt: skip
    for item in decl.items:
        if isinstance(item, tree.StandardDecl):
            _standard(contract, item, said)
        elif not isinstance(item, tree.Wrong):
            contract.findings.error("CCL0319", item.span, "this has no place in a proposal",
                                    label="declare it in the contract")  # fmt: skip
    if said.duration_ms is None:
        contract.findings.error(
            "CCL0374", decl.name.span, f"how long is a vote on `{said.name}` open?", label="its `duration` is missing",
            notes=("write for instance `duration: 7 days;`",),
        )  # fmt: skip
    return core.Proposal(
        said.name, said.description, said.eligible, said.quorum, said.quorum_base, said.threshold,
        said.duration_ms or 0, tuple((f.name.text, f.type, f.default) for f in said.fields.values()),
        _execution(contract, decl, said), said.veto, facts, decl.span,
        frozenset(name for name, f in said.fields.items() if f.required), said.quorum_strict,
        tuple(said.quorum_classes), tuple(said.phases.items()), said.ballot, said.delegation, said.early,
        said.sponsors,
    )  # fmt: skip


def _reader(contract: Contract, said: _Said, read: Any) -> entries.Reader:
    """An entry with a type of its own is a field, whatever its name: `description: String`."""

    def take(entry: tree.Entry) -> None:
        if entry.type is not None:
            _field(contract, entry, said)
        else:
            read(contract, entry, said)

    return take


def _execution(contract: Contract, decl: tree.ProposalDecl, said: _Said) -> str:
    if said.execution is None:
        return ""
    unique = f"execution {said.name}"
    listed = tuple((name, f.type) for name, f in said.fields.items())
    return contract.keep(contract.bodies.action(unique, said.execution, listed))


# -- entries -----------------------------------------------------------------------------------------------------------


def _description(contract: Contract, entry: tree.Entry, said: _Said) -> None:
    said.description = entries.text(contract, entry)


def _eligible(contract: Contract, entry: tree.Entry, said: _Said) -> None:
    name = entries.word(contract, entry, "a role, an electorate, or `members`")
    if name is not None:
        found = contract.voters(name, "CCL0375", "eligible are")
        said.eligible = {"members": "Member", "": said.eligible}.get(found, found)


def _quorum(contract: Contract, entry: tree.Entry, said: _Said) -> None:
    value = entries.expression(contract, entry, "a part of those who may vote, such as `50%`")
    if value is not None:
        said.places["quorum"] = entry.span
        said.quorum = thresholds.quorum_part(contract, value) or said.quorum


def _threshold(contract: Contract, entry: tree.Entry, said: _Said) -> None:
    value = entries.expression(contract, entry, "`majority`, `supermajority(2/3)`, `consensus` or `unanimous`")
    if value is not None:
        said.places["approval"] = entry.span
        said.threshold = thresholds.threshold(contract, value) or said.threshold


def _duration(contract: Contract, entry: tree.Entry, said: _Said) -> None:
    said.duration_ms = 1
    value = entries.expression(contract, entry, "a span of time in days or hours, such as `7 days`")
    if value is None:
        return
    found = entries.time_span(contract, value)
    if found is None or found.months or not 0 < found.days * entries.DAY_MS + found.ms <= _MOST_MS:
        contract.findings.error("CCL0374", value.span, "a vote lasts for a span of days or hours, such as `7 days`",
                                label="months differ in length" if found and found.months else "not that")  # fmt: skip
        return
    said.duration_ms = found.days * entries.DAY_MS + found.ms


def _phase(contract: Contract, entry: tree.Entry, said: _Said) -> None:
    said.phases[entries.key(entry)] = entries.milliseconds(contract, entry)


def _executes(contract: Contract, entry: tree.Entry, said: _Said) -> None:
    if isinstance(entry.value, tree.Block):
        said.execution = entry.value
    elif isinstance(entry.value, tree.BlockExpr):
        said.execution = entry.value.block
    elif isinstance(entry.value, tree.MapExpr) and not entry.value.pairs:
        said.execution = tree.Block(entry.value.span, (), None)
    elif not isinstance(entry.value, tree.Wrong):
        contract.findings.error("CCL0385", entry.span, "what a proposal does stands between braces",
                                label="write `execution: { .. }`")  # fmt: skip


def _veto(contract: Contract, entry: tree.Entry, said: _Said) -> None:
    name = entries.word(contract, entry, "a role or an electorate")
    if name is not None:
        said.veto = contract.voters(name, "CCL0378", "a veto is for")


def _ballot(contract: Contract, entry: tree.Entry, said: _Said) -> None:
    name = entries.word(contract, entry, "`open` or `closed`")
    if name is not None and name.text in BALLOTS:
        said.ballot = name.text
    elif name is not None:
        entries.wrong(contract, entry, "`open` or `closed`")


def _delegation(contract: Contract, entry: tree.Entry, said: _Said) -> None:
    said.delegation = entries.yes(contract, entry)


def _early(contract: Contract, entry: tree.Entry, said: _Said) -> None:
    said.early = entries.yes(contract, entry)


def _sponsors(contract: Contract, entry: tree.Entry, said: _Said) -> None:
    said.sponsors = entries.whole(contract, entry, 0, MOST_SPONSORS) or 0


_ENTRIES: Mapping[str, Any] = {
    "description": _description,
    "eligible": _eligible,
    "quorum": _quorum,
    "threshold": _threshold,
    "duration": _duration,
    "execution": _executes,
    "veto": _veto,
    "ballot": _ballot,
    "delegation": _delegation,
    "early": _early,
    "sponsors": _sponsors,
}


def _standard(contract: Contract, decl: tree.StandardDecl, said: _Said) -> None:
    """A long form: it stands once, and not besides the short one; a quorum by class once for each class."""
    what = "quorum" if decl.what == "quorum" else "approval"
    first = said.places.get(what)
    by_class = what == "quorum" and decl.base.text not in ("electorate", "members")
    if first is not None and not (by_class and said.quorum_classes):
        contract.findings.error(
            "CCL0379", decl.span, f"the {what} is said twice", label="leave one of them out",
            also=(Label(first, "said here"),),
        )  # fmt: skip
        return
    said.places.setdefault(what, decl.span)
    if what == "approval":
        said.threshold = thresholds.approval(contract, decl) or said.threshold
        return
    strict = decl.word == "more than"
    part = thresholds.quorum_part(contract, decl.part, strict)
    if part is None:
        return
    if by_class:
        _class_quorum(contract, decl, said, part, strict)
    else:
        said.quorum_base = decl.base.text
    said.quorum, said.quorum_strict = part, strict


def _class_quorum(contract: Contract, decl: tree.StandardDecl, said: _Said, part: tuple[int, int],
                  strict: bool) -> None:  # fmt: skip
    """One more class that must reach the quorum; it is the same for each."""
    name = contract.voters(tree.Name(decl.base.span, decl.base.text), "CCL0376", "the quorum is of")
    if said.quorum_classes and (part, strict) != (said.quorum, said.quorum_strict):
        contract.findings.error("CCL0379", decl.span, "each class has the same quorum", label="another one here",
                                also=(Label(said.places["quorum"], "the first"),))  # fmt: skip
    if name in said.quorum_classes:
        contract.findings.error("CCL0379", decl.span, f"the quorum of `{name}` is said twice",
                                label="leave one of them out")  # fmt: skip
    elif name:
        said.quorum_classes.append(name)


# -- fields ------------------------------------------------------------------------------------------------------------


def _param(contract: Contract, param: tree.Param, said: _Said) -> None:
    if not isinstance(param.pattern, tree.BindPattern) or param.type is None:
        contract.findings.error("CCL0384", param.span, "a proposal's field has a name and a type",
                                label="such as `amount: Money<CREDIT>`")  # fmt: skip
        return
    _add(contract, said, param.pattern.name, param.type, param.default)


def _field(contract: Contract, entry: tree.Entry, said: _Said) -> None:
    """A typed entry, or one with a value whose type shows: `recipient: did:coop:kitchen`."""
    name = entries.key(entry)
    if name in _VOTED_OTHERWISE and entry.type is None:
        contract.findings.error(
            "CCL0386", entry.name.span, f"`{entry.name.text}` is not how a vote is described here",
            label="a proposal is decided by one vote on yes or no",
            notes=("for two votes write two proposals, the first of which opens the second when carried out",),
        )  # fmt: skip
        return
    if isinstance(entry.value, tree.Block):
        contract.findings.error("CCL0384", entry.span, f"a proposal has no block `{entry.name.text}`",
                                label="only `execution: { .. }`")  # fmt: skip
        return
    if entry.type is None and entry.value is None:
        contract.findings.error("CCL0384", entry.span, "a proposal's field has a type or a value",
                                label=f"write `{entry.name.text}: String;`, or whatever it is")  # fmt: skip
        return
    _add(contract, said, entry.name, entry.type, entry.value)


def _add(contract: Contract, said: _Said, name: tree.Name, written: tree.TypeExpr | None,
         value: tree.Expr | None) -> None:  # fmt: skip
    if name.text in said.fields:
        contract.findings.error("CCL0305", name.span, f"proposal `{said.name}` has the field `{name.text}` twice",
                                label="leave one of them out",
                                also=(Label(said.fields[name.text].name.span, "the first"),))  # fmt: skip
        return
    default: Any = None
    if written is not None:
        type_ = resolve(contract.names, written)
        if not params.fit(contract, type_, written, f"the field `{name.text}`"):
            return
        if value is not None and not isinstance(value, tree.Wrong):
            default = contract.constant(value, type_)
    else:
        assert value is not None
        type_, default = contract.inferred(value)
    if default is not UNSET:
        said.fields[name.text] = Field(name, type_, written, value is None, default)
