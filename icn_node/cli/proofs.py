"""`icn dag` and `icn check-proof`: the record itself, and what can be shown of it to others."""

from __future__ import annotations

import base64
import os
from typing import Any

from icn_node.cli import answers
from icn_node.cli.display import show
from icn_node.cli.failure import INVALID, OK, USAGE, Failure
from icn_node.cli.invocation import Invocation
from icn_node.cli.progress import Progress
from icn_node.cli.values import read_file, whole_number, write_file


def head(call: Invocation) -> int:
    """Where the log stands."""
    show(call, call.node.call("dag.head"))
    return OK


def get(call: Invocation) -> int:
    """An event and its outcome."""
    call.node.read()
    answer = call.node.call("dag.get", {"event": call.text("event")})

    def lines() -> list[str]:
        shown = {k: v for k, v in answer.items() if k not in ("block", "ops", "outcome", "facts")}
        found = answers.record_lines(shown, call.out.width)
        for op in answer.get("ops", ()):
            found += ["", *answers.op_lines(op, call.out.width)]
        outcome = answer.get("outcome") or {}
        if "refused" in outcome:
            facts = answers.said(outcome.get("facts", {}))
            found += ["", f"refused: {outcome['refused']}{f' ({facts})' if facts else ''}"]
        return found

    call.out.answer(answer, lines, str(answer.get("status", "")))
    return OK


def log(call: Invocation) -> int:
    """A page of the log."""
    params: dict[str, Any] = {"limit": whole_number("limit", call.text("limit", "20"), 1, 1000)}
    if call.text("after"):
        params["after"] = whole_number("after", call.text("after"), -1)
    show(call, call.node.call("dag.log", params), ("index", "time", "by", "what", "outcome", "event"))
    return OK


def proof(call: Invocation) -> int:
    """A proof file, to standard output or a file."""
    found = call.node.call("dag.proof", {"event": call.text("event")})
    text = call.flag("text")
    content = found["json"].encode() + b"\n" if text else base64.b64decode(found["proof"])
    target = call.text("out")
    if not target and not text and not call.out.json:
        import sys

        if sys.stdout.isatty():
            raise Failure(USAGE, "a terminal cannot show a binary file", advice="add --out FILE, or --text.")
        sys.stdout.buffer.write(content)
        return OK
    if target:
        write_file(target, content)
        lines = [f"Wrote {target}. Check it anywhere with:", f"  icn check-proof {target} {found['space']}"]
        call.out.answer({"file": target, **found}, lines, target)
    else:
        call.out.answer(found, [found["json"]], found["json"])
    return OK


def check(call: Invocation) -> int:
    """Check a proof file with nothing but the genesis CID."""
    from dag import proof as proofs
    from dag.cid import BadCid, cid_from_text, cid_text
    from dag.keys import did_of

    try:
        genesis = cid_from_text(call.text("genesis"))
    except BadCid as error:
        raise Failure(USAGE, f"the genesis CID is {error}") from None
    content = read_file(call.text("file"))
    try:
        if content.lstrip()[:1] == b"{":
            content = proofs.from_json(content.decode())
        found = proofs.check(content, genesis)
    except (proofs.ProofError, UnicodeDecodeError) as error:
        code = error.code if isinstance(error, proofs.ProofError) else "malformed"
        raise Failure(INVALID, str(error), code=code, advice="do not rely on this file; ask for another.") from None
    leaf, event = found.leaf, found.event
    answer: dict[str, Any] = {
        "holds": True,
        "space": cid_text(found.space),
        "kind": leaf.kind,
        "time": _iso(leaf.time_ms),
        "index": leaf.index,
        "outcome": _told(leaf.outcome),
        "log_size": found.checkpoint.size,
        "epoch": found.epoch.number,
        "validators": len(found.epoch.validators),
        "cosigned": {did: _iso(seconds * 1000) for did, seconds in sorted(found.cosigned.items())},
        "recoveries": list(found.recoveries),
    }
    if event is not None:
        answer["event"] = cid_text(event.cid)
        answer["author"] = did_of(event.author[2:])
        answer["ops"] = _told(event.ops)
    call.out.answer(answer, lambda: _check_lines(answer, call.out.width), "holds")
    return OK


def _check_lines(answer: dict[str, Any], width: int) -> list[str]:
    outcome = answer["outcome"]
    became = f"refused: {outcome['refused']}" if "refused" in outcome else "carried out"
    about = {
        "what": ", ".join(op["op"] for op in answer.get("ops", ())) or answer["kind"],
        "became": became,
        "when": answer["time"],
        "log entry": f"{answer['index']} of {answer['log_size']}",
        "event": answer.get("event"),
        "author": answer.get("author"),
        "space": answer["space"],
        "signed by": f"{len(answer['cosigned'])} of {answer['validators']} validators, epoch {answer['epoch']}",
    }
    lines = ["The proof holds.", *answers.record_lines({k: v for k, v in about.items() if v}, width)]
    for op in answer.get("ops", ()):
        lines += ["", *answers.op_lines(op, width)]
    if answer["recoveries"]:
        said = ", ".join(map(str, answer["recoveries"]))
        lines += ["", f"Epochs {said} began by recovery: the log before them may have lost its last entries."]
    return lines


def _iso(utc_ms: int) -> str:
    from icn_node.rpc.edge import iso

    return iso(utc_ms)


def _told(value: Any) -> Any:
    """Values of an event as JSON has them: bytes in hex."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {k: _told(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_told(v) for v in value]
    return value


def verify(call: Invocation) -> int:
    """Check everything from nothing: INVALID if anything does not hold."""
    with Progress(quiet=call.out.quiet or call.out.json) as progress:
        report = call.node.call("dag.verify", {}, progress)
    faults = report.get("faults") or []

    def lines() -> list[str]:
        told = {k: v for k, v in report.items() if k not in ("faults", "ok", "sums")}
        sums = report.get("sums") or {}
        told["sums"] = ", ".join(f"{unit} {value}" for unit, value in sums.items())
        head = "Everything holds." if not faults else f"{len(faults)} thing(s) do not hold:"
        return [head, *(f"  {fault}" for fault in faults), *answers.record_lines(told, call.out.width)]

    call.out.answer({"ok": not faults, **report}, lines, "ok" if not faults else "faults")
    return INVALID if faults else OK


def rebuild(call: Invocation) -> int:
    """Make the state anew from the log."""
    with Progress(quiet=call.out.quiet or call.out.json) as progress:
        show(call, call.node.call("dag.rebuild", {}, progress))
    return OK


def export(call: Invocation) -> int:
    """Write the record as a CAR file."""
    params: dict[str, Any] = {"path": os.path.abspath(call.text("file"))}  # noqa: PTH100 - a text for the node
    if call.flag("with_private"):
        params["with_private"] = True
    with Progress(quiet=call.out.quiet or call.out.json) as progress:
        show(call, call.node.call("dag.export", params, progress))
    return OK


def take(call: Invocation) -> int:
    """Take what this node lacks from a CAR file."""
    params = {"path": os.path.abspath(call.text("file"))}  # noqa: PTH100 - a text for the node
    with Progress(quiet=call.out.quiet or call.out.json) as progress:
        show(call, call.node.call("dag.import", params, progress))
    return OK
