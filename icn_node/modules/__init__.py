"""The cooperative domains, one file each. This tuple is the list: a new domain is one file, one test file, one line."""

from icn_node.kernel.module import Module
from icn_node.modules import governance, space

MODULES: tuple[Module, ...] = (space.MODULE, governance.MODULE)
