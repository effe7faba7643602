"""Invitations and joining: what needs a fresh key besides a command.

A hosted key is made by the node and sealed by the member's secret. With --self the key is made in this home; then the
node's help is not needed at all: an event to join can be made and signed on a machine that has no node, and handed in
elsewhere (`icn submit`), because whoever joins has no history that the event would have to follow.
"""

from __future__ import annotations

import os
import time
from typing import Any

import msgspec

from dag.cid import cid_from_text
from dag.event import sign_event
from dag.keys import SigningKey, key_binding_bytes
from icn_node.cli import answers
from icn_node.cli.display import told
from icn_node.cli.failure import OK, USAGE, Failure
from icn_node.cli.invocation import Invocation
from icn_node.cli.keys import make_own, new_secret
from icn_node.cli.reach import local_errors
from icn_node.cli.signing import signed_file, write_document
from icn_node.cli.values import read_text, whole_number
from icn_node.home import Home
from icn_node.invitation import BadInvitation, Invitation
from icn_node.kernel.keyring import invitation_bytes
from icn_node.modules import MODULES


def _given(call: Invocation, *names: str) -> dict[str, Any]:
    """The named parameters that were given, private texts read from where they lie."""
    found: dict[str, Any] = {}
    kinds = {p.name: p.kind for p in call.verb.params}
    for name in names:
        value = call.values.get(name)
        if isinstance(value, str):
            found[name] = read_text(name, value) if kinds[name] == "private" else value
        elif value is not None:
            found[name] = value
    return found


def invite(call: Invocation) -> int:
    """Have the node make a one-time key, register it, and print the code."""
    params = _given(call, "handle", "note")
    params["days"] = days = whole_number("days", call.text("days", "14"), 1, 365)
    if call.text("label"):
        params["label"] = whole_number("label", call.text("label"), 1)
    if call.many("role"):
        params["roles"] = call.many("role")
    answer = call.node.call("member.invite", {"as": call.node.act(), **params})
    if "code" not in answer:  # the bylaws ask others' approval first
        told(call, answer)
        return OK
    lines = [
        f"Invitation {answer.get('result')}. Hand this code over; it works once, within {days} days:", "",
        f"  {answer['code']}", "",
        f"They join with: icn member join {answer['code'][:12]}... --handle NAME",
    ]  # fmt: skip
    call.out.answer(answer, lines, str(answer["code"]))
    return OK


def join(call: Invocation) -> int:
    """Become a member by an invitation's code."""
    try:
        code = Invitation.read(call.text("code"))
    except BadInvitation as error:
        raise Failure(USAGE, f"the code is not {error}", code="bad_invitation") from None
    params = _given(call, "handle", "name", "contact")
    if not call.flag("self"):
        if call.text("out"):
            raise Failure(USAGE, "--out goes with --self: a node submits what it signs")
        secret = new_secret(call, "your key")
        answer = call.node.call("member.join", {"code": code.text(), "secret": secret, **params})
        return _joined(call, answer)
    offline = bool(call.text("out")) or not Home(call.settings.home).exists
    if offline and params.keys() & {"name", "contact"}:
        raise Failure(
            USAGE, "a node encrypts --name and --contact for the other members, so they cannot be set here",
            advice="leave them out, and set them later with `icn member describe`.",
        )  # fmt: skip
    secret = new_secret(call, "your key")
    with local_errors(call.settings.home):
        key = make_own(call, secret)
    if offline:
        return _write_joining(call, code, key, params)
    call.node.open(key.did, secret)
    return _joined(call, call.node.call("member.join", {"code": code.text(), "as": key.did, **params}))


def _joined(call: Invocation, answer: dict[str, Any]) -> int:
    member = str(answer.get("member", ""))
    lines = [
        f"Welcome: you are member {answer.get('result')}.",
        *answers.record_lines({"your DID": member, "event": answer.get("event")}, call.out.width),
    ]
    call.out.answer(answer, lines, member)
    return OK


def _write_joining(call: Invocation, code: Invitation, key: SigningKey, params: dict[str, Any]) -> int:
    """The joining event, made and signed without a node: it is the first of its key, so it follows nothing."""
    one_time = SigningKey.from_seed(code.seed)
    cls = next(s.cls for m in MODULES for s in m.commands if s.op == "member.join")
    proof = one_time.sign(invitation_bytes(code.space, key.did))
    fields = {"invitation": one_time.did, "proof": proof, "custody": "self", **params}
    try:
        msgspec.convert(fields, cls)
    except msgspec.ValidationError as error:
        raise Failure(USAGE, str(error)) from None
    event = sign_event(
        key, space=code.space, seq=0, prev=None, parents=(), at=time.time_ns() // 1_000_000, until=None,
        ops=[{"op": cls.OP, "ver": cls.VER, **fields}],
    )  # fmt: skip
    target = call.text("out")
    document = signed_file(event, {})
    said = f"Wrote {target}. Your DID is {key.did}; hand the file in with `icn submit`."
    write_document(call, target, document, said)
    return OK


def apply(call: Invocation) -> int:
    """Apply for membership with a fresh key."""
    params = _given(call, "handle", "name", "contact", "statement")
    secret = new_secret(call, "your key")
    if call.flag("self"):
        with local_errors(call.settings.home):
            did = make_own(call, secret).did
    else:
        did = str(call.node.call("key.create", {"secret": secret, "custody": "node"})["did"])
    call.node.open(did, secret)
    params["custody"] = "self" if call.flag("self") else "node"
    told(call, {**call.node.call("member.apply", {"as": did, **params}), "member": did}, "the application's number")
    return OK


def organisation(call: Invocation) -> int:
    """Create an organisation under a DID of its own. Its key signs only that and is forgotten: its signers act."""
    params = _given(call, "handle", "kind", "name", "contact")
    params["need"] = whole_number("need", call.text("need", "1"), 1)
    params["signers"] = call.many("signers")
    member = call.node.act()
    space = cid_from_text(str(call.node.call("dag.head")["space"]))
    key = SigningKey.from_seed(os.urandom(32))
    params |= {"did": key.did, "proof": key.sign(key_binding_bytes(space, key.did)).hex()}
    answer = call.node.call("organisation.create", {"as": member, **params})
    told(call, {**answer, "organisation": key.did}, "the party's number")
    return OK
