"""Bylaws documents that ship with the node, as data: `default.toml`."""
