"""Adoption: when a bylaws document may come into force, and what becomes of what stood before.

Everything is checked when it is proposed, so that nobody votes on rules that cannot stand, and again when it is carried
out. A contract in CCL must compile; what it uses must be of modules that are on; the units that it speaks of must have
the decimals that it says; and a decision must still be able to change it. What was set of its parameters stays set as
far as it fits; its roles and types of proposal are put into force with it (`kernel.offices`). It must not know the
commands by which one adopts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from icn_node.kernel import bylaws, contract_params, contract_state, ledger, offices, registry, versions
from icn_node.kernel.bylaws import BylawsInvalid, Document
from icn_node.kernel.contract import Contract, Slip, compiled_after, first_error, invalid, unavailable, unfit
from icn_node.kernel.tables import Tables

if TYPE_CHECKING:
    from ccl.rulebook import Rulebook
    from icn_node.kernel.context import Context
    from icn_node.kernel.policy import Book


def check(tx: Tables, ctx: Context, document: Document, active: frozenset[str] | None = None) -> Book:
    """The document, compiled. Raises BylawsInvalid if it cannot come into force.

    active: the modules that are on; by default those of the space's state.
    """
    book = ctx.kernel.policy.book_of(tx, document)
    if isinstance(book, Contract):
        slip = unfit(ctx.kernel.policy.language, *bylaws.texts_of(tx, document))
        if slip is not None:
            raise invalid(slip)
        _check_modules(tx, ctx, book, active)
        _check_units(tx, book)
        offices.check(book.program)
        _check_transition(tx, ctx, document, book)
    return book


def _check_modules(tx: Tables, ctx: Context, book: Contract, active: frozenset[str] | None) -> None:
    modules = ctx.kernel.modules
    if active is None:
        active = frozenset(
            m.name for m in modules if m.always_on or any(tx.scan(versions.Active, "key", m.name, limit=1))
        )
    host = ctx.kernel.policy.language.host
    owners = {name: spec.module for specs in (host.commands, host.views) for name, spec in specs.items()}
    missing = unavailable(book.program, owners, active)
    if missing is not None:
        raise BylawsInvalid(reason=f"{missing[0]} takes the module {missing[1]}, which is off: switch it on first")


def _check_transition(tx: Tables, ctx: Context, document: Document, book: Contract) -> None:
    """What the new version must say of what is under way: open proposals, terms of office, what it no longer has."""
    before = ctx.kernel.policy.book(tx)
    if not isinstance(before, Contract):
        return
    program = _following(tx, ctx, before, document).program if book.program.migrations else book.program
    from ccl.elaborate.versions import transition_errors
    from ccl.source import Sources

    values = contract_params.set_values(tx, before.params)
    slip = first_error(transition_errors(before.program, program, values), Sources())
    if slip is not None:
        raise invalid(slip)


def _check_units(tx: Tables, book: Contract) -> None:
    for code, decimals in sorted(book.program.units.items()):
        unit = tx.get(ledger.Unit, code)
        if unit is not None and unit.decimals != decimals:
            raise BylawsInvalid(reason=f"{code} has {unit.decimals} decimals in this space, not {decimals}")


def adopt(tx: Tables, ctx: Context, document: Document, active: frozenset[str] | None = None) -> int:
    """Put a document into force; its version number. Raises BylawsInvalid."""
    before = ctx.kernel.policy.book(tx)
    book = check(tx, ctx, document, active)
    if isinstance(before, Contract):
        _hand_over(tx, ctx, before, book if isinstance(book, Contract) else None, document)
    if isinstance(book, Contract):
        offices.enact(tx, ctx, book.program)
    return bylaws.adopt(tx, document, ctx.time_ms, ctx.decision)


def _hand_over(tx: Tables, ctx: Context, before: Contract, after: Contract | None, document: Document) -> None:
    """Let what was set and written under the contract before hold under the next, as far as it says."""
    values, written = contract_params.set_values(tx, before.params), contract_state.kept(tx, before.program.states)
    moves = () if after is None else after.program.migrations
    moved = _moved(tx, ctx, before, document, {"param": values, "state": written}) if moves else {}
    names = {m.old: m.new for m in moves if m.kind == "param"}
    for name in contract_params.carry_over(tx, before.params, {} if after is None else after.params, names):
        if ("param", name) not in moved:
            ctx.notify(tx, registry.SPACE, "space.parameter_reset", name=name)
    states = set() if after is None else {s.name for s in after.program.states}
    gone = {m.old for m in moves if m.kind == "state"}
    kept = {name: value for name, value in written.items() if name in states and name not in gone}
    for (kind, name), value in moved.items():
        if kind == "state":
            kept[name] = value
        else:
            tx.put(bylaws.Param(name, contract_params.stored_of(value), ctx.time_ms))
    contract_state.replace(tx, written, kept)


def _following(tx: Tables, ctx: Context, before: Contract, document: Document) -> Rulebook:
    """The rules of a document as what follows the contract before. Raises BylawsInvalid."""
    rules = compiled_after(ctx.kernel.policy.language, *bylaws.texts_of(tx, document), before.program)
    if isinstance(rules, Slip):
        raise invalid(rules)
    return rules


def _moved(tx: Tables, ctx: Context, before: Contract, document: Document,
           values: Mapping[str, Mapping[str, Any]]) -> dict[tuple[str, str], Any]:  # fmt: skip
    """What the transition makes of values of the version before: by kind and new name. Raises BylawsInvalid."""
    rules = _following(tx, ctx, before, document)
    book = Contract(rules, ctx.kernel.policy.language)
    found = {}
    for move in rules.program.migrations:
        if move.old not in values.get(move.kind, {}):
            continue
        value = values[move.kind][move.old]
        if move.function:
            outcome = rules.evaluator.run(move.function, (value,), book.world(tx, ctx, None))
            if outcome.trap is not None:
                raise BylawsInvalid(reason=f"{move.kind} {move.old} cannot be moved: {outcome.trap.code}")
            value = outcome.value
            declared = book.params.get(move.new) if move.kind == "param" else None
            if declared is not None and not contract_params.within(declared, value):
                raise BylawsInvalid(reason=f"param {move.new} would be out of its range")
        found[move.kind, move.new] = value
    return found
