"""Signing elsewhere: an event is prepared where a node is, signed where the key is, and handed in where a node is.

The files are JSON with bytes in base64. Signing needs no node and trusts no description: what it shows is decoded from
the very bytes that are signed.
"""

from __future__ import annotations

import base64
import binascii
import json
import sys
from typing import Any

from dag.cid import cid_text
from dag.event import Event, InvalidEvent, attach, check_event, decode_event, signing_bytes
from dag.keys import did_of
from icn_node.cli import answers
from icn_node.cli.declared import op_of
from icn_node.cli.display import show, told
from icn_node.cli.failure import INVALID, OK, REFUSED, USAGE, Failure
from icn_node.cli.invocation import Invocation
from icn_node.cli.keys import unlock
from icn_node.cli.tree import whole_grammar
from icn_node.cli.values import read_file, write_file

PREPARED, SIGNED = "event to sign", "signed event"
VERSION = 1
AND = "--and"
USAGE_LINE = "icn prepare [--options] NOUN VERB ... [--and NOUN VERB ...]"


def prepare(call: Invocation) -> int:
    """The unsigned bytes of an event, in a file."""
    tokens = call.many("command")
    if not tokens:
        raise Failure(USAGE, "the command is missing", usage=USAGE_LINE)
    parts: list[list[str]] = [[]]
    for token in tokens:
        if token == AND:
            parts.append([])
        else:
            parts[-1].append(token)
    grammar = whole_grammar()
    params: dict[str, Any] = {"ops": [op_of(grammar, part, "prepare") for part in parts]}
    if call.text("author"):
        params["author"] = call.text("author")
    else:
        params["as"] = call.settings.member or call.settings.default_member()
        if not params["as"]:
            raise Failure(USAGE, "it is not said who will sign", advice="add --as NAME before it, or --author DID.")
    if call.text("expires"):
        params["until"] = call.text("expires")
    found = call.node.call("event.prepare", params)
    document = {
        "icn": PREPARED, "v": VERSION, "space": found["space"], "author": found["author"],
        "unsigned": found["unsigned"], "blobs": found.get("blobs", {}),
    }  # fmt: skip
    target = call.text("out")
    write_document(call, target, document, f"Wrote {target}. Sign it with: icn sign {target} --out FILE")
    return OK


def write_document(call: Invocation, target: str, document: dict[str, Any], said: str) -> None:
    """Write a file of ours, or print it where no file was named."""
    text = json.dumps(document, ensure_ascii=False, indent=1)
    if target:
        write_file(target, text.encode() + b"\n")
        call.out.answer({"file": target, **document}, [said], target)
    else:
        call.out.answer(document, [text], text)


def _read(path: str, kind: str) -> dict[str, Any]:
    """A file of ours, its shape checked. Raises Failure."""
    try:
        document = json.loads(read_file(path))
    except ValueError:
        document = None
    if not isinstance(document, dict) or document.get("icn") not in (PREPARED, SIGNED):
        raise Failure(INVALID, f"{path} is no file that `icn prepare` or `icn sign` wrote", code="file")
    if document["icn"] != kind:
        what = "is signed already" if document["icn"] == SIGNED else "is not signed: run `icn sign` first"
        raise Failure(INVALID, f"{path} {what}", code="file")
    if document.get("v") != VERSION:
        raise Failure(INVALID, f"{path} was written by a newer program (version {document.get('v')})", code="file")
    blobs = document.get("blobs", {})
    if not isinstance(blobs, dict) or not all(isinstance(b, str) for b in blobs.values()):
        raise Failure(INVALID, f"{path} is damaged: its blobs", code="file")
    return document


def _bytes(path: str, document: dict[str, Any], name: str) -> bytes:
    try:
        return base64.b64decode(document[name], validate=True)
    except (KeyError, TypeError, ValueError, binascii.Error):
        raise Failure(INVALID, f"{path} is damaged: its {name}", code="file") from None


def _event(path: str, block: bytes, *, signed: bool) -> Event:
    try:
        return check_event(block) if signed else decode_event(block)
    except InvalidEvent as error:
        raise Failure(INVALID, f"{path} holds no valid event: {error}", code=error.code, data=_plain(error)) from None


def _plain(error: InvalidEvent) -> dict[str, Any]:
    return {name: value if isinstance(value, int) else str(value) for name, value in error.facts.items()}


def sign(call: Invocation) -> int:
    """Sign what was prepared, after saying what it is."""
    path = call.text("file")
    document = _read(path, PREPARED)
    unsigned = _bytes(path, document, "unsigned")
    try:
        event = _event(path, attach(unsigned, bytes(64)), signed=False)
    except ValueError as error:
        raise Failure(INVALID, f"{path} is damaged: {error}", code="file") from None
    author = did_of(event.author[2:])
    for line in described(event, call.out.width):
        call.out.note(line)
    if not call.flag("yes") and sys.stdin.isatty() and sys.stderr.isatty():
        sys.stderr.write("Sign this? [y/N] ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise Failure(USAGE, "not signed", code="not_signed")
    key = unlock(call, author)
    signed = check_event(attach(unsigned, key.sign(signing_bytes(unsigned))))
    target = call.text("out")
    said = f"Wrote {target}: event {cid_text(signed.cid)}. Hand it in with: icn submit {target}"
    write_document(call, target, signed_file(signed, document.get("blobs", {})), said)
    return OK


def signed_file(event: Event, blobs: dict[str, str]) -> dict[str, Any]:
    """The document of a signed event."""
    block = base64.b64encode(event.block).decode()
    return {"icn": SIGNED, "v": VERSION, "event": cid_text(event.cid), "block": block, "blobs": blobs}


def described(event: Event, width: int) -> list[str]:
    """What an event says, from its bytes alone: amounts in smallest parts, members as DIDs."""
    about: dict[str, Any] = {
        "space": "(a new one)" if event.space is None else cid_text(event.space),
        "signed by": did_of(event.author[2:]),
        "event no": event.seq,
        "made at": answers.local_time(event.at),
        "refused after": None if event.until is None else answers.local_time(event.until),
    }
    lines = answers.record_lines({k: v for k, v in about.items() if v is not None}, width)
    for op in event.ops:
        lines += ["", *answers.op_lines(op, width)]
    return [*lines, ""]


def submit(call: Invocation) -> int:
    """Hand signed events in: REFUSED if a rule refused one, INVALID if one was not admitted."""
    blocks, blobs = [], {}
    for path in call.many("files"):
        document = _read(path, SIGNED)
        block = _bytes(path, document, "block")
        _event(path, block, signed=True)
        blocks.append(base64.b64encode(block).decode())
        blobs.update(document.get("blobs", {}))
    if len(blocks) == 1:
        told(call, call.node.call("event.submit", {"block": blocks[0], "blobs": blobs}))
        return OK
    receipts = call.node.call("event.submit", {"blocks": blocks, "blobs": blobs})
    rows = [{"file": path, **receipt} for path, receipt in zip(call.many("files"), receipts, strict=True)]
    for row in rows:
        row["why"] = row.get("code") or row.get("outcome", {}).get("refused", "")
    show(call, rows, ("file", "status", "why", "index", "event"))
    states = {row["status"] for row in rows}
    return INVALID if states & {"invalid", "missing"} else REFUSED if "refused" in states else OK
