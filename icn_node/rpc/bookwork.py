"""`books.import` and `books.export` on the socket: the work of `icn_node.books`, with others served in between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import trio

from dag.keys import SigningKey
from icn_node.books import exporting, importing
from icn_node.books.errors import BadOptions, BooksError, ImportRefused
from icn_node.books.options import ExportOptions, ImportOptions, export_options, import_options
from icn_node.books.report import words
from icn_node.books.session import SpaceSession
from icn_node.rpc import jsonrpc
from icn_node.rpc.jsonrpc import RpcError
from icn_node.rpc.session import Session

if TYPE_CHECKING:
    from icn_node.rpc.methods import Methods


def _params(kind: type[ImportOptions | ExportOptions]) -> dict[str, tuple[str, str]]:
    found = dict.fromkeys(kind.__struct_fields__, ("", f"see {kind.__name__}"))
    return {"as": ("string", "who acts"), **found}


IMPORT_PARAMS = _params(ImportOptions)
EXPORT_PARAMS = _params(ExportOptions)


def _session(methods: Methods, session: Session, key: SigningKey | None) -> SpaceSession:
    return SpaceSession(
        methods.space, key, methods.vault_key, methods.clock, reader=session.member or None, keys=session.keys.values()
    )


def _failed(error: BooksError) -> RpcError:
    if isinstance(error, ImportRefused):
        data = {"code": error.code, "facts": error.facts, "clause": error.clause, "text": str(error)}
        return RpcError(jsonrpc.REFUSED, str(error), data)
    code = jsonrpc.INVALID_PARAMS if isinstance(error, BadOptions) else jsonrpc.INVALID_EVENT
    return RpcError(code, str(error))


async def take(methods: Methods, session: Session, params: dict[str, Any]) -> Any:
    """Import a file of books: transfers, members or opening balances."""
    params = dict(params)
    key = methods.key_for(session, params.pop("as", None))
    try:
        options = import_options(params)
        async with methods.lock_of(key):
            steps = importing.steps(_session(methods, session, key), options, session.told_here)
            report = await importing.serve(steps, methods.submit)
    except BooksError as error:
        raise _failed(error) from None
    return {**report.plain(), "words": words(report)}


async def export(methods: Methods, session: Session, params: dict[str, Any]) -> Any:
    """Write a statement, a ledger or the register of members."""
    params = {k: v for k, v in params.items() if k != "as"}
    try:
        steps = exporting.steps(_session(methods, session, None), export_options(params), session.told_here)
        while True:
            try:
                next(steps)
            except StopIteration as done:
                return done.value.plain()
            await trio.lowlevel.checkpoint()
    except BooksError as error:
        raise _failed(error) from None
