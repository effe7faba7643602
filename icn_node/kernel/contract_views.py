"""How a contract in CCL is shown: its clauses with what each requires, its parameters with what they are set to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ccl import core
from ccl.host import decision_type
from icn_node.kernel import contract_params
from icn_node.kernel.bylaws import Param
from icn_node.kernel.contract import Contract
from icn_node.kernel.tables import Tables


def clauses(program: core.Program) -> Iterator[dict[str, Any]]:
    """Each clause as data, in the order in which they judge: the same fields as those of clauses of words have, and
    what only a contract says: `unit`, `exception_to`, `strength`, `base`, where there is one."""
    for clause in program.clauses:
        body = program.functions[clause.body]
        shown: dict[str, Any] = {
            "id": clause.number or clause.name, "on": list(clause.targets), "text": clause.text,
            "require": [" ".join(r.condition.split()) for r in body.requirements],
        }  # fmt: skip
        said = {
            "unit": clause.unit, "exception_to": clause.replaces, "strength": clause.strength, "base": clause.base,
        }  # fmt: skip
        shown.update((name, value) for name, value in said.items() if value)
        if clause.approvals:
            shown["approvals"] = [_approval(a) for a in clause.approvals]
        yield shown


def _approval(approval: core.Approval) -> str:
    """An approval that a clause asks for, as an author writes it."""
    said = f"by {approval.by} {approval.whose}"
    if approval.of:
        said += f" above {approval.above} of {approval.of}"
    return f"{said} need {approval.need} within {approval.days} days"


def params(tx: Tables, book: Contract) -> list[dict[str, Any]]:
    """The contract's parameters by name, as the settings of modules are shown."""
    decimals = book.program.units
    found = []
    for name, declared in sorted(book.params.items()):
        row = tx.get(Param, name)
        value = declared.default if row is None else contract_params.value_of(declared.type, row.value)
        meaning = contract_params.takes(declared, decimals)
        if declared.changed_by:
            meaning += f", by a decision of type {decision_type(declared.changed_by)}"
        found.append({
            "name": name, "value": contract_params.shown(declared.type, decimals, value),
            "default": contract_params.shown(declared.type, decimals, declared.default), "unit": "",
            "meaning": meaning,
        })  # fmt: skip
    return found
