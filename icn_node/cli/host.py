"""The node as host of the language: what the program `ccl` checks contracts against when the node is installed.

The declaration is read from `host.json` beside this file, so that checking a contract does not begin with loading the
node. `scripts/docs.py` writes it from the modules; a test compares it with what they declare.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ccl.host_text import read

if TYPE_CHECKING:
    from ccl.host import Host

DECLARATION: Final = Path(__file__).with_name("host.json")


class _Shipped(Mapping[str, str]):
    """The contracts that ship with the node, by name and hash; read when a contract first asks for a base."""

    @cached_property
    def _texts(self) -> Mapping[str, str]:
        from icn_node.documents import known_bases

        return known_bases()

    def __getitem__(self, name: str) -> str:
        return self._texts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


def declaration() -> str:
    """What stands in `host.json`, made anew from the modules."""
    from ccl.host_text import written
    from icn_node.documents import host as declared

    return written(declared())


def host() -> Host:
    """The host with all modules that there are, of which a space may have fewer, and the contracts that ship with it
    as bases to extend."""
    return read(DECLARATION.read_text(encoding="utf-8"), _Shipped())
