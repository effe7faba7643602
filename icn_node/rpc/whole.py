"""Methods on whole books: verify, rebuild, export and import an archive, back up. They read a snapshot of their own in
a worker thread, so the daemon goes on serving, and tell their progress as notifications."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import trio

from dag.cid import DAG_CBOR_PREFIX
from dag.codec import CodecError, decode
from icn_node import archive, audit, backup, past, vault
from icn_node.archive import ArchiveError
from icn_node.kernel import registry
from icn_node.kernel.bylaws import Document
from icn_node.rpc import jsonrpc
from icn_node.rpc.edge import iso, wrong
from icn_node.rpc.jsonrpc import RpcError
from icn_node.rpc.session import Session
from icn_node.space import Space
from icn_node.verifier import Verifier

if TYPE_CHECKING:
    from icn_node.rpc.methods import Methods

T = TypeVar("T")
SUBMIT_AT_ONCE = 1_000


async def _beside(methods: Methods, work: Callable[[Space], T]) -> T:
    """Run work on a read-only opening of the space, in a thread, as of one moment."""
    name = methods.home.config().space

    def run() -> T:
        space = Space.open(methods.home.space_path(name), methods.home.guard_path(name), None, read_only=True)
        try:
            with space.store.view():
                space.reload()
                return work(space)
        finally:
            space.close()

    return await trio.to_thread.run_sync(run)


async def verify(methods: Methods, session: Session, params: dict[str, Any]) -> Any:
    """Recheck everything from nothing."""

    def work(space: Space) -> audit.Report:
        verifier = Verifier()
        try:
            return audit.verify(space, verify_batch=verifier.verify_batch, progress=session.progress)
        finally:
            verifier.close()

    report = await _beside(methods, work)
    answer: dict[str, Any] = {"ok": not report.faults, **msgspec.to_builtins(report)}
    answer["sums"] = {unit: str(total) for unit, total in report.sums.items()}
    return answer


async def rebuild(methods: Methods, session: Session, params: dict[str, Any]) -> Any:
    """Make the state's tables anew from the log; in the daemon nothing else runs meanwhile."""
    try:
        leaves = audit.rebuild(methods.space, session.progress if methods.stop is None else None)
    except audit.AuditError as error:
        raise RpcError(jsonrpc.STOPPED, f"nothing was changed: {error}; restore a backup") from None
    return {"leaves": leaves}


async def compare(methods: Methods, session: Session, params: dict[str, Any]) -> Any:
    """What other bylaws would have decided otherwise, of all that was ever judged here."""
    space = methods.space
    reader = space.reader(session.member or None, methods.clock(), operator=not session.member)
    space.judge_read("dag.log", None, reader)
    try:
        document = msgspec.convert(params.get("document"), Document)
    except msgspec.ValidationError:
        raise wrong("document", "a bylaws document") from None
    found = await _beside(methods, lambda beside: past.compare(beside, document, session.progress))
    shown = []
    for one in reversed(found.shown):
        no = registry.party_no(space.tables, one.by)
        by = "the space" if no is None else methods.outtake(session).party(no)[0]
        shown.append({**msgspec.structs.asdict(one), "by": by, "time": iso(one.time_ms)})
    return {"judged": found.judged, "otherwise": found.otherwise, "shown": shown}


def _path(params: dict[str, Any], default: Path | None = None) -> Path:
    value = params.get("path")
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or not value:
        raise wrong("path", "a file's path", value)
    return Path(value).expanduser()


async def export(methods: Methods, session: Session, params: dict[str, Any]) -> Any:
    """Write the space as a CAR archive."""
    path = _path(params)
    with_private = params.get("with_private", False) is True

    def work(space: Space) -> archive.Counts:
        partial = path.with_name(path.name + ".part")
        try:
            with partial.open("wb") as sink:
                counts = archive.export(space, sink, with_private=with_private, progress=session.progress)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        return counts

    try:
        counts = await _beside(methods, work)
    except OSError as error:
        raise RpcError(jsonrpc.INVALID_PARAMS, f"{path} cannot be written: {error.strerror or error}") from None
    return {"path": str(path), **msgspec.to_builtins(counts), "root": methods.space.head()["root"]}


async def take(methods: Methods, session: Session, params: dict[str, Any]) -> Any:
    """Take events from an archive of this space that this node lacks, such as those of a gap after a restore."""
    path = _path(params)
    space = methods.space
    found: list[bytes] = []
    blobs: dict[bytes, bytes] = {}
    seen = 0

    def keep(block: tuple[bytes, bytes]) -> None:
        nonlocal seen
        cid, data = block
        if cid[:4] != DAG_CBOR_PREFIX:
            if not data.startswith(b"icn/"):
                blobs[vault.read_blob(data)["h"]] = data
            return
        fields = decode(data)
        if isinstance(fields, dict) and "ops" in fields:
            if fields.get("space", cid) != space.cid:
                raise ArchiveError("its events are of another space")
            seen += 1
            if not space.store.events.has(cid):
                found.append(data)

    try:
        archive.read(archive.pieces(path), keep)
    except (ArchiveError, vault.BlobInvalid, CodecError) as error:
        raise RpcError(jsonrpc.INVALID_EVENT, f"{path}: {error}; nothing was taken") from None
    except OSError as error:
        raise wrong("path", f"a file that can be read ({error.strerror})", str(path)) from None
    statuses: dict[str, int] = {}
    for start in range(0, len(found), SUBMIT_AT_ONCE):
        for receipt in await methods.submit(found[start : start + SUBMIT_AT_ONCE], blobs):
            statuses[receipt.status] = statuses.get(receipt.status, 0) + 1
    return {"events": seen, "new": len(found), **statuses, "root": space.head()["root"]}


async def back_up(methods: Methods, session: Session, params: dict[str, Any]) -> Any:
    """Write an encrypted backup."""
    home, now = methods.home, methods.clock()
    config = home.config()
    stamp = iso(now // 1000 * 1000).replace(":", "").replace("-", "")
    folder = Path(config.backup.folder)
    folder = folder if folder.is_absolute() else home.path / folder
    path = _path(params, folder / f"{config.space}-{stamp}{backup.SUFFIX}")
    try:
        header = await trio.to_thread.run_sync(lambda: backup.create(home, path, now_ms=now, progress=session.progress))
    except backup.BackupError as error:
        raise RpcError(jsonrpc.STOPPED, str(error)) from None
    except OSError as error:
        raise RpcError(jsonrpc.INVALID_PARAMS, f"{path} cannot be written: {error.strerror or error}") from None
    return {"path": str(path), "bytes": path.stat().st_size, **backup.encoded(header)}
