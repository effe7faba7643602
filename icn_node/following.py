"""A copy of a space made from an archive: a home that follows, verifies and answers, and orders nothing itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from dag.cid import cid_text
from icn_node import archive
from icn_node.archive import Importer
from icn_node.home import Home
from icn_node.keystore import node_key
from icn_node.modules.space import CharterQuery
from icn_node.space import Space
from icn_node.verifier import Verifier

_UNNAMED = ".incoming"  # no name that a space can have


def make(
    home: Home, path: Path, *, now_ms: int, progress: Callable[[str, int, int], None] | None = None
) -> dict[str, Any]:
    """Make a home of an archive; its lock must be held. Everything is verified on the way.

    Raises ArchiveError, InvalidEvent, StoreError; then no home was made.
    """
    genesis = archive.genesis_of(path)
    home.make()
    incoming, guard = home.space_path(_UNNAMED), home.guard_path(_UNNAMED)
    _remove(incoming)
    verifier = Verifier()
    try:
        space = Space.follow_new(incoming, guard, genesis)
        try:
            importer = Importer(space, now_ms, verifier.verify_batch)
            total = path.stat().st_size
            done = 0

            def take(block: tuple[bytes, bytes]) -> None:
                nonlocal done
                importer.take(block)
                done += len(block[1]) + 38
                if progress is not None and importer.counts.events % 500 == 0:
                    progress("imported", min(done, total), total)

            archive.read(archive.pieces(path), take)
            counts = importer.finish()
            reader = space.reader(None, now_ms, operator=True)
            name = str(space.ask("space.charter", CharterQuery(), reader)["name"])
            head = space.head()
        finally:
            space.close()
    except BaseException:
        _remove(incoming)
        raise
    finally:
        verifier.close()
    incoming.replace(home.space_path(name))
    _remove(incoming)
    node_key(home.node_key_path, create=True)
    home.write_config(name)
    return {
        "space": cid_text(space.cid), "name": name, "following": True, **msgspec.to_builtins(counts),
        "leaves": head["leaves"], "root": head["root"],
    }  # fmt: skip


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-lock"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
