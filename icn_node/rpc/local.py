"""The method table without a daemon: on the home itself, under its lock.

Queries, signing commands and work on whole books do the same as over the socket, because it is the same table; only
waiting for others' commits makes no sense here. It must not be used while a daemon runs: the lock refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import trio

from dag.event import InvalidEvent
from dag.store import StoreError
from icn_node import following
from icn_node.archive import ArchiveError
from icn_node.clock import wall_clock_ms
from icn_node.home import Home
from icn_node.keystore import NoSuchKey, node_key
from icn_node.receipts import Receipt
from icn_node.rpc import jsonrpc
from icn_node.rpc.edge import wrong
from icn_node.rpc.jsonrpc import RpcError
from icn_node.rpc.methods import Methods
from icn_node.rpc.node_methods import NODE_METHODS
from icn_node.rpc.session import Session
from icn_node.space import Space


@contextmanager
def opened(home: Home) -> Iterator[Methods]:
    """The methods of a home that no daemon runs on. Raises HomeMissing, HomeBusy, StoreError."""
    config = home.config()
    home.lock()
    try:
        try:
            key = node_key(home.node_key_path)
        except NoSuchKey:
            key = None  # a restored home may be read before it is recovered
        space = Space.open(home.space_path(config.space), home.guard_path(config.space), key)
        try:
            if not space.stopped and space.validates:
                space.tick(wall_clock_ms())

            async def submit(blocks: Sequence[bytes], blobs: Mapping[bytes, bytes]) -> list[Receipt]:
                return space.submit(blocks, wall_clock_ms(), blobs=blobs)

            vault_key = node_key(home.vault_key_path) if home.vault_key_path.exists() else None
            yield Methods(home, space, submit, vault_key=vault_key, clock=wall_clock_ms)
        finally:
            space.close()
    finally:
        home.unlock()


def call(
    home: Home, calls: Sequence[tuple[str, dict[str, Any]]], progress: Callable[[str, int, int], None] | None = None
) -> list[Any]:
    """Answer calls in order within one session; the results. Raises RpcError of the first that fails."""

    async def run(methods: Methods) -> list[Any]:
        session = Session()
        if progress is not None:
            session.progress = session.told_here = progress
        answers = []
        for name, params in calls:
            method = NODE_METHODS.get(name)
            if name == "subscribe" or (method is not None and method.online):
                raise RpcError(jsonrpc.NOT_FOUND, f"{name} needs the daemon: start it with `icn node run`")
            answers.append(await methods.call(session, name, params))
        return answers

    if not home.exists and [name for name, _ in calls] == ["dag.import"]:
        return [_follow(home, calls[0][1], progress)]
    with opened(home) as methods:
        return trio.run(run, methods)


def _follow(home: Home, params: dict[str, Any], progress: Callable[[str, int, int], None] | None) -> dict[str, Any]:
    """An archive given to an empty home makes it a copy of the space."""
    path = Path(str(params.get("path", ""))).expanduser()
    home.lock()
    try:
        return following.make(home, path, now_ms=wall_clock_ms(), progress=progress)
    except FileNotFoundError:
        raise wrong("path", "a file that is there", str(path)) from None
    except (ArchiveError, InvalidEvent) as error:
        raise RpcError(jsonrpc.INVALID_EVENT, f"{path}: {error}; nothing was imported") from None
    except StoreError as error:
        raise RpcError(jsonrpc.STOPPED, str(error)) from None
    finally:
        home.unlock()
