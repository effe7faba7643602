"""Adoption: when a bylaws document may come into force, and what becomes of what stood before.

Everything is checked when it is proposed, so that nobody votes on rules that cannot stand, and again when it is carried
out. A contract in CCL must compile; what it uses must be of modules that are on; the units that it speaks of must have
the decimals that it says; and a decision must still be able to change it. What was set of its parameters stays set as
far as it fits; its roles and types of proposal are put into force with it (`kernel.offices`). It must not know the
commands by which one adopts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from icn_node.kernel import bylaws, contract_params, ledger, offices, versions
from icn_node.kernel.bylaws import BylawsInvalid, Document
from icn_node.kernel.contract import Contract, first_error, invalid, unavailable, unfit
from icn_node.kernel.tables import Tables

if TYPE_CHECKING:
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
        _check_transition(tx, ctx.kernel.policy.book(tx), book)
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


def _check_transition(tx: Tables, before: Book, book: Contract) -> None:
    """What the new version must say of what is under way: open proposals, terms of office, what it no longer has."""
    if not isinstance(before, Contract):
        return
    from ccl.elaborate.versions import transition_errors
    from ccl.source import Sources

    values = contract_params.set_values(tx, before.params)
    slip = first_error(transition_errors(before.program, book.program, values), Sources())
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
        after = book.params if isinstance(book, Contract) else {}
        renamed = {}
        if isinstance(book, Contract):
            renamed = {m.old: m.new for m in book.program.migrations if m.kind == "param"}
        for name in contract_params.carry_over(tx, before.params, after, renamed):
            ctx.notify(tx, 0, "space.parameter_reset", name=name)
    if isinstance(book, Contract):
        offices.enact(tx, ctx, book.program)
    return bylaws.adopt(tx, document, ctx.time_ms, ctx.decision)
