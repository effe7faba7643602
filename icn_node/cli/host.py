"""The node as host of the language: what the program `ccl` checks contracts against when the node is installed.

The declaration is read from `host.json` beside this file, so that checking a contract does not begin with loading the
node. `scripts/docs.py` writes it from the modules, with a checksum of their sources; where these are others by now, the
modules are loaded and asked, which takes longer and gives what holds.
"""

from __future__ import annotations

from binascii import crc32
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ccl.host_text import beginning, read

if TYPE_CHECKING:
    from ccl.host import Host

DECLARATION: Final = Path(__file__).with_name("host.json")
_SAID_IN: Final = tuple(Path(__file__).parents[1] / name for name in ("kernel", "modules"))


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

    return written(declared(), _checksum())


def host() -> Host:
    """The host with all modules that there are, of which a space may have fewer, and the contracts that ship with it
    as bases to extend."""
    text = DECLARATION.read_text(encoding="utf-8")
    return read(text if text.startswith(beginning(_checksum())) else declaration(), _Shipped())


def _checksum() -> str:
    """Of all that modules and the kernel say: any of it may be in the declaration."""
    found = 0
    for folder in _SAID_IN:
        for path in sorted(folder.glob("*.py")):
            found = crc32(path.read_bytes(), found)
    return f"crc32 {found:08x}"
