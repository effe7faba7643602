"""`icn rpc`: any method of the node's socket, one call or many."""

from __future__ import annotations

import json

from icn_node.cli.failure import OK, USAGE, Failure
from icn_node.cli.progress import Progress
from icn_node.cli.settings import ask_secret
from icn_node.cli.values import json_value, read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from icn_node.cli.invocation import Invocation


def rpc(call: Invocation) -> int:
    """Call a method; as a member if `as` or --as names one and the secret can be had."""
    if bool(call.text("method")) == bool(call.text("batch")):
        raise Failure(USAGE, "give either a METHOD or --batch FILE", usage=call.verb.usage())
    if call.text("batch"):
        return _batch(call)
    text = call.text("params")
    params = json_value("params", text) if text else {}
    if not isinstance(params, dict):
        raise Failure(USAGE, "parameters are given by name, as a JSON object", usage=call.verb.usage())
    _open_session(call, str(params.get("as") or ""))
    with Progress(quiet=call.out.quiet or call.out.json) as progress:
        answer = call.node.call(call.text("method"), params, progress)
    shown = json.dumps(answer, ensure_ascii=False, indent=2)
    call.out.answer(answer, [shown], shown)
    return OK


def _open_session(call: Invocation, named: str) -> None:
    settings = call.settings
    member = named or settings.member
    if member:
        secret = settings.secret_at_hand(member)
        if secret is None and settings.asked:
            secret = ask_secret(f"Secret of {member}")
        if secret is not None:
            call.node.open(member, secret)


def _batch(call: Invocation) -> int:
    """Many calls in one session, in their order; ends with the code of the first that failed."""
    path = call.text("batch")
    calls = [_call(path, number, line) for number, line in enumerate(read_file(path).splitlines(), 1) if line.strip()]
    _open_session(call, call.settings.member or call.settings.default_member())
    with Progress(quiet=call.out.quiet or call.out.json) as progress:
        answers = call.node.batch(calls, progress)
    documents = [a.document() if isinstance(a, Failure) else {"result": a} for a in answers]
    lines = [json.dumps(document, ensure_ascii=False) for document in documents]
    call.out.answer(documents, lines, "\n".join(lines))
    return next((a.status for a in answers if isinstance(a, Failure)), OK)


def _call(path: str, number: int, line: bytes) -> tuple[str, dict[str, Any]]:
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if (
        not isinstance(found, dict)
        or not isinstance(found.get("method"), str)
        or not isinstance(found.get("params", {}), dict)
        or not found.keys() <= {"method", "params", "jsonrpc", "id"}
    ):
        raise Failure(USAGE, f'{path}, line {number}: a call is {{"method": "...", "params": {{...}}}}')
    return found["method"], found.get("params", {})
