"""Executions: what a type of proposal of a contract in CCL carries out by itself, with the fields of each proposal.

A contract says `proposal Grant { to: Did; amount: Money<CC>; execution: { .. } }`: whoever proposes one gives the
fields, members vote on them, and the block runs with them when the decision is carried out, in its transaction and as
a decision of its type. Values are typed when they are proposed, so that what does not fit is refused to the author.

Nothing is carried out that was not voted on: where an amendment of the bylaws has since changed what the type does or
its fields, the decision fails, and says so. A decision is carried out once; `kernel.decisions` sees to that. It must
not know the commands that a block gives.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from ccl import core
from ccl import types as t
from ccl.host import decision_type
from icn_node.kernel import actions, bylaws, contract_params, registry
from icn_node.kernel.context import THE_SPACE, Context
from icn_node.kernel.contract import Contract
from icn_node.kernel.contract_params import Stored
from icn_node.kernel.contract_state import read_back, stored
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.tables import Record, Tables

if TYPE_CHECKING:
    from icn_node.kernel.proposals import Proposal

_WHOLE = re.compile(r"-?\d{1,19}")


class Given(NamedTuple):
    """What a wording gives to its type: the values, and whether there is a block to carry out with them."""

    values: tuple[Any, ...]
    runs: bool


class Fields(Record, frozen=True):
    """The values of a proposal's fields, in one version of its wording, as the contract then in force typed them.

    bylaws: that contract's version. values: JSON of them all, in the order declared, as `contract_state.stored` has it.
    runs: whether the type has a block to carry out with them.
    """

    TABLE: ClassVar[str] = "proposal_fields"
    KEY: ClassVar[tuple[str, ...]] = ("proposal", "version")
    HISTORY: ClassVar[bool] = True
    proposal: int
    version: int
    bylaws: int
    values: str
    runs: bool


RECORDS: tuple[type[Record], ...] = (Fields,)


class BadField(Refusal):
    """A field of a proposal is missing, unknown, or not of its type. type: of the proposal."""

    code = "bad_field"
    text = "{name} of a proposal of type {type} takes {wanted}."
    advice = "Give each field as `--field NAME=VALUE`."


class ExecutionChanged(Refusal):
    """What a proposal of this type carries out is not what it was when this one was proposed."""

    code = "execution_changed"
    text = "The bylaws have changed what a decision of type {type} carries out since this was proposed."
    advice = "Propose it again, under the bylaws in force."


def declared(book: object, kind: str) -> core.Proposal | None:
    """What a contract says of a type of proposal; None where it says nothing, or where there is no contract."""
    if not isinstance(book, Contract):
        return None
    return next((p for p in book.program.proposals if decision_type(p.name) == kind), None)


def typed(tx: Tables, ctx: Context, kind: str, said: Mapping[str, Stored],
          before: tuple[int, int] | None = None) -> Given | None:  # fmt: skip
    """The values of a proposal's fields; None for a type without any and without a block to carry out.

    before: proposal and version whose values stand where none is given. Raises BadField.
    """
    book = ctx.kernel.policy.book(tx)
    proposal = declared(book, kind)
    if proposal is None or not (proposal.fields or proposal.execution):
        if said:
            raise BadField(type=kind, name=min(said)[:64], wanted="nothing: the type has no such field")
        return None
    assert isinstance(book, Contract)
    unknown = sorted(said.keys() - {name for name, _, _ in proposal.fields})
    if unknown:
        raise BadField(type=kind, name=unknown[0][:64], wanted="nothing: the type has no such field")
    earlier = {} if before is None else _earlier(tx, ctx, kind, *before)
    values = tuple([_value(tx, book, proposal, field, said, earlier) for field in proposal.fields])
    return Given(values, bool(proposal.execution))


def _value(tx: Tables, book: Contract, proposal: core.Proposal, field: tuple[str, t.Type, Any],
           said: Mapping[str, Stored], earlier: Mapping[tuple[str, t.Type], Any]) -> Any:  # fmt: skip
    name, type_, default = field
    if name in said:
        try:
            return contract_params.given(core.Parameter(name, type_, None), book.units, _meant(tx, type_, said[name]))
        except ValueError:
            pass
    elif (name, type_) in earlier:
        return earlier[name, type_]
    elif name not in proposal.required:
        return default
    wanted = contract_params.takes(core.Parameter(name, type_, None), book.units)
    if not isinstance(type_, t.Plain | t.Money):
        wanted = "a value that cannot be written here: let the block read it from the contract's state"
    elif type_ == t.DID:
        wanted = "somebody of this space: a handle, or a DID"
    raise BadField(type=decision_type(proposal.name), name=name, wanted=wanted)


def _meant(tx: Tables, type_: t.Type, said: Stored) -> Stored:
    """What was typed on a command line, as `contract_params.given` takes it. Raises ValueError."""
    if not isinstance(said, str):
        return said
    if type_ == t.DID and not said.startswith("did:"):
        party = registry.by_handle(tx, said)
        if party is None or not party.did:
            raise ValueError(said)
        return party.did
    if type_ == t.BOOL and said in ("true", "false"):
        return said == "true"
    if type_ in contract_params.WHOLE and _WHOLE.fullmatch(said):
        return int(said)
    return said


def keep(tx: Tables, no: int, version: int, given: Given | None) -> None:
    """Keep the values of a version of a proposal's wording."""
    if given is not None:
        tx.append(Fields(no, version, tx.last_no("bylaws"), stored(given.values), given.runs))


def runs(tx: Tables, row: Proposal) -> bool:
    """Whether there is a block to carry out if it is accepted."""
    kept = tx.get(Fields, row.no, row.version)
    return kept is not None and kept.runs


def _proposed(tx: Tables, ctx: Context, kept: Fields, kind: str) -> tuple[Contract, core.Proposal]:
    """The contract under which a wording was proposed, and what it says of the type."""
    adopted = tx.get(bylaws.Bylaws, kept.bylaws)
    now = bylaws.in_force(tx)
    assert adopted is not None, kept.bylaws
    policy = ctx.kernel.policy
    book = policy.book(tx) if now is not None and now.no == adopted.no else policy.book_of(tx, adopted.document)
    proposal = declared(book, kind)
    assert isinstance(book, Contract), kept.bylaws
    assert proposal is not None, kind
    return book, proposal


def _earlier(tx: Tables, ctx: Context, kind: str, no: int, version: int) -> dict[tuple[str, t.Type], Any]:
    kept = tx.get(Fields, no, version)
    if kept is None:
        return {}
    _, proposal = _proposed(tx, ctx, kept, kind)
    return {(f[0], f[1]): value for f, value in zip(proposal.fields, read_back(kept.values), strict=True)}


def shown(tx: Tables, ctx: Context, row: Proposal, version: int) -> dict[str, str] | None:
    """The values of a proposal's fields as one would give them, by name; None where its type has none."""
    kept = tx.get(Fields, row.no, version)
    if kept is None:
        return None
    book, proposal = _proposed(tx, ctx, kept, row.type)
    values = zip(proposal.fields, read_back(kept.values), strict=True)
    return {
        name: contract_params.shown(type_, book.units, value)
        if isinstance(type_, t.Plain | t.Money) else stored(value)
        for (name, type_, _), value in values
    }  # fmt: skip


def carry_out(tx: Tables, ctx: Context, row: Proposal) -> None:
    """Run the block of an accepted proposal's type with its fields. Raises the refusal that undoes it all."""
    kept = tx.get(Fields, row.no, row.version)
    if kept is None:
        return
    book = ctx.kernel.policy.book(tx)
    proposal = declared(book, row.type)
    before, proposed = _proposed(tx, ctx, kept, row.type)
    if proposal is None or not isinstance(book, Contract):
        raise ExecutionChanged(type=row.type)
    if before is not book and _changed(before, proposed, book, proposal):
        raise ExecutionChanged(type=row.type)
    if not proposal.execution:
        return
    as_space = Context(
        ctx.kernel, actor=THE_SPACE, time_ms=ctx.time_ms, origin="decision", event=ctx.event, space=ctx.space,
        at_ms=ctx.at_ms, decision=row.no, decision_type=row.type,
    )  # fmt: skip
    actions.carry_out(tx, as_space, book, proposal.execution, proposal.name, read_back(kept.values))


def _changed(before: Contract, proposed: core.Proposal, after: Contract, proposal: core.Proposal) -> bool:
    """Whether the fields, or what the block does with them, differ between two contracts."""
    if [f[:2] for f in proposed.fields] != [f[:2] for f in proposal.fields]:
        return True
    if not (proposed.execution and proposal.execution):
        return proposed.execution != proposal.execution
    from ccl.elaborate.versions import meaning

    return meaning(before.program, proposed.execution) != meaning(after.program, proposal.execution)
