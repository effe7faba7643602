"""The cooperative domains, one file each. This tuple is the list: a new domain is one file, one test file, one line."""

from icn_node.kernel.module import Module
from icn_node.modules import approval, credit, currency, governance, ledger, space

MODULES: tuple[Module, ...] = (
    space.MODULE,
    ledger.MODULE,
    approval.MODULE,
    credit.MODULE,
    currency.MODULE,
    governance.MODULE,
)
