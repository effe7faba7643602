"""Actions of a contract in CCL: what a decision sets off with `bylaws.run`, or by being of its type.

An action is a pure function of what it reads to a refusal, or to what it writes, the commands it gives and the notices
it leaves. The commands are carried out for whoever ran it, each judged by the bylaws like any other; if one is refused,
or the action refuses or traps, nothing of it stands. It knows no commands but by their declarations.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ccl import core
from icn_node.kernel import contract_params, notices
from icn_node.kernel.contract import Contract
from icn_node.kernel.contract_state import State, stored
from icn_node.kernel.refusal import Refusal
from icn_node.kernel.tables import Tables

if TYPE_CHECKING:
    from icn_node.kernel.context import Context


class UnknownAction(Refusal):
    """The bylaws in force have no action of that name."""

    code = "unknown_action"
    text = "The bylaws have no action {action}."
    advice = "`icn bylaws show --source` shows what they have."


class BadArgument(Refusal):
    """An argument of an action is missing, unknown, or not of its type."""

    code = "bad_argument"
    text = "{name} of the action {action} takes {wanted}."


class ActionFailed(Refusal):
    """The action refused, or could not be evaluated. Nothing of it stands."""

    code = "action_failed"
    text = "The action {action} was not carried out: {reason}."


REFUSALS: tuple[type[Refusal], ...] = (UnknownAction, BadArgument, ActionFailed)


def run(tx: Tables, ctx: Context, book: Contract, action: str, given: Mapping[str, contract_params.Stored]) -> None:
    """Carry out an action. Raises a refusal of REFUSALS, and those of the commands that it gives."""
    program = book.program
    unique = program.exports.get(action, "")
    if unique not in program.actions:
        raise UnknownAction(action=action)
    function = program.functions[unique]
    arguments = tuple([_argument(book, action, name, type_, given) for name, type_ in function.params])
    unknown = sorted(given.keys() - {name for name, _ in function.params})
    if unknown:
        raise BadArgument(action=action, name=unknown[0], wanted="nothing: it has no such parameter")
    carry_out(tx, ctx, book, unique, action, arguments)


def carry_out(tx: Tables, ctx: Context, book: Contract, unique: str, action: str, arguments: tuple[Any, ...]) -> None:
    """Carry out a function that acts, with values of the language; `action` is what people know it by.

    Raises ActionFailed, and the refusals of the commands that it gives.
    """
    program = book.program
    outcome = book.rules.evaluator.run(unique, arguments, book.world(tx, ctx, None))
    if outcome.trap is not None:
        raise ActionFailed(action=action, reason=outcome.trap.text or outcome.trap.code)
    if outcome.refusal is not None:
        failed = program.functions[outcome.refusal.function].requirements[outcome.refusal.number]
        raise ActionFailed(action=action, reason=failed.reason or "it takes " + " ".join(failed.condition.split()))
    for name, value in outcome.writes:
        tx.put(State(name, stored(value)))
    for asked in outcome.commands:
        op = {"op": asked.name, "ver": _version(ctx, asked.name), **dict(asked.fields)}
        ctx.kernel.carry_out(tx, ctx.kernel.decode(op), ctx)
    for left in outcome.notices:
        said = ", ".join(f"{name}: {value}" for name, value in left.fields)
        ctx.notify(tx, notices.EVERYONE, "space.said", action=action, what=left.name, facts=said[:500])


def _argument(book: Contract, action: str, name: str, type_: Any, given: Mapping[str, contract_params.Stored]) -> Any:
    declared = core.Parameter(name, type_, None)
    try:
        return contract_params.given(declared, book.units, given[name])
    except (KeyError, ValueError):
        raise BadArgument(action=action, name=name, wanted=contract_params.takes(declared, book.units)) from None


def _version(ctx: Context, op: str) -> int:
    """The latest version of a command that this node has."""
    return max(ver for name, ver in ctx.kernel.commands if name == op)
