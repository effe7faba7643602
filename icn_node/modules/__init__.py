"""The cooperative domains, one file each. This tuple is the list: a new domain is one file, one test file, one line."""

from icn_node.kernel.module import Module
from icn_node.modules import (
    application,
    approval,
    books,
    conduct,
    credit,
    currency,
    governance,
    group,
    invitation,
    key,
    label,
    ledger,
    member,
    notice,
    organisation,
    privacy,
    role,
    space,
)

MODULES: tuple[Module, ...] = (
    space.MODULE,
    member.MODULE,
    invitation.MODULE,
    application.MODULE,
    key.MODULE,
    conduct.MODULE,
    organisation.MODULE,
    role.MODULE,
    group.MODULE,
    label.MODULE,
    notice.MODULE,
    privacy.MODULE,
    ledger.MODULE,
    approval.MODULE,
    credit.MODULE,
    currency.MODULE,
    books.MODULE,
    governance.MODULE,
)
