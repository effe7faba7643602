"""Books in and out: other systems' exports read, planned and imported; statements and ledgers written for other tools.

`importing.run` and `exporting.run` are the two entrances. What they need of an open space is in `session`; what may be
asked for, in `options`. The rules themselves are the space's (`icn_node.modules.books`): nothing here can post what
they refuse.
"""
