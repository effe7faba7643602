"""The method table over a town, in this process: what the daemon answers, without a socket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from icn_node.home import Home
from icn_node.keystore import Keystore
from icn_node.receipts import Receipt
from icn_node.rpc.jsonrpc import RpcError
from icn_node.rpc.methods import Methods
from icn_node.rpc.session import Session
from tests.node.town import Town
from tests.world import key_of

OPERATOR = "operator"


class Office:
    """Sessions of members whose keys are open, of strangers, and of the operator, on one node."""

    def __init__(self, template: Path, folder: Path, hosted: Sequence[str] = ("bob",)) -> None:
        self.home = Home(folder / "home")
        self.town = Town.housed(template, self.home)
        for name in hosted:  # sealed cheaply: the header of a sealed key says at what cost
            key = key_of(name)
            store = Keystore(self.home.keystore_path, ops=1, mem=8192)
            store.add(key, key._secret[:32], f"secret of {name}", custody="node", now_ms=self.town.now)
        self.open_methods()

    def open_methods(self) -> None:
        """The method table over the space as it is open now."""
        self.methods = Methods(
            self.home, self.town.space, self._submit, vault_key=key_of("vault"), clock=lambda: self.town.now
        )

    async def _submit(self, blocks: Sequence[bytes], blobs: Mapping[bytes, bytes]) -> list[Receipt]:
        return self.town.space.submit(blocks, self.town.now, blobs=blobs)

    def session(self, name: str) -> Session:
        """A session as it is once somebody's key is open; the operator's has none."""
        if name == OPERATOR:
            return Session()
        return Session(member=key_of(name).did, keys={key_of(name).did: key_of(name)})

    async def call(self, who: str | Session, method: str, /, **params: Any) -> Any:
        """The result. Raises RpcError."""
        session = self.session(who) if isinstance(who, str) else who
        return await self.methods.call(session, method, params)

    async def either(self, who: str | Session, method: str, /, **params: Any) -> Any:
        """The result, or the error that it is instead."""
        try:
            return await self.call(who, method, **params)
        except RpcError as error:
            return error

    async def error(self, who: str | Session, method: str, /, **params: Any) -> RpcError:
        """The error that a call must give."""
        answer = await self.either(who, method, **params)
        assert isinstance(answer, RpcError), f"{method} was answered: {answer!r}"
        return answer
