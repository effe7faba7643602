"""Bylaws that ship with the node, as data: `default.ccl`, and the same as clauses of words, `default.toml`."""
