"""What a contract reads, as symbols: views, fields of the command and of records, parameters.

A symbol lies within the range that the host, or the parameter's declaration, states; a proof relies on it. A reading
never fails here: what a host cannot give is the trap `view`, which is no fault of the contract.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ccl import core, types
from ccl.proof import sequences
from ccl.proof.symbols import DAY_MS, LAST_DAY

if TYPE_CHECKING:
    from ccl.proof.symbolic import Run

NOW = (0, (LAST_DAY - 366) * DAY_MS)
"""Commits happen from 1970 on, and not in the last year that the calendar has."""


def view(run: Run, e: core.View) -> Any:
    """A reading of the host, within the range that it declares."""
    args = [run.value(a) for a in e.args]
    spec = run.symbols.host.views.get(e.name)
    bounds = (spec.low, spec.high) if spec else NOW if e.name == "now" else (None, None)
    return run.symbols.read("view", e.name, e.type, args, [a.type for a in e.args], bounds)


def command_field(run: Run, e: core.CommandField) -> Any:
    """A field of the command judged, of which the host may know the range."""
    spec = run.command_spec
    fields = spec.fields if spec else ()
    bounds = next(((f.low, f.high) for f in fields if f.read_as == e.attribute), (None, None))
    inner = e.type.item if e.wrap and isinstance(e.type, types.Option) else e.type
    optional = any(f.read_as == e.attribute and f.optional for f in fields) or not fields
    if e.wrap and not optional:
        return sequences.some(run.symbols.read("command", e.attribute, inner, (), (), bounds))
    return run.symbols.read("command", e.attribute, e.type, (), (), bounds)


def param_value(run: Run, e: core.ParamValue) -> Any:
    """A parameter: anything in its range; its first value if nobody can set it."""
    if e.name in run.params:
        return run.params[e.name]
    declared = run.declared.get(e.name)
    bounds = (declared.low, declared.high) if declared else (None, None)
    if declared is not None and declared.low is None and declared.high is None and not declared.changed_by:
        return run.symbols.constant(declared.default, e.type)
    return run.symbols.read("param", e.name, e.type, (), (), bounds)


def record_field(run: Run, e: core.RecordField) -> Any:
    """A field of a record that the host gives."""
    assert isinstance(e.target.type, types.Record)
    record = run.symbols.host.records.get(e.target.type.name)
    spec = next((f for f in record.fields if f.read_as == e.attribute), None) if record else None
    return run.symbols.field(run.value(e.target), spec, e.attribute, e.type)
