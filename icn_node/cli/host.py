"""The node as host of the language: what the program `ccl` checks contracts against when the node is installed."""

from __future__ import annotations

from ccl.host import Host
from icn_node.kernel.language import language_of
from icn_node.modules import MODULES


def host() -> Host:
    """The host with all modules that there are: a space may have fewer."""
    return language_of(MODULES).host
