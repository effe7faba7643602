"""`icn key`: the sealed keys in a home. Works on the files, so no node is needed, but for keys that a node hosts."""

from __future__ import annotations

import os
import time

import msgspec

from dag.cid import BadCid, cid_from_text
from dag.keys import BadKey, SigningKey, key_binding_bytes, public_of
from icn_node.cli.display import show
from icn_node.cli.failure import INVALID, LOCKED, OK, USAGE, Failure
from icn_node.cli.invocation import Invocation
from icn_node.cli.reach import local_errors
from icn_node.cli.settings import ask_secret, read_secret
from icn_node.cli.values import read_file, write_file
from icn_node.home import Home
from icn_node.keystore import KeyFile, Keystore, write_private

SECRET_LEAST = 4  # characters; the node's own rule for hosted keys


def new_secret(call: Invocation, whose: str) -> str:
    """The secret that will seal a new key: at hand, or asked for twice. Raises Failure."""
    settings = call.settings
    secret = read_secret(settings.secret_file) if settings.secret_file else os.environ.get("ICN_SECRET")
    if secret is None:
        secret = ask_secret(f"Choose a secret for {whose}", twice=True)
    return checked(secret)


def checked(secret: str) -> str:
    """The secret, if it is long enough to be one."""
    if len(secret) < SECRET_LEAST:
        raise Failure(LOCKED, f"a secret has at least {SECRET_LEAST} characters", code="secret_short")
    return secret


def stores(call: Invocation) -> tuple[Keystore, Keystore]:
    """(one's own keys, those hosted for members) of the home."""
    home = Home(call.settings.home)
    return Keystore(home.keys_path), Keystore(home.keystore_path)


def store_of(call: Invocation, did: str) -> Keystore:
    """The keystore that holds a key. Raises Failure."""
    for store in stores(call):
        if holds(store, did):
            return store
    raise Failure(
        LOCKED, f"{call.settings.home} holds no key {did}", code="no_such_key", advice="see `icn key list`."
    )  # fmt: skip


def holds(store: Keystore, did: str) -> bool:
    """Whether the store holds that key. Raises Failure for what is no DID."""
    try:
        return store.holds(did)
    except BadKey as error:
        raise Failure(USAGE, f"{did} is no DID of a key ({error.reason.replace('_', ' ')})") from None


def unlock(call: Invocation, did: str) -> SigningKey:
    """A key of this home, opened by its secret. Raises Failure."""
    store = store_of(call, did)
    secret = call.settings.secret_at_hand(did)
    with local_errors(call.settings.home):
        return store.unlock(did, ask_secret(f"Secret of {did}") if secret is None else secret)


def make_own(call: Invocation, secret: str) -> SigningKey:
    """A new key in keys/, sealed by a secret."""
    home = Home(call.settings.home)
    for folder in (home.path, home.keys_path):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    seed = os.urandom(32)
    key = SigningKey.from_seed(seed)
    Keystore(home.keys_path).add(key, seed, secret, custody="self", now_ms=time.time_ns() // 1_000_000)
    return key


def create(call: Invocation) -> int:
    """Make a key."""
    secret = new_secret(call, "the new key")
    if call.flag("hosted"):
        answer = call.node.call("key.create", {"secret": secret, "custody": "node"})
    else:
        with local_errors(call.settings.home):
            answer = {"did": make_own(call, secret).did, "custody": "self"}
    where = "the node's keystore/" if call.flag("hosted") else "keys/"
    call.out.answer(answer, [f"Made {answer['did']}, sealed by the secret, in {where}."], answer["did"])
    return OK


def listing(call: Invocation) -> int:
    """The keys of the home; with their members where there is a node."""
    columns = ("key", "member", "custody", "state")
    home = Home(call.settings.home)
    if home.exists:
        found = call.node.call("key.list")
    else:
        own, hosted = stores(call)
        found = [{"key": d, "custody": c, "member": "", "state": ""} for s, c in ((own, "self"), (hosted, "node"))
                 for d in s.dids()]  # fmt: skip
    show(call, found, columns)
    return OK


def export(call: Invocation) -> int:
    """A key's sealed file, to standard output or a file."""
    did = call.text("key")
    store = store_of(call, did)
    with local_errors(call.settings.home):
        store.info(did)  # a damaged file is found here, not where it is imported
        content = store.path(did).read_bytes()
    target = call.text("out")
    if target:
        write_file(target, content, private=True, replace=False)
        said = f"Wrote {target}. Whoever has it and the secret can sign."
        call.out.answer({"key": did, "file": target}, [said], target)
    else:
        call.out.answer(msgspec.json.decode(content), [content.decode().rstrip("\n")], content.decode().rstrip("\n"))
    return OK


def take(call: Invocation) -> int:
    """Put a key's file into this home."""
    content = read_file(call.text("file"))
    try:
        file = msgspec.json.decode(content, type=KeyFile)
        public_of(file.did)
    except (msgspec.DecodeError, BadKey) as error:
        raise Failure(INVALID, f"{call.text('file')} is no key file: {error}", code="key_file") from None
    own, hosted = stores(call)
    if own.holds(file.did) or hosted.holds(file.did):
        raise Failure(INVALID, f"{call.settings.home} holds {file.did} already", code="key_held")
    custody = "node" if call.flag("hosted") else "self"
    home = Home(call.settings.home)
    home.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = (hosted if call.flag("hosted") else own).path(file.did)
    with local_errors(call.settings.home):
        write_private(target, msgspec.json.encode(msgspec.structs.replace(file, custody=custody)) + b"\n")
    call.out.answer({"key": file.did, "custody": custody}, [f"Took {file.did}; its secret is the same."], file.did)
    return OK


def secret(call: Invocation) -> int:
    """Seal a key by another secret."""
    did = call.text("key")
    store = store_of(call, did)
    old = call.settings.secret_at_hand(did)
    if old is None:
        old = ask_secret("The secret until now")
    path = call.text("new_secret_file")
    with local_errors(call.settings.home):
        store.unlock(did, old)  # before the new one is asked for
        new = checked(read_secret(path) if path else ask_secret("The new secret", twice=True))
        store.change_secret(did, old, new, now_ms=time.time_ns() // 1_000_000)
    call.out.answer({"key": did, "changed": True}, ["Done. Copies elsewhere still open with the old secret."])
    return OK


def bind(call: Invocation) -> int:
    """A key's signature that it may stand for a member in a space."""
    member = call.text("member")
    did = call.text("key") or _only_key(call)
    space_text = call.text("space")
    if not space_text:
        if not Home(call.settings.home).exists:
            raise Failure(USAGE, "--space is missing: the CID of the space, as `icn status` shows it on its node")
        space_text = str(call.node.call("dag.head")["space"])
    try:
        space = cid_from_text(space_text)
        message = key_binding_bytes(space, member)
    except (BadCid, BadKey, ValueError) as error:
        raise Failure(USAGE, str(error)) from None
    proof = unlock(call, did).sign(message).hex()
    answer = {"key": did, "member": member, "space": space_text, "proof": proof}
    lines = [f"The proof that {did} may stand for {member}:", "", proof, "",
             f"As that member: icn member key add {did} {proof[:8]}..."]  # fmt: skip
    call.out.answer(answer, lines, proof)
    return OK


def _only_key(call: Invocation) -> str:
    found = stores(call)[0].dids()
    if len(found) == 1:
        return found[0]
    if not found:
        raise Failure(LOCKED, f"there is no key in {call.settings.home}/keys", advice="make one with `icn key create`.")
    raise Failure(USAGE, "say which key with --key: " + ", ".join(found))
