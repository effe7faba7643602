"""`icn rpc`: any method of the node's socket."""

from __future__ import annotations

import json

from icn_node.cli.failure import OK, USAGE, Failure
from icn_node.cli.progress import Progress
from icn_node.cli.settings import ask_secret
from icn_node.cli.values import json_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from icn_node.cli.invocation import Invocation


def rpc(call: Invocation) -> int:
    """Call a method; as a member if `as` or --as names one and the secret can be had."""
    text = call.text("params")
    params = json_value("params", text) if text else {}
    if not isinstance(params, dict):
        raise Failure(USAGE, "parameters are given by name, as a JSON object", usage=call.verb.usage())
    settings = call.settings
    member = str(params.get("as") or settings.member)
    if member:
        secret = settings.secret_at_hand(member)
        if secret is None and settings.asked:
            secret = ask_secret(f"Secret of {member}")
        if secret is not None:
            call.node.open(member, secret)
    with Progress(quiet=settings.quiet or settings.json) as progress:
        answer = call.node.call(call.text("method"), params, progress)
    shown = json.dumps(answer, ensure_ascii=False, indent=2)
    call.out.answer(answer, [shown], shown)
    return OK
