"""The verbs of the modules: a command is carried out as whoever acts, a query answered to whoever reads."""

from __future__ import annotations

from icn_node.cli.declared import wire
from icn_node.cli.display import show, told
from icn_node.cli.failure import OK
from icn_node.cli.invocation import Invocation
from icn_node.kernel.module import CommandSpec, QuerySpec


def command(call: Invocation) -> int:
    """Carry out a module's command."""
    spec = call.verb.spec
    assert isinstance(spec, CommandSpec)
    params = wire(call.verb, call.values)
    member = call.node.act()
    answer = call.node.call(call.verb.method, {"as": member, **params})
    told(call, answer, spec.result)
    return OK


def query(call: Invocation) -> int:
    """Answer a module's query."""
    spec = call.verb.spec
    assert isinstance(spec, QuerySpec)
    params = wire(call.verb, call.values)
    call.node.read()
    answer = call.node.call(call.verb.method, params)
    show(call, answer, spec.columns)
    if isinstance(answer, list) and any(p.name == "after" for p in call.verb.params):
        limit = int(call.text("limit", "0") or 0) or next(
            (int(p.default) for p in call.verb.params if p.name == "limit" and p.default), 0
        )
        if limit and len(answer) >= limit:
            call.out.note(f"({limit} shown; there may be more: --limit, or --after with the last one)")
    return OK
