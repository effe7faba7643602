"""The node as host of the language: what the program `ccl` checks contracts against when the node is installed."""

from __future__ import annotations

import dataclasses

from ccl.host import Host
from icn_node import documents


def host() -> Host:
    """The host with all modules that there are, of which a space may have fewer, and the contracts that ship with it
    as bases to extend."""
    return dataclasses.replace(documents.host(), bases=documents.known_bases())
