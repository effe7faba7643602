"""Naming: what accounts and units are called in journals and spreadsheets of other tools.

A journal's account is named by the party's number, which never changes, with its public handle behind it; private names
stand beside it, never in it. Names are made of what beancount and hledger both take: components of letters, digits and
dashes that begin with a capital letter. Every account is seen from its holder, so all of them together sum to zero.

Hours are kept in minutes, of which there is a whole number; their commodity says so (`HOUR-MIN`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from icn_node.books.session import Reader
from icn_node.kernel import registry, units
from icn_node.kernel.ledger import Unit
from icn_node.rpc.edge import text_of

_KINDS: Final[dict[str, str]] = {
    registry.PERSON: "Members", registry.ORGANISATION: "Organisations", registry.JOINT: "Joint",
    registry.LABEL: "Imported",
}  # fmt: skip
_SPACE: Final[dict[str, str]] = {
    "main": "Assets:Space:Treasury", "escrow": "Assets:Space:Escrow", "fees": "Assets:Space:Fees",
    "issuance": "Equity:Space:Issuance", "opening": "Equity:Space:Opening",
}  # fmt: skip
BROUGHT_FORWARD: Final = "Equity:Brought-Forward"
_COMMODITY: Final = re.compile(r"[A-Z][A-Z0-9_-]{0,21}[A-Z0-9]", re.ASCII)


class Names:
    """Names of parties for one reader, each looked up once."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._accounts: dict[tuple[int, str], str] = {}
        self._shown: dict[int, str] = {}

    def account(self, party: int, sub: str) -> str:
        """The journal account of a party; sub: main, issuance, escrow, fees, opening."""
        found = self._accounts.get((party, sub))
        if found is None:
            found = self._accounts[party, sub] = self._account(party, sub)
        return found

    def _account(self, party: int, sub: str) -> str:
        if party == registry.SPACE:
            return _SPACE[sub]
        row = self._reader.tables.get(registry.Party, party)
        assert row is not None, "a party with an account is registered"
        handle = row.handle.replace("_", "-").strip("-")
        return f"Assets:{_KINDS[row.kind]}:P{party}" + (f"-{handle}" if handle else "")

    def shown(self, party: int, sub: str = "main") -> str:
        """What people call a party: its handle, else its private name if this reader may have it, else its number."""
        if party == registry.SPACE:
            return "(the co-op)" if sub == "main" else f"(the co-op: {sub})"
        found = self._shown.get(party)
        if found is None:
            row = self._reader.tables.get(registry.Party, party)
            assert row is not None
            found = row.handle or self.private_name(party) or f"#{party}"
            self._shown[party] = found
        return found

    def private_name(self, party: int) -> str:
        """The party's private name, '' where this reader may not have it."""
        row = self._reader.tables.get(registry.Party, party) if party != registry.SPACE else None
        if row is None or row.name is None:
            return ""
        return self._reader.reveal(row.name)[0] or ""


class Commodities:
    """What the units are called, and how their amounts are written: a plain decimal number, no grouping."""

    def __init__(self, found: Iterable[Unit]) -> None:
        self._names: dict[str, str] = {}
        self._decimals: dict[str, int] = {}
        rows = list(found)
        codes = {unit.code for unit in rows}
        taken: set[str] = set()
        for unit in rows:
            name = unit.code + ("-MIN" if unit.kind == units.HOURS else "")
            # Codes that journals cannot write get an X behind them, and another if that is a code as well.
            while not _COMMODITY.fullmatch(name) or (name != unit.code and name in codes) or name in taken:
                name += "X"
            taken.add(name)
            self._names[unit.code] = name
            self._decimals[unit.code] = 0 if unit.kind == units.HOURS else unit.decimals

    def name(self, unit: str) -> str:
        """The commodity of a unit."""
        return self._names[unit]

    def decimals(self, unit: str) -> int:
        """Its places; minutes have none."""
        return self._decimals[unit]

    def number(self, unit: str, minor: int) -> str:
        """An amount in minor units as a decimal number."""
        return text_of(minor, self._decimals[unit])
